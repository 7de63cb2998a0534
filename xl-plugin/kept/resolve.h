/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a name that an operator gave to the address of a function.
 */
#ifndef XLPT_RESOLVE_H
#define XLPT_RESOLVE_H

#include "xl-plugin/cli/env.h"

/* The function that pin:NAME means on this host, now. XLPT_ERR_NOT_FOUND without such a pin. */
int xlpt_resolve_pin(struct xlpt_env *env, const char *name, struct xlpt_bdf *bdf,
		     struct xlpt_diag *diag);

/* What a command names where a BDF may stand: an address in any spelling, or pin:NAME. */
int xlpt_args_device(struct xlpt_env *env, const char *text, struct xlpt_bdf *out,
		     struct xlpt_diag *diag);

#endif
