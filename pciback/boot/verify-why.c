/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Why a device that should be hidden is not, and what helps.
 */
#include "pciback/boot/verify.h"

#include <string.h>

#include "pciback/device/scan.h"

static bool covers(const struct xlpt_verify *c, const struct xlpt_hide_list *list,
		   const struct xlpt_device *dev)
{
	return xlpt_boot_covers(&c->devs, list, dev);
}

/* What has the device hidden that this list does not have. */
static char *write_way(struct xlpt_verify *c, const struct xlpt_verdict *v, const char *args)
{
	_cleanup_hide_ struct xlpt_hide_list one = { 0 };

	xlpt_hide_arg(c->boot->grammar, v->bdf, &one, NULL);
	return xlpt_boot_write_way(c->h, c->boot, &c->eff, &one, args);
}

/* Unpacking it takes seconds of each boot: only when a device is not hidden. */
static bool look_into_initramfs(struct xlpt_verify *c)
{
	if (!c->initrd_asked)
		c->initrd_known = xlpt_initrd_read(c->h, c->boot, &c->initrd, NULL) == 0;
	c->initrd_asked = true;
	return c->initrd_known;
}

static char *initramfs_story(struct xlpt_verify *c, const char *driver)
{
	const char *m = c->boot->module, *rd = c->boot->initrd;

	if (!look_into_initramfs(c))
		return NULL;
	if (driver && xlpt_initrd_has(&c->initrd, driver) && !xlpt_initrd_has(&c->initrd, m))
		return xlpt_xasprintf("%s has %s and not %s", rd, driver, m);
	if (driver && xlpt_initrd_has(&c->initrd, driver) && !c->initrd.has_hide)
		return xlpt_xasprintf("%s has %s and no list for %s", rd, driver, m);
	if (xlpt_initrd_has(&c->initrd, m) && c->owned.any && !c->owned.by_cmdline) {
		_cleanup_str_ struct xlpt_str now = { 0 };

		if (xlpt_boot_slurp(c->h, XLPT_MODPROBE_CONF, &now) >= 0 &&
		    !xlpt_streq(c->initrd.dropin, xlpt_str_get(&now)))
			return xlpt_xasprintf("%s has another " XLPT_MODPROBE_CONF " than the disk",
					      rd);
	}
	return NULL;
}

static char *module_of(struct xlpt_verify *c, const char *driver)
{
	char *module = NULL;

	if (!driver)
		return NULL;
	if (xlpt_host_link_name(c->h, &module, "/sys/bus/pci/drivers/%s/module", driver) < 0)
		module = xlpt_xstrdup(driver);
	return module;
}

void xlpt_why_not_started(struct xlpt_verify *c, const struct xlpt_device *dev,
			  struct xlpt_verdict *v)
{
	const struct xlpt_boot *b = c->boot;

	if (b->mode == XLPT_PB_ABSENT) {
		v->fact = xlpt_xasprintf("this kernel has no pciback: %s", b->mode_fact);
		v->hint = xlpt_xstrdup("install a kernel with CONFIG_XEN_PCIDEV_BACKEND");
	} else if (xlpt_boot_refused(c->h, b, &v->fact, &v->hint)) {
		return;
	} else if (b->mode == XLPT_PB_BUILTIN) {
		v->fact = xlpt_xstrdup("pciback did not start: it is not among the PCI drivers");
		v->hint = xlpt_xstrdup("dmesg | grep -i pciback; is this dom0?");
	} else if (c->eff.blacklisted) {
		v->fact = xlpt_xasprintf("%s is not loaded, and %s blacklists it", b->module,
					 c->eff.blacklisted);
		v->hint = xlpt_xasprintf("take %s out of %s", b->module, c->eff.blacklisted);
	} else {
		_cleanup_free_ char *story = initramfs_story(c, v->driver);

		v->fact = xlpt_xasprintf("%s is not loaded%s%s%s", b->module,
					 c->eff.hide ? "" : ", and no list names devices for it",
					 story ? ": " : "", story ? story : "");
		/* A list alone loads nothing: our files do. */
		v->hint = covers(c, &c->owned.list, dev) ? xlpt_boot_initramfs_command(b)
							 : write_way(c, v, v->bdf);
		if (!v->hint)
			v->hint = xlpt_xasprintf("modprobe -v %s", b->module);
	}
}

void xlpt_why_not_named(struct xlpt_verify *c, const struct xlpt_device *dev,
			struct xlpt_verdict *v)
{
	_cleanup_hide_ struct xlpt_hide_list modprobe = { 0 }, cmdline = { 0 };
	_cleanup_free_ char *story = initramfs_story(c, v->driver), *way = NULL;

	if (c->owned.by_cmdline && covers(c, &c->owned.list, dev) &&
	    !xlpt_boot_grub_has(c->h, c->boot, false, NULL, &c->owned.list, &v->fact, &v->hint))
		return;
	if (c->owned.by_cmdline && !c->eff.cmdline_hide) {
		v->fact = xlpt_xasprintf(
			"the kernel was started without %s.hide=, which " XLPT_GRUB_CFG " asks for",
			c->boot->module);
		v->hint = xlpt_boot_loader_command(c->h, c->boot);
		return;
	}
	xlpt_hide_readable(c->boot->grammar, c->eff.cmdline_hide ? c->eff.cmdline_hide : "",
			   &cmdline);
	if (c->eff.modprobe_hide && c->eff.cmdline_hide && !covers(c, &cmdline, dev) &&
	    xlpt_hide_parse(c->boot->grammar, c->eff.modprobe_hide, &modprobe, NULL) == 0 &&
	    covers(c, &modprobe, dev)) {
		v->fact =
			xlpt_xasprintf("the command line's %s.hide=%s replaces the list of %s",
				       c->boot->module, c->eff.cmdline_hide, c->eff.modprobe_file);
		way = write_way(c, v, "");
		v->hint = xlpt_xasprintf("take it off the command line, or: %s", way);
		return;
	}
	v->fact = xlpt_xasprintf(
		"pciback was started with the list \"%s\", which does not name it%s%s",
		!c->param || xlpt_streq(c->param, "(null)") ? "" : c->param, story ? ": " : "",
		story ? story : "");
	v->hint = covers(c, &c->owned.list, dev) ? xlpt_boot_initramfs_command(c->boot)
						 : write_way(c, v, "");
}

void xlpt_why_too_late(struct xlpt_verify *c, const struct xlpt_device *dev, struct xlpt_verdict *v)
{
	_cleanup_free_ char *module = module_of(c, v->driver);
	_cleanup_free_ char *story = initramfs_story(c, module);
	const char *m = c->boot->module;

	if (!v->driver && xlpt_boot_not_offered(c->h, &c->devs, dev, &v->fact, &v->hint))
		return;
	if (!v->driver) {
		v->fact = xlpt_xstrdup("pciback names it and did not take it");
		v->hint = xlpt_xstrdup("dmesg | grep -i pciback");
	} else if (story) {
		v->fact = xlpt_xasprintf("%s was there before pciback: %s", v->driver, story);
		v->hint = xlpt_boot_initramfs_command(c->boot);
	} else if (xlpt_boot_is_builtin(c->h, c->boot, module) && c->boot->mode == XLPT_PB_MODULE) {
		v->fact = xlpt_xasprintf("%s is part of the kernel, and %s is a module that always "
					 "comes later",
					 v->driver, m);
		v->hint = xlpt_xstrdup("use a kernel with CONFIG_XEN_PCIDEV_BACKEND=y, or hide it "
				       "after boot: xlpt hide");
	} else if (c->boot->mode == XLPT_PB_BUILTIN) {
		v->fact = xlpt_xasprintf("%s has it, although pciback is part of the kernel and "
					 "was told to take it",
					 v->driver);
		v->hint = xlpt_xstrdup("dmesg | grep -i pciback");
	} else if (!xlpt_boot_strv_has(c->eff.early, module)) {
		v->fact = xlpt_xasprintf("nothing in modprobe.d loads %s before %s", m, module);
		v->hint = write_way(c, v, v->bdf);
	} else {
		v->fact = xlpt_xasprintf("%s claimed it before pciback could", v->driver);
		v->hint = xlpt_xstrdup(c->pending ? "reboot: this was changed since"
						  : "xlpt boot plan");
	}
}

/* A driver that takes only what it is told to: by what it was told this device. */
void xlpt_why_told(struct xlpt_verify *c, const struct xlpt_device *dev, struct xlpt_verdict *v)
{
	_cleanup_free_ char *why = NULL, *way = NULL, *fact = v->fact, *hint = v->hint;
	enum xlpt_boot_stub stub = xlpt_boot_stub(c->h, c->boot, dev, &why, &way);

	if (stub == XLPT_STUB_NONE) {
		fact = hint = NULL;
		return;
	}
	v->fact = xlpt_xasprintf("%s; %s", why, fact);
	v->hint = hint ? xlpt_xasprintf("%s; %s: %s", way,
					stub == XLPT_STUB_OVERRIDE ? "then" : "or", hint)
		       : xlpt_xstrdup(way);
}

void xlpt_why_not_by_qubes(struct xlpt_verify *c, const struct xlpt_device *dev,
			   struct xlpt_verdict *v)
{
	char *fact = NULL, *hint = NULL;

	if (c->boot->mode == XLPT_PB_ABSENT || xlpt_boot_refused(c->h, c->boot, &fact, &hint)) {
		free(fact);
		free(hint);
		xlpt_why_not_started(c, dev, v);
		return;
	}
	if (look_into_initramfs(c) && !c->initrd.qubes) {
		v->fact = xlpt_xasprintf("%s has no qubes-pciback, which would give it to pciback",
					 c->boot->initrd);
		v->hint = xlpt_boot_initramfs_command(c->boot);
	}
	if (!v->fact)
		v->fact = xlpt_xasprintf("the initramfs of Qubes OS should give it to pciback at "
					 "boot, and %s has it",
					 dev->driver ? dev->driver : "no driver");
	if (!v->hint)
		v->hint = xlpt_xstrdup("journalctl -b | grep -i pciback");
}
