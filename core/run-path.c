/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a program is found: PATH, and behind it the folders of root's programs; what of the environment it
 * gets; how it ended, in words.
 */
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/run.h"

static bool in_path(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	for (const char *p = path; *p; p += strcspn(p, ":"), p += *p == ':')
		if (strcspn(p, ":") == len && !strncmp(p, dir, len))
			return true;
	return false;
}

char *xlpt_run_path(void)
{
	static const char *const root[] = { "/usr/local/sbin", "/usr/sbin", "/sbin" };
	const char *given = getenv("PATH");
	struct xlpt_str path = { 0 };

	xlpt_str_add(&path, given && *given ? given : "/usr/local/bin:/usr/bin:/bin");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(root); i++)
		if (!in_path(path.s, root[i]))
			xlpt_str_addf(&path, ":%s", root[i]);
	return xlpt_str_take(&path);
}

char *xlpt_run_find(const char *name, const char *path)
{
	if (strchr(name, '/'))
		return xlpt_xstrdup(name);
	for (const char *p = path; *p; p += strcspn(p, ":"), p += *p == ':') {
		size_t len = strcspn(p, ":");
		/* As execvp: an empty folder is this one. */
		char *file = xlpt_xasprintf("%.*s/%s", len ? (int)len : 1, len ? p : ".", name);
		struct stat st;

		if (stat(file, &st) == 0 && S_ISREG(st.st_mode) && access(file, X_OK) == 0)
			return file;
		free(file);
	}
	return NULL;
}

char *xlpt_run_ended(int status)
{
	const char *name = status > 128 ? sigabbrev_np(status - 128) : NULL;

	return name ? xlpt_xasprintf("was ended by SIG%s: %s%s", name, strsignal(status - 128),
				     status == 128 + SIGXFSZ ? " (see ulimit -f)" : "")
		    : xlpt_xasprintf("ended with status %d", status);
}

/* What tar and gzip take for options of theirs, and what makes programs read their words in another way. */
static bool is_options(const char *entry)
{
	static const char *const names[] = { "TAR_OPTIONS=", "TAPE=",	"GZIP=",
					     "XZ_DEFAULTS=", "XZ_OPT=", "POSIXLY_CORRECT=",
					     "GCONV_PATH=" };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(names); i++)
		if (xlpt_starts(entry, names[i]))
			return true;
	return false;
}

char **xlpt_run_environment(char *path_entry)
{
	size_t n = 0, k = 0;
	char **v;

	while (environ && environ[n])
		n++;
	v = xlpt_xcalloc(n + 2, sizeof(*v));
	for (size_t i = 0; i < n; i++)
		if (!xlpt_starts(environ[i], "PATH=") && !is_options(environ[i]))
			v[k++] = environ[i];
	v[k] = path_entry;
	return v;
}
