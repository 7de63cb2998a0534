/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files that are changed together (boot-time hiding, the guard, vf persist): all of them or none,
 * also when xlpt is killed in between. The journal has the text of every file before and after, so
 * that xlpt repair, or the next command of the same kind, sees how far it came. When all files are
 * as wanted they stay; otherwise those that were changed are put back.
 *
 * The journal ends with the boot. When the host restarts in between, the next command of the same
 * kind starts from what it finds; no state in between hides a device that nobody named.
 */
#ifndef XLPT_FILE_CHANGE_H
#define XLPT_FILE_CHANGE_H

#include <sys/types.h>

#include "xl-plugin/kept/mender.h"

enum xlpt_change_kind {
	XLPT_CHANGE_TEXT,   /* a file; its folder stays */
	XLPT_CHANGE_DROPIN, /* a file whose folder is removed with it when nothing else is in it */
	XLPT_CHANGE_LINK,   /* a symbolic link; was and want are what it says */
};

/* Nothing in it is owned. */
struct xlpt_change {
	enum xlpt_change_kind kind;
	const char *path;
	const char *was, *want; /* the text before and after; NULL = not there */
	mode_t mode;		/* of the file when it is written, which is root's */
	bool keep;		/* ... but one that is there keeps owner, mode and access list */
};

/*
 * Notes one change in the journal, with whose the file is and who may do what with it: undo and repair give
 * that back, access list included. Call it for each file, in order, before xlpt_change_run.
 */
void xlpt_change_note(struct xlpt_env *env, struct xlpt_journal *j, const struct xlpt_change *c);
/*
 * Notes a file that is written, whole, when all changes are made; repair writes it, too, when it
 * finds that they are.
 */
void xlpt_change_note_after(struct xlpt_journal *j, const char *path, const char *text);

/*
 * Takes the lock of these files (kind: "boot", "guard" or "vf"; see xlpt_lock_files) and mends
 * what an interrupted change of the same kind left. what: the files, in words for messages.
 */
int xlpt_change_begin(struct xlpt_env *env, struct xlpt_locks *locks, const char *kind,
		      const char *what, struct xlpt_diag *diag);
/*
 * Runs the plan with its journal, which xlpt_journal_init made with an op of "KIND WORD". Below
 * --sysroot there is no journal, because no xlpt repair would look there.
 */
int xlpt_change_run(struct xlpt_env *env, struct xlpt_journal *j, const struct xlpt_plan *plan,
		    void *ctx, struct xlpt_diag *diag);

/* One file, to want, for a step of the plan; 0 when it is so already. */
int xlpt_change_bring(struct xlpt_env *env, const struct xlpt_change *c, struct xlpt_diag *diag);
/* Back to was, and to the rights that are noted in j. */
int xlpt_change_undo(struct xlpt_env *env, const struct xlpt_journal *j,
		     const struct xlpt_change *c, struct xlpt_diag *diag);
/* For the mender of an operation that changes more than files: puts all back that its journal notes. */
int xlpt_change_take_back(struct xlpt_env *env, const struct xlpt_journal *j,
			  struct xlpt_diag *diag);

/* The journal is one of such changes. */
bool xlpt_change_is(const struct xlpt_journal *j);
extern const struct xlpt_mender xlpt_mender_files;

#endif
