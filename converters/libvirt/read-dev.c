/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Displays, character devices, input, USB controllers, sound and video. */
#include "converters/libvirt/reader.h"

#include <string.h>

static void read_listen(xmlNode *node, struct xlpt_gfx *g)
{
	xmlNode *first = NULL;

	g->listen = xlpt_lv_read_str(node, "listen");
	for (xmlNode *n = xlpt_lv_next(node, NULL); n && !first; n = xlpt_lv_next(node, n))
		if (xlpt_lv_is(n, "listen"))
			first = n;
	/* libvirt writes the address twice; another one, or another type, is kept as it is. */
	if (!first || !xlpt_streq(xlpt_lv_peek(first, "type"), "address") ||
	    !xlpt_lv_only(first, "type", "address", NULL) || !xlpt_lv_peek(first, "address"))
		return;
	if (!g->listen)
		g->listen = xlpt_xstrdup(xlpt_lv_peek(first, "address"));
	else if (!xlpt_streq(g->listen, xlpt_lv_peek(first, "address")))
		return;
	xlpt_lv_mark_whole(first);
}

static int read_port(struct xlpt_lv_reader *r, xmlNode *node, const char *attr, struct xlpt_gfx *g,
		     struct xlpt_num *out)
{
	const char *s = xlpt_lv_attr(node, attr);

	/* -1 is libvirt's older way to say autoport. */
	if (xlpt_streq(s, "-1")) {
		if (!g->autoport)
			g->autoport = XLPT_ON;
		return 0;
	}
	return xlpt_lv_read_dec(r, node, attr, s, 65535, out);
}

static void read_spice(xmlNode *node, struct xlpt_gfx *g)
{
	/* clang-format off */
	static const struct xlpt_lv_word mouse[] = { { "client", XLPT_ON },
						     { "server", XLPT_OFF }, { 0 } };
	/* clang-format on */
	xmlNode *image = xlpt_lv_child(node, "image"),
		*streaming = xlpt_lv_child(node, "streaming");

	g->agent_mouse =
		(enum xlpt_tri)xlpt_lv_read_word(xlpt_lv_child(node, "mouse"), "mode", mouse);
	g->clipboard = (enum xlpt_tri)xlpt_lv_read_word(xlpt_lv_child(node, "clipboard"),
							"copypaste", xlpt_lv_yes_no);
	g->image_compression = xlpt_lv_read_str(image, "compression");
	g->streaming = xlpt_lv_read_str(streaming, "mode");
	/* Both need the agent in the guest, and libxlMakeBuildInfoVfb turns it on for them. */
	if (g->agent_mouse == XLPT_ON || g->clipboard == XLPT_ON)
		g->vdagent = XLPT_ON;
	/* libxl wants a password or a word that none is needed. */
	if (!g->passwd)
		g->ticketing = XLPT_OFF;
}

int xlpt_lv_read_graphics(struct xlpt_lv_reader *r, xmlNode *node)
{
	int type = xlpt_lv_word_value(xlpt_lv_gfx_type, xlpt_lv_peek(node, "type")), rc;
	struct xlpt_gfx *g;

	if (!type)
		return 0;
	g = XLPT_DOM_ADD(r->dom, gfx);
	xlpt_lv_read_at(r, &g->at, node);
	xlpt_lv_mark(node);
	xlpt_lv_attr(node, "type");
	g->type = type;
	if (type == XLPT_GFX_SDL) {
		xmlNode *gl = xlpt_lv_child(node, "gl");

		g->display = xlpt_lv_read_str(node, "display");
		g->xauthority = xlpt_lv_read_str(node, "xauth");
		g->opengl = (enum xlpt_tri)xlpt_lv_read_word(gl, "enable", xlpt_lv_yes_no);
		xlpt_lv_read_rest(r, &g->at, node);
		return 1;
	}
	g->autoport = (enum xlpt_tri)xlpt_lv_read_word(node, "autoport", xlpt_lv_yes_no);
	rc = read_port(r, node, "port", g, &g->port);
	if (rc == 0 && type == XLPT_GFX_SPICE)
		rc = read_port(r, node, "tlsPort", g, &g->tls_port);
	if (rc)
		return rc;
	read_listen(node, g);
	g->passwd = xlpt_lv_read_str(node, "passwd");
	g->keymap = xlpt_lv_read_str(node, "keymap");
	if (type == XLPT_GFX_SPICE)
		read_spice(node, g);
	xlpt_lv_read_rest(r, &g->at, node);
	return 1;
}

static xmlNode *source_of_mode(xmlNode *node, const char *mode)
{
	for (xmlNode *n = xlpt_lv_next(node, NULL); n; n = xlpt_lv_next(node, n))
		if (xlpt_lv_is(n, "source") && xlpt_streq(xlpt_lv_peek(n, "mode"), mode)) {
			xlpt_lv_mark(n);
			xlpt_lv_attr(n, "mode");
			return n;
		}
	return NULL;
}

static void read_peer(xmlNode *node, struct xlpt_chr *c)
{
	/* clang-format off */
	static const struct xlpt_lv_word modes[] = { { "bind", XLPT_ON }, { "connect", XLPT_OFF },
						     { 0 } };
	/* clang-format on */
	xmlNode *source = c->kind == XLPT_CHR_UDP ? NULL : xlpt_lv_child(node, "source");
	xmlNode *protocol;

	switch (c->kind) {
	case XLPT_CHR_UDP: {
		xmlNode *to = source_of_mode(node, "connect"), *from = source_of_mode(node, "bind");

		c->host = xlpt_lv_read_str(to, "host");
		c->service = xlpt_lv_read_str(to, "service");
		c->bind_host = xlpt_lv_read_str(from, "host");
		c->bind_service = xlpt_lv_read_str(from, "service");
		break;
	}
	case XLPT_CHR_TCP:
		protocol = xlpt_lv_child(node, "protocol");
		if (xlpt_streq(xlpt_lv_peek(protocol, "type"), "telnet"))
			c->kind = XLPT_CHR_TELNET;
		if (c->kind == XLPT_CHR_TELNET || xlpt_streq(xlpt_lv_peek(protocol, "type"), "raw"))
			xlpt_lv_attr(protocol, "type");
		c->listen = (enum xlpt_tri)xlpt_lv_read_word(source, "mode", modes);
		c->host = xlpt_lv_read_str(source, "host");
		c->service = xlpt_lv_read_str(source, "service");
		break;
	case XLPT_CHR_UNIX:
		c->listen = (enum xlpt_tri)xlpt_lv_read_word(source, "mode", modes);
		c->path = xlpt_lv_read_str(source, "path");
		break;
	case XLPT_CHR_FILE:
	case XLPT_CHR_PIPE:
	case XLPT_CHR_DEV:
		c->path = xlpt_lv_read_str(source, "path");
		break;
	default: /* a pty's path belongs to the running domain */
		break;
	}
}

int xlpt_lv_read_chr(struct xlpt_lv_reader *r, xmlNode *node)
{
	int kind = xlpt_lv_word_value(xlpt_lv_chr_type, xlpt_lv_peek(node, "type")), rc = 0;
	xmlNode *target = xlpt_lv_child(node, "target");
	const char *target_type = xlpt_lv_peek(target, "type");
	struct xlpt_dom *dom = r->dom;
	struct xlpt_chr *c;

	/* A channel that is not Xen's, a console on virtio: the model has no place for them. */
	if (!kind || (xlpt_lv_is(node, "channel") && !xlpt_streq(target_type, "xen")) ||
	    (xlpt_lv_is(node, "console") && target_type &&
	     !xlpt_lv_word_value(xlpt_lv_console_target, target_type)))
		return 0;
	c = xlpt_lv_is(node, "serial")	   ? XLPT_DOM_ADD(dom, serial)
	    : xlpt_lv_is(node, "parallel") ? XLPT_DOM_ADD(dom, parallel)
	    : xlpt_lv_is(node, "console")  ? XLPT_DOM_ADD(dom, console)
					   : XLPT_DOM_ADD(dom, channel);
	xlpt_lv_read_at(r, &c->at, node);
	xlpt_lv_mark(node);
	xlpt_lv_attr(node, "type");
	c->kind = kind;
	read_peer(node, c);
	if (xlpt_lv_is(node, "channel")) {
		xlpt_lv_attr(target, "type");
		c->name = xlpt_lv_read_str(target, "name");
	} else {
		if (xlpt_lv_is(node, "console"))
			c->target = xlpt_lv_read_word(target, "type", xlpt_lv_console_target);
		rc = xlpt_lv_read_dec(r, target, "port",
				      target ? xlpt_lv_attr(target, "port") : NULL, 65535,
				      &c->port);
		/* libvirt never lets the guest wait for a peer: ",server,nowait". */
		if (c->listen == XLPT_ON && !xlpt_lv_is(node, "console"))
			c->wait = XLPT_OFF;
	}
	if (rc)
		return rc;
	xlpt_lv_read_rest(r, &c->at, node);
	return 1;
}

int xlpt_lv_read_input(struct xlpt_lv_reader *r, xmlNode *node)
{
	int type = xlpt_lv_word_value(xlpt_lv_input_type, xlpt_lv_peek(node, "type"));
	const char *bus = xlpt_lv_peek(node, "bus");
	struct xlpt_input *in;

	if (!type || (bus && !xlpt_lv_word_value(xlpt_lv_input_bus, bus)))
		return 0;
	in = XLPT_DOM_ADD(r->dom, input);
	xlpt_lv_read_at(r, &in->at, node);
	in->type = xlpt_lv_read_word(node, "type", xlpt_lv_input_type);
	in->bus = xlpt_lv_read_word(node, "bus", xlpt_lv_input_bus);
	/* A USB device needs the bus; libvirt's own conversion says usb=1 as well. */
	if (in->bus == XLPT_BUS_USB && r->hvm)
		r->dom->usb = XLPT_ON;
	xlpt_lv_read_rest(r, &in->at, node);
	return 1;
}

static int read_xenbus(struct xlpt_lv_reader *r, xmlNode *node)
{
	struct xlpt_dom *dom = r->dom;
	int rc;

	if (dom->max_grant_frames.has || dom->max_event_channels.has ||
	    !xlpt_lv_only(node, "type", "index", "maxGrantFrames", "maxEventChannels", NULL) ||
	    (!xlpt_lv_peek(node, "maxGrantFrames") && !xlpt_lv_peek(node, "maxEventChannels")))
		return 0;
	rc = xlpt_lv_read_dec(r, node, "maxGrantFrames", xlpt_lv_attr(node, "maxGrantFrames"),
			      UINT32_MAX, &dom->max_grant_frames);
	if (rc == 0)
		rc = xlpt_lv_read_dec(r, node, "maxEventChannels",
				      xlpt_lv_attr(node, "maxEventChannels"), UINT32_MAX,
				      &dom->max_event_channels);
	xlpt_lv_read_mark(r, &dom->max_grant_frames, node);
	xlpt_lv_read_mark(r, &dom->max_event_channels, node);
	xlpt_lv_mark_whole(node);
	return rc ? rc : 1;
}

int xlpt_lv_read_controller(struct xlpt_lv_reader *r, xmlNode *node)
{
	const char *type = xlpt_lv_peek(node, "type"), *model = xlpt_lv_peek(node, "model");
	struct xlpt_usbctrl *u;
	unsigned version;
	bool own;
	int rc;

	if (xlpt_streq(type, "xenbus"))
		return read_xenbus(r, node);
	/* "none" is no controller, and one with a master is a part of that. */
	if (!xlpt_streq(type, "usb") || xlpt_streq(model, "none") || xlpt_lv_first(node, "master"))
		return 0;
	u = XLPT_DOM_ADD(r->dom, usbctrl);
	xlpt_lv_read_at(r, &u->at, node);
	xlpt_lv_mark(node);
	xlpt_lv_attr(node, "type");
	rc = xlpt_lv_read_dec(r, node, "index", xlpt_lv_attr(node, "index"), UINT32_MAX, &u->index);
	if (rc == 0)
		rc = xlpt_lv_read_dec(r, node, "ports", xlpt_lv_attr(node, "ports"), UINT32_MAX,
				      &u->ports);
	if (rc)
		return rc;
	if (xlpt_streq(model, "qusb1") || xlpt_streq(model, "qusb2")) {
		xlpt_lv_attr(node, "model");
		u->type = XLPT_USBC_QUSB;
		u->version = (struct xlpt_num){ true, (uint64_t)(model[4] - '0') };
	} else if (xlpt_lv_is_word(model)) {
		version = xlpt_lv_usb_version(model, &own);
		if (version)
			u->version = (struct xlpt_num){ true, version };
		u->model = xlpt_lv_read_str(node, "model");
		if (version && own)
			free(XLPT_TAKE(u->model));
	}
	xlpt_lv_read_rest(r, &u->at, node);
	return 1;
}

int xlpt_lv_read_sound(struct xlpt_lv_reader *r, xmlNode *node)
{
	const char *model = xlpt_lv_peek(node, "model");
	struct xlpt_sound *s;

	/* Another one (virtio) is kept whole. */
	if (!xlpt_lv_word_value(xlpt_lv_sound_model, model))
		return 0;
	s = XLPT_DOM_ADD(r->dom, sound);
	xlpt_lv_read_at(r, &s->at, node);
	xlpt_lv_attr(node, "model");
	s->model = xlpt_xstrdup(xlpt_streq(model, "ich6") ? "hda" : model);
	xlpt_lv_read_rest(r, &s->at, node);
	return 1;
}

int xlpt_lv_read_video(struct xlpt_lv_reader *r, xmlNode *node)
{
	xmlNode *model = xlpt_lv_child(node, "model");
	struct xlpt_video *v;
	int rc;

	if (!xlpt_lv_word_value(xlpt_lv_video_model, xlpt_lv_peek(model, "type")))
		return 0;
	v = XLPT_DOM_ADD(r->dom, video);
	xlpt_lv_read_at(r, &v->at, node);
	xlpt_lv_mark(node);
	v->model = xlpt_lv_read_word(model, "type", xlpt_lv_video_model);
	rc = xlpt_lv_read_dec(r, model, "vram", xlpt_lv_attr(model, "vram"), UINT32_MAX, &v->vram);
	if (rc == 0)
		rc = xlpt_lv_read_dec(r, model, "heads", xlpt_lv_attr(model, "heads"), UINT32_MAX,
				      &v->heads);
	if (rc)
		return rc;
	v->primary = (enum xlpt_tri)xlpt_lv_read_word(model, "primary", xlpt_lv_yes_no);
	xlpt_lv_read_rest(r, &v->at, node);
	return 1;
}
