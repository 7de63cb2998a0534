/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What Linux knows of single chips: which isolate without ACS, which do DMA under
 * another function's number, and which do not come back from a reset of their bus. The kinds have the names that they have in
 * drivers/pci/quirks.c (the table is as of 6.12.117), so that one finds the reasons
 * there, and tests/check-quirks can compare the table with a kernel's source.
 */
#ifndef XLPT_PCIBACK_QUIRKS_H
#define XLPT_PCIBACK_QUIRKS_H

#include "core/device.h"

enum xlpt_quirk {
	XLPT_NO_QUIRK,
	pci_quirk_amd_sb_acs,
	pci_quirk_mf_endpoint_acs,
	pci_quirk_rciep_acs,
	pci_quirk_intel_pch_acs,
	pci_quirk_intel_spt_pch_acs,
	pci_quirk_zhaoxin_pcie_ports_acs,
	pci_quirk_wangxun_nic_acs,
	pci_quirk_cavium_acs,
	pci_quirk_xgene_acs,
	pci_quirk_qcom_rp_acs,
	pci_quirk_nxp_rp_acs,
	pci_quirk_al_acs,
	pci_quirk_brcm_acs,
	pci_quirk_loongson_acs,
	quirk_dma_func0_alias,
	quirk_dma_func1_alias,
	quirk_fixed_dma_alias,
	quirk_mic_x200_dma_alias,
	quirk_pex_vca_alias,
	quirk_plx_ntb_dma_alias,
	quirk_switchtec_ntb_dma_alias,
	quirk_use_pcie_bridge_dma_alias,
	quirk_bridge_cavm_thrx2_pcie_root,
	quirk_no_bus_reset,
	quirk_nvidia_no_bus_reset,
};

/* The ids of the function are listed under this kind. */
bool xlpt_quirk_has(enum xlpt_quirk kind, const struct xlpt_device *dev);

/* A reset of its bus takes it away until the power is off; of a bridge: of the bus behind it. */
bool xlpt_quirk_no_bus_reset(const struct xlpt_device *dev);

/* What such a list says of the function's ACS, whatever its registers say. */
enum xlpt_acs_word {
	XLPT_ACS_WORD_NONE,
	XLPT_ACS_WORD_ISOLATES,
	XLPT_ACS_WORD_DOES_NOT,
};
enum xlpt_acs_word xlpt_quirk_acs(const struct xlpt_device *dev);

/* The kind by which dev does DMA under another number of its bus, or XLPT_NO_QUIRK. */
enum xlpt_quirk xlpt_quirk_alias(const struct xlpt_device *dev);
/* ... and whether other, on the same bus, has such a number. */
bool xlpt_quirk_alias_is(enum xlpt_quirk kind, const struct xlpt_device *dev,
			 struct xlpt_bdf other);

#endif
