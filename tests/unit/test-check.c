/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xlpt check: what it finds, and that attach and start come to the same. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/fake/broken.h"
#include "tests/unit/pooling.h"

/* Of one line of what check printed. */
static bool has_line(const char *out, const char *begins, const char *says)
{
	for (const char *l = out; l; l = strchr(l, '\n')) {
		const char *end;

		l += *l == '\n';
		end = strchr(l, '\n');
		if (!end)
			break;
		if (!strncmp(l, begins, strlen(begins)) &&
		    memmem(l, (size_t)(end - l), says, strlen(says)))
			return true;
	}
	return false;
}

static void finds(struct world *w, const char *begins, const char *says)
{
	if (!has_line(w->out, begins, says))
		fail_msg("no line \"%s...%s\" in\n%s%s", begins, says, w->out, w->err);
}

static void mends(struct world *w, const char *says)
{
	finds(w, "  to mend: ", says);
}

static void finds_not(struct world *w, const char *begins, const char *says)
{
	if (has_line(w->out, begins, says))
		fail_msg("a line \"%s...%s\" in\n%s%s", begins, says, w->out, w->err);
}

/* check exits so and changes nothing; attach with the same words comes to the same. */
static void both(struct world *w, int want, const char *words)
{
	_cleanup_free_ char *before = pools_snapshot(w), *after = NULL, *checked = NULL,
			    *checked_err = NULL;
	int status = world_run(w, "check %s", words);

	after = pools_snapshot(w);
	assert_string_equal(before, after);
	checked = XLPT_TAKE(w->out);
	checked_err = XLPT_TAKE(w->err);
	if (status != want)
		fail_msg("xlpt check %s: exit %d, want %d\n%s%s", words, status, want, checked,
			 checked_err);
	status = world_run(w, "attach %s", words);
	if (status != want)
		fail_msg("xlpt attach %s: exit %d, check says %d\n%s%s\n%s", words, status, want,
			 w->out, w->err, checked);
	free(w->out);
	free(w->err);
	w->out = XLPT_TAKE(checked);
	w->err = XLPT_TAKE(checked_err);
}

static void test_works(void **state)
{
	struct world *w = *state;

	both(w, 0, "web1 05:00.0");
	finds(w, "ok: endpoint: ", "0000:05:00.0 is an endpoint");
	finds(w, "ok: in use: ", "no guest has 0000:05:00.0, in xenstore and in the hypervisor");
	finds(w, "ok: hidden: ", "pciback has it");
	finds(w, "ok: guest type: ", "web1 is a PV guest");
	finds(w, "xlpt attach would work", "");
	finds_not(w, "fails", "");
	ok(w, "detach web1 05:00.0");
	both(w, 0, "web1 --hide 02:00.0 03:00.0");
	finds(w, "ok: hidden: ", "0000:02:00.0 is taken from its driver e1000e first");
	assert_null(strstr(w->out, "would move"));
}

/* Not the first refusal alone, and the worst first. */
static void test_all_at_once(void **state)
{
	struct world *w = *state;

	both(w, 1, "pvh1 02:00.0 00:01.0 7f:00.0 00:1f.2");
	finds(w, "fails: there: no PCI device 0000:7f:00.0", "");
	finds(w, "fails: guest type: pvh1 is a PVH guest", "");
	finds(w, "fails: hidden: 0000:02:00.0 is not hidden", "its driver is e1000e");
	mends(w, "add --hide, or run xlpt hide 0000:02:00.0 first");
	finds(w, "fails: endpoint: 0000:00:01.0 is a bridge", "");
	finds(w, "fails: host needs: this host needs 0000:00:1f.2", "sda1");
	finds(w, "ok: answers: 0000:02:00.0", "");
	assert_true(strstr(w->out, "\nok: ") > strstr(w->out, "fails: host needs"));
	assert_true(!strncmp(w->out, "fails: ", 7));
	assert_non_null(strstr(w->err, "xlpt attach would fail: "));
	/* Once for all devices. */
	assert_null(strstr(strstr(w->out, "is a PVH guest") + 1, "is a PVH guest"));
	/* Of rule and syntax: the same status. */
	both(w, 3, "web1 --hide 00:1f.2");
	both(w, 3, "web1 --hide 04:00.1");
	finds(w, "fails: isolation set: 0000:04:00.1 cannot go to web1 while dom0 uses", "");
	both(w, 2, "web1 02:00");
	both(w, 2, "web1 02:00.0 --allow-split 03:00.0");
	both(w, 1, "nobody 05:00.0");
	finds(w, "fails: guest: ", "no running guest");
}

static void test_same_words(void **state)
{
	struct world *w = *state;

	fake_ts_find(w->ts, 3, NULL)->e820_host = XLPT_OFF;
	both(w, 1, "web1 05:00.0");
	finds(w, "fails: e820_host: ", "");
	both(w, 0, "web1 05:00.0 --without-e820");
	finds(w, "ok: e820_host: ", "although it was created without e820_host");
	both(w, 1, "web1 05:00.0");
	finds(w, "fails: in use: 0000:05:00.0 is already with web1", "");
	both(w, 1, "db1 05:00.0");
	finds(w, "fails: in use: 0000:05:00.0 is in use by web1", "");
	finds_not(w, "fails: made ready: ", "no PCI backend names it");
	both(w, 0, "win1 04:00.1 --hide --allow-split 04:00.1");
	finds(w, "warning: isolation set: ", "is divided");
	answers(w, 2, "check /etc/xen/a.cfg --without-e820", "is for a guest that runs");
	/* Its devices were forgotten. */
	answers(w, 2, "check web1", "web1 is a guest, and no device is named");
	assert_non_null(strstr(w->err, "xlpt check web1 BDF"));
	assert_int_equal(world_run(w, "check --json web1"), 2);
	assert_non_null(strstr(w->out, "\"hint\": \"xlpt check web1 BDF\""));
	assert_int_equal(world_run(w, "check /etc/xen/nowhere.cfg"), 1);
	finds(w, "fails: configuration: cannot open /etc/xen/nowhere.cfg", "");
}

static void test_json(void **state)
{
	struct world *w = *state;

	assert_int_equal(world_run(w, "check --json web1 02:00.0"), 1);
	assert_non_null(strstr(w->out, "\"works\": false"));
	assert_non_null(strstr(w->out, "\"exit\": 1"));
	assert_non_null(strstr(w->out, "\"state\": \"fails\""));
	assert_non_null(strstr(w->out, "\"code\": \"not-hidden\""));
	assert_null(strstr(w->out, "\"error\""));
	assert_string_equal(w->err, "");
	assert_int_equal(world_run(w, "check --json web1 05:00.0"), 0);
	assert_non_null(strstr(w->out, "\"works\": true"));
}

static void add_nic(struct world *w, const char *bdf, struct fake_dev dev)
{
	dev.vendor = 0x8086;
	dev.device = dev.device ? dev.device : 0x10d3;
	dev.class_code = dev.class_code ? dev.class_code : 0x020000;
	fake_bus_add(w->bus, bdf, &dev);
}

static void test_line(void **state)
{
	struct world *w = *state;

	add_nic(w, "0000:06:00.0", (struct fake_dev){ .driver = "e1000e", .irq = 11 });
	add_nic(w, "0000:07:00.0", (struct fake_dev){ .driver = "e1000e", .irq = 255 });
	assert_int_equal(world_run(w, "check web1 --hide 02:00.0"), 0);
	finds(w, "warning: interrupt line: 0000:02:00.0 shares its interrupt line", "0000:06:00.0");
	finds(w, "warning: save and migrate: web1 would not survive", "");
	/* Both to one guest: nobody else is at it. */
	assert_int_equal(world_run(w, "check win1 --hide 02:00.0 06:00.0"), 0);
	finds(w, "ok: interrupt line: no other device", "0000:02:00.0 (11)");
	both(w, 1, "web1 --hide 07:00.0");
	finds(w, "fails: interrupt line: the interrupt line of 0000:07:00.0 is not connected",
	      "libxl of Xen 4.17");
	both(w, 1, "win1 --hide 07:00.0");
}

static void test_slots(void **state)
{
	struct world *w = *state;

	add_nic(w, "0001:05:00.0", (struct fake_dev){ .driver = "e1000e" });
	ok(w, "attach win1 05:00.0");
	both(w, 1, "win1 --hide 02:00.0@5");
	finds(w, "fails: virtual slot: slot 5 of win1 is taken", "0000:05:00.0 is there");
	mends(w, "name another slot, or none");
	both(w, 1, "win1 --hide 02:00.0@6 03:00.0@6");
	/* The one without a slot would have got this one. */
	both(w, 0, "win1 --hide 02:00.0 03:00.0@6");
	ok(w, "detach win1 02:00.0 03:00.0");
	both(w, 1, "win1 --hide 02:00.0@3");
	finds(w, "fails: virtual slot: slot 3 of win1 has most likely a device of its own", "");
	both(w, 1, "win1 --hide 0001:05:00.0");
	finds(w, "fails: device model's name: the device model of win1 cannot tell 0001:05:00.0",
	      "");
	both(w, 0, "web1 --hide 0001:05:00.0");
	both(w, 0, "win1 --hide 02:00.0@0 03:00.0@7");
	finds(w, "ok: virtual slot: slot 6 of win1 is free for 0000:02:00.0, and it may", "");
	finds(w, "ok: virtual slot: slot 7 of win1 is free for 0000:03:00.0", "");
}

static void test_told(void **state)
{
	struct world *w = *state;

	add_nic(w, "0000:06:00.0",
		(struct fake_dev){ .driver = "e1000e", .net = "eth6", .no_reset = true });
	fake_bus_put(w->bus, "/etc/xlpt/xlpt.conf", "reset = required\n");
	both(w, 3, "web1 --hide 06:00.0");
	finds(w, "fails: reset: ", "reset = required: nothing can reset 0000:06:00.0");
	finds_not(w, "warning: reset", "");
	fake_bus_put(w->bus, "/etc/xlpt/xlpt.conf", "");
	both(w, 0, "web1 --hide 06:00.0,permissive=1,msitranslate=1,power_mgmt=1");
	finds(w, "warning: reset: nothing can reset 0000:06:00.0", "");
	finds(w, "warning: hidden: dom0 loses the network interface eth6", "e1000e drives it");
	finds(w, "warning: options: permissive=1 lets web1", "");
	finds(w, "warning: options: msitranslate=1 does nothing", "");
	finds(w, "warning: options: power_mgmt=1 does nothing", "");
	finds(w, "ok: save and migrate: while web1 has it", "--detach-first");
	finds(w, "ok: hotplug budget: ", "of the 512");
	assert_int_equal(world_run(w, "check web1 05:00.0"), 0);
	finds(w, "ok: reset: 0000:05:00.0 is reset by ", "");
	finds(w, "ok: isolation set: nothing is in the isolation set of 0000:05:00.0", "");
	fake_store_set(w->store, "12 Error setting up PCI Frontend",
		       "/local/domain/3/error/device/pci/0/error");
	assert_int_equal(world_run(w, "check web1 05:00.0"), 0);
	finds(w, "warning: memory for DMA: the PCI frontend of web1 gave up before", "12 Error");
	mends(w, "swiotlb=");
}

/* What attach takes back first counts, and a dry run has to count it, too. */
static void test_budget(void **state)
{
	struct world *w = *state;

	fake_bus_put(w->bus, "/etc/xlpt/xlpt.conf", "hotplug-limit = 2\n");
	ok(w, "attach web1 05:00.0");
	fake_ts_ended(w->ts, 3);
	w->clock.clock.sleep_ms(&w->clock.clock, 1000);
	assert_int_equal(world_run(w, "--dry-run attach db1 05:00.0"), 4);
	both(w, 4, "db1 05:00.0");
	finds(w, "fails: hotplug budget: ", "is used up");
	finds(w, "ok: left behind: would take 0000:05:00.0 back from domain 3", "");
}

/* A guest that runs has what hvmloader left below 4 GiB: 192 MiB, and little of it is used. */
static void test_hole(void **state)
{
	struct world *w = *state;

	add_nic(w, "0000:06:00.0",
		(struct fake_dev){ .resource = "0x0000383000000000 0x000038300fffffff 0x14220c\n"
					       "0x0 0x0 0x0\n" });
	assert_int_equal(world_run(w, "check win1 --hide 06:00.0"), 0);
	finds_not(w, "ok: room", "");
	fake_store_set(w->store, "1048576", "/local/domain/5/memory/static-max");
	fake_store_set(w->store, "16384", "/local/domain/5/memory/videoram");
	assert_int_equal(world_run(w, "check win1 --hide 02:00.0"), 0);
	finds(w,
	      "ok: room for registers: win1 has room below 4 GiB for the registers of 0000:02:00.0",
	      "64 KiB");
	both(w, 0, "win1 --hide 06:00.0");
	finds(w,
	      "warning: room for registers: win1 has no room for 256 MiB of the registers of "
	      "0000:06:00.0: when it was created, hvmloader left 192 MiB",
	      "no room for a region of more than 64 MiB");
	mends(w, "write it into pci= of the configuration of win1, and create it again");
	ok(w, "detach win1 06:00.0");
	/* What it was created with is asked of xenstore. */
	fake_store_set(w->store, "1073741824", "/local/domain/5/platform/mmio_hole_size");
	assert_int_equal(world_run(w, "check win1 06:00.0"), 0);
	finds(w, "ok: room for registers: ", "256 MiB");
	fake_store_set(w->store, NULL, "/local/domain/5/platform/mmio_hole_size");
	/* With so much memory the hole cannot grow, and a 64-bit BAR goes above, when it is created. */
	fake_store_set(w->store, "8388608", "/local/domain/5/memory/static-max");
	assert_int_equal(world_run(w, "check win1 06:00.0"), 0);
	mends(w, "hvmloader then makes room");
	/* A 32-bit one finds no place then, either. */
	add_nic(w, "0000:07:00.0",
		(struct fake_dev){ .resource = "0x00000000d0000000 0x00000000dfffffff 0x40200\n" });
	assert_int_equal(world_run(w, "check win1 --hide 07:00.0"), 0);
	finds(w, "warning: room for registers: win1 has no room for 256 MiB of", "0000:07:00.0");
	mends(w, "write it, and mmio_hole=512, into the configuration of win1");
	assert_int_equal(world_run(w, "check web1 05:00.0"), 0);
	finds_not(w, "ok: room", "");
}

static void test_backend(void **state)
{
	struct world *w = *state;

	ok(w, "attach web1 05:00.0");
	assert_int_equal(world_run(w, "check web1 --hide 02:00.0"), 0);
	finds(w, "ok: PCI backend: the PCI backend of web1 can take another device", "");
	fake_pcifront_pause(w->web1, true);
	fake_store_set(w->store, "7", "/local/domain/0/backend/pci/3/0/state");
	assert_int_equal(world_run(w, "check web1 --hide 02:00.0"), 0);
	finds(w, "warning: PCI backend: web1 is in the middle of a change", "Reconfiguring");
}

/* Another xlpt has a device: it is told, and not waited for. */
static void test_locked(void **state)
{
	struct world *w = *state;
	struct xlpt_host *h = fake_bus_host(w->bus);
	int64_t begin = xlpt_now(&w->clock.clock);
	int fd;

	fake_bus_put(w->bus, "/run/xlpt/lock/device-0000:05:00.0", "");
	fd = openat(h->rootfd, "run/xlpt/lock/device-0000:05:00.0", O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0);
	assert_int_equal(world_run(w, "check web1 05:00.0"), 0);
	finds(w, "warning: another xlpt: another xlpt works on 0000:05:00.0 just now", "");
	assert_int_equal(xlpt_now(&w->clock.clock), begin);
	close(fd);
	assert_int_equal(world_run(w, "check web1 05:00.0"), 0);
	finds_not(w, "warning: another xlpt", "");
}

/* Nobody knows what ending it will leave. */
static void test_interrupted(void **state)
{
	struct world *w = *state;

	broken_journal(w);
	assert_int_equal(world_run(w, "check web1 05:00.0"), 1);
	finds(w,
	      "fails: interrupted: an interrupted attach has to be mended before this can be judged",
	      "add 0000:05:00.0 to web1");
	mends(w, "xlpt repair");
}

/* CFG: as start has it. */
static void cfg(struct world *w, int want, const char *text, const char *begins, const char *says)
{
	const char *path = pools_config(text);
	_cleanup_free_ char *before = pools_snapshot(w), *after = NULL, *out = NULL;
	struct xlpt_guest *g;
	int status = world_run(w, "check %s", path);

	after = pools_snapshot(w);
	assert_string_equal(before, after);
	if (status != want)
		fail_msg("%s: check exits %d\n%s%s", text, status, w->out, w->err);
	if (begins)
		finds(w, begins, says);
	out = XLPT_TAKE(w->out);
	status = world_run(w, "start %s", path);
	if (status != want)
		fail_msg("%s: start exits %d\n%s%s%s", text, status, out, w->out, w->err);
	g = fake_ts_find(w->ts, 0, "app1");
	if (g)
		fake_ts_kill(w->ts, g->domid);
}

static void test_start(void **state)
{
	struct world *w = *state;

	ok(w, "pool define lan pf=01:00.0");
	add_nic(w, "0000:00:02.0",
		(struct fake_dev){ .device = 0x1912, .class_code = 0x030000, .driver = NULL });
	cfg(w, 0, "name='app1'\npci=['05:00.0', 'pool:lan']\n", "ok: passthrough: app1 will be",
	    "");
	finds(w, "", "");
	cfg(w, 0, "name='app1'\n", NULL, NULL);
	cfg(w, 1, "name='web1'\npci=['pool:lan']\n", "fails: guest: a guest called web1 runs", "");
	cfg(w, 1, "name='web1'\ntype='pvh'\npci=['02:00.0']\n", "fails: guest type: web1 is a PVH",
	    "");
	cfg(w, 1, "name='app1'\npassthrough='disabled'\npci=['05:00.0']\n",
	    "fails: passthrough: app1 cannot have devices without passthrough", "");
	cfg(w, 1, "name='app1'\ntype='hvm'\ngfx_passthru=1\npci=['05:00.0']\n",
	    "fails: graphics: gfx_passthru=1 wants Intel's own graphics", "");
	cfg(w, 1, "name='app1'\ntype='hvm'\npci=['00:02.0,seize=1']\n",
	    "fails: graphics: the device model of app1 refuses 0000:00:02.0", "");
	cfg(w, 0, "name='app1'\ntype='hvm'\ngfx_passthru=1\npci=['00:02.0,seize=1']\n",
	    "ok: graphics: app1 gets Intel's own graphics as its first card", "");
	/* xl gives them in the order of the list. */
	cfg(w, 1, "name='app1'\ntype='hvm'\npci=['pool:lan', '05:00.0@5']\n",
	    "fails: virtual slot: slot 5 of app1 is taken", "");
	cfg(w, 0, "name='app1'\ntype='hvm'\npci=['05:00.0@5', 'pool:lan']\n", NULL, NULL);
	cfg(w, 2, "name='app1'\npci=['05:00']\n", NULL, NULL);
	add_nic(w, "0000:0c:00.0",
		(struct fake_dev){ .resource =
					   "0x00000000d0000000 0x00000000dfffffff 0x40200\n"
					   "0x0000383000000000 0x00003831ffffffff 0x14220c\n" });
#define HVM "name='app1'\ntype='hvm'\npci=['0c:00.0,seize=1']\n"
	cfg(w, 0, HVM "memory=2048\n",
	    "ok: room for registers: 8 GiB of the registers of 0000:0c:00.0 "
	    "go above 4 GiB",
	    "below it 256 MiB");
	cfg(w, 0, HVM "memory=512\nmaxmem=512\nvga='none'\n", "ok: room for registers: 8 GiB", "");
	cfg(w, 0, HVM "memory=4096\n",
	    "warning: room for registers: app1 has no room for 256 MiB of the registers of 0000:0c:00.0: "
	    "beside 4088 MiB of memory hvmloader leaves 192 MiB",
	    "");
	assert_int_equal(world_run(w, "check %s", pools_config(HVM "memory=4096\n")), 0);
	mends(w, "write mmio_hole=512 into the configuration");
	cfg(w, 0, HVM "memory=4096\nmmio_hole=512\n", "ok: room for registers: 8 GiB", "");
	cfg(w, 0, HVM "memory=4096\ndevice_model_version='qemu-xen-traditional'\n",
	    "ok: room for registers: 8 GiB", "");
#undef HVM
	cfg(w, 3, "name='app1'\npci=['00:1f.2,seize=1']\n", "fails: host needs: ", "");
	answers(w, 1, "check /no/such/file.cfg", "cannot open");
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_works, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_all_at_once, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_same_words, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_line, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_slots, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_told, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_budget, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_hole, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_backend, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_locked, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_interrupted, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_start, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_json, setup, world_teardown),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
