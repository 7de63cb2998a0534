/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The workflows on a fake host. The heart is the table at the end: every
 * command is run with every single thing failing once, and afterwards the host
 * is where it began.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "pciback/bind.h"
#include "tests/unit/commands.h"
#include "xenstore/pcibe.h"
#include "xl-plugin/ledger.h"
#include "xl-plugin/op.h"

static const char *driver(struct world *w, const char *bdf)
{
	const char *d = fake_bus_driver_of(w->bus, bdf);

	return d ? d : "none";
}

static void test_hide_unhide(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = world_snapshot(w), *after = NULL;

	ok(w, "hide 0000:02:00.0 01:10.0");
	assert_string_equal(driver(w, "0000:02:00.0"), "pciback");
	assert_int_equal(fake_ts_owner(w->ts, B("0000:02:00.0")), -2);
	assert_string_equal(fake_store_peek(w->store, "/libxl/pci/0000-02-00-0/driver_path"),
			    "/sys/bus/pci/drivers/e1000e");
	/* Again: nothing to do. */
	ok(w, "hide 0000:02:00.0");
	assert_non_null(strstr(w->out, "already"));
	ok(w, "unhide 02:00.0 01:10.0");
	assert_string_equal(driver(w, "0000:02:00.0"), "e1000e");
	assert_string_equal(driver(w, "0000:01:10.0"), "none");
	after = world_snapshot(w);
	assert_string_equal(before, after);
}

static void test_unhide_boot_hidden(void **state)
{
	struct world *w = *state;

	ok(w, "unhide 05:00.0");
	assert_string_equal(driver(w, "0000:05:00.0"), "e1000e");
}

/* What xl pci-assignable-add leaves is understood, and the other way round. */
static void test_xl_hid_it(void **state)
{
	struct world *w = *state;

	ok(w, "hide 03:00.0");
	fake_store_set(w->store, NULL, "/libxl/pci/0000-03-00-0/xlpt-driver");
	ok(w, "unhide 03:00.0");
	assert_string_equal(driver(w, "0000:03:00.0"), "nvme");
}

static void test_attach_detach_pv(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = NULL, *after = NULL;

	ok(w, "hide 02:00.0 03:00.0");
	before = world_snapshot(w);
	ok(w, "attach web1 02:00.0,permissive=0 03:00.0");
	assert_non_null(strstr(w->out, "0000:02:00.0 is attached to web1 (domain 3) as 0000:00:00.0"));
	assert_non_null(strstr(w->out, "0000:03:00.0 is attached to web1 (domain 3) as 0000:00:01.0"));
	assert_true(fake_pcifront_has(w->web1, B("00:00.0")));
	assert_int_equal(fake_ts_owner(w->ts, B("02:00.0")), 3);
	ok(w, "status web1");
	assert_non_null(strstr(w->out, "connected"));
	refused(w, 1, "attach web1 02:00.0", "already with web1");
	refused(w, 1, "attach db1 02:00.0", "in use by web1");
	refused(w, 1, "unhide 02:00.0", "in use by web1");
	refused(w, 1, "hide 02:00.0", "in use by web1");
	refused(w, 1, "detach db1 02:00.0", "does not have");
	ok(w, "detach web1 02:00.0 03:00.0");
	after = world_snapshot(w);
	assert_string_equal(before, after);
}

static void test_cycles(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 50; i++) {
		ok(w, "attach web1 05:00.0");
		ok(w, "detach web1 05:00.0");
	}
}

static void test_attach_hide_and_to_host(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = world_snapshot(w), *after = NULL;

	refused(w, 1, "attach web1 02:00.0", "not hidden");
	ok(w, "attach web1 --hide 02:00.0 04:00.*");
	assert_int_equal(fake_ts_owner(w->ts, B("04:00.1")), 3);
	ok(w, "detach web1 --to-host 02:00.0 04:00.0 04:00.1");
	assert_string_equal(driver(w, "0000:04:00.1"), "e1000e");
	after = world_snapshot(w);
	assert_string_equal(before, after);
	ok(w, "attach web1 02:00.0,seize=1");
	/* Of the slot, what the guest has; nothing of it is an error. */
	ok(w, "hide 04:00.0");
	ok(w, "attach --hide web1 04:00.1");
	ok(w, "detach web1 04:00.*");
	assert_non_null(strstr(w->out, "0000:04:00.1 is detached"));
	assert_null(strstr(w->out, "0000:04:00.0"));
	refused(w, 1, "detach web1 04:00.*", "does not have 0000:04:00.0");
}

/* The two functions of 04:00 have no ACS between them: one isolation set. */
static void test_isolation(void **state)
{
	struct world *w = *state;

	refused(w, 3, "attach web1 --hide 04:00.1", "cannot go to web1 while dom0 uses 0000:04:00.0");
	ok(w, "attach web1 --hide 04:00.*");
	refused(w, 1, "attach db1 04:00.0", "in use by web1");
	refused(w, 1, "unhide 04:00.0", "in use by web1");
	refused(w, 3, "detach web1 --to-host 04:00.0",
		"0000:04:00.0 cannot go back to dom0 while 0000:04:00.1 is with web1");
	ok(w, "detach web1 04:00.0");
	refused(w, 3, "attach db1 04:00.0", "cannot go to db1 while 0000:04:00.1 is with web1");
	refused(w, 3, "unhide 04:00.0", "cannot go back to dom0 while 0000:04:00.1 is with web1");
	refused(w, 2, "unhide 04:00.0 --allow-split 02:00.0", "not among the devices");
	ok(w, "unhide 04:00.0 --allow-split 04:00.0");
	assert_string_equal(driver(w, "0000:04:00.0"), "e1000e");
	/* With dom0 already: nothing is to be done, and nothing to be refused. */
	ok(w, "unhide 04:00.0");
	ok(w, "detach web1 --to-host 04:00.1");
}

static void test_hvm(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *left = NULL;

	ok(w, "attach win1 05:00.0");
	assert_non_null(strstr(w->out, "as 0000:00:05.0"));
	fake_ts_deaf(w->ts, 5, true);
	assert_int_equal(world_run(w, "detach win1 05:00.0"), 5);
	assert_non_null(strstr(w->err, "did not answer"));
	fake_ts_deaf(w->ts, 5, false);
	ok(w, "detach win1 05:00.0");
	assert_int_equal(fake_ts_owner(w->ts, B("05:00.0")), -2);
	/* What 4.17 leaves behind then. */
	left = fake_ts_snapshot(w->ts);
	assert_null(strstr(left, "granted"));
}

static void test_preconditions(void **state)
{
	struct world *w = *state;
	struct xlpt_guest *g;

	refused(w, 1, "attach web1 0a:00.0", "0000:0a:00.0");
	refused(w, 1, "attach web1 00:01.0", "bridge");
	refused(w, 1, "attach nobody 05:00.0", "no running guest");
	refused(w, 1, "attach pvh1 05:00.0", "PVH");
	refused(w, 3, "attach web1 --hide 00:1f.2", "this host needs");
	refused(w, 3, "hide 00:1f.2", "this host needs");
	refused(w, 2, "attach web1 01:00", "expected '.'");
	refused(w, 2, "attach 05:00.0 05:00.0", "the guest comes first");
	refused(w, 1, "attach web1 pin:nic0", "no pin is called \"nic0\"");
	refused(w, 1, "attach web1 pool:lan", "no pool is called \"lan\"");
	refused(w, 2, "detach web1 pool:lan", "a pool does not say which device");
	refused(w, 2, "detach web1 01:10.0,vlan=42", "takes no slot and no options");
	g = fake_ts_guest(w->ts, 7, "old1", XLPT_GUEST_PV);
	g->passthrough = XLPT_OFF;
	refused(w, 1, "attach old1 05:00.0", "passthrough=\"enabled\"");
	g = fake_ts_guest(w->ts, 8, "old2", XLPT_GUEST_PV);
	g->e820_host = XLPT_OFF;
	refused(w, 1, "attach old2 05:00.0", "e820_host=1");
	g = fake_ts_guest(w->ts, 10, "stub1", XLPT_GUEST_HVM);
	g->has_stubdom = true;
	refused(w, 1, "attach stub1 05:00.0", "domain of its own");
	refused(w, 1, "attach web1 05:00.0@5", "leave the slot out");
	refused(w, 1, "attach web1 05:00.0,rdm_policy=relaxed", "leave rdm_policy out");
	/* Its driver would take 01:10.0 along. */
	refused(w, 3, "attach --force-host-device 01:00.0 --hide web1 01:00.0", "1 virtual function");
	refused(w, 3, "hide --force-host-device 01:00.0 01:00.0", "sriov_numvfs is 1");
	fake_ts_iommu(w->ts, false);
	refused(w, 1, "attach web1 05:00.0", "IOMMU");
	fake_ts_iommu(w->ts, true);
	ok(w, "--dry-run attach web1 05:00.0");
	assert_non_null(strstr(w->out, "would add 0000:05:00.0 to web1"));
}

static void test_paused_guest(void **state)
{
	struct world *w = *state;
	struct xlpt_guest *g = fake_ts_guest(w->ts, 9, "sleepy", XLPT_GUEST_PV);

	g->paused = true;
	refused(w, 1, "attach sleepy 05:00.0", "xl unpause");
}

/* The frontend's module is not loaded: nobody answers, and everything is taken back. */
static void test_deaf_frontend(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = NULL, *after = NULL;

	world_frontend(w, &(struct fake_pcifront_opts){ .absent = true });
	/* The hypervisor's default: what was with a guest stays in quarantine. */
	ok(w, "hide 02:00.0");
	before = world_snapshot(w);
	assert_int_equal(world_run(w, "attach --timeout 5 web1 02:00.0"), 1);
	assert_non_null(strstr(w->err, "did not connect to"));
	after = world_snapshot(w);
	assert_string_equal(before, after);
}

/* A detach right after an attach by another tool waits until the frontend has connected. */
static void test_slow_frontend(void **state)
{
	struct world *w = *state;

	world_frontend(w, &(struct fake_pcifront_opts){ .step_ms = 10, .scan_ms = 3000 });
	ok(w, "hide 02:00.0");
	{
		struct xlpt_spec spec;

		assert_int_equal(xlpt_spec_parse("02:00.0", &spec, NULL), 0);
		assert_int_equal(fake_ts_get(w->ts)->ops->device_add(fake_ts_get(w->ts), 3, &spec, NULL),
				 0);
		xlpt_spec_dispose(&spec);
	}
	ok(w, "detach web1 02:00.0");
	ok(w, "attach web1 02:00.0");
	ok(w, "detach web1 02:00.0");
}

/* Another tool was killed after asking the guest for a device: asking twice would wedge it. */
static void test_half_out(void **state)
{
	struct world *w = *state;

	ok(w, "attach web1 05:00.0");
	ok(w, "attach --hide web1 02:00.0");
	fake_libxl_pci_ask_remove(w->store, 3, 0);
	w->clock.clock.sleep_ms(&w->clock.clock, 1000);
	refused(w, 1, "attach web1 03:00.0,seize=1", "half-way out");
	ok(w, "repair");
	assert_non_null(strstr(w->out, "0000:05:00.0"));
	ok(w, "attach --hide web1 03:00.0");
	fake_libxl_pci_ask_remove(w->store, 3, 0);
	ok(w, "detach web1 02:00.0");
	ok(w, "detach web1 03:00.0");
	ok(w, "attach web1 05:00.0");
}

/* libxl killed between emptying a backend and removing it. */
static void test_empty_backend(void **state)
{
	struct world *w = *state;

	for (int repair = 0; repair < 2; repair++) {
		ok(w, "attach web1 05:00.0");
		for (const char *const *node = (const char *const[]){ "dev-0", "key-0", "state-0",
								      "vdev-0", "opts-0", NULL };
		     *node; node++)
			fake_store_set(w->store, NULL, "/local/domain/0/backend/pci/3/0/%s", *node);
		fake_store_set(w->store, "0", "/local/domain/0/backend/pci/3/0/num_devs");
		fake_ts_get(w->ts)->ops->revoke(fake_ts_get(w->ts), 3, B("05:00.0"), NULL, 0, 0, NULL);
		if (repair) {
			ok(w, "repair");
			assert_non_null(strstr(w->out, "empty PCI backend"));
		}
		ok(w, "attach web1 05:00.0");
		ok(w, "detach web1 05:00.0");
	}
}

/* Ctrl-C: the step under way ends, what was done is undone. */
static void test_interrupted(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = world_snapshot(w);

	for (unsigned n = 1; n <= 3; n++) {
		_cleanup_free_ char *after = NULL;

		w->stop_at = n;
		assert_int_equal(world_run(w, "attach --hide web1 02:00.0 03:00.0"), 1);
		assert_non_null(strstr(w->err, "stopped by signal"));
		after = world_snapshot(w);
		assert_string_equal(before, after);
	}
}

/* A captured tree is read like a host: the same list, without Xen. */
static void test_sysroot(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *want = NULL, *out = NULL, *err = NULL;
	size_t out_len, err_len;
	struct xlpt_env env = { .clock = &w->clock.clock, .pci_ids = "tests/data/pci.ids" };
	char *argv[] = { (char[]){ "xlpt" }, (char[]){ "--sysroot" }, fake_bus_host(w->bus)->root,
			 (char[]){ "list" }, NULL };

	ok(w, "list");
	want = xlpt_xstrdup(w->out);
	env.out = open_memstream(&out, &out_len);
	env.err = open_memstream(&err, &err_len);
	assert_int_equal(xlpt_run(4, argv, &env), 0);
	fclose(env.out);
	fclose(env.err);
	assert_string_equal(out, want);
	assert_non_null(strstr(out, "0000:05:00.0 pciback hidden"));
}

/*
 * The guest's driver takes longer than we wait: the device is not torn out of its
 * probe, which would wedge the guest, but left for repair, which goes on taking
 * it back: the attach was said to have failed.
 */
static void test_slow_probe(void **state)
{
	struct world *w = *state;

	world_frontend(w, &(struct fake_pcifront_opts){ .step_ms = 10, .scan_ms = 3000 });
	assert_int_equal(world_run(w, "attach --timeout 1 web1 05:00.0"), 5);
	assert_non_null(strstr(w->err, "does not let go"));
	assert_int_equal(fake_ts_owner(w->ts, B("05:00.0")), 3);
	ok(w, "repair");
	assert_non_null(strstr(w->out, "taken back"));
	assert_int_equal(fake_ts_owner(w->ts, B("05:00.0")), -2);
	ok(w, "attach web1 05:00.0");
}

/* Hidden by a command that was killed, then given to a guest by xl: it is left with the guest. */
static void test_hidden_then_taken(void **state)
{
	struct world *w = *state;

	ok(w, "attach --hide web1 02:00.0");
	fake_bus_put(w->bus, "/run/xlpt/journal/1-1", "xlpt 1\nop hide\n"
		     "device 0000:02:00.0 hide e1000e\nbegin move 0000:02:00.0\n");
	ok(w, "repair");
	assert_non_null(strstr(w->out, "left there"));
	assert_string_equal(driver(w, "0000:02:00.0"), "pciback");
	ok(w, "detach --to-host web1 02:00.0");
}

static bool permissive(struct world *w, const char *bdf)
{
	bool on;

	assert_int_equal(xlpt_pciback_permissive(fake_bus_host(w->bus), B(bdf), &on, NULL), 0);
	return on;
}

/* What one guest was allowed is not the next one's. */
static void test_permissive_ends(void **state)
{
	struct world *w = *state;
	struct xlpt_host *h = fake_bus_host(w->bus);
	_cleanup_free_ char *before = NULL;

	assert_int_equal(xlpt_host_write_text(h, "0000:05:00.0",
					      "/sys/bus/pci/drivers/pciback/permissive"), 0);
	assert_true(permissive(w, "05:00.0"));
	before = world_snapshot(w);
	for (unsigned nth = 1; nth <= 2; nth++) {
		_cleanup_free_ char *after = NULL;

		fake_bus_fail_write(w->bus, nth, EIO);
		assert_int_not_equal(world_run(w, "attach web1 05:00.0"), 0);
		after = world_snapshot(w);
		assert_string_equal(before, after);
	}
	fake_bus_fail_write(w->bus, 0, 0);
	ok(w, "attach web1 05:00.0,permissive=0");
	assert_false(permissive(w, "05:00.0"));
	ok(w, "detach web1 05:00.0");
}

/* Killed after the guest had taken it: kept. Killed while it was being taken back: taken back. */
static void test_journal_kept_or_not(void **state)
{
	static const char head[] = "xlpt 1\nop attach\nguest 3 00000000-0000-4000-8000-000000000003 "
				   "web1\ndevice 0000:05:00.0 keep -\nbegin add 0000:05:00.0 to web1\n";
	struct world *w = *state;
	_cleanup_free_ char *undone = xlpt_xasprintf("%sdone\nundo take 0000:05:00.0 from web1\n", head);

	ok(w, "attach web1 05:00.0");
	fake_bus_put(w->bus, "/run/xlpt/journal/1-1", head);
	ok(w, "status");
	assert_non_null(strstr(w->out, "interrupted attach"));
	ok(w, "repair");
	assert_non_null(strstr(w->out, "kept"));
	fake_bus_put(w->bus, "/run/xlpt/journal/1-1", undone);
	ok(w, "repair");
	assert_non_null(strstr(w->out, "taken back"));
	assert_int_equal(fake_ts_owner(w->ts, B("05:00.0")), -2);
	ok(w, "repair");
	assert_non_null(strstr(w->out, "nothing to mend"));
}

/* Two who look at a journal do not keep each other from seeing it; one takes it over. */
static void test_journal_adopt(void **state)
{
	struct world *w = *state;
	struct xlpt_env env = { .host = fake_bus_host(w->bus), .clock = &w->clock.clock,
				.err = stderr };
	struct xlpt_journal *a, *b;
	size_t na, nb;

	fake_bus_put(w->bus, "/run/xlpt/journal/1-1", "xlpt 1\nop hide\ndevice 0000:02:00.0 hide -\n");
	assert_int_equal(xlpt_journal_interrupted(&env, &a, &na, NULL), 0);
	assert_int_equal(xlpt_journal_interrupted(&env, &b, &nb, NULL), 0);
	assert_int_equal(na, 1);
	assert_int_equal(nb, 1);
	assert_int_equal(xlpt_journal_adopt(&env, &a[0], NULL), 1);
	assert_int_equal(xlpt_journal_adopt(&env, &b[0], NULL), XLPT_ERR_IN_USE);
	xlpt_journal_end(&env, &a[0]);
	xlpt_closep(&b[0].fd);
	assert_int_equal(xlpt_journal_adopt(&env, &b[0], NULL), 0);
	xlpt_journal_dispose(&a[0]);
	xlpt_journal_dispose(&b[0]);
	free(a);
	free(b);
}

/* Between looking the guest up and its lock, another one got its number. */
static void test_guest_replaced(void **state)
{
	struct world *w = *state;
	struct xlpt_env env = { .host = fake_bus_host(w->bus), .clock = &w->clock.clock,
				.store = fake_store_get(w->store), .ts = fake_ts_get(w->ts),
				.err = stderr };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_op_ struct xlpt_op op;

	xlpt_op_init(&op, &env);
	op.has_guest = true;
	assert_int_equal(env.ts->ops->guest_find(env.ts, "web1", &op.guest, NULL), 0);
	op.guest.uuid[0] = 'f';
	assert_int_equal(xlpt_op_add_spec(&op, "05:00.0", NULL), 0);
	assert_int_equal(xlpt_op_attach(&op, &diag), XLPT_ERR_NO_GUEST);
	assert_non_null(strstr(diag.message, "web1 is gone"));
	assert_int_equal(fake_ts_owner(w->ts, B("05:00.0")), -1);
}

/* The hypervisor has it, no backend names it: with libxl's note of the owner and without. */
static void test_hypervisor_only(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = NULL, *after = NULL;
	struct xlpt_spec spec;

	ok(w, "attach web1 05:00.0");
	ok(w, "detach web1 05:00.0");
	before = world_snapshot(w);
	assert_int_equal(xlpt_spec_parse("05:00.0", &spec, NULL), 0);
	for (int noted = 0; noted < 2; noted++) {
		_cleanup_free_ char *now = NULL;

		fake_ts_fail(w->ts, FAKE_TS_ADD, 1, FAKE_TS_AFTER_ASSIGN);
		fake_ts_get(w->ts)->ops->device_add(fake_ts_get(w->ts), 4, &spec, NULL);
		if (noted)
			fake_store_set(w->store, "4", "/libxl/pci/0000-05-00-0/domid");
		refused(w, 1, "attach web1 05:00.0", "assigned to a guest by the hypervisor");
		ok(w, "--dry-run repair");
		assert_non_null(strstr(w->out, "would take 0000:05:00.0"));
		ok(w, "repair");
		assert_non_null(strstr(w->out, "was with domain 4 in the hypervisor only"));
		now = world_snapshot(w);
		assert_string_equal(before, now);
	}
	xlpt_spec_dispose(&spec);
	fake_store_set(w->store, "4", "/libxl/pci/0000-05-00-0/domid");
	ok(w, "repair --json");
	assert_non_null(strstr(w->out, "the note is removed"));
	assert_non_null(strstr(w->out, "\"mended\": 1"));
	after = world_snapshot(w);
	assert_string_equal(before, after);
}

/* A count that does not fit the devices, as libxl killed between its writes leaves it. */
static void test_books(void **state)
{
	struct world *w = *state;

	ok(w, "attach web1 05:00.0");
	fake_store_set(w->store, "3", "/local/domain/0/backend/pci/3/0/num_devs");
	fake_store_set(w->store, "1", "/local/domain/0/backend/pci/3/0/state-1");
	assert_int_equal(world_run(w, "attach --hide web1 02:00.0"), 1);
	assert_non_null(strstr(w->err, "xlpt repair"));
	ok(w, "repair");
	assert_non_null(strstr(w->out, "mended num_devs of domain 3"));
	assert_string_equal(fake_store_peek(w->store, "/local/domain/0/backend/pci/3/0/num_devs"), "1");
	ok(w, "attach --hide web1 02:00.0");
	ok(w, "detach web1 05:00.0 02:00.0");
}

/* ---- everything fails once ---- */

struct injection {
	const char *name;
	void (*inject)(struct world *w, unsigned nth);
};

static void bus_write(struct world *w, unsigned nth)
{
	fake_bus_fail_write(w->bus, nth, EIO);
}

static void store_write(struct world *w, unsigned nth)
{
	fake_store_fail(w->store, FAKE_STORE_WRITE, nth, EIO);
}

static void store_rm(struct world *w, unsigned nth)
{
	fake_store_fail(w->store, FAKE_STORE_RM, nth, EIO);
}

static void store_read(struct world *w, unsigned nth)
{
	fake_store_fail(w->store, FAKE_STORE_READ, nth, EIO);
}

static void add_note(struct world *w, unsigned nth)
{
	fake_ts_fail(w->ts, FAKE_TS_ADD, nth, FAKE_TS_AFTER_NOTE);
}

static void add_grants(struct world *w, unsigned nth)
{
	fake_ts_fail(w->ts, FAKE_TS_ADD, nth, FAKE_TS_AFTER_GRANTS);
}

static void add_assign(struct world *w, unsigned nth)
{
	fake_ts_fail(w->ts, FAKE_TS_ADD, nth, FAKE_TS_AFTER_ASSIGN);
}

static void add_nodes(struct world *w, unsigned nth)
{
	fake_ts_fail(w->ts, FAKE_TS_ADD, nth, FAKE_TS_AFTER_NODES);
}

static void quarantine(struct world *w, unsigned nth)
{
	fake_ts_fail(w->ts, FAKE_TS_QUARANTINE, nth, FAKE_TS_AT_ONCE);
}

static void hyp(struct world *w, unsigned nth)
{
	fake_ts_fail(w->ts, FAKE_TS_HYP, nth, FAKE_TS_AT_ONCE);
}

static const struct injection injections[] = {
	{ "a write to sysfs", bus_write },
	{ "a write to xenstore", store_write },
	{ "a removal in xenstore", store_rm },
	{ "a read of xenstore", store_read },
	{ "libxl's add after its note", add_note },
	{ "libxl's add after its grants", add_grants },
	{ "libxl's add after assignment", add_assign },
	{ "libxl's add at its end", add_nodes },
	{ "quarantine", quarantine },
	{ "asking the hypervisor", hyp },
};

static void clear(struct world *w)
{
	fake_bus_fail_write(w->bus, 0, 0);
	for (int op = 0; op < FAKE_STORE_N_OPS; op++)
		fake_store_fail(w->store, op, 0, 0);
	for (int op = 0; op < FAKE_TS_N_OPS; op++)
		fake_ts_fail(w->ts, op, 0, FAKE_TS_AT_ONCE);
}

struct scene {
	const char *prepare;	/* commands before, separated by ";" */
	const char *command;
	bool undoes;		/* a failure leaves the host where it was; else repair brings it to the end */
};

static const struct scene scenes[] = {
	{ "", "hide 02:00.0 03:00.0", true },
	{ "hide 02:00.0;hide 03:00.0", "unhide 02:00.0 03:00.0", true },
	{ "hide 02:00.0;hide 03:00.0", "attach web1 02:00.0 03:00.0", true },
	{ "", "attach --hide web1 02:00.0 04:00.*", true },
	{ "hide 02:00.0", "attach win1 02:00.0", true },
	{ "", "attach --hide web1 01:10.0,mac=52:54:00:6d:90:02,vlan=42", true },
	{ "attach --hide web1 02:00.0", "detach web1 02:00.0", false },
	{ "attach --hide web1 01:10.0,vlan=42", "detach --to-host web1 01:10.0", false },
	{ "attach --hide web1 02:00.0", "detach --to-host web1 02:00.0", false },
	{ "attach --hide win1 02:00.0", "detach win1 02:00.0", false },
};

static void prepare(struct world *w, const char *commands)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(commands);
	char *save = NULL;

	for (char *line = strtok_r(copy, ";", &save); line; line = strtok_r(NULL, ";", &save))
		ok(w, line);
}

/* What the hotplug ledger counts. */
static size_t counted(struct world *w)
{
	struct xlpt_env env = { .clock = &w->clock.clock, .host = fake_bus_host(w->bus) };
	_cleanup_ledger_ struct xlpt_ledger l = { 0 };
	size_t n;

	assert_int_equal(xlpt_ledger_read(&env, &l, NULL), 0);
	free(xlpt_ledger_events(&l, &n));
	return n;
}

/*
 * The ledger is the one thing that is meant to stay after a failure, and is not
 * in the snapshot: one for each device of an attach or detach that began, one
 * more for each that was taken back, nothing for hiding.
 */
static void check_counted(const struct scene *s, const struct injection *inj, int status, size_t count)
{
	bool hotplug = strstr(s->command, "attach") || strstr(s->command, "detach");
	size_t devices = strstr(s->command, "04:00.*") ? 3 : strstr(s->command, "03:00.0") ? 2 : 1;

	if (!hotplug)
		assert_int_equal(count, 0);
	else if (status == 0)
		assert_int_equal(count, devices);
	else
		assert_in_range(count, 0, 2 * devices);
	/* It came as far as libxl, so that it was counted before; with nodes there was something to take back. */
	if (status && (inj->inject == add_note || inj->inject == add_assign || inj->inject == add_nodes))
		assert_in_range(count, devices + (inj->inject == add_nodes), 2 * devices);
}

/* Returns whether the injected failure was met. */
static bool try_one(const struct scene *s, const struct injection *inj, unsigned nth)
{
	struct world *w = world_new();
	_cleanup_free_ char *before = NULL, *after = NULL;
	size_t count;
	int status;

	prepare(w, s->prepare);
	before = world_snapshot(w);
	count = counted(w);
	inj->inject(w, nth);
	status = world_run(w, "%s", s->command);
	clear(w);
	check_counted(s, inj, status, counted(w) - count);
	if (status == 5) {
		_cleanup_free_ char *left = xlpt_xstrdup(w->err);

		assert_non_null(strstr(left, "to mend: "));
		if (world_run(w, "repair"))
			fail_msg("%s, %s %u: repair failed: %s\nafter: %s", s->command, inj->name, nth,
				 w->err, left);
	}
	after = world_snapshot(w);
	if (status && s->undoes && strcmp(before, after) != 0) {
		/* Longer than what cmocka's message holds. */
		fprintf(stderr, "BEFORE\n%s\nAFTER\n%s\n%s", before, after, w->err);
		fail_msg("%s, %s %u: exit %d, the host is not where it began", s->command, inj->name,
			 nth, status);
	}
	/* Whatever happened: the same command again ends well, or says it is so already. */
	if (status) {
		int again = world_run(w, "%s", s->command);

		if (again && !(again == 1 && strstr(w->err, "does not have")))
			fail_msg("%s, %s %u: again: exit %d: %s", s->command, inj->name, nth, again, w->err);
	}
	world_free(w);
	return status != 0;
}

static void test_every_failure(void **state)
{
	unsigned met = 0;

	(void)state;
	for (size_t s = 0; s < XLPT_ARRAY_SIZE(scenes); s++)
		for (size_t i = 0; i < XLPT_ARRAY_SIZE(injections); i++)
			/* Three misses in a row: the command is over before the nth such call. */
			for (unsigned nth = 1, miss = 0; nth < 400 && miss < 3;
			     nth += world_stride()) {
				bool hit = try_one(&scenes[s], &injections[i], nth);

				met += hit;
				miss = hit ? 0 : miss + 1;
			}
	print_message("%u failures met and undone\n", met);
	assert_true(met * world_stride() > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_hide_unhide),
		world_test(test_unhide_boot_hidden),
		world_test(test_xl_hid_it),
		world_test(test_attach_detach_pv),
		world_test(test_cycles),
		world_test(test_attach_hide_and_to_host),
		world_test(test_isolation),
		world_test(test_hvm),
		world_test(test_preconditions),
		world_test(test_paused_guest),
		world_test(test_deaf_frontend),
		world_test(test_slow_frontend),
		world_test(test_half_out),
		world_test(test_empty_backend),
		world_test(test_slow_probe),
		world_test(test_hidden_then_taken),
		world_test(test_journal_kept_or_not),
		world_test(test_permissive_ends),
		world_test(test_journal_adopt),
		world_test(test_guest_replaced),
		world_test(test_hypervisor_only),
		world_test(test_books),
		world_test(test_interrupted),
		world_test(test_sysroot),
		cmocka_unit_test(test_every_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
