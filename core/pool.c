/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/pool.h"

const char *xlpt_vf_state_word(enum xlpt_vf_state state)
{
	switch (state) {
	case XLPT_VF_FREE:
		return "free";
	case XLPT_VF_LEASED:
		return "leased";
	case XLPT_VF_GUEST:
		return "guest";
	case XLPT_VF_DOM0:
		return "dom0";
	default:
		return "absent";
	}
}

void xlpt_pool_vfs_dispose(struct xlpt_pool_vfs *vfs)
{
	for (size_t i = 0; i < vfs->n; i++)
		free(vfs->items[i].holder);
	free(vfs->items);
	*vfs = (struct xlpt_pool_vfs){ 0 };
}

struct xlpt_pool_vf *xlpt_pool_vfs_add(struct xlpt_pool_vfs *vfs, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < vfs->n; i++)
		if (xlpt_bdf_eq(vfs->items[i].bdf, bdf))
			return NULL;
	XLPT_GROW(vfs->items, vfs->n, vfs->alloc);
	vfs->items[vfs->n] = (struct xlpt_pool_vf){ .bdf = bdf, .numa_node = -1 };
	return &vfs->items[vfs->n++];
}

void xlpt_pool_vf_take(struct xlpt_pool_vf *vf, enum xlpt_vf_state state, char *holder)
{
	free(vf->holder);
	vf->state = state;
	vf->holder = holder;
}

size_t xlpt_pool_vfs_free(const struct xlpt_pool_vfs *vfs)
{
	size_t n = 0;

	for (size_t i = 0; i < vfs->n; i++)
		n += vfs->items[i].state == XLPT_VF_FREE;
	return n;
}

static bool same_pf(const struct xlpt_pool_vf *a, const struct xlpt_pool_vf *b)
{
	return a->has_pf == b->has_pf && (!a->has_pf || xlpt_bdf_eq(a->pf, b->pf));
}

/* VFs of the same PF that are given out, whoever has them. */
static size_t load_of(const struct xlpt_pool_vfs *vfs, const struct xlpt_pool_vf *of)
{
	size_t n = 0;

	for (size_t i = 0; i < vfs->n; i++)
		n += same_pf(&vfs->items[i], of) && vfs->items[i].state != XLPT_VF_FREE &&
		     vfs->items[i].state != XLPT_VF_ABSENT;
	return n;
}

static bool is_local(const struct xlpt_pool_vf *vf, xlpt_nodes nodes)
{
	return vf->numa_node >= 0 && vf->numa_node < 64 && nodes >> vf->numa_node & 1;
}

int xlpt_pool_choose(const struct xlpt_pool_vfs *vfs, enum xlpt_pool_policy policy,
		     xlpt_nodes nodes, bool *remote)
{
	int best = -1;
	size_t best_cost = 0;

	for (size_t i = 0; i < vfs->n; i++) {
		const struct xlpt_pool_vf *vf = &vfs->items[i];
		size_t cost = 0;

		if (vf->state != XLPT_VF_FREE)
			continue;
		/* A guest whose nodes are not known is local nowhere and everywhere. */
		if (policy == XLPT_POOL_NUMA && nodes)
			cost = is_local(vf, nodes) ? 0 : vf->numa_node < 0 ? 1 : 2;
		else if (policy == XLPT_POOL_SPREAD)
			cost = load_of(vfs, vf);
		if (best < 0 || cost < best_cost) {
			best = (int)i;
			best_cost = cost;
		}
	}
	if (remote)
		*remote = policy == XLPT_POOL_NUMA && nodes && best >= 0 && best_cost == 2;
	return best;
}
