/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What save, restore and migrate share: the guest as it is now, and attaching or detaching one
 * device.
 */
#include "xl-plugin/leave/leave.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/lease.h"
#include "xl-plugin/hotplug/release.h"
#include "xl-plugin/kept/locks.h"

#define SETTLE_MS 2000

void xlpt_leave_init(struct xlpt_leave *l, struct xlpt_env *env)
{
	*l = (struct xlpt_leave){ .image = { .fd = -1 }, .at = XLPT_FILE_NONE };
	xlpt_op_init(&l->op, env);
}

void xlpt_leave_dispose(struct xlpt_leave *l)
{
	xlpt_op_dispose(&l->op);
	xlpt_image_dispose(&l->image);
	for (size_t i = 0; i < l->n_maps; i++)
		xlpt_spec_dispose(&l->maps[i].to);
	free(l->maps);
	free(l->targets);
	free(l->file);
	free(l->part);
	xlpt_file_dispose(&l->at);
	xlpt_str_dispose(&l->missing);
	xlpt_diag_dispose(&l->missing_diag);
}

static int no_image_name(const char *file, struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "\"%s\" cannot be the name of an image", file);
	xlpt_diag_hint(diag, "name a file, not a directory, without line breaks");
	return XLPT_ERR_SYNTAX;
}

int xlpt_leave_path(const char *file, char **out, struct xlpt_diag *diag)
{
	_cleanup_file_ struct xlpt_file f;
	int r = strpbrk(file, "\n\r") ? -EINVAL : xlpt_file_find(NULL, file, XLPT_FILE_FOLLOW, &f),
	    rc;

	if (r == -EINVAL || r == -EISDIR)
		return no_image_name(file, diag);
	/*
	 * Absolute, so that a later repair finds the same file, whatever its working directory is.
	 */
	if (r == 0)
		r = f.fd < 0 ? xlpt_file_path(NULL, &f, out) : -EMEDIUMTYPE;
	if (r == 0 && !strpbrk(*out, "\n\r"))
		return 0;
	if (r == 0) {
		free(XLPT_TAKE(*out));
		return no_image_name(file, diag);
	}
	rc = r == -ENOENT ? XLPT_ERR_NOT_FOUND : XLPT_ERR_IO;
	xlpt_diag_file(diag, rc, r, "cannot use the directory of %s", file);
	xlpt_diag_hint(diag, "name a file in a directory that is there");
	return rc;
}

void xlpt_leave_note(struct xlpt_op *op, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	xlpt_strv_take(&op->notes, xlpt_xvasprintf(fmt, ap));
	va_end(ap);
}

void xlpt_leave_note_specs(struct xlpt_op *op)
{
	for (size_t i = 0; i < op->n; i++) {
		_cleanup_free_ char *spec = xlpt_spec_format(&op->items[i].spec);

		xlpt_leave_note(op, "spec %s", spec);
	}
}

/* ---- what the guest is, and which devices it has ---- */

int xlpt_leave_alive(struct xlpt_env *env, const struct xlpt_guest *want, struct xlpt_guest *now,
		     struct xlpt_diag *diag)
{
	_cleanup_diag_ struct xlpt_diag d = { 0 };
	int rc = env->ts->ops->guest_by_id(env->ts, want->domid, now, &d);

	if (rc == 0 && !strcmp(now->uuid, want->uuid))
		return 1;
	if (rc == 0 || rc == XLPT_ERR_NO_GUEST) {
		xlpt_guest_dispose(now);
		return 0;
	}
	if (diag)
		xlpt_diag_move(diag, &d);
	return rc;
}

int xlpt_leave_wait_gone(struct xlpt_env *env, const struct xlpt_guest *guest,
			 struct xlpt_diag *diag)
{
	int64_t deadline = xlpt_now(env->clock) + XLPT_LEAVE_TIMEOUT_MS;
	_cleanup_free_ char *what = xlpt_xasprintf("%s to end", guest->name);
	_cleanup_waiting_ struct xlpt_waiting waiting = xlpt_waiting_for(env, what);

	for (;;) {
		_cleanup_guest_ struct xlpt_guest now = { 0 };
		int rc = xlpt_leave_alive(env, guest, &now, diag);

		if (rc <= 0)
			return rc;
		if (xlpt_now(env->clock) >= deadline)
			break;
		xlpt_waiting_look(&waiting);
		env->clock->sleep_ms(env->clock, 100);
	}
	xlpt_diag_set(diag, XLPT_ERR_LEFT, "domain %u (%s) does not end", guest->domid,
		      guest->name);
	xlpt_diag_fact(diag, "it was still there after %d s", XLPT_LEAVE_TIMEOUT_MS / 1000);
	xlpt_diag_hint(diag, "xl list shows what is left of it; xlpt repair");
	return XLPT_ERR_LEFT;
}

static bool holds(struct xlpt_env *env, uint32_t domid, struct xlpt_bdf bdf, bool *whole)
{
	_cleanup_owners_ struct xlpt_owners owners = { 0 };

	*whole = false;
	if (xlpt_owners_read(env, &owners, NULL))
		return false;
	for (size_t i = 0; i < owners.n; i++)
		if (owners.items[i].domid == domid && xlpt_bdf_eq(owners.items[i].bdf, bdf)) {
			*whole = xlpt_owner_complete(&owners.items[i]);
			return true;
		}
	return false;
}

/* ---- one device ---- */

static int one(struct xlpt_env *env, const struct xlpt_guest *guest, const struct xlpt_spec *spec,
	       const struct xlpt_leave_how *how, bool attach, struct xlpt_diag *diag)
{
	_cleanup_op_ struct xlpt_op op;
	int rc;

	xlpt_op_init(&op, env);
	op.outer = how->journal;
	op.timeout_ms = how->timeout_ms;
	if (attach && how->had && spec->has_bdf) {
		xlpt_bdfs_add(&op.force_host, spec->bdf);
		xlpt_bdfs_add(&op.allow_split, spec->bdf);
	}
	op.has_guest = true;
	xlpt_guest_copy(&op.guest, guest);
	if (how->leases)
		xlpt_leases_move(how->leases, spec->bdf, &op.leases);
	for (size_t i = 0; i < op.leases.n; i++)
		op.leases.items[i].domid = guest->domid;
	rc = attach ? xlpt_op_add(&op, spec, diag) : xlpt_op_add_bdf(&op, spec->bdf, diag);
	if (rc == 0)
		rc = xlpt_op_take_vfs(&op, diag);
	/* The VF that a pool has chosen just now. */
	if (rc == 0 && !spec->has_bdf)
		rc = xlpt_lock_device(env, &op.locks, op.items[0].spec.bdf, 0, diag);
	if (rc)
		return rc;
	/*
	 * The budget counts this attach and does not refuse it, because it let the device's detach
	 * through.
	 */
	return attach ? xlpt_op_attach(&op,
				       &(struct xlpt_attach_options){ .without_e820 = true,
								      .over_budget = true },
				       diag)
		      : xlpt_op_detach(&op, &(struct xlpt_detach_options){ 0 }, diag);
}

int xlpt_leave_attach(struct xlpt_env *env, const struct xlpt_guest *guest,
		      const struct xlpt_spec *spec, const struct xlpt_leave_how *how,
		      struct xlpt_diag *diag)
{
	bool whole = false;

	if (!spec->has_bdf)
		return one(env, guest, spec, how, true, diag);
	/*
	 * A change that is under way is allowed to end: cut short, it would stop the guest's
	 * hotplug.
	 */
	if (holds(env, guest->domid, spec->bdf, &whole) && !whole) {
		if (guest->type == XLPT_GUEST_PV)
			xlpt_wait_settled(env, guest, how->timeout_ms, NULL);
		if (holds(env, guest->domid, spec->bdf, &whole) && !whole) {
			int rc = xlpt_release(env, guest->domid, spec->bdf, false, how->timeout_ms,
					      diag);

			if (rc)
				return rc;
		}
	}
	return whole ? 0 : one(env, guest, spec, how, true, diag);
}

void xlpt_leave_settle(struct xlpt_env *env, const struct xlpt_guest *guest)
{
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };

	if (guest->type == XLPT_GUEST_PV &&
	    xlpt_pcibe_read(env->store, guest->domid, &be, NULL) == 0 && !be.exists)
		env->clock->sleep_ms(env->clock, SETTLE_MS);
}

static int detach(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_leave *l = ctx;
	struct xlpt_leave_how how = { .journal = &l->op.journal, .timeout_ms = l->op.timeout_ms };

	return one(l->op.env, &l->op.guest, &l->op.items[i].spec, &how, false, diag);
}

int xlpt_leave_attach_again(struct xlpt_leave *l, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_leave_how how = { .journal = &l->op.journal,
				      .leases = &l->op.leases,
				      .timeout_ms = l->op.timeout_ms,
				      .had = true };
	_cleanup_guest_ struct xlpt_guest now = { 0 };
	int rc = xlpt_leave_alive(l->op.env, &l->op.guest, &now, diag);

	/* The guest has left: the devices are for where it is now. */
	if (rc <= 0)
		return rc;
	xlpt_leave_settle(l->op.env, &now);
	return xlpt_leave_attach(l->op.env, &now, &l->op.items[i].spec, &how, diag);
}

static int attach_again(void *ctx, size_t i, struct xlpt_diag *diag)
{
	return xlpt_leave_attach_again(ctx, i, diag);
}

void xlpt_leave_plan_detach(struct xlpt_leave *l, struct xlpt_plan *plan)
{
	for (size_t i = 0; i < l->op.n; i++) {
		const char *bdf = XLPT_BDF_STR(l->op.items[i].spec.bdf);

		xlpt_plan_add(plan, detach, attach_again, i,
			      xlpt_xasprintf("detach %s from %s", bdf, l->op.guest.name),
			      xlpt_xasprintf("attach %s to %s again", bdf, l->op.guest.name));
	}
}

int xlpt_leave_go_on(struct xlpt_env *env, const struct xlpt_guest *guest, bool stay_paused,
		     struct xlpt_diag *diag)
{
	_cleanup_guest_ struct xlpt_guest now = { 0 };
	int rc = xlpt_leave_alive(env, guest, &now, diag);

	if (rc <= 0)
		return rc;
	rc = 0;
	if (strcmp(now.name, guest->name) != 0)
		rc = env->ts->ops->guest_rename(env->ts, now.domid, guest->name, diag);
	if (rc == 0 && now.suspended)
		rc = env->ts->ops->guest_resume(env->ts, now.domid, diag);
	if (rc == 0 && now.paused && !stay_paused)
		rc = env->ts->ops->guest_pause(env->ts, now.domid, false, diag);
	if (rc) {
		xlpt_diag_hint(diag, "xlpt repair");
		xlpt_diag_recode(diag, XLPT_ERR_LEFT);
	}
	return rc;
}

void xlpt_leave_give_back(struct xlpt_op *op)
{
	for (size_t i = 0; !op->env->dry_run && i < op->leases.n; i++) {
		_cleanup_diag_ struct xlpt_diag d = { 0 };

		/*
		 * The lease is over in any case; every command that looks at leases will find
		 * that.
		 */
		if (xlpt_lease_return(op->env, &op->leases.items[i], &d))
			xlpt_warn(op->env, "%s", d.message);
	}
}
