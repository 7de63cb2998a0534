/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's command line, taken apart as the kernel does it (lib/cmdline.c, kernel/params.c).
 */
#include "pciback/boot/internal.h"

#include <string.h>

char *xlpt_cmdline_word(char **cursor)
{
	char *w = *cursor + strspn(*cursor, " \t\n"), *to = w, *from = w;
	bool quoted = false;

	for (; *from && (quoted || !strchr(" \t\n", *from)); from++)
		if (*from == '"')
			quoted = !quoted;
		else
			*to++ = *from;
	*cursor = *from ? from + 1 : from;
	*to = '\0';
	return from > w ? w : NULL;
}

char *xlpt_cmdline_own(const char *cmdline)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(cmdline ? cmdline : "");
	char *cursor = copy, *before = cursor;

	for (char *w; (w = xlpt_cmdline_word(&cursor)); before = cursor)
		if (!strcmp(w, "--"))
			return xlpt_xstrndup(cmdline, (size_t)(before - copy));
	return xlpt_xstrdup(cmdline ? cmdline : "");
}

char *xlpt_cmdline_hide(const char *cmdline, const char *module)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(cmdline ? cmdline : "");
	char *found = NULL, *cursor = copy, *w;

	while ((w = xlpt_cmdline_word(&cursor))) {
		char *dot = strchr(w, '.');

		if (!dot || !xlpt_starts(dot, ".hide="))
			continue;
		*dot = '\0';
		if (!xlpt_module_eq(w, module))
			continue;
		free(found);
		found = xlpt_xstrdup(dot + strlen(".hide="));
	}
	return found;
}
