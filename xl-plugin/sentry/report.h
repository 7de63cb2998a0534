/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the guard commands tell, as text and as JSON. */
#ifndef XLPT_SENTRY_REPORT_H
#define XLPT_SENTRY_REPORT_H

#include "xl-plugin/sentry/holdings.h"
#include "xl-plugin/sentry/sentry.h"

/* guard check; with JSON nothing more is told of the refusal. what: "saved" or the like. */
void xlpt_sentry_report_check(struct xlpt_env *env, const struct xlpt_guest *guest,
			      const struct xlpt_holdings *holds, const char *what);
/* guard status, for people; and of every verb as JSON, changed: of install and remove, or NULL. */
void xlpt_sentry_print(struct xlpt_env *env, const struct xlpt_sentry *g);
void xlpt_sentry_print_json(struct xlpt_env *env, const struct xlpt_sentry *g, const bool *changed);
/* guard install and remove, for people. */
void xlpt_sentry_report_change(struct xlpt_env *env, const struct xlpt_sentry *before,
			       const struct xlpt_sentry *after, const bool *parts, bool remove,
			       bool changed);

#endif
