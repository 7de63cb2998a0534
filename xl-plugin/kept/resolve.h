/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a name that an operator gave to the address of a function.
 */
#ifndef XLPT_RESOLVE_H
#define XLPT_RESOLVE_H

#include "xl-plugin/hotplug/operation.h"

/* The function that pin:NAME means on this host, now. XLPT_ERR_NOT_FOUND without such a pin. */
int xlpt_resolve_pin(struct xlpt_env *env, const char *name, struct xlpt_bdf *bdf,
		     struct xlpt_diag *diag);

/* What a command names where a BDF may stand: an address in any spelling, or pin:NAME. */
int xlpt_args_device(struct xlpt_env *env, const char *text, struct xlpt_bdf *out,
		     struct xlpt_diag *diag);

/*
 * A function out of spec->pool for the operation's guest. What the pool says of
 * the identity goes to spec->vf where it is unset. XLPT_ERR_NOT_FOUND without such
 * a pool.
 */
int xlpt_resolve_pool(struct xlpt_op *op, struct xlpt_spec *spec, struct xlpt_bdf *bdf,
		      struct xlpt_diag *diag);

#endif
