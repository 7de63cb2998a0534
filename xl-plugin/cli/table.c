/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables for people, and whether their terminal shows colours. */
#include <libsmartcols.h>
#include <string.h>
#include <unistd.h>

#include "xl-plugin/cli/output.h"

struct xlpt_table {
	struct libscols_table *tb;
	struct libscols_line *last;
	size_t columns;
};

bool xlpt_out_colors(const struct xlpt_env *env)
{
	const char *term = getenv("TERM"), *no = getenv("NO_COLOR");
	int fd = fileno(env->out);

	return fd >= 0 && isatty(fd) && term && strcmp(term, "dumb") != 0 && (!no || !*no);
}

static void *need(void *p)
{
	if (!p) {
		fputs("xlpt: out of memory\n", stderr);
		abort();
	}
	return p;
}

struct xlpt_table *xlpt_table_new(const char *const *columns, size_t n)
{
	struct xlpt_table *t = xlpt_xcalloc(1, sizeof(*t));

	scols_init_debug(0);
	t->tb = need(scols_new_table());
	t->columns = n;
	for (size_t i = 0; i < n; i++)
		need(scols_table_new_column(t->tb, columns[i], 0, i == n - 1 ? SCOLS_FL_TRUNC : 0));
	return t;
}

void xlpt_table_row(struct xlpt_table *t, const char *const *cells)
{
	struct libscols_line *line = need(scols_table_new_line(t->tb, NULL));

	/*
	 * libsmartcols shows cells itself: in the C locale, which xlpt never leaves, all but
	 * printable ASCII becomes \xNN. Told not to, it never ends at a byte beyond ASCII.
	 */
	for (size_t i = 0; i < t->columns; i++)
		if (scols_line_set_data(line, i, cells[i] ? cells[i] : "-"))
			need(NULL);
	t->last = line;
}

void xlpt_table_paint(struct xlpt_table *t, size_t column, const char *color)
{
	if (color && t->last && column < t->columns)
		scols_cell_set_color(scols_line_get_cell(t->last, column), color);
}

void xlpt_table_free(struct xlpt_table *t)
{
	scols_unref_table(t->tb);
	free(t);
}

void xlpt_table_print(struct xlpt_env *env, struct xlpt_table *t)
{
	scols_table_enable_colors(t->tb, xlpt_out_colors(env));
	scols_table_set_stream(t->tb, env->out);
	if (scols_table_get_nlines(t->tb))
		scols_print_table(t->tb);
	xlpt_table_free(t);
}
