/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TEXT_MAX   (64 * 1024)
#define OPEN_TRIES 1000
#define READ_PIECE (64 * 1024)

#define LINKS_MAX 40 /* as the kernel's own limit (MAXSYMLINKS) */

/*
 * The same by hand, a component at a time, for kernels before 5.6 (dom0s still
 * run them) and for valgrind, which lacks openat2. No component is followed by
 * the kernel: what a link says is taken apart here, and ".." stops at the root.
 */
static int walk_in_root(struct xlpt_host *h, const char *path, int flags, mode_t mode)
{
	_cleanup_free_ char *rest = xlpt_xstrdup(path);
	int stack[256], depth = 0, links = 0, fd = -ENOENT;

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
		fd = -ENAMETOOLONG;
		if (depth + 1 == XLPT_ARRAY_SIZE(stack))
			goto out;
		fd = openat(stack[depth], part, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			break;
		stack[++depth] = fd;
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

static int open_in_root(struct xlpt_host *h, const char *path, int flags, mode_t mode)
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

static int regular_or_dir(int fd, struct stat *st)
{
	if (fstat(fd, st))
		return -errno;
	return S_ISREG(st->st_mode) || S_ISDIR(st->st_mode) ? 0 : -EMEDIUMTYPE;
}

/*
 * What a captured tree holds is nobody's word: of a device node already the
 * opening can do something, and a FIFO waits for its other end. O_PATH opens
 * neither, and /proc/self/fd leads to what was looked at.
 */
static int open_looked_at(struct xlpt_host *h, const char *path, int flags)
{
	_cleanup_close_ int probe = open_in_root(h, path, O_PATH | (flags & O_NOFOLLOW), 0),
			    fd = -1;
	struct stat st, now;
	char self[32];
	int r;

	if (probe < 0)
		return probe;
	r = regular_or_dir(probe, &st);
	/* A link that is not followed: open(2) says what it says of it. */
	if (r < 0)
		return S_ISLNK(st.st_mode) ? -ELOOP : r;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", probe);
	fd = open(self, (flags & ~O_NOFOLLOW) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT)
		return noted(-errno);
	/* Without /proc by name again; then it has to be the same. */
	if (fd < 0)
		fd = open_in_root(h, path, flags | O_NONBLOCK | O_NOCTTY, 0);
	r = fd < 0 ? fd : regular_or_dir(fd, &now);
	if (r == 0 && (st.st_dev != now.st_dev || st.st_ino != now.st_ino))
		r = -ESTALE;
	if (r < 0)
		return r;
	r = fd;
	fd = -1;
	return r;
}

static int real_open(struct xlpt_host *h, const char *path, int flags, mode_t mode)
{
	/* Making a file, or only looking, opens nothing that is there. */
	if (h->live || flags & (O_PATH | O_CREAT | O_DIRECTORY))
		return open_in_root(h, path, flags, mode);
	return open_looked_at(h, path, flags);
}

static ssize_t real_read(struct xlpt_host *h, const char *path, void *buf, size_t size)
{
	_cleanup_close_ int fd = h->live ? open_in_root(h, path, O_RDONLY | O_NONBLOCK, 0)
					 : open_looked_at(h, path, O_RDONLY);
	struct stat st;
	size_t done = 0;
	int r0 = fd < 0 ? fd : regular_or_dir(fd, &st);

	if (r0 < 0)
		return r0;
	while (done < size) {
		/*
		 * In pieces: /proc/sys allocates as much as is asked for, and has ENOMEM above
		 * 4 MiB (fs/proc/proc_sysctl.c, proc_sys_call_handler).
		 */
		size_t piece = size - done < READ_PIECE ? size - done : READ_PIECE;
		ssize_t r = read(fd, (char *)buf + done, piece);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return done ? (ssize_t)done : -errno;
		if (r == 0)
			break;
		done += (size_t)r;
	}
	return (ssize_t)done;
}

static int real_write(struct xlpt_host *h, const char *path, const void *buf, size_t len)
{
	_cleanup_close_ int fd = real_open(h, path, O_WRONLY, 0);
	ssize_t r;

	if (fd < 0)
		return fd;
	do {
		r = write(fd, buf, len);
	} while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	return (size_t)r == len ? 0 : -EIO;
}

static int real_write_at(struct xlpt_host *h, const char *path, const void *buf, size_t len,
			 off_t at)
{
	_cleanup_close_ int fd = real_open(h, path, O_WRONLY, 0);
	ssize_t r;

	if (fd < 0)
		return fd;
	do {
		r = pwrite(fd, buf, len, at);
	} while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	return (size_t)r == len ? 0 : -EIO;
}

static ssize_t real_readlink(struct xlpt_host *h, const char *path, char *buf, size_t size)
{
	_cleanup_close_ int fd = open_in_root(h, path, O_PATH | O_NOFOLLOW, 0);
	ssize_t r;

	if (fd < 0)
		return fd;
	r = readlinkat(fd, "", buf, size - 1);
	if (r < 0)
		return errno == ENOENT ? -EINVAL : -errno; /* not a link */
	buf[r] = '\0';
	return r;
}

static int real_list(struct xlpt_host *h, const char *path, char ***names)
{
	size_t n = 0, alloc = 0;
	char **v = NULL;
	struct dirent *de;
	DIR *dir;
	int fd, r;

	*names = NULL;
	fd = open_in_root(h, path, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		int err = -errno;

		close(fd);
		return err;
	}
	while (errno = 0, (de = readdir(dir))) {
		if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, ".."))
			continue;
		XLPT_GROW(v, n, alloc);
		v[n++] = xlpt_xstrdup(de->d_name);
	}
	r = -errno;
	closedir(dir);
	XLPT_GROW(v, n, alloc);
	v[n] = NULL;
	if (r) {
		xlpt_strv_free(v);
		return r;
	}
	xlpt_strv_sort(v);
	*names = v;
	return 0;
}

static int real_exists(struct xlpt_host *h, const char *path)
{
	_cleanup_close_ int fd = open_in_root(h, path, O_PATH | O_NOFOLLOW, 0);

	return fd < 0 ? fd : 0;
}

/* Descriptor of the directory a path lies in, so that its last component can be acted on. */
static int open_parent(struct xlpt_host *h, const char *path, const char **base)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *dir = NULL;

	*base = slash ? slash + 1 : path;
	dir = slash && slash != path ? xlpt_xstrndup(path, (size_t)(slash - path))
				     : xlpt_xstrdup("/");
	return open_in_root(h, dir, O_PATH | O_DIRECTORY, 0);
}

static int real_mkdir(struct xlpt_host *h, const char *path, mode_t mode)
{
	const char *base;
	_cleanup_close_ int dir = open_parent(h, path, &base);

	if (dir < 0)
		return dir;
	return mkdirat(dir, base, mode) ? -errno : 0;
}

static int real_unlink(struct xlpt_host *h, const char *path)
{
	const char *base;
	_cleanup_close_ int dir = open_parent(h, path, &base);

	if (dir < 0)
		return dir;
	return unlinkat(dir, base, 0) ? -errno : 0;
}

static int real_rename(struct xlpt_host *h, const char *from, const char *to)
{
	const char *from_base, *to_base;
	_cleanup_close_ int from_dir = open_parent(h, from, &from_base);
	_cleanup_close_ int to_dir = open_parent(h, to, &to_base);

	if (from_dir < 0)
		return from_dir;
	if (to_dir < 0)
		return to_dir;
	return renameat(from_dir, from_base, to_dir, to_base) ? -errno : 0;
}

static int real_symlink(struct xlpt_host *h, const char *target, const char *path)
{
	const char *base;
	_cleanup_close_ int dir = open_parent(h, path, &base);

	if (dir < 0)
		return dir;
	return symlinkat(target, dir, base) ? -errno : 0;
}

static int real_rmdir(struct xlpt_host *h, const char *path)
{
	const char *base;
	_cleanup_close_ int dir = open_parent(h, path, &base);

	if (dir < 0)
		return dir;
	return unlinkat(dir, base, AT_REMOVEDIR) ? -errno : 0;
}

const struct xlpt_host_ops xlpt_host_real_ops = {
	.read = real_read,
	.write = real_write,
	.write_at = real_write_at,
	.readlink = real_readlink,
	.list = real_list,
	.exists = real_exists,
	.open = real_open,
	.mkdir = real_mkdir,
	.unlink = real_unlink,
	.rename = real_rename,
	.symlink = real_symlink,
	.rmdir = real_rmdir,
};

int xlpt_host_open(struct xlpt_host *h, const char *root)
{
	int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	*h = (struct xlpt_host){ .rootfd = -1 };
	if (fd < 0)
		return -errno;
	h->ops = &xlpt_host_real_ops;
	h->root = xlpt_xstrdup(root);
	h->rootfd = fd;
	h->live = !strcmp(root, "/");
	return 0;
}

void xlpt_host_close(struct xlpt_host *h)
{
	if (!h->ops)
		return;
	xlpt_closep(&h->rootfd);
	free(h->root);
	*h = (struct xlpt_host){ .rootfd = -1 };
}

#define FORMAT_PATH(path, fmt)                    \
	_cleanup_free_ char *path = NULL;         \
	do {                                      \
		va_list ap_;                      \
		va_start(ap_, fmt);               \
		path = xlpt_xvasprintf(fmt, ap_); \
		va_end(ap_);                      \
	} while (0)

static int read_text(struct xlpt_host *h, const char *path, char **out)
{
	/* sysfs and procfs report sizes that are not those of the text: read, don't stat. */
	size_t size = 4096;

	*out = NULL;
	for (;;) {
		char *buf = xlpt_xcalloc(1, size + 1);
		ssize_t r = h->ops->read(h, path, buf, size);

		if (r < 0) {
			free(buf);
			return (int)r;
		}
		/* Half a file is worse than none: /proc/mounts without the last line. */
		if (r > TEXT_MAX) {
			free(buf);
			return -EFBIG;
		}
		if ((size_t)r < size) {
			if (r && buf[r - 1] == '\n')
				buf[r - 1] = '\0';
			*out = buf;
			return 0;
		}
		free(buf);
		size = TEXT_MAX + 1;
	}
}

int xlpt_host_read_text(struct xlpt_host *h, char **out, const char *fmt, ...)
{
	FORMAT_PATH(path, fmt);
	return read_text(h, path, out);
}

int xlpt_host_read_long(struct xlpt_host *h, long long *out, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	char *end;
	int r;

	FORMAT_PATH(path, fmt);
	r = read_text(h, path, &text);
	if (r < 0)
		return r;
	errno = 0;
	*out = strtoll(text, &end, 0);
	if (end == text || *xlpt_chomp(end) || errno)
		return -EINVAL;
	return 0;
}

int xlpt_host_link_name(struct xlpt_host *h, char **out, const char *fmt, ...)
{
	char buf[4096];
	const char *slash;
	ssize_t r;

	*out = NULL;
	FORMAT_PATH(path, fmt);
	r = h->ops->readlink(h, path, buf, sizeof(buf));
	if (r < 0)
		return (int)r;
	slash = strrchr(buf, '/');
	*out = xlpt_xstrdup(slash ? slash + 1 : buf);
	return 0;
}

int xlpt_host_write_text(struct xlpt_host *h, const char *text, const char *fmt, ...)
{
	FORMAT_PATH(path, fmt);
	return h->ops->write(h, path, text, strlen(text));
}

bool xlpt_host_has(struct xlpt_host *h, const char *fmt, ...)
{
	FORMAT_PATH(path, fmt);
	return h->ops->exists(h, path) == 0;
}

int xlpt_host_list(struct xlpt_host *h, char ***names, const char *fmt, ...)
{
	*names = NULL;
	FORMAT_PATH(path, fmt);
	return h->ops->list(h, path, names);
}

int xlpt_host_mkdirs(struct xlpt_host *h, const char *path, mode_t mode)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(path);

	for (char *p = copy;; p++) {
		char c = *p;

		if (c && c != '/')
			continue;
		/* The root, a double or a last slash name no further directory. */
		if (p > copy && p[-1] != '/') {
			int r;

			*p = '\0';
			r = h->ops->mkdir(h, copy, mode);
			if (r < 0 && r != -EEXIST)
				return r;
			*p = c;
		}
		if (!c)
			return 0;
	}
}
