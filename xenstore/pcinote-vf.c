/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Our note of what a VF had before a guest got it, /libxl/pci/SSSS-BB-DD-F/xlpt-vf. */
#include <errno.h>
#include <string.h>

#include "xenstore/pcibe-internal.h"

#define NOTES "/libxl/pci"
#define NODE  "xlpt-vf"

int xlpt_pcinote_vf_get(struct xlpt_store *s, struct xlpt_bdf bdf, char **text,
			struct xlpt_diag *diag)
{
	int r = xlpt_store_read(s, 0, text, NOTES "/%s/" NODE, NOTE_STR(bdf));

	if (r && r != -ENOENT)
		return xlpt_store_error(diag, r, "reading what %s had before its guest",
					XLPT_BDF_STR(bdf));
	return 0;
}

static int forget(struct xlpt_store *s, xlpt_xst t, void *arg)
{
	return xlpt_store_prune(s, t, arg, NOTES);
}

int xlpt_pcinote_vf_set(struct xlpt_store *s, struct xlpt_bdf bdf, const char *text,
			struct xlpt_diag *diag)
{
	_cleanup_free_ char *path = xlpt_xasprintf(NOTES "/%s/" NODE, NOTE_STR(bdf));
	int r = text ? xlpt_store_write(s, 0, text, "%s", path)
		     : xlpt_store_transact(s, forget, path);

	return r ? xlpt_store_error(diag, r, "noting what %s had before its guest",
				    XLPT_BDF_STR(bdf))
		 : 0;
}

int xlpt_pcinote_vf_all(struct xlpt_store *s, struct xlpt_bdf **bdfs, size_t *n,
			struct xlpt_diag *diag)
{
	size_t all;
	int rc = xlpt_pcinote_all(s, bdfs, &all, diag);

	*n = 0;
	for (size_t i = 0; rc == 0 && i < all; i++) {
		_cleanup_free_ char *text = NULL;

		if (xlpt_pcinote_vf_get(s, (*bdfs)[i], &text, NULL) == 0 && text)
			(*bdfs)[(*n)++] = (*bdfs)[i];
	}
	return rc;
}
