/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Live where Xen can: xl on both sides decides which of them has the guest. Xen
 * without shadow paging cannot log what a PV guest writes (EOPNOTSUPP), so that
 * one is saved, sent, and made anew on the other side, where it stays paused
 * until it has been destroyed here. At no moment can both run.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "xl-plugin/leave.h"
#include "xl-plugin/output.h"

#define IMAGE_DIR "/var/lib/xlpt/migrate"

/* ---- which device becomes which ---- */

/*
 * The words travel through one shell or two (ssh joins its arguments), so they
 * must not need quoting in either.
 */
static int plain(const char *what, const char *text, struct xlpt_diag *diag)
{
	if (*text && *text != '-' &&
	    text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			      "_.:,=@+/%-")] == '\0')
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "%s \"%s\" cannot be given to another host", what, text);
	xlpt_diag_fact(diag, "letters, digits and _ . : , = @ + / %% - pass through a shell unchanged, "
			     "and no leading -");
	xlpt_diag_hint(diag, "use a %s made of these", what);
	return XLPT_ERR_SYNTAX;
}

static bool has_pool(struct json_object *pools, const char *name)
{
	struct json_object *list = NULL, *v;

	json_object_object_get_ex(pools, "pools", &list);
	for (size_t i = 0; json_object_is_type(list, json_type_array) &&
			   i < json_object_array_length(list); i++)
		if (json_object_object_get_ex(json_object_array_get_idx(list, i), "name", &v) &&
		    xlpt_streq(json_object_get_string(v), name))
			return true;
	return false;
}

/*
 * An address alone takes the options along that the device had here, a pool alone
 * its identity. What came out of a pool here comes out of the pool of that name
 * there, where there is one. *spec is disposed by the caller, also after an error.
 */
static int target_of(const struct xlpt_leave *l, const struct xlpt_item *item,
		     struct json_object *pools, char **out, struct xlpt_spec *spec,
		     struct xlpt_diag *diag)
{
	struct xlpt_map *map = xlpt_leave_map(l, item->spec.bdf);
	const struct xlpt_spec *own = &item->spec;
	struct xlpt_bdf bdf;
	int rc;

	xlpt_spec_init(spec);
	rc = map ? xlpt_spec_parse(map->to, spec, diag) : 0;
	if (rc)
		return rc;
	if (!map || (spec->has_bdf && !spec->all_funcs && !strpbrk(map->to, ",@"))) {
		bdf = map ? spec->bdf : own->bdf;
		xlpt_spec_dispose(spec);
		xlpt_spec_copy(spec, own);
		spec->bdf = bdf;
		spec->has_bdf = map || !own->pool || !has_pool(pools, own->pool);
		if (spec->has_bdf) {
			free(spec->pool);
			spec->pool = NULL;
		}
	} else if (spec->pool && xlpt_vfid_is_empty(&spec->vf)) {
		spec->vf = own->vf;
	}
	*out = xlpt_spec_format(spec);
	return plain("device", *out, diag);
}

static struct json_object *find(struct json_object *list, struct xlpt_bdf bdf)
{
	struct json_object *devs = NULL, *o, *v;

	json_object_object_get_ex(list, "devices", &devs);
	for (size_t i = 0; json_object_is_type(devs, json_type_array) &&
			   i < json_object_array_length(devs); i++) {
		o = json_object_array_get_idx(devs, i);
		if (json_object_object_get_ex(o, "bdf", &v) &&
		    xlpt_streq(json_object_get_string(v), XLPT_BDF_STR(bdf)))
			return o;
	}
	return NULL;
}

static const char *word(struct json_object *o, const char *key)
{
	struct json_object *v = NULL;

	return o && json_object_object_get_ex(o, key, &v) ? json_object_get_string(v) : NULL;
}

static int refuse_target(const struct xlpt_leave *l, struct xlpt_bdf from, struct xlpt_bdf to,
			 const char *why, struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_NOT_HIDDEN, "%s on %s cannot take the place of %s",
		      XLPT_BDF_STR(to), l->host, XLPT_BDF_STR(from));
	xlpt_diag_fact(diag, "%s", why);
	xlpt_diag_hint(diag, "xlpt hide there, or --map %s=BDF with another device",
		       XLPT_BDF_STR(from));
	return XLPT_ERR_NOT_HIDDEN;
}

/* Found now, a device that cannot serve costs nothing; found later, the guest runs without. */
static int check_target(const struct xlpt_leave *l, const struct xlpt_item *item,
			const struct xlpt_spec *spec, struct json_object *list,
			struct xlpt_diag *diag)
{
	bool same = !xlpt_leave_map(l, item->spec.bdf);
	struct xlpt_bdf to = spec->bdf;
	struct json_object *o = find(list, to), *guest = NULL;
	const char *state = word(o, "state"), *id = word(o, "id");
	char own[16];

	/* Whether a pool has one to give is known when it is asked. */
	if (!spec->has_bdf || spec->pool)
		return 0;
	if (!o)
		return refuse_target(l, item->spec.bdf, to, "xlpt list does not show it there", diag);
	snprintf(own, sizeof(own), "%04x:%04x", item->device.vendor, item->device.device);
	if (same && !xlpt_streq(id, own))
		return refuse_target(l, item->spec.bdf, to,
				     "at the same address there is another kind of device", diag);
	if (!xlpt_vfid_is_empty(&spec->vf) && !word(o, "physical_function"))
		return refuse_target(l, item->spec.bdf, to,
				     "it is no virtual function and cannot have its network identity", diag);
	json_object_object_get_ex(o, "guest", &guest);
	/* On this very host it is the guest's own until it is detached. */
	if (xlpt_streq(state, "assigned") && xlpt_streq(word(guest, "name"), l->op.guest.name))
		return 0;
	if (!xlpt_streq(state, "hidden"))
		return refuse_target(l, item->spec.bdf, to, "xlpt list does not show it as hidden there",
				     diag);
	return 0;
}

static int find_targets(struct xlpt_leave *l, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str all = { 0 };
	struct json_object *list, *pools = NULL;
	bool pooled = false;
	int rc;

	for (size_t i = 0; i < l->op.n; i++)
		pooled |= !xlpt_leave_map(l, l->op.items[i].spec.bdf) &&
			  l->op.items[i].spec.pool;
	rc = xlpt_leave_maps_used(l, l->op.guest.name, diag);
	if (rc || !l->op.n)
		return rc;
	list = xlpt_leave_ask(l->op.env, l->transport, l->host, "list", diag);
	if (list && pooled)
		pools = xlpt_leave_ask(l->op.env, l->transport, l->host, "pool list", diag);
	if (!list || (pooled && !pools)) {
		json_object_put(list);
		return diag ? (int)diag->code : XLPT_ERR_NOT_FOUND;
	}
	for (size_t i = 0; rc == 0 && i < l->op.n; i++) {
		_cleanup_free_ char *text = NULL;
		_cleanup_spec_ struct xlpt_spec spec;

		rc = target_of(l, &l->op.items[i], pools, &text, &spec, diag);
		if (rc == 0)
			rc = check_target(l, &l->op.items[i], &spec, list, diag);
		if (rc == 0)
			xlpt_str_addf(&all, "%s%s", all.len ? " " : "", text);
	}
	json_object_put(list);
	json_object_put(pools);
	l->targets = xlpt_str_take(&all);
	return rc;
}

/* ---- live ---- */

static int migrate(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_leave *l = ctx;
	struct xlpt_env *env = l->op.env;
	const int keep[2] = { l->op.locks.n ? l->op.locks.fds[0] : -1, l->op.journal.fd };
	_cleanup_guest_ struct xlpt_guest now = { 0 };
	int rc = env->ts->ops->guest_migrate(env->ts, l->op.guest.domid, l->transport, l->host, keep,
					     diag);

	(void)i;
	if (rc == 0)
		return xlpt_leave_wait_gone(env, &l->op.guest, diag);
	if (xlpt_leave_alive(env, &l->op.guest, &now, NULL) == 0) {
		xlpt_diag_wrap(diag, "%s is gone here", l->op.guest.name);
		xlpt_diag_hint(diag, "xlpt repair looks for it on %s", l->host);
		return xlpt_diag_recode(diag, XLPT_ERR_LEFT);
	}
	return rc;
}

/* xl lets it go on itself, unless it cannot tell whether the other side has it. */
static int undo_migrate(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_leave *l = ctx;

	(void)i;
	return xlpt_leave_take_back(l->op.env, &l->op.guest, l->transport, l->host, l->was_paused,
				    diag);
}

int xlpt_leave_take_back(struct xlpt_env *env, const struct xlpt_guest *guest,
			 const char *transport, const char *host, bool stay_paused,
			 struct xlpt_diag *diag)
{
	_cleanup_guest_ struct xlpt_guest now = { 0 };
	bool there = false, paused = false;
	int rc = xlpt_leave_alive(env, guest, &now, diag);

	if (rc <= 0)
		return rc;
	rc = 0;
	/* Renamed or suspended: xl had begun to hand it over. */
	if (now.suspended && strcmp(now.name, guest->name) != 0)
		rc = xlpt_leave_remote_state(env, transport, host, guest->name, &there, &paused, diag);
	if (rc == 0 && there && !paused) {
		xlpt_diag_set(diag, XLPT_ERR_LEFT, "%s runs on %s, and its copy here (%s) is suspended",
			      guest->name, host, now.name);
		xlpt_diag_hint(diag, "xl destroy %s here, then xlpt repair", now.name);
		return XLPT_ERR_LEFT;
	}
	if (rc)
		return xlpt_diag_recode(diag, XLPT_ERR_LEFT);
	return xlpt_leave_go_on(env, guest, stay_paused, diag);
}

/* ---- by an image ---- */

static int rename_here(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_leave *l = ctx;
	_cleanup_free_ char *away = xlpt_xasprintf("%s--migratedaway", l->op.guest.name);

	(void)i;
	return l->op.env->ts->ops->guest_rename(l->op.env->ts, l->op.guest.domid, away, diag);
}

static int rename_back(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_leave *l = ctx;

	(void)i;
	return xlpt_leave_go_on(l->op.env, &l->op.guest, true, diag);
}

static int send_image(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_leave *l = ctx;
	int rc = xlpt_leave_tell(l->op.env, l->transport, l->host, "xl restore -p /dev/stdin", &l->image, NULL,
		      diag);

	(void)i;
	return rc ? rc : xlpt_journal_note(&l->op.journal, "state arrived", diag);
}

static int undo_send(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_leave *l = ctx;
	_cleanup_guest_ struct xlpt_guest now = { 0 };
	int rc = xlpt_leave_alive(l->op.env, &l->op.guest, &now, diag);

	(void)i;
	/* Ended here, it is there and nowhere else. */
	if (rc <= 0)
		return rc;
	xlpt_journal_note(&l->op.journal, "state undone", NULL);
	return xlpt_leave_remote_destroy(l->op.env, l->transport, l->host, l->op.guest.name, diag);
}

static int go_on_there(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_leave *l = ctx;

	(void)i;
	unlink(l->part);
	return l->was_paused ? 0 : xlpt_leave_remote_unpause(l->op.env, l->transport, l->host,
							     l->op.guest.name, diag);
}

static int attach_there(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_leave *l = ctx;

	(void)i;
	/* The other host may be this one, for a test. */
	xlpt_leave_give_back(&l->op);
	xlpt_locks_release(&l->op.locks);
	return xlpt_leave_remote_attach(l->op.env, l->transport, l->host, l->op.guest.name, l->targets,
					diag);
}

static int image_place(struct xlpt_leave *l, struct xlpt_diag *diag)
{
	struct xlpt_host *h = l->op.env->host;
	int r = l->op.env->dry_run ? 0 : xlpt_host_mkdirs(h, IMAGE_DIR, 0700);

	if (r < 0)
		return xlpt_diag_errno(diag, XLPT_ERR_IO, r, "cannot make " IMAGE_DIR);
	l->part = xlpt_xasprintf("%s" IMAGE_DIR "/%u-%s.img", strcmp(h->root, "/") ? h->root : "",
				 l->op.guest.domid, l->op.guest.uuid);
	return 0;
}

static int plan_offline(struct xlpt_leave *l, struct xlpt_plan *plan, struct xlpt_diag *diag)
{
	const char *guest = l->op.guest.name, *host = l->host;
	size_t n = l->op.n;
	int rc = image_place(l, diag);

	if (rc)
		return rc;
	xlpt_leave_note(&l->op, "image %s", l->part);
	xlpt_leave_plan_image(l, plan);
	xlpt_plan_add(plan, rename_here, rename_back, n + 1,
		      xlpt_xasprintf("rename %s here", guest),
		      xlpt_xasprintf("give %s its name back", guest));
	xlpt_plan_add(plan, send_image, undo_send, n + 2,
		      xlpt_xasprintf("send %s to %s", guest, host),
		      xlpt_xasprintf("remove the copy of %s on %s", guest, host));
	xlpt_plan_add(plan, xlpt_leave_destroy, NULL, n + 3,
		      xlpt_xasprintf("end %s here", guest), NULL);
	xlpt_plan_final(plan);
	xlpt_plan_add(plan, go_on_there, NULL, n + 4,
		      xlpt_xasprintf("let %s go on on %s", guest, host), NULL);
	return 0;
}

int xlpt_op_migrate(struct xlpt_leave *l, struct xlpt_diag *diag)
{
	_cleanup_plan_ struct xlpt_plan plan = { 0 };
	struct xlpt_op *op = &l->op;
	struct xlpt_xen_caps caps = { 0 };
	int rc;

	rc = plain("host", l->host, diag);
	if (rc == 0)
		rc = plain("guest", op->guest.name, diag);
	if (rc == 0)
		rc = xlpt_leave_begin(l, "migrated", diag);
	if (rc == 0)
		rc = find_targets(l, diag);
	if (rc == 0)
		rc = op->env->ts->ops->caps(op->env->ts, &caps, diag);
	if (rc)
		return rc;
	/* xl's live protocol ends with a running guest on the other side. */
	l->offline |= l->was_paused || (op->guest.type == XLPT_GUEST_PV && !caps.pv_live);
	xlpt_leave_note(op, "host %s", l->host);
	xlpt_leave_note(op, "transport %s", l->transport);
	if (op->n)
		xlpt_leave_note(op, "targets %s", l->targets);
	xlpt_leave_plan_detach(l, &plan);
	if (l->offline) {
		rc = plan_offline(l, &plan, diag);
	} else {
		xlpt_plan_add(&plan, migrate, undo_migrate, op->n,
			      xlpt_xasprintf("migrate %s to %s", op->guest.name, l->host),
			      xlpt_xasprintf("let %s go on here", op->guest.name));
		xlpt_plan_final(&plan);
	}
	if (op->n)
		xlpt_plan_add(&plan, attach_there, NULL, op->n + 5,
			      xlpt_xasprintf("attach %s to %s on %s", l->targets, op->guest.name,
					     l->host), NULL);
	return rc ? rc : xlpt_op_execute(op, "migrate", &plan, diag);
}
