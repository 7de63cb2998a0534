/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lists that nobody reads beside the lines of modprobe.d: misspelled ones, and words behind a module's name in
 * files that only name modules to be loaded.
 */
#include "pciback/boot/stray.h"

#include <string.h>
#include <strings.h>

static bool is_pciback(const char *name, size_t n)
{
	return (n == 7 && !strncasecmp(name, "pciback", 7)) ||
	       (n == 11 && !strncasecmp(name, "xen", 3) && strchr("-_", name[3]) &&
		!strncasecmp(name + 4, "pciback", 7));
}

/* The value of the first word "hide=", in any case. Caller frees. */
static char *hide_of(char *words)
{
	char *cursor = words, *w;

	while ((w = xlpt_cmdline_word(&cursor)))
		if (!strncasecmp(w, "hide=", 5))
			return xlpt_xstrdup(w + 5);
	return NULL;
}

static void XLPT_PRINTF(3, 4)
	tell(struct xlpt_stray_search *s, const char *hide, const char *fmt, ...)
{
	_cleanup_free_ char *word = xlpt_xasprintf("hide=%s", hide), *why = NULL;
	struct xlpt_stray *stray = xlpt_stray_add(s, word);
	va_list ap;

	if (!stray)
		return;
	va_start(ap, fmt);
	why = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	stray->fact = xlpt_xasprintf("%s:%u has %s; %s", s->file, s->line, word, why);
}

/* No verb, "option", "OPTIONS", "options Xen-Pciback", "options xen-pciback.hide=", "Hide=": modprobe reads none. */
void xlpt_stray_misspelled(struct xlpt_stray_search *s, const char *line)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(line), *hide = NULL;
	char *save = NULL, *verb = strtok_r(copy, " \t", &save);
	bool has_verb = verb && (!strcasecmp(verb, "options") || !strcasecmp(verb, "option"));
	char *name = has_verb ? strtok_r(NULL, " \t", &save) : verb;
	size_t n = name ? strcspn(name, ".") : 0;

	if (!name || !is_pciback(name, n))
		return;
	if (name[n] && !strncasecmp(name + n, ".hide=", 6))
		hide = xlpt_xstrdup(name + n + 6);
	else if (!name[n])
		hide = hide_of(save);
	if (hide)
		tell(s, hide, "modprobe does not read it so; it is written: options %s hide=%s",
		     s->boot->module, hide);
}

static void module_line(struct xlpt_stray_search *s, char *l, const char *unread)
{
	size_t n = strcspn(l, " \t");
	_cleanup_free_ char *hide = is_pciback(l, n) ? hide_of(l + n) : NULL;

	if (hide)
		tell(s, hide, "%s", unread);
}

void xlpt_stray_modules(struct xlpt_stray_search *s)
{
	_cleanup_strv_ char **names = NULL;

	xlpt_stray_each_line(s, "/etc/initramfs-tools/modules", module_line,
			     "it counts only if the initramfs was made since, and behind what "
			     "udev loads");
	xlpt_stray_each_line(s, "/etc/modules", module_line,
			     "systemd takes the name of the module alone from that file");
	xlpt_host_list(s->h, &names, "/etc/modules-load.d");
	for (char **n = names; n && *n; n++) {
		_cleanup_free_ char *path = xlpt_xasprintf("/etc/modules-load.d/%s", *n);

		xlpt_stray_each_line(s, path, module_line,
				     "systemd takes the name of the module alone from that file");
	}
}
