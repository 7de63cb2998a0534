/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests of xlpt boot: a host whose boot it can write for, with what a host may need itself; after cmocka.h. */
#ifndef XLPT_TESTS_UNIT_BOOTING_H
#define XLPT_TESTS_UNIT_BOOTING_H

#include <string.h>

#include "pciback/boot/boot.h"
#include "tests/fake/bus.h"
#include "xl-plugin/cli/env.h"

#define BRIDGE "0000:00:1c.0"
#define SATA   "0000:00:1f.2"
#define NIC    "0000:02:00.0"
#define NIC2   "0000:02:00.1"
#define USB    "0000:00:14.0"
#define VGA    "0000:00:02.0"
#define FREE   "0000:05:00.0"
#define REL    "6.1.0-50-amd64"
#define HOOK   "/etc/initramfs-tools/hooks/xlpt"
#define HEAD \
	"# Written by \"xlpt boot write\". xlpt owns this file whole; change it with xlpt boot.\n"
/* xlpt's file in modprobe.d for these groups, for the card's driver. */
#define DROPIN(groups) HEAD "options xen-pciback hide=" groups "\nsoftdep e1000e pre: xen-pciback"

static char *said; /* both streams of the last run */

static inline int setup(void **state)
{
	struct fake_bus *bus = fake_bus_new();
	struct fake_dev nic = { .vendor = 0x8086,
				.device = 0x10d3,
				.class_code = 0x020000,
				.driver = "e1000e",
				.parent = BRIDGE,
				.net = "eth0" };

	*state = bus;
	fake_bus_driver(bus, "e1000e", "8086:10d3");
	fake_bus_add(bus, BRIDGE, &(struct fake_dev){ .class_code = 0x060400 });
	fake_bus_add(bus, SATA, &(struct fake_dev){ .class_code = 0x010601 });
	fake_bus_add(bus, USB, &(struct fake_dev){ .class_code = 0x0c0330 });
	fake_bus_add(bus, VGA, &(struct fake_dev){ .class_code = 0x030000 });
	fake_bus_add(bus, NIC, &nic);
	nic.net = "eth1";
	fake_bus_add(bus, NIC2, &nic);
	fake_bus_add(bus, FREE,
		     &(struct fake_dev){ .vendor = 0x8086, .device = 0x10d3, .driver = "e1000e" });
	fake_bus_put(bus, "/proc/sys/kernel/osrelease", REL "\n");
	fake_bus_put(bus, "/proc/cmdline", "root=/dev/sda1 ro\n");
	fake_bus_put(bus, "/proc/1/mountinfo", "20 1 0:19 / /proc rw - proc proc rw\n");
	fake_bus_put(bus, "/lib/modules/" REL "/modules.dep",
		     "kernel/drivers/xen/xen-pciback/xen-pciback.ko:\n");
	fake_bus_put(bus, "/usr/sbin/update-initramfs", "");
	fake_bus_put(bus, "/usr/sbin/grub-mkconfig", "/etc/default/grub.d/*.cfg");
	return 0;
}

static inline int teardown(void **state)
{
	free(XLPT_TAKE(said));
	fake_bus_free(*state);
	return 0;
}

/* What the next run finds: a xenstore or NULL, a clock or NULL for the real one. */
static struct xlpt_store *store;
static struct xlpt_clock *timer;

static inline int run(struct fake_bus *bus, const char *args)
{
	_cleanup_free_ char *words = xlpt_xasprintf("xlpt boot %s", args);
	struct xlpt_env env = {
		.clock = timer ? timer : &xlpt_clock_real,
		.host = fake_bus_host(bus),
		.store = store,
	};
	char *argv[32] = { 0 }, *save = NULL;
	int argc = 0, status;
	size_t size;

	for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	free(XLPT_TAKE(said));
	env.out = env.err = open_memstream(&said, &size);
	status = xlpt_run(argc, argv, &env);
	fclose(env.out);
	return status;
}

static inline void assert_run(struct fake_bus *bus, int status, const char *args, const char *words)
{
	int got = run(bus, args);

	if (got != status || (words && !strstr(said, words)))
		fail_msg("xlpt boot %s: exit %d, expected %d and \"%s\":\n%s", args, got, status,
			 words ? words : "", said);
}

static inline void assert_text(struct fake_bus *bus, const char *path, const char *want)
{
	_cleanup_free_ char *text = NULL;

	xlpt_host_read_text(fake_bus_host(bus), &text, "%s", path);
	if (!want) {
		assert_null(text);
		return;
	}
	assert_non_null(text);
	assert_string_equal(text, want);
}

static inline bool there(struct fake_bus *bus, const char *path)
{
	return xlpt_host_has(fake_bus_host(bus), "%s", path);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
