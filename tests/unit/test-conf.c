/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * "key = value" text, as settings and pools have it (core/conf), and the small things under
 * it that are there once: a list of strings, a guest by its UUID, which boot this is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/conf.h"
#include "core/guest.h"
#include "core/record.h"
#include "tests/fake/bus.h"

/* All that the text says, and where the error is that ends it. */
static char *read_all(const char *text, size_t len, bool strict, bool comments)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_conf_ struct xlpt_conf c = {
		.file = "f", .diag = &diag, .strict = strict, .comments = comments
	};
	struct xlpt_str out = { 0 };
	int rc;

	xlpt_conf_begin(&c, text, len);
	while ((rc = xlpt_conf_next(&c)) > 0) {
		if (c.comment)
			xlpt_str_addf(&out, "%u:%s|", c.line, c.comment);
		else if (c.section)
			xlpt_str_addf(&out, "%u:%s|", c.line, c.section);
		else if ((rc = xlpt_conf_need_value(&c)))
			break;
		else
			xlpt_str_addf(&out, "%u:%s=%s|", c.line, c.key, c.value);
	}
	if (rc) {
		assert_int_equal(rc, XLPT_ERR_SYNTAX);
		assert_string_equal(diag.file, "f");
		assert_non_null(diag.hint);
		xlpt_str_addf(&out, "%u:%u %s", diag.line, diag.column, diag.message);
	}
	return xlpt_str_take(&out);
}

static void test_lines(void **state)
{
	static const struct {
		const char *text, *says;
		bool strict, comments;
	} cases[] = {
		{ "", "", true, false },
		{ "\n \t\n# no\n", "", true, false },
		{ "a = 1\n\tb\t=\t2 3 \t# four\nc=4", "1:a=1|2:b=2 3|3:c=4|", true, false },
		{ "a = \"x # y\" # z\n", "1:a=\"x # y\"|", false, false },
		{ "a = \"x \\\" # y\"\n", "1:a=\"x \\\" # y\"|", false, false },
		{ "#: kept\n [b c] # d\n", "1:#: kept|2:[b c]|", false, true },
		{ "a = b = c\n", "1:a=b = c|", true, false },
		{ "a\n", "1:2 expected '=' after a", true, false },
		{ "\n a b = 3\n", "2:4 expected '=' after a", false, false },
		{ "x = 1\na =  # 3\n", "1:x=1|2:6 a has no value", true, false },
		{ "a = 1\r\nb = 2\r\n", "1:a=1|2:b=2|", false, false },
		{ "a = 1\r\n", "1:6 there is a control character (0x0d)", true, false },
		{ "a = \x01\n", "1:5 there is a control character (0x01)", false, false },
		{ "# \x01\na = 1", "2:a=1|", false, false },
		{ "# \x01\n", "1:3 there is a control character (0x01)", true, false },
		{ "# \xc3\xbc\n\xc3\xbc = 1\n", "2:1 there is a byte 0xc3 outside of a comment",
		  true, false },
		{ "a = \xc3\xbc\n", "1:a=\xc3\xbc|", false, false },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *said = read_all(cases[i].text, strlen(cases[i].text),
						     cases[i].strict, cases[i].comments);

		assert_string_equal(said, cases[i].says);
	}
	/* What follows a NUL is not lost without a word. */
	for (int strict = 0; strict < 2; strict++) {
		_cleanup_free_ char *said = read_all("a = 1\0x\n", 8, strict, false);

		assert_string_equal(said, "1:6 there is a control character (0x00)");
	}
}

static void test_words(void **state)
{
	static const char *const words[] = {
		"lan",	"",	    "two words",   "\"",   "#x",
		"a\\b", "\x01\x7f", "b\xc3\xbcro", "a\"b", "0000:02:00.0"
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(words); i++) {
		_cleanup_conf_ struct xlpt_conf c = { 0 };
		_cleanup_str_ struct xlpt_str out = { 0 };
		_cleanup_free_ char *back = NULL;
		const char *s;

		xlpt_conf_add(&out, "key", words[i]);
		xlpt_conf_begin(&c, out.s, out.len);
		assert_int_equal(xlpt_conf_next(&c), 1);
		assert_int_equal(xlpt_conf_need_value(&c), 0);
		s = c.value;
		back = xlpt_conf_word(&s);
		assert_string_equal(back, words[i]);
		assert_string_equal(s, "");
		assert_int_equal(xlpt_conf_next(&c), 0);
	}
}

/* What xlpt keeps: a first line, and keys with values that may be anybody's text. */
static void test_record(void **state)
{
	static const char name[] = "a\nb \\ \xc3\xbc";
	struct xlpt_record r = { .encoded = true }, plain = { 0 };
	_cleanup_str_ struct xlpt_str out = { 0 };
	char raw[] = "what 1\nserial a\\x41\n";

	(void)state;
	xlpt_str_add(&out, "what 1\n\n");
	xlpt_record_add(&out, "name", name);
	xlpt_str_add(&out, "done\nlast 1 2");
	assert_true(xlpt_record_begin(&r, out.s, "what 1"));
	assert_true(xlpt_record_next(&r));
	assert_int_equal(r.line, 3);
	assert_string_equal(r.key, "name");
	assert_string_equal(r.value, name);
	assert_true(xlpt_record_next(&r));
	assert_string_equal(r.key, "done");
	assert_null(r.value);
	assert_true(xlpt_record_next(&r));
	assert_int_equal(r.line, 5);
	assert_string_equal(r.value, "1 2");
	assert_false(xlpt_record_next(&r));
	/* A value that was not encoded is not decoded. */
	assert_true(xlpt_record_begin(&plain, raw, "what 1"));
	assert_true(xlpt_record_next(&plain));
	assert_string_equal(plain.value, "a\\x41");
	assert_false(xlpt_record_begin(&plain, (char[]){ "what 2\n" }, "what 1"));
	assert_false(xlpt_record_begin(&plain, (char[]){ "" }, "what 1"));
}

static void test_list_of_strings(void **state)
{
	_cleanup_strv_ char **v = NULL;

	(void)state;
	assert_false(xlpt_strv_has(v, "a"));
	xlpt_strv_add(&v, NULL);
	assert_null(v);
	xlpt_strv_add(&v, "a");
	xlpt_strv_addf(&v, "%s%d", "b", 2);
	xlpt_strv_take(&v, xlpt_xstrdup("c"));
	assert_int_equal(xlpt_strv_len(v), 3);
	assert_string_equal(v[1], "b2");
	assert_true(xlpt_strv_has(v, "c"));
	assert_false(xlpt_strv_has(v, "b"));
}

#define UUID "5f3c1b5e-0d3c-4a55-9a7e-3b1f7c1e2d10"

/* While it restarts there are two of one UUID. */
static void test_guest_by_uuid(void **state)
{
	struct xlpt_guest guests[] = {
		{ .domid = 3, .uuid = UUID, .dying = true },
		{ .domid = 4, .uuid = "" },
		{ .domid = 5, .uuid = UUID },
		{ .domid = 6, .uuid = UUID, .dying = true },
	};

	(void)state;
	assert_int_equal(xlpt_guests_find(guests, 4, UUID)->domid, 5);
	assert_int_equal(xlpt_guests_find(guests, 1, UUID)->domid, 3);
	assert_null(xlpt_guests_find(guests + 1, 1, UUID));
}

static void test_boot_id(void **state)
{
	struct fake_bus *bus = fake_bus_new();
	char id[XLPT_BOOT_ID_LEN + 1];

	(void)state;
	assert_false(xlpt_host_boot_id(fake_bus_host(bus), id));
	assert_string_equal(id, "");
	fake_bus_put(bus, "/proc/sys/kernel/random/boot_id", "not an id\n");
	assert_false(xlpt_host_boot_id(fake_bus_host(bus), id));
	fake_bus_put(bus, "/proc/sys/kernel/random/boot_id", UUID "\n");
	assert_true(xlpt_host_boot_id(fake_bus_host(bus), id));
	assert_string_equal(id, UUID);
	fake_bus_free(bus);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),	      cmocka_unit_test(test_words),
		cmocka_unit_test(test_record),	      cmocka_unit_test(test_list_of_strings),
		cmocka_unit_test(test_guest_by_uuid), cmocka_unit_test(test_boot_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
