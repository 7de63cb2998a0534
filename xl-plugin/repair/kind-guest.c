/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest's backend in xenstore against the guest, the hypervisor and this host. */
#include <string.h>

#include "core/text.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/gone.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/kept/locks.h"
#include "xl-plugin/repair/kinds.h"
#include "xl-plugin/repair/take.h"

/* ---- domains that are gone, or ended and kept ---- */

/* Another domain that is gone left the same device: both entries go together. */
static bool left_before(const struct xlpt_owners *owners, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (!owners->items[k].guest &&
		    xlpt_bdf_eq(owners->items[k].bdf, owners->items[i].bdf))
			return true;
	return false;
}

static void find_left(const struct xlpt_facts *f, const struct xlpt_contradiction_kind *kind,
		      struct xlpt_contradictions *out)
{
	for (size_t i = 0; i < f->owners.n; i++) {
		const struct xlpt_owner *o = &f->owners.items[i];
		struct xlpt_contradiction *c;

		if (o->guest || left_before(&f->owners, i) || xlpt_facts_explained(f, &o->bdf, -1))
			continue;
		c = xlpt_contradiction_add(out, kind);
		xlpt_contradiction_bdf(c, o->bdf);
		xlpt_contradiction_guest(c, o->domid, NULL);
		c->what = xlpt_xasprintf("%s is in the PCI backend of domain %u, which is gone",
					 XLPT_BDF_STR(o->bdf), o->domid);
		c->why = xlpt_xasprintf("/local/domain/0/backend/pci/%u/0/dev-%u", o->domid,
					o->dev.index);
		c->does = xlpt_xasprintf("take %s back from domain %u, which is gone",
					 XLPT_BDF_STR(o->bdf), o->domid);
	}
}

static int fix_left(struct xlpt_env *env, const struct xlpt_contradiction *c,
		    struct xlpt_diag *diag)
{
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	struct xlpt_bdf bdf = c->bdf;
	int rc = xlpt_lock_all(env, &locks, NULL, &bdf, 1, diag);

	return rc ? rc : xlpt_gone_take(env, bdf, xlpt_say, NULL, diag);
}

const struct xlpt_contradiction_kind xlpt_kind_left_by_gone = {
	.name = "left-by-gone",
	.cause = "a PV guest ended by itself; libxl does not take such a guest's backend away",
	.find = find_left,
	.fix = fix_left,
};

static void find_shut_down(const struct xlpt_facts *f, const struct xlpt_contradiction_kind *kind,
			   struct xlpt_contradictions *out)
{
	for (size_t i = 0; i < f->owners.n; i++) {
		const struct xlpt_owner *o = &f->owners.items[i];
		struct xlpt_contradiction *c;

		if (!o->guest || !o->shut_down || xlpt_facts_explained(f, &o->bdf, o->domid))
			continue;
		c = xlpt_contradiction_add(out, kind);
		xlpt_contradiction_bdf(c, o->bdf);
		xlpt_contradiction_guest(c, o->domid, o->guest);
		c->what = xlpt_xasprintf(
			"%s (domain %u) has shut down, was not destroyed and keeps %s", o->guest,
			o->domid, XLPT_BDF_STR(o->bdf));
		c->command = xlpt_xasprintf("xl destroy %s", XLPT_WORD(o->guest));
	}
}

const struct xlpt_contradiction_kind xlpt_kind_shut_down = {
	.name = "shut-down",
	.cause = "the guest's configuration says so (on_poweroff=\"preserve\"), or the xl that "
		 "watches it was killed",
	.momentary = true,
	.find = find_shut_down,
};

/* ---- guests that run ---- */

static bool lives(const struct xlpt_owner *o)
{
	return o->guest && !o->dying;
}

static bool half_out(const struct xlpt_owner *o)
{
	return o->lost || o->dev.state == XLPT_XBS_CLOSING;
}

/* What the guest itself writes (its frontend's state) decides nothing alone: half_out is dom0's word. */
static bool stuck(const struct xlpt_owner *o)
{
	return o->type == XLPT_GUEST_PV &&
	       (o->be_state != XLPT_XBS_CONNECTED || o->fe_state != XLPT_XBS_CONNECTED);
}

static char *states(const struct xlpt_owner *o)
{
	return xlpt_xasprintf(
		"frontend %s, backend %s, state-%u %d; %s", xlpt_xbs_word(o->fe_state),
		xlpt_xbs_word(o->be_state), o->dev.index, o->dev.state,
		o->lost ? "Xen has the device with no guest" : "Xen has the device with a guest");
}

static struct xlpt_contradiction *add(struct xlpt_contradictions *out,
				      const struct xlpt_contradiction_kind *kind,
				      const struct xlpt_owner *o)
{
	struct xlpt_contradiction *c = xlpt_contradiction_add(out, kind);

	xlpt_contradiction_bdf(c, o->bdf);
	xlpt_contradiction_guest(c, o->domid, o->guest);
	return c;
}

static void find_absent(const struct xlpt_facts *f, const struct xlpt_contradiction_kind *kind,
			struct xlpt_contradictions *out)
{
	for (size_t i = 0; i < f->owners.n; i++) {
		const struct xlpt_owner *o = &f->owners.items[i];
		struct xlpt_contradiction *c;

		if (!lives(o) || xlpt_facts_has_device(f, o->bdf) ||
		    xlpt_facts_explained(f, &o->bdf, o->domid))
			continue;
		c = add(out, kind, o);
		c->what = xlpt_xasprintf("%s has %s, and this host has it no more", o->guest,
					 XLPT_BDF_STR(o->bdf));
		c->why = xlpt_xasprintf("/sys/bus/pci/devices/%s is not there",
					XLPT_BDF_STR(o->bdf));
		c->command = xlpt_owner_frees(o);
	}
}

const struct xlpt_contradiction_kind xlpt_kind_absent_device = {
	.name = "absent-device",
	.cause = "it was unplugged, fell off its bus, or is a virtual function whose physical "
		 "function went",
	.momentary = true,
	.find = find_absent,
};

static void find_half_out(const struct xlpt_facts *f, const struct xlpt_contradiction_kind *kind,
			  struct xlpt_contradictions *out)
{
	for (size_t i = 0; i < f->owners.n; i++) {
		const struct xlpt_owner *o = &f->owners.items[i];
		const char *bdf = XLPT_BDF_STR(o->bdf);
		struct xlpt_contradiction *c;
		bool wedged = kind == &xlpt_kind_wedged;

		if (!lives(o) || !half_out(o) || stuck(o) != wedged ||
		    !xlpt_facts_has_device(f, o->bdf) || xlpt_facts_explained(f, &o->bdf, o->domid))
			continue;
		c = add(out, kind, o);
		c->what =
			wedged ? xlpt_xasprintf("%s (domain %u) does not answer for its PCI "
						"devices any more, and %s is half-way out of it",
						o->guest, o->domid, bdf)
			: o->lost
				? xlpt_xasprintf("%s is with %s in xenstore, and with no guest "
						 "in the hypervisor",
						 bdf, o->guest)
				: xlpt_xasprintf("%s is half-way out of %s: its removal was asked "
						 "for and never ended",
						 bdf, o->guest);
		c->why = states(o);
		/* In a stub domain libxl alone can take it out, and it does so with the guest. */
		if (o->through)
			c->command = xlpt_owner_frees(o);
		else
			c->does = xlpt_xasprintf("take %s from %s", bdf, o->guest);
	}
}

/* A removal that another tool has under way looks the same until it ends: let it end, look again. */
static bool still_half_out(struct xlpt_env *env, const struct xlpt_contradiction *c,
			   bool *stuck_now)
{
	_cleanup_owners_ struct xlpt_owners owners = { 0 };
	_cleanup_guest_ struct xlpt_guest guest = { 0 };
	const struct xlpt_owner *now;

	if (env->ts->ops->guest_by_id(env->ts, (uint32_t)c->domid, &guest, NULL) == 0 &&
	    guest.type == XLPT_GUEST_PV)
		xlpt_wait_settled(env, &guest, XLPT_GUEST_TIMEOUT_MS / 4, NULL);
	if (xlpt_owners_read(env, &owners, NULL))
		return false;
	now = xlpt_owners_find(&owners, c->bdf);
	if (!now || now->domid != c->domid || !half_out(now))
		return false;
	*stuck_now = stuck(now);
	return true;
}

static int fix_half_out(struct xlpt_env *env, const struct xlpt_contradiction *c,
			struct xlpt_diag *diag)
{
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	uint32_t domid = (uint32_t)c->domid;
	struct xlpt_bdf bdf = c->bdf;
	bool wedged = false;
	int rc = xlpt_lock_all(env, &locks, &domid, &bdf, 1, diag);

	if (rc || !still_half_out(env, c, &wedged))
		return rc;
	/* By force: the hypervisor has it no more, or the guest was asked and has had its time. */
	rc = xlpt_repair_take(env, domid, bdf, diag);
	if (rc == 0)
		xlpt_say(env, "%s was left half-way on its way out of a guest: taken back",
			 XLPT_BDF_STR(bdf));
	if (rc == 0 && wedged)
		xlpt_warn(env,
			  "%s did not answer and takes no further PCI device until it restarts: "
			  "xl reboot %s",
			  c->guest, XLPT_WORD(c->guest));
	return rc;
}

/*
 * Seen with xl: libxl deassigns first and asks the guest second. Nothing that dom0 writes wakes
 * that thread; other guests have threads of their own.
 */
const struct xlpt_contradiction_kind xlpt_kind_wedged = {
	.name = "wedged",
	.cause =
		"the device was taken away while the guest's driver was still probing it; the "
		"guest's xenwatch thread waits for that driver in the guest's own kernel, for ever",
	.momentary = true,
	.find = find_half_out,
	.fix = fix_half_out,
};

const struct xlpt_contradiction_kind xlpt_kind_half_out = {
	.name = "half-out",
	.cause = "a tool was killed, or gave up waiting, while it took the device from the guest",
	.momentary = true,
	.find = find_half_out,
	.fix = fix_half_out,
};

static void find_not_connected(const struct xlpt_facts *f,
			       const struct xlpt_contradiction_kind *kind,
			       struct xlpt_contradictions *out)
{
	for (size_t i = 0; i < f->owners.n; i++) {
		const struct xlpt_owner *o = &f->owners.items[i];
		const struct xlpt_guest *g = xlpt_facts_guest(f, o->domid);
		/* One that does not answer is not asked. */
		bool settled = o->type != XLPT_GUEST_PV || !stuck(o);
		struct xlpt_contradiction *c;

		/* A guest that is paused or stopped for a save cannot answer. */
		if (!lives(o) || half_out(o) || xlpt_owner_complete(o) || !g || g->paused ||
		    g->suspended || !xlpt_facts_has_device(f, o->bdf) ||
		    xlpt_facts_explained(f, &o->bdf, o->domid))
			continue;
		c = add(out, kind, o);
		c->what = xlpt_xasprintf("%s was given to %s, and %s does not use it",
					 XLPT_BDF_STR(o->bdf), o->guest, o->guest);
		c->why = states(o);
		if (settled || o->through)
			c->command = xlpt_owner_frees(o);
		else
			c->command = xlpt_xasprintf("xlpt detach --force %s %s",
						    XLPT_WORD(o->guest), XLPT_BDF_STR(o->bdf));
	}
}

const struct xlpt_contradiction_kind xlpt_kind_not_connected = {
	.name = "not-connected",
	.cause = "the guest still boots, its kernel has no xen-pcifront, or its frontend gave up; "
		 "xl does not wait for it",
	.momentary = true,
	.find = find_not_connected,
};
