/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The word that was meant, when another one was written. */
#ifndef XLPT_NEAREST_H
#define XLPT_NEAREST_H

#include "xl-plugin/cli/cli.h"

/* A search: all words that there are are shown to it, one after the other. */
struct xlpt_nearest {
	const char *written;
	size_t len;	   /* of written */
	unsigned mistakes; /* of the best so far */
	const char *best;  /* NULL: none is near, or two are equally near */
};

/* written: n bytes, which need no NUL. */
struct xlpt_nearest xlpt_nearest_to(const char *written, size_t n);
void xlpt_nearest_try(struct xlpt_nearest *n, const char *word);

/* "there is no command "lst"", with the one that was meant, also when it is xl's or virsh's word. */
int xlpt_no_command(char **argv, int argc, struct xlpt_diag *diag);
/* Whether one of the words between blanks is that one. */
bool xlpt_one_of(const char *verbs, const char *word);
/* The verb that was meant, also when another program has that word for it, or NULL. Caller frees. */
char *xlpt_meant_verb(const char *command, const char *verbs, const char *word);
/* "there is no "pool defin"", with the verb that was meant. word NULL: none was written. */
int xlpt_no_verb(const struct xlpt_command *cmd, const char *word, struct xlpt_diag *diag);
/* "xlpt does not know the option --hlep": options and no command. */
int xlpt_no_program_option(char **argv, int argc, struct xlpt_diag *diag);
/* The option that was meant, as "--NAME", or NULL. word has its dashes. Caller frees. */
char *xlpt_nearest_option(const struct xlpt_command *cmd, const char *word);

#endif
