/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets of CPUs: what libvirt's lists and xl's cpus= and vnuma= mean. */
#include <string.h>

#include "converters/model/internal.h"
#include "core/util.h"

#define MAX_CPUS 16384 /* libvirt's (VIR_DOMAIN_CPUMASK_LEN) */

static const char *skip(const char *s)
{
	return s + strspn(s, " \t\n\r");
}

/* A number; NULL when there is none, or one that is too large. */
static const char *number(const char *s, size_t *out)
{
	size_t n = strspn(s, "0123456789");
	uint64_t v;

	if (!n || !xlpt_parse_uint(s, n, 10, MAX_CPUS - 1, &v))
		return NULL;
	*out = (size_t)v;
	return skip(s + n);
}

/* One after the other, as virBitmapParse and xl's update_cpumap_range do. */
static bool parse(const char *s, bool *cpus)
{
	for (s = skip(s);; s = skip(s + 1)) {
		/* xl knows '!' as well, and takes a range out. */
		bool out = *s == '^' || *s == '!';
		size_t from, to;

		s = number(s + out, &from);
		if (!s)
			return false;
		to = from;
		if (*s == '-')
			s = number(skip(s + 1), &to);
		if (!s || to < from)
			return false;
		for (; from <= to; from++)
			cpus[from] = !out;
		if (*s != ',')
			return !*s;
	}
}

static char *print(const bool *cpus)
{
	struct xlpt_str out = { 0 };

	for (size_t i = 0, k; i < MAX_CPUS; i = k + 1) {
		for (k = i; k < MAX_CPUS && cpus[k]; k++)
			;
		if (k > i)
			xlpt_str_addf(&out, "%s%zu", out.len ? "," : "", i);
		if (k > i + 1)
			xlpt_str_addf(&out, "-%zu", k - 1);
	}
	return out.len ? xlpt_str_take(&out) : NULL;
}

char *xlpt_cpuset_plain(const char *s)
{
	_cleanup_free_ bool *cpus = xlpt_xcalloc(MAX_CPUS, sizeof(*cpus));

	return s && parse(s, cpus) ? print(cpus) : NULL;
}

bool xlpt_cpuset_same(const char *a, const char *b)
{
	_cleanup_free_ char *x = xlpt_cpuset_plain(a), *y = xlpt_cpuset_plain(b);

	return x && xlpt_streq(x, y);
}

void xlpt_cpuset_make_plain(char **s)
{
	char *plain = xlpt_cpuset_plain(*s);

	if (!plain)
		return;
	free(*s);
	*s = plain;
}

void xlpt_dom_plain_cpus(struct xlpt_dom *dom)
{
	xlpt_cpuset_make_plain(&dom->cpuset);
	xlpt_cpuset_make_plain(&dom->cpuset_soft);
	for (size_t i = 0; i < dom->n_vcpupin; i++)
		xlpt_cpuset_make_plain(&dom->vcpupin[i].cpuset);
	for (size_t i = 0; i < dom->n_numa; i++)
		xlpt_cpuset_make_plain(&dom->numa[i].vcpus);
}

const char *xlpt_dom_pin(const struct xlpt_dom *dom, uint64_t n)
{
	for (size_t i = 0; i < dom->n_vcpupin; i++)
		if (dom->vcpupin[i].vcpu.has && dom->vcpupin[i].vcpu.v == n)
			return dom->vcpupin[i].cpuset;
	return dom->cpuset;
}

bool xlpt_dom_same_pins(const struct xlpt_dom *a, const struct xlpt_dom *b)
{
	struct xlpt_num most = a->maxvcpus.has ? a->maxvcpus : a->vcpus;

	for (uint64_t i = 0; most.has && i < most.v && i < MAX_CPUS; i++) {
		const char *x = xlpt_dom_pin(a, i), *y = xlpt_dom_pin(b, i);

		if (!xlpt_streq(x, y) && !xlpt_cpuset_same(x, y) && (x || !xlpt_streq(y, "all")))
			return false;
	}
	return most.has;
}
