/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Virtual functions that do not exist yet, and that a [vfs] of the same file makes. After each boot all
 * of them are such. A [hide] may name them. A part of its own hides them, after the part that makes
 * them; its plan is made when they exist.
 */
#include <string.h>

#include "pciback/sriov/vf.h"
#include "xl-plugin/apply/apply.h"
#include "xl-plugin/kept/pins.h"
#include "xl-plugin/kept/resolve.h"

static bool makes(const struct xlpt_apply *a, const struct xlpt_entry *vfs, struct xlpt_bdf bdf)
{
	_cleanup_pf_ struct xlpt_pf pf = { 0 };
	unsigned count = (unsigned)xlpt_entry_count(vfs);
	struct xlpt_vf_place place;
	unsigned index;

	if (vfs->kind != XLPT_ENTRY_VFS || vfs->n != 1 || xlpt_entry_get(vfs, "owner") ||
	    xlpt_pf_read(a->env->host, vfs->devices[0], &pf, NULL) || pf.count == (int)count)
		return false;
	return xlpt_vf_place_read(a->env->host, pf.bdf, &place) &&
	       xlpt_vf_place_index(&place, bdf, &index) && index < count;
}

bool xlpt_apply_comes(const struct xlpt_apply *a, struct xlpt_bdf bdf)
{
	if (xlpt_devices_find(&a->devices, bdf))
		return false;
	/* Asked again after they were made, the answer is the same. */
	for (size_t i = 0; i < a->coming.n; i++)
		if (xlpt_bdf_eq(a->coming.items[i], bdf))
			return true;
	for (size_t i = 0; i < a->conf.n; i++)
		if (makes(a, &a->conf.items[i], bdf))
			return true;
	return false;
}

bool xlpt_apply_pin_comes(const struct xlpt_apply *a, const struct xlpt_pin *pin)
{
	return pin->vf >= 0 && xlpt_apply_comes(a, pin->address);
}

/* ---- once they exist ---- */

static int other_one(const char *name, struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_RULE, "the virtual function %s is not the one that %s means",
		      XLPT_BDF_STR(bdf), name);
	xlpt_diag_fact(diag, "it was made just now, and was seen then for the first time");
	xlpt_diag_hint(diag,
		       "xlpt vf create PF N, and xlpt list shows which one it is now; name that "
		       "one in the file");
	return XLPT_ERR_RULE;
}

/* Refuses a function that is not the one that the pin, or the words at an earlier apply, meant. */
static int same_device(struct xlpt_apply *a, const struct xlpt_entry *e, struct xlpt_bdf bdf,
		       struct xlpt_diag *diag)
{
	_cleanup_free_ char *title = xlpt_entry_title(e), *words = xlpt_entry_words(e);
	const struct xlpt_recorded *r = xlpt_applied_find(&a->before, title, words);
	struct xlpt_bdf now;
	int rc;

	if (e->pin) {
		rc = xlpt_resolve_pin(a->env, e->pin, &now, diag);
		return rc || xlpt_bdf_eq(now, bdf) ? rc : other_one(title, bdf, diag);
	}
	if (xlpt_bdf_parse_host(words, &now, NULL) == 0)
		return 0;
	for (char **text = r ? r->devices : NULL; text && *text; text++) {
		_cleanup_pin_ struct xlpt_pin pin = { .vf = -1 };
		struct xlpt_pin_match match;

		if (xlpt_pin_parse(*text, &pin, NULL) || !xlpt_bdf_eq(pin.address, bdf))
			continue;
		rc = xlpt_pin_locate(a->env, title, &pin, &match, diag);
		return rc || xlpt_bdf_eq(match.bdf, bdf) ? rc : other_one(title, bdf, diag);
	}
	return 0;
}

static int make_plan(struct xlpt_apply *a, struct xlpt_apply_part *part, struct xlpt_diag *diag)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < a->conf.n; i++) {
		const struct xlpt_entry *e = &a->conf.items[i];
		size_t before = part->op->n;

		rc = xlpt_apply_hide_items(a, e, part->op, true, diag);
		for (size_t k = before; rc == 0 && k < part->op->n; k++)
			rc = same_device(a, e, part->op->items[k].spec.bdf, diag);
	}
	return rc ? rc : xlpt_op_plan_hide(part->op, &part->plan, diag);
}

int xlpt_apply_hide_coming(struct xlpt_apply *a, struct xlpt_op *op, struct xlpt_apply_part *part,
			   struct xlpt_diag *diag)
{
	const struct xlpt_bdfs *all = &a->coming;

	for (size_t i = 0; i < a->conf.n; i++) {
		const struct xlpt_entry *e = &a->conf.items[i];

		for (size_t k = 0; e->kind == XLPT_ENTRY_HIDE && k < e->n; k++)
			if (xlpt_apply_comes(a, e->devices[k]))
				xlpt_bdfs_add(&a->coming, e->devices[k]);
	}
	part->late = make_plan;
	xlpt_journal_init(&part->journal, "hide", NULL);
	/* The driver of each is not known yet; repair gives it to the driver that claims it. */
	for (size_t i = 0; i < all->n; i++)
		xlpt_journal_add(&part->journal, all->items[i], true, NULL);
	return xlpt_lock_all(a->env, &op->locks, NULL, all->items, all->n, diag);
}
