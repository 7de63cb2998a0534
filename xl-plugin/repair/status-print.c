/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What xlpt status prints. */
#include "xl-plugin/repair/status.h"

#include <string.h>

#include "core/text.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/repair/contradictions.h"

void xlpt_status_begin(struct xlpt_status *s)
{
	static const char *const columns[] = { "DEVICE", "STATE", "GUEST", "AS", "DETAIL" };

	s->root = json_object_new_object();
	s->devices = json_object_new_array();
	xlpt_json_add(s->root, "devices", s->devices);
	if (s->one)
		xlpt_json_add(s->root, "guest", xlpt_json_guest(s->one));
	if (!s->env->json)
		s->table = xlpt_table_new(columns, XLPT_ARRAY_SIZE(columns));
}

void xlpt_status_row(struct xlpt_status *s, const struct xlpt_status_row *r)
{
	_cleanup_free_ char *detail =
		xlpt_xasprintf("%s%s%s", r->detail, r->hint ? ": " : "", r->hint ? r->hint : "");
	struct json_object *o, *guest;

	s->any = true;
	if (s->table) {
		xlpt_table_row(s->table, (const char *const[]){ r->bdf, r->state, r->guest,
								r->address, detail });
		xlpt_table_paint(s->table, 1, strcmp(r->state, "partial") ? NULL : "red");
		return;
	}
	o = json_object_new_object();
	xlpt_json_add(o, "bdf", xlpt_json_str(r->bdf));
	xlpt_json_add(o, "state", xlpt_json_str(r->state));
	guest = xlpt_json_guest_named(r->guest, r->domid);
	if (r->through)
		xlpt_json_add(guest, "through", xlpt_json_str(r->through));
	xlpt_json_add(o, "guest", guest);
	xlpt_json_add(o, "guest_address", xlpt_json_str(r->address));
	xlpt_json_add(o, "kept_for",
		      r->kept ? xlpt_json_guest_named(r->kept->guest, r->kept->domid) : NULL);
	xlpt_json_add(o, "pool", xlpt_json_str(r->kept ? r->kept->pool : NULL));
	xlpt_json_add(o, "answers", r->there ? json_object_new_boolean(r->answers) : NULL);
	xlpt_json_add(o, "free", json_object_new_boolean(r->free));
	xlpt_json_add(o, "detail", xlpt_json_str(detail));
	xlpt_json_add(o, "hint", xlpt_json_str(r->hint));
	json_object_array_add(s->devices, o);
}

static int interrupted(struct xlpt_status *s, struct xlpt_diag *diag)
{
	struct json_object *a = json_object_new_array(), *unread = json_object_new_array();
	_cleanup_strv_ char **paths = NULL;
	struct xlpt_journal *js = NULL;
	size_t n = 0;
	int rc = xlpt_journal_interrupted(s->env, &js, &n, diag);

	for (size_t i = 0; i < n; i++) {
		struct json_object *o = json_object_new_object();

		xlpt_json_add(o, "op", xlpt_json_str(js[i].op));
		xlpt_json_add(o, "guest", xlpt_json_guest_named(js[i].guest.name, -1));
		xlpt_json_add(o, "bdf", js[i].n ? xlpt_json_bdf(js[i].devs[0].bdf) : NULL);
		xlpt_json_add(o, "left_at", xlpt_json_str(js[i].last));
		json_object_array_add(a, o);
		xlpt_journal_dispose(&js[i]);
	}
	free(js);
	xlpt_json_add(s->root, "interrupted", a);
	/* They are warned of above. */
	xlpt_journal_unreadable(s->env, &paths);
	for (char **p = paths; p && *p; p++)
		json_object_array_add(unread, xlpt_json_str(*p));
	xlpt_json_add(s->root, "unreadable", unread);
	return rc;
}

struct json_object *xlpt_status_no_xen(struct xlpt_env *env)
{
	const struct xlpt_diag *no = &env->no_xen;
	struct json_object *o;

	if (!no->message)
		return NULL;
	o = json_object_new_object();
	xlpt_json_add(o, "message", xlpt_json_str(no->message));
	xlpt_json_add(o, "fact", xlpt_json_str(no->fact));
	xlpt_json_add(o, "hint", xlpt_json_str(no->hint));
	return o;
}

void xlpt_status_rows_end(struct xlpt_status *s)
{
	if (s->table)
		xlpt_table_print(s->env, s->table);
}

void xlpt_status_nothing(const struct xlpt_status *s, const char *guest)
{
	if (guest)
		xlpt_nothing(s->env, "that guest has no device", "xlpt attach %s SPEC",
			     XLPT_WORD(guest));
	else if (!s->env->no_xen.message)
		xlpt_nothing(s->env, "no device is hidden or with a guest",
			     "xlpt list; xlpt hide BDF");
}

void xlpt_status_no_left(struct xlpt_status *s)
{
	static const char *const lists[] = { "interrupted", "unreadable", "contradictions" };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(lists); i++)
		xlpt_json_add(s->root, lists[i], json_object_new_array());
}

/* Kinds that a row of the table already shows. */
static bool in_table(const struct xlpt_contradiction *c)
{
	static const char *const names[] = { "left-by-gone", "shut-down", "absent-device",
					     "half-out",     "xen-only",  "owner-mark",
					     "not-connected" };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(names); i++)
		if (!strcmp(xlpt_contradiction_name(c), names[i]))
			return true;
	return false;
}

int xlpt_status_add_left(struct xlpt_status *s, struct xlpt_diag *diag)
{
	_cleanup_contradictions_ struct xlpt_contradictions list = { 0 };
	struct json_object *a = json_object_new_array();
	int rc = interrupted(s, diag);

	if (rc == 0)
		rc = xlpt_contradictions_find(s->env, 0, &list, diag);
	for (size_t i = 0; i < list.n; i++) {
		const struct xlpt_contradiction *c = &list.items[i];

		if (s->one && c->domid != s->one->domid)
			continue;
		json_object_array_add(a, xlpt_contradiction_json(c));
		if (!s->env->json && !in_table(c))
			xlpt_say(s->env, "%s (%s)", c->what, c->command);
	}
	xlpt_json_add(s->root, "contradictions", a);
	return rc;
}
