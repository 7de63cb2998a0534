/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Completion: what cmd-complete.c, complete-line.c and complete-kinds.c share. */
#ifndef XLPT_COMPLETE_H
#define XLPT_COMPLETE_H

#include "xl-plugin/cli/cli.h"

/*
 * Prints one word for the shell: prefix, word and, behind a tab, what it means (help; NULL =
 * nothing). The shell takes the answer apart at line breaks. A word with a control character could
 * not be typed, so it is not offered.
 */
void xlpt_complete_offer(struct xlpt_env *env, const char *prefix, const char *word,
			 const char *help);
/*
 * Prints all names of a kind, each behind prefix: devices, specs, finds, guests, pins, pools, pfs,
 * vfs, things, kinds (of contradictions), repairs (what repair takes).
 */
int xlpt_complete_kind(struct xlpt_env *env, const char *kind, const char *prefix,
		       struct xlpt_diag *diag);
/*
 * Words that fit at the end of a command line; words: all behind "xlpt", the last one as far as
 * it is typed. The answer's first line is ":words", ":files" or ":folders"; the latter two mean
 * that the shell completes names of files itself. Whether a word begins with what is typed is
 * left to the shell, too: it knows how it quotes.
 */
int xlpt_complete_line(struct xlpt_env *env, char *const *words, size_t n, struct xlpt_diag *diag);

#endif
