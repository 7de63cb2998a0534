/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Room core: finding and reading files. Includes core alone; file-put.c and file-into.c write them. */
#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/stop.h"

#define LINKS_MAX 40 /* as the kernel's own limit (MAXSYMLINKS) */

/* ---- reading ---- */

static int only_regular(const struct stat *st)
{
	if (S_ISREG(st->st_mode))
		return 0;
	return S_ISDIR(st->st_mode) ? -EISDIR : -EMEDIUMTYPE;
}

int xlpt_file_open(struct xlpt_host *h, const char *path, int flags, struct stat *st)
{
	/* Read as carefully as a captured tree, even when it is this host's. */
	struct xlpt_host careful = *h;
	_cleanup_close_ int fd = -1;
	struct stat own;
	int r;

	careful.live = false;
	fd = h->ops->open(&careful, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | (flags & O_NOFOLLOW),
			  0);
	if (fd < 0)
		return fd;
	st = st ? st : &own;
	if (fstat(fd, st))
		return -errno;
	r = only_regular(st);
	if (r < 0)
		return r;
	r = fd;
	fd = -1;
	return r;
}

static int read_all(int fd, size_t max, bool stoppable, struct xlpt_str *out)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t before = out->len;
	char buf[16384];

	for (;;) {
		int ready = stoppable ? xlpt_stop_poll(&p, 1, -1) : 1;
		ssize_t r;

		if (ready <= 0)
			return ready < 0 ? ready : -EINTR;
		r = read(fd, buf, sizeof(buf));
		if (r < 0 && (errno == EINTR || (stoppable && errno == EAGAIN)))
			continue;
		if (r <= 0)
			return r < 0 ? -errno : 0;
		if ((size_t)r > max - (out->len - before))
			return -EFBIG;
		xlpt_str_addn(out, buf, (size_t)r);
	}
}

int xlpt_file_read_fd(int fd, size_t max, struct xlpt_str *out)
{
	return read_all(fd, max, false, out);
}

int xlpt_file_read_any(int fd, size_t max, struct xlpt_str *out)
{
	return read_all(fd, max, true, out);
}

int xlpt_file_read(struct xlpt_host *h, const char *path, size_t max, struct xlpt_str *out)
{
	struct stat st;
	_cleanup_close_ int fd = xlpt_file_open(h, path, 0, &st);

	if (fd < 0)
		return fd;
	/* Its size says that it is too large: nothing of it is read. */
	if (st.st_size > 0 && (uint64_t)st.st_size > max)
		return -EFBIG;
	return xlpt_file_read_fd(fd, max, out);
}

char *xlpt_file_line(char **cursor)
{
	char *line = *cursor;
	size_t n;

	if (!line || !*line)
		return NULL;
	n = strcspn(line, "\n");
	*cursor = line + n + (line[n] == '\n');
	line[n] = '\0';
	return line;
}

/* ---- finding a place ---- */

struct walk {
	int root, fd; /* fd: the directory that was come to */
	struct stat root_st;
	int links;
	bool make;    /* directories that are missing */
	bool planted; /* one of the links is another user's, as xlpt_file_strange has it */
};

/* Whether a link that belongs to maker may lead to what belongs to owner. */
static bool trusted(uid_t maker, uid_t owner)
{
	/* For other users the kernel's own checks are enough: only root may write everywhere. */
	return geteuid() != 0 || maker == 0 || maker == owner;
}

static int enter(struct walk *w, int fd)
{
	if (fd < 0)
		return -errno;
	xlpt_closep(&w->fd);
	w->fd = fd;
	return 0;
}

static int to_root(struct walk *w)
{
	return enter(w, openat(w->root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

static int up(struct walk *w)
{
	struct stat st;

	if (fstat(w->fd, &st))
		return -errno;
	if (st.st_dev == w->root_st.st_dev && st.st_ino == w->root_st.st_ino)
		return 0;
	return enter(w, openat(w->fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

static int walk_dirs(struct walk *w, const char *path, size_t len);

/* The text of a link in w->fd, NUL-terminated. */
static int link_text(struct walk *w, int fd, const char *name, uid_t maker, char *text, size_t size)
{
	ssize_t n = readlinkat(fd, name, text, size - 1);
	int strange = n < 0 ? -errno : xlpt_file_strange(w->fd, maker);

	if (strange < 0)
		return strange;
	w->planted |= strange;
	if ((size_t)n == size - 1)
		return -ENAMETOOLONG;
	text[n] = '\0';
	if (++w->links > LINKS_MAX)
		return -ELOOP;
	return *text ? 0 : -ENOENT;
}

/* Into the directory of that name. */
static int step(struct walk *w, const char *name)
{
	_cleanup_close_ int fd = openat(w->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char text[4096];
	struct stat st, target;
	bool make;
	int r;

	if (fd < 0 && errno == ENOENT && w->make &&
	    (mkdirat(w->fd, name, 0755) == 0 || errno == EEXIST))
		fd = openat(w->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (S_ISDIR(st.st_mode)) {
		r = enter(w, fd);
		fd = -1;
		return r;
	}
	if (!S_ISLNK(st.st_mode))
		return -ENOTDIR;
	make = w->make;
	w->make = false; /* what a link leads to is not made */
	r = link_text(w, fd, "", st.st_uid, text, sizeof(text));
	if (r == 0 && *text == '/')
		r = to_root(w);
	if (r == 0)
		r = walk_dirs(w, text, strlen(text));
	w->make = make;
	if (r == 0 && fstat(w->fd, &target))
		r = -errno;
	return r ? r : trusted(st.st_uid, target.st_uid) ? 0 : -ENOLINK;
}

/* Through all components of path[0..len). */
static int walk_dirs(struct walk *w, const char *path, size_t len)
{
	const char *end = path + len;
	int r = 0;

	while (r == 0 && path < end) {
		size_t n = strcspn(path, "/");
		_cleanup_free_ char *name = NULL;

		if (n > (size_t)(end - path))
			n = (size_t)(end - path);
		name = xlpt_xstrndup(path, n);
		if (!strcmp(name, ".."))
			r = up(w);
		else if (*name && strcmp(name, ".") != 0)
			r = step(w, name);
		path += n + (path + n < end);
	}
	return r;
}

/*
 * /dev/stdout leads to /proc/self/fd/1, whose link text is no path: the
 * descriptor of that number is meant. Returns -1 when w->fd is not that directory.
 */
static int own_descriptor(struct walk *w, const char *name)
{
	struct stat here, fds;
	struct statfs fs;
	uint64_t n;

	if (fstatfs(w->fd, &fs) || fs.f_type != PROC_SUPER_MAGIC)
		return -1;
	if (fstat(w->fd, &here) || stat("/proc/self/fd", &fds) || here.st_dev != fds.st_dev ||
	    here.st_ino != fds.st_ino || !xlpt_parse_uint(name, strlen(name), 10, 1 << 20, &n))
		return -1;
	return fcntl((int)n, F_DUPFD_CLOEXEC, 3);
}

static int find_last(struct walk *w, const char *path, unsigned flags, struct xlpt_file *out)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	uid_t maker, owner;
	char text[4096];
	struct stat dir;
	int r = walk_dirs(w, path, (size_t)(name - path));

	if (r)
		return r;
	if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
		return -EISDIR;
	out->there = fstatat(w->fd, name, &out->st, AT_SYMLINK_NOFOLLOW) == 0;
	if (!out->there && errno != ENOENT)
		return -errno;
	free(out->name);
	out->name = xlpt_xasprintf("/%s", name);
	if (!out->there || !S_ISLNK(out->st.st_mode) || !(flags & XLPT_FILE_FOLLOW))
		return 0;
	out->fd = own_descriptor(w, name);
	if (out->fd >= 0)
		return fstat(out->fd, &out->st) ? -errno : 0;
	maker = out->st.st_uid;
	w->make = false;
	r = link_text(w, w->fd, name, maker, text, sizeof(text));
	if (r == 0 && *text == '/')
		r = to_root(w);
	if (r == 0)
		r = find_last(w, text, flags, out);
	if (r == 0 && fstat(w->fd, &dir))
		r = -errno;
	if (r)
		return r;
	owner = out->there ? out->st.st_uid : dir.st_uid;
	return trusted(maker, owner) ? 0 : -ENOLINK;
}

/* As it was named, for who looks at the host. */
static char *folder(const char *path)
{
	const char *slash = strrchr(path, '/');

	return !slash ? xlpt_xstrdup(".")
		      : xlpt_xstrndup(path, slash == path ? 1 : (size_t)(slash - path));
}

int xlpt_file_find(struct xlpt_host *h, const char *path, unsigned flags, struct xlpt_file *out)
{
	_cleanup_close_ int root = -1;
	struct walk w = { .fd = -1, .make = flags & XLPT_FILE_MAKE_DIRS };
	int r;

	*out = XLPT_FILE_NONE;
	if (!*path)
		return -ENOENT;
	root = h ? h->ops->open(h, "/", O_PATH | O_DIRECTORY, 0)
		 : open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return h ? root : -errno;
	w.root = root;
	if (fstat(root, &w.root_st))
		return -errno;
	r = h || *path == '/' ? to_root(&w)
			      : enter(&w, open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
	if (r == 0)
		r = find_last(&w, path, flags, out);
	out->planted = w.planted;
	if (r == 0) {
		out->dir = (struct xlpt_host){ .ops = h ? h->ops : &xlpt_host_real_ops,
					       .root = folder(path),
					       .rootfd = w.fd,
					       .priv = h ? h->priv : NULL };
		w.fd = -1;
	} else {
		xlpt_file_dispose(out);
	}
	xlpt_closep(&w.fd);
	return r;
}

static int path_of(int fd, char *buf, size_t size)
{
	char self[32];
	ssize_t n;

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	n = readlink(self, buf, size - 1);
	if (n < 0 || (size_t)n == size - 1)
		return n < 0 ? -errno : -ENAMETOOLONG;
	buf[n] = '\0';
	return strcmp(buf, "/") ? 0 : (*buf = '\0', 0);
}

int xlpt_file_path(struct xlpt_host *h, const struct xlpt_file *f, char **out)
{
	char root[4096] = "", dir[4096];
	int r = path_of(f->dir.rootfd, dir, sizeof(dir));

	*out = NULL;
	if (r == 0 && h)
		r = path_of(h->rootfd, root, sizeof(root));
	if (r)
		return r;
	if (!xlpt_starts(dir, root))
		return -ESTALE;
	*out = xlpt_xasprintf("%s%s", dir + strlen(root), f->name);
	return 0;
}

int xlpt_file_open_any(const struct xlpt_file *f)
{
	/* Opening a FIFO would wait for its writer, and a signal just before that would be lost. */
	int fd = openat(f->dir.rootfd, f->name + 1,
			O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);

	return fd < 0 ? -errno : fd;
}

int xlpt_file_get(struct xlpt_file *f, size_t max, struct xlpt_str *out)
{
	_cleanup_close_ int fd = -1;

	if (f->fd >= 0)
		return -EMEDIUMTYPE;
	fd = xlpt_file_open(&f->dir, f->name, O_NOFOLLOW, &f->st);
	f->there = fd >= 0;
	return fd < 0 ? fd : xlpt_file_read_fd(fd, max, out);
}

void xlpt_file_dispose(struct xlpt_file *f)
{
	xlpt_closep(&f->fd);
	xlpt_host_close(&f->dir);
	free(f->name);
	*f = XLPT_FILE_NONE;
}
