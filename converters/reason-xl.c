/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The keys that xl reads (xl_parse.c of 4.17 and 4.20), and what a guest of libvirt's is without
 * those that libvirt has no word for.
 */
#include "converters/convert.h"
#include "converters/xl/scan.h"
#include "converters/xl/words.h"

#define CHANGED XLPT_LOSS_CHANGED
#define KEPT	XLPT_LOSS_KEPT
#define NOTE	XLPT_LOSS_NOTE

static const char plain[] = "libvirt has no word for this setting of xl";
static const char host[] = "libvirt has no word for it; the guest itself is the same";
static const char root[] = "libvirt starts QEMU and bootloaders as root, without restrictions";
static const char display[] = "of a display that this guest does not have";
static const char old[] = "xl itself no longer does anything with it";

static const struct {
	const char *key;
	const char *value; /* as it stands in the file, without quotes; NULL = any */
	enum xlpt_severity severity;
	const char *text;
} keys[] = {
	{ "#", NULL, NOTE, "comments are kept, but not their places" },
	{ "type", NULL, CHANGED,
	  "pv, pvh or hvm: with another word xl starts no guest, and libvirt's is a PV guest" },
	{ "acpi_laptop_slate", "0", NOTE, "what libvirt does as well" },
	{ "altp2m", "0", NOTE, "what libvirt does as well" },
	{ "altp2m", "disabled", NOTE, "what libvirt does as well" },
	{ "altp2mhvm", "0", NOTE, "what libvirt does as well" },
	{ "altp2m", "2", KEPT, host },
	{ "altp2m", "external", KEPT, host },
	{ "altp2m_count", NULL, KEPT, host },
	{ "bootloader_restrict", "0", NOTE, "what libvirt does as well" },
	{ "bootloader_restrict", NULL, CHANGED, root },
	{ "bootloader_user", NULL, CHANGED, root },
	{ "builder", NULL, CHANGED, "generic or hvm: with another word xl starts no guest" },
	{ "device_model", NULL, NOTE, old },
	{ "device_model_stubdomain_override", "0", NOTE, "what libvirt does as well" },
	{ "device_model_stubdomain_override", NULL, CHANGED,
	  "libvirt runs QEMU in dom0, as root, and not in a domain of its own" },
	{ "device_model_user", NULL, CHANGED, root },
	{ "device_model_version", "qemu-xen", NOTE, "what libvirt does as well" },
	{ "display", NULL, NOTE, display },
	{ "dm_restrict", "0", NOTE, "what libvirt does as well" },
	{ "dm_restrict", NULL, CHANGED, root },
	{ "driver_domain", "0", NOTE, "what libvirt does as well" },
	{ "extratime", NULL, NOTE, "of a scheduler that Xen no longer has" },
	{ "hdtype", "ide", NOTE, "what libvirt does as well" },
	{ "init_seclabel", NULL, CHANGED, plain },
	{ "keymap", NULL, NOTE, display },
	{ "latency", NULL, NOTE, "of a scheduler that Xen no longer has" },
	{ "llc_colors", NULL, CHANGED,
	  "libvirt has no word for it: the guest shares its part of the cache" },
	{ "max_grant_version", NULL, CHANGED, plain },
	{ "max_maptrack_frames", NULL, KEPT, host },
	{ "mca_caps", NULL, CHANGED, plain },
	{ "ms_vm_genid", "none", NOTE, "what libvirt does as well" },
	{ "msr_relaxed", "0", NOTE, "what libvirt does as well" },
	{ "nographic", "0", NOTE, "what libvirt does as well" },
	{ "nographic", NULL, NOTE, "said by <graphics>, or by none of it" },
	{ "nx", "1", NOTE, "what libvirt does as well" },
	{ "oos", NULL, KEPT, host },
	{ "opengl", NULL, NOTE, display },
	{ "parallel", "none", NOTE,
	  "xl does not read it, and libvirt gives none without being told" },
	{ "period", NULL, CHANGED, "libvirt has no word for real-time scheduling" },
	{ "pvshim", "0", NOTE, "what libvirt does as well" },
	{ "seclabel", NULL, CHANGED,
	  "libvirt has no word for XSM labels, which bind where XSM is on" },
	{ "serial", "none", NOTE, "libvirt gives none without being told" },
	{ "shadow_memory", NULL, KEPT, "libvirt lets libxl choose how much" },
	{ "slice", NULL, NOTE, "of a scheduler that Xen no longer has" },
	{ "spice_clipboard_sharing", NULL, NOTE, display },
	{ "spice_image_compression", NULL, NOTE, display },
	{ "spice_streaming_video", NULL, NOTE, display },
	{ "spiceagent_mouse", NULL, NOTE, display },
	{ "spicedisable_ticketing", NULL, NOTE, display },
	{ "spicehost", NULL, NOTE, display },
	{ "spicepasswd", NULL, NOTE, display },
	{ "spiceport", NULL, NOTE, display },
	{ "spicetls_port", NULL, NOTE, display },
	{ "spiceusbredirection", NULL, NOTE, display },
	{ "spicevdagent", NULL, NOTE, display },
	{ "stubdomain_cmdline", NULL, KEPT, host },
	{ "stubdomain_kernel", NULL, KEPT, host },
	{ "stubdomain_memory", NULL, KEPT, host },
	{ "stubdomain_ramdisk", NULL, KEPT, host },
	{ "trap_unmapped_accesses", NULL, CHANGED, plain },
	{ "usbversion", "0", NOTE, "what libvirt does as well" },
	{ "vendor_device", "none", NOTE, "what libvirt does as well" },
	{ "vif2", NULL, NOTE, old },
	{ "vmtrace_buf_kb", NULL, KEPT, host },
	{ "vncdisplay", NULL, NOTE, display },
	{ "vnclisten", NULL, NOTE, display },
	{ "vncpasswd", NULL, NOTE, display },
	{ "vncunused", NULL, NOTE, display },
	{ "vncviewer", NULL, NOTE, "for the one who starts the guest with xl" },
	{ "vpmu", "0", NOTE, "what libvirt does as well" },
	{ "vpt_align", "1", NOTE, "what libvirt does as well" },
	{ "xauthority", NULL, NOTE, display },
	{ "xen_platform_pci_bar_uc", NULL, KEPT, host },
	{ "xend_suspend_evtchn_compat", NULL, NOTE, old },
	{ "xenstore_feature_mask", NULL, CHANGED, plain },
	{ "xenstore_quota", NULL, KEPT, host },
};

/* Known, and without them the guest is another. */
/* clang-format off */
static const char *const others[] = {
	"acpi_laptop_slate", "altp2m", "altp2mhvm", "arm_sci", "channel", "cmdline", "cpuid", "cpus",
	"cpus_soft", "device_model_stubdomain_override", "device_model_stubdomain_seclabel",
	"device_model_version", "device_model_args_hvm", "device_model_args_pv", "device_tree", "disk",
	"driver_domain", "dtdev", "extra", "firmware", "gic_version", "hdtype", "hvm_pirq", "iomem",
	"ioports", "irqs", "mmio_hole", "ms_vm_genid", "msr_relaxed", "nr_spis", "nx", "p9", "pci",
	"pvcalls", "pvshim", "pvshim_cmdline", "pvshim_extra", "pvshim_path", "rdm", "root",
	"rtc_timeoffset", "sdl", "serial", "smbios", "smbios_firmware", "soundhw", "spice", "stdvga",
	"sve", "tee", "usbctrl", "usbdev", "usbdevice", "usbversion", "vdispl", "vendor_device", "vfb",
	"vga", "videoram", "vif", "viridian", "virtio", "vkb", "vkb_device", "vnc", "vnuma", "vpmu",
	"vpt_align", "vsnd", "vtpm", "vuart",
};
/* clang-format on */

/* xl warns of these, and does nothing more with them, where they are no lists. */
/* clang-format off */
static const char *const lists[] = {
	"channel", "disk", "dtdev", "iomem", "ioports", "irqs", "p9", "pvcalls", "usbctrl", "usbdev",
	"vdispl", "vfb", "vif", "vkb", "vnuma", "vsnd", "vtpm",
};
/* clang-format on */

static bool ignored(const struct xlpt_carry *c)
{
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(lists); i++)
		if (!strcmp(lists[i], c->path))
			return *c->text != '[';
	return false;
}

/* Of HVM guests alone, beside those of the model that say so (xl/words.c). */
/* clang-format off */
static const char *const hvm[] = {
	"acpi_laptop_slate", "altp2mhvm", "hdtype", "mca_caps", "mmio_hole", "ms_vm_genid", "nographic",
	"nx", "serial", "smbios_firmware", "soundhw", "spice", "stdvga", "usbdevice", "usbversion",
	"vendor_device", "vga", "videoram", "viridian", "vkb_device", "vpt_align",
};
/* clang-format on */

bool xlpt_xl_is_idle(const struct xlpt_dom *dom, const struct xlpt_carry *c, const char **reason)
{
	bool idle = false;

	if (c->side != XLPT_SIDE_XL || dom->type == XLPT_DOM_HVM)
		return false;
	if (!strcmp(c->path, "vnc") || !strcmp(c->path, "sdl")) {
		*reason = "xl ignores it: the displays of such a guest are those of vfb=";
		return true;
	}
	for (size_t i = 0; !idle && i < XLPT_ARRAY_SIZE(hvm); i++)
		idle = !strcmp(hvm[i], c->path);
	for (const struct xlpt_xl_key *k = xlpt_xl_keys; !idle && k->key; k++)
		idle = k->hvm && !strcmp(k->key, c->path);
	if (idle)
		*reason = "xl ignores it: it is for HVM guests";
	return idle;
}

/* Whether xl reads a key of this name. */
static bool xl_knows(const char *key)
{
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(keys); i++)
		if (!strcmp(keys[i].key, key) && keys[i].text != old)
			return strcmp(key, "parallel") != 0;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(others); i++)
		if (!strcmp(others[i], key))
			return true;
	for (const struct xlpt_xl_key *k = xlpt_xl_keys; k->key; k++)
		if (!strcmp(k->key, key))
			return true;
	return false;
}

/* Of what xl cannot read: lines like "FOO=bar" and "quota-activate = true", and none with a key of xl's. */
static enum xlpt_holds foreign(const char *text, size_t len)
{
	static const char word[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	_cleanup_free_ char *copy = xlpt_xstrndup(text, len);
	enum xlpt_holds holds = XLPT_HOLDS_GUEST;
	char *save = NULL;

	for (char *s = strtok_r(copy, "\n", &save); s; s = strtok_r(NULL, "\n", &save)) {
		size_t n;

		s += strspn(s, " \t");
		n = strspn(s, word);
		if (!n || s[n + strspn(s + n, " \t")] != '=')
			continue;
		s[n] = '\0';
		if (xl_knows(s))
			return XLPT_HOLDS_GUEST;
		holds = XLPT_HOLDS_FOREIGN;
	}
	return holds;
}

enum xlpt_holds xlpt_convert_holds(const char *text, size_t len)
{
	_cleanup_xl_scan_ struct xlpt_xl_scan scan = { 0 };
	enum xlpt_holds holds = XLPT_HOLDS_NOTHING;

	if (xlpt_format_detect(text, len) != XLPT_FORMAT_XL)
		return XLPT_HOLDS_GUEST; /* or what its reader has to say about it */
	if (xlpt_xl_scan(text, len, NULL, &scan, NULL))
		return foreign(text, len);
	for (size_t i = 0; i < scan.n; i++) {
		const struct xlpt_xl_setting *set = &scan.settings[i];
		_cleanup_free_ char *key = xlpt_xstrndup(text + set->key_off, set->key_len);

		if (xl_knows(key))
			return XLPT_HOLDS_GUEST;
		holds = XLPT_HOLDS_OTHER;
	}
	return holds;
}

static bool says(const char *text, const char *value)
{
	size_t n = strlen(value);

	text += *text == '"' || *text == '\'';
	return !strncmp(text, value, n) &&
	       (!text[n] || ((text[n] == '"' || text[n] == '\'') && !text[n + 1]));
}

enum xlpt_severity xlpt_xl_carry_reason(const char *at, const struct xlpt_carry *c,
					const char **reason)
{
	if (xlpt_starts(at, "usbdev[") && !strcmp(c->path, "usbdevice")) {
		*reason = "given as <hostdev>; today's QEMU refuses host: in usbdevice=";
		return NOTE;
	}
	if (xlpt_starts(at, "net[") && !strcmp(c->path, "model")) { /* read-net.c, no_card */
		*reason = "with type=vif there is no emulated card that could be of a model";
		return NOTE;
	}
	if (*at) {
		*reason = "libvirt has no word for this option of xl";
		return CHANGED;
	}
	if (ignored(c)) {
		*reason = "xl ignores it: it wants a [ list ] here";
		return NOTE;
	}
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(keys); i++)
		if (!strcmp(keys[i].key, c->path) &&
		    (!keys[i].value || says(c->text, keys[i].value))) {
			*reason = keys[i].text;
			return keys[i].severity;
		}
	if (!xl_knows(c->path)) {
		*reason = "unknown: xl does not read this key either";
		return NOTE;
	}
	*reason = plain;
	return CHANGED;
}
