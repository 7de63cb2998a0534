/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cpus=, cpus_soft=, cpuid= and vnuma= (xl.cfg(5)). */
#include "converters/xl/read-internal.h"

#include <string.h>

static void read_cpus(struct xlpt_xl_reader *r)
{
	const struct xlpt_xl_setting *s = xlpt_xl_find(r, "cpus"), *soft;
	_cleanup_xl_values_ struct xlpt_xl_values values = { 0 };

	soft = xlpt_xl_find(r, "cpus_soft");
	if (soft && !soft->list) {
		r->dom->cpuset_soft = xlpt_xstrdup(xlpt_xl_string(r, "cpus_soft"));
		xlpt_dom_mark(r->dom, &r->dom->cpuset_soft, xlpt_xl_line(r, soft->key_off));
	} else if (soft) {
		xlpt_xl_unuse(r, "cpus_soft");
	}
	if (!s)
		return;
	if (!s->list) {
		r->dom->cpuset = xlpt_xstrdup(xlpt_xl_string(r, "cpus"));
		xlpt_dom_mark(r->dom, &r->dom->cpuset, xlpt_xl_line(r, s->key_off));
		return;
	}
	xlpt_xl_list(r, "cpus", &values);
	for (size_t i = 0; i < values.n; i++) {
		struct xlpt_vcpupin *pin;

		if (!values.v[i].text) {
			xlpt_dom_set(r->dom, "vcpupin", NULL);
			xlpt_xl_unuse(r, "cpus");
			return;
		}
		pin = XLPT_DOM_ADD(r->dom, vcpupin);
		xlpt_xl_at(r, values.v[i].off, &pin->at);
		pin->vcpu = (struct xlpt_num){ true, i };
		pin->cpuset = XLPT_TAKE(values.v[i].text);
	}
	if (!values.n)
		xlpt_xl_unuse(r, "cpus");
}

/*
 * libxl's form "host,tm=0,sse3=x" (libxl_cpuid_parse_config): one letter per
 * flag. Leaf lists ("0x1:ecx=...") and numbers ("family=6") have no word here.
 */
static bool cpuid_libxl(struct xlpt_xl_reader *r, const struct xlpt_xl_value *v)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(v->text);
	char *s = copy, *key, *value;

	if (!s || !xlpt_xl_pair(&s, &key, &value) || value || strcmp(key, "host") != 0)
		return false;
	r->dom->cpu_host = XLPT_ON;
	while (xlpt_xl_pair(&s, &key, &value)) {
		static const char letters[] = "01xk";
		static const int policies[] = { XLPT_CPU_DISABLE, XLPT_CPU_FORCE, XLPT_CPU_OPTIONAL,
						XLPT_CPU_REQUIRE };
		struct xlpt_cpu_feature *f;
		const char *letter;

		if (!value || !*key || strlen(value) != 1 || !(letter = strchr(letters, *value)))
			return false;
		f = XLPT_DOM_ADD(r->dom, cpu);
		xlpt_xl_at(r, v->off, &f->at);
		f->name = xlpt_xstrdup(xlpt_xl_cpu_from(key));
		f->policy = policies[letter - letters];
	}
	return true;
}

bool xlpt_xl_is_cpu_flag(const char *name)
{
	_cleanup_free_ char *text = xlpt_xasprintf("%s=0", xlpt_xl_cpu_to(name));
	libxl_cpuid_policy_list list = NULL;
	int e = libxl_cpuid_parse_config(&list, text);

	libxl_cpuid_dispose(&list);
	return e == 0;
}

static void read_cpuid(struct xlpt_xl_reader *r)
{
	const struct xlpt_xl_setting *s = xlpt_xl_find(r, "cpuid");
	_cleanup_xl_values_ struct xlpt_xl_values values = { 0 };

	if (!s)
		return;
	xlpt_dom_mark(r->dom, &r->dom->cpu_host, xlpt_xl_line(r, s->key_off));
	if (!s->list && xlpt_xl_list(r, "cpuid", &values) && cpuid_libxl(r, &values.v[0]))
		return;
	r->dom->cpu_host = XLPT_UNSET;
	xlpt_dom_set(r->dom, "cpu", NULL);
	xlpt_xl_unuse(r, "cpuid");
}

static bool numa_option(struct xlpt_numa *node, char *s)
{
	char *eq = strchr(s, '=');

	if (!eq)
		return false;
	*eq++ = '\0';
	xlpt_chomp(s);
	eq += strspn(eq, " ");
	xlpt_chomp(eq);
	if (!strcmp(s, "pnode"))
		return xlpt_xl_num(eq, 4095, &node->pnode);
	if (!strcmp(s, "size")) {
		if (!xlpt_xl_num(eq, UINT32_MAX, &node->size))
			return false;
		node->size.v *= 1024;
		return true;
	}
	if (!strcmp(s, "vcpus") || !strcmp(s, "vdistances")) {
		char **p = s[1] == 'c' ? &node->vcpus : &node->distances;

		free(*p);
		*p = xlpt_xstrdup(eq);
		return true;
	}
	return false;
}

/* A list of lists: [ ["pnode=0","size=512","vcpus=0-3","vdistances=10,20"], ... ] */
static bool read_numa(struct xlpt_xl_reader *r)
{
	XLU_ConfigList *nodes;
	_cleanup_xl_values_ struct xlpt_xl_values places = { 0 };
	int n;

	if (!xlpt_xl_list(r, "vnuma", &places) ||
	    xlu_cfg_get_list(r->cfg, "vnuma", &nodes, &n, 1) || (size_t)n != places.n)
		return false;
	for (int i = 0; i < n; i++) {
		XLU_ConfigValue *item = xlu_cfg_get_listitem2(nodes, i), *opt;
		XLU_ConfigList *opts;
		struct xlpt_numa *node;

		if (!item || xlu_cfg_value_type(item) != XLU_LIST ||
		    xlu_cfg_value_get_list(r->cfg, item, &opts, 1))
			return false;
		node = XLPT_DOM_ADD(r->dom, numa);
		xlpt_xl_at(r, places.v[i].off, &node->at);
		for (int j = 0; (opt = xlu_cfg_get_listitem2(opts, j)); j++) {
			_cleanup_free_ char *copy = NULL;
			char *s;

			if (xlu_cfg_value_type(opt) != XLU_STRING ||
			    xlu_cfg_value_get_string(r->cfg, opt, &s, 1))
				return false;
			copy = xlpt_xstrdup(s);
			if (!numa_option(node, copy))
				return false;
		}
	}
	return n > 0;
}

int xlpt_xl_read_cpu(struct xlpt_xl_reader *r)
{
	struct xlpt_dom *dom = r->dom;

	read_cpus(r);
	read_cpuid(r);
	if (xlpt_xl_find(r, "vnuma") && !read_numa(r)) {
		xlpt_dom_set(r->dom, "numa", NULL);
		xlpt_xl_unuse(r, "vnuma");
	}
	/* Beside cells it is always written, and as much as vcpus= it adds nothing to that. */
	if (dom->n_numa && dom->vcpus.has && dom->maxvcpus.has && dom->vcpus.v == dom->maxvcpus.v)
		dom->maxvcpus.has = false;
	return 0;
}
