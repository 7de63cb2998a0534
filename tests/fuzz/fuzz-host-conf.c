/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libFuzzer: host.conf, and the record of what apply made. The first byte says which, the rest is
 * its text. The sanitizers watch; and every error has its place, every entry what its kind needs,
 * and a record that was read is written and read again as the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xl-plugin/apply/host-conf.h"
#include "xl-plugin/apply/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void conf(const char *text, size_t size)
{
	_cleanup_host_conf_ struct xlpt_host_conf conf = { 0 };
	_cleanup_errors_ struct xlpt_errors errors = { 0 };

	xlpt_host_conf_parse(text, size, "host.conf", &conf, &errors);
	for (size_t i = 0; i < errors.n; i++)
		if (!errors.items[i].message || !errors.items[i].code ||
		    !xlpt_streq(errors.items[i].file, "host.conf") || !errors.items[i].line)
			abort();
	for (size_t i = 0; i < conf.n; i++) {
		struct xlpt_entry *e = &conf.items[i];
		_cleanup_free_ char *title = xlpt_entry_title(e), *words = xlpt_entry_words(e);

		if (e->kind >= XLPT_ENTRY_KINDS || !e->line || !title || !words ||
		    xlpt_entry_is_named(e->kind) != (e->name != NULL) ||
		    xlpt_entry_count(e) > 65535)
			abort();
		/* A file without an error says of each entry what it needs. */
		if (!errors.n && e->kind == XLPT_ENTRY_HIDE && !xlpt_entry_at(e, "boot") &&
		    !xlpt_entry_at(e, "now"))
			abort();
	}
}

static void record(const char *text)
{
	_cleanup_applied_ struct xlpt_applied a = { 0 }, b = { 0 };
	_cleanup_free_ char *copy = xlpt_xstrdup(text), *first = NULL, *second = NULL;

	if (!xlpt_applied_parse(&a, copy))
		return;
	first = xlpt_applied_format(&a);
	free(copy);
	copy = xlpt_xstrdup(first);
	if (*first && !xlpt_applied_parse(&b, copy))
		abort();
	second = xlpt_applied_format(&b);
	if (strcmp(first, second) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = NULL;

	if (!size || size > 1 << 15)
		return 0;
	text = xlpt_xstrndup((const char *)data + 1, size - 1);
	if (data[0] & 1)
		record(text);
	else
		conf((const char *)data + 1, size - 1);
	return 0;
}
