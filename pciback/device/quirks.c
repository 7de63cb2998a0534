/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pciback/device/quirks.h"

#include <string.h>

/*
 * Device ids in hexadecimal: DDDD, DDDD-DDDD, DDDD/SUBVENDOR:SUBDEVICE, or "*" for
 * all. "others" are those of the vendor that stand in no row of the kind above it:
 * the kind says no to them.
 */
struct row {
	enum xlpt_quirk kind;
	uint16_t vendor;
	const char *ids;
};

/* clang-format off */
static const struct row rows[] = {
	/* South bridges, functions of the root bus. */
	{ pci_quirk_amd_sb_acs, 0x1002, "4383-4385 4399 439c-439d" }, /* ATI */
	{ pci_quirk_amd_sb_acs, 0x1022, "7809 780f" }, /* AMD */
	/* Their vendors have said that the functions of one card do not talk to each other. */
	{ pci_quirk_mf_endpoint_acs, 0x10df, "0720" }, /* Emulex */
	{ pci_quirk_mf_endpoint_acs, 0x14e4, "16d7 1750-1752 1760-1763" }, /* Broadcom */
	{ pci_quirk_mf_endpoint_acs, 0x177d, "a026 a059 a060" }, /* Cavium */
	{ pci_quirk_mf_endpoint_acs, 0x1924, "0903 0923 0a03" }, /* Solarflare */
	{ pci_quirk_mf_endpoint_acs, 0x19a2, "0710" }, /* Emulex */
	{ pci_quirk_mf_endpoint_acs, 0x1d17, "3038 3104 9083" }, /* Zhaoxin */
	{ pci_quirk_mf_endpoint_acs, 0x8086, /* Intel */
	  "105e-1060 10a7 10a9 10c6 10c9 10d6 10d9 10db 10dd 10e1 10e6-10e8"
	  " 10f1 10f7-10fc 1507 1509-150a 150d-1511 1514 1516 1518 151c"
	  " 1521-1524 1526-1527 1529-152a 154d 154f 1551 1558 15b7-15b8" },
	/* Functions inside the root complex go through the IOMMU to each other. */
	{ pci_quirk_rciep_acs, 0x8086, "*" }, /* Intel */
	/* Root ports from Ibex Peak to Wildcat Point: other registers to the same end, set by Linux. */
	{ pci_quirk_intel_pch_acs, 0x8086, /* Intel */
	  "1c10-1c1f 1d10 1d12 1d14 1d16 1d18 1d1a 1d1c 1d1e 1e10-1e1f"
	  " 3b42-3b51 8c10-8c1f 8c90 8c92 8c94 8c96 8c98 8c9a 8c9c 8c9e"
	  " 8d10-8d1e 9c10-9c1b 9c90-9c9b" },
	/* Root ports whose ACS registers have 32 bits (pciback/device/config.c). */
	{ pci_quirk_intel_spt_pch_acs, 0x8086, /* Intel */
	  "9d10-9d1b a110-a11f a167-a16a a290-a29f a2e7-a2ee" },
	/* Ports that block what goes between neighbours. Linux counts no ACS of any other. */
	{ pci_quirk_zhaoxin_pcie_ports_acs, 0x1d17, /* Zhaoxin */
	  "0710-071e 0721 0723-0752" },
	{ pci_quirk_zhaoxin_pcie_ports_acs, 0x1d17, "others" },
	/* Functions of one card, and again no other. */
	{ pci_quirk_wangxun_nic_acs, 0x8088, /* Wangxun */
	  "0100-010f 1001 2001 5010 5025 5040 5110 5125 5140" },
	{ pci_quirk_wangxun_nic_acs, 0x8088, "others" },
	/* Root ports that block it, or that are a root complex of their own each. */
	{ pci_quirk_cavium_acs, 0x177d, "a000-a7ff af84 b884" }, /* Cavium */
	{ pci_quirk_xgene_acs, 0x10e8, "e004" }, /* Applied Micro */
	{ pci_quirk_xgene_acs, 0x1def, "e005-e00c" }, /* Ampere */
	{ pci_quirk_qcom_rp_acs, 0x17cb, "0111 0115 0120 0400-0401" }, /* Qualcomm */
	{ pci_quirk_qcom_rp_acs, 0x1dbf, "0401" }, /* HXT */
	{ pci_quirk_nxp_rp_acs, 0x1957, /* NXP */
	  "8d80-8d83 8d88-8d8b 8d90-8d93 8d98-8d9b 8da0-8da1 8da8-8da9"
	  " 8db0-8db1 8db8-8db9" },
	{ pci_quirk_al_acs, 0x1c36, "0031" }, /* Annapurna Labs */
	{ pci_quirk_brcm_acs, 0x14e4, "d714" }, /* Broadcom */
	{ pci_quirk_loongson_acs, 0x0014, /* Loongson */
	  "3c09 3c19 3c29 7a09 7a19 7a29 7a39 7a49 7a59 7a69" },
	/* DMA as function 0 of its slot. */
	{ quirk_dma_func0_alias, 0x1180, "e476 e832" }, /* Ricoh */
	{ quirk_dma_func0_alias, 0x6766, "3d40-3d41" }, /* Glenfly */
	/* DMA as function 1 of its slot, which may not be there. */
	{ quirk_dma_func1_alias, 0x1103, "0642 0645" }, /* HighPoint */
	{ quirk_dma_func1_alias, 0x197b, "2392" }, /* JMicron */
	{ quirk_dma_func1_alias, 0x1b4b, /* Marvell */
	  "9120 9123 9125 9128 9130 9170 9172 917a 9182-9183 91a0 9215 9220"
	  " 9230 9235" },
	{ quirk_dma_func1_alias, 0x1c28, "0122" }, /* Lite-On */
	/* DMA as 01.0 of its bus; DEVICE/SUBVENDOR:SUBDEVICE. */
	{ quirk_fixed_dma_alias, 0x9005, "0285/9005:02bb 0285/9005:02bc" }, /* Adaptec */
	/* DMA also as 10.0, 11.0 and 12.3 of its bus. */
	{ quirk_mic_x200_dma_alias, 0x8086, "2260 2264" }, /* Intel */
	/* DMA also as function 0 to 4 of every slot. */
	{ quirk_pex_vca_alias, 0x8086, "2954-2956 2958-295a" }, /* Intel */
	/* Non-transparent bridges pass on what comes from their other side under any number. */
	{ quirk_plx_ntb_dma_alias, 0x10b5, "87b0-87b1" }, /* PLX */
	{ quirk_switchtec_ntb_dma_alias, 0x1055, "1001-1006 1008" }, /* Microchip */
	{ quirk_switchtec_ntb_dma_alias, 0x11f8, /* Microsemi */
	  "4000 4028 4036 4052 4068 4084 4100 4128 4136 4152 4168 4184 4200"
	  " 4228 4236 4252 4268 4284 4328 4336 4352 4428 4436 4452 4528 4536"
	  " 4552 5000 5028 5036 5052 5068 5084 5100 5128 5136 5152 5168 5184"
	  " 5200 5228 5236 5252 5268 5284 5300 5328 5336 5352 5368 5384 5400"
	  " 5428 5436 5452 5468 5484 5500 5528 5536 5552 5568 5584 8531-8536"
	  " 8541-8546 8551-8556 8561-8566 8571-8576" },
	/* PCIe-to-PCI bridges that do not say so. */
	{ quirk_use_pcie_bridge_dma_alias, 0x10e3, "8113" }, /* Tundra */
	{ quirk_use_pcie_bridge_dma_alias, 0x1283, "8892-8893" }, /* ITE */
	{ quirk_use_pcie_bridge_dma_alias, 0x1b21, "1080" }, /* ASMedia */
	{ quirk_use_pcie_bridge_dma_alias, 0x8086, "244e" }, /* Intel */
	/* The IOMMU is right below this bridge. */
	{ quirk_bridge_cavm_thrx2_pcie_root, 0x14e4, "9000 9084" }, /* Broadcom */
	/* Their bus cannot be reset: they do not answer afterwards. */
	{ quirk_no_bus_reset, 0x104c, "b005" }, /* Texas Instruments */
	{ quirk_no_bus_reset, 0x168c, "0030 0032-0034 003c 003e" }, /* Atheros */
	{ quirk_no_bus_reset, 0x10de, "22ce 22d0" }, /* NVIDIA, sound */
	{ quirk_no_bus_reset, 0x177d, "a100" }, /* Cavium, a root port */
	{ quirk_no_bus_reset, 0x17cb, "0308 1103 1107" }, /* Qualcomm, modems and WLAN */
	{ quirk_no_bus_reset, 0x1b21, "1164" }, /* ASMedia, SATA */
	{ quirk_nvidia_no_bus_reset, 0x10de, "2340-237f" }, /* NVIDIA */
};
/* clang-format on */

/* A hexadecimal number of ours, at *p, which is moved behind it. */
static unsigned hex(const char **p)
{
	unsigned v = 0;

	for (; (**p >= '0' && **p <= '9') || (**p >= 'a' && **p <= 'f'); ++*p)
		v = v << 4 | (unsigned)(**p <= '9' ? **p - '0' : **p - 'a' + 10);
	return v;
}

/* Moves *p behind that character, if it is there. */
static bool skip(const char **p, char c)
{
	bool there = **p == c;

	*p += there;
	return there;
}

/* One word of ids, at *p, which is moved behind it. */
static bool word_has(const char **p, const struct xlpt_device *dev)
{
	unsigned first, last, subvendor = 0, subdevice = 0;
	bool sub;

	if (**p == '*' || **p == 'o') {
		*p += strlen(*p);
		return true;
	}
	first = last = hex(p);
	if (skip(p, '-'))
		last = hex(p);
	sub = skip(p, '/');
	if (sub) {
		subvendor = hex(p);
		skip(p, ':');
		subdevice = hex(p);
	}
	skip(p, ' ');
	return dev->device >= first && dev->device <= last &&
	       (!sub || (dev->subvendor == subvendor && dev->subdevice == subdevice));
}

static bool says_no(const struct row *row)
{
	return row->ids[0] == 'o';
}

static bool row_has(const struct row *row, const struct xlpt_device *dev)
{
	if (row->vendor != dev->vendor)
		return false;
	for (const char *p = row->ids; *p;)
		if (word_has(&p, dev))
			return true;
	return false;
}

bool xlpt_quirk_has(enum xlpt_quirk kind, const struct xlpt_device *dev)
{
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(rows); i++)
		if (rows[i].kind == kind && row_has(&rows[i], dev))
			return true;
	return false;
}

bool xlpt_quirk_no_bus_reset(const struct xlpt_device *dev)
{
	return xlpt_quirk_has(quirk_no_bus_reset, dev) ||
	       xlpt_quirk_has(quirk_nvidia_no_bus_reset, dev);
}

static bool is_port(const struct xlpt_device *dev, int type)
{
	return dev->caps.pcie && dev->caps.pcie_type == type;
}

/* Whether the kind has a word for such a function: else the kernel's says -ENOTTY or -ENODEV. */
static bool speaks_of(enum xlpt_quirk kind, const struct xlpt_device *dev)
{
	switch (kind) {
	case pci_quirk_amd_sb_acs:
		/* Of its bridge nothing is known without its capabilities: is it a PCI bridge, as it mostly is? */
		if (dev->header == XLPT_HEADER_BRIDGE && !dev->caps.config_read)
			return false;
		/* Where there is such a chip, there is AMD's IOMMU or none. */
		return (dev->multifunction || dev->bdf.func) &&
		       (dev->place_known ? !dev->has_parent : dev->bdf.bus == 0);
	case pci_quirk_rciep_acs:
		return is_port(dev, XLPT_PCIE_RC_ENDPOINT);
	case pci_quirk_intel_pch_acs:
	case pci_quirk_cavium_acs:
	case pci_quirk_al_acs:
		return is_port(dev, XLPT_PCIE_ROOT_PORT);
	case pci_quirk_zhaoxin_pcie_ports_acs:
		return is_port(dev, XLPT_PCIE_ROOT_PORT) || is_port(dev, XLPT_PCIE_DOWNSTREAM);
	case pci_quirk_mf_endpoint_acs:
	case pci_quirk_wangxun_nic_acs:
	case pci_quirk_xgene_acs:
	case pci_quirk_qcom_rp_acs:
	case pci_quirk_nxp_rp_acs:
	case pci_quirk_brcm_acs:
	case pci_quirk_loongson_acs:
		return true;
	default:
		return false;
	}
}

enum xlpt_acs_word xlpt_quirk_acs(const struct xlpt_device *dev)
{
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(rows); i++)
		if (row_has(&rows[i], dev) && speaks_of(rows[i].kind, dev))
			return says_no(&rows[i]) ? XLPT_ACS_WORD_DOES_NOT : XLPT_ACS_WORD_ISOLATES;
	return XLPT_ACS_WORD_NONE;
}

static bool at(struct xlpt_bdf bdf, unsigned dev, unsigned func)
{
	return bdf.dev == dev && bdf.func == func;
}

enum xlpt_quirk xlpt_quirk_alias(const struct xlpt_device *dev)
{
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(rows); i++) {
		if (rows[i].kind < quirk_dma_func0_alias ||
		    rows[i].kind > quirk_switchtec_ntb_dma_alias || !row_has(&rows[i], dev))
			continue;
		/* The ports of such a switch have the ids of its bridge. */
		if (rows[i].kind != quirk_switchtec_ntb_dma_alias || dev->class_code >> 8 == 0x0680)
			return rows[i].kind;
	}
	return XLPT_NO_QUIRK;
}

bool xlpt_quirk_alias_is(enum xlpt_quirk kind, const struct xlpt_device *dev, struct xlpt_bdf other)
{
	if (xlpt_bdf_eq(dev->bdf, other))
		return false;
	switch (kind) {
	case quirk_dma_func0_alias:
		return at(other, dev->bdf.dev, 0);
	case quirk_dma_func1_alias:
		return at(other, dev->bdf.dev, 1);
	case quirk_fixed_dma_alias:
		return at(other, 1, 0);
	case quirk_mic_x200_dma_alias:
		return at(other, 0x10, 0) || at(other, 0x11, 0) || at(other, 0x12, 3);
	case quirk_pex_vca_alias:
		return other.func <= 4;
	case quirk_plx_ntb_dma_alias:
	case quirk_switchtec_ntb_dma_alias:
		/* Switchtec's says which, in a memory BAR that is not read here: all 256 are taken. */
		return true;
	default:
		return false;
	}
}
