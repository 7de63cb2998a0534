/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What uses the VFs of a PF on this host, and what takes them out of that use. */
#ifndef XLPT_VF_USE_H
#define XLPT_VF_USE_H

#include "pciback/needs/needs.h"
#include "xl-plugin/hotplug/operation.h"

/*
 * Why a VF cannot be dropped, and the line that mends it, are added to why and mend; false when
 * nothing speaks against it. needs may be NULL.
 */
bool xlpt_vf_in_use(struct xlpt_env *env, const struct xlpt_owners *owners,
		    const struct xlpt_needs *needs, struct xlpt_bdf vf, struct xlpt_str *why,
		    struct xlpt_str *mend);

/*
 * What is to be run before the VFs of a PF can be removed, and that: "xlpt detach
 * --to-host web1 0000:01:10.0; xlpt vf remove 0000:01:00.0". NULL when nothing has
 * to be run before. needs may be NULL. Caller frees.
 */
char *xlpt_vf_clear_line(struct xlpt_env *env, struct xlpt_bdf pf, const struct xlpt_owners *owners,
			 const struct xlpt_needs *needs);

/* The program that takes new interfaces up, or NULL; and whether one of the two runs. */
const char *xlpt_vf_manager(struct xlpt_env *env);
bool xlpt_vf_manager_runs(struct xlpt_env *env, bool networkd);

#endif
