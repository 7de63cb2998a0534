/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xlpt repair: lists contradictions (contradictions.h) and mends those that need no decision. */
#ifndef XLPT_REPAIR_H
#define XLPT_REPAIR_H

#include "xl-plugin/cli/env.h"

/*
 * words: kinds, devices and guests to which it is limited; NULL or none: everything. Prints what
 * it finds and does; with env->dry_run what it would do. USAGE for a word that is none of them.
 */
int xlpt_op_repair(struct xlpt_env *env, char **words, size_t n, struct xlpt_diag *diag);

/* sweep.c: files that killed xlpts had not finished: how many there are; takes them away. */
size_t xlpt_sweep_count(struct xlpt_env *env);
void xlpt_op_sweep(struct xlpt_env *env);

#endif
