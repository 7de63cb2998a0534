/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A folder as it is now, to be put back after something has worked in it: what took a whole
 * preparation to make need not be made anew for each of a hundred tries. Only what has changed is
 * written again.
 */
#ifndef XLPT_TESTS_FAKE_KEPT_TREE_H
#define XLPT_TESTS_FAKE_KEPT_TREE_H

struct kept_tree;

/* Both end the program when a file cannot be read or written. */
struct kept_tree *kept_tree_new(const char *dir);
void kept_tree_put_back(struct kept_tree *t);
void kept_tree_free(struct kept_tree *t);

/* Removes a name with all that is below it; not being there is success, otherwise -errno. */
int kept_remove_at(int dirfd, const char *name);

#endif
