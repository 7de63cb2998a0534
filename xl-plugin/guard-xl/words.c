/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/guard-xl/words.h"

#include <string.h>

struct verb {
	const char *name;
	size_t least;	   /* characters from which xl takes it for this word */
	const char *flags; /* options without an argument, "h" among them */
	const char *with;  /* options with one */
	const char *const *longs;
};

static const char *const help_only[] = {"help", NULL};
static const char *const migrate_longs[] = {"help", "debug", "live", NULL};

/*
 * xl takes every beginning of a word that no other word has
 * (xl_cmdtable.c, cmdtable_lookup). "s" and "re" have always been those of
 * several, and "migrate" is also the beginning of migrate-receive, so that only
 * the whole word means it.
 */
static const struct verb verbs[] = {
	{"save", 2, "hcpDe", "", help_only},
	{"migrate", 7, "hFepD", "Cs", migrate_longs},
	{"remus", 3, "hFbundecp", "isN", help_only},
};

static const struct verb *find_verb(const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (len >= verbs[i].least && !strncmp(verbs[i].name, word, len))
			return &verbs[i];
	return NULL;
}

static bool is_option(const char *word)
{
	return word[0] == '-' && word[1];
}

enum found { KNOWN, HELP, UNKNOWN };

/* getopt_long takes every beginning of a long option that no other has. */
static enum found long_option(const struct verb *verb, const char *name)
{
	size_t len = strlen(name);

	for (const char *const *l = verb->longs; *l; l++)
		if (len && !strncmp(*l, name, len))
			return **l == 'h' ? HELP : KNOWN;
	return UNKNOWN;
}

/* *skip: the next word is the option's argument. */
static enum found short_options(const struct verb *verb, const char *letters, bool *skip)
{
	for (const char *c = letters; *c; c++) {
		if (*c == 'h')
			return HELP;
		if (strchr(verb->with, *c)) {
			*skip = !c[1];
			return KNOWN;
		}
		if (!strchr(verb->flags, *c))
			return UNKNOWN;
	}
	return KNOWN;
}

static void read_verb(const struct verb *verb, int argc, char *const *argv, int i,
		      struct xlpt_leave *out)
{
	for (; i < argc; i++) {
		enum found found;
		bool skip = false;

		if (!is_option(argv[i])) {
			/* Options may follow, and one of them may be a question for help. */
			if (!out->n) {
				out->guest = &argv[i];
				out->n = 1;
			}
			continue;
		}
		if (!strcmp(argv[i], "--")) {
			if (!out->n && i + 1 < argc) {
				out->guest = &argv[i + 1];
				out->n = 1;
			}
			break;
		}
		found = argv[i][1] == '-' ? long_option(verb, argv[i] + 2)
					  : short_options(verb, argv[i] + 1, &skip);
		if (found == HELP) {
			out->n = 0;
			return;
		}
		if (found == UNKNOWN) {
			if (!out->n)
				out->guest = &argv[i + 1];
			out->n = (size_t)(&argv[argc] - out->guest);
			out->unsure = true;
			break;
		}
		i += skip;
	}
	if (out->n)
		out->verb = verb->name;
}

void xlpt_leave_read(int argc, char *const *argv, struct xlpt_leave *out)
{
	const struct verb *verb;
	int i = 1;

	*out = (struct xlpt_leave){0};
	/* xl's own options stand before the word and have no arguments ("+vftTN"). */
	while (i < argc && is_option(argv[i]))
		if (!strcmp(argv[i++], "--"))
			break;
	verb = i < argc ? find_verb(argv[i]) : NULL;
	if (verb)
		read_verb(verb, argc, argv, i + 1, out);
}
