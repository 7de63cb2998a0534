/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Time that moves when told, and what is to happen while it does. Both
 * sleep_ms and the fake store's wait move it, timer by timer in the order they
 * are due (those due at once in the order they were set), so a test with actors
 * always runs the same way.
 */
#ifndef XLPT_TESTS_FAKE_CLOCK_H
#define XLPT_TESTS_FAKE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "core/clock.h"

struct fake_timer {
	int64_t due;
	uint64_t seq;
	void (*fn)(void *arg);
	void *arg;
};

struct fake_clock {
	struct xlpt_clock clock; /* hand this to the code under test */
	int64_t now;
	uint64_t seq;
	struct fake_timer *timers;
	size_t n, alloc;
};

void fake_clock_init(struct fake_clock *c); /* starts at 1000 ms, so that 0 is "never" */
void fake_clock_dispose(struct fake_clock *c);
void fake_clock_in(struct fake_clock *c, int64_t ms, void (*fn)(void *arg), void *arg);
void fake_clock_cancel(struct fake_clock *c, void *arg); /* all timers with this arg */
/* Moves to `until`, running what is due; with stop, only until *stop becomes true. */
void fake_clock_run(struct fake_clock *c, int64_t until, const bool *stop);

#endif
