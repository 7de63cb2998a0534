/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guard install and guard remove: which parts, all of them or none, and the result. */
#include <string.h>

#include "xl-plugin/cli/output.h"
#include "xl-plugin/sentry/report.h"
#include "xl-plugin/sentry/sentry.h"

static int choose(const struct xlpt_sentry_options *want, const struct xlpt_sentry *g,
		  bool parts[XLPT_SENTRY_PARTS], struct xlpt_diag *diag)
{
	for (enum xlpt_sentry_part part = 0; part < XLPT_SENTRY_PARTS; part++)
		parts[part] = !want->n && (want->remove || g->applies[part]);
	for (size_t i = 0; i < want->n; i++) {
		enum xlpt_sentry_part part = 0;

		while (part < XLPT_SENTRY_PARTS &&
		       strcmp(want->parts[i], xlpt_sentry_part_word(part)) != 0)
			part++;
		if (part == XLPT_SENTRY_PARTS) {
			xlpt_diag_set(diag, XLPT_ERR_USAGE, "guard has no part \"%s\"",
				      want->parts[i]);
			xlpt_diag_hint(diag, "its parts are xl, libvirt, xendomains and sleep");
			return XLPT_ERR_USAGE;
		}
		parts[part] = true;
		if (want->remove || g->applies[part])
			continue;
		xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "the part %s does not apply to this host",
			      want->parts[i]);
		xlpt_diag_fact(diag, "%s", g->why_not[part]);
		xlpt_diag_hint(diag, "xlpt guard install without a part installs those that apply");
		return XLPT_ERR_NOT_FOUND;
	}
	return 0;
}

int xlpt_sentry_change(struct xlpt_env *env, const struct xlpt_sentry_options *want,
		       struct xlpt_diag *diag)
{
	_cleanup_sentry_ struct xlpt_sentry before = { 0 }, after = { 0 };
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	bool parts[XLPT_SENTRY_PARTS], changed = false;
	int rc = env->dry_run ? 0 : xlpt_op_guard_lock(env, &locks, diag);

	if (rc == 0)
		rc = xlpt_sentry_look(env, want->dir, &before, diag);
	if (rc == 0)
		rc = choose(want, &before, parts, diag);
	if (rc == 0 && !want->remove)
		rc = xlpt_sentry_judge_path(&before, parts, diag);
	if (rc == 0)
		rc = xlpt_op_guard(env, &before, parts, want->remove, want->force, &changed, diag);
	if (rc)
		return rc;
	if (env->dry_run)
		return 0;
	rc = xlpt_sentry_look(env, want->dir, &after, diag);
	if (rc) {
		xlpt_diag_wrap(diag, "everything was done, but cannot be looked at");
		xlpt_diag_hint(diag, "xlpt guard status shows how it stands");
		return xlpt_diag_recode(diag, XLPT_ERR_LEFT);
	}
	xlpt_sentry_notes(env, &after);
	if (!env->json) {
		xlpt_sentry_report_change(env, &before, &after, parts, want->remove, changed);
		return 0;
	}
	xlpt_strv_free(after.commands);
	after.commands = XLPT_TAKE(before.commands);
	xlpt_sentry_print_json(env, &after, &changed);
	return 0;
}
