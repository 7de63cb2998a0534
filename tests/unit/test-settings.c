/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/fake/world.h"
#include "xl-plugin/kept/settings.h"

static int parse(const char *text, struct xlpt_settings *s, struct xlpt_diag *diag)
{
	return xlpt_settings_parse(s, text, strlen(text), "xlpt.conf", diag);
}

static void test_good(void **state)
{
	/* clang-format off */
	static const struct { const char *text; unsigned limit, device_limit; int64_t window_ms; } cases[] = {
		{ "", 512, 512, 3600000 },
		{ "\n# nothing\n  \t\n", 512, 512, 3600000 },
		{ "hotplug-limit=3", 3, 3, 3600000 },
		{ "hotplug-limit = 3 # few\nhotplug-window\t=\t90s\n", 3, 3, 90000 },
		{ "  hotplug-device-limit = 7\nhotplug-limit = 100000\n", 100000, 7, 3600000 },
		{ "hotplug-window = 30d", 512, 512, 30 * 86400000LL },
		{ "hotplug-window = 2m # \xc3\xbc is fine here\n", 512, 512, 120000 },
		{ "hotplug-limit = 0010\n", 10, 10, 3600000 },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		struct xlpt_settings s;

		if (parse(cases[i].text, &s, &diag))
			fail_msg("%s: %s", cases[i].text, diag.message);
		assert_int_equal(s.budget.limit, cases[i].limit);
		assert_int_equal(s.budget.device_limit, cases[i].device_limit);
		assert_int_equal(s.budget.window_ms, cases[i].window_ms);
	}
}

static void test_allow_split(void **state)
{
	static const char text[] =
		"allow-split = 0000:00:1f.6\nhotplug-limit = 3\n"
		"allow-split = pin:nic0 # the same card\nallow-split=10000:e1:00.0\n";
	_cleanup_settings_ struct xlpt_settings s = { 0 };

	(void)state;
	assert_int_equal(parse(text, &s, NULL), 0);
	assert_string_equal(s.allow_split[0], "0000:00:1f.6");
	assert_string_equal(s.allow_split[1], "pin:nic0");
	assert_string_equal(s.allow_split[2], "10000:e1:00.0");
	assert_null(s.allow_split[3]);
	assert_int_equal(s.budget.limit, 3);
	xlpt_settings_dispose(&s);
	/* A wrong line later: none of them counts. */
	assert_int_equal(parse("allow-split = 00:1f.6\nallow-split = x\n", &s, NULL),
			 XLPT_ERR_SYNTAX);
	assert_null(s.allow_split);
}

static void test_reset(void **state)
{
	_cleanup_settings_ struct xlpt_settings s;

	(void)state;
	assert_int_equal(parse("", &s, NULL), 0);
	assert_false(s.reset_required);
	assert_null(s.reset_exempt);
	assert_int_equal(parse("reset = required\nreset-exempt = 2a:00.0\n"
			       "reset-exempt = pin:gpu\n",
			       &s, NULL),
			 0);
	assert_true(s.reset_required);
	assert_string_equal(s.reset_exempt[0], "2a:00.0");
	assert_string_equal(s.reset_exempt[1], "pin:gpu");
	xlpt_settings_dispose(&s);
	assert_int_equal(parse("reset = warn\n", &s, NULL), 0);
	assert_false(s.reset_required);
}

static void test_bad(void **state)
{
	/* clang-format off */
	static const struct { const char *text; unsigned line, column; const char *says; } cases[] = {
		{ "hotplug-limit = 0", 1, 17, "from 1 to 100000" },
		{ "hotplug-limit = 100001", 1, 17, "from 1 to 100000" },
		{ "hotplug-limit = -1", 1, 17, "not \"-1\"" },
		{ "hotplug-limit = 5 6", 1, 17, "not \"5 6\"" },
		{ "hotplug-limit = \"5\"", 1, 17, "whole number" },
		{ "hotplug-limit = 18446744073709551617", 1, 17, "whole number" },
		{ "\n\n  hotplug-limit 5", 3, 17, "expected '='" },
		{ "hotplug-limit", 1, 14, "expected '='" },
		{ "hotplug-limit =", 1, 16, "has no value" },
		{ "hotplug-limit = # 5", 1, 17, "has no value" },
		{ "hotplug-limits = 5", 1, 1, "no setting \"hotplug-limits\"" },
		{ "Hotplug-limit = 5", 1, 1, "no setting" },
		{ "= 5", 1, 1, "no setting \"\"" },
		{ "hotplug-limit = 5\nhotplug-limit = 5", 2, 1, "second time, after line 1" },
		{ "hotplug-window = 3600", 1, 18, "s, m, h or d behind it" },
		{ "hotplug-window = 0h", 1, 18, "s, m, h or d behind it" },
		{ "hotplug-window = h", 1, 18, "s, m, h or d behind it" },
		{ "hotplug-window = 31d", 1, 18, "to 30d" },
		{ "hotplug-window = 721h", 1, 18, "to 30d" },
		{ "hotplug-window = 1 h", 1, 18, "not \"1 h\"" },
		{ "hotplug-limit = 5\r\n", 1, 18, "0x0d" },
		{ "# \x1b[2J\n", 1, 3, "0x1b" },
		{ "\xef\xbb\xbfhotplug-limit = 5", 1, 1, "byte 0xef" },
		{ "[hotplug]\n", 1, 1, "no setting" },
		{ "allow-split = 00:1f\n", 1, 20, "the address of one device or pin:NAME" },
		{ "allow-split = pin:\n", 1, 15, "the address of one device or pin:NAME" },
		{ "allow-split = 00:1f.6 00:1f.3\n", 1, 20, "not \"00:1f.6 00:1f.3\"" },
		{ "reset = always\n", 1, 9, "reset is warn or required, not \"always\"" },
		{ "reset = warn\nreset = required\n", 2, 1, "for the second time" },
		{ "reset-exempt = gpu\n", 1, 16, "reset-exempt wants the address of one device" },
		{ "allow-split =\n", 1, 14, "has no value" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		struct xlpt_settings s;
		int rc = parse(cases[i].text, &s, &diag);

		if (rc != XLPT_ERR_SYNTAX || diag.line != cases[i].line ||
		    diag.column != cases[i].column || !strstr(diag.message, cases[i].says) ||
		    !diag.hint)
			fail_msg("\"%s\": %d, %u:%u: %s", cases[i].text, rc, diag.line, diag.column,
				 diag.message ? diag.message : "nothing");
		assert_string_equal(diag.file, "xlpt.conf");
		/* The defaults, not half of the file. */
		assert_int_equal(s.budget.limit, 512);
	}
}

static void test_nul_and_long(void **state)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	struct xlpt_settings s;
	static const char nul[] = "hotplug-limit = 5\0\n";
	_cleanup_free_ char *text = xlpt_xcalloc(1, 60001);

	(void)state;
	assert_int_equal(xlpt_settings_parse(&s, nul, sizeof(nul) - 1, "f", &diag),
			 XLPT_ERR_SYNTAX);
	assert_int_equal(diag.column, 18);
	memset(text, 'x', 60000);
	assert_int_equal(parse(text, &s, &diag), XLPT_ERR_SYNTAX);
	assert_true(strlen(diag.message) < 100);
}

static void test_file(void **state)
{
	struct world *w = world_new();
	struct xlpt_host *h = fake_bus_host(w->bus);
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_free_ char *text = xlpt_xcalloc(1, 70001);
	struct xlpt_settings s;

	(void)state;
	assert_int_equal(xlpt_settings_read(h, &s, &diag), 0);
	assert_int_equal(s.budget.limit, 512);
	fake_bus_put(w->bus, XLPT_SETTINGS_PATH, "hotplug-limit = 9\n");
	assert_int_equal(xlpt_settings_read(h, &s, &diag), 0);
	assert_int_equal(s.budget.limit, 9);
	memset(text, '\n', 70000);
	fake_bus_put(w->bus, XLPT_SETTINGS_PATH, text);
	assert_int_equal(xlpt_settings_read(h, &s, &diag), XLPT_ERR_SYNTAX);
	assert_int_equal(h->ops->unlink(h, XLPT_SETTINGS_PATH), 0);
	assert_int_equal(h->ops->mkdir(h, XLPT_SETTINGS_PATH, 0755), 0);
	assert_int_equal(xlpt_settings_read(h, &s, &diag), XLPT_ERR_IO);
	assert_non_null(diag.hint);
	world_free(w);
}

/* A list over many files: each line would look at all before it. */
static void test_long_list(void **state)
{
	struct world *w = world_new();
	struct xlpt_host *h = fake_bus_host(w->bus);
	_cleanup_str_ struct xlpt_str text = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_settings_ struct xlpt_settings s;

	(void)state;
	xlpt_settings_init(&s);
	for (int i = 0; i < 2048; i++)
		xlpt_str_add(&text, "allow-split = pin:a\n");
	fake_bus_put(w->bus, XLPT_SETTINGS_DIR "/1.conf", text.s);
	fake_bus_put(w->bus, XLPT_SETTINGS_DIR "/2.conf", text.s);
	assert_int_equal(xlpt_settings_read(h, &s, &diag), 0);
	assert_int_equal(xlpt_strv_len(s.allow_split), 4096);
	xlpt_settings_dispose(&s);
	fake_bus_put(w->bus, XLPT_SETTINGS_DIR "/3.conf", "allow-split = pin:b\n");
	assert_int_equal(xlpt_settings_read(h, &s, &diag), XLPT_ERR_SYNTAX);
	assert_non_null(strstr(diag.message, "more than 4096 lines allow-split"));
	assert_non_null(strstr(diag.file, "3.conf"));
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),	     cmocka_unit_test(test_allow_split),
		cmocka_unit_test(test_reset),	     cmocka_unit_test(test_bad),
		cmocka_unit_test(test_nul_and_long), cmocka_unit_test(test_file),
		cmocka_unit_test(test_long_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
