/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "pciback/device/firmware.h"
#include "core/policy-together.h"
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
static void add_acs(const struct xlpt_show *s, struct json_object *g)
{
	static const char *const names[] = { "SV", "TB", "RR", "CR", "UF", "EC", "DT" };
	const struct xlpt_device *d = s->d;
	_cleanup_str_ struct xlpt_str text = { 0 };
	struct json_object *flags;

	add_bool(g, "acs", d->caps.acs);
	flags = json_object_new_object();
	xlpt_str_add(&text, xlpt_acs_word(d));
	for (size_t i = 0; d->caps.acs && i < XLPT_ARRAY_SIZE(names); i++) {
		bool on = d->caps.acs_ctrl & 1u << i;

		if (!(d->caps.acs_cap & 1u << i))
			continue;
		add_bool(flags, names[i], on);
		xlpt_str_addf(&text, " %s%c", names[i], on ? '+' : '-');
	}
	xlpt_json_add(g, "acs_state",
		      xlpt_json_str(s->env->json ? xlpt_acs_word(d) : xlpt_str_get(&text)));
	if (s->env->json)
		xlpt_json_add(g, "acs_flags", flags);
	else
		json_object_put(flags);
}

static void add_kernel_reset(const struct xlpt_show *s, struct json_object *g)
{
	const struct xlpt_device *d = s->d;

	if (s->env->json) {
		add_bool(g, "has_reset", d->has_reset);
		xlpt_json_add(g, "reset_methods", xlpt_json_reset_methods(d));
	} else {
		xlpt_json_add(g, "kernel_reset",
			      xlpt_json_str(d->reset_method ? d->reset_method
					    : d->has_reset  ? "offered"
							    : "none"));
	}
}

void xlpt_show_capabilities(struct xlpt_show *s)
{
	struct json_object *g = xlpt_show_group(s, "capabilities");
	const struct xlpt_caps *c = &s->d->caps;

	if (s->env->json)
		add_bool(g, "config_read", c->config_read);
	if (!c->config_read) {
		if (s->env->json)
			add_kernel_reset(s, g);
		else
			xlpt_json_add(
				g, "configuration_space",
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
	add_acs(s, g);
	add_bool(g, "ari", c->ari);
	add_bool(g, "sriov", c->sriov);
	add_bool(g, "ats", c->ats);
	xlpt_json_add(g, "msi_vectors", json_object_new_int(c->msi_vectors));
	xlpt_json_add(g, "msix_vectors", json_object_new_int(c->msix_vectors));
	add_kernel_reset(s, g);
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
		const struct xlpt_owner *owner = xlpt_inventory_owner(s->inv, k);
		_cleanup_free_ char *state = xlpt_state_text(d, owner);
		struct json_object *o = json_object_new_object();

		if (sets->start[set + 1] - sets->start[set] == 1)
			why = xlpt_xstrdup("alone");
		xlpt_json_add(o, "bdf", xlpt_json_bdf(d->bdf));
		xlpt_json_add(o, "why", xlpt_json_str(why));
		xlpt_json_add(o, "state",
			      xlpt_json_str(s->env->json ? xlpt_state_word(d, owner) : state));
		if (s->env->json)
			xlpt_json_add(o, "guest", xlpt_owner_json(owner));
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

	/* Only a comparison: when Xen does not answer, that is no error. */
	if (ts->ops->device_group(ts, domid, s->d->bdf, &found, &n, NULL))
		return;
	for (size_t i = 0; i < n; i++)
		if (!xlpt_bdf_eq(found[i], s->d->bdf) && !in_list(list, found[i]))
			json_object_array_add(list, xlpt_json_bdf(found[i]));
}

/* What Xen itself cannot tell apart; said when that is another set. */
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

/* What it reaches past the IOMMU in a switch, or what reaches it, although that is in another set. */
static void add_switch(const struct xlpt_show *s, struct json_object *g, const char *name, bool to)
{
	struct json_object *list = json_object_new_array();
	const struct xlpt_devices *devs = &s->inv->devs;
	const size_t *of = s->inv->sets.of;

	for (size_t k = 0; k < devs->n; k++)
		if (of[k] != of[s->i] && !xlpt_set_ignores(&devs->items[k]) &&
		    xlpt_switch_turns(devs, to ? s->i : k, to ? k : s->i) != SIZE_MAX)
			json_object_array_add(list, xlpt_json_bdf(devs->items[k].bdf));
	if (json_object_array_length(list))
		xlpt_json_add(g, name, list);
	else
		json_object_put(list);
}

void xlpt_show_isolation(struct xlpt_show *s)
{
	struct json_object *g = xlpt_show_group(s, "isolation");

	xlpt_json_add(g, s->env->json ? "isolation_set" : "set",
		      json_object_new_int64(xlpt_inventory_set(s->inv, s->i)));
	if (s->d->iommu_group)
		xlpt_json_add(g, "iommu_group", xlpt_json_str(s->d->iommu_group));
	xlpt_json_add(g, "assignable",
		      json_object_new_boolean(xlpt_inventory_assignable(s->inv, s->i)));
	add_members(s, g);
	if (!xlpt_set_ignores(s->d)) {
		add_switch(s, g, "reaches_in_switch", true);
		add_switch(s, g, "reached_in_switch", false);
	}
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
