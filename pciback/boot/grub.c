/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A hide= that someone else put into GRUB's settings, or into Xen's file where Xen is started without
 * GRUB: it will be on the command line of the next boot whether or not it is on this one's.
 */
#include "pciback/boot/internal.h"

#include <string.h>

/* The value of a shell's assignment, in place: quotes go, and a blank outside them ends it. */
static void unquote(char *s)
{
	char *to = s, in = '\0';

	for (; *s && (in || !strchr(" \t;&", *s)); s++) {
		if (in ? *s == in : *s == '"' || *s == '\'')
			in = in ? '\0' : *s;
		else if (*s == '\\' && in != '\'' && s[1] && (!in || strchr("\"\\$`", s[1])))
			*to++ = *++s;
		else
			*to++ = *s;
	}
	*to = '\0';
}

static void look(struct xlpt_host *h, const struct xlpt_boot *boot, const char *path, char **value,
		 char **file, unsigned *line)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	char *cursor, *l;
	unsigned lines;

	if (xlpt_boot_slurp(h, path, &text) < 0)
		return;
	cursor = text.s;
	for (unsigned nr = 1; (l = xlpt_boot_whole_line(&cursor, &lines)); nr += lines) {
		char *quote;

		l += strspn(l, " \t");
		if (xlpt_starts(l, "export "))
			l += strlen("export ") + strspn(l + strlen("export "), " \t");
		if (!xlpt_starts(l, "GRUB_CMDLINE_LINUX"))
			continue;
		quote = l + strcspn(l, "=");
		quote += *quote == '=';
		unquote(quote);
		l = xlpt_cmdline_hide(quote, boot->module);
		if (!l)
			continue;
		free(*value);
		free(*file);
		*value = l;
		*file = xlpt_xstrdup(path);
		*line = nr;
	}
}

void xlpt_boot_grub_foreign(struct xlpt_host *h, const struct xlpt_boot *boot, char **value,
			    char **file, unsigned *line)
{
	_cleanup_xen_cfgs_ struct xlpt_xen_cfgs cfgs = { 0 };
	_cleanup_strv_ char **names = NULL;

	*value = *file = NULL;
	*line = 0;
	if (boot->loader == XLPT_LOADER_XEN_EFI) {
		xlpt_boot_xen_cfgs(h, boot->cmdline, &cfgs);
		if (cfgs.n && cfgs.items[0].kernel &&
		    (*value = xlpt_cmdline_hide(cfgs.items[0].kernel, boot->module))) {
			*file = xlpt_xstrdup(cfgs.items[0].path);
			*line = cfgs.items[0].line;
		}
		return;
	}
	look(h, boot, "/etc/default/grub", value, file, line);
	if (boot->loader != XLPT_LOADER_GRUB)
		return;
	xlpt_host_list(h, &names, "/etc/default/grub.d");
	for (char **n = names; n && *n; n++) {
		_cleanup_free_ char *path = xlpt_xasprintf("/etc/default/grub.d/%s", *n);
		size_t len = strlen(*n);

		if (len > 4 && !strcmp(*n + len - 4, ".cfg") && strcmp(path, XLPT_GRUB_CFG) != 0)
			look(h, boot, path, value, file, line);
	}
}
