/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/budget.h"

void xlpt_budget_rule_init(struct xlpt_budget_rule *rule)
{
	*rule = (struct xlpt_budget_rule){ .limit = XLPT_BUDGET_LIMIT,
					   .device_limit = XLPT_BUDGET_LIMIT,
					   .window_ms = XLPT_BUDGET_WINDOW_MS };
}

static int cmp_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Ages of what counts, oldest last; an age is below the window and never negative. */
static size_t ages(const struct xlpt_budget_rule *rule, const struct xlpt_budget_event *events,
		   size_t n, const struct xlpt_bdf *bdf, int64_t now_ms, int64_t *out)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		int64_t at = events[i].at_ms, age;

		if (bdf && !xlpt_bdf_eq(events[i].bdf, *bdf))
			continue;
		/* The difference is too large for a number: one of the two was never a time. */
		if (__builtin_sub_overflow(now_ms, at, &age))
			age = at > now_ms ? 0 : INT64_MAX;
		if (age < 0)
			age = 0;
		if (age < rule->window_ms)
			out[used++] = age;
	}
	qsort(out, used, sizeof(*out), cmp_time);
	return used;
}

void xlpt_budget_ask(const struct xlpt_budget_rule *rule, const struct xlpt_budget_event *events,
		     size_t n, const struct xlpt_bdf *bdf, int64_t now_ms, unsigned want,
		     struct xlpt_budget_answer *out)
{
	_cleanup_free_ int64_t *age = xlpt_xcalloc(n, sizeof(*age));
	size_t used = ages(rule, events, n, bdf, now_ms, age);
	unsigned limit = bdf ? rule->device_limit : rule->limit;

	*out = (struct xlpt_budget_answer){ .limit = limit, .used = (unsigned)used };
	out->left = used < limit ? limit - (unsigned)used : 0;
	out->warn = (uint64_t)used * 100 >= (uint64_t)limit * XLPT_BUDGET_WARN_PERCENT;
	if (want > limit)
		out->next_ms = -1;
	else if (want > out->left)
		/* So many of the youngest may stay; the next one has to leave the window first. */
		out->next_ms = rule->window_ms - age[limit - want];
}

int64_t xlpt_budget_later(int64_t a, int64_t b)
{
	if (a < 0 || b < 0)
		return -1;
	return a > b ? a : b;
}

char *xlpt_budget_duration(int64_t ms)
{
	int64_t s = ms / 1000 + (ms % 1000 > 0);

	if (s < 60)
		return xlpt_xasprintf("%lld s", (long long)s);
	if (s < 3600)
		return s % 60 ? xlpt_xasprintf("%lld min %lld s", (long long)(s / 60),
					       (long long)(s % 60))
			      : xlpt_xasprintf("%lld min", (long long)(s / 60));
	/* From here on whole minutes, rounded up, so that nobody comes back too early. */
	s = (s + 59) / 60;
	return s % 60 ? xlpt_xasprintf("%lld h %lld min", (long long)(s / 60), (long long)(s % 60))
		      : xlpt_xasprintf("%lld h", (long long)(s / 60));
}
