/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pieces of the editor; private to converters/edit*.c. */
#ifndef XLPT_CONVERTERS_EDIT_INTERNAL_H
#define XLPT_CONVERTERS_EDIT_INTERNAL_H

#include "converters/edit.h"
#include "converters/xl/scan.h"
#include "converters/xl/xl.h"

/* A text, its scan, and what it says. Rebuilt after each edit. */
struct xlpt_editor {
	struct xlpt_str text;
	struct xlpt_xl_scan scan;
	struct xlpt_dom dom;
	const char *file;
	struct xlpt_diag *diag;
};

/* Replaces text[from, to). The scan is old from here on. */
void xlpt_edit_splice(struct xlpt_editor *e, size_t from, size_t to, const char *with);
/* spec in the quotes that the other entries have. */
void xlpt_edit_quote(struct xlpt_str *out, const char *spec, char like);
/* A list of its own, at the end of the text. */
void xlpt_edit_append_setting(struct xlpt_editor *e, const char *spec);
/* Behind the last item of the list; comments stay with what they belong to. */
void xlpt_edit_append(struct xlpt_editor *e, const struct xlpt_xl_setting *set, const char *spec);
/* Takes an item out, with its own comment. */
void xlpt_edit_cut(struct xlpt_editor *e, const struct xlpt_xl_setting *set,
		   const struct xlpt_xl_item *item);

#endif
