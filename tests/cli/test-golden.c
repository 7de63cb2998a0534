/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the commands print, word for word, on the fake host. Each transcript in
 * tests/data/cli is a list of command lines ("$ xlpt ...") with their output,
 * "! " before what went to stderr, and the exit status if it is not 0. Between
 * them lines "% ..." say what happens on the host (happening.h).
 * XLPT_UPDATE=1 writes the transcripts anew: read the difference before
 * committing it.
 */
#include <ctype.h>
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/cli/happening.h"

#define DIR_NAME "tests/data/cli"

static void add_lines(struct xlpt_str *s, const char *prefix, const char *text, const char *root)
{
	_cleanup_free_ char *pid = xlpt_xasprintf("%d", (int)getpid());

	size_t root_len = strlen(root);

	while (*text) {
		size_t n = strcspn(text, "\n");
		_cleanup_free_ char *line = xlpt_xstrndup(text, n);
		char *at = strstr(line, root);

		char *us = strstr(line, pid);

		/* What the transcript's own lines begin with is set off. */
		if (!*prefix && strchr("#%$", *line) && *line)
			xlpt_str_add(s, "| ");

		/* Process and temporary root are others each time. */
		if (us && (us == line || us[-1] == ' ') && !isdigit(us[strlen(pid)]))
			xlpt_str_addf(s, "%s%.*sPID%s\n", prefix, (int)(us - line), line,
				      us + strlen(pid));
		else if (at)
			xlpt_str_addf(s, "%s%.*sROOT%s\n", prefix, (int)(at - line), line,
				      at + root_len);
		else
			xlpt_str_addf(s, "%s%s\n", prefix, line);
		text += n + (text[n] == '\n');
	}
}

/* Plays the command lines of a transcript and writes down what happens. */
static char *play(const char *script)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(script);
	struct world *w = world_new();
	struct xlpt_str s = { 0 };
	const char *root = fake_bus_host(w->bus)->root;
	char *save = NULL;

	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		_cleanup_str_ struct xlpt_str args = { 0 };
		char *at;
		int status;

		if (*line == '#' || *line == '%')
			xlpt_str_addf(&s, "%s\n", line);
		if (xlpt_starts(line, "% "))
			happen(w, line + 2);
		if (!xlpt_starts(line, "$ xlpt "))
			continue;
		xlpt_str_addf(&s, "%s\n", line);
		at = strstr(line + 7, "ROOT");
		if (at)
			xlpt_str_addf(&args, "%.*s%s%s", (int)(at - line - 7), line + 7, root,
				      at + 4);
		else
			xlpt_str_add(&args, line + 7);
		status = world_run(w, "%s", args.s);
		add_lines(&s, "", w->out, root);
		add_lines(&s, "! ", w->err, root);
		if (status)
			xlpt_str_addf(&s, "exit %d\n", status);
	}
	world_free(w);
	return xlpt_str_take(&s);
}

static void test_transcript(void **state)
{
	const char *path = *state;
	_cleanup_free_ char *want = read_file(path), *got = play(want);
	FILE *f;

	if (!strcmp(want, got))
		return;
	if (!getenv("XLPT_UPDATE")) {
		size_t at = 0, line = 1, from = 0;

		for (; want[at] && want[at] == got[at]; at++)
			if (want[at] == '\n') {
				line++;
				from = at + 1;
			}
		fail_msg("%s:%zu: \"%.*s\" is now \"%.*s\"", path, line,
			 (int)strcspn(want + from, "\n"), want + from,
			 (int)strcspn(got + from, "\n"), got + from);
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(got, f);
	assert_int_equal(fclose(f), 0);
}

int main(void)
{
	struct dirent **entries;
	struct CMUnitTest tests[64];
	size_t n = 0;
	int count = scandir(DIR_NAME, &entries, NULL, alphasort);
	int failed;

	if (count < 0) {
		perror(DIR_NAME);
		return 1;
	}
	for (int i = 0; i < count && n < XLPT_ARRAY_SIZE(tests); i++) {
		if (*entries[i]->d_name != '.') {
			tests[n].name = xlpt_xstrdup(entries[i]->d_name);
			tests[n].test_func = test_transcript;
			tests[n].setup_func = NULL;
			tests[n].teardown_func = NULL;
			tests[n].initial_state = xlpt_xasprintf(DIR_NAME "/%s", entries[i]->d_name);
			n++;
		}
		free(entries[i]);
	}
	free(entries);
	failed = _cmocka_run_group_tests("transcripts", tests, n, NULL, NULL);
	for (size_t i = 0; i < n; i++) {
		free((char *)tests[i].name);
		free(tests[i].initial_state);
	}
	return failed;
}
