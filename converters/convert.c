/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "converters/convert.h"

#include "converters/for-xen.h"
#include "converters/keep.h"
#include "converters/libvirt/libvirt.h"
#include "converters/xl/xl.h"

const char *xlpt_format_word(enum xlpt_format f)
{
	return f == XLPT_FORMAT_XL ? "xl" : f == XLPT_FORMAT_LIBVIRT ? "libvirt" : "unknown";
}

enum xlpt_format xlpt_format_parse(const char *word)
{
	if (!strcmp(word, "xl"))
		return XLPT_FORMAT_XL;
	return strcmp(word, "libvirt") ? XLPT_FORMAT_NONE : XLPT_FORMAT_LIBVIRT;
}

enum xlpt_format xlpt_format_detect(const char *text, size_t len)
{
	return xlpt_libvirt_is_xml(text, len) ? XLPT_FORMAT_LIBVIRT : XLPT_FORMAT_XL;
}

static int read_side(enum xlpt_format f, const char *text, size_t len, const char *file,
		     struct xlpt_dom *dom, struct xlpt_kepts *kept, struct xlpt_losses *losses,
		     struct xlpt_diag *diag)
{
	return f == XLPT_FORMAT_XL ? xlpt_xl_read(text, len, file, dom, kept, losses, diag)
				   : xlpt_libvirt_read(text, len, file, dom, kept, losses, diag);
}

/* returns: an earlier conversion wrote it, and kept something in it. */
static int read_kept(enum xlpt_format f, const char *text, size_t len, const char *file,
		     struct xlpt_dom *dom, bool *returns, struct xlpt_losses *losses,
		     struct xlpt_diag *diag)
{
	_cleanup_kepts_ struct xlpt_kepts kept = { 0 };
	int rc = read_side(f, text, len, file, dom, &kept, losses, diag);

	*returns = kept.n != 0;
	if (rc == 0)
		xlpt_kepts_apply(&kept, dom, file, losses);
	if (dom->devices_only)
		dom->e820_host = XLPT_UNSET; /* it is said of a guest, not of its devices */
	return rc;
}

int xlpt_convert_write(enum xlpt_format f, const struct xlpt_dom *dom,
		       const struct xlpt_kepts *kept, unsigned flags, struct xlpt_str *out,
		       struct xlpt_losses *losses, struct xlpt_diag *diag)
{
	return f == XLPT_FORMAT_XL ? xlpt_xl_write(dom, kept, flags, out, losses, diag)
				   : xlpt_libvirt_write(dom, kept, flags, out, losses, diag);
}

/* ---- what the target is given ---- */

/* Only the PCI devices of a domain. */
static void cut_to_devices(struct xlpt_dom *dom)
{
	struct xlpt_dom cut;

	xlpt_dom_init(&cut);
	cut.devices_only = true;
	cut.file = XLPT_TAKE(dom->file);
	cut.pci = XLPT_TAKE(dom->pci);
	cut.n_pci = dom->n_pci;
	cut.alloc_pci = dom->alloc_pci;
	dom->n_pci = dom->alloc_pci = 0;
	xlpt_dom_dispose(dom);
	*dom = cut;
}

static void fold(enum xlpt_tri *option, enum xlpt_tri other, enum xlpt_tri global)
{
	if (*option == XLPT_UNSET && other == XLPT_UNSET)
		*option = global;
}

/*
 * libvirt has no keys for all devices at once: each device says for itself what
 * xl's pci_permissive= and pci_seize= say for all that are silent.
 */
static void fold_globals(struct xlpt_dom *dom)
{
	for (size_t i = 0; i < dom->n_pci; i++) {
		struct xlpt_pci *p = &dom->pci[i];

		fold(&p->spec.permissive, p->filtering, dom->pci_permissive);
		fold(&p->spec.seize, p->managed, dom->pci_seize);
		fold(&p->spec.msitranslate, XLPT_UNSET, dom->pci_msitranslate);
		fold(&p->spec.power_mgmt, XLPT_UNSET, dom->pci_power_mgmt);
	}
}

/* ---- one conversion ---- */

#define LIBXL_MEMORY (32u * 1024)	 /* KiB */
#define XEN_FIRMWARE "/usr/lib/xen/boot" /* Xen's default */

/* The value that xl's key had and that the reader could not take; NULL = the key was not there. */
static const struct xlpt_carry *unread(const struct xlpt_dom *dom, const char *key)
{
	for (size_t i = 0; i < dom->extra.n; i++)
		if (dom->extra.items[i].side == XLPT_SIDE_XL &&
		    !strcmp(dom->extra.items[i].path, key))
			return &dom->extra.items[i];
	return NULL;
}

/* libvirt takes no domain without <memory>. xl does, and gives it libxl's default (libxl_create.c). */
static int say_memory(struct xlpt_dom *dom, struct xlpt_diag *diag)
{
	const struct xlpt_carry *c = unread(dom, "memory");

	c = c ? c : unread(dom, "maxmem");
	if (!c && (dom->devices_only || dom->memory.has || dom->maxmem.has))
		return 0;
	if (!c) {
		/* With cells they are its memory together (xl_parse.c, parse_vnuma_config). */
		dom->memory = (struct xlpt_num){ true, dom->n_numa ? 0 : LIBXL_MEMORY };
		for (size_t i = 0; i < dom->n_numa; i++)
			dom->memory.v += dom->numa[i].size.v;
		return 0;
	}
	xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "%s = %s: xl wants a number of MiB here", c->path,
		      c->text);
	xlpt_diag_at(diag, dom->file, c->line, c->column);
	xlpt_diag_hint(diag, "write a plain number, as in %s = 512", c->path);
	return XLPT_ERR_SYNTAX;
}

/* Changes the copy that is written to what the target can have. */
static int prepare(struct xlpt_dom *said, const struct xlpt_convert *how, enum xlpt_format from,
		   enum xlpt_format to, struct xlpt_losses *todo, struct xlpt_diag *diag)
{
	if (to == XLPT_FORMAT_LIBVIRT) {
		fold_globals(said);
		if (!said->kernel && xlpt_xl_grub(said))
			said->kernel = xlpt_xasprintf(XEN_FIRMWARE "/%s.bin", xlpt_xl_grub(said));
		if (said->maxmem.has && said->memory.has && said->maxmem.v < said->memory.v)
			said->maxmem = said->memory;
		return from == XLPT_FORMAT_XL ? say_memory(said, diag) : 0;
	}
	if (how->for_xen == XLPT_ON)
		xlpt_for_xen(said, todo);
	if (from == XLPT_FORMAT_LIBVIRT)
		xlpt_xl_fit(said);
	return 0;
}

static int write_verified(const struct xlpt_dom *dom, const struct xlpt_convert *how,
			  enum xlpt_format from, enum xlpt_format to, struct xlpt_str *out,
			  bool returns, struct xlpt_losses *losses, struct xlpt_diag *diag)
{
	_cleanup_dom_ struct xlpt_dom said, back;
	_cleanup_str_ struct xlpt_str text = { 0 };
	_cleanup_kepts_ struct xlpt_kepts kept = { 0 }, none = { 0 };
	_cleanup_losses_ struct xlpt_losses todo = { 0 };
	struct xlpt_keeper k = {
		.dom = dom, .back = &back, .to = to, .kept = &kept, .losses = losses
	};
	unsigned flags = how->devices_only ? XLPT_WRITE_DEVICES_ONLY : 0;
	size_t start = out->len;
	int rc;

	xlpt_dom_copy(&said, dom);
	xlpt_dom_init(&back);
	rc = prepare(&said, how, from, to, &todo, diag);
	if (rc)
		return rc;
	rc = xlpt_convert_write(to, &said, NULL, flags | XLPT_WRITE_BODY, &text, losses, diag);
	if (rc)
		return rc;
	rc = read_side(to, xlpt_str_get(&text), text.len, "the text just written", &back, &none,
		       NULL, diag);
	if (rc) {
		xlpt_diag_wrap(diag, "%s would not accept the result", xlpt_format_word(to));
		return xlpt_diag_recode(diag, XLPT_ERR_DATA);
	}
	if (back.devices_only != dom->devices_only) {
		/* On the way back it becomes a list of devices again: nothing is lost. */
		xlpt_kept_add(&kept, "devices_only", dom->devices_only ? "yes" : NULL,
			      back.devices_only ? "yes" : NULL);
		back.devices_only = dom->devices_only;
		back.e820_host = dom->e820_host;
	}
	xlpt_keep_differences(&k, dom, &back);
	if (from == XLPT_FORMAT_XL && to == XLPT_FORMAT_LIBVIRT && !dom->devices_only && !returns)
		xlpt_keep_said(&k, dom, &back);
	xlpt_tell_twice(&said, to, losses);
	if (to == XLPT_FORMAT_XL) {
		xlpt_xl_limits(&back, &said, losses);
		xlpt_xl_renamed(&said, losses);
	}
	xlpt_dom_carries(dom, to == XLPT_FORMAT_XL ? XLPT_SIDE_LIBVIRT : XLPT_SIDE_XL,
			 xlpt_keep_carry, &k);
	if (to == XLPT_FORMAT_XL || !kept.n)
		xlpt_str_addn(out, xlpt_str_get(&text), text.len);
	if (to == XLPT_FORMAT_XL)
		xlpt_xl_write_kept(&said, &kept, out);
	else if (kept.n)
		rc = xlpt_convert_write(to, &said, &kept, flags, out, NULL, diag);
	if (rc && out->s) {
		out->len = start;
		out->s[start] = '\0';
	}
	if (rc == 0)
		xlpt_for_xen_write(&todo, out, losses);
	return rc;
}

int xlpt_convert(const char *text, size_t len, const char *file, const struct xlpt_convert *how,
		 struct xlpt_str *out, enum xlpt_format *to, struct xlpt_losses *losses,
		 struct xlpt_diag *diag)
{
	enum xlpt_format from = xlpt_format_detect(text, len);
	enum xlpt_format target = how->to;
	struct xlpt_convert settled = *how;
	_cleanup_dom_ struct xlpt_dom dom;
	bool returns;
	int rc;

	if (target == XLPT_FORMAT_NONE)
		target = from == XLPT_FORMAT_XL ? XLPT_FORMAT_LIBVIRT : XLPT_FORMAT_XL;
	if (to)
		*to = target;
	xlpt_dom_init(&dom);
	rc = read_kept(from, text, len, file, &dom, &returns, losses, diag);
	if (rc)
		return rc;
	for (size_t i = 0; i < how->n_pools; i++)
		xlpt_libvirt_resolve_pool(&dom, &how->pools[i]);
	if (how->devices_only) {
		if (target == XLPT_FORMAT_LIBVIRT)
			fold_globals(&dom); /* the keys for all devices are not written */
		cut_to_devices(&dom);
	}
	rc = xlpt_for_xen_settle(&settled, &dom, from, target, diag);
	if (rc)
		return rc;
	if (settled.for_xen == XLPT_ON)
		xlpt_libvirt_pv_disks(&dom);
	if (target == XLPT_FORMAT_LIBVIRT)
		xlpt_libvirt_own_disks(&dom);
	rc = write_verified(&dom, &settled, from, target, out, returns, losses, diag);
	if (losses)
		xlpt_losses_sort(losses);
	return rc;
}

/* ---- comparing ---- */

/* Comments, and what xl does not read of such a guest. */
static void drop_silent(const struct xlpt_dom *dom, struct xlpt_carries *list)
{
	const char *reason;
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		struct xlpt_carry *c = &list->items[i];

		if (!strcmp(c->path, "#") || xlpt_xl_is_idle(dom, c, &reason)) {
			free(c->path);
			free(c->text);
		} else {
			list->items[n++] = *c;
		}
	}
	list->n = n;
}

/* Of devices alone, their order means nothing. */
static int by_address(const void *a, const void *b)
{
	const struct xlpt_spec *x = &((const struct xlpt_pci *)a)->spec;
	const struct xlpt_spec *y = &((const struct xlpt_pci *)b)->spec;
	int c = strcmp(x->name ? x->name : "", y->name ? y->name : "");

	return c ? c : xlpt_bdf_cmp(x->bdf, y->bdf);
}

int xlpt_convert_said(const char *text, size_t len, const char *file, bool devices_only,
		      struct xlpt_dom *dom, struct xlpt_diag *diag)
{
	_cleanup_kepts_ struct xlpt_kepts kept = { 0 };
	int rc = read_side(xlpt_format_detect(text, len), text, len, file, dom, &kept, NULL, diag);

	if (rc)
		return rc;
	fold_globals(dom);
	dom->pci_permissive = dom->pci_seize = XLPT_UNSET;
	dom->pci_msitranslate = dom->pci_power_mgmt = XLPT_UNSET;
	if (devices_only) {
		cut_to_devices(dom);
		if (dom->n_pci)
			qsort(dom->pci, dom->n_pci, sizeof(*dom->pci), by_address);
	}
	drop_silent(dom, &dom->extra);
	xlpt_dom_assume(dom);
	return 0;
}
