/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Edits of a pci list, byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "converters/edit.h"
#include "converters/xl/xl.h"

#define A     "0a:00.1"
#define ADDED "\"0000:0a:00.1\""

static int edit(const char *text, bool removing, const char *spec, struct xlpt_str *out,
		bool *changed, struct xlpt_diag *diag)
{
	struct xlpt_edit e = { .remove = removing };
	int rc;

	assert_int_equal(xlpt_spec_parse(spec, &e.spec, NULL), 0);
	rc = xlpt_edit_pci(text, strlen(text), "t.cfg", &e, 1, out, changed, diag);
	xlpt_spec_dispose(&e.spec);
	return rc;
}

static void check(const char *text, bool removing, const char *spec, const char *want)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_str_ struct xlpt_str out = { 0 };
	bool changed;

	if (edit(text, removing, spec, &out, &changed, &diag))
		fail_msg("%s: %s", text, diag.message);
	assert_string_equal(xlpt_str_get(&out), want);
	assert_int_equal(changed, strcmp(text, want) != 0);
}

static void test_add(void **st)
{
	/* clang-format off */
	static const char *const cases[][2] = {
		{ "", "pci = [ " ADDED " ]\n" },
		{ "name='x'", "name='x'\npci = [ " ADDED " ]\n" },
		{ "name='x' # c\n", "name='x' # c\npci = [ " ADDED " ]\n" },
		{ "pci = [ ]\nx=1\n", "pci = [ " ADDED " ]\nx=1\n" },
		{ "pci = []\n", "pci = [ " ADDED " ]\n" },
		{ "pci=['09:00.0'] # c\n", "pci=['09:00.0', '0000:0a:00.1'] # c\n" },
		{ "pci=[\"09:00.0\", ]\n", "pci=[\"09:00.0\", " ADDED ", ]\n" },
		{ "pci = [\n\t\"09:00.0\", # nic\n]\n", "pci = [\n\t\"09:00.0\", # nic\n\t" ADDED ",\n]\n" },
		{ "pci = [\n\t\"09:00.0\" # nic\n]\n",
		  "pci = [\n\t\"09:00.0\", # nic\n\t" ADDED "\n]\n" },
		{ "pci = [ \"09:00.0\", # nic\n]\n", "pci = [ \"09:00.0\", # nic\n\t" ADDED ",\n]\n" },
		{ "pci = [\n \"09:00.0\" # nic\n , ]\n", "pci = [\n \"09:00.0\", # nic\n " ADDED "\n , ]\n" },
		{ "pci = [\n \"08:00.0\", # a\n \"09:00.0\", # b\n # old\n]\n",
		  "pci = [\n \"08:00.0\", # a\n \"09:00.0\", # b\n " ADDED ",\n # old\n]\n" },
		{ "pci = [\n  '09:00.0'\n]\n", "pci = [\n  '09:00.0',\n  '0000:0a:00.1'\n]\n" },
		{ "pci=['09:00.0']\npci += [ '08:00.0' ]\n",
		  "pci=['09:00.0']\npci += [ '08:00.0', '0000:0a:00.1' ]\n" },
		{ "pci=['a:0.1']\n", "pci=['a:0.1']\n" },
		{ "pci=['a:0.1,seize=1']\n", "pci=['0000:0a:00.1']\n" },
		{ "x=1\n\n#xlpt-begin: k\n#xlpt set name =x\n#xlpt-end\n",
		  "x=1\n\npci = [ " ADDED " ]\n#xlpt-begin: k\n#xlpt set name =x\n#xlpt-end\n" },
	};
	/* clang-format on */

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++)
		check(cases[i][0], false, A, cases[i][1]);
}

static void test_remove(void **st)
{
	/* clang-format off */
	static const char *const cases[][2] = {
		{ "pci = [ '0a:00.1' ] # c\n", "pci = [ ] # c\n" },
		{ "pci = [ '0a:00.1,permissive=1', '09:00.0' ]\n", "pci = [ '09:00.0' ]\n" },
		{ "pci = [ '09:00.0', '0a:00.1' ]\n", "pci = [ '09:00.0' ]\n" },
		{ "pci = [ '09:00.0', '0a:00.1', '08:00.0' ]\n", "pci = [ '09:00.0', '08:00.0' ]\n" },
		{ "pci = [\n\t'09:00.0',\n\t'0a:00.1',\n\t'08:00.0',\n]\n",
		  "pci = [\n\t'09:00.0',\n\t'08:00.0',\n]\n" },
		{ "pci = [\n\t'0a:00.1', # mine\n\t'09:00.0'\n]\n", "pci = [\n\t'09:00.0'\n]\n" },
		{ "pci = [ '0a:00.1', # mine\n\t'09:00.0' ]\n", "pci = [\n\t'09:00.0' ]\n" },
		{ "pci = [\n '09:00.0', # a\n '0a:00.1', # b\n '08:00.0', # c\n]\n",
		  "pci = [\n '09:00.0', # a\n '08:00.0', # c\n]\n" },
		{ "pci = [\n '09:00.0', # a\n '0a:00.1' # b\n]\n", "pci = [\n '09:00.0', # a\n]\n" },
		{ "pci = [\n '09:00.0',\n '0a:00.1' # b\n]\n", "pci = [\n '09:00.0'\n]\n" },
		{ "pci = [\n '0a:00.1' # b\n , '09:00.0' ]\n", "pci = [\n  '09:00.0' ]\n" },
		{ "pci = [\n '0a:00.1', # b\n]\n", "pci = [\n]\n" },
		{ "pci = [ '0a:00.1', '09:00.0', # both\n]\n", "pci = [ '09:00.0', # both\n]\n" },
		/* Listed twice, it goes twice. */
		{ "pci = [ '0a:00.1', '09:00.0', '0a:00.1,seize=1' ]\n", "pci = [ '09:00.0' ]\n" },
		{ "pci = [ '0a:00.1' ]\npci += [ '0a:00.1' ]\n", "pci = [ ]\npci += [ ]\n" },
		{ "pci = [\n\t'09:00.0', # a\n\t'0a:00.1'\n]\n", "pci = [\n\t'09:00.0', # a\n]\n" },
		{ "pci=['09:00.0']\npci+=['0a:00.1']\n", "pci=['09:00.0']\npci+=[ ]\n" },
		{ "pci = [ '09:00.0', # a\n\t'08:00.0',\n\t'0a:00.1' ]\n",
		  "pci = [ '09:00.0', # a\n\t'08:00.0' ]\n" },
		{ "pci = [\n\t'09:00.0',\n\t'0a:00.1'\n]\n", "pci = [\n\t'09:00.0'\n]\n" },
		{ "pci = [ '09:00.0', # a,\n\t'0a:00.1' ]\n", "pci = [ '09:00.0', # a,\n\t ]\n" },
	};
	/* clang-format on */

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++)
		check(cases[i][0], true, A, cases[i][1]);
}

static void test_refusals(void **st)
{
	/* clang-format off */
	static const struct { const char *text; bool remove; int rc; } cases[] = {
		{ "pci = [ '09:00.0' ]\n", true, XLPT_ERR_NOT_FOUND },
		{ "name = 'x'\n", true, XLPT_ERR_NOT_FOUND },
		{ "pci = [ '0a:00.*' ]\n", true, XLPT_ERR_CONFLICT },
		{ "pci = [ '0a:00.*' ]\n", false, XLPT_ERR_CONFLICT },
		{ "pci = [ '0a:00.1'\n", true, XLPT_ERR_SYNTAX },
		{ "pci = '0a:00.1'\n", true, XLPT_ERR_SYNTAX },
	};
	/* clang-format on */

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		_cleanup_str_ struct xlpt_str out = { 0 };
		bool changed;

		assert_int_equal(edit(cases[i].text, cases[i].remove, A, &out, &changed, &diag),
				 cases[i].rc);
		assert_int_equal(out.len, 0);
		assert_string_equal(diag.file, "t.cfg");
	}
}

/* xl takes the last pci= of several: a device of another one is not listed, and why is told. */
static void test_several_lists(void **st)
{
	static const struct {
		const char *text, *hint;
	} cases[] = {
		{ "pci=['0a:00.1']\npci=['09:00.0']\n", "in line 2" },
		{ "pci=['09:00.0']\npci+=['08:00.0']\n", NULL },
		{ "name='x'\n", NULL },
	};

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		_cleanup_str_ struct xlpt_str out = { 0 };
		bool changed;

		assert_int_equal(edit(cases[i].text, true, A, &out, &changed, &diag),
				 XLPT_ERR_NOT_FOUND);
		if (!diag.hint != !cases[i].hint ||
		    (diag.hint && !strstr(diag.hint, cases[i].hint)))
			fail_msg("%s: %s", cases[i].text, diag.hint ? diag.hint : "no hint");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_several_lists),
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_remove),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
