/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Room core: whose a file is and who may do what with it, taken from one file and given to another. */
#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/acl.h"

/* Owner before mode: a change of owner takes set-id bits away. */
int xlpt_file_give_owner(int fd, const struct stat *as)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (st.st_uid == as->st_uid && st.st_gid == as->st_gid)
		return 0;
	if (fchown(fd, as->st_uid, as->st_gid) == 0)
		return 0;
	return errno == EPERM && geteuid() != 0 ? 0 : -errno;
}

int xlpt_file_rights(struct xlpt_host *h, const char *path, char **out)
{
	_cleanup_free_ char *list = NULL;
	struct stat st;
	_cleanup_close_ int fd = xlpt_file_open(h, path, O_NOFOLLOW, &st);
	mode_t mode;

	*out = NULL;
	if (fd < 0)
		return fd;
	mode = st.st_mode & 07777;
	if (xlpt_acl_text(fd, &list))
		mode &= ~(mode_t)S_IRWXG;
	*out = xlpt_xasprintf("%04o %u:%u %s", mode, st.st_uid, st.st_gid, list ? list : "-");
	return 0;
}

int xlpt_file_give_rights(int fd, const char *text)
{
	struct stat as = { 0 };
	unsigned mode;
	int at = 0, r;

	if (sscanf(text, "%o %u:%u %n", &mode, &as.st_uid, &as.st_gid, &at) != 3 || !at ||
	    mode & ~07777u)
		return -EBADMSG;
	r = xlpt_file_give_owner(fd, &as);
	return r ? r : xlpt_acl_give(text + at, fd, mode);
}
