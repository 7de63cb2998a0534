/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Facts about one PCI function, as read from the kernel (and nothing that was
 * concluded from them). Filled by pciback/device/scan.
 */
#ifndef XLPT_CORE_DEVICE_H
#define XLPT_CORE_DEVICE_H

#include "core/bdf.h"

enum xlpt_header {
	XLPT_HEADER_UNKNOWN = -1,
	XLPT_HEADER_ENDPOINT = 0,
	XLPT_HEADER_BRIDGE = 1,
	XLPT_HEADER_CARDBUS = 2
};

struct xlpt_bar {
	uint64_t start, end; /* as in sysfs "resource"; both 0 = not there */
	uint64_t flags; /* kernel IORESOURCE_* bits: 0x100 I/O, 0x200 memory, 0x2000 prefetch */
};

/* Capability facts read from configuration space (PCI Local Bus 3.0 and PCIe base specs). */
struct xlpt_caps {
	bool config_read; /* false: configuration space could not be read or is short */
	bool pcie, flr, af_flr, pm, pm_reset, acs, ari, sriov, ats;
	bool ari_forwarding; /* a port: ARI forwarding is on (Device Control 2) */
	bool vf_io_bar; /* SR-IOV: a BAR of its virtual functions says that it is for I/O ports */
	uint8_t phantom_bits;  /* how many bits of the function number its phantom functions use */
	uint8_t pcie_type;     /* device/port type field; valid when pcie */
	uint16_t msi_vectors;  /* 0 = no MSI */
	uint16_t msix_vectors; /* 0 = no MSI-X */
	uint16_t acs_cap, acs_ctrl;
	bool msi_on;   /* MSI is enabled: sysfs "irq" is then not the INTx line */
	bool has_link; /* then these are from Link Capabilities and Link Status */
	uint8_t link_port, link_speed_max, link_speed, link_width_max, link_width;
	bool has_serial;
	uint64_t serial; /* Device Serial Number capability */
};

/* Device/port type field of the PCI Express capability. */
enum {
	XLPT_PCIE_ENDPOINT = 0,
	XLPT_PCIE_LEGACY = 1,
	XLPT_PCIE_ROOT_PORT = 4,
	XLPT_PCIE_UPSTREAM = 5,
	XLPT_PCIE_DOWNSTREAM = 6,
	XLPT_PCIE_TO_PCI = 7,
	XLPT_PCIE_FROM_PCI = 8,
	XLPT_PCIE_RC_ENDPOINT = 9,
	XLPT_PCIE_RC_COLLECTOR = 10
};

struct xlpt_device {
	struct xlpt_bdf bdf;
	uint16_t vendor, device, subvendor, subdevice;
	uint32_t class_code; /* 24 bits: base, sub, interface */
	uint8_t revision;
	enum xlpt_header header;
	bool no_answer;	   /* all of its header reads as ones: no power, or off the bus */
	bool no_header;	   /* its header cannot be read: nobody knows what it would say */
	char *power_state; /* of one that does not answer: the kernel's word ("D3cold"), or NULL */
	bool silent_above; /* then: nor does a bridge above it ... */
	struct xlpt_bdf above;	 /* ... of these the topmost */
	bool no_xen;		 /* this host runs without Xen, so there is no dom0 */
	bool multifunction;	 /* the header says so */
	uint8_t intx_pin;	 /* 1 = INTA#, 0 = uses no pin */
	uint8_t secondary_bus;	 /* bridges: the bus behind it, 0 = none ... */
	uint8_t subordinate_bus; /* ... and the last one further behind */
	char *sysfs_path;	 /* "/sys/devices/pci0000:00/..." as its link says, or NULL */
	char *driver;		 /* bound driver's name, or NULL */
	char *driver_override;	 /* or NULL */
	char *modalias;		 /* or NULL */
	struct xlpt_bar bars[7]; /* six BARs and the ROM */
	int irq;		 /* legacy line, 0 = none */
	int numa_node;		 /* -1 = not known */
	char *iommu_group;	 /* or NULL, as always under Xen */
	char *reset_method;	 /* the kernel's own list (5.15 and later), or NULL */
	bool has_reset;		 /* the kernel offers the "reset" file */
	bool resets_below;    /* a bridge: the kernel offers "reset_subordinate" (6.13 and later) */
	bool plugged_by_pcie; /* a bridge: the driver pciehp watches its slot */
	/*
	 * The bridge above forwards by Alternative Routing-ID (ARI): device and function are one number of
	 * 8 bits, so that 01:01.0 is function 8 of the device 01:00.
	 */
	bool by_ari;
	bool has_alias;	       /* firmware says that it uses this requester id ... */
	struct xlpt_bdf alias; /* ... (AMD's ACPI table IVRS) */
	bool is_vf;
	struct xlpt_bdf pf;	/* when is_vf */
	int vf_total, vf_count; /* PF: sriov_totalvfs / sriov_numvfs; -1 = not SR-IOV */
	bool place_known;	/* sysfs tells where it sits: without has_parent, on a root bus */
	bool has_parent;	/* sits behind a bridge that sysfs shows */
	struct xlpt_bdf parent;
	bool has_carrier;	 /* its PCI domain lies behind a function of another domain ... */
	struct xlpt_bdf carrier; /* ... (Intel VMD): this one, whose requester id it uses */
	char **net;		 /* network interfaces of this function, NULL-terminated, or NULL */
	char *vendor_name, *device_name, *class_name; /* from pci.ids, or NULL */
	struct xlpt_caps caps;
};

void xlpt_device_dispose(struct xlpt_device *dev);
#define _cleanup_device_ XLPT_CLEANUP(xlpt_device_dispose)

/* A list of devices, sorted by address. All zero is a valid empty one. */
struct xlpt_devices {
	struct xlpt_device *items;
	size_t n, alloc;
	/* sysfs lists these, and what its links lead to is not there (or was unplugged just then) */
	struct xlpt_bdf *gone;
	size_t n_gone, alloc_gone;
};

void xlpt_devices_dispose(struct xlpt_devices *list);
#define _cleanup_devices_ XLPT_CLEANUP(xlpt_devices_dispose)
const struct xlpt_device *xlpt_devices_find(const struct xlpt_devices *list, struct xlpt_bdf bdf);

#endif
