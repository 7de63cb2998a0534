/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * docs/completion.bash in a real bash, as root has it: names that a shell would
 * run are offered in quotes, and nothing in them is run, whether bash's variables
 * are looked at or the TAB key is pressed on a terminal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pty.h>

#include "tests/unit/completing.h"

static char *completion; /* the path of docs/completion.bash */

/* Completes the words, the last of which is being typed; what is offered, one in a line. */
static char *offered(const char *words)
{
	_cleanup_free_ char *script =
		xlpt_xasprintf("cd %s; PATH=%s:$PATH; . '%s'; COMP_WORDS=(%s); "
			       "xlpt() { touch ran6; }; set -u; shopt -s failglob; IFS=:; "
			       "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); "
			       "COMPREPLY=(); _xlpt; [ ${#COMPREPLY[@]} = 0 ] || printf '%%s\\n' "
			       "\"${COMPREPLY[@]}\"",
			       dir, dir, completion, words);
	_cleanup_str_ struct xlpt_str out = { 0 };
	char buf[512];
	size_t n;
	FILE *f;

	assert_int_equal(setenv("XLPT_TEST_SCRIPT", script, 1), 0);
	f = popen("exec bash --norc -c \"$XLPT_TEST_SCRIPT\" 2>&1", "r");
	assert_non_null(f);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		xlpt_str_addn(&out, buf, n);
	assert_int_equal(pclose(f), 0);
	nothing_ran();
	return xlpt_str_take(&out);
}

static void test_words(void **state)
{
	static const struct {
		const char *words, *want;
	} cases[] = {
		{ "xlpt a", "attach\n" },
		{ "xlpt attach ''",
		  "a\\$\\(touch\\ ran1\\)b\nx\\`touch\\ ran2\\`\nmy\\ guest\nit\\'s\n"
		  "\\;touch\\ ran3\nweb1\n" },
		{ "xlpt attach 'a$'", "a\\$\\(touch\\ ran1\\)b\n" },
		{ "xlpt attach 'a\\$\\('", "a\\$\\(touch\\ ran1\\)b\n" },
		{ "xlpt attach 'my\\ '", "my\\ guest\n" },
		{ "xlpt attach nobody", "" },
		{ "xlpt detach --hide w", "web1\n" },
		/* bash breaks words at colons. */
		{ "xlpt attach web1 ''", "pool:lan\npool:\\$\\(touch\\ ran4\\)\n0000:02:00.0\n"
					 "0000:03:00.1\n" },
		{ "xlpt attach web1 0000 : 0", "02:00.0\n03:00.1\n" },
		{ "xlpt attach web1 0000 :", "02:00.0\n03:00.1\n" },
		{ "xlpt attach web1 0000 : 02 : 0", "00.0\n" },
		{ "xlpt attach web1 0000 : 02 : 00.0 pool : l", "lan\n" },
		{ "xlpt hide 0000 : 02 : 00.0 0000 : 03", "03:00.1\n" },
		{ "xlpt reset --method f", "flr\n" },
		{ "xlpt pool define lan policy", "policy=first\npolicy=spread\npolicy=numa\n" },
		{ "xlpt pool define lan policy = s", "spread\n" },
		{ "xlpt pool define lan policy =", "first\nspread\nnuma\n" },
		{ "xlpt guard check x", "xl\nxendomains\nx\\`touch\\ ran2\\`\n" },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *got = offered(cases[i].words);

		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: offered\n%s, not\n%s", cases[i].words, got, cases[i].want);
	}
}

/* ---- a terminal ---- */

/* Types the line up to its TAB, and then has bash print the words it was made into. */
static void press_tab(int fd, const char *typed, const char *shows, const char *word)
{
	_cleanup_str_ struct xlpt_str out = { 0 };
	_cleanup_free_ char *want = word ? xlpt_xasprintf("<%s>", word) : NULL;

	type(fd, typed);
	wait_for(fd, &out, shows);
	nothing_ran();
	if (want) {
		type(fd, "\n");
		wait_for(fd, &out, want);
	} else {
		type(fd, "\025\n"); /* the line is given up */
	}
	wait_for(fd, &out, "READY");
	nothing_ran();
}

static void test_terminal(void **state)
{
	_cleanup_free_ char *path = xlpt_xasprintf("PATH=%s:%s", dir, getenv("PATH"));
	_cleanup_free_ char *source = xlpt_xasprintf(". '%s'; cd %s\n", completion, dir);
	/* Where xlpt is completed and then run, the words are shown. */
	static const char show[] =
		"xlpt() { if [ \"$1\" = __complete ]; then command xlpt \"$@\"; else "
		"printf '<%s>' \"$@\"; fi; }; bind 'set bell-style none'; "
		"PS1='READ''Y '\n";
	_cleanup_str_ struct xlpt_str out = { 0 };
	int fd, status;
	pid_t pid;

	(void)state;
	pid = forkpty(&fd, NULL, NULL, NULL);
	assert_true(pid >= 0);
	if (pid == 0) {
		putenv(path);
		putenv((char[]){ "TERM=dumb" });
		putenv((char[]){ "INPUTRC=/dev/null" });
		execlp("bash", "bash", "--norc", "--noprofile", "-i", NULL);
		_exit(98);
	}
	type(fd, source);
	type(fd, show);
	wait_for(fd, &out, "READY");
	press_tab(fd, "xlpt attach a\t", "\\$\\(touch\\ ran1\\)b", "a$(touch ran1)b");
	press_tab(fd, "xlpt attach x\t", "\\`touch\\ ran2\\`", "x`touch ran2`");
	press_tab(fd, "xlpt attach my\t", "my\\ guest", "my guest");
	press_tab(fd, "xlpt attach web1 pool:\\$\t", "\\(touch\\ ran4\\)", "pool:$(touch ran4)");
	press_tab(fd, "xlpt attach \t\t", "touch\\ ran3", NULL);
	press_tab(fd, "xlpt convert f\\$\t", "ran5", "f$(touch ran5).cfg");
	press_tab(fd, "xlpt convert f\\`\t", "ran6", "f`touch ran6`.cfg");
	type(fd, "exit\n");
	listen(fd, &out, 2000);
	close(fd);
	kill(pid, SIGHUP);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

int main(int argc, char **argv)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_words, setup, teardown),
		cmocka_unit_test_setup_teardown(test_terminal, setup, teardown),
	};
	/* clang-format on */
	int failed;

	(void)argc;
	(void)argv;
	completion = realpath("docs/completion.bash", NULL);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(completion);
	return failed;
}
