/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The record of an operation under way, one file below /run/xlpt/journal for
 * each, written before every step and removed at the end. The file stays locked
 * (flock) while its xlpt lives; a file that can be locked was left by one that
 * was killed, whatever the process ids say.
 */
#ifndef XLPT_JOURNAL_H
#define XLPT_JOURNAL_H

#include "core/guest.h"
#include "core/plan.h"
#include "xl-plugin/cli/env.h"

#define XLPT_JOURNAL_DIR   XLPT_STATE_DIR "/journal"
#define XLPT_JOURNAL_FIRST "xlpt 1" /* line of the file */

struct xlpt_journal_dev {
	struct xlpt_bdf bdf;
	bool hide; /* the operation hides it first (attach, hide) or unhides it last (detach) */
	bool origin_known;
	char *origin;	/* driver it came from; "" = had none */
	char *spec;	/* as the configuration is to have it; NULL = not to be changed */
	char *identity; /* vf-*: what the VF had, as vf.c writes it; or NULL */
};

struct xlpt_journal {
	int fd;
	char *path;
	char *op; /* "attach" "detach" "hide" "unhide" "save" "restore" "migrate" "vf-set" ... */
	struct xlpt_guest guest; /* attach, detach: domid, uuid, name */
	struct xlpt_journal_dev *devs;
	size_t n, alloc;
	char *config;		  /* --config: the guest's configuration file, or NULL */
	char *last;		  /* sentence of the last step begun, or NULL */
	char **notes;		  /* "key value", NULL-terminated, or NULL */
	char first[XLPT_BDF_LEN]; /* for xlpt_journal_subject */
	bool undoing;		  /* it failed or was stopped, and was being taken back */
	/* of this process, not of the file: who mends it was told to take devices by force */
	bool by_force;
};

void xlpt_journal_dispose(struct xlpt_journal *j); /* closes; does not remove the file */
#define _cleanup_journal_ XLPT_CLEANUP(xlpt_journal_dispose)

void xlpt_journal_init(struct xlpt_journal *j, const char *op, const struct xlpt_guest *guest);
void xlpt_journal_add(struct xlpt_journal *j, struct xlpt_bdf bdf, bool hide, const char *origin);
/* The operation also changes that configuration file, for the devices that have a spec. */
void xlpt_journal_config(struct xlpt_journal *j, const char *path);

/*
 * What else a repair has to know, as "key value" in one line; before begin, or
 * later, when it goes into the file at once. get: the nth (from 0) value of a
 * key, or NULL.
 */
int xlpt_journal_note(struct xlpt_journal *j, const char *note, struct xlpt_diag *diag);
const char *xlpt_journal_get(const struct xlpt_journal *j, const char *key, size_t nth);
/* What it is about, for messages: its first device, or the first of its files. */
const char *xlpt_journal_subject(struct xlpt_journal *j);
/* A save, restore or migration: more than its devices has to be looked at (op-leave-repair.c). */
bool xlpt_journal_moves(const struct xlpt_journal *j);

/*
 * What begin writes, and back: an operation that consists of others notes each of them so, and its
 * mender gives it to theirs. text is taken apart; false when it is no journal. Caller frees.
 */
char *xlpt_journal_format(const struct xlpt_journal *j);
bool xlpt_journal_parse(struct xlpt_journal *j, char *text);

/* Creates the file, locks it and writes the head. */
int xlpt_journal_begin(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag);
/* For xlpt_plan_run; priv is the struct xlpt_journal. */
struct xlpt_plan_observer xlpt_journal_observer(struct xlpt_journal *j);
/*
 * Runs a plan whose journal is begun: each step is told with -v and written before and after. With an
 * outer operation j is that one's.
 */
int xlpt_journal_run(struct xlpt_env *env, struct xlpt_journal *j, const struct xlpt_plan *plan,
		     void *ctx, struct xlpt_diag *diag);
/* The operation ended, one way or the other, with nothing left: removes the file. */
void xlpt_journal_end(struct xlpt_env *env, struct xlpt_journal *j);

/*
 * Interrupted operations: those whose process is gone. Only looked at, so that
 * readers do not stand in each other's way; caller disposes of each and frees
 * the array. A file that cannot be read is reported by a warning.
 */
int xlpt_journal_interrupted(struct xlpt_env *env, struct xlpt_journal **out, size_t *n,
			     struct xlpt_diag *diag);
/* The same, and those beside them whose process still writes them. */
int xlpt_journal_left(struct xlpt_env *env, struct xlpt_journal **out, size_t *n,
		      struct xlpt_journal **running, size_t *n_running, struct xlpt_diag *diag);
/*
 * Takes one of them over, once the locks of its guest and devices are held: 1 it
 * is ours until disposed of, 0 somebody else has mended it meanwhile.
 */
int xlpt_journal_adopt(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag);
/* Tells on err what was interrupted; quiet = say nothing (repair and status tell it themselves). */
void xlpt_journal_warn(struct xlpt_env *env, bool quiet);

#endif
