/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libFuzzer: an initramfs image is whatever somebody put there. Nothing is
 * compared; the sanitizers watch.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "pciback/boot/cpio.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct xlpt_cpio cpio;
	static int fd = -1;
	struct xlpt_stream image = { .max = UINT64_MAX };
	struct xlpt_initrd rd = { 0 };
	uint64_t rest;

	if (fd < 0)
		fd = memfd_create("initrd", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size ||
	    lseek(fd, 0, SEEK_SET))
		abort();
	image.fd = fd;
	xlpt_cpio_open(&cpio, &image);
	xlpt_cpio_read(&cpio, &rd, &rest);
	if (xlpt_initrd_has(&rd, "xen-pciback") && !rd.n)
		abort();
	xlpt_initrd_dispose(&rd);
	return 0;
}
