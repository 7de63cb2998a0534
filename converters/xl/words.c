/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "converters/xl/words.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef const struct xlpt_xl_word words_t[];

/* clang-format off */
static words_t types = { { "pv", XLPT_DOM_PV }, { "hvm", XLPT_DOM_HVM }, { "pvh", XLPT_DOM_PVH },
			 { NULL, 0 } };
/* clang-format on */
/* clang-format off */
static words_t builders = { { "generic", XLPT_DOM_PV }, { "hvm", XLPT_DOM_HVM },
			    { "linux", XLPT_DOM_PV }, { NULL, 0 } };
static words_t actions = { { "destroy", XLPT_ACT_DESTROY }, { "restart", XLPT_ACT_RESTART },
			   { "rename-restart", XLPT_ACT_RENAME_RESTART },
			   { "preserve", XLPT_ACT_PRESERVE },
			   { "coredump-destroy", XLPT_ACT_COREDUMP_DESTROY },
			   { "coredump-restart", XLPT_ACT_COREDUMP_RESTART },
			   { "soft-reset", XLPT_ACT_SOFT_RESET }, { NULL, 0 } };
static words_t bios = { { "seabios", XLPT_FW_BIOS }, { "ovmf", XLPT_FW_UEFI },
			{ "rombios", XLPT_FW_ROMBIOS }, { NULL, 0 } };
/* clang-format on */
/* The words come first, so they are written; numbers of older configurations are only read. */
/* clang-format off */
static words_t tscs = { { "default", XLPT_TSC_DEFAULT }, { "always_emulate", XLPT_TSC_EMULATE },
			{ "native", XLPT_TSC_NATIVE }, { "native_paravirt", XLPT_TSC_PARAVIRT },
			{ "0", XLPT_TSC_DEFAULT }, { "1", XLPT_TSC_EMULATE },
			{ "2", XLPT_TSC_NATIVE }, { "3", XLPT_TSC_PARAVIRT }, { NULL, 0 } };
static words_t timers = { { "delay_for_missed_ticks", XLPT_MISSED_DELAY },
			  { "no_delay_for_missed_ticks", XLPT_MISSED_NO_DELAY },
			  { "no_missed_ticks_pending", XLPT_MISSED_NO_PENDING },
			  { "one_missed_tick_pending", XLPT_MISSED_ONE_PENDING },
			  { "0", XLPT_MISSED_DELAY }, { "1", XLPT_MISSED_NO_DELAY },
			  { "2", XLPT_MISSED_NO_PENDING }, { "3", XLPT_MISSED_ONE_PENDING },
			  { NULL, 0 } };
static words_t passthroughs = { { "disabled", XLPT_PT_DISABLED }, { "enabled", XLPT_PT_ENABLED },
				{ "sync_pt", XLPT_PT_SYNC }, { "share_pt", XLPT_PT_SHARE },
				{ NULL, 0 } };
/* clang-format on */
static words_t localtimes = { { "1", XLPT_CLOCK_LOCALTIME }, { "0", XLPT_CLOCK_UTC }, { NULL, 0 } };

/* clang-format off */
words_t xlpt_xl_formats = { { "raw", XLPT_FMT_RAW }, { "qcow", XLPT_FMT_QCOW },
			    { "qcow2", XLPT_FMT_QCOW2 }, { "vhd", XLPT_FMT_VHD },
			    { "qed", XLPT_FMT_QED }, { "empty", XLPT_FMT_EMPTY }, { NULL, 0 } };
words_t xlpt_xl_drivers = { { "phy", XLPT_DRV_PHY }, { "tap", XLPT_DRV_TAP },
			    { "qdisk", XLPT_DRV_QDISK }, { NULL, 0 } };
words_t xlpt_xl_vgas = { { "stdvga", XLPT_VGA_STD }, { "cirrus", XLPT_VGA_CIRRUS },
			 { "qxl", XLPT_VGA_QXL }, { "none", XLPT_VGA_NONE }, { NULL, 0 } };
words_t xlpt_xl_usbctrl_types = { { "auto", XLPT_USBC_AUTO }, { "pv", XLPT_USBC_PV },
				  { "devicemodel", XLPT_USBC_DEVICEMODEL },
				  { "qusb", XLPT_USBC_QUSB }, { NULL, 0 } };
words_t xlpt_xl_rdm_strategies = { { "ignore", XLPT_RDM_IGNORE }, { "host", XLPT_RDM_HOST },
				   { NULL, 0 } };

#define K(k, t, m) { k, XLPT_XLK_##t, offsetof(struct xlpt_dom, m), NULL, false, false }
#define HVM(k, t, m) { k, XLPT_XLK_##t, offsetof(struct xlpt_dom, m), NULL, false, true }
#define HVMW(k, m, w) { k, XLPT_XLK_WORD, offsetof(struct xlpt_dom, m), w, false, true }
#define KW(k, m, w) { k, XLPT_XLK_WORD, offsetof(struct xlpt_dom, m), w, false, false }
#define OLD(k, t, m, w) { k, XLPT_XLK_##t, offsetof(struct xlpt_dom, m), w, true, false }

const struct xlpt_xl_key xlpt_xl_keys[] = {
	K("name", STR, name),
	K("uuid", STR, uuid),
	OLD("builder", WORD, type, builders),
	KW("type", type, types),
	K("pool", STR, cpupool),
	K("memory", KIB, memory),
	K("maxmem", KIB, maxmem),
	K("vcpus", NUM, vcpus),
	K("maxvcpus", NUM, maxvcpus),
	K("cpu_weight", NUM, cpu_weight),
	K("cap", NUM, cpu_cap),
	K("kernel", STR, kernel),
	K("ramdisk", STR, ramdisk),
	K("bootloader", STR, bootloader),
	K("bootloader_args", STRV, bootloader_args),
	HVMW("bios", firmware, bios),
	HVM("bios_path_override", STR, firmware_path),
	HVM("firmware_override", STR, loader),
	HVM("boot", STR, boot),
	K("device_model_override", STR, emulator),
	K("device_model_args", STRV, dm_args),
	HVM("acpi_firmware", STR, acpi_firmware),
	HVM("pae", TRI, pae),
	K("acpi", TRI, acpi),
	HVM("apic", TRI, apic),
	K("hap", TRI, hap),
	K("nestedhvm", TRI, nestedhvm),
	HVM("acpi_s3", TRI, acpi_s3),
	HVM("acpi_s4", TRI, acpi_s4),
	HVM("xen_platform_pci", TRI, xen_platform_pci),
	K("nomigrate", TRI, nomigrate),
	KW("localtime", clock, localtimes),
	HVM("hpet", TRI, hpet),
	KW("tsc_mode", tsc, tscs),
	KW("timer_mode", missed_ticks, timers),
	KW("on_poweroff", on_poweroff, actions),
	KW("on_reboot", on_reboot, actions),
	KW("on_watchdog", on_watchdog, actions),
	KW("on_crash", on_crash, actions),
	KW("on_soft_reset", on_soft_reset, actions),
	K("pci_permissive", TRI, pci_permissive),
	K("pci_msitranslate", TRI, pci_msitranslate),
	K("pci_seize", TRI, pci_seize),
	K("pci_power_mgmt", TRI, pci_power_mgmt),
	HVM("rdm_mem_boundary", NUM, rdm_mem_boundary),
	HVM("gfx_passthru", STR, gfx_passthru),
	KW("passthrough", passthrough, passthroughs),
	K("e820_host", TRI, e820_host),
	K("max_grant_frames", NUM, max_grant_frames),
	K("max_event_channels", NUM, max_event_channels),
	HVM("usb", TRI, usb),
	{ NULL, 0, 0, NULL, false, false },
};
/* clang-format on */

int xlpt_xl_word(const struct xlpt_xl_word *words, const char *s)
{
	for (; words->word; words++)
		if (!strcmp(words->word, s))
			return words->value;
	return 0;
}

const char *xlpt_xl_spell(const struct xlpt_xl_word *words, int value)
{
	for (; words->word; words++)
		if (words->value == value)
			return words->word;
	return NULL;
}

char **xlpt_xl_split(const char *text)
{
	char **words = xlpt_xcalloc(1, sizeof(*words));

	for (;;) {
		size_t n;

		text += strspn(text, " \t\n");
		n = strcspn(text, " \t\n");
		if (!n)
			return words;
		xlpt_strv_take(&words, xlpt_xstrndup(text, n));
		text += n;
	}
}

/* libvirt's name, libxl's name (libxl_cpuid.c, 4.17; libvirt's cpu_map). */
/* clang-format off */
static const char *const cpu_names[][2] = {
	{ "cx16", "cmpxchg16" }, { "cid", "cntxid" }, { "ds_cpl", "dscpl" },
	{ "pclmuldq", "pclmulqdq" }, { "pni", "sse3" }, { "ht", "htt" }, { "pn", "psn" },
	{ "clflush", "clfsh" }, { "sep", "sysenter" }, { "cx8", "cmpxchg8" },
	{ "nodeid_msr", "nodeid" }, { "cr8legacy", "altmovcr8" }, { "lahf_lm", "lahfsahf" },
	{ "cmp_legacy", "cmplegacy" }, { "fxsr_opt", "ffxsr" }, { "pdpe1gb", "page1gb" },
	{ "spec-ctrl", "ibrsb" }, { "arch-capabilities", "arch-caps" }, { "npt", "svm_npt" },
	{ "lbrv", "svm_lbrv" }, { "nrip-save", "svm_nrips" }, { "tsc-scale", "svm_tscrate" },
	{ "vmcb-clean", "svm_vmcbclean" }, { "decodeassists", "svm_decode" },
	{ "pause-filter", "svm_pausefilt" },
};
/* clang-format on */

const char *xlpt_xl_cpu_from(const char *xl_name)
{
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cpu_names); i++)
		if (!strcmp(cpu_names[i][1], xl_name))
			return cpu_names[i][0];
	return xl_name;
}

const char *xlpt_xl_cpu_to(const char *name)
{
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cpu_names); i++)
		if (!strcmp(cpu_names[i][0], name))
			return cpu_names[i][1];
	return name;
}

/* "a" 0, "z" 25, "aa" 26, then a partition up to max_part; false when it is none or beyond max. */
static bool letters(const char *s, int max, unsigned long max_part, int *disk)
{
	char *end;

	for (*disk = -1; *s >= 'a' && *s <= 'z'; s++) {
		*disk = (*disk + 1) * 26 + (*s - 'a');
		if (*disk > max)
			return false;
	}
	if (*disk < 0 || !*s)
		return *disk >= 0;
	return *s >= '1' && *s <= '9' && strtoul(s, &end, 10) <= max_part && !*end;
}

bool xlpt_xl_vdev(const char *vdev, int *disk)
{
	int partition, used = -1, scratch;
	uint64_t v;

	disk = disk ? disk : &scratch;
	*disk = -1;
	if (sscanf(vdev, "d%dp%d%n", disk, &partition, &used) == 2 && used == (int)strlen(vdev))
		return *disk >= 0 && *disk < 1 << 20 && partition >= 0 && partition < 256;
	*disk = -1;
	if (xlpt_parse_uint(vdev, strlen(vdev), 10, INT32_MAX, &v))
		return true;
	if (xlpt_starts(vdev, "0x") &&
	    xlpt_parse_uint(vdev + 2, strlen(vdev + 2), 16, INT32_MAX, &v))
		return true;
	if (xlpt_starts(vdev, "xvd"))
		return letters(vdev + 3, (1 << 20) - 1, 255, disk);
	if (xlpt_starts(vdev, "hd"))
		return letters(vdev + 2, 3, 63, disk);
	return xlpt_starts(vdev, "sd") && letters(vdev + 2, 15, 15, disk);
}

bool xlpt_xl_disk_number(const char *vdev, uint32_t *number)
{
	uint32_t disk, part;
	int place;

	if (!xlpt_xl_vdev(vdev, &place))
		return false;
	if (place < 0) {
		*number = (uint32_t)strtoul(vdev, NULL, xlpt_starts(vdev, "0x") ? 16 : 10);
		return true;
	}
	disk = (uint32_t)place;
	if (vdev[0] == 'd') /* d1p2 */
		part = (uint32_t)strtoul(strchr(vdev, 'p') + 1, NULL, 10);
	else
		part = (uint32_t)strtoul(vdev + strcspn(vdev, "0123456789"), NULL, 10);
	if (xlpt_starts(vdev, "hd"))
		*number = (disk < 2 ? 3u : 22u) << 8 | (disk & 1) << 6 | part;
	else if (xlpt_starts(vdev, "sd"))
		*number = 8u << 8 | disk << 4 | part;
	else if (disk < 16 && part < 16)
		*number = 202u << 8 | disk << 4 | part;
	else
		*number = 1u << 28 | disk << 8 | part;
	return true;
}

static bool listed(const char *const *list, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(list[i], word) == 0)
			return true;
	return false;
}

bool xlpt_xl_is_nic(const char *model)
{
	/* QEMU's PCI network cards ("-device help"); libxl hands the word over as it is. */
	/* clang-format off */
	static const char *const nics[] = {
		"e1000", "e1000-82540em", "e1000-82544gc", "e1000-82545em", "e1000e", "igb", "rtl8139",
		"ne2k_pci", "pcnet", "vmxnet3", "tulip", "i82550", "i82551", "i82557a", "i82557b",
		"i82557c", "i82558a", "i82558b", "i82559a", "i82559b", "i82559c", "i82559er", "i82562",
		"i82801", "virtio-net", "virtio-net-pci", "virtio-net-pci-transitional",
		"virtio-net-pci-non-transitional", "sungem", "sunhme",
	};
	/* clang-format on */

	return listed(nics, XLPT_ARRAY_SIZE(nics), model);
}

bool xlpt_xl_is_sound(const char *model)
{
	static const char *const cards[] = { "ac97", "adlib", "cs4231a", "es1370",
					     "gus",  "hda",   "sb16" };

	return listed(cards, XLPT_ARRAY_SIZE(cards), model);
}

bool xlpt_xl_is_viridian(const char *group)
{
	/* libxl_types.idl, 4.17. */
	/* clang-format off */
	static const char *const groups[] = {
		"all", "defaults", "base", "freq", "time_ref_count", "reference_tsc",
		"hcall_remote_tlb_flush", "apic_assist", "crash_ctl", "synic", "stimer", "hcall_ipi",
		"ex_processor_masks", "no_vp_limit", "cpu_hotplug",
	};
	/* clang-format on */

	return listed(groups, XLPT_ARRAY_SIZE(groups), group + (*group == '!'));
}

bool xlpt_xl_is_uefi(const char *path)
{
	static const char *const names[] = { "*ovmf*", "*edk2*", "*uefi*", "*_efi*", "*.fd" };

	for (size_t i = 0; path && i < XLPT_ARRAY_SIZE(names); i++)
		if (fnmatch(names[i], path, FNM_CASEFOLD) == 0)
			return true;
	return false;
}

uint64_t xlpt_xl_video_least(int model)
{
	return (model == XLPT_VGA_QXL	 ? 128
		: model == XLPT_VGA_STD	 ? 16
		: model == XLPT_VGA_NONE ? 0
					 : 8) *
	       1024ull;
}
