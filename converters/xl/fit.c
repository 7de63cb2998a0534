/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What libvirt says, as libxl takes it. Works on a copy of the model, just before it is written: the
 * comparison with what was read finds every change, tells it, and keeps what was there before.
 *
 * The limits are libxl's of 4.17 to 4.20 (libxl_create.c, libxl_dm.c, libxl_usb.c).
 */
#include <fnmatch.h>
#include <string.h>

#include "converters/model/internal.h"
#include "converters/xl/words.h"
#include "converters/xl/xl.h"

/* Takes element i out of a list. */
static void drop(struct xlpt_dom *dom, const char *name, size_t i)
{
	for (const struct xlpt_field *f = xlpt_dom_shape.fields; f->name; f++) {
		struct xlpt_list *list = xlpt_field_at(dom, f);
		char *item;

		if (strcmp(f->name, name) != 0)
			continue;
		item = xlpt_list_item(list, f->shape, i);
		xlpt_shape_dispose(f->shape, item);
		memmove(item, item + f->shape->size, (list->n - i - 1) * f->shape->size);
		list->n--;
	}
}

static void forget(char **s)
{
	free(*s);
	*s = NULL;
}

/* ---- displays and video ---- */

/*
 * libvirt chooses a port when the guest starts, libxl wants one in the configuration. One of a
 * thousand beyond those that the kernel gives out by itself, always the same for a guest.
 */
static uint64_t spice_port(const char *name)
{
	uint32_t hash = 2166136261u;

	for (const char *s = name ? name : ""; *s; s++)
		hash = (hash ^ (unsigned char)*s) * 16777619u;
	return 61000 + hash % 1000;
}

static void fit_spice(struct xlpt_dom *dom, struct xlpt_gfx *g)
{
	/* libxl makes the same channel for it (libxl_dm.c). */
	if (!g->vdagent && xlpt_dom_says(dom, "devices/channel", "'com.redhat.spice.0'"))
		g->vdagent = XLPT_ON;
	/* qemu.conf's spice_listen; libxl without an address lets everybody in (dm_spice_options). */
	if (!g->listen && xlpt_dom_is_foreign(dom))
		g->listen = xlpt_xstrdup("127.0.0.1");
	if ((!g->port.has || !g->port.v) && (!g->tls_port.has || !g->tls_port.v))
		g->port = (struct xlpt_num){ true, spice_port(dom->name) };
	/* Without a word on tickets libxl wants a password; one that is empty does not come here. */
	if (!g->passwd)
		g->ticketing = XLPT_OFF;
}

static void fit_displays(struct xlpt_dom *dom)
{
	bool had = dom->n_gfx;

	for (size_t i = 0; i < dom->n_gfx; i++) {
		const char *passwd = dom->gfx[i].passwd;

		/*
		 * To KVM's QEMU an empty password is one that nobody has, to libxl's VNC it is none. libxl starts
		 * no guest with one for SPICE ("spice password can't be empty", dm_spice_options), and libvirt's
		 * Xen driver turns tickets off only where no password is said: without it all would get in.
		 */
		if ((passwd && !*passwd &&
		     (xlpt_dom_is_foreign(dom) || dom->gfx[i].type == XLPT_GFX_SPICE)) ||
		    (dom->gfx[i].type == XLPT_GFX_SPICE && dom->type != XLPT_DOM_HVM))
			drop(dom, "gfx", i--);
		else if (dom->gfx[i].type == XLPT_GFX_SPICE)
			fit_spice(dom, &dom->gfx[i]);
	}
	/* libxl gives an HVM guest that is silent a Cirrus card. */
	if (dom->type != XLPT_DOM_HVM || had || dom->n_video ||
	    xlpt_dom_carried(dom, XLPT_SIDE_LIBVIRT, "devices/video") ||
	    xlpt_dom_carried(dom, XLPT_SIDE_LIBVIRT, "devices/graphics"))
		return;
	dom->nographic = XLPT_ON;
	XLPT_DOM_ADD(dom, video)->model = XLPT_VGA_NONE;
}

static void fit_video(struct xlpt_dom *dom)
{
	struct xlpt_video *v = dom->video;
	uint64_t least;

	if (!dom->n_video || dom->type != XLPT_DOM_HVM)
		return;
	/* As libvirt's Xen driver does (libxlMakeVideo). */
	if (v->model == XLPT_VGA_XEN)
		v->model = XLPT_VGA_STD;
	least = xlpt_xl_video_least(v->model);
	/* libvirt says the two halves of QXL's memory apart, libxl their sum. */
	if (v->vram.has && v->vram.v < least)
		v->vram.v = least;
}

/*
 * libvirt makes a serial port of an HVM guest's first console when the guest has none of its own
 * (virDomainDefAddConsoleCompat).
 */
static void fit_serial(struct xlpt_dom *dom)
{
	const struct xlpt_chr *c = dom->console;
	struct xlpt_chr *serial;

	if (dom->type != XLPT_DOM_HVM || dom->n_serial || !dom->n_console ||
	    c->target == XLPT_CON_XEN)
		return;
	serial = XLPT_DOM_ADD(dom, serial);
	serial->kind = c->kind;
	serial->path = xlpt_xstrdup(c->path);
	serial->host = xlpt_xstrdup(c->host);
	serial->service = xlpt_xstrdup(c->service);
	serial->bind_host = xlpt_xstrdup(c->bind_host);
	serial->bind_service = xlpt_xstrdup(c->bind_service);
	serial->listen = c->listen;
	/* libvirt never lets the guest wait for a peer. */
	if (c->listen == XLPT_ON)
		serial->wait = XLPT_OFF;
}

/* ---- sleep, sound, network ---- */

/* <pm> of KVM's. libvirt's Xen driver does not read it, and libxl lets a guest sleep. */
static void fit_sleep(struct xlpt_dom *dom)
{
	if (dom->type != XLPT_DOM_HVM || !xlpt_dom_is_kvm(dom))
		return;
	if (!dom->acpi_s3 && xlpt_dom_says(dom, "pm", "<suspend-to-mem enabled='no'"))
		dom->acpi_s3 = XLPT_OFF;
	if (!dom->acpi_s4 && xlpt_dom_says(dom, "pm", "<suspend-to-disk enabled='no'"))
		dom->acpi_s4 = XLPT_OFF;
}

/* soundhw= is one card; 4.16 and older handed a list to QEMU. */
static void fit_sound(struct xlpt_dom *dom)
{
	for (size_t i = 0; i < dom->n_sound; i++) {
		char **model = &dom->sound[i].model;

		if (xlpt_streq(*model, "ich7") || xlpt_streq(*model, "ich9")) {
			forget(model);
			*model = xlpt_xstrdup("hda");
		}
		if (i || !*model || !xlpt_xl_is_sound(*model))
			drop(dom, "sound", i--);
	}
}

/*
 * "vnet3", "vif7.0-emu", "macvtap0": libvirt made it for the running domain, and does not read it either
 * (virDomainNetDefParseXML). To xl it would be a name for good, which another guest may have by then.
 */
static bool is_made_name(const char *name)
{
	static const char *const prefixes[] = { "vnet", "vif", "macvtap" };

	for (size_t i = 0; name && i < XLPT_ARRAY_SIZE(prefixes); i++) {
		size_t n = strlen(prefixes[i]);

		if (!strncmp(name, prefixes[i], n) && name[n] >= '0' && name[n] <= '9')
			return true;
	}
	return false;
}

/*
 * vif-openvswitch takes a trunk, and no VLAN of it untagged. Without a word on VLANs the guest would have all
 * of them. More than one is a trunk to libvirt (virNetDevVlanParse).
 */
static void fit_vlans(struct xlpt_netid *id)
{
	if (id->vport != XLPT_VPORT_OVS || !id->n_vlan)
		return;
	if (id->n_vlan > 1)
		id->vlan_trunk = XLPT_ON;
	for (size_t i = 0; i < id->n_vlan; i++)
		id->vlan[i].native = 0;
}

bool xlpt_xl_is_made_before(const struct xlpt_net *net)
{
	for (size_t i = 0; i < net->at.extra.n; i++) {
		const struct xlpt_carry *c = &net->at.extra.items[i];

		if (c->side == XLPT_SIDE_LIBVIRT && !strcmp(c->path, "target/@managed") &&
		    !strcmp(c->text, "no"))
			return true;
	}
	return false;
}

static void fit_nets(struct xlpt_dom *dom)
{
	for (size_t i = 0; i < dom->n_net; i++) {
		struct xlpt_net *n = &dom->net[i];

		fit_vlans(&n->id);
		/* xl makes the interface: one of this name must not be there. */
		if (is_made_name(n->vifname) || xlpt_xl_is_made_before(n))
			forget(&n->vifname);
		/* QEMU calls it with the name of a tap, xl with a word and a path in xenstore. */
		if (xlpt_dom_is_foreign(dom))
			forget(&n->script);
		if (n->model && dom->type == XLPT_DOM_HVM && !xlpt_xl_is_nic(n->model))
			forget(&n->model);
		if (dom->type != XLPT_DOM_HVM && n->type == XLPT_NET_IOEMU)
			n->type = 0;
	}
}

/* ---- the rest ---- */

static void fit_cpu(struct xlpt_dom *dom)
{
	for (size_t i = 0; i < dom->n_cpu; i++)
		if (!dom->cpu[i].name || !xlpt_xl_is_cpu_flag(dom->cpu[i].name))
			drop(dom, "cpu", i--);
}

/* A flash image whose variables are in another file: libxl cannot use it. */
static bool split_image(const struct xlpt_dom *dom)
{
	const char *name = strrchr(dom->firmware_path, '/');

	name = name ? name + 1 : dom->firmware_path;
	return xlpt_dom_is_foreign(dom) || xlpt_dom_carried(dom, XLPT_SIDE_LIBVIRT, "os/nvram") ||
	       fnmatch("*code*", name, FNM_CASEFOLD) == 0;
}

static void fit_programs(struct xlpt_dom *dom)
{
	bool uefi = dom->type == XLPT_DOM_HVM && xlpt_xl_is_uefi(dom->loader);

	if (dom->firmware_path && split_image(dom))
		forget(&dom->firmware_path);
	if (!xlpt_dom_is_foreign(dom)) {
		/* Not how libvirt's Xen driver is told of UEFI; as firmware_override= nothing starts. */
		if (uefi)
			forget(&dom->loader);
		return;
	}
	/* SeaBIOS alone starts kernel= of an HVM guest (xl.cfg(5), Direct Kernel Boot). */
	if (dom->type == XLPT_DOM_HVM && dom->kernel)
		dom->firmware = 0;
	else if (uefi)
		dom->firmware = XLPT_FW_UEFI;
	/* QEMU and its BIOS of another hypervisor; libxl has its own, and hvmloader. */
	forget(&dom->emulator);
	forget(&dom->loader);
}

/* libvirt has one text for all arguments, and hands it over as one (libxl_conf.c); xl has a list. */
static void fit_bootloader(struct xlpt_dom *dom)
{
	char **old = dom->bootloader_args, **words = NULL;

	if (!old || !old[0] || old[1] || !strpbrk(old[0], " \t\n"))
		return;
	words = xlpt_xl_split(old[0]);
	xlpt_strv_free(old);
	dom->bootloader_args = words;
}

bool xlpt_xl_is_unassigned(const struct xlpt_pci *pci)
{
	for (size_t i = 0; i < pci->at.extra.n; i++) {
		const struct xlpt_carry *c = &pci->at.extra.items[i];

		if (c->side == XLPT_SIDE_LIBVIRT && !strcmp(c->path, "address") &&
		    strstr(c->text, "type='unassigned'"))
			return true;
	}
	return false;
}

static void fit_pci(struct xlpt_dom *dom)
{
	for (size_t i = 0; i < dom->n_pci; i++)
		if (xlpt_xl_is_unassigned(&dom->pci[i]))
			drop(dom, "pci", i--);
}

void xlpt_xl_fit(struct xlpt_dom *dom)
{
	fit_pci(dom);
	if (dom->devices_only)
		return;
	xlpt_xl_fit_boot(dom); /* before a device is left out */
	fit_displays(dom);
	fit_video(dom);
	fit_serial(dom);
	xlpt_xl_fit_usb(dom);
	fit_sleep(dom);
	fit_sound(dom);
	fit_nets(dom);
	xlpt_xl_fit_disks(dom);
	fit_cpu(dom);
	xlpt_xl_fit_cpus(dom);
	fit_programs(dom);
	fit_bootloader(dom);
	/* libvirt takes it down, too (virDomainDefPostParseMemory). */
	if (dom->memory.has && dom->maxmem.has && dom->memory.v > dom->maxmem.v)
		dom->memory.v = dom->maxmem.v;
	if (dom->cpu_weight.has && (!dom->cpu_weight.v || dom->cpu_weight.v > 65535))
		dom->cpu_weight.has = false;
}
