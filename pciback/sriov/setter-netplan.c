/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * netplan(5): /{lib,etc,run}/netplan/NAME.yaml, merged in order of names. Of YAML this reads what
 * such files consist of: blocks by indentation, plain and quoted scalars, comments, and {a: b} and
 * [a, b] behind a key. A definition of an ethernet is the PF if its id or its match: says so; netplan makes
 * virtual-function-count VFs of it, or as many as there are definitions with "link: ID"; if
 * there is another number of them, it writes 0 first.
 */
#include <string.h>

#include "core/file.h"
#include "pciback/sriov/setter-internal.h"

#define DEPTH	    8
#define DEFINITIONS 500

struct definition {
	char *id, *link;
	bool match, fits; /* has a match:; all of it holds */
	int count, links;
	char *file;
	unsigned line;
};

struct netplan {
	const struct xlpt_pf_names *pf;
	struct definition *items;
	size_t n, alloc;
	/* where the reader is */
	const char *path;
	unsigned line;
	int indent[DEPTH];
	char *key[DEPTH];
	size_t depth;
};

static struct definition *definition(struct netplan *np, const char *id)
{
	for (size_t i = 0; i < np->n; i++)
		if (!strcmp(np->items[i].id, id))
			return &np->items[i];
	if (np->n == DEFINITIONS)
		return NULL;
	XLPT_GROW(np->items, np->n, np->alloc);
	np->items[np->n] = (struct definition){ .id = xlpt_xstrdup(id), .fits = true, .count = -1 };
	return &np->items[np->n++];
}

static void found(struct netplan *np, struct definition *d)
{
	free(XLPT_TAKE(d->file));
	d->file = xlpt_xstrdup(np->path);
	d->line = np->line;
}

/* "igb", or ["igb", "ixgbe"] */
static bool any_fits(const char *value, const char *s)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(value);
	char *cursor = copy, *word;

	if (*value != '[')
		return s && xlpt_setter_glob(value, s);
	copy[strlen(copy) - (copy[strlen(copy) - 1] == ']')] = '\0';
	cursor++;
	while ((word = xlpt_setter_word(&cursor, ",")))
		if (s && xlpt_setter_glob(xlpt_setter_trim(word), s))
			return true;
	return false;
}

static void match_key(struct netplan *np, struct definition *d, const char *key, const char *value)
{
	const struct xlpt_pf_names *pf = np->pf;

	d->match = true;
	if (!strcmp(key, "macaddress"))
		d->fits &= xlpt_setter_same_mac(value, pf->burnt_mac);
	else if (!strcmp(key, "name"))
		d->fits &= pf->ifname && xlpt_setter_glob(value, pf->ifname);
	else if (!strcmp(key, "driver") && *value)
		d->fits &= any_fits(value, pf->driver);
}

/* One "key: value" of a definition; match is its key for what stands one level further in. */
static void definition_key(struct netplan *np, const char *id, const char *match, const char *key,
			   const char *value)
{
	struct definition *d = definition(np, id);

	if (!d)
		return;
	if (match) {
		if (!strcmp(match, "match"))
			match_key(np, d, key, value);
	} else if (!strcmp(key, "virtual-function-count")) {
		d->count = xlpt_setter_number(value);
		found(np, d);
	} else if (!strcmp(key, "embedded-switch-mode")) {
		if (!d->file)
			found(np, d);
	} else if (!strcmp(key, "link")) {
		free(XLPT_TAKE(d->link));
		d->link = xlpt_xstrdup(value);
		if (!d->file)
			found(np, d);
	}
}

/* network: ethernets: ID: KEY: [KEY:] */
static void key_value(struct netplan *np, const char *key, const char *value)
{
	if (np->depth < 3 || strcmp(np->key[0], "network") != 0 ||
	    strcmp(np->key[1], "ethernets") != 0)
		return;
	if (np->depth == 3)
		definition_key(np, np->key[2], NULL, key, value);
	else if (np->depth == 4)
		definition_key(np, np->key[2], np->key[3], key, value);
}

static void push(struct netplan *np, int indent, const char *key)
{
	if (np->depth < DEPTH) {
		np->indent[np->depth] = indent;
		np->key[np->depth++] = xlpt_xstrdup(key);
	}
}

static void pop_to(struct netplan *np, int indent)
{
	while (np->depth && np->indent[np->depth - 1] >= indent)
		free(np->key[--np->depth]);
}

/* "{a: b, c: d}", one level. */
static void flow(struct netplan *np, int indent, const char *key, char *value)
{
	char *cursor = value + 1, *pair;

	value[strcspn(value, "}")] = '\0';
	push(np, indent, key);
	while ((pair = xlpt_setter_word(&cursor, ","))) {
		char *colon = strstr(pair, ": ");

		if (!colon)
			continue;
		*colon = '\0';
		key_value(np, xlpt_setter_trim(pair), xlpt_setter_trim(colon + 1));
	}
	pop_to(np, indent);
}

/* Where a comment begins: '#' behind a blank and outside of quotes. */
static void cut_comment(char *line)
{
	char quote = '\0';

	for (char *p = line; *p; p++) {
		if (quote)
			quote = *p == quote ? '\0' : quote;
		else if (*p == '"' || *p == '\'')
			quote = *p;
		else if (*p == '#' && (p == line || p[-1] == ' ' || p[-1] == '\t'))
			*p = '\0';
		if (!*p)
			return;
	}
}

static void yaml_line(struct netplan *np, char *line)
{
	int indent = (int)strspn(line, " ");
	char *s = line + indent, *colon;

	cut_comment(line);
	s = xlpt_setter_trim(s);
	if (!*s || *s == '-')
		return;
	/* A key ends at ": " or at the end of the line: a MAC address as a key has quotes. */
	for (colon = s; (colon = strchr(colon, ':')); colon++)
		if (!colon[1] || colon[1] == ' ')
			break;
	if (!colon)
		return;
	*colon = '\0';
	pop_to(np, indent);
	s = xlpt_setter_trim(s);
	colon = xlpt_setter_trim(colon + 1);
	if (*colon == '{')
		flow(np, indent, s, colon);
	else if (*colon)
		key_value(np, s, colon);
	else
		push(np, indent, s);
}

static void read_yaml(struct netplan *np, const char *path)
{
	_cleanup_free_ char *text = xlpt_setter_text(np->pf->h, path);
	char *cursor = text, *line;

	np->path = path;
	np->line = 0;
	while (cursor && (line = xlpt_file_line(&cursor))) {
		np->line++;
		yaml_line(np, line);
	}
	pop_to(np, -1);
}

/* The VFs of a PF that are defined by themselves. */
static void count_links(struct netplan *np)
{
	for (size_t i = 0; i < np->n; i++) {
		struct definition *pf = NULL;

		for (size_t k = 0; np->items[i].link && k < np->n && !pf; k++)
			if (!strcmp(np->items[k].id, np->items[i].link))
				pf = &np->items[k];
		if (!pf)
			continue;
		pf->links++;
		if (!pf->file) {
			pf->file = xlpt_xstrdup(np->items[i].file);
			pf->line = np->items[i].line;
		}
	}
}

void xlpt_setter_netplan(const struct xlpt_pf_names *pf, struct xlpt_setters *out)
{
	static const char *const dirs[] = { "/run/netplan", "/etc/netplan", "/lib/netplan",
					    "/usr/lib/netplan" };
	_cleanup_strv_ char **files =
		xlpt_setter_files(pf->h, dirs, XLPT_ARRAY_SIZE(dirs), ".yaml");
	struct netplan np = { .pf = pf };

	for (char **p = files; p && *p; p++)
		read_yaml(&np, *p);
	count_links(&np);
	for (size_t i = 0; i < np.n; i++) {
		struct definition *d = &np.items[i];

		/* embedded-switch-mode alone makes none; a count of 0 leaves the number alone. */
		if ((d->count > 0 || (d->count < 0 && d->links)) &&
		    (d->match ? d->fits : xlpt_streq(d->id, pf->ifname)))
			xlpt_setter_add(out, XLPT_SETTER_NETPLAN, "netplan", d->file, d->line,
					d->count >= 0 ? d->count : d->links)
				->name = xlpt_xstrdup(d->id);
		free(d->id);
		free(d->link);
		free(d->file);
	}
	free(np.items);
}
