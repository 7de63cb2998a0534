/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What attach and start both judge of each device before the first one is touched. */
#include "core/findings.h"
#include "xl-plugin/hotplug/libvirt.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/hotplug/split.h"

void xlpt_op_point(struct xlpt_op *op, const char *point, const struct xlpt_item *item)
{
	xlpt_findings_point(op->env->findings, point, item ? &item->spec.bdf : NULL);
}

int xlpt_op_judged(struct xlpt_op *op, int rc, struct xlpt_diag *diag)
{
	return xlpt_findings_judged(op->env->findings, rc, diag);
}

int xlpt_op_judge_item(struct xlpt_op *op, struct xlpt_item *item, struct xlpt_attach_facts *f,
		       struct xlpt_diag *diag)
{
	_cleanup_free_ char *shared = NULL;
	int rc;

	f->guest = &op->guest;
	f->device = &item->device;
	f->place = &item->place;
	/* It reads files, so only where it is asked for. */
	f->by_libvirt = op->has_guest &&
			(op->guest.passthrough == XLPT_OFF || op->guest.e820_host == XLPT_OFF) &&
			xlpt_libvirt_made(op->env, &op->guest);
	f->slot_asked = item->spec.vslot >= 0;
	f->divides = xlpt_op_divides(op);
	f->hide = item->take_from_dom0;
	f->force_host_device = xlpt_op_forced(op, item->spec.bdf);
	f->findings = op->env->findings;
	xlpt_op_point(op, "VMD", item);
	rc = xlpt_op_judged(op, xlpt_op_judge_carrier(op, item, diag), diag);
	xlpt_op_point(op, "reserved memory", item);
	if (rc == 0)
		rc = xlpt_op_reserved(op, item, f, &shared, diag);
	if (rc == 0)
		rc = xlpt_policy_attach(f, diag);
	xlpt_op_point(op, "made ready", item);
	return rc ? rc : xlpt_op_judged(op, xlpt_op_judge_ready(op, item, diag), diag);
}
