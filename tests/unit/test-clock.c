/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/util.h"
#include "tests/fake/clock.h"

struct fix {
	struct fake_clock c;
	int held, fd; /* two descriptions of one file; flock is by description */
	volatile int stop;
};

static int setup(void **state)
{
	static struct fix f;
	char path[] = "/tmp/xlpt-clock-XXXXXX";

	f = (struct fix){ .held = mkstemp(path) };
	f.fd = open(path, O_RDWR);
	assert_true(f.held >= 0 && f.fd >= 0);
	unlink(path);
	assert_int_equal(flock(f.held, LOCK_EX), 0);
	fake_clock_init(&f.c);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fix *f = *state;

	xlpt_closep(&f->held);
	xlpt_closep(&f->fd);
	fake_clock_dispose(&f->c);
	return 0;
}

static void let_go(void *arg)
{
	struct fix *f = arg;

	flock(f->held, LOCK_UN);
}

static void say_stop(void *arg)
{
	struct fix *f = arg;

	f->stop = 15;
}

static void test_flock(void **state)
{
	struct fix *f = *state;
	struct xlpt_clock *c = &f->c.clock;
	int64_t start = xlpt_now(c);

	assert_int_equal(xlpt_clock_flock(c, f->fd, 0, NULL), -EWOULDBLOCK);
	assert_int_equal(xlpt_now(c), start);
	/* Not a moment before or after its deadline. */
	assert_int_equal(xlpt_clock_flock(c, f->fd, start + 5003, NULL), -EWOULDBLOCK);
	assert_int_equal(xlpt_now(c), start + 5003);
	fake_clock_in(&f->c, 1000, say_stop, f);
	assert_int_equal(xlpt_clock_flock(c, f->fd, xlpt_now(c) + 60000, &f->stop), -EINTR);
	assert_in_range(xlpt_now(c), start + 6003, start + 6003 + 320);
	f->stop = 0;
	fake_clock_in(&f->c, 100, let_go, f);
	start = xlpt_now(c);
	assert_int_equal(xlpt_clock_flock(c, f->fd, start + 60000, &f->stop), 0);
	assert_in_range(xlpt_now(c), start + 100, start + 115);
	assert_int_equal(flock(f->held, LOCK_EX | LOCK_NB), -1);
	assert_int_equal(xlpt_clock_flock(c, -1, 0, NULL), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_flock, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
