/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an xl command line asks for, read as xl reads it (tools/xl/xl.c and the main_* functions of
 * xl_migrate.c and xl_saverestore.c, Xen 4.2 to 4.21).
 */
#ifndef XLPT_GUARD_WORDS_H
#define XLPT_GUARD_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* These bytes are in the guard's program and in no xl: by them a copy of it is recognised. */
#define XLPT_GUARD_MARK "xlpt's guard before xl: this program and no other"

struct xlpt_asks {
	const char *verb;   /* "save" "migrate" "remus"; NULL = it does not concern the guard */
	char *const *guest; /* first word to ask about, in argv */
	size_t n;	    /* how many words to ask about */
	bool unsure;	    /* an option is not known, so every word may be the guest */
};

/*
 * Fills *out from the argv of main. Only the guest's name is needed, so out->n is 1. When this
 * guard does not know an option, a later xl may give it an argument: then out->n counts every word
 * from there on. verb is NULL when xl would answer with help or when no guest is named. argv is
 * only read; out points into it.
 */
void xlpt_asks_read(int argc, char *const *argv, struct xlpt_asks *out);

#endif
