/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guard's own program. It is found where others would run xl or libxl-save-helper. It asks
 * xlpt whether the guest may leave this host, and then becomes the program that was meant: with
 * the same arguments, argv[0] included, the same descriptors, terminal and environment, and one
 * variable more. An xl create with devices that only xlpt can read is create-run.c's.
 *
 * It needs only libc, on purpose: after an upgrade of Xen, an older xlpt no longer finds its
 * libxl, and xl must work all the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xl-plugin/sentry/xl/create.h"
#include "xl-plugin/sentry/xl/words.h"

#define HELPER	 "libxl-save-helper"
#define TAIL	 "/lib/xlpt/guard/" /* what follows the prefix */
#define REFUSED	 3
#define SAID_MAX 16384
#define WAY	 "XLPT_GUARD" /* "DEPTH PID DEV:INO...": see way() */
#define DEPTH	 20

/* By this mark xlpt guard status knows a copy of this program (xl-plugin/sentry/path.c). */
__attribute__((used)) static const char mark[] = XLPT_GUARD_MARK;

static char self[PATH_MAX]; /* path of this program, links resolved */
static struct stat self_st;

static bool runs(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* It is this program, or that of another installation: two guards must not run each other. */
static bool is_guard(const char *path)
{
	size_t tail = strlen(TAIL "xl"), len;
	char real[PATH_MAX];
	struct stat st;

	if (stat(path, &st) == 0 && st.st_dev == self_st.st_dev && st.st_ino == self_st.st_ino)
		return true;
	len = realpath(path, real) ? strlen(real) : 0;
	return len >= tail && !strcmp(real + len - tail, TAIL "xl");
}

/* ---- which programs were run on the way here ---- */

/*
 * A copy of this program elsewhere in PATH, or a script that runs the guard, cannot be told from
 * the real xl by its place. So each guard notes in the environment what it became. A process that
 * comes to a guard again (exec keeps its pid) looks further in PATH. When each one runs the next
 * as a child, the depth ends it.
 */
static const char *way(unsigned long *depth, bool *same)
{
	const char *text = getenv(WAY);
	char *end;

	*depth = text ? strtoul(text, &end, 10) : 0;
	*same = text && strtoul(end, &end, 10) == (unsigned long)getpid();
	return *same ? end : "";
}

static bool tried(const char *path)
{
	unsigned long depth;
	bool same;
	const char *list = way(&depth, &same);
	char item[64];
	struct stat st;

	if (stat(path, &st))
		return false;
	snprintf(item, sizeof(item), " %llx:%llx ", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	return strstr(list, item) != NULL;
}

/* False: the guard and what it runs call each other over and over. */
static bool note_way(const char *path)
{
	unsigned long depth;
	bool same;
	const char *list = way(&depth, &same);
	struct stat st;
	char *text;

	if (stat(path, &st))
		return true; /* execv says why */
	if (!same && ++depth > DEPTH)
		return false;
	/* Each item has a blank before and after it. */
	if (asprintf(&text, "%lu %ld%s%llx:%llx ", depth, (long)getpid(), *list ? list : " ",
		     (unsigned long long)st.st_dev, (unsigned long long)st.st_ino) < 0 ||
	    setenv(WAY, text, 1)) {
		fputs("xlpt: out of memory\n", stderr);
		exit(126);
	}
	free(text);
	return true;
}

/* ---- which program is meant ---- */

/* The path can be run and leads to a program that is no guard. */
static bool behind(const char *path)
{
	return runs(path) && !is_guard(path) && !tried(path);
}

/* The first xl in PATH that is no guard. */
static bool real_xl(char path[PATH_MAX])
{
	static const char *const usual[] = { "/usr/sbin/xl", "/usr/local/sbin/xl", "/usr/bin/xl",
					     "/sbin/xl" };
	const char *dirs = getenv("PATH");

	for (const char *d = dirs ? dirs : ""; *d;) {
		size_t len = strcspn(d, ":");

		/* As for execvp: an empty folder in PATH is this one. */
		if (snprintf(path, PATH_MAX, "%.*s/xl", len ? (int)len : 1, len ? d : ".") <
			    PATH_MAX &&
		    behind(path))
			return true;
		d += len + (d[len] == ':');
	}
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		snprintf(path, PATH_MAX, "%s", usual[i]);
		if (behind(path))
			return true;
	}
	return false;
}

static int number_from(const char *path)
{
	FILE *f = fopen(path, "re");
	int n = -1;

	if (f && fscanf(f, "%d", &n) != 1)
		n = -1;
	if (f)
		fclose(f);
	return n;
}

/*
 * libxl has the path compiled in and prefers $LIBXL_SAVE_HELPER
 * (tools/libs/light/libxl_save_callout.c, since 4.2). Debian has a set of programs for each Xen
 * and runs that of the hypervisor.
 */
static bool real_helper(char path[PATH_MAX])
{
	static const char *const usual[] = { "/usr/libexec/xen/bin", "/usr/lib/xen/bin",
					     "/usr/lib64/xen/bin", "/usr/local/libexec/xen/bin",
					     "/usr/local/lib/xen/bin" };
	int major = number_from("/sys/hypervisor/version/major");
	int minor = number_from("/sys/hypervisor/version/minor");

	snprintf(path, PATH_MAX, "/usr/lib/xen-%d.%d/bin/" HELPER, major, minor);
	if (behind(path))
		return true;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		snprintf(path, PATH_MAX, "%s/" HELPER, usual[i]);
		if (behind(path))
			return true;
	}
	return false;
}

/* ---- the question ---- */

/* PREFIX/lib/xlpt/guard/xl belongs to PREFIX/sbin/xlpt. */
static void xlpt_path(char path[PATH_MAX])
{
	static const char *const usual[] = { "/usr/local/sbin/xlpt", "/usr/sbin/xlpt" };
	char *at = strstr(self, TAIL);

	for (char *next = at; next; next = strstr(next + 1, TAIL))
		at = next;
	snprintf(path, PATH_MAX, "%.*s/sbin/xlpt", at ? (int)(at - self) : 0, self);
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]) && !runs(path); i++)
		if (runs(usual[i]))
			snprintf(path, PATH_MAX, "%s", usual[i]);
}

/*
 * In the child: standard output goes nowhere, standard error to the parent. The descriptors of a
 * save stay with the parent.
 */
static void child(const char *path, const char *verb, const char *guest, int err_fd)
{
	const char *some[] = { "xlpt", "guard", "check", "--absent-ok", "--", guest, NULL };
	const char *one[] = { "xlpt", "guard", "check", "--absent-ok", "--for",
			      verb,   "--",    guest,	NULL };
	int null = open("/dev/null", O_RDWR);

	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(err_fd, 2) < 0)
		_exit(127);
	execv(path, (char **)(verb ? one : some));
	dprintf(2, "%s: %s\n", path, strerror(errno));
	_exit(127);
}

static void read_all(int fd, char said[SAID_MAX])
{
	char rest[512];
	size_t n = 0;
	ssize_t r;

	for (;;) {
		bool full = n + 1 >= SAID_MAX;

		r = full ? read(fd, rest, sizeof(rest)) : read(fd, said + n, SAID_MAX - 1 - n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			break;
		if (!full)
			n += (size_t)r;
	}
	said[n] = '\0';
}

/*
 * A guest's name in a message: each character that a terminal would obey or a shell would run is
 * "?".
 */
static char *fit_to_print(const char *guest)
{
	char *name = strdup(guest);

	if (!name) {
		fputs("xlpt: out of memory\n", stderr);
		exit(126);
	}
	for (char *c = name; *c; c++)
		if (*c <= ' ' || *c > '~' || strchr("\"'$`\\;&|<>()*?[]{}!#~", *c))
			*c = '?';
	return name;
}

/* True when the guest may leave; otherwise the reason was printed. verb NULL = save or migrate. */
static bool ask(const char *verb, const char *guest)
{
	static char said[SAID_MAX];
	char path[PATH_MAX];
	struct sigaction old, def = { .sa_handler = SIG_DFL };
	int fds[2], status = -1;
	char *name;
	pid_t pid;

	xlpt_path(path);
	/* When the caller ignores SIGCHLD, our child would vanish without a status. */
	sigaction(SIGCHLD, &def, &old);
	said[0] = '\0';
	if (pipe2(fds, O_CLOEXEC) == 0) {
		pid = fork();
		if (pid == 0)
			child(path, verb, guest, fds[1]);
		close(fds[1]);
		if (pid > 0) {
			read_all(fds[0], said);
			while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
				;
		}
		close(fds[0]);
	}
	sigaction(SIGCHLD, &old, NULL);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	if (WIFEXITED(status) && WEXITSTATUS(status) == REFUSED && *said) {
		fputs(said, stderr);
		return false;
	}
	name = fit_to_print(guest);
	fprintf(stderr,
		"xlpt: %s is not done: whether %s holds devices cannot be told\n"
		"  because: %s guard check failed\n",
		verb ? verb : "save or migration", name, path);
	for (char *line = strtok(said, "\n"); line; line = strtok(NULL, "\n"))
		fprintf(stderr, "  %s\n", line);
	fprintf(stderr,
		"  to mend: make \"xlpt guard check %s\" work, or take the guard away: "
		"xlpt guard remove\n",
		name);
	free(name);
	return false;
}

static int become(const char *path, char **argv)
{
	if (!note_way(path)) {
		fprintf(stderr,
			"xlpt: the guard was run %d times by what it ran itself\n"
			"  because: %s runs the guard again\n"
			"  to mend: take it out of PATH; xlpt guard status shows which xl is "
			"found\n",
			DEPTH, path);
		return 127;
	}
	execv(path, argv);
	fprintf(stderr, "xlpt: cannot run %s: %s\n", path, strerror(errno));
	return 126;
}

static int as_helper(int argc, char **argv)
{
	char path[PATH_MAX];

	/* --save-domain STREAM-FD BACK-FD DOMID ...: of a restore there is no guest yet. */
	if (argc > 4 && !strcmp(argv[1], "--save-domain") && !ask(NULL, argv[4]))
		return REFUSED;
	if (!real_helper(path)) {
		fputs("xlpt: there is no " HELPER " behind the guard\n"
		      "  to mend: xlpt guard remove libvirt, and start libvirt's daemon again\n",
		      stderr);
		return 127;
	}
	return become(path, argv);
}

/* When a standard stream is closed, the pipe of the question would get its number. */
static bool open_streams(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return false;
	return true;
}

/* Becomes xl, unless this is an xl create with which xlpt has to help. */
static int creates(int argc, char **argv, const char *xl)
{
	struct xlpt_create create;
	char xlpt[PATH_MAX];
	struct xlpt_create_how how = { .xlpt = xlpt, .xl = xl, .become = become };
	int status = -1;

	xlpt_path(xlpt);
	if (xlpt_create_read(argc, argv, &create))
		status = xlpt_create_run(&create, argc, argv, &how);
	return status < 0 ? become(xl, argv) : status;
}

int main(int argc, char **argv)
{
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	char path[PATH_MAX];
	struct xlpt_asks leave;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (!open_streams())
		return 126;
	self[n > 0 ? n : 0] = '\0';
	if (stat("/proc/self/exe", &self_st)) {
		fprintf(stderr, "xlpt: cannot read /proc/self/exe: %s\n", strerror(errno));
		return 126;
	}
	if (argc > 0 && !strcmp(slash ? slash + 1 : argv[0], HELPER))
		return as_helper(argc, argv);
	xlpt_asks_read(argc, argv, &leave);
	for (size_t i = 0; leave.verb && i < leave.n; i++)
		if (!ask(leave.verb, leave.guest[i]))
			return REFUSED;
	if (!real_xl(path)) {
		fputs("xlpt: there is no xl behind the guard in PATH\n"
		      "  to mend: xlpt guard status shows where it was looked for\n",
		      stderr);
		return 127;
	}
	return creates(argc, argv, path);
}
