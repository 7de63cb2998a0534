/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How cli.c takes a command line apart; commands ask by xlpt_args_get and its like (cli.h). */
#ifndef XLPT_ARGS_H
#define XLPT_ARGS_H

#include "xl-plugin/cli/cli.h"

/* For args->cmd. *help: --help is among them. Dispose of args in any case. */
int xlpt_args_parse(struct xlpt_env *env, int argc, char **argv, struct xlpt_args *args, bool *help,
		    struct xlpt_diag *diag);
void xlpt_args_dispose(struct xlpt_args *args);
/*
 * USAGE for an argument, or an option's argument, that is the empty word. Behind the first argument
 * of an XLPT_CMD_WORDS command it may be one.
 */
int xlpt_args_no_empty(const struct xlpt_env *env, const struct xlpt_args *args,
		       struct xlpt_diag *diag);
/*
 * What stands in the place of an address (an interface, pin:NAME, ...) becomes one, in options that
 * want a BDF and in a command's SPECs, so that the command sees addresses alone; a SPEC keeps pin:.
 */
int xlpt_args_resolve(struct xlpt_env *env, struct xlpt_args *args, struct xlpt_diag *diag);

#endif
