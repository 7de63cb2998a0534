/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * This host goes to sleep. When it wakes up, the devices have lost their settings: dom0's drivers
 * set them again, but a guest is not told. So the devices of guests are taken out before and given
 * back afterwards, by the steps of a save without the save; or the host stays awake.
 *
 * The locks, the leases and the journal of each guest are held until it is over. When xlpt is
 * killed meanwhile, the journals stay, and repair gives the devices back.
 */
#include <string.h>

#include "core/run.h"
#include "core/text.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/lease.h"
#include "xl-plugin/kept/locks.h"
#include "xl-plugin/leave/sleep.h"
#include "xl-plugin/sentry/holdings.h"

void xlpt_sleep_dispose(struct xlpt_sleep *s)
{
	for (size_t i = 0; i < s->n; i++)
		xlpt_leave_dispose(&s->guests[i]);
	free(s->guests);
	xlpt_locks_release(&s->locks);
	*s = (struct xlpt_sleep){ 0 };
}

/* ---- which devices are in the way ---- */

static int cmp_domid(const void *a, const void *b)
{
	const struct xlpt_guest *x = a, *y = b;

	return (x->domid > y->domid) - (x->domid < y->domid);
}

static int refuse(struct xlpt_env *env, const struct xlpt_guest *guest,
		  const struct xlpt_holdings *held, struct xlpt_diag *diag)
{
	_cleanup_owners_ struct xlpt_owners owners = { 0 };
	_cleanup_str_ struct xlpt_str list = { 0 };
	const struct xlpt_owner *o;

	for (size_t i = 0; i < held->n; i++)
		xlpt_str_addf(&list, " %s", XLPT_BDF_STR(held->items[i].bdf));
	xlpt_diag_set(diag, XLPT_ERR_RULE, "this host does not sleep while %s has%s", guest->name,
		      list.s);
	xlpt_diag_fact(diag, "a device that a guest has is not set up again when the host wakes "
			     "up, and the guest is not told");
	o = xlpt_owners_read(env, &owners, NULL) ? NULL
						 : xlpt_owners_find(&owners, held->items[0].bdf);
	if (o && o->through) {
		_cleanup_free_ char *line = xlpt_owner_frees(o);

		xlpt_diag_hint(diag,
			       "%s; a guest with a stub domain keeps its devices while it runs",
			       line);
		return XLPT_ERR_RULE;
	}
	xlpt_diag_hint(
		diag,
		"xlpt detach %s%s%s; or, for this to be done each time and undone afterwards, "
		"host-sleep = reattach in " XLPT_SETTINGS_PATH,
		held->n > 1 ? "--all " : "", XLPT_WORD(guest->name), held->n > 1 ? "" : list.s);
	return XLPT_ERR_RULE;
}

static void add_guest(struct xlpt_sleep *s, struct xlpt_env *env, const struct xlpt_guest *guest)
{
	struct xlpt_leave *l;

	XLPT_GROW(s->guests, s->n, s->alloc);
	l = &s->guests[s->n++];
	xlpt_leave_init(l, env);
	l->detach_first = l->force = true;
	l->op.timeout_ms = s->timeout_ms;
	l->op.has_guest = true;
	xlpt_guest_copy(&l->op.guest, guest);
}

static int look(struct xlpt_sleep *s, struct xlpt_env *env, struct xlpt_diag *diag)
{
	struct xlpt_guest *guests = NULL;
	size_t n = 0;
	int rc = env->ts->ops->guest_list(env->ts, &guests, &n, diag);

	if (rc == 0 && n)
		qsort(guests, n, sizeof(*guests), cmp_domid);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		_cleanup_holdings_ struct xlpt_holdings held = { 0 };

		rc = xlpt_holdings_read(env, &guests[i], &held, diag);
		if (rc || !held.n)
			continue;
		if (s->how == XLPT_SLEEP_REFUSE)
			rc = refuse(env, &guests[i], &held, diag);
		else if (s->how == XLPT_SLEEP_REATTACH)
			add_guest(s, env, &guests[i]);
		else
			xlpt_warn(env,
				  "%s keeps its devices while the host sleeps, and may not be "
				  "able to use them afterwards",
				  guests[i].name);
	}
	xlpt_guests_free(guests, n);
	return rc;
}

/* ---- taking them out ---- */

static int take(struct xlpt_leave *l, struct xlpt_diag *diag)
{
	_cleanup_plan_ struct xlpt_plan plan = { 0 };
	struct xlpt_op *op = &l->op;
	int rc = xlpt_leave_begin(l, "without its devices", diag);

	if (rc || !op->n)
		return rc;
	xlpt_leave_plan_detach(l, &plan);
	if (op->env->dry_run) {
		xlpt_print_plan(op->env, &plan);
		return 0;
	}
	xlpt_op_describe(op, "sleep", &op->journal);
	rc = xlpt_journal_begin(op->env, &op->journal, diag);
	if (rc)
		return rc;
	l->out = true;
	rc = xlpt_journal_run(op->env, &op->journal, &plan, op, diag);
	if (rc && rc != XLPT_ERR_LEFT) {
		l->out = false;
		xlpt_journal_end(op->env, &op->journal);
	}
	return rc;
}

/* ---- giving them back ---- */

/* Gives back all that can be given back. What cannot stays in the guest's journal, for repair. */
static int give_back(struct xlpt_leave *l, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str lacks = { 0 };
	_cleanup_diag_ struct xlpt_diag first = { 0 };
	int rc = 0;

	for (size_t i = 0; i < l->op.n; i++) {
		_cleanup_diag_ struct xlpt_diag why = { 0 };

		if (xlpt_leave_attach_again(l, i, &why) == 0)
			continue;
		xlpt_str_addf(&lacks, " %s", XLPT_BDF_STR(l->op.items[i].spec.bdf));
		if (!rc)
			xlpt_diag_move(&first, &why);
		rc = XLPT_ERR_LEFT;
	}
	if (!rc) {
		xlpt_journal_end(l->op.env, &l->op.journal);
		return 0;
	}
	if (!diag || diag->message) {
		xlpt_warn(l->op.env, "%s is without%s: %s", l->op.guest.name, lacks.s,
			  first.message);
		return rc;
	}
	xlpt_diag_move(diag, &first);
	xlpt_diag_wrap(diag, "%s is without%s", l->op.guest.name, lacks.s);
	xlpt_diag_hint(diag, "xlpt repair gives it back what it can get");
	return xlpt_diag_recode(diag, rc);
}

static int give_all_back(struct xlpt_sleep *s, struct xlpt_diag *diag)
{
	int rc = 0;

	for (size_t i = s->n; i-- > 0;)
		if (s->guests[i].out && give_back(&s->guests[i], diag))
			rc = XLPT_ERR_LEFT;
	return rc;
}

/* ---- the sleep in between ---- */

static int sleep_now(struct xlpt_env *env, char *const *command, struct xlpt_diag *diag)
{
	_cleanup_run_ struct xlpt_run run = XLPT_RUN_INIT((const char *const *)command);
	_cleanup_free_ char *ended = NULL;
	int rc;

	/* The command's messages go to the terminal, or into the unit's journal. */
	run.asks = true;
	run.out_fd = env->out == stdout ? STDOUT_FILENO : -1;
	rc = xlpt_run_program(&run, diag);
	if (rc || !run.status)
		return rc;
	ended = xlpt_run_ended(run.status);
	xlpt_diag_set(diag, XLPT_ERR_IO, "this host did not sleep: %s %s", command[0],
		      run.status == 127 ? "is not there" : ended);
	xlpt_diag_add_log(diag, xlpt_str_get(&run.err));
	xlpt_diag_hint(diag, "see why by hand: %s", command[0]);
	return XLPT_ERR_IO;
}

int xlpt_op_sleep(struct xlpt_env *env, struct xlpt_sleep *s, char *const *command,
		  struct xlpt_diag *diag)
{
	int rc = look(s, env, diag), back;

	/* The locks of all guests come before that of any device (core/lock.h). */
	for (size_t i = 0; rc == 0 && !env->dry_run && i < s->n; i++)
		rc = xlpt_lock_guest(env, &s->locks, s->guests[i].op.guest.domid,
				     xlpt_now(env->clock) + XLPT_LOCK_TIMEOUT_MS, diag);
	for (size_t i = 0; rc == 0 && i < s->n; i++)
		rc = take(&s->guests[i], diag);
	if (rc == 0 && env->dry_run) {
		xlpt_say(env, "run %s", command[0]);
		return 0;
	}
	if (rc == 0)
		rc = xlpt_check_interrupted(diag);
	if (rc == 0)
		rc = sleep_now(env, command, diag);
	/* A signal to xlpt does not mean that the guests should lose their devices. */
	xlpt_stop_shield(true);
	back = give_all_back(s, diag);
	xlpt_stop_shield(false);
	return back ? back : rc;
}
