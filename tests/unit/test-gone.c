/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What guests that end by themselves leave behind: libxl does not take their PCI backend away. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/pooling.h"

#define E1000E	     "0000:02:00.0"
#define TAKEN(domid) E1000E " was left by domain " #domid ", which is gone: taken back"

static size_t count(const char *text, const char *word)
{
	size_t n = 0;

	while ((text = strstr(text, word))) {
		text += strlen(word);
		n++;
	}
	return n;
}

/* web1 has the device and has ended; the entry is there, in state 6. */
static struct world *ended(void **state)
{
	struct world *w = *state;

	ok(w, "attach web1 --hide " E1000E);
	fake_ts_ended(w->ts, 3);
	assert_string_equal(fake_store_peek(w->store, "/local/domain/0/backend/pci/3/0/dev-0"),
			    E1000E);
	assert_string_equal(fake_store_peek(w->store, "/local/domain/0/backend/pci/3/0/state"),
			    "6");
	return w;
}

static void nothing_left(struct world *w, uint32_t domid)
{
	assert_null(fake_store_peek(w->store, "/local/domain/0/backend/pci/%u/0/dev-0", domid));
}

static void test_attach(void **state)
{
	struct world *w = ended(state);

	ok(w, "list --assignable");
	said(w, E1000E);
	ok(w, "attach db1 " E1000E);
	said(w, TAKEN(3));
	assert_int_equal(count(w->err, "taken back"), 1);
	nothing_left(w, 3);
	assert_int_equal(fake_ts_owner(w->ts, B(E1000E)), 4);
	ok(w, "list --assignable");
	assert_null(strstr(w->out, E1000E));
	ok(w, "detach db1 " E1000E);
	ok(w, "repair");
	said(w, "nothing to mend");
}

/* pciback lets go of nothing while the backend is there, which another of its devices keeps. */
static void test_one_of_two(void **state)
{
	struct world *w = *state;

	ok(w, "attach web1 --hide 03:00.0 " E1000E);
	fake_ts_ended(w->ts, 3);
	ok(w, "attach db1 " E1000E);
	said(w, TAKEN(3));
	said(w, "0000:03:00.0 was left by domain 3, which is gone: taken back");
	nothing_left(w, 3);
	ok(w, "attach db1 03:00.0");
}

static void test_dry_run(void **state)
{
	struct world *w = ended(state);

	changes_nothing(w, 0, "attach --dry-run db1 " E1000E, "");
	said(w, "would take " E1000E " back from domain 3, which is gone");
	said(w, "would add " E1000E " to db1");
	changes_nothing(w, 0, "repair --dry-run", "");
	said(w, "would take " E1000E " back from domain 3, which is gone");
}

/* libxl's note alone: of a domain that is gone it is removed, of one that lives it is a refusal. */
static void test_note(void **state)
{
	struct world *w = *state;

	ok(w, "hide " E1000E);
	fake_store_set(w->store, "9", "/libxl/pci/0000-02-00-0/domid");
	changes_nothing(w, 0, "attach --dry-run db1 " E1000E, "");
	said(w, "would remove the note that " E1000E " is with domain 9, which is gone");
	ok(w, "attach db1 " E1000E);
	said(w, E1000E " was noted as domain 9's, which is gone: the note is removed");
	ok(w, "detach db1 " E1000E);
	fake_store_set(w->store, "3", "/libxl/pci/0000-02-00-0/domid");
	refused(w, 1, "attach db1 " E1000E,
		E1000E " is noted as domain 3's in xenstore, but no PCI backend names it");
	said(w, "to mend: xlpt repair");
	ok(w, "repair");
	/* Its own note: under its lock that is taken back, grants and all. */
	fake_store_set(w->store, "4", "/libxl/pci/0000-02-00-0/domid");
	changes_nothing(w, 0, "attach --dry-run db1 " E1000E, "");
	said(w, "would take back what a killed tool left of " E1000E " with db1");
	ok(w, "attach db1 " E1000E);
}

/* The host has lost the device, and the guest's backend still names it. */
static void test_unplugged(void **state)
{
	static const char *const guests[] = { "web1", "win1" };
	struct world *w = *state;

	ok(w, "hide 04:00.0 04:00.1");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(guests); i++) {
		const char *dev = i ? "0000:04:00.1" : E1000E;
		_cleanup_free_ char *attach = xlpt_xasprintf("attach %s --hide %s --allow-split %s",
							     guests[i], dev, dev),
				    *detach = xlpt_xasprintf("detach %s %s", guests[i], dev),
				    *show = xlpt_xasprintf("show %s", dev),
				    *hide = xlpt_xasprintf("hide %s", dev),
				    *save = xlpt_xasprintf(
					    "save --detach-first --force %s /tmp/nothing",
					    guests[i]),
				    *says = xlpt_xasprintf(
					    "is detached from %s; this host has it no more",
					    guests[i]);

		ok(w, attach);
		fake_bus_remove(w->bus, dev);
		ok(w, "status");
		said(w, dev);
		said(w, "this host has it no more: xlpt detach");
		assert_null(strstr(w->out, "assigned"));
		answers(w, 1, attach, "this host has lost it");
		said(w, detach);
		answers(w, 1, show, "still has it in its PCI backend");
		said(w, detach);
		answers(w, 1, hide, "still has it in its PCI backend");
		said(w, detach);
		answers(w, 1, save, "this host has lost it");
		said(w, detach);
		ok(w, detach);
		said(w, says);
		said(w, "is not in this host any more");
		ok(w, "status");
		assert_null(strstr(w->out, dev));
		answers(w, 1, detach, "no PCI device");
	}
	/* Its hotplug works on. */
	ok(w, "attach web1 04:00.0");
	ok(w, "detach web1 04:00.0");
}

/* Taken back by half, what is left still tells the next command whose it was. */
static void test_half_taken(void **state)
{
	(void)state;
	for (unsigned nth = 1; nth < 8; nth++) {
		struct world *w = pools_world();

		ended((void **)&w);
		fake_store_fail(w->store, FAKE_STORE_RM, nth, EIO);
		if (world_run(w, "attach db1 " E1000E) &&
		    !fake_store_peek(w->store, "/local/domain/0/backend/pci/3/0/dev-0"))
			assert_null(fake_store_peek(w->store, "/libxl/pci/0000-02-00-0/domid"));
		world_free(w);
	}
}

static void test_hide_unhide(void **state)
{
	struct world *w = ended(state);

	ok(w, "hide " E1000E);
	said(w, TAKEN(3));
	nothing_left(w, 3);
	ok(w, "attach db1 " E1000E);
	fake_ts_ended(w->ts, 4);
	ok(w, "unhide " E1000E);
	said(w, TAKEN(4));
	nothing_left(w, 4);
	assert_string_equal(fake_bus_driver_of(w->bus, E1000E), "e1000e");
}

static void test_start(void **state)
{
	struct world *w = ended(state);
	const char *cfg = pools_config("name = 'app1'\nmemory = 256\npci = [ '02:00.0' ]\n");

	assert_int_equal(world_run(w, "start %s", cfg), 0);
	said(w, TAKEN(3));
	nothing_left(w, 3);
	said(w, "is attached to app1 (domain 20)");
}

/* An ordinary end of an ordinary guest uses up no VF. */
static void test_pool_of_one(void **state)
{
	struct world *w = *state;
	const char *cfg = pools_config("name = 'app1'\nmemory = 256\npci = [ 'pool:one' ]\n");

	ok(w, "pool define one dev=01:10.0");
	for (uint32_t domid = 20; domid < 25; domid++) {
		if (world_run(w, "start %s", cfg))
			fail_msg("start %u: %s", domid, w->err);
		if (domid > 20)
			said(w, "which is gone: taken back");
		fake_ts_ended(w->ts, domid);
	}
	/* The hook, and after it nothing is left to say. */
	ok(w, "pool release --gone");
	said(w, "0000:01:10.0 was left by domain 24, which is gone: taken back");
	said(w, "gave 0000:01:10.0 back to pool one: app1 is gone");
	nothing_left(w, 24);
	ok(w, "pool release --gone");
	assert_null(strstr(w->err, "taken back"));
	ok(w, "repair");
	said(w, "nothing to mend");
}

/* Every command that shows or changes pools does it. */
static void test_pool_commands(void **state)
{
	static const char *const lines[] = { "pool list", "pool show one", "pool undefine one",
					     "pool define two dev=01:10.0", "pool release --gone" };
	const char *cfg = pools_config("name = 'app1'\nmemory = 256\npci = [ 'pool:one' ]\n");

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(lines); i++) {
		struct world *w = pools_world();

		ok(w, "pool define one dev=01:10.0");
		assert_int_equal(world_run(w, "start %s", cfg), 0);
		fake_ts_ended(w->ts, 20);
		ok(w, lines[i]);
		said(w, "0000:01:10.0 was left by domain 20, which is gone: taken back");
		nothing_left(w, 20);
		world_free(w);
	}
}

static void test_vf_remove(void **state)
{
	struct world *w = *state;

	ok(w, "attach web1 --hide 01:10.0");
	fake_ts_ended(w->ts, 3);
	/* It is hidden still, which is another reason. */
	answers(w, 3, "vf remove 01:00.0", "0000:01:10.0 is hidden, and counts as in use");
	said(w, "0000:01:10.0 was left by domain 3, which is gone: taken back");
	nothing_left(w, 3);
}

static void test_restarted(void **state)
{
	struct world *w = *state;

	ok(w, "attach web1 --hide " E1000E);
	fake_ts_restarted(w->ts, 3);
	ok(w, "status");
	assert_int_equal(count(w->out, E1000E), 1);
	assert_non_null(strstr(w->out, "web1"));
	ok(w, "status --json");
	assert_int_equal(count(w->out, "\"bdf\": \"" E1000E "\",\n      \"state\""), 1);
	answers(w, 1, "attach db1 " E1000E, E1000E " is in use by web1 (domain 20)");
	nothing_left(w, 3);
}

/* The device is a living guest's, so that only the old entry goes; and that is success. */
static void test_repair_restarted(void **state)
{
	struct world *w = *state;
	uint32_t now;

	ok(w, "attach web1 --hide " E1000E);
	now = fake_ts_restarted(w->ts, 3);
	ok(w, "repair");
	said(w, TAKEN(3));
	nothing_left(w, 3);
	assert_int_equal(fake_ts_owner(w->ts, B(E1000E)), now);
	ok(w, "detach web1 " E1000E);
	ok(w, "attach web1 " E1000E);
}

struct later {
	struct world *w;
	uint32_t domid;
};

static void ends(void *arg)
{
	struct later *l = arg;

	fake_ts_ended(l->w->ts, l->domid);
}

static void test_dying(void **state)
{
	struct world *w = *state;
	struct later l = { .w = w, .domid = 3 };

	ok(w, "attach web1 --hide " E1000E);
	fake_ts_dying(w->ts, 3);
	answers(w, 1, "attach --timeout 2 db1 " E1000E, E1000E " is still with domain 3 (web1)");
	fake_clock_in(&w->clock, 3000, ends, &l);
	ok(w, "attach db1 " E1000E);
	said(w, "waiting for web1 (domain 3), which is dying");
	said(w, TAKEN(3));
	assert_int_equal(fake_ts_owner(w->ts, B(E1000E)), 4);
}

/* xl destroys it within ten seconds, or it is kept on purpose: nobody can tell at first. */
static void test_shut_down(void **state)
{
	struct world *w = *state;
	struct later l = { .w = w, .domid = 3 };
	const char *cfg = pools_config("name = 'web1'\nmemory = 256\npci = [ '02:00.0' ]\n");

	ok(w, "attach web1 --hide " E1000E);
	fake_ts_down(w->ts, 3);
	answers(w, 1, "attach db1 " E1000E, "which has shut down and was not destroyed");
	said(w, "to mend: xl destroy web1");
	answers(w, 1, "unhide " E1000E, "which has shut down and was not destroyed");
	assert_int_equal(world_run(w, "start %s", cfg), 1);
	said(w, "web1 (domain 3) has shut down and was not destroyed");
	ok(w, "status");
	said(w, "xl destroy web1");
	ok(w, "repair");
	said(w, "xl destroy web1");
	assert_int_equal(fake_ts_owner(w->ts, B(E1000E)), 3);
	fake_clock_in(&w->clock, 10000, ends, &l);
	assert_int_equal(world_run(w, "start %s", cfg), 0);
	said(w, "waiting for web1 (domain 3), which has shut down, to be destroyed");
	said(w, TAKEN(3));
}

/* Nobody is sent to a guest that has ended for what it cannot do, nor a name to a shell as it is. */
static void test_shut_down_mends(void **state)
{
	static const char *const mends = "xl destroy 'a $(id) b'";
	struct world *w = *state;
	struct xlpt_guest *g = fake_ts_find(w->ts, 3, NULL);

	free(g->name);
	g->name = xlpt_xstrdup("a $(id) b");
	fake_store_set(w->store, g->name, "/local/domain/3/name");
	ok(w, "hide 04:00.0 04:00.1");
	ok(w, "attach 3 04:00.0 04:00.1 --allow-split 04:00.0");
	answers(w, 3, "reset 04:00.0", "xlpt detach 'a $(id) b' 0000:04:00.0");
	ok(w, "detach 3 04:00.1");
	answers(w, 3, "attach db1 04:00.1", "xlpt detach 'a $(id) b' 0000:04:00.0");
	fake_ts_down(w->ts, 3);
	answers(w, 3, "attach db1 04:00.1", mends);
	assert_null(strstr(w->err, "xlpt detach"));
	answers(w, 3, "reset 04:00.0", mends);
	answers(w, 3, "unhide 04:00.1", mends);
	answers(w, 1, "detach 3 04:00.0", "has shut down and was not destroyed");
	said(w, mends);
	answers(w, 1, "attach 3 02:00.0 --hide", "has shut down and was not destroyed");
	said(w, mends);
	ok(w, "repair");
	said(w, mends);
	ok(w, "status");
	said(w, mends);
	fake_ts_dying(w->ts, 3);
	answers(w, 3, "attach --timeout 1 db1 04:00.1",
		"wait until xl list does not show 'a $(id) b'");
}

/* A pool whose only VF is with a domain on its way out has it in a moment. */
static void test_pool_waits(void **state)
{
	struct world *w = *state;
	struct later l = { .w = w, .domid = 20 };
	const char *cfg = pools_config("name = 'app1'\nmemory = 256\npci = [ 'pool:one' ]\n");

	ok(w, "pool define one dev=01:10.0");
	assert_int_equal(world_run(w, "start %s", cfg), 0);
	fake_ts_dying(w->ts, 20);
	fake_clock_in(&w->clock, 5000, ends, &l);
	ok(w, "attach db1 pool:one");
	said(w, "waiting for app1 (domain 20), which is dying");
	assert_int_equal(fake_ts_owner(w->ts, B("0000:01:10.0")), 4);
}

#define gone_test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		gone_test(test_attach),
		gone_test(test_one_of_two),
		gone_test(test_dry_run),
		gone_test(test_unplugged),
		gone_test(test_note),
		cmocka_unit_test(test_half_taken),
		gone_test(test_hide_unhide),
		gone_test(test_start),
		gone_test(test_pool_of_one),
		cmocka_unit_test(test_pool_commands),
		gone_test(test_vf_remove),
		gone_test(test_restarted),
		gone_test(test_repair_restarted),
		gone_test(test_dying),
		gone_test(test_shut_down),
		gone_test(test_shut_down_mends),
		gone_test(test_pool_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
