/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A pool of seven VFs, three guests, two hundred random steps: start, stop,
 * attach, detach, and a process that is killed in the middle of one of them.
 * After every step: no VF is leased twice or with a guest that has no lease for
 * it; no lease outlives its guest by more than one command; at the end the pool
 * is full.
 *
 * A kill: at its nth write to sysfs or call of the toolstack the process forks.
 * The child has the world as it is at that moment; it closes what the command
 * had open, its locks with it, never returns to the command and walks on. The
 * parent only waits for how that ends. So each kill is one process deeper.
 *
 * XLPT_SEED=N runs one walk, XLPT_SEEDS=N as many (default 6), XLPT_TRACE=1 tells each step.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include <dirent.h>

#include "tests/fake/pools.h"
#include "xenstore/pcibe.h"
#include "xl-plugin/kept/leases.h"

#define STEPS  200
#define GUESTS 3
#define VFS    7

struct walk {
	struct world *w;
	unsigned seed, state, step;
	const char *cfg[GUESTS];
	unsigned kill_at; /* counts down to the next kill; 0 = none */
	bool open[256];	  /* descriptors that were open before the command */
	unsigned starts, stops, attaches, detaches, kills, cut_short, full;
	char doing[128];
};

static unsigned next(struct walk *k, unsigned below)
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

/* cmocka's own assertions would go on in the parent's place. */
#define CHECK(k, what)                        \
	do {                                  \
		if (!(what))                  \
			FAIL(k, "%s", #what); \
	} while (0)

/* The domid of app0, app1, app2; 0 = not there. */
static uint32_t domid_of(struct walk *k, unsigned g)
{
	_cleanup_free_ char *name = xlpt_xasprintf("app%u", g);
	_cleanup_guest_ struct xlpt_guest guest = { 0 };
	struct xlpt_toolstack *ts = fake_ts_get(k->w->ts);

	return ts->ops->guest_find(ts, name, &guest, NULL) ? 0 : guest.domid;
}

static void trace(struct walk *k)
{
	if (getenv("XLPT_TRACE"))
		fprintf(stderr, "%u: %s\n", k->step, k->doing);
}

static int run(struct walk *k, const char *fmt, ...) XLPT_PRINTF(2, 3);
static int run(struct walk *k, const char *fmt, ...)
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

static struct xlpt_leases leases_of(struct walk *k)
{
	struct xlpt_env env = { .host = fake_bus_host(k->w->bus),
				.clock = &k->w->clock.clock,
				.err = stderr };
	struct xlpt_leases l;

	CHECK(k, xlpt_leases_read(&env, &l, NULL) == 0);
	return l;
}

/* What the guests have, against what is leased. Returns how many VFs are out. */
static size_t check(struct walk *k)
{
	_cleanup_leases_ struct xlpt_leases l = leases_of(k);
	struct xlpt_store *s = fake_store_get(k->w->store);
	size_t held = 0;

	for (size_t i = 0; i < l.n; i++) {
		uint32_t domid = 0;

		for (size_t j = 0; j < i; j++)
			if (xlpt_bdf_eq(l.items[i].bdf, l.items[j].bdf))
				FAIL(k, "%s is leased twice", XLPT_BDF_STR(l.items[i].bdf));
		if (l.items[i].busy)
			FAIL(k, "%s: its lease is still held", XLPT_BDF_STR(l.items[i].bdf));
		if (xlpt_pcibe_owner(s, l.items[i].bdf, &domid, NULL) <= 0 ||
		    (int64_t)domid != l.items[i].domid)
			FAIL(k, "%s is leased to domain %lld, and with domain %u",
			     XLPT_BDF_STR(l.items[i].bdf), (long long)l.items[i].domid, domid);
	}
	for (unsigned g = 0; g < GUESTS; g++) {
		_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };
		uint32_t domid = domid_of(k, g);

		if (!domid)
			continue;
		CHECK(k, xlpt_pcibe_read(s, domid, &be, NULL) == 0);
		for (size_t i = 0; i < be.n; i++) {
			held++;
			if (!xlpt_leases_find(&l, be.devs[i].bdf))
				FAIL(k, "%s is with app%u without a lease",
				     XLPT_BDF_STR(be.devs[i].bdf), g);
		}
	}
	if (held != l.n)
		FAIL(k, "%zu VFs are with guests, %zu are leased", held, l.n);
	return l.n;
}

/* An empty pool is the only reason for a refusal. */
static void took(struct walk *k, int status, size_t out, size_t want)
{
	if (status == 0 && out + want <= VFS)
		return;
	if (status == 1 && out + want > VFS && strstr(k->w->err, "has no free VF")) {
		k->full++;
		return;
	}
	FAIL(k, "exit %d with %zu of %d out: %s", status, out, VFS, k->w->err);
}

/* fn is called with every descriptor that is open. */
static void each_fd(struct walk *k, void (*fn)(struct walk *k, int fd))
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

static void note_fd(struct walk *k, int fd)
{
	k->open[fd] = true;
}

static void close_new(struct walk *k, int fd)
{
	if (!k->open[fd])
		close(fd);
}

static void go_on(struct walk *k);

static void maybe_kill(void *arg)
{
	struct walk *k = arg;
	int status;
	pid_t pid;

	if (!k->kill_at || --k->kill_at)
		return;
	/* A lock is over when the last copy of its descriptor is closed. */
	each_fd(k, close_new);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		k->kills++;
		/* One command later nothing is left of it. */
		if (world_run(k->w, "repair"))
			FAIL(k, "repair: %s", k->w->err);
		if (getenv("XLPT_TRACE"))
			fprintf(stderr, "%s%s", k->w->out, k->w->err);
		k->cut_short += strstr(k->w->out, "back to pool") != NULL;
		check(k);
		go_on(k);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		_exit(2);
	_exit(WEXITSTATUS(status));
}

/* Comes back only when the command was done before its kill was due. */
static int run_to_be_killed(struct walk *k, const char *line)
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

static void detach(struct walk *k, unsigned g, uint32_t domid, bool killed)
{
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };
	_cleanup_free_ char *line = NULL;

	CHECK(k, xlpt_pcibe_read(fake_store_get(k->w->store), domid, &be, NULL) == 0);
	if (!be.n)
		return;
	line = xlpt_xasprintf("detach app%u %s%s", g,
			      XLPT_BDF_STR(be.devs[next(k, (unsigned)be.n)].bdf),
			      next(k, 3) ? "" : " --to-host");
	k->detaches++;
	if (killed ? run_to_be_killed(k, line) : run(k, "%s", line))
		FAIL(k, "%s", k->w->err);
}

static void step(struct walk *k)
{
	unsigned g = next(k, GUESTS), what = next(k, 8), n = 1 + next(k, 2);
	uint32_t domid = domid_of(k, g);
	size_t out = check(k);
	bool killed = next(k, 4) == 0;
	_cleanup_free_ char *line = NULL;

	if (!domid) {
		line = xlpt_xasprintf("start %s", k->cfg[g]);
		n = 1 + g % 2;
		k->starts++;
	} else if (what == 0) {
		snprintf(k->doing, sizeof(k->doing), "stop app%u", g);
		trace(k);
		fake_ts_kill(k->w->ts, domid);
		/* xl destroy takes its time, too: pciback notices (its instance ends) before xl does. */
		k->w->clock.clock.sleep_ms(&k->w->clock.clock, 50);
		k->stops++;
		/* Whatever the next command is. */
		if (run(k, next(k, 2) ? "pool list" : "pool release --gone"))
			FAIL(k, "%s", k->w->err);
	} else if (what <= 4) {
		line = xlpt_xasprintf("attach app%u pool:lan%s", g, n == 2 ? " pool:lan" : "");
		k->attaches++;
	} else {
		detach(k, g, domid, killed);
	}
	if (line)
		took(k, killed ? run_to_be_killed(k, line) : run(k, "%s", line), out, n);
	check(k);
}

/* The rest of the walk; again after each kill, in the process that is left. */
static void go_on(struct walk *k)
{
	while (++k->step <= (world_stride() > 1 ? STEPS / 3 : STEPS))
		step(k);
	for (unsigned g = 0; g < GUESTS; g++)
		if (domid_of(k, g))
			fake_ts_kill(k->w->ts, domid_of(k, g));
	CHECK(k, run(k, "pool show lan --json") == 0);
	if (!strstr(k->w->out, "\"free\": 7,"))
		FAIL(k, "the pool does not end full: %s", k->w->out);
	CHECK(k, check(k) == 0);
	print_message(
		"seed %u: %u starts, %u stops, %u attaches, %u detaches, %u times empty, %u kills, "
		"%u of them left a lease\n",
		k->seed, k->starts, k->stops, k->attaches, k->detaches, k->full, k->kills,
		k->cut_short);
}

static void walk(unsigned seed)
{
	struct walk k = { .w = pools_world(), .seed = seed, .state = seed };
	int status;
	pid_t pid;

	for (unsigned g = 0; g < GUESTS; g++) {
		_cleanup_free_ char *text = xlpt_xasprintf(
			"name = \"app%u\"\nuuid = \"00000000-0000-4000-8000-0000000000a%u\"\n"
			"pci = [ \"pool:lan\"%s ]\n",
			g, g, g % 2 ? ", 'pool:lan,power_mgmt=0'" : "");

		k.cfg[g] = pools_config(text);
	}
	k.w->before_write = maybe_kill;
	k.w->before_arg = &k;
	fake_ts_on_call(k.w->ts, maybe_kill, &k);
	assert_int_equal(run(&k, "pool define lan pf=01:00.0 policy=spread"), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		go_on(&k);
		fflush(NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status))
		fail_msg("XLPT_SEED=%u walks the same again", seed);
	world_free(k.w);
}

static void test_walks(void **state)
{
	const char *one = getenv("XLPT_SEED"), *many = getenv("XLPT_SEEDS");
	unsigned n = many ? (unsigned)atoi(many) : world_stride() > 1 ? 1 : 6;

	(void)state;
	if (one) {
		walk((unsigned)atoi(one));
		return;
	}
	for (unsigned seed = 1; seed <= n; seed++)
		walk(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_walks) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
