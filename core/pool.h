/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which VF of a pool is given out next: a pure, deterministic choice over facts
 * that others have read. The order of the candidates is the pool's own (its PFs
 * and devices as they are written in its definition, VFs by address), so that
 * the same facts always give the same VF.
 */
#ifndef XLPT_CORE_POOL_H
#define XLPT_CORE_POOL_H

#include "core/bdf.h"

/* How the next VF is chosen; libvirt only knows first. */
enum xlpt_pool_policy {
	XLPT_POOL_FIRST = 1, /* the first free one */
	XLPT_POOL_SPREAD,    /* one of the PF with the fewest VFs taken */
	XLPT_POOL_NUMA,	     /* one of a node that the guest runs on, if there is one */
};

enum xlpt_vf_state {
	XLPT_VF_FREE = 0,
	XLPT_VF_LEASED, /* a lease names it */
	XLPT_VF_GUEST,	/* with a guest, and no lease says so: xl or libvirt gave it */
	XLPT_VF_DOM0,	/* this host uses it: interface up, or a driver of another kind */
	XLPT_VF_ABSENT, /* named by the pool, and there is no such VF */
	XLPT_N_VF_STATES,
};

const char *
xlpt_vf_state_word(enum xlpt_vf_state state); /* "free" "leased" "guest" "dom0" "absent" */

struct xlpt_pool_vf {
	struct xlpt_bdf bdf;
	bool has_pf;
	struct xlpt_bdf pf;
	int numa_node; /* -1 = not known */
	enum xlpt_vf_state state;
	bool unhidden; /* XLPT_VF_DOM0, and free as soon as it is hidden */
	char *holder;  /* who has it, for people: "web1 (domain 3)"; NULL while free */
};

struct xlpt_pool_vfs {
	struct xlpt_pool_vf *items;
	size_t n, alloc;
};

void xlpt_pool_vfs_dispose(struct xlpt_pool_vfs *vfs);
#define _cleanup_pool_vfs_ XLPT_CLEANUP(xlpt_pool_vfs_dispose)

/* Adds a free VF at the end; NULL when bdf is there already. Valid until the next add. */
struct xlpt_pool_vf *xlpt_pool_vfs_add(struct xlpt_pool_vfs *vfs, struct xlpt_bdf bdf);
/* holder is taken over (malloc'ed). */
void xlpt_pool_vf_take(struct xlpt_pool_vf *vf, enum xlpt_vf_state state, char *holder);
size_t xlpt_pool_vfs_free(const struct xlpt_pool_vfs *vfs);

/* The NUMA nodes a guest runs on, bit N for node N; 0 = not known. Nodes above 63 are left out. */
typedef uint64_t xlpt_nodes;

/*
 * The index of the VF to give out, or -1 when none is free. *remote (may be
 * NULL) tells that NUMA was asked for and no free VF is on a node of the guest:
 * a remote VF is slower, none at all is no network.
 */
int xlpt_pool_choose(const struct xlpt_pool_vfs *vfs, enum xlpt_pool_policy policy,
		     xlpt_nodes nodes, bool *remote);

#endif
