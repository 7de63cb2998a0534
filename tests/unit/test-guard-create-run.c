/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xl create under the guard as it is run: what xl, xlpt and the caller see of it. xl and xlpt are
 * scripts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <sys/resource.h>

#include "tests/unit/guard-tree.h"

/* What it got, its configuration, and its descriptors; and what it ends with. */
static const char xl_script[] =
	"#!/bin/bash\n"
	"root=${0%/real/xl}; printf 'xl' >$root/ran; f=\n"
	"for w; do [ \"$f\" != next ] || f=$w; [ \"$w\" != -f ] || f=next\n"
	"case $w in /proc/*) printf ' <CONFIG>';; *) printf ' <%s>' \"$w\";; esac; done >>$root/ran\n"
	"[ -z \"$f\" ] || cat \"$f\" >$root/config\n"
	"echo /proc/self/fd/* >$root/fds\n"
	"cat; echo to err >&2\n"
	"case $(cat $root/config) in *signal=*) kill -TERM $$;; *wait=*) trap 'exit 9' TERM; touch $root/waits\n"
	"while :; do sleep 0.05; done;; esac\n"
	"exit 7\n";
/* What the guard asks it, and what it knows afterwards. */
static const char xlpt_script[] =
	"#!/bin/bash\n"
	"root=${0%/sbin/xlpt}; echo \"$*\" >>$root/asked; cat >>$root/asked\n"
	"[ ! -e $root/refuses ] || { echo 'xlpt: the pool is empty' >&2; exit 3; }\n"
	"[ ! -e $root/dies ] || kill -KILL $$\n"
	"IFS= read -r -d '' text <&3; printf '%s' \"$text\" >$root/text\n"
	"[ ! -e $root/tears ] || { printf half >&3; exit 0; }\n"
	"[ ! -e $root/slow ] || { trap 'echo stopped >&2; exit 1' TERM; touch $root/asks\n"
	"while :; do sleep 0.05; done; }\n"
	"printf '%s\\0' \"${text/\\'pool:lan\\'/\\'0000:01:10.0\\'}\" >&3\n"
	"cat <&3 >$root/watcher; sleep 0.1; echo ended >>$root/asked; touch $root/ended; exit 1\n";

static struct rlimit file_limit = { RLIM_INFINITY, RLIM_INFINITY };

static void is(const char *name, const char *text)
{
	_cleanup_free_ char *got = get(name);

	if (strcmp(got, text) != 0)
		fail_msg("%s: \"%s\", not \"%s\"; %s", name, got, text, err);
}

static void gone(const char *name)
{
	_cleanup_free_ char *path = path_of(name);

	unlink(path);
}

static bool there(const char *name)
{
	_cleanup_free_ char *path = path_of(name);

	return access(path, F_OK) == 0;
}

static int setup(void **state)
{
	static const char *const dirs[] = { "lib", "lib/xlpt", "lib/xlpt/guard", "sbin", "real" };

	(void)state;
	make_tree(dirs, XLPT_ARRAY_SIZE(dirs), xl_script, xlpt_script);
	put("web1.cfg", "name='web1'\npci=[ 'pool:lan' ]\n", 0644);
	put("plain.cfg", "name='db1' # pool:lan\npci=[ '01:00.0' ]\n", 0644);
	put("stdin", "input\n", 0644);
	return 0;
}

static size_t split(char *line, char **argv)
{
	char *save = NULL;
	size_t n = 0;

	for (char *w = strtok_r(line, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[n++] = w;
	argv[n] = NULL;
	return n;
}

static pid_t begin(const char *line)
{
	_cleanup_free_ char *words = xlpt_xstrdup(line), *exe = path_of("lib/xlpt/guard/xl");
	_cleanup_free_ char *path = xlpt_xasprintf("%s/real:/usr/bin:/bin", root);
	char *argv[16];
	pid_t pid;

	gone("ran");
	gone("asked");
	gone("config");
	split(words, argv);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		setenv("PATH", path, 1);
		if (chdir(root) || !freopen("stdin", "r", stdin) ||
		    !freopen("stdout", "w", stdout) || !freopen("stderr", "w", stderr))
			_exit(99);
		if (setrlimit(RLIMIT_FSIZE, &file_limit))
			_exit(99);
		/* One more that is xl's. */
		if (dup2(0, 5) != 5)
			_exit(99);
		alarm(30);
		execv(exe, argv);
		_exit(98);
	}
	return pid;
}

#define RUN(line) end(begin(line))

/* The configuration with its devices is larger than a file may become: said, and nobody is killed. */
static void test_file_limit(void **state)
{
	char text[1024];
	int n = snprintf(text, sizeof(text), "name='web1' # %0900d\npci=[ 'pool:lan' ]\n", 0);

	(void)state;
	put("long.cfg", text, 0644);
	file_limit.rlim_cur = (rlim_t)n + 1;
	assert_int_equal(RUN("xl create long.cfg"), 1);
	file_limit.rlim_cur = RLIM_INFINITY;
	assert_non_null(strstr(err, "cannot hand the configuration to xl: File too large"));
	assert_non_null(strstr(err, "ulimit -f"));
	assert_false(there("ran"));
	assert_true(there("ended"));
	assert_int_equal(RUN("xl create long.cfg"), 7);
	gone("ended");
}

static void test_resolved(void **state)
{
	_cleanup_free_ char *fds = NULL;

	(void)state;
	assert_int_equal(RUN("xl -v create web1.cfg -q"), 7);
	is("ran", "xl <-v> <create> <web1.cfg> <-q> <-f> <CONFIG>");
	is("text", "name='web1'\npci=[ 'pool:lan' ]\n");
	is("config", "name='web1'\npci=[ '0000:01:10.0' ]\n");
	/* The input and the outputs are xl's; and xlpt has seen its end before the caller does. */
	assert_string_equal(out, "input\n");
	assert_string_equal(err, "to err\n");
	is("asked", "start --for-xl 3 -- web1.cfg\nended\n");
	fds = get("fds");
	assert_int_equal(RUN("xl create plain.cfg"), 7);
	is("fds", fds);
}

static void test_every_option(void **state)
{
	static const struct {
		const char *line, *ran;
	} cases[] = {
		{ "xl create -c web1.cfg", "<create> <-c> <-f> <CONFIG>" },
		{ "xl create -p web1.cfg", "<create> <-p> <-f> <CONFIG>" },
		{ "xl create -F web1.cfg", "<create> <-F> <-f> <CONFIG>" },
		{ "xl create -e web1.cfg", "<create> <-e> <-f> <CONFIG>" },
		{ "xl create -VA -d -i web1.cfg", "<create> <-VA> <-d> <-i> <-f> <CONFIG>" },
		{ "xl create -qf web1.cfg", "<create> <-qf> <web1.cfg> <-f> <CONFIG>" },
		{ "xl create --defconfig=web1.cfg",
		  "<create> <--defconfig=web1.cfg> <-f> <CONFIG>" },
		{ "xl create --quiet -- web1.cfg", "<create> <--quiet> <-f> <CONFIG>" },
		{ "xl create -n web1.cfg", "<create> <-n> <-f> <CONFIG>" },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *ran = xlpt_xasprintf("xl %s", cases[i].ran);

		assert_int_equal(RUN(cases[i].line), 7);
		is("ran", ran);
	}
	is("asked", "start --for-xl 3 --dry-run -- web1.cfg\nended\n");
}

/* xlpt is told who watches the guest where xl leaves no process of its own. */
static void test_watcher(void **state)
{
	static const char *const lines[] = { "xl create -F web1.cfg", "xl create -e web1.cfg",
					     "xl create -c web1.cfg" };

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(lines); i++) {
		_cleanup_free_ char *said = NULL;

		assert_int_equal(RUN(lines[i]), 7);
		said = get("watcher");
		assert_true(i == 0 ? atoi(said) > 1 && said[strlen(said) - 1] == '\n'
				   : !strcmp(said, i == 1 ? "0\n" : ""));
	}
}

static void test_words(void **state)
{
	(void)state;
	assert_int_equal(RUN("xl create -q plain.cfg vcpus=2 pci=['pool:lan']"), 7);
	is("ran", "xl <create> <-q> <-f> <CONFIG>");
	/* As xl joins them (xl_vmcontrol.c). */
	is("config", "name='db1' # pool:lan\npci=[ '01:00.0' ]\n\nvcpus=2\n"
		     "pci=['0000:01:10.0']\n\n");
	assert_int_equal(RUN("xl create /dev/null name='web1' pci=['pool:lan']"), 7);
	is("config", "\nname='web1'\npci=['0000:01:10.0']\n\n");
	is("asked", "start --for-xl 3 -- /dev/null\nended\n");
	assert_int_equal(RUN("xl create web1.cfg pci=['pool:lan']"), 7);
	is("ran", "xl <create> <web1.cfg> <-f> <CONFIG>");
}

/* xl is called as the guard was, and nobody is asked. */
static void test_untouched(void **state)
{
	static const char *const same[] = {
		"xl create plain.cfg",
		"xl create -c plain.cfg vcpus=2",
		"xl create nosuch.cfg",
		"xl create /dev/null name='x'",
		"xl create fifo",
		"xl create .",
		"xl create huge",
		"xl create nul",
		"xl create unreadable/web1.cfg",
		"xl create --help web1.cfg",
		"xl create -Z web1.cfg",
		"xl create web1.cfg web1.cfg",
		"xl create -q web1.cfg -c",
		"xl config-update web1 web1.cfg",
		"xl restore web1.cfg",
		"xl reboot web1",
		"xl shutdown web1",
		"xl list",
		"xl",
	};
	_cleanup_free_ char *fifo = path_of("fifo"), *huge = path_of("huge"), *nul = path_of("nul");

	(void)state;
	assert_int_equal(mkfifo(fifo, 0600), 0);
	put("huge", "pci=['pool:lan']\n", 0644);
	assert_int_equal(truncate(huge, (off_t)1 << 40), 0);
	put("nul", "pci=['pool:lan']\n", 0644);
	assert_int_equal(truncate(nul, 100), 0);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(same); i++) {
		_cleanup_str_ struct xlpt_str ran = { 0 };
		_cleanup_free_ char *words = xlpt_xstrdup(same[i]);
		char *argv[16];

		split(words, argv);
		xlpt_str_add(&ran, "xl");
		for (char **w = argv + 1; *w; w++)
			xlpt_str_addf(&ran, " <%s>", *w);
		assert_int_equal(RUN(same[i]), 7);
		is("ran", ran.s);
		assert_string_equal(out, "input\n");
		assert_false(there("asked"));
	}
}

/* A link is followed, and what is read from the input is the caller's file. */
static void test_links(void **state)
{
	_cleanup_free_ char *link = path_of("link.cfg");

	(void)state;
	assert_int_equal(symlink("web1.cfg", link), 0);
	assert_int_equal(RUN("xl create link.cfg"), 7);
	is("config", "name='web1'\npci=[ '0000:01:10.0' ]\n");
	put("stdin", "name='in'\npci=[ 'pool:lan' ]\n", 0644);
	assert_int_equal(RUN("xl create /dev/stdin"), 7);
	is("config", "name='in'\npci=[ '0000:01:10.0' ]\n");
	assert_string_equal(out, "name='in'\npci=[ 'pool:lan' ]\n");
}

static void test_refused(void **state)
{
	_cleanup_free_ char *xlpt = path_of("sbin/xlpt");

	(void)state;
	put("refuses", "", 0644);
	assert_int_equal(RUN("xl create web1.cfg"), 3);
	assert_string_equal(out, "");
	assert_string_equal(err, "xlpt: the pool is empty\n");
	assert_false(there("ran"));
	gone("refuses");
	put("tears", "", 0644);
	assert_int_equal(RUN("xl create web1.cfg"), 1);
	assert_non_null(strstr(err, "  to mend: "));
	gone("tears");
	put("dies", "", 0644);
	assert_int_equal(RUN("xl create web1.cfg"), 1);
	assert_non_null(strstr(err, "xl cannot read its devices"));
	put("sbin/xlpt", "#!/no/such/shell\n", 0755);
	assert_int_equal(RUN("xl create web1.cfg"), 1);
	assert_non_null(strstr(err, "No such file"));
	assert_false(there("ran"));
	/* Without pools nobody misses it. */
	assert_int_equal(unlink(xlpt), 0);
	assert_int_equal(RUN("xl create plain.cfg"), 7);
}

static void wait_for(const char *name)
{
	for (int i = 0; i < 500 && !there(name); i++)
		usleep(20000);
	assert_true(there(name));
}

/* As xl would have ended; and whoever ends the guard ends xl. */
static void test_signals(void **state)
{
	pid_t pid;

	(void)state;
	assert_int_equal(RUN("xl create web1.cfg signal=1"), 128 + SIGTERM);
	is("asked", "start --for-xl 3 -- web1.cfg\nended\n");
	pid = begin("xl create -F web1.cfg wait=1");
	wait_for("waits");
	kill(pid, SIGTERM);
	assert_int_equal(end(pid), 9);
	is("asked", "start --for-xl 3 -- web1.cfg\nended\n");
	/* While it is asked, xlpt is told, and gives back. */
	put("slow", "", 0644);
	pid = begin("xl create web1.cfg");
	wait_for("asks");
	kill(pid, SIGTERM);
	assert_int_equal(end(pid), 128 + SIGTERM);
	assert_string_equal(err, "stopped\n");
	assert_false(there("ran"));
	gone("slow");
	/* Killed without a word: xl goes, and xlpt learns of it. */
	gone("waits");
	gone("ended");
	pid = begin("xl create -F web1.cfg wait=1");
	wait_for("waits");
	kill(pid, SIGKILL);
	assert_int_equal(end(pid), 128 + SIGKILL);
	wait_for("ended");
}

int main(int argc, char **argv)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_resolved, setup, teardown),
		cmocka_unit_test_setup_teardown(test_file_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_option, setup, teardown),
		cmocka_unit_test_setup_teardown(test_words, setup, teardown),
		cmocka_unit_test_setup_teardown(test_watcher, setup, teardown),
		cmocka_unit_test_setup_teardown(test_untouched, setup, teardown),
		cmocka_unit_test_setup_teardown(test_links, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_signals, setup, teardown),
	};
	/* clang-format on */

	(void)argc;
	return RUN_GUARD_TESTS(argv[0], tests);
}
