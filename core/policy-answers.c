/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rule about a device that does not answer. */
#include "core/policy.h"

#define SYSFS_PCI "/sys/bus/pci"

/* What is below a silent bridge, and a VF, would not be found again. */
static void answers_hint(const struct xlpt_device *dev, struct xlpt_diag *diag)
{
	const char *bdf = XLPT_BDF_STR(dev->silent_above ? dev->above : dev->bdf);
	const char *pf = XLPT_BDF_STR(dev->pf);
	bool cold = xlpt_streq(dev->power_state, "D3cold") && !dev->silent_above;

	if (dev->is_vf && !dev->silent_above)
		xlpt_diag_hint(diag,
			       "see whether its PF answers: xlpt show %s; if it does, make its VFs "
			       "anew: xlpt vf remove %s; xlpt vf create %s N",
			       pf, pf, pf);
	else
		xlpt_diag_hint(diag,
			       "echo 1 >" SYSFS_PCI "/devices/%s/remove; echo 1 >" SYSFS_PCI
			       "/rescan%s%s%s",
			       bdf, cold ? "; echo 0 >" SYSFS_PCI "/devices/" : "", cold ? bdf : "",
			       cold ? "/d3cold_allowed" : "");
}

/* Binding such a one to pciback fails, and a guest that had it would read ones everywhere. */
int xlpt_policy_answers(const struct xlpt_device *dev, struct xlpt_diag *diag)
{
	bool cold = xlpt_streq(dev->power_state, "D3cold");

	if (!dev->no_answer)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_NO_DEVICE, "%s does not answer", XLPT_BDF_STR(dev->bdf));
	/* Any other state is what the kernel remembers of it ("D0"), or that it knows none ("unknown"). */
	xlpt_diag_fact(diag, "its configuration space reads all ones%s",
		       cold ? "; its power state is D3cold"
			    : ": it has no power, or is off the bus");
	if (dev->silent_above)
		xlpt_diag_fact(diag,
			       "its configuration space reads all ones, and so does that of "
			       "bridge %s above it",
			       XLPT_BDF_STR(dev->above));
	answers_hint(dev, diag);
	return XLPT_ERR_NO_DEVICE;
}
