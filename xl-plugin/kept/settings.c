/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/kept/settings.h"

#include <errno.h>
#include <string.h>

#define FILE_MAX      (64 * 1024)
#define LIMIT_MAX     100000 /* a ledger of 64 bytes for each stays readable */
#define WINDOW_MAX_MS (30 * 86400 * (int64_t)1000)

struct reader {
	const char *text, *end; /* of the file */
	const char *line;	/* where the line begins */
	const char *file;
	unsigned number; /* of the line, from 1 */
	struct xlpt_diag *diag;
};

struct key {
	const char *name;
	bool many; /* may stand in several lines */
	int (*parse)(struct reader *r, const char *s, size_t n, struct xlpt_settings *out);
};

void xlpt_settings_init(struct xlpt_settings *s)
{
	*s = (struct xlpt_settings){ 0 };
	xlpt_budget_rule_init(&s->budget);
}

void xlpt_settings_dispose(struct xlpt_settings *s)
{
	xlpt_strv_free(s->allow_split);
	xlpt_settings_init(s);
}

static int wrong(struct reader *r, const char *at, const char *hint, const char *fmt, ...)
	XLPT_PRINTF(4, 5);

static int wrong(struct reader *r, const char *at, const char *hint, const char *fmt, ...)
{
	_cleanup_free_ char *message = NULL;
	va_list ap;

	va_start(ap, fmt);
	message = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	xlpt_diag_set(r->diag, XLPT_ERR_SYNTAX, "%s", message);
	xlpt_diag_at(r->diag, r->file, r->number, (unsigned)(at - r->line) + 1);
	xlpt_diag_hint(r->diag, "%s", hint);
	return XLPT_ERR_SYNTAX;
}

/* How much of a word a message repeats. */
static int shown(size_t n)
{
	return n < 40 ? (int)n : 40;
}

static int parse_limit(struct reader *r, const char *s, size_t n, unsigned *out)
{
	uint64_t v;

	if (!xlpt_parse_uint(s, n, 10, LIMIT_MAX, &v) || v == 0)
		return wrong(r, s, "for example: hotplug-limit = 512",
			     "a limit is a whole number from 1 to %d, not \"%.*s\"", LIMIT_MAX,
			     shown(n), s);
	*out = (unsigned)v;
	return 0;
}

static int hotplug_limit(struct reader *r, const char *s, size_t n, struct xlpt_settings *out)
{
	return parse_limit(r, s, n, &out->budget.limit);
}

static int hotplug_device_limit(struct reader *r, const char *s, size_t n,
				struct xlpt_settings *out)
{
	return parse_limit(r, s, n, &out->budget.device_limit);
}

static int hotplug_window(struct reader *r, const char *s, size_t n, struct xlpt_settings *out)
{
	/* clang-format off */
	static const struct { char letter; int64_t ms; } units[] = {
		{ 's', 1000 }, { 'm', 60 * 1000 }, { 'h', 3600 * 1000 }, { 'd', 86400 * 1000 },
	};
	/* clang-format on */
	uint64_t v;

	for (size_t i = 0; n > 1 && i < XLPT_ARRAY_SIZE(units); i++)
		if (s[n - 1] == units[i].letter &&
		    xlpt_parse_uint(s, n - 1, 10, (uint64_t)(WINDOW_MAX_MS / units[i].ms), &v) &&
		    v) {
			out->budget.window_ms = (int64_t)v * units[i].ms;
			return 0;
		}
	return wrong(r, s, "for example: hotplug-window = 1h",
		     "a window is a whole number with s, m, h or d behind it, from 1s to 30d, not "
		     "\"%.*s\"",
		     shown(n), s);
}

/* One line for each device; a pin is looked up when it is used. */
static int allow_split(struct reader *r, const char *s, size_t n, struct xlpt_settings *out)
{
	_cleanup_free_ char *word = xlpt_xstrndup(s, n);
	_cleanup_diag_ struct xlpt_diag no = { 0 };
	size_t have = 0;

	if (!(xlpt_starts(word, "pin:") && word[4]) &&
	    xlpt_bdf_parse_host(word, &(struct xlpt_bdf){ 0 }, &no))
		return wrong(
			r, s + (no.column ? no.column - 1 : 0),
			"for example: allow-split = 0000:00:1f.6",
			"allow-split wants the address of one device or pin:NAME, not \"%.*s\"",
			shown(n), s);
	while (out->allow_split && out->allow_split[have])
		have++;
	out->allow_split = xlpt_xrealloc(out->allow_split, have + 2, sizeof(char *));
	out->allow_split[have] = XLPT_TAKE(word);
	out->allow_split[have + 1] = NULL;
	return 0;
}

/* clang-format off */
static const struct key keys[] = {
	{ "hotplug-limit", false, hotplug_limit },
	{ "hotplug-device-limit", false, hotplug_device_limit },
	{ "hotplug-window", false, hotplug_window },
	{ "allow-split", true, allow_split },
};
/* clang-format on */

#define N_KEYS XLPT_ARRAY_SIZE(keys)

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Text for people and for a terminal: what is neither is named by its number. */
static int check_bytes(struct reader *r, const char *end)
{
	bool comment = false;

	for (const char *p = r->line; p < end; p++) {
		unsigned char c = (unsigned char)*p;

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return wrong(r, p,
				     c == '\r' ? "end the lines with a newline alone"
					       : "take it out",
				     "there is a control character (0x%02x)", c);
		comment |= c == '#';
		if (c >= 0x80 && !comment)
			return wrong(r, p, "keys and values are plain ASCII",
				     "there is a byte 0x%02x outside of a comment", c);
	}
	return 0;
}

static int parse_line(struct reader *r, const char *end, unsigned seen[N_KEYS],
		      struct xlpt_settings *out)
{
	const char *p = r->line, *name, *name_end, *value;
	const char *comment = memchr(p, '#', (size_t)(end - p));
	int rc = check_bytes(r, end);
	size_t k = 0;

	if (rc)
		return rc;
	end = comment ? comment : end;
	while (p < end && blank(*p))
		p++;
	if (p == end)
		return 0;
	for (name = p; p < end && !blank(*p) && *p != '='; p++)
		;
	name_end = p;
	while (k < N_KEYS && (strlen(keys[k].name) != (size_t)(name_end - name) ||
			      memcmp(keys[k].name, name, (size_t)(name_end - name)) != 0))
		k++;
	if (k == N_KEYS)
		return wrong(r, name,
			     "the settings are hotplug-limit, hotplug-device-limit, "
			     "hotplug-window and allow-split: xlpt.conf(5)",
			     "there is no setting \"%.*s\"", shown((size_t)(name_end - name)),
			     name);
	while (p < end && blank(*p))
		p++;
	if (p == end || *p != '=')
		return wrong(r, p, "write: key = value", "expected '=' after %s", keys[k].name);
	for (p++; p < end && blank(*p); p++)
		;
	for (value = p; end > value && blank(end[-1]); end--)
		;
	if (value == end)
		return wrong(r, value, "write: key = value", "%s has no value", keys[k].name);
	if (seen[k] && !keys[k].many)
		return wrong(r, name, "take one of the two lines out",
			     "%s is set for the second time, after line %u", keys[k].name, seen[k]);
	seen[k] = r->number;
	return keys[k].parse(r, value, (size_t)(end - value), out);
}

int xlpt_settings_parse(struct xlpt_settings *s, const char *text, size_t len, const char *file,
			struct xlpt_diag *diag)
{
	struct reader r = {
		.text = text, .end = text + len, .line = text, .file = file, .diag = diag
	};
	_cleanup_settings_ struct xlpt_settings out;
	unsigned seen[N_KEYS] = { 0 };

	xlpt_settings_init(s);
	xlpt_settings_init(&out);
	while (r.line < r.end) {
		const char *nl = memchr(r.line, '\n', (size_t)(r.end - r.line));
		int rc;

		r.number++;
		rc = parse_line(&r, nl ? nl : r.end, seen, &out);
		if (rc)
			return rc;
		r.line = nl ? nl + 1 : r.end;
	}
	/* hotplug-limit alone is meant for both. */
	if (!seen[1])
		out.budget.device_limit = out.budget.limit;
	*s = out;
	xlpt_settings_init(&out);
	return 0;
}

int xlpt_settings_read(struct xlpt_host *h, struct xlpt_settings *s, struct xlpt_diag *diag)
{
	_cleanup_free_ char *text = xlpt_xcalloc(1, FILE_MAX + 1);
	ssize_t r = h->ops->read(h, XLPT_SETTINGS_PATH, text, FILE_MAX + 1);

	xlpt_settings_init(s);
	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r < 0) {
		xlpt_diag_errno(diag, XLPT_ERR_IO, (int)-r, "cannot read " XLPT_SETTINGS_PATH);
		xlpt_diag_hint(diag, "make it a file that root can read, or remove it");
		return XLPT_ERR_IO;
	}
	if (r > FILE_MAX) {
		xlpt_diag_set(diag, XLPT_ERR_SYNTAX, XLPT_SETTINGS_PATH " is longer than %d KiB",
			      FILE_MAX / 1024);
		xlpt_diag_at(diag, XLPT_SETTINGS_PATH, 0, 0);
		xlpt_diag_hint(diag, "it holds lines \"key = value\": xlpt.conf(5)");
		return XLPT_ERR_SYNTAX;
	}
	return xlpt_settings_parse(s, text, (size_t)r, XLPT_SETTINGS_PATH, diag);
}
