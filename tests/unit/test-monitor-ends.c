/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xlpt monitor: how it ends, what goes wrong meanwhile, guests that mean harm, and the signs of the running
 * system by which it looks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/notice.h"
#include "core/tempdir.h"
#include "pciback/device/uevent.h"
#include "tests/unit/monitoring.h"

/* ---- how it ends ---- */

static void nothing(struct scene *s, unsigned step)
{
	(void)s;
	(void)step;
}

static void test_signals(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(signals); i++) {
		struct scene s = { .w = *state, .act = nothing, .steps = 1, .sig = signals[i] };

		assert_int_equal(monitor(&s), 0);
		assert_string_equal(s.err, "");
		scene_dispose(&s);
	}
}

static void attach_once(struct scene *s, unsigned step)
{
	if (step == 0)
		ok(s->w, "attach web1 05:00.0");
}

static int into(struct scene *s, int fd, char **err)
{
	char *argv[] = { (char[]){ "xlpt" }, (char[]){ "monitor" }, NULL };
	struct xlpt_env env = world_env(s->w);
	size_t n;
	int status;

	env.out = fdopen(fd, "w");
	env.err = open_memstream(err, &n);
	fake_clock_in(&s->w->clock, s->every_ms, step_now, s);
	status = xlpt_run(2, argv, &env);
	fclose(env.out);
	fclose(env.err);
	fake_clock_cancel(&s->w->clock, s);
	return status;
}

/* Who reads no more has seen enough; a disk that is full is a failure. */
static void test_output_ends(void **state)
{
	struct scene s = { .w = *state, .act = attach_once, .steps = 100, .every_ms = 1000 };
	char *err = NULL;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	close(ends[0]);
	assert_int_equal(into(&s, ends[1], &err), 0);
	assert_string_equal(err, "");
	/* It did not wait for the hundred steps. */
	assert_true(s.step < 3);
	free(XLPT_TAKE(err));
	assert_int_equal(into(&s, open("/dev/full", O_WRONLY | O_CLOEXEC), &err), 1);
	assert_non_null(strstr(err, "cannot write the output: No space left"));
	free(err);
}

static void test_refused(void **state)
{
	struct world *w = *state;

	refused(w, 2, "monitor --sysroot /nowhere", "nothing happens in a captured tree");
	refused(w, 2, "monitor web1", "too many arguments");
}

/* ---- what goes wrong meanwhile ---- */

static void fail_once(struct scene *s, unsigned step)
{
	if (step == 0)
		ok(s->w, "attach web1 05:00.0");
	if (step == 1)
		fake_store_fail(s->w->store, FAKE_STORE_LIST, 1, EIO);
	if (step == 1)
		fake_store_set(s->w->store, "4", "/local/domain/0/backend/pci/3/0/state");
}

/* Each look. */
static void fail_for_good(struct scene *s, unsigned step)
{
	(void)step;
	fake_store_fail(s->w->store, FAKE_STORE_LIST, 1, EIO);
	fake_store_set(s->w->store, "4", "/local/domain/0/backend/pci/3/0/state");
}

static void xenstored_gone(struct scene *s, unsigned step)
{
	(void)step;
	fake_store_fail(s->w->store, FAKE_STORE_WAIT, 1, EPIPE);
	fake_store_set(s->w->store, "4", "/local/domain/0/backend/pci/3/0/state");
}

static void test_errors(void **state)
{
	struct scene s = { .w = *state, .act = fail_once, .steps = 3, .json = true };

	assert_int_equal(monitor(&s), 0);
	assert_int_equal(assert_replays(&s), 1);
	s.act = fail_for_good;
	s.steps = 100;
	s.every_ms = 100;
	assert_int_equal(monitor(&s), 1);
	assert_non_null(strstr(s.out, "\"error\""));
	assert_true(s.step < 50);
	fake_store_fail(s.w->store, FAKE_STORE_LIST, 0, 0);
	s.act = xenstored_gone;
	s.json = false;
	assert_int_equal(monitor(&s), 1);
	assert_non_null(strstr(s.err, "xenstore"));
	scene_dispose(&s);
}

/* ---- guests that mean harm ---- */

/* As fast as the guest can: of this xenstore each step is a sign. */
static void flip(struct scene *s, unsigned step)
{
	fake_store_set(s->w->store, step % 2 ? "4" : "7", "/local/domain/0/backend/pci/3/0/state");
}

/* It looks four times a second at most, and keeps nothing of what it did not look at. */
static void test_flood(void **state)
{
	struct world *w = *state;
	struct scene s = { .w = w, .act = flip, .steps = 20000, .every_ms = 1, .json = true };
	unsigned before;

	ok(w, "attach web1 05:00.0");
	before = fake_store_calls(w->store, FAKE_STORE_LIST);
	assert_int_equal(monitor(&s), 0);
	/* 50 s: 200 looks and some; a look lists a few folders. */
	assert_true(fake_store_calls(w->store, FAKE_STORE_LIST) - before < 2000);
	/* The device was with the guest all the time. */
	assert_ptr_equal(strchr(s.out, '\n') + 1, s.out + strlen(s.out));
	scene_dispose(&s);
}

static void never_connects(struct scene *s, unsigned step)
{
	if (step == 0)
		fake_libxl_pci_start(s->w->store, 3, B("05:00.0"));
}

/* What does not become complete is no event, and is looked at less and less often. */
static void test_pending(void **state)
{
	struct world *w = *state;
	struct scene s = { .w = w, .act = never_connects, .steps = 2, .json = true };
	unsigned before;

	world_frontend(w, &(struct fake_pcifront_opts){ .step_ms = 10, .absent = true });
	s.every_ms = 600000;
	before = fake_store_calls(w->store, FAKE_STORE_LIST);
	assert_int_equal(monitor(&s), 0);
	assert_null(strstr(s.out, "\"attached\",\"time"));
	assert_true(fake_store_calls(w->store, FAKE_STORE_LIST) - before < 1000);
	scene_dispose(&s);
}

static struct fake_pcifront *evil_front;

static void evil_guest(struct scene *s, unsigned step)
{
	static const char name[] = "a\x1b[2J\nunhidden 0000:00:00.0: no";

	if (step == 0) {
		fake_ts_guest(s->w->ts, 9, name, XLPT_GUEST_PV);
		fake_store_set(s->w->store, name, "/local/domain/9/name");
		fake_store_set(s->w->store, "", "/local/domain/9/device");
		evil_front = fake_pcifront_start(s->w->store, 9,
						 &(struct fake_pcifront_opts){ .step_ms = 10 });
		world_run(s->w, "attach 9 05:00.0");
	}
}

static void test_evil_name(void **state)
{
	struct scene s = { .w = *state, .act = evil_guest, .steps = 2 };
	_cleanup_free_ char *told = NULL;

	assert_int_equal(monitor(&s), 0);
	told = without_time(s.out);
	assert_string_equal(told, "now: 0000:05:00.0 is hidden\n"
				  "attached 0000:05:00.0 to a\\x1b[2J\\nunhidden 0000:00:00.0: no "
				  "(domain 9)\n");
	fake_pcifront_stop(evil_front);
	scene_dispose(&s);
}

/* ---- signs of the running system ---- */

static void test_uevents(void **state)
{
	static const char pci[] = "bind@/devices/pci0000:00/0000:00:03.0\0ACTION=bind\0"
				  "SUBSYSTEM=pci\0DRIVER=pciback",
			  usb[] = "add@/devices/SUBSYSTEM=pci\0SUBSYSTEM=pciehp\0X=SUBSYSTEM=pci";
	int fd = xlpt_uevent_open(), ends[2];

	(void)state;
	assert_true(xlpt_uevent_is_pci(pci, sizeof(pci)));
	assert_true(xlpt_uevent_is_pci(pci, sizeof(pci) - 1));
	assert_false(xlpt_uevent_is_pci(pci, strlen(pci) + 5));
	assert_false(xlpt_uevent_is_pci(usb, sizeof(usb)));
	assert_false(xlpt_uevent_is_pci("", 0));
	/* Not everywhere a test runs may it listen; where it may, nothing was sent. */
	if (fd >= 0)
		assert_in_range(xlpt_uevent_drain(fd), 0, 1);
	if (fd >= 0)
		close(fd);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends),
			 0);
	assert_int_equal(write(ends[1], usb, sizeof(usb)), sizeof(usb));
	assert_int_equal(xlpt_uevent_drain(ends[0]), 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(write(ends[1], i ? usb : pci, i ? sizeof(usb) : sizeof(pci)),
				 i ? sizeof(usb) : sizeof(pci));
	assert_int_equal(xlpt_uevent_drain(ends[0]), 1);
	assert_int_equal(xlpt_uevent_drain(ends[0]), 0);
	close(ends[0]);
	close(ends[1]);
}

static void test_folders(void **state)
{
	_cleanup_tempdir_ struct xlpt_tempdir dir = { .fd = -1 };
	_cleanup_free_ char *file = NULL, *below = NULL;
	int fd = xlpt_notice_open();

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(xlpt_tempdir_make(&dir, "xlpt-test-notice-", NULL), 0);
	file = xlpt_xasprintf("%s/0000:01:10.0", dir.path);
	below = xlpt_xasprintf("%s/none", dir.path);
	assert_int_equal(xlpt_notice_add(fd, below), -ENOENT);
	assert_int_equal(xlpt_notice_add(fd, dir.path), 0);
	assert_int_equal(xlpt_notice_add(fd, dir.path), 0);
	assert_int_equal(xlpt_notice_drain(fd), 0);
	assert_int_equal(xlpt_file_replace(NULL, file, "x", 1,
					   &(struct xlpt_file_how){ .mode = 0600, .lazy = true }),
			 0);
	assert_int_equal(xlpt_notice_drain(fd), 1);
	assert_int_equal(xlpt_notice_drain(fd), 0);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(xlpt_notice_drain(fd), 1);
	assert_int_equal(xlpt_notice_add(fd, file), -ENOENT);
	close(fd);
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		world_test(test_signals),
		world_test(test_output_ends),
		world_test(test_refused),
		world_test(test_errors),
		world_test(test_flood),
		world_test(test_pending),
		world_test(test_evil_name),
		cmocka_unit_test(test_uevents),
		cmocka_unit_test(test_folders),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
