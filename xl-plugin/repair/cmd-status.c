/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pciback/device/scan.h"
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/repair/status.h"

static int cmd_status(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_owners_ struct xlpt_owners owners = { 0 };
	_cleanup_devices_ struct xlpt_devices devs = { 0 };
	_cleanup_guest_ struct xlpt_guest guest = { 0 };
	bool one = args->n == 1;
	struct xlpt_status s = { .env = env, .one = one ? &guest : NULL };
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
	xlpt_status_begin(&s);
	rc = xlpt_status_add_guests(&s, &owners, diag);
	xlpt_vf_places_dispose(&s.places);
	if (rc == 0)
		rc = xlpt_status_add_hidden(&s, &owners, &devs, diag);
	xlpt_status_rows_end(&s);
	if (rc == 0 && !s.any)
		xlpt_status_nothing(&s, one ? args->pos[0] : NULL);
	if (rc == 0 && (!env->sysroot || env->store))
		rc = xlpt_status_add_left(&s, diag);
	else
		xlpt_status_no_left(&s);
	xlpt_json_add(s.root, "xen",
		      env->store && env->ts ? json_object_new_boolean(true)
		      : env->no_xen.message ? json_object_new_boolean(false)
					    : NULL);
	xlpt_json_add(s.root, "no_xen", xlpt_status_no_xen(env));
	if (rc == 0 && env->json)
		xlpt_print_json(env, s.root);
	else
		json_object_put(s.root);
	/* Nobody could be asked which guest has what, so this is no success. */
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
