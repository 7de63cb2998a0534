/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a picture of a host leaves out, so that a person can read it: bridges with nothing behind them, and
 * all but one of many functions that are alike.
 */
#ifndef XLPT_GATHER_H
#define XLPT_GATHER_H

#include "xl-plugin/view/tree.h"

struct xlpt_gathered {
	size_t *by;    /* per function: who is drawn for it; itself, or SIZE_MAX = nobody */
	size_t *count; /* per function: for how many it is drawn, 0 = it is not drawn */
	size_t *last;  /* the last of those */
	size_t left_out;
};

/* all: every function is drawn for itself. */
void xlpt_gather(const struct xlpt_inventory *inv, const struct xlpt_tree *tree, bool all,
		 struct xlpt_gathered *out);
void xlpt_gathered_dispose(struct xlpt_gathered *g);
#define _cleanup_gathered_ XLPT_CLEANUP(xlpt_gathered_dispose)

/* How many functions of the set could be given away. */
size_t xlpt_set_to_give(const struct xlpt_inventory *inv, size_t set);

#endif
