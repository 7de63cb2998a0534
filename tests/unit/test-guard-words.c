/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which xl command lines ask for a guest to leave, and which guest: every
 * spelling that xl's getopt takes, and those that only look like it. More of
 * them, and whether getopt agrees: test-guard-getopt.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/util.h"
#include "xl-plugin/sentry/xl/words.h"

static const struct {
	const char *line; /* words at blanks; "''" is an empty one */
	const char *want; /* "verb guest...", "" = none of the guard's business */
} cases[] = {
	{ "xl", "" },
	{ "xl -", "" },
	{ "xl -v", "" },
	{ "xl list", "" },
	{ "xl save", "" },
	{ "xl save web1", "save web1" },
	{ "xl save web1 file", "save web1" },
	{ "xl save web1 file cfg", "save web1" },
	{ "xl sav web1 file", "save web1" },
	{ "xl sa web1 file", "save web1" },
	{ "xl s web1 file", "" },
	{ "xl saves web1 file", "" },
	{ "xl -v save web1 file", "save web1" },
	{ "xl -vvf -tT save web1 file", "save web1" },
	{ "xl -vN save web1 file", "save web1" },
	{ "xl -- save web1 file", "save web1" },
	{ "xl -v -- save web1 file", "save web1" },
	{ "xl save -c web1 file", "save web1" },
	{ "xl save -cp web1 file", "save web1" },
	{ "xl save web1 -c file", "save web1" },
	{ "xl save -c -- -odd file", "save -odd" },
	{ "xl save -- web1 file", "save web1" },
	{ "xl save --", "" },
	{ "xl save - file", "save -" },
	{ "xl save '' file", "save " },
	{ "xl save -D web1 file", "save web1" },
	{ "xl save 7 file", "save 7" },
	{ "xl save -h", "" },
	{ "xl save -ch web1 file", "" },
	/* xl reads no options behind the guest: these are the files' names. */
	{ "xl save web1 --help", "save web1" },
	{ "xl save web1 -h", "save web1" },
	{ "xl save web1 --h", "save web1" },
	{ "xl save web1 file --help", "save web1" },
	{ "xl -v save web1 -h", "save web1" },
	{ "xl sav web1 --h", "save web1" },
	{ "xl save -- web1 -h", "save web1" },
	{ "xl save - -h", "save -" },
	{ "xl migrate web1 host -h", "migrate web1" },
	{ "xl migrate -s ssh web1 --help", "migrate web1" },
	{ "xl remus -i 200 web1 host --help", "remus web1" },
	{ "xl save --help=x web1 file", "" },
	{ "xl save --=x web1 file", "" },
	{ "xl save -e web1 file", "save web1 file" },
	{ "xl migrate --debug=x web1 host", "migrate web1 host" },
	{ "xl migrate --=x web1 host", "migrate web1 host" },
	{ "xl save --he web1 file", "" },
	{ "xl help save", "" },
	{ "xl create save", "" },
	{ "xl list save web1", "" },
	{ "xl console -n 1 save", "" },
	{ "xl migrate web1 host", "migrate web1" },
	{ "xl migrate -s ssh web1 host", "migrate web1" },
	{ "xl migrate -sssh web1 host", "migrate web1" },
	{ "xl migrate -s web2 web1 host", "migrate web1" },
	{ "xl migrate -C cfg -e web1 host", "migrate web1" },
	{ "xl migrate -eC cfg web1 host", "migrate web1" },
	{ "xl migrate -FepD web1 host", "migrate web1" },
	{ "xl migrate web1 -s ssh host", "migrate web1" },
	{ "xl migrate --live --debug web1 host", "migrate web1" },
	{ "xl migrate --li web1 host", "migrate web1" },
	{ "xl migrate -s -h web1 host", "migrate web1" },
	{ "xl migrate -s", "" },
	{ "xl migrat web1 host", "" },
	{ "xl migrate-receive -d", "" },
	{ "xl migrate-receive web1", "" },
	{ "xl remus web1 host", "remus web1" },
	{ "xl rem -Fb -i 200 web1 host", "remus web1" },
	{ "xl remus -i200 -N script -u web1 host", "remus web1" },
	{ "xl remus -bi 200 web1 host", "remus web1" },
	{ "xl re web1 host", "" },
	{ "xl restore web1", "" },
	{ "xl remove web1", "" },
	/* A later xl's option may have an argument: every word is asked about. */
	{ "xl save -Z web1 file", "save web1 file" },
	{ "xl save -cZ web2 web1 file", "save web2 web1 file" },
	{ "xl save web1 -Z web2 file", "save web1" },
	{ "xl migrate --compress web1 host", "migrate web1 host" },
	{ "xl save -Z", "" },
	/* The same of one of xl's own. */
	{ "xl -vZ list save web1", "save web1" },
	{ "xl -c file save web1 -- -odd", "save web1 -- -odd" },
	{ "xl --help list", "" },
};

static void test_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *copy = xlpt_xstrdup(cases[i].line);
		_cleanup_str_ struct xlpt_str got = { 0 };
		char *argv[16], *save = NULL;
		struct xlpt_asks leave;
		int argc = 0;

		for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
			argv[argc++] = strcmp(w, "''") ? w : w + 2;
		argv[argc] = NULL;
		xlpt_asks_read(argc, argv, &leave);
		if (leave.verb)
			xlpt_str_add(&got, leave.verb);
		for (size_t k = 0; leave.verb && k < leave.n; k++)
			xlpt_str_addf(&got, " %s", leave.guest[k]);
		if (strcmp(xlpt_str_get(&got), cases[i].want))
			fail_msg("\"%s\" asks for \"%s\", not for \"%s\"", cases[i].line,
				 xlpt_str_get(&got), cases[i].want);
	}
}

static void test_empty(void **state)
{
	struct xlpt_asks leave;

	(void)state;
	xlpt_asks_read(0, (char *[]){ NULL }, &leave);
	assert_null(leave.verb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
