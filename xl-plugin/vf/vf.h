/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Virtual functions: creating and removing them, and setting the identity of one by hand. */
#ifndef XLPT_VF_H
#define XLPT_VF_H

#include "pciback/sriov/net.h"
#include "pciback/sriov/setter.h"
#include "pciback/sriov/vf.h"
#include "xl-plugin/hotplug/loan.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/kept/mender.h"

/* Of vf create and vf remove; of vf set. */
extern const struct xlpt_mender xlpt_mender_vf_count, xlpt_mender_vf_set;

/* ---- workflows (create.c, set.c) ---- */

struct xlpt_vf_op {
	struct xlpt_env *env;
	struct xlpt_pf pf;
	struct xlpt_locks locks;
	struct xlpt_owners owners;
	struct xlpt_needs needs;
	struct xlpt_setters setters; /* other programs that set the number */
	int count;		     /* wanted */
	bool persist;
	enum xlpt_tri driver; /* this host's drivers are to have the VFs; unset = as it is set */
	int autoprobe;	      /* as it is set: xlpt_pf_autoprobe */
	char **drivers;	      /* of each VF, or NULL; NULL = not read */
	struct xlpt_pf_net before; /* identities that go with the VFs */
	char **notes;		   /* what xenstore notes about each VF, or NULL; NULL = not read */
	char *unit;		   /* path of what is written or removed, or NULL */
	char *unit_key;		   /* in its name */
	char *unit_old;		   /* there before, under that or another key, or NULL */
	char *unit_text;	   /* what that one said, without the last line break */
	char *word;		   /* the PF as the unit names it */
	bool unchanged;		   /* it was so already */
	bool remains;		   /* remove: a unit will create them again at the next boot */
	struct xlpt_journal journal;
};

#define XLPT_VF_OP_INIT(e) ((struct xlpt_vf_op){ .env = (e), .journal = { .fd = -1 } })

void xlpt_vf_op_dispose(struct xlpt_vf_op *op);
#define _cleanup_vf_op_ XLPT_CLEANUP(xlpt_vf_op_dispose)

/* PF by interface, address or pin:NAME. */
int xlpt_vf_find_pf(struct xlpt_env *env, const char *name, struct xlpt_pf *out,
		    struct xlpt_diag *diag);
/* VF by address or pin:NAME. */
int xlpt_vf_find(struct xlpt_env *env, const char *name, struct xlpt_vf *out,
		 struct xlpt_diag *diag);

/* Makes op->pf have op->count VFs; 0 removes them. */
int xlpt_vf_op_count(struct xlpt_vf_op *op, const char *name, struct xlpt_diag *diag);
/*
 * Everything of it but doing it, for an operation that does more than this and has a journal of its
 * own; that one notes describe's, which is not begun.
 */
int xlpt_vf_op_plan(struct xlpt_vf_op *op, const char *name, struct xlpt_plan *plan,
		    struct xlpt_diag *diag);
void xlpt_vf_op_describe(const struct xlpt_vf_op *op, struct xlpt_journal *j);
int xlpt_vf_op_set(struct xlpt_env *env, const struct xlpt_vf *vf,
		   const struct xlpt_vf_identity *want, struct xlpt_diag *diag);

/* The PF's VFs, in order of address, then the PF: the order in which an attach takes them. */
int xlpt_vf_lock(struct xlpt_env *env, struct xlpt_locks *locks, const struct xlpt_pf *pf,
		 struct xlpt_diag *diag);
/* RULE while one of the VFs is in use. count: how many are wanted instead, 0 = none. */
int xlpt_vf_check_unused(struct xlpt_env *env, const struct xlpt_pf *pf, int count,
			 struct xlpt_diag *diag);

/* The steps (count.c): op->pf is as it was read under the lock. Reads what they undo. */
int xlpt_vf_plan_count(struct xlpt_vf_op *op, struct xlpt_plan *plan, struct xlpt_diag *diag);
/* The number stays as it is, and a VF with this driver (NULL = none) loses it or gets one. */
bool xlpt_vf_driver_changes(const struct xlpt_vf_op *op, const char *driver);
/* Whatever was done: afterwards all is as wanted, or as it was. */
int xlpt_vf_finish(struct xlpt_vf_op *op, struct xlpt_diag *diag);
int xlpt_vf_take_back(struct xlpt_vf_op *op, struct xlpt_diag *diag);

/* ---- their journal (journal.c) ---- */

int xlpt_vf_journal_begin(struct xlpt_vf_op *op, struct xlpt_diag *diag);
/* What was cut short on the PF or one of its VFs is mended. Hold no lock. */
int xlpt_vf_mend_first(struct xlpt_env *env, const struct xlpt_pf *pf, struct xlpt_diag *diag);

/* ---- VFs as interfaces of this host (network.c) ---- */

/* New VFs have interfaces, and such a program will take them up. */
void xlpt_vf_warn_of_manager(const struct xlpt_vf_op *op, const struct xlpt_pf *pf);

/* ---- VFs at boot (persist.c) ---- */

/* XLPT_ERR_CONFLICT for an interface or pin whose name means something else to systemd. */
int xlpt_vf_unit_judge(const char *name, struct xlpt_bdf pf, struct xlpt_diag *diag);

/* Its path; key: the PF's interface or address. Caller frees. */
char *xlpt_vf_unit_path(const char *key);
/*
 * Its text; program: path of xlpt, pf: word for the command line, driver: for
 * --driver and --no-driver. Caller frees.
 */
char *xlpt_vf_unit_text(const char *program, const char *pf, int count, enum xlpt_tri driver);
/* The program for it, of one that is called by the path self. Caller frees. */
char *xlpt_vf_unit_program(struct xlpt_host *h, const char *self);
/* Writes it and links it for the next boot. */
int xlpt_vf_unit_write(struct xlpt_env *env, const char *key, const char *pf, int count,
		       enum xlpt_tri driver, struct xlpt_diag *diag);
/* The same with a text at hand, to which the last line break is added. */
int xlpt_vf_unit_put(struct xlpt_env *env, const char *key, const char *text,
		     struct xlpt_diag *diag);
/* OpenRC runs here, and its service that reads these units (packaging/openrc) is not enabled. */
bool xlpt_vf_unit_is_unread(struct xlpt_host *h);
/* Absent is success. */
int xlpt_vf_unit_remove(struct xlpt_env *env, const char *key, struct xlpt_diag *diag);
/* The key of a unit that creates VFs of this PF, or NULL. Caller frees. */
char *xlpt_vf_unit_of(struct xlpt_env *env, const struct xlpt_pf *pf);

#endif
