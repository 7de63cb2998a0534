/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Images that xl cannot read. Without a format xl takes every file for a raw disk: the guest would see the
 * container, and write into it. So the configuration names the image that is still to be made.
 */
#include <string.h>
#include <strings.h>

#include "converters/model/internal.h"
#include "converters/xl/words.h"
#include "converters/xl/xl.h"
#include "core/text.h"

static const char *carried(const struct xlpt_disk *d, const char *path)
{
	for (size_t i = 0; i < d->at.extra.n; i++) {
		const struct xlpt_carry *c = &d->at.extra.items[i];

		if (c->side == XLPT_SIDE_LIBVIRT && !strcmp(c->path, path))
			return c->text;
	}
	return NULL;
}

/* What an image without a word on its format is by its name; libvirt asks for a name of a file as well. */
static const char *by_name(const struct xlpt_disk *d)
{
	static const char *const endings[] = { "vmdk", "vdi",  "vhdx",	"vhd",	"vpc",
					       "qed",  "qcow", "qcow2", "luks", "dmg" };
	const char *dot = d->target ? strrchr(d->target, '.') : NULL;

	for (size_t i = 0; dot && i < XLPT_ARRAY_SIZE(endings); i++)
		if (!strcasecmp(dot + 1, endings[i]))
			return endings[i];
	return NULL;
}

const char *xlpt_xl_strange_image(const struct xlpt_dom *dom, const struct xlpt_disk *d)
{
	const char *type = carried(d, "driver/@type"), *inside = carried(d, "source/encryption");

	inside = inside ? inside : carried(d, "encryption");
	/* An ISO image is what it is to xl as well. */
	if (type && strcmp(type, "iso") != 0)
		return type;
	if ((!d->format || d->format == XLPT_FMT_RAW) && inside && strstr(inside, "luks"))
		return "luks";
	type = d->format || type || !xlpt_dom_is_foreign(dom) ? NULL : by_name(d);
	return type && !xlpt_xl_word(xlpt_xl_formats, type) && strcmp(type, "vpc") != 0 ? type
											: NULL;
}

char *xlpt_xl_made_image(const struct xlpt_disk *d)
{
	if (!d->target || *d->target != '/' || xlpt_starts(d->target, "/dev/") ||
	    (d->kind && d->kind != XLPT_DISK_FILE))
		return NULL;
	return xlpt_xasprintf("%s.qcow2", d->target);
}

char *xlpt_xl_image_command(const char *from, const char *made, const char *format)
{
	/* qemu-img is never left to find out: a guest may have written another header into its disk. */
	static const char *const words[] = { "vmdk",	  "vdi",   "vhdx", "dmg",
					     "parallels", "bochs", "cloop" };
	const char *word = "FORMAT";

	if (!strcmp(format, "luks"))
		return xlpt_xasprintf(
			"qemu-img convert --object secret,id=key,file=KEYFILE --image-opts "
			"-O qcow2 driver=luks,key-secret=key,file.filename=%s %s",
			XLPT_WORD(from), XLPT_WORD(made));
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(words); i++)
		if (!strcmp(words[i], format))
			word = words[i];
	return xlpt_xasprintf("qemu-img convert -f %s -O qcow2 %s %s", word, XLPT_WORD(from),
			      XLPT_WORD(made));
}

static void fit(const struct xlpt_dom *dom, struct xlpt_disk *d)
{
	const char *strange = d->target ? xlpt_xl_strange_image(dom, d) : NULL, *type;

	/* blktap is not in Xen 4.13 to 4.18, and later only where somebody added it. */
	if (d->driver == XLPT_DRV_TAP)
		d->driver = 0;
	if (strange) {
		char *made = xlpt_xl_made_image(d);

		free(d->target);
		d->target = made;
		d->format = made ? XLPT_FMT_QCOW2 : d->format;
		d->driver = d->driver == XLPT_DRV_PHY ? 0 : d->driver;
		return;
	}
	/* With another hypervisor's XML a name that says what it is, is believed: nothing starts if it is wrong. */
	if (d->format || !xlpt_dom_is_foreign(dom) || carried(d, "driver/@type"))
		return;
	type = by_name(d);
	if (type)
		d->format =
			!strcmp(type, "vpc") ? XLPT_FMT_VHD : xlpt_xl_word(xlpt_xl_formats, type);
}

void xlpt_xl_fit_disks(struct xlpt_dom *dom)
{
	for (size_t i = 0; i < dom->n_disk; i++)
		fit(dom, &dom->disk[i]);
}
