/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes this host what host.conf says. All entries are read, their devices found, and all are
 * judged before the first change is made. What is to be done is a list of files, each with its
 * text before and after, and a list of parts: plans of other rooms (hide, unhide, VFs). One
 * journal holds all of it; when a step fails, or when repair finds the journal, all of it is taken
 * back.
 *
 * Locks are taken in this order: apply's own, those of files, those of devices and PFs, the pools'
 * last.
 */
#ifndef XLPT_APPLY_H
#define XLPT_APPLY_H

#include "xl-plugin/apply/host-conf.h"
#include "xl-plugin/apply/record.h"
#include "xl-plugin/boot/boot.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/kept/file-change.h"

struct xlpt_apply_options {
	const char *file; /* path of the file; NULL = the files of this host */
	bool check;	  /* only judge and report, change nothing */
	bool prune;	  /* take back what an earlier apply made and no entry names any more */
};

/* One file that changes. change points into the strings below, which this struct owns. */
struct xlpt_apply_file {
	struct xlpt_change change;
	/* text before and after; was NULL = no such file, want NULL = it is removed */
	char *path, *was, *want;
	bool backup; /* the old text is kept in a backup, as boot write does */
};

struct xlpt_apply;

/* What is no file: a plan of another room, and the journal by which that room's mender ends it. */
struct xlpt_apply_part {
	struct xlpt_plan plan;
	struct xlpt_journal journal;
	void *ctx; /* what the steps of the plan get; owned, freed by dispose */
	void (*dispose)(void *ctx);
	struct xlpt_op *op; /* the operation of hide or unhide (ctx is the same), else NULL */
	/* Makes the plan when it is this part's turn, or NULL: the plan is already made. */
	int (*late)(struct xlpt_apply *a, struct xlpt_apply_part *part, struct xlpt_diag *diag);
	bool done; /* its plan was run to its end */
};

struct xlpt_apply {
	struct xlpt_env *env;
	const struct xlpt_apply_options *want;
	struct xlpt_host_conf conf;
	struct xlpt_errors errors;
	/* what /var/lib/xlpt/applied said, and what it will say */
	struct xlpt_applied before, after;
	struct xlpt_devices devices; /* all functions of this host, with capabilities */
	struct xlpt_pin_set pin_set; /* the same as pins describe them, while entries are judged */
	struct xlpt_locks locks;
	struct xlpt_apply_file *files;
	size_t n_files, alloc_files;
	struct xlpt_apply_part *parts;
	size_t n_parts, alloc_parts;
	struct xlpt_boot_pin *pins; /* those that are to be made */
	size_t n_pins, alloc_pins;
	struct xlpt_boot_plan boot; /* the new list at boot; only with has_boot */
	bool has_boot;
	char **named; /* what the entries name, as record.h writes it: "boot 0000:09:00.0" */
	/* lines for the operator: notes, and commands to run afterwards */
	char **notes, **commands;
	char **pruned;		       /* what is taken back, in words for people */
	bool changed, reboot_required; /* something was done; it takes effect at the next boot */
	/* virtual functions that are still to be made, and then to be hidden */
	struct xlpt_bdfs coming;
	struct xlpt_journal journal;
};

/* a keeps the pointers env and want: both must outlive it. */
void xlpt_apply_init(struct xlpt_apply *a, struct xlpt_env *env,
		     const struct xlpt_apply_options *want);
void xlpt_apply_dispose(struct xlpt_apply *a);
#define _cleanup_apply_ XLPT_CLEANUP(xlpt_apply_dispose)

/*
 * Does all of it. 0: this host is as the file says, or (check) would be. When entries are wrong or
 * refused, a->errors has one diagnosis for each, the code of the worst comes back, and nothing was
 * changed. For any other failure the code comes back and diag has it.
 */
int xlpt_apply_run(struct xlpt_apply *a, struct xlpt_diag *diag);

/*
 * Takes the lock that only one apply can have; before the locks of files that several commands
 * write. IN_USE when another apply has it too long.
 */
int xlpt_apply_lock(struct xlpt_env *env, struct xlpt_locks *locks, struct xlpt_diag *diag);
/* The mender of an apply that was cut short (mend.c). */
extern const struct xlpt_mender xlpt_mender_apply;

/* ---- find.c: which devices an entry means ---- */

/*
 * Fills e->devices with the functions that the entry means, and e->pin. NOT_FOUND, NO_DEVICE,
 * USAGE, SYNTAX, NOT_ENDPOINT for a bridge; then e->n is 0.
 */
int xlpt_apply_find(struct xlpt_apply *a, struct xlpt_entry *e, struct xlpt_diag *diag);
/*
 * The function as a pin describes it (core/pin.h), as text. NULL with NO_DEVICE in diag when this
 * host has no such function. Caller frees.
 */
char *xlpt_apply_identity(struct xlpt_apply *a, struct xlpt_bdf bdf, struct xlpt_diag *diag);

/* ---- coming.c: virtual functions that do not exist yet, and that this apply makes ---- */

/* This host has no such function, and a [vfs] of the file makes it. */
bool xlpt_apply_comes(const struct xlpt_apply *a, struct xlpt_bdf bdf);
/* The pin is a virtual function's, and a [vfs] makes one at its old address. */
bool xlpt_apply_pin_comes(const struct xlpt_apply *a, const struct xlpt_pin *pin);
/*
 * Fills the part that hides the functions of all [hide] sections that come, once they exist. op is the
 * part's own, and gets the locks of these addresses.
 */
int xlpt_apply_hide_coming(struct xlpt_apply *a, struct xlpt_op *op, struct xlpt_apply_part *part,
			   struct xlpt_diag *diag);
/*
 * hide.c: adds to op the devices of an entry that are not hidden yet: with coming those that do not
 * exist yet, without it all others.
 */
int xlpt_apply_hide_items(const struct xlpt_apply *a, const struct xlpt_entry *e,
			  struct xlpt_op *op, bool coming, struct xlpt_diag *diag);

/*
 * An entry means a device that had this address when apply last ran and has another one now: the
 * buses were numbered anew.
 */
bool xlpt_apply_moved(const struct xlpt_apply *a, const char *address);

/* ---- judging: each of these adds what is to be done to a, and what is wrong to a->errors ---- */

/* Looks for entries that contradict each other. All entries have found their devices. */
int xlpt_apply_together(struct xlpt_apply *a, struct xlpt_diag *diag);
/*
 * Called twice: without coming before the PFs of [vfs] are found, with coming after that, for the
 * pins of virtual functions that do not exist yet.
 */
int xlpt_apply_pins(struct xlpt_apply *a, bool coming, struct xlpt_diag *diag);
/*
 * Takes back pins that no entry names (--prune). After xlpt_apply_boot, because the list at boot
 * may need them.
 */
void xlpt_apply_prune_pins(struct xlpt_apply *a);
int xlpt_apply_vfs(struct xlpt_apply *a, struct xlpt_diag *diag);
int xlpt_apply_pools(struct xlpt_apply *a, struct xlpt_diag *diag);
int xlpt_apply_guard(struct xlpt_apply *a, struct xlpt_diag *diag);
int xlpt_apply_hide(struct xlpt_apply *a, struct xlpt_diag *diag);
int xlpt_apply_boot(struct xlpt_apply *a, struct xlpt_diag *diag);
/* Device i of the entry was in the list at boot before this apply. */
bool xlpt_apply_was_at_boot(const struct xlpt_apply *a, const struct xlpt_entry *e, size_t i);
int xlpt_apply_settings(struct xlpt_apply *a, struct xlpt_diag *diag);

/* ---- pieces (change.c) ---- */

/*
 * Adds a file that changes; takes was and want over (malloc'ed, NULL = no file). Returns NULL when
 * both are the same: then nothing changes. mode is for a file that is new. The pointer is valid
 * until the next file is added.
 */
struct xlpt_apply_file *xlpt_apply_file(struct xlpt_apply *a, const char *path, char *was,
					char *want, mode_t mode);
/*
 * Reads a file of xlpt's own; caller frees *out. *out is NULL when there is no such file. IO with
 * the cause when it cannot be read or is larger than 1 MiB.
 */
int xlpt_apply_read(struct xlpt_apply *a, const char *path, char **out, struct xlpt_diag *diag);
/*
 * Adds an empty part, which takes ctx over and frees it by dispose. The pointer is valid until the
 * next part is added.
 */
struct xlpt_apply_part *xlpt_apply_part(struct xlpt_apply *a, void *ctx, void (*dispose)(void *));
/* Notes that an entry names this ("boot" "0000:09:00.0"); made: and that this apply makes it. */
void xlpt_apply_claim(struct xlpt_apply *a, const char *what, const char *name, bool made);
/*
 * The next thing of this kind that an earlier apply made and no entry names any more; NULL at the
 * end, and always NULL without --prune. *i begins with 0. Call it when all entries of the kind
 * have claimed what they name (xlpt_apply_claim). The string belongs to a->before.
 */
const char *xlpt_apply_unclaimed(const struct xlpt_apply *a, const char *what, size_t *i);
/* Adds a line for the operator; one that is there already is not added again. */
void xlpt_apply_note(struct xlpt_apply *a, const char *fmt, ...) XLPT_PRINTF(2, 3);
/* Adds a command that the operator is to run afterwards, once. */
void xlpt_apply_command(struct xlpt_apply *a, const char *line);
/*
 * Says in words what the entry was and what it is now; takes both over. They differ: the entry
 * changes something.
 */
void xlpt_apply_told(struct xlpt_entry *e, char *was, char *is);

/* ---- export.c: this host as host.conf would say it ---- */

/* Prints the text. Applied to this host it changes nothing. */
int xlpt_apply_export(struct xlpt_env *env, struct xlpt_diag *diag);
void xlpt_apply_export_settings(struct xlpt_apply *a, struct xlpt_str *out);

/* ---- report.c ---- */

/* Prints what was done or would be done; diff: also the changed lines of each file. */
void xlpt_apply_report(const struct xlpt_apply *a, bool diff);
/*
 * Prints all errors as JSON; for people all but the error with index returned, which is the
 * command's own.
 */
void xlpt_apply_report_errors(struct xlpt_apply *a, size_t returned);

#endif
