/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What happens on the fake host between two commands of a transcript: "put PATH TEXT" writes a file
 * (\n is a newline), "store PATH TEXT" a node of xenstore, "pass SECONDS" lets time go by, "xl attach BDF" and "xl detach BDF" do what xl
 * would with domain 3. After cmocka.h.
 */
#ifndef XLPT_TESTS_CLI_HAPPENING_H
#define XLPT_TESTS_CLI_HAPPENING_H

#include <stdio.h>
#include <string.h>

#include "tests/fake/world.h"

static inline char *read_file(const char *path)
{
	_cleanup_str_ struct xlpt_str s = { 0 };
	char buf[4096];
	FILE *f = fopen(path, "re");
	size_t n;

	if (!f)
		fail_msg("cannot open %s: run the tests in the top folder", path);
	while ((n = fread(buf, 1, sizeof(buf), f)))
		xlpt_str_addn(&s, buf, n);
	fclose(f);
	return xlpt_str_take(&s);
}

/* Each \n of it becomes a newline. */
static inline void with_newlines(char *text)
{
	for (char *p = text; (p = strstr(p, "\\n")); p++) {
		*p = '\n';
		memmove(p + 1, p + 2, strlen(p + 2) + 1);
	}
}

static inline void happen(struct world *w, const char *line)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(line);
	char *path, *save = NULL;
	struct xlpt_toolstack *ts = fake_ts_get(w->ts);
	struct xlpt_spec spec;

	if (xlpt_starts(line, "put ") || xlpt_starts(line, "store ")) {
		strtok_r(copy, " ", &save);
		path = strtok_r(NULL, " ", &save);
		with_newlines(save);
		if (*line == 'p')
			fake_bus_put(w->bus, path, save);
		else
			fake_store_set(w->store, save, "%s", path);
	} else if (xlpt_starts(line, "pass ")) {
		w->clock.clock.sleep_ms(&w->clock.clock, atoi(line + 5) * 1000);
	} else if (xlpt_starts(line, "xl attach ") || xlpt_starts(line, "xl detach ")) {
		assert_int_equal(xlpt_spec_parse(line + 10, &spec, NULL), 0);
		if (line[3] == 'a')
			assert_int_equal(ts->ops->device_add(ts, 3, &spec, NULL), 0);
		else
			assert_int_equal(ts->ops->device_remove(ts, 3, spec.bdf, false, NULL), 0);
		xlpt_spec_dispose(&spec);
		w->clock.clock.sleep_ms(&w->clock.clock, 1000);
	} else {
		fail_msg("what is \"%% %s\"?", line);
	}
}

#endif
