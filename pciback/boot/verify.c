/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether this boot did what was configured, and if not, why.
 */
#include "pciback/boot/verify.h"

#include <string.h>

#include "pciback/device/bind.h"
#include "pciback/device/scan.h"

static struct xlpt_verdict *verdict(struct xlpt_verify *c, const char *name, enum xlpt_hidden state)
{
	struct xlpt_verdict *v;

	XLPT_GROW(c->out->items, c->out->n, c->out->alloc);
	v = &c->out->items[c->out->n++];
	*v = (struct xlpt_verdict){ .state = state };
	snprintf(v->bdf, sizeof(v->bdf), "%s", name);
	return v;
}

static bool covers(const struct xlpt_verify *c, const struct xlpt_hide_list *list,
		   const struct xlpt_device *dev)
{
	return xlpt_boot_covers(&c->devs, list, dev);
}

/* The very function, as Qubes OS takes it: what is behind a bridge is not hidden with the bridge. */
static bool by_qubes(const struct xlpt_verify *c, const struct xlpt_device *dev)
{
	for (size_t i = 0; i < c->qubes.n; i++)
		if (xlpt_hide_matches(&c->qubes.items[i], dev->bdf))
			return true;
	return false;
}

static void judge(struct xlpt_verify *c, const struct xlpt_device *dev)
{
	bool on = xlpt_streq(dev->driver, XLPT_PCIBACK_DRIVER);
	bool named = covers(c, &c->running, dev) || (!c->param && on);
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
	} else if (on && by_qubes(c, dev)) {
		v->state = XLPT_HIDDEN_YES;
		v->fact = xlpt_xstrdup("pciback has it, and the initramfs of Qubes OS gives it to "
				       "pciback");
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
		if (by_qubes(c, dev) && !named)
			xlpt_why_not_by_qubes(c, dev, v);
		else if (!c->present)
			xlpt_why_not_started(c, dev, v);
		else if (!named)
			xlpt_why_not_named(c, dev, v);
		else
			xlpt_why_too_late(c, dev, v);
		xlpt_why_told(c, dev, v);
	}
}

/* boot remove takes only what xlpt wrote. */
static char *absent_way(struct xlpt_verify *c, const struct xlpt_hide_group *g)
{
	_cleanup_free_ char *later = NULL, *file = NULL, *place = NULL;
	const char *text = c->eff.hide, *name = XLPT_HIDE_STR(g);
	unsigned line = 0;

	if (xlpt_hide_has(&c->owned.list, g))
		return xlpt_xasprintf("lspci -D; then: xlpt boot remove %s", name);
	if (!text || c->eff.from_cmdline)
		xlpt_boot_foreign(c->boot, &later, &file, &line);
	place = xlpt_boot_list_place(c->h, c->boot,
				     text    ? text
				     : later ? later
					     : "",
				     text && !c->eff.from_cmdline ? c->eff.modprobe_file : NULL,
				     c->eff.modprobe_line);
	return xlpt_xasprintf("lspci -D lists the addresses; write the list with the right one, "
			      "or without %s, %s",
			      name, place);
}

/* All functions that a group means: itself or what is behind the bridge it names. */
static void judge_group(struct xlpt_verify *c, const struct xlpt_hide_group *g)
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
		v->hint = absent_way(c, g);
	}
}

static void reject(struct xlpt_verify *c, const char *what)
{
	struct xlpt_verdict *v = verdict(c, what, XLPT_HIDDEN_REJECTED);

	v->fact = xlpt_xstrdup(c->refused);
	v->hint = xlpt_xstrdup(c->mend);
}

/* The groups of a list that as a whole is refused: each that can be read by itself. */
static void salvage(struct xlpt_verify *c, const char *text)
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

static void read_lists(struct xlpt_verify *c)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_hide_ struct xlpt_hide_list list = { 0 }, later = { 0 };
	_cleanup_free_ char *next = NULL, *file = NULL;
	unsigned line;
	const char *where = c->eff.from_cmdline ? "the command line" : c->eff.modprobe_file;

	for (size_t i = 0; i < c->owned.list.n; i++)
		xlpt_hide_add(&c->wanted, &c->owned.list.items[i]);
	for (size_t i = 0; i < c->qubes.n; i++)
		xlpt_hide_add(&c->wanted, &c->qubes.items[i]);
	/* An image that never ran here: what it would have on its command line is all there is. */
	if (!c->boot->cmdline)
		xlpt_boot_foreign(c->boot, &next, &file, &line);
	xlpt_hide_readable(c->boot->grammar, next ? next : "", &later);
	for (size_t i = 0; i < later.n; i++)
		xlpt_hide_add(&c->wanted, &later.items[i]);
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

static int gather(struct xlpt_verify *c, struct xlpt_diag *diag)
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
	xlpt_boot_qubes(c->h, c->boot, &c->devs, &c->qubes);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(params) && !c->param; i++)
		if (xlpt_host_read_text(c->h, &c->param, "%s", params[i]) >= 0)
			c->param_file = params[i];
	if (c->param && strcmp(xlpt_chomp(c->param), "(null)") != 0)
		xlpt_hide_parse(c->boot->grammar, c->param, &c->running, NULL);
	c->present = xlpt_host_has(c->h, "/sys/bus/pci/drivers/" XLPT_PCIBACK_DRIVER);
	c->pending = xlpt_host_has(c->h, XLPT_BOOT_STAMP);
	/* Nobody says with which it was started: the list that is configured, if the kernel can read it. */
	if (!c->param && c->eff.hide && c->present && !c->pending)
		xlpt_hide_parse(c->boot->grammar, c->eff.hide, &c->running, NULL);
	read_lists(c);
	return 0;
}

int xlpt_boot_verify(struct xlpt_host *h, const struct xlpt_boot *boot,
		     const struct xlpt_hide_list *wanted, struct xlpt_verdicts *out,
		     struct xlpt_diag *diag)
{
	struct xlpt_verify c = { .h = h, .boot = boot, .out = out };
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
	xlpt_hide_dispose(&c.qubes);
	xlpt_initrd_dispose(&c.initrd);
	free(c.param);
	free(c.refused);
	free(c.mend);
	return rc;
}
