/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libkmod, without a word of its own on standard error. */
#ifndef XLPT_PCIBACK_MODULE_H
#define XLPT_PCIBACK_MODULE_H

struct kmod_ctx;

/* As kmod_new. Quotes of modprobe.d's lines would go to a terminal as they are. */
struct kmod_ctx *xlpt_kmod_new(const char *dir, const char *const *paths);

#endif
