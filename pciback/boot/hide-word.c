/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the word with pciback's list among a module's options. (On a kernel's command line: cmdline.c.) */
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
