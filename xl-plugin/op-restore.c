/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest is made without devices, whatever its image names, and each is then
 * attached and seen to arrive: libxl would give a restored guest its devices
 * with reset hardware, behind the back of drivers that think they are configured.
 */
#include <string.h>

#include "pciback/scan.h"
#include "xl-plugin/leave.h"
#include "xl-plugin/output.h"

#define SETTLE_MS 5000

/* ---- are they free? ---- */

static char *place_text(const struct xlpt_device *dev, const struct xlpt_place *place)
{
	if (place->has_owner)
		return xlpt_xasprintf("with %s (domain %u)",
				      place->owner_name ? place->owner_name : "a guest that is gone",
				      place->owner_domid);
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
	xlpt_diag_fact(diag, "the guest had a VF with mac=, vlan= or their like; this is no virtual function");
	xlpt_diag_hint(diag, "--map FROM=TO with a VF, or with TO,seize=0: an address with an option of "
			     "its own takes nothing over");
	return XLPT_ERR_RULE;
}

/* Adds "BDF (owner)" to busy when it is not free. */
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

static int judge(struct xlpt_leave *l, struct xlpt_diag *diag)
{
	_cleanup_owners_ struct xlpt_owners owners = { 0 };
	_cleanup_leases_ struct xlpt_leases leases = { 0 };
	_cleanup_str_ struct xlpt_str busy = { 0 };
	int rc = xlpt_owners_read(l->op.env, &owners, diag);

	if (rc == 0)
		rc = xlpt_leases_read(l->op.env, &leases, diag);
	/* What a pool gave for this was free when it did. */
	for (size_t i = 0; rc == 0 && i < l->op.n; i++)
		if (!xlpt_leases_find(&l->op.leases, l->op.items[i].spec.bdf))
			rc = judge_one(l->op.env, &l->op.items[i].spec, &owners, &leases, &busy,
				       diag);
	if (rc || !busy.len)
		return rc;
	xlpt_diag_set(diag, XLPT_ERR_RULE, "devices of %s are not free: %s", l->image.guest.name,
		      busy.s);
	xlpt_diag_fact(diag, "%s names them", l->image.n ? "the configuration in the image"
							 : "the record beside the image");
	xlpt_diag_hint(diag, "free them (xlpt detach, xlpt hide), or xlpt restore --without-devices %s",
		       l->file);
	return XLPT_ERR_RULE;
}

/* ---- what there is to restore ---- */

static int twice(struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_USAGE, "%s would take the place of two devices", XLPT_BDF_STR(bdf));
	xlpt_diag_hint(diag, "map each to a device of its own");
	return XLPT_ERR_USAGE;
}

/* What takes the place of *own; *to, what the map says, lives as long as own is used. */
static int map_one(struct xlpt_leave *l, struct xlpt_spec *own, struct xlpt_spec *to,
		   struct xlpt_diag *diag)
{
	const struct xlpt_map *map = xlpt_leave_map(l, own->bdf);
	struct xlpt_vf_identity vf = own->vf;
	int rc = map ? xlpt_spec_parse(map->to, to, diag) : 0;

	if (rc || !map)
		return rc;
	if (!(to->has_bdf || to->pool) || to->all_funcs) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "--map: %s is neither the address of one function nor a pool", map->to);
		xlpt_diag_hint(diag, "xlpt list --state hidden shows what is free");
		return XLPT_ERR_USAGE;
	}
	/* An address alone takes the options along, a pool alone the identity. */
	if (to->pool || strpbrk(map->to, ",@")) {
		*own = *to;
		if (to->pool && xlpt_vfid_is_empty(&to->vf))
			own->vf = vf;
	} else {
		own->bdf = to->bdf;
		own->pool = NULL;
	}
	return 0;
}

static int from_pool(struct xlpt_leave *l, const struct xlpt_spec *spec, bool mapped,
		     struct xlpt_diag *diag)
{
	_cleanup_free_ char *text = xlpt_spec_format(spec);
	_cleanup_diag_ struct xlpt_diag why = { 0 };
	struct xlpt_spec any = *spec;
	int rc = xlpt_op_add_spec(&l->op, text, &why);

	/* The very one that it had, or else what the pool has; not what somebody names now. */
	if (spec->has_bdf && !mapped && (rc == XLPT_ERR_IN_USE || rc == XLPT_ERR_NOT_FOUND)) {
		_cleanup_free_ char *text_any = NULL;

		any.has_bdf = false;
		text_any = xlpt_spec_format(&any);
		xlpt_diag_dispose(&why);
		rc = xlpt_op_add_spec(&l->op, text_any, &why);
		if (rc == 0)
			xlpt_warn(l->op.env, "%s of pool %s is not free: %s gets %s",
				  XLPT_BDF_STR(spec->bdf), spec->pool, l->image.guest.name,
				  XLPT_BDF_STR(l->op.items[l->op.n - 1].spec.bdf));
	}
	if (rc == 0)
		l->op.items[l->op.n - 1].spec.pool = xlpt_xstrdup(spec->pool);
	if (rc && diag) {
		xlpt_diag_move(diag, &why);
		xlpt_diag_wrap(diag, "%s", l->image.guest.name);
	}
	if (rc == XLPT_ERR_FULL)
		xlpt_diag_hint(diag, "free one (xlpt pool show %s), or xlpt restore --without-devices %s",
			       spec->pool, l->file);
	return rc == XLPT_ERR_FULL && diag ? xlpt_diag_recode(diag, XLPT_ERR_RULE) : rc;
}

/* Addresses first: what is named, no pool may give out. */
static int add(struct xlpt_leave *l, const struct xlpt_spec *spec, bool pools,
	       struct xlpt_diag *diag)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_spec_ struct xlpt_spec to;
	struct xlpt_spec own = *spec;
	int rc;

	xlpt_spec_init(&to);
	rc = map_one(l, &own, &to, diag);
	if (rc || !own.has_bdf != pools)
		return rc;
	for (size_t i = 0; own.has_bdf && i < l->op.n; i++)
		if (xlpt_bdf_eq(l->op.items[i].spec.bdf, own.bdf))
			return twice(own.bdf, diag);
	xlpt_leave_fit(l->image.guest.type, &own);
	if (own.pool)
		return from_pool(l, &own, xlpt_leave_map(l, spec->bdf), diag);
	text = xlpt_spec_format(&own);
	return xlpt_op_add_spec(&l->op, text, diag);
}

/* The image names it, too. */
static bool named(const struct xlpt_leave *l, const struct xlpt_spec *spec)
{
	for (size_t i = 0; i < l->image.n; i++)
		if (xlpt_bdf_eq(l->image.specs[i].bdf, spec->bdf))
			return true;
	return false;
}

static int add_devices(struct xlpt_leave *l, struct xlpt_diag *diag)
{
	_cleanup_image_record_ struct xlpt_image_record record = { 0 };
	int rc;

	if (l->without_devices)
		return 0;
	/* A lease names its guest by uuid: the one it will have. */
	xlpt_guest_copy(&l->op.guest, &l->image.guest);
	l->op.guest.domid = XLPT_DOMID_NONE;
	rc = xlpt_image_record_read(&l->image, &record, diag);
	for (int pools = 0; pools < 2; pools++) {
		for (size_t i = 0; rc == 0 && i < l->image.n; i++)
			rc = add(l, &l->image.specs[i], pools, diag);
		for (size_t i = 0; rc == 0 && i < record.n; i++)
			if (!named(l, &record.specs[i]))
				rc = add(l, &record.specs[i], pools, diag);
	}
	return rc ? rc : xlpt_leave_maps_used(l, l->image.guest.name, diag);
}

static int not_running(struct xlpt_leave *l, struct xlpt_diag *diag)
{
	struct xlpt_guest *all = NULL;
	size_t n = 0;
	int rc = l->op.env->ts->ops->guest_list(l->op.env->ts, &all, &n, diag);

	for (size_t i = 0; i < n; i++) {
		bool same = !strcmp(all[i].uuid, l->image.guest.uuid);

		if (rc == 0 && (same || !strcmp(all[i].name, l->image.guest.name))) {
			xlpt_diag_set(diag, XLPT_ERR_IN_USE, "%s is there already (domain %u)",
				      all[i].name, all[i].domid);
			xlpt_diag_fact(diag, same ? "it has the uuid of the guest in the image"
						  : "another guest has the name of the one in the image");
			xlpt_diag_hint(diag, "shut it down or rename it first: the image is of a moment "
					     "before");
			rc = XLPT_ERR_IN_USE;
		}
		xlpt_guest_dispose(&all[i]);
	}
	free(all);
	return rc;
}

/* ---- doing it ---- */

static int restore(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_leave *l = ctx;
	struct xlpt_env *env = l->op.env;
	_cleanup_guest_ struct xlpt_guest now = { 0 };
	int rc = env->ts->ops->guest_restore(env->ts, &l->image, false, diag);

	(void)i;
	/* A kernel that does not get over its lost device faults in its first moments. */
	if (rc == 0 && l->image.n)
		env->clock->sleep_ms(env->clock, SETTLE_MS);
	if (rc == 0)
		rc = xlpt_leave_by_uuid(env, l->image.guest.uuid, &now, diag);
	if (rc == 0 || (rc > 0 && (now.dying || now.paused))) {
		xlpt_diag_set(diag, XLPT_ERR_TOOLSTACK, "%s does not run after its restore",
			      l->image.guest.name);
		xlpt_diag_fact(diag, "xl restore ended with success, and its domain is %s%s",
			       !rc ? "not there" : now.dying ? "shutting down" : "paused",
			       l->image.n ? "; it was saved while it held devices" : "");
		xlpt_diag_hint(diag, "see /var/log/xen/xl-%s.log", l->image.guest.name);
		return XLPT_ERR_TOOLSTACK;
	}
	if (rc < 0)
		return rc;
	xlpt_guest_dispose(&l->op.guest);
	l->op.guest = now;
	now = (struct xlpt_guest){ 0 };
	return xlpt_lock_guest(env, &l->op.locks, l->op.guest.domid,
			       xlpt_now(env->clock) + XLPT_LOCK_TIMEOUT_MS, diag);
}

/* One that does not come does not keep the others away. */
static int attach(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_leave *l = ctx;
	_cleanup_diag_ struct xlpt_diag d = { 0 };
	const struct xlpt_spec *spec = &l->op.items[i].spec;

	(void)diag;
	if (xlpt_leave_attach(l->op.env, &l->op.guest, spec, &l->op.leases, &l->op.journal,
			      l->op.timeout_ms, &d) == 0)
		return 0;
	xlpt_str_addf(&l->missing, " %s", XLPT_BDF_STR(spec->bdf));
	if (!l->missing_diag.message)
		xlpt_diag_move(&l->missing_diag, &d);
	return 0;
}

static int has_all(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_leave *l = ctx;

	(void)i;
	if (!l->missing.len)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_LEFT, "%s runs without%s: %s", l->op.guest.name,
		      l->missing.s, l->missing_diag.message);
	if (l->missing_diag.fact)
		xlpt_diag_fact(diag, "%s", l->missing_diag.fact);
	xlpt_diag_add_log(diag, l->missing_diag.log);
	xlpt_diag_hint(diag, "xlpt repair tries again");
	return XLPT_ERR_LEFT;
}

int xlpt_op_restore(struct xlpt_leave *l, struct xlpt_diag *diag)
{
	_cleanup_plan_ struct xlpt_plan plan = { 0 };
	struct xlpt_op *op = &l->op;
	const char *guest = l->image.guest.name;
	int rc;

	rc = not_running(l, diag);
	if (rc == 0)
		rc = add_devices(l, diag);
	if (rc == 0)
		rc = judge(l, diag);
	if (rc == 0)
		rc = xlpt_op_prepare(op, diag);
	/* Again, now that nobody else can take them. */
	if (rc == 0)
		rc = judge(l, diag);
	if (rc)
		return rc;
	if (l->image.n)
		xlpt_warn(op->env, "%s was saved while it held devices; drivers in it may not survive "
				   "that (xlpt-save(8))", guest);
	xlpt_leave_note(op, "file %s", l->file);
	xlpt_leave_note(op, "uuid %s", l->image.guest.uuid);
	xlpt_leave_note(op, "name %s", guest);
	xlpt_leave_note_specs(op);
	xlpt_plan_add(&plan, restore, NULL, op->n,
		      xlpt_xasprintf("restore %s from %s", guest, l->file), NULL);
	xlpt_plan_final(&plan);
	for (size_t i = 0; i < op->n; i++)
		xlpt_plan_add(&plan, attach, NULL, i,
			      xlpt_xasprintf("attach %s to %s", XLPT_BDF_STR(op->items[i].spec.bdf),
					     guest), NULL);
	if (op->n)
		xlpt_plan_add(&plan, has_all, NULL, op->n,
			      xlpt_xasprintf("see that %s has all its devices", guest), NULL);
	return xlpt_op_execute(op, "restore", &plan, diag);
}
