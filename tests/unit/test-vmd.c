/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A VMD controller, 0000:00:0e.0, and the PCI domain 10000 that is behind it: shown,
 * in one isolation set with it, not passed, and not taken away while dom0 uses it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/commands.h"

#define VMD  "0000:00:0e.0"
#define PORT "10000:e0:06.0"
#define DISK "10000:e1:00.0"

static int setup(void **state)
{
	struct world *w = world_new();
	struct fake_dev vmd = { .vendor = 0x8086,
				.device = 0x467f,
				.class_code = 0x010400,
				.driver = "vmd" },
			port = { .vendor = 0x8086,
				 .device = 0x464d,
				 .class_code = 0x060400,
				 .carrier = VMD },
			disk = { .vendor = 0x144d,
				 .device = 0xa80a,
				 .class_code = 0x010802,
				 .parent = PORT,
				 .driver = "nvme" };

	fake_bus_driver(w->bus, "vmd", "8086:467f");
	fake_bus_add(w->bus, VMD, &vmd);
	fake_bus_add(w->bus, PORT, &port);
	fake_bus_add(w->bus, DISK, &disk);
	*state = w;
	return 0;
}

static void test_shown(void **state)
{
	struct world *w = *state;

	answers(w, 0, "list -o device,driver", DISK " nvme");
	answers(w, 0, "list -a", PORT);
	answers(w, 0, "show " DISK, "shares requester id " VMD " behind VMD controller " VMD);
	answers(w, 0, "show " VMD, DISK);
	answers(w, 0, "show --xml " DISK, "<domain>65536</domain>");
	answers(w, 0, "topology", DISK);
	answers(w, 0, "topology --dot", DISK);
	answers(w, 0, "list --json", "\"bdf\": \"" DISK "\"");
}

static void test_not_passed(void **state)
{
	struct world *w = *state;

	refused(w, 3, "hide " DISK, "cannot be passed through");
	assert_non_null(strstr(w->err, "behind VMD controller " VMD));
	assert_non_null(strstr(w->err, "turn VMD off"));
	refused(w, 3, "pin disk0 " DISK, "cannot be passed through");
	refused(w, 2, "attach web1 --hide " DISK, "segment 10000 is above ffff");
	refused(w, 2, "boot plan " DISK, "segment 10000 is above ffff");
}

static void test_in_use(void **state)
{
	struct world *w = *state;

	refused(w, 3, "hide " VMD, VMD " carries devices that dom0 uses");
	assert_non_null(strstr(w->err, "behind it: " DISK " (driver nvme)"));
	refused(w, 3, "attach win1 --hide " VMD, VMD " carries devices that dom0 uses");
	/* No consent keeps them alive. */
	refused(w, 3, "attach win1 --hide " VMD " --allow-split " VMD, "carries devices");
}

/* The disk that this host is on: nobody is told to unbind it. */
static void test_needed(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *disk = fake_bus_devpath(w->bus, DISK);
	_cleanup_free_ char *block = xlpt_xasprintf("%s/nvme/nvme0/nvme0n1", disk), *dev = NULL;

	dev = xlpt_xasprintf("%s/dev", block);
	fake_bus_put(w->bus, dev, "259:0\n");
	fake_bus_link(w->bus, "/sys/dev/block/259:0", block);
	fake_bus_link(w->bus, "/sys/class/block/nvme0n1", block);
	fake_bus_put(w->bus, "/proc/1/mountinfo", "22 1 259:0 / / rw - ext4 /dev/nvme0n1 rw\n");
	refused(w, 3, "hide " VMD, VMD " carries devices that dom0 uses");
	if (!strstr(w->err, DISK " (driver nvme; this host needs it: "))
		fail_msg("%s", w->err);
	assert_null(strstr(w->err, "unbind"));
	refused(w, 3, "hide --force-host-device " VMD " " VMD,
		"turn VMD off in the firmware setup");
}

static void test_freed(void **state)
{
	struct world *w = *state;

	/* The line that mends it. */
	assert_int_equal(world_run(w, "hide " VMD), 3);
	assert_non_null(strstr(w->err, "echo " DISK " >/sys/bus/pci/drivers/nvme/unbind"));
	assert_true(xlpt_host_write_text(fake_bus_host(w->bus), DISK,
					 "/sys/bus/pci/drivers/nvme/unbind") >= 0);
	ok(w, "hide " VMD);
	answers(w, 0, "list", VMD);
	assert_null(strstr(w->out, DISK));
	ok(w, "attach win1 " VMD);
}

#define vmd_test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		vmd_test(test_shown),  vmd_test(test_not_passed), vmd_test(test_in_use),
		vmd_test(test_needed), vmd_test(test_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
