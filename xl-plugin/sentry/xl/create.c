/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a command line is an xl create, and of which file. It is read with getopt, as xl reads
 * it.
 */
#include "xl-plugin/sentry/xl/create.h"

#include <getopt.h>
#include <string.h>

#define LEAST 2 /* xl takes every beginning that no other of its commands has: "cr" */

static const struct option longs[] = {
	{ "defconfig", required_argument, NULL, 'f' },
	{ "dryrun", no_argument, NULL, 'n' },
	{ "help", no_argument, NULL, 'h' },
	{ "ignore-global-affinity-masks", no_argument, NULL, 'i' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "vncviewer", no_argument, NULL, 'V' },
	{ "vncviewer-autopass", no_argument, NULL, 'A' },
	{ 0 },
};

static bool is_create(const char *word)
{
	size_t len = strlen(word);

	return len >= LEAST && !strncmp("create", word, len);
}

/* The index of the word "create" in argv, 0 when the command is another one. */
static int find_word(int argc, char *const *argv, bool *dry)
{
	int c;

	opterr = 0;
	optind = 0;
	while ((c = getopt(argc, argv, "+vftTN")) != -1) {
		if (c == '?')
			return 0;
		*dry |= c == 'N';
	}
	return optind < argc && is_create(argv[optind]) ? optind : 0;
}

/* False: xl would show help, or an option is wrong or not known. */
static bool read_options(int argc, char *const *argv, struct xlpt_create *out)
{
	const char *last = NULL;
	int c;

	/* 1 and not 0, as in xl: so options end at the first word that is none. */
	optind = 1;
	while ((c = getopt_long(argc, argv, "AFVcdef:inpqh", longs, NULL)) != -1) {
		if (c == 'h' || c == '?')
			return false;
		out->dry |= c == 'n';
		out->stays |= c == 'F';
		out->leaves |= c == 'e';
		last = c == 'f' ? optarg : NULL;
		if (last)
			out->file = last;
	}
	out->words = optind;
	/* "--" ends the options, unless it is the name of the file. */
	out->end = optind > 1 && !strcmp(argv[optind - 1], "--") && argv[optind - 1] != last
			   ? optind - 1
			   : optind;
	return true;
}

bool xlpt_create_read(int argc, char *const *argv, struct xlpt_create *out)
{
	int at;

	*out = (struct xlpt_create){ 0 };
	if (argc < 2)
		return false;
	at = find_word(argc, argv, &out->dry);
	if (!at)
		return false;
	if (at + 1 < argc && argv[at + 1][0] != '-' && !strchr(argv[at + 1], '='))
		out->file = argv[++at];
	if (!read_options(argc - at, argv + at, out))
		return false;
	out->words += at;
	out->end += at;
	for (int i = out->words; i < argc; i++) {
		if (strchr(argv[i], '='))
			continue;
		if (out->file)
			return false;
		out->file = argv[i];
	}
	return out->file != NULL;
}
