/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [hide] of virtual functions that are not there before apply has made them, as after each boot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/applying.h"

#define apply_test(f) cmocka_unit_test_setup_teardown(f, apply_setup, world_teardown)
#define VFS	      "[vfs enp1s0]\ncount = 4\n"

static const char *driver(struct world *w, const char *bdf)
{
	const char *name = fake_bus_driver_of(w->bus, bdf);

	return name ? name : "none";
}

/* As a reboot leaves it: no VFs, and what is kept is kept. */
static void reboot(struct world *w, const char *unhide)
{
	ok_lines(w, unhide);
	ok(w, "vf remove enp1s0");
	assert_false(xlpt_host_has(fake_bus_host(w->bus), "/sys/bus/pci/devices/0000:01:10.6"));
}

/* --check changes nothing and tells both; apply makes and hides; then nothing is left to do. */
static void makes(struct world *w, const char *title)
{
	_cleanup_free_ char *before = host_text(w), *after = NULL, *again = NULL,
			    *is = xlpt_xasprintf("%s (0000:01:10.6): is not there; would be "
						 "hidden now",
						 title);

	answers(w, 0, "apply --check", is);
	assert_non_null(strstr(w->out, "is no virtual functions; would be 4 virtual functions"));
	after = host_text(w);
	assert_string_equal(before, after);
	answers(w, 0, "apply", "was not there; is hidden now");
	assert_string_equal(driver(w, "0000:01:10.6"), "pciback");
	assert_string_not_equal(driver(w, "0000:01:10.4"), "pciback");
	assert_false(world_journals(w));
	answers(w, 0, "apply --check", "unchanged");
	answers(w, 0, "apply", "unchanged");
	again = host_text(w);
	answers(w, 0, "apply", "unchanged");
	free(after);
	after = host_text(w);
	assert_string_equal(again, after);
}

static void test_address(void **state)
{
	struct world *w = *state;

	ok(w, "vf remove enp1s0");
	conf(w, "[hide 01:10.6]\nat = now\n" VFS "[allow-split 01:10.6]\n");
	makes(w, "[hide 01:10.6]");
	reboot(w, "unhide 01:10.6");
	makes(w, "[hide 01:10.6]");
	reboot(w, "unhide 01:10.6");
	answers(w, 0, "apply --check --json", "\"was\": \"not there\"");
	assert_non_null(strstr(w->out, "\"changed\": true"));
	/* Another number of VFs than there are, and one of the new ones. */
	ok(w, "vf create enp1s0 2");
	answers(w, 0, "apply", "was not there; is hidden now");
	assert_string_equal(driver(w, "0000:01:10.6"), "pciback");
}

/* A pin, with its own section or without, and words: what they meant before the boot. */
static void test_known(void **state)
{
	struct world *w = *state;

	ok(w, "vf create enp1s0 4");
	conf(w, "[pin last]\ndevice = 01:10.6\n[hide last]\nat = now\n" VFS);
	ok(w, "apply");
	reboot(w, "unhide 01:10.6");
	makes(w, "[hide last]");
	reboot(w, "unhide 01:10.6");
	conf(w, VFS "[hide pin:last]\nat = now\n");
	makes(w, "[hide pin:last]");
	reboot(w, "unhide 01:10.6");
	/* The PF is named by a pin of the same file, and the hidden one comes before it. */
	conf(w, "[hide x]\ndevice = 01:10.6\nat = now\n[vfs card]\ncount = 4\n"
		"[pin card]\ndevice = 01:00.0\n");
	makes(w, "[hide x]");
	reboot(w, "unhide 01:10.6");
	ok(w, "vf create enp1s0 4");
	conf(w, VFS "[hide all]\nmatch = 8086:10ca\ncount = 4\nat = now\n");
	ok(w, "apply");
	reboot(w, "unhide 01:10.0;unhide 01:10.2;unhide 01:10.4;unhide 01:10.6");
	ok(w, "apply");
	assert_string_equal(driver(w, "0000:01:10.0"), "pciback");
	assert_string_equal(driver(w, "0000:01:10.6"), "pciback");
}

/* Nobody makes it: as before, and nothing is done. */
static void test_not_made(void **state)
{
	static const char *const confs[] = {
		"[hide 01:11.0]\nat = now\n" VFS,
		"[hide 01:10.6]\nat = boot\n" VFS,
		"[hide 01:10.6]\nat = boot, now\n" VFS,
		"[hide 01:10.6]\nat = now\n",
		"[hide 01:10.6]\nat = now\n[vfs enp1s0]\ncount = 3\n",
		"[hide 01:10.6]\nat = now\n[vfs enp1s0]\ncount = 4\nowner = networkd\n",
		"[hide 02:10.6]\nat = now\n" VFS,
		"[pin new]\ndevice = 01:10.6\n" VFS,
	};
	struct world *w = *state;

	ok(w, "vf remove enp1s0");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(confs); i++) {
		conf(w, confs[i]);
		changes_nothing(w, 1, "apply --check", "no PCI device 0000:0");
		changes_nothing(w, 1, "apply", "no PCI device 0000:0");
		assert_false(world_journals(w));
	}
}

/* The card puts its VFs elsewhere than it had said: all of it is taken back. */
static void test_elsewhere(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = NULL, *after = NULL;

	ok(w, "vf remove enp1s0");
	fake_bus_put(w->bus, "/sys/bus/pci/devices/0000:01:00.0/sriov_offset", "130\n");
	conf(w, "[hide 01:11.0]\nat = now\n" VFS);
	before = host_text(w);
	ok(w, "apply --check");
	answers(w, 1, "apply", "0000:01:11.0");
	after = host_text(w);
	assert_string_equal(before, after);
	assert_false(world_journals(w));
	answers(w, 0, "repair", "nothing to mend");
}

/* The pin is of a card that was changed for another one: its VF is not the one that was pinned. */
static void test_other_card(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *text = NULL;
	char *id;

	ok(w, "vf create enp1s0 4");
	ok(w, "pin last 01:10.6");
	reboot(w, "vf list");
	xlpt_host_read_text(fake_bus_host(w->bus), &text, "/var/lib/xlpt/pins/last");
	id = strstr(text, "8086:10ca");
	assert_non_null(id);
	memcpy(id, "8086:1520", strlen("8086:1520"));
	fake_bus_put(w->bus, "/var/lib/xlpt/pins/last", text);
	conf(w, "[hide pin:last]\nat = now\n" VFS);
	ok(w, "apply --check");
	assert_int_equal(world_run(w, "apply"), 3);
	assert_false(xlpt_host_has(fake_bus_host(w->bus), "/sys/bus/pci/devices/0000:01:10.6"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		apply_test(test_address),   apply_test(test_known),	 apply_test(test_not_made),
		apply_test(test_elsewhere), apply_test(test_other_card),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
