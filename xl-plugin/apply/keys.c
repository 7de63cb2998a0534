/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kinds of sections of host.conf, their keys, and which values these may have. */
#include <string.h>

#include "core/conf.h"
#include "xl-plugin/apply/host-conf.h"
#include "xl-plugin/kept/settings.h"

#define COUNT_MAX  65535
#define REASON_MAX 400

typedef int check_fn(struct xlpt_conf *c, const char *value);

struct key {
	const char *name;
	check_fn *check; /* NULL: any text */
};

/* ---- values ---- */

static int yes_or_no(struct xlpt_conf *c, const char *v)
{
	if (!strcmp(v, "yes") || !strcmp(v, "no"))
		return 0;
	return xlpt_conf_wrong(c, c->value, NULL, "%s is yes or no, not \"%.*s\"", c->key,
			       xlpt_conf_shown(v), v);
}

static int number(struct xlpt_conf *c, const char *v, uint64_t min)
{
	uint64_t n;

	if (xlpt_parse_uint(v, strlen(v), 10, COUNT_MAX, &n) && n >= min)
		return 0;
	return xlpt_conf_wrong(c, c->value, NULL,
			       "%s is a whole number from %u to %d, not \"%.*s\"", c->key,
			       (unsigned)min, COUNT_MAX, xlpt_conf_shown(v), v);
}

static int from_one(struct xlpt_conf *c, const char *v)
{
	return number(c, v, 1);
}

static int from_zero(struct xlpt_conf *c, const char *v)
{
	return number(c, v, 0);
}

bool xlpt_match_id(const char *text, uint16_t *vendor, uint16_t *device, bool *any)
{
	uint64_t v, d = 0;

	*any = text[0] && strlen(text) == 6 && !strcmp(text + 4, ":*");
	if (!*any && (strlen(text) != 9 || text[4] != ':'))
		return false;
	if (!xlpt_parse_uint(text, 4, 16, 0xffff, &v) ||
	    (!*any && !xlpt_parse_uint(text + 5, 4, 16, 0xffff, &d)))
		return false;
	*vendor = (uint16_t)v;
	*device = (uint16_t)d;
	return true;
}

static int id(struct xlpt_conf *c, const char *v)
{
	uint16_t vendor, device;
	bool any;

	if (xlpt_match_id(v, &vendor, &device, &any))
		return 0;
	return xlpt_conf_wrong(c, c->value, "lspci -nn shows it: match = 8086:1572, or 8086:*",
			       "match is VENDOR:DEVICE, four hexadecimal digits each, not \"%.*s\"",
			       xlpt_conf_shown(v), v);
}

static int class_code(struct xlpt_conf *c, const char *v)
{
	size_t n = strlen(v);
	uint64_t code;

	if ((n == 2 || n == 4 || n == 6) && xlpt_parse_uint(v, n, 16, 0xffffff, &code))
		return 0;
	return xlpt_conf_wrong(c, c->value, "lspci -nn shows it in brackets: class = 0200",
			       "class has two, four or six hexadecimal digits, and not \"%.*s\"",
			       xlpt_conf_shown(v), v);
}

static int when(struct xlpt_conf *c, const char *v)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(v);
	char *save = NULL;
	bool any = false;

	for (char *w = strtok_r(copy, " ,\t", &save); w; w = strtok_r(NULL, " ,\t", &save)) {
		any = true;
		if (strcmp(w, "boot") != 0 && strcmp(w, "now") != 0)
			any = false;
		if (!any)
			break;
	}
	return any ? 0
		   : xlpt_conf_wrong(c, c->value, "at = boot, at = now, or at = boot, now",
				     "at is boot, now or both, not \"%.*s\"", xlpt_conf_shown(v),
				     v);
}

static int owner(struct xlpt_conf *c, const char *v)
{
	if (!strcmp(v, "networkmanager") || !strcmp(v, "networkd") || !strcmp(v, "netplan"))
		return 0;
	return xlpt_conf_wrong(c, c->value, "without owner xlpt makes them itself",
			       "owner is networkmanager, networkd or netplan, not \"%.*s\"",
			       xlpt_conf_shown(v), v);
}

/* It becomes a comment of a file that xlpt has to read afterwards: plain text, in one line. */
static int reason(struct xlpt_conf *c, const char *v)
{
	size_t n = strlen(v);

	for (const char *p = v; *p; p++)
		if ((*p < ' ' && *p != '\t') || *p == 0x7f)
			return xlpt_conf_wrong(
				c, c->value, "write it without \\x",
				"reason is one line of plain ASCII, and not \"%.*s\"",
				xlpt_conf_shown(v), v);
	if (n > REASON_MAX)
		return xlpt_conf_wrong(c, c->value, "make it shorter",
				       "reason has at most %d characters", REASON_MAX);
	return 0;
}

/* ---- the kinds ---- */

#define NAMING                                                                               \
	{ "device", NULL }, { "match", id }, { "class", class_code }, { "interface", NULL }, \
		{ "serial", NULL },                                                          \
	{                                                                                    \
		"count", from_one                                                            \
	}

static const struct key pin_keys[] = { NAMING, { 0 } };
static const struct key hide_keys[] = {
	NAMING, { "at", when }, { "force-host-device", yes_or_no }, { 0 }
};
static const struct key split_keys[] = { NAMING, { "reason", reason }, { 0 } };
static const struct key vfs_keys[] = {
	{ "count", from_zero }, { "owner", owner }, { "driver", yes_or_no }, { 0 }
};
static const struct key guard_keys[] = { { "xl", yes_or_no },
					 { "libvirt", yes_or_no },
					 { "xendomains", yes_or_no },
					 { "sleep", yes_or_no },
					 { 0 } };

static const struct {
	const char *word;
	bool named;
	const struct key *keys; /* NULL: the room that knows its keys is asked */
} kinds[XLPT_ENTRY_KINDS] = {
	[XLPT_ENTRY_PIN] = { "pin", true, pin_keys },
	[XLPT_ENTRY_VFS] = { "vfs", true, vfs_keys },
	[XLPT_ENTRY_HIDE] = { "hide", true, hide_keys },
	[XLPT_ENTRY_SPLIT] = { "allow-split", true, split_keys },
	[XLPT_ENTRY_SETTINGS] = { "settings", false, NULL },
	[XLPT_ENTRY_POOL] = { "pool", true, NULL },
	[XLPT_ENTRY_GUARD] = { "guard", false, guard_keys },
};

const char *xlpt_entry_word(enum xlpt_entry_kind kind)
{
	return kinds[kind].word;
}

bool xlpt_entry_is_named(enum xlpt_entry_kind kind)
{
	return kinds[kind].named;
}

/* The short words that host.conf has for keys of xlpt.conf. */
static const char *setting(const char *key)
{
	return !strcmp(key, "limit")	      ? "hotplug-limit"
	       : !strcmp(key, "device-limit") ? "hotplug-device-limit"
	       : !strcmp(key, "window")	      ? "hotplug-window"
					      : key;
}

static int no_key(struct xlpt_conf *c, const struct xlpt_entry *e)
{
	_cleanup_str_ struct xlpt_str all = { 0 };

	for (const struct key *k = kinds[e->kind].keys; k->name; k++)
		xlpt_str_addf(&all, "%s%s", all.len ? ", " : "", k->name);
	return xlpt_conf_wrong(c, c->key, NULL, "[%s] has no key \"%.*s\": it has %s",
			       kinds[e->kind].word, xlpt_conf_shown(c->key), c->key,
			       xlpt_str_get(&all));
}

int xlpt_entry_check(struct xlpt_conf *c, const struct xlpt_entry *e, const char *value,
		     const char **key)
{
	const struct key *k = kinds[e->kind].keys;

	*key = c->key;
	if (e->kind == XLPT_ENTRY_SETTINGS) {
		*key = setting(c->key);
		if (!strcmp(*key, "allow-split"))
			return xlpt_conf_wrong(c, c->key, "[allow-split DEVICE]",
					       "a device whose isolation set may be divided has a "
					       "section of its own");
		return xlpt_settings_judge(c, *key, value);
	}
	while (k->name && strcmp(k->name, c->key) != 0)
		k++;
	if (!k->name)
		return no_key(c, e);
	return k->check ? k->check(c, value) : 0;
}
