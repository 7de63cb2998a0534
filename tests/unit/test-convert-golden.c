/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The configurations of the corpus as libvirt XML, letter by letter: tests/data/convert/NAME.lv. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "converters/convert.h"

static char *slurp(const char *path)
{
	_cleanup_str_ struct xlpt_str s = { 0 };
	char buf[4096];
	FILE *f = fopen(path, "r");
	size_t n;

	if (!f)
		fail_msg("%s is missing (XLPT_GOLDEN=write makes it)", path);
	while ((n = fread(buf, 1, sizeof(buf), f)))
		xlpt_str_addn(&s, buf, n);
	fclose(f);
	return xlpt_str_take(&s);
}

static void test_cfg(void **st)
{
	static const char *const names[] = { "hvm-cpu",	   "hvm-disks",	     "hvm-everything",
					     "hvm-sdl",	   "hvm-spice",	     "hvm-timers",
					     "pv-net",	   "pv-passthrough", "pv-vfb-sdl",
					     "pvh-direct", "pvh-rdm" };
	struct xlpt_convert how = { .to = XLPT_FORMAT_LIBVIRT }, home = { .to = XLPT_FORMAT_XL };

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(names); i++) {
		_cleanup_free_ char *from = xlpt_xasprintf("tests/data/convert/%s.cfg", names[i]);
		_cleanup_free_ char *to = xlpt_xasprintf("tests/data/convert/%s.lv", names[i]);
		_cleanup_free_ char *text = slurp(from), *want = NULL;
		_cleanup_str_ struct xlpt_str out = { 0 }, back = { 0 }, again = { 0 };
		_cleanup_diag_ struct xlpt_diag diag = { 0 };

		if (xlpt_convert(text, strlen(text), "cfg", &how, &out, NULL, NULL, &diag))
			fail_msg("%s: %s", from, diag.message);
		if (getenv("XLPT_GOLDEN")) {
			FILE *f = fopen(to, "w");

			assert_non_null(f);
			fputs(out.s, f);
			fclose(f);
		}
		want = slurp(to);
		assert_string_equal(out.s, want);
		/* Home and there again works as well. */
		assert_int_equal(xlpt_convert(out.s, out.len, "lv", &home, &back, NULL, NULL, NULL),
				 0);
		assert_int_equal(
			xlpt_convert(back.s, back.len, "cfg", &how, &again, NULL, NULL, NULL), 0);
		assert_non_null(strstr(again.s, "</domain>"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_cfg) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
