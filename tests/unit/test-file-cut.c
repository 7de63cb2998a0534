/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Replacing a file whole, with every call that changes something failing once, or being the last before the
 * process is killed; and the sweeping of what a killed one leaves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/filing.h"

/* ---- every call that changes something can fail, or be the last ---- */

static struct {
	int in;	 /* the how manieth from now; 0: none */
	int err; /* with this errno, 0: the process is killed before it */
} cut;

static bool cuts(void)
{
	if (!cut.in || --cut.in)
		return false;
	if (!cut.err)
		kill(getpid(), SIGKILL);
	errno = cut.err;
	return true;
}

/* In the place of libc's. */
ssize_t write(int fd, const void *buf, size_t n)
{
	return fd > 2 && cuts() ? -1 : syscall(SYS_write, fd, buf, n);
}

int fsync(int fd)
{
	return cuts() ? -1 : (int)syscall(SYS_fsync, fd);
}

int fchown(int fd, uid_t uid, gid_t gid)
{
	return cuts() ? -1 : (int)syscall(SYS_fchown, fd, uid, gid);
}

int fchmod(int fd, mode_t mode)
{
	return cuts() ? -1 : (int)syscall(SYS_fchmod, fd, mode);
}

int linkat(int from, const char *a, int to, const char *b, int flags)
{
	return cuts() ? -1 : (int)syscall(SYS_linkat, from, a, to, b, flags);
}

static int cut_open(struct xlpt_host *h, const char *path, int flags, mode_t mode)
{
	return flags & O_CREAT && cuts() ? -cut.err : xlpt_host_real_ops.open(h, path, flags, mode);
}

static int cut_rename(struct xlpt_host *h, const char *from, const char *to)
{
	return cuts() ? -cut.err : xlpt_host_real_ops.rename(h, from, to);
}

static int cut_setup(void **state)
{
	static struct xlpt_host_ops ops;
	struct tree *t;

	cut.in = 0;
	assert_int_equal(setup(state), 0);
	t = *state;
	ops = xlpt_host_real_ops;
	ops.open = cut_open;
	ops.rename = cut_rename;
	t->h.ops = &ops;
	return 0;
}

/* ---- cut short ---- */

static int old_and_new(struct tree *t, const struct xlpt_file_how *how, int in, int err)
{
	int r;

	cut.in = in;
	cut.err = err;
	r = xlpt_file_replace(&t->h, "/hooks/xlpt", "new", 3, how);
	if (cut.in == 0 && in && r == 0 && err)
		r = 1; /* the directory could not be synced: done all the same */
	return r;
}

static bool is_before_or_after(struct tree *t, bool was_there)
{
	_cleanup_free_ char *text = NULL;
	int r = xlpt_host_read_text(&t->h, &text, "/hooks/xlpt");

	return r == 0 ? !strcmp(text, "new") || (was_there && !strcmp(text, "old"))
		      : r == -ENOENT && !was_there;
}

static void fresh_tree(struct tree *t, bool there)
{
	mkdirat(t->fd, "hooks", 0755);
	unlinkat(t->fd, "hooks/xlpt", 0);
	if (!there)
		return;
	put(t, "hooks/xlpt", "old");
	if (geteuid() == 0)
		assert_int_equal(fchownat(t->fd, "hooks/xlpt", NOBODY, NOBODY, 0), 0);
}

static int count_points(struct tree *t, const struct xlpt_file_how *how, bool there)
{
	fresh_tree(t, there);
	assert_int_equal(old_and_new(t, how, 1000, EIO), 0);
	return 1000 - cut.in;
}

static const struct xlpt_file_how hows[] = { { .mode = 0755 },
					     { .mode = 0755, .keep = true },
					     { .mode = 0755, .fresh = true },
					     { .mode = 0600, .lazy = true } };

static void test_every_failure(void **state)
{
	static const int errs[] = { EIO, ENOSPC, EMFILE, EDQUOT };
	struct tree *t = *state;
	int points = 0;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(hows); i++)
		for (int there = 0; there < 2 - hows[i].fresh; there++) {
			int n = count_points(t, &hows[i], there);

			for (size_t e = 0; e < XLPT_ARRAY_SIZE(errs); e++)
				for (int in = 1; in <= n; in++, points++) {
					int r;

					fresh_tree(t, there);
					r = old_and_new(t, &hows[i], in, errs[e]);
					cut.in = 0;
					assert_true(r == -errs[e] || r == 1);
					assert_true(is_before_or_after(t, there));
					if (there || r == 1)
						has(t, "/hooks", "xlpt ");
					else
						has(t, "/hooks", "");
				}
		}
	print_message("%d points\n", points);
	assert_true(points > 100);
}

/* What initramfs-tools would run of a directory: its names, and only what can be run. */
static bool runs(struct tree *t, const char *name)
{
	_cleanup_free_ char *path = xlpt_xasprintf("hooks/%s", name);

	for (const char *p = name; *p; p++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-",
			    *p))
			return false;
	return stat_of(t, path).st_mode & 0111;
}

static mode_t mode_in_hooks(struct tree *t, const char *name)
{
	_cleanup_free_ char *path = xlpt_xasprintf("hooks/%s", name);

	return stat_of(t, path).st_mode & 07777;
}

static void test_every_kill(void **state)
{
	struct tree *t = *state;
	int points = 0, left = 0, open_to_others = 0, files = 0;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(hows); i++)
		for (int there = 0; there < 2 - hows[i].fresh; there++, files++) {
			int n = count_points(t, &hows[i], there);

			for (int in = 1; in <= n; in++, points++) {
				_cleanup_strv_ char **names = NULL;
				int status = 0, gone;
				pid_t pid;

				fresh_tree(t, there);
				pid = fork();
				if (!pid)
					_exit(old_and_new(t, &hows[i], in, 0));
				assert_int_equal(waitpid(pid, &status, 0), pid);
				assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
				assert_true(is_before_or_after(t, there));
				assert_int_equal(xlpt_host_list(&t->h, &names, "/hooks"), 0);
				for (char **name = names; *name; name++)
					if (strcmp(*name, "xlpt") != 0) {
						assert_false(runs(t, *name));
						open_to_others += mode_in_hooks(t, *name) != 0600;
					}
				gone = xlpt_file_sweep(&t->h, "/hooks", "xlpt", false);
				assert_int_equal(gone, xlpt_strv_len(names) -
							       xlpt_host_has(&t->h, "/hooks/xlpt"));
				left += gone;
			}
		}
	print_message("%d points, %d temporaries swept\n", points, left);
	assert_true(points > 30 && left > 10);
	/* Nor can others read one: but in the moment before it gets its name. */
	assert_true(open_to_others <= files);
}

/* ---- sweeping ---- */

static void test_sweep(void **state)
{
	static const char *const ours[] = { ".xlpt-0123456789abcdef~", "xlpt.4194305.tmp",
					    "xlpt.conf.4194306.tmp" };
	static const char *const others[] = { ".xlpt-0123456789abcdef",
					      ".xlpt-0123456789abcdeg~",
					      "other.4194305.tmp",
					      "xlpt",
					      "xlpt.tmp",
					      "xlpt.4x.tmp",
					      "xlpt.99999999999.tmp" };
	struct tree *t = *state;
	_cleanup_close_ int fd = -1;
	struct stat st;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(ours); i++)
		put(t, ours[i], "x");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(others); i++)
		put(t, others[i], "x");
	/* One that somebody still writes, and one that is no file. */
	put(t, ".xlpt-aaaaaaaaaaaaaaaa~", "x");
	fd = openat(t->fd, ".xlpt-aaaaaaaaaaaaaaaa~", O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(symlinkat("xlpt", t->fd, ".xlpt-bbbbbbbbbbbbbbbb~"), 0);
	assert_int_equal(xlpt_file_sweep(&t->h, "/", "xlpt", true), XLPT_ARRAY_SIZE(ours));
	stat_of(t, ours[0]);
	assert_int_equal(xlpt_file_sweep(&t->h, "/", "xlpt", false), XLPT_ARRAY_SIZE(ours));
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(ours); i++)
		assert_int_equal(fstatat(t->fd, ours[i], &st, 0), -1);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(others); i++)
		stat_of(t, others[i]);
	stat_of(t, ".xlpt-aaaaaaaaaaaaaaaa~");
	stat_of(t, ".xlpt-bbbbbbbbbbbbbbbb~");
	/* Where everything is xlpt's. */
	assert_int_equal(xlpt_file_sweep(&t->h, "/", "", false), 1);
	assert_int_equal(fstatat(t->fd, "other.4194305.tmp", &st, 0), -1);
	assert_int_equal(xlpt_file_sweep(&t->h, "/none", "", false), 0);
}

/* Who sweeps never takes a file away that is being written. */
static void test_sweep_while_writing(void **state)
{
	struct tree *t = *state;
	int status = 0, r = 0;
	pid_t pid;

	put(t, "f", "0");
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			xlpt_file_sweep(&t->h, "/", "xlpt", false);
	}
	for (int i = 1; r == 0 && i <= 500; i++)
		r = xlpt_file_replace(&t->h, "/f", "text", 4,
				      &(struct xlpt_file_how){ .mode = 0600, .lazy = true });
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	assert_int_equal(r, 0);
	says(t, "f", "text");
	xlpt_file_sweep(&t->h, "/", "xlpt", false);
	has(t, "/", "f ");
}

#define CUT_TEST(fn) cmocka_unit_test_setup_teardown(fn, cut_setup, teardown)

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		CUT_TEST(test_every_failure),
		CUT_TEST(test_every_kill),
		CUT_TEST(test_sweep),
		CUT_TEST(test_sweep_while_writing),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
