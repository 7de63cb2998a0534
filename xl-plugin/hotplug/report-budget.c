/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What budget prints: how much of the hotplug budget is used, by this host and by single devices.
 */
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/budget.h"
#include "xl-plugin/hotplug/report.h"

struct view {
	struct xlpt_env *env;
	struct xlpt_table *table;
	struct json_object *devices;
};

static void add_row(struct view *v, const char *what, const struct xlpt_budget_answer *a,
		    unsigned left, int64_t next_ms)
{
	_cleanup_free_ char *used = xlpt_xasprintf("%u", a->used),
			    *limit = xlpt_xasprintf("%u", a->limit),
			    *left_text = xlpt_xasprintf("%u", left),
			    *next = next_ms ? xlpt_budget_duration(next_ms) : NULL,
			    *when = next ? xlpt_xasprintf("in %s", next) : xlpt_xstrdup("now");

	if (v->table)
		xlpt_table_row(v->table,
			       (const char *const[]){ what, used, left_text, limit, when });
}

/* With the device as its first member; bdf NULL = the host. */
static struct json_object *answer_json(const struct xlpt_bdf *bdf,
				       const struct xlpt_budget_answer *a, unsigned left,
				       int64_t next_ms)
{
	struct json_object *o = json_object_new_object();

	if (bdf)
		xlpt_json_add(o, "bdf", xlpt_json_bdf(*bdf));
	xlpt_json_add(o, "used", json_object_new_int64(a->used));
	xlpt_json_add(o, "left", json_object_new_int64(left));
	xlpt_json_add(o, "limit", json_object_new_int64(a->limit));
	xlpt_json_add(o, "next_free_ms", json_object_new_int64(next_ms));
	xlpt_json_add(o, "warning", json_object_new_boolean(a->warn));
	return o;
}

/* A device has never more left than the host has, and its next time is never sooner. */
static void show_device(struct view *v, struct xlpt_bdf bdf, const struct xlpt_budget_answer *a,
			const struct xlpt_budget_answer *host)
{
	unsigned left = a->left < host->left ? a->left : host->left;
	int64_t next = xlpt_budget_later(a->next_ms, host->next_ms);

	add_row(v, XLPT_BDF_STR(bdf), a, left, next);
	json_object_array_add(v->devices, answer_json(&bdf, a, left, next));
}

static void show_resets(struct view *v, struct json_object *root, const struct xlpt_ledger *l,
			int64_t now)
{
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < l->n; i++) {
		const struct xlpt_ledger_record *r = &l->records[i];
		int64_t ago = now > r->at_ms ? now - r->at_ms : 0;
		_cleanup_free_ char *when = xlpt_budget_duration(ago), *count = NULL;
		struct json_object *o;

		if (r->kind != XLPT_LEDGER_RESET)
			continue;
		count = r->value < 0 ? xlpt_xstrdup("a damaged ledger was put aside")
				     : xlpt_xasprintf("%lld forgotten", (long long)r->value);
		xlpt_say(v->env, "reset %s ago for %s by process %d: %s", when,
			 r->all ? "this host" : XLPT_BDF_STR(r->bdf), r->pid, count);
		o = json_object_new_object();
		xlpt_json_add(o, "bdf", r->all ? NULL : xlpt_json_bdf(r->bdf));
		xlpt_json_add(o, "ago_ms", json_object_new_int64(ago));
		xlpt_json_add(o, "forgotten",
			      r->value < 0 ? NULL : json_object_new_int64(r->value));
		xlpt_json_add(o, "pid", json_object_new_int(r->pid));
		json_object_array_add(a, o);
	}
	xlpt_json_add(root, "resets", a);
}

int xlpt_report_budget(struct xlpt_env *env, struct xlpt_bdfs *b, bool all,
		       const struct xlpt_budget_rule *rule, struct xlpt_diag *diag)
{
	static const char *const columns[] = { "DEVICE", "USED", "LEFT", "LIMIT", "NEXT FREE" };
	_cleanup_ledger_ struct xlpt_ledger l = { 0 };
	_cleanup_free_ struct xlpt_budget_event *events = NULL;
	_cleanup_free_ char *window = xlpt_budget_duration(rule->window_ms);
	struct xlpt_budget_answer host, a;
	struct view v = { .env = env };
	struct json_object *root;
	int64_t now = xlpt_now(env->clock);
	size_t n;
	int rc = xlpt_ledger_read(env, &l, diag);

	if (rc)
		return rc;
	events = xlpt_ledger_events(&l, &n);
	for (size_t i = 0; all && i < n; i++)
		xlpt_bdfs_add(b, events[i].bdf);
	xlpt_budget_ask(rule, events, n, NULL, now, 1, &host);
	root = json_object_new_object();
	v.devices = json_object_new_array();
	xlpt_json_add(root, "window_ms", json_object_new_int64(rule->window_ms));
	xlpt_json_add(root, "host", answer_json(NULL, &host, host.left, host.next_ms));
	xlpt_json_add(root, "devices", v.devices);
	v.table = env->json ? NULL : xlpt_table_new(columns, XLPT_ARRAY_SIZE(columns));
	add_row(&v, "this host", &host, host.left, host.next_ms);
	for (size_t i = 0; i < b->n; i++) {
		xlpt_budget_ask(rule, events, n, &b->items[i], now, 1, &a);
		if (!all || a.used)
			show_device(&v, b->items[i], &a, &host);
	}
	xlpt_say(env, "attaches and detaches within %s:", window);
	if (v.table)
		xlpt_table_print(env, v.table);
	show_resets(&v, root, &l, now);
	if (env->json)
		xlpt_print_json(env, root);
	else
		json_object_put(root);
	return 0;
}
