/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For test-pool-walk, after cmocka.h: one random walk (struct walk), and how a walk draws a number, runs
 * a command, fails, and lets a command be killed. What is looked at after each step is in
 * walking-checks.h, what the steps do in walking-actors.h.
 */
#ifndef XLPT_TESTS_UNIT_WALKING_H
#define XLPT_TESTS_UNIT_WALKING_H

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fake/libvirt.h"
#include "tests/fake/pools.h"
#include "xl-plugin/kept/leases.h"

#define STEPS  200
#define GUESTS 3
#define VFS    7
#define WEB1   3 /* the domain that libvirt manages */
#define DB1    4 /* the domain that xl gives VFs to */

struct walk {
	struct world *w;
	unsigned seed, state, step;
	const char *cfg[GUESTS];
	unsigned kill_at; /* counts down to the next kill; 0 = none */
	bool open[256];	  /* descriptors that were open before the command */
	unsigned starts, stops, attaches, detaches, kills, cut_short, full, restarts, by_xl;
	struct xlpt_bdf xl[VFS]; /* what xl has given away */
	size_t n_xl;
	struct fake_libvirt *libvirt;
	struct xlpt_bdf virsh[VFS]; /* what virsh has given to web1 */
	size_t n_virsh;
	unsigned by_virsh, silent;
	char doing[128];
};

static inline unsigned next(struct walk *k, unsigned below)
{
	k->state = k->state * 1103515245 + 12345;
	return (k->state >> 16) % below;
}

#define FAIL(k, ...)                                                                          \
	do {                                                                                  \
		fprintf(stderr, "seed %u, step %u (%s): ", (k)->seed, (k)->step, (k)->doing); \
		fprintf(stderr, __VA_ARGS__);                                                 \
		fprintf(stderr, "\n");                                                        \
		_exit(1);                                                                     \
	} while (0)

/* An assertion of cmocka's jumps to the end of its test: a child would then go on as if it were the parent. */
#define CHECK(k, what)                        \
	do {                                  \
		if (!(what))                  \
			FAIL(k, "%s", #what); \
	} while (0)

/* The domid of app0, app1, app2; 0 = not there. */
static inline uint32_t domid_of(struct walk *k, unsigned g)
{
	_cleanup_free_ char *name = xlpt_xasprintf("app%u", g);
	_cleanup_guest_ struct xlpt_guest guest = { 0 };
	struct xlpt_toolstack *ts = fake_ts_get(k->w->ts);

	return ts->ops->guest_find(ts, name, &guest, NULL) ? 0 : guest.domid;
}

static inline void trace(struct walk *k)
{
	if (getenv("XLPT_TRACE"))
		fprintf(stderr, "%u: %s\n", k->step, k->doing);
}

static inline int run(struct walk *k, const char *fmt, ...) XLPT_PRINTF(2, 3);
static inline int run(struct walk *k, const char *fmt, ...)
{
	_cleanup_free_ char *line = NULL;
	va_list ap;

	va_start(ap, fmt);
	line = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	snprintf(k->doing, sizeof(k->doing), "%s", line);
	trace(k);
	return world_run(k->w, "%s", line);
}

static inline struct xlpt_leases leases_of(struct walk *k)
{
	struct xlpt_env env = { .host = fake_bus_host(k->w->bus),
				.clock = &k->w->clock.clock,
				.err = stderr };
	struct xlpt_leases l;

	CHECK(k, xlpt_leases_read(&env, &l, NULL) == 0);
	return l;
}

/* Whether bdf is in the list of n. */
static inline bool among(const struct xlpt_bdf *list, size_t n, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < n; i++)
		if (xlpt_bdf_eq(list[i], bdf))
			return true;
	return false;
}

/* fn is called with every descriptor that is open. */
static inline void each_fd(struct walk *k, void (*fn)(struct walk *k, int fd))
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *de;

	while ((de = readdir(dir))) {
		int fd = atoi(de->d_name);

		if (*de->d_name != '.' && fd != dirfd(dir) && fd < (int)XLPT_ARRAY_SIZE(k->open))
			fn(k, fd);
	}
	closedir(dir);
}

static inline void note_fd(struct walk *k, int fd)
{
	k->open[fd] = true;
}

/* Returns only when the command ended before its kill was due; the process that was killed does not. */
static inline int run_to_be_killed(struct walk *k, const char *line)
{
	int status;

	memset(k->open, 0, sizeof(k->open));
	each_fd(k, note_fd);
	k->kill_at = 1 + next(k, 40);
	snprintf(k->doing, sizeof(k->doing), "killed at %u: %s", k->kill_at, line);
	trace(k);
	status = world_run(k->w, "%s", line);
	k->kill_at = 0;
	return status;
}

#endif
