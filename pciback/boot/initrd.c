/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is inside an initramfs: plain cpio archives, and behind them archives that
 * are compressed as a whole. The usual tools unpack them. The image is not trusted.
 */
#include "pciback/boot/cpio.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/file.h"
#include "core/run.h"
#include "core/stop.h"
#include "pciback/boot/internal.h"

/* The largest images that distributions make are a tenth of this. */
#define IMAGE_MAX    (2ull << 30)
#define UNPACKED_MAX (8ull << 30)
#define DEADLINE_MS  60000
#define UNPACKER_MAX (1ull << 30) /* memory; 64 MiB is the largest window of xz -9 */

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

/* After a failure of xlpt_cpio_read(): err is the stream's. */
static int failed(int err, struct xlpt_diag *diag)
{
	switch (err) {
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
		return xlpt_diag_errno(diag, XLPT_ERR_IO, err, "cannot read the initramfs");
	}
}

struct unpacked {
	struct xlpt_cpio *cpio;
	struct xlpt_initrd *out;
	bool nothing; /* not one byte came */
};

static int read_unpacked(void *ctx, struct xlpt_stream *stream, struct xlpt_diag *diag)
{
	struct unpacked *u = ctx;
	uint64_t rest;
	int r;

	xlpt_cpio_open(u->cpio, stream);
	r = xlpt_cpio_read(u->cpio, u->out, &rest);
	u->nothing = !stream->got && !stream->err;
	return r < 0 ? failed(stream->err, diag) : 0;
}

static int packed(int fd, struct xlpt_cpio *s, uint64_t from, int64_t deadline,
		  struct xlpt_initrd *out, struct xlpt_diag *diag)
{
	uint8_t magic[8] = { 0 };
	const char *argv[] = { NULL, "-dc", NULL };
	_cleanup_run_ struct xlpt_run run = XLPT_RUN_INIT(argv);
	struct unpacked unpacked = { .cpio = s, .out = out };
	int64_t left = deadline - xlpt_now(&xlpt_clock_real);
	int rc;

	if (pread(fd, magic, sizeof(magic), (off_t)from) < 4 || !(argv[0] = unpacker(magic)))
		return xlpt_diag_set(diag, XLPT_ERR_DATA,
				     "the initramfs is in a format that is not known");
	if (lseek(fd, (off_t)from, SEEK_SET) < 0)
		return xlpt_diag_errno(diag, XLPT_ERR_IO, errno, "cannot read the initramfs");
	run.in_fd = fd;
	run.reader = read_unpacked;
	run.reader_ctx = &unpacked;
	run.reader_max = UNPACKED_MAX;
	/* The image says how much memory xz takes, up to 4 GiB. */
	run.memory_max = UNPACKER_MAX;
	run.timeout_ms = left > 0 ? left : 1;
	rc = xlpt_run_program(&run, diag);
	if (rc)
		return rc;
	if (run.status == 127) {
		xlpt_diag_errno(diag, XLPT_ERR_DATA, ENOENT, "cannot unpack the initramfs");
		xlpt_diag_hint(diag, "install %s", argv[0]);
		return XLPT_ERR_DATA;
	}
	if (!unpacked.nothing)
		return 0;
	/* Nothing comes out of a tool that failed. */
	rc = failed(0, diag);
	if (diag)
		xlpt_diag_add_log(diag, run.err.s);
	return rc;
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
	struct xlpt_stream image = { .max = UNPACKED_MAX };
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
	image.fd = fd;
	image.deadline = xlpt_now(&xlpt_clock_real) + DEADLINE_MS;
	xlpt_cpio_open(s, &image);
	if (xlpt_cpio_read(s, out, &rest) < 0)
		rc = failed(image.err, diag);
	else if (rest != XLPT_CPIO_END)
		rc = packed(fd, s, rest, image.deadline, out, diag);
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
