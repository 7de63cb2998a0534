/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A pool of VFs, as network XML and the pool definitions of xlpt say it. */
#ifndef XLPT_CONVERTERS_MODEL_NETPOOL_H
#define XLPT_CONVERTERS_MODEL_NETPOOL_H

#include "converters/model/devices.h"

struct xlpt_portgroup {
	char *name;
	enum xlpt_tri is_default;
	struct xlpt_netid id; /* vlan and virtualport; no mac */
};

/* As many functions, or port groups, no pool has; each is compared with those before it. */
#define XLPT_NETPOOL_MAX 4096

struct xlpt_netpool {
	char *name, *uuid;
	char **pf;	       /* <pf dev=>: interface names, or addresses as text */
	struct xlpt_bdf *addr; /* <address>: VFs listed one by one */
	size_t n_addr, alloc_addr;
	enum xlpt_tri managed;
	char *driver;
	struct xlpt_netid id;
	struct xlpt_portgroup *group;
	size_t n_group, alloc_group;
	struct xlpt_carries extra;
};

void xlpt_netpool_dispose(struct xlpt_netpool *pool);

#endif
