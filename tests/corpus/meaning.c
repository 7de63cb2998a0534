/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What two texts say, and whether what a conversion lost was told. */
#include "corpus.h"

#include "converters/reason.h"

#define UNSAID "(not said)"

/* What the model has no word for, of one domain. */
struct carried {
	char *what; /* "disk[hda]/address" */
	char *text;
	bool both;
};

struct carries {
	struct carried *items;
	size_t n, alloc;
};

static void carries_dispose(struct carries *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->items[i].what);
		free(c->items[i].text);
	}
	free(c->items);
}

static void gather_one(void *ctx, const char *at, const struct xlpt_carry *c)
{
	struct carries *all = ctx;

	XLPT_GROW(all->items, all->n, all->alloc);
	all->items[all->n++] = (struct carried){
		.what = xlpt_xasprintf("%s%s%s", at, *at ? "/" : "", c->path),
		.text = xlpt_xstrdup(c->text),
	};
}

static void gather(const struct xlpt_dom *dom, struct carries *all)
{
	xlpt_dom_carries(dom, XLPT_SIDE_XL, gather_one, all);
	xlpt_dom_carries(dom, XLPT_SIDE_LIBVIRT, gather_one, all);
}

/* Those of both are marked; order is no difference. */
static void pair_up(struct carries *a, struct carries *b)
{
	for (size_t i = 0; i < a->n; i++)
		for (size_t j = 0; j < b->n && !a->items[i].both; j++)
			if (!b->items[j].both && !strcmp(a->items[i].what, b->items[j].what) &&
			    !strcmp(a->items[i].text, b->items[j].text))
				a->items[i].both = b->items[j].both = true;
}

static const char *or_unsaid(const char *s)
{
	return s ? s : UNSAID;
}

/* A member that only mirrors another one, which is the one that is told. */
static const char *const mirrors[][2] = {
	{ "maxmem", "memory" },
	{ ".vslot", ".guest" },
	{ "boot", "boot_order" },
	{ "firmware_bare", "firmware_path" },
	{ ".format", ".target" },
	{ ".source", ".kind" },
	{ ".vifname", "/target/@managed" },
	{ ".product", ".vendor" },
	{ ".vlan_trunk", ".vlan" },
	{ ".id.typeid", ".id.vport" },
	{ ".id.typeidversion", ".id.vport" },
	{ ".id.managerid", ".id.vport" },
	{ ".id.instanceid", ".id.vport" },
	{ ".id.interfaceid", ".id.vport" },
	{ ".id.profileid", ".id.vport" },
};

static bool begins(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

/* The loss report has a line on it, on its element, or on something of it. */
static bool is_told_as(const struct xlpt_losses *losses, const char *path)
{
	for (size_t i = 0; losses && i < losses->n; i++) {
		const char *what = losses->items[i].what;

		if (begins(what, path) || (begins(path, what) && strchr(".[/", path[strlen(what)])))
			return true;
	}
	return false;
}

/* Any line that ends so: the order of boot devices is told of each device. */
static bool is_told_of_any(const struct xlpt_losses *losses, const char *member)
{
	for (size_t i = 0; losses && i < losses->n; i++)
		if (strstr(losses->items[i].what, member))
			return true;
	return false;
}

static bool is_told(const struct xlpt_losses *losses, const struct xlpt_dom *a,
		    const struct xlpt_delta *d)
{
	_cleanup_free_ char *own = xlpt_told_path(a, d->path);
	size_t n = strlen(d->path);

	if (is_told_as(losses, d->path) || is_told_as(losses, own))
		return true;
	/* A disk that was renamed is told under the name that it had. */
	if (n > 5 && !strcmp(d->path + n - 5, ".name")) {
		_cleanup_free_ char *old = xlpt_xasprintf("disk[%s]", or_unsaid(d->a));

		return is_told_as(losses, old);
	}
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(mirrors); i++) {
		size_t m = strlen(mirrors[i][0]);
		_cleanup_free_ char *other = NULL;

		if (n < m || strcmp(d->path + n - m, mirrors[i][0]) != 0)
			continue;
		if (!strcmp(mirrors[i][1], "boot_order"))
			return is_told_of_any(losses, mirrors[i][1]);
		other = xlpt_xasprintf("%.*s%s", (int)(n - m), d->path, mirrors[i][1]);
		return is_told_as(losses, other);
	}
	return false;
}

/* Two reports: of the way there, and of the way back; NULL is a comparison, which has none. */
struct reports {
	const struct xlpt_losses *there, *back;
	size_t told; /* differences that were in one of them */
};

static size_t value_differences(const struct corpus_out *out, const struct xlpt_dom *a,
				const struct xlpt_dom *b, struct reports *reports)
{
	_cleanup_deltas_ struct xlpt_deltas deltas = { 0 };
	size_t n = 0;

	xlpt_dom_diff_values(a, b, &deltas);
	for (size_t i = 0; i < deltas.n; i++) {
		const struct xlpt_delta *d = &deltas.items[i];

		if (is_told(reports->there, a, d) || is_told(reports->back, a, d)) {
			reports->told++;
			continue;
		}
		corpus_found(out, "%s: %s -> %s", d->path, or_unsaid(d->a), or_unsaid(d->b));
		n++;
	}
	return n;
}

static size_t carried_differences(const struct corpus_out *out, const struct xlpt_dom *a,
				  const struct xlpt_dom *b, struct reports *reports)
{
	struct carries x = { 0 }, y = { 0 };
	size_t n = 0;

	gather(a, &x);
	gather(b, &y);
	pair_up(&x, &y);
	for (size_t i = 0; i < x.n; i++) {
		const struct carried *c = &x.items[i];

		if (c->both)
			continue;
		if (is_told_as(reports->there, c->what) || is_told_as(reports->back, c->what)) {
			reports->told++;
			continue;
		}
		corpus_found(out, "%s: %s -> " UNSAID, c->what, c->text);
		n++;
	}
	for (size_t i = 0; i < y.n; i++)
		if (!y.items[i].both) {
			corpus_found(out, "%s: " UNSAID " -> %s", y.items[i].what, y.items[i].text);
			n++;
		}
	carries_dispose(&x);
	carries_dispose(&y);
	return n;
}

static bool said(const struct corpus_out *out, const char *text, const char *side,
		 struct xlpt_dom *dom)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	if (!xlpt_convert_said(text, strlen(text), side, false, dom, &diag))
		return true;
	corpus_found(out, "%s cannot be read: %s", side, diag.message);
	return false;
}

bool corpus_compare(const struct corpus_out *out, const char *ours, const char *theirs)
{
	_cleanup_dom_ struct xlpt_dom a, b;
	struct reports none = { 0 };

	xlpt_dom_init(&a);
	xlpt_dom_init(&b);
	if (!said(out, theirs, "the expected text", &a) || !said(out, ours, "the result", &b))
		return false;
	if (!(value_differences(out, &a, &b, &none) + carried_differences(out, &a, &b, &none)))
		corpus_count(out, "exactly");
	return true;
}

void corpus_pair(struct corpus_out *out, const char *from, const char *expected,
		 enum xlpt_format to)
{
	struct xlpt_convert how = { .to = to, .for_xen = XLPT_OFF };
	_cleanup_str_ struct xlpt_str ours = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	corpus_count(out, "all");
	if (xlpt_convert(from, strlen(from), "in", &how, &ours, NULL, NULL, &diag))
		corpus_found(out, "refused: %s", diag.message);
	else
		corpus_compare(out, ours.s, expected);
}

static enum xlpt_format other(enum xlpt_format f)
{
	return f == XLPT_FORMAT_XL ? XLPT_FORMAT_LIBVIRT : XLPT_FORMAT_XL;
}

void corpus_trip(struct corpus_out *out, const struct xlpt_str *text, enum xlpt_tri for_xen)
{
	enum xlpt_format from = xlpt_format_detect(text->s, text->len);
	struct xlpt_convert there = { .to = other(from), .for_xen = for_xen };
	struct xlpt_convert home = { .to = from, .for_xen = for_xen };
	_cleanup_str_ struct xlpt_str far = { 0 }, back = { 0 };
	_cleanup_losses_ struct xlpt_losses lost = { 0 }, lost_back = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_dom_ struct xlpt_dom a, b, c;
	struct reports reports = { .there = &lost };

	xlpt_dom_init(&a);
	xlpt_dom_init(&b);
	xlpt_dom_init(&c);
	out->check = "refused";
	if (xlpt_convert(text->s, text->len, "in", &there, &far, NULL, &lost, &diag)) {
		corpus_found(out, "%s", diag.message);
		return;
	}
	corpus_count(out, "conversions");
	for (size_t i = 0; i < lost.n; i++)
		if (strstr(lost.items[i].reason, "the guest does not start")) {
			corpus_count(out, "not for xl, and told so");
			break;
		}
	out->check = "silent";
	if (!said(out, text->s, "the original", &a) || !said(out, far.s, "the result", &b))
		return;
	value_differences(out, &a, &b, &reports);
	out->check = "way-back";
	if (xlpt_convert(far.s, far.len, "far", &home, &back, NULL, &lost_back, &diag)) {
		corpus_found(out, "refused: %s", diag.message);
		return;
	}
	if (!said(out, back.s, "the way back", &c))
		return;
	reports.back = &lost_back;
	reports.told = 0;
	if (!(value_differences(out, &a, &c, &reports) +
	      carried_differences(out, &a, &c, &reports)))
		corpus_count(out, reports.told ? "back, what is lost told" : "exactly back");
}
