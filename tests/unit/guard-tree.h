/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For tests that run the guard's program (xl-plugin/sentry/xl) in a tree of their own, in which xl and xlpt are
 * scripts; after cmocka.h. What it printed is in out and err, the program as it was built in program.
 */
#ifndef XLPT_TESTS_UNIT_GUARD_TREE_H
#define XLPT_TESTS_UNIT_GUARD_TREE_H

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/util.h"

static char root[64];
static char *out, *err, *program;

static inline char *path_of(const char *name)
{
	return xlpt_xasprintf("%s/%s", root, name);
}

static inline void put(const char *name, const char *text, mode_t mode)
{
	_cleanup_free_ char *path = path_of(name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fchmod(fileno(f), mode), 0);
	assert_int_equal(fclose(f), 0);
}

static inline char *get(const char *name)
{
	_cleanup_free_ char *path = path_of(name);
	_cleanup_str_ struct xlpt_str s = { 0 };
	FILE *f = fopen(path, "r");
	char buf[1024];
	size_t n;

	while (f && (n = fread(buf, 1, sizeof(buf), f)))
		xlpt_str_addn(&s, buf, n);
	if (f)
		fclose(f);
	return xlpt_str_take(&s);
}

static inline void copy_program(const char *to)
{
	_cleanup_free_ char *command = xlpt_xasprintf("cp '%s' '%s/%s'", program, root, to);

	assert_int_equal(system(command), 0);
}

/* The tree with these folders, the guard, and the scripts. */
static inline void make_tree(const char *const *dirs, size_t n, const char *xl, const char *xlpt)
{
	strcpy(root, "/tmp/xlpt-guard-XXXXXX");
	assert_non_null(mkdtemp(root));
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *path = path_of(dirs[i]);

		assert_int_equal(mkdir(path, 0755), 0);
	}
	copy_program("lib/xlpt/guard/xl");
	put("real/xl", xl, 0755);
	put("sbin/xlpt", xlpt, 0755);
}

static inline int teardown(void **state)
{
	_cleanup_free_ char *command = xlpt_xasprintf("rm -rf '%s'", root);

	(void)state;
	free(XLPT_TAKE(out));
	free(XLPT_TAKE(err));
	return system(command);
}

/* Its exit status, or 128 and the signal. */
static inline int end(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	free(out);
	free(err);
	out = get("stdout");
	err = get("stderr");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* BUILD/tests/unit/test-... belongs to BUILD/guard/xl. */
#define RUN_GUARD_TESTS(argv0, tests) run_guard_tests(argv0, tests, XLPT_ARRAY_SIZE(tests))

static inline int run_guard_tests(const char *argv0, const struct CMUnitTest *tests, size_t n)
{
	const char *slash = strrchr(argv0, '/');
	int failed;

	program = xlpt_xasprintf("%.*s/../../guard/xl", slash ? (int)(slash - argv0) : 1,
				 slash ? argv0 : ".");
	failed = _cmocka_run_group_tests("guard", tests, n, NULL, NULL);
	free(program);
	return failed;
}

#endif
