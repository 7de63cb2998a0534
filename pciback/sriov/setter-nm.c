/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * NetworkManager: its profiles (nm-settings-keyfile(5)), its own configuration
 * (NetworkManager.conf(5)), and the ifcfg files of Fedora's older releases. A profile with
 * [sriov] makes it write the number each time that it activates the profile, and zero when
 * it deactivates it. One without leaves the number alone.
 */
#include <string.h>
#include <strings.h>

#include "core/file.h"
#include "pciback/sriov/setter-internal.h"

#define NM	  "NetworkManager"
#define IFCFG_DIR "/etc/sysconfig/network-scripts"

/* In order of precedence: a UUID of an earlier one hides the same further on. */
static const char *const profile_dirs[] = { "/etc/NetworkManager/system-connections",
					    "/run/NetworkManager/system-connections",
					    "/usr/lib/NetworkManager/system-connections" };

struct profile {
	char *uuid, *id;
	bool ethernet; /* what has SR-IOV */
	bool fits;
	int count;
	unsigned line;
};

/*
 * A list of [match]: plain patterns are alternatives, and so are those with '|'; one with '&',
 * or with '!' alone, has to hold by itself.
 */
static bool match_list(char *list, const char *s)
{
	bool any = false, some = false, all = true;
	char *word;

	while ((word = xlpt_setter_word(&list, ";, \t"))) {
		bool must = *word == '&', may = *word == '|', not, hit;

		word += must || may;
		not = *word == '!';
		hit = s && xlpt_setter_glob(word + not, s);
		if (must || (not &&!may)) {
			all &= hit != not ;
		} else {
			any = true;
			some |= hit != not ;
		}
	}
	return all && (some || !any);
}

static bool mac_in(char *list, const char *mac)
{
	char *word;

	while ((word = xlpt_setter_word(&list, ";, \t")))
		if (xlpt_setter_same_mac(word, mac))
			return true;
	return false;
}

static void connection_key(const struct xlpt_pf_names *pf, struct xlpt_ini *ini, struct profile *p)
{
	if (!strcmp(ini->key, "uuid") && !p->uuid)
		p->uuid = xlpt_xstrdup(ini->value);
	else if (!strcmp(ini->key, "id") && !p->id)
		p->id = xlpt_xstrdup(ini->value);
	else if (!strcmp(ini->key, "type"))
		p->ethernet = !strcmp(ini->value, "ethernet") ||
			      !strcmp(ini->value, "802-3-ethernet") ||
			      !strcmp(ini->value, "infiniband");
	else if (!strcmp(ini->key, "interface-name") && *ini->value)
		p->fits &= xlpt_streq(ini->value, pf->ifname);
}

static void profile_key(const struct xlpt_pf_names *pf, struct xlpt_ini *ini, struct profile *p)
{
	const char *section = ini->section;

	if (!strcmp(section, "connection")) {
		connection_key(pf, ini, p);
	} else if (!strcmp(section, "ethernet") || !strcmp(section, "802-3-ethernet") ||
		   !strcmp(section, "infiniband")) {
		if (!strcmp(ini->key, "mac-address") && *ini->value)
			p->fits &= xlpt_setter_same_mac(ini->value, pf->burnt_mac);
		else if (!strcmp(ini->key, "mac-address-blacklist") ||
			 !strcmp(ini->key, "mac-address-denylist"))
			p->fits &= !mac_in(ini->value, pf->burnt_mac);
	} else if (!strcmp(section, "match")) {
		if (!strcmp(ini->key, "interface-name"))
			p->fits &= match_list(ini->value, pf->ifname);
		else if (!strcmp(ini->key, "driver"))
			p->fits &= match_list(ini->value, pf->driver);
		else if (!strcmp(ini->key, "path"))
			p->fits &= match_list(ini->value, pf->path);
	} else if (!strcmp(section, "sriov") && !strcmp(ini->key, "total-vfs")) {
		p->count = xlpt_setter_number(ini->value);
		p->line = ini->line;
	}
}

/* It may hold passwords, and NetworkManager leaves one alone that others than root can read. */
static bool is_private(const struct xlpt_pf_names *pf, const char *path)
{
	struct stat st;
	_cleanup_close_ int fd = xlpt_file_open(pf->h, path, 0, &st);

	return fd >= 0 && !(st.st_mode & 077);
}

static void profile_read(const struct xlpt_pf_names *pf, const char *path, char ***seen,
			 struct xlpt_setters *out)
{
	_cleanup_free_ char *text = xlpt_setter_text(pf->h, path);
	struct profile p = { .ethernet = true, .fits = true, .count = -1 };
	struct xlpt_ini ini = { .next = text };
	bool sriov = false, hidden;

	while (xlpt_ini_next(&ini)) {
		if (!ini.key && !strcmp(ini.section, "sriov")) {
			/* total-vfs is 0 unless it is said. */
			sriov = true;
			p.count = 0;
			p.line = ini.line;
		} else if (ini.key) {
			profile_key(pf, &ini, &p);
		}
	}
	hidden = p.uuid && xlpt_strv_has(*seen, p.uuid);
	if (p.uuid && !hidden)
		xlpt_strv_add(seen, p.uuid);
	if (sriov && p.ethernet && p.fits && !hidden) {
		struct xlpt_setter *s =
			xlpt_setter_add(out, XLPT_SETTER_NM_PROFILE, NM, path, p.line, p.count);

		s->name = xlpt_xstrdup(p.uuid ? p.uuid : p.id);
	}
	free(p.uuid);
	free(p.id);
}

/* Files that it leaves alone: hidden ones, copies of editors, and in /run and /usr others' names. */
static void profiles(const struct xlpt_pf_names *pf, struct xlpt_setters *out)
{
	_cleanup_strv_ char **seen = NULL;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(profile_dirs); i++) {
		_cleanup_strv_ char **files =
			xlpt_setter_files(pf->h, &profile_dirs[i], 1, i ? ".nmconnection" : "");

		for (char **p = files; p && *p; p++)
			if ((*p)[strlen(*p) - 1] != '~' && is_private(pf, *p))
				profile_read(pf, *p, &seen, out);
	}
}

/* ---- NetworkManager.conf ---- */

static bool spec_fits(const struct xlpt_pf_names *pf, const char *spec)
{
	const char *colon = strchr(spec, ':'), *value = colon ? colon + 1 : "";

	if (!strcmp(spec, "*"))
		return true;
	if (xlpt_starts(spec, "interface-name:"))
		return pf->ifname && (*value == '=' ? !strcmp(value + 1, pf->ifname)
						    : xlpt_setter_glob(value, pf->ifname));
	if (xlpt_starts(spec, "mac:"))
		return xlpt_setter_same_mac(value, pf->burnt_mac);
	if (xlpt_starts(spec, "driver:"))
		return pf->driver && xlpt_setter_glob(value, pf->driver);
	if (xlpt_starts(spec, "type:"))
		return !strcmp(value, "ethernet");
	return xlpt_streq(spec, pf->ifname) || xlpt_setter_same_mac(spec, pf->burnt_mac);
}

static bool specs_fit(const struct xlpt_pf_names *pf, char *list)
{
	bool any = false, hit = false;
	char *word;

	while ((word = xlpt_setter_word(&list, ",; \t"))) {
		if (xlpt_starts(word, "except:")) {
			if (spec_fits(pf, word + strlen("except:")))
				return false;
		} else {
			any = true;
			hit |= spec_fits(pf, word);
		}
	}
	return hit || !any;
}

struct section {
	bool device, fits;
	int count;
	unsigned line;
};

/* The last file counts, and in it the first section that fits. */
static void conf_read(const struct xlpt_pf_names *pf, const char *path, struct xlpt_setters *found)
{
	_cleanup_free_ char *text = xlpt_setter_text(pf->h, path);
	struct section now = { 0 }, best = { .count = -1 };
	struct xlpt_ini ini = { .next = text };
	bool more = text != NULL;

	while (more) {
		more = xlpt_ini_next(&ini);
		if ((!more || !ini.key) && now.device && now.fits && now.line && best.count < 0)
			best = now;
		if (!more)
			break;
		if (!ini.key) {
			now = (struct section){ .device = xlpt_starts(ini.section, "device"),
						.fits = true,
						.count = -1 };
		} else if (!strcmp(ini.key, "match-device")) {
			now.fits = specs_fit(pf, ini.value);
		} else if (!strcmp(ini.key, "sriov-num-vfs")) {
			now.count = xlpt_setter_number(ini.value);
			now.line = ini.line;
		}
	}
	if (best.count < 0)
		return;
	xlpt_setters_dispose(found);
	xlpt_setter_add(found, XLPT_SETTER_NM_CONF, NM, path, best.line, best.count);
}

static void conf(const struct xlpt_pf_names *pf, struct xlpt_setters *out)
{
	static const char *const dirs[] = { "/etc/NetworkManager/conf.d",
					    "/run/NetworkManager/conf.d",
					    "/usr/lib/NetworkManager/conf.d" };
	_cleanup_strv_ char **files =
		xlpt_setter_files(pf->h, dirs, XLPT_ARRAY_SIZE(dirs), ".conf");
	_cleanup_setters_ struct xlpt_setters found = { 0 };

	/* Its own file comes behind those of the system, and before the administrator's others. */
	for (char **p = files; p && *p; p++)
		if (!xlpt_starts(*p, dirs[0]))
			conf_read(pf, *p, &found);
	conf_read(pf, "/etc/NetworkManager/NetworkManager.conf", &found);
	for (char **p = files; p && *p; p++)
		if (xlpt_starts(*p, dirs[0]))
			conf_read(pf, *p, &found);
	if (found.n)
		xlpt_setter_add(out, found.items[0].kind, NM, found.items[0].file,
				found.items[0].line, found.items[0].count);
}

/* ---- ifcfg ---- */

static void ifcfg(const struct xlpt_pf_names *pf, struct xlpt_setters *out)
{
	static const char *const dir = IFCFG_DIR;
	_cleanup_strv_ char **files = xlpt_setter_files(pf->h, &dir, 1, "");

	for (char **p = files; p && *p; p++) {
		_cleanup_free_ char *text = NULL, *name = NULL;
		struct xlpt_ini ini = { 0 };
		bool fits = true;
		unsigned line = 0;
		int count = -1;

		if (!xlpt_starts(*p, IFCFG_DIR "/ifcfg-") || strchr(*p, '~'))
			continue;
		text = xlpt_setter_text(pf->h, *p);
		ini.next = text;
		while (xlpt_ini_next(&ini)) {
			char *value = ini.key ? xlpt_setter_trim(ini.value) : NULL;

			if (!ini.key)
				continue;
			if (!strcmp(ini.key, "DEVICE"))
				fits &= xlpt_streq(value, pf->ifname);
			else if (!strcmp(ini.key, "HWADDR"))
				fits &= xlpt_setter_same_mac(value, pf->burnt_mac);
			else if (!strcmp(ini.key, "UUID") && !name)
				name = xlpt_xstrdup(value);
			else if (!strcmp(ini.key, "SRIOV_TOTAL_VFS")) {
				count = xlpt_setter_number(value);
				line = ini.line;
			}
		}
		if (line && fits)
			xlpt_setter_add(out, XLPT_SETTER_NM_PROFILE, NM, *p, line, count)->name =
				XLPT_TAKE(name);
	}
}

void xlpt_setter_nm(const struct xlpt_pf_names *pf, struct xlpt_setters *out)
{
	static const char *const programs[] = { "/usr/sbin/NetworkManager",
						"/usr/bin/NetworkManager", "/run/NetworkManager" };
	bool there = false;

	/* Files of a NetworkManager that is not installed any more set nothing. */
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(programs); i++)
		there |= xlpt_host_has(pf->h, "%s", programs[i]);
	if (!there)
		return;
	profiles(pf, out);
	ifcfg(pf, out);
	conf(pf, out);
}
