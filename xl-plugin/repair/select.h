/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* To what the words of a command line limit repair: kinds, devices, guests. */
#ifndef XLPT_REPAIR_SELECT_H
#define XLPT_REPAIR_SELECT_H

#include "xl-plugin/repair/contradictions.h"

struct xlpt_selected_word {
	const char *word;
	const struct xlpt_contradiction_kind *kind; /* it is this kind, or NULL */
	bool is_device;
	struct xlpt_bdf bdf;
	bool met; /* some contradiction is of it */
};

struct xlpt_selection {
	struct xlpt_selected_word *items;
	size_t n; /* 0 = everything */
};

void xlpt_selection_dispose(struct xlpt_selection *s);
/* A kind, else a device in any spelling, or a guest by its name or domain id. The words stay the caller's. */
int xlpt_select(struct xlpt_env *env, char **words, size_t n, struct xlpt_selection *out,
		struct xlpt_diag *diag);
bool xlpt_selected(struct xlpt_selection *s, const struct xlpt_contradiction *c);
/* After all were looked at: NO_GUEST for a word that matched nothing and is no guest's name. */
int xlpt_select_check(struct xlpt_env *env, const struct xlpt_selection *s, struct xlpt_diag *diag);

#endif
