/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Room core: writing into what is no regular file: a FIFO, a terminal, an open descriptor. */
#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/stop.h"

bool xlpt_file_goes_into(const struct xlpt_file *f)
{
	return f->fd >= 0 || (f->there && (S_ISFIFO(f->st.st_mode) || S_ISCHR(f->st.st_mode)));
}

/* A FIFO is waited for until somebody reads from it, or a signal comes; -EPIPE: nobody did. */
static int open_to_write(const struct xlpt_file *f)
{
	static const int flags = O_WRONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC;
	int64_t deadline = xlpt_now(&xlpt_clock_real) + XLPT_FILE_READER_MS;
	int fd;

	if (!f->there || !S_ISFIFO(f->st.st_mode))
		return openat(f->dir.rootfd, f->name + 1, flags);
	while ((fd = openat(f->dir.rootfd, f->name + 1, flags | O_NONBLOCK)) < 0) {
		if (errno == ENXIO && xlpt_now(&xlpt_clock_real) >= deadline)
			errno = EPIPE;
		else if (errno == ENXIO && xlpt_interrupted)
			errno = EINTR;
		if (errno != ENXIO)
			return -1;
		xlpt_clock_real.sleep_ms(&xlpt_clock_real, 50);
	}
	/* From here on it may wait: somebody reads. */
	fcntl(fd, F_SETFL, 0);
	return fd;
}

/* st: of what is there. Root's own is meant, whatever led to it. */
static int refuse_strange(const struct xlpt_file *f, const struct stat *st)
{
	int r;

	if (f->fd >= 0 || st->st_uid == 0 || st->st_uid == geteuid())
		return 0;
	r = f->planted ? 1 : xlpt_file_strange(f->dir.rootfd, st->st_uid);
	return r > 0 ? -ENOTUNIQ : r;
}

int xlpt_file_into(const struct xlpt_file *f)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r = f->there ? refuse_strange(f, &f->st) : 0;

	if (r)
		return r;
	fd = f->fd >= 0 ? fcntl(f->fd, F_DUPFD_CLOEXEC, 3) : open_to_write(f);
	if (fd < 0 || fstat(fd, &st))
		return -errno;
	/* Under that name there may be something else by now; and a disk is never meant. */
	if (f->fd < 0 && !S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))
		return -EMEDIUMTYPE;
	r = refuse_strange(f, &st);
	if (r)
		return r;
	r = fd;
	fd = -1;
	return r;
}

/* Who reads may stop reading: never more is written than there is room for, and a signal ends the wait. */
static int write_into(int fd, const char *p, size_t len)
{
	struct pollfd room = { .fd = fd, .events = POLLOUT };

	while (len) {
		size_t piece = len < PIPE_BUF ? len : PIPE_BUF;
		int r = xlpt_stop_poll(&room, 1, -1);

		if (r > 0)
			r = xlpt_file_write_all(fd, p, piece);
		else if (r == 0)
			r = -EINTR;
		if (r < 0)
			return r;
		p += piece;
		len -= piece;
	}
	return 0;
}

int xlpt_file_save(const struct xlpt_file *f, const void *text, size_t len,
		   const struct xlpt_file_how *how)
{
	_cleanup_close_ int fd = -1;

	if (!xlpt_file_goes_into(f)) {
		int r = f->there ? refuse_strange(f, &f->st) : 0;

		return r ? r : xlpt_file_put(f, text, len, how);
	}
	fd = xlpt_file_into(f);
	return fd < 0 ? fd : write_into(fd, text, len);
}
