/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pciback/isolate/place.h"

#include <string.h>

#define NONE SIZE_MAX

size_t xlpt_sets_index(const struct xlpt_devices *devs, struct xlpt_bdf bdf)
{
	const struct xlpt_device *d = xlpt_devices_find(devs, bdf);

	return d ? (size_t)(d - devs->items) : NONE;
}

static bool is_bridge(const struct xlpt_device *d)
{
	return d->header == XLPT_HEADER_BRIDGE || d->header == XLPT_HEADER_CARDBUS;
}

/*
 * A tree that was copied without its links: the bridges' bus numbers say it, too. Virtual
 * functions may be on a bus that no bridge begins: the innermost that has it leads there.
 */
static size_t parent_by_bus(const struct xlpt_devices *devs, const struct xlpt_device *d)
{
	size_t best = NONE;

	for (size_t i = 0; d->bdf.bus && i < devs->n; i++) {
		const struct xlpt_device *b = &devs->items[i];

		if (!is_bridge(b) || b == d || b->bdf.seg != d->bdf.seg || !b->secondary_bus ||
		    d->bdf.bus < b->secondary_bus ||
		    (d->bdf.bus > b->subordinate_bus && d->bdf.bus != b->secondary_bus))
			continue;
		if (best == NONE || b->secondary_bus > devs->items[best].secondary_bus)
			best = i;
	}
	return best;
}

/*
 * The nearest function above d that is listed, by the components of its path, or NONE; *gap: the
 * first one below that, if it is not d. Where the path is not known, the parent is all there is.
 */
static size_t nearest(const struct xlpt_devices *devs, const struct xlpt_device *d,
		      struct xlpt_bdf *gap)
{
	_cleanup_free_ char *path = d->sysfs_path ? xlpt_xstrdup(d->sysfs_path) : NULL;
	bool in_gap = false;
	size_t above = NONE;
	char *save = NULL;

	*gap = d->has_parent ? d->parent : d->carrier;
	for (char *part = path ? strtok_r(path, "/", &save) : NULL; part;
	     part = strtok_r(NULL, "/", &save)) {
		struct xlpt_bdf bdf;
		size_t i;

		if (!xlpt_bdf_from_sysfs_name(part, &bdf) || xlpt_bdf_eq(bdf, d->bdf))
			continue;
		i = xlpt_sets_index(devs, bdf);
		if (i != NONE)
			above = i;
		else if (!in_gap)
			*gap = bdf;
		in_gap = i == NONE;
	}
	return above;
}

size_t xlpt_sets_parent(const struct xlpt_devices *devs, size_t i)
{
	const struct xlpt_device *d = &devs->items[i];
	struct xlpt_bdf gap;
	size_t p;

	if (!d->place_known)
		return parent_by_bus(devs, d);
	if (!d->has_parent && !d->has_carrier)
		return NONE;
	p = xlpt_sets_index(devs, d->has_parent ? d->parent : d->carrier);
	if (p == NONE)
		p = nearest(devs, d, &gap);
	return p == i ? NONE : p;
}

bool xlpt_sets_unlisted(const struct xlpt_devices *devs, size_t i, struct xlpt_bdf *bridge)
{
	const struct xlpt_device *d = &devs->items[i];

	if (!d->place_known)
		return false;
	/* All of its domain uses this one's requester id, whatever is between. */
	if (d->has_carrier && xlpt_sets_index(devs, d->carrier) == NONE) {
		*bridge = d->carrier;
		return true;
	}
	if (!d->has_parent || xlpt_sets_index(devs, d->parent) != NONE)
		return false;
	nearest(devs, d, bridge);
	return true;
}

size_t xlpt_sets_blind(const struct xlpt_devices *devs, size_t from)
{
	for (size_t i = from; i < devs->n; i++)
		if (is_bridge(&devs->items[i]) && devs->items[i].no_header &&
		    !devs->items[i].place_known)
			return i;
	return NONE;
}

bool xlpt_sets_nowhere(const struct xlpt_devices *devs, size_t i)
{
	const struct xlpt_device *d = &devs->items[i];
	size_t p;

	if (d->place_known || !d->bdf.bus)
		return false;
	p = parent_by_bus(devs, d);
	return p == NONE || devs->items[p].secondary_bus != d->bdf.bus;
}

size_t xlpt_sets_alias_mate(const struct xlpt_devices *devs, size_t i)
{
	const struct xlpt_device *d = &devs->items[i];
	size_t has;

	if (!d->has_alias)
		return NONE;
	has = xlpt_sets_index(devs, d->alias);
	for (size_t k = 0; has == NONE && k < i; k++)
		if (devs->items[k].has_alias && xlpt_bdf_eq(devs->items[k].alias, d->alias))
			return k;
	return has;
}
