/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the operations meet the hotplug budget. A hotplug is counted before it is done: one that
 * fails, or whose xlpt is killed, has disturbed the kernel as much as one that succeeds.
 */
#include "xl-plugin/hotplug/budget.h"

#include <string.h>
#include <unistd.h>

#include "core/findings.h"
#include "core/text.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/hotplug/release.h"

#define COUNTDOWN_MS 1000

int xlpt_budget_settings(struct xlpt_op *op, struct xlpt_diag *diag)
{
	_cleanup_diag_ struct xlpt_diag own = { 0 };
	int rc;

	xlpt_settings_dispose(&op->settings); /* those of an earlier try (--wait) */
	rc = xlpt_settings_read(op->env->host, &op->settings, &own);
	if (rc == 0)
		return 0;
	/* A guest that hangs can be freed, whatever somebody wrote into a file. */
	if (op->over_budget) {
		if (own.line)
			xlpt_warn(op->env, "%s:%u:%u: %s; the defaults are used", own.file,
				  own.line, own.column, own.message);
		else
			xlpt_warn(op->env, "%s; the defaults are used", own.message);
		return 0;
	}
	xlpt_diag_move(diag, &own);
	return rc;
}

/* One entry for each device. With a stub domain two backends name it; the guest's comes first. */
static struct xlpt_ledger_seen *seen_of(const struct xlpt_owners *owners, size_t *n)
{
	struct xlpt_ledger_seen *seen = xlpt_xcalloc(owners->n, sizeof(*seen));

	*n = 0;
	for (size_t i = 0; i < owners->n; i++)
		if (xlpt_owners_find(owners, owners->items[i].bdf) == &owners->items[i])
			seen[(*n)++] = (struct xlpt_ledger_seen){ .bdf = owners->items[i].bdf,
								  .domid = owners->items[i].domid };
	return seen;
}

void xlpt_budget_look(struct xlpt_env *env, const struct xlpt_owners *owners, int64_t since_ms)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_free_ struct xlpt_ledger_seen *seen = NULL;
	size_t n;

	/* Without xenstore nothing was seen. That does not mean that nobody has a device. */
	if (!env->store || !env->ts)
		return;
	seen = seen_of(owners, &n);
	if (xlpt_ledger_look(env, seen, n, since_ms, &diag))
		xlpt_verbose(env, "changes by other tools were not counted: %s", diag.message);
}

/* attach and detach can wait. Whoever detaches as a part of something else has no --wait. */
static void hint_used_up(const struct xlpt_op *op, bool part, const struct xlpt_budget_answer *a,
			 const char *window, struct xlpt_diag *diag)
{
	xlpt_diag_fact(diag, "%u of %u attaches and detaches in %s were used%s", a->used, a->limit,
		       window, op->outer ? "" : "; nothing was touched");
	if (part)
		xlpt_diag_hint(diag,
			       "xlpt budget shows what was used, and when more of it is free");
	else
		xlpt_diag_hint(diag, "run it again with --wait to wait for it; xlpt budget shows "
				     "what was used");
}

/* "the hotplug budget of this host is used up: 512 of 512 in 1 h". */
static int refuse(struct xlpt_op *op, const struct xlpt_ledger_use *use, size_t wanted, bool part,
		  struct xlpt_diag *diag)
{
	_cleanup_free_ char *window = xlpt_budget_duration(op->settings.budget.window_ms);
	const struct xlpt_budget_answer *a =
		use->device_over && !use->host_over ? &use->device : &use->host;
	_cleanup_free_ char *whose =
		a == &use->host ? xlpt_xstrdup("this host") : xlpt_xstrdup(XLPT_BDF_STR(use->bdf));
	_cleanup_free_ char *next = NULL;

	op->budget_next_ms = use->next_ms;
	if (use->next_ms < 0) {
		xlpt_diag_set(diag, XLPT_ERR_BUDGET,
			      "%zu devices at once are more than the hotplug "
			      "budget of %s ever allows: %u in %s",
			      wanted, whose, a->limit, window);
		xlpt_diag_fact(diag, "hotplug-limit in " XLPT_SETTINGS_PATH " says so");
		if (part)
			xlpt_diag_hint(diag, "xlpt detach %s DEVICE... before, some at a time",
				       XLPT_WORD(op->guest.name));
		else
			xlpt_diag_hint(diag, "name fewer devices at once");
		return XLPT_ERR_BUDGET;
	}
	next = xlpt_budget_duration(use->next_ms);
	if (a->left)
		xlpt_diag_set(diag, XLPT_ERR_BUDGET,
			      "the hotplug budget of %s has %u left, not %zu; so "
			      "many are free in %s",
			      whose, a->left, wanted, next);
	else if (wanted > 1)
		xlpt_diag_set(diag, XLPT_ERR_BUDGET,
			      "the hotplug budget of %s is used up; %zu are free "
			      "in %s",
			      whose, wanted, next);
	else
		xlpt_diag_set(diag, XLPT_ERR_BUDGET,
			      "the hotplug budget of %s is used up; the next is "
			      "free in %s",
			      whose, next);
	hint_used_up(op, part, a, window, diag);
	return XLPT_ERR_BUDGET;
}

static void warn_of(struct xlpt_env *env, const struct xlpt_op *op,
		    const struct xlpt_budget_answer *a, const char *whose)
{
	_cleanup_free_ char *window = xlpt_budget_duration(op->settings.budget.window_ms);

	xlpt_warn(
		env,
		"%u of the %u attaches and detaches that %s may have in %s are used (xlpt budget)",
		a->used, a->limit, whose, window);
}

static int ask_only(struct xlpt_op *op, const struct xlpt_ledger_want *wants, size_t n,
		    struct xlpt_ledger_use *use, struct xlpt_diag *diag)
{
	_cleanup_ledger_ struct xlpt_ledger l = { 0 };
	_cleanup_free_ struct xlpt_ledger_seen *seen = NULL;
	int rc = xlpt_ledger_read(op->env, &l, diag);
	size_t n_seen;

	if (rc)
		return rc;
	/* A dry run: adds what a look would write into the ledger now. */
	seen = seen_of(&op->owners, &n_seen);
	xlpt_ledger_as_seen(&l, xlpt_now(op->env->clock), seen, n_seen);
	xlpt_ledger_ask(&l, &op->settings.budget, xlpt_now(op->env->clock), wants, n, use);
	return use->next_ms ? XLPT_ERR_BUDGET : 0;
}

static size_t wants_of(const struct xlpt_op *op, bool attach, struct xlpt_ledger_want *wants)
{
	size_t n = 0;

	for (size_t i = 0; i < op->n; i++)
		if (!op->items[i].nothing)
			wants[n++] = (struct xlpt_ledger_want){
				.kind = attach ? XLPT_LEDGER_ATTACH : XLPT_LEDGER_DETACH,
				.bdf = op->items[i].spec.bdf,
				.domid = attach ? (int64_t)op->guest.domid : XLPT_LEDGER_NOBODY,
			};
	return n;
}

/* A detach by force is for a guest that hangs: it is counted, and no error of counting stops it. */
static int count_forced(struct xlpt_op *op, const struct xlpt_ledger_want *wants, size_t n)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	if (!op->env->dry_run && xlpt_ledger_reserve(op->env, NULL, wants, n, NULL, &diag))
		xlpt_warn(op->env, "this detach could not be counted: %s", diag.message);
	return 0;
}

int xlpt_budget_reserve(struct xlpt_op *op, const char *name, struct xlpt_diag *diag)
{
	_cleanup_free_ struct xlpt_ledger_want *wants = xlpt_xcalloc(op->n, sizeof(*wants));
	struct xlpt_ledger_use use = { 0 };
	bool attach = !strcmp(name, "attach");
	size_t n;
	int rc;

	op->budget_next_ms = -1;
	if (!attach && strcmp(name, "detach") != 0)
		return 0;
	n = wants_of(op, attach, wants);
	if (!n)
		return 0;
	if (op->over_budget)
		return count_forced(op, wants, n);
	rc = op->env->dry_run
		     ? ask_only(op, wants, n, &use, diag)
		     : xlpt_ledger_reserve(op->env, &op->settings.budget, wants, n, &use, diag);
	if (rc == XLPT_ERR_BUDGET)
		return refuse(op, &use, n, op->outer, diag);
	if (rc || (op->env->dry_run && !op->env->findings))
		return rc;
	if (use.host.warn)
		warn_of(op->env, op, &use.host, "this host");
	else if (use.device.warn)
		warn_of(op->env, op, &use.device, XLPT_BDF_STR(use.bdf));
	else
		xlpt_findings_ok(op->env->findings,
				 "%u of the %u attaches and detaches of this host are used",
				 use.host.used, use.host.limit);
	return 0;
}

int xlpt_budget_room(struct xlpt_op *op, struct xlpt_diag *diag)
{
	_cleanup_free_ struct xlpt_ledger_want *wants = xlpt_xcalloc(op->n, sizeof(*wants));
	struct xlpt_ledger_use use = { 0 };
	size_t n = wants_of(op, false, wants);
	int rc = n ? xlpt_budget_settings(op, diag) : 0;

	if (rc || !n)
		return rc;
	rc = ask_only(op, wants, n, &use, diag);
	return rc == XLPT_ERR_BUDGET ? refuse(op, &use, n, true, diag) : rc;
}

void xlpt_budget_settle(struct xlpt_op *op, const char *name)
{
	_cleanup_free_ struct xlpt_ledger_seen *seen = xlpt_xcalloc(op->n, sizeof(*seen));
	_cleanup_free_ struct xlpt_ledger_want *wants = xlpt_xcalloc(op->n, sizeof(*wants));
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	bool attach = !strcmp(name, "attach");
	size_t n;

	if (!attach && strcmp(name, "detach") != 0)
		return;
	n = wants_of(op, attach, wants);
	for (size_t i = 0; i < n; i++)
		seen[i] = (struct xlpt_ledger_seen){ .bdf = wants[i].bdf, .domid = wants[i].domid };
	/* Without this record the next look still knows the change from its reservation. */
	if (n && xlpt_ledger_settle(op->env, seen, n, &diag))
		xlpt_verbose(op->env, "%s", diag.message);
}

int xlpt_budget_release(struct xlpt_env *env, enum xlpt_ledger_kind kind, uint32_t domid,
			struct xlpt_bdf bdf, bool force, int64_t timeout_ms, struct xlpt_diag *diag)
{
	struct xlpt_ledger_want want = { .kind = kind, .bdf = bdf, .domid = XLPT_LEDGER_NOBODY };
	_cleanup_diag_ struct xlpt_diag own = { 0 };
	bool assigned = true;
	uint32_t owner;

	/* When nobody can say whether the guest has it, one hotplug too many is counted. */
	if (xlpt_owner_now(env, bdf, &owner, NULL) == 0 &&
	    env->ts->ops->hyp_assigned(env->ts, bdf, &assigned, NULL) == 0 && !assigned)
		return xlpt_release(env, domid, bdf, force, timeout_ms, diag);
	if (xlpt_ledger_reserve(env, NULL, &want, 1, NULL, &own))
		xlpt_warn(env, "taking back %s could not be counted: %s", XLPT_BDF_STR(bdf),
			  own.message);
	return xlpt_release(env, domid, bdf, force, timeout_ms, diag);
}

int xlpt_budget_wait(struct xlpt_env *env, int64_t ms, struct xlpt_diag *diag)
{
	int fd = fileno(env->err);
	bool terminal = fd >= 0 && isatty(fd);
	int64_t until = xlpt_now(env->clock) + ms, left = ms;
	int rc = 0;

	while (left > 0 && (rc = xlpt_check_interrupted(diag)) == 0) {
		_cleanup_free_ char *text = xlpt_budget_duration(left);

		if (terminal)
			fprintf(env->err, "\rxlpt: waiting %s for the hotplug budget\033[K", text);
		else if (left == ms)
			xlpt_warn(env, "waiting %s for the hotplug budget", text);
		fflush(env->err);
		/* The host may have slept meanwhile, so the time that is left is read anew. */
		env->clock->sleep_ms(env->clock, left < COUNTDOWN_MS ? left : COUNTDOWN_MS);
		left = until - xlpt_now(env->clock);
	}
	if (terminal)
		fprintf(env->err, "\r\033[K");
	if (rc)
		xlpt_diag_hint(diag,
			       "nothing was changed; run the same command again to go on waiting");
	return rc;
}
