/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kinds of things, and the list that they are collected in. */
#include <string.h>

#include "pciback/needs/things-internal.h"

static const struct kind {
	enum xlpt_thing_kind kind;
	const char *word, *places;
	void (*find)(struct xlpt_finder *f);
} kinds[] = {
	{ XLPT_THING_MOUNT, "mount", "mount points (/proc/1/mountinfo)", xlpt_find_mounts },
	{ XLPT_THING_SWAP, "swap", "swap areas (/proc/swaps)", xlpt_find_swap },
	{ XLPT_THING_NET, "net", "network interfaces (/sys/class/net)", xlpt_find_net },
	{ XLPT_THING_MAC, "mac", "their MAC addresses", xlpt_find_mac },
	{ XLPT_THING_DISK, "disk", "block devices (/sys/class/block)", xlpt_find_disks },
	{ XLPT_THING_INPUT, "input", "input devices (/proc/bus/input/devices)", xlpt_find_input },
	{ XLPT_THING_USB, "usb", "USB devices (/sys/bus/usb/devices)", xlpt_find_usb },
	{ XLPT_THING_DISPLAY, "display", "displays (/sys/class/drm, /sys/class/graphics)",
	  xlpt_find_display },
	{ XLPT_THING_SOUND, "sound", "sound cards (/sys/class/sound)", xlpt_find_sound },
	{ XLPT_THING_TTY, "tty", "serial ports (/sys/class/tty)", xlpt_find_tty },
	{ XLPT_THING_SLOT, "slot", "slots and labels (/sys/bus/pci/slots, label)", xlpt_find_slot },
};

void xlpt_things_dispose(struct xlpt_things *things)
{
	for (size_t i = 0; i < things->n; i++) {
		free(things->items[i].name);
		free(things->items[i].what);
	}
	free(things->items);
	free(things->hollow);
	*things = (struct xlpt_things){ 0 };
}

unsigned xlpt_thing_prefix(const char *word, const char **name)
{
	*name = word;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(kinds); i++) {
		size_t n = strlen(kinds[i].word);

		if (strncmp(word, kinds[i].word, n) != 0 || word[n] != ':')
			continue;
		*name = word + n + 1;
		return kinds[i].kind;
	}
	return 0;
}

const char *xlpt_thing_word(enum xlpt_thing_kind kind)
{
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(kinds); i++)
		if (kinds[i].kind == kind)
			return kinds[i].word;
	return "?";
}

char *xlpt_things_places(unsigned which)
{
	struct xlpt_str text = { 0 };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(kinds); i++)
		if (which & kinds[i].kind)
			xlpt_str_addf(&text, "%s%s", text.len ? ", " : "", kinds[i].places);
	return xlpt_str_take(&text);
}

/* ---- what the kinds share ---- */

bool xlpt_find_wants(const struct xlpt_finder *f, const char *name)
{
	return !f->word || !strcmp(f->word, name);
}

const char *xlpt_find_dev_word(const struct xlpt_finder *f)
{
	const char *word = f->word;

	if (word && xlpt_starts(word, "/dev/"))
		word += strlen("/dev/");
	return !word || !*word || strchr(word, '/') || *word == '.' ? NULL : word;
}

void xlpt_find_add(struct xlpt_finder *f, struct xlpt_bdf bdf, const char *name, char *what)
{
	struct xlpt_things *t = f->out;
	bool known = f->on && !xlpt_bdf_eq(*f->on, bdf);

	for (size_t i = 0; !known && i < t->n; i++)
		known = t->items[i].kind == f->kind && xlpt_bdf_eq(t->items[i].bdf, bdf) &&
			!strcmp(t->items[i].name, name);
	if (known) {
		free(what);
		return;
	}
	XLPT_GROW(t->items, t->n, t->alloc);
	t->items[t->n++] = (struct xlpt_thing){ f->kind, bdf, xlpt_xstrdup(name), what };
}

void xlpt_find_hollow(struct xlpt_finder *f, char *what)
{
	if (!f->word || f->out->hollow)
		free(what);
	else
		f->out->hollow = what;
}

void xlpt_find_link(struct xlpt_finder *f, const char *dir, const char *name, char *what)
{
	struct xlpt_bdf bdf;

	if (xlpt_needs_link_bdf(f->h, dir, name, &bdf))
		xlpt_find_add(f, bdf, name, what);
	else if (f->word && xlpt_host_has(f->h, "%s/%s", dir, name))
		xlpt_find_hollow(f, what);
	else
		free(what);
}

void xlpt_things_find(struct xlpt_host *h, unsigned which, const char *name,
		      struct xlpt_things *out)
{
	*out = (struct xlpt_things){ 0 };
	for (size_t i = 0; *name && i < XLPT_ARRAY_SIZE(kinds); i++)
		if (which & kinds[i].kind)
			kinds[i].find(&(struct xlpt_finder){
				.h = h, .kind = kinds[i].kind, .word = name, .out = out });
}

void xlpt_things_on(struct xlpt_host *h, const struct xlpt_bdf *bdf, struct xlpt_things *out)
{
	*out = (struct xlpt_things){ 0 };
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(kinds); i++)
		if (kinds[i].kind & ~(unsigned)(XLPT_THING_MAC | XLPT_THING_SLOT))
			kinds[i].find(&(struct xlpt_finder){
				.h = h, .kind = kinds[i].kind, .on = bdf, .out = out });
}

static int cmp(const void *a, const void *b)
{
	return xlpt_bdf_cmp(*(const struct xlpt_bdf *)a, *(const struct xlpt_bdf *)b);
}

struct xlpt_bdf *xlpt_things_functions(const struct xlpt_things *things, size_t *n)
{
	struct xlpt_bdf *all = xlpt_xcalloc(things->n + 1, sizeof(*all));

	*n = 0;
	for (size_t i = 0; i < things->n; i++)
		all[i] = things->items[i].bdf;
	if (things->n)
		qsort(all, things->n, sizeof(*all), cmp);
	for (size_t i = 0; i < things->n; i++)
		if (!*n || !xlpt_bdf_eq(all[*n - 1], all[i]))
			all[(*n)++] = all[i];
	return all;
}
