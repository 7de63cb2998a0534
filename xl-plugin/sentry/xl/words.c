/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/sentry/xl/words.h"

#include <string.h>

struct verb {
	const char *name;
	size_t least;	   /* number of characters from which xl takes it for this word */
	const char *flags; /* options without an argument, "h" among them */
	const char *with;  /* options with one */
	const char *const *longs;
};

/* xl's own options, which stand before the command. None of them has an argument. */
static const char own_options[] = "vftTN";

static const char *const help_only[] = { "help", NULL };
static const char *const migrate_longs[] = { "help", "debug", "live", NULL };

/*
 * xl takes every beginning of a command that no other command has (xl_cmdtable.c,
 * cmdtable_lookup). "s" and "re" have always been those of several. "migrate" is also the
 * beginning of migrate-receive, so only the whole word means it.
 */
/* clang-format off */
static const struct verb verbs[] = {
	{ "save", 2, "hcpD", "", help_only},
	{ "migrate", 7, "hFepD", "Cs", migrate_longs},
	{ "remus", 3, "hFbundecp", "isN", help_only},
};
/* clang-format on */

static const struct verb *find_verb(const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (len >= verbs[i].least && !strncmp(verbs[i].name, word, len))
			return &verbs[i];
	return NULL;
}

/* "-" alone is an operand. */
static bool is_option(const char *word)
{
	return word[0] == '-' && word[1];
}

enum found { KNOWN, HELP, UNKNOWN };

/*
 * As getopt_long does: the whole name, or a beginning that no other has. None of xl's has an
 * argument. One that is given to help all the same ("--help=x") is an error, which xl answers with
 * help.
 */
static enum found long_option(const struct verb *verb, const char *name)
{
	size_t len = strcspn(name, "=");
	const char *match = NULL;

	for (const char *const *l = verb->longs; *l; l++) {
		if (strncmp(*l, name, len) != 0)
			continue;
		if (match)
			return UNKNOWN;
		match = *l;
	}
	if (!match)
		return UNKNOWN;
	if (!strcmp(match, "help"))
		return HELP;
	return name[len] ? UNKNOWN : KNOWN;
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

/* argv[i] and every word behind it may be the guest. */
static void all_from(const struct verb *verb, int argc, char *const *argv, int i,
		     struct xlpt_asks *out)
{
	if (i >= argc)
		return;
	out->verb = verb->name;
	out->guest = &argv[i];
	out->n = (size_t)(argc - i);
	out->unsure = true;
}

/*
 * Options end at the first word that is none. xl's first getopt has a string with "+". glibc's
 * getopt keeps that for those that follow, because xl sets optind to 1 in between and not to 0
 * (xl.c). So "save web1 --help" does not ask for help: it saves web1 to a file of that name.
 */
static void read_verb(const struct verb *verb, int argc, char *const *argv, int i,
		      struct xlpt_asks *out)
{
	for (; i < argc && is_option(argv[i]); i++) {
		enum found found;
		bool skip = false;

		if (!strcmp(argv[i], "--")) {
			i++;
			break;
		}
		found = argv[i][1] == '-' ? long_option(verb, argv[i] + 2)
					  : short_options(verb, argv[i] + 1, &skip);
		if (found == HELP)
			return;
		if (found == UNKNOWN) {
			all_from(verb, argc, argv, i + 1, out);
			return;
		}
		i += skip;
	}
	if (i < argc) {
		out->verb = verb->name;
		out->guest = &argv[i];
		out->n = 1;
	}
}

/* Behind an option of xl's own that is not known, which may have an argument. */
static void read_any(int argc, char *const *argv, int i, struct xlpt_asks *out)
{
	for (; i < argc; i++) {
		const struct verb *verb = find_verb(argv[i]);

		if (verb) {
			all_from(verb, argc, argv, i + 1, out);
			return;
		}
	}
}

void xlpt_asks_read(int argc, char *const *argv, struct xlpt_asks *out)
{
	const struct verb *verb;
	int i = 1;

	*out = (struct xlpt_asks){ 0 };
	while (i < argc && is_option(argv[i])) {
		const char *letters = argv[i++] + 1;

		if (!strcmp(letters, "-"))
			break;
		if (letters[strspn(letters, own_options)]) {
			read_any(argc, argv, i, out);
			return;
		}
	}
	verb = i < argc ? find_verb(argv[i]) : NULL;
	if (verb)
		read_verb(verb, argc, argv, i + 1, out);
}
