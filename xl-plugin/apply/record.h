/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What apply remembers, /var/lib/xlpt/applied: which device each entry meant, because a card that
 * is hidden has no interface by which it could be found again; and what apply has made, because
 * nothing else is ever taken back by it.
 *
 *	xlpt-applied 1
 *	entry hide ens1f0		kind and name
 *	words ens1f0			by which it names its devices
 *	device path pci0000:00/...	the device as a pin has it (core/pin.h), its lines escaped
 *	made boot 0000:09:00.0		made by apply: boot, now, pin, pool, vfs, guard
 */
#ifndef XLPT_APPLY_RECORD_H
#define XLPT_APPLY_RECORD_H

#include "xl-plugin/apply/host-conf.h"

#define XLPT_APPLIED "/var/lib/xlpt/applied"

struct xlpt_recorded {
	char *title, *words;
	char **devices; /* texts of pins, or NULL */
};

struct xlpt_applied {
	char *text; /* of the file, NULL = there is none */
	struct xlpt_recorded *items;
	size_t n, alloc;
	char **made; /* "boot 0000:09:00.0", or NULL */
};

void xlpt_applied_dispose(struct xlpt_applied *a);
#define _cleanup_applied_ XLPT_CLEANUP(xlpt_applied_dispose)

/* No file is an empty one. One that cannot be read as one is XLPT_ERR_DATA. */
int xlpt_applied_read(struct xlpt_env *env, struct xlpt_applied *out, struct xlpt_diag *diag);
/* The same of a text, which is taken apart. */
bool xlpt_applied_parse(struct xlpt_applied *out, char *text);
/* Caller frees; empty when there is nothing to remember. */
char *xlpt_applied_format(const struct xlpt_applied *a);

const struct xlpt_recorded *xlpt_applied_find(const struct xlpt_applied *a, const char *title,
					      const char *words);
void xlpt_applied_add(struct xlpt_applied *a, const char *title, const char *words, char **devices);
/* Once, however often it is added. */
void xlpt_applied_made(struct xlpt_applied *a, const char *what, const char *name);

#endif
