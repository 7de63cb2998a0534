/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/pin.h"

#include <string.h>

#include "core/text.h"

#define DEPTH_MAX 256 /* no path is longer than there are buses */
#define ALIKE_MAX 16

void xlpt_pin_dispose(struct xlpt_pin *pin)
{
	free(pin->path);
	free(pin->serial);
	free(pin->net);
	*pin = (struct xlpt_pin){ .vf = -1 };
}

/* ---- from facts ---- */

static char *path_of(const struct xlpt_devices *all, const struct xlpt_device *dev)
{
	struct xlpt_bdf chain[DEPTH_MAX];
	struct xlpt_str s = { 0 };
	size_t n = 0;

	/* A captured tree may name bridges in a circle. */
	for (const struct xlpt_device *d = dev; d && n < DEPTH_MAX;) {
		chain[n++] = d->bdf;
		if (!d->has_parent)
			break;
		if (!xlpt_devices_find(all, d->parent) && n < DEPTH_MAX)
			chain[n++] = d->parent;
		d = xlpt_devices_find(all, d->parent);
	}
	/* ACPI gives the root bus its number: it does not depend on what is found first. */
	xlpt_str_addf(&s, "pci%04x:%02x", chain[n - 1].seg, chain[n - 1].bus);
	while (n--)
		xlpt_str_addf(&s, "/%02x.%x", chain[n].dev, chain[n].func);
	return xlpt_str_take(&s);
}

/* Functions are numbered from the first one on with a fixed stride: the order is the index. */
static int vf_index(const struct xlpt_devices *all, const struct xlpt_device *dev)
{
	int index = 0;

	for (size_t i = 0; i < all->n; i++)
		index += all->items[i].is_vf && xlpt_bdf_eq(all->items[i].pf, dev->pf) &&
			 xlpt_bdf_cmp(all->items[i].bdf, dev->bdf) < 0;
	return index;
}

char *xlpt_pin_serial(const struct xlpt_device *dev, const char *vpd)
{
	uint64_t v = dev->caps.serial;
	struct xlpt_str s = { 0 };

	/* Both are what cards without a number of their own have. */
	if (dev->caps.has_serial && v && v != UINT64_MAX) {
		xlpt_str_add(&s, "dsn:");
		for (int i = 7; i >= 0; i--)
			xlpt_str_addf(&s, "%02x%s", (unsigned)(v >> (8 * i) & 0xff), i ? "-" : "");
		return xlpt_str_take(&s);
	}
	return vpd && *vpd ? xlpt_xasprintf("vpd:%s", vpd) : NULL;
}

void xlpt_pin_of(const struct xlpt_devices *all, const struct xlpt_device *dev, const char *vpd,
		 struct xlpt_pin *out)
{
	const struct xlpt_device *pf = dev->is_vf ? xlpt_devices_find(all, dev->pf) : NULL;
	const struct xlpt_device *placed = pf ? pf : dev;

	*out = (struct xlpt_pin){
		.path = path_of(all, placed),
		.vf = dev->is_vf ? vf_index(all, dev) : -1,
		.vendor = dev->vendor,
		.device = dev->device,
		.subvendor = dev->subvendor,
		.subdevice = dev->subdevice,
		.class_code = dev->class_code,
		.serial = xlpt_pin_serial(placed, vpd),
		.address = dev->bdf,
		.net = dev->net && dev->net[0] ? xlpt_xstrdup(dev->net[0]) : NULL,
	};
	for (size_t i = 0; i < XLPT_PIN_BARS; i++) {
		const struct xlpt_bar *bar = &dev->bars[i];

		if (bar->end > bar->start)
			out->bars[i] = (struct xlpt_pin_bar){
				.size = bar->end - bar->start + 1,
				.kind = (uint32_t)bar->flags & XLPT_PIN_BAR_KIND,
			};
	}
}

/* ---- comparing ---- */

static bool same_place(const struct xlpt_pin *a, const struct xlpt_pin *b)
{
	return a->vf == b->vf && xlpt_streq(a->path, b->path);
}

char *xlpt_pin_place(const struct xlpt_pin *pin)
{
	return pin->vf < 0 ? xlpt_xstrdup(pin->path)
			   : xlpt_xasprintf("%s/vf%d", pin->path, pin->vf);
}

static bool same_serial(const struct xlpt_pin *a, const struct xlpt_pin *b)
{
	return a->serial && b->serial && !strcmp(a->serial, b->serial);
}

static const char *serial_word(const struct xlpt_pin *pin)
{
	return pin->serial ? pin->serial : "none";
}

/* What makes b another device than the pinned a, wherever it is; bar: which of them. */
enum difference { NOTHING, ID, SUBSYSTEM, CLASS, SERIAL, BAR };

static enum difference difference(const struct xlpt_pin *a, const struct xlpt_pin *b, size_t *bar)
{
	if (a->vendor != b->vendor || a->device != b->device)
		return ID;
	if (a->subvendor != b->subvendor || a->subdevice != b->subdevice)
		return SUBSYSTEM;
	if (a->class_code != b->class_code)
		return CLASS;
	if (!xlpt_streq(a->serial, b->serial))
		return SERIAL;
	/* A driver may have resized the BARs of a card that its number shows to be the same. */
	for (*bar = 0; !a->serial && *bar < XLPT_PIN_BARS; ++*bar)
		if (a->bars[*bar].size != b->bars[*bar].size ||
		    a->bars[*bar].kind != b->bars[*bar].kind)
			return BAR;
	return NOTHING;
}

static bool alike(const struct xlpt_pin *a, const struct xlpt_pin *b)
{
	size_t bar;

	return difference(a, b, &bar) == NOTHING;
}

/* "its id is 8086:10c9, and was 8086:10d3"; NULL when they are alike. Caller frees. */
static char *differs(const struct xlpt_pin *a, const struct xlpt_pin *b)
{
	size_t bar;

	switch (difference(a, b, &bar)) {
	case ID:
		return xlpt_xasprintf("its id is %04x:%04x, and was %04x:%04x", b->vendor,
				      b->device, a->vendor, a->device);
	case SUBSYSTEM:
		return xlpt_xasprintf("its subsystem is %04x:%04x, and was %04x:%04x", b->subvendor,
				      b->subdevice, a->subvendor, a->subdevice);
	case CLASS:
		return xlpt_xasprintf("its class is %06x, and was %06x", b->class_code,
				      a->class_code);
	case SERIAL:
		return xlpt_xasprintf("its serial number is %s, and was %s", serial_word(b),
				      serial_word(a));
	case BAR:
		return xlpt_xasprintf("its BAR %zu has 0x%llx bytes of kind 0x%x, and had "
				      "0x%llx of kind 0x%x",
				      bar, (unsigned long long)b->bars[bar].size, b->bars[bar].kind,
				      (unsigned long long)a->bars[bar].size, a->bars[bar].kind);
	case NOTHING:
		break;
	}
	return NULL;
}

char *xlpt_pin_alike(const struct xlpt_pin *pin, const struct xlpt_pin *candidates, size_t n)
{
	struct xlpt_str s = { 0 };
	size_t found = 0;

	for (size_t i = 0; !pin->serial && i < n; i++)
		if (candidates[i].vf < 0 && alike(pin, &candidates[i]) &&
		    !same_place(pin, &candidates[i]) && found++ < ALIKE_MAX)
			xlpt_str_addf(&s, "%s%s", s.len ? ", " : "",
				      XLPT_BDF_STR(candidates[i].address));
	if (found > ALIKE_MAX)
		xlpt_str_addf(&s, " and %zu more", found - ALIKE_MAX);
	return s.len ? xlpt_str_take(&s) : NULL;
}

/* ---- finding ---- */

static void repin(struct xlpt_diag *diag, const char *name, const char *which)
{
	xlpt_diag_hint(diag, "if that is the one that is meant: xlpt pin --replace %s %s",
		       XLPT_WORD(name), XLPT_WORD(which));
}

static int other_device(const struct xlpt_pin *pin, const char *name, const struct xlpt_pin *there,
			const char *where, struct xlpt_diag *diag)
{
	_cleanup_free_ char *what = differs(pin, there);

	xlpt_diag_set(diag, XLPT_ERR_RULE, "pin:%s: %s is another device than the pinned one", name,
		      XLPT_BDF_STR(there->address));
	xlpt_diag_fact(diag, "%s: %s", where, what ? what : "it is at another place");
	repin(diag, name, XLPT_BDF_STR(there->address));
	return XLPT_ERR_RULE;
}

/* Several functions of one card have one number; a pinned function is found by its own. */
static const struct xlpt_pin *by_serial(const struct xlpt_pin *pin, const struct xlpt_pin *c,
					size_t n, size_t *found)
{
	const struct xlpt_pin *last = NULL;

	*found = 0;
	for (size_t i = 0; i < n; i++)
		if (same_serial(pin, &c[i]) && c[i].vf == pin->vf &&
		    (pin->vf >= 0 || c[i].address.func == pin->address.func) && alike(pin, &c[i])) {
			last = &c[i];
			(*found)++;
		}
	return last;
}

static int not_there(const struct xlpt_pin *pin, const char *name, const struct xlpt_pin *c,
		     size_t n, struct xlpt_diag *diag)
{
	_cleanup_free_ char *place = xlpt_pin_place(pin), *others = xlpt_pin_alike(pin, c, n);

	for (size_t i = 0; i < n; i++)
		if (xlpt_bdf_eq(c[i].address, pin->address) && !alike(pin, &c[i]))
			return other_device(pin, name, &c[i], "at its old address", diag);
	if (others) {
		xlpt_diag_set(diag, XLPT_ERR_RULE, "it cannot be told which device pin:%s is",
			      name);
		xlpt_diag_fact(
			diag,
			"nothing is at %s any more; these are alike and have no serial number: "
			"%s",
			place, others);
		repin(diag, name, "BDF");
		return XLPT_ERR_RULE;
	}
	xlpt_diag_set(diag, XLPT_ERR_NO_DEVICE, "the device of pin:%s is not there", name);
	if (pin->serial)
		xlpt_diag_fact(diag,
			       "nothing is at %s (it was %s when it was pinned), and no device "
			       "has its serial number, %s",
			       place, XLPT_BDF_STR(pin->address), pin->serial);
	else
		xlpt_diag_fact(diag,
			       "nothing is at %s (it was %s when it was pinned), and it has no "
			       "serial number by which it could be found elsewhere",
			       place, XLPT_BDF_STR(pin->address));
	if (pin->vf >= 0)
		xlpt_diag_hint(diag,
			       "a virtual function is there once its physical function has made "
			       "it: xlpt vf create");
	else
		xlpt_diag_hint(diag, "xlpt pin show %s; xlpt list", XLPT_WORD(name));
	return XLPT_ERR_NO_DEVICE;
}

/* In a tree that was copied without links several functions can seem to be in one place. */
static int rank(const struct xlpt_pin *pin, const struct xlpt_pin *c)
{
	return alike(pin, c) ? 1 + xlpt_bdf_eq(pin->address, c->address) : 0;
}

int xlpt_pin_find(const struct xlpt_pin *pin, const char *name, const struct xlpt_pin *c, size_t n,
		  struct xlpt_pin_match *out, struct xlpt_diag *diag)
{
	const struct xlpt_pin *there = NULL, *known;
	size_t found;

	*out = (struct xlpt_pin_match){ 0 };
	for (size_t i = 0; i < n; i++)
		if (same_place(pin, &c[i]) && (!there || rank(pin, &c[i]) > rank(pin, there)))
			there = &c[i];
	if (!there || !alike(pin, there)) {
		known = by_serial(pin, c, n, &found);
		if (found > 1) {
			xlpt_diag_set(diag, XLPT_ERR_RULE,
				      "it cannot be told which device pin:%s is", name);
			xlpt_diag_fact(diag, "%zu functions have the serial number %s", found,
				       pin->serial);
			repin(diag, name, "BDF");
			return XLPT_ERR_RULE;
		}
		if (!found && there)
			return other_device(pin, name, there, "in its place", diag);
		if (!found)
			return not_there(pin, name, c, n, diag);
		there = known;
		out->other_slot = true;
	}
	out->bdf = there->address;
	out->moved = !xlpt_bdf_eq(there->address, pin->address);
	return 0;
}
