/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is lost on the way to xl together with another value, of which it is told. */
#include <fnmatch.h>

#include "converters/convert.h"
#include "converters/model/internal.h"
#include "converters/reason.h"
#include "converters/xl/xl.h"

bool xlpt_element_says(const struct xlpt_dom *a, const char *path, const char *member,
		       const char *other, const char *word)
{
	size_t n = strlen(path), m = strlen(member);
	_cleanup_free_ char *second = NULL, *value = NULL;

	if (n < m || strcmp(path + n - m, member) != 0 || path[n - m - 1] != '.' ||
	    !strchr(path, '['))
		return false;
	second = xlpt_xasprintf("%.*s%s", (int)(n - m), path, other);
	return xlpt_dom_get(a, second, &value) && xlpt_streq(value, word);
}

/* "net[#0].id.typeid", beside a virtual port that is lost as a whole. */
static bool is_of_lost_port(const struct xlpt_dom *a, const struct xlpt_dom *b, const char *path)
{
	const char *member = strstr(path, "].id.");
	_cleanup_free_ char *port = NULL, *had = NULL, *has = NULL;

	if (!member || fnmatch("*id*", member + 5, 0) != 0)
		return false;
	port = xlpt_xasprintf("%.*svport", (int)(member + 5 - path), path);
	xlpt_dom_get(a, port, &had);
	xlpt_dom_get(b, port, &has);
	return had && !has;
}

/* path ends with this member, and the element's other one is lost, too. */
static bool is_lost_with(const struct xlpt_dom *a, const struct xlpt_dom *b, const char *path,
			 const char *member, const char *other)
{
	const char *last = strrchr(path, '.');
	_cleanup_free_ char *second = NULL, *had = NULL, *has = NULL;

	if (!last || strcmp(last + 1, member) != 0)
		return false;
	second = xlpt_xasprintf("%.*s%s", (int)(last + 1 - path), path, other);
	xlpt_dom_get(a, second, &had);
	xlpt_dom_get(b, second, &has);
	return had && !has;
}

bool xlpt_told_elsewhere(const struct xlpt_dom *a, const struct xlpt_dom *b,
			 const struct xlpt_delta *delta)
{
	const char *path = delta->path;

	/* <target managed='no'> */
	if (fnmatch("net[[]*].vifname", path, 0) == 0) {
		_cleanup_free_ char *element = xlpt_xstrndup(path, strcspn(path, "]") + 1);
		const struct xlpt_field *list;
		const struct xlpt_net *n = xlpt_path_element(a, element, &list);

		return n && xlpt_xl_is_made_before(n);
	}
	/* The type of the interface. */
	if (delta->a && xlpt_starts(path, "net[") &&
	    (xlpt_element_says(a, path, "source", "kind", "netdev") ||
	     xlpt_element_says(a, path, "source", "kind", "network")))
		return true;
	if (delta->a && is_of_lost_port(a, b, path))
		return true;
	/* The ids of a USB device are one fact, and so are a VLAN and that it is a trunk. */
	if (delta->a && (is_lost_with(a, b, path, "product", "vendor") ||
			 is_lost_with(a, b, path, "vlan_trunk", "vlan")))
		return true;
	/* How libvirt says firmware_path. */
	if (!strcmp(path, "firmware_bare"))
		return true;
	/* The image of UEFI, or <os firmware=>. */
	return !strcmp(path, "firmware") && a->kernel && xlpt_dom_is_foreign(a);
}
