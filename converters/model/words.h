/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One enum for each thing that has a fixed set of values. 0 is always "not said". */
#ifndef XLPT_CONVERTERS_MODEL_WORDS_H
#define XLPT_CONVERTERS_MODEL_WORDS_H

enum xlpt_dom_type { XLPT_DOM_PV = 1, XLPT_DOM_HVM, XLPT_DOM_PVH };
enum xlpt_action {
	XLPT_ACT_DESTROY = 1,
	XLPT_ACT_RESTART,
	XLPT_ACT_RENAME_RESTART,
	XLPT_ACT_PRESERVE,
	XLPT_ACT_COREDUMP_DESTROY,
	XLPT_ACT_COREDUMP_RESTART,
	XLPT_ACT_SOFT_RESET
};
enum xlpt_fw { XLPT_FW_BIOS = 1, XLPT_FW_UEFI, XLPT_FW_ROMBIOS }; /* seabios, ovmf, rombios */
enum xlpt_clock_offset { XLPT_CLOCK_UTC = 1, XLPT_CLOCK_LOCALTIME };
enum xlpt_tsc { XLPT_TSC_DEFAULT = 1, XLPT_TSC_EMULATE, XLPT_TSC_NATIVE, XLPT_TSC_PARAVIRT };
enum xlpt_missed {
	XLPT_MISSED_DELAY = 1, /* delay_for_missed_ticks */
	XLPT_MISSED_NO_DELAY,
	XLPT_MISSED_NO_PENDING,
	XLPT_MISSED_ONE_PENDING
};
enum xlpt_passthrough { XLPT_PT_DISABLED = 1, XLPT_PT_ENABLED, XLPT_PT_SYNC, XLPT_PT_SHARE };
enum xlpt_cpu_policy {
	XLPT_CPU_DISABLE = 1,
	XLPT_CPU_FORCE,
	XLPT_CPU_OPTIONAL,
	XLPT_CPU_REQUIRE,
	XLPT_CPU_FORBID
};

/* file, block and network are libvirt's; xl does not say, libxl looks. */
enum xlpt_disk_kind { XLPT_DISK_FILE = 1, XLPT_DISK_BLOCK, XLPT_DISK_NETWORK, XLPT_DISK_VOLUME };
enum xlpt_disk_format {
	XLPT_FMT_RAW = 1,
	XLPT_FMT_QCOW,
	XLPT_FMT_QCOW2,
	XLPT_FMT_VHD,
	XLPT_FMT_QED,
	XLPT_FMT_EMPTY
};
enum xlpt_disk_driver { XLPT_DRV_PHY = 1, XLPT_DRV_TAP, XLPT_DRV_QDISK };
enum xlpt_disk_dev {
	XLPT_DISKDEV_DISK = 1,
	XLPT_DISKDEV_CDROM,
	XLPT_DISKDEV_FLOPPY,
	XLPT_DISKDEV_LUN
};

enum xlpt_net_kind {
	XLPT_NET_BRIDGE = 1,
	XLPT_NET_NETWORK,
	XLPT_NET_ROUTED, /* libvirt: ethernet */
	XLPT_NET_NETDEV
};
enum xlpt_net_type { XLPT_NET_IOEMU = 1, XLPT_NET_VIF };
enum xlpt_gfx_type { XLPT_GFX_VNC = 1, XLPT_GFX_SPICE, XLPT_GFX_SDL };
/* vfb: listed in vfb= (PV); the domain-wide vnc=, sdl=, spice= keys otherwise. */
enum xlpt_chr_kind {
	XLPT_CHR_PTY = 1,
	XLPT_CHR_NULL,
	XLPT_CHR_VC,
	XLPT_CHR_STDIO,
	XLPT_CHR_FILE,
	XLPT_CHR_PIPE,
	XLPT_CHR_DEV,
	XLPT_CHR_TCP,
	XLPT_CHR_TELNET,
	XLPT_CHR_UDP,
	XLPT_CHR_UNIX
};
enum xlpt_con_target { XLPT_CON_XEN = 1, XLPT_CON_SERIAL };
enum xlpt_input_type { XLPT_INPUT_TABLET = 1, XLPT_INPUT_MOUSE, XLPT_INPUT_KEYBOARD };
enum xlpt_bus { XLPT_BUS_USB = 1, XLPT_BUS_PS2, XLPT_BUS_XEN };
enum xlpt_usbctrl_type { XLPT_USBC_AUTO = 1, XLPT_USBC_PV, XLPT_USBC_DEVICEMODEL, XLPT_USBC_QUSB };
enum xlpt_vga { XLPT_VGA_STD = 1, XLPT_VGA_CIRRUS, XLPT_VGA_QXL, XLPT_VGA_NONE, XLPT_VGA_XEN };
enum xlpt_vport { XLPT_VPORT_QBH = 1, XLPT_VPORT_QBG, XLPT_VPORT_OVS, XLPT_VPORT_MIDONET };
enum xlpt_vlan_native { XLPT_VLAN_TAGGED = 1, XLPT_VLAN_UNTAGGED };
enum xlpt_rdm_strategy { XLPT_RDM_IGNORE = 1, XLPT_RDM_HOST };

#endif
