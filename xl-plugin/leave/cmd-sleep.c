/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sleep: its arguments and options. */
#include <string.h>

#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/leave/sleep.h"

static void report(struct xlpt_env *env, const struct xlpt_sleep *s)
{
	struct json_object *root = json_object_new_object(), *guests = json_object_new_array();

	for (size_t i = 0; i < s->n; i++) {
		const struct xlpt_op *op = &s->guests[i].op;
		struct json_object *o = json_object_new_object(), *devs = json_object_new_array();
		_cleanup_str_ struct xlpt_str list = { 0 };

		for (size_t k = 0; k < op->n; k++) {
			xlpt_str_addf(&list, " %s", XLPT_BDF_STR(op->items[k].spec.bdf));
			json_object_array_add(devs, xlpt_json_bdf(op->items[k].spec.bdf));
		}
		xlpt_json_add(o, "guest", xlpt_json_guest(&op->guest));
		xlpt_json_add(o, "devices", devs);
		json_object_array_add(guests, o);
		xlpt_say(env, "%s has its devices again:%s", op->guest.name, xlpt_str_get(&list));
	}
	xlpt_json_add(root, "reattached", guests);
	if (env->json)
		xlpt_print_json(env, root);
	else
		json_object_put(root);
}

static int choose(struct xlpt_env *env, const struct xlpt_args *args, enum xlpt_sleep_how *how,
		  struct xlpt_diag *diag)
{
	_cleanup_settings_ struct xlpt_settings settings;
	const char *word = xlpt_args_get(args, "with");
	int rc = xlpt_settings_read(env->host, &settings, diag);

	if (rc)
		return rc;
	*how = settings.host_sleep;
	if (!word || xlpt_sleep_how_parse(word, how))
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "--with is refuse, reattach or allow, not \"%s\"",
		      word);
	xlpt_diag_hint(diag, "leave it out for what host-sleep in " XLPT_SETTINGS_PATH " says");
	return XLPT_ERR_SYNTAX;
}

static int cmd_sleep(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_sleep_ struct xlpt_sleep s = { 0 };
	int rc = xlpt_env_need_xen(env, diag);

	if (rc == 0)
		rc = choose(env, args, &s.how, diag);
	if (rc == 0)
		rc = xlpt_args_seconds(args, "timeout", XLPT_GUEST_TIMEOUT_MS, &s.timeout_ms, diag);
	if (rc == 0)
		rc = xlpt_op_sleep(env, &s, args->pos, diag);
	if (rc || env->dry_run)
		return rc;
	env->done = true;
	report(env, &s);
	return 0;
}

/* clang-format off */
static const struct xlpt_opt sleep_opts[] = {
	{ "with", 0, "HOW", "guests with devices: refuse, reattach or allow, whatever xlpt.conf says" },
	{ "timeout", 't', "SECONDS", "how long a guest may take to answer (default 60)" },
	{ 0 },
};
/* clang-format on */

const struct xlpt_command xlpt_cmd_sleep = {
	.name = "sleep",
	.synopsis = "[--] COMMAND...",
	.help = "Let this host sleep, by COMMAND, without devices at its guests",
	.details =
		"While a guest has a device this is refused (exit status 3), or the devices are\n"
		"detached before COMMAND and attached again when it has ended: host-sleep in\n"
		"xlpt.conf(5) decides. xlpt guard install sleep has systemd ask.",
	.flags = XLPT_CMD_MODIFIES | XLPT_CMD_DRY_RUN | XLPT_CMD_WORDS,
	.min_args = 1,
	.max_args = XLPT_ANY_ARGS,
	.opts = sleep_opts,
	.run = cmd_sleep,
};
