/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/policy-rule.h"

#include <inttypes.h>
#include <string.h>

#include "core/text.h"

int xlpt_policy_addressable(struct xlpt_bdf bdf, const struct xlpt_bdf *carrier,
			    struct xlpt_diag *diag)
{
	if (bdf.seg <= XLPT_XEN_SEG_MAX)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_RULE, "%s cannot be passed through", XLPT_BDF_STR(bdf));
	xlpt_diag_fact(diag,
		       "its PCI domain %04x is %s%s; xen-pciback and the hypervisor address "
		       "devices with 16 bits of segment",
		       bdf.seg, carrier ? "behind VMD controller " : "above ffff",
		       carrier ? XLPT_BDF_STR(*carrier) : "");
	xlpt_diag_hint(diag, "turn VMD off in the firmware setup: then it is in domain 0000");
	return XLPT_ERR_RULE;
}

static int endpoint(const struct xlpt_device *dev, struct xlpt_diag *diag)
{
	int rc = xlpt_policy_addressable(dev->bdf, dev->has_carrier ? &dev->carrier : NULL, diag);

	if (rc)
		return rc;
	if (dev->header == XLPT_HEADER_ENDPOINT || dev->header == XLPT_HEADER_UNKNOWN)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_NOT_ENDPOINT, "%s is a bridge, not an endpoint",
		      XLPT_BDF_STR(dev->bdf));
	xlpt_diag_fact(diag, "its configuration header is of type %d", dev->header);
	xlpt_diag_hint(diag, "name the functions behind it, one by one");
	return XLPT_ERR_NOT_ENDPOINT;
}

/* A guest that runs has it. */
static int in_use(const struct xlpt_device *dev, const struct xlpt_place *place,
		  const struct xlpt_guest *guest, struct xlpt_diag *diag)
{
	const char *bdf = XLPT_BDF_STR(dev->bdf), *name = place->owner_name;
	const char *through = place->owner_through;
	bool own = guest && guest->domid == place->owner_domid;

	xlpt_diag_set(diag, XLPT_ERR_IN_USE, "%s is %s %s (domain %u)", bdf,
		      own ? "already with" : "in use by", name, place->owner_domid);
	xlpt_diag_fact(diag, "/local/domain/0/backend/pci/%u/0 names it%s%s",
		       through ? place->owner_backend : place->owner_domid,
		       through ? ", that of its stub domain " : "", through ? through : "");
	/* What is wanted is so: taking it away would be the opposite. */
	if (own)
		xlpt_diag_hint(diag, "nothing has to be done for %s; leave it out", bdf);
	else if (through)
		xlpt_diag_hint(diag, "xl shutdown %s", XLPT_WORD(name));
	else
		xlpt_diag_hint(diag, "xlpt detach %s %s", XLPT_WORD(name), bdf);
	return XLPT_ERR_IN_USE;
}

static int free_of_guests(const struct xlpt_device *dev, const struct xlpt_place *place,
			  const struct xlpt_guest *guest, struct xlpt_diag *diag)
{
	const char *bdf = XLPT_BDF_STR(dev->bdf);

	if (place->has_owner && !place->owner_name) {
		xlpt_diag_set(diag, XLPT_ERR_IN_USE, "%s was left by domain %u, which is gone", bdf,
			      place->owner_domid);
		xlpt_diag_fact(diag, "/local/domain/0/backend/pci/%u/0 still names it",
			       place->owner_domid);
		xlpt_diag_hint(diag, "xlpt repair");
		return XLPT_ERR_IN_USE;
	}
	if (place->has_owner && place->owner_shut_down) {
		xlpt_diag_set(diag, XLPT_ERR_IN_USE,
			      "%s is with %s (domain %u), which has shut down and was "
			      "not destroyed",
			      bdf, place->owner_name, place->owner_domid);
		xlpt_diag_fact(diag, "Xen still has domain %u, and the device with it",
			       place->owner_domid);
		xlpt_diag_hint(diag, "xl destroy %s", XLPT_WORD(place->owner_name));
		return XLPT_ERR_IN_USE;
	}
	if (place->has_owner && place->owner_dying) {
		xlpt_diag_set(diag, XLPT_ERR_IN_USE,
			      "%s is still with domain %u (%s), which does not end", bdf,
			      place->owner_domid, place->owner_name);
		xlpt_diag_fact(diag, "Xen reports domain %u as dying", place->owner_domid);
		xlpt_diag_hint(diag,
			       "run the same command again when xl list no longer shows domain %u",
			       place->owner_domid);
		return XLPT_ERR_IN_USE;
	}
	if (place->has_owner)
		return in_use(dev, place, guest, diag);
	if (place->hyp_known && place->hyp_assigned) {
		xlpt_diag_set(diag, XLPT_ERR_IN_USE, "%s is assigned to a guest by the hypervisor",
			      bdf);
		if (place->noted_domid >= 0)
			xlpt_diag_fact(diag, "no backend names it; libxl's note says domain %lld",
				       (long long)place->noted_domid);
		else
			xlpt_diag_fact(diag,
				       "no backend in xenstore names it: an operation that was "
				       "cut short left it so");
		xlpt_diag_hint(diag, "xlpt repair");
		return XLPT_ERR_IN_USE;
	}
	return 0;
}

int xlpt_policy_take_back(const struct xlpt_device *dev, const struct xlpt_place *place,
			  struct xlpt_diag *diag)
{
	if (!place->owner_through)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_GUEST_TYPE, "%s has %s through %s, and keeps it while it runs",
		      place->owner_name, XLPT_BDF_STR(dev->bdf), place->owner_through);
	xlpt_diag_fact(diag,
		       "the device model of %s runs in the domain %s, and libxl takes no "
		       "device back from such a guest",
		       place->owner_name, place->owner_through);
	xlpt_diag_hint(diag,
		       "xl shutdown %s; without device_model_stubdomain_override in its "
		       "configuration devices can be detached",
		       XLPT_WORD(place->owner_name));
	return XLPT_ERR_GUEST_TYPE;
}

/* also: what the next rules want, so that the one line mends it. */
static int not_needed(const struct xlpt_device *dev, const struct xlpt_place *place, bool forced,
		      const char *also, struct xlpt_diag *diag)
{
	const char *bdf = XLPT_BDF_STR(dev->bdf);

	if (!place->needed || forced)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_HOST_NEEDS, "this host needs %s itself", bdf);
	xlpt_diag_fact(diag, "%s", place->needed);
	xlpt_diag_hint(diag, "if you are sure: --force-host-device %s%s", bdf, also);
	return XLPT_ERR_HOST_NEEDS;
}

/*
 * A PF's driver takes its virtual functions with it when it goes, also from under
 * the guests that have them (pci_disable_sriov in igb_remove and its like).
 */
static int without_vfs(const struct xlpt_device *dev, const struct xlpt_place *place,
		       struct xlpt_diag *diag)
{
	if (place->on_pciback || dev->vf_count <= 0)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_RULE,
		      "%s has %d virtual function%s, which would go with its driver",
		      XLPT_BDF_STR(dev->bdf), dev->vf_count, dev->vf_count == 1 ? "" : "s");
	xlpt_diag_fact(diag, "sriov_numvfs is %d", dev->vf_count);
	if (place->vfs_line)
		xlpt_diag_hint(diag, "%s", place->vfs_line);
	else
		xlpt_diag_hint(diag, "xlpt vf remove %s", XLPT_BDF_STR(dev->bdf));
	return XLPT_ERR_RULE;
}

int xlpt_policy_hide(const struct xlpt_device *dev, const struct xlpt_place *place,
		     bool force_host_device, struct xlpt_diag *diag)
{
	int rc = endpoint(dev, diag);

	if (rc == 0)
		rc = free_of_guests(dev, place, NULL, diag);
	/* With pciback already it stays there. */
	if (rc == 0 && !place->on_pciback)
		rc = xlpt_policy_answers(dev, diag);
	/* What nothing forces comes before what can be forced. */
	if (rc == 0)
		rc = without_vfs(dev, place, diag);
	return rc ? rc : not_needed(dev, place, force_host_device, "", diag);
}

int xlpt_policy_unhide(const struct xlpt_device *dev, const struct xlpt_place *place,
		       struct xlpt_diag *diag)
{
	return free_of_guests(dev, place, NULL, diag);
}

/* Whatever the guest's type: libxl hands rdm_policy on for each (libxl_pci.c, pci_add_dm_done). */
static int reserved_alone(const struct xlpt_attach_facts *f, struct xlpt_diag *diag)
{
	bool usb = f->device->class_code >> 8 == 0x0c03;

	if (!f->rdm_shared || f->rdm_relaxed)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_RULE,
		      "%s cannot be given away: Xen does not give away a device whose reserved "
		      "memory another one shares",
		      XLPT_BDF_STR(f->device->bdf));
	xlpt_diag_fact(diag, "firmware reserves 0x%" PRIx64 "-0x%" PRIx64 " for it and for %s",
		       f->rdm_base, f->rdm_limit, f->rdm_shared);
	xlpt_diag_hint(diag, "add rdm_policy=relaxed (both to one guest)%s%s",
		       f->rdm_around ? " and --around-libvirt, because libvirt has no word for it"
				     : "",
		       usb ? ", or turn off legacy USB support in the firmware's setup" : "");
	return XLPT_ERR_RULE;
}

/* ---- the rules of an attach ---- */

int xlpt_rules_judge(const struct xlpt_rule *rules, size_t n, const struct xlpt_attach_facts *f,
		     struct xlpt_diag *diag)
{
	for (size_t i = 0; i < n; i++) {
		const struct xlpt_rule *r = &rules[i];
		_cleanup_free_ char *fine = NULL;
		int rc;

		xlpt_findings_point(f->findings, r->point, r->of_device ? &f->device->bdf : NULL);
		rc = xlpt_findings_judged(f->findings, r->judge(f, diag), diag);
		if (rc)
			return rc;
		fine = f->findings && r->says && !xlpt_findings_spoke(f->findings) ? r->says(f)
										   : NULL;
		if (fine)
			xlpt_findings_ok(f->findings, "%s", fine);
	}
	return 0;
}

static int is_endpoint(const struct xlpt_attach_facts *f, struct xlpt_diag *diag)
{
	return endpoint(f->device, diag);
}

static char *endpoint_says(const struct xlpt_attach_facts *f)
{
	return xlpt_xasprintf("%s is an endpoint", XLPT_BDF_STR(f->device->bdf));
}

static bool has_it_already(const struct xlpt_attach_facts *f)
{
	const struct xlpt_place *p = f->place;

	return p->has_owner && p->owner_name && !p->owner_dying && !p->owner_shut_down &&
	       p->owner_domid == f->guest->domid;
}

static int not_its_own(const struct xlpt_attach_facts *f, struct xlpt_diag *diag)
{
	return has_it_already(f) ? in_use(f->device, f->place, f->guest, diag) : 0;
}

static int no_guest_has_it(const struct xlpt_attach_facts *f, struct xlpt_diag *diag)
{
	return has_it_already(f) ? 0 : free_of_guests(f->device, f->place, f->guest, diag);
}

static char *free_says(const struct xlpt_attach_facts *f)
{
	if (has_it_already(f))
		return NULL;
	return xlpt_xasprintf("no guest has %s%s", XLPT_BDF_STR(f->device->bdf),
			      f->place->hyp_known ? ", in xenstore and in the hypervisor" : "");
}

static int it_answers(const struct xlpt_attach_facts *f, struct xlpt_diag *diag)
{
	return xlpt_policy_answers(f->device, diag);
}

static char *answer_says(const struct xlpt_attach_facts *f)
{
	return xlpt_xasprintf("%s answers in configuration space", XLPT_BDF_STR(f->device->bdf));
}

static int keeps_vfs(const struct xlpt_attach_facts *f, struct xlpt_diag *diag)
{
	return without_vfs(f->device, f->place, diag);
}

static bool to_hide(const struct xlpt_attach_facts *f)
{
	return !f->place->on_pciback && !f->hide;
}

static int host_spares_it(const struct xlpt_attach_facts *f, struct xlpt_diag *diag)
{
	_cleanup_free_ char *also = xlpt_xasprintf("%s%s%s", to_hide(f) ? " --hide" : "",
						   f->divides ? " --allow-split " : "",
						   f->divides ? XLPT_BDF_STR(*f->divides) : "");

	/* On pciback already is no excuse: a boot-time hide of the system disk is a mistake too. */
	return not_needed(f->device, f->place, f->force_host_device, also, diag);
}

static char *needs_says(const struct xlpt_attach_facts *f)
{
	const char *needed = f->place->needed;

	return xlpt_xasprintf("this host %s %s%s%s", needed ? "loses" : "does not need",
			      XLPT_BDF_STR(f->device->bdf), needed ? ", as was asked for: " : "",
			      needed ? needed : "");
}

static char *reserved_says(const struct xlpt_attach_facts *f)
{
	if (!f->rdm_shared)
		return xlpt_xasprintf(
			"no other device shares memory that firmware has reserved for "
			"%s",
			XLPT_BDF_STR(f->device->bdf));
	return xlpt_xasprintf("Xen is asked to be relaxed about the memory that firmware has "
			      "reserved for %s and for %s",
			      XLPT_BDF_STR(f->device->bdf), f->rdm_shared);
}

static int is_hidden(const struct xlpt_attach_facts *f, struct xlpt_diag *diag)
{
	const char *bdf = XLPT_BDF_STR(f->device->bdf);

	if (!to_hide(f))
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_NOT_HIDDEN, "%s is not hidden from dom0", bdf);
	xlpt_diag_fact(diag, "its driver is %s, not pciback",
		       f->device->driver ? f->device->driver : "none");
	if (f->divides)
		xlpt_diag_hint(diag, "xlpt hide %s first", bdf);
	else
		xlpt_diag_hint(diag, "add --hide, or run xlpt hide %s first", bdf);
	return XLPT_ERR_NOT_HIDDEN;
}

static char *hidden_says(const struct xlpt_attach_facts *f)
{
	const char *bdf = XLPT_BDF_STR(f->device->bdf);

	if (f->place->on_pciback)
		return xlpt_xasprintf("%s is hidden: pciback has it", bdf);
	return f->device->driver
		       ? xlpt_xasprintf("%s is taken from its driver %s first", bdf,
					f->device->driver)
		       : xlpt_xasprintf("%s has no driver, and is bound to pciback first", bdf);
}

int xlpt_policy_attach(const struct xlpt_attach_facts *f, struct xlpt_diag *diag)
{
	/* What the guest has is right. A device is not to be taken from another guest for one that
	   can never have it. */
	static const struct xlpt_rule before[] = {
		{ "endpoint", true, is_endpoint, endpoint_says },
		{ "in use", true, not_its_own, NULL },
	};
	static const struct xlpt_rule after[] = {
		{ "in use", true, no_guest_has_it, free_says },
		{ "answers", true, it_answers, answer_says },
		{ "virtual functions", true, keeps_vfs, NULL },
		{ "host needs", true, host_spares_it, needs_says },
		{ "reserved memory", true, reserved_alone, reserved_says },
		{ "hidden", true, is_hidden, hidden_says },
	};
	int rc = xlpt_rules_judge(before, XLPT_ARRAY_SIZE(before), f, diag);

	if (rc == 0)
		rc = xlpt_policy_guest(f, diag);
	return rc ? rc : xlpt_rules_judge(after, XLPT_ARRAY_SIZE(after), f, diag);
}
