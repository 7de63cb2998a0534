/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/kept/settings.h"

#include <errno.h>
#include <string.h>

#include "core/conf.h"

#define FILE_MAX      (64 * 1024)
#define LIST_MAX      4096   /* devices in one list, of all files */
#define LIMIT_MAX     100000 /* a ledger with 64 bytes for each stays readable */
#define WINDOW_MAX_MS (30 * 86400 * (int64_t)1000)
#define GRACE_MAX_MS  (3600 * (int64_t)1000)

struct key {
	const char *name;
	bool many; /* a list: it may stand in several lines */
	int (*parse)(struct xlpt_conf *c, const char *s, struct xlpt_settings *out);
};

void xlpt_settings_init(struct xlpt_settings *s)
{
	*s = (struct xlpt_settings){ 0 };
	xlpt_budget_rule_init(&s->budget);
	s->restart_grace_ms = XLPT_RESTART_GRACE_MS;
}

void xlpt_settings_dispose(struct xlpt_settings *s)
{
	xlpt_strv_free(s->allow_split);
	xlpt_strv_free(s->reset_exempt);
	xlpt_settings_init(s);
}

static int parse_limit(struct xlpt_conf *c, const char *s, unsigned *out)
{
	uint64_t v;

	if (!xlpt_parse_uint(s, strlen(s), 10, LIMIT_MAX, &v) || v == 0)
		return xlpt_conf_wrong(c, s, "for example: hotplug-limit = 512",
				       "a limit is a whole number from 1 to %d, not \"%.*s\"",
				       LIMIT_MAX, xlpt_conf_shown(s), s);
	*out = (unsigned)v;
	return 0;
}

static int hotplug_limit(struct xlpt_conf *c, const char *s, struct xlpt_settings *out)
{
	return parse_limit(c, s, &out->budget.limit);
}

static int hotplug_device_limit(struct xlpt_conf *c, const char *s, struct xlpt_settings *out)
{
	return parse_limit(c, s, &out->budget.device_limit);
}

/* "90s", "1h" as milliseconds, at most max_ms; 0 = it is no such text. */
static int64_t span(const char *s, int64_t max_ms)
{
	/* clang-format off */
	static const struct { char letter; int64_t ms; } units[] = {
		{ 's', 1000 }, { 'm', 60 * 1000 }, { 'h', 3600 * 1000 }, { 'd', 86400 * 1000 },
	};
	/* clang-format on */
	size_t n = strlen(s);
	uint64_t v;

	for (size_t i = 0; n > 1 && i < XLPT_ARRAY_SIZE(units); i++)
		if (s[n - 1] == units[i].letter &&
		    xlpt_parse_uint(s, n - 1, 10, (uint64_t)(max_ms / units[i].ms), &v) && v)
			return (int64_t)v * units[i].ms;
	return 0;
}

static int hotplug_window(struct xlpt_conf *c, const char *s, struct xlpt_settings *out)
{
	int64_t ms = span(s, WINDOW_MAX_MS);

	if (ms) {
		out->budget.window_ms = ms;
		return 0;
	}
	return xlpt_conf_wrong(
		c, s, "for example: hotplug-window = 1h",
		"a window is a whole number with s, m, h or d behind it, from 1s to 30d, not "
		"\"%.*s\"",
		xlpt_conf_shown(s), s);
}

static int restart_grace(struct xlpt_conf *c, const char *s, struct xlpt_settings *out)
{
	int64_t ms = span(s, GRACE_MAX_MS);

	if (ms) {
		out->restart_grace_ms = ms;
		return 0;
	}
	return xlpt_conf_wrong(c, s, "for example: restart-grace = 2m",
			       "a grace is a whole number with s, m or h behind it, from 1s to 1h, "
			       "not \"%.*s\"",
			       xlpt_conf_shown(s), s);
}

/* A list has one line for each device. A pin is looked up when the list is used. */
static int device_list(struct xlpt_conf *c, const char *s, char ***out)
{
	_cleanup_diag_ struct xlpt_diag no = { 0 };
	_cleanup_free_ char *example = NULL;

	/* Each line looks at all before it, and a captured tree may bring millions. */
	if (xlpt_strv_len(*out) >= LIST_MAX)
		return xlpt_conf_wrong(c, c->key, "take devices out that this host does not have",
				       "more than %d lines %s", LIST_MAX, c->key);
	if ((xlpt_starts(s, "pin:") && s[4]) ||
	    xlpt_bdf_parse_host(s, &(struct xlpt_bdf){ 0 }, &no) == 0) {
		xlpt_strv_add(out, s);
		return 0;
	}
	example = xlpt_xasprintf("for example: %s = 0000:00:1f.6", c->key);
	return xlpt_conf_wrong(c, s + (no.column ? no.column - 1 : 0), example,
			       "%s wants the address of one device or pin:NAME, not \"%.*s\"",
			       c->key, xlpt_conf_shown(s), s);
}

static int allow_split(struct xlpt_conf *c, const char *s, struct xlpt_settings *out)
{
	return device_list(c, s, &out->allow_split);
}

static int reset_exempt(struct xlpt_conf *c, const char *s, struct xlpt_settings *out)
{
	return device_list(c, s, &out->reset_exempt);
}

static int reset(struct xlpt_conf *c, const char *s, struct xlpt_settings *out)
{
	if (strcmp(s, "warn") && strcmp(s, "required"))
		return xlpt_conf_wrong(c, s, "for example: reset = required",
				       "reset is warn or required, not \"%.*s\"",
				       xlpt_conf_shown(s), s);
	out->reset_required = !strcmp(s, "required");
	return 0;
}

bool xlpt_sleep_how_parse(const char *word, enum xlpt_sleep_how *out)
{
	static const char *const words[] = { "refuse", "reattach", "allow" };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(words); i++)
		if (!strcmp(word, words[i])) {
			*out = (enum xlpt_sleep_how)i;
			return true;
		}
	return false;
}

static int host_sleep(struct xlpt_conf *c, const char *s, struct xlpt_settings *out)
{
	if (xlpt_sleep_how_parse(s, &out->host_sleep))
		return 0;
	return xlpt_conf_wrong(c, s, "for example: host-sleep = reattach",
			       "host-sleep is refuse, reattach or allow, not \"%.*s\"",
			       xlpt_conf_shown(s), s);
}

/* clang-format off */
static const struct key keys[] = {
	{ "hotplug-limit", false, hotplug_limit },
	{ "hotplug-device-limit", false, hotplug_device_limit },
	{ "hotplug-window", false, hotplug_window },
	{ "allow-split", true, allow_split },
	{ "reset", false, reset },
	{ "reset-exempt", true, reset_exempt },
	{ "restart-grace", false, restart_grace },
	{ "host-sleep", false, host_sleep },
};
/* clang-format on */

#define N_KEYS XLPT_ARRAY_SIZE(keys)

static size_t key_of(const char *name)
{
	size_t k = 0;

	while (k < N_KEYS && strcmp(keys[k].name, name) != 0)
		k++;
	return k;
}

static int no_such_key(struct xlpt_conf *c, const char *name)
{
	_cleanup_str_ struct xlpt_str hint = { 0 };

	xlpt_str_add(&hint, "the settings are ");
	for (size_t k = 0; k < N_KEYS; k++)
		xlpt_str_addf(&hint, "%s%s",
			      !k	       ? ""
			      : k + 1 < N_KEYS ? ", "
					       : " and ",
			      keys[k].name);
	xlpt_str_add(&hint, ": xlpt.conf(5)");
	return xlpt_conf_wrong(c, name, xlpt_str_get(&hint), "there is no setting \"%.*s\"",
			       xlpt_conf_shown(name), name);
}

static int parse_line(struct xlpt_conf *c, unsigned seen[N_KEYS], struct xlpt_settings *out)
{
	const char *name = c->section ? c->section : c->key;
	size_t k = key_of(name);
	int rc;

	if (k == N_KEYS)
		return no_such_key(c, name);
	rc = xlpt_conf_need_value(c);
	if (rc)
		return rc;
	if (seen[k] && !keys[k].many)
		return xlpt_conf_wrong(c, name, "take one of the two lines out",
				       "%s is set for the second time, after line %u", keys[k].name,
				       seen[k]);
	seen[k] = c->line;
	return keys[k].parse(c, c->value, out);
}

int xlpt_settings_judge(struct xlpt_conf *c, const char *key, const char *value)
{
	_cleanup_settings_ struct xlpt_settings none;
	size_t k = key_of(key);

	xlpt_settings_init(&none);
	return k == N_KEYS ? no_such_key(c, key) : keys[k].parse(c, value, &none);
}

bool xlpt_settings_many(const char *key)
{
	size_t k = key_of(key);

	return k < N_KEYS && keys[k].many;
}

/* Reads one file, which replaces what was said before. any: the keys that a file has set. */
static int parse_file(struct xlpt_settings *out, bool any[N_KEYS], const char *text, size_t len,
		      const char *file, struct xlpt_diag *diag)
{
	_cleanup_conf_ struct xlpt_conf c = { .file = file, .diag = diag, .strict = true };
	unsigned seen[N_KEYS] = { 0 };
	int rc;

	xlpt_conf_begin(&c, text, len);
	while ((rc = xlpt_conf_next(&c)) > 0) {
		rc = parse_line(&c, seen, out);
		if (rc)
			break;
	}
	for (size_t k = 0; k < N_KEYS; k++)
		any[k] |= seen[k] > 0;
	return rc;
}

/* At the end *s gets what the files say, or the defaults when one of them was wrong. */
static void end(struct xlpt_settings *s, struct xlpt_settings *out, const bool any[N_KEYS], int rc)
{
	xlpt_settings_init(s);
	if (rc)
		return;
	/* hotplug-limit by itself also sets the limit of a device. */
	if (!any[1])
		out->budget.device_limit = out->budget.limit;
	*s = *out;
	xlpt_settings_init(out);
}

int xlpt_settings_parse(struct xlpt_settings *s, const char *text, size_t len, const char *file,
			struct xlpt_diag *diag)
{
	_cleanup_settings_ struct xlpt_settings out;
	bool any[N_KEYS] = { 0 };
	int rc;

	xlpt_settings_init(&out);
	rc = parse_file(&out, any, text, len, file, diag);
	end(s, &out, any, rc);
	return rc;
}

static int unread(const char *path, int r, struct xlpt_diag *diag)
{
	xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "cannot read %s", path);
	if (r == -ENOENT)
		xlpt_diag_fact(diag, "it is a link to something that is not there");
	xlpt_diag_hint(diag, "make it a file that root can read, or remove it");
	return XLPT_ERR_IO;
}

static int read_file(struct xlpt_host *h, const char *path, struct xlpt_settings *out,
		     bool any[N_KEYS], struct xlpt_diag *diag)
{
	_cleanup_free_ char *text = xlpt_xcalloc(1, FILE_MAX + 1);
	ssize_t r = h->ops->read(h, path, text, FILE_MAX + 1);

	/* A link into a file system that is not mounted would hide a rule that somebody wrote. */
	if ((r == -ENOENT || r == -ENOTDIR) && !xlpt_host_has(h, "%s", path))
		return 0;
	if (r < 0)
		return unread(path, (int)r, diag);
	if (r > FILE_MAX) {
		xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "%s is longer than %d KiB", path,
			      FILE_MAX / 1024);
		xlpt_diag_at(diag, path, 0, 0);
		xlpt_diag_hint(diag, "it holds lines \"key = value\": xlpt.conf(5)");
		return XLPT_ERR_SYNTAX;
	}
	return parse_file(out, any, text, (size_t)r, path, diag);
}

int xlpt_settings_read(struct xlpt_host *h, struct xlpt_settings *s, struct xlpt_diag *diag)
{
	_cleanup_settings_ struct xlpt_settings out;
	_cleanup_strv_ char **paths = NULL;
	bool any[N_KEYS] = { 0 };
	int rc, r;

	xlpt_settings_init(&out);
	rc = read_file(h, XLPT_SETTINGS_PATH, &out, any, diag);
	r = rc == 0 ? xlpt_conf_files(h, XLPT_SETTINGS_DIR, &paths) : 0;
	if (r < 0 && xlpt_host_has(h, XLPT_SETTINGS_DIR))
		rc = unread(XLPT_SETTINGS_DIR, r, diag);
	for (char **p = paths; rc == 0 && p && *p; p++)
		rc = read_file(h, *p, &out, any, diag);
	end(s, &out, any, rc);
	return rc;
}
