/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small host below /tmp, whose files a fuzz target writes: opened once, its changing files taken away after each input. */
#ifndef XLPT_TESTS_FUZZ_TREE_H
#define XLPT_TESTS_FUZZ_TREE_H

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/host.h"

static int tree_root = -1;
static struct xlpt_host tree_host;

static inline void tree_open(void)
{
	char dir[] = "/tmp/xlpt-fuzz-XXXXXX";

	if (!mkdtemp(dir) || (tree_root = open(dir, O_DIRECTORY | O_CLOEXEC)) < 0 ||
	    xlpt_host_open(&tree_host, dir) < 0)
		abort();
}

static inline void tree_folders(const char *path)
{
	for (const char *s = path; (s = strchr(s, '/')); s++) {
		_cleanup_free_ char *folder = xlpt_xstrndup(path, (size_t)(s - path));

		mkdirat(tree_root, folder, 0700);
	}
}

static inline void tree_put(const char *path, const void *text, size_t size)
{
	int fd;

	tree_folders(path);
	fd = openat(tree_root, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, text, size) != (ssize_t)size)
		abort();
	close(fd);
}

/*
 * The input in parts: each begins with a byte that chooses the file and two with its length. Each
 * file is written as the last part for it says. Returns which were: bit i is paths[i].
 */
static inline uint64_t tree_parts(const char *const *paths, size_t n, const uint8_t *data,
				  size_t size)
{
	uint64_t written = 0;

	while (size >= 3) {
		size_t file = data[0] % n, len = data[1] | (size_t)data[2] << 8;

		data += 3;
		size -= 3;
		len = len < size ? len : size;
		tree_put(paths[file], data, len);
		written |= UINT64_C(1) << file;
		data += len;
		size -= len;
	}
	return written;
}

static inline void tree_take_away(const char *const *paths, size_t n, uint64_t written)
{
	for (size_t i = 0; i < n; i++)
		if (written >> i & 1)
			unlinkat(tree_root, paths[i], 0);
}

#endif
