/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Access lists of files (POSIX ACLs), as the kernel's xattr system.posix_acl_access has them
 * (linux/posix_acl_xattr.h). With such a list, the group bits of the mode are its mask: they are no
 * right of the group that owns the file, but the limit for all users and groups that the list names.
 * Of the lists of NFSv4 (system.nfs4_acl) nothing is known here: the mode counts.
 */
#ifndef XLPT_CORE_ACL_H
#define XLPT_CORE_ACL_H

#include <sys/stat.h>

enum xlpt_acl_writers {
	XLPT_ACL_NOBODY,
	XLPT_ACL_GROUP, /* a group may write, and no single user and not everybody */
	XLPT_ACL_OTHERS,
};

/*
 * Who may write to what fd is open on (O_PATH will do) beside its owner and root's group. st is of fd.
 * Or a negative errno: it cannot be found out.
 */
int xlpt_acl_writers(int fd, const struct stat *st);

/* The mode without the mask: its group bits are what the group that owns the file may do. fd is open for reading. */
mode_t xlpt_acl_mode(int fd, const struct stat *st);

/*
 * The file to, which is new, gets mode, and the list of the file from as far as mode allows, in
 * one step. Without such a list, and with from -1, a list that its folder gave to it is taken away.
 * 0 or a negative errno.
 */
int xlpt_acl_keep(int from, int to, mode_t mode);

/*
 * The list of fd, which is open for reading, as one word of hexadecimal digits; "-" without one. The caller
 * frees it. give makes it the list of the file to, whole, and mode its mode: -EBADMSG when text is none.
 * 0 or a negative errno.
 */
int xlpt_acl_text(int fd, char **out);
int xlpt_acl_give(const char *text, int to, mode_t mode);

#endif
