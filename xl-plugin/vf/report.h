/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the vf commands print, as text and as JSON. */
#ifndef XLPT_VF_REPORT_H
#define XLPT_VF_REPORT_H

#include "xl-plugin/vf/vf.h"

struct json_object;

/* vf list. name: one PF, or NULL for all. */
int xlpt_vf_list(struct xlpt_env *env, const char *name, struct xlpt_diag *diag);
/* vf create and vf remove: the result. */
void xlpt_vf_report_count(const struct xlpt_vf_op *op);
void xlpt_vf_report_set(struct xlpt_env *env, const struct xlpt_vf *vf,
			const struct xlpt_vf_identity *id);
/*
 * Whether the drivers of dom0 take new VFs (sriov_drivers_autoprobe), for JSON; NULL (null) where
 * the kernel has no such switch.
 */
struct json_object *xlpt_vf_autoprobe_json(struct xlpt_env *env, struct xlpt_bdf pf);

#endif
