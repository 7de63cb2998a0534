/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the guard commands print, as text and as JSON. */
#ifndef XLPT_SENTRY_REPORT_H
#define XLPT_SENTRY_REPORT_H

#include "xl-plugin/sentry/holdings.h"
#include "xl-plugin/sentry/sentry.h"

/*
 * guard check: prints what the guest holds, and had: what it has had with an interrupt line (NULL
 * with n_had 0). what: "saved" or the like. After a JSON answer the refusal is not printed once
 * more.
 */
void xlpt_sentry_report_check(struct xlpt_env *env, const struct xlpt_guest *guest,
			      const struct xlpt_holdings *holds, const struct xlpt_bdf *had,
			      size_t n_had, const char *what);
/*
 * xlpt_sentry_print: guard status, for people. xlpt_sentry_print_json: every verb as JSON;
 * changed: of install and remove, NULL for status.
 */
void xlpt_sentry_print(struct xlpt_env *env, const struct xlpt_sentry *g);
void xlpt_sentry_print_json(struct xlpt_env *env, const struct xlpt_sentry *g, const bool *changed);
/* guard install and remove, for people. parts: those that were asked for. */
void xlpt_sentry_report_change(struct xlpt_env *env, const struct xlpt_sentry *before,
			       const struct xlpt_sentry *after, const bool *parts, bool remove,
			       bool changed);

#endif
