/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Room core, core/run's own: what a program prints is written into memory, and read when it has ended. */
#ifndef XLPT_CORE_RUN_PAPER_H
#define XLPT_CORE_RUN_PAPER_H

#include "core/run.h"

/*
 * Memory for what a program prints: a pipe would have us wait for a daemon that it
 * leaves behind. It cannot grow, so that one that prints without end, and may outlive
 * us, gets an error in the place of all of the host's memory. To the kernel it is a file, so
 * ulimit -f holds for it: with less room, programs that print little run all the same.
 * Gives a descriptor, or -1 with errno; in room the bytes that go into it.
 */
int xlpt_run_paper(const char *name, bool answer, off_t *room);

/* Adds it to out: an answer as it is, or the end of a log. */
void xlpt_run_collect(int fd, bool answer, struct xlpt_str *out);

#endif
