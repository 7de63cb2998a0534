/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is inside an initramfs: plain cpio archives, and behind them archives that
 * are compressed as a whole. The usual tools unpack them. The image is not trusted.
 */
#include "pciback/boot/cpio.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/file.h"
#include "core/stop.h"
#include "pciback/boot/internal.h"

/* The largest images that distributions make are a tenth of this. */
#define IMAGE_MAX    (2ull << 30)
#define UNPACKED_MAX (8ull << 30)
#define DEADLINE_MS  60000
#define UNPACKER_MAX (1ull << 30) /* memory; 64 MiB is the largest window of xz -9 */

int xlpt_initrd_scan(const uint8_t *data, size_t len, struct xlpt_initrd *out)
{
	struct xlpt_cpio s = { .fd = -1, .buf = data, .n = len };
	uint64_t rest;

	*out = (struct xlpt_initrd){ 0 };
	return xlpt_cpio_read(&s, out, &rest);
}

static const char *unpacker(const uint8_t *magic)
{
	static const struct {
		const char *magic;
		size_t n;
		const char *tool;
	} known[] = {
		{ "\x1f\x8b", 2, "gzip" },
		{ "\x28\xb5\x2f\xfd", 4, "zstd" },
		{ "\xfd"
		  "7zXZ",
		  5, "xz" },
		{ "\x5d\0\0", 3, "xz" },
		{ "\x02\x21\x4c\x18", 4, "lz4" },
		{ "\x04\x22\x4d\x18", 4, "lz4" },
		{ "BZh", 3, "bzip2" },
		{ "\x89LZO", 4, "lzop" },
	};

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(known); i++)
		if (!memcmp(magic, known[i].magic, known[i].n))
			return known[i].tool;
	return NULL;
}

/* After fork: nothing but system calls. The image says how much memory xz takes, up to 4 GiB. */
static void become(const char *tool, int in, int out, int told)
{
	char *argv[] = { (char *)(uintptr_t)tool, (char *)(uintptr_t) "-dc", NULL };
	struct rlimit limit;
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), r;

	if (getrlimit(RLIMIT_DATA, &limit) == 0 && limit.rlim_cur > UNPACKER_MAX) {
		limit.rlim_cur = UNPACKER_MAX;
		setrlimit(RLIMIT_DATA, &limit);
	}
	if (null >= 0 && dup2(in, 0) >= 0 && dup2(out, 1) >= 0 && dup2(null, 2) >= 0)
		execvp(tool, argv);
	r = errno;
	_exit(write(told, &r, sizeof(r)) == sizeof(r) ? 127 : 126);
}

/* Starts "TOOL -dc" on the file from its present position; where its output comes out, or -errno. */
static int start(const char *tool, int fd, pid_t *pid)
{
	_cleanup_close_ int out = -1, in = -1, told = -1, tell = -1;
	int pipes[2], r = 0;

	if (pipe2(pipes, O_CLOEXEC))
		return -errno;
	out = pipes[0];
	in = pipes[1];
	if (pipe2(pipes, O_CLOEXEC))
		return -errno;
	told = pipes[0];
	tell = pipes[1];
	*pid = fork();
	if (*pid == 0)
		become(tool, fd, in, tell);
	if (*pid < 0)
		return -errno;
	xlpt_closep(&tell);
	/* Nothing comes when it was started: the other end went with its exec. */
	if (read(told, &r, sizeof(r)) == sizeof(r)) {
		waitpid(*pid, NULL, 0);
		*pid = -1;
		return -r;
	}
	r = out;
	out = -1;
	return r;
}

/* After a failure of xlpt_cpio_read(). */
static int failed(const struct xlpt_cpio *s, struct xlpt_diag *diag)
{
	switch (s->err) {
	case 0:
		return xlpt_diag_set(diag, XLPT_ERR_DATA, "the initramfs is damaged");
	case -EFBIG:
		return xlpt_diag_set(diag, XLPT_ERR_DATA,
				     "the initramfs unpacks to more than %llu GiB: it is none",
				     UNPACKED_MAX >> 30);
	case -ETIMEDOUT:
		return xlpt_diag_set(diag, XLPT_ERR_TIMEOUT,
				     "the initramfs could not be read to its end in %d s",
				     DEADLINE_MS / 1000);
	case -EINTR:
		return xlpt_check_interrupted(diag);
	default:
		return xlpt_diag_errno(diag, XLPT_ERR_IO, s->err, "cannot read the initramfs");
	}
}

static int packed(int fd, struct xlpt_cpio *s, uint64_t from, struct xlpt_initrd *out,
		  struct xlpt_diag *diag)
{
	uint8_t magic[8] = { 0 };
	const char *tool;
	uint64_t rest;
	pid_t pid = -1;
	int r, pipe;

	if (pread(fd, magic, sizeof(magic), (off_t)from) < 4 || !(tool = unpacker(magic)))
		return xlpt_diag_set(diag, XLPT_ERR_DATA,
				     "the initramfs is in a format that is not known");
	if (lseek(fd, (off_t)from, SEEK_SET) < 0)
		return xlpt_diag_errno(diag, XLPT_ERR_IO, errno, "cannot read the initramfs");
	pipe = start(tool, fd, &pid);
	if (pipe < 0) {
		xlpt_diag_errno(diag, XLPT_ERR_DATA, pipe, "cannot unpack the initramfs");
		xlpt_diag_hint(diag, "install %s", tool);
		return XLPT_ERR_DATA;
	}
	xlpt_cpio_open(s, pipe, UNPACKED_MAX, s->deadline);
	r = xlpt_cpio_read(s, out, &rest);
	close(pipe);
	/* What comes after the last archive is nobody's; the tool may wait to write it. */
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return r < 0 || !s->at ? failed(s, diag) : 0; /* out of a tool that failed nothing comes */
}

static int open_image(struct xlpt_host *h, const char *path, struct xlpt_diag *diag)
{
	struct stat st;
	int fd = xlpt_file_open(h, path, 0, &st);

	if (fd < 0) {
		xlpt_diag_errno(diag, XLPT_ERR_DATA, fd, "cannot open %s", path);
		return -1;
	}
	if ((uint64_t)st.st_size <= IMAGE_MAX)
		return fd;
	xlpt_diag_set(diag, XLPT_ERR_DATA, "%s is larger than %llu GiB: it is no initramfs", path,
		      IMAGE_MAX >> 30);
	close(fd);
	return -1;
}

int xlpt_initrd_read(struct xlpt_host *h, const struct xlpt_boot *boot, struct xlpt_initrd *out,
		     struct xlpt_diag *diag)
{
	_cleanup_free_ struct xlpt_cpio *s = xlpt_xcalloc(1, sizeof(*s));
	_cleanup_close_ int fd = -1;
	uint64_t rest = XLPT_CPIO_END;
	int rc = 0;

	*out = (struct xlpt_initrd){ 0 };
	if (!boot->initrd)
		return xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND,
				     "no initramfs of this kernel was found");
	fd = open_image(h, boot->initrd, diag);
	if (fd < 0)
		return XLPT_ERR_DATA;
	xlpt_cpio_open(s, fd, UNPACKED_MAX, xlpt_now(&xlpt_clock_real) + DEADLINE_MS);
	if (xlpt_cpio_read(s, out, &rest) < 0)
		rc = failed(s, diag);
	else if (rest != XLPT_CPIO_END)
		rc = packed(fd, s, rest, out, diag);
	if (rc) {
		xlpt_diag_fact(diag, "%s", boot->initrd);
		xlpt_initrd_dispose(out);
	}
	return rc;
}

bool xlpt_initrd_has(const struct xlpt_initrd *rd, const char *module)
{
	return xlpt_boot_strv_has(rd->modules, module);
}

void xlpt_initrd_dispose(struct xlpt_initrd *rd)
{
	xlpt_strv_free(rd->modules);
	free(rd->dropin);
	*rd = (struct xlpt_initrd){ 0 };
}
