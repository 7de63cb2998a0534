/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/repair/take.h"

#include "pciback/device/bind.h"
#include "xl-plugin/hotplug/budget.h"
#include "xl-plugin/hotplug/operation.h"

/*
 * Warns of a device that cannot be reset, as attach and detach do; one that is lost by it is an error. One
 * that came again, and that dom0 has, is left alone.
 */
static int reset(struct xlpt_env *env, struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	_cleanup_plan_ struct xlpt_plan plan = { 0 };
	_cleanup_free_ char *driver = NULL;
	_cleanup_op_ struct xlpt_op op;
	int rc;

	xlpt_op_init(&op, env);
	rc = xlpt_bind_driver(env->host, bdf, &driver, diag);
	if (rc || !xlpt_streq(driver, XLPT_PCIBACK_DRIVER))
		return rc;
	rc = xlpt_op_add_bdf(&op, bdf, diag);
	if (rc == 0)
		xlpt_plan_reset(&plan, &op, 0);
	return rc ? rc : xlpt_plan_run(&plan, &op, NULL, diag);
}

int xlpt_repair_take(struct xlpt_env *env, uint32_t domid, struct xlpt_bdf bdf,
		     struct xlpt_diag *diag)
{
	int rc = xlpt_budget_release(env, XLPT_LEDGER_REPAIR, domid, bdf, true,
				     XLPT_GUEST_TIMEOUT_MS, diag);

	return rc ? rc : reset(env, bdf, diag);
}
