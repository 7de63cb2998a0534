/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pci = [ ... ] with core/spec's strict reading, and rdm=. */
#include "converters/xl/read-internal.h"

#include <string.h>

/* What xlpt start reads, and xl and libvirt do not: from where it is, and what helps. */
static int ours(const char *text, struct xlpt_diag *diag)
{
	_cleanup_diag_ struct xlpt_diag why = { 0 };
	_cleanup_spec_ struct xlpt_spec spec;
	bool pool, pin;

	if (xlpt_spec_parse(text, &spec, &why) && !xlpt_starts(text, "pool:") &&
	    !xlpt_starts(text, "pin:"))
		return XLPT_ERR_SYNTAX;
	pool = spec.pool || xlpt_starts(text, "pool:");
	pin = !pool && (spec.pin || xlpt_starts(text, "pin:"));
	xlpt_diag_dispose(diag);
	xlpt_diag_set(diag, XLPT_ERR_SYNTAX,
		      "%s: %s xlpt's own, which neither xl nor libvirt knows", text,
		      pool  ? "an entry out of a pool is"
		      : pin ? "an entry with a pin is"
			    : "the network identity of a VF is");
	xlpt_diag_fact(diag, "xlpt start, and xl create under the guard, %s when the guest starts",
		       pool || pin ? "put an address in its place" : "give it to the VF");
	xlpt_diag_hint(diag, "xlpt start takes this file as it is; for libvirt write %s",
		       pool  ? "the address of one VF here, which becomes a <hostdev>"
		       : pin ? "the device's address here (xlpt pin show NAME)"
			     : "the address alone here, and the rest into an <interface "
			       "type='hostdev'>");
	return XLPT_ERR_SYNTAX;
}

static int entry(struct xlpt_xl_reader *r, const struct xlpt_xl_value *v)
{
	struct xlpt_pci *pci = XLPT_DOM_ADD(r->dom, pci);
	int rc;

	xlpt_xl_at(r, v->off, &pci->at);
	if (!*v->text) {
		xlpt_xl_bad(r->scan, v->off, r->diag, "an empty entry names no device");
		xlpt_diag_hint(r->diag, "take it out, or write \"0000:09:00.0\"");
		return XLPT_ERR_SYNTAX;
	}
	rc = r->own ? xlpt_spec_parse(v->text, &pci->spec, r->diag)
		    : xlpt_spec_parse_xl(v->text, &pci->spec, r->diag);
	if (rc) {
		unsigned line, column, in = r->diag ? r->diag->column : 1;

		rc = ours(v->text, r->diag);
		/* The column within a quoted string: escapes aside, one behind the quote. */
		xlpt_xl_where(r->scan, v->off, &line, &column);
		xlpt_diag_at(r->diag, r->scan->file, line, column + in);
	}
	return rc;
}

static void read_rdm(struct xlpt_xl_reader *r)
{
	const struct xlpt_xl_setting *s = xlpt_xl_find(r, "rdm");
	const char *text = xlpt_xl_string(r, "rdm");
	_cleanup_free_ char *copy = xlpt_xstrdup(text);
	char *p = copy, *key, *value;
	int strategy = 0, policy = 0;

	if (!s)
		return;
	while (p && xlpt_xl_pair(&p, &key, &value)) {
		int v = 0;

		if (value && !strcmp(key, "strategy"))
			v = strategy = xlpt_xl_word(xlpt_xl_rdm_strategies, value);
		else if (value && !strcmp(key, "policy"))
			v = policy = !strcmp(value, "strict")	 ? XLPT_RDM_STRICT
				     : !strcmp(value, "relaxed") ? XLPT_RDM_RELAXED
								 : 0;
		if (!v) {
			strategy = policy = 0;
			break;
		}
	}
	if (!strategy && !policy) {
		xlpt_xl_unuse(r, "rdm");
		return;
	}
	r->dom->rdm_strategy = strategy;
	r->dom->rdm_policy = policy;
	xlpt_dom_mark(r->dom, &r->dom->rdm_strategy, xlpt_xl_line(r, s->key_off));
	xlpt_dom_mark(r->dom, &r->dom->rdm_policy, xlpt_xl_line(r, s->key_off));
}

int xlpt_xl_read_pci(struct xlpt_xl_reader *r)
{
	_cleanup_xl_values_ struct xlpt_xl_values values = { 0 };
	const struct xlpt_xl_setting *s = xlpt_xl_find(r, "pci");

	read_rdm(r);
	if (!s)
		return 0;
	if (!s->list) {
		xlpt_xl_bad(r->scan, s->off, r->diag, "pci is a list");
		xlpt_diag_hint(r->diag, "write pci = [ \"0000:09:00.0\" ]");
		return XLPT_ERR_SYNTAX;
	}
	xlpt_xl_list(r, "pci", &values);
	for (size_t i = 0; i < values.n; i++) {
		int rc;

		if (!values.v[i].text)
			return xlpt_xl_bad(r->scan, values.v[i].off, r->diag,
					   "a device is a string, not a list");
		rc = entry(r, &values.v[i]);
		if (rc)
			return rc;
	}
	return 0;
}
