/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Converting files: one, several, or a tree. Nothing of a file is kept once it
 * is written, so that memory does not grow with their number.
 */
#ifndef XLPT_XL_PLUGIN_CONVERT_H
#define XLPT_XL_PLUGIN_CONVERT_H

#include "converters/convert.h"
#include "xl-plugin/env.h"

#define XLPT_CONVERT_MAX (8u << 20)	/* bytes of one input */

struct xlpt_convert_run {
	struct xlpt_env *env;
	struct xlpt_convert how;
	bool strict, explain, batch;
	const char *output;	/* file, directory with batch, NULL = standard output */
	FILE *bar;		/* progress, or NULL */
	/* counted while it runs */
	size_t total, done, converted, failed, skipped, losses;
	int first_error;	/* code of the first file that failed */
	unsigned percent;
};

/* Whole input, "-" is standard input; SYNTAX when it is too large. mode may be NULL. */
int xlpt_convert_load(const char *path, struct xlpt_str *out, mode_t *mode,
		      struct xlpt_diag *diag);
/* Temporary beside it, write, rename. sync: fsync both, for a file that somebody's guest needs. */
int xlpt_convert_save(const char *path, const char *text, size_t len, mode_t mode, bool sync,
		      struct xlpt_diag *diag);

/* One input to run->output, or into that directory under rel's name. */
int xlpt_convert_file(struct xlpt_convert_run *run, const char *path, const char *rel,
		      struct xlpt_diag *diag);
/* Every *.cfg, *.conf and *.xml below a directory. Errors of single files are told and counted. */
int xlpt_convert_tree(struct xlpt_convert_run *run, const char *dir, struct xlpt_diag *diag);
/*
 * Prints in what two files of either kind differ: 0 in nothing, DATA in something. What an earlier
 * conversion kept in them does not count, because xl and libvirt do not see it.
 */
int xlpt_convert_compare(struct xlpt_env *env, const char *first, const char *second,
			 bool devices_only, struct xlpt_diag *diag);
/* How many files a tree has, for the progress bar. */
int xlpt_convert_count(const struct xlpt_convert_run *run, const char *dir, size_t *n,
		       struct xlpt_diag *diag);
/* A file that failed within a batch: told, counted, and the batch goes on. */
void xlpt_convert_failed(struct xlpt_convert_run *run, struct xlpt_diag *diag);
void xlpt_convert_progress(struct xlpt_convert_run *run);
/* Clears the bar, so that a line can be printed. */
void xlpt_convert_clear(struct xlpt_convert_run *run);

#endif
