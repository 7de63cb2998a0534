/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xlpt apply: odd and damaged files of host.conf. Nothing is done, and each place is told once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tests/unit/applying.h"

#define apply_test(f) cmocka_unit_test_setup_teardown(f, apply_setup, world_teardown)
#define PART	      "/etc/xlpt/host.conf.d/10-a.conf"

/* A section ends with its file. */
static void test_next_file(void **state)
{
	struct world *w = *state;

	conf(w, "[hide 02:00.0]\nat = boot\n[pool lan]\npf = enp1s0\n");
	fake_bus_put(w->bus, PART, "\nforce-host-device = yes\n");
	answers(w, 2, "apply", PART ":2:1: this line stands before the first section");
	fake_bus_put(w->bus, PART, "[portgroup a]\nvlan = 1\n");
	answers(w, 2, "apply", PART ":1:1: there is no section \"portgroup a\"");
}

/* What apply writes, the next command can read. */
static void test_reason(void **state)
{
	static const char *const bad[] = { "a\\x0alimit = 1", "a\\x1b[31m", "a\\x7f", "\\xff" };
	_cleanup_free_ char *text = NULL;
	struct world *w = *state;
	char much[500] = { 0 };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(bad); i++) {
		text = xlpt_xasprintf("[allow-split 02:00.0]\nreason = \"%s\"\n", bad[i]);
		conf(w, text);
		answers(w, 2, "apply", CONF ":2:10: reason is one line");
		free(XLPT_TAKE(text));
	}
	memset(much, 'a', sizeof(much) - 1);
	text = xlpt_xasprintf("[allow-split 02:00.0]\nreason = %s\n", much);
	conf(w, text);
	answers(w, 2, "apply", CONF ":2:10: reason has at most");
	conf(w, "[allow-split 02:00.0]\nreason = \"  two blanks\t \"\n");
	ok(w, "apply");
	text_is(w, OWN, "\n#   two blanks\t \nallow-split");
	ok(w, "apply");
	assert_non_null(strstr(w->out, "unchanged"));
	ok(w, "budget");
}

/* The lines of a section that is wrong are no lines of the section before. */
static void test_wrong_bytes(void **state)
{
	struct world *w = *state;

	conf(w, "[hide 02:00.0]\nat = boot\n[hide caf\xe9]\nat = now\n");
	answers(w, 2, "apply", CONF ":3:10: there is a byte 0xe9");
	assert_null(strstr(w->err, "second time"));
	conf(w, "\xef\xbb\xbf[hide 02:00.0]\nat = boot\n");
	answers(w, 2, "apply", CONF ":1:1: there is a byte 0xef");
}

static void test_many_errors(void **state)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	struct world *w = *state;

	for (size_t i = 0; i < 5000; i++)
		xlpt_str_add(&text, "x\n");
	conf(w, text.s);
	answers(w, 2, "apply", CONF ":100:1: 100 lines are wrong");
	assert_null(strstr(w->err, CONF ":101:"));
}

/* What a section means does not depend on how many virtual functions there are. */
static void test_vfs_do_not_count(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *without = NULL;

	conf(w, "[allow-split network]\nclass = 02\ncount = 99\n");
	ok(w, "vf remove enp1s0");
	answers(w, 3, "apply", "class=02 fits ");
	without = xlpt_xstrdup(strstr(w->err, "class=02 fits "));
	without[strcspn(without, ",")] = '\0';
	ok(w, "vf create enp1s0 2");
	answers(w, 3, "apply --check", without);
}

/* Other files of settings, before and after apply's own. */
static void test_other_settings(void **state)
{
	struct world *w = *state;

	conf(w, "[settings]\nlimit = 9\n");
	fake_bus_put(w->bus, "/etc/xlpt/xlpt.conf", "hotplug-limit = 9\n");
	fake_bus_put(w->bus, "/etc/xlpt/xlpt.conf.d/10-a.conf", "hotplug-limit = 7\n");
	ok(w, "apply");
	assert_non_null(strstr(w->out, "note: /etc/xlpt/xlpt.conf.d/10-a.conf, line 1, says"));
	text_is(w, OWN, "hotplug-limit = 9");
	ok(w, "apply");
	assert_non_null(strstr(w->out, "unchanged"));
	fake_bus_put(w->bus, "/etc/xlpt/xlpt.conf.d/95-b.conf", "\nhotplug-limit = 8\n");
	answers(w, 3, "apply --check", "95-b.conf:2:1: hotplug-limit = 9 of host.conf would mean");
	ok(w, "apply --export");
	assert_non_null(strstr(w->out, "hotplug-limit = 8\n"));
}

/* What the next boot hides has virtual functions until then; export writes what apply takes. */
static void test_export_hidden_pf(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *text = NULL;

	conf(w, "[hide 01:00.0]\nat = boot\nforce-host-device = yes\n");
	ok(w, "apply");
	ok(w, "apply --export");
	text = xlpt_xstrdup(w->out);
	assert_non_null(strstr(text, "# The virtual functions of 0000:01:00.0 (1 now) end"));
	conf(w, text);
	ok(w, "apply --check");
	assert_non_null(strstr(w->out, "unchanged"));
}

static void test_too_long(void **state)
{
	_cleanup_free_ char *text = xlpt_xcalloc(1, (256u << 10) + 2);
	struct world *w = *state;

	memset(text, '\n', (256u << 10) + 1);
	conf(w, text);
	answers(w, 2, "apply", "host.conf is longer than 256 KiB");
	text[256u << 10] = '\0';
	conf(w, text);
	ok(w, "apply");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		apply_test(test_next_file),	   apply_test(test_reason),
		apply_test(test_wrong_bytes),	   apply_test(test_many_errors),
		apply_test(test_vfs_do_not_count), apply_test(test_other_settings),
		apply_test(test_too_long),	   apply_test(test_export_hidden_pf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
