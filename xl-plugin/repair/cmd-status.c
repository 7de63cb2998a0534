/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "pciback/device/bind.h"
#include "core/text.h"
#include "pciback/device/scan.h"
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/repair/contradictions.h"

#define DETAIL 384 /* a guest's name and a sentence */

/* anew: the driver that has it in dom0 although a guest has it, "none", or NULL. */
static const char *detail(const struct xlpt_owner *o, bool absent, const char *anew,
			  char buf[DETAIL])
{
	if (!o->guest)
		snprintf(buf, DETAIL, "its domain is gone: xlpt repair");
	else if (o->shut_down)
		snprintf(buf, DETAIL, "it has shut down and was not destroyed: xl destroy %s",
			 XLPT_WORD(o->guest));
	else if (o->dying)
		snprintf(buf, DETAIL, "its domain is dying");
	else if (absent)
		snprintf(buf, DETAIL, "this host has it no more: xlpt detach %s %s",
			 XLPT_WORD(o->guest), XLPT_BDF_STR(o->bdf));
	else if (o->through && xlpt_owner_complete(o))
		snprintf(buf, DETAIL, "through %s, connected", o->through);
	else if (o->through)
		snprintf(buf, DETAIL, "through %s: backend %s, frontend %s, device state %d",
			 o->through, xlpt_xbs_word(o->be_state), xlpt_xbs_word(o->fe_state),
			 o->dev.state);
	else if (anew)
		snprintf(buf, DETAIL, "this host has it anew, driver %s: xlpt detach %s %s", anew,
			 XLPT_WORD(o->guest), XLPT_BDF_STR(o->bdf));
	else if (o->lost)
		snprintf(buf, DETAIL,
			 "taken from it in the hypervisor, not in xenstore: xlpt repair");
	else if (xlpt_owner_complete(o))
		snprintf(buf, DETAIL, "%s", o->type == XLPT_GUEST_PV ? "connected" : "attached");
	else
		snprintf(buf, DETAIL, "backend %s, frontend %s, device state %d",
			 xlpt_xbs_word(o->be_state), xlpt_xbs_word(o->fe_state), o->dev.state);
	return buf;
}

static const char *guest_address(const struct xlpt_owner *o, char buf[XLPT_BDF_LEN])
{
	if (o->dev.vdev_ok && o->type == XLPT_GUEST_PV)
		return xlpt_bdf_format(o->dev.vdev, XLPT_BDF_SYSFS, buf);
	if (o->dev.vdevfn >= 0 && o->type != XLPT_GUEST_PV) {
		snprintf(buf, XLPT_BDF_LEN, "0000:00:%02x.%x", (unsigned)o->dev.vdevfn >> 3 & 0x1f,
			 (unsigned)o->dev.vdevfn & 7);
		return buf;
	}
	return NULL;
}

struct row {
	const char *bdf, *state, *guest, *through, *address, *detail;
	int64_t domid;
};

struct view {
	struct xlpt_env *env;
	struct json_object *devices; /* with --json */
	struct xlpt_table *table;    /* without */
	bool any;		     /* a row was added */
};

static void add_row(struct view *v, const struct row *r)
{
	struct json_object *o, *guest;

	v->any = true;
	if (v->table) {
		xlpt_table_row(v->table, (const char *const[]){ r->bdf, r->state, r->guest,
								r->address, r->detail });
		xlpt_table_paint(v->table, 1, strcmp(r->state, "partial") ? NULL : "red");
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
	xlpt_json_add(o, "detail", xlpt_json_str(r->detail));
	json_object_array_add(v->devices, o);
}

static bool is_absent(struct xlpt_env *env, struct xlpt_bdf bdf)
{
	return xlpt_host_has(env->host, "/sys/bus/pci/devices") &&
	       !xlpt_host_has(env->host, "/sys/bus/pci/devices/%s", XLPT_BDF_STR(bdf));
}

/* It went and came again, or somebody took it from pciback: what the guest had is gone. */
static char *is_anew(struct xlpt_env *env, struct xlpt_bdf bdf)
{
	char *driver = NULL;

	if (!xlpt_host_has(env->host, "/sys/bus/pci/devices/%s", XLPT_BDF_STR(bdf)) ||
	    xlpt_bind_driver(env->host, bdf, &driver, NULL))
		return NULL;
	if (xlpt_streq(driver, XLPT_PCIBACK_DRIVER))
		free(XLPT_TAKE(driver));
	else if (!driver)
		driver = xlpt_xstrdup("none");
	return driver;
}

static void add_owner(struct view *v, const struct xlpt_owner *o)
{
	char buf[DETAIL], address[XLPT_BDF_LEN];
	bool absent = is_absent(v->env, o->bdf);
	_cleanup_free_ char *anew = o->guest && !absent ? is_anew(v->env, o->bdf) : NULL;

	add_row(v, &(struct row){ .bdf = XLPT_BDF_STR(o->bdf),
				  .state = xlpt_owner_complete(o) && o->guest && !absent && !anew
						   ? "assigned"
						   : "partial",
				  .guest = o->guest,
				  .domid = o->domid,
				  .through = o->through,
				  .address = guest_address(o, address),
				  .detail = detail(o, absent, anew, buf) });
}

/*
 * What a guest's configuration names, and this host does not have: the guest runs without it,
 * and xl does not start it with it the next time. A guest of which nothing is kept names nothing.
 */
static void add_named(struct view *v, const struct xlpt_guest *guest,
		      const struct xlpt_owners *owners)
{
	struct xlpt_toolstack *ts = v->env->ts;
	struct xlpt_spec *specs = NULL;
	size_t n = 0;

	if (guest->dying || ts->ops->guest_config_pci(ts, guest->domid, &specs, &n, NULL))
		return;
	for (size_t i = 0; i < n; i++) {
		const struct xlpt_owner *o = xlpt_owners_find(owners, specs[i].bdf);
		const char *bdf = XLPT_BDF_STR(specs[i].bdf);
		_cleanup_free_ char *text = xlpt_xasprintf(
			"its configuration names it; no such device: the next start fails: "
			"xlpt convert --edit FILE --remove %s",
			bdf);

		if (specs[i].has_bdf && is_absent(v->env, specs[i].bdf) &&
		    !(o && o->domid == guest->domid))
			add_row(v, &(struct row){ .bdf = bdf,
						  .state = "absent",
						  .guest = guest->name,
						  .domid = guest->domid,
						  .detail = text });
		xlpt_spec_dispose(&specs[i]);
	}
	free(specs);
}

/* one: this guest's alone. */
static int add_all_named(struct view *v, const struct xlpt_guest *one,
			 const struct xlpt_owners *owners, struct xlpt_diag *diag)
{
	struct xlpt_toolstack *ts = v->env->ts;
	struct xlpt_guest *guests = NULL;
	size_t n = 0;
	int rc = one || !ts ? 0 : ts->ops->guest_list(ts, &guests, &n, diag);

	if (one)
		add_named(v, one, owners);
	for (size_t i = 0; i < n; i++)
		add_named(v, &guests[i], owners);
	xlpt_guests_free(guests, n);
	return rc;
}

/* Held by pciback, no guest's backend names it: free, unless the hypervisor knows better. */
static int add_hidden(struct view *v, struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	struct xlpt_env *env = v->env;
	_cleanup_pcinote_ struct xlpt_pcinote note = { 0 };
	_cleanup_free_ char *text = NULL;
	bool assigned = false;
	int rc = 0;

	if (env->store)
		rc = xlpt_pcinote_read(env->store, bdf, &note, diag);
	if (rc == 0 && env->ts)
		rc = env->ts->ops->hyp_assigned(env->ts, bdf, &assigned, diag);
	if (rc)
		return rc;
	if (assigned)
		text = xlpt_xstrdup("the hypervisor has it with a guest that no backend names: "
				    "xlpt repair");
	else if (note.domid >= 0 && env->store)
		text = xlpt_xasprintf("libxl notes domain %lld as its owner, wrongly: xlpt repair",
				      (long long)note.domid);
	else if (!env->store)
		text = xlpt_xstrdup(
			"on pciback; without xenstore nobody tells whether a guest has it");
	else
		text = xlpt_xstrdup("free for a guest");
	add_row(v, &(struct row){ .bdf = XLPT_BDF_STR(bdf),
				  .state = assigned ? "partial" : "hidden",
				  .domid = -1,
				  .detail = text });
	return 0;
}

static int interrupted(struct view *v, struct json_object *root, struct xlpt_diag *diag)
{
	struct json_object *a = json_object_new_array();
	struct xlpt_journal *js = NULL;
	size_t n = 0;
	int rc = xlpt_journal_interrupted(v->env, &js, &n, diag);

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
	xlpt_json_add(root, "interrupted", a);
	return rc;
}

/* No row at all: what to run next. */
static void say_nothing(const struct view *v, const char *guest)
{
	if (guest)
		xlpt_nothing(v->env, "that guest has no device", "xlpt attach %s SPEC",
			     XLPT_WORD(guest));
	else if (!v->env->no_xen.message)
		xlpt_nothing(v->env, "no device is hidden or with a guest",
			     "xlpt list; xlpt hide BDF");
}

/* A row of the table says already what these say. */
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

static int contradictions(struct view *v, struct json_object *root, const struct xlpt_guest *guest,
			  struct xlpt_diag *diag)
{
	_cleanup_contradictions_ struct xlpt_contradictions list = { 0 };
	struct json_object *a = json_object_new_array();
	int rc = interrupted(v, root, diag);

	if (rc == 0)
		rc = xlpt_contradictions_find(v->env, 0, &list, diag);
	for (size_t i = 0; i < list.n; i++) {
		const struct xlpt_contradiction *c = &list.items[i];

		if (guest && c->domid != guest->domid)
			continue;
		json_object_array_add(a, xlpt_contradiction_json(c));
		if (!v->env->json && !in_table(c))
			xlpt_say(v->env, "%s (%s)", c->what, c->command);
	}
	xlpt_json_add(root, "contradictions", a);
	return rc;
}

static int cmd_status(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	static const char *const columns[] = { "DEVICE", "STATE", "GUEST", "AS", "DETAIL" };
	_cleanup_owners_ struct xlpt_owners owners = { 0 };
	_cleanup_devices_ struct xlpt_devices devs = { 0 };
	_cleanup_guest_ struct xlpt_guest guest = { 0 };
	struct view v = { .env = env };
	struct json_object *root;
	bool one = args->n == 1;
	int rc;

	rc = one ? xlpt_env_need_xen(env, diag) : xlpt_env_try_xen(env, diag);
	if (rc == 0 && one)
		rc = env->ts->ops->guest_find(env->ts, args->pos[0], &guest, diag);
	if (rc == 0)
		rc = xlpt_owners_read(env, &owners, diag);
	if (rc == 0 && !one)
		rc = xlpt_scan_all(env->host, 0, NULL, &devs, diag);
	if (rc)
		return rc;
	root = json_object_new_object();
	v.devices = json_object_new_array();
	xlpt_json_add(root, "devices", v.devices);
	if (one)
		xlpt_json_add(root, "guest", xlpt_json_guest(&guest));
	if (!env->json)
		v.table = xlpt_table_new(columns, XLPT_ARRAY_SIZE(columns));
	for (size_t i = 0; i < owners.n; i++)
		if (one ? owners.items[i].domid == guest.domid ||
				    owners.items[i].backend_domid == guest.domid
			: xlpt_owners_find(&owners, owners.items[i].bdf) == &owners.items[i])
			add_owner(&v, &owners.items[i]);
	rc = add_all_named(&v, one ? &guest : NULL, &owners, diag);
	for (size_t i = 0; rc == 0 && i < devs.n; i++)
		if (xlpt_streq(devs.items[i].driver, "pciback") &&
		    !xlpt_owners_find(&owners, devs.items[i].bdf))
			rc = add_hidden(&v, devs.items[i].bdf, diag);
	if (v.table)
		xlpt_table_print(env, v.table);
	if (rc == 0 && !v.any)
		say_nothing(&v, one ? args->pos[0] : NULL);
	if (rc == 0 && (!env->sysroot || env->store))
		rc = contradictions(&v, root, one ? &guest : NULL, diag);
	xlpt_json_add(root, "xen",
		      env->store && env->ts ? json_object_new_boolean(true)
		      : env->no_xen.message ? json_object_new_boolean(false)
					    : NULL);
	if (rc == 0 && env->json)
		xlpt_print_json(env, root);
	else
		json_object_put(root);
	/* Which guest has what, nobody has been asked: that is no good news. */
	if (rc == 0 && env->no_xen.message) {
		env->reported = true;
		rc = (int)env->no_xen.code;
		xlpt_diag_dispose(diag);
		xlpt_diag_move(diag, &env->no_xen);
	}
	return rc;
}

/* clang-format off */
const struct xlpt_command xlpt_cmd_status = {
	.name = "status",
	.synopsis = "[GUEST]",
	.help = "Show which guest has which device, what is hidden, what is half-done",
	.flags = XLPT_CMD_TELLS,
	.max_args = 1,
	.run = cmd_status,
};
/* clang-format on */
