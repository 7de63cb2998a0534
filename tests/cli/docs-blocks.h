/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The commands that a document shows, block by block.
 *
 * Markdown: an indented block has a command in each line. A fenced block says what it is: "console" has
 * commands behind "# " or "$ " and their output below, every other word stands for no commands. Manual
 * pages: a literal block whose first line begins with "# " or "$ " is such a console.
 */
#ifndef XLPT_TESTS_CLI_DOCS_BLOCKS_H
#define XLPT_TESTS_CLI_DOCS_BLOCKS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"

struct docs_block {
	const char *doc;
	unsigned line; /* of its first command */
	struct {
		unsigned line;
		char *text;   /* as it is typed, lines that go on joined */
		char *output; /* what is shown below it, or NULL */
	} shown[16];
	size_t n;
};

static inline void docs_block_dispose(struct docs_block *b)
{
	for (size_t i = 0; i < b->n; i++) {
		free(b->shown[i].text);
		free(b->shown[i].output);
	}
	memset(b, 0, sizeof(*b));
}

struct docs_reader {
	FILE *f;
	const char *doc;
	bool man, blank; /* blank: the line before was empty */
	unsigned line;
	char *text;
	size_t room;
	const char *wrong; /* why this document cannot be read */
};

/* scdoc's backslashes go: they escape the next character, in literal blocks too. */
static inline void docs_unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s == '\\' && s[1])
			s++;
		*to++ = *s;
	}
	*to = '\0';
}

static inline bool docs_line(struct docs_reader *r)
{
	ssize_t n;

	r->blank = !r->text || !*r->text;
	n = getline(&r->text, &r->room, r->f);
	if (n < 0)
		return false;
	if (n && r->text[n - 1] == '\n')
		r->text[n - 1] = '\0';
	r->line++;
	return true;
}

static inline void docs_add_output(struct docs_block *b, const char *line)
{
	char **output = &b->shown[b->n - 1].output, *old = *output;

	*output = xlpt_xasprintf("%s%s\n", old ? old : "", line);
	free(old);
}

/* A command; one that ends in a backslash goes on in the next line. */
static inline bool docs_add_command(struct docs_block *b, struct docs_reader *r, const char *text)
{
	if (b->n == XLPT_ARRAY_SIZE(b->shown)) {
		r->wrong = "a block has too many commands for this test";
		return false;
	}
	b->shown[b->n].line = r->line;
	b->shown[b->n++].text = xlpt_xstrdup(text);
	return true;
}

static inline bool docs_goes_on(struct docs_block *b, const char *line)
{
	char *last = b->n ? b->shown[b->n - 1].text : NULL;
	size_t len = last ? strlen(last) : 0;

	if (!len || b->shown[b->n - 1].output || last[len - 1] != '\\')
		return false;
	last[len - 1] = '\0';
	b->shown[b->n - 1].text = xlpt_xasprintf("%s%s", last, line + strspn(line, " \t"));
	free(last);
	return true;
}

static inline bool docs_prompt(const char *line)
{
	return (*line == '#' || *line == '$') && line[1] == ' ';
}

/* A fenced block: its inside up to the closing fence. */
static inline bool docs_fenced(struct docs_reader *r, struct docs_block *b, const char *kind)
{
	size_t indent = strspn(r->text, " \t");
	bool console = strcmp(kind, "console") == 0, first = true;

	if (!r->man && !*kind)
		r->wrong = "a fenced block does not say what it is";
	while (!r->wrong && docs_line(r)) {
		char *line = r->text;

		line += indent < strspn(line, " \t") ? indent : strspn(line, " \t");
		if (strncmp(line, "```", 3) == 0)
			return true;
		if (r->man) {
			docs_unescape(line);
			console = first ? docs_prompt(line) : console;
		}
		first = false;
		if (!console || docs_goes_on(b, line))
			continue;
		if (docs_prompt(line))
			docs_add_command(b, r, line + 2);
		else if (b->n)
			docs_add_output(b, line);
		else
			r->wrong = "a console begins with output";
	}
	r->wrong = r->wrong ? r->wrong : "a fenced block has no end";
	return false;
}

/* The next block with commands; false at the end, or with r->wrong. */
static inline bool docs_next(struct docs_reader *r, struct docs_block *b)
{
	bool more = docs_line(r);

	memset(b, 0, sizeof(*b));
	b->doc = r->doc;
	for (; more && !r->wrong; more = docs_line(r)) {
		char *fence = r->text + strspn(r->text, " \t");

		if (strncmp(fence, "```", 3) == 0) {
			_cleanup_free_ char *kind = xlpt_xstrdup(fence + 3);

			if (docs_fenced(r, b, kind) && b->n)
				break;
		} else if (!r->man && r->blank && strncmp(r->text, "    ", 4) == 0) {
			while (more && strncmp(r->text, "    ", 4) == 0) {
				if (!docs_goes_on(b, r->text) &&
				    !docs_add_command(b, r, r->text + 4))
					break;
				more = docs_line(r);
			}
			break;
		}
	}
	b->line = b->n ? b->shown[0].line : 0;
	return b->n > 0 && !r->wrong;
}

static inline bool docs_open(struct docs_reader *r, const char *doc)
{
	size_t len = strlen(doc);

	memset(r, 0, sizeof(*r));
	r->doc = doc;
	r->man = len > 4 && strcmp(doc + len - 4, ".scd") == 0;
	r->f = fopen(doc, "re");
	return r->f != NULL;
}

static inline void docs_close(struct docs_reader *r)
{
	if (r->f)
		fclose(r->f);
	free(r->text);
	memset(r, 0, sizeof(*r));
}

#endif
