/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "converters/libvirt/words.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "core/uuid.h"

const struct xlpt_lv_word xlpt_lv_yes_no[] = { { "yes", XLPT_ON }, { "no", XLPT_OFF }, { 0 } };
const struct xlpt_lv_word xlpt_lv_on_off[] = { { "on", XLPT_ON }, { "off", XLPT_OFF }, { 0 } };
/* clang-format off */
const struct xlpt_lv_word xlpt_lv_os_type[] = {
	{ "xen", XLPT_DOM_PV }, { "linux", XLPT_DOM_PV }, { "hvm", XLPT_DOM_HVM },
	{ "xenpvh", XLPT_DOM_PVH }, { 0 } };
const struct xlpt_lv_word xlpt_lv_off_action[] = {
	{ "destroy", XLPT_ACT_DESTROY }, { "restart", XLPT_ACT_RESTART },
	{ "preserve", XLPT_ACT_PRESERVE }, { "rename-restart", XLPT_ACT_RENAME_RESTART }, { 0 } };
const struct xlpt_lv_word xlpt_lv_crash_action[] = {
	{ "destroy", XLPT_ACT_DESTROY }, { "restart", XLPT_ACT_RESTART },
	{ "preserve", XLPT_ACT_PRESERVE }, { "rename-restart", XLPT_ACT_RENAME_RESTART },
	{ "coredump-destroy", XLPT_ACT_COREDUMP_DESTROY },
	{ "coredump-restart", XLPT_ACT_COREDUMP_RESTART }, { 0 } };
const struct xlpt_lv_word xlpt_lv_tsc_mode[] = {
	{ "auto", XLPT_TSC_DEFAULT }, { "emulate", XLPT_TSC_EMULATE },
	{ "native", XLPT_TSC_NATIVE }, { "paravirt", XLPT_TSC_PARAVIRT }, { 0 } };
const struct xlpt_lv_word xlpt_lv_cpu_policy[] = {
	{ "disable", XLPT_CPU_DISABLE }, { "force", XLPT_CPU_FORCE },
	{ "optional", XLPT_CPU_OPTIONAL }, { "require", XLPT_CPU_REQUIRE },
	{ "forbid", XLPT_CPU_FORBID }, { 0 } };
const struct xlpt_lv_word xlpt_lv_hostdev_driver[] = { { "xen", 1 }, { "vfio", 2 }, { "kvm", 3 },
						       { 0 } };
const struct xlpt_lv_word xlpt_lv_disk_type[] = {
	{ "file", XLPT_DISK_FILE }, { "block", XLPT_DISK_BLOCK }, { "network", XLPT_DISK_NETWORK },
	{ "volume", XLPT_DISK_VOLUME }, { 0 } };
const struct xlpt_lv_word xlpt_lv_disk_device[] = {
	{ "disk", XLPT_DISKDEV_DISK }, { "cdrom", XLPT_DISKDEV_CDROM },
	{ "floppy", XLPT_DISKDEV_FLOPPY }, { "lun", XLPT_DISKDEV_LUN }, { 0 } };
/* clang-format on */
/* What libvirt's own conversion takes for qdisk, tap and phy. */
/* clang-format off */
const struct xlpt_lv_word xlpt_lv_disk_driver[] = {
	{ "qemu", XLPT_DRV_QDISK }, { "file", XLPT_DRV_QDISK }, { "tap", XLPT_DRV_TAP },
	{ "phy", XLPT_DRV_PHY }, { 0 } };
const struct xlpt_lv_word xlpt_lv_disk_format[] = {
	{ "raw", XLPT_FMT_RAW }, { "aio", XLPT_FMT_RAW }, { "qcow", XLPT_FMT_QCOW },
	{ "qcow2", XLPT_FMT_QCOW2 }, { "vhd", XLPT_FMT_VHD }, { "qed", XLPT_FMT_QED },
	{ "vpc", XLPT_FMT_VHD }, /* QEMU's name of it (libxl_device.c) */
	{ 0 } };
const struct xlpt_lv_word xlpt_lv_vport[] = {
	{ "802.1Qbh", XLPT_VPORT_QBH }, { "802.1Qbg", XLPT_VPORT_QBG },
	{ "openvswitch", XLPT_VPORT_OVS }, { "midonet", XLPT_VPORT_MIDONET }, { 0 } };
const struct xlpt_lv_word xlpt_lv_vlan_native[] = {
	{ "tagged", XLPT_VLAN_TAGGED }, { "untagged", XLPT_VLAN_UNTAGGED }, { 0 } };
const struct xlpt_lv_word xlpt_lv_net_type[] = {
	{ "bridge", XLPT_NET_BRIDGE }, { "network", XLPT_NET_NETWORK },
	{ "ethernet", XLPT_NET_ROUTED }, { "direct", XLPT_NET_NETDEV }, { 0 } };
const struct xlpt_lv_word xlpt_lv_gfx_type[] = {
	{ "vnc", XLPT_GFX_VNC }, { "spice", XLPT_GFX_SPICE }, { "sdl", XLPT_GFX_SDL }, { 0 } };
/* clang-format on */
/* telnet is tcp with a <protocol>. */
/* clang-format off */
const struct xlpt_lv_word xlpt_lv_chr_type[] = {
	{ "pty", XLPT_CHR_PTY }, { "null", XLPT_CHR_NULL }, { "vc", XLPT_CHR_VC },
	{ "stdio", XLPT_CHR_STDIO }, { "file", XLPT_CHR_FILE }, { "pipe", XLPT_CHR_PIPE },
	{ "dev", XLPT_CHR_DEV }, { "tcp", XLPT_CHR_TCP }, { "tcp", XLPT_CHR_TELNET },
	{ "udp", XLPT_CHR_UDP }, { "unix", XLPT_CHR_UNIX }, { 0 } };
const struct xlpt_lv_word xlpt_lv_console_target[] = {
	{ "xen", XLPT_CON_XEN }, { "serial", XLPT_CON_SERIAL }, { 0 } };
const struct xlpt_lv_word xlpt_lv_input_type[] = {
	{ "tablet", XLPT_INPUT_TABLET }, { "mouse", XLPT_INPUT_MOUSE },
	{ "keyboard", XLPT_INPUT_KEYBOARD }, { 0 } };
const struct xlpt_lv_word xlpt_lv_input_bus[] = {
	{ "usb", XLPT_BUS_USB }, { "ps2", XLPT_BUS_PS2 }, { "xen", XLPT_BUS_XEN }, { 0 } };
const struct xlpt_lv_word xlpt_lv_sound_model[] = {
	{ "sb16", 1 }, { "es1370", 1 }, { "pcspk", 1 }, { "ac97", 1 }, { "ich6", 1 },
	{ "ich7", 1 }, { "ich9", 1 },	{ "usb", 1 },	{ 0 } };
const struct xlpt_lv_word xlpt_lv_video_model[] = {
	{ "vga", XLPT_VGA_STD }, { "cirrus", XLPT_VGA_CIRRUS }, { "qxl", XLPT_VGA_QXL },
	{ "none", XLPT_VGA_NONE }, { "xen", XLPT_VGA_XEN }, { 0 } };
/* clang-format on */

int xlpt_lv_word_value(const struct xlpt_lv_word *table, const char *word)
{
	for (; word && table->word; table++)
		if (strcmp(table->word, word) == 0)
			return table->value;
	return 0;
}

const char *xlpt_lv_word_text(const struct xlpt_lv_word *table, int value)
{
	for (; value && table->word; table++)
		if (table->value == value)
			return table->word;
	return NULL;
}

static const char *const nics[][2] = {
	{ "virtio", "virtio-net" },
	{ "virtio-transitional", "virtio-net-pci-transitional" },
	{ "virtio-non-transitional", "virtio-net-pci-non-transitional" },
};

const char *xlpt_lv_nic_from(const char *libvirt)
{
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(nics); i++)
		if (xlpt_streq(libvirt, nics[i][0]))
			return nics[i][1];
	return libvirt;
}

const char *xlpt_lv_nic_to(const char *model)
{
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(nics); i++)
		if (xlpt_streq(model, nics[i][1]))
			return nics[i][0];
	return model;
}

/* libxl makes piix3-usb-uhci, usb-ehci and nec-usb-xhci (libxl__device_usbctrl_add_hvm). */
static const struct {
	const char *model;
	unsigned version;
	bool own;
} usb_chips[] = {
	{ "piix3-uhci", 1, true },  { "ehci", 2, true },	{ "nec-xhci", 3, true },
	{ "piix4-uhci", 1, false }, { "ich9-uhci1", 1, false }, { "ich9-uhci2", 1, false },
	{ "ich9-uhci3", 1, false }, { "pci-ohci", 1, false },	{ "vt82c686b-uhci", 1, false },
	{ "ich9-ehci1", 2, false }, { "qemu-xhci", 3, false },
};

unsigned xlpt_lv_usb_version(const char *model, bool *own)
{
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(usb_chips); i++)
		if (xlpt_streq(model, usb_chips[i].model)) {
			*own = usb_chips[i].own;
			return usb_chips[i].version;
		}
	return 0;
}

const char *xlpt_lv_usb_model(uint64_t version)
{
	return version >= 1 && version <= 3 ? usb_chips[version - 1].model : NULL;
}

const char *xlpt_lv_bus_of(const char *vdev, int dom_type)
{
	static const struct {
		const char *prefix, *bus;
	} names[] = {
		{ "xvd", "xen" },   { "hd", "ide" }, { "sd", "scsi" },
		{ "vd", "virtio" }, { "fd", "fdc" }, { "ubd", "uml" },
	};

	if (!vdev)
		return NULL;
	/* A PV guest has nothing but the paravirtual bus, whatever the disk is called. */
	if (dom_type == XLPT_DOM_PV || dom_type == XLPT_DOM_PVH)
		return "xen";
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(names); i++)
		if (xlpt_starts(vdev, names[i].prefix))
			return names[i].bus;
	return NULL;
}

static bool all_of(const char *s, const char *set)
{
	if (!s || !*s)
		return false;
	for (; *s; s++)
		if (!isascii(*s) || (!isalnum((unsigned char)*s) && !strchr(set, *s)))
			return false;
	return true;
}

bool xlpt_lv_is_path(const char *s)
{
	if (!s || strchr(s, '\n') || strchr(s, '\r'))
		return false;
	if (s[0] == '/')
		return s[1];
	return isalpha((unsigned char)s[0]) && s[1] == ':' && s[2] == '\\' && s[3];
}

bool xlpt_lv_is_cpuset(const char *s)
{
	_cleanup_free_ char *plain = xlpt_cpuset_plain(s);

	return plain != NULL;
}

bool xlpt_lv_is_mac(const char *s)
{
	if (!s || strlen(s) != 17)
		return false;
	for (int i = 0; i < 17; i++)
		if (i % 3 == 2 ? s[i] != ':' : !isxdigit((unsigned char)s[i]))
			return false;
	return strchr("02468aAcCeE", s[1]);
}

bool xlpt_lv_is_uuid(const char *s)
{
	size_t n = s ? strlen(s) : 0;
	uint8_t uuid[16];

	/* libvirt takes a UUID without dashes, too. */
	return xlpt_uuid_parse(s, n, uuid) || (n == 32 && strspn(s, "0123456789abcdefABCDEF") == n);
}

bool xlpt_lv_is_ip(const char *s, size_t n)
{
	unsigned char addr[16];
	char buf[64];

	if (n >= sizeof(buf))
		return false;
	memcpy(buf, s, n);
	buf[n] = '\0';
	/* The schema has no word for an IPv4 address inside an IPv6 one beyond ::a.b.c.d forms. */
	return inet_pton(AF_INET, buf, addr) == 1 ||
	       (inet_pton(AF_INET6, buf, addr) == 1 && !strchr(buf, '.'));
}

bool xlpt_lv_is_host(const char *s)
{
	return s && (xlpt_lv_is_ip(s, strlen(s)) || all_of(s, ".-"));
}

bool xlpt_lv_is_device(const char *s)
{
	return all_of(s, "_.-\\:/");
}

bool xlpt_lv_is_word(const char *s)
{
	return all_of(s, "-_");
}

bool xlpt_lv_is_alias(const char *s)
{
	return all_of(s, "_-.");
}

bool xlpt_lv_is_vdev(const char *s)
{
	static const char *const prefixes[] = { "fd", "hd", "sd", "vd", "xvd", "ubd" };

	if (!s)
		return false;
	if (xlpt_starts(s, "ioemu:"))
		s += 6;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(prefixes); i++)
		if (xlpt_starts(s, prefixes[i]) && all_of(s + strlen(prefixes[i]), "_"))
			return true;
	return false;
}
