/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The workflows: what a command does once its arguments are understood. Each
 * takes the locks, reads the facts, lets core/policy judge them, builds a plan,
 * runs it with a journal, and verifies.
 */
#ifndef XLPT_OP_H
#define XLPT_OP_H

#include "core/hole.h"
#include "core/plan.h"
#include "core/policy.h"
#include "core/pool.h"
#include "pciback/needs/needs.h"
#include "pciback/reset/reset.h"
#include "xenstore/pcibe.h"
#include "xl-plugin/hotplug/place.h"
#include "xl-plugin/hotplug/wait.h"
#include "xl-plugin/kept/journal.h"
#include "xl-plugin/kept/leases.h"
#include "xl-plugin/kept/ledger.h"
#include "xl-plugin/kept/locks.h"
#include "xl-plugin/kept/settings.h"

#define XLPT_DOMID_NONE UINT32_MAX /* of a guest that is still to be created */

/* ---- --config: the guest's xl configuration (config.c) ---- */

struct xlpt_op_config {
	char *path;   /* absolute, links followed; NULL = no --config */
	bool remove;  /* detach */
	bool changes; /* the file does not say so already */
	bool begun;   /* to be written: its text before and after is */
	struct xlpt_str before, now;
};

/* ---- one operation ---- */

/* Whether a device was reset for what was done with it. */
enum xlpt_reset_is {
	XLPT_RESET_IS_NONE,	/* nothing can reset it, or nothing had to */
	XLPT_RESET_IS_DONE,	/* and proven */
	XLPT_RESET_IS_UNPROVEN, /* done, as far as the kernel and its answering tell */
	XLPT_RESET_IS_FAILED,
};
/* The identity that a guest's VF gets, and the way back (vf.h). */
struct xlpt_loan {
	bool active; /* something is to be set */
	struct xlpt_vf_identity want;
	struct xlpt_vf_identity now;  /* of the same keys: what undoes it */
	struct xlpt_vf_identity note; /* what is remembered for the end of the guest */
	bool noted;		      /* something was remembered before: a guest was destroyed */
	struct xlpt_vf_identity note_before;
	bool associated; /* the port profile is set */
};

struct xlpt_bdfs {
	struct xlpt_bdf *items;
	size_t n, alloc;
};
void xlpt_bdfs_dispose(struct xlpt_bdfs *list);
#define _cleanup_bdfs_ XLPT_CLEANUP(xlpt_bdfs_dispose)
/* Once, however often it is added. */
void xlpt_bdfs_add(struct xlpt_bdfs *list, struct xlpt_bdf bdf);

struct xlpt_item {
	struct xlpt_spec spec; /* one function; its address is known, but see from_pool */
	struct xlpt_device device;
	struct xlpt_place place;
	size_t order;	/* in which libxl gets it; of those with the same, the first comes first */
	bool from_pool; /* a VF of spec.pool is still to be taken; spec.has_bdf: that one */
	bool not_here;	/* check: this host does not have it, and it is judged no further */
	bool absent;	/* detach: the host has it no more, and the guest's backend names it */
	bool anew;	/* detach: it came again, or was taken from pciback: that has it no more */
	bool take_from_dom0;	/* from the driver that it has there, before anything else */
	bool give_back_to_dom0; /* to the driver that it came from, after everything else */
	bool noted;		/* libxl's note says that the guest has it, and nothing else does */
	bool loose;		/* permissive from an earlier guest, and not to be for this one */
	bool of_slot;		/* one of the functions that BB:DD.* stands for */
	bool mended;		/* an interrupted operation on it was just ended by this command */
	bool nothing;		/* ... which left nothing for this command to do */
	bool origin_known;
	char *origin;			  /* driver it came from, "" = none */
	char guest_address[XLPT_BDF_LEN]; /* what the guest sees, after attach */
	char *driver;	 /* what drives it in dom0, after unhide or detach --to-host */
	char *override;	 /* its driver_override for another driver, which stays, or NULL */
	unsigned evtchn; /* the frontend's event channel before a detach */
	enum xlpt_reset_is reset;
	bool reset_by_name; /* the first method was asked for, and is told to the kernel */
	enum xlpt_reset_how reset_hows[XLPT_RESET_N]; /* to be tried, in this order */
	size_t n_reset_hows;
	bool reset_together;	  /* "bus" among them is the bus with all that is on it */
	bool reset_with_bus;	  /* and that was done */
	bool reset_required;	  /* else no guest gets it (xlpt.conf) */
	const char *reset_method; /* "flr", or NULL; not owned */
	char *reset_fact;	  /* what shows it, or why not, or NULL */
	struct xlpt_loan vf;
};

struct xlpt_op {
	struct xlpt_env *env;
	bool has_guest;
	struct xlpt_guest guest;
	struct xlpt_item *items;
	size_t n, alloc;
	/* what the operator consents to for single ones of them */
	struct xlpt_bdfs force_host;  /* given away although this host needs them */
	struct xlpt_bdfs allow_split; /* their isolation sets may be divided */
	int64_t timeout_ms;	      /* how long the guest may take to answer */
	bool takes_back; /* of its guest: what this host has lost is taken back, too, and no error */
	/* Of an HVM guest that is still to be created; memory 0 = not known. */
	struct xlpt_hole hole;
	uint64_t videoram; /* bytes of it */
	bool over_budget;  /* counted by the hotplug budget, and not refused by it */
	bool by_force;	   /* of its guest, which is not asked: also what was cut short before */
	bool libvirt;	   /* it manages the guest, and changes go through it (libvirt.h) */
	struct xlpt_op_config config;
	/* what this host allows, and after XLPT_ERR_BUDGET: until when to wait, -1 = it is no use */
	struct xlpt_settings settings;
	int64_t budget_next_ms;
	/*
	 * A step of a larger operation: its journal and its locks serve for this one.
	 */
	struct xlpt_journal *outer;
	char **notes;	     /* "key value" lines for the journal, owned; NULL = none */
	uint64_t dm_log_end; /* of the device model's log, before the device was added */
	bool dm_looked;
	char *dm_other_xen; /* the release its libxenctrl is of, when Xen is of another, or NULL */
	char *gave_up;	    /* what the guest's PCI frontend said before this attach, or NULL */
	/* held while it runs */
	struct xlpt_locks locks;
	struct xlpt_journal journal;
	struct xlpt_needs needs;
	struct xlpt_owners owners;
	struct xlpt_leases leases; /* of its items, held; a dry run's have no file */
	/* the host's functions in brief, read when first asked for: who is where, xlpt_op_bus */
	struct xlpt_devices bus;
	char **bus_names; /* of all functions, as listed just before */
	/* attach: the others in the devices' isolation sets, and why (split.c) */
	struct xlpt_mate *mates;
	size_t n_mates, alloc_mates;
	/* prepare finds them with it, and again under the locks; NULL = there are none to find */
	int (*find_mates)(struct xlpt_op *op, struct xlpt_diag *diag);
};

struct xlpt_mate {
	size_t item; /* whose set */
	struct xlpt_bdf bdf;
	char *why;
	bool divided; /* with consent: judged no more, not locked, and told */
	bool page;    /* no member of the set for it, but registers in one page of memory */
};

/* What a pool is told of a guest that is still to be created. */
struct xlpt_lease_terms {
	int64_t until;	  /* its lease ends then, if nobody has created it; 0 = no such end */
	xlpt_nodes nodes; /* where it will run; 0 = not known */
};

void xlpt_op_init(struct xlpt_op *op, struct xlpt_env *env);
void xlpt_op_dispose(struct xlpt_op *op);
#define _cleanup_op_ XLPT_CLEANUP(xlpt_op_dispose)

/*
 * items.c: adds what a spec names: one function, all of a slot, a name, a pin, a VF out of a pool.
 * Duplicates are an error. This only reads: of a pool nothing is taken yet (from_pool).
 */
int xlpt_op_add(struct xlpt_op *op, const struct xlpt_spec *spec, struct xlpt_diag *diag);
int xlpt_op_add_spec(struct xlpt_op *op, const char *text, struct xlpt_diag *diag);
int xlpt_op_add_bdf(struct xlpt_op *op, struct xlpt_bdf bdf, struct xlpt_diag *diag);
/*
 * Leases a VF to the guest for item i (terms may be NULL), or for all items that wait for one: from
 * then on they have an address. prepare does it; who needs the addresses before, or has an answer
 * of his own to an empty pool, does it himself.
 */
int xlpt_op_take_vf(struct xlpt_op *op, size_t i, const struct xlpt_lease_terms *terms,
		    struct xlpt_diag *diag);
int xlpt_op_take_vfs(struct xlpt_op *op, struct xlpt_diag *diag);
/* Reads --force-host-device and --allow-split; SYNTAX for what is no device. */
int xlpt_op_consents(struct xlpt_op *op, char **force_host, char **allow_split,
		     struct xlpt_diag *diag);
/* USAGE for a device that is none of the items, once these have their addresses. */
int xlpt_op_check_consents(const struct xlpt_op *op, struct xlpt_diag *diag);
bool xlpt_op_forced(const struct xlpt_op *op, struct xlpt_bdf bdf);

/* ---- the workflows, and what a caller wants of each: all zero is the plain command ---- */

struct xlpt_attach_options {
	bool take_from_dom0; /* all of them; else those with seize=1, and what a pool says so of */
	bool without_e820;   /* also a PV guest without e820_host=1 */
	bool over_budget;    /* counted, and not refused */
};

struct xlpt_detach_options {
	bool give_back_to_dom0; /* all of them; else they stay hidden, but for what a lease says so of */
	bool without_guest; /* it is not asked, and waited for; over the budget, too */
};

struct xlpt_reset_options {
	bool in_use;	    /* also what a guest or a driver of dom0 uses */
	const char *method; /* this one and no other; NULL = the kernel's choice */
};

/* With env->dry_run they print the plan and change nothing. */
int xlpt_op_hide(struct xlpt_op *op, struct xlpt_diag *diag);
int xlpt_op_unhide(struct xlpt_op *op, struct xlpt_diag *diag);
int xlpt_op_attach(struct xlpt_op *op, const struct xlpt_attach_options *want,
		   struct xlpt_diag *diag);
int xlpt_op_detach(struct xlpt_op *op, const struct xlpt_detach_options *want,
		   struct xlpt_diag *diag);
int xlpt_op_reset(struct xlpt_op *op, const struct xlpt_reset_options *want,
		  struct xlpt_diag *diag);

/*
 * The first half of hide and unhide: everything but doing it. For an operation that does more than
 * this one, and runs the plan with its own journal (op->outer), which notes describe's.
 */
int xlpt_op_plan_hide(struct xlpt_op *op, struct xlpt_plan *plan, struct xlpt_diag *diag);
int xlpt_op_plan_unhide(struct xlpt_op *op, struct xlpt_plan *plan, struct xlpt_diag *diag);
/* The journal of an operation of that name on these items; it is not begun. */
void xlpt_op_describe(const struct xlpt_op *op, const char *name, struct xlpt_journal *j);

/* ---- pieces shared by them (operation.c, hide.c) ---- */

/*
 * Takes VFs out of pools, finds the mates, locks guest and devices, mends what an earlier
 * operation on them left, reads the facts.
 */
int xlpt_op_prepare(struct xlpt_op *op, struct xlpt_diag *diag);
int xlpt_op_execute(struct xlpt_op *op, const char *name, const struct xlpt_plan *plan,
		    struct xlpt_diag *diag);
/* operation-lock.c: guest, devices and mates, as they are once the locks are had. */
int xlpt_op_lock(struct xlpt_op *op, struct xlpt_diag *diag);
/* check: which of these another xlpt works on just now. Takes nothing, and waits for nobody. */
void xlpt_op_look_locks(struct xlpt_op *op);
/*
 * op->bus. Where a function sits and what is beside it stays while the operation
 * runs; its driver and its owner are read again by whoever relies on them.
 */
int xlpt_op_bus(struct xlpt_op *op, struct xlpt_diag *diag);
void xlpt_op_drop_bus(struct xlpt_op *op);

/*
 * judge.c: one item, by facts that hold what is the same for all of them; the rest is filled here.
 * Whoever gives a guest devices judges them by this, and xlpt check judges them by that.
 */
int xlpt_op_judge_item(struct xlpt_op *op, struct xlpt_item *item, struct xlpt_attach_facts *f,
		       struct xlpt_diag *diag);
/*
 * What is judged next, of item or (NULL) of the guest or host, and what came of it: with
 * env->findings a refusal is recorded there, and 0 comes back (core/findings.h).
 */
void xlpt_op_point(struct xlpt_op *op, const char *point, const struct xlpt_item *item);
int xlpt_op_judged(struct xlpt_op *op, int rc, struct xlpt_diag *diag);

/*
 * split.c: before the locks, which cover the mates too, and when the facts are there. Judged with
 * the sets, and on the same consent, is who has registers in one page with a device (pages.c).
 */
int xlpt_op_find_mates(struct xlpt_op *op, struct xlpt_diag *diag);
int xlpt_op_judge_split(struct xlpt_op *op, struct xlpt_diag *diag);
/*
 * The first item whose set judge_split will refuse to divide, for the mending lines
 * of the rules before it; only looked for when one of those can speak. NULL: none.
 */
const struct xlpt_bdf *xlpt_op_divides(struct xlpt_op *op);
void xlpt_op_drop_mates(struct xlpt_op *op);
void xlpt_op_add_mate(struct xlpt_op *op, const struct xlpt_mate *mate);
/* pages.c: adds those of item i. *all is read when it is first needed. */
int xlpt_op_add_page_mates(struct xlpt_op *op, size_t i, bool divided, struct xlpt_devices *all,
			   struct xlpt_diag *diag);
/*
 * Under the locks: finds them anew when a function came or went since. *same false: one
 * of them is not locked.
 */
int xlpt_op_mates_again(struct xlpt_op *op, bool *same, struct xlpt_diag *diag);
/* RULE when dom0 drives item and uses what is behind it (VMD): it cannot be taken from its driver. */
int xlpt_op_judge_carrier(struct xlpt_op *op, const struct xlpt_item *item, struct xlpt_diag *diag);
/*
 * reserved.c: fills what f says of memory that firmware has reserved for several functions.
 * *shared backs f->rdm_shared; caller frees.
 */
int xlpt_op_reserved(struct xlpt_op *op, const struct xlpt_item *item, struct xlpt_attach_facts *f,
		     char **shared, struct xlpt_diag *diag);
/* A rule's warning, with what mends it; the operation goes on. */
void xlpt_op_warn(struct xlpt_op *op, const struct xlpt_diag *warning);
/*
 * together.c: the rules about what the guest will have, its devices of before included, when it
 * has these too (core/policy-together.h). Warns of what is only told.
 */
int xlpt_op_judge_together(struct xlpt_op *op, struct xlpt_diag *diag);
/*
 * device-model.c: what an HVM guest's device model says in its log. Where that ends now; and whether it
 * has complained of item, at item->guest_address, since op->dm_log_end: CONFLICT, with its lines.
 */
uint64_t xlpt_dm_log_end(struct xlpt_op *op);
int xlpt_dm_judge(struct xlpt_op *op, const struct xlpt_item *item, struct xlpt_diag *diag);
/* Says it when the device model was built for another Xen than the one that runs, and notes it. */
void xlpt_dm_look(struct xlpt_op *op);
/* The release ("4.17") of a library that a process has loaded, when version is of another. Caller frees. */
char *xlpt_other_release(struct xlpt_host *h, const char *pid, const char *library,
			 const char *version);
/* The same of the libxenctrl that the guest's device model has loaded. */
char *xlpt_dm_other_xen(struct xlpt_env *env, uint32_t domid, const char *version);
/* verify.c. The guest has item i: its own side says so, and the hypervisor. Fills guest_address. */
int xlpt_op_verify(struct xlpt_op *op, size_t i, struct xlpt_diag *diag);
/* It has item i no more, and pciback holds it; LEFT with what says otherwise. */
int xlpt_op_verify_gone(struct xlpt_op *op, size_t i, struct xlpt_diag *diag);
/* Whatever failed: rc, or NO_GUEST when the guest has ended meanwhile, which is why then. */
int xlpt_op_blame_guest(struct xlpt_op *op, int rc, struct xlpt_diag *diag);

/* The steps that come before item i is given to a guest: lease, hide, reset, identity. */
void xlpt_plan_ready(struct xlpt_plan *plan, const struct xlpt_op *op, size_t i);
/* What these rest on, and whether the VF can have the identity that is wanted. */
int xlpt_op_judge_ready(struct xlpt_op *op, struct xlpt_item *item, struct xlpt_diag *diag);

/* Steps that take item i from its driver to pciback. ctx of the steps is the op. */
void xlpt_plan_hide(struct xlpt_plan *plan, const struct xlpt_op *op, size_t i);
/* From whatever driver it has to pciback; it has that already: success. Its driver_override stays. */
int xlpt_op_to_pciback(struct xlpt_op *op, size_t i, struct xlpt_diag *diag);
/* The step before all: the module xen-pciback is loaded when an item is to be hidden without it. */
void xlpt_plan_pciback(struct xlpt_plan *plan, const struct xlpt_op *op);
void xlpt_plan_unhide(struct xlpt_plan *plan, const struct xlpt_op *op, size_t i);
/*
 * A step that resets item i, looks, and fills item->reset. Only a device that is
 * lost by it makes the step fail; everything else is a warning.
 */
void xlpt_plan_reset(struct xlpt_plan *plan, const struct xlpt_op *op, size_t i);
/* "reset", "reset_method" and "reset_fact" of a JSON record. */
struct json_object;
void xlpt_item_reset_json(const struct xlpt_item *item, struct json_object *o);
/* The driver that item came from (xlpt_pcinote_came_from); it may not be hidden yet. */
int xlpt_op_read_origin(struct xlpt_op *op, struct xlpt_item *item, struct xlpt_diag *diag);

#endif
