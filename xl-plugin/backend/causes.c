/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/backend/causes.h"

#include <string.h>

/* clang-format off */
const struct xlpt_cause xlpt_causes[] = {
	{ "xc_assign_device failed", "Operation not supported",
	  "the guest was created without passthrough: Xen made it no IOMMU context, and makes none later",
	  "write passthrough = \"enabled\" into its configuration, shut it down and start it anew; the maxmem of an HVM guest may then be no more than its memory",
	  "lab: attach" },
	{ "xc_assign_device failed", "Operation not permitted",
	  "the device's reserved memory (RMRR) is shared with another device, and Xen was not told to be relaxed about it",
	  "add rdm_policy=relaxed, and give all devices that share it to one guest; xl dmesg names the memory",
	  "libxl_pci.c, pci_add_dm_done; xen/drivers/passthrough/vtd/iommu.c, intel_iommu_assign_device" },
	{ "xc_assign_device failed", "No such device",
	  "Xen does not know the device, or none of its IOMMUs is responsible for it: it was plugged in after Xen started, or the firmware's table leaves it out",
	  "echo 1 >/sys/bus/pci/devices/DEVICE/remove; echo 1 >/sys/bus/pci/rescan; if that does not help, boot again, or update the firmware",
	  "xen/drivers/passthrough/pci.c, device_assigned; vtd/iommu.c, intel_iommu_assign_device" },
	{ "xc_assign_device failed", "Device or resource busy",
	  "Xen has the device with another domain, or keeps it for itself",
	  "xlpt status shows which guest; xlpt repair takes it back when no guest is left",
	  "xen/drivers/passthrough/pci.c, device_assigned" },
	{ "xc_assign_device failed", "cross-device link",
	  "Xen shares or pages out memory of the guest, or notes which of it changes: a device could write past that",
	  "end what does it: a migration that is under way, memory on demand (maxmem above memory), xenpaging or sharing",
	  "xen/drivers/passthrough/pci.c, assign_device" },
	{ "xc_assign_device failed", "Cannot allocate memory",
	  "Xen has no memory left for the IOMMU's tables of the guest",
	  "give memory back: xl mem-set a guest or dom0 to less, or shut a guest down; xl info shows free_memory",
	  "xen/drivers/passthrough/pci.c, assign_device" },
	{ "xc_assign_device failed", "Invalid argument",
	  "Xen takes the device for broken since it did not answer the IOMMU, or does not know its kind",
	  "boot the host again; xl dmesg has the device's address and the reason",
	  "xen/drivers/passthrough/pci.c, assign_device; vtd/iommu.c, domain_context_mapping" },
	{ "xc_domain_iomem_permission", "Operation not permitted",
	  "Xen keeps a part of the device's registers for itself, so dom0 cannot give them away",
	  "turn 64-bit decoding (above 4G) in the firmware's setup on or off, or put the card into another slot; xlpt show lists its registers",
	  "libxl_pci.c, pci_add_dm_done; xen/common/domctl.c, XEN_DOMCTL_iomem_permission" },
	{ "xc_domain_ioport_permission", "Operation not permitted",
	  "Xen keeps some of the device's I/O ports for itself, as those of its serial console",
	  "take that port out of com1= or com2= on Xen's command line, and boot again; xlpt show lists the ports",
	  "libxl_pci.c, pci_add_dm_done; xen/arch/x86/domctl.c, XEN_DOMCTL_ioport_permission" },
	{ "Need to enable igd-passthru", NULL,
	  "the device model takes Intel's own graphics (0000:00:02.0) only for a guest that was created for it",
	  "write gfx_passthru = \"igd\" into its configuration, shut it down and start it anew",
	  "QEMU, hw/xen/xen_pt.c, xen_pt_realize" },
	{ "xen-pci-passthrough", "is not a valid device model name",
	  "this QEMU was built without passing PCI devices through for Xen",
	  "install the QEMU that your distribution builds for Xen, and start the guest anew",
	  "QEMU, qdev_get_device_class" },
	{ "not available for xen-pci-passthrough", NULL,
	  "the slot that was asked for has another device of the guest",
	  "name another slot (DEVICE@SLOT), or none",
	  "QEMU, hw/pci/pci.c, do_pci_register_device" },
	{ "Duplicate", "pci-pt-",
	  "the device model still has this device: the guest has not ejected it",
	  "xlpt status shows what is left; when the guest does not eject it, shut it down and start it anew",
	  "QEMU, qdev_set_id" },
	{ "Binding of interrupt", "failed",
	  "the device's interrupt line is held by dom0 or by another guest, which does not share it",
	  "xlpt show names who shares the line; xl dmesg says who has it (Cannot bind IRQ); a card in another slot gets another line",
	  "QEMU, hw/xen/xen_pt.c, xen_pt_realize; xen/arch/x86/irq.c, pirq_guest_bind" },
	{ "Could not open '/sys/bus/pci/devices/", "No such file",
	  "the device is gone from this host, or the device model does not see it",
	  "xlpt list shows what there is; echo 1 >/sys/bus/pci/rescan",
	  "QEMU, hw/xen/xen-host-pci-device.c" },
	{ "wasn't found in QEMU's 'query-pci'", NULL,
	  "the device model took the device and does not list it",
	  "xlpt repair takes back what is half-way; qemu-dm-GUEST.log below /var/log/xen is QEMU's own log",
	  "libxl_pci.c, pci_add_qmp_query_pci_cb" },
	{ "Setting permissive for device", NULL,
	  "pciback did not take the device into its file permissive",
	  "leave permissive out; dmesg says what pciback has against it",
	  "libxl_pci.c, pci_add_dm_done" },
	{ "v-slot for multi-function devices", NULL,
	  "libxl puts several functions of a card only into a slot that is named",
	  "name the slot (DEVICE@SLOT), or the functions one by one",
	  "libxl_pci.c, libxl__device_pci_add" },
	{ "Couldn't unbind device", NULL,
	  "dom0's driver does not let go of the device",
	  "stop what uses it; dmesg says what its driver has against it",
	  "libxl_pci.c, sysfs_dev_unbind" },
	{ "libxl__arch_hvm_map_gsi failed", NULL,
	  "dom0 is a PVH domain, and its kernel or Xen cannot tell the device's interrupt line",
	  "use Linux 6.14 and Xen 4.20 or later in it, or boot dom0 as PV",
	  "libxl_x86.c, libxl__arch_hvm_map_gsi" },
	{ "passthrough disabled but devices are specified", NULL,
	  "the configuration has passthrough = \"disabled\" and names devices",
	  "take that line out of it",
	  "libxl_create.c, libxl__domain_config_setdefault" },
	{ "passthrough not supported on this platform", NULL,
	  "Xen runs without an IOMMU",
	  "xlpt doctor says why",
	  "libxl_create.c, libxl__domain_config_setdefault" },
	{ "RDM conflict at", NULL,
	  "the guest's memory lies where firmware has reserved memory for one of the devices",
	  "write rdm_mem_boundary into its configuration with the MiB below that address, or rdm_policy=relaxed for the device",
	  "libxl_dm.c, libxl__domain_device_construct_rdm" },
	{ "cannot be assigned - no IOMMU", NULL,
	  "Xen runs without an IOMMU, or the guest was created without passthrough",
	  "xlpt doctor tells which of the two, and why",
	  "libxl_pci.c, libxl__device_pci_add" },
	{ "already assigned to a different guest", NULL,
	  "Xen has the device with a guest, whatever xenstore says",
	  "xlpt status shows which guest; xlpt repair takes it back when no guest is left",
	  "libxl_pci.c, libxl__device_pci_add" },
	{ "Backend ", " not ready",
	  "the guest's PCI frontend does not answer: its kernel has no xen-pcifront, it is still probing a device, or it closed the frontend when it powered off",
	  "look at the guest's console; a PV guest that hangs in a probe takes no further device until it restarts",
	  "lab: xl-wedge, gone" },
	{ "is not assignable", NULL,
	  "pciback does not hold the device, or libxl has a note that a guest has it",
	  "xlpt status shows both; xlpt hide holds it, xlpt repair removes a wrong note",
	  "lab: hvm-functions, gone" },
	{ "xc_physdev_map_pirq", "File exists",
	  "the guest's device model still holds this interrupt line, for another device that had it before",
	  "restart the guest, and do not detach one of two devices that share an interrupt line",
	  "lab: hvm-functions" },
	{ "xc_physdev_map_pirq", "Invalid argument",
	  "the device has no interrupt line, and this libxl asks for one all the same (before Xen 4.21)",
	  "ask your distribution for libxl with commit ec9fda045b, or turn the line on in the firmware's setup",
	  "libxl_pci.c, pci_add_dm_done" },
	{ "libxl__device_pci_add failed for PCI device", "(rc -9)",
	  "the device model took longer than the 10 s that libxl gives it to take a device in: this host is busy, or QEMU hangs",
	  "try again when the host has less to do; qemu-dm-GUEST.log below /var/log/xen is QEMU's own log",
	  "lab: paths" },
	{ "timed out waiting for DM to remove", NULL,
	  "the guest did not answer the request to eject the device: it is in its firmware, or has no ACPI hotplug",
	  "detach again when the guest's system runs, or shut the guest down",
	  "lab: hvm" },
	{ "PCI device not attached to this domain", NULL,
	  "libxl's list of the guest's devices does not have it",
	  "xlpt status shows who has it; xlpt repair mends what is half-way",
	  "libxl_pci.c, do_pci_remove" },
	{ "pciback driver not loaded", NULL,
	  "dom0 has no xen-pciback driver",
	  "modprobe xen-pciback",
	  "lab: gone" },
	{ "pciback driver is not loaded", NULL,
	  "dom0 has no xen-pciback driver",
	  "modprobe xen-pciback",
	  "libxl_pci.c, pciback_dev_is_assigned" },
	{ "Couldn't bind device to pciback", NULL,
	  "pciback did not take the device: of a virtual function, because its card's sriov_drivers_autoprobe is 0",
	  "xlpt hide binds it all the same; dmesg says what pciback has against it",
	  "lab: vf-driver" },
	{ "failed to de-quarantine", NULL,
	  "Xen does not have the device in quarantine: it was hidden at boot and nobody put it there, or a guest has it",
	  "xlpt unhide gives it back; xlpt status shows whether a guest has it",
	  "lab: boot, gone" },
	{ "failed to quarantine", NULL,
	  "Xen does not give the device to its quarantine: a guest has it, or there is no IOMMU",
	  "xlpt status shows whether a guest has it; xlpt doctor looks at the IOMMU",
	  "libxl_pci.c, libxl__device_pci_assignable_add" },
	{ "not supported together with PoD", NULL,
	  "an HVM guest with devices cannot have maxmem above memory (populate-on-demand)",
	  "write maxmem with the value of memory",
	  "libxl_create.c, libxl__domain_config_setdefault" },
	{ "invalid bytes in UTF8 string", NULL,
	  "the guest's name is no UTF-8, and libxl cannot read its own JSON of the guest",
	  "xl rename DOMID NAME, with letters and digits",
	  "lab: names" },
	{ "enable logdirty", NULL,
	  "Xen cannot note which memory changes: the guest has a device, or Xen has no shadow paging for PV guests",
	  "detach its devices first: xlpt migrate does",
	  "lab: guard, save" },
	{ "failed to stat", NULL,
	  "a disk's file is not there; libxl looks for a relative path in the folder in which xl was started",
	  "write the disk's whole path",
	  "lab: convert-pairs" },
	{ "xc_physdev_unmap_pirq", "Invalid argument",
	  "the device model has given the interrupt back already", NULL,
	  "lab: hvm-functions" },
	{ "support reset from sysfs for PCI device", NULL,
	  "the kernel has no way to reset the device by itself; xlpt looks after that", NULL,
	  "libxl_pci.c, libxl__device_pci_reset" },
	{ "will not be rebound", NULL,
	  "the device had no driver, so there is none to note", NULL,
	  "lab: vf" },
};
/* clang-format on */
const size_t xlpt_n_causes = XLPT_ARRAY_SIZE(xlpt_causes);

static bool fits(const struct xlpt_cause *c, const char *line, size_t len)
{
	const char *at = memmem(line, len, c->words, strlen(c->words));

	if (!at || !c->also)
		return at != NULL;
	at += strlen(c->words);
	return memmem(at, len - (size_t)(at - line), c->also, strlen(c->also)) != NULL;
}

static const struct xlpt_cause *of_line(const char *line, size_t len)
{
	for (size_t i = 0; i < xlpt_n_causes; i++)
		if (fits(&xlpt_causes[i], line, len))
			return &xlpt_causes[i];
	return NULL;
}

const struct xlpt_cause *xlpt_cause_find(const char *lines)
{
	const struct xlpt_cause *harmless = NULL;

	while (lines && *lines) {
		size_t len = strcspn(lines, "\n");
		const struct xlpt_cause *c = of_line(lines, len);

		if (c && c->mend)
			return c;
		harmless = harmless ? harmless : c;
		lines += len + (lines[len] == '\n');
	}
	return harmless;
}

void xlpt_cause_explain(struct xlpt_diag *diag)
{
	const struct xlpt_cause *c = diag ? xlpt_cause_find(diag->log) : NULL;

	if (!c || !c->mend)
		return;
	xlpt_diag_fact(diag, "%s", c->cause);
	xlpt_diag_hint(diag, "%s", c->mend);
}

char *xlpt_causes_document(void)
{
	struct xlpt_str out = { 0 };

	xlpt_str_add(
		&out,
		"# What libxl's messages mean\n\n"
		"libxl says which call failed and with which errno. xlpt puts the cause and what "
		"mends it beside libxl's own lines, when\nit knows the line. Every failure that the "
		"lab produced is here; a row that no scenario showed names the place in\nlibxl's "
		"source. tests/data/libxl/lines.txt has whole lines with the row that each has to "
		"get.\n\n"
		"| libxl says | because | to mend | seen in |\n|---|---|---|---|\n");
	for (size_t i = 0; i < xlpt_n_causes; i++) {
		const struct xlpt_cause *c = &xlpt_causes[i];

		xlpt_str_addf(&out, "| `%s%s%s` | %s | %s | %s |\n", c->words,
			      c->also ? "...`, `" : "", c->also ? c->also + (*c->also == ' ') : "",
			      c->cause, c->mend ? c->mend : "nothing: it is harmless", c->source);
	}
	return xlpt_str_take(&out);
}
