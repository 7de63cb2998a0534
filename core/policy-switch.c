/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices that reach each other in a PCI Express switch (pciback/isolate/switch.c). */
#include "core/policy-together.h"

static void say_why(const struct xlpt_device *dev, const struct xlpt_guest *guest,
		    struct xlpt_diag *diag)
{
	xlpt_diag_fact(diag,
		       "a switch sends what goes from one of its ports to another there itself, "
		       "unless ACS P2P Request Redirect is on (PCI Express, 6.12)");
	xlpt_diag_hint(diag,
		       "give all that is behind the switch to %s, or put %s into a slot that is "
		       "not behind it (xlpt topology)",
		       guest->name, XLPT_BDF_STR(dev->bdf));
}

int xlpt_policy_switch(const struct xlpt_device *dev, const struct xlpt_guest *guest,
		       const struct xlpt_set_mate *mates, size_t n, struct xlpt_bdf port,
		       const char *acs, struct xlpt_diag *diag)
{
	_cleanup_free_ char *who = xlpt_mates_users(mates, n, guest);
	const char *bdf = XLPT_BDF_STR(dev->bdf);

	if (!who)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_RULE,
		      "through %s %s can reach registers of others behind the same switch, past "
		      "the IOMMU: %s (ACS of switch port %s: %s)",
		      bdf, guest->name, who, XLPT_BDF_STR(port), acs);
	say_why(dev, guest, diag);
	return XLPT_ERR_RULE;
}

int xlpt_policy_switch_from(const struct xlpt_device *dev, const struct xlpt_guest *guest,
			    const struct xlpt_set_mate *mates, size_t n, struct xlpt_bdf port,
			    const char *acs, struct xlpt_diag *diag)
{
	_cleanup_free_ char *who = xlpt_mates_users(mates, n, guest);

	if (!who)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_RULE,
		      "registers of %s, which goes to %s, can be reached by others behind the same "
		      "switch, past the IOMMU: %s (ACS of switch port %s: %s)",
		      XLPT_BDF_STR(dev->bdf), guest->name, who, XLPT_BDF_STR(port), acs);
	say_why(dev, guest, diag);
	return XLPT_ERR_RULE;
}
