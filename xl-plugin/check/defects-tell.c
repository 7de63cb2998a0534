/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the doctor makes of the table of known defects on this host. */
#include "xl-plugin/check/defects.h"

#define GROUP XLPT_DOCTOR_DEFECTS

static char *version_of(const struct xlpt_doctor *d, const struct xlpt_defect *defect)
{
	if (defect->part == XLPT_DEFECT_KERNEL)
		return xlpt_xasprintf("Linux %s", d->boot.release);
	return xlpt_xasprintf("%sXen %s", defect->part == XLPT_DEFECT_LIBXL ? "libxl of " : "",
			      d->xen_version);
}

static char *fix_of(const struct xlpt_doctor *d, const struct xlpt_defect *defect,
		    enum xlpt_fix_state fix, int point)
{
	if (defect->never)
		return xlpt_xstrdup("no release mends it");
	if (defect->part == XLPT_DEFECT_KERNEL)
		return xlpt_xasprintf("fixed in Linux %d.%d and in stable releases",
				      defect->linux_major, defect->linux_minor);
	if (fix == XLPT_FIX_NONE)
		return xlpt_xasprintf("no release of 4.%d has the fix", d->version.minor);
	return xlpt_xasprintf("fixed in 4.%d.%d", d->version.minor, point);
}

static void tell(struct xlpt_doctor *d, const struct xlpt_defect *defect, const char *fixed,
		 const char *touched)
{
	_cleanup_free_ char *version = version_of(d, defect);

	xlpt_doctor_add(d, GROUP, XLPT_HEALTH_WARNING, defect->id, "%s: %s, %s: %s; %s", defect->id,
			touched, version, defect->what, fixed);
	if (defect->never)
		xlpt_doctor_mend(d, "%s", defect->mend);
	else
		xlpt_doctor_mend(d, "ask your distribution whether its package has it%s%s (%s)",
				 defect->mend ? "; until then " : "",
				 defect->mend ? defect->mend : "",
				 defect->cve ? defect->cve : defect->subject);
}

/* Xen's release is known, and as old as the table at most. */
static bool judges_xen(struct xlpt_doctor *d)
{
	if (d->version.major > 4 ||
	    (d->version.major == 4 && d->version.minor >= XLPT_DEFECTS_OLDEST))
		return true;
	if (d->xen_version)
		xlpt_doctor_add(d, GROUP, XLPT_HEALTH_UNKNOWN, "version",
				"Xen %s is older than the table of known defects", d->xen_version);
	else
		xlpt_doctor_add(d, GROUP, XLPT_HEALTH_UNKNOWN, "version",
				"which Xen runs is not known, so its defects are not, either");
	return false;
}

/* Returns 1 when the host is touched, and nobody can say whether the fix is there. */
static size_t judge(struct xlpt_doctor *d, const struct xlpt_defect *defect)
{
	_cleanup_str_ struct xlpt_str touched = { 0 };
	_cleanup_free_ char *fixed = NULL;
	enum xlpt_fix_state fix;
	int point = 0;

	fix = defect->part == XLPT_DEFECT_KERNEL
		      ? xlpt_defect_linux(defect, d->boot.running ? d->boot.release : NULL)
		      : xlpt_defect_fix(defect, d->version, &point);
	if (fix == XLPT_FIX_THERE)
		return 0;
	defect->joins(d, &touched);
	if (!touched.len)
		return 0;
	if (fix == XLPT_FIX_UNKNOWN)
		return 1;
	fixed = fix_of(d, defect, fix, point);
	tell(d, defect, fixed, touched.s);
	return 0;
}

void xlpt_doctor_defects(struct xlpt_doctor *d)
{
	size_t unsure = 0;
	bool xen;

	if (d->xen == XLPT_BOOT_XEN_NO)
		return;
	xen = judges_xen(d);
	for (size_t i = 0; i < xlpt_n_defects; i++)
		if (xen || xlpt_defects[i].part == XLPT_DEFECT_KERNEL)
			unsure += judge(d, &xlpt_defects[i]);
	if (unsure)
		xlpt_doctor_add(
			d, GROUP, XLPT_HEALTH_UNKNOWN, "version",
			"known defects that touch this host and that a later release mends: "
			"%zu; the versions do not show which release this is",
			unsure);
	if (!xlpt_doctor_has_trouble(d, GROUP))
		xlpt_doctor_add(d, GROUP, XLPT_HEALTH_OK, "defects",
				"none of the %zu known defects touches this host and Xen %s",
				xlpt_n_defects, d->xen_version);
}
