/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules about the guest: whether it can take a device, and whether it may leave its domain. */
#include <string.h>

#include "core/policy-rule.h"
#include "core/text.h"

/* xenbus: 5 and 6 are the way down, 7 is a reconfiguration under way. */
enum { CONNECTED = 4, CLOSING = 5, CLOSED = 6, RECONFIGURING = 7 };

/* The guest's PCI backend, if it has one, must be able to take another device. */
static int backend_ready(const struct xlpt_attach_facts *f, struct xlpt_diag *diag)
{
	const struct xlpt_guest *g = f->guest;

	if (f->be_state < 0)
		return 0;
	if (!f->be_consistent) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT,
			      "the list of %s's devices in xenstore contradicts itself", g->name);
		xlpt_diag_fact(diag, "/local/domain/0/backend/pci/%u/0: %s", g->domid,
			       f->be_bad_dev ? "a dev-N is no PCI address"
					     : "num_devs does not match the dev-N nodes");
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
		return 0; /* it has no frontend to connect: its backend stays in 3 or 7 */
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

/* Whether it starts again is known to xl's process alone (on_poweroff; xl destroy ends that, too). */
void xlpt_policy_ends_hint(const struct xlpt_guest *g, const char *else_run, struct xlpt_diag *diag)
{
	xlpt_diag_hint(diag,
		       "wait until xl list does not show domain %u; then run this again if %s has "
		       "started again%s%s",
		       g->domid, g->name, else_run ? "; if it stays as it is: " : "",
		       else_run ? else_run : "");
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
		xlpt_policy_ends_hint(g, NULL, diag);
	}
	return XLPT_ERR_NO_GUEST;
}

/* What waiting does not change: the guest is of a kind that cannot have it. */
static int type_fits(const struct xlpt_attach_facts *f, struct xlpt_diag *diag)
{
	const struct xlpt_guest *g = f->guest;

	if (g->type != XLPT_GUEST_PVH)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_GUEST_TYPE, "%s is a PVH guest", g->name);
	xlpt_diag_fact(diag, "Xen on x86 passes devices through to PV and HVM guests only");
	xlpt_diag_hint(diag, f->to_create
				     ? "write type=\"hvm\" or type=\"pv\" into its configuration"
				     : "set type=\"hvm\" or type=\"pv\" in its configuration and "
				       "create it again");
	return XLPT_ERR_GUEST_TYPE;
}

static char *type_says(const struct xlpt_attach_facts *f)
{
	return xlpt_xasprintf("%s is %s guest", f->guest->name,
			      f->guest->type == XLPT_GUEST_PV ? "a PV" : "an HVM");
}

static int no_stubdom(const struct xlpt_attach_facts *f, struct xlpt_diag *diag)
{
	const struct xlpt_guest *g = f->guest;

	if (!g->has_stubdom)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_GUEST_TYPE,
		      "the device model of %s runs in a domain of its own", g->name);
	xlpt_diag_fact(diag, "with a stub domain the device goes through two backends, and "
			     "nothing here says when both have it");
	xlpt_diag_hint(diag,
		       f->to_create ? "leave device_model_stubdomain_override out; or xl create "
				      "it, and xlpt status shows what it has"
				    : "create it without device_model_stubdomain_override, or name "
				      "the device in its configuration");
	return XLPT_ERR_GUEST_TYPE;
}

static char *stubdom_says(const struct xlpt_attach_facts *f)
{
	if (f->guest->type != XLPT_GUEST_HVM)
		return NULL;
	return xlpt_xasprintf("the device model of %s runs in dom0", f->guest->name);
}

/* libxl takes it and does nothing with it. */
static int slot_fits(const struct xlpt_attach_facts *f, struct xlpt_diag *diag)
{
	const struct xlpt_guest *g = f->guest;

	if (g->type != XLPT_GUEST_PV || !f->slot_asked)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_GUEST_TYPE, "%s is a PV guest, whose slots cannot be chosen",
		      g->name);
	xlpt_diag_fact(diag, "xen-pciback chooses the slot (vpci.c)");
	xlpt_diag_hint(diag, "leave the slot out");
	return XLPT_ERR_GUEST_TYPE;
}

static int runs(const struct xlpt_attach_facts *f, struct xlpt_diag *diag)
{
	return xlpt_policy_runs(f->guest, diag);
}

/* ---- what the guest was created without, and Xen runs without ---- */

static int iommu_is_on(const struct xlpt_attach_facts *f, struct xlpt_diag *diag)
{
	if (f->iommu)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_NO_IOMMU, "Xen runs without an IOMMU");
	xlpt_diag_fact(diag, "xl info shows no %s among virt_caps",
		       f->guest->type == XLPT_GUEST_PV ? "pv_directio" : "hvm_directio");
	xlpt_diag_hint(diag, "xlpt boot plan says why (VT-d or AMD-Vi is off in the "
			     "firmware setup, or Xen turned it off) and what helps");
	return XLPT_ERR_NO_IOMMU;
}

static char *iommu_says(const struct xlpt_attach_facts *f)
{
	return xlpt_xasprintf("Xen runs with an IOMMU, and uses it for %s guests",
			      f->guest->type == XLPT_GUEST_PV ? "PV" : "HVM");
}

char *xlpt_policy_passthrough_way(const struct xlpt_guest *g, bool by_libvirt)
{
	bool pv = g->type == XLPT_GUEST_PV;

	/* libxl makes no HVM guest that has passthrough and less memory than it may get later. */
	if (by_libvirt)
		return xlpt_xasprintf("write <passthrough state='on'/>%s into <features><xen> of "
				      "its XML (virsh edit %s), shut it down and start it anew%s",
				      pv ? " and <e820_host state='on'/>" : "", XLPT_WORD(g->name),
				      pv ? ""
					 : "; its currentMemory may then be no less than its "
					   "memory");
	return xlpt_xasprintf("write passthrough=\"enabled\"%s into its configuration and create "
			      "it again%s",
			      pv ? " and e820_host=1" : "",
			      pv ? "" : "; its maxmem may then be no more than its memory");
}

static int made_with_passthrough(const struct xlpt_attach_facts *f, struct xlpt_diag *diag)
{
	const struct xlpt_guest *g = f->guest;
	_cleanup_free_ char *way = NULL;

	if (g->passthrough != XLPT_OFF)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_GUEST_TYPE,
		      "%s was created without passthrough, and Xen cannot turn it on later",
		      g->name);
	xlpt_diag_fact(diag, "it has no IOMMU context in the hypervisor: passthrough is off by "
			     "default for a guest created without devices");
	way = xlpt_policy_passthrough_way(g, f->by_libvirt);
	xlpt_diag_hint(diag, "%s", way);
	return XLPT_ERR_GUEST_TYPE;
}

static char *passthrough_says(const struct xlpt_attach_facts *f)
{
	if (f->to_create)
		return xlpt_xasprintf("%s will be created with passthrough, as its configuration "
				      "names devices",
				      f->guest->name);
	return xlpt_xasprintf("%s was created with passthrough", f->guest->name);
}

static int made_with_e820(const struct xlpt_attach_facts *f, struct xlpt_diag *diag)
{
	const struct xlpt_guest *g = f->guest;

	if (g->type != XLPT_GUEST_PV || g->e820_host != XLPT_OFF || f->without_e820)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_GUEST_TYPE, "%s was created without e820_host", g->name);
	xlpt_diag_fact(diag, "a PV guest without the host's memory map can have RAM where the "
			     "device's registers are");
	xlpt_diag_hint(diag, "write %s and create it again, or try with --without-e820",
		       f->by_libvirt ? "<e820_host state='on'/> into <features><xen> of its XML"
				     : "e820_host=1 into its configuration");
	return XLPT_ERR_GUEST_TYPE;
}

static char *e820_says(const struct xlpt_attach_facts *f)
{
	if (f->guest->type != XLPT_GUEST_PV)
		return NULL;
	if (f->to_create)
		return xlpt_xasprintf("%s will be created with the host's memory map, as its "
				      "configuration names devices",
				      f->guest->name);
	if (f->guest->e820_host == XLPT_ON)
		return xlpt_xasprintf("%s was created with e820_host", f->guest->name);
	return xlpt_xasprintf("%s is given the device %s", f->guest->name,
			      f->guest->e820_host == XLPT_OFF
				      ? "although it was created without e820_host"
				      : "although nothing says whether it has e820_host");
}

/* ---- what is in the way at this moment ---- */

static int not_paused(const struct xlpt_attach_facts *f, struct xlpt_diag *diag)
{
	const struct xlpt_guest *g = f->guest;

	if (!g->paused)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_NO_GUEST, "%s is paused and cannot answer", g->name);
	xlpt_diag_fact(diag, "an attach is done when the guest's own frontend says so");
	xlpt_diag_hint(diag, "xl unpause %s; wait, if xl is still creating it", XLPT_WORD(g->name));
	return XLPT_ERR_NO_GUEST;
}

static char *runs_says(const struct xlpt_attach_facts *f)
{
	return f->to_create ? NULL : xlpt_xasprintf("%s runs", f->guest->name);
}

static int has_slot(const struct xlpt_attach_facts *f, struct xlpt_diag *diag)
{
	const struct xlpt_guest *g = f->guest;

	if (g->type != XLPT_GUEST_PV || f->guest_devices < XLPT_PV_SLOTS)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_FULL, "%s has no free slot for another device", g->name);
	xlpt_diag_fact(diag,
		       "it has %zu devices, and xen-pciback gives a PV guest one bus of %d slots",
		       f->guest_devices, XLPT_PV_SLOTS);
	xlpt_diag_hint(diag, "detach one first: xlpt status %s lists them", XLPT_WORD(g->name));
	return XLPT_ERR_FULL;
}

static char *slot_says(const struct xlpt_attach_facts *f)
{
	if (f->guest->type != XLPT_GUEST_PV)
		return NULL;
	return xlpt_xasprintf("%zu of the %d slots of %s are taken before it", f->guest_devices,
			      XLPT_PV_SLOTS, f->guest->name);
}

static char *backend_says(const struct xlpt_attach_facts *f)
{
	if (f->to_create)
		return NULL;
	if (f->be_state < 0)
		return xlpt_xasprintf("%s has no PCI backend yet; it gets one", f->guest->name);
	return xlpt_xasprintf("the PCI backend of %s can take another device", f->guest->name);
}

int xlpt_policy_guest(const struct xlpt_attach_facts *f, struct xlpt_diag *diag)
{
	static const struct xlpt_rule rules[] = {
		{ "guest type", false, type_fits, type_says },
		{ "stub domain", false, no_stubdom, stubdom_says },
		{ "virtual slot", true, slot_fits, NULL },
		{ "guest runs", false, runs, NULL },
		{ "IOMMU", false, iommu_is_on, iommu_says },
		{ "passthrough", false, made_with_passthrough, passthrough_says },
		{ "e820_host", false, made_with_e820, e820_says },
		{ "guest runs", false, not_paused, runs_says },
		{ "virtual slot", true, has_slot, slot_says },
		{ "PCI backend", false, backend_ready, backend_says },
	};

	return xlpt_rules_judge(rules, XLPT_ARRAY_SIZE(rules), f, diag);
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
	if (guest->has_stubdom)
		xlpt_diag_hint(
			diag,
			"xl shutdown %s, and create it again: a guest with a stub domain keeps "
			"its devices while it runs",
			XLPT_WORD(guest->name));
	else if (!strcmp(what, "saved"))
		xlpt_diag_hint(diag, "xlpt save --detach-first %s FILE", XLPT_WORD(guest->name));
	else if (!strcmp(what, "migrated"))
		xlpt_diag_hint(diag, "xlpt migrate --detach-first %s HOST", XLPT_WORD(guest->name));
	else
		xlpt_diag_hint(diag, "xlpt detach %s%s%s", n > 1 ? "--all " : "",
			       XLPT_WORD(guest->name), n > 1 ? "" : list.s);
	return XLPT_ERR_RULE;
}

bool xlpt_policy_has_line(const struct xlpt_guest *guest, const struct xlpt_device *dev)
{
	return guest->type == XLPT_GUEST_PV && dev->irq > 0 && !dev->is_vf;
}

int xlpt_policy_resumes(const struct xlpt_guest *guest, const struct xlpt_device *dev,
			const char *what, struct xlpt_diag *diag)
{
	if (!xlpt_policy_has_line(guest, dev))
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

int xlpt_policy_had_line(const struct xlpt_guest *guest, const struct xlpt_bdf *devices, size_t n,
			 const char *what, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str list = { 0 };

	if (guest->type != XLPT_GUEST_PV || !n)
		return 0;
	for (size_t i = 0; i < n; i++)
		xlpt_str_addf(&list, "%s%s", i ? " " : "", XLPT_BDF_STR(devices[i]));
	xlpt_diag_set(diag, XLPT_ERR_RULE,
		      "%s had %s, which %s an interrupt line, and would not "
		      "survive being %s",
		      guest->name, list.s, n == 1 ? "has" : "have", what);
	xlpt_diag_fact(diag,
		       "a PV guest's kernel keeps that interrupt when the device is detached; "
		       "Linux faults over it when it resumes (restore_pirqs)");
	xlpt_diag_hint(diag,
		       "shut %s down and create it again before; xlpt save and xlpt migrate with "
		       "--force if its kernel is known to survive",
		       XLPT_WORD(guest->name));
	return XLPT_ERR_RULE;
}
