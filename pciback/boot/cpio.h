/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading cpio archives out of a stream, for what is inside an initramfs. Private to pciback/boot.
 */
#ifndef XLPT_PCIBACK_BOOT_CPIO_H
#define XLPT_PCIBACK_BOOT_CPIO_H

#include "pciback/boot/boot.h"

/* A stream that knows how far it was read, and when it has to end. */
struct xlpt_cpio {
	int fd; /* -1: all of it is in buf */
	const uint8_t *buf;
	size_t pos, n; /* of what is in buf */
	uint64_t at, max;
	int64_t deadline;
	int err; /* why it ended early: -ETIMEDOUT, -EFBIG, -EINTR or what read(2) said */
	uint8_t own[65536];
};

#define XLPT_CPIO_END UINT64_MAX

void xlpt_cpio_open(struct xlpt_cpio *s, int fd, uint64_t max, int64_t deadline);
/*
 * Reads one plain archive after the other. *rest: where something else begins, or XLPT_CPIO_END.
 * Negative: an archive is damaged, or s->err says why it was not read to its end.
 */
int xlpt_cpio_read(struct xlpt_cpio *s, struct xlpt_initrd *out, uint64_t *rest);

#endif
