/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxl's lines get the cause that the table has for them; docs/ERRORS.md is the table.
 * XLPT_UPDATE_GOLDEN=1 writes that file anew, for git diff to judge.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/file.h"
#include "xl-plugin/backend/causes.h"

#define LINES	 "tests/data/libxl/lines.txt"
#define DOCUMENT "docs/ERRORS.md"

static char *slurp(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = xlpt_xcalloc(1, 1 << 20);

	assert_non_null(f);
	assert_true(fread(text, 1, (1 << 20) - 1, f) > 0);
	fclose(f);
	return text;
}

static void one(const char *line, const char *want, bool *used)
{
	_cleanup_free_ char *text = xlpt_line_unescape(line);
	const struct xlpt_cause *c = xlpt_cause_find(text);

	if (*want ? !c || !xlpt_starts(c->cause, want) : c != NULL)
		fail_msg("%s\ngets: %s\nwant: %s", line, c ? c->cause : "nothing", want);
	if (c)
		used[c - xlpt_causes] = true;
}

static void test_lines(void **state)
{
	_cleanup_free_ char *text = slurp(LINES);
	_cleanup_free_ bool *used = xlpt_xcalloc(xlpt_n_causes, sizeof(*used));
	char *cursor = text, *line, *before = NULL;

	(void)state;
	while ((line = xlpt_file_line(&cursor))) {
		if (*line == '=') {
			assert_non_null(before);
			one(before, line + (line[1] == ' ' ? 2 : 1), used);
		}
		before = *line == '#' || *line == '=' ? NULL : line;
	}
	/* A row that no line shows could be anything. */
	for (size_t i = 0; i < xlpt_n_causes; i++)
		if (!used[i])
			fail_msg("no line in " LINES " has \"%s\"", xlpt_causes[i].words);
}

/* The error keeps libxl's lines, and says the cause; what is harmless changes nothing. */
static void test_explain(void **state)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	(void)state;
	xlpt_diag_set(&diag, XLPT_ERR_TOOLSTACK, "cannot add it");
	xlpt_diag_add_log(&diag, "libxl: x: xc_assign_device failed: Operation not supported");
	xlpt_cause_explain(&diag);
	assert_non_null(strstr(diag.fact, "created without passthrough"));
	assert_non_null(strstr(diag.hint, "passthrough = \"enabled\""));
	assert_non_null(strstr(diag.log, "xc_assign_device"));
	xlpt_diag_set(&diag, XLPT_ERR_TOOLSTACK, "cannot remove it");
	xlpt_diag_hint(&diag, "as it was");
	xlpt_diag_add_log(&diag, "libxl: x: xc_physdev_unmap_pirq irq=16: Invalid argument");
	xlpt_cause_explain(&diag);
	assert_null(diag.fact);
	assert_string_equal(diag.hint, "as it was");
	xlpt_cause_explain(NULL);
}

static void test_document(void **state)
{
	_cleanup_free_ char *now = xlpt_causes_document(), *there = NULL;

	(void)state;
	if (getenv("XLPT_UPDATE_GOLDEN")) {
		FILE *f = fopen(DOCUMENT, "we");

		assert_non_null(f);
		fputs(now, f);
		fclose(f);
	}
	there = slurp(DOCUMENT);
	if (strcmp(now, there) != 0)
		fail_msg(DOCUMENT
			 " is not what the table says: XLPT_UPDATE_GOLDEN=1 writes it anew");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
