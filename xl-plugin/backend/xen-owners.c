/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The owners of all devices, out of what Xen writes into its log for the key Q. */
#include "xl-plugin/backend/xen-owners.h"

#include <string.h>

#define BEGIN	 "==== PCI devices ===="
#define DOMID_IO 0x7ff1 /* xen/include/public/xen.h */
#define MAX	 65536

/* "d3", "d[IO]", "DomIO:7ff4", "dom 3" in releases before 4.13; false for anything else. */
static bool parse_owner(const char *s, int64_t *domid)
{
	size_t n;
	uint64_t v;

	if (xlpt_starts(s, "DomIO") || xlpt_starts(s, "d[IO]")) {
		*domid = XLPT_XEN_QUARANTINE;
		return true;
	}
	if (xlpt_starts(s, "dom "))
		s += strlen("dom ");
	else if (*s == 'd')
		s++;
	else
		return false;
	n = strspn(s, "0123456789");
	if (!xlpt_parse_uint(s, n, 10, UINT16_MAX, &v))
		return false;
	*domid = v == DOMID_IO ? XLPT_XEN_QUARANTINE : (int64_t)v;
	return true;
}

/* "(XEN) [2026-01-02 03:04:05] 0000:02:00.0 - d0 - node -1 - MSIs < 33 >" */
static bool parse_line(const char *line, size_t len, struct xlpt_xen_owner *out)
{
	_cleanup_free_ char *copy = xlpt_xstrndup(line, len);
	char *dash = strstr(copy, " - "), *address;

	if (!dash)
		return false;
	*dash = '\0';
	address = strrchr(copy, ' ');
	address = address ? address + 1 : copy;
	return xlpt_bdf_from_sysfs_name(address, &out->bdf) && parse_owner(dash + 3, &out->domid);
}

void xlpt_xen_owners_parse(const char *messages, struct xlpt_xen_owner **out, size_t *n)
{
	const char *at = NULL, *next = messages;
	size_t alloc = 0;

	*out = NULL;
	*n = 0;
	/* The last answer counts; an earlier one is of an earlier time. */
	while (next && (next = strstr(next, BEGIN)))
		at = next += strlen(BEGIN);
	while (at && *at && *n < MAX) {
		size_t len = strcspn(at, "\n");
		struct xlpt_xen_owner o;

		if (parse_line(at, len, &o)) {
			XLPT_GROW(*out, *n, alloc);
			(*out)[(*n)++] = o;
		}
		at += len + (at[len] == '\n');
	}
}
