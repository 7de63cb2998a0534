/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "converters/libvirt/pool-def.h"

#include <string.h>

#include "converters/libvirt/pool-internal.h"
#include "core/conf.h"
#include "core/spec.h"

/* clang-format off */
const struct xlpt_lv_word xlpt_pool_policies[] = { { "first", XLPT_POOL_FIRST },
						     { "spread", XLPT_POOL_SPREAD },
						     { "numa", XLPT_POOL_NUMA }, { 0 } };
/* clang-format on */

struct parser {
	struct xlpt_conf conf;
	struct xlpt_pool_def *def;
	struct xlpt_portgroup *group; /* the section, NULL in front of the first */
	struct xlpt_netid *id;
	unsigned seen; /* keys that may stand once, of this section */
};

#define bad(p, at, ...) xlpt_conf_wrong(&(p)->conf, at, NULL, __VA_ARGS__)

static int set_string(struct parser *p, const char *value, char **out)
{
	const char *s = value;

	*out = xlpt_conf_word(&s);
	if (!*out)
		return bad(p, value, "malformed text in quotes");
	if (*s)
		return bad(p, s, "unexpected text behind the value");
	return **out ? 0 : bad(p, value, "an empty value");
}

static int set_vlan(struct parser *p, const char *value)
{
	const char *s = value;

	for (;;) {
		size_t n = strspn(s, "0123456789"), w;
		struct xlpt_vlan_tag *t;
		uint64_t id;

		if (!xlpt_parse_uint(s, n, 10, 4095, &id))
			return bad(p, s, "expected a VLAN tag from 0 to 4095");
		t = xlpt_netid_add_tag(p->id, id);
		s += n;
		if (*s == '/') {
			_cleanup_free_ char *word = NULL;

			w = strcspn(++s, ", \t");
			word = xlpt_xstrndup(s, w);
			t->native = xlpt_lv_word_value(xlpt_lv_vlan_native, word);
			if (!t->native)
				return bad(p, s, "\"%s\" is neither tagged nor untagged", word);
			s += w;
		}
		if (*s != ',')
			break;
		s++;
	}
	s += strspn(s, " \t");
	if (strcmp(s, "trunk") == 0)
		p->id->vlan_trunk = XLPT_ON;
	else if (strcmp(s, "access") == 0)
		p->id->vlan_trunk = XLPT_OFF;
	else if (*s)
		return bad(p, s, "unexpected text behind the VLAN tags");
	return 0;
}

static int set_parameter(struct parser *p, const char *at, const char *key, const char *value)
{
	struct xlpt_netid *id = p->id;
	const struct {
		const char *key;
		struct xlpt_num *num;
		uint64_t max;
		char **str;
		unsigned types;
	} params[] = {
		{ "managerid", &id->managerid, 0xff, NULL, 1u << XLPT_VPORT_QBG },
		{ "typeid", &id->typeid, 0xffffff, NULL, 1u << XLPT_VPORT_QBG },
		{ "typeidversion", &id->typeidversion, 0xff, NULL, 1u << XLPT_VPORT_QBG },
		{ "instanceid", NULL, 0, &id->instanceid, 1u << XLPT_VPORT_QBG },
		{ "profileid", NULL, 39, &id->profileid,
		  1u << XLPT_VPORT_QBH | 1u << XLPT_VPORT_OVS },
		{ "interfaceid", NULL, 0, &id->interfaceid,
		  1u << XLPT_VPORT_OVS | 1u << XLPT_VPORT_MIDONET },
	};

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(params); i++) {
		if (strcmp(key, params[i].key))
			continue;
		if (!(params[i].types & 1u << id->vport))
			return bad(p, at, "a virtual port of type %s has no %s",
				   xlpt_lv_word_text(xlpt_lv_vport, id->vport), key);
		if (params[i].num ? params[i].num->has : *params[i].str != NULL)
			return bad(p, at, "%s stands twice", key);
		if (params[i].num) {
			params[i].num->has = true;
			return xlpt_parse_uint(value, strlen(value), 10, params[i].max,
					       &params[i].num->v)
				       ? 0
				       : bad(p, at, "%s is a number from 0 to %llu", key,
					     (unsigned long long)params[i].max);
		}
		if (params[i].max ? strlen(value) > params[i].max : !xlpt_lv_is_uuid(value))
			return bad(p, at,
				   params[i].max ? "%s has at most 39 characters" : "%s is no UUID",
				   key);
		*params[i].str = xlpt_xstrdup(value);
		return 0;
	}
	return bad(p, at, "unknown parameter \"%s\"", key);
}

static int set_vport(struct parser *p, const char *value)
{
	const char *s = value;
	_cleanup_free_ char *type = xlpt_conf_word(&s);
	int rc = 0;

	p->id->vport = xlpt_lv_word_value(xlpt_lv_vport, type);
	if (!p->id->vport)
		return bad(p, value, "\"%s\" is no type of virtual port", type ? type : "");
	while (*s && rc == 0) {
		const char *at = s, *eq = strchr(s, '=');
		_cleanup_free_ char *key = NULL, *v = NULL;

		if (!eq)
			return bad(p, s, "expected PARAMETER=VALUE");
		key = xlpt_xstrndup(s, (size_t)(eq - s));
		s = eq + 1;
		v = xlpt_conf_word(&s);
		rc = v ? set_parameter(p, at, key, v) : bad(p, eq + 1, "malformed text in quotes");
	}
	return rc;
}

/* "pin:NAME", with a name that a pin can have. */
static bool is_pin(const char *name)
{
	_cleanup_spec_ struct xlpt_spec spec = { 0 };

	return xlpt_spec_parse(name, &spec, NULL) == 0 &&
	       xlpt_streq(spec.pin, name + strlen("pin:"));
}

static int set_pf(struct parser *p, const char *value)
{
	struct xlpt_netpool *pool = &p->def->pool;
	struct xlpt_bdf bdf;
	_cleanup_free_ char *name = NULL;
	int rc = set_string(p, value, &name);

	if (rc)
		return rc;
	if (xlpt_bdf_shaped(name)	? xlpt_bdf_parse(name, strlen(name), &bdf, NULL)
	    : xlpt_starts(name, "pin:") ? !is_pin(name)
					: !xlpt_lv_is_device(name))
		return bad(p, value, "\"%s\" is no interface's name, no PCI address and no pin",
			   name);
	for (size_t i = 0; pool->pf && pool->pf[i]; i++)
		if (strcmp(pool->pf[i], name) == 0)
			return bad(p, value, "%s stands twice", name);
	xlpt_strv_take(&pool->pf, XLPT_TAKE(name));
	return 0;
}

static int set_device(struct parser *p, const char *value)
{
	struct xlpt_netpool *pool = &p->def->pool;
	_cleanup_diag_ struct xlpt_diag why = { 0 };
	struct xlpt_bdf bdf;

	if (xlpt_bdf_parse(value, strlen(value), &bdf, &why))
		return bad(p, value + (why.column ? why.column - 1 : 0), "%s",
			   why.message ? why.message : "not a PCI address");
	for (size_t i = 0; i < pool->n_addr; i++)
		if (xlpt_bdf_eq(pool->addr[i], bdf))
			return bad(p, value, "%s stands twice", XLPT_BDF_STR(bdf));
	if (pool->n_addr == XLPT_NETPOOL_MAX)
		return bad(p, value, "more than %d devices in a pool", XLPT_NETPOOL_MAX);
	XLPT_GROW(pool->addr, pool->n_addr, pool->alloc_addr);
	pool->addr[pool->n_addr++] = bdf;
	return 0;
}

static int set_word(struct parser *p, const char *value, const struct xlpt_lv_word *table, int *out)
{
	*out = xlpt_lv_word_value(table, value);
	return *out ? 0 : bad(p, value, "\"%s\" is none of the words possible here", value);
}

static int set_key(struct parser *p, const char *at, const char *key, const char *value)
{
	static const char *const once[] = { "vlan",   "virtualport", "name",  "uuid",
					    "policy", "managed",     "driver" };
	struct xlpt_netpool *pool = &p->def->pool;
	int rc, word;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(once); i++) {
		if (strcmp(key, once[i]))
			continue;
		if (p->group && i > 1)
			return bad(p, at, "\"%s\" belongs in front of the port groups", key);
		if (p->seen & 1u << i)
			return bad(p, at, "\"%s\" stands twice", key);
		p->seen |= 1u << i;
		switch (i) {
		case 0:
			return set_vlan(p, value);
		case 1:
			return set_vport(p, value);
		case 2:
			return set_string(p, value, &pool->name);
		case 3:
			pool->uuid = xlpt_xstrdup(value);
			return xlpt_lv_is_uuid(value) ? 0
						      : bad(p, value, "\"%s\" is no UUID", value);
		case 4:
			rc = set_word(p, value, xlpt_pool_policies, &word);
			xlpt_pool_def_set_policy(p->def, (enum xlpt_pool_policy)word);
			return rc;
		case 5:
			rc = set_word(p, value, xlpt_lv_yes_no, &word);
			pool->managed = (enum xlpt_tri)word;
			return rc;
		default:
			rc = set_word(p, value, xlpt_lv_hostdev_driver, &word);
			pool->driver = rc ? NULL : xlpt_xstrdup(value);
			return rc;
		}
	}
	if (p->group || (strcmp(key, "pf") && strcmp(key, "device")))
		return bad(p, at, "unknown key \"%s\"", key);
	return strcmp(key, "pf") == 0 ? set_pf(p, value) : set_device(p, value);
}

static int begin_group(struct parser *p, char *s)
{
	struct xlpt_netpool *pool = &p->def->pool;
	char *end = strchr(s, ']'), *w;
	const char *rest;
	_cleanup_free_ char *name = NULL;

	if (!end || end[1] || !xlpt_starts(s, "[portgroup "))
		return bad(p, s, "expected [portgroup NAME]");
	*end = '\0';
	for (w = end; w > s && (w[-1] == ' ' || w[-1] == '\t'); w--)
		w[-1] = '\0';
	rest = s + 11 + strspn(s + 11, " \t");
	name = xlpt_conf_word(&rest);
	if (!xlpt_lv_is_device(name))
		return bad(p, s + 11, "a port group's name has letters, digits and _ . - : /");
	if (*rest && strcmp(rest, "default") && strcmp(rest, "plain"))
		return bad(p, rest, "expected \"default\" or nothing behind the name");
	for (size_t i = 0; i < pool->n_group; i++)
		if (strcmp(pool->group[i].name, name) == 0)
			return bad(p, s, "port group %s stands twice", name);
	if (pool->n_group == XLPT_NETPOOL_MAX)
		return bad(p, s, "more than %d port groups", XLPT_NETPOOL_MAX);
	XLPT_GROW(pool->group, pool->n_group, pool->alloc_group);
	p->group = &pool->group[pool->n_group++];
	*p->group = (struct xlpt_portgroup){ .name = XLPT_TAKE(name) };
	p->group->is_default = strcmp(rest, "default") == 0 ? XLPT_ON
			       : strcmp(rest, "plain") == 0 ? XLPT_OFF
							    : XLPT_UNSET;
	p->id = &p->group->id;
	p->seen = 0;
	return 0;
}

static int parse_line(struct parser *p)
{
	struct xlpt_conf *c = &p->conf;
	int rc;

	if (c->comment && c->comment == c->text && xlpt_starts(c->comment, XLPT_POOL_KEPT)) {
		_cleanup_kepts_ struct xlpt_kepts kept = { 0 };

		if (!xlpt_kept_parse(c->comment + strlen(XLPT_POOL_KEPT), &kept) ||
		    !kept.items[0].carry.side)
			return bad(p, c->comment, "what was kept here for libvirt is damaged");
		xlpt_carry_add(&p->def->pool.extra, kept.items[0].carry.side,
			       kept.items[0].carry.path, kept.items[0].carry.text, 0, 0);
	}
	if (c->comment)
		return 0;
	if (c->section)
		return begin_group(p, c->section);
	rc = xlpt_conf_need_value(c);
	return rc ? rc : set_key(p, c->key, c->key, c->value);
}

void xlpt_pool_def_dispose(struct xlpt_pool_def *def)
{
	xlpt_netpool_dispose(&def->pool);
	*def = (struct xlpt_pool_def){ 0 };
}

int xlpt_pool_def_parse(const char *text, size_t len, const char *file, struct xlpt_pool_def *out,
			struct xlpt_diag *diag)
{
	struct parser p = { .conf = { .file = file, .diag = diag, .comments = true },
			    .def = out,
			    .id = &out->pool.id };
	int rc;

	*out = (struct xlpt_pool_def){ 0 };
	xlpt_conf_begin(&p.conf, text, len);
	while ((rc = xlpt_conf_next(&p.conf)) > 0) {
		rc = parse_line(&p);
		if (rc)
			break;
	}
	if (rc == 0 && !out->pool.name)
		rc = bad(&p, NULL, "the pool has no name");
	if (rc == 0 && !out->pool.pf && !out->pool.n_addr)
		rc = bad(&p, NULL, "the pool names neither a physical function nor devices");
	xlpt_conf_dispose(&p.conf);
	if (rc)
		xlpt_pool_def_dispose(out);
	return rc;
}
