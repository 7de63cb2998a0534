/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A pool of seven VFs with a VLAN, three guests, two hundred random steps: start, stop, attach,
 * detach, a process that is killed in the middle of one of them, restarts, an xl that gives
 * VFs to a fourth guest and takes them back without asking xlpt, and a libvirt that does so with a
 * fifth one, which xlpt gives VFs, too, and whose daemon is down at times.
 * After every step: no VF is leased twice or with a guest that has no lease for it; each that is
 * leased has the VLAN and an address, also between all steps of a restart; no lease outlives its
 * guest by more than one command; what libvirt lists, its guest has; at the end the pool is full.
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

#include "tests/fake/libvirt.h"
#include "tests/fake/pools.h"
#include "xenstore/pcibe.h"
#include "xl-plugin/kept/leases.h"

#define STEPS  200
#define GUESTS 3
#define VFS    7
#define WEB1   3 /* libvirt's */

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

/* What its PF says of a VF: tagged, and with an address. */
static bool tagged(struct walk *k, struct xlpt_bdf bdf)
{
	_cleanup_free_ char *net = fake_rtnl_snapshot(k->w->rtnl),
			    *want = xlpt_xasprintf("enp1s0 vf %u mac 00:16:3e:",
						   (bdf.dev - 0x10u) * 4 + bdf.func / 2u);
	const char *line = strstr(net, want), *end = line ? strchr(line, '\n') : NULL,
		   *vlan = line ? strstr(line, " vlan 42:") : NULL;

	return vlan && vlan < end;
}

/* Of a guest that restarts: nobody else has it, and it is as the guest had it. */
static void check_kept(struct walk *k, const struct xlpt_leases *had, const char *uuid)
{
	_cleanup_leases_ struct xlpt_leases l = leases_of(k);
	struct xlpt_store *s = fake_store_get(k->w->store);
	struct xlpt_toolstack *ts = fake_ts_get(k->w->ts);

	for (size_t i = 0; i < had->n; i++) {
		struct xlpt_bdf bdf = had->items[i].bdf;
		const struct xlpt_lease *now = xlpt_leases_find(&l, bdf);
		_cleanup_guest_ struct xlpt_guest owner = { 0 };
		uint32_t domid = 0;

		if (strcmp(had->items[i].uuid, uuid) != 0)
			continue;
		if (!now || strcmp(now->uuid, uuid) != 0)
			FAIL(k, "%s is not leased any more", XLPT_BDF_STR(bdf));
		if (!tagged(k, bdf))
			FAIL(k, "%s lost its VLAN", XLPT_BDF_STR(bdf));
		if (xlpt_pcibe_owner(s, bdf, &domid, NULL) > 0 &&
		    ts->ops->guest_by_id(ts, domid, &owner, NULL) == 0 &&
		    strcmp(owner.uuid, uuid) != 0)
			FAIL(k, "%s is with domain %u", XLPT_BDF_STR(bdf), domid);
	}
}

static bool among(const struct xlpt_bdf *list, size_t n, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < n; i++)
		if (xlpt_bdf_eq(list[i], bdf))
			return true;
	return false;
}

/* What web1 has is what libvirt lists, and leased or of virsh. Returns how many are leased. */
static size_t check_libvirt(struct walk *k, const struct xlpt_leases *l)
{
	_cleanup_free_ char *list = fake_libvirt_list(k->libvirt);
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };
	size_t lines = 0, leased = 0;

	for (const char *p = list; *p; p++)
		lines += *p == '\n';
	CHECK(k, xlpt_pcibe_read(fake_store_get(k->w->store), WEB1, &be, NULL) == 0);
	if (be.n != lines)
		FAIL(k, "web1 has %zu devices, libvirt lists:\n%s", be.n, list);
	for (size_t i = 0; i < be.n; i++) {
		bool is = xlpt_leases_find(l, be.devs[i].bdf);

		if (!strstr(list, XLPT_BDF_STR(be.devs[i].bdf)))
			FAIL(k, "libvirt does not list %s", XLPT_BDF_STR(be.devs[i].bdf));
		if (is == among(k->virsh, k->n_virsh, be.devs[i].bdf))
			FAIL(k, "%s of web1 is leased, and of virsh, or neither",
			     XLPT_BDF_STR(be.devs[i].bdf));
		leased += is;
	}
	return leased;
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
		if (!tagged(k, l.items[i].bdf))
			FAIL(k, "%s has no VLAN", XLPT_BDF_STR(l.items[i].bdf));
		if (among(k->xl, k->n_xl, l.items[i].bdf))
			FAIL(k, "%s is leased, and xl gave it away", XLPT_BDF_STR(l.items[i].bdf));
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
	held += check_libvirt(k, &l);
	if (held != l.n)
		FAIL(k, "%zu VFs are with guests, %zu are leased", held, l.n);
	return l.n + k->n_xl + k->n_virsh;
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

static int do_run(struct walk *k, unsigned g)
{
	static const char *const looks[] = { "pool show lan", "pool list",
					     "repair",	      "list",
					     "status",	      "pool release --gone --timeout 1" };
	unsigned what = next(k, 8), other = (g + 1 + next(k, GUESTS - 1)) % GUESTS;

	if (what < XLPT_ARRAY_SIZE(looks))
		return run(k, "%s", looks[what]);
	if (!domid_of(k, other))
		return 0;
	/* Either way: whether there is a free one is not the question here. */
	if (run(k, "attach app%u pool:lan", other) && !strstr(k->w->err, "has no free VF"))
		return 1;
	k->attaches++;
	return 0;
}

/* By xl, with others who look and take between its steps. */
static void restart(struct walk *k, unsigned g, uint32_t domid)
{
	_cleanup_leases_ struct xlpt_leases had = leases_of(k);
	char uuid[37];

	snprintf(uuid, sizeof(uuid), "%s", fake_ts_find(k->w->ts, domid, NULL)->uuid);
	k->restarts++;
	for (unsigned at = 0; at < 5; at++) {
		if (at == 0)
			fake_ts_down(k->w->ts, domid);
		else if (at == 1)
			fake_ts_dying(k->w->ts, domid);
		else if (at == 2)
			fake_ts_gap(k->w->ts, domid);
		else if (at == 3)
			domid = fake_ts_coming(k->w->ts, domid);
		else
			fake_ts_came(k->w->ts, domid);
		/* xl sleeps two seconds before it makes the next domain. */
		if (at == 2)
			k->w->clock.clock.sleep_ms(&k->w->clock.clock, 2000);
		check_kept(k, &had, uuid);
		for (unsigned n = next(k, 3); n > 0; n--) {
			if (do_run(k, g))
				FAIL(k, "%s", k->w->err);
			check_kept(k, &had, uuid);
		}
	}
	if (run(k, "pool list"))
		FAIL(k, "%s", k->w->err);
}

/* A VF that is free and hidden goes to db1, or comes back from it. */
static void by_xl(struct walk *k)
{
	_cleanup_leases_ struct xlpt_leases l = leases_of(k);
	struct xlpt_toolstack *ts = fake_ts_get(k->w->ts);

	k->by_xl++;
	snprintf(k->doing, sizeof(k->doing), "xl, with %zu", k->n_xl);
	trace(k);
	if (k->n_xl && next(k, 2)) {
		CHECK(k, ts->ops->device_remove(ts, 4, k->xl[--k->n_xl], false, NULL) == 0);
		k->w->clock.clock.sleep_ms(&k->w->clock.clock, 1000);
		return;
	}
	for (unsigned i = 0; i < VFS && k->n_xl < 2; i++) {
		struct xlpt_spec spec;

		xlpt_spec_init(&spec);
		spec.has_bdf = true;
		spec.bdf = (struct xlpt_bdf){ .bus = 1,
					      .dev = (uint8_t)(0x10 + i / 4),
					      .func = (uint8_t)(i % 4 * 2) };
		if (xlpt_leases_find(&l, spec.bdf) ||
		    !xlpt_streq(fake_bus_driver_of(k->w->bus, XLPT_BDF_STR(spec.bdf)), "pciback") ||
		    fake_ts_owner(k->w->ts, spec.bdf) >= 0)
			continue;
		/* xl says no while the guest is still busy with its last change, and so be it. */
		if (ts->ops->device_add(ts, 4, &spec, NULL)) {
			CHECK(k, fake_ts_owner(k->w->ts, spec.bdf) != 4);
			return;
		}
		k->w->clock.clock.sleep_ms(&k->w->clock.clock, 1000);
		k->xl[k->n_xl++] = spec.bdf;
		return;
	}
}

/* A VF that nobody has goes to web1, or comes back from it, and xlpt is not asked. */
static void by_virsh(struct walk *k)
{
	_cleanup_leases_ struct xlpt_leases l = leases_of(k);

	k->by_virsh++;
	snprintf(k->doing, sizeof(k->doing), "virsh, with %zu", k->n_virsh);
	trace(k);
	for (unsigned i = 0; i < VFS; i++) {
		struct xlpt_bdf bdf = { .bus = 1,
					.dev = (uint8_t)(0x10 + i / 4),
					.func = (uint8_t)(i % 4 * 2) };
		bool back = k->n_virsh && next(k, 2);
		_cleanup_free_ char *xml = NULL;

		bdf = back ? k->virsh[k->n_virsh - 1] : bdf;
		if (!back && (k->n_virsh >= 2 || xlpt_leases_find(&l, bdf) ||
			      fake_ts_owner(k->w->ts, bdf) >= 0))
			continue;
		xml = xlpt_xasprintf(
			"<interface type='hostdev' managed='%s'><mac "
			"address='52:54:00:00:01:%02x'/><driver name='xen'/><source><address type='pci' "
			"domain='0x0000' bus='0x01' slot='0x%02x' "
			"function='0x%x'/></source></interface>",
			next(k, 2) ? "yes" : "no", i, bdf.dev, bdf.func);
		if (back) {
			CHECK(k, fake_virsh(k->libvirt, "detach-device", WEB1, xml) == 0);
			k->n_virsh--;
			/* The guest closes its frontend, and virsh does not wait for that. */
			k->w->clock.clock.sleep_ms(&k->w->clock.clock, 1000);
		} else if (fake_virsh(k->libvirt, "attach-device", WEB1, xml) == 0) {
			k->virsh[k->n_virsh++] = bdf;
			k->w->clock.clock.sleep_ms(&k->w->clock.clock, 1000);
		}
		return;
	}
}

/* xlpt's own with web1: through libvirt, which may be down. */
static void with_libvirt(struct walk *k, size_t out, bool killed)
{
	_cleanup_leases_ struct xlpt_leases l = leases_of(k);
	_cleanup_free_ char *line = NULL;
	bool down = next(k, 4) == 0, detaches = false;
	int status;

	for (size_t i = 0; !line && i < l.n; i++)
		if (l.items[i].domid == WEB1 && next(k, 2)) {
			line = xlpt_xasprintf("detach web1 %s", XLPT_BDF_STR(l.items[i].bdf));
			detaches = true;
		}
	if (!line)
		line = xlpt_xstrdup("attach web1 pool:lan");
	fake_libvirt_state(k->libvirt, down ? FAKE_LIBVIRT_STOPPED : FAKE_LIBVIRT_RUNS);
	status = killed && !down ? run_to_be_killed(k, line) : run(k, "%s", line);
	fake_libvirt_state(k->libvirt, FAKE_LIBVIRT_RUNS);
	if (down && status == 3 && strstr(k->w->err, "libvirt manages web1"))
		k->silent++;
	else if (!detaches)
		took(k, status, out, 1);
	else if (status)
		FAIL(k, "%s", k->w->err);
}

static void step(struct walk *k)
{
	unsigned g = next(k, GUESTS), what = next(k, 13), n = 1 + next(k, 2);
	uint32_t domid = domid_of(k, g);
	size_t out = check(k);
	bool killed = next(k, 4) == 0;
	_cleanup_free_ char *line = NULL;

	if (what == 9) {
		by_xl(k);
	} else if (what == 10) {
		by_virsh(k);
	} else if (what >= 11) {
		with_libvirt(k, out, killed);
	} else if (domid && what == 8) {
		restart(k, g, domid);
	} else if (!domid) {
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
	while (k->n_xl) {
		struct xlpt_toolstack *ts = fake_ts_get(k->w->ts);

		CHECK(k, ts->ops->device_remove(ts, 4, k->xl[--k->n_xl], false, NULL) == 0);
	}
	fake_ts_kill(k->w->ts, WEB1);
	fake_libvirt_ended(k->libvirt, WEB1);
	k->n_virsh = 0;
	CHECK(k, run(k, "pool show lan --json") == 0);
	if (!strstr(k->w->out, "\"free\": 7,"))
		FAIL(k, "the pool does not end full: %s", k->w->out);
	CHECK(k, check(k) == 0);
	print_message(
		"seed %u: %u starts, %u stops, %u attaches, %u detaches, %u times empty, %u kills, "
		"%u of them left a lease, %u restarts, %u by xl, %u by virsh, libvirt down %u "
		"times\n",
		k->seed, k->starts, k->stops, k->attaches, k->detaches, k->full, k->kills,
		k->cut_short, k->restarts, k->by_xl, k->by_virsh, k->silent);
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
	k.libvirt = fake_libvirt_new(k.w);
	fake_libvirt_made(k.libvirt, WEB1);
	k.w->before_write = maybe_kill;
	k.w->before_arg = &k;
	fake_ts_on_call(k.w->ts, maybe_kill, &k);
	assert_int_equal(run(&k, "pool define lan pf=01:00.0 policy=spread vlan=42"), 0);
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
	fake_libvirt_free(k.libvirt);
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
