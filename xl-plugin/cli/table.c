/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables for people, and whether their terminal shows colours. */
#include <libsmartcols.h>
#include <string.h>
#include <unistd.h>

#include "xl-plugin/cli/output.h"

struct cell {
	char *text;
	const char *color; /* NULL: none */
};

struct xlpt_table {
	struct cell *cells; /* row by row, the headings first */
	size_t columns, n, alloc;
	bool plain; /* only what libsmartcols, too, would print as it is */
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

/* Whether libsmartcols prints the text as it is: printable ASCII without what it would escape. */
static bool is_plain(const char *text)
{
	if (!*text)
		return false;
	for (const char *p = text; *p; p++)
		if (*p < ' ' || *p > '~' || *p == '\\')
			return false;
	return true;
}

static void add(struct xlpt_table *t, const char *text)
{
	XLPT_GROW(t->cells, t->n, t->alloc);
	t->cells[t->n++] = (struct cell){ .text = xlpt_xstrdup(text) };
	t->plain = t->plain && is_plain(text);
}

struct xlpt_table *xlpt_table_new(const char *const *columns, size_t n)
{
	struct xlpt_table *t = xlpt_xcalloc(1, sizeof(*t));

	t->columns = n;
	t->plain = true;
	for (size_t i = 0; i < n; i++)
		add(t, columns[i]);
	return t;
}

void xlpt_table_row(struct xlpt_table *t, const char *const *cells)
{
	for (size_t i = 0; i < t->columns; i++)
		add(t, cells[i] ? cells[i] : "-");
}

void xlpt_table_paint(struct xlpt_table *t, size_t column, const char *color)
{
	if (color && t->n > t->columns && column < t->columns)
		t->cells[t->n - t->columns + column].color = color;
}

void xlpt_table_free(struct xlpt_table *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->cells[i].text);
	free(t->cells);
	free(t);
}

/*
 * What needs neither a terminal's width nor a way to show odd characters: the same text as
 * libsmartcols', which looks at each character of a long table several times.
 */
static void print_plain(FILE *out, const struct xlpt_table *t)
{
	_cleanup_free_ size_t *width = xlpt_xcalloc(t->columns, sizeof(*width));

	for (size_t i = 0; i < t->n; i++) {
		size_t len = strlen(t->cells[i].text), c = i % t->columns;

		width[c] = len > width[c] ? len : width[c];
	}
	for (size_t i = 0; i < t->n; i++) {
		size_t c = i % t->columns;

		fputs(t->cells[i].text, out);
		if (c + 1 == t->columns) {
			fputc('\n', out);
			continue;
		}
		for (size_t len = strlen(t->cells[i].text); len <= width[c]; len++)
			fputc(' ', out);
	}
}

/*
 * libsmartcols shows cells itself: in the C locale, which xlpt never leaves, all but
 * printable ASCII becomes \xNN. Told not to, it never ends at a byte beyond ASCII.
 */
static void print_fitted(FILE *out, const struct xlpt_table *t, bool colors)
{
	struct libscols_table *tb;

	scols_init_debug(0);
	tb = need(scols_new_table());
	for (size_t i = 0; i < t->columns; i++)
		need(scols_table_new_column(tb, t->cells[i].text, 0,
					    i == t->columns - 1 ? SCOLS_FL_TRUNC : 0));
	for (size_t i = t->columns; i < t->n; i += t->columns) {
		struct libscols_line *line = need(scols_table_new_line(tb, NULL));

		for (size_t c = 0; c < t->columns; c++) {
			const struct cell *cell = &t->cells[i + c];

			if (scols_line_set_data(line, c, cell->text))
				need(NULL);
			if (cell->color)
				scols_cell_set_color(scols_line_get_cell(line, c), cell->color);
		}
	}
	scols_table_enable_colors(tb, colors);
	scols_table_set_stream(tb, out);
	scols_print_table(tb);
	scols_unref_table(tb);
}

void xlpt_table_print(struct xlpt_env *env, struct xlpt_table *t)
{
	bool colors = xlpt_out_colors(env);

	/* libsmartcols fits a table into the terminal of standard output, wherever it is printed. */
	if (t->n > t->columns && t->plain && !colors && !isatty(STDOUT_FILENO))
		print_plain(env->out, t);
	else if (t->n > t->columns)
		print_fitted(env->out, t, colors);
	xlpt_table_free(t);
}
