/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hypervisor or libxl's note says that a guest has a device, and no backend does. */
#include "core/text.h"
#include "pciback/device/bind.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/budget.h"
#include "xl-plugin/kept/locks.h"
#include "xl-plugin/repair/kinds.h"
#include "xl-plugin/repair/take.h"

int xlpt_hidden_look(struct xlpt_env *env, struct xlpt_bdf bdf, bool named, struct xlpt_hidden *out,
		     struct xlpt_diag *diag)
{
	_cleanup_pcinote_ struct xlpt_pcinote note = { 0 };
	_cleanup_free_ char *driver = NULL;
	int rc = xlpt_pcinote_read(env->store, bdf, &note, diag);

	*out = (struct xlpt_hidden){ .bdf = bdf, .noted = -1, .named = named };
	if (rc)
		return rc;
	out->noted = note.domid;
	/* Of a device that this host has lost the note alone is left. */
	if (xlpt_bind_driver(env->host, bdf, &driver, NULL) || bdf.seg > XLPT_XEN_SEG_MAX)
		return 0;
	out->on_pciback = xlpt_streq(driver, XLPT_PCIBACK_DRIVER);
	if (!out->on_pciback)
		return 0;
	rc = env->ts->ops->hyp_assigned(env->ts, bdf, &out->assigned, diag);
	/* The hypervisor has it with nobody: it was taken away there, or was never given. */
	if (rc == XLPT_ERR_NO_DEVICE) {
		xlpt_diag_dispose(diag);
		rc = 0;
	}
	return rc;
}

/* A domain that Xen takes apart has its devices until the end, and no backend any more. */
static bool some_guest_dies(const struct xlpt_facts *f)
{
	for (size_t i = 0; i < f->n_guests; i++)
		if (xlpt_guest_leaves(&f->guests[i]) && !f->guests[i].shut_down)
			return true;
	return false;
}

static void find_xen_only(const struct xlpt_facts *f, const struct xlpt_contradiction_kind *kind,
			  struct xlpt_contradictions *out)
{
	for (size_t i = 0; i < f->n_hidden; i++) {
		const struct xlpt_hidden *h = &f->hidden[i];
		const char *bdf = XLPT_BDF_STR(h->bdf);
		struct xlpt_contradiction *c;

		if (!h->assigned || h->named || some_guest_dies(f) || xlpt_is_bad_dev(f, h->bdf) ||
		    xlpt_facts_explained(f, &h->bdf, h->noted))
			continue;
		c = xlpt_contradiction_add(out, kind);
		xlpt_contradiction_bdf(c, h->bdf);
		c->what = xlpt_xasprintf(
			"the hypervisor has %s with a guest, and no backend in xenstore names it",
			bdf);
		if (h->noted >= 0)
			c->why = xlpt_xasprintf("libxl notes domain %lld as its owner",
						(long long)h->noted);
		c->does = xlpt_xasprintf(
			"take %s from the guest that has it in the hypervisor only", bdf);
	}
}

static void find_mark(const struct xlpt_facts *f, const struct xlpt_contradiction_kind *kind,
		      struct xlpt_contradictions *out)
{
	for (size_t i = 0; i < f->n_hidden; i++) {
		const struct xlpt_hidden *h = &f->hidden[i];
		const char *bdf = XLPT_BDF_STR(h->bdf);
		const struct xlpt_guest *g = xlpt_facts_guest(f, (uint32_t)h->noted);
		struct xlpt_contradiction *c;

		if (h->noted < 0 || h->assigned || h->named ||
		    xlpt_facts_explained(f, &h->bdf, h->noted))
			continue;
		c = xlpt_contradiction_add(out, kind);
		xlpt_contradiction_bdf(c, h->bdf);
		xlpt_contradiction_guest(c, (uint32_t)h->noted, g ? g->name : NULL);
		c->what = xlpt_xasprintf(
			"libxl notes domain %lld as the owner of %s, and %s", (long long)h->noted,
			bdf, g ? "that domain does not have it" : "there is no such domain");
		c->why = xlpt_xasprintf(
			"/libxl/pci/%s/domid",
			xlpt_bdf_format(h->bdf, XLPT_BDF_XS, (char[XLPT_BDF_LEN]){ 0 }));
		c->does = xlpt_xasprintf("remove libxl's wrong note of %s's owner", bdf);
	}
}

/* As Xen writes it into its log; false and *domid -1 when it does not. */
static bool ask_xen(struct xlpt_env *env, struct xlpt_bdf bdf, int64_t *domid)
{
	_cleanup_free_ struct xlpt_xen_owner *owners = NULL;
	size_t n = 0;

	*domid = -1;
	if (!env->ts->ops->device_owners || env->ts->ops->device_owners(env->ts, &owners, &n, NULL))
		return false;
	for (size_t i = 0; i < n; i++)
		if (xlpt_bdf_eq(owners[i].bdf, bdf) && owners[i].domid > 0)
			*domid = owners[i].domid;
	return *domid >= 0;
}

/*
 * Where Xen's log does not tell whose a device is: a device model says whether it holds it;
 * for the others, Xen takes a device from a domain only if it is that domain's
 * (xen/drivers/passthrough/pci.c, deassign_device).
 */
static int find_holder(struct xlpt_env *env, struct xlpt_bdf bdf, int64_t *domid,
		       struct xlpt_diag *diag)
{
	struct xlpt_guest *guests = NULL;
	size_t n = 0;
	int rc =
		ask_xen(env, bdf, domid) ? 0 : env->ts->ops->guest_list(env->ts, &guests, &n, diag);

	for (size_t i = 0; rc == 0 && i < n && *domid < 0; i++) {
		bool has = false;

		if (guests[i].type == XLPT_GUEST_HVM &&
		    env->ts->ops->dm_has(env->ts, guests[i].domid, bdf, &has, NULL) == 0 && has)
			*domid = guests[i].domid;
	}
	for (size_t i = 0; rc == 0 && i < n && *domid < 0; i++) {
		bool assigned = true;

		rc = env->ts->ops->revoke(env->ts, guests[i].domid, bdf, NULL, 0, 0, diag);
		if (rc == 0)
			rc = env->ts->ops->hyp_assigned(env->ts, bdf, &assigned, diag);
		if (rc == 0 && !assigned)
			*domid = guests[i].domid;
	}
	xlpt_guests_free(guests, n);
	return rc;
}

static int nobodys(struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_LEFT,
		      "the hypervisor has %s assigned, and it is no running guest's",
		      XLPT_BDF_STR(bdf));
	xlpt_diag_fact(diag, "no domain gave it back when asked");
	xlpt_diag_hint(diag, "xl debug-keys Q; xl dmesg shows whose it is");
	return XLPT_ERR_LEFT;
}

static int mend_xen_only(struct xlpt_env *env, const struct xlpt_hidden *h, struct xlpt_diag *diag)
{
	int64_t domid;
	/* libxl's note may be wrong, too. */
	int rc = find_holder(env, h->bdf, &domid, diag);

	if (rc == 0 && domid < 0)
		return nobodys(h->bdf, diag);
	if (rc == 0)
		rc = xlpt_repair_take(env, (uint32_t)domid, h->bdf, diag);
	if (rc == 0)
		xlpt_say(env, "%s was with domain %lld in the hypervisor only: taken back",
			 XLPT_BDF_STR(h->bdf), (long long)domid);
	return rc;
}

static int mend_mark(struct xlpt_env *env, const struct xlpt_hidden *h, struct xlpt_diag *diag)
{
	int rc;

	/* What that domain may still have been granted of it goes, too. */
	if (h->on_pciback)
		rc = xlpt_budget_release(env, XLPT_LEDGER_REPAIR, (uint32_t)h->noted, h->bdf, true,
					 XLPT_GUEST_TIMEOUT_MS, diag);
	else
		rc = xlpt_pcinote_clear_domid(env->store, h->bdf, diag);
	if (rc == 0)
		xlpt_say(env, "%s was noted as domain %lld's, wrongly: the note is removed",
			 XLPT_BDF_STR(h->bdf), (long long)h->noted);
	return rc;
}

static int look_again(struct xlpt_env *env, struct xlpt_bdf bdf, struct xlpt_hidden *h,
		      struct xlpt_diag *diag)
{
	uint32_t domid;
	int rc = xlpt_pcibe_owner(env->store, bdf, &domid, diag);

	return rc < 0 ? rc : xlpt_hidden_look(env, bdf, rc > 0, h, diag);
}

static int fix(struct xlpt_env *env, const struct xlpt_contradiction *c, struct xlpt_diag *diag)
{
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	struct xlpt_bdf bdf = c->bdf;
	struct xlpt_hidden h;
	uint32_t domid;
	int64_t noted;
	int rc = look_again(env, bdf, &h, diag);

	if (rc)
		return rc;
	noted = h.noted;
	domid = (uint32_t)noted;
	rc = xlpt_lock_all(env, &locks, noted >= 0 ? &domid : NULL, &bdf, 1, diag);
	if (rc == 0)
		rc = look_again(env, bdf, &h, diag);
	/* The note was written meanwhile, for a guest whose lock we do not have. */
	if (rc || h.named || h.noted != noted || h.assigned != (c->kind == &xlpt_kind_xen_only))
		return rc;
	if (h.assigned)
		return mend_xen_only(env, &h, diag);
	return h.noted >= 0 ? mend_mark(env, &h, diag) : 0;
}

const struct xlpt_contradiction_kind xlpt_kind_xen_only = {
	.name = "xen-only",
	.cause = "a tool was killed, or failed, while it gave the device to a guest or took it "
		 "back",
	.momentary = true,
	.find = find_xen_only,
	.fix = fix,
};

const struct xlpt_contradiction_kind xlpt_kind_owner_mark = {
	.name = "owner-mark",
	.cause = "a tool was killed while it gave the device away; as long as the note is there, "
		 "libxl gives the device to nobody",
	.momentary = true,
	.find = find_mark,
	.fix = fix,
};
