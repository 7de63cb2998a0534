/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Room core: who else can exchange what root makes somewhere. Includes core alone. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/acl.h"
#include "core/file.h"

static int writers(int dir, const struct stat *st)
{
	_cleanup_close_ int readable = -1;
	int r = xlpt_acl_writers(dir, st);

	/* Without /proc an access list cannot be read by O_PATH. */
	if (r == -ENOENT) {
		readable = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = readable < 0 ? -errno : xlpt_acl_writers(readable, st);
	}
	return r < 0		      ? r
	       : r == XLPT_ACL_OTHERS ? XLPT_FILE_OTHERS
	       : r == XLPT_ACL_GROUP  ? XLPT_FILE_GROUP
				      : XLPT_FILE_NOBODY;
}

static int judge(int dir, const struct stat *st)
{
	if (st->st_uid != 0)
		return XLPT_FILE_OTHERS;
	return st->st_mode & S_ISVTX ? XLPT_FILE_NOBODY : writers(dir, st);
}

int xlpt_file_folder_writers(const struct xlpt_file *f)
{
	struct stat st;

	if (geteuid() != 0)
		return XLPT_FILE_NOBODY;
	return fstat(f->dir.rootfd, &st) ? -errno : writers(f->dir.rootfd, &st);
}

int xlpt_file_strange(int dir, uid_t maker)
{
	struct stat st;
	int r;

	if (maker == 0 || maker == geteuid())
		return 0;
	if (fstat(dir, &st))
		return -errno;
	if (maker == st.st_uid)
		return 0;
	r = writers(dir, &st);
	return r < 0 ? r : r == XLPT_FILE_OTHERS || (r == XLPT_FILE_GROUP && st.st_mode & S_ISVTX);
}

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* By ".." from the directory that is held open: no link is on that way, and no name is read again. */
int xlpt_file_exposed(struct xlpt_host *h, const struct xlpt_file *f)
{
	_cleanup_close_ int root = -1, dir = fcntl(f->dir.rootfd, F_DUPFD_CLOEXEC, 3);
	int worst = XLPT_FILE_NOBODY;
	struct stat top, st, last;

	if (geteuid() != 0)
		return XLPT_FILE_NOBODY;
	root = h ? h->ops->open(h, "/", O_PATH | O_DIRECTORY, 0)
		 : open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return h ? root : -errno;
	if (dir < 0 || fstat(root, &top) || fstat(dir, &st))
		return -errno;
	for (;;) {
		int above, here = judge(dir, &st);

		if (here < 0)
			return here;
		worst = here > worst ? here : worst;
		if (same(&st, &top))
			return worst;
		above = openat(dir, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (above < 0)
			return -errno;
		close(dir);
		dir = above;
		last = st;
		if (fstat(dir, &st))
			return -errno;
		/* The root of the process: h's was not on the way. */
		if (same(&st, &last))
			return -ESTALE;
	}
}
