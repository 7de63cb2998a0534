/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many seconds of processor time a test allows. */
#ifndef XLPT_TESTS_LASTING_H
#define XLPT_TESTS_LASTING_H

#include <stdlib.h>
#include <string.h>

/* Valgrind and the sanitizers make everything slow; there the test looks for faults alone. */
static inline double lasting_at_most(double seconds)
{
	const char *preload = getenv("LD_PRELOAD");
#if defined(__SANITIZE_ADDRESS__)
	return seconds * 50;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
	return seconds * 50;
#endif
#endif
	return preload && strstr(preload, "vgpreload") ? seconds * 200 : seconds;
}

#endif
