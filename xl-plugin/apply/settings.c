/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * [settings] and [allow-split]: a file of apply's own beside xlpt.conf, which belongs to the
 * administrator and is never touched. Without --prune, a line of that file stays when no entry
 * names it any more.
 */
#include <string.h>

#include "core/conf.h"
#include "xl-plugin/apply/apply.h"
#include "xl-plugin/kept/settings.h"

#define OWN  XLPT_SETTINGS_DIR "/90-host.conf"
#define HEAD "# Written by xlpt apply from what host.conf says; a change of this file is lost.\n"

struct line {
	char *key, *value, *reason; /* reason: a comment above the line, or NULL */
	bool named;		    /* an entry says it now */
	bool later;		    /* a file that is read after apply's own says it */
};

struct lines {
	struct line *items;
	size_t n, alloc;
};

static void lines_dispose(struct lines *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->items[i].key);
		free(l->items[i].value);
		free(l->items[i].reason);
	}
	free(l->items);
}

static struct line *find(const struct lines *l, const char *key, const char *value)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->items[i].key, key) &&
		    (!xlpt_settings_many(key) || xlpt_streq(l->items[i].value, value)))
			return &l->items[i];
	return NULL;
}

static struct line *add(struct lines *l, const char *key, const char *value, const char *reason)
{
	XLPT_GROW(l->items, l->n, l->alloc);
	l->items[l->n] = (struct line){ .key = xlpt_xstrdup(key),
					.value = xlpt_xstrdup(value),
					.reason = xlpt_xstrdup(reason) };
	return &l->items[l->n++];
}

static int not_ours(struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_CONFLICT, OWN " is not xlpt's to change");
	xlpt_diag_fact(diag, "its first line is not the one that xlpt apply writes");
	xlpt_diag_hint(diag,
		       "give that file another name: mv " OWN " " XLPT_SETTINGS_DIR "/local.conf");
	return XLPT_ERR_CONFLICT;
}

static int read_own(const char *text, struct lines *out, struct xlpt_diag *diag)
{
	_cleanup_conf_ struct xlpt_conf c = { .file = OWN, .diag = diag, .comments = true };
	_cleanup_free_ char *reason = NULL;
	int rc;

	if (!text)
		return 0;
	if (!xlpt_starts(text, HEAD))
		return not_ours(diag);
	xlpt_conf_begin(&c, text + strlen(HEAD), strlen(text + strlen(HEAD)));
	while ((rc = xlpt_conf_next(&c)) > 0) {
		if (c.comment) {
			free(reason);
			reason = xlpt_xstrdup(c.comment + 1 + (c.comment[1] == ' '));
			continue;
		}
		if (c.section || xlpt_conf_need_value(&c))
			return not_ours(diag);
		add(out, c.key, c.value, reason);
		free(XLPT_TAKE(reason));
	}
	return rc;
}

static char *format(const struct lines *l)
{
	struct xlpt_str out = { 0 };

	if (!l->n)
		return NULL;
	xlpt_str_add(&out, HEAD);
	for (size_t i = 0; i < l->n; i++) {
		if (l->items[i].reason)
			xlpt_str_addf(&out, "# %s\n", l->items[i].reason);
		xlpt_str_addf(&out, "%s = %s\n", l->items[i].key, l->items[i].value);
	}
	return xlpt_str_take(&out);
}

/* ---- what the entries say ---- */

/*
 * The administrator's file says it already and ours says nothing about it: nothing has to be done.
 */
static bool so_already(const struct lines *old, const struct lines *admin, const char *key,
		       const char *value)
{
	const struct line *l = find(old, key, value) ? NULL : find(admin, key, value);

	return l && !strcmp(l->value, value);
}

static void take_settings(struct xlpt_entry *e, const struct lines *old, const struct lines *admin,
			  struct lines *new)
{
	_cleanup_str_ struct xlpt_str was = { 0 }, is = { 0 };

	for (size_t i = 0; i < e->n_keys; i++) {
		const struct xlpt_entry_key *k = &e->keys[i];
		struct line *before = find(old, k->key, k->value);
		const char *between = i ? ", " : "";

		if (before || so_already(old, admin, k->key, k->value))
			xlpt_str_addf(&was, "%s%s = %s", between, k->key,
				      before ? before->value : k->value);
		else
			xlpt_str_addf(&was, "%s%s not set", between, k->key);
		xlpt_str_addf(&is, "%s%s = %s", between, k->key, k->value);
		if (before)
			before->named = true;
		if (!so_already(old, admin, k->key, k->value))
			add(new, k->key, k->value, NULL);
	}
	xlpt_apply_told(e, xlpt_str_take(&was), xlpt_str_take(&is));
}

static char *split_words(const struct line *l)
{
	if (!l)
		return xlpt_xstrdup("kept together");
	return l->reason ? xlpt_xasprintf("allowed to be split: %s", l->reason)
			 : xlpt_xstrdup("allowed to be split");
}

static void take_split(struct xlpt_entry *e, const struct lines *old, const struct lines *admin,
		       struct lines *new)
{
	const char *reason = xlpt_entry_get(e, "reason");
	_cleanup_str_ struct xlpt_str was = { 0 }, is = { 0 };

	for (size_t i = 0; i < e->n; i++) {
		_cleanup_free_ char *value = e->pin ? xlpt_xasprintf("pin:%s", e->pin)
						    : xlpt_xstrdup(XLPT_BDF_STR(e->devices[i]));
		struct line *before = find(old, "allow-split", value);
		_cleanup_free_ char *w = split_words(before), *n = NULL;

		if (before)
			before->named = true;
		if (so_already(old, admin, "allow-split", value))
			n = xlpt_xstrdup(w);
		else
			n = split_words(add(new, "allow-split", value, reason));
		if (e->n > 1) {
			xlpt_str_addf(&was, "%s%s: ", i ? "; " : "", value);
			xlpt_str_addf(&is, "%s%s: ", i ? "; " : "", value);
		}
		xlpt_str_add(&was, w);
		xlpt_str_add(&is, n);
	}
	xlpt_apply_told(e, xlpt_str_take(&was), xlpt_str_take(&is));
}

/* A line of another file. What comes before apply's own file is only worth a note. */
static void judge_other(struct xlpt_apply *a, const struct xlpt_conf *c, const struct lines *new,
			bool later)
{
	const struct line *l = xlpt_settings_many(c->key) ? NULL : find(new, c->key, c->value);
	_cleanup_diag_ struct xlpt_diag no = { 0 };

	if (!l || !strcmp(l->value, c->value))
		return;
	if (!later) {
		xlpt_apply_note(a, "%s, line %u, says %s = %s: host.conf has the last word",
				c->file, c->line, c->key, c->value);
		return;
	}
	xlpt_diag_set(&no, XLPT_ERR_RULE, "%s = %s of host.conf would mean nothing", c->key,
		      l->value);
	xlpt_diag_fact(&no, "%s = %s stands here, in a file that is read after " OWN, c->key,
		       c->value);
	xlpt_diag_hint(&no, "take this line out, or that of host.conf");
	xlpt_diag_at(&no, c->file, c->line, 1);
	xlpt_errors_add(&a->errors, NULL, &no);
}

static void read_other(struct xlpt_apply *a, const char *path, bool later, struct lines *out,
		       const struct lines *new)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_diag_ struct xlpt_diag no = { 0 };
	_cleanup_conf_ struct xlpt_conf c = { .file = path, .diag = &no };
	struct line *l;

	if (xlpt_host_read_text(a->env->host, &text, "%s", path) < 0)
		return;
	xlpt_conf_begin(&c, text, strlen(text));
	while (xlpt_conf_next(&c) > 0) {
		if (!c.key || !c.value)
			continue;
		if (!out) {
			judge_other(a, &c, new, later);
			continue;
		}
		l = find(out, c.key, c.value);
		if (!l)
			l = add(out, c.key, c.value, NULL);
		free(l->value);
		l->value = xlpt_xstrdup(c.value);
		l->later |= later;
	}
}

/*
 * The administrator's files, as far as they can be read. Commands that need them tell what is wrong
 * with them. out: gets what they say; else they are compared with new.
 */
static void read_admin(struct xlpt_apply *a, struct lines *out, const struct lines *new)
{
	_cleanup_strv_ char **paths = NULL;

	read_other(a, XLPT_SETTINGS_PATH, false, out, new);
	xlpt_conf_files(a->env->host, XLPT_SETTINGS_DIR, &paths);
	for (char **p = paths; p && *p; p++)
		if (strcmp(*p, OWN) != 0)
			read_other(a, *p, strcmp(*p, OWN) > 0, out, new);
}

int xlpt_apply_settings(struct xlpt_apply *a, struct xlpt_diag *diag)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_diag_ struct xlpt_diag no = { 0 };
	struct lines old = { 0 }, new = { 0 }, admin = { 0 };
	int rc = xlpt_apply_read(a, OWN, &text, diag);

	if (rc)
		return rc;
	if (read_own(text, &old, &no))
		xlpt_errors_add(&a->errors, NULL, &no);
	read_admin(a, &admin, NULL);
	for (size_t i = 0; i < a->conf.n; i++)
		if (a->conf.items[i].kind == XLPT_ENTRY_SETTINGS)
			take_settings(&a->conf.items[i], &old, &admin, &new);
	for (size_t i = 0; i < a->conf.n; i++)
		if (a->conf.items[i].kind == XLPT_ENTRY_SPLIT && a->conf.items[i].n)
			take_split(&a->conf.items[i], &old, &admin, &new);
	read_admin(a, NULL, &new);
	for (size_t i = 0; i < old.n; i++) {
		const struct line *l = &old.items[i];

		if (l->named || find(&new, l->key, l->value))
			continue;
		if (a->want->prune)
			xlpt_strv_addf(&a->pruned, "%s = %s", l->key, l->value);
		else if (!xlpt_apply_moved(a, l->value))
			add(&new, l->key, l->value, l->reason);
	}
	if (!a->errors.n)
		xlpt_apply_file(a, OWN, XLPT_TAKE(text), format(&new), 0644);
	lines_dispose(&old);
	lines_dispose(&new);
	lines_dispose(&admin);
	return 0;
}

void xlpt_apply_export_settings(struct xlpt_apply *a, struct xlpt_str *out)
{
	_cleanup_free_ char *text = NULL;
	struct lines all = { 0 }, admin = { 0 };
	bool begun = false;

	if (xlpt_apply_read(a, OWN, &text, NULL) || read_own(text, &all, NULL))
		all.n = 0;
	read_admin(a, &admin, NULL);
	for (size_t i = 0; i < admin.n; i++) {
		const struct line *l = &admin.items[i];
		struct line *own = find(&all, l->key, l->value);

		if (!own) {
			add(&all, l->key, l->value, NULL);
		} else if (l->later) {
			free(own->value);
			own->value = xlpt_xstrdup(l->value);
		}
	}
	for (size_t i = 0; i < all.n; i++) {
		if (!strcmp(all.items[i].key, "allow-split"))
			continue;
		xlpt_str_addf(out, "%s%s = %s\n", begun ? "" : "\n[settings]\n", all.items[i].key,
			      all.items[i].value);
		begun = true;
	}
	for (size_t i = 0; i < all.n; i++) {
		if (strcmp(all.items[i].key, "allow-split") != 0)
			continue;
		xlpt_str_addf(out, "\n[allow-split %s]\n", all.items[i].value);
		if (all.items[i].reason)
			xlpt_conf_add(out, "reason", all.items[i].reason);
	}
	lines_dispose(&all);
	lines_dispose(&admin);
}
