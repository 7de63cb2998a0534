/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What xlpt's own two files say. They are xlpt's whole: a line in them that
 * xlpt did not write stops everything, because it would be lost.
 */
#include "pciback/boot/internal.h"

#include <errno.h>
#include <string.h>

static int not_ours(const char *path, unsigned line, struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "a line that xlpt did not write");
	xlpt_diag_at(diag, path, line, 0);
	xlpt_diag_fact(diag, "%s belongs to xlpt, which writes it anew each time", path);
	xlpt_diag_hint(diag, "move the line to another file of that directory");
	return XLPT_ERR_CONFLICT;
}

static bool is_pciback(const char *module)
{
	return xlpt_module_eq(module, "pciback") || xlpt_module_eq(module, "xen_pciback");
}

static int add_list(const struct xlpt_boot *boot, const char *path, unsigned line,
		    const char *start, const char *text, struct xlpt_boot_owned *out,
		    struct xlpt_diag *diag)
{
	_cleanup_hide_ struct xlpt_hide_list list = { 0 };
	int rc = xlpt_hide_lint(boot->grammar, text, &list, diag);

	if (rc) {
		xlpt_diag_at(diag, path, line,
			     (unsigned)(text - start) + (diag ? diag->column : 0));
		return rc;
	}
	for (size_t i = 0; i < list.n; i++)
		xlpt_hide_add(&out->list, &list.items[i]);
	return 0;
}

/* One line of the drop-in in modprobe.d; s is changed. */
static int modprobe_line(const struct xlpt_boot *boot, unsigned nr, char *s,
			 struct xlpt_boot_owned *out, struct xlpt_diag *diag)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(s), *again = NULL;
	char *save = NULL, *verb = strtok_r(copy, " \t", &save), *name, *arg, *rest;

	if (!verb || *verb == '#')
		return 0;
	name = strtok_r(NULL, " \t", &save);
	if (!name)
		return not_ours(XLPT_MODPROBE_CONF, nr, diag);
	if (!strcmp(verb, "options") && is_pciback(name)) {
		arg = strtok_r(NULL, "", &save);
		if (!arg || !xlpt_starts(arg + strspn(arg, " \t"), "hide="))
			return not_ours(XLPT_MODPROBE_CONF, nr, diag);
		arg = s + (arg - copy) + strspn(arg, " \t") + strlen("hide=");
		xlpt_chomp(arg);
		return add_list(boot, XLPT_MODPROBE_CONF, nr, s, arg, out, diag);
	}
	if (!strcmp(verb, "softdep")) {
		arg = strtok_r(NULL, " \t", &save);
		rest = strtok_r(NULL, " \t", &save);
		if (arg && rest && !strcmp(arg, "pre:") && is_pciback(rest) &&
		    !strtok_r(NULL, " \t", &save)) {
			xlpt_boot_strv_add(&out->early, name);
			return 0;
		}
	}
	if (!strcmp(verb, "install")) {
		again = xlpt_xasprintf("install %s /sbin/modprobe pciback; "
				       "/sbin/modprobe --first-time --ignore-install %s",
				       name, name);
		if (!strcmp(xlpt_chomp(s), again)) {
			xlpt_boot_strv_add(&out->early, name);
			return 0;
		}
	}
	return not_ours(XLPT_MODPROBE_CONF, nr, diag);
}

static int grub_line(const struct xlpt_boot *boot, unsigned nr, char *s,
		     struct xlpt_boot_owned *out, struct xlpt_diag *diag)
{
	char *at, *end;

	if (!*s || *s == '#')
		return 0;
	at = strstr(s, "pciback.hide=");
	if ((!xlpt_starts(s, "GRUB_CMDLINE_LINUX_XEN_REPLACE=\"") &&
	     !xlpt_starts(s, "GRUB_CMDLINE_LINUX_XEN_REPLACE_DEFAULT=\"")) ||
	    !at)
		return not_ours(XLPT_GRUB_CFG, nr, diag);
	at += strlen("pciback.hide=");
	end = strchr(at, '"');
	if (!end || end[1])
		return not_ours(XLPT_GRUB_CFG, nr, diag);
	*end = '\0';
	out->by_cmdline = true;
	return add_list(boot, XLPT_GRUB_CFG, nr, s, at, out, diag);
}

typedef int (*line_fn)(const struct xlpt_boot *, unsigned, char *, struct xlpt_boot_owned *,
		       struct xlpt_diag *);

static int each_line(struct xlpt_host *h, const struct xlpt_boot *boot, const char *path,
		     line_fn fn, struct xlpt_boot_owned *out, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	char *cursor, *line;
	int rc = 0, r = xlpt_boot_slurp(h, path, &text);

	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r < 0)
		return xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "cannot read %s", path);
	out->any = true;
	cursor = text.s;
	for (unsigned nr = 1; rc == 0 && (line = xlpt_boot_line(&cursor)); nr++)
		rc = fn(boot, nr, line, out, diag);
	return rc;
}

int xlpt_boot_owned_read(struct xlpt_host *h, const struct xlpt_boot *boot,
			 struct xlpt_boot_owned *out, struct xlpt_diag *diag)
{
	int rc;

	*out = (struct xlpt_boot_owned){ 0 };
	rc = each_line(h, boot, XLPT_MODPROBE_CONF, modprobe_line, out, diag);
	if (rc == 0)
		rc = each_line(h, boot, XLPT_GRUB_CFG, grub_line, out, diag);
	if (rc)
		xlpt_boot_owned_dispose(out);
	return rc;
}

void xlpt_boot_owned_dispose(struct xlpt_boot_owned *owned)
{
	xlpt_hide_dispose(&owned->list);
	xlpt_strv_free(owned->early);
	*owned = (struct xlpt_boot_owned){ 0 };
}
