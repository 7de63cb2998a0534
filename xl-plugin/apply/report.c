/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What apply did, or would do, for people and as JSON. */
#include <string.h>

#include "core/file.h"
#include "xl-plugin/apply/apply.h"
#include "xl-plugin/cli/output.h"

/* A file of xlpt's own records: no change of the host that somebody would look at. */
static bool own_notes(const struct xlpt_apply_file *f)
{
	return !strcmp(f->path, XLPT_APPLIED) || !strcmp(f->path, XLPT_BOOT_STAMP);
}

/* ---- JSON ---- */

static struct json_object *strings(char **v)
{
	struct json_object *a = json_object_new_array();

	for (; v && *v; v++)
		json_object_array_add(a, xlpt_json_str(*v));
	return a;
}

static struct json_object *entry_json(const struct xlpt_entry *e)
{
	struct json_object *o = json_object_new_object(), *devices = json_object_new_array();

	for (size_t i = 0; i < e->n; i++)
		json_object_array_add(devices, xlpt_json_bdf(e->devices[i]));
	xlpt_json_add(o, "kind", xlpt_json_str(xlpt_entry_word(e->kind)));
	xlpt_json_add(o, "name", xlpt_json_str(e->name));
	xlpt_json_add(o, "file", xlpt_json_str(e->file));
	xlpt_json_add(o, "line", json_object_new_int64(e->line));
	xlpt_json_add(o, "devices", devices);
	xlpt_json_add(o, "changed", json_object_new_boolean(e->changes));
	xlpt_json_add(o, "reboot_required", json_object_new_boolean(e->reboot));
	xlpt_json_add(o, "was", xlpt_json_str(e->was));
	xlpt_json_add(o, "is", xlpt_json_str(e->is));
	return o;
}

static struct json_object *files_json(const struct xlpt_apply *a)
{
	struct json_object *files = json_object_new_array();

	for (size_t i = 0; i < a->n_files; i++) {
		struct json_object *o;

		if (own_notes(&a->files[i]))
			continue;
		o = json_object_new_object();
		xlpt_json_add(o, "path", xlpt_json_str(a->files[i].path));
		xlpt_json_add(o, "before", xlpt_json_str(a->files[i].was));
		xlpt_json_add(o, "after", xlpt_json_str(a->files[i].want));
		json_object_array_add(files, o);
	}
	return files;
}

static void print_json(const struct xlpt_apply *a, bool diff)
{
	struct json_object *root = json_object_new_object(), *entries = json_object_new_array();
	bool more = a->changed || a->reboot_required;

	for (size_t i = 0; i < a->conf.n; i++)
		json_object_array_add(entries, entry_json(&a->conf.items[i]));
	xlpt_json_add(root, "check", json_object_new_boolean(a->want->check));
	xlpt_json_add(root, "changed", json_object_new_boolean(a->changed));
	xlpt_json_add(root, "reboot_required", json_object_new_boolean(a->reboot_required));
	xlpt_json_add(root, "entries", entries);
	xlpt_json_add(root, "pruned", strings(a->pruned));
	xlpt_json_add(root, "notes", strings(a->notes));
	xlpt_json_add(root, "commands", strings(more ? a->commands : NULL));
	if (diff)
		xlpt_json_add(root, "files", files_json(a));
	xlpt_print_json(a->env, root);
}

/* ---- for people ---- */

static size_t split(char *text, char ***out)
{
	char *cursor = text, *line;
	size_t n = 0;

	*out = xlpt_xcalloc(strlen(text ? text : "") + 2, sizeof(**out));
	while (cursor && (line = xlpt_file_line(&cursor)))
		(*out)[n++] = line;
	return n;
}

/* Lines that are the same at the beginning and at the end of the file are left out. */
static void say_diff(const struct xlpt_apply *a, const struct xlpt_apply_file *f)
{
	_cleanup_free_ char *was = xlpt_xstrdup(f->was), *want = xlpt_xstrdup(f->want);
	_cleanup_free_ char **before = NULL, **after = NULL;
	size_t n = split(was, &before), m = split(want, &after), head = 0, tail = 0;

	while (head < n && head < m && !strcmp(before[head], after[head]))
		head++;
	while (tail < n - head && tail < m - head &&
	       !strcmp(before[n - 1 - tail], after[m - 1 - tail]))
		tail++;
	xlpt_say(a->env, "--- %s%s", f->path, f->was ? "" : " (not there)");
	xlpt_say(a->env, "+++ %s%s", f->path, f->want ? "" : " (removed)");
	for (size_t i = head; i < n - tail; i++)
		xlpt_say(a->env, "-%s", before[i]);
	for (size_t i = head; i < m - tail; i++)
		xlpt_say(a->env, "+%s", after[i]);
}

static void say_entry(const struct xlpt_apply *a, const struct xlpt_entry *e)
{
	_cleanup_free_ char *title = xlpt_entry_title(e);
	_cleanup_str_ struct xlpt_str devices = { 0 };

	for (size_t i = 0; i < e->n && e->kind != XLPT_ENTRY_PIN; i++)
		xlpt_str_addf(&devices, "%s%s", i ? ", " : " (", XLPT_BDF_STR(e->devices[i]));
	if (devices.len)
		xlpt_str_add(&devices, ")");
	if (e->sentence)
		xlpt_say(a->env, "[%s]: %s", title, e->sentence);
	else if (!e->changes)
		xlpt_say(a->env, "[%s]%s: %s, as it shall be", title, xlpt_str_get(&devices),
			 e->is);
	else if (a->want->check)
		xlpt_say(a->env, "[%s]%s: is %s; would be %s", title, xlpt_str_get(&devices),
			 e->was, e->is);
	else
		xlpt_say(a->env, "[%s]%s: was %s; is %s", title, xlpt_str_get(&devices), e->was,
			 e->is);
}

void xlpt_apply_report(const struct xlpt_apply *a, bool diff)
{
	struct xlpt_env *env = a->env;

	if (env->json) {
		print_json(a, diff);
		return;
	}
	for (size_t i = 0; i < a->conf.n; i++)
		say_entry(a, &a->conf.items[i]);
	for (char **p = a->pruned; p && *p; p++)
		xlpt_say(env, "%s: %s", a->want->check ? "would be taken back" : "taken back", *p);
	for (size_t i = 0; diff && i < a->n_files; i++)
		if (!own_notes(&a->files[i]))
			say_diff(a, &a->files[i]);
	for (char **n = a->notes; n && *n; n++)
		xlpt_say(env, "note: %s", *n);
	xlpt_say(env, "%s",
		 !a->changed	  ? "unchanged: this host is what it should be"
		 : a->want->check ? "changed: this is what apply would do"
				  : "changed: this host is what it should be");
	if (!a->changed && !a->reboot_required)
		return;
	for (char **c = a->commands; c && *c; c++)
		xlpt_say(env, "then: %s", *c);
	if (a->reboot_required)
		xlpt_say(env, "the next boot finishes it: reboot");
}

/* ---- errors ---- */

static struct json_object *error_json(const struct xlpt_diag *d)
{
	struct json_object *o = json_object_new_object();

	xlpt_json_add(o, "code", xlpt_json_str(xlpt_err_word(d->code)));
	xlpt_json_add(o, "exit", json_object_new_int(xlpt_err_exit(d->code)));
	xlpt_json_add(o, "message", xlpt_json_str(d->message));
	xlpt_json_add(o, "fact", xlpt_json_str(d->fact));
	xlpt_json_add(o, "hint", xlpt_json_str(d->hint));
	xlpt_json_add(o, "file", xlpt_json_str(d->file));
	xlpt_json_add(o, "line", d->line ? json_object_new_int64(d->line) : NULL);
	xlpt_json_add(o, "column", d->column ? json_object_new_int64(d->column) : NULL);
	return o;
}

void xlpt_apply_report_errors(struct xlpt_apply *a, size_t returned)
{
	struct json_object *root, *list;

	if (!a->env->json) {
		for (size_t i = 0; i < a->errors.n; i++)
			if (i != returned)
				xlpt_print_diag(a->env, &a->errors.items[i]);
		return;
	}
	root = json_object_new_object();
	list = json_object_new_array();
	for (size_t i = 0; i < a->errors.n; i++)
		json_object_array_add(list, error_json(&a->errors.items[i]));
	xlpt_json_add(root, "changed", json_object_new_boolean(false));
	xlpt_json_add(root, "errors", list);
	xlpt_print_json(a->env, root);
	a->env->reported = true;
}
