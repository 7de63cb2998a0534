/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is different between two states, as events. */
#include <string.h>

#include "xl-plugin/monitor/monitor.h"

const char *xlpt_event_word(enum xlpt_event_kind kind)
{
	static const char *const words[] = { "detached", "returned", "unhidden", "lost",
					     "hidden",	 "leased",   "attached", "guest-gone" };

	return words[kind];
}

struct diff {
	const struct xlpt_seen *before, *now;
	void (*tell)(void *ctx, const struct xlpt_event *event);
	void *ctx;
};

static void tell(const struct diff *d, enum xlpt_event_kind kind,
		 const struct xlpt_seen_device *dev)
{
	d->tell(d->ctx, &(struct xlpt_event){ .kind = kind, .dev = dev });
}

static bool same_owner(const struct xlpt_seen_device *a, const struct xlpt_seen_device *b)
{
	return a && b && a->attached && b->attached && a->domid == b->domid;
}

static void detached(const struct diff *d)
{
	for (size_t i = 0; i < d->before->n_devs; i++) {
		const struct xlpt_seen_device *was = &d->before->devs[i];

		if (was->attached && !same_owner(was, xlpt_seen_find(d->now, was->bdf)))
			tell(d, XLPT_EVENT_DETACHED, was);
	}
}

/* xlpt_seen_read tells of each device that was hidden. */
static void let_go(const struct diff *d, enum xlpt_event_kind kind)
{
	for (size_t i = 0; i < d->now->n_devs; i++) {
		const struct xlpt_seen_device *is = &d->now->devs[i],
					      *was = xlpt_seen_find(d->before, is->bdf);
		bool lost = is->absent || is->attached;

		if (was && was->hidden && !is->hidden && lost == (kind == XLPT_EVENT_LOST))
			tell(d, kind, is);
	}
}

static void given(const struct diff *d, enum xlpt_event_kind kind)
{
	for (size_t i = 0; i < d->now->n_devs; i++) {
		const struct xlpt_seen_device *is = &d->now->devs[i],
					      *was = xlpt_seen_find(d->before, is->bdf);

		if (kind == XLPT_EVENT_HIDDEN ? is->hidden && !(was && was->hidden)
					      : is->attached && !same_owner(was, is))
			tell(d, kind, is);
	}
}

/* A guest that restarts keeps its lease and gets another number. */
static bool same_lease(const struct xlpt_lease *a, const struct xlpt_lease *b)
{
	return xlpt_bdf_eq(a->bdf, b->bdf) && !strcmp(a->pool, b->pool) &&
	       !strcmp(a->uuid, b->uuid);
}

static void leases(const struct diff *d, enum xlpt_event_kind kind)
{
	bool back = kind == XLPT_EVENT_RETURNED;
	const struct xlpt_seen *all = back ? d->before : d->now,
			       *others = back ? d->now : d->before;
	size_t k = 0;

	for (size_t i = 0; i < all->n_leases; i++) {
		const struct xlpt_lease *l = &all->leases[i];

		while (k < others->n_leases && xlpt_bdf_cmp(others->leases[k].bdf, l->bdf) < 0)
			k++;
		if (k == others->n_leases || !same_lease(&others->leases[k], l))
			d->tell(d->ctx, &(struct xlpt_event){ .kind = kind, .lease = l });
	}
}

static void gone(const struct diff *d)
{
	for (size_t i = 0; i < d->before->n_guests; i++) {
		const struct xlpt_seen_guest *g = &d->before->guests[i];
		bool there = false;

		for (size_t k = 0; k < d->now->n_guests; k++)
			there |= d->now->guests[k].domid == g->domid;
		if (!there)
			d->tell(d->ctx,
				&(struct xlpt_event){ .kind = XLPT_EVENT_GUEST_GONE, .guest = g });
	}
}

void xlpt_seen_diff(const struct xlpt_seen *before, const struct xlpt_seen *now,
		    void (*fn)(void *ctx, const struct xlpt_event *event), void *ctx)
{
	const struct diff d = { before, now, fn, ctx };

	detached(&d);
	leases(&d, XLPT_EVENT_RETURNED);
	let_go(&d, XLPT_EVENT_UNHIDDEN);
	let_go(&d, XLPT_EVENT_LOST);
	given(&d, XLPT_EVENT_HIDDEN);
	leases(&d, XLPT_EVENT_LEASED);
	given(&d, XLPT_EVENT_ATTACHED);
	gone(&d);
}
