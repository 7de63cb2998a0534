/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The operations of this room: attach, detach, hide, unhide, reset. An operation takes its locks,
 * reads the facts, lets core/policy judge them, builds a plan (core/plan.h), runs it with a
 * journal, and verifies the result.
 *
 * Everything in struct xlpt_op belongs to the operation and is freed by xlpt_op_dispose, unless a
 * comment says "not owned". Times are milliseconds of core/clock.
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

#define XLPT_DOMID_NONE UINT32_MAX /* domid of a guest that is still to be created */

/* ---- --config: the guest's xl configuration (config.c) ---- */

struct xlpt_op_config {
	char *path;   /* absolute, without symbolic links; NULL = no --config */
	bool remove;  /* detach: the devices are removed from the file */
	bool changes; /* the file has to change */
	bool begun;   /* the step has begun to write: before and now have the two texts */
	struct xlpt_str before, now;
};

/* ---- one operation ---- */

/* Whether a device was reset around an attach, a detach, or by xlpt reset. */
enum xlpt_reset_is {
	XLPT_RESET_IS_NONE,	/* not reset: nothing can reset it, or no reset was needed */
	XLPT_RESET_IS_DONE,	/* reset, and proven (pciback/reset) */
	XLPT_RESET_IS_UNPROVEN, /* the kernel says so and the device answers; nothing proves it */
	XLPT_RESET_IS_FAILED,
};
/* The identity that a guest's VF gets, and the way back (hotplug/loan.h). */
struct xlpt_loan {
	bool active; /* something is to be set */
	struct xlpt_vf_identity want;
	struct xlpt_vf_identity now;  /* what the VF has for the same keys: this undoes it */
	struct xlpt_vf_identity note; /* what is to be noted in xenstore until the guest ends */
	bool noted; /* something was noted before: an earlier guest was destroyed */
	struct xlpt_vf_identity note_before;
	bool associated; /* its port profile is associated */
};

struct xlpt_bdfs {
	struct xlpt_bdf *items;
	size_t n, alloc;
};
void xlpt_bdfs_dispose(struct xlpt_bdfs *list);
#define _cleanup_bdfs_ XLPT_CLEANUP(xlpt_bdfs_dispose)
/* Adds bdf. Adding it twice is the same as once. */
void xlpt_bdfs_add(struct xlpt_bdfs *list, struct xlpt_bdf bdf);

struct xlpt_item {
	struct xlpt_spec spec; /* one function, whose address is known; see from_pool */
	struct xlpt_device device;
	struct xlpt_place place;
	size_t order;	/* items with a smaller order go to libxl first; equal ones as they stand */
	bool from_pool; /* a VF of spec.pool is still to be taken; with spec.has_bdf this VF */
	bool not_here;	/* check: this host does not have it; it is not judged further */
	bool absent;	/* detach: this host has lost it; the guest's backend still names it */
	bool anew;	/* detach: it left pciback (it came again, or somebody unbound it) */
	bool take_from_dom0;	/* first step: takes it from its dom0 driver */
	bool give_back_to_dom0; /* last step: gives it back to the driver that it came from */
	bool noted;		/* only libxl's note says that the guest has it */
	bool line_noted;   /* attach: xlpt has just noted its interrupt line (kept/had-line.h) */
	bool unseen;	   /* attach: adding it failed before the guest could see it */
	bool loose;	   /* an earlier guest had it permissive, and this one is not to */
	bool exported;	   /* pciback may still export it to a guest that it was taken from */
	bool of_slot;	   /* the words were BB:DD.*, and this is one function of the slot */
	bool mended;	   /* this command has just ended an interrupted operation on it */
	bool nothing;	   /* nothing is left to do for it */
	bool origin_known; /* origin is known */
	char *origin;	   /* name of the driver that it came from, "" = none */
	char guest_address[XLPT_BDF_LEN]; /* its address in the guest, after attach */
	char *driver;			  /* its dom0 driver after unhide or detach --to-host */
	char *override;	 /* its driver_override for another driver, which must stay, or NULL */
	unsigned evtchn; /* number of the frontend's event channel before a detach, 0 = none */
	enum xlpt_reset_is reset;
	bool reset_by_name; /* the operator named the first method: it is written to the kernel */
	enum xlpt_reset_how reset_hows[XLPT_RESET_N]; /* methods to try, in this order */
	size_t n_reset_hows;
	bool reset_together;	  /* the method "bus" resets everything on the bus */
	bool reset_with_bus;	  /* it was reset together with its bus */
	bool reset_required;	  /* xlpt.conf: no guest gets it unless it was reset */
	const char *reset_method; /* word of the method ("flr"), or NULL; not owned */
	char *reset_fact;	  /* what proves the reset, or why there was none, or NULL */
	struct xlpt_loan vf;
};

struct xlpt_op {
	struct xlpt_env *env; /* not owned */
	bool has_guest;
	struct xlpt_guest guest;
	struct xlpt_item *items;
	size_t n, alloc;
	/* devices for which the operator consents to what a rule would refuse */
	struct xlpt_bdfs force_host;  /* may be taken although this host needs them */
	struct xlpt_bdfs allow_split; /* their isolation sets may be divided */
	int64_t timeout_ms;	      /* how long the guest may take to answer */
	bool takes_back;	      /* detach: also takes back a device that this host has lost */
	/*
	 * detach --all: the items are what the guest has when its lock is held, and what an
	 * interrupted operation on it names (xlpt_op_add_held).
	 */
	bool all_held;
	bool give_back_to_dom0; /* detach: each item's give_back_to_dom0 */
	/* Of an HVM guest that is still to be created (check); hole.memory 0 = not known. */
	struct xlpt_hole hole;
	uint64_t videoram; /* bytes of the guest's memory that its display uses */
	bool over_budget;  /* the hotplug budget counts this operation and does not refuse it */
	bool by_force;	   /* the guest is not asked, also by what mends an earlier operation */
	bool remembered;   /* xlpt_op_remember has run */
	bool libvirt;	   /* libvirt manages the guest, and changes go through it (libvirt.h) */
	struct xlpt_op_config config;
	/*
	 * settings: xlpt.conf. budget_next_ms: after BUDGET, how long to wait; -1 = waiting is no
	 * use.
	 */
	struct xlpt_settings settings;
	int64_t budget_next_ms;
	/*
	 * Not owned. When this is a step of a larger operation: the journal of that one, whose
	 * locks serve this one, too. NULL = an operation of its own.
	 */
	struct xlpt_journal *outer;
	char **notes; /* lines "key value" for the journal, NULL-terminated; NULL = none */
	/* length in bytes of the device model's log before the device was added */
	uint64_t dm_log_end;
	bool dm_looked; /* xlpt_dm_look was called */
	/* release of the libxenctrl that the device model has, if not Xen's; or NULL */
	char *dm_other_xen;
	/* what the guest's PCI frontend had said of giving up before this attach, or NULL */
	char *gave_up;
	/* filled by prepare, and held until the operation ends */
	struct xlpt_locks locks;
	struct xlpt_journal journal;
	struct xlpt_needs needs;
	struct xlpt_owners owners;
	struct xlpt_leases leases; /* of its items, held; those of a dry run have no file */
	/* All functions of the host, read in brief when first needed (xlpt_op_bus). */
	struct xlpt_devices bus;
	char **bus_names; /* names in /sys/bus/pci/devices just before bus was read */
	/* The mates: the other functions in the items' isolation sets (split.c). */
	struct xlpt_mate *mates;
	size_t n_mates, alloc_mates;
	/*
	 * Finds the mates; prepare calls it before the locks and again under them. NULL = there
	 * are none to find.
	 */
	int (*find_mates)(struct xlpt_op *op, struct xlpt_diag *diag);
	const char *named_in; /* start: the configuration that names the devices; not owned */
};

/* A function that shares an isolation set, or a page of registers, with an item. */
struct xlpt_mate {
	size_t item; /* index of that item */
	struct xlpt_bdf bdf;
	char *why;    /* why they go together: owned, for messages */
	bool divided; /* with consent: told, and neither judged again nor locked */
	bool page;    /* it is no member of the set; its registers share a page with the item's */
};

/* What a pool must know of a guest that is still to be created. */
struct xlpt_lease_terms {
	/*
	 * core/clock's milliseconds: the lease ends then if nobody has created the guest; 0 = no
	 * end
	 */
	int64_t until;
	xlpt_nodes nodes; /* NUMA nodes on which it will run; 0 = not known */
};

/* op keeps env, which must outlive it. */
void xlpt_op_init(struct xlpt_op *op, struct xlpt_env *env);
void xlpt_op_dispose(struct xlpt_op *op);
#define _cleanup_op_ XLPT_CLEANUP(xlpt_op_dispose)

/*
 * Add what a spec names to op->items (items.c): one function, all functions of a slot, a name that
 * xl gave, a pin, or a VF out of a pool. They only read: out of a pool nothing is taken yet
 * (item->from_pool). SYNTAX for a malformed text, USAGE for a device that is named twice,
 * NOT_FOUND, NO_DEVICE.
 */
int xlpt_op_add(struct xlpt_op *op, const struct xlpt_spec *spec, struct xlpt_diag *diag);
int xlpt_op_add_spec(struct xlpt_op *op, const char *text, struct xlpt_diag *diag);
int xlpt_op_add_bdf(struct xlpt_op *op, struct xlpt_bdf bdf, struct xlpt_diag *diag);
/*
 * Adds the devices that the guest has, also through its stub domain, and those of interrupted
 * operations on it, which have to be mended first. What is an item already stays as it is.
 */
int xlpt_op_add_held(struct xlpt_op *op, struct xlpt_diag *diag);
/*
 * xlpt_op_take_vf leases a VF to the guest for item i (terms may be NULL); xlpt_op_take_vfs does
 * so for all items that wait for one. From then on they have an address. prepare calls it; a
 * caller that needs the addresses before, or that handles an empty pool (FULL) itself, calls it
 * first.
 */
int xlpt_op_take_vf(struct xlpt_op *op, size_t i, const struct xlpt_lease_terms *terms,
		    struct xlpt_diag *diag);
int xlpt_op_take_vfs(struct xlpt_op *op, struct xlpt_diag *diag);
/*
 * Reads the values of --force-host-device and --allow-split (vectors that end with NULL, or NULL).
 * The error of xlpt_args_device for what is no device.
 */
int xlpt_op_consents(struct xlpt_op *op, char **force_host, char **allow_split,
		     struct xlpt_diag *diag);
/*
 * USAGE when one of those options names a device that is none of the items. Call it when all items
 * have their addresses.
 */
int xlpt_op_check_consents(const struct xlpt_op *op, struct xlpt_diag *diag);
/* The operator gave --force-host-device for this device. */
bool xlpt_op_forced(const struct xlpt_op *op, struct xlpt_bdf bdf);

/* ---- the operations, and what a caller wants of each; all zero is the plain command ---- */

struct xlpt_attach_options {
	/* all devices; else only those with seize=1 and those whose pool says so */
	bool take_from_dom0;
	bool without_e820; /* accept a PV guest without e820_host=1 */
	bool over_budget;  /* count it in the budget, and do not refuse it */
};

struct xlpt_detach_options {
	/* all devices; else they stay hidden, except VFs of a managed pool */
	bool give_back_to_dom0;
	/* --force: do not ask the guest nor wait for it; the budget does not refuse it */
	bool without_guest;
};

struct xlpt_reset_options {
	bool in_use; /* also a device that a guest or a driver of dom0 uses */
	/* this method and no other; NULL = the order of the kernel; not owned */
	const char *method;
};

/*
 * Each prepares, judges, plans and runs. 0: done and verified. LEFT: it failed and something could
 * not be undone; the journal has it. Any other code: nothing was changed, or all was undone. With
 * env->dry_run the plan is printed and nothing is changed.
 */
int xlpt_op_hide(struct xlpt_op *op, struct xlpt_diag *diag);
int xlpt_op_unhide(struct xlpt_op *op, struct xlpt_diag *diag);
int xlpt_op_attach(struct xlpt_op *op, const struct xlpt_attach_options *want,
		   struct xlpt_diag *diag);
int xlpt_op_detach(struct xlpt_op *op, const struct xlpt_detach_options *want,
		   struct xlpt_diag *diag);
int xlpt_op_reset(struct xlpt_op *op, const struct xlpt_reset_options *want,
		  struct xlpt_diag *diag);

/*
 * The first half of hide and unhide: everything except running the plan. For an operation that
 * does more than this one: it runs the plan with its own journal (op->outer) and notes
 * xlpt_op_describe's text in it.
 */
int xlpt_op_plan_hide(struct xlpt_op *op, struct xlpt_plan *plan, struct xlpt_diag *diag);
int xlpt_op_plan_unhide(struct xlpt_op *op, struct xlpt_plan *plan, struct xlpt_diag *diag);
/*
 * Fills *j with the journal of an operation of that name on op's items. The journal is not begun;
 * the caller disposes of it.
 */
void xlpt_op_describe(const struct xlpt_op *op, const char *name, struct xlpt_journal *j);

/* ---- pieces that the operations share (operation.c, hide.c) ---- */

/*
 * Takes VFs out of pools, finds the mates, locks guest, devices and mates, mends what an earlier
 * operation on them left, and reads the facts into op.
 */
int xlpt_op_prepare(struct xlpt_op *op, struct xlpt_diag *diag);
/* What takes an absent device (or "BB:DD.*") out of op->named_in; nothing when that is NULL. */
void xlpt_op_hint_absent(const struct xlpt_op *op, const char *device, struct xlpt_diag *diag);
/* op->owners says that the guest has the device. */
bool xlpt_op_holds(const struct xlpt_op *op, struct xlpt_bdf bdf);
/*
 * Remembers who has what now, for when the guest restarts; execute does it at its end unless a step
 * of the plan has done it. When it fails, the guest's devices are kept longer.
 */
void xlpt_op_remember(struct xlpt_op *op);
/*
 * Reserves in the budget, then runs the plan with a journal of this name. check (env->findings)
 * ends before the plan, a dry run prints it.
 */
int xlpt_op_execute(struct xlpt_op *op, const char *name, const struct xlpt_plan *plan,
		    struct xlpt_diag *diag);
/*
 * Locks guest, devices and mates (operation-lock.c), and finds the mates again under the locks.
 * IN_USE when a lock is not to be had in time, CONFLICT when devices keep appearing.
 */
int xlpt_op_lock(struct xlpt_op *op, struct xlpt_diag *diag);
/*
 * For check: records which of guest and devices another xlpt works on just now. Takes no lock and
 * waits for nobody.
 */
void xlpt_op_look_locks(struct xlpt_op *op);
/*
 * Fills op->bus, once. A function's place, and what is beside it, stays while the operation runs;
 * whoever relies on its driver or its owner reads them again.
 */
int xlpt_op_bus(struct xlpt_op *op, struct xlpt_diag *diag);
void xlpt_op_drop_bus(struct xlpt_op *op);

/*
 * Judges one item (judge.c). *f has the facts that are the same for all items; the rest is filled
 * here. attach, start and xlpt check all judge by this.
 */
int xlpt_op_judge_item(struct xlpt_op *op, struct xlpt_item *item, struct xlpt_attach_facts *f,
		       struct xlpt_diag *diag);
/*
 * xlpt_op_point says what is judged next: point of item, or with NULL of the guest or the host.
 * xlpt_op_judged takes what came of it: with env->findings a refusal is recorded there and 0 comes
 * back; without, rc comes back (core/findings.h).
 */
void xlpt_op_point(struct xlpt_op *op, const char *point, const struct xlpt_item *item);
int xlpt_op_judged(struct xlpt_op *op, int rc, struct xlpt_diag *diag);

/*
 * Fills in f what is known of memory that firmware has reserved for several functions
 * (reserved.c). *shared is the text that f->rdm_shared points to; caller frees.
 */
int xlpt_op_reserved(struct xlpt_op *op, const struct xlpt_item *item, struct xlpt_attach_facts *f,
		     char **shared, struct xlpt_diag *diag);
/* Prints a rule's warning and the line that mends it. The operation goes on. */
void xlpt_op_warn(struct xlpt_op *op, const struct xlpt_diag *warning);
/*
 * Judges the devices that the guest has and those that it will get together (together.c; the rules
 * are core/policy-together.h). Warns where the rule only warns.
 */
int xlpt_op_judge_together(struct xlpt_op *op, struct xlpt_diag *diag);
/* ... and what they reach of others in a switch, or are reached by (peers.c). */
void xlpt_op_warn_peers(struct xlpt_op *op);
/*
 * Verifies that the guest has item i: the guest's side says so, and the hypervisor. Fills
 * guest_address (verify.c).
 */
int xlpt_op_verify(struct xlpt_op *op, size_t i, struct xlpt_diag *diag);
/*
 * Verifies that the guest no longer has item i and that pciback holds it. LEFT with the fact that
 * says otherwise.
 */
int xlpt_op_verify_gone(struct xlpt_op *op, size_t i, struct xlpt_diag *diag);
/*
 * For a step that failed with rc: NO_GUEST when the guest has ended in the meantime, because that
 * is the cause then; else rc.
 */
int xlpt_op_blame_guest(struct xlpt_op *op, int rc, struct xlpt_diag *diag);

/* Adds the steps that come before item i is given to a guest: lease, hide, reset, identity. */
void xlpt_plan_ready(struct xlpt_plan *plan, const struct xlpt_op *op, size_t i);
/* Judges what those steps need, and whether the VF can have the identity that is wanted. */
int xlpt_op_judge_ready(struct xlpt_op *op, struct xlpt_item *item, struct xlpt_diag *diag);

/*
 * Adds the steps that take item i from its driver to pciback. The context of the steps is the op.
 */
void xlpt_plan_hide(struct xlpt_plan *plan, const struct xlpt_op *op, size_t i);
/*
 * Binds item i to pciback, from whatever driver it has; 0 when pciback has it already. Its
 * driver_override is put back.
 */
int xlpt_op_to_pciback(struct xlpt_op *op, size_t i, struct xlpt_diag *diag);
/*
 * Adds the step that loads the module xen-pciback, when an item has to be hidden and the driver is
 * not there. It comes before all others.
 */
void xlpt_plan_pciback(struct xlpt_plan *plan, const struct xlpt_op *op);
/* Adds the steps that take item i from pciback and give it to the driver that it came from. */
void xlpt_plan_unhide(struct xlpt_plan *plan, const struct xlpt_op *op, size_t i);
/*
 * Adds the step that resets item i, looks whether it was reset, and fills item->reset. The step
 * fails only when the device does not come back; everything else is a warning.
 */
void xlpt_plan_reset(struct xlpt_plan *plan, const struct xlpt_op *op, size_t i);
/* Adds "reset", "reset_method" and "reset_fact" to a JSON record. */
struct json_object;
void xlpt_item_reset_json(const struct xlpt_item *item, struct json_object *o);
/*
 * Fills item->origin, the driver that the item came from or, when it is not hidden yet, has now
 * (xlpt_pcinote_came_from).
 */
int xlpt_op_read_origin(struct xlpt_op *op, struct xlpt_item *item, struct xlpt_diag *diag);

#endif
