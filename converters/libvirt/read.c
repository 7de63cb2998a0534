/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt XML into the model: the way in, and what every part uses.
 *
 * libvirt says some things by leaving them out. Where its libxl driver gives an absence a meaning
 * that differs from libxl's default, the reader says it: an HVM domain without <acpi/>, <apic/> or
 * <pae/> has them off, a spice display without a password needs no ticket.
 */
#include "converters/libvirt/libvirt.h"

#include <ctype.h>
#include <string.h>

#include "converters/libvirt/meta.h"
#include "converters/libvirt/reader.h"

int xlpt_lv_read_word(xmlNode *node, const char *attr, const struct xlpt_lv_word *table)
{
	int value = xlpt_lv_word_value(table, xlpt_lv_peek(node, attr));

	if (value)
		xlpt_lv_attr(node, attr);
	return value;
}

char *xlpt_lv_read_str(xmlNode *node, const char *attr)
{
	return xlpt_xstrdup(node ? xlpt_lv_attr(node, attr) : NULL);
}

int xlpt_lv_read_num(struct xlpt_lv_reader *r, xmlNode *node, const char *attr, uint64_t max,
		     struct xlpt_num *out)
{
	if (!node)
		return 0;
	return xlpt_lv_uint(r->doc, node, attr, max, &out->v, &out->has, r->diag);
}

int xlpt_lv_read_dec(struct xlpt_lv_reader *r, xmlNode *node, const char *attr, const char *text,
		     uint64_t max, struct xlpt_num *out)
{
	if (!text)
		return 0;
	if (!xlpt_parse_uint(text, strlen(text), 10, max, &out->v))
		return xlpt_lv_bad(r->doc, node, attr, r->diag,
				   "\"%s\" is not a number from 0 to %llu", text,
				   (unsigned long long)max);
	out->has = true;
	return 0;
}

void xlpt_lv_read_mark(struct xlpt_lv_reader *r, const void *member, const xmlNode *node)
{
	unsigned line, column;

	if (!node)
		return;
	xlpt_lv_where(r->doc, node, NULL, &line, &column);
	xlpt_dom_mark(r->dom, member, line);
}

void xlpt_lv_read_at(struct xlpt_lv_reader *r, struct xlpt_at *at, const xmlNode *node)
{
	xlpt_lv_where(r->doc, node, NULL, &at->line, &at->column);
}

static void add_carry(void *ctx, const char *path, const char *text, unsigned line, unsigned column)
{
	xlpt_carry_add(ctx, XLPT_SIDE_LIBVIRT, path, text, line, column);
}

static int by_path(const void *a, const void *b)
{
	const struct xlpt_carry *x = a, *y = b;
	int c = strcmp(x->path, y->path);

	if (c == 0)
		c = (x->line > y->line) - (x->line < y->line);
	return c ? c : (x->column > y->column) - (x->column < y->column);
}

/*
 * In an order of their own: where in the document a part stood means nothing to libvirt, but the
 * order of parts with the same path may (two <controller>, two <timer>).
 */
void xlpt_lv_read_carries(struct xlpt_lv_doc *doc, struct xlpt_carries *list, xmlNode *node)
{
	xlpt_lv_rest(doc, node, add_carry, list);
	if (list->n)
		qsort(list->items, list->n, sizeof(*list->items), by_path);
}

void xlpt_lv_read_rest(struct xlpt_lv_reader *r, struct xlpt_at *at, xmlNode *node)
{
	xlpt_lv_read_carries(r->doc, &at->extra, node);
	xlpt_lv_mark_whole(node);
}

static int mended(struct xlpt_lv_reader *r, int rc, const char *how)
{
	xlpt_diag_hint(r->diag, "%s", how);
	return rc;
}

int xlpt_lv_read_memory(struct xlpt_lv_reader *r, xmlNode *node, const char *text,
			struct xlpt_num *out)
{
	static const char letters[] = "kmgtpe";
	const char *unit = xlpt_lv_attr(node, "unit"), *letter;
	unsigned __int128 bytes;
	uint64_t scale = 1, v;

	if (!text || !xlpt_parse_uint(text, strlen(text), 10, UINT64_MAX, &v))
		return mended(r,
			      xlpt_lv_bad(r->doc, node, NULL, r->diag,
					  "\"%s\" is not an amount of memory", text ? text : ""),
			      "write a whole number, as in <memory unit='MiB'>2560</memory>");
	if (!unit)
		unit = "KiB";
	letter = *unit ? strchr(letters, tolower((unsigned char)*unit)) : NULL;
	if (letter && *letter) {
		uint64_t step = !unit[1] || strcasecmp(unit + 1, "iB") == 0 ? 1024
				: strcasecmp(unit + 1, "B") == 0	    ? 1000
									    : 0;

		for (scale = !!step; letter >= letters; letter--)
			scale *= step;
	} else if (strcasecmp(unit, "b") && strcasecmp(unit, "byte") && strcasecmp(unit, "bytes")) {
		scale = 0;
	}
	if (!scale)
		return mended(r,
			      xlpt_lv_bad(r->doc, node, "unit", r->diag,
					  "\"%s\" is not a unit of memory", unit),
			      "units are KiB, MiB, GiB and so on, KB, MB and so on, and bytes");
	bytes = (unsigned __int128)v * scale;
	if ((bytes + 1023) / 1024 > UINT64_MAX)
		return xlpt_lv_bad(r->doc, node, NULL, r->diag, "%s %s of memory is too much", text,
				   unit);
	*out = (struct xlpt_num){ true, (uint64_t)((bytes + 1023) / 1024) };
	return 0;
}

static int read_device(struct xlpt_lv_reader *r, xmlNode *node)
{
	static const struct {
		const char *name;
		int (*read)(struct xlpt_lv_reader *r, xmlNode *node);
	} kinds[] = {
		{ "disk", xlpt_lv_read_disk },	     { "interface", xlpt_lv_read_interface },
		{ "hostdev", xlpt_lv_read_hostdev }, { "graphics", xlpt_lv_read_graphics },
		{ "serial", xlpt_lv_read_chr },	     { "parallel", xlpt_lv_read_chr },
		{ "console", xlpt_lv_read_chr },     { "channel", xlpt_lv_read_chr },
		{ "input", xlpt_lv_read_input },     { "controller", xlpt_lv_read_controller },
		{ "sound", xlpt_lv_read_sound },     { "video", xlpt_lv_read_video },
	};

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(kinds); i++)
		if (xlpt_lv_is(node, kinds[i].name))
			return kinds[i].read(r, node);
	return 0;
}

static int read_devices(struct xlpt_lv_reader *r, xmlNode *devices)
{
	xmlNode *emulator = xlpt_lv_child(devices, "emulator");

	r->dom->emulator = xlpt_lv_text(emulator);
	xlpt_lv_read_mark(r, &r->dom->emulator, emulator);
	for (xmlNode *n = xlpt_lv_next(devices, NULL); n; n = xlpt_lv_next(devices, n)) {
		int rc = n == emulator ? 1 : read_device(r, n);

		if (rc < 0)
			return rc;
		if (rc == 0)
			xlpt_lv_unmark_whole(n);
	}
	xlpt_lv_name_disks(r->dom);
	return 0;
}

static void read_text(struct xlpt_lv_reader *r, xmlNode *domain, const char *name, char **out)
{
	xmlNode *n = xlpt_lv_child(domain, name);

	*out = xlpt_lv_said(n);
	xlpt_lv_read_mark(r, out, n);
}

static void read_action(struct xlpt_lv_reader *r, xmlNode *domain, const char *name, int *out,
			const struct xlpt_lv_word *table)
{
	xmlNode *n = xlpt_lv_child(domain, name);
	_cleanup_free_ char *text = xlpt_lv_text(n);

	*out = xlpt_lv_word_value(table, text);
	if (n && !*out)
		xlpt_lv_unmark_whole(n);
	xlpt_lv_read_mark(r, out, n);
}

static void read_arguments(struct xlpt_lv_reader *r, xmlNode *domain)
{
	static const char uri[] = "http://libvirt.org/schemas/domain/xen/1.0";

	for (xmlNode *c = xlpt_lv_next(domain, NULL); c; c = xlpt_lv_next(domain, c)) {
		bool plain = true;

		if (!c->ns || strcmp((const char *)c->ns->href, uri) ||
		    strcmp((const char *)c->name, "commandline") || c->properties ||
		    r->dom->dm_args)
			continue;
		for (xmlNode *a = xlpt_lv_next(c, NULL); a; a = xlpt_lv_next(c, a))
			plain = plain && a->ns && strcmp((const char *)a->name, "arg") == 0 &&
				xlpt_lv_peek(a, "value") && xlpt_lv_only(a, "value", NULL);
		if (!plain || !xlpt_lv_next(c, NULL))
			continue;
		for (xmlNode *a = xlpt_lv_next(c, NULL); a; a = xlpt_lv_next(c, a))
			xlpt_strv_add(&r->dom->dm_args, xlpt_lv_peek(a, "value"));
		xlpt_lv_read_mark(r, &r->dom->dm_args, c);
		xlpt_lv_mark_whole(c);
	}
}

static int read_uuid(struct xlpt_lv_reader *r, xmlNode *domain)
{
	xmlNode *uuid = xlpt_lv_child(domain, "uuid");
	struct xlpt_dom *dom = r->dom;

	dom->uuid = xlpt_lv_text(uuid);
	xlpt_lv_read_mark(r, &dom->uuid, uuid);
	/* An empty one is none to libvirt, which makes one (virXPathString). */
	if (!uuid || !dom->uuid || !*dom->uuid) {
		free(dom->uuid);
		dom->uuid = NULL;
		return 0;
	}
	if (xlpt_lv_is_uuid(dom->uuid))
		return 0;
	return mended(r,
		      xlpt_lv_bad(r->doc, uuid, NULL, r->diag, "\"%s\" is not a UUID", dom->uuid),
		      "take the line out: a guest without one gets one; or write what uuidgen "
		      "prints");
}

static int read_domain(struct xlpt_lv_reader *r, xmlNode *domain)
{
	struct xlpt_dom *dom = r->dom;
	xmlNode *name;
	int rc;

	/* type='xen' is what everything here is; another hypervisor's word is kept. */
	if (xlpt_streq(xlpt_lv_peek(domain, "type"), "xen"))
		xlpt_lv_attr(domain, "type");
	xlpt_lv_attr(domain, "id"); /* of the running domain, never part of its description */
	read_text(r, domain, "name", &dom->name);
	name = xlpt_lv_child(domain, "name");
	if (!dom->name || !*dom->name)
		return mended(r,
			      xlpt_lv_bad(r->doc, name ? name : domain, NULL, r->diag,
					  "the domain has no name"),
			      "give it one, as in <name>web1</name>");
	rc = read_uuid(r, domain);
	if (rc)
		return rc;
	read_text(r, domain, "title", &dom->title);
	read_text(r, domain, "description", &dom->description);
	rc = xlpt_lv_read_os(r, domain);
	if (rc == 0)
		rc = xlpt_lv_read_resources(r, domain);
	if (rc == 0)
		rc = xlpt_lv_read_features(r, domain);
	if (rc == 0)
		rc = xlpt_lv_read_cpu(r, domain);
	if (rc == 0)
		rc = xlpt_lv_read_clock(r, domain);
	if (rc)
		return rc;
	read_action(r, domain, "on_poweroff", &dom->on_poweroff, xlpt_lv_off_action);
	read_action(r, domain, "on_reboot", &dom->on_reboot, xlpt_lv_off_action);
	read_action(r, domain, "on_crash", &dom->on_crash, xlpt_lv_crash_action);
	read_arguments(r, domain);
	rc = read_devices(r, xlpt_lv_child(domain, "devices"));
	/* Told nothing, libvirt boots from the disk, libxl from the CD-ROM as well. */
	if (rc == 0 && r->hvm && !r->dom->boot && !xlpt_dom_boots_by_device(r->dom) &&
	    !xlpt_lv_child(xlpt_lv_child(domain, "os"), "boot"))
		r->dom->boot = xlpt_xstrdup("c");
	return rc;
}

static int read_root(struct xlpt_lv_reader *r, xmlNode *root)
{
	int rc;

	if (xlpt_lv_is(root, "domain")) {
		rc = read_domain(r, root);
	} else if (xlpt_lv_is(root, "domainsnapshot") || xlpt_lv_is(root, "domstatus")) {
		rc = xlpt_lv_bad(r->doc, root, NULL, r->diag, "<%s> is not a domain's description",
				 (const char *)root->name);
		xlpt_diag_hint(r->diag, "take the output of virsh dumpxml");
	} else if (xlpt_lv_is(root, "devices")) {
		r->dom->devices_only = true;
		rc = read_devices(r, root);
	} else {
		r->dom->devices_only = true;
		rc = read_device(r, root);
		if (rc == 0) {
			rc = xlpt_lv_bad(r->doc, root, NULL, r->diag,
					 "<%s> is neither a domain nor a device that xlpt knows",
					 (const char *)root->name);
			if (xlpt_lv_is(root, "network"))
				xlpt_diag_hint(r->diag,
					       "give a network's XML with --network, beside "
					       "the domain's");
			else
				xlpt_diag_hint(r->diag, "take the output of virsh dumpxml, which "
							"begins with <domain");
		}
	}
	if (rc >= 0)
		rc = xlpt_dom_check_lists(r->dom, r->diag);
	if (rc < 0)
		return rc;
	rc = xlpt_lv_meta_find(r->doc, root, r->kept, r->diag);
	if (rc == 0)
		rc = xlpt_lv_check_once(r->doc, r->diag);
	if (rc == 0 && (xlpt_lv_is(root, "domain") || xlpt_lv_is(root, "devices"))) {
		xlpt_lv_mark(root);
		xlpt_lv_read_carries(r->doc, &r->dom->extra, root);
	}
	return rc;
}

int xlpt_libvirt_read(const char *buf, size_t len, const char *file, struct xlpt_dom *out,
		      struct xlpt_kepts *kept, struct xlpt_losses *losses, struct xlpt_diag *diag)
{
	_cleanup_lv_doc_ struct xlpt_lv_doc doc = { 0 };
	struct xlpt_lv_reader r = {
		.doc = &doc, .dom = out, .diag = diag, .losses = losses, .kept = kept
	};
	int rc;

	xlpt_dom_init(out);
	rc = xlpt_lv_parse(buf, len, file, &doc, diag);
	if (rc)
		return rc;
	out->file = xlpt_xstrdup(file);
	rc = read_root(&r, xmlDocGetRootElement(doc.xml));
	if (rc < 0) {
		xlpt_dom_dispose(out);
		xlpt_dom_init(out);
		return rc;
	}
	return 0;
}

bool xlpt_libvirt_is_xml(const char *buf, size_t len)
{
	size_t i = 0;

	/* UTF-16; what follows is the first letter, and not of a configuration. */
	if (len >= 4 && (memcmp(buf, "\xff\xfe", 2) == 0 || memcmp(buf, "\xfe\xff", 2) == 0))
		return buf[2] == '<' || buf[3] == '<';
	if (len >= 3 && memcmp(buf, "\xef\xbb\xbf", 3) == 0)
		i = 3;
	while (i < len && strchr(" \t\r\n", buf[i]) && buf[i])
		i++;
	return i < len && buf[i] == '<';
}
