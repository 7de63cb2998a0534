/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What shows that a guest has a device, or no longer has it: the guest's side, its device model
 * and the hypervisor, each asked by itself. libxl's answer is no proof.
 */
#include "core/text.h"
#include "pciback/device/bind.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/device-model.h"
#include "xl-plugin/hotplug/gone.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/hotplug/release.h"

/* When the guest has ended meanwhile, that is the cause, whatever failed. */
int xlpt_op_blame_guest(struct xlpt_op *op, int rc, struct xlpt_diag *diag)
{
	/* A guest that had ended before this began is refused by the rules, in their own words. */
	int gone = op->guest.dying ? 0 : xlpt_guest_still_there(op->env, &op->guest, diag);

	return gone ? gone : rc;
}

/* First what the guest's side says, which depends on its type, then the hypervisor. */
static int verify_pv(struct xlpt_op *op, struct xlpt_item *item, struct xlpt_diag *diag)
{
	struct xlpt_bdf vdev;
	int rc = xlpt_wait_connected(op->env, &op->guest, item->spec.bdf, op->gave_up,
				     op->timeout_ms, &vdev, diag);

	if (rc == 0)
		xlpt_bdf_format(vdev, XLPT_BDF_SYSFS, item->guest_address);
	return rc;
}

static int verify_hvm(struct xlpt_op *op, struct xlpt_item *item, struct xlpt_diag *diag)
{
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };
	const struct xlpt_pcidev *d;
	bool has = false;
	int rc;

	rc = op->env->ts->ops->dm_has(op->env->ts, op->guest.domid, item->spec.bdf, &has, diag);
	if (rc)
		return rc;
	if (!has) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "the device model of %s does not list %s",
			      op->guest.name, XLPT_BDF_STR(item->spec.bdf));
		xlpt_diag_fact(diag,
			       "libxl reported success, \"info pci\" in QEMU's monitor does not "
			       "show the device");
		xlpt_diag_hint(diag, "see /var/log/xen/qemu-dm-%s.log", XLPT_WORD(op->guest.name));
		return XLPT_ERR_CONFLICT;
	}
	rc = xlpt_pcibe_read(op->env->store, op->guest.domid, &be, diag);
	d = rc ? NULL : xlpt_pcibe_find(&be, item->spec.bdf);
	if (rc == 0 && (!d || d->vdevfn < 0)) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "no guest slot is recorded for %s",
			      XLPT_BDF_STR(item->spec.bdf));
		xlpt_diag_fact(diag,
			       "xenstore has no vdevfn for it, which libxl writes when QEMU has "
			       "told the slot");
		xlpt_diag_hint(diag, "see /var/log/xen/qemu-dm-%s.log", XLPT_WORD(op->guest.name));
		return XLPT_ERR_CONFLICT;
	}
	if (rc)
		return rc;
	snprintf(item->guest_address, sizeof(item->guest_address), "0000:00:%02x.%x",
		 (unsigned)d->vdevfn >> 3 & 0x1f, (unsigned)d->vdevfn & 7);
	/* libxl takes slot 0, which the host bridge has, for "no slot". */
	if (item->spec.vslot >= 0 && d->vdevfn >> 3 != item->spec.vslot)
		xlpt_warn(op->env, "%s asked for slot %x of %s and got slot %x",
			  XLPT_BDF_STR(item->spec.bdf), (unsigned)item->spec.vslot, op->guest.name,
			  (unsigned)d->vdevfn >> 3);
	return xlpt_dm_judge(op, item, diag);
}

static int verify_permissive(struct xlpt_op *op, const struct xlpt_item *item,
			     struct xlpt_diag *diag)
{
	bool on = false;
	int rc;

	if (item->spec.permissive != XLPT_ON)
		return 0;
	rc = xlpt_pciback_permissive(op->env->host, item->spec.bdf, &on, diag);
	if (rc == 0 && !on) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "pciback did not make %s permissive",
			      XLPT_BDF_STR(item->spec.bdf));
		xlpt_diag_fact(diag, "/sys/bus/pci/drivers/pciback/permissive does not list it");
		xlpt_diag_hint(diag, "dmesg in dom0 shows what xen-pciback said");
		return XLPT_ERR_CONFLICT;
	}
	return rc;
}

int xlpt_op_verify(struct xlpt_op *op, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_item *item = &op->items[i];
	bool assigned = false;
	int rc;

	rc = op->guest.type == XLPT_GUEST_PV ? verify_pv(op, item, diag)
					     : verify_hvm(op, item, diag);
	if (rc == 0)
		rc = verify_permissive(op, item, diag);
	if (rc == 0)
		rc = op->env->ts->ops->hyp_assigned(op->env->ts, item->spec.bdf, &assigned, diag);
	if (rc == 0 && !assigned) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT,
			      "the hypervisor does not have %s assigned to a guest",
			      XLPT_BDF_STR(item->spec.bdf));
		xlpt_diag_fact(diag,
			       "libxl reported success, and Xen says the device is still dom0's");
		xlpt_diag_hint(diag, "xl dmesg shows what the hypervisor said");
		rc = XLPT_ERR_CONFLICT;
	}
	return rc ? xlpt_op_blame_guest(op, rc, diag) : 0;
}

/* ---- the guest no longer has it ---- */

/* In the order in which the device leaves: xenstore, the hypervisor, the device model. */
static int not_assigned(struct xlpt_op *op, struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	bool assigned = false;
	int rc = op->env->ts->ops->hyp_assigned(op->env->ts, bdf, &assigned, diag);

	if (rc || !assigned)
		return rc;
	xlpt_diag_set(diag, XLPT_ERR_LEFT, "the hypervisor still has %s assigned to a guest",
		      XLPT_BDF_STR(bdf));
	xlpt_diag_fact(diag, "libxl reported its removal");
	xlpt_diag_hint(diag, "xlpt repair");
	return XLPT_ERR_LEFT;
}

static int not_in_dm(struct xlpt_op *op, struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	bool has = false;
	int rc = op->guest.type == XLPT_GUEST_HVM
			 ? op->env->ts->ops->dm_has(op->env->ts, op->guest.domid, bdf, &has, diag)
			 : 0;

	if (rc)
		return xlpt_diag_recode(diag, XLPT_ERR_LEFT);
	if (!has)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_LEFT, "the device model of %s still holds %s", op->guest.name,
		      XLPT_BDF_STR(bdf));
	xlpt_diag_fact(diag, "\"info pci\" in QEMU's monitor lists it");
	xlpt_diag_hint(diag, "xlpt repair once the guest's system runs, or xl destroy %s",
		       XLPT_WORD(op->guest.name));
	return XLPT_ERR_LEFT;
}

static int on_pciback(struct xlpt_op *op, struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	_cleanup_free_ char *driver = NULL;
	int rc = xlpt_bind_driver(op->env->host, bdf, &driver, diag);

	if (rc || xlpt_streq(driver, XLPT_PCIBACK_DRIVER))
		return rc;
	xlpt_diag_set(diag, XLPT_ERR_LEFT,
		      "%s was taken from the guest, but pciback does not have it",
		      XLPT_BDF_STR(bdf));
	xlpt_diag_fact(diag, "its driver in dom0 is %s", driver ? driver : "none");
	xlpt_diag_hint(diag, "xlpt hide %s", XLPT_BDF_STR(bdf));
	return XLPT_ERR_LEFT;
}

int xlpt_op_verify_gone(struct xlpt_op *op, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_env *env = op->env;
	const struct xlpt_item *item = &op->items[i];
	struct xlpt_bdf bdf = item->spec.bdf;
	int rc = xlpt_wait_gone(env, &op->guest, bdf, op->timeout_ms, diag);

	/* The guest ended meanwhile: what it left behind needs no answer of it. */
	if (rc == XLPT_ERR_NO_GUEST) {
		xlpt_diag_dispose(diag);
		return xlpt_release(env, op->guest.domid, bdf, true, op->timeout_ms, diag);
	}
	if (rc) {
		xlpt_diag_hint(diag,
			       "xlpt repair once the guest answers, or xlpt detach --force %s %s",
			       XLPT_WORD(op->guest.name), XLPT_BDF_STR(bdf));
		return xlpt_diag_recode(diag, XLPT_ERR_LEFT);
	}
	rc = not_assigned(op, bdf, diag);
	if (rc == 0)
		rc = not_in_dm(op, bdf, diag);
	if (rc)
		return rc;
	/*
	 * Whatever libxl took back: 4.17 leaves an HVM guest all access, and releases before
	 * 4.17.6, 4.18.6, 4.19.4 and 4.20.2 leave every guest the memory above 4 GiB (XSA-476).
	 */
	rc = xlpt_revoke(env, op->guest.domid, bdf, diag);
	if (rc)
		return xlpt_diag_recode(diag, XLPT_ERR_LEFT);
	if (!item->anew)
		rc = on_pciback(op, bdf, diag);
	/*
	 * A next attach that came before the guest has freed its frontend would be taken for the
	 * old one and never be connected.
	 */
	if (rc == 0 &&
	    !xlpt_wait_port_closed(env, op->guest.domid, item->evtchn, XLPT_PORT_TIMEOUT_MS))
		xlpt_warn(env,
			  "%s has not freed its PCI frontend yet; wait a few seconds before the "
			  "next attach",
			  op->guest.name);
	return rc;
}
