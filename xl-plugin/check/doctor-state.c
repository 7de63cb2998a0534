/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What xlpt and others have left half-done, and how much hotplug is left. */
#include <string.h>

#include "xl-plugin/check/doctor.h"
#include "xl-plugin/repair/contradictions.h"

#define GROUP XLPT_DOCTOR_STATE

/* What the next command mends by itself, without harm until then. */
static bool harmless(const char *name)
{
	return !strcmp(name, "files") || !strcmp(name, "lease");
}

/* What xlpt repair --dry-run lists, by the same function. */
void xlpt_doctor_state(struct xlpt_doctor *d)
{
	_cleanup_contradictions_ struct xlpt_contradictions all = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	/* A tree that does not tell of xenstore has at most journals, which nobody mends there. */
	if (d->env->sysroot && !d->env->store) {
		xlpt_doctor_add(
			d, GROUP, XLPT_HEALTH_UNKNOWN, "contradictions",
			"whether something was left half-done is not known: this tree has no "
			"xenstore");
		return;
	}
	/* A tree does not change: nothing is looked at twice. */
	if (xlpt_contradictions_find(d->env, d->env->sysroot ? 0 : XLPT_LOOK_TWICE, &all, &diag))
		xlpt_doctor_failed(d, GROUP, XLPT_HEALTH_UNKNOWN, "contradictions", &diag);
	for (size_t i = 0; i < all.n; i++) {
		const struct xlpt_contradiction *c = &all.items[i];
		const char *name = xlpt_contradiction_name(c);

		xlpt_doctor_add(d, GROUP, harmless(name) ? XLPT_HEALTH_WARNING : XLPT_HEALTH_BAD,
				name, "%s%s%s", c->what, c->why ? ": " : "", c->why ? c->why : "");
		xlpt_doctor_mend(d, "%s", c->command);
		if (c->has_bdf)
			xlpt_doctor_device(d, c->bdf);
		xlpt_doctor_guest(d, c->guest);
	}
	if (!xlpt_doctor_has_trouble(d, GROUP))
		xlpt_doctor_add(d, GROUP, XLPT_HEALTH_OK, "contradictions",
				d->env->store
					? "nothing was left half-done, and nothing contradicts "
					  "itself"
					: "no operation was cut short");
}

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
