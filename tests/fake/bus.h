/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A PCI bus that reacts to writes as the driver core (drivers/base/bus.c and
 * dd.c of 5.12 and later), the PCI bus (pci_match_device) and xen-pciback
 * (pci_stub.c with driver_override, 4.17 and later) do, errno for errno.
 *
 * It is a real directory tree below a temporary directory; bus->host reads it
 * as any sysroot. Only writes and the hooks below make it more than that.
 */
#ifndef XLPT_TESTS_FAKE_BUS_H
#define XLPT_TESTS_FAKE_BUS_H

#include "core/host.h"

struct fake_bus;

/* Facts of a device to add; all zero gives a plain, unbound endpoint. */
struct fake_dev {
	uint16_t vendor, device, subvendor, subdevice;
	uint32_t class_code; /* 24 bits */
	uint8_t revision;
	const char *driver;	  /* bound from the start; the driver must be there */
	const char *parent;	  /* address of the bridge above; NULL: on the root bus */
	const char *carrier;	  /* without parent: the root bus is below that one (VMD), and goes
				     with its driver */
	const char *pf;		  /* a virtual function of that one */
	int vfs;		  /* sriov_totalvfs; 0: not SR-IOV */
	const char *net;	  /* interface it has while a driver other than pciback is bound */
	const char *reset_method; /* the kernel's list; NULL: "flr bus" */
	bool no_reset;		  /* the kernel knows no way to reset it: no "reset" file */
	int reset_err;		  /* errno of a write to "reset" */
	bool reset_lies;	  /* ... which says 0, and does nothing */
	bool reset_kills;	  /* ... which takes it off the bus */
	bool boot_vga;
	int irq;
	const char *resource;  /* the file's text; NULL: one 64 KiB memory BAR */
	bool multifunction;    /* the header says so; a function above 0 implies it */
	const uint8_t *config; /* NULL: PCI Express made of the above; a bridge is a root port with
				  ACS on */
	size_t config_len;
	bool resets_below; /* a bridge: its kernel has reset_subordinate (6.13); reset_err is what that
			      says, and then it does nothing */
	bool pciehp;	   /* a bridge: the hot-plug driver watches its slot */
	bool no_acs;	   /* a bridge: with ACS off, so that all behind it is one isolation set */
};

/* Ends the test program when the temporary directory cannot be made. */
struct fake_bus *fake_bus_new(void);
void fake_bus_free(struct fake_bus *bus); /* removes the tree; NULL is fine */
struct xlpt_host *fake_bus_host(struct fake_bus *bus);

/*
 * Registers a driver as loading its module does: unbound devices that it
 * matches are offered to it at once. ids: "8086:10d3 8086:*", NULL for none.
 * "pciback" is special: it knows all devices and takes those it lists. Order
 * of registration is order of probing.
 */
void fake_bus_driver(struct fake_bus *bus, const char *name, const char *ids);
/* Unloads it: its devices are left without a driver, pciback forgets its lists. */
void fake_bus_rmmod(struct fake_bus *bus, const char *name);
/* From now loading the module xen-pciback, once it was unloaded, fails with errno err; 0: works. */
void fake_bus_fail_module(struct fake_bus *bus, int err);
/* From now its probe fails with errno err for every device; 0: works again. */
void fake_bus_fail_probe(struct fake_bus *bus, const char *name, int err);

/* Adds a function; it is not offered to drivers. */
void fake_bus_add(struct fake_bus *bus, const char *bdf, const struct fake_dev *f);
/* Unplugs it, everything behind it when it is a bridge, and its virtual functions. */
void fake_bus_remove(struct fake_bus *bus, const char *bdf);
/* Path of its directory below /sys/devices, for hanging disks and the like on it. Caller frees. */
char *fake_bus_devpath(struct fake_bus *bus, const char *bdf);
/* Bound driver's name or NULL; valid until the next change. */
const char *fake_bus_driver_of(struct fake_bus *bus, const char *bdf);
/* How often "1" was written to its reset file with success. */
unsigned fake_bus_resets(struct fake_bus *bus, const char *bdf);

/* A kernel before 3.16: takes the driver_override files away. Devices added later have none. */
void fake_bus_no_override(struct fake_bus *bus);

/* Plain files and links below the root; missing directories are made. */
void fake_bus_put(struct fake_bus *bus, const char *path, const char *text);
void fake_bus_link(struct fake_bus *bus, const char *path, const char *target);

/* The n-th write from now (1 = the next) changes nothing and fails with errno err. 0: none. */
void fake_bus_fail_write(struct fake_bus *bus, unsigned n, int err);
/* Writes so far, failed ones included, and a line "PATH <- TEXT [= -ENODEV]" for each. */
unsigned fake_bus_writes(struct fake_bus *bus);
const char *fake_bus_log(struct fake_bus *bus);

/*
 * Called before each read or write(2) with the caller's path. A write hook
 * that returns other than 0 has handled the write: 1 is success, a negative
 * errno failure.
 */
void fake_bus_on_read(struct fake_bus *bus, void (*fn)(struct fake_bus *, const char *, void *),
		      void *arg);
void fake_bus_on_write(struct fake_bus *bus,
		       int (*fn)(struct fake_bus *, const char *, const char *, void *), void *arg);

/*
 * The whole driver state as text, sorted: a line per device with driver and
 * override, then pciback's slots and permissive list. Equal text, equal state.
 * Caller frees.
 */
char *fake_bus_snapshot(struct fake_bus *bus);

#endif
