/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What apply remembers, in /var/lib/xlpt/applied. It remembers which device each entry meant,
 * because a hidden card has no interface by which it could be found again. It remembers what apply
 * has made, because apply takes back only that.
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
	char **devices; /* texts of pins, NULL-terminated, or NULL */
};

struct xlpt_applied {
	char *text; /* the file's text, NULL = there is no file */
	struct xlpt_recorded *items;
	size_t n, alloc;
	char **made; /* "boot 0000:09:00.0", NULL-terminated, or NULL */
};

void xlpt_applied_dispose(struct xlpt_applied *a);
#define _cleanup_applied_ XLPT_CLEANUP(xlpt_applied_dispose)

/*
 * A file that is not there reads as an empty record. DATA when the file is no record, IO when it
 * cannot be read.
 */
int xlpt_applied_read(struct xlpt_env *env, struct xlpt_applied *out, struct xlpt_diag *diag);
/* Parses a text; false when it is no record. The text is changed while it is read. */
bool xlpt_applied_parse(struct xlpt_applied *out, char *text);
/* The text of the file, for the caller to free; empty when there is nothing to remember. */
char *xlpt_applied_format(const struct xlpt_applied *a);

/* The record with this title and these words, or NULL. Belongs to a. */
const struct xlpt_recorded *xlpt_applied_find(const struct xlpt_applied *a, const char *title,
					      const char *words);
/* Adds a record; all strings are copied. */
void xlpt_applied_add(struct xlpt_applied *a, const char *title, const char *words, char **devices);
/* Adds "WHAT NAME" to what apply has made. Adding it twice is the same as once. */
void xlpt_applied_made(struct xlpt_applied *a, const char *what, const char *name);

#endif
