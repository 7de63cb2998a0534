/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The network identity that a VF is lent for a guest (a loan), and the way back.
 *
 * Before the first change, what the VF had is noted in xenstore beside where the device came from:
 * /libxl/pci/SSSS-BB-DD-F/xlpt-vf. The note outlives this program and ends with this boot, as the
 * settings of a VF do.
 */
#ifndef XLPT_LOAN_H
#define XLPT_LOAN_H

#include "pciback/sriov/net.h"
#include "pciback/sriov/vf.h"
#include "xl-plugin/hotplug/operation.h"

/* A VF and the PF by which its identity is set. Owns pf. */
struct xlpt_vf {
	struct xlpt_bdf bdf;
	unsigned index;	   /* number among the VFs of its PF, from 0 */
	struct xlpt_pf pf; /* has an interface in dom0 (pf.ifname) */
};

void xlpt_vf_dispose(struct xlpt_vf *vf);
#define _cleanup_vf_ XLPT_CLEANUP(xlpt_vf_dispose)

/*
 * Finds the PF of a VF. Errors: bdf is no VF, or its PF has no driver or no interface in dom0
 * (NOT_FOUND).
 */
int xlpt_vf_locate(struct xlpt_env *env, struct xlpt_bdf bdf, struct xlpt_vf *out,
		   struct xlpt_diag *diag);

/*
 * on: associates the VF with the port profile in id; else ends that. Other keys of id are not
 * used.
 */
int xlpt_vf_port_profile(struct xlpt_env *env, const struct xlpt_vf *vf,
			 const struct xlpt_vf_identity *id, bool on, struct xlpt_diag *diag);

/*
 * Gives the VF the identity back that the note has, and removes the note. 0 also when nothing is
 * noted or the VF is not there any more. Call it when no guest has the VF. DATA when the note
 * cannot be read.
 */
int xlpt_loan_end(struct xlpt_env *env, struct xlpt_bdf bdf, struct xlpt_diag *diag);

/*
 * Sets the error for a PF that has no driver in dom0, with the line that gives it one. Returns
 * NOT_FOUND.
 */
int xlpt_vf_no_driver(const struct xlpt_pf *pf, struct xlpt_diag *diag);

/* ---- lend, piece by piece, for plans ---- */

/*
 * Judges whether the VF can have the identity spec, and reads what has to be remembered.
 * out->active false: nothing is to be done. uuid (NULL = none) is the instanceid of a port profile
 * that has none.
 */
int xlpt_loan_read(struct xlpt_env *env, struct xlpt_bdf bdf, const struct xlpt_vf_identity *spec,
		   const char *uuid, struct xlpt_loan *out, struct xlpt_diag *diag);
/* The same for a VF that was located; out->noted and out->note_before must be filled before. */
int xlpt_loan_of(struct xlpt_env *env, const struct xlpt_vf *vf,
		 const struct xlpt_vf_identity *spec, const char *uuid, struct xlpt_loan *out,
		 struct xlpt_diag *diag);
/*
 * The text of out->note, as the journal of vf set keeps it: the identity to go back to. Caller
 * frees.
 */
char *xlpt_loan_text(const struct xlpt_loan *l);
/*
 * An identity as the text that journals keep, and back. Caller frees the text. DATA when the
 * journal has none or it cannot be read.
 */
char *xlpt_vf_identity_text(const struct xlpt_vf_identity *id);
int xlpt_vf_identity_of_journal(const struct xlpt_journal_dev *d, struct xlpt_vf_identity *out,
				struct xlpt_diag *diag);
/*
 * For the mender of vf set: gives the VF back what the journal says that it had. 0 when the VF is
 * gone.
 */
int xlpt_vf_mend_set(struct xlpt_env *env, const struct xlpt_journal_dev *d,
		     struct xlpt_diag *diag);
/*
 * xlpt_loan_set gives the VF l->want, xlpt_loan_unset gives it back l->now. After an error a part
 * may have been set: undo it.
 */
int xlpt_loan_set(struct xlpt_env *env, struct xlpt_bdf bdf, struct xlpt_loan *l,
		  struct xlpt_diag *diag);
int xlpt_loan_unset(struct xlpt_env *env, struct xlpt_bdf bdf, struct xlpt_loan *l,
		    struct xlpt_diag *diag);
/*
 * The identity that the VF's guest was given and still has, in the words that attach takes, for
 * whoever will attach it again. Empty when nothing was lent, or when the device is no VF.
 */
int xlpt_loan_given(struct xlpt_env *env, struct xlpt_bdf bdf, struct xlpt_vf_identity *out,
		    struct xlpt_diag *diag);
/* Writes id as the note; has = false removes the note. */
int xlpt_loan_note(struct xlpt_env *env, struct xlpt_bdf bdf, bool has,
		   const struct xlpt_vf_identity *id, struct xlpt_diag *diag);

/* ---- steps of attach and detach (loan-steps.c) ---- */

/*
 * Before anything is touched: judges whether item i can have what its spec wants, and fills
 * item->vf. Warns when the PF's interface is down.
 */
int xlpt_loan_judge(struct xlpt_op *op, struct xlpt_item *item, struct xlpt_diag *diag);
/* Adds the steps that remember and set the identity. Adds none when nothing is to be set. */
void xlpt_loan_plan(struct xlpt_plan *plan, const struct xlpt_op *op, size_t i);
/* Adds the step that restores the identity, when one is noted. */
int xlpt_loan_plan_end(struct xlpt_plan *plan, struct xlpt_op *op, size_t i,
		       struct xlpt_diag *diag);
/*
 * Lists the VFs that have a guest's identity although no guest has them or may come again for
 * them: their guest was destroyed. Caller frees *out. xlpt_loan_orphan judges one of them again.
 */
int xlpt_loan_orphans(struct xlpt_env *env, const struct xlpt_owners *owners, struct xlpt_bdf **out,
		      size_t *n, struct xlpt_diag *diag);
bool xlpt_loan_orphan(struct xlpt_env *env, struct xlpt_bdf bdf);

#endif
