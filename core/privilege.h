/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What root may do besides (capabilities(7)): given up by a process that works for itself, as soon as it
 * knows what it is asked to do. Not in a test, and not in a program that others link.
 */
#ifndef XLPT_PRIVILEGE_H
#define XLPT_PRIVILEGE_H

#include <stdbool.h>

/*
 * Whether this program has rights that who started it has not: a set-user-ID or set-group-ID copy, or
 * one with file capabilities. Its environment and its descriptors are then of somebody who must not
 * decide over them.
 */
bool xlpt_privilege_is_borrowed(void);

/*
 * For a command that only reads and writes files, whoever's they are: nothing else is kept, and no program
 * that is started has more. For anybody but root, and where it cannot be done, this does nothing:
 * nothing rests on it.
 */
void xlpt_privilege_files_alone(void);

#endif
