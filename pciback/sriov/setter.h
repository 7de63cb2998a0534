/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who sets the number of a PF's virtual functions: programs of this host that are
 * configured to do so at boot, or each time that they bring its interface up. Such a
 * configuration is called a setter here. (An owner is a guest that has a device.)
 *
 * Each program's files are read as it reads them itself:
 *	NetworkManager	profiles with [sriov] total-vfs, which it enforces at each activation,
 *			also zero; sriov-num-vfs of NetworkManager.conf(5); SRIOV_TOTAL_VFS of
 *			ifcfg files
 *	udev		SR-IOVVirtualFunctions= and [SR-IOV] of systemd.link(5); its rules
 *	networkd	[SR-IOV] of systemd.network(5): identities of VFs, not their number
 *	netplan		virtual-function-count, or the VFs that it defines
 *	lines		that write sriov_numvfs: ifupdown, tmpfiles, sysfsutils, units,
 *			rc.local; max_vfs= of a driver in modprobe.d
 * The files are hostile input: each is read up to a limit, and at most so many of them.
 */
#ifndef XLPT_PCIBACK_SRIOV_SETTER_H
#define XLPT_PCIBACK_SRIOV_SETTER_H

#include "pciback/sriov/vf.h"

enum xlpt_setter_kind {
	XLPT_SETTER_NM_PROFILE,
	XLPT_SETTER_NM_CONF,
	XLPT_SETTER_LINK,
	XLPT_SETTER_NETWORK,
	XLPT_SETTER_NETPLAN,
	XLPT_SETTER_LINE,
};

struct xlpt_setter {
	enum xlpt_setter_kind kind;
	const char *program; /* "NetworkManager", "udev", "ifupdown" */
	char *file;	     /* where it says the number */
	unsigned line;	     /* there, from 1; 0 = the file as a whole */
	char *base;	     /* .link: the file whose drop-ins count; else NULL */
	char *name; /* of the profile (its UUID where it has one), or of netplan's definition */
	int count;  /* -1 = none, or the file alone does not tell it */
};

struct xlpt_setters {
	struct xlpt_setter *items;
	size_t n, alloc;
};

/* Reads them all; what cannot be read is left out. */
void xlpt_setters_read(struct xlpt_host *h, const struct xlpt_pf *pf, struct xlpt_setters *out);
void xlpt_setters_dispose(struct xlpt_setters *s);
#define _cleanup_setters_ XLPT_CLEANUP(xlpt_setters_dispose)

#endif
