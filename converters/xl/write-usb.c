/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* usbctrl=, usbdev=, usbdevice= and soundhw=. */
#include "converters/xl/write-internal.h"

#include <string.h>

/* A device that is named by its ids, and was so in a configuration of xl. */
static bool by_product(const struct xlpt_usbdev *d)
{
	if (d->bus.has || !d->vendor.has || !d->product.has || d->vendor.v > 0xffff ||
	    d->product.v > 0xffff)
		return false;
	for (size_t i = 0; i < d->at.extra.n; i++)
		if (d->at.extra.items[i].side == XLPT_SIDE_XL &&
		    !strcmp(d->at.extra.items[i].path, "usbdevice"))
			return true;
	return false;
}

bool xlpt_xlw_joins(const struct xlpt_dom *dom, const struct xlpt_carry *c)
{
	_cleanup_free_ char *line = NULL;
	_cleanup_xl_scan_ struct xlpt_xl_scan scan = { 0 };
	bool others = false;

	if (dom->type != XLPT_DOM_HVM || c->side != XLPT_SIDE_XL ||
	    strcmp(c->path, "usbdevice") != 0 || *c->text != '[')
		return false;
	for (size_t i = 0; i < dom->n_input; i++)
		others |= dom->input[i].bus == XLPT_BUS_USB && dom->input[i].type;
	for (size_t i = 0; i < dom->n_usbdev; i++)
		others |= by_product(&dom->usbdev[i]);
	/* It came through a file that anyone may edit: it must be one list and no more. */
	line = xlpt_xasprintf("usbdevice = %s\n", c->text);
	return others && c->text[strlen(c->text) - 1] == ']' &&
	       xlpt_xl_scan(line, strlen(line), NULL, &scan, NULL) == 0 && scan.n == 1;
}

static void join_rest(const struct xlpt_dom *dom, struct xlpt_xlw_list *list)
{
	for (size_t i = 0; i < dom->extra.n; i++) {
		const struct xlpt_carry *c = &dom->extra.items[i];
		size_t n;

		if (!xlpt_xlw_joins(dom, c))
			continue;
		n = strlen(c->text) - 2;
		if (strspn(c->text + 1, " \t\n,") >= n)
			continue;
		xlpt_str_add(&list->items, ",\n\t");
		while (n && strchr(" \t\n,", c->text[n]))
			n--;
		xlpt_str_addn(&list->items, c->text + 1 + (c->text[1] == ' '),
			      n - (c->text[1] == ' '));
		list->n++;
	}
}

static void write_ctrls(const struct xlpt_dom *dom, struct xlpt_str *out)
{
	struct xlpt_xlw_list list = { 0 };

	for (size_t i = 0; i < dom->n_usbctrl; i++) {
		const struct xlpt_usbctrl *c = &dom->usbctrl[i];
		_cleanup_str_ struct xlpt_str s = { 0 };

		xlpt_xlw_option(&s, "type", xlpt_xl_spell(xlpt_xl_usbctrl_types, c->type));
		xlpt_xlw_option_num(&s, "version", c->version);
		xlpt_xlw_option_num(&s, "ports", c->ports);
		xlpt_xlw_option(&s, "backend", c->backend);
		xlpt_xlw_extra(&s, &c->at);
		xlpt_xlw_item(&list, xlpt_str_get(&s));
	}
	xlpt_xlw_list(out, "usbctrl", &list);
}

static void write_devs(const struct xlpt_dom *dom, struct xlpt_str *out)
{
	struct xlpt_xlw_list list = { 0 };

	for (size_t i = 0; i < dom->n_usbdev; i++) {
		const struct xlpt_usbdev *d = &dom->usbdev[i];
		_cleanup_str_ struct xlpt_str s = { 0 };

		xlpt_xlw_option(&s, "type", "hostdev");
		xlpt_xlw_option_num(&s, "hostbus", d->bus);
		xlpt_xlw_option_num(&s, "hostaddr", d->addr);
		xlpt_xlw_option_num(&s, "controller", d->ctrl);
		xlpt_xlw_option_num(&s, "port", d->port);
		/* Without bus and address xl would take whatever is 0.0: it has no word for ids here. */
		if (!d->bus.has || !d->addr.has)
			continue;
		xlpt_xlw_extra(&s, &d->at);
		xlpt_xlw_item(&list, s.s);
	}
	xlpt_xlw_list(out, "usbdev", &list);
}

static void write_usbdevice(const struct xlpt_dom *dom, struct xlpt_str *out)
{
	static const char *const words[] = { NULL, "tablet", "mouse", "keyboard" };
	_cleanup_free_ char *only = NULL;
	struct xlpt_xlw_list list = { 0 };

	for (size_t i = 0; i < dom->n_input; i++) {
		if (dom->input[i].bus != XLPT_BUS_USB || !dom->input[i].type)
			continue;
		free(only);
		only = xlpt_xstrdup(words[dom->input[i].type]);
		xlpt_xlw_item(&list, only);
	}
	for (size_t i = 0; i < dom->n_usbdev; i++) {
		if (!by_product(&dom->usbdev[i]))
			continue;
		free(only);
		only = xlpt_xasprintf("host:%04x:%04x", (unsigned)dom->usbdev[i].vendor.v,
				      (unsigned)dom->usbdev[i].product.v);
		xlpt_xlw_item(&list, only);
	}
	if (list.n)
		join_rest(dom, &list);
	/* One is a word, as most write it; libxl keeps a word and a list apart. */
	if (list.n == 1) {
		xlpt_str_dispose(&list.items);
		xlpt_xlw_string(out, "usbdevice", only);
	} else {
		xlpt_xlw_list(out, "usbdevice", &list);
	}
}

static void write_sound(const struct xlpt_dom *dom, struct xlpt_str *out)
{
	_cleanup_str_ struct xlpt_str s = { 0 };

	for (size_t i = 0; i < dom->n_sound; i++)
		if (dom->sound[i].model && xlpt_xlw_option_ok(dom->sound[i].model) &&
		    !strchr(dom->sound[i].model, '='))
			xlpt_str_addf(&s, "%s%s", s.len ? "," : "", dom->sound[i].model);
	xlpt_xlw_string(out, "soundhw", s.s);
}

void xlpt_xlw_usb(const struct xlpt_dom *dom, struct xlpt_str *out)
{
	write_ctrls(dom, out);
	write_devs(dom, out);
	if (dom->type != XLPT_DOM_HVM)
		return;
	write_usbdevice(dom, out);
	write_sound(dom, out);
}
