/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The commands that the documents show, run on the fake host, block by block; and the output that they
 * show below a command, compared with what it prints. A line "..." there stands for any lines.
 *
 * tests/data/docs-steps has what a document leaves out: what was done before a command, and which exit
 * status it has if not 0:
 *
 *	docs/man/xlpt-detach.8.scd
 *		xlpt detach web1 0000:09:00.0		the command, as it is shown
 *			xlpt attach --hide web1 09:00.0	a command before it
 *			% put PATH TEXT			happening.h; also:
 *			% file NAME TEXT		a file of the one who types
 *			% stdin TEXT			standard input of the command
 *			exit 4
 *			% move card			docs-host.h
 *			needs PROGRAM			without this program here the command is not run
 *			endless REASON			it does not end by itself: it is not run
 *			numbers REASON			the output is compared but for its numbers
 *			elsewhere REASON		the output is another host's: it is not compared
 *
 * "test-docs --list" prints all commands, those of other programs too: tests/check-docs looks at these.
 */
#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/run.h"
#include "tests/cli/docs-blocks.h"
#include "tests/cli/docs-host.h"
#include "tests/cli/happening.h"
#include "tests/cli/shell-line.h"

#define STEPS "tests/data/docs-steps"

static const char *dir; /* the root of the fake host: files of the one who types are below it */
static char *steps;	/* the text of STEPS */
static bool *used;	/* by its line: this step was needed */
static bool bad;	/* the document of now is not as it has to be */

/* All that is wrong with a document is told, not only what comes first. */
#define complain(...) (print_error(__VA_ARGS__), bad = true)

/* ---- files ---- */

static bool is_file(const char *word)
{
	static const char *const below[] = { "/etc/xen/",     "/srv/", "/root/",
					     "/var/lib/xen/", "/run/", "./" };
	static const char *const ends[] = { ".cfg", ".xml", ".img", ".tar.gz", ".svg" };
	size_t len = strlen(word);

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(below); i++)
		if (xlpt_starts(word, below[i]))
			return true;
	for (size_t i = 0; *word != '/' && i < XLPT_ARRAY_SIZE(ends); i++)
		if (len > strlen(ends[i]) && xlpt_streq(word + len - strlen(ends[i]), ends[i]))
			return true;
	return xlpt_streq(word, "/etc/xen") || xlpt_starts(word, "xlpt-host-");
}

/* The word, or the file below dir for which it stands. Caller frees. */
static char *placed(const char *word)
{
	if (!is_file(word))
		return xlpt_xstrdup(word);
	return xlpt_xasprintf("%s%s%s", dir, *word == '/' ? "" : "/here/", word);
}

static void put_file(struct world *w, const char *name, const char *text)
{
	_cleanup_free_ char *path = placed(name);

	if (!is_file(name))
		fail_msg("%s: %s is no file of the one who types", STEPS, name);
	fake_bus_put(w->bus, path + strlen(dir), text);
}

/* Where the text has a file below dir, it gets the name that was typed. Caller frees. */
static char *as_typed(const char *text)
{
	struct xlpt_str s = { 0 };
	const char *at;

	xlpt_str_add(&s, "");
	while ((at = strstr(text, dir))) {
		xlpt_str_addn(&s, text, (size_t)(at - text));
		text = at + strlen(dir);
		if (xlpt_starts(text, "/here/"))
			text += strlen("/here/");
	}
	xlpt_str_add(&s, text);
	return xlpt_str_take(&s);
}

/* ---- steps ---- */

struct before {
	int want;
	char *in; /* standard input */
	bool elsewhere, numbers, missing;
};

static int run_words(struct world *w, struct shell_command *c, int first)
{
	char *argv[SHELL_WORDS];
	int status, argc = 0;

	/*
	 * The file of --config is looked for below the root already. What stands behind "--" is a
	 * program: this host is not to go to sleep for a test.
	 */
	for (int i = first; i < c->argc; i++) {
		const char *before = i ? c->argv[i - 1] : "";

		argv[argc++] = xlpt_streq(before, "--config") ? xlpt_xstrdup(c->argv[i])
			       : xlpt_streq(before, "--")     ? xlpt_xstrdup("/bin/true")
							      : placed(c->argv[i]);
	}
	argv[argc] = NULL;
	status = world_run_words(w, argc, argv);
	while (argc)
		free(argv[--argc]);
	return status;
}

/* What has to be done before the command can be run as the document shows it. */
static void do_step(struct world *w, char *step, struct before *b)
{
	struct shell_command c;
	const char *at = step;

	if (xlpt_starts(step, "exit ")) {
		b->want = atoi(step + 5);
	} else if (xlpt_starts(step, "elsewhere ")) {
		b->elsewhere = true;
	} else if (xlpt_starts(step, "numbers ")) {
		b->numbers = true;
	} else if (xlpt_starts(step, "needs ")) {
		_cleanup_free_ char *path = xlpt_run_path(), *found = xlpt_run_find(step + 6, path);

		b->missing = !found;
	} else if (xlpt_starts(step, "endless ")) {
		b->missing = true;
	} else if (xlpt_streq(step, "% move card")) {
		docs_move_card(w);
	} else if (xlpt_starts(step, "% stdin ")) {
		b->in = xlpt_xstrdup(step + 8);
		with_newlines(b->in);
	} else if (xlpt_starts(step, "% file ")) {
		char *text = NULL, *name = strtok_r(step + 7, " ", &text);

		with_newlines(text);
		put_file(w, name, text);
	} else if (xlpt_starts(step, "% ")) {
		happen(w, step + 2);
	} else {
		assert_true(shell_next(&at, &c) && xlpt_streq(c.argv[0], "xlpt"));
		if (run_words(w, &c, 0))
			fail_msg("%s: %s: %s", STEPS, step, w->err);
		shell_command_dispose(&c);
	}
}

static void do_steps(struct world *w, const char *doc, const char *command, struct before *b)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(steps);
	char *save = copy, *line;
	bool in_doc = false, in_command = false;

	for (size_t n = 0; (line = strsep(&save, "\n")); n++) {
		if (!*line || *line == '#')
			continue;
		if (*line != '\t')
			in_doc = xlpt_streq(line, doc);
		else if (line[1] != '\t')
			in_command = in_doc && xlpt_streq(line + 1, command);
		else if (in_command)
			do_step(w, line + 2, b);
		else
			continue;
		used[n] = used[n] || in_command || (in_doc && *line != '\t');
	}
}

/* ---- commands ---- */

/* Output as shown, where "..." stands for any lines. */
static bool fits(const char *shown, const char *got)
{
	size_t n;

	if (xlpt_starts(shown, "...\n")) {
		shown += 4;
		if (!*shown)
			return true;
		for (; *got; got += strcspn(got, "\n") + (strchr(got, '\n') != NULL))
			if (fits(shown, got))
				return true;
		return false;
	}
	n = strcspn(shown, "\n");
	if (strncmp(shown, got, n) != 0 || got[n] != shown[n])
		return false;
	return !shown[n] || fits(shown + n + 1, got + n + 1);
}

/* Each number becomes a single 0. */
static void without_numbers(char *s)
{
	bool number = false;
	char *to = s;

	for (; *s; s++) {
		if (!isdigit((unsigned char)*s))
			*to++ = *s;
		else if (!number)
			*to++ = '0';
		number = isdigit((unsigned char)*s);
	}
	*to = '\0';
}

/* Standard output, with or without what went to standard error. */
static void compare(struct world *w, const char *doc, unsigned line, const char *shown,
		    bool numbers)
{
	_cleanup_free_ char *text = xlpt_xstrdup(shown), *out = as_typed(w->out),
			    *err = as_typed(w->err), *both = xlpt_xasprintf("%s%s", out, err),
			    *err_first = xlpt_xasprintf("%s%s", err, out);
	size_t len = strlen(text);

	while (len > 1 && text[len - 2] == '\n')
		text[--len] = '\0';
	for (size_t i = 0; numbers && i < 4; i++)
		without_numbers(((char *[]){ text, out, both, err_first })[i]);
	if (!fits(text, both) && !fits(text, err_first) && !fits(text, out))
		complain("%s:%u: shown:\n%sprinted:\n%s", doc, line, text, both);
}

/* Runs it with that standard input and returns its exit status. */
static int run_with(struct world *w, struct shell_command *c, int first, const char *in)
{
	int kept = fcntl(0, F_DUPFD_CLOEXEC, 3), status;
	FILE *f = tmpfile();

	assert_true(kept >= 0);
	assert_non_null(f);
	if (in)
		fputs(in, f);
	rewind(f);
	assert_int_equal(dup2(fileno(f), 0), 0);
	w->in = f;
	status = run_words(w, c, first);
	w->in = NULL;
	assert_int_equal(dup2(kept, 0), 0);
	close(kept);
	fclose(f);
	return status;
}

static void run_line(struct world *w, const struct docs_block *b, size_t n)
{
	const char *at = b->shown[n].text, *last = at + strlen(at);
	unsigned line = b->shown[n].line;
	struct before before = { 0 };
	struct shell_command c;
	bool ran = false;

	do_steps(w, b->doc, at, &before);
	while (shell_next(&at, &c)) {
		int first = 0, status;

		while (first < c.argc && !xlpt_streq(c.argv[first], "xlpt"))
			first++;
		if (xlpt_streq(c.argv[0], "echo") && xlpt_streq(c.joint, "|") && c.argc == 2) {
			free(before.in);
			before.in = xlpt_xasprintf("%s\n", c.argv[1]);
		}
		if (first < c.argc && !before.missing) {
			status = run_with(w, &c, first, before.in);
			ran = true;
			if (status != before.want)
				complain("%s:%u: %s: exit %d, want %d\n%s%s", b->doc, line,
					 b->shown[n].text, status, before.want, w->out, w->err);
			if (c.out && is_file(c.out))
				put_file(w, c.out, w->out);
			else if (c.out)
				fake_bus_put(w->bus, c.out, w->out);
		}
		shell_command_dispose(&c);
	}
	free(before.in);
	if (at != last)
		complain("%s:%u: this test cannot read: %s\n", b->doc, line, at);
	if (ran && b->shown[n].output && !before.elsewhere)
		compare(w, b->doc, line, b->shown[n].output, before.numbers);
}

static void test_doc(void **state)
{
	struct docs_reader r;
	struct docs_block b;

	bad = false;
	assert_true(docs_open(&r, *state));
	while (docs_next(&r, &b)) {
		struct world *w = docs_world();

		dir = fake_bus_host(w->bus)->root;
		fake_bus_put(w->bus, "/here/.keep", "");
		for (size_t i = 0; i < b.n; i++)
			run_line(w, &b, i);
		world_free(w);
		docs_block_dispose(&b);
	}
	if (r.wrong)
		complain("%s:%u: %s\n", r.doc, r.line, r.wrong);
	docs_close(&r);
	assert_false(bad);
}

/* Each step belongs to a command that a document shows. */
static void test_steps(void **state)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(steps);
	char *save = copy, *line;

	(void)state;
	for (size_t n = 0; (line = strsep(&save, "\n")); n++)
		if (*line && *line != '#' && !used[n])
			fail_msg("%s:%zu: no document shows that: %s", STEPS, n + 1, line);
}

static int list(const glob_t *docs)
{
	for (size_t i = 0; i < docs->gl_pathc; i++) {
		struct docs_reader r;
		struct docs_block b;

		if (!docs_open(&r, docs->gl_pathv[i]))
			return 1;
		while (docs_next(&r, &b)) {
			for (size_t n = 0; n < b.n; n++)
				printf("%s:%u\t%s\n", b.doc, b.shown[n].line, b.shown[n].text);
			docs_block_dispose(&b);
		}
		docs_close(&r);
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const char *const where[] = { "README.md", "CONTRIBUTING.md", "docs/*.md",
					     "docs/man/*.scd", "tests/lab/README.md" };
	struct CMUnitTest tests[128] = { 0 };
	size_t n = 0, lines = 2;
	glob_t docs;
	int failed;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(where); i++)
		if (glob(where[i], i ? GLOB_APPEND : 0, NULL, &docs)) {
			fprintf(stderr, "there is no %s: run this in the top folder\n", where[i]);
			return 1;
		}
	if (argc > 1 && xlpt_streq(argv[1], "--list"))
		return list(&docs);
	steps = read_file(STEPS);
	for (const char *p = steps; (p = strchr(p, '\n')); p++)
		lines++;
	used = xlpt_xcalloc(lines, sizeof(*used));
	for (; n < docs.gl_pathc && n < XLPT_ARRAY_SIZE(tests) - 1; n++)
		tests[n] = (struct CMUnitTest){ .name = docs.gl_pathv[n],
						.test_func = test_doc,
						.initial_state = docs.gl_pathv[n] };
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_steps);
	failed = _cmocka_run_group_tests("documents", tests, n, NULL, NULL);
	globfree(&docs);
	free(steps);
	free(used);
	return failed;
}
