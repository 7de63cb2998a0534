/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pciback/device/uevent.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FROM_KERNEL 1 /* its multicast group; 2 is udev's */
#define MESSAGE_MAX 8192
#define DRAIN_MAX   1000

int xlpt_uevent_open(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = FROM_KERNEL };
	int r, fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			   NETLINK_KOBJECT_UEVENT);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	r = -errno;
	close(fd);
	return r;
}

bool xlpt_uevent_is_pci(const char *message, size_t len)
{
	static const char word[] = "SUBSYSTEM=pci";

	for (size_t at = 0; at < len;) {
		size_t n = strnlen(message + at, len - at);

		if (n == sizeof(word) - 1 && !memcmp(message + at, word, n))
			return true;
		at += n + 1;
	}
	return false;
}

/* Only the kernel sends to that group, but anybody may send to one process: number 0 is the kernel. */
int xlpt_uevent_drain(int fd)
{
	char buf[MESSAGE_MAX];
	int found = 0;

	for (int i = 0; i < DRAIN_MAX; i++) {
		struct sockaddr_nl from = { .nl_pid = 0 };
		socklen_t len = sizeof(from);
		ssize_t r = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len);

		if (r >= 0)
			found |= from.nl_pid == 0 && xlpt_uevent_is_pci(buf, (size_t)r);
		else if (errno == EAGAIN)
			return found;
		else if (errno == ENOBUFS)
			found = 1; /* dropped, because nobody fetched them */
		else if (errno != EINTR)
			return -errno;
	}
	return 1;
}
