/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A VF's identity as steps of attach, detach, unhide and repair. */
#include "core/text.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/loan.h"
#include "xl-plugin/hotplug/restart.h"
#include "xl-plugin/kept/locks.h"

static struct xlpt_item *item_of(void *ctx, size_t i)
{
	return &((struct xlpt_op *)ctx)->items[i];
}

static struct xlpt_env *env_of(void *ctx)
{
	return ((struct xlpt_op *)ctx)->env;
}

int xlpt_loan_judge(struct xlpt_op *op, struct xlpt_item *item, struct xlpt_diag *diag)
{
	_cleanup_free_ char *ifname = NULL;

	if (item->device.is_vf)
		ifname = xlpt_net_of(op->env->host, item->device.pf);
	/*
	 * igb, ixgbe and other PF drivers answer a VF's driver only while their interface is up.
	 * Otherwise the driver in the guest says "PF still resetting" and makes up a MAC address,
	 * or has no link.
	 */
	if (ifname && !xlpt_net_is_up(op->env->host, ifname)) {
		xlpt_warn(op->env,
			  "%s, the interface of %s's physical function, is down: the driver in "
			  "the guest will not get its address or a link",
			  ifname, XLPT_BDF_STR(item->spec.bdf));
		xlpt_warn_mend(op->env, "ip link set %s up", XLPT_WORD(ifname));
	}
	/* Only a VF can have a note. */
	if (!item->device.is_vf && xlpt_vfid_is_empty(&item->spec.vf))
		return 0;
	return xlpt_loan_read(op->env, item->spec.bdf, &item->spec.vf, op->guest.uuid, &item->vf,
			      diag);
}

static int remember(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_item *item = item_of(ctx, i);

	return xlpt_loan_note(env_of(ctx), item->spec.bdf, true, &item->vf.note, diag);
}

static int forget(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_item *item = item_of(ctx, i);

	return xlpt_loan_note(env_of(ctx), item->spec.bdf, item->vf.noted, &item->vf.note_before,
			      diag);
}

static int set(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_item *item = item_of(ctx, i);

	return xlpt_loan_set(env_of(ctx), item->spec.bdf, &item->vf, diag);
}

static int unset(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_item *item = item_of(ctx, i);

	return xlpt_loan_unset(env_of(ctx), item->spec.bdf, &item->vf, diag);
}

static int restore(void *ctx, size_t i, struct xlpt_diag *diag)
{
	return xlpt_loan_end(env_of(ctx), item_of(ctx, i)->spec.bdf, diag);
}

void xlpt_loan_plan(struct xlpt_plan *plan, const struct xlpt_op *op, size_t i)
{
	const struct xlpt_item *item = &op->items[i];
	const char *bdf = XLPT_BDF_STR(item->spec.bdf);
	_cleanup_str_ struct xlpt_str want = { 0 }, now = { 0 };

	if (!item->vf.active)
		return;
	if (xlpt_vfid_is_empty(&item->spec.vf)) {
		xlpt_plan_add(
			plan, restore, NULL, i,
			xlpt_xasprintf("give %s the identity back that it had before its last "
				       "guest",
				       bdf),
			NULL);
		return;
	}
	xlpt_vfid_format(&item->vf.want, ' ', &want);
	xlpt_vfid_format(&item->vf.now, ' ', &now);
	xlpt_plan_add(plan, remember, forget, i,
		      xlpt_xasprintf("remember what %s has:%s", bdf, xlpt_str_get(&now)),
		      xlpt_xasprintf("forget what %s had", bdf));
	xlpt_plan_add(plan, set, unset, i, xlpt_xasprintf("set%s on %s", xlpt_str_get(&want), bdf),
		      xlpt_xasprintf("set%s on %s again", xlpt_str_get(&now), bdf));
}

int xlpt_loan_plan_end(struct xlpt_plan *plan, struct xlpt_op *op, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_bdf bdf = op->items[i].spec.bdf;
	_cleanup_free_ char *note = NULL;
	int rc = xlpt_pcinote_vf_get(op->env->store, bdf, &note, diag);

	if (rc == 0 && note)
		xlpt_plan_add(plan, restore, NULL, i,
			      xlpt_xasprintf("give %s back the identity that it had before",
					     XLPT_BDF_STR(bdf)),
			      NULL);
	return rc;
}

bool xlpt_loan_orphan(struct xlpt_env *env, struct xlpt_bdf bdf)
{
	_cleanup_knowns_ struct xlpt_knowns known = { 0 };

	/*
	 * It is leased to a guest that is still to come: whoever gives the lease back restores the
	 * identity.
	 */
	if (xlpt_host_has(env->host, XLPT_LEASES_DIR "/%s", XLPT_BDF_STR(bdf)) ||
	    xlpt_guest_may_have(env, bdf))
		return false;
	return xlpt_restarts_read(env, NULL, &known, NULL) == 0 &&
	       !xlpt_restarts_holder(&known, bdf, "");
}

int xlpt_loan_orphans(struct xlpt_env *env, const struct xlpt_owners *owners, struct xlpt_bdf **out,
		      size_t *n, struct xlpt_diag *diag)
{
	size_t all = 0;
	int rc = xlpt_pcinote_vf_all(env->store, out, &all, diag);

	*n = 0;
	for (size_t i = 0; rc == 0 && i < all; i++) {
		const struct xlpt_owner *owner = xlpt_owners_find(owners, (*out)[i]);

		if (!(owner && owner->guest) && xlpt_loan_orphan(env, (*out)[i]))
			(*out)[(*n)++] = (*out)[i];
	}
	return rc;
}
