/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The operations of core/host.h on a real directory tree. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/host-dir.h"
#include "core/host-open.h"

#define READ_PIECE (64 * 1024)
#define FEW	   4096 /* bytes that sysfs gives at once */

static int real_open(struct xlpt_host *h, const char *path, int flags, mode_t mode)
{
	/* Making a file, or only looking, opens nothing that is there. */
	if (h->live || flags & (O_PATH | O_CREAT | O_DIRECTORY))
		return xlpt_host_open_inside(h, path, flags, mode);
	return xlpt_host_open_looked_at(h, path, flags);
}

static ssize_t read_fd(int fd, void *buf, size_t size)
{
	size_t done = 0;

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

/* Of a file in a directory that is kept open: few bytes, which come in one piece. */
static ssize_t read_there(int fd, void *buf, size_t size)
{
	ssize_t r;

	do {
		r = read(fd, buf, size);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

static ssize_t real_read(struct xlpt_host *h, const char *path, void *buf, size_t size)
{
	_cleanup_close_ int there = size <= FEW ? xlpt_host_dir_open(h, path) : XLPT_HOST_ELSEWHERE,
			    fd = -1;
	struct stat st;
	int r;

	if (there >= 0)
		return read_there(there, buf, size);
	if (there != XLPT_HOST_ELSEWHERE && there != -ELOOP)
		return there;
	fd = h->live ? xlpt_host_open_inside(h, path, O_RDONLY | O_NONBLOCK, 0)
		     : xlpt_host_open_looked_at(h, path, O_RDONLY);
	r = fd < 0 ? fd : xlpt_host_regular_or_dir(fd, &st);
	return r < 0 ? r : read_fd(fd, buf, size);
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
	_cleanup_close_ int fd = -1;
	ssize_t r = xlpt_host_dir_readlink(h, path, buf, size);

	if (r != XLPT_HOST_ELSEWHERE)
		return r;
	fd = xlpt_host_open_inside(h, path, O_PATH | O_NOFOLLOW, 0);
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
	fd = xlpt_host_open_inside(h, path, O_RDONLY | O_DIRECTORY, 0);
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
	_cleanup_close_ int fd = -1;
	int r = xlpt_host_dir_exists(h, path);

	if (r != XLPT_HOST_ELSEWHERE)
		return r;
	fd = xlpt_host_open_inside(h, path, O_PATH | O_NOFOLLOW, 0);
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
	return xlpt_host_open_inside(h, dir, O_PATH | O_DIRECTORY, 0);
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
	.enter = xlpt_host_dir_enter,
	.leave = xlpt_host_dir_leave,
	.open = real_open,
	.mkdir = real_mkdir,
	.unlink = real_unlink,
	.rename = real_rename,
	.symlink = real_symlink,
	.rmdir = real_rmdir,
};
