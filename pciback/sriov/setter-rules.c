/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * udev's rules (udev(7)) that write sriov_numvfs. Keys that are known here decide whether a
 * rule is for the PF; others are taken to hold. Labels and GOTO are not followed.
 */
#include <string.h>

#include "core/file.h"
#include "pciback/sriov/setter-internal.h"

struct rule {
	bool fits, sets;
	int count;
};

/* "a*|b" */
static bool fits(const char *patterns, const char *s)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(patterns);
	char *cursor = copy, *word;

	while ((word = xlpt_setter_word(&cursor, "|")))
		if (s && xlpt_setter_glob(word, s))
			return true;
	return false;
}

static bool fits_attr(const struct xlpt_pf_names *pf, const char *name, const char *value)
{
	_cleanup_free_ char *text = NULL;

	if (!strcmp(name, "address"))
		return fits(value, pf->mac);
	if (!strcmp(name, "vendor") || !strcmp(name, "device"))
		return xlpt_host_read_text(pf->h, &text, "/sys/bus/pci/devices/%s/%s", pf->bdf,
					   name) < 0 ||
		       fits(value, text);
	return true;
}

static bool key_fits(const struct xlpt_pf_names *pf, const char *key, const char *arg,
		     const char *value)
{
	if (!strcmp(key, "KERNEL"))
		return fits(value, pf->ifname) || fits(value, pf->bdf);
	if (!strcmp(key, "KERNELS"))
		return fits(value, pf->ifname) || fits(value, pf->bdf);
	if (!strcmp(key, "NAME") ||
	    (!strcmp(key, "ENV") && (!strcmp(arg, "INTERFACE") || !strcmp(arg, "ID_NET_NAME"))))
		return fits(value, pf->ifname);
	if (!strcmp(key, "DRIVER") || !strcmp(key, "DRIVERS") ||
	    (!strcmp(key, "ENV") && !strcmp(arg, "ID_NET_DRIVER")))
		return fits(value, pf->driver);
	if (!strcmp(key, "ENV") && !strcmp(arg, "ID_PATH"))
		return fits(value, pf->path);
	if (!strcmp(key, "SUBSYSTEM"))
		return fits(value, "net") || fits(value, "pci");
	return (strcmp(key, "ATTR") != 0 && strcmp(key, "ATTRS") != 0) || fits_attr(pf, arg, value);
}

/* KEY{ARG} OP "VALUE"; op is the first character and whether '=' follows once or twice. */
static void token(const struct xlpt_pf_names *pf, struct rule *r, char *key, const char *op,
		  const char *value)
{
	char *arg = strchr(key, '{');
	bool compares = xlpt_starts(op, "==") || xlpt_starts(op, "!=");

	if (arg) {
		*arg++ = '\0';
		arg[strcspn(arg, "}")] = '\0';
	}
	if (compares) {
		r->fits &= key_fits(pf, key, arg ? arg : "", value) == (*op == '=');
	} else if (!strcmp(key, "ATTR") && arg &&
		   (!strcmp(arg, "sriov_numvfs") || !strcmp(arg, "device/sriov_numvfs"))) {
		r->sets = true;
		r->count = xlpt_setter_number(value);
	} else if (!strcmp(key, "RUN") && strstr(value, "sriov_numvfs")) {
		r->sets = true;
		r->count = xlpt_setter_line_count(value);
	}
}

/* A rule's tokens stand between commas; values in double quotes, in which \" is one. */
static struct rule rule_read(const struct xlpt_pf_names *pf, char *line)
{
	struct rule r = { .fits = true, .count = -1 };
	char *s = line;

	for (;;) {
		char *key = s + strspn(s, " \t,"), *end = key + strcspn(key, "=!+-:"), *value,
		     op[3];

		value = *end ? strchr(end, '"') : NULL;
		if (!value)
			return r;
		op[0] = end[0];
		op[1] = end[1] == '"' ? '\0' : end[1];
		op[2] = '\0';
		*end = '\0';
		key[strcspn(key, " \t")] = '\0';
		for (s = ++value; *s && *s != '"'; s++)
			if (*s == '\\' && s[1])
				s++;
		if (!*s)
			return r;
		*s++ = '\0';
		token(pf, &r, key, op, value);
	}
}

static void scan(const struct xlpt_pf_names *pf, const char *path, struct xlpt_setters *out)
{
	_cleanup_free_ char *text = xlpt_setter_text(pf->h, path);
	_cleanup_str_ struct xlpt_str rule = { 0 };
	char *cursor = text, *line;
	unsigned number = 0, first = 0;

	if (!text || !strstr(text, "sriov_numvfs"))
		return;
	while ((line = xlpt_file_line(&cursor))) {
		size_t n = strlen(line);
		bool more = n && line[n - 1] == '\\';
		struct rule r;

		number++;
		first = rule.len ? first : number;
		xlpt_str_addn(&rule, line, more ? n - 1 : n);
		if (more)
			continue;
		line = xlpt_str_take(&rule);
		if (*line != '#' && strstr(line, "sriov_numvfs")) {
			r = rule_read(pf, line);
			if (r.fits && r.sets)
				xlpt_setter_add(out, XLPT_SETTER_LINE, "udev", path, first,
						r.count);
		}
		free(line);
	}
}

void xlpt_setter_rules(const struct xlpt_pf_names *pf, struct xlpt_setters *out)
{
	static const char *const dirs[] = { "/etc/udev/rules.d", "/run/udev/rules.d",
					    "/usr/local/lib/udev/rules.d",
					    "/usr/lib/udev/rules.d" };
	_cleanup_strv_ char **files =
		xlpt_setter_files(pf->h, dirs, XLPT_ARRAY_SIZE(dirs), ".rules");

	for (char **p = files; p && *p; p++)
		scan(pf, *p, out);
}
