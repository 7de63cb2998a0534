/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Texts of others, shown and encoded: what is shown holds no order to a terminal
 * and is UTF-8, what is encoded is one line of ASCII and comes back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"

static void test_shown(void **state)
{
	static const struct {
		const char *text, *shown;
	} cases[] = {
		{ "", "" },
		{ "web1", "web1" },
		{ "two words $(id) `id` \"q\" \\d", "two words $(id) `id` \"q\" \\d" },
		{ "a\nb\tc\rd", "a\\nb\\tc\\rd" },
		{ "\033[31mred\a\b", "\\x1b[31mred\\x07\\x08" },
		{ "\177", "\\x7f" },
		{ "b\xc3\xbcro \xe2\x82\xac \xf0\x9f\x98\x80",
		  "b\xc3\xbcro \xe2\x82\xac \xf0\x9f\x98\x80" },
		/* C1's CSI, a direction, a line separator, a byte order mark, a tag. */
		{ "\xc2\x9b"
		  "31m",
		  "\\xc2\\x9b31m" },
		{ "\xe2\x80\xae"
		  "fdp.exe",
		  "\\xe2\\x80\\xaefdp.exe" },
		{ "\xe2\x81\xa6\xe2\x80\xa8", "\\xe2\\x81\\xa6\\xe2\\x80\\xa8" },
		{ "\xef\xbb\xbfx", "\\xef\\xbb\\xbfx" },
		{ "\xf3\xa0\x81\x81", "\\xf3\\xa0\\x81\\x81" },
		/* No UTF-8: a lone byte, one cut short, one too long, a surrogate, too large. */
		{ "\xff", "\\xff" },
		{ "\x80x", "\\x80x" },
		{ "a\xc3", "a\\xc3" },
		{ "\xe2\x82", "\\xe2\\x82" },
		{ "\xe2\x82x", "\\xe2\\x82x" },
		{ "\xc0\x8a", "\\xc0\\x8a" },
		{ "\xc1\xbf", "\\xc1\\xbf" },
		{ "\xe0\x80\x8a", "\\xe0\\x80\\x8a" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
		{ "\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80" },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *shown = xlpt_text_shown(cases[i].text);

		assert_string_equal(shown, cases[i].shown);
		assert_int_equal(xlpt_text_is_plain(cases[i].text),
				 !strcmp(cases[i].text, cases[i].shown));
		assert_true(xlpt_text_is_plain(shown));
	}
	assert_null(xlpt_text_shown(NULL));
}

/* What bash makes of the word is the text again. */
static void test_word(void **state)
{
	static const struct {
		const char *text, *word;
	} cases[] = {
		{ "web1", "web1" },
		{ "a.b_c-1:2,3=4@5/6%7+8", "a.b_c-1:2,3=4@5/6%7+8" },
		{ "b\xc3\xbcro", "b\xc3\xbcro" },
		{ "", "''" },
		{ "two words", "'two words'" },
		{ "$(id)", "'$(id)'" },
		{ "`id`;id|id&", "'`id`;id|id&'" },
		{ "~root", "'~root'" },
		{ "it's", "'it'\\''s'" },
		{ "a\nb", "$'a\\x0ab'" },
		{ "'\\\033$(id)\xff", "$'\\x27\\x5c\\x1b\\x24\\x28id\\x29\\xff'" },
		{ "\xe2\x80\xae"
		  "1",
		  "$'\\xe2\\x80\\xae1'" },
	};
	char small[8];

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		const char *word = XLPT_WORD(cases[i].text);
		_cleanup_free_ char *script = xlpt_xasprintf("printf %%s %s", word);
		char got[64];
		size_t n;
		FILE *f;

		assert_string_equal(word, cases[i].word);
		assert_true(xlpt_text_is_plain(word));
		assert_int_equal(setenv("XLPT_TEST_LINE", script, 1), 0);
		f = popen("exec bash -c \"$XLPT_TEST_LINE\"", "r");
		assert_non_null(f);
		n = fread(got, 1, sizeof(got) - 1, f);
		got[n] = '\0';
		assert_int_equal(pclose(f), 0);
		assert_string_equal(got, cases[i].text);
	}
	assert_string_equal(xlpt_text_word("too long", small, sizeof(small)), "...");
	assert_string_equal(XLPT_WORD(NULL), "''");
}

/* What is taken for words is what a shell makes of the line; what it does not take is told. */
static void test_split(void **state)
{
	static const char *const words[] = {
		"",
		"  ",
		"ssh",
		" ssh  -p 2222\t",
		"a'b c'd",
		"\"a b\"c",
		"'' \"\"",
		"\\$HOME \\\\ \\ x",
		"'$(id)' ';'",
		"\"it's\" '\"'",
		"a#b a~b",
		"\"\\\"\\x\"",
		"-o X=y:z,{1..3}!^%",
	};
	static const char *const more[] = {
		"'a",  "\"a", "a\\", "$HOME", "\"$HOME\"", "`id`",   "\"`id`\"",
		"a|b", "a;b", "a&",  "a<b",   "a>b",	   "(a)",    "*",
		"a?",  "[a]", "~/x", "#a",    "a\nb",	   "a\\\nb",
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(words); i++) {
		_cleanup_free_ char *script = xlpt_xasprintf(
			"set -- %s; for w; do printf '<%%s>' \"$w\"; done", words[i]);
		_cleanup_strv_ char **got = xlpt_text_split(words[i]);
		_cleanup_str_ struct xlpt_str s = { 0 };
		char want[128];
		size_t n;
		FILE *f;

		assert_non_null(got);
		for (char **w = got; *w; w++)
			xlpt_str_addf(&s, "<%s>", *w);
		f = popen(script, "r");
		assert_non_null(f);
		n = fread(want, 1, sizeof(want) - 1, f);
		want[n] = '\0';
		assert_int_equal(pclose(f), 0);
		assert_string_equal(xlpt_str_get(&s), want);
	}
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(more); i++)
		assert_null(xlpt_text_split(more[i]));
}

static void test_encoded(void **state)
{
	static const char *const as_they_are[] = { "", "web1", "two words", "$(id)" };
	static const char *const left_alone[] = { "\\",	 "\\x",	  "\\x1", "\\xg1",
						  "\\n", "\\x00", "a\\x0" };
	unsigned seed = 1;

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(as_they_are); i++) {
		_cleanup_free_ char *encoded = xlpt_text_encoded(as_they_are[i]);

		assert_string_equal(encoded, as_they_are[i]);
	}
	/* What an earlier xlpt wrote. */
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(left_alone); i++) {
		_cleanup_free_ char *text = xlpt_xstrdup(left_alone[i]);

		assert_string_equal(xlpt_text_decode(text), left_alone[i]);
	}
	for (int i = 0; i < 20000; i++) {
		static const char common[] = "\\x\\x1041n\n\033 \xe2\x80";
		char text[24];
		size_t n;
		_cleanup_free_ char *encoded = NULL;

		seed = seed * 1664525 + 1013904223;
		n = seed >> 8 & 15;
		for (size_t k = 0; k < n; k++) {
			seed = seed * 1664525 + 1013904223;
			text[k] = seed & 1 << 20 ? common[(seed >> 8) % (sizeof(common) - 1)]
						 : (char)(1 + (seed >> 8) % 255);
		}
		text[n] = '\0';
		encoded = xlpt_text_encoded(text);
		for (const char *c = encoded; *c; c++)
			assert_true(*c >= ' ' && *c < 0x7f);
		assert_string_equal(xlpt_text_decode(encoded), text);
	}
	assert_null(xlpt_text_encoded(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shown),
		cmocka_unit_test(test_word),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_encoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
