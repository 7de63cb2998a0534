/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disks, USB controllers, character devices, input, displays, sound and video. */
#include <string.h>

#include "converters/libvirt/rbd.h"
#include "converters/libvirt/writer.h"

static int disk_kind(const struct xlpt_disk *d)
{
	if (d->kind)
		return d->kind;
	if (d->target && xlpt_starts(d->target, "rbd:"))
		return XLPT_DISK_NETWORK;
	if (d->driver == XLPT_DRV_PHY || d->dev == XLPT_DISKDEV_LUN ||
	    (d->target && xlpt_starts(d->target, "/dev/")))
		return XLPT_DISK_BLOCK;
	return XLPT_DISK_FILE;
}

/*
 * <source>. Network disks and volumes must have one: said in libvirt's own way, and then it is in
 * what was carried, or in a string that has parts. Otherwise false.
 */
static bool write_source(xmlNode *disk, const struct xlpt_disk *d, int kind)
{
	xmlNode *source;

	if (kind == XLPT_DISK_NETWORK || kind == XLPT_DISK_VOLUME) {
		if (xlpt_lv_carried(&d->at.extra, "source") ||
		    (kind == XLPT_DISK_VOLUME && !d->target))
			return true;
		source = xlpt_lv_add(disk, "source");
		if (kind == XLPT_DISK_NETWORK && xlpt_lv_rbd_write(source, d->target))
			return true;
		xmlUnlinkNode(source);
		xmlFreeNode(source);
		return false;
	}
	if (!d->target)
		return true;
	if (kind == XLPT_DISK_BLOCK) {
		if (xlpt_lv_is_path(d->target) || xlpt_lv_is_device(d->target))
			xlpt_lv_write_child(disk, "source", "dev", d->target);
	} else if (xlpt_lv_is_path(d->target) || d->kind == XLPT_DISK_FILE) {
		/* xl says no kind: what is no path is what libvirt said before (VMware's stores).
		 */
		xlpt_lv_write_child(disk, "source", "file", d->target);
	}
	return true;
}

static void write_disk(struct xlpt_lv_writer *w, xmlNode *devices, const struct xlpt_disk *d)
{
	static const char *const buses[] = { "ide", "fdc", "scsi", "virtio", "xen",
					     "usb", "uml", "sata", "sd" };
	const char *name = xlpt_lv_is_vdev(d->name) ? d->name : d->vdev;
	/* Without a word on its type a guest is a PV guest. */
	int type = w->dom->type ? w->dom->type : XLPT_DOM_PV;
	const char *bus = d->bus ? d->bus : xlpt_lv_bus_of(name, type);
	xmlNode *disk = xlpt_lv_add(devices, "disk"), *target;
	int kind = disk_kind(d);

	if (!write_source(disk, d, kind))
		kind = XLPT_DISK_FILE;
	xlpt_lv_write_word(disk, "type", xlpt_lv_disk_type, kind);
	/* A LUN is a block device or on the network, never a file. */
	if (d->dev != XLPT_DISKDEV_LUN || kind != XLPT_DISK_FILE)
		xlpt_lv_write_word(disk, "device", xlpt_lv_disk_device, d->dev);
	xlpt_lv_write_child_word(disk, "driver", "name", xlpt_lv_disk_driver, d->driver);
	/* libvirt's drivers of QEMU know it by QEMU's name alone. */
	if (d->format == XLPT_FMT_VHD && xlpt_dom_is_foreign(w->dom))
		xlpt_lv_write_child(disk, "driver", "type", "vpc");
	else
		xlpt_lv_write_child_word(disk, "driver", "type", xlpt_lv_disk_format, d->format);
	if (d->discard)
		xlpt_lv_write_child(disk, "driver", "discard",
				    d->discard == XLPT_ON ? "unmap" : "ignore");
	target = xlpt_lv_add(disk, "target");
	xlpt_lv_set(target, "dev", name);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(buses); i++)
		if (xlpt_streq(bus, buses[i]))
			xlpt_lv_set(target, "bus", bus);
	xlpt_lv_write_word(target, "removable", xlpt_lv_on_off, d->removable);
	if (d->readonly == XLPT_ON)
		xlpt_lv_add(disk, "readonly");
	if (d->shareable == XLPT_ON)
		xlpt_lv_add(disk, "shareable");
	if (d->backend && *d->backend && !strchr(d->backend, '\n'))
		xlpt_lv_write_child(disk, "backenddomain", "name", d->backend);
	xlpt_lv_write_boot(disk, d->boot_order);
	xlpt_lv_write_extra(w, disk, &d->at.extra, "disk");
}

void xlpt_lv_write_disks(struct xlpt_lv_writer *w, xmlNode *devices)
{
	for (size_t i = 0; i < w->dom->n_disk; i++)
		if (xlpt_lv_is_vdev(w->dom->disk[i].vdev))
			write_disk(w, devices, &w->dom->disk[i]);
}

void xlpt_lv_write_controllers(struct xlpt_lv_writer *w, xmlNode *devices)
{
	/* clang-format off */
	static const char *const models[] = {
		"piix3-uhci", "piix4-uhci", "ehci", "ich9-ehci1", "ich9-uhci1", "ich9-uhci2",
		"ich9-uhci3", "vt82c686b-uhci", "pci-ohci", "nec-xhci", "none", "qemu-xhci",
	};
	/* clang-format on */
	const struct xlpt_dom *dom = w->dom;
	xmlNode *n;

	for (size_t i = 0; i < dom->n_usbctrl; i++) {
		const struct xlpt_usbctrl *u = &dom->usbctrl[i];

		n = xlpt_lv_add(devices, "controller");
		xlpt_lv_set(n, "type", "usb");
		xlpt_lv_write_num(n, "index", u->index, UINT32_MAX);
		for (size_t m = 0; m < XLPT_ARRAY_SIZE(models); m++)
			if (xlpt_streq(u->model, models[m]))
				xlpt_lv_set(n, "model", u->model);
		/* qusb is xl's type=pv under QEMU's name. */
		if (!u->model && (u->type == XLPT_USBC_PV || u->type == XLPT_USBC_QUSB))
			xlpt_lv_set(n, "model",
				    u->version.has && u->version.v == 1 ? "qusb1" : "qusb2");
		else if (!u->model && u->version.has)
			xlpt_lv_set(n, "model", xlpt_lv_usb_model(u->version.v));
		xlpt_lv_write_num(n, "ports", u->ports, UINT32_MAX);
		xlpt_lv_write_extra(w, n, &u->at.extra, "controller");
	}
	if (!dom->max_grant_frames.has && !dom->max_event_channels.has)
		return;
	n = xlpt_lv_add(devices, "controller");
	xlpt_lv_set(n, "type", "xenbus");
	xlpt_lv_set(n, "index", "0");
	xlpt_lv_write_num(n, "maxGrantFrames", dom->max_grant_frames, UINT32_MAX);
	xlpt_lv_write_num(n, "maxEventChannels", dom->max_event_channels, UINT32_MAX);
}

static void write_end(xmlNode *node, const char *mode, const char *host, const char *service)
{
	xmlNode *source;

	if (!host && !service)
		return;
	source = xlpt_lv_add(node, "source");
	xlpt_lv_set(source, "mode", mode);
	xlpt_lv_set(source, "host", host);
	xlpt_lv_set(source, "service", service);
}

static void write_chr(struct xlpt_lv_writer *w, xmlNode *devices, const char *name,
		      const struct xlpt_chr *c)
{
	const char *type = xlpt_lv_word_text(xlpt_lv_chr_type, c->kind);
	const char *mode = c->listen == XLPT_ON ? "bind" : c->listen == XLPT_OFF ? "connect" : NULL;
	xmlNode *n;

	if (!type)
		return;
	n = xlpt_lv_add(devices, name);
	xlpt_lv_set(n, "type", type);
	switch (c->kind) {
	case XLPT_CHR_UDP:
		write_end(n, "bind", c->bind_host, c->bind_service);
		write_end(n, "connect", c->host, c->service);
		break;
	case XLPT_CHR_TCP:
	case XLPT_CHR_TELNET:
		xlpt_lv_write_child(n, "source", "mode", mode);
		xlpt_lv_write_child(n, "source", "host", c->host);
		xlpt_lv_write_child(n, "source", "service", c->service);
		if (c->kind == XLPT_CHR_TELNET)
			xlpt_lv_write_child(n, "protocol", "type", "telnet");
		break;
	case XLPT_CHR_UNIX:
		xlpt_lv_write_child(n, "source", "mode", mode);
		xlpt_lv_write_child(n, "source", "path", c->path);
		break;
	case XLPT_CHR_FILE:
	case XLPT_CHR_PIPE:
	case XLPT_CHR_DEV:
		xlpt_lv_write_child(n, "source", "path", c->path);
		break;
	default:
		break;
	}
	if (strcmp(name, "channel") == 0) {
		xlpt_lv_write_child(n, "target", "type", "xen");
		xlpt_lv_write_child(n, "target", "name", c->name);
	} else {
		xlpt_lv_write_child_word(n, "target", "type", xlpt_lv_console_target,
					 strcmp(name, "console") == 0 ? c->target : 0);
		if (c->port.has && c->port.v <= 65535)
			xlpt_lv_write_num(xlpt_lv_need(n, "target"), "port", c->port, 65535);
	}
	xlpt_lv_write_extra(w, n, &c->at.extra, name);
}

void xlpt_lv_write_chrs(struct xlpt_lv_writer *w, xmlNode *devices)
{
	const struct xlpt_dom *dom = w->dom;

	for (size_t i = 0; i < dom->n_parallel; i++)
		write_chr(w, devices, "parallel", &dom->parallel[i]);
	for (size_t i = 0; i < dom->n_serial; i++)
		write_chr(w, devices, "serial", &dom->serial[i]);
	for (size_t i = 0; i < dom->n_console; i++)
		write_chr(w, devices, "console", &dom->console[i]);
	for (size_t i = 0; i < dom->n_channel; i++)
		write_chr(w, devices, "channel", &dom->channel[i]);
}

void xlpt_lv_write_inputs(struct xlpt_lv_writer *w, xmlNode *devices)
{
	for (size_t i = 0; i < w->dom->n_input; i++) {
		const struct xlpt_input *in = &w->dom->input[i];
		const char *type = xlpt_lv_word_text(xlpt_lv_input_type, in->type);
		xmlNode *n;

		if (!type)
			continue;
		n = xlpt_lv_add(devices, "input");
		xlpt_lv_set(n, "type", type);
		xlpt_lv_write_word(n, "bus", xlpt_lv_input_bus, in->bus);
		xlpt_lv_write_extra(w, n, &in->at.extra, "input");
	}
}

static void write_spice(xmlNode *n, const struct xlpt_gfx *g)
{
	/* clang-format off */
	static const struct xlpt_lv_word images[] = {
		{ "auto_glz", 1 }, { "auto_lz", 1 }, { "quic", 1 }, { "glz", 1 }, { "lz", 1 },
		{ "off", 1 }, { 0 } };
	static const struct xlpt_lv_word streams[] = { { "filter", 1 }, { "all", 1 }, { "off", 1 },
						       { 0 } };
	/* clang-format on */

	if (xlpt_lv_word_value(images, g->image_compression))
		xlpt_lv_write_child(n, "image", "compression", g->image_compression);
	if (xlpt_lv_word_value(streams, g->streaming))
		xlpt_lv_write_child(n, "streaming", "mode", g->streaming);
	xlpt_lv_write_child_word(n, "clipboard", "copypaste", xlpt_lv_yes_no, g->clipboard);
	if (g->agent_mouse)
		xlpt_lv_write_child(n, "mouse", "mode",
				    g->agent_mouse == XLPT_ON ? "client" : "server");
}

void xlpt_lv_write_gfxs(struct xlpt_lv_writer *w, xmlNode *devices)
{
	for (size_t i = 0; i < w->dom->n_gfx; i++) {
		const struct xlpt_gfx *g = &w->dom->gfx[i];
		const char *type = xlpt_lv_word_text(xlpt_lv_gfx_type, g->type);
		xmlNode *n;

		if (!type)
			continue;
		n = xlpt_lv_add(devices, "graphics");
		xlpt_lv_set(n, "type", type);
		if (g->type == XLPT_GFX_SDL) {
			xlpt_lv_set(n, "display", g->display);
			xlpt_lv_set(n, "xauth", g->xauthority);
			xlpt_lv_write_child_word(n, "gl", "enable", xlpt_lv_yes_no, g->opengl);
		} else {
			xlpt_lv_write_num(n, "port", g->port, 65535);
			if (g->type == XLPT_GFX_SPICE)
				xlpt_lv_write_num(n, "tlsPort", g->tls_port, 65535);
			xlpt_lv_write_word(n, "autoport", xlpt_lv_yes_no, g->autoport);
			if (xlpt_lv_is_host(g->listen))
				xlpt_lv_set(n, "listen", g->listen);
			xlpt_lv_set(n, "passwd", g->passwd);
			xlpt_lv_set(n, "keymap", g->keymap);
			if (g->type == XLPT_GFX_SPICE)
				write_spice(n, g);
		}
		xlpt_lv_write_extra(w, n, &g->at.extra, "graphics");
	}
}

void xlpt_lv_write_sounds(struct xlpt_lv_writer *w, xmlNode *devices)
{
	for (size_t i = 0; i < w->dom->n_sound; i++) {
		const struct xlpt_sound *s = &w->dom->sound[i];
		const char *model = xlpt_streq(s->model, "hda") ? "ich6" : s->model;
		xmlNode *n;

		if (!xlpt_lv_word_value(xlpt_lv_sound_model, model))
			continue;
		n = xlpt_lv_add(devices, "sound");
		xlpt_lv_set(n, "model", model);
		xlpt_lv_write_extra(w, n, &s->at.extra, "sound");
	}
}

void xlpt_lv_write_videos(struct xlpt_lv_writer *w, xmlNode *devices)
{
	for (size_t i = 0; i < w->dom->n_video; i++) {
		const struct xlpt_video *v = &w->dom->video[i];
		const char *model = xlpt_lv_word_text(xlpt_lv_video_model, v->model);
		xmlNode *n, *m;

		if (!model)
			continue;
		n = xlpt_lv_add(devices, "video");
		m = xlpt_lv_add(n, "model");
		xlpt_lv_set(m, "type", model);
		xlpt_lv_write_num(m, "vram", v->vram, UINT32_MAX);
		xlpt_lv_write_num(m, "heads", v->heads, UINT32_MAX);
		xlpt_lv_write_word(m, "primary", xlpt_lv_yes_no, v->primary);
		xlpt_lv_write_extra(w, n, &v->at.extra, "video");
	}
}
