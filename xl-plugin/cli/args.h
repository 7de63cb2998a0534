/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How cli.c takes a command line apart; commands ask by xlpt_args_get and its like (cli.h). */
#ifndef XLPT_ARGS_H
#define XLPT_ARGS_H

#include "xl-plugin/cli/cli.h"

/* For args->cmd. *help: --help is among them. Dispose of args in any case. */
int xlpt_args_parse(struct xlpt_env *env, int argc, char **argv, struct xlpt_args *args, bool *help,
		    struct xlpt_diag *diag);
void xlpt_args_dispose(struct xlpt_args *args);
/* An option that wants a BDF takes pin:NAME as well; commands see the address. */
int xlpt_args_resolve_pins(struct xlpt_env *env, struct xlpt_args *args, struct xlpt_diag *diag);

#endif
