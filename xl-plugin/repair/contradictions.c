/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of all kinds of contradictions; finding them, once or twice; what they look like as JSON. */
#include "xl-plugin/repair/contradictions.h"

#include <string.h>

#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/gone.h"
#include "xl-plugin/repair/kinds.h"

/*
 * What others rest on comes first: an operation that was cut short explains all that is found of
 * its devices, and a device that is taken from a guest may be what a lease waits for.
 */
const struct xlpt_contradiction_kind *const xlpt_contradiction_kinds[] = {
	&xlpt_kind_file_journal,
	&xlpt_kind_files,
	&xlpt_kind_journal,
	&xlpt_kind_left_by_gone,
	&xlpt_kind_shut_down,
	&xlpt_kind_absent_device,
	&xlpt_kind_wedged,
	&xlpt_kind_half_out,
	&xlpt_kind_not_connected,
	&xlpt_kind_bad_dev,
	&xlpt_kind_empty_backend,
	&xlpt_kind_no_dev,
	&xlpt_kind_num_devs,
	&xlpt_kind_xen_only,
	&xlpt_kind_owner_mark,
	&xlpt_kind_lease,
	&xlpt_kind_identity,
	&xlpt_kind_quarantine,
	&xlpt_kind_override,
	&xlpt_kind_configured,
	&xlpt_kind_libvirt,
	&xlpt_kind_libvirt_list,
	NULL,
};

static void dispose(struct xlpt_contradiction *c)
{
	free(c->guest);
	free(c->what);
	free(c->why);
	free(c->does);
	free(c->command);
	free(c->key);
}

void xlpt_contradictions_dispose(struct xlpt_contradictions *list)
{
	for (size_t i = 0; i < list->n; i++)
		dispose(&list->items[i]);
	free(list->items);
	*list = (struct xlpt_contradictions){ 0 };
}

struct xlpt_contradiction *xlpt_contradiction_add(struct xlpt_contradictions *out,
						  const struct xlpt_contradiction_kind *kind)
{
	XLPT_GROW(out->items, out->n, out->alloc);
	out->items[out->n] = (struct xlpt_contradiction){ .kind = kind, .domid = -1 };
	return &out->items[out->n++];
}

void xlpt_contradiction_bdf(struct xlpt_contradiction *c, struct xlpt_bdf bdf)
{
	c->has_bdf = true;
	c->bdf = bdf;
}

void xlpt_contradiction_guest(struct xlpt_contradiction *c, uint32_t domid, const char *name)
{
	c->domid = domid;
	c->guest = xlpt_xstrdup(name);
}

static bool same(const struct xlpt_contradiction *a, const struct xlpt_contradiction *b)
{
	return a->kind == b->kind && a->has_bdf == b->has_bdf &&
	       (!a->has_bdf || xlpt_bdf_eq(a->bdf, b->bdf)) && a->domid == b->domid &&
	       xlpt_streq(a->key, b->key);
}

static bool has(const struct xlpt_contradictions *list, const struct xlpt_contradiction *c)
{
	for (size_t i = 0; i < list->n; i++)
		if (same(&list->items[i], c))
			return true;
	return false;
}

/* Those of a kind that is not momentary stay, whatever was seen before. */
static void keep_old(struct xlpt_contradictions *now, const struct xlpt_contradictions *before)
{
	size_t kept = 0;

	for (size_t i = 0; i < now->n; i++) {
		if (now->items[i].kind->momentary && !has(before, &now->items[i]))
			dispose(&now->items[i]);
		else
			now->items[kept++] = now->items[i];
	}
	now->n = kept;
}

static bool any_momentary(const struct xlpt_contradictions *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].kind->momentary)
			return true;
	return false;
}

static int look(struct xlpt_env *env, unsigned flags, struct xlpt_contradictions *out,
		struct xlpt_diag *diag)
{
	_cleanup_facts_ struct xlpt_facts f = { 0 };
	int rc = xlpt_facts_read(env, flags, &f, diag);

	*out = (struct xlpt_contradictions){ 0 };
	for (const struct xlpt_contradiction_kind *const *k = xlpt_contradiction_kinds;
	     rc == 0 && *k; k++)
		if (f.xen || (*k)->without_xen)
			(*k)->find(&f, *k, out);
	for (size_t i = 0; i < out->n; i++)
		if (!out->items[i].command)
			out->items[i].command = xlpt_xstrdup("xlpt repair");
	return rc;
}

int xlpt_contradictions_find(struct xlpt_env *env, unsigned flags, struct xlpt_contradictions *out,
			     struct xlpt_diag *diag)
{
	_cleanup_contradictions_ struct xlpt_contradictions before = { 0 };
	int rc = look(env, flags, out, diag);

	if (rc || !(flags & XLPT_LOOK_TWICE) || !any_momentary(out))
		return rc;
	before = *out;
	env->clock->sleep_ms(env->clock, XLPT_UNDER_WAY_MS);
	rc = look(env, flags, out, diag);
	if (rc == 0)
		keep_old(out, &before);
	return rc;
}

const char *xlpt_contradiction_name(const struct xlpt_contradiction *c)
{
	return c->kind->name;
}

const char *xlpt_contradiction_cause(const struct xlpt_contradiction *c)
{
	return c->kind->cause;
}

int xlpt_contradiction_names(struct xlpt_env *env, char ***names, struct xlpt_diag *diag)
{
	(void)env;
	(void)diag;
	for (const struct xlpt_contradiction_kind *const *k = xlpt_contradiction_kinds; *k; k++)
		xlpt_strv_add(names, (*k)->name);
	return 0;
}

struct json_object *xlpt_contradiction_json(const struct xlpt_contradiction *c)
{
	struct json_object *o = json_object_new_object();

	xlpt_json_add(o, "kind", xlpt_json_str(c->kind->name));
	xlpt_json_add(o, "bdf", c->has_bdf ? xlpt_json_bdf(c->bdf) : NULL);
	xlpt_json_add(o, "guest", xlpt_json_guest_named(c->guest, c->domid));
	xlpt_json_add(o, "what", xlpt_json_str(c->what));
	xlpt_json_add(o, "why", xlpt_json_str(c->why));
	xlpt_json_add(o, "cause", xlpt_json_str(c->kind->cause));
	xlpt_json_add(o, "does", xlpt_json_str(c->does));
	xlpt_json_add(o, "command", xlpt_json_str(c->command));
	return o;
}
