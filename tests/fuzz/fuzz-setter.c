/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libFuzzer: the files of the programs that set the number of VFs. The first byte says which
 * file it is, the rest is its text. The sanitizers watch; and what is found has a file, a
 * program, and a number that can be one.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pciback/sriov/setter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const paths[] = {
	"etc/NetworkManager/system-connections/a.nmconnection",
	"etc/NetworkManager/conf.d/a.conf",
	"etc/sysconfig/network-scripts/ifcfg-a",
	"etc/systemd/network/10-a.link",
	"etc/systemd/network/10-a.network",
	"etc/netplan/a.yaml",
	"etc/udev/rules.d/70-a.rules",
	"etc/network/interfaces",
	"etc/tmpfiles.d/a.conf",
	"etc/modprobe.d/a.conf",
	"run/udev/data/n2",
};

static int root = -1;
static struct xlpt_host host;

static void write_file(const char *path, const void *text, size_t size)
{
	int fd = openat(root, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, text, size) != (ssize_t)size)
		abort();
	close(fd);
}

static void make_tree(void)
{
	static char dir[] = "/tmp/xlpt-fuzz-setter-XXXXXX";

	if (!mkdtemp(dir) || (root = open(dir, O_DIRECTORY | O_CLOEXEC)) < 0 ||
	    xlpt_host_open(&host, dir) < 0)
		abort();
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(paths); i++)
		for (const char *s = paths[i]; (s = strchr(s, '/')); s++) {
			_cleanup_free_ char *folder =
				xlpt_xstrndup(paths[i], (size_t)(s - paths[i]));

			mkdirat(root, folder, 0700);
		}
	mkdirat(root, "run/NetworkManager", 0700);
	mkdirat(root, "sys", 0700);
	mkdirat(root, "sys/class", 0700);
	mkdirat(root, "sys/class/net", 0700);
	mkdirat(root, "sys/class/net/enp1s0", 0700);
	write_file("sys/class/net/enp1s0/ifindex", "2\n", 2);
	write_file("sys/class/net/enp1s0/address", "52:54:00:00:00:10\n", 18);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xlpt_pf pf = { .bdf = { .bus = 1 },
			      .ifname = (char[]){ "enp1s0" },
			      .driver = (char[]){ "igb" } };
	struct xlpt_setters s;
	const char *path;

	if (!size || size > 1 << 16)
		return 0;
	if (root < 0)
		make_tree();
	path = paths[data[0] % XLPT_ARRAY_SIZE(paths)];
	write_file(path, data + 1, size - 1);
	xlpt_setters_read(&host, &pf, &s);
	for (size_t i = 0; i < s.n; i++)
		if (!s.items[i].file || !s.items[i].program || s.items[i].count < -1 ||
		    s.items[i].count > 65536)
			abort();
	xlpt_setters_dispose(&s);
	unlinkat(root, path, 0);
	return 0;
}
