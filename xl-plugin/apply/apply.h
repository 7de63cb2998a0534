/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes this host what host.conf says. All entries are read, found and judged before the first is
 * done. What is to be done is a list of files with their texts before and after, and parts: plans
 * of other rooms (hide, VFs). One journal has all of it; a failure, and repair, take all of it back.
 *
 * Under locks: of apply itself and the files first, then devices and PFs, the pools last.
 */
#ifndef XLPT_APPLY_H
#define XLPT_APPLY_H

#include "xl-plugin/apply/host-conf.h"
#include "xl-plugin/apply/record.h"
#include "xl-plugin/boot/boot.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/kept/file-change.h"

struct xlpt_apply_options {
	const char *file; /* NULL = those of this host */
	bool check;	  /* judge, and do nothing */
	bool prune;	  /* take back what an earlier apply made and no entry names any more */
};

/* One file that changes; the texts are its own. */
struct xlpt_apply_file {
	struct xlpt_change change;
	char *path, *was, *want;
	struct stat st; /* what is there keeps this owner and mode ... */
	bool has_st;	/* ... when it is known */
	bool backup;	/* the old text is kept, as boot write keeps it */
};

/* What is no file: a plan of another room, and the journal by which that room mends it. */
struct xlpt_apply_part {
	struct xlpt_plan plan;
	struct xlpt_journal journal;
	void *ctx; /* of the plan's steps */
	void (*dispose)(void *ctx);
	struct xlpt_op *op; /* of hide and unhide, that is ctx */
	bool done;
};

struct xlpt_apply {
	struct xlpt_env *env;
	const struct xlpt_apply_options *want;
	struct xlpt_host_conf conf;
	struct xlpt_errors errors;
	struct xlpt_applied before, after; /* what is remembered */
	struct xlpt_devices devices;	   /* with capabilities */
	struct xlpt_locks locks;
	struct xlpt_apply_file *files;
	size_t n_files, alloc_files;
	struct xlpt_apply_part *parts;
	size_t n_parts, alloc_parts;
	struct xlpt_boot_pin *pins; /* that are to be made */
	size_t n_pins, alloc_pins;
	struct xlpt_boot_plan boot;
	bool has_boot;
	char **named;		  /* what entries name, as record.h has it: "boot 0000:09:00.0" */
	char **notes, **commands; /* what else there is to know; to be run afterwards */
	char **pruned;		  /* what is taken back, in words */
	bool changed, reboot_required;
	struct xlpt_journal journal;
};

void xlpt_apply_init(struct xlpt_apply *a, struct xlpt_env *env,
		     const struct xlpt_apply_options *want);
void xlpt_apply_dispose(struct xlpt_apply *a);
#define _cleanup_apply_ XLPT_CLEANUP(xlpt_apply_dispose)

/*
 * All of it. With errors in a->errors the code of the worst comes back, and nothing was changed;
 * any other failure is in diag.
 */
int xlpt_apply_run(struct xlpt_apply *a, struct xlpt_diag *diag);

/* Nobody else applies; taken before the locks of files that several commands write. */
int xlpt_apply_lock(struct xlpt_env *env, struct xlpt_locks *locks, struct xlpt_diag *diag);
/* mend.c */
extern const struct xlpt_mender xlpt_mender_apply;

/* ---- find.c: which devices an entry means ---- */

int xlpt_apply_find(struct xlpt_apply *a, struct xlpt_entry *e, struct xlpt_diag *diag);
/* The function as a pin has it. NULL: it is not there. Caller frees. */
char *xlpt_apply_identity(struct xlpt_apply *a, struct xlpt_bdf bdf, struct xlpt_diag *diag);

/* Was the address of a device that an entry means, and is no more: buses were numbered anew. */
bool xlpt_apply_moved(const struct xlpt_apply *a, const char *address);

/* ---- judging: each adds what is to be done, and what is wrong to a->errors ---- */

/* Entries that contradict each other; all have found their devices. */
int xlpt_apply_together(struct xlpt_apply *a, struct xlpt_diag *diag);
int xlpt_apply_pins(struct xlpt_apply *a, struct xlpt_diag *diag);
/* After the list at boot, which may have had them. */
void xlpt_apply_prune_pins(struct xlpt_apply *a);
int xlpt_apply_vfs(struct xlpt_apply *a, struct xlpt_diag *diag);
int xlpt_apply_pools(struct xlpt_apply *a, struct xlpt_diag *diag);
int xlpt_apply_guard(struct xlpt_apply *a, struct xlpt_diag *diag);
int xlpt_apply_hide(struct xlpt_apply *a, struct xlpt_diag *diag);
int xlpt_apply_boot(struct xlpt_apply *a, struct xlpt_diag *diag);
/* Device i of the entry stands in the list of before. */
bool xlpt_apply_was_at_boot(const struct xlpt_apply *a, const struct xlpt_entry *e, size_t i);
int xlpt_apply_settings(struct xlpt_apply *a, struct xlpt_diag *diag);

/* ---- pieces (change.c) ---- */

/* Both texts are taken over; nothing when they are the same. mode: of a new file. */
struct xlpt_apply_file *xlpt_apply_file(struct xlpt_apply *a, const char *path, char *was,
					char *want, mode_t mode);
/* The text of a file of ours; NULL when it is not there. */
int xlpt_apply_read(struct xlpt_apply *a, const char *path, char **out, struct xlpt_diag *diag);
struct xlpt_apply_part *xlpt_apply_part(struct xlpt_apply *a, void *ctx, void (*dispose)(void *));
/* An entry names it; made: and this apply makes it. */
void xlpt_apply_claim(struct xlpt_apply *a, const char *what, const char *name, bool made);
/*
 * The next of what an earlier apply made, no entry names any more, and --prune takes back; NULL at
 * the end. i begins with 0. All entries of its kind have claimed what they name.
 */
const char *xlpt_apply_unclaimed(const struct xlpt_apply *a, const char *what, size_t *i);
void xlpt_apply_note(struct xlpt_apply *a, const char *fmt, ...) XLPT_PRINTF(2, 3);
void xlpt_apply_command(struct xlpt_apply *a, const char *line);
/* What the entry was and is; both are taken over. */
void xlpt_apply_told(struct xlpt_entry *e, char *was, char *is);

/* ---- export.c: this host as host.conf would say it ---- */

int xlpt_apply_export(struct xlpt_env *env, struct xlpt_diag *diag);
void xlpt_apply_export_settings(struct xlpt_apply *a, struct xlpt_str *out);

/* ---- report.c ---- */

void xlpt_apply_report(const struct xlpt_apply *a, bool diff);
/* As JSON; for people all but the one that the command returns. */
void xlpt_apply_report_errors(struct xlpt_apply *a, size_t returned);

#endif
