/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The locks of an operation: its guest, its devices, and their mates. What was found before the
 * locks were taken is looked at again.
 */
#include "core/findings.h"
#include "pciback/device/scan.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/hotplug/split.h"
#include "xl-plugin/kept/locks.h"

#define LOCK_TRIES 5

int xlpt_op_bus(struct xlpt_op *op, struct xlpt_diag *diag)
{
	if (op->bus.n)
		return 0;
	xlpt_op_drop_bus(op);
	xlpt_host_list(op->env->host, &op->bus_names, "/sys/bus/pci/devices");
	return xlpt_scan_all(op->env->host, XLPT_SCAN_SETS | XLPT_SCAN_BRIEF, NULL, &op->bus, diag);
}

void xlpt_op_drop_bus(struct xlpt_op *op)
{
	xlpt_devices_dispose(&op->bus);
	xlpt_strv_free(XLPT_TAKE(op->bus_names));
}

static int lock_all(struct xlpt_op *op, struct xlpt_diag *diag)
{
	_cleanup_free_ struct xlpt_bdf *bdfs = xlpt_xcalloc(op->n + op->n_mates, sizeof(*bdfs));
	size_t n = 0;

	while (n < op->n) {
		bdfs[n] = op->items[n].spec.bdf;
		n++;
	}
	for (size_t i = 0; i < op->n_mates; i++)
		if (!op->mates[i].divided)
			bdfs[n++] = op->mates[i].bdf;
	return xlpt_lock_all(op->env, &op->locks, op->has_guest ? &op->guest.domid : NULL, bdfs, n,
			     diag);
}

void xlpt_op_look_locks(struct xlpt_op *op)
{
	struct xlpt_env *env = op->env;

	xlpt_op_point(op, "another xlpt", NULL);
	if (op->has_guest && xlpt_busy_guest(env, op->guest.domid))
		xlpt_findings_warn(env->findings, "another xlpt works on %s just now",
				   op->guest.name);
	for (size_t i = 0; i < op->n; i++) {
		struct xlpt_bdf bdf = op->items[i].spec.bdf;

		xlpt_op_point(op, "another xlpt", &op->items[i]);
		if (!xlpt_busy_device(env, bdf))
			continue;
		xlpt_findings_warn(env->findings, "another xlpt works on %s just now",
				   XLPT_BDF_STR(bdf));
		xlpt_findings_fact(env->findings,
				   "it is waited for; what is found here may be old by then");
		xlpt_findings_mend(env->findings, "check again when it has ended");
	}
}

/* No other xlpt gives the guest a device, or takes one, while its lock is held. */
static int lock_held(struct xlpt_op *op, struct xlpt_diag *diag)
{
	size_t listed = op->n;
	int rc = xlpt_lock_all(op->env, &op->locks, &op->guest.domid, NULL, 0, diag);

	if (rc == 0)
		rc = xlpt_op_add_held(op, diag);
	if (rc || op->n == listed || !op->find_mates)
		return rc;
	xlpt_op_drop_mates(op);
	return op->find_mates(op, diag);
}

int xlpt_op_lock(struct xlpt_op *op, struct xlpt_diag *diag)
{
	int rc = op->all_held ? lock_held(op, diag) : 0;
	size_t before = op->locks.n;
	bool same;

	if (rc)
		return rc;
	for (int tries = 0; tries < LOCK_TRIES; tries++) {
		rc = lock_all(op, diag);
		if (rc == 0)
			rc = xlpt_op_mates_again(op, &same, diag);
		if (rc || same)
			return rc;
		xlpt_locks_shrink(&op->locks, before);
	}
	xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "the PCI devices of this host keep changing");
	xlpt_diag_fact(diag, "each time after they were locked, other devices had appeared");
	xlpt_diag_hint(diag, "run the same command again when nobody is creating virtual "
			     "functions");
	return XLPT_ERR_CONFLICT;
}
