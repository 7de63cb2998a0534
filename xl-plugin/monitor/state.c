/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What there is: pciback's devices by its folder in sysfs, guests' devices by xenstore, leases by
 * their files. Nothing is locked and nothing is mended: who watches must not be in the way.
 */
#include "xl-plugin/monitor/monitor.h"

#include <errno.h>
#include <string.h>

#include "core/file.h"

#define PCIBACK	  "/sys/bus/pci/drivers/pciback"
#define LEASE_MAX (2 * XLPT_LEASE_RECORD)

/* ---- a state ---- */

static void dispose_device(struct xlpt_seen_device *d)
{
	free(d->driver);
	free(d->guest);
	free(d->through);
}

void xlpt_seen_dispose(struct xlpt_seen *s)
{
	for (size_t i = 0; i < s->n_devs; i++)
		dispose_device(&s->devs[i]);
	for (size_t i = 0; i < s->n_leases; i++)
		xlpt_lease_dispose(&s->leases[i]);
	for (size_t i = 0; i < s->n_guests; i++)
		free(s->guests[i].name);
	free(s->devs);
	free(s->leases);
	free(s->guests);
	*s = (struct xlpt_seen){ 0 };
}

static int cmp_device(const void *a, const void *b)
{
	return xlpt_bdf_cmp(((const struct xlpt_seen_device *)a)->bdf,
			    ((const struct xlpt_seen_device *)b)->bdf);
}

static int cmp_lease(const void *a, const void *b)
{
	return xlpt_bdf_cmp(((const struct xlpt_lease *)a)->bdf,
			    ((const struct xlpt_lease *)b)->bdf);
}

const struct xlpt_seen_device *xlpt_seen_find(const struct xlpt_seen *s, struct xlpt_bdf bdf)
{
	const struct xlpt_seen_device key = { .bdf = bdf };

	return s->n_devs ? bsearch(&key, s->devs, s->n_devs, sizeof(key), cmp_device) : NULL;
}

/* While it is read, it is not sorted. */
static struct xlpt_seen_device *device(struct xlpt_seen *s, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < s->n_devs; i++)
		if (xlpt_bdf_eq(s->devs[i].bdf, bdf))
			return &s->devs[i];
	XLPT_GROW(s->devs, s->n_devs, s->alloc_devs);
	s->devs[s->n_devs] = (struct xlpt_seen_device){ .bdf = bdf };
	return &s->devs[s->n_devs++];
}

/* ---- reading ---- */

static int read_hidden(struct xlpt_env *env, struct xlpt_seen *out, struct xlpt_diag *diag)
{
	_cleanup_strv_ char **names = NULL;
	struct xlpt_bdf bdf;
	int r = xlpt_host_list(env->host, &names, PCIBACK);

	if (r < 0 && r != -ENOENT)
		return xlpt_diag_file(diag, XLPT_ERR_IO, r, "cannot list " PCIBACK);
	for (char **name = names; name && *name; name++) {
		if (!xlpt_bdf_from_sysfs_name(*name, &bdf))
			continue;
		XLPT_GROW(out->devs, out->n_devs, out->alloc_devs);
		out->devs[out->n_devs++] = (struct xlpt_seen_device){ .bdf = bdf, .hidden = true };
	}
	return 0;
}

static bool same_guest(const struct xlpt_seen_device *d, const struct xlpt_owner *o)
{
	return d && d->attached && d->domid == o->domid;
}

/*
 * Its backend names it before the guest has it, and while it is taken away: it counts from when
 * both ends agree until it is not named any more.
 */
static int read_attached(struct xlpt_env *env, const struct xlpt_seen *before,
			 struct xlpt_seen *out, struct xlpt_diag *diag)
{
	_cleanup_owners_ struct xlpt_owners owners = { 0 };
	int rc = xlpt_owners_read(env, &owners, diag);

	for (size_t i = 0; rc == 0 && i < owners.n; i++) {
		const struct xlpt_owner *o = xlpt_owners_find(&owners, owners.items[i].bdf);
		bool complete = o->guest && xlpt_owner_complete(o);
		struct xlpt_seen_device *d;

		out->pending |= !complete;
		if (!o->guest || !(complete || same_guest(xlpt_seen_find(before, o->bdf), o)))
			continue;
		d = device(out, o->bdf);
		if (d->attached)
			continue;
		d->attached = true;
		d->domid = o->domid;
		d->guest = xlpt_xstrdup(o->guest);
		d->through = xlpt_xstrdup(o->through);
	}
	return rc;
}

/*
 * Whoever gives a device back takes it from pciback first and then binds a driver. Between the two it is no
 * news that no driver has it: it counts as hidden for one look more.
 */
static bool on_its_way(const struct xlpt_seen *before, const struct xlpt_seen_device *d)
{
	const struct xlpt_seen_device *was = xlpt_seen_find(before, d->bdf);

	return was && was->hidden && !was->moving && !d->absent && !d->attached && !d->driver;
}

/* What pciback has let go of, and what a guest has that pciback has not. */
static void read_taken(struct xlpt_env *env, const struct xlpt_seen *before, struct xlpt_seen *out)
{
	for (size_t i = 0; i < before->n_devs; i++)
		if (before->devs[i].hidden)
			device(out, before->devs[i].bdf);
	for (size_t i = 0; i < out->n_devs; i++) {
		struct xlpt_seen_device *d = &out->devs[i];

		if (d->hidden)
			continue;
		d->absent =
			!xlpt_host_has(env->host, "/sys/bus/pci/devices/%s", XLPT_BDF_STR(d->bdf));
		if (!d->absent)
			xlpt_host_link_name(env->host, &d->driver, "/sys/bus/pci/devices/%s/driver",
					    XLPT_BDF_STR(d->bdf));
		d->hidden = d->moving = on_its_way(before, d);
		out->pending |= d->moving;
	}
}

/*
 * Each file is made whole before it has its name. One that is none is a lease of nobody, as
 * everywhere (kept/leases.c).
 */
static void read_lease(struct xlpt_env *env, const char *name, struct xlpt_bdf bdf,
		       struct xlpt_seen *out)
{
	_cleanup_free_ char *path = xlpt_xasprintf(XLPT_LEASES_DIR "/%s", name);
	struct xlpt_lease l = { .bdf = bdf, .fd = -1 };
	_cleanup_str_ struct xlpt_str text = { 0 };
	int r = xlpt_file_read(env->host, path, LEASE_MAX, &text);

	if (r == -ENOENT)
		return;
	if (r || !xlpt_lease_parse(&l, text.s)) {
		xlpt_lease_dispose(&l);
		l = (struct xlpt_lease){ .bdf = bdf,
					 .fd = -1,
					 .domid = -1,
					 .pool = xlpt_xstrdup("?"),
					 .guest = xlpt_xstrdup("") };
	}
	XLPT_GROW(out->leases, out->n_leases, out->alloc_leases);
	out->leases[out->n_leases++] = l;
}

static int read_leases(struct xlpt_env *env, struct xlpt_seen *out, struct xlpt_diag *diag)
{
	_cleanup_strv_ char **names = NULL;
	struct xlpt_bdf bdf;
	int r = xlpt_host_list(env->host, &names, XLPT_LEASES_DIR);

	if (r < 0 && r != -ENOENT) {
		xlpt_diag_file(diag, XLPT_ERR_IO, r, "cannot list " XLPT_LEASES_DIR);
		xlpt_diag_hint(diag, "run xlpt as root");
		return XLPT_ERR_IO;
	}
	for (char **name = names; name && *name; name++)
		if (xlpt_bdf_from_sysfs_name(*name, &bdf))
			read_lease(env, *name, bdf, out);
	return 0;
}

/* ---- guests ---- */

static bool knows(const struct xlpt_seen *s, uint32_t domid)
{
	for (size_t i = 0; i < s->n_guests; i++)
		if (s->guests[i].domid == domid)
			return true;
	return false;
}

static void know(struct xlpt_seen *s, uint32_t domid, const char *name)
{
	if (knows(s, domid))
		return;
	XLPT_GROW(s->guests, s->n_guests, s->alloc_guests);
	s->guests[s->n_guests++] = (struct xlpt_seen_guest){ domid, xlpt_xstrdup(name) };
}

/* Those with devices, and of those that had one all that are still there. */
static int read_guests(struct xlpt_env *env, const struct xlpt_seen *before, struct xlpt_seen *out,
		       struct xlpt_diag *diag)
{
	struct xlpt_guest *all = NULL;
	size_t n = 0;
	int rc = 0;

	if (before->n_guests)
		rc = env->ts->ops->guest_list(env->ts, &all, &n, diag);
	for (size_t i = 0; rc == 0 && i < n; i++)
		if (knows(before, all[i].domid))
			know(out, all[i].domid, all[i].name);
	xlpt_guests_free(all, n);
	for (size_t i = 0; rc == 0 && i < out->n_devs; i++)
		if (out->devs[i].attached)
			know(out, out->devs[i].domid, out->devs[i].guest);
	return rc;
}

int xlpt_seen_read(struct xlpt_env *env, const struct xlpt_seen *before, struct xlpt_seen *out,
		   struct xlpt_diag *diag)
{
	int rc;

	*out = (struct xlpt_seen){ 0 };
	rc = read_hidden(env, out, diag);
	if (rc == 0)
		rc = read_attached(env, before, out, diag);
	if (rc == 0)
		read_taken(env, before, out);
	if (rc == 0)
		rc = read_leases(env, out, diag);
	if (rc == 0)
		rc = read_guests(env, before, out, diag);
	if (rc) {
		xlpt_seen_dispose(out);
		return rc;
	}
	if (out->n_devs)
		qsort(out->devs, out->n_devs, sizeof(*out->devs), cmp_device);
	if (out->n_leases)
		qsort(out->leases, out->n_leases, sizeof(*out->leases), cmp_lease);
	return 0;
}
