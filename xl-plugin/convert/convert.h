/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Converting files: one, several, or a tree. Nothing of a file but its name is
 * kept once it is written.
 */
#ifndef XLPT_XL_PLUGIN_CONVERT_H
#define XLPT_XL_PLUGIN_CONVERT_H

#include <sys/stat.h>

#include "converters/convert.h"
#include "xl-plugin/cli/env.h"

#define XLPT_CONVERT_MAX (8u << 20) /* bytes of one input */

struct xlpt_convert_run {
	struct xlpt_env *env;
	struct xlpt_convert how;
	bool strict, explain, batch;
	const char *output; /* file, directory with batch, NULL = standard output */
	FILE *bar;	    /* progress, or NULL */
	/* counted while it runs */
	size_t total, done, converted, failed, skipped;
	struct xlpt_loss_counts losses;
	int first_error; /* code of the first file that failed */
	unsigned percent;
	struct xlpt_netpool *pools; /* owned; how.pools are the same */
};

/*
 * Reads libvirt's networks that are pools of VFs out of these files (NULL-terminated, or NULL), for
 * run->how. The caller disposes of run in any case.
 */
int xlpt_convert_pools(struct xlpt_convert_run *run, char **files, struct xlpt_diag *diag);
void xlpt_convert_run_dispose(struct xlpt_convert_run *run);

/*
 * Whole input, "-" is standard input; SYNTAX when it is too large. in_tree: as
 * xlpt_convert_tree found it, a regular file. mode may be NULL.
 */
int xlpt_convert_load(const char *path, bool in_tree, struct xlpt_str *out, mode_t *mode,
		      struct xlpt_diag *diag);
/* The error for a file that could not be read whole: r as core/file gives it. */
int xlpt_convert_unread(const char *path, int r, struct xlpt_diag *diag);
/*
 * Replaced whole, its owner kept; what is no regular file (/dev/null, /dev/stdout, a
 * FIFO) is written into. make_dirs: directories on the way are made.
 */
int xlpt_convert_save(const char *path, const char *text, size_t len, mode_t mode, bool make_dirs,
		      struct xlpt_diag *diag);

struct xlpt_convert_input {
	char *path, *rel; /* rel: below the output directory, before its ending changes */
	bool in_tree;
};

/* One input to run->output, or into that directory under rel's name. */
int xlpt_convert_file(struct xlpt_convert_run *run, const struct xlpt_convert_input *input,
		      struct xlpt_diag *diag);

struct xlpt_convert_inputs {
	struct xlpt_convert_input *items;
	size_t n, alloc;
};

void xlpt_convert_inputs_dispose(struct xlpt_convert_inputs *in);
#define _cleanup_inputs_ XLPT_CLEANUP(xlpt_convert_inputs_dispose)
void xlpt_convert_inputs_add(struct xlpt_convert_inputs *in, const char *path, const char *rel,
			     bool in_tree);

/* Adds every *.cfg, *.conf and *.xml below a directory. */
int xlpt_convert_tree(const struct xlpt_convert_run *run, const char *dir,
		      struct xlpt_convert_inputs *in, struct xlpt_diag *diag);
/* XLPT_ERR_USAGE when two would get one name, or one would take an input's place. */
int xlpt_convert_check_names(const struct xlpt_convert_run *run,
			     const struct xlpt_convert_inputs *in, struct xlpt_diag *diag);
/* The output's name; to: "xl", "libvirt" or "pool". Caller frees. */
char *xlpt_convert_name(const char *rel, const char *to);

bool xlpt_convert_is_dir(const char *path);
/* These files and directories to the directory run->output. */
int xlpt_convert_batch(struct xlpt_convert_run *run, char **paths, size_t n,
		       struct xlpt_diag *diag);
/* Takes devices out of the pci list of an xl configuration and adds some, in its file; each as convert takes them. */
int xlpt_convert_edit(struct xlpt_env *env, const char *path, char **adds, char **removes,
		      struct xlpt_diag *diag);

enum xlpt_convert_kind { XLPT_CONVERT_GUEST, XLPT_CONVERT_POOL, XLPT_CONVERT_NETWORK };

enum xlpt_convert_kind xlpt_convert_kind(const char *text, const char *path);
/* Why a file is no guest's, by what is in it and, among several, by its name; NULL = it is one. */
const char *xlpt_convert_no_guest(const struct xlpt_convert_run *run, const char *path,
				  const char *text, size_t len);
/* In a batch, one that is already what it shall become. */
bool xlpt_convert_skips(const struct xlpt_convert_run *run, const char *text, size_t len);

/*
 * Prints in what two files of either kind differ: 0 in nothing, DATA in something. What an earlier
 * conversion kept in them does not count, because xl and libvirt do not see it.
 */
int xlpt_convert_compare(struct xlpt_env *env, const char *first, const char *second,
			 bool devices_only, struct xlpt_diag *diag);
/* A file that failed within a batch: told, counted, and the batch goes on. */
void xlpt_convert_failed(struct xlpt_convert_run *run, struct xlpt_diag *diag);
void xlpt_convert_progress(struct xlpt_convert_run *run);
/* Clears the bar, so that a line can be printed. */
void xlpt_convert_clear(struct xlpt_convert_run *run);

#endif
