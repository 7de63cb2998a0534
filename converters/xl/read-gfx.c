/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Graphics: the domain-wide keys of HVM guests, vfb = [ ... ], and the video card. */
#include "converters/xl/read-internal.h"

#include <string.h>

#define VNC_BASE 5900

static void keep(struct xlpt_xl_reader *r, const char *key, char **out)
{
	const char *s = xlpt_xl_string(r, key);

	if (s)
		*out = xlpt_xstrdup(s);
}

/*
 * libxl takes an empty password of VNC for none, and hands an empty address on: to QEMU ":0" is every
 * address of the host (libxl_dm.c, "if (vnc->listen)"; ui/vnc.c).
 */
static void mend_empty(struct xlpt_xl_reader *r, struct xlpt_gfx *g)
{
	if (g->listen && !*g->listen) {
		free(g->listen);
		g->listen = xlpt_xstrdup("0.0.0.0");
		xlpt_loss_add(r->losses, XLPT_LOSS_NOTE, r->scan->file, g->at.line, 0, "vnclisten",
			      "an empty address is every address of the host: said as 0.0.0.0");
	}
	if (g->passwd && !*g->passwd)
		free(XLPT_TAKE(g->passwd));
}

static void tri(struct xlpt_xl_reader *r, const char *key, enum xlpt_tri *out)
{
	const char *s = xlpt_xl_string(r, key);

	if (s && !xlpt_xl_bool(s, out))
		xlpt_xl_unuse(r, key);
}

static void num(struct xlpt_xl_reader *r, const char *key, struct xlpt_num *out)
{
	const char *s = xlpt_xl_string(r, key);

	if (s && !xlpt_xl_num(s, INT32_MAX, out))
		xlpt_xl_unuse(r, key);
}

/* True when the key is there and on. What is neither on nor off stays a carry. */
static bool on(struct xlpt_xl_reader *r, const char *key, size_t *off)
{
	const struct xlpt_xl_setting *s = xlpt_xl_find(r, key);
	const char *text = xlpt_xl_string(r, key);
	enum xlpt_tri v = XLPT_UNSET;

	if (text && xlpt_xl_bool(text, &v) && v == XLPT_ON) {
		*off = s->key_off;
		return true;
	}
	if (s && v == XLPT_UNSET)
		xlpt_xl_unuse(r, key);
	return false;
}

/*
 * libxl gives an HVM guest VNC on the loopback interface, and a Cirrus card to see there, unless
 * vnc= says no (libxl_create.c, 4.17 and 4.20). libvirt gives it neither, so both are said here.
 */
static bool has_vnc_unsaid(struct xlpt_xl_reader *r)
{
	const char *text = xlpt_xl_string(r, "vnc");
	enum xlpt_tri v;
	bool said = text && xlpt_xl_bool(text, &v);

	if (text && !said)
		xlpt_xl_unuse(r, "vnc");
	return r->dom->type == XLPT_DOM_HVM && !said;
}

static struct xlpt_gfx *add(struct xlpt_xl_reader *r, int type, size_t off)
{
	struct xlpt_gfx *g = XLPT_DOM_ADD(r->dom, gfx);

	g->type = type;
	xlpt_xl_at(r, off, &g->at);
	return g;
}

/* libxl takes "A:N" for address and display (libxl_dm.c); an IPv6 address is in brackets then. */
static void split_listen(struct xlpt_gfx *g)
{
	char *colon = g->listen ? strrchr(g->listen, ':') : NULL;
	bool brackets = colon && *g->listen == '[' && colon[-1] == ']';
	uint64_t n;

	if (!colon || colon == g->listen || (strchr(g->listen, ':') != colon && !brackets) ||
	    (g->port.has && g->port.v != VNC_BASE) ||
	    !xlpt_parse_uint(colon + 1, strlen(colon + 1), 10, 65535 - VNC_BASE, &n))
		return;
	g->port = (struct xlpt_num){ true, n + VNC_BASE };
	colon[brackets ? -1 : 0] = '\0';
	if (brackets)
		memmove(g->listen, g->listen + 1, strlen(g->listen));
}

static void read_spice(struct xlpt_xl_reader *r, size_t off)
{
	struct xlpt_gfx *g = add(r, XLPT_GFX_SPICE, off);

	keep(r, "spicehost", &g->listen);
	num(r, "spiceport", &g->port);
	num(r, "spicetls_port", &g->tls_port);
	keep(r, "spicepasswd", &g->passwd);
	tri(r, "spicedisable_ticketing", &g->ticketing);
	if (g->ticketing)
		g->ticketing = g->ticketing == XLPT_ON ? XLPT_OFF : XLPT_ON;
	tri(r, "spiceagent_mouse", &g->agent_mouse);
	tri(r, "spicevdagent", &g->vdagent);
	tri(r, "spice_clipboard_sharing", &g->clipboard);
	num(r, "spiceusbredirection", &g->usb_redir);
	keep(r, "spice_image_compression", &g->image_compression);
	keep(r, "spice_streaming_video", &g->streaming);
}

/* As the configuration has them; libvirt's first display is the guest's first. */
static void sort(struct xlpt_dom *dom)
{
	for (size_t i = 1; i < dom->n_gfx; i++)
		for (size_t j = i; j && dom->gfx[j].at.line < dom->gfx[j - 1].at.line; j--) {
			struct xlpt_gfx g = dom->gfx[j];

			dom->gfx[j] = dom->gfx[j - 1];
			dom->gfx[j - 1] = g;
		}
}

static void domain_wide(struct xlpt_xl_reader *r)
{
	struct xlpt_gfx *g = NULL;
	struct xlpt_num display = { 0 };
	bool unsaid = has_vnc_unsaid(r);
	size_t off = 0;

	if (on(r, "vnc", &off) || unsaid) {
		g = add(r, XLPT_GFX_VNC, off);
		keep(r, "vnclisten", &g->listen);
		keep(r, "vncpasswd", &g->passwd);
		mend_empty(r, g);
		tri(r, "vncunused", &g->autoport);
		num(r, "vncdisplay", &display);
		if (display.has)
			g->port = (struct xlpt_num){ true, display.v + VNC_BASE };
		split_listen(g);
		if (unsaid && !g->listen)
			g->listen = xlpt_xstrdup("127.0.0.1");
		if (unsaid && !g->port.has && !g->autoport)
			g->autoport = XLPT_ON;
	}
	if (r->dom->type == XLPT_DOM_HVM)
		tri(r, "nographic", &r->dom->nographic);
	if (on(r, "sdl", &off)) {
		struct xlpt_gfx *sdl = add(r, XLPT_GFX_SDL, off);

		tri(r, "opengl", &sdl->opengl);
		keep(r, "display", &sdl->display);
		keep(r, "xauthority", &sdl->xauthority);
	}
	if (r->dom->type == XLPT_DOM_HVM && on(r, "spice", &off))
		read_spice(r, off);
	sort(r->dom);
	/* One for all of them. */
	if (r->dom->n_gfx)
		keep(r, "keymap", &r->dom->gfx->keymap);
}

static void vfb(struct xlpt_xl_reader *r, struct xlpt_xl_value *v)
{
	struct xlpt_gfx *g = add(r, 0, v->off);
	char *s = v->text, *key, *value;
	bool vnc = false, sdl = false;

	g->vfb = XLPT_ON;
	while (xlpt_xl_pair(&s, &key, &value)) {
		enum xlpt_tri t = XLPT_UNSET;
		struct xlpt_num n = { 0 };

		if (!value)
			xlpt_xl_option(&g->at, key, NULL);
		else if (!strcmp(key, "vnc") && xlpt_xl_bool(value, &t) && t == XLPT_ON)
			vnc = true;
		else if (!strcmp(key, "sdl") && xlpt_xl_bool(value, &t) && t == XLPT_ON)
			sdl = true;
		else if (!strcmp(key, "vnclisten") && !g->listen)
			g->listen = xlpt_xstrdup(value);
		else if (!strcmp(key, "vncpasswd") && !g->passwd)
			g->passwd = xlpt_xstrdup(value);
		else if (!strcmp(key, "vncunused") && xlpt_xl_bool(value, &t))
			g->autoport = t;
		else if (!strcmp(key, "vncdisplay") && xlpt_xl_num(value, 59635, &n))
			g->port = (struct xlpt_num){ true, n.v + VNC_BASE };
		else if (!strcmp(key, "keymap") && !g->keymap)
			g->keymap = xlpt_xstrdup(value);
		else if (!strcmp(key, "opengl") && xlpt_xl_bool(value, &t))
			g->opengl = t;
		else if (!strcmp(key, "display") && !g->display)
			g->display = xlpt_xstrdup(value);
		else if (!strcmp(key, "xauthority") && !g->xauthority)
			g->xauthority = xlpt_xstrdup(value);
		else if (strcmp(key, "type") != 0)
			xlpt_xl_option(&g->at, key, value);
	}
	mend_empty(r, g);
	split_listen(g);
	/* libxl gives a vfb VNC when nothing is said (libxl__device_vfb_setdefault). */
	g->type = sdl ? XLPT_GFX_SDL : XLPT_GFX_VNC;
	if (sdl && vnc)
		xlpt_xl_option(&g->at, "vnc", "1");
}

static bool strings_only(const struct xlpt_xl_values *values)
{
	for (size_t i = 0; i < values->n; i++)
		if (!values->v[i].text)
			return false;
	return true;
}

static void read_video(struct xlpt_xl_reader *r)
{
	const char *vga = xlpt_xl_string(r, "vga");
	const struct xlpt_xl_setting *s = xlpt_xl_find(r, "vga");
	enum xlpt_tri std = XLPT_UNSET;
	struct xlpt_num ram = { 0 };
	struct xlpt_video *v;
	int model = vga ? xlpt_xl_word(xlpt_xl_vgas, vga) : 0;

	if (s && !model)
		xlpt_xl_unuse(r, "vga");
	if (!s) {
		s = xlpt_xl_find(r, "stdvga");
		tri(r, "stdvga", &std);
		model = std == XLPT_ON ? XLPT_VGA_STD : std == XLPT_OFF ? XLPT_VGA_CIRRUS : 0;
	}
	num(r, "videoram", &ram);
	/* With a display libvirt adds the same card by itself, but for one with a size. */
	if (!s && (has_vnc_unsaid(r) || ram.has || !r->dom->n_gfx)) {
		model = XLPT_VGA_CIRRUS;
		r->dom->card_unsaid = xlpt_xl_find(r, "videoram") ? XLPT_UNSET : XLPT_ON;
	}
	if (!model && !ram.has)
		return;
	s = s ? s : xlpt_xl_find(r, "videoram");
	v = XLPT_DOM_ADD(r->dom, video);
	if (s)
		xlpt_xl_at(r, s->key_off, &v->at);
	v->model = model;
	if (ram.has)
		v->vram = (struct xlpt_num){ true, ram.v * 1024 };
}

/* What nobody said. A key that is there was read, here or in another file. */
static void mark_unsaid(struct xlpt_xl_reader *r)
{
	static const char *const vnc[] = { "vnc",	"vnclisten", "vncdisplay",
					   "vncunused", "vncpasswd", "keymap" };

	if (!has_vnc_unsaid(r))
		return;
	r->dom->vnc_unsaid = XLPT_ON;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(vnc); i++)
		if (xlpt_xl_find(r, vnc[i]))
			r->dom->vnc_unsaid = XLPT_UNSET;
}

/*
 * The domain-wide keys count for an HVM guest, and for a PV guest that has no vfb= (xl_parse.c). Others
 * keep them as they stand.
 */
static bool are_read(struct xlpt_xl_reader *r, size_t vfbs)
{
	static const char *const keys[] = { "vnc", "sdl" };
	size_t off;

	if (r->dom->type == XLPT_DOM_HVM || (r->dom->type != XLPT_DOM_PVH && !vfbs))
		return true;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(keys); i++)
		if (on(r, keys[i], &off))
			xlpt_xl_unuse(r, keys[i]);
	return false;
}

int xlpt_xl_read_gfx(struct xlpt_xl_reader *r)
{
	_cleanup_xl_values_ struct xlpt_xl_values values = { 0 };
	bool list = xlpt_xl_list(r, "vfb", &values);

	mark_unsaid(r);
	if (are_read(r, values.n))
		domain_wide(r);
	if (list && strings_only(&values))
		for (size_t i = 0; i < values.n; i++)
			vfb(r, &values.v[i]);
	else if (list)
		xlpt_xl_unuse(r, "vfb");
	if (r->dom->type == XLPT_DOM_HVM)
		read_video(r);
	return 0;
}
