/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The MAC address of a VF out of a pool, for a guest that names none. */
#include <string.h>

#include "pciback/device/scan.h"
#include "xl-plugin/hotplug/loan.h"
#include "xl-plugin/kept/locks.h"
#include "xl-plugin/kept/macs.h"
#include "xl-plugin/pool/pools.h"

#define CLASS_NETWORK 0x02

/* Only the PF of a network card can give a VF an address, and only while dom0 has its driver. */
static bool can_have_one(struct xlpt_env *env, struct xlpt_bdf bdf)
{
	_cleanup_device_ struct xlpt_device d = { 0 };
	_cleanup_vf_ struct xlpt_vf vf = { 0 };

	return xlpt_scan_one(env->host, bdf, 0, NULL, &d, NULL) == 0 && d.is_vf &&
	       d.class_code >> 16 == CLASS_NETWORK && xlpt_vf_locate(env, bdf, &vf, NULL) == 0;
}

/*
 * Another VF of the guest has this address, or will have it: one of this command, of an earlier
 * lease, or of a lease that another command is just working with.
 */
static int used(struct xlpt_op *op, const struct xlpt_leases *leases, struct xlpt_bdf bdf,
		const uint8_t mac[6], bool *yes, struct xlpt_diag *diag)
{
	int rc = 0;

	*yes = false;
	for (size_t i = 0; i < op->n; i++)
		*yes |= op->items[i].spec.vf.has_mac && !memcmp(op->items[i].spec.vf.mac, mac, 6) &&
			!(op->items[i].spec.has_bdf && xlpt_bdf_eq(op->items[i].spec.bdf, bdf));
	for (size_t i = 0; rc == 0 && !*yes && i < leases->n; i++) {
		const struct xlpt_lease *l = &leases->items[i];
		struct xlpt_vf_identity id;

		if (strcmp(l->uuid, op->guest.uuid) != 0 || xlpt_bdf_eq(l->bdf, bdf))
			continue;
		rc = xlpt_loan_given(op->env, l->bdf, &id, diag);
		*yes = rc == 0 && ((id.has_mac && !memcmp(id.mac, mac, 6)) ||
				   (l->has_mac && !memcmp(l->mac, mac, 6)));
	}
	return rc;
}

static int note_in_lease(struct xlpt_op *op, struct xlpt_bdf bdf, const uint8_t mac[6],
			 struct xlpt_diag *diag)
{
	struct xlpt_lease *l = xlpt_leases_find(&op->leases, bdf);

	if (!l || (l->has_mac && !memcmp(l->mac, mac, 6)))
		return 0;
	l->has_mac = true;
	memcpy(l->mac, mac, 6);
	return op->env->dry_run ? 0 : xlpt_lease_update(op->env, l, diag);
}

static int choose(struct xlpt_op *op, const char *pool, struct xlpt_bdf bdf,
		  struct xlpt_vf_identity *vf, struct xlpt_diag *diag)
{
	_cleanup_leases_ struct xlpt_leases leases = { 0 };
	_cleanup_macs_ struct xlpt_macs macs = { 0 };
	struct xlpt_guest *guests = NULL;
	bool again = true;
	size_t n = 0;
	int rc = op->env->ts->ops->guest_list(op->env->ts, &guests, &n, diag);

	if (rc == 0)
		rc = xlpt_leases_read(op->env, &leases, diag);
	if (rc == 0)
		rc = xlpt_macs_read(op->env, &macs, diag);
	for (unsigned nth = 0; rc == 0 && again; nth++) {
		const struct xlpt_mac *m = xlpt_macs_of(&macs, &op->guest, pool, nth, guests, n);

		memcpy(vf->mac, m->mac, 6);
		rc = used(op, &leases, bdf, vf->mac, &again, diag);
	}
	vf->has_mac = rc == 0;
	if (rc == 0 && macs.changed && !op->env->dry_run)
		rc = xlpt_macs_write(op->env, &macs, diag);
	if (rc == 0)
		rc = note_in_lease(op, bdf, vf->mac, diag);
	xlpt_guests_free(guests, n);
	return rc;
}

int xlpt_pool_mac(struct xlpt_op *op, const char *pool, struct xlpt_bdf bdf,
		  struct xlpt_vf_identity *vf, struct xlpt_diag *diag)
{
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	int rc = 0;

	if (vf->has_mac || !*op->guest.uuid || !can_have_one(op->env, bdf))
		return 0;
	/* The file is read and written whole, by one xlpt at a time. */
	if (!op->env->dry_run)
		rc = xlpt_lock_pools(op->env, &locks,
				     xlpt_now(op->env->clock) + XLPT_LOCK_TIMEOUT_MS, diag);
	return rc ? rc : choose(op, pool, bdf, vf, diag);
}
