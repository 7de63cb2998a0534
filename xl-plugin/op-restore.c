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

/* Adds "BDF (owner)" to busy when it is not free. */
static int judge_one(struct xlpt_env *env, struct xlpt_bdf bdf, const struct xlpt_owners *owners,
		     struct xlpt_str *busy, struct xlpt_diag *diag)
{
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
	if (text)
		xlpt_str_addf(busy, "%s%s is %s", busy->len ? "; " : "", XLPT_BDF_STR(bdf), text);
	return text ? 0 : rc;
}

static int judge(struct xlpt_leave *l, struct xlpt_diag *diag)
{
	_cleanup_owners_ struct xlpt_owners owners = { 0 };
	_cleanup_str_ struct xlpt_str busy = { 0 };
	int rc = xlpt_owners_read(l->op.env, &owners, diag);

	for (size_t i = 0; rc == 0 && i < l->op.n; i++)
		rc = judge_one(l->op.env, l->op.items[i].spec.bdf, &owners, &busy, diag);
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

static int add(struct xlpt_leave *l, const struct xlpt_spec *spec, struct xlpt_diag *diag)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_spec_ struct xlpt_spec to;
	const struct xlpt_map *map = xlpt_leave_map(l, spec->bdf);
	struct xlpt_spec own = *spec;
	int rc;

	xlpt_spec_init(&to);
	rc = map ? xlpt_spec_parse(map->to, &to, diag) : 0;
	if (rc)
		return rc;
	if (map && (!to.has_bdf || to.all_funcs)) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "--map: %s is not the address of one function",
			      map->to);
		xlpt_diag_hint(diag, "restore takes addresses; xlpt list --state hidden shows what is free");
		return XLPT_ERR_USAGE;
	}
	/* An address alone takes the options along. */
	if (map && strpbrk(map->to, ",@"))
		own = to;
	else if (map)
		own.bdf = to.bdf;
	for (size_t i = 0; i < l->op.n; i++)
		if (!own.all_funcs && xlpt_bdf_eq(l->op.items[i].spec.bdf, own.bdf))
			return twice(own.bdf, diag);
	xlpt_leave_fit(l->image.guest.type, &own);
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
	rc = xlpt_image_record_read(&l->image, &record, diag);
	for (size_t i = 0; rc == 0 && i < l->image.n; i++)
		rc = add(l, &l->image.specs[i], diag);
	for (size_t i = 0; rc == 0 && i < record.n; i++)
		if (!named(l, &record.specs[i]))
			rc = add(l, &record.specs[i], diag);
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
	if (xlpt_leave_attach(l->op.env, &l->op.guest, spec, &l->op.journal, l->op.timeout_ms, &d) == 0)
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
