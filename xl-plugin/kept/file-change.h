/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files that are changed together (boot-time hiding, the guard, vf persist): all of them or none, also
 * when xlpt is killed in between. The journal has every file's text before and after, so
 * that xlpt repair, or the next command of the same kind, finds out how far it came. When
 * all are as they shall be they stay; otherwise what was changed is put back.
 *
 * The journal ends with the boot. After a reboot in between the next command of the kind
 * starts from what it finds; no state in between hides a device that nobody named.
 */
#ifndef XLPT_FILE_CHANGE_H
#define XLPT_FILE_CHANGE_H

#include <sys/stat.h>

#include "xl-plugin/kept/mender.h"

enum xlpt_change_kind {
	XLPT_CHANGE_TEXT,
	XLPT_CHANGE_DROPIN, /* its folder goes with it, when nothing else is there */
	XLPT_CHANGE_LINK,   /* the texts are what the link says */
};

struct xlpt_change {
	enum xlpt_change_kind kind;
	const char *path;
	const char *was, *want; /* NULL = not there */
	mode_t mode;		/* of the file, when it is put back */
	const struct stat *st;	/* ... with this owner and mode; NULL = root and mode */
};

/* Before xlpt_change_run: one after the other for each file that changes. */
void xlpt_change_note(struct xlpt_journal *j, const struct xlpt_change *c);
/* A file that is written, whole, once all are changed, and also when repair finds that. */
void xlpt_change_note_after(struct xlpt_journal *j, const char *path, const char *text);

/*
 * Takes the lock of those files ("boot", "guard", "vf": see xlpt_lock_files) and mends what an
 * interrupted change of the same kind left.
 */
int xlpt_change_begin(struct xlpt_env *env, struct xlpt_locks *locks, const char *kind,
		      const char *what, struct xlpt_diag *diag);
/*
 * Runs the plan with its journal (xlpt_journal_init, an op of "KIND WORD"). An image
 * (--sysroot) has none: nobody's xlpt repair would look there.
 */
int xlpt_change_run(struct xlpt_env *env, struct xlpt_journal *j, const struct xlpt_plan *plan,
		    void *ctx, struct xlpt_diag *diag);

/*
 * One of them by itself, for an operation that has more to do than files: brings it to what it
 * shall be, or back to what it was. That it is so already is success.
 */
int xlpt_change_bring(struct xlpt_env *env, const struct xlpt_change *c, bool back,
		      struct xlpt_diag *diag);
/* What that operation's mender does with the files: all that its journal notes go back. */
int xlpt_change_take_back(struct xlpt_env *env, const struct xlpt_journal *j,
			  struct xlpt_diag *diag);

/* A journal of such changes. */
bool xlpt_change_is(const struct xlpt_journal *j);
extern const struct xlpt_mender xlpt_mender_files;

#endif
