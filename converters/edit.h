/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Small edits of a guest's xl configuration: devices added to and removed from
 * its pci list, every other byte left as it was. The result is read back and
 * must say exactly what was asked for.
 */
#ifndef XLPT_CONVERTERS_EDIT_H
#define XLPT_CONVERTERS_EDIT_H

#include "core/spec.h"

struct xlpt_edit {
	bool remove;
	struct xlpt_spec spec; /* add: all of it; remove: the address or the name */
};

/*
 * Applies edits in order and appends the new text to out. Adding a device that
 * is listed already replaces its entry when the options differ. *changed tells
 * whether anything did. Errors: SYNTAX (the text), NOT_FOUND (to remove),
 * CONFLICT (one function of an entry BB:DD.*). On error out is as it was. No edits: the text is
 * read through all the same.
 */
int xlpt_edit_pci(const char *text, size_t len, const char *file, const struct xlpt_edit *edits,
		  size_t n, struct xlpt_str *out, bool *changed, struct xlpt_diag *diag);

#endif
