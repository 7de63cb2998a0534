/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads host.conf: sections and their lines. keys.c knows which there are. */
#include "xl-plugin/apply/host-conf.h"

#include <string.h>

#include "core/conf.h"
#include "xl-plugin/kept/pins.h"
#include "xl-plugin/kept/settings.h"
#include "xl-plugin/pool/pools.h"

#define ENTRIES_MAX 2000
#define ERRORS_MAX  100

/* ---- reading ---- */

struct reader {
	struct xlpt_conf c;
	struct xlpt_host_conf *out;
	struct xlpt_errors *errors;
	size_t before; /* how many entries the files before this one have */
	bool skip;     /* the section is wrong: its lines are not read */
};

/* The section that the line belongs to. A section ends with its file. */
static struct xlpt_entry *last(struct reader *r)
{
	return r->out->n > r->before ? &r->out->items[r->out->n - 1] : NULL;
}

static int check_name(struct xlpt_conf *c, enum xlpt_entry_kind kind, const char *name)
{
	int rc = kind == XLPT_ENTRY_PIN	   ? xlpt_pin_name_check(name, c->diag)
		 : kind == XLPT_ENTRY_POOL ? xlpt_pool_check_name(name, c->diag)
					   : 0;

	if (rc)
		xlpt_diag_at(c->diag, c->file, c->line, 1);
	return rc ? XLPT_ERR_SYNTAX : 0;
}

static int twice(struct reader *r, enum xlpt_entry_kind kind, const char *name)
{
	for (size_t i = 0; i < r->out->n; i++) {
		const struct xlpt_entry *e = &r->out->items[i];

		if (e->kind == kind && xlpt_streq(e->name, name))
			return xlpt_conf_wrong(
				&r->c, r->c.section,
				"take one of the two out, or put their lines together",
				"[%s%s%.*s] is there already: %s, line %u", xlpt_entry_word(kind),
				name ? " " : "", name ? xlpt_conf_shown(name) : 0, name ? name : "",
				e->file, e->line);
	}
	return 0;
}

/* The lines of a pool are read by the pool's own reader, which names a line by its number. */
static void pool_line(struct xlpt_entry *e, unsigned line, const char *text)
{
	for (; e->text_lines + 1 < line; e->text_lines++)
		xlpt_str_add(&e->text, "\n");
	xlpt_str_addf(&e->text, "%s\n", text);
	e->text_lines++;
}

/* "[kind name]"; the name may be in quotes. */
static int take_section(struct reader *r)
{
	struct xlpt_conf *c = &r->c;
	size_t len = strlen(c->section);
	_cleanup_free_ char *inner = NULL, *word = NULL, *name = NULL;
	enum xlpt_entry_kind kind = 0;
	const char *s;
	int rc;

	if (len < 2 || c->section[len - 1] != ']')
		return xlpt_conf_wrong(c, c->section, "write: [kind name]",
				       "this section has no ']' at its end");
	inner = xlpt_xstrndup(c->section + 1, len - 2);
	s = inner + strspn(inner, " \t");
	word = xlpt_conf_word(&s);
	if (*s)
		name = xlpt_conf_word(&s);
	while (kind < XLPT_ENTRY_KINDS && !xlpt_streq(word, xlpt_entry_word(kind)))
		kind++;
	/* The port groups of a pool follow it, as in a file of its own. */
	if (xlpt_streq(word, "portgroup") && r->out->n > r->before &&
	    last(r)->kind == XLPT_ENTRY_POOL)
		return 1;
	if (kind == XLPT_ENTRY_KINDS)
		return xlpt_conf_wrong(c, c->section,
				       "the kinds are pin, hide, vfs, pool, guard, allow-split and "
				       "settings: xlpt-host.conf(5)",
				       "there is no section \"%.*s\"", xlpt_conf_shown(inner),
				       inner);
	if (xlpt_entry_is_named(kind) != (name != NULL) || *s)
		return xlpt_conf_wrong(c, c->section, NULL,
				       xlpt_entry_is_named(kind) ? "[%s] wants one name behind it"
								 : "[%s] has no name behind it",
				       xlpt_entry_word(kind));
	rc = name ? check_name(c, kind, name) : 0;
	if (rc == 0 && r->out->n >= ENTRIES_MAX)
		rc = xlpt_conf_wrong(c, c->section,
				     "name devices by what they are like: match = ...",
				     "there are more than %d sections", ENTRIES_MAX);
	if (rc == 0)
		rc = twice(r, kind, name);
	if (rc)
		return rc;
	XLPT_GROW(r->out->items, r->out->n, r->out->alloc);
	r->out->items[r->out->n++] = (struct xlpt_entry){ .kind = kind,
							  .name = XLPT_TAKE(name),
							  .file = xlpt_xstrdup(c->file),
							  .line = c->line };
	if (kind == XLPT_ENTRY_POOL) {
		_cleanup_str_ struct xlpt_str first = { 0 };

		xlpt_conf_add(&first, "name", last(r)->name);
		first.s[first.len - 1] = '\0';
		pool_line(last(r), c->line, first.s);
	}
	return 0;
}

static int take_key(struct reader *r)
{
	struct xlpt_entry *e = last(r);
	struct xlpt_conf *c = &r->c;
	_cleanup_free_ char *unquoted = NULL, *whole = NULL;
	const char *value = c->value, *key;
	int rc;

	if (!e)
		return xlpt_conf_wrong(c, c->key, "begin with a section: [hide DEVICE]",
				       "this line stands before the first section");
	if (e->kind == XLPT_ENTRY_POOL) {
		whole = c->value ? xlpt_xasprintf("%s = %s", c->key, c->value)
				 : xlpt_xstrdup(c->key);
		pool_line(e, c->line, whole);
		return 0;
	}
	rc = xlpt_conf_need_value(c);
	if (rc == 0 && *value == '"') {
		unquoted = xlpt_conf_word(&value);
		if (!unquoted || *value)
			return xlpt_conf_wrong(
				c, c->value, "write: key = \"value\"",
				"the quotes do not end, or something stands behind them");
		value = unquoted;
	}
	if (rc == 0)
		rc = xlpt_entry_check(c, e, value, &key);
	if (rc)
		return rc;
	if (xlpt_entry_get(e, key) && !xlpt_settings_many(key))
		return xlpt_conf_wrong(c, c->key, "take one of the two lines out",
				       "%s is set for the second time, after line %u", key,
				       xlpt_entry_line(e, key));
	XLPT_GROW(e->keys, e->n_keys, e->alloc_keys);
	e->keys[e->n_keys++] = (struct xlpt_entry_key){ .key = xlpt_xstrdup(key),
							.value = xlpt_xstrdup(value),
							.line = c->line };
	return 0;
}

static int take_line(struct reader *r)
{
	int rc = r->c.section ? take_section(r) : r->skip ? 0 : take_key(r);

	if (rc > 0) {
		pool_line(last(r), r->c.line, r->c.section);
		rc = 0;
	}
	if (r->c.section)
		r->skip = rc != 0;
	return rc;
}

/* Judges what only the section as a whole shows. */
static int whole(const struct xlpt_entry *e, struct xlpt_diag *diag)
{
	_cleanup_pool_def_ struct xlpt_pool_def def = { 0 };
	const char *word = NULL, *hint = NULL;

	if (e->kind == XLPT_ENTRY_POOL)
		return xlpt_pool_def_parse(xlpt_str_get(&e->text), e->text.len, e->file, &def,
					   diag);
	if (xlpt_entry_get(e, "device") && xlpt_entry_matches(e)) {
		word = "device and match, class, interface or serial are two ways to name one thing";
		hint = "take device out, or the others";
	} else if (e->kind != XLPT_ENTRY_VFS && xlpt_entry_get(e, "count") &&
		   !xlpt_entry_matches(e)) {
		word = "count goes with match, class, interface or serial";
		hint = "take it out: a device that is named is one";
	} else if (e->kind == XLPT_ENTRY_PIN && xlpt_entry_count(e) != 1) {
		word = "a pin is of one device";
		hint = "take count out";
	} else if (e->kind == XLPT_ENTRY_PIN && !xlpt_entry_get(e, "device") &&
		   !xlpt_entry_matches(e)) {
		word = "this pin does not say which device it is of";
		hint = "device = 0000:09:00.0";
	} else if (e->kind == XLPT_ENTRY_HIDE && !xlpt_entry_get(e, "at")) {
		word = "this section does not say when its device is to be hidden";
		hint = "at = boot, at = now, or both";
	} else if (e->kind == XLPT_ENTRY_VFS && !xlpt_entry_get(e, "count")) {
		word = "this section does not say how many virtual functions there are to be";
		hint = "count = 4";
	}
	if (!word)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "%s", word);
	xlpt_diag_at(diag, e->file, e->line, 1);
	xlpt_diag_hint(diag, "%s", hint);
	return XLPT_ERR_SYNTAX;
}

void xlpt_host_conf_parse(const char *text, size_t len, const char *file,
			  struct xlpt_host_conf *out, struct xlpt_errors *errors)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	struct reader r = { .c = { .file = file, .diag = &diag, .strict = true },
			    .out = out,
			    .errors = errors,
			    .before = out->n };
	size_t before = out->n, wrong = errors->n;
	int rc;

	if (memchr(text, '\0', len)) {
		xlpt_diag_set(&diag, XLPT_ERR_SYNTAX, "there is a zero byte: this is no text");
		xlpt_diag_hint(&diag,
			       "write it anew; xlpt apply --export prints this host in its form");
		xlpt_diag_at(&diag, file, 1, 1);
		xlpt_errors_add(errors, NULL, &diag);
		return;
	}
	xlpt_conf_begin(&r.c, text, len);
	while ((rc = xlpt_conf_next(&r.c))) {
		if (rc > 0)
			rc = take_line(&r);
		else
			r.skip |= r.c.text[strspn(r.c.text, " \t")] == '[';
		if (rc)
			xlpt_errors_add(errors, NULL, &diag);
		if (rc && errors->n - wrong >= ERRORS_MAX) {
			xlpt_conf_wrong(
				&r.c, NULL,
				"mend those first; xlpt-host.conf(5) shows what such a file holds",
				"%d lines are wrong: what follows is not read", ERRORS_MAX);
			xlpt_errors_add(errors, NULL, &diag);
			break;
		}
	}
	xlpt_conf_dispose(&r.c);
	/*
	 * When a line is wrong, nobody knows what it was to say: then the sections are not judged
	 * as a whole.
	 */
	for (size_t i = before; errors->n == wrong && i < out->n; i++)
		if (whole(&out->items[i], &diag))
			xlpt_errors_add(errors, &out->items[i], &diag);
}
