/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Migration is live where Xen can do it: the xl on both sides decide which of them has the guest.
 * Without shadow paging Xen cannot log what a PV guest writes (EOPNOTSUPP); such a guest is saved,
 * sent, and made anew on the other host, where it stays paused until it has been destroyed here.
 * At no moment can both of them run.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/text.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/leave/leave.h"

#define IMAGE_DIR "/var/lib/xlpt/migrate"

/* ---- live ---- */

static int migrate(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_leave *l = ctx;
	struct xlpt_env *env = l->op.env;
	const int keep[2] = { xlpt_lock_fd(&l->op.env->locks, XLPT_LOCK_GUEST, l->op.guest.domid),
			      l->op.journal.fd };
	_cleanup_guest_ struct xlpt_guest now = { 0 };
	int rc = env->ts->ops->guest_migrate(env->ts, l->op.guest.domid, l->transport, l->host,
					     keep, diag);

	(void)i;
	if (rc == 0)
		return xlpt_leave_wait_gone(env, &l->op.guest, diag);
	if (xlpt_leave_alive(env, &l->op.guest, &now, NULL) == 0) {
		xlpt_diag_wrap(diag, "%s is gone here", l->op.guest.name);
		xlpt_diag_hint(diag, "xlpt repair looks for it on %s", l->host);
		return xlpt_diag_recode(diag, XLPT_ERR_LEFT);
	}
	return rc;
}

/* xl lets the guest go on by itself, unless it cannot tell whether the other side has it. */
static int undo_migrate(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_leave *l = ctx;
	struct xlpt_env *env = l->op.env;
	_cleanup_guest_ struct xlpt_guest now = { 0 };
	int rc = xlpt_leave_alive(env, &l->op.guest, &now, diag);

	(void)i;
	if (rc > 0)
		rc = xlpt_leave_remote_incoming(env, l->transport, l->host, &l->op.guest, diag);
	return rc ? rc
		  : xlpt_leave_take_back(env, &l->op.guest, l->transport, l->host, l->was_paused,
					 diag);
}

int xlpt_leave_take_back(struct xlpt_env *env, const struct xlpt_guest *guest,
			 const char *transport, const char *host, bool stay_paused,
			 struct xlpt_diag *diag)
{
	_cleanup_guest_ struct xlpt_guest now = { 0 };
	bool there = false, paused = false;
	int rc = xlpt_leave_alive(env, guest, &now, diag);

	if (rc <= 0)
		return rc;
	rc = 0;
	/* It is renamed and suspended: xl had begun to hand it over. */
	if (now.suspended && strcmp(now.name, guest->name) != 0)
		rc = xlpt_leave_remote_state(env, transport, host, guest, &there, &paused, diag);
	if (rc == 0 && there && !paused) {
		xlpt_diag_set(diag, XLPT_ERR_LEFT,
			      "%s runs on %s, and its copy here (%s) is suspended", guest->name,
			      host, now.name);
		xlpt_diag_hint(diag, "xl destroy %s here, then xlpt repair", XLPT_WORD(now.name));
		return XLPT_ERR_LEFT;
	}
	if (rc)
		return xlpt_diag_recode(diag, XLPT_ERR_LEFT);
	return xlpt_leave_go_on(env, guest, stay_paused, diag);
}

/* ---- by an image ---- */

static int rename_here(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_leave *l = ctx;
	_cleanup_free_ char *away = xlpt_xasprintf("%s--migratedaway", l->op.guest.name);

	(void)i;
	return l->op.env->ts->ops->guest_rename(l->op.env->ts, l->op.guest.domid, away, diag);
}

static int rename_back(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_leave *l = ctx;

	(void)i;
	return xlpt_leave_go_on(l->op.env, &l->op.guest, true, diag);
}

static int send_image(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_leave *l = ctx;
	int rc = xlpt_leave_send(l->op.env, l->transport, l->host, &l->image, diag);

	(void)i;
	return rc ? rc : xlpt_journal_note(&l->op.journal, "state arrived", diag);
}

static int undo_send(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_leave *l = ctx;
	_cleanup_guest_ struct xlpt_guest now = { 0 };
	int rc = xlpt_leave_alive(l->op.env, &l->op.guest, &now, diag);

	(void)i;
	/* It has ended here, so it is on the other host only. */
	if (rc <= 0)
		return rc;
	xlpt_journal_note(&l->op.journal, "state undone", NULL);
	return xlpt_leave_remote_destroy(l->op.env, l->transport, l->host, &l->op.guest, diag);
}

static int go_on_there(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_leave *l = ctx;

	(void)i;
	xlpt_leave_drop_part(l);
	return l->was_paused ? 0
			     : xlpt_leave_remote_unpause(l->op.env, l->transport, l->host,
							 l->op.guest.name, diag);
}

static int attach_there(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_leave *l = ctx;

	(void)i;
	/*
	 * The guest has left this host: nothing of it is kept from others while the other host
	 * works.
	 */
	xlpt_leave_give_back(&l->op);
	xlpt_locks_release(&l->op.locks);
	return xlpt_leave_remote_attach(l->op.env, l->transport, l->host, l->op.guest.name,
					l->targets, diag);
}

static int cannot(struct xlpt_diag *diag, int r, const char *what)
{
	xlpt_diag_file(diag, XLPT_ERR_IO, r, "cannot %s " IMAGE_DIR, what);
	xlpt_diag_fact(diag, "the image of a PV guest is kept there until the other host has it");
	xlpt_diag_hint(diag, "run xlpt as root, with room for the guest's memory there");
	return XLPT_ERR_IO;
}

static int image_place(struct xlpt_leave *l, struct xlpt_diag *diag)
{
	struct xlpt_host *h = l->op.env->host;
	int r = l->op.env->dry_run ? 0 : xlpt_file_private_dir(h, IMAGE_DIR);

	if (r < 0)
		return cannot(diag, r, "make");
	l->part = xlpt_xasprintf(IMAGE_DIR "/%u-%s.img", l->op.guest.domid, l->op.guest.uuid);
	l->part_in = h;
	if (l->op.env->dry_run)
		return 0;
	r = xlpt_file_find(h, l->part, 0, &l->at);
	if (r < 0)
		return cannot(diag, r, "use");
	/* The file of a killed migration of the same guest; nobody else writes here. */
	xlpt_leave_drop_part(l);
	return 0;
}

static int plan_offline(struct xlpt_leave *l, struct xlpt_plan *plan, struct xlpt_diag *diag)
{
	const char *guest = l->op.guest.name, *host = l->host;
	size_t n = l->op.n;
	int rc = image_place(l, diag);

	if (rc)
		return rc;
	xlpt_leave_note(&l->op, "image %s", l->part);
	xlpt_leave_plan_image(l, plan);
	xlpt_plan_add(plan, rename_here, rename_back, n + 1,
		      xlpt_xasprintf("rename %s here", guest),
		      xlpt_xasprintf("give %s its name back", guest));
	xlpt_plan_add(plan, send_image, undo_send, n + 2,
		      xlpt_xasprintf("send %s to %s", guest, host),
		      xlpt_xasprintf("remove the copy of %s on %s", guest, host));
	xlpt_plan_add(plan, xlpt_leave_destroy, NULL, n + 3, xlpt_xasprintf("end %s here", guest),
		      NULL);
	xlpt_plan_final(plan);
	xlpt_plan_add(plan, go_on_there, NULL, n + 4,
		      xlpt_xasprintf("let %s go on on %s", guest, host), NULL);
	return 0;
}

int xlpt_op_migrate(struct xlpt_leave *l, struct xlpt_diag *diag)
{
	_cleanup_plan_ struct xlpt_plan plan = { 0 };
	struct xlpt_op *op = &l->op;
	struct xlpt_xen_caps caps = { 0 };
	int rc;

	rc = xlpt_leave_plain("host", l->host, diag);
	if (rc == 0)
		rc = xlpt_leave_plain("guest", op->guest.name, diag);
	if (rc == 0)
		rc = xlpt_leave_transport(l->transport, diag);
	if (rc == 0)
		rc = xlpt_leave_judge_libvirt(l, "migrated", "migrate", diag);
	if (rc == 0)
		rc = xlpt_leave_begin(l, "migrated", diag);
	if (rc == 0)
		rc = xlpt_migrate_targets(l, diag);
	if (rc == 0)
		rc = op->env->ts->ops->caps(op->env->ts, &caps, diag);
	if (rc)
		return rc;
	/* xl's live protocol always ends with a guest that runs on the other side. */
	l->offline |= l->was_paused || (op->guest.type == XLPT_GUEST_PV && !caps.pv_live);
	xlpt_leave_note(op, "host %s", l->host);
	xlpt_leave_note(op, "transport %s", l->transport);
	if (op->n)
		xlpt_leave_note(op, "targets %s", l->targets);
	xlpt_leave_plan_detach(l, &plan);
	if (l->offline) {
		rc = plan_offline(l, &plan, diag);
	} else {
		xlpt_plan_add(&plan, migrate, undo_migrate, op->n,
			      xlpt_xasprintf("migrate %s to %s", op->guest.name, l->host),
			      xlpt_xasprintf("let %s go on here", op->guest.name));
		xlpt_plan_final(&plan);
	}
	if (op->n)
		xlpt_plan_add(&plan, attach_there, NULL, op->n + 5,
			      xlpt_xasprintf("attach %s to %s on %s", l->targets, op->guest.name,
					     l->host),
			      NULL);
	return rc ? rc : xlpt_op_execute(op, "migrate", &plan, diag);
}
