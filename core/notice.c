/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/notice.h"

#include <errno.h>
#include <limits.h>
#include <sys/inotify.h>
#include <unistd.h>

#define CHANGES                                                                              \
	(IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_CLOSE_WRITE | IN_ONLYDIR | \
	 IN_DONT_FOLLOW)

int xlpt_notice_open(void)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int xlpt_notice_add(int fd, const char *dir)
{
	return inotify_add_watch(fd, dir, CHANGES) < 0 ? -errno : 0;
}

int xlpt_notice_drain(int fd)
{
	char buf[sizeof(struct inotify_event) + NAME_MAX + 1]
		__attribute__((aligned(__alignof__(struct inotify_event))));
	int found = 0;

	for (;;) {
		ssize_t r = read(fd, buf, sizeof(buf));

		if (r > 0)
			found = 1;
		else if (r == 0 || errno == EAGAIN)
			return found;
		else if (errno != EINTR)
			return -errno;
	}
}
