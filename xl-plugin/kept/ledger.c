/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the rest of xlpt asks of the hotplug ledger (ledger.h). */
#include "xl-plugin/kept/ledger-book.h"

#include <unistd.h>

void xlpt_ledger_ask(const struct xlpt_ledger *l, const struct xlpt_budget_rule *rule,
		     int64_t now_ms, const struct xlpt_ledger_want *wants, size_t n,
		     struct xlpt_ledger_use *use)
{
	_cleanup_free_ struct xlpt_budget_event *events = NULL;
	size_t n_events;

	*use = (struct xlpt_ledger_use){ 0 };
	events = xlpt_ledger_events(l, &n_events);
	xlpt_budget_ask(rule, events, n_events, NULL, now_ms, (unsigned)n, &use->host);
	use->next_ms = use->host.next_ms;
	use->host_over = use->host.next_ms != 0;
	for (size_t i = 0; i < n; i++) {
		struct xlpt_budget_answer a;

		xlpt_budget_ask(rule, events, n_events, &wants[i].bdf, now_ms, 1, &a);
		use->next_ms = xlpt_budget_later(use->next_ms, a.next_ms);
		use->device_over |= a.next_ms != 0;
		if (i == 0 || a.left < use->device.left || a.next_ms > use->device.next_ms) {
			use->device = a;
			use->bdf = wants[i].bdf;
		}
	}
}

int xlpt_ledger_reserve(struct xlpt_env *env, const struct xlpt_budget_rule *rule,
			const struct xlpt_ledger_want *wants, size_t n, struct xlpt_ledger_use *use,
			struct xlpt_diag *diag)
{
	_cleanup_free_ struct xlpt_ledger_record *rs = xlpt_xcalloc(n, sizeof(*rs));
	_cleanup_book_ struct xlpt_book b;
	struct xlpt_ledger_use u;
	int rc = xlpt_book_open(env, &b, diag);

	if (rc)
		return rc;
	if (rule) {
		xlpt_ledger_ask(&b.l, rule, b.now_ms, wants, n, &u);
		if (use)
			*use = u;
		if (u.next_ms != 0)
			return XLPT_ERR_BUDGET;
		xlpt_book_compact(&b, rule->window_ms);
	}
	for (size_t i = 0; i < n; i++)
		rs[i] = (struct xlpt_ledger_record){ .kind = wants[i].kind,
						     .at_ms = b.now_ms,
						     .bdf = wants[i].bdf,
						     .value = wants[i].domid,
						     .pid = (int)getpid() };
	rc = xlpt_book_append(&b, rs, n, diag);
	if (rc || !rule || !use)
		return rc;
	for (size_t i = 0; i < n; i++)
		xlpt_ledger_apply(&b.l, &rs[i]);
	xlpt_ledger_ask(&b.l, rule, b.now_ms, wants, n, use);
	return 0;
}

static int64_t seen_owner(const struct xlpt_ledger_seen *seen, size_t n, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < n; i++)
		if (xlpt_bdf_eq(seen[i].bdf, bdf))
			return seen[i].domid;
	return XLPT_LEDGER_NOBODY;
}

/* What has to be written about one device that is with domid now. */
static bool compare(const struct xlpt_ledger *l, int64_t now_ms, struct xlpt_bdf bdf, int64_t domid,
		    int64_t since_ms, struct xlpt_ledger_record *r)
{
	const struct xlpt_ledger_dev *d = xlpt_ledger_dev(l, bdf);
	int64_t owner = d ? d->owner : XLPT_LEDGER_NOBODY;

	if ((d && d->last_ms >= since_ms) || domid == owner)
		return false;
	*r = (struct xlpt_ledger_record){ .kind = XLPT_LEDGER_FOREIGN,
					  .at_ms = now_ms,
					  .bdf = bdf,
					  .value = domid,
					  .pid = (int)getpid() };
	/*
	 * The reserved change has happened, and its xlpt was killed before it could say so: it was
	 * counted when it began.
	 */
	if (!l->looked || (d && d->pending && d->expected == domid))
		r->kind = XLPT_LEDGER_OWNER;
	return true;
}

/* The same for all devices. Caller frees *out. */
static size_t compare_all(const struct xlpt_ledger *l, int64_t now_ms,
			  const struct xlpt_ledger_seen *seen, size_t n, int64_t since_ms,
			  struct xlpt_ledger_record **out)
{
	struct xlpt_ledger_record *rs = xlpt_xcalloc(n + l->n_devs + 1, sizeof(*rs));
	size_t n_rs = 0;

	for (size_t i = 0; i < n; i++)
		n_rs += compare(l, now_ms, seen[i].bdf, seen[i].domid, since_ms, &rs[n_rs]);
	for (size_t i = 0; i < l->n_devs; i++)
		if (seen_owner(seen, n, l->devs[i].bdf) == XLPT_LEDGER_NOBODY)
			n_rs += compare(l, now_ms, l->devs[i].bdf, XLPT_LEDGER_NOBODY, since_ms,
					&rs[n_rs]);
	if (!l->looked)
		rs[n_rs++] = (struct xlpt_ledger_record){ .kind = XLPT_LEDGER_LOOK,
							  .all = true,
							  .at_ms = now_ms,
							  .pid = (int)getpid(),
							  .value = -1 };
	*out = rs;
	return n_rs;
}

int xlpt_ledger_look(struct xlpt_env *env, const struct xlpt_ledger_seen *seen, size_t n,
		     int64_t since_ms, struct xlpt_diag *diag)
{
	_cleanup_free_ struct xlpt_ledger_record *rs = NULL;
	_cleanup_book_ struct xlpt_book b;
	size_t n_rs;
	int rc = xlpt_book_open(env, &b, diag);

	if (rc)
		return rc;
	n_rs = compare_all(&b.l, b.now_ms, seen, n, since_ms, &rs);
	return xlpt_book_append(&b, rs, n_rs, diag);
}

void xlpt_ledger_as_seen(struct xlpt_ledger *l, int64_t now_ms, const struct xlpt_ledger_seen *seen,
			 size_t n)
{
	_cleanup_free_ struct xlpt_ledger_record *rs = NULL;
	size_t n_rs = compare_all(l, now_ms, seen, n, now_ms, &rs);

	for (size_t i = 0; i < n_rs; i++)
		xlpt_ledger_apply(l, &rs[i]);
}

int xlpt_ledger_settle(struct xlpt_env *env, const struct xlpt_ledger_seen *seen, size_t n,
		       struct xlpt_diag *diag)
{
	_cleanup_free_ struct xlpt_ledger_record *rs = xlpt_xcalloc(n, sizeof(*rs));
	_cleanup_book_ struct xlpt_book b;
	int rc = xlpt_book_open(env, &b, diag);

	if (rc)
		return rc;
	for (size_t i = 0; i < n; i++)
		rs[i] = (struct xlpt_ledger_record){ .kind = XLPT_LEDGER_OWNER,
						     .at_ms = b.now_ms,
						     .bdf = seen[i].bdf,
						     .value = seen[i].domid,
						     .pid = (int)getpid() };
	return xlpt_book_append(&b, rs, n, diag);
}

static int64_t count_of(const struct xlpt_ledger *l, const struct xlpt_bdf *bdf)
{
	int64_t count = 0;

	for (size_t i = 0; i < l->n; i++)
		count += l->records[i].counts && (!bdf || xlpt_bdf_eq(l->records[i].bdf, *bdf));
	return count;
}

int xlpt_ledger_reset(struct xlpt_env *env, const struct xlpt_bdf *bdfs, size_t n,
		      int64_t *forgotten, struct xlpt_diag *diag)
{
	_cleanup_free_ struct xlpt_ledger_record *rs = xlpt_xcalloc(n + 1, sizeof(*rs));
	_cleanup_book_ struct xlpt_book b;
	bool broken;
	int rc = xlpt_book_open(env, &b, diag);

	broken = rc == XLPT_ERR_DATA && n == 0;
	if (broken) {
		xlpt_diag_dispose(diag);
		rc = xlpt_book_begin_anew(&b, diag);
	}
	if (rc)
		return rc;
	*forgotten = broken ? -1 : 0;
	for (size_t i = 0; i < (n ? n : 1); i++) {
		int64_t count = broken ? -1 : count_of(&b.l, n ? &bdfs[i] : NULL);

		rs[i] = (struct xlpt_ledger_record){ .kind = XLPT_LEDGER_RESET,
						     .at_ms = b.now_ms,
						     .all = n == 0,
						     .value = count,
						     .pid = (int)getpid() };
		if (n)
			rs[i].bdf = bdfs[i];
		*forgotten += broken ? 0 : count;
	}
	return xlpt_book_append(&b, rs, n ? n : 1, diag);
}
