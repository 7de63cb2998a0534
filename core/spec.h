/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an operator asks to attach: xl-pci-configuration(5)'s grammar, strictly,
 * and what xlpt adds to it.
 *
 *	spec := where [ "@" slot ] { "," key "=" value }
 *	      | key "=" value { "," key "=" value }	(one of them bdf= or name=)
 *	where := bdf | "pool:" NAME | "pin:" NAME
 *	bdf  := [ SSSS ":" ] BB ":" DD "." ( F | "*" )	hexadecimal
 *	NAME := 1 to 64 printable characters without blank , = @ / and not . first
 *	keys := bdf vslot name permissive msitranslate seize power_mgmt rdm_policy
 *	      | pool			(the address is to be leased out of this pool)
 *	      | a VF's identity: mac vlan ... (core/vfid.h)
 *
 * libxl's own reader takes "permissive=yes" for 0 and reads past "01:00"
 * (Xen 4.15 and later, tools/libs/util/libxlu_pci.c); here both are errors that
 * name the column. Options stay unset unless they were given, so that nothing
 * is invented on the way through.
 */
#ifndef XLPT_CORE_SPEC_H
#define XLPT_CORE_SPEC_H

#include "core/bdf.h"
#include "core/vfid.h"

enum xlpt_rdm { XLPT_RDM_UNSET = 0, XLPT_RDM_STRICT, XLPT_RDM_RELAXED };

struct xlpt_spec {
	bool has_bdf;
	struct xlpt_bdf bdf; /* function 0 when all_funcs */
	bool all_funcs;	     /* BB:DD.* */
	char *name;	     /* name=, as given to xl pci-assignable-add -n, or NULL */
	/* pool:NAME, pin:NAME, or NULL; then has_bdf is false, but for the VF of BDF,pool=NAME */
	char *pool, *pin;
	int vslot; /* guest slot 0..0x1f, -1 = not given */
	enum xlpt_tri permissive, msitranslate, seize, power_mgmt;
	enum xlpt_rdm rdm_policy;
	struct xlpt_vf_identity vf;
};

void xlpt_spec_init(struct xlpt_spec *spec);
void xlpt_spec_dispose(struct xlpt_spec *spec);
#define _cleanup_spec_ XLPT_CLEANUP(xlpt_spec_dispose)

/* Fills *out (initialised by this function); on error *out is empty. */
int xlpt_spec_parse(const char *text, struct xlpt_spec *out, struct xlpt_diag *diag);
/* The same for what xl itself must be able to read: without pools, pins and identities. */
int xlpt_spec_parse_xl(const char *text, struct xlpt_spec *out, struct xlpt_diag *diag);

/* The shortest text that parses back to the same spec. Caller frees. */
char *xlpt_spec_format(const struct xlpt_spec *spec);

/* "0000:09:00.0", "name=nic0", "pool:lan": which device, without the rest. Caller frees. */
char *xlpt_spec_where(const struct xlpt_spec *spec);

/* BDF,pool=NAME becomes BDF. */
void xlpt_spec_leave_pool(struct xlpt_spec *spec);

void xlpt_spec_copy(struct xlpt_spec *dst, const struct xlpt_spec *src);

#endif
