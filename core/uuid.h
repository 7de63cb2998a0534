/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A UUID as text: 8-4-4-4-12 hexadecimal digits, in the order in which they are written. */
#ifndef XLPT_CORE_UUID_H
#define XLPT_CORE_UUID_H

#include "core/util.h"

/* False for anything else. */
bool xlpt_uuid_parse(const char *s, size_t n, uint8_t out[16]);
#define XLPT_UUID_LEN 37
char *xlpt_uuid_format(const uint8_t uuid[16], char buf[XLPT_UUID_LEN]);
#define XLPT_UUID_STR(uuid) (xlpt_uuid_format((uuid), (char[XLPT_UUID_LEN]){ 0 }))

#endif
