/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Why a driver that claims no device by itself (vfio-pci, pci-stub) has this one:
 * on hosts that were KVM hosts once somebody told it to, by the device's id or
 * by its address.
 */
#include "pciback/boot/internal.h"

#include <string.h>

struct search {
	struct xlpt_host *h;
	const struct xlpt_boot *boot;
	const struct xlpt_device *dev;
	const char *driver;
	struct xlpt_str why, way;
};

/* vfio's drivers for single kinds of cards are called mlx5_vfio_pci and the like. */
static bool is_stub(const char *driver)
{
	static const char vfio[] = "vfio-pci";
	size_t len = driver ? strlen(driver) : 0, end = strlen(vfio);

	return driver &&
	       (xlpt_module_eq(driver, "pci-stub") || xlpt_module_eq(driver, "uio_pci_generic") ||
		(len >= end && xlpt_module_eq(driver + len - end, vfio)));
}

#define ANY UINT32_MAX /* PCI_ANY_ID */

/*
 * An entry as the kernel reads it (vfio_pci_fill_ids, pci_match_one_device):
 * vendor:device[:subvendor[:subdevice[:class[:mask of class]]]], in hexadecimal, ffffffff for any.
 */
static bool matches(const char *entry, const struct xlpt_device *dev)
{
	uint32_t id[6] = { ANY, ANY, ANY, ANY, 0, 0 };
	size_t n = 0;

	for (const char *p = entry; n < XLPT_ARRAY_SIZE(id);) {
		size_t len = strcspn(p, ":"), skip = xlpt_starts(p, "0x") ? 2 : 0;
		uint64_t v;

		if (len < skip || !xlpt_parse_uint(p + skip, len - skip, 16, ANY, &v))
			break;
		id[n++] = (uint32_t)v;
		if (!p[len])
			break;
		p += len + 1;
	}
	return n >= 2 && (id[0] == ANY || id[0] == dev->vendor) &&
	       (id[1] == ANY || id[1] == dev->device) &&
	       (id[2] == ANY || id[2] == dev->subvendor) &&
	       (id[3] == ANY || id[3] == dev->subdevice) && !((id[4] ^ dev->class_code) & id[5]);
}

/* The entry of the list that has this device, or NULL. Caller frees. */
static char *entry_of(const char *ids, const struct xlpt_device *dev)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(ids);
	char *save = NULL;

	for (char *w = strtok_r(copy, ",\"'", &save); w; w = strtok_r(NULL, ",\"'", &save))
		if (matches(w, dev))
			return xlpt_xstrdup(w);
	return NULL;
}

/*
 * The entry for this device in a word "vfio-pci.ids=..." of the line, and that word without its
 * list. Caller frees both.
 */
static char *entry_in_line(const struct search *s, const char *line, char **word)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(line ? line : "");
	size_t len = strlen(s->driver);
	char *cursor = copy, *w;

	while ((w = xlpt_cmdline_word(&cursor))) {
		_cleanup_free_ char *name = xlpt_xstrndup(w, len);
		char *entry = NULL;

		if (xlpt_module_eq(name, s->driver) && xlpt_starts(w + strlen(name), ".ids="))
			entry = entry_of(w + len + strlen(".ids="), s->dev);
		if (entry) {
			*word = xlpt_xasprintf("%s.ids=", name);
			return entry;
		}
	}
	*word = NULL;
	return NULL;
}

static void XLPT_PRINTF(2, 3) add(struct xlpt_str *to, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	xlpt_str_addf(to, "%s%s", to->len ? " and " : "", text);
}

/* The line of GRUB's settings that puts the word onto the command line. Caller frees. */
static char *grub_place(const struct search *s)
{
	const struct xlpt_grub *grub = xlpt_boot_settings(s->boot, false);
	struct xlpt_str found = { 0 };

	for (size_t i = 0; !found.len && i < grub->n; i++) {
		const struct xlpt_grub_set *set = &grub->items[i];
		_cleanup_free_ char *word = NULL, *entry = NULL;

		if (xlpt_starts(set->name, "GRUB_CMDLINE_LINUX"))
			entry = entry_in_line(s, set->own, &word);
		if (entry)
			xlpt_str_addf(&found, "%s:%u", set->file, set->line);
	}
	return xlpt_str_take(&found);
}

/* The line that GRUB's settings make does not have it: only what GRUB starts still has. */
static bool taken_out(const struct search *s)
{
	_cleanup_free_ char *line = NULL, *word = NULL, *entry = NULL;

	if (s->boot->loader != XLPT_LOADER_GRUB && s->boot->loader != XLPT_LOADER_GRUB_PLAIN)
		return false;
	line = xlpt_grub_line(xlpt_boot_settings(s->boot, false));
	entry = entry_in_line(s, line, &word);
	return !entry;
}

static void on_cmdline(struct search *s)
{
	_cleanup_free_ char *word = NULL, *place = NULL, *command = NULL;
	_cleanup_free_ char *entry = entry_in_line(s, s->boot->cmdline, &word);

	if (!entry)
		return;
	place = grub_place(s);
	command = xlpt_boot_loader_command(s->h, s->boot);
	add(&s->why, "%s on the kernel's command line", word);
	if (*place)
		add(&s->way, "%s out of %s in %s%s%s%s", entry, word, place,
		    command ? " (then: " : "", command ? command : "", command ? ")" : "");
	else if (command && taken_out(s))
		add(&s->way, "%s out of %s by %s (GRUB's settings do not have it any more)", entry,
		    word, command);
	else
		add(&s->way,
		    "%s out of %s on the kernel's command line, in the boot loader's configuration",
		    entry, word);
}

/* words: what a line of that file has behind the driver's name. */
static void in_words(struct search *s, const char *file, unsigned line, char *words)
{
	_cleanup_free_ char *command = xlpt_boot_initramfs_command(s->boot);
	char *w;

	while ((w = xlpt_cmdline_word(&words))) {
		_cleanup_free_ char *entry =
			xlpt_starts(w, "ids=") ? entry_of(w + strlen("ids="), s->dev) : NULL;

		if (!entry)
			continue;
		add(&s->why, "ids= in %s:%u", file, line);
		add(&s->way, "%s out of ids= in %s:%u%s%s%s", entry, file, line,
		    command ? " (then: " : "", command ? command : "", command ? ")" : "");
	}
}

/* The lines of text that begin with verb (or with the driver itself) and are about the driver. */
static void in_lines(struct search *s, const char *file, char *text, const char *verb)
{
	char *l;
	unsigned lines;

	for (unsigned nr = 1; (l = xlpt_boot_whole_line(&text, &lines)); nr += lines) {
		char *save = NULL, *w = strtok_r(l, " \t", &save);

		if (verb)
			w = w && !strcmp(w, verb) ? strtok_r(NULL, " \t", &save) : NULL;
		if (w && xlpt_module_eq(w, s->driver))
			in_words(s, file, nr, save);
	}
}

static void in_files(struct search *s)
{
	static const char modules[] = "/etc/initramfs-tools/modules";
	_cleanup_confs_ struct xlpt_confs confs = { 0 };
	_cleanup_str_ struct xlpt_str text = { 0 };

	xlpt_boot_confs_read(s->h, s->boot, NULL, NULL, &confs);
	for (size_t i = 0; i < confs.n; i++)
		in_lines(s, confs.items[i].path, confs.items[i].text, "options");
	/* The initramfs hands what stands behind the name to modprobe. */
	if (xlpt_boot_text(xlpt_boot_texts(s->boot), modules, &text) >= 0 && text.len)
		in_lines(s, modules, text.s, NULL);
}

static bool by_driverctl(const struct search *s, char **why, char **way)
{
	_cleanup_free_ char *path =
		xlpt_xasprintf("/etc/driverctl.d/%s", XLPT_BDF_STR(s->dev->bdf));
	_cleanup_free_ char *text = NULL;

	if (xlpt_host_read_text(s->h, &text, "%s", path) < 0 ||
	    !xlpt_module_eq(xlpt_chomp(text), s->driver))
		return false;
	*why = xlpt_xasprintf("%s has it because %s says so", s->driver, path);
	*way = xlpt_xasprintf("driverctl unset-override %s", XLPT_BDF_STR(s->dev->bdf));
	return true;
}

/* "install vfio-pci COMMAND" of modprobe.d: guides have it run a script that sets the override. */
static char *install_line(const struct search *s)
{
	_cleanup_confs_ struct xlpt_confs confs = { 0 };

	xlpt_boot_confs_read(s->h, s->boot, NULL, NULL, &confs);
	for (size_t i = 0; i < confs.n; i++) {
		char *cursor = confs.items[i].text, *l;
		unsigned lines;

		for (unsigned nr = 1; (l = xlpt_boot_whole_line(&cursor, &lines)); nr += lines) {
			char *save = NULL, *verb = strtok_r(l, " \t", &save), *w;

			w = verb && !strcmp(verb, "install") ? strtok_r(NULL, " \t", &save) : NULL;
			if (w && xlpt_module_eq(w, s->driver))
				return xlpt_xasprintf("%s:%u", confs.items[i].path, nr);
		}
	}
	return NULL;
}

/* The kernel lets no other driver have it: somebody's script wrote that, at this boot. */
static bool by_override(const struct search *s, char **why, char **way)
{
	_cleanup_free_ char *text = NULL, *place = NULL;

	if (xlpt_host_read_text(s->h, &text, "/sys/bus/pci/devices/%s/driver_override",
				XLPT_BDF_STR(s->dev->bdf)) < 0 ||
	    !xlpt_module_eq(xlpt_chomp(text), s->driver))
		return false;
	place = install_line(s);
	*why = xlpt_xasprintf("%s has it because its driver_override says so%s%s", s->driver,
			      place ? ", for which see " : "", place ? place : "");
	*way = xlpt_xstrdup("take out what writes that at boot (grep -rl driver_override /etc "
			    "/usr/local finds it)");
	return true;
}

enum xlpt_boot_stub xlpt_boot_stub(struct xlpt_host *h, const struct xlpt_boot *boot,
				   const struct xlpt_device *dev, char **why, char **way)
{
	struct search s = { .h = h, .boot = boot, .dev = dev, .driver = dev->driver };

	*why = *way = NULL;
	if (!is_stub(dev->driver))
		return XLPT_STUB_NONE;
	if (by_driverctl(&s, why, way) || by_override(&s, why, way))
		return XLPT_STUB_OVERRIDE;
	on_cmdline(&s);
	in_files(&s);
	if (s.why.len) {
		*why = xlpt_xasprintf("%s has it because of %s", s.driver, s.why.s);
		*way = xlpt_xasprintf("take %s, and reboot", s.way.s);
	} else {
		*why = xlpt_xasprintf("%s takes only what it is told to, and nothing that was read "
				      "names this device: it was told in another way, as by new_id",
				      s.driver);
		*way = xlpt_xstrdup("take out what tells it at boot (grep -rl -e new_id -e "
				    "driver_override /etc /usr/local finds it)");
	}
	xlpt_str_dispose(&s.why);
	xlpt_str_dispose(&s.way);
	return XLPT_STUB_IDS;
}
