/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/kept/resolve.h"

#include <string.h>

#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/kept/pins.h"

int xlpt_resolve_pin(struct xlpt_env *env, const char *name, struct xlpt_bdf *bdf,
		     struct xlpt_diag *diag)
{
	_cleanup_pin_ struct xlpt_pin pin = { .vf = -1 };
	struct xlpt_pin_match match;
	int rc = xlpt_env_need_host(env, diag);

	if (rc == 0)
		rc = xlpt_pin_load(env, name, &pin, diag);
	if (rc == 0)
		rc = xlpt_pin_locate(env, name, &pin, &match, diag);
	if (rc)
		return rc;
	if (match.moved)
		xlpt_warn(env, "pin:%s is %s now%s; it was %s when it was pinned", name,
			  XLPT_BDF_STR(match.bdf), match.other_slot ? ", in another slot" : "",
			  XLPT_BDF_STR(pin.address));
	else
		xlpt_verbose(env, "pin:%s is %s", name, XLPT_BDF_STR(match.bdf));
	*bdf = match.bdf;
	return 0;
}

int xlpt_args_device(struct xlpt_env *env, const char *text, struct xlpt_bdf *out,
		     struct xlpt_diag *diag)
{
	if (xlpt_starts(text, "pin:"))
		return xlpt_resolve_pin(env, text + strlen("pin:"), out, diag);
	return xlpt_args_bdf(text, out, diag);
}
