/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the command lines of save, restore and migrate have in common. */
#ifndef XLPT_LEAVE_WORDS_H
#define XLPT_LEAVE_WORDS_H

#include "xl-plugin/cli/cli.h"
#include "xl-plugin/leave/leave.h"

/* Options of save and migrate, for their tables. */
#define XLPT_LEAVE_OPTS                                                                         \
	{ "detach-first", 'd', NULL,                                                            \
	  "detach its devices first and attach them again afterwards" },                        \
		{ "force", 'f', NULL,                                                           \
		  "also a PV guest that has or had a device with an interrupt line" },          \
	{                                                                                       \
		"timeout", 't', "SECONDS", "how long the guest may take to answer (default 60)" \
	}

/* Reads the guest and those options into l. USAGE, NO_GUEST. */
int xlpt_leave_words(struct xlpt_leave *l, const struct xlpt_args *args, struct xlpt_diag *diag);
/* Reads each --map FROM=TO of restore and migrate. SYNTAX, USAGE. */
int xlpt_leave_words_maps(struct xlpt_leave *l, const struct xlpt_args *args,
			  struct xlpt_diag *diag);

#endif
