/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/resolve.h"

int xlpt_resolve_pool(struct xlpt_op *op, struct xlpt_spec *spec, struct xlpt_bdf *bdf,
		      struct xlpt_diag *diag)
{
	(void)op;
	(void)bdf;
	xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "no pool is called \"%s\"", spec->pool);
	xlpt_diag_fact(diag, "this host has no pools");
	xlpt_diag_hint(diag, "name the device by its address; xlpt list shows them");
	return XLPT_ERR_NOT_FOUND;
}
