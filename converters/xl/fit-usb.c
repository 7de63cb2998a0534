/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libvirt says of USB, as libxl takes it (libxl_usb.c, libxl_create.c, libxl_dm.c). */
#include <string.h>

#include "converters/model/internal.h"
#include "converters/xl/xl.h"

#define MOST_REDIRECTED 4

static void fit_ctrls(struct xlpt_dom *dom)
{
	for (size_t i = 0; i < dom->n_usbctrl; i++) {
		struct xlpt_usbctrl *c = &dom->usbctrl[i];
		bool pv = dom->type != XLPT_DOM_HVM || c->type == XLPT_USBC_PV ||
			  c->type == XLPT_USBC_QUSB;

		/* Version 2 is libxl's default; it is written so that the entry is not empty. */
		if (!c->version.has)
			c->version = (struct xlpt_num){ true, 2 };
		if (pv && c->version.v > 2)
			c->version.v = 2;
		if (pv || !c->ports.has)
			continue;
		if (c->version.v == 3 && c->ports.v > 15)
			c->ports.v = 15;
		/* QEMU's older controllers have a number of ports that cannot be chosen. */
		if ((c->version.v == 1 && c->ports.v != 2) ||
		    (c->version.v == 2 && c->ports.v != 6))
			c->ports.has = false;
	}
}

/* libvirt names a controller by its index, xl by its place in usbctrl=. */
static void fit_usbdevs(struct xlpt_dom *dom)
{
	for (size_t i = 0; i < dom->n_usbdev; i++) {
		struct xlpt_num *ctrl = &dom->usbdev[i].ctrl;
		size_t k = 0;

		while (k < dom->n_usbctrl &&
		       (dom->usbctrl[k].index.has ? dom->usbctrl[k].index.v : k) != ctrl->v)
			k++;
		if (ctrl->has && k < dom->n_usbctrl)
			ctrl->v = k;
	}
}

static bool has_virtio_tablet(const struct xlpt_dom *dom)
{
	for (size_t i = 0; i < dom->extra.n; i++) {
		const struct xlpt_carry *c = &dom->extra.items[i];

		if (c->side == XLPT_SIDE_LIBVIRT && !strcmp(c->path, "devices/input") &&
		    strstr(c->text, "type='tablet'") && strstr(c->text, "bus='virtio'"))
			return true;
	}
	return false;
}

/* With a display the mouse of a tablet is where the user's is. xl's tablet is on USB. */
static void fit_input(struct xlpt_dom *dom)
{
	bool has = false;
	struct xlpt_input *in;

	if (dom->type != XLPT_DOM_HVM)
		return;
	for (size_t i = 0; i < dom->n_input; i++) {
		in = &dom->input[i];
		if (in->type != XLPT_INPUT_TABLET)
			continue;
		/* Without a bus it is on USB for libvirt, too (virDomainInputDefPostParse). */
		if (!in->bus) {
			in->bus = XLPT_BUS_USB;
			dom->usb = XLPT_ON;
		}
		has |= in->bus == XLPT_BUS_USB;
	}
	if (has || !dom->n_gfx || !has_virtio_tablet(dom))
		return;
	in = XLPT_DOM_ADD(dom, input);
	in->type = XLPT_INPUT_TABLET;
	in->bus = XLPT_BUS_USB;
	dom->usb = XLPT_ON;
}

bool xlpt_xl_has_old_usb(const struct xlpt_dom *dom)
{
	for (size_t i = 0; i < dom->n_input; i++)
		if (dom->input[i].type && dom->input[i].bus == XLPT_BUS_USB)
			return true;
	return dom->usb == XLPT_ON || xlpt_dom_carried(dom, XLPT_SIDE_XL, "usbdevice");
}

/* A device of the viewer's that SPICE brings to the guest. */
bool xlpt_xl_is_redirected(const struct xlpt_carry *c)
{
	return c->side == XLPT_SIDE_LIBVIRT && !strcmp(c->path, "devices/redirdev") &&
	       strstr(c->text, "'spicevmc'");
}

/*
 * One channel for each. libxl starts no guest that has such channels beside usb= or usbdevice=, and without
 * its tablet the guest is hard to use.
 */
static void fit_redirection(struct xlpt_dom *dom)
{
	struct xlpt_gfx *spice = NULL;
	uint64_t n = 0;

	for (size_t i = 0; i < dom->n_gfx; i++)
		if (dom->gfx[i].type == XLPT_GFX_SPICE)
			spice = &dom->gfx[i];
	for (size_t i = 0; i < dom->extra.n; i++)
		n += xlpt_xl_is_redirected(&dom->extra.items[i]);
	if (dom->type != XLPT_DOM_HVM || !spice || !n || spice->usb_redir.has ||
	    xlpt_xl_has_old_usb(dom))
		return;
	spice->usb_redir = (struct xlpt_num){ true, n < MOST_REDIRECTED ? n : MOST_REDIRECTED };
}

void xlpt_xl_fit_usb(struct xlpt_dom *dom)
{
	fit_ctrls(dom);
	fit_usbdevs(dom);
	fit_input(dom);
	fit_redirection(dom);
}
