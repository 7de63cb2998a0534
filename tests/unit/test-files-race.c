/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two processes change the same files at once: boot-time hiding, the pins, the
 * guard. Both may succeed, then both changes are there; or one is refused. What
 * may not be is that both say that they did it and one change is lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pciback/boot/boot.h"
#include "tests/fake/bus.h"
#include "tests/fake/world.h"
#include "tests/unit/lasting.h"
#include "xl-plugin/cli/env.h"
#include "xl-plugin/kept/pins.h"

#define NIC    "0000:02:00.0"
#define NIC2   "0000:05:00.0"
#define REL    "6.1.0-50-amd64"
#define XENDOM "/etc/default/xendomains"
/* Valgrind looks for other things than races, and takes long. */
#define ROUNDS (lasting_in_valgrind() ? 4 : world_stride() > 1 ? 12 : 60)

static struct fake_bus *bus;
static struct xlpt_host *host;
static const char *sysroot; /* for the next commands, or NULL */

static int setup(void **state)
{
	const struct fake_dev nic = {
		.vendor = 0x8086, .device = 0x10d3, .class_code = 0x020000, .driver = "e1000e"
	};

	(void)state;
	sysroot = NULL;
	bus = fake_bus_new();
	host = fake_bus_host(bus);
	fake_bus_driver(bus, "e1000e", "8086:10d3");
	fake_bus_add(bus, NIC, &nic);
	fake_bus_add(bus, NIC2, &nic);
	fake_bus_put(bus, "/proc/sys/kernel/osrelease", REL "\n");
	fake_bus_put(bus, "/proc/cmdline", "root=/dev/sda1 ro\n");
	fake_bus_put(bus, "/proc/1/mountinfo", "20 1 0:19 / /proc rw - proc proc rw\n");
	fake_bus_put(bus, "/lib/modules/" REL "/modules.dep",
		     "kernel/drivers/xen/xen-pciback/xen-pciback.ko:\n");
	fake_bus_put(bus, "/usr/sbin/update-initramfs", "");
	fake_bus_put(bus, "/usr/local/lib/xlpt/guard/xl", "ELF");
	fake_bus_put(bus, "/usr/sbin/xl", "ELF");
	fake_bus_put(bus, "/etc/login.defs", "ENV_SUPATH\tPATH=/usr/local/sbin:/usr/sbin\n");
	fake_bus_put(bus, XENDOM, "XENDOMAINS_SAVE=/var/lib/xen/save");
	for (size_t i = 0; i < 2; i++) {
		int fd = host->ops->open(host, i ? "/usr/sbin/xl" : "/usr/local/lib/xlpt/guard/xl",
					 0, 0);

		assert_true(fd >= 0 && fchmod(fd, 0755) == 0);
		close(fd);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_bus_free(bus);
	return 0;
}

static int run(const char *args)
{
	_cleanup_free_ char *words = xlpt_xasprintf("xlpt %s", args);
	struct xlpt_env env = { .clock = &xlpt_clock_real, .host = host, .sysroot = sysroot };
	char *argv[16] = { 0 }, *save = NULL;
	int argc = 0, status;

	for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	env.out = env.err = fopen("/dev/null", "w");
	status = xlpt_run(argc, argv, &env);
	fclose(env.out);
	return status;
}

/* Both at the same moment, each in its own process; their exit statuses. */
static void both(const char *a, const char *b, int status[2])
{
	const char *const args[] = { a, b };
	pid_t pids[2];
	int gate[2];
	char c;

	assert_int_equal(pipe(gate), 0);
	for (size_t i = 0; i < 2; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i])
			continue;
		close(gate[1]);
		/* The gate opens for both when its other end is closed. */
		_exit(read(gate[0], &c, 1) == 0 ? run(args[i]) : 99);
	}
	close(gate[0]);
	close(gate[1]);
	for (size_t i = 0; i < 2; i++) {
		int w;

		if (waitpid(pids[i], &w, 0) != pids[i])
			fail_msg("waitpid: %s", strerror(errno));
		assert_true(WIFEXITED(w));
		status[i] = WEXITSTATUS(w);
	}
}

static bool says(const char *path, const char *words)
{
	_cleanup_free_ char *text = NULL;

	return xlpt_host_read_text(host, &text, "%s", path) == 0 && strstr(text, words);
}

static void test_boot_write(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		int status[2];

		both("boot write " NIC, "boot write " NIC2, status);
		assert_int_equal(status[0], 0);
		assert_int_equal(status[1], 0);
		if (!says(XLPT_MODPROBE_CONF, NIC) || !says(XLPT_MODPROBE_CONF, NIC2))
			fail_msg("round %d: both said that they did it, and one is lost", i);
		both("boot remove " NIC, "boot remove " NIC2, status);
		assert_int_equal(status[0], 0);
		assert_int_equal(status[1], 0);
		if (xlpt_host_has(host, XLPT_MODPROBE_CONF))
			fail_msg("round %d: both were taken out, and one is there", i);
	}
}

/* An image has no lock files; the same holds for two that change it. */
static void test_image(void **state)
{
	(void)state;
	sysroot = host->root;
	for (int i = 0; i < ROUNDS / 4; i++) {
		int status[2];

		both("boot write " NIC, "boot write " NIC2, status);
		assert_int_equal(status[0], 0);
		assert_int_equal(status[1], 0);
		if (!says(XLPT_MODPROBE_CONF, NIC) || !says(XLPT_MODPROBE_CONF, NIC2))
			fail_msg("round %d: both said that they did it, and one is lost", i);
		assert_int_equal(run("boot remove"), 0);
	}
	assert_false(xlpt_host_has(host, "/run"));
}

static void test_pin(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		int status[2];

		both("pin p " NIC, "pin p " NIC2, status);
		if (status[0] + status[1] != 1)
			fail_msg("round %d: pin p of two devices: exit %d and %d", i, status[0],
				 status[1]);
		assert_true(says(XLPT_PIN_DIR "/p", status[0] ? NIC2 : NIC));
		assert_int_equal(run("pin remove p"), 0);
	}
}

/* The list says that the pin is hidden at boot, and so does the pin, whoever came first. */
static void test_pin_and_boot(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		int status[2];

		assert_int_equal(run("pin p " NIC), 0);
		both("boot write pin:p", "pin --replace p " NIC, status);
		assert_int_equal(status[0], 0);
		assert_int_equal(status[1], 0);
		assert_true(says(XLPT_MODPROBE_CONF, NIC));
		if (!says(XLPT_PIN_DIR "/p", "boot"))
			fail_msg("round %d: the list has the pin's device, and the pin forgot it",
				 i);
		assert_int_equal(run("boot remove"), 0);
		/* Removed or hidden, never both. */
		both("boot write pin:p", "pin remove p", status);
		if (status[0] + status[1] != 1)
			fail_msg("round %d: exit %d and %d", i, status[0], status[1]);
		if (status[0])
			continue;
		assert_int_equal(run("boot remove"), 0);
		assert_int_equal(run("pin remove p"), 0);
	}
}

static void test_guard(void **state)
{
	_cleanup_free_ char *before = NULL;

	(void)state;
	assert_int_equal(xlpt_host_read_text(host, &before, XENDOM), 0);
	for (int i = 0; i < ROUNDS; i++) {
		_cleanup_free_ char *text = NULL, *after = NULL;
		const char *block;
		int status[2];

		both("guard install", "guard install", status);
		assert_int_equal(status[0], 0);
		assert_int_equal(status[1], 0);
		assert_int_equal(xlpt_host_read_text(host, &text, XENDOM), 0);
		block = strstr(text, ">>> xlpt guard");
		assert_non_null(block);
		if (strstr(block + 1, ">>> xlpt guard"))
			fail_msg("round %d: two blocks", i);
		both("guard remove", "guard install", status);
		assert_int_equal(status[0], 0);
		assert_int_equal(status[1], 0);
		/* All of it, or nothing. */
		if (says(XENDOM, ">>> xlpt guard") != xlpt_host_has(host, "/usr/local/sbin/xl"))
			fail_msg("round %d: the guard is there in part", i);
		assert_int_equal(run("guard remove"), 0);
		assert_int_equal(xlpt_host_read_text(host, &after, XENDOM), 0);
		assert_string_equal(after, before);
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		T(test_boot_write), T(test_image), T(test_pin), T(test_guard), T(test_pin_and_boot),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
