/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a guest that is there, or restarts, has all its devices. It is to have: what libxl keeps
 * of its configuration, what its backend names, the VFs that are leased to it, and what its last
 * domain had, because libxl forgets a device that the backend does not name (libxl_domain.c,
 * libxl_retrieve_domain_configuration).
 */
#include <string.h>

#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/restart.h"
#include "xl-plugin/start/start.h"

#define LOOK_MS 500

void xlpt_awaited_dispose(struct xlpt_awaited *a)
{
	for (size_t i = 0; a->lacks && i < a->op.n; i++)
		xlpt_diag_dispose(&a->lacks[i]);
	free(XLPT_TAKE(a->lacks));
	xlpt_op_dispose(&a->op);
}

/* Name of the guest that restarts and has this name, number or UUID, or NULL. Caller frees. */
static char *restarts(struct xlpt_env *env, const char *name)
{
	_cleanup_knowns_ struct xlpt_knowns all = { 0 };

	if (xlpt_restarts_read(env, NULL, &all, NULL))
		return NULL;
	for (size_t i = 0; i < all.n; i++)
		if (all.items[i].restarts &&
		    (!strcmp(all.items[i].name, name) || !strcmp(all.items[i].uuid, name)))
			return xlpt_xstrdup(all.items[i].name);
	return NULL;
}

/* Finds the guest when it has a domain that runs, and waits for one that restarts. */
static int find_guest(struct xlpt_op *op, const char *name, int64_t deadline,
		      struct xlpt_diag *diag)
{
	for (;;) {
		_cleanup_diag_ struct xlpt_diag own = { 0 };
		int rc = op->env->ts->ops->guest_find(op->env->ts, name, &op->guest, &own);
		_cleanup_free_ char *who = restarts(op->env, name);
		bool leaves = rc == 0 && xlpt_guest_leaves(&op->guest);

		if (rc == 0 && !leaves && !who)
			return 0;
		if ((rc && rc != XLPT_ERR_NO_GUEST) || (rc && !who)) {
			xlpt_diag_move(diag, &own);
			return rc;
		}
		xlpt_guest_dispose(&op->guest);
		if (xlpt_now(op->env->clock) >= deadline) {
			xlpt_diag_set(diag, XLPT_ERR_NO_GUEST, "%s has no domain that runs", name);
			xlpt_diag_fact(diag, leaves ? "its domain is on its way out"
						    : "it restarts, and was not there in time");
			xlpt_diag_hint(diag, "the same command again, with a longer --timeout");
			return XLPT_ERR_NO_GUEST;
		}
		rc = xlpt_check_interrupted(diag);
		if (rc)
			return rc;
		op->env->clock->sleep_ms(op->env->clock, LOOK_MS);
	}
}

static int add(struct xlpt_op *op, struct xlpt_bdf bdf, const struct xlpt_spec *spec,
	       struct xlpt_diag *diag)
{
	struct xlpt_spec one;
	int rc;

	for (size_t i = 0; i < op->n; i++)
		if (xlpt_bdf_eq(op->items[i].spec.bdf, bdf))
			return 0;
	if (!spec)
		return xlpt_op_add_bdf(op, bdf, diag);
	/* Where the device is in the guest does not matter here. */
	xlpt_spec_copy(&one, spec);
	one.vslot = -1;
	rc = xlpt_op_add(op, &one, diag);
	xlpt_spec_dispose(&one);
	return rc;
}

static int add_configured(struct xlpt_op *op, struct xlpt_diag *diag)
{
	struct xlpt_spec *specs = NULL;
	size_t n = 0;
	int rc = op->env->ts->ops->guest_config_pci(op->env->ts, op->guest.domid, &specs, &n, diag);

	for (size_t i = 0; i < n; i++) {
		if (rc == 0)
			rc = add(op, specs[i].bdf, &specs[i], diag);
		xlpt_spec_dispose(&specs[i]);
	}
	free(specs);
	return rc;
}

static int add_all(struct xlpt_op *op, struct xlpt_diag *diag)
{
	_cleanup_knowns_ struct xlpt_knowns known = { 0 };
	_cleanup_leases_ struct xlpt_leases leases = { 0 };
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };
	const struct xlpt_known *k;
	int rc = add_configured(op, diag);

	if (rc == 0)
		rc = xlpt_pcibe_read(op->env->store, op->guest.domid, &be, diag);
	for (size_t i = 0; rc == 0 && i < be.n; i++)
		if (be.devs[i].dev_ok)
			rc = add(op, be.devs[i].bdf, NULL, diag);
	if (rc == 0)
		rc = xlpt_leases_read(op->env, &leases, diag);
	for (size_t i = 0; rc == 0 && i < leases.n; i++)
		if (*op->guest.uuid && !strcmp(leases.items[i].uuid, op->guest.uuid))
			rc = add(op, leases.items[i].bdf, NULL, diag);
	if (rc == 0)
		rc = xlpt_restarts_read(op->env, NULL, &known, diag);
	k = xlpt_knowns_find(&known, op->guest.uuid);
	/* When this is the domain that xlpt remembers, its backend is the better source. */
	for (size_t i = 0; rc == 0 && k && k->domid != op->guest.domid && i < k->n; i++)
		rc = add(op, k->devs[i], NULL, diag);
	return rc;
}

/* It may still come: the device model may just not have it yet. */
static bool may_come(const struct xlpt_op *op, int rc)
{
	return rc == XLPT_ERR_CONFLICT && op->guest.type != XLPT_GUEST_PV;
}

static int wait_for(struct xlpt_op *op, size_t i, int64_t deadline, struct xlpt_diag *diag)
{
	for (;;) {
		int64_t left = deadline - xlpt_now(op->env->clock);
		int rc;

		op->timeout_ms = left > 1 ? left : 1;
		rc = xlpt_op_verify(op, i, diag);
		if (!may_come(op, rc) || left <= 0)
			return rc;
		rc = xlpt_check_interrupted(NULL);
		if (rc)
			return rc;
		xlpt_diag_dispose(diag);
		op->env->clock->sleep_ms(op->env->clock, LOOK_MS);
	}
}

static int judge_guest(const struct xlpt_guest *g, struct xlpt_diag *diag)
{
	if (!g->has_stubdom)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_GUEST_TYPE, "nothing tells when %s has its devices", g->name);
	xlpt_diag_fact(diag, "its device model runs in a stub domain");
	xlpt_diag_hint(diag, "xlpt status shows what its stub domain has");
	return XLPT_ERR_GUEST_TYPE;
}

int xlpt_op_wait(struct xlpt_awaited *a, const char *guest, int64_t timeout_ms,
		 struct xlpt_diag *diag)
{
	struct xlpt_op *op = &a->op;
	int64_t deadline = xlpt_now(op->env->clock) + timeout_ms;
	const struct xlpt_diag *first = NULL;
	_cleanup_str_ struct xlpt_str which = { 0 };
	int rc = find_guest(op, guest, deadline, diag);

	if (rc == 0)
		op->env->ts->ops->guest_config(op->env->ts, &op->guest);
	if (rc == 0)
		rc = judge_guest(&op->guest, diag);
	if (rc == 0)
		rc = add_all(op, diag);
	if (rc)
		return rc;
	op->has_guest = true;
	a->lacks = xlpt_xcalloc(op->n + 1, sizeof(*a->lacks));
	for (size_t i = 0; i < op->n; i++) {
		rc = wait_for(op, i, deadline, &a->lacks[i]);
		if (rc == XLPT_ERR_NO_GUEST || rc == XLPT_ERR_STOPPED) {
			xlpt_diag_move(diag, &a->lacks[i]);
			return rc;
		}
		if (rc == 0)
			continue;
		first = first ? first : &a->lacks[i];
		xlpt_str_addf(&which, "%s%s", which.len ? ", " : "",
			      XLPT_BDF_STR(op->items[i].spec.bdf));
	}
	if (!first)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "%s does not have %s", op->guest.name, which.s);
	xlpt_diag_fact(diag, "%s", first->message);
	if (first->hint)
		xlpt_diag_hint(diag, "%s", first->hint);
	return XLPT_ERR_CONFLICT;
}
