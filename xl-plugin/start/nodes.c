/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* On which NUMA nodes a guest will run, as far as its configuration says that. */
#include <string.h>

#include "xl-plugin/start/start.h"

void xlpt_start_nodes(struct xlpt_start *s)
{
	const struct xlpt_toolstack_ops *ops = s->op.env->ts->ops;
	_cleanup_free_ char *copy = xlpt_xstrdup(s->entries.cpus);
	xlpt_nodes nodes = 0;
	char *save = NULL;

	for (char *w = copy ? strtok_r(copy, ",", &save) : NULL; w;
	     w = strtok_r(NULL, ",", &save)) {
		bool node = xlpt_starts(w, "node:") || xlpt_starts(w, "nodes:");
		uint64_t first, last;
		char *dash;

		w = node ? strchr(w, ':') + 1 : w;
		dash = strchr(w, '-');
		if (!xlpt_parse_uint(w, dash ? (size_t)(dash - w) : strlen(w), 10, 4095, &first))
			return;
		last = first;
		if (dash && !xlpt_parse_uint(dash + 1, strlen(dash + 1), 10, 4095, &last))
			return;
		for (uint64_t i = first; node && i <= last && i < 64; i++)
			nodes |= (xlpt_nodes)1 << i;
		if (!node &&
		    ops->cpu_nodes(s->op.env->ts, (unsigned)first, (unsigned)last, &nodes, NULL))
			return;
	}
	s->terms.nodes = nodes;
}
