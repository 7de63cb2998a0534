/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which files of modprobe.d modprobe reads, and in which order. */
#include <string.h>

#include "pciback/boot/internal.h"

/* In libkmod's order: of two files with one name, the first directory's counts. */
static const char *const dirs[] = { "/etc/modprobe.d", "/run/modprobe.d",
				    "/usr/local/lib/modprobe.d", "/usr/lib/modprobe.d",
				    "/lib/modprobe.d" };
/* module-init-tools (RHEL 5) reads this one, and reads it first. */
#define FIRST "/etc/modprobe.conf"

void xlpt_boot_confs_dispose(struct xlpt_confs *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->items[i].path);
		free(c->items[i].name);
		free(c->items[i].text);
	}
	free(c->items);
}

static void conf_add(struct xlpt_confs *c, char *path, const char *text)
{
	const char *name = strrchr(path, '/') + 1;

	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->items[i].name, name)) {
			free(path);
			return;
		}
	XLPT_GROW(c->items, c->n, c->alloc);
	c->items[c->n++] = (struct xlpt_conf){ .path = path,
					       .name = xlpt_xstrdup(name),
					       .text = xlpt_xstrdup(text) };
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct xlpt_conf *)a)->name, ((const struct xlpt_conf *)b)->name);
}

static bool conf_name(const char *name)
{
	size_t n = strlen(name);

	/* libkmod takes these two endings and no hidden files (conf_files_filter_out). */
	return *name != '.' && n > 5 &&
	       (!strcmp(name + n - 5, ".conf") || (n > 6 && !strcmp(name + n - 6, ".alias")));
}

static void found(struct xlpt_texts *texts, char *path, struct xlpt_confs *out)
{
	_cleanup_str_ struct xlpt_str text = { 0 };

	if (xlpt_boot_text(texts, path, &text) < 0) {
		free(path);
		return;
	}
	XLPT_GROW(out->items, out->n, out->alloc);
	out->items[out->n++] = (struct xlpt_conf){ .path = path,
						   .name = xlpt_xstrdup(strrchr(path, '/') + 1),
						   .text = xlpt_xstrdup(xlpt_str_get(&text)) };
}

void xlpt_boot_confs_find(struct xlpt_texts *texts, struct xlpt_confs *out)
{
	*out = (struct xlpt_confs){ 0 };
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(dirs); i++) {
		_cleanup_strv_ char **names = NULL;

		xlpt_host_list(texts->h, &names, "%s", dirs[i]);
		for (char **name = names; name && *name; name++)
			if (conf_name(*name))
				found(texts, xlpt_xasprintf("%s/%s", dirs[i], *name), out);
	}
	if (xlpt_host_has(texts->h, FIRST))
		found(texts, xlpt_xstrdup(FIRST), out);
}

static bool is_in(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return path && !strncmp(path, dir, n) && path[n] == '/';
}

/* Those of all that count. */
static void choose(const struct xlpt_confs *all, const char *instead, const char *with,
		   struct xlpt_confs *out)
{
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(dirs); i++) {
		if (with && is_in(instead, dirs[i]))
			conf_add(out, xlpt_xstrdup(instead), with);
		for (size_t k = 0; k < all->n; k++)
			if (is_in(all->items[k].path, dirs[i]) &&
			    !xlpt_streq(all->items[k].path, instead))
				conf_add(out, xlpt_xstrdup(all->items[k].path), all->items[k].text);
	}
	if (out->n)
		qsort(out->items, out->n, sizeof(*out->items), by_name);
	for (size_t k = 0; k < all->n; k++) {
		if (strcmp(all->items[k].path, FIRST) != 0)
			continue;
		XLPT_GROW(out->items, out->n, out->alloc);
		memmove(out->items + 1, out->items, out->n * sizeof(*out->items));
		out->items[0] = (struct xlpt_conf){ .path = xlpt_xstrdup(FIRST),
						    .name = xlpt_xstrdup(all->items[k].name),
						    .text = xlpt_xstrdup(all->items[k].text) };
		out->n++;
	}
}

void xlpt_boot_confs_read(struct xlpt_host *h, const struct xlpt_boot *boot, const char *instead,
			  const char *with, struct xlpt_confs *out)
{
	_cleanup_texts_ struct xlpt_texts texts = { .h = h };
	_cleanup_confs_ struct xlpt_confs own = { 0 };

	*out = (struct xlpt_confs){ 0 };
	if (!boot->loaders)
		xlpt_boot_confs_find(&texts, &own);
	choose(boot->loaders ? xlpt_boot_confs(boot) : &own, instead, with, out);
}
