/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ending what was cut short. The journal says what was meant and where the device came from; what
 * is done follows from the facts as they are now: an attach that the guest has taken is kept, any
 * other is taken back; a detach is brought to its end; a hide is taken back, an unhide brought to
 * its end. What a journal means is its mender's (kept/mender.h).
 */
#ifndef XLPT_MEND_H
#define XLPT_MEND_H

#include "xl-plugin/kept/mender.h"

extern const struct xlpt_mender xlpt_mender_attach, xlpt_mender_detach, xlpt_mender_hide,
	xlpt_mender_unhide, xlpt_mender_reset;

/* Mends one interrupted operation, adopted by the caller, who holds its locks. */
int xlpt_mend_locked(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag);
/* The same with the locks that the operation itself had; the caller has none. */
int xlpt_mend(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag);
/* For a mender: every device of j was to be given to j->guest. */
int xlpt_mend_given(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag);
/* Its devices get the driver_override back that the journal has. */
void xlpt_mend_overrides(struct xlpt_env *env, const struct xlpt_journal *j);

#endif
