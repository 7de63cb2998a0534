/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "xl-plugin/sentry/sentry.h"

#define BEGIN  "# >>> xlpt guard "
#define END    "# <<< xlpt guard\n"
#define JOINED ", joined" /* the line before had no newline */
#define NEW    ", new"	  /* there was no file */

char *xlpt_sentry_block_add(const char *text, const char *body)
{
	size_t len = text ? strlen(text) : 0;
	bool joined = len && text[len - 1] != '\n';

	return xlpt_xasprintf("%s%s" BEGIN "%s%s\n%s" END, text ? text : "", joined ? "\n" : "",
			      XLPT_VERSION,
			      !text    ? NEW
			      : joined ? JOINED
				       : "",
			      body);
}

/* The first line from s on that begins with start, or NULL. */
static const char *find_line(const char *s, const char *start)
{
	for (; s; s = strchr(s, '\n'), s = s ? s + 1 : NULL)
		if (xlpt_starts(s, start))
			return s;
	return NULL;
}

static bool ends(const char *s, size_t n, const char *tail)
{
	size_t len = strlen(tail);

	return n >= len && !memcmp(s + n - len, tail, len);
}

int xlpt_sentry_block_split(const char *text, char **without, char **body, bool *same_version)
{
	const char *begin = find_line(text, BEGIN), *inner, *end;
	size_t head, word;
	bool joined, new;

	*without = *body = NULL;
	if (!begin)
		return find_line(text, "# <<< xlpt guard") ? -1 : 0;
	inner = strchr(begin, '\n');
	end = inner ? find_line(inner + 1, END) : NULL;
	if (!end || find_line(end + strlen(END), BEGIN) || find_line(end + strlen(END), END))
		return -1;
	word = (size_t)(inner - begin);
	joined = ends(begin, word, JOINED);
	new = ends(begin, word, NEW);
	word -= strlen(BEGIN) + (joined ? strlen(JOINED) : new ? strlen(NEW) : 0);
	*same_version =
		word == strlen(XLPT_VERSION) && !memcmp(begin + strlen(BEGIN), XLPT_VERSION, word);
	*body = xlpt_xstrndup(inner + 1, (size_t)(end - inner - 1));
	head = (size_t)(begin - text);
	end += strlen(END);
	/* When lines were added behind the block since, they need the newline. */
	if (joined && head && !*end)
		head--;
	/*
	 * When something was added to a file that xlpt made, the file is the administrator's by
	 * now.
	 */
	if (!(new && !head && !*end))
		*without = xlpt_xasprintf("%.*s%s", (int)head, text, end);
	return 1;
}

char *xlpt_sentry_dropin_text(const char *dir, const char *word)
{
	(void)word;
	return xlpt_xasprintf("# Written by \"xlpt guard install\" " XLPT_VERSION
			      ". xlpt owns this file whole.\n"
			      "# libvirt asks no hook before it saves or sends a guest. libxl runs "
			      "this for both.\n"
			      "[Service]\n"
			      "Environment=LIBXL_SAVE_HELPER=%s/libxl-save-helper\n",
			      dir);
}

char *xlpt_sentry_apparmor_body(const char *dir, const char *word)
{
	(void)word;
	return xlpt_xasprintf("# libvirt's daemon runs this in the place of libxl-save-helper.\n"
			      "%s/* PUx,\n",
			      dir);
}

/*
 * A shell reads this file: that of Xen's xendomains, which calls $CMD, and that of Debian's, which
 * calls xen, which finds xl in PATH. Xen's shuts down a guest that could not be saved only if
 * XENDOMAINS_SHUTDOWN says how.
 */
char *xlpt_sentry_xendomains_body(const char *dir, const char *word)
{
	(void)word;
	return xlpt_xasprintf(
		"# Guests that hold PCI devices are shut down, not saved or migrated.\n"
		"# \"xlpt guard remove xendomains\" takes this out again.\n"
		"if [ -x %s/xl ]; then\n"
		"\texport PATH=\"%s:$PATH\"\n"
		"\tCMD=%s/xl\n"
		"\t[ -z \"$XENDOMAINS_SAVE$XENDOMAINS_MIGRATE\" ] ||\n"
		"\t\tXENDOMAINS_SHUTDOWN=${XENDOMAINS_SHUTDOWN:---wait}\n"
		"fi\n",
		dir, dir, dir);
}

/* When this command fails, systemd stops and the host stays awake. */
char *xlpt_sentry_sleep_text(const char *dir, const char *word)
{
	size_t prefix = strlen(dir) - strlen("/lib/xlpt/guard");

	return xlpt_xasprintf("# Written by \"xlpt guard install\" " XLPT_VERSION
			      ". xlpt owns this file whole.\n"
			      "# With devices at its guests this host does not sleep, or they are "
			      "taken out meanwhile:\n"
			      "# host-sleep in /etc/xlpt/xlpt.conf. The guard is in %s\n"
			      "[Service]\n"
			      "ExecStart=\n"
			      "ExecStart=%.*s/sbin/xlpt sleep -- %s\n",
			      dir, (int)prefix, dir, word);
}

char *xlpt_sentry_dir_in(const char *text)
{
	static const char tail[] = "/lib/xlpt/guard";
	const char *at = strstr(text, tail), *start = at;

	if (!at)
		return NULL;
	while (start > text && !strchr(" \t\n\"=:", start[-1]))
		start--;
	return *start == '/' ? xlpt_xstrndup(start, (size_t)(at - start) + strlen(tail)) : NULL;
}

const char *xlpt_sentry_part_word(enum xlpt_sentry_part part)
{
	static const char *const words[] = { "xl", "libvirt", "xendomains", "sleep" };

	return words[part];
}

const char *xlpt_sentry_state_word(enum xlpt_sentry_state state)
{
	static const char *const words[] = { "not installed", "installed", "of another xlpt",
					     "changed by hand", "not xlpt's" };

	return words[state];
}
