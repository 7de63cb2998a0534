/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "converters/edit.h"

#include <string.h>

#include "converters/edit-internal.h"

static void unload(struct xlpt_editor *e)
{
	xlpt_xl_scan_dispose(&e->scan);
	xlpt_dom_dispose(&e->dom);
}

static int load(struct xlpt_editor *e)
{
	int rc = xlpt_xl_read_own(xlpt_str_get(&e->text), e->text.len, e->file, &e->dom, e->diag);

	if (rc)
		return rc;
	return xlpt_xl_scan(xlpt_str_get(&e->text), e->text.len, e->file, &e->scan, e->diag);
}

/* The setting and the item that are the i-th device of the model. */
static const struct xlpt_xl_item *item_of(const struct xlpt_editor *e, size_t i,
					  const struct xlpt_xl_setting **set)
{
	size_t base = 0;
	bool any = false;

	for (size_t k = 0; k < e->scan.n; k++)
		if (xlpt_xl_is(&e->scan, &e->scan.settings[k], "pci") &&
		    (!any || !e->scan.settings[k].add)) {
			base = k;
			any = true;
		}
	for (size_t k = base; any && k < e->scan.n; k++) {
		const struct xlpt_xl_setting *s = &e->scan.settings[k];

		if (!xlpt_xl_is(&e->scan, s, "pci"))
			continue;
		*set = s;
		if (i < s->n)
			return &e->scan.items[s->first + i];
		i -= s->n;
	}
	return NULL;
}

static bool same_device(const struct xlpt_spec *a, const struct xlpt_spec *b)
{
	if (a->name || b->name)
		return xlpt_streq(a->name, b->name);
	/* pool:lan and pin:nic0 say no address: each is what it is, and none of those that are edited. */
	if (!a->has_bdf || !b->has_bdf)
		return false;
	return xlpt_bdf_eq(a->bdf, b->bdf) && a->all_funcs == b->all_funcs;
}

/* b is one function of a, which is a whole slot, or the other way round. */
static bool overlaps(const struct xlpt_spec *a, const struct xlpt_spec *b)
{
	struct xlpt_bdf x = a->bdf, y = b->bdf;

	x.func = y.func = 0;
	return a->has_bdf && b->has_bdf && !a->name && !b->name && a->all_funcs != b->all_funcs &&
	       xlpt_bdf_eq(x, y);
}

static int find(struct xlpt_editor *e, const struct xlpt_spec *spec, size_t *at)
{
	for (size_t i = 0; i < e->dom.n_pci; i++) {
		const struct xlpt_pci *p = &e->dom.pci[i];

		if (same_device(&p->spec, spec)) {
			*at = i;
			return 0;
		}
		if (overlaps(&p->spec, spec)) {
			_cleanup_free_ char *have = xlpt_spec_format(&p->spec);

			xlpt_diag_set(e->diag, XLPT_ERR_CONFLICT, "%s is part of the entry \"%s\"",
				      XLPT_BDF_STR(spec->bdf), have);
			if (spec->all_funcs)
				xlpt_diag_set(e->diag, XLPT_ERR_CONFLICT,
					      "the entry \"%s\" is part of that slot", have);
			xlpt_diag_at(e->diag, e->file, p->at.line, p->at.column);
			xlpt_diag_hint(e->diag,
				       "remove that entry and add the functions one by one");
			return XLPT_ERR_CONFLICT;
		}
	}
	return XLPT_ERR_NOT_FOUND;
}

static int add(struct xlpt_editor *e, const struct xlpt_spec *spec, bool *changed)
{
	_cleanup_free_ char *want = xlpt_spec_format(spec), *have = NULL;
	const struct xlpt_xl_setting *set = NULL;
	const struct xlpt_xl_item *item;
	size_t i;
	int rc = find(e, spec, &i);

	if (rc == XLPT_ERR_CONFLICT)
		return rc;
	if (rc == XLPT_ERR_NOT_FOUND) {
		item_of(e, SIZE_MAX, &set);
		if (set)
			xlpt_edit_append(e, set, want);
		else
			xlpt_edit_append_setting(e, want);
		*changed = true;
		return 0;
	}
	have = xlpt_spec_format(&e->dom.pci[i].spec);
	if (!strcmp(have, want))
		return 0;
	item = item_of(e, i, &set);
	if (item) {
		_cleanup_str_ struct xlpt_str with = { 0 };

		xlpt_edit_quote(&with, want, e->text.s[item->off]);
		xlpt_edit_splice(e, item->off, item->off + item->len, with.s);
		*changed = true;
	}
	return 0;
}

/* xl takes the last pci= of several, and what += adds behind it. The device may stand in another one. */
static int not_listed(struct xlpt_editor *e, const struct xlpt_spec *spec)
{
	_cleanup_free_ char *text = xlpt_spec_format(spec);
	unsigned line, column, lists = 0;

	xlpt_diag_set(e->diag, XLPT_ERR_NOT_FOUND, "the configuration does not list %s", text);
	xlpt_diag_at(e->diag, e->file, 0, 0);
	for (size_t i = 0; i < e->scan.n; i++) {
		const struct xlpt_xl_setting *s = &e->scan.settings[i];

		if (!xlpt_xl_is(&e->scan, s, "pci") || s->add)
			continue;
		xlpt_xl_where(&e->scan, s->key_off, &line, &column);
		lists++;
	}
	if (lists > 1)
		xlpt_diag_hint(e->diag,
			       "xl takes the last pci= alone, in line %u: take the others out",
			       line);
	return XLPT_ERR_NOT_FOUND;
}

/* One may be listed more than once, in the same list or with +=: all entries go. */
static int remove_entries(struct xlpt_editor *e, const struct xlpt_spec *spec, bool *changed)
{
	const struct xlpt_xl_setting *set = NULL;
	const struct xlpt_xl_item *item;
	size_t i;
	int rc;

	while ((rc = find(e, spec, &i)) == 0 && (item = item_of(e, i, &set))) {
		/* With a single device a comma behind a comment would be left alone: empty the list. */
		if (set->n == 1 && memchr(e->text.s + set->off, '#', set->len) == NULL)
			xlpt_edit_splice(e, set->off, set->off + set->len, "[ ]");
		else
			xlpt_edit_cut(e, set, item);
		*changed = true;
		unload(e);
		rc = load(e);
		if (rc)
			return rc;
	}
	return rc == XLPT_ERR_NOT_FOUND ? (*changed ? 0 : not_listed(e, spec)) : rc;
}

/* What the list must be after the edit. */
static void expect(struct xlpt_dom *dom, const struct xlpt_edit *edit)
{
	struct xlpt_dom rest, was = *dom;
	bool found = false;

	xlpt_dom_init(&rest);
	for (size_t i = 0; i < dom->n_pci; i++) {
		const struct xlpt_spec *spec = &dom->pci[i].spec;
		bool same = same_device(spec, &edit->spec);

		if (same && edit->remove)
			continue;
		xlpt_spec_copy(&XLPT_DOM_ADD(&rest, pci)->spec,
			       same && !found ? &edit->spec : spec);
		found |= same;
	}
	if (!found && !edit->remove)
		xlpt_spec_copy(&XLPT_DOM_ADD(&rest, pci)->spec, &edit->spec);
	dom->pci = rest.pci;
	dom->n_pci = rest.n_pci;
	dom->alloc_pci = rest.alloc_pci;
	rest.pci = was.pci;
	rest.n_pci = was.n_pci;
	rest.alloc_pci = was.alloc_pci;
	xlpt_dom_dispose(&rest);
}

/* Entries of xlpt's own are nothing to the comparison of two guests: their texts are compared here. */
static bool same_list(const struct xlpt_dom *a, const struct xlpt_dom *b)
{
	if (a->n_pci != b->n_pci)
		return false;
	for (size_t i = 0; i < a->n_pci; i++) {
		_cleanup_free_ char *x = xlpt_spec_format(&a->pci[i].spec),
				    *y = xlpt_spec_format(&b->pci[i].spec);

		if (strcmp(x, y) != 0)
			return false;
	}
	return true;
}

static int one(struct xlpt_editor *e, const struct xlpt_edit *edit, bool *changed)
{
	_cleanup_dom_ struct xlpt_dom want;
	bool did = false;
	int rc;

	xlpt_dom_init(&want);
	rc = load(e);
	if (rc == 0) {
		xlpt_dom_copy(&want, &e->dom);
		expect(&want, edit);
		rc = edit->remove ? remove_entries(e, &edit->spec, &did)
				  : add(e, &edit->spec, &did);
	}
	if (rc == 0 && did) {
		unload(e);
		rc = load(e);
		want.e820_host = e->dom.e820_host; /* follows from the list (xl/read.c) */
		if (rc || !same_list(&want, &e->dom) ||
		    xlpt_dom_diff_values(&want, &e->dom, NULL)) {
			rc = xlpt_diag_set(e->diag, XLPT_ERR_DATA,
					   "the edit would not say what was asked for");
			xlpt_diag_at(e->diag, e->file, 0, 0);
			xlpt_diag_hint(e->diag, "edit the pci list by hand");
		}
		*changed = true;
	}
	unload(e);
	return rc;
}

int xlpt_edit_pci(const char *text, size_t len, const char *file, const struct xlpt_edit *edits,
		  size_t n, struct xlpt_str *out, bool *changed, struct xlpt_diag *diag)
{
	struct xlpt_editor e = { .file = file, .diag = diag };
	int rc = 0;

	*changed = false;
	xlpt_dom_init(&e.dom);
	if (len > XLPT_XL_MAX || memchr(text, 0, len))
		return xlpt_xl_check(text, len, file, diag);
	xlpt_str_addn(&e.text, text, len);
	if (!n) {
		rc = load(&e);
		unload(&e);
	}
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = one(&e, &edits[i], changed);
	if (rc == 0)
		xlpt_str_addn(out, xlpt_str_get(&e.text), e.text.len);
	xlpt_str_dispose(&e.text);
	return rc;
}
