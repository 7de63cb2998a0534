/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which devices with an interrupt line a PV guest has had. Its kernel does not survive a save or a
 * migration after it had one (xlpt_policy_resumes), and nothing but this note in xenstore says so
 * once the device is detached.
 *
 * It is written before the guest gets the device, and before xlpt takes a device that somebody else
 * gave. So an xlpt that is killed leaves a note too many, and never one too few.
 */
#ifndef XLPT_KEPT_HAD_LINE_H
#define XLPT_KEPT_HAD_LINE_H

#include "core/guest.h"
#include "xl-plugin/cli/env.h"

/*
 * Notes the device, if the guest is PV and the device has an interrupt line. *anew (may be NULL):
 * it was not noted before. A device that this host does not have is not noted: nobody can say what
 * it was.
 */
int xlpt_had_line_note(struct xlpt_env *env, const struct xlpt_guest *guest, struct xlpt_bdf bdf,
		       bool *anew, struct xlpt_diag *diag);
/* Forgets it, of a guest that certainly has never seen the device. */
void xlpt_had_line_forget(struct xlpt_env *env, const struct xlpt_guest *guest,
			  struct xlpt_bdf bdf);
/* What is noted of a PV guest, sorted; of another guest nothing is. Caller frees *bdfs. */
int xlpt_had_line_read(struct xlpt_env *env, const struct xlpt_guest *guest, struct xlpt_bdf **bdfs,
		       size_t *n, struct xlpt_diag *diag);
/*
 * RULE when the guest would not survive being what ("saved", "migrated") because of what is noted.
 * A note that cannot be read is an error: not knowing is no permission.
 */
int xlpt_had_line_judge(struct xlpt_env *env, const struct xlpt_guest *guest, const char *what,
			struct xlpt_diag *diag);

#endif
