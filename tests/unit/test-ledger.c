/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The hotplug ledger: what its text means, what is left of it after a kill at
 * any byte, and who is counted for what.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/commands.h"
#include "tests/unit/lasting.h"
#include "xl-plugin/kept/ledger.h"

#define BOOT "11111111-2222-3333-4444-555555555555"

/* The C library's, in both of its forms: what this host's log would have got. */
static char *logged;

__attribute__((format(printf, 1, 0))) static void take_log(const char *fmt, va_list ap)
{
	free(logged);
	logged = xlpt_xvasprintf(fmt, ap);
}

void syslog(int priority, const char *fmt, ...) XLPT_PRINTF(2, 3);
void syslog(int priority, const char *fmt, ...)
{
	va_list ap;

	(void)priority;
	va_start(ap, fmt);
	take_log(fmt, ap);
	va_end(ap);
}

void __syslog_chk(int priority, int flag, const char *fmt, ...) XLPT_PRINTF(3, 4);
void __syslog_chk(int priority, int flag, const char *fmt, ...)
{
	va_list ap;

	(void)priority;
	(void)flag;
	va_start(ap, fmt);
	take_log(fmt, ap);
	va_end(ap);
}

struct fix {
	struct world *w;
	struct xlpt_env env;
	struct xlpt_budget_rule rule;
};

static int setup(void **state)
{
	struct fix *f = xlpt_xcalloc(1, sizeof(*f));

	f->w = world_new();
	f->env = (struct xlpt_env){ .clock = &f->w->clock.clock,
				    .host = fake_bus_host(f->w->bus),
				    .err = stderr,
				    .out = stdout };
	xlpt_budget_rule_init(&f->rule);
	fake_bus_put(f->w->bus, "/proc/sys/kernel/random/boot_id", BOOT "\n");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fix *f = *state;

	world_free(f->w);
	free(f);
	return 0;
}

static void pass(struct fix *f, int64_t ms)
{
	f->w->clock.clock.sleep_ms(&f->w->clock.clock, ms);
}

/* The file as it is; caller frees. */
static char *slurp(struct fix *f, size_t *len)
{
	char *buf = xlpt_xcalloc(1, 1 << 20);
	ssize_t r = f->env.host->ops->read(f->env.host, XLPT_LEDGER_PATH, buf, 1 << 20);

	assert_true(r >= 0);
	*len = (size_t)r;
	return buf;
}

static void put(struct fix *f, const char *text, size_t len)
{
	struct xlpt_host *h = f->env.host;
	int fd;

	xlpt_host_mkdirs(h, XLPT_STATE_DIR, 0755);
	fd = h->ops->open(h, XLPT_LEDGER_PATH, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	close(fd);
}

static size_t count(struct fix *f, const char *bdf)
{
	_cleanup_ledger_ struct xlpt_ledger l = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_free_ struct xlpt_budget_event *events = NULL;
	size_t n, found = 0;

	if (xlpt_ledger_read(&f->env, &l, &diag))
		fail_msg("not readable: %s", diag.message);
	events = xlpt_ledger_events(&l, &n);
	for (size_t i = 0; i < n; i++)
		found += !bdf || xlpt_bdf_eq(events[i].bdf, B(bdf));
	return found;
}

static int reserve(struct fix *f, size_t n, struct xlpt_ledger_use *use)
{
	struct xlpt_ledger_want wants[8];

	for (size_t i = 0; i < n; i++)
		wants[i] = (struct xlpt_ledger_want){ .kind = XLPT_LEDGER_ATTACH,
						      .domid = 3,
						      .bdf = { .bus = (uint8_t)(i + 1) } };
	return xlpt_ledger_reserve(&f->env, &f->rule, wants, n, use, NULL);
}

static void test_text(void **state)
{
	/* clang-format off */
	static const struct { struct xlpt_ledger_record r; const char *text; } cases[] = {
		{ { .kind = XLPT_LEDGER_ATTACH, .at_ms = 123456, .bdf = { .bus = 2 }, .value = 3, .pid = 4711 },
		  "attach         123456 0000:02:00.0          3     4711 69f30849\n" },
		{ { .kind = XLPT_LEDGER_OWNER, .at_ms = 0, .bdf = { .seg = 0xffff, .func = 7 },
		    .value = -1, .pid = 1 },
		  "owner               0 ffff:00:00.7          -        1 " },
		{ { .kind = XLPT_LEDGER_RESET, .at_ms = 999999999999, .all = true, .value = UINT32_MAX,
		    .pid = 99999999 },
		  "reset    999999999999 all          4294967295 99999999 " },
	};
	/* clang-format on */
	char text[4 * XLPT_LEDGER_RECORD];
	_cleanup_ledger_ struct xlpt_ledger l = { 0 };

	(void)state;
	xlpt_ledger_format_head(BOOT, text);
	assert_memory_equal(text, "xlpt-ledger 1 " BOOT "     ", 55);
	for (size_t i = 0; i < 3; i++) {
		char *at = text + (i + 1) * XLPT_LEDGER_RECORD;

		xlpt_ledger_format(&cases[i].r, at);
		assert_memory_equal(at, cases[i].text, strlen(cases[i].text));
		assert_int_equal(at[XLPT_LEDGER_RECORD - 1], '\n');
	}
	assert_int_equal(xlpt_ledger_parse(&l, text, sizeof(text), BOOT, NULL), 0);
	assert_int_equal(l.n, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(l.records[i].kind, cases[i].r.kind);
		assert_int_equal(l.records[i].at_ms, cases[i].r.at_ms);
		assert_int_equal(l.records[i].value, cases[i].r.value);
		assert_int_equal(l.records[i].pid, cases[i].r.pid);
	}
	/* The reset forgot the attach. */
	assert_false(l.records[0].counts);
}

static void test_reserve(void **state)
{
	struct fix *f = *state;
	struct xlpt_ledger_use use;

	f->rule = (struct xlpt_budget_rule){ .limit = 5, .device_limit = 3, .window_ms = 10000 };
	assert_int_equal(reserve(f, 2, &use), 0);
	assert_int_equal(use.host.used, 2);
	assert_int_equal(use.device.used, 1);
	pass(f, 1000);
	assert_int_equal(reserve(f, 2, &use), 0);
	assert_true(use.host.warn);
	/* Two are wanted, one is left: none is written. */
	assert_int_equal(reserve(f, 2, &use), XLPT_ERR_BUDGET);
	assert_int_equal(use.next_ms, 9000);
	assert_true(use.host_over && !use.device_over);
	assert_int_equal(count(f, NULL), 4);
	assert_int_equal(reserve(f, 1, &use), 0);
	/* Its own limit holds a device back, too. */
	f->rule.limit = 100;
	assert_int_equal(reserve(f, 1, &use), XLPT_ERR_BUDGET);
	assert_true(use.device_over && !use.host_over);
	assert_int_equal(reserve(f, 6, &use), XLPT_ERR_BUDGET);
	f->rule.limit = 5;
	assert_int_equal(reserve(f, 6, &use), XLPT_ERR_BUDGET);
	assert_int_equal(use.next_ms, -1);
	pass(f, 9000);
	assert_int_equal(reserve(f, 2, &use), 0);
}

/*
 * A kill at any byte of a write is a file that ends at any byte: whole records
 * before it count, the one that is not whole was never answered, and the next
 * writer goes on behind it.
 */
static void test_torn_everywhere(void **state)
{
	struct fix *f = *state;
	_cleanup_free_ char *text = NULL;
	size_t len, ends[8] = { 0 }, n_ends = 0;

	for (size_t n = 1; n <= 3; n++) {
		assert_int_equal(reserve(f, n, NULL), 0);
		free(slurp(f, &ends[n_ends++]));
	}
	text = slurp(f, &len);
	assert_int_equal(len, 7 * XLPT_LEDGER_RECORD);
	for (size_t cut = 0; cut <= len; cut++) {
		size_t whole = cut < XLPT_LEDGER_RECORD ? 0 : cut / XLPT_LEDGER_RECORD - 1,
		       granted = 0;

		for (size_t i = 0; i < n_ends; i++)
			granted += cut >= ends[i] ? i + 1 : 0;
		put(f, text, cut);
		assert_int_equal(count(f, NULL), whole);
		/* Every reservation that was finished before the cut is there. */
		assert_true(whole >= granted);
		assert_int_equal(reserve(f, 2, NULL), 0);
		assert_int_equal(count(f, NULL), whole + 2);
	}
}

/* Every single damaged byte is found, told with its line, and nothing is reserved on such ground. */
static void test_damaged_everywhere(void **state)
{
	struct fix *f = *state;
	_cleanup_free_ char *text = NULL;
	size_t len;

	assert_int_equal(reserve(f, 2, NULL), 0);
	text = slurp(f, &len);
	for (size_t at = 0; at < len; at += lasting_in_valgrind() ? 7 : 1)
		for (unsigned char bit = 1; bit; bit = (unsigned char)(bit << 1)) {
			_cleanup_ledger_ struct xlpt_ledger l = { 0 };
			_cleanup_diag_ struct xlpt_diag diag = { 0 };

			text[at] = (char)(text[at] ^ bit);
			put(f, text, len);
			assert_int_equal(xlpt_ledger_read(&f->env, &l, &diag), XLPT_ERR_DATA);
			assert_int_equal(diag.line, at / XLPT_LEDGER_RECORD + 1);
			assert_non_null(strstr(diag.hint, "xlpt budget --reset --yes"));
			if (at % 16 == 0)
				assert_int_equal(reserve(f, 1, NULL), XLPT_ERR_DATA);
			text[at] = (char)(text[at] ^ bit);
		}
	put(f, text, len);
	assert_int_equal(count(f, NULL), 2);
}

static void test_not_a_ledger(void **state)
{
	struct fix *f = *state;
	struct xlpt_host *h = f->env.host;
	int64_t forgotten;
	_cleanup_free_ char *path = xlpt_xasprintf("%s" XLPT_LEDGER_PATH, h->root);
	char junk[1000];

	/* Of another version, a directory, a link, a fifo, binary: told, and reset puts it aside. */
	memset(junk, 0xff, sizeof(junk));
	for (int kind = 0; kind < 5; kind++) {
		xlpt_host_mkdirs(h, XLPT_STATE_DIR, 0755);
		if (kind == 0)
			put(f, junk, sizeof(junk));
		else if (kind == 1)
			assert_int_equal(h->ops->mkdir(h, XLPT_LEDGER_PATH, 0755), 0);
		else if (kind == 2)
			assert_int_equal(symlink("/etc/passwd", path), 0);
		else if (kind == 3)
			assert_int_equal(mkfifo(path, 0600), 0);
		else
			put(f, "xlpt-ledger 2 " BOOT "     00000000\n", XLPT_LEDGER_RECORD);
		assert_int_equal(reserve(f, 1, NULL), XLPT_ERR_DATA);
		assert_int_equal(xlpt_ledger_reset(&f->env, &(struct xlpt_bdf){ .bus = 1 }, 1,
						   &forgotten, NULL),
				 XLPT_ERR_DATA);
		assert_int_equal(xlpt_ledger_reset(&f->env, NULL, 0, &forgotten, NULL), 0);
		assert_int_equal(forgotten, -1);
		assert_int_equal(reserve(f, 1, NULL), 0);
		assert_int_equal(count(f, NULL), 1);
		assert_true(xlpt_host_has(h, XLPT_LEDGER_DAMAGED) ||
			    kind == 2 /* a dangling link inside the root */);
		assert_int_equal(h->ops->unlink(h, XLPT_LEDGER_PATH), 0);
		{
			_cleanup_free_ char *aside =
				xlpt_xasprintf("%s" XLPT_LEDGER_DAMAGED, h->root);

			assert_int_equal(remove(aside), 0);
		}
	}
}

static void test_other_boot(void **state)
{
	struct fix *f = *state;

	assert_int_equal(reserve(f, 3, NULL), 0);
	fake_bus_put(f->w->bus, "/proc/sys/kernel/random/boot_id",
		     "99999999-2222-3333-4444-555555555555\n");
	assert_int_equal(count(f, NULL), 0);
	assert_int_equal(reserve(f, 1, NULL), 0);
	assert_int_equal(count(f, NULL), 1);
}

/* What has left the window goes; the rest, owners and resets stay, and the name is that of the new file. */
static void test_compaction(void **state)
{
	struct fix *f = *state;
	const struct xlpt_ledger_seen held = { .bdf = { .bus = 9 }, .domid = 7 };
	_cleanup_ledger_ struct xlpt_ledger l = { 0 };
	struct xlpt_bdf nine = { .bus = 9 };
	size_t len, before;
	int64_t forgotten;

	f->rule = (struct xlpt_budget_rule){ .limit = 100000,
					     .device_limit = 100000,
					     .window_ms = 60000 };
	assert_int_equal(xlpt_ledger_look(&f->env, &held, 1, 0, NULL), 0);
	assert_int_equal(reserve(f, 2, NULL), 0);
	assert_int_equal(xlpt_ledger_reset(&f->env, NULL, 0, &forgotten, NULL), 0);
	assert_int_equal(forgotten, 2);
	for (int i = 0; i < 520; i++)
		assert_int_equal(reserve(f, 2, NULL), 0);
	free(slurp(f, &before));
	assert_true(before > 1040 * XLPT_LEDGER_RECORD);
	pass(f, 59000);
	assert_int_equal(reserve(f, 1, NULL), 0);
	free(slurp(f, &len));
	assert_true(len > before);
	pass(f, 2000);
	assert_int_equal(reserve(f, 1, NULL), 0);
	free(slurp(f, &len));
	assert_true(len < 12 * XLPT_LEDGER_RECORD);
	assert_int_equal(xlpt_ledger_read(&f->env, &l, NULL), 0);
	assert_true(l.looked);
	assert_int_equal(xlpt_ledger_dev(&l, nine)->owner, 7);
	assert_true(xlpt_ledger_dev(&l, (struct xlpt_bdf){ .bus = 2 })->pending);
	assert_true(count(f, NULL) >= 2);
	for (size_t i = 0, resets = 0; i <= l.n; i++) {
		assert_true(i < l.n || resets == 1);
		resets += i < l.n && l.records[i].kind == XLPT_LEDGER_RESET;
	}
}

/* ---- what other tools did ---- */

static void look(struct fix *f, const char *bdf, int64_t domid)
{
	struct xlpt_ledger_seen seen = { .domid = domid };

	if (bdf)
		seen.bdf = B(bdf);
	pass(f, 10);
	assert_int_equal(
		xlpt_ledger_look(&f->env, &seen, bdf ? 1 : 0, xlpt_now(f->env.clock), NULL), 0);
}

static void want(struct fix *f, enum xlpt_ledger_kind kind, const char *bdf, int64_t domid)
{
	const struct xlpt_ledger_want w = { .kind = kind, .bdf = B(bdf), .domid = domid };

	pass(f, 10);
	assert_int_equal(xlpt_ledger_reserve(&f->env, NULL, &w, 1, NULL, NULL), 0);
}

static void test_foreign(void **state)
{
	struct fix *f = *state;

	/* What was there before the first look is nobody's hotplug that was seen. */
	look(f, "02:00.0", 3);
	assert_int_equal(count(f, NULL), 0);
	look(f, "02:00.0", 3);
	assert_int_equal(count(f, NULL), 0);
	look(f, NULL, 0);
	assert_int_equal(count(f, "02:00.0"), 1);
	look(f, NULL, 0);
	assert_int_equal(count(f, "02:00.0"), 1);
	/* One that no record names was with nobody. */
	look(f, "03:00.0", 4);
	assert_int_equal(count(f, "03:00.0"), 1);
	/* From guest to guest between two looks: once, a lower bound. */
	look(f, "03:00.0", 5);
	assert_int_equal(count(f, "03:00.0"), 2);
}

/* A reservation explains one change, whether its process lived to say so or not. */
static void test_own_changes(void **state)
{
	struct fix *f = *state;
	const struct xlpt_ledger_seen held = { .bdf = B("02:00.0"), .domid = 3 };

	look(f, NULL, 0);
	want(f, XLPT_LEDGER_ATTACH, "02:00.0", 3);
	look(f, NULL, 0);      /* under way, or taken back */
	look(f, "02:00.0", 3); /* killed after it */
	look(f, "02:00.0", 3);
	assert_int_equal(count(f, NULL), 1);
	look(f, NULL, 0); /* xl took it */
	assert_int_equal(count(f, NULL), 2);
	want(f, XLPT_LEDGER_ATTACH, "02:00.0", 3);
	pass(f, 10);
	assert_int_equal(xlpt_ledger_settle(&f->env, &held, 1, NULL), 0);
	look(f, "02:00.0", 3);
	assert_int_equal(count(f, NULL), 3);
	/* Settled: what comes now is somebody else's, also when it is the same again. */
	look(f, NULL, 0);
	look(f, "02:00.0", 3);
	assert_int_equal(count(f, NULL), 5);
	want(f, XLPT_LEDGER_DETACH, "02:00.0", -1);
	look(f, NULL, 0);
	assert_int_equal(count(f, NULL), 6);
}

/* The owners were read before another xlpt changed them: that look says nothing of the device. */
static void test_stale_look(void **state)
{
	struct fix *f = *state;
	const struct xlpt_ledger_seen held = { .bdf = B("02:00.0"), .domid = 3 };
	int64_t since;

	look(f, NULL, 0);
	pass(f, 10);
	since = xlpt_now(f->env.clock);
	want(f, XLPT_LEDGER_ATTACH, "02:00.0", 3);
	assert_int_equal(xlpt_ledger_settle(&f->env, &held, 1, NULL), 0);
	assert_int_equal(xlpt_ledger_look(&f->env, NULL, 0, since, NULL), 0);
	assert_int_equal(count(f, NULL), 1);
	look(f, "02:00.0", 3);
	assert_int_equal(count(f, NULL), 1);
}

static void test_reset(void **state)
{
	struct fix *f = *state;
	struct xlpt_bdf one = { .bus = 1 };
	int64_t forgotten;

	assert_int_equal(reserve(f, 3, NULL), 0);
	assert_int_equal(reserve(f, 1, NULL), 0);
	assert_int_equal(xlpt_ledger_reset(&f->env, &one, 1, &forgotten, NULL), 0);
	assert_int_equal(forgotten, 2);
	assert_int_equal(count(f, NULL), 2);
	assert_int_equal(reserve(f, 1, NULL), 0);
	assert_int_equal(count(f, "01:00.0"), 1);
	assert_int_equal(xlpt_ledger_reset(&f->env, NULL, 0, &forgotten, NULL), 0);
	assert_int_equal(forgotten, 3);
	assert_int_equal(count(f, NULL), 0);
}

/* Nothing can be written: told, and nothing is granted. */
static void test_read_only(void **state)
{
	struct fix *f = *state;
	struct xlpt_host *h = f->env.host;
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	const struct xlpt_ledger_want w = { .kind = XLPT_LEDGER_ATTACH, .bdf = { .bus = 1 } };

	assert_int_equal(xlpt_host_mkdirs(h, XLPT_STATE_DIR "/lock/ledger", 0755), 0);
	assert_int_equal(xlpt_ledger_reserve(&f->env, &f->rule, &w, 1, NULL, &diag), XLPT_ERR_IO);
	assert_non_null(strstr(diag.message, "cannot lock"));
	assert_non_null(diag.hint);
}

/* ---- --wait ---- */

struct meanwhile {
	struct fix *f;
	bool looked, stop;
};

static bool is_free(struct fix *f, const char *lock)
{
	_cleanup_free_ char *path = xlpt_xasprintf(XLPT_STATE_DIR "/lock/%s", lock);
	_cleanup_close_ int fd = f->env.host->ops->open(f->env.host, path, O_RDWR, 0);

	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
}

static void while_it_waits(void *arg)
{
	struct meanwhile *m = arg;

	assert_true(is_free(m->f, "guest-3"));
	assert_true(is_free(m->f, "device-0000:05:00.0"));
	assert_true(is_free(m->f, "ledger"));
	m->looked = true;
	if (m->stop)
		raise(SIGINT);
}

static void test_waiting(void **state)
{
	struct fix *f = *state;
	struct meanwhile m = { .f = f };
	int64_t from;

	fake_bus_put(f->w->bus, "/etc/xlpt/xlpt.conf", "hotplug-limit = 1\nhotplug-window = 10m\n");
	assert_int_equal(world_run(f->w, "attach web1 05:00.0"), 0);
	assert_int_equal(world_run(f->w, "detach web1 05:00.0"), 4);
	/* Stopped while waiting: nothing is touched, nothing is counted. */
	m.stop = true;
	fake_clock_in(&f->w->clock, 5000, while_it_waits, &m);
	assert_int_equal(world_run(f->w, "detach --wait web1 05:00.0"), 1);
	assert_non_null(strstr(f->w->err, "waiting 10 min for the hotplug budget"));
	assert_non_null(strstr(f->w->err, "stopped by signal"));
	assert_true(m.looked);
	assert_int_equal(count(f, NULL), 1);
	m = (struct meanwhile){ .f = f };
	from = xlpt_now(f->env.clock);
	fake_clock_in(&f->w->clock, 5000, while_it_waits, &m);
	assert_int_equal(world_run(f->w, "detach --wait web1 05:00.0"), 0);
	assert_true(m.looked);
	assert_in_range(xlpt_now(f->env.clock) - from, 590000, 602000);
}

/* Who takes the protection away is on record. */
static void test_reset_logged(void **state)
{
	struct fix *f = *state;

	ok(f->w, "--dry-run budget --reset --yes");
	assert_null(logged);
	ok(f->w, "budget --reset --yes");
	assert_non_null(logged);
	assert_non_null(strstr(logged, "hotplug budget of this host reset by uid "));
	free(XLPT_TAKE(logged));
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test_setup_teardown(test_reserve, setup, teardown),
		cmocka_unit_test_setup_teardown(test_torn_everywhere, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged_everywhere, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_a_ledger, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_boot, setup, teardown),
		cmocka_unit_test_setup_teardown(test_compaction, setup, teardown),
		cmocka_unit_test_setup_teardown(test_foreign, setup, teardown),
		cmocka_unit_test_setup_teardown(test_own_changes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stale_look, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reset_logged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_only, setup, teardown),
		cmocka_unit_test_setup_teardown(test_waiting, setup, teardown),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
