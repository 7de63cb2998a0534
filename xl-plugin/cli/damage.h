/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a list cannot show because its file cannot be read. It must not hide the others. */
#ifndef XLPT_CLI_DAMAGE_H
#define XLPT_CLI_DAMAGE_H

#include "xl-plugin/cli/env.h"

struct json_object;

struct xlpt_damage {
	const char *name; /* not owned */
	struct xlpt_diag why;
};

/* The member "damaged" of the list's object. The caller owns it. */
struct json_object *xlpt_damage_json(const struct xlpt_damage *damaged, size_t n);
/*
 * Tells of each, but with --json, whose list has them. The first moves to diag, and its code is
 * returned; 0 when n is 0.
 */
int xlpt_damage_tell(struct xlpt_env *env, struct xlpt_damage *damaged, size_t n,
		     struct xlpt_diag *diag);
/* Disposes of each why. */
void xlpt_damage_dispose(struct xlpt_damage *damaged, size_t n);

#endif
