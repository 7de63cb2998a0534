/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether this boot did what was configured, and if not, why.
 */
#include "pciback/boot/internal.h"

#include <string.h>

#include "pciback/device/bind.h"
#include "pciback/device/scan.h"

struct check {
	struct xlpt_host *h;
	const struct xlpt_boot *boot;
	struct xlpt_boot_owned owned;
	struct xlpt_effective eff;
	struct xlpt_devices devs;
	struct xlpt_hide_list wanted;
	struct xlpt_hide_list running; /* what pciback was started with */
	char *param;		       /* the same as text, or NULL: not known */
	const char *param_file;
	char *refused; /* why the kernel refuses the configured list, or NULL */
	char *mend;    /* ... what is to be done about it */
	bool present;  /* pciback's driver is there */
	bool pending;  /* the configuration was changed in this boot */
	struct xlpt_initrd initrd;
	bool initrd_asked, initrd_known;
	struct xlpt_verdicts *out;
};

static struct xlpt_verdict *verdict(struct check *c, const char *name, enum xlpt_hidden state)
{
	struct xlpt_verdict *v;

	XLPT_GROW(c->out->items, c->out->n, c->out->alloc);
	v = &c->out->items[c->out->n++];
	*v = (struct xlpt_verdict){ .state = state };
	snprintf(v->bdf, sizeof(v->bdf), "%s", name);
	return v;
}

static bool covers(const struct check *c, const struct xlpt_hide_list *list,
		   const struct xlpt_device *dev)
{
	return xlpt_boot_covers(&c->devs, list, dev);
}

/* What has the device hidden that this list does not have. */
static char *write_way(struct check *c, const struct xlpt_verdict *v, const char *args)
{
	_cleanup_hide_ struct xlpt_hide_list one = { 0 };

	xlpt_hide_arg(c->boot->grammar, v->bdf, &one, NULL);
	return xlpt_boot_write_way(c->h, c->boot, &c->eff, &one, args);
}

/* ---- why another driver has it ---- */

static char *initramfs_story(struct check *c, const char *driver)
{
	const char *m = c->boot->module, *rd = c->boot->initrd;

	/* Unpacking it takes seconds of each boot: only when a device is not hidden. */
	if (!c->initrd_asked)
		c->initrd_known = xlpt_initrd_read(c->h, c->boot, &c->initrd, NULL) == 0;
	c->initrd_asked = true;
	if (!c->initrd_known)
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

static char *module_of(struct check *c, const char *driver)
{
	char *module = NULL;

	if (!driver)
		return NULL;
	if (xlpt_host_link_name(c->h, &module, "/sys/bus/pci/drivers/%s/module", driver) < 0)
		module = xlpt_xstrdup(driver);
	return module;
}

static void not_started(struct check *c, const struct xlpt_device *dev, struct xlpt_verdict *v)
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

static void not_named(struct check *c, const struct xlpt_device *dev, struct xlpt_verdict *v)
{
	_cleanup_hide_ struct xlpt_hide_list modprobe = { 0 };
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
	if (c->eff.modprobe_hide && c->eff.cmdline_hide &&
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
		xlpt_streq(c->param, "(null)") ? "" : c->param, story ? ": " : "",
		story ? story : "");
	v->hint = covers(c, &c->owned.list, dev) ? xlpt_boot_initramfs_command(c->boot)
						 : write_way(c, v, "");
}

static void too_late(struct check *c, const struct xlpt_device *dev, struct xlpt_verdict *v)
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
static void told(struct check *c, const struct xlpt_device *dev, struct xlpt_verdict *v)
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

static void judge(struct check *c, const struct xlpt_device *dev)
{
	bool on = xlpt_streq(dev->driver, XLPT_PCIBACK_DRIVER);
	bool named = c->param ? covers(c, &c->running, dev) : on;
	struct xlpt_verdict *v = verdict(c, XLPT_BDF_STR(dev->bdf), XLPT_HIDDEN_LOST);

	if (c->boot->xen == XLPT_BOOT_XEN_NO) {
		v->driver = xlpt_xstrdup(dev->driver);
		v->fact =
			xlpt_xstrdup("this boot is without Xen, and pciback works under Xen only");
		v->hint = xlpt_xstrdup("boot the boot loader's entry that starts Xen");
	} else if (c->refused) {
		v->state = XLPT_HIDDEN_REJECTED;
		v->fact = xlpt_xstrdup(c->refused);
		v->hint = xlpt_xstrdup(c->mend);
	} else if (on && named) {
		v->state = XLPT_HIDDEN_YES;
		v->fact = c->param
				  ? xlpt_xasprintf("pciback has it, and %s names it", c->param_file)
				  : xlpt_xstrdup("pciback has it");
	} else if (c->pending && !named) {
		v->state = XLPT_HIDDEN_WAITING;
		v->fact = xlpt_xasprintf("configured since this boot; %s has it now",
					 on	       ? "pciback, by hand,"
					 : dev->driver ? dev->driver
						       : "no driver");
		v->hint = xlpt_xstrdup("reboot");
	} else if (on) {
		v->state = XLPT_HIDDEN_WAITING;
		v->fact = xlpt_xstrdup("pciback got it after boot; the list of this boot does "
				       "not name it");
		v->hint = xlpt_boot_initramfs_command(c->boot);
	} else {
		v->driver = xlpt_xstrdup(dev->driver);
		if (!c->present)
			not_started(c, dev, v);
		else if (!named)
			not_named(c, dev, v);
		else
			too_late(c, dev, v);
		told(c, dev, v);
	}
}

/* All functions that a group means: itself or what is behind the bridge it names. */
static void judge_group(struct check *c, const struct xlpt_hide_group *g)
{
	struct xlpt_hide_list one = { .items = (struct xlpt_hide_group *)(uintptr_t)g, .n = 1 };
	bool any = false;

	for (size_t i = 0; i < c->devs.n; i++) {
		const struct xlpt_device *dev = &c->devs.items[i];
		bool done = false;

		if (!covers(c, &one, dev) || dev->header == XLPT_HEADER_BRIDGE)
			continue;
		any = true;
		for (size_t j = 0; j < c->out->n; j++)
			done |= !strcmp(c->out->items[j].bdf, XLPT_BDF_STR(dev->bdf));
		if (!done)
			judge(c, dev);
	}
	if (!any) {
		struct xlpt_verdict *v = verdict(c, XLPT_HIDE_STR(g), XLPT_HIDDEN_ABSENT);

		v->gone = true;
		v->fact = xlpt_xstrdup("/sys/bus/pci/devices has no function that it names");
		v->hint = xlpt_xasprintf("lspci -D; then: xlpt boot remove %s", v->bdf);
	}
}

static void reject(struct check *c, const char *what)
{
	struct xlpt_verdict *v = verdict(c, what, XLPT_HIDDEN_REJECTED);

	v->fact = xlpt_xstrdup(c->refused);
	v->hint = xlpt_xstrdup(c->mend);
}

/* The groups of a list that as a whole is refused: each that can be read by itself. */
static void salvage(struct check *c, const char *text)
{
	if (!strchr(text, '(')) {
		_cleanup_hide_ struct xlpt_hide_list meant = { 0 };

		xlpt_hide_readable(c->boot->grammar, text, &meant);
		for (size_t i = 0; i < meant.n; i++)
			xlpt_hide_add(&c->wanted, &meant.items[i]);
		if (!meant.n)
			reject(c, text);
	}
	for (const char *s = text; (s = strchr(s, '(')); s++) {
		_cleanup_free_ char *one = xlpt_xstrndup(s, strcspn(s, ")") + 1);
		_cleanup_hide_ struct xlpt_hide_list list = { 0 };

		if (xlpt_hide_lint(c->boot->grammar, one, &list, NULL) == 0)
			xlpt_hide_add(&c->wanted, &list.items[0]);
		else
			reject(c, one);
	}
}

static void read_lists(struct check *c)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_hide_ struct xlpt_hide_list list = { 0 };
	const char *where = c->eff.from_cmdline ? "the command line" : c->eff.modprobe_file;

	for (size_t i = 0; i < c->owned.list.n; i++)
		xlpt_hide_add(&c->wanted, &c->owned.list.items[i]);
	if (!c->eff.hide)
		return;
	if (xlpt_hide_parse(c->boot->grammar, c->eff.hide, &list, &diag) == 0 && !list.ignored) {
		for (size_t i = 0; i < list.n; i++)
			xlpt_hide_add(&c->wanted, &list.items[i]);
		return;
	}
	if (list.ignored)
		c->refused =
			xlpt_xasprintf("%s: the kernel ignores everything from column %u on in "
				       "\"%s\"",
				       where, list.ignored, c->eff.hide);
	else
		c->refused = xlpt_xasprintf("%s: %s", where, diag.message);
	c->mend = xlpt_boot_list_hint(c->h, c->boot, c->eff.hide,
				      c->eff.from_cmdline ? NULL : c->eff.modprobe_file,
				      c->eff.modprobe_line);
	salvage(c, c->eff.hide);
}

static int gather(struct check *c, struct xlpt_diag *diag)
{
	static const char *const params[] = { "/sys/module/xen_pciback/parameters/hide",
					      "/sys/module/pciback/parameters/hide" };
	_cleanup_diag_ struct xlpt_diag own = { 0 };
	int rc;

	rc = xlpt_boot_owned_read(c->h, c->boot, &c->owned, &own);
	/* A line in it that is not ours is the next write's business; a bad list shows below. */
	if (rc == XLPT_ERR_IO) {
		xlpt_diag_move(diag, &own);
		return rc;
	}
	rc = xlpt_effective_read(c->h, c->boot, NULL, NULL, &c->eff, diag);
	if (rc == 0)
		rc = xlpt_scan_all(c->h, 0, NULL, &c->devs, diag);
	if (rc)
		return rc;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(params) && !c->param; i++)
		if (xlpt_host_read_text(c->h, &c->param, "%s", params[i]) >= 0)
			c->param_file = params[i];
	if (c->param && strcmp(xlpt_chomp(c->param), "(null)") != 0)
		xlpt_hide_parse(c->boot->grammar, c->param, &c->running, NULL);
	c->present = xlpt_host_has(c->h, "/sys/bus/pci/drivers/" XLPT_PCIBACK_DRIVER);
	c->pending = xlpt_host_has(c->h, XLPT_BOOT_STAMP);
	read_lists(c);
	return 0;
}

int xlpt_boot_verify(struct xlpt_host *h, const struct xlpt_boot *boot,
		     const struct xlpt_hide_list *wanted, struct xlpt_verdicts *out,
		     struct xlpt_diag *diag)
{
	struct check c = { .h = h, .boot = boot, .out = out };
	int rc;

	*out = (struct xlpt_verdicts){ 0 };
	rc = gather(&c, diag);
	if (rc == 0) {
		for (size_t i = 0; wanted && i < wanted->n; i++)
			judge_group(&c, &wanted->items[i]);
		for (size_t i = 0; i < c.wanted.n && !(wanted && wanted->n); i++)
			judge_group(&c, &c.wanted.items[i]);
		if (boot->xen != XLPT_BOOT_XEN_NO)
			xlpt_boot_verify_strays(h, boot, &c.eff, &c.devs, &c.wanted, &c.running,
						wanted && wanted->n, out);
	} else {
		xlpt_verdicts_dispose(out);
	}
	xlpt_boot_owned_dispose(&c.owned);
	xlpt_effective_dispose(&c.eff);
	xlpt_devices_dispose(&c.devs);
	xlpt_hide_dispose(&c.wanted);
	xlpt_hide_dispose(&c.running);
	xlpt_initrd_dispose(&c.initrd);
	free(c.param);
	free(c.refused);
	free(c.mend);
	return rc;
}
