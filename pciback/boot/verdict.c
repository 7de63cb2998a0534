/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What verify's verdicts own, and the words for them. */
#include "pciback/boot/boot.h"

void xlpt_verdicts_dispose(struct xlpt_verdicts *v)
{
	for (size_t i = 0; i < v->n; i++) {
		free(v->items[i].driver);
		free(v->items[i].fact);
		free(v->items[i].hint);
	}
	free(v->items);
	*v = (struct xlpt_verdicts){ 0 };
}

const char *xlpt_hidden_word(enum xlpt_hidden state)
{
	static const char *const words[] = { "hidden",	 "waiting", "lost", "absent",
					     "rejected", "moved",   "other" };

	return words[state];
}
