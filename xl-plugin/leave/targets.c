/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which device of the other host takes the place of which. All of it is asked before anything is
 * touched: if that were found out later, the guest would run there without its devices.
 */
#include <string.h>

#include "core/text.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/leave/leave.h"

static struct json_object *find_pool(struct json_object *pools, const char *name)
{
	struct json_object *list = NULL, *v;

	json_object_object_get_ex(pools, "pools", &list);
	for (size_t i = 0;
	     json_object_is_type(list, json_type_array) && i < json_object_array_length(list);
	     i++) {
		struct json_object *o = json_object_array_get_idx(list, i);

		if (json_object_object_get_ex(o, "name", &v) &&
		    xlpt_streq(json_object_get_string(v), name))
			return o;
	}
	return NULL;
}

static struct json_object *find(struct json_object *list, struct xlpt_bdf bdf)
{
	struct json_object *devs = NULL, *o, *v;

	json_object_object_get_ex(list, "devices", &devs);
	for (size_t i = 0;
	     json_object_is_type(devs, json_type_array) && i < json_object_array_length(devs);
	     i++) {
		o = json_object_array_get_idx(devs, i);
		if (json_object_object_get_ex(o, "bdf", &v) &&
		    xlpt_streq(json_object_get_string(v), XLPT_BDF_STR(bdf)))
			return o;
	}
	return NULL;
}

static const char *word(struct json_object *o, const char *key)
{
	struct json_object *v = NULL;

	return o && json_object_object_get_ex(o, key, &v) ? json_object_get_string(v) : NULL;
}

static int refuse_target(const struct xlpt_leave *l, struct xlpt_bdf from, struct xlpt_bdf to,
			 const char *why, struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_NOT_HIDDEN, "%s on %s cannot take the place of %s",
		      XLPT_BDF_STR(to), l->host, XLPT_BDF_STR(from));
	xlpt_diag_fact(diag, "%s", why);
	xlpt_diag_hint(diag, "xlpt hide there, or --map %s=BDF with another device",
		       XLPT_BDF_STR(from));
	return XLPT_ERR_NOT_HIDDEN;
}

/* Judges a device of the other host now, while a refusal costs nothing. */
static int check_target(const struct xlpt_leave *l, const struct xlpt_item *item,
			const struct xlpt_spec *spec, struct json_object *list,
			struct xlpt_diag *diag)
{
	bool same = !xlpt_leave_map(l, item->spec.bdf);
	struct xlpt_bdf to = spec->bdf;
	struct json_object *o = find(list, to), *guest = NULL;
	const char *state = word(o, "state"), *id = word(o, "id");
	char own[16];

	/* Pools are judged for all devices together (check_pools). */
	if (!spec->has_bdf || spec->pool)
		return 0;
	if (!o)
		return refuse_target(l, item->spec.bdf, to, "xlpt list does not show it there",
				     diag);
	snprintf(own, sizeof(own), "%04x:%04x", item->device.vendor, item->device.device);
	if (same && !xlpt_streq(id, own))
		return refuse_target(l, item->spec.bdf, to,
				     "at the same address there is another kind of device", diag);
	if (!xlpt_vfid_is_empty(&spec->vf) && !word(o, "pf"))
		return refuse_target(
			l, item->spec.bdf, to,
			"it is no virtual function and cannot have its network identity", diag);
	json_object_object_get_ex(o, "guest", &guest);
	/* When the other host is this one, the device is the guest's own until it is detached. */
	if (xlpt_streq(state, "assigned") && xlpt_streq(word(guest, "name"), l->op.guest.name))
		return 0;
	if (!xlpt_streq(state, "hidden"))
		return refuse_target(l, item->spec.bdf, to,
				     "xlpt list does not show it as hidden there", diag);
	return 0;
}

/* The other host is this host: what the guest gives back here is free there. */
static bool same_host(const struct xlpt_leave *l, struct json_object *list)
{
	struct json_object *o = find(list, l->op.items[0].spec.bdf), *guest = NULL, *domid = NULL;

	json_object_object_get_ex(o, "guest", &guest);
	json_object_object_get_ex(guest, "domid", &domid);
	return xlpt_streq(word(guest, "name"), l->op.guest.name) &&
	       json_object_get_int64(domid) == (int64_t)l->op.guest.domid;
}

/*
 * Looks whether each pool has as many VFs as are wanted of it. Which VFs these are it says when it
 * gives them.
 */
static int check_pools(const struct xlpt_leave *l, const struct xlpt_spec *specs,
		       struct json_object *pools, bool same, struct xlpt_diag *diag)
{
	for (size_t i = 0; i < l->op.n; i++) {
		const char *name = specs[i].pool;
		struct json_object *pool = name ? find_pool(pools, name) : NULL, *v;
		int64_t have = 0, want = 0;

		if (!name)
			continue;
		if (!pool) {
			xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "%s has no pool %s", l->host, name);
			xlpt_diag_fact(diag, "xlpt pool list there does not show it");
			xlpt_diag_hint(diag, "xlpt pool define there, or --map with an address");
			return XLPT_ERR_NOT_FOUND;
		}
		if (json_object_object_get_ex(pool, "free", &v))
			have = json_object_get_int64(v);
		for (size_t k = 0; k < l->op.n; k++) {
			want += xlpt_streq(specs[k].pool, name);
			have += same && xlpt_streq(l->op.items[k].spec.pool, name);
		}
		if (want > have) {
			xlpt_diag_set(diag, XLPT_ERR_FULL,
				      "pool %s on %s has too few free VFs for %s", name, l->host,
				      l->op.guest.name);
			xlpt_diag_fact(diag, "%lld are free, %lld are wanted", (long long)have,
				       (long long)want);
			xlpt_diag_hint(
				diag,
				"free one there (xlpt pool show %s), or --map with another device",
				XLPT_WORD(name));
			return XLPT_ERR_FULL;
		}
	}
	return 0;
}

/* A VF out of a pool here becomes a VF out of the pool with that name there, if there is one. */
static void settle_pool(const struct xlpt_leave *l, const struct xlpt_item *item,
			struct json_object *pools, struct xlpt_spec *spec)
{
	if (!spec->pool || xlpt_leave_map(l, item->spec.bdf))
		return;
	if (find_pool(pools, spec->pool))
		spec->has_bdf = false;
	else
		xlpt_spec_leave_pool(spec);
}

static int judge_targets(const struct xlpt_leave *l, struct xlpt_spec *specs,
			 struct json_object *list, struct json_object *pools,
			 struct xlpt_diag *diag)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < l->op.n; i++) {
		settle_pool(l, &l->op.items[i], pools, &specs[i]);
		rc = check_target(l, &l->op.items[i], &specs[i], list, diag);
	}
	return rc ? rc : check_pools(l, specs, pools, same_host(l, list), diag);
}

/*
 * Writes them as words for xlpt attach on that host. Named devices come first, so that no pool
 * gives one of them out.
 */
static int put_words(struct xlpt_leave *l, const struct xlpt_spec *specs, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str all = { 0 };
	int rc = 0;

	for (int named = 1; named >= 0; named--)
		for (size_t i = 0; rc == 0 && i < l->op.n; i++) {
			_cleanup_free_ char *text = NULL;

			if (specs[i].has_bdf != named)
				continue;
			text = xlpt_spec_format(&specs[i]);
			rc = xlpt_leave_plain("device", text, diag);
			xlpt_str_addf(&all, "%s%s", all.len ? " " : "", text);
		}
	l->targets = xlpt_str_take(&all);
	return rc;
}

int xlpt_migrate_targets(struct xlpt_leave *l, struct xlpt_diag *diag)
{
	_cleanup_free_ struct xlpt_spec *specs = xlpt_xcalloc(l->op.n + 1, sizeof(*specs));
	struct json_object *list = NULL, *pools = NULL;
	bool pooled = false;
	int rc;

	for (size_t i = 0; i < l->op.n; i++) {
		xlpt_leave_mapped(l, &l->op.items[i].spec, &specs[i]);
		pooled |= specs[i].pool != NULL;
	}
	rc = xlpt_leave_maps_used(l, l->op.guest.name, diag);
	if (rc == 0 && l->op.n) {
		list = xlpt_leave_ask(l->op.env, l->transport, l->host, "list", diag);
		/* In a dry run: without it, pool list gives back leases that are over. */
		if (list && pooled)
			pools = xlpt_leave_ask(l->op.env, l->transport, l->host,
					       "--dry-run pool list", diag);
		if (!list || (pooled && !pools))
			rc = diag ? (int)diag->code : XLPT_ERR_NOT_FOUND;
		if (rc == 0)
			rc = judge_targets(l, specs, list, pools, diag);
		if (rc == 0)
			rc = put_words(l, specs, diag);
	}
	for (size_t i = 0; i < l->op.n; i++)
		xlpt_spec_dispose(&specs[i]);
	json_object_put(list);
	json_object_put(pools);
	return rc;
}
