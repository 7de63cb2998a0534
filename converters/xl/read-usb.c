/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* usbctrl=, usbdev=, usbdevice= and soundhw= (xl.cfg(5)). */
#include "converters/xl/read-internal.h"

#include <string.h>

static int read_ctrls(struct xlpt_xl_reader *r)
{
	_cleanup_xl_values_ struct xlpt_xl_values values = { 0 };

	if (!xlpt_xl_list(r, "usbctrl", &values))
		return 0;
	for (size_t i = 0; i < values.n; i++) {
		struct xlpt_usbctrl *c;
		char *s = values.v[i].text, *key, *value;

		if (!s)
			return xlpt_xl_bad(r->scan, values.v[i].off, r->diag,
					   "a USB controller is a string, not a list");
		c = XLPT_DOM_ADD(r->dom, usbctrl);
		xlpt_xl_at(r, values.v[i].off, &c->at);
		while (xlpt_xl_pair(&s, &key, &value)) {
			if (value && !strcmp(key, "type") &&
			    xlpt_xl_word(xlpt_xl_usbctrl_types, value))
				c->type = xlpt_xl_word(xlpt_xl_usbctrl_types, value);
			else if (value && !strcmp(key, "version") &&
				 xlpt_xl_num(value, 9, &c->version))
				continue;
			else if (value && !strcmp(key, "ports") &&
				 xlpt_xl_num(value, 31, &c->ports))
				continue;
			else if (value && !strcmp(key, "backend") && !c->backend)
				c->backend = xlpt_xstrdup(value);
			else
				xlpt_xl_option(&c->at, key, value);
		}
	}
	return 0;
}

static int read_devs(struct xlpt_xl_reader *r)
{
	_cleanup_xl_values_ struct xlpt_xl_values values = { 0 };

	if (!xlpt_xl_list(r, "usbdev", &values))
		return 0;
	for (size_t i = 0; i < values.n; i++) {
		struct xlpt_usbdev *d;
		char *s = values.v[i].text, *key, *value;

		if (!s)
			return xlpt_xl_bad(r->scan, values.v[i].off, r->diag,
					   "a USB device is a string, not a list");
		d = XLPT_DOM_ADD(r->dom, usbdev);
		xlpt_xl_at(r, values.v[i].off, &d->at);
		while (xlpt_xl_pair(&s, &key, &value)) {
			if (value && !strcmp(key, "type") && !strcmp(value, "hostdev"))
				continue;
			if (value && !strcmp(key, "hostbus") && xlpt_xl_num(value, 255, &d->bus))
				continue;
			if (value && !strcmp(key, "hostaddr") && xlpt_xl_num(value, 255, &d->addr))
				continue;
			if (value && !strcmp(key, "controller") &&
			    xlpt_xl_num(value, 255, &d->ctrl))
				continue;
			if (value && !strcmp(key, "port") && xlpt_xl_num(value, 255, &d->port))
				continue;
			xlpt_xl_option(&d->at, key, value);
		}
	}
	return 0;
}

static bool hex(const char *s, size_t n, struct xlpt_num *out)
{
	out->has = n && n <= 4 && xlpt_parse_uint(s, n, 16, 0xffff, &out->v);
	return out->has;
}

static bool decimal(const char *s, size_t n, struct xlpt_num *out)
{
	out->has = n && n <= 3 && xlpt_parse_uint(s, n, 10, 255, &out->v);
	return out->has;
}

/* "host:BUS.ADDRESS" in decimal, or "host:VENDOR:PRODUCT" in hexadecimal digits (xl.cfg(5)). */
static bool host_device(const char *text, struct xlpt_usbdev *d)
{
	const char *s = text + strlen("host:"), *mid;
	size_t n;

	if (!xlpt_starts(text, "host:"))
		return false;
	n = strcspn(s, ".:");
	mid = s + n + 1;
	if (s[n] == '.')
		return decimal(s, n, &d->bus) && decimal(mid, strlen(mid), &d->addr);
	return s[n] == ':' && hex(s, n, &d->vendor) && hex(mid, strlen(mid), &d->product);
}

/* QEMU's old -usbdevice: what an entry is. */
enum usbdevice { OTHER, INPUT, BY_ADDRESS, BY_PRODUCT };

static enum usbdevice kind_of(const char *text, int *input, struct xlpt_usbdev *d)
{
	static const struct xlpt_xl_word inputs[] = { { "tablet", XLPT_INPUT_TABLET },
						      { "mouse", XLPT_INPUT_MOUSE },
						      { "keyboard", XLPT_INPUT_KEYBOARD },
						      { NULL, 0 } };

	*d = (struct xlpt_usbdev){ 0 };
	*input = text ? xlpt_xl_word(inputs, text) : 0;
	if (*input)
		return INPUT;
	if (!text || !host_device(text, d))
		return OTHER;
	return d->bus.has ? BY_ADDRESS : BY_PRODUCT;
}

/* The entries of that kind, in their order. Returns how many there are. */
static size_t read_usbdevice(struct xlpt_xl_reader *r, const struct xlpt_xl_values *values,
			     enum usbdevice wanted)
{
	size_t n = 0;

	for (size_t i = 0; i < values->n; i++) {
		const struct xlpt_xl_value *v = &values->v[i];
		struct xlpt_usbdev found, *d;
		struct xlpt_input *in;
		int input;

		if (kind_of(v->text, &input, &found) != wanted)
			continue;
		n++;
		if (wanted == INPUT) {
			in = XLPT_DOM_ADD(r->dom, input);
			xlpt_xl_at(r, v->off, &in->at);
			in->type = input;
			in->bus = XLPT_BUS_USB;
			continue;
		}
		d = XLPT_DOM_ADD(r->dom, usbdev);
		*d = found;
		xlpt_xl_at(r, v->off, &d->at);
		/* By its ids xl names a device in usbdevice= alone: there it is written again. */
		if (wanted == BY_PRODUCT)
			xlpt_carry_add(&d->at.extra, XLPT_SIDE_XL, "usbdevice", v->text, d->at.line,
				       d->at.column);
	}
	return n;
}

/* What is none of these stays a list, which the writer puts behind the others. */
static void read_usbdevices(struct xlpt_xl_reader *r)
{
	_cleanup_xl_values_ struct xlpt_xl_values values = { 0 };
	_cleanup_str_ struct xlpt_str rest = { 0 };
	unsigned line, column;
	size_t known;

	if (!xlpt_xl_list(r, "usbdevice", &values))
		return;
	for (size_t i = 0; i < values.n; i++)
		if (!values.v[i].text) {
			xlpt_xl_unuse(r, "usbdevice");
			return;
		}
	known = read_usbdevice(r, &values, INPUT);
	/* Those that will be in usbdev= next time come first, as usbdev= is read first. */
	known += read_usbdevice(r, &values, BY_ADDRESS);
	known += read_usbdevice(r, &values, BY_PRODUCT);
	for (size_t i = 0; i < values.n; i++) {
		struct xlpt_usbdev d;
		int input;

		if (kind_of(values.v[i].text, &input, &d) != OTHER)
			continue;
		xlpt_str_add(&rest, rest.len ? ", " : "[ ");
		xlpt_str_addn(&rest, r->scan->text + values.v[i].off, values.v[i].len);
	}
	if (!rest.len)
		return;
	if (!known) {
		xlpt_xl_unuse(r, "usbdevice");
		return;
	}
	xlpt_str_add(&rest, " ]");
	xlpt_xl_where(r->scan, values.v[0].off, &line, &column);
	xlpt_carry_add(&r->dom->extra, XLPT_SIDE_XL, "usbdevice", rest.s, line, column);
}

/* libxl hands soundhw to QEMU, which takes a list with commas. */
static void read_sound(struct xlpt_xl_reader *r)
{
	const struct xlpt_xl_setting *s = xlpt_xl_find(r, "soundhw");
	_cleanup_free_ char *text = xlpt_xstrdup(xlpt_xl_string(r, "soundhw"));
	char *p = text, *key, *value;

	if (!s)
		return;
	while (p && xlpt_xl_pair(&p, &key, &value)) {
		struct xlpt_sound *sound;

		if (value || !*key) {
			xlpt_dom_set(r->dom, "sound", NULL);
			xlpt_xl_unuse(r, "soundhw");
			return;
		}
		sound = XLPT_DOM_ADD(r->dom, sound);
		xlpt_xl_at(r, s->off, &sound->at);
		sound->model = xlpt_xstrdup(key);
	}
	if (!r->dom->n_sound)
		xlpt_xl_unuse(r, "soundhw");
}

int xlpt_xl_read_usb(struct xlpt_xl_reader *r)
{
	int rc = read_ctrls(r);

	if (rc == 0)
		rc = read_devs(r);
	/* xl reads these of HVM guests only. */
	if (rc == 0 && r->dom->type == XLPT_DOM_HVM) {
		read_usbdevices(r);
		read_sound(r);
	}
	return rc;
}
