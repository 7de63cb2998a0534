/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Many processes and one budget. Each is forked from the same fake host, so
 * that xenstore, libxl and clock are its own copies and the one thing all of
 * them share is the tree of files: devices, locks, journal and the ledger.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/fake/world.h"
#include "xl-plugin/kept/ledger.h"

/* Under valgrind one attach takes seconds of processor time: there the code is looked at, not the crowd. */
#define PROCESSES_MAX 200
static int processes = PROCESSES_MAX, limit = 100, rounds = 5;

/* What the children tell, in memory that all of them have. */
static struct told {
	unsigned added; /* went through to libxl */
	unsigned done, refused, other;
} * told;

static const struct xlpt_toolstack_ops *libxl;
static struct xlpt_toolstack_ops counting;

static int counted_add(struct xlpt_toolstack *ts, uint32_t domid, const struct xlpt_spec *spec,
		       struct xlpt_diag *diag)
{
	__atomic_fetch_add(&told->added, 1, __ATOMIC_SEQ_CST);
	return libxl->device_add(ts, domid, spec, diag);
}

/*
 * Of the devices of the others a process sees nothing. They were in nobody's way, but everybody
 * read all of them: 200 times 200, 13 files each, which took nine tenths of this test's time.
 */
static struct xlpt_host_ops narrow;
static int (*list_all)(struct xlpt_host *h, const char *path, char ***names);
static char own[XLPT_BDF_LEN];

static int list_own(struct xlpt_host *h, const char *path, char ***names)
{
	int r = list_all(h, path, names);
	size_t n = 0;

	if (r || strcmp(path, "/sys/bus/pci/devices") != 0)
		return r;
	for (char **name = *names; *name; name++) {
		if (xlpt_starts(*name, "0000:2") && strcmp(*name, own) != 0)
			free(*name);
		else
			(*names)[n++] = *name;
	}
	(*names)[n] = NULL;
	return 0;
}

static void see_only(struct xlpt_host *h, struct xlpt_bdf bdf)
{
	xlpt_bdf_format(bdf, XLPT_BDF_SYSFS, own);
	list_all = h->ops->list;
	narrow = *h->ops;
	narrow.list = list_own;
	h->ops = &narrow;
}

static struct xlpt_bdf device(int i)
{
	/* Each in a slot of its own: functions of one slot are locked together. */
	return (struct xlpt_bdf){ .bus = (uint8_t)(0x20 + i / 32), .dev = (uint8_t)(i % 32) };
}

/* A device for each process, hidden already: nothing makes them wait for each other but the ledger. */
static struct world *make(void)
{
	struct world *w = world_new();
	_cleanup_free_ char *conf = xlpt_xasprintf("hotplug-limit = %d\n", limit);
	struct xlpt_host *h = fake_bus_host(w->bus);

	fake_bus_put(w->bus, "/etc/xlpt/xlpt.conf", conf);
	for (int i = 0; i < processes; i++) {
		char bdf[XLPT_BDF_LEN];

		xlpt_bdf_format(device(i), XLPT_BDF_SYSFS, bdf);
		fake_bus_add(w->bus, bdf,
			     &(struct fake_dev){ .vendor = 0x8086,
						 .device = 0x10d3,
						 .class_code = 0x020000,
						 .parent = "0000:00:01.0" });
		h->ops->write(h, "/sys/bus/pci/drivers/pciback/new_slot", bdf, strlen(bdf));
		h->ops->write(h, "/sys/bus/pci/drivers/pciback/bind", bdf, strlen(bdf));
	}
	libxl = fake_ts_get(w->ts)->ops;
	counting = *libxl;
	counting.device_add = counted_add;
	fake_ts_get(w->ts)->ops = &counting;
	*told = (struct told){ 0 };
	return w;
}

static void child(struct world *w, int i)
{
	uint32_t domid = 100 + (uint32_t)i;
	_cleanup_free_ char *name = xlpt_xasprintf("many%d", i);
	int status;

	see_only(fake_bus_host(w->bus), device(i));
	fake_ts_guest(w->ts, domid, name, XLPT_GUEST_HVM);
	fake_store_set(w->store, name, "/local/domain/%u/name", domid);
	fake_store_set(w->store, "", "/local/domain/%u/device", domid);
	status = world_run(w, "attach %s %s", name, XLPT_BDF_STR(device(i)));
	if (status && status != 4)
		fprintf(stderr, "%s", w->err);
	__atomic_fetch_add(status == 0	 ? &told->done
			   : status == 4 ? &told->refused
					 : &told->other,
			   1, __ATOMIC_SEQ_CST);
	_exit(0);
}

static void nap_us(long us)
{
	nanosleep(&(struct timespec){ .tv_nsec = us * 1000 }, NULL);
}

/* Starts them all; with kill, about every third is shot down within some milliseconds. */
static unsigned run_all(struct world *w, bool kills, unsigned *seed)
{
	pid_t pids[PROCESSES_MAX];
	unsigned killed = 0;

	for (int i = 0; i < processes; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			child(w, i);
		assert_true(pids[i] > 0);
		/* One of the last few, which are somewhere in the middle. */
		if (kills && rand_r(seed) % 2 == 0) {
			nap_us(rand_r(seed) % 3000);
			kill(pids[i - (int)(rand_r(seed) % 4) * (i > 3)], SIGKILL);
		}
	}
	for (int i = 0; i < processes; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		killed += WIFSIGNALED(status);
	}
	return killed;
}

static size_t count(struct world *w)
{
	struct xlpt_env env = { .clock = &w->clock.clock, .host = fake_bus_host(w->bus) };
	_cleanup_ledger_ struct xlpt_ledger l = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	size_t n;

	if (xlpt_ledger_read(&env, &l, &diag))
		fail_msg("the ledger is not readable: %s", diag.message);
	free(xlpt_ledger_events(&l, &n));
	return n;
}

static void test_two_hundred(void **state)
{
	struct world *w = make();

	(void)state;
	run_all(w, false, NULL);
	print_message("%u let through, %u refused\n", told->done, told->refused);
	assert_int_equal(told->other, 0);
	assert_int_equal(told->done, limit);
	assert_int_equal(told->added, limit);
	assert_int_equal(told->refused, processes - limit);
	assert_int_equal(count(w), limit);
	world_free(w);
}

static void test_two_hundred_killed(void **state)
{
	unsigned seed = 4711, killed = 0;

	(void)state;
	for (int round = 0; round < rounds; round++) {
		struct world *w = make();
		unsigned k = run_all(w, true, &seed);

		killed += k;
		assert_int_equal(told->other, 0);
		assert_true(told->added <= (unsigned)limit);
		/* Who was let through is in the ledger, whatever became of him. */
		assert_in_range(count(w), told->added, limit);
		/* So many survivors ask that all of it is given away. */
		if (processes - (int)k >= limit)
			assert_int_equal(count(w), limit);
		/* The next one is told so as if nothing had happened. */
		fake_ts_guest(w->ts, 99, "late", XLPT_GUEST_HVM);
		assert_int_equal(world_run(w, "attach late 05:00.0"),
				 count(w) < (size_t)limit ? 0 : 4);
		world_free(w);
	}
	print_message("%u processes killed\n", killed);
	assert_true(killed > 10 * (unsigned)rounds || rounds == 1);
}

/* Nothing but the ledger, as fast as it goes, and everybody is killed in the middle of it. */
static void test_only_the_ledger(void **state)
{
	struct world *w = world_new();
	struct xlpt_env env = { .clock = &w->clock.clock,
				.host = fake_bus_host(w->bus),
				.err = stderr };
	const struct xlpt_budget_rule rule = { .limit = 3000,
					       .device_limit = 3000,
					       .window_ms = 1000000 };
	/* clang-format off */
	const struct xlpt_ledger_want wants[3] = {
		{ .bdf = { .bus = 1 } }, { .bdf = { .bus = 2 } }, { .bdf = { .bus = 3 } },
	};
	/* clang-format on */
	unsigned seed = 1147;

	(void)state;
	*told = (struct told){ 0 };
	for (int round = 0; round < 8 * rounds; round++) {
		pid_t pids[4];

		for (int i = 0; i < 4; i++) {
			pids[i] = fork();
			if (pids[i])
				continue;
			for (;;) {
				int rc = xlpt_ledger_reserve(&env, &rule, wants, 3, NULL, NULL);

				__atomic_fetch_add(rc == 0		   ? &told->added
						   : rc == XLPT_ERR_BUDGET ? &told->refused
									   : &told->other,
						   1, __ATOMIC_SEQ_CST);
			}
		}
		nap_us(1000 + rand_r(&seed) % 8000);
		for (int i = 0; i < 4; i++)
			kill(pids[i], SIGKILL);
		for (int i = 0; i < 4; i++)
			waitpid(pids[i], NULL, 0);
		assert_int_equal(told->other, 0);
		assert_true(told->added * 3 <= rule.limit);
		assert_in_range(count(w), told->added * 3, rule.limit);
	}
	print_message("%u reservations of three, %u refused, %zu counted\n", told->added,
		      told->refused, count(w));
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_hundred),
		cmocka_unit_test(test_two_hundred_killed),
		cmocka_unit_test(test_only_the_ledger),
	};

	if (strstr(getenv("LD_PRELOAD") ?: "", "vgpreload")) {
		processes = 12;
		limit = 6;
		rounds = 1;
	}
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return told == MAP_FAILED ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
