/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * systemd.link(5), which udev applies when the PF's driver has made its interface, and
 * systemd.network(5). Of each kind the first file that matches counts, with its drop-ins.
 * One whose [Match] says nothing is passed over, as systemd does.
 */
#include <string.h>
#include <strings.h>

#include "core/file.h"
#include "pciback/sriov/setter-internal.h"

static const char *const dirs[] = { "/etc/systemd/network", "/run/systemd/network",
				    "/usr/local/lib/systemd/network", "/usr/lib/systemd/network" };

enum { BY_NAME, BY_MAC, BY_BURNT_MAC, BY_PATH, BY_DRIVER, BY_TYPE, BY_OTHER, KEYS };
static const char *const match_keys[] = { "Name", "MACAddress", "PermanentMACAddress",
					  "Path", "Driver",	"Type",
					  "Kind" };

struct unit {
	const struct xlpt_pf_names *pf;
	bool link;
	char *match[KEYS]; /* lists; NULL = not said */
	bool matches_other;
	int count, highest; /* -1 */
	char *file;	    /* where the number stands */
	unsigned line;
	bool sriov; /* a section [SR-IOV] */
};

static void unit_dispose(struct unit *u)
{
	for (size_t i = 0; i < KEYS; i++)
		free(u->match[i]);
	free(u->file);
}

static void note(struct unit *u, const char *path, unsigned line)
{
	free(XLPT_TAKE(u->file));
	u->file = xlpt_xstrdup(path);
	u->line = line;
}

static void match_key(struct unit *u, const char *key, const char *value)
{
	size_t i = 0;
	char *old;

	if (!strcmp(key, "OriginalName"))
		key = match_keys[BY_NAME];
	while (i < KEYS && strcmp(key, match_keys[i]) != 0)
		i++;
	if (i == KEYS) {
		u->matches_other = true;
		return;
	}
	/* An empty one takes back what was said before. */
	old = XLPT_TAKE(u->match[i]);
	u->match[i] = *value && old ? xlpt_xasprintf("%s %s", old, value)
		      : *value	    ? xlpt_xstrdup(value)
				    : NULL;
	free(old);
}

static void unit_key(struct unit *u, const char *path, struct xlpt_ini *ini)
{
	char *value = xlpt_setter_trim(ini->value);

	if (!strcmp(ini->section, "Match")) {
		match_key(u, ini->key, value);
	} else if (!strcmp(ini->section, "Link") && u->link &&
		   !strcmp(ini->key, "SR-IOVVirtualFunctions")) {
		u->count = xlpt_setter_number(value);
		note(u, path, ini->line);
	} else if (!strcmp(ini->section, "SR-IOV") && !strcmp(ini->key, "VirtualFunction")) {
		int n = xlpt_setter_number(value);

		if (!u->file)
			note(u, path, ini->line);
		u->sriov = true;
		if (n > u->highest)
			u->highest = n;
	}
}

static void unit_read(struct unit *u, const char *path)
{
	_cleanup_free_ char *text = xlpt_setter_text(u->pf->h, path);
	struct xlpt_ini ini = { .next = text };

	while (xlpt_ini_next(&ini))
		if (ini.key)
			unit_key(u, path, &ini);
}

/* A '!' before the list turns its meaning round. */
static bool list_fits(const char *list, const char *s, bool mac)
{
	bool not = *list == '!', hit = false;
	_cleanup_free_ char *copy = xlpt_xstrdup(list + not );
	char *cursor = copy, *word;

	while ((word = xlpt_setter_word(&cursor, mac ? " \t," : " \t")))
		hit |= s && (mac ? xlpt_setter_same_mac(word, s)
				 : xlpt_setter_glob(xlpt_setter_trim(word), s));
	return hit != not ;
}

/* Keys about the host (Host=, Virtualization=, ...) are taken to be true. */
static bool unit_fits(const struct unit *u, const char *path)
{
	const struct xlpt_pf_names *pf = u->pf;
	const char *values[KEYS] = {
		[BY_NAME] = pf->ifname, [BY_MAC] = pf->mac,	  [BY_BURNT_MAC] = pf->burnt_mac,
		[BY_PATH] = pf->path,	[BY_DRIVER] = pf->driver, [BY_TYPE] = "ether"
	};
	bool said = u->matches_other;

	for (size_t i = 0; i < KEYS; i++) {
		bool mac = i == BY_MAC || i == BY_BURNT_MAC;

		if (!u->match[i])
			continue;
		said = true;
		/* The name that the kernel gave it is not known any more: but udev knows what it took. */
		if (i == BY_NAME && u->link && xlpt_streq(pf->link_file, path))
			continue;
		if (!list_fits(u->match[i], values[i], mac))
			return false;
	}
	return said;
}

static void dropins(struct unit *u, const char *path)
{
	_cleanup_strv_ char **files = NULL;
	char *folders[XLPT_ARRAY_SIZE(dirs)];

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(dirs); i++)
		folders[i] = xlpt_xasprintf("%s%s.d", dirs[i], strrchr(path, '/'));
	files = xlpt_setter_files(u->pf->h, (const char *const *)folders, XLPT_ARRAY_SIZE(dirs),
				  ".conf");
	for (char **p = files; p && *p; p++)
		unit_read(u, *p);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(dirs); i++)
		free(folders[i]);
}

/* Whether this file is the one for the PF; then it is told if it sets something. */
static bool take(const struct xlpt_pf_names *pf, const char *path, bool link,
		 struct xlpt_setters *out)
{
	struct unit u = { .pf = pf, .link = link, .count = -1, .highest = -1 };
	bool fits;

	unit_read(&u, path);
	dropins(&u, path);
	fits = unit_fits(&u, path);
	if (u.count < 0 && link && u.highest >= 0)
		u.count = u.highest + 1;
	if (fits && link && u.count >= 0)
		xlpt_setter_add(out, XLPT_SETTER_LINK, "udev", u.file, u.line, u.count)->base =
			xlpt_xstrdup(path);
	else if (fits && !link && u.sriov)
		xlpt_setter_add(out, XLPT_SETTER_NETWORK, "systemd-networkd", u.file, u.line, -1);
	unit_dispose(&u);
	return fits;
}

void xlpt_setter_systemd(const struct xlpt_pf_names *pf, struct xlpt_setters *out)
{
	static const char *const suffixes[] = { ".link", ".network" };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(suffixes) && pf->ifname; i++) {
		_cleanup_strv_ char **files =
			xlpt_setter_files(pf->h, dirs, XLPT_ARRAY_SIZE(dirs), suffixes[i]);

		for (char **p = files; p && *p && !take(pf, *p, i == 0, out); p++)
			;
	}
}
