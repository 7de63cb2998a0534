/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Virtual functions: creating and removing them, and giving one the network
 * identity that its guest is to see, with the way back.
 *
 * What a VF had before a guest's identity was set is noted in xenstore, beside
 * where it came from (/libxl/pci/SSSS-BB-DD-F/xlpt-vf), before the first change:
 * it outlives this program and ends with this boot, as the settings themselves do.
 */
#ifndef XLPT_VF_H
#define XLPT_VF_H

#include "pciback/sriov/net.h"
#include "pciback/sriov/vf.h"
#include "xl-plugin/hotplug/operation.h"

/* A VF and who sets its identity. */
struct xlpt_vf {
	struct xlpt_bdf bdf;
	unsigned index;
	struct xlpt_pf pf; /* its interface is there */
};

void xlpt_vf_dispose(struct xlpt_vf *vf);
#define _cleanup_vf_ XLPT_CLEANUP(xlpt_vf_dispose)

/* No VF, or a PF without driver or interface: errors of their own. */
int xlpt_vf_locate(struct xlpt_env *env, struct xlpt_bdf bdf, struct xlpt_vf *out,
		   struct xlpt_diag *diag);

/* Associates the VF with its port profile, or ends that; the rest of id is left alone. */
int xlpt_vf_port_profile(struct xlpt_env *env, const struct xlpt_vf *vf,
			 const struct xlpt_vf_identity *id, bool on, struct xlpt_diag *diag);

/*
 * Sets an identity and sees that it is so, the port profile included. The PF is
 * locked meanwhile: two VFs of it cannot come to the same MAC. After an error
 * some of it may have been set.
 */
int xlpt_vf_give(struct xlpt_env *env, struct xlpt_bdf bdf, const struct xlpt_vf_identity *want,
		 struct xlpt_diag *diag);

/*
 * All of it, for a guest: what the VF had is noted (what was noted already stays:
 * it is older), the identity set and read back. On error it is as it was.
 * uuid: the guest's, "" = not known.
 */
int xlpt_vf_lend(struct xlpt_env *env, struct xlpt_bdf bdf, const struct xlpt_vf_identity *want,
		 const char *uuid, struct xlpt_diag *diag);

/*
 * What was noted comes back, and the note goes. Nothing noted is success, and so
 * is a VF that is not there any more. To be called when no guest has it.
 */
int xlpt_vf_restore(struct xlpt_env *env, struct xlpt_bdf bdf, struct xlpt_diag *diag);

/* The PF without a driver: fills the error. */
int xlpt_vf_no_driver(const struct xlpt_pf *pf, struct xlpt_diag *diag);

/* ---- lend, piece by piece, for plans ---- */

/* Judges, and reads what there is to remember. !active: nothing is to be done. */
int xlpt_vf_lease_read(struct xlpt_env *env, struct xlpt_bdf bdf,
		       const struct xlpt_vf_identity *spec, const char *uuid,
		       struct xlpt_vf_lease *out, struct xlpt_diag *diag);
/* The same of a VF at hand; out->noted and out->note_before are as the caller left them. */
int xlpt_vf_lease_of(struct xlpt_env *env, const struct xlpt_vf *vf,
		     const struct xlpt_vf_identity *spec, const char *uuid,
		     struct xlpt_vf_lease *out, struct xlpt_diag *diag);
/* What undoes it, as the journal of vf set keeps it. Caller frees. */
char *xlpt_vf_lease_text(const struct xlpt_vf_lease *l);
/* An identity as journals keep it, and back. Caller frees. */
char *xlpt_vf_identity_text(const struct xlpt_vf_identity *id);
int xlpt_vf_identity_of_journal(const struct xlpt_journal_dev *d, struct xlpt_vf_identity *out,
				struct xlpt_diag *diag);
int xlpt_vf_repair_set(struct xlpt_env *env, const struct xlpt_journal_dev *d,
		       struct xlpt_diag *diag);
int xlpt_vf_lease_set(struct xlpt_env *env, struct xlpt_bdf bdf, struct xlpt_vf_lease *l,
		      struct xlpt_diag *diag);
int xlpt_vf_lease_unset(struct xlpt_env *env, struct xlpt_bdf bdf, struct xlpt_vf_lease *l,
			struct xlpt_diag *diag);
/*
 * The identity that the VF's guest was given and has, as attach would be told it;
 * empty for what has none, a VF or not. For whoever will attach it again.
 */
int xlpt_vf_given(struct xlpt_env *env, struct xlpt_bdf bdf, struct xlpt_vf_identity *out,
		  struct xlpt_diag *diag);
/* Writes the note; has = false removes it. */
int xlpt_vf_note_write(struct xlpt_env *env, struct xlpt_bdf bdf, bool has,
		       const struct xlpt_vf_identity *id, struct xlpt_diag *diag);

/* ---- steps of attach and detach (vf-op.c) ---- */

/*
 * Before anything is touched: can item i have what its spec wants? Fills
 * item->vf. Warns when the PF's interface is down.
 */
int xlpt_vf_judge(struct xlpt_op *op, struct xlpt_item *item, struct xlpt_diag *diag);
/* Adds the steps, if there are any. */
void xlpt_vf_plan_lend(struct xlpt_plan *plan, const struct xlpt_op *op, size_t i);
/* Reads whether something is noted, and adds the step that restores it. */
int xlpt_vf_plan_restore(struct xlpt_plan *plan, struct xlpt_op *op, size_t i,
			 struct xlpt_diag *diag);
/* Notes of VFs that no guest has: the guest was destroyed. For repair. */
int xlpt_vf_repair(struct xlpt_env *env, const struct xlpt_owners *owners, size_t *found,
		   struct xlpt_diag *diag);

/* ---- workflows (op-vf.c, op-vf-set.c) ---- */

struct xlpt_vf_op {
	struct xlpt_env *env;
	struct xlpt_pf pf;
	struct xlpt_locks locks;
	struct xlpt_owners owners;
	struct xlpt_needs needs;
	int count; /* wanted */
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

/*
 * What is to be run before the VFs of a PF can be removed, and that: "xlpt detach
 * --to-host web1 0000:01:10.0; xlpt vf remove 0000:01:00.0". NULL when nothing has
 * to be run before. needs may be NULL. Caller frees.
 */
char *xlpt_vf_clear_line(struct xlpt_env *env, struct xlpt_bdf pf, const struct xlpt_owners *owners,
			 const struct xlpt_needs *needs);

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
int xlpt_vf_op_set(struct xlpt_env *env, const struct xlpt_vf *vf,
		   const struct xlpt_vf_identity *want, struct xlpt_diag *diag);

/* The PF's VFs, in order of address, then the PF: the order in which an attach takes them. */
int xlpt_vf_lock(struct xlpt_env *env, struct xlpt_locks *locks, const struct xlpt_pf *pf,
		 struct xlpt_diag *diag);
/* RULE while one of the VFs is in use. count: how many are wanted instead, 0 = none. */
int xlpt_vf_check_unused(struct xlpt_env *env, const struct xlpt_pf *pf, int count,
			 struct xlpt_diag *diag);

/* The steps (vf-count.c): op->pf is as it was read under the lock. Reads what they undo. */
int xlpt_vf_plan_count(struct xlpt_vf_op *op, struct xlpt_plan *plan, struct xlpt_diag *diag);
/* The number stays as it is, and a VF with this driver (NULL = none) loses it or gets one. */
bool xlpt_vf_driver_changes(const struct xlpt_vf_op *op, const char *driver);
/* Whatever was done: afterwards all is as wanted, or as it was. */
int xlpt_vf_finish(struct xlpt_vf_op *op, struct xlpt_diag *diag);
int xlpt_vf_take_back(struct xlpt_vf_op *op, struct xlpt_diag *diag);

/* ---- their journal (vf-journal.c) ---- */

int xlpt_vf_journal_begin(struct xlpt_vf_op *op, struct xlpt_diag *diag);
/* It is one of vf create or vf remove. */
bool xlpt_vf_journal_counts(const struct xlpt_journal *j);
/* ... and bdf is a VF of the same PF. */
bool xlpt_vf_journal_touches(struct xlpt_env *env, const struct xlpt_journal *j,
			     struct xlpt_bdf bdf);
int xlpt_vf_journal_lock(struct xlpt_env *env, struct xlpt_locks *locks,
			 const struct xlpt_journal *j, struct xlpt_diag *diag);
int xlpt_vf_repair_count(struct xlpt_env *env, const struct xlpt_journal *j,
			 struct xlpt_diag *diag);
/* What was cut short on the PF or one of its VFs is mended. Hold no lock. */
int xlpt_vf_mend_first(struct xlpt_env *env, const struct xlpt_pf *pf, struct xlpt_diag *diag);

/* For xlpt_plan_run; priv is the struct xlpt_env: says what is done, stops at a signal. */
int xlpt_vf_before_step(void *priv, size_t i, const struct xlpt_step *step, bool undo,
			struct xlpt_diag *diag);

/* ---- VFs as interfaces of this host (vf-network.c) ---- */

/* Which program has taken that interface, or runs here and takes new ones; NULL = none. */
const char *xlpt_vf_manager_of(struct xlpt_env *env, const char *ifname);
const char *xlpt_vf_manager(struct xlpt_env *env);
/* The line that takes an interface down for good. */
void xlpt_vf_let_go(struct xlpt_env *env, const char *ifname, struct xlpt_str *mend);
/* New VFs have interfaces, and such a program will take them up. */
void xlpt_vf_warn_of_manager(const struct xlpt_vf_op *op, const struct xlpt_pf *pf);

/* ---- VFs at boot (vf-persist.c) ---- */

/* XLPT_ERR_CONFLICT for an interface or pin whose name means something else to systemd. */
int xlpt_vf_unit_judge(const char *name, struct xlpt_bdf pf, struct xlpt_diag *diag);

/* Its path; key: the PF's interface or address. Caller frees. */
char *xlpt_vf_unit_path(const char *key);
/*
 * Its text; program: path of xlpt, pf: word for the command line, driver: for
 * --driver and --no-driver. Caller frees.
 */
char *xlpt_vf_unit_text(const char *program, const char *pf, int count, enum xlpt_tri driver);
/* Writes it and links it for the next boot. */
int xlpt_vf_unit_write(struct xlpt_env *env, const char *key, const char *pf, int count,
		       enum xlpt_tri driver, struct xlpt_diag *diag);
/* The same with a text at hand, to which the last line break is added. */
int xlpt_vf_unit_put(struct xlpt_env *env, const char *key, const char *text,
		     struct xlpt_diag *diag);
/* Absent is success. */
int xlpt_vf_unit_remove(struct xlpt_env *env, const char *key, struct xlpt_diag *diag);
/* The key of a unit that creates VFs of this PF, or NULL. Caller frees. */
char *xlpt_vf_unit_of(struct xlpt_env *env, const struct xlpt_pf *pf);

#endif
