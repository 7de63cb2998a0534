/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A captured host's guests and hypervisor: what was asked when it was captured is
 * answered, everything else is refused.
 */
#include <stdlib.h>
#include <string.h>

#include "xl-plugin/backend/captured-internal.h"

/* ---- looking up ---- */

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static int cmp_domid(const void *a, const void *b)
{
	const struct xlpt_captured_domid *x = a, *y = b;
	int c = ORDER(x->domid, y->domid);

	return c ? c : ORDER(x->guest, y->guest);
}

static int cmp_config(const void *a, const void *b)
{
	const struct xlpt_captured_config *x = a, *y = b;
	int c = ORDER(x->domid, y->domid);

	return c ? c : ORDER(x->pos, y->pos);
}

static int cmp_asked(const void *a, const void *b)
{
	const struct xlpt_captured_asked *x = a, *y = b;
	int c = xlpt_bdf_cmp(x->bdf, y->bdf);

	return c ? c : ORDER(x->pos, y->pos);
}

static int cmp_group(const void *a, const void *b)
{
	const struct xlpt_captured_group *x = a, *y = b;
	int c = ORDER(x->domid, y->domid);

	if (!c)
		c = xlpt_bdf_cmp(x->bdf, y->bdf);
	return c ? c : ORDER(x->pos, y->pos);
}

static void sort(void *items, size_t n, size_t size, int (*cmp)(const void *, const void *))
{
	if (n)
		qsort(items, n, size, cmp);
}

/* The first of n sorted items that is not before key. */
static size_t first(const void *items, size_t n, size_t size, const void *key,
		    int (*cmp)(const void *, const void *))
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (cmp((const char *)items + mid * size, key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

void xlpt_captured_sort(struct xlpt_captured *c)
{
	c->domids = xlpt_xcalloc(c->n_guests + 1, sizeof(*c->domids));
	for (size_t i = 0; i < c->n_guests; i++)
		c->domids[i] = (struct xlpt_captured_domid){ c->guests[i].domid, i };
	sort(c->domids, c->n_guests, sizeof(*c->domids), cmp_domid);
	sort(c->configs, c->n_configs, sizeof(*c->configs), cmp_config);
	sort(c->asked, c->n_asked, sizeof(*c->asked), cmp_asked);
	sort(c->groups, c->n_groups, sizeof(*c->groups), cmp_group);
}

/* ---- answers ---- */

static int no_guest(const char *name, struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_NO_GUEST, "there was no running guest \"%s\"", name);
	xlpt_diag_fact(diag, "the captured host has no such domain");
	xlpt_diag_hint(diag, "xlpt status --sysroot DIR lists all that have devices");
	return XLPT_ERR_NO_GUEST;
}

static int file_by_id(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_guest *out,
		      struct xlpt_diag *diag)
{
	struct xlpt_captured *c = ts->priv;
	struct xlpt_captured_domid key = { .domid = domid };
	size_t at = first(c->domids, c->n_guests, sizeof(key), &key, cmp_domid);
	char id[16];

	if (at < c->n_guests && c->domids[at].domid == domid) {
		xlpt_guest_copy(out, &c->guests[c->domids[at].guest]);
		return 0;
	}
	snprintf(id, sizeof(id), "%u", domid);
	return no_guest(id, diag);
}

static int file_find(struct xlpt_toolstack *ts, const char *name, struct xlpt_guest *out,
		     struct xlpt_diag *diag)
{
	struct xlpt_captured *c = ts->priv;
	uint64_t id;

	for (size_t i = 0; i < c->n_guests; i++)
		if (!strcmp(c->guests[i].name, name)) {
			xlpt_guest_copy(out, &c->guests[i]);
			return 0;
		}
	if (xlpt_parse_uint(name, strlen(name), 10, UINT32_MAX, &id) &&
	    file_by_id(ts, (uint32_t)id, out, NULL) == 0)
		return 0;
	return no_guest(name, diag);
}

static void file_config(struct xlpt_toolstack *ts, struct xlpt_guest *guest)
{
	(void)ts, (void)guest; /* it was taken along with the rest */
}

static int file_list(struct xlpt_toolstack *ts, struct xlpt_guest **out, size_t *n,
		     struct xlpt_diag *diag)
{
	struct xlpt_captured *c = ts->priv;

	(void)diag;
	*out = xlpt_xcalloc(c->n_guests + 1, sizeof(**out));
	*n = c->n_guests;
	for (size_t i = 0; i < c->n_guests; i++)
		xlpt_guest_copy(&(*out)[i], &c->guests[i]);
	return 0;
}

static int file_config_pci(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_spec **specs,
			   size_t *n, struct xlpt_diag *diag)
{
	struct xlpt_captured *c = ts->priv;
	struct xlpt_captured_config key = { .domid = domid };
	size_t at = first(c->configs, c->n_configs, sizeof(key), &key, cmp_config), end = at;

	while (end < c->n_configs && c->configs[end].domid == domid)
		end++;
	*n = 0;
	*specs = xlpt_xcalloc(end - at + 1, sizeof(**specs));
	for (size_t i = at; i < end; i++)
		if (xlpt_spec_parse(c->configs[i].spec, &(*specs)[*n], diag) == 0)
			(*n)++;
	return 0;
}

static int file_caps(struct xlpt_toolstack *ts, struct xlpt_xen_caps *out, struct xlpt_diag *diag)
{
	(void)diag;
	*out = ((struct xlpt_captured *)ts->priv)->caps;
	return 0;
}

static int file_assigned(struct xlpt_toolstack *ts, struct xlpt_bdf bdf, bool *assigned,
			 struct xlpt_diag *diag)
{
	struct xlpt_captured *c = ts->priv;
	struct xlpt_captured_asked key = { .bdf = bdf };

	(void)diag;
	*assigned = false;
	for (size_t i = first(c->asked, c->n_asked, sizeof(key), &key, cmp_asked);
	     i < c->n_asked && xlpt_bdf_eq(c->asked[i].bdf, bdf); i++)
		*assigned = c->asked[i].assigned;
	return 0;
}

static int file_group(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf,
		      struct xlpt_bdf **out, size_t *n, struct xlpt_diag *diag)
{
	struct xlpt_captured *c = ts->priv;
	struct xlpt_captured_group key = { .domid = domid, .bdf = bdf };
	size_t at = first(c->groups, c->n_groups, sizeof(key), &key, cmp_group), end = at;

	(void)diag;
	while (end < c->n_groups && c->groups[end].domid == domid &&
	       xlpt_bdf_eq(c->groups[end].bdf, bdf))
		end++;
	*n = 0;
	*out = xlpt_xcalloc(end - at + 1, sizeof(**out));
	for (size_t i = at; i < end; i++)
		(*out)[(*n)++] = c->groups[i].member;
	return 0;
}

static bool file_port_open(struct xlpt_toolstack *ts, uint32_t domid, unsigned port)
{
	(void)ts, (void)domid, (void)port;
	return false;
}

static void file_text(struct xlpt_toolstack *ts, char **cmdline, char **messages)
{
	struct xlpt_captured *c = ts->priv;

	*cmdline = xlpt_xstrdup(c->cmdline);
	if (messages)
		*messages = xlpt_xstrdup(c->messages);
}

static int fixed(struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_USAGE,
		      "a captured tree answers no more than was asked when it "
		      "was made");
	xlpt_diag_hint(diag, "run this on the host itself");
	return XLPT_ERR_USAGE;
}

static int file_add(struct xlpt_toolstack *ts, uint32_t domid, const struct xlpt_spec *spec,
		    struct xlpt_diag *diag)
{
	(void)ts, (void)domid, (void)spec;
	return fixed(diag);
}

static int file_remove(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf, bool force,
		       struct xlpt_diag *diag)
{
	(void)ts, (void)domid, (void)bdf, (void)force;
	return fixed(diag);
}

static int file_guest_iommu(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf,
			    bool *on, struct xlpt_diag *diag)
{
	(void)ts, (void)domid, (void)bdf, (void)on;
	return fixed(diag);
}

static int file_create(struct xlpt_toolstack *ts, const char *config, size_t len,
		       struct xlpt_diag *diag)
{
	(void)ts, (void)config, (void)len;
	return fixed(diag);
}

static int file_destroy(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_diag *diag)
{
	(void)ts, (void)domid;
	return fixed(diag);
}

static int file_nodes(struct xlpt_toolstack *ts, uint32_t domid, xlpt_nodes *nodes,
		      struct xlpt_diag *diag)
{
	(void)ts, (void)domid, (void)nodes;
	return fixed(diag);
}

static int file_quarantine(struct xlpt_toolstack *ts, struct xlpt_bdf bdf, bool on,
			   struct xlpt_diag *diag)
{
	(void)ts, (void)bdf, (void)on;
	return fixed(diag);
}

static int file_revoke(struct xlpt_toolstack *ts, uint32_t domid, const struct xlpt_bdf bdf,
		       const uint64_t (*bars)[3], size_t n_bars, int irq, struct xlpt_diag *diag)
{
	(void)ts, (void)domid, (void)bdf, (void)bars, (void)n_bars, (void)irq;
	return fixed(diag);
}

static int file_dm_has(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf, bool *has,
		       struct xlpt_diag *diag)
{
	(void)ts, (void)domid, (void)bdf, (void)has;
	return fixed(diag);
}

static int file_dm_del(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf,
		       struct xlpt_diag *diag)
{
	(void)ts, (void)domid, (void)bdf;
	return fixed(diag);
}

static void file_close(struct xlpt_toolstack *ts)
{
	struct xlpt_captured *c = ts->priv;

	for (size_t i = 0; i < c->n_guests; i++)
		xlpt_guest_dispose(&c->guests[i]);
	for (size_t i = 0; i < c->n_configs; i++)
		free(c->configs[i].spec);
	free(c->guests);
	free(c->domids);
	free(c->configs);
	free(c->asked);
	free(c->groups);
	free(c->cmdline);
	free(c->messages);
	free(c);
}

const struct xlpt_toolstack_ops xlpt_captured_ops = {
	.guest_find = file_find,
	.guest_by_id = file_by_id,
	.guest_config = file_config,
	.guest_list = file_list,
	.guest_config_pci = file_config_pci,
	.caps = file_caps,
	.device_add = file_add,
	.device_remove = file_remove,
	.hyp_assigned = file_assigned,
	.guest_create = file_create,
	.guest_destroy = file_destroy,
	.guest_nodes = file_nodes,
	.guest_iommu = file_guest_iommu,
	.device_group = file_group,
	.quarantine = file_quarantine,
	.revoke = file_revoke,
	.dm_has = file_dm_has,
	.dm_del = file_dm_del,
	.port_open = file_port_open,
	.xen_text = file_text,
	.close = file_close,
};
