/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/uuid.h"

bool xlpt_uuid_parse(const char *s, size_t n, uint8_t out[16])
{
	size_t digit = 0;

	if (n != 36)
		return false;
	for (size_t i = 0; i < n; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		uint64_t v = 0;

		if (dash ? s[i] != '-' : !xlpt_parse_uint(s + i, 1, 16, 15, &v))
			return false;
		if (dash)
			continue;
		out[digit / 2] = (uint8_t)(digit % 2 ? out[digit / 2] | v : v << 4);
		digit++;
	}
	return true;
}

char *xlpt_uuid_format(const uint8_t uuid[16], char buf[XLPT_UUID_LEN])
{
	char *p = buf;

	for (size_t i = 0; i < 16; i++)
		p += sprintf(p, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
			     uuid[i]);
	return buf;
}
