/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "converters/edit.h"

#include <string.h>

#include "converters/xl-scan.h"
#include "converters/xl.h"

/* A text, its scan, and what it says. Rebuilt after each edit. */
struct editor {
	struct xlpt_str text;
	struct xlpt_xl_scan scan;
	struct xlpt_dom dom;
	const char *file;
	struct xlpt_diag *diag;
};

static void unload(struct editor *e)
{
	xlpt_xl_scan_dispose(&e->scan);
	xlpt_dom_dispose(&e->dom);
}

static int load(struct editor *e)
{
	struct xlpt_kepts kept = { 0 };
	int rc = xlpt_xl_read(xlpt_str_get(&e->text), e->text.len, e->file, &e->dom, &kept, NULL,
			      e->diag);

	xlpt_kepts_dispose(&kept);
	if (rc)
		return rc;
	return xlpt_xl_scan(xlpt_str_get(&e->text), e->text.len, e->file, &e->scan, e->diag);
}

/* Replaces text[from, to). */
static void splice(struct editor *e, size_t from, size_t to, const char *with)
{
	struct xlpt_str next = { 0 };

	xlpt_str_addn(&next, xlpt_str_get(&e->text), from);
	xlpt_str_add(&next, with);
	xlpt_str_addn(&next, xlpt_str_get(&e->text) + to, e->text.len - to);
	xlpt_str_dispose(&e->text);
	e->text = next;
}

/* The setting and the item that are the i-th device of the model. */
static const struct xlpt_xl_item *item_of(const struct editor *e, size_t i,
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
	return xlpt_bdf_eq(a->bdf, b->bdf) && a->all_funcs == b->all_funcs;
}

/* b is one function of a, which is a whole slot, or the other way round. */
static bool overlaps(const struct xlpt_spec *a, const struct xlpt_spec *b)
{
	struct xlpt_bdf x = a->bdf, y = b->bdf;

	x.func = y.func = 0;
	return !a->name && !b->name && a->all_funcs != b->all_funcs && xlpt_bdf_eq(x, y);
}

static int find(struct editor *e, const struct xlpt_spec *spec, size_t *at)
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
			xlpt_diag_hint(e->diag, "remove that entry and add the functions one by one");
			return XLPT_ERR_CONFLICT;
		}
	}
	return XLPT_ERR_NOT_FOUND;
}

/* In the quotes that the other entries have. */
static void quote(struct xlpt_str *out, const char *spec, char like)
{
	if (like == '\'' && !strpbrk(spec, "'\\"))
		xlpt_str_addf(out, "'%s'", spec);
	else
		xlpt_xl_quote(out, spec);
}

static void append_setting(struct editor *e, const char *spec)
{
	_cleanup_str_ struct xlpt_str line = { 0 };
	const char *text = xlpt_str_get(&e->text);
	/* Ahead of what an earlier conversion left at the end, so that this stays the end. */
	const char *block = xlpt_starts(text, "#xlpt-begin") ? text : strstr(text, "\n#xlpt-begin");
	size_t at = !block ? e->text.len : block == text ? 0 : (size_t)(block - text) + 1;

	if (at && text[at - 1] != '\n')
		xlpt_str_add(&line, "\n");
	xlpt_str_add(&line, "pci = [ ");
	xlpt_xl_quote(&line, spec);
	xlpt_str_add(&line, " ]\n");
	splice(e, at, at, line.s);
}

static void append_item(struct editor *e, const struct xlpt_xl_setting *set, const char *spec)
{
	_cleanup_str_ struct xlpt_str with = { 0 };
	const char *text = e->text.s;
	size_t at, bol;

	if (!set->n) {
		/* Right behind the bracket, whatever comments follow. */
		xlpt_str_add(&with, " ");
		xlpt_xl_quote(&with, spec);
		if (text[set->off + 1] == ']')
			xlpt_str_add(&with, " ");
		else if (text[set->off + 1] == '#')
			xlpt_str_add(&with, "\n\t");
		splice(e, set->off + 1, set->off + 1, with.s);
		return;
	}
	const struct xlpt_xl_item *last = &e->scan.items[set->first + set->n - 1];

	at = last->off + last->len;
	for (bol = last->off; bol && text[bol - 1] != '\n'; bol--)
		;
	xlpt_str_add(&with, ",");
	if (strspn(text + bol, " \t") == last->off - bol && bol > set->off) {
		/* One a line: the new one gets a line with the same indentation. */
		xlpt_str_add(&with, "\n");
		xlpt_str_addn(&with, text + bol, last->off - bol);
	} else {
		xlpt_str_add(&with, " ");
	}
	quote(&with, spec, text[last->off]);
	splice(e, at, at, with.s);
}

static int add(struct editor *e, const struct xlpt_spec *spec, bool *changed)
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
			append_item(e, set, want);
		else
			append_setting(e, want);
		*changed = true;
		return 0;
	}
	have = xlpt_spec_format(&e->dom.pci[i].spec);
	if (!strcmp(have, want))
		return 0;
	item = item_of(e, i, &set);
	if (item) {
		_cleanup_str_ struct xlpt_str with = { 0 };

		quote(&with, want, e->text.s[item->off]);
		splice(e, item->off, item->off + item->len, with.s);
		*changed = true;
	}
	return 0;
}

/*
 * Takes an item out with one comma and the blanks that belong to it; a line it
 * had for itself goes too. Comments stay.
 */
static void cut(struct editor *e, const struct xlpt_xl_setting *set,
		const struct xlpt_xl_item *item)
{
	const char *text = e->text.s;
	size_t from = item->off, to = item->off + item->len, end = set->off + set->len, bol, before, p;
	bool first = item == &e->scan.items[set->first], comma = false;

	/* The comma behind it, perhaps behind line ends and comments that stay. */
	for (p = to; p < end && (text[p] == ' ' || text[p] == '\t'); p++)
		;
	if (text[p] == ',') {
		comma = true;
		to = p + 1;
	}
	for (p = to; text[p] == ' ' || text[p] == '\t'; p++)
		;
	for (bol = from; bol && (text[bol - 1] == ' ' || text[bol - 1] == '\t'); bol--)
		;
	for (before = bol; before && strchr(" \t\n", text[before - 1]); before--)
		;
	if (text[p] == '\n' && bol && text[bol - 1] == '\n' && (comma || first)) {
		from = bol;
		to = p + 1;
	} else if (comma) {
		to = text[p] == '\n' || text[p] == ']' || text[p] == '#' ? to : p;
	} else if (!first && text[before - 1] == ',' &&
		   !memchr(text + item[-1].off, '#', before - item[-1].off)) {
		from = before - 1;	/* adding it again gives the same text */
	} else if (text[p] == '\n' && bol && text[bol - 1] == '\n') {
		from = bol;	/* the comma before it is then the last, which the grammar allows */
		to = p + 1;
	}
	splice(e, from, to, "");
}

static int remove_entry(struct editor *e, const struct xlpt_spec *spec, bool *changed)
{
	const struct xlpt_xl_setting *set = NULL;
	const struct xlpt_xl_item *item;
	size_t i;
	int rc = find(e, spec, &i);

	if (rc == XLPT_ERR_NOT_FOUND) {
		_cleanup_free_ char *text = xlpt_spec_format(spec);

		xlpt_diag_set(e->diag, rc, "the configuration does not list %s", text);
		xlpt_diag_at(e->diag, e->file, 0, 0);
	}
	if (rc)
		return rc;
	item = item_of(e, i, &set);
	/* With a single device a comma behind a comment would be left alone: empty the list. */
	if (set->n == 1 && memchr(e->text.s + set->off, '#', set->len) == NULL)
		splice(e, set->off, set->off + set->len, "[ ]");
	else
		cut(e, set, item);
	*changed = true;
	return 0;
}

/* What the list must be after the edit. */
static void expect(struct xlpt_dom *dom, const struct xlpt_edit *edit)
{
	size_t i;

	for (i = 0; i < dom->n_pci; i++)
		if (same_device(&dom->pci[i].spec, &edit->spec))
			break;
	if (edit->remove) {
		_cleanup_dom_ struct xlpt_dom rest;

		xlpt_dom_init(&rest);
		for (size_t j = 0; j < dom->n_pci; j++)
			if (j != i)
				xlpt_spec_copy(&XLPT_DOM_ADD(&rest, pci)->spec, &dom->pci[j].spec);
		struct xlpt_dom swap = *dom;

		dom->pci = rest.pci;
		dom->n_pci = rest.n_pci;
		dom->alloc_pci = rest.alloc_pci;
		rest.pci = swap.pci;
		rest.n_pci = swap.n_pci;
		rest.alloc_pci = swap.alloc_pci;
		return;
	}
	if (i == dom->n_pci)
		XLPT_DOM_ADD(dom, pci);
	xlpt_spec_dispose(&dom->pci[i].spec);
	xlpt_spec_copy(&dom->pci[i].spec, &edit->spec);
}

static int one(struct editor *e, const struct xlpt_edit *edit, bool *changed)
{
	_cleanup_dom_ struct xlpt_dom want;
	bool did = false;
	int rc;

	xlpt_dom_init(&want);
	rc = load(e);
	if (rc == 0)
		rc = edit->remove ? remove_entry(e, &edit->spec, &did) : add(e, &edit->spec, &did);
	if (rc == 0 && did) {
		xlpt_dom_copy(&want, &e->dom);
		expect(&want, edit);
		unload(e);
		rc = load(e);
		want.e820_host = e->dom.e820_host;	/* follows from the list (xl-read.c) */
		if (rc || xlpt_dom_diff_values(&want, &e->dom, NULL)) {
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
	struct editor e = { .file = file, .diag = diag };
	int rc = 0;

	*changed = false;
	xlpt_dom_init(&e.dom);
	if (len > XLPT_XL_MAX || memchr(text, 0, len))
		return xlpt_xl_check(text, len, file, diag);
	xlpt_str_addn(&e.text, text, len);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = one(&e, &edits[i], changed);
	if (rc == 0)
		xlpt_str_addn(out, xlpt_str_get(&e.text), e.text.len);
	xlpt_str_dispose(&e.text);
	return rc;
}
