/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xlpt's own error codes. A function that can fail returns 0 or one of these
 * (negative) and takes a struct xlpt_diag * as its last argument. A libxl code
 * (xrc) or an errno (r) never travels in the same int.
 */
#ifndef XLPT_CORE_ERR_H
#define XLPT_CORE_ERR_H

enum xlpt_err {
	XLPT_OK = 0,
	XLPT_ERR_USAGE = -1,	    /* wrong command line */
	XLPT_ERR_SYNTAX = -2,	    /* malformed address, option, value or file */
	XLPT_ERR_NO_DEVICE = -3,    /* no such PCI function here */
	XLPT_ERR_NOT_ENDPOINT = -4, /* a bridge or the like */
	XLPT_ERR_NO_GUEST = -5,
	XLPT_ERR_IN_USE = -6,	  /* another guest, another operation */
	XLPT_ERR_NOT_HIDDEN = -7, /* not bound to xen-pciback */
	XLPT_ERR_NOT_HELD = -8,	  /* the guest does not have the device */
	XLPT_ERR_GUEST_TYPE = -9, /* PVH, or not created for passthrough */
	XLPT_ERR_NO_IOMMU = -10,
	XLPT_ERR_NO_PCIBACK = -11, /* xen-pciback is not there */
	XLPT_ERR_NO_XEN = -12,	   /* not a Xen dom0, or no access to it */
	XLPT_ERR_FULL = -13,	   /* no free slot */
	XLPT_ERR_HOST_NEEDS = -14, /* rule: this host needs the device itself */
	XLPT_ERR_RULE = -15,	   /* another rule of this host */
	XLPT_ERR_BUDGET = -16,	   /* hotplug budget used up */
	XLPT_ERR_TIMEOUT = -17,	   /* the other side did not answer in time */
	XLPT_ERR_IO = -18,	   /* the kernel or the file system said no */
	XLPT_ERR_TOOLSTACK = -19,  /* libxl said no */
	XLPT_ERR_LEFT = -20,	   /* failed, and something is left behind */
	XLPT_ERR_CONFLICT = -21,   /* what is recorded and what is there differ */
	XLPT_ERR_NOT_FOUND = -22,  /* a file, node or name that is not there */
	XLPT_ERR_DATA = -23,	   /* data read is not what it must be */
	XLPT_ERR_STOPPED = -24,	   /* a signal asked to stop, and what was begun is taken back */
};

/* The exit status for a code: 0, 1, 2 (usage/syntax), 3 (rule), 4 (budget), 5 (left). */
int xlpt_err_exit(enum xlpt_err code);

/* A stable lower-case word for a code ("no-device"), used in --json. */
const char *xlpt_err_word(enum xlpt_err code);

#endif
