/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of what is known: a line each, four columns with tabs between them. */
#include <unistd.h>

#include "corpus.h"

struct line {
	char *check, *name, *text, *reason;
	size_t used;
};

struct corpus_known {
	struct line *items;
	size_t n, alloc;
};

/* '*' stands for any characters; everything else, brackets too, for itself. */
static bool matches(const char *pattern, const char *s)
{
	const char *star = NULL, *again = NULL;

	while (*s) {
		if (*pattern == '*') {
			star = ++pattern;
			again = s;
		} else if (*pattern == *s) {
			pattern++;
			s++;
		} else if (star) {
			pattern = star;
			s = ++again;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

struct corpus_known *corpus_known_read(const char *path)
{
	struct corpus_known *known = xlpt_xcalloc(1, sizeof(*known));
	_cleanup_free_ char *row = NULL;
	size_t size = 0;
	FILE *f = fopen(path, "re");

	if (!f) {
		perror(path);
		exit(2);
	}
	while (getline(&row, &size, f) > 0) {
		char *part[4] = { NULL }, *cursor = row;

		if (*row == '#' || *row == '\n')
			continue;
		row[strcspn(row, "\n")] = '\0';
		for (size_t i = 0; i < 4; i++)
			part[i] = strsep(&cursor, "\t");
		if (!part[3] || cursor) {
			fprintf(stderr, "%s: four columns, with one tab between them: %s\n", path,
				row);
			exit(2);
		}
		XLPT_GROW(known->items, known->n, known->alloc);
		known->items[known->n++] =
			(struct line){ xlpt_xstrdup(part[0]), xlpt_xstrdup(part[1]),
				       xlpt_xstrdup(part[2]), xlpt_xstrdup(part[3]), 0 };
	}
	fclose(f);
	return known;
}

bool corpus_known_has(struct corpus_known *known, const char *check, const char *name,
		      const char *text)
{
	bool has = false;

	for (size_t i = 0; i < known->n; i++) {
		struct line *l = &known->items[i];

		if (!matches(l->check, check) || !matches(l->name, name) || !matches(l->text, text))
			continue;
		l->used++;
		has = true;
	}
	return has;
}

/*
 * A line about a file that this release does not have is not stale, and not one about another
 * release: "C2@9" is about 9 alone.
 */
static bool is_about_another(const struct line *l, const char *dir, const char *version)
{
	_cleanup_free_ char *path = NULL;
	const char *at = strchr(l->reason, '@');

	if (at && strtoul(at + 1, NULL, 10) != strtoul(version, NULL, 10))
		return true;
	if (strchr(l->name, '*'))
		return false;
	path = xlpt_xasprintf("%s/%s", dir, l->name);
	return access(path, F_OK);
}

size_t corpus_known_stale(const struct corpus_known *known, const char *dir, const char *version)
{
	size_t n = 0;

	for (size_t i = 0; i < known->n; i++) {
		const struct line *l = &known->items[i];

		if (l->used || is_about_another(l, dir, version))
			continue;
		printf("STALE: nothing is like this any more: %s %s %s (%s)\n", l->check, l->name,
		       l->text, l->reason);
		n++;
	}
	return n;
}

void corpus_known_figures(const struct corpus_known *known)
{
	printf("  known:");
	for (size_t i = 0; i < known->n; i++) {
		const char *reason = known->items[i].reason;
		size_t len = strcspn(reason, "@"), sum = 0, first = known->n;

		for (size_t j = 0; j < known->n; j++) {
			const char *other = known->items[j].reason;

			if (strcspn(other, "@") != len || strncmp(other, reason, len) != 0)
				continue;
			first = j < first ? j : first;
			sum += known->items[j].used;
		}
		if (first == i && sum)
			printf(" %.*s %zu", (int)len, reason, sum);
	}
	printf("\n");
}

void corpus_known_free(struct corpus_known *known)
{
	for (size_t i = 0; i < known->n; i++) {
		free(known->items[i].check);
		free(known->items[i].name);
		free(known->items[i].text);
		free(known->items[i].reason);
	}
	free(known->items);
	free(known);
}
