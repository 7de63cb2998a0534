/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Boot-time hiding: what is there is read, what is wanted is merged with what is
 * effective already, the guard is asked, the files are made, and libkmod says
 * whether they would do what they should before they are written.
 */
#include <string.h>

#include "core/file.h"
#include "core/plan.h"
#include "core/spec.h"
#include "xenstore/pcibe.h"
#include "xl-plugin/boot/boot.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/kept/file-change.h"

/* ---- the plan ---- */

/* The unit that says after each boot whether it happened: it is there, and nobody enabled it. */
static bool verify_not_enabled(struct xlpt_host *h)
{
	static const char *const dirs[] = { "/etc/systemd/system", "/usr/local/lib/systemd/system",
					    "/usr/lib/systemd/system", "/lib/systemd/system" };
	/* Under a running systemd one that is missing is told, too: make install brings it. */
	bool there = xlpt_host_has(h, "/run/systemd/system");

	if (xlpt_host_has(h, "/etc/systemd/system/multi-user.target.wants/" XLPT_BOOT_UNIT))
		return false;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(dirs); i++)
		there |= xlpt_host_has(h, "%s/" XLPT_BOOT_UNIT, dirs[i]);
	return there;
}

/*
 * A kernel that was installed after this boot is the one that the next boot starts, or GRUB takes another one by
 * itself: it has an initramfs of its own.
 */
static void next_kernel(struct xlpt_env *env, struct xlpt_boot_plan *p, const char *done)
{
	bool chosen;
	_cleanup_free_ char *release = xlpt_boot_next_kernel(env->host, &p->boot, &chosen);
	_cleanup_free_ char *command = NULL;
	_cleanup_boot_ struct xlpt_boot next = { 0 };
	const char *which = chosen ? "is that of the entry that GRUB takes by itself"
				   : "is installed and newer than the one that runs";

	if (!release || xlpt_boot_detect_kernel(env->host, p->boot.era, release, &next, NULL))
		return;
	command = xlpt_boot_initramfs_command(&next);
	if (next.mode == XLPT_PB_ABSENT && p->list.n)
		xlpt_strv_addf(&p->notes,
			       "kernel %s %s, and has no "
			       "pciback: if the next boot starts it, nothing is hidden",
			       release, which);
	else if (next.mode != p->boot.mode && p->list.n)
		xlpt_strv_addf(&p->notes,
			       "kernel %s %s, and its "
			       "pciback is another one (%s); once it runs: xlpt boot write",
			       release, which, xlpt_pb_mode_word(next.mode));
	else if (command && !xlpt_streq(command, done))
		xlpt_strv_addf(&p->commands, "%s", command);
}

static void commands(struct xlpt_env *env, const struct xlpt_boot_req *req,
		     struct xlpt_boot_plan *p)
{
	_cleanup_free_ char *initramfs = xlpt_boot_initramfs_command(&p->boot);
	_cleanup_free_ char *loader = xlpt_boot_loader_command(env->host, &p->boot);
	_cleanup_free_ char *by_hand = xlpt_boot_initramfs_by_hand(env->host, &p->boot);
	bool inside = false;

	if ((!p->list.n && !req->remove && !req->drop) || !p->files.n)
		return;
	for (size_t i = 0; i < p->n; i++)
		inside |= p->initrd_unknown || p->items[i].in_initrd;
	/* RHEL 5 builds its image without our files; only a driver in it makes that matter. */
	if (initramfs && p->boot.initramfs == XLPT_INITRAMFS_MKINITRD && inside)
		xlpt_strv_addf(
			&p->notes,
			"mkinitrd takes module options from /etc/modprobe.conf alone: put the "
			"options line there as well");
	if (p->list.n && by_hand)
		xlpt_strv_addf(&p->notes, "%s", by_hand);
	if (initramfs && (inside || p->boot.initramfs != XLPT_INITRAMFS_MKINITRD))
		xlpt_strv_addf(&p->commands, "%s", initramfs);
	if (!req->release)
		next_kernel(env, p, initramfs);
	if (p->by_cmdline && loader)
		xlpt_strv_addf(&p->commands, "%s", loader);
	if (p->list.n && verify_not_enabled(env->host))
		xlpt_strv_addf(&p->commands, "systemctl enable " XLPT_BOOT_UNIT);
	xlpt_strv_addf(&p->commands, "reboot");
	if ((!req->remove && !req->drop) || p->list.n)
		xlpt_strv_addf(&p->commands, "xlpt boot verify");
}

static int need_pciback(const struct xlpt_boot_req *req, struct xlpt_boot_plan *p,
			struct xlpt_diag *diag)
{
	if (p->boot.mode != XLPT_PB_ABSENT || req->remove || req->only_look)
		return 0;
	/* For a tree that is described by hand: any kernel with pciback has it as a module. */
	if (req->era != XLPT_ERA_UNKNOWN || req->to_stdout) {
		p->boot.mode = XLPT_PB_MODULE;
		xlpt_strv_addf(&p->notes, "%s; taken for a module", p->boot.mode_fact);
		return 0;
	}
	xlpt_diag_set(diag, XLPT_ERR_NO_PCIBACK, "this kernel has no pciback");
	xlpt_diag_fact(diag, "%s", p->boot.mode_fact);
	xlpt_diag_hint(diag, "boot a dom0 kernel with CONFIG_XEN_PCIDEV_BACKEND, or name one with "
			     "--kernel");
	return XLPT_ERR_NO_PCIBACK;
}

/* Who only looks is told what a write would be refused for, and sees the rest. */
static int files(struct xlpt_env *env, const struct xlpt_boot_req *req, struct xlpt_boot_plan *p,
		 struct xlpt_diag *diag)
{
	_cleanup_diag_ struct xlpt_diag no = { 0 };
	int rc = xlpt_boot_files_make(env->host, &p->boot, &p->list, p->early, p->by_cmdline,
				      &p->files, &no);

	if (rc && req->only_look) {
		xlpt_strv_addf(&p->notes, "%s: %s", no.message, no.hint ? no.hint : "");
		return 0;
	}
	if (rc)
		xlpt_diag_move(diag, &no);
	return rc;
}

/* What Xen was told on its command line, where a running or captured one can be asked. */
static void ask_xen(struct xlpt_env *env, struct xlpt_boot *boot)
{
	_cleanup_free_ char *messages = NULL;

	if (!env->store || !env->ts)
		xlpt_env_try_xen(env, NULL);
	if (env->ts && env->ts->ops->xen_text && !boot->xen_cmdline)
		env->ts->ops->xen_text(env->ts, &boot->xen_cmdline, &messages);
}

/* What xlpt's own files say; all: they go, whatever they say. */
static int read_owned(struct xlpt_env *env, struct xlpt_boot_plan *p, bool all,
		      struct xlpt_diag *diag)
{
	_cleanup_diag_ struct xlpt_diag bad = { 0 };
	int rc = xlpt_boot_owned_read(env->host, &p->boot, &p->owned, &bad);

	/* A malformed list can still be taken out whole. */
	if (rc == XLPT_ERR_SYNTAX && all)
		return 0;
	if (rc)
		xlpt_diag_move(diag, &bad);
	return rc;
}

/* The list as it shall be: pciback can read it, and this host can do without its devices. */
static int list_fits(struct xlpt_env *env, const struct xlpt_boot_req *req,
		     struct xlpt_boot_plan *p, struct xlpt_diag *diag)
{
	_cleanup_devices_ struct xlpt_devices devs = { 0 };
	_cleanup_hide_ struct xlpt_hide_list again = { 0 };
	_cleanup_free_ char *text = xlpt_hide_format(&p->list);
	_cleanup_diag_ struct xlpt_diag unread = { 0 };
	int rc = *text ? xlpt_hide_lint(p->boot.grammar, text, &again, diag) : 0;

	if (rc)
		return rc;
	if (xlpt_initrd_read(env->host, &p->boot, &p->initrd, &unread))
		p->initrd_unknown = xlpt_xstrdup(unread.message);
	rc = xlpt_boot_devices(env, req, p, &devs, diag);
	return rc ? rc : xlpt_boot_guard(env, req, p, &devs, diag);
}

int xlpt_op_boot_plan(struct xlpt_env *env, const struct xlpt_boot_req *req,
		      struct xlpt_boot_plan *p, struct xlpt_diag *diag)
{
	bool all = req->remove && !req->n;
	int rc;

	*p = (struct xlpt_boot_plan){ 0 };
	rc = xlpt_env_need_host(env, diag);
	if (rc == 0)
		rc = xlpt_boot_detect(env->host, req->era, req->release, &p->boot, diag);
	if (rc == 0)
		rc = xlpt_boot_pins_read(env, req, p, diag);
	for (size_t i = 0; rc == 0 && i < req->n; i++)
		rc = xlpt_boot_pins_arg(env, req, req->args[i], p, diag);
	if (rc == 0)
		rc = need_pciback(req, p, diag);
	if (rc == 0)
		rc = read_owned(env, p, all, diag);
	if (rc == 0)
		rc = xlpt_effective_read(env->host, &p->boot, NULL, NULL, &p->eff, diag);
	if (rc)
		return rc;
	p->eff_known = true;
	if (!env->sysroot)
		xlpt_host_read_text(env->host, &p->stamp, XLPT_BOOT_STAMP);
	rc = xlpt_boot_merge(env, req, p, diag);
	if (rc == 0)
		rc = xlpt_boot_pins_drop(req, p, diag);
	if (rc == 0)
		rc = xlpt_boot_pins_merge(env, req, p, diag);
	if (rc == 0 && req->remove)
		rc = xlpt_boot_drop(env, p, diag);
	if (all)
		p->list.n = 0;
	for (size_t i = 0; rc == 0 && !req->remove && i < p->added.n; i++)
		xlpt_hide_add(&p->list, &p->added.items[i]);
	if (rc)
		return rc;
	ask_xen(env, &p->boot);
	xlpt_boot_unread(env, req, p);
	rc = list_fits(env, req, p, diag);
	if (rc || req->to_stdout)
		return rc;
	rc = files(env, req, p, diag);
	if (rc == 0 && (p->files.n || !p->list.n))
		rc = xlpt_boot_would_work(env, p, diag);
	if (rc == 0)
		commands(env, req, p);
	if (rc == 0)
		xlpt_boot_pins_files(p);
	return rc;
}

/* ---- doing it ---- */

struct apply {
	struct xlpt_env *env;
	const struct xlpt_boot_plan *plan;
	const struct xlpt_journal *journal;
};

static struct xlpt_change change_of(const struct xlpt_boot_file *f)
{
	return (struct xlpt_change){
		.path = f->path, .was = f->old, .want = f->text, .mode = f->mode
	};
}

static int put(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct apply *a = ctx;

	return xlpt_boot_file_put(a->env->host, &a->plan->files.items[i], diag);
}

static int undo(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct apply *a = ctx;
	const struct xlpt_change c = change_of(&a->plan->files.items[i]);

	return xlpt_change_undo(a->env, a->journal, &c, diag);
}

int xlpt_op_boot_lock(struct xlpt_env *env, struct xlpt_locks *locks, struct xlpt_diag *diag)
{
	return xlpt_change_begin(env, locks, "boot", "boot-time hiding or the pins", diag);
}

/* Also when nothing else is to be done: a hook that was left behind is run by others. */
static void sweep(struct xlpt_env *env, const struct xlpt_boot_plan *p)
{
	_cleanup_free_ char *command = xlpt_boot_initramfs_command(&p->boot);

	if (!xlpt_boot_sweep(env->host, false))
		return;
	xlpt_say(env, "took away what a killed xlpt had not finished%s%s",
		 command ? "; an initramfs that was made since then may have it: " : "",
		 command ? command : "");
}

int xlpt_op_boot_apply(struct xlpt_env *env, const struct xlpt_boot_plan *p, bool *changed,
		       struct xlpt_diag *diag)
{
	_cleanup_plan_ struct xlpt_plan steps = { 0 };
	_cleanup_journal_ struct xlpt_journal j;
	/* A note that only makes a message better: without it verify says "lost". */
	const char *ours = p->owned.by_cmdline ? p->eff.cmdline_hide : p->stamp;
	struct apply a = { .env = env, .plan = p, .journal = &j };
	int rc;

	*changed = false;
	xlpt_journal_init(&j, p->list.n ? "boot write" : "boot remove", NULL);
	for (size_t i = 0; i < p->files.n; i++) {
		const struct xlpt_boot_file *f = &p->files.items[i];
		const struct xlpt_change c = change_of(f);

		if (xlpt_boot_file_same(f))
			continue;
		*changed = true;
		xlpt_plan_add(&steps, put, undo, i,
			      xlpt_xasprintf("%s %s", f->text ? "write" : "remove", f->path),
			      xlpt_xasprintf("put %s back as it was", f->path));
		xlpt_change_note(env, &j, &c);
	}
	sweep(env, p);
	env->done |= !*changed;
	if (!*changed)
		return 0;
	xlpt_change_note_after(&j, XLPT_BOOT_STAMP, ours ? ours : "");
	rc = xlpt_change_run(env, &j, &steps, &a, diag);
	env->done |= rc == 0;
	return rc;
}

/*
 * xl and xlpt note the driver they take a device from. One that a boot hid never
 * had a driver, so it has no such note.
 */
static void hidden_by_hand(struct xlpt_env *env, struct xlpt_verdict *v)
{
	_cleanup_free_ char *driver = NULL;
	struct xlpt_bdf bdf;
	bool known;

	if (v->state != XLPT_HIDDEN_YES || !xlpt_bdf_from_sysfs_name(v->bdf, &bdf) ||
	    xlpt_pcinote_came_from(env->store, bdf, &known, &driver, NULL) || !known || !*driver)
		return;
	v->state = XLPT_HIDDEN_LOST;
	v->driver = XLPT_TAKE(driver);
	free(v->fact);
	v->fact = xlpt_xasprintf("%s had it, and it was hidden by hand since (xenstore notes that "
				 "driver for it)",
				 v->driver);
	free(v->hint);
	v->hint = xlpt_xstrdup("reboot, and run this before anything is hidden by hand");
}

int xlpt_op_boot_verify(struct xlpt_env *env, struct xlpt_boot *boot,
			const struct xlpt_hide_list *wanted, struct xlpt_verdicts *out,
			struct xlpt_diag *diag)
{
	int rc;

	ask_xen(env, boot);
	rc = xlpt_boot_verify(env->host, boot, wanted, out, diag);
	for (size_t i = 0; rc == 0 && env->store && i < out->n; i++)
		hidden_by_hand(env, &out->items[i]);
	if (rc == 0)
		rc = xlpt_boot_pins_verify(env, out, diag);
	if (rc == 0)
		xlpt_boot_vfs_verify(env, boot->grammar, out);
	return rc;
}

void xlpt_boot_plan_dispose(struct xlpt_boot_plan *p)
{
	xlpt_boot_pins_dispose(p);
	xlpt_boot_dispose(&p->boot);
	xlpt_effective_dispose(&p->eff);
	xlpt_boot_owned_dispose(&p->owned);
	xlpt_hide_dispose(&p->added);
	xlpt_hide_dispose(&p->list);
	xlpt_hide_dispose(&p->qubes);
	for (size_t i = 0; i < p->n; i++) {
		free(p->items[i].driver);
		xlpt_strv_free(p->items[i].modules);
		xlpt_strv_free(p->items[i].builtin);
		xlpt_strv_free(p->items[i].in_initrd);
	}
	free(p->items);
	xlpt_strv_free(p->early);
	xlpt_boot_files_dispose(&p->files);
	xlpt_initrd_dispose(&p->initrd);
	free(p->initrd_unknown);
	xlpt_strv_free(p->unread);
	xlpt_strv_free(p->notes);
	xlpt_strv_free(p->commands);
	xlpt_iommu_notes_dispose(&p->iommu);
	free(p->stamp);
	*p = (struct xlpt_boot_plan){ 0 };
}
