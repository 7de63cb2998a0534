/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which devices a restored guest is to have, and whether it can have them: those that the image
 * and its record name, what --map puts in their place, and VFs of pools.
 */
#include <string.h>

#include "core/text.h"
#include "pciback/device/scan.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/lease.h"
#include "xl-plugin/hotplug/split.h"
#include "xl-plugin/leave/leave.h"
#include "xl-plugin/pool/pools.h"

/* ---- whether they are free ---- */

static char *place_text(const struct xlpt_device *dev, const struct xlpt_place *place)
{
	/* What a domain that is gone left behind is taken back under the locks. */
	if (place->has_owner && place->owner_name)
		return xlpt_xasprintf("with %s (domain %u)%s", place->owner_name,
				      place->owner_domid,
				      place->owner_shut_down ? ", which has shut down" : "");
	if (place->hyp_known && place->hyp_assigned)
		return xlpt_xstrdup("with a guest, says the hypervisor: xlpt repair");
	if (!place->on_pciback)
		return xlpt_xasprintf("dom0's, driver %s", dev->driver ? dev->driver : "none");
	return NULL;
}

static int no_identity(struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_RULE, "%s cannot have the network identity of a VF",
		      XLPT_BDF_STR(bdf));
	xlpt_diag_fact(
		diag,
		"the guest had a VF with mac=, vlan= or their like; this is no virtual function");
	xlpt_diag_hint(diag,
		       "--map FROM=TO with a VF, or with TO,seize=0: an address with an option of "
		       "its own takes nothing over");
	return XLPT_ERR_RULE;
}

/* When the device is not free, adds "BDF (owner)" to busy. */
static int judge_one(struct xlpt_env *env, const struct xlpt_spec *spec,
		     const struct xlpt_owners *owners, const struct xlpt_leases *leases,
		     struct xlpt_str *busy, struct xlpt_diag *diag)
{
	struct xlpt_bdf bdf = spec->bdf;
	const struct xlpt_lease *lease = xlpt_leases_find(leases, bdf);
	_cleanup_device_ struct xlpt_device dev = { 0 };
	_cleanup_place_ struct xlpt_place place = { 0 };
	_cleanup_free_ char *text = NULL;
	_cleanup_diag_ struct xlpt_diag d = { 0 };
	int rc = xlpt_scan_one(env->host, bdf, 0, NULL, &dev, &d);

	if (rc == 0)
		rc = xlpt_place_read(env, &dev, owners, NULL, &place, &d);
	if (rc == XLPT_ERR_NO_DEVICE)
		text = xlpt_xstrdup("not in this host");
	else if (rc && diag)
		xlpt_diag_move(diag, &d);
	else if (!rc)
		text = place_text(&dev, &place);
	if (!rc && !text && !dev.is_vf && !xlpt_vfid_is_empty(&spec->vf))
		return no_identity(bdf, diag);
	if (!rc && !text && lease) {
		_cleanup_free_ char *holder = xlpt_lease_holder(lease);

		text = xlpt_xasprintf("leased from pool %s to %s", lease->pool, holder);
	}
	if (text)
		xlpt_str_addf(busy, "%s%s is %s", busy->len ? "; " : "", XLPT_BDF_STR(bdf), text);
	return text ? 0 : rc;
}

int xlpt_restore_judge(struct xlpt_leave *l, struct xlpt_diag *diag)
{
	_cleanup_owners_ struct xlpt_owners owners = { 0 };
	_cleanup_leases_ struct xlpt_leases leases = { 0 };
	_cleanup_str_ struct xlpt_str busy = { 0 };
	int rc = xlpt_owners_read(l->op.env, &owners, diag);

	if (rc == 0)
		rc = xlpt_leases_current(l->op.env, &leases, diag);
	/* A VF that a pool gave for this guest was free when it was leased. */
	for (size_t i = 0; rc == 0 && i < l->op.n; i++)
		if (!xlpt_leases_find(&l->op.leases, l->op.items[i].spec.bdf))
			rc = judge_one(l->op.env, &l->op.items[i].spec, &owners, &leases, &busy,
				       diag);
	if (rc || !busy.len)
		return rc;
	xlpt_diag_set(diag, XLPT_ERR_RULE, "devices of %s are not free: %s", l->image.guest.name,
		      busy.s);
	xlpt_diag_fact(diag, "%s names them",
		       l->image.n ? "the configuration in the image"
				  : "the record beside the image");
	xlpt_diag_hint(diag,
		       "free them (xlpt detach, xlpt hide), or xlpt restore --without-devices %s",
		       XLPT_WORD(l->file));
	return XLPT_ERR_RULE;
}

/*
 * Whatever the record says: a set that an operator had divided is only divided when an operator
 * says so again.
 */
int xlpt_restore_judge_split(struct xlpt_leave *l, struct xlpt_diag *diag)
{
	int rc = xlpt_op_judge_split(&l->op, diag);

	if (rc == XLPT_ERR_RULE)
		xlpt_diag_hint(diag,
			       "xlpt restore --without-devices %s, then xlpt attach --allow-split",
			       XLPT_WORD(l->file));
	return rc;
}

/* ---- which devices to restore ---- */

static int twice(struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_USAGE, "%s would take the place of two devices",
		      XLPT_BDF_STR(bdf));
	xlpt_diag_fact(diag, "two lines of the image and its record, or of --map, lead to it");
	xlpt_diag_hint(diag, "map each to a device of its own");
	return XLPT_ERR_USAGE;
}

/* A device that the image or its record names, or what takes its place. */
struct want {
	struct xlpt_spec spec;
	struct xlpt_bdf had;
	bool mapped;
	bool elsewhere; /* its pool cannot give this VF any more, and may give another one */
	size_t item;
};

struct wants {
	struct want *items;
	size_t n;
};

static void wants_dispose(struct wants *wants)
{
	for (size_t i = 0; i < wants->n; i++)
		xlpt_spec_dispose(&wants->items[i].spec);
	free(wants->items);
}

static int add_want(const struct xlpt_leave *l, struct wants *wants, const struct xlpt_spec *spec,
		    struct xlpt_diag *diag)
{
	struct want *w = &wants->items[wants->n++];

	w->mapped = xlpt_leave_mapped(l, spec, &w->spec);
	w->had = spec->bdf;
	if (!(w->spec.has_bdf || w->spec.pool) || w->spec.all_funcs) {
		_cleanup_free_ char *where = xlpt_spec_where(&w->spec);

		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "--map: %s is neither the address of one function nor a pool", where);
		xlpt_diag_fact(diag, "each device is replaced by exactly one device");
		xlpt_diag_hint(diag, "xlpt list --state hidden shows what is free");
		return XLPT_ERR_USAGE;
	}
	xlpt_leave_fit(l->image.guest.type, &w->spec);
	return 0;
}

static int refuse_pool(const struct xlpt_leave *l, const char *pool, struct xlpt_diag *diag)
{
	if (!diag)
		return XLPT_ERR_RULE;
	if (diag->code == XLPT_ERR_FULL)
		xlpt_diag_hint(diag,
			       "free one (xlpt pool show %s), or xlpt restore --without-devices %s",
			       XLPT_WORD(pool), XLPT_WORD(l->file));
	xlpt_diag_wrap(diag, "%s", l->image.guest.name);
	return xlpt_diag_recode(diag, XLPT_ERR_RULE);
}

static bool pool_refused(int rc)
{
	return rc == XLPT_ERR_FULL || rc == XLPT_ERR_NOT_FOUND || rc == XLPT_ERR_CONFLICT ||
	       rc == XLPT_ERR_NO_DEVICE;
}

static int add_item(struct xlpt_leave *l, struct want *w, struct xlpt_diag *diag)
{
	_cleanup_pool_def_ struct xlpt_pool_def def = { 0 };
	const char *pool = w->spec.pool;

	for (size_t i = 0; w->spec.has_bdf && i < l->op.n; i++)
		if (l->op.items[i].spec.has_bdf &&
		    xlpt_bdf_eq(l->op.items[i].spec.bdf, w->spec.bdf))
			return twice(w->spec.bdf, diag);
	if (pool && w->spec.has_bdf && !w->mapped &&
	    xlpt_pool_load(l->op.env, pool, &def, NULL) == XLPT_ERR_NOT_FOUND) {
		xlpt_warn(l->op.env, "there is no pool %s here: %s gets %s by its address", pool,
			  l->image.guest.name, XLPT_BDF_STR(w->spec.bdf));
		xlpt_spec_leave_pool(&w->spec);
	}
	w->item = l->op.n;
	return xlpt_op_add(&l->op, &w->spec, diag);
}

/*
 * From here on the item has its VF. Its spec keeps the pool, so that a later attach asks for the
 * VF that is leased here.
 */
static int take_vf(struct xlpt_leave *l, const struct want *w, struct xlpt_diag *diag)
{
	int rc = xlpt_op_take_vf(&l->op, w->item, NULL, diag);

	if (rc == 0)
		l->op.items[w->item].spec.pool = xlpt_xstrdup(w->spec.pool);
	return rc;
}

/*
 * When its pool cannot give the named VF any more, another VF is taken after all others have their
 * place.
 */
static int take_named(struct xlpt_leave *l, struct want *w, struct xlpt_diag *diag)
{
	_cleanup_diag_ struct xlpt_diag why = { 0 };
	int rc = take_vf(l, w, &why);

	if (pool_refused(rc) && !w->mapped) {
		w->elsewhere = true;
		l->op.items[w->item].spec.has_bdf = false;
		return 0;
	}
	if (rc && diag)
		xlpt_diag_move(diag, &why);
	return pool_refused(rc) ? refuse_pool(l, w->spec.pool, diag) : rc;
}

static int take_any(struct xlpt_leave *l, const struct want *w, struct xlpt_diag *diag)
{
	int rc = take_vf(l, w, diag);

	if (pool_refused(rc))
		return refuse_pool(l, w->spec.pool, diag);
	if (rc == 0 && !w->mapped)
		xlpt_warn(l->op.env, "%s of pool %s is not free: %s gets %s", XLPT_BDF_STR(w->had),
			  w->spec.pool, l->image.guest.name,
			  XLPT_BDF_STR(l->op.items[w->item].spec.bdf));
	return rc;
}

/*
 * All named devices are taken before the first VF out of a pool: no pool may give out a device
 * that is named.
 */
static int take_wants(struct xlpt_leave *l, struct wants *wants, struct xlpt_diag *diag)
{
	int rc = 0;

	for (int named = 1; named >= 0; named--)
		for (size_t i = 0; rc == 0 && i < wants->n; i++)
			if (wants->items[i].spec.has_bdf == named)
				rc = add_item(l, &wants->items[i], diag);
	for (size_t i = 0; rc == 0 && i < wants->n; i++)
		if (wants->items[i].spec.has_bdf && wants->items[i].spec.pool)
			rc = take_named(l, &wants->items[i], diag);
	for (size_t i = 0; rc == 0 && i < wants->n; i++)
		if (wants->items[i].elsewhere || !wants->items[i].spec.has_bdf)
			rc = take_any(l, &wants->items[i], diag);
	return rc;
}

/* The image names it already. */
static bool named(const struct xlpt_leave *l, const struct xlpt_spec *spec)
{
	for (size_t i = 0; i < l->image.n; i++)
		if (xlpt_bdf_eq(l->image.specs[i].bdf, spec->bdf))
			return true;
	return false;
}

int xlpt_restore_devices(struct xlpt_leave *l, struct xlpt_diag *diag)
{
	_cleanup_image_record_ struct xlpt_image_record record = { 0 };
	XLPT_CLEANUP(wants_dispose) struct wants wants = { 0 };
	int rc;

	if (l->without_devices)
		return 0;
	/* A lease names its guest by UUID: the one that the restored guest will have. */
	xlpt_guest_copy(&l->op.guest, &l->image.guest);
	l->op.guest.domid = XLPT_DOMID_NONE;
	rc = xlpt_image_record_read(&l->image, &record, diag);
	wants.items = xlpt_xcalloc(l->image.n + record.n + 1, sizeof(*wants.items));
	for (size_t i = 0; rc == 0 && i < l->image.n; i++)
		rc = add_want(l, &wants, &l->image.specs[i], diag);
	for (size_t i = 0; rc == 0 && i < record.n; i++)
		if (!named(l, &record.specs[i]))
			rc = add_want(l, &wants, &record.specs[i], diag);
	if (rc == 0)
		rc = xlpt_leave_maps_used(l, l->image.guest.name, diag);
	return rc ? rc : take_wants(l, &wants, diag);
}
