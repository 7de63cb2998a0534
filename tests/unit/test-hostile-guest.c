/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest writes what it likes into its own part of xenstore: sizes, characters, numbers, nothing at
 * all, and something else at every read. It can spoil its own hotplug, in bounded time and with the
 * right exit status. It cannot keep dom0 from being clean, and other guests do not notice.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "core/text.h"
#include "tests/unit/pooling.h"
#include "xenstore/pcibe.h"
#include "xenstore/store-file.h"

#define FRONT "/local/domain/3/device/pci/0"
#define ERROR "/local/domain/3/error/device/pci/0/error"
#define OTHER "0000:03:00.0"

static char two_kb[2049];

static const char *const garbage[] = {
	"",
	"-1",
	"4294967295",
	"18446744073709551616",
	"99999999999999999999999999999999999999999999",
	"0x4",
	" 4",
	"4 ",
	"4\n",
	"\033[2J\033[1;1Hpwned",
	"\x80\xff\xfe",
	"%n%s%s%s",
	"$(reboot)",
	"8",
	"3",
	"4",
	"5",
	"6",
	two_kb,
};

/* db1 has a device and works with it, whatever web1 does. */
static struct world *with_other(void **state)
{
	struct world *w = *state;

	memset(two_kb, '4', sizeof(two_kb) - 1);
	ok(w, "attach db1 --hide " OTHER);
	return w;
}

static void other_works(struct world *w)
{
	ok(w, "status db1");
	said(w, "connected");
	assert_int_equal(fake_ts_owner(w->ts, B(OTHER)), 4);
	ok(w, "detach db1 " OTHER);
	ok(w, "attach db1 " OTHER);
}

static void clean(struct world *w)
{
	ok(w, "repair");
	said(w, "nothing to mend");
	ok(w, "status");
	said(w, "0000:05:00.0 hidden");
	assert_null(fake_store_peek(w->store, "/local/domain/0/backend/pci/3/0"));
	assert_int_not_equal(fake_ts_owner(w->ts, B("05:00.0")), 3);
}

static void plain(struct world *w)
{
	_cleanup_str_ struct xlpt_str shown = { 0 };

	for (const char *p = w->out; *p; p++)
		if (*p != '\n')
			xlpt_str_addn(&shown, p, 1);
	assert_true(xlpt_text_is_plain(xlpt_str_get(&shown)));
}

/* A command with a time-out of ten seconds: whatever the guest writes, it ends, not much later. */
static int bounded(struct world *w, const char *line)
{
	int64_t begin = xlpt_now(&w->clock.clock);
	int status = world_run(w, "%s", line);

	if (xlpt_now(&w->clock.clock) - begin > 60000)
		fail_msg("%s took %lld ms", line, (long long)(xlpt_now(&w->clock.clock) - begin));
	return status;
}

/* Attach, and whatever it came to, dom0 can be made clean. */
static void attach_and_clean(struct world *w, const char *how)
{
	int status = bounded(w, "attach --timeout 10 web1 05:00.0");

	plain(w);
	if (status != 0 && status != 1 && status != 5)
		fail_msg("%s: attach exits %d", how, status);
	if (status == 1)
		assert_int_not_equal(fake_ts_owner(w->ts, B("05:00.0")), 3);
	if (status && !strstr(w->err, "to mend: "))
		fail_msg("%s: nothing mends: %s", how, w->err);
	assert_int_equal(bounded(w, "status"), 0);
	plain(w);
	if (status != 1 && bounded(w, "detach --force --timeout 10 web1 05:00.0"))
		fail_msg("%s: %s", how, w->err);
	clean(w);
}

/* It has no driver for its PCI bus, and writes itself. */
static void silent(struct world *w)
{
	world_frontend(w, &(struct fake_pcifront_opts){ .absent = true });
}

static const char *written, *where;

static void write_it(void *arg)
{
	struct world *w = arg;

	if (fake_store_peek(w->store, FRONT) || strstr(where, "error"))
		fake_store_set(w->store, written, "%s", where);
}

static void test_garbage(void **state)
{
	static const char *const nodes[] = { FRONT "/state", FRONT "/event-channel", FRONT "/magic",
					     ERROR };
	struct world *w = with_other(state);

	silent(w);
	/* Each text is written somewhere in the short run, too. */
	for (size_t n = 0; n < XLPT_ARRAY_SIZE(nodes); n++)
		for (size_t i = world_stride() > 1 ? n : 0;
		     i<XLPT_ARRAY_SIZE(garbage); i += world_stride()> 1 ? XLPT_ARRAY_SIZE(nodes)
									: 1) {
			where = nodes[n];
			written = garbage[i];
			fake_clock_in(&w->clock, 500, write_it, w);
			attach_and_clean(w, written);
			fake_clock_cancel(&w->clock, w);
			fake_store_set(w->store, NULL, ERROR);
		}
	other_works(w);
}

/* Something else at every read. */
struct changer {
	struct world *w;
	unsigned n;
};

static void change(const char *path, void *arg)
{
	struct changer *c = arg;
	const char *text = garbage[c->n++ * 7 % XLPT_ARRAY_SIZE(garbage)];

	if (strncmp(path, FRONT "/", strlen(FRONT "/")) == 0 && fake_store_peek(c->w->store, FRONT))
		fake_store_set(c->w->store, c->n % 5 ? text : NULL, "%s", path);
	if (!strcmp(path, ERROR))
		fake_store_set(c->w->store, c->n % 3 ? NULL : text, ERROR);
}

static void test_changes_between_reads(void **state)
{
	struct world *w = with_other(state);
	struct changer c = { .w = w };

	for (unsigned i = 0; i<40; i += world_stride()> 1 ? 3 : 1) {
		c.n = i;
		world_frontend(w, &(struct fake_pcifront_opts){ .step_ms = 10, .absent = i % 2 });
		fake_store_on_read(w->store, change, &c);
		attach_and_clean(w, "changing");
		fake_store_on_read(w->store, NULL, NULL);
		fake_store_set(w->store, NULL, ERROR);
	}
	other_works(w);
}

/* It writes without pause: its own directory cannot be removed in a transaction, and goes all the same. */
static void test_hammers(void **state)
{
	struct world *w = with_other(state);

	ok(w, "attach web1 05:00.0");
	fake_store_hammer(w->store, FRONT);
	assert_int_equal(bounded(w, "detach --force --timeout 10 web1 05:00.0"), 0);
	assert_null(fake_store_peek(w->store, FRONT));
	clean(w);
	fake_store_hammer(w->store, NULL);
	world_frontend(w, &(struct fake_pcifront_opts){ .step_ms = 10 });
	ok(w, "attach web1 05:00.0");
	ok(w, "attach web1 --hide 02:00.0");
	fake_store_hammer(w->store, FRONT);
	/* What is left keeps its frontend. */
	ok(w, "detach web1 02:00.0");
	assert_non_null(fake_store_peek(w->store, FRONT));
	fake_store_set(w->store, "5", "/local/domain/0/backend/pci/3/0/state-0");
	assert_int_equal(bounded(w, "repair"), 0);
	clean(w);
	fake_store_hammer(w->store, NULL);
	other_works(w);
}

static void close_it(void *arg)
{
	struct world *w = arg;

	fake_store_set(w->store, "5", FRONT "/state");
	fake_store_set(w->store, "6", FRONT "/state");
}

static void die(void *arg)
{
	struct world *w = arg;

	fake_ts_ended(w->ts, 3);
}

static void test_closes_and_dies(void **state)
{
	struct world *w = with_other(state);

	for (int64_t ms = 1; ms < 200; ms += 7) {
		world_frontend(w, &(struct fake_pcifront_opts){ .step_ms = 10, .scan_ms = 100 });
		fake_clock_in(&w->clock, ms, close_it, w);
		attach_and_clean(w, "closes");
		fake_clock_cancel(&w->clock, w);
	}
	fake_clock_in(&w->clock, 20, die, w);
	assert_int_equal(bounded(w, "attach --timeout 10 web1 05:00.0"), 1);
	said(w, "web1 is gone");
	clean(w);
	other_works(w);
}

/* Thousands of nodes of one guest do not keep the others out of a capture. */
static void test_capture(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *text = NULL;

	ok(w, "attach web1 05:00.0");
	ok(w, "attach db1 --hide " OTHER);
	for (int i = 0; i < 3000; i++)
		fake_store_set(w->store, two_kb, FRONT "/x%d", i);
	assert_int_equal(xlpt_store_dump_pci(fake_store_get(w->store), &text, NULL), 0);
	assert_non_null(strstr(text, "/local/domain/4/device/pci/0/state 4"));
	assert_true(strlen(text) < 3000000);
	free(XLPT_TAKE(text));
	/* A directory that is too large for one answer of xenstored. */
	for (unsigned nth = 1; nth < 60; nth += world_stride()) {
		int rc;

		fake_store_fail(w->store, FAKE_STORE_LIST, nth, E2BIG);
		rc = xlpt_store_dump_pci(fake_store_get(w->store), &text, NULL);
		if (rc == 0)
			assert_non_null(strstr(text, "/local/domain/0/backend/pci/3/0/dev-0"));
		free(XLPT_TAKE(text));
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_garbage), TEST(test_changes_between_reads),
		TEST(test_hammers), TEST(test_closes_and_dies),
		TEST(test_capture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
