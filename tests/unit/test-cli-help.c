/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the program says of itself: help, the records of the commands; and where it says what it has to say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <json-c/json.h>
#include <poll.h>
#include <pty.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fake/clock.h"
#include "tests/unit/lines.h"

/* ---- help ---- */

static void test_help(void **state)
{
	static const char *const forms[] = { "%s --help",
					     "%s -h",
					     "--help %s",
					     "-h %s",
					     "help %s",
					     "%s x y --help z",
					     "--sysroot TREE %s --help",
					     "--json %s --help" };

	(void)state;
	for (size_t i = 0; xlpt_program.commands[i]; i++) {
		const struct xlpt_command *cmd = xlpt_program.commands[i];
		_cleanup_free_ char *head = xlpt_xasprintf("Usage: xlpt %s ", cmd->name);

		for (size_t k = 0; k < XLPT_ARRAY_SIZE(forms); k++) {
			char line[80];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			snprintf(line, sizeof(line), forms[k], cmd->name);
#pragma GCC diagnostic pop
			expect(line, 0, cmd->help, NULL);
			if (*cmd->synopsis || cmd->opts)
				assert_true(xlpt_starts(last.out, head));
			assert_non_null(strstr(last.out, cmd->synopsis));
			for (const struct xlpt_opt *o = cmd->opts; o && o->name; o++)
				assert_non_null(strstr(last.out, o->help));
			assert_non_null(strstr(last.out, "--sysroot DIR"));
			/* only where it is understood */
			assert_int_equal(!!strstr(last.out, "--dry-run"),
					 !!(cmd->flags & XLPT_CMD_DRY_RUN));
		}
	}
}

static void test_program_help(void **state)
{
	static const char *const lines[] = { "--help", "-h", "help", "--json --help", "--help -v" };

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(lines); i++) {
		expect(lines[i], 0, "Usage: xlpt COMMAND", NULL);
		for (size_t k = 0; xlpt_program.commands[k]; k++)
			assert_int_equal(!!strstr(last.out, xlpt_program.commands[k]->help),
					 !(xlpt_program.commands[k]->flags & XLPT_CMD_HIDDEN));
		for (const struct xlpt_opt *o = xlpt_common_opts; o->name; o++)
			assert_non_null(strstr(last.out, o->help));
	}
	expect("-V", 0, "xlpt " XLPT_VERSION "\n", NULL);
	expect("version", 0, "xlpt " XLPT_VERSION "\n", NULL);
	expect("version --json", 0, "\"version\": \"" XLPT_VERSION "\"", NULL);
	expect("--version", 0, "xlpt " XLPT_VERSION "\n", NULL);
	assert_string_equal(last.out, "xlpt " XLPT_VERSION "\n");
}

/* ---- the records themselves ---- */

/* Each command is in one group of the help text. */
static void test_groups(void **state)
{
	(void)state;
	for (size_t i = 0; xlpt_program.commands[i]; i++) {
		const struct xlpt_command *cmd = xlpt_program.commands[i];
		_cleanup_free_ char *word = xlpt_xasprintf(" %s ", cmd->name);
		unsigned n = 0;

		for (const struct xlpt_group *g = xlpt_program.groups; g->title; g++) {
			_cleanup_free_ char *names = xlpt_xasprintf(" %s ", g->commands);

			n += strstr(names, word) != NULL;
		}
		if (n != !(cmd->flags & XLPT_CMD_HIDDEN))
			fail_msg("%s is in %u groups of xl-plugin/commands.c", cmd->name, n);
	}
	expect("--help", 0, "\nVirtual functions:\n  vf ", NULL);
}

/* That it is not root comes before that there is no Xen. */
static void test_not_root(void **state)
{
	static const char *const lines[] = { "hide 09:00.0", "attach web1 09:00.0", "repair",
					     "start x.cfg", "save web1 /tmp/x" };

	(void)state;
	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(lines); i++) {
		_cleanup_free_ char *copy = xlpt_xasprintf("xlpt %s", lines[i]);
		char *argv[8] = { 0 }, *save = NULL, *err = NULL;
		struct xlpt_env env = { .clock = &xlpt_clock_real };
		size_t len;
		int argc = 0, status;

		for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
			argv[argc++] = w;
		env.out = env.err = open_memstream(&err, &len);
		assert_int_equal(seteuid(65534), 0);
		status = xlpt_run(argc, argv, &env);
		assert_int_equal(seteuid(0), 0);
		fclose(env.out);
		if (status != 1 || !strstr(err, "xlpt: this must be run as root\n"))
			fail_msg("xlpt %s: exit %d\n%s", lines[i], status, err);
		free(err);
	}
}

/* What only root can read: that is said, and what to do. */
static void test_unreadable(void **state)
{
	static const char *const made[] = { "var", "var/lib", "var/lib/xlpt", "var/lib/xlpt/pins" };
	_cleanup_free_ char *pins = xlpt_xasprintf("%s/%s", tree, made[3]);

	(void)state;
	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(made); i++) {
		_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", tree, made[i]);

		mkdir(path, 0755);
	}
	assert_int_equal(chmod(tree, 0755), 0);
	assert_int_equal(chmod(pins, 0700), 0);
	assert_int_equal(seteuid(65534), 0);
	run("pin list --sysroot TREE");
	assert_int_equal(seteuid(0), 0);
	if (last.status != 1 || !strstr(last.err, "/var/lib/xlpt/pins") ||
	    !strstr(last.err, "to mend: run xlpt as root"))
		fail_msg("exit %d\n%s%s", last.status, last.out, last.err);
	for (size_t i = XLPT_ARRAY_SIZE(made); i-- > 0;) {
		_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", tree, made[i]);

		rmdir(path);
	}
}

/* On a terminal, after two seconds, and gone when anything else is said. */
static void test_waiting(void **state)
{
	struct fake_clock clock;
	static const char *const want =
		"\rxlpt: waiting for a\\x1bb, 3 s\033[K\r\033[Kxlpt: ready\r\n"
		"\rxlpt: waiting for a\\x1bb, 3 s\033[K\r\033[K";
	struct xlpt_env env = { .out = stdout };
	char *text = NULL, buf[512] = "";
	struct xlpt_waiting w;
	int master, slave;
	size_t len;

	(void)state;
	fake_clock_init(&clock);
	env.clock = &clock.clock;
	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	env.err = fdopen(slave, "w");
	w = xlpt_waiting_for(&env, "a\033b");
	xlpt_waiting_look(&w);
	clock.clock.sleep_ms(&clock.clock, 3000);
	xlpt_waiting_look(&w);
	xlpt_warn(&env, "ready");
	xlpt_waiting_look(&w);
	xlpt_waiting_end(&w);
	xlpt_waiting_end(&w);
	/* What is written to a terminal may come in pieces. */
	for (size_t n = 0; n < strlen(want);) {
		struct pollfd p = { .fd = master, .events = POLLIN };
		ssize_t r;

		assert_int_equal(poll(&p, 1, 20000), 1);
		r = read(master, buf + n, sizeof(buf) - 1 - n);
		assert_true(r > 0);
		n += (size_t)r;
	}
	assert_string_equal(buf, want);
	fclose(env.err);
	close(master);
	/* Never elsewhere. */
	env.err = open_memstream(&text, &len);
	xlpt_waiting_look(&w);
	xlpt_waiting_end(&w);
	fclose(env.err);
	assert_string_equal(text, "");
	free(text);
	fake_clock_dispose(&clock);
}

/* A letter or name used twice would silently take the first; every text is one clean line. */
static void test_records(void **state)
{
	(void)state;
	for (size_t i = 0; xlpt_program.commands[i]; i++) {
		const struct xlpt_command *cmd = xlpt_program.commands[i];
		const struct xlpt_opt *all[32];
		size_t n = 0;

		for (const struct xlpt_opt *o = xlpt_common_opts; o->name; o++)
			all[n++] = o;
		for (const struct xlpt_opt *o = cmd->opts; o && o->name; o++)
			all[n++] = o;
		assert_in_range(n, 1, 31); /* cli.c's table for getopt */
		for (size_t a = 0; a < n; a++)
			for (size_t b = 0; b < a; b++)
				if (!strcmp(all[a]->name, all[b]->name) ||
				    (all[a]->letter && all[a]->letter == all[b]->letter))
					fail_msg("%s: --%s and --%s", cmd->name, all[a]->name,
						 all[b]->name);
		assert_non_null(cmd->run);
		assert_true(cmd->min_args <= cmd->max_args);
		assert_true(*cmd->help && !strchr(cmd->help, '\n'));
		assert_int_not_equal(cmd->help[strlen(cmd->help) - 1], '.');
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(cmd->name, xlpt_program.commands[k]->name);
	}
}

/* What a command sees of its options. */
static void test_values(void **state)
{
	/* clang-format off */
	static const struct xlpt_opt opts[] = { { "all", 'a', NULL, "" }, { "to", 't', "X", "" },
						{ 0 } };
	/* clang-format on */
	static const struct xlpt_command cmd = { .name = "test", .opts = opts };
	char *to[] = { (char[]){ "7" }, (char[]){ "12" }, NULL };
	char **values[] = { NULL, to, NULL };
	struct xlpt_args args = { .cmd = &cmd, .values = values };
	int64_t ms;

	(void)state;
	assert_false(xlpt_args_has(&args, "all"));
	assert_null(xlpt_args_get(&args, "all"));
	assert_true(xlpt_args_has(&args, "to"));
	assert_string_equal(xlpt_args_get(&args, "to"), "12");
	assert_ptr_equal(xlpt_args_all(&args, "to"), to);
	assert_false(xlpt_args_has(&args, "none"));
	assert_int_equal(xlpt_args_seconds(&args, "to", 5, &ms, NULL), 0);
	assert_int_equal(ms, 12000);
	assert_int_equal(xlpt_args_seconds(&args, "all", 5, &ms, NULL), 0);
	assert_int_equal(ms, 5);
}

/* An output that cannot be written is not a success. */
static void test_output_lost(void **state)
{
	char *argv[] = { (char[]){ "xlpt" }, (char[]){ "--version" }, NULL }, *err = NULL;
	size_t len;
	struct xlpt_env env = { .clock = &xlpt_clock_real,
				.out = fopen("/dev/full", "w"),
				.err = open_memstream(&err, &len) };

	(void)state;
	assert_true(env.out && env.err);
	assert_int_equal(xlpt_run(2, argv, &env), 1);
	fclose(env.out);
	fclose(env.err);
	assert_string_equal(
		err, "xlpt: cannot write the output: No space left on device\n"
		     "  to mend: see where standard output goes: a full disk, a closed pipe\n");
	free(err);
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_program_help),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_not_root),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_output_lost),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, setup, teardown);
}
