/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* core/pool: which VF is given out next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "core/pool.h"

/* "PF.VF@NODE" words; '-' in front of one that is taken. */
static void fill(struct xlpt_pool_vfs *vfs, const char *text)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(text);
	char *save = NULL;

	*vfs = (struct xlpt_pool_vfs){ 0 };
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		bool taken = *w == '-';
		unsigned pf, nr;
		int node;
		struct xlpt_pool_vf *vf;

		assert_int_equal(sscanf(w + taken, "%u.%u@%d", &pf, &nr, &node), 3);
		vf = xlpt_pool_vfs_add(
			vfs,
			(struct xlpt_bdf){ .bus = (uint8_t)pf, .dev = 0x10, .func = (uint8_t)nr });
		assert_non_null(vf);
		vf->has_pf = true;
		vf->pf = (struct xlpt_bdf){ .bus = (uint8_t)pf };
		vf->numa_node = node;
		if (taken)
			xlpt_pool_vf_take(vf, XLPT_VF_LEASED, xlpt_xstrdup("somebody"));
	}
}

static void test_choice(void **state)
{
	static const struct {
		const char *vfs;
		enum xlpt_pool_policy policy;
		xlpt_nodes nodes;
		int want;
		bool remote;
	} cases[] = {
		{ "", XLPT_POOL_FIRST, 0, -1, false },
		{ "-1.0@0 -1.1@0", XLPT_POOL_FIRST, 0, -1, false },
		{ "-1.0@0 -1.1@0", XLPT_POOL_SPREAD, 0, -1, false },
		{ "-1.0@0 -1.1@0", XLPT_POOL_NUMA, 1, -1, false },
		/* The pool's order, not the addresses'. */
		{ "2.0@0 1.0@0", XLPT_POOL_FIRST, 0, 0, false },
		{ "-1.0@0 1.1@0 2.0@0", XLPT_POOL_FIRST, 0, 1, false },
		{ "-1.0@0 1.1@0 2.0@0 2.1@0", XLPT_POOL_SPREAD, 0, 2, false },
		{ "-1.0@0 1.1@0 -2.0@0 2.1@0", XLPT_POOL_SPREAD, 0, 1, false },
		{ "-1.0@0 -1.1@0 1.2@0 -2.0@0 -2.1@0", XLPT_POOL_SPREAD, 0, 2, false },
		{ "1.0@0 1.1@1", XLPT_POOL_NUMA, 2, 1, false },
		{ "1.0@0 1.1@-1", XLPT_POOL_NUMA, 2, 1, false },
		{ "1.0@0 -1.1@1", XLPT_POOL_NUMA, 2, 0, true },
		{ "1.0@0 1.1@1", XLPT_POOL_NUMA, 3, 0, false },
		{ "1.0@0 1.1@1", XLPT_POOL_NUMA, 0, 0, false },
		{ "1.0@64 1.1@63", XLPT_POOL_NUMA, 1ull << 63, 1, false },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_pool_vfs_ struct xlpt_pool_vfs vfs;
		bool remote = false;
		int got;

		fill(&vfs, cases[i].vfs);
		got = xlpt_pool_choose(&vfs, cases[i].policy, cases[i].nodes, &remote);
		if (got != cases[i].want || remote != cases[i].remote)
			fail_msg("case %zu (%s): chose %d, remote %d", i, cases[i].vfs, got,
				 remote);
	}
}

/* Taking one after the other: all are given out, none twice; spread keeps the PFs level. */
static void test_drain(void **state)
{
	_cleanup_pool_vfs_ struct xlpt_pool_vfs vfs;
	size_t taken[4] = { 0 };

	(void)state;
	fill(&vfs, "1.0@0 1.1@0 1.2@0 2.0@0 2.1@0 2.2@0 3.0@1 3.1@1 3.2@1");
	for (size_t n = 9; n; n--) {
		int i = xlpt_pool_choose(&vfs, XLPT_POOL_SPREAD, 0, NULL);

		assert_int_equal(xlpt_pool_vfs_free(&vfs), n);
		assert_true(i >= 0);
		assert_int_equal(vfs.items[i].state, XLPT_VF_FREE);
		xlpt_pool_vf_take(&vfs.items[i], XLPT_VF_LEASED, NULL);
		taken[vfs.items[i].bdf.bus]++;
		for (size_t a = 1; a < 4; a++)
			for (size_t b = 1; b < 4; b++)
				assert_true(taken[a] <= taken[b] + 1);
	}
	assert_int_equal(xlpt_pool_choose(&vfs, XLPT_POOL_SPREAD, 0, NULL), -1);
}

static void test_twice(void **state)
{
	_cleanup_pool_vfs_ struct xlpt_pool_vfs vfs = { 0 };
	struct xlpt_bdf bdf = { .bus = 1 };

	(void)state;
	assert_non_null(xlpt_pool_vfs_add(&vfs, bdf));
	assert_null(xlpt_pool_vfs_add(&vfs, bdf));
	assert_int_equal(vfs.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
