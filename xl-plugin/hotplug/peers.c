/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Warns of used devices that an item reaches, or is reached by, in a switch, although they are in another set. */
#include "core/policy-together.h"
#include "pciback/isolate/isolate.h"
#include "xl-plugin/hotplug/operation.h"

/* The peers of one item in one direction, as far as they were not told of yet. */
struct peers {
	struct xlpt_place *places;
	struct xlpt_set_mate *mates;
	size_t n, port;
};

static void peers_dispose(struct peers *p)
{
	for (size_t i = 0; i < p->n; i++)
		xlpt_place_dispose(&p->places[i]);
	free(p->places);
	free(p->mates);
}

static bool is_item(const struct xlpt_op *op, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < op->n; i++)
		if (xlpt_bdf_eq(op->items[i].spec.bdf, bdf))
			return true;
	return false;
}

/* Of those that reach the item only a guest's counts: dom0 knows where the registers are. */
static void add_peer(struct xlpt_op *op, struct peers *p, const struct xlpt_device *dev,
		     size_t port, bool to)
{
	struct xlpt_place *place = &p->places[p->n];
	struct xlpt_set_mate mate = { .device = dev, .place = place };

	if (xlpt_place_read(op->env, dev, &op->owners, &op->needs, place, NULL))
		return;
	if (!to && !xlpt_mate_of_guest(&mate)) {
		xlpt_place_dispose(place);
		return;
	}
	p->mates[p->n++] = mate;
	p->port = port;
}

/* Of whom was told, by the direction. A peer that reaches an item is told only where no item reaches it. */
struct told {
	bool *to, *from;
};

/* Asks the policy about the peers of item a: those that it reaches, or (!to) those that reach it. */
static void warn_item(struct xlpt_op *op, size_t a, const struct xlpt_sets *sets,
		      const struct told *told, bool to)
{
	const struct xlpt_devices *devs = &op->bus;
	const struct xlpt_device *dev = &devs->items[a];
	XLPT_CLEANUP(peers_dispose)
	struct peers p = {
		.places = xlpt_xcalloc(devs->n + 1, sizeof(*p.places)),
		.mates = xlpt_xcalloc(devs->n + 1, sizeof(*p.mates)),
	};
	_cleanup_diag_ struct xlpt_diag warning = { 0 };

	for (size_t k = 0; k < devs->n; k++) {
		const struct xlpt_device *other = &devs->items[k];
		size_t port;

		/* What is in one set was judged (split.c). */
		if (told->to[k] || (!to && told->from[k]) || sets->of[k] == sets->of[a] ||
		    xlpt_set_ignores(other) || is_item(op, other->bdf))
			continue;
		port = to ? xlpt_switch_turns(devs, a, k) : xlpt_switch_turns(devs, k, a);
		if (port == SIZE_MAX)
			continue;
		(to ? told->to : told->from)[k] = true;
		add_peer(op, &p, other, port, to);
	}
	if (p.n && (to ? xlpt_policy_switch : xlpt_policy_switch_from)(
			   dev, &op->guest, p.mates, p.n, devs->items[p.port].bdf,
			   xlpt_acs_word(&devs->items[p.port]), &warning))
		xlpt_op_warn(op, &warning);
}

void xlpt_op_warn_peers(struct xlpt_op *op)
{
	_cleanup_sets_ struct xlpt_sets sets = { 0 };
	_cleanup_free_ bool *to = NULL, *from = NULL;

	if (xlpt_op_bus(op, NULL))
		return;
	xlpt_sets_make(&op->bus, &sets);
	to = xlpt_xcalloc(op->bus.n + 1, sizeof(*to));
	from = xlpt_xcalloc(op->bus.n + 1, sizeof(*from));
	for (size_t i = 0; i < op->n; i++) {
		const struct xlpt_device *dev = xlpt_devices_find(&op->bus, op->items[i].spec.bdf);
		size_t a = dev ? (size_t)(dev - op->bus.items) : op->bus.n;

		xlpt_op_point(op, "switch", &op->items[i]);
		if (!dev)
			continue;
		warn_item(op, a, &sets, &(struct told){ to, from }, true);
		warn_item(op, a, &sets, &(struct told){ to, from }, false);
	}
}
