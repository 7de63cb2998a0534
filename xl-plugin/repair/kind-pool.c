/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a guest that is gone still has: a lease of a pool's VF, an identity. */
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/loan.h"
#include "xl-plugin/kept/locks.h"
#include "xl-plugin/repair/kinds.h"

static void find_leases(const struct xlpt_facts *f, const struct xlpt_contradiction_kind *kind,
			struct xlpt_contradictions *out)
{
	for (size_t i = 0; i < f->leases.n; i++) {
		const struct xlpt_returned *l = &f->leases.items[i];
		const char *bdf = XLPT_BDF_STR(l->bdf);
		struct xlpt_contradiction *c;

		if (xlpt_facts_explained(f, &l->bdf, -1))
			continue;
		c = xlpt_contradiction_add(out, kind);
		xlpt_contradiction_bdf(c, l->bdf);
		c->guest = xlpt_xstrdup(l->guest);
		c->what = xlpt_xasprintf("%s is leased to %s out of pool %s, and %s", bdf, l->guest,
					 l->pool, l->why);
		c->why = xlpt_xasprintf(XLPT_LEASES_DIR "/%s", bdf);
		c->does = xlpt_xasprintf("give %s back to pool %s: %s", bdf, l->pool, l->why);
		c->key = xlpt_xstrdup(l->pool);
	}
}

static int fix_lease(struct xlpt_env *env, const struct xlpt_contradiction *c,
		     struct xlpt_diag *diag)
{
	_cleanup_free_ char *why = NULL;
	int rc = xlpt_lease_end_over(env, c->bdf, &why, diag);

	if (rc == 0 && why)
		xlpt_say(env, "gave %s back to pool %s: %s", XLPT_BDF_STR(c->bdf), c->key, why);
	return rc;
}

const struct xlpt_contradiction_kind xlpt_kind_lease = {
	.name = "lease",
	.cause = "the guest ended, and no command has looked at the pool since",
	.find = find_leases,
	.fix = fix_lease,
};

static void find_identities(const struct xlpt_facts *f, const struct xlpt_contradiction_kind *kind,
			    struct xlpt_contradictions *out)
{
	for (size_t i = 0; i < f->n_lent; i++) {
		const char *bdf = XLPT_BDF_STR(f->lent[i]);
		struct xlpt_contradiction *c;

		if (xlpt_facts_explained(f, &f->lent[i], -1))
			continue;
		c = xlpt_contradiction_add(out, kind);
		xlpt_contradiction_bdf(c, f->lent[i]);
		c->what = xlpt_xasprintf("%s has the MAC address or VLAN of a guest, and no guest "
					 "has %s",
					 bdf, bdf);
		c->why = xlpt_xasprintf(
			"/libxl/pci/%s/xlpt-vf says what it had before",
			xlpt_bdf_format(f->lent[i], XLPT_BDF_XS, (char[XLPT_BDF_LEN]){ 0 }));
		c->does = xlpt_xasprintf("give %s back the identity that it had before its guest",
					 bdf);
	}
}

static int fix_identity(struct xlpt_env *env, const struct xlpt_contradiction *c,
			struct xlpt_diag *diag)
{
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	struct xlpt_bdf bdf = c->bdf;
	int rc = xlpt_lock_all(env, &locks, NULL, &bdf, 1, diag);

	/* An attach or a start may have ended meanwhile. */
	if (rc || !xlpt_loan_orphan(env, bdf))
		return rc;
	rc = xlpt_loan_end(env, bdf, diag);
	if (rc == 0)
		xlpt_say(env, "%s has the identity back that it had before its guest",
			 XLPT_BDF_STR(bdf));
	return rc;
}

const struct xlpt_contradiction_kind xlpt_kind_identity = {
	.name = "identity",
	.cause = "the guest was destroyed, or ended while no xlpt looked",
	.momentary = true,
	.find = find_identities,
	.fix = fix_identity,
};
