/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/guest.h"

#include <string.h>

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

bool xlpt_guest_leaves(const struct xlpt_guest *guest)
{
	return guest->dying && !guest->suspended;
}

const struct xlpt_guest *xlpt_guests_find(const struct xlpt_guest *guests, size_t n,
					  const char *uuid)
{
	const struct xlpt_guest *best = NULL;

	for (size_t i = 0; i < n; i++)
		if (!strcmp(guests[i].uuid, uuid) && (!best || best->dying))
			best = &guests[i];
	return best;
}

void xlpt_guests_free(struct xlpt_guest *guests, size_t n)
{
	for (size_t i = 0; i < n; i++)
		xlpt_guest_dispose(&guests[i]);
	free(guests);
}

const char *xlpt_guest_end_word(enum xlpt_guest_end end)
{
	static const char *const words[XLPT_END_N] = { "unknown", "poweroff", "reboot",
						       "crash",	  "watchdog", "soft-reset" };

	return words[end];
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
