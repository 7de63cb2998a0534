/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files that xlpt keeps belong to root and nobody else may open them (0600): whoever can open a
 * file can lock it (flock(2)), and some of them are locked to say that an xlpt works with them.
 * Earlier versions made them readable for all; a command that meets such a file mends its mode.
 */
#ifndef XLPT_KEPT_H
#define XLPT_KEPT_H

#include "xl-plugin/cli/env.h"

#define XLPT_KEPT_MODE 0600

/*
 * Sets the mode of an open file to XLPT_KEPT_MODE. Does nothing in a dry run, below --sysroot, and
 * for a user who is not root.
 */
void xlpt_kept_mend(struct xlpt_env *env, int fd);
/* The same for all files of a directory. */
void xlpt_kept_mend_all(struct xlpt_env *env, const char *dir);

#endif
