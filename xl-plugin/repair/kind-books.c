/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A PCI backend in xenstore that contradicts itself. */
#include "core/text.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/release.h"
#include "xl-plugin/kept/locks.h"
#include "xl-plugin/repair/kinds.h"

enum books { SOUND, EMPTY, BAD_DEV, NO_DEV, NUM_DEVS };

static enum books judge(const struct xlpt_pcibe *be)
{
	bool any = false, bad = false, gap = false;

	for (size_t i = 0; i < be->n; i++) {
		any |= be->devs[i].has_dev;
		bad |= be->devs[i].has_dev && !be->devs[i].dev_ok;
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

static void describe(struct xlpt_contradiction *c, const struct xlpt_pcibe *be, enum books is,
		     const char *guest)
{
	unsigned id = be->domid;

	c->why = xlpt_xasprintf("xenstore-ls /local/domain/0/backend/pci/%u/0 shows it", id);
	switch (is) {
	case EMPTY:
		c->what = xlpt_xasprintf("the PCI backend of domain %u has no device", id);
		c->does = xlpt_xasprintf("remove the empty PCI backend of domain %u", id);
		break;
	case BAD_DEV:
		c->what = xlpt_xasprintf(
			"the PCI backend of domain %u names a device that is no PCI address", id);
		c->command =
			guest ? xlpt_xasprintf("xl shutdown %s", XLPT_WORD(guest))
			      : xlpt_xasprintf("xenstore-rm /local/domain/0/backend/pci/%u", id);
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
		describe(c, be, is, c->guest);
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
		rc = xlpt_pcibe_mend(env->store, domid, &changed, diag);
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
	.cause = "somebody wrote into the backend by hand",
	.momentary = true,
	.find = find,
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
