/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A PCI backend in xenstore that contradicts itself. */
#include "core/text.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/release.h"
#include "xl-plugin/hotplug/wait.h"
#include "xl-plugin/kept/locks.h"
#include "xl-plugin/repair/kinds.h"

enum books { SOUND, EMPTY, BAD_DEV, NO_DEV, NUM_DEVS };

static enum books judge(const struct xlpt_pcibe *be)
{
	bool any = false, bad = false, gap = false;

	for (size_t i = 0; i < be->n; i++) {
		any |= be->devs[i].has_dev;
		bad |= xlpt_pcidev_bad(&be->devs[i]);
		gap |= !be->devs[i].has_dev || be->devs[i].index != i;
	}
	if (!be->exists || (be->n && be->consistent))
		return SOUND;
	return !any ? EMPTY : bad ? BAD_DEV : gap ? NO_DEV : NUM_DEVS;
}

static enum books wanted(const struct xlpt_contradiction_kind *kind)
{
	return kind == &xlpt_kind_empty_backend ? EMPTY
	       : kind == &xlpt_kind_bad_dev	? BAD_DEV
	       : kind == &xlpt_kind_no_dev	? NO_DEV
						: NUM_DEVS;
}

/* ---- a dev-N that is no address ---- */

/*
 * What the hypervisor has with a guest, and no backend names, may be what a bad entry stood for;
 * libxl's note tells whose it is. With no such device nothing is behind the entry.
 */
static size_t may_be(const struct xlpt_facts *f, uint32_t domid, const struct xlpt_hidden **first)
{
	size_t n = 0;

	*first = NULL;
	for (size_t i = 0; i < f->n_hidden; i++) {
		const struct xlpt_hidden *h = &f->hidden[i];

		if (!h->assigned || h->named ||
		    (h->noted >= 0 && h->noted != (int64_t)domid &&
		     xlpt_facts_guest(f, (uint32_t)h->noted)))
			continue;
		*first = *first ? *first : h;
		n++;
	}
	return n;
}

static size_t count_bad(const struct xlpt_pcibe *be, unsigned *first)
{
	size_t n = 0;

	for (size_t i = be->n; i-- > 0;) {
		if (!xlpt_pcidev_bad(&be->devs[i]))
			continue;
		*first = be->devs[i].index;
		n++;
	}
	return n;
}

/* What becomes of it; neither: that cannot be told. */
static struct xlpt_pcibe_bad judge_bad(const struct xlpt_facts *f, const struct xlpt_pcibe *be)
{
	const struct xlpt_hidden *first;
	size_t n = may_be(f, be->domid, &first);
	unsigned index;

	if (!n)
		return (struct xlpt_pcibe_bad){ .drop = true };
	if (n == 1 && first->noted == (int64_t)be->domid && count_bad(be, &index) == 1)
		return (struct xlpt_pcibe_bad){ .has_bdf = true, .bdf = first->bdf };
	return (struct xlpt_pcibe_bad){ 0 };
}

bool xlpt_is_bad_dev(const struct xlpt_facts *f, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < f->n_backends; i++) {
		const struct xlpt_pcibe_bad is = judge_bad(f, &f->backends[i]);

		if (is.has_bdf && xlpt_bdf_eq(is.bdf, bdf))
			return true;
	}
	return false;
}

static void describe_bad(const struct xlpt_facts *f, struct xlpt_contradiction *c,
			 const struct xlpt_pcibe *be)
{
	const struct xlpt_pcibe_bad is = judge_bad(f, be);
	const struct xlpt_hidden *first;
	unsigned index = 0;

	count_bad(be, &index);
	may_be(f, be->domid, &first);
	c->what = xlpt_xasprintf("dev-%u in the PCI backend of domain %u is no PCI address", index,
				 be->domid);
	if (is.drop)
		c->does = xlpt_xasprintf("take dev-%u out of domain %u's PCI backend: no device is "
					 "behind it",
					 index, be->domid);
	else if (is.has_bdf)
		c->does = xlpt_xasprintf("write %s as dev-%u of domain %u's PCI backend: the "
					 "hypervisor and libxl's note say that it was that",
					 XLPT_BDF_STR(is.bdf), index, be->domid);
	else
		c->does = xlpt_xasprintf("take dev-%u out of domain %u's PCI backend, once %s is "
					 "with no guest any more",
					 index, be->domid, XLPT_BDF_STR(first->bdf));
}

static int unknown_dev(const struct xlpt_facts *f, const struct xlpt_contradiction *c,
		       struct xlpt_diag *diag)
{
	const struct xlpt_hidden *first;

	may_be(f, (uint32_t)c->domid, &first);
	xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "%s, and nothing tells which device it was",
		      c->what);
	xlpt_diag_fact(diag, "the hypervisor has %s with a guest, and no backend names it",
		       XLPT_BDF_STR(first->bdf));
	if (c->guest)
		xlpt_diag_hint(diag, "xl shutdown %s: its backend goes with it",
			       XLPT_WORD(c->guest));
	else
		xlpt_diag_hint(diag, "xlpt repair xen-only, then xlpt repair");
	return XLPT_ERR_CONFLICT;
}

/* With its last entry the backend goes, and the guest's frontend with it, a moment later. */
static void wait_gone(struct xlpt_env *env, const struct xlpt_pcibe *was)
{
	_cleanup_pcibe_ struct xlpt_pcibe now = { 0 };

	if (xlpt_pcibe_read(env->store, was->domid, &now, NULL) == 0 && !now.exists)
		xlpt_wait_port_closed(env, was->domid, was->evtchn, XLPT_PORT_TIMEOUT_MS);
}

static int fix_bad(struct xlpt_env *env, const struct xlpt_contradiction *c, struct xlpt_diag *diag)
{
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	_cleanup_facts_ struct xlpt_facts f = { 0 };
	uint32_t domid = (uint32_t)c->domid;
	const struct xlpt_pcibe *be = NULL;
	struct xlpt_pcibe_bad is;
	bool changed = false;
	int rc = xlpt_lock_all(env, &locks, &domid, NULL, 0, diag);

	if (rc == 0)
		rc = xlpt_facts_read(env, 0, &f, diag);
	for (size_t i = 0; rc == 0 && i < f.n_backends; i++)
		if (f.backends[i].domid == domid && judge(&f.backends[i]) == BAD_DEV)
			be = &f.backends[i];
	if (rc || !be)
		return rc;
	is = judge_bad(&f, be);
	if (!is.drop && !is.has_bdf)
		return unknown_dev(&f, c, diag);
	rc = xlpt_pcibe_mend(env->store, domid, &is, &changed, diag);
	if (rc == 0)
		wait_gone(env, be);
	if (rc == 0 && changed && is.drop)
		xlpt_say(env,
			 "took what was no PCI address out of domain %u's PCI backend: no device "
			 "was behind it",
			 domid);
	else if (rc == 0 && changed)
		xlpt_say(env, "domain %u's PCI backend names %s again", domid,
			 XLPT_BDF_STR(is.bdf));
	return rc;
}

/* ---- all of them ---- */

static void describe(const struct xlpt_facts *f, struct xlpt_contradiction *c,
		     const struct xlpt_pcibe *be, enum books is)
{
	unsigned id = be->domid;

	c->why = xlpt_xasprintf("xenstore-ls /local/domain/0/backend/pci/%u/0 shows it", id);
	switch (is) {
	case EMPTY:
		c->what = xlpt_xasprintf("the PCI backend of domain %u has no device", id);
		c->does = xlpt_xasprintf("remove the empty PCI backend of domain %u", id);
		break;
	case BAD_DEV:
		describe_bad(f, c, be);
		break;
	case NO_DEV:
		c->what = xlpt_xasprintf("the PCI backend of domain %u has an index without a "
					 "device (no dev-N)",
					 id);
		c->does = xlpt_xasprintf("mend num_devs of domain %u's PCI backend", id);
		break;
	default:
		c->what =
			xlpt_xasprintf("the PCI backend of domain %u has %zu %s, and its "
				       "num_devs says %d",
				       id, be->n, be->n == 1 ? "device" : "devices", be->num_devs);
		c->does = xlpt_xasprintf("mend num_devs of domain %u's PCI backend", id);
	}
}

static void find(const struct xlpt_facts *f, const struct xlpt_contradiction_kind *kind,
		 struct xlpt_contradictions *out)
{
	for (size_t i = 0; i < f->n_backends; i++) {
		const struct xlpt_pcibe *be = &f->backends[i];
		const struct xlpt_guest *g = xlpt_facts_guest(f, be->domid);
		struct xlpt_contradiction *c;
		enum books is = judge(be);

		if (is == SOUND || is != wanted(kind) || xlpt_facts_explained(f, NULL, be->domid))
			continue;
		/* Its entries go one by one, and the count with the last of them. */
		if (!g && (is == NO_DEV || is == NUM_DEVS))
			continue;
		c = xlpt_contradiction_add(out, kind);
		xlpt_contradiction_guest(c, be->domid, g ? g->name : NULL);
		describe(f, c, be, is);
	}
}

static int fix(struct xlpt_env *env, const struct xlpt_contradiction *c, struct xlpt_diag *diag)
{
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };
	uint32_t domid = (uint32_t)c->domid;
	bool changed = false;
	enum books is;
	int rc = xlpt_lock_all(env, &locks, &domid, NULL, 0, diag);

	if (rc == 0)
		rc = xlpt_pcibe_read(env->store, domid, &be, diag);
	if (rc)
		return rc;
	is = judge(&be);
	if (is == EMPTY)
		rc = xlpt_clear_empty(env, domid, &changed, diag);
	else if (is != SOUND)
		rc = xlpt_pcibe_mend(env->store, domid, NULL, &changed, diag);
	if (rc == 0 && changed)
		xlpt_say(env,
			 is == EMPTY ? "removed the empty PCI backend of domain %u"
				     : "mended num_devs of domain %u's PCI backend",
			 domid);
	return rc;
}

const struct xlpt_contradiction_kind xlpt_kind_empty_backend = {
	.name = "empty-backend",
	.cause = "libxl was killed between emptying a backend and removing it; such a backend "
		 "swallows the next device",
	.momentary = true,
	.find = find,
	.fix = fix,
};

const struct xlpt_contradiction_kind xlpt_kind_bad_dev = {
	.name = "bad-dev",
	.cause = "somebody wrote into the backend by hand; as long as it is there, the guest takes "
		 "no further device",
	.momentary = true,
	.find = find,
	.fix = fix_bad,
};

const struct xlpt_contradiction_kind xlpt_kind_no_dev = {
	.name = "no-dev",
	.cause = "a tool was killed, or somebody wrote into the backend by hand; xl attaches "
		 "nothing to such a guest",
	.momentary = true,
	.find = find,
	.fix = fix,
};

const struct xlpt_contradiction_kind xlpt_kind_num_devs = {
	.name = "num-devs",
	.cause = "a tool was killed between its writes, or somebody wrote into the backend by hand",
	.momentary = true,
	.find = find,
	.fix = fix,
};
