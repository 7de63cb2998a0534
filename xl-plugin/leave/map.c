/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --map: which device takes the place of which, and which options it takes over. */
#include <string.h>

#include "xl-plugin/leave/leave.h"

int xlpt_leave_add_map(struct xlpt_leave *l, const char *text, struct xlpt_diag *diag)
{
	const char *eq = strchr(text, '=');
	struct xlpt_map *m;
	int rc;

	if (!eq || !eq[1]) {
		xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "--map %s: expected FROM=TO", text);
		xlpt_diag_hint(diag, "for example --map 0000:09:00.0=0000:41:00.0");
		return XLPT_ERR_SYNTAX;
	}
	XLPT_GROW(l->maps, l->n_maps, l->alloc_maps);
	m = &l->maps[l->n_maps];
	*m = (struct xlpt_map){ 0 };
	rc = xlpt_bdf_parse(text, (size_t)(eq - text), &m->from, diag);
	for (size_t i = 0; rc == 0 && i < l->n_maps; i++)
		if (xlpt_bdf_eq(l->maps[i].from, m->from)) {
			rc = xlpt_diag_set(diag, XLPT_ERR_USAGE, "%s is named twice",
					   XLPT_BDF_STR(m->from));
			xlpt_diag_hint(diag, "map each device once");
		}
	if (rc)
		return rc;
	l->n_maps++;
	rc = xlpt_spec_parse(eq + 1, &m->to, diag);
	if (rc)
		xlpt_diag_wrap(diag, "--map %s", text);
	m->alone = m->to.has_bdf && !m->to.all_funcs && !strpbrk(eq + 1, ",@");
	return rc;
}

struct xlpt_map *xlpt_leave_map(const struct xlpt_leave *l, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < l->n_maps; i++)
		if (xlpt_bdf_eq(l->maps[i].from, bdf)) {
			l->maps[i].used = true;
			return &l->maps[i];
		}
	return NULL;
}

int xlpt_leave_maps_used(const struct xlpt_leave *l, const char *guest, struct xlpt_diag *diag)
{
	for (size_t i = 0; i < l->n_maps; i++) {
		if (l->maps[i].used)
			continue;
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "--map names %s, which %s does not hold",
			      XLPT_BDF_STR(l->maps[i].from), guest);
		xlpt_diag_hint(diag, "leave that --map out, or name one of its devices");
		return XLPT_ERR_USAGE;
	}
	return 0;
}

void xlpt_leave_fit(enum xlpt_guest_type type, struct xlpt_spec *spec)
{
	if (type != XLPT_GUEST_PV)
		return;
	spec->vslot = -1;
	/*
	 * "relaxed" was written by somebody, and without it Xen would refuse the device; "strict"
	 * is libxl's default.
	 */
	if (spec->rdm_policy == XLPT_RDM_STRICT)
		spec->rdm_policy = XLPT_RDM_UNSET;
	spec->msitranslate = XLPT_UNSET;
}

bool xlpt_leave_mapped(const struct xlpt_leave *l, const struct xlpt_spec *own,
		       struct xlpt_spec *out)
{
	const struct xlpt_map *map = xlpt_leave_map(l, own->bdf);

	if (!map) {
		xlpt_spec_copy(out, own);
		return false;
	}
	xlpt_spec_copy(out, map->alone ? own : &map->to);
	if (map->alone) {
		out->bdf = map->to.bdf;
		xlpt_spec_leave_pool(out);
	} else if (out->pool && !out->has_bdf && xlpt_vfid_is_empty(&out->vf)) {
		out->vf = own->vf;
	}
	return true;
}
