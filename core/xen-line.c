/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/xen-line.h"

#include <string.h>

#define DIVIDER " -- "

char *xlpt_xen_own(const char *line)
{
	const char *end = strstr(line ? line : "", DIVIDER);

	return end ? xlpt_xstrndup(line, (size_t)(end - line)) : xlpt_xstrdup(line ? line : "");
}

const char *xlpt_xen_behind(const char *line)
{
	const char *end = strstr(line ? line : "", DIVIDER);

	return end ? end + strlen(DIVIDER) : "";
}

char *xlpt_xen_value(const char *line, const char *name, bool all)
{
	_cleanup_free_ char *own = xlpt_xen_own(line);
	char *save = NULL, *found = NULL;
	size_t n = strlen(name);

	for (char *w = strtok_r(own, XLPT_XEN_BLANKS, &save); w;
	     w = strtok_r(NULL, XLPT_XEN_BLANKS, &save))
		if (!strncmp(w, name, n) && (w[n] == '=' || !w[n])) {
			_cleanup_free_ char *before = found;

			found = xlpt_xasprintf("%s%s%s", before && all ? before : "",
					       before && all ? "," : "", w[n] ? w + n + 1 : "");
		}
	return found;
}
