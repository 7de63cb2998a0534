/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "converters/libvirt/rbd.h"
#include "converters/libvirt/reader.h"

/* All but index=, which is of the running domain. */
static void mark_rbd(xmlNode *source)
{
	xlpt_lv_mark(source);
	xlpt_lv_attr(source, "protocol");
	xlpt_lv_attr(source, "name");
	for (xmlNode *h = xlpt_lv_next(source, NULL); h; h = xlpt_lv_next(source, h))
		xlpt_lv_mark_whole(h);
}

static void read_source(struct xlpt_disk *d, xmlNode *source)
{
	if (!source)
		return;
	switch (d->kind) {
	case XLPT_DISK_BLOCK:
		d->target = xlpt_lv_read_str(source, "dev");
		break;
	case XLPT_DISK_NETWORK:
		d->target = xlpt_lv_rbd_read(source);
		if (d->target)
			mark_rbd(source);
		else
			xlpt_lv_unmark_whole(source);
		break;
	case XLPT_DISK_VOLUME: /* only libvirt knows where a pool's volume lies */
		xlpt_lv_unmark_whole(source);
		break;
	default:
		d->target = xlpt_lv_read_str(source, "file");
	}
}

int xlpt_lv_read_disk(struct xlpt_lv_reader *r, xmlNode *node)
{
	const char *type = xlpt_lv_peek(node, "type"), *device = xlpt_lv_peek(node, "device");
	xmlNode *target = xlpt_lv_child(node, "target"), *driver = xlpt_lv_child(node, "driver");
	const char *bus, *follows;
	struct xlpt_disk *d;
	int rc;

	if ((type && !xlpt_lv_word_value(xlpt_lv_disk_type, type)) ||
	    (device && !xlpt_lv_word_value(xlpt_lv_disk_device, device)) ||
	    !xlpt_lv_peek(target, "dev"))
		return 0;
	d = XLPT_DOM_ADD(r->dom, disk);
	xlpt_lv_read_at(r, &d->at, node);
	xlpt_lv_mark(node);
	d->kind = xlpt_lv_read_word(node, "type", xlpt_lv_disk_type);
	d->dev = xlpt_lv_read_word(node, "device", xlpt_lv_disk_device);
	d->driver = xlpt_lv_read_word(driver, "name", xlpt_lv_disk_driver);
	d->format = xlpt_lv_read_word(driver, "type", xlpt_lv_disk_format);
	if (xlpt_streq(xlpt_lv_peek(driver, "discard"), "unmap"))
		d->discard = XLPT_ON;
	else if (xlpt_streq(xlpt_lv_peek(driver, "discard"), "ignore"))
		d->discard = XLPT_OFF;
	if (d->discard)
		xlpt_lv_attr(driver, "discard");
	read_source(d, xlpt_lv_child(node, "source"));
	d->vdev = xlpt_lv_read_str(target, "dev");
	bus = xlpt_lv_attr(target, "bus");
	follows = xlpt_lv_bus_of(d->vdev, r->dom->type);
	if (bus && !xlpt_streq(bus, follows))
		d->bus = xlpt_xstrdup(bus);
	d->removable = (enum xlpt_tri)xlpt_lv_read_word(target, "removable", xlpt_lv_on_off);
	d->readonly = xlpt_lv_child(node, "readonly") ? XLPT_ON : XLPT_UNSET;
	d->shareable = xlpt_lv_child(node, "shareable") ? XLPT_ON : XLPT_UNSET;
	d->backend = xlpt_lv_read_str(xlpt_lv_child(node, "backenddomain"), "name");
	rc = xlpt_lv_read_num(r, xlpt_lv_child(node, "boot"), "order", UINT32_MAX, &d->boot_order);
	if (rc)
		return rc;
	xlpt_lv_read_rest(r, &d->at, node);
	return 1;
}
