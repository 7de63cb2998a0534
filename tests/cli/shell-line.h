/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A line of a shell as documents show it, split into the commands in it: words with their quotes
 * undone, redirections, and what joins a command with the next one. No variables, no globbing: a
 * test does not run what it does not know.
 */
#ifndef XLPT_TESTS_CLI_SHELL_LINE_H
#define XLPT_TESTS_CLI_SHELL_LINE_H

#include <ctype.h>
#include <string.h>

#include "core/text.h"

#define SHELL_WORDS 32

struct shell_command {
	char *argv[SHELL_WORDS];
	int argc;
	char *out;     /* behind > or >>, or NULL */
	char *in;      /* behind <, or NULL */
	char joint[3]; /* what stands behind it: "&&", "||", ";", "|", or empty at the end */
};

static inline void shell_command_dispose(struct shell_command *c)
{
	for (int i = 0; i < c->argc; i++)
		free(c->argv[i]);
	free(c->out);
	free(c->in);
	memset(c, 0, sizeof(*c));
}

/* One word, quotes undone; *at is behind it afterwards. NULL: a quote is not closed. Caller frees. */
static inline char *shell_word(const char **at)
{
	struct xlpt_str s = { 0 };
	char quote = 0;
	const char *p = *at;

	xlpt_str_add(&s, "");
	for (; *p && (quote || !strchr(" \t;|&<>", *p)); p++) {
		if (quote ? *p == quote : *p == '\'' || *p == '"')
			quote = quote ? 0 : *p;
		else if (*p == '\\' && quote != '\'' && p[1])
			xlpt_str_addn(&s, ++p, 1);
		else
			xlpt_str_addn(&s, p, 1);
	}
	*at = p;
	if (quote)
		xlpt_str_dispose(&s);
	return quote ? NULL : xlpt_str_take(&s);
}

/* The next command of the line; false at its end or when this is no line that a test can read. */
static inline bool shell_next(const char **at, struct shell_command *c)
{
	const char *p = *at;

	memset(c, 0, sizeof(*c));
	for (;;) {
		char **into = NULL;

		p += strspn(p, " \t");
		if (!*p || *p == '#')
			break;
		if (strchr(";|&", *p)) {
			c->joint[0] = *p;
			if (p[1] == *p && *p != ';')
				c->joint[1] = *p;
			p += strlen(c->joint);
			*at = p;
			return c->argc > 0;
		}
		if (*p == '<' || *p == '>') {
			into = *p == '<' ? &c->in : &c->out;
			p += 1 + (p[0] == '>' && p[1] == '>');
			p += strspn(p, " \t");
		} else if (c->argc < SHELL_WORDS - 1) {
			into = &c->argv[c->argc++];
		}
		if (!into || *into || !(*into = shell_word(&p))) {
			shell_command_dispose(c);
			return false;
		}
	}
	*at = p + strlen(p);
	return c->argc > 0;
}

#endif
