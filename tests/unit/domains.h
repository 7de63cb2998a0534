/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests that compare two domains of the model. */
#ifndef XLPT_TESTS_UNIT_DOMAINS_H
#define XLPT_TESTS_UNIT_DOMAINS_H

#include "converters/convert.h"
#include "converters/model/diff.h"
#include "converters/model/kept.h"
#include "converters/libvirt/libvirt.h"
#include "converters/xl/xl.h"

/* One side, with what an earlier conversion kept applied. dom is initialised here. */
static inline int read_domain(enum xlpt_format f, const char *text, size_t len, const char *file,
			      struct xlpt_dom *dom, struct xlpt_losses *losses,
			      struct xlpt_diag *diag)
{
	_cleanup_kepts_ struct xlpt_kepts kept = { 0 };
	int rc = f == XLPT_FORMAT_XL ? xlpt_xl_read(text, len, file, dom, &kept, losses, diag)
				     : xlpt_libvirt_read(text, len, file, dom, &kept, losses, diag);

	if (rc == 0)
		xlpt_kepts_apply(&kept, dom, file, losses);
	if (dom->devices_only)
		dom->e820_host = XLPT_UNSET; /* it is said of a guest, not of its devices */
	return rc;
}

/* "path: A -> B" lines. Caller frees. */
static inline char *deltas_text(const struct xlpt_deltas *d)
{
	struct xlpt_str s = { 0 };

	for (size_t i = 0; i < d->n; i++)
		xlpt_str_addf(&s, "%s: %s -> %s\n", d->items[i].path,
			      d->items[i].a ? d->items[i].a : "(not said)",
			      d->items[i].b ? d->items[i].b : "(not said)");
	return xlpt_str_take(&s);
}

#endif
