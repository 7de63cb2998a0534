/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading a command line takes nothing from a pool: whatever is wrong with it, no lease was made. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/fake/bus-internal.h"
#include "tests/unit/pooling.h"
#include "xl-plugin/kept/leases.h"

#define CFG "/etc/xen/web1.cfg"

/* Each names a VF of the pool first, and then something that cannot be. */
static const struct wrong {
	const char *line;
	int status;
	const char *says;
} wrongs[] = {
	{ "attach web1 pool:lan 05:00.0 05:00.0", 2, "named twice" },
	{ "attach web1 pool:lan 01:10.4,pool=lan 01:10.4", 2, "named twice" },
	{ "attach web1 pool:lan name=nosuch", 1, "nosuch" },
	{ "attach web1 pool:lan pin:nosuch", 1, "nosuch" },
	{ "attach web1 pool:lan 0b:00.*", 1, "0b:00" },
	{ "attach web1 pool:lan pool:lan,colour=red", 2, "colour" },
	{ "attach web1 pool:lan --force-host-device both", 2, "--force-host-device" },
	{ "attach web1 pool:lan --allow-split both", 2, "--allow-split" },
	{ "attach web1 pool:lan --config " CFG, 2, CFG },
	{ "attach web1 pool:lan --config /etc/xen/none.cfg", 1, "none.cfg" },
	{ "attach web1 pool:lan --timeout soon", 2, "timeout" },
};

static struct xlpt_host_ops real;
static unsigned made;

static bool is_lease(const char *path)
{
	return xlpt_starts(path, XLPT_LEASES_DIR);
}

static int counting_open(struct xlpt_host *h, const char *path, int flags, mode_t mode)
{
	/* A lease is made without a name first (O_TMPFILE is O_DIRECTORY and more). */
	made += is_lease(path) && (flags & O_ACCMODE) != O_RDONLY;
	return real.open(h, path, flags, mode);
}

/* The moment before what was taken would be given back. */
static int killed_unlink(struct xlpt_host *h, const char *path)
{
	if (is_lease(path))
		raise(SIGKILL);
	return real.unlink(h, path);
}

static struct world *world_of(void **state)
{
	struct world *w = *state;

	ok(w, "pool define lan pf=01:00.0");
	fake_bus_put(w->bus, CFG, "name = \"web1\"\npci = [ '05:00.0'\n");
	real = w->bus->ops;
	made = 0;
	return w;
}

static void test_nothing_is_taken(void **state)
{
	struct world *w = world_of(state);

	w->bus->ops.open = counting_open;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(wrongs); i++) {
		changes_nothing(w, wrongs[i].status, wrongs[i].line, wrongs[i].says);
		if (made)
			fail_msg("xlpt %s: it made a lease", wrongs[i].line);
	}
	assert_false(xlpt_host_has(fake_bus_host(w->bus), XLPT_LEASES_DIR));
}

static void test_killed(void **state)
{
	struct world *w = world_of(state);

	w->bus->ops.unlink = killed_unlink;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(wrongs); i++) {
		_cleanup_free_ char *before = pools_snapshot(w), *after = NULL;
		int status;
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0)
			_exit(world_run(w, "%s", wrongs[i].line));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		after = pools_snapshot(w);
		if (strcmp(before, after) != 0)
			fail_msg("xlpt %s\n%s\n%s", wrongs[i].line, before, after);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != wrongs[i].status)
			fail_msg("xlpt %s: status %x", wrongs[i].line, (unsigned)status);
	}
	assert_false(xlpt_host_has(fake_bus_host(w->bus), XLPT_LEASES_DIR));
}

/* What is named later is nobody else's: the pool gives another one. */
static void test_named_later(void **state)
{
	struct world *w = world_of(state);

	fake_bus_put(w->bus, CFG, "name = \"web1\"\n");
	w->bus->ops.open = counting_open;
	ok(w, "attach web1 pool:lan 01:10.0 --hide --config " CFG);
	assert_true(made > 0);
	said(w, "0000:01:10.2 is attached to web1");
	said(w, "0000:01:10.0 is attached to web1");
	said(w, CFG " is changed");
	free_is(w, 5);
}

/* A dry run chooses, and makes no lease. */
static void test_dry_run(void **state)
{
	struct world *w = world_of(state);

	w->bus->ops.open = counting_open;
	ok(w, "--dry-run attach web1 pool:lan pool:lan");
	said(w, "would lease 0000:01:10.2 from pool lan to web1");
	assert_int_equal(made, 0);
	assert_false(xlpt_host_has(fake_bus_host(w->bus), XLPT_LEASES_DIR));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_is_taken, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_killed, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_named_later, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_dry_run, setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
