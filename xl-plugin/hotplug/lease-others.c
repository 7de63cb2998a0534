/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Leases that another xlpt is ending now. When a guest is gone, udev's rule gives back what it had,
 * and at the same time an operator or a script may ask for it.
 */
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/lease.h"
#include "xl-plugin/kept/locks.h"

#define LOOK_MS 200

static bool is_wanted(const struct xlpt_bdf *bdfs, size_t n, struct xlpt_bdf bdf)
{
	for (size_t i = 0; bdfs && i < n; i++)
		if (xlpt_bdf_eq(bdfs[i], bdf))
			return true;
	return !bdfs;
}

/* That of a guest that is to come is held as well, and ends when its guest is there. */
static bool is_ending(struct xlpt_env *env, const struct xlpt_lease *l,
		      const struct xlpt_guest *guests, size_t n)
{
	if (l->domid < 0 || l->until || xlpt_lease_guest(l, guests, n) ||
	    xlpt_locked_device(env, l->bdf))
		return false;
	return l->busy || xlpt_busy_device(env, l->bdf);
}

/* 1: the lease of *vf is being ended. */
static int look(struct xlpt_env *env, const struct xlpt_bdf *bdfs, size_t n, struct xlpt_bdf *vf,
		struct xlpt_diag *diag)
{
	_cleanup_leases_ struct xlpt_leases leases = { 0 };
	struct xlpt_guest *guests = NULL;
	size_t n_guests = 0;
	int rc = xlpt_leases_read(env, &leases, diag);

	if (rc == 0 && leases.n)
		rc = env->ts->ops->guest_list(env->ts, &guests, &n_guests, diag);
	for (size_t i = 0; rc == 0 && i < leases.n; i++)
		if (is_wanted(bdfs, n, leases.items[i].bdf) &&
		    is_ending(env, &leases.items[i], guests, n_guests)) {
			*vf = leases.items[i].bdf;
			rc = 1;
		}
	xlpt_guests_free(guests, n_guests);
	return rc;
}

int xlpt_leases_wait_others(struct xlpt_env *env, const struct xlpt_bdf *bdfs, size_t n,
			    int64_t timeout_ms, bool *waited, struct xlpt_diag *diag)
{
	int64_t deadline = xlpt_now(env->clock) + timeout_ms;

	*waited = false;
	for (;;) {
		struct xlpt_bdf vf;
		int rc = look(env, bdfs, n, &vf, diag);

		if (rc <= 0)
			return rc;
		if (!*waited)
			xlpt_verbose(env, "another xlpt is giving %s back; it is waited for",
				     XLPT_BDF_STR(vf));
		*waited = true;
		if (xlpt_now(env->clock) >= deadline) {
			xlpt_warn(
				env,
				"another xlpt works on %s, whose guest is gone, and has not given "
				"it back yet",
				XLPT_BDF_STR(vf));
			xlpt_warn_mend(env, "xlpt pool release --gone, when that one has ended");
			return 0;
		}
		rc = xlpt_check_interrupted(diag);
		if (rc)
			return rc;
		env->clock->sleep_ms(env->clock, LOOK_MS);
	}
}
