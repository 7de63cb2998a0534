/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables: what xlpt prints itself is what libsmartcols would have printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <libsmartcols.h>
#include <string.h>
#include <unistd.h>

#include "xl-plugin/cli/output.h"

enum { COLUMNS_MAX = 5, ROWS_MAX = 12 };

struct text {
	char cells[ROWS_MAX + 1][COLUMNS_MAX][24];
	size_t columns, rows;
};

static char *print(const struct text *t)
{
	const char *cells[COLUMNS_MAX];
	char *out = NULL;
	size_t len = 0;
	struct xlpt_env env = { .out = open_memstream(&out, &len) };
	struct xlpt_table *table = NULL;

	for (size_t r = 0; r <= t->rows; r++) {
		for (size_t c = 0; c < t->columns; c++)
			cells[c] = t->cells[r][c];
		if (r == 0)
			table = xlpt_table_new(cells, t->columns);
		else
			xlpt_table_row(table, cells);
	}
	xlpt_table_print(&env, table);
	fclose(env.out);
	return out;
}

static char *by_library(const struct text *t)
{
	struct libscols_table *tb = scols_new_table();
	char *out = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&out, &len);

	for (size_t c = 0; c < t->columns; c++)
		scols_table_new_column(tb, t->cells[0][c], 0,
				       c == t->columns - 1 ? SCOLS_FL_TRUNC : 0);
	for (size_t r = 1; r <= t->rows; r++) {
		struct libscols_line *line = scols_table_new_line(tb, NULL);

		for (size_t c = 0; c < t->columns; c++)
			scols_line_set_data(line, c, t->cells[r][c]);
	}
	scols_table_set_stream(tb, f);
	if (t->rows)
		scols_print_table(tb);
	scols_unref_table(tb);
	fclose(f);
	return out;
}

/* Mostly letters and blanks, now and then any character, now and then nothing. */
static void fill(char *cell, size_t size)
{
	size_t len = (size_t)rand() % (rand() % 4 ? 8 : size - 1);

	for (size_t i = 0; i < len; i++)
		cell[i] = (char)(rand() % 200 == 0 ? rand() % 255 + 1
				 : rand() % 4	   ? 'a' + rand() % 26
						   : ' ' + rand() % 15);
	cell[len] = '\0';
}

static void test_like_the_library(void **state)
{
	int keep = dup(STDOUT_FILENO), null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)state;
	srand(1);
	/* A terminal has a width, which counts. */
	dup2(null, STDOUT_FILENO);
	for (unsigned i = 0; i < 2000; i++) {
		_cleanup_free_ char *own = NULL, *wanted = NULL;
		struct text t = { .columns = (size_t)rand() % COLUMNS_MAX + 1,
				  .rows = (size_t)rand() % (ROWS_MAX + 1) };
		bool same;

		for (size_t r = 0; r <= t.rows; r++)
			for (size_t c = 0; c < t.columns; c++)
				fill(t.cells[r][c], sizeof(t.cells[r][c]));
		own = print(&t);
		wanted = by_library(&t);
		same = !strcmp(own, wanted);
		if (!same)
			dup2(keep, STDOUT_FILENO);
		assert_string_equal(own, wanted);
	}
	dup2(keep, STDOUT_FILENO);
	close(keep);
	close(null);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_like_the_library) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
