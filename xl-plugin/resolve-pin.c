/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/resolve.h"

#include <string.h>

#include "xl-plugin/cli.h"

int xlpt_resolve_pin(struct xlpt_env *env, const char *name, struct xlpt_bdf *bdf,
		     struct xlpt_diag *diag)
{
	(void)env;
	(void)bdf;
	xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "no pin is called \"%s\"", name);
	xlpt_diag_fact(diag, "this host has no pins");
	xlpt_diag_hint(diag, "name the device by its address; xlpt list shows them");
	return XLPT_ERR_NOT_FOUND;
}

int xlpt_args_device(struct xlpt_env *env, const char *text, struct xlpt_bdf *out,
		     struct xlpt_diag *diag)
{
	if (xlpt_starts(text, "pin:"))
		return xlpt_resolve_pin(env, text + strlen("pin:"), out, diag);
	return xlpt_args_bdf(text, out, diag);
}
