/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests that run commands on the fake host of tests/fake/world.h; include cmocka.h before. */
#ifndef XLPT_TESTS_UNIT_COMMANDS_H
#define XLPT_TESTS_UNIT_COMMANDS_H

#include <string.h>

#include "tests/fake/world.h"

static inline struct xlpt_bdf B(const char *text) {
	struct xlpt_bdf bdf;

	assert_int_equal(xlpt_bdf_parse(text, strlen(text), &bdf, NULL), 0);
	return bdf;
}

static inline int
world_setup(void **state)
{
	*state = world_new();
	return 0;
}

static inline int world_teardown(void **state)
{
	world_free(*state);
	return 0;
}

#define world_test(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

/* "xlpt LINE" exits 0. */
static inline void ok(struct world *w, const char *line)
{
	int status = world_run(w, "%s", line);

	if (status)
		fail_msg("xlpt %s: exit %d\n%s%s", line, status, w->out, w->err);
}

/* Each of "LINE;LINE" exits 0. */
static inline void ok_lines(struct world *w, const char *lines)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(lines);
	char *save = NULL;

	for (char *line = strtok_r(copy, ";", &save); line; line = strtok_r(NULL, ";", &save))
		ok(w, line);
}

/* Of a wrong command line it says what to try. */
static inline bool says_what_mends(const struct world *w)
{
	return strstr(w->err, "  to mend: ") || strstr(w->err, "  try: ");
}

/* It exits so and says so somewhere; when it fails, it also says what mends it. */
static inline void answers(struct world *w, int want, const char *line, const char *says)
{
	int status = world_run(w, "%s", line);

	if (status != want || (!strstr(w->out, says) && !strstr(w->err, says)))
		fail_msg("xlpt %s: exit %d, want %d and \"%s\"\n%s%s", line, status, want, says,
			 w->out, w->err);
	if (want && !says_what_mends(w))
		fail_msg("xlpt %s: nothing mends\n%s", line, w->err);
}

/* It exits so, says so on stderr, and nothing has changed. */
static inline void changes_nothing(struct world *w, int want, const char *line, const char *says)
{
	_cleanup_free_ char *before = w->snapshot(w), *after = NULL;
	int status = world_run(w, "%s", line);

	after = w->snapshot(w);
	if (status != want || !strstr(w->err, says))
		fail_msg("xlpt %s: exit %d, want %d and \"%s\"\n%s", line, status, want, says,
			 w->err);
	assert_string_equal(before, after);
}

/* And says what mends it. */
static inline void refused(struct world *w, int want, const char *line, const char *says)
{
	changes_nothing(w, want, line, says);
	if (!says_what_mends(w))
		fail_msg("xlpt %s: nothing mends\n%s", line, w->err);
}

#endif
