/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests of xlpt batch. */
#ifndef XLPT_BATCH_H
#define XLPT_BATCH_H

#include "xl-plugin/cli/env.h"

#define XLPT_BATCH_LINE 65536 /* bytes of a request */

/*
 * Runs the request and prints its answer. text ends in a NUL byte and has at most XLPT_BATCH_LINE + 1 bytes:
 * one that is longer is refused. line: the how manieth it is.
 */
void xlpt_batch_answer(struct xlpt_env *env, const char *text, size_t len, unsigned line);

#endif
