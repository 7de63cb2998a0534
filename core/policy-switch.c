/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices that reach each other in a PCI Express switch (pciback/isolate/switch.c). */
#include "core/policy-together.h"

/* All of it can go to the guest only if dom0 can do without what it uses of it. */
static bool all_can_go(const struct xlpt_set_mate *mates, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (xlpt_mate_used(&mates[i]) && !xlpt_mate_of_guest(&mates[i]) &&
		    !xlpt_mate_can_go(&mates[i]))
			return false;
	return true;
}

static void say_why(const struct xlpt_device *dev, const struct xlpt_guest *guest,
		    const struct xlpt_set_mate *mates, size_t n, struct xlpt_diag *diag)
{
	bool all = all_can_go(mates, n);

	xlpt_diag_fact(diag,
		       "a switch sends what goes from one of its ports to another there itself, "
		       "unless ACS P2P Request Redirect is on (PCI Express, 6.12)");
	xlpt_diag_hint(diag, "%s%s%sput %s into a slot that is not behind it (xlpt topology)",
		       all ? "give all that is behind the switch to " : "", all ? guest->name : "",
		       all ? ", or " : "", XLPT_BDF_STR(dev->bdf));
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
	say_why(dev, guest, mates, n, diag);
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
	say_why(dev, guest, mates, n, diag);
	return XLPT_ERR_RULE;
}
