/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libxl and the device model will refuse of an attach, as far as that can be known before. */
#include "xl-plugin/hotplug/foresee.h"

#include "pciback/device/bind.h"
#include "pciback/device/scan.h"

/*
 * An HVM guest's bus has 32 slots. The first ones have the host bridge, PIIX3, the platform
 * device, the display and the network card (hw/i386/pc_piix.c in QEMU). In a guest without one of
 * these that slot is free, which only its device model knows.
 */
#define HVM_SLOTS 32
#define HVM_FIRST 5

#define NO_LINE 0xff /* PCI 3.0, 6.2.4: on a PC, the line is unknown or not connected */

/* A refusal that attach will meet: recorded like one of the command's own. */
static void refuse(struct xlpt_op *op, struct xlpt_diag *diag)
{
	xlpt_op_judged(op, (int)diag->code, diag);
}

/* ---- where the device model puts it ---- */

/*
 * Who has the slots of the guest's bus: devices that it has, and items that it gets before this
 * one.
 */
struct bus {
	const struct xlpt_bdf *in[HVM_SLOTS];
	bool held[HVM_SLOTS]; /* the guest has it now */
};

static void read_bus(const struct xlpt_op *op, struct bus *bus)
{
	for (size_t i = 0; i < op->owners.n; i++) {
		const struct xlpt_owner *o = &op->owners.items[i];

		if (op->has_guest && o->domid == op->guest.domid && o->dev.vdevfn >= 0 &&
		    o->dev.vdevfn >> 3 < HVM_SLOTS) {
			bus->in[o->dev.vdevfn >> 3] = &o->bdf;
			bus->held[o->dev.vdevfn >> 3] = true;
		}
	}
}

static bool slot_fails(struct xlpt_op *op, const struct bus *bus, unsigned slot,
		       struct xlpt_diag *diag)
{
	if (slot < HVM_FIRST && !bus->in[slot]) {
		xlpt_diag_set(diag, XLPT_ERR_TOOLSTACK,
			      "slot %x of %s has most likely a device of its own", slot,
			      op->guest.name);
		xlpt_diag_fact(diag, "its bridges, platform device, display and network card are "
				     "in the slots 0 to 4, and only its device model knows which");
		xlpt_diag_hint(diag, "name a slot from 5 to 1f, or none");
		return true;
	}
	if (!bus->in[slot])
		return false;
	xlpt_diag_set(diag, XLPT_ERR_TOOLSTACK, "slot %x of %s is taken", slot, op->guest.name);
	/*
	 * Where QEMU puts a device that asks for no slot: the first free one, as far as that is
	 * known.
	 */
	xlpt_diag_fact(diag, "%s%s", XLPT_BDF_STR(*bus->in[slot]),
		       bus->held[slot] ? " is there" : " is most likely put there before");
	xlpt_diag_hint(diag, "name another slot, or none");
	return true;
}

static void foresee_slot(struct xlpt_op *op, const struct xlpt_item *item, struct bus *bus)
{
	_cleanup_diag_ struct xlpt_diag no = { 0 };
	/* libxl names no slot to QEMU when it is 0 (libxl_pci.c, pci_add_qmp_device). */
	bool asked = item->spec.vslot > 0;
	unsigned slot = asked ? (unsigned)item->spec.vslot : HVM_FIRST;

	xlpt_op_point(op, "virtual slot", item);
	while (!asked && slot < HVM_SLOTS && bus->in[slot])
		slot++;
	if (slot >= HVM_SLOTS) {
		xlpt_diag_set(&no, XLPT_ERR_FULL, "%s has no free slot for %s", op->guest.name,
			      XLPT_BDF_STR(item->spec.bdf));
		xlpt_diag_fact(&no, "the slots 5 to 1f of its bus have devices");
		xlpt_diag_hint(&no, "detach one first, or name a slot below 5 that is free");
	} else if (!asked || !slot_fails(op, bus, slot, &no)) {
		bus->in[slot] = &item->spec.bdf;
		xlpt_findings_ok(op->env->findings, "slot %x of %s is free for %s%s", slot,
				 op->guest.name, XLPT_BDF_STR(item->spec.bdf),
				 asked ? "" : ", and it may get an earlier one");
	}
	if (no.message)
		refuse(op, &no);
}

/*
 * In the device model libxl names a device pci-pt-BB_DD.F, without the PCI segment (libxl_pci.c,
 * PCI_PT_QDEV_ID); QEMU takes no name twice (system/qdev-monitor.c, qdev_set_id).
 */
static bool same_id(struct xlpt_bdf a, struct xlpt_bdf b)
{
	return a.seg != b.seg && a.bus == b.bus && a.dev == b.dev && a.func == b.func;
}

static void foresee_id(struct xlpt_op *op, size_t i)
{
	struct xlpt_bdf bdf = op->items[i].spec.bdf;
	_cleanup_diag_ struct xlpt_diag no = { 0 };
	const struct xlpt_bdf *twin = NULL;

	xlpt_op_point(op, "device model's name", &op->items[i]);
	for (size_t k = 0; k < i; k++)
		if (same_id(op->items[k].spec.bdf, bdf))
			twin = &op->items[k].spec.bdf;
	for (size_t k = 0; k < op->owners.n; k++)
		if (op->has_guest && op->owners.items[k].domid == op->guest.domid &&
		    same_id(op->owners.items[k].bdf, bdf))
			twin = &op->owners.items[k].bdf;
	if (!twin)
		return;
	xlpt_diag_set(&no, XLPT_ERR_TOOLSTACK, "the device model of %s cannot tell %s from %s",
		      op->guest.name, XLPT_BDF_STR(bdf), XLPT_BDF_STR(*twin));
	xlpt_diag_fact(&no, "libxl leaves the PCI domain out of the name that it gives them there");
	xlpt_diag_hint(&no, "give one of the two to another guest");
	refuse(op, &no);
}

/* hw/xen/xen_pt.c, xen_pt_realize: whatever device is at this address needs igd-passthru=on. */
static void foresee_igd(struct xlpt_op *op, const struct xlpt_item *item)
{
	_cleanup_diag_ struct xlpt_diag no = { 0 };
	struct xlpt_bdf bdf = item->spec.bdf;

	/* About a guest that is still to be created, its configuration tells (start/foresee.c). */
	if (!op->has_guest || bdf.seg || bdf.bus || bdf.dev != 2 || bdf.func)
		return;
	xlpt_op_point(op, "graphics", item);
	xlpt_diag_set(&no, XLPT_ERR_TOOLSTACK,
		      "%s is where Intel's own graphics are, and QEMU takes it only from the start",
		      XLPT_BDF_STR(bdf));
	xlpt_diag_fact(&no, "a device model that runs without igd-passthru=on refuses it");
	xlpt_diag_hint(
		&no,
		"write it, and gfx_passthru=\"igd\", into the configuration of %s, and create it "
		"again",
		op->guest.name);
	refuse(op, &no);
}

/* ---- its interrupt line ---- */

static bool before_4_21(struct xlpt_op *op, char version[32])
{
	struct xlpt_xen_caps caps = { 0 };
	unsigned major, minor;

	if (op->env->ts->ops->caps(op->env->ts, &caps, NULL) ||
	    sscanf(caps.version, "%u.%u", &major, &minor) != 2)
		return false;
	snprintf(version, 32, "%s", caps.version);
	return major < 4 || (major == 4 && minor < 21);
}

/*
 * libxl asks Xen for the line that sysfs has, whatever it is, and gives up when Xen does not know
 * it (libxl_pci.c, pci_add_dm_done); since 4.21 it skips 0xff and above. For a device that was
 * enabled with the line 0xff, Linux makes 0x80000000 of it (drivers/acpi/pci_irq.c).
 */
static void foresee_line(struct xlpt_op *op, const struct xlpt_item *item)
{
	_cleanup_diag_ struct xlpt_diag no = { 0 };
	char version[32] = "";
	long long irq = 0;

	/*
	 * While MSI is on, sysfs has the message's number instead of the line; it is off when
	 * pciback has the device.
	 */
	if (item->device.caps.msi_on ||
	    xlpt_host_read_long(op->env->host, &irq, "/sys/bus/pci/devices/%s/irq",
				XLPT_BDF_STR(item->spec.bdf)) < 0 ||
	    irq < NO_LINE || !before_4_21(op, version))
		return;
	xlpt_op_point(op, "interrupt line", item);
	xlpt_diag_set(&no, XLPT_ERR_TOOLSTACK,
		      "the interrupt line of %s is not connected, and libxl "
		      "gives up over it",
		      XLPT_BDF_STR(item->spec.bdf));
	xlpt_diag_fact(&no,
		       "sysfs says %lld; libxl of Xen %s asks Xen for it, that of 4.21 passes "
		       "over it",
		       irq, version);
	xlpt_diag_hint(&no, "update Xen, if your distribution has mended this; or see whether the "
			    "firmware setup can give it an interrupt");
	refuse(op, &no);
}

/* The items in the order in which libxl gets them. Caller frees. */
static size_t *by_order(const struct xlpt_op *op)
{
	size_t *order = xlpt_xcalloc(op->n, sizeof(*order)), n = 0;

	for (size_t i = 0; i < op->n; i++) {
		size_t at = n++;

		while (at && op->items[order[at - 1]].order > op->items[i].order) {
			order[at] = order[at - 1];
			at--;
		}
		order[at] = i;
	}
	return order;
}

/* When the driver xen-pciback is not there, attach loads it before it hides the first device. */
static void foresee_pciback(struct xlpt_op *op)
{
	_cleanup_diag_ struct xlpt_diag no = { 0 };
	bool wanted = false;

	for (size_t i = 0; i < op->n; i++)
		wanted |= op->items[i].take_from_dom0 && !op->items[i].place.on_pciback;
	if (!wanted || xlpt_pciback_present(op->env->host, NULL) == 0)
		return;
	xlpt_op_point(op, "xen-pciback", NULL);
	if (xlpt_bind_find_module(op->env->host, "xen-pciback", &no)) {
		xlpt_diag_wrap(&no, "the xen-pciback driver is not loaded");
		xlpt_diag_recode(&no, XLPT_ERR_NO_PCIBACK);
		refuse(op, &no);
	} else {
		xlpt_findings_ok(op->env->findings, "the module xen-pciback is loaded first");
	}
}

void xlpt_op_foresee(struct xlpt_op *op)
{
	_cleanup_devices_ struct xlpt_devices all = { 0 };
	_cleanup_free_ size_t *order = NULL;
	struct bus bus = { 0 };

	xlpt_scan_all(op->env->host, XLPT_SCAN_CAPS, NULL, &all, NULL);
	read_bus(op, &bus);
	order = by_order(op);
	foresee_pciback(op);
	for (size_t i = 0; i < op->n; i++) {
		const struct xlpt_item *item = &op->items[order[i]];

		if (item->not_here)
			continue;
		xlpt_op_foresee_reset(op, item, &all);
		if (op->guest.type == XLPT_GUEST_HVM) {
			foresee_slot(op, item, &bus);
			foresee_id(op, order[i]);
			foresee_igd(op, item);
		}
		foresee_line(op, item);
		xlpt_op_tell(op, item, &all);
	}
}
