/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/kept/had-line.h"

#include "core/policy.h"
#include "core/text.h"
#include "pciback/device/scan.h"
#include "xenstore/pcibe.h"

int xlpt_had_line_note(struct xlpt_env *env, const struct xlpt_guest *guest, struct xlpt_bdf bdf,
		       bool *anew, struct xlpt_diag *diag)
{
	_cleanup_device_ struct xlpt_device dev = { 0 };
	bool fresh = false;
	int rc = 0;

	if (guest->type == XLPT_GUEST_PV &&
	    xlpt_scan_one(env->host, bdf, 0, NULL, &dev, NULL) == 0 &&
	    xlpt_policy_has_line(guest, &dev))
		rc = xlpt_pcinote_line_set(env->store, guest->domid, bdf, &fresh, diag);
	if (anew)
		*anew = rc == 0 && fresh;
	return rc;
}

void xlpt_had_line_forget(struct xlpt_env *env, const struct xlpt_guest *guest, struct xlpt_bdf bdf)
{
	/* A note that stays costs a --force; it is not worth an error of its own. */
	xlpt_pcinote_line_clear(env->store, guest->domid, bdf, NULL);
}

static int cmp(const void *a, const void *b)
{
	return xlpt_bdf_cmp(*(const struct xlpt_bdf *)a, *(const struct xlpt_bdf *)b);
}

int xlpt_had_line_read(struct xlpt_env *env, const struct xlpt_guest *guest, struct xlpt_bdf **bdfs,
		       size_t *n, struct xlpt_diag *diag)
{
	int rc;

	*bdfs = NULL;
	*n = 0;
	if (guest->type != XLPT_GUEST_PV)
		return 0;
	rc = xlpt_pcinote_line_get(env->store, guest->domid, bdfs, n, diag);
	if (*n)
		qsort(*bdfs, *n, sizeof(**bdfs), cmp);
	return rc;
}

int xlpt_had_line_judge(struct xlpt_env *env, const struct xlpt_guest *guest, const char *what,
			struct xlpt_diag *diag)
{
	_cleanup_free_ struct xlpt_bdf *bdfs = NULL;
	size_t n;
	int rc = xlpt_had_line_read(env, guest, &bdfs, &n, diag);

	return rc ? rc : xlpt_policy_had_line(guest, bdfs, n, what, diag);
}
