/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests of xenstore/ alone: a fake store and its clock; include cmocka.h before. */
#ifndef XLPT_TESTS_UNIT_STORES_H
#define XLPT_TESTS_UNIT_STORES_H

#include "tests/fake/store.h"

struct world {
	struct fake_clock clock;
	struct fake_store *f;
	struct xlpt_store *s;
};

static inline int setup(void **state)
{
	struct world *w = xlpt_xcalloc(1, sizeof(*w));

	fake_clock_init(&w->clock);
	w->f = fake_store_new(&w->clock);
	w->s = fake_store_get(w->f);
	*state = w;
	return 0;
}

/* No transaction is left open, whatever the test did. */
static inline int teardown(void **state)
{
	struct world *w = *state;

	assert_int_equal(fake_store_transactions(w->f), 0);
	fake_store_free(w->f);
	fake_clock_dispose(&w->clock);
	free(w);
	return 0;
}

#endif
