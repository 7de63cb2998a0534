/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ends an operation that was cut short, under its locks, by the mender of its journal. */
#include "xl-plugin/hotplug/mend.h"

#include <string.h>

#include "pciback/device/bind.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/config.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/hotplug/reset.h"
#include "xl-plugin/kept/locks.h"

void xlpt_mend_overrides(struct xlpt_env *env, const struct xlpt_journal *j)
{
	const char *text;

	for (size_t i = 0; (text = xlpt_journal_get(j, "override", i)); i++) {
		_cleanup_free_ char *name = xlpt_xstrndup(text, strcspn(text, " ")), *now = NULL;
		struct xlpt_bdf bdf;

		/* When another override was set since, that one stays. */
		if (text[strlen(name)] && xlpt_bdf_from_sysfs_name(name, &bdf) &&
		    xlpt_bind_override_read(env->host, bdf, &now, NULL) == 0 &&
		    (!now || xlpt_streq(now, XLPT_PCIBACK_DRIVER)))
			xlpt_bind_override(env->host, bdf, text + strlen(name) + 1, NULL);
	}
}

int xlpt_mend_locked(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag)
{
	const struct xlpt_mender *mender = xlpt_mender_of(j);
	int rc;

	xlpt_say(env, "mending an interrupted %s%s%s, left at: %s", j->op,
		 j->guest.name ? " for guest " : "", j->guest.name ? j->guest.name : "",
		 j->last ? j->last : "its beginning");
	/* Before anybody else looks at the devices or gets them. */
	rc = xlpt_reset_mend_buses(env, j, diag);
	/*
	 * An operation that this version does not know: at least the devices that it took from
	 * dom0 go back.
	 */
	if (rc == 0)
		rc = (mender ? mender : &xlpt_mender_hide)->mend(env, j, diag);
	if (rc) {
		xlpt_diag_wrap(diag, "cannot mend the interrupted %s", j->op);
		return xlpt_diag_recode(diag, XLPT_ERR_LEFT);
	}
	xlpt_mend_overrides(env, j);
	xlpt_config_mend(env, j);
	xlpt_journal_end(env, j);
	return 0;
}

static int lock_devices(struct xlpt_env *env, struct xlpt_locks *locks,
			const struct xlpt_journal *j, struct xlpt_diag *diag)
{
	_cleanup_free_ struct xlpt_bdf *bdfs = xlpt_xcalloc(j->n, sizeof(*bdfs));

	for (size_t i = 0; i < j->n; i++)
		bdfs[i] = j->devs[i].bdf;
	return xlpt_lock_all(env, locks, j->guest.name ? &j->guest.domid : NULL, bdfs, j->n, diag);
}

int xlpt_mend(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag)
{
	const struct xlpt_mender *mender = xlpt_mender_of(j);
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	int rc;

	if (mender && mender->whole)
		return mender->whole(env, j, diag);
	rc = (mender && mender->lock ? mender->lock : lock_devices)(env, &locks, j, diag);
	if (rc == 0)
		rc = xlpt_journal_adopt(env, j, diag);
	return rc > 0 ? xlpt_mend_locked(env, j, diag) : rc;
}
