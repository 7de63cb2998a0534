/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For tests of command lines, after cmocka.h. Commands run only on an empty tree (--sysroot), so that no Xen is
 * reached and nothing is changed.
 */
#ifndef XLPT_TESTS_UNIT_LINES_H
#define XLPT_TESTS_UNIT_LINES_H

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"

static char tree[] = "/tmp/xlpt-cli.XXXXXX";
static const char *const parts[] = { "sys", "sys/bus", "sys/bus/pci", "sys/bus/pci/devices" };

/* The last run. */
static struct {
	char *out, *err;
	int status, verbose;
	bool json, dry_run;
	const char *sysroot;
} last;

static inline void forget(void)
{
	free(last.out);
	free(last.err);
	memset(&last, 0, sizeof(last));
}

/* Words are divided at blanks; TREE stands for the tree, '' for an empty word. */
static inline int run(const char *line)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(line);
	char *argv[16] = { (char[]){ "xlpt" } }, *save = NULL;
	size_t out_len, err_len;
	struct xlpt_env env = { .clock = &xlpt_clock_real };
	struct xlpt_host host;
	int argc = 1;

	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = !strcmp(w, "TREE") ? tree : !strcmp(w, "''") ? w + 2 : w;
	argv[argc] = NULL;
	forget();
	/* Not this system's /run/xlpt: a command looks there for interrupted operations. */
	assert_int_equal(xlpt_host_open(&host, tree), 0);
	if (!strstr(line, "--sysroot"))
		env.host = &host;
	env.out = open_memstream(&last.out, &out_len);
	env.err = open_memstream(&last.err, &err_len);
	assert_true(env.out && env.err);
	last.status = xlpt_run(argc, argv, &env);
	fclose(env.out);
	fclose(env.err);
	xlpt_host_close(&host);
	last.json = env.json;
	last.dry_run = env.dry_run;
	last.verbose = env.verbose;
	last.sysroot = env.sysroot;
	return last.status;
}

static inline void expect(const char *line, int status, const char *out, const char *err)
{
	if (run(line) != status || (out ? !strstr(last.out, out) : *last.out != '\0') ||
	    (err ? !strstr(last.err, err) : *last.err != '\0'))
		fail_msg("xlpt %s: exit %d\n%s%s", line, last.status, last.out, last.err);
}

static inline int setup(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(tree));
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(parts); i++) {
		_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", tree, parts[i]);

		assert_int_equal(mkdir(path, 0755), 0);
	}
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	forget();
	for (size_t i = XLPT_ARRAY_SIZE(parts); i-- > 0;) {
		_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", tree, parts[i]);

		rmdir(path);
	}
	return rmdir(tree);
}

#endif
