/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests: access lists of files, made and read without a library; after cmocka.h. */
#ifndef XLPT_TESTS_UNIT_ACLS_H
#define XLPT_TESTS_UNIT_ACLS_H

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "core/util.h"

/* As the kernel's xattr has it, on a little-endian machine (linux/posix_acl_xattr.h). */
struct acl_entry {
	uint16_t tag, perm;
	uint32_t id;
};

#define ACL_OWNER(perm)                \
	{                              \
		0x01, perm, UINT32_MAX \
	}
#define ACL_OWN_GROUP(perm)            \
	{                              \
		0x04, perm, UINT32_MAX \
	}
#define ACL_LIMIT(perm)                \
	{                              \
		0x10, perm, UINT32_MAX \
	}
#define ACL_REST(perm)                 \
	{                              \
		0x20, perm, UINT32_MAX \
	}

struct acl_text {
	uint32_t version;
	struct acl_entry list[8];
};

static inline bool acl_set(const char *path, const char *name, const struct acl_entry *list,
			   size_t n)
{
	struct acl_text text = { .version = 2 };

	memcpy(text.list, list, n * sizeof(*list));
	return setxattr(path, name, &text, 4 + n * sizeof(*list), 0) == 0;
}

static inline bool acl_give(const char *path, const struct acl_entry *list, size_t n)
{
	return acl_set(path, "system.posix_acl_access", list, n);
}

/* Of a folder, for what is made in it. */
static inline bool acl_give_default(const char *path, const struct acl_entry *list, size_t n)
{
	return acl_set(path, "system.posix_acl_default", list, n);
}

/* How many entries; 0 without a list. */
static inline size_t acl_of(const char *path, struct acl_entry *list, size_t max)
{
	struct acl_text text;
	ssize_t n = getxattr(path, "system.posix_acl_access", &text, sizeof(text));

	if (n < 4)
		return 0;
	n = (n - 4) / (ssize_t)sizeof(*list);
	memcpy(list, text.list, ((size_t)n < max ? (size_t)n : max) * sizeof(*list));
	return (size_t)n;
}

/* Whether the file system of this folder has them; it is 0700 afterwards. */
static inline bool acl_there(const char *dir)
{
	static const struct acl_entry list[] = {
		ACL_OWNER(7), { 2, 0, 1 }, ACL_OWN_GROUP(0), ACL_LIMIT(0), ACL_REST(0),
	};
	bool there = acl_give(dir, list, XLPT_ARRAY_SIZE(list));

	removexattr(dir, "system.posix_acl_access");
	if (chmod(dir, 0700) || !there)
		print_message("%s: the file system has no access lists\n", dir);
	return there;
}

#endif
