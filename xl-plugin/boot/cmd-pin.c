/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "core/policy.h"
#include "xl-plugin/boot/pin.h"
#include "xl-plugin/cli/nearest.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/kept/resolve.h"

/* "pin:nic0" is how it is named everywhere else. */
static const char *name_of(const char *arg)
{
	return xlpt_starts(arg, "pin:") ? arg + strlen("pin:") : arg;
}

static int list(struct xlpt_env *env, struct xlpt_diag *diag)
{
	_cleanup_strv_ char **names = NULL;
	int rc = xlpt_pins_list(env, &names, diag);

	if (rc == 0 && !*names)
		xlpt_nothing(env, "this host has no pins", "xlpt pin NAME BDF");
	return rc ? rc : xlpt_pin_print_list(env, names, diag);
}

static int make(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	struct xlpt_bdf bdf;
	int rc = xlpt_args_device(env, args->pos[1], &bdf, diag);

	if (rc == 0)
		rc = xlpt_policy_addressable(bdf, NULL, diag);
	return rc ? rc
		  : xlpt_pin_make(env, name_of(args->pos[0]), args->pos[1], bdf,
				  xlpt_args_has(args, "replace"), diag);
}

static int usage(const char *verb, struct xlpt_diag *diag)
{
	_cleanup_free_ char *meant = xlpt_meant_verb("pin", "list show remove", verb);

	if (meant && strcmp(meant, verb) != 0)
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "there is no \"pin %s\"; did you mean \"pin %s\"?", verb, meant);
	else
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "pin wants a name and a device, or list, show or remove");
	xlpt_diag_hint(diag, "xlpt pin NAME BDF | list | show NAME | remove NAME");
	return XLPT_ERR_USAGE;
}

/* "pin remov nic0" makes no pin "remov" for an interface that has the name of a pin. */
static bool is_no_name(struct xlpt_env *env, const struct xlpt_args *args)
{
	_cleanup_free_ char *meant = xlpt_meant_verb("pin", "list show remove", args->pos[0]);
	_cleanup_pin_ struct xlpt_pin pin = { .vf = -1 };
	int rc;

	if (!meant || xlpt_env_need_host(env, NULL))
		return false;
	rc = xlpt_pin_load(env, name_of(args->pos[1]), &pin, NULL);
	return rc == 0 || rc == XLPT_ERR_DATA;
}

static int cmd_pin(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	const char *verb = args->pos[0], *name;
	bool show = !strcmp(verb, "show"), remove = !strcmp(verb, "remove"),
	     is_list = !strcmp(verb, "list"), makes = !show && !remove && !is_list;
	int rc = 0;

	if (args->n != (is_list ? 1 : 2) || (makes && is_no_name(env, args)))
		return usage(verb, diag);
	if (xlpt_args_has(args, "replace") && !makes) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "--replace is for making a pin");
		xlpt_diag_hint(diag, "xlpt pin --replace NAME BDF");
		return XLPT_ERR_USAGE;
	}
	if (env->dry_run && (show || is_list)) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "pin %s changes nothing, so it has no --dry-run", verb);
		xlpt_diag_hint(diag, "leave --dry-run out");
		return XLPT_ERR_USAGE;
	}
	if (env->sysroot && (makes || remove)) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "a pin belongs to the running system, and cannot be "
			      "made or removed in --sysroot");
		xlpt_diag_hint(diag, "xlpt pin list and show read a tree");
		return XLPT_ERR_USAGE;
	}
	name = is_list ? NULL : name_of(args->pos[makes ? 0 : 1]);
	if (name)
		rc = xlpt_pin_name_check(name, diag);
	if (rc == 0)
		rc = xlpt_env_need_host(env, diag);
	if (rc)
		return rc;
	if (makes)
		return make(env, args, diag);
	if (remove)
		return xlpt_pin_drop(env, name, diag);
	return show ? xlpt_pin_print_one(env, name, diag) : list(env, diag);
}

/* clang-format off */
static const struct xlpt_opt pin_opts[] = {
	{ "replace", 0, NULL, "make the pin for this device, in place of the one of that name" },
	{0},
};
/* clang-format on */

const struct xlpt_command xlpt_cmd_pin = {
	.name = "pin",
	.synopsis = "NAME BDF|list|show|remove ...",
	.help = "Remember a device, to find it again when its address has changed",
	.details =
		"pin:NAME then stands for the device wherever an address can stand. A pin knows the\n"
		"device by its place, ids, serial number and BARs, also when buses get other\n"
		"numbers. If another device is in its place, that is refused (3).",
	.flags = XLPT_CMD_DRY_RUN,
	.min_args = 1,
	.max_args = 2,
	.opts = pin_opts,
	.run = cmd_pin,
};
