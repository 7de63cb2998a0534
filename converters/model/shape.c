/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The model's tables: every member of model.h has a line here. */
#include "converters/model/model.h"

#define WORDS(name, ...) static const char *const name[] = { NULL, __VA_ARGS__, NULL }

WORDS(w_dom_type, "pv", "hvm", "pvh");
WORDS(w_action, "destroy", "restart", "rename-restart", "preserve", "coredump-destroy",
      "coredump-restart", "soft-reset");
WORDS(w_fw, "bios", "uefi", "rombios");
WORDS(w_clock, "utc", "localtime");
WORDS(w_tsc, "default", "emulate", "native", "paravirt");
WORDS(w_missed, "delay", "no-delay", "no-pending", "one-pending");
WORDS(w_passthrough, "disabled", "enabled", "sync_pt", "share_pt");
WORDS(w_cpu_policy, "disable", "force", "optional", "require", "forbid");
WORDS(w_disk_kind, "file", "block", "network", "volume");
WORDS(w_disk_format, "raw", "qcow", "qcow2", "vhd", "qed", "empty");
WORDS(w_disk_driver, "phy", "tap", "qdisk");
WORDS(w_disk_dev, "disk", "cdrom", "floppy", "lun");
WORDS(w_net_kind, "bridge", "network", "routed", "netdev");
WORDS(w_net_type, "ioemu", "vif");
WORDS(w_gfx_type, "vnc", "spice", "sdl");
WORDS(w_chr_kind, "pty", "null", "vc", "stdio", "file", "pipe", "dev", "tcp", "telnet", "udp",
      "unix");
WORDS(w_con_target, "xen", "serial");
WORDS(w_input_type, "tablet", "mouse", "keyboard");
WORDS(w_bus, "usb", "ps2", "xen");
WORDS(w_usbctrl_type, "auto", "pv", "devicemodel", "qusb");
WORDS(w_vga, "std", "cirrus", "qxl", "none", "xen");
WORDS(w_vport, "802.1Qbh", "802.1Qbg", "openvswitch", "midonet");
WORDS(w_vlan_native, "tagged", "untagged");
WORDS(w_rdm_strategy, "ignore", "host");
WORDS(w_rdm, "strict", "relaxed");

/* clang-format off */
#define F(S, m, t) { #m, XLPT_F_##t, offsetof(struct S, m), NULL, NULL }
#define W(S, m, w) { #m, XLPT_F_WORD, offsetof(struct S, m), NULL, w }
#define PART(S, m, sh) { #m, XLPT_F_PART, offsetof(struct S, m), &(sh), NULL }
/* clang-format on */
#define LIST(S, m, sh)                                              \
	{                                                           \
#m, XLPT_F_LIST, offsetof(struct S, m), &(sh), NULL \
	}
/* The generic code finds n and alloc behind the pointer. */
#define LIST_CHECK(S, m)                                                                      \
	_Static_assert(offsetof(struct S, n_##m) == offsetof(struct S, m) + sizeof(void *) && \
			       offsetof(struct S, alloc_##m) ==                               \
				       offsetof(struct S, n_##m) + sizeof(size_t),            \
		       "a list is a pointer, n and alloc")
/* Every device begins with struct xlpt_at. */
/* clang-format off */
#define EXTRA(S) { "extra", XLPT_F_CARRIES, offsetof(struct S, at.extra), NULL, NULL }
/* clang-format on */
#define END                            \
	{                              \
		NULL, 0, 0, NULL, NULL \
	}
#define SHAPE(name, S, k) static const struct xlpt_shape name = { sizeof(struct S), name##_f, k }

/* clang-format off */
static const struct xlpt_field tag_f[] = {
	F(xlpt_vlan_tag, id, NUM), W(xlpt_vlan_tag, native, w_vlan_native), END,
};
/* clang-format on */
SHAPE(tag, xlpt_vlan_tag, -1);

/* clang-format off */
static const struct xlpt_field netid_f[] = {
	F(xlpt_netid, mac, STR), F(xlpt_netid, vlan_trunk, TRI), LIST(xlpt_netid, vlan, tag),
	W(xlpt_netid, vport, w_vport), F(xlpt_netid, profileid, STR),
	F(xlpt_netid, interfaceid, STR), F(xlpt_netid, instanceid, STR),
	F(xlpt_netid, managerid, NUM), F(xlpt_netid, typeid, NUM),
	F(xlpt_netid, typeidversion, NUM), END,
};
/* clang-format on */
SHAPE(netid, xlpt_netid, -1);
LIST_CHECK(xlpt_netid, vlan);

/* clang-format off */
static const struct xlpt_field disk_f[] = {
	F(xlpt_disk, vdev, STR), F(xlpt_disk, name, STR), F(xlpt_disk, target, STR), W(xlpt_disk, kind, w_disk_kind),
	W(xlpt_disk, format, w_disk_format), W(xlpt_disk, driver, w_disk_driver),
	W(xlpt_disk, dev, w_disk_dev), F(xlpt_disk, bus, STR), F(xlpt_disk, readonly, TRI),
	F(xlpt_disk, shareable, TRI), F(xlpt_disk, removable, TRI), F(xlpt_disk, discard, TRI),
	F(xlpt_disk, direct_io_safe, TRI), F(xlpt_disk, backend, STR), F(xlpt_disk, script, STR),
	F(xlpt_disk, boot_order, NUM), EXTRA(xlpt_disk), END,
};
/* clang-format on */
SHAPE(disk, xlpt_disk, 0);

/* clang-format off */
static const struct xlpt_field net_f[] = {
	W(xlpt_net, kind, w_net_kind), F(xlpt_net, source, STR), PART(xlpt_net, id, netid),
	W(xlpt_net, type, w_net_type), F(xlpt_net, model, STR), F(xlpt_net, vifname, STR),
	F(xlpt_net, script, STR), F(xlpt_net, gatewaydev, STR), F(xlpt_net, ips, STRV),
	F(xlpt_net, backend, STR), F(xlpt_net, rate, NUM), F(xlpt_net, rate_us, NUM),
	F(xlpt_net, mtu, NUM), F(xlpt_net, trusted, TRI), F(xlpt_net, devid, NUM),
	F(xlpt_net, boot_order, NUM), EXTRA(xlpt_net), END,
};
/* clang-format on */
SHAPE(net, xlpt_net, -1);

/* clang-format off */
static const struct xlpt_field gfx_f[] = {
	W(xlpt_gfx, type, w_gfx_type), F(xlpt_gfx, vfb, TRI), F(xlpt_gfx, listen, STR),
	F(xlpt_gfx, port, NUM), F(xlpt_gfx, autoport, TRI), F(xlpt_gfx, tls_port, NUM),
	F(xlpt_gfx, passwd, STR), F(xlpt_gfx, keymap, STR), F(xlpt_gfx, display, STR),
	F(xlpt_gfx, xauthority, STR), F(xlpt_gfx, opengl, TRI), F(xlpt_gfx, ticketing, TRI),
	F(xlpt_gfx, agent_mouse, TRI), F(xlpt_gfx, vdagent, TRI), F(xlpt_gfx, clipboard, TRI),
	F(xlpt_gfx, usb_redir, NUM), F(xlpt_gfx, image_compression, STR),
	F(xlpt_gfx, streaming, STR), EXTRA(xlpt_gfx), END,
};
/* clang-format on */
SHAPE(gfx, xlpt_gfx, -1);

/* clang-format off */
static const struct xlpt_field chr_f[] = {
	W(xlpt_chr, kind, w_chr_kind), F(xlpt_chr, path, STR), F(xlpt_chr, host, STR),
	F(xlpt_chr, service, STR), F(xlpt_chr, bind_host, STR), F(xlpt_chr, bind_service, STR),
	F(xlpt_chr, listen, TRI), F(xlpt_chr, wait, TRI), W(xlpt_chr, target, w_con_target),
	F(xlpt_chr, name, STR), F(xlpt_chr, backend, STR), F(xlpt_chr, port, NUM),
	EXTRA(xlpt_chr), END,
};
/* clang-format on */
SHAPE(chr, xlpt_chr, -1);

/* clang-format off */
static const struct xlpt_field input_f[] = {
	W(xlpt_input, type, w_input_type), W(xlpt_input, bus, w_bus), EXTRA(xlpt_input), END,
};
/* clang-format on */
SHAPE(input, xlpt_input, -1);

/* clang-format off */
static const struct xlpt_field usbctrl_f[] = {
	F(xlpt_usbctrl, index, NUM), W(xlpt_usbctrl, type, w_usbctrl_type),
	F(xlpt_usbctrl, version, NUM), F(xlpt_usbctrl, ports, NUM), F(xlpt_usbctrl, model, STR),
	F(xlpt_usbctrl, backend, STR), EXTRA(xlpt_usbctrl), END,
};
/* clang-format on */
SHAPE(usbctrl, xlpt_usbctrl, -1);

/* clang-format off */
static const struct xlpt_field usbdev_f[] = {
	F(xlpt_usbdev, bus, NUM), F(xlpt_usbdev, addr, NUM), F(xlpt_usbdev, vendor, NUM),
	F(xlpt_usbdev, product, NUM), F(xlpt_usbdev, ctrl, NUM), F(xlpt_usbdev, port, NUM),
	F(xlpt_usbdev, managed, TRI), EXTRA(xlpt_usbdev), END,
};
/* clang-format on */
SHAPE(usbdev, xlpt_usbdev, -1);

static const struct xlpt_field sound_f[] = { F(xlpt_sound, model, STR), EXTRA(xlpt_sound), END };
SHAPE(sound, xlpt_sound, -1);

/* clang-format off */
static const struct xlpt_field video_f[] = {
	W(xlpt_video, model, w_vga), F(xlpt_video, vram, NUM), F(xlpt_video, heads, NUM),
	F(xlpt_video, primary, TRI), EXTRA(xlpt_video), END,
};
/* clang-format on */
SHAPE(video, xlpt_video, -1);

/* clang-format off */
static const struct xlpt_field cpu_f[] = {
	F(xlpt_cpu_feature, name, STR), W(xlpt_cpu_feature, policy, w_cpu_policy),
	EXTRA(xlpt_cpu_feature), END,
};
/* clang-format on */
SHAPE(cpu, xlpt_cpu_feature, 0);

/* clang-format off */
static const struct xlpt_field numa_f[] = {
	F(xlpt_numa, pnode, NUM), F(xlpt_numa, size, NUM), F(xlpt_numa, vcpus, STR),
	F(xlpt_numa, distances, STR), EXTRA(xlpt_numa), END,
};
/* clang-format on */
SHAPE(numa, xlpt_numa, -1);

/* clang-format off */
static const struct xlpt_field vcpupin_f[] = {
	F(xlpt_vcpupin, vcpu, NUM), F(xlpt_vcpupin, cpuset, STR), EXTRA(xlpt_vcpupin), END,
};
/* clang-format on */
SHAPE(vcpupin, xlpt_vcpupin, 0);

/* clang-format off */
#define SPEC(m, t) { #m, XLPT_F_##t, offsetof(struct xlpt_pci, spec.m), NULL, NULL }
static const struct xlpt_field pci_f[] = {
	{ "address", XLPT_F_ADDR, offsetof(struct xlpt_pci, spec), NULL, NULL },
	SPEC(name, STR), SPEC(pool, STR), SPEC(pin, STR), SPEC(vslot, SLOT), SPEC(permissive, TRI),
	SPEC(msitranslate, TRI), SPEC(seize, TRI), SPEC(power_mgmt, TRI),
	{ "rdm_policy", XLPT_F_WORD, offsetof(struct xlpt_pci, spec.rdm_policy), NULL, w_rdm },
	F(xlpt_pci, managed, TRI), F(xlpt_pci, driver, STR), F(xlpt_pci, filtering, TRI),
	F(xlpt_pci, guest, BDF), F(xlpt_pci, multifunction, TRI), F(xlpt_pci, zpci_uid, NUM),
	F(xlpt_pci, zpci_fid, NUM), F(xlpt_pci, alias, STR), F(xlpt_pci, boot_order, NUM),
	F(xlpt_pci, rom_bar, TRI), F(xlpt_pci, rom_enabled, TRI), F(xlpt_pci, rom_file, STR),
	F(xlpt_pci, interface, FLAG), PART(xlpt_pci, id, netid), F(xlpt_pci, network, STR),
	F(xlpt_pci, portgroup, STR), F(xlpt_pci, model, STR), EXTRA(xlpt_pci), END,
};
/* clang-format on */
SHAPE(pci, xlpt_pci, 0);

#define D(m, t)	  F(xlpt_dom, m, t)
#define DW(m, w)  W(xlpt_dom, m, w)
#define DL(m, sh) LIST(xlpt_dom, m, sh)
/* clang-format off */
static const struct xlpt_field dom_f[] = {
	D(name, STR), D(uuid, STR), D(title, STR), D(description, STR), D(devices_only, FLAG),
	D(memory, NUM), D(maxmem, NUM), D(vcpus, NUM), D(maxvcpus, NUM), D(cpuset, STR),
	DL(vcpupin, vcpupin), D(cpuset_soft, STR), D(cpu_weight, NUM), D(cpu_cap, NUM),
	D(cpupool, STR), DW(type, w_dom_type), D(kernel, STR), D(ramdisk, STR), D(cmdline, STR),
	D(bootloader, STR), D(bootloader_args, STRV), D(loader, STR), DW(firmware, w_fw),
	D(firmware_path, STR), D(firmware_bare, TRI), D(boot, STR), D(emulator, STR), D(dm_args, STRV),
	D(acpi_firmware, STR), D(pae, TRI), D(acpi, TRI), D(apic, TRI), D(hap, TRI),
	D(nestedhvm, TRI), D(acpi_s3, TRI), D(acpi_s4, TRI), D(viridian, TRI),
	D(viridian_groups, STRV), D(xen_platform_pci, TRI), D(nomigrate, TRI), DW(clock, w_clock),
	D(clock_adjust, NUM), D(hpet, TRI), DW(tsc, w_tsc), DW(missed_ticks, w_missed),
	DW(on_poweroff, w_action), DW(on_reboot, w_action), DW(on_crash, w_action),
	DW(on_watchdog, w_action), DW(on_soft_reset, w_action), D(pci_permissive, TRI),
	D(pci_msitranslate, TRI), D(pci_seize, TRI), D(pci_power_mgmt, TRI),
	DW(rdm_strategy, w_rdm_strategy), DW(rdm_policy, w_rdm), D(rdm_mem_boundary, NUM),
	D(gfx_passthru, STR), DW(passthrough, w_passthrough), D(e820_host, TRI),
	D(max_grant_frames, NUM), D(max_event_channels, NUM), DL(disk, disk), DL(net, net),
	DL(pci, pci), DL(gfx, gfx), DL(serial, chr), DL(parallel, chr), DL(console, chr),
	DL(channel, chr), D(usb, TRI), D(nographic, TRI), D(vnc_unsaid, TRI), D(card_unsaid, TRI),
	DL(input, input), DL(usbctrl, usbctrl),
	DL(usbdev, usbdev), DL(sound, sound), DL(video, video), D(cpu_host, TRI), DL(cpu, cpu),
	DL(numa, numa),
	D(extra, CARRIES), END,
};
/* clang-format on */
const struct xlpt_shape xlpt_dom_shape = { sizeof(struct xlpt_dom), dom_f, -1 };

LIST_CHECK(xlpt_dom, vcpupin);
LIST_CHECK(xlpt_dom, disk);
LIST_CHECK(xlpt_dom, net);
LIST_CHECK(xlpt_dom, pci);
LIST_CHECK(xlpt_dom, gfx);
LIST_CHECK(xlpt_dom, serial);
LIST_CHECK(xlpt_dom, parallel);
LIST_CHECK(xlpt_dom, console);
LIST_CHECK(xlpt_dom, channel);
LIST_CHECK(xlpt_dom, input);
LIST_CHECK(xlpt_dom, usbctrl);
LIST_CHECK(xlpt_dom, usbdev);
LIST_CHECK(xlpt_dom, sound);
LIST_CHECK(xlpt_dom, video);
LIST_CHECK(xlpt_dom, cpu);
LIST_CHECK(xlpt_dom, numa);
