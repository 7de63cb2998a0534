/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Room core: writing whole files, and taking away what a kill left of that. */
#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "core/acl.h"
#include "core/clock.h"

#define BEGINS	"/.xlpt-"
#define DIGITS	16
#define TRIES	32
#define OLD_TMP ".tmp"

int xlpt_file_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t w = write(fd, p, len);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return -errno;
		p += w;
		len -= (size_t)w;
	}
	return 0;
}

bool xlpt_file_is_unfinished(const char *name)
{
	const char *begin = &BEGINS[1];

	return xlpt_starts(name, begin) && strlen(name) == XLPT_FILE_UNFINISHED &&
	       strspn(name + strlen(begin), "0123456789abcdef") == DIGITS &&
	       name[XLPT_FILE_UNFINISHED - 1] == '~';
}

/*
 * The lock tells xlpt_file_sweep that somebody works with it. Between creating
 * and locking a sweep may have taken it away: then it is made again.
 */
static int make_temporary(struct xlpt_host *dir, char **name)
{
	for (int i = 0; i < TRIES; i++) {
		_cleanup_free_ char *tmp = NULL;
		_cleanup_close_ int fd = -1;
		struct stat st;
		uint64_t number;
		int r;

		if (getrandom(&number, sizeof(number), 0) != sizeof(number))
			return -EIO;
		tmp = xlpt_xasprintf(BEGINS "%0*llx~", DIGITS, (unsigned long long)number);
		fd = dir->ops->open(dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
		if (fd == -EEXIST)
			continue;
		if (fd < 0)
			return fd;
		/* A file system without locks has no sweep either. */
		if (xlpt_flock_now(fd, false) == -EWOULDBLOCK)
			continue;
		if (fstat(fd, &st) == 0 && st.st_nlink == 0)
			continue;
		*name = XLPT_TAKE(tmp);
		r = fd;
		fd = -1;
		return r;
	}
	return -EEXIST;
}

static void sync_dir(const struct xlpt_host *dir)
{
	_cleanup_close_ int fd = openat(dir->rootfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		fsync(fd);
}

int xlpt_file_append(int fd, const void *data, size_t len)
{
	int r = xlpt_file_write_all(fd, data, len);

	/* For a /run that is on a disk: in a tmpfs what is written survives a kill -9 anyway. */
	return r == 0 && fdatasync(fd) && errno != EINVAL ? -errno : r;
}

int xlpt_file_give_name(struct xlpt_host *h, int fd, const char *dir, const char *name)
{
	_cleanup_close_ int in = h->ops->open(h, dir, O_PATH | O_DIRECTORY, 0);
	char self[32];

	if (in < 0)
		return in;
	/* Root needs no /proc for it, which a chroot may lack. */
	if (linkat(fd, "", in, name, AT_EMPTY_PATH) == 0)
		return 0;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, self, in, name, AT_SYMLINK_FOLLOW) ? -errno : 0;
}

static int give_name(struct xlpt_host *dir, const char *tmp, const char *name, bool fresh)
{
	if (!fresh)
		return dir->ops->rename(dir, tmp, name);
	if (linkat(dir->rootfd, tmp + 1, dir->rootfd, name + 1, 0))
		return -errno;
	dir->ops->unlink(dir, tmp);
	return 0;
}

/* ---- names that are left behind ---- */

static struct xlpt_file_parted *parted;
static size_t n_parted, parted_alloc;

/* The new file has one name: who had the old one by another name still has the old one. */
static void note_parted(const struct xlpt_file *f)
{
	struct xlpt_file_parted p = { .inode = f->st.st_ino };

	if (!f->there || !S_ISREG(f->st.st_mode) || f->st.st_nlink < 2)
		return;
	if (xlpt_file_path(NULL, f, &p.path))
		p.path = xlpt_xasprintf("%s%s", f->dir.root, f->name);
	XLPT_GROW(parted, n_parted, parted_alloc);
	parted[n_parted++] = p;
}

size_t xlpt_file_take_parted(struct xlpt_file_parted **out)
{
	size_t n = n_parted;

	*out = XLPT_TAKE(parted);
	n_parted = parted_alloc = 0;
	return n;
}

/* ---- replacing ---- */

int xlpt_file_begin(const struct xlpt_file *f, bool fresh, char **tmp)
{
	struct xlpt_host dir = f->dir;

	*tmp = NULL;
	if (f->fd >= 0)
		return fresh ? -EEXIST : -EMEDIUMTYPE;
	if (f->there && fresh)
		return -EEXIST;
	if (f->there && !S_ISREG(f->st.st_mode))
		return S_ISLNK(f->st.st_mode)	? -ELOOP
		       : S_ISDIR(f->st.st_mode) ? -EISDIR
						: -EMEDIUMTYPE;
	return make_temporary(&dir, tmp);
}

/* The group bits of a mode with an access list are no rights of the group: the list goes with them. */
static int give_mode(const struct xlpt_file *f, int fd, mode_t mode)
{
	struct xlpt_host dir = f->dir;
	_cleanup_close_ int old = f->there && S_ISREG(f->st.st_mode)
					  ? xlpt_file_open(&dir, f->name, O_NOFOLLOW, NULL)
					  : -ENOENT;

	/* Others than root may be allowed to replace what they may not read. */
	if (old < 0 && old != -ENOENT && old != -EACCES && old != -ELOOP && old != -EISDIR &&
	    old != -EMEDIUMTYPE)
		return old;
	return xlpt_acl_keep(old, fd, mode);
}

int xlpt_file_finish(const struct xlpt_file *f, int fd, const char *tmp,
		     const struct xlpt_file_how *how)
{
	const struct stat *as = how->as ? how->as : how->keep && f->there ? &f->st : NULL;
	struct xlpt_host dir = f->dir;
	int r = as && !how->rights ? xlpt_file_give_owner(fd, as) : 0;

	if (r == 0 && !how->lazy && fsync(fd) && errno != EINVAL)
		r = -errno;
	if (r == 0 && how->rights)
		r = xlpt_file_give_rights(fd, how->rights);
	else if (r == 0 && as)
		r = give_mode(f, fd, as->st_mode & 07777);
	else if (r == 0 && fchmod(fd, how->mode))
		r = -errno;
	if (r == 0 && how->edited && !xlpt_file_is_as_read(f))
		r = -ESTALE;
	if (r == 0)
		r = give_name(&dir, tmp, f->name, how->fresh);
	if (r < 0)
		dir.ops->unlink(&dir, tmp);
	else
		note_parted(f);
	if (r == 0 && !how->lazy)
		sync_dir(&dir);
	return r;
}

int xlpt_file_rename(const struct xlpt_file *f, const char *tmp)
{
	struct xlpt_host dir = f->dir;
	int r = give_name(&dir, tmp, f->name, false);

	if (r)
		return r;
	note_parted(f);
	sync_dir(&dir);
	return 0;
}

void xlpt_file_abandon(const struct xlpt_file *f, const char *tmp)
{
	struct xlpt_host dir = f->dir;

	dir.ops->unlink(&dir, tmp);
}

int xlpt_file_put(const struct xlpt_file *f, const void *text, size_t len,
		  const struct xlpt_file_how *how)
{
	_cleanup_free_ char *tmp = NULL;
	_cleanup_close_ int fd = xlpt_file_begin(f, how->fresh, &tmp);
	int r = fd < 0 ? fd : xlpt_file_write_all(fd, text, len);

	if (r == 0)
		return xlpt_file_finish(f, fd, tmp, how);
	if (tmp)
		xlpt_file_abandon(f, tmp);
	return r;
}

int xlpt_file_replace(struct xlpt_host *h, const char *path, const void *text, size_t len,
		      const struct xlpt_file_how *how)
{
	_cleanup_file_ struct xlpt_file f;
	int r = xlpt_file_find(h, path, 0, &f);

	return r ? r : xlpt_file_put(&f, text, len, how);
}

int xlpt_file_remove(struct xlpt_host *h, const char *path)
{
	_cleanup_file_ struct xlpt_file f;
	int r = xlpt_file_find(h, path, 0, &f);

	return r ? r : unlinkat(f.dir.rootfd, f.name + 1, 0) ? -errno : 0;
}

void xlpt_file_close_to_others(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	    st.st_mode & 077 && fchmod(fd, 0600))
		return; /* it was open to others before, and still is */
}

static int make_private(struct xlpt_host *h, const char *path)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r = xlpt_host_mkdirs(h, path, 0700);

	if (r < 0)
		return r;
	fd = h->ops->open(h, path, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return fd;
	/* A directory of another user's keeps its mode. */
	if (fstat(fd, &st) == 0 && st.st_mode & 077 && st.st_uid == geteuid() && fchmod(fd, 0700))
		return -errno;
	return 0;
}

int xlpt_file_private_dir(struct xlpt_host *h, const char *path)
{
	const char *own = strstr(path, "/xlpt");
	_cleanup_free_ char *above = own ? xlpt_xstrndup(path, (size_t)(own - path)) : NULL,
			    *top = own ? xlpt_xstrndup(path, (size_t)(own - path) + 5) : NULL;
	int r = own && *above ? xlpt_host_mkdirs(h, above, 0755) : 0;

	if (r == 0 && own)
		r = make_private(h, top);
	return r < 0 ? r : make_private(h, path);
}

/* ---- what a kill left ---- */

/* NAME.PID.tmp of a version before; the process may be one that lives. */
static bool is_old(struct xlpt_host *h, const char *name, const char *prefix)
{
	_cleanup_free_ char *comm = NULL;
	size_t n = strlen(name), digits = 0;

	if (n <= strlen(OLD_TMP) || !xlpt_starts(name, prefix) ||
	    strcmp(name + n - strlen(OLD_TMP), OLD_TMP) != 0)
		return false;
	n -= strlen(OLD_TMP);
	while (digits < n && strchr("0123456789", name[n - digits - 1]))
		digits++;
	if (!digits || digits > 10 || n <= digits + 1 || name[n - digits - 1] != '.')
		return false;
	return !h->live ||
	       xlpt_host_read_text(h, &comm, "/proc/%.*s/comm", (int)digits, name + n - digits) <
		       0 ||
	       strcmp(comm, "xlpt") != 0;
}

int xlpt_file_sweep(struct xlpt_host *h, const char *dir, const char *prefix, bool only_count)
{
	_cleanup_strv_ char **names = NULL;
	int gone = 0, r = h->ops->list(h, dir, &names);

	if (r < 0)
		return r == -ENOENT || r == -ENOTDIR ? 0 : r;
	for (char **name = names; *name; name++) {
		_cleanup_free_ char *path = NULL;
		_cleanup_close_ int fd = -1;
		bool ours = xlpt_file_is_unfinished(*name);
		struct stat st;

		if (!ours && !is_old(h, *name, prefix))
			continue;
		path = xlpt_xasprintf("%s/%s", strcmp(dir, "/") ? dir : "", *name);
		fd = xlpt_file_open(h, path, O_NOFOLLOW, &st);
		/* The new name is xlpt's alone, whoever owns it by now; an old one is a guess. */
		if (fd < 0 || (!ours && st.st_uid != geteuid()) || xlpt_flock_now(fd, false))
			continue;
		if (only_count || h->ops->unlink(h, path) == 0)
			gone++;
	}
	return gone;
}
