/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The nodes of the fake store: a sorted list of paths with their values. */
#ifndef XLPT_TESTS_FAKE_STORE_TREE_H
#define XLPT_TESTS_FAKE_STORE_TREE_H

#include "core/util.h"

struct tree {
	struct tree_node {
		char *path, *value;
	} * nodes;
	size_t n, alloc;
};

struct paths {
	char **v;
	size_t n, alloc;
};

void tree_dispose(struct tree *t);
void tree_copy(struct tree *dst, const struct tree *src); /* dst is overwritten */
const char *tree_get(const struct tree *t, const char *path);
/* Makes missing parents with empty values. */
void tree_set(struct tree *t, const char *path, const char *value, struct paths *touched);
/* Takes the subtree; every node is noted, as a watch on a child fires when its parent goes. */
void tree_rm(struct tree *t, const char *path, struct paths *touched);

void paths_add(struct paths *p, const char *path);
bool paths_remove(struct paths *p, const char *path);
bool paths_has(const struct paths *p, const char *path);
void paths_dispose(struct paths *p);
bool path_below(const char *path, const char *top);

#endif
