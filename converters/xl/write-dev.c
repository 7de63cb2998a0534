/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices as xl has them. What cannot be said is left out; the comparison afterwards finds it. */
#include "converters/xl/write-internal.h"

#include <arpa/inet.h>
#include <string.h>

#define VNC_BASE 5900

/* ---- pci ---- */

static enum xlpt_tri opposite(enum xlpt_tri t)
{
	return t == XLPT_UNSET ? XLPT_UNSET : t == XLPT_ON ? XLPT_OFF : XLPT_ON;
}

/* The options of a device: libvirt's words are used where xl's were not said. */
static void effective(const struct xlpt_pci *p, struct xlpt_spec *out)
{
	const struct xlpt_bdf *g = &p->guest.v;

	*out = p->spec;
	if (out->permissive == XLPT_UNSET)
		out->permissive = opposite(p->filtering);
	/* managed devices are taken from their driver at start, which is what seize does. */
	if (out->seize == XLPT_UNSET)
		out->seize = p->managed;
	if (out->vslot < 0 && p->guest.has && !g->seg && !g->bus && !g->func)
		out->vslot = g->dev;
}

void xlpt_xlw_pci(const struct xlpt_dom *dom, struct xlpt_str *out)
{
	struct xlpt_xlw_list list = { 0 };

	for (size_t i = 0; i < dom->n_pci; i++) {
		struct xlpt_spec spec;
		_cleanup_free_ char *text = NULL;

		effective(&dom->pci[i], &spec);
		if (!spec.has_bdf && !spec.name)
			continue; /* from a pool: known only when the guest starts */
		text = xlpt_spec_format(&spec);
		xlpt_xlw_item(&list, text);
	}
	xlpt_xlw_list(out, "pci", &list);
}

/* ---- disks ---- */

static void write_disks(const struct xlpt_dom *dom, struct xlpt_str *out)
{
	struct xlpt_xlw_list list = { 0 };

	for (size_t i = 0; i < dom->n_disk; i++) {
		const struct xlpt_disk *d = &dom->disk[i];
		_cleanup_str_ struct xlpt_str s = { 0 };
		bool medium = d->target && *d->target;
		size_t len = medium ? strlen(d->target) : 0;

		/*
		 * libxlutil refuses a disk without a name, and without a medium if it is no CD-ROM; libxl
		 * a name that it does not know. Floppy drives it has none.
		 */
		if (!d->vdev || !xlpt_xlw_option_ok(d->vdev) || !xlpt_xl_vdev(d->vdev, NULL) ||
		    (!medium && d->dev != XLPT_DISKDEV_CDROM))
			continue;
		xlpt_xlw_option(&s, "format", xlpt_xl_spell(xlpt_xl_formats, d->format));
		xlpt_xlw_option(&s, "vdev", d->vdev);
		if (d->readonly != XLPT_UNSET)
			xlpt_xlw_option(&s, "access", d->readonly == XLPT_ON ? "ro" : "rw");
		if (d->dev == XLPT_DISKDEV_CDROM || d->dev == XLPT_DISKDEV_DISK)
			xlpt_xlw_option(&s, "devtype",
					d->dev == XLPT_DISKDEV_CDROM ? "cdrom" : "disk");
		xlpt_xlw_option(&s, "backendtype", xlpt_xl_spell(xlpt_xl_drivers, d->driver));
		xlpt_xlw_option(&s, "backend", d->backend);
		xlpt_xlw_option(&s, "script", d->script);
		if (d->discard != XLPT_UNSET)
			xlpt_str_addf(&s, "%s%sdiscard", s.len ? "," : "",
				      d->discard == XLPT_ON ? "" : "no-");
		if (d->direct_io_safe == XLPT_ON)
			xlpt_str_addf(&s, "%sdirect-io-safe", s.len ? "," : "");
		xlpt_xlw_extra(&s, &d->at);
		/* The target comes last: it takes the rest, but for a comma at its very end. */
		if (medium)
			xlpt_str_addf(&s, "%starget=%s%s", s.len ? "," : "", d->target,
				      d->target[len - 1] == ',' ? "," : "");
		else if (d->target)
			xlpt_str_addf(&s, "%starget=", s.len ? "," : "");
		xlpt_xlw_item(&list, xlpt_str_get(&s));
	}
	xlpt_xlw_list(out, "disk", &list);
}

/* ---- network ---- */

#define OVS_SCRIPT "vif-openvswitch"

/* A bridge of Open vSwitch, which only its own script can add to. */
static bool is_ovs(const struct xlpt_net *n)
{
	return n->id.vport == XLPT_VPORT_OVS && (!n->kind || n->kind == XLPT_NET_BRIDGE) &&
	       n->source && !strpbrk(n->source, ".:") &&
	       (!n->script || !strcmp(n->script, OVS_SCRIPT));
}

/* Whose VLANs xl can say: plain tags, the one untagged or all of a trunk. */
static bool says_ovs(const struct xlpt_net *n)
{
	const struct xlpt_netid *id = &n->id;
	bool ok = is_ovs(n) && (id->n_vlan < 2 || id->vlan_trunk == XLPT_ON);

	for (size_t i = 0; i < id->n_vlan; i++)
		ok &= id->vlan[i].id.has && id->vlan[i].id.v < 4096 && !id->vlan[i].native;
	return ok;
}

static void write_rate(struct xlpt_str *s, struct xlpt_num rate, struct xlpt_num us)
{
	/* libxlutil reads a 32-bit number; larger rates need a larger unit. */
	/* clang-format off */
	static const struct { const char *unit; uint64_t n; } units[] = {
		{ "GB/s", 1000000000 }, { "MB/s", 1000000 }, { "KB/s", 1000 }, { "B/s", 1 },
	};
	/* clang-format on */

	if (!rate.has || !rate.v)
		return;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(units); i++) {
		if (rate.v % units[i].n || rate.v / units[i].n > INT32_MAX)
			continue;
		xlpt_str_addf(s, "%srate=%llu%s", s->len ? "," : "",
			      (unsigned long long)(rate.v / units[i].n), units[i].unit);
		if (us.has && us.v && us.v <= INT32_MAX)
			xlpt_str_addf(s, "@%lluus", (unsigned long long)us.v);
		return;
	}
}

static void write_ips(struct xlpt_str *s, char **ips)
{
	_cleanup_str_ struct xlpt_str v = { 0 };

	for (; ips && *ips; ips++)
		xlpt_str_addf(&v, "%s%s", v.len ? " " : "", *ips);
	xlpt_xlw_option(s, "ip", v.s);
}

/*
 * xl's vif-openvswitch takes VLANs behind the bridge's name: "ovsbr0.100" is tagged, "ovsbr0:101:202"
 * a trunk, "ovsbr0.100:101" both.
 */
static void write_bridge(struct xlpt_str *s, const struct xlpt_net *n)
{
	_cleanup_str_ struct xlpt_str bridge = { 0 };
	const struct xlpt_netid *id = &n->id;

	xlpt_str_add(&bridge, n->source ? n->source : "");
	if (n->source && says_ovs(n))
		for (size_t i = 0; i < id->n_vlan; i++)
			xlpt_str_addf(&bridge, "%c%llu", id->vlan_trunk == XLPT_ON ? ':' : '.',
				      (unsigned long long)id->vlan[i].id.v);
	xlpt_xlw_option(s, "bridge", n->source ? bridge.s : NULL);
}

static void write_nets(const struct xlpt_dom *dom, struct xlpt_str *out)
{
	struct xlpt_xlw_list list = { 0 };

	for (size_t i = 0; i < dom->n_net; i++) {
		const struct xlpt_net *n = &dom->net[i];
		_cleanup_str_ struct xlpt_str s = { 0 };

		if (n->type)
			xlpt_xlw_option(&s, "type", n->type == XLPT_NET_IOEMU ? "ioemu" : "vif");
		xlpt_xlw_option(&s, "mac", n->id.mac);
		if (!n->kind || n->kind == XLPT_NET_BRIDGE)
			write_bridge(&s, n);
		xlpt_xlw_option(&s, "gatewaydev", n->gatewaydev);
		xlpt_xlw_option(&s, "model", n->model);
		xlpt_xlw_option(&s, "vifname", n->vifname);
		xlpt_xlw_option(&s, "script",
				n->script   ? n->script
				: is_ovs(n) ? OVS_SCRIPT
					    : NULL);
		write_ips(&s, n->ips);
		xlpt_xlw_option(&s, "backend", n->backend);
		write_rate(&s, n->rate, n->rate_us);
		xlpt_xlw_option_num(&s, "devid", n->devid);
		xlpt_xlw_option_num(&s, "mtu", n->mtu);
		if (n->trusted != XLPT_UNSET)
			xlpt_str_addf(&s, "%s%strusted", s.len ? "," : "",
				      n->trusted == XLPT_ON ? "" : "un");
		xlpt_xlw_extra(&s, &n->at);
		xlpt_xlw_item(&list, xlpt_str_get(&s));
	}
	xlpt_xlw_list(out, "vif", &list);
}

/* ---- graphics ---- */

static void display(const struct xlpt_gfx *g, struct xlpt_num *out)
{
	*out = (struct xlpt_num){ 0 };
	if (g->port.has && g->port.v >= VNC_BASE && g->port.v <= UINT16_MAX)
		*out = (struct xlpt_num){ true, g->port.v - VNC_BASE };
}

/* An IPv6 address alone libxl would take for an address and a display. */
static char *listen_text(const struct xlpt_gfx *g, struct xlpt_num *n)
{
	unsigned char addr[16];
	char *text;

	display(g, n);
	if (!g->listen || g->type != XLPT_GFX_VNC || inet_pton(AF_INET6, g->listen, addr) != 1)
		return xlpt_xstrdup(g->listen);
	text = xlpt_xasprintf("[%s]:%llu", g->listen, n->has ? (unsigned long long)n->v : 0);
	n->has = false;
	return text;
}

static void write_spice(const struct xlpt_gfx *g, struct xlpt_str *out)
{
	xlpt_xlw_tri(out, "spice", XLPT_ON);
	xlpt_xlw_string(out, "spicehost", g->listen);
	xlpt_xlw_num(out, "spiceport", g->port);
	xlpt_xlw_num(out, "spicetls_port", g->tls_port);
	xlpt_xlw_string(out, "spicepasswd", g->passwd);
	xlpt_xlw_tri(out, "spicedisable_ticketing", opposite(g->ticketing));
	xlpt_xlw_tri(out, "spiceagent_mouse", g->agent_mouse);
	xlpt_xlw_tri(out, "spicevdagent", g->vdagent);
	xlpt_xlw_tri(out, "spice_clipboard_sharing", g->clipboard);
	xlpt_xlw_num(out, "spiceusbredirection", g->usb_redir);
	xlpt_xlw_string(out, "spice_image_compression", g->image_compression);
	xlpt_xlw_string(out, "spice_streaming_video", g->streaming);
}

static void write_wide(const struct xlpt_gfx *g, struct xlpt_str *out)
{
	struct xlpt_num n;

	if (g->type == XLPT_GFX_VNC) {
		_cleanup_free_ char *listen = listen_text(g, &n);

		xlpt_xlw_tri(out, "vnc", XLPT_ON);
		xlpt_xlw_string(out, "vnclisten", listen);
		xlpt_xlw_num(out, "vncdisplay", n);
		xlpt_xlw_tri(out, "vncunused", g->autoport);
		xlpt_xlw_string(out, "vncpasswd", g->passwd);
	} else if (g->type == XLPT_GFX_SDL) {
		xlpt_xlw_tri(out, "sdl", XLPT_ON);
		xlpt_xlw_tri(out, "opengl", g->opengl);
		xlpt_xlw_string(out, "display", g->display);
		xlpt_xlw_string(out, "xauthority", g->xauthority);
	} else if (g->type == XLPT_GFX_SPICE) {
		write_spice(g, out);
	}
}

static void write_vfb(const struct xlpt_gfx *g, struct xlpt_xlw_list *list)
{
	_cleanup_str_ struct xlpt_str s = { 0 };
	struct xlpt_num n;
	_cleanup_free_ char *listen = listen_text(g, &n);

	xlpt_xlw_option(&s, g->type == XLPT_GFX_SDL ? "sdl" : "vnc", "1");
	xlpt_xlw_option(&s, "vnclisten", listen);
	xlpt_xlw_option_num(&s, "vncdisplay", n);
	xlpt_xlw_option_tri(&s, "vncunused", g->autoport);
	xlpt_xlw_option(&s, "vncpasswd", g->passwd);
	xlpt_xlw_option(&s, "keymap", g->keymap);
	xlpt_xlw_option_tri(&s, "opengl", g->opengl);
	xlpt_xlw_option(&s, "display", g->display);
	xlpt_xlw_option(&s, "xauthority", g->xauthority);
	xlpt_xlw_extra(&s, &g->at);
	xlpt_xlw_item(list, s.s);
}

/* Nobody said it, and xl gives it without being told (read-gfx.c). */
static bool is_unsaid_vnc(const struct xlpt_dom *dom, const struct xlpt_gfx *g)
{
	return dom->vnc_unsaid == XLPT_ON && g->type == XLPT_GFX_VNC && g->autoport == XLPT_ON &&
	       xlpt_streq(g->listen, "127.0.0.1") && !g->port.has && !g->passwd && !g->keymap;
}

static bool is_unsaid_card(const struct xlpt_dom *dom)
{
	return dom->card_unsaid == XLPT_ON && dom->n_video == 1 &&
	       dom->video[0].model == XLPT_VGA_CIRRUS && !dom->video[0].vram.has;
}

static void write_gfx(const struct xlpt_dom *dom, struct xlpt_str *out)
{
	struct xlpt_xlw_list list = { 0 };
	unsigned seen = 0;
	bool first = true;

	for (size_t i = 0; i < dom->n_gfx; i++) {
		const struct xlpt_gfx *g = &dom->gfx[i];
		bool vfb = g->vfb == XLPT_ON || (g->vfb == XLPT_UNSET && dom->type != XLPT_DOM_HVM);

		if (vfb && g->type != XLPT_GFX_SPICE) {
			write_vfb(g, &list);
		} else if (!(seen & 1u << g->type)) {
			seen |= 1u << g->type;
			if (is_unsaid_vnc(dom, g))
				continue;
			write_wide(g, out);
			if (first)
				xlpt_xlw_string(out, "keymap", g->keymap);
			first = false;
		}
	}
	/* xl gives an HVM guest VNC unless the configuration says no. */
	if (dom->type == XLPT_DOM_HVM && !(seen & 1u << XLPT_GFX_VNC))
		xlpt_xlw_tri(out, "vnc", XLPT_OFF);
	if (dom->type == XLPT_DOM_HVM)
		xlpt_xlw_tri(out, "nographic", dom->nographic);
	xlpt_xlw_list(out, "vfb", &list);
}

/* ---- the rest ---- */

static void write_video(const struct xlpt_dom *dom, struct xlpt_str *out)
{
	struct xlpt_num mib;

	if (dom->type != XLPT_DOM_HVM || !dom->n_video || is_unsaid_card(dom))
		return;
	xlpt_xlw_string(out, "vga", xlpt_xl_spell(xlpt_xl_vgas, dom->video[0].model));
	mib = dom->video[0].vram;
	mib.v = mib.v / 1024 + (mib.v % 1024 != 0);
	xlpt_xlw_num(out, "videoram", mib);
}

void xlpt_xlw_devices(const struct xlpt_dom *dom, struct xlpt_str *out)
{
	write_disks(dom, out);
	write_nets(dom, out);
	write_gfx(dom, out);
	write_video(dom, out);
	xlpt_xlw_chars(dom, out);
	xlpt_xlw_usb(dom, out);
}
