/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Entries of the Boot Loader Specification, loader/entries/NAME.conf: "linux" with its "options". They start
 * a kernel without Xen. (Those with "efi", which may start Xen's program, have Xen's own file: xencfg.c.)
 */
#include "pciback/boot/homes.h"

#include <string.h>

struct entry {
	char *file; /* of the program */
	struct xlpt_str options;
	unsigned line; /* of the options; if several, of those with a list */
};

static void entry_line(struct entry *e, char *l, unsigned nr)
{
	size_t n = strcspn(l, " \t");
	char *value = l + n + strspn(l + n, " \t");

	l[n] = '\0';
	if (!strcmp(l, "linux")) {
		free(e->file);
		e->file = xlpt_xstrndup(value, strcspn(value, " \t"));
	} else if (!strcmp(l, "options")) {
		/* The key may stand there several times: all of it counts. */
		if (!e->line || strstr(value, "hide"))
			e->line = nr;
		xlpt_str_addf(&e->options, "%s%s", e->options.len ? " " : "", value);
	}
}

static void read_entry(struct xlpt_texts *texts, const char *path, const struct xlpt_grub *env,
		       struct xlpt_home_lines *out)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	const struct xlpt_grub_set *from;
	struct entry e = { 0 };
	char *cursor, *line, *words;

	if (xlpt_boot_text(texts, path, &text) < 0)
		return;
	cursor = text.s;
	for (unsigned nr = 1; (line = xlpt_boot_line(&cursor)); nr++) {
		line[strcspn(line, "\r")] = '\0';
		line += strspn(line, " \t");
		if (*line != '#')
			entry_line(&e, line, nr);
	}
	words = xlpt_grub_env_expand(env, xlpt_str_get(&e.options), false, &from);
	if (e.file && e.line)
		xlpt_home_add(out, XLPT_LOADER_UNKNOWN, XLPT_HOME_BARE, from ? from->file : path,
			      from ? from->line : e.line, from ? from->name : "options", words);
	else
		free(words);
	free(e.file);
	xlpt_str_dispose(&e.options);
}

void xlpt_home_read_bls(struct xlpt_texts *texts, struct xlpt_home_lines *out)
{
	static const char *const tops[] = { "/boot", "/boot/efi", "/efi" };
	_cleanup_grub_ struct xlpt_grub env = { 0 };

	xlpt_grub_env_read(texts, &env);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(tops); i++) {
		_cleanup_strv_ char **names = NULL;

		xlpt_host_list(texts->h, &names, "%s/loader/entries", tops[i]);
		for (char **n = names; n && *n; n++) {
			size_t len = strlen(*n);
			_cleanup_free_ char *path =
				xlpt_xasprintf("%s/loader/entries/%s", tops[i], *n);

			if (len > 5 && !strcmp(*n + len - 5, ".conf"))
				read_entry(texts, path, &env, out);
		}
	}
}
