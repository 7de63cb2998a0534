/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the inputs of a batch go. Two that would get one name, or one that would
 * take the place of another input, are found before anything is written.
 */
#include "xl-plugin/convert/convert.h"

#include <string.h>
#include <sys/stat.h>

static const char *const targets[] = { "xl", "libvirt", "pool" };

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);

	return n > k && !strcmp(s + n - k, end);
}

/* a.cfg -> a.xml, a.xml -> a.cfg; other names get the ending added. */
char *xlpt_convert_name(const char *rel, const char *to)
{
	const char *from = !strcmp(to, "libvirt") ? ".cfg" : ".xml";
	int n = (int)strlen(rel) - (ends_with(rel, from) ? 4 : 0);

	return xlpt_xasprintf("%.*s%s", n, rel,
			      !strcmp(to, "xl")	    ? ".cfg"
			      : !strcmp(to, "pool") ? ".pool"
						    : ".xml");
}

/* Whether the root element is <network>: a look past declarations and comments, no reading. */
static bool is_network(const char *s)
{
	static const char *const skips[][2] = { { "\xef\xbb\xbf", "" },
						{ "<?", "?>" },
						{ "<!--", "-->" } };

	for (bool again = true; again;) {
		again = false;
		s += strspn(s, " \t\r\n");
		for (size_t i = 0; i < XLPT_ARRAY_SIZE(skips); i++)
			if (xlpt_starts(s, skips[i][0])) {
				const char *end = strstr(s + strlen(skips[i][0]), skips[i][1]);

				if (!end)
					return false;
				s = end + strlen(skips[i][1]);
				again = true;
			}
	}
	return xlpt_starts(s, "<network") && strchr(" \t\r\n>/", s[8]);
}

enum xlpt_convert_kind xlpt_convert_kind(const char *text, const char *path)
{
	if (ends_with(path, ".pool"))
		return XLPT_CONVERT_POOL;
	return is_network(text) ? XLPT_CONVERT_NETWORK : XLPT_CONVERT_GUEST;
}

const char *xlpt_convert_no_guest(const struct xlpt_convert_run *run, const char *path,
				  const char *text, size_t len)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	if (run->batch && (!strcmp(name, "xl.conf") || !strcmp(name, "oxenstored.conf") ||
			   !strcmp(name, "xenstored.conf")))
		return "settings of Xen's own tools";
	if (run->batch && xlpt_starts(name, "xlexample"))
		return "an example that comes with Xen";
	if (xlpt_starts(text, "#!"))
		return "a script";
	switch (xlpt_convert_holds(text, len)) {
	case XLPT_HOLDS_NOTHING:
		return "empty: it sets nothing";
	case XLPT_HOLDS_OTHER:
		return "it sets nothing of a guest";
	case XLPT_HOLDS_FOREIGN:
		return run->batch ? "it sets nothing of a guest" : NULL;
	case XLPT_HOLDS_GUEST:
		break;
	}
	return NULL;
}

bool xlpt_convert_skips(const struct xlpt_convert_run *run, const char *text, size_t len)
{
	return run->batch && run->how.to && xlpt_format_detect(text, len) == run->how.to;
}

void xlpt_convert_inputs_dispose(struct xlpt_convert_inputs *in)
{
	for (size_t i = 0; i < in->n; i++) {
		free(in->items[i].path);
		free(in->items[i].rel);
	}
	free(in->items);
	*in = (struct xlpt_convert_inputs){ 0 };
}

void xlpt_convert_inputs_add(struct xlpt_convert_inputs *in, const char *path, const char *rel,
			     bool in_tree)
{
	XLPT_GROW(in->items, in->n, in->alloc);
	in->items[in->n++] = (struct xlpt_convert_input){ .path = xlpt_xstrdup(path),
							  .rel = xlpt_xstrdup(rel),
							  .in_tree = in_tree };
}

/* ---- names that meet ---- */

struct name {
	char *name;
	size_t input;
};

struct names {
	struct name *items;
	size_t n, alloc;
};

static void names_dispose(struct names *v)
{
	for (size_t i = 0; i < v->n; i++)
		free(v->items[i].name);
	free(v->items);
}
#define _cleanup_names_ XLPT_CLEANUP(names_dispose)

static void names_add(struct names *v, char *name, size_t input)
{
	XLPT_GROW(v->items, v->n, v->alloc);
	v->items[v->n++] = (struct name){ .name = name, .input = input };
}

static int by_name(const void *a, const void *b)
{
	const struct name *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	return c ? c : (x->input > y->input) - (x->input < y->input);
}

static void names_sort(struct names *v)
{
	if (v->n)
		qsort(v->items, v->n, sizeof(*v->items), by_name);
}

struct place {
	struct stat st;
	size_t input;
};

static int by_place(const void *a, const void *b)
{
	const struct stat *x = &((const struct place *)a)->st, *y = &((const struct place *)b)->st;

	if (x->st_dev != y->st_dev)
		return x->st_dev < y->st_dev ? -1 : 1;
	return (x->st_ino > y->st_ino) - (x->st_ino < y->st_ino);
}

struct check {
	const struct xlpt_convert_run *run;
	const struct xlpt_convert_inputs *in;
	struct place *places; /* of the inputs that are files, sorted */
	size_t n_places;
};

/* The input that an output of this name would take the place of, or NULL. */
static const struct place *in_the_way(const struct check *c, const char *name)
{
	_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", c->run->output, name);
	struct place key;

	if (!c->n_places || stat(path, &key.st))
		return NULL;
	return bsearch(&key, c->places, c->n_places, sizeof(key), by_place);
}

/* Names alone say for most inputs that no other one comes near: those are not read for it. */
static bool *doubtful(const struct check *c)
{
	bool *doubt = xlpt_xcalloc(c->in->n + 1, sizeof(*doubt));
	_cleanup_names_ struct names all = { 0 };

	for (size_t i = 0; i < c->in->n; i++)
		for (size_t k = 0; k < XLPT_ARRAY_SIZE(targets); k++) {
			char *name = xlpt_convert_name(c->in->items[i].rel, targets[k]);

			doubt[i] |= in_the_way(c, name) != NULL;
			names_add(&all, name, i);
		}
	names_sort(&all);
	for (size_t i = 1; i < all.n; i++)
		if (!strcmp(all.items[i].name, all.items[i - 1].name) &&
		    all.items[i].input != all.items[i - 1].input)
			doubt[all.items[i].input] = doubt[all.items[i - 1].input] = true;
	return doubt;
}

/* A pipe and standard input: what is in it is not known before its turn. */
static bool read_once(const char *path)
{
	struct stat st;

	return !strcmp(path, "-") || (stat(path, &st) == 0 && !S_ISREG(st.st_mode));
}

/* The word for what a guest becomes, NULL when it is skipped. */
static const char *target_of(const struct check *c, const struct xlpt_str *text)
{
	const char *s = xlpt_str_get(text);

	if (xlpt_convert_skips(c->run, s, text->len))
		return NULL;
	if (c->run->how.to)
		return xlpt_format_word(c->run->how.to);
	return xlpt_format_word(xlpt_format_detect(s, text->len) == XLPT_FORMAT_XL
					? XLPT_FORMAT_LIBVIRT
					: XLPT_FORMAT_XL);
}

/* Adds what it becomes: nothing (it is skipped, or will fail), or all that it may become. */
static void add_outputs(const struct check *c, size_t i, struct names *v)
{
	const struct xlpt_convert_input *in = &c->in->items[i];
	_cleanup_str_ struct xlpt_str text = { 0 };
	const char *to = NULL;

	if (read_once(in->path)) {
		for (size_t k = 0; k < XLPT_ARRAY_SIZE(targets); k++)
			names_add(v, xlpt_convert_name(in->rel, targets[k]), i);
		return;
	}
	if (xlpt_convert_load(in->path, in->in_tree, &text, NULL, NULL))
		return;
	switch (xlpt_convert_kind(xlpt_str_get(&text), in->path)) {
	case XLPT_CONVERT_POOL:
		to = "libvirt";
		break;
	case XLPT_CONVERT_NETWORK:
		to = "pool";
		break;
	case XLPT_CONVERT_GUEST:
		to = target_of(c, &text);
		break;
	}
	if (to)
		names_add(v, xlpt_convert_name(in->rel, to), i);
}

static int meet(const char *a, const char *b, const char *output, const char *name,
		struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_USAGE, "%s and %s would both become %s/%s", a, b, output,
		      name);
	xlpt_diag_hint(diag, "convert them one by one, each with an -o of its own");
	return XLPT_ERR_USAGE;
}

static int takes_place(const char *a, const char *b, struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_USAGE, "what %s becomes would take the place of %s", a, b);
	xlpt_diag_fact(diag, "that is an input of this command, too");
	xlpt_diag_hint(diag, "give another directory with -o");
	return XLPT_ERR_USAGE;
}

static int check_all(const struct check *c, struct xlpt_diag *diag)
{
	_cleanup_free_ bool *doubt = doubtful(c);
	_cleanup_names_ struct names real = { 0 };

	for (size_t i = 0; i < c->in->n; i++)
		if (doubt[i])
			add_outputs(c, i, &real);
	for (size_t i = 0; i < real.n; i++) {
		const struct place *p = in_the_way(c, real.items[i].name);

		if (p)
			return takes_place(c->in->items[real.items[i].input].path,
					   c->in->items[p->input].path, diag);
	}
	names_sort(&real);
	for (size_t i = 1; i < real.n; i++)
		if (!strcmp(real.items[i].name, real.items[i - 1].name))
			return meet(c->in->items[real.items[i - 1].input].path,
				    c->in->items[real.items[i].input].path, c->run->output,
				    real.items[i].name, diag);
	return 0;
}

int xlpt_convert_check_names(const struct xlpt_convert_run *run,
			     const struct xlpt_convert_inputs *in, struct xlpt_diag *diag)
{
	_cleanup_free_ struct place *places = xlpt_xcalloc(in->n + 1, sizeof(*places));
	struct check c = { .run = run, .in = in, .places = places };

	for (size_t i = 0; i < in->n; i++)
		if (stat(in->items[i].path, &places[c.n_places].st) == 0)
			places[c.n_places++].input = i;
	if (c.n_places)
		qsort(places, c.n_places, sizeof(*places), by_place);
	return check_all(&c, diag);
}
