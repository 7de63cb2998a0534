/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What libvirt has no word for, inside its XML: lines of struct xlpt_kept in an element of
 * <metadata>, which libvirt stores and gives back untouched, or, in a list of devices, in comments:
 *
 *	<xlpt:kept xmlns:xlpt='…'><xlpt:line>set usb =1</xlpt:line>…</xlpt:kept>
 *	<!-- xlpt: set usb =1 -->
 */
#ifndef XLPT_CONVERTERS_LIBVIRT_META_H
#define XLPT_CONVERTERS_LIBVIRT_META_H

#include "converters/libvirt-xml.h"
#include "converters/loss.h"
#include "converters/model.h"

#define XLPT_LV_META_URI "urn:xlpt:kept:1"

/* Finds and marks what was kept; out may be NULL. */
int xlpt_lv_meta_find(struct xlpt_lv_doc *doc, xmlNode *root, struct xlpt_kepts *out,
		      struct xlpt_diag *diag);
/* Adds it: below <metadata> of a domain or network, or as comments in front of root's children. */
void xlpt_lv_meta_add(xmlNode *root, const struct xlpt_kepts *kepts);
/* The comments alone, for a single device. */
void xlpt_lv_meta_comments(const struct xlpt_kepts *kepts, struct xlpt_str *out);

#endif
