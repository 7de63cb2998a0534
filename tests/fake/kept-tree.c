/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fake/kept-tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/util.h"

struct entry {
	char *path;	/* below the folder; "." is itself */
	size_t name;	/* where its last component begins */
	struct stat st; /* when it was as it should be */
	char *data;	/* of a file its content, of a link its text */
	size_t len;
	bool written; /* put back already: its time need not tell of the next change */
};

struct kept_tree {
	int fd;
	struct entry *entries; /* a folder stands before what is in it */
	size_t n, alloc;
};

static void fail(const char *what, const char *path)
{
	fprintf(stderr, "kept tree: %s %s: %s\n", what, path, strerror(errno));
	abort();
}

/* The names in a folder; NULL and errno when it is none. */
static char **names_in(int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	char **names;
	size_t n = 0, alloc = 0;

	if (!d)
		return NULL;
	names = xlpt_xcalloc(1, sizeof(*names));
	for (struct dirent *e; (e = readdir(d));) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (n + 1 >= alloc)
			names = xlpt_xrealloc(names, alloc = 2 * alloc + 16, sizeof(*names));
		names[n++] = xlpt_xstrdup(e->d_name);
		names[n] = NULL;
	}
	closedir(d);
	return names;
}

int kept_remove_at(int dirfd, const char *name)
{
	_cleanup_strv_ char **below = NULL;
	_cleanup_close_ int fd = -1;
	int r = 0;

	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || !(below = names_in(fd, ".")))
		return -errno;
	for (char **n = below; r == 0 && *n; n++)
		r = kept_remove_at(fd, *n);
	return r ? r : unlinkat(dirfd, name, AT_REMOVEDIR) == 0 ? 0 : -errno;
}

static void look(struct kept_tree *t, struct entry *e)
{
	if (fstatat(t->fd, e->path, &e->st, AT_SYMLINK_NOFOLLOW))
		fail("stat", e->path);
}

static void take_data(struct kept_tree *t, struct entry *e)
{
	_cleanup_close_ int fd = -1;
	size_t size = (size_t)e->st.st_size;
	ssize_t r = 0;

	e->data = xlpt_xcalloc(1, size + 1);
	if (S_ISLNK(e->st.st_mode)) {
		r = readlinkat(t->fd, e->path, e->data, size + 1);
	} else {
		fd = openat(t->fd, e->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		r = fd < 0 ? -1 : pread(fd, e->data, size, 0);
	}
	if (r < 0 || (size_t)r != size)
		fail("read", e->path);
	e->len = size;
}

/* Takes the path. */
static void take(struct kept_tree *t, char *path)
{
	_cleanup_strv_ char **names = NULL;
	const char *slash = strrchr(path, '/');
	struct entry *e;

	XLPT_GROW(t->entries, t->n, t->alloc);
	e = &t->entries[t->n++];
	*e = (struct entry){ .path = path, .name = slash ? (size_t)(slash + 1 - path) : 0 };
	look(t, e);
	if (!S_ISDIR(e->st.st_mode)) {
		take_data(t, e);
		return;
	}
	names = names_in(t->fd, path);
	if (!names)
		fail("list", path);
	for (char **n = names; *n; n++)
		take(t, !strcmp(path, ".") ? xlpt_xstrdup(*n) : xlpt_xasprintf("%s/%s", path, *n));
}

static bool before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

struct kept_tree *kept_tree_new(const char *dir)
{
	struct kept_tree *t = xlpt_xcalloc(1, sizeof(*t));
	struct timespec newest = { 0 }, now = { 0 };

	t->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->fd < 0)
		fail("open", dir);
	take(t, xlpt_xstrdup("."));
	for (size_t i = 0; i < t->n; i++)
		if (before(&newest, &t->entries[i].st.st_ctim))
			newest = t->entries[i].st.st_ctim;
	/* The kernel's file times move some hundred times in a second: a change from now on shows.
	 */
	while (!before(&newest, &now)) {
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
		clock_gettime(CLOCK_REALTIME_COARSE, &now);
	}
	return t;
}

/* As it was, as far as its times tell. */
static bool same(const struct entry *e, const struct stat *st)
{
	return !e->written && st->st_ino == e->st.st_ino && st->st_mode == e->st.st_mode &&
	       st->st_size == e->st.st_size && st->st_ctim.tv_sec == e->st.st_ctim.tv_sec &&
	       st->st_ctim.tv_nsec == e->st.st_ctim.tv_nsec;
}

static bool kept(struct kept_tree *t, const struct entry *dir, const char *name)
{
	size_t len = dir == t->entries ? 0 : strlen(dir->path) + 1;

	for (struct entry *e = t->entries + 1; e < t->entries + t->n; e++)
		if (e->name == len && !strncmp(e->path, dir->path, len ? len - 1 : 0) &&
		    !strcmp(e->path + len, name))
			return true;
	return false;
}

/* The folder is there; what does not belong into it goes. */
static void put_back_dir(struct kept_tree *t, struct entry *e)
{
	_cleanup_close_ int fd = openat(t->fd, e->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_strv_ char **names = fd < 0 ? NULL : names_in(fd, ".");

	if (!names || fchmod(fd, e->st.st_mode & 07777))
		fail("open", e->path);
	for (char **n = names; *n; n++)
		if (!kept(t, e, *n) && (errno = -kept_remove_at(fd, *n)))
			fail("remove", *n);
}

static void put_back_file(struct kept_tree *t, struct entry *e)
{
	_cleanup_close_ int fd = -1;

	if (S_ISLNK(e->st.st_mode)) {
		if (symlinkat(e->data, t->fd, e->path))
			fail("symlink", e->path);
		return;
	}
	fd = openat(t->fd, e->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, e->data, e->len) != (ssize_t)e->len ||
	    fchmod(fd, e->st.st_mode & 07777))
		fail("write", e->path);
}

void kept_tree_put_back(struct kept_tree *t)
{
	for (struct entry *e = t->entries; e < t->entries + t->n; e++) {
		bool dir = S_ISDIR(e->st.st_mode);
		struct stat st = { 0 };
		bool there = fstatat(t->fd, e->path, &st, AT_SYMLINK_NOFOLLOW) == 0;

		if (there && same(e, &st))
			continue;
		if (!(dir && there && S_ISDIR(st.st_mode))) {
			if (there && (errno = -kept_remove_at(t->fd, e->path)))
				fail("remove", e->path);
			if (dir && mkdirat(t->fd, e->path, 0700))
				fail("mkdir", e->path);
		}
		if (dir)
			put_back_dir(t, e);
		else
			put_back_file(t, e);
		e->written = true;
	}
}

void kept_tree_free(struct kept_tree *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++) {
		free(t->entries[i].path);
		free(t->entries[i].data);
	}
	free(t->entries);
	close(t->fd);
	free(t);
}
