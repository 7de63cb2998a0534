/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The notes libxl keeps about single devices, and the one that is ours.
 *
 * Xen 4.15 and later: /libxl/pci/SSSS-BB-DD-F with driver_path, name, domid.
 * Xen 4.14 and before: /libxl/pciback/SSSS-BB-DD-F with driver_path alone.
 * Both are read; only the former is written.
 */
#include <errno.h>
#include <string.h>

#include "xenstore/pcibe-internal.h"

#define NOTES	  "/libxl/pci"
#define OLD_NOTES "/libxl/pciback"
#define ORIGIN	  "xlpt-driver"

void xlpt_pcinote_dispose(struct xlpt_pcinote *note)
{
	free(note->driver_path);
	free(note->name);
	memset(note, 0, sizeof(*note));
	note->domid = -1;
}

/* An absent node gives NULL and success. */
static int read_node(struct xlpt_store *s, const char *top, const char *dir, const char *node,
		     char **value)
{
	int r = xlpt_store_read(s, 0, value, "%s/%s/%s", top, dir, node);

	return r == -ENOENT ? 0 : r;
}

int xlpt_pcinote_read(struct xlpt_store *s, struct xlpt_bdf bdf, struct xlpt_pcinote *out,
		      struct xlpt_diag *diag)
{
	_cleanup_pcinote_ struct xlpt_pcinote note = { .domid = -1 };
	_cleanup_free_ char *domid = NULL;
	const char *dir = NOTE_STR(bdf);
	uint64_t v;
	int r;

	*out = (struct xlpt_pcinote){ .domid = -1 };
	r = read_node(s, NOTES, dir, "driver_path", &note.driver_path);
	if (!r && !note.driver_path)
		r = read_node(s, OLD_NOTES, dir, "driver_path", &note.driver_path);
	if (!r)
		r = read_node(s, NOTES, dir, "name", &note.name);
	if (!r)
		r = read_node(s, NOTES, dir, "domid", &domid);
	if (r)
		return xlpt_store_error(diag, r, "reading libxl's note about %s",
					XLPT_BDF_STR(bdf));
	if (domid && xlpt_parse_uint(domid, strlen(domid), 10, XEN_MAX_DOMID, &v))
		note.domid = (int64_t)v;
	out->driver_path = XLPT_TAKE(note.driver_path);
	out->name = XLPT_TAKE(note.name);
	out->domid = note.domid;
	return 0;
}

/* One change to the notes about one device. */
struct change {
	const char *dir;
	const char *driver_path;
	bool set;    /* driver_path is written, not removed */
	bool origin; /* our own node goes too */
};

static int change_body(struct xlpt_store *s, xlpt_xst t, void *arg)
{
	const struct change *c = arg;
	_cleanup_strv_ char **names = NULL;
	int r;

	/* Removed in either case: two paths that differ would leave it open which one counts. */
	r = xlpt_store_rm(s, t, OLD_NOTES "/%s", c->dir);
	if (!r && c->set)
		return xlpt_store_write(s, t, c->driver_path, NOTES "/%s/driver_path", c->dir);
	if (!r)
		r = xlpt_store_rm(s, t, NOTES "/%s/driver_path", c->dir);
	if (!r && c->origin)
		r = xlpt_store_rm(s, t, NOTES "/%s/" ORIGIN, c->dir);
	if (!r)
		r = xlpt_store_list(s, t, &names, NOTES "/%s", c->dir);
	if (r)
		return r == -ENOENT ? 0 : r;
	return xlpt_strv_len(names) ? 0 : xlpt_store_rm(s, t, NOTES "/%s", c->dir);
}

static int change(struct xlpt_store *s, struct xlpt_bdf bdf, struct change *c,
		  struct xlpt_diag *diag)
{
	int r;

	c->dir = NOTE_STR(bdf);
	r = xlpt_store_transact(s, change_body, c);
	if (r)
		return xlpt_store_error(diag, r, "changing libxl's note about %s",
					XLPT_BDF_STR(bdf));
	return 0;
}

int xlpt_pcinote_set_driver(struct xlpt_store *s, struct xlpt_bdf bdf, const char *driver_path,
			    struct xlpt_diag *diag)
{
	struct change c = { .driver_path = driver_path, .set = driver_path };

	return change(s, bdf, &c, diag);
}

int xlpt_pcinote_clear(struct xlpt_store *s, struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	struct change c = { .origin = true };

	return change(s, bdf, &c, diag);
}

static int origin_get(struct xlpt_store *s, struct xlpt_bdf bdf, bool *known, char **driver,
		      struct xlpt_diag *diag)
{
	_cleanup_free_ char *text = NULL;
	int r;

	*known = false;
	*driver = NULL;
	r = read_node(s, NOTES, NOTE_STR(bdf), ORIGIN, &text);
	if (r)
		return xlpt_store_error(diag, r, "reading where %s came from", XLPT_BDF_STR(bdf));
	*known = text;
	if (text && *text)
		*driver = XLPT_TAKE(text);
	return 0;
}

int xlpt_pcinote_origin_set(struct xlpt_store *s, struct xlpt_bdf bdf, const char *driver,
			    struct xlpt_diag *diag)
{
	int r = xlpt_store_write(s, 0, driver ? driver : "", NOTES "/%s/" ORIGIN, NOTE_STR(bdf));

	return r ? xlpt_store_error(diag, r, "noting where %s came from", XLPT_BDF_STR(bdf)) : 0;
}

int xlpt_pcinote_came_from(struct xlpt_store *s, struct xlpt_bdf bdf, bool *known, char **driver,
			   struct xlpt_diag *diag)
{
	_cleanup_pcinote_ struct xlpt_pcinote note = { 0 };
	int rc = xlpt_pcinote_read(s, bdf, &note, diag);

	*known = false;
	*driver = NULL;
	if (rc)
		return rc;
	/* xl's note first: it is the newer one when xl took the device again after us. */
	if (note.driver_path) {
		const char *slash = strrchr(note.driver_path, '/');

		*driver = xlpt_xstrdup(slash ? slash + 1 : note.driver_path);
		*known = **driver != '\0';
		return 0;
	}
	rc = origin_get(s, bdf, known, driver, diag);
	if (rc == 0 && *known && !*driver)
		*driver = xlpt_xstrdup("");
	return rc;
}

int xlpt_pcinote_clear_domid(struct xlpt_store *s, struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	int r = xlpt_store_rm(s, 0, NOTES "/%s/domid", NOTE_STR(bdf));

	return r ? xlpt_store_error(diag, r, "clearing the owner libxl noted for %s",
				    XLPT_BDF_STR(bdf))
		 : 0;
}

int xlpt_pcinote_list(struct xlpt_store *s, const char *path, struct xlpt_bdf **bdfs, size_t *n)
{
	_cleanup_strv_ char **names = NULL;
	size_t alloc = 0;
	int r = xlpt_store_list(s, 0, &names, "%s", path);

	*bdfs = NULL;
	*n = 0;
	for (char **name = names; !r && name && *name; name++) {
		struct xlpt_bdf bdf;

		if (xlpt_bdf_parse_any(*name, &bdf, NULL) || strcmp(NOTE_STR(bdf), *name) != 0)
			continue;
		XLPT_GROW(*bdfs, *n, alloc);
		(*bdfs)[(*n)++] = bdf;
	}
	return r == -ENOENT ? 0 : r;
}

int xlpt_pcinote_all(struct xlpt_store *s, struct xlpt_bdf **bdfs, size_t *n,
		     struct xlpt_diag *diag)
{
	int r = xlpt_pcinote_list(s, NOTES, bdfs, n);

	return r ? xlpt_store_error(diag, r, "listing " NOTES) : 0;
}

int xlpt_pcinote_owned(struct xlpt_store *s, struct xlpt_bdf **bdfs, size_t *n,
		       struct xlpt_diag *diag)
{
	size_t all;
	int rc = xlpt_pcinote_all(s, bdfs, &all, diag);

	*n = 0;
	for (size_t i = 0; rc == 0 && i < all; i++) {
		_cleanup_pcinote_ struct xlpt_pcinote note = { .domid = -1 };

		rc = xlpt_pcinote_read(s, (*bdfs)[i], &note, diag);
		if (rc == 0 && note.domid >= 0)
			(*bdfs)[(*n)++] = (*bdfs)[i];
	}
	if (rc)
		free(XLPT_TAKE(*bdfs));
	return rc;
}

int xlpt_pcinote_by_name(struct xlpt_store *s, const char *name, struct xlpt_bdf *out,
			 struct xlpt_diag *diag)
{
	_cleanup_free_ struct xlpt_bdf *all = NULL;
	size_t n;
	int rc = xlpt_pcinote_all(s, &all, &n, diag);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		_cleanup_free_ char *text = NULL;
		const char *dir = NOTE_STR(all[i]);
		int r = read_node(s, NOTES, dir, "name", &text);

		if (r)
			return xlpt_store_error(diag, r, "reading " NOTES "/%s/name", dir);
		if (xlpt_streq(text, name)) {
			*out = all[i];
			return 0;
		}
	}
	if (rc)
		return rc;
	xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "no device is named \"%s\"", name);
	xlpt_diag_fact(diag, "no " NOTES "/*/name is that text");
	xlpt_diag_hint(diag, "see the names with: xl pci-assignable-list -n");
	return XLPT_ERR_NOT_FOUND;
}
