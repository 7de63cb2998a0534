/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A host's state as a tree of files that every reading command works on with
 * --sysroot. What is taken is on lists (capture-lists.c, capture-sys.c,
 * xenstore/store-file.c); whatever is not, stays.
 */
#ifndef XLPT_CAPTURE_H
#define XLPT_CAPTURE_H

#include "xl-plugin/backend/captured.h"
#include "xl-plugin/cli/env.h"

/* What was taken out of one file. */
struct xlpt_capture_cut {
	char *path, *names; /* "rd.iscsi.password, netroot" */
	size_t count;
};

struct xlpt_capture {
	struct xlpt_host *from;
	struct xlpt_host to; /* where it is copied; not open when only listing */
	bool copying;
	char **taken; /* paths, in the order in which they were taken */
	size_t n, alloc;
	char **left; /* "PATH: why" of what was on a list and could not be taken */
	size_t n_left, alloc_left;
	/* of these: what reading commands need to say the same as on the host, and the first */
	size_t n_missing, first_missing;
	struct xlpt_capture_cut *cuts; /* passwords and keys */
	size_t n_cuts, alloc_cuts;
};

void xlpt_capture_dispose(struct xlpt_capture *c);

/*
 * One thing from the host, by the same path. When it is not there nothing happens. What
 * cannot be read is noted as left out, and so is what a link leads to that is not for
 * everybody to read; passwords in it are taken out; a failure to write is an error.
 */
int xlpt_capture_file(struct xlpt_capture *c, const char *path, size_t max, struct xlpt_diag *diag);
int xlpt_capture_link(struct xlpt_capture *c, const char *path, struct xlpt_diag *diag);
/* That it exists, without its content. */
int xlpt_capture_mark(struct xlpt_capture *c, const char *path, struct xlpt_diag *diag);
/* Noted as left out. */
void xlpt_capture_leave(struct xlpt_capture *c, const char *path, const char *why);
/* Text that is on no file of the host. */
int xlpt_capture_text(struct xlpt_capture *c, const char *path, const char *text, size_t len,
		      struct xlpt_diag *diag);

/* Everything in sysfs. */
int xlpt_capture_sys(struct xlpt_capture *c, struct xlpt_diag *diag);
/* /proc, the configuration of boot, xlpt's own state. */
int xlpt_capture_lists(struct xlpt_capture *c, struct xlpt_diag *diag);
/* xenstore and the hypervisor, where there are any. */
int xlpt_capture_xen(struct xlpt_capture *c, struct xlpt_env *env, struct xlpt_diag *diag);
/* All of that from env's host, and what it says of itself. */
int xlpt_capture_all(struct xlpt_capture *c, struct xlpt_env *env, struct xlpt_diag *diag);

/* capture-archive.c: stage/name as a compressed archive; file "-" is standard output. */
int xlpt_capture_archive(const char *stage, const char *name, const char *file,
			 struct xlpt_diag *diag);

/* capture-print.c: what is in the archive of that name, or would be. */
void xlpt_capture_print(struct xlpt_env *env, const struct xlpt_capture *c, const char *file,
			const char *name);
int xlpt_capture_not_whole(const struct xlpt_capture *c, const char *file, struct xlpt_diag *diag);

#endif
