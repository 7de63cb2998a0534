/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The entries of GRUB's own file, as they are started: grub.cfg of GRUB 2 and menu.lst or grub.conf of GRUB
 * legacy. Xen is the program of an entry ("multiboot2", "xen_hypervisor"; legacy: "kernel" with a Xen), and
 * the first module behind it is dom0's kernel (util/grub.d/20_linux_xen.in). Fedora's entries for a kernel
 * without Xen are elsewhere (bls.c).
 */
#include "core/xen-line.h"
#include "pciback/boot/homes.h"

#include <string.h>
#include <strings.h>

struct reader {
	struct xlpt_texts *texts;
	struct xlpt_home_lines *out;
	struct xlpt_grub *env;
	struct xlpt_grub_menu *menu; /* GRUB legacy has none */
	const char *path;
	bool legacy;
	bool xen;	/* in an entry with Xen, whose first module is not yet there */
	char *behind;	/* then: what Xen's line has for dom0's kernel, or NULL */
	long entry;	/* of GRUB legacy, from 0 */
	long preferred; /* its "default", or -1 */
};

static bool is_one_of(const char *word, const char *const *words)
{
	while (*words && strcmp(*words, word) != 0)
		words++;
	return *words != NULL;
}

/* Past the options, and the file of the program. Its name is *file, len characters long. */
static const char *past_file(const char *s, const char **file, size_t *len)
{
	for (;;) {
		s += strspn(s, " \t");
		*file = s;
		*len = strcspn(s, " \t");
		s += *len;
		if (strncmp(*file, "--", 2) != 0)
			return s + strspn(s, " \t");
	}
}

static bool is_xen(const char *file, size_t len)
{
	const char *slash = memrchr(file, '/', len);
	const char *name = slash ? slash + 1 : file;

	return len - (size_t)(name - file) >= 3 && !strncasecmp(name, "xen", 3);
}

/* file: of the program, len characters long. */
static void add(struct reader *r, enum xlpt_home_whose whose, unsigned nr, const char *name,
		const char *words, const char *file, size_t len)
{
	const struct xlpt_grub_set *from;
	char *all = xlpt_grub_env_expand(r->env, words, !r->legacy, &from);
	struct xlpt_home_line *l;

	if (whose == XLPT_HOME_DOM0 && r->behind)
		all = xlpt_home_with(all, r->behind);
	free(r->behind);
	r->behind = whose == XLPT_HOME_XEN ? xlpt_xstrdup(xlpt_xen_behind(all)) : NULL;

	/* A list that a variable brings stands where the variable is set. */
	l = xlpt_home_add(r->out, r->legacy ? XLPT_LOADER_GRUB_LEGACY : XLPT_LOADER_GRUB_CFG, whose,
			  from ? from->file : r->path, from ? from->line : nr, name, all);
	if (!l)
		return;
	l->chosen = r->legacy && r->entry == r->preferred;
	if (whose == XLPT_HOME_DOM0)
		l->program = xlpt_xstrndup(file, len);
	if (!r->legacy)
		xlpt_grub_menu_has(r->menu, r->out->n - 1);
}

static void set_line(struct reader *r, char *s, unsigned nr)
{
	char *value = strchr(s, '=');
	const struct xlpt_grub_set *from;
	_cleanup_free_ char *all = NULL;

	if (!value)
		return;
	*value++ = '\0';
	if (!strcmp(s, "default")) {
		all = xlpt_grub_env_expand(r->env, value, true, &from);
		xlpt_grub_menu_default(r->menu, value, all);
		return;
	}
	/* GRUB's own words for a kernel stand behind those of grubenv, and count where that has none. */
	if (xlpt_grub_value(r->env, s))
		return;
	all = xlpt_grub_env_expand(r->env, value, true, &from);
	xlpt_grub_env_set(r->env, s, all, r->path, nr);
}

/* A number, or "saved": then it is in a file of GRUB's (grub-set-default). */
static long legacy_default(struct xlpt_texts *texts, const char *value)
{
	_cleanup_str_ struct xlpt_str text = { 0 };

	if (!xlpt_starts(value, "saved"))
		return strtol(value, NULL, 10);
	return xlpt_boot_text(texts, "/boot/grub/default", &text) < 0
		       ? -1
		       : strtol(xlpt_str_get(&text), NULL, 10);
}

static void one_line(struct reader *r, char *l, unsigned nr)
{
	static const char *const programs[] = { "multiboot", "multiboot2", "xen_hypervisor", NULL };
	static const char *const modules[] = { "module", "module2", "xen_module", NULL };
	static const char *const bare[] = { "linux", "linux16", "linuxefi", NULL };
	static const char *const begins[] = { "menuentry", "submenu", "title", NULL };
	size_t n = strcspn(l, " \t=");
	_cleanup_free_ char *verb = xlpt_xstrndup(l, n);
	const char *file, *words;
	size_t len;

	if (r->legacy && !strcmp(verb, "default")) {
		r->preferred = legacy_default(r->texts, l + n + strspn(l + n, " \t="));
	} else if (is_one_of(verb, begins)) {
		r->xen = false;
		r->entry++;
	} else if (!r->legacy && !strcmp(verb, "set") && l[n]) {
		set_line(r, l + n + strspn(l + n, " \t"), nr);
	} else {
		words = past_file(l + n, &file, &len);
		if (is_one_of(verb, programs) || (r->legacy && !strcmp(verb, "kernel"))) {
			r->xen = is_xen(file, len);
			add(r, r->xen ? XLPT_HOME_XEN : XLPT_HOME_BARE, nr, verb, words, file, len);
		} else if (is_one_of(verb, modules)) {
			if (r->xen)
				add(r, XLPT_HOME_DOM0, nr, verb, words, file, len);
			r->xen = false;
		} else if (is_one_of(verb, bare)) {
			add(r, XLPT_HOME_BARE, nr, verb, words, file, len);
		}
	}
}

/* menu: NULL of GRUB legacy. */
static void read_file(struct xlpt_texts *texts, const char *path, struct xlpt_grub_menu *menu,
		      struct xlpt_grub *env, struct xlpt_home_lines *out)
{
	struct reader r = { .texts = texts,
			    .out = out,
			    .env = env,
			    .menu = menu,
			    .path = path,
			    .legacy = !menu,
			    .entry = -1,
			    .preferred = -1 };
	_cleanup_str_ struct xlpt_str text = { 0 };
	char *cursor, *line;
	unsigned lines;

	if (xlpt_boot_text(texts, path, &text) < 0)
		return;
	cursor = text.s;
	for (unsigned nr = 1; (line = xlpt_boot_whole_line(&cursor, &lines)); nr += lines) {
		line[strcspn(line, "\r")] = '\0';
		line += strspn(line, " \t");
		if (*line == '#')
			continue;
		if (menu)
			xlpt_grub_menu_line(menu, line);
		one_line(&r, line, nr);
	}
	free(r.behind);
}

/* A grub.cfg with the custom.cfg that it reads at its end (util/grub.d/41_custom.in). */
static void read_menu(struct xlpt_texts *texts, const char *dir, struct xlpt_grub *env,
		      struct xlpt_home_lines *out)
{
	_cleanup_free_ char *cfg = xlpt_xasprintf("%s/grub.cfg", dir);
	_cleanup_free_ char *custom = xlpt_xasprintf("%s/custom.cfg", dir);
	_cleanup_grub_menu_ struct xlpt_grub_menu menu = { 0 };

	read_file(texts, cfg, &menu, env, out);
	read_file(texts, custom, &menu, env, out);
	xlpt_grub_menu_choose(&menu, out);
}

void xlpt_home_read_grub(struct xlpt_texts *texts, struct xlpt_home_lines *out)
{
	static const char *const esps[] = { "/boot/efi/EFI", "/efi/EFI" };
	_cleanup_grub_ struct xlpt_grub env = { 0 };

	xlpt_grub_env_read(texts, &env);
	read_menu(texts, "/boot/grub", &env, out);
	read_menu(texts, "/boot/grub2", &env, out);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(esps); i++) {
		_cleanup_strv_ char **vendors = NULL;

		xlpt_host_list(texts->h, &vendors, "%s", esps[i]);
		for (char **v = vendors; v && *v; v++) {
			_cleanup_free_ char *dir = xlpt_xasprintf("%s/%s", esps[i], *v);

			read_menu(texts, dir, &env, out);
		}
	}
	/* One of the two is mostly a link to the other. */
	if (xlpt_host_has(texts->h, "/boot/grub/grub.conf"))
		read_file(texts, "/boot/grub/grub.conf", NULL, &env, out);
	else
		read_file(texts, "/boot/grub/menu.lst", NULL, &env, out);
}
