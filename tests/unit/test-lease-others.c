/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest is gone, and udev's rule gives its VF back while somebody asks for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/file.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/pooling.h"
#include "xl-plugin/kept/leases.h"

#define VF	"0000:01:10.0"
#define LEASE	XLPT_LEASES_DIR "/" VF
#define DEVICE	"/run/xlpt/lock/device-" VF
#define TAKES	1500 /* milliseconds until the other one is done */
#define ENDLESS 60000

/* The other xlpt: it has the lease, or still only the device, until it is done. */
struct other {
	struct world *w;
	int fd;
	bool ends; /* the lease, when it is done */
};

static void is_done(void *arg)
{
	struct other *o = arg;
	struct xlpt_host *h = fake_bus_host(o->w->bus);

	if (o->ends)
		assert_int_equal(h->ops->unlink(h, LEASE), 0);
	close(o->fd);
	o->fd = -1;
}

static void begins(struct other *o, struct world *w, const char *has, int64_t ms)
{
	struct xlpt_host *h = fake_bus_host(w->bus);

	fake_ts_kill(w->ts, 3);
	o->w = w;
	o->fd = h->ops->open(h, has, O_RDWR | O_CREAT, 0600);
	assert_true(o->fd >= 0);
	assert_int_equal(flock(o->fd, LOCK_EX | LOCK_NB), 0);
	fake_clock_in(&w->clock, ms, is_done, o);
}

static void test_release_waits(void **state)
{
	static const char *const what[] = { LEASE, DEVICE };

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(what); i++) {
		struct world *w = pools_world();
		struct other o = { .ends = true };
		int64_t before;

		ok(w, "pool define one dev=01:10.0");
		ok(w, "attach web1 pool:one --hide");
		begins(&o, w, what[i], TAKES);
		before = w->clock.now;
		ok(w, "pool release --gone");
		said(w, "nothing to give back");
		assert_string_equal(w->err, "");
		assert_int_equal(o.fd, -1);
		assert_in_range(w->clock.now - before, TAKES, TAKES + 500);
		world_free(w);
	}
}

/* The other one was killed at it, or failed. */
static void test_release_follows(void **state)
{
	struct world *w = *state;
	struct other o = { .ends = false };

	ok(w, "pool define one dev=01:10.0");
	ok(w, "attach web1 pool:one --hide");
	begins(&o, w, DEVICE, TAKES);
	ok(w, "pool release --gone");
	said(w, "gave 0000:01:10.0 back to pool one: web1 is gone");
}

static void test_attach_waits(void **state)
{
	struct world *w = *state;
	struct other o = { .ends = true };

	ok(w, "pool define one dev=01:10.0");
	ok(w, "attach web1 pool:one --hide");
	begins(&o, w, LEASE, TAKES);
	ok(w, "attach db1 pool:one --hide");
	assert_int_equal(o.fd, -1);
	said(w, "0000:01:10.0 is attached to db1");
}

static void test_not_for_ever(void **state)
{
	struct world *w = *state;
	struct other o = { .ends = true };

	ok(w, "pool define one dev=01:10.0");
	ok(w, "attach web1 pool:one --hide");
	begins(&o, w, LEASE, ENDLESS);
	ok(w, "pool release --gone --timeout 3");
	said(w,
	     "another xlpt works on 0000:01:10.0, whose guest is gone, and has not given it back "
	     "yet");
	said(w, "to mend: xlpt pool release --gone, when that one has ended");
	assert_true(o.fd >= 0);
	fake_clock_cancel(&w->clock, &o);
	close(o.fd);
}

/* A guest that runs has it, and an attach or detach works on it. */
static void test_not_for_guests(void **state)
{
	struct world *w = *state;
	struct xlpt_host *h = fake_bus_host(w->bus);
	int64_t before;
	int fd;

	ok(w, "pool define one dev=01:10.0");
	ok(w, "attach web1 pool:one --hide");
	fd = h->ops->open(h, LEASE, O_RDWR, 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	before = w->clock.now;
	ok(w, "pool release --gone");
	assert_int_equal(w->clock.now, before);
	close(fd);
}

#define others_test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_release_waits), others_test(test_release_follows),
		others_test(test_attach_waits),	      others_test(test_not_for_ever),
		others_test(test_not_for_guests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
