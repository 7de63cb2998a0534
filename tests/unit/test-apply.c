/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xlpt apply: what an entry means, what it does, what it refuses, and that it does nothing twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tests/unit/applying.h"
#include "xl-plugin/kept/settings.h"

#define apply_test(f) cmocka_unit_test_setup_teardown(f, apply_setup, world_teardown)
#define HEAD	      "# Written by xlpt apply"

static const char full[] = "[pin nic0]\n"
			   "device = 0000:02:00.0\n"
			   "[hide nic0]\n"
			   "at = boot\n"
			   "[hide disk]\n"
			   "match = 1b36:0010   # the only one\n"
			   "class = 0108\n"
			   "at = now\n"
			   "[hide 04:00.0]\n"
			   "at = boot, now\n"
			   "[settings]\n"
			   "limit = 100\n"
			   "reset = required\n"
			   "[allow-split nic0]\n"
			   "reason = \"onboard card # 1\"\n";

static void unchanged(struct world *w, const char *line)
{
	_cleanup_free_ char *before = host_text(w), *after = NULL;

	ok(w, line);
	after = host_text(w);
	if (!strstr(w->out, "unchanged"))
		fail_msg("xlpt %s: not unchanged\n%s", line, w->out);
	assert_string_equal(before, after);
}

static void printed(struct world *w, const char *words)
{
	if (!strstr(w->out, words))
		fail_msg("no \"%s\" in\n%s", words, w->out);
}

static void test_all(void **state)
{
	_cleanup_free_ char *before = NULL, *after = NULL;
	struct world *w = *state;

	conf(w, full);
	before = host_text(w);
	ok(w, "apply --check --diff");
	after = host_text(w);
	assert_string_equal(before, after);
	assert_non_null(
		strstr(w->out, "[hide disk] (0000:03:00.0): is with nvme; would be hidden now"));
	assert_non_null(strstr(w->out, "+++ /etc/modprobe.d/xlpt.conf"));
	assert_non_null(strstr(w->out, "+allow-split = pin:nic0"));
	ok(w, "apply");
	assert_non_null(strstr(w->out, "[pin nic0]: was not pinned; is 0000:02:00.0"));
	assert_non_null(strstr(w->out, "then: update-initramfs -u"));
	assert_non_null(strstr(w->out, "reboot"));
	assert_false(world_journals(w));
	text_is(w, "/etc/modprobe.d/xlpt.conf", "hide=(0000:02:00.0)(0000:04:00.0)");
	text_is(w, "/var/lib/xlpt/pins/nic0", "0000:02:00.0");
	text_is(w, OWN, HEAD);
	text_is(w, OWN,
		"hotplug-limit = 100\nreset = required\n# onboard card # 1\n"
		"allow-split = pin:nic0");
	assert_string_equal(fake_bus_driver_of(w->bus, "0000:03:00.0"), "pciback");
	assert_string_equal(fake_bus_driver_of(w->bus, "0000:04:00.0"), "pciback");
	assert_string_equal(fake_bus_driver_of(w->bus, "0000:02:00.0"), "e1000e");
	unchanged(w, "apply --check");
	unchanged(w, "apply");
	/* The next boot is still to come. */
	assert_non_null(strstr(w->out, "reboot"));
	ok(w, "budget");
	assert_non_null(strstr(w->out, "100"));
}

static void test_json(void **state)
{
	struct world *w = *state;

	conf(w, full);
	ok(w, "apply --json=compact --check --diff");
	assert_non_null(strstr(w->out, "\"schema\":1"));
	assert_non_null(strstr(w->out, "\"check\":true"));
	assert_non_null(strstr(w->out, "\"changed\":true"));
	assert_non_null(strstr(w->out, "\"reboot_required\":true"));
	assert_non_null(strstr(w->out, "\"devices\":[\"0000:03:00.0\"]"));
	assert_non_null(strstr(w->out, "\"path\":\"/etc/modprobe.d/xlpt.conf\""));
	ok(w, "apply --json=compact");
	ok(w, "apply --json=compact");
	assert_non_null(strstr(w->out, "\"changed\":false"));
	conf(w, "[hide 09:00.0]\nat = now\n[hide pin:none]\nat = boot\n");
	assert_int_equal(world_run(w, "apply --json=compact"), 1);
	assert_non_null(strstr(w->out, "\"errors\":[{"));
	assert_non_null(strstr(w->out, "\"line\":3"));
}

/* All that is wrong is told, each with its place, and nothing is done. */
static void test_errors(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = NULL, *after = NULL;

	conf(w, "at = now\n"
		"[hide 02:00.0]\nat = tomorrow\n"
		"[hide]\n"
		"[pin nic0]\n"
		"[pin nic0]\ndevice = 02:00.0\n"
		"[wrong x]\nkey = value\n"
		"[settings]\nlimit = 0\nlimits = 3\nallow-split = 00:1f.6\n"
		"[hide disk]\nmatch = 1b36\nat = now\n"
		"[guard]\nxl = maybe\n"
		"[vfs enp1s0]\ncount = many\n"
		"[hide x\n");
	before = host_text(w);
	assert_int_equal(world_run(w, "apply"), 2);
	for (const char *const *s =
		     (const char *const[]){ ":1:1: this line", ":3:6: at is",
					    ":4:1:", ":6:1:", ":8:1:", ":11:9:", ":12:1:", ":13:1:",
					    ":15:9:", ":18:6:", ":20:9:", ":21:1:", NULL };
	     *s; s++)
		if (!strstr(w->err, *s))
			fail_msg("no \"%s\" in\n%s", *s, w->err);
	after = host_text(w);
	assert_string_equal(before, after);
	fake_bus_put(w->bus, CONF, "[hide 02:00.0]\nat = now\n");
	fake_bus_put(w->bus, "/etc/xlpt/host.conf.d/10-a.conf", "[hide 02:00.0]\nat = boot\n");
	answers(w, 2, "apply", "host.conf.d/10-a.conf:1:1: [hide 02:00.0] is there already");
	fake_bus_put(w->bus, "/etc/xlpt/host.conf.d/10-a.conf", "[hide 0000:02:00.0]\nat = boot\n");
	answers(w, 2, "apply", "two sections hide 0000:02:00.0");
}

/* What this host does not allow: 3, each with its place. */
static void test_refused(void **state)
{
	struct world *w = *state;

	conf(w, "[hide 02:00.0]\nat = now\n"
		"[hide root]\nclass = 0106\nat = boot\n"
		"[hide 00:1f.2]\nat = now\n");
	answers(w, 2, "apply", "two sections");
	conf(w, "[hide 02:00.0]\nat = now\n[hide root]\nclass = 0106\nat = boot\n");
	refused(w, 3, "apply", "host.conf:3:1: this host needs 0000:00:1f.2 itself");
	assert_non_null(strstr(w->err, "force-host-device = yes"));
	conf(w, "[hide root]\nclass = 0106\nat = boot, now\n");
	refused(w, 3, "apply", "host.conf:1:1: this host needs 0000:00:1f.2 itself");
	assert_null(strstr(strstr(w->err, "itself") + 1, "itself"));
	conf(w,
	     "[hide root]\nclass = 0106\nat = boot, now\n[hide many]\nmatch = 8086:10d3\nat = now\n");
	refused(w, 3, "apply", "fits 4 devices of this host, and the section is for 1");
	conf(w, "[hide root]\nclass = 0106\nat = boot\nforce-host-device = yes\n");
	ok(w, "apply");
	conf(w, "[hide many]\nmatch = 8086:10d3\ncount = 4\nat = now\n");
	ok(w, "apply");
	conf(w, "[hide none]\nserial = 12-34\nat = now\n");
	refused(w, 3, "apply", "fits 0 devices of this host");
}

/* A pin stays the pin of its device, and another device does not get its name. */
static void test_pins(void **state)
{
	struct world *w = *state;

	ok(w, "pin nic0 03:00.0");
	conf(w, "[pin nic0]\ndevice = 02:00.0\n");
	refused(w, 3, "apply", "of another device than 0000:02:00.0");
	ok(w, "pin --replace nic0 02:00.0");
	unchanged(w, "apply --check");
	ok(w, "apply");
	conf(w, "[hide pin:nic0]\nat = boot\n");
	ok(w, "apply");
	text_is(w, "/etc/modprobe.d/xlpt.conf", "hide=(0000:02:00.0)");
	text_is(w, "/var/lib/xlpt/pins/nic0", "boot 0000:02:00.0");
	unchanged(w, "apply");
}

/* A hidden card has no interface: it is known by what it was when the file was applied first. */
static void test_interface(void **state)
{
	struct world *w = *state;
	struct xlpt_host *h = fake_bus_host(w->bus);

	conf(w,
	     "[hide card]\ninterface = enp1s0\nmatch = 8086:*\nat = now\nforce-host-device = yes\n");
	ok(w, "vf remove enp1s0");
	ok(w, "apply");
	assert_string_equal(fake_bus_driver_of(w->bus, "0000:01:00.0"), "pciback");
	unchanged(w, "apply");
	ok(w, "unhide 01:00.0");
	conf(w, "[hide enp1s0]\nat = now\nforce-host-device = yes\n");
	ok(w, "apply");
	unchanged(w, "apply");
	/* Without what apply remembers nobody knows. */
	h->ops->unlink(h, "/var/lib/xlpt/applied");
	answers(w, 2, "apply", "enp1s0");
}

/* Buses are numbered anew: the same file means the same devices, and the list at boot follows. */
static void test_moved(void **state)
{
	static const struct fake_dev nvme = { .vendor = 0x1b36,
					      .device = 0x0010,
					      .class_code = 0x010802,
					      .driver = "nvme",
					      .parent = "0000:00:01.0" };
	struct world *w = *state;

	conf(w, "[pin disk]\nclass = 0108\n[hide disk0]\nclass = 0108\nat = boot\n"
		"[pin nic]\ndevice = 02:00.0\n[allow-split split]\nmatch = 1b36:0010\n");
	ok(w, "apply");
	text_is(w, "/etc/modprobe.d/xlpt.conf", "hide=(0000:03:00.0)");
	fake_bus_remove(w->bus, "0000:03:00.0");
	fake_bus_add(w->bus, "0000:07:00.0", &nvme);
	ok(w, "apply");
	assert_non_null(strstr(w->out, "[pin disk]: 0000:07:00.0, as it shall be"));
	text_is(w, "/etc/modprobe.d/xlpt.conf", "hide=(0000:07:00.0)");
	text_is(w, OWN, "allow-split = 0000:07:00.0");
	unchanged(w, "apply");
	/* Another card of the kind is seen by a person. */
	fake_bus_add(w->bus, "0000:08:00.0", &nvme);
	refused(w, 3, "apply", "fits 2 devices of this host, and the section is for 1");
}

/* The admin's own file is never touched; ours has the last word, and says so. */
static void test_settings(void **state)
{
	static const char admin[] = "hotplug-limit = 7\nhotplug-device-limit = 5";
	_cleanup_settings_ struct xlpt_settings s = { 0 };
	struct world *w = *state;

	fake_bus_put(w->bus, "/etc/xlpt/xlpt.conf", admin);
	conf(w, "[settings]\nlimit = 9\nwindow = 2h\nreset-exempt = 02:00.0\n"
		"[allow-split 04:00.0]\n[allow-split 02:00.0]\nreason = known\n");
	ok(w, "apply");
	assert_non_null(strstr(w->out, "xlpt.conf, line 1, says hotplug-limit = 7"));
	text_is(w, "/etc/xlpt/xlpt.conf", admin);
	assert_int_equal(xlpt_settings_read(fake_bus_host(w->bus), &s, NULL), 0);
	assert_int_equal(s.budget.limit, 9);
	assert_int_equal(s.budget.device_limit, 5);
	assert_string_equal(s.allow_split[0], "0000:04:00.0");
	assert_string_equal(s.allow_split[1], "0000:02:00.0");
	/* What is no longer named stays, until it is pruned. */
	conf(w, "[settings]\nlimit = 9\n");
	ok(w, "apply");
	unchanged(w, "apply");
	ok(w, "apply --prune");
	text_is(w, OWN, "hotplug-limit = 9");
	xlpt_settings_dispose(&s);
	assert_int_equal(xlpt_settings_read(fake_bus_host(w->bus), &s, NULL), 0);
	assert_null(s.allow_split);
	fake_bus_put(w->bus, OWN, "hotplug-limit = 9\n");
	answers(w, 1, "apply", "is not xlpt's to change");
}

/* Number of VFs, a pool of them, the guard; then without them, and they go by --prune alone. */
static void test_more(void **state)
{
	static const char text[] = "[vfs enp1s0]\ncount = 3\n"
				   "[pool lan]\npf = enp1s0\npolicy = spread\nvlan = 42\n"
				   "[portgroup red default]\nvlan = 7\n"
				   "[guard]\nxl = yes\nxendomains = yes\nlibvirt = yes\n"
				   "[pin nic0]\ndevice = 02:00.0\n"
				   "[hide nic0]\nat = boot\n"
				   "[hide 03:00.0]\nat = now\n";
	struct world *w = *state;
	_cleanup_free_ char *before = NULL, *after = NULL;

	ok(w, "vf remove enp1s0");
	before = host_text(w);
	conf(w, text);
	ok(w, "apply --check");
	printed(w, "[guard]: xl: not installed, would be installed; libvirt: has no use here; "
		   "xendomains: not installed, would be installed");
	ok(w, "apply");
	printed(w, "[guard]: xl: was not installed, is installed now; libvirt: has no use here");
	assert_non_null(strstr(w->out, "was no virtual functions; is 3 virtual functions"));
	assert_non_null(strstr(w->out, "libvirt has no use on this host"));
	text_is(w, "/var/lib/xlpt/pools/lan", "policy = spread\nvlan = 42");
	text_is(w, "/etc/default/xendomains", "xlpt");
	ok(w, "vf list");
	assert_non_null(strstr(w->out, "0000:01:10.4"));
	ok(w, "guard status");
	ok(w, "pool show lan");
	unchanged(w, "apply");
	printed(w, "[guard]: xl: installed, as it shall be; libvirt: has no use here");
	unchanged(w, "apply --check --prune");
	conf(w, "[hide 03:00.0]\nat = now\n");
	ok(w, "apply");
	assert_non_null(strstr(w->out, "unchanged"));
	ok(w, "apply --check --prune");
	assert_non_null(strstr(w->out, "would be taken back: pool lan"));
	ok(w, "apply --prune");
	text_is(w, "/var/lib/xlpt/pools/lan", NULL);
	text_is(w, "/var/lib/xlpt/pins/nic0", NULL);
	text_is(w, "/etc/modprobe.d/xlpt.conf", NULL);
	text_is(w, "/etc/default/xendomains", "XENDOMAINS_SAVE=/var/lib/xen/save");
	unchanged(w, "apply --prune");
	conf(w, "");
	ok(w, "apply --prune");
	assert_non_null(strstr(w->out, "taken back: 0000:03:00.0 hidden"));
	assert_int_equal(fake_bus_host(w->bus)->ops->unlink(fake_bus_host(w->bus), CONF), 0);
	after = host_text(w);
	assert_string_equal(before, after);
}

/* What was there before apply is never taken back. */
static void test_not_made(void **state)
{
	struct world *w = *state;

	ok(w, "pin nic0 02:00.0");
	ok(w, "hide 03:00.0");
	ok(w, "boot write pin:nic0");
	ok(w, "pool define lan pf=enp1s0");
	conf(w, "[pin nic0]\ndevice = 02:00.0\n[hide nic0]\nat = boot\n[hide 03:00.0]\nat = now\n"
		"[pool lan]\npf = enp1s0\n[vfs enp1s0]\ncount = 1\n");
	unchanged(w, "apply --check");
	ok(w, "apply");
	assert_non_null(strstr(w->out, "unchanged"));
	conf(w, "");
	ok(w, "apply --prune");
	assert_non_null(strstr(w->out, "unchanged"));
	text_is(w, "/var/lib/xlpt/pools/lan", "pf = enp1s0");
	text_is(w, "/etc/modprobe.d/xlpt.conf", "02:00.0");
	assert_string_equal(fake_bus_driver_of(w->bus, "0000:03:00.0"), "pciback");
}

/* Of a card that has another address on each host: the pin is made by the same apply. */
static void test_pool_of_pin(void **state)
{
	struct world *w = *state;

	conf(w, "[pool lan]\npf = pin:card\n[vfs card]\ncount = 1\n"
		"[pin card]\nmatch = 8086:10c9\n");
	ok(w, "apply");
	assert_null(strstr(w->out, "note: "));
	unchanged(w, "apply");
	ok(w, "pool show lan");
	assert_non_null(strstr(w->out, "1 of 1 VFs free"));
}

/* The number is another program's: its lines are told, and nothing is made. */
static void test_owner(void **state)
{
	struct world *w = *state;

	conf(w, "[vfs enp1s0]\ncount = 5\nowner = netplan\n");
	ok(w, "apply");
	assert_non_null(strstr(w->out, "virtual-function-count: 5"));
	unchanged(w, "apply");
	fake_bus_put(w->bus, "/etc/netplan/50.yaml",
		     "network:\n  ethernets:\n    enp1s0:\n      virtual-function-count: 5\n");
	ok(w, "apply");
	assert_non_null(strstr(w->out, "which makes 5: /etc/netplan/50.yaml"));
	conf(w, "[vfs enp1s0]\ncount = 4\n");
	refused(w, 3, "apply", "netplan sets their number to 5");
	conf(w, "[vfs enp1s0]\ncount = 40\n[vfs 02:00.0]\ncount = 1\n");
	assert_int_equal(world_run(w, "apply"), 1);
	assert_non_null(strstr(w->err, "can have 7 virtual functions and not 40"));
	assert_non_null(strstr(w->err, "host.conf:3:1: "));
}

/* Exported and applied: nothing changes. */
static void test_export(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *text = NULL;

	ok(w, "pin nic0 02:00.0");
	ok(w, "boot write pin:nic0 04:00.0");
	ok(w, "hide 03:00.0");
	ok(w, "pool define lan pf=enp1s0 vlan=42 policy=spread");
	ok(w, "guard install xendomains");
	fake_bus_put(w->bus, "/etc/xlpt/xlpt.conf",
		     "hotplug-limit = 77\nallow-split = 0000:04:00.0\nreset = warn\n");
	ok(w, "apply --export");
	text = xlpt_xstrdup(w->out);
	for (const char *const *s =
		     (const char *const[]){
			     "[pin nic0]\ndevice = 0000:02:00.0\n", "[hide pin:nic0]\nat = boot\n",
			     "[hide 0000:04:00.0]\nat = boot\n", "[hide 0000:03:00.0]\nat = now\n",
			     "[vfs enp1s0]\ncount = 1\n",
			     "[pool lan]\npf = enp1s0\npolicy = spread\n", "xendomains = yes\n",
			     "hotplug-limit = 77\n", "[allow-split 0000:04:00.0]\n", NULL };
	     *s; s++)
		if (!strstr(text, *s))
			fail_msg("no \"%s\" in\n%s", *s, text);
	conf(w, text);
	unchanged(w, "apply --check");
	ok(w, "apply");
	assert_non_null(strstr(w->out, "unchanged"));
	text_is(w, OWN, NULL);
	/* What somebody has agreed to is said, and only that. */
	assert_null(strstr(text, "force-host-device"));
	ok(w, "boot write --force-host-device 00:1f.2 00:1f.2");
	ok(w, "apply --export");
	assert_non_null(
		strstr(w->out, "[hide 0000:00:1f.2]\nat = boot\nforce-host-device = yes\n"));
	answers(w, 2, "apply --export --check", "takes nothing else");
}

static void test_none(void **state)
{
	struct world *w = *state;

	answers(w, 1, "apply", "nothing says what this host should be");
	conf(w, "");
	unchanged(w, "apply");
	answers(w, 1, "apply /nowhere/host.conf", "cannot open");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		apply_test(test_all),	      apply_test(test_json),  apply_test(test_errors),
		apply_test(test_refused),     apply_test(test_pins),  apply_test(test_interface),
		apply_test(test_moved),	      apply_test(test_more),  apply_test(test_not_made),
		apply_test(test_pool_of_pin), apply_test(test_owner), apply_test(test_export),
		apply_test(test_settings),    apply_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
