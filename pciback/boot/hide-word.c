/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the word with pciback's list, among a module's options and on a kernel's command line. */
#include <string.h>

#include "pciback/boot/internal.h"

char *xlpt_boot_hide_of(const char *options)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(options);
	char *save = NULL, *found = NULL;

	/* libkmod passes options through as they are; the kernel takes quotes off. */
	for (char *w = copy; *w;) {
		bool quoted = false;
		char *end = w;

		for (; *end && (quoted || (*end != ' ' && *end != '\t')); end++)
			if (*end == '"')
				quoted = !quoted;
		save = *end ? end + 1 : end;
		*end = '\0';
		if (xlpt_starts(w, "hide=")) {
			char *value = w + strlen("hide=");
			size_t n;

			if (*value == '"')
				value++;
			n = strlen(value);
			free(found);
			found = xlpt_xstrndup(value, n && value[n - 1] == '"' ? n - 1 : n);
		}
		w = save;
	}
	return found;
}

char *xlpt_cmdline_hide(const char *cmdline, const char *module)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(cmdline ? cmdline : "");
	char *found = NULL, *next;

	for (char *w = copy; *w; w = next) {
		bool quoted = false;
		char *end = w, *dot;

		for (; *end && (quoted || (*end != ' ' && *end != '\t' && *end != '\n')); end++)
			if (*end == '"')
				quoted = !quoted;
		next = *end ? end + 1 : end;
		*end = '\0';
		w += *w == '"';
		dot = strchr(w, '.');
		if (!dot || !xlpt_starts(dot, ".hide="))
			continue;
		*dot = '\0';
		if (!xlpt_module_eq(w, module))
			continue;
		/* Quotes stand around the value or around the whole word. */
		dot += strlen(".hide=");
		dot += *dot == '"';
		free(found);
		found = xlpt_xstrndup(dot, strcspn(dot, "\""));
	}
	return found;
}
