/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading cpio archives out of a stream, for what is inside an initramfs. Private to pciback/boot.
 */
#ifndef XLPT_PCIBACK_BOOT_CPIO_H
#define XLPT_PCIBACK_BOOT_CPIO_H

#include "core/stream.h"
#include "pciback/boot/boot.h"

/* Where archives are read from. */
struct xlpt_cpio {
	struct xlpt_stream *stream;
	uint8_t buf[65536];
	size_t pos, n; /* of what is in buf */
	uint64_t at;   /* how far it was read */
};

#define XLPT_CPIO_END UINT64_MAX

void xlpt_cpio_open(struct xlpt_cpio *s, struct xlpt_stream *stream);
/*
 * Reads one plain archive after the other. *rest: where something else begins, or XLPT_CPIO_END.
 * Negative: an archive is damaged, or the stream says why it was not read to its end.
 */
int xlpt_cpio_read(struct xlpt_cpio *s, struct xlpt_initrd *out, uint64_t *rest);

#endif
