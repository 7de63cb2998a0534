/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests on a tree in a temporary directory: what is in a folder of it, and how it goes; after cmocka.h. */
#ifndef XLPT_TESTS_UNIT_LISTS_H
#define XLPT_TESTS_UNIT_LISTS_H

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/host.h"
#include "core/text.h"

/* want: each name and a blank behind it, sorted. */
static inline void host_lists(struct xlpt_host *h, const char *path, const char *want)
{
	_cleanup_strv_ char **names = NULL;
	_cleanup_str_ struct xlpt_str s = { 0 };

	assert_int_equal(xlpt_host_list(h, &names, "%s", path), 0);
	for (char **p = names; *p; p++)
		xlpt_str_addf(&s, "%s ", *p);
	assert_string_equal(xlpt_str_get(&s), want);
}

static inline int drop_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path);
}

static inline void drop_tree(const char *dir)
{
	nftw(dir, drop_one, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
