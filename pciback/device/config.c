/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pciback/device/config.h"

#include <string.h>

#include "pciback/device/quirks.h"

enum {
	STATUS = 0x06,
	STATUS_CAP_LIST = 0x10,
	HEADER_TYPE = 0x0e,
	CAP_POINTER = 0x34,
	CAP_POINTER_CARDBUS = 0x14,
	STD_HEADER = 0x40, /* capabilities live above the header */
	STD_SIZE = 0x100,

	CAP_PM = 0x01,
	CAP_MSI = 0x05,
	CAP_PCIE = 0x10,
	CAP_MSIX = 0x11,
	CAP_AF = 0x13,

	EXT_DSN = 0x0003,
	EXT_ACS = 0x000d,
	EXT_ARI = 0x000e,
	EXT_ATS = 0x000f,
	EXT_SRIOV = 0x0010,

	VF_BAR = 0x24, /* in the capability SR-IOV */
	VF_BARS = 6,
};

/* No list can hold more entries than fit between the header and the end of its space. */
enum { STD_MAX = (STD_SIZE - STD_HEADER) / 4, EXT_MAX = (0x1000 - STD_SIZE) / 4 };

/* Fields past the end read as zero, which for every flag used here means "not there". */
static uint32_t field(const uint8_t *cfg, size_t len, size_t at, unsigned bytes)
{
	uint32_t v = 0;

	if (at > len || len - at < bytes)
		return 0;
	while (bytes--)
		v = v << 8 | cfg[at + bytes];
	return v;
}

unsigned xlpt_config_find(const uint8_t *cfg, size_t len, uint8_t id)
{
	unsigned pos;

	if (len < STD_HEADER || !(field(cfg, len, STATUS, 2) & STATUS_CAP_LIST))
		return 0;
	pos = cfg[(cfg[HEADER_TYPE] & 0x7f) == XLPT_HEADER_CARDBUS ? CAP_POINTER_CARDBUS
								   : CAP_POINTER];
	for (unsigned left = STD_MAX; left; left--) {
		pos &= ~3u; /* the low bits are reserved, software masks them */
		if (pos < STD_HEADER || pos + 2 > len || cfg[pos] == 0xff)
			return 0;
		if (cfg[pos] == id)
			return pos;
		pos = cfg[pos + 1];
	}
	return 0;
}

unsigned xlpt_config_find_ext(const uint8_t *cfg, size_t len, uint16_t id)
{
	unsigned pos = STD_SIZE;

	for (unsigned left = EXT_MAX; left; left--) {
		uint32_t head;

		if (pos < STD_SIZE)
			return 0;
		head = field(cfg, len, pos, 4);
		/* All zero: no extended capabilities, or the end. All ones: nothing answers. */
		if (head == 0 || head == UINT32_MAX)
			return 0;
		if ((head & 0xffff) == id)
			return pos;
		pos = head >> 20 & ~3u;
	}
	return 0;
}

/* The vendor field alone does not tell: it reads 0xffff in a healthy virtual function. */
bool xlpt_config_answers(const uint8_t *cfg)
{
	for (unsigned i = 0; i < STD_HEADER; i++)
		if (cfg[i] != 0xff)
			return true;
	return false;
}

/* Functions inside the root complex may have no link; both registers then read 0. */
static void link_caps(const uint8_t *cfg, size_t len, unsigned pos, struct xlpt_caps *caps)
{
	uint32_t cap = field(cfg, len, pos + 0x0c, 4), sta = field(cfg, len, pos + 0x12, 2);

	caps->has_link = cap != 0;
	caps->link_port = (uint8_t)(cap >> 24);
	caps->link_speed_max = cap & 0xf;
	caps->link_width_max = cap >> 4 & 0x3f;
	caps->link_speed = sta & 0xf;
	caps->link_width = sta >> 4 & 0x3f;
}

/*
 * Root ports of Intel's 100 and 200 series chipsets (and their mobile kin) have
 * registers of 32 bits where the standard has 16, so that the control register
 * is 8 bytes into the capability (their erratum; drivers/pci/quirks.c,
 * pci_quirk_intel_spt_pch_acs).
 */
static bool wide_acs(const uint8_t *cfg, const struct xlpt_caps *caps)
{
	struct xlpt_device dev = { .vendor = (uint16_t)(cfg[0] | cfg[1] << 8),
				   .device = (uint16_t)(cfg[2] | cfg[3] << 8) };

	return caps->pcie_type == XLPT_PCIE_ROOT_PORT &&
	       xlpt_quirk_has(pci_quirk_intel_spt_pch_acs, &dev);
}

static void standard_caps(const uint8_t *cfg, size_t len, struct xlpt_caps *caps)
{
	unsigned pos, n;

	pos = xlpt_config_find(cfg, len, CAP_PM);
	if (pos) {
		caps->pm = true;
		/* No_Soft_Reset clear: going to D3hot and back resets the function. */
		caps->pm_reset = pos + 6 <= len && !(cfg[pos + 4] & 1 << 3);
	}
	pos = xlpt_config_find(cfg, len, CAP_PCIE);
	if (pos) {
		caps->pcie = true;
		caps->pcie_type = field(cfg, len, pos + 2, 2) >> 4 & 0xf;
		caps->flr = field(cfg, len, pos + 4, 4) >> 28 & 1;
		caps->phantom_bits = field(cfg, len, pos + 4, 4) >> 3 & 3;
		caps->ari_forwarding = field(cfg, len, pos + 0x28, 2) >> 5 & 1;
		link_caps(cfg, len, pos, caps);
	}
	pos = xlpt_config_find(cfg, len, CAP_AF);
	/* Without Transactions Pending nobody could know when the reset is safe (pci_af_flr). */
	if (pos)
		caps->af_flr = (field(cfg, len, pos + 3, 1) & 3) == 3;
	pos = xlpt_config_find(cfg, len, CAP_MSI);
	if (pos) {
		n = field(cfg, len, pos + 2, 2) >> 1 & 7;
		caps->msi_vectors = (uint16_t)(1u << (n > 5 ? 5 : n)); /* 6 and 7 are reserved */
		caps->msi_on = field(cfg, len, pos + 2, 2) & 1;
	}
	pos = xlpt_config_find(cfg, len, CAP_MSIX);
	if (pos)
		caps->msix_vectors = (uint16_t)((field(cfg, len, pos + 2, 2) & 0x7ff) + 1);
}

static void extended_caps(const uint8_t *cfg, size_t len, struct xlpt_caps *caps)
{
	unsigned pos;

	caps->ari = xlpt_config_find_ext(cfg, len, EXT_ARI) != 0;
	caps->ats = xlpt_config_find_ext(cfg, len, EXT_ATS) != 0;
	pos = xlpt_config_find_ext(cfg, len, EXT_SRIOV);
	caps->sriov = pos != 0;
	for (unsigned i = 0; pos && i < VF_BARS; i++)
		caps->vf_io_bar |= field(cfg, len, pos + VF_BAR + 4 * i, 4) & 1;
	pos = xlpt_config_find_ext(cfg, len, EXT_ACS);
	if (pos) {
		caps->acs = true;
		caps->acs_cap = (uint16_t)field(cfg, len, pos + 4, 2);
		caps->acs_ctrl = (uint16_t)field(cfg, len, pos + (wide_acs(cfg, caps) ? 8 : 6), 2);
	}
	pos = xlpt_config_find_ext(cfg, len, EXT_DSN);
	if (pos && pos + 12 <= len) {
		caps->has_serial = true;
		caps->serial =
			(uint64_t)field(cfg, len, pos + 8, 4) << 32 | field(cfg, len, pos + 4, 4);
	}
}

void xlpt_config_caps(const uint8_t *cfg, size_t len, struct xlpt_caps *caps)
{
	*caps = (struct xlpt_caps){ 0 };
	/*
	 * Without CAP_SYS_ADMIN sysfs gives the first 64 bytes only: the start of
	 * the list is in there, the capabilities are not.
	 */
	if (len < STD_SIZE || !xlpt_config_answers(cfg))
		return;
	caps->config_read = true;
	standard_caps(cfg, len, caps);
	/* Extended capabilities exist on PCI Express (and PCI-X 2.0, which nobody passes through).
	 */
	if (caps->pcie)
		extended_caps(cfg, len, caps);
}
