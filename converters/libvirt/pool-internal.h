/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the two directions of pool-def.h. */
#ifndef XLPT_CONVERTERS_POOL_DEF_INTERNAL_H
#define XLPT_CONVERTERS_POOL_DEF_INTERNAL_H

#include "converters/libvirt/pool-def.h"
#include "converters/libvirt/words.h"

extern const struct xlpt_lv_word xlpt_pool_policies[];

/* Begins a comment that holds what only libvirt said. */
#define XLPT_POOL_KEPT "#: "

#endif
