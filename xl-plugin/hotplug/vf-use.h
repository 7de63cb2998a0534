/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What uses the VFs of a PF on this host, and how that use is ended. */
#ifndef XLPT_VF_USE_H
#define XLPT_VF_USE_H

#include "pciback/needs/needs.h"
#include "xl-plugin/hotplug/operation.h"

/*
 * True when the VF cannot be removed because somebody uses it: the reason is added to why, and the
 * line that ends the use to mend. needs may be NULL.
 */
bool xlpt_vf_in_use(struct xlpt_env *env, const struct xlpt_owners *owners,
		    const struct xlpt_needs *needs, struct xlpt_bdf vf, struct xlpt_str *why,
		    struct xlpt_str *mend);

/*
 * The lines to run before the VFs of a PF can be removed, and the one that removes them: "xlpt
 * detach --to-host web1 0000:01:10.0; xlpt vf remove 0000:01:00.0". NULL when nothing has to be
 * run before. needs may be NULL. Caller frees.
 */
char *xlpt_vf_clear_line(struct xlpt_env *env, struct xlpt_bdf pf, const struct xlpt_owners *owners,
			 const struct xlpt_needs *needs);

/*
 * xlpt_vf_manager: the program of this host that configures new network interfaces by itself
 * ("NetworkManager" or "systemd-networkd"), or NULL. Not owned. xlpt_vf_manager_runs: whether that
 * one of the two runs.
 */
const char *xlpt_vf_manager(struct xlpt_env *env);
bool xlpt_vf_manager_runs(struct xlpt_env *env, bool networkd);

#endif
