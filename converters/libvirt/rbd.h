/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Network disks: libvirt names their parts, libxl takes QEMU's one string,
 *	rbd:POOL/IMAGE:auth_supported=none:mon_host=HOST\:PORT\;HOST
 * as libvirt's own conversion to xl writes it. Only what fits that form is converted.
 */
#ifndef XLPT_CONVERTERS_LIBVIRT_RBD_H
#define XLPT_CONVERTERS_LIBVIRT_RBD_H

#include "converters/libvirt/xml.h"

/* The string for a <source protocol=>, NULL when it says more than the string can. */
char *xlpt_lv_rbd_read(const xmlNode *source);
/* Fills <source> from the string; false and nothing done when it has another form. */
bool xlpt_lv_rbd_write(xmlNode *source, const char *target);

#endif
