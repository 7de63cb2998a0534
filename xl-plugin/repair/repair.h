/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What xlpt repair does beside journals. */
#ifndef XLPT_REPAIR_H
#define XLPT_REPAIR_H

#include "xl-plugin/cli/env.h"

/* All of it. Prints what it does; with env->dry_run what it would do. */
int xlpt_op_repair(struct xlpt_env *env, struct xlpt_diag *diag);
/* Contradictions that no journal explains (facts.c); *found grows by each. */
int xlpt_repair_facts(struct xlpt_env *env, size_t *found, struct xlpt_diag *diag);
/* Takes away (dry_run: counts) what killed xlpts had not finished, and says so (sweep.c). */
size_t xlpt_op_sweep(struct xlpt_env *env);

#endif
