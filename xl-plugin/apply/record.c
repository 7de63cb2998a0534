/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/apply/record.h"

#include <errno.h>
#include <string.h>

#include "core/file.h"
#include "core/record.h"

#define FIRST	 "xlpt-applied 1"
#define TEXT_MAX (1u << 20)

void xlpt_applied_dispose(struct xlpt_applied *a)
{
	for (size_t i = 0; i < a->n; i++) {
		free(a->items[i].title);
		free(a->items[i].words);
		xlpt_strv_free(a->items[i].devices);
	}
	free(a->items);
	free(a->text);
	xlpt_strv_free(a->made);
	*a = (struct xlpt_applied){ 0 };
}

bool xlpt_applied_parse(struct xlpt_applied *out, char *text)
{
	struct xlpt_record r = { .encoded = true };

	if (!xlpt_record_begin(&r, text, FIRST))
		return false;
	while (xlpt_record_next(&r)) {
		struct xlpt_recorded *e = out->n ? &out->items[out->n - 1] : NULL;

		if (!r.value)
			continue;
		if (!strcmp(r.key, "entry")) {
			XLPT_GROW(out->items, out->n, out->alloc);
			out->items[out->n++] =
				(struct xlpt_recorded){ .title = xlpt_xstrdup(r.value) };
		} else if (!strcmp(r.key, "words") && out->n && !e->words) {
			e->words = xlpt_xstrdup(r.value);
		} else if (!strcmp(r.key, "device") && out->n) {
			xlpt_strv_add(&e->devices, r.value);
		} else if (!strcmp(r.key, "made") && !xlpt_strv_has(out->made, r.value)) {
			xlpt_strv_add(&out->made, r.value);
		}
	}
	return true;
}

int xlpt_applied_read(struct xlpt_env *env, struct xlpt_applied *out, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	int r = xlpt_file_read(env->host, XLPT_APPLIED, TEXT_MAX, &text);

	*out = (struct xlpt_applied){ 0 };
	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r < 0) {
		xlpt_diag_file(diag, XLPT_ERR_IO, r, "cannot read " XLPT_APPLIED);
		xlpt_diag_hint(diag, "run xlpt as root; if it is a link or a folder, move it away");
		return XLPT_ERR_IO;
	}
	out->text = xlpt_xstrdup(xlpt_str_get(&text));
	if (xlpt_applied_parse(out, text.s ? text.s : (char[]){ "" }))
		return 0;
	xlpt_applied_dispose(out);
	xlpt_diag_set(diag, XLPT_ERR_DATA, XLPT_APPLIED " cannot be read");
	xlpt_diag_fact(diag, "its first line is not \"" FIRST "\"");
	xlpt_diag_hint(diag,
		       "rm " XLPT_APPLIED " makes apply forget what it has made: then --prune "
		       "takes nothing of it back");
	return XLPT_ERR_DATA;
}

char *xlpt_applied_format(const struct xlpt_applied *a)
{
	struct xlpt_str out = { 0 };

	if (!a->n && !a->made)
		return xlpt_str_take(&out);
	xlpt_str_add(&out, FIRST "\n");
	for (size_t i = 0; i < a->n; i++) {
		const struct xlpt_recorded *e = &a->items[i];

		xlpt_record_add(&out, "entry", e->title);
		if (e->words)
			xlpt_record_add(&out, "words", e->words);
		for (char **d = e->devices; d && *d; d++)
			xlpt_record_add(&out, "device", *d);
	}
	for (char **m = a->made; m && *m; m++)
		xlpt_record_add(&out, "made", *m);
	return xlpt_str_take(&out);
}

const struct xlpt_recorded *xlpt_applied_find(const struct xlpt_applied *a, const char *title,
					      const char *words)
{
	for (size_t i = 0; i < a->n; i++)
		if (!strcmp(a->items[i].title, title) && xlpt_streq(a->items[i].words, words))
			return &a->items[i];
	return NULL;
}

void xlpt_applied_add(struct xlpt_applied *a, const char *title, const char *words, char **devices)
{
	struct xlpt_recorded *e;

	XLPT_GROW(a->items, a->n, a->alloc);
	e = &a->items[a->n++];
	*e = (struct xlpt_recorded){ .title = xlpt_xstrdup(title), .words = xlpt_xstrdup(words) };
	for (char **d = devices; d && *d; d++)
		xlpt_strv_add(&e->devices, *d);
}

void xlpt_applied_made(struct xlpt_applied *a, const char *what, const char *name)
{
	_cleanup_free_ char *line = xlpt_xasprintf("%s %s", what, name);

	if (!xlpt_strv_has(a->made, line))
		xlpt_strv_add(&a->made, line);
}
