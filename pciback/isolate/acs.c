/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which functions keep their neighbours apart. The general rule is that of
 * drivers/pci/pci.c (pci_acs_enabled), the exceptions are in pciback/device/quirks.c.
 */
#include "pciback/device/quirks.h"
#include "pciback/isolate/isolate.h"

static bool multifunction(const struct xlpt_device *dev)
{
	/* A virtual function is made, not found in a slot (drivers/pci/iov.c). */
	return !dev->is_vf &&
	       (dev->multifunction || dev->bdf.func > 0 || (dev->by_ari && dev->bdf.dev > 0));
}

static enum xlpt_acs_state by_registers(const struct xlpt_caps *c)
{
	unsigned wanted = XLPT_ACS_ISOLATES & c->acs_cap;

	if (!c->acs)
		return XLPT_ACS_ABSENT;
	/* A control that the capability does not offer is not needed: the hardware works that way. */
	return (c->acs_ctrl & wanted) == wanted ? XLPT_ACS_ON : XLPT_ACS_OFF;
}

static enum xlpt_acs_state by_rule(const struct xlpt_device *dev)
{
	const struct xlpt_caps *c = &dev->caps;

	if (!c->config_read) {
		/*
		 * A lone endpoint needs none; it is not read by a scan for sets. Where the header
		 * cannot be read, or the function does not answer, nothing says whether it is alone.
		 */
		if (dev->header == XLPT_HEADER_ENDPOINT && !multifunction(dev) &&
		    ((!dev->no_answer && !dev->no_header) || dev->is_vf))
			return XLPT_ACS_ON;
		return XLPT_ACS_UNREAD;
	}
	if (!c->pcie)
		return XLPT_ACS_CONVENTIONAL;
	switch (c->pcie_type) {
	case XLPT_PCIE_TO_PCI:
	case XLPT_PCIE_FROM_PCI:
	case XLPT_PCIE_RC_COLLECTOR:
		return XLPT_ACS_NEVER;
	case XLPT_PCIE_DOWNSTREAM:
	case XLPT_PCIE_ROOT_PORT:
		return by_registers(c);
	case XLPT_PCIE_ENDPOINT:
	case XLPT_PCIE_LEGACY:
	case XLPT_PCIE_UPSTREAM:
	case XLPT_PCIE_RC_ENDPOINT:
		return multifunction(dev) ? by_registers(c) : XLPT_ACS_ON;
	default:
		return XLPT_ACS_ON;
	}
}

enum xlpt_acs_state xlpt_acs_state(const struct xlpt_device *dev)
{
	enum xlpt_acs_word word = xlpt_quirk_acs(dev);
	enum xlpt_acs_state state;

	if (word == XLPT_ACS_WORD_ISOLATES)
		return XLPT_ACS_KNOWN;
	state = by_rule(dev);
	return word == XLPT_ACS_WORD_DOES_NOT && xlpt_acs_isolates(state) ? XLPT_ACS_DISTRUSTED
									  : state;
}

const char *xlpt_acs_word(const struct xlpt_device *dev)
{
	switch (xlpt_acs_state(dev)) {
	case XLPT_ACS_ON:
		return dev->caps.acs ? "on" : "not needed";
	case XLPT_ACS_KNOWN:
		return "not needed, known to isolate";
	case XLPT_ACS_OFF:
		return "capable but off";
	case XLPT_ACS_DISTRUSTED:
		return "not trusted by Linux";
	case XLPT_ACS_UNREAD:
		return "not readable";
	default:
		return "none";
	}
}

const char *xlpt_port_word(const struct xlpt_device *dev)
{
	/* clang-format off */
	static const char *const words[] = {
		"endpoint", "legacy endpoint", NULL, NULL, "root port", "upstream port",
		"downstream port", "PCIe-to-PCI bridge", "PCI-to-PCIe bridge",
		"integrated endpoint", "event collector",
	};
	/* clang-format on */
	const struct xlpt_caps *c = &dev->caps;

	if (dev->header == XLPT_HEADER_CARDBUS)
		return "CardBus bridge";
	if (c->config_read && c->pcie && c->pcie_type < XLPT_ARRAY_SIZE(words) &&
	    words[c->pcie_type])
		return words[c->pcie_type];
	return dev->header == XLPT_HEADER_BRIDGE ? "PCI bridge" : "endpoint";
}
