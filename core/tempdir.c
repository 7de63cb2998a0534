/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/tempdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/file.h"

#define RANDOM "XXXXXX" /* mkdtemp(3) */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

/*
 * What cannot be removed does not stop the rest; the second try may remove it. That one needs no more
 * than one descriptor, of which there may be few.
 */
static bool remove_tree(const char *dir)
{
	for (int i = 0; i < 3 && access(dir, F_OK) == 0; i++)
		nftw(dir, remove_one, i ? 1 : 16, FTW_DEPTH | FTW_PHYS);
	return access(dir, F_OK) != 0;
}

void xlpt_tempdir_dispose(struct xlpt_tempdir *t)
{
	if (t->path && !remove_tree(t->path))
		fprintf(stderr, "xlpt: cannot remove %s; do it by hand\n", t->path);
	xlpt_closep(&t->fd);
	free(XLPT_TAKE(t->path));
}

/*
 * What killed processes of this user have left: nobody has it locked. tmp's own lock keeps away
 * from one that is being made and has no lock yet.
 */
static void sweep(const char *tmp, int tmp_fd, const char *prefix)
{
	DIR *d = xlpt_flock_now(tmp_fd, false) ? NULL : opendir(tmp);
	struct dirent *e;
	struct stat st;

	while (d && (e = readdir(d))) {
		_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", tmp, e->d_name);
		_cleanup_close_ int fd = -1;

		if (!xlpt_starts(e->d_name, prefix) ||
		    strlen(e->d_name) != strlen(prefix) + strlen(RANDOM))
			continue;
		fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
		    xlpt_flock_now(fd, false) == 0)
			remove_tree(path);
	}
	if (d)
		closedir(d);
}

/* Whether nobody but root can exchange what root makes below path: su without "-" leaves root the TMPDIR of the user. */
static int is_safe(const char *path)
{
	_cleanup_free_ char *in_it = xlpt_xasprintf("%s/x", path);
	_cleanup_file_ struct xlpt_file f;
	int r = xlpt_file_find(NULL, in_it, 0, &f);

	if (r == 0)
		r = xlpt_file_exposed(NULL, &f);
	return r < 0 ? r : r == XLPT_FILE_NOBODY;
}

static int unsafe(const char *tmp, struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_IO, "cannot make a temporary directory");
	xlpt_diag_fact(diag, "below %s other users could exchange it (TMPDIR)", tmp);
	xlpt_diag_hint(diag, "run it with TMPDIR=/tmp");
	return XLPT_ERR_IO;
}

static int cannot(const char *below, int err, struct xlpt_diag *diag)
{
	xlpt_diag_errno(diag, XLPT_ERR_IO, err, "cannot make a temporary directory");
	xlpt_diag_fact(diag, "below %s", below);
	xlpt_diag_hint(diag, "name another with TMPDIR");
	return XLPT_ERR_IO;
}

int xlpt_tempdir_make(struct xlpt_tempdir *t, const char *prefix, struct xlpt_diag *diag)
{
	const char *given = getenv("TMPDIR"), *named = given && *given ? given : "/tmp";
	/* A link on the way there may be led elsewhere later: it is followed once, here. */
	_cleanup_free_ char *real = realpath(named, NULL);
	const char *tmp = real ? real : named;
	_cleanup_free_ char *template = xlpt_xasprintf("%s/%s" RANDOM, tmp, prefix);
	_cleanup_close_ int tmp_fd = open(tmp, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	/* One that is not there is told by who makes something in it. */
	int safe = real ? is_safe(real) : 1;

	if (safe <= 0)
		return safe ? cannot(tmp, safe, diag) : unsafe(tmp, diag);
	sweep(tmp, tmp_fd, prefix);
	if (!mkdtemp(template))
		return cannot(tmp, errno, diag);
	t->fd = open(template, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	xlpt_flock_now(t->fd, false);
	t->path = XLPT_TAKE(template);
	return 0;
}

int xlpt_tempdir_sub(const struct xlpt_tempdir *t, const char *name, struct xlpt_host *out,
		     struct xlpt_diag *diag)
{
	_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", t->path, name);
	int r = mkdir(path, 0755) ? -errno : xlpt_host_open(out, path);

	*strrchr(path, '/') = '\0';
	return r < 0 ? cannot(path, -r, diag) : 0;
}
