/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A scan reads a dozen files of each function's directory. Looked up from the root, each costs the
 * whole path, and of a captured tree five more system calls, which make sure that nothing but
 * a regular file is opened. The directory's own list says that for all of its files at once, as long as
 * nobody else can change what is in it; otherwise nothing is done here.
 */
#include "core/host-dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/host-open.h"

enum {
	DEPTH = 2,	     /* /sys/bus/pci/devices, and in it one function */
	LIST_MAX = 16 << 10, /* a function has two to four KiB of names */
};

struct dir {
	char path[512]; /* "" for one that is not kept */
	size_t len;
	int fd;
	enum { NOT_LISTED, LISTED, NO_LIST } list;
	size_t used;
	char entries[LIST_MAX] __attribute__((aligned(16))); /* as getdents64(2) has them */
};

struct xlpt_host_dirs {
	struct dir dir[DEPTH];
	int depth;
};

/* Nobody but us (and root) can put something else in the place of a file that was looked at. */
static bool is_ours(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_uid == 0 || st.st_uid == geteuid()) &&
	       !(st.st_mode & (S_IWGRP | S_IWOTH));
}

int xlpt_host_dir_enter(struct xlpt_host *h, const char *path)
{
	size_t len = strlen(path);
	struct dir *d;

	if (!h->dirs)
		h->dirs = xlpt_xcalloc(1, sizeof(*h->dirs));
	if (h->dirs->depth == DEPTH)
		return -ENOSPC;
	d = &h->dirs->dir[h->dirs->depth++];
	d->list = NOT_LISTED;
	d->len = 0;
	d->fd = -1;
	if (len >= sizeof(d->path))
		return 0;
	d->fd = xlpt_host_open_inside(h, path, O_RDONLY | O_DIRECTORY, 0);
	if (d->fd < 0 || (!h->live && !is_ours(d->fd)))
		return 0;
	memcpy(d->path, path, len + 1);
	d->len = len;
	return 0;
}

void xlpt_host_dir_leave(struct xlpt_host *h)
{
	xlpt_closep(&h->dirs->dir[--h->dirs->depth].fd);
	if (h->dirs->depth)
		return;
	free(h->dirs);
	h->dirs = NULL;
}

/* The directory that the file lies in, and the file's name there; or NULL. */
static struct dir *find(struct xlpt_host *h, const char *path, const char **name)
{
	for (int i = h->dirs ? h->dirs->depth - 1 : -1; i >= 0; i--) {
		struct dir *d = &h->dirs->dir[i];

		if (!d->len || strncmp(path, d->path, d->len) != 0 || path[d->len] != '/')
			continue;
		*name = path + d->len + 1;
		if (**name && !strchr(*name, '/') && strcmp(*name, ".") != 0 &&
		    strcmp(*name, "..") != 0)
			return d;
	}
	return NULL;
}

static void read_list(struct dir *d)
{
	d->list = NO_LIST;
	for (d->used = 0; sizeof(d->entries) - d->used >= sizeof(struct dirent64);) {
		ssize_t r = getdents64(d->fd, d->entries + d->used, sizeof(d->entries) - d->used);

		if (r <= 0) {
			d->list = r ? NO_LIST : LISTED;
			return;
		}
		d->used += (size_t)r;
	}
}

/* DT_REG and the like; -ENOENT: it is not there. */
static int type_of(struct dir *d, const char *name)
{
	if (d->list == NOT_LISTED)
		read_list(d);
	if (d->list == NO_LIST)
		return XLPT_HOST_ELSEWHERE;
	for (size_t i = 0; i < d->used;) {
		const struct dirent64 *e = (const void *)(d->entries + i);

		if (!strcmp(e->d_name, name))
			return e->d_type;
		i += e->d_reclen;
	}
	return -ENOENT;
}

int xlpt_host_dir_open(struct xlpt_host *h, const char *path)
{
	const char *name;
	struct dir *d = find(h, path, &name);
	int type = !d ? XLPT_HOST_ELSEWHERE : h->live ? DT_REG : type_of(d, name);

	if (type < 0)
		return type;
	return type == DT_REG ? xlpt_host_open_there(d->fd, name) : XLPT_HOST_ELSEWHERE;
}

ssize_t xlpt_host_dir_readlink(struct xlpt_host *h, const char *path, char *buf, size_t size)
{
	const char *name;
	struct dir *d = find(h, path, &name);
	ssize_t r;

	if (!d)
		return XLPT_HOST_ELSEWHERE;
	if (d->list == LISTED && type_of(d, name) == -ENOENT)
		return -ENOENT;
	r = readlinkat(d->fd, name, buf, size - 1);
	if (r < 0)
		return -errno;
	buf[r] = '\0';
	return r;
}

int xlpt_host_dir_exists(struct xlpt_host *h, const char *path)
{
	const char *name;
	struct dir *d = find(h, path, &name);
	struct stat st;

	if (!d)
		return XLPT_HOST_ELSEWHERE;
	return fstatat(d->fd, name, &st, AT_SYMLINK_NOFOLLOW) ? -errno : 0;
}
