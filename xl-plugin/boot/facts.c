/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What boot-time hiding starts from: lists that are there already, the devices
 * they mean and the drivers of those, and what this host needs itself.
 */
#include <string.h>

#include "pciback/device/bind.h"
#include "pciback/device/scan.h"
#include "xl-plugin/boot/boot.h"

bool xlpt_boot_has_module(char **v, const char *module)
{
	for (; v && *v; v++)
		if (xlpt_module_eq(*v, module))
			return true;
	return false;
}

static void add_module(char ***v, const char *module)
{
	if (!xlpt_boot_has_module(*v, module))
		xlpt_strv_add(v, module);
}

/* ---- what is effective already ---- */

/* Adds a list that others wrote; a malformed one stops everything, with its place. */
static int merge(struct xlpt_env *env, struct xlpt_boot_plan *p, const char *text, const char *file,
		 unsigned line, struct xlpt_diag *diag)
{
	_cleanup_free_ char *hint = NULL;
	_cleanup_hide_ struct xlpt_hide_list list = { 0 };
	bool news = false;
	int rc = xlpt_hide_lint(p->boot.grammar, text, &list, diag);

	if (rc) {
		xlpt_diag_wrap(diag, "a list that is there already is malformed");
		xlpt_diag_at(diag, file, line, 0);
		hint = xlpt_boot_list_hint(env->host, &p->boot, text, line ? file : NULL, line);
		xlpt_diag_hint(diag, "%s", hint);
		return rc;
	}
	for (size_t i = 0; i < list.n; i++)
		news |= xlpt_hide_add(&p->list, &list.items[i]);
	if (news && line)
		xlpt_strv_addf(&p->notes, "the list of %s:%u is taken over: %s", file, line, text);
	else if (news)
		xlpt_strv_addf(&p->notes, "the list of %s is taken over: %s", file, text);
	return 0;
}

int xlpt_boot_merge(struct xlpt_env *env, const struct xlpt_boot_req *req, struct xlpt_boot_plan *p,
		    struct xlpt_diag *diag)
{
	_cleanup_free_ char *grub = NULL, *file = NULL, *forced = NULL, *forced_file = NULL;
	unsigned line, forced_line;
	bool others_cmdline = p->eff.cmdline_hide && !p->owned.by_cmdline &&
			      !xlpt_streq(p->eff.cmdline_hide, p->stamp);
	int rc = 0;

	for (size_t i = 0; i < p->owned.list.n; i++)
		xlpt_hide_add(&p->list, &p->owned.list.items[i]);
	xlpt_boot_foreign(&p->boot, &grub, &file, &line);
	p->by_cmdline = true;
	if (p->boot.mode == XLPT_PB_BUILTIN)
		p->by_cmdline_why = "pciback is built into this kernel";
	else if (p->owned.by_cmdline)
		p->by_cmdline_why = "xlpt's list is there already";
	else if (others_cmdline || grub)
		p->by_cmdline_why =
			"a list is there already, and it replaces any list of modprobe.d";
	else if (req->by_cmdline)
		p->by_cmdline_why = "asked for with --cmdline";
	else
		p->by_cmdline = false;
	if (req->remove) {
		if (grub && !req->n)
			xlpt_strv_addf(&p->notes, "%s:%u is effective again and hides %s", file,
				       line, grub);
		return 0;
	}
	if (p->eff.modprobe_hide && strcmp(p->eff.modprobe_file, XLPT_MODPROBE_CONF) != 0 &&
	    p->boot.mode != XLPT_PB_BUILTIN)
		rc = merge(env, p, p->eff.modprobe_hide, p->eff.modprobe_file, p->eff.modprobe_line,
			   diag);
	if (rc == 0 &&
	    xlpt_boot_initramfs_list(env->host, &p->boot, &forced, &forced_file, &forced_line))
		rc = merge(env, p, forced, forced_file, forced_line, diag);
	if (rc == 0 && others_cmdline)
		rc = merge(env, p, p->eff.cmdline_hide, "/proc/cmdline", 0, diag);
	/* Once taken over it stays in ours, which comes later on the line, until it is taken out.
	 */
	if (rc == 0 && grub && !p->owned.by_cmdline)
		rc = merge(env, p, grub, file, line, diag);
	return rc;
}

static bool in_list(const struct xlpt_boot_plan *p, const struct xlpt_stray *s)
{
	for (size_t i = 0; i < s->list.n; i++)
		if (!xlpt_hide_has(&p->list, &s->list.items[i]))
			return false;
	return s->list.n > 0;
}

void xlpt_boot_unread(struct xlpt_env *env, const struct xlpt_boot_req *req,
		      struct xlpt_boot_plan *p)
{
	_cleanup_strays_ struct xlpt_strays strays = { 0 };

	/* Without ours some of them are read again, which is told elsewhere. */
	if (req->remove && !req->n)
		return;
	xlpt_boot_strays(env->host, &p->boot, &p->eff, &strays);
	for (size_t i = 0; i < strays.n; i++) {
		const struct xlpt_stray *s = &strays.items[i];
		/* The one that the command line replaces is told beside it (print-boot.c). */
		bool told = p->eff.from_cmdline && s->line && s->line == p->eff.modprobe_line &&
			    xlpt_streq(s->file, p->eff.modprobe_file);

		if (!told && !in_list(p, s))
			xlpt_strv_addf(&p->unread, "%s", s->fact);
	}
}

/* Somebody else's list has it: then the place where it can be taken out. */
static void not_ours(struct xlpt_env *env, struct xlpt_boot_plan *p,
		     const struct xlpt_hide_group *g, struct xlpt_diag *diag)
{
	const char *file = p->eff.from_cmdline ? NULL : p->eff.modprobe_file;
	_cleanup_hide_ struct xlpt_hide_list list = { 0 };
	_cleanup_free_ char *place = NULL;

	xlpt_hide_readable(p->boot.grammar, p->eff.hide, &list);
	if (!xlpt_hide_has(&list, g)) {
		xlpt_diag_hint(diag, "xlpt boot verify shows what is configured");
		return;
	}
	place = xlpt_boot_list_place(env->host, &p->boot, p->eff.hide, file, p->eff.modprobe_line);
	xlpt_diag_hint(diag, "write the list without %s %s", XLPT_HIDE_STR(g), place);
}

int xlpt_boot_drop(struct xlpt_env *env, struct xlpt_boot_plan *p, struct xlpt_diag *diag)
{
	for (size_t i = 0; i < p->added.n; i++) {
		const struct xlpt_hide_group *g = &p->added.items[i];

		if (xlpt_hide_drop(&p->list, g))
			continue;
		xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "%s is not in xlpt's list",
			      XLPT_HIDE_STR(g));
		if (p->eff.hide && p->eff.from_cmdline)
			xlpt_diag_fact(diag, "the command line hides %s, which xlpt did not write",
				       p->eff.hide);
		else if (p->eff.hide)
			xlpt_diag_fact(diag, "effective is %s:%u: %s", p->eff.modprobe_file,
				       p->eff.modprobe_line, p->eff.hide);
		else
			xlpt_diag_fact(diag, "no list is configured");
		if (p->eff.hide)
			not_ours(env, p, g, diag);
		else
			xlpt_diag_hint(diag, "xlpt boot verify shows what is configured");
		return XLPT_ERR_NOT_FOUND;
	}
	return 0;
}

/* ---- the devices ---- */

bool xlpt_boot_means(const struct xlpt_devices *devs, const struct xlpt_hide_group *g,
		     const struct xlpt_device *dev)
{
	for (unsigned depth = 0; dev && depth < 256; depth++) {
		if (xlpt_hide_matches(g, dev->bdf))
			return true;
		dev = dev->has_parent ? xlpt_devices_find(devs, dev->parent) : NULL;
	}
	return false;
}

static struct xlpt_boot_item *add_item(struct xlpt_boot_plan *p, const char *name, bool added)
{
	struct xlpt_boot_item *it;

	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->items[i].name, name)) {
			p->items[i].added |= added;
			return NULL;
		}
	XLPT_GROW(p->items, p->n, p->alloc);
	it = &p->items[p->n++];
	*it = (struct xlpt_boot_item){ .added = added };
	snprintf(it->name, sizeof(it->name), "%s", name);
	return it;
}

static void describe(struct xlpt_env *env, struct xlpt_boot_plan *p, const struct xlpt_device *dev,
		     bool added)
{
	struct xlpt_boot_item *it = add_item(p, XLPT_BDF_STR(dev->bdf), added);
	_cleanup_free_ char *why = NULL, *way = NULL;

	if (!it)
		return;
	if (xlpt_boot_stub(env->host, &p->boot, dev, &why, &way))
		xlpt_strv_addf(&p->notes, "%s: %s; to take it out: %s", it->name, why, way);
	it->present = true;
	it->driver = xlpt_xstrdup(dev->driver);
	xlpt_boot_drivers(env->host, &p->boot, dev, &it->modules, &it->builtin);
	/* Hidden by now, and nothing else tells what claims it: what was written for it stays. */
	if (!it->modules && xlpt_streq(dev->driver, XLPT_PCIBACK_DRIVER))
		for (char **d = p->owned.early; d && *d; d++)
			add_module(&p->early, *d);
	for (char **m = it->modules; m && *m; m++) {
		add_module(&p->early, *m);
		if (!p->initrd_unknown && xlpt_initrd_has(&p->initrd, *m))
			add_module(&it->in_initrd, *m);
	}
	if (p->boot.mode == XLPT_PB_MODULE)
		for (char **m = it->builtin; m && *m; m++)
			xlpt_strv_addf(&p->notes,
				       "%s claims %s and is part of the kernel: it comes before "
				       "any module, "
				       "so %s will not get it at boot",
				       *m, it->name, p->boot.module);
}

static int absent(struct xlpt_env *env, const struct xlpt_boot_req *req, struct xlpt_boot_plan *p,
		  const struct xlpt_devices *devs, const struct xlpt_hide_group *g, bool added,
		  struct xlpt_diag *diag)
{
	_cleanup_free_ char *fact = NULL, *hint = NULL;
	bool vf = xlpt_boot_vfs_absent(env, devs, g, &fact, &hint);

	add_item(p, XLPT_HIDE_STR(g), added);
	for (char **d = p->owned.early; d && *d; d++)
		add_module(&p->early, *d);
	if (!added || req->allow_absent || req->to_stdout || req->remove) {
		if (added && !req->remove && !vf)
			xlpt_strv_addf(&p->notes, "%s is not there: nothing will be hidden for it",
				       XLPT_HIDE_STR(g));
		return 0;
	}
	xlpt_diag_set(diag, XLPT_ERR_NO_DEVICE, "no such device: %s", XLPT_HIDE_STR(g));
	xlpt_diag_fact(diag, "%s",
		       vf ? fact : "/sys/bus/pci/devices has no function that it names");
	xlpt_diag_hint(diag, "%s; --allow-absent writes it all the same",
		       vf ? hint : "lspci -D lists the addresses");
	return XLPT_ERR_NO_DEVICE;
}

int xlpt_boot_devices(struct xlpt_env *env, const struct xlpt_boot_req *req,
		      struct xlpt_boot_plan *p, struct xlpt_devices *devs, struct xlpt_diag *diag)
{
	int rc = 0;

	for (char **d = req->drivers; d && *d; d++)
		add_module(&p->early, *d);
	if (!p->boot.has_sysfs) {
		for (char **d = p->owned.early; d && *d; d++)
			add_module(&p->early, *d);
		xlpt_strv_addf(&p->notes,
			       "no devices can be looked at here: name their drivers with "
			       "--driver");
		return 0;
	}
	rc = xlpt_scan_all(env->host, XLPT_SCAN_SETS, NULL, devs, diag);
	if (rc == 0)
		xlpt_boot_qubes(env->host, &p->boot, devs, &p->qubes);
	for (size_t i = 0; rc == 0 && i < p->list.n; i++) {
		const struct xlpt_hide_group *g = &p->list.items[i];
		bool added = xlpt_hide_has(&p->added, g), any = false;

		for (size_t j = 0; j < devs->n; j++) {
			const struct xlpt_device *dev = &devs->items[j];

			if (!xlpt_boot_means(devs, g, dev) || dev->header == XLPT_HEADER_BRIDGE)
				continue;
			any = true;
			describe(env, p, dev, added);
		}
		if (!any)
			rc = absent(env, req, p, devs, g, added, diag);
	}
	if (rc == 0)
		xlpt_boot_vfs_notes(env, req, p, devs);
	return rc;
}

static bool forced(const struct xlpt_boot_req *req, struct xlpt_bdf bdf)
{
	for (char **f = req->force_host; f && *f; f++) {
		struct xlpt_bdf named;

		if (xlpt_bdf_parse_any(*f, &named, NULL) == 0 && xlpt_bdf_eq(named, bdf))
			return true;
	}
	return false;
}

/* What this host needs stays, be it named itself, by a wildcard, or as part of what a bridge has.
 */
int xlpt_boot_guard(struct xlpt_env *env, const struct xlpt_boot_req *req, struct xlpt_boot_plan *p,
		    const struct xlpt_devices *devs, struct xlpt_diag *diag)
{
	_cleanup_needs_ struct xlpt_needs needs = { 0 };
	_cleanup_diag_ struct xlpt_diag unread = { 0 };
	int rc;

	if (!p->boot.has_sysfs || req->remove)
		return 0;
	rc = xlpt_needs_read(env->host, &needs, &unread);
	if (rc && !env->sysroot) {
		xlpt_diag_move(diag, &unread);
		return rc;
	}
	xlpt_boot_mates(env, req, p, devs, &needs);
	if (rc) {
		xlpt_strv_addf(&p->notes,
			       "whether the host of this tree needs a device itself is not known: "
			       "%s",
			       unread.message);
		return 0;
	}
	for (size_t i = 0; i < p->added.n; i++)
		for (size_t j = 0; j < needs.n; j++) {
			const struct xlpt_device *dev = xlpt_devices_find(devs, needs.items[j].bdf);
			struct xlpt_bdf bdf = needs.items[j].bdf;

			if (!dev || !xlpt_boot_means(devs, &p->added.items[i], dev) ||
			    forced(req, bdf))
				continue;
			/* A bridge is told of only when it is named; else what is behind it is. */
			if (needs.items[j].why == XLPT_NEED_BRIDGE &&
			    !xlpt_hide_matches(&p->added.items[i], bdf))
				continue;
			xlpt_diag_set(diag, XLPT_ERR_HOST_NEEDS, "this host needs %s itself",
				      XLPT_BDF_STR(bdf));
			xlpt_diag_fact(diag, "%s", needs.items[j].what);
			xlpt_diag_hint(diag, "if you are sure: --force-host-device %s",
				       XLPT_BDF_STR(bdf));
			return XLPT_ERR_HOST_NEEDS;
		}
	return 0;
}
