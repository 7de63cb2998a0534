/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/findings.h"

#include <string.h>

const char *xlpt_finding_word(enum xlpt_finding_state state)
{
	static const char *const words[] = { "ok", "warning", "fails" };

	return words[state];
}

void xlpt_findings_dispose(struct xlpt_findings *all)
{
	for (size_t i = 0; i < all->n; i++)
		xlpt_diag_dispose(&all->items[i].diag);
	free(all->items);
	*all = (struct xlpt_findings){ 0 };
}

void xlpt_findings_point(struct xlpt_findings *all, const char *point, const struct xlpt_bdf *bdf)
{
	if (!all)
		return;
	all->point = point;
	all->has_bdf = bdf != NULL;
	all->bdf = bdf ? *bdf : (struct xlpt_bdf){ 0 };
}

static bool at_point(const struct xlpt_findings *all, const struct xlpt_finding *f)
{
	return xlpt_streq(f->point, all->point) && f->has_bdf == all->has_bdf &&
	       (!f->has_bdf || xlpt_bdf_eq(f->bdf, all->bdf));
}

/* What is said of the guest is found with each of its devices. */
static size_t find(const struct xlpt_findings *all, enum xlpt_finding_state state,
		   const char *message)
{
	size_t i = 0;

	while (i < all->n && !(all->items[i].state == state && at_point(all, &all->items[i]) &&
			       xlpt_streq(all->items[i].diag.message, message)))
		i++;
	return i;
}

static void add(struct xlpt_findings *all, enum xlpt_finding_state state, struct xlpt_diag *diag)
{
	struct xlpt_finding *f;

	all->last = find(all, state, diag->message);
	if (all->last < all->n) {
		xlpt_diag_dispose(diag);
		return;
	}
	XLPT_GROW(all->items, all->n, all->alloc);
	f = &all->items[all->n++];
	*f = (struct xlpt_finding){
		.state = state, .point = all->point, .has_bdf = all->has_bdf, .bdf = all->bdf
	};
	xlpt_diag_move(&f->diag, diag);
}

int xlpt_findings_judged(struct xlpt_findings *all, int rc, struct xlpt_diag *diag)
{
	if (!rc || !all || !diag)
		return rc;
	/* A signal ended it: that says nothing about the device. */
	if (rc == XLPT_ERR_STOPPED)
		return rc;
	if (!all->rc)
		all->rc = rc;
	xlpt_diag_recode(diag, rc);
	add(all, XLPT_FINDING_FAILS, diag);
	return 0;
}

void xlpt_findings_say(struct xlpt_findings *all, enum xlpt_finding_state state, const char *fmt,
		       ...)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	va_list ap;

	if (!all)
		return;
	va_start(ap, fmt);
	diag.message = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	add(all, state, &diag);
}

void xlpt_findings_fact(struct xlpt_findings *all, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;

	if (!all || !all->n)
		return;
	va_start(ap, fmt);
	text = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	xlpt_diag_fact(&all->items[all->last].diag, "%s", text);
}

void xlpt_findings_mend(struct xlpt_findings *all, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;

	if (!all || !all->n)
		return;
	va_start(ap, fmt);
	text = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	xlpt_diag_hint(&all->items[all->last].diag, "%s", text);
}

bool xlpt_findings_spoke(const struct xlpt_findings *all)
{
	for (size_t i = 0; all && i < all->n; i++)
		if (all->items[i].state != XLPT_FINDING_OK && at_point(all, &all->items[i]))
			return true;
	return false;
}

void xlpt_findings_sort(struct xlpt_findings *all)
{
	struct xlpt_finding *sorted = xlpt_xcalloc(all->n + 1, sizeof(*sorted));
	size_t n = 0;

	for (int state = XLPT_FINDING_FAILS; state >= XLPT_FINDING_OK; state--)
		for (size_t i = 0; i < all->n; i++)
			if ((int)all->items[i].state == state)
				sorted[n++] = all->items[i];
	free(all->items);
	all->items = sorted;
	all->alloc = all->n + 1;
}
