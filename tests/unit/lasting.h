/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many seconds of processor time a test allows, and how much it lets be done in them. */
#ifndef XLPT_TESTS_LASTING_H
#define XLPT_TESTS_LASTING_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static inline bool lasting_in_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return preload && strstr(preload, "vgpreload");
}

/* Where nothing is measured, a sixteenth meets the same code. */
static inline unsigned lasting_many(unsigned n)
{
	return lasting_in_valgrind() ? (n + 15) / 16 : n;
}

/* Valgrind and the sanitizers make everything slow; there the test looks for faults alone. */
static inline double lasting_at_most(double seconds)
{
#if defined(__SANITIZE_ADDRESS__)
	return seconds * 50;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
	return seconds * 50;
#endif
#endif
	return lasting_in_valgrind() ? seconds * 200 : seconds;
}

#endif
