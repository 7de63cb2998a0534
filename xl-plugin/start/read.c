/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The configuration of a guest that is to be started: it is read, its devices are resolved, and it
 * is written as xl gets it. xl cannot read pool:, pin: and a VF's identity, so each such entry
 * becomes the address that was found; every other byte of the file goes to xl unchanged.
 */
#include <string.h>

#include "converters/xl/xl.h"
#include "xl-plugin/start/start.h"

static int check_entry(const struct xlpt_start *s, const struct xlpt_xl_entry *e,
		       struct xlpt_diag *diag)
{
	_cleanup_spec_ struct xlpt_spec spec;
	int rc = xlpt_spec_parse(e->text, &spec, diag);

	/* The column in the entry becomes the column in the file. */
	if (rc)
		xlpt_diag_at(diag, s->file, e->line,
			     e->column + (diag && diag->column ? diag->column - 1 : 0));
	return rc;
}

int xlpt_start_read(struct xlpt_start *s, struct xlpt_diag *diag)
{
	int rc = xlpt_xl_entries_read(s->text, s->len, s->file, &s->entries, diag);
	uint8_t uuid[16];

	for (size_t i = 0; rc == 0 && i < s->entries.n; i++)
		rc = check_entry(s, &s->entries.items[i], diag);
	if (rc)
		return rc;
	if (!s->entries.name || !*s->entries.name) {
		xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "the configuration gives the guest no name");
		xlpt_diag_at(diag, s->file, 1, 1);
		xlpt_diag_hint(diag, "write name = \"web1\"");
		return XLPT_ERR_SYNTAX;
	}
	if (s->entries.uuid && !xlpt_uuid_parse(s->entries.uuid, strlen(s->entries.uuid), uuid)) {
		xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "\"%s\" is no UUID", s->entries.uuid);
		xlpt_diag_at(diag, s->file, 1, 1);
		xlpt_diag_hint(diag, "leave uuid out, or write what uuidgen prints");
		return XLPT_ERR_SYNTAX;
	}
	if (s->entries.uuid)
		snprintf(s->op.guest.uuid, sizeof(s->op.guest.uuid), "%s", XLPT_UUID_STR(uuid));
	s->op.guest.name = xlpt_xstrdup(s->entries.name);
	s->op.guest.domid = XLPT_DOMID_NONE;
	s->op.guest.has_stubdom = s->entries.stubdom;
	return 0;
}

/* What xl reads for item i: without the options that xlpt has carried out already. */
static char *for_xl(const struct xlpt_item *item)
{
	_cleanup_spec_ struct xlpt_spec spec;

	xlpt_spec_copy(&spec, &item->spec);
	spec.vf = (struct xlpt_vf_identity){ 0 };
	spec.seize = XLPT_UNSET;
	return xlpt_spec_format(&spec);
}

static bool plain(const char *text)
{
	_cleanup_spec_ struct xlpt_spec spec;

	return xlpt_spec_parse_xl(text, &spec, NULL) == 0 && !spec.all_funcs &&
	       spec.seize == XLPT_UNSET;
}

/* Which items an entry became. */
struct stands {
	size_t first, n;
};

/*
 * An entry BB:DD.* of a slot that this host does not have names no device: check tells it, and judges
 * the others.
 */
static int add_entry(struct xlpt_start *s, const struct xlpt_xl_entry *e, struct xlpt_diag *diag)
{
	_cleanup_spec_ struct xlpt_spec spec;
	int rc = xlpt_spec_parse(e->text, &spec, diag);

	if (rc == 0)
		rc = xlpt_op_add(&s->op, &spec, diag);
	if (rc == XLPT_ERR_NO_DEVICE && spec.all_funcs) {
		_cleanup_free_ char *slot = xlpt_spec_where(&spec);

		xlpt_op_hint_absent(&s->op, slot, diag);
		rc = xlpt_op_judged(&s->op, rc, diag);
		if (rc == 0)
			rc = xlpt_op_add_bdf(&s->op, spec.bdf, diag);
		if (rc == 0)
			s->op.items[s->op.n - 1].not_here = true;
	}
	return rc;
}

/*
 * Adds the items of those entries that name a device, or (pools) of those that want a VF of a
 * pool. Takes no VF.
 */
static int add_entries(struct xlpt_start *s, bool pools, struct stands *of, struct xlpt_diag *diag)
{
	for (size_t i = 0; i < s->entries.n; i++) {
		const struct xlpt_xl_entry *e = &s->entries.items[i];
		int rc;

		if (xlpt_starts(e->text, "pool:") != pools)
			continue;
		of[i].first = s->op.n;
		rc = add_entry(s, e, diag);
		if (rc) {
			xlpt_diag_at(diag, s->file, e->line, e->column);
			return rc;
		}
		of[i].n = s->op.n - of[i].first;
		for (size_t k = 0; k < of[i].n; k++)
			s->op.items[of[i].first + k].order = i;
	}
	return 0;
}

/* Takes the VFs out of pools for an entry, and makes what xl reads in its place. */
static int take_entry(struct xlpt_start *s, struct xlpt_xl_entry *e, const struct stands *of,
		      struct xlpt_diag *diag)
{
	int rc = 0;

	for (size_t k = 0; rc == 0 && k < of->n; k++)
		rc = xlpt_op_take_vf(&s->op, of->first + k, &s->terms, diag);
	if (rc)
		xlpt_diag_at(diag, s->file, e->line, e->column);
	if (rc || plain(e->text))
		return rc;
	e->with = xlpt_xcalloc(of->n + 1, sizeof(*e->with));
	for (size_t k = 0; k < of->n; k++)
		e->with[k] = for_xl(&s->op.items[of->first + k]);
	return 0;
}

int xlpt_start_resolve(struct xlpt_start *s, struct xlpt_diag *diag)
{
	_cleanup_free_ struct stands *of = xlpt_xcalloc(s->entries.n + 1, sizeof(*of));
	int rc = add_entries(s, false, of, diag);

	if (rc == 0)
		rc = add_entries(s, true, of, diag);
	for (size_t i = 0; rc == 0 && i < s->entries.n; i++)
		rc = take_entry(s, &s->entries.items[i], &of[i], diag);
	return rc;
}

/* The memory of the display is a part of the guest's memory (libxl_create.c). */
static void take_hole(struct xlpt_start *s)
{
	const struct xlpt_create_facts *f = &s->create;
	uint64_t kb = f->maxmem ? f->maxmem : f->memory;

	s->op.videoram = f->videoram << 10;
	s->op.hole = (struct xlpt_hole){ .memory = kb > f->videoram ? (kb - f->videoram) << 10 : 0,
					 .asked = f->mmio_hole << 20,
					 .moves_memory = f->old_device_model };
}

/* The result must say to xl exactly what was meant. */
int xlpt_start_generate(struct xlpt_start *s, struct xlpt_diag *diag)
{
	static const enum xlpt_guest_type types[] = { XLPT_GUEST_PV, XLPT_GUEST_PV, XLPT_GUEST_HVM,
						      XLPT_GUEST_PVH };
	struct xlpt_kepts kept = { 0 };
	_cleanup_dom_ struct xlpt_dom dom;
	int rc;

	xlpt_xl_entries_write(s->text, s->len, &s->entries, *s->uuid ? s->uuid : NULL, &s->config);
	rc = xlpt_xl_read(s->config.s, s->config.len, s->file, &dom, &kept, NULL, diag);
	xlpt_kepts_dispose(&kept);
	if (rc)
		return rc;
	xlpt_xl_create_facts(&dom, &s->create);
	s->create.name = s->op.guest.name;
	s->op.guest.type =
		(size_t)dom.type < XLPT_ARRAY_SIZE(types) ? types[dom.type] : XLPT_GUEST_UNKNOWN;
	free(s->gfx_passthru);
	s->gfx_passthru = xlpt_xstrdup(dom.gfx_passthru);
	take_hole(s);
	s->no_passthrough = dom.passthrough == XLPT_PT_DISABLED;
	if (dom.n_pci != s->op.n || !xlpt_streq(dom.name, s->op.guest.name)) {
		xlpt_diag_set(diag, XLPT_ERR_DATA,
			      "the generated configuration does not say what was meant");
		xlpt_diag_fact(diag, "%zu devices were resolved, %zu can be read back", s->op.n,
			       dom.n_pci);
		xlpt_diag_hint(diag,
			       "write each device once, on a line of its own, in pci = [ ... ]");
		return XLPT_ERR_DATA;
	}
	return 0;
}
