/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The marks of xml.h, kept in libxml2's psvi field, which only schema validation uses. */
#ifndef XLPT_CONVERTERS_LIBVIRT_MARKS_H
#define XLPT_CONVERTERS_LIBVIRT_MARKS_H

#define XLPT_LV_MARK_SEEN  1u /* understood */
#define XLPT_LV_MARK_TEXT  2u /* the element's text as well */
#define XLPT_LV_MARK_WHOLE 4u /* everything in the element */

#endif
