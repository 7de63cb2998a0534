/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What root gives up: in the process, and in what it starts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/privilege.h"
#include "core/util.h"

struct caps {
	uint64_t permitted, effective, bounding;
};

static void read_caps(FILE *f, struct caps *c)
{
	char line[256];

	memset(c, 0, sizeof(*c));
	while (fgets(line, sizeof(line), f)) {
		sscanf(line, "CapPrm:%" SCNx64, &c->permitted);
		sscanf(line, "CapEff:%" SCNx64, &c->effective);
		sscanf(line, "CapBnd:%" SCNx64, &c->bounding);
	}
}

/* What a process has after it gave up, itself or as the program that it starts. */
static void after(bool gives_up, bool program, struct caps *c)
{
	int fds[2], status;
	pid_t pid;
	FILE *f;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (gives_up)
			xlpt_privilege_files_alone();
		dup2(fds[1], 1);
		if (program)
			execl("/bin/cat", "cat", "/proc/self/status", (char *)NULL);
		f = fopen("/proc/self/status", "re");
		for (int ch; f && (ch = getc(f)) != EOF;)
			dprintf(1, "%c", ch);
		_exit(!f);
	}
	close(fds[1]);
	f = fdopen(fds[0], "r");
	assert_non_null(f);
	read_caps(f, c);
	fclose(f);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static bool has(uint64_t set, int cap)
{
	return set >> cap & 1;
}

static void test_given_up(void **state)
{
	struct caps before, c;

	(void)state;
	after(false, false, &before);
	if (geteuid() || !has(before.permitted, CAP_SETPCAP) || !has(before.permitted, CAP_CHOWN))
		skip();
	after(true, false, &c);
	assert_int_equal(c.permitted, c.effective);
	assert_int_equal(c.permitted & ~before.permitted, 0);
	assert_true(has(c.effective, CAP_DAC_OVERRIDE) && has(c.effective, CAP_CHOWN));
	assert_false(has(c.effective, CAP_SETUID) || has(c.effective, CAP_SETPCAP) ||
		     has(c.effective, CAP_SYS_BOOT) || has(c.effective, CAP_MKNOD) ||
		     has(c.effective, CAP_SYS_ADMIN) || has(c.effective, CAP_NET_ADMIN));
	/* A program has no more than it. */
	assert_int_equal(c.bounding & ~c.permitted, 0);
	after(true, true, &c);
	assert_true(has(c.effective, CAP_DAC_OVERRIDE));
	assert_false(has(c.effective, CAP_SETUID) || has(c.effective, CAP_MKNOD));
}

/* For who is not root nothing changes, and nothing fails. */
static void test_not_root(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		if (geteuid() == 0 && setuid(65534))
			_exit(0);
		xlpt_privilege_files_alone();
		_exit(access("/proc/self/status", R_OK) ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static const char *self; /* not /proc/self/exe: valgrind's, when it runs this */

#define ASK "is-borrowed"

/* What a copy of this program says of itself when nobody (or root) starts it. */
static int asked(const char *copy, bool by_root)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (!by_root && (setgid(65534) || setuid(65534)))
			_exit(98);
		execl(copy, copy, ASK, NULL);
		_exit(99);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_borrowed(void **state)
{
	static const struct vfs_cap_data caps = {
		.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
		.data[0] = { .permitted = 1 << CAP_DAC_READ_SEARCH },
	};
	char copy[] = "/tmp/xlpt-privilege.XXXXXX";
	_cleanup_free_ char *command = NULL;
	int fd = mkstemp(copy), r;
	struct statvfs fs;

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	command = xlpt_xasprintf("cp '%s' %s", self, copy);
	/* Where nothing can lend rights there is nothing to see. */
	if (geteuid() != 0 || system(command) || chmod(copy, 0755) || asked(copy, false) > 1 ||
	    statvfs(copy, &fs) || fs.f_flag & ST_NOSUID || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)) {
		unlink(copy);
		skip();
	}
	assert_int_equal(asked(copy, false) | asked(copy, true), 0);
	assert_int_equal(chmod(copy, 04755), 0);
	r = asked(copy, false) << 1 | asked(copy, true);
	assert_int_equal(r, 2);
	assert_int_equal(chmod(copy, 02755), 0);
	assert_int_equal(asked(copy, false), 1);
	assert_int_equal(chmod(copy, 0755), 0);
	if (setxattr(copy, "security.capability", &caps, XATTR_CAPS_SZ_2, 0) == 0)
		assert_int_equal(asked(copy, false), 1);
	unlink(copy);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], ASK))
		return xlpt_privilege_is_borrowed();
	self = argv[0];

	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_given_up),
		cmocka_unit_test(test_not_root),
		cmocka_unit_test(test_borrowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
