/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading from somebody who may never stop, or never begin: with a limit on what is read, until
 * a point in time, and no longer than until a signal asks xlpt to end.
 */
#ifndef XLPT_CORE_STREAM_H
#define XLPT_CORE_STREAM_H

#include <stddef.h>
#include <stdint.h>

struct xlpt_stream {
	int fd;
	uint64_t max, got; /* bytes that may be read, and that were */
	int64_t deadline;  /* of xlpt_clock_real; 0 = none */
	int err;	   /* why it ended early: -ETIMEDOUT, -EFBIG, -EINTR or what read(2) said */
};

/* Up to n bytes, as they come; 0 at the end, and when err says why there is no more. */
size_t xlpt_stream_read(struct xlpt_stream *s, void *buf, size_t n);

#endif
