/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A whole small Xen host to run commands on: bus, xenstore with its kernel
 * actors, toolstack, clock, and the program's output in memory.
 *
 *	0000:00:01.0	bridge, root port
 *	0000:00:1f.2	ahci, holds the root file system
 *	0000:01:00.0	igb, interface enp1s0, PF of 0000:01:10.0, which has no driver
 *	0000:02:00.0	e1000e
 *	0000:03:00.0	nvme
 *	0000:04:00.0/1	e1000e, two functions of one slot
 *	0000:05:00.0	an e1000e's device on pciback since boot
 *
 *	domain 3 "web1"  PV	domain 4 "db1"  PV	domain 5 "win1"  HVM	domain 6 "pvh1"  PVH
 */
#ifndef XLPT_TESTS_FAKE_WORLD_H
#define XLPT_TESTS_FAKE_WORLD_H

#include "tests/fake/bus.h"
#include "tests/fake/rtnl.h"
#include "tests/fake/toolstack.h"
#include "xl-plugin/cli/env.h"

struct world {
	struct fake_clock clock;
	struct fake_bus *bus;
	struct fake_store *store;
	struct fake_pciback *pciback;
	struct fake_pcifront *web1, *db1;
	struct fake_ts *ts;
	struct fake_rtnl *rtnl;
	unsigned stop_at; /* SIGTERM comes with this write to sysfs, counted from 1; 0 = never */
	void (*before_write)(void *arg); /* called before each write to sysfs, or NULL */
	void *before_arg;
	char *(*snapshot)(struct world *w); /* what a refusal must not change: world_snapshot */
	FILE *in;			    /* requests of batch, or NULL */
	char *out, *err;		    /* of the last command */
};

struct world *world_new(void);
void world_free(struct world *w);
/* Replaces web1's frontend by one that behaves as told. */
void world_frontend(struct world *w, const struct fake_pcifront_opts *o);

/* What a command is given of it; out and err are the caller's. */
struct xlpt_env world_env(struct world *w);
/* Runs "xlpt LINE" (words split at blanks) and returns the exit status. */
int world_run(struct world *w, const char *fmt, ...) XLPT_PRINTF(2, 3);
/* The same with words that may have blanks; argv[0] is the program. */
int world_run_words(struct world *w, int argc, char **argv);
/*
 * Between true and false, a signal that asks the test program to end waits: the command that runs
 * would take it for its own, and the test would fail instead of ending.
 */
void world_hold_signals(bool hold);

/*
 * For loops over every point at which something can fail: 1, and more under
 * valgrind, which takes thirty times as long and looks for other things, or what
 * XLPT_STRIDE says.
 */
unsigned world_stride(void);
/*
 * try_one(arg, nth) for nth = 1, 2... until three in a row did not come to their
 * point (false): the command is over before the nth such call. Returns how many
 * did. Under valgrind with world_stride(), and of three k only one.
 */
unsigned world_each_point(size_t k, bool (*try_one)(const void *arg, unsigned nth),
			  const void *arg);

/* Everything an operation could change, as text; caller frees. */
char *world_snapshot(struct world *w);

#endif
