/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/sentry/holdings.h"

#include <errno.h>
#include <string.h>

#include "core/policy.h"
#include "core/text.h"
#include "pciback/device/bind.h"
#include "pciback/device/scan.h"
#include "xenstore/pcibe.h"
#include "xl-plugin/kept/had-line.h"

void xlpt_holdings_dispose(struct xlpt_holdings *h)
{
	for (size_t i = 0; i < h->n; i++)
		xlpt_spec_dispose(&h->items[i].spec);
	free(h->items);
	*h = (struct xlpt_holdings){ 0 };
}

static struct xlpt_holding *holding(struct xlpt_holdings *h, struct xlpt_bdf bdf)
{
	struct xlpt_holding *item;

	for (size_t i = 0; i < h->n; i++)
		if (xlpt_bdf_eq(h->items[i].bdf, bdf))
			return &h->items[i];
	XLPT_GROW(h->items, h->n, h->alloc);
	item = &h->items[h->n++];
	*item = (struct xlpt_holding){ .bdf = bdf };
	xlpt_spec_init(&item->spec);
	item->spec.has_bdf = true;
	item->spec.bdf = bdf;
	return item;
}

static int from_backend(struct xlpt_env *env, uint32_t domid, struct xlpt_holdings *out,
			struct xlpt_diag *diag)
{
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };
	int rc = xlpt_pcibe_read(env->store, domid, &be, diag);

	for (size_t i = 0; rc == 0 && i < be.n; i++)
		if (be.devs[i].dev_ok)
			holding(out, be.devs[i].bdf)->in_backend = true;
	return rc;
}

static int from_config(struct xlpt_env *env, uint32_t domid, struct xlpt_holdings *out,
		       struct xlpt_diag *diag)
{
	struct xlpt_spec *specs = NULL;
	size_t n = 0;
	int rc = env->ts->ops->guest_config_pci(env->ts, domid, &specs, &n, diag);

	for (size_t i = 0; i < n; i++) {
		struct xlpt_holding *h = holding(out, specs[i].bdf);

		h->in_config = true;
		xlpt_spec_dispose(&h->spec);
		h->spec = specs[i];
	}
	free(specs);
	return rc;
}

/*
 * Xen does not tell which guest has a device; libxl's note does. A note about a device that no
 * guest has was left behind, and counts for nothing.
 */
static int from_hypervisor(struct xlpt_env *env, uint32_t domid, struct xlpt_holdings *out,
			   struct xlpt_diag *diag)
{
	_cleanup_strv_ char **names = NULL;
	int rc = 0,
	    r = xlpt_host_list(env->host, &names, "/sys/bus/pci/drivers/%s", XLPT_PCIBACK_DRIVER);

	if (r == -ENOENT)
		return 0;
	if (r < 0) {
		xlpt_diag_errno(diag, XLPT_ERR_IO, r, "cannot list pciback's devices");
		xlpt_diag_fact(diag, "/sys/bus/pci/drivers/" XLPT_PCIBACK_DRIVER);
		xlpt_diag_hint(diag, "run xlpt as root in dom0");
		return XLPT_ERR_IO;
	}
	for (char **p = names; rc == 0 && *p; p++) {
		_cleanup_pcinote_ struct xlpt_pcinote note = { 0 };
		struct xlpt_bdf bdf;
		bool assigned = false;

		if (!xlpt_bdf_from_sysfs_name(*p, &bdf))
			continue;
		rc = xlpt_pcinote_read(env->store, bdf, &note, diag);
		if (rc || note.domid != (int64_t)domid)
			continue;
		rc = env->ts->ops->hyp_assigned(env->ts, bdf, &assigned, diag);
		if (rc == 0 && assigned)
			holding(out, bdf)->in_hyp = true;
	}
	return rc;
}

static int cmp(const void *a, const void *b)
{
	return xlpt_bdf_cmp(((const struct xlpt_holding *)a)->bdf,
			    ((const struct xlpt_holding *)b)->bdf);
}

int xlpt_holdings_read(struct xlpt_env *env, const struct xlpt_guest *guest,
		       struct xlpt_holdings *out, struct xlpt_diag *diag)
{
	int rc;

	*out = (struct xlpt_holdings){ 0 };
	rc = from_backend(env, guest->domid, out, diag);
	if (rc == 0)
		rc = from_hypervisor(env, guest->domid, out, diag);
	if (rc == 0)
		rc = from_config(env, guest->domid, out, diag);
	if (rc)
		xlpt_holdings_dispose(out);
	else if (out->n)
		qsort(out->items, out->n, sizeof(*out->items), cmp);
	return rc;
}

/*
 * When the guest would be refused after a detach, too (xlpt_policy_resumes, xlpt_policy_had_line),
 * the hint names neither that nor --detach-first.
 */
static void hint_if_not_resumed(struct xlpt_env *env, const struct xlpt_guest *guest,
				const struct xlpt_holdings *h, const char *what,
				struct xlpt_diag *diag)
{
	bool had = xlpt_had_line_judge(env, guest, what, NULL) != 0;

	for (size_t i = 0; i < h->n; i++) {
		_cleanup_device_ struct xlpt_device dev = { 0 };

		if (!had && (xlpt_scan_one(env->host, h->items[i].bdf, 0, NULL, &dev, NULL) ||
			     xlpt_policy_resumes(guest, &dev, what, NULL) == 0))
			continue;
		if (strcmp(what, "saved") != 0 && strcmp(what, "migrated") != 0) {
			xlpt_diag_hint(diag,
				       "shut %s down and create it again instead: also without its "
				       "devices it would not survive being %s",
				       XLPT_WORD(guest->name), what);
			return;
		}
		xlpt_diag_hint(
			diag,
			"shut %s down and create it again instead: it would not survive being "
			"%s; if its kernel is known to: xlpt %s --detach-first --force %s %s",
			XLPT_WORD(guest->name), what, !strcmp(what, "saved") ? "save" : "migrate",
			XLPT_WORD(guest->name), !strcmp(what, "saved") ? "FILE" : "HOST");
		return;
	}
}

int xlpt_holdings_judge(struct xlpt_env *env, const struct xlpt_guest *guest,
			const struct xlpt_holdings *h, const char *what, struct xlpt_diag *diag)
{
	_cleanup_free_ struct xlpt_bdf *bdfs = xlpt_xcalloc(h->n + 1, sizeof(*bdfs));
	_cleanup_str_ struct xlpt_str says = { 0 };
	bool backend = false, hyp = false, config = false;
	int rc;

	for (size_t i = 0; i < h->n; i++) {
		bdfs[i] = h->items[i].bdf;
		backend |= h->items[i].in_backend;
		hyp |= h->items[i].in_hyp;
		config |= h->items[i].in_config;
	}
	if (backend)
		xlpt_str_addf(&says, "/local/domain/0/backend/pci/%u", guest->domid);
	if (hyp)
		xlpt_str_addf(&says, "%sthe hypervisor", says.len ? ", " : "");
	if (config)
		xlpt_str_addf(&says, "%slibxl's configuration of the guest", says.len ? ", " : "");
	rc = xlpt_policy_leave(guest, bdfs, h->n, xlpt_str_get(&says), what, diag);
	if (rc)
		hint_if_not_resumed(env, guest, h, what, diag);
	return rc;
}
