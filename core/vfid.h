/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The network identity of a virtual function, as far as its PF and the switch
 * behind it decide it. Written as words that follow a device:
 *
 *	mac=52:54:00:6d:90:02		six octets, not multicast, not all zero
 *	vlan=ID[:QOS[:PROTO]]		0..4094 (0 = none), 0..7, 802.1Q or 802.1ad
 *	trust=on|off  spoofchk=on|off	1 and 0 are the same words
 *	link=auto|enable|disable
 *	min_rate=MBIT  max_rate=MBIT	whole Mbit/s of transmission, 0 = no limit
 *	virtualport=802.1Qbh|802.1Qbg	a switch port profile, with
 *	  profileid=NAME		  Qbh; 1 to 39 characters, as IFLA_PORT_PROFILE holds
 *	  managerid=N typeid=N typeidversion=N	  Qbg; 0..255, 0..16777215, 0..255
 *	  instanceid=UUID hostid=UUID	  either; the guest's and this host's unless given
 *
 * The words are those of ip-link(8) and of libvirt's <virtualport>. Everything
 * is unset unless it was given. A value type: no allocation, copied by assignment.
 */
#ifndef XLPT_CORE_VFID_H
#define XLPT_CORE_VFID_H

#include "core/diag.h"
#include "core/uuid.h"

enum xlpt_tri { XLPT_UNSET = 0, XLPT_OFF, XLPT_ON };

#define XLPT_VLAN_MAX	 4094	/* 4095 is reserved (IEEE 802.1Q, table 9-2) */
#define XLPT_VLAN_8021Q	 0x8100 /* host byte order */
#define XLPT_VLAN_8021AD 0x88a8
#define XLPT_PROFILE_MAX 39 /* linux/if_link.h PORT_PROFILE_MAX with its NUL */

enum xlpt_vf_link { XLPT_LINK_UNSET = 0, XLPT_LINK_AUTO, XLPT_LINK_ENABLE, XLPT_LINK_DISABLE };
enum xlpt_vf_port { XLPT_PORT_UNSET = 0, XLPT_PORT_QBH, XLPT_PORT_QBG };

struct xlpt_vf_vlan {
	uint16_t id; /* 0 = none */
	uint8_t qos;
	uint16_t proto; /* XLPT_VLAN_8021Q or _8021AD */
};

struct xlpt_vf_identity {
	bool has_mac;
	uint8_t mac[6];
	bool has_vlan;
	struct xlpt_vf_vlan vlan;
	enum xlpt_tri trust, spoofchk;
	enum xlpt_vf_link link;
	bool has_min_rate, has_max_rate;
	uint32_t min_rate, max_rate; /* Mbit/s */
	enum xlpt_vf_port port;
	char profileid[XLPT_PROFILE_MAX + 1]; /* "" = not given */
	bool has_instanceid, has_hostid;
	uint8_t instanceid[16], hostid[16]; /* in the order they are written */
	bool has_managerid, has_typeid, has_typeidversion;
	uint8_t managerid, typeidversion;
	uint32_t typeid; /* 24 bits */
};

/* No key was given. */
bool xlpt_vfid_is_empty(const struct xlpt_vf_identity *id);

/* Whether the key of word[0..n), what stands before '=', is one of the above. */
bool xlpt_vfid_knows(const char *word, size_t n);

/*
 * Reads one "key=value" into *id. *seen remembers the keys that were given (0 at
 * first): each may stand once. On error diag->column counts within the word.
 */
int xlpt_vfid_parse(struct xlpt_vf_identity *id, unsigned *seen, const char *word, size_t n,
		    struct xlpt_diag *diag);

/* What only the keys together can get wrong: to be called after the last. */
int xlpt_vfid_check(const struct xlpt_vf_identity *id, struct xlpt_diag *diag);

/* What was given, each key with sep before it; parses back to the same. */
void xlpt_vfid_format(const struct xlpt_vf_identity *id, char sep, struct xlpt_str *out);

#define XLPT_MAC_LEN 18
/* Reads what format writes; false for all else. */
bool xlpt_mac_parse(const char *text, uint8_t mac[6]);
char *xlpt_mac_format(const uint8_t mac[6], char buf[XLPT_MAC_LEN]);
/* For printing inside one expression. */
#define XLPT_MAC_STR(mac) (xlpt_mac_format((mac), (char[XLPT_MAC_LEN]){ 0 }))

/* "42", "42:3", "42:0:802.1ad": the shortest that parses back. */
#define XLPT_VLAN_LEN 24
char *xlpt_vlan_format(struct xlpt_vf_vlan vlan, char buf[XLPT_VLAN_LEN]);
#define XLPT_VLAN_STR(vlan) (xlpt_vlan_format((vlan), (char[XLPT_VLAN_LEN]){ 0 }))

/* "auto" "enable" "disable", "802.1Qbh" "802.1Qbg"; NULL for unset. */
const char *xlpt_vf_link_word(enum xlpt_vf_link link);
const char *xlpt_vf_port_word(enum xlpt_vf_port port);

#endif
