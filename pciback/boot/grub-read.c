/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * GRUB's settings as grub-mkconfig gets them: it has the shell read /etc/default/grub and then the files of
 * grub.d. A later assignment takes the place of an earlier one, unless it has the variable in its own value.
 * What only a running shell knows (commands, conditions) is left open.
 */
#include "core/xen-line.h"
#include "pciback/boot/internal.h"

#include <ctype.h>
#include <string.h>

#define VALUE_MAX \
	16384 /* of one variable, four times what GRUB takes; who doubles it line by line ends here */
#define SETS_MAX  2048
#define ASKED_MAX 4096 /* variables of one file: each is looked for among all that were set */
#define DEPTH_MAX 8    /* of ${A:-${B:-...}} */

struct reader {
	const struct xlpt_grub *vars; /* NULL: variables are left out */
	const char *at;
	unsigned lines;
	unsigned depth;
	unsigned asked; /* for variables */
	bool bracket;	/* one stands inside a word, outside of quotes: the shell gives up */
};

const struct xlpt_grub_set *xlpt_grub_last(const struct xlpt_grub *g, const char *name)
{
	for (size_t i = g->n; i-- > 0;)
		if (!g->items[i].unread && !strcmp(g->items[i].name, name))
			return &g->items[i];
	return NULL;
}

const char *xlpt_grub_value(const struct xlpt_grub *g, const char *name)
{
	const struct xlpt_grub_set *set = xlpt_grub_last(g, name);

	return set ? set->value : NULL;
}

static size_t name_len(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || s[n] == '_')
		n++;
	return isdigit((unsigned char)*s) ? 0 : n;
}

static void word(struct reader *r, char end, struct xlpt_str *out);

/* What is too long for a value is read, and left out: a variable that takes in another one has an end. */
static void add(struct xlpt_str *out, const char *s, size_t n)
{
	if (out->len < VALUE_MAX)
		xlpt_str_addn(out, s,
			      strnlen(s, n < VALUE_MAX - out->len ? n : VALUE_MAX - out->len));
}

/* What a variable has, or NULL. Of a file that asks for very many, those behind are left out. */
static const char *value_of(struct reader *r, const char *name)
{
	return r->vars && r->asked++ < ASKED_MAX ? xlpt_grub_value(r->vars, name) : NULL;
}

/* Behind "${": to its '}'. A word behind -, = or + counts as the shell has it; other changes do not. */
static void braces(struct reader *r, struct xlpt_str *out)
{
	size_t n = name_len(r->at);
	_cleanup_free_ char *name = xlpt_xstrndup(r->at, n);
	_cleanup_str_ struct xlpt_str other = { 0 };
	const char *value = value_of(r, name);
	bool colon;
	char how;

	r->at += n;
	colon = *r->at == ':';
	r->at += colon;
	how = *r->at;
	r->at += how && how != '}';
	if (colon && value && !*value)
		value = NULL;
	r->depth++;
	word(r, '}', &other);
	r->depth--;
	if (how == '+')
		value = value ? xlpt_str_get(&other) : NULL;
	else if (how == '-' || how == '=')
		value = value ? value : xlpt_str_get(&other);
	add(out, value ? value : "", VALUE_MAX);
}

/* Commands are not run: to their end, which is at the same depth of brackets. */
static void command(struct reader *r)
{
	char end = *r->at == '`' ? '`' : ')';
	unsigned depth = 1;

	for (r->at++; *r->at && depth; r->at++) {
		depth += end == ')' && *r->at == '(';
		depth -= *r->at == end;
		r->lines += *r->at == '\n';
	}
}

/* At a '$' or a '`'. */
static void expand(struct reader *r, struct xlpt_str *out)
{
	size_t n = *r->at == '$' ? name_len(r->at + 1) : 0;
	_cleanup_free_ char *name = xlpt_xstrndup(r->at + 1, n);
	const char *value = n ? value_of(r, name) : NULL;

	if (*r->at == '`') {
		command(r);
	} else if (r->at[1] == '(') {
		r->at++;
		command(r);
	} else if (r->at[1] == '{' && r->depth < DEPTH_MAX) {
		r->at += 2;
		braces(r, out);
	} else if (n) {
		add(out, value ? value : "", VALUE_MAX);
		r->at += n + 1;
	} else {
		add(out, r->at++, 1);
	}
}

/* At a backslash; in: the quote in which it stands. */
static void escape(struct reader *r, char in, struct xlpt_str *out)
{
	if (r->at[1] == '\n') {
		r->lines++;
		r->at += 2;
		return;
	}
	if (r->at[1] && (!in || strchr("\"\\$`", r->at[1])))
		r->at++;
	add(out, r->at++, 1);
}

/* A word of the shell without its quotes; end: '\0' for one that blanks end, or the '}' that does. */
static void word(struct reader *r, char end, struct xlpt_str *out)
{
	char in = '\0';

	while (*r->at) {
		char c = *r->at;

		if (!in && (end ? c == end : strchr(" \t\n;&|", c) != NULL))
			break;
		if (c == '\\' && in != '\'') {
			escape(r, in, out);
		} else if ((c == '$' || c == '`') && in != '\'') {
			expand(r, out);
		} else if (in ? c == in : c == '"' || c == '\'') {
			in = in ? '\0' : c;
			r->at++;
		} else {
			r->bracket |= !in && !end && c == '(' && out->len;
			r->lines += c == '\n';
			add(out, r->at++, 1);
		}
	}
	r->at += end && *r->at == end;
}

static bool is_word(const char *s, const char *w)
{
	size_t n = strlen(w);

	return !strncmp(s, w, n) && (!s[n] || strchr(" \t\n;&|", s[n]));
}

/* "if", "case" and loops begin what may not be run; their last words end it. */
static int opens(const char *s)
{
	static const char *const begin[] = { "if", "case", "for", "while", "until" };
	static const char *const end[] = { "fi", "esac", "done" };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(begin); i++)
		if (is_word(s, begin[i]))
			return 1;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(end); i++)
		if (is_word(s, end[i]))
			return -1;
	return 0;
}

struct file {
	const char *path, *unread;
	unsigned line;
	int depth; /* of conditions */
	bool maybe;
};

/* "NAME=" or "NAME+=" at r: one assignment. False: something else stands there. */
static bool assignment(struct xlpt_grub *g, const struct file *f, struct reader *r)
{
	size_t n = name_len(r->at);
	bool plus = n && r->at[n] == '+';
	struct xlpt_str own = { 0 }, value = { 0 };
	struct xlpt_grub_set *set;
	struct reader plain;
	const char *before;
	char *name;

	if (!n || r->at[n + plus] != '=' || g->n >= SETS_MAX)
		return false;
	name = xlpt_xstrndup(r->at, n);
	before = xlpt_grub_value(g, name);
	r->at += n + plus + 1;
	plain = (struct reader){ .at = r->at };
	word(&plain, '\0', &own);
	/* One that may not be run takes nothing away: what was there may be there still. */
	if (before && (plus || f->depth > 0 || f->maybe))
		xlpt_str_addf(&value, "%.*s%s", VALUE_MAX, before, plus ? "" : " ");
	r->vars = g;
	word(r, '\0', &value);
	XLPT_GROW(g->items, g->n, g->alloc);
	set = &g->items[g->n++];
	*set = (struct xlpt_grub_set){ .name = name,
				       .own = xlpt_str_take(&own),
				       .value = xlpt_str_take(&value),
				       .file = xlpt_xstrdup(f->path),
				       .unread = xlpt_xstrdup(f->unread),
				       .unquoted = !f->unread && plain.bracket,
				       .line = f->line };
	if (set->unquoted)
		set->unread = xlpt_xstrdup("without quotes around the value, the shell that reads "
					   "the file gives up at the bracket");
	return true;
}

/* Past something that is no assignment: a comment, a command. */
static void pass(struct reader *r)
{
	_cleanup_str_ struct xlpt_str nothing = { 0 };

	if (*r->at == '#')
		r->at += strcspn(r->at, "\n");
	else
		word(r, '\0', &nothing);
}

static void read_text(struct xlpt_grub *g, const char *path, const char *text, const char *unread)
{
	struct file f = { .path = path, .unread = unread, .line = 1 };
	struct reader r = { .at = text };
	bool begin = true; /* of a command */

	while (*r.at) {
		char c = *r.at;

		r.lines = 0;
		if (strchr(" \t\n;&|", c)) {
			/* Behind && and || it depends on what was before. */
			f.maybe = c == '&' || c == '|' || (f.maybe && c != '\n' && c != ';');
			begin |= c != ' ' && c != '\t';
			f.line += c == '\n';
			r.at++;
			continue;
		}
		if (begin && is_word(r.at, "export")) {
			r.at += strlen("export");
			continue;
		}
		f.depth += begin ? opens(r.at) : 0;
		if (begin &&
		    (is_word(r.at, "then") || is_word(r.at, "else") || is_word(r.at, "do"))) {
			pass(&r);
			continue;
		}
		if (!begin || !assignment(g, &f, &r)) {
			begin = false;
			pass(&r);
		}
		f.line += r.lines;
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void read_file(struct xlpt_texts *texts, struct xlpt_grub *g, const char *path,
		      const char *unread, const char *text)
{
	_cleanup_str_ struct xlpt_str own = { 0 };

	if (!text && xlpt_boot_text(texts, path, &own) < 0)
		return;
	read_text(g, path, text ? text : xlpt_str_get(&own), unread);
}

void xlpt_shell_read(struct xlpt_texts *texts, const char *path, struct xlpt_grub *out)
{
	*out = (struct xlpt_grub){ 0 };
	read_file(texts, out, path, NULL, NULL);
}

void xlpt_grub_read(struct xlpt_texts *texts, const struct xlpt_boot *boot, bool other,
		    const char *ours, struct xlpt_grub *out)
{
	_cleanup_strv_ char **names = NULL;
	_cleanup_free_ char *plain = NULL;
	const char *own = strrchr(XLPT_GRUB_CFG, '/') + 1;

	*out = (struct xlpt_grub){ 0 };
	if (boot->loader == XLPT_LOADER_GRUB_PLAIN)
		plain = xlpt_xasprintf("%s does not read /etc/default/grub.d", boot->loader_fact);
	read_file(texts, out, "/etc/default/grub", NULL, NULL);
	xlpt_host_list(texts->h, &names, "/etc/default/grub.d");
	if (other && ours && !xlpt_boot_strv_has(names, own))
		xlpt_strv_add(&names, own);
	if (names)
		qsort(names, xlpt_strv_len(names), sizeof(*names), by_name);
	for (char **n = names; n && *n; n++) {
		_cleanup_free_ char *path = xlpt_xasprintf("/etc/default/grub.d/%s", *n);
		bool is_ours = other && !strcmp(path, XLPT_GRUB_CFG);
		size_t len = strlen(*n);

		if (is_ours && !ours)
			continue;
		/* Names with another ending are copies that somebody keeps. */
		if (len > 4 && !strcmp(*n + len - 4, ".cfg"))
			read_file(texts, out, path, plain, is_ours ? ours : NULL);
		else if (!strchr(*n, '.'))
			read_file(texts, out, path, "only names that end in .cfg are read there",
				  NULL);
	}
}

/* util/grub.d/20_linux_xen.in: a REPLACE variable that is not empty stands in for the other one. */
char *xlpt_grub_line(const struct xlpt_grub *g)
{
	static const char *const names[2][2] = {
		{ "GRUB_CMDLINE_LINUX_XEN_REPLACE", "GRUB_CMDLINE_LINUX" },
		{ "GRUB_CMDLINE_LINUX_XEN_REPLACE_DEFAULT", "GRUB_CMDLINE_LINUX_DEFAULT" },
	};
	const char *xen = xlpt_grub_value(g, "GRUB_CMDLINE_XEN");
	const char *more = xlpt_grub_value(g, "GRUB_CMDLINE_XEN_DEFAULT");
	_cleanup_free_ char *xens = xlpt_xasprintf("%s %s", xen ? xen : "", more ? more : "");
	const char *behind = xlpt_xen_behind(xens);
	struct xlpt_str line = { 0 };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(names); i++) {
		const char *value = xlpt_grub_value(g, names[i][0]);

		if (!value || !*value)
			value = xlpt_grub_value(g, names[i][1]);
		xlpt_str_addf(&line, "%s%s", i ? " " : "", value ? value : "");
	}
	if (*behind)
		xlpt_str_addf(&line, " %s", behind);
	return xlpt_str_take(&line);
}

void xlpt_grub_dispose(struct xlpt_grub *g)
{
	for (size_t i = 0; i < g->n; i++) {
		free(g->items[i].name);
		free(g->items[i].own);
		free(g->items[i].value);
		free(g->items[i].file);
		free(g->items[i].unread);
	}
	free(g->items);
	*g = (struct xlpt_grub){ 0 };
}
