/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What libvirt has no word for, inside its XML: an element for each struct xlpt_kept, below
 * <metadata>, which libvirt stores and gives back untouched, or, in a list of devices, in comments:
 *
 *	<xlpt:kept xmlns:xlpt='…'>
 *	  <xlpt:value path='nomigrate'>on</xlpt:value>		a value of the model; none = not said
 *	  <xlpt:value path='boot' was='cda'/>			was: what the text around says
 *	  <xlpt:xl key='ioports' line='15'>[ "2f8-2ff" ]</xlpt:xl>	a key of an xl configuration,
 *	  <xlpt:xl at='net[#0]' key='forwarddev' line='3'>=eth0</xlpt:xl>	or an option
 *	  <xlpt:libvirt path='devices/rng' line='7'>&lt;rng/&gt;</xlpt:libvirt>
 *	</xlpt:kept>
 *	<!-- xlpt: <value path='usb'>on</value> -->
 *
 * A content that begins or ends with a blank, or is empty, stands in value=''. What XML cannot say
 * at all, and what was written before, are lines of xlpt_kept_format: <xlpt:line>set usb =on</xlpt:line>
 */
#ifndef XLPT_CONVERTERS_LIBVIRT_META_H
#define XLPT_CONVERTERS_LIBVIRT_META_H

#include "converters/libvirt/xml.h"
#include "converters/model/loss.h"
#include "converters/model/model.h"

#define XLPT_LV_META_URI "urn:xlpt:kept:1"

/* Finds and marks what was kept; out may be NULL. */
int xlpt_lv_meta_find(struct xlpt_lv_doc *doc, xmlNode *root, struct xlpt_kepts *out,
		      struct xlpt_diag *diag);
/* Adds it: below <metadata> of a domain or network, or as comments in front of root's children. */
void xlpt_lv_meta_add(xmlNode *root, const struct xlpt_kepts *kepts);
/* The comments alone, for a single device. */
void xlpt_lv_meta_comments(const struct xlpt_kepts *kepts, struct xlpt_str *out);

#endif
