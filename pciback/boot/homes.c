/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The homes of a boot list: one row for each kind of boot loader, with the place of dom0's words and what
 * makes a change of them count. Who has to write there by hand is told with these rows (where.c).
 */
#include "pciback/boot/homes.h"

#include <string.h>

#define LINES_MAX 4096

/* ---- the lines ---- */

struct xlpt_home_line *xlpt_home_add(struct xlpt_home_lines *l, enum xlpt_loader loader,
				     enum xlpt_home_whose whose, const char *file, unsigned line,
				     const char *name, char *words)
{
	struct xlpt_home_line *new;

	if (l->n >= LINES_MAX) {
		free(words);
		return NULL;
	}
	XLPT_GROW(l->items, l->n, l->alloc);
	new = &l->items[l->n++];
	*new = (struct xlpt_home_line){ .loader = loader,
					.whose = whose,
					.file = xlpt_xstrdup(file),
					.line = line,
					.name = xlpt_xstrdup(name),
					.words = words };
	return new;
}

char *xlpt_home_with(char *words, const char *behind)
{
	char *all = *behind ? xlpt_xasprintf("%s %s", words, behind) : words;

	if (all != words)
		free(words);
	return all;
}

/* Words as they are compared: GRUB's "placeholder" is none, and blanks are one. */
static char *plain(const char *words)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(words);
	struct xlpt_str out = { 0 };
	char *save = NULL;

	for (char *w = strtok_r(copy, " \t\n", &save); w; w = strtok_r(NULL, " \t\n", &save))
		if (out.len || strcmp(w, "placeholder") != 0)
			xlpt_str_addf(&out, "%s%s", out.len ? " " : "", w);
	return xlpt_str_take(&out);
}

bool xlpt_home_started(const char *words, const char *cmdline)
{
	_cleanup_free_ char *a = plain(words), *b = plain(cmdline ? cmdline : "");

	return *a && !strcmp(a, b);
}

void xlpt_home_lines_read(struct xlpt_texts *texts, const char *cmdline,
			  struct xlpt_home_lines *out)
{
	*out = (struct xlpt_home_lines){ 0 };
	xlpt_home_read_nixos(texts, out);
	xlpt_home_read_extlinux(texts, out);
	xlpt_home_read_grub(texts, out);
	xlpt_home_read_bls(texts, out);
	for (size_t i = 0; i < out->n; i++)
		out->items[i].started = xlpt_home_started(out->items[i].words, cmdline);
}

const struct xlpt_home_line *xlpt_home_next(const struct xlpt_home_lines *l,
					    enum xlpt_loader loader)
{
	const struct xlpt_home_line *best = NULL;
	int rank = -1;

	for (size_t i = 0; i < l->n; i++) {
		const struct xlpt_home_line *it = &l->items[i];
		int mine = 4 * it->settings + 2 * it->chosen + it->started;

		if (it->loader != loader || it->whose != XLPT_HOME_DOM0 || mine <= rank)
			continue;
		best = it;
		rank = mine;
	}
	return best;
}

char *xlpt_home_kernel(struct xlpt_host *h, const struct xlpt_boot *boot)
{
	const struct xlpt_home_lines *lines = xlpt_boot_lines(boot);

	if (boot->loader != XLPT_LOADER_GRUB && boot->loader != XLPT_LOADER_GRUB_PLAIN &&
	    boot->loader != XLPT_LOADER_GRUB_CFG)
		return NULL;
	for (size_t i = 0; i < lines->n; i++) {
		const struct xlpt_home_line *l = &lines->items[i];
		const char *dash = l->program ? strchr(l->program, '-') : NULL;

		if (l->loader != XLPT_LOADER_GRUB_CFG || !l->chosen || !dash)
			continue;
		/* "/vmlinuz-6.1.0-50-amd64", "/boot/vmlinuz-..." */
		dash = strrchr(l->program, '/') ? strchr(strrchr(l->program, '/'), '-') : dash;
		if (dash && dash[1] && !strchr(dash, '/') &&
		    xlpt_host_has(h, "/lib/modules/%s/modules.dep", dash + 1))
			return xlpt_xstrdup(dash + 1);
	}
	return NULL;
}

void xlpt_home_lines_dispose(struct xlpt_home_lines *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->items[i].file);
		free(l->items[i].program);
		free(l->items[i].name);
		free(l->items[i].words);
	}
	free(l->items);
	*l = (struct xlpt_home_lines){ 0 };
}

/* ---- the rows ---- */

/* GRUB's settings: the variable that gets to dom0's kernel, and its last line. */
static char *in_settings(struct xlpt_host *h, const struct xlpt_boot *boot)
{
	const struct xlpt_grub *grub = xlpt_boot_settings(boot, true);
	const char *name = "GRUB_CMDLINE_LINUX_XEN_REPLACE", *value;
	const struct xlpt_grub_set *set;

	(void)h;
	value = xlpt_grub_value(grub, name);
	if (!value || !*value)
		name = "GRUB_CMDLINE_LINUX";
	set = xlpt_grub_last(grub, name);
	return set ? xlpt_xasprintf("%s in %s:%u", name, set->file, set->line)
		   : xlpt_xasprintf("%s in /etc/default/grub", name);
}

static char *mkconfig(struct xlpt_host *h, const struct xlpt_boot *boot)
{
	const char *tool = strrchr(boot->loader_fact, '/') + 1;
	const struct xlpt_home_line *now;
	bool named;

	if (boot->loader == XLPT_LOADER_GRUB && xlpt_host_has(h, "/usr/sbin/update-grub"))
		return xlpt_xstrdup("update-grub");
	/* The file that has the entries now; grubenv and custom.cfg are other ones. */
	now = xlpt_home_next(xlpt_boot_lines(boot), XLPT_LOADER_GRUB_CFG);
	named = now && strlen(now->file) > 9 &&
		!strcmp(now->file + strlen(now->file) - 9, "/grub.cfg");
	return xlpt_xasprintf("%s -o %s", tool,
			      named		      ? now->file
			      : strstr(tool, "grub2") ? "/boot/grub2/grub.cfg"
						      : "/boot/grub/grub.cfg");
}

/* The line of an entry in the loader's own file. */
static char *in_entry(struct xlpt_host *h, const struct xlpt_boot *boot)
{
	const struct xlpt_home_line *l = xlpt_home_next(xlpt_boot_lines(boot), boot->loader);

	(void)h;
	if (!l)
		return xlpt_xasprintf("the line of dom0's kernel in %s", boot->loader_fact);
	if (l->settings)
		return xlpt_xasprintf("%s in %s:%u", l->name, l->file, l->line);
	if (boot->loader == XLPT_LOADER_EXTLINUX)
		return xlpt_xasprintf("dom0's kernel, between \"---\" and \"---\" in the "
				      "\"append\" line %s:%u",
				      l->file, l->line);
	return xlpt_xasprintf("the \"%s\" line of dom0's kernel (%s:%u)", l->name, l->file,
			      l->line);
}

static char *update_extlinux(struct xlpt_host *h, const struct xlpt_boot *boot)
{
	(void)boot;
	return xlpt_host_has(h, "/etc/update-extlinux.conf") ? xlpt_xstrdup("update-extlinux")
							     : NULL;
}

static char *nixos_rebuild(struct xlpt_host *h, const struct xlpt_boot *boot)
{
	(void)h;
	(void)boot;
	return xlpt_xstrdup("nixos-rebuild boot");
}

static char *kernel_params(struct xlpt_host *h, const struct xlpt_boot *boot)
{
	(void)h;
	(void)boot;
	return xlpt_xstrdup("boot.kernelParams in configuration.nix");
}

static char *unknown(struct xlpt_host *h, const struct xlpt_boot *boot)
{
	(void)h;
	(void)boot;
	return xlpt_xstrdup("the line of dom0's kernel in the boot loader's configuration");
}

static const struct home {
	const char *word; /* in what boot plan prints */
	char *(*place)(struct xlpt_host *h, const struct xlpt_boot *boot);
	char *(*command)(struct xlpt_host *h, const struct xlpt_boot *boot); /* or NULL: none */
} homes[] = {
	[XLPT_LOADER_UNKNOWN] = { "unknown", unknown, NULL },
	[XLPT_LOADER_GRUB] = { "grub", in_settings, mkconfig },
	[XLPT_LOADER_GRUB_PLAIN] = { "grub without grub.d", in_settings, mkconfig },
	[XLPT_LOADER_GRUB_LEGACY] = { "grub legacy", in_entry, NULL },
	[XLPT_LOADER_GRUB_CFG] = { "grub without grub-mkconfig", in_entry, NULL },
	[XLPT_LOADER_XEN_EFI] = { "xen.efi", xlpt_boot_xen_cfg_place, NULL },
	[XLPT_LOADER_EXTLINUX] = { "extlinux", in_entry, update_extlinux },
	[XLPT_LOADER_NIXOS] = { "nixos", kernel_params, nixos_rebuild },
};

const char *xlpt_loader_word(enum xlpt_loader loader)
{
	return homes[loader].word;
}

char *xlpt_boot_loader_place(struct xlpt_host *h, const struct xlpt_boot *boot)
{
	return homes[boot->loader].place(h, boot);
}

char *xlpt_boot_loader_command(struct xlpt_host *h, const struct xlpt_boot *boot)
{
	return homes[boot->loader].command ? homes[boot->loader].command(h, boot) : NULL;
}
