/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files of a conversion: read whole with a limit, written by temporary and rename. */
#include "xl-plugin/convert/convert.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "converters/libvirt/libvirt.h"
#include "core/acl.h"
#include "core/file.h"
#include "core/stop.h"

int xlpt_convert_unread(const char *path, int r, struct xlpt_diag *diag)
{
	if (r == -EFBIG) {
		xlpt_diag_set(diag, XLPT_ERR_SYNTAX,
			      "larger than %u bytes: this is no guest's "
			      "configuration",
			      XLPT_CONVERT_MAX);
		xlpt_diag_at(diag, path, 1, 1);
		xlpt_diag_hint(diag, "name the configuration itself");
		return XLPT_ERR_SYNTAX;
	}
	/* Waiting for who writes into a pipe, or for a terminal. */
	if (r == -EINTR && xlpt_check_interrupted(diag))
		return XLPT_ERR_STOPPED;
	if (r == -ENOENT)
		return xlpt_diag_errno(diag, XLPT_ERR_NOT_FOUND, r, "cannot open %s", path);
	return xlpt_diag_file(diag, XLPT_ERR_IO, r, "cannot read %s", path);
}

/*
 * A path that was given is meant: a FIFO is waited for, as <(command) of a shell is one, and a
 * descriptor is read on. But the link of another user leads root to nothing that is not that user's.
 */
static int open_given(const char *path)
{
	_cleanup_file_ struct xlpt_file f;
	int fd, r = xlpt_file_find(NULL, path, XLPT_FILE_FOLLOW, &f);

	if (r)
		return r;
	if (f.fd < 0)
		return xlpt_file_open_any(&f);
	fd = fcntl(f.fd, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? -errno : fd;
}

/* In a tree it was a regular file when it was found: what took its place since is not meant. */
static int open_in_tree(const char *path)
{
	_cleanup_file_ struct xlpt_file f;
	int r = xlpt_file_find(NULL, path, 0, &f);

	return r ? r : xlpt_file_open(&f.dir, f.name, O_NOFOLLOW, NULL);
}

int xlpt_convert_load(const char *path, bool in_tree, struct xlpt_str *out, mode_t *mode,
		      struct xlpt_diag *diag)
{
	_cleanup_close_ int own = -1;
	struct stat st;
	int fd = STDIN_FILENO, r;

	if (strcmp(path, "-") != 0) {
		fd = own = in_tree ? open_in_tree(path) : open_given(path);
		if (fd < 0)
			return xlpt_convert_unread(path, fd, diag);
	} else {
		path = "standard input";
	}
	/* A pipe does not tell who may read what comes out of it. */
	if (mode)
		*mode = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? xlpt_acl_mode(fd, &st) & 0777
								   : 0644;
	r = xlpt_file_read_any(fd, XLPT_CONVERT_MAX, out);
	if (r == -EBADF && fd == STDIN_FILENO) {
		r = xlpt_convert_unread(path, r, diag);
		xlpt_diag_hint(diag, "give the text by a pipe or \"<FILE\", or name the file");
		return r;
	}
	return r ? xlpt_convert_unread(path, r, diag) : 0;
}

/* The system tells it only to who sets it. */
static mode_t umask_now(void)
{
	mode_t mask = umask(077);

	umask(mask);
	return mask;
}

int xlpt_convert_save(const char *path, const char *text, size_t len, mode_t mode, bool make_dirs,
		      struct xlpt_diag *diag)
{
	_cleanup_file_ struct xlpt_file f;
	struct xlpt_file_how how = { .mode = mode & ~umask_now(), .lazy = true };
	struct stat as;
	int r = xlpt_file_find(NULL, path, XLPT_FILE_FOLLOW | (make_dirs ? XLPT_FILE_MAKE_DIRS : 0),
			       &f);

	/* An existing file keeps its owner; what may be a secret is as closed as it was, and as the input was. */
	if (r == 0 && f.there) {
		as = f.st;
		as.st_mode &= mode;
		how.as = &as;
	}
	if (r == 0)
		r = xlpt_file_save(&f, text, len, &how);
	if (r == -EINTR && xlpt_check_interrupted(diag))
		return XLPT_ERR_STOPPED;
	return r ? xlpt_diag_file(diag, XLPT_ERR_IO, r, "cannot write %s", path) : 0;
}

int xlpt_convert_pools(struct xlpt_convert_run *run, char **files, struct xlpt_diag *diag)
{
	run->pools = xlpt_xcalloc(xlpt_strv_len(files), sizeof(*run->pools));
	run->how.pools = run->pools;
	for (char **p = files; p && *p; p++) {
		_cleanup_str_ struct xlpt_str text = { 0 };
		int rc = xlpt_convert_load(*p, false, &text, NULL, diag);

		if (rc == 0)
			rc = xlpt_libvirt_network_read(xlpt_str_get(&text), text.len, *p,
						       &run->pools[run->how.n_pools], diag);
		if (rc)
			return rc;
		run->how.n_pools++;
	}
	return 0;
}

void xlpt_convert_run_dispose(struct xlpt_convert_run *run)
{
	for (size_t i = 0; i < run->how.n_pools; i++)
		xlpt_netpool_dispose(&run->pools[i]);
	free(run->pools);
	run->pools = NULL;
	run->how.pools = NULL;
	run->how.n_pools = 0;
}
