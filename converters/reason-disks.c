/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is told of disks that xl does not get, or gets with another image. */
#include "converters/convert.h"
#include "converters/model/internal.h"
#include "converters/reason.h"
#include "converters/xl/xl.h"
#include "core/text.h"

const char *xlpt_reason_left_out(const struct xlpt_dom *a, const struct xlpt_disk *d,
				 enum xlpt_format to)
{
	if (to == XLPT_FORMAT_LIBVIRT)
		return "left out: libvirt has no such name for a disk: xvdX is the same for Xen's "
		       "drivers";
	if (d->dev == XLPT_DISKDEV_FLOPPY)
		return "left out: xl has no floppy drives";
	if (d->target && *d->target && xlpt_xl_strange_image(a, d))
		return "left out: xl cannot read its image";
	return "left out: xl cannot reach its source";
}

bool xlpt_tell_image(struct xlpt_losses *losses, const struct xlpt_dom *a, const struct xlpt_dom *b,
		     const struct xlpt_delta *delta)
{
	_cleanup_free_ char *element = NULL, *command = NULL, *made = NULL;
	_cleanup_free_ char *what = xlpt_told_path(a, delta->path);
	const char *member = strrchr(delta->path, ']');
	const struct xlpt_field *list;
	const struct xlpt_disk *d, *now;

	if (!xlpt_starts(delta->path, "disk[") || !member || !delta->b ||
	    (strcmp(member, "].target") != 0 && strcmp(member, "].format") != 0))
		return false;
	element = xlpt_xasprintf("%.*s]", (int)(member - delta->path), delta->path);
	d = xlpt_path_element(a, element, &list);
	now = xlpt_path_element(b, element, &list);
	made = d && d->target ? xlpt_xl_made_image(d) : NULL;
	if (!now || !d)
		return false;
	if (made && xlpt_streq(made, now->target)) {
		const char *strange = xlpt_xl_strange_image(a, d);

		if (!strange)
			return false;
		command = xlpt_xl_image_command(d->target, made, strange);
		if (!strcmp(member, "].target"))
			xlpt_loss_add(losses, XLPT_LOSS_CHANGED, a->file, delta->line, 0, what,
				      "xl has no images of type %s; before: %s", strange, command);
		return true;
	}
	if (strcmp(member, "].format") != 0 || d->format)
		return false;
	xlpt_loss_add(
		losses, XLPT_LOSS_CHANGED, a->file, delta->line, 0, what,
		"by the image's name, as the XML says none and libvirt takes raw: see qemu-img "
		"info %s",
		XLPT_WORD(d->target));
	return true;
}
