/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xl create with devices that xlpt resolves. There are three processes: this one, which waits, and
 * passes on signals and the exit status; xl, with everything that was meant for it; and xlpt,
 * which has leased the devices and sees whether the guest gets them. xlpt learns that xl has
 * ended, or this process, because its socket is closed then. When xl leaves no process of its own
 * that watches the guest, xlpt is told which process does (-F: xl's pid), or that nobody does (-e:
 * 0).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xl-plugin/sentry/xl/create.h"

#define FILE_MAX      (1u << 20) /* the same limit as xlpt's; a larger file is left to xl */
#define ANSWER_MAX    (8u << 20)
#define FD_OF_XLPT    3
#define STATUS_FAILED (1 << 8) /* exit status 1, in the form of waitpid(2) */
#define CODES	      5	       /* xlpt's exit statuses that mean something: 1 to 5 */

struct text {
	char *s;
	size_t len, room;
};

static void add(struct text *t, const void *s, size_t n)
{
	if (n >= t->room - t->len) {
		t->room = (t->len + n + 4096) * 2;
		t->s = realloc(t->s, t->room);
		if (!t->s) {
			fputs("xlpt: out of memory\n", stderr);
			exit(126);
		}
	}
	memcpy(t->s + t->len, s, n);
	t->len += n;
	t->s[t->len] = '\0';
}

/* False at the end of the file, or when there are more than max bytes. */
static bool add_some(struct text *t, int fd, size_t max)
{
	char buf[4096];
	ssize_t r;

	do
		r = read(fd, buf, sizeof(buf));
	while (r < 0 && errno == EINTR);
	if (r > 0)
		add(t, buf, (size_t)r);
	return r > 0 && t->len <= max;
}

/*
 * Only a regular file, which is looked at before it is opened: opening a FIFO would wake its
 * writer, and a device might do anything. False: xl reads the file itself, or says why it cannot.
 */
static bool read_file(const char *file, struct text *t)
{
	int fd, path = open(file, O_PATH | O_CLOEXEC);
	char name[64];
	struct stat st;

	if (path < 0)
		return false;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", path);
	fd = fstat(path, &st) == 0 && S_ISREG(st.st_mode)
		     ? open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
		     : -1;
	close(path);
	if (fd < 0)
		return false;
	while (add_some(t, fd, FILE_MAX))
		;
	close(fd);
	return t->len <= FILE_MAX && !memchr(t->s, 0, t->len);
}

/*
 * What xl would read: the file, an empty line, and then the words (xl_vmcontrol.c, create_domain).
 */
static bool read_text(const struct xlpt_create *c, int argc, char **argv, struct text *t)
{
	bool any = false;

	add(t, "", 0);
	if (strcmp(c->file, "/dev/null") != 0 && !read_file(c->file, t))
		return false;
	for (int i = c->words; i < argc; i++) {
		if (!strchr(argv[i], '='))
			continue;
		add(t, "\n", any ? 0 : 1);
		add(t, argv[i], strlen(argv[i]));
		add(t, "\n", 1);
		any = true;
	}
	add(t, "\n", any ? 1 : 0);
	return true;
}

/* ---- signals ---- */

static volatile sig_atomic_t came, asking;
static volatile pid_t to;

/*
 * Signals of the terminal reach xl by themselves, because xl is in this process group. xlpt is in
 * a group of its own, so that it can give back what an xl that such a signal has ended does not
 * need.
 */
static void give_on(int sig, siginfo_t *info, void *context)
{
	(void)context;
	came = sig;
	if (to > 0 && asking)
		kill(to, SIGTERM);
	else if (to > 0 && info->si_code <= 0)
		kill(to, sig);
}

static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2 };

/* A signal that the caller ignores stays ignored. */
static void catch_signals(bool on)
{
	struct sigaction ours = { .sa_sigaction = give_on, .sa_flags = SA_SIGINFO | SA_RESTART };
	struct sigaction def = { .sa_handler = SIG_DFL }, old;

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(signals[i], on ? &ours : &def, NULL);
}

static int wait_for(pid_t pid)
{
	int status = -1;

	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* Ends this process in the way in which that one ended. */
static int end_as(int status)
{
	struct sigaction def = { .sa_handler = SIG_DFL };
	int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (!sig)
		return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
	sigaction(sig, &def, NULL);
	raise(sig);
	return 128 + sig;
}

/* ---- xlpt ---- */

static void become_xlpt(const struct xlpt_create *c, const char *path, int sock)
{
	char fd[] = { '0' + FD_OF_XLPT, '\0' };
	const char *real[] = { "xlpt", "start", "--for-xl", fd, "--", c->file, NULL };
	const char *dry[] = { "xlpt", "start", "--for-xl", fd, "--dry-run", "--", c->file, NULL };
	int null = open("/dev/null", O_RDWR);

	setpgid(0, 0);
	signal(SIGTTOU, SIG_IGN); /* its messages are shown all the same */
	/*
	 * Move these descriptors first: one of them may have the number that another one has to
	 * get.
	 */
	sock = fcntl(sock, F_DUPFD, FD_OF_XLPT + 1);
	if (null < 0 || sock < 0 || dup2(null, 0) < 0 || dup2(2, 1) < 0 ||
	    dup2(sock, FD_OF_XLPT) < 0)
		_exit(127);
	/* The other descriptors of the caller are for xl. */
	close_range(FD_OF_XLPT + 1, ~0u, 0);
	execv(path, (char **)(c->dry ? dry : real));
	dprintf(2, "%s: %s\n", path, strerror(errno));
	_exit(127);
}

static bool send_all(int sock, const char *s, size_t n)
{
	while (n) {
		ssize_t r = send(sock, s, n, MSG_NOSIGNAL);

		if (r < 0 && errno != EINTR)
			return false;
		s += r > 0 ? r : 0;
		n -= r > 0 ? (size_t)r : 0;
	}
	return true;
}

/* True: *answer is what xl is to read, and xlpt runs until *sock is closed. */
static bool ask(const struct xlpt_create *c, const char *path, const struct text *t, int *sock,
		pid_t *pid, struct text *answer)
{
	int pair[2];

	*sock = -1;
	*pid = -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return false;
	asking = 1;
	*pid = fork();
	if (*pid == 0)
		become_xlpt(c, path, pair[1]);
	to = *pid;
	close(pair[1]);
	*sock = pair[0];
	/* With the NUL at its end. */
	if (*pid > 0 && send_all(*sock, t->s, t->len + 1))
		while (add_some(answer, *sock, ANSWER_MAX) && answer->s[answer->len - 1])
			;
	asking = 0;
	to = 0;
	if (came || !answer->len || answer->len > ANSWER_MAX || answer->s[answer->len - 1])
		return false;
	answer->len--;
	return true;
}

/* xlpt has printed why, if it could. */
static int refused(const char *xlpt, int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) > 0 && WEXITSTATUS(status) <= CODES)
		return WEXITSTATUS(status);
	fprintf(stderr,
		"xlpt: the guest is not created: xl cannot read its devices (pools, pins, "
		"identities)\n"
		"  because: %s, which would resolve them, failed\n"
		"  to mend: make \"xlpt start\" work, or write addresses into pci\n",
		xlpt);
	return 1;
}

/* ---- xl ---- */

/*
 * -f is inserted before the words, which are in the answer; of several -f, xl takes the last one.
 * This process holds the file open as long as xl runs, so that xl has the descriptors that it was
 * given and no other.
 */
static void become_xl(const struct xlpt_create *c, char **argv, int config,
		      const struct xlpt_create_how *how, pid_t parent)
{
	char **words = calloc((size_t)c->end + 3, sizeof(*words)), *file;

	if (!words || asprintf(&file, "/proc/%ld/fd/%d", (long)parent, config) < 0)
		_exit(126);
	memcpy(words, argv, (size_t)c->end * sizeof(*words));
	words[c->end] = (char *)"-f";
	words[c->end + 1] = file;
	/* Whoever kills the xl that it has started kills this process; then xl must end, too. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(126);
	_exit(how->become(how->xl, words));
}

static bool write_all(int fd, const struct text *t)
{
	size_t done = 0;

	while (done < t->len) {
		ssize_t r = write(fd, t->s + done, t->len - done);

		if (r < 0 && errno != EINTR)
			return false;
		done += r > 0 ? (size_t)r : 0;
	}
	return true;
}

/*
 * RLIMIT_FSIZE holds for a file in memory, too, and its signal would end this process without a
 * word. For xl the signal is what it was.
 */
static int in_memory(const struct text *t)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old;
	int fd = memfd_create("xl-config", MFD_CLOEXEC), why;
	bool ok;

	sigaction(SIGXFSZ, &ignore, &old);
	ok = fd >= 0 && write_all(fd, t);
	why = errno;
	sigaction(SIGXFSZ, &old, NULL);
	if (!ok && fd >= 0) {
		close(fd);
		fd = -1;
	}
	errno = why;
	return fd;
}

static void tell_watcher(const struct xlpt_create *c, int sock, pid_t pid)
{
	char line[32];
	int n = snprintf(line, sizeof(line), "%ld\n", c->leaves ? 0L : (long)pid);

	if (pid > 0 && (c->stays || c->leaves))
		send_all(sock, line, (size_t)n);
}

static int run_xl(const struct xlpt_create *c, char **argv, const struct text *answer, int sock,
		  const struct xlpt_create_how *how, const struct sigaction *chld)
{
	int config = in_memory(answer), status;
	pid_t self = getpid(), pid;

	if (config < 0) {
		fprintf(stderr, "xlpt: cannot hand the configuration to xl: %s%s\n",
			strerror(errno),
			errno == EFBIG ? "\n  to mend: raise the limit of a file's size (ulimit -f)"
				       : "");
		return STATUS_FAILED;
	}
	pid = fork();
	if (pid == 0) {
		catch_signals(false);
		sigaction(SIGCHLD, chld, NULL);
		become_xl(c, argv, config, how, self);
	}
	to = pid;
	tell_watcher(c, sock, pid);
	if (pid < 0)
		fprintf(stderr, "xlpt: cannot run xl: %s\n", strerror(errno));
	/* A signal came when xl did not run yet. */
	else if (came)
		kill(pid, came);
	status = pid < 0 ? STATUS_FAILED : wait_for(pid);
	close(config);
	return status;
}

int xlpt_create_run(const struct xlpt_create *c, int argc, char **argv,
		    const struct xlpt_create_how *how)
{
	struct text t = { 0 }, answer = { 0 };
	struct sigaction chld, def = { .sa_handler = SIG_DFL };
	int sock, status, of_xlpt;
	bool resolved;
	pid_t xlpt;

	if (!read_text(c, argc, argv, &t) || !xlpt_create_wants(t.s, t.len)) {
		free(t.s);
		return -1;
	}
	/* When the caller ignores SIGCHLD, our children would vanish without a status. */
	sigaction(SIGCHLD, &def, &chld);
	catch_signals(true);
	resolved = ask(c, how->xlpt, &t, &sock, &xlpt, &answer);
	status = resolved ? run_xl(c, argv, &answer, sock, how, &chld) : -1;
	to = 0;
	if (sock >= 0)
		close(sock);
	of_xlpt = wait_for(xlpt);
	free(t.s);
	free(answer.s);
	if (resolved)
		return end_as(status);
	/* In the form of a status: that signal ended it. */
	return came ? end_as(came) : refused(how->xlpt, of_xlpt);
}
