/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "converters/xl/entries.h"

#include <string.h>

#include "converters/xl/scan.h"
#include "converters/xl/xl.h"

void xlpt_xl_entries_dispose(struct xlpt_xl_entries *e)
{
	for (size_t i = 0; i < e->n; i++) {
		free(e->items[i].text);
		xlpt_strv_free(e->items[i].with);
	}
	free(e->items);
	free(e->name);
	free(e->uuid);
	free(e->cpus);
	*e = (struct xlpt_xl_entries){ 0 };
}

/* The last "key = " decides, as libxlutil has it. */
static char *string_of(const struct xlpt_xl_scan *scan, const char *key)
{
	char *value = NULL;

	for (size_t k = 0; k < scan->n; k++) {
		const struct xlpt_xl_setting *s = &scan->settings[k];

		if (!xlpt_xl_is(scan, s, key) || s->list)
			continue;
		free(value);
		value = xlpt_xl_unquote(scan->text + s->off, s->len);
	}
	return value;
}

/* As xl reads a yes or no (libxlu_cfg.c, xlu_cfg_get_defbool): a number that is not 0. */
static bool number_set(const struct xlpt_xl_scan *scan, const char *key)
{
	_cleanup_free_ char *value = string_of(scan, key);
	uint64_t v = 1;

	return value && !(xlpt_parse_uint(value, strlen(value), 10, UINT32_MAX, &v) && !v);
}

/* cpus = "0-3" for all vCPUs, or a list with one item for each. */
static char *cpus_of(const struct xlpt_xl_scan *scan)
{
	struct xlpt_str all = { 0 };

	for (size_t k = 0; k < scan->n; k++) {
		const struct xlpt_xl_setting *s = &scan->settings[k];

		if (!xlpt_xl_is(scan, s, "cpus"))
			continue;
		if (!s->add)
			xlpt_str_dispose(&all);
		for (size_t i = 0; i < (s->list ? s->n : 1); i++) {
			const struct xlpt_xl_item *item =
				s->list ? &scan->items[s->first + i] : NULL;
			_cleanup_free_ char *text =
				xlpt_xl_unquote(scan->text + (item ? item->off : s->off),
						item ? item->len : s->len);

			xlpt_str_addf(&all, "%s%s", all.len ? "," : "", text ? text : "?");
		}
	}
	return all.len ? xlpt_str_take(&all) : NULL;
}

static int add_items(const struct xlpt_xl_scan *scan, const struct xlpt_xl_setting *s,
		     struct xlpt_xl_entries *out, struct xlpt_diag *diag)
{
	if (!s->list) {
		xlpt_xl_bad(scan, s->off, diag, "pci is a list");
		xlpt_diag_hint(diag, "write pci = [ \"0000:09:00.0\" ]");
		return XLPT_ERR_SYNTAX;
	}
	for (size_t i = 0; i < s->n; i++) {
		const struct xlpt_xl_item *item = &scan->items[s->first + i];
		struct xlpt_xl_entry *e;
		char c = scan->text[item->off];

		if (item->list)
			return xlpt_xl_bad(scan, item->off, diag,
					   "a device is a string, not a list");
		XLPT_GROW(out->items, out->n, out->alloc);
		e = &out->items[out->n++];
		*e = (struct xlpt_xl_entry){ .off = item->off, .len = item->len };
		e->text = xlpt_xl_unquote(scan->text + item->off, item->len);
		xlpt_xl_where(scan, item->off, &e->line, &e->column);
		e->column += c == '"' || c == '\'';
		if (!e->text)
			return xlpt_xl_bad(scan, item->off, diag,
					   "an escape that xl does not know");
	}
	return 0;
}

int xlpt_xl_entries_read(const char *text, size_t len, const char *file,
			 struct xlpt_xl_entries *out, struct xlpt_diag *diag)
{
	_cleanup_xl_scan_ struct xlpt_xl_scan scan = { 0 };
	size_t base = 0;
	int rc;

	*out = (struct xlpt_xl_entries){ 0 };
	rc = xlpt_xl_check(text, len, file, diag);
	if (rc == 0)
		rc = xlpt_xl_scan(text, len, file, &scan, diag);
	if (rc)
		return rc;
	for (size_t k = 0; k < scan.n; k++)
		if (xlpt_xl_is(&scan, &scan.settings[k], "pci") && !scan.settings[k].add)
			base = k;
	for (size_t k = base; rc == 0 && k < scan.n; k++)
		if (xlpt_xl_is(&scan, &scan.settings[k], "pci"))
			rc = add_items(&scan, &scan.settings[k], out, diag);
	if (rc) {
		xlpt_xl_entries_dispose(out);
		return rc;
	}
	out->name = string_of(&scan, "name");
	out->uuid = string_of(&scan, "uuid");
	out->cpus = cpus_of(&scan);
	out->seize = number_set(&scan, "pci_seize");
	out->stubdom = number_set(&scan, "device_model_stubdomain_override");
	return 0;
}

void xlpt_xl_entries_write(const char *text, size_t len, const struct xlpt_xl_entries *e,
			   const char *uuid, struct xlpt_str *out)
{
	size_t at = 0;

	for (size_t i = 0; i < e->n; i++) {
		const struct xlpt_xl_entry *item = &e->items[i];

		if (!item->with)
			continue;
		xlpt_str_addn(out, text + at, item->off - at);
		for (char **w = item->with; *w; w++) {
			xlpt_str_add(out, w == item->with ? "" : ", ");
			xlpt_xl_quote(out, *w);
		}
		at = item->off + item->len;
	}
	xlpt_str_addn(out, text + at, len - at);
	if (!uuid)
		return;
	if (out->len && out->s[out->len - 1] != '\n')
		xlpt_str_add(out, "\n");
	xlpt_str_addf(out, "uuid = \"%s\"\n", uuid);
}
