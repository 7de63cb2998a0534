/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The hotplug budget: how many attaches and detaches a device, and the whole
 * host, may have within a window of time. Pure counting over a list of events;
 * where the list is kept and who writes it is xl-plugin/kept/ledger's business.
 *
 * The number is from Red Hat's virtualization guide, which warns of more than
 * 512 hotplugs in a brief period and names no length; the hour is ours.
 *
 * Times are milliseconds of the host's boot-time clock (core/clock).
 */
#ifndef XLPT_CORE_BUDGET_H
#define XLPT_CORE_BUDGET_H

#include "core/bdf.h"

#define XLPT_BUDGET_LIMIT	 512
#define XLPT_BUDGET_WINDOW_MS	 (3600 * (int64_t)1000)
#define XLPT_BUDGET_WARN_PERCENT 80

struct xlpt_budget_rule {
	unsigned limit;	       /* of the host; at least 1 */
	unsigned device_limit; /* of each device; at least 1 */
	int64_t window_ms;     /* more than 0 */
};

/* One attach or detach. */
struct xlpt_budget_event {
	int64_t at_ms;
	struct xlpt_bdf bdf;
};

struct xlpt_budget_answer {
	unsigned limit;
	unsigned used;	 /* within the window; above the limit when other tools change something */
	unsigned left;	 /* limit - used, not below 0 */
	int64_t next_ms; /* from now until `want` are free: 0 = now, -1 = never (want > limit) */
	bool warn;	 /* used has reached XLPT_BUDGET_WARN_PERCENT of the limit */
};

void xlpt_budget_rule_init(struct xlpt_budget_rule *rule);

/*
 * What one device (bdf) or the host (bdf NULL) has used, and when `want` more
 * are free. The events may be in any order. An event counts from its time until
 * window_ms later, that moment excluded; one that lies in the future, which a
 * boot-time clock cannot bring about, is taken to have happened now.
 */
void xlpt_budget_ask(const struct xlpt_budget_rule *rule, const struct xlpt_budget_event *events,
		     size_t n, const struct xlpt_bdf *bdf, int64_t now_ms, unsigned want,
		     struct xlpt_budget_answer *out);

/* The later of two next_ms. */
int64_t xlpt_budget_later(int64_t a, int64_t b);

/* "2 h 5 min", "59 min 3 s", "12 s": rounded up to whole seconds, two units. Caller frees. */
char *xlpt_budget_duration(int64_t ms);

#endif
