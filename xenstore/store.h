/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Access to xenstore: a table of operations with libxenstore behind it in the
 * program and an in-memory store in the tests. Errors are negative errno, as
 * libxenstore reports them; -ENOENT for a node that is not there.
 */
#ifndef XLPT_XENSTORE_STORE_H
#define XLPT_XENSTORE_STORE_H

#include "core/clock.h"
#include "core/diag.h"

struct xlpt_store;

typedef uint32_t xlpt_xst; /* transaction, 0 = none */

struct xlpt_store_ops {
	int (*read)(struct xlpt_store *s, xlpt_xst t, const char *path, char **value);
	int (*write)(struct xlpt_store *s, xlpt_xst t, const char *path, const char *value);
	int (*rm)(struct xlpt_store *s, xlpt_xst t, const char *path); /* absent is success */
	/* Child names, NULL-terminated; caller frees with xlpt_strv_free. */
	int (*list)(struct xlpt_store *s, xlpt_xst t, const char *path, char ***names);
	int (*begin)(struct xlpt_store *s, xlpt_xst *t);
	int (*end)(struct xlpt_store *s, xlpt_xst t, bool abort); /* -EAGAIN: do it again */
	int (*watch)(struct xlpt_store *s, const char *path);
	int (*unwatch)(struct xlpt_store *s, const char *path);
	/* Waits until a watched path changed or ms went by. 1 = changed, 0 = time out. */
	int (*wait)(struct xlpt_store *s, int64_t ms);
	/*
	 * A descriptor that is readable when a watched path has changed, for who waits for other
	 * things, too; wait with 0 ms then says whether there is anything. NULL: there is none.
	 */
	int (*fd)(struct xlpt_store *s);
	void (*close)(struct xlpt_store *s);
};

struct xlpt_store {
	const struct xlpt_store_ops *ops;
	struct xlpt_clock *clock;
	void *priv;
};

/* Connects to the running xenstored. XLPT_ERR_NO_XEN when there is none. */
int xlpt_store_open(struct xlpt_store *s, struct xlpt_clock *clock, struct xlpt_diag *diag);
void xlpt_store_close(struct xlpt_store *s); /* also on an all-zero store */

/* printf-formatted paths. A node that is not there gives -ENOENT and *value NULL. */
int xlpt_store_read(struct xlpt_store *s, xlpt_xst t, char **value, const char *fmt, ...)
	XLPT_PRINTF(4, 5);
/* Decimal number >= 0; -EINVAL for other text. */
int xlpt_store_read_uint(struct xlpt_store *s, xlpt_xst t, unsigned *value, const char *fmt, ...)
	XLPT_PRINTF(4, 5);
int xlpt_store_write(struct xlpt_store *s, xlpt_xst t, const char *value, const char *fmt, ...)
	XLPT_PRINTF(4, 5);
int xlpt_store_rm(struct xlpt_store *s, xlpt_xst t, const char *fmt, ...) XLPT_PRINTF(3, 4);
int xlpt_store_list(struct xlpt_store *s, xlpt_xst t, char ***names, const char *fmt, ...)
	XLPT_PRINTF(4, 5);

/*
 * Removes path, then every parent that is left without value and children, as
 * libxl__xs_path_cleanup does; stop and what is above it stay.
 */
int xlpt_store_prune(struct xlpt_store *s, xlpt_xst t, const char *path, const char *stop);

/*
 * Runs body in a transaction until it commits; body returns 0 or -errno and
 * starts from nothing each time. -EAGAIN after a hundred refused commits.
 */
int xlpt_store_transact(struct xlpt_store *s,
			int (*body)(struct xlpt_store *s, xlpt_xst t, void *arg), void *arg);

/*
 * Looks (check returns 1 = true, 0 = not yet, negative = give up with that
 * value) at once, each time something at or below path changes, and at least
 * every poll_ms (0 = only on changes), until deadline_ms (clock time) has
 * passed: -ETIMEDOUT. One path: a fact that also depends on the frontend wants
 * poll_ms, as a cold connect ends with the frontend's write alone.
 */
int xlpt_store_wait_until(struct xlpt_store *s, const char *path, int64_t deadline_ms,
			  int64_t poll_ms, int (*check)(struct xlpt_store *s, void *arg),
			  void *arg);

/*
 * Fills the diagnosis for a negative errno of this layer, with the text as its
 * message, and returns the code.
 */
int xlpt_store_error(struct xlpt_diag *diag, int r, const char *fmt, ...) XLPT_PRINTF(3, 4);

#endif
