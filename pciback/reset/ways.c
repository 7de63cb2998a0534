/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which ways there are to reset a function, and what else each would hit.
 */
#include <string.h>

#include "core/policy.h"
#include "pciback/device/quirks.h"
#include "pciback/reset/reset.h"

static const char *const words[XLPT_RESET_N] = {
	[XLPT_RESET_SPECIFIC] = "device_specific",
	[XLPT_RESET_ACPI] = "acpi",
	[XLPT_RESET_FLR] = "flr",
	[XLPT_RESET_AF_FLR] = "af_flr",
	[XLPT_RESET_PM] = "pm",
	[XLPT_RESET_BUS] = "bus",
	[XLPT_RESET_CXL_BUS] = "cxl_bus",
};

const char *xlpt_reset_word(enum xlpt_reset_how how)
{
	return words[how];
}

bool xlpt_reset_from_word(const char *word, size_t len, enum xlpt_reset_how *how)
{
	for (size_t i = 0; i < XLPT_RESET_N; i++)
		if (strlen(words[i]) == len && !memcmp(words[i], word, len)) {
			*how = (enum xlpt_reset_how)i;
			return true;
		}
	return false;
}

void xlpt_reset_ways_dispose(struct xlpt_reset_ways *ways)
{
	for (size_t i = 0; i < ways->n; i++) {
		free(ways->items[i].why_not);
		free(ways->items[i].mends);
		free(ways->items[i].also);
	}
	*ways = (struct xlpt_reset_ways){ 0 };
}

static void hit(struct xlpt_reset_way *way, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < way->n_also; i++)
		if (xlpt_bdf_eq(way->also[i], bdf))
			return;
	way->also = xlpt_xrealloc(way->also, way->n_also + 1, sizeof(*way->also));
	way->also[way->n_also++] = bdf;
}

/* A captured tree can name bridges in a circle: no path is longer than there are buses. */
static bool below(const struct xlpt_devices *all, const struct xlpt_device *d,
		  struct xlpt_bdf bridge)
{
	for (unsigned depth = 0; d && d->has_parent && depth < 256; depth++) {
		if (xlpt_bdf_eq(d->parent, bridge))
			return true;
		d = xlpt_devices_find(all, d->parent);
	}
	return false;
}

/* A reset of the physical function takes its virtual ones along (SR-IOV 1.1, 2.2.2). */
static void hit_vfs(const struct xlpt_devices *all, const struct xlpt_device *dev,
		    struct xlpt_reset_way *way)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->items[i].is_vf && xlpt_bdf_eq(all->items[i].pf, dev->bdf))
			hit(way, all->items[i].bdf);
}

static void hit_bus(const struct xlpt_devices *all, const struct xlpt_device *dev,
		    struct xlpt_reset_way *way)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct xlpt_device *d = &all->items[i];

		if (!xlpt_bdf_eq(d->bdf, dev->bdf) && d->header != XLPT_HEADER_BRIDGE &&
		    below(all, d, dev->parent))
			hit(way, d->bdf);
	}
}

/* pci_parent_bus_reset(): whoever else is on the bus, be it a bridge, forbids it. */
static const struct xlpt_device *neighbour(const struct xlpt_devices *all,
					   const struct xlpt_device *dev)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct xlpt_device *d = &all->items[i];

		if (!xlpt_bdf_eq(d->bdf, dev->bdf) && d->bdf.seg == dev->bdf.seg &&
		    d->bdf.bus == dev->bdf.bus)
			return d;
	}
	return NULL;
}

static char *no_bus_reset(const struct xlpt_devices *all, const struct xlpt_device *dev,
			  const struct xlpt_reset_way *way)
{
	const struct xlpt_device *other;
	_cleanup_free_ char *more = NULL;

	if (!dev->has_parent)
		return xlpt_xstrdup("it is on a root bus, which no bridge can reset");
	if (dev->header == XLPT_HEADER_BRIDGE)
		return xlpt_xstrdup("it is a bridge itself");
	other = neighbour(all, dev);
	if (!other)
		return NULL;
	more = way->n_also > 1 ? xlpt_xasprintf(" and %zu more", way->n_also - 1)
			       : xlpt_xstrdup("");
	return xlpt_xasprintf("it is not alone on its bus: bridge %s would reset %s%s, too",
			      XLPT_BDF_STR(dev->parent),
			      XLPT_BDF_STR(way->n_also ? way->also[0] : other->bdf), more);
}

/* ---- a bus with all that is on it ---- */

/* What is to be reset: dev, and the others with it. */
struct asked {
	const struct xlpt_devices *all;
	const struct xlpt_device *dev;
	const struct xlpt_bdf *with;
	size_t n;
};

static bool is_asked(const struct asked *a, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < a->n; i++)
		if (xlpt_bdf_eq(a->with[i], bdf))
			return true;
	return false;
}

/* pci_bus_resettable(): one that does not come back, or a bridge that cannot bring it back. */
static const struct xlpt_device *lost_by_it(const struct asked *a, const struct xlpt_device *bridge)
{
	if (xlpt_quirk_no_bus_reset(bridge))
		return bridge;
	for (size_t i = 0; i < a->all->n; i++)
		if (xlpt_quirk_no_bus_reset(&a->all->items[i]) &&
		    below(a->all, &a->all->items[i], bridge->bdf))
			return &a->all->items[i];
	return NULL;
}

/*
 * One whose configuration reads as ones: after the reset the kernel (pci_bus_save_and_disable_locked)
 * and xlpt would write these ones back.
 */
static const struct xlpt_device *silent_on_it(const struct asked *a,
					      const struct xlpt_device *bridge)
{
	for (size_t i = 0; i < a->all->n; i++)
		if (a->all->items[i].no_answer && below(a->all, &a->all->items[i], bridge->bdf))
			return &a->all->items[i];
	return NULL;
}

/* What xlpt cannot give its configuration back, and the kernel can. */
static char *too_much(const struct asked *a, const struct xlpt_device *bridge)
{
	for (size_t i = 0; i < a->all->n; i++) {
		const struct xlpt_device *d = &a->all->items[i];

		if (!below(a->all, d, bridge->bdf))
			continue;
		if (d->header != XLPT_HEADER_ENDPOINT)
			return xlpt_xasprintf("%s on it is no plain function but a bridge",
					      XLPT_BDF_STR(d->bdf));
		if (d->is_vf || d->vf_count > 0)
			return xlpt_xasprintf("%s on it has virtual functions",
					      XLPT_BDF_STR(d->is_vf ? d->pf : d->bdf));
	}
	return NULL;
}

static char *names(const struct asked *a, const struct xlpt_reset_way *way)
{
	struct xlpt_str s = { 0 };

	xlpt_str_addf(&s, "xlpt reset %s", XLPT_BDF_STR(a->dev->bdf));
	for (size_t i = 0; i < way->n_also; i++)
		xlpt_str_addf(&s, " %s", XLPT_BDF_STR(way->also[i]));
	return xlpt_str_take(&s);
}

static void no(struct xlpt_reset_way *way, char *why, char *mends)
{
	char *before = way->why_not;

	way->why_not = xlpt_xasprintf("%s; and %s", before, why);
	way->mends = mends;
	free(before);
	free(why);
}

/* The bus cannot be reset for dev alone: can it, with all that is on it? */
static void together(const struct asked *a, struct xlpt_reset_way *way)
{
	const struct xlpt_device *bridge = xlpt_devices_find(a->all, a->dev->parent), *lost,
				 *silent;
	const char *name = XLPT_BDF_STR(a->dev->parent);
	char *much;

	if (!a->dev->has_parent || a->dev->header == XLPT_HEADER_BRIDGE || !bridge ||
	    bridge->header != XLPT_HEADER_BRIDGE || bridge->no_answer)
		return;
	lost = lost_by_it(a, bridge);
	silent = silent_on_it(a, bridge);
	much = bridge->resets_below ? NULL : too_much(a, bridge);
	if (lost) {
		no(way,
		   xlpt_xasprintf("%s does not come back from that, as Linux knows",
				  XLPT_BDF_STR(lost->bdf)),
		   NULL);
		free(much);
	} else if (silent) {
		_cleanup_diag_ struct xlpt_diag gone = { 0 };

		xlpt_policy_answers(silent, &gone);
		no(way,
		   xlpt_xasprintf("%s on it does not answer, so that nobody can give it its "
				  "configuration back",
				  XLPT_BDF_STR(silent->bdf)),
		   XLPT_TAKE(gone.hint));
		free(much);
	} else if (bridge->plugged_by_pcie) {
		no(way,
		   xlpt_xasprintf(
			   "Linux would take it for an unplugged card: the hot-plug driver pciehp "
			   "watches %s",
			   name),
		   xlpt_xasprintf("echo %s:pcie%s >/sys/bus/pci_express/drivers/pciehp/unbind, "
				  "and do it again; the slot has no hot-plug then",
				  name,
				  bridge->caps.pcie_type == XLPT_PCIE_DOWNSTREAM ? "204" : "004"));
		free(much);
	} else if (much) {
		no(way, much,
		   xlpt_xstrdup("use Linux 6.13 or later: its reset_subordinate can reset them"));
	} else {
		way->by = bridge->resets_below ? XLPT_RESET_BY_BRIDGE : XLPT_RESET_BY_XLPT;
		way->bridge = bridge->bdf;
		for (size_t i = 0; i < way->n_also; i++)
			if (!is_asked(a, way->also[i]))
				way->mends = way->mends ? way->mends : names(a, way);
		if (!way->mends) {
			free(XLPT_TAKE(way->why_not));
			way->usable = true;
		}
	}
}

/* ---- all ways ---- */

/* Why a way cannot work as far as configuration space tells, or NULL. */
static char *impossible(const struct xlpt_device *dev, enum xlpt_reset_how how)
{
	const struct xlpt_caps *c = &dev->caps;

	if (how != XLPT_RESET_BUS && !c->config_read)
		return xlpt_xstrdup("its configuration space cannot be read");
	switch (how) {
	case XLPT_RESET_FLR:
		return c->flr	 ? NULL
		       : c->pcie ? xlpt_xstrdup("its device capabilities do not have it")
				 : xlpt_xstrdup("it is not PCI Express");
	case XLPT_RESET_AF_FLR:
		return c->af_flr ? NULL : xlpt_xstrdup("it has no Advanced Features with a reset");
	case XLPT_RESET_PM:
		return c->pm_reset ? NULL
		       : c->pm	   ? xlpt_xstrdup("it keeps its state in D3hot (No_Soft_Reset)")
				   : xlpt_xstrdup("it has no power management");
	default:
		return NULL;
	}
}

static struct xlpt_reset_way *add(const struct asked *a, enum xlpt_reset_how how,
				  struct xlpt_reset_ways *out)
{
	const struct xlpt_devices *all = a->all;
	const struct xlpt_device *dev = a->dev;
	struct xlpt_reset_way *way;

	for (size_t i = 0; i < out->n; i++)
		if (out->items[i].how == how)
			return NULL;
	way = &out->items[out->n++];
	*way = (struct xlpt_reset_way){ .how = how, .usable = true };
	hit_vfs(all, dev, way);
	if ((how == XLPT_RESET_BUS || how == XLPT_RESET_CXL_BUS) && dev->has_parent)
		hit_bus(all, dev, way);
	if (how == XLPT_RESET_BUS || how == XLPT_RESET_CXL_BUS) {
		way->why_not = no_bus_reset(all, dev, way);
		way->usable = !way->why_not;
	}
	if (how == XLPT_RESET_BUS && way->why_not)
		together(a, way);
	return way;
}

/* The kernel tries what it lists; but who shares the bus it looks up at the reset itself. */
static void kernels(const struct asked *a, struct xlpt_reset_ways *out)
{
	const char *s = a->dev->reset_method;

	while (*s) {
		size_t n = strcspn(s, " \n");
		enum xlpt_reset_how how;

		if (xlpt_reset_from_word(s, n, &how))
			add(a, how, out);
		s += n + strspn(s + n, " \n");
	}
	out->from_kernel = true;
}

/* Not even a way that the kernel lists: it was made when the function still answered. */
static void none_of_them(struct xlpt_reset_ways *ways)
{
	for (size_t i = 0; i < ways->n; i++) {
		struct xlpt_reset_way *way = &ways->items[i];

		free(way->why_not);
		free(XLPT_TAKE(way->mends));
		way->why_not = xlpt_xstrdup("it does not answer");
		way->usable = false;
	}
}

void xlpt_reset_ways_with(const struct xlpt_devices *all, const struct xlpt_device *dev,
			  const struct xlpt_bdf *with, size_t n, struct xlpt_reset_ways *out)
{
	static const enum xlpt_reset_how known[] = { XLPT_RESET_FLR, XLPT_RESET_AF_FLR,
						     XLPT_RESET_PM, XLPT_RESET_BUS };
	const struct asked a = { .all = all, .dev = dev, .with = with, .n = n };

	*out = (struct xlpt_reset_ways){ 0 };
	if (dev->reset_method)
		kernels(&a, out);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(known); i++) {
		struct xlpt_reset_way *way = add(&a, known[i], out);
		char *why = way ? impossible(dev, known[i]) : NULL;

		/* The kernel's list is about one function, and not about a whole bus. */
		if (!way || way->by != XLPT_RESET_BY_FUNCTION)
			continue;
		if (!why && !way->why_not && (dev->reset_method || !dev->has_reset))
			why = xlpt_xstrdup(dev->reset_method ? "the kernel does not list it"
							     : "the kernel does not offer it");
		if (why) {
			free(way->why_not);
			way->why_not = why;
		}
		way->usable = !way->why_not;
	}
	if (dev->no_answer)
		none_of_them(out);
}

void xlpt_reset_ways(const struct xlpt_devices *all, const struct xlpt_device *dev,
		     struct xlpt_reset_ways *out)
{
	xlpt_reset_ways_with(all, dev, NULL, 0, out);
}

const struct xlpt_reset_way *xlpt_reset_first(const struct xlpt_reset_ways *ways)
{
	for (size_t i = 0; i < ways->n; i++)
		if (ways->items[i].usable)
			return &ways->items[i];
	return NULL;
}

const struct xlpt_reset_way *xlpt_reset_find(const struct xlpt_reset_ways *ways,
					     enum xlpt_reset_how how)
{
	for (size_t i = 0; i < ways->n; i++)
		if (ways->items[i].how == how)
			return &ways->items[i];
	return NULL;
}
