/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "tests/fake/store-pci.h"
#include "tests/unit/stores.h"
#include "xenstore/pcibe.h"

#define BE  "/local/domain/0/backend/pci/5/0"
#define FE  "/local/domain/5/device/pci/0"
#define ERR "/local/domain/0/error/backend/pci/5/0"

/* As libxl and pciback leave it: three devices, the third with a name and a slot. */
#define THREE                                                                                     \
	"/local/domain/0/backend/vif/5/0/state = 4\n" BE "/frontend = " FE "\n" BE                \
	"/state = 4\n" BE "/num_devs = 3\n" BE "/key-0 = 0000:01:00.0\n" BE                       \
	"/dev-0 = 0000:01:00.0\n" BE "/vdev-0 = 0000:00:00.00\n" BE "/opts-0 = permissive=0\n" BE \
	"/state-0 = 3\n" BE "/key-1 = 0000:02:00.1\n" BE "/dev-1 = 0000:02:00.1\n" BE             \
	"/vdev-1 = 0000:00:01.01\n" BE "/opts-1 = permissive=1\n" BE "/state-1 = 5\n" BE          \
	"/key-2 = 0001:03:1f.7\n" BE "/dev-2 = 0001:03:1f.7\n" BE "/vdevfn-2 = 28\n" BE           \
	"/name-2 = nic\n" BE "/state-2 = 1\n" FE "/backend = " BE "\n" FE "/state = 4\n" FE       \
	"/event-channel = 17\n"

static const struct xlpt_bdf A = { 0, 1, 0, 0 }, B = { 0, 2, 0, 1 }, C = { 1, 3, 0x1f, 7 };

static void test_words(void **state)
{
	(void)state;
	assert_string_equal(xlpt_xbs_word(XLPT_XBS_NONE), "absent");
	assert_string_equal(xlpt_xbs_word(XLPT_XBS_CONNECTED), "Connected");
	assert_string_equal(xlpt_xbs_word(XLPT_XBS_RECONFIGURED), "Reconfigured");
	assert_string_equal(xlpt_xbs_word(9), "unknown");
	assert_string_equal(xlpt_xbs_word(-2), "unknown");
}

static void test_read_nothing(void **state)
{
	struct world *w = *state;
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };

	assert_int_equal(xlpt_pcibe_read(w->s, 5, &be, NULL), 0);
	assert_false(be.exists);
	assert_false(be.consistent);
	assert_int_equal(be.domid, 5);
	assert_int_equal(be.be_state, XLPT_XBS_NONE);
	assert_int_equal(be.fe_state, XLPT_XBS_NONE);
	assert_int_equal(be.num_devs, -1);
}

static void test_read(void **state)
{
	struct world *w = *state;
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };
	const struct xlpt_pcidev *d;

	fake_store_load(w->f, THREE);
	fake_store_set(w->f, "22 Couldn't locate PCI device", ERR "/error");
	fake_store_inject_eagain(w->f, 2);
	assert_int_equal(xlpt_pcibe_read(w->s, 5, &be, NULL), 0);
	assert_true(be.exists);
	assert_true(be.consistent);
	assert_int_equal(be.be_state, XLPT_XBS_CONNECTED);
	assert_int_equal(be.fe_state, XLPT_XBS_CONNECTED);
	assert_int_equal(be.num_devs, 3);
	assert_int_equal(be.evtchn, 17);
	assert_string_equal(be.error, "22 Couldn't locate PCI device");
	assert_int_equal(be.n, 3);
	d = xlpt_pcibe_find(&be, B);
	assert_non_null(d);
	assert_int_equal(d->index, 1);
	assert_int_equal(d->state, XLPT_XBS_CLOSING);
	assert_true(d->vdev_ok);
	assert_int_equal(xlpt_bdf_cmp(d->vdev, (struct xlpt_bdf){ 0, 0, 1, 1 }), 0);
	assert_int_equal(d->vdevfn, -1);
	assert_string_equal(d->opts, "permissive=1");
	d = xlpt_pcibe_find(&be, C);
	assert_non_null(d);
	assert_false(d->vdev_ok);
	assert_int_equal(d->vdevfn, 0x28);
	assert_null(d->opts);
	assert_null(xlpt_pcibe_find(&be, (struct xlpt_bdf){ 0, 0, 0, 0 }));
}

static void test_read_fails(void **state)
{
	struct world *w = *state;
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	struct xlpt_pcibe be;

	fake_store_load(w->f, THREE);
	for (unsigned nth = 1; nth <= 17; nth++) {
		fake_store_fail(w->f, FAKE_STORE_READ, nth, EIO);
		assert_int_equal(xlpt_pcibe_read(w->s, 5, &be, &diag), XLPT_ERR_IO);
		assert_int_equal(diag.sys_errno, EIO);
		assert_int_equal(be.n, 0);
		assert_int_equal(fake_store_transactions(w->f), 0);
	}
	fake_store_inject_eagain(w->f, 100000);
	assert_int_equal(xlpt_pcibe_read(w->s, 5, &be, &diag), XLPT_ERR_IO);
	fake_store_inject_eagain(w->f, 0);
}

/* The address that a node's text must not be taken for. */
static void test_hostile_addresses(void **state)
{
	/* clang-format off */
	static const char *const bad[] = {
		"", "x", "0000:01:00", "01:00.0", "0000:01:00.0 ", " 0000:01:00.0", "0000:01:20.0",
		"0000:01:00.8", "0000:01:00.00", "10000:01:00.0", "000:01:00.0", "0000:1:00.0",
		"0000-01-00-0", "pci_0000_01_00_0", "(0000:01:00.0)", "0000:01:00.0,0000:02:00.0",
		"%s%s%s%n", "0x00:01:00.0", "-000:01:00.0", "0000:01:00.*", "\xff\xfe:\x01.0",
	};
	/* clang-format on */
	struct world *w = *state;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(bad); i++) {
		_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };

		fake_store_set(w->f, "1", BE "/num_devs");
		fake_store_set(w->f, bad[i], BE "/dev-0");
		/* vdev-N has a function of two digits, dev-N of one; neither reads the other's. */
		fake_store_set(w->f, *bad[i] && strlen(bad[i]) == 13 ? "0000:00:00.0" : bad[i],
			       BE "/vdev-0");
		assert_int_equal(xlpt_pcibe_read(w->s, 5, &be, NULL), 0);
		assert_int_equal(be.n, 1);
		assert_true(be.devs[0].has_dev);
		assert_false(be.devs[0].dev_ok);
		assert_false(be.devs[0].vdev_ok);
		assert_false(be.consistent);
		assert_null(xlpt_pcibe_find(&be, (struct xlpt_bdf){ 0 }));
	}
}

static void test_hostile_numbers(void **state)
{
	/* clang-format off */
	static const char *const bad[] = {
		"", " 4", "4 ", "+4", "-1", "9", "04294967300", "4.0", "0x4", "\0014", "four",
		"99999999999999999999999999",
	};
	/* clang-format on */
	struct world *w = *state;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(bad); i++) {
		_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };

		fake_store_set(w->f, bad[i], FE "/state");
		fake_store_set(w->f, bad[i], BE "/state");
		fake_store_set(w->f, bad[i], BE "/state-0");
		assert_int_equal(xlpt_pcibe_read(w->s, 5, &be, NULL), 0);
		assert_int_equal(be.fe_state, XLPT_XBS_UNKNOWN);
		assert_int_equal(be.be_state, XLPT_XBS_UNKNOWN);
		assert_int_equal(be.devs[0].state, XLPT_XBS_UNKNOWN);
	}
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(bad); i++) {
		_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };

		if (strcmp(bad[i], "9") == 0)
			continue;
		fake_store_set(w->f, bad[i], BE "/num_devs");
		fake_store_set(w->f, bad[i], FE "/event-channel");
		fake_store_set(w->f, bad[i], BE "/vdevfn-0");
		assert_int_equal(xlpt_pcibe_read(w->s, 5, &be, NULL), 0);
		assert_int_equal(be.num_devs, -1);
		assert_int_equal(be.evtchn, 0);
		assert_int_equal(be.devs[0].vdevfn, -1);
	}
}

/* Names below the backend that are not one of ours, or not spelt as libxl spells them. */
static void test_hostile_names(void **state)
{
	/* clang-format off */
	static const char *const names[] = {
		"dev-", "dev--1", "dev-00", "dev-01", "dev-1x", "dev-1024", "dev-4294967296", "dev",
		"-1", "devx-1", "vdev-99999999999999999999", "root-0", "dev- 1", "dev-0x1",
	};
	/* clang-format on */
	struct world *w = *state;
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(names); i++)
		fake_store_set(w->f, "0000:01:00.0", BE "/%s", names[i]);
	assert_int_equal(xlpt_pcibe_read(w->s, 5, &be, NULL), 0);
	assert_int_equal(be.n, 0);
}

/* The frontend's "magic" comes back in the error text, terminal escapes and all. */
static void test_hostile_error_text(void **state)
{
	struct world *w = *state;
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };
	char *text = xlpt_xcalloc(1, 5001);

	memset(text, 'A', 5000);
	memcpy(text, "14 \x1b[2J\n\x80%n", 11);
	fake_store_load(w->f, THREE);
	fake_store_set(w->f, text, ERR "/error");
	fake_store_set(w->f, "a\tb\x7f", BE "/opts-0");
	free(text);
	assert_int_equal(xlpt_pcibe_read(w->s, 5, &be, NULL), 0);
	assert_int_equal(strncmp(be.error, "14 ?[2J??%nAAA", 14), 0);
	assert_true(strlen(be.error) < 1000);
	assert_string_equal(be.devs[0].opts, "a?b?");
}

/* Any text anywhere: what comes out stays inside its bounds. */
static void test_random_text(void **state)
{
	static const char alphabet[] = "0123456789abcdef:.-x\x01\xff 74";
	/* clang-format off */
	static const char *const nodes[] = {
		BE "/num_devs", BE "/state", BE "/dev-0", BE "/dev-1", BE "/vdev-0", BE "/state-1",
		BE "/vdevfn-1", BE "/opts-7", FE "/state", FE "/event-channel", ERR "/error",
	};
	/* clang-format on */
	struct world *w = *state;
	uint32_t seed = 12345;

	for (int round = 0; round < 2000; round++) {
		_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };
		char text[20];
		size_t len;

		seed = seed * 1664525 + 1013904223;
		len = (seed >> 8) % sizeof(text);
		for (size_t i = 0; i < len; i++) {
			seed = seed * 1664525 + 1013904223;
			text[i] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
		}
		text[len] = '\0';
		fake_store_set(w->f, text, "%s", nodes[(seed >> 4) % XLPT_ARRAY_SIZE(nodes)]);
		assert_int_equal(xlpt_pcibe_read(w->s, 5, &be, NULL), 0);
		assert_in_range(be.be_state + 1, 0, 9);
		assert_in_range(be.fe_state + 1, 0, 9);
		assert_in_range(be.num_devs + 1, 0, 1025);
		assert_true(be.n <= 3);
		for (size_t i = 0; i < be.n; i++)
			assert_true(!be.devs[i].dev_ok || be.devs[i].bdf.func <= 7);
		xlpt_pcibe_drop(w->s, 5, A, XLPT_XBS_NONE, NULL);
	}
}

static void test_inconsistent(void **state)
{
	struct world *w = *state;
	static const struct {
		const char *value, *node;
	} cases[] = {
		{ "2", "num_devs" }, { "4", "num_devs" }, { NULL, "num_devs" },
		{ NULL, "dev-1" },   { "junk", "dev-2" }, { "0", "state-7" },
	};

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };

		fake_store_set(w->f, NULL, BE);
		fake_store_load(w->f, THREE);
		fake_store_set(w->f, cases[i].value, BE "/%s", cases[i].node);
		assert_int_equal(xlpt_pcibe_read(w->s, 5, &be, NULL), 0);
		assert_false(be.consistent);
	}
}

/* As many good devices as num_devs says, but not at the indices libxl will look at. */
static void test_inconsistent_gap(void **state)
{
	struct world *w = *state;
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };

	fake_store_load(w->f, BE "/num_devs = 2\n" BE "/dev-0 = 0000:01:00.0\n" BE
				 "/dev-2 = 0000:02:00.1\n");
	assert_int_equal(xlpt_pcibe_read(w->s, 5, &be, NULL), 0);
	assert_int_equal(be.n, 2);
	assert_int_equal(xlpt_pcibe_find(&be, B)->index, 2);
	assert_false(be.consistent);
}

static void test_domids_and_owner(void **state)
{
	struct world *w = *state;
	_cleanup_free_ uint32_t *ids = NULL;
	uint32_t domid = 77;
	size_t n = 9;

	assert_int_equal(xlpt_pcibe_domids(w->s, &ids, &n, NULL), 0);
	assert_int_equal(n, 0);
	assert_int_equal(xlpt_pcibe_owner(w->s, A, &domid, NULL), 0);
	fake_store_load(w->f, THREE "/local/domain/0/backend/pci/12/0/dev-0 = 0000:0a:00.0\n"
				    "/local/domain/0/backend/pci/3/0/dev-0 = junk\n"
				    "/local/domain/0/backend/pci/4 =\n"
				    "/local/domain/0/backend/pci/99999/0/dev-0 = 0000:0a:00.0\n"
				    "/local/domain/0/backend/pci/-1/0/dev-0 = 0000:0a:00.0\n");
	free(ids);
	assert_int_equal(xlpt_pcibe_domids(w->s, &ids, &n, NULL), 0);
	assert_int_equal(n, 3);
	assert_int_equal(ids[0], 3);
	assert_int_equal(ids[1], 5);
	assert_int_equal(ids[2], 12);
	assert_int_equal(xlpt_pcibe_owner(w->s, C, &domid, NULL), 1);
	assert_int_equal(domid, 5);
	assert_int_equal(xlpt_pcibe_owner(w->s, (struct xlpt_bdf){ 0, 10, 0, 0 }, &domid, NULL), 1);
	assert_int_equal(domid, 12);
	assert_int_equal(xlpt_pcibe_owner(w->s, (struct xlpt_bdf){ 0, 9, 0, 0 }, &domid, NULL), 0);
	fake_store_fail(w->f, FAKE_STORE_LIST, 1, EIO);
	assert_int_equal(xlpt_pcibe_owner(w->s, A, &domid, NULL), XLPT_ERR_IO);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words), T(test_read_nothing),	 T(test_read),
		T(test_read_fails),	      T(test_hostile_addresses), T(test_hostile_numbers),
		T(test_hostile_names),	      T(test_hostile_error_text), T(test_random_text),
		T(test_inconsistent),	      T(test_inconsistent_gap),	 T(test_domids_and_owner),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
