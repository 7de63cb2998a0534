/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "converters/xl-read-internal.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#define BLOCK_LINE "#xlpt "	/* what was kept; "#xlpt-" lines are for people */
#define BLOCK_NOTE "#xlpt-"

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

static int open_cfg(struct xlpt_xl_reader *r)
{
	r->report = open_memstream(&r->words, &r->n_words);
	r->cfg = r->report ? xlu_cfg_init(r->report, "cfg") : NULL;
	if (!r->cfg)
		return xlpt_diag_set(r->diag, XLPT_ERR_IO, "cannot set up libxlutil");
	/* len is at most XLPT_XL_MAX, the scan saw to that. */
	if (xlu_cfg_readdata(r->cfg, r->scan->text, (int)r->scan->len))
		return xlpt_xl_refused(r, 0, "libxlutil does not accept this configuration");
	xlpt_xl_forget_words(r);
	return 0;
}

static void close_cfg(struct xlpt_xl_reader *r)
{
	if (r->cfg)
		xlu_cfg_destroy(r->cfg);
	if (r->report)
		fclose(r->report);
	free(r->words);
	free(r->used);
}

int xlpt_xl_check(const char *text, size_t len, const char *file, struct xlpt_diag *diag)
{
	_cleanup_xl_scan_ struct xlpt_xl_scan scan = { 0 };
	struct xlpt_xl_reader r = { .scan = &scan, .diag = diag };
	int rc = xlpt_xl_scan(text, len, file, &scan, diag);

	if (rc)
		return rc;
	rc = open_cfg(&r);
	close_cfg(&r);
	return rc;
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

static const struct xlpt_xl_setting *find(struct xlpt_xl_reader *r, const char *key, bool used)
{
	const struct xlpt_xl_setting *last = NULL;

	for (size_t i = 0; i < r->scan->n; i++)
		if (xlpt_xl_is(r->scan, &r->scan->settings[i], key)) {
			r->used[i] = used;
			last = &r->scan->settings[i];
		}
	return last;
}

const struct xlpt_xl_setting *xlpt_xl_find(struct xlpt_xl_reader *r, const char *key)
{
	return find(r, key, true);
}

void xlpt_xl_unuse(struct xlpt_xl_reader *r, const char *key)
{
	find(r, key, false);
}

const char *xlpt_xl_string(struct xlpt_xl_reader *r, const char *key)
{
	const struct xlpt_xl_setting *s = xlpt_xl_find(r, key);
	const char *value;

	if (!s || s->list || xlu_cfg_get_string(r->cfg, key, &value, 1))
		return NULL;
	return value;
}

void xlpt_xl_values_dispose(struct xlpt_xl_values *values)
{
	for (size_t i = 0; i < values->n; i++)
		free(values->v[i].text);
	free(values->v);
	*values = (struct xlpt_xl_values){ 0 };
}

/* The first setting that counts: a later = drops the ones before. */
static size_t base_of(const struct xlpt_xl_scan *scan, const char *key)
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

bool xlpt_xl_list(struct xlpt_xl_reader *r, const char *key, struct xlpt_xl_values *out)
{
	const struct xlpt_xl_setting *s = xlpt_xl_find(r, key);
	const struct xlpt_xl_scan *scan = r->scan;
	size_t alloc = 0;

	*out = (struct xlpt_xl_values){ 0 };
	if (!s)
		return false;
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
	for (size_t i = base_of(scan, key); i < scan->n; i++) {
		const struct xlpt_xl_setting *t = &scan->settings[i];

		if (!xlpt_xl_is(scan, t, key) || !t->list)
			continue;
		for (size_t j = 0; j < t->n; j++) {
			const struct xlpt_xl_item *item = &scan->items[t->first + j];

			XLPT_GROW(out->v, out->n, alloc);
			out->v[out->n++] = (struct xlpt_xl_value){
				.text = item->list ? NULL : xlpt_xl_unquote(scan->text + item->off,
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
		xlpt_carry_add(&at->extra, XLPT_SIDE_XL, key, text ? text : "", at->line, at->column);
}

/* ---- keys of one value ---- */

static bool read_strv(struct xlpt_xl_reader *r, const char *key, char ***out)
{
	_cleanup_xl_values_ struct xlpt_xl_values values = { 0 };
	char **v;

	if (!xlpt_xl_list(r, key, &values))
		return false;
	for (size_t i = 0; i < values.n; i++)
		if (!values.v[i].text)
			return false;
	v = xlpt_xcalloc(values.n + 1, sizeof(*v));
	for (size_t i = 0; i < values.n; i++)
		v[i] = XLPT_TAKE(values.v[i].text);
	xlpt_strv_free(*out);
	*out = v;
	return true;
}

static bool read_key(struct xlpt_xl_reader *r, const struct xlpt_xl_key *k, void *p)
{
	const char *s;
	struct xlpt_num n;

	if (k->type == XLPT_XLK_STRV)
		return read_strv(r, k->key, p);
	s = xlpt_xl_string(r, k->key);
	if (!s)
		return false;
	switch (k->type) {
	case XLPT_XLK_STR:
		free(*(char **)p);
		*(char **)p = xlpt_xstrdup(s);
		return true;
	case XLPT_XLK_KIB:
	case XLPT_XLK_NUM:
		if (!xlpt_xl_num(s, LONG_MAX / 1024, &n))
			return false;
		if (k->type == XLPT_XLK_KIB)
			n.v *= 1024;
		*(struct xlpt_num *)p = n;
		return true;
	case XLPT_XLK_TRI:
		return xlpt_xl_bool(s, p);
	case XLPT_XLK_WORD:
		*(int *)p = xlpt_xl_word(k->words, s);
		return *(int *)p != 0;
	case XLPT_XLK_STRV:
		break;
	}
	return false;
}

static void read_keys(struct xlpt_xl_reader *r)
{
	for (const struct xlpt_xl_key *k = xlpt_xl_keys; k->key; k++) {
		const struct xlpt_xl_setting *s = xlpt_xl_find(r, k->key);
		void *p = (char *)r->dom + k->off;

		if (!s)
			continue;
		xlpt_dom_mark(r->dom, p, xlpt_xl_line(r, s->key_off));
		if (!read_key(r, k, p))
			xlpt_xl_unuse(r, k->key);
	}
}

/* xl takes cmdline=, or else puts root= and extra= together (xl_parse.c, parse_cmdline). */
static void read_cmdline(struct xlpt_xl_reader *r)
{
	const struct xlpt_xl_setting *s = xlpt_xl_find(r, "cmdline");
	const char *root, *extra;

	if (s) {
		r->dom->cmdline = xlpt_xstrdup(xlpt_xl_string(r, "cmdline"));
		xlpt_dom_mark(r->dom, &r->dom->cmdline, xlpt_xl_line(r, s->key_off));
		return;
	}
	root = xlpt_xl_string(r, "root");
	extra = xlpt_xl_string(r, "extra");
	if (root || extra) {
		s = xlpt_xl_find(r, extra ? "extra" : "root");
		xlpt_dom_mark(r->dom, &r->dom->cmdline, xlpt_xl_line(r, s->key_off));
	}
	if (root)
		r->dom->cmdline = xlpt_xasprintf("root=%s%s%s", root, extra ? " " : "",
						 extra ? extra : "");
	else
		r->dom->cmdline = xlpt_xstrdup(extra);
}

static void read_firmware(struct xlpt_xl_reader *r)
{
	const char *s = xlpt_xl_string(r, "firmware");
	static const struct xlpt_xl_word words[] = {
		{ "uefi", XLPT_FW_UEFI }, { "ovmf", XLPT_FW_UEFI }, { "bios", XLPT_FW_BIOS },
		{ "seabios", XLPT_FW_BIOS }, { "rombios", XLPT_FW_ROMBIOS }, { NULL, 0 },
	};
	int fw;

	if (!s)
		return;
	fw = xlpt_xl_word(words, s);
	if (r->dom->type == XLPT_DOM_HVM && fw && !r->dom->firmware)
		r->dom->firmware = fw;
	else if (r->dom->type == XLPT_DOM_HVM && *s == '/' && !r->dom->loader)
		r->dom->loader = xlpt_xstrdup(s);
	else
		xlpt_xl_unuse(r, "firmware");
}

static void read_clock(struct xlpt_xl_reader *r)
{
	const char *s = xlpt_xl_string(r, "rtc_timeoffset");
	char *end;
	long v;

	if (!s)
		return;
	errno = 0;
	v = strtol(s, &end, 0);
	if (end == s || *end || errno)
		xlpt_xl_unuse(r, "rtc_timeoffset");
	else
		r->dom->clock_adjust = (struct xlpt_num){ true, (uint64_t)v };
}

static void read_viridian(struct xlpt_xl_reader *r)
{
	const struct xlpt_xl_setting *s = xlpt_xl_find(r, "viridian");
	const char *text;

	if (!s)
		return;
	xlpt_dom_mark(r->dom, s->list ? (void *)&r->dom->viridian_groups : &r->dom->viridian,
		      xlpt_xl_line(r, s->key_off));
	text = xlpt_xl_string(r, "viridian");
	if (s->list ? !read_strv(r, "viridian", &r->dom->viridian_groups)
		    : !text || !xlpt_xl_bool(text, &r->dom->viridian))
		xlpt_xl_unuse(r, "viridian");
}

/* ---- what is left ---- */

static void carry_setting(struct xlpt_xl_reader *r, size_t i)
{
	const struct xlpt_xl_scan *scan = r->scan;
	const struct xlpt_xl_setting *s = &scan->settings[i];
	_cleanup_free_ char *key = xlpt_xstrndup(scan->text + s->key_off, s->key_len);
	_cleanup_str_ struct xlpt_str text = { 0 };
	size_t base = base_of(scan, key), count = 0;
	unsigned line, column;

	for (size_t j = base; j < scan->n; j++)
		if (xlpt_xl_is(scan, &scan->settings[j], key)) {
			count++;
			s = &scan->settings[j];
		}
	if (count == 1) {
		xlpt_str_addn(&text, scan->text + s->off, s->len);
	} else if (!s->list) {
		xlpt_xl_quote(&text, xlpt_xl_string(r, key));
	} else {
		_cleanup_xl_values_ struct xlpt_xl_values v = { 0 };

		xlpt_xl_list(r, key, &v);
		xlpt_str_add(&text, "[");
		for (size_t j = 0; j < v.n; j++) {
			xlpt_str_add(&text, j ? ", " : " ");
			xlpt_str_addn(&text, scan->text + v.v[j].off, v.v[j].len);
		}
		xlpt_str_add(&text, " ]");
	}
	xlpt_xl_where(scan, s->key_off, &line, &column);
	xlpt_carry_add(&r->dom->extra, XLPT_SIDE_XL, key, xlpt_str_get(&text), line, column);
	xlpt_xl_find(r, key);
}

/*
 * Comments: the block of an earlier conversion, and people's, which stay with
 * the domain as one carry named "#".
 */
static void read_comments(struct xlpt_xl_reader *r, struct xlpt_kepts *kept)
{
	const char *p = r->scan->text, *end = p + r->scan->len;
	_cleanup_str_ struct xlpt_str people = { 0 };
	unsigned line = 1, first = 0;
	char quote = 0;

	for (; p < end; p++) {
		line += *p == '\n';
		if (quote) {
			if (*p == '\\')
				p++;
			else if (*p == quote)
				quote = 0;
		} else if (*p == '"' || *p == '\'') {
			quote = *p;
		} else if (*p == '#') {
			const char *nl = memchr(p, '\n', (size_t)(end - p));
			size_t n = (size_t)(nl ? nl - p : end - p);
			_cleanup_free_ char *text = xlpt_xstrndup(p, n);

			if (xlpt_starts(text, BLOCK_LINE)) {
				if (!xlpt_kept_parse(text + strlen(BLOCK_LINE), kept))
					xlpt_loss_add(r->losses, XLPT_LOSS_DROPPED, r->scan->file,
						      line, 1, "#xlpt", "kept from an earlier "
						      "conversion, but damaged since");
			} else if (!xlpt_starts(text, BLOCK_NOTE)) {
				first = first ? first : line;
				xlpt_str_addf(&people, "%s%s", people.len ? "\n" : "", text);
			}
			p += n - 1;
		}
	}
	if (people.len)
		xlpt_carry_add(&r->dom->extra, XLPT_SIDE_XL, "#", people.s, first, 1);
}

static int read_all(struct xlpt_xl_reader *r, struct xlpt_kepts *kept)
{
	static int (*const parts[])(struct xlpt_xl_reader *r) = {
		xlpt_xl_read_cpu, xlpt_xl_read_disks, xlpt_xl_read_nets, xlpt_xl_read_pci,
		xlpt_xl_read_gfx, xlpt_xl_read_chars, xlpt_xl_read_usb,
	};
	int rc;

	read_keys(r);
	read_cmdline(r);
	read_firmware(r);
	read_clock(r);
	read_viridian(r);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(parts); i++) {
		rc = parts[i](r);
		if (rc)
			return rc;
	}
	read_comments(r, kept);
	for (size_t i = 0; i < r->scan->n; i++)
		if (!r->used[i])
			carry_setting(r, i);
	return 0;
}

int xlpt_xl_read(const char *text, size_t len, const char *file, struct xlpt_dom *out,
		 struct xlpt_kepts *kept, struct xlpt_losses *losses, struct xlpt_diag *diag)
{
	_cleanup_xl_scan_ struct xlpt_xl_scan scan = { 0 };
	struct xlpt_xl_reader r = { .scan = &scan, .dom = out, .losses = losses, .diag = diag };
	int rc;

	xlpt_dom_init(out);
	rc = xlpt_xl_scan(text, len, file, &scan, diag);
	if (rc)
		return rc;
	out->file = xlpt_xstrdup(file);
	r.used = xlpt_xcalloc(scan.n, sizeof(*r.used));
	rc = open_cfg(&r);
	if (rc == 0)
		rc = read_all(&r, kept);
	close_cfg(&r);
	if (rc)
		xlpt_dom_dispose(out);
	return rc;
}
