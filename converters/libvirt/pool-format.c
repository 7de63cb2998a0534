/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "converters/libvirt/pool-internal.h"
#include "core/conf.h"

#include <string.h>

static const char carried[] = "policy";

static size_t find_policy(const struct xlpt_carries *extra)
{
	size_t i = 0;

	while (i < extra->n &&
	       (extra->items[i].side != XLPT_SIDE_XL || strcmp(extra->items[i].path, carried)))
		i++;
	return i;
}

enum xlpt_pool_policy xlpt_pool_def_policy(const struct xlpt_pool_def *def)
{
	const struct xlpt_carries *extra = &def->pool.extra;
	size_t i = find_policy(extra);

	return i == extra->n ? 0
			     : (enum xlpt_pool_policy)xlpt_lv_word_value(xlpt_pool_policies,
									 extra->items[i].text);
}

void xlpt_pool_def_set_policy(struct xlpt_pool_def *def, enum xlpt_pool_policy policy)
{
	const char *word = xlpt_lv_word_text(xlpt_pool_policies, (int)policy);
	struct xlpt_carries *extra = &def->pool.extra;
	size_t i = find_policy(extra);

	if (i == extra->n) {
		if (word)
			xlpt_carry_add(extra, XLPT_SIDE_XL, carried, word, 0, 0);
		return;
	}
	free(extra->items[i].text);
	extra->items[i].text = xlpt_xstrdup(word ? word : "");
}

static void format_netid(struct xlpt_str *out, const struct xlpt_netid *id)
{
	const struct {
		const char *key;
		struct xlpt_num num;
		const char *str;
	} params[] = {
		{ "managerid", id->managerid, NULL },
		{ "typeid", id->typeid, NULL },
		{ "typeidversion", id->typeidversion, NULL },
		{ "instanceid", { 0 }, id->instanceid },
		{ "profileid", { 0 }, id->profileid },
		{ "interfaceid", { 0 }, id->interfaceid },
	};

	for (size_t i = 0; i < id->n_vlan; i++)
		xlpt_str_addf(out, "%s%llu%s%s",
			      i ? "," : "vlan = ", (unsigned long long)id->vlan[i].id.v,
			      id->vlan[i].native ? "/" : "",
			      id->vlan[i].native
				      ? xlpt_lv_word_text(xlpt_lv_vlan_native, id->vlan[i].native)
				      : "");
	if (id->n_vlan)
		xlpt_str_add(out, id->vlan_trunk == XLPT_ON    ? " trunk\n"
				  : id->vlan_trunk == XLPT_OFF ? " access\n"
							       : "\n");
	if (!id->vport)
		return;
	xlpt_str_addf(out, "virtualport = %s", xlpt_lv_word_text(xlpt_lv_vport, id->vport));
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(params); i++) {
		if (params[i].num.has)
			xlpt_str_addf(out, " %s=%llu", params[i].key,
				      (unsigned long long)params[i].num.v);
		if (params[i].str) {
			xlpt_str_addf(out, " %s=", params[i].key);
			xlpt_conf_add_word(out, params[i].str);
		}
	}
	xlpt_str_add(out, "\n");
}

void xlpt_pool_def_format(const struct xlpt_pool_def *def, struct xlpt_str *out)
{
	const struct xlpt_netpool *pool = &def->pool;
	const char *policy = xlpt_lv_word_text(xlpt_pool_policies, (int)xlpt_pool_def_policy(def));

	xlpt_conf_add(out, "name", pool->name ? pool->name : "");
	if (pool->uuid)
		xlpt_conf_add(out, "uuid", pool->uuid);
	for (char **pf = pool->pf; pf && *pf; pf++)
		xlpt_conf_add(out, "pf", *pf);
	for (size_t i = 0; i < pool->n_addr; i++)
		xlpt_conf_add(out, "device", XLPT_BDF_STR(pool->addr[i]));
	if (policy)
		xlpt_conf_add(out, "policy", policy);
	if (pool->managed)
		xlpt_conf_add(out, "managed", pool->managed == XLPT_ON ? "yes" : "no");
	if (pool->driver)
		xlpt_conf_add(out, "driver", pool->driver);
	format_netid(out, &pool->id);
	for (size_t i = 0; i < pool->n_group; i++) {
		const struct xlpt_portgroup *g = &pool->group[i];

		xlpt_str_addf(out, "\n[portgroup %s%s]\n", g->name,
			      g->is_default == XLPT_ON	  ? " default"
			      : g->is_default == XLPT_OFF ? " plain"
							  : "");
		format_netid(out, &g->id);
	}
	for (size_t i = 0; i < pool->extra.n; i++) {
		struct xlpt_kepts kept = { 0 };
		_cleanup_free_ char *line = NULL;

		if (i == find_policy(&pool->extra))
			continue;
		xlpt_kept_add_carry(&kept, "", &pool->extra.items[i]);
		line = xlpt_kept_format(&kept.items[0]);
		xlpt_str_addf(out, "%s%s\n", XLPT_POOL_KEPT, line);
		xlpt_kepts_dispose(&kept);
	}
}
