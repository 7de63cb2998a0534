/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the name that an operator gives a device to the address of its function. All of this only
 * reads.
 */
#ifndef XLPT_RESOLVE_H
#define XLPT_RESOLVE_H

#include "pciback/needs/things.h"
#include "xl-plugin/cli/env.h"

/*
 * The function that pin:NAME means on this host now. NOT_FOUND when there is no such pin,
 * NO_DEVICE when its device is not there, RULE when it cannot be told which device it is.
 */
int xlpt_resolve_pin(struct xlpt_env *env, const char *name, struct xlpt_bdf *bdf,
		     struct xlpt_diag *diag);

/*
 * The function that a word of the command line names: an address in any spelling, pin:NAME, a
 * network interface, a MAC address, a file below /dev, or any thing with its prefix ("usb:1-2").
 * NOT_FOUND when there is no such thing or no function behind it, USAGE when several functions are
 * behind it or the word needs a prefix, SYNTAX.
 */
int xlpt_args_device(struct xlpt_env *env, const char *text, struct xlpt_bdf *out,
		     struct xlpt_diag *diag);

/*
 * Everything that a word may mean: all functions behind it, for a word without prefix a thing of
 * any kind. The caller disposes of *out. NOT_FOUND says where it was looked for.
 */
int xlpt_resolve_all(struct xlpt_env *env, const char *word, struct xlpt_things *out,
		     struct xlpt_diag *diag);

/*
 * For completion. things: all words that xlpt find knows of its own; names: those by which a
 * device can be named. Caller frees with xlpt_strv_free.
 */
int xlpt_resolve_things(struct xlpt_env *env, char ***names, struct xlpt_diag *diag);
int xlpt_resolve_names(struct xlpt_env *env, char ***names, struct xlpt_diag *diag);

#endif
