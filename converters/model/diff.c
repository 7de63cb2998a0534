/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Comparing two models, and what means the same. */
#include "converters/model/internal.h"

#include <ctype.h>

void xlpt_deltas_dispose(struct xlpt_deltas *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->items[i].path);
		free(d->items[i].a);
		free(d->items[i].b);
	}
	free(d->items);
	*d = (struct xlpt_deltas){ 0 };
}

struct differ {
	const struct xlpt_dom *a;
	struct xlpt_deltas *out;
	bool carries;
	bool single; /* values of the domain itself, no lists */
	size_t n;
};

static void add(struct differ *d, const char *prefix, const char *name, const char *a,
		const char *b, unsigned line)
{
	d->n++;
	if (!d->out)
		return;
	XLPT_GROW(d->out->items, d->out->n, d->out->alloc);
	d->out->items[d->out->n++] = (struct xlpt_delta){
		.path = xlpt_xasprintf("%s%s", prefix, name),
		.a = xlpt_xstrdup(a),
		.b = xlpt_xstrdup(b),
		.line = line,
	};
}

static char *carries_text(const struct xlpt_carries *c)
{
	struct xlpt_str s = { 0 };

	for (size_t i = 0; i < c->n; i++)
		xlpt_str_addf(&s, "%s%s %s: %s", i ? "; " : "",
			      c->items[i].side == XLPT_SIDE_XL ? "xl" : "libvirt", c->items[i].path,
			      c->items[i].text);
	return c->n ? xlpt_str_take(&s) : NULL;
}

static void diff_shape(struct differ *d, const struct xlpt_shape *shape, const void *a,
		       const void *b, const char *prefix, unsigned line);

static void diff_list(struct differ *d, const struct xlpt_field *f, const void *a, const void *b,
		      const char *prefix, unsigned line)
{
	const struct xlpt_list *la = xlpt_field_at(a, f), *lb = xlpt_field_at(b, f);
	bool devices = a == d->a;

	if (!xlpt_list_same(f, la, lb)) {
		struct xlpt_str x = { 0 }, y = { 0 };
		bool has_a = xlpt_field_print(f, a, &x), has_b = xlpt_field_print(f, b, &y);

		/* The first device that the other has not is the one to show. */
		for (size_t i = 0; devices && i < la->n; i++)
			if (i >= lb->n || i == la->n - 1) {
				line = ((struct xlpt_at *)xlpt_list_item(la, f->shape, i))->line;
				break;
			}
		add(d, prefix, f->name, has_a ? x.s : NULL, has_b ? y.s : NULL, line);
		xlpt_str_dispose(&x);
		xlpt_str_dispose(&y);
		return;
	}
	for (size_t i = 0; i < la->n; i++) {
		const void *x = xlpt_list_item(la, f->shape, i);
		const void *y = xlpt_list_item(lb, f->shape, i);
		struct differ quiet = { .a = d->a, .carries = d->carries };
		_cleanup_free_ char *name = NULL, *path = NULL;

		/* To make the name of an element costs time, and most elements do not differ. */
		diff_shape(&quiet, f->shape, x, y, "", 0);
		if (!quiet.n)
			continue;
		name = xlpt_list_name(f, la, i);
		path = xlpt_xasprintf("%s%s[%s].", prefix, f->name, name);
		diff_shape(d, f->shape, x, y, path,
			   devices ? ((const struct xlpt_at *)x)->line : line);
	}
}

static bool quick_equal(const struct xlpt_field *f, const void *p, const void *q)
{
	switch (f->type) {
	case XLPT_F_STR:
		return xlpt_streq(*(char *const *)p, *(char *const *)q);
	case XLPT_F_TRI:
	case XLPT_F_WORD:
	case XLPT_F_SLOT:
		return *(const int *)p == *(const int *)q;
	case XLPT_F_FLAG:
		return *(const bool *)p == *(const bool *)q;
	case XLPT_F_NUM: {
		const struct xlpt_num *a = p, *b = q;

		return a->has == b->has && (!a->has || a->v == b->v);
	}
	case XLPT_F_STRV:
		return !*(char **const *)p && !*(char **const *)q;
	default:
		return false;
	}
}

static void diff_shape(struct differ *d, const struct xlpt_shape *shape, const void *a,
		       const void *b, const char *prefix, unsigned line)
{
	for (const struct xlpt_field *f = shape->fields; f->name; f++) {
		const void *p = xlpt_field_at(a, f), *q = xlpt_field_at(b, f);
		unsigned at;

		if (d->single && (f->type == XLPT_F_LIST || f->type == XLPT_F_STRV))
			continue;
		at = a == d->a ? xlpt_dom_line(d->a, p) : line;
		if (f->type == XLPT_F_LIST) {
			diff_list(d, f, a, b, prefix, at);
		} else if (f->type == XLPT_F_PART) {
			_cleanup_free_ char *inner = xlpt_xasprintf("%s%s.", prefix, f->name);

			diff_shape(d, f->shape, p, q, inner, at);
		} else if (f->type == XLPT_F_CARRIES) {
			_cleanup_free_ char *x = NULL, *y = NULL;

			if (!d->carries)
				continue;
			x = carries_text(p);
			y = carries_text(q);
			if (!xlpt_streq(x, y))
				add(d, prefix, f->name, x, y, at);
		} else if (!quick_equal(f, p, q)) {
			struct xlpt_str x = { 0 }, y = { 0 };
			bool has_a = xlpt_field_print(f, a, &x);
			bool has_b = xlpt_field_print(f, b, &y);

			if (has_a != has_b ||
			    (has_a && strcmp(x.s ? x.s : "", y.s ? y.s : "") != 0))
				add(d, prefix, f->name, has_a ? xlpt_str_get(&x) : NULL,
				    has_b ? xlpt_str_get(&y) : NULL, at);
			xlpt_str_dispose(&x);
			xlpt_str_dispose(&y);
		}
	}
}

size_t xlpt_dom_diff(const struct xlpt_dom *a, const struct xlpt_dom *b, struct xlpt_deltas *out)
{
	struct differ d = { .a = a, .out = out, .carries = true };

	diff_shape(&d, &xlpt_dom_shape, a, b, "", 0);
	return d.n;
}

size_t xlpt_dom_diff_values(const struct xlpt_dom *a, const struct xlpt_dom *b,
			    struct xlpt_deltas *out)
{
	struct differ d = { .a = a, .out = out };

	diff_shape(&d, &xlpt_dom_shape, a, b, "", 0);
	return d.n;
}

size_t xlpt_dom_diff_single(const struct xlpt_dom *a, const struct xlpt_dom *b,
			    struct xlpt_deltas *out)
{
	struct differ d = { .a = a, .out = out, .single = true };

	diff_shape(&d, &xlpt_dom_shape, a, b, "", 0);
	return d.n;
}

size_t xlpt_dom_diff_common(const struct xlpt_dom *a, const struct xlpt_dom *b, const char *list,
			    struct xlpt_deltas *out)
{
	struct differ d = { .a = a, .out = out };
	void *base;
	const struct xlpt_field *f = xlpt_path_find(a, list, &base);
	const struct xlpt_list *la;

	if (!f || f->type != XLPT_F_LIST || f->shape->key < 0 || base != a)
		return 0;
	la = xlpt_field_at(a, f);
	/* Each is looked for among all; nobody reads a report of so many. */
	for (size_t i = 0; i < la->n && la->n <= XLPT_REPORT_MAX; i++) {
		const struct xlpt_at *x = xlpt_list_item(la, f->shape, i);
		_cleanup_free_ char *name = xlpt_list_name(f, la, i);
		_cleanup_free_ char *path = xlpt_xasprintf("%s[%s].", f->name, name);
		const void *y;

		path[strlen(path) - 1] = '\0';
		y = *name == '#' ? NULL : xlpt_path_element(b, path, NULL);
		path[strlen(path)] = '.';
		if (y)
			diff_shape(&d, f->shape, x, y, path, x->line);
	}
	return d.n;
}

/* ---- what means the same ---- */

static void num_default(struct xlpt_num *n, struct xlpt_num value)
{
	if (!n->has)
		*n = value;
}

static void tri_default(enum xlpt_tri *t, enum xlpt_tri value)
{
	if (*t == XLPT_UNSET)
		*t = value;
}

static enum xlpt_tri opposite(enum xlpt_tri t)
{
	return t == XLPT_UNSET ? XLPT_UNSET : t == XLPT_ON ? XLPT_OFF : XLPT_ON;
}

bool xlpt_dom_boots_by_device(const struct xlpt_dom *dom)
{
	bool any = false;

	for (size_t i = 0; i < dom->n_disk; i++)
		any |= dom->disk[i].boot_order.has;
	for (size_t i = 0; i < dom->n_net; i++)
		any |= dom->net[i].boot_order.has;
	for (size_t i = 0; i < dom->n_pci; i++)
		any |= dom->pci[i].boot_order.has;
	return any;
}

/* The guest bus that a virtual disk name stands for: "xen", "ide", ... (xen-vbd-interface(7)). */
static const char *disk_bus(const char *vdev)
{
	/* clang-format off */
	static const char *const map[][2] = { { "xvd", "xen" }, { "hd", "ide" }, { "sd", "scsi" },
					      { "fd", "fdc" }, { "vd", "virtio" }, { "d", "xen" } };
	/* clang-format on */

	for (size_t i = 0; vdev && i < XLPT_ARRAY_SIZE(map); i++)
		if (xlpt_starts(vdev, map[i][0]))
			return map[i][1];
	return "xen";
}

static void normalise_disk(struct xlpt_disk *d)
{
	if (d->target && !*d->target) {
		free(d->target);
		d->target = NULL;
	}
	if (!d->kind)
		d->kind = d->target && xlpt_starts(d->target, "/dev/") ? XLPT_DISK_BLOCK
								       : XLPT_DISK_FILE;
	if (!d->bus)
		d->bus = xlpt_xstrdup(disk_bus(d->vdev));
	if (!d->dev)
		d->dev = XLPT_DISKDEV_DISK;
	/* libxl takes a drive without a medium for format empty, and raw where nothing is said. */
	if (!d->format || d->format == XLPT_FMT_EMPTY)
		d->format = XLPT_FMT_RAW;
	if (d->dev == XLPT_DISKDEV_CDROM)
		d->readonly = d->removable = XLPT_ON; /* libxl makes every CD-ROM so */
	tri_default(&d->readonly, XLPT_OFF);
}

static void normalise_pci(const struct xlpt_dom *dom, struct xlpt_pci *p)
{
	struct xlpt_bdf *g = &p->guest.v;

	tri_default(&p->managed, p->spec.seize);
	tri_default(&p->spec.seize, p->managed);
	tri_default(&p->filtering, opposite(p->spec.permissive));
	tri_default(&p->spec.permissive, opposite(p->filtering));
	if (!p->spec.rdm_policy)
		p->spec.rdm_policy =
			dom->rdm_policy ? (enum xlpt_rdm)dom->rdm_policy : XLPT_RDM_STRICT;
	if (p->spec.vslot < 0 && p->guest.has && !g->seg && !g->bus && !g->func)
		p->spec.vslot = g->dev;
	else if (p->spec.vslot >= 0 && !p->guest.has)
		p->guest = (struct xlpt_opt_bdf){ true, { .dev = (uint8_t)p->spec.vslot } };
}

/* The order of groups means nothing, and [ "defaults" ] alone is what viridian=1 is. */
static void normalise_viridian(struct xlpt_dom *dom)
{
	if (!dom->viridian_groups)
		return;
	dom->viridian = XLPT_ON;
	xlpt_strv_sort(dom->viridian_groups);
	if (!strcmp(dom->viridian_groups[0] ? dom->viridian_groups[0] : "", "defaults") &&
	    !dom->viridian_groups[1]) {
		xlpt_strv_free(dom->viridian_groups);
		dom->viridian_groups = NULL;
	}
}

void xlpt_dom_normalise(struct xlpt_dom *dom)
{
	normalise_viridian(dom);
	xlpt_dom_defaults(dom);
	dom->vnc_unsaid = dom->card_unsaid = XLPT_UNSET;
	if (!dom->devices_only) {
		num_default(&dom->vcpus, (struct xlpt_num){ true, 1 });
		num_default(&dom->maxvcpus, dom->vcpus);
		num_default(&dom->maxmem, dom->memory);
		if (dom->type == XLPT_DOM_HVM)
			tri_default(&dom->nographic, dom->n_gfx ? XLPT_OFF : XLPT_ON);
	}
	for (size_t i = 0; i < dom->n_gfx; i++) {
		struct xlpt_gfx *g = &dom->gfx[i];

		if (g->type != XLPT_GFX_SPICE)
			tri_default(&g->vfb, dom->type == XLPT_DOM_HVM ? XLPT_OFF : XLPT_ON);
		else if (g->passwd)
			tri_default(&g->ticketing, XLPT_ON); /* libvirt: off without a password */
	}
	for (size_t i = 0; i < dom->n_disk; i++)
		normalise_disk(&dom->disk[i]);
	for (size_t i = 0; i < dom->n_net; i++)
		dom->net[i].kind = dom->net[i].kind ? dom->net[i].kind : XLPT_NET_BRIDGE;
	for (size_t i = 0; i < dom->n_pci; i++)
		normalise_pci(dom, &dom->pci[i]);
}

/* What both sides give a display of an HVM guest when nothing is said. */
static void assume_display(struct xlpt_dom *dom)
{
	for (size_t i = 0; i < dom->n_gfx; i++) {
		struct xlpt_gfx *g = &dom->gfx[i];

		if (g->port.has)
			tri_default(&g->autoport, XLPT_OFF);
		if (g->type == XLPT_GFX_SPICE)
			tri_default(&g->ticketing, XLPT_ON);
		if (g->type != XLPT_GFX_VNC || dom->type != XLPT_DOM_HVM)
			continue;
		tri_default(&g->autoport, XLPT_ON);
		if (!g->listen)
			g->listen = xlpt_xstrdup("127.0.0.1");
	}
	if (dom->type == XLPT_DOM_HVM && dom->n_gfx && !dom->n_video)
		XLPT_DOM_ADD(dom, video)->model = XLPT_VGA_CIRRUS;
	if (dom->n_video) {
		num_default(&dom->video[0].heads, (struct xlpt_num){ true, 1 });
		tri_default(&dom->video[0].primary, XLPT_ON);
	}
}

static void unsay(enum xlpt_tri *t, enum xlpt_tri value)
{
	if (*t == value)
		*t = XLPT_UNSET;
}

/* What every device does anyway is not said, so that lists for people stay short. */
static void silence(struct xlpt_pci *p)
{
	unsay(&p->filtering, XLPT_ON);
	unsay(&p->spec.permissive, XLPT_OFF);
	unsay(&p->spec.msitranslate, XLPT_OFF);
	unsay(&p->spec.power_mgmt, XLPT_OFF);
	if (p->spec.rdm_policy == XLPT_RDM_STRICT)
		p->spec.rdm_policy = XLPT_RDM_UNSET;
}

void xlpt_dom_assume(struct xlpt_dom *dom)
{
	xlpt_dom_normalise(dom);
	xlpt_dom_plain_cpus(dom);
	if (dom->type == XLPT_DOM_HVM && !dom->boot && !xlpt_dom_boots_by_device(dom))
		dom->boot = xlpt_xstrdup("cda"); /* libxl_create.c */
	if (!xlpt_dom_is_foreign(dom))
		dom->firmware_bare = XLPT_UNSET; /* libvirt's Xen driver does not read it */
	if (!dom->devices_only) {
		num_default(&dom->clock_adjust, (struct xlpt_num){ true, 0 });
		dom->clock = dom->clock ? dom->clock : XLPT_CLOCK_UTC;
	}
	assume_display(dom);
	for (size_t i = 0; i < dom->n_serial; i++)
		num_default(&dom->serial[i].port, (struct xlpt_num){ true, i });
	/* Neither side takes a device from its driver unless told to. */
	for (size_t i = 0; dom->pci_seize != XLPT_ON && i < dom->n_pci; i++) {
		tri_default(&dom->pci[i].managed, XLPT_OFF);
		tri_default(&dom->pci[i].spec.seize, XLPT_OFF);
	}
	for (size_t i = 0; i < dom->n_pci; i++)
		silence(&dom->pci[i]);
}
