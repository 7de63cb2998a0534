/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What lies above a function, also where a tree does not show all of it; for isolate.c. */
#ifndef XLPT_PCIBACK_PLACE_H
#define XLPT_PCIBACK_PLACE_H

#include "pciback/isolate/isolate.h"

/* SIZE_MAX: not listed. */
size_t xlpt_sets_index(const struct xlpt_devices *devs, struct xlpt_bdf bdf);

/* Something right above i is not listed: of several one upon the other the topmost. */
bool xlpt_sets_unlisted(const struct xlpt_devices *devs, size_t i, struct xlpt_bdf *bridge);

/* The first bridge at from or later of which nothing says what is behind it, or SIZE_MAX. */
size_t xlpt_sets_blind(const struct xlpt_devices *devs, size_t from);
/* Function i is behind some bridge, or on a root bus, and nothing says which. */
bool xlpt_sets_nowhere(const struct xlpt_devices *devs, size_t i);

/*
 * The function with which i shares the requester id that firmware names for it: the one that has it,
 * else the first before i that uses it, too; SIZE_MAX: none.
 */
size_t xlpt_sets_alias_mate(const struct xlpt_devices *devs, size_t i);

#endif
