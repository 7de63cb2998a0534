/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guests that libvirt manages. Its Xen driver keeps an account of its own of each guest's devices,
 * writes it into /run/libvirt/libxl/NAME.xml, and never looks at libxl's. A device that comes or
 * goes without it is one that virsh dumpxml is wrong about, and virsh detach-device of one that is
 * gone fails for good (libxl_driver.c, libxlDomainDetachHostPCIDevice: libxl does not know the
 * device any more, and so it never leaves the account). So for such a guest libvirt is asked to do what
 * libxl is asked to do for the others, with the same steps before and behind it.
 *
 * A device goes to libvirt with managed='no': hiding it, its reset and the way back are xlpt's. A VF
 * with an address of its own becomes <interface type='hostdev'>. xlpt has set its identity before,
 * and libvirt is told what the VF has then: it would take away the VLAN of one that is not named.
 */
#ifndef XLPT_HOTPLUG_LIBVIRT_H
#define XLPT_HOTPLUG_LIBVIRT_H

#include "xl-plugin/hotplug/operation.h"

struct xlpt_libvirt_device {
	struct xlpt_bdf bdf;
	bool interface; /* <interface type='hostdev'>, else <hostdev> */
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
const struct xlpt_libvirt_device *xlpt_libvirt_devices_find(const struct xlpt_libvirt_devices *list,
							    struct xlpt_bdf bdf);

/*
 * libvirt has made the guest's domain: libxl keeps libvirt's description with it, or libvirt's
 * daemon has noted it as running. Two files; nobody is asked.
 */
bool xlpt_libvirt_made(struct xlpt_env *env, const struct xlpt_guest *guest);

/*
 * Asks libvirt: 1, and the guest's PCI devices as it has them (*out may be NULL); 0 for a guest
 * that it did not make or does not know, and with env->around_libvirt. RULE when it does not answer.
 */
int xlpt_libvirt_ask(struct xlpt_env *env, const struct xlpt_guest *guest,
		     struct xlpt_libvirt_devices *out, struct xlpt_diag *diag);
/*
 * The same out of what its daemon has noted, also while that does not run. 1, or 0 when there is
 * nothing that can be read.
 */
int xlpt_libvirt_noted(struct xlpt_env *env, const struct xlpt_guest *guest,
		       struct xlpt_libvirt_devices *out);

/* The line that makes it answer again: "systemctl start libvirtd". Not owned. */
const char *xlpt_libvirt_start_line(struct xlpt_env *env);

/*
 * Before anything is touched: fills op->libvirt, and refuses what libvirt cannot do. attach: also
 * by what is wanted of each device.
 */
int xlpt_libvirt_judge(struct xlpt_op *op, bool attach, struct xlpt_diag *diag);

/* libxl's device_add for item i, or libvirt's. */
int xlpt_guest_add(struct xlpt_op *op, size_t i, struct xlpt_diag *diag);
/*
 * libxl's device_remove without force; or libvirt's, of a device in its account. RULE when it would
 * have to be asked and does not answer: nothing was done then.
 */
int xlpt_guest_remove(struct xlpt_env *env, const struct xlpt_guest *guest, struct xlpt_bdf bdf,
		      int64_t timeout_ms, struct xlpt_diag *diag);
/*
 * Its half of that: 1 when the device is in libvirt's account and was taken through it, 0 when it is
 * not, or libvirt does not manage the guest.
 */
int xlpt_libvirt_remove(struct xlpt_env *env, const struct xlpt_guest *guest, struct xlpt_bdf bdf,
			int64_t timeout_ms, struct xlpt_diag *diag);
/* The device was taken from the guest without libvirt: warns when libvirt lists it all the same. */
void xlpt_libvirt_tell_left(struct xlpt_env *env, const struct xlpt_guest *guest,
			    struct xlpt_bdf bdf);
/* What they have come to: libvirt's account has item i, with its identity as it was to be; or not. */
int xlpt_libvirt_verify(struct xlpt_op *op, size_t i, bool has, struct xlpt_diag *diag);

#endif
