/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Xen itself: whether it runs, which one, its xenstored, and what dom0 is. */
#include <string.h>

#include "xl-plugin/check/doctor.h"
#include "xl-plugin/hotplug/device-model.h"
#include "xl-plugin/sentry/sentry.h"

#define GROUP XLPT_DOCTOR_XEN

static bool runs(struct xlpt_doctor *d)
{
	const struct xlpt_diag *no = &d->env->no_xen;

	if (d->env->ts && d->env->store) {
		if (d->caps_known)
			xlpt_doctor_add(d, GROUP, XLPT_HEALTH_OK, "xen",
					"Xen %s runs, and this is its dom0",
					d->xen_version ? d->xen_version : "of unknown version");
		return true;
	}
	if (no->message) {
		xlpt_doctor_failed(d, GROUP, XLPT_HEALTH_BAD, "xen", no);
		return false;
	}
	if (!xlpt_doctor_has_trouble(d, GROUP)) {
		xlpt_doctor_add(d, GROUP, XLPT_HEALTH_UNKNOWN, "xen",
				"this tree does not tell what Xen and xenstore had to say");
		xlpt_doctor_mend(d, "xlpt capture on that host makes a tree that tells");
	}
	return false;
}

/* After an upgrade without a reboot the old hypervisor runs, and the new libxl asks it. */
static void library(struct xlpt_doctor *d)
{
	_cleanup_free_ char *other =
		d->env->sysroot || !d->xen_version
			? NULL
			: xlpt_other_release(d->env->host, "self", "libxenlight", d->xen_version);

	if (!other)
		return;
	xlpt_doctor_add(d, GROUP, XLPT_HEALTH_BAD, "libxl",
			"xlpt has loaded libxl of Xen %s, and Xen %s runs", other, d->xen_version);
	xlpt_doctor_mend(d, "reboot into the Xen that is installed, or install xlpt for Xen %d.%d",
			 d->version.major, d->version.minor);
}

static void dom0(struct xlpt_doctor *d)
{
	_cleanup_diag_ struct xlpt_diag warning = { 0 };

	d->pvh_dom0 = xlpt_boot_judge_dom0(d->env->host, d->xen_cmdline, &warning) != 0;
	if (!d->pvh_dom0)
		return;
	xlpt_doctor_add(d, GROUP, XLPT_HEALTH_WARNING, "dom0", "%s", warning.message);
	xlpt_doctor_mend(d, "%s", warning.hint);
}

static void xenstored(struct xlpt_doctor *d)
{
	static const char *const programs[] = { "oxenstored", "xenstored" };
	_cleanup_strv_ char **pids = NULL;

	if (d->env->sysroot) {
		xlpt_doctor_add(d, GROUP, XLPT_HEALTH_UNKNOWN, "xenstored",
				"which xenstored runs is not in this tree: it has no processes");
		return;
	}
	if (xlpt_host_list(d->env->host, &pids, "/proc"))
		return;
	for (char **p = pids; *p; p++) {
		_cleanup_free_ char *name =
			**p < '0' || **p > '9' ? NULL : xlpt_sentry_program_of(d->env->host, *p);

		for (size_t i = 0; name && i < XLPT_ARRAY_SIZE(programs); i++)
			if (!strcmp(name, programs[i])) {
				xlpt_doctor_add(d, GROUP, XLPT_HEALTH_OK, "xenstored",
						"%s runs, process %s", name, *p);
				return;
			}
	}
	xlpt_doctor_add(
		d, GROUP, XLPT_HEALTH_UNKNOWN, "xenstored",
		"xenstore answers, and no process here is oxenstored or xenstored: it may run "
		"in a domain of its own");
}

void xlpt_doctor_xen(struct xlpt_doctor *d)
{
	bool here = runs(d);

	library(d);
	if (d->xen != XLPT_BOOT_XEN_NO)
		dom0(d);
	if (here)
		xenstored(d);
}
