/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Xen's own command line, taken apart as Xen does it (xen/common/kernel.c, parse_params): blanks divide words,
 * and quotes are signs like others. What stands behind " -- " is not Xen's: it puts that behind the command
 * line of dom0's kernel (xen/arch/x86/setup.c, kextra).
 */
#ifndef XLPT_CORE_XEN_LINE_H
#define XLPT_CORE_XEN_LINE_H

#include "core/util.h"

/* What divides words; a file's line may end in the others. */
#define XLPT_XEN_BLANKS " \r\n"

/* The part of the line that is Xen's, for strtok_r(3). Caller frees. */
char *xlpt_xen_own(const char *line);
/* The part that Xen hands to dom0's kernel, or "". */
const char *xlpt_xen_behind(const char *line);
/*
 * The last value of a word "NAME=VALUE" or "NAME" (empty) of Xen's, or NULL. all: of one that is a list each word
 * adds to, with a ',' between them. Caller frees.
 */
char *xlpt_xen_value(const char *line, const char *name, bool all);

#endif
