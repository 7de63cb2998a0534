/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ending operations that were cut short. The journal says what was meant and where each device
 * came from; what is done depends on what is found now. An attach that the guest has completed is
 * kept, any other attach is taken back. A detach is finished. A hide is taken back, an unhide is
 * finished. Each kind of journal has its mender (kept/mender.h).
 */
#ifndef XLPT_MEND_H
#define XLPT_MEND_H

#include "xl-plugin/kept/mender.h"

extern const struct xlpt_mender xlpt_mender_attach, xlpt_mender_detach, xlpt_mender_hide,
	xlpt_mender_unhide, xlpt_mender_reset;

/*
 * Mends one interrupted operation. The caller has its locks and has adopted the journal
 * (xlpt_journal_adopt). On success the journal is removed. LEFT with the cause when it cannot be
 * mended now; then the journal stays.
 */
int xlpt_mend_locked(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag);
/*
 * The same when the caller has no locks: takes those of the operation, adopts the journal and
 * mends. 0 also when somebody else has mended it in the meantime.
 */
int xlpt_mend(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag);
/*
 * For a mender: the journal's devices were to be given to j->guest. Keeps what the guest has
 * completely, takes the rest back.
 */
int xlpt_mend_given(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag);
/*
 * Gives the journal's devices the driver_override back that they had before xlpt lent itself
 * theirs.
 */
void xlpt_mend_overrides(struct xlpt_env *env, const struct xlpt_journal *j);

#endif
