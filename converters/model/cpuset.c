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

struct range {
	size_t from, to;
	bool out;
};

/* The words of a set, in their order; false: it has others. */
static bool read_ranges(const char *s, struct range **list, size_t *n)
{
	size_t alloc = 0;

	for (s = skip(s);; s = skip(s + 1)) {
		/* xl knows '!' as well, and takes a range out. */
		struct range r = { .out = *s == '^' || *s == '!' };

		s = number(s + r.out, &r.from);
		if (!s)
			return false;
		r.to = r.from;
		if (*s == '-')
			s = number(skip(s + 1), &r.to);
		if (!s || r.to < r.from)
			return false;
		XLPT_GROW(*list, *n, alloc);
		(*list)[(*n)++] = r;
		if (*s != ',')
			return !*s;
	}
}

/* The first CPU from i on that no later word has decided; the way there is made short. */
static size_t open_cpu(uint16_t *next, size_t i)
{
	size_t end = i;

	while (next[end] != end)
		end = next[end];
	while (next[i] != end) {
		size_t after = next[i];

		next[i] = (uint16_t)end;
		i = after;
	}
	return end;
}

/*
 * The last word on a CPU holds (virBitmapParse, xl's update_cpumap_range). So the words are looked at from the
 * last to the first, and each CPU is decided once, however often a file names it.
 */
static bool parse(const char *s, bool *cpus)
{
	_cleanup_free_ struct range *list = NULL;
	_cleanup_free_ uint16_t *next = NULL;
	size_t n = 0;

	if (!read_ranges(s, &list, &n))
		return false;
	next = xlpt_xcalloc(MAX_CPUS + 1, sizeof(*next));
	for (size_t i = 0; i <= MAX_CPUS; i++)
		next[i] = (uint16_t)i;
	while (n--)
		for (size_t i = open_cpu(next, list[n].from); i <= list[n].to;
		     i = open_cpu(next, i)) {
			cpus[i] = !list[n].out;
			next[i] = (uint16_t)(i + 1);
		}
	return true;
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

const char **xlpt_dom_pins(const struct xlpt_dom *dom, size_t n)
{
	const char **pins = xlpt_xcalloc(n ? n : 1, sizeof(*pins));

	for (size_t i = 0; i < n; i++)
		pins[i] = dom->cpuset;
	/* Of two words on one vCPU the first holds. */
	for (size_t i = dom->n_vcpupin; i-- > 0;)
		if (dom->vcpupin[i].vcpu.has && dom->vcpupin[i].vcpu.v < n)
			pins[dom->vcpupin[i].vcpu.v] = dom->vcpupin[i].cpuset;
	return pins;
}

bool xlpt_dom_same_pins(const struct xlpt_dom *a, const struct xlpt_dom *b)
{
	struct xlpt_num most = a->maxvcpus.has ? a->maxvcpus : a->vcpus;
	size_t n = most.has && most.v <= XLPT_DOM_MOST ? (size_t)most.v : 0;
	_cleanup_free_ const char **x = xlpt_dom_pins(a, n), **y = xlpt_dom_pins(b, n);

	for (size_t i = 0; i < n; i++)
		if (!xlpt_streq(x[i], y[i]) && !xlpt_cpuset_same(x[i], y[i]) &&
		    (x[i] || !xlpt_streq(y[i], "all")))
			return false;
	return n > 0;
}
