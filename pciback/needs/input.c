/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The keyboard. A LUKS passphrase or a rescue shell is typed on it, so when one
 * USB controller has all there are, that controller stays.
 */
#include "pciback/needs/internal.h"

#include <string.h>

#define EV_KEY_LED_REP 0x120002 /* what tells a keyboard from a power button (linux/input.h) */

struct keyboards {
	bool elsewhere; /* PS/2, or on no PCI function at all */
	bool many;	/* on more than one function */
	bool found;
	struct xlpt_bdf bdf;
	char *name;
};

static void keyboard(void *ctx, const struct xlpt_input *input)
{
	struct keyboards *k = ctx;
	struct xlpt_bdf bdf;

	if (!input->keyboard)
		return;
	if (!xlpt_needs_path_bdf(input->sysfs, &bdf)) {
		k->elsewhere = true;
	} else if (k->found && !xlpt_bdf_eq(k->bdf, bdf)) {
		k->many = true;
	} else if (!k->found) {
		k->found = true;
		k->bdf = bdf;
		k->name = xlpt_xstrdup(input->name);
	}
}

/* One record of /proc/bus/input/devices ended. */
static void record(xlpt_input_fn *fn, void *ctx, unsigned long ev, const char *sysfs,
		   const char *name)
{
	/* Nobody can type on a keyboard that a program made (uinput). */
	if (*sysfs && !xlpt_starts(sysfs, "/devices/virtual/"))
		fn(ctx,
		   &(struct xlpt_input){ name, sysfs, (ev & EV_KEY_LED_REP) == EV_KEY_LED_REP });
}

void xlpt_each_input(struct xlpt_host *h, xlpt_input_fn *fn, void *ctx)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	const char *sysfs = "", *name = "";
	unsigned long ev = 0;
	char *cursor, *line;

	if (xlpt_needs_slurp(h, "/proc/bus/input/devices", &text) < 0)
		return;
	cursor = text.s;
	while ((line = xlpt_needs_line(&cursor))) {
		if (!*line || xlpt_starts(line, "I: ")) {
			record(fn, ctx, ev, sysfs, name);
			sysfs = name = "";
			ev = 0;
		} else if (xlpt_starts(line, "N: Name=\"")) {
			name = line + strlen("N: Name=\"");
			line[strlen(line) - 1] = '\0';
		} else if (xlpt_starts(line, "S: Sysfs=")) {
			sysfs = line + strlen("S: Sysfs=");
		} else if (xlpt_starts(line, "B: EV=")) {
			ev = strtoul(line + strlen("B: EV="), NULL, 16);
		}
	}
	record(fn, ctx, ev, sysfs, name);
}

void xlpt_needs_keyboard(struct xlpt_host *h, struct xlpt_needs *needs)
{
	_cleanup_free_ char *what = NULL;
	struct keyboards k = { 0 };

	xlpt_each_input(h, keyboard, &k);
	if (k.found && !k.many && !k.elsewhere) {
		what = xlpt_xasprintf("the only keyboard is on it (%s)", k.name);
		xlpt_needs_add(h, needs, k.bdf, XLPT_NEED_KEYBOARD, what);
	}
	free(k.name);
}
