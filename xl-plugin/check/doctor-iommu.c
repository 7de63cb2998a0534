/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What keeps a device to its guest: the IOMMU, interrupt remapping, quarantine. */
#include <string.h>

#include "core/xen-line.h"
#include "xl-plugin/check/doctor.h"

#define GROUP XLPT_DOCTOR_IOMMU

/* The notes of the IOMMU itself, from the first, as one line: what is wrong, and the first way out. */
static void iommu(struct xlpt_doctor *d, const struct xlpt_iommu_notes *notes)
{
	_cleanup_str_ struct xlpt_str fact = { 0 };
	enum xlpt_health health = XLPT_HEALTH_OK;
	const char *mend = NULL;
	bool unknown = notes->n && notes->items[0].unknown;

	for (size_t i = 0; i < notes->n; i++) {
		const struct xlpt_iommu_note *n = &notes->items[i];

		if (n->remaps || n->unread)
			continue;
		if (n->is_way || n->way)
			mend = mend ? mend : n->is_way ? n->text : n->way;
		if (n->is_way)
			continue;
		if (!n->good)
			health = XLPT_HEALTH_BAD;
		xlpt_str_addf(&fact, "%s%s", fact.len ? "; " : "", n->text);
	}
	if (health == XLPT_HEALTH_OK && unknown)
		health = XLPT_HEALTH_UNKNOWN;
	if (!fact.len)
		return;
	xlpt_doctor_add(d, GROUP, health, "iommu", "%s", fact.s);
	if (mend)
		xlpt_doctor_mend(d, "%s", mend);
}

static void remapping(struct xlpt_doctor *d, const struct xlpt_iommu_notes *notes)
{
	for (size_t i = 0; i < notes->n; i++) {
		const struct xlpt_iommu_note *n = &notes->items[i];

		if (!n->remaps)
			continue;
		xlpt_doctor_add(d, GROUP,
				n->unknown ? XLPT_HEALTH_UNKNOWN
				: n->good  ? XLPT_HEALTH_OK
					   : XLPT_HEALTH_WARNING,
				"interrupt-remapping", "%s", n->text);
		if (n->way)
			xlpt_doctor_mend(d, "%s", n->way);
	}
}

static void unread(struct xlpt_doctor *d, const struct xlpt_iommu_notes *notes)
{
	for (size_t i = 0; i < notes->n; i++) {
		if (!notes->items[i].unread)
			continue;
		xlpt_doctor_add(d, GROUP, XLPT_HEALTH_WARNING, "unread-word", "%s",
				notes->items[i].text);
		xlpt_doctor_mend(d, "%s", notes->items[i].way);
	}
}

/* The last word on it in "iommu=...": NULL, "quarantine=0", "no-quarantine" ... */
static bool quarantine_off(char *value)
{
	static const char *const off[] = { "no-quarantine",    "quarantine=0",
					   "quarantine=no",    "quarantine=off",
					   "quarantine=false", "quarantine=disable" };
	char *save = NULL;
	bool is_off = false;

	for (char *s = strtok_r(value, ",", &save); s; s = strtok_r(NULL, ",", &save)) {
		if (!strstr(s, "quarantine"))
			continue;
		is_off = false;
		for (size_t i = 0; i < XLPT_ARRAY_SIZE(off); i++)
			is_off |= !strcmp(s, off[i]);
	}
	return is_off;
}

static void quarantine(struct xlpt_doctor *d)
{
	_cleanup_free_ char *word = xlpt_xen_value(d->xen_cmdline, "iommu", true);

	if (!d->xen_cmdline) {
		xlpt_doctor_add(d, GROUP, XLPT_HEALTH_UNKNOWN, "quarantine",
				"whether Xen keeps devices without a guest from all memory is not "
				"known: its command line is not at hand");
	} else if (word && quarantine_off(word)) {
		xlpt_doctor_add(
			d, GROUP, XLPT_HEALTH_WARNING, "quarantine",
			"Xen's command line turns quarantine off: a device that a guest has "
			"given back can write to dom0's memory");
		xlpt_doctor_mend(d, "take the word quarantine out of iommu= on Xen's command line");
	} else {
		xlpt_doctor_add(d, GROUP, XLPT_HEALTH_OK, "quarantine",
				"Xen's command line does not turn quarantine off");
	}
}

void xlpt_doctor_iommu(struct xlpt_doctor *d)
{
	_cleanup_iommu_notes_ struct xlpt_iommu_notes notes = { 0 };
	int works = XLPT_UNSET;

	/* Without Xen none of it is at work; the first line says so. */
	if (d->xen == XLPT_BOOT_XEN_NO)
		return;
	if (d->caps_known)
		works = d->caps.pv_iommu || d->caps.hvm_iommu ? XLPT_ON : XLPT_OFF;
	xlpt_boot_iommu(d->env->host, d->xen_cmdline, d->xen_log, works, &notes);
	iommu(d, &notes);
	remapping(d, &notes);
	unread(d, &notes);
	if (works != XLPT_OFF)
		quarantine(d);
}
