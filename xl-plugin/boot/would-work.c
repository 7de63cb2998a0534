/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether what is to be written would do what it should: whoever reads the files at boot is asked before
 * they are written.
 */
#include <string.h>

#include "xl-plugin/boot/boot.h"

static const char *text_of(const struct xlpt_boot_plan *p, const char *path)
{
	for (size_t i = 0; i < p->files.n; i++)
		if (!strcmp(p->files.items[i].path, path))
			return p->files.items[i].text;
	return NULL;
}

/* The shell, as grub-mkconfig asks it, makes a command line with the list of our file. */
static int grub_would_work(struct xlpt_env *env, const struct xlpt_boot_plan *p,
			   struct xlpt_diag *diag)
{
	_cleanup_free_ char *fact = NULL, *way = NULL;

	if (!p->list.n || !p->by_cmdline ||
	    xlpt_boot_grub_has(env->host, &p->boot, true, text_of(p, XLPT_GRUB_CFG), &p->list,
			       &fact, &way))
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "another line of GRUB's settings has the last word");
	xlpt_diag_fact(diag, "%s", fact);
	xlpt_diag_hint(diag, "%s", way);
	return XLPT_ERR_CONFLICT;
}

/* The initramfs may load pciback with words of its own, which come behind all that is written. */
static int initramfs_would_work(struct xlpt_env *env, struct xlpt_boot_plan *p, const char *want,
				struct xlpt_diag *diag)
{
	_cleanup_free_ char *value = NULL, *file = NULL;
	unsigned line;

	if (!xlpt_boot_initramfs_list(env->host, &p->boot, &value, &file, &line) ||
	    xlpt_hide_is(&p->list, p->boot.grammar, value))
		return 0;
	if (!p->list.n) {
		xlpt_strv_addf(&p->notes, "%s:%u is effective again and hides %s", file, line,
			       value);
		return 0;
	}
	xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "the initramfs gives pciback another list");
	xlpt_diag_fact(diag,
		       "%s:%u has hide=%s, which the initramfs hands to modprobe when it loads %s: "
		       "it comes after all other lists",
		       file, line, value, p->boot.module);
	xlpt_diag_hint(diag, "take hide= out of that line, and run: xlpt boot write '%s'", want);
	return XLPT_ERR_CONFLICT;
}

/* libkmod is asked what it would make of modprobe.d with our file in it. */
int xlpt_boot_would_work(struct xlpt_env *env, struct xlpt_boot_plan *p, struct xlpt_diag *diag)
{
	_cleanup_effective_ struct xlpt_effective eff = { 0 };
	_cleanup_free_ char *want = xlpt_hide_format(&p->list), *fact = NULL, *way = NULL;
	int rc;

	if (p->list.n && xlpt_boot_refused(env->host, &p->boot, &fact, &way)) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "pciback would not be loaded at boot");
		xlpt_diag_fact(diag, "%s", fact);
		xlpt_diag_hint(diag, "%s", way);
		return XLPT_ERR_CONFLICT;
	}
	rc = grub_would_work(env, p, diag);
	if (rc || p->boot.mode == XLPT_PB_BUILTIN)
		return rc;
	rc = initramfs_would_work(env, p, want, diag);
	if (rc)
		return rc;
	rc = xlpt_effective_read(env->host, &p->boot, XLPT_MODPROBE_CONF,
				 text_of(p, XLPT_MODPROBE_CONF), &eff, diag);
	if (rc)
		return rc;
	if (!p->list.n) {
		if (eff.modprobe_hide)
			xlpt_strv_addf(&p->notes, "%s:%u is effective again and hides %s",
				       eff.modprobe_file, eff.modprobe_line, eff.modprobe_hide);
		return 0;
	}
	if ((!p->by_cmdline || eff.install) && !xlpt_streq(eff.modprobe_hide, want)) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT,
			      "another file of modprobe.d has the last word");
		xlpt_diag_fact(diag, "%s:%u sets hide=%s after %s", eff.modprobe_file,
			       eff.modprobe_line, eff.modprobe_hide,
			       p->by_cmdline ? "the command line" : XLPT_MODPROBE_CONF);
		xlpt_diag_hint(diag, "take %s out of that file, and run: xlpt boot write '%s'",
			       eff.install ? "that line, or the list in it," : "that line", want);
		return XLPT_ERR_CONFLICT;
	}
	for (char **d = p->early; d && *d; d++)
		if (!xlpt_boot_has_module(eff.early, *d)) {
			xlpt_diag_set(diag, XLPT_ERR_CONFLICT,
				      "modprobe would not load %s before %s", p->boot.module, *d);
			xlpt_diag_fact(diag, "another line for %s in modprobe.d counts instead",
				       *d);
			xlpt_diag_hint(diag, "modprobe --showconfig | grep %s", *d);
			return XLPT_ERR_CONFLICT;
		}
	if (eff.blacklisted)
		xlpt_strv_addf(&p->notes, "%s blacklists %s; that holds for loading by alias only",
			       eff.blacklisted, p->boot.module);
	return 0;
}
