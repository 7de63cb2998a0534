/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fake/clock.h"

#include <string.h>

#include "core/util.h"

static int64_t fake_now(struct xlpt_clock *c)
{
	return ((struct fake_clock *)c->priv)->now;
}

static void fake_sleep(struct xlpt_clock *c, int64_t ms)
{
	struct fake_clock *f = c->priv;

	fake_clock_run(f, f->now + ms, NULL);
}

static int64_t fake_wall(struct xlpt_clock *c)
{
	return fake_now(c) / 1000;
}

void fake_clock_init(struct fake_clock *c)
{
	memset(c, 0, sizeof(*c));
	c->now = 1000;
	c->clock = (struct xlpt_clock){
		.now_ms = fake_now, .sleep_ms = fake_sleep, .wall_s = fake_wall, .priv = c
	};
}

void fake_clock_dispose(struct fake_clock *c)
{
	free(c->timers);
	memset(c, 0, sizeof(*c));
}

void fake_clock_in(struct fake_clock *c, int64_t ms, void (*fn)(void *arg), void *arg)
{
	XLPT_GROW(c->timers, c->n, c->alloc);
	c->timers[c->n++] = (struct fake_timer){
		.due = c->now + ms,
		.seq = c->seq++,
		.fn = fn,
		.arg = arg,
	};
}

void fake_clock_cancel(struct fake_clock *c, void *arg)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->n; i++)
		if (c->timers[i].arg != arg)
			c->timers[kept++] = c->timers[i];
	c->n = kept;
}

/* The next timer that is due by `until`; taken off the list. */
static bool take_due(struct fake_clock *c, int64_t until, struct fake_timer *out)
{
	size_t best = c->n;

	for (size_t i = 0; i < c->n; i++) {
		const struct fake_timer *t = &c->timers[i], *b = &c->timers[best];

		if (t->due <= until &&
		    (best == c->n || t->due < b->due || (t->due == b->due && t->seq < b->seq)))
			best = i;
	}
	if (best == c->n)
		return false;
	*out = c->timers[best];
	c->timers[best] = c->timers[--c->n];
	return true;
}

void fake_clock_run(struct fake_clock *c, int64_t until, const bool *stop)
{
	struct fake_timer t;

	while (!(stop && *stop)) {
		if (!take_due(c, until, &t)) {
			if (until > c->now)
				c->now = until;
			return;
		}
		if (t.due > c->now)
			c->now = t.due;
		t.fn(t.arg);
	}
}
