/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "converters/model/loss.h"

#include <string.h>

void xlpt_losses_dispose(struct xlpt_losses *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->items[i].file);
		free(l->items[i].what);
		free(l->items[i].reason);
	}
	free(l->items);
	for (size_t i = 0; i < l->n_todo; i++)
		free(l->todo[i]);
	free(l->todo);
	*l = (struct xlpt_losses){ 0 };
}

void xlpt_loss_add(struct xlpt_losses *l, enum xlpt_severity severity, const char *file,
		   unsigned line, unsigned column, const char *what, const char *fmt, ...)
{
	va_list ap;

	if (!l)
		return;
	XLPT_GROW(l->items, l->n, l->alloc);
	va_start(ap, fmt);
	l->items[l->n++] = (struct xlpt_loss){
		.severity = severity,
		.file = xlpt_xstrdup(file),
		.line = line,
		.column = column,
		.what = xlpt_xstrdup(what),
		.reason = xlpt_xvasprintf(fmt, ap),
	};
	va_end(ap);
}

void xlpt_todo_add(struct xlpt_losses *l, const char *fmt, ...)
{
	va_list ap;

	if (!l)
		return;
	XLPT_GROW(l->todo, l->n_todo, l->alloc_todo);
	va_start(ap, fmt);
	l->todo[l->n_todo++] = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
}

const char *xlpt_severity_word(enum xlpt_severity s)
{
	static const char *const words[] = { "note", "kept", "changed", "dropped" };

	return words[s];
}

const struct xlpt_loss *xlpt_losses_strict(const struct xlpt_losses *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->items[i].severity > XLPT_LOSS_KEPT)
			return &l->items[i];
	return NULL;
}

/* Up to the first dot behind the element's name, which is in brackets and may have dots itself. */
static size_t element_len(const char *what)
{
	size_t n = strcspn(what, "[.@");

	if (what[n] == '[') {
		n += strcspn(what + n, "]");
		return n + (what[n] == ']');
	}
	return n && what[n - 1] == '/' ? n - 1 : n; /* "os/type/@machine" */
}

char *xlpt_loss_element(const struct xlpt_loss *loss)
{
	return xlpt_xstrndup(loss->what, element_len(loss->what));
}

static int by_element(const struct xlpt_loss *x, const struct xlpt_loss *y)
{
	size_t n = element_len(x->what), m = element_len(y->what);
	int c = strncmp(x->what, y->what, n < m ? n : m);

	return c ? c : (n > m) - (n < m);
}

static int by_name(const void *a, const void *b)
{
	const struct xlpt_loss *x = a, *y = b;
	int c = by_element(x, y);

	return c ? c : (x->line > y->line) - (x->line < y->line);
}

static int by_harm(const void *a, const void *b)
{
	const struct xlpt_loss *x = a, *y = b;
	int c;

	if (x->severity != y->severity)
		return x->severity > y->severity ? -1 : 1;
	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	c = by_element(x, y);
	if (c)
		return c;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->column != y->column)
		return x->column < y->column ? -1 : 1;
	c = strcmp(x->what, y->what);
	return c ? c : strcmp(x->reason, y->reason);
}

void xlpt_losses_sort(struct xlpt_losses *l)
{
	if (!l->n)
		return;
	qsort(l->items, l->n, sizeof(*l->items), by_name);
	for (size_t i = 0; i < l->n; i++)
		l->items[i].group = i && !by_element(&l->items[i - 1], &l->items[i])
					    ? l->items[i - 1].group
					    : l->items[i].line;
	qsort(l->items, l->n, sizeof(*l->items), by_harm);
}

void xlpt_losses_count(const struct xlpt_losses *l, struct xlpt_loss_counts *add)
{
	for (size_t i = 0; i < l->n; i++)
		add->n[l->items[i].severity]++;
}

char *xlpt_loss_counts_text(const struct xlpt_loss_counts *counts)
{
	struct xlpt_str s = { 0 };

	for (int i = XLPT_LOSS_DROPPED; i >= XLPT_LOSS_NOTE; i--)
		if (counts->n[i])
			xlpt_str_addf(&s, "%s%zu %s%s", s.len ? ", " : "", counts->n[i],
				      xlpt_severity_word((enum xlpt_severity)i),
				      i == XLPT_LOSS_NOTE && counts->n[i] != 1 ? "s" : "");
	return s.len ? xlpt_str_take(&s) : xlpt_xstrdup("nothing lost");
}
