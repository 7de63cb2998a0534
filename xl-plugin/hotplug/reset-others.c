/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The devices that a reset of another one hits, too: who uses them, and what ends that. */
#include "xl-plugin/hotplug/reset.h"

/*
 * Other devices that are hit must not be in use, by a guest or by dom0. No option overrides that.
 */
int xlpt_reset_others(struct xlpt_op *op, const struct xlpt_owners *owners,
		      const struct xlpt_devices *all, const struct xlpt_device *dev,
		      const struct xlpt_reset_way *way, struct xlpt_diag *diag)
{
	_cleanup_free_ struct xlpt_set_mate *mates = xlpt_xcalloc(way->n_also + 1, sizeof(*mates));
	_cleanup_free_ struct xlpt_place *places = xlpt_xcalloc(way->n_also + 1, sizeof(*places));
	size_t n = 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < way->n_also; i++) {
		const struct xlpt_device *d = xlpt_devices_find(all, way->also[i]);

		if (!d)
			continue;
		mates[n] = (struct xlpt_set_mate){ .device = d, .place = &places[n] };
		rc = xlpt_place_read(op->env, d, owners, &op->needs, &places[n++], diag);
	}
	if (rc == 0)
		rc = xlpt_policy_reset_hits(dev, xlpt_reset_word(way->how), mates, n, diag);
	while (n--)
		xlpt_place_dispose(&places[n]);
	return rc;
}
