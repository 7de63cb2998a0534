/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/clock.h"

#include <errno.h>
#include <sys/file.h>
#include <time.h>

#define NAP_MAX_MS 320

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

static int64_t real_wall(struct xlpt_clock *c)
{
	(void)c;
	return (int64_t)time(NULL);
}

struct xlpt_clock xlpt_clock_real = { .now_ms = real_now,
				      .sleep_ms = real_sleep,
				      .wall_s = real_wall };

int xlpt_clock_flock(struct xlpt_clock *c, int fd, int64_t deadline, const volatile int *stop)
{
	int64_t start = xlpt_now(c);

	while (flock(fd, LOCK_EX | LOCK_NB)) {
		int64_t now = xlpt_now(c), nap = 1 + (now - start) / 8;

		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (stop && *stop)
			return -EINTR;
		if (now >= deadline)
			return -EWOULDBLOCK;
		if (nap > NAP_MAX_MS)
			nap = NAP_MAX_MS;
		c->sleep_ms(c, nap < deadline - now ? nap : deadline - now);
	}
	return 0;
}

int xlpt_flock_now(int fd, bool shared)
{
	return flock(fd, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) ? -errno : 0;
}
