/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What keeps pciback from being loaded at all, whatever its list says: the kernel
 * refuses it, or modprobe runs a command in its place that does nothing.
 */
#include "pciback/boot/internal.h"

#include <string.h>

/* Does the value of a word "NAME=a,b" have the item? NAME as parameters are named. */
static bool word_has(const char *cmdline, const char *name, const char *item, bool exact)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(cmdline ? cmdline : "");
	char *cursor = copy, *inner = NULL, *w;

	while ((w = xlpt_cmdline_word(&cursor))) {
		char *value = strchr(w, '=');

		if (!value)
			continue;
		*value++ = '\0';
		if (!xlpt_module_eq(w, name))
			continue;
		inner = NULL;
		for (char *i = strtok_r(value, ",", &inner); i; i = strtok_r(NULL, ",", &inner))
			if (exact ? !strcmp(i, item) : xlpt_module_eq(i, item))
				return true;
	}
	return false;
}

bool xlpt_boot_cmdline_blacklists(const struct xlpt_boot *boot)
{
	return word_has(boot->cmdline, "modprobe.blacklist", boot->module, false);
}

/*
 * kernel/module/main.c, blacklisted(): the names are compared as they are, so only
 * the one with underscores counts. init/main.c, initcall_blacklist(): functions of
 * drivers/xen/xen-pciback that make a built-in pciback.
 */
static bool on_command_line(const struct xlpt_boot *boot, char **fact, char **way)
{
	static const char *const calls[] = { "pcistub_init", "xen_pcibk_init", "pciback_init" };
	_cleanup_free_ char *name = xlpt_xstrdup(boot->module);
	const char *word = NULL;

	for (char *c = name; *c; c++)
		if (*c == '-')
			*c = '_';
	if (boot->mode != XLPT_PB_BUILTIN) {
		if (word_has(boot->cmdline, "module_blacklist", name, true))
			word = "module_blacklist";
	} else {
		for (size_t i = 0; i < XLPT_ARRAY_SIZE(calls); i++)
			if (word_has(boot->cmdline, "initcall_blacklist", calls[i], true)) {
				word = "initcall_blacklist";
				free(name);
				name = xlpt_xstrdup(calls[i]);
			}
	}
	if (!word)
		return false;
	*fact = xlpt_xasprintf("the kernel's command line has %s=%s: the kernel never starts %s",
			       word, name, boot->module);
	*way = xlpt_xasprintf("take %s out of %s= on the line of dom0's kernel in the boot "
			      "loader's settings, then reboot",
			      name, word);
	return true;
}

/*
 * One that loads nothing for certain: a single word of the shell that ends at once, as "/bin/true" or
 * "exit 0". What another command does nobody can tell by its line; it may well load the module.
 */
static bool does_nothing(const char *command)
{
	static const char *const words[] = { "true", "false", ":", "exit" };
	_cleanup_free_ char *copy = xlpt_xstrdup(command);
	char *save = NULL, *word = strtok_r(copy, " \t", &save), *name;

	/* Blanks alone are a command, too, for kmod. */
	if (!word)
		return true;
	if (strpbrk(command, ";&|`$\n"))
		return false;
	name = strrchr(word, '/');
	name = name ? name + 1 : word;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(words); i++)
		if (!strcmp(name, words[i]))
			return true;
	return false;
}

/* modprobe runs the command of the first such line and loads nothing itself (modprobe.d(5)). */
static bool in_modprobe(struct xlpt_host *h, const struct xlpt_boot *boot, char **fact, char **way)
{
	_cleanup_confs_ struct xlpt_confs c = { 0 };

	if (boot->mode != XLPT_PB_MODULE)
		return false;
	xlpt_boot_confs_read(h, boot, NULL, NULL, &c);
	for (size_t i = 0; i < c.n; i++) {
		char *cursor = c.items[i].text, *l;
		unsigned lines;

		for (unsigned nr = 1; (l = xlpt_boot_whole_line(&cursor, &lines)); nr += lines) {
			char *save = NULL, *verb = strtok_r(l, " \t", &save), *name;

			name = verb && !strcmp(verb, "install") ? strtok_r(NULL, " \t", &save)
								: NULL;
			/* A line without a command kmod passes over. */
			if (!name || !*save || !xlpt_module_eq(name, boot->module))
				continue;
			if (!does_nothing(save))
				return false;
			save += strspn(save, " \t");
			*fact = xlpt_xasprintf("%s:%u has modprobe run %s and not load %s",
					       c.items[i].path, nr, *save ? save : "nothing",
					       boot->module);
			*way = xlpt_xasprintf("take that line out of %s", c.items[i].path);
			return true;
		}
	}
	return false;
}

bool xlpt_boot_refused(struct xlpt_host *h, const struct xlpt_boot *boot, char **fact, char **way)
{
	*fact = *way = NULL;
	return on_command_line(boot, fact, way) || in_modprobe(h, boot, fact, way);
}
