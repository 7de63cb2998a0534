/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The network identity that a VF is lent for a guest, with the way back.
 *
 * What a VF had before a guest's identity was set is noted in xenstore, beside
 * where it came from (/libxl/pci/SSSS-BB-DD-F/xlpt-vf), before the first change:
 * it outlives this program and ends with this boot, as the settings themselves do.
 */
#ifndef XLPT_LOAN_H
#define XLPT_LOAN_H

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
 * What was noted comes back, and the note goes. Nothing noted is success, and so
 * is a VF that is not there any more. To be called when no guest has it.
 */
int xlpt_loan_end(struct xlpt_env *env, struct xlpt_bdf bdf, struct xlpt_diag *diag);

/* The PF without a driver: fills the error. */
int xlpt_vf_no_driver(const struct xlpt_pf *pf, struct xlpt_diag *diag);

/* ---- lend, piece by piece, for plans ---- */

/* Judges, and reads what there is to remember. !active: nothing is to be done. */
int xlpt_loan_read(struct xlpt_env *env, struct xlpt_bdf bdf, const struct xlpt_vf_identity *spec,
		   const char *uuid, struct xlpt_loan *out, struct xlpt_diag *diag);
/* The same of a VF at hand; out->noted and out->note_before are as the caller left them. */
int xlpt_loan_of(struct xlpt_env *env, const struct xlpt_vf *vf,
		 const struct xlpt_vf_identity *spec, const char *uuid, struct xlpt_loan *out,
		 struct xlpt_diag *diag);
/* What undoes it, as the journal of vf set keeps it. Caller frees. */
char *xlpt_loan_text(const struct xlpt_loan *l);
/* An identity as journals keep it, and back. Caller frees. */
char *xlpt_vf_identity_text(const struct xlpt_vf_identity *id);
int xlpt_vf_identity_of_journal(const struct xlpt_journal_dev *d, struct xlpt_vf_identity *out,
				struct xlpt_diag *diag);
int xlpt_vf_mend_set(struct xlpt_env *env, const struct xlpt_journal_dev *d,
		     struct xlpt_diag *diag);
int xlpt_loan_set(struct xlpt_env *env, struct xlpt_bdf bdf, struct xlpt_loan *l,
		  struct xlpt_diag *diag);
int xlpt_loan_unset(struct xlpt_env *env, struct xlpt_bdf bdf, struct xlpt_loan *l,
		    struct xlpt_diag *diag);
/*
 * The identity that the VF's guest was given and has, as attach would be told it;
 * empty for what has none, a VF or not. For whoever will attach it again.
 */
int xlpt_loan_given(struct xlpt_env *env, struct xlpt_bdf bdf, struct xlpt_vf_identity *out,
		    struct xlpt_diag *diag);
/* Writes the note; has = false removes it. */
int xlpt_loan_note(struct xlpt_env *env, struct xlpt_bdf bdf, bool has,
		   const struct xlpt_vf_identity *id, struct xlpt_diag *diag);

/* ---- steps of attach and detach (loan-steps.c) ---- */

/*
 * Before anything is touched: can item i have what its spec wants? Fills
 * item->vf. Warns when the PF's interface is down.
 */
int xlpt_loan_judge(struct xlpt_op *op, struct xlpt_item *item, struct xlpt_diag *diag);
/* Adds the steps, if there are any. */
void xlpt_loan_plan(struct xlpt_plan *plan, const struct xlpt_op *op, size_t i);
/* Reads whether something is noted, and adds the step that restores it. */
int xlpt_loan_plan_end(struct xlpt_plan *plan, struct xlpt_op *op, size_t i,
		       struct xlpt_diag *diag);
/*
 * The VFs that have a guest's identity, and no guest: it was destroyed. Caller frees *out.
 * orphan: one of them, looked at again.
 */
int xlpt_loan_orphans(struct xlpt_env *env, const struct xlpt_owners *owners, struct xlpt_bdf **out,
		      size_t *n, struct xlpt_diag *diag);
bool xlpt_loan_orphan(struct xlpt_env *env, struct xlpt_bdf bdf);

#endif
