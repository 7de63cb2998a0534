/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pools of VFs: their definitions (converters/libvirt/pool-def's text, one file each
 * below /var/lib/xlpt/pools), which VFs they have now, and who has each.
 */
#ifndef XLPT_POOLS_H
#define XLPT_POOLS_H

#include "converters/libvirt/pool-def.h"
#include "core/pool.h"
#include "xl-plugin/hotplug/lease.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/kept/leases.h"

#define XLPT_POOLS_DIR "/var/lib/xlpt/pools"

/* What pool:NAME can name; SYNTAX with the reason. */
int xlpt_pool_check_name(const char *name, struct xlpt_diag *diag);
/* Sorted; empty without the directory. Caller frees with xlpt_strv_free. */
int xlpt_pool_names(struct xlpt_env *env, char ***names, struct xlpt_diag *diag);
/* XLPT_ERR_NOT_FOUND names the pools that there are. */
int xlpt_pool_load(struct xlpt_env *env, const char *name, struct xlpt_pool_def *out,
		   struct xlpt_diag *diag);
/* Replaces the file whole. */
int xlpt_pool_save(struct xlpt_env *env, const struct xlpt_pool_def *def, struct xlpt_diag *diag);
int xlpt_pool_remove(struct xlpt_env *env, const char *name, struct xlpt_diag *diag);

/* What is read once for any number of pools. Without Xen: nobody's devices, whose leases. */
struct xlpt_pool_facts {
	struct xlpt_devices devices;
	struct xlpt_owners owners;
	struct xlpt_needs needs;
	struct xlpt_leases leases;
};

int xlpt_pool_facts_read(struct xlpt_env *env, struct xlpt_pool_facts *out, struct xlpt_diag *diag);
void xlpt_pool_facts_dispose(struct xlpt_pool_facts *facts);
#define _cleanup_pool_facts_ XLPT_CLEANUP(xlpt_pool_facts_dispose)

/* A pool as it is now. */
struct xlpt_pool_view {
	struct xlpt_pool_vfs vfs;
	/* Of its PFs: not there, without driver, without VFs; XLPT_ERR_DATA: none, and never will be. */
	struct xlpt_diag *troubles;
	size_t n, alloc;
};

void xlpt_pool_view_dispose(struct xlpt_pool_view *view);
#define _cleanup_pool_view_ XLPT_CLEANUP(xlpt_pool_view_dispose)
int xlpt_pool_view(struct xlpt_env *env, const struct xlpt_pool_def *def,
		   const struct xlpt_pool_facts *facts, struct xlpt_pool_view *out,
		   struct xlpt_diag *diag);
/* "first", "spread", "numa": what is used when the definition does not say is first. */
enum xlpt_pool_policy xlpt_pool_policy_of(const struct xlpt_pool_def *def);
const char *xlpt_pool_policy_word(enum xlpt_pool_policy policy);

/*
 * Leases a VF of a pool to op's guest (uuid, name, domid; -1 while it is to be
 * created): reconciles, chooses and writes the lease under the lock of the pools,
 * and adds it, held, to op->leases. VFs that are among op's items already are
 * passed over. A dry run chooses only. want: this
 * VF and no other, or NULL; FULL when it is not free, NOT_FOUND when the pool
 * has it not. One that the guest has leased and does not have is held again.
 */
int xlpt_pool_allocate(struct xlpt_op *op, const struct xlpt_lease_terms *terms, const char *name,
		       const struct xlpt_bdf *want, struct xlpt_bdf *bdf, struct xlpt_pool_def *def,
		       struct xlpt_diag *diag);

/* The pool of spec->pool, for an operation: see xlpt_pool_taker (hotplug/lease.h). */
int xlpt_pool_take(struct xlpt_op *op, const struct xlpt_lease_terms *terms, struct xlpt_spec *spec,
		   struct xlpt_bdf *bdf, struct xlpt_diag *diag);

/*
 * mac.c: gives vf, the identity that bdf is to have, the address that is kept for the operation's
 * guest, unless it has one, or cannot have any.
 */
int xlpt_pool_mac(struct xlpt_op *op, const char *pool, struct xlpt_bdf bdf,
		  struct xlpt_vf_identity *vf, struct xlpt_diag *diag);

/* ---- define.c ---- */

/*
 * Checks and stores a definition. What can never be a pool is refused; a PF that
 * only is not there yet is among view's troubles. *had: it replaced one.
 */
int xlpt_op_pool_define(struct xlpt_env *env, const struct xlpt_pool_def *def,
			struct xlpt_pool_view *view, bool *had, struct xlpt_diag *diag);
/* IN_USE while a VF of it is leased. */
int xlpt_op_pool_undefine(struct xlpt_env *env, const char *name, struct xlpt_diag *diag);
/* Waits until the guest (name, domain id or UUID) has let go of all it has leased. */
int xlpt_op_pool_release_guest(struct xlpt_env *env, const char *guest, int64_t timeout_ms,
			       struct xlpt_returns *out, struct xlpt_diag *diag);
/* Of every guest that is gone; one on its way out is waited for. */
int xlpt_op_pool_release_gone(struct xlpt_env *env, int64_t timeout_ms, struct xlpt_returns *out,
			      struct xlpt_diag *diag);
/* By hand: a lease whose guest will not come. IN_USE for what a guest has, or an xlpt works on. */
int xlpt_op_pool_release(struct xlpt_env *env, const struct xlpt_bdfs *vfs,
			 struct xlpt_returns *out, struct xlpt_diag *diag);

/* ---- admit.c ---- */

/*
 * RULE when a device of the guest in that file (libvirt's XML, "-" is standard input) is leased to
 * another guest, or kept for one that restarts.
 */
int xlpt_op_pool_admit(struct xlpt_env *env, const char *path, struct xlpt_diag *diag);

/* ---- definition.c: what an operator defines a pool with ---- */

/* words: NAME and KEY=VALUE... */
int xlpt_pool_from_words(char *const *words, size_t n, struct xlpt_pool_def *def,
			 struct xlpt_diag *diag);
/* name: NULL = the one in the file. xml: libvirt's network, which is known without it, too. */
int xlpt_pool_from_file(const char *path, const char *name, bool xml, struct xlpt_pool_def *def,
			struct xlpt_diag *diag);
int xlpt_pool_usage(struct xlpt_diag *diag, const char *what);

/* ---- show.c: verbs that only look ---- */

int xlpt_pool_export(struct xlpt_env *env, const char *name, bool xml, struct xlpt_diag *diag);
int xlpt_pool_list(struct xlpt_env *env, struct xlpt_diag *diag);
int xlpt_pool_show(struct xlpt_env *env, const char *name, struct xlpt_diag *diag);

/* ---- print.c ---- */

void xlpt_pool_print_list(struct xlpt_env *env, const struct xlpt_pool_def *defs,
			  const struct xlpt_pool_view *views, size_t n);
void xlpt_pool_print(struct xlpt_env *env, const struct xlpt_pool_def *def,
		     const struct xlpt_pool_view *view, const struct xlpt_leases *leases);
void xlpt_pool_print_returns(struct xlpt_env *env, const struct xlpt_returns *returned);

/* verbs.c: which verb args begin with; USAGE for an unknown one, and for what does not go with it. */
enum xlpt_pool_verb {
	XLPT_POOL_DEFINE,
	XLPT_POOL_IMPORT,
	XLPT_POOL_EXPORT,
	XLPT_POOL_LIST,
	XLPT_POOL_SHOW,
	XLPT_POOL_UNDEFINE,
	XLPT_POOL_RELEASE,
	XLPT_POOL_ADMIT,
};
struct xlpt_args;
int xlpt_pool_verb(struct xlpt_env *env, const struct xlpt_args *args, enum xlpt_pool_verb *out,
		   struct xlpt_diag *diag);

#endif
