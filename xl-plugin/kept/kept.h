/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files that xlpt keeps are root's alone. Whoever can open a file can lock it (flock(2)),
 * and some of them are locked to say that an xlpt works with them. Earlier versions made
 * them readable for all; whoever meets one mends its mode.
 */
#ifndef XLPT_KEPT_H
#define XLPT_KEPT_H

#include "xl-plugin/cli/env.h"

#define XLPT_KEPT_MODE 0600

/* A dry run, and a look at a captured tree, leave it as it is; so does who may not change it. */
void xlpt_kept_mend(struct xlpt_env *env, int fd);
/* All files of a directory. */
void xlpt_kept_mend_all(struct xlpt_env *env, const char *dir);

#endif
