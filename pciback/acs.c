/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which functions keep their neighbours apart. The general rule is that of
 * drivers/pci/pci.c (pci_acs_enabled), the exceptions are those of
 * drivers/pci/quirks.c as far as they are met in machines that run Xen on x86.
 */
#include "pciback/isolate.h"

#define INTEL 0x8086

struct ids {
	uint16_t vendor, first, last;
};

static bool listed(const struct ids *ids, size_t n, const struct xlpt_device *dev)
{
	for (size_t i = 0; i < n; i++)
		if (ids[i].vendor == dev->vendor && dev->device >= ids[i].first &&
		    dev->device <= ids[i].last)
			return true;
	return false;
}

/* Their vendors have said that the functions of one card do not talk to each other. */
static const struct ids quiet_functions[] = {
	/* 82598, 82599, X540 */
	{ INTEL, 0x10c6, 0x10c6 }, { INTEL, 0x10db, 0x10db }, { INTEL, 0x10dd, 0x10dd },
	{ INTEL, 0x10e1, 0x10e1 }, { INTEL, 0x10f1, 0x10f1 }, { INTEL, 0x10f7, 0x10fc },
	{ INTEL, 0x1507, 0x1507 }, { INTEL, 0x1514, 0x1514 }, { INTEL, 0x151c, 0x151c },
	{ INTEL, 0x1529, 0x152a }, { INTEL, 0x154d, 0x154d }, { INTEL, 0x154f, 0x154f },
	{ INTEL, 0x1551, 0x1551 }, { INTEL, 0x1558, 0x1558 },
	/* 82580 */
	{ INTEL, 0x1509, 0x1509 }, { INTEL, 0x150e, 0x1511 }, { INTEL, 0x1516, 0x1516 },
	{ INTEL, 0x1527, 0x1527 },
	/* 82576 */
	{ INTEL, 0x10c9, 0x10c9 }, { INTEL, 0x10e6, 0x10e8 }, { INTEL, 0x150a, 0x150a },
	{ INTEL, 0x150d, 0x150d }, { INTEL, 0x1518, 0x1518 }, { INTEL, 0x1526, 0x1526 },
	/* 82575, I350, 82571 */
	{ INTEL, 0x10a7, 0x10a7 }, { INTEL, 0x10a9, 0x10a9 }, { INTEL, 0x10d6, 0x10d6 },
	{ INTEL, 0x1521, 0x1524 }, { INTEL, 0x105e, 0x1060 }, { INTEL, 0x10d9, 0x10d9 },
	/* I219 */
	{ INTEL, 0x15b7, 0x15b8 },
	/* Solarflare, Emulex BE3-R and Skyhawk-R, Broadcom NetXtreme-C and -E, Zhaoxin */
	{ 0x1924, 0x0903, 0x0903 }, { 0x1924, 0x0923, 0x0923 }, { 0x1924, 0x0a03, 0x0a03 },
	{ 0x19a2, 0x0710, 0x0710 }, { 0x10df, 0x0720, 0x0720 }, { 0x14e4, 0x16d7, 0x16d7 },
	{ 0x14e4, 0x1750, 0x1752 }, { 0x14e4, 0x1760, 0x1763 }, { 0x1d17, 0x3038, 0x3038 },
	{ 0x1d17, 0x3104, 0x3104 }, { 0x1d17, 0x9083, 0x9083 },
	/* Functions of AMD's south bridges, when there is an IOMMU */
	{ 0x1002, 0x4383, 0x4385 }, { 0x1002, 0x4399, 0x4399 }, { 0x1002, 0x439c, 0x439d },
	{ 0x1022, 0x7809, 0x7809 }, { 0x1022, 0x780f, 0x780f },
};

/*
 * Root ports of Intel's chipsets from Ibex Peak to Wildcat Point have no ACS but
 * other registers to the same end, which Linux sets, in dom0 too, when ACS is
 * asked for.
 */
static const struct ids quiet_root_ports[] = {
	{ INTEL, 0x3b42, 0x3b51 }, { INTEL, 0x1c10, 0x1c1f }, { INTEL, 0x1e10, 0x1e1f },
	{ INTEL, 0x8c10, 0x8c1f }, { INTEL, 0x9c10, 0x9c1b }, { INTEL, 0x9c90, 0x9c9b },
	{ INTEL, 0x1d10, 0x1d1e }, { INTEL, 0x8d10, 0x8d1e }, { INTEL, 0x8c90, 0x8c9e },
};

static bool known_quiet(const struct xlpt_device *dev)
{
	const struct xlpt_caps *c = &dev->caps;

	if (listed(quiet_functions, XLPT_ARRAY_SIZE(quiet_functions), dev))
		return true;
	if (!c->pcie || dev->vendor != INTEL)
		return false;
	/* Intel's functions inside the root complex go through the IOMMU to each other. */
	if (c->pcie_type == XLPT_PCIE_RC_ENDPOINT)
		return true;
	return c->pcie_type == XLPT_PCIE_ROOT_PORT &&
	       listed(quiet_root_ports, XLPT_ARRAY_SIZE(quiet_root_ports), dev);
}

static bool multifunction(const struct xlpt_device *dev)
{
	/* A virtual function is made, not found in a slot (drivers/pci/iov.c). */
	return !dev->is_vf && (dev->multifunction || dev->bdf.func > 0);
}

static enum xlpt_acs_state by_registers(const struct xlpt_caps *c)
{
	unsigned wanted = XLPT_ACS_ISOLATES & c->acs_cap;

	if (!c->acs)
		return XLPT_ACS_ABSENT;
	/* What the capability does not offer is not needed: it is so in hardware. */
	return (c->acs_ctrl & wanted) == wanted ? XLPT_ACS_ON : XLPT_ACS_OFF;
}

enum xlpt_acs_state xlpt_acs_state(const struct xlpt_device *dev)
{
	const struct xlpt_caps *c = &dev->caps;

	if (known_quiet(dev))
		return XLPT_ACS_KNOWN;
	if (!c->config_read) {
		/* A lone endpoint needs none; it is not read by a scan for sets. */
		if (dev->header == XLPT_HEADER_ENDPOINT && !multifunction(dev))
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

/*
 * Chips that do DMA in the name of another function of their slot: Marvell's
 * SATA controllers as function 1, Ricoh's card readers as function 0.
 */
int xlpt_dma_alias(const struct xlpt_device *dev)
{
	static const struct ids as_func1[] = {
		{ 0x1b4b, 0x9120, 0x9120 }, { 0x1b4b, 0x9123, 0x9123 }, { 0x1b4b, 0x9125, 0x9125 },
		{ 0x1b4b, 0x9128, 0x9128 }, { 0x1b4b, 0x9130, 0x9130 }, { 0x1b4b, 0x9170, 0x9170 },
		{ 0x1b4b, 0x9172, 0x9172 }, { 0x1b4b, 0x917a, 0x917a }, { 0x1b4b, 0x9182, 0x9183 },
		{ 0x1b4b, 0x91a0, 0x91a0 }, { 0x1b4b, 0x9215, 0x9215 }, { 0x1b4b, 0x9220, 0x9220 },
		{ 0x1b4b, 0x9230, 0x9230 }, { 0x1b4b, 0x9235, 0x9235 }, { 0x1103, 0x0642, 0x0642 },
		{ 0x1103, 0x0645, 0x0645 }, { 0x197b, 0x2392, 0x2392 }, { 0x1c28, 0x0122, 0x0122 },
	};
	static const struct ids as_func0[] = {
		{ 0x1180, 0xe832, 0xe832 }, { 0x1180, 0xe476, 0xe476 },
	};

	if (dev->bdf.func != 1 && listed(as_func1, XLPT_ARRAY_SIZE(as_func1), dev))
		return 1;
	if (dev->bdf.func != 0 && listed(as_func0, XLPT_ARRAY_SIZE(as_func0), dev))
		return 0;
	return -1;
}

bool xlpt_hidden_pcie_bridge(const struct xlpt_device *dev)
{
	static const struct ids ids[] = {
		{ 0x1b21, 0x1080, 0x1080 },	/* ASMedia */
		{ 0x10e3, 0x8113, 0x8113 },	/* Tundra */
		{ 0x1283, 0x8892, 0x8893 },	/* ITE */
		{ INTEL, 0x244e, 0x244e },
	};

	return listed(ids, XLPT_ARRAY_SIZE(ids), dev);
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
	case XLPT_ACS_UNREAD:
		return "not readable";
	default:
		return "none";
	}
}

const char *xlpt_port_word(const struct xlpt_device *dev)
{
	static const char *const words[] = {
		"endpoint", "legacy endpoint", NULL, NULL, "root port", "upstream port",
		"downstream port", "PCIe-to-PCI bridge", "PCI-to-PCIe bridge",
		"integrated endpoint", "event collector",
	};
	const struct xlpt_caps *c = &dev->caps;

	if (dev->header == XLPT_HEADER_CARDBUS)
		return "CardBus bridge";
	if (c->config_read && c->pcie && c->pcie_type < XLPT_ARRAY_SIZE(words) && words[c->pcie_type])
		return words[c->pcie_type];
	return dev->header == XLPT_HEADER_BRIDGE ? "PCI bridge" : "endpoint";
}
