/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounts, swap areas and block devices as things of this host. */
#include <string.h>

#include "pciback/needs/things-internal.h"

#define BLOCK "/sys/class/block"

static void use(void *ctx, const struct xlpt_mount_use *u)
{
	struct xlpt_finder *f = ctx;
	const char *name = u->point ? u->point : "swap";

	/* Of swap, any word of the kind will do: "swap:" has areas and no names. */
	if (!xlpt_find_wants(f, name))
		return;
	for (size_t i = 0; i < u->behind->n; i++)
		xlpt_find_add(f, u->behind->items[i].bdf, name,
			      xlpt_mount_text(u, &u->behind->items[i]));
	if (!u->behind->n)
		xlpt_find_hollow(f, xlpt_xasprintf("%s %s", u->use, u->on));
}

void xlpt_find_mounts(struct xlpt_finder *f)
{
	int r;

	/* Mount points are paths: no other word needs the file. */
	if (f->word && *f->word != '/')
		return;
	r = xlpt_each_mount(f->h, use, f);
	f->out->unread = r < 0 ? r : f->out->unread;
}

void xlpt_find_swap(struct xlpt_finder *f)
{
	if (xlpt_find_wants(f, "swap"))
		xlpt_each_swap(f->h, use, f);
}

/* "dm-0 (vg0-root)" */
static char *block_title(struct xlpt_host *h, const char *name)
{
	_cleanup_free_ char *dm = NULL;

	xlpt_host_read_text(h, &dm, BLOCK "/%s/dm/name", name);
	return dm ? xlpt_xasprintf("%s (%s)", name, dm) : xlpt_xstrdup(name);
}

static void one_block(struct xlpt_finder *f, const char *name)
{
	_cleanup_behinds_ struct xlpt_behinds list = { 0 };
	_cleanup_free_ char *title = NULL;

	xlpt_behind_block(f->h, name, &list);
	title = list.n || f->word ? block_title(f->h, name) : NULL;
	for (size_t i = 0; i < list.n; i++) {
		const char *member = list.items[i].member;

		xlpt_find_add(f, list.items[i].bdf, name,
			      strcmp(member, name)
				      ? xlpt_xasprintf("block device %s over %s", title, member)
				      : xlpt_xasprintf("block device %s", title));
	}
	if (!list.n && xlpt_host_has(f->h, BLOCK "/%s", name))
		xlpt_find_hollow(f, xlpt_xasprintf("block device %s", title));
}

/* Names that device mapper gave: /dev/mapper/vg0-root, and /dev/vg0/root, which lvm2 makes of it. */
static void by_dm_name(struct xlpt_finder *f, const char *want)
{
	_cleanup_strv_ char **names = NULL;

	xlpt_host_list(f->h, &names, BLOCK);
	for (char **n = names; n && *n; n++) {
		_cleanup_free_ char *dm = NULL;

		if (xlpt_starts(*n, "dm-") &&
		    xlpt_host_read_text(f->h, &dm, BLOCK "/%s/dm/name", *n) >= 0 &&
		    !strcmp(dm, want))
			one_block(f, *n);
	}
}

/* lvm2 doubles the hyphens of both names and puts one between them. */
static char *lvm_name(const char *path)
{
	struct xlpt_str s = { 0 };

	for (; *path; path++)
		xlpt_str_add(&s, *path == '/'	? "-"
				 : *path == '-' ? "--"
						: (char[]){ *path, '\0' });
	return xlpt_str_take(&s);
}

static void by_word(struct xlpt_finder *f)
{
	_cleanup_free_ char *link = NULL, *lvm = NULL;
	const char *word = xlpt_find_dev_word(f);

	/* A controller: all its disks are its function's. */
	if (word && xlpt_host_has(f->h, "/sys/class/nvme/%s", word))
		xlpt_find_link(f, "/sys/class/nvme", word,
			       xlpt_xasprintf("NVMe controller %s", word));
	if (word && xlpt_host_has(f->h, BLOCK "/%s", word)) {
		one_block(f, word);
		return;
	}
	/* udev's links: /dev/disk/by-id/..., /dev/mapper/... */
	if (xlpt_starts(f->word, "/dev/") && xlpt_host_link_name(f->h, &link, "%s", f->word) >= 0 &&
	    xlpt_host_has(f->h, BLOCK "/%s", link)) {
		one_block(f, link);
		return;
	}
	if (xlpt_starts(f->word, "/dev/mapper/")) {
		by_dm_name(f, f->word + strlen("/dev/mapper/"));
	} else if (xlpt_starts(f->word, "/dev/")) {
		lvm = lvm_name(f->word + strlen("/dev/"));
		by_dm_name(f, lvm);
	}
}

void xlpt_find_disks(struct xlpt_finder *f)
{
	_cleanup_strv_ char **names = NULL;

	if (f->word) {
		by_word(f);
		return;
	}
	xlpt_host_list(f->h, &names, BLOCK);
	for (char **n = names; n && *n; n++)
		if (!xlpt_host_has(f->h, BLOCK "/%s/partition", *n))
			one_block(f, *n);
}
