/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shared by pciback/boot-*.c only.
 */
#ifndef XLPT_PCIBACK_BOOT_INTERNAL_H
#define XLPT_PCIBACK_BOOT_INTERNAL_H

#include "pciback/boot.h"

/* The whole of a file of up to 32 MiB. Returns 0 or a negative errno. */
int xlpt_boot_slurp(struct xlpt_host *h, const char *path, struct xlpt_str *out);
/* Walks a text in place: the next line without its newline, NULL at the end. */
char *xlpt_boot_line(char **cursor);
/* Appends to a NULL-terminated vector unless it is in it (as module names compare). */
void xlpt_boot_strv_add(char ***v, const char *s);
bool xlpt_boot_strv_has(char **v, const char *s);
/* "kernel/drivers/net/e1000e/e1000e.ko.xz" -> "e1000e"; NULL when it is no module. Caller frees. */
char *xlpt_boot_module_name(const char *path, size_t len);
/* Fill the fields of that name. */
void xlpt_boot_find_initramfs(struct xlpt_host *h, struct xlpt_boot *b);
void xlpt_boot_find_loader(struct xlpt_host *h, struct xlpt_boot *b);

#endif
