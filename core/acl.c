/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Room core: access lists of files, and what they allow. Includes core alone. */
#include "core/acl.h"

#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <linux/limits.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

#include "core/util.h"

#define NAME "system.posix_acl_access"

typedef struct posix_acl_xattr_entry entry;

struct list {
	size_t n;			     /* 0: there is no list */
	struct posix_acl_xattr_header *head; /* the entries are behind it */
};

static void list_dispose(struct list *l)
{
	free(l->head);
}

static entry *entries(const struct list *l)
{
	return (entry *)(l->head + 1);
}

/* What a file system without lists says. */
static bool means_none(int err)
{
	return err == ENODATA || err == EOPNOTSUPP || err == ENOSYS || err == EINVAL;
}

static int read_list(int fd, struct list *l)
{
	char self[32];
	ssize_t n;

	*l = (struct list){ .head = xlpt_xcalloc(1, XATTR_SIZE_MAX) };
	n = fgetxattr(fd, NAME, l->head, XATTR_SIZE_MAX);
	if (n < 0 && errno == EBADF) {
		/* Of O_PATH. */
		snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
		n = getxattr(self, NAME, l->head, XATTR_SIZE_MAX);
	}
	if (n < 0)
		return means_none(errno) ? 0 : -errno;
	if ((size_t)n < sizeof(*l->head) || ((size_t)n - sizeof(*l->head)) % sizeof(entry) ||
	    le32toh(l->head->a_version) != POSIX_ACL_XATTR_VERSION)
		return -EBADMSG;
	l->n = ((size_t)n - sizeof(*l->head)) / sizeof(entry);
	return 0;
}

/* What all entries but those of the owner and of everybody are limited to. */
static unsigned mask_of(const struct list *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (le16toh(entries(l)[i].e_tag) == ACL_MASK)
			return le16toh(entries(l)[i].e_perm);
	return ACL_READ | ACL_WRITE | ACL_EXECUTE;
}

static enum xlpt_acl_writers lets_write(const entry *e, const struct stat *st)
{
	uint32_t id = le32toh(e->e_id);

	switch (le16toh(e->e_tag)) {
	case ACL_USER:
		return id && id != st->st_uid ? XLPT_ACL_OTHERS : XLPT_ACL_NOBODY;
	case ACL_GROUP_OBJ:
		return st->st_gid ? XLPT_ACL_GROUP : XLPT_ACL_NOBODY;
	case ACL_GROUP:
		return id ? XLPT_ACL_GROUP : XLPT_ACL_NOBODY;
	default:
		return XLPT_ACL_NOBODY;
	}
}

int xlpt_acl_writers(int fd, const struct stat *st)
{
	XLPT_CLEANUP(list_dispose) struct list l = { 0 };
	enum xlpt_acl_writers worst = XLPT_ACL_NOBODY;
	int r;

	if (st->st_mode & S_IWOTH)
		return XLPT_ACL_OTHERS;
	/* These bits are the mask, too: without them the list lets nobody write. */
	if (!(st->st_mode & S_IWGRP))
		return XLPT_ACL_NOBODY;
	r = read_list(fd, &l);
	if (r)
		return r;
	if (!l.n)
		return st->st_gid ? XLPT_ACL_GROUP : XLPT_ACL_NOBODY;
	for (size_t i = 0; i < l.n; i++) {
		const entry *e = &entries(&l)[i];
		enum xlpt_acl_writers who = XLPT_ACL_NOBODY;

		if (le16toh(e->e_perm) & mask_of(&l) & ACL_WRITE)
			who = lets_write(e, st);
		worst = who > worst ? who : worst;
	}
	return (int)worst;
}

mode_t xlpt_acl_mode(int fd, const struct stat *st)
{
	XLPT_CLEANUP(list_dispose) struct list l = { 0 };
	mode_t mode = st->st_mode & 07777;

	/* Nobody but the owner, then, when it cannot be found out. */
	if (mode & S_IRWXG && read_list(fd, &l))
		return mode & ~(mode_t)S_IRWXG;
	for (size_t i = 0; i < l.n; i++)
		if (le16toh(entries(&l)[i].e_tag) == ACL_GROUP_OBJ)
			mode &= ~(mode_t)S_IRWXG | (mode_t)(le16toh(entries(&l)[i].e_perm) << 3);
	return mode;
}

/* No entry of the list is to allow more than the mode does. */
static void limit(struct list *l, mode_t mode)
{
	for (size_t i = 0; i < l->n; i++) {
		entry *e = &entries(l)[i];
		unsigned bits = le16toh(e->e_perm);

		switch (le16toh(e->e_tag)) {
		case ACL_USER_OBJ:
			bits = mode >> 6 & 7;
			break;
		case ACL_MASK:
			bits = mode >> 3 & 7;
			break;
		case ACL_OTHER:
			bits = mode & 7;
			break;
		default:
			break;
		}
		e->e_perm = htole16((uint16_t)bits);
	}
}

/* In this order nobody has more than the list and the mode allow together. */
static int put_list(const struct list *l, int to, mode_t mode)
{
	XLPT_CLEANUP(list_dispose) struct list given = { 0 };
	int r = l->n ? 0 : read_list(to, &given);

	if (r)
		return r;
	if (given.n && fremovexattr(to, NAME))
		return -errno;
	if (l->n && fsetxattr(to, NAME, l->head, sizeof(*l->head) + l->n * sizeof(entry), 0))
		return -errno;
	return fchmod(to, mode) ? -errno : 0;
}

int xlpt_acl_keep(int from, int to, mode_t mode)
{
	XLPT_CLEANUP(list_dispose) struct list old = { 0 };
	int r = from >= 0 ? read_list(from, &old) : 0;

	if (r)
		return r;
	limit(&old, mode);
	return put_list(&old, to, mode);
}

int xlpt_acl_text(int fd, char **out)
{
	XLPT_CLEANUP(list_dispose) struct list l = { 0 };
	struct xlpt_str s = { 0 };
	int r = read_list(fd, &l);

	*out = NULL;
	if (r)
		return r;
	if (!l.n)
		xlpt_str_add(&s, "-");
	for (size_t i = 0; i < l.n * sizeof(entry); i++)
		xlpt_str_addf(&s, "%02x", ((const unsigned char *)entries(&l))[i]);
	*out = xlpt_str_take(&s);
	return 0;
}

static bool read_text(const char *text, struct list *l)
{
	size_t len = strlen(text), size = len / 2;
	unsigned char *bytes;

	*l = (struct list){ 0 };
	if (!strcmp(text, "-"))
		return true;
	if (!len || len % (2 * sizeof(entry)) || size > XATTR_SIZE_MAX - sizeof(*l->head) ||
	    strspn(text, "0123456789abcdef") != len)
		return false;
	l->head = xlpt_xcalloc(1, sizeof(*l->head) + size);
	l->head->a_version = htole32(POSIX_ACL_XATTR_VERSION);
	l->n = size / sizeof(entry);
	bytes = (unsigned char *)entries(l);
	for (size_t i = 0; i < size; i++)
		sscanf(text + 2 * i, "%2hhx", &bytes[i]);
	return true;
}

int xlpt_acl_give(const char *text, int to, mode_t mode)
{
	XLPT_CLEANUP(list_dispose) struct list l = { 0 };

	return read_text(text, &l) ? put_list(&l, to, mode) : -EBADMSG;
}
