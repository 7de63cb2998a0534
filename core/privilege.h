/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What root may do besides (capabilities(7)): given up by a process that works for itself, as soon as it
 * knows what it is asked to do. Not in a test, and not in a program that others link.
 */
#ifndef XLPT_PRIVILEGE_H
#define XLPT_PRIVILEGE_H

#include <stdbool.h>

enum xlpt_privilege {
	/* Files alone, whoever's they are. */
	XLPT_PRIVILEGE_FILES,
	/* Also configuration space, hypercalls, and who has what open. */
	XLPT_PRIVILEGE_LOOK,
	/* Also drivers, modules and interfaces. */
	XLPT_PRIVILEGE_CHANGE,
};

/*
 * Keeps no more than that. for_good: neither can a program that this one starts have more; without it,
 * a program has what root has: xl and the device model need it. For anybody but root, and where it
 * cannot be done, this does nothing: nothing rests on it.
 */
void xlpt_privilege_keep(enum xlpt_privilege which, bool for_good);

#endif
