/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Taking devices out of a backend, and the notes about single devices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "tests/unit/stores.h"
#include "xenstore/pcibe.h"

#define BE	 "/local/domain/0/backend/pci/5/0"
#define FE	 "/local/domain/5/device/pci/0"
#define ERR	 "/local/domain/0/error/backend/pci/5/0"
#define NOTE	 "/libxl/pci/0000-01-00-0"
#define OLD_NOTE "/libxl/pciback/0000-01-00-0"

static const struct xlpt_bdf A = { 0, 1, 0, 0 }, B = { 0, 2, 0, 1 }, C = { 1, 3, 0x1f, 7 };

static void load_three(struct world *w)
{
	fake_store_load(w->f, BE "/state = 7\n" BE "/num_devs = 3\n" BE "/key-0 = 0000:01:00.0\n" BE
				 "/dev-0 = 0000:01:00.0\n" BE "/vdev-0 = 0000:00:00.00\n" BE
				 "/opts-0 = a\n" BE "/state-0 = 3\n" BE "/key-1 = 0000:02:00.1\n" BE
				 "/dev-1 = 0000:02:00.1\n" BE "/vdev-1 = 0000:00:01.01\n" BE
				 "/opts-1 = b\n" BE "/state-1 = 5\n" BE "/name-1 = second\n" BE
				 "/key-2 = 0001:03:1f.7\n" BE "/dev-2 = 0001:03:1f.7\n" BE
				 "/vdevfn-2 = 28\n" BE "/opts-2 = c\n" BE "/state-2 = 1\n" FE
				 "/state = 7\n");
}

static void assert_tree(struct world *w, const char *top, const char *want)
{
	_cleanup_free_ char *have = fake_store_dump(w->f, top);

	assert_string_equal(have, want);
}

static void test_drop_middle(void **state)
{
	struct world *w = *state;

	load_three(w);
	fake_store_inject_eagain(w->f, 3);
	assert_int_equal(xlpt_pcibe_drop(w->s, 5, B, XLPT_XBS_RECONFIGURED, NULL), 0);
	/* No vdev-1 and name-1 of the old device stay behind for the one that moved there. */
	assert_tree(w, BE,
		    BE " =\n" BE "/dev-0 = 0000:01:00.0\n" BE "/dev-1 = 0001:03:1f.7\n" BE
		       "/key-0 = 0000:01:00.0\n" BE "/key-1 = 0001:03:1f.7\n" BE
		       "/num_devs = 2\n" BE "/opts-0 = a\n" BE "/opts-1 = c\n" BE "/state = 8\n" BE
		       "/state-0 = 3\n" BE "/state-1 = 1\n" BE "/vdev-0 = 0000:00:00.00\n" BE
		       "/vdevfn-1 = 28\n");
	assert_string_equal(fake_store_peek(w->f, FE "/state"), "7");
}

static void test_drop_first_and_last_index(void **state)
{
	struct world *w = *state;

	load_three(w);
	assert_int_equal(xlpt_pcibe_drop(w->s, 5, A, XLPT_XBS_NONE, NULL), 0);
	assert_int_equal(xlpt_pcibe_drop(w->s, 5, C, XLPT_XBS_NONE, NULL), 0);
	assert_tree(w, BE,
		    BE " =\n" BE "/dev-0 = 0000:02:00.1\n" BE "/key-0 = 0000:02:00.1\n" BE
		       "/name-0 = second\n" BE "/num_devs = 1\n" BE "/opts-0 = b\n" BE
		       "/state = 7\n" BE "/state-0 = 5\n" BE "/vdev-0 = 0000:00:01.01\n");
}

static void test_drop_the_only_one(void **state)
{
	struct world *w = *state;

	load_three(w);
	fake_store_load(w->f, ERR "/error = 22 x\n"
				  "/local/domain/0/backend/vif/5/0/state = 4\n"
				  "/local/domain/5/device/vif/0/state = 4\n"
				  "/libxl/5/device/pci/0/frontend = x\n/libxl/5/type = pv\n");
	assert_int_equal(xlpt_pcibe_drop(w->s, 5, A, XLPT_XBS_NONE, NULL), 0);
	assert_int_equal(xlpt_pcibe_drop(w->s, 5, B, XLPT_XBS_NONE, NULL), 0);
	assert_non_null(fake_store_peek(w->f, FE));
	assert_int_equal(xlpt_pcibe_drop(w->s, 5, C, XLPT_XBS_CONNECTED, NULL), 0);
	assert_tree(w, "/local",
		    "/local =\n/local/domain =\n/local/domain/0 =\n/local/domain/0/backend =\n"
		    "/local/domain/0/backend/vif =\n/local/domain/0/backend/vif/5 =\n"
		    "/local/domain/0/backend/vif/5/0 =\n"
		    "/local/domain/0/backend/vif/5/0/state = 4\n/local/domain/0/error =\n"
		    "/local/domain/5 =\n/local/domain/5/device =\n"
		    "/local/domain/5/device/vif =\n/local/domain/5/device/vif/0 =\n"
		    "/local/domain/5/device/vif/0/state = 4\n");
	assert_tree(w, "/libxl", "/libxl =\n/libxl/5 =\n/libxl/5/device =\n/libxl/5/type = pv\n");
}

static void test_drop_leaves_other_guests(void **state)
{
	struct world *w = *state;

	fake_store_load(w->f, BE "/num_devs = 1\n" BE "/dev-0 = 0000:01:00.0\n"
				 "/local/domain/0/backend/pci/50/0/dev-0 = 0000:01:00.0\n" ERR
				 "0/error = other\n");
	assert_int_equal(xlpt_pcibe_drop(w->s, 5, A, XLPT_XBS_NONE, NULL), 0);
	assert_tree(w, "/local/domain/0/backend/pci",
		    "/local/domain/0/backend/pci =\n/local/domain/0/backend/pci/50 =\n"
		    "/local/domain/0/backend/pci/50/0 =\n"
		    "/local/domain/0/backend/pci/50/0/dev-0 = 0000:01:00.0\n");
}

/* Debris and gaps: the rest moves down by one, and the count follows what libxl counted. */
static void test_drop_inconsistent(void **state)
{
	struct world *w = *state;

	load_three(w);
	fake_store_set(w->f, NULL, BE "/dev-1");
	assert_int_equal(xlpt_pcibe_drop(w->s, 5, A, XLPT_XBS_NONE, NULL), 0);
	assert_null(fake_store_peek(w->f, BE "/dev-0"));
	assert_string_equal(fake_store_peek(w->f, BE "/dev-1"), "0001:03:1f.7");
	assert_string_equal(fake_store_peek(w->f, BE "/num_devs"), "2");

	fake_store_set(w->f, NULL, BE);
	load_three(w);
	fake_store_set(w->f, "junk", BE "/num_devs");
	assert_int_equal(xlpt_pcibe_drop(w->s, 5, A, XLPT_XBS_NONE, NULL), 0);
	assert_string_equal(fake_store_peek(w->f, BE "/num_devs"), "2");

	/* An index past num_devs was never counted. */
	fake_store_set(w->f, NULL, BE);
	load_three(w);
	fake_store_set(w->f, "2", BE "/num_devs");
	assert_int_equal(xlpt_pcibe_drop(w->s, 5, C, XLPT_XBS_NONE, NULL), 0);
	assert_string_equal(fake_store_peek(w->f, BE "/num_devs"), "2");

	/* A device whose address cannot be read is still a device: the backend stays. */
	fake_store_set(w->f, NULL, BE);
	fake_store_load(w->f,
			BE "/num_devs = 2\n" BE "/dev-0 = 0000:01:00.0\n" BE "/dev-1 = junk\n");
	assert_int_equal(xlpt_pcibe_drop(w->s, 5, A, XLPT_XBS_NONE, NULL), 0);
	assert_string_equal(fake_store_peek(w->f, BE "/dev-0"), "junk");
}

static void test_drop_not_held(void **state)
{
	struct world *w = *state;
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_free_ char *before = NULL;

	assert_int_equal(xlpt_pcibe_drop(w->s, 5, A, XLPT_XBS_NONE, &diag), XLPT_ERR_NOT_HELD);
	assert_int_equal(diag.code, XLPT_ERR_NOT_HELD);
	assert_non_null(strstr(diag.fact, BE));
	load_three(w);
	before = fake_store_dump(w->f, "/local");
	assert_int_equal(
		xlpt_pcibe_drop(w->s, 5, (struct xlpt_bdf){ 0, 1, 0, 1 }, XLPT_XBS_CONNECTED, NULL),
		XLPT_ERR_NOT_HELD);
	assert_tree(w, "/local", before);
}

/* Whatever fails on the way, nothing is changed. */
static void test_drop_is_atomic(void **state)
{
	/* clang-format off */
	static const enum fake_store_op ops[] = {
		FAKE_STORE_READ, FAKE_STORE_WRITE, FAKE_STORE_RM, FAKE_STORE_LIST, FAKE_STORE_BEGIN,
		FAKE_STORE_END,
	};
	/* clang-format on */
	struct world *w = *state;
	unsigned failures = 0;

	for (size_t op = 0; op < XLPT_ARRAY_SIZE(ops); op++) {
		for (unsigned nth = 1;; nth++) {
			_cleanup_free_ char *before = NULL;
			int rc;

			fake_store_set(w->f, NULL, "/local");
			load_three(w);
			before = fake_store_dump(w->f, "/local");
			fake_store_fail(w->f, ops[op], nth, EIO);
			rc = xlpt_pcibe_drop(w->s, 5, A, XLPT_XBS_CONNECTED, NULL);
			fake_store_fail(w->f, ops[op], 0, 0);
			assert_int_equal(fake_store_transactions(w->f), 0);
			if (!rc)
				break;
			assert_int_equal(rc, XLPT_ERR_IO);
			assert_tree(w, "/local", before);
			failures++;
		}
	}
	assert_true(failures > 40);
	load_three(w);
	fake_store_inject_eagain(w->f, 100000);
	assert_int_equal(xlpt_pcibe_drop(w->s, 5, A, XLPT_XBS_CONNECTED, NULL), XLPT_ERR_IO);
	assert_string_equal(fake_store_peek(w->f, BE "/num_devs"), "3");
}

static void test_note_read(void **state)
{
	struct world *w = *state;
	_cleanup_pcinote_ struct xlpt_pcinote none = { 0 }, both = { 0 }, old = { 0 };
	static const char *const bad[] = { "", "-1", "x", "5 ", "40000" };

	assert_int_equal(xlpt_pcinote_read(w->s, A, &none, NULL), 0);
	assert_null(none.driver_path);
	assert_null(none.name);
	assert_int_equal(none.domid, -1);

	fake_store_load(w->f, OLD_NOTE "/driver_path = /sys/bus/pci/drivers/old\n");
	assert_int_equal(xlpt_pcinote_read(w->s, A, &old, NULL), 0);
	assert_string_equal(old.driver_path, "/sys/bus/pci/drivers/old");

	fake_store_load(w->f, NOTE "/driver_path = /sys/bus/pci/drivers/igb\n" NOTE
				   "/name = nic0\n" NOTE "/domid = 7\n");
	assert_int_equal(xlpt_pcinote_read(w->s, A, &both, NULL), 0);
	assert_string_equal(both.driver_path, "/sys/bus/pci/drivers/igb");
	assert_string_equal(both.name, "nic0");
	assert_int_equal(both.domid, 7);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(bad); i++) {
		_cleanup_pcinote_ struct xlpt_pcinote note = { 0 };

		fake_store_set(w->f, bad[i], NOTE "/domid");
		assert_int_equal(xlpt_pcinote_read(w->s, A, &note, NULL), 0);
		assert_int_equal(note.domid, -1);
	}
	for (unsigned nth = 1; nth <= 3; nth++) {
		_cleanup_pcinote_ struct xlpt_pcinote note = { 0 };

		fake_store_fail(w->f, FAKE_STORE_READ, nth, EIO);
		assert_int_equal(xlpt_pcinote_read(w->s, A, &note, NULL), XLPT_ERR_IO);
		assert_null(note.driver_path);
	}
}

static void test_note_driver(void **state)
{
	struct world *w = *state;

	fake_store_load(w->f, OLD_NOTE "/driver_path = /old\n"
				       "/libxl/pciback/0000-02-00-1/driver_path = /b\n");
	assert_int_equal(xlpt_pcinote_set_driver(w->s, A, "/new", NULL), 0);
	assert_tree(w, "/libxl",
		    "/libxl =\n/libxl/pci =\n" NOTE " =\n" NOTE "/driver_path = /new\n"
		    "/libxl/pciback =\n/libxl/pciback/0000-02-00-1 =\n"
		    "/libxl/pciback/0000-02-00-1/driver_path = /b\n");
	/* Without anything in it the note goes as a whole. */
	assert_int_equal(xlpt_pcinote_set_driver(w->s, A, NULL, NULL), 0);
	assert_tree(w, "/libxl/pci", "/libxl/pci =\n");
	assert_int_equal(xlpt_pcinote_set_driver(w->s, A, NULL, NULL), 0);
	assert_int_equal(xlpt_pcinote_set_driver(w->s, B, NULL, NULL), 0);
	assert_null(fake_store_peek(w->f, "/libxl/pciback/0000-02-00-1/driver_path"));
}

static void test_note_origin(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *none = NULL, *without = NULL, *ours = NULL, *newer = NULL;
	bool known = true;

	assert_int_equal(xlpt_pcinote_came_from(w->s, A, &known, &none, NULL), 0);
	assert_false(known);
	assert_null(none);
	assert_int_equal(xlpt_pcinote_origin_set(w->s, A, NULL, NULL), 0);
	assert_int_equal(xlpt_pcinote_came_from(w->s, A, &known, &without, NULL), 0);
	assert_true(known);
	assert_string_equal(without, "");
	assert_int_equal(xlpt_pcinote_origin_set(w->s, A, "igb", NULL), 0);
	assert_int_equal(xlpt_pcinote_came_from(w->s, A, &known, &ours, NULL), 0);
	assert_true(known);
	assert_string_equal(ours, "igb");
	assert_tree(w, NOTE, NOTE " =\n" NOTE "/xlpt-driver = igb\n");
	/* xl took it once more after us. */
	fake_store_load(w->f, NOTE "/driver_path = /sys/bus/pci/drivers/e1000e\n");
	assert_int_equal(xlpt_pcinote_came_from(w->s, A, &known, &newer, NULL), 0);
	assert_true(known);
	assert_string_equal(newer, "e1000e");
}

static void test_note_clear(void **state)
{
	struct world *w = *state;

	fake_store_load(w->f, NOTE "/driver_path = /d\n" NOTE "/xlpt-driver = d\n" NOTE
				   "/name = nic0\n" OLD_NOTE "/driver_path = /d\n");
	assert_int_equal(xlpt_pcinote_clear(w->s, A, NULL), 0);
	assert_tree(w, "/libxl/pci", "/libxl/pci =\n" NOTE " =\n" NOTE "/name = nic0\n");
	assert_null(fake_store_peek(w->f, OLD_NOTE));
	fake_store_load(w->f, "/libxl/pci/0000-02-00-1/xlpt-driver =\n");
	assert_int_equal(xlpt_pcinote_clear(w->s, B, NULL), 0);
	assert_null(fake_store_peek(w->f, "/libxl/pci/0000-02-00-1"));
	assert_int_equal(xlpt_pcinote_clear(w->s, C, NULL), 0);
	fake_store_inject_eagain(w->f, 100000);
	assert_int_equal(xlpt_pcinote_clear(w->s, A, NULL), XLPT_ERR_IO);
}

static void test_note_clear_domid(void **state)
{
	struct world *w = *state;

	fake_store_load(w->f, NOTE "/domid = 7\n" NOTE "/name = nic0\n");
	assert_int_equal(xlpt_pcinote_clear_domid(w->s, A, NULL), 0);
	assert_tree(w, NOTE, NOTE " =\n" NOTE "/name = nic0\n");
	assert_int_equal(xlpt_pcinote_clear_domid(w->s, B, NULL), 0);
}

static void test_note_by_name(void **state)
{
	struct world *w = *state;
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	struct xlpt_bdf bdf = A;

	assert_int_equal(xlpt_pcinote_by_name(w->s, "nic0", &bdf, &diag), XLPT_ERR_NOT_FOUND);
	assert_non_null(diag.hint);
	fake_store_load(w->f, NOTE "/driver_path = /d\n"
				   "/libxl/pci/0001-03-1f-7/name = nic0\n"
				   "/libxl/pci/0000-02-00-1/name = nic01\n"
				   "/libxl/pci/junk/name = trap\n"
				   "/libxl/pci/0000:02:00.1/name = trap\n");
	assert_int_equal(xlpt_pcinote_by_name(w->s, "nic0", &bdf, NULL), 0);
	assert_int_equal(xlpt_bdf_cmp(bdf, C), 0);
	assert_int_equal(xlpt_pcinote_by_name(w->s, "nic", &bdf, NULL), XLPT_ERR_NOT_FOUND);
	assert_int_equal(xlpt_pcinote_by_name(w->s, "trap", &bdf, NULL), XLPT_ERR_NOT_FOUND);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		T(test_drop_middle),	   T(test_drop_first_and_last_index),
		T(test_drop_the_only_one), T(test_drop_leaves_other_guests),
		T(test_drop_inconsistent), T(test_drop_not_held),
		T(test_drop_is_atomic),
		T(test_note_read),	   T(test_note_driver),
		T(test_note_origin),	   T(test_note_clear),
		T(test_note_clear_domid),  T(test_note_by_name),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
