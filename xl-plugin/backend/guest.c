/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is asked of every toolstack in the same way. */
#include "xl-plugin/backend/toolstack.h"

int xlpt_guest_by_uuid(struct xlpt_toolstack *ts, const char *uuid, struct xlpt_guest *out,
		       struct xlpt_diag *diag)
{
	const struct xlpt_guest *found;
	struct xlpt_guest *all = NULL;
	uint32_t domid = 0;
	size_t n = 0;
	int rc = ts->ops->guest_list(ts, &all, &n, diag);

	found = rc ? NULL : xlpt_guests_find(all, n, uuid);
	if (found)
		domid = found->domid;
	xlpt_guests_free(all, n);
	if (!found)
		return rc;
	/* It may have ended since; any other answer does not say that it is not there. */
	rc = ts->ops->guest_by_id(ts, domid, out, diag);
	if (rc == XLPT_ERR_NO_GUEST && diag)
		xlpt_diag_dispose(diag);
	return rc == 0 ? 1 : rc == XLPT_ERR_NO_GUEST ? 0 : rc;
}
