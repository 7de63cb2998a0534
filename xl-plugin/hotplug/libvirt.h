/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guests that libvirt manages. libvirt's Xen driver keeps its own list of each guest's devices,
 * writes it to /run/libvirt/libxl/NAME.xml, and never looks at libxl's. When a device comes or
 * goes without libvirt, virsh dumpxml is wrong about it; and virsh detach-device of a device that
 * is gone fails for good (libxl_driver.c, libxlDomainDetachHostPCIDevice: libxl no longer knows
 * the device, so it never leaves libvirt's list). So for such a guest libvirt is asked to do what
 * libxl is asked to do for other guests. The steps before and after that are the same.
 *
 * A device is given to libvirt with managed='no': hiding it, its reset and the way back are
 * xlpt's. A VF with a MAC address becomes <interface type='hostdev'>. xlpt has set the VF's
 * identity before that and tells libvirt the same identity: libvirt would remove a VLAN that its
 * XML does not name.
 */
#ifndef XLPT_HOTPLUG_LIBVIRT_H
#define XLPT_HOTPLUG_LIBVIRT_H

#include "xl-plugin/hotplug/operation.h"

struct xlpt_libvirt_device {
	struct xlpt_bdf bdf;
	bool interface; /* it is <interface type='hostdev'>, else <hostdev> */
	bool permissive;
	struct xlpt_vf_identity
		id; /* of an interface: its MAC address, and its VLAN when there is one */
};

struct xlpt_libvirt_devices {
	struct xlpt_libvirt_device *items;
	size_t n, alloc;
};

void xlpt_libvirt_devices_dispose(struct xlpt_libvirt_devices *list);
#define _cleanup_libvirt_devices_ XLPT_CLEANUP(xlpt_libvirt_devices_dispose)
/* The device with this address, or NULL. Belongs to list. */
const struct xlpt_libvirt_device *xlpt_libvirt_devices_find(const struct xlpt_libvirt_devices *list,
							    struct xlpt_bdf bdf);

/*
 * libvirt made the guest's domain: libxl keeps libvirt's description with it (userdata
 * libvirt-xml), or libvirt's daemon has noted the domain as running. This reads two files and asks
 * nobody.
 */
bool xlpt_libvirt_made(struct xlpt_env *env, const struct xlpt_guest *guest);

/*
 * Asks libvirt's daemon by virsh. 1: libvirt manages the guest, and *out (may be NULL) has the
 * guest's PCI devices as libvirt lists them. 0: libvirt did not make the guest or does not know
 * it, or env->around_libvirt. RULE when the daemon does not answer, with the line that starts it.
 */
int xlpt_libvirt_ask(struct xlpt_env *env, const struct xlpt_guest *guest,
		     struct xlpt_libvirt_devices *out, struct xlpt_diag *diag);
/*
 * Reads the same list from what libvirt's daemon has noted in its file, also while the daemon does
 * not run. 1, or 0 when there is nothing that can be read.
 */
int xlpt_libvirt_noted(struct xlpt_env *env, const struct xlpt_guest *guest,
		       struct xlpt_libvirt_devices *out);

/* The line that makes libvirt answer again: "systemctl start libvirtd". Not owned. */
const char *xlpt_libvirt_start_line(struct xlpt_env *env);

/*
 * Before anything is touched: sets op->libvirt, and refuses (RULE) what libvirt cannot do. attach:
 * judges also the options of each device.
 */
int xlpt_libvirt_judge(struct xlpt_op *op, bool attach, struct xlpt_diag *diag);

/* Gives item i to the guest: by libxl's device_add, or by libvirt for a guest that it manages. */
int xlpt_guest_add(struct xlpt_op *op, size_t i, struct xlpt_diag *diag);
/*
 * Takes a device from the guest: by libxl's device_remove without force, or by libvirt for a
 * device in its list. RULE when libvirt would have to be asked and does not answer; nothing was
 * done then.
 */
int xlpt_guest_remove(struct xlpt_env *env, const struct xlpt_guest *guest, struct xlpt_bdf bdf,
		      int64_t timeout_ms, struct xlpt_diag *diag);
/*
 * libvirt's half of xlpt_guest_remove. 1: the device was in libvirt's list and libvirt took it. 0:
 * it is not in the list, or libvirt does not manage the guest.
 */
int xlpt_libvirt_remove(struct xlpt_env *env, const struct xlpt_guest *guest, struct xlpt_bdf bdf,
			int64_t timeout_ms, struct xlpt_diag *diag);
/* After a device was taken from the guest without libvirt: warns when libvirt still lists it. */
void xlpt_libvirt_tell_left(struct xlpt_env *env, const struct xlpt_guest *guest,
			    struct xlpt_bdf bdf);
/*
 * Looks whether libvirt's list agrees. has: it must have item i with the identity that was set;
 * else it must not have it. CONFLICT when it does not agree.
 */
int xlpt_libvirt_verify(struct xlpt_op *op, size_t i, bool has, struct xlpt_diag *diag);

#endif
