/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files of leases: for nobody but root, and never seen half. Two processes where two are meant. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/pooling.h"
#include "xl-plugin/kept/leases.h"
#include "xl-plugin/kept/pins.h"
#include "xl-plugin/pool/pools.h"

#define VF	"0000:01:10.0"
#define FILE_OF XLPT_LEASES_DIR "/" VF

static struct xlpt_env env_of(struct world *w, struct xlpt_clock *clock)
{
	return (struct xlpt_env){ .clock = clock,
				  .host = fake_bus_host(w->bus),
				  .err = stderr,
				  .out = stdout,
				  .store = fake_store_get(w->store),
				  .ts = fake_ts_get(w->ts) };
}

static mode_t mode_of(struct world *w, const char *path)
{
	struct xlpt_host *h = fake_bus_host(w->bus);
	int fd = h->ops->open(h, path, O_RDONLY, 0);
	struct stat st;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	close(fd);
	return st.st_mode & 07777;
}

static void set_mode(struct world *w, const char *path, mode_t mode)
{
	struct xlpt_host *h = fake_bus_host(w->bus);
	int fd = h->ops->open(h, path, O_RDONLY, 0);

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void test_modes(void **state)
{
	struct world *w = *state;

	ok(w, "pool define lan pf=01:00.0");
	ok(w, "attach web1 pool:lan --hide");
	assert_int_equal(mode_of(w, FILE_OF), 0600);
	/* One that an earlier version made; looking is enough, and a dry run leaves it. */
	set_mode(w, FILE_OF, 0644);
	ok(w, "pool list --dry-run");
	assert_int_equal(mode_of(w, FILE_OF), 0644);
	ok(w, "pool list");
	assert_int_equal(mode_of(w, FILE_OF), 0600);
	set_mode(w, FILE_OF, 0644);
	ok(w, "detach --dry-run web1 01:10.0");
	ok(w, "attach db1 --hide 02:00.0");
	assert_int_equal(mode_of(w, FILE_OF), 0600);
}

/* Definitions and pins are nobody's to lock either. */
static void test_other_modes(void **state)
{
	static const char *const paths[] = { XLPT_POOLS_DIR "/lan", XLPT_PIN_DIR "/nic0" };
	struct world *w = *state;

	ok(w, "pool define lan pf=01:00.0");
	ok(w, "pin nic0 02:00.0");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(paths); i++) {
		assert_int_equal(mode_of(w, paths[i]), 0600);
		set_mode(w, paths[i], 0664);
	}
	ok(w, "pool list");
	ok(w, "pin list");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(paths); i++)
		assert_int_equal(mode_of(w, paths[i]), 0600);
}

static struct xlpt_lease lease_of(int64_t domid, const char *guest)
{
	return (struct xlpt_lease){ .bdf = B(VF),
				    .pool = xlpt_xstrdup("lan"),
				    .fd = -1,
				    .guest = xlpt_xstrdup(guest),
				    .domid = domid };
}

/* Changes it, its length too, as often as it can. */
static void write_on(struct world *w, int until)
{
	struct xlpt_env env = env_of(w, &xlpt_clock_real);
	struct xlpt_lease l = lease_of(3, "web1");
	char c;

	if (xlpt_lease_create(&env, &l, NULL))
		_exit(1);
	for (int i = 0; read(until, &c, 1) < 0 && errno == EAGAIN; i++) {
		l.domid = i % 2 ? 7 : 4000000;
		snprintf(l.uuid, sizeof(l.uuid), "%s", i % 2 ? "" : POOLS_UUID);
		free(l.guest);
		l.guest = i % 2 ? xlpt_xasprintf("%0200d", i) : xlpt_xstrdup("w");
		if (xlpt_lease_update(&env, &l, NULL))
			_exit(2);
	}
	xlpt_lease_dispose(&l);
	_exit(0);
}

static void test_never_half(void **state)
{
	struct world *w = *state;
	struct xlpt_env env = env_of(w, &xlpt_clock_real);
	char *said = NULL;
	size_t len, seen = 0;
	int end[2], status;
	pid_t pid;

	assert_int_equal(pipe2(end, O_CLOEXEC | O_NONBLOCK), 0);
	pid = fork();
	if (!pid) {
		close(end[1]);
		write_on(w, end[0]);
	}
	env.err = open_memstream(&said, &len);
	for (int i = 0; i < 3000 || (seen <= 100 && i < 1000000); i++) {
		_cleanup_leases_ struct xlpt_leases all = { 0 };

		assert_int_equal(xlpt_leases_read(&env, &all, NULL), 0);
		if (!all.n)
			continue;
		seen++;
		assert_int_equal(all.n, 1);
		assert_true(all.items[0].domid == 3 ? !strcmp(all.items[0].guest, "web1")
			    : all.items[0].domid == 7
				    ? strlen(all.items[0].guest) == 200 && !*all.items[0].uuid
				    : !strcmp(all.items[0].guest, "w") &&
					      !strcmp(all.items[0].uuid, POOLS_UUID));
		assert_true(all.items[0].busy);
	}
	fclose(env.err);
	close(end[1]);
	close(end[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_string_equal(said, "");
	free(said);
	assert_true(seen > 100);
}

/* Who waits for a lease gets the one that took its place. */
static void test_hold_after_change(void **state)
{
	struct world *w = *state;
	struct xlpt_env env = env_of(w, &xlpt_clock_real);
	_cleanup_lease_ struct xlpt_lease l = { .fd = -1 };
	int ready[2], status;
	char c = 0;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		struct xlpt_lease own = lease_of(3, "web1");

		if (xlpt_lease_create(&env, &own, NULL) || write(ready[1], &c, 1) != 1)
			_exit(1);
		xlpt_clock_real.sleep_ms(&xlpt_clock_real, 200);
		own.domid = 9;
		if (xlpt_lease_update(&env, &own, NULL))
			_exit(2);
		xlpt_clock_real.sleep_ms(&xlpt_clock_real, 200);
		_exit(0);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(xlpt_lease_hold(&env, B(VF), 20000, &l, NULL), 1);
	assert_int_equal(l.domid, 9);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(ready[0]);
	close(ready[1]);
}

/* The same text again is no new file: a kill or a full disk has one moment less to come in. */
static void test_same_again(void **state)
{
	struct world *w = *state;
	struct xlpt_env env = env_of(w, &xlpt_clock_real);
	_cleanup_lease_ struct xlpt_lease l = lease_of(3, "web1");
	struct stat before, after;

	assert_int_equal(xlpt_lease_create(&env, &l, NULL), 0);
	assert_int_equal(fstat(l.fd, &before), 0);
	assert_int_equal(xlpt_lease_update(&env, &l, NULL), 0);
	assert_int_equal(fstat(l.fd, &after), 0);
	assert_true(before.st_ino == after.st_ino && after.st_nlink == 1);
	l.has_mac = true;
	assert_int_equal(xlpt_lease_update(&env, &l, NULL), 0);
	assert_int_equal(fstat(l.fd, &after), 0);
	assert_true(before.st_ino != after.st_ino && after.st_nlink == 1);
	/* Nor is one that was taken away taken for one that is there. */
	assert_int_equal(xlpt_host_has(env.host, FILE_OF), 1);
	env.host->ops->unlink(env.host, FILE_OF);
	assert_int_equal(xlpt_lease_update(&env, &l, NULL), XLPT_ERR_CONFLICT);
}

/* What a writer that was killed left; one that lives keeps his. */
static void test_sweep(void **state)
{
	struct world *w = *state;
	struct xlpt_host *h = fake_bus_host(w->bus);
	int fd;

	ok(w, "pool define lan pf=01:00.0");
	fake_bus_put(w->bus, XLPT_LEASES_DIR "/." VF ".1", "xlpt-lease 1\n");
	fake_bus_put(w->bus, XLPT_LEASES_DIR "/." VF ".2", "xlpt-lease 1\n");
	fd = h->ops->open(h, XLPT_LEASES_DIR "/." VF ".2", O_RDONLY, 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	ok(w, "pool list");
	assert_false(xlpt_host_has(h, XLPT_LEASES_DIR "/." VF ".1"));
	assert_true(xlpt_host_has(h, XLPT_LEASES_DIR "/." VF ".2"));
	close(fd);
}

struct free_pools {
	struct world *w;
	bool looked, free;
};

static void look_at_pools(void *arg)
{
	struct free_pools *p = arg;
	struct xlpt_host *h = fake_bus_host(p->w->bus);
	int fd = h->ops->open(h, "/run/xlpt/lock/pools", O_RDWR | O_CREAT, 0600);

	p->looked = true;
	p->free = flock(fd, LOCK_EX | LOCK_NB) == 0;
	close(fd);
}

/* The kernel takes its time to end an export: others may use the pools meanwhile. */
static void test_pools_are_free(void **state)
{
	static const char *const lines[] = { "attach db1 pool:lan --hide", "pool list",
					     "pool release --gone", "pool define two dev=02:00.0" };

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(lines); i++) {
		struct world *w = pools_world();
		struct free_pools p = { .w = w };

		ok(w, "pool define lan pf=01:00.0");
		ok(w, "attach web1 pool:lan --hide");
		fake_ts_kill(w->ts, 3);
		fake_bus_put(w->bus, "/sys/devices/pci-3-0/nodename", "");
		fake_clock_in(&w->clock, 500, look_at_pools, &p);
		world_run(w, "%s", lines[i]);
		if (!p.looked || !p.free)
			fail_msg("xlpt %s %s", lines[i],
				 p.looked ? "had the pools while it waited" : "did not wait");
		world_free(w);
	}
}

#define lease_test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		lease_test(test_modes),
		lease_test(test_other_modes),
		lease_test(test_never_half),
		lease_test(test_hold_after_change),
		lease_test(test_sweep),
		lease_test(test_same_again),
		cmocka_unit_test(test_pools_are_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
