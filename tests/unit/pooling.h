/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests of pools and leases on the fake host of tests/fake/pools.h; after cmocka.h. */
#ifndef XLPT_TESTS_UNIT_POOLING_H
#define XLPT_TESTS_UNIT_POOLING_H

#include <string.h>

#include "tests/fake/pools.h"
#include "tests/unit/commands.h"

#define MAC "52:54:00:6d:90:02"

static inline int setup(void **state)
{
	*state = pools_world();
	return 0;
}

static inline void said(struct world *w, const char *text)
{
	if (!strstr(w->out, text) && !strstr(w->err, text))
		fail_msg("does not say \"%s\":\n%s%s", text, w->out, w->err);
}

static inline void free_is(struct world *w, int n)
{
	_cleanup_free_ char *want = xlpt_xasprintf("\"free\": %d,", n);

	ok(w, "pool show lan --json");
	said(w, want);
}

#endif
