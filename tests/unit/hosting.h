/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For tests of the real operations of core/host, on a tree below a temporary directory; after cmocka.h. All of
 * it runs with openat2(2), and without it (a seccomp filter takes it away).
 */
#ifndef XLPT_TESTS_UNIT_HOSTING_H
#define XLPT_TESTS_UNIT_HOSTING_H

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/file.h"
#include "tests/unit/lists.h"

/* DIR/secret lies outside, DIR/root is the host's root. */
struct tree {
	struct xlpt_host h;
	char dir[32];
	int dirfd, fd; /* of DIR and DIR/root */
};

static inline int replace(struct xlpt_host *h, const char *path, const char *text, size_t len,
			  mode_t mode)
{
	return xlpt_file_replace(h, path, text, len, &(struct xlpt_file_how){ .mode = mode });
}

static inline void put(int at, const char *path, const char *text)
{
	_cleanup_close_ int fd = openat(at, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ssize_t len = (ssize_t)strlen(text);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, (size_t)len), len);
}

static inline int setup(void **state)
{
	struct tree *t = xlpt_xcalloc(1, sizeof(*t));
	_cleanup_free_ char *root = NULL;

	strcpy(t->dir, "/tmp/xlpt-host.XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	t->dirfd = open(t->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put(t->dirfd, "secret", "outside\n");
	assert_int_equal(mkdirat(t->dirfd, "root", 0755), 0);
	t->fd = openat(t->dirfd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(t->fd, "sys", 0755), 0);
	assert_int_equal(mkdirat(t->fd, "sys/sub", 0755), 0);
	put(t->fd, "sys/vendor", "0x8086\n");
	put(t->fd, "secret", "inside\n");
	root = xlpt_xasprintf("%s/root", t->dir);
	assert_int_equal(xlpt_host_open(&t->h, root), 0);
	assert_false(t->h.live);
	*state = t;
	return 0;
}

static inline int teardown(void **state)
{
	struct tree *t = *state;

	xlpt_host_close(&t->h);
	close(t->fd);
	close(t->dirfd);
	drop_tree(t->dir);
	free(t);
	return 0;
}

static inline void assert_text(struct tree *t, const char *path, const char *want)
{
	_cleanup_free_ char *text = NULL;
	int r = xlpt_host_read_text(&t->h, &text, "%s", path);

	if (r)
		fail_msg("%s: %s", path, strerror(-r));
	assert_string_equal(text, want);
}

static inline void link_to(struct tree *t, const char *target, const char *path)
{
	assert_int_equal(symlinkat(target, t->fd, path), 0);
}

static inline void assert_names(struct tree *t, const char *path, const char *want)
{
	host_lists(&t->h, path, want);
}

/* From here on openat2(2) says err. */
static inline bool without_openat2(int err)
{
	/* clang-format off */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)err),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	/* clang-format on */
	struct sock_fprog prog = { XLPT_ARRAY_SIZE(code), code };

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) &&
	       syscall(SYS_openat2, -1, "", NULL, 0) == -1 && errno == err;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

/*
 * Runs the tests with openat2(2), and without it as on a kernel before 5.6. Before that in a process of its own,
 * whose first openat2(2) is refused as filters of containers do it.
 */
#define RUN_EACH_WAY(tests) run_each_way(tests, XLPT_ARRAY_SIZE(tests))

static inline int run_each_way(const struct CMUnitTest *tests, size_t n)
{
	int failed = 0, status = 0;
	pid_t pid = fork();

	if (!pid)
		exit(without_openat2(EPERM) &&
		     _cmocka_run_group_tests("openat2 is refused", tests, n, NULL, NULL));
	waitpid(pid, &status, 0);
	failed += status != 0;
	failed += _cmocka_run_group_tests("with openat2", tests, n, NULL, NULL);
	if (without_openat2(ENOSYS))
		failed += _cmocka_run_group_tests("without openat2", tests, n, NULL, NULL);
	return failed;
}

#endif
