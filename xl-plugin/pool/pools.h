/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pools of VFs: their definitions (text of converters/libvirt/pool-def.h, one file for each below
 * /var/lib/xlpt/pools), which VFs each pool has now, and who has each VF.
 */
#ifndef XLPT_POOLS_H
#define XLPT_POOLS_H

#include "converters/libvirt/pool-def.h"
#include "core/pool.h"
#include "xl-plugin/cli/damage.h"
#include "xl-plugin/hotplug/lease.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/kept/leases.h"

#define XLPT_POOLS_DIR "/var/lib/xlpt/pools"

/* SYNTAX with the reason when pool:NAME could not name such a pool. */
int xlpt_pool_check_name(const char *name, struct xlpt_diag *diag);
/* The names, sorted; empty without the directory. Caller frees with xlpt_strv_free. IO. */
int xlpt_pool_names(struct xlpt_env *env, char ***names, struct xlpt_diag *diag);
/*
 * Reads a definition. NOT_FOUND with the names of the pools that there are, DATA when the file is
 * malformed, IO.
 */
int xlpt_pool_load(struct xlpt_env *env, const char *name, struct xlpt_pool_def *out,
		   struct xlpt_diag *diag);
/* Replaces the file. IO. */
int xlpt_pool_save(struct xlpt_env *env, const struct xlpt_pool_def *def, struct xlpt_diag *diag);
/* Removes the file. NOT_FOUND, IO. */
int xlpt_pool_remove(struct xlpt_env *env, const char *name, struct xlpt_diag *diag);

/*
 * What is read once for any number of pools. Without Xen no owners are known, and all leases are
 * listed.
 */
struct xlpt_pool_facts {
	struct xlpt_devices devices;
	struct xlpt_owners owners;
	struct xlpt_needs needs;
	struct xlpt_leases leases;
};

int xlpt_pool_facts_read(struct xlpt_env *env, struct xlpt_pool_facts *out, struct xlpt_diag *diag);
void xlpt_pool_facts_dispose(struct xlpt_pool_facts *facts);
#define _cleanup_pool_facts_ XLPT_CLEANUP(xlpt_pool_facts_dispose)

/* A pool as it is now: its VFs, and what is wrong with its PFs. */
struct xlpt_pool_view {
	struct xlpt_pool_vfs vfs;
	/*
	 * One for each PF that gives no VFs: it is not there, has no driver, or has no VFs. DATA:
	 * it can never have VFs.
	 */
	struct xlpt_diag *troubles;
	size_t n, alloc;
};

void xlpt_pool_view_dispose(struct xlpt_pool_view *view);
#define _cleanup_pool_view_ XLPT_CLEANUP(xlpt_pool_view_dispose)
/* Fills *out from facts; everything is copied. */
int xlpt_pool_view(struct xlpt_env *env, const struct xlpt_pool_def *def,
		   const struct xlpt_pool_facts *facts, struct xlpt_pool_view *out,
		   struct xlpt_diag *diag);
/*
 * The policy of a definition, "first" when it does not say; and its word: "first", "spread" or
 * "numa".
 */
enum xlpt_pool_policy xlpt_pool_policy_of(const struct xlpt_pool_def *def);
const char *xlpt_pool_policy_word(enum xlpt_pool_policy policy);

/*
 * Leases a VF of a pool to op's guest and adds the lease, held, to op->leases. It gives back
 * leases that are over, then chooses and writes the lease under the lock of the pools. VFs that
 * are among op's items are not chosen. A VF that the guest has leased and does not have is held
 * again. *bdf is the VF, *def the pool's definition, which the caller disposes of. A dry run only
 * chooses.
 *
 * want: this VF and no other, or NULL. NOT_FOUND when there is no such pool or want is not in it,
 * FULL when no VF (or want) is free. When a VF is with a domain on its way out, it waits once for
 * that.
 */
int xlpt_pool_allocate(struct xlpt_op *op, const struct xlpt_lease_terms *terms, const char *name,
		       const struct xlpt_bdf *want, struct xlpt_bdf *bdf, struct xlpt_pool_def *def,
		       struct xlpt_diag *diag);

/* Takes a VF out of spec->pool for an operation: the xlpt_pool_taker of hotplug/lease.h. */
int xlpt_pool_take(struct xlpt_op *op, const struct xlpt_lease_terms *terms, struct xlpt_spec *spec,
		   struct xlpt_bdf *bdf, struct xlpt_diag *diag);

/*
 * Sets vf, the identity that bdf is to have, to the MAC address that is kept for the operation's
 * guest, unless vf has an address or the VF cannot have one (mac.c).
 */
int xlpt_pool_mac(struct xlpt_op *op, const char *pool, struct xlpt_bdf bdf,
		  struct xlpt_vf_identity *vf, struct xlpt_diag *diag);

/* ---- define.c ---- */

/*
 * Checks and stores a definition. What can never be a pool is refused (DATA). A PF that only is
 * not there yet is among view's troubles. *had: a pool of that name was replaced. A dry run stores
 * nothing.
 */
int xlpt_op_pool_define(struct xlpt_env *env, const struct xlpt_pool_def *def,
			struct xlpt_pool_view *view, bool *had, struct xlpt_diag *diag);
/* Removes a pool. IN_USE while a VF of it is leased, NOT_FOUND. */
int xlpt_op_pool_undefine(struct xlpt_env *env, const char *name, struct xlpt_diag *diag);
/*
 * Gives back the leases that are over, until the guest (name, domain id or UUID) has none. IN_USE
 * when it still has one after timeout_ms milliseconds.
 */
int xlpt_op_pool_release_guest(struct xlpt_env *env, const char *guest, int64_t timeout_ms,
			       struct xlpt_returns *out, struct xlpt_diag *diag);
/*
 * Gives back the leases of all guests that are gone. Waits up to timeout_ms milliseconds for
 * guests on their way out.
 */
int xlpt_op_pool_release_gone(struct xlpt_env *env, int64_t timeout_ms, struct xlpt_returns *out,
			      struct xlpt_diag *diag);
/*
 * Ends leases because the operator says that their guests will not come. IN_USE when a guest has
 * the VF or another xlpt works on it, NOT_FOUND when it is not leased.
 */
int xlpt_op_pool_release(struct xlpt_env *env, const struct xlpt_bdfs *vfs,
			 struct xlpt_returns *out, struct xlpt_diag *diag);

/* ---- admit.c ---- */

/*
 * Judges whether another toolstack may start the guest in that file (libvirt's XML; "-" is
 * standard input). RULE when a device of it is leased to another guest, or kept for one that
 * restarts.
 */
int xlpt_op_pool_admit(struct xlpt_env *env, const char *path, struct xlpt_diag *diag);

/* ---- definition.c: what an operator defines a pool with ---- */

/* words: NAME and KEY=VALUE... SYNTAX names the word. */
int xlpt_pool_from_words(char *const *words, size_t n, struct xlpt_pool_def *def,
			 struct xlpt_diag *diag);
/*
 * Reads a definition from a file. name: NULL = the name in the file. xml: the file is libvirt's
 * network; a network is recognised without it, too. SYNTAX, NOT_FOUND, IO.
 */
int xlpt_pool_from_file(const char *path, const char *name, bool xml, struct xlpt_pool_def *def,
			struct xlpt_diag *diag);
/* Sets USAGE with what is wrong, and the line that shows the help. Returns USAGE. */
int xlpt_pool_usage(struct xlpt_diag *diag, const char *what);

/* ---- show.c: verbs that only look ---- */

int xlpt_pool_export(struct xlpt_env *env, const char *name, bool xml, struct xlpt_diag *diag);
int xlpt_pool_list(struct xlpt_env *env, struct xlpt_diag *diag);
int xlpt_pool_show(struct xlpt_env *env, const char *name, struct xlpt_diag *diag);

/* ---- print.c ---- */

/* defs and views have n entries each; damaged has n_damaged, or is NULL: then none is printed. */
void xlpt_pool_print_list(struct xlpt_env *env, const struct xlpt_pool_def *defs,
			  const struct xlpt_pool_view *views, size_t n,
			  const struct xlpt_damage *damaged, size_t n_damaged);
void xlpt_pool_print(struct xlpt_env *env, const struct xlpt_pool_def *def,
		     const struct xlpt_pool_view *view, const struct xlpt_leases *leases);
void xlpt_pool_print_returns(struct xlpt_env *env, const struct xlpt_returns *returned);
/* pool define and import: had = a pool of that name was replaced. */
void xlpt_pool_print_defined(struct xlpt_env *env, const struct xlpt_pool_def *def,
			     const struct xlpt_pool_view *view, bool had);
void xlpt_pool_print_undefined(struct xlpt_env *env, const char *name);
/* pool admit prints only JSON: libvirt's hook looks at the exit status. */
void xlpt_pool_print_admitted(struct xlpt_env *env);

/*
 * The verb that args begin with (verbs.c). USAGE for an unknown verb, and for arguments or options
 * that do not go with it.
 */
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
