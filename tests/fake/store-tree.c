/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fake/store-tree.h"

#include <string.h>

/* '/' sorts below every other character, so that a subtree is one run of the list. */
static int rank(char c)
{
	return c == '\0' ? 0 : c == '/' ? 1 : (unsigned char)c + 1;
}

static int path_cmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return rank(*a) - rank(*b);
}

bool path_below(const char *path, const char *top)
{
	size_t len = strlen(top);

	return strncmp(path, top, len) == 0 && path[len] == '/';
}

void paths_add(struct paths *p, const char *path)
{
	XLPT_GROW(p->v, p->n, p->alloc);
	p->v[p->n++] = xlpt_xstrdup(path);
}

bool paths_remove(struct paths *p, const char *path)
{
	for (size_t i = 0; i < p->n; i++) {
		if (strcmp(p->v[i], path) == 0) {
			free(p->v[i]);
			p->v[i] = p->v[--p->n];
			return true;
		}
	}
	return false;
}

bool paths_has(const struct paths *p, const char *path)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->v[i], path) == 0)
			return true;
	return false;
}

void paths_dispose(struct paths *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->v[i]);
	free(p->v);
	memset(p, 0, sizeof(*p));
}

/* Where path is, or would be. */
static size_t tree_pos(const struct tree *t, const char *path, bool *found)
{
	size_t lo = 0, hi = t->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (path_cmp(t->nodes[mid].path, path) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	*found = lo < t->n && strcmp(t->nodes[lo].path, path) == 0;
	return lo;
}

const char *tree_get(const struct tree *t, const char *path)
{
	bool found;
	size_t at = tree_pos(t, path, &found);

	return found ? t->nodes[at].value : NULL;
}

void tree_set(struct tree *t, const char *path, const char *value, struct paths *touched)
{
	const char *slash = strrchr(path, '/');
	bool found;
	size_t at;

	if (slash && slash != path) {
		_cleanup_free_ char *parent = xlpt_xstrndup(path, (size_t)(slash - path));

		if (!tree_get(t, parent))
			tree_set(t, parent, "", touched);
	}
	at = tree_pos(t, path, &found);
	if (found) {
		free(t->nodes[at].value);
	} else {
		XLPT_GROW(t->nodes, t->n, t->alloc);
		memmove(&t->nodes[at + 1], &t->nodes[at], (t->n - at) * sizeof(t->nodes[0]));
		t->n++;
		t->nodes[at].path = xlpt_xstrdup(path);
	}
	t->nodes[at].value = xlpt_xstrdup(value);
	paths_add(touched, path);
}

void tree_rm(struct tree *t, const char *path, struct paths *touched)
{
	bool found;
	size_t at = tree_pos(t, path, &found), end = at;

	if (!found)
		return;
	while (end < t->n && (end == at || path_below(t->nodes[end].path, path))) {
		paths_add(touched, t->nodes[end].path);
		free(t->nodes[end].path);
		free(t->nodes[end].value);
		end++;
	}
	memmove(&t->nodes[at], &t->nodes[end], (t->n - end) * sizeof(t->nodes[0]));
	t->n -= end - at;
}

void tree_copy(struct tree *dst, const struct tree *src)
{
	dst->n = src->n;
	dst->alloc = src->n;
	dst->nodes = src->n ? xlpt_xcalloc(src->n, sizeof(*dst->nodes)) : NULL;
	for (size_t i = 0; i < src->n; i++) {
		dst->nodes[i].path = xlpt_xstrdup(src->nodes[i].path);
		dst->nodes[i].value = xlpt_xstrdup(src->nodes[i].value);
	}
}

void tree_dispose(struct tree *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->nodes[i].path);
		free(t->nodes[i].value);
	}
	free(t->nodes);
	memset(t, 0, sizeof(*t));
}
