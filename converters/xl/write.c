/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "converters/xl/write-internal.h"

#include <limits.h>
#include <string.h>

void xlpt_xlw_string(struct xlpt_str *out, const char *key, const char *value)
{
	if (!value)
		return;
	xlpt_str_addf(out, "%s = ", key);
	xlpt_xl_quote(out, value);
	xlpt_str_add(out, "\n");
}

void xlpt_xlw_num(struct xlpt_str *out, const char *key, struct xlpt_num n)
{
	if (n.has && n.v <= LONG_MAX)
		xlpt_str_addf(out, "%s = %llu\n", key, (unsigned long long)n.v);
}

void xlpt_xlw_tri(struct xlpt_str *out, const char *key, enum xlpt_tri t)
{
	if (t != XLPT_UNSET)
		xlpt_str_addf(out, "%s = %d\n", key, t == XLPT_ON);
}

void xlpt_xlw_item(struct xlpt_xlw_list *list, const char *item)
{
	xlpt_str_add(&list->items, list->n ? ",\n\t" : "\n\t");
	xlpt_xl_quote(&list->items, item);
	list->n++;
}

void xlpt_xlw_list(struct xlpt_str *out, const char *key, struct xlpt_xlw_list *list)
{
	if (list->n)
		xlpt_str_addf(out, "%s = [%s,\n]\n", key, list->items.s);
	xlpt_str_dispose(&list->items);
	list->n = 0;
}

bool xlpt_xlw_option_ok(const char *value)
{
	size_t n = strlen(value);

	return n && !strchr(value, ',') && !strchr(" \t\n", *value) &&
	       !strchr(" \t\n", value[n - 1]);
}

void xlpt_xlw_option(struct xlpt_str *spec, const char *key, const char *value)
{
	if (value && xlpt_xlw_option_ok(value))
		xlpt_str_addf(spec, "%s%s=%s", spec->len ? "," : "", key, value);
}

void xlpt_xlw_option_num(struct xlpt_str *spec, const char *key, struct xlpt_num n)
{
	if (n.has)
		xlpt_str_addf(spec, "%s%s=%llu", spec->len ? "," : "", key,
			      (unsigned long long)n.v);
}

void xlpt_xlw_option_tri(struct xlpt_str *spec, const char *key, enum xlpt_tri t)
{
	if (t != XLPT_UNSET)
		xlpt_str_addf(spec, "%s%s=%d", spec->len ? "," : "", key, t == XLPT_ON);
}

void xlpt_xlw_extra(struct xlpt_str *spec, const struct xlpt_at *at)
{
	for (size_t i = 0; i < at->extra.n; i++)
		if (at->extra.items[i].side == XLPT_SIDE_XL)
			xlpt_str_addf(spec, "%s%s%s", spec->len ? "," : "", at->extra.items[i].path,
				      at->extra.items[i].text);
}

/* ---- keys of one value ---- */

static void write_strv(struct xlpt_str *out, const char *key, char **v)
{
	xlpt_str_addf(out, "%s = [", key);
	for (char **p = v; *p; p++) {
		xlpt_str_add(out, p == v ? " " : ", ");
		xlpt_xl_quote(out, *p);
	}
	xlpt_str_add(out, " ]\n");
}

static void write_key(struct xlpt_str *out, const struct xlpt_xl_key *k, const void *p)
{
	const char *word;

	switch (k->type) {
	case XLPT_XLK_STR:
		xlpt_xlw_string(out, k->key, *(char *const *)p);
		break;
	case XLPT_XLK_KIB: {
		struct xlpt_num n = *(const struct xlpt_num *)p;

		/* Whole MiB, rather more than less. */
		n.v = n.v / 1024 + (n.v % 1024 != 0);
		xlpt_xlw_num(out, k->key, n);
		break;
	}
	case XLPT_XLK_NUM:
		xlpt_xlw_num(out, k->key, *(const struct xlpt_num *)p);
		break;
	case XLPT_XLK_TRI:
		xlpt_xlw_tri(out, k->key, *(const enum xlpt_tri *)p);
		break;
	case XLPT_XLK_WORD:
		word = xlpt_xl_spell(k->words, *(const int *)p);
		if (word && *word >= '0' && *word <= '9')
			xlpt_str_addf(out, "%s = %s\n", k->key, word);
		else
			xlpt_xlw_string(out, k->key, word);
		break;
	case XLPT_XLK_STRV:
		if (*(char **const *)p)
			write_strv(out, k->key, *(char **const *)p);
		break;
	}
}

static void write_cpus(const struct xlpt_dom *dom, struct xlpt_str *out)
{
	bool dense = dom->n_vcpupin > 0;

	/* A list says one set per vCPU, from the first on. */
	for (size_t i = 0; i < dom->n_vcpupin; i++)
		dense &= dom->vcpupin[i].vcpu.has && dom->vcpupin[i].vcpu.v == i &&
			 dom->vcpupin[i].cpuset;
	if (dense) {
		xlpt_str_add(out, "cpus = [");
		for (size_t i = 0; i < dom->n_vcpupin; i++) {
			xlpt_str_add(out, i ? ", " : " ");
			xlpt_xl_quote(out, dom->vcpupin[i].cpuset);
		}
		xlpt_str_add(out, " ]\n");
	} else {
		xlpt_xlw_string(out, "cpus", dom->cpuset);
	}
	xlpt_xlw_string(out, "cpus_soft", dom->cpuset_soft);
}

static void write_cpuid(const struct xlpt_dom *dom, struct xlpt_str *out)
{
	_cleanup_str_ struct xlpt_str s = { 0 };

	if (dom->cpu_host != XLPT_ON)
		return;
	xlpt_str_add(&s, "host");
	for (size_t i = 0; i < dom->n_cpu; i++) {
		static const char letters[] = { [XLPT_CPU_DISABLE] = '0',
						[XLPT_CPU_FORCE] = '1',
						[XLPT_CPU_OPTIONAL] = 'x',
						[XLPT_CPU_REQUIRE] = 'k',
						[XLPT_CPU_FORBID] = '0' };
		const char *name = dom->cpu[i].name ? xlpt_xl_cpu_to(dom->cpu[i].name) : "";

		if (!dom->cpu[i].policy || !*name || strpbrk(name, ",= \t"))
			continue;
		xlpt_str_addf(&s, ",%s=%c", name, letters[dom->cpu[i].policy]);
	}
	xlpt_xlw_string(out, "cpuid", s.s);
}

static void write_numa(const struct xlpt_dom *dom, struct xlpt_str *out)
{
	if (!dom->n_numa)
		return;
	/* Without it, xl refuses more vCPUs in cells than the host has processors (xl_parse.c). */
	if (!dom->maxvcpus.has)
		xlpt_xlw_num(out, "maxvcpus", dom->vcpus);
	xlpt_str_add(out, "vnuma = [");
	for (size_t i = 0; i < dom->n_numa; i++) {
		const struct xlpt_numa *n = &dom->numa[i];
		_cleanup_str_ struct xlpt_str s = { 0 };

		if (n->pnode.has)
			xlpt_str_addf(&s, ", \"pnode=%llu\"", (unsigned long long)n->pnode.v);
		if (n->size.has)
			xlpt_str_addf(
				&s, ", \"size=%llu\"",
				(unsigned long long)(n->size.v / 1024 + (n->size.v % 1024 != 0)));
		for (int j = 0; j < 2; j++) {
			const char *v = j ? n->distances : n->vcpus;

			if (v) {
				_cleanup_free_ char *opt =
					xlpt_xasprintf("%s=%s", j ? "vdistances" : "vcpus", v);

				xlpt_str_add(&s, ", ");
				xlpt_xl_quote(&s, opt);
			}
		}
		xlpt_str_addf(out, "%s\n\t[ %s ]", i ? "," : "", s.len ? s.s + 2 : "");
	}
	xlpt_str_add(out, ",\n]\n");
}

static void write_rdm(const struct xlpt_dom *dom, struct xlpt_str *out)
{
	_cleanup_str_ struct xlpt_str s = { 0 };

	xlpt_xlw_option(&s, "strategy", xlpt_xl_spell(xlpt_xl_rdm_strategies, dom->rdm_strategy));
	if (dom->rdm_policy)
		xlpt_xlw_option(&s, "policy",
				dom->rdm_policy == XLPT_RDM_STRICT ? "strict" : "relaxed");
	xlpt_xlw_string(out, "rdm", s.s);
}

static void write_singles(const struct xlpt_dom *dom, struct xlpt_str *out)
{
	for (const struct xlpt_xl_key *k = xlpt_xl_keys; k->key; k++)
		if (!k->deprecated && (!k->hvm || dom->type == XLPT_DOM_HVM))
			write_key(out, k, (const char *)dom + k->off);
	xlpt_xlw_string(out, "cmdline", dom->cmdline);
	if (dom->clock_adjust.has) {
		/* A sign is no part of a number in this grammar, but of a string. */
		_cleanup_free_ char *s = xlpt_xasprintf("%lld", (long long)dom->clock_adjust.v);

		xlpt_xlw_string(out, "rtc_timeoffset", s);
	}
	if (dom->viridian_groups && dom->type == XLPT_DOM_HVM)
		write_strv(out, "viridian", dom->viridian_groups);
	else if (dom->type == XLPT_DOM_HVM)
		xlpt_xlw_tri(out, "viridian", dom->viridian);
	write_cpus(dom, out);
	write_cpuid(dom, out);
	write_numa(dom, out);
	write_rdm(dom, out);
}

/* ---- carries, comments, and what is kept ---- */

static void write_comments(const struct xlpt_dom *dom, struct xlpt_str *out)
{
	for (size_t i = 0; i < dom->extra.n; i++) {
		const struct xlpt_carry *c = &dom->extra.items[i];

		if (c->side != XLPT_SIDE_XL || strcmp(c->path, "#") != 0)
			continue;
		for (const char *s = c->text; *s;) {
			size_t n = strcspn(s, "\n");

			/* Whatever was kept, each line of it must be a comment. */
			xlpt_str_add(out, *s == '#' ? "" : "#");
			xlpt_str_addn(out, s, n);
			xlpt_str_add(out, "\n");
			s += n + (s[n] == '\n');
		}
	}
}

static bool key_ok(const char *key)
{
	return *key >= 'a' && *key <= 'z' &&
	       !key[strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789._")];
}

static void write_carries(const struct xlpt_dom *dom, struct xlpt_str *out,
			  struct xlpt_losses *losses)
{
	for (size_t i = 0; i < dom->extra.n; i++) {
		const struct xlpt_carry *c = &dom->extra.items[i];
		_cleanup_str_ struct xlpt_str line = { 0 };
		_cleanup_xl_scan_ struct xlpt_xl_scan scan = { 0 };

		if (c->side != XLPT_SIDE_XL || !strcmp(c->path, "#") || xlpt_xlw_joins(dom, c))
			continue;
		/* It came through a file that anyone may edit: it must be one setting and no more. */
		xlpt_str_addf(&line, "%s = %s\n", c->path, c->text);
		if (key_ok(c->path) && xlpt_xl_scan(line.s, line.len, NULL, &scan, NULL) == 0 &&
		    scan.n == 1)
			xlpt_str_add(out, line.s);
		else
			xlpt_loss_add(losses, XLPT_LOSS_DROPPED, dom->file, c->line, c->column,
				      c->path,
				      "kept from an earlier conversion, but no longer "
				      "a setting that xl could read");
	}
}

void xlpt_xl_write_kept(const struct xlpt_dom *dom, const struct xlpt_kepts *kept,
			struct xlpt_str *out)
{
	_cleanup_str_ struct xlpt_str run = { 0 };

	xlpt_xlw_commands(dom, &run);
	if (!run.len && (!kept || !kept->n))
		return;
	xlpt_str_add(out,
		     "\n#xlpt-begin: what xl has no word for. xl skips these lines; xlpt convert "
		     "restores them.\n");
	if (run.len) {
		xlpt_str_add(out,
			     "#xlpt-note: these commands set what libvirt sets before the guest "
			     "starts:\n");
		xlpt_str_addn(out, run.s, run.len);
	}
	for (size_t i = 0; kept && i < kept->n; i++) {
		_cleanup_free_ char *line = xlpt_kept_format(&kept->items[i]);

		xlpt_str_addf(out, "#xlpt %s\n", line);
	}
	xlpt_str_add(out, "#xlpt-end\n");
}

int xlpt_xl_write(const struct xlpt_dom *dom, const struct xlpt_kepts *kept, unsigned flags,
		  struct xlpt_str *out, struct xlpt_losses *losses, struct xlpt_diag *diag)
{
	(void)diag;
	if (flags & XLPT_WRITE_DEVICES_ONLY) {
		xlpt_xlw_pci(dom, out);
	} else {
		write_comments(dom, out);
		write_singles(dom, out);
		xlpt_xlw_pci(dom, out);
		xlpt_xlw_devices(dom, out);
		write_carries(dom, out, losses);
	}
	if (!(flags & XLPT_WRITE_BODY))
		xlpt_xl_write_kept(dom, kept, out);
	return 0;
}
