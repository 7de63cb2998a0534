/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "converters/loss.h"

void xlpt_losses_dispose(struct xlpt_losses *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->items[i].file);
		free(l->items[i].what);
		free(l->items[i].reason);
	}
	free(l->items);
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

const char *xlpt_severity_word(enum xlpt_severity s)
{
	static const char *const words[] = { "note", "kept", "changed", "dropped" };

	return words[s];
}

bool xlpt_losses_strict(const struct xlpt_losses *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->items[i].severity > XLPT_LOSS_NOTE)
			return true;
	return false;
}

static int by_place(const void *a, const void *b)
{
	const struct xlpt_loss *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->column < y->column ? -1 : x->column > y->column;
}

void xlpt_losses_sort(struct xlpt_losses *l)
{
	if (l->n)
		qsort(l->items, l->n, sizeof(*l->items), by_place);
}
