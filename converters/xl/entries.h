/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The entries of a configuration's pci list as they are written, and the same
 * configuration with some of them replaced and every other byte as it was. For
 * entries that xl itself cannot read (pool:lan, 0000:01:10.0,mac=...) and that
 * are turned into ones it can.
 */
#ifndef XLPT_CONVERTERS_XL_ENTRIES_H
#define XLPT_CONVERTERS_XL_ENTRIES_H

#include "core/diag.h"

struct xlpt_xl_entry {
	size_t off, len;       /* raw, quotes included */
	char *text;	       /* what it says */
	unsigned line, column; /* of the first character of what it says */
	char **with;	       /* replaced by these entries, NULL-terminated; NULL = left alone */
};

struct xlpt_xl_entries {
	char *name, *uuid; /* as the configuration has them, or NULL */
	bool stubdom;	   /* device_model_stubdomain_override=1 */
	bool seize;	   /* pci_seize=1, for all devices that do not say */
	char *cpus;	   /* cpus=, a list's items joined by commas; or NULL */
	struct xlpt_xl_entry *items;
	size_t n, alloc;
};

void xlpt_xl_entries_dispose(struct xlpt_xl_entries *e);
#define _cleanup_xl_entries_ XLPT_CLEANUP(xlpt_xl_entries_dispose)

/* What counts is read: a later "pci = " drops earlier ones, "pci += " adds. SYNTAX with a place. */
int xlpt_xl_entries_read(const char *text, size_t len, const char *file,
			 struct xlpt_xl_entries *out, struct xlpt_diag *diag);

/* Appends text with what `with` says, and with uuid at its end unless uuid is NULL. */
void xlpt_xl_entries_write(const char *text, size_t len, const struct xlpt_xl_entries *e,
			   const char *uuid, struct xlpt_str *out);

#endif
