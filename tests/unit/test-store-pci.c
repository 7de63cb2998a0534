/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The scripted pciback and pcifront against what their sources and the lab
 * say, and xlpt's own reading and repair against them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "tests/fake/store-pci.h"
#include "xenstore/pcibe.h"

#define BE "/local/domain/0/backend/pci/5/0"
#define FE "/local/domain/5/device/pci/0"

static const struct xlpt_bdf A = { 0, 1, 0, 0 }, B = { 0, 2, 0, 1 }, C = { 0, 2, 0, 0 },
			     GONE = { 0, 9, 0, 0 };
static const struct xlpt_bdf V0 = { 0, 0, 0, 0 }, V1 = { 0, 0, 1, 1 };

struct world {
	struct fake_clock clock;
	struct fake_store *f;
	struct xlpt_store *s;
	struct fake_pciback *back;
	struct fake_pcifront *front;
};

static struct world *world_new(const struct fake_pciback_opts *bo,
			       const struct fake_pcifront_opts *fo)
{
	struct world *w = xlpt_xcalloc(1, sizeof(*w));

	fake_clock_init(&w->clock);
	w->f = fake_store_new(&w->clock);
	w->s = fake_store_get(w->f);
	w->back = fake_pciback_start(w->f, bo);
	fake_pciback_seize(w->back, A);
	fake_pciback_seize(w->back, B);
	fake_pciback_seize(w->back, C);
	if (fo)
		w->front = fake_pcifront_start(w->f, 5, fo);
	return w;
}

static void world_free(struct world *w)
{
	if (w->front)
		fake_pcifront_stop(w->front);
	fake_pciback_stop(w->back);
	fake_store_free(w->f);
	fake_clock_dispose(&w->clock);
	free(w);
}

static int setup(void **state)
{
	*state = world_new(&(struct fake_pciback_opts){ .step_ms = 10 },
			   &(struct fake_pcifront_opts){ .step_ms = 20 });
	return 0;
}

static int teardown(void **state)
{
	world_free(*state);
	return 0;
}

static int both_connected(struct xlpt_store *s, void *arg)
{
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };

	(void)arg;
	if (xlpt_pcibe_read(s, 5, &be, NULL))
		return -EIO;
	return be.be_state == XLPT_XBS_CONNECTED && be.fe_state == XLPT_XBS_CONNECTED;
}

static int wait_connected(struct world *w, int64_t ms)
{
	/*
	 * Both directories: at a cold connect the frontend's 4 comes last, and the
	 * backend, which is in 4 already, writes nothing more.
	 */
	return xlpt_store_wait_until(w->s, "/local/domain", w->clock.now + ms, 0, both_connected,
				     NULL);
}

static void settle(struct world *w, int64_t ms)
{
	w->clock.clock.sleep_ms(&w->clock.clock, ms);
}

static void assert_states(struct world *w, int be_state, int fe_state)
{
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };

	assert_int_equal(xlpt_pcibe_read(w->s, 5, &be, NULL), 0);
	assert_int_equal(be.be_state, be_state);
	assert_int_equal(be.fe_state, fe_state);
}

static void assert_node(struct world *w, const char *node, const char *want)
{
	const char *have = fake_store_peek(w->f, "%s", node);

	if (want) {
		assert_non_null(have);
		assert_string_equal(have, want);
	} else {
		assert_null(have);
	}
}

static void connect_a(struct world *w)
{
	fake_libxl_pci_add(w->f, 5, A);
	assert_int_equal(wait_connected(w, 2000), 0);
}

static void test_cold(void **state)
{
	struct world *w = *state;

	connect_a(w);
	assert_true(w->clock.now > 1000 && w->clock.now < 1200);
	assert_node(w, BE "/vdev-0", "0000:00:00.00");
	assert_node(w, BE "/state-0", "3");
	assert_node(w, BE "/root_num", "1");
	assert_int_equal(fake_pciback_owner(w->back, A), 5);
	assert_true(fake_pcifront_has(w->front, V0));
}

static void test_hot_add_and_remove(void **state)
{
	struct world *w = *state;

	connect_a(w);
	fake_libxl_pci_add(w->f, 5, B);
	assert_states(w, XLPT_XBS_RECONFIGURING, XLPT_XBS_CONNECTED);
	assert_int_equal(wait_connected(w, 2000), 0);
	assert_node(w, BE "/vdev-1", "0000:00:01.01");
	assert_true(fake_pcifront_has(w->front, V1));
	/* Functions of one slot stay together. */
	fake_libxl_pci_add(w->f, 5, C);
	assert_int_equal(wait_connected(w, 2000), 0);
	assert_node(w, BE "/vdev-2", "0000:00:01.00");

	fake_libxl_pci_ask_remove(w->f, 5, 1);
	assert_int_equal(wait_connected(w, 2000), 0);
	assert_false(fake_pcifront_has(w->front, V1));
	assert_true(fake_pcifront_has(w->front, V0));
	assert_int_equal(fake_pciback_owner(w->back, B), -1);
	assert_node(w, BE "/state-1", "5"); /* pciback leaves it there */
	assert_int_equal(xlpt_pcibe_drop(w->s, 5, B, XLPT_XBS_NONE, NULL), 0);
	settle(w, 1000);
	assert_states(w, XLPT_XBS_CONNECTED, XLPT_XBS_CONNECTED);
	assert_int_equal(fake_pciback_owner(w->back, C), 5);
}

static void test_last_one_goes(void **state)
{
	struct world *w = *state;

	connect_a(w);
	assert_int_equal(xlpt_pcibe_drop(w->s, 5, A, XLPT_XBS_NONE, NULL), 0);
	settle(w, 1000);
	assert_int_equal(fake_pciback_owner(w->back, A), -1);
	assert_false(fake_pcifront_has(w->front, V0));
	assert_node(w, FE, NULL);
	/* and the guest can have one again */
	connect_a(w);
	assert_true(fake_pcifront_has(w->front, V0));
}

/* facts 2.4 (a): an export that fails ends hotplug; the devices that are there stay. */
static void test_failed_export_and_repair(void **state)
{
	struct world *w = *state;
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };

	connect_a(w);
	fake_libxl_pci_add(w->f, 5, GONE);
	assert_int_equal(wait_connected(w, 10000), -ETIMEDOUT);
	assert_states(w, XLPT_XBS_CLOSING, XLPT_XBS_RECONFIGURING);
	assert_int_equal(xlpt_pcibe_read(w->s, 5, &be, NULL), 0);
	assert_non_null(strstr(be.error, "22 Couldn't locate PCI device (0000:09:00.0)"));
	assert_true(fake_pcifront_has(w->front, V0));

	/*
	 * Out with the index, and 8 into the backend's node: the frontend, which is
	 * in 7, takes the round as finished, and its 4 brings the backend to 4,
	 * because the state the kernel remembers is 5.
	 */
	assert_int_equal(xlpt_pcibe_drop(w->s, 5, GONE, XLPT_XBS_RECONFIGURED, NULL), 0);
	assert_int_equal(wait_connected(w, 2000), 0);
	fake_libxl_pci_add(w->f, 5, B);
	assert_int_equal(wait_connected(w, 2000), 0);
	assert_true(fake_pcifront_has(w->front, V1));
}

/* facts 2.4 (b): a stale state-N of 5 in front of every later round. */
static void test_stale_removal_and_repair(void **state)
{
	struct world *w = *state;

	connect_a(w);
	fake_libxl_pci_add(w->f, 5, B);
	assert_int_equal(wait_connected(w, 2000), 0);
	fake_libxl_pci_ask_remove(w->f, 5, 1);
	assert_int_equal(wait_connected(w, 2000), 0);
	/* Nobody takes the index away, and the next round trips over it. */
	fake_libxl_pci_add(w->f, 5, C);
	assert_int_equal(wait_connected(w, 10000), -ETIMEDOUT);
	assert_states(w, XLPT_XBS_RECONFIGURING, XLPT_XBS_RECONFIGURING);
	assert_node(w, "/local/domain/0/error/backend/pci/5/0/error", NULL);
	assert_node(w, BE "/state-2", "1");

	/* Without the index pciback's watch on the frontend runs the round again. */
	assert_int_equal(xlpt_pcibe_drop(w->s, 5, B, XLPT_XBS_NONE, NULL), 0);
	settle(w, 1000);
	assert_states(w, XLPT_XBS_RECONFIGURING, XLPT_XBS_RECONFIGURING);
	fake_store_set(w->f, "7", FE "/state");
	assert_int_equal(wait_connected(w, 2000), 0);
	assert_int_equal(fake_pciback_owner(w->back, C), 5);
}

/* A frontend that is not in 4 ignores 7, for good. */
static void test_reconfigure_too_early(void **state)
{
	struct world *w = *state;

	fake_libxl_pci_add(w->f, 5, A);
	settle(w, 15); /* pciback has exported it; the frontend has not answered */
	assert_states(w, XLPT_XBS_INITIALISED, XLPT_XBS_INITIALISING);
	fake_libxl_pci_add(w->f, 5, B);
	assert_int_equal(wait_connected(w, 60000), -ETIMEDOUT);
	assert_states(w, XLPT_XBS_RECONFIGURING, XLPT_XBS_INITIALISED);
}

static void test_paused_guest(void **state)
{
	struct world *w = *state;

	connect_a(w);
	fake_pcifront_pause(w->front, true);
	fake_libxl_pci_add(w->f, 5, B);
	assert_int_equal(wait_connected(w, 10000), -ETIMEDOUT);
	assert_states(w, XLPT_XBS_RECONFIGURING, XLPT_XBS_CONNECTED);
	assert_int_equal(fake_pciback_owner(w->back, B), -1);
	fake_pcifront_pause(w->front, false);
	assert_int_equal(wait_connected(w, 2000), 0);
	assert_true(fake_pcifront_has(w->front, V1));
}

static void test_slow_frontend(void **state)
{
	struct world *w = world_new(&(struct fake_pciback_opts){ .step_ms = 10 },
				    &(struct fake_pcifront_opts){ .step_ms = 20, .scan_ms = 3000 });
	int64_t start = w->clock.now;

	(void)state;
	fake_libxl_pci_add(w->f, 5, A);
	assert_int_equal(wait_connected(w, 2000), -ETIMEDOUT);
	assert_states(w, XLPT_XBS_CONNECTED, XLPT_XBS_INITIALISED);
	/* What is asked meanwhile waits for the guest's one thread and is then done. */
	fake_libxl_pci_ask_remove(w->f, 5, 0);
	assert_int_equal(wait_connected(w, 10000), 0);
	assert_true(w->clock.now - start >= 6000);
	assert_false(fake_pcifront_has(w->front, V0));
	assert_int_equal(fake_pciback_owner(w->back, A), -1);
	world_free(w);
}

/* The lab's wedge: backend 7, state-0 5, frontend 3; no answer to anything. */
static void test_hung_frontend(void **state)
{
	struct world *w = world_new(&(struct fake_pciback_opts){ .step_ms = 10 },
				    &(struct fake_pcifront_opts){ .step_ms = 20, .hangs_in = 3 });

	(void)state;
	fake_libxl_pci_add(w->f, 5, A);
	settle(w, 1000);
	fake_libxl_pci_ask_remove(w->f, 5, 0);
	settle(w, 11000);
	assert_states(w, XLPT_XBS_RECONFIGURING, XLPT_XBS_INITIALISED);
	fake_store_set(w->f, "4", BE "/state");
	settle(w, 1000);
	fake_store_set(w->f, "7", BE "/state");
	settle(w, 1000);
	assert_states(w, XLPT_XBS_RECONFIGURING, XLPT_XBS_INITIALISED);
	world_free(w);
}

/* An HVM guest has no frontend: the backend rests at 3, and at 7 after a second device. */
static void test_no_frontend(void **state)
{
	static const struct fake_pcifront_opts absent = { .absent = true };

	(void)state;
	for (int newer = 0; newer <= 1; newer++) {
		struct world *w = world_new(
			&(struct fake_pciback_opts){ .step_ms = 10, .reconfigures_at_3 = newer },
			newer ? &absent : NULL);

		fake_libxl_pci_add(w->f, 5, A);
		settle(w, 1000);
		assert_states(w, XLPT_XBS_INITIALISED, XLPT_XBS_INITIALISING);
		/* A device libxl adds while it builds the guest: only newer kernels see it. */
		fake_store_load(w->f, BE "/dev-1 = 0000:02:00.1\n" BE "/state-1 = 1\n" BE
					 "/num_devs = 2\n");
		settle(w, 1000);
		assert_node(w, BE "/state-1", newer ? "3" : "1");
		fake_libxl_pci_add(w->f, 5, C);
		settle(w, 60000);
		assert_states(w, XLPT_XBS_RECONFIGURING, XLPT_XBS_INITIALISING);
		assert_node(w, BE "/state-2", "1");
		world_free(w);
	}
}

static void test_two_guests(void **state)
{
	struct world *w = *state;

	connect_a(w);
	fake_libxl_pci_add(w->f, 6, A);
	settle(w, 1000);
	assert_node(w, "/local/domain/0/backend/pci/6/0/state", "5");
	assert_int_equal(fake_pciback_owner(w->back, A), 5);
	assert_states(w, XLPT_XBS_CONNECTED, XLPT_XBS_CONNECTED);
}

static void test_wrong_magic(void **state)
{
	struct world *w = world_new(&(struct fake_pciback_opts){ .step_ms = 10 }, NULL);
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };

	(void)state;
	fake_libxl_pci_add(w->f, 5, A);
	fake_store_load(w->f, FE "/magic = \x1b]0;owned\x07\n" FE "/pci-op-ref = 1\n" FE
				 "/event-channel = 1\n" FE "/state = 3\n");
	settle(w, 1000);
	assert_int_equal(xlpt_pcibe_read(w->s, 5, &be, NULL), 0);
	assert_int_equal(be.be_state, XLPT_XBS_CLOSING);
	assert_non_null(strstr(be.error, "version mismatch (?]0;owned?/7)"));
	world_free(w);
}

/* Many rounds leave everything as it was. */
static void test_cycles(void **state)
{
	struct world *w = *state;

	connect_a(w);
	for (int i = 0; i < 300; i++) {
		fake_libxl_pci_add(w->f, 5, B);
		assert_int_equal(wait_connected(w, 1000), 0);
		fake_libxl_pci_ask_remove(w->f, 5, 1);
		assert_int_equal(wait_connected(w, 1000), 0);
		assert_int_equal(xlpt_pcibe_drop(w->s, 5, B, XLPT_XBS_NONE, NULL), 0);
	}
	assert_int_equal(fake_store_watches(w->f), 0);
	assert_int_equal(fake_store_transactions(w->f), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_cold),
		T(test_hot_add_and_remove),
		T(test_last_one_goes),
		T(test_failed_export_and_repair),
		T(test_stale_removal_and_repair),
		T(test_reconfigure_too_early),
		T(test_paused_guest),
		cmocka_unit_test(test_slow_frontend),
		cmocka_unit_test(test_hung_frontend),
		cmocka_unit_test(test_no_frontend),
		T(test_two_guests),
		cmocka_unit_test(test_wrong_magic),
		T(test_cycles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
