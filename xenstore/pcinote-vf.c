/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Our note of what a VF had before a guest got it, /libxl/pci/SSSS-BB-DD-F/xlpt-vf. */
#include <errno.h>
#include <string.h>

#include "xenstore/pcibe.h"

#define NOTES "/libxl/pci"
#define NODE  "xlpt-vf"

#define NOTE_STR(bdf) (xlpt_bdf_format((bdf), XLPT_BDF_XS, (char[XLPT_BDF_LEN]){ 0 }))

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
	_cleanup_strv_ char **dirs = NULL;
	size_t alloc = 0;
	int r = xlpt_store_list(s, 0, &dirs, NOTES);

	*bdfs = NULL;
	*n = 0;
	if (r && r != -ENOENT)
		return xlpt_store_error(diag, r, "listing " NOTES);
	for (char **dir = dirs; dir && *dir; dir++) {
		_cleanup_free_ char *text = NULL;
		struct xlpt_bdf bdf;

		if (xlpt_bdf_parse_any(*dir, &bdf, NULL) || strcmp(NOTE_STR(bdf), *dir) != 0 ||
		    xlpt_pcinote_vf_get(s, bdf, &text, NULL) || !text)
			continue;
		XLPT_GROW(*bdfs, *n, alloc);
		(*bdfs)[(*n)++] = bdf;
	}
	return 0;
}
