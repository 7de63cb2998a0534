/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/guest.h"

void xlpt_guest_dispose(struct xlpt_guest *guest)
{
	free(guest->name);
	*guest = (struct xlpt_guest){ 0 };
}

void xlpt_guest_copy(struct xlpt_guest *dst, const struct xlpt_guest *src)
{
	*dst = *src;
	dst->name = xlpt_xstrdup(src->name);
}

const char *xlpt_guest_type_word(enum xlpt_guest_type type)
{
	switch (type) {
	case XLPT_GUEST_PV:
		return "pv";
	case XLPT_GUEST_HVM:
		return "hvm";
	case XLPT_GUEST_PVH:
		return "pvh";
	default:
		return "unknown";
	}
}
