/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The journal: the record of an operation under way, one file for each below /run/xlpt/journal. It
 * is written before every step and removed at the end. The xlpt that writes it holds the file
 * locked (flock) as long as it lives. So a file that can be locked was left by an xlpt that was
 * killed, whatever the process ids say.
 */
#ifndef XLPT_JOURNAL_H
#define XLPT_JOURNAL_H

#include "core/guest.h"
#include "core/plan.h"
#include "xl-plugin/cli/env.h"

#define XLPT_JOURNAL_DIR   XLPT_STATE_DIR "/journal"
#define XLPT_JOURNAL_FIRST "xlpt 1" /* first line of the file */

struct xlpt_journal_dev {
	struct xlpt_bdf bdf;
	/* the operation takes it from dom0 first (attach, hide), or gives it back last */
	bool hide;
	bool origin_known;
	char *origin; /* driver that it came from; "" = it had none */
	char *spec;   /* how the guest's configuration is to name it; NULL = it is not to */
	/* operations on VFs: what the VF had, as hotplug/loan.c writes it; or NULL */
	char *identity;
};

struct xlpt_journal {
	int fd; /* open and locked, or -1 */
	char *path;
	char *op; /* "attach" "detach" "hide" "unhide" "save" "restore" "migrate" "vf-set" ... */
	/* attach, detach and the like: domid, uuid, name; name NULL = no guest */
	struct xlpt_guest guest;
	struct xlpt_journal_dev *devs;
	size_t n, alloc;
	char *config;		  /* --config: the guest's configuration file, or NULL */
	char *last;		  /* sentence of the last step that was begun, or NULL */
	char **notes;		  /* "key value", NULL-terminated, or NULL */
	char first[XLPT_BDF_LEN]; /* buffer of xlpt_journal_subject */
	bool undoing;		  /* it failed or was stopped, and was being undone */
	/* not in the file: whoever mends it was told to take devices by force */
	bool by_force;
};

void xlpt_journal_dispose(struct xlpt_journal *j); /* closes the file and does not remove it */
#define _cleanup_journal_ XLPT_CLEANUP(xlpt_journal_dispose)

/* Fills *j; the guest (NULL = none) is copied. */
void xlpt_journal_init(struct xlpt_journal *j, const char *op, const struct xlpt_guest *guest);
/* Adds a device. origin: driver that it came from, "" = none, NULL = not known. */
void xlpt_journal_add(struct xlpt_journal *j, struct xlpt_bdf bdf, bool hide, const char *origin);
/* The operation also changes this configuration file, for the devices that have a spec. */
void xlpt_journal_config(struct xlpt_journal *j, const char *path);

/*
 * note adds a line "key value" that repair needs; a journal that is begun has it in its file when
 * 0 comes back. get returns the nth value (from 0) of a key, or NULL; it belongs to j.
 */
int xlpt_journal_note(struct xlpt_journal *j, const char *note, struct xlpt_diag *diag);
const char *xlpt_journal_get(const struct xlpt_journal *j, const char *key, size_t nth);
/*
 * What the journal is about, for messages: its first device, else the first of its files, else
 * "nothing". Belongs to j.
 */
const char *xlpt_journal_subject(struct xlpt_journal *j);
/*
 * It is a save, restore, migration or sleep: its mender looks at more than the devices
 * (leave/mend.c).
 */
bool xlpt_journal_moves(const struct xlpt_journal *j);

/*
 * The text that begin writes, and back. An operation that consists of others notes each of them as
 * such a text, and its mender gives each to the mender of that kind. Caller frees the text. parse
 * changes text; false when it is no journal.
 */
char *xlpt_journal_format(const struct xlpt_journal *j);
bool xlpt_journal_parse(struct xlpt_journal *j, char *text);

/* Creates the file, locks it and writes what is known so far. IO. */
int xlpt_journal_begin(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag);
/* The observer that writes each step into the journal (core/plan.h). j must outlive it. */
struct xlpt_plan_observer xlpt_journal_observer(struct xlpt_journal *j);
/*
 * Runs a plan whose journal is begun: each step is written before and after it, and told with -v.
 * Within an outer operation, j is the journal of that one.
 */
int xlpt_journal_run(struct xlpt_env *env, struct xlpt_journal *j, const struct xlpt_plan *plan,
		     void *ctx, struct xlpt_diag *diag);
/* Ends the operation: removes the file. Call it when nothing was left half-done. */
void xlpt_journal_end(struct xlpt_env *env, struct xlpt_journal *j);

/*
 * Lists the interrupted operations: those whose process is gone. They are only looked at; the lock
 * for that is shared, so that readers do not hinder each other. The caller disposes of each and
 * frees the array. A file that cannot be read is warned of.
 */
int xlpt_journal_interrupted(struct xlpt_env *env, struct xlpt_journal **out, size_t *n,
			     struct xlpt_diag *diag);
/* The paths of those that cannot be read, NULL-terminated, or NULL. The caller frees them. */
void xlpt_journal_unreadable(struct xlpt_env *env, char ***paths);
/* As interrupted, and in *running those whose process still writes them. */
int xlpt_journal_left(struct xlpt_env *env, struct xlpt_journal **out, size_t *n,
		      struct xlpt_journal **running, size_t *n_running, struct xlpt_diag *diag);
/*
 * Takes over one of them. The caller has the locks of its guest and devices. 1: it is ours until
 * it is disposed of. 0: somebody else has mended it in the meantime. IN_USE when a process holds
 * it.
 */
int xlpt_journal_adopt(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag);
/*
 * Warns of each interrupted operation. quiet: does nothing, because repair and status list them
 * themselves.
 */
void xlpt_journal_warn(struct xlpt_env *env, bool quiet);

#endif
