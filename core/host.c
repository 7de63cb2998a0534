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

#define TEXT_MAX (64 * 1024)

static int open_in_root(struct xlpt_host *h, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd;

	fd = (int)syscall(SYS_openat2, h->rootfd, path, &how, sizeof(how));
	if (fd >= 0)
		return fd;
	/*
	 * Kernels before 5.6 (dom0s still run them) lack openat2. On the running
	 * system plain openat does the same; a captured tree needs the containment.
	 */
	if (errno == ENOSYS && h->live) {
		fd = open(path, flags | O_CLOEXEC, mode);
		if (fd >= 0)
			return fd;
	}
	return -errno;
}

static ssize_t real_read(struct xlpt_host *h, const char *path, void *buf, size_t size)
{
	_cleanup_close_ int fd = open_in_root(h, path, O_RDONLY, 0);
	size_t done = 0;

	if (fd < 0)
		return fd;
	while (done < size) {
		ssize_t r = read(fd, (char *)buf + done, size - done);

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
	_cleanup_close_ int fd = open_in_root(h, path, O_WRONLY, 0);
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

static ssize_t real_readlink(struct xlpt_host *h, const char *path, char *buf, size_t size)
{
	_cleanup_close_ int fd = open_in_root(h, path, O_PATH | O_NOFOLLOW, 0);
	ssize_t r;

	if (fd < 0)
		return fd;
	r = readlinkat(fd, "", buf, size - 1);
	if (r < 0)
		return errno == ENOENT ? -EINVAL : -errno;	/* not a link */
	buf[r] = '\0';
	return r;
}

static int real_list(struct xlpt_host *h, const char *path, char ***names)
{
	size_t n = 0, alloc = 0;
	char **v = NULL;
	struct dirent *de;
	DIR *dir;
	int fd;

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
	while ((de = readdir(dir))) {
		if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, ".."))
			continue;
		XLPT_GROW(v, n, alloc);
		v[n++] = xlpt_xstrdup(de->d_name);
	}
	closedir(dir);
	XLPT_GROW(v, n, alloc);
	v[n] = NULL;
	xlpt_strv_sort(v);
	*names = v;
	return 0;
}

static int real_exists(struct xlpt_host *h, const char *path)
{
	_cleanup_close_ int fd = open_in_root(h, path, O_PATH | O_NOFOLLOW, 0);

	return fd < 0 ? fd : 0;
}

static int real_open(struct xlpt_host *h, const char *path, int flags, mode_t mode)
{
	return open_in_root(h, path, flags, mode);
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

const struct xlpt_host_ops xlpt_host_real_ops = {
	.read = real_read,
	.write = real_write,
	.readlink = real_readlink,
	.list = real_list,
	.exists = real_exists,
	.open = real_open,
	.mkdir = real_mkdir,
	.unlink = real_unlink,
	.rename = real_rename,
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

#define FORMAT_PATH(path, fmt)                        \
	_cleanup_free_ char *path = NULL;             \
	do {                                          \
		va_list ap_;                          \
		va_start(ap_, fmt);                   \
		path = xlpt_xvasprintf(fmt, ap_);     \
		va_end(ap_);                          \
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
		if ((size_t)r < size || size >= TEXT_MAX) {
			if (r && buf[r - 1] == '\n')
				buf[r - 1] = '\0';
			*out = buf;
			return 0;
		}
		free(buf);
		size = TEXT_MAX;
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
	int r = 0;

	for (char *p = copy + 1;; p++) {
		char c = *p;

		if (c && c != '/')
			continue;
		*p = '\0';
		r = h->ops->mkdir(h, copy, mode);
		if (r < 0 && r != -EEXIST)
			return r;
		*p = c;
		if (!c)
			return 0;
	}
}

int xlpt_host_replace(struct xlpt_host *h, const char *path, const char *text, size_t len,
		      mode_t mode)
{
	_cleanup_free_ char *tmp = xlpt_xasprintf("%s.%d.tmp", path, (int)getpid());
	_cleanup_close_ int fd = -1, dir = -1;
	const char *base;
	size_t done = 0;
	int r;

	fd = h->ops->open(h, tmp, O_WRONLY | O_CREAT | O_TRUNC, mode);
	if (fd < 0)
		return fd;
	while (done < len) {
		ssize_t w = write(fd, text + done, len - done);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0) {
			r = -errno;
			goto drop;
		}
		done += (size_t)w;
	}
	if (fsync(fd)) {
		r = -errno;
		goto drop;
	}
	r = h->ops->rename(h, tmp, path);
	if (r < 0)
		goto drop;
	dir = open_parent(h, path, &base);
	if (dir >= 0) {
		_cleanup_close_ int d = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (d >= 0)
			fsync(d);
	}
	return 0;
drop:
	h->ops->unlink(h, tmp);
	return r;
}
