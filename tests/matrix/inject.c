/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/matrix/inject.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/util.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#define TIME_MS 20000
#define MEMORY	(2ull << 30)

enum { OPENS = 1, CHANGES = 2, ROOM = 4, MAKES_FD = 8, START = 16, WRITES = 32 };

static const struct {
	int nr;
	const char *name;
	unsigned is; /* OPENS: the flags say what else */
} calls[] = {
/* clang-format off */
#define CALL(name, is) { __NR_##name, #name, is }
	/* clang-format on */
	/* The first thing that main does: is descriptor 0 open? */
	CALL(fcntl, START),
#ifdef __NR_open
	CALL(open, OPENS),
	CALL(creat, CHANGES | ROOM | MAKES_FD),
	CALL(rename, CHANGES | ROOM),
	CALL(link, CHANGES | ROOM),
	CALL(symlink, CHANGES | ROOM),
	CALL(unlink, CHANGES),
	CALL(rmdir, CHANGES),
	CALL(mkdir, CHANGES | ROOM),
	CALL(chmod, CHANGES),
	CALL(chown, CHANGES),
	CALL(lchown, CHANGES),
	CALL(mknod, CHANGES | ROOM),
	CALL(renameat, CHANGES | ROOM),
	CALL(pipe, MAKES_FD),
	CALL(dup2, MAKES_FD),
#endif
	CALL(openat, OPENS),
	CALL(openat2, OPENS),
	CALL(write, CHANGES | ROOM | WRITES),
	CALL(writev, CHANGES | ROOM | WRITES),
	CALL(pwrite64, CHANGES | ROOM | WRITES),
	CALL(sendfile, CHANGES | ROOM | WRITES),
	CALL(copy_file_range, CHANGES | ROOM | WRITES),
	CALL(renameat2, CHANGES | ROOM),
	CALL(linkat, CHANGES | ROOM),
	CALL(symlinkat, CHANGES | ROOM),
	CALL(unlinkat, CHANGES),
	CALL(mkdirat, CHANGES | ROOM),
	CALL(mknodat, CHANGES | ROOM),
	CALL(fchmod, CHANGES),
	CALL(fchmodat, CHANGES),
	CALL(fchown, CHANGES),
	CALL(fchownat, CHANGES),
	CALL(truncate, CHANGES | ROOM),
	CALL(ftruncate, CHANGES | ROOM),
	CALL(fallocate, CHANGES | ROOM),
	CALL(fsync, CHANGES | ROOM),
	CALL(fdatasync, CHANGES | ROOM),
	CALL(utimensat, CHANGES),
	CALL(socket, MAKES_FD),
	CALL(pipe2, MAKES_FD),
	CALL(dup, MAKES_FD),
	CALL(dup3, MAKES_FD),
	CALL(memfd_create, MAKES_FD),
	CALL(epoll_create1, MAKES_FD),
	CALL(inotify_init1, MAKES_FD),
#undef CALL
};

const char *inject_name(enum inject kind)
{
	static const char *const names[N_INJECTS] = {
		[INJECT_NOTHING] = "nothing",  [INJECT_KILL] = "kill -9",
		[INJECT_INT] = "SIGINT",       [INJECT_TERM] = "SIGTERM",
		[INJECT_HUP] = "SIGHUP",       [INJECT_ENOSPC] = "ENOSPC",
		[INJECT_EFBIG] = "SIGXFSZ",    [INJECT_EIO] = "EIO",
		[INJECT_EMFILE] = "EMFILE",    [INJECT_CLOSED] = "closed output",
		[INJECT_FULL] = "full output",
	};

	return names[kind];
}

/* ---- the program's side ---- */

static int listen_to_calls(void)
{
	struct sock_filter code[XLPT_ARRAY_SIZE(calls) + 3];
	struct sock_fprog prog = { .filter = code };
	size_t n = XLPT_ARRAY_SIZE(calls), k = 0;

	code[k++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < n; i++)
		code[k++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i].nr, (uint8_t)(n - i), 0);
	code[k++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[k++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	prog.len = (unsigned short)k;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	/* A signal waits until the call that it comes in has been made: as if it came a moment later. */
	return (int)syscall(
		SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &prog);
}

static int pass_fd(int sock, int fd)
{
	char buf[CMSG_SPACE(sizeof(int))] = "", byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = buf, .msg_controllen = sizeof(buf)
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	if (fd < 0) {
		if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) != 1 || !(c = CMSG_FIRSTHDR(&msg)))
			return -1;
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
		return fd;
	}
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(sock, &msg, 0) == 1 ? 0 : -1;
}

static void become(const char *root, char *const argv[], enum inject kind, const int streams[2],
		   int sock)
{
	char *const envp[] = {
		(char[]){ "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
		(char[]){ "LC_ALL=C" }, (char[]){ "HOME=/root" }, NULL
	};
	struct rlimit memory = { MEMORY, MEMORY }, cpu = { 20, 20 };
	int fd = open("/dev/null", O_RDWR), full = open("/dev/full", O_WRONLY);

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	setrlimit(RLIMIT_AS, &memory);
	setrlimit(RLIMIT_CPU, &cpu);
	if (setpgid(0, 0) || chroot(root) || chdir("/") || dup2(fd, 0) < 0 ||
	    dup2(kind == INJECT_FULL ? full : streams[0], 1) < 0 || dup2(streams[1], 2) < 0)
		_exit(125);
	if (kind == INJECT_CLOSED)
		close(1);
	if (sock >= 0) {
		fd = listen_to_calls();
		if (fd < 0 || pass_fd(sock, fd))
			_exit(124);
		close(fd);
		close(sock);
	}
	for (int i = 3; i < 64; i++)
		fcntl(i, F_SETFD, FD_CLOEXEC);
	execve(argv[0], argv, envp);
	_exit(127);
}

/* ---- our side ---- */

struct watch {
	pid_t main;
	enum inject kind;
	unsigned left; /* calls until the one that is meant */
	bool begun;    /* main has been reached */
	struct outcome *o;
};

static void read_mem(pid_t pid, uint64_t at, void *buf, size_t size)
{
	struct iovec here = { buf, size }, there = { (void *)(uintptr_t)at, size };

	/* A path may end right before memory that is not there. */
	while (here.iov_len && process_vm_readv(pid, &here, 1, &there, 1, 0) < 0)
		here.iov_len = there.iov_len = here.iov_len / 2;
}

/* What the call is, and how it is called in a message. */
static unsigned kind_of(const struct seccomp_notif *n, char name[64])
{
	size_t i = 0;
	bool at = n->data.nr == __NR_openat || n->data.nr == __NR_openat2;
	uint64_t flags = n->data.args[at ? 2 : 1];
	char path[256] = "";
	struct open_how how = { 0 };

	while (calls[i].nr != n->data.nr)
		i++;
	snprintf(name, 64, "%s", calls[i].name);
	if (calls[i].is != OPENS)
		return calls[i].is;
	if (n->data.nr == __NR_openat2) {
		read_mem((pid_t)n->pid, flags, &how, sizeof(how));
		flags = how.flags;
	}
	read_mem((pid_t)n->pid, n->data.args[at ? 1 : 0], path, sizeof(path) - 1);
	snprintf(name, 64, "%s %.40s", calls[i].name,
		 strlen(path) > 40 ? path + strlen(path) - 40 : path);
	if (flags & (O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY)))
		return CHANGES | ROOM | MAKES_FD;
	return MAKES_FD;
}

static bool concerns(enum inject kind, unsigned is)
{
	switch (kind) {
	case INJECT_KILL:
	case INJECT_INT:
	case INJECT_TERM:
	case INJECT_HUP:
	case INJECT_EIO:
		return is & CHANGES;
	case INJECT_ENOSPC:
		return is & ROOM;
	case INJECT_EFBIG:
		return is & WRITES;
	case INJECT_EMFILE:
		return is & MAKES_FD;
	default:
		return false;
	}
}

/* Fills the answer; false when there is nobody to be answered any more. */
static bool decide(struct watch *w, const struct seccomp_notif *n, struct seccomp_notif_resp *r)
{
	char name[64];
	unsigned is = kind_of(n, name);

	w->begun |= (is & START) && n->data.args[1] == F_GETFD;
	r->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	if (!w->begun || !concerns(w->kind, is) || !w->left || --w->left)
		return true;
	w->o->met = true;
	memcpy(w->o->call, name, sizeof(name));
	switch (w->kind) {
	case INJECT_KILL:
		kill(w->main, SIGKILL);
		return (pid_t)n->pid != w->main;
	case INJECT_INT:
	case INJECT_TERM:
	case INJECT_HUP:
		kill(w->main, w->kind == INJECT_INT    ? SIGINT
			      : w->kind == INJECT_TERM ? SIGTERM
						       : SIGHUP);
		return true;
	default:
		r->flags = 0;
		/* As the kernel does it (mm/filemap.c, generic_write_check_limits). */
		if (w->kind == INJECT_EFBIG)
			kill((pid_t)n->pid, SIGXFSZ);
		r->error = w->kind == INJECT_ENOSPC  ? -ENOSPC
			   : w->kind == INJECT_EFBIG ? -EFBIG
			   : w->kind == INJECT_EIO   ? -EIO
						     : -EMFILE;
		return true;
	}
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void reap(struct watch *w, int flags)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, flags)) > 0)
		if (pid == w->main)
			w->o->status =
				WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Until all who have the filter have ended. */
static bool watch(struct watch *w, int listener)
{
	int64_t deadline = now_ms() + TIME_MS;
	struct pollfd p = { .fd = listener, .events = POLLIN };

	while (now_ms() < deadline) {
		struct seccomp_notif n = { 0 };
		struct seccomp_notif_resp r = { 0 };

		/* What has ended is reaped, or the kernel keeps its filter and says nothing. */
		if (poll(&p, 1, 2) <= 0) {
			reap(w, WNOHANG);
			continue;
		}
		if (p.revents & POLLHUP) {
			reap(w, 0);
			return true;
		}
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &n))
			continue;
		r.id = n.id;
		if (decide(w, &n, &r))
			ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &r);
	}
	return false;
}

static char *text_of(int fd)
{
	struct xlpt_str s = { 0 };
	char buf[4096];
	ssize_t n;

	for (off_t at = 0; (n = pread(fd, buf, sizeof(buf), at)) > 0 && at < 1 << 20; at += n)
		xlpt_str_addn(&s, buf, (size_t)n);
	close(fd);
	xlpt_str_add(&s, "");
	return xlpt_str_take(&s);
}

static void end_children(struct watch *w)
{
	while (waitpid(-1, NULL, WNOHANG) == 0) {
		/* Closing the listener has made their calls fail: they end. */
		kill(w->main, SIGKILL);
		kill(-w->main, SIGKILL);
		usleep(1000);
	}
}

int inject_run(const char *root, char *const argv[], enum inject kind, unsigned nth,
	       struct outcome *o)
{
	int streams[2] = { memfd_create("out", MFD_CLOEXEC), memfd_create("err", MFD_CLOEXEC) },
	    socks[2], listener;
	struct watch w = { .kind = kind, .left = nth, .o = o };
	bool ended;

	*o = (struct outcome){ .status = -1 };
	/* What it leaves running becomes ours, and is ended. */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks))
		return -1;
	w.main = fork();
	if (w.main == 0)
		become(root, argv, kind, streams, socks[1]);
	close(socks[1]);
	listener = w.main > 0 ? pass_fd(socks[0], -1) : -1;
	close(socks[0]);
	ended = listener >= 0 && watch(&w, listener);
	if (listener >= 0)
		close(listener);
	if (!ended) {
		end_children(&w);
		o->status = -1;
	}
	o->out = text_of(streams[0]);
	o->err = text_of(streams[1]);
	return listener >= 0 ? 0 : -1;
}

void inject_dispose(struct outcome *o)
{
	free(o->out);
	free(o->err);
	*o = (struct outcome){ 0 };
}
