/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a value cannot be said by the other side, and how much that matters; the last has no path. */
#ifndef XLPT_CONVERTERS_REASON_H
#define XLPT_CONVERTERS_REASON_H

#include "converters/convert.h"
#include "converters/model/diff.h"
#include "converters/model/dom.h"
#include "converters/model/loss.h"

struct xlpt_reason {
	/* fnmatch; without the names of elements: "pci.id.mac". Behind '=' the value, '#' its place. */
	const char *path;
	enum xlpt_severity severity;
	const char *text;
};

extern const struct xlpt_reason xlpt_reasons_to_xl[], xlpt_reasons_to_libvirt[];
/* What the result says although nothing was said before. */
extern const struct xlpt_reason xlpt_reasons_added_to_xl[];

extern const char xlpt_reason_macvtap[], xlpt_reason_hidden[];
/* A disk is told by the name that it has in what was read. Caller frees. */
char *xlpt_told_path(const struct xlpt_dom *dom, const char *path);
/* Of a disk that the target does not get. */
const char *xlpt_reason_left_out(const struct xlpt_dom *a, const struct xlpt_disk *d,
				 enum xlpt_format to);
/* Of an image that xl cannot read, or whose format only its name says. False: it is none. */
bool xlpt_tell_image(struct xlpt_losses *losses, const struct xlpt_dom *a, const struct xlpt_dom *b,
		     const struct xlpt_delta *delta);
/* path is "LIST[...].member", and the same element's other member has this word. */
bool xlpt_element_says(const struct xlpt_dom *a, const char *path, const char *member,
		       const char *other, const char *word);
/* One fact that several values have: told of another one (converters/reason-once.c). */
bool xlpt_told_elsewhere(const struct xlpt_dom *a, const struct xlpt_dom *b,
			 const struct xlpt_delta *delta);
/* Of a UEFI that is not Xen's. */
const char *xlpt_reason_uefi(const struct xlpt_dom *dom);

#endif
