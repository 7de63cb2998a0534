/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The workflows: what a command does once its arguments are understood. Each
 * takes the locks, reads the facts, lets core/policy judge them, builds a plan,
 * runs it with a journal, and verifies.
 */
#ifndef XLPT_OP_H
#define XLPT_OP_H

#include "core/plan.h"
#include "core/policy.h"
#include "core/pool.h"
#include "pciback/needs/needs.h"
#include "pciback/reset/reset.h"
#include "xenstore/pcibe.h"
#include "xl-plugin/kept/journal.h"
#include "xl-plugin/kept/ledger.h"
#include "xl-plugin/kept/settings.h"
#include "xl-plugin/kept/leases.h"

#define XLPT_GUEST_TIMEOUT_MS 60000	 /* for a guest to answer; --timeout changes it */
#define XLPT_PORT_TIMEOUT_MS  10000	 /* to free its frontend once the backend is gone */
#define XLPT_DOMID_NONE	      UINT32_MAX /* of a guest that is still to be created */
#define XLPT_LOCK_TIMEOUT_MS  120000	 /* longer than one operation with libxl's own time-outs */

/* ---- where every device is (state.c) ---- */

struct xlpt_owner {
	struct xlpt_bdf bdf;
	uint32_t domid;
	char *guest; /* name, or NULL when the domain is gone */
	enum xlpt_guest_type type;
	struct xlpt_pcidev dev; /* as the backend lists it; opts not kept */
	int be_state, fe_state;
	bool lost;  /* the hypervisor has it with no guest: a removal that was cut short */
	bool dying; /* the guest is on its way out; with shut_down nobody has destroyed it yet */
	bool shut_down;
};

struct xlpt_owners {
	struct xlpt_owner *items;
	size_t n, alloc;
};

void xlpt_owners_dispose(struct xlpt_owners *owners);
#define _cleanup_owners_ XLPT_CLEANUP(xlpt_owners_dispose)
/* Empty without xenstore. */
int xlpt_owners_read(struct xlpt_env *env, struct xlpt_owners *out, struct xlpt_diag *diag);
/*
 * Who has it. Several backends can name one device: a guest that lives comes before
 * one on its way out, and that before a domain that is gone (guest NULL).
 */
const struct xlpt_owner *xlpt_owners_find(const struct xlpt_owners *owners, struct xlpt_bdf bdf);
/* Which domain that exists has a backend that names it: 1 and *domid, 0 for none, negative code. */
int xlpt_owner_now(struct xlpt_env *env, struct xlpt_bdf bdf, uint32_t *domid,
		   struct xlpt_diag *diag);
/* ... or the hypervisor has it with one, or that cannot be said: then its identity stays. */
bool xlpt_guest_may_have(struct xlpt_env *env, struct xlpt_bdf bdf);

void xlpt_place_dispose(struct xlpt_place *place);
#define _cleanup_place_ XLPT_CLEANUP(xlpt_place_dispose)
/* needs may be NULL. */
int xlpt_place_read(struct xlpt_env *env, const struct xlpt_device *dev,
		    const struct xlpt_owners *owners, const struct xlpt_needs *needs,
		    struct xlpt_place *out, struct xlpt_diag *diag);

/*
 * One word and more for people: "dom0", "hidden", "assigned to web1",
 * "assigned to web1, in part"; "hidden, does not answer". Caller frees.
 */
char *xlpt_state_text(const struct xlpt_device *dev, const struct xlpt_owner *owner);
/* "dom0" ("host" where there is no Xen) "hidden" "assigned" "partial" */
const char *xlpt_state_word(const struct xlpt_device *dev, const struct xlpt_owner *owner);
/* A PV guest's device is in place when its frontend has connected and knows the address. */
bool xlpt_owner_complete(const struct xlpt_owner *owner);

/* ---- --config: the guest's xl configuration (op-config.c) ---- */

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
const char *xlpt_reset_is_word(enum xlpt_reset_is is);
/* The identity that a guest's VF gets, and the way back (vf.h). */
struct xlpt_vf_lease {
	bool active; /* something is to be set */
	struct xlpt_vf_identity want;
	struct xlpt_vf_identity now;  /* of the same keys: what undoes it */
	struct xlpt_vf_identity note; /* what is remembered for the end of the guest */
	bool noted;		      /* something was remembered before: a guest was destroyed */
	struct xlpt_vf_identity note_before;
	bool associated; /* the port profile is set */
};

struct xlpt_item {
	struct xlpt_spec spec; /* one function, address resolved */
	struct xlpt_device device;
	struct xlpt_place place;
	bool absent;  /* detach: the host has it no more, and the guest's backend names it */
	bool hide;    /* has to be taken from dom0 first */
	bool noted;   /* libxl's note says that the guest has it, and nothing else does */
	bool loose;   /* permissive from an earlier guest, and not to be for this one */
	bool of_slot; /* one of the functions that BB:DD.* stands for */
	bool mended;  /* an interrupted operation on it was just ended by this command */
	bool nothing; /* ... which left nothing for this command to do */
	bool origin_known;
	char *origin;			  /* driver it came from, "" = none */
	char guest_address[XLPT_BDF_LEN]; /* what the guest sees, after attach */
	char *driver;	 /* what drives it in dom0, after unhide or detach --to-host */
	char *override;	 /* its driver_override for another driver, which stays, or NULL */
	unsigned evtchn; /* the frontend's event channel before a detach */
	enum xlpt_reset_is reset;
	enum xlpt_reset_how reset_hows[XLPT_RESET_N]; /* to be tried, in this order */
	size_t n_reset_hows;
	const char *reset_method; /* "flr", or NULL; not owned */
	char *reset_fact;	  /* what shows it, or why not, or NULL */
	struct xlpt_vf_lease vf;
};

struct xlpt_op {
	struct xlpt_env *env;
	bool has_guest;
	struct xlpt_guest guest;
	struct xlpt_item *items;
	size_t n, alloc;
	/* what the caller wants */
	bool hide, detach, to_host, force, without_e820;
	bool identity;		  /* sets the VFs' identities that specs name; refused otherwise */
	int64_t lease_until;	  /* leases of a guest that somebody else will create; 0 = none */
	xlpt_nodes nodes;	  /* where a guest that is to be created will run; 0 = not known */
	char **force_host;	  /* addresses, not owned; NULL = none */
	const char *reset_method; /* reset: by this one; NULL = the kernel's choice; not owned */
	char **allow_split;	  /* the same: their isolation sets may be divided */
	int64_t timeout_ms;
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
	/* attach: the others in the devices' isolation sets, and why (op-split.c) */
	struct xlpt_mate *mates;
	size_t n_mates, alloc_mates;
	/* found them, and finds them again; NULL = there are none to find */
	int (*find_mates)(struct xlpt_op *op, struct xlpt_diag *diag);
};

struct xlpt_mate {
	size_t item; /* whose set */
	struct xlpt_bdf bdf;
	char *why;
	bool divided; /* with consent: judged no more, not locked, and told */
};

void xlpt_op_init(struct xlpt_op *op, struct xlpt_env *env);
void xlpt_op_dispose(struct xlpt_op *op);
#define _cleanup_op_ XLPT_CLEANUP(xlpt_op_dispose)

/* Adds what a spec names (one function, all of a slot, a name): duplicates are an error. */
int xlpt_op_add_spec(struct xlpt_op *op, const char *text, struct xlpt_diag *diag);
int xlpt_op_add_bdf(struct xlpt_op *op, struct xlpt_bdf bdf, struct xlpt_diag *diag);

/* Prints the plan for --dry-run (text, or {"plan": [...]}). */
void xlpt_op_print_plan(struct xlpt_env *env, const struct xlpt_plan *plan);

/* The workflows. With env->dry_run they print the plan and change nothing. */
int xlpt_op_hide(struct xlpt_op *op, struct xlpt_diag *diag);
int xlpt_op_unhide(struct xlpt_op *op, struct xlpt_diag *diag);
int xlpt_op_attach(struct xlpt_op *op, struct xlpt_diag *diag);
int xlpt_op_detach(struct xlpt_op *op, struct xlpt_diag *diag);
int xlpt_op_reset(struct xlpt_op *op, struct xlpt_diag *diag);

/* ---- pieces shared by them (op.c, op-hide.c, op-release.c) ---- */

/* Locks guest and devices, mends what an earlier operation on them left, reads the facts. */
int xlpt_op_prepare(struct xlpt_op *op, struct xlpt_diag *diag);
int xlpt_op_execute(struct xlpt_op *op, const char *name, const struct xlpt_plan *plan,
		    struct xlpt_diag *diag);
bool xlpt_op_forced(const struct xlpt_op *op, struct xlpt_bdf bdf);

/* op-lock.c: guest, devices and mates, as they are once the locks are had. */
int xlpt_op_lock(struct xlpt_op *op, struct xlpt_diag *diag);
/*
 * op->bus. Where a function sits and what is beside it stays while the operation
 * runs; its driver and its owner are read again by whoever relies on them.
 */
int xlpt_op_bus(struct xlpt_op *op, struct xlpt_diag *diag);
void xlpt_op_drop_bus(struct xlpt_op *op);

/* op-split.c: before the locks, which cover the mates too, and when the facts are there. */
int xlpt_op_find_mates(struct xlpt_op *op, struct xlpt_diag *diag);
int xlpt_op_judge_split(struct xlpt_op *op, struct xlpt_diag *diag);
/*
 * The first item whose set judge_split will refuse to divide, for the mending lines
 * of the rules before it; only looked for when one of those can speak. NULL: none.
 */
const struct xlpt_bdf *xlpt_op_divides(struct xlpt_op *op);
void xlpt_op_drop_mates(struct xlpt_op *op);
/*
 * Under the locks: finds them anew when a function came or went since. *same false: one
 * of them is not locked.
 */
int xlpt_op_mates_again(struct xlpt_op *op, bool *same, struct xlpt_diag *diag);
/* RULE when dom0 drives item and uses what is behind it (VMD): it cannot be taken from its driver. */
int xlpt_op_judge_carrier(struct xlpt_op *op, const struct xlpt_item *item, struct xlpt_diag *diag);
/*
 * op-reserved.c: fills what f says of memory that firmware has reserved for several functions.
 * *shared backs f->rdm_shared; caller frees.
 */
int xlpt_op_reserved(struct xlpt_op *op, const struct xlpt_item *item, struct xlpt_attach_facts *f,
		     char **shared, struct xlpt_diag *diag);
/*
 * op-dm.c: what an HVM guest's device model says in its log. Where that ends now; and whether it
 * has complained of item, at item->guest_address, since op->dm_log_end: CONFLICT, with its lines.
 */
uint64_t xlpt_dm_log_end(struct xlpt_op *op);
int xlpt_dm_judge(struct xlpt_op *op, const struct xlpt_item *item, struct xlpt_diag *diag);
/* Says it when the device model was built for another Xen than the one that runs, and notes it. */
void xlpt_dm_look(struct xlpt_op *op);
/* The guest has item i: its own side says so, and the hypervisor. Fills guest_address. */
int xlpt_op_verify(struct xlpt_op *op, size_t i, struct xlpt_diag *diag);

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
/* The driver that a hidden device came from: libxl's note, ours ("" = it had none), or not known. */
int xlpt_origin_read(struct xlpt_env *env, struct xlpt_bdf bdf, bool *known, char **origin,
		     struct xlpt_diag *diag);
/* The same for item i, which may not be hidden yet. */
int xlpt_op_read_origin(struct xlpt_op *op, struct xlpt_item *item, struct xlpt_diag *diag);

/*
 * Reads the configuration and tries the change, before anything is touched: SYNTAX with its place
 * when the file is malformed. Called once the items are known.
 */
int xlpt_op_config_check(struct xlpt_op *op, const char *path, bool remove, struct xlpt_diag *diag);
/* Under the locks: another command may have changed it while they were waited for. */
int xlpt_op_config_again(struct xlpt_op *op, struct xlpt_diag *diag);
/* The step that changes it, if --config was given and there is anything to change. */
void xlpt_plan_config(struct xlpt_plan *plan, const struct xlpt_op *op);
void xlpt_op_config_say(const struct xlpt_op *op);
/* Repair: brings the file in line with what became of the devices that have a spec in the journal. */
void xlpt_config_mend(struct xlpt_env *env, const struct xlpt_journal *j);
/* The step that leases item i, for an item out of a pool; and the one that gives it back. */
void xlpt_plan_lease(struct xlpt_plan *plan, const struct xlpt_op *op, size_t i);
void xlpt_plan_give_back(struct xlpt_plan *plan, const struct xlpt_op *op, size_t i);
/* IN_USE for an item that is leased to another guest than the operation's. */
int xlpt_op_check_leases(struct xlpt_op *op, struct xlpt_diag *diag);
/* Holds the leases of the items that the operation's guest has. */
int xlpt_op_hold_leases(struct xlpt_op *op, struct xlpt_diag *diag);

/* Whatever the state: the device leaves pciback and goes to where it came from. */
int xlpt_give_back(struct xlpt_env *env, struct xlpt_bdf bdf, bool origin_known, const char *origin,
		   char **driver, struct xlpt_diag *diag);

/*
 * Whatever the state: afterwards the guest does not have the device, neither in
 * xenstore nor in its device model nor in the hypervisor. Used to undo an
 * attach, for detach --force, and by repair. Without force a live guest that
 * does not answer keeps it (XLPT_ERR_LEFT): a device that is taken from a driver
 * in its probe wedges a PV guest, and QEMU goes on using one that it holds.
 */
int xlpt_release(struct xlpt_env *env, uint32_t domid, struct xlpt_bdf bdf, bool force,
		 int64_t timeout_ms, struct xlpt_diag *diag);

/*
 * Takes back what only the hypervisor knows of: grants on ports, memory and the
 * interrupt, and the assignment. libxl leaves the grants behind when an add
 * fails, 4.17 after every removal from an HVM guest, and many releases those on
 * memory above 4 GiB. An interrupt line or a page that another device of the guest
 * uses stays granted. Then Xen is asked, as far as it answers, whether the guest
 * can still map the memory: CONFLICT.
 */
int xlpt_revoke(struct xlpt_env *env, uint32_t domid, struct xlpt_bdf bdf, struct xlpt_diag *diag);

/* The same for a device that this host has no more: what is left of it with the guest. */
int xlpt_release_absent(struct xlpt_env *env, const struct xlpt_guest *guest, struct xlpt_bdf bdf,
			int64_t timeout_ms, struct xlpt_diag *diag);

/*
 * Another device of the HVM guest uses the same interrupt line. libxl (4.18 and later) takes the line
 * away with the first of them; QEMU, which has it bound for the other, can then not unbind it, and no
 * device of that line comes to the guest again. xlpt_release does without libxl then.
 */
bool xlpt_line_kept(struct xlpt_env *env, const struct xlpt_guest *guest, struct xlpt_bdf bdf);

/* Removes a backend without devices, and waits until the guest has let go of its frontend. */
int xlpt_clear_empty(struct xlpt_env *env, uint32_t domid, bool *cleared, struct xlpt_diag *diag);

/* ---- waiting for the guest (wait.c) ---- */

/*
 * NO_GUEST, in those words, when the guest has ended or is about to since it was
 * looked up; else 0, and diag is as it was.
 */
int xlpt_guest_still_there(struct xlpt_env *env, const struct xlpt_guest *guest,
			   struct xlpt_diag *diag);

/*
 * PV: the frontend is Connected and the device published. Fills the address the guest
 * sees. Ends as soon as the frontend says that it gave up. gave_up: what it said of
 * that earlier (NULL: nothing); such a one gets a moment to begin anew.
 */
int xlpt_wait_connected(struct xlpt_env *env, const struct xlpt_guest *guest, struct xlpt_bdf bdf,
			const char *gave_up, int64_t timeout_ms, struct xlpt_bdf *vdev,
			struct xlpt_diag *diag);
/* PV: no backend, or frontend and backend both Connected: a change may begin. */
int xlpt_wait_settled(struct xlpt_env *env, const struct xlpt_guest *guest, int64_t timeout_ms,
		      struct xlpt_diag *diag);
/* The backend names the device no more (PV: a guest that answers late is waited for). */
int xlpt_wait_gone(struct xlpt_env *env, const struct xlpt_guest *guest, struct xlpt_bdf bdf,
		   int64_t timeout_ms, struct xlpt_diag *diag);
/* PV, the last device went: the guest's frontend has closed its event channel. */
bool xlpt_wait_port_closed(struct xlpt_env *env, uint32_t domid, unsigned port, int64_t timeout_ms);

/* ---- the hotplug budget (op-budget.c) ---- */

/* Before anything is touched: the host's settings. A forced detach does with the defaults. */
int xlpt_budget_settings(struct xlpt_op *op, struct xlpt_diag *diag);
/*
 * Counts what the owners say other tools did since the last look. since_ms: when
 * reading them began. What cannot be counted does not stop the caller.
 */
void xlpt_budget_look(struct xlpt_env *env, const struct xlpt_owners *owners, int64_t since_ms);
/*
 * Reserves one hotplug for each device of the operation that has something to
 * do, or none: XLPT_ERR_BUDGET, op->budget_next_ms. A forced one is counted and
 * not refused. A dry run asks and writes nothing. Other operations than attach
 * and detach cost nothing.
 */
int xlpt_budget_reserve(struct xlpt_op *op, const char *name, struct xlpt_diag *diag);
/* The operation was done: its devices are where it put them. */
void xlpt_budget_settle(struct xlpt_op *op, const char *name);
/* xlpt_release, and one more counted (kind: UNDO or REPAIR) when the guest has the device. */
int xlpt_budget_release(struct xlpt_env *env, enum xlpt_ledger_kind kind, uint32_t domid,
			struct xlpt_bdf bdf, bool force, int64_t timeout_ms,
			struct xlpt_diag *diag);
/* For --wait: with a countdown, until ms have gone by or a signal comes. Hold no lock. */
int xlpt_budget_wait(struct xlpt_env *env, int64_t ms, struct xlpt_diag *diag);

/* ---- repair (op-repair.c) ---- */

/* Mends one interrupted operation, adopted by the caller, who holds its locks. */
int xlpt_repair_one(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag);
/* The same with the locks that the operation itself had; the caller has none. */
int xlpt_repair_journal(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag);
/* Contradictions that no journal explains (op-repair-facts.c); *found grows by each. */
int xlpt_repair_facts(struct xlpt_env *env, size_t *found, struct xlpt_diag *diag);
/* Its devices get the driver_override back that the journal has. */
void xlpt_repair_overrides(struct xlpt_env *env, const struct xlpt_journal *j);
/* An interrupted reset: the kernel's list of methods is put back. */
int xlpt_repair_reset(struct xlpt_env *env, const struct xlpt_journal_dev *d,
		      struct xlpt_diag *diag);
/* All of them, and contradictions without a journal. Prints what it does. */
/* Takes away (dry_run: counts) what killed xlpts had not finished, and says so. sweep.c. */
size_t xlpt_op_sweep(struct xlpt_env *env);
int xlpt_op_repair(struct xlpt_env *env, struct xlpt_diag *diag);

#endif
