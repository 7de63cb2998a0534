/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who mends which interrupted operation. Each room that writes a journal has a mender for it;
 * xl-plugin/commands.c lists them, so that the rooms below need not know the rooms above.
 */
#ifndef XLPT_MENDER_H
#define XLPT_MENDER_H

#include "xl-plugin/kept/journal.h"
#include "xl-plugin/kept/locks.h"

struct xlpt_mender {
	/* The journal is one of its kind. */
	bool (*is)(const struct xlpt_journal *j);
	/*
	 * Mends all that the journal tells. Its locks are held, and the journal is adopted; the
	 * caller ends it. Nobody reads j after that but for the devices' specs: one that is
	 * cleared is not to be in the guest's configuration.
	 */
	int (*mend)(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag);
	/* Takes its locks; NULL: those of the guest and the devices. */
	int (*lock)(struct xlpt_env *env, struct xlpt_locks *locks, const struct xlpt_journal *j,
		    struct xlpt_diag *diag);
	/* In place of mend and lock: takes the locks, adopts, mends and ends it. */
	int (*whole)(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag);
	/* It also concerns this function, which it does not name; NULL: never. */
	bool (*touches)(struct xlpt_env *env, const struct xlpt_journal *j, struct xlpt_bdf bdf);
};

/* Ends with NULL. */
extern const struct xlpt_mender *const xlpt_menders[];
/* NULL: an operation of another version of this program. */
const struct xlpt_mender *xlpt_mender_of(const struct xlpt_journal *j);

#endif
