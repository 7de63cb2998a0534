/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "core/diag.h"

static void fill(struct xlpt_diag *diag)
{
	xlpt_diag_errno(diag, XLPT_ERR_IO, -EBUSY, "cannot %s", "bind");
	xlpt_diag_fact(diag, "a %s", "fact");
	xlpt_diag_hint(diag, "a %s", "hint");
	xlpt_diag_add_log(diag, "one");
	xlpt_diag_at(diag, "web1.cfg", 3, 7);
	diag->libxl_rc = -3;
}

static void assert_empty(const struct xlpt_diag *diag)
{
	const struct xlpt_diag none = { 0 };

	assert_memory_equal(diag, &none, sizeof(none));
}

static void test_set(void **state)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	(void)state;
	assert_int_equal(xlpt_diag_set(&diag, XLPT_ERR_FULL, "%d %s", 32, "slots"), XLPT_ERR_FULL);
	assert_int_equal(diag.code, XLPT_ERR_FULL);
	assert_string_equal(diag.message, "32 slots");
	assert_null(diag.fact);

	/* A new error drops all of the old one, which may be among the arguments. */
	fill(&diag);
	assert_int_equal(xlpt_diag_set(&diag, XLPT_ERR_RULE, "%s/%s/%s/%s/%s", diag.message,
				       diag.fact, diag.hint, diag.log, diag.file),
			 XLPT_ERR_RULE);
	assert_string_equal(diag.message,
			    "cannot bind: Device or resource busy/a fact/a hint/one/web1.cfg");
	assert_int_equal(diag.code, XLPT_ERR_RULE);
	assert_null(diag.fact);
	assert_null(diag.hint);
	assert_null(diag.log);
	assert_null(diag.file);
	assert_int_equal(
		diag.line | diag.column | (unsigned)diag.sys_errno | (unsigned)diag.libxl_rc, 0);
	xlpt_diag_dispose(&diag);
	assert_empty(&diag);
}

static void test_errno(void **state)
{
	static const struct {
		int err, want;
		const char *message;
	} cases[] = {
		{ ENODEV, ENODEV, "cannot unbind 02:00.0: No such device" },
		{ -ENODEV, ENODEV, "cannot unbind 02:00.0: No such device" },
		{ EINVAL, EINVAL, "cannot unbind 02:00.0: Invalid argument" },
	};
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		assert_int_equal(xlpt_diag_errno(&diag, XLPT_ERR_IO, cases[i].err,
						 "cannot unbind %s", "02:00.0"),
				 XLPT_ERR_IO);
		assert_int_equal(diag.code, XLPT_ERR_IO);
		assert_int_equal(diag.sys_errno, cases[i].want);
		assert_string_equal(diag.message, cases[i].message);
	}
	assert_int_equal(xlpt_diag_errno(&diag, XLPT_ERR_IO, EIO, "again: %s", diag.message),
			 XLPT_ERR_IO);
	assert_string_equal(diag.message,
			    "again: cannot unbind 02:00.0: Invalid argument: Input/output error");
	/* A per cent sign in the text is text. */
	xlpt_diag_errno(&diag, XLPT_ERR_IO, EIO, "%s", "100%s");
	assert_string_equal(diag.message, "100%s: Input/output error");
}

static void test_add(void **state)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	(void)state;
	fill(&diag);
	xlpt_diag_fact(&diag, "not only %s", diag.fact);
	xlpt_diag_hint(&diag, "not only %s", diag.hint);
	assert_string_equal(diag.fact, "not only a fact");
	assert_string_equal(diag.hint, "not only a hint");

	xlpt_diag_add_log(&diag, NULL);
	xlpt_diag_add_log(&diag, "");
	xlpt_diag_add_log(&diag, "two\nthree");
	assert_string_equal(diag.log, "one\ntwo\nthree");

	xlpt_diag_at(&diag, diag.file, 4, 8);
	assert_string_equal(diag.file, "web1.cfg");
	assert_int_equal(diag.line, 4);
	assert_int_equal(diag.column, 8);
	xlpt_diag_at(&diag, NULL, 0, 9);
	assert_null(diag.file);
	assert_int_equal(diag.line, 0);
	assert_int_equal(diag.column, 9);
	assert_int_equal(diag.code, XLPT_ERR_IO);
}

static void test_wrap(void **state)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	(void)state;
	fill(&diag);
	xlpt_diag_wrap(&diag, "step %d", 2);
	xlpt_diag_wrap(&diag, "%s", "web1");
	assert_string_equal(diag.message, "web1: step 2: cannot bind: Device or resource busy");
	/* only the message */
	assert_int_equal(diag.code, XLPT_ERR_IO);
	assert_int_equal(diag.sys_errno, EBUSY);
	assert_string_equal(diag.fact, "a fact");

	xlpt_diag_dispose(&diag);
	xlpt_diag_wrap(&diag, "web1");
	assert_string_equal(diag.message, "web1: failed");
}

static void test_recode(void **state)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	(void)state;
	fill(&diag);
	assert_int_equal(xlpt_diag_recode(&diag, XLPT_ERR_LEFT), XLPT_ERR_LEFT);
	assert_int_equal(diag.code, XLPT_ERR_LEFT);
	assert_string_equal(diag.message, "cannot bind: Device or resource busy");
	assert_string_equal(diag.hint, "a hint");
	assert_int_equal(diag.libxl_rc, -3);
}

static void test_move(void **state)
{
	_cleanup_diag_ struct xlpt_diag a = { 0 }, b = { 0 };
	char *message;

	(void)state;
	fill(&a);
	fill(&b); /* is dropped */
	message = a.message;
	xlpt_diag_move(&b, &a);
	assert_ptr_equal(b.message, message);
	assert_string_equal(b.file, "web1.cfg");
	assert_int_equal(b.libxl_rc, -3);
	assert_empty(&a);

	xlpt_diag_move(&b, &b);
	assert_ptr_equal(b.message, message);
	/* Without a destination the error stays where it is. */
	xlpt_diag_move(NULL, &b);
	assert_ptr_equal(b.message, message);
	xlpt_diag_move(&b, NULL);
	assert_ptr_equal(b.message, message);
	/* No error to move is none afterwards. */
	xlpt_diag_move(&b, &a);
	assert_empty(&b);
}

static void test_null(void **state)
{
	(void)state;
	assert_int_equal(xlpt_diag_set(NULL, XLPT_ERR_FULL, "%s", "x"), XLPT_ERR_FULL);
	assert_int_equal(xlpt_diag_errno(NULL, XLPT_ERR_IO, EIO, "%s", "x"), XLPT_ERR_IO);
	assert_int_equal(xlpt_diag_recode(NULL, XLPT_ERR_LEFT), XLPT_ERR_LEFT);
	xlpt_diag_fact(NULL, "%s", "x");
	xlpt_diag_hint(NULL, "%s", "x");
	xlpt_diag_add_log(NULL, "x");
	xlpt_diag_at(NULL, "x", 1, 1);
	xlpt_diag_wrap(NULL, "%s", "x");
	xlpt_diag_move(NULL, NULL);
	xlpt_diag_dispose(NULL);
}

/* Scripts rely on both: the exit status and the word of every code. */
static void test_codes(void **state)
{
	static const struct {
		enum xlpt_err code;
		int status;
	} special[] = {
		{ XLPT_OK, 0 },		{ XLPT_ERR_USAGE, 2 },
		{ XLPT_ERR_SYNTAX, 2 }, { XLPT_ERR_HOST_NEEDS, 3 },
		{ XLPT_ERR_RULE, 3 },	{ XLPT_ERR_BUDGET, 4 },
		{ XLPT_ERR_LEFT, 5 },
	};

	(void)state;
	for (int code = XLPT_OK; code >= XLPT_ERR_DATA; code--) {
		const char *word = xlpt_err_word((enum xlpt_err)code);
		int want = 1;

		for (size_t i = 0; i < XLPT_ARRAY_SIZE(special); i++)
			if ((int)special[i].code == code)
				want = special[i].status;
		assert_int_equal(xlpt_err_exit((enum xlpt_err)code), want);

		assert_true(*word);
		assert_string_not_equal(word, "error");
		for (const char *p = word; *p; p++)
			assert_true(islower((unsigned char)*p) || *p == '-');
		for (int other = XLPT_OK; other > code; other--)
			assert_string_not_equal(word, xlpt_err_word((enum xlpt_err)other));
	}
	assert_string_equal(xlpt_err_word(XLPT_ERR_HOST_NEEDS), "host-needs");
	assert_string_equal(xlpt_err_word((enum xlpt_err) - 1000), "error");
	assert_int_equal(xlpt_err_exit((enum xlpt_err) - 1000), 1);
}

/* A full disk is not mended by being root: the errno's own line stays. */
static void test_file(void **state)
{
	static const struct {
		int err;
		const char *message, *hint;
	} cases[] = {
		{ EMFILE, "cannot write f: this process has as many files open as it may",
		  "ulimit -n" },
		{ ENFILE, "cannot write f: this host has as many files open as it may",
		  "fs.file-max" },
		{ ENOSPC, "cannot write f: No space left on device", "make room" },
		{ EDQUOT, "cannot write f: Disk quota exceeded", "quota" },
		{ EROFS, "cannot write f: Read-only file system", "mount that file system" },
		{ ENOLINK, "cannot write f: a symbolic link of another user leads there",
		  "without that link" },
		{ ESTALE,
		  "cannot write f: another file took its place, or it was changed, while it was "
		  "worked with",
		  "run it again" },
		{ ENOTUNIQ,
		  "cannot write f: another user has put it there, where everybody may make files",
		  "a folder of your own" },
		{ EMEDIUMTYPE, "cannot write f: it is not a regular file", "run xlpt as root" },
		{ EIO, "cannot write f: Input/output error", "run xlpt as root" },
	};
	struct xlpt_diag diag = { 0 };

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		assert_int_equal(
			xlpt_diag_file(&diag, XLPT_ERR_IO, -cases[i].err, "cannot write %s", "f"),
			XLPT_ERR_IO);
		xlpt_diag_hint(&diag, "run xlpt as root");
		assert_string_equal(diag.message, cases[i].message);
		assert_non_null(strstr(diag.hint, cases[i].hint));
		assert_int_equal(diag.sys_errno, cases[i].err);
	}
	/* Of a device it means something else. */
	xlpt_diag_errno(&diag, XLPT_ERR_IO, ENOSPC, "cannot bind");
	xlpt_diag_hint(&diag, "dmesg");
	assert_string_equal(diag.hint, "dmesg");
	xlpt_diag_dispose(&diag);
	assert_int_equal(xlpt_diag_file(NULL, XLPT_ERR_IO, EIO, "%s", "x"), XLPT_ERR_IO);
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),    cmocka_unit_test(test_errno), cmocka_unit_test(test_file),
		cmocka_unit_test(test_add),    cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_recode), cmocka_unit_test(test_move),
		cmocka_unit_test(test_null),   cmocka_unit_test(test_codes),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
