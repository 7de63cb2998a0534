/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The search for lists that nobody reads: stray.c goes through the files, stray-modules.c through those
 * about modules, and stray-words.c judges the words of command lines that stand there. Of this folder alone.
 */
#ifndef XLPT_BOOT_STRAY_H
#define XLPT_BOOT_STRAY_H

#include "pciback/boot/internal.h"

struct xlpt_stray_search {
	struct xlpt_host *h;
	const struct xlpt_boot *boot;
	const struct xlpt_effective *eff;
	struct xlpt_strays *out;
	bool qubes;		      /* Qubes OS's part of the initramfs reads its words */
	const struct xlpt_grub *grub; /* GRUB's settings, and the line that they make for dom0 */
	const char *next;
	char *all;    /* all words that are dom0's at this boot or at the next one, */
	char **words; /* sorted */
	size_t n;
	char *command; /* of the boot loader, once it was asked for; or NULL */
	bool asked;
	/* of the line that is looked at */
	const struct xlpt_grub_set *set; /* if it is one of GRUB's settings */
	const char *file, *variable;
	unsigned line;
	bool inherited; /* ... and the words that it has by variables are looked at */
	bool made;	/* from what was looked at before: only what stands nowhere else is told */
};

/*
 * The same word in a file and on the running command line is one; the file comes first: then NULL. What is
 * returned belongs to the search.
 */
struct xlpt_stray *xlpt_stray_add(struct xlpt_stray_search *s, const char *word);

/* Hostile files have more of them than anybody reads: then no more are looked for. */
bool xlpt_stray_enough(const struct xlpt_stray_search *s);

enum xlpt_stray_whose { XLPT_STRAY_XENS, XLPT_STRAY_DOM0S };

typedef void (*xlpt_stray_line_fn)(struct xlpt_stray_search *s, char *line, const char *unread);
/* The lines of a file that may not be there, without blanks before them; with s->file and s->line. */
void xlpt_stray_each_line(struct xlpt_stray_search *s, const char *path, xlpt_stray_line_fn fn,
			  const char *unread);

/* A line of modprobe.d that is meant for pciback, and is not read. (stray-modules.c) */
void xlpt_stray_misspelled(struct xlpt_stray_search *s, const char *line);
/* Files that only name modules. (stray-modules.c) */
void xlpt_stray_modules(struct xlpt_stray_search *s);

/* Which of dom0's lines it is. Caller frees. */
char *xlpt_stray_line(const struct xlpt_stray_search *s);
/* Of GRUB's settings, and not on the line that they make for dom0's kernel. (stray-why.c) */
bool xlpt_stray_taken_away(const struct xlpt_stray_search *s, const char *word);
/* Why this kernel's own module does not read the word, and what helps; the caller frees both. (stray-why.c) */
void xlpt_stray_why(struct xlpt_stray_search *s, const char *word, const char *unread, char **fact,
		    char **move);
/* Behind head, a word that sets a list: lists that a blank parts from it. (stray-cut.c) */
void xlpt_stray_cut(struct xlpt_stray_search *s, const char *head, const char *rest);
/* The same behind hide= in the options of a module. (stray-cut.c) */
void xlpt_stray_cut_options(struct xlpt_stray_search *s, const char *options);

/* The words of s->all, for the search. */
void xlpt_stray_sort(struct xlpt_stray_search *s);
/* Whether the line has this word. */
bool xlpt_stray_has_word(const char *line, const char *word);
/* Judges the words of one command line. unread: why nobody reads the whole line, or NULL. */
void xlpt_stray_words(struct xlpt_stray_search *s, const char *text, enum xlpt_stray_whose whose,
		      const char *unread);

#endif
