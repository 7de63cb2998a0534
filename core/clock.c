/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/clock.h"

#include <time.h>

static int64_t real_now(struct xlpt_clock *c)
{
	struct timespec ts;

	(void)c;
	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void real_sleep(struct xlpt_clock *c, int64_t ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	(void)c;
	nanosleep(&ts, NULL);
}

struct xlpt_clock xlpt_clock_real = { .now_ms = real_now, .sleep_ms = real_sleep };
