/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lines of other files that write sriov_numvfs of the PF, which they name by its interface or
 * its address; in ifupdown's files also as $IFACE below the PF's "iface" line. And max_vfs= of
 * modprobe.d, with which some drivers make VFs as soon as they are loaded.
 */
#include <ctype.h>
#include <string.h>

#include "core/file.h"
#include "pciback/sriov/setter-internal.h"

/* A file, or a directory and how the names in it end. */
static const struct place {
	const char *path, *suffix;
	const char *program;
} places[] = {
	{ "/etc/network/interfaces", NULL, "ifupdown" },
	{ "/etc/network/interfaces.d", "", "ifupdown" },
	{ "/etc/tmpfiles.d", ".conf", "systemd-tmpfiles" },
	{ "/usr/lib/tmpfiles.d", ".conf", "systemd-tmpfiles" },
	{ "/etc/sysfs.conf", NULL, "sysfsutils" },
	{ "/etc/sysfs.d", ".conf", "sysfsutils" },
	{ "/etc/rc.local", NULL, "rc.local" },
	{ "/etc/rc.d/rc.local", NULL, "rc.local" },
	{ "/etc/local.d", ".start", "local.d" },
	{ "/etc/systemd/system", ".service", "systemd" },
	{ "/etc/modprobe.d", ".conf", "modprobe" },
	{ "/run/modprobe.d", ".conf", "modprobe" },
	{ "/usr/lib/modprobe.d", ".conf", "modprobe" },
};

static bool word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* s as a word of its own: "eth1" is not in "eth10". */
static bool has_word(const char *line, const char *s)
{
	size_t n = s ? strlen(s) : 0;

	for (const char *p = line; n && (p = strstr(p, s)); p++)
		if ((p == line || !word_char(p[-1])) && !word_char(p[n]))
			return true;
	return false;
}

/* "echo 4 > .../sriov_numvfs"; "w .../sriov_numvfs - - - - 4"; ".../sriov_numvfs = 4" */
int xlpt_setter_line_count(const char *line)
{
	const char *at = strstr(line, "sriov_numvfs"), *echo = strstr(line, "echo ");
	_cleanup_free_ char *number = NULL;

	if (echo && at && echo < at) {
		at = echo + strlen("echo ");
		at += strspn(at, " \t\"'");
	} else if (at) {
		at += strlen("sriov_numvfs");
		at += strcspn(at, "0123456789");
	}
	number = at ? xlpt_xstrndup(at, strspn(at, "0123456789")) : NULL;
	return xlpt_setter_number(number);
}

static bool names_pf(const struct xlpt_pf_names *pf, const char *line, bool in_stanza)
{
	return has_word(line, pf->ifname) || strstr(line, pf->bdf) ||
	       (in_stanza && (strstr(line, "$IFACE") || strstr(line, "${IFACE}")));
}

/* "options igb max_vfs=4": of the driver, for all of its cards. */
static int module_count(const struct xlpt_pf_names *pf, char *line)
{
	char *cursor = line, *word = xlpt_setter_word(&cursor, " \t"),
	     *module = word ? xlpt_setter_word(&cursor, " \t") : NULL;

	if (!module || strcmp(word, "options") != 0 || !xlpt_streq(module, pf->driver))
		return -1;
	while ((word = xlpt_setter_word(&cursor, " \t")))
		if (xlpt_starts(word, "max_vfs=")) {
			word[strcspn(word, ",")] = '\0';
			return xlpt_setter_number(word + strlen("max_vfs="));
		}
	return -1;
}

/* Whether a line of /etc/network/interfaces begins a stanza, and whether that is the PF's. */
static void stanza(const struct xlpt_pf_names *pf, const char *s, bool *in)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(s);
	char *cursor = copy, *word = xlpt_setter_word(&cursor, " \t");

	if (word && (!strcmp(word, "iface") || !strcmp(word, "mapping") || !strcmp(word, "auto") ||
		     !strcmp(word, "source")))
		*in = !strcmp(word, "iface") &&
		      xlpt_streq(xlpt_setter_word(&cursor, " \t"), pf->ifname);
}

static void scan(const struct xlpt_pf_names *pf, const struct place *place, const char *path,
		 struct xlpt_setters *out)
{
	_cleanup_free_ char *text = xlpt_setter_text(pf->h, path);
	bool module = !strcmp(place->program, "modprobe"), in = false;
	char *cursor = text, *line;
	unsigned number = 0;

	if (!text || !strstr(text, module ? "max_vfs=" : "sriov_numvfs"))
		return;
	while ((line = xlpt_file_line(&cursor))) {
		char *s = line + strspn(line, " \t");
		int count;

		number++;
		if (*s == '#' || *s == ';')
			continue;
		stanza(pf, s, &in);
		if (!module && (!strstr(s, "sriov_numvfs") || !names_pf(pf, s, in)))
			continue;
		count = module ? module_count(pf, s) : xlpt_setter_line_count(s);
		if (!module || count > 0)
			xlpt_setter_add(out, XLPT_SETTER_LINE, place->program, path, number, count);
	}
}

void xlpt_setter_lines(const struct xlpt_pf_names *pf, struct xlpt_setters *out)
{
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(places); i++) {
		_cleanup_strv_ char **files = NULL;

		if (!places[i].suffix) {
			scan(pf, &places[i], places[i].path, out);
			continue;
		}
		files = xlpt_setter_files(pf->h, &places[i].path, 1, places[i].suffix);
		for (char **p = files; p && *p; p++)
			scan(pf, &places[i], *p, out);
	}
}
