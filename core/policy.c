/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/policy.h"

#include <inttypes.h>
#include <string.h>

#include "core/text.h"

#define SYSFS_PCI "/sys/bus/pci"

/* xenbus: 5 and 6 are the way down, 7 is a reconfiguration under way. */
enum { CONNECTED = 4, CLOSING = 5, CLOSED = 6, RECONFIGURING = 7 };

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

/* Binding such a one to pciback fails, and a guest that had it would read ones everywhere. */
static int answers(const struct xlpt_device *dev, struct xlpt_diag *diag)
{
	const char *bdf = XLPT_BDF_STR(dev->bdf), *power = dev->power_state;

	if (!dev->no_answer)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_NO_DEVICE, "%s does not answer", bdf);
	xlpt_diag_fact(diag, "its configuration space reads all ones%s%s",
		       power ? "; its power state is " : ": it has no power, or is off the bus",
		       power ? power : "");
	if (xlpt_streq(power, "D3cold"))
		xlpt_diag_hint(diag,
			       "echo 1 >" SYSFS_PCI "/devices/%s/remove; echo 1 >" SYSFS_PCI
			       "/rescan; echo 0 >" SYSFS_PCI "/devices/%s/d3cold_allowed",
			       bdf, bdf);
	else
		xlpt_diag_hint(diag,
			       "echo 1 >" SYSFS_PCI "/devices/%s/remove; echo 1 >" SYSFS_PCI
			       "/rescan",
			       bdf);
	return XLPT_ERR_NO_DEVICE;
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
		xlpt_diag_hint(diag, "the same command again once xl list does not show domain %u",
			       place->owner_domid);
		return XLPT_ERR_IN_USE;
	}
	if (place->has_owner) {
		bool same = guest && guest->domid == place->owner_domid;

		xlpt_diag_set(diag, XLPT_ERR_IN_USE, "%s is %s %s (domain %u)", bdf,
			      same ? "already with" : "in use by", place->owner_name,
			      place->owner_domid);
		xlpt_diag_fact(diag, "/local/domain/0/backend/pci/%u/0 names it",
			       place->owner_domid);
		xlpt_diag_hint(diag, "xlpt detach %s %s", XLPT_WORD(place->owner_name), bdf);
		return XLPT_ERR_IN_USE;
	}
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
		rc = answers(dev, diag);
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

/* The guest's PCI backend, if it has one, must be able to take another device. */
static int backend_ready(const struct xlpt_attach_facts *f, struct xlpt_diag *diag)
{
	const struct xlpt_guest *g = f->guest;

	if (f->be_state < 0)
		return 0;
	if (!f->be_consistent) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT,
			      "the list of %s's devices in xenstore contradicts itself", g->name);
		xlpt_diag_fact(diag,
			       "/local/domain/0/backend/pci/%u/0: num_devs does not match the "
			       "dev-N nodes",
			       g->domid);
		xlpt_diag_hint(diag, "xlpt repair");
		return XLPT_ERR_CONFLICT;
	}
	if (g->type == XLPT_GUEST_PV && f->be_leaving) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "%s still has a device half-way out",
			      g->name);
		xlpt_diag_fact(diag,
			       "/local/domain/0/backend/pci/%u/0 has a state-N of 5, which stops "
			       "every later change",
			       g->domid);
		xlpt_diag_hint(diag, "xlpt repair");
		return XLPT_ERR_CONFLICT;
	}
	if (g->type != XLPT_GUEST_PV)
		return 0; /* no frontend answers there: 3 and 7 are where it rests */
	if (f->be_state == CLOSING || f->be_state == CLOSED) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT,
			      "%s takes no more PCI devices until it restarts", g->name);
		xlpt_diag_fact(diag, "its PCI backend is in state %d (closing) after an error",
			       f->be_state);
		xlpt_diag_hint(diag, "xl reboot %s", XLPT_WORD(g->name));
		return XLPT_ERR_CONFLICT;
	}
	return 0;
}

int xlpt_policy_runs(const struct xlpt_guest *g, struct xlpt_diag *diag)
{
	if (!g->dying)
		return 0;
	if (g->shut_down) {
		xlpt_diag_set(diag, XLPT_ERR_NO_GUEST, "%s has shut down and was not destroyed",
			      g->name);
		xlpt_diag_fact(diag, "Xen still has domain %u, and its devices with it", g->domid);
		xlpt_diag_hint(diag, "xl destroy %s", XLPT_WORD(g->name));
	} else if (g->suspended) {
		xlpt_diag_set(diag, XLPT_ERR_NO_GUEST, "%s is stopped for a save or a migration",
			      g->name);
		xlpt_diag_fact(diag, "Xen reports domain %u as suspended", g->domid);
		xlpt_diag_hint(diag, "wait until that has ended; xlpt repair, if it was cut short");
	} else {
		xlpt_diag_set(diag, XLPT_ERR_NO_GUEST, "%s is shutting down", g->name);
		xlpt_diag_fact(diag, "Xen reports domain %u as dying", g->domid);
		xlpt_diag_hint(diag, "wait until xl list shows it running again");
	}
	return XLPT_ERR_NO_GUEST;
}

static int guest_fits(const struct xlpt_attach_facts *f, struct xlpt_diag *diag)
{
	const struct xlpt_guest *g = f->guest;

	if (g->type == XLPT_GUEST_PVH) {
		xlpt_diag_set(diag, XLPT_ERR_GUEST_TYPE, "%s is a PVH guest", g->name);
		xlpt_diag_fact(diag, "Xen on x86 passes devices through to PV and HVM guests only");
		xlpt_diag_hint(diag,
			       "set type=\"hvm\" or type=\"pv\" in its configuration and create it "
			       "again");
		return XLPT_ERR_GUEST_TYPE;
	}
	if (g->has_stubdom) {
		xlpt_diag_set(diag, XLPT_ERR_GUEST_TYPE,
			      "the device model of %s runs in a domain of its "
			      "own",
			      g->name);
		xlpt_diag_fact(diag, "with a stub domain the device goes through two backends, and "
				     "nothing tells here when both have it");
		xlpt_diag_hint(diag,
			       "create it without device_model_stubdomain_override, or name the "
			       "device in its configuration");
		return XLPT_ERR_GUEST_TYPE;
	}
	/* libxl takes it and does nothing with it. */
	if (g->type == XLPT_GUEST_PV && f->slot_asked) {
		xlpt_diag_set(diag, XLPT_ERR_GUEST_TYPE,
			      "%s is a PV guest: a slot of one's choice is not for it", g->name);
		xlpt_diag_fact(diag, "xen-pciback chooses the slot (vpci.c)");
		xlpt_diag_hint(diag, "leave the slot out");
		return XLPT_ERR_GUEST_TYPE;
	}
	if (xlpt_policy_runs(g, diag))
		return XLPT_ERR_NO_GUEST;
	if (!f->iommu) {
		xlpt_diag_set(diag, XLPT_ERR_NO_IOMMU, "Xen runs without an IOMMU");
		xlpt_diag_fact(diag, "xl info shows no %s among virt_caps",
			       g->type == XLPT_GUEST_PV ? "pv_directio" : "hvm_directio");
		xlpt_diag_hint(diag, "xlpt boot plan says why (VT-d or AMD-Vi is off in the "
				     "firmware setup, or Xen turned it off) and what helps");
		return XLPT_ERR_NO_IOMMU;
	}
	if (g->passthrough == XLPT_OFF) {
		xlpt_diag_set(diag, XLPT_ERR_GUEST_TYPE,
			      "%s was created without passthrough, and Xen cannot turn it on later",
			      g->name);
		xlpt_diag_fact(diag,
			       "it has no IOMMU context in the hypervisor: passthrough is off by "
			       "default for a guest created without devices");
		xlpt_diag_hint(diag,
			       "write passthrough=\"enabled\"%s into its configuration and create "
			       "it again",
			       g->type == XLPT_GUEST_PV ? " and e820_host=1" : "");
		return XLPT_ERR_GUEST_TYPE;
	}
	if (g->type == XLPT_GUEST_PV && g->e820_host == XLPT_OFF && !f->without_e820) {
		xlpt_diag_set(diag, XLPT_ERR_GUEST_TYPE, "%s was created without e820_host",
			      g->name);
		xlpt_diag_fact(diag,
			       "a PV guest without the host's memory map can have RAM where the "
			       "device's registers are");
		xlpt_diag_hint(diag,
			       "write e820_host=1 into its configuration and create it again, or "
			       "try with --without-e820");
		return XLPT_ERR_GUEST_TYPE;
	}
	if (g->paused) {
		xlpt_diag_set(diag, XLPT_ERR_NO_GUEST, "%s is paused and cannot answer", g->name);
		xlpt_diag_fact(diag, "an attach is done when the guest's own frontend says so");
		xlpt_diag_hint(diag, "xl unpause %s; wait, if xl is still creating it",
			       XLPT_WORD(g->name));
		return XLPT_ERR_NO_GUEST;
	}
	if (g->type == XLPT_GUEST_PV && f->guest_devices >= XLPT_PV_SLOTS) {
		xlpt_diag_set(diag, XLPT_ERR_FULL, "%s has no free slot for another device",
			      g->name);
		xlpt_diag_fact(diag,
			       "it has %zu devices, and xen-pciback gives a PV guest one bus of "
			       "%d slots",
			       f->guest_devices, XLPT_PV_SLOTS);
		xlpt_diag_hint(diag, "detach one first: xlpt status %s lists them",
			       XLPT_WORD(g->name));
		return XLPT_ERR_FULL;
	}
	return 0;
}

/* Whatever the guest's type: libxl hands rdm_policy on for each (libxl_pci.c, pci_add_dm_done). */
static int reserved_alone(const struct xlpt_attach_facts *f, struct xlpt_diag *diag)
{
	bool usb = f->device->class_code >> 8 == 0x0c03;

	if (!f->rdm_shared || f->rdm_relaxed)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_RULE,
		      "%s stays: Xen does not give away a device whose reserved "
		      "memory another one shares",
		      XLPT_BDF_STR(f->device->bdf));
	xlpt_diag_fact(diag, "firmware reserves 0x%" PRIx64 "-0x%" PRIx64 " for it and for %s",
		       f->rdm_base, f->rdm_limit, f->rdm_shared);
	xlpt_diag_hint(diag, "add rdm_policy=relaxed (both to one guest)%s",
		       usb ? ", or turn off legacy USB support in the firmware's setup" : "");
	return XLPT_ERR_RULE;
}

int xlpt_policy_attach(const struct xlpt_attach_facts *f, struct xlpt_diag *diag)
{
	const char *bdf = XLPT_BDF_STR(f->device->bdf);
	bool to_hide = !f->place->on_pciback && !f->hide;
	_cleanup_free_ char *also = NULL;
	int rc;

	rc = endpoint(f->device, diag);
	if (rc == 0)
		rc = free_of_guests(f->device, f->place, f->guest, diag);
	if (rc == 0)
		rc = answers(f->device, diag);
	if (rc == 0)
		rc = guest_fits(f, diag);
	if (rc == 0)
		rc = backend_ready(f, diag);
	if (rc == 0)
		rc = without_vfs(f->device, f->place, diag);
	if (rc)
		return rc;
	also = xlpt_xasprintf("%s%s%s", to_hide ? " --hide" : "",
			      f->divides ? " --allow-split " : "",
			      f->divides ? XLPT_BDF_STR(*f->divides) : "");
	/* On pciback already is no excuse: a boot-time hide of the system disk is a mistake too. */
	rc = not_needed(f->device, f->place, f->force_host_device, also, diag);
	if (rc == 0)
		rc = reserved_alone(f, diag);
	if (rc)
		return rc;
	if (to_hide) {
		xlpt_diag_set(diag, XLPT_ERR_NOT_HIDDEN, "%s is not hidden from dom0", bdf);
		xlpt_diag_fact(diag, "its driver is %s, not pciback",
			       f->device->driver ? f->device->driver : "none");
		if (f->divides)
			xlpt_diag_hint(diag, "xlpt hide %s first", bdf);
		else
			xlpt_diag_hint(diag, "add --hide, or run xlpt hide %s first", bdf);
		return XLPT_ERR_NOT_HIDDEN;
	}
	return 0;
}

int xlpt_policy_leave(const struct xlpt_guest *guest, const struct xlpt_bdf *devices, size_t n,
		      const char *says, const char *what, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str list = { 0 };

	if (!n)
		return 0;
	for (size_t i = 0; i < n; i++)
		xlpt_str_addf(&list, " %s", XLPT_BDF_STR(devices[i]));
	xlpt_diag_set(diag, XLPT_ERR_RULE, "%s holds %s and cannot be %s with %s:%s", guest->name,
		      n == 1 ? "a PCI device" : "PCI devices", what, n == 1 ? "it" : "them",
		      list.s);
	xlpt_diag_fact(diag,
		       "named by: %s; the state of a device cannot be %s, and libxl does not "
		       "refuse it",
		       says, what);
	if (!strcmp(what, "saved"))
		xlpt_diag_hint(diag, "xlpt save --detach-first %s FILE", XLPT_WORD(guest->name));
	else if (!strcmp(what, "migrated"))
		xlpt_diag_hint(diag, "xlpt migrate --detach-first %s HOST", XLPT_WORD(guest->name));
	else
		xlpt_diag_hint(diag, "xlpt detach %s%s", XLPT_WORD(guest->name), list.s);
	return XLPT_ERR_RULE;
}

int xlpt_policy_resumes(const struct xlpt_guest *guest, const struct xlpt_device *dev,
			const char *what, struct xlpt_diag *diag)
{
	if (guest->type != XLPT_GUEST_PV || dev->irq <= 0 || dev->is_vf)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_RULE,
		      "%s would not survive being %s, although %s is detached "
		      "first",
		      guest->name, what, XLPT_BDF_STR(dev->bdf));
	xlpt_diag_fact(
		diag,
		"the device has an interrupt line (irq %d), which a PV guest's kernel keeps; "
		"Linux faults over it when it resumes (restore_pirqs)",
		dev->irq);
	xlpt_diag_hint(diag,
		       "shut %s down and create it again instead, or give it a virtual function; "
		       "--force if its kernel is known to survive",
		       XLPT_WORD(guest->name));
	return XLPT_ERR_RULE;
}
