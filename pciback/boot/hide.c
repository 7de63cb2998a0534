/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pciback/boot/hide.h"

#include <string.h>

/* The kernel's isspace(): lib/ctype.c counts the no-break space of Latin-1 among the blanks. */
static bool blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == (char)0xa0;
}

static int hex(char c)
{
	uint64_t v;

	return xlpt_parse_uint(&c, 1, 16, 15, &v) ? (int)v : -1;
}

struct reader {
	enum xlpt_hide_grammar grammar;
	const char *text, *s;
	size_t group; /* 1-based */
	struct xlpt_diag *diag;
};

static int XLPT_PRINTF(3, 4) bad(const struct reader *r, const char *at, const char *fmt, ...)
{
	_cleanup_free_ char *what = NULL, *meant = NULL;
	unsigned column = (unsigned)(at - r->text) + 1;
	va_list ap;

	va_start(ap, fmt);
	what = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	xlpt_diag_set(r->diag, XLPT_ERR_SYNTAX, "group %zu, column %u: %s in \"%s\"", r->group,
		      column, what, r->text);
	xlpt_diag_at(r->diag, NULL, 0, column);
	xlpt_diag_fact(r->diag, "a list that the kernel cannot read keeps pciback from starting: "
				"then no device is hidden");
	meant = r->diag ? xlpt_hide_meant(r->grammar, r->text) : NULL;
	if (meant)
		xlpt_diag_hint(r->diag, "it was probably meant as \"%s\"", meant);
	else
		xlpt_diag_hint(r->diag,
			       r->grammar == XLPT_HIDE_WILDCARDS
				       ? "write each group as (SSSS:BB:DD.F), (SSSS:BB:DD.*) or "
					 "(SSSS:BB:*.*), in hexadecimal"
				       : "write each group as (SSSS:BB:DD.F), in hexadecimal; this "
					 "kernel knows no wildcards");
	return XLPT_ERR_SYNTAX;
}

static void skip_blanks(struct reader *r)
{
	while (blank(*r->s))
		r->s++;
}

/*
 * One %x of the kernel's sscanf(): blanks, perhaps "0x", digits without end,
 * the value cut to 32 bits. A "0x" without digits is 0.
 */
static bool number(struct reader *r, uint32_t *v, bool *cut)
{
	uint64_t all = 0;
	int d;

	skip_blanks(r);
	if (hex(*r->s) < 0)
		return false;
	if (r->s[0] == '0' && (r->s[1] == 'x' || r->s[1] == 'X'))
		r->s += 2;
	for (; (d = hex(*r->s)) >= 0; r->s++) {
		*cut |= all > UINT32_MAX >> 4;
		all = all << 4 | (uint64_t)d;
	}
	*v = (uint32_t)all;
	return true;
}

static bool literal(struct reader *r, const char *what)
{
	if (!xlpt_starts(r->s, what))
		return false;
	r->s += strlen(what);
	return true;
}

struct fields {
	uint32_t seg, bus, dev, func;
	bool any_dev, any_func, cut;
	bool closed; /* the ')' was there */
};

/* What comes after "BB:": the device and the function, or their wildcards. */
static int dev_func(struct reader *r, struct fields *f, bool dev_read)
{
	bool wild = r->grammar == XLPT_HIDE_WILDCARDS;

	if (!dev_read) {
		if (wild && *r->s == '*') {
			if (!literal(r, "*.*"))
				return bad(r, r->s, "expected \"*.*\"");
			f->any_dev = f->any_func = true;
			return 0;
		}
		if (!number(r, &f->dev, &f->cut))
			return bad(r, r->s, "expected the device");
		if (!literal(r, "."))
			return bad(r, r->s, "expected '.' and the function");
	}
	if (wild && *r->s == '*') {
		r->s++;
		f->any_func = true;
	} else if (!number(r, &f->func, &f->cut)) {
		return bad(r, r->s, "expected the function");
	}
	return 0;
}

/* From the '(' to the last character that the kernel takes into account. */
static int fields(struct reader *r, struct fields *f)
{
	bool wild = r->grammar == XLPT_HIDE_WILDCARDS;
	uint32_t first, second;
	int rc;

	*f = (struct fields){ 0 };
	if (!literal(r, "("))
		return bad(r, r->s, "expected '('");
	if (!number(r, &first, &f->cut))
		return bad(r, r->s, "expected the segment or the bus");
	if (!literal(r, ":"))
		return bad(r, r->s, "expected ':'");
	f->bus = first;
	if (wild && *r->s == '*') {
		rc = dev_func(r, f, false);
	} else {
		if (!number(r, &second, &f->cut))
			return bad(r, r->s, "expected the bus or the device");
		if (literal(r, ":")) {
			f->seg = first;
			f->bus = second;
			rc = dev_func(r, f, false);
		} else if (literal(r, ".")) {
			f->dev = second;
			rc = dev_func(r, f, true);
		} else {
			rc = bad(r, r->s, "expected ':' or '.'");
		}
	}
	if (rc)
		return rc;
	f->closed = literal(r, ")");
	if (!f->closed && wild)
		return bad(r, r->s, "expected ')'");
	return 0;
}

/* Values that pcistub_device_id_add() refuses since 3.7. A sign bit makes a wildcard of them. */
static int check_range(const struct reader *r, const char *start, struct fields *f)
{
	if ((int32_t)f->dev < 0)
		f->any_dev = f->cut = true;
	if ((int32_t)f->func < 0)
		f->any_func = f->cut = true;
	if (f->seg > 0xffff)
		return bad(r, start, "segment %x is above ffff", f->seg);
	if (f->bus > 0xff)
		return bad(r, start, "bus %x is above ff", f->bus);
	if (!f->any_dev && f->dev > 0x1f)
		return bad(r, start, "device %x is above 1f", f->dev);
	if (!f->any_func && f->func > 7)
		return bad(r, start, "function %x is above 7", f->func);
	return 0;
}

static int group(struct reader *r, struct xlpt_hide_list *out)
{
	struct xlpt_hide_group g = { 0 };
	struct fields f;
	const char *start;
	int rc;

	r->group++;
	skip_blanks(r);
	start = r->s;
	rc = fields(r, &f);
	if (rc == 0 && r->grammar == XLPT_HIDE_WILDCARDS)
		rc = check_range(r, start, &f);
	if (rc)
		return rc;
	g.seg = f.seg;
	g.bus = (uint8_t)f.bus;
	g.dev = f.any_dev ? -1 : (int8_t)(f.dev & 0x1f);
	g.func = f.any_func ? -1 : (int8_t)(f.func & 7);
	g.changed = f.cut || f.seg > 0xffff || g.bus != f.bus || (!f.any_dev && f.dev > 0x1f) ||
		    (!f.any_func && f.func > 7);
	g.column = (unsigned)(start - r->text) + 1;
	XLPT_GROW(out->items, out->n, out->alloc);
	out->items[out->n++] = g;
	if (f.closed)
		skip_blanks(r);
	else
		out->ignored = (unsigned)(r->s - r->text) + 1;
	return 0;
}

int xlpt_hide_parse(enum xlpt_hide_grammar grammar, const char *text, struct xlpt_hide_list *out,
		    struct xlpt_diag *diag)
{
	struct reader r = { .grammar = grammar, .text = text, .s = text, .diag = diag };
	size_t len = strlen(text);
	int rc = 0;

	*out = (struct xlpt_hide_list){ 0 };
	if (len > XLPT_HIDE_MAX) {
		xlpt_diag_set(diag, XLPT_ERR_SYNTAX,
			      "the list has %zu characters, and the kernel takes %d", len,
			      XLPT_HIDE_MAX);
		xlpt_diag_fact(diag, "kernel/params.c refuses a longer string parameter");
		xlpt_diag_hint(diag, "name whole slots as (SSSS:BB:DD.*), or a bridge: everything "
				     "behind it is hidden with it");
		xlpt_diag_at(diag, NULL, 0, XLPT_HIDE_MAX + 1);
		return XLPT_ERR_SYNTAX;
	}
	while (*r.s && !out->ignored && rc == 0)
		rc = group(&r, out);
	if (rc)
		xlpt_hide_dispose(out);
	return rc;
}

int xlpt_hide_lint(enum xlpt_hide_grammar grammar, const char *text, struct xlpt_hide_list *out,
		   struct xlpt_diag *diag)
{
	struct reader r = { .grammar = grammar, .text = text, .diag = diag };
	int rc = xlpt_hide_parse(grammar, text, out, diag);

	if (rc)
		return rc;
	for (size_t i = 0; rc == 0 && i < out->n; i++) {
		r.group = i + 1;
		if (out->items[i].changed)
			rc = bad(&r, text + out->items[i].column - 1,
				 "a number too large, which the kernel cuts to another address,");
	}
	if (rc == 0 && out->ignored) {
		r.group = out->n;
		rc = bad(&r, text + out->ignored - 1, "expected ')'");
		xlpt_diag_fact(diag, "this kernel ignores everything from there on");
	}
	if (rc)
		xlpt_hide_dispose(out);
	return rc;
}

int xlpt_hide_arg(enum xlpt_hide_grammar grammar, const char *text, struct xlpt_hide_list *out,
		  struct xlpt_diag *diag)
{
	_cleanup_hide_ struct xlpt_hide_list list = { 0 };
	_cleanup_free_ char *wrapped = NULL;
	struct xlpt_bdf bdf;
	int rc;

	if (*text != '(' && !strchr(text, '*')) {
		rc = xlpt_bdf_parse_any(text, &bdf, diag);
		if (rc)
			return rc;
		wrapped = xlpt_xcalloc(1, XLPT_BDF_LEN);
		xlpt_bdf_format(bdf, XLPT_BDF_HIDE, wrapped);
	} else {
		wrapped = *text == '(' ? xlpt_xstrdup(text) : xlpt_xasprintf("(%s)", text);
	}
	rc = xlpt_hide_lint(grammar, wrapped, &list, diag);
	for (size_t i = 0; i < list.n; i++)
		xlpt_hide_add(out, &list.items[i]);
	return rc;
}

static bool same(const struct xlpt_hide_group *a, const struct xlpt_hide_group *b)
{
	return a->seg == b->seg && a->bus == b->bus && a->dev == b->dev && a->func == b->func;
}

bool xlpt_hide_has(const struct xlpt_hide_list *list, const struct xlpt_hide_group *group_)
{
	for (size_t i = 0; i < list->n; i++)
		if (same(&list->items[i], group_))
			return true;
	return false;
}

bool xlpt_hide_is(const struct xlpt_hide_list *list, enum xlpt_hide_grammar grammar,
		  const char *text)
{
	_cleanup_hide_ struct xlpt_hide_list other = { 0 };
	bool is = xlpt_hide_parse(grammar, text, &other, NULL) == 0 && other.n == list->n;

	for (size_t i = 0; is && i < other.n; i++)
		is = xlpt_hide_has(list, &other.items[i]);
	return is;
}

bool xlpt_hide_add(struct xlpt_hide_list *list, const struct xlpt_hide_group *group_)
{
	if (xlpt_hide_has(list, group_))
		return false;
	XLPT_GROW(list->items, list->n, list->alloc);
	list->items[list->n++] = *group_;
	return true;
}

bool xlpt_hide_drop(struct xlpt_hide_list *list, const struct xlpt_hide_group *group_)
{
	size_t kept = 0, n = list->n;

	for (size_t i = 0; i < n; i++)
		if (!same(&list->items[i], group_))
			list->items[kept++] = list->items[i];
	list->n = kept;
	return kept != n;
}

char *xlpt_hide_group_format(const struct xlpt_hide_group *g, char buf[XLPT_HIDE_LEN])
{
	int n = snprintf(buf, XLPT_HIDE_LEN, "%04x:%02x:", g->seg, g->bus);

	if (g->dev < 0)
		n += snprintf(buf + n, XLPT_HIDE_LEN - (size_t)n, "*.");
	else
		n += snprintf(buf + n, XLPT_HIDE_LEN - (size_t)n, "%02x.", (unsigned)g->dev);
	if (g->func < 0)
		snprintf(buf + n, XLPT_HIDE_LEN - (size_t)n, "*");
	else
		snprintf(buf + n, XLPT_HIDE_LEN - (size_t)n, "%x", (unsigned)g->func);
	return buf;
}

char *xlpt_hide_format(const struct xlpt_hide_list *list)
{
	struct xlpt_str out = { 0 };

	for (size_t i = 0; i < list->n; i++)
		xlpt_str_addf(&out, "(%s)", XLPT_HIDE_STR(&list->items[i]));
	return xlpt_str_take(&out);
}

bool xlpt_hide_matches(const struct xlpt_hide_group *g, struct xlpt_bdf bdf)
{
	return g->seg == bdf.seg && g->bus == bdf.bus &&
	       (g->dev < 0 || (uint8_t)g->dev == bdf.dev) &&
	       (g->func < 0 || (uint8_t)g->func == bdf.func);
}

void xlpt_hide_dispose(struct xlpt_hide_list *list)
{
	free(list->items);
	*list = (struct xlpt_hide_list){ 0 };
}
