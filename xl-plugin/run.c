/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEPT_OUTPUT 65536
#define CHUNK (1u << 20)

void xlpt_run_dispose(struct xlpt_run *run)
{
	xlpt_str_dispose(&run->out);
	xlpt_str_dispose(&run->err);
}

/* After fork: nothing but system calls. */
static void become(const struct xlpt_run *run, int in, int out, int err)
{
	static const int ignored[] = { SIGINT, SIGHUP, SIGQUIT };
	int high[2];

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	/* What is to be 8 and 9 may be anything now, 9 and 8 included: out of the way first. */
	for (int i = 0; i < 2; i++)
		high[i] = run->keep[i] >= 0 ? fcntl(run->keep[i], F_DUPFD_CLOEXEC, 10) : -1;
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(126);
	/* The copies are not close-on-exec. */
	for (int i = 0; i < 2; i++)
		if (run->keep[i] >= 0 && (high[i] < 0 || dup2(high[i], 8 + i) < 0))
			_exit(126);
	execvp(run->argv[0], (char *const *)run->argv);
	/* cron's PATH has no sbin. */
	if (errno == ENOENT && !strcmp(run->argv[0], "xl")) {
		execv("/usr/sbin/xl", (char *const *)run->argv);
		execv("/usr/local/sbin/xl", (char *const *)run->argv);
	}
	_exit(127);
}

/* Stops at the first refusal: the reader has ended, and its status says why. */
static void feed_all(int fd, const char *buf, size_t len, bool *broken)
{
	while (len && !*broken) {
		ssize_t r = write(fd, buf, len);

		if (r < 0 && errno == EINTR)
			continue;
		*broken = r <= 0;
		buf += r > 0 ? r : 0;
		len -= r > 0 ? (size_t)r : 0;
	}
}

static void feed(const struct xlpt_run *run, int fd)
{
	_cleanup_free_ char *buf = xlpt_xcalloc(1, CHUNK);
	off_t at = run->feed_at;
	bool broken = false;
	ssize_t r;

	feed_all(fd, run->feed, run->feed_len, &broken);
	while (!broken && run->feed_fd >= 0) {
		r = pread(run->feed_fd, buf, CHUNK, at);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return;
		feed_all(fd, buf, (size_t)r, &broken);
		at += r;
	}
}

static void collect(int fd, struct xlpt_str *out)
{
	off_t size = lseek(fd, 0, SEEK_END), at = size > KEPT_OUTPUT ? size - KEPT_OUTPUT : 0;
	char buf[4096];
	ssize_t r;

	while ((r = pread(fd, buf, sizeof(buf), at)) > 0) {
		/* It is printed: a NUL would end it early. */
		for (ssize_t i = 0; i < r; i++)
			buf[i] = buf[i] ? buf[i] : ' ';
		xlpt_str_addn(out, buf, (size_t)r);
		at += r;
	}
	while (out->len && out->s[out->len - 1] == '\n')
		out->s[--out->len] = '\0';
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 126;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int xlpt_run_program(struct xlpt_run *run, struct xlpt_diag *diag)
{
	/* Memory files: a daemon that the program leaves behind does not keep us waiting. */
	_cleanup_close_ int out = memfd_create("out", MFD_CLOEXEC);
	_cleanup_close_ int err = memfd_create("err", MFD_CLOEXEC);
	_cleanup_close_ int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	bool fed = run->feed || run->feed_fd >= 0;
	int in[2] = { -1, -1 };
	void (*old)(int);
	pid_t pid;

	if (out < 0 || err < 0 || null < 0 || (fed && pipe2(in, O_CLOEXEC)))
		return xlpt_diag_errno(diag, XLPT_ERR_IO, errno, "cannot run %s", run->argv[0]);
	pid = fork();
	if (pid == 0)
		become(run, fed ? in[0] : null, out, err);
	xlpt_closep(&in[0]);
	if (pid < 0) {
		xlpt_closep(&in[1]);
		return xlpt_diag_errno(diag, XLPT_ERR_IO, errno, "cannot run %s", run->argv[0]);
	}
	if (fed) {
		old = signal(SIGPIPE, SIG_IGN);
		feed(run, in[1]);
		xlpt_closep(&in[1]);
		signal(SIGPIPE, old);
	}
	run->status = wait_for(pid);
	collect(out, &run->out);
	collect(err, &run->err);
	return 0;
}
