/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xlpt start: guests that are created with devices out of pools. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/pooling.h"
#include "xl-plugin/start/start.h"

static void test_start(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = NULL, *after = NULL;
	const char *cfg =
		pools_config("# a guest\nname = \"app1\"\ntype='pv' # PV\nmemory=256\n"
			     "pci = [ 'pool:lan', # first\n\t\"0000:05:00.0,power_mgmt=1\",\n"
			     "\t\"pool:lan,power_mgmt=0\" ]\n");

	ok(w, "pool define lan pf=01:00.0");
	before = pools_snapshot(w);
	world_run(w, "start --dry-run %s", cfg);
	said(w, "would lease 0000:01:10.0 from pool lan to app1");
	said(w, "would lease 0000:01:10.2 from pool lan to app1");
	said(w, "would create app1 with xl");
	after = pools_snapshot(w);
	assert_string_equal(before, after);
	if (world_run(w, "start %s", cfg))
		fail_msg("start: %s", w->err);
	said(w, "0000:05:00.0 is attached to app1 (domain 20) as 0000:00:0");
	said(w, "0000:01:10.2 is attached to app1 (domain 20) as ");
	ok(w, "pool show lan");
	said(w, "app1 (domain 20)");
	free_is(w, 5);
	assert_int_equal(world_run(w, "start %s", cfg), 1);
	said(w, "a guest called app1 runs already");
	ok(w, "detach app1 01:10.2");
	free_is(w, 6);
	fake_ts_kill(w->ts, 20);
	free_is(w, 7);
}

static void test_start_numa(void **state)
{
	static const struct {
		const char *cpus, *gives;
	} cases[] = {
		{ "cpus = \"node:1\"", "0000:0a:10.0" },
		{ "cpus = '4-7'", "0000:0a:10.0" },
		{ "cpus = [ '0', '1' ]", "0000:01:10.0" },
		{ "cpus = [ '5', '6' ]", "0000:0a:10.0" },
		{ "cpus = 'all'", "0000:01:10.0" },
		{ "cpus = '4-7,^5'", "0000:01:10.0" },
		{ "cpus = 'nodes:0-1'", "0000:01:10.0" },
		{ "", "0000:01:10.0" },
	};
	struct world *w = *state;

	pools_second_pf(w);
	ok(w, "pool define lan pf=01:00.0 pf=0a:00.0 policy=numa");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text =
			xlpt_xasprintf("name = 'app1'\n%s\npci = [ 'pool:lan' ]\n", cases[i].cpus);

		assert_int_equal(world_run(w, "start --dry-run %s", pools_config(text)), 0);
		said(w, cases[i].gives);
	}
}

/* This VF and no other, and leased all the same. */
static void test_start_exact(void **state)
{
	struct world *w = *state;
	const char *cfg =
		pools_config("name = \"app1\"\nmemory=256\n"
			     "pci = [ \"pool:lan\", '01:10.4,pool=lan', \"01:10.0,pool=lan\" ]\n");

	ok(w, "pool define lan pf=01:00.0");
	assert_int_equal(world_run(w, "start --print %s", cfg), 0);
	assert_string_equal(w->out,
			    "name = \"app1\"\nmemory=256\n"
			    "pci = [ \"0000:01:10.2\", \"0000:01:10.4\", \"0000:01:10.0\" ]\n"
			    "uuid = \"" POOLS_UUID "\"\n");
	free_is(w, 4);
	refused(w, 1, "attach web1 01:10.4,pool=lan", "0000:01:10.4 of pool lan is not free");
	said(w, "it is taken: app1 (starting)");
	ok(w, "attach web1 01:10.6,pool=lan");
	free_is(w, 3);
	refused(w, 1, "attach web1 01:10.6,pool=lan", "is not free");
}

static void test_start_print(void **state)
{
	struct world *w = *state;
	const char *cfg =
		pools_config("name = \"app1\"\nmemory=256\n"
			     "pci = [ 'pool:lan', # first\n\t\"0000:05:00.0,power_mgmt=1\" ]");

	ok(w, "pool define lan pf=01:00.0");
	assert_int_equal(world_run(w, "start --print %s", cfg), 0);
	assert_string_equal(w->out,
			    "name = \"app1\"\nmemory=256\n"
			    "pci = [ \"0000:01:10.0\", # first\n\t\"0000:05:00.0,power_mgmt=1\" ]\n"
			    "uuid = \"" POOLS_UUID "\"\n");
	assert_string_equal(fake_bus_driver_of(w->bus, "0000:01:10.0"), "pciback");
	free_is(w, 6);
	said(w, "app1 (starting)");
	/* Whoever prints and never creates: the lease ends by itself. */
	w->clock.clock.sleep_ms(&w->clock.clock, 130000);
	free_is(w, 7);
	/* Whoever creates: it becomes the guest's. */
	assert_int_equal(world_run(w, "start --print %s", cfg), 0);
	assert_int_equal(fake_ts_get(w->ts)->ops->guest_create(fake_ts_get(w->ts), w->out,
							       strlen(w->out), NULL),
			 0);
	w->clock.clock.sleep_ms(&w->clock.clock, 130000);
	free_is(w, 6);
	said(w, "app1 (domain 20)");
}

static void test_start_wrong(void **state)
{
	static const struct {
		const char *cfg;
		int status;
		const char *says;
	} cases[] = {
		{ "memory=1\npci=['pool:lan']\n", 2, "no name" },
		{ "name='a'\npci='pool:lan'\n", 2, "pci is a list" },
		{ "name='a'\npci=['pool:lan', [ 'x' ]]\n", 2, "a string, not a list" },
		{ "name='a'\npci=['0000:05:00.0',\n 'pool:lan,colour=red']\n", 2,
		  "unknown key \"colour\"" },
		{ "name='a'\npci=['01:00']\n", 2, "" },
		{ "name='a'\nuuid='banana'\npci=['pool:lan']\n", 2, "is no UUID" },
		{ "name='a'\npci=['pool:lan'\n", 2, "" },
		{ "name='a'\npci=['pool:nosuch']\n", 1, "no pool is called" },
		{ "name='a'\npci=['02:00.0']\n", 1, "not hidden" },
		{ "name='a'\npci=['00:1f.2,seize=1']\n", 3, "this host needs" },
		{ "name='a'\ntype='pvh'\npci=['pool:lan']\n", 1, "PVH" },
		{ "name='a'\npci=['05:00.0', '05:00.0']\n", 2, "named twice" },
		{ "name='web1'\npci=['pool:lan']\n", 1, "runs already" },
		{ "name='a'\nuuid='00000000-0000-4000-8000-000000000003'\npci=['pool:lan']\n", 1,
		  "with the UUID" },
		{ "name='a'\npci=['pool:lan','pool:lan','pool:lan','pool:lan','pool:lan','pool:lan',"
		  "'pool:lan','pool:lan']\n",
		  1, "pool lan has no free VF: all 7 are taken" },
	};
	struct world *w = *state;

	ok(w, "pool define lan pf=01:00.0");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *line = xlpt_xasprintf("start %s", pools_config(cases[i].cfg));
		_cleanup_free_ char *before = pools_snapshot(w), *after = NULL;
		int status = world_run(w, "%s", line);

		after = pools_snapshot(w);
		if (status != cases[i].status || !strstr(w->err, cases[i].says))
			fail_msg("case %zu: exit %d: %s", i, status, w->err);
		assert_string_equal(before, after);
	}
	refused(w, 1, "start /no/such/file.cfg", "cannot open");
}

/* A guest whose kernel does not know its PCI frontend: no guest, and everything back. */
static void test_start_deaf(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = NULL, *after = NULL;
	const char *cfg =
		pools_config("name = \"app1\"\npci = [ 'pool:lan', '02:00.0,seize=1' ]\n");

	ok(w, "pool define lan pf=01:00.0");
	ok(w, "hide 01:10.0 02:00.0");
	ok(w, "unhide 01:10.0 02:00.0");
	fake_ts_boot(w->ts, &(struct fake_pcifront_opts){ .absent = true });
	before = pools_snapshot(w);
	assert_int_equal(world_run(w, "start --timeout 5 %s", cfg), 1);
	said(w, "did not connect to");
	after = pools_snapshot(w);
	assert_string_equal(before, after);
	assert_int_equal(world_run(w, "start --no-wait %s", cfg), 0);
	free_is(w, 6);
}

/* Each function is one of its own for xl, whose BB:DD.* attaches one of them only. */
static void test_start_hvm_functions(void **state)
{
	struct world *w = *state;

	ok(w, "hide 04:00.0 04:00.1");
	assert_int_equal(world_run(w, "start %s",
				   pools_config("name = 'app1'\ntype = 'hvm'\n"
						"pci = [ '04:00.1' ]\n")),
			 0);
	said(w, "0000:04:00.1 is attached to app1 (domain 20) as 0000:00:05.0");
	fake_ts_kill(w->ts, 20);
	assert_int_equal(world_run(w, "start %s",
				   pools_config("name = 'app1'\ntype = 'hvm'\n"
						"pci = [ '04:00.*@9' ]\n")),
			 0);
	said(w, "0000:04:00.0 is attached to app1 (domain 21) as 0000:00:09.0");
	said(w, "0000:04:00.1 is attached to app1 (domain 21) as 0000:00:05.0");
	assert_int_equal(world_run(w, "detach app1 04:00.*"), 0);
}

/* ---- for xl, which the guard's program runs ---- */

struct guard {
	struct world *w;
	int fd;
	bool creates, keeps_open; /* xl: creates it; goes on in the foreground */
	bool drops;		  /* ... without the second device */
	const char *watcher;	  /* what it says of who watches the guest, or NULL */
	char config[4096];	  /* what xl reads */
};

/* What the guard's program does when the answer is there: it runs xl, and waits for its end. */
static void runs_xl(void *arg)
{
	struct guard *g = arg;
	ssize_t n = recv(g->fd, g->config, sizeof(g->config), MSG_DONTWAIT);

	assert_true(n > 0 && !g->config[n - 1]);
	if (g->drops) {
		char *second = strstr(g->config, "02:00.0");

		assert_non_null(second);
		while (*second != ',')
			second--;
		memset(second, ' ', strcspn(second, "]"));
	}
	if (g->creates)
		assert_int_equal(fake_ts_get(g->w->ts)->ops->guest_create(
					 fake_ts_get(g->w->ts), g->config, (size_t)n - 1, NULL),
				 0);
	if (g->watcher)
		assert_true(write(g->fd, g->watcher, strlen(g->watcher)) > 0);
	if (!g->keeps_open) {
		close(g->fd);
		g->fd = -1;
	}
}

static int for_xl(struct guard *g, const char *options, const char *cfg)
{
	int fds[2], status;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	g->fd = fds[0];
	assert_int_equal(write(g->fd, cfg, strlen(cfg) + 1), (ssize_t)strlen(cfg) + 1);
	/* Within the wait for xl: nothing before it takes as long. */
	fake_clock_in(&g->w->clock, 60, runs_xl, g);
	status = world_run(g->w, "start --for-xl %d %s/etc/xen/auto/app1", fds[1], options);
	fake_clock_cancel(&g->w->clock, g);
	close(fds[1]);
	if (g->fd >= 0)
		close(g->fd);
	return status;
}

#define FOR_XL "name = \"app1\"\nmemory=256\npci = [ 'pool:lan', '02:00.0,seize=1' ] # two\n"

static void test_for_xl(void **state)
{
	struct guard g = { .w = *state, .creates = true };
	_cleanup_free_ char *before = NULL, *after = NULL;

	ok(g.w, "pool define lan pf=01:00.0");
	assert_int_equal(for_xl(&g, "", FOR_XL), 0);
	assert_string_equal(g.config, "name = \"app1\"\nmemory=256\n"
				      "pci = [ \"0000:01:10.0\", \"0000:02:00.0\" ] # two\n"
				      "uuid = \"" POOLS_UUID "\"\n");
	assert_string_equal(g.w->out, "");
	assert_string_equal(g.w->err, "");
	ok(g.w, "pool show lan");
	said(g.w, "app1 (domain 20)");
	before = pools_snapshot(g.w);
	/* It runs already, and xl is not run. */
	assert_int_equal(for_xl(&g, "", FOR_XL), 1);
	said(g.w, "a guest called app1 runs already");
	after = pools_snapshot(g.w);
	assert_string_equal(before, after);
}

/* xl -F and xl create -c go on for as long as the guest does: nobody waits for them. */
static void test_for_xl_foreground(void **state)
{
	struct guard g = { .w = *state, .creates = true, .keeps_open = true };

	ok(g.w, "pool define lan pf=01:00.0");
	assert_int_equal(for_xl(&g, "", FOR_XL), 0);
	ok(g.w, "pool show lan");
	said(g.w, "app1 (domain 20)");
}

/* Without a process of xl's that has a log: xl -F itself watches the guest, or (-e) nobody does. */
static void test_for_xl_watcher(void **state)
{
	struct guard g = { .w = *state, .creates = true, .keeps_open = true, .watcher = "4711\n" };
	struct xlpt_host *h = fake_bus_host(g.w->bus);

	fake_bus_put(g.w->bus, "/proc/4711/comm", "xl\n");
	fake_bus_put(g.w->bus, "/proc/4711/status", "Name:\txl\nUid:\t0\t0\t0\t0\n");
	fake_bus_put(g.w->bus, "/proc/4711/stat",
		     "4711 (xl) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 99 0 0\n");
	ok(g.w, "pool define lan pf=01:00.0");
	assert_int_equal(for_xl(&g, "", FOR_XL), 0);
	fake_ts_kill(g.w->ts, 20);
	ok(g.w, "pool show lan");
	said(g.w, "app1 restarting");
	/* xl has ended: the guest does not come again. */
	h->ops->unlink(h, "/proc/4711/stat");
	ok(g.w, "pool show lan");
	said(g.w, "7 of 7 VFs free");
	g.watcher = "0\n";
	assert_int_equal(for_xl(&g, "", FOR_XL), 0);
	fake_ts_kill(g.w->ts, 21);
	ok(g.w, "pool show lan");
	said(g.w, "7 of 7 VFs free");
	/* One that has ended before xlpt looked for it. */
	g.watcher = "4712\n";
	fake_ts_monitors(g.w->ts, NULL);
	assert_int_equal(for_xl(&g, "", FOR_XL), 0);
	fake_ts_gap(g.w->ts, 22);
	ok(g.w, "pool show lan");
	said(g.w, "7 of 7 VFs free");
}

static void leaves_process(void *arg)
{
	struct world *w = arg;

	fake_bus_put(w->bus, "/proc/104/comm", "xl\n");
	fake_bus_put(w->bus, "/proc/104/status", "Name:\txl\nUid:\t0\t0\t0\t0\n");
	fake_bus_put(w->bus, "/proc/104/stat",
		     "104 (xl) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 99 0 0\n");
	fake_bus_link(w->bus, "/proc/104/fd/1", "/var/log/xen/xl-app1.log");
}

/* xl create -c: the guest runs before xl has left its process, and the guard's program stays. */
static void test_for_xl_console(void **state)
{
	struct guard g = { .w = *state, .creates = true, .keeps_open = true };
	struct xlpt_host *h = fake_bus_host(g.w->bus);

	fake_ts_monitors(g.w->ts, NULL);
	ok(g.w, "pool define lan pf=01:00.0");
	fake_clock_in(&g.w->clock, 3000, leaves_process, g.w);
	assert_int_equal(for_xl(&g, "", FOR_XL), 0);
	fake_clock_cancel(&g.w->clock, g.w);
	/* Destroyed, and its process with it, before anybody looked: it does not come again. */
	fake_ts_gap(g.w->ts, 20);
	h->ops->unlink(h, "/proc/104/stat");
	ok(g.w, "pool show lan");
	said(g.w, "7 of 7 VFs free");
}

/* A guest that xl -F keeps without one of its devices: nobody waits for its end, nor holds its locks. */
static void test_for_xl_lacks(void **state)
{
	struct guard g = { .w = *state, .creates = true, .keeps_open = true, .drops = true };
	int64_t before;

	ok(g.w, "pool define lan pf=01:00.0");
	before = xlpt_now(&g.w->clock.clock);
	assert_int_equal(for_xl(&g, "", FOR_XL), 0);
	assert_true(xlpt_now(&g.w->clock.clock) - before >= XLPT_START_TIMEOUT_MS);
	assert_non_null(strstr(g.w->err, "app1 was created without 0000:02:00.0"));
}

static void test_for_xl_fails(void **state)
{
	struct guard g = { .w = *state };
	_cleanup_free_ char *before = NULL, *after = NULL;

	ok(g.w, "pool define lan pf=01:00.0");
	ok(g.w, "hide 01:10.0 02:00.0");
	ok(g.w, "unhide 01:10.0 02:00.0");
	before = pools_snapshot(g.w);
	assert_int_equal(for_xl(&g, "", FOR_XL), 1);
	said(g.w, "xl did not create app1");
	after = pools_snapshot(g.w);
	assert_string_equal(before, after);
}

/* xl create -n: the text, and nothing else. */
static void test_for_xl_dry(void **state)
{
	struct guard g = { .w = *state };
	_cleanup_free_ char *before = NULL, *after = NULL;

	ok(g.w, "pool define lan pf=01:00.0");
	before = pools_snapshot(g.w);
	assert_int_equal(for_xl(&g, "--dry-run ", FOR_XL), 0);
	assert_string_equal(g.w->out, "");
	after = pools_snapshot(g.w);
	assert_string_equal(before, after);
}

static void test_for_xl_wrong(void **state)
{
	struct guard g = { .w = *state };
	int fds[2];

	ok(g.w, "pool define lan pf=01:00.0");
	assert_int_equal(for_xl(&g, "", "name = 'app1'\npci = [ 'pool:lan,colour=red' ]\n"), 2);
	/* The name is the file's, though the text came from the guard. */
	said(g.w, "/etc/xen/auto/app1:2:");
	assert_int_equal(for_xl(&g, "", "name = 'app1'\npci = [ 'pool:none' ]\n"), 1);
	said(g.w, "no pool is called");
	assert_int_equal(for_xl(&g, "--no-wait ", FOR_XL), 2);
	refused(g.w, 2, "start --for-xl x /f", "wants a descriptor");
	/* It was killed in the middle of its text. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(write(fds[0], "name=", 5), 5);
	close(fds[0]);
	assert_int_equal(world_run(g.w, "start --for-xl %d /f", fds[1]), 1);
	said(g.w, "did not send the whole");
	close(fds[1]);
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_start, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_start_numa, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_start_exact, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_start_print, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_start_wrong, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_start_deaf, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_start_hvm_functions, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_for_xl, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_for_xl_foreground, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_for_xl_watcher, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_for_xl_console, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_for_xl_lacks, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_for_xl_fails, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_for_xl_dry, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_for_xl_wrong, setup, world_teardown),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
