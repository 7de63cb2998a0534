/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network interfaces as things of this host, by name and by MAC address. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "pciback/needs/things-internal.h"

#define NET	"/sys/class/net"
#define OVS	"ovs-system"
#define MAC_LEN 17
#define IFNAME	15 /* IFNAMSIZ without its NUL */

bool xlpt_thing_is_mac(const char *word)
{
	for (size_t i = 0; i < MAC_LEN; i++)
		if (i % 3 == 2 ? word[i] != ':' : !isxdigit((unsigned char)word[i]))
			return false;
	return !word[MAC_LEN];
}

bool xlpt_thing_is_ifname(const char *word)
{
	size_t n = strlen(word);

	if (n < 1 || n > IFNAME || !strcmp(word, ".") || !strcmp(word, ".."))
		return false;
	for (; *word; word++)
		if (*word == '/' || *word == ':' || isspace((unsigned char)*word))
			return false;
	return true;
}

static bool has_mac(struct xlpt_host *h, const char *name, const char *file, const char *mac)
{
	_cleanup_free_ char *text = NULL;

	return xlpt_host_read_text(h, &text, NET "/%s/%s", name, file) >= 0 &&
	       !strcasecmp(text, mac);
}

/*
 * A bond gives all its members one address; what is burnt into the card is in bonding_slave then
 * (bond_sysfs_slave.c).
 */
static bool owns_mac(struct xlpt_host *h, const char *name, const char *mac)
{
	if (xlpt_host_has(h, NET "/%s/bonding_slave/perm_hwaddr", name))
		return has_mac(h, name, "bonding_slave/perm_hwaddr", mac);
	return has_mac(h, name, "address", mac);
}

/*
 * The bridge itself in Open vSwitch (xenbr0): the kernel shows no port of it, but the bridge has
 * the address of one.
 */
static void ovs_ports(struct xlpt_host *h, const char *name, struct xlpt_behinds *out)
{
	_cleanup_behinds_ struct xlpt_behinds ports = { 0 };
	_cleanup_free_ char *mac = NULL;

	if (!strcmp(name, "lo") || xlpt_host_has(h, NET "/%s/device", name) ||
	    !xlpt_host_has(h, NET "/" OVS) ||
	    xlpt_host_read_text(h, &mac, NET "/%s/address", name) < 0)
		return;
	xlpt_behind_net(h, OVS, &ports);
	for (size_t i = 0; i < ports.n; i++)
		if (has_mac(h, ports.items[i].member, "address", mac))
			xlpt_behinds_add(out, ports.items[i].bdf, ports.items[i].member);
}

static void one(struct xlpt_finder *f, const char *name, const char *title)
{
	_cleanup_behinds_ struct xlpt_behinds list = { 0 };

	xlpt_behind_net(f->h, name, &list);
	if (!list.n)
		ovs_ports(f->h, name, &list);
	for (size_t i = 0; i < list.n; i++) {
		const char *member = list.items[i].member;

		xlpt_find_add(f, list.items[i].bdf, title,
			      strcmp(member, name)
				      ? xlpt_xasprintf("network interface %s over %s", name, member)
				      : xlpt_xasprintf("network interface %s", name));
	}
	if (!list.n)
		xlpt_find_hollow(f, xlpt_xasprintf("network interface %s", name));
}

void xlpt_find_net(struct xlpt_finder *f)
{
	_cleanup_strv_ char **names = NULL;

	if (f->word) {
		if (xlpt_thing_is_ifname(f->word) && xlpt_host_has(f->h, NET "/%s", f->word))
			one(f, f->word, f->word);
		return;
	}
	xlpt_host_list(f->h, &names, NET);
	for (char **n = names; n && *n; n++)
		one(f, *n, *n);
}

/* Bridges, VLANs and bonds have a card's address as well: they are asked when no card has it. */
void xlpt_find_mac(struct xlpt_finder *f)
{
	_cleanup_strv_ char **names = NULL;
	size_t before = f->out->n;

	if (!f->word || !xlpt_thing_is_mac(f->word))
		return;
	xlpt_host_list(f->h, &names, NET);
	for (int cards = 1; cards >= 0 && f->out->n == before; cards--)
		for (char **n = names; n && *n; n++) {
			struct xlpt_bdf bdf;

			if (xlpt_needs_link_bdf(f->h, NET, *n, &bdf) == cards &&
			    owns_mac(f->h, *n, f->word))
				one(f, *n, f->word);
		}
}

/* ---- names that udev made ---- */

/* One decimal number behind a letter, or false; *s moves behind it. */
static bool part(const char **s, char letter, unsigned max, unsigned *out)
{
	const char *p = *s;
	unsigned v = 0;

	if (*p++ != letter || !isdigit((unsigned char)*p))
		return false;
	for (; isdigit((unsigned char)*p); p++) {
		v = v * 10 + (unsigned)(*p - '0');
		if (v > max)
			return false;
	}
	*s = p;
	*out = v;
	return true;
}

bool xlpt_thing_by_path_name(struct xlpt_host *h, const char *ifname, struct xlpt_bdf *bdf)
{
	static const char *const types[] = { "en", "wl", "ww", "ib", "sl" };
	unsigned seg = 0, bus, dev, func = 0;
	const char *s = ifname;
	size_t t = 0;

	while (t < XLPT_ARRAY_SIZE(types) && !xlpt_starts(ifname, types[t]))
		t++;
	if (t == XLPT_ARRAY_SIZE(types))
		return false;
	s += 2;
	/* [P<domain>]p<bus>s<slot>[f<function>], all decimal (systemd.net-naming-scheme(7)). */
	part(&s, 'P', XLPT_XEN_SEG_MAX, &seg);
	if (!part(&s, 'p', 0xff, &bus) || !part(&s, 's', 0x1f, &dev))
		return false;
	part(&s, 'f', 7, &func);
	*bdf = (struct xlpt_bdf){ seg, (uint8_t)bus, (uint8_t)dev, (uint8_t)func };
	return xlpt_host_has(h, "/sys/bus/pci/devices/%s", XLPT_BDF_STR(*bdf));
}
