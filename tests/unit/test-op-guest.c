/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest that says no, or ends, while it is given a device or gives one back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/commands.h"

#define BACKEND "/local/domain/0/backend/pci/3/0"
#define SAID	"/local/domain/3/error/device/pci/0/error"

/* The kernel notices that a backend is gone. */
static void settle(struct world *w)
{
	w->clock.clock.sleep_ms(&w->clock.clock, 1000);
}

/* Its words end the wait at once, and are quoted; ENOMEM is explained. */
static void test_gives_up(void **state)
{
	struct world *w = *state;
	int64_t begin;

	ok(w, "hide 02:00.0");
	world_frontend(w, &(struct fake_pcifront_opts){
				  .step_ms = 10, .gives_up = "12 Error setting up PCI Frontend" });
	begin = xlpt_now(&w->clock.clock);
	answers(w, 1, "attach web1 02:00.0",
		"web1's PCI frontend gave up: 12 Error setting up PCI Frontend");
	assert_true(xlpt_now(&w->clock.clock) - begin < 15000);
	assert_non_null(strstr(w->err, "its kernel found no memory for DMA"));
	assert_non_null(strstr(w->err, "swiotlb="));
	assert_int_equal(fake_ts_owner(w->ts, B("02:00.0")), -2);
	world_frontend(w,
		       &(struct fake_pcifront_opts){
			       .step_ms = 10, .gives_up = "22 Error scanning PCI root 0000:00" });
	answers(w, 1, "attach web1 02:00.0", "gave up: 22 Error scanning PCI root 0000:00");
	assert_null(strstr(w->err, "DMA"));
	/* No other memory than that of the bounce buffer is mended by swiotlb=. */
	world_frontend(w, &(struct fake_pcifront_opts){
				  .step_ms = 10, .gives_up = "12 allocating event channel" });
	answers(w, 1, "attach web1 02:00.0", "gave up: 12 allocating event channel");
	assert_non_null(strstr(w->err, "its kernel had no memory for that"));
	assert_non_null(strstr(w->err, "to mend: xl console web1 shows"));
	assert_null(strstr(w->err, "swiotlb"));
	settle(w);
	/* Those words are old now. A frontend that works is not blamed for them. */
	world_frontend(w, &(struct fake_pcifront_opts){ .step_ms = 10, .scan_ms = 20000 });
	ok(w, "attach web1 02:00.0");
	assert_null(fake_store_peek(w->store, SAID));
}

/* Old words of a frontend that stays silent are still the best there is to say. */
static void test_gave_up_before(void **state)
{
	struct world *w = *state;
	int64_t begin = xlpt_now(&w->clock.clock);

	ok(w, "hide 02:00.0");
	world_frontend(w, &(struct fake_pcifront_opts){ .absent = true });
	fake_store_set(w->store, "12 Error setting up PCI Frontend", SAID);
	answers(w, 1, "attach web1 02:00.0", "gave up: 12 Error setting up PCI Frontend");
	assert_true(xlpt_now(&w->clock.clock) - begin < 20000);
	/* Said once: the next attach waits for it as long as for any other. */
	answers(w, 1, "attach --timeout 30 web1 02:00.0",
		"did not connect to 0000:02:00.0 within 30 s");
	/* What a frontend says when its last device leaves is no giving up. */
	fake_store_set(w->store, "22 freeing event channel 8", SAID);
	answers(w, 1, "attach --timeout 30 web1 02:00.0",
		"did not connect to 0000:02:00.0 within 30 s");
	/* What xen-pciback has to say stands in dom0's log. */
	fake_store_set(w->store, "22 Couldn't locate PCI device (0000:02:00.0)!",
		       "/local/domain/0/error/backend/pci/3/0/error");
	answers(w, 1, "attach --timeout 30 web1 02:00.0",
		"xen-pciback says: 22 Couldn't locate PCI device (0000:02:00.0)!");
	assert_non_null(strstr(w->err, "to mend: dmesg in dom0 shows what xen-pciback said; see"));
	settle(w);
	world_frontend(w, &(struct fake_pcifront_opts){ .step_ms = 10 });
	ok(w, "attach web1 02:00.0");
	assert_string_equal(fake_store_peek(w->store, SAID), "22 freeing event channel 8");
}

/*
 * libxl takes a device from an HVM guest, and xen-pciback is not told: it works on a change when a
 * frontend answers. So it still exports the device to that guest, and to no other one.
 */
static void test_hvm_to_pv(void **state)
{
	struct world *w = *state;

	ok(w, "attach win1 --hide 03:00.0");
	settle(w);
	ok(w, "attach win1 05:00.0");
	ok(w, "detach win1 03:00.0");
	assert_int_equal(fake_pciback_owner(w->pciback, B("03:00.0")), 5);
	ok(w, "--dry-run attach web1 03:00.0");
	assert_non_null(strstr(w->out, "bind 0000:03:00.0 to pciback anew"));
	ok(w, "attach web1 03:00.0");
	assert_int_equal(fake_pciback_owner(w->pciback, B("03:00.0")), 3);
	ok(w, "detach win1 05:00.0");
	ok(w, "--dry-run attach web1 05:00.0");
	assert_null(strstr(w->out, "anew"));
	ok(w, "attach web1 05:00.0");
	ok(w, "detach web1 03:00.0 05:00.0");
}

struct end {
	struct world *w;
	bool leaves; /* as a crash does: libxl leaves its backend */
};

static void end_guest(void *arg)
{
	struct end *e = arg;

	fake_pcifront_pause(e->w->web1, true);
	fake_ts_kill(e->w->ts, 3);
	if (!e->leaves)
		return;
	fake_store_set(e->w->store, "6", BACKEND "/state");
	fake_store_set(e->w->store, "1", BACKEND "/num_devs");
	fake_store_set(e->w->store, "0000:02:00.0", BACKEND "/dev-0");
	fake_store_set(e->w->store, "3", BACKEND "/state-0");
}

static void ends(struct world *w, struct end *e, const char *line, int64_t in_ms, int want,
		 const char *says)
{
	int64_t begin = xlpt_now(&w->clock.clock);

	fake_clock_in(&w->clock, in_ms, end_guest, e);
	if (want)
		answers(w, want, line, says);
	else
		ok(w, line);
	assert_true(xlpt_now(&w->clock.clock) - begin < 30000);
	assert_int_equal(fake_ts_owner(w->ts, B("02:00.0")), -2);
	assert_null(fake_store_peek(w->store, BACKEND "/dev-0"));
	ok(w, "unhide 02:00.0");
	ok(w, "repair");
	assert_non_null(strstr(w->out, "nothing to mend"));
}

static void test_ends_in_attach(void **state)
{
	struct world *w = *state;

	world_frontend(w, &(struct fake_pcifront_opts){ .step_ms = 10, .scan_ms = 20000 });
	ok(w, "hide 02:00.0");
	ends(w, &(struct end){ w, false }, "attach web1 02:00.0", 3000, 1, "web1 is gone");
}

static void test_crashes_in_attach(void **state)
{
	struct world *w = *state;

	world_frontend(w, &(struct fake_pcifront_opts){ .step_ms = 10, .scan_ms = 20000 });
	ok(w, "hide 02:00.0");
	ends(w, &(struct end){ w, true }, "attach web1 02:00.0", 3000, 1, "web1 is gone");
}

static void test_crashes_in_detach(void **state)
{
	struct world *w = *state;

	ok(w, "hide 02:00.0");
	ok(w, "attach web1 02:00.0");
	fake_pcifront_pause(w->web1, true);
	ends(w, &(struct end){ w, true }, "detach web1 02:00.0", 12000, 0, NULL);
}

struct countdown {
	struct world *w;
	unsigned left;
};

static void kill_win1(void *arg)
{
	struct countdown *c = arg;

	if (c->left && --c->left == 0)
		fake_ts_kill(c->w->ts, 5);
}

/* At every call of the toolstack: libxl's own error is not what matters then. */
static void test_hvm_ends(void **state)
{
	unsigned failed = 0;
	bool over = false, after = false;

	(void)state;
	for (unsigned nth = 1; !over; nth++) {
		struct world *w = world_new();
		struct countdown c = { w, nth };
		int status;

		ok(w, "hide 02:00.0");
		fake_ts_on_call(w->ts, kill_win1, &c);
		status = world_run(w, "attach win1 02:00.0");
		fake_ts_on_call(w->ts, NULL, NULL);
		over = c.left;
		/* Behind the verification the guest's record is written: the attach had been done. */
		if (after && !over && status)
			fail_msg("call %u: exit %d after one that was verified", nth, status);
		after = after || status == 0;
		if (over || after)
			assert_int_equal(status, 0);
		else if (!strstr(w->err, "win1 is gone") && !strstr(w->err, "there is no"))
			fail_msg("call %u: exit %d: %s", nth, status, w->err);
		failed += !over && strstr(w->err, "win1 is gone");
		assert_int_equal(fake_ts_owner(w->ts, B("02:00.0")), over ? 5 : -2);
		world_free(w);
	}
	assert_true(failed > 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_gives_up),	    world_test(test_gave_up_before),
		world_test(test_ends_in_attach),    world_test(test_crashes_in_attach),
		world_test(test_crashes_in_detach), cmocka_unit_test(test_hvm_ends),
		world_test(test_hvm_to_pv),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
