/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What show tells of a device's memory: BARs, ROM, and what the firmware has reserved. */
#include <inttypes.h>

#include "core/policy-together.h"
#include "pciback/device/firmware.h"
#include "pciback/device/ivrs.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/view/show.h"

/* include/linux/ioport.h, as sysfs's file "resource" has them. */
#define BAR_IO	     0x100
#define BAR_MEM	     0x200
#define BAR_PREFETCH 0x2000
#define BAR_64	     0x100000

/* Other functions with registers in the same page: a guest that has one reaches all. */
static struct json_object *page_mates(const struct xlpt_show *s, const struct xlpt_bar *b)
{
	struct json_object *a = json_object_new_array();
	uint64_t page;

	for (size_t k = 0; xlpt_bar_partial(b) && k < s->inv->devs.n; k++)
		if (k != s->i && xlpt_bar_meets(b, &s->inv->devs.items[k], &page))
			json_object_array_add(a, xlpt_json_bdf(s->inv->devs.items[k].bdf));
	return a;
}

static struct json_object *bar_json(const struct xlpt_show *s, int i, struct json_object *mates)
{
	const struct xlpt_bar *b = &s->d->bars[i];
	struct json_object *o = xlpt_json_bar(i, b->end - b->start + 1);
	bool io = b->flags & BAR_IO;

	xlpt_json_add(o, "start", json_object_new_int64((int64_t)b->start));
	xlpt_json_add(o, "end", json_object_new_int64((int64_t)b->end));
	xlpt_json_add(o, "kind", xlpt_json_str(io ? "io" : "memory"));
	xlpt_json_add(o, "bits", json_object_new_int(b->flags & BAR_64 ? 64 : 32));
	xlpt_json_add(o, "prefetchable", json_object_new_boolean(b->flags & BAR_PREFETCH));
	xlpt_json_add(o, "page_aligned", io ? NULL : json_object_new_boolean(!xlpt_bar_partial(b)));
	xlpt_json_add(o, "shares_page_with", mates);
	return o;
}

static void bar_text(const struct xlpt_bar *b, int i, struct json_object *mates,
		     struct json_object *g)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	char key[8];

	snprintf(key, sizeof(key), i < 6 ? "bar%d" : "rom", i);
	xlpt_str_addf(&text, "0x%" PRIx64 "-0x%" PRIx64 " %s%s%s, %" PRIu64 " bytes", b->start,
		      b->end, b->flags & BAR_IO ? "io" : "memory",
		      b->flags & BAR_64 ? " 64-bit" : "",
		      b->flags & BAR_PREFETCH ? " prefetchable" : "", b->end - b->start + 1);
	if (b->flags & BAR_MEM && i < 6)
		xlpt_str_add(&text, xlpt_bar_partial(b) ? ", not page-aligned" : ", page-aligned");
	for (size_t k = 0; k < json_object_array_length(mates); k++)
		xlpt_str_addf(&text, ", shares a page with %s",
			      json_object_get_string(json_object_array_get_idx(mates, k)));
	xlpt_json_add(g, key, xlpt_json_str(text.s));
}

static void add_bars(const struct xlpt_show *s, struct json_object *g)
{
	struct json_object *a = json_object_new_array();

	for (int i = 0; i < 7; i++) {
		const struct xlpt_bar *b = &s->d->bars[i];
		struct json_object *mates;

		if ((!b->start && !b->end) || b->end < b->start)
			continue;
		mates = page_mates(s, b);
		if (s->env->json) {
			json_object_array_add(a, bar_json(s, i, mates));
		} else {
			bar_text(b, i, mates, g);
			json_object_put(mates);
		}
	}
	if (s->env->json)
		xlpt_json_add(g, "bars", a);
	else
		json_object_put(a);
}

static struct json_object *rmrr_json(const struct xlpt_rmrrs *rmrrs, size_t i)
{
	const struct xlpt_rmrr *r = &rmrrs->items[i];
	struct json_object *o = json_object_new_object(), *shared = json_object_new_array();

	for (size_t k = 0; k < rmrrs->n; k++)
		if (rmrrs->items[k].structure == r->structure && k != i)
			json_object_array_add(shared, xlpt_json_bdf(rmrrs->items[k].bdf));
	xlpt_json_add(o, "start", json_object_new_int64((int64_t)r->base));
	xlpt_json_add(o, "end", json_object_new_int64((int64_t)r->limit));
	/* With more functions than this host has now, too. */
	xlpt_json_add(o, "shared", json_object_new_boolean(r->sharers >= 2));
	xlpt_json_add(o, "shared_with", shared);
	return o;
}

static struct json_object *rmrr_text(const struct xlpt_rmrrs *rmrrs, size_t i)
{
	_cleanup_free_ char *others = xlpt_rmrr_sharers(rmrrs, i);
	_cleanup_str_ struct xlpt_str text = { 0 };

	xlpt_str_addf(&text, "0x%" PRIx64 "-0x%" PRIx64, rmrrs->items[i].base,
		      rmrrs->items[i].limit);
	if (others)
		xlpt_str_addf(&text, ", shared with %s", others);
	return json_object_new_string(text.s);
}

/* The functions of this host, but for this one, that the block names as well. */
static struct json_object *ivmd_sharers(const struct xlpt_show *s, const struct xlpt_ivmd *m)
{
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < s->inv->devs.n; i++)
		if (i != s->i && xlpt_ivmd_names(m, s->inv->devs.items[i].bdf))
			json_object_array_add(a, xlpt_json_bdf(s->inv->devs.items[i].bdf));
	return a;
}

static struct json_object *ivmd_json(const struct xlpt_show *s, const struct xlpt_ivmd *m)
{
	struct json_object *o = json_object_new_object();

	xlpt_json_add(o, "start", json_object_new_int64((int64_t)m->base));
	xlpt_json_add(o, "end", json_object_new_int64((int64_t)(m->base + m->len - 1)));
	xlpt_json_add(o, "shared", json_object_new_boolean(m->first != m->last));
	xlpt_json_add(o, "shared_with", ivmd_sharers(s, m));
	return o;
}

static struct json_object *ivmd_text(const struct xlpt_show *s, const struct xlpt_ivmd *m)
{
	struct json_object *sharers = ivmd_sharers(s, m);
	_cleanup_str_ struct xlpt_str text = { 0 };
	size_t n = json_object_array_length(sharers);

	xlpt_str_addf(&text, "0x%" PRIx64 "-0x%" PRIx64, m->base, m->base + m->len - 1);
	if (m->first == 0 && m->last == UINT16_MAX)
		xlpt_str_add(&text, ", for every function");
	else if (m->first != m->last && !n)
		xlpt_str_add(&text, ", shared with a function that is not here");
	else
		for (size_t k = 0; k < n; k++)
			xlpt_str_addf(
				&text, "%s%s", k ? ", " : ", shared with ",
				json_object_get_string(json_object_array_get_idx(sharers, k)));
	json_object_put(sharers);
	return json_object_new_string(text.s);
}

/* AMD's table, where the host has that one. */
static void add_ivmds(const struct xlpt_show *s, struct json_object *g)
{
	_cleanup_ivmds_ struct xlpt_ivmds ivmds = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	struct json_object *list;

	if (xlpt_ivrs_read(s->env->host, &ivmds, &diag))
		xlpt_warn(s->env, "%s%s%s", diag.message, diag.fact ? ": " : "",
			  diag.fact ? diag.fact : "");
	if (!ivmds.there)
		return;
	list = json_object_new_array();
	for (size_t i = 0; i < ivmds.n; i++) {
		const struct xlpt_ivmd *m = &ivmds.items[i];

		/* One that has no byte, or ends beyond all memory, is none. */
		if (!m->len || m->len - 1 > UINT64_MAX - m->base || !xlpt_ivmd_names(m, s->d->bdf))
			continue;
		json_object_array_add(list, s->env->json ? ivmd_json(s, m) : ivmd_text(s, m));
	}
	xlpt_json_add(g, "reserved_by_firmware", list);
}

static void add_rmrrs(const struct xlpt_show *s, struct json_object *g)
{
	_cleanup_rmrrs_ struct xlpt_rmrrs rmrrs = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	struct json_object *list;
	int rc = xlpt_dmar_read(s->env->host, &s->inv->devs, &rmrrs, &diag);

	if (rc)
		xlpt_warn(s->env, "%s%s%s", diag.message, diag.fact ? ": " : "",
			  diag.fact ? diag.fact : "");
	if (!rmrrs.there) {
		add_ivmds(s, g);
		return;
	}
	list = json_object_new_array();
	for (size_t i = 0; i < rmrrs.n; i++)
		if (xlpt_bdf_eq(rmrrs.items[i].bdf, s->d->bdf))
			json_object_array_add(list, s->env->json ? rmrr_json(&rmrrs, i)
								 : rmrr_text(&rmrrs, i));
	xlpt_json_add(g, "reserved_by_firmware", list);
}

void xlpt_show_memory(struct xlpt_show *s)
{
	struct json_object *g = xlpt_show_group(s, s->env->json ? "memory" : "bars");

	add_bars(s, g);
	xlpt_json_add(g, "option_rom", json_object_new_boolean(s->d->bars[6].end != 0));
	add_rmrrs(s, g);
}
