/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests of what xlpt guard does to a tree of files; after cmocka.h. */
#ifndef XLPT_TESTS_UNIT_GUARDING_H
#define XLPT_TESTS_UNIT_GUARDING_H

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fake/bus.h"
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/sentry/sentry.h"

#define PROGRAM "/usr/local/lib/xlpt/guard/xl"
#define LINK	"/usr/local/sbin/xl"
#define DROPIN	"/etc/systemd/system/libvirtd.service.d/xlpt-guard.conf"
#define LOCAL	"/etc/apparmor.d/local/usr.sbin.libvirtd"
#define XENDOM	"/etc/default/xendomains"
#define SLEEP	"/etc/systemd/system/systemd-suspend.service.d/xlpt-guard.conf"

static struct fake_bus *bus;
static struct xlpt_host *host;
static char *said; /* both streams of the last run */

/* ---- the tree ---- */

static inline void mode(const char *path, mode_t m)
{
	int fd = host->ops->open(host, path, O_RDONLY, 0);

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, m), 0);
	close(fd);
}

static inline void put(const char *path, const char *text)
{
	host->ops->unlink(host, path);
	fake_bus_put(bus, path, text);
}

static inline int setup(void **state)
{
	(void)state;
	bus = fake_bus_new();
	host = fake_bus_host(bus);
	put(PROGRAM, "ELF");
	mode(PROGRAM, 0755);
	put("/usr/sbin/xl", "ELF");
	mode("/usr/sbin/xl", 0755);
	put("/usr/local/sbin/.keep", "");
	put("/usr/lib/systemd/system/libvirtd.service", "");
	put("/etc/systemd/system/.keep", "");
	put("/usr/lib/systemd/system/systemd-suspend.service",
	    "[Service]\nType=oneshot\nExecStart=/usr/lib/systemd/systemd-sleep suspend\n");
	put("/etc/apparmor.d/usr.sbin.libvirtd", "profile");
	put("/etc/apparmor.d/local/.keep", "");
	put("/etc/login.defs",
	    "#ENV_SUPATH no\nENV_SUPATH\tPATH=/usr/local/sbin:/usr/sbin:/sbin\n");
	put(XENDOM, "# mine\nXENDOMAINS_SAVE=/var/lib/xen/save");
	mode(XENDOM, 0640);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	free(XLPT_TAKE(said));
	fake_bus_free(bus);
	return 0;
}

static inline char *text_of(const char *path)
{
	_cleanup_free_ char *text = NULL;

	assert_int_equal(xlpt_sentry_slurp(host, path, &text), 0);
	return xlpt_xstrdup(text);
}

/* ---- the program on it ---- */

static inline int run(const char *args)
{
	struct xlpt_env env = { .clock = &xlpt_clock_real, .host = host };
	_cleanup_free_ char *words = xlpt_xasprintf("xlpt guard %s", args);
	char *argv[16], *save = NULL;
	int argc = 0, status;
	size_t len;

	free(XLPT_TAKE(said));
	env.out = env.err = open_memstream(&said, &len);
	for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	argv[argc] = NULL;
	status = xlpt_run(argc, argv, &env);
	fclose(env.out);
	return status;
}

static inline void expect(int status, const char *args)
{
	int got = run(args);

	if (got != status)
		fail_msg("guard %s exits %d, not %d: %s", args, got, status, said);
}

static inline void says(const char *what)
{
	if (!strstr(said, what))
		fail_msg("\"%s\" is not in: %s", what, said);
}

/* What /proc says of a process that calls itself comm. */
static inline void process(int pid, const char *comm, const char *exe, unsigned uid)
{
	_cleanup_free_ char *name = xlpt_xasprintf("/proc/%d/comm", pid),
			    *link = xlpt_xasprintf("/proc/%d/exe", pid),
			    *status = xlpt_xasprintf("/proc/%d/status", pid);
	_cleanup_free_ char *comm_line = xlpt_xasprintf("%s\n", comm);
	_cleanup_free_ char *lines = xlpt_xasprintf("Name:\t%s\nUid:\t%u\t%u\t%u\t%u\nGid:\t0\n",
						    comm, uid, uid, uid, uid);

	put(name, comm_line);
	put(status, lines);
	host->ops->unlink(host, link);
	assert_int_equal(host->ops->symlink(host, exe, link), 0);
}

#endif
