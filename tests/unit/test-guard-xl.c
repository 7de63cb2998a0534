/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guard's program as it is run: what reaches the xl behind it, and what
 * happens when xlpt says no, is not there, or dies. xl and xlpt are scripts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>

#include "tests/unit/guard-tree.h"

/* Says how it was called and what it got on its input. */
static const char xl_script[] =
	"#!/bin/sh\n"
	"printf 'xl'; for w; do printf ' <%s>' \"$w\"; done; printf '\\n'; cat\n"
	"echo to err >&2; exit 7\n";
/* Refuses whoever is called held; writes down what it was asked. */
static const char xlpt_script[] =
	"#!/bin/sh\n"
	"echo \"$*\" >>\"${0%/sbin/xlpt}/asked\"; echo out; cat\n"
	"for last; do :; done\n"
	"case $last in held) echo 'xlpt: held holds things' >&2; exit 3;; odd) exit 1;;\n"
	"dead) kill -KILL $$;; esac\necho noise >&2\n";

static int setup(void **state)
{
	static const char *const dirs[] = {
		"lib",	"lib/xlpt", "lib/xlpt/guard", "sbin",		"first",
		"real", "other",    "other/lib",      "other/lib/xlpt", "other/lib/xlpt/guard"
	};
	_cleanup_free_ char *link = NULL, *helper = NULL;

	(void)state;
	make_tree(dirs, XLPT_ARRAY_SIZE(dirs), xl_script, xlpt_script);
	link = path_of("first/xl");
	assert_int_equal(symlink("../lib/xlpt/guard/xl", link), 0);
	helper = path_of("lib/xlpt/guard/libxl-save-helper");
	assert_int_equal(symlink("xl", helper), 0);
	return 0;
}

/* Runs argv[0] below root with PATH (ROOT/ before each of its words) and input. */
static int run_path(const char *path_dirs, const char *input, const char *file, char *const *argv)
{
	_cleanup_str_ struct xlpt_str path = { 0 };
	_cleanup_free_ char *copy = xlpt_xstrdup(path_dirs), *exe = path_of(file);
	char *save = NULL;
	pid_t pid;

	for (char *d = strtok_r(copy, ":", &save); d; d = strtok_r(NULL, ":", &save))
		xlpt_str_addf(&path, "%s%s/%s", path.len ? ":" : "", root, d);
	xlpt_str_add(&path, ":/usr/bin:/bin");
	put("stdin", input, 0644);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		_cleanup_free_ char *in = path_of("stdin"), *o = path_of("stdout"),
				    *e = path_of("stderr");

		setenv("PATH", path.s, 1);
		if (!freopen(in, "r", stdin) || !freopen(o, "w", stdout) ||
		    !freopen(e, "w", stderr))
			_exit(99);
		execv(exe, argv);
		_exit(98);
	}
	return end(pid);
}

#define RUN(...) \
	run_path("first:real", "input\n", "first/xl", (char *[]){ "xl", __VA_ARGS__, NULL })

static void test_passes(void **state)
{
	_cleanup_free_ char *asked = NULL;

	(void)state;
	assert_int_equal(RUN("list", "a b", "", "*", "-l"), 7);
	assert_string_equal(out, "xl <list> <a b> <> <*> <-l>\ninput\n");
	assert_string_equal(err, "to err\n");
	asked = get("asked");
	assert_string_equal(asked, "");
	assert_int_equal(run_path("first:real", "", "first/xl", (char *[]){ "xl", NULL }), 7);
	assert_string_equal(out, "xl\n");
}

/* Not only the words: argv[0] as well, which a program that is no script prints. */
static void test_keeps_its_name(void **state)
{
	_cleanup_free_ char *real = path_of("real/xl");

	(void)state;
	assert_int_equal(unlink(real), 0);
	assert_int_equal(symlink("/bin/sh", real), 0);
	assert_int_equal(
		run_path("first:real", "", "first/xl",
			 (char *[]){ "my-xl", "-c", "echo $0; echo $1", "odd $0", "'x'", NULL }),
		0);
	assert_string_equal(out, "odd $0\n'x'\n");
	assert_int_equal(
		run_path("first:real", "", "first/xl",
			 (char *[]){ "my-xl", "-c", "tr '\\0' ' ' </proc/$$/cmdline", NULL }),
		0);
	assert_memory_equal(out, "my-xl -c ", 9);
}

static void test_asks(void **state)
{
	_cleanup_free_ char *asked = NULL;

	(void)state;
	assert_int_equal(RUN("save", "free", "f"), 7);
	/* Neither xlpt's words nor its appetite for input are seen. */
	assert_string_equal(out, "xl <save> <free> <f>\ninput\n");
	assert_string_equal(err, "to err\n");
	assert_int_equal(RUN("-v", "migrate", "-s", "odd", "free", "h"), 7);
	assert_int_equal(RUN("save", "--", "--help", "f"), 7);
	asked = get("asked");
	assert_string_equal(asked, "guard check --absent-ok --for save -- free\n"
				   "guard check --absent-ok --for migrate -- free\n"
				   "guard check --absent-ok --for save -- --help\n");
}

static void test_refuses(void **state)
{
	(void)state;
	assert_int_equal(RUN("save", "held", "f"), 3);
	assert_string_equal(out, "");
	assert_string_equal(err, "xlpt: held holds things\n");
	assert_int_equal(RUN("remus", "-i", "200", "held", "h"), 3);
	/* An option of a later xl: any of the words may be the guest. */
	assert_int_equal(RUN("save", "-Z", "free", "held", "f"), 3);
	assert_int_equal(RUN("list", "held"), 7);
}

static void no_answer(const char *because)
{
	assert_string_equal(out, "");
	assert_non_null(strstr(err, "cannot be told"));
	assert_non_null(strstr(err, "  to mend: "));
	assert_non_null(strstr(err, because));
}

static void test_without_xlpt(void **state)
{
	_cleanup_free_ char *xlpt = path_of("sbin/xlpt");

	(void)state;
	assert_int_equal(RUN("save", "odd", "f"), 3);
	no_answer("guard check failed");
	assert_int_equal(RUN("save", "dead", "f"), 3);
	no_answer("guard check failed");
	put("sbin/xlpt", "#!/no/such/shell\n", 0755);
	assert_int_equal(RUN("migrate", "free", "h"), 3);
	no_answer("No such file");
	assert_int_equal(RUN("list"), 7);
	/* A name is a name, in a message too. */
	assert_int_equal(RUN("migrate", "a$(id)\033[31m`id`", "h"), 3);
	no_answer("whether a??id???31m?id? holds");
	assert_int_equal(unlink(xlpt), 0);
	/* What is installed on the machine that runs this may answer in its place. */
	if (access("/usr/local/sbin/xlpt", X_OK) && access("/usr/sbin/xlpt", X_OK)) {
		assert_int_equal(RUN("save", "free", "f"), 3);
		no_answer("No such file");
	}
	assert_int_equal(RUN("list"), 7);
}

/* A parent that ignores SIGCHLD (xendomains under some inits) must not hide the answer. */
static void test_sigchld(void **state)
{
	(void)state;
	put("first/run", "#!/bin/sh\ntrap '' CHLD\nexec \"${0%/run}/xl\" \"$@\"\n", 0755);
	assert_int_equal(run_path("first:real", "", "first/run",
				  (char *[]){ "run", "save", "held", "f", NULL }),
			 3);
	assert_int_equal(run_path("first:real", "", "first/run",
				  (char *[]){ "run", "save", "free", "f", NULL }),
			 7);
}

static void test_finds_xl(void **state)
{
	_cleanup_free_ char *dir = path_of("second"), *link = path_of("second/xl");

	(void)state;
	/* The guard twice in PATH, then another installation's guard, then xl. */
	assert_int_equal(mkdir(dir, 0755), 0);
	copy_program("other/lib/xlpt/guard/xl");
	assert_int_equal(symlink("../other/lib/xlpt/guard/xl", link), 0);
	put("other/xl", "not executable", 0644);
	assert_int_equal(run_path("lib/xlpt/guard:first:other:second:real", "", "first/xl",
				  (char *[]){ "xl", "list", NULL }),
			 7);
	assert_string_equal(out, "xl <list>\n");
	/* Called by its path, with only the other one in PATH before xl. */
	assert_int_equal(run_path("second:real", "", "first/xl", (char *[]){ "xl", "list", NULL }),
			 7);
	assert_int_equal(run_path("real:first", "", "first/xl", (char *[]){ "xl", "list", NULL }),
			 7);
	/* Two guards, and no xl. */
	if (access("/usr/sbin/xl", X_OK)) {
		assert_int_equal(
			run_path("second:first", "", "first/xl", (char *[]){ "xl", "list", NULL }),
			127);
		assert_non_null(strstr(err, "no xl behind the guard"));
	}
}

/* A script that stands before xl in PATH, and what it does with its words. */
static void script(const char *name, const char *does)
{
	_cleanup_free_ char *text = xlpt_xasprintf("#!/bin/sh\n%s\n", does);

	put(name, text, 0755);
}

/* However the guard gets to another guard, it gets to xl in the end, or says why not. */
static void test_guards_in_a_circle(void **state)
{
	static const char *const dirs[] = { "a", "b", "c", "d" };
	_cleanup_free_ char *to = NULL, *link = path_of("c/xl");

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(dirs); i++) {
		_cleanup_free_ char *path = path_of(dirs[i]);

		assert_int_equal(mkdir(path, 0755), 0);
	}
	/* Two copies, at places that say nothing. */
	copy_program("a/xl");
	copy_program("b/xl");
	to = path_of("a/xl");
	assert_int_equal(symlink(to, link), 0);
	assert_int_equal(run_path("a:b:c:real", "", "a/xl", (char *[]){ "xl", "list", NULL }), 7);
	assert_string_equal(out, "xl <list>\n");
	assert_int_equal(
		run_path("b:first:a:real", "", "first/xl", (char *[]){ "xl", "list", NULL }), 7);
	/* They ask as the one does that is installed. */
	assert_int_equal(run_path("a:b:real", "", "first/xl",
				  (char *[]){ "xl", "save", "held", "--help", NULL }),
			 3);
	assert_string_equal(err, "xlpt: held holds things\n");
	/* A script that becomes the guard, and one that runs it as a child. */
	script("d/xl", "exec \"${0%/d/xl}/lib/xlpt/guard/xl\" \"$@\"");
	assert_int_equal(run_path("d:real", "", "first/xl", (char *[]){ "xl", "list", NULL }), 7);
	assert_string_equal(out, "xl <list>\n");
	script("d/xl", "\"${0%/d/xl}/lib/xlpt/guard/xl\" \"$@\"");
	assert_int_equal(run_path("d:real", "", "first/xl", (char *[]){ "xl", "list", NULL }), 127);
	assert_non_null(strstr(err, "was run 20 times by what it ran itself"));
	if (access("/usr/sbin/xl", X_OK)) {
		assert_int_equal(run_path("a:b", "", "a/xl", (char *[]){ "xl", "list", NULL }),
				 127);
		assert_non_null(strstr(err, "no xl behind the guard"));
	}
}

/* What xl runs may run xl: a migration to this host does. */
static void test_nested(void **state)
{
	(void)state;
	script("other/xl", "[ \"$1\" != outer ] || exec xl inner\nprintf 'xl %s\\n' \"$1\"");
	assert_int_equal(run_path("first:other", "", "first/xl", (char *[]){ "xl", "outer", NULL }),
			 127);
	script("other/xl", "[ \"$1\" != outer ] || { xl inner; exit; }\nprintf 'xl %s\\n' \"$1\"");
	assert_int_equal(run_path("first:other", "", "first/xl", (char *[]){ "xl", "outer", NULL }),
			 0);
	assert_string_equal(out, "xl inner\n");
}

/* libxl's words to its helper: --save-domain FD FD DOMID ... */
static void test_helper(void **state)
{
	_cleanup_free_ char *asked = NULL;
	static const char helper[] = "lib/xlpt/guard/libxl-save-helper";

	(void)state;
	assert_int_equal(run_path("real", "", helper,
				  (char *[]){ (char *)helper, "--save-domain", "5", "6", "held",
					      "0", "0", NULL }),
			 3);
	assert_string_equal(out, "");
	assert_string_equal(err, "xlpt: held holds things\n");
	asked = get("asked");
	assert_string_equal(asked, "guard check --absent-ok -- held\n");
	if (access("/sys/hypervisor/version", F_OK) && access("/usr/lib/xen/bin", F_OK) &&
	    access("/usr/libexec/xen/bin", F_OK)) {
		assert_int_equal(run_path("real", "", helper,
					  (char *[]){ (char *)helper, "--restore-domain", "5", "6",
						      "held", NULL }),
				 127);
		assert_non_null(strstr(err, "no libxl-save-helper behind the guard"));
	}
}

int main(int argc, char **argv)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_passes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keeps_its_name, setup, teardown),
		cmocka_unit_test_setup_teardown(test_asks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refuses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_without_xlpt, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sigchld, setup, teardown),
		cmocka_unit_test_setup_teardown(test_finds_xl, setup, teardown),
		cmocka_unit_test_setup_teardown(test_guards_in_a_circle, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nested, setup, teardown),
		cmocka_unit_test_setup_teardown(test_helper, setup, teardown),
	};
	/* clang-format on */

	(void)argc;
	return RUN_GUARD_TESTS(argv[0], tests);
}
