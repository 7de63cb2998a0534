/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a name that an operator gave to the address of a function. Everything here only reads.
 */
#ifndef XLPT_RESOLVE_H
#define XLPT_RESOLVE_H

#include "pciback/needs/things.h"
#include "xl-plugin/cli/env.h"

/* The function that pin:NAME means on this host, now. XLPT_ERR_NOT_FOUND without such a pin. */
int xlpt_resolve_pin(struct xlpt_env *env, const char *name, struct xlpt_bdf *bdf,
		     struct xlpt_diag *diag);

/*
 * What a command names where a BDF may stand: an address in any spelling, pin:NAME, a network
 * interface, a MAC address, a file below /dev, or a thing of any kind with its prefix ("usb:1-2").
 * XLPT_ERR_NOT_FOUND: there is no such thing, or nothing behind it; XLPT_ERR_USAGE: more than one
 * function is behind it, or it is no kind of word that is taken here without a prefix.
 */
int xlpt_args_device(struct xlpt_env *env, const char *text, struct xlpt_bdf *out,
		     struct xlpt_diag *diag);

/*
 * Everything that a word may mean: all functions behind it, and a word without a prefix may be
 * a thing of any kind. XLPT_ERR_NOT_FOUND says where it was looked for.
 */
int xlpt_resolve_all(struct xlpt_env *env, const char *word, struct xlpt_things *out,
		     struct xlpt_diag *diag);

/* For completion: all words that find knows by themselves; those that a device is named by. */
int xlpt_resolve_things(struct xlpt_env *env, char ***names, struct xlpt_diag *diag);
int xlpt_resolve_names(struct xlpt_env *env, char ***names, struct xlpt_diag *diag);

#endif
