/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who wants a device asks here whether a guest that restarts is to have it again. */
#include <string.h>

#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/restart.h"

#define LOOK_MS	   100
#define MONITOR_MS 5000 /* xl ends, or makes the next domain, well within this */

const struct xlpt_known *xlpt_restarts_holder(const struct xlpt_knowns *all, struct xlpt_bdf bdf,
					      const char *own_uuid)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->items[i].restarts && xlpt_known_has(&all->items[i], bdf) &&
		    strcmp(all->items[i].uuid, own_uuid) != 0)
			return &all->items[i];
	return NULL;
}

void xlpt_restarts_mark(const struct xlpt_knowns *all, struct xlpt_leases *leases)
{
	for (size_t i = 0; i < leases->n; i++) {
		const struct xlpt_known *k = xlpt_knowns_find(all, leases->items[i].uuid);

		leases->items[i].restarts = k && k->restarts;
	}
}

/* A guest about which xl has not decided yet. */
static const struct xlpt_known *undecided(const struct xlpt_knowns *all,
					  const struct xlpt_bdf *bdfs, size_t n,
					  const char *own_uuid)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct xlpt_known *k = &all->items[i];
		bool wanted = !bdfs;

		for (size_t b = 0; b < n; b++)
			wanted |= xlpt_known_has(k, bdfs[b]);
		if (wanted && k->restarts && !k->decided && k->monitor.pid &&
		    strcmp(k->uuid, own_uuid) != 0)
			return k;
	}
	return NULL;
}

int xlpt_restarts_wait(struct xlpt_env *env, const struct xlpt_bdf *bdfs, size_t n,
		       const char *own_uuid, bool *waited, struct xlpt_diag *diag)
{
	int64_t deadline = xlpt_now(env->clock) + MONITOR_MS;
	int rc = 0;

	while (rc == 0 && !env->dry_run) {
		_cleanup_knowns_ struct xlpt_knowns all = { 0 };
		const struct xlpt_known *k;

		rc = xlpt_restarts_read(env, NULL, &all, diag);
		k = rc ? NULL : undecided(&all, bdfs, n, own_uuid);
		if (!k || xlpt_now(env->clock) >= deadline)
			break;
		if (!*waited)
			xlpt_warn(env, "waiting for xl, which decides whether %s comes again",
				  k->name);
		*waited = true;
		rc = xlpt_check_interrupted(diag);
		if (rc == 0)
			env->clock->sleep_ms(env->clock, LOOK_MS);
	}
	return rc;
}

int xlpt_op_wait_restarts(struct xlpt_op *op, struct xlpt_diag *diag)
{
	_cleanup_free_ struct xlpt_bdf *bdfs = xlpt_xcalloc(op->n + 1, sizeof(*bdfs));
	bool waited = false;
	int rc;

	for (size_t i = 0; i < op->n; i++)
		bdfs[i] = op->items[i].spec.bdf;
	rc = xlpt_restarts_wait(op->env, bdfs, op->n, op->guest.uuid, &waited, diag);
	if (rc || !waited)
		return rc;
	xlpt_owners_dispose(&op->owners);
	return xlpt_owners_read(op->env, &op->owners, diag);
}

int xlpt_op_check_restarts(struct xlpt_op *op, struct xlpt_diag *diag)
{
	_cleanup_knowns_ struct xlpt_knowns all = { 0 };
	int rc = xlpt_restarts_read(op->env, NULL, &all, diag);

	for (size_t i = 0; rc == 0 && i < op->n; i++) {
		const char *bdf = XLPT_BDF_STR(op->items[i].spec.bdf);
		const struct xlpt_known *k =
			xlpt_restarts_holder(&all, op->items[i].spec.bdf, op->guest.uuid);

		/* When a guest has the device now, the usual refusal tells of that. */
		if (!k || (op->items[i].place.has_owner && op->items[i].place.owner_name))
			continue;
		xlpt_diag_set(diag, XLPT_ERR_IN_USE, "%s is kept for %s, which restarts", bdf,
			      k->name);
		xlpt_diag_fact(diag, k->coming ? "its new domain is being made"
				     : k->ended
					     ? "its domain has ended, and nothing says that it "
					       "does not come again"
					     : "its domain is gone, and nothing says that it does "
					       "not come again");
		xlpt_diag_hint(diag, "xlpt pool release %s, if that guest is not to come again",
			       bdf);
		rc = XLPT_ERR_IN_USE;
	}
	return rc;
}

int xlpt_restarts_give_up(struct xlpt_env *env, struct xlpt_bdf bdf, char **guest,
			  struct xlpt_diag *diag)
{
	_cleanup_knowns_ struct xlpt_knowns all = { 0 };
	int rc = xlpt_restarts_read(env, NULL, &all, diag);

	for (size_t i = 0; rc == 0 && i < all.n; i++) {
		struct xlpt_known *k = &all.items[i];
		size_t kept = 0;

		if (!k->restarts || !xlpt_known_has(k, bdf))
			continue;
		for (size_t d = 0; d < k->n; d++)
			if (!xlpt_bdf_eq(k->devs[d], bdf))
				k->devs[kept++] = k->devs[d];
		k->n = kept;
		xlpt_known_write(env, k);
		*guest = xlpt_xstrdup(k->name);
		return 1;
	}
	return rc;
}
