/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Virtual functions (VFs): creating and removing them, and setting the identity of one by hand. */
#ifndef XLPT_VF_H
#define XLPT_VF_H

#include "pciback/sriov/net.h"
#include "pciback/sriov/setter.h"
#include "pciback/sriov/vf.h"
#include "xl-plugin/hotplug/loan.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/kept/mender.h"

/* The menders of vf create and vf remove, and of vf set. */
extern const struct xlpt_mender xlpt_mender_vf_count, xlpt_mender_vf_set;

/* ---- workflows (create.c, set.c) ---- */

/* One vf create or vf remove. Owns everything but env. */
struct xlpt_vf_op {
	struct xlpt_env *env;
	struct xlpt_pf pf;
	struct xlpt_locks locks;
	struct xlpt_owners owners;
	struct xlpt_needs needs;
	struct xlpt_setters setters; /* other programs of this host that set the number */
	int count;		     /* how many VFs are wanted, 0 = remove */
	bool persist;		     /* --persist: also at the next boot */
	/* dom0's drivers are to take the VFs (on) or not (off); unset = as the kernel has it */
	enum xlpt_tri driver;
	int autoprobe;		   /* as the kernel had it before (xlpt_pf_autoprobe) */
	char **drivers;		   /* driver of each VF before, NULL = none; NULL = not read */
	struct xlpt_pf_net before; /* identities of the VFs before: they are lost with the VFs */
	char **notes;	 /* what xenstore notes about each VF, NULL = nothing; NULL = not read */
	char *unit;	 /* path of the unit that is written or removed, or NULL */
	char *unit_key;	 /* the PF in that unit's name */
	char *unit_old;	 /* key of the unit that was there before (the same or another), or NULL */
	char *unit_text; /* text of that unit, without the last newline */
	char *unit_rights; /* and whose it is (xlpt_file_rights), or NULL */
	char *word;	   /* the PF as the unit names it */
	bool unchanged;	   /* everything was as wanted already */
	bool remains;	   /* remove: a unit will create them again at the next boot */
	struct xlpt_journal journal;
};

#define XLPT_VF_OP_INIT(e) ((struct xlpt_vf_op){ .env = (e), .journal = { .fd = -1 } })

void xlpt_vf_op_dispose(struct xlpt_vf_op *op);
#define _cleanup_vf_op_ XLPT_CLEANUP(xlpt_vf_op_dispose)

/*
 * Finds a PF by interface, address or pin:NAME. The caller disposes of *out. NOT_FOUND, NO_DEVICE.
 */
int xlpt_vf_find_pf(struct xlpt_env *env, const char *name, struct xlpt_pf *out,
		    struct xlpt_diag *diag);
/* Finds a VF by address or pin:NAME. The caller disposes of *out. */
int xlpt_vf_find(struct xlpt_env *env, const char *name, struct xlpt_vf *out,
		 struct xlpt_diag *diag);

/*
 * Makes the PF have op->count VFs (0 = removes them). RULE while a VF is in use; LEFT; otherwise
 * an error means that it is as before.
 */
int xlpt_vf_op_count(struct xlpt_vf_op *op, const char *name, struct xlpt_diag *diag);
/*
 * xlpt_vf_op_plan does everything of that except running the plan, for an operation that does more
 * and has its own journal. xlpt_vf_op_describe fills *j with the journal of this one, which is not
 * begun; that operation notes its text.
 */
int xlpt_vf_op_plan(struct xlpt_vf_op *op, const char *name, struct xlpt_plan *plan,
		    struct xlpt_diag *diag);
void xlpt_vf_op_describe(const struct xlpt_vf_op *op, struct xlpt_journal *j);
/* vf set: gives one VF the identity want. */
int xlpt_vf_op_set(struct xlpt_env *env, const struct xlpt_vf *vf,
		   const struct xlpt_vf_identity *want, struct xlpt_diag *diag);

/*
 * Locks the PF's VFs as devices, in the order of their addresses, then the PF: the order in which
 * an attach takes them.
 */
int xlpt_vf_lock(struct xlpt_env *env, struct xlpt_locks *locks, const struct xlpt_pf *pf,
		 struct xlpt_diag *diag);
/*
 * RULE while one of the VFs is in use. count: how many are wanted instead, 0 = none (for the
 * message).
 */
int xlpt_vf_check_unused(struct xlpt_env *env, const struct xlpt_pf *pf, int count,
			 struct xlpt_diag *diag);

/*
 * Adds the steps (count.c) and reads what they need to be undone. op->pf must have been read under
 * the lock.
 */
int xlpt_vf_plan_count(struct xlpt_vf_op *op, struct xlpt_plan *plan, struct xlpt_diag *diag);
/* The number of VFs stays, and a VF with this driver (NULL = none) is to lose it or to get one. */
bool xlpt_vf_driver_changes(const struct xlpt_vf_op *op, const char *driver);
/*
 * Whatever was done so far: xlpt_vf_finish makes everything as wanted, xlpt_vf_take_back as it
 * was.
 */
int xlpt_vf_finish(struct xlpt_vf_op *op, struct xlpt_diag *diag);
int xlpt_vf_take_back(struct xlpt_vf_op *op, struct xlpt_diag *diag);

/* ---- their journal (journal.c) ---- */

/* Begins op->journal with the PF, its VFs, their drivers and identities. */
int xlpt_vf_journal_begin(struct xlpt_vf_op *op, struct xlpt_diag *diag);
/* Mends what was cut short on the PF or one of its VFs. The caller must hold no lock. */
int xlpt_vf_mend_first(struct xlpt_env *env, const struct xlpt_pf *pf, struct xlpt_diag *diag);

/* ---- VFs as interfaces of this host (warn.c) ---- */

/* Warns when the new VFs have interfaces and a program of this host will configure them. */
void xlpt_vf_warn_of_manager(const struct xlpt_vf_op *op, const struct xlpt_pf *pf);

/* ---- VFs at boot (persist.c) ---- */

/* CONFLICT when the name of an interface or pin means something else to systemd. */
int xlpt_vf_unit_judge(const char *name, struct xlpt_bdf pf, struct xlpt_diag *diag);

/* The path of a unit. key: the PF's interface or address. Caller frees. */
char *xlpt_vf_unit_path(const char *key);
/*
 * The text of a unit. program: the path of xlpt; pf: the PF as a word of the command line; driver:
 * on adds --driver, off adds --no-driver. Caller frees.
 */
char *xlpt_vf_unit_text(const char *program, const char *pf, int count, enum xlpt_tri driver);
/* The path of xlpt that a unit should run, when self is the path of this program. Caller frees. */
char *xlpt_vf_unit_program(struct xlpt_host *h, const char *self);
/* Writes the unit and links it for the next boot. IO. */
int xlpt_vf_unit_write(struct xlpt_env *env, const char *key, const char *pf, int count,
		       enum xlpt_tri driver, struct xlpt_diag *diag);
/* The same with its text, to which the last newline is added. rights: as xlpt_file_rights has them, or NULL. */
int xlpt_vf_unit_put(struct xlpt_env *env, const char *key, const char *body, const char *rights,
		     struct xlpt_diag *diag);
/*
 * OpenRC runs on this host, and its service that reads these units (packaging/openrc) is not
 * enabled.
 */
bool xlpt_vf_unit_is_unread(struct xlpt_host *h);
/* Removes the unit and its link. 0 also when there is none. IO. */
int xlpt_vf_unit_remove(struct xlpt_env *env, const char *key, struct xlpt_diag *diag);
/* The key of a unit that creates VFs of this PF, or NULL. Caller frees. */
char *xlpt_vf_unit_of(struct xlpt_env *env, const struct xlpt_pf *pf);

#endif
