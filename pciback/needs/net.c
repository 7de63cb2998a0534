/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the default route down to the functions that carry it.
 */
#include "pciback/needs/internal.h"

#include <string.h>

#define NET	   "/sys/class/net"
#define RTF_UP	   0x0001 /* include/uapi/linux/route.h */
#define RTF_REJECT 0x0200
#define OVS	   "ovs-system"

struct walk {
	struct xlpt_host *h;
	struct xlpt_behinds *out;
	struct xlpt_needs_seen seen;
};

static void iface(struct walk *w, const char *name, unsigned depth);

/* Kernels before 3.9 have no lower_* links; each stacking driver had its own way to tell. */
static void lower_of_old(struct walk *w, const char *name, unsigned depth)
{
	_cleanup_free_ char *slaves = NULL, *vlan = NULL;
	_cleanup_strv_ char **ports = NULL;
	char *s, *save = NULL;

	xlpt_host_list(w->h, &ports, NET "/%s/brif", name);
	for (char **p = ports; p && *p; p++)
		iface(w, *p, depth + 1);
	if (xlpt_host_read_text(w->h, &slaves, NET "/%s/bonding/slaves", name) >= 0)
		for (s = strtok_r(slaves, " \n", &save); s; s = strtok_r(NULL, " \n", &save))
			iface(w, s, depth + 1);
	if (xlpt_host_read_text(w->h, &vlan, "/proc/net/vlan/%s", name) >= 0) {
		s = strstr(vlan, "\nDevice: ");
		if (s) {
			s += strlen("\nDevice: ");
			s[strcspn(s, " \n")] = '\0';
			iface(w, s, depth + 1);
		}
	}
}

static void iface(struct walk *w, const char *name, unsigned depth)
{
	_cleanup_strv_ char **entries = NULL;
	struct xlpt_bdf bdf;

	if (depth > XLPT_NEEDS_DEPTH || strchr(name, '/') || !xlpt_needs_first(&w->seen, name))
		return;
	if (xlpt_needs_link_bdf(w->h, NET, name, &bdf))
		xlpt_behinds_add(w->out, bdf, name);
	xlpt_host_list(w->h, &entries, NET "/%s", name);
	for (char **e = entries; e && *e; e++)
		if (xlpt_starts(*e, "lower_"))
			iface(w, *e + strlen("lower_"), depth + 1);
	lower_of_old(w, name, depth);
}

void xlpt_behind_net(struct xlpt_host *h, const char *name, struct xlpt_behinds *out)
{
	struct walk w = { .h = h, .out = out };

	iface(&w, name, 0);
	xlpt_needs_seen_dispose(&w.seen);
}

/* use: "the default route"; name: the interface that it names. */
static void route(struct xlpt_host *h, struct xlpt_needs *needs, const char *use, const char *name)
{
	_cleanup_behinds_ struct xlpt_behinds list = { 0 };

	xlpt_behind_net(h, name, &list);
	/*
	 * Which ports an Open vSwitch bridge has is known to its daemon only
	 * (XCP-ng's xenbr0): the kernel shows all ports of all bridges below
	 * ovs-system. Better one card too many than the wrong one.
	 */
	if (!list.n && xlpt_host_has(h, NET "/" OVS))
		xlpt_behind_net(h, OVS, &list);
	for (size_t i = 0; i < list.n; i++) {
		const char *member = list.items[i].member;
		_cleanup_free_ char *what =
			strcmp(member, name)
				? xlpt_xasprintf("%s uses %s (below %s)", use, member, name)
				: xlpt_xasprintf("%s uses %s", use, member);

		xlpt_needs_add(h, needs, list.items[i].bdf, XLPT_NEED_NETWORK, what);
	}
}

#define DEFAULT_ROUTE "the default route"

/*
 * A bridge with an address of this host's (which makes a route to its subnet) is
 * how it is reached, or how it reaches its storage; one without is there for
 * guests alone.
 */
static void own_bridge(struct xlpt_host *h, struct xlpt_needs *needs, const char *name)
{
	if (!strchr(name, '/') && xlpt_host_has(h, NET "/%s/bridge", name))
		route(h, needs, "a bridge on which this host has an address", name);
}

/* "eth0 00000000 0100000A 0003 0 0 0 00000000 0 0 0": destination and mask zero. */
static unsigned routes4(struct xlpt_host *h, struct xlpt_needs *needs)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	char *cursor, *line, name[32];
	unsigned n = 0;

	if (xlpt_needs_slurp(h, "/proc/net/route", &text) < 0)
		return 0;
	cursor = text.s;
	while ((line = xlpt_needs_line(&cursor))) {
		unsigned dest, flags, mask;

		if (sscanf(line, "%31s %x %*x %x %*u %*u %*u %x", name, &dest, &flags, &mask) !=
			    4 ||
		    !(flags & RTF_UP) || flags & RTF_REJECT)
			continue;
		if (dest || mask) {
			own_bridge(h, needs, name);
			continue;
		}
		route(h, needs, DEFAULT_ROUTE, name);
		n++;
	}
	return n;
}

/* dest plen source plen nexthop metric refcnt use flags name; lo carries the reject route. */
static unsigned routes6(struct xlpt_host *h, struct xlpt_needs *needs)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	char *cursor, *line, dest[33], name[32];
	unsigned n = 0;

	if (xlpt_needs_slurp(h, "/proc/net/ipv6_route", &text) < 0)
		return 0;
	cursor = text.s;
	while ((line = xlpt_needs_line(&cursor))) {
		unsigned plen, flags;

		if (sscanf(line, "%32s %x %*32s %*x %*32s %*x %*x %*x %x %31s", dest, &plen, &flags,
			   name) != 4 ||
		    !(flags & RTF_UP) || flags & RTF_REJECT || !strcmp(name, "lo"))
			continue;
		if (plen || strspn(dest, "0") != strlen(dest)) {
			/* Link-local and multicast routes are on every interface. */
			if (!xlpt_starts(dest, "fe80") && !xlpt_starts(dest, "ff"))
				own_bridge(h, needs, name);
			continue;
		}
		route(h, needs, DEFAULT_ROUTE, name);
		n++;
	}
	return n;
}

/* A host reached through its own subnet alone has no default route, but still one card that counts.
 */
static void only_interface(struct xlpt_host *h, struct xlpt_needs *needs)
{
	_cleanup_strv_ char **names = NULL;
	_cleanup_free_ char *what = NULL;
	struct xlpt_bdf bdf, the_bdf;
	const char *the = NULL;

	xlpt_host_list(h, &names, NET);
	for (char **name = names; name && *name; name++) {
		_cleanup_free_ char *state = NULL;

		if (!xlpt_needs_link_bdf(h, NET, *name, &bdf) ||
		    xlpt_host_read_text(h, &state, NET "/%s/operstate", *name) < 0 ||
		    strcmp(state, "up"))
			continue;
		if (the)
			return;
		the = *name;
		the_bdf = bdf;
	}
	if (!the)
		return;
	what = xlpt_xasprintf("%s is the only network interface that is up", the);
	xlpt_needs_add(h, needs, the_bdf, XLPT_NEED_NETWORK, what);
}

void xlpt_needs_network(struct xlpt_host *h, struct xlpt_needs *needs)
{
	unsigned n = routes4(h, needs) + routes6(h, needs);

	if (!n)
		only_interface(h, needs);
}
