/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of known defects. */
#include "xl-plugin/check/defects.h"

#include <string.h>

/*
 * The releases are those of Xen's own branches, by its tags: the first one that has the commit. Each
 * XSA has its page, https://xenbits.xen.org/xsa/advisory-NNN.html.
 */
/* clang-format off */
const struct xlpt_defect xlpt_defects[] = {
	{ .id = "XSA-373", .cve = "CVE-2021-28692", .part = XLPT_DEFECT_XEN,
	  .what = "Xen gives up waiting for a flush of the IOMMU, and a guest's device writes to memory that is no longer the guest's",
	  .touches = "devices that guests have or pciback holds",
	  .commit = "7c893abc4e", .subject = "VT-d: eliminate flush related timeouts",
	  .fixed = { { 13, 4 }, { 14, 3 }, { 15, 1 }, { 16, 0 } }, .joins = xlpt_joins_given },
	{ .id = "XSA-378", .cve = "CVE-2021-28694", .part = XLPT_DEFECT_XEN,
	  .what = "memory that the firmware wants mapped for a device is not handled as such when the device goes to a guest",
	  .touches = "AMD: devices that an IVMD block of the firmware names",
	  .commit = "899272539c", .subject = "AMD/IOMMU: re-arrange/complete re-assignment handling",
	  .fixed = { { 13, 4 }, { 14, 3 }, { 15, 1 }, { 16, 0 } }, .joins = xlpt_joins_amd_memory },
	{ .id = "XSA-386", .cve = "CVE-2021-28702", .part = XLPT_DEFECT_XEN,
	  .what = "a device with reserved memory is not taken from its guest in full",
	  .touches = "Intel: devices with reserved memory (RMRR)",
	  .commit = "192aaf7e14", .subject = "VT-d: fix deassign of device with RMRR",
	  .fixed = { { 13, 5 }, { 14, 4 }, { 15, 2 }, { 16, 0 } }, .joins = xlpt_joins_reserved_intel },
	{ .id = "XSA-399", .cve = "CVE-2022-26357", .part = XLPT_DEFECT_XEN,
	  .what = "taking a device away races with another one, and a device may reach memory of another guest",
	  .touches = "Intel: devices that guests have or pciback holds",
	  .commit = "d9eca7bb6c", .subject = "VT-d: correct ordering of operations in cleanup_domid_map()",
	  .fixed = { { 13, 5 }, { 14, 5 }, { 15, 3 }, { 16, 1 }, { 17, 0 } }, .joins = xlpt_joins_intel },
	{ .id = "XSA-400", .cve = "CVE-2022-26358", .part = XLPT_DEFECT_XEN,
	  .what = "a device with reserved memory loses or keeps the wrong mappings when it goes to a guest or comes back",
	  .touches = "devices with reserved memory (Intel RMRR, AMD IVMD)",
	  .commit = "14dd241aad", .subject = "IOMMU/x86: use per-device page tables for quarantining",
	  .fixed = { { 13, 5 }, { 14, 5 }, { 15, 3 }, { 16, 1 }, { 17, 0 } }, .joins = xlpt_joins_reserved },
	{ .id = "XSA-442", .cve = "CVE-2023-34326", .part = XLPT_DEFECT_XEN,
	  .what = "the IOMMU keeps old translations, and a device reaches memory of the guest that had it before",
	  .touches = "AMD: devices that guests have or pciback holds",
	  .commit = "5fc98b9708", .subject = "iommu/amd-vi: flush IOMMU TLB when flushing the DTE",
	  .fixed = { { 15, 6 }, { 16, 6 }, { 17, 3 }, { 18, 0 } }, .joins = xlpt_joins_amd },
	{ .id = "XSA-445", .cve = "CVE-2023-46835", .part = XLPT_DEFECT_XEN,
	  .what = "a device in quarantine with a scratch page reaches memory that is not the scratch page",
	  .touches = "AMD, with iommu=quarantine=scratch-page: devices that pciback holds",
	  .commit = "fe1e4668b3", .subject = "iommu/amd-vi: use correct level for quarantine domain page tables",
	  .fixed = { { 15, 6 }, { 16, 6 }, { 17, 3 }, { 18, 0 } }, .joins = xlpt_joins_amd_scratch },
	{ .id = "XSA-449", .cve = "CVE-2023-46839", .part = XLPT_DEFECT_XEN,
	  .what = "phantom functions of a guest's device can stay with dom0",
	  .touches = "devices with phantom functions, by their own word or by pci-phantom= on Xen's command line",
	  .commit = "cb4ecb3cc1", .subject = "pci: fail device assignment if phantom functions cannot be assigned",
	  .fixed = { { 15, 6 }, { 16, 6 }, { 17, 4 }, { 18, 1 }, { 19, 0 } }, .joins = xlpt_joins_phantom },
	{ .id = "XSA-450", .cve = "CVE-2023-46840", .part = XLPT_DEFECT_XEN,
	  .what = "a Xen that was built without HVM does not set its VT-d up in full",
	  .touches = "Intel, with a Xen that was built without HVM",
	  .commit = "cc6ba68edf", .subject = "VT-d: Fix \"else\" vs \"#endif\" misplacement",
	  .fixed = { { 17, 4 }, { 18, 1 }, { 19, 0 } }, .joins = xlpt_joins_no_hvm },
	{ .id = "XSA-458", .cve = "CVE-2024-31143", .part = XLPT_DEFECT_XEN,
	  .what = "a guest that sets several MSI vectors up can stop the host",
	  .touches = "devices with more than one MSI vector",
	  .commit = "57338346f2", .subject = "x86/IRQ: avoid double unlock in map_domain_pirq()",
	  .fixed = { { 16, 7 }, { 17, 5 }, { 18, 3 }, { 19, 0 } }, .joins = xlpt_joins_multi_msi },
	{ .id = "XSA-460", .cve = "CVE-2024-31145", .part = XLPT_DEFECT_XEN,
	  .what = "after an error a guest keeps mappings of reserved memory that is no longer its own",
	  .touches = "devices with reserved memory (Intel RMRR, AMD IVMD)",
	  .commit = "beadd68b54", .subject = "x86/IOMMU: move tracking in iommu_identity_mapping()",
	  .fixed = { { 16, 7 }, { 17, 5 }, { 18, 3 }, { 19, 1 }, { 20, 0 } }, .joins = xlpt_joins_reserved },
	{ .id = "XSA-461", .cve = "CVE-2024-31146", .part = XLPT_DEFECT_XEN, .never = true,
	  .what = "who has one of two devices that share an interrupt line or a page of memory can harm who has the other; Xen's SUPPORT.md does not support it",
	  .touches = "devices that share an interrupt line, or a 4 KiB page of memory BARs, with a device of somebody else",
	  .commit = "9c94eda1e3", .subject = "x86/pass-through: documents as security-unsupported when sharing resources",
	  .mend = "give all of them to one guest, or move the card to another slot",
	  .joins = xlpt_joins_shared },
	{ .id = "XSA-467", .cve = "CVE-2025-1713", .part = XLPT_DEFECT_XEN,
	  .what = "the host can stop when a device behind a bridge sets its interrupts up",
	  .touches = "Intel: devices behind a conventional PCI bridge",
	  .commit = "39bc6af3ba", .subject = "IOMMU/x86: the bus-to-bridge lock needs to be acquired IRQ-safe",
	  .fixed = { { 17, 6 }, { 18, 5 }, { 19, 2 }, { 20, 0 } }, .joins = xlpt_joins_bridge },
	{ .id = "XSA-476", .cve = "CVE-2025-58149", .part = XLPT_DEFECT_LIBXL,
	  .what = "after a detach the guest can still write to the device's memory, because libxl cuts the address",
	  .touches = "devices with a memory BAR above 4 GiB",
	  .commit = "421432b822", .subject = "tools/libs/light: fix BAR memory address truncation",
	  .fixed = { { 17, 6 }, { 18, 6 }, { 19, 4 }, { 20, 2 }, { 21, 0 } },
	  .mend = "detach with xlpt detach, which takes that access back, and not with xl or virsh",
	  .joins = xlpt_joins_high_bar },
	{ .id = "XSA-491", .cve = "CVE-2026-42487", .part = XLPT_DEFECT_XEN,
	  .what = "a device model that runs in a domain of its own can stop the host through the list of I/O ports",
	  .touches = "HVM guests whose device model is a stub domain",
	  .commit = "7787f8e939", .subject = "x86/HVM: add locking to I/O port translation list traversal",
	  .fixed = { { 17, 7 }, { 18, 6 }, { 19, 6 }, { 20, 4 }, { 21, 2 }, { 22, 0 } }, .joins = xlpt_joins_stubdom },
	{ .id = "XSA-492", .part = XLPT_DEFECT_XEN,
	  .what = "a device model that runs in a domain of its own can hold the lock that every management command needs",
	  .touches = "HVM guests whose device model is a stub domain",
	  .commit = "471b377747", .subject = "domctl: handle XEN_DOMCTL_get_device_group without acquiring domctl lock",
	  .fixed = { { 17, 7 }, { 18, 6 }, { 19, 6 }, { 20, 4 }, { 21, 2 }, { 22, 0 } }, .joins = xlpt_joins_stubdom },
	{ .id = "XSA-494", .cve = "CVE-2026-42488", .part = XLPT_DEFECT_XEN,
	  .what = "Xen can lose track of which page tables of a PV guest are loaded, while the guest is migrated or runs in shadow mode",
	  .touches = "PV guests, on a Xen that has shadow paging for them",
	  .commit = "622c9a5ba9", .subject = "x86/mm: accurately track which vCPU page-tables are loaded",
	  .fixed = { { 17, 7 }, { 18, 6 }, { 19, 6 }, { 20, 4 }, { 21, 2 }, { 22, 0 } }, .joins = xlpt_joins_pv },
	{ .id = "no interrupt line", .part = XLPT_DEFECT_LIBXL,
	  .what = "libxl asks for interrupt 255 of a device that has no interrupt line, and the whole attach fails",
	  .touches = "devices whose interrupt line is 255 or not connected",
	  .commit = "ec9fda045b", .subject = "tools/libxl: Skip invalid IRQs",
	  .fixed = { { 21, 0 } }, .joins = xlpt_joins_no_line },
	{ .id = "faulty SR-IOV card", .part = XLPT_DEFECT_XEN,
	  .what = "Xen never comes back from adding a card whose virtual functions have a BAR for I/O ports",
	  .touches = "cards with SR-IOV",
	  .commit = "f7091c0e1f", .subject = "xen/pci: prevent infinite loop for faulty SR-IOV cards",
	  .fixed = { { 19, 4 }, { 20, 2 }, { 21, 0 } }, .joins = xlpt_joins_sriov },
	{ .id = "PVH dom0 and RMRR", .part = XLPT_DEFECT_XEN,
	  .what = "reserved memory that rmrr= or the firmware adds is mapped a page too far, and a PVH dom0 crashes",
	  .touches = "Intel: a PVH dom0 and devices with reserved memory",
	  .commit = "d41501fcf6", .subject = "VT-d: fix off-by-one when handling extra RMRR ranges",
	  .fixed = { { 22, 0 } }, .joins = xlpt_joins_pvh_dom0 },
	{ .id = "XSA-120", .cve = "CVE-2015-2150", .part = XLPT_DEFECT_KERNEL,
	  .what = "a PV guest turns decoding of its device off, and an access of dom0 to it can stop the host",
	  .touches = "PV guests that have a device, when dom0's kernel is older",
	  .commit = "af6fc858a3", .subject = "xen-pciback: limit guest control of command register",
	  .linux_major = 4, .linux_minor = 0, .joins = xlpt_joins_pv_device },
	{ .id = "XSA-157", .cve = "CVE-2015-8551", .part = XLPT_DEFECT_KERNEL,
	  .what = "a PV guest asks pciback for interrupts in an order that stops dom0 or fills its log",
	  .touches = "PV guests that have a device with MSI or MSI-X, when dom0's kernel is older",
	  .subject = "xen/pciback: Return error on XEN_PCI_OP_enable_msi when device has MSI or MSI-X enabled",
	  .linux_major = 4, .linux_minor = 4, .joins = xlpt_joins_pv_msi },
	{ .id = "XSA-332", .cve = "CVE-2020-27673", .part = XLPT_DEFECT_KERNEL,
	  .what = "a guest stops dom0 with a storm of events, also through pciback",
	  .touches = "PV guests that have a device, when dom0's kernel is older",
	  .commit = "c2711441bc", .subject = "xen/pciback: use lateeoi irq binding",
	  .linux_major = 5, .linux_minor = 10, .joins = xlpt_joins_pv_device },
	{ .id = "ATS", .part = XLPT_DEFECT_XEN, .never = true,
	  .what = "Xen waits for a device to empty its own translations, and a device that does not answer stops the host; Xen's documentation warns of it",
	  .touches = "devices with the ATS capability, when ats is on Xen's command line",
	  .commit = "ad6eddb742", .subject = "x86/ats: Disable Address Translation Services by default",
	  .mend = "take ats off Xen's command line", .joins = xlpt_joins_ats },
};
/* clang-format on */
const size_t xlpt_n_defects = XLPT_ARRAY_SIZE(xlpt_defects);

enum xlpt_fix_state xlpt_defect_fix(const struct xlpt_defect *defect, struct xlpt_xen_version v,
				    int *point)
{
	const struct xlpt_fix *last = NULL;

	*point = 0;
	if (v.major != 4 || v.minor < XLPT_DEFECTS_OLDEST)
		return v.major > 4 && !defect->never ? XLPT_FIX_THERE : XLPT_FIX_UNKNOWN;
	if (defect->never)
		return XLPT_FIX_NONE;
	for (const struct xlpt_fix *f = defect->fixed; f->minor; last = f++) {
		if (f->minor != v.minor)
			continue;
		*point = f->point;
		if (f->point && v.point < 0)
			return XLPT_FIX_UNKNOWN;
		return v.point >= f->point || !f->point ? XLPT_FIX_THERE : XLPT_FIX_LATER;
	}
	return last && v.minor > last->minor ? XLPT_FIX_THERE : XLPT_FIX_NONE;
}

enum xlpt_fix_state xlpt_defect_linux(const struct xlpt_defect *defect, const char *release)
{
	unsigned major, minor;

	if (!release || sscanf(release, "%3u.%3u", &major, &minor) != 2)
		return XLPT_FIX_UNKNOWN;
	if (major != (unsigned)defect->linux_major)
		return major > (unsigned)defect->linux_major ? XLPT_FIX_THERE : XLPT_FIX_LATER;
	return minor >= (unsigned)defect->linux_minor ? XLPT_FIX_THERE : XLPT_FIX_LATER;
}

/* ---- docs/DEFECTS.md ---- */

char *xlpt_defects_document(void)
{
	struct xlpt_str out = { 0 };

	xlpt_str_add(
		&out,
		"# Known defects of Xen around passthrough\n\n"
		"`xlpt doctor` joins this table with the host: it speaks of a row only when the "
		"host's devices or guests are of the\nkind that the row is about, and the release "
		"that runs has no fix by Xen's own count. Distributions take single fixes\nover "
		"and keep the version's number, so the answer is never more than \"ask your "
		"distribution\".\n\n"
		"A release is the first of its branch that has the commit; a later branch has it "
		"from its beginning. The page of an XSA is\n"
		"https://xenbits.xen.org/xsa/advisory-NNN.html. This file is printed by `xlpt "
		"doctor --defects`.\n\n"
		"| defect | what can happen | touches | fixed in | source: the commit |\n"
		"|---|---|---|---|---|\n");
	for (size_t i = 0; i < xlpt_n_defects; i++) {
		static const char *const parts[] = { "", "libxl: ", "dom0's kernel: " };
		const struct xlpt_defect *defect = &xlpt_defects[i];

		xlpt_str_addf(&out, "| %s%s%s | %s%s | %s | ", defect->id, defect->cve ? ", " : "",
			      defect->cve ? defect->cve : "", parts[defect->part], defect->what,
			      defect->touches);
		for (const struct xlpt_fix *f = defect->fixed; f->minor; f++)
			xlpt_str_addf(&out, "%s4.%d.%d", f == defect->fixed ? "" : " ", f->minor,
				      f->point);
		if (defect->linux_major)
			xlpt_str_addf(&out, "Linux %d.%d", defect->linux_major,
				      defect->linux_minor);
		xlpt_str_addf(&out, "%s | %s%s%s |\n", defect->never ? "no release" : "",
			      defect->commit ? defect->commit : "", defect->commit ? " " : "",
			      defect->subject);
	}
	return xlpt_str_take(&out);
}
