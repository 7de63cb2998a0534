/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Time, so that tests can move it. Milliseconds of CLOCK_BOOTTIME: it goes on
 * while the host sleeps and is not set back by a clock step.
 */
#ifndef XLPT_CORE_CLOCK_H
#define XLPT_CORE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct xlpt_clock {
	int64_t (*now_ms)(struct xlpt_clock *c);
	void (*sleep_ms)(struct xlpt_clock *c, int64_t ms); /* only between two looks at a fact */
	int64_t (*wall_s)(
		struct xlpt_clock *c); /* seconds since 1970, for people and for other boots */
	void *priv;
};

extern struct xlpt_clock xlpt_clock_real;

/*
 * Locks fd whole and alone (flock(2)), which has no time-out of its own: it is tried
 * again until the deadline, a time of c, and the less often the longer it has waited,
 * so that many who wait leave the processor to the one who works. One in the past, 0
 * for instance, tries once. stop, NULL when nothing may stop it, is looked at between.
 * Returns 0, -EWOULDBLOCK at the deadline, -EINTR once *stop is set, or what flock said.
 */
int xlpt_clock_flock(struct xlpt_clock *c, int fd, int64_t deadline, const volatile int *stop);

/* flock(2) once; shared: with others who only look. 0, -EWOULDBLOCK, or what flock said. */
int xlpt_flock_now(int fd, bool shared);

static inline int64_t xlpt_now(struct xlpt_clock *c)
{
	return c->now_ms(c);
}

static inline int64_t xlpt_wall_s(struct xlpt_clock *c)
{
	return c->wall_s(c);
}

#endif
