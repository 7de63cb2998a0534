/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An in-memory xenstore behind struct xlpt_store_ops.
 *
 * As xenstored does it: a write makes the missing parents with empty values;
 * rm takes a subtree; a commit is refused with EAGAIN when anything was changed
 * since the transaction began (xenstored looks at single nodes, this is
 * stricter); watches fire on the node, on what is below it and when a node
 * above it goes, and once when they are registered.
 *
 * Kernel-side actors (tests/fake/store-pci.h) listen to changes and act on
 * timers of the fake clock; time moves only in wait() and in the clock's sleep.
 */
#ifndef XLPT_TESTS_FAKE_STORE_H
#define XLPT_TESTS_FAKE_STORE_H

#include "tests/fake/clock.h"
#include "xenstore/store.h"

enum fake_store_op {
	FAKE_STORE_READ,
	FAKE_STORE_WRITE,
	FAKE_STORE_RM,
	FAKE_STORE_LIST,
	FAKE_STORE_BEGIN,
	FAKE_STORE_END,
	FAKE_STORE_WATCH,
	FAKE_STORE_UNWATCH,
	FAKE_STORE_WAIT,
	FAKE_STORE_N_OPS,
};

struct fake_store;

struct fake_store *fake_store_new(struct fake_clock *clock);
void fake_store_free(struct fake_store *f);
/* The seam: what the code under test gets. Its close leaves the tree as it is. */
struct xlpt_store *fake_store_get(struct fake_store *f);
struct fake_clock *fake_store_clock(struct fake_store *f);

/* Behind the seam: no faults are injected here. NULL value removes. */
void fake_store_set(struct fake_store *f, const char *value, const char *fmt, ...)
	XLPT_PRINTF(3, 4);
/* Runs body as somebody else's transaction: no faults, not counted, no retry. */
void fake_store_quietly(struct fake_store *f,
			int (*body)(struct xlpt_store *s, xlpt_xst t, void *arg), void *arg);
/* The value, owned by the store until the next change; NULL = absent. */
const char *fake_store_peek(struct fake_store *f, const char *fmt, ...) XLPT_PRINTF(2, 3);
/* Child names, NULL-terminated and never NULL; caller frees with xlpt_strv_free. */
char **fake_store_children(struct fake_store *f, const char *path);
/* Lines "path = value\n" of everything at and below path, sorted. Caller frees. */
char *fake_store_dump(struct fake_store *f, const char *path);
/* Writes such lines into the tree; the inverse of dump. */
void fake_store_load(struct fake_store *f, const char *lines);

/* The next n commits are refused with -EAGAIN. */
void fake_store_inject_eagain(struct fake_store *f, unsigned n);
/*
 * From now on a guest writes at and below path without pause: no transaction that has touched a
 * node there, while it was there, is committed. NULL: it stops.
 */
void fake_store_hammer(struct fake_store *f, const char *path);
/* Called before each read outside a transaction, with its path: what a guest changes between reads. */
void fake_store_on_read(struct fake_store *f, void (*fn)(const char *path, void *arg), void *arg);
/* The nth (from 1) of the coming calls of op fails with err (positive errno), once. */
void fake_store_fail(struct fake_store *f, enum fake_store_op op, unsigned nth, int err);
unsigned fake_store_calls(struct fake_store *f, enum fake_store_op op);
/* How many watches of the code under test are in place, and transactions open. */
size_t fake_store_watches(struct fake_store *f);
size_t fake_store_transactions(struct fake_store *f);

/* Calls fn after each committed change that a watch on path would see. */
void fake_store_listen(struct fake_store *f, const char *path, void (*fn)(void *arg), void *arg);
void fake_store_unlisten(struct fake_store *f, void *arg);

#endif
