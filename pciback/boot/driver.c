/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which drivers would take a device if pciback were not first.
 */
#include "pciback/boot/internal.h"

#include <fnmatch.h>
#include <string.h>

#include "pciback/device/bind.h"

#define DEVICES "/sys/bus/pci/devices"

/* The module of the bound driver; a driver's name need not be its module's (xhci_hcd, xhci_pci). */
static char *bound_module(struct xlpt_host *h, const struct xlpt_device *dev)
{
	char *name = NULL;

	if (!dev->driver || !strcmp(dev->driver, "pciback"))
		return NULL;
	if (xlpt_host_link_name(h, &name, "/sys/bus/pci/drivers/%s/module", dev->driver) < 0)
		name = xlpt_xstrdup(dev->driver);
	return name;
}

/* "alias pci:v00008086d* e1000e", matched with fnmatch(3) as modprobe does. */
static void by_alias(const char *file, struct xlpt_host *h, const char *modalias, char ***out)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	char *cursor, *line;

	if (xlpt_boot_slurp(h, file, &text) < 0)
		return;
	cursor = text.s;
	while ((line = xlpt_boot_line(&cursor))) {
		char *save = NULL, *word = strtok_r(line, " \t", &save), *pattern, *module;

		if (!word || strcmp(word, "alias"))
			continue;
		pattern = strtok_r(NULL, " \t", &save);
		module = strtok_r(NULL, " \t", &save);
		/* Generic stubs claim every function of a kind, but only when they are told to. */
		if (pattern && module && xlpt_starts(pattern, "pci:") &&
		    !xlpt_module_eq(module, "vfio_pci") && !xlpt_module_eq(module, "pci_stub") &&
		    fnmatch(pattern, modalias, 0) == 0)
			xlpt_boot_strv_add(out, module);
	}
}

/*
 * "MODULE.alias=pci:v..." records of modules.builtin.modinfo, NUL-separated
 * (Linux 5.2 and later): the drivers that are part of the kernel.
 */
static void by_modinfo(struct xlpt_host *h, const char *file, const char *modalias, char ***out)
{
	_cleanup_str_ struct xlpt_str text = { 0 };

	if (xlpt_boot_slurp(h, file, &text) < 0)
		return;
	for (size_t at = 0; at < text.len; at += strlen(text.s + at) + 1) {
		char *record = text.s + at, *alias = strstr(record, ".alias=pci:");
		_cleanup_free_ char *module = NULL;

		if (!alias || fnmatch(alias + strlen(".alias="), modalias, 0))
			continue;
		module = xlpt_xstrndup(record, (size_t)(alias - record));
		xlpt_boot_strv_add(out, module);
	}
}

void xlpt_boot_drivers(struct xlpt_host *h, const struct xlpt_boot *boot,
		       const struct xlpt_device *dev, char ***modules, char ***builtin)
{
	_cleanup_free_ char *bound = bound_module(h, dev);
	_cleanup_strv_ char **all = NULL;

	*modules = *builtin = NULL;
	if (bound)
		xlpt_boot_strv_add(&all, bound);
	if (dev->modalias && boot->release) {
		_cleanup_free_ char *aliases =
			xlpt_boot_module_file(h, boot->release, "modules.alias");
		_cleanup_free_ char *modinfo =
			xlpt_boot_module_file(h, boot->release, "modules.builtin.modinfo");

		by_alias(aliases, h, dev->modalias, &all);
		by_modinfo(h, modinfo, dev->modalias, &all);
	}
	for (char **m = all; m && *m; m++) {
		if (xlpt_module_eq(*m, boot->module))
			continue;
		if (xlpt_boot_is_builtin(h, boot, *m))
			xlpt_boot_strv_add(builtin, *m);
		else
			xlpt_boot_strv_add(modules, *m);
	}
}

bool xlpt_boot_not_offered(struct xlpt_host *h, const struct xlpt_devices *devs,
			   const struct xlpt_device *dev, char **fact, char **hint)
{
	const struct xlpt_device *pf = dev->is_vf ? xlpt_devices_find(devs, dev->pf) : NULL;

	if (!pf || !xlpt_bind_needs_override(h, dev->bdf))
		return false;
	*fact = xlpt_xasprintf("the kernel offers the virtual functions of %s to no driver "
			       "(sriov_drivers_autoprobe is 0, as with --no-driver), so not to "
			       "pciback",
			       XLPT_BDF_STR(pf->bdf));
	*hint = xlpt_xasprintf("xlpt vf create --persist --driver %s %d", XLPT_BDF_STR(pf->bdf),
			       pf->vf_count);
	return true;
}
