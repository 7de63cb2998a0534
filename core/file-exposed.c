/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Room core: who else can exchange what root makes somewhere. Includes core alone. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/file.h"

static enum xlpt_file_exposed judge(const struct stat *dir)
{
	if (dir->st_uid != 0)
		return XLPT_FILE_OTHERS;
	if (dir->st_mode & S_ISVTX || !(dir->st_mode & (S_IWGRP | S_IWOTH)))
		return XLPT_FILE_NOBODY;
	return dir->st_mode & S_IWOTH ? XLPT_FILE_OTHERS
	       : dir->st_gid	      ? XLPT_FILE_GROUP
				      : XLPT_FILE_NOBODY;
}

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* By ".." from the directory that is held open: no link is on that way, and no name is read again. */
int xlpt_file_exposed(struct xlpt_host *h, const struct xlpt_file *f)
{
	_cleanup_close_ int root = -1, dir = fcntl(f->dir.rootfd, F_DUPFD_CLOEXEC, 3);
	enum xlpt_file_exposed worst = XLPT_FILE_NOBODY;
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
		enum xlpt_file_exposed here = judge(&st);
		int above;

		worst = here > worst ? here : worst;
		if (same(&st, &top))
			return (int)worst;
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
