/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hosts that contradict themselves in generated ways (tests/fake/broken.h): a dry run changes nothing,
 * after repair there is nothing left that repair would mend, and what was sound is as it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/fake/broken.h"

#define HOSTS 250

/* xorshift32: the same hosts at every run. */
static uint32_t next(uint32_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	*x ^= *x << 5;
	return *x;
}

static void test_generated(void **state)
{
	uint32_t x = 20240229;
	unsigned whole = 0, hosts = 0;

	(void)state;
	for (unsigned i = 0; i < HOSTS; i += world_stride(), hosts++) {
		uint8_t bytes[BROKEN_MAX * BROKEN_STEP];
		size_t n = (i % BROKEN_MAX + 1) * BROKEN_STEP;
		_cleanup_free_ char *sound = NULL, *before = NULL, *after = NULL;
		struct world *w = broken_world();

		sound = broken_sound(w);
		for (size_t k = 0; k < n; k++)
			bytes[k] = (uint8_t)(next(&x) >> 8);
		broken_break(w, bytes, n);
		before = w->snapshot(w);
		assert_int_equal(world_run(w, "repair --dry-run"), 0);
		after = w->snapshot(w);
		assert_string_equal(before, after);
		whole += broken_repair(w, sound) == 0;
		world_free(w);
	}
	/* A guest that is in the middle of something may keep its device; most do not. */
	assert_true(whole * 10 >= hosts * 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_generated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
