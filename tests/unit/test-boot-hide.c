/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "pciback/boot/hide.h"
#include "tests/fuzz/hide-oracle.h"

#define CORPUS "tests/data/boot/hide-corpus.txt"

/* What the kernel makes of a list, as "0000:09:00.0 ...", "!N" for malformed at column N. */
static char *reading(enum xlpt_hide_grammar g, const char *text, bool lint)
{
	_cleanup_hide_ struct xlpt_hide_list list = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	struct xlpt_str out = { 0 };
	int rc = lint ? xlpt_hide_lint(g, text, &list, &diag)
		      : xlpt_hide_parse(g, text, &list, &diag);

	assert_int_equal(rc, diag.code);
	if (rc) {
		assert_int_equal(rc, XLPT_ERR_SYNTAX);
		assert_non_null(diag.hint);
		return xlpt_xasprintf("!%u", diag.column);
	}
	for (size_t i = 0; i < list.n; i++)
		xlpt_str_addf(&out, "%s%s%s", i ? " " : "", XLPT_HIDE_STR(&list.items[i]),
			      list.items[i].changed ? "?" : "");
	if (list.ignored)
		xlpt_str_addf(&out, " ...%u", list.ignored);
	return xlpt_str_take(&out);
}

static void assert_reads(enum xlpt_hide_grammar g, const char *text, const char *parse,
			 const char *lint)
{
	_cleanup_free_ char *p = reading(g, text, false), *l = reading(g, text, true);

	assert_string_equal(p, parse);
	assert_string_equal(l, lint);
}

static void test_both(void **state)
{
	static const struct {
		const char *text, *parse, *lint;
	} cases[] = {
		{ "", "", "" },
		{ "(0000:09:00.0)(0000:0a:04.1)", "0000:09:00.0 0000:0a:04.1",
		  "0000:09:00.0 0000:0a:04.1" },
		{ "(09:00.0)", "0000:09:00.0", "0000:09:00.0" },
		{ "  ( 9:\t0. 0)  (FFFF:fF:1F.7) ", "0000:09:00.0 ffff:ff:1f.7",
		  "0000:09:00.0 ffff:ff:1f.7" },
		{ "(0x09:0X00.0x0)", "0000:09:00.0", "0000:09:00.0" },
		{ "(00000000:0000009:00000.0000)", "0000:09:00.0", "0000:09:00.0" },
		{ "(\xa0"
		  "9:0.0)\xa0",
		  "0000:09:00.0", "0000:09:00.0" },
		/* a "0x" alone is nought */
		{ "(0x:0x.0x)", "0000:00:00.0", "0000:00:00.0" },
		{ " ", "!2", "!2" },
		{ "0000:09:00.0", "!1", "!1" },
		{ "(0b::00.1)", "!5", "!5" },
		{ "(0000:09:00,0)", "!12", "!12" },
		{ "(0000 :09:00.0)", "!6", "!6" },
		{ "(0000:09:00.0)(0b::00.1)", "!19", "!19" },
		{ "(0000:09:00.0),(0000:0a:04.1)", "!15", "!15" },
		{ "(0000:09:00.g)", "!13", "!13" },
		{ "(-1:0.0)", "!2", "!2" },
		{ "(0000:09)", "!9", "!9" },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		assert_reads(XLPT_HIDE_PLAIN, cases[i].text, cases[i].parse, cases[i].lint);
		assert_reads(XLPT_HIDE_WILDCARDS, cases[i].text, cases[i].parse, cases[i].lint);
	}
}

static void test_wildcards(void **state)
{
	enum xlpt_hide_grammar w = XLPT_HIDE_WILDCARDS;

	(void)state;
	assert_reads(w, "(0000:09:00.*)(09:*.*)(0001:0a:*.*)(9:0.*)",
		     "0000:09:00.* 0000:09:*.* 0001:0a:*.* 0000:09:00.*",
		     "0000:09:00.* 0000:09:*.* 0001:0a:*.* 0000:09:00.*");
	assert_reads(w, "(0000:09:*.0)", "!10", "!10");
	assert_reads(w, "(0000:*:*.*)", "!7", "!7");
	assert_reads(w, "(*:*.*)", "!2", "!2");
	assert_reads(w, "(0000:09:00. *)", "!14", "!14");
	/* No bit too many: refused by the kernel, though without a message. */
	assert_reads(w, "(10000:0:0.0)", "!1", "!1");
	assert_reads(w, "(0:100:0.0)", "!1", "!1");
	assert_reads(w, "(0:0:20.0)", "!1", "!1");
	assert_reads(w, "(0:0:0.8)", "!1", "!1");
	/* A sign bit is a wildcard, a 33rd bit nothing at all. */
	assert_reads(w, "(0:9:ffffffff.0)", "0000:09:*.0?", "!1");
	assert_reads(w, "(0:100000009:0.0)", "0000:09:00.0?", "!1");
	assert_reads(w, "(0000:09:00.0", "!14", "!14");
	assert_reads(w, "(0000:82.0.0)", "!11", "!11");
}

static void test_plain(void **state)
{
	enum xlpt_hide_grammar p = XLPT_HIDE_PLAIN;

	(void)state;
	assert_reads(p, "(0000:09:00.*)", "!13", "!13");
	assert_reads(p, "(0000:09:*.*)", "!10", "!10");
	assert_reads(p, "(09:*.*)", "!5", "!5");
	/* Cut to size without a word. */
	assert_reads(p, "(0:109:20.8)", "0000:09:00.0?", "!1");
	assert_reads(p, "(10000:0:0.0)", "10000:00:00.0?", "!1");
	/* Where a ')' is missing the list ends, with all that comes after. */
	assert_reads(p, "(0000:09:00.0", "0000:09:00.0 ...14", "!14");
	assert_reads(p, "(0000:82.0.0)(0000:0a:00.0)", "0000:00:02.0? ...11", "!1");
	assert_reads(p, "(0000:09:00.0](0000:0a:00.0)", "0000:09:00.0 ...14", "!14");
}

static void test_length(void **state)
{
	_cleanup_hide_ struct xlpt_hide_list list = { 0 };
	_cleanup_free_ char *text = NULL;
	struct xlpt_str s = { 0 };

	(void)state;
	for (unsigned i = 0; i < 73; i++)
		xlpt_str_addf(&s, "(0000:%02x:00.0)", i);
	xlpt_str_add(&s, "  ");
	text = xlpt_str_take(&s);
	assert_int_equal(strlen(text), XLPT_HIDE_MAX);
	assert_int_equal(xlpt_hide_lint(XLPT_HIDE_WILDCARDS, text, &list, NULL), 0);
	assert_int_equal(list.n, 73);
	xlpt_hide_dispose(&list);
	xlpt_str_addf(&s, "%s ", text);
	free(text);
	text = xlpt_str_take(&s);
	assert_reads(XLPT_HIDE_WILDCARDS, text, "!1025", "!1025");
}

static void test_args(void **state)
{
	static const char *const good[] = { "09:00.0", "0000:09:00.0", "pci_0000_09_00_0",
					    "(0000:09:00.0)", "(9:0.0)(09:00.0)" };
	static const char *const bad[] = { "",	 "9",	     "09:00",	 "09:00.0 ", "09:20.0", "(",
					   "()", "0b::00.1", "(09:00.0", "*",	     "web1" };
	_cleanup_hide_ struct xlpt_hide_list list = { 0 };
	_cleanup_free_ char *text = NULL;
	struct xlpt_bdf bdf;

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(good); i++)
		assert_int_equal(xlpt_hide_arg(XLPT_HIDE_PLAIN, good[i], &list, NULL), 0);
	assert_int_equal(list.n, 1);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(bad); i++)
		assert_int_equal(xlpt_hide_arg(XLPT_HIDE_WILDCARDS, bad[i], &list, NULL),
				 XLPT_ERR_SYNTAX);
	assert_int_equal(xlpt_hide_arg(XLPT_HIDE_PLAIN, "0a:04.*", &list, NULL), XLPT_ERR_SYNTAX);
	assert_int_equal(list.n, 1);
	assert_int_equal(xlpt_hide_arg(XLPT_HIDE_WILDCARDS, "0a:04.*", &list, NULL), 0);
	text = xlpt_hide_format(&list);
	assert_string_equal(text, "(0000:09:00.0)(0000:0a:04.*)");
	bdf = (struct xlpt_bdf){ .bus = 0x0a, .dev = 4, .func = 3 };
	assert_true(xlpt_hide_matches(&list.items[1], bdf));
	bdf.dev = 5;
	assert_false(xlpt_hide_matches(&list.items[1], bdf));
	assert_true(xlpt_hide_drop(&list, &list.items[0]));
	assert_int_equal(list.n, 1);
}

static int nibble(char c)
{
	return c >= 'a' ? c - 'a' + 10 : c - '0';
}

static void unescape(char *s)
{
	char *to = s;

	for (s[strcspn(s, "\n")] = '\0'; *s; s++) {
		if (s[0] == '\\') {
			*to++ = (char)(nibble(s[2]) << 4 | nibble(s[3]));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

/* The fuzzer's corpus: the verdict, and what is hidden, equal the oracle's in both grammars. */
static void test_corpus(void **state)
{
	static struct oracle want;
	FILE *f = fopen(CORPUS, "r");
	size_t total = 0, accepted = 0;
	char line[8192];

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		unescape(line);
		total++;
		for (int g = XLPT_HIDE_PLAIN; g <= XLPT_HIDE_WILDCARDS; g++) {
			_cleanup_hide_ struct xlpt_hide_list list = { 0 };
			int rc = xlpt_hide_parse((enum xlpt_hide_grammar)g, line, &list, NULL);

			oracle(g == XLPT_HIDE_WILDCARDS, line, &want);
			if ((rc == 0) != want.accepts || (rc == 0 && list.n != want.n))
				fail_msg("%s grammar, \"%s\": %d, %zu groups; the oracle: %d, %zu",
					 g ? "wildcard" : "plain", line, rc, list.n, want.accepts,
					 want.n);
			for (size_t i = 0; i < list.n; i++) {
				assert_int_equal(list.items[i].seg, want.ids[i].seg);
				assert_int_equal(list.items[i].bus, want.ids[i].bus);
				assert_int_equal(list.items[i].dev, want.ids[i].dev);
				assert_int_equal(list.items[i].func, want.ids[i].func);
			}
			accepted += rc == 0;
		}
	}
	fclose(f);
	assert_true(total >= 4096);
	/* Neither all good nor all bad, or it would show nothing. */
	assert_in_range(accepted, total / 4, total * 7 / 4);
}

/* What a malformed list was probably meant as; NULL: nobody can tell. */
static void test_meant(void **state)
{
	static const struct {
		const char *text, *meant;
	} cases[] = {
		{ "(0b:00.0)(0b::00.1)", "(0b:00.0)(0b:00.1)" },
		{ "0b:00.0", "(0b:00.0)" },
		{ "0b:00.0,0b:00.1", "(0b:00.0)(0b:00.1)" },
		{ "(0b:00.0),(0b:00.1)", "(0b:00.0)(0b:00.1)" },
		{ "(0000:82.0.0)", "(0000:82:00.0)" },
		{ "[02:00.0](03:00:1)", "(02:00.0)(03:00.1)" },
		{ "(02:00.0(03:00.*", "(02:00.0)(03:00.*)" },
		{ "(02:00.0)(02:00.0))", "(02:00.0)" },
		{ "(2:0.0);(2:*.*)", "(02:00.0)(02:*.*)" },
		/* Well-formed; too few numbers; out of range; no address at all. */
		{ "(02:00.0)", NULL },
		{ "(02:00)", NULL },
		{ "\\(02:00.0\\)", "(02:00.0)" },
		{ "02:20.0", NULL },
		{ "(02:00.8)", NULL },
		{ "eth0", NULL },
		{ "(02:00.0)(eth0)", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *meant = xlpt_hide_meant(XLPT_HIDE_WILDCARDS, cases[i].text);

		if (!xlpt_streq(meant, cases[i].meant))
			fail_msg("\"%s\" was meant as %s", cases[i].text,
				 meant ? meant : "nothing");
	}
	/* A kernel that knows no wildcards. */
	assert_null(xlpt_hide_meant(XLPT_HIDE_PLAIN, "02:00.*"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both),  cmocka_unit_test(test_wildcards),
		cmocka_unit_test(test_plain), cmocka_unit_test(test_length),
		cmocka_unit_test(test_args),  cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
