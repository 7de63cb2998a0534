/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether Xen can give devices away at all: its IOMMU, interrupt remapping,
 * the words on its command line (docs/misc/xen-command-line.pandoc), and what
 * the firmware offers.
 */
#include "pciback/boot/internal.h"

#include <string.h>

#include "core/spec.h"
#include "core/xen-line.h"

static void XLPT_PRINTF(3, 4) note(struct xlpt_iommu_notes *out, bool good, const char *fmt, ...)
{
	va_list ap;

	XLPT_GROW(out->items, out->n, out->alloc);
	va_start(ap, fmt);
	out->items[out->n++] =
		(struct xlpt_iommu_note){ .good = good, .text = xlpt_xvasprintf(fmt, ap) };
	va_end(ap);
}

/* Of the note added last. */
static struct xlpt_iommu_note *last(struct xlpt_iommu_notes *out)
{
	return &out->items[out->n - 1];
}

static void XLPT_PRINTF(2, 3) way(struct xlpt_iommu_notes *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	last(out)->way = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
}

static bool is_off(const char *w)
{
	static const char *const off[] = { "off", "no", "0", "false", "disable" };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(off); i++)
		if (!strcmp(w, off[i]))
			return true;
	return false;
}

/* "iommu=LIST" and "no-iommu"-like words: the last setting of each counts. */
struct words {
	bool off, no_intremap;
};

static void iommu_value(char *value, struct words *w)
{
	char *save = NULL;

	for (char *s = strtok_r(value, ",", &save); s; s = strtok_r(NULL, ",", &save)) {
		if (is_off(s))
			w->off = true;
		else if (!strcmp(s, "on") || !strcmp(s, "yes") || !strcmp(s, "1") ||
			 !strcmp(s, "true") || !strcmp(s, "enable") || !strcmp(s, "force") ||
			 !strcmp(s, "required"))
			w->off = false;
		else if (!strcmp(s, "no-intremap") ||
			 (xlpt_starts(s, "intremap=") && is_off(s + strlen("intremap="))))
			w->no_intremap = true;
		else if (xlpt_starts(s, "intremap"))
			w->no_intremap = false;
	}
}

static void read_words(const char *cmdline, struct words *w)
{
	_cleanup_free_ char *own = xlpt_xen_own(cmdline);
	char *save = NULL;

	*w = (struct words){ 0 };
	for (char *s = strtok_r(own, XLPT_XEN_BLANKS, &save); s;
	     s = strtok_r(NULL, XLPT_XEN_BLANKS, &save)) {
		if (xlpt_starts(s, "iommu=")) {
			iommu_value(s + strlen("iommu="), w);
		} else if (!strcmp(s, "no-iommu")) {
			w->off = true;
		} else if (!strcmp(s, "iommu")) {
			w->off = false;
		}
	}
}

static bool dom0_is_pvh(struct xlpt_host *h, const char *xen_cmdline)
{
	_cleanup_free_ char *type = NULL, *dom0 = xlpt_xen_value(xen_cmdline, "dom0", false);
	char *save = NULL;
	bool pvh = false;

	/* Linux 4.20 and later (drivers/xen/sys-hypervisor.c). */
	if (xlpt_host_read_text(h, &type, "/sys/hypervisor/guest_type") >= 0)
		return !strcmp(xlpt_chomp(type), "PVH");
	for (char *s = dom0 ? strtok_r(dom0, ",", &save) : NULL; s; s = strtok_r(NULL, ",", &save))
		pvh |= !strcmp(s, "pvh") || !strcmp(s, "pvh=1") || !strcmp(s, "pvh=true");
	return pvh;
}

int xlpt_boot_judge_dom0(struct xlpt_host *h, const char *xen_cmdline, struct xlpt_diag *diag)
{
	if (!dom0_is_pvh(h, xen_cmdline))
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_RULE,
		      "dom0 is a PVH domain: Xen's SUPPORT.md lists PCI passthrough to guests as "
		      "missing there");
	xlpt_diag_hint(diag, "take pvh out of dom0= on Xen's command line, and reboot");
	return XLPT_ERR_RULE;
}

enum vendor { VENDOR_OTHER, VENDOR_INTEL, VENDOR_AMD };

static enum vendor cpu_vendor(struct xlpt_host *h)
{
	_cleanup_str_ struct xlpt_str text = { 0 };

	if (xlpt_boot_slurp(h, "/proc/cpuinfo", &text) < 0)
		return VENDOR_OTHER;
	if (strstr(xlpt_str_get(&text), "GenuineIntel"))
		return VENDOR_INTEL;
	if (strstr(xlpt_str_get(&text), "AuthenticAMD") ||
	    strstr(xlpt_str_get(&text), "HygonGenuine"))
		return VENDOR_AMD;
	return VENDOR_OTHER;
}

/* Xen renames Intel's table to XMAR, so that dom0 does not use it (xen/drivers/passthrough/vtd). */
static const char *firmware_table(struct xlpt_host *h)
{
	static const char *const names[] = { "DMAR", "XMAR", "IVRS" };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(names); i++)
		if (xlpt_host_has(h, "/sys/firmware/acpi/tables/%s", names[i]))
			return names[i];
	return NULL;
}

static const char *setting(enum vendor vendor)
{
	switch (vendor) {
	case VENDOR_INTEL:
		return "turn on VT-d (\"Intel Virtualization Technology for Directed I/O\")";
	case VENDOR_AMD:
		return "turn on IOMMU (\"AMD I/O Virtualization Technology\"; \"Enabled\", not "
		       "\"Auto\")";
	case VENDOR_OTHER:
		break;
	}
	return "turn on VT-d or the AMD IOMMU";
}

/* ---- what Xen's messages say (iommu-log.c) ---- */

/* known: the firmware describes no IOMMU, which is reason enough. */
static void why_off(const char *log, bool known, struct xlpt_iommu_notes *out)
{
	const char *help = NULL;
	_cleanup_free_ char *line = xlpt_iommu_reason(log, &help);

	if (line) {
		note(out, false, "Xen says why (xl dmesg): \"%s\"", line);
		note(out, false, "%s", help ? help : "update the firmware, and look at its setup");
		last(out)->is_way = true;
	}
	if (line || known)
		return;
	line = xlpt_iommu_trouble(log);
	if (line) {
		note(out, false, "Xen says before it (xl dmesg): \"%s\"", line);
		note(out, false, "update the firmware, and look at its setup");
		last(out)->is_way = true;
		return;
	}
	line = xlpt_iommu_line(log, "I/O virtualisation disabled");
	if (line)
		note(out, false,
		     "Xen says \"%s\" (xl dmesg), and no line says why: iommu=verbose,debug on its "
		     "command line makes it say more at the next boot",
		     line);
	else
		note(out, false,
		     "Xen's messages of its start are not at hand: after the next boot, "
		     "xl dmesg | grep -i -e iommu -e vt-d -e amd-vi");
	if (line)
		way(out, "write iommu=verbose,debug on Xen's command line, reboot, and look at "
			 "xl dmesg");
	else
		way(out, "reboot; xl dmesg | grep -i -e iommu -e vt-d -e amd-vi");
}

static bool has_ids(struct xlpt_host *h, const char *bdf, const char *attr, unsigned *out)
{
	_cleanup_free_ char *text = NULL;

	return xlpt_host_read_text(h, &text, "/sys/bus/pci/devices/%s/%s", bdf, attr) >= 0 &&
	       sscanf(text, "%x", out) == 1;
}

/*
 * Intel's 5500, 5520 and X58: with these steppings Xen turns the IOMMU off as long as interrupts
 * are to be remapped (vtd/quirks.c, tylersburg_intremap_quirk: function 0 of device 0 on any bus).
 */
static bool tylersburg(struct xlpt_host *h)
{
	_cleanup_strv_ char **names = NULL;

	xlpt_host_list(h, &names, "/sys/bus/pci/devices");
	for (char **n = names; n && *n; n++) {
		unsigned vendor, device, revision;

		if (!xlpt_starts(*n, "0000:") || strlen(*n) != 12 || strcmp(*n + 8, "00.0") != 0 ||
		    !has_ids(h, *n, "vendor", &vendor) || vendor != 0x8086 ||
		    !has_ids(h, *n, "device", &device) || !has_ids(h, *n, "revision", &revision))
			continue;
		if (device == 0x3405 || ((device == 0x3403 || device == 0x3406) && revision < 0x22))
			return true;
	}
	return false;
}

static void remapping(struct xlpt_host *h, const char *log, const struct words *w,
		      struct xlpt_iommu_notes *out)
{
	static const char *const off[] = { "interrupt remapping not enabled",
					   "interrupt remapping is not",
					   "interrupt remapping not supported",
					   "interrupt remapping disabled" };
	_cleanup_free_ char *line = NULL, *why = xlpt_iommu_line(log, "remapping has an erratum");
	size_t before = out->n;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(off) && !line; i++)
		line = xlpt_iommu_line(log, off[i]);
	if (log && (strstr(log, "nterrupt Remapping enabled") ||
		    strstr(log, "nterrupt remapping enabled"))) {
		note(out, true, "interrupt remapping is on (xl dmesg)");
	} else if (line && (why || !w->no_intremap)) {
		note(out, false,
		     "interrupt remapping is off (xl dmesg: \"%s\"): a guest with a device can "
		     "send "
		     "the host any interrupt; update the firmware, or turn x2APIC or interrupt "
		     "remapping on in its setup",
		     why ? why : line);
		way(out, "update the firmware, or turn x2APIC or interrupt remapping on in its "
			 "setup");
	} else if (!w->no_intremap) {
		note(out, true,
		     "whether interrupt remapping is on is not known: Xen's messages of "
		     "its start are not at hand");
		last(out)->unknown = true;
	}
	if (w->no_intremap && tylersburg(h)) {
		note(out, false,
		     "Xen's command line turns interrupt remapping off: a guest with a device can "
		     "send the host any interrupt; it has to stay off, because this chipset's is "
		     "broken, and with it Xen would do without the IOMMU");
		way(out, "give devices only to guests that you trust as much as this host");
	} else if (w->no_intremap) {
		note(out, false,
		     "Xen's command line turns interrupt remapping off: a guest with a device can "
		     "send the host any interrupt; take \"no-intremap\" out of iommu=, unless Xen "
		     "does without the IOMMU then");
		way(out, "take \"no-intremap\" out of iommu= on Xen's command line; if Xen does "
			 "without the IOMMU then (xl dmesg), write it back");
	}
	for (size_t i = before; i < out->n; i++)
		out->items[i].remaps = true;
}

/* Recipes for KVM have these: Linux reads them where it has the IOMMU itself. */
static bool is_kvms(const char *word)
{
	return xlpt_starts(word, "intel_iommu=") || xlpt_starts(word, "amd_iommu=") ||
	       !strcmp(word, "iommu=pt") || !strcmp(word, "iommu=on");
}

/* On the command line of dom0's kernel, under which Xen has it. */
static void for_kvm(struct xlpt_host *h, struct xlpt_iommu_notes *out)
{
	_cleanup_free_ char *text = NULL;
	char *cursor, *w;

	if (xlpt_host_read_text(h, &text, "/proc/cmdline") < 0)
		return;
	for (cursor = text; (w = xlpt_cmdline_word(&cursor));)
		if (is_kvms(w)) {
			note(out, false,
			     "%s on the command line of dom0's kernel changes nothing: the IOMMU is "
			     "Xen's, and its word is iommu= on Xen's command line",
			     w);
			return;
		}
}

static void unread_words(const char *log, struct xlpt_iommu_notes *out)
{
	char *line;

	while ((line = xlpt_iommu_unread(&log))) {
		note(out, false,
		     "Xen did not take a word of its command line (xl dmesg): \"%s\"; correct it, or "
		     "take it out",
		     line);
		last(out)->unread = true;
		if (strstr(line, "\"intel_iommu\"") || strstr(line, "\"amd_iommu\""))
			way(out, "take it off Xen's command line: it is a word of Linux without "
				 "Xen; Xen uses the IOMMU by itself, unless iommu= turns it off");
		else
			way(out, "correct that word, or take it off Xen's command line; what Xen "
				 "knows is in its xen-command-line documentation");
		free(line);
	}
}

void xlpt_boot_iommu(struct xlpt_host *h, const char *xen_cmdline, const char *xen_log, int works,
		     struct xlpt_iommu_notes *out)
{
	const char *table = firmware_table(h);
	bool acpi = xlpt_host_has(h, "/sys/firmware/acpi/tables");
	struct words w = { 0 };

	*out = (struct xlpt_iommu_notes){ 0 };
	if (xen_cmdline)
		read_words(xen_cmdline, &w);
	if (works == XLPT_ON) {
		note(out, true, "Xen runs with an IOMMU");
	} else if (works == XLPT_OFF) {
		note(out, false,
		     "Xen runs without an IOMMU: no guest can safely be given a device");
	} else {
		note(out, true,
		     "whether Xen runs with an IOMMU is not known: no running Xen was asked");
		last(out)->unknown = true;
	}
	if (xen_cmdline && w.off) {
		note(out, false,
		     "Xen's command line turns the IOMMU off: write iommu=1 (its words: %.*s)",
		     (int)strcspn(xen_cmdline, "\r\n"), xen_cmdline);
		way(out, "write iommu=1 on Xen's command line in the place of what turns it off");
	} else if (works == XLPT_OFF) {
		why_off(xen_log, acpi && !table, out);
	}
	if (table) {
		note(out, true, "the firmware describes an IOMMU (ACPI table %s)", table);
	} else if (acpi && works != XLPT_ON) {
		note(out, false,
		     "the firmware describes no IOMMU (no ACPI table DMAR or IVRS): %s in its "
		     "setup",
		     setting(cpu_vendor(h)));
		way(out, "%s in the firmware's setup", setting(cpu_vendor(h)));
	}
	if (works == XLPT_OFF)
		for_kvm(h, out);
	else
		remapping(h, xen_log, &w, out);
	unread_words(xen_log, out);
}

void xlpt_iommu_notes_dispose(struct xlpt_iommu_notes *notes)
{
	for (size_t i = 0; i < notes->n; i++) {
		free(notes->items[i].text);
		free(notes->items[i].way);
	}
	free(notes->items);
	*notes = (struct xlpt_iommu_notes){ 0 };
}
