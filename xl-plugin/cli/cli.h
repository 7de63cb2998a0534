/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commands and their options. A command file ends with its own record; cli.c
 * holds the bare list of them, and makes parsing, --help and completion from
 * the records alone.
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
};

#define XLPT_ANY_ARGS ((size_t)-1)

struct xlpt_args {
	const struct xlpt_command *cmd;
	char ***values; /* per option of the command: its values, NULL = not given */
	char **pos;	/* what is not an option */
	size_t n;
};

struct xlpt_command {
	const char *name;
	const char *synopsis; /* "GUEST SPEC..." */
	const char *help;     /* one line */
	const char *details;  /* further lines for --help, or NULL */
	unsigned flags;
	size_t min_args, max_args;   /* XLPT_ANY_ARGS = no upper bound */
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

extern const struct xlpt_command xlpt_cmd_list;
extern const struct xlpt_command xlpt_cmd_show;
extern const struct xlpt_command xlpt_cmd_topology;
extern const struct xlpt_command xlpt_cmd_hide;
extern const struct xlpt_command xlpt_cmd_unhide;
extern const struct xlpt_command xlpt_cmd_reset;
extern const struct xlpt_command xlpt_cmd_attach;
extern const struct xlpt_command xlpt_cmd_detach;
extern const struct xlpt_command xlpt_cmd_start;
extern const struct xlpt_command xlpt_cmd_status;
extern const struct xlpt_command xlpt_cmd_repair;
extern const struct xlpt_command xlpt_cmd_budget;
extern const struct xlpt_command xlpt_cmd_boot;
extern const struct xlpt_command xlpt_cmd_guard;
extern const struct xlpt_command xlpt_cmd_vf;
extern const struct xlpt_command xlpt_cmd_pool;
extern const struct xlpt_command xlpt_cmd_pin;
extern const struct xlpt_command xlpt_cmd_capture;
extern const struct xlpt_command xlpt_cmd_convert;
extern const struct xlpt_command xlpt_cmd_save;
extern const struct xlpt_command xlpt_cmd_restore;
extern const struct xlpt_command xlpt_cmd_migrate;
extern const struct xlpt_command xlpt_cmd_complete;

/* The list, NULL-terminated. */
extern const struct xlpt_command *const xlpt_commands[];
/* Options every command takes. */
extern const struct xlpt_opt xlpt_common_opts[];

#endif
