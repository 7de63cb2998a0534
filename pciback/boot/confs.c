/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which files of modprobe.d modprobe reads, and in which order. */
#include <string.h>

#include "pciback/boot/internal.h"

/* In libkmod's order: of two files with one name, the first directory's counts. */
static const char *const dirs[] = { "/etc/modprobe.d", "/run/modprobe.d",
				    "/usr/local/lib/modprobe.d", "/usr/lib/modprobe.d",
				    "/lib/modprobe.d" };

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

void xlpt_boot_confs_read(struct xlpt_host *h, const char *instead, const char *with,
			  struct xlpt_confs *out)
{
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(dirs); i++) {
		_cleanup_strv_ char **names = NULL;

		if (instead && with && !strncmp(instead, dirs[i], strlen(dirs[i])) &&
		    instead[strlen(dirs[i])] == '/')
			conf_add(out, xlpt_xstrdup(instead), with);
		xlpt_host_list(h, &names, "%s", dirs[i]);
		for (char **name = names; name && *name; name++) {
			char *path = xlpt_xasprintf("%s/%s", dirs[i], *name);
			_cleanup_str_ struct xlpt_str text = { 0 };

			if (!conf_name(*name) || xlpt_streq(path, instead) ||
			    xlpt_boot_slurp(h, path, &text) < 0)
				free(path);
			else
				conf_add(out, path, xlpt_str_get(&text));
		}
	}
	if (out->n)
		qsort(out->items, out->n, sizeof(*out->items), by_name);
	/* module-init-tools (RHEL 5) reads this one, and reads it first. */
	if (xlpt_host_has(h, "/etc/modprobe.conf")) {
		_cleanup_str_ struct xlpt_str text = { 0 };

		if (xlpt_boot_slurp(h, "/etc/modprobe.conf", &text) < 0)
			return;
		XLPT_GROW(out->items, out->n, out->alloc);
		memmove(out->items + 1, out->items, out->n * sizeof(*out->items));
		out->items[0] = (struct xlpt_conf){ .path = xlpt_xstrdup("/etc/modprobe.conf"),
						    .name = xlpt_xstrdup("modprobe.conf"),
						    .text = xlpt_xstrdup(xlpt_str_get(&text)) };
		out->n++;
	}
}
