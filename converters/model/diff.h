/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Comparing two domains, and bringing spellings that mean the same to one. */
#ifndef XLPT_CONVERTERS_MODEL_DIFF_H
#define XLPT_CONVERTERS_MODEL_DIFF_H

#include "converters/model/dom.h"

struct xlpt_delta {
	char *path;
	char *a, *b;   /* NULL = not said */
	unsigned line; /* in a's source, 0 = not known */
};

struct xlpt_deltas {
	struct xlpt_delta *items;
	size_t n, alloc;
};

void xlpt_deltas_dispose(struct xlpt_deltas *d);
#define _cleanup_deltas_ XLPT_CLEANUP(xlpt_deltas_dispose)
/*
 * Everything in which b differs from a, lines not. Lists of other elements, or in another order, are
 * one difference. Returns the count.
 */
size_t xlpt_dom_diff(const struct xlpt_dom *a, const struct xlpt_dom *b, struct xlpt_deltas *out);
/* The same without carries. */
size_t xlpt_dom_diff_values(const struct xlpt_dom *a, const struct xlpt_dom *b,
			    struct xlpt_deltas *out);
/* The same without lists: what the domain says itself. */
size_t xlpt_dom_diff_single(const struct xlpt_dom *a, const struct xlpt_dom *b,
			    struct xlpt_deltas *out);

/* Of a list of devices whose elements are not the same: in what those that both have differ. */
size_t xlpt_dom_diff_common(const struct xlpt_dom *a, const struct xlpt_dom *b, const char *list,
			    struct xlpt_deltas *out);
/* A list of more elements is told as a whole. */
#define XLPT_REPORT_MAX 256

/*
 * Brings spellings that mean the same to one: derived disk kinds and buses, MAC
 * case, PCI lists' defaults. Only for comparing and in place.
 */
void xlpt_dom_normalise(struct xlpt_dom *dom);
/*
 * The same, and what xl and libvirt both take for what is not said. For comparing what two hands
 * wrote; a conversion keeps also what was said without need.
 */
void xlpt_dom_assume(struct xlpt_dom *dom);

#endif
