/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libxl has stored of a guest, and what libvirt keeps of a virtual function. */
#include "core/text.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/repair/kinds.h"

static bool has(const struct xlpt_facts *f, const struct xlpt_configured *conf)
{
	for (size_t i = 0; i < f->owners.n; i++)
		if (f->owners.items[i].domid == conf->domid &&
		    xlpt_bdf_eq(f->owners.items[i].bdf, conf->bdf))
			return true;
	return false;
}

static void find_configured(const struct xlpt_facts *f, const struct xlpt_contradiction_kind *kind,
			    struct xlpt_contradictions *out)
{
	for (size_t i = 0; i < f->n_configured; i++) {
		const struct xlpt_configured *conf = &f->configured[i];
		const struct xlpt_guest *g = xlpt_facts_guest(f, conf->domid);
		const char *bdf = XLPT_BDF_STR(conf->bdf);
		bool absent = !xlpt_facts_has_device(f, conf->bdf);
		struct xlpt_contradiction *c;

		if (!g || has(f, conf) || xlpt_is_bad_dev(f, conf->bdf) ||
		    xlpt_facts_explained(f, &conf->bdf, conf->domid))
			continue;
		c = xlpt_contradiction_add(out, kind);
		xlpt_contradiction_bdf(c, conf->bdf);
		xlpt_contradiction_guest(c, conf->domid, g->name);
		c->what =
			xlpt_xasprintf("libxl's configuration of %s lists %s, and %s", g->name, bdf,
				       absent ? "this host does not have that device"
					      : "the guest does not have it");
		c->why = xlpt_xasprintf("xl list -l %s shows it", XLPT_WORD(g->name));
		c->command = absent ? xlpt_xasprintf("xlpt convert --edit FILE --remove %s, and "
						     "restart %s",
						     bdf, XLPT_WORD(g->name))
				    : xlpt_xasprintf("xlpt attach %s %s", XLPT_WORD(g->name), bdf);
	}
}

const struct xlpt_contradiction_kind xlpt_kind_configured = {
	.name = "configured",
	.cause = "a tool was killed after it had stored the device, or took it away without libxl; "
		 "when the guest restarts, xl gives it the device again, or cannot start it",
	.momentary = true,
	.find = find_configured,
};

static void find_libvirt(const struct xlpt_facts *f, const struct xlpt_contradiction_kind *kind,
			 struct xlpt_contradictions *out)
{
	for (size_t i = 0; i < f->n_kept; i++) {
		const struct xlpt_kept *k = &f->kept[i];
		struct xlpt_contradiction *c;

		if (k->may_have || (k->has_bdf && xlpt_facts_explained(f, &k->bdf, -1)))
			continue;
		c = xlpt_contradiction_add(out, kind);
		if (k->has_bdf)
			xlpt_contradiction_bdf(c, k->bdf);
		c->key = xlpt_xstrdup(k->path);
		c->what = k->has_bdf ? xlpt_xasprintf("libvirt keeps what %s (%s) had before its "
						      "guest, and no guest has it",
						      k->vf, XLPT_BDF_STR(k->bdf))
				     : xlpt_xasprintf("libvirt keeps what %s had before its guest, "
						      "and there is no such VF",
						      k->vf);
		c->why = xlpt_xstrdup(k->path);
		c->command =
			k->has_bdf ? xlpt_xasprintf("xlpt vf set %s with the MAC address and VLAN "
						    "in that file, and then: rm %s",
						    XLPT_BDF_STR(k->bdf), XLPT_WORD(k->path))
				   : xlpt_xasprintf("rm %s", XLPT_WORD(k->path));
	}
}

const struct xlpt_contradiction_kind xlpt_kind_libvirt = {
	.name = "libvirt",
	.cause = "libvirt's daemon was killed before it gave the VF its identity back; it gives it "
		 "what is in that file when its next guest is done with it",
	.momentary = true,
	.find = find_libvirt,
};

static void find_unlike(const struct xlpt_facts *f, const struct xlpt_contradiction_kind *kind,
			struct xlpt_contradictions *out)
{
	for (size_t i = 0; i < f->n_unlike; i++) {
		const struct xlpt_unlike *u = &f->unlike[i];
		const struct xlpt_guest *g = xlpt_facts_guest(f, u->domid);
		const char *bdf = XLPT_BDF_STR(u->bdf), *name = XLPT_WORD(g->name);
		struct xlpt_contradiction *c;

		if (xlpt_facts_explained(f, &u->bdf, u->domid))
			continue;
		c = xlpt_contradiction_add(out, kind);
		xlpt_contradiction_bdf(c, u->bdf);
		xlpt_contradiction_guest(c, u->domid, g->name);
		c->what = u->listed ? xlpt_xasprintf("libvirt lists %s for %s, and the guest does "
						     "not have it",
						     bdf, g->name)
				    : xlpt_xasprintf("%s has %s, and libvirt does not list it",
						     g->name, bdf);
		c->why = xlpt_xasprintf("/run/libvirt/libxl/%s.xml", g->name);
		/* libvirt forgets a device when it takes it from the guest, and in no other way. */
		c->command = u->listed ? xlpt_xasprintf("xlpt attach --around-libvirt %s %s, and "
							"then: xlpt detach %s %s",
							name, bdf, name, bdf)
				       : xlpt_xasprintf("xlpt detach %s %s, and then: xlpt attach "
							"%s %s",
							name, bdf, name, bdf);
	}
}

const struct xlpt_contradiction_kind xlpt_kind_libvirt_list = {
	.name = "libvirt-list",
	.cause = "the device came or went without libvirt: with --around-libvirt, by xl, or by an "
		 "older xlpt; libvirt's list is right again at the guest's next start",
	.momentary = true,
	.find = find_unlike,
};
