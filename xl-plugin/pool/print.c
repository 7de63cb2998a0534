/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the pool commands print: pools, their VFs, and what was given back. */
#include <string.h>

#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/lease.h"
#include "xl-plugin/pool/pools.h"

static size_t count(const struct xlpt_pool_vfs *vfs, enum xlpt_vf_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < vfs->n; i++)
		n += vfs->items[i].state == state;
	return n;
}

/* Where its VFs come from: "enp1s0f0 enp1s0f1" or "3 devices". Caller frees. */
static char *source(const struct xlpt_pool_def *def)
{
	const struct xlpt_netpool *pool = &def->pool;
	struct xlpt_str s = { 0 };

	for (char **p = pool->pf; p && *p; p++)
		xlpt_str_addf(&s, "%s%s", s.len ? " " : "", *p);
	if (pool->n_addr)
		xlpt_str_addf(&s, "%s%zu device%s", s.len ? " " : "", pool->n_addr,
			      pool->n_addr == 1 ? "" : "s");
	return xlpt_str_take(&s);
}

static struct json_object *def_json(const struct xlpt_pool_def *def,
				    const struct xlpt_pool_view *view)
{
	const struct xlpt_netpool *pool = &def->pool;
	struct json_object *o = json_object_new_object(), *pf = json_object_new_array(),
			   *dev = json_object_new_array(), *troubles = json_object_new_array();

	for (char **p = pool->pf; p && *p; p++)
		json_object_array_add(pf, xlpt_json_str(*p));
	for (size_t i = 0; i < pool->n_addr; i++)
		json_object_array_add(dev, xlpt_json_bdf(pool->addr[i]));
	for (size_t i = 0; i < view->n; i++)
		json_object_array_add(troubles, xlpt_json_str(view->troubles[i].message));
	xlpt_json_add(o, "name", xlpt_json_str(pool->name));
	xlpt_json_add(o, "uuid", xlpt_json_str(pool->uuid));
	xlpt_json_add(o, "policy", xlpt_json_str(xlpt_pool_policy_word(xlpt_pool_policy_of(def))));
	xlpt_json_add(o, "managed",
		      pool->managed ? json_object_new_boolean(pool->managed == XLPT_ON) : NULL);
	xlpt_json_add(o, "pf", pf);
	xlpt_json_add(o, "devices", dev);
	xlpt_json_add(o, "total", json_object_new_int64((int64_t)view->vfs.n));
	xlpt_json_add(o, "free", json_object_new_int64((int64_t)xlpt_pool_vfs_free(&view->vfs)));
	xlpt_json_add(o, "leased",
		      json_object_new_int64((int64_t)count(&view->vfs, XLPT_VF_LEASED)));
	xlpt_json_add(o, "troubles", troubles);
	return o;
}

static void print_list_json(struct xlpt_env *env, const struct xlpt_pool_def *defs,
			    const struct xlpt_pool_view *views, size_t n,
			    const struct xlpt_damage *damaged, size_t n_damaged)
{
	struct json_object *root = json_object_new_object(), *list = json_object_new_array();

	for (size_t i = 0; i < n; i++)
		json_object_array_add(list, def_json(&defs[i], &views[i]));
	xlpt_json_add(root, "pools", list);
	if (damaged)
		xlpt_json_add(root, "damaged", xlpt_damage_json(damaged, n_damaged));
	xlpt_print_json(env, root);
}

void xlpt_pool_print_list(struct xlpt_env *env, const struct xlpt_pool_def *defs,
			  const struct xlpt_pool_view *views, size_t n,
			  const struct xlpt_damage *damaged, size_t n_damaged)
{
	static const char *const columns[] = { "POOL", "POLICY", "VFS", "FREE", "LEASED", "FROM" };
	struct xlpt_table *t;

	if (env->json) {
		print_list_json(env, defs, views, n, damaged, n_damaged);
		return;
	}
	if (!n && n_damaged)
		return;
	if (!n) {
		xlpt_nothing(env, "no pools are defined", "xlpt pool define NAME pf=INTERFACE");
		return;
	}
	t = xlpt_table_new(columns, XLPT_ARRAY_SIZE(columns));
	for (size_t i = 0; i < n; i++) {
		const struct xlpt_pool_vfs *vfs = &views[i].vfs;
		_cleanup_free_ char *from = source(&defs[i]);
		char total[24], left[24], leased[24];

		snprintf(total, sizeof(total), "%zu", vfs->n);
		snprintf(left, sizeof(left), "%zu", xlpt_pool_vfs_free(vfs));
		snprintf(leased, sizeof(leased), "%zu", count(vfs, XLPT_VF_LEASED));
		xlpt_table_row(t, (const char *const[]){
					  defs[i].pool.name,
					  xlpt_pool_policy_word(xlpt_pool_policy_of(&defs[i])),
					  total, left, leased, from });
	}
	xlpt_table_print(env, t);
}

static struct json_object *lease_json(const struct xlpt_lease *l)
{
	struct json_object *o, *guest;
	char since[XLPT_SINCE_LEN];

	if (!l)
		return NULL;
	o = json_object_new_object();
	xlpt_json_add(o, "pool", xlpt_json_str(l->pool));
	guest = xlpt_json_guest_named(l->guest, l->domid);
	xlpt_json_add(guest, "uuid", xlpt_json_str(*l->uuid ? l->uuid : NULL));
	xlpt_json_add(o, "guest", guest);
	xlpt_json_add(o, "boot", xlpt_json_str(l->boot));
	xlpt_json_add(o, "since", xlpt_json_str(xlpt_lease_since(l, since)));
	return o;
}

void xlpt_pool_print(struct xlpt_env *env, const struct xlpt_pool_def *def,
		     const struct xlpt_pool_view *view, const struct xlpt_leases *leases)
{
	static const char *const columns[] = { "VF", "PF", "NODE", "STATE", "HOLDER", "SINCE" };
	struct json_object *root = def_json(def, view), *list = json_object_new_array();
	struct xlpt_table *t = NULL;

	xlpt_say(env, "pool %s, policy %s: %zu of %zu VFs free", def->pool.name,
		 xlpt_pool_policy_word(xlpt_pool_policy_of(def)), xlpt_pool_vfs_free(&view->vfs),
		 view->vfs.n);
	if (view->vfs.n && !env->json)
		t = xlpt_table_new(columns, XLPT_ARRAY_SIZE(columns));
	for (size_t i = 0; i < view->vfs.n; i++) {
		const struct xlpt_pool_vf *vf = &view->vfs.items[i];
		const struct xlpt_lease *l = xlpt_leases_find(leases, vf->bdf);
		struct json_object *o = json_object_new_object();
		char node[16], since[XLPT_SINCE_LEN];

		snprintf(node, sizeof(node), "%d", vf->numa_node);
		xlpt_json_add(o, "bdf", xlpt_json_bdf(vf->bdf));
		xlpt_json_add(o, "pf", vf->has_pf ? xlpt_json_bdf(vf->pf) : NULL);
		xlpt_json_add(o, "numa_node",
			      vf->numa_node < 0 ? NULL : json_object_new_int(vf->numa_node));
		xlpt_json_add(o, "state", xlpt_json_str(xlpt_vf_state_word(vf->state)));
		xlpt_json_add(o, "holder", xlpt_json_str(vf->holder));
		xlpt_json_add(o, "lease", lease_json(l));
		json_object_array_add(list, o);
		if (!t)
			continue;
		xlpt_table_row(t, (const char *const[]){ XLPT_BDF_STR(vf->bdf),
							 vf->has_pf ? XLPT_BDF_STR(vf->pf) : NULL,
							 vf->numa_node < 0 ? NULL : node,
							 xlpt_vf_state_word(vf->state), vf->holder,
							 l ? xlpt_lease_since(l, since) : NULL });
	}
	xlpt_json_add(root, "vfs", list);
	if (t)
		xlpt_table_print(env, t);
	for (size_t i = 0; i < view->n; i++)
		xlpt_warn(env, "%s; to mend: %s", view->troubles[i].message,
			  view->troubles[i].hint ? view->troubles[i].hint : "xlpt list");
	if (env->json)
		xlpt_print_json(env, root);
	else
		json_object_put(root);
}

void xlpt_pool_print_returns(struct xlpt_env *env, const struct xlpt_returns *returned)
{
	struct json_object *root = json_object_new_object(), *list = json_object_new_array();

	for (size_t i = 0; i < returned->n; i++) {
		const struct xlpt_returned *r = &returned->items[i];
		struct json_object *o = json_object_new_object();

		xlpt_json_add(o, "bdf", xlpt_json_bdf(r->bdf));
		xlpt_json_add(o, "pool", xlpt_json_str(r->pool));
		xlpt_json_add(o, "guest", xlpt_json_guest_named(r->guest, -1));
		xlpt_json_add(o, "why", xlpt_json_str(r->why));
		json_object_array_add(list, o);
		if (r->pool)
			xlpt_say(env, "%s %s back to pool %s: %s",
				 env->dry_run ? "would give" : "gave", XLPT_BDF_STR(r->bdf),
				 r->pool, r->why);
		else
			xlpt_say(env,
				 env->dry_run ? "would keep %s for %s no longer: %s"
					      : "%s is kept for %s no longer: %s",
				 XLPT_BDF_STR(r->bdf), r->guest, r->why);
	}
	if (!returned->n)
		xlpt_say(env, "nothing to give back");
	xlpt_json_add(root, env->dry_run ? "would_return" : "returned", list);
	if (env->json)
		xlpt_print_json(env, root);
	else
		json_object_put(root);
}

void xlpt_pool_print_defined(struct xlpt_env *env, const struct xlpt_pool_def *def,
			     const struct xlpt_pool_view *view, bool had)
{
	for (size_t i = 0; i < view->n; i++)
		xlpt_warn(env, "%s; to mend: %s", view->troubles[i].message,
			  view->troubles[i].hint);
	xlpt_say(env, "%spool %s is %s: %zu VF%s now, policy %s", env->dry_run ? "would say: " : "",
		 def->pool.name, had ? "defined anew" : "defined", view->vfs.n,
		 view->vfs.n == 1 ? "" : "s", xlpt_pool_policy_word(xlpt_pool_policy_of(def)));
	if (env->json)
		xlpt_pool_print_list(env, def, view, 1, NULL, 0);
}

void xlpt_pool_print_undefined(struct xlpt_env *env, const char *name)
{
	struct json_object *root;

	xlpt_say(env, "%s pool %s", env->dry_run ? "would forget" : "forgot", name);
	if (!env->json)
		return;
	root = json_object_new_object();
	xlpt_json_add(root, env->dry_run ? "would_undefine" : "undefined", xlpt_json_str(name));
	xlpt_print_json(env, root);
}

void xlpt_pool_print_admitted(struct xlpt_env *env)
{
	struct json_object *root;

	if (!env->json)
		return;
	root = json_object_new_object();
	xlpt_json_add(root, "admitted", json_object_new_boolean(true));
	xlpt_print_json(env, root);
}
