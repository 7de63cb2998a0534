/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Room core: a file that is read, changed and written again, by one xlpt at a time. Includes core alone. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/file.h"
#include "core/stop.h"

static bool still_there(const struct xlpt_file *f, const struct stat *st)
{
	struct stat now;

	return fstatat(f->dir.rootfd, f->name + 1, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	       now.st_dev == st->st_dev && now.st_ino == st->st_ino;
}

int xlpt_file_find_to_edit(struct xlpt_host *h, const char *path, struct xlpt_file *out, int *lock)
{
	int64_t deadline = xlpt_now(&xlpt_clock_real) + XLPT_FILE_EDIT_MS;

	*lock = -1;
	for (;;) {
		_cleanup_close_ int fd = -1;
		struct stat st;
		int r = xlpt_file_find(h, path, XLPT_FILE_FOLLOW, out);

		if (r)
			return r;
		fd = out->fd < 0 ? xlpt_file_open(&out->dir, out->name, O_NOFOLLOW, &st) : -1;
		/* Why it cannot be read is told by who reads it. */
		if (fd < 0)
			return 0;
		r = xlpt_clock_flock(&xlpt_clock_real, fd, deadline, &xlpt_interrupted);
		if (r == -EINTR) {
			xlpt_file_dispose(out);
			return r;
		}
		/* Whoever may read a file can lock it, for ever: that is to keep nobody from his work. */
		if (r || xlpt_now(&xlpt_clock_real) >= deadline)
			return 0;
		if (still_there(out, &st)) {
			*lock = fd;
			fd = -1;
			return 0;
		}
		xlpt_file_dispose(out);
	}
}

bool xlpt_file_is_as_read(const struct xlpt_file *f)
{
	struct stat now;

	return fstatat(f->dir.rootfd, f->name + 1, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	       now.st_dev == f->st.st_dev && now.st_ino == f->st.st_ino &&
	       now.st_size == f->st.st_size && now.st_mtim.tv_sec == f->st.st_mtim.tv_sec &&
	       now.st_mtim.tv_nsec == f->st.st_mtim.tv_nsec;
}
