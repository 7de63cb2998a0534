/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/leave/leave.h"

static void finish(struct xlpt_env *env, struct json_object *root)
{
	if (env->json)
		xlpt_print_json(env, root);
	else
		json_object_put(root);
}

static struct json_object *specs_json(const struct xlpt_op *op)
{
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < op->n; i++) {
		_cleanup_free_ char *spec = xlpt_spec_format(&op->items[i].spec);
		struct json_object *o = json_object_new_object();

		xlpt_json_add(o, "bdf", xlpt_json_bdf(op->items[i].spec.bdf));
		xlpt_json_add(o, "spec", xlpt_json_str(spec));
		json_object_array_add(a, o);
	}
	return a;
}

static char *bdfs_text(const struct xlpt_op *op)
{
	struct xlpt_str s = { 0 };

	for (size_t i = 0; i < op->n; i++)
		xlpt_str_addf(&s, "%s%s", i ? ", " : "", XLPT_BDF_STR(op->items[i].spec.bdf));
	return xlpt_str_take(&s);
}

static int prepare(struct xlpt_leave *l, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	struct xlpt_env *env = l->op.env;
	int rc = xlpt_args_seconds(args, "timeout", XLPT_GUEST_TIMEOUT_MS, &l->op.timeout_ms, diag);

	l->detach_first = xlpt_args_has(args, "detach-first");
	l->force = xlpt_args_has(args, "force");
	if (rc == 0 && xlpt_bdf_shaped(args->pos[0])) {
		rc = xlpt_diag_set(diag, XLPT_ERR_USAGE, "\"%s\" is a device, not a guest",
				   args->pos[0]);
		xlpt_diag_hint(diag, "usage: xlpt %s %s", args->cmd->name, args->cmd->synopsis);
	}
	if (rc == 0)
		rc = xlpt_env_need_xen(env, diag);
	if (rc == 0)
		rc = env->ts->ops->guest_find(env->ts, args->pos[0], &l->op.guest, diag);
	l->op.has_guest = rc == 0;
	return rc;
}

static int cmd_save(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_leave_ struct xlpt_leave l;
	_cleanup_free_ char *bdfs = NULL;
	struct json_object *root;
	int rc;

	xlpt_leave_init(&l, env);
	rc = xlpt_leave_path(args->pos[1], &l.file, diag);
	if (rc == 0)
		rc = prepare(&l, args, diag);
	if (rc == 0)
		rc = xlpt_op_save(&l, diag);
	if (rc || env->dry_run)
		return rc;
	bdfs = bdfs_text(&l.op);
	xlpt_say(env, "%s is saved in %s%s%s", l.op.guest.name, args->pos[1],
		 l.op.n ? "; xlpt restore attaches again " : "", bdfs);
	root = json_object_new_object();
	xlpt_json_add(root, "guest", xlpt_json_guest(&l.op.guest));
	xlpt_json_add(root, "file", xlpt_json_str(l.file));
	xlpt_json_add(root, "detached", specs_json(&l.op));
	finish(env, root);
	return 0;
}

#define LEAVE_OPTS                                                                              \
	{ "detach-first", 'd', NULL,                                                            \
	  "detach its devices first and attach them again afterwards" },                        \
		{ "force", 'f', NULL,                                                           \
		  "also a PV guest that holds a device with an interrupt line" },               \
	{                                                                                       \
		"timeout", 't', "SECONDS", "how long the guest may take to answer (default 60)" \
	}

static const struct xlpt_opt save_opts[] = {
	LEAVE_OPTS,
	{ 0 },
};

const struct xlpt_command xlpt_cmd_save = {
	.name = "save",
	.synopsis = "GUEST FILE",
	.help = "Save a guest to a file, its devices detached first if so told",
	.details =
		"A guest that holds devices is refused (exit status 3) without --detach-first.\n"
		"Until the image is complete and read through, the guest can go on, and does so\n"
		"after any failure, with its devices. FILE.xlpt tells xlpt restore what they were.",
	.flags = XLPT_CMD_MODIFIES | XLPT_CMD_DRY_RUN,
	.min_args = 2,
	.max_args = 2,
	.opts = save_opts,
	.run = cmd_save,
};

static int add_map(struct xlpt_leave *l, const char *text, struct xlpt_diag *diag)
{
	const char *eq = strchr(text, '=');
	struct xlpt_map *m;
	int rc;

	if (!eq || !eq[1]) {
		xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "--map %s: expected FROM=TO", text);
		xlpt_diag_hint(diag, "for example --map 0000:09:00.0=0000:41:00.0");
		return XLPT_ERR_SYNTAX;
	}
	XLPT_GROW(l->maps, l->n_maps, l->alloc_maps);
	m = &l->maps[l->n_maps];
	*m = (struct xlpt_map){ 0 };
	rc = xlpt_bdf_parse(text, (size_t)(eq - text), &m->from, diag);
	for (size_t i = 0; rc == 0 && i < l->n_maps; i++)
		if (xlpt_bdf_eq(l->maps[i].from, m->from)) {
			rc = xlpt_diag_set(diag, XLPT_ERR_USAGE, "%s is named twice",
					   XLPT_BDF_STR(m->from));
			xlpt_diag_hint(diag, "map each device once");
		}
	if (rc)
		return rc;
	l->n_maps++;
	rc = xlpt_spec_parse(eq + 1, &m->to, diag);
	if (rc)
		xlpt_diag_wrap(diag, "--map %s", text);
	m->alone = m->to.has_bdf && !m->to.all_funcs && !strpbrk(eq + 1, ",@");
	return rc;
}

static int add_maps(struct xlpt_leave *l, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	int rc = 0;

	for (char **p = xlpt_args_all(args, "map"); rc == 0 && p && *p; p++)
		rc = add_map(l, *p, diag);
	return rc;
}

static int cmd_restore(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_leave_ struct xlpt_leave l;
	_cleanup_free_ char *bdfs = NULL;
	struct json_object *root;
	int rc;

	xlpt_leave_init(&l, env);
	l.without_devices = xlpt_args_has(args, "without-devices");
	rc = xlpt_args_seconds(args, "timeout", XLPT_GUEST_TIMEOUT_MS, &l.op.timeout_ms, diag);
	if (rc == 0)
		rc = add_maps(&l, args, diag);
	if (rc == 0 && l.n_maps && l.without_devices) {
		rc = xlpt_diag_set(diag, XLPT_ERR_USAGE,
				   "--map is of no use with --without-devices");
		xlpt_diag_hint(diag, "leave out one of the two");
	}
	if (rc == 0)
		rc = xlpt_leave_path(args->pos[0], &l.file, diag);
	if (rc == 0)
		rc = xlpt_image_open(&l.image, NULL, l.file, diag);
	if (rc == 0)
		rc = xlpt_env_need_xen(env, diag);
	if (rc == 0)
		rc = xlpt_op_restore(&l, diag);
	if (rc || env->dry_run)
		return rc;
	bdfs = bdfs_text(&l.op);
	xlpt_say(env, "%s is restored as domain %u%s%s", l.op.guest.name, l.op.guest.domid,
		 l.op.n ? " and has " : "", bdfs);
	root = json_object_new_object();
	xlpt_json_add(root, "guest", xlpt_json_guest(&l.op.guest));
	xlpt_json_add(root, "attached", specs_json(&l.op));
	finish(env, root);
	return 0;
}

/* clang-format off */
static const struct xlpt_opt restore_opts[] = {
	{ "without-devices", 'w', NULL, "leave out the devices that the image or its record names" },
	{ "map", 'm', "FROM=TO", "the device that takes FROM's place (default the same address)" },
	{ "timeout", 't', "SECONDS", "how long the guest may take to answer (default 60)" },
	{ 0 },
};
/* clang-format on */

const struct xlpt_command xlpt_cmd_restore = {
	.name = "restore",
	.synopsis = "FILE",
	.help = "Restore a guest from a file and give it its devices again",
	.details =
		"FILE was written by xlpt save or by xl save. When one of its devices is not free,\n"
		"nothing is done (exit status 3). Exit status 0 means the guest runs and has them.",
	.flags = XLPT_CMD_MODIFIES | XLPT_CMD_DRY_RUN,
	.min_args = 1,
	.max_args = 1,
	.opts = restore_opts,
	.run = cmd_restore,
};

static int cmd_migrate(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_leave_ struct xlpt_leave l;
	struct json_object *root;
	int rc = 0;

	xlpt_leave_init(&l, env);
	l.host = args->pos[1];
	l.transport = xlpt_args_get(args, "transport") ? xlpt_args_get(args, "transport") : "ssh";
	l.offline = xlpt_args_has(args, "offline");
	if (!*l.transport || strpbrk(l.transport, "\n\r")) {
		rc = xlpt_diag_set(diag, XLPT_ERR_SYNTAX,
				   "the transport is to be a command in one line");
		xlpt_diag_hint(diag, "for example --transport \"ssh -p 2222\"");
	}
	if (rc == 0)
		rc = add_maps(&l, args, diag);
	if (rc == 0 && l.n_maps && !xlpt_args_has(args, "detach-first")) {
		rc = xlpt_diag_set(diag, XLPT_ERR_USAGE,
				   "--map is of no use without --detach-first");
		xlpt_diag_hint(diag, "add --detach-first");
	}
	if (rc == 0)
		rc = prepare(&l, args, diag);
	if (rc == 0)
		rc = xlpt_op_migrate(&l, diag);
	if (rc || env->dry_run)
		return rc;
	xlpt_say(env, "%s is on %s%s%s", l.op.guest.name, l.host, l.op.n ? " and has " : "",
		 l.op.n ? l.targets : "");
	root = json_object_new_object();
	xlpt_json_add(root, "guest", xlpt_json_str(l.op.guest.name));
	xlpt_json_add(root, "host", xlpt_json_str(l.host));
	xlpt_json_add(root, "live", json_object_new_boolean(!l.offline));
	xlpt_json_add(root, "detached", specs_json(&l.op));
	xlpt_json_add(root, "attached", xlpt_json_str(l.targets));
	finish(env, root);
	return 0;
}

/* clang-format off */
static const struct xlpt_opt migrate_opts[] = {
	LEAVE_OPTS,
	{ "map", 'm', "FROM=TO", "the device that takes FROM's place there (default the same address)" },
	{ "transport", 's', "COMMAND", "runs a command on HOST, as xl migrate -s (default ssh)" },
	{ "offline", 0, NULL, "by an image, not live; chosen by itself where live is impossible" },
	{ 0 },
};

const struct xlpt_command xlpt_cmd_migrate = {
	.name = "migrate",
	.synopsis = "GUEST HOST",
	.help = "Migrate a guest to another host, where it gets devices again",
	.details = "A guest that holds devices is refused (exit status 3) without --detach-first.\n"
		   "Exit status 0 means the guest runs on HOST, nowhere else, and has its devices there.\n"
		   "HOST needs xl and xlpt. After a failure it runs on here, with its devices.\n"
		   "TO is an address, with options or without, or pool:NAME; --map may be repeated.",
	.flags = XLPT_CMD_MODIFIES | XLPT_CMD_DRY_RUN,
	.min_args = 2,
	.max_args = 2,
	.opts = migrate_opts,
	.run = cmd_migrate,
};
/* clang-format on */
