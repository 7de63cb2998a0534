/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A made host that the built program runs on as "/": PCI functions, boot loader, modules,
 * libvirt, xendomains. Programs and their libraries are this machine's. What a command may
 * change is copied anew for each run and can be written down as text.
 */
#ifndef XLPT_TESTS_MATRIX_HOST_H
#define XLPT_TESTS_MATRIX_HOST_H

#include <stdbool.h>

/* NULL and a reason on stderr when this process may not make one (no root, no user namespaces). */
struct host *host_new(const char *xlpt);
void host_free(struct host *h);

const char *host_root(const struct host *h);
/* What is there now becomes what host_reset brings back. */
void host_keep(struct host *h);
void host_reset(struct host *h);
/* The host as it was made, and that is what a reset brings back. */
void host_forget(struct host *h);
/*
 * Every file, link and directory that a command could have changed, with mode and content, sorted.
 * Not in it: locks, backups, directories that may be left empty, and files that are not finished
 * (core/file.h), which are counted. Caller frees.
 */
char *host_state(const struct host *h, unsigned *unfinished);

#endif
