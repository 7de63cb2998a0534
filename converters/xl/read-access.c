/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libxlutil opened on a text, and its values with the places the scan knows. */
#include "converters/xl/read-internal.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

/* ---- libxlutil's own words ---- */

void xlpt_xl_forget_words(struct xlpt_xl_reader *r)
{
	fflush(r->report);
	rewind(r->report);
}

/* "FILE:12: config parsing error near `x': syntax error, ..." with our file name in front. */
static unsigned word_line(const struct xlpt_xl_reader *r, const char **text)
{
	uint64_t line;

	*text = "";
	if (!r->words)
		return 0;
	*text = r->words;
	if (xlpt_starts(*text, "cfg:")) {
		const char *num = *text + strlen("cfg:");
		size_t digits = strspn(num, "0123456789");

		if (num[digits] == ':' && xlpt_parse_uint(num, digits, 10, UINT_MAX, &line)) {
			*text = num + digits + 1;
			*text += strspn(*text, " ");
			return (unsigned)line;
		}
		*text = num + strspn(num, " ");
	}
	return 0;
}

int xlpt_xl_refused(struct xlpt_xl_reader *r, size_t off, const char *what)
{
	unsigned line, column, said;
	const char *text;
	size_t n;

	fflush(r->report);
	said = word_line(r, &text);
	n = strcspn(text, "\n");
	xlpt_xl_where(r->scan, off, &line, &column);
	xlpt_diag_set(r->diag, XLPT_ERR_SYNTAX, "%s", what);
	if (n)
		xlpt_diag_fact(r->diag, "libxlutil says: %.*s", (int)(n > 200 ? 200 : n), text);
	if (said > line) {
		line = said;
		column = 1;
	}
	xlpt_diag_at(r->diag, r->scan->file, line, column);
	return XLPT_ERR_SYNTAX;
}

int xlpt_xl_open(struct xlpt_xl_reader *r)
{
	r->report = open_memstream(&r->words, &r->n_words);
	r->cfg = r->report ? xlu_cfg_init(r->report, "cfg") : NULL;
	if (!r->cfg)
		return xlpt_diag_set(r->diag, XLPT_ERR_IO, "cannot set up libxlutil");
	/* The scan has refused every text that is longer than XLPT_XL_MAX. */
	if (xlu_cfg_readdata(r->cfg, r->scan->text, (int)r->scan->len))
		return xlpt_xl_refused(r, 0, "libxlutil does not accept this configuration");
	xlpt_xl_forget_words(r);
	return 0;
}

void xlpt_xl_close(struct xlpt_xl_reader *r)
{
	if (r->cfg)
		xlu_cfg_destroy(r->cfg);
	if (r->report)
		fclose(r->report);
	free(r->words);
	free(r->use);
}

/* ---- access ---- */

unsigned xlpt_xl_line(const struct xlpt_xl_reader *r, size_t off)
{
	unsigned line, column;

	xlpt_xl_where(r->scan, off, &line, &column);
	return line;
}

void xlpt_xl_at(const struct xlpt_xl_reader *r, size_t off, struct xlpt_at *at)
{
	xlpt_xl_where(r->scan, off, &at->line, &at->column);
}

static const struct xlpt_xl_setting *find(struct xlpt_xl_reader *r, const char *key,
					  enum xlpt_xl_use use)
{
	const struct xlpt_xl_setting *last = NULL, *s = r->scan->settings;
	size_t len = strlen(key);

	for (size_t i = 0; i < r->scan->n; i++)
		if (s[i].key_len == len && !memcmp(r->scan->text + s[i].key_off, key, len)) {
			if (r->use[i] != XLPT_XL_REFUSED)
				r->use[i] = use;
			last = &s[i];
		}
	return last;
}

const struct xlpt_xl_setting *xlpt_xl_find(struct xlpt_xl_reader *r, const char *key)
{
	return find(r, key, XLPT_XL_READ);
}

void xlpt_xl_unuse(struct xlpt_xl_reader *r, const char *key)
{
	find(r, key, XLPT_XL_REFUSED);
}

const char *xlpt_xl_string(struct xlpt_xl_reader *r, const char *key)
{
	const struct xlpt_xl_setting *s = xlpt_xl_find(r, key);
	const char *value;

	if (!s)
		return NULL;
	if (s->list || xlu_cfg_get_string(r->cfg, key, &value, 1)) {
		xlpt_xl_unuse(r, key);
		return NULL;
	}
	return value;
}

void xlpt_xl_values_dispose(struct xlpt_xl_values *values)
{
	for (size_t i = 0; i < values->n; i++)
		free(values->v[i].text);
	free(values->v);
	*values = (struct xlpt_xl_values){ 0 };
}

size_t xlpt_xl_base(const struct xlpt_xl_scan *scan, const char *key)
{
	size_t base = 0;
	bool any = false;

	for (size_t i = 0; i < scan->n; i++)
		if (xlpt_xl_is(scan, &scan->settings[i], key) && (!any || !scan->settings[i].add)) {
			base = i;
			any = true;
		}
	return base;
}

/* Keys whose single value is a list of one. Of the others xl ignores what is no list (xl_parse.c). */
static bool takes_string(const char *key)
{
	static const char *const keys[] = { "serial", "usbdevice", "cpuid", "bootloader_args",
					    "device_model_args" };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(keys); i++)
		if (!strcmp(keys[i], key))
			return true;
	return false;
}

bool xlpt_xl_list(struct xlpt_xl_reader *r, const char *key, struct xlpt_xl_values *out)
{
	const struct xlpt_xl_setting *s = xlpt_xl_find(r, key);
	const struct xlpt_xl_scan *scan = r->scan;
	size_t alloc = 0;

	*out = (struct xlpt_xl_values){ 0 };
	if (!s)
		return false;
	if (!s->list && !takes_string(key)) {
		xlpt_xl_unuse(r, key);
		return false;
	}
	if (!s->list) {
		out->v = xlpt_xcalloc(1, sizeof(*out->v));
		out->v[0] = (struct xlpt_xl_value){
			.text = xlpt_xstrdup(xlpt_xl_string(r, key)),
			.off = s->off,
			.len = s->len,
		};
		out->n = 1;
		return true;
	}
	for (size_t i = xlpt_xl_base(scan, key); i < scan->n; i++) {
		const struct xlpt_xl_setting *t = &scan->settings[i];

		if (!xlpt_xl_is(scan, t, key) || !t->list)
			continue;
		for (size_t j = 0; j < t->n; j++) {
			const struct xlpt_xl_item *item = &scan->items[t->first + j];

			XLPT_GROW(out->v, out->n, alloc);
			out->v[out->n++] = (struct xlpt_xl_value){
				.text = item->list ? NULL
						   : xlpt_xl_unquote(scan->text + item->off,
								     item->len),
				.off = item->off,
				.len = item->len,
			};
		}
	}
	return true;
}

bool xlpt_xl_pair(char **s, char **key, char **value)
{
	char *p = *s + strspn(*s, " \t"), *end, *eq;

	if (!*p)
		return false;
	end = p + strcspn(p, ",");
	*s = *end ? end + 1 : end;
	*end = '\0';
	xlpt_chomp(p);
	eq = strchr(p, '=');
	*key = p;
	*value = NULL;
	if (eq) {
		*eq++ = '\0';
		*value = eq + strspn(eq, " \t");
		xlpt_chomp(p);
	}
	return true;
}

bool xlpt_xl_bool(const char *s, enum xlpt_tri *out)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(s, &end, 0);
	if (end == s || *end || errno)
		return false;
	*out = v ? XLPT_ON : XLPT_OFF;
	return true;
}

bool xlpt_xl_num(const char *s, uint64_t max, struct xlpt_num *out)
{
	char *end;
	unsigned long long v;

	if (!isdigit((unsigned char)*s))
		return false;
	errno = 0;
	v = strtoull(s, &end, 0);
	if (*end || errno || v > max)
		return false;
	*out = (struct xlpt_num){ true, v };
	return true;
}

void xlpt_xl_option(struct xlpt_at *at, const char *key, const char *value)
{
	_cleanup_free_ char *text = value ? xlpt_xasprintf("=%s", value) : NULL;

	if (*key)
		xlpt_carry_add(&at->extra, XLPT_SIDE_XL, key, text ? text : "", at->line,
			       at->column);
}
