/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Completion: what cmd-complete.c and complete-line.c share. */
#ifndef XLPT_COMPLETE_H
#define XLPT_COMPLETE_H

#include "xl-plugin/cli/cli.h"

/*
 * A word for the shell, which takes the answer apart at line breaks, with what it means behind
 * a tab (help may be NULL). One with an order in it could not be typed, and is never offered.
 */
void xlpt_complete_offer(struct xlpt_env *env, const char *prefix, const char *word,
			 const char *help);
/* All names of a kind: devices, specs, finds, guests, pins, pools, pfs, vfs,
 * things, kinds (of contradictions), repairs (what repair takes). */
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
