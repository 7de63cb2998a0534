/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every JSON object that a command prints in a test is kept for tests/check-schema, when
 * XLPT_SEEN_JSON names a folder: one file for each test program, with the command line, a
 * newline, the object as it was printed, and a NUL. The linker puts these functions around
 * the program's own (--wrap), so no test has to know of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/text.h"
#include "xl-plugin/cli/output.h"

#define MAX_KEPT 4096 /* different ones, of one process */

static struct {
	int argc;
	char **argv;
} now; /* the command that is running; batch runs others within it */
static uint64_t kept[MAX_KEPT];
static size_t n_kept;

int __real_xlpt_run(int argc, char **argv, struct xlpt_env *env);
int __wrap_xlpt_run(int argc, char **argv, struct xlpt_env *env);
void __real_xlpt_print_json(struct xlpt_env *env, struct json_object *root);
void __wrap_xlpt_print_json(struct xlpt_env *env, struct json_object *root);

int __wrap_xlpt_run(int argc, char **argv, struct xlpt_env *env)
{
	int was_argc = now.argc, status;
	char **was = now.argv;

	now.argc = argc;
	now.argv = argv;
	status = __real_xlpt_run(argc, argv, env);
	now.argc = was_argc;
	now.argv = was;
	return status;
}

/* FNV-1a. */
static bool is_new(const char *text, size_t len)
{
	uint64_t sum = 0xcbf29ce484222325;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ (unsigned char)text[i]) * 0x100000001b3;
	for (size_t i = 0; i < n_kept; i++)
		if (kept[i] == sum)
			return false;
	if (n_kept < MAX_KEPT)
		kept[n_kept++] = sum;
	return true;
}

/* In one write: children of a test write into the same file. */
static void keep(const char *dir, const char *text, size_t len)
{
	_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", dir, program_invocation_short_name);
	_cleanup_str_ struct xlpt_str s = { 0 };
	int fd;

	for (int i = 1; i < now.argc; i++)
		xlpt_str_addf(&s, "%s%s", i > 1 ? "\t" : "", now.argv[i]);
	for (size_t i = 0; i < s.len; i++)
		s.s[i] = s.s[i] == '\n' ? ' ' : s.s[i];
	xlpt_str_add(&s, "\n");
	xlpt_str_addn(&s, text, len);
	if (!is_new(s.s, s.len))
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, s.s, s.len + 1) != (ssize_t)s.len + 1) {
		perror(path);
		abort();
	}
	close(fd);
}

void __wrap_xlpt_print_json(struct xlpt_env *env, struct json_object *root)
{
	const char *dir = getenv("XLPT_SEEN_JSON");
	_cleanup_free_ char *text = NULL;
	FILE *out = env->out;
	size_t len;

	if (!dir) {
		__real_xlpt_print_json(env, root);
		return;
	}
	env->out = open_memstream(&text, &len);
	__real_xlpt_print_json(env, root);
	fclose(env->out);
	env->out = out;
	/* By bytes, as the program does: a test looks at when a full disk is noticed. */
	for (size_t i = 0; i < len; i++)
		putc(text[i], out);
	keep(dir, text, len);
}
