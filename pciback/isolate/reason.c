/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Says in one phrase why a function is in its isolation set. */
#include "pciback/isolate/isolate.h"

static const char *acs_words(const struct xlpt_device *d)
{
	switch (xlpt_acs_state(d)) {
	case XLPT_ACS_OFF:
		return "capable but off";
	case XLPT_ACS_ABSENT:
		return "it has no ACS";
	case XLPT_ACS_CONVENTIONAL:
		return "conventional PCI";
	case XLPT_ACS_NEVER:
		return "its kind never has ACS";
	case XLPT_ACS_DISTRUSTED:
		return "Linux does not trust its ACS";
	case XLPT_ACS_UNREAD:
		return "configuration space not readable";
	default:
		return "isolated";
	}
}

static const char *bridge_words(const struct xlpt_device *b)
{
	if (b->header == XLPT_HEADER_ENDPOINT)
		return "VMD controller";
	if (!b->caps.pcie)
		return "PCI bridge";
	return b->caps.pcie_type == XLPT_PCIE_TO_PCI ? "PCIe-to-PCI bridge" : "PCI-to-PCIe bridge";
}

char *xlpt_sets_reason(const struct xlpt_sets *s, const struct xlpt_devices *devs, size_t i)
{
	const struct xlpt_device *d = devs->items, *other;
	const struct xlpt_edge *e;

	if (s->why[i] == SIZE_MAX)
		return NULL;
	e = &s->edges[s->why[i]];
	other = &d[e->a == i ? e->b : e->a];
	switch (e->kind) {
	case XLPT_EDGE_REQUESTER:
		if (e->b == i)
			return xlpt_xasprintf("%s: what is behind it shares requester id %s",
					      bridge_words(&d[i]), XLPT_BDF_STR(e->rid));
		return xlpt_xasprintf("shares requester id %s behind %s %s", XLPT_BDF_STR(e->rid),
				      bridge_words(other), XLPT_BDF_STR(other->bdf));
	case XLPT_EDGE_PATH:
		return xlpt_xasprintf("%s %s; ACS redirection not enabled at %s (%s)",
				      e->b == i ? "above" : "behind", XLPT_BDF_STR(other->bdf),
				      XLPT_BDF_STR(d[e->at].bdf), acs_words(&d[e->at]));
	case XLPT_EDGE_SLOT:
		return xlpt_xasprintf("same slot as %s; ACS redirection not enabled at %s (%s)",
				      XLPT_BDF_STR(other->bdf), XLPT_BDF_STR(d[i].bdf),
				      acs_words(&d[i]));
	default:
		return xlpt_xasprintf("%s requester id of %s (a known fault of the chip)",
				      e->a == i ? "also uses the" : "lends its",
				      XLPT_BDF_STR(other->bdf));
	}
}
