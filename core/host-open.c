/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Opening below a root (core/host.h): no link and no ".." leads out of it, and of a captured
 * tree nothing but regular files and directories is opened.
 */
#include "core/host-open.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OPEN_TRIES 1000

#define LINKS_MAX 40 /* as the kernel's own limit (MAXSYMLINKS) */

#define DEPTH_MAX 256

static int go_down(int stack[DEPTH_MAX], int *depth, const char *part)
{
	int fd;

	if (*depth + 1 == DEPTH_MAX)
		return -ENAMETOOLONG;
	fd = openat(stack[*depth], part, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	stack[++*depth] = fd;
	return 0;
}

/*
 * The same by hand, a component at a time, for kernels before 5.6 (dom0s still
 * run them) and for valgrind, which lacks openat2. No component is followed by
 * the kernel: what a link says is taken apart here, and ".." stops at the root.
 */
static int walk_in_root(struct xlpt_host *h, const char *path, int flags, mode_t mode)
{
	_cleanup_free_ char *rest = xlpt_xstrdup(path);
	int stack[DEPTH_MAX], depth = 0, links = 0, fd = -ENOENT;

	stack[0] = dup(h->rootfd);
	if (stack[0] < 0)
		return -errno;
	for (;;) {
		char *name = rest + strspn(rest, "/"), *end = name + strcspn(name, "/");
		bool last = end[strspn(end, "/")] == '\0';
		_cleanup_free_ char *part = xlpt_xstrndup(name, (size_t)(end - name)), *next = NULL;
		char text[4096];
		ssize_t n;

		if (!*part || !strcmp(part, ".") || !strcmp(part, "..")) {
			if (!strcmp(part, "..") && depth)
				close(stack[depth--]);
			next = xlpt_xstrdup(last ? "" : end);
			if (last) {
				fd = openat(stack[depth], ".", flags | O_CLOEXEC, mode);
				break;
			}
			free(rest);
			rest = XLPT_TAKE(next);
			continue;
		}
		n = readlinkat(stack[depth], part, text, sizeof(text) - 1);
		if (n >= 0 && !(last && flags & O_NOFOLLOW)) {
			text[n] = '\0';
			fd = -ELOOP;
			if (++links > LINKS_MAX)
				goto out;
			if (*text == '/')
				while (depth)
					close(stack[depth--]);
			next = xlpt_xasprintf("%s/%s", text, last ? "" : end);
			free(rest);
			rest = XLPT_TAKE(next);
			continue;
		}
		if (last) {
			fd = openat(stack[depth], part, flags | O_NOFOLLOW | O_CLOEXEC, mode);
			break;
		}
		fd = go_down(stack, &depth, part);
		if (fd < 0)
			goto out;
		next = xlpt_xstrdup(end);
		free(rest);
		rest = XLPT_TAKE(next);
	}
	if (fd < 0)
		fd = -errno;
out:
	while (depth >= 0)
		close(stack[depth--]);
	return fd;
}

int xlpt_host_starved;

static int noted(int r)
{
	if (r == -EMFILE || r == -ENFILE || r == -ENOMEM)
		xlpt_host_starved = -r;
	return r;
}

/* Whether EPERM of openat2(2) was about the file: the root itself can always be looked at. */
static bool allowed(struct xlpt_host *h)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	_cleanup_close_ int fd = (int)syscall(SYS_openat2, h->rootfd, ".", &how, sizeof(how));
	int err = errno;

	errno = EPERM;
	return fd >= 0 || err != EPERM;
}

int xlpt_host_open_inside(struct xlpt_host *h, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.mode = flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? mode : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	static bool lacks_openat2, has_openat2;
	int fd, tries = 0;

	if (lacks_openat2)
		return noted(walk_in_root(h, path, flags, mode));
	/*
	 * Resolved inside a root, ".." gives EAGAIN when anything anywhere was renamed
	 * or mounted meanwhile (fs/namei.c, handle_dots), and every link below
	 * /sys/bus/pci/devices has "..".
	 */
	do {
		fd = (int)syscall(SYS_openat2, h->rootfd, path, &how, sizeof(how));
	} while (fd < 0 && errno == EAGAIN && ++tries < OPEN_TRIES);
	if (fd >= 0) {
		has_openat2 = true;
		return fd;
	}
	/* Container runtimes' filters answer EPERM for a call that they do not know. */
	if (errno != ENOSYS && (errno != EPERM || has_openat2 || allowed(h)))
		return noted(-errno);
	lacks_openat2 = true;
	return noted(walk_in_root(h, path, flags, mode));
}

int xlpt_host_open_there(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	return fd < 0 ? noted(-errno) : fd;
}

int xlpt_host_regular_or_dir(int fd, struct stat *st)
{
	if (fstat(fd, st))
		return -errno;
	return S_ISREG(st->st_mode) || S_ISDIR(st->st_mode) ? 0 : -EMEDIUMTYPE;
}

/*
 * A captured tree may hold anything. Opening a device node can already do something,
 * and opening a FIFO waits for its other end. O_PATH opens neither, and /proc/self/fd
 * leads to what was looked at.
 */
int xlpt_host_open_looked_at(struct xlpt_host *h, const char *path, int flags)
{
	_cleanup_close_ int probe = xlpt_host_open_inside(h, path, O_PATH | (flags & O_NOFOLLOW),
							  0),
			    fd = -1;
	struct stat st, now;
	char self[32];
	int r;

	if (probe < 0)
		return probe;
	r = xlpt_host_regular_or_dir(probe, &st);
	/* A link that is not followed: open(2) says what it says of it. */
	if (r < 0)
		return S_ISLNK(st.st_mode) ? -ELOOP : r;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", probe);
	fd = open(self, (flags & ~O_NOFOLLOW) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT)
		return noted(-errno);
	/* Without /proc by name again; then it has to be the same. */
	if (fd < 0)
		fd = xlpt_host_open_inside(h, path, flags | O_NONBLOCK | O_NOCTTY, 0);
	r = fd < 0 ? fd : xlpt_host_regular_or_dir(fd, &now);
	if (r == 0 && (st.st_dev != now.st_dev || st.st_ino != now.st_ino))
		r = -ESTALE;
	if (r < 0)
		return r;
	r = fd;
	fd = -1;
	return r;
}
