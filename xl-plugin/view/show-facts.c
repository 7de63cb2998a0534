/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <string.h>

#include "core/policy-together.h"
#include "pciback/device/firmware.h"
#include "pciback/needs/things.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/view/show.h"

struct json_object *xlpt_show_group(struct xlpt_show *s, const char *name)
{
	struct json_object *g = json_object_new_object();

	xlpt_json_add(s->root, name, g);
	return g;
}

static void add_bool(struct json_object *g, const char *key, bool v)
{
	xlpt_json_add(g, key, json_object_new_boolean(v));
}

/* "on" and the rest, with the flags that are set where there is a register. */
static void add_acs(struct json_object *g, const struct xlpt_device *d)
{
	static const char *const names[] = { "SV", "TB", "RR", "CR", "UF", "EC", "DT" };
	_cleanup_str_ struct xlpt_str text = { 0 };

	add_bool(g, "acs", d->caps.acs);
	xlpt_str_add(&text, xlpt_acs_word(d));
	for (size_t i = 0; d->caps.acs && i < XLPT_ARRAY_SIZE(names); i++)
		if (d->caps.acs_cap & 1u << i)
			xlpt_str_addf(&text, " %s%c", names[i],
				      d->caps.acs_ctrl & 1u << i ? '+' : '-');
	xlpt_json_add(g, "acs_state", xlpt_json_str(xlpt_str_get(&text)));
}

void xlpt_show_capabilities(struct xlpt_show *s)
{
	struct json_object *g = xlpt_show_group(s, "capabilities");
	const struct xlpt_caps *c = &s->d->caps;

	if (!c->config_read) {
		xlpt_json_add(g, "configuration_space",
			      xlpt_json_str(s->d->no_answer
						    ? "all ones: the device does not answer"
						    : "not readable, or cut short at 64 bytes"));
		return;
	}
	add_bool(g, "pcie", c->pcie);
	add_bool(g, "flr", c->flr);
	add_bool(g, "af_flr", c->af_flr);
	add_bool(g, "pm", c->pm);
	add_bool(g, "pm_reset", c->pm_reset);
	add_acs(g, s->d);
	add_bool(g, "ari", c->ari);
	add_bool(g, "sriov", c->sriov);
	add_bool(g, "ats", c->ats);
	xlpt_json_add(g, "msi_vectors", json_object_new_int(c->msi_vectors));
	xlpt_json_add(g, "msix_vectors", json_object_new_int(c->msix_vectors));
	xlpt_json_add(g, "kernel_reset",
		      xlpt_json_str(s->d->reset_method ? s->d->reset_method
				    : s->d->has_reset  ? "offered"
						       : "none"));
}

/* ---- memory ---- */

/* Another function with registers in the same page: a guest that has one reaches both. */
static void add_page_mates(const struct xlpt_show *s, const struct xlpt_bar *b,
			   struct xlpt_str *text)
{
	uint64_t page;

	for (size_t k = 0; k < s->inv->devs.n; k++)
		if (k != s->i && xlpt_bar_meets(b, &s->inv->devs.items[k], &page))
			xlpt_str_addf(text, ", shares a page with %s",
				      XLPT_BDF_STR(s->inv->devs.items[k].bdf));
}

static void add_bar(const struct xlpt_show *s, struct json_object *g, int i)
{
	const struct xlpt_bar *b = &s->d->bars[i];
	_cleanup_str_ struct xlpt_str text = { 0 };
	char key[8];

	if ((!b->start && !b->end) || b->end < b->start)
		return;
	snprintf(key, sizeof(key), i < 6 ? "bar%d" : "rom", i);
	xlpt_str_addf(&text, "0x%" PRIx64 "-0x%" PRIx64 " %s%s%s, %" PRIu64 " bytes", b->start,
		      b->end, b->flags & 0x100 ? "io" : "memory",
		      b->flags & 0x100000 ? " 64-bit" : "",
		      b->flags & 0x2000 ? " prefetchable" : "", b->end - b->start + 1);
	if (b->flags & 0x200 && i < 6)
		xlpt_str_add(&text, xlpt_bar_partial(b) ? ", not page-aligned" : ", page-aligned");
	if (xlpt_bar_partial(b))
		add_page_mates(s, b, &text);
	xlpt_json_add(g, key, xlpt_json_str(text.s));
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
	if (!rmrrs.there)
		return;
	list = json_object_new_array();
	for (size_t i = 0; i < rmrrs.n; i++) {
		_cleanup_free_ char *others = xlpt_rmrr_sharers(&rmrrs, i);
		_cleanup_str_ struct xlpt_str text = { 0 };

		if (!xlpt_bdf_eq(rmrrs.items[i].bdf, s->d->bdf))
			continue;
		xlpt_str_addf(&text, "0x%" PRIx64 "-0x%" PRIx64, rmrrs.items[i].base,
			      rmrrs.items[i].limit);
		if (others)
			xlpt_str_addf(&text, ", shared with %s", others);
		json_object_array_add(list, json_object_new_string(text.s));
	}
	xlpt_json_add(g, "reserved_by_firmware", list);
}

void xlpt_show_memory(struct xlpt_show *s)
{
	struct json_object *g = xlpt_show_group(s, "bars");

	for (int i = 0; i < 7; i++)
		add_bar(s, g, i);
	xlpt_json_add(g, "option_rom", json_object_new_boolean(s->d->bars[6].end != 0));
	add_rmrrs(s, g);
}

/* ---- interrupt ---- */

/* How many it may ask for, and how many a guest gets. */
static void add_vectors(const struct xlpt_show *s, struct json_object *g)
{
	unsigned asked = xlpt_device_vectors(s->d), given = 0;
	struct xlpt_toolstack *ts = s->env->ts;
	_cleanup_free_ char *cmdline = NULL;
	_cleanup_str_ struct xlpt_str text = { 0 };
	bool known = false;

	if (ts && ts->ops->xen_text) {
		ts->ops->xen_text(ts, &cmdline, NULL);
		given = xlpt_xen_guest_vectors(cmdline, &known);
	}
	if (s->env->json) {
		xlpt_json_add(g, "vectors", json_object_new_int((int)asked));
		xlpt_json_add(g, "guest_vectors", known ? json_object_new_int((int)given) : NULL);
		return;
	}
	xlpt_str_addf(&text, "%u", asked);
	if (known)
		xlpt_str_addf(&text, " vector%s; Xen gives a guest %u (extra_guest_irqs)",
			      asked == 1 ? "" : "s", given);
	if (asked)
		xlpt_json_add(g, "vectors", xlpt_json_str(text.s));
}

void xlpt_show_interrupt(struct xlpt_show *s)
{
	struct json_object *g = xlpt_show_group(s, "interrupt"), *mates = json_object_new_array();
	const struct xlpt_device *d = s->d;
	char pin[] = "INTA";

	pin[3] = (char)('A' + d->intx_pin - 1);
	xlpt_json_add(g, "pin", xlpt_json_str(d->intx_pin ? pin : "none"));
	/* With MSI enabled the kernel shows the message's number in the line's place. */
	if (d->caps.msi_on)
		xlpt_json_add(g, "msi_irq", d->irq ? json_object_new_int(d->irq) : NULL);
	else
		xlpt_json_add(g, "line",
			      d->irq && d->intx_pin ? json_object_new_int(d->irq) : NULL);
	for (size_t i = 0; i < s->inv->devs.n; i++) {
		const struct xlpt_device *o = &s->inv->devs.items[i];

		if (i != s->i && d->intx_pin && !d->caps.msi_on && d->irq > 0 && o->irq == d->irq &&
		    o->intx_pin)
			json_object_array_add(mates, xlpt_json_bdf(o->bdf));
	}
	xlpt_json_add(g, "line_shared_with", mates);
	add_vectors(s, g);
}

/* ---- isolation ---- */

static void add_members(const struct xlpt_show *s, struct json_object *g)
{
	const struct xlpt_sets *sets = &s->inv->sets;
	struct json_object *list = json_object_new_array();
	size_t set = sets->of[s->i];

	for (size_t m = sets->start[set]; m < sets->start[set + 1]; m++) {
		size_t k = sets->member[m];
		const struct xlpt_device *d = &s->inv->devs.items[k];
		_cleanup_free_ char *why = xlpt_sets_reason(sets, &s->inv->devs, k);
		_cleanup_free_ char *state = xlpt_state_text(d, xlpt_inventory_owner(s->inv, k));
		struct json_object *o = json_object_new_object();

		if (sets->start[set + 1] - sets->start[set] == 1)
			why = xlpt_xstrdup("alone");
		xlpt_json_add(o, "bdf", xlpt_json_bdf(d->bdf));
		xlpt_json_add(o, "why", xlpt_json_str(why));
		xlpt_json_add(o, "state", xlpt_json_str(state));
		xlpt_json_add(o, "driver", xlpt_json_str(d->driver));
		/* Bridges need not be given away with the rest. */
		xlpt_json_add(o, "must_go_together", json_object_new_boolean(!xlpt_set_ignores(d)));
		json_object_array_add(list, o);
	}
	xlpt_json_add(g, "members", list);
}

static bool in_list(struct json_object *list, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < json_object_array_length(list); i++)
		if (!strcmp(json_object_get_string(json_object_array_get_idx(list, i)),
			    XLPT_BDF_STR(bdf)))
			return true;
	return false;
}

static void ask_xen(const struct xlpt_show *s, uint32_t domid, struct json_object *list)
{
	struct xlpt_toolstack *ts = s->env->ts;
	_cleanup_free_ struct xlpt_bdf *found = NULL;
	size_t n = 0;

	/* A cross-check: no answer is not worth an error. */
	if (ts->ops->device_group(ts, domid, s->d->bdf, &found, &n, NULL))
		return;
	for (size_t i = 0; i < n; i++)
		if (!xlpt_bdf_eq(found[i], s->d->bdf) && !in_list(list, found[i]))
			json_object_array_add(list, xlpt_json_bdf(found[i]));
}

/* What Xen itself cannot tell apart, of dom0's and of every guest's; said when it is another set. */
static void add_xen_group(const struct xlpt_show *s, struct json_object *g)
{
	const struct xlpt_sets *sets = &s->inv->sets;
	struct json_object *list;
	size_t set = sets->of[s->i], common = 0;
	bool agrees = true;

	if (!s->env->ts || !s->env->ts->ops->device_group || xlpt_set_ignores(s->d))
		return;
	list = json_object_new_array();
	ask_xen(s, 0, list);
	for (size_t i = 0; i < s->inv->owners.n; i++)
		ask_xen(s, s->inv->owners.items[i].domid, list);
	for (size_t m = sets->start[set]; m < sets->start[set + 1]; m++) {
		const struct xlpt_device *d = &s->inv->devs.items[sets->member[m]];

		/* Xen counts a PCIe-to-PCI bridge in, and no other. */
		if (sets->member[m] != s->i && !xlpt_set_ignores(d))
			agrees &= in_list(list, d->bdf);
		common += in_list(list, d->bdf);
	}
	agrees &= common == json_object_array_length(list);
	xlpt_json_add(g, "xen_agrees", json_object_new_boolean(agrees));
	xlpt_json_add(g, "xen_same_requester", list);
}

void xlpt_show_isolation(struct xlpt_show *s)
{
	struct json_object *g = xlpt_show_group(s, "isolation");

	xlpt_json_add(g, "set", json_object_new_int64(xlpt_inventory_set(s->inv, s->i)));
	if (s->d->iommu_group)
		xlpt_json_add(g, "iommu_group", xlpt_json_str(s->d->iommu_group));
	xlpt_json_add(g, "assignable",
		      json_object_new_boolean(xlpt_inventory_assignable(s->inv, s->i)));
	add_members(s, g);
	add_xen_group(s, g);
}

/* ---- this host ---- */

void xlpt_show_host(struct xlpt_show *s)
{
	struct json_object *g = xlpt_show_group(s, "host"), *list = json_object_new_array();
	_cleanup_things_ struct xlpt_things things = { 0 };

	xlpt_things_on(s->env->host, &s->d->bdf, &things);
	for (size_t i = 0; i < things.n; i++) {
		const struct xlpt_thing *t = &things.items[i];
		struct json_object *o = json_object_new_object();

		xlpt_json_add(o, "kind", xlpt_json_str(xlpt_thing_word(t->kind)));
		xlpt_json_add(o, "name", xlpt_json_str(t->name));
		xlpt_json_add(o, "what", xlpt_json_str(t->what));
		json_object_array_add(list, o);
	}
	xlpt_json_add(g, "would_lose", list);
}
