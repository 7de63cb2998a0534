/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What verify says of devices that only a list names which nobody reads.
 */
#include "pciback/boot/internal.h"

#include <string.h>

#include "pciback/device/bind.h"

bool xlpt_boot_covers(const struct xlpt_devices *devs, const struct xlpt_hide_list *list,
		      const struct xlpt_device *dev)
{
	/* pciback looks at the function and at every bridge above it (pcistub_match_one). */
	for (unsigned depth = 0; dev && depth < 256; depth++) {
		for (size_t i = 0; i < list->n; i++)
			if (xlpt_hide_matches(&list->items[i], dev->bdf))
				return true;
		dev = dev->has_parent ? xlpt_devices_find(devs, dev->parent) : NULL;
	}
	return false;
}

static bool means(const struct xlpt_stray *s, const struct xlpt_devices *devs,
		  const struct xlpt_device *dev)
{
	if (dev->header == XLPT_HEADER_BRIDGE)
		return false;
	return s->usb ? dev->class_code >> 8 == 0x0c03 : xlpt_boot_covers(devs, &s->list, dev);
}

static struct xlpt_verdict *verdict(struct xlpt_verdicts *out, const char *name, bool create)
{
	struct xlpt_verdict *v;

	for (size_t i = 0; i < out->n; i++)
		if (!strcmp(out->items[i].bdf, name))
			return &out->items[i];
	if (!create)
		return NULL;
	XLPT_GROW(out->items, out->n, out->alloc);
	v = &out->items[out->n++];
	*v = (struct xlpt_verdict){ .state = XLPT_HIDDEN_LOST };
	snprintf(v->bdf, sizeof(v->bdf), "%s", name);
	return v;
}

static bool there(const struct xlpt_devices *devs, const struct xlpt_hide_group *g)
{
	const struct xlpt_hide_list list = { .items = (struct xlpt_hide_group *)(uintptr_t)g,
					     .n = 1 };

	for (size_t i = 0; i < devs->n; i++)
		if (devs->items[i].header != XLPT_HEADER_BRIDGE &&
		    xlpt_boot_covers(devs, &list, &devs->items[i]))
			return true;
	return false;
}

/* The devices, as they are to be named to boot write. */
static char *arguments(const struct xlpt_stray *s, const struct xlpt_devices *devs)
{
	struct xlpt_str out = { 0 };

	for (size_t i = 0; i < s->list.n; i++) {
		const char *name = XLPT_HIDE_STR(&s->list.items[i]);

		/* boot write refuses what is not there. */
		if (!there(devs, &s->list.items[i]))
			continue;
		xlpt_str_addf(&out, strchr(name, '*') ? " '%s'" : " %s", name);
	}
	for (size_t i = 0; s->usb && i < devs->n; i++)
		if (means(s, devs, &devs->items[i]))
			xlpt_str_addf(&out, " %s", XLPT_BDF_STR(devs->items[i].bdf));
	return xlpt_str_take(&out);
}

struct place {
	struct xlpt_host *h;
	const struct xlpt_boot *boot;
	const struct xlpt_effective *eff;
};

static char *hint(const struct place *at, const struct xlpt_stray *s,
		  const struct xlpt_devices *devs)
{
	_cleanup_free_ char *args = arguments(s, devs), *way = NULL;
	_cleanup_hide_ struct xlpt_hide_list all = { 0 };
	const struct xlpt_boot *boot = at->boot;

	if (boot->mode == XLPT_PB_ABSENT)
		return xlpt_xstrdup("install a kernel with CONFIG_XEN_PCIDEV_BACKEND");
	if (!*args || s->first)
		return xlpt_xstrdup(s->move ? s->move : "xlpt boot plan");
	for (size_t i = 0; i < s->list.n; i++)
		if (there(devs, &s->list.items[i]))
			xlpt_hide_add(&all, &s->list.items[i]);
	for (size_t i = 0; s->usb && i < devs->n; i++)
		if (means(s, devs, &devs->items[i]))
			xlpt_hide_arg(boot->grammar, XLPT_BDF_STR(devs->items[i].bdf), &all, NULL);
	way = xlpt_boot_write_way(at->h, boot, at->eff, &all, args + 1);
	return s->move ? xlpt_xasprintf("%s, or: %s", s->move, way) : XLPT_TAKE(way);
}

static void say(struct xlpt_verdict *v, const struct place *at, const struct xlpt_stray *s,
		const struct xlpt_devices *devs)
{
	free(v->fact);
	free(v->hint);
	v->fact = xlpt_xstrdup(s->fact);
	v->hint = hint(at, s, devs);
}

static void say_absent(const struct xlpt_stray *s, const struct xlpt_hide_group *g,
		       struct xlpt_verdicts *out)
{
	const char *name = XLPT_HIDE_STR(g);
	struct xlpt_verdict *v = verdict(out, name, true);
	_cleanup_free_ char *where =
		s->file ? xlpt_xasprintf("%s:%u", s->file, s->line) : xlpt_xstrdup("that list");

	v->state = XLPT_HIDDEN_ABSENT;
	free(v->fact);
	free(v->hint);
	v->fact = xlpt_xasprintf("this host has no such function; %s", s->fact);
	v->hint = xlpt_xasprintf("lspci -D lists the addresses; correct %s in %s, or take it out",
				 name, where);
}

static void one(const struct place *at, const struct xlpt_stray *s, const struct xlpt_devices *devs,
		const struct xlpt_hide_list *known, const struct xlpt_hide_list *running,
		bool named, struct xlpt_verdicts *out)
{
	for (size_t i = 0; i < devs->n; i++) {
		const struct xlpt_device *dev = &devs->items[i];
		bool on = xlpt_streq(dev->driver, XLPT_PCIBACK_DRIVER);
		struct xlpt_verdict *v;

		if (!means(s, devs, dev))
			continue;
		/* Another list has it, which hides it or says why it is not hidden. */
		if (xlpt_boot_covers(devs, known, dev) ||
		    (on && xlpt_boot_covers(devs, running, dev)))
			continue;
		v = verdict(out, XLPT_BDF_STR(dev->bdf), !named);
		if (!v || v->state == XLPT_HIDDEN_YES)
			continue;
		/* On pciback it was put by hand: the next boot gives it to its driver again. */
		v->state = XLPT_HIDDEN_LOST;
		free(v->driver);
		v->driver = on ? NULL : xlpt_xstrdup(dev->driver);
		say(v, at, s, devs);
	}
	if (named || s->usb)
		return;
	for (size_t i = 0; i < s->list.n; i++)
		if (!there(devs, &s->list.items[i]) && !xlpt_hide_has(known, &s->list.items[i]))
			say_absent(s, &s->list.items[i], out);
	/* A word that is no list at all. */
	if (!s->list.n)
		say(verdict(out, s->word, true), at, s, devs);
}

void xlpt_boot_verify_strays(struct xlpt_host *h, const struct xlpt_boot *boot,
			     const struct xlpt_effective *eff, const struct xlpt_devices *devs,
			     const struct xlpt_hide_list *known,
			     const struct xlpt_hide_list *running, bool named,
			     struct xlpt_verdicts *out)
{
	const struct place at = { .h = h, .boot = boot, .eff = eff };
	_cleanup_strays_ struct xlpt_strays strays = { 0 };

	xlpt_boot_strays(h, boot, eff, &strays);
	for (size_t i = 0; i < strays.n; i++)
		if (!strays.items[i].replaced)
			one(&at, &strays.items[i], devs, known, running, named, out);
}
