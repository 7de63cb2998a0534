/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "converters/libvirt/pool-internal.h"

#include <string.h>

static void add_word(struct xlpt_str *out, const char *s)
{
	bool plain = *s && *s != '"';

	for (const char *c = s; *c; c++)
		plain = plain && *c > ' ' && *c < 0x7f && *c != '#';
	if (plain) {
		xlpt_str_add(out, s);
		return;
	}
	xlpt_str_add(out, "\"");
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			xlpt_str_addf(out, "\\%c", *s);
		else if ((unsigned char)*s < ' ' || *s == 0x7f)
			xlpt_str_addf(out, "\\x%02x", (unsigned char)*s);
		else
			xlpt_str_addn(out, s, 1);
	}
	xlpt_str_add(out, "\"");
}

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
			add_word(out, params[i].str);
		}
	}
	xlpt_str_add(out, "\n");
}

void xlpt_pool_def_format(const struct xlpt_pool_def *def, struct xlpt_str *out)
{
	const struct xlpt_netpool *pool = &def->pool;
	const char *policy = xlpt_lv_word_text(xlpt_pool_policies, (int)xlpt_pool_def_policy(def));

	xlpt_str_add(out, "name = ");
	add_word(out, pool->name ? pool->name : "");
	xlpt_str_add(out, "\n");
	if (pool->uuid)
		xlpt_str_addf(out, "uuid = %s\n", pool->uuid);
	for (char **pf = pool->pf; pf && *pf; pf++)
		xlpt_str_addf(out, "pf = %s\n", *pf);
	for (size_t i = 0; i < pool->n_addr; i++)
		xlpt_str_addf(out, "device = %s\n", XLPT_BDF_STR(pool->addr[i]));
	if (policy)
		xlpt_str_addf(out, "policy = %s\n", policy);
	if (pool->managed)
		xlpt_str_addf(out, "managed = %s\n", pool->managed == XLPT_ON ? "yes" : "no");
	if (pool->driver)
		xlpt_str_addf(out, "driver = %s\n", pool->driver);
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
