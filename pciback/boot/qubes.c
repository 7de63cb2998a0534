/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Qubes OS hides devices without a list for pciback: dracut's module qubes-pciback gives them to it by hand,
 * in the initramfs, before other drivers are there. It takes what rd.qubes.hide_pci= names, each network
 * controller, with rd.qubes.hide_all_usb each USB controller, and leaves those that rd.qubes.dom0_usb= names.
 */
#include "pciback/boot/internal.h"

#include <string.h>

bool xlpt_boot_is_qubes(struct xlpt_host *h)
{
	_cleanup_strv_ char **names = NULL;

	xlpt_host_list(h, &names, "/usr/lib/dracut/modules.d");
	for (char **n = names; n && *n; n++)
		if (strstr(*n, "qubes-pciback"))
			return true;
	return false;
}

/* The last value of the word, as dracut's getarg takes it; "" without '='; NULL: it is not there. */
static char *value_of(const char *cmdline, const char *name)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(cmdline);
	char *cursor = copy, *found = NULL, *w;
	size_t n = strlen(name);

	while ((w = xlpt_cmdline_word(&cursor)))
		if (!strncmp(w, name, n) && (!w[n] || w[n] == '=')) {
			free(found);
			found = xlpt_xstrdup(w[n] ? w + n + 1 : "");
		}
	return found;
}

bool xlpt_boot_qubes_usb(const char *cmdline)
{
	_cleanup_free_ char *value = value_of(cmdline, "rd.qubes.hide_all_usb");

	return value && strcmp(value, "0") != 0 && strcmp(value, "no") != 0 &&
	       strcmp(value, "off") != 0;
}

/*
 * "00_1c.0-00_00.0": the address of a bridge, then the bus behind it (counted from its first one), device and
 * function; a segment may stand before it. False: it is none, or such a bridge is not there.
 */
static bool by_path(struct xlpt_host *h, const char *text, struct xlpt_bdf *out)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(text), *rest = NULL;
	unsigned seg = 0, bus, dev, func, base = 0;
	char *save = NULL;

	if (strspn(copy, "0123456789abcdef") == 4 && copy[4] == '_') {
		sscanf(copy, "%4x", &seg);
		rest = xlpt_xstrdup(copy + 5);
	} else {
		rest = xlpt_xstrdup(copy);
	}
	for (char *w = strtok_r(rest, "-", &save); w; w = strtok_r(NULL, "-", &save)) {
		_cleanup_free_ char *name = NULL;
		long long first;

		if (sscanf(w, "%2x_%2x.%1x", &bus, &dev, &func) != 3 || dev > 31 || func > 7 ||
		    bus + base > 255)
			return false;
		*out = (struct xlpt_bdf){ .seg = (uint16_t)seg,
					  .bus = (uint8_t)(bus + base),
					  .dev = (uint8_t)dev,
					  .func = (uint8_t)func };
		name = xlpt_xasprintf("/sys/bus/pci/devices/%s/secondary_bus_number",
				      XLPT_BDF_STR(*out));
		if (!save || !*save)
			return true;
		if (xlpt_host_read_long(h, &first, "%s", name) < 0 || first < 0 || first > 255)
			return false;
		base = (unsigned)first;
	}
	return false;
}

static void add_bdf(struct xlpt_hide_list *list, struct xlpt_bdf bdf)
{
	struct xlpt_hide_group g = {
		.seg = bdf.seg, .bus = bdf.bus, .dev = (int8_t)bdf.dev, .func = (int8_t)bdf.func
	};

	xlpt_hide_add(list, &g);
}

void xlpt_boot_qubes_addresses(struct xlpt_host *h, const char *value, struct xlpt_hide_list *out)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(value);
	struct xlpt_bdf bdf;
	char *save = NULL;

	for (char *w = strtok_r(copy, ", ", &save); w; w = strtok_r(NULL, ", ", &save))
		if (strchr(w, '_') ? by_path(h, w, &bdf) : xlpt_bdf_parse_any(w, &bdf, NULL) == 0)
			add_bdf(out, bdf);
}

bool xlpt_boot_qubes(struct xlpt_host *h, const struct xlpt_boot *boot,
		     const struct xlpt_devices *devs, struct xlpt_hide_list *out)
{
	const char *cmdline = boot->cmdline ? boot->cmdline : "";
	_cleanup_free_ char *pci = value_of(cmdline, "rd.qubes.hide_pci");
	_cleanup_free_ char *keep = value_of(cmdline, "rd.qubes.dom0_usb");
	_cleanup_hide_ struct xlpt_hide_list kept = { 0 };
	bool usb = xlpt_boot_qubes_usb(cmdline);

	*out = (struct xlpt_hide_list){ 0 };
	/* Without its command line it is not known whether dom0 was started so. */
	if (!boot->cmdline || !xlpt_boot_is_qubes(h))
		return false;
	xlpt_boot_qubes_addresses(h, pci ? pci : "", out);
	for (size_t i = 0; i < devs->n; i++)
		if (devs->items[i].class_code >> 16 == 0x02 ||
		    (usb && devs->items[i].class_code >> 8 == 0x0c03))
			add_bdf(out, devs->items[i].bdf);
	xlpt_boot_qubes_addresses(h, keep ? keep : "", &kept);
	for (size_t i = 0; i < kept.n; i++)
		xlpt_hide_drop(out, &kept.items[i]);
	return true;
}
