/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every kind of contradiction: found, described, mended or left with its command; and then nothing is found. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/pooling.h"
#include "xl-plugin/repair/contradictions.h"

#define BACKEND "/local/domain/0/backend/pci/3/0"

#define ALL (XLPT_LOOK_TWICE | XLPT_LOOK_XEN_LOG | XLPT_LOOK_CONFIGS)

static void find(struct world *w, unsigned flags, struct xlpt_contradictions *out)
{
	struct xlpt_env env = world_env(w);

	env.err = stderr;
	assert_int_equal(xlpt_contradictions_find(&env, flags, out, NULL), 0);
}

/* One and no other is found, by everybody alike, and a dry run changes nothing. */
static void is(struct world *w, const char *kind, const char *what)
{
	_cleanup_contradictions_ struct xlpt_contradictions list = { 0 }, once = { 0 };

	find(w, ALL, &list);
	if (list.n != 1)
		fail_msg("%zu contradictions, the first: %s", list.n,
			 list.n ? list.items[0].what : "");
	assert_string_equal(xlpt_contradiction_name(&list.items[0]), kind);
	if (!strstr(list.items[0].what, what))
		fail_msg("\"%s\" is not \"%s\"", list.items[0].what, what);
	changes_nothing(w, 0, "repair --dry-run", "");
	said(w, list.items[0].what);
	said(w, xlpt_contradiction_cause(&list.items[0]));
	ok(w, "repair --dry-run --json");
	said(w, kind);
	ok(w, "status --json");
	find(w, 0, &once);
	if (once.n)
		said(w, kind);
}

static void nothing(struct world *w)
{
	_cleanup_contradictions_ struct xlpt_contradictions list = { 0 };

	find(w, ALL, &list);
	if (list.n)
		fail_msg("still: %s", list.items[0].what);
	ok(w, "repair");
	said(w, "nothing to mend");
}

/* It is mended, and what the host was before it is again. */
static void mends(struct world *w, const char *kind, const char *what, const char *says,
		  const char *before)
{
	_cleanup_free_ char *after = NULL;

	is(w, kind, what);
	ok(w, "repair db1");
	said(w, "nothing to mend");
	ok(w, "repair");
	said(w, says);
	after = w->snapshot(w);
	if (before)
		assert_string_equal(before, after);
	nothing(w);
}

/* Only a person can decide: the command is named, and nothing is changed. */
static void names(struct world *w, const char *kind, const char *what, const char *command)
{
	is(w, kind, what);
	changes_nothing(w, 0, "repair", "");
	said(w, command);
	ok(w, "repair --json");
	said(w, "\"to_decide\": 1");
}

static void test_books(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = NULL;

	ok(w, "attach web1 05:00.0");
	before = w->snapshot(w);
	fake_store_set(w->store, "2", BACKEND "/num_devs");
	mends(w, "num-devs", "has 1 device, and its num_devs says 2", "mended num_devs", before);
	fake_store_set(w->store, "3", BACKEND "/state-1");
	mends(w, "no-dev", "an index without a device", "mended num_devs", before);
}

/* dev-N is no address: attach says repair, and repair mends it. */
static void test_bad_dev(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = NULL;

	ok(w, "attach web1 05:00.0");
	before = w->snapshot(w);
	/* No device is behind it. */
	fake_store_set(w->store, "no address", BACKEND "/dev-1");
	fake_store_set(w->store, "2", BACKEND "/num_devs");
	refused(w, 1, "attach web1 --hide 02:00.0",
		"/local/domain/0/backend/pci/3/0: a dev-N is "
		"no PCI address");
	assert_non_null(strstr(w->err, "to mend: xlpt repair"));
	mends(w, "bad-dev", "dev-1 in the PCI backend of domain 3 is no PCI address",
	      "took what was no PCI address out of domain 3's PCI backend", before);
	fake_store_set(w->store, "05:00.0", BACKEND "/dev-4");
	mends(w, "bad-dev", "dev-4 in", "no device was behind it", before);
	/* It was the device that the guest has. */
	fake_store_set(w->store, "no address", BACKEND "/dev-0");
	mends(w, "bad-dev", "dev-0 in", "domain 3's PCI backend names 0000:05:00.0 again", before);
	ok(w, "attach web1 --hide 02:00.0");
	ok(w, "detach web1 02:00.0");
	/* Which device it was, nothing tells; once that is taken back, nothing is behind it. */
	fake_store_set(w->store, "no address", BACKEND "/dev-0");
	fake_store_set(w->store, NULL, "/libxl/pci/0000-05-00-0/domid");
	answers(w, 5, "repair bad-dev",
		"the hypervisor has 0000:05:00.0 with a guest, and no "
		"backend names it");
	assert_non_null(strstr(w->err, "to mend: xl shutdown web1"));
	ok(w, "repair");
	said(w, "0000:05:00.0 was with domain 3 in the hypervisor only: taken back");
	said(w, "no device was behind it");
	nothing(w);
	ok(w, "attach web1 05:00.0");
}

static void test_half_out(void **state)
{
	struct world *w = *state;
	unsigned resets;

	ok(w, "attach web1 05:00.0");
	resets = fake_bus_resets(w->bus, "0000:05:00.0");
	fake_store_set(w->store, "5", BACKEND "/state-0");
	mends(w, "half-out", "its removal was asked for and never ended", "taken back", NULL);
	assert_int_equal(fake_bus_resets(w->bus, "0000:05:00.0"), resets + 1);
	ok(w, "attach web1 05:00.0");
	ok(w, "attach win1 --hide 02:00.0");
	fake_ts_get(w->ts)->ops->revoke(fake_ts_get(w->ts), 5, B("02:00.0"), NULL, 0, 0, NULL);
	is(w, "half-out", "with win1 in xenstore, and with no guest in the hypervisor");
	ok(w, "repair web1");
	said(w, "nothing to mend");
	ok(w, "repair 02:00.0");
	said(w, "taken back");
	nothing(w);
}

/* As xl leaves it: the guest's driver was in its probe. Another guest goes on with its device. */
static void test_wedged(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *db1 = NULL, *now = NULL;

	ok(w, "attach db1 --hide 03:00.0");
	db1 = fake_store_dump(w->store, "/local/domain/0/backend/pci/4");
	world_frontend(w, &(struct fake_pcifront_opts){ .step_ms = 10, .hangs_in = 3 });
	fake_store_set(w->store, "3", "/libxl/pci/0000-05-00-0/domid");
	fake_libxl_pci_add(w->store, 3, B("05:00.0"));
	w->clock.clock.sleep_ms(&w->clock.clock, 1000);
	fake_libxl_pci_ask_remove(w->store, 3, 0);
	w->clock.clock.sleep_ms(&w->clock.clock, 1000);
	is(w, "wedged", "web1 (domain 3) does not answer for its PCI devices");
	said(w, "wedged");
	ok(w, "status");
	said(w, "does not answer for its PCI devices");
	ok(w, "repair wedged");
	said(w, "frontend Initialised, backend Reconfiguring, state-0 5");
	said(w, "waits for that driver in the guest's own kernel");
	said(w, "taken back");
	said(w, "xl reboot web1");
	nothing(w);
	now = fake_store_dump(w->store, "/local/domain/0/backend/pci/4");
	assert_string_equal(db1, now);
	assert_true(fake_bus_resets(w->bus, "0000:05:00.0") > 0);
	ok(w, "attach db1 05:00.0");
}

static void test_not_connected(void **state)
{
	struct world *w = *state;

	world_frontend(w, &(struct fake_pcifront_opts){ .absent = true });
	ok(w, "hide 02:00.0");
	fake_ts_get(w->ts)->ops->device_add(
		fake_ts_get(w->ts), 3,
		&(struct xlpt_spec){ .bdf = B("02:00.0"), .has_bdf = true, .vslot = -1 }, NULL);
	names(w, "not-connected", "0000:02:00.0 was given to web1, and web1 does not use it",
	      "to mend: xlpt detach --force web1 0000:02:00.0");
	ok(w, "detach --force web1 0000:02:00.0");
	nothing(w);
}

static void test_absent(void **state)
{
	struct world *w = *state;

	ok(w, "attach web1 --hide 02:00.0");
	fake_bus_remove(w->bus, "0000:02:00.0");
	names(w, "absent-device", "web1 has 0000:02:00.0, and this host has it no more",
	      "to mend: xlpt detach web1 0000:02:00.0");
	ok(w, "detach web1 0000:02:00.0");
	nothing(w);
}

static void test_shut_down(void **state)
{
	struct world *w = *state;

	ok(w, "attach web1 05:00.0");
	fake_ts_down(w->ts, 3);
	names(w, "shut-down", "web1 (domain 3) has shut down", "to mend: xl destroy web1");
}

static void test_gone(void **state)
{
	struct world *w = *state;

	ok(w, "attach web1 05:00.0");
	fake_ts_ended(w->ts, 3);
	is(w, "left-by-gone", "0000:05:00.0 is in the PCI backend of domain 3, which is gone");
	ok(w, "repair 3");
	said(w, "taken back");
	nothing(w);
}

static void test_mark(void **state)
{
	struct world *w = *state;

	fake_store_set(w->store, "9", "/libxl/pci/0000-05-00-0/domid");
	mends(w, "owner-mark", "domain 9 as the owner of 0000:05:00.0, and there is no such domain",
	      "the note is removed", NULL);
	/* Of a device with a driver of dom0, and of one that this host does not have. */
	fake_store_set(w->store, "3", "/libxl/pci/0000-02-00-0/domid");
	is(w, "owner-mark",
	   "domain 3 as the owner of 0000:02:00.0, and that domain does not have it");
	fake_store_set(w->store, "3", "/libxl/pci/0000-0f-00-0/domid");
	ok(w, "repair owner-mark");
	nothing(w);
	assert_null(fake_store_peek(w->store, "/libxl/pci/0000-0f-00-0/domid"));
}

static void test_override(void **state)
{
	struct world *w = *state;
	struct xlpt_host *h = fake_bus_host(w->bus);
	_cleanup_free_ char *before = w->snapshot(w);
	static const char override[] = "/sys/bus/pci/devices/0000:02:00.0/driver_override";

	assert_int_equal(xlpt_host_write_text(h, "pciback", override), 0);
	mends(w, "override", "0000:02:00.0 is kept for pciback, and e1000e has it",
	      "0000:02:00.0 stays with e1000e", before);
	fake_bus_put(w->bus, "/etc/driverctl.d/0000:02:00.0", "pciback\n");
	assert_int_equal(xlpt_host_write_text(h, "pciback", override), 0);
	names(w, "override", "is kept for pciback", "driverctl unset-override 0000:02:00.0");
	assert_int_equal(xlpt_host_write_text(h, "\n", override), 0);
	/* Half-way: what was meant is not known. */
	assert_int_equal(
		xlpt_host_write_text(h, "0000:03:00.0", "/sys/bus/pci/drivers/nvme/unbind"), 0);
	assert_int_equal(xlpt_host_write_text(h, "pciback",
					      "/sys/bus/pci/devices/0000:03:00.0/driver_override"),
			 0);
	names(w, "override", "0000:03:00.0 is kept for pciback, and has no driver",
	      "xlpt hide 0000:03:00.0, or else: xlpt unhide 0000:03:00.0");
	ok(w, "hide 0000:03:00.0");
	nothing(w);
}

static void test_quarantine(void **state)
{
	struct world *w = *state;
	struct xlpt_toolstack *ts = fake_ts_get(w->ts);
	_cleanup_free_ char *before = w->snapshot(w);

	assert_int_equal(ts->ops->quarantine(ts, B("02:00.0"), true, NULL), 0);
	mends(w, "quarantine",
	      "0000:02:00.0 is with e1000e in dom0, and Xen keeps it in quarantine",
	      "0000:02:00.0 is out of quarantine", before);
	/* Nobody uses it there, and so it may stay. */
	ok(w, "hide 02:00.0");
	assert_int_equal(ts->ops->quarantine(ts, B("02:00.0"), true, NULL), 0);
	nothing(w);
}

static void test_configured(void **state)
{
	struct world *w = *state;
	struct xlpt_spec spec = { .bdf = B("05:00.0"), .has_bdf = true, .vslot = -1 };

	fake_ts_configure(w->ts, 3, &spec);
	names(w, "configured", "libxl's configuration of web1 lists 0000:05:00.0, and the guest",
	      "to mend: xlpt attach web1 0000:05:00.0");
	ok(w, "attach web1 05:00.0");
	nothing(w);
	spec.bdf = B("0f:00.0");
	fake_ts_configure(w->ts, 3, &spec);
	names(w, "configured", "lists 0000:0f:00.0, and this host does not have that device",
	      "xlpt convert --edit FILE --remove 0000:0f:00.0, and restart web1");
}

/* A guest whose configuration libxl cannot read keeps nobody from being mended. */
static void test_unreadable(void **state)
{
	struct world *w = *state;

	fake_store_set(w->store, "9", "/libxl/pci/0000-05-00-0/domid");
	fake_ts_fail(w->ts, FAKE_TS_CONFIG, 1, FAKE_TS_AT_ONCE);
	ok(w, "repair");
	said(w, "the note is removed");
	nothing(w);
}

static void test_libvirt(void **state)
{
	struct world *w = *state;
	static const char text[] = "{\"vlanTag\": \"42\", \"adminMac\": \"52:54:00:00:00:01\"}";
	struct xlpt_host *h = fake_bus_host(w->bus);

	ok(w, "attach web1 --hide 01:10.0");
	fake_bus_put(w->bus, "/run/libvirt/hostdevmgr/enp1s0_vf0", text);
	fake_bus_put(w->bus, "/run/libvirt/hostdevmgr/eth9", text);
	nothing(w);
	ok(w, "detach web1 01:10.0");
	names(w, "libvirt", "libvirt keeps what enp1s0_vf0 (0000:01:10.0) had before its guest",
	      "rm /run/libvirt/hostdevmgr/enp1s0_vf0");
	h->ops->unlink(h, "/run/libvirt/hostdevmgr/enp1s0_vf0");
	fake_bus_put(w->bus, "/run/libvirt/hostdevmgr/enp1s0_vf99", text);
	names(w, "libvirt", "enp1s0_vf99 had before its guest, and there is no such VF", "rm /run");
}

static void test_lease(void **state)
{
	struct world *w = *state;

	ok(w, "pool define one dev=01:10.0");
	ok(w, "attach web1 pool:one,mac=" MAC);
	fake_ts_kill(w->ts, 3);
	is(w, "lease", "0000:01:10.0 is leased to web1 out of pool one, and web1 is gone");
	ok(w, "repair web1");
	said(w, "gave 0000:01:10.0 back to pool one: web1 is gone");
	nothing(w);
	ok(w, "attach db1 --hide 01:10.2,mac=" MAC);
	fake_ts_kill(w->ts, 4);
	is(w, "identity", "0000:01:10.2 has the MAC address or VLAN of a guest");
	ok(w, "repair");
	said(w, "has the identity back");
	nothing(w);
}

/* A journal explains what is found of its devices: it is mended, and that was all. */
static void test_journal(void **state)
{
	struct world *w = *state;

	ok(w, "attach web1 05:00.0");
	fake_store_set(w->store, "5", BACKEND "/state-0");
	fake_bus_put(w->bus, "/run/xlpt/journal/1-1",
		     "xlpt 1\nop detach\nguest 3 00000000-0000-4000-8000-000000000003 web1\n"
		     "device 0000:05:00.0 keep -\nbegin take 0000:05:00.0 from web1\n");
	is(w, "journal", "interrupted detach of 0000:05:00.0 and guest web1");
	ok(w, "repair web1");
	said(w, "0000:05:00.0 is detached from web1");
	nothing(w);
}

/* What is under way for a moment is none, and looking once says that it looks so. */
static void come_and_go(void *arg)
{
	struct world *w = arg;

	fake_store_set(w->store, NULL, "/libxl/pci/0000-05-00-0/domid");
}

static void test_for_a_moment(void **state)
{
	struct world *w = *state;
	_cleanup_contradictions_ struct xlpt_contradictions once = { 0 }, twice = { 0 };

	fake_store_set(w->store, "3", "/libxl/pci/0000-05-00-0/domid");
	fake_clock_in(&w->clock, 3000, come_and_go, w);
	find(w, 0, &once);
	assert_int_equal(once.n, 1);
	find(w, XLPT_LOOK_TWICE, &twice);
	assert_int_equal(twice.n, 0);
}

/* What failed is tried again once the others are mended. */
static void test_tries_again(void **state)
{
	struct world *w = *state;

	ok(w, "attach web1 05:00.0");
	fake_store_set(w->store, "2", BACKEND "/num_devs");
	fake_store_set(w->store, "9", "/libxl/pci/0000-02-00-0/domid");
	fake_store_fail(w->store, FAKE_STORE_WRITE, 1, EIO);
	ok(w, "repair");
	said(w, "mended num_devs");
	nothing(w);
	/* The hypervisor has it with a guest: until that is mended, the journal cannot be. */
	ok(w, "detach web1 05:00.0");
	fake_ts_fail(w->ts, FAKE_TS_ADD, 1, FAKE_TS_AFTER_ASSIGN);
	fake_ts_get(w->ts)->ops->device_add(
		fake_ts_get(w->ts), 4,
		&(struct xlpt_spec){ .bdf = B("05:00.0"), .has_bdf = true, .vslot = -1 }, NULL);
	fake_bus_put(w->bus, "/run/xlpt/journal/1-1",
		     "xlpt 1\nop unhide\ndevice 0000:05:00.0 keep -\nbegin unhide\n");
	ok(w, "repair");
	said(w, "was with domain 4 in the hypervisor only: taken back");
	nothing(w);
}

/* One that cannot be mended is named with exit status 5, and the others are mended. */
static void test_one_fails(void **state)
{
	struct world *w = *state;

	world_frontend(w, &(struct fake_pcifront_opts){ .step_ms = 10, .hangs_in = 3 });
	fake_ts_get(w->ts)->ops->device_add(
		fake_ts_get(w->ts), 3,
		&(struct xlpt_spec){ .bdf = B("05:00.0"), .has_bdf = true, .vslot = -1 }, NULL);
	w->clock.clock.sleep_ms(&w->clock.clock, 1000);
	fake_bus_put(w->bus, "/run/xlpt/journal/1-1",
		     "xlpt 1\nop attach\nguest 3 00000000-0000-4000-8000-000000000003 web1\n"
		     "device 0000:05:00.0 keep -\nbegin add\ndone\nundo take it\n");
	fake_store_set(w->store, "9", "/libxl/pci/0000-02-00-0/domid");
	answers(w, 5, "repair", "web1 does not let go of 0000:05:00.0");
	said(w, "xlpt detach --force web1 0000:05:00.0");
	assert_null(fake_store_peek(w->store, "/libxl/pci/0000-02-00-0/domid"));
	ok(w, "detach --force --timeout 5 web1 0000:05:00.0");
	nothing(w);
}

static void test_words(void **state)
{
	struct world *w = *state;

	refused(w, 1, "repair nobody",
		"\"nobody\" is no kind of contradiction, no device and no guest");
	changes_nothing(w, 2, "repair 05:00.9", "05:00.9");
	ok(w, "repair web1");
	ok(w, "repair wedged lease");
	ok(w, "__complete kinds");
	said(w, "owner-mark\n");
	/* Each of them is told by --help. */
	{
		_cleanup_free_ char *kinds = xlpt_xstrdup(w->out);
		char *save = NULL;

		ok(w, "repair --help");
		for (char *k = strtok_r(kinds, "\n", &save); k; k = strtok_r(NULL, "\n", &save))
			said(w, k);
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_books),      TEST(test_bad_dev),	TEST(test_half_out),
		TEST(test_wedged),     TEST(test_absent),	TEST(test_not_connected),
		TEST(test_shut_down),  TEST(test_gone),		TEST(test_mark),
		TEST(test_override),   TEST(test_quarantine),	TEST(test_configured),
		TEST(test_unreadable), TEST(test_libvirt),	TEST(test_lease),
		TEST(test_journal),    TEST(test_for_a_moment), TEST(test_tries_again),
		TEST(test_one_fails),  TEST(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
