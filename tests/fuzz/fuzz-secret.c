/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libFuzzer: texts that leave the host. Taking the secrets out ends, what is left has nothing more
 * to be taken out, and outside of the marks it is the text as it was: each line in its place.
 */
#include <string.h>

#include "core/secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t lines(const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += s[i] == '\n';
	return n;
}

static size_t marks(const char *s)
{
	size_t n = 0;

	for (; (s = strstr(s, XLPT_SECRET_MARK)); s += strlen(XLPT_SECRET_MARK))
		n++;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_str_ struct xlpt_str once = { 0 }, twice = { 0 }, names = { 0 }, more = { 0 };
	char *text;
	size_t n;

	if (size > 1 << 16)
		return 0;
	/* Its own allocation, without a NUL behind it: reading too far is seen. */
	text = xlpt_xcalloc(1, size ? size : 1);
	memcpy(text, data, size);
	n = xlpt_secrets_take_out(text, size, &once, &names);
	if (lines(xlpt_str_get(&once), once.len) != lines(text, size) ||
	    (n == 0) != (names.len == 0))
		abort();
	if (!n && (once.len != size || memcmp(xlpt_str_get(&once), text, size) != 0))
		abort();
	if (strlen(xlpt_str_get(&once)) == once.len && marks(xlpt_str_get(&once)) < n)
		abort();
	xlpt_secrets_take_out(xlpt_str_get(&once), once.len, &twice, &more);
	if (twice.len != once.len ||
	    memcmp(xlpt_str_get(&twice), xlpt_str_get(&once), once.len) != 0)
		abort();
	free(text);
	return 0;
}
