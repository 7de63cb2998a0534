/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * docs/completion.zsh and docs/completion.fish in the real shells, where they are installed: the
 * words are passed on as they are typed, names that a shell would run are offered, and nothing in
 * them is run, also when the TAB key is pressed on a terminal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pty.h>

#include "tests/unit/completing.h"

static char *zsh, *fish; /* paths of the files */

static bool has(const char *shell)
{
	_cleanup_free_ char *command = xlpt_xasprintf("command -v %s >/dev/null 2>&1", shell);

	return system(command) == 0;
}

/* What the shell prints for this script; its last argument are the words, as they are typed. */
static char *answer(const char *shell, const char *script)
{
	_cleanup_free_ char *command = NULL;
	_cleanup_str_ struct xlpt_str out = { 0 };
	char buf[512];
	size_t n;
	FILE *f;

	assert_int_equal(setenv("XLPT_TEST_SCRIPT", script, 1), 0);
	command = xlpt_xasprintf("cd %s && PATH=%s:$PATH HOME=%s XDG_CONFIG_HOME=%s TERM=dumb "
				 "exec %s -c \"$XLPT_TEST_SCRIPT\" 2>&1 </dev/null",
				 dir, dir, dir, dir, shell);
	f = popen(command, "r");
	assert_non_null(f);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		xlpt_str_addn(&out, buf, n);
	assert_int_equal(pclose(f), 0);
	nothing_ran();
	return xlpt_str_take(&out);
}

struct row {
	const char *line, *want;
};

/* What xlpt was asked last. */
static void asked(const char *want)
{
	_cleanup_free_ char *path = xlpt_xasprintf("%s/asked", dir);
	char buf[4096];
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(buf, 1, sizeof(buf) - 1, f);
	buf[n] = '\0';
	fclose(f);
	unlink(path);
	if (!strstr(buf, want))
		fail_msg("asked\n%s and not\n%s", buf, want);
}

#define NAMES "a$(touch ran1)b\nx`touch ran2`\nmy guest\nit's\n;touch ran3\nweb1\n"

/* ---- zsh ---- */

/* compadd stands for the real one, which works while a line is edited: it prints what it gets. */
static char *in_zsh(const char *line)
{
	_cleanup_free_ char *script =
		xlpt_xasprintf("compadd() { local a=${@[-1]}; print -rl -- \"${(@P)a}\"; }\n"
			       "_files() { print -r -- \"files $*\"; }\n"
			       "words=(%s); CURRENT=${#words}; PREFIX=$words[-1]; . '%s'",
			       line, zsh);

	return answer("zsh -f", script);
}

static void test_zsh(void **state)
{
	static const struct row rows[] = {
		{ "xlpt a", "attach\ndetach\n" },
		{ "xlpt attach ''", NAMES },
		{ "xlpt convert ''", "files \n" },
		{ "xlpt attach web1 pool:",
		  "pool:lan\npool:$(touch ran4)\n0000:02:00.0\n0000:03:00.1\n" },
		{ "xlpt pool define lan pol", "policy=first\npolicy=spread\npolicy=numa\nvlan=\n" },
	};

	(void)state;
	if (!has("zsh"))
		skip();
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *got = in_zsh(rows[i].line);

		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%s: offered\n%s, not\n%s", rows[i].line, got, rows[i].want);
	}
	free(in_zsh("xlpt detach 'my\\ guest' '\\$\\(touch\\ ran1\\)'"));
	asked("3: detach my guest $(touch ran1)\n");
}

/* The shell on a terminal, with its own editor. */
static pid_t on_terminal(const char *shell, const char *const *argv, int *fd)
{
	pid_t pid = forkpty(fd, NULL, NULL, &(struct winsize){ .ws_row = 40, .ws_col = 200 });

	assert_true(pid >= 0);
	if (pid == 0) {
		_cleanup_free_ char *path = xlpt_xasprintf("%s:%s", dir, getenv("PATH"));

		setenv("PATH", path, 1);
		setenv("HOME", dir, 1);
		setenv("TERM", "dumb", 1);
		if (chdir(dir) == 0)
			execvp(shell, (char *const *)argv);
		_exit(98);
	}
	return pid;
}

static void press_tab(int fd, const char *typed, const char *want)
{
	_cleanup_str_ struct xlpt_str out = { 0 };

	type(fd, typed);
	listen(fd, &out, 500);
	nothing_ran();
	type(fd, "\n");
	wait_for(fd, &out, want);
	wait_for(fd, &out, "READY");
	nothing_ran();
}

static void test_zsh_terminal(void **state)
{
	static const char *const argv[] = { "zsh", "-f", "-i", NULL };
	_cleanup_free_ char *begin = xlpt_xasprintf(
		"mkdir f && ln -s '%s' f/_xlpt && fpath=(%s/f $fpath) && autoload -U compinit && "
		"compinit -D -u; xlpt() { printf '<%%s>' \"$@\"; print; }; unsetopt zle_bracketed_paste; "
		"PS1='READ''Y '\n",
		zsh, dir);
	_cleanup_str_ struct xlpt_str out = { 0 };
	int fd, status;
	pid_t pid;

	(void)state;
	if (!has("zsh"))
		skip();
	pid = on_terminal("zsh", argv, &fd);
	type(fd, begin);
	wait_for(fd, &out, "READY");
	press_tab(fd, "xlpt attach a\t", "<a$(touch ran1)b>");
	press_tab(fd, "xlpt attach x\t", "<x`touch ran2`>");
	press_tab(fd, "xlpt attach my\t", "<my guest>");
	press_tab(fd, "xlpt attach web1 pool:\\$\t", "<pool:$(touch ran4)>");
	press_tab(fd, "xlpt convert f\\$\t", "<f$(touch ran5).cfg>");
	type(fd, "exit\n");
	listen(fd, &out, 500);
	close(fd);
	kill(pid, SIGHUP);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

/* ---- fish ---- */

static void test_fish(void **state)
{
	static const struct row rows[] = {
		{ "xlpt a", "attach\tto a guest\n" },
		{ "xlpt attach a", "a$(touch ran1)b\n" },
		{ "xlpt attach x", "x`touch ran2`\n" },
		{ "xlpt attach my", "my guest\n" },
		{ "xlpt attach ;", "" },
		{ "xlpt attach web1 pool:", "pool:$(touch ran4)\n" },
		{ "xlpt attach web1 0000:02", "0000:02:00.0\n" },
		{ "xlpt pool define lan vl", "vlan=\n" },
		{ "xlpt convert f", "f`touch ran6`.cfg\n" },
	};

	(void)state;
	if (!has("fish"))
		skip();
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *script =
			xlpt_xasprintf("source '%s'; complete -C '%s'", fish, rows[i].line);
		_cleanup_free_ char *got = answer("fish --no-config", script);

		if (!strstr(got, rows[i].want))
			fail_msg("%s: offered\n%s, not\n%s", rows[i].line, got, rows[i].want);
	}
	asked(": attach my\n");
}

static int shells_setup(void **state)
{
	zsh = realpath("docs/completion.zsh", NULL);
	fish = realpath("docs/completion.fish", NULL);
	return setup(state);
}

static int shells_teardown(void **state)
{
	free(zsh);
	free(fish);
	return teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_zsh, shells_setup, shells_teardown),
		cmocka_unit_test_setup_teardown(test_zsh_terminal, shells_setup, shells_teardown),
		cmocka_unit_test_setup_teardown(test_fish, shells_setup, shells_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
