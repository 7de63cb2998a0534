/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every device that a guest holds, whoever says so. One witness is enough: when a guest is saved
 * or migrated while any of them names a device, its image cannot be restored as it was.
 */
#ifndef XLPT_HOLDINGS_H
#define XLPT_HOLDINGS_H

#include "xl-plugin/cli/env.h"

struct xlpt_holding {
	struct xlpt_bdf bdf;
	bool in_backend; /* the guest's PCI backend in xenstore lists it */
	bool in_hyp;	 /* the hypervisor has it with a guest, and libxl noted this one */
	bool in_config;	 /* libxl's stored configuration of the guest (its JSON) lists it */
	/*
	 * What attaches it again as it was: the options of the configuration, else the address
	 * alone.
	 */
	struct xlpt_spec spec;
};

struct xlpt_holdings {
	struct xlpt_holding *items; /* sorted by address */
	size_t n, alloc;
};

void xlpt_holdings_dispose(struct xlpt_holdings *h);
#define _cleanup_holdings_ XLPT_CLEANUP(xlpt_holdings_dispose)

/*
 * Reads what the guest holds; takes no lock and changes nothing. *out is initialised here, and
 * empty after an error. Needs env's host, store and toolstack (xlpt_env_need_xen).
 */
int xlpt_holdings_read(struct xlpt_env *env, const struct xlpt_guest *guest,
		       struct xlpt_holdings *out, struct xlpt_diag *diag);

/*
 * Judges whether the guest may leave (core/policy, xlpt_policy_leave). what: "saved", "migrated",
 * "suspended" or "checkpointed". RULE with the list of its devices.
 */
int xlpt_holdings_judge(struct xlpt_env *env, const struct xlpt_guest *guest,
			const struct xlpt_holdings *h, const char *what, struct xlpt_diag *diag);

#endif
