/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fake/store.h"

#include <errno.h>
#include <string.h>

#include "tests/fake/store-tree.h"

struct trans {
	xlpt_xst id;
	uint64_t gen; /* of the store when it began */
	struct tree tree;
	struct paths touched; /* what watches are to see after the commit */
	bool hammered;	      /* it has touched a node that a guest keeps writing */
};

struct fake_store {
	struct xlpt_store store;
	struct fake_clock *clock;
	struct tree tree;
	uint64_t gen;
	xlpt_xst next_id;
	struct trans **trans;
	size_t n_trans, alloc_trans;
	struct paths watches;
	bool quiet; /* calls are not the code under test's */
	bool fired; /* a watch of the code under test has something to say */
	struct listener {
		char *path;
		void (*fn)(void *arg);
		void *arg;
	} * listeners;
	size_t n_listeners, alloc_listeners;
	char *hammered; /* a guest writes below that all the time, or NULL */
	void (*on_read)(const char *path, void *arg);
	void *on_read_arg;
	unsigned eagain;
	unsigned calls[FAKE_STORE_N_OPS];
	struct {
		unsigned at;
		int err;
	} fault[FAKE_STORE_N_OPS];
};

static bool sees(const char *watch, const char *path)
{
	return strcmp(path, watch) == 0 || path_below(path, watch);
}

static void committed(struct fake_store *f, const struct paths *touched)
{
	f->gen += touched->n;
	for (size_t p = 0; p < touched->n; p++) {
		for (size_t i = 0; i < f->watches.n; i++)
			f->fired |= sees(f->watches.v[i], touched->v[p]);
		for (size_t i = 0; i < f->n_listeners; i++)
			if (sees(f->listeners[i].path, touched->v[p]))
				f->listeners[i].fn(f->listeners[i].arg);
	}
}

static void trans_free(struct trans *tr)
{
	paths_dispose(&tr->touched);
	tree_dispose(&tr->tree);
	free(tr);
}

static struct trans *trans_find(struct fake_store *f, xlpt_xst id, size_t *at)
{
	for (*at = 0; *at < f->n_trans; (*at)++)
		if (f->trans[*at]->id == id)
			return f->trans[*at];
	return NULL;
}

/* Counts the call; the injected error, or 0. */
static int fault(struct fake_store *f, enum fake_store_op op)
{
	if (f->quiet)
		return 0;
	f->calls[op]++;
	if (!f->fault[op].at || --f->fault[op].at)
		return 0;
	return -f->fault[op].err;
}

/* xenstored compares the nodes that a transaction has touched, when they were there. */
static void use(struct fake_store *f, struct trans *tr, const char *path)
{
	if (f->hammered && tr && sees(f->hammered, path) && tree_get(&f->tree, path))
		tr->hammered = true;
}

/* The tree a call sees; NULL for a transaction that is not open. */
static struct tree *tree_of(struct fake_store *f, xlpt_xst t, const char *path)
{
	struct trans *tr;
	size_t at;

	if (!t)
		return &f->tree;
	tr = trans_find(f, t, &at);
	use(f, tr, path);
	return tr ? &tr->tree : NULL;
}

static int fake_read(struct xlpt_store *s, xlpt_xst t, const char *path, char **value)
{
	struct fake_store *f = s->priv;
	struct tree *tree = tree_of(f, t, path);
	const char *text;
	int r = fault(f, FAKE_STORE_READ);

	if (f->on_read && !t && !f->quiet)
		f->on_read(path, f->on_read_arg);
	if (r)
		return r;
	if (!tree)
		return -EBADF;
	text = tree_get(tree, path);
	if (!text)
		return -ENOENT;
	*value = xlpt_xstrdup(text);
	return 0;
}

/* A write or, with NULL, a removal; outside a transaction it is committed at once. */
static void change(struct fake_store *f, struct trans *tr, const char *path, const char *value)
{
	struct paths own = { 0 };
	struct tree *tree = tr ? &tr->tree : &f->tree;
	struct paths *touched = tr ? &tr->touched : &own;

	if (value)
		tree_set(tree, path, value, touched);
	else
		tree_rm(tree, path, touched);
	committed(f, &own);
	paths_dispose(&own);
}

static int change_op(struct xlpt_store *s, enum fake_store_op op, xlpt_xst t, const char *path,
		     const char *value)
{
	struct fake_store *f = s->priv;
	struct trans *tr = NULL;
	size_t at;
	int r = fault(f, op);

	if (r)
		return r;
	if (t && !(tr = trans_find(f, t, &at)))
		return -EBADF;
	if (*path != '/' || path[strlen(path) - 1] == '/' || strstr(path, "//"))
		return -EINVAL;
	use(f, tr, path);
	change(f, tr, path, value);
	return 0;
}

static int fake_write(struct xlpt_store *s, xlpt_xst t, const char *path, const char *value)
{
	return change_op(s, FAKE_STORE_WRITE, t, path, value);
}

static int fake_rm(struct xlpt_store *s, xlpt_xst t, const char *path)
{
	return change_op(s, FAKE_STORE_RM, t, path, NULL);
}

static char **children(const struct tree *tree, const char *path)
{
	struct paths found = { 0 };

	for (size_t i = 0; i < tree->n; i++) {
		const char *p = tree->nodes[i].path;

		if (path_below(p, path) && !strchr(p + strlen(path) + 1, '/'))
			paths_add(&found, p + strlen(path) + 1);
	}
	XLPT_GROW(found.v, found.n, found.alloc);
	found.v[found.n] = NULL;
	return found.v;
}

static int fake_list(struct xlpt_store *s, xlpt_xst t, const char *path, char ***names)
{
	struct fake_store *f = s->priv;
	struct tree *tree = tree_of(f, t, path);
	int r = fault(f, FAKE_STORE_LIST);

	if (r)
		return r;
	if (!tree)
		return -EBADF;
	if (!tree_get(tree, path))
		return -ENOENT;
	*names = children(tree, path);
	return 0;
}

static int fake_begin(struct xlpt_store *s, xlpt_xst *t)
{
	struct fake_store *f = s->priv;
	struct trans *tr;
	int r = fault(f, FAKE_STORE_BEGIN);

	if (r)
		return r;
	tr = xlpt_xcalloc(1, sizeof(*tr));
	tr->gen = f->gen;
	tree_copy(&tr->tree, &f->tree);
	*t = tr->id = ++f->next_id;
	XLPT_GROW(f->trans, f->n_trans, f->alloc_trans);
	f->trans[f->n_trans++] = tr;
	return 0;
}

/* xenstored forgets the transaction, whatever it answers. */
static int fake_end(struct xlpt_store *s, xlpt_xst t, bool give_up)
{
	struct fake_store *f = s->priv;
	int r = fault(f, FAKE_STORE_END);
	struct trans *tr;
	size_t at;

	tr = trans_find(f, t, &at);
	if (!tr)
		return -EBADF;
	f->trans[at] = f->trans[--f->n_trans];
	if (!r && !give_up) {
		if (f->eagain && !f->quiet) {
			f->eagain--;
			r = -EAGAIN;
		} else if (tr->hammered && !f->quiet) {
			r = -EAGAIN;
		} else if (tr->gen != f->gen) {
			r = -EAGAIN;
		} else {
			struct tree old = f->tree;

			f->tree = tr->tree;
			tr->tree = old;
			committed(f, &tr->touched);
		}
	}
	trans_free(tr);
	return r;
}

static int fake_watch(struct xlpt_store *s, const char *path)
{
	struct fake_store *f = s->priv;
	int r = fault(f, FAKE_STORE_WATCH);

	if (r)
		return r;
	if (paths_has(&f->watches, path))
		return -EEXIST;
	paths_add(&f->watches, path);
	f->fired = true;
	return 0;
}

static int fake_unwatch(struct xlpt_store *s, const char *path)
{
	struct fake_store *f = s->priv;
	int r = fault(f, FAKE_STORE_UNWATCH);

	if (r)
		return r;
	return paths_remove(&f->watches, path) ? 0 : -ENOENT;
}

static int fake_wait(struct xlpt_store *s, int64_t ms)
{
	struct fake_store *f = s->priv;
	int r = fault(f, FAKE_STORE_WAIT);

	if (r)
		return r;
	fake_clock_run(f->clock, f->clock->now + ms, &f->fired);
	r = f->fired;
	f->fired = false;
	return r;
}

static void fake_close(struct xlpt_store *s)
{
	struct fake_store *f = s->priv;

	paths_dispose(&f->watches);
	while (f->n_trans)
		trans_free(f->trans[--f->n_trans]);
}

static const struct xlpt_store_ops fake_ops = {
	.read = fake_read,
	.write = fake_write,
	.rm = fake_rm,
	.list = fake_list,
	.begin = fake_begin,
	.end = fake_end,
	.watch = fake_watch,
	.unwatch = fake_unwatch,
	.wait = fake_wait,
	.close = fake_close,
};

struct fake_store *fake_store_new(struct fake_clock *clock)
{
	struct fake_store *f = xlpt_xcalloc(1, sizeof(*f));

	f->clock = clock;
	f->store = (struct xlpt_store){ .ops = &fake_ops, .clock = &clock->clock, .priv = f };
	return f;
}

void fake_store_free(struct fake_store *f)
{
	if (!f)
		return;
	f->store.priv = f; /* the code under test may have closed it */
	fake_close(&f->store);
	for (size_t i = 0; i < f->n_listeners; i++)
		free(f->listeners[i].path);
	free(f->listeners);
	free(f->trans);
	free(f->hammered);
	tree_dispose(&f->tree);
	free(f);
}

struct xlpt_store *fake_store_get(struct fake_store *f)
{
	return &f->store;
}

struct fake_clock *fake_store_clock(struct fake_store *f)
{
	return f->clock;
}

void fake_store_set(struct fake_store *f, const char *value, const char *fmt, ...)
{
	_cleanup_free_ char *path = NULL;
	va_list ap;

	va_start(ap, fmt);
	path = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	change(f, NULL, path, value);
}

void fake_store_quietly(struct fake_store *f,
			int (*body)(struct xlpt_store *s, xlpt_xst t, void *arg), void *arg)
{
	bool was = f->quiet;
	xlpt_xst t;

	f->quiet = true;
	fake_begin(&f->store, &t);
	fake_end(&f->store, t, body(&f->store, t, arg) != 0);
	f->quiet = was;
}

const char *fake_store_peek(struct fake_store *f, const char *fmt, ...)
{
	_cleanup_free_ char *path = NULL;
	va_list ap;

	va_start(ap, fmt);
	path = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	return tree_get(&f->tree, path);
}

char **fake_store_children(struct fake_store *f, const char *path)
{
	return children(&f->tree, path);
}

char *fake_store_dump(struct fake_store *f, const char *path)
{
	struct xlpt_str out = { 0 };

	for (size_t i = 0; i < f->tree.n; i++) {
		const struct tree_node *node = &f->tree.nodes[i];

		if (sees(path, node->path))
			xlpt_str_addf(&out, "%s =%s%s\n", node->path, *node->value ? " " : "",
				      node->value);
	}
	return xlpt_str_take(&out);
}

void fake_store_load(struct fake_store *f, const char *lines)
{
	for (const char *end; (end = strchr(lines, '\n')); lines = end + 1) {
		_cleanup_free_ char *line = xlpt_xstrndup(lines, (size_t)(end - lines));
		char *eq = strstr(line, " =");

		if (!eq)
			continue;
		*eq = '\0';
		change(f, NULL, line, eq[2] == ' ' ? eq + 3 : eq + 2);
	}
}

void fake_store_inject_eagain(struct fake_store *f, unsigned n)
{
	f->eagain = n;
}

void fake_store_hammer(struct fake_store *f, const char *path)
{
	free(f->hammered);
	f->hammered = xlpt_xstrdup(path);
}

void fake_store_on_read(struct fake_store *f, void (*fn)(const char *path, void *arg), void *arg)
{
	f->on_read = fn;
	f->on_read_arg = arg;
}

void fake_store_fail(struct fake_store *f, enum fake_store_op op, unsigned nth, int err)
{
	f->fault[op].at = nth;
	f->fault[op].err = err;
}

unsigned fake_store_calls(struct fake_store *f, enum fake_store_op op)
{
	return f->calls[op];
}

size_t fake_store_watches(struct fake_store *f)
{
	return f->watches.n;
}

size_t fake_store_transactions(struct fake_store *f)
{
	return f->n_trans;
}

void fake_store_listen(struct fake_store *f, const char *path, void (*fn)(void *arg), void *arg)
{
	XLPT_GROW(f->listeners, f->n_listeners, f->alloc_listeners);
	f->listeners[f->n_listeners++] = (struct listener){
		.path = xlpt_xstrdup(path),
		.fn = fn,
		.arg = arg,
	};
}

void fake_store_unlisten(struct fake_store *f, void *arg)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->n_listeners; i++) {
		if (f->listeners[i].arg == arg)
			free(f->listeners[i].path);
		else
			f->listeners[kept++] = f->listeners[i];
	}
	f->n_listeners = kept;
}
