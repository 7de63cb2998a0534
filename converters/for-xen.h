/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest of KVM that is to start under Xen. */
#ifndef XLPT_CONVERTERS_FOR_XEN_H
#define XLPT_CONVERTERS_FOR_XEN_H

#include "converters/convert.h"

/*
 * Changes what KVM alone has into what Xen has, and adds to losses what is left to do in the guest's
 * own system and on the host (losses->todo). Of HVM guests; dom is the copy that is written.
 */
void xlpt_for_xen(struct xlpt_dom *dom, struct xlpt_losses *losses);

/* Adds what is left to do: in the guest first, which needs it while it still runs under KVM, then on the host. */
void xlpt_for_xen_list(const struct xlpt_dom *dom, struct xlpt_losses *losses);
/* Of an element in the text of a part that is kept: the value of an attribute; NULL = none. Caller frees. */
char *xlpt_for_xen_attr(const char *xml, const char *element, const char *name);

/* The same of a device; NULL = it has no such part. */
const char *xlpt_for_xen_part(const struct xlpt_at *at, const char *path);
void xlpt_for_xen_list_disks(const struct xlpt_dom *dom, struct xlpt_losses *losses);

/* What the guest's kernel calls the disk under KVM, and under Xen. Caller frees. */
char *xlpt_for_xen_old_name(const struct xlpt_dom *dom, const struct xlpt_disk *d);
char *xlpt_for_xen_new_name(const struct xlpt_disk *d);
/* /dev/vda1 and the like on the command line of a kernel that is booted directly. */
void xlpt_for_xen_roots(struct xlpt_dom *dom);

/* Fills in how->for_xen by the guest's type when nobody said it; USAGE where it makes no sense. */
int xlpt_for_xen_settle(struct xlpt_convert *how, const struct xlpt_dom *dom, enum xlpt_format from,
			enum xlpt_format to, struct xlpt_diag *diag);
/* Appends the check list to the configuration, as comments, and to losses (may be NULL). */
void xlpt_for_xen_write(struct xlpt_losses *todo, struct xlpt_str *out, struct xlpt_losses *losses);

#endif
