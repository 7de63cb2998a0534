/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A virtual function's identity as text (core/vfid.h). */
#include "core/vfid.h"

#include <string.h>

bool xlpt_vfid_is_empty(const struct xlpt_vf_identity *id)
{
	return !(id->has_mac || id->has_vlan || id->trust || id->spoofchk || id->link ||
		 id->has_min_rate || id->has_max_rate || id->port || *id->profileid ||
		 id->has_instanceid || id->has_hostid || id->has_managerid || id->has_typeid ||
		 id->has_typeidversion);
}

static void add_switch(struct xlpt_str *out, char sep, const char *key, enum xlpt_tri v)
{
	if (v != XLPT_UNSET)
		xlpt_str_addf(out, "%c%s=%s", sep, key, v == XLPT_ON ? "on" : "off");
}

static void add_number(struct xlpt_str *out, char sep, const char *key, bool has, uint32_t v)
{
	if (has)
		xlpt_str_addf(out, "%c%s=%u", sep, key, v);
}

void xlpt_vfid_format(const struct xlpt_vf_identity *id, char sep, struct xlpt_str *out)
{
	if (id->has_mac)
		xlpt_str_addf(out, "%cmac=%s", sep, XLPT_MAC_STR(id->mac));
	if (id->has_vlan)
		xlpt_str_addf(out, "%cvlan=%s", sep, XLPT_VLAN_STR(id->vlan));
	add_switch(out, sep, "trust", id->trust);
	add_switch(out, sep, "spoofchk", id->spoofchk);
	if (id->link)
		xlpt_str_addf(out, "%clink=%s", sep, xlpt_vf_link_word(id->link));
	add_number(out, sep, "min_rate", id->has_min_rate, id->min_rate);
	add_number(out, sep, "max_rate", id->has_max_rate, id->max_rate);
	if (id->port)
		xlpt_str_addf(out, "%cvirtualport=%s", sep, xlpt_vf_port_word(id->port));
	if (*id->profileid)
		xlpt_str_addf(out, "%cprofileid=%s", sep, id->profileid);
	if (id->has_instanceid)
		xlpt_str_addf(out, "%cinstanceid=%s", sep, XLPT_UUID_STR(id->instanceid));
	if (id->has_hostid)
		xlpt_str_addf(out, "%chostid=%s", sep, XLPT_UUID_STR(id->hostid));
	add_number(out, sep, "managerid", id->has_managerid, id->managerid);
	add_number(out, sep, "typeid", id->has_typeid, id->typeid);
	add_number(out, sep, "typeidversion", id->has_typeidversion, id->typeidversion);
}

bool xlpt_mac_parse(const char *text, uint8_t mac[6])
{
	uint64_t v;

	if (strlen(text) != XLPT_MAC_LEN - 1)
		return false;
	for (int i = 0; i < 6; i++) {
		if (!xlpt_parse_uint(text + i * 3, 2, 16, 255, &v) ||
		    text[i * 3 + 2] != (i < 5 ? ':' : '\0'))
			return false;
		mac[i] = (uint8_t)v;
	}
	return true;
}

char *xlpt_mac_format(const uint8_t mac[6], char buf[XLPT_MAC_LEN])
{
	snprintf(buf, XLPT_MAC_LEN, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
		 mac[4], mac[5]);
	return buf;
}

char *xlpt_vlan_format(struct xlpt_vf_vlan vlan, char buf[XLPT_VLAN_LEN])
{
	if (vlan.proto == XLPT_VLAN_8021AD)
		snprintf(buf, XLPT_VLAN_LEN, "%u:%u:802.1ad", vlan.id, vlan.qos);
	else if (vlan.qos)
		snprintf(buf, XLPT_VLAN_LEN, "%u:%u", vlan.id, vlan.qos);
	else
		snprintf(buf, XLPT_VLAN_LEN, "%u", vlan.id);
	return buf;
}
const char *xlpt_vf_link_word(enum xlpt_vf_link link)
{
	static const char *const words[] = { NULL, "auto", "enable", "disable" };

	return words[link];
}

const char *xlpt_vf_port_word(enum xlpt_vf_port port)
{
	static const char *const words[] = { NULL, "802.1Qbh", "802.1Qbg" };

	return words[port];
}
