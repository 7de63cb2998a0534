/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The model to libvirt XML: the order of things, what was carried, what was kept. */
#include "converters/libvirt/libvirt.h"

#include <string.h>

#include "converters/libvirt/meta.h"
#include "converters/libvirt/writer.h"

void xlpt_lv_write_word(xmlNode *node, const char *attr, const struct xlpt_lv_word *table,
			int value)
{
	xlpt_lv_set(node, attr, xlpt_lv_word_text(table, value));
}

void xlpt_lv_write_num(xmlNode *node, const char *attr, struct xlpt_num num, uint64_t max)
{
	if (num.has && num.v <= max)
		xlpt_lv_setf(node, attr, "%llu", (unsigned long long)num.v);
}

void xlpt_lv_write_child(xmlNode *node, const char *child, const char *attr, const char *value)
{
	if (value && xlpt_lv_sayable(value))
		xlpt_lv_set(xlpt_lv_need(node, child), attr, value);
}

void xlpt_lv_write_child_word(xmlNode *node, const char *child, const char *attr,
			      const struct xlpt_lv_word *table, int value)
{
	xlpt_lv_write_child(node, child, attr, xlpt_lv_word_text(table, value));
}

void xlpt_lv_write_boot(xmlNode *node, struct xlpt_num order)
{
	if (order.has && order.v && order.v <= UINT32_MAX)
		xlpt_lv_write_num(xlpt_lv_add(node, "boot"), "order", order, UINT32_MAX);
}

const char *xlpt_lv_path_or_null(const struct xlpt_dom *dom, const char *s)
{
	return xlpt_lv_is_path(s) || xlpt_dom_is_foreign(dom) ? s : NULL;
}

void xlpt_lv_write_extra(struct xlpt_lv_writer *w, xmlNode *node, const struct xlpt_carries *extra,
			 const char *what)
{
	for (size_t i = 0; i < extra->n; i++) {
		const struct xlpt_carry *c = &extra->items[i];

		if (c->side == XLPT_SIDE_LIBVIRT && !xlpt_lv_restore(node, c->path, c->text))
			xlpt_loss_add(w->losses, XLPT_LOSS_DROPPED, w->dom->file, c->line,
				      c->column, c->path, "kept for libvirt's %s, but unreadable",
				      what);
	}
}

bool xlpt_lv_carried(const struct xlpt_carries *extra, const char *path)
{
	for (size_t i = 0; i < extra->n; i++)
		if (extra->items[i].side == XLPT_SIDE_LIBVIRT &&
		    strcmp(extra->items[i].path, path) == 0)
			return true;
	return false;
}

static void write_devices(struct xlpt_lv_writer *w, xmlNode *devices)
{
	xlpt_lv_add_text(devices, "emulator", xlpt_lv_path_or_null(w->dom, w->dom->emulator));
	xlpt_lv_write_disks(w, devices);
	xlpt_lv_write_controllers(w, devices);
	xlpt_lv_write_nets(w, devices);
	xlpt_lv_write_pcis(w, devices);
	xlpt_lv_write_usbdevs(w, devices);
	xlpt_lv_write_chrs(w, devices);
	xlpt_lv_write_inputs(w, devices);
	xlpt_lv_write_gfxs(w, devices);
	xlpt_lv_write_sounds(w, devices);
	xlpt_lv_write_videos(w, devices);
}

static void write_arguments(struct xlpt_lv_writer *w, xmlNode *domain)
{
	xmlNode *line;
	xmlNs *ns;

	if (!w->dom->dm_args || !*w->dom->dm_args)
		return;
	for (char **a = w->dom->dm_args; *a; a++)
		if (!xlpt_lv_sayable(*a))
			return;
	line = xlpt_lv_add(domain, "commandline");
	ns = xmlNewNs(line, (const xmlChar *)"http://libvirt.org/schemas/domain/xen/1.0",
		      (const xmlChar *)"xen");
	xmlSetNs(line, ns);
	for (char **a = w->dom->dm_args; *a; a++) {
		xmlNode *arg = xlpt_lv_add(line, "arg");

		xmlSetNs(arg, ns);
		xlpt_lv_set(arg, "value", *a);
	}
}

/* <title> and the like may not hold a line break. */
static const char *one_line(const char *s)
{
	return s && *s && !strpbrk(s, "\r\n") ? s : NULL;
}

static int write_domain(struct xlpt_lv_writer *w, xmlNode *domain, const struct xlpt_kepts *kept,
			struct xlpt_diag *diag)
{
	const struct xlpt_dom *dom = w->dom;
	xmlNode *devices;

	if (!one_line(dom->name) || !xlpt_lv_sayable(dom->name)) {
		xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "the domain has no name that XML can carry");
		xlpt_diag_at(diag, dom->file, xlpt_dom_line(dom, &dom->name), 0);
		xlpt_diag_hint(diag, "give it a name of one line of UTF-8 text");
		return XLPT_ERR_SYNTAX;
	}
	xlpt_lv_set(domain, "type", "xen");
	xlpt_lv_add_text(domain, "name", dom->name);
	if (xlpt_lv_is_uuid(dom->uuid))
		xlpt_lv_add_text(domain, "uuid", dom->uuid);
	xlpt_lv_add_text(domain, "title", one_line(dom->title));
	xlpt_lv_add_text(domain, "description", dom->description);
	if (kept && kept->n)
		xlpt_lv_meta_add(domain, kept);
	xlpt_lv_write_resources(w, domain);
	xlpt_lv_write_os(w, domain);
	xlpt_lv_write_features(w, domain);
	xlpt_lv_write_cpu(w, domain);
	xlpt_lv_write_clock(w, domain);
	xlpt_lv_add_text(domain, "on_poweroff",
			 xlpt_lv_word_text(xlpt_lv_off_action, dom->on_poweroff));
	xlpt_lv_add_text(domain, "on_reboot",
			 xlpt_lv_word_text(xlpt_lv_off_action, dom->on_reboot));
	xlpt_lv_add_text(domain, "on_crash",
			 xlpt_lv_word_text(xlpt_lv_crash_action, dom->on_crash));
	devices = xlpt_lv_add(domain, "devices");
	write_devices(w, devices);
	write_arguments(w, domain);
	xlpt_lv_write_extra(w, domain, &dom->extra, "domain");
	xlpt_lv_write_timers(w, domain);
	return 0;
}

static void save_devices(xmlNode *devices, bool all_known, const struct xlpt_kepts *kept,
			 struct xlpt_str *out)
{
	static const struct xlpt_kepts none = { 0 };
	xmlNode *first = xlpt_lv_next(devices, NULL);

	/* Alone, a device that the model does not know would not be read again. */
	if (all_known && first && !xlpt_lv_next(devices, first)) {
		xlpt_lv_meta_comments(kept ? kept : &none, out);
		xlpt_lv_save(first, false, out);
		return;
	}
	xlpt_lv_meta_add(devices, kept ? kept : &none);
	xlpt_lv_save(devices, false, out);
}

int xlpt_libvirt_write(const struct xlpt_dom *dom, const struct xlpt_kepts *kept, unsigned flags,
		       struct xlpt_str *out, struct xlpt_losses *losses, struct xlpt_diag *diag)
{
	/* libxl takes a domain that does not say its type for a PV one. */
	struct xlpt_lv_writer w = { .dom = dom,
				    .losses = losses,
				    .hvm = dom->type == XLPT_DOM_HVM };
	bool devices_only = dom->devices_only || (flags & XLPT_WRITE_DEVICES_ONLY);
	int rc = xlpt_libxml_load(diag);
	xmlNode *root;
	xmlDoc *doc;

	if (rc)
		return rc;
	doc = xmlNewDoc((const xmlChar *)"1.0");
	root = xlpt_lv_add(NULL, devices_only ? "devices" : "domain");
	xmlDocSetRootElement(doc, root);
	if (dom->devices_only) {
		write_devices(&w, root);
		xlpt_lv_write_extra(&w, root, &dom->extra, "devices");
	} else if (devices_only) {
		xlpt_lv_write_pcis(&w, root);
	} else {
		rc = write_domain(&w, root, kept, diag);
	}
	if (rc == 0 && devices_only)
		save_devices(root, !dom->devices_only || !dom->extra.n, kept, out);
	else if (rc == 0)
		xlpt_lv_save(root, false, out);
	xmlFreeDoc(doc);
	return rc;
}
