/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/cli/output.h"

static void add_switch(struct json_object *o, const char *key, enum xlpt_tri v)
{
	if (v != XLPT_UNSET)
		xlpt_json_add(o, key, json_object_new_boolean(v == XLPT_ON));
}

static void add_number(struct json_object *o, const char *key, bool has, uint32_t v)
{
	if (has)
		xlpt_json_add(o, key, json_object_new_int64(v));
}

struct json_object *xlpt_json_vf_identity(const struct xlpt_vf_identity *id)
{
	struct json_object *o = json_object_new_object();

	if (id->has_mac)
		xlpt_json_add(o, "mac", xlpt_json_str(XLPT_MAC_STR(id->mac)));
	if (id->has_vlan) {
		add_number(o, "vlan", true, id->vlan.id);
		add_number(o, "qos", true, id->vlan.qos);
		xlpt_json_add(
			o, "vlan_proto",
			xlpt_json_str(id->vlan.proto == XLPT_VLAN_8021AD ? "802.1ad" : "802.1Q"));
	}
	add_switch(o, "trust", id->trust);
	add_switch(o, "spoofchk", id->spoofchk);
	if (id->link)
		xlpt_json_add(o, "link", xlpt_json_str(xlpt_vf_link_word(id->link)));
	add_number(o, "min_rate", id->has_min_rate, id->min_rate);
	add_number(o, "max_rate", id->has_max_rate, id->max_rate);
	if (id->port)
		xlpt_json_add(o, "virtualport", xlpt_json_str(xlpt_vf_port_word(id->port)));
	if (*id->profileid)
		xlpt_json_add(o, "profileid", xlpt_json_str(id->profileid));
	if (id->has_instanceid)
		xlpt_json_add(o, "instanceid", xlpt_json_str(XLPT_UUID_STR(id->instanceid)));
	if (id->has_hostid)
		xlpt_json_add(o, "hostid", xlpt_json_str(XLPT_UUID_STR(id->hostid)));
	add_number(o, "managerid", id->has_managerid, id->managerid);
	add_number(o, "typeid", id->has_typeid, id->typeid);
	add_number(o, "typeidversion", id->has_typeidversion, id->typeidversion);
	return o;
}
