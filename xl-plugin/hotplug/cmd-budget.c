/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <syslog.h>
#include <unistd.h>

#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/budget.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/kept/resolve.h"

/* What is asked about: the devices of the command line, or all that have anything counted. */
struct bdfs {
	struct xlpt_bdf *items;
	size_t n, alloc;
};

static void bdfs_dispose(struct bdfs *b)
{
	free(b->items);
}

static void add_bdf(struct bdfs *b, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < b->n; i++)
		if (xlpt_bdf_eq(b->items[i], bdf))
			return;
	XLPT_GROW(b->items, b->n, b->alloc);
	b->items[b->n++] = bdf;
}

static int parse_devices(struct xlpt_env *env, const struct xlpt_args *args, struct bdfs *b,
			 struct xlpt_diag *diag)
{
	for (size_t i = 0; i < args->n; i++) {
		struct xlpt_bdf bdf;
		int rc = xlpt_args_device(env, args->pos[i], &bdf, diag);

		if (rc)
			return rc;
		add_bdf(b, bdf);
	}
	return 0;
}

/* What other tools did since is part of the answer, where it can be seen. */
static int look(struct xlpt_env *env, struct xlpt_diag *diag)
{
	_cleanup_owners_ struct xlpt_owners owners = { 0 };
	int64_t since = xlpt_now(env->clock);
	int rc = xlpt_owners_read(env, &owners, diag);

	if (rc == 0)
		xlpt_budget_look(env, &owners, since);
	return rc;
}

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

/* With the device first, or none for the host. */
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

/* A device has no more left than the host has, and comes no sooner. */
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

static int show(struct xlpt_env *env, struct bdfs *b, bool all, const struct xlpt_budget_rule *rule,
		struct xlpt_diag *diag)
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
		add_bdf(b, events[i].bdf);
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

/* In the form of every --dry-run: a plan, here of one step that nothing takes back. */
static void print_dry(struct xlpt_env *env, const char *who)
{
	_cleanup_plan_ struct xlpt_plan plan = { 0 };

	xlpt_plan_add(&plan, NULL, NULL, 0, xlpt_xasprintf("forget what was counted for %s", who),
		      NULL);
	xlpt_print_plan(env, &plan);
}

static int reset(struct xlpt_env *env, const struct xlpt_args *args, const struct bdfs *b,
		 struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str who = { 0 };
	_cleanup_free_ char *count = NULL;
	int64_t forgotten = 0;
	int rc;

	for (size_t i = 0; i < b->n; i++)
		xlpt_str_addf(&who, "%s%s", i ? " " : "", XLPT_BDF_STR(b->items[i]));
	if (!b->n)
		xlpt_str_add(&who, "this host");
	if (env->dry_run) {
		print_dry(env, who.s);
		return 0;
	}
	if (!xlpt_args_has(args, "yes")) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "--reset forgets what protects this host, and wants "
			      "--yes");
		xlpt_diag_hint(diag, "xlpt budget --reset --yes%s%s", b->n ? " " : "",
			       b->n ? who.s : "");
		return XLPT_ERR_USAGE;
	}
	rc = xlpt_ledger_reset(env, b->items, b->n, &forgotten, diag);
	if (rc)
		return rc;
	env->done = true;
	count = forgotten < 0 ? xlpt_xstrdup("the damaged ledger is kept as " XLPT_LEDGER_DAMAGED)
			      : xlpt_xasprintf("%lld attaches and detaches forgotten",
					       (long long)forgotten);
	openlog("xlpt", LOG_PID, LOG_AUTHPRIV);
	syslog(LOG_NOTICE, "hotplug budget of %s reset by uid %u: %s", who.s, (unsigned)getuid(),
	       count);
	closelog();
	xlpt_say(env, "the hotplug budget of %s is reset: %s", who.s, count);
	if (env->json) {
		struct json_object *root = json_object_new_object();

		xlpt_json_add(root, "forgotten",
			      forgotten < 0 ? NULL : json_object_new_int64(forgotten));
		xlpt_print_json(env, root);
	}
	return 0;
}

static int cmd_budget(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	XLPT_CLEANUP(bdfs_dispose) struct bdfs b = { 0 };
	_cleanup_settings_ struct xlpt_settings settings = { 0 };
	int rc = parse_devices(env, args, &b, diag);

	if (rc == 0 && !xlpt_args_has(args, "reset") &&
	    (env->dry_run || xlpt_args_has(args, "yes"))) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "without --reset nothing is changed, so there is no %s",
			      env->dry_run ? "--dry-run" : "--yes");
		xlpt_diag_hint(diag, "xlpt budget shows, xlpt budget --reset --yes forgets");
		return XLPT_ERR_USAGE;
	}
	if (rc == 0)
		rc = xlpt_env_try_xen(env, diag);
	if (rc)
		return rc;
	if (xlpt_args_has(args, "reset"))
		return reset(env, args, &b, diag);
	rc = xlpt_settings_read(env->host, &settings, diag);
	if (rc == 0)
		rc = look(env, diag);
	return rc ? rc : show(env, &b, args->n == 0, &settings.budget, diag);
}

/* clang-format off */
static const struct xlpt_opt budget_opts[] = {
	{ "reset", 0, NULL, "forget what was counted, of the devices or of all; is logged" },
	{ "yes", 'y', NULL, "with --reset: that is really meant" },
	{ 0 },
};
/* clang-format on */

const struct xlpt_command xlpt_cmd_budget = {
	.name = "budget",
	.synopsis = "[BDF...]",
	.help = "Show how many attaches and detaches this host and its devices may still have",
	.details =
		"Every attach and every detach counts, xlpt's own before it begins, another tool's\n"
		"when its result is seen. Over the budget attach and detach end with exit status 4.",
	.flags = XLPT_CMD_MODIFIES | XLPT_CMD_DRY_RUN,
	.max_args = XLPT_ANY_ARGS,
	.opts = budget_opts,
	.run = cmd_budget,
};
