/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xlpt boot write and remove: the files that they write and take away, and what verify says of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "tests/fake/store.h"
#include "tests/unit/booting.h"

static void test_write(void **state)
{
	struct fake_bus *bus = *state;

	assert_run(bus, 0, "write " NIC, "update-initramfs -u -k " REL);
	assert_text(bus, XLPT_MODPROBE_CONF, DROPIN("(" NIC ")"));
	assert_text(bus, XLPT_BOOT_STAMP, "");
	assert_run(bus, 0, "write " NIC, "nothing to change");
	assert_run(bus, 0, "write", "nothing to change");
	/* The unit that looks after each boot, as long as nobody enabled it. */
	assert_null(strstr(said, "systemctl"));
	fake_bus_put(bus, "/usr/local/lib/systemd/system/xlpt-boot-verify.service", "");
	assert_run(bus, 0, "plan", "  systemctl enable xlpt-boot-verify.service\n  reboot\n");
	fake_bus_put(bus, "/etc/systemd/system/multi-user.target.wants/xlpt-boot-verify.service",
		     "");
	assert_run(bus, 0, "plan", "  reboot\n");
	assert_null(strstr(said, "systemctl"));
	assert_run(bus, 0, "write 05:00.0 (02:00.0)", "wrote");
	assert_text(bus, XLPT_MODPROBE_CONF, DROPIN("(" NIC ")(" FREE ")"));
	assert_text(bus, XLPT_BACKUP_DIR XLPT_MODPROBE_CONF, DROPIN("(" NIC ")"));
	assert_run(bus, 1, "verify", "waiting for reboot");
	assert_run(bus, 0, "remove " NIC, NULL);
	assert_text(bus, XLPT_MODPROBE_CONF, DROPIN("(" FREE ")"));
	assert_run(bus, 1, "remove " NIC, "is not in xlpt's list");
	assert_run(bus, 0, "remove", "removed " HOOK);
	assert_text(bus, XLPT_MODPROBE_CONF, NULL);
	assert_text(bus, HOOK, NULL);
	assert_run(bus, 0, "remove", "nothing to change");
}

/* Once it is hidden nothing tells what claims it: the line that was written for it stays. */
static void test_hidden_by_now(void **state)
{
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);

	assert_run(bus, 0, "write " NIC, "wrote");
	fake_bus_driver(bus, "pciback", NULL);
	assert_true(h->ops->write(h, "/sys/bus/pci/drivers/e1000e/unbind", NIC, strlen(NIC)) >= 0);
	h->ops->write(h, "/sys/bus/pci/drivers/pciback/new_slot", NIC, strlen(NIC));
	h->ops->write(h, "/sys/bus/pci/drivers/pciback/bind", NIC, strlen(NIC));
	assert_string_equal(fake_bus_driver_of(bus, NIC), "pciback");
	assert_run(bus, 0, "write", "nothing to change");
	assert_text(bus, XLPT_MODPROBE_CONF, DROPIN("(" NIC ")"));
}

/* A list has addresses; a pin's is derived anew, and a card that is another one never comes in. */
static void test_pins(void **state)
{
	struct fake_bus *bus = *state;
	char *argv[] = { (char[]){ "xlpt" }, (char[]){ "pin" }, (char[]){ "nic0" }, (char[]){ NIC },
			 NULL };
	struct fake_dev nic = { .vendor = 0x8086,
				.device = 0x10d3,
				.class_code = 0x020000,
				.driver = "e1000e",
				.parent = BRIDGE };
	struct xlpt_env env = { .clock = &xlpt_clock_real, .host = fake_bus_host(bus) };

	fake_bus_remove(bus, NIC2);
	fake_bus_remove(bus, NIC);
	fake_bus_add(bus, NIC, &nic);
	env.out = env.err = fopen("/dev/null", "w");
	assert_int_equal(xlpt_run(4, argv, &env), 0);
	fclose(env.out);
	assert_run(bus, 1, "write pin:nic1", "no pin is called");
	assert_run(bus, 0, "write pin:nic0", "wrote " XLPT_MODPROBE_CONF);
	assert_text(bus, XLPT_MODPROBE_CONF, DROPIN("(" NIC ")"));
	assert_run(bus, 0, "write pin:nic0", "nothing to change");
	assert_run(bus, 1, "verify pin:nic0", "waiting for reboot");
	/* One bus further. */
	fake_bus_remove(bus, NIC);
	fake_bus_add(bus, "0000:03:00.0", &nic);
	assert_run(bus, 1, "verify", "pin:nic0 is 0000:03:00.0 now, and the list has " NIC);
	assert_run(bus, 0, "plan", "pin:nic0 is 0000:03:00.0 now: it takes the place of " NIC);
	assert_text(bus, XLPT_MODPROBE_CONF, DROPIN("(" NIC ")"));
	assert_run(bus, 0, "write 05:00.0", "wrote /var/lib/xlpt/pins/nic0");
	assert_text(bus, XLPT_MODPROBE_CONF, DROPIN("(0000:03:00.0)(" FREE ")"));
	/* Another card. */
	fake_bus_remove(bus, "0000:03:00.0");
	nic.device = 0x10d4;
	nic.driver = NULL;
	fake_bus_add(bus, "0000:03:00.0", &nic);
	assert_run(bus, 1, "verify", "another device");
	assert_run(bus, 3, "write", "its id is 8086:10d4, and was 8086:10d3");
	assert_run(bus, 3, "write pin:nic0", "another device than the pinned one");
	assert_run(bus, 0, "plan", "its id is 8086:10d4");
	assert_run(bus, 0, "remove pin:nic0", "wrote /var/lib/xlpt/pins/nic0");
	assert_text(bus, XLPT_MODPROBE_CONF, DROPIN("(" FREE ")"));
	assert_run(bus, 0, "write", "nothing to change");
	assert_run(bus, 0, "remove", "removed");
}

/* What is effective already is kept, whoever wrote it; a malformed one stops everything. */
static void test_merge(void **state)
{
	struct fake_bus *bus = *state;

	fake_bus_put(bus, "/etc/modprobe.d/a.conf", "options xen_pciback hide=(77:0.0)\n");
	fake_bus_put(bus, "/usr/lib/modprobe.d/b.conf",
		     "options xen-pciback permissive=1 hide=(5:0.0)\n");
	/* The file of the same name in /etc stands for the one in /usr/lib. */
	fake_bus_put(bus, "/usr/lib/modprobe.d/a.conf", "options xen-pciback hide=(6:0.0)\n");
	assert_run(bus, 0, "write " NIC, "/usr/lib/modprobe.d/b.conf:1 is taken over");
	assert_text(bus, XLPT_MODPROBE_CONF, DROPIN("(" FREE ")(" NIC ")"));
	/* A file that sorts after ours would undo it. */
	fake_bus_put(bus, "/etc/modprobe.d/zz.conf", "#\noptions xen-pciback hide=(6:0.0)\n");
	assert_run(bus, 1, "write " NIC, "/etc/modprobe.d/zz.conf:2 sets hide=(6:0.0)");
	fake_bus_put(bus, "/etc/modprobe.d/zz.conf", "\n\noptions xen-pciback hide=(6:0.0)(6.0)\n");
	assert_run(bus, 2, "write " NIC, "/etc/modprobe.d/zz.conf:3:");
	assert_true(strstr(said, "group 2, column 10") != NULL);
	assert_text(bus, XLPT_MODPROBE_CONF, DROPIN("(" FREE ")(" NIC ")"));
}

/* A newer kernel is installed: the next boot starts that one, with its own initramfs. */
static void test_newer_kernel(void **state)
{
#define NEW "6.1.0-51-amd64"
	struct fake_bus *bus = *state;

	fake_bus_put(bus, "/lib/modules/6.1.0-9-amd64/modules.dep", "xen-pciback.ko:\n");
	assert_run(bus, 0, "plan 02:00.0", "  update-initramfs -u -k " REL "\n  reboot\n");
	fake_bus_put(bus, "/lib/modules/" NEW "/modules.dep", "xen-pciback.ko:\n");
	assert_run(bus, 0, "plan 02:00.0",
		   "  update-initramfs -u -k " REL "\n  update-initramfs -u -k " NEW
		   "\n  reboot\n");
	assert_run(bus, 0, "plan --kernel " REL " 02:00.0", "-k " REL "\n  reboot\n");
	fake_bus_put(bus, "/lib/modules/" NEW "/modules.dep", "x.ko:\n");
	assert_run(bus, 0, "plan 02:00.0",
		   "kernel " NEW
		   " is installed and newer than the one that runs, and has no pciback");
	fake_bus_put(bus, "/lib/modules/" NEW "/modules.builtin", "xen-pciback.ko\n");
	assert_run(bus, 0, "plan 02:00.0", "its pciback is another one (built in); once it runs");
	fake_bus_put(bus, "/usr/bin/dracut", "");
	fake_bus_put(bus, "/lib/modules/" NEW "/modules.builtin", "");
	fake_bus_put(bus, "/lib/modules/" NEW "/modules.dep", "xen-pciback.ko:\n");
	assert_run(bus, 0, "plan 02:00.0", "  dracut --force --kver " NEW "\n  reboot\n");
}

/* What is no newer kernel: an older one, one without its list of modules, another than the one of an image. */
static void test_no_newer_kernel(void **state)
{
	static const char only[] = "Then run\n  update-initramfs -u -k " REL "\n  reboot\n";
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);

	fake_bus_put(bus, "/lib/modules/6.1.0-49-amd64/modules.dep", "xen-pciback.ko:\n");
	fake_bus_put(bus, "/lib/modules/6.1.0-60-amd64/modules.order", "xen-pciback.ko:\n");
	assert_run(bus, 0, "plan 02:00.0", only);
	/* A kernel that is called Xen's is dom0's, whatever its version. */
	fake_bus_put(bus, "/lib/modules/5.0-xen/modules.dep", "xen-pciback.ko:\n");
	assert_run(bus, 0, "plan 02:00.0",
		   "  update-initramfs -u -k " REL
		   "\n  update-initramfs -u -k 5.0-xen\n  reboot\n");
	fake_bus_put(bus, "/proc/sys/kernel/osrelease", "5.0-xen\n");
	assert_run(bus, 0, "plan 02:00.0",
		   "Then run\n  update-initramfs -u -k 5.0-xen\n  reboot\n");
	/* In an image no kernel runs: the newest one is looked at. */
	assert_int_equal(h->ops->unlink(h, "/proc/sys/kernel/osrelease"), 0);
	assert_int_equal(h->ops->unlink(h, "/lib/modules/5.0-xen/modules.dep"), 0);
	assert_run(bus, 0, "plan 02:00.0", only);
	assert_non_null(strstr(said, "kernel       " REL "\n"));
	/* Nothing is to be hidden, or all of it no more: a kernel without pciback is no trouble. */
	fake_bus_put(bus, "/proc/sys/kernel/osrelease", REL "\n");
	fake_bus_put(bus, "/lib/modules/6.1.0-60-amd64/modules.dep", "x.ko:\n");
	assert_run(bus, 0, "plan", NULL);
	assert_null(strstr(said, "6.1.0-60"));
	assert_run(bus, 0, "write 02:00.0", "kernel 6.1.0-60-amd64 is installed and newer");
	assert_run(bus, 0, "remove", NULL);
	assert_null(strstr(said, "has no pciback"));
}

/* What a kill left of a hook is run by initramfs-tools, and goes with the next write or remove. */
static void test_left_behind(void **state)
{
	static const char *const left[] = { "/etc/initramfs-tools/hooks/xlpt.4194305.tmp",
					    "/etc/initramfs-tools/hooks/.xlpt-0123456789abcdef~",
					    "/etc/modprobe.d/xlpt.conf.4194305.tmp",
					    XLPT_BACKUP_DIR
					    "/etc/modprobe.d/xlpt.conf.4194305.tmp" };
	static const char *const lines[] = { "write " NIC, "write " NIC, "remove", "remove" };
	static const char other[] = "/etc/initramfs-tools/hooks/other.4194305.tmp";
	struct fake_bus *bus = *state;

	fake_bus_put(bus, other, "x");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(lines); i++) {
		for (size_t k = 0; k < XLPT_ARRAY_SIZE(left); k++)
			fake_bus_put(bus, left[k], "#!/bin/sh\nforce_load xen-pciback\n");
		assert_run(bus, 0, lines[i], NULL);
		for (size_t k = 0; k < XLPT_ARRAY_SIZE(left); k++)
			if (there(bus, left[k]))
				fail_msg("boot %s leaves %s", lines[i], left[k]);
	}
	assert_true(there(bus, other));
}

static int no_rename(struct xlpt_host *h, const char *from, const char *to)
{
	return strstr(h->root, "hooks") ? -EROFS : xlpt_host_real_ops.rename(h, from, to);
}

/* The second file cannot be written: the first one is as it was. */
static void test_undo(void **state)
{
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);
	struct xlpt_host_ops ops = *h->ops, *old = (struct xlpt_host_ops *)(uintptr_t)h->ops;
	struct fake_clock clock;
	int fd;

	assert_run(bus, 0, "write --driver igb " FREE, NULL);
	assert_run(bus, 0, "remove", NULL);
	fake_bus_put(bus, XLPT_MODPROBE_CONF, "options xen-pciback hide=(" FREE ")\n");
	ops.rename = no_rename;
	h->ops = &ops;
	assert_run(bus, 1, "write " NIC, "Read-only file system");
	h->ops = old;
	assert_text(bus, XLPT_MODPROBE_CONF, "options xen-pciback hide=(" FREE ")");
	/* Nor while another one is at it: it is waited for. */
	fake_clock_init(&clock);
	timer = &clock.clock;
	fd = h->ops->open(h, "/run/xlpt/lock/boot", O_RDWR | O_CREAT, 0600);
	assert_true(fd >= 0 && flock(fd, LOCK_EX) == 0);
	assert_run(bus, 1, "write " NIC, "another xlpt works on boot-time hiding");
	assert_true(clock.now > 60000);
	close(fd);
	timer = NULL;
	fake_clock_dispose(&clock);
	assert_run(bus, 0, "write " NIC, NULL);
}

/* Both streams into one file, as in the journal of a unit: the devices come before the verdict. */
static void test_order(void **state)
{
	struct fake_bus *bus = *state;
	char *argv[] = { (char[]){ "xlpt" }, (char[]){ "boot" }, (char[]){ "verify" }, NULL };
	struct xlpt_env env = { .clock = &xlpt_clock_real, .host = fake_bus_host(bus) };
	char text[4096] = "", *table, *verdict;
	FILE *file = tmpfile();

	assert_non_null(file);
	env.out = fdopen(dup(fileno(file)), "w");
	env.err = fdopen(dup(fileno(file)), "w");
	setvbuf(env.err, NULL, _IONBF, 0);
	assert_run(bus, 0, "write " NIC, NULL);
	assert_int_equal(xlpt_run(3, argv, &env), 1);
	fclose(env.out);
	fclose(env.err);
	rewind(file);
	assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
	fclose(file);
	table = strstr(text, NIC " waiting for reboot");
	verdict = strstr(text, "xlpt: not hidden: 1 of 1\n");
	assert_true(table && verdict && table < verdict);
}

/* One line is printed, and that there are others when it does not mend all. */
static void test_more_lines(void **state)
{
	struct fake_bus *bus = *state;

	fake_bus_put(bus, "/proc/cmdline", "xen-pciback.hide=(" NIC ")(0000:3e:00.0)\n");
	assert_run(bus, 1, "verify", "not hidden: 2 of 2\n  to mend: " NIC ": ");
	assert_non_null(strstr(said, "; 1 more: xlpt boot verify --json says what mends each\n"));
	fake_bus_put(bus, "/proc/cmdline", "xen-pciback.hide=(" NIC ")\n");
	assert_run(bus, 1, "verify", "not hidden: 1 of 1");
	assert_null(strstr(said, " more: "));
}

/* A boot without Xen says so, and nothing of drivers and initramfs images. */
static void test_no_xen(void **state)
{
	struct fake_bus *bus = *state;

	fake_bus_put(bus, "/sys/hypervisor/uevent", "");
	assert_run(bus, 0, "verify", "nothing is to be hidden at boot; this boot is without Xen");
	assert_run(bus, 0, "write " NIC, NULL);
	assert_run(bus, 1, "verify", "xlpt: this boot is without Xen: not hidden: 1 of 1");
	assert_null(strstr(said, "update-initramfs"));
	assert_run(bus, 1, "verify --json", "\"xen\": false");
	fake_bus_put(bus, "/sys/hypervisor/type", "xen\n");
	assert_run(bus, 1, "verify", "waiting for reboot");
	assert_run(bus, 1, "verify --json", "\"xen\": true");
}

/* On pciback, and the list has it, but somebody hid it after its driver had had it. */
static void test_by_hand(void **state)
{
	struct fake_bus *bus = *state;
	struct fake_store *f;
	struct fake_clock clock;
	struct xlpt_host *h = fake_bus_host(bus);

	fake_clock_init(&clock);
	f = fake_store_new(&clock);
	fake_bus_driver(bus, "pciback", NULL);
	fake_bus_put(bus, XLPT_MODPROBE_CONF, "options xen-pciback hide=(" NIC ")\n");
	fake_bus_put(bus, "/sys/module/xen_pciback/parameters/hide", "(" NIC ")\n");
	xlpt_host_write_text(h, NIC, "/sys/bus/pci/drivers/e1000e/unbind");
	xlpt_host_write_text(h, NIC, "/sys/bus/pci/drivers/pciback/new_slot");
	assert_int_equal(xlpt_host_write_text(h, NIC, "/sys/bus/pci/drivers/pciback/bind"), 0);
	store = fake_store_get(f);
	assert_run(bus, 0, "verify", "hidden");
	fake_store_set(f, "/sys/bus/pci/drivers/e1000e", "/libxl/pci/0000-02-00-0/driver_path");
	assert_run(bus, 1, "verify", "lost to driver e1000e");
	assert_true(strstr(said, "hidden by hand") != NULL);
	store = NULL;
	fake_store_free(f);
	fake_clock_dispose(&clock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_write),	      T(test_hidden_by_now),   T(test_pins),	    T(test_merge),
		T(test_newer_kernel), T(test_no_newer_kernel), T(test_left_behind), T(test_undo),
		T(test_order),	      T(test_more_lines),      T(test_no_xen),	    T(test_by_hand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
