/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Devices that this host needs itself. Taking one of them away locks the
 * operator out or stops the host, so hide and attach refuse it unless forced.
 */
#ifndef XLPT_PCIBACK_GUARD_H
#define XLPT_PCIBACK_GUARD_H

#include "core/device.h"
#include "core/host.h"

enum xlpt_need {
	XLPT_NEED_DISK,	    /* behind a mounted file system or swap */
	XLPT_NEED_NETWORK,  /* carries the default route, directly or below a bridge, bond or
				   VLAN, or a bridge on which this host has an address */
	XLPT_NEED_CONSOLE,  /* shows the console (boot_vga or the framebuffer's device) */
	XLPT_NEED_BRIDGE,   /* a bridge with such a device behind it */
	XLPT_NEED_KEYBOARD, /* the USB controller with the only keyboard */
};

struct xlpt_needed {
	struct xlpt_bdf bdf;
	enum xlpt_need why;
	char *what; /* the fact: "/ is on sda2", "default route uses eth0 (in bridge xenbr0)" */
};

struct xlpt_needs {
	struct xlpt_needed *items;
	size_t n, alloc;
};

void xlpt_needs_dispose(struct xlpt_needs *needs);
#define _cleanup_needs_ XLPT_CLEANUP(xlpt_needs_dispose)

/*
 * All devices this host needs, one entry per device and reason. Read from
 * /proc/self/mountinfo (host view /proc/1/mountinfo), /proc/swaps, /sys/dev/block,
 * /sys/block/X/slaves (LVM, LUKS, md), /proc/net/route and ipv6_route,
 * /sys/class/net (lower interfaces, bridge ports), boot_vga,
 * /proc/bus/input/devices.
 */
int xlpt_needs_read(struct xlpt_host *h, struct xlpt_needs *out, struct xlpt_diag *diag);

/* The first reason why bdf is needed, NULL when it is not. */
const struct xlpt_needed *xlpt_needs_find(const struct xlpt_needs *needs, struct xlpt_bdf bdf);

#endif
