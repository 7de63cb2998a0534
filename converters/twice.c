/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Devices that are listed twice, or are to be in one place of the guest. libvirt defines no guest with two disks of one target or with one host
 * device twice ("target 'xvda' duplicated", "Hostdev already exists": libvirt's
 * virDomainDefDuplicateDiskInfoValidate and virDomainDefHostdevValidate). libxl adds the first one and
 * fails with the second: device_disk_add finds it in xenstore, libxl__device_pci_add and libxl_usb.c
 * among the assigned ones (4.17 and 4.20).
 */
#include <string.h>

#include "converters/convert.h"
#include "converters/xl/words.h"
#include "converters/xl/xl.h"

struct twice {
	const struct xlpt_dom *dom;
	bool xl;
	struct xlpt_losses *losses;
};

/* b is a once more. */
static void tell(const struct twice *t, enum xlpt_severity severity, const char *what,
		 const struct xlpt_at *a, const struct xlpt_at *b, const char *problem)
{
	_cleanup_free_ char *line = a->line ? xlpt_xasprintf(", first in line %u", a->line) : NULL;

	xlpt_loss_add(t->losses, severity, t->dom->file, b->line, b->column, what, "%s: %s%s",
		      t->xl ? "the guest does not start under xl"
		      : severity == XLPT_LOSS_CHANGED
			      ? "libvirt refuses this guest"
			      : "xl does not start this guest, libvirt does",
		      problem, line ? line : "");
}

/* To xl a disk is its number: "hda" and "768" are one. To libvirt it is its name. */
static bool is_same_disk(const struct twice *t, const struct xlpt_disk *a,
			 const struct xlpt_disk *b)
{
	uint32_t x, y;

	if (!a->vdev || !b->vdev)
		return false;
	if (t->xl && xlpt_xl_disk_number(a->vdev, &x) && xlpt_xl_disk_number(b->vdev, &y))
		return x == y;
	return !strcmp(a->vdev, b->vdev);
}

static void disks(const struct twice *t)
{
	for (size_t i = 1; i < t->dom->n_disk; i++)
		for (size_t j = 0; j < i; j++) {
			const struct xlpt_disk *a = &t->dom->disk[j], *b = &t->dom->disk[i];
			_cleanup_free_ char *what = NULL;

			if (!is_same_disk(t, a, b))
				continue;
			what = xlpt_xasprintf("disk[%s]", b->vdev);
			tell(t, XLPT_LOSS_CHANGED, what, &a->at, &b->at,
			     strcmp(a->vdev, b->vdev) != 0 ? "two disks have this number"
							   : "two disks have this name");
			break;
		}
}

static bool is_same_slot(struct xlpt_bdf a, struct xlpt_bdf b)
{
	a.func = b.func = 0;
	return xlpt_bdf_eq(a, b);
}

/* libxl takes the functions of BB:DD.* one by one, and compares each with those that the guest has. */
static bool is_same_device(const struct twice *t, const struct xlpt_spec *a,
			   const struct xlpt_spec *b)
{
	if (!a->has_bdf || !b->has_bdf)
		return false;
	if (t->xl && (a->all_funcs || b->all_funcs))
		return is_same_slot(a->bdf, b->bdf);
	/* To libvirt BB:DD.* is not written. */
	return !a->all_funcs && !b->all_funcs && xlpt_bdf_eq(a->bdf, b->bdf);
}

static void pci(const struct twice *t)
{
	for (size_t i = 1; i < t->dom->n_pci; i++)
		for (size_t j = 0; j < i; j++) {
			const struct xlpt_pci *a = &t->dom->pci[j], *b = &t->dom->pci[i];
			_cleanup_free_ char *what = NULL, *problem = NULL;

			if (!is_same_device(t, &a->spec, &b->spec))
				continue;
			what = xlpt_xasprintf("pci[#%zu]", i);
			problem = xlpt_xasprintf("%s is listed twice", XLPT_BDF_STR(b->spec.bdf));
			tell(t, XLPT_LOSS_CHANGED, what, &a->at, &b->at, problem);
			break;
		}
}

/*
 * QEMU has one device in a place, and libxl asks for function 0 of the slot (device_pci_add_stubdom_done).
 * Slots of a PV guest are xen-pciback's. libvirt's Xen driver hands no slot to libxl.
 */
static void slots(const struct twice *t)
{
	const struct xlpt_dom *dom = t->dom;

	for (size_t i = 1; dom->type == XLPT_DOM_HVM && i < dom->n_pci; i++)
		for (size_t j = 0; j < i; j++) {
			const struct xlpt_pci *a = &dom->pci[j], *b = &dom->pci[i];
			_cleanup_free_ char *what = NULL, *problem = NULL;
			int slot = xlpt_xl_slot(b);

			if (slot < 0 || xlpt_xl_slot(a) != slot ||
			    is_same_device(t, &a->spec, &b->spec))
				continue;
			what = xlpt_xasprintf("pci[#%zu]", i);
			problem = xlpt_xasprintf("two devices ask for slot %x of the guest", slot);
			tell(t,
			     t->xl || xlpt_dom_is_foreign(dom) ? XLPT_LOSS_CHANGED : XLPT_LOSS_NOTE,
			     what, &a->at, &b->at, problem);
			break;
		}
}

static bool is_same_num(struct xlpt_num a, struct xlpt_num b)
{
	return a.has && b.has && a.v == b.v;
}

/* libvirt compares ids where it has no address; libxl has devices by their addresses alone. */
static bool is_same_usb(const struct twice *t, const struct xlpt_usbdev *a,
			const struct xlpt_usbdev *b)
{
	if (a->bus.has || b->bus.has)
		return is_same_num(a->bus, b->bus) && is_same_num(a->addr, b->addr);
	return !t->xl && is_same_num(a->vendor, b->vendor) && is_same_num(a->product, b->product);
}

static void usb(const struct twice *t)
{
	for (size_t i = 1; i < t->dom->n_usbdev; i++)
		for (size_t j = 0; j < i; j++) {
			const struct xlpt_usbdev *a = &t->dom->usbdev[j], *b = &t->dom->usbdev[i];
			_cleanup_free_ char *what = NULL;

			if (!is_same_usb(t, a, b))
				continue;
			what = xlpt_xasprintf("usbdev[#%zu]", i);
			tell(t, XLPT_LOSS_CHANGED, what, &a->at, &b->at,
			     "this USB device is listed twice");
			break;
		}
}

void xlpt_tell_twice(const struct xlpt_dom *dom, enum xlpt_format to, struct xlpt_losses *losses)
{
	struct twice t = { .dom = dom, .xl = to == XLPT_FORMAT_XL, .losses = losses };

	if (!losses)
		return;
	disks(&t);
	pci(&t);
	slots(&t);
	usb(&t);
}
