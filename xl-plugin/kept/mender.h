/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who ends which interrupted operation. Each room that writes a journal has a mender for it.
 * xl-plugin/commands.c lists them, so that the rooms below need not know those above.
 */
#ifndef XLPT_MENDER_H
#define XLPT_MENDER_H

#include "xl-plugin/kept/journal.h"
#include "xl-plugin/kept/locks.h"

struct xlpt_mender {
	/* This journal is of its kind. */
	bool (*is)(const struct xlpt_journal *j);
	/*
	 * Mends everything that the journal is about. The locks are held and the journal is
	 * adopted; the caller ends it. Afterwards the caller reads of j only the devices' specs: a
	 * device whose spec was cleared is not to be in the guest's configuration.
	 */
	int (*mend)(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag);
	/* Takes the locks that mend needs. NULL: those of the journal's guest and devices. */
	int (*lock)(struct xlpt_env *env, struct xlpt_locks *locks, const struct xlpt_journal *j,
		    struct xlpt_diag *diag);
	/* In place of mend and lock: takes the locks, adopts the journal, mends and ends it. */
	int (*whole)(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag);
	/*
	 * The operation also concerns this function, which its journal does not name. NULL: never.
	 */
	bool (*touches)(struct xlpt_env *env, const struct xlpt_journal *j, struct xlpt_bdf bdf);
};

/* All menders; ends with NULL. Filled by xl-plugin/commands.c. */
extern const struct xlpt_mender *const xlpt_menders[];
/* The mender of a journal. NULL: the journal is of an operation that this version does not know. */
const struct xlpt_mender *xlpt_mender_of(const struct xlpt_journal *j);

#endif
