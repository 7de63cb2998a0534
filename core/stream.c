/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a stream with a limit and a deadline. */
#include "core/stream.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/stop.h"

#define SLICE_MS 250

/* How long the next look may last; negative: it is over, and err says why. */
static int64_t slice(struct xlpt_stream *s)
{
	int64_t left = s->deadline ? s->deadline - xlpt_now(&xlpt_clock_real) : SLICE_MS;

	if (xlpt_interrupted)
		s->err = -EINTR;
	else if (left <= 0)
		s->err = -ETIMEDOUT;
	else if (s->got > s->max)
		s->err = -EFBIG;
	return s->err ? -1 : left < SLICE_MS ? left : SLICE_MS;
}

size_t xlpt_stream_read(struct xlpt_stream *s, void *buf, size_t n)
{
	struct pollfd p = { .fd = s->fd, .events = POLLIN };
	ssize_t r;

	while (!s->err) {
		/* In slices, because the time that a suspended host sleeps counts as well. */
		int64_t ms = slice(s);

		if (ms < 0 || poll(&p, 1, (int)ms) <= 0)
			continue;
		r = read(s->fd, buf, n);
		if (r > 0)
			s->got += (uint64_t)r;
		if (r >= 0)
			return (size_t)r;
		if (errno != EINTR && errno != EAGAIN)
			s->err = -errno;
	}
	return 0;
}
