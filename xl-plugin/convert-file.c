/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files of a conversion: read whole with a limit, written by temporary and rename. */
#include "xl-plugin/convert.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_all(int fd, const char *path, struct xlpt_str *out, struct xlpt_diag *diag)
{
	char buf[65536];

	for (;;) {
		ssize_t r = read(fd, buf, sizeof(buf));

		/* Of a terminal or a pipe nothing may ever come. */
		if (r < 0 && errno == EINTR && xlpt_interrupted)
			return xlpt_check_interrupted(diag);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return xlpt_diag_errno(diag, XLPT_ERR_IO, errno, "cannot read %s", path);
		if (r == 0)
			return 0;
		if (out->len + (size_t)r > XLPT_CONVERT_MAX) {
			xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "larger than %u bytes: this is no "
				      "guest's configuration", XLPT_CONVERT_MAX);
			xlpt_diag_at(diag, path, 1, 1);
			xlpt_diag_hint(diag, "name the configuration itself");
			return XLPT_ERR_SYNTAX;
		}
		xlpt_str_addn(out, buf, (size_t)r);
	}
}

int xlpt_convert_load(const char *path, struct xlpt_str *out, mode_t *mode,
		      struct xlpt_diag *diag)
{
	_cleanup_close_ int own = -1;
	struct stat st;
	int fd = STDIN_FILENO;

	if (mode)
		*mode = 0644;
	if (strcmp(path, "-") != 0) {
		fd = own = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (fd < 0)
			return xlpt_diag_errno(diag,
					       errno == ENOENT ? XLPT_ERR_NOT_FOUND : XLPT_ERR_IO,
					       errno, "cannot open %s", path);
		if (fstat(fd, &st) == 0 && mode)
			*mode = st.st_mode & 0777;
	} else {
		path = "standard input";
	}
	return read_all(fd, path, out, diag);
}

static int fill(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t r = write(fd, text, len);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		text += r;
		len -= (size_t)r;
	}
	return 0;
}

static void sync_dir(const char *path)
{
	_cleanup_free_ char *dir = xlpt_xstrdup(path);
	char *slash = strrchr(dir, '/');
	_cleanup_close_ int fd = -1;

	if (slash)
		slash[slash == dir] = '\0';
	fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		fsync(fd);
}

int xlpt_convert_save(const char *path, const char *text, size_t len, mode_t mode, bool sync,
		      struct xlpt_diag *diag)
{
	_cleanup_free_ char *tmp = xlpt_xasprintf("%s.XXXXXX", path);
	_cleanup_close_ int fd = mkostemp(tmp, O_CLOEXEC);
	struct stat st;
	int r = 0;

	if (fd < 0)
		return xlpt_diag_errno(diag, XLPT_ERR_IO, errno, "cannot create a file beside %s",
				       path);
	/* An existing file keeps its owner; that only root may give it away is no error. */
	if (stat(path, &st) == 0 && fchown(fd, st.st_uid, st.st_gid) != 0)
		errno = 0;
	r = fill(fd, text, len);
	if (r == 0 && (fchmod(fd, mode) || (sync && fsync(fd)) || rename(tmp, path)))
		r = -errno;
	if (r) {
		unlink(tmp);
		return xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "cannot write %s", path);
	}
	if (sync)
		sync_dir(path);
	return 0;
}
