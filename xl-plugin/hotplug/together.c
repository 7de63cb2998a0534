/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Judges the devices of a guest together: those that it has, and those that it gets. */
#include "core/policy-together.h"
#include "pciback/device/scan.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/operation.h"

void xlpt_op_warn(struct xlpt_op *op, const struct xlpt_diag *warning)
{
	xlpt_warn(op->env, "%s", warning->message);
	if (warning->fact)
		xlpt_findings_fact(op->env->findings, "%s", warning->fact);
	if (warning->hint)
		xlpt_warn_mend(op->env, "%s", warning->hint);
}

static bool is_item(const struct xlpt_op *op, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < op->n; i++)
		if (xlpt_bdf_eq(op->items[i].spec.bdf, bdf))
			return true;
	return false;
}

/* Interrupts that its present devices ask for; a device that cannot be read asks for none. */
static unsigned vectors_held(struct xlpt_op *op)
{
	unsigned n = 0;

	for (size_t i = 0; i < op->owners.n; i++) {
		const struct xlpt_owner *o = &op->owners.items[i];
		_cleanup_device_ struct xlpt_device dev = { 0 };

		if (o->domid == op->guest.domid && !is_item(op, o->bdf) &&
		    xlpt_scan_one(op->env->host, o->bdf, XLPT_SCAN_CAPS, NULL, &dev, NULL) == 0)
			n += xlpt_device_vectors(&dev);
	}
	return n;
}

static void warn_vectors(struct xlpt_op *op)
{
	struct xlpt_toolstack *ts = op->env->ts;
	_cleanup_diag_ struct xlpt_diag warning = { 0 };
	_cleanup_free_ char *cmdline = NULL, *kernels = NULL;
	unsigned asked = vectors_held(op), given;
	bool known;

	xlpt_op_point(op, "interrupt vectors", NULL);
	for (size_t i = 0; i < op->n; i++)
		asked += xlpt_device_vectors(&op->items[i].device);
	if (!asked || !ts->ops->xen_text)
		return;
	ts->ops->xen_text(ts, &cmdline, NULL);
	given = xlpt_xen_guest_vectors(cmdline, &known);
	xlpt_host_read_text(op->env->host, &kernels, "/proc/cmdline");
	if (known && xlpt_policy_vectors(op->guest.name, asked, given,
					 xlpt_kernel_guest_vectors(kernels), &warning))
		xlpt_op_warn(op, &warning);
	else if (known)
		xlpt_findings_ok(
			op->env->findings,
			"the devices of %s may ask for %u interrupt vectors, and Xen gives it %u",
			op->guest.name, asked, given);
}

static void warn_drives(struct xlpt_op *op)
{
	for (size_t i = 0; i < op->n; i++) {
		_cleanup_diag_ struct xlpt_diag warning = { 0 };

		if (xlpt_policy_drive(op->guest.name, op->guest.type, &op->items[i].device,
				      &warning))
			xlpt_op_warn(op, &warning);
	}
}

int xlpt_op_judge_together(struct xlpt_op *op, struct xlpt_diag *diag)
{
	(void)diag;
	xlpt_op_point(op, "interrupt vectors", NULL);
	warn_drives(op);
	warn_vectors(op);
	xlpt_op_warn_peers(op);
	return 0;
}
