/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guard reads xl's command line as xl does: against getopt itself, used as xl
 * uses it (tests/fuzz/xl-getopt.h), and against each real xl that is at hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/util.h"
#include "tests/fuzz/xl-getopt.h"
#include "xl-plugin/sentry/xl/create.h"

#define LINES	   60000
#define REAL_LINES 60 /* each starts a program */
#define FOUND	   66 /* of tests/shim/xl-shim.c */

static char *shim;

/* The same lines every time. */
static uint32_t seed;

static size_t below(size_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static const char *const own[] = { "-v", "-vf", "-tT", "-vvv", "--", "-N", "-Z", "--help" };
/* clang-format off */
static const char *const commands[] = {"save",	  "sa",	     "sav",   "s",   "saves",
				       "migrate", "migrat",  "remus", "rem", "re",
				       "save",	  "migrate", "remus", "",    "migrate-receive",
				       "help",	  "-",	     "remusx"};
static const char *const words[] = {
	"-c",	"-p",	   "-D",     "-cp",	  "-h",	    "-ch",	"-s",	      "-sssh",
	"-s=x", "-C",	   "-Ccfg",  "-i",	  "-i200",  "-bi",	"-N",	      "-F",
	"-e",	"-Fe",	   "-u",     "-Z",	  "-cZ",    "-:",	"-c-",	      "--",
	"-",	"",	   "--help", "--hel",	  "--h",    "--help=x", "--h=",	      "--=",
	"--=x", "--debug", "--de",   "--debug=1", "--live", "--l",	"--compress", "---",
	"-W",	"web1",	   "web1",   "web1",	  "host",   "file",	"save",	      "3"};
/* clang-format on */

struct line {
	char *argv[XL_WORDS_MAX + 1];
	int argc;
	char odd[4][8]; /* words of any characters */
	size_t n_odd;
};

static char *any_word(struct line *l)
{
	static const char letters[] = "--=:hcpDFCsedlbuniNvftTNZ1";
	char *word;
	size_t n;

	if (l->n_odd == XLPT_ARRAY_SIZE(l->odd) || below(8))
		return (char *)words[below(XLPT_ARRAY_SIZE(words))];
	word = l->odd[l->n_odd++];
	n = below(sizeof(l->odd[0]));
	for (size_t i = 0; i < n; i++)
		word[i] = letters[below(sizeof(letters) - 1)];
	word[n] = '\0';
	return word;
}

static void make_line(struct line *l)
{
	size_t n = below(4) ? 0 : 1 + below(2), operands = below(8);

	*l = (struct line){ .argv = { "xl" }, .argc = 1 };
	while (n--)
		l->argv[l->argc++] = (char *)own[below(XLPT_ARRAY_SIZE(own))];
	l->argv[l->argc++] = (char *)commands[below(XLPT_ARRAY_SIZE(commands))];
	while (operands--)
		l->argv[l->argc++] = any_word(l);
}

static char *text_of(const struct line *l)
{
	struct xlpt_str s = { 0 };

	for (int i = 0; i < l->argc; i++)
		xlpt_str_addf(&s, "%s<%s>", i ? " " : "", l->argv[i]);
	return xlpt_str_take(&s);
}

static void against_getopt(size_t n_commands)
{
	struct xlpt_create create;
	struct line l;
	size_t leaves = 0;

	seed = 1;
	for (size_t i = 0; i < LINES; i++) {
		const char *why;
		struct xl_line want;

		make_line(&l);
		why = xl_guard_differs(l.argc, l.argv, n_commands);
		if (why)
			fail_msg("%s: %s", text_of(&l), why);
		/* None of these is an xl create, so xl gets the words as they are. */
		assert_false(xlpt_create_read(l.argc, l.argv, &create));
		xl_read(l.argc, l.argv, n_commands, &want);
		leaves += want.answer == XL_LEAVES;
	}
	/* Lines that mean something are among them. */
	assert_in_range(leaves, LINES / 10, LINES / 10 * 9);
}

static void test_getopt(void **state)
{
	(void)state;
	unsetenv("POSIXLY_CORRECT");
	against_getopt(XL_COMMANDS_4_17);
	against_getopt(XL_COMMANDS_4_20);
	setenv("POSIXLY_CORRECT", "1", 1);
	against_getopt(XL_COMMANDS_4_20);
	unsetenv("POSIXLY_CORRECT");
}

/* ---- a real xl ---- */

/*
 * True: it would have that guest leave, or read that configuration, whose name is in said.
 * tree: its root, or NULL.
 */
static bool real(const char *xl, const char *tree, const struct line *l, char said[64])
{
	_cleanup_free_ char *preload = xlpt_xasprintf("LD_PRELOAD=%s", shim);
	_cleanup_free_ char *loader = NULL, *libs = NULL;
	char *argv[XL_WORDS_MAX + 4];
	char *env[] = { preload, "PATH=/usr/bin:/bin", NULL };
	int fds[2], status, n = 0;
	ssize_t got;
	pid_t pid;

	if (tree) {
		/* With the libraries of its own system. */
		loader = xlpt_xasprintf("%s/lib64/ld-linux-x86-64.so.2", tree);
		libs = xlpt_xasprintf("%s/usr/lib/x86_64-linux-gnu", tree);
		argv[n++] = loader;
		argv[n++] = "--library-path";
		argv[n++] = libs;
		argv[n++] = (char *)xl;
	} else {
		argv[n++] = "xl";
	}
	for (int i = 1; i < l->argc; i++)
		argv[n++] = l->argv[i];
	argv[n] = NULL;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(fds[1], 1);
		dup2(null, 2);
		alarm(20);
		execve(tree ? loader : xl, argv, env);
		_exit(98);
	}
	close(fds[1]);
	for (n = 0; n < 63 && (got = read(fds[0], said + n, (size_t)(63 - n))) > 0; n += (int)got)
		;
	said[n] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == FOUND;
}

static void against(const char *xl, const char *tree)
{
	static struct line help = { .argv = { "xl", "help" }, .argc = 2 }, l;
	char said[64];

	if (real(xl, tree, &help, said) || !strstr(said, "Usage xl")) {
		print_message("%s does not run here\n", xl);
		return;
	}
	seed = 7;
	for (size_t i = 0; i < REAL_LINES;) {
		struct xl_line want;
		bool leaves, wanted;

		make_line(&l);
		xl_read(l.argc, l.argv, XL_COMMANDS_4_20, &want);
		/* The rest is for getopt alone: other commands look up guests as well. */
		if (want.answer == XL_ELSE && below(10))
			continue;
		i++;
		wanted = want.answer == XL_LEAVES && want.counts && !want.dry;
		leaves = real(xl, tree, &l, said);
		if (leaves != wanted || (leaves && strcmp(said, want.guest) != 0))
			fail_msg("%s: %s %s \"%s\", not \"%s\"", xl, text_of(&l),
				 leaves ? "takes away" : "does nothing", said,
				 wanted ? want.guest : "");
	}
	print_message("%s reads %d command lines as the guard does\n", xl, REAL_LINES);
}

/* ---- xl create ---- */

static char *create_word(void)
{
	static const char *const create_words[] = { "-c",
						    "-p",
						    "-F",
						    "-e",
						    "-q",
						    "-n",
						    "-d",
						    "-V",
						    "-A",
						    "-i",
						    "-cq",
						    "-f",
						    "-ffile1",
						    "-qf",
						    "--quiet",
						    "--qu",
						    "--dry",
						    "--def",
						    "--defconfig=file2",
						    "--vnc",
						    "--vncv",
						    "--i",
						    "--help",
						    "-h",
						    "-Z",
						    "--",
						    "-",
						    "a=b",
						    "file3",
						    "file4",
						    "file=5",
						    "--quiet=1",
						    "-n",
						    "file6",
						    "-c" };

	return (char *)create_words[below(XLPT_ARRAY_SIZE(create_words))];
}

static void make_create_line(struct line *l)
{
	static const char *const names[] = { "create", "create", "create", "cr", "c", "creates" };
	size_t n = 1 + below(5);

	*l = (struct line){ .argv = { "xl" }, .argc = 1 };
	if (!below(4))
		l->argv[l->argc++] = (char *)own[below(XLPT_ARRAY_SIZE(own))];
	l->argv[l->argc++] = (char *)names[below(XLPT_ARRAY_SIZE(names))];
	while (n--)
		l->argv[l->argc++] = create_word();
}

/* Which file it reads, if any. Behind -f, which the guard puts in, it is that one. */
static void against_create(const char *xl, const char *tree)
{
	size_t creates = 0;
	struct line l;
	char said[64];

	seed = 11;
	for (size_t i = 0; i < 2 * REAL_LINES; i++) {
		struct xlpt_create c;
		bool wanted, reads;

		make_create_line(&l);
		wanted = xlpt_create_read(l.argc, l.argv, &c);
		reads = real(xl, tree, &l, said);
		if (reads != wanted || (reads && strcmp(said, c.file) != 0))
			fail_msg("%s: %s %s \"%s\", not \"%s\"", xl, text_of(&l),
				 reads ? "reads" : "does nothing", said, wanted ? c.file : "");
		if (!wanted)
			continue;
		creates++;
		l.argv[c.end] = "-f";
		l.argv[c.end + 1] = "resolved";
		l.argc = c.end + 2;
		l.argv[l.argc] = NULL;
		if (!real(xl, tree, &l, said) || strcmp(said, "resolved") != 0)
			fail_msg("%s: %s does not read the file that the guard makes", xl,
				 text_of(&l));
	}
	assert_true(creates > 10);
}

/* Those of this machine, and those of the roots that the lab made, if any. */
static void test_real_xl(void **state)
{
	const char *cache = getenv("XLPT_LAB_CACHE"), *home = getenv("HOME");
	_cleanup_free_ char *pattern = NULL;
	glob_t found = { 0 };

	(void)state;
	pattern = cache ? xlpt_xasprintf("%s/*/tree/usr/lib/xen-*/bin/xl", cache)
			: xlpt_xasprintf("%s/.cache/xlpt-lab/*/tree/usr/lib/xen-*/bin/xl",
					 home ? home : "/root");
	glob("/usr/lib/xen-*/bin/xl", 0, NULL, &found);
	glob(pattern, found.gl_pathc ? GLOB_APPEND : 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		char *xl = found.gl_pathv[i], *end = strstr(xl, "/tree/usr/lib/xen-");
		_cleanup_free_ char *tree =
			end ? xlpt_xstrndup(xl, (size_t)(end - xl) + strlen("/tree")) : NULL;

		against(xl, tree);
		against_create(xl, tree);
	}
	if (!found.gl_pathc)
		print_message("there is no xl here to compare with\n");
	globfree(&found);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_getopt),
		cmocka_unit_test(test_real_xl),
	};
	_cleanup_free_ char *self = realpath(argv[0], NULL);
	int failed;

	(void)argc;
	/* BUILD/tests/unit/test-guard-getopt belongs to BUILD/tests/shim/xl-shim.so. */
	*strrchr(self, '/') = '\0';
	shim = xlpt_xasprintf("%s/../shim/xl-shim.so", self);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(shim);
	return failed;
}
