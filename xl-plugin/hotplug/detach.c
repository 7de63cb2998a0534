/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Taking devices back from a guest. libxl drops the result of the xenstore half of a removal
 * (libxl_pci.c, pci_remove_done). So its answer is not relied on: xlpt looks at what is left in
 * xenstore, in the device model and in the hypervisor.
 */
#include "core/text.h"
#include "pciback/device/bind.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/budget.h"
#include "xl-plugin/hotplug/config.h"
#include "xl-plugin/hotplug/lease.h"
#include "xl-plugin/hotplug/libvirt.h"
#include "xl-plugin/hotplug/loan.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/hotplug/release.h"
#include "xl-plugin/hotplug/reset.h"
#include "xl-plugin/hotplug/split.h"

static struct xlpt_item *item_of(void *ctx, size_t i)
{
	return &((struct xlpt_op *)ctx)->items[i];
}

/* A device that is still being added must not be removed: that ends PV hotplug for good. */
static int wait_ready(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_op *op = ctx;

	(void)i;
	return xlpt_wait_settled(op->env, &op->guest, op->timeout_ms, diag);
}

/* *leaving: another tool asked a PV guest to give the device back and did not see it to the end. */
static int remember_port(struct xlpt_op *op, struct xlpt_item *item, bool *leaving,
			 struct xlpt_diag *diag)
{
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };
	int rc = xlpt_pcibe_read(op->env->store, op->guest.domid, &be, diag);
	const struct xlpt_pcidev *d = xlpt_pcibe_find(&be, item->spec.bdf);

	*leaving = op->guest.type == XLPT_GUEST_PV && d && d->state == XLPT_XBS_CLOSING;
	item->evtchn = rc == 0 && be.n == 1 ? be.evtchn : 0;
	/*
	 * Once libxl has removed the backend, only this note tells a repair which event channel it
	 * was.
	 */
	if (rc == 0 && item->evtchn) {
		_cleanup_free_ char *note = xlpt_xasprintf("port %u", item->evtchn);

		rc = xlpt_journal_note(op->outer ? op->outer : &op->journal, note, diag);
	}
	return rc;
}

static int remove_hvm(struct xlpt_op *op, struct xlpt_item *item, struct xlpt_diag *diag)
{
	const struct xlpt_toolstack_ops *ops = op->env->ts->ops;
	struct xlpt_bdf bdf = item->spec.bdf;
	bool has = false;
	int rc;

	if (xlpt_line_kept(op->env, &op->guest, bdf))
		return xlpt_release(op->env, op->guest.domid, bdf, false, op->timeout_ms, diag);
	rc = xlpt_guest_remove(op->env, &op->guest, bdf, op->timeout_ms, diag);
	if (rc == 0 || rc == XLPT_ERR_RULE)
		return rc;
	if (ops->dm_has(op->env->ts, op->guest.domid, bdf, &has, NULL) == 0 && !has) {
		/*
		 * The guest ejected it after an earlier try had given up; only libxl's own records
		 * are left.
		 */
		xlpt_diag_dispose(diag);
		return ops->device_remove(op->env->ts, op->guest.domid, bdf, true, diag);
	}
	if (has) {
		_cleanup_free_ char *log = XLPT_TAKE(diag->log);

		xlpt_diag_set(diag, XLPT_ERR_LEFT, "%s did not let go of %s", op->guest.name,
			      XLPT_BDF_STR(bdf));
		xlpt_diag_fact(diag,
			       "its device model was asked to unplug it, and the guest did not "
			       "answer; the request stays pending");
		xlpt_diag_add_log(diag, log);
		xlpt_diag_hint(
			diag,
			"xlpt detach %s %s again once the guest's system runs; --force takes "
			"it away without the guest",
			XLPT_WORD(op->guest.name), XLPT_BDF_STR(bdf));
		return XLPT_ERR_LEFT;
	}
	return rc;
}

static int remove_device(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_op *op = ctx;
	struct xlpt_item *item = item_of(ctx, i);
	bool leaving;
	int rc;

	rc = remember_port(op, item, &leaving, diag);
	if (rc)
		return rc;
	if (leaving || item->anew)
		return xlpt_release(op->env, op->guest.domid, item->spec.bdf, false, op->timeout_ms,
				    diag);
	rc = op->guest.type == XLPT_GUEST_HVM
		     ? remove_hvm(op, item, diag)
		     : xlpt_guest_remove(op->env, &op->guest, item->spec.bdf, op->timeout_ms, diag);
	/*
	 * libvirt gives an interface back to its dom0 driver when it was attached with
	 * managed='yes'.
	 */
	return rc || !op->libvirt ? rc : xlpt_op_to_pciback(op, i, diag);
}

static int remove_without_guest(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_op *op = ctx;
	struct xlpt_item *item = item_of(ctx, i);
	bool leaving;
	int rc = remember_port(op, item, &leaving, diag);

	return rc ? rc
		  : xlpt_release(op->env, op->guest.domid, item->spec.bdf, true, op->timeout_ms,
				 diag);
}

static int verify_gone(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_op *op = ctx;
	int rc = xlpt_op_verify_gone(ctx, i, diag);

	/*
	 * When the device was taken without the guest, the user was told that libvirt still lists
	 * it: it cannot be made to forget it.
	 */
	if (rc == 0 && !op->by_force)
		rc = xlpt_libvirt_verify(op, i, false, diag);
	return rc == XLPT_ERR_CONFLICT ? xlpt_diag_recode(diag, XLPT_ERR_LEFT) : rc;
}

static int take_absent(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_op *op = ctx;
	int rc = xlpt_release_absent(op->env, &op->guest, op->items[i].spec.bdf, op->timeout_ms,
				     diag);

	/* The device is gone, so nobody can tell any more where its registers were. */
	if (rc == 0)
		xlpt_libvirt_tell_left(op->env, &op->guest, op->items[i].spec.bdf);
	if (rc == 0)
		xlpt_warn(op->env,
			  "%s is not in this host any more: %s keeps what access it had to its "
			  "memory and ports until it ends",
			  XLPT_BDF_STR(op->items[i].spec.bdf), op->guest.name);
	return rc;
}

static void plan_take(struct xlpt_plan *plan, const struct xlpt_op *op, size_t i,
		      bool without_guest)
{
	const char *bdf = XLPT_BDF_STR(op->items[i].spec.bdf), *guest = op->guest.name;

	if (op->items[i].absent) {
		xlpt_plan_add(
			plan, take_absent, NULL, i,
			xlpt_xasprintf(
				"take from %s what is left of %s, which this host has no more",
				guest, bdf),
			NULL);
		xlpt_plan_final(plan);
		return;
	}
	if (op->guest.type == XLPT_GUEST_PV && !without_guest)
		xlpt_plan_add(plan, wait_ready, NULL, i,
			      xlpt_xasprintf("wait until %s is ready for a change", guest), NULL);
	xlpt_plan_add(plan, without_guest ? remove_without_guest : remove_device, NULL, i,
		      xlpt_xasprintf("take %s from %s%s", bdf, guest,
				     op->libvirt ? ", through libvirt" : ""),
		      NULL);
	xlpt_plan_final(plan);
	xlpt_plan_add(plan, verify_gone, NULL, i,
		      xlpt_xasprintf("wait until %s has let go of %s", guest, bdf), NULL);
}

/*
 * Devices that are reset by a reset of their bus are reset together, when the guest has none of
 * them any more.
 */
static int plan_group(struct xlpt_plan *plan, struct xlpt_op *op, size_t i, bool without_guest,
		      struct xlpt_diag *diag)
{
	_cleanup_free_ size_t *members = xlpt_xcalloc(op->n, sizeof(*members));
	size_t n = xlpt_reset_group(op, i, members);
	int rc = 0;

	if (members[0] != i)
		return 0;
	for (size_t k = 0; k < n; k++)
		plan_take(plan, op, members[k], without_guest);
	/* A device that came again belongs to dom0 or to nobody: it is not reset. */
	for (size_t k = 0; k < n; k++)
		if (!op->items[members[k]].absent && !op->items[members[k]].anew)
			xlpt_plan_reset(plan, op, members[k]);
	for (size_t k = 0; rc == 0 && k < n; k++) {
		const struct xlpt_item *item = &op->items[members[k]];

		rc = xlpt_loan_plan_end(plan, op, members[k], diag);
		if (rc == 0 && item->give_back_to_dom0 && !item->absent && !item->anew)
			xlpt_plan_unhide(plan, op, members[k]);
		xlpt_plan_give_back(plan, op, members[k]);
	}
	return rc;
}

/* BB:DD.* means those functions of the slot that the guest has; it must have at least one. */
static bool beside_the_point(const struct xlpt_op *op, const struct xlpt_item *item)
{
	if (!item->of_slot)
		return false;
	for (size_t i = 0; i < op->n; i++)
		if (op->items[i].of_slot &&
		    xlpt_bdf_same_slot(op->items[i].spec.bdf, item->spec.bdf) &&
		    xlpt_op_holds(op, op->items[i].spec.bdf))
			return true;
	return false;
}

static int judge(struct xlpt_op *op, bool without_guest, struct xlpt_diag *diag)
{
	for (size_t i = 0; i < op->n; i++) {
		struct xlpt_item *item = &op->items[i];
		bool held = xlpt_op_holds(op, item->spec.bdf);
		int rc;

		if (item->nothing)
			continue;
		if (!held && (item->mended || beside_the_point(op, item))) {
			item->nothing = true;
			continue;
		}
		if (!held) {
			xlpt_diag_set(diag, XLPT_ERR_NOT_HELD, "%s does not have %s",
				      op->guest.name, XLPT_BDF_STR(item->spec.bdf));
			if (item->place.has_owner)
				xlpt_diag_fact(diag, "%s (domain %u) has it%s%s",
					       item->place.owner_name ? item->place.owner_name
								      : "another guest",
					       item->place.owner_domid,
					       item->place.owner_through ? ", through " : "",
					       item->place.owner_through ? item->place.owner_through
									 : "");
			else
				xlpt_diag_fact(diag, "no guest's PCI backend names it");
			xlpt_diag_hint(diag, "xlpt status shows what is where");
			return XLPT_ERR_NOT_HELD;
		}
		rc = xlpt_policy_take_back(&item->device, &item->place, diag);
		if (rc)
			return rc;
		item->anew = !item->absent && !item->place.on_pciback;
		rc = without_guest ? 0 : xlpt_policy_runs(&op->guest, diag);
		if (rc)
			return rc;
		if (op->guest.paused && op->guest.type == XLPT_GUEST_PV && !without_guest) {
			xlpt_diag_set(diag, XLPT_ERR_NO_GUEST,
				      "%s is paused and cannot let go of a "
				      "device",
				      op->guest.name);
			xlpt_diag_hint(diag, "xl unpause %s", XLPT_WORD(op->guest.name));
			return XLPT_ERR_NO_GUEST;
		}
		rc = xlpt_op_read_origin(op, item, diag);
		if (rc)
			return rc;
	}
	return 0;
}

int xlpt_op_detach(struct xlpt_op *op, const struct xlpt_detach_options *want,
		   struct xlpt_diag *diag)
{
	_cleanup_plan_ struct xlpt_plan plan = { 0 };
	int rc;

	op->give_back_to_dom0 = want->give_back_to_dom0;
	for (size_t i = 0; i < op->n; i++)
		op->items[i].give_back_to_dom0 = want->give_back_to_dom0;
	op->takes_back = true;
	op->over_budget = op->by_force = want->without_guest;
	op->find_mates = want->give_back_to_dom0 ? xlpt_op_find_mates : NULL;
	rc = xlpt_budget_settings(op, diag);
	if (rc == 0)
		rc = xlpt_op_prepare(op, diag);
	if (rc == 0)
		rc = judge(op, want->without_guest, diag);
	if (rc == 0)
		rc = xlpt_libvirt_judge(op, false, diag);
	if (rc == 0)
		rc = xlpt_op_judge_split(op, diag);
	/* An outer operation holds the leases, and gives them back at its own end. */
	if (rc == 0 && !op->outer)
		rc = xlpt_op_hold_leases(op, diag);
	if (rc == 0)
		rc = xlpt_op_bus(op, diag);
	for (size_t i = 0; rc == 0 && i < op->n; i++)
		if (!op->items[i].nothing)
			rc = plan_group(&plan, op, i, want->without_guest, diag);
	if (rc)
		return rc;
	xlpt_plan_config(&plan, op);
	return xlpt_op_execute(op, "detach", &plan, diag);
}
