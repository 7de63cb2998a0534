/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the boot loaders' files and modprobe.d say, read once for a command: a struct xlpt_boot owns it, from
 * xlpt_boot_detect to xlpt_boot_dispose. GRUB's settings and modprobe.d are read when the first one asks for them.
 */
#include "pciback/boot/homes.h"

#include <string.h>

/* Kept of all files together. What is beyond that is not kept, and read again when it is asked for. */
#define TEXTS_MAX  512
#define TEXTS_SIZE (32u << 20)

struct xlpt_loaders {
	struct xlpt_texts texts;
	struct xlpt_home_lines lines;
	struct xlpt_xen_cfgs cfgs;
	struct xlpt_grub settings[2]; /* GRUB's; the second one without xlpt's own file */
	bool read[2];		      /* which of them are there */
	struct xlpt_confs confs;
	bool has_confs;
};

static int answer(const struct xlpt_text *text, struct xlpt_str *out)
{
	size_t size = text->text.len + 1;

	*out = (struct xlpt_str){ 0 };
	if (text->r < 0)
		return text->r;
	*out = (struct xlpt_str){ .s = xlpt_xrealloc(NULL, size, 1),
				  .len = size - 1,
				  .alloc = size };
	memcpy(out->s, xlpt_str_get(&text->text), size);
	return text->r;
}

int xlpt_boot_text(struct xlpt_texts *t, const char *path, struct xlpt_str *out)
{
	struct xlpt_text *new;
	int r;

	for (size_t i = 0; i < t->n; i++)
		if (!strcmp(t->items[i].path, path))
			return answer(&t->items[i], out);
	r = xlpt_boot_slurp(t->h, path, out);
	if (t->n >= TEXTS_MAX || out->len > TEXTS_SIZE - t->size)
		return r;
	XLPT_GROW(t->items, t->n, t->alloc);
	new = &t->items[t->n++];
	*new = (struct xlpt_text){ .path = xlpt_xstrdup(path), .text = *out, .r = r };
	t->size += out->len;
	return answer(new, out);
}

void xlpt_texts_dispose(struct xlpt_texts *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->items[i].path);
		xlpt_str_dispose(&t->items[i].text);
	}
	free(t->items);
	*t = (struct xlpt_texts){ 0 };
}

void xlpt_loaders_read(struct xlpt_host *h, struct xlpt_boot *boot)
{
	struct xlpt_loaders *l = xlpt_xcalloc(1, sizeof(*l));

	l->texts.h = h;
	xlpt_xen_cfgs_read(&l->texts, boot->cmdline, &l->cfgs);
	xlpt_home_lines_read(&l->texts, boot->cmdline, &l->lines);
	boot->loaders = l;
}

void xlpt_loaders_free(struct xlpt_loaders *l)
{
	if (!l)
		return;
	xlpt_texts_dispose(&l->texts);
	xlpt_home_lines_dispose(&l->lines);
	xlpt_xen_cfgs_dispose(&l->cfgs);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(l->settings); i++)
		xlpt_grub_dispose(&l->settings[i]);
	xlpt_boot_confs_dispose(&l->confs);
	free(l);
}

struct xlpt_texts *xlpt_boot_texts(const struct xlpt_boot *boot)
{
	return &boot->loaders->texts;
}

const struct xlpt_home_lines *xlpt_boot_lines(const struct xlpt_boot *boot)
{
	return &boot->loaders->lines;
}

const struct xlpt_xen_cfgs *xlpt_boot_cfgs(const struct xlpt_boot *boot)
{
	return &boot->loaders->cfgs;
}

const struct xlpt_grub *xlpt_boot_settings(const struct xlpt_boot *boot, bool without_ours)
{
	struct xlpt_loaders *l = boot->loaders;

	if (!l->read[without_ours])
		xlpt_grub_read(&l->texts, boot, without_ours, NULL, &l->settings[without_ours]);
	l->read[without_ours] = true;
	return &l->settings[without_ours];
}

const struct xlpt_confs *xlpt_boot_confs(const struct xlpt_boot *boot)
{
	struct xlpt_loaders *l = boot->loaders;

	if (!l->has_confs)
		xlpt_boot_confs_find(&l->texts, &l->confs);
	l->has_confs = true;
	return &l->confs;
}
