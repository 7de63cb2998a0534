/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guard. It puts the rule that a guest with devices stays where it is (core/policy,
 * xlpt_policy_leave) in the way of those who would break it: xl, libvirt's daemon, xendomains when
 * the host goes down, and systemd when the host is to sleep. Everything that it installs is listed
 * here as files that can be looked at, written and removed again.
 *
 * It changes no file of a package. It installs a link before xl in PATH, drop-ins of systemd, and
 * a marked block in two files that belong to the administrator.
 */
#ifndef XLPT_SENTRY_H
#define XLPT_SENTRY_H

#include <sys/stat.h>

#include "core/file.h"
#include "xl-plugin/cli/env.h"
#include "xl-plugin/kept/file-change.h"
#include "xl-plugin/kept/journal.h"

enum xlpt_sentry_part {
	XLPT_SENTRY_XL,
	XLPT_SENTRY_LIBVIRT,
	XLPT_SENTRY_XENDOMAINS,
	XLPT_SENTRY_SLEEP,
	XLPT_SENTRY_PARTS,
};

/* "xl" "libvirt" "xendomains" "sleep" */
const char *xlpt_sentry_part_word(enum xlpt_sentry_part part);

enum xlpt_sentry_kind {
	XLPT_SENTRY_LINK,  /* a link to the guard's program */
	XLPT_SENTRY_WHOLE, /* a file that belongs to xlpt alone */
	XLPT_SENTRY_BLOCK, /* marked lines in a file that belongs to somebody else */
};

enum xlpt_sentry_state {
	XLPT_SENTRY_ABSENT,
	XLPT_SENTRY_CURRENT,
	XLPT_SENTRY_OTHER,   /* written by another version of xlpt, or for one in another place */
	XLPT_SENTRY_CHANGED, /* written by xlpt, and changed by hand since */
	XLPT_SENTRY_FOREIGN, /* something is there that xlpt did not write */
};

/*
 * The word for people: "not installed", "installed", "of another xlpt", "changed by hand", "not
 * xlpt's".
 */
const char *xlpt_sentry_state_word(enum xlpt_sentry_state state);

/* Owns all its strings. */
struct xlpt_sentry_file {
	enum xlpt_sentry_part part;
	enum xlpt_sentry_kind kind;
	enum xlpt_sentry_state state;
	char *path;
	char *now;     /* its text now (of a link: its target); NULL = it is not there */
	char *with;    /* its text with the guard */
	char *without; /* its text without the guard; NULL = no file */
	char *fact;    /* why its state is what it is, or NULL */
	enum xlpt_file_exposed exposed; /* of a link: who else could put a program in its place */
};

/* A PATH by which somebody on this host runs xl. */
struct xlpt_sentry_way {
	char *who;   /* "root's login (ENV_SUPATH in /etc/login.defs)" */
	char *first; /* the first xl in it, or NULL */
	bool ours;   /* ... and that is the guard */
};

struct xlpt_sentry {
	char *program; /* PREFIX/lib/xlpt/guard/xl, the guard's program */
	bool program_there;
	char *program_fact; /* why another user could exchange it, or NULL */
	char *real;	    /* the xl that the guard runs, or NULL */
	struct xlpt_sentry_file *files;
	size_t n, alloc;
	struct xlpt_sentry_way *ways;
	size_t n_ways, alloc_ways;
	bool applies[XLPT_SENTRY_PARTS];	/* the part makes sense on this host */
	const char *why_not[XLPT_SENTRY_PARTS]; /* the reason, when it does not; not owned */
	bool idle[XLPT_SENTRY_PARTS]; /* it is installed, and something keeps it from working */
	char **notes;		      /* what an operator should know */
	char **commands;	      /* to be run when the parts libvirt or sleep have changed */
};

void xlpt_sentry_dispose(struct xlpt_sentry *g);
#define _cleanup_sentry_ XLPT_CLEANUP(xlpt_sentry_dispose)

/*
 * Reads the state of everything into *g; needs env's host. dir: the folder in which the link to xl
 * goes, NULL = /usr/local/sbin. IO when a file cannot be read.
 */
int xlpt_sentry_look(struct xlpt_env *env, const char *dir, struct xlpt_sentry *g,
		     struct xlpt_diag *diag);
/* Adds the notes and says what keeps a part from working. Call it after xlpt_sentry_look. */
void xlpt_sentry_notes(struct xlpt_env *env, struct xlpt_sentry *g);

/* Adds a note and takes text over. A note that is there already is not added again. */
void xlpt_sentry_note(struct xlpt_sentry *g, char *text);

/*
 * The state of a part as a whole, in words: that of the worst of its files, "in part" when they
 * differ, "not in effect" when something keeps them from working (about libvirt's daemon that is
 * known only after xlpt_sentry_notes). Not owned.
 */
const char *xlpt_sentry_part_state(const struct xlpt_sentry *g, enum xlpt_sentry_part part);

/*
 * Takes the guard's lock and mends what an interrupted install or remove left. Call it before
 * xlpt_sentry_look when its answer is to be acted on.
 */
int xlpt_op_guard_lock(struct xlpt_env *env, struct xlpt_locks *locks, struct xlpt_diag *diag);

/*
 * Installs or removes the files of the chosen parts: all or none (core/plan.h). CONFLICT before
 * anything is touched for a file that is not xlpt's or, without force, was changed by hand. With
 * env->dry_run the steps are printed. *changed: there was something to do.
 */
int xlpt_op_guard(struct xlpt_env *env, struct xlpt_sentry *g, const bool parts[XLPT_SENTRY_PARTS],
		  bool remove, bool force, bool *changed, struct xlpt_diag *diag);

/*
 * The first half of that, for an operation that changes more than the guard. xlpt_sentry_pick: the
 * indexes of the files to change, in the order in which to change them; caller frees.
 * xlpt_sentry_change_of: that change of one file; its texts belong to g.
 */
int xlpt_sentry_pick(const struct xlpt_sentry *g, const bool parts[XLPT_SENTRY_PARTS], bool remove,
		     bool force, size_t **out, size_t *n, struct xlpt_diag *diag);
struct xlpt_change xlpt_sentry_change_of(const struct xlpt_sentry_file *f, bool remove);

/* What a caller wants of install and remove. */
struct xlpt_sentry_options {
	const char *dir;    /* folder for the link; NULL = the usual one */
	char *const *parts; /* words of the parts; none (n 0) = all that apply */
	size_t n;
	bool remove;
	bool force; /* also change what was changed by hand */
};

/* Does all of guard install or remove under the guard's lock, and prints the result (change.c). */
int xlpt_sentry_change(struct xlpt_env *env, const struct xlpt_sentry_options *want,
		       struct xlpt_diag *diag);

/* ---- pieces (text.c, path.c) ---- */

/*
 * text with a block at its end. text NULL = no file. When the file had no last newline, or was not
 * there, the block's first line says so, so that removing the block restores every byte. Caller
 * frees.
 */
char *xlpt_sentry_block_add(const char *text, const char *body);
/*
 * Removes the block. 0: there is none. 1: *without is the text without it (NULL = the file was the
 * block's alone) and *body the block's text; the caller frees both. *same_version: this xlpt wrote
 * it. -1: nobody can tell where the block ends.
 */
int xlpt_sentry_block_split(const char *text, char **without, char **body, bool *same_version);

/*
 * Makes the text of a file for the guard's program in folder dir. Only xlpt_sentry_sleep_text uses
 * word. Caller frees.
 */
typedef char *xlpt_sentry_text(const char *dir, const char *word);
xlpt_sentry_text xlpt_sentry_dropin_text, xlpt_sentry_apparmor_body, xlpt_sentry_xendomains_body;
/* word: the command by which the host sleeps, as its unit has it. */
xlpt_sentry_text xlpt_sentry_sleep_text;
/*
 * The guard's folder that a text names, or NULL. It tells "of another xlpt" from "changed by
 * hand". Caller frees.
 */
char *xlpt_sentry_dir_in(const char *text);

/* ---- the files (look.c, look-sleep.c) ---- */

/*
 * Adds a file that belongs to xlpt alone, and its state, to g; takes path over. make makes the
 * text that it should have.
 */
int xlpt_sentry_look_whole(struct xlpt_env *env, struct xlpt_sentry *g, enum xlpt_sentry_part part,
			   char *path, xlpt_sentry_text *make, const char *dir, const char *word,
			   struct xlpt_diag *diag);
/* Adds the drop-ins of the units by which systemd lets this host sleep. */
int xlpt_sentry_look_sleep(struct xlpt_env *env, struct xlpt_sentry *g, const char *dir,
			   struct xlpt_diag *diag);
/* Adds a command and takes text over. One that is there already is not added again. */
void xlpt_sentry_command(struct xlpt_sentry *g, char *text);

/* ---- whether it works (daemon.c) ---- */

/*
 * Adds a note for each daemon of libvirt's that runs without the guard although it is installed,
 * or with it although it is not.
 */
void xlpt_sentry_daemons(struct xlpt_env *env, struct xlpt_sentry *g, bool installed);
/*
 * The name of the program that a process runs, without its folder (/proc/PID/exe, which the
 * process cannot choose), or NULL. Caller frees.
 */
char *xlpt_sentry_program_of(struct xlpt_host *h, const char *pid);
/*
 * Notes lines behind the block for xendomains that undo it. dir: the folder of the guard's
 * program.
 */
void xlpt_sentry_lines(struct xlpt_sentry *g, const char *dir);
/*
 * The path means the same to a shell, to systemd and to AppArmor: letters, digits, "/._+-" and
 * bytes beyond ASCII.
 */
bool xlpt_sentry_plain_path(const char *path);
/*
 * CONFLICT when the files of these parts could not name the guard's program, because of its path.
 */
int xlpt_sentry_judge_path(const struct xlpt_sentry *g, const bool parts[XLPT_SENTRY_PARTS],
			   struct xlpt_diag *diag);

/* ---- where xl is (path.c) ---- */

/* path is a regular file, or leads to one, that may be run. */
bool xlpt_sentry_is_program(struct xlpt_host *h, const char *path);
/*
 * The target of the link path when it ends in /lib/xlpt/guard/xl, whatever the prefix; else NULL.
 * Caller frees.
 */
char *xlpt_sentry_link(struct xlpt_host *h, const char *path);
/*
 * Whether another user could put a program in the place of a link, or could once the link is away (of
 * folders that are missing, the one that is there counts): f->exposed, and its fact or, of a group, a
 * note of g.
 */
void xlpt_sentry_look_place(struct xlpt_host *h, struct xlpt_sentry *g, struct xlpt_sentry_file *f);
/* The same of any file, without a look at groups: why, or NULL. Caller frees. */
char *xlpt_sentry_open_to_others(struct xlpt_host *h, const char *path);
/*
 * Reads a regular file whole; a link is not followed. 0, a negative errno as xlpt_file_open,
 * -EFBIG above 256 KiB, -EINVAL when the file has a NUL. Caller frees *out.
 */
int xlpt_sentry_slurp(struct xlpt_host *h, const char *path, char **out);
/*
 * Fills g->ways and g->real, and returns the paths of all links to the guard in those PATHs.
 * Caller frees with xlpt_strv_free.
 */
char **xlpt_sentry_ways(struct xlpt_env *env, struct xlpt_sentry *g);

#endif
