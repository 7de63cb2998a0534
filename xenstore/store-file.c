/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xenstore/store-file.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/* What xenstored itself allows: a node of 4 KiB, a path of 3 KiB (xs_wire.h). */
#define DEPTH_MAX    32
#define NODES_MAX    100000
#define PATH_MAX_LEN 3072
/* Of what one guest writes itself: a frontend and its errors are some twenty nodes. */
#define GUEST_NODES_MAX 512

/* ---- writing ---- */

struct dump {
	struct xlpt_store *s;
	struct xlpt_str out;
	unsigned nodes;
	unsigned max; /* what is beyond is left out; 0 = that is an error */
};

static void add_value(struct xlpt_str *out, const char *value)
{
	for (const unsigned char *p = (const unsigned char *)value; *p; p++)
		if (isprint(*p) && *p != '\\')
			xlpt_str_addn(out, (const char *)p, 1);
		else
			xlpt_str_addf(out, "\\x%02x", *p);
}

/* A node that goes away meanwhile is left out, as if it had gone before. */
static int node(struct dump *d, const char *path)
{
	_cleanup_free_ char *value = NULL;
	int r = d->s->ops->read(d->s, 0, path, &value);

	if (r == -ENOENT || r == -EACCES)
		return 0;
	if (r)
		return r;
	if (d->max && d->nodes >= d->max)
		return 0;
	if (++d->nodes > NODES_MAX)
		return -E2BIG;
	xlpt_str_addf(&d->out, "%s ", path);
	add_value(&d->out, value);
	xlpt_str_add(&d->out, "\n");
	return 0;
}

static int tree(struct dump *d, const char *path, unsigned depth)
{
	_cleanup_strv_ char **names = NULL;
	int r = node(d, path);

	if (r == 0 && depth < DEPTH_MAX && (!d->max || d->nodes < d->max))
		r = d->s->ops->list(d->s, 0, path, &names);
	for (char **n = names; r == 0 && n && *n; n++) {
		_cleanup_free_ char *child = xlpt_xasprintf("%s/%s", path, *n);

		r = tree(d, child, depth + 1);
	}
	/* A guest can make a directory that xenstored cannot list in one answer. */
	return r == -ENOENT || r == -EACCES || (r == -E2BIG && d->max) ? 0 : r;
}

/* parent/N/SUB for each child N of the parent; of each guest's a part, if it has made too many. */
static int each(struct dump *d, const char *parent, const char *sub)
{
	_cleanup_strv_ char **names = NULL;
	int r = d->s->ops->list(d->s, 0, parent, &names);

	for (char **n = names; r == 0 && n && *n; n++) {
		_cleanup_free_ char *path = xlpt_xasprintf("%s/%s/%s", parent, *n, sub);

		d->max = d->nodes + GUEST_NODES_MAX;
		if (isdigit((unsigned char)**n))
			r = tree(d, path, 0);
	}
	d->max = 0;
	return r == -ENOENT ? 0 : r;
}

int xlpt_store_dump_pci(struct xlpt_store *s, char **text, struct xlpt_diag *diag)
{
	static const char *const trees[] = { "/local/domain/0/backend/pci", "/libxl/pci" };
	static const struct {
		const char *parent, *sub;
	} eaches[] = {
		{ "/local/domain", "name" },	   { "/local/domain", "target" },
		{ "/local/domain", "device/pci" }, { "/local/domain", "error/device/pci" },
		{ "/libxl", "device/pci" },	   { "/libxl", "type" },
	};
	struct dump d = { .s = s };
	int r = 0;

	*text = NULL;
	for (size_t i = 0; r == 0 && i < XLPT_ARRAY_SIZE(trees); i++)
		r = tree(&d, trees[i], 0);
	for (size_t i = 0; r == 0 && i < XLPT_ARRAY_SIZE(eaches); i++)
		r = each(&d, eaches[i].parent, eaches[i].sub);
	if (r) {
		xlpt_str_dispose(&d.out);
		return xlpt_store_error(diag, r, "cannot read xenstore's PCI part");
	}
	*text = xlpt_str_take(&d.out);
	return 0;
}

/* ---- reading ---- */

struct entry {
	char *path, *value;
};

struct nodes {
	struct entry *items; /* sorted by path */
	size_t n, alloc;
};

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

static bool path_ok(const char *s)
{
	if (*s != '/' || strlen(s) > PATH_MAX_LEN)
		return false;
	for (const char *p = s; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("-/_@:.", *p))
			return false;
	return !strstr(s, "//") && s[strlen(s) - 1] != '/';
}

static char *unescape(const char *s)
{
	struct xlpt_str out = { 0 };

	while (*s) {
		uint64_t v;

		if (*s != '\\') {
			xlpt_str_addn(&out, s++, 1);
			continue;
		}
		if (s[1] != 'x' || !s[2] || !s[3] || !xlpt_parse_uint(s + 2, 2, 16, 0xff, &v) ||
		    !v) {
			xlpt_str_dispose(&out);
			return NULL;
		}
		xlpt_str_addn(&out, (char[]){ (char)v }, 1);
		s += 4;
	}
	return xlpt_str_take(&out);
}

static int read_op(struct xlpt_store *s, xlpt_xst t, const char *path, char **value)
{
	struct nodes *nodes = s->priv;
	struct entry key = { .path = (char *)path }, *found;

	(void)t;
	found = nodes->n ? bsearch(&key, nodes->items, nodes->n, sizeof(key), by_path) : NULL;
	*value = found ? xlpt_xstrdup(found->value) : NULL;
	return found ? 0 : -ENOENT;
}

/* The first node that is not before prefix: all that begin with it stand from there on. */
static size_t first(const struct nodes *nodes, const char *prefix)
{
	size_t low = 0, high = nodes->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(nodes->items[mid].path, prefix) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* A node above one that was taken was there, too, though it was not taken itself. */
static int list_op(struct xlpt_store *s, xlpt_xst t, const char *path, char ***names)
{
	_cleanup_free_ char *prefix = xlpt_xasprintf("%s/", strcmp(path, "/") ? path : "");
	_cleanup_free_ char *value = NULL;
	struct nodes *nodes = s->priv;
	size_t n = 0, kept = 0, alloc = 0, len = strlen(prefix);
	char **v = NULL;

	for (size_t i = first(nodes, prefix);
	     i < nodes->n && xlpt_starts(nodes->items[i].path, prefix); i++) {
		const char *rest = nodes->items[i].path + len;

		XLPT_GROW(v, n, alloc);
		v[n++] = xlpt_xstrndup(rest, strcspn(rest, "/"));
	}
	if (!n && read_op(s, t, path, &value))
		return -ENOENT;
	XLPT_GROW(v, n, alloc);
	v[n] = NULL;
	xlpt_strv_sort(v);
	for (size_t i = 0; i < n; i++) {
		if (kept && !strcmp(v[kept - 1], v[i]))
			free(v[i]);
		else
			v[kept++] = v[i];
	}
	v[kept] = NULL;
	*names = v;
	return 0;
}

static int write_op(struct xlpt_store *s, xlpt_xst t, const char *path, const char *value)
{
	(void)s, (void)t, (void)path, (void)value;
	return -EROFS;
}

static int rm_op(struct xlpt_store *s, xlpt_xst t, const char *path)
{
	(void)s, (void)t, (void)path;
	return -EROFS;
}

static int begin_op(struct xlpt_store *s, xlpt_xst *t)
{
	(void)s;
	*t = 1;
	return 0;
}

static int end_op(struct xlpt_store *s, xlpt_xst t, bool give_up)
{
	(void)s, (void)t, (void)give_up;
	return 0;
}

static int watch_op(struct xlpt_store *s, const char *path)
{
	(void)s, (void)path;
	return 0;
}

static int wait_op(struct xlpt_store *s, int64_t ms)
{
	s->clock->sleep_ms(s->clock, ms);
	return 0;
}

static void close_op(struct xlpt_store *s)
{
	struct nodes *nodes = s->priv;

	for (size_t i = 0; i < nodes->n; i++) {
		free(nodes->items[i].path);
		free(nodes->items[i].value);
	}
	free(nodes->items);
	free(nodes);
}

static const struct xlpt_store_ops file_ops = {
	.read = read_op,
	.write = write_op,
	.rm = rm_op,
	.list = list_op,
	.begin = begin_op,
	.end = end_op,
	.watch = watch_op,
	.unwatch = watch_op,
	.wait = wait_op,
	.close = close_op,
};

static int bad(struct xlpt_diag *diag, unsigned line, const char *what)
{
	xlpt_diag_set(diag, XLPT_ERR_DATA, "%s", what);
	xlpt_diag_at(diag, NULL, line, 0);
	xlpt_diag_hint(diag, "unpack the archive of xlpt capture again");
	return XLPT_ERR_DATA;
}

static int add_line(struct nodes *nodes, char *line, unsigned nr, struct xlpt_diag *diag)
{
	char *space = strchr(line, ' '), *value;

	if (!space)
		return bad(diag, nr, "a line is PATH VALUE");
	*space = '\0';
	if (!path_ok(line))
		return bad(diag, nr, "this is not a path in xenstore");
	if (nodes->n >= NODES_MAX)
		return bad(diag, nr, "there are more nodes than any xenstore has");
	value = unescape(space + 1);
	if (!value)
		return bad(diag, nr, "a \\ is followed by xHH, and not by 00");
	XLPT_GROW(nodes->items, nodes->n, nodes->alloc);
	nodes->items[nodes->n++] = (struct entry){ .path = xlpt_xstrdup(line), .value = value };
	return 0;
}

int xlpt_store_open_text(struct xlpt_store *s, struct xlpt_clock *clock, const char *text,
			 struct xlpt_diag *diag)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(text);
	struct nodes *nodes = xlpt_xcalloc(1, sizeof(*nodes));
	unsigned nr = 0;
	int rc = 0;

	*s = (struct xlpt_store){ .ops = &file_ops, .clock = clock, .priv = nodes };
	for (char *next = copy; rc == 0 && *next;) {
		char *line = next;

		next += strcspn(next, "\n");
		if (*next)
			*next++ = '\0';
		rc = add_line(nodes, line, ++nr, diag);
	}
	if (nodes->n)
		qsort(nodes->items, nodes->n, sizeof(*nodes->items), by_path);
	for (size_t i = 1; rc == 0 && i < nodes->n; i++)
		if (!strcmp(nodes->items[i].path, nodes->items[i - 1].path))
			rc = bad(diag, 0, "a node is there twice");
	if (rc)
		xlpt_store_close(s);
	return rc;
}
