/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waiting for domains that are on their way out. */
#include "xl-plugin/hotplug/gone.h"

#include <string.h>

#include "core/findings.h"
#include "core/text.h"
#include "xl-plugin/cli/output.h"

#define LOOK_MS 200

/*
 * The hypervisor has a device that no backend names: a domain that Xen is taking apart may have
 * it.
 */
static bool taken_apart(struct xlpt_env *env, struct xlpt_bdf bdf, int64_t own,
			struct xlpt_guest *who)
{
	struct xlpt_guest *guests = NULL;
	bool assigned = false;
	size_t n = 0, i = 0;

	if (env->ts->ops->hyp_assigned(env->ts, bdf, &assigned, NULL) || !assigned ||
	    env->ts->ops->guest_list(env->ts, &guests, &n, NULL))
		return false;
	while (i < n &&
	       !(xlpt_guest_leaves(&guests[i]) && !guests[i].shut_down && guests[i].domid != own))
		i++;
	if (i < n)
		xlpt_guest_copy(who, &guests[i]);
	xlpt_guests_free(guests, n);
	return i < n;
}

struct wanted {
	const struct xlpt_bdf *bdfs;
	size_t n;
	int64_t own;
};

/* 1 and *who when a domain that is on its way out has one of them. */
static int look_devices(struct xlpt_env *env, const void *arg, struct xlpt_guest *who,
			struct xlpt_diag *diag)
{
	const struct wanted *w = arg;
	_cleanup_owners_ struct xlpt_owners owners = { 0 };
	int rc = xlpt_owners_read(env, &owners, diag);

	for (size_t i = 0; rc == 0 && i < w->n; i++) {
		const struct xlpt_owner *o = xlpt_owners_find(&owners, w->bdfs[i]);

		if (o && o->guest && o->dying && o->domid != w->own) {
			*who = (struct xlpt_guest){ .domid = o->domid,
						    .shut_down = o->shut_down,
						    .name = xlpt_xstrdup(o->guest) };
			return 1;
		}
		if ((!o || !o->guest) && taken_apart(env, w->bdfs[i], w->own, who))
			return 1;
	}
	return rc;
}

struct named {
	const char *name, *uuid;
};

static int look_guest(struct xlpt_env *env, const void *arg, struct xlpt_guest *who,
		      struct xlpt_diag *diag)
{
	const struct named *want = arg;
	struct xlpt_guest *guests = NULL;
	size_t n = 0;
	int rc = env->ts->ops->guest_list(env->ts, &guests, &n, diag);

	for (size_t i = 0; rc == 0 && i < n; i++)
		if (xlpt_guest_leaves(&guests[i]) &&
		    (!strcmp(guests[i].name, want->name) ||
		     (*want->uuid && !strcmp(guests[i].uuid, want->uuid)))) {
			xlpt_guest_copy(who, &guests[i]);
			rc = 1;
		}
	xlpt_guests_free(guests, n);
	return rc;
}

/* A guest that has shut down is not waited for here: a hook would have to wait for it each time. */
static int look_all(struct xlpt_env *env, const void *arg, struct xlpt_guest *who,
		    struct xlpt_diag *diag)
{
	const struct xlpt_leases *leases = arg;
	_cleanup_free_ uint32_t *domids = NULL;
	struct xlpt_guest *guests = NULL;
	size_t n = 0, n_ids = 0;
	int rc = xlpt_pcibe_domids(env->store, &domids, &n_ids, diag);

	if (rc == 0)
		rc = env->ts->ops->guest_list(env->ts, &guests, &n, diag);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		bool ours = false;

		for (size_t k = 0; k < n_ids; k++)
			ours |= domids[k] == guests[i].domid;
		for (size_t k = 0; k < leases->n; k++)
			ours |= leases->items[k].domid == guests[i].domid;
		if (ours && xlpt_guest_leaves(&guests[i]) && !guests[i].shut_down) {
			xlpt_guest_copy(who, &guests[i]);
			rc = 1;
		}
	}
	xlpt_guests_free(guests, n);
	return rc;
}

/*
 * Waits as long as look finds a domain. 1: it is still there at the end (*who); 0: there is none.
 */
static int wait(struct xlpt_env *env,
		int (*look)(struct xlpt_env *env, const void *arg, struct xlpt_guest *who,
			    struct xlpt_diag *diag),
		const void *arg, int64_t timeout_ms, bool *waited, struct xlpt_guest *who,
		struct xlpt_diag *diag)
{
	int64_t start = xlpt_now(env->clock);

	for (;;) {
		int64_t limit = timeout_ms;
		int rc;

		xlpt_guest_dispose(who);
		rc = look(env, arg, who, diag);
		if (rc > 0 && env->findings)
			xlpt_findings_warn(env->findings, "%s (domain %u) %s; it is waited for",
					   who->name, who->domid,
					   who->shut_down ? "has shut down and was not destroyed"
							  : "is dying");
		if (rc <= 0 || env->dry_run)
			return rc;
		if (who->shut_down && limit > XLPT_SHUT_DOWN_MS)
			limit = XLPT_SHUT_DOWN_MS;
		if (xlpt_now(env->clock) - start >= limit)
			return 1;
		if (!*waited)
			xlpt_warn(env, "waiting for %s (domain %u), which %s", who->name,
				  who->domid,
				  who->shut_down ? "has shut down, to be destroyed"
						 : "is dying, to be gone");
		*waited = true;
		rc = xlpt_check_interrupted(diag);
		if (rc)
			return rc;
		env->clock->sleep_ms(env->clock, LOOK_MS);
	}
}

int xlpt_gone_wait(struct xlpt_env *env, const struct xlpt_bdf *bdfs, size_t n, int64_t own,
		   int64_t timeout_ms, bool *waited, struct xlpt_diag *diag)
{
	struct wanted w = { .bdfs = bdfs, .n = n, .own = own };
	_cleanup_guest_ struct xlpt_guest who = { 0 };
	int rc;

	*waited = false;
	rc = n ? wait(env, look_devices, &w, timeout_ms, waited, &who, diag) : 0;
	return rc > 0 ? 0 : rc;
}

int xlpt_gone_wait_guest(struct xlpt_env *env, const char *name, const char *uuid,
			 int64_t timeout_ms, struct xlpt_diag *diag)
{
	struct named want = { .name = name, .uuid = uuid };
	_cleanup_guest_ struct xlpt_guest who = { 0 };
	bool waited = false;
	int rc = wait(env, look_guest, &want, timeout_ms, &waited, &who, diag);

	if (rc <= 0)
		return rc;
	if (who.shut_down) {
		xlpt_diag_set(diag, XLPT_ERR_IN_USE,
			      "%s (domain %u) has shut down and was not destroyed", who.name,
			      who.domid);
		xlpt_diag_fact(diag, "Xen still has its domain, and its devices with it");
		xlpt_diag_hint(diag, "xl destroy %s", XLPT_WORD(who.name));
	} else {
		xlpt_diag_set(diag, XLPT_ERR_IN_USE, "%s (domain %u) is dying and does not end",
			      who.name, who.domid);
		xlpt_diag_fact(diag, "Xen still has its domain");
		xlpt_diag_hint(diag,
			       "run the same command again when xl list no longer shows domain %u",
			       who.domid);
	}
	return XLPT_ERR_IN_USE;
}

int xlpt_gone_wait_all(struct xlpt_env *env, int64_t timeout_ms, struct xlpt_diag *diag)
{
	_cleanup_leases_ struct xlpt_leases leases = { 0 };
	_cleanup_guest_ struct xlpt_guest who = { 0 };
	bool waited = false;
	int rc = xlpt_leases_read(env, &leases, diag);

	if (rc == 0)
		rc = wait(env, look_all, &leases, timeout_ms, &waited, &who, diag);
	return rc > 0 ? 0 : rc;
}
