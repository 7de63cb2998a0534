/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/run-paper.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

int xlpt_run_paper(const char *name, bool answer, off_t *room)
{
	_cleanup_close_ int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	/* One page more: what does not fit into the last one is refused whole. */
	off_t size = (answer ? XLPT_RUN_ANSWER_MAX : XLPT_RUN_PAPER_MAX) + 65536;
	struct rlimit limit;
	int ret;

	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < (rlim_t)size)
		size = (off_t)limit.rlim_cur;
	*room = size;

	if (fd < 0 || ftruncate(fd, size) || fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK))
		return -1;
	ret = fd;
	fd = -1;
	return ret;
}

void xlpt_run_collect(int fd, bool answer, struct xlpt_str *out)
{
	/* Where its writing has come to: the descriptor is the same one. */
	off_t size = lseek(fd, 0, SEEK_CUR),
	      at = !answer && size > XLPT_RUN_LOG_MAX ? size - XLPT_RUN_LOG_MAX : 0;
	char buf[4096];
	ssize_t r;

	while (at < size) {
		off_t left = size - at;

		r = pread(fd, buf, left < (off_t)sizeof(buf) ? (size_t)left : sizeof(buf), at);
		if (r <= 0)
			break;
		/* A log is printed: a NUL would end it early. */
		for (ssize_t i = 0; !answer && i < r; i++)
			buf[i] = buf[i] ? buf[i] : ' ';
		xlpt_str_addn(out, buf, (size_t)r);
		at += r;
	}
	while (out->len && out->s[out->len - 1] == '\n')
		out->s[--out->len] = '\0';
}
