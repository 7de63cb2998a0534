/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What xlpt and others have left half-done, and how much hotplug is left. */
#include "xl-plugin/check/doctor.h"

void xlpt_doctor_budget(struct xlpt_doctor *d)
{
	_cleanup_settings_ struct xlpt_settings settings = { 0 };
	_cleanup_ledger_ struct xlpt_ledger ledger = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_free_ struct xlpt_budget_event *events = NULL;
	struct xlpt_budget_answer *a = &d->budget;
	size_t n = 0;

	if (xlpt_settings_read(d->env->host, &settings, &diag)) {
		xlpt_doctor_failed(d, XLPT_DOCTOR_BUDGET, XLPT_HEALTH_BAD, "settings", &diag);
		return;
	}
	/* A captured ledger counts in the clock of a host that is not this one. */
	if (d->env->sysroot) {
		xlpt_doctor_add(d, XLPT_DOCTOR_BUDGET, XLPT_HEALTH_UNKNOWN, "budget",
				"how much of the budget is used is not known: it counts by that "
				"host's clock");
		return;
	}
	if (xlpt_ledger_read(d->env, &ledger, &diag)) {
		xlpt_doctor_failed(d, XLPT_DOCTOR_BUDGET, XLPT_HEALTH_BAD, "ledger", &diag);
		return;
	}
	events = xlpt_ledger_events(&ledger, &n);
	xlpt_budget_ask(&settings.budget, events, n, NULL, xlpt_now(d->env->clock), 1, a);
	d->budget_known = true;
	if (a->left && !a->warn) {
		xlpt_doctor_add(d, XLPT_DOCTOR_BUDGET, XLPT_HEALTH_OK, "budget",
				"%u of %u attaches and detaches are used", a->used, a->limit);
		return;
	}
	xlpt_doctor_add(
		d, XLPT_DOCTOR_BUDGET, XLPT_HEALTH_WARNING, "budget",
		a->left ? "%u of %u attaches and detaches are used"
			: "%u attaches and detaches are used, the limit is %u: the next is refused",
		a->used, a->limit);
	xlpt_doctor_mend(d, "xlpt budget shows which devices used them, and when more are free");
}
