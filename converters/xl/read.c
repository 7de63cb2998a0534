/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "converters/xl/read-internal.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#define BLOCK_LINE "#xlpt " /* what was kept; "#xlpt-" lines are for people */
#define BLOCK_NOTE "#xlpt-"

int xlpt_xl_check(const char *text, size_t len, const char *file, struct xlpt_diag *diag)
{
	_cleanup_xl_scan_ struct xlpt_xl_scan scan = { 0 };
	struct xlpt_xl_reader r = { .scan = &scan, .diag = diag };
	int rc = xlpt_xl_scan(text, len, file, &scan, diag);

	if (rc)
		return rc;
	rc = xlpt_xl_open(&r);
	xlpt_xl_close(&r);
	return rc;
}

/* ---- keys of one value ---- */

static bool read_strv(struct xlpt_xl_reader *r, const char *key, char ***out)
{
	_cleanup_xl_values_ struct xlpt_xl_values values = { 0 };
	char **v;

	if (!xlpt_xl_list(r, key, &values))
		return false;
	if (!strcmp(key, "bootloader_args") && !xlpt_xl_find(r, key)->list && values.v[0].text) {
		xlpt_strv_free(*out);
		*out = xlpt_xl_split(values.v[0].text);
		return true;
	}
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
		if ((k->hvm && r->dom->type != XLPT_DOM_HVM) || !read_key(r, k, p))
			xlpt_xl_unuse(r, k->key);
	}
}

/* xl takes cmdline=, or else puts root= and extra= together (xl_parse.c, parse_cmdline). */
static void read_cmdline(struct xlpt_xl_reader *r)
{
	const struct xlpt_xl_setting *s = xlpt_xl_find(r, "cmdline");
	const char *root, *extra;

	if (s && !s->list) {
		r->dom->cmdline = xlpt_xstrdup(xlpt_xl_string(r, "cmdline"));
		xlpt_dom_mark(r->dom, &r->dom->cmdline, xlpt_xl_line(r, s->key_off));
		return;
	}
	if (s)
		xlpt_xl_unuse(r, "cmdline");
	root = xlpt_xl_string(r, "root");
	extra = xlpt_xl_string(r, "extra");
	if (root || extra) {
		s = xlpt_xl_find(r, extra ? "extra" : "root");
		xlpt_dom_mark(r->dom, &r->dom->cmdline, xlpt_xl_line(r, s->key_off));
	}
	if (root)
		r->dom->cmdline =
			xlpt_xasprintf("root=%s%s%s", root, extra ? " " : "", extra ? extra : "");
	else
		r->dom->cmdline = xlpt_xstrdup(extra);
}

/* xm's word for a PV guest. xl took it as well, until 4.10 (xl_parse.c). */
static void read_builder(struct xlpt_xl_reader *r)
{
	if (xlpt_streq(xlpt_xl_string(r, "builder"), "linux"))
		xlpt_loss_add(r->losses, XLPT_LOSS_NOTE, r->scan->file,
			      xlpt_dom_line(r->dom, &r->dom->type), 0, "builder",
			      "read as type = \"pv\": xl since 4.10 refuses the word linux here");
}

/*
 * xl ignores hvmloader as the kernel of an HVM guest, with a warning (xl_parse.c): it is the firmware
 * that Xen loads anyway. libvirt would boot it as if it were a Linux kernel.
 */
static void read_kernel(struct xlpt_xl_reader *r)
{
	struct xlpt_dom *dom = r->dom;
	const char *slash = dom->kernel ? strrchr(dom->kernel, '/') : NULL;
	const char *base = slash ? slash + 1 : dom->kernel;

	if (dom->type != XLPT_DOM_HVM || !xlpt_streq(base, "hvmloader"))
		return;
	xlpt_loss_add(r->losses, XLPT_LOSS_NOTE, r->scan->file, xlpt_dom_line(dom, &dom->kernel), 0,
		      "kernel",
		      "left out: xl ignores hvmloader here, Xen loads it without being told");
	free(dom->kernel);
	dom->kernel = NULL;
}

static void read_firmware(struct xlpt_xl_reader *r)
{
	const char *s = xlpt_xl_string(r, "firmware");
	/* clang-format off */
	static const struct xlpt_xl_word words[] = {
		{ "uefi", XLPT_FW_UEFI }, { "ovmf", XLPT_FW_UEFI }, { "bios", XLPT_FW_BIOS },
		{ "seabios", XLPT_FW_BIOS }, { "rombios", XLPT_FW_ROMBIOS }, { NULL, 0 },
	};
	/* clang-format on */
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
	if (r->dom->type != XLPT_DOM_HVM) {
		xlpt_xl_unuse(r, "viridian");
		return;
	}
	xlpt_dom_mark(r->dom, s->list ? (void *)&r->dom->viridian_groups : &r->dom->viridian,
		      xlpt_xl_line(r, s->key_off));
	text = s->list ? NULL : xlpt_xl_string(r, "viridian");
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
	size_t base = xlpt_xl_base(scan, key), count = 0;
	unsigned line, column;

	for (size_t j = base; j < scan->n; j++)
		if (xlpt_xl_is(scan, &scan->settings[j], key)) {
			count++;
			s = &scan->settings[j];
		}
	for (size_t j = 0; j < scan->n; j++)
		if (xlpt_xl_is(scan, &scan->settings[j], key))
			r->use[j] = XLPT_XL_READ; /* here, and once */
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
						      line, 1, "#xlpt",
						      "kept from an earlier "
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

/* xl takes the last of several settings of one key, and says nothing of the others. */
static void tell_ignored(struct xlpt_xl_reader *r)
{
	const struct xlpt_xl_scan *scan = r->scan;

	for (size_t i = 0; i < scan->n; i++) {
		const struct xlpt_xl_setting *s = &scan->settings[i];
		_cleanup_free_ char *key = NULL;
		size_t j = i + 1;

		while (j < scan->n &&
		       (scan->settings[j].add || scan->settings[j].key_len != s->key_len ||
			memcmp(scan->text + scan->settings[j].key_off, scan->text + s->key_off,
			       s->key_len) != 0))
			j++;
		if (j == scan->n)
			continue;
		key = xlpt_xstrndup(scan->text + s->key_off, s->key_len);
		xlpt_loss_add(r->losses, XLPT_LOSS_NOTE, scan->file, xlpt_xl_line(r, s->key_off), 0,
			      key, "said again in line %u, which is what xl takes",
			      xlpt_xl_line(r, scan->settings[j].key_off));
	}
}

static int read_all(struct xlpt_xl_reader *r, struct xlpt_kepts *kept)
{
	/* clang-format off */
	static int (*const parts[])(struct xlpt_xl_reader *r) = {
		xlpt_xl_read_cpu, xlpt_xl_read_disks, xlpt_xl_read_nets, xlpt_xl_read_pci,
		xlpt_xl_read_gfx, xlpt_xl_read_chars, xlpt_xl_read_usb,
	};
	/* clang-format on */
	int rc;

	read_keys(r);
	read_cmdline(r);
	read_builder(r);
	read_kernel(r);
	read_firmware(r);
	read_clock(r);
	read_viridian(r);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(parts); i++) {
		rc = parts[i](r);
		if (rc)
			return rc;
	}
	/* xl gives every PV guest with PCI devices the host's memory map (xl_parse.c); libvirt is told to. */
	if (r->dom->n_pci && (r->dom->type == XLPT_DOM_PV || !r->dom->type))
		r->dom->e820_host = XLPT_ON;
	read_comments(r, kept);
	if (r->losses)
		tell_ignored(r);
	for (size_t i = 0; i < r->scan->n; i++)
		if (r->use[i] != XLPT_XL_READ)
			carry_setting(r, i);
	return 0;
}

static int read_text(struct xlpt_xl_reader *r, const char *text, size_t len, const char *file,
		     struct xlpt_kepts *kept)
{
	_cleanup_xl_scan_ struct xlpt_xl_scan scan = { 0 };
	struct xlpt_dom *out = r->dom;
	int rc;

	r->scan = &scan;
	xlpt_dom_init(out);
	rc = xlpt_xl_scan(text, len, file, &scan, r->diag);
	if (rc)
		return rc;
	out->file = xlpt_xstrdup(file);
	r->use = xlpt_xcalloc(scan.n, sizeof(*r->use));
	rc = xlpt_xl_open(r);
	if (rc == 0)
		rc = read_all(r, kept);
	if (rc == 0)
		rc = xlpt_dom_check_lists(out, r->diag);
	xlpt_xl_close(r);
	if (rc)
		xlpt_dom_dispose(out);
	return rc;
}

int xlpt_xl_read(const char *text, size_t len, const char *file, struct xlpt_dom *out,
		 struct xlpt_kepts *kept, struct xlpt_losses *losses, struct xlpt_diag *diag)
{
	struct xlpt_xl_reader r = { .dom = out, .losses = losses, .diag = diag };

	return read_text(&r, text, len, file, kept);
}

int xlpt_xl_read_own(const char *text, size_t len, const char *file, struct xlpt_dom *out,
		     struct xlpt_diag *diag)
{
	struct xlpt_xl_reader r = { .dom = out, .diag = diag, .own = true };
	struct xlpt_kepts kept = { 0 };
	int rc = read_text(&r, text, len, file, &kept);

	xlpt_kepts_dispose(&kept);
	return rc;
}
