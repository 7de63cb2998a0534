/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* USB, input, displays, sound, serial ports and slots as things of this host. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "pciback/needs/things-internal.h"

#define USB	 "/sys/bus/usb/devices"
#define DRM	 "/sys/class/drm"
#define GRAPHICS "/sys/class/graphics"
#define SOUND	 "/sys/class/sound"
#define TTY	 "/sys/class/tty"
#define SLOTS	 "/sys/bus/pci/slots"
#define DEVICES	 "/sys/bus/pci/devices"

/* ---- USB ---- */

/* "046d:c31c", as lsusb(8) shows it. */
static bool usb_has_id(struct xlpt_host *h, const char *name, const char *want)
{
	_cleanup_free_ char *vendor = NULL, *product = NULL, *id = NULL;

	if (strlen(want) != 9 || want[4] != ':' ||
	    xlpt_host_read_text(h, &vendor, USB "/%s/idVendor", name) < 0 ||
	    xlpt_host_read_text(h, &product, USB "/%s/idProduct", name) < 0)
		return false;
	id = xlpt_xasprintf("%s:%s", vendor, product);
	return !strcasecmp(id, want);
}

/* 09 is a hub (usb.org, class codes); a host controller's root hub is one as well. */
static bool usb_is_hub(struct xlpt_host *h, const char *name)
{
	_cleanup_free_ char *class = NULL;

	return xlpt_host_read_text(h, &class, USB "/%s/bDeviceClass", name) >= 0 &&
	       !strcmp(class, "09");
}

void xlpt_find_usb(struct xlpt_finder *f)
{
	_cleanup_strv_ char **names = NULL;

	xlpt_host_list(f->h, &names, USB);
	for (char **n = names; n && *n; n++) {
		_cleanup_free_ char *product = NULL;

		/* "1-2:1.0" is an interface of the device 1-2. */
		if (strchr(*n, ':'))
			continue;
		if (f->word ? strcmp(f->word, *n) && !usb_has_id(f->h, *n, f->word)
			    : usb_is_hub(f->h, *n))
			continue;
		xlpt_host_read_text(f->h, &product, USB "/%s/product", *n);
		xlpt_find_link(f, USB, *n,
			       product && *product
				       ? xlpt_xasprintf("USB device %s (%s)", *n, product)
				       : xlpt_xasprintf("USB device %s", *n));
	}
}

/* ---- what somebody types or points with ---- */

static void input(void *ctx, const struct xlpt_input *in)
{
	struct xlpt_finder *f = ctx;
	struct xlpt_bdf bdf;
	char *what;

	if (f->word ? strcmp(f->word, in->name) && !(in->keyboard && !strcmp(f->word, "keyboard"))
		    : !in->keyboard)
		return;
	what = xlpt_xasprintf("%s %s", in->keyboard ? "keyboard" : "input device", in->name);
	if (xlpt_needs_path_bdf(in->sysfs, &bdf))
		xlpt_find_add(f, bdf, in->name, what);
	else
		xlpt_find_hollow(f, what);
}

void xlpt_find_input(struct xlpt_finder *f)
{
	xlpt_each_input(f->h, input, f);
}

/* ---- displays ---- */

/* "HDMI-A-1" of "card0-HDMI-A-1"; NULL for the card itself. */
static const char *connector(const char *name)
{
	const char *rest = xlpt_starts(name, "card") ? strchr(name, '-') : NULL;

	return rest ? rest + 1 : NULL;
}

static void one_drm(struct xlpt_finder *f, const char *name)
{
	const char *output = connector(name);
	_cleanup_free_ char *status = NULL;

	if (!output) {
		if (xlpt_find_wants(f, name) &&
		    (xlpt_starts(name, "card") || xlpt_starts(name, "renderD")))
			xlpt_find_link(f, DRM, name, xlpt_xasprintf("graphics card %s", name));
		return;
	}
	if (f->word && strcmp(f->word, name) && strcmp(f->word, output))
		return;
	xlpt_host_read_text(f->h, &status, DRM "/%s/status", name);
	/* Without a word only what shows something. */
	if (!f->word && !xlpt_streq(status, "connected"))
		return;
	xlpt_find_link(f, DRM, name,
		       status ? xlpt_xasprintf("display output %s (%s)", name, status)
			      : xlpt_xasprintf("display output %s", name));
}

void xlpt_find_display(struct xlpt_finder *f)
{
	_cleanup_strv_ char **names = NULL, **fbs = NULL;

	xlpt_host_list(f->h, &names, DRM);
	for (char **n = names; n && *n; n++)
		if (f->word || !xlpt_starts(*n, "renderD"))
			one_drm(f, *n);
	xlpt_host_list(f->h, &fbs, GRAPHICS);
	for (char **n = fbs; n && *n; n++)
		if (xlpt_starts(*n, "fb") && strcmp(*n, "fbcon") && xlpt_find_wants(f, *n))
			xlpt_find_link(f, GRAPHICS, *n, xlpt_xasprintf("framebuffer %s", *n));
}

/* ---- sound ---- */

/* The names of card 0 in " 0 [PCH            ]: HDA-Intel - HDA Intel PCH". Caller frees. */
static char *long_name(struct xlpt_host *h, const char *card)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	char *cursor, *line;

	if (xlpt_needs_slurp(h, "/proc/asound/cards", &text) < 0)
		return NULL;
	cursor = text.s;
	while ((line = xlpt_needs_line(&cursor))) {
		const char *number = line + strspn(line, " "), *dash = strstr(line, "]: ");
		size_t n = strspn(number, "0123456789");

		dash = dash ? strstr(dash, " - ") : NULL;
		if (dash && n && n == strlen(card + 4) && !strncmp(number, card + 4, n))
			return xlpt_xstrdup(dash + 3);
	}
	return NULL;
}

void xlpt_find_sound(struct xlpt_finder *f)
{
	_cleanup_strv_ char **names = NULL;

	xlpt_host_list(f->h, &names, SOUND);
	for (char **n = names; n && *n; n++) {
		_cleanup_free_ char *id = NULL, *name = NULL;
		const char *shown;

		if (!xlpt_starts(*n, "card") || !isdigit((unsigned char)(*n)[4]))
			continue;
		xlpt_host_read_text(f->h, &id, SOUND "/%s/id", *n);
		name = long_name(f->h, *n);
		if (f->word && strcmp(f->word, *n) && !xlpt_streq(id, f->word) &&
		    !xlpt_streq(name, f->word))
			continue;
		shown = name ? name : id;
		xlpt_find_link(f, SOUND, *n,
			       shown ? xlpt_xasprintf("sound card %s (%s)", *n, shown)
				     : xlpt_xasprintf("sound card %s", *n));
	}
}

/* ---- serial ports ---- */

void xlpt_find_tty(struct xlpt_finder *f)
{
	const char *word = xlpt_find_dev_word(f);
	_cleanup_strv_ char **names = NULL;

	if (f->word) {
		if (word && xlpt_host_has(f->h, TTY "/%s", word))
			xlpt_find_link(f, TTY, word, xlpt_xasprintf("serial port %s", word));
		return;
	}
	xlpt_host_list(f->h, &names, TTY);
	for (char **n = names; n && *n; n++)
		xlpt_find_link(f, TTY, *n, xlpt_xasprintf("serial port %s", *n));
}

/* ---- slots, and the names that the firmware gives ---- */

/* All functions of "0000:09:00"; the same for "0000:09:00.0". */
static void functions_of(struct xlpt_finder *f, const char *address, const char *name)
{
	struct xlpt_bdf bdf;
	_cleanup_free_ char *first = NULL;
	bool any = false;

	first = strchr(address, '.') ? xlpt_xstrdup(address) : xlpt_xasprintf("%s.0", address);
	if (!xlpt_bdf_from_sysfs_name(first, &bdf))
		return;
	for (uint8_t func = 0; func < 8; func++) {
		bdf.func = func;
		if (!xlpt_host_has(f->h, DEVICES "/%s", XLPT_BDF_STR(bdf)))
			continue;
		any = true;
		xlpt_find_add(f, bdf, name, xlpt_xasprintf("slot %s", name));
	}
	if (!any)
		xlpt_find_hollow(f, xlpt_xasprintf("slot %s (empty)", name));
}

static void by_label(struct xlpt_finder *f)
{
	_cleanup_strv_ char **devs = NULL;

	xlpt_host_list(f->h, &devs, DEVICES);
	for (char **d = devs; d && *d; d++) {
		_cleanup_free_ char *label = NULL;
		struct xlpt_bdf bdf;

		if (xlpt_host_read_text(f->h, &label, DEVICES "/%s/label", *d) >= 0 &&
		    !strcmp(label, f->word) && xlpt_bdf_from_sysfs_name(*d, &bdf))
			xlpt_find_add(f, bdf, label,
				      xlpt_xasprintf("label %s of the firmware", label));
	}
}

void xlpt_find_slot(struct xlpt_finder *f)
{
	_cleanup_free_ char *address = NULL;

	if (!f->word)
		return;
	if (!strchr(f->word, '/') && *f->word != '.' &&
	    xlpt_host_read_text(f->h, &address, SLOTS "/%s/address", f->word) >= 0)
		functions_of(f, address, f->word);
	by_label(f);
}
