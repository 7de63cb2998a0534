/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rows of xlpt status: what each device is (status.c), and how it is printed (status-print.c).
 */
#ifndef XLPT_STATUS_H
#define XLPT_STATUS_H

#include "pciback/device/scan.h"
#include "pciback/sriov/vf.h"
#include "xl-plugin/cli/env.h"
#include "xl-plugin/hotplug/lease.h"
#include "xl-plugin/hotplug/place.h"

struct xlpt_status_row {
	const char *bdf, *state, *guest, *through, *address, *detail;
	const char *hint;    /* the line that mends what detail says, or NULL */
	bool there, answers; /* answers: with there */
	bool free;	     /* it is nobody's: a guest may get it */
	int64_t domid;
	const struct xlpt_keeper *kept; /* whose it is although no guest has it, or NULL */
};

struct json_object;
struct xlpt_table;

struct xlpt_status {
	struct xlpt_env *env;
	const struct xlpt_guest *one; /* it alone, or NULL */
	struct json_object *root;     /* what --json prints */
	struct json_object *devices;  /* of root */
	struct xlpt_table *table;     /* without --json */
	bool any;		      /* a row was added */
	struct xlpt_vf_places places;
};

/* ---- status.c ---- */

/* What guests have, and what their configurations name and this host does not have. */
int xlpt_status_add_guests(struct xlpt_status *s, const struct xlpt_owners *owners,
			   struct xlpt_diag *diag);
/* What is hidden and no guest's. */
int xlpt_status_add_hidden(struct xlpt_status *s, const struct xlpt_owners *owners,
			   const struct xlpt_devices *devs, struct xlpt_diag *diag);

/* ---- status-print.c ---- */

void xlpt_status_begin(struct xlpt_status *s);
void xlpt_status_row(struct xlpt_status *s, const struct xlpt_status_row *row);
void xlpt_status_rows_end(struct xlpt_status *s);
/* No row at all: what to run next. guest: the word that names the one, or NULL. */
void xlpt_status_nothing(const struct xlpt_status *s, const char *guest);
/* Why Xen could not be asked; NULL: it could, or a tree does not tell. */
struct json_object *xlpt_status_no_xen(struct xlpt_env *env);
/* Interrupted operations and contradictions, below the rows. */
int xlpt_status_add_left(struct xlpt_status *s, struct xlpt_diag *diag);
/* None of them: in a tree without xenstore nobody can tell. */
void xlpt_status_no_left(struct xlpt_status *s);

#endif
