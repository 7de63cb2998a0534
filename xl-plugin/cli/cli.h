/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commands and their options. A command file ends with its own record;
 * xl-plugin/commands.c has the list of them, and cli.c makes parsing, --help and
 * completion from the records alone.
 */
#ifndef XLPT_CLI_H
#define XLPT_CLI_H

#include "xl-plugin/cli/env.h"

struct xlpt_opt {
	const char *name;    /* long name */
	char letter;	     /* or 0 */
	const char *metavar; /* NULL = takes no argument */
	const char *help;
};

enum {
	XLPT_CMD_MODIFIES = 1 << 0, /* changes the system: not with --sysroot */
	XLPT_CMD_DRY_RUN = 1 << 1,  /* understands --dry-run */
	XLPT_CMD_HIDDEN = 1 << 2,   /* not listed */
	XLPT_CMD_TELLS = 1 << 3,    /* tells of interrupted operations itself */
	XLPT_CMD_FILES = 1 << 4,    /* works with files alone, and starts nothing */
	XLPT_CMD_WORDS = 1 << 5,    /* behind the first its arguments are another program's */
};

#define XLPT_ANY_ARGS ((size_t)-1)

struct xlpt_args {
	const struct xlpt_command *cmd;
	char ***values; /* per option of the command: its values, NULL = not given */
	char **pos;	/* what is not an option */
	size_t n;
	char **made; /* those of pos that are not the caller's, or NULL */
};

struct xlpt_command {
	const char *name;
	const char *synopsis; /* "GUEST SPEC..." */
	const char *help;     /* one line */
	const char *details;  /* further lines for --help, or NULL */
	unsigned flags;
	size_t min_args, max_args; /* XLPT_ANY_ARGS = no upper bound */
	/* The first argument is one of these, between blanks; NULL = it is no such word. */
	const char *verbs;
	size_t specs; /* from which argument on they are SPECs; 1 = the first, 0 = none */
	const struct xlpt_opt *opts; /* ends with a NULL name, or NULL */
	int (*run)(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag);
};

bool xlpt_args_has(const struct xlpt_args *args, const char *opt);
const char *xlpt_args_get(const struct xlpt_args *args, const char *opt); /* last one or NULL */
char **xlpt_args_all(const struct xlpt_args *args, const char *opt);	  /* or NULL */

/* Seconds given with an option as milliseconds; def when absent. */
int xlpt_args_seconds(const struct xlpt_args *args, const char *opt, int64_t def_ms, int64_t *ms,
		      struct xlpt_diag *diag);
/* An argument that must be an address. */
int xlpt_args_bdf(const char *text, struct xlpt_bdf *out, struct xlpt_diag *diag);

/* Words for the completion of the kinds of names that cli itself does not know ("pins", "pools"). */
struct xlpt_words {
	const char *what;
	/* Caller frees the list. */
	int (*names)(struct xlpt_env *env, char ***names, struct xlpt_diag *diag);
};

/* The commands of the help text that belong together: their names, between blanks. */
struct xlpt_group {
	const char *title, *commands;
};

/*
 * What the rooms above bring along: xl-plugin/commands.c fills it. All of it is there; lists end
 * with NULL.
 */
struct xlpt_program {
	const struct xlpt_command *const *commands;
	const struct xlpt_group *groups; /* ends with a NULL title */
	/* Says what else there is to know before a command runs; quiet: the command tells it itself. */
	void (*before)(struct xlpt_env *env, bool quiet);
	/* What was given where a BDF may stand: an address in any spelling, pin:NAME, an interface... */
	int (*device)(struct xlpt_env *env, const char *text, struct xlpt_bdf *out,
		      struct xlpt_diag *diag);
	const struct xlpt_words *words;
};

extern const struct xlpt_program xlpt_program;
extern const struct xlpt_command xlpt_cmd_complete;
/* Options every command takes. */
extern const struct xlpt_opt xlpt_common_opts[];

#endif
