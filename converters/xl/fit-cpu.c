/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libvirt says of CPUs and NUMA cells, as xl reads it (xl_parse.c). */
#include <string.h>

#include "converters/model/internal.h"
#include "converters/xl/xl.h"

/* Cell to's place in the row of cell from, 0 = not said there. */
static unsigned said_distance(const struct xlpt_dom *dom, size_t from, size_t to)
{
	const char *s = dom->numa[from].distances;
	uint64_t v = 0;

	for (size_t i = 0; s && i < to; i++) {
		s = strchr(s, ',');
		s = s ? s + 1 : NULL;
	}
	if (!s || !xlpt_parse_uint(s, strcspn(s, ","), 10, 255, &v))
		return 0;
	return (unsigned)v;
}

/* xl leaves a distance that is not said at 0, which no guest accepts; libvirt mirrors it, or 20. */
static void fit_numa(struct xlpt_dom *dom)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < dom->n_numa; i++) {
		struct xlpt_str row = { 0 };

		sum += dom->numa[i].size.has
			       ? dom->numa[i].size.v / 1024 + (dom->numa[i].size.v % 1024 != 0)
			       : 0;
		if (dom->numa[i].distances)
			continue;
		for (size_t j = 0; j < dom->n_numa; j++) {
			unsigned v = said_distance(dom, j, i);

			xlpt_str_addf(&row, "%s%u", j ? "," : "", v ? v : i == j ? 10 : 20);
		}
		dom->numa[i].distances = xlpt_str_take(&row);
	}
	/* The cells together are the guest's memory, for libvirt as well (virDomainNuma). */
	sum *= 1024;
	if (!sum)
		return;
	if (dom->maxmem.has)
		dom->maxmem.v = sum;
	/* libxl_create.c: no cells together with memory that is populated on demand. */
	if (dom->memory.has && (dom->type != XLPT_DOM_PV || dom->memory.v > sum))
		dom->memory.v = sum;
}

static void without(char **s, const char *letters)
{
	if (*s && strpbrk(*s, letters))
		xlpt_cpuset_make_plain(s);
}

/*
 * libvirt pins single vCPUs, in any order, and the others to the set of all; xl's list begins at the first and
 * has all of them.
 */
static void fit_pins(struct xlpt_dom *dom)
{
	struct xlpt_num most = dom->maxvcpus.has ? dom->maxvcpus : dom->vcpus;
	_cleanup_free_ const char **said = NULL;
	bool dense = !dom->cpuset;
	struct xlpt_dom pins;

	for (size_t i = 0; i < dom->n_vcpupin; i++)
		dense &= dom->vcpupin[i].vcpu.has && dom->vcpupin[i].vcpu.v == i &&
			 (!most.has || i < most.v);
	if (!dom->n_vcpupin || dense || !most.has || most.v > XLPT_DOM_MOST)
		return;
	xlpt_dom_init(&pins);
	said = xlpt_dom_pins(dom, (size_t)most.v);
	for (size_t i = 0; i < most.v; i++) {
		struct xlpt_vcpupin *pin = XLPT_DOM_ADD(&pins, vcpupin);

		pin->vcpu = (struct xlpt_num){ true, i };
		pin->cpuset = xlpt_xstrdup(said[i] ? said[i] : "all");
	}
	xlpt_dom_set(dom, "vcpupin", NULL);
	dom->vcpupin = XLPT_TAKE(pins.vcpupin);
	dom->n_vcpupin = pins.n_vcpupin;
	dom->alloc_vcpupin = pins.alloc_vcpupin;
	pins.n_vcpupin = pins.alloc_vcpupin = 0;
	xlpt_dom_dispose(&pins);
	free(XLPT_TAKE(dom->cpuset));
}

/* vnuma= takes no CPU out of a set, and no list of xl's has blanks before ',' or '^'. */
void xlpt_xl_fit_cpus(struct xlpt_dom *dom)
{
	fit_numa(dom);
	fit_pins(dom);
	for (size_t i = 0; i < dom->n_numa; i++)
		without(&dom->numa[i].vcpus, "^! \t\r\n");
	for (size_t i = 0; i < dom->n_vcpupin; i++)
		without(&dom->vcpupin[i].cpuset, " \t\r\n");
	without(&dom->cpuset, " \t\r\n");
}
