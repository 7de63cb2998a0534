/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Time, so that tests can move it. Milliseconds of CLOCK_BOOTTIME: it goes on
 * while the host sleeps and is not set back by a clock step.
 */
#ifndef XLPT_CORE_CLOCK_H
#define XLPT_CORE_CLOCK_H

#include <stdint.h>

struct xlpt_clock {
	int64_t (*now_ms)(struct xlpt_clock *c);
	void (*sleep_ms)(struct xlpt_clock *c, int64_t ms);	/* only between two looks at a fact */
	void *priv;
};

extern struct xlpt_clock xlpt_clock_real;

static inline int64_t xlpt_now(struct xlpt_clock *c)
{
	return c->now_ms(c);
}

#endif
