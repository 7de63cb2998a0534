/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Entries of the Boot Loader Specification, loader/entries/NAME.conf: "linux" with its "options". They start
 * a kernel without Xen. Those with "efi" may start Xen's program: dom0's words are then in Xen's own file
 * (xencfg.c), and the "options" are for the program, or behind "--" Xen's (xen/common/efi/boot.c, get_argv).
 */
#include "pciback/boot/homes.h"

#include <string.h>
#include <strings.h>

struct entry {
	char *file; /* of the program */
	char *efi;  /* of the EFI program, or NULL */
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
	} else if (!strcmp(l, "efi")) {
		free(e->efi);
		e->efi = xlpt_xstrndup(value, strcspn(value, " \t"));
	} else if (!strcmp(l, "options")) {
		/* The key may stand there several times: all of it counts. */
		if (!e->line || strstr(value, "hide"))
			e->line = nr;
		xlpt_str_addf(&e->options, "%s%s", e->options.len ? " " : "", value);
	}
}

static bool is_xen(const char *efi)
{
	const char *name = efi;

	for (; *efi; efi++)
		if (strchr("/\\", *efi))
			name = efi + 1;
	return !strncasecmp(name, "xen", 3);
}

/* Without the "--": none of it gets to dom0's kernel. Caller frees. */
static char *without_dashes(char *options)
{
	struct xlpt_str out = { 0 };
	char *save = NULL;

	for (char *w = strtok_r(options, " \t", &save); w; w = strtok_r(NULL, " \t", &save))
		if (strcmp(w, "--") != 0)
			xlpt_str_addf(&out, "%s%s", out.len ? " " : "", w);
	free(options);
	return xlpt_str_take(&out);
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
	else if (e.efi && e.line && is_xen(e.efi))
		xlpt_home_add(out, XLPT_LOADER_XEN_EFI, XLPT_HOME_XEN, path, e.line, "options",
			      without_dashes(words));
	else
		free(words);
	free(e.file);
	free(e.efi);
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
