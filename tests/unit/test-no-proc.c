/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where /proc is not mounted, as in a chroot of an installer: what can be done there is done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/tempdir.h"
#include "tests/fake/world.h"

#define CANNOT 77 /* this process may not have mounts of its own */

static struct xlpt_tempdir out = { .fd = -1 };
static char *tmp; /* for the copies that the program makes */

static int run(struct world *w)
{
	if ((unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER | CLONE_NEWNS)) ||
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/proc", "tmpfs", 0, NULL))
		return CANNOT;
	if (access("/proc/self", F_OK) == 0)
		return 1;
	/* What it says of the file is libkmod's reading; this host has no boot loader to go on with. */
	if (setenv("TMPDIR", tmp, 1))
		return 1;
	world_run(w, "boot plan 0000:02:00.0");
	if (!strstr(w->out, "(0000:05:00.0) (/etc/modprobe.d/x.conf:1)") ||
	    strstr(w->err, "cannot read"))
		return 2;
	/* libkmod read a copy, of which nothing is left. */
	if (rmdir(tmp) || unsetenv("TMPDIR"))
		return 4;
	/* A pin is for root alone, and no link leads to it. */
	if (world_run(w, "pin nic 0000:02:00.0") || world_run(w, "capture -o %s/c.tgz", out.path) ||
	    strstr(w->err, "pins"))
		return 3;
	return 0;
}

static void test_no_proc(void **state)
{
	static struct world *w; /* so that valgrind sees it in the process that ends below */
	int status;
	pid_t pid;

	(void)state;
	w = world_new();
	assert_int_equal(xlpt_tempdir_make(&out, "xlpt-test-", NULL), 0);
	tmp = xlpt_xasprintf("%s/tmp", out.path);
	assert_int_equal(mkdir(tmp, 0700), 0);
	fake_bus_put(w->bus, "/proc/modules", "xen_pciback 1 0 - Live 0x0\n");
	/* modprobe reads it, and so must who asks what modprobe would do. */
	fake_bus_put(w->bus, "/etc/modprobe.d/x.conf", "options xen-pciback hide=(0000:05:00.0)\n");
	pid = fork();
	if (pid == 0) {
		status = run(w);
		if (status && status != CANNOT)
			dprintf(2, "step %d:\n%s%s", status, w->out, w->err);
		_exit(status);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	world_free(w);
	free(XLPT_TAKE(tmp));
	xlpt_tempdir_dispose(&out);
	if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT)
		skip();
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_no_proc) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
