/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/vfid.h"

#include <ctype.h>
#include <string.h>

#define RATE_MAX 10000000u /* 10 Tbit/s: what lies above is a slip of the unit */

enum key {
	KEY_MAC,
	KEY_VLAN,
	KEY_TRUST,
	KEY_SPOOFCHK,
	KEY_LINK,
	KEY_MIN_RATE,
	KEY_MAX_RATE,
	KEY_PORT,
	KEY_PROFILE,
	KEY_INSTANCE,
	KEY_HOST,
	KEY_MANAGER,
	KEY_TYPE,
	KEY_TYPE_VERSION,
	N_KEYS
};

/* clang-format off */
static const char *const key_names[N_KEYS] = {
	"mac", "vlan", "trust", "spoofchk", "link", "min_rate", "max_rate", "virtualport",
	"profileid", "instanceid", "hostid", "managerid", "typeid", "typeidversion",
};
/* clang-format on */

/* One value while it is read. */
struct value {
	const char *key;
	const char *s;
	size_t n;
	size_t off; /* of s within the word */
	struct xlpt_diag *diag;
};

static int XLPT_PRINTF(4, 5)
	bad(const struct value *v, size_t at, const char *hint, const char *fmt, ...)
{
	_cleanup_free_ char *what = NULL;
	va_list ap;

	va_start(ap, fmt);
	what = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	xlpt_diag_set(v->diag, XLPT_ERR_SYNTAX, "%s", what);
	xlpt_diag_at(v->diag, NULL, 0, (unsigned)(v->off + at) + 1);
	xlpt_diag_hint(v->diag, "%s", hint);
	return XLPT_ERR_SYNTAX;
}

static bool is_word(const struct value *v, const char *word)
{
	return v->n == strlen(word) && !memcmp(v->s, word, v->n);
}

static int hex(char c)
{
	return isdigit((unsigned char)c)    ? c - '0'
	       : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
					    : -1;
}

static int parse_mac(const struct value *v, struct xlpt_vf_identity *id)
{
	static const char hint[] = "write it as 52:54:00:6d:90:02";
	bool zero = true;

	for (size_t i = 0; i < 17; i++) {
		bool colon = i % 3 == 2;

		if (i >= v->n || (colon ? v->s[i] != ':' : hex(v->s[i]) < 0))
			return bad(v, i < v->n ? i : v->n, hint,
				   "\"%.*s\" is not a MAC address: expected %s", (int)v->n, v->s,
				   colon ? "':'" : "a hexadecimal digit");
	}
	if (v->n > 17)
		return bad(v, 17, hint, "\"%.*s\" is not a MAC address: unexpected text behind it",
			   (int)v->n, v->s);
	for (size_t i = 0; i < 6; i++) {
		id->mac[i] = (uint8_t)(hex(v->s[3 * i]) << 4 | hex(v->s[3 * i + 1]));
		zero &= id->mac[i] == 0;
	}
	/* The kernel's drivers refuse both with a bare EINVAL (is_valid_ether_addr). */
	if (zero)
		return bad(v, 0, "leave mac= out to keep the address that the VF has",
			   "the MAC address is all zero, which no interface can have");
	if (id->mac[0] & 1)
		return bad(v, 0, "make the first octet even, e.g. 52:54:00:...",
			   "%.*s is a multicast address", (int)v->n, v->s);
	id->has_mac = true;
	return 0;
}

static int parse_vlan(const struct value *v, struct xlpt_vf_identity *id)
{
	static const char hint[] = "vlan=ID[:QOS[:PROTO]], e.g. vlan=42 or vlan=42:3:802.1Q";
	const char *end = v->s + v->n, *s = v->s;
	const char *colon = memchr(s, ':', v->n);
	size_t n = colon ? (size_t)(colon - s) : v->n;
	uint64_t num;

	if (!xlpt_parse_uint(s, n, 10, UINT32_MAX, &num))
		return bad(v, 0, hint, "VLAN \"%.*s\" is not a decimal number", (int)n, s);
	if (num > XLPT_VLAN_MAX)
		return bad(v, 0, "VLANs are 1 to 4094, 0 means none", "VLAN %llu is over 4094",
			   (unsigned long long)num);
	id->vlan = (struct xlpt_vf_vlan){ .id = (uint16_t)num, .proto = XLPT_VLAN_8021Q };
	id->has_vlan = true;
	if (!colon)
		return 0;
	s = colon + 1;
	colon = memchr(s, ':', (size_t)(end - s));
	n = colon ? (size_t)(colon - s) : (size_t)(end - s);
	if (!xlpt_parse_uint(s, n, 10, 7, &num))
		return bad(v, (size_t)(s - v->s), hint, "QoS \"%.*s\" is not a number from 0 to 7",
			   (int)n, s);
	id->vlan.qos = (uint8_t)num;
	if (!colon)
		return 0;
	s = colon + 1;
	n = (size_t)(end - s);
	if (n == 7 && !strncasecmp(s, "802.1ad", n))
		id->vlan.proto = XLPT_VLAN_8021AD;
	else if (n != 6 || strncasecmp(s, "802.1Q", n) != 0)
		return bad(v, (size_t)(s - v->s), hint,
			   "VLAN protocol \"%.*s\" is neither 802.1Q nor 802.1ad", (int)n, s);
	return 0;
}

static int parse_switch(const struct value *v, enum xlpt_tri *out)
{
	if (is_word(v, "on") || is_word(v, "1"))
		*out = XLPT_ON;
	else if (is_word(v, "off") || is_word(v, "0"))
		*out = XLPT_OFF;
	else
		return bad(v, 0, "the words are on and off", "%s must be on or off, not \"%.*s\"",
			   v->key, (int)v->n, v->s);
	return 0;
}

static int parse_link(const struct value *v, enum xlpt_vf_link *out)
{
	*out = is_word(v, "auto")      ? XLPT_LINK_AUTO
	       : is_word(v, "enable")  ? XLPT_LINK_ENABLE
	       : is_word(v, "disable") ? XLPT_LINK_DISABLE
				       : XLPT_LINK_UNSET;
	if (*out == XLPT_LINK_UNSET)
		return bad(v, 0, "auto follows the PF's link",
			   "link must be auto, enable or disable, not \"%.*s\"", (int)v->n, v->s);
	return 0;
}

static int parse_number(const struct value *v, uint64_t max, const char *unit, bool *has,
			uint32_t *out)
{
	_cleanup_free_ char *hint =
		xlpt_xasprintf("a decimal number from 0 to %llu%s", (unsigned long long)max, unit);
	uint64_t num;

	if (!xlpt_parse_uint(v->s, v->n, 10, max, &num))
		return bad(v, 0, hint, "%s \"%.*s\" is not a number from 0 to %llu", v->key,
			   (int)v->n, v->s, (unsigned long long)max);
	*has = true;
	*out = (uint32_t)num;
	return 0;
}

static int parse_octet(const struct value *v, bool *has, uint8_t *out)
{
	uint32_t num = 0;
	int rc = parse_number(v, 255, "", has, &num);

	if (rc == 0)
		*out = (uint8_t)num;
	return rc;
}

static int parse_uuid(const struct value *v, bool *has, uint8_t out[16])
{
	if (!xlpt_uuid_parse(v->s, v->n, out))
		return bad(v, 0, "for example 5f3c1b5e-0d3c-4a55-9a7e-3b1f7c1e2d10",
			   "%s \"%.*s\" is not a UUID", v->key, (int)v->n, v->s);
	*has = true;
	return 0;
}

static int parse_profile(const struct value *v, char out[XLPT_PROFILE_MAX + 1])
{
	if (v->n == 0 || v->n > XLPT_PROFILE_MAX)
		return bad(v, 0, "the name is the switch's own", "profileid has 1 to %d characters",
			   XLPT_PROFILE_MAX);
	for (size_t i = 0; i < v->n; i++)
		if ((unsigned char)v->s[i] < ' ' || v->s[i] == 0x7f)
			return bad(v, i, "the name is the switch's own",
				   "profileid has printable characters only");
	memcpy(out, v->s, v->n);
	out[v->n] = '\0';
	return 0;
}

static int parse_port(const struct value *v, enum xlpt_vf_port *out)
{
	if (is_word(v, "802.1Qbh"))
		*out = XLPT_PORT_QBH;
	else if (is_word(v, "802.1Qbg"))
		*out = XLPT_PORT_QBG;
	else
		return bad(v, 0, "a VF knows virtualport=802.1Qbh and virtualport=802.1Qbg",
			   "virtualport \"%.*s\" is neither 802.1Qbh nor 802.1Qbg", (int)v->n,
			   v->s);
	return 0;
}

static int parse_value(enum key key, const struct value *v, struct xlpt_vf_identity *id)
{
	switch (key) {
	case KEY_MAC:
		return parse_mac(v, id);
	case KEY_VLAN:
		return parse_vlan(v, id);
	case KEY_TRUST:
		return parse_switch(v, &id->trust);
	case KEY_SPOOFCHK:
		return parse_switch(v, &id->spoofchk);
	case KEY_LINK:
		return parse_link(v, &id->link);
	case KEY_MIN_RATE:
		return parse_number(v, RATE_MAX, " Mbit/s", &id->has_min_rate, &id->min_rate);
	case KEY_MAX_RATE:
		return parse_number(v, RATE_MAX, " Mbit/s", &id->has_max_rate, &id->max_rate);
	case KEY_PORT:
		return parse_port(v, &id->port);
	case KEY_PROFILE:
		return parse_profile(v, id->profileid);
	case KEY_INSTANCE:
		return parse_uuid(v, &id->has_instanceid, id->instanceid);
	case KEY_HOST:
		return parse_uuid(v, &id->has_hostid, id->hostid);
	case KEY_MANAGER:
		return parse_octet(v, &id->has_managerid, &id->managerid);
	case KEY_TYPE:
		return parse_number(v, 0xffffff, "", &id->has_typeid, &id->typeid);
	default:
		return parse_octet(v, &id->has_typeidversion, &id->typeidversion);
	}
}

static int find_key(const char *word, size_t n)
{
	const char *eq = memchr(word, '=', n);
	size_t klen = eq ? (size_t)(eq - word) : 0;

	for (int i = 0; eq && i < N_KEYS; i++)
		if (strlen(key_names[i]) == klen && !memcmp(key_names[i], word, klen))
			return i;
	return -1;
}

bool xlpt_vfid_knows(const char *word, size_t n)
{
	return find_key(word, n) >= 0;
}

int xlpt_vfid_parse(struct xlpt_vf_identity *id, unsigned *seen, const char *word, size_t n,
		    struct xlpt_diag *diag)
{
	static const char hint[] = "keys are mac, vlan, trust, spoofchk, link, min_rate, max_rate, "
				   "virtualport, profileid, instanceid, hostid, managerid, typeid, "
				   "typeidversion";
	struct value v = { .diag = diag };
	const char *eq = memchr(word, '=', n);
	int key = find_key(word, n);

	if (!eq)
		return bad(&v, 0, hint, "\"%.*s\" is not key=value", (int)n, word);
	if (key < 0)
		return bad(&v, 0, hint, "unknown key \"%.*s\"", (int)(eq - word), word);
	if (*seen & 1u << key)
		return bad(&v, 0, "give each key once", "%s is given twice", key_names[key]);
	*seen |= 1u << key;
	v.key = key_names[key];
	v.s = eq + 1;
	v.n = n - (size_t)(v.s - word);
	v.off = (size_t)(v.s - word);
	return parse_value((enum key)key, &v, id);
}

static int refuse(struct xlpt_diag *diag, const char *message, const char *hint)
{
	xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "%s", message);
	xlpt_diag_hint(diag, "%s", hint);
	return XLPT_ERR_SYNTAX;
}

int xlpt_vfid_check(const struct xlpt_vf_identity *id, struct xlpt_diag *diag)
{
	bool qbg = id->has_managerid || id->has_typeid || id->has_typeidversion;

	if (id->has_min_rate && id->has_max_rate && id->max_rate && id->min_rate > id->max_rate)
		return refuse(diag, "min_rate is above max_rate",
			      "min_rate is what the VF gets at "
			      "least, max_rate what it gets at most, both in Mbit/s");
	if (id->port == XLPT_PORT_UNSET &&
	    (qbg || *id->profileid || id->has_instanceid || id->has_hostid))
		return refuse(diag, "a port profile's keys are given without virtualport",
			      "add virtualport=802.1Qbh or virtualport=802.1Qbg");
	if (id->port == XLPT_PORT_QBH && !*id->profileid)
		return refuse(diag, "virtualport=802.1Qbh needs profileid", "add profileid=NAME");
	if (id->port == XLPT_PORT_QBH && qbg)
		return refuse(diag, "managerid, typeid and typeidversion belong to 802.1Qbg",
			      "802.1Qbh takes profileid, instanceid and hostid");
	if (id->port == XLPT_PORT_QBG && *id->profileid)
		return refuse(diag, "profileid belongs to 802.1Qbh",
			      "802.1Qbg takes managerid, typeid, typeidversion and instanceid");
	if (id->port == XLPT_PORT_QBG &&
	    !(id->has_managerid && id->has_typeid && id->has_typeidversion))
		return refuse(diag,
			      "virtualport=802.1Qbg needs managerid, typeid and typeidversion",
			      "the switch's administrator has the three numbers");
	return 0;
}
