/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Members as text and back. */
#include "converters/model/internal.h"

#include <ctype.h>

/* ---- text ---- */

static bool plain(unsigned char c)
{
	return c > ' ' && c < 0x7f && !strchr("\\,=()[]{}<>", c);
}

/* Text with what has a meaning in values escaped. */
static void escape(struct xlpt_str *out, const char *s)
{
	while (*s) {
		size_t n = 0;

		while (s[n] == ' ' || plain((unsigned char)s[n]))
			n++;
		xlpt_str_addn(out, s, n);
		s += n;
		if (*s)
			xlpt_str_addf(out, "\\%02x", (unsigned char)*s++);
	}
}

char *xlpt_value_unescape(const char **s)
{
	struct xlpt_str out = { 0 };
	const char *p = *s;

	while (plain((unsigned char)*p) || *p == ' ' || *p == '\\') {
		uint64_t v;
		char c;

		if (*p != '\\') {
			xlpt_str_addn(&out, p++, 1);
			continue;
		}
		if (!p[1] || !p[2] || !xlpt_parse_uint(p + 1, 2, 16, 0xff, &v) || !v) {
			xlpt_str_dispose(&out);
			return NULL;
		}
		c = (char)v;
		xlpt_str_addn(&out, &c, 1);
		p += 3;
	}
	*s = p;
	return xlpt_str_take(&out);
}

static bool part_empty(const struct xlpt_shape *shape, const void *base);

/* Whether a member has a value: the answer of xlpt_field_print, without the text. */
static bool said(const struct xlpt_field *f, const void *base)
{
	const void *p = xlpt_field_at(base, f);

	switch (f->type) {
	case XLPT_F_STR:
	case XLPT_F_STRV:
		return *(void *const *)p != NULL;
	case XLPT_F_NUM:
		return ((const struct xlpt_num *)p)->has;
	case XLPT_F_TRI:
	case XLPT_F_WORD:
		return *(const int *)p != 0;
	case XLPT_F_BDF:
		return ((const struct xlpt_opt_bdf *)p)->has;
	case XLPT_F_FLAG:
		return *(const bool *)p;
	case XLPT_F_SLOT:
		return *(const int *)p >= 0;
	case XLPT_F_ADDR:
		return ((const struct xlpt_spec *)p)->has_bdf;
	case XLPT_F_LIST:
		return ((const struct xlpt_list *)p)->n > 0;
	case XLPT_F_PART:
		return !part_empty(f->shape, p);
	case XLPT_F_CARRIES:
		break;
	}
	return false;
}

static bool part_empty(const struct xlpt_shape *shape, const void *base)
{
	for (const struct xlpt_field *f = shape->fields; f->name; f++)
		if (said(f, base))
			return false;
	return true;
}

static void print_part(const struct xlpt_shape *shape, const void *base, struct xlpt_str *out)
{
	bool first = true;

	xlpt_str_add(out, "(");
	for (const struct xlpt_field *f = shape->fields; f->name; f++) {
		if (!said(f, base))
			continue;
		if (!first)
			xlpt_str_addn(out, ",", 1);
		xlpt_str_add(out, f->name);
		xlpt_str_addn(out, "=", 1);
		xlpt_field_print(f, base, out);
		first = false;
	}
	xlpt_str_add(out, ")");
}

static void print_strv(char **v, struct xlpt_str *out)
{
	xlpt_str_add(out, "[");
	for (size_t i = 0; v[i]; i++) {
		if (i)
			xlpt_str_add(out, ",");
		escape(out, v[i]);
	}
	xlpt_str_add(out, "]");
}

static void print_list(const struct xlpt_list *list, const struct xlpt_shape *shape,
		       struct xlpt_str *out)
{
	xlpt_str_add(out, "[");
	for (size_t i = 0; i < list->n; i++) {
		if (i)
			xlpt_str_add(out, ",");
		print_part(shape, xlpt_list_item(list, shape, i), out);
	}
	xlpt_str_add(out, "]");
}

static void print_addr(const struct xlpt_spec *spec, struct xlpt_str *out)
{
	xlpt_str_add(out, XLPT_BDF_STR(spec->bdf));
	if (spec->all_funcs)
		out->s[out->len - 1] = '*';
}

bool xlpt_field_print(const struct xlpt_field *f, const void *base, struct xlpt_str *out)
{
	const void *p = xlpt_field_at(base, f);

	if (!said(f, base))
		return false;
	switch (f->type) {
	case XLPT_F_STR:
		escape(out, *(char *const *)p);
		break;
	case XLPT_F_NUM:
		xlpt_str_addf(out, "%llu", (unsigned long long)((const struct xlpt_num *)p)->v);
		break;
	case XLPT_F_TRI:
		xlpt_str_add(out, *(const int *)p == XLPT_ON ? "on" : "off");
		break;
	case XLPT_F_WORD:
		xlpt_str_add(out, f->words[*(const int *)p]);
		break;
	case XLPT_F_STRV:
		print_strv(*(char **const *)p, out);
		break;
	case XLPT_F_BDF:
		xlpt_str_add(out, XLPT_BDF_STR(((const struct xlpt_opt_bdf *)p)->v));
		break;
	case XLPT_F_FLAG:
		xlpt_str_add(out, "yes");
		break;
	case XLPT_F_SLOT:
		xlpt_str_addf(out, "%d", *(const int *)p);
		break;
	case XLPT_F_ADDR:
		print_addr(p, out);
		break;
	case XLPT_F_LIST:
		print_list(p, f->shape, out);
		break;
	case XLPT_F_PART:
		print_part(f->shape, p, out);
		break;
	case XLPT_F_CARRIES:
		break;
	}
	return true;
}

static bool parse_part(const struct xlpt_shape *shape, void *base, const char **s)
{
	if (*(*s)++ != '(')
		return false;
	while (**s != ')') {
		size_t n = strcspn(*s, "=,()[]");
		const struct xlpt_field *f = shape->fields;

		while (f->name && (strlen(f->name) != n || strncmp(f->name, *s, n) != 0))
			f++;
		if (!f->name || (*s)[n] != '=')
			return false;
		*s += n + 1;
		xlpt_field_clear(f, base);
		if (!xlpt_field_parse(f, base, s))
			return false;
		if (**s == ',')
			(*s)++;
		else if (**s != ')')
			return false;
	}
	(*s)++;
	return true;
}

static bool parse_strv(char ***out, const char **s)
{
	*out = xlpt_xcalloc(1, sizeof(**out));
	if (*(*s)++ != '[')
		return false;
	if (**s == ']') {
		(*s)++;
		return true;
	}
	for (;;) {
		char *item = xlpt_value_unescape(s);

		if (!item)
			return false;
		xlpt_strv_take(out, item);
		if (**s == ',')
			(*s)++;
		else
			break;
	}
	return *(*s)++ == ']';
}

static bool parse_list(const struct xlpt_field *f, struct xlpt_list *list, const char **s)
{
	if (*(*s)++ != '[')
		return false;
	do {
		void *item;

		if (list->n == list->alloc) {
			list->alloc = list->alloc ? list->alloc * 2 : 8;
			list->items = xlpt_xrealloc(list->items, list->alloc, f->shape->size);
		}
		item = xlpt_list_item(list, f->shape, list->n++);
		xlpt_shape_init(f->shape, item);
		if (!parse_part(f->shape, item, s))
			return false;
	} while (**s == ',' && (*s)++);
	return *(*s)++ == ']';
}

static bool parse_atom(const struct xlpt_field *f, void *p, const char *t)
{
	struct xlpt_spec *spec = p;
	uint64_t v;

	switch (f->type) {
	case XLPT_F_NUM:
		((struct xlpt_num *)p)->has = true;
		return xlpt_parse_uint(t, strlen(t), 10, UINT64_MAX, &((struct xlpt_num *)p)->v);
	case XLPT_F_TRI:
		*(int *)p = !strcmp(t, "on") ? XLPT_ON : !strcmp(t, "off") ? XLPT_OFF : XLPT_UNSET;
		return *(int *)p != XLPT_UNSET;
	case XLPT_F_WORD:
		for (int i = 1; f->words[i]; i++)
			if (!strcmp(f->words[i], t))
				*(int *)p = i;
		return *(int *)p != 0;
	case XLPT_F_BDF:
		((struct xlpt_opt_bdf *)p)->has = true;
		return xlpt_bdf_parse(t, strlen(t), &((struct xlpt_opt_bdf *)p)->v, NULL) == 0;
	case XLPT_F_FLAG:
		*(bool *)p = true;
		return !strcmp(t, "yes");
	case XLPT_F_SLOT:
		if (!xlpt_parse_uint(t, strlen(t), 10, 0x1f, &v))
			return false;
		*(int *)p = (int)v;
		return true;
	case XLPT_F_ADDR: {
		_cleanup_spec_ struct xlpt_spec read;

		if (xlpt_spec_parse_xl(t, &read, NULL) || !read.has_bdf || strpbrk(t, "@,="))
			return false;
		spec->has_bdf = true;
		spec->all_funcs = read.all_funcs;
		spec->bdf = read.bdf;
		return true;
	}
	default:
		return false;
	}
}

bool xlpt_field_parse(const struct xlpt_field *f, void *base, const char **s)
{
	void *p = xlpt_field_at(base, f);
	_cleanup_free_ char *t = NULL;
	bool ok = false;

	switch (f->type) {
	case XLPT_F_STRV:
		ok = parse_strv(p, s);
		break;
	case XLPT_F_LIST:
		ok = parse_list(f, p, s);
		break;
	case XLPT_F_PART:
		ok = parse_part(f->shape, p, s);
		break;
	case XLPT_F_CARRIES:
		break;
	case XLPT_F_STR:
		*(char **)p = xlpt_value_unescape(s);
		ok = *(char **)p != NULL;
		break;
	default:
		t = xlpt_value_unescape(s);
		ok = t && parse_atom(f, p, t);
		break;
	}
	if (!ok)
		xlpt_field_clear(f, base);
	return ok;
}
