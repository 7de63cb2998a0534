/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pciback/device/vpd.h"

#include <ctype.h>
#include <string.h>

enum {
	VPD_MAX = 0x8000, /* addresses have 15 bits */
	SMALL_END = 0x0f, /* item name of a small resource: the end */
	LARGE = 0x80,
	LARGE_READ_ONLY = 0x90,
};

/* The characters that a serial number may have: it is put into a line of text. */
static char *printable(const uint8_t *s, size_t n)
{
	while (n && (s[n - 1] == ' ' || s[n - 1] == '\0'))
		n--;
	while (n && *s == ' ')
		s++, n--;
	for (size_t i = 0; i < n; i++)
		if (!isprint(s[i]))
			return NULL;
	return n ? xlpt_xstrndup((const char *)s, n) : NULL;
}

/* Fields of two letters, a length, and as many bytes. */
static char *field_sn(const uint8_t *s, size_t n)
{
	while (n >= 3 && (size_t)s[2] + 3 <= n) {
		size_t whole = (size_t)s[2] + 3;

		if (s[0] == 'S' && s[1] == 'N')
			return printable(s + 3, s[2]);
		s += whole;
		n -= whole;
	}
	return NULL;
}

char *xlpt_vpd_parse_serial(const uint8_t *vpd, size_t len)
{
	size_t at = 0;

	while (at < len) {
		uint8_t tag = vpd[at];
		size_t head = tag & LARGE ? 3 : 1, size;

		if (len - at < head)
			return NULL;
		size = tag & LARGE ? (size_t)vpd[at + 2] << 8 | vpd[at + 1] : tag & 7u;
		if (len - at - head < size || (!(tag & LARGE) && tag >> 3 == SMALL_END))
			return NULL;
		if (tag == LARGE_READ_ONLY)
			return field_sn(vpd + at + head, size);
		at += head + size;
	}
	return NULL;
}

char *xlpt_vpd_serial(struct xlpt_host *h, struct xlpt_bdf bdf)
{
	_cleanup_free_ char *path =
		xlpt_xasprintf("/sys/bus/pci/devices/%s/vpd", XLPT_BDF_STR(bdf));
	_cleanup_free_ uint8_t *buf = NULL;
	ssize_t r;

	if (h->ops->exists(h, path))
		return NULL;
	buf = xlpt_xcalloc(1, VPD_MAX);
	r = h->ops->read(h, path, buf, VPD_MAX);
	return r < 0 ? NULL : xlpt_vpd_parse_serial(buf, (size_t)r);
}
