/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests of xlpt convert from the command line, in a temporary directory that is the current one. */
#ifndef XLPT_TESTS_UNIT_CONVERTING_H
#define XLPT_TESTS_UNIT_CONVERTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "xl-plugin/cli/cli.h"

#define CFG "name = \"w\"\nmemory = 512\n"

static char dir[] = "/tmp/xlpt-converting.XXXXXX", *out, *err;

static inline void put(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static inline char *get(const char *name)
{
	struct xlpt_str s = { 0 };
	_cleanup_close_ int fd = open(name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	assert_int_equal(xlpt_file_read_fd(fd, 1 << 20, &s), 0);
	return xlpt_str_take(&s);
}

static inline int run(const char *args)
{
	_cleanup_free_ char *copy = xlpt_xasprintf("xlpt convert %s", args);
	struct xlpt_env env = { 0 };
	char *argv[32], *save;
	size_t n_out, n_err;
	int argc = 0, status;

	for (char *s = strtok_r(copy, " ", &save); s; s = strtok_r(NULL, " ", &save))
		argv[argc++] = s;
	argv[argc] = NULL;
	free(out);
	free(err);
	env.out = open_memstream(&out, &n_out);
	env.err = open_memstream(&err, &n_err);
	status = xlpt_run(argc, argv, &env);
	fclose(env.out);
	fclose(env.err);
	return status;
}

static inline void expect(int status, const char *args, const char *words)
{
	int got = run(args);

	if (got != status || !strstr(err, words))
		fail_msg("convert %s: exit %d, expected %d and \"%s\":\n%s%s", args, got, status,
			 words, out, err);
}

static inline mode_t mode_of(const char *name)
{
	struct stat st;

	return lstat(name, &st) ? 0 : st.st_mode;
}

static inline int drop(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return strcmp(path, dir) ? remove(path) : 0;
}

static inline void clear_dir(void)
{
	nftw(dir, drop, 8, FTW_DEPTH | FTW_PHYS);
}

static inline int run_all(const char *name, const struct CMUnitTest *tests, size_t n)
{
	int failed;

	if (!mkdtemp(dir) || chdir(dir))
		return 1;
	failed = _cmocka_run_group_tests(name, tests, n, NULL, NULL);
	free(out);
	free(err);
	if (chdir("/") == 0)
		rmdir(dir);
	return failed;
}
#define run_in_dir(tests) run_all(#tests, tests, XLPT_ARRAY_SIZE(tests))

#endif
