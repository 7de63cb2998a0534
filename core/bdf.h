/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A PCI function's address, by value, and every spelling of it that the
 * programs around Xen use.
 *
 * Ranges: segment 0..0xffff, bus 0..0xff, device 0..0x1f, function 0..7.
 * Linux also has segments above 0xffff (what is behind an Intel VMD controller is
 * in 10000 and up). Such a function is shown and judged like any other, but it
 * cannot be passed: xen-pciback's parser and the hypervisor's 16-bit machine
 * address cannot carry its address. So only what reads names of functions of this
 * host (xlpt_bdf_parse_host, xlpt_bdf_from_sysfs_name) takes one; the others refuse
 * it with a message of their own.
 */
#ifndef XLPT_CORE_BDF_H
#define XLPT_CORE_BDF_H

#include "core/diag.h"

struct xlpt_bdf {
	uint32_t seg;
	uint8_t bus;
	uint8_t dev;
	uint8_t func;
};

enum xlpt_bdf_form {
	XLPT_BDF_SYSFS,	  /* 0000:09:00.0   sysfs, new_slot, people */
	XLPT_BDF_HIDE,	  /* (0000:09:00.0) the hide= parameter of pciback */
	XLPT_BDF_XS,	  /* 0000-09-00-0   libxl's node below /libxl/pci */
	XLPT_BDF_VDEV,	  /* 0000:09:00.00  vdev-N: the function has two digits */
	XLPT_BDF_NODEDEV, /* pci_0000_09_00_0  libvirt's node device name */
	XLPT_BDF_QMP,	  /* pci-pt-09_00.0 libxl's id inside QEMU; has no segment */
};

#define XLPT_XEN_SEG_MAX 0xffff /* the highest segment that Xen can address */

#define XLPT_BDF_LEN 24 /* enough for every form, with the final NUL */

/* Writes one form into buf and returns buf. */
char *xlpt_bdf_format(struct xlpt_bdf bdf, enum xlpt_bdf_form form, char buf[XLPT_BDF_LEN]);

/* For printing inside one expression: XLPT_BDF_STR(bdf) lives until the block ends. */
#define XLPT_BDF_STR(bdf) (xlpt_bdf_format((bdf), XLPT_BDF_SYSFS, (char[XLPT_BDF_LEN]){ 0 }))

/*
 * Reads [SSSS:]BB:DD.F from s[0..n): one to four, one to two, one to two hex
 * digits and one octal-range digit, nothing before or after. On error the
 * diagnosis carries the 1-based column of the offending character.
 */
int xlpt_bdf_parse(const char *s, size_t n, struct xlpt_bdf *out, struct xlpt_diag *diag);

/* Reads any form of the enum above except QMP; sysfs form may lack the segment. */
int xlpt_bdf_parse_any(const char *s, struct xlpt_bdf *out, struct xlpt_diag *diag);

/* The same, also with a segment of up to eight digits: a function of this host. */
int xlpt_bdf_parse_host(const char *s, struct xlpt_bdf *out, struct xlpt_diag *diag);

/*
 * True for text that can only be meant as an address: hexadecimal digits and
 * ':' with at least one ':' or '.', optionally '*'. Anything so shaped is an
 * address, never the name of a guest, pool or pin.
 */
bool xlpt_bdf_shaped(const char *s);

/* Exactly the kernel's directory name DDDD:BB:SS.F, as found below /sys/bus/pci. */
bool xlpt_bdf_from_sysfs_name(const char *name, struct xlpt_bdf *out);

int xlpt_bdf_cmp(struct xlpt_bdf a, struct xlpt_bdf b);
static inline bool xlpt_bdf_eq(struct xlpt_bdf a, struct xlpt_bdf b)
{
	return xlpt_bdf_cmp(a, b) == 0;
}

static inline bool xlpt_bdf_same_slot(struct xlpt_bdf a, struct xlpt_bdf b)
{
	b.func = a.func;
	return xlpt_bdf_eq(a, b);
}

/*
 * segment << 16 | bus << 8 | device << 3 | function: the hypervisor's machine_sbdf,
 * for a segment that it can address.
 */
uint32_t xlpt_bdf_sbdf(struct xlpt_bdf bdf);

#endif
