/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rule that a guest with devices stays where it is (core/policy,
 * xlpt_policy_leave), put in the way of those who would break it: xl, libvirt's
 * daemon, and xendomains when the host goes down. Everything that is put in the
 * way is listed here as files that can be looked at, written and taken back.
 *
 * No file of a package is touched: a link ahead of xl in PATH, a drop-in of
 * systemd, and a marked block in two files that are the administrator's own.
 */
#ifndef XLPT_SENTRY_H
#define XLPT_SENTRY_H

#include <sys/stat.h>

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
	XLPT_SENTRY_WHOLE, /* a file that is xlpt's alone */
	XLPT_SENTRY_BLOCK, /* marked lines in a file of someone else's */
};

enum xlpt_sentry_state {
	XLPT_SENTRY_ABSENT,
	XLPT_SENTRY_CURRENT,
	XLPT_SENTRY_OTHER,   /* written by another xlpt, or for one in another place */
	XLPT_SENTRY_CHANGED, /* written by xlpt and changed by hand since */
	XLPT_SENTRY_FOREIGN, /* something stands there that xlpt did not write */
};

/* "not installed" "installed" "of another xlpt" "changed by hand" "not xlpt's" */
const char *xlpt_sentry_state_word(enum xlpt_sentry_state state);

struct xlpt_sentry_file {
	enum xlpt_sentry_part part;
	enum xlpt_sentry_kind kind;
	enum xlpt_sentry_state state;
	char *path;
	char *now;	/* the text (of a link: its target) as it is; NULL = nothing there */
	char *with;	/* as it is with the guard */
	char *without;	/* and without; NULL = no file */
	char *fact;	/* why it is as state says, or NULL */
	struct stat st; /* of a file that is there: mode and owner stay */
};

/* One PATH that someone on this host runs xl with. */
struct xlpt_sentry_way {
	char *who;   /* "root's login (ENV_SUPATH in /etc/login.defs)" */
	char *first; /* the xl it finds, or NULL */
	bool ours;
};

struct xlpt_sentry {
	char *program; /* PREFIX/lib/xlpt/guard/xl */
	bool program_there;
	char *real; /* the xl behind the guard, or NULL */
	struct xlpt_sentry_file *files;
	size_t n, alloc;
	struct xlpt_sentry_way *ways;
	size_t n_ways, alloc_ways;
	bool applies[XLPT_SENTRY_PARTS];
	const char *why_not[XLPT_SENTRY_PARTS]; /* when it does not */
	bool idle[XLPT_SENTRY_PARTS];		/* there, and something keeps it from working */
	char **notes;	 /* what an operator should know about how it stands */
	char **commands; /* to be run after a change of the parts libvirt and sleep */
};

void xlpt_sentry_dispose(struct xlpt_sentry *g);
#define _cleanup_sentry_ XLPT_CLEANUP(xlpt_sentry_dispose)

/*
 * Reads how everything stands; needs env's host. dir: where the link to xl
 * goes, NULL = /usr/local/sbin. XLPT_ERR_IO for a file that cannot be read.
 */
int xlpt_sentry_look(struct xlpt_env *env, const char *dir, struct xlpt_sentry *g,
		     struct xlpt_diag *diag);
/* Adds the notes: needs all of the above, and says what keeps a part from working. */
void xlpt_sentry_notes(struct xlpt_env *env, struct xlpt_sentry *g);

/* One of them; a second one of the same text is dropped. Takes text over. */
void xlpt_sentry_note(struct xlpt_sentry *g, char *text);

/*
 * How a part stands as a whole: the worst of its files. "in part" when they
 * differ, "not in effect" when something keeps them from working (libvirt's
 * daemon is looked at with the notes).
 */
const char *xlpt_sentry_part_state(const struct xlpt_sentry *g, enum xlpt_sentry_part part);

/* Before xlpt_sentry_look(), when its answer is to be acted on. */
int xlpt_op_guard_lock(struct xlpt_env *env, struct xlpt_locks *locks, struct xlpt_diag *diag);

/*
 * Brings the files of the chosen parts there, or takes them away: all or none
 * (core/plan). Refuses, before anything is touched, a file that is not xlpt's
 * (XLPT_ERR_CONFLICT) or, without force, one that was changed by hand. With
 * env->dry_run prints the steps. *changed: something was to be done.
 */
int xlpt_op_guard(struct xlpt_env *env, struct xlpt_sentry *g, const bool parts[XLPT_SENTRY_PARTS],
		  bool remove, bool force, bool *changed, struct xlpt_diag *diag);

/*
 * The first half of it, for who changes more than the guard: the files to be changed, in their
 * order, by index (caller frees); and one of them. The texts stay the sentry's.
 */
int xlpt_sentry_pick(const struct xlpt_sentry *g, const bool parts[XLPT_SENTRY_PARTS], bool remove,
		     bool force, size_t **out, size_t *n, struct xlpt_diag *diag);
struct xlpt_change xlpt_sentry_change_of(const struct xlpt_sentry_file *f, bool remove);

/* What a caller wants of install and remove. */
struct xlpt_sentry_options {
	const char *dir;    /* the folder for the link; NULL = the usual one */
	char *const *parts; /* their words; none: all that apply */
	size_t n;
	bool remove;
	bool force; /* also what was changed by hand */
};

/* change.c: all of it, under the lock of the guard, and told. */
int xlpt_sentry_change(struct xlpt_env *env, const struct xlpt_sentry_options *want,
		       struct xlpt_diag *diag);

/* ---- pieces (text.c, path.c) ---- */

/*
 * The text with a block at its end, and without it. A file that had no last
 * newline, or was not there, is marked as such in the block's first line, so
 * that taking it out gives back every byte. text NULL = no file. Caller frees.
 */
char *xlpt_sentry_block_add(const char *text, const char *body);
/*
 * 0 = no block, 1 = one, taken out into *without (NULL = the file was the
 * block's) and *body, -1 = not to be told where it ends.
 */
int xlpt_sentry_block_split(const char *text, char **without, char **body, bool *same_version);

/* What the files say, for a guard's program in folder dir; only one needs a word. Caller frees. */
typedef char *xlpt_sentry_text(const char *dir, const char *word);
xlpt_sentry_text xlpt_sentry_dropin_text, xlpt_sentry_apparmor_body, xlpt_sentry_xendomains_body;
/* word: the command that lets the host sleep, as its unit has it. */
xlpt_sentry_text xlpt_sentry_sleep_text;
/* The folder an older text names, to tell "of another place" from "changed". Or NULL. */
char *xlpt_sentry_dir_in(const char *text);

/* ---- the files (look.c, look-sleep.c) ---- */

/* A file of ours alone; path is taken over. */
int xlpt_sentry_look_whole(struct xlpt_env *env, struct xlpt_sentry *g, enum xlpt_sentry_part part,
			   char *path, xlpt_sentry_text *make, const char *dir, const char *word,
			   struct xlpt_diag *diag);
/* Drop-ins of the units by which systemd lets this host sleep. */
int xlpt_sentry_look_sleep(struct xlpt_env *env, struct xlpt_sentry *g, const char *dir,
			   struct xlpt_diag *diag);
/* Once: a command that is there already is dropped. Takes text over. */
void xlpt_sentry_command(struct xlpt_sentry *g, char *text);

/* ---- whether it works (daemon.c) ---- */

/* Notes each of libvirt's daemons that runs without the guard it should have, or the reverse. */
void xlpt_sentry_daemons(struct xlpt_env *env, struct xlpt_sentry *g, bool installed);
/* The program of a process without its folder, or NULL: what it cannot choose. Caller frees. */
char *xlpt_sentry_program_of(struct xlpt_host *h, const char *pid);
/* Finds lines behind the block for xendomains that undo it. dir: the program's folder. */
void xlpt_sentry_lines(struct xlpt_sentry *g, const char *dir);
/* Letters, digits, "/._+-" and what is beyond ASCII: the same to a shell, systemd and AppArmor. */
bool xlpt_sentry_plain_path(const char *path);
/* XLPT_ERR_CONFLICT when the files of these parts cannot name the guard's program. */
int xlpt_sentry_judge_path(const struct xlpt_sentry *g, const bool parts[XLPT_SENTRY_PARTS],
			   struct xlpt_diag *diag);

/* ---- where xl is (path.c) ---- */

bool xlpt_sentry_is_program(struct xlpt_host *h, const char *path);
/* The text of a link, when it leads to a guard's program of any prefix; else NULL. */
char *xlpt_sentry_link(struct xlpt_host *h, const char *path);
/* Whole text of a regular file, no link; 0 or as xlpt_file_open, -EINVAL for NULs. */
int xlpt_sentry_slurp(struct xlpt_host *h, const char *path, char **out, struct stat *st);
/* Fills g->ways and g->real, and lists all links of ours that PATHs lead to. Caller frees. */
char **xlpt_sentry_ways(struct xlpt_env *env, struct xlpt_sentry *g);

#endif
