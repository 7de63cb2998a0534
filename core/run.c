/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starts a program, feeds it, reads what it prints, waits for it, and ends it in time. */
#include "core/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/run-paper.h"
#include "core/stop.h"

#define CHUNK	     (1u << 20)
#define NAP_MAX_MS   20 /* between two looks at a program that is waited for */
#define FEED_LOOK_MS 100
#define GRACE_MS     2000 /* from SIGTERM to SIGKILL */

void xlpt_run_dispose(struct xlpt_run *run)
{
	xlpt_str_dispose(&run->out);
	xlpt_str_dispose(&run->err);
}

/* ---- the child ---- */

struct job {
	struct xlpt_run *run;
	char *file, **envp;
	int in, out, err; /* its streams */
	off_t room;	  /* bytes of its answer that out takes */
	/* Pipes, or -1: we write what it is fed, and read along what it prints. */
	int feed[2], along[2];
	pid_t pid;
	bool ended;
	int64_t deadline;
};

/* Of the program alone. */
static void limit_memory(uint64_t max)
{
	struct rlimit limit;

	if (!max || getrlimit(RLIMIT_DATA, &limit) || limit.rlim_cur <= max)
		return;
	limit.rlim_cur = (rlim_t)max;
	setrlimit(RLIMIT_DATA, &limit);
}

/* After fork: nothing but system calls. */
static void become(const struct job *job)
{
	static const int ignored[] = { SIGINT, SIGHUP, SIGQUIT },
			 plain[] = { SIGTERM, SIGPIPE, SIGXFSZ, SIGCHLD };
	const struct xlpt_run *run = job->run;
	sigset_t none;
	int high[2];

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(plain); i++)
		signal(plain[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (!run->asks)
		setpgid(0, 0);
	/* These become 8 and 9, and may have any number now, even 9 and 8: first they go above. */
	for (int i = 0; i < 2; i++)
		high[i] = run->keep[i] >= 0 ? fcntl(run->keep[i], F_DUPFD_CLOEXEC, 10) : -1;
	if (dup2(job->in, 0) < 0 || dup2(job->out, 1) < 0 || dup2(job->err, 2) < 0)
		_exit(126);
	/* The copies are not close-on-exec. */
	for (int i = 0; i < 2; i++)
		if (run->keep[i] >= 0 && (high[i] < 0 || dup2(high[i], 8 + i) < 0))
			_exit(126);
	limit_memory(run->memory_max);
	execve(job->file, (char *const *)run->argv, job->envp);
	_exit(errno == ENOENT ? 127 : 126);
}

/* ---- watching it ---- */

static void nap(int64_t ms)
{
	xlpt_clock_real.sleep_ms(&xlpt_clock_real, ms);
}

/* Has it ended? Its status is kept. */
static bool reaped(struct job *job, bool wait)
{
	int status;
	pid_t r;

	if (job->ended)
		return true;
	while ((r = waitpid(job->pid, &status, wait ? 0 : WNOHANG)) < 0 && errno == EINTR && wait)
		;
	if (r == 0 || (r < 0 && errno == EINTR))
		return false;
	job->ended = true;
	job->run->status = r < 0	       ? 126
			   : WIFEXITED(status) ? WEXITSTATUS(status)
					       : 128 + WTERMSIG(status);
	return true;
}

static void end(struct job *job)
{
	int64_t deadline = xlpt_now(&xlpt_clock_real) + GRACE_MS;

	/* What it has started goes with it. */
	pid_t whom = job->run->asks ? job->pid : -job->pid;

	kill(whom, SIGTERM);
	while (!reaped(job, false) && xlpt_now(&xlpt_clock_real) < deadline)
		nap(NAP_MAX_MS);
	if (!job->ended || whom < 0)
		kill(whom, SIGKILL);
	reaped(job, true);
}

static bool too_long(const struct job *job)
{
	off_t at;

	if (!job->run->answer || job->run->out_fd >= 0 || job->run->reader)
		return false;
	at = lseek(job->out, 0, SEEK_CUR);
	return at > (off_t)XLPT_RUN_ANSWER_MAX || at >= job->room;
}

static int say_too_long(const struct job *job, struct xlpt_diag *diag)
{
	const char *name = job->run->argv[0];

	if (job->room > (off_t)XLPT_RUN_ANSWER_MAX) {
		xlpt_diag_set(diag, XLPT_ERR_DATA, "the answer of %s is longer than %u MiB", name,
			      XLPT_RUN_ANSWER_MAX >> 20);
		xlpt_diag_hint(diag, "run what it ran by hand and see what it prints");
	} else {
		xlpt_diag_set(diag, XLPT_ERR_DATA,
			      "the answer of %s is longer than a file may be here: %lld bytes "
			      "(ulimit -f)",
			      name, (long long)job->room);
		xlpt_diag_hint(diag, "%s", xlpt_size_hint());
	}
	xlpt_diag_fact(diag, "it is cut there, and an answer that is not whole is not used");
	return XLPT_ERR_DATA;
}

/* 0, or why it must not go on; the diagnosis is filled. */
static int judge(const struct job *job, struct xlpt_diag *diag)
{
	const struct xlpt_run *run = job->run;

	if (run->stoppable && xlpt_interrupted)
		return xlpt_check_interrupted(diag);
	if (run->timeout_ms && xlpt_now(&xlpt_clock_real) >= job->deadline) {
		xlpt_diag_set(diag, XLPT_ERR_TIMEOUT, "%s did not end within %lld s", run->argv[0],
			      (long long)(run->timeout_ms / 1000));
		xlpt_diag_hint(diag, "run what it ran by hand and see what it waits for");
		return XLPT_ERR_TIMEOUT;
	}
	return too_long(job) ? say_too_long(job, diag) : 0;
}

static int wait_for(struct job *job, struct xlpt_diag *diag)
{
	const struct xlpt_run_idle *idle = &job->run->idle;
	bool watched =
		job->run->stoppable || job->run->timeout_ms || job->run->answer || idle->look;
	int64_t ms = 1;
	int rc = 0;

	while (!reaped(job, !watched)) {
		if ((rc = judge(job, diag)))
			break;
		if (idle->look)
			idle->look(idle->ctx);
		nap(ms);
		ms = ms * 2 < NAP_MAX_MS ? ms * 2 : NAP_MAX_MS;
	}
	return rc ? rc : too_long(job) ? judge(job, diag) : 0;
}

/* ---- its input ---- */

/* Stops at the first refusal: the reader has ended, and its status says why. */
static int feed_all(struct job *job, int fd, const char *buf, size_t len, bool *broken,
		    struct xlpt_diag *diag)
{
	while (len && !*broken) {
		struct pollfd p = { .fd = fd, .events = POLLOUT };
		ssize_t r = write(fd, buf, len);
		int rc = judge(job, diag);

		if (rc)
			return rc;
		if (r < 0 && errno == EAGAIN) {
			if (job->run->idle.look)
				job->run->idle.look(job->run->idle.ctx);
			poll(&p, 1, FEED_LOOK_MS);
			/* One that it has started may hold the pipe and never read. */
			*broken = reaped(job, false);
			continue;
		}
		if (r < 0 && errno == EINTR)
			continue;
		*broken = r <= 0;
		buf += r > 0 ? r : 0;
		len -= r > 0 ? (size_t)r : 0;
	}
	return 0;
}

static int feed(struct job *job, int fd, struct xlpt_diag *diag)
{
	const struct xlpt_run *run = job->run;
	_cleanup_free_ char *buf = xlpt_xcalloc(1, CHUNK);
	off_t at = run->feed_at;
	bool broken = false;
	ssize_t r;
	int rc;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	rc = feed_all(job, fd, run->feed, run->feed_len, &broken, diag);
	while (rc == 0 && !broken && run->feed_fd >= 0) {
		r = pread(run->feed_fd, buf, CHUNK, at);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			break;
		rc = feed_all(job, fd, buf, (size_t)r, &broken, diag);
		at += r;
	}
	return rc;
}

/* ---- its output ---- */

/* While it runs. When the reader has enough, the program may still wait to write the rest. */
static int read_along(struct job *job, struct xlpt_diag *diag)
{
	struct xlpt_run *run = job->run;
	struct xlpt_stream s = { .fd = job->along[0],
				 .max = run->reader_max,
				 .deadline = run->timeout_ms ? job->deadline : 0 };
	int rc = run->reader(run->reader_ctx, &s, diag);

	kill(run->asks ? job->pid : -job->pid, SIGKILL);
	reaped(job, true);
	return rc;
}

static int run_job(struct job *job, struct xlpt_diag *diag)
{
	struct xlpt_run *run = job->run;
	void (*old)(int);
	int rc = 0;

	job->deadline = xlpt_now(&xlpt_clock_real) + run->timeout_ms;
	if (job->feed[1] >= 0) {
		old = signal(SIGPIPE, SIG_IGN);
		rc = feed(job, job->feed[1], diag);
		xlpt_closep(&job->feed[1]);
		signal(SIGPIPE, old);
	}
	if (rc == 0)
		rc = run->reader ? read_along(job, diag) : wait_for(job, diag);
	if (rc && !job->ended)
		end(job);
	if (run->out_fd < 0 && !run->reader && rc == 0)
		xlpt_run_collect(job->out, run->answer, &run->out);
	xlpt_run_collect(job->err, false, &run->err);
	if (rc && diag)
		xlpt_diag_add_log(diag, run->err.s);
	return rc;
}

static int cannot(const struct xlpt_run *run, struct xlpt_diag *diag)
{
	xlpt_diag_errno(diag, XLPT_ERR_IO, errno, "cannot run %s", run->argv[0]);
	xlpt_diag_hint(diag, "see what of this process is used up: descriptors, memory, processes");
	return XLPT_ERR_IO;
}

/* Forks, and sees the program through to its end. */
static int start(struct job *job, struct xlpt_diag *diag)
{
	struct sigaction old, plain = { .sa_handler = SIG_DFL };
	int rc;

	/* A caller that ignores SIGCHLD would have our child vanish unseen. */
	sigaction(SIGCHLD, NULL, &old);
	if (old.sa_handler == SIG_IGN)
		sigaction(SIGCHLD, &plain, NULL);
	job->pid = fork();
	if (job->pid == 0)
		become(job);
	/* The child does the same: it is done by whoever of the two comes first. */
	if (job->pid > 0 && !job->run->asks)
		setpgid(job->pid, job->pid);
	/* The child's ends: while we hold them, we cannot see that it has closed them. */
	xlpt_closep(&job->feed[0]);
	xlpt_closep(&job->along[1]);
	if (job->pid < 0) {
		job->run->status = 127;
		rc = cannot(job->run, diag);
	} else {
		rc = run_job(job, diag);
	}
	if (old.sa_handler == SIG_IGN)
		sigaction(SIGCHLD, &old, NULL);
	return rc;
}

#define PATH_IS "PATH="

/* "PATH=..." as the program gets it. Caller frees. */
static char *path_entry(void)
{
	_cleanup_free_ char *path = xlpt_run_path();

	return xlpt_xasprintf(PATH_IS "%s", path);
}

int xlpt_run_program(struct xlpt_run *run, struct xlpt_diag *diag)
{
	_cleanup_free_ char *entry = path_entry();
	_cleanup_free_ char *file = xlpt_run_find(run->argv[0], entry + strlen(PATH_IS));
	_cleanup_free_ char **envp = xlpt_run_environment(entry);
	off_t room, err_room;
	/* After the search, which has an errno of its own. */
	_cleanup_close_ int out = xlpt_run_paper("out", run->answer, &room),
			    err = xlpt_run_paper("err", false, &err_room),
			    null = open("/dev/null", O_RDWR | O_CLOEXEC);
	bool fed = run->feed || run->feed_fd >= 0;
	struct job job = { .run = run,
			   .file = file,
			   .envp = envp,
			   .err = err,
			   .room = room,
			   .feed = { -1, -1 },
			   .along = { -1, -1 } };
	int rc = 0;

	if (out < 0 || err < 0 || null < 0 || (fed && pipe2(job.feed, O_CLOEXEC)) ||
	    (run->reader && pipe2(job.along, O_CLOEXEC))) {
		rc = cannot(run, diag);
	} else if (!file) {
		run->status = 127;
	} else {
		job.in = fed ? job.feed[0] : run->in_fd >= 0 ? run->in_fd : null;
		job.out = run->reader ? job.along[1] : run->out_fd >= 0 ? run->out_fd : out;
		rc = start(&job, diag);
	}
	for (int i = 0; i < 2; i++) {
		xlpt_closep(&job.feed[i]);
		xlpt_closep(&job.along[i]);
	}
	return rc;
}
