/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xlpt's own definition of a pool of VFs, as text: one "key = value" a line, '#' begins a comment.
 *
 *	name = passthrough
 *	uuid = 81ff0d90-c91e-6742-64da-4a736edb9a9b
 *	pf = enp3s0f0			an interface or an address; may be repeated
 *	device = 0000:04:00.1		a VF by itself; may be repeated
 *	policy = first | spread | numa
 *	managed = yes | no
 *	driver = vfio
 *	vlan = 42 | 42,47/untagged trunk
 *	virtualport = 802.1Qbh profileid=finance
 *	[portgroup engineering default]
 *	vlan = 42
 *
 * Strict: an unknown key, a key twice, a value out of range is an error with its line and column.
 */
#ifndef XLPT_CONVERTERS_POOL_DEF_H
#define XLPT_CONVERTERS_POOL_DEF_H

#include "converters/model/model.h"
#include "core/pool.h"

struct xlpt_pool_def {
	struct xlpt_netpool pool;
};

/*
 * 0 = not said. libvirt has no word for it, so it travels among what the pool carries (as xl's
 * "policy") and survives the way through a network's <metadata>.
 */
enum xlpt_pool_policy xlpt_pool_def_policy(const struct xlpt_pool_def *def);
void xlpt_pool_def_set_policy(struct xlpt_pool_def *def, enum xlpt_pool_policy policy);

void xlpt_pool_def_dispose(struct xlpt_pool_def *def);
#define _cleanup_pool_def_ XLPT_CLEANUP(xlpt_pool_def_dispose)

/* Fills *out; on error it is empty. file is for messages and may be NULL. */
int xlpt_pool_def_parse(const char *text, size_t len, const char *file, struct xlpt_pool_def *out,
			struct xlpt_diag *diag);
/* Parsing the text gives the same; what libvirt alone said (pool.extra) stands in comments. */
void xlpt_pool_def_format(const struct xlpt_pool_def *def, struct xlpt_str *out);

#endif
