/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pieces of "xlpt list": what it lists (list-filter.c), its columns (list-columns.c), and how it
 * prints them (list-print.c).
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

#define XLPT_MAX_COLUMNS 32

struct xlpt_column {
	const char *name, *head;
	char *(*cell)(const struct xlpt_row *r); /* malloc'ed, or NULL for "-" */
	int when; /* without --columns: always, only on request, or if some function has such a thing */
	const char *members; /* of the JSON object, between blanks */
};

/* Of its cell in that row, or NULL. */
const char *xlpt_column_color(const struct xlpt_column *c, const struct xlpt_row *r);
/* "device,driver": XLPT_MAX_COLUMNS at most. */
int xlpt_columns_choose(const char *text, const struct xlpt_column **out, size_t *n,
			struct xlpt_diag *diag);
/* Without --columns: those that say something of these rows. Returns how many. */
size_t xlpt_columns_worth(const struct xlpt_row *rows, size_t n, const struct xlpt_column **out);

/* shown: what --columns asks for. n_shown 0: a table has what says something, JSON has all. */
void xlpt_list_print_table(struct xlpt_env *env, const struct xlpt_column **shown, size_t n_shown,
			   const struct xlpt_row *rows, size_t n);
void xlpt_list_print_json(struct xlpt_env *env, const struct xlpt_column **shown, size_t n_shown,
			  const struct xlpt_row *rows, size_t n);
int xlpt_list_print_xml(struct xlpt_env *env, const struct xlpt_row *rows, size_t n,
			struct xlpt_diag *diag);

#endif
