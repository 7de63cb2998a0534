/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Says in one phrase why a function is in its isolation set. */
#include "pciback/device/quirks.h"
#include "pciback/isolate/isolate.h"

/* Flags of ACS that count (XLPT_ACS_ISOLATES): redirection of requests and completions, and others. */
#define P2P_REDIRECTS 0x000c
#define SOURCE	      0x0001
#define UPSTREAM      0x0010

static unsigned missing(const struct xlpt_device *d)
{
	return XLPT_ACS_ISOLATES & d->caps.acs_cap & ~(unsigned)d->caps.acs_ctrl;
}

/* What is amiss with the ACS of a function that does not isolate. */
static char *acs_words(const struct xlpt_device *d)
{
	const char *bdf = XLPT_BDF_STR(d->bdf);

	switch (xlpt_acs_state(d)) {
	case XLPT_ACS_OFF:
		if (missing(d) & P2P_REDIRECTS)
			return xlpt_xasprintf("ACS redirection not enabled at %s (capable but off)",
					      bdf);
		return xlpt_xasprintf("ACS not fully enabled at %s (%s%s%s off)", bdf,
				      missing(d) & SOURCE ? "source validation" : "",
				      missing(d) == (SOURCE | UPSTREAM) ? " and " : "",
				      missing(d) & UPSTREAM ? "upstream forwarding" : "");
	case XLPT_ACS_ABSENT:
		return xlpt_xasprintf("ACS redirection not enabled at %s (it has no ACS)", bdf);
	case XLPT_ACS_CONVENTIONAL:
		return xlpt_xasprintf("ACS redirection not enabled at %s (conventional PCI)", bdf);
	case XLPT_ACS_NEVER:
		return xlpt_xasprintf("ACS redirection not enabled at %s (its kind never has ACS)",
				      bdf);
	case XLPT_ACS_DISTRUSTED:
		return xlpt_xasprintf("ACS does not count at %s (Linux does not trust it there)",
				      bdf);
	case XLPT_ACS_UNREAD:
		return xlpt_xasprintf("ACS not known at %s (%s)", bdf,
				      d->no_answer ? "it does not answer"
						   : "configuration space not readable");
	default:
		return xlpt_xasprintf("isolated at %s", bdf);
	}
}

static const char *bridge_words(const struct xlpt_device *b)
{
	if (b->header == XLPT_HEADER_ENDPOINT)
		return "VMD controller";
	if (b->header == XLPT_HEADER_CARDBUS)
		return "CardBus bridge";
	if (!b->caps.pcie)
		return "PCI bridge";
	return b->caps.pcie_type == XLPT_PCIE_TO_PCI ? "PCIe-to-PCI bridge" : "PCI-to-PCIe bridge";
}

/* Non-transparent bridges pass on what others send; with the rest it is a fault. */
static const char *alias_words(const struct xlpt_device *d)
{
	enum xlpt_quirk kind = xlpt_quirk_alias(d);

	return kind == quirk_plx_ntb_dma_alias || kind == quirk_switchtec_ntb_dma_alias
		       ? "a non-transparent bridge"
		       : "known of this chip";
}

char *xlpt_sets_reason(const struct xlpt_sets *s, const struct xlpt_devices *devs, size_t i)
{
	const struct xlpt_device *d = devs->items, *other;
	_cleanup_free_ char *acs = NULL;
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
		acs = acs_words(&d[e->at]);
		return xlpt_xasprintf("%s %s; %s", e->b == i ? "above" : "behind",
				      XLPT_BDF_STR(other->bdf), acs);
	case XLPT_EDGE_SLOT:
		acs = acs_words(&d[i]);
		return xlpt_xasprintf("same slot as %s; %s", XLPT_BDF_STR(other->bdf), acs);
	case XLPT_EDGE_FIRMWARE:
		if (e->b == i && xlpt_bdf_eq(e->rid, d[i].bdf))
			return xlpt_xasprintf(
				"its requester id is also used by %s (ACPI table IVRS)",
				XLPT_BDF_STR(other->bdf));
		if (xlpt_bdf_eq(e->rid, other->bdf))
			return xlpt_xasprintf("uses the requester id of %s (ACPI table IVRS)",
					      XLPT_BDF_STR(other->bdf));
		return xlpt_xasprintf("uses the requester id %s, as %s does (ACPI table IVRS)",
				      XLPT_BDF_STR(e->rid), XLPT_BDF_STR(other->bdf));
	case XLPT_EDGE_UNKNOWN:
		return xlpt_xasprintf(
			"what keeps it apart from %s is not known: %s%s %s",
			XLPT_BDF_STR(other->bdf),
			xlpt_devices_find(devs, e->rid) ? "the bus numbers of bridge " : "bridge ",
			XLPT_BDF_STR(e->rid),
			xlpt_devices_find(devs, e->rid) ? "cannot be read" : "is not listed");
	default:
		return xlpt_xasprintf(e->a == i ? "also uses the requester id of %s (%s)"
						: "its requester id is also used by %s (%s)",
				      XLPT_BDF_STR(other->bdf), alias_words(&d[e->a]));
	}
}
