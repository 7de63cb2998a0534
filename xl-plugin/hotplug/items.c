/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The devices that an operation is about: what the command line names, and how a VF is taken out
 * of a pool for one of them. Reading the command line changes nothing on the host.
 */
#include <string.h>

#include "pciback/device/scan.h"
#include "xl-plugin/hotplug/lease.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/hotplug/split.h"
#include "xl-plugin/kept/resolve.h"

void xlpt_bdfs_dispose(struct xlpt_bdfs *list)
{
	free(list->items);
	*list = (struct xlpt_bdfs){ 0 };
}

static bool bdfs_have(const struct xlpt_bdfs *list, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < list->n; i++)
		if (xlpt_bdf_eq(list->items[i], bdf))
			return true;
	return false;
}

void xlpt_bdfs_add(struct xlpt_bdfs *list, struct xlpt_bdf bdf)
{
	if (bdfs_have(list, bdf))
		return;
	XLPT_GROW(list->items, list->n, list->alloc);
	list->items[list->n++] = bdf;
}

void xlpt_op_init(struct xlpt_op *op, struct xlpt_env *env)
{
	*op = (struct xlpt_op){ .env = env,
				.timeout_ms = XLPT_GUEST_TIMEOUT_MS,
				.journal = { .fd = -1 },
				.budget_next_ms = -1 };
	xlpt_settings_init(&op->settings);
}

void xlpt_op_dispose(struct xlpt_op *op)
{
	for (size_t i = 0; i < op->n; i++) {
		xlpt_spec_dispose(&op->items[i].spec);
		xlpt_device_dispose(&op->items[i].device);
		xlpt_place_dispose(&op->items[i].place);
		free(op->items[i].origin);
		free(op->items[i].driver);
		free(op->items[i].override);
		free(op->items[i].reset_fact);
	}
	free(op->items);
	xlpt_bdfs_dispose(&op->force_host);
	xlpt_bdfs_dispose(&op->allow_split);
	xlpt_leases_end(op->env, &op->leases);
	xlpt_guest_dispose(&op->guest);
	xlpt_journal_dispose(&op->journal);
	xlpt_locks_release(&op->locks);
	xlpt_needs_dispose(&op->needs);
	xlpt_owners_dispose(&op->owners);
	free(op->config.path);
	xlpt_str_dispose(&op->config.before);
	xlpt_str_dispose(&op->config.now);
	xlpt_op_drop_mates(op);
	xlpt_op_drop_bus(op);
	xlpt_strv_free(op->notes);
	xlpt_settings_dispose(&op->settings);
	free(op->gave_up);
	free(op->dm_other_xen);
	xlpt_op_init(op, op->env);
}

static bool has_address(const struct xlpt_item *item)
{
	return !item->from_pool || item->spec.has_bdf;
}

static int named_twice(const struct xlpt_op *op, struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	for (size_t i = 0; i < op->n; i++) {
		if (!has_address(&op->items[i]) || !xlpt_bdf_eq(op->items[i].spec.bdf, bdf))
			continue;
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "%s is named twice", XLPT_BDF_STR(bdf));
		xlpt_diag_hint(diag, "name each device once");
		return XLPT_ERR_USAGE;
	}
	return 0;
}

static struct xlpt_item *new_item(struct xlpt_op *op, const struct xlpt_spec *spec)
{
	struct xlpt_item *item;

	XLPT_GROW(op->items, op->n, op->alloc);
	item = &op->items[op->n++];
	*item = (struct xlpt_item){ 0 };
	xlpt_spec_copy(&item->spec, spec);
	free(XLPT_TAKE(item->spec.name));
	free(XLPT_TAKE(item->spec.pin));
	item->take_from_dom0 = spec->seize == XLPT_ON;
	item->give_back_to_dom0 = op->give_back_to_dom0;
	return item;
}

static int add_function(struct xlpt_op *op, const struct xlpt_spec *spec, struct xlpt_bdf bdf,
			struct xlpt_diag *diag)
{
	struct xlpt_item *item;
	int rc = named_twice(op, bdf, diag);

	if (rc)
		return rc;
	item = new_item(op, spec);
	item->spec.has_bdf = true;
	item->spec.bdf = bdf;
	item->spec.all_funcs = false;
	item->of_slot = spec->all_funcs;
	return 0;
}

int xlpt_op_add_bdf(struct xlpt_op *op, struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	struct xlpt_spec spec;

	xlpt_spec_init(&spec);
	return add_function(op, &spec, bdf, diag);
}

/* What a stub domain seems to have is its guest's. */
static int not_a_stubdom(const struct xlpt_op *op, const struct xlpt_owners *owners,
			 struct xlpt_diag *diag)
{
	const struct xlpt_owner *others = NULL;
	_cleanup_free_ char *way = NULL;

	for (size_t i = 0; i < owners->n; i++) {
		const struct xlpt_owner *o = &owners->items[i];

		if (o->domid == op->guest.domid)
			return 0;
		if (o->through && o->guest && o->backend_domid == op->guest.domid)
			others = o;
	}
	if (!others)
		return 0;
	way = xlpt_owner_frees(others);
	xlpt_diag_set(diag, XLPT_ERR_NOT_HELD, "%s is the stub domain of %s, and has no device",
		      op->guest.name, others->guest);
	xlpt_diag_fact(diag, "%s (domain %u) has %s through it", others->guest, others->domid,
		       XLPT_BDF_STR(others->bdf));
	xlpt_diag_hint(diag, "%s", way);
	return XLPT_ERR_NOT_HELD;
}

int xlpt_op_add_held(struct xlpt_op *op, struct xlpt_diag *diag)
{
	_cleanup_owners_ struct xlpt_owners owners = { 0 };
	_cleanup_bdfs_ struct xlpt_bdfs held = { 0 };
	struct xlpt_journal *js = NULL;
	size_t n = 0;
	int rc = xlpt_owners_read(op->env, &owners, diag);

	if (rc == 0)
		rc = not_a_stubdom(op, &owners, diag);
	for (size_t i = 0; rc == 0 && i < owners.n; i++)
		if (owners.items[i].domid == op->guest.domid)
			xlpt_bdfs_add(&held, owners.items[i].bdf);
	/* A dry run mends nothing. */
	if (rc == 0 && !op->env->dry_run)
		rc = xlpt_journal_interrupted(op->env, &js, &n, diag);
	for (size_t i = 0; i < n; i++) {
		if (js[i].guest.name && js[i].guest.domid == op->guest.domid)
			for (size_t k = 0; k < js[i].n; k++)
				xlpt_bdfs_add(&held, js[i].devs[k].bdf);
		xlpt_journal_dispose(&js[i]);
	}
	free(js);
	for (size_t i = 0; rc == 0 && i < held.n; i++)
		if (named_twice(op, held.items[i], NULL) == 0)
			rc = xlpt_op_add_bdf(op, held.items[i], diag);
	return rc;
}

static int add_from_pool(struct xlpt_op *op, const struct xlpt_spec *spec, struct xlpt_diag *diag)
{
	int rc = spec->has_bdf ? named_twice(op, spec->bdf, diag) : 0;

	if (rc == 0)
		new_item(op, spec)->from_pool = true;
	return rc;
}

/*
 * For BB:DD.* libxl attaches one function only and reports success (every release since 4.14). So
 * each function is asked for by itself here.
 */
static int add_slot(struct xlpt_op *op, const struct xlpt_spec *spec, struct xlpt_diag *diag)
{
	_cleanup_free_ struct xlpt_bdf *bdfs = NULL;
	size_t n = 0;
	int rc = xlpt_scan_slot(op->env->host, spec->bdf, &bdfs, &n, diag);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = add_function(op, spec, bdfs[i], diag);
		/*
		 * A slot of the guest holds one function: only the first item can have the slot
		 * that was asked for.
		 */
		if (rc == 0 && i > 0 && spec->vslot >= 0)
			op->items[op->n - 1].spec.vslot = -1;
	}
	return rc;
}

int xlpt_op_add(struct xlpt_op *op, const struct xlpt_spec *spec, struct xlpt_diag *diag)
{
	struct xlpt_bdf bdf = spec->bdf;
	int rc = 0;

	if (spec->pool)
		return add_from_pool(op, spec, diag);
	if (spec->name)
		rc = xlpt_pcinote_by_name(op->env->store, spec->name, &bdf, diag);
	else if (spec->pin)
		rc = xlpt_resolve_pin(op->env, spec->pin, &bdf, diag);
	if (rc)
		return rc;
	return spec->all_funcs ? add_slot(op, spec, diag) : add_function(op, spec, bdf, diag);
}

int xlpt_op_add_spec(struct xlpt_op *op, const char *text, struct xlpt_diag *diag)
{
	_cleanup_spec_ struct xlpt_spec spec;
	int rc = xlpt_spec_parse(text, &spec, diag);

	return rc ? rc : xlpt_op_add(op, &spec, diag);
}

/* ---- out of a pool ---- */

int xlpt_op_take_vf(struct xlpt_op *op, size_t i, const struct xlpt_lease_terms *terms,
		    struct xlpt_diag *diag)
{
	static const struct xlpt_lease_terms none = { 0 };
	struct xlpt_item *item = &op->items[i];
	struct xlpt_bdf bdf = item->spec.bdf;
	int rc;

	if (!item->from_pool)
		return 0;
	rc = xlpt_take_from_pool(op, terms ? terms : &none, &item->spec, &bdf, diag);
	if (rc)
		return rc;
	item->from_pool = false;
	free(XLPT_TAKE(item->spec.pool));
	item->spec.has_bdf = true;
	item->spec.bdf = bdf;
	item->take_from_dom0 |= item->spec.seize == XLPT_ON;
	return 0;
}

int xlpt_op_take_vfs(struct xlpt_op *op, struct xlpt_diag *diag)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < op->n; i++)
		rc = xlpt_op_take_vf(op, i, NULL, diag);
	return rc;
}

/* ---- what the operator consents to, for single devices ---- */

static int read_consent(struct xlpt_op *op, char **names, const char *option, struct xlpt_bdfs *out,
			struct xlpt_diag *diag)
{
	for (char **p = names; p && *p; p++) {
		struct xlpt_bdf named;
		int rc = xlpt_args_device(op->env, *p, &named, diag);

		if (rc) {
			xlpt_diag_wrap(diag, "%s", option);
			return rc;
		}
		xlpt_bdfs_add(out, named);
	}
	return 0;
}

int xlpt_op_consents(struct xlpt_op *op, char **force_host, char **allow_split,
		     struct xlpt_diag *diag)
{
	int rc = read_consent(op, force_host, "--force-host-device", &op->force_host, diag);

	return rc ? rc : read_consent(op, allow_split, "--allow-split", &op->allow_split, diag);
}

static int check_consent(const struct xlpt_op *op, const struct xlpt_bdfs *list, const char *option,
			 const char *hint, struct xlpt_diag *diag)
{
	for (size_t k = 0; k < list->n; k++) {
		bool found = false;

		for (size_t i = 0; i < op->n; i++)
			found |= xlpt_bdf_eq(op->items[i].spec.bdf, list->items[k]);
		if (found)
			continue;
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "%s names %s, which is not among the devices of this command", option,
			      XLPT_BDF_STR(list->items[k]));
		xlpt_diag_hint(diag, "%s", hint);
		return XLPT_ERR_USAGE;
	}
	return 0;
}

int xlpt_op_check_consents(const struct xlpt_op *op, struct xlpt_diag *diag)
{
	int rc = check_consent(op, &op->force_host, "--force-host-device",
			       "name the device that is to be forced, and no other", diag);

	return rc ? rc
		  : check_consent(op, &op->allow_split, "--allow-split",
				  "name the device whose set is to be divided, and no other", diag);
}

bool xlpt_op_forced(const struct xlpt_op *op, struct xlpt_bdf bdf)
{
	return bdfs_have(&op->force_host, bdf);
}
