/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pieces of "xlpt list": what it lists (list-filter.c) and how (cmd-list.c).
 */
#ifndef XLPT_LIST_H
#define XLPT_LIST_H

#include "xl-plugin/cli/cli.h"
#include "xl-plugin/view/inventory.h"

/* One function and what its cells are made of. */
struct xlpt_row {
	const struct xlpt_inventory *inv;
	size_t i;
	const struct xlpt_device *d;
	const struct xlpt_owner *owner;
};

/* Whether the filters that were given make sense, before anything is read. */
int xlpt_list_check(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag);
/* ... and afterwards: what --vf-of names must be there and be a physical function. */
int xlpt_list_check_pfs(const struct xlpt_args *args, const struct xlpt_devices *devs,
			struct xlpt_diag *diag);
/* Filters of different kinds must all match; of one kind that is given twice, one of them. */
bool xlpt_list_wants(const struct xlpt_args *args, const struct xlpt_bdfs *only,
		     const struct xlpt_row *row);

/*
 * The devices that the arguments name, as find does; of BB:DD.* all functions. No argument: none,
 * which is all that there are. Each of them is there.
 */
int xlpt_list_named(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_bdfs *only,
		    struct xlpt_diag *diag);
/* Nothing was listed: what to run next. */
void xlpt_list_nothing(struct xlpt_env *env, const struct xlpt_args *args);

#endif
