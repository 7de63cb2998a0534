/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Save, restore and migrate as they should be, and what they refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include <stdio.h>
#include <sys/stat.h>

#include "tests/unit/leaving.h"

static void test_refused(void **state)
{
	struct world *w = *state;

	ok(w, "attach web1 05:00.0");
	refusedf(w, 3, "save web1 DIR/a", "0000:05:00.0");
	refusedf(w, 3, "migrate web1 elsewhere", "0000:05:00.0");
	assert_non_null(strstr(w->err, "xlpt migrate --detach-first web1"));
	refusedf(w, 2, "save web1 DIR/", "cannot be the name");
	refusedf(w, 1, "save web1 DIR/no/such", "cannot use the directory");
	refusedf(w, 1, "save nobody DIR/a", "no running guest");
	refusedf(w, 1, "restore DIR/a", "cannot open");
	refusedf(w, 2, "migrate --map 05:00.0=06:00.0 web1 elsewhere", "--detach-first");
	refusedf(w, 2, "migrate --detach-first --map 05:00.0 web1 elsewhere", "FROM=TO");
	refusedf(w, 2, "migrate --detach-first --map 05:00.0=x web1 elsewhere", "--map");
	refusedf(w, 2, "migrate --detach-first --map 05:00.0=pool: web1 elsewhere",
		 "--map 05:00.0=pool:");
	refusedf(w, 2, "restore --map 05:00.0=pool:lan,colour=red DIR/a", "--map 05:00.0=pool:lan");
	refusedf(w, 2, "migrate --detach-first --map 03:00.0=05:00.0 web1 elsewhere",
		 "does not hold");
	refusedf(w, 2, "migrate --detach-first web1 -oProxyCommand=x", "does not know the option");
	refusedf(w, 2, "migrate --detach-first web1 $(id)", "cannot be given to another host");
	refusedf(w, 1, "migrate --detach-first --map 05:00.0=02:00.0 web1 elsewhere",
		 "not show it as hidden");
	refusedf(w, 1, "migrate --detach-first --map 05:00.0=0a:00.0 web1 elsewhere",
		 "not show it there");
	assert_true(has(w, running(w, "web1"), "05:00.0"));
}

/* All of its devices, or none: two of three would be detached and given back for nothing. */
static void test_budget(void **state)
{
	struct world *w = *state;

	ok(w, "attach --hide win1 02:00.0 03:00.0 05:00.0");
	fake_bus_put(w->bus, "/etc/xlpt/xlpt.conf", "hotplug-limit = 5\n");
	refusedf(w, 4, "save --detach-first win1 DIR/a", "has 2 left, not 3");
	assert_non_null(strstr(w->err, "3 of 5 attaches and detaches in 1 h were used; nothing was "
				       "touched"));
	assert_non_null(strstr(w->err, "to mend: xlpt budget shows"));
	assert_null(strstr(w->err, "--wait"));
	refusedf(w, 4, "save --detach-first --dry-run win1 DIR/a", "has 2 left, not 3");
	fake_bus_put(w->bus, "/etc/xlpt/xlpt.conf", "hotplug-limit = 2\n");
	refusedf(w, 4, "migrate --detach-first win1 elsewhere", "than the hotplug budget");
	assert_non_null(strstr(w->err, "to mend: xlpt detach win1 DEVICE... before"));
	assert_true(has(w, running(w, "win1"), "02:00.0"));
	assert_true(has(w, running(w, "win1"), "05:00.0"));
	fake_bus_put(w->bus, "/etc/xlpt/xlpt.conf", "hotplug-limit = 6\n");
	okf(w, "save --detach-first win1 DIR/a");
}

/* irq 11: a PV guest's kernel keeps it, and would not survive its resume. */
static void test_interrupt_line(void **state)
{
	struct world *w = *state;

	ok(w, "attach --hide web1 02:00.0");
	refusedf(w, 3, "save --detach-first web1 DIR/a", "interrupt line (irq 11)");
	refusedf(w, 3, "migrate --detach-first web1 elsewhere", "restore_pirqs");
	okf(w, "save --detach-first --force web1 DIR/a");
	ok(w, "hide 03:00.0");
	ok(w, "attach win1 03:00.0");
	okf(w, "save --detach-first win1 DIR/b");
}

static void test_save_restore(void **state)
{
	struct world *w = *state;
	uint32_t domid;

	ok(w, "attach web1 05:00.0,power_mgmt=1");
	ok(w, "attach --hide web1 03:00.0");
	okf(w, "save --detach-first web1 DIR/a");
	assert_int_equal(running(w, "web1"), 0);
	assert_true(there("a") && there("a.xlpt") && !unfinished());
	no_journal(w);
	okf(w, "restore DIR/a");
	domid = running(w, "web1");
	assert_true(domid && has(w, domid, "05:00.0") && has(w, domid, "03:00.0"));
	assert_non_null(strstr(w->out, "0000:05:00.0"));
	refusedf(w, 1, "restore DIR/a", "is there already");
	assert_true(configured(w, domid, "0000:05:00.0,power_mgmt=1"));
	no_journal(w);
}

/* Between its guests the VF has what it had before; what was asked for goes with the guest. */
static void test_identity(void **state)
{
#define VF_WAS "enp1s0 vf 0 mac 00:00:00:00:00:00 vlan 0:0:8100 spoofchk 1"
#define VF_HAS "enp1s0 vf 0 mac 52:54:00:6d:90:02 vlan 42:3:8100 spoofchk 1"
	struct world *w = *state;

	ok(w, "attach --hide web1 01:10.0,mac=52:54:00:6d:90:02,vlan=42:3");
	assert_true(pf_has(w, VF_HAS));
	okf(w, "save --detach-first web1 DIR/a");
	assert_true(pf_has(w, VF_WAS));
	okf(w, "restore DIR/a");
	assert_true(has(w, running(w, "web1"), "01:10.0"));
	assert_true(pf_has(w, VF_HAS));
	/* Set anew meanwhile: what it has is what goes along. */
	ok(w, "hide 05:00.0");
	refusedf(w, 1, "migrate --detach-first --map 01:10.0=05:00.0 web1 elsewhere",
		 "it is no virtual function");
	ok(w, "detach web1 01:10.0");
	assert_true(pf_has(w, VF_WAS));
	ok(w, "attach web1 01:10.0,vlan=7");
	ok(w, "migrate --detach-first web1 elsewhere");
	assert_true(has(w, running(w, "web1"), "01:10.0"));
	assert_true(pf_has(w, "mac 00:00:00:00:00:00 vlan 7:0:8100"));
	no_journal(w);
	ok(w, "detach web1 01:10.0");
	assert_true(pf_has(w, VF_WAS));
}

static void test_restore_map(void **state)
{
	struct world *w = *state;
	uint32_t domid;

	ok(w, "hide 03:00.0 02:00.0");
	ok(w, "attach web1 05:00.0,power_mgmt=1");
	ok(w, "attach web1 03:00.0");
	okf(w, "save --detach-first web1 DIR/a");
	refusedf(w, 2, "restore --map 04:00.0=02:00.0 DIR/a", "which web1 does not hold");
	refusedf(w, 3, "restore --map 05:00.0=pool:lan DIR/a", "no pool is called \"lan\"");
	refusedf(w, 2, "restore --map 05:00.0=pin:nic DIR/a",
		 "neither the address of one function");
	refusedf(w, 2, "restore --map 05:00.0=04:00.* DIR/a",
		 "neither the address of one function");
	refusedf(w, 2, "restore --map 05:00.0=03:00.0 DIR/a", "place of two devices");
	refusedf(w, 2, "restore --map 03:00.0=05:00.0 DIR/a", "place of two devices");
	refusedf(w, 2, "restore --map 05:00.0=02:00.0 --without-devices DIR/a", "of no use");
	refusedf(w, 3, "restore --map 05:00.0=04:00.0 DIR/a", "0000:04:00.0 is dom0's");
	/* Alone an address takes the options along, with others it has those. */
	okf(w, "restore --map 05:00.0=02:00.0 --map 03:00.0=05:00.0,power_mgmt=0 DIR/a");
	domid = running(w, "web1");
	assert_true(has(w, domid, "02:00.0") && has(w, domid, "05:00.0") &&
		    !has(w, domid, "03:00.0"));
	assert_true(configured(w, domid, "0000:02:00.0,power_mgmt=1"));
	assert_true(configured(w, domid, "0000:05:00.0,power_mgmt=0"));
	no_journal(w);
}

static void test_without_devices(void **state)
{
	struct world *w = *state;

	okf(w, "save web1 DIR/plain");
	assert_false(there("plain.xlpt"));
	okf(w, "restore DIR/plain");
	ok(w, "attach web1 05:00.0");
	okf(w, "save --detach-first web1 DIR/a");
	ok(w, "attach db1 05:00.0");
	refusedf(w, 3, "restore DIR/a", "0000:05:00.0 is with db1 (domain 4)");
	okf(w, "restore --without-devices DIR/a");
	assert_true(running(w, "web1"));
	assert_true(has(w, 4, "05:00.0"));
}

static void put(const char *name, const char *text)
{
	_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", dir, name);
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static char *get(const char *name)
{
	_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", dir, name);
	char *text = xlpt_xcalloc(1, 4096);
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	assert_true(fread(text, 1, 4095, f) > 0);
	fclose(f);
	return text;
}

/* Files of others beside the image stay, and links are followed only where that is safe. */
static void test_files_of_others(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *part = NULL, *record = NULL, *link = xlpt_xasprintf("%s/link", dir),
			    *his = xlpt_xasprintf("%s/his", dir), *own = with_dir("DIR/a.xlpt"),
			    *kept = with_dir("DIR/kept");
	struct stat st;

	put("a.part", "mine");
	put("a.xlpt", "notes of mine");
	ok(w, "attach web1 05:00.0");
	refusedf(w, 1, "save --detach-first web1 DIR/a", "xlpt save did not write it");
	record = get("a.xlpt");
	assert_string_equal(record, "notes of mine");
	okf(w, "save --detach-first web1 DIR/b");
	assert_int_equal(rename(own, kept), 0);
	okf(w, "restore DIR/b");
	okf(w, "save --detach-first web1 DIR/a");
	part = get("a.part");
	assert_string_equal(part, "mine");
	/* The record says what a guest held, for root alone. */
	assert_int_equal(stat(own, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	okf(w, "restore DIR/a");
	assert_int_equal(symlink("target", link), 0);
	okf(w, "save --detach-first web1 DIR/link");
	assert_true(there("target") && there("target.xlpt"));
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	okf(w, "restore DIR/link");
	if (geteuid() != 0)
		return;
	assert_int_equal(symlink("stolen", his), 0);
	assert_int_equal(lchown(his, 65534, 65534), 0);
	refusedf(w, 1, "save --detach-first web1 DIR/his", "another user");
	assert_false(there("stolen"));
}

static void another_save(void *arg)
{
	(void)arg;
	if (!unfinished() || there("a"))
		return;
	put("a", "another guest");
	put("a.xlpt", "xlpt image 1\nits record\n");
}

/* Two guests are saved to one name at once: the image of the first is all that is left of it. */
static void test_name_taken(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *image = NULL, *record = NULL;

	ok(w, "attach web1 05:00.0");
	fake_ts_on_call(w->ts, another_save, w);
	refusedf(w, 1, "save --detach-first web1 DIR/a", "written by somebody else meanwhile");
	fake_ts_on_call(w->ts, NULL, NULL);
	image = get("a");
	record = get("a.xlpt");
	assert_string_equal(image, "another guest");
	assert_string_equal(record, "xlpt image 1\nits record\n");
	assert_false(unfinished());
	assert_int_equal(running(w, "web1"), 3);
	assert_true(has(w, 3, "05:00.0"));
	no_journal(w);
	/* One that was there before is replaced. */
	okf(w, "save --detach-first web1 DIR/a");
}

/* Saved by xl, which does not care. */
static void test_image_of_xl(void **state)
{
	struct world *w = *state;
	struct xlpt_toolstack *ts = fake_ts_get(w->ts);
	_cleanup_free_ char *path = xlpt_xasprintf("%s/a", dir);
	uint32_t domid;

	ok(w, "attach web1 05:00.0");
	assert_int_equal(ts->ops->guest_save(ts, 3, path, (const int[]){ 0, 0 }, NULL), 0);
	assert_int_equal(ts->ops->guest_destroy(ts, 3, NULL), 0);
	ok(w, "attach db1 05:00.0");
	refusedf(w, 3, "restore DIR/a", "the configuration in the image");
	ok(w, "detach --to-host db1 05:00.0");
	refusedf(w, 3, "restore DIR/a", "is dom0's, driver e1000e");
	ok(w, "hide 05:00.0");
	okf(w, "restore DIR/a");
	assert_non_null(strstr(w->err, "saved while it held devices"));
	domid = running(w, "web1");
	assert_true(domid && has(w, domid, "05:00.0"));
}

static void test_foreign_record(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *cp = xlpt_xasprintf("cp %s/a.xlpt %s/b.xlpt", dir, dir);

	ok(w, "attach web1 05:00.0");
	okf(w, "save --detach-first web1 DIR/a");
	okf(w, "save db1 DIR/b");
	assert_int_equal(system(cp), 0);
	refusedf(w, 1, "restore DIR/b", "speaks of another guest");
	/* In a folder that all may write to, another user could put it beside root's image. */
	if (geteuid() == 0) {
		_cleanup_free_ char *a = xlpt_xasprintf("%s/a.xlpt", dir);

		assert_int_equal(chown(a, 65534, 65534), 0);
		refusedf(w, 1, "restore DIR/a", "another user wrote it");
		assert_int_equal(chown(a, 0, 0), 0);
	}
	okf(w, "restore --without-devices DIR/b");
}

static void test_migrate(void **state)
{
	struct world *w = *state;
	uint32_t domid;

	for (int live = 0; live < 2; live++) {
		fake_ts_pv_live(w->ts, live);
		ok(w, "attach web1 05:00.0,power_mgmt=1");
		ok(w, "migrate --detach-first --transport /bin/t web1 elsewhere");
		assert_non_null(
			strstr(w->out, "web1 is on elsewhere and has 0000:05:00.0,power_mgmt=1"));
		domid = running(w, "web1");
		assert_true(domid >= 60 && has(w, domid, "05:00.0"));
		no_journal(w);
		ok(w, "detach web1 05:00.0");
	}
	ok(w, "attach web1 05:00.0");
	changes_nothing(w, 2, "migrate --detach-first -s ssh;true web1 elsewhere",
			"the transport \"ssh;true\" is more than words");
	ok(w, "hide 03:00.0");
	ok(w, "--json migrate --detach-first --map 05:00.0=03:00.0 web1 elsewhere");
	assert_non_null(strstr(w->out, "\"spec\": \"0000:03:00.0\""));
	assert_true(has(w, running(w, "web1"), "03:00.0"));
	ok(w, "migrate db1 elsewhere");
	assert_true(running(w, "db1") >= 60);
}

static void test_dry_run(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = NULL, *after = NULL;

	ok(w, "attach web1 05:00.0");
	before = world_snapshot(w);
	okf(w, "--dry-run save --detach-first web1 DIR/a");
	assert_non_null(strstr(w->out, "would detach 0000:05:00.0 from web1"));
	assert_false(unfinished());
	fake_ts_pv_live(w->ts, false);
	ok(w, "--dry-run migrate --detach-first web1 elsewhere");
	assert_non_null(strstr(w->out, "would send web1 to elsewhere"));
	after = world_snapshot(w);
	assert_string_equal(before, after);
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_refused, world_setup, teardown),
		cmocka_unit_test_setup_teardown(test_interrupt_line, world_setup, teardown),
		cmocka_unit_test_setup_teardown(test_budget, world_setup, teardown),
		cmocka_unit_test_setup_teardown(test_save_restore, world_setup, teardown),
		cmocka_unit_test_setup_teardown(test_name_taken, world_setup, teardown),
		cmocka_unit_test_setup_teardown(test_identity, world_setup, teardown),
		cmocka_unit_test_setup_teardown(test_restore_map, world_setup, teardown),
		cmocka_unit_test_setup_teardown(test_without_devices, world_setup, teardown),
		cmocka_unit_test_setup_teardown(test_files_of_others, world_setup, teardown),
		cmocka_unit_test_setup_teardown(test_image_of_xl, world_setup, teardown),
		cmocka_unit_test_setup_teardown(test_foreign_record, world_setup, teardown),
		cmocka_unit_test_setup_teardown(test_migrate, world_setup, teardown),
		cmocka_unit_test_setup_teardown(test_dry_run, world_setup, teardown),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, leaving_setup, leaving_teardown);
}
