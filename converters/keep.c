/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the target's text does not say, or says in another way: kept in it, and told. */
#include "converters/keep.h"
#include "converters/model/internal.h"
#include "converters/libvirt/libvirt.h"
#include "converters/reason.h"
#include "converters/xl/xl.h"

char *xlpt_told_path(const struct xlpt_dom *dom, const char *path)
{
	size_t n = strcspn(path, "]");
	_cleanup_free_ char *element = NULL;
	const struct xlpt_field *list;
	const struct xlpt_disk *d;

	if (!xlpt_starts(path, "disk[") || !path[n])
		return xlpt_xstrdup(path);
	element = xlpt_xstrndup(path, n + 1);
	d = xlpt_path_element(dom, element, &list);
	return d && d->name ? xlpt_xasprintf("disk[%s%s", d->name, path + n) : xlpt_xstrdup(path);
}

/* Of a disk that xl does not get, or with another image: told of the disk. */
static bool is_told_of_disk(const struct xlpt_keeper *k, const char *at, const struct xlpt_carry *c)
{
	const struct xlpt_field *list;
	const struct xlpt_disk *d, *now;

	if (k->to != XLPT_FORMAT_XL || !xlpt_starts(at, "disk["))
		return false;
	d = xlpt_path_element(k->dom, at, &list);
	now = xlpt_path_element(k->back, at, &list);
	return !now ||
	       (!strcmp(c->path, "driver/@type") && d && !xlpt_streq(d->target, now->target));
}

/* A USB device of the viewer's, on the way to xl. */
static enum xlpt_severity redirected(const struct xlpt_keeper *k, const struct xlpt_carry *c,
				     const char **reason)
{
	const struct xlpt_dom *dom = k->dom;
	uint64_t before = 0, n = 0;
	bool spice = false;

	for (const struct xlpt_carry *i = dom->extra.items; i < c; i++)
		before += xlpt_xl_is_redirected(i);
	for (size_t i = 0; i < k->back->n_gfx; i++) {
		spice |= k->back->gfx[i].type == XLPT_GFX_SPICE;
		n += k->back->gfx[i].usb_redir.v;
	}
	if (before < n) {
		*reason = "spiceusbredirection= is xl's word for it";
		return XLPT_LOSS_NOTE;
	}
	if (spice)
		*reason = n ? "xl redirects four devices at most"
			    : "spiceusbredirection= does not go with usb= and usbdevice=, which a "
			      "tablet or mouse on USB wants";
	return XLPT_LOSS_CHANGED;
}

/* What is said of a part where more than its own text decides. */
static void of_the_case(const struct xlpt_keeper *k, const char *at, const struct xlpt_carry *c,
			enum xlpt_severity *severity, const char **reason)
{
	const struct xlpt_dom *dom = k->dom;

	if (*at)
		return;
	if (xlpt_xl_is_idle(dom, c, reason))
		*severity = XLPT_LOSS_NOTE;
	/* xl_parse.c, parse_cmdline: it warns, and takes cmdline=. */
	if (c->side == XLPT_SIDE_XL && dom->cmdline &&
	    (!strcmp(c->path, "root") || !strcmp(c->path, "extra"))) {
		*severity = XLPT_LOSS_NOTE;
		*reason = "xl ignores it beside cmdline=";
	}
	if (c->side == XLPT_SIDE_XL && !strcmp(c->path, "firmware") && !dom->kernel &&
	    xlpt_xl_grub(dom)) {
		*severity = XLPT_LOSS_NOTE;
		*reason =
			"said by <kernel>, which is where Xen has it: see that it is there on this host";
	}
	if (c->side != XLPT_SIDE_LIBVIRT)
		return;
	if (dom->type != XLPT_DOM_HVM &&
	    (!strcmp(c->path, "os/boot") || !strcmp(c->path, "os/loader"))) {
		*severity = XLPT_LOSS_NOTE;
		*reason = "of HVM guests alone";
	}
	/* <hyperv mode='passthrough'> */
	if (xlpt_starts(c->path, "features/hyperv/") && *severity == XLPT_LOSS_CHANGED &&
	    dom->viridian_groups && !strcmp(dom->viridian_groups[0], "all") &&
	    xlpt_libvirt_is_viridian(c->path + strlen("features/hyperv/"))) {
		*severity = XLPT_LOSS_NOTE;
		*reason = "a part of viridian=[ \"all\" ]";
	}
	if (xlpt_xl_is_redirected(c))
		*severity = redirected(k, c, reason);
	if (!xlpt_dom_is_foreign(dom))
		return;
	if (!strcmp(c->path, "os/@firmware") && !strcmp(c->text, "efi")) {
		*severity = XLPT_LOSS_CHANGED;
		*reason = xlpt_reason_uefi(dom);
	} else if (dom->kernel && dom->firmware == XLPT_FW_UEFI &&
		   (xlpt_starts(c->path, "os/nvram") || xlpt_starts(c->path, "os/loader") ||
		    xlpt_starts(c->path, "os/varstore") || !strcmp(c->path, "os/firmware"))) {
		*severity = XLPT_LOSS_NOTE;
		*reason = "of the UEFI that this guest does not get";
	}
}

void xlpt_keep_carry(void *ctx, const char *at, const struct xlpt_carry *c)
{
	struct xlpt_keeper *k = ctx;
	_cleanup_free_ char *of = xlpt_told_path(k->dom, at);
	_cleanup_free_ char *what = xlpt_xasprintf("%s%s%s", of, *of ? "/" : "", c->path);
	const char *reason;
	enum xlpt_severity severity = xlpt_carry_reason(k->to, at, c, &reason);

	xlpt_kept_add_carry(k->kept, at, c);
	of_the_case(k, at, c, &severity, &reason);
	if (is_told_of_disk(k, at, c))
		return;
	if (!strcmp(c->path, "#"))
		xlpt_loss_add(k->losses, XLPT_LOSS_NOTE, k->dom->file, c->line, c->column,
			      "comments", "kept, but not their places");
	else
		xlpt_loss_add(k->losses, severity, k->dom->file, c->line, c->column, what, "%s",
			      reason);
}

static bool is_kept(const struct xlpt_kepts *kept, const char *path)
{
	for (size_t i = 0; i < kept->n; i++)
		if (!kept->items[i].carry.side && !strcmp(kept->items[i].path, path))
			return true;
	return false;
}

/* Whether b with what is kept means what x, which is normalised, says. */
static bool restores(const struct xlpt_dom *x, const struct xlpt_dom *b,
		     const struct xlpt_kepts *kept)
{
	_cleanup_dom_ struct xlpt_dom c;

	xlpt_dom_copy(&c, b);
	xlpt_kepts_apply(kept, &c, NULL, NULL);
	xlpt_dom_normalise(&c);
	return xlpt_dom_diff_values(x, &c, NULL) == 0;
}

/*
 * Values that stand for each other (maxvcpus for vcpus) may mean something else
 * once one of them is put back alone. Then everything that is spelled in another
 * way is kept as well; no loss, so nothing to report.
 */
static void keep_spellings(struct xlpt_keeper *k, const struct xlpt_dom *a,
			   const struct xlpt_dom *b)
{
	_cleanup_deltas_ struct xlpt_deltas deltas = { 0 };

	xlpt_dom_diff_values(a, b, &deltas);
	for (size_t i = 0; i < deltas.n; i++)
		if (!is_kept(k->kept, deltas.items[i].path))
			xlpt_kept_add(k->kept, deltas.items[i].path, deltas.items[i].a,
				      deltas.items[i].b);
}

void xlpt_keep_said(struct xlpt_keeper *k, const struct xlpt_dom *a, const struct xlpt_dom *b)
{
	_cleanup_deltas_ struct xlpt_deltas deltas = { 0 };

	xlpt_dom_diff_single(a, b, &deltas);
	for (size_t i = 0; i < deltas.n; i++) {
		const struct xlpt_delta *d = &deltas.items[i];

		/* A guest without a type is a PV guest, which xl says anyway. */
		if (strcmp(d->path, "type") != 0 && !is_kept(k->kept, d->path))
			xlpt_kept_add(k->kept, d->path, d->a, d->b);
	}
}

/*
 * What only the target says, and what is no news: the order of boot devices, and the bootloader
 * that libvirt reads out of a missing kernel, which is told as such. libvirt's Xen driver does not read
 * the order of devices and starts from the disk (libxlMakeDomBuildInfo): another one is news.
 */
static bool follows(const struct xlpt_keeper *k, const struct xlpt_dom *a, const struct xlpt_dom *b,
		    const char *path)
{
	if (!strcmp(path, "boot"))
		return k->to != XLPT_FORMAT_XL || xlpt_dom_is_foreign(a) || !b->boot ||
		       *b->boot == 'c';
	if (!strcmp(path, "kernel"))
		return xlpt_xl_grub(a) != NULL; /* told of firmware= */
	return !strcmp(path, "bootloader") && a->kernel;
}

/* x and y are a and b, normalised: what differs only in how it is said is no difference. */
static void tell(struct xlpt_keeper *k, struct xlpt_delta *d, const struct xlpt_dom *a,
		 const struct xlpt_dom *b)
{
	_cleanup_free_ char *value = NULL, *was = NULL;

	xlpt_dom_get(a, d->path, &value);
	xlpt_dom_get(b, d->path, &was);
	if (xlpt_streq(value, was))
		return; /* differs in the mirror of another member only */
	free(d->a);
	d->a = XLPT_TAKE(value);
	if (!d->a && follows(k, a, b, d->path))
		return;
	xlpt_loss_tell(k->losses, k->to, d, a, b);
}

void xlpt_keep_differences(struct xlpt_keeper *k, const struct xlpt_dom *a,
			   const struct xlpt_dom *b)
{
	_cleanup_dom_ struct xlpt_dom x, y;
	_cleanup_deltas_ struct xlpt_deltas deltas = { 0 };

	xlpt_dom_copy(&x, a);
	xlpt_dom_copy(&y, b);
	xlpt_dom_normalise(&x);
	xlpt_dom_normalise(&y);
	if (!xlpt_dom_diff_values(&x, &y, &deltas))
		return;
	for (size_t i = 0; i < deltas.n; i++) {
		struct xlpt_delta *d = &deltas.items[i];
		_cleanup_deltas_ struct xlpt_deltas inner = { 0 };
		_cleanup_free_ char *value = NULL, *was = NULL;

		xlpt_dom_get(a, d->path, &value);
		xlpt_dom_get(b, d->path, &was);
		if (!xlpt_streq(value, was))
			xlpt_kept_add(k->kept, d->path, value, was);
		tell(k, d, a, b);
		/* A list is one difference, and kept as one; what it says of the rest is told as well. */
		xlpt_dom_diff_common(&x, &y, d->path, &inner);
		for (size_t j = 0; j < inner.n; j++)
			tell(k, &inner.items[j], a, b);
	}
	if (!restores(&x, b, k->kept))
		keep_spellings(k, a, b);
}
