/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Entries that are each right by themselves and cannot all be true: the host would never be what
 * the file says, and each apply would change it again.
 */
#include "pciback/sriov/vf.h"
#include "xl-plugin/apply/apply.h"

static void wrong(struct xlpt_apply *a, const struct xlpt_entry *e, const struct xlpt_entry *other,
		  struct xlpt_diag *no)
{
	xlpt_diag_fact(no, "the other one is at %s, line %u", other->file, other->line);
	xlpt_diag_hint(no, "take one of them out");
	xlpt_errors_add(&a->errors, e, no);
}

static bool names(const struct xlpt_entry *e, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < e->n; i++)
		if (xlpt_bdf_eq(e->devices[i], bdf))
			return true;
	return false;
}

/* Two entries of one kind name one device. */
static bool twice(struct xlpt_apply *a, const struct xlpt_entry *e, const struct xlpt_entry *other)
{
	_cleanup_diag_ struct xlpt_diag no = { 0 };
	static const char *const does[XLPT_ENTRY_KINDS] = {
		[XLPT_ENTRY_HIDE] = "hide",
		[XLPT_ENTRY_VFS] = "say how many virtual functions there are of",
		[XLPT_ENTRY_SPLIT] = "allow to split",
	};

	if (!does[e->kind] || other->kind != e->kind)
		return false;
	for (size_t i = 0; i < e->n; i++) {
		if (!names(other, e->devices[i]))
			continue;
		xlpt_diag_set(&no, XLPT_ERR_USAGE, "two sections %s %s", does[e->kind],
			      XLPT_BDF_STR(e->devices[i]));
		wrong(a, e, other, &no);
		return true;
	}
	return false;
}

/* A PF that is hidden has no driver that could make VFs. */
static bool hidden_pf(struct xlpt_apply *a, const struct xlpt_entry *hide,
		      const struct xlpt_entry *vfs)
{
	_cleanup_diag_ struct xlpt_diag no = { 0 };

	if (!xlpt_entry_count(vfs) || !names(hide, vfs->devices[0]))
		return false;
	xlpt_diag_set(&no, XLPT_ERR_USAGE, "%s is to be hidden, and is to have virtual functions",
		      XLPT_BDF_STR(vfs->devices[0]));
	wrong(a, hide, vfs, &no);
	return true;
}

/* The first virtual function of that PF that the entry names, or NULL. */
static const struct xlpt_device *vf_of(const struct xlpt_apply *a, const struct xlpt_entry *e,
				       struct xlpt_bdf pf)
{
	for (size_t i = 0; i < e->n; i++) {
		const struct xlpt_device *d = xlpt_devices_find(&a->devices, e->devices[i]);

		if (d && d->is_vf && xlpt_bdf_eq(d->pf, pf))
			return d;
	}
	return NULL;
}

/* VFs that are made anew are not the ones that were there when this was judged. */
static bool hidden_vf(struct xlpt_apply *a, const struct xlpt_entry *hide,
		      const struct xlpt_entry *vfs)
{
	_cleanup_diag_ struct xlpt_diag no = { 0 };
	_cleanup_pf_ struct xlpt_pf pf = { 0 };
	const struct xlpt_device *d = vf_of(a, hide, vfs->devices[0]);
	int count = (int)xlpt_entry_count(vfs);

	if (!d || xlpt_entry_get(vfs, "owner") ||
	    xlpt_pf_read(a->env->host, vfs->devices[0], &pf, NULL) || pf.count == count)
		return false;
	xlpt_diag_set(&no, XLPT_ERR_RULE,
		      "%s cannot be hidden: the virtual functions of %s are to be made anew",
		      XLPT_BDF_STR(d->bdf), XLPT_BDF_STR(pf.bdf));
	xlpt_diag_fact(&no, "there are %d now, and %s, line %u, says %d", pf.count, vfs->file,
		       vfs->line, count);
	xlpt_diag_hint(&no, "apply first without this section; a VF of a pool needs none, it is "
			    "hidden when a guest gets it");
	xlpt_errors_add(&a->errors, hide, &no);
	return true;
}

static bool judge(struct xlpt_apply *a, const struct xlpt_entry *e, const struct xlpt_entry *other,
		  bool before)
{
	if (before && twice(a, e, other))
		return true;
	return e->kind == XLPT_ENTRY_HIDE && other->kind == XLPT_ENTRY_VFS && other->n &&
	       (hidden_pf(a, e, other) || hidden_vf(a, e, other));
}

int xlpt_apply_together(struct xlpt_apply *a, struct xlpt_diag *diag)
{
	(void)diag;
	for (size_t i = 0; i < a->conf.n; i++) {
		const struct xlpt_entry *e = &a->conf.items[i];
		bool told = false;

		for (size_t k = 0; !told && k < a->conf.n; k++)
			told = judge(a, e, &a->conf.items[k], k < i);
	}
	return 0;
}
