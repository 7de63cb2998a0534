/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Giving devices to a guest. libxl reports success before the guest has agreed: for a PV guest it
 * does not wait for the frontend after asking. So each device is followed until the guest has it,
 * before the next one is added.
 */
#include <string.h>

#include "core/text.h"
#include "pciback/device/bind.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/budget.h"
#include "xl-plugin/hotplug/config.h"
#include "xl-plugin/hotplug/device-model.h"
#include "xl-plugin/hotplug/gone.h"
#include "xl-plugin/hotplug/lease.h"
#include "xl-plugin/hotplug/libvirt.h"
#include "xl-plugin/hotplug/loan.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/hotplug/release.h"
#include "xl-plugin/hotplug/reset.h"
#include "xl-plugin/hotplug/split.h"
#include "xl-plugin/kept/had-line.h"

static int wait_ready(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_op *op = ctx;
	bool cleared;
	int rc;

	(void)i;
	rc = xlpt_clear_empty(op->env, op->guest.domid, &cleared, diag);
	if (rc == 0)
		rc = xlpt_wait_settled(op->env, &op->guest, op->timeout_ms, diag);
	if (rc)
		return rc;
	free(XLPT_TAKE(op->gave_up));
	return xlpt_pcibe_clear_gave_up(op->env->store, op->guest.domid, &op->gave_up, diag);
}

/* What pciback itself remembers of a device goes when pciback lets go of it. */
static int bind_anew(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_op *op = ctx;
	struct xlpt_bdf bdf = op->items[i].spec.bdf;
	int rc = xlpt_bind_unbind(op->env->host, bdf, diag);

	return rc ? rc : xlpt_bind_pciback(op->env->host, bdf, diag);
}

static int keep_bound(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_op *op = ctx;

	return xlpt_bind_pciback(op->env->host, op->items[i].spec.bdf, diag);
}

/*
 * "permissive" is a flag in pciback's own data of a device. libxl sets it for one guest and
 * nothing takes it back (pci_stub.c has no way to).
 */
static int make_strict(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_op *op = ctx;
	struct xlpt_host *h = op->env->host;
	struct xlpt_bdf bdf = op->items[i].spec.bdf;
	bool on = false;
	int rc = bind_anew(ctx, i, diag);

	if (rc == 0)
		rc = xlpt_pciback_permissive(h, bdf, &on, diag);
	if (rc == 0 && on) {
		rc = xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "%s is still permissive",
				   XLPT_BDF_STR(bdf));
		xlpt_diag_hint(diag, "xlpt unhide %s and xlpt hide %s, then attach it again",
			       XLPT_BDF_STR(bdf), XLPT_BDF_STR(bdf));
	}
	return rc;
}

static int make_permissive(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_op *op = ctx;
	struct xlpt_bdf bdf = op->items[i].spec.bdf;
	int r, rc = xlpt_op_to_pciback(op, i, diag);

	if (rc)
		return rc;
	r = xlpt_host_write_text(op->env->host, XLPT_BDF_STR(bdf),
				 "/sys/bus/pci/drivers/pciback/permissive");
	return r < 0 ? xlpt_diag_errno(diag, XLPT_ERR_IO, r, "cannot make %s permissive again",
				       XLPT_BDF_STR(bdf))
		     : 0;
}

/* libxl lists a PV guest's device in its backend last, and the guest sees it nowhere else. */
static bool unseen(const struct xlpt_op *op, struct xlpt_bdf bdf)
{
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };

	return xlpt_pcibe_read(op->env->store, op->guest.domid, &be, NULL) == 0 &&
	       !xlpt_pcibe_find(&be, bdf);
}

static int add(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_op *op = ctx;
	struct xlpt_item *item = &op->items[i];
	int rc = xlpt_had_line_note(op->env, &op->guest, item->spec.bdf, &item->line_noted, diag);

	if (rc)
		return rc;
	if (op->guest.type == XLPT_GUEST_HVM)
		op->dm_log_end = xlpt_dm_log_end(op);
	rc = xlpt_guest_add(op, i, diag);
	item->unseen = rc && item->line_noted && unseen(op, item->spec.bdf);
	return rc ? xlpt_op_blame_guest(op, rc, diag) : 0;
}

static int undo_add(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_op *op = ctx;
	struct xlpt_item *item = &op->items[i];
	int rc = xlpt_budget_release(op->env, XLPT_LEDGER_UNDO, op->guest.domid, item->spec.bdf,
				     false, op->timeout_ms, diag);

	/* A guest that has seen the device may have enabled it, however short it had it. */
	if (rc == 0 && item->unseen)
		xlpt_had_line_forget(op->env, &op->guest, item->spec.bdf);
	return rc;
}

static int verify(void *ctx, size_t i, struct xlpt_diag *diag)
{
	int rc = xlpt_op_verify(ctx, i, diag);

	return rc ? rc : xlpt_libvirt_verify(ctx, i, true, diag);
}

/* What is remembered for when the guest restarts is written while its driver works on the device. */
static int verify_last(void *ctx, size_t i, struct xlpt_diag *diag)
{
	xlpt_op_remember(ctx);
	return verify(ctx, i, diag);
}

/*
 * libxl's note names this very guest, and no backend names the device: the guest may still have
 * access to it. A tool that is just giving it the device gets the time that this takes.
 */
static int clear_note(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_op *op = ctx;
	struct xlpt_bdf bdf = op->items[i].spec.bdf;
	uint32_t domid;
	int rc;

	op->env->clock->sleep_ms(op->env->clock, XLPT_UNDER_WAY_MS);
	rc = xlpt_owner_now(op->env, bdf, &domid, diag);
	if (rc > 0) {
		xlpt_diag_set(diag, XLPT_ERR_IN_USE, "%s was given to domain %u meanwhile",
			      XLPT_BDF_STR(bdf), domid);
		xlpt_diag_fact(diag, "its PCI backend names it");
		xlpt_diag_hint(diag, "xlpt status shows what is where");
		return XLPT_ERR_IN_USE;
	}
	return rc ? rc : xlpt_release(op->env, op->guest.domid, bdf, false, op->timeout_ms, diag);
}

static void plan_take(struct xlpt_plan *plan, const struct xlpt_op *op, size_t i)
{
	const struct xlpt_item *item = &op->items[i];
	const char *bdf = XLPT_BDF_STR(item->spec.bdf);

	if (item->noted)
		xlpt_plan_add(plan, clear_note, NULL, i,
			      xlpt_xasprintf("take back what a killed tool left of %s with %s", bdf,
					     op->guest.name),
			      NULL);
	xlpt_plan_lease(plan, op, i);
	if (item->take_from_dom0)
		xlpt_plan_hide(plan, op, i);
	if (item->loose)
		xlpt_plan_add(plan, make_strict, make_permissive, i,
			      xlpt_xasprintf(
				      "bind %s to pciback anew: it is permissive from before", bdf),
			      xlpt_xasprintf("make %s permissive again", bdf));
	else if (item->exported)
		xlpt_plan_add(plan, bind_anew, keep_bound, i,
			      xlpt_xasprintf("bind %s to pciback anew: pciback may still export it "
					     "to an HVM guest that had it",
					     bdf),
			      xlpt_xasprintf("bind %s to pciback", bdf));
}

void xlpt_plan_ready(struct xlpt_plan *plan, const struct xlpt_op *op, size_t i)
{
	_cleanup_free_ size_t *members = xlpt_xcalloc(op->n, sizeof(*members));
	size_t n = xlpt_reset_group(op, i, members);

	/*
	 * Functions that are reset together with their bus are all taken before that reset, with
	 * the first.
	 */
	if (members[0] != i)
		return;
	for (size_t k = 0; k < n; k++)
		plan_take(plan, op, members[k]);
	for (size_t k = 0; k < n; k++) {
		xlpt_plan_reset(plan, op, members[k]);
		/*
		 * Before the guest sees the device: its driver reads the MAC address once, in its
		 * probe.
		 */
		xlpt_loan_plan(plan, op, members[k]);
	}
}

static size_t next_item(const struct xlpt_op *op, size_t i)
{
	while (i < op->n && op->items[i].nothing)
		i++;
	return i;
}

/*
 * One device is followed until the guest has it before the next one is added. While the guest's
 * driver works on it, the next device is made ready: a reset is mostly waiting, and the kernel
 * resets no function by a way that would hit another one (drivers/pci/pci.c,
 * pci_parent_bus_reset).
 */
static void plan_attach(struct xlpt_plan *plan, const struct xlpt_op *op)
{
	size_t next, first = next_item(op, 0);

	if (first < op->n)
		xlpt_plan_ready(plan, op, first);
	for (size_t i = first; i < op->n; i = next) {
		const char *bdf = XLPT_BDF_STR(op->items[i].spec.bdf), *guest = op->guest.name;

		next = next_item(op, i + 1);
		xlpt_plan_add(plan, add, undo_add, i,
			      xlpt_xasprintf("add %s to %s%s", bdf, guest,
					     op->libvirt ? ", through libvirt" : ""),
			      xlpt_xasprintf("take %s from %s", bdf, guest));
		if (next < op->n)
			xlpt_plan_ready(plan, op, next);
		xlpt_plan_add(plan, next < op->n ? verify : verify_last, NULL, i,
			      xlpt_xasprintf("wait until %s has %s", guest, bdf), NULL);
	}
}

static bool any_leaving(const struct xlpt_pcibe *be)
{
	for (size_t i = 0; i < be->n; i++)
		if (be->devs[i].state == XLPT_XBS_CLOSING)
			return true;
	return false;
}

static bool any_bad(const struct xlpt_pcibe *be)
{
	for (size_t i = 0; i < be->n; i++)
		if (xlpt_pcidev_bad(&be->devs[i]))
			return true;
	return false;
}

/*
 * libxl takes its own note for an owner: while the note is there, it gives the device to nobody
 * (libxl_pci.c).
 */
static int judge_note(struct xlpt_item *item, uint32_t own, struct xlpt_diag *diag)
{
	int64_t noted = item->place.noted_domid;

	item->noted = noted >= 0 && noted == (int64_t)own;
	/* That a guest has it was told already. */
	if (noted < 0 || item->noted || item->place.has_owner)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_IN_USE,
		      "%s is noted as domain %lld's in xenstore, but no PCI backend names it",
		      XLPT_BDF_STR(item->spec.bdf), (long long)noted);
	xlpt_diag_fact(diag, "another tool is attaching it right now, or was killed while it "
			     "did; while the note stands, libxl attaches it to no guest");
	xlpt_diag_hint(diag, "xlpt repair");
	return XLPT_ERR_IN_USE;
}

int xlpt_op_judge_ready(struct xlpt_op *op, struct xlpt_item *item, struct xlpt_diag *diag)
{
	int rc = judge_note(item, op->guest.domid, diag);

	if (rc == 0)
		rc = xlpt_op_read_origin(op, item, diag);
	if (rc == 0)
		rc = xlpt_loan_judge(op, item, diag);
	item->take_from_dom0 = item->take_from_dom0 && !item->place.on_pciback;
	if (rc == 0 && item->place.on_pciback && item->spec.permissive != XLPT_ON)
		rc = xlpt_pciback_permissive(op->env->host, item->spec.bdf, &item->loose, diag);
	item->exported = item->place.on_pciback && op->guest.type == XLPT_GUEST_PV &&
			 xlpt_gone_exports(op->env);
	rc = xlpt_op_judged(op, rc, diag);
	xlpt_op_point(op, "reset", item);
	return rc ? rc : xlpt_reset_judge_required(op, item, diag);
}

/* All devices of the command are judged before the first is touched. */
static int judge(struct xlpt_op *op, const struct xlpt_attach_options *want, struct xlpt_diag *diag)
{
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };
	struct xlpt_xen_caps caps;
	bool iommu = false;
	int rc;

	op->env->ts->ops->guest_config(op->env->ts, &op->guest);
	rc = op->env->ts->ops->caps(op->env->ts, &caps, diag);
	if (rc == 0)
		rc = xlpt_pcibe_read(op->env->store, op->guest.domid, &be, diag);
	if (rc == 0)
		rc = op->env->ts->ops->guest_iommu(op->env->ts, op->guest.domid,
						   op->items[0].spec.bdf, &iommu, diag);
	if (rc == 0 && !iommu)
		op->guest.passthrough = XLPT_OFF;
	xlpt_op_point(op, "device model", NULL);
	if (rc == 0)
		xlpt_dm_look(op);
	for (size_t i = 0; rc == 0 && i < op->n; i++) {
		struct xlpt_item *item = &op->items[i];
		struct xlpt_attach_facts f = {
			.iommu = op->guest.type == XLPT_GUEST_PV ? caps.pv_iommu : caps.hvm_iommu,
			.guest_devices = be.n + i,
			.be_state = be.exists ? be.be_state : XLPT_XBS_NONE,
			.fe_state = be.exists ? be.fe_state : XLPT_XBS_NONE,
			.be_consistent = !be.exists || be.consistent,
			.be_bad_dev = any_bad(&be),
			.be_leaving = any_leaving(&be),
			.without_e820 = want->without_e820,
		};

		/*
		 * An attach that was killed, and that mending found complete, is what was asked
		 * for.
		 */
		if (item->mended && item->place.has_owner &&
		    item->place.owner_domid == op->guest.domid) {
			item->nothing = true;
			item->take_from_dom0 = false;
			rc = verify(op, i, diag);
			continue;
		}
		if (!item->not_here)
			rc = xlpt_op_judge_item(op, item, &f, diag);
	}
	return rc ? xlpt_op_blame_guest(op, rc, diag) : 0;
}

int xlpt_op_attach(struct xlpt_op *op, const struct xlpt_attach_options *want,
		   struct xlpt_diag *diag)
{
	_cleanup_plan_ struct xlpt_plan plan = { 0 };
	int rc;

	for (size_t i = 0; i < op->n; i++)
		op->items[i].take_from_dom0 |= want->take_from_dom0;
	op->over_budget = want->over_budget;
	op->find_mates = xlpt_op_find_mates;
	rc = xlpt_budget_settings(op, diag);
	if (rc == 0)
		rc = xlpt_op_prepare(op, diag);
	if (rc == 0)
		rc = xlpt_op_check_leases(op, diag);
	if (rc == 0)
		rc = judge(op, want, diag);
	if (rc == 0)
		rc = xlpt_libvirt_judge(op, true, diag);
	if (rc == 0)
		rc = xlpt_op_judge_split(op, diag);
	if (rc == 0)
		rc = xlpt_op_judge_together(op, diag);
	if (rc)
		return rc;
	xlpt_plan_pciback(&plan, op);
	/*
	 * A change of its devices may still be under way, by xl or because the guest is starting.
	 */
	if (op->guest.type == XLPT_GUEST_PV)
		xlpt_plan_add(&plan, wait_ready, NULL, 0,
			      xlpt_xasprintf("wait until %s is ready for a change", op->guest.name),
			      NULL);
	plan_attach(&plan, op);
	xlpt_plan_config(&plan, op);
	return xlpt_op_execute(op, "attach", &plan, diag);
}
