/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an xl command line asks for, read as xl reads it (tools/xl/xl.c and the
 * main_* functions of xl_migrate.c and xl_saverestore.c, Xen 4.2 to 4.21).
 */
#ifndef XLPT_GUARD_WORDS_H
#define XLPT_GUARD_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* Stands in the guard's program, and in no xl. */
#define XLPT_GUARD_MARK "xlpt's guard before xl: this program and no other"

struct xlpt_asks {
	const char *verb;   /* "save" "migrate" "remus"; NULL = none of the guard's business */
	char *const *guest; /* first word to ask about, inside argv */
	size_t n;	    /* how many of them */
	bool unsure;	    /* an option is not known: every word may be the guest */
};

/*
 * Fills *out from argv as main gets it. Only the guest's name is asked for, so
 * out->n is 1; with an option that this guard does not know (a later xl may give
 * it an argument) it is every word from there on. What asks for help where xl
 * still reads options, or names no guest, is nobody's leave. argv is only read;
 * out points into it.
 */
void xlpt_asks_read(int argc, char *const *argv, struct xlpt_asks *out);

#endif
