/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libFuzzer: an initramfs image is whatever somebody put there. Nothing is
 * compared; the sanitizers watch.
 */
#include "pciback/boot/boot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xlpt_initrd rd;

	xlpt_initrd_scan(data, size, &rd);
	if (xlpt_initrd_has(&rd, "xen-pciback") && !rd.n)
		abort();
	xlpt_initrd_dispose(&rd);
	return 0;
}
