/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every device a guest holds, by whatever says so. One witness is enough: a
 * guest that is saved or migrated while any of them names a device leaves an
 * image that cannot be restored as it was.
 */
#ifndef XLPT_HOLDINGS_H
#define XLPT_HOLDINGS_H

#include "xl-plugin/cli/env.h"

struct xlpt_holding {
	struct xlpt_bdf bdf;
	bool in_backend; /* the guest's PCI backend in xenstore lists it */
	bool in_hyp;	 /* the hypervisor has it with a guest, and libxl noted this one */
	bool in_config;	 /* libxl's stored configuration of the guest (its JSON) lists it */
	/* To attach it again as it was: options from the configuration, else the bare address. */
	struct xlpt_spec spec;
};

struct xlpt_holdings {
	struct xlpt_holding *items; /* sorted by address */
	size_t n, alloc;
};

void xlpt_holdings_dispose(struct xlpt_holdings *h);
#define _cleanup_holdings_ XLPT_CLEANUP(xlpt_holdings_dispose)

/*
 * Reads only, takes no lock. *out is initialised here and empty on error. Needs
 * env's host, store and toolstack (xlpt_env_need_xen).
 */
int xlpt_holdings_read(struct xlpt_env *env, const struct xlpt_guest *guest,
		       struct xlpt_holdings *out, struct xlpt_diag *diag);

/*
 * The rule (xlpt_policy_leave) over what the guest holds; what is "saved",
 * "migrated", "suspended" or "checkpointed". 0, or XLPT_ERR_RULE with the list.
 */
int xlpt_holdings_judge(struct xlpt_env *env, const struct xlpt_guest *guest,
			const struct xlpt_holdings *h, const char *what, struct xlpt_diag *diag);

#endif
