/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Our note of which devices with an interrupt line a PV guest has got since it was made,
 * /libxl/DOMID/xlpt-had-line/SSSS-BB-DD-F. A guest cannot write below /libxl/DOMID, and libxl
 * removes it with the domain (libxl__destroy_domid) and before it makes one (libxl__domain_make).
 */
#include <errno.h>
#include <string.h>

#include "xenstore/pcibe-internal.h"

#define NOTE "/libxl/%u/xlpt-had-line"

static int failed(struct xlpt_diag *diag, int r, const char *doing, uint32_t domid)
{
	int rc = xlpt_store_error(diag, r, "%s which interrupt lines domain %u has had", doing,
				  domid);

	if (!diag || diag->hint)
		return rc;
	xlpt_diag_fact(diag, "a PV guest that had one does not survive being saved, and nothing "
			     "else says so later");
	xlpt_diag_hint(diag, "try again once xenstore answers: xenstore-ls /libxl/%u", domid);
	return rc;
}

int xlpt_pcinote_line_get(struct xlpt_store *s, uint32_t domid, struct xlpt_bdf **bdfs, size_t *n,
			  struct xlpt_diag *diag)
{
	_cleanup_free_ char *path = xlpt_xasprintf(NOTE, domid);
	int r = xlpt_pcinote_list(s, path, bdfs, n);

	return r ? failed(diag, r, "reading", domid) : 0;
}

int xlpt_pcinote_line_set(struct xlpt_store *s, uint32_t domid, struct xlpt_bdf bdf, bool *anew,
			  struct xlpt_diag *diag)
{
	_cleanup_free_ char *there = NULL;
	int r = xlpt_store_read(s, 0, &there, NOTE "/%s", domid, NOTE_STR(bdf));

	*anew = r == -ENOENT;
	if (r == -ENOENT)
		r = xlpt_store_write(s, 0, "", NOTE "/%s", domid, NOTE_STR(bdf));
	return r ? failed(diag, r, "noting", domid) : 0;
}

struct forgotten {
	uint32_t domid;
	struct xlpt_bdf bdf;
};

static int forget(struct xlpt_store *s, xlpt_xst t, void *arg)
{
	const struct forgotten *f = arg;
	_cleanup_free_ char *path = xlpt_xasprintf(NOTE "/%s", f->domid, NOTE_STR(f->bdf));

	return xlpt_store_prune(s, t, path, "/libxl");
}

int xlpt_pcinote_line_clear(struct xlpt_store *s, uint32_t domid, struct xlpt_bdf bdf,
			    struct xlpt_diag *diag)
{
	int r = xlpt_store_transact(s, forget, &(struct forgotten){ .domid = domid, .bdf = bdf });

	return r ? xlpt_store_error(diag, r, "forgetting the interrupt line of %s",
				    XLPT_BDF_STR(bdf))
		 : 0;
}
