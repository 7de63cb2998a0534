/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <libxlutil.h>
#include <string.h>

#include "core/spec.h"

#define ALL UINT32_MAX
#define NAME64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static bool same_vf(const struct xlpt_vf_identity *a, const struct xlpt_vf_identity *b)
{
	return a->has_mac == b->has_mac && !memcmp(a->mac, b->mac, 6) && a->has_vlan == b->has_vlan &&
	       a->vlan.id == b->vlan.id && a->vlan.qos == b->vlan.qos &&
	       a->vlan.proto == b->vlan.proto && a->trust == b->trust &&
	       a->spoofchk == b->spoofchk && a->link == b->link &&
	       a->has_min_rate == b->has_min_rate && a->min_rate == b->min_rate &&
	       a->has_max_rate == b->has_max_rate && a->max_rate == b->max_rate &&
	       a->port == b->port && !strcmp(a->profileid, b->profileid) &&
	       a->has_instanceid == b->has_instanceid && a->has_hostid == b->has_hostid &&
	       !memcmp(a->instanceid, b->instanceid, 16) && !memcmp(a->hostid, b->hostid, 16) &&
	       a->has_managerid == b->has_managerid && a->managerid == b->managerid &&
	       a->has_typeid == b->has_typeid && a->typeid == b->typeid &&
	       a->has_typeidversion == b->has_typeidversion && a->typeidversion == b->typeidversion;
}

static void assert_same(const struct xlpt_spec *a, const struct xlpt_spec *b, const char *text)
{
	if (a->has_bdf != b->has_bdf || !xlpt_bdf_eq(a->bdf, b->bdf) ||
	    a->all_funcs != b->all_funcs || !xlpt_streq(a->name, b->name) || a->vslot != b->vslot ||
	    !xlpt_streq(a->pool, b->pool) || !xlpt_streq(a->pin, b->pin) || !same_vf(&a->vf, &b->vf) ||
	    a->permissive != b->permissive || a->msitranslate != b->msitranslate ||
	    a->seize != b->seize || a->power_mgmt != b->power_mgmt ||
	    a->rdm_policy != b->rdm_policy)
		fail_msg("\"%s\" has another meaning than expected", text);
}

#define SPEC(slot, ...) { .vslot = (slot), __VA_ARGS__ }
#define NIC .has_bdf = true, .bdf = { .bus = 9 }

static void test_good(void **state)
{
	static const struct {
		const char *text;
		struct xlpt_spec want;
		const char *canonical;	/* NULL = the text itself */
	} cases[] = {
		{ "0000:09:00.0", SPEC(-1, NIC), NULL },
		{ "09:00.0", SPEC(-1, NIC), "0000:09:00.0" },
		{ "9:0.0", SPEC(-1, NIC), "0000:09:00.0" },
		{ "FFFF:fe:1f.7", SPEC(-1, .has_bdf = true, .bdf = { 0xffff, 0xfe, 0x1f, 7 }),
		  "ffff:fe:1f.7" },
		{ "0000:09:00.*", SPEC(-1, NIC, .all_funcs = true), NULL },
		{ "09:00.*@1f", SPEC(0x1f, NIC, .all_funcs = true), "0000:09:00.*@1f" },
		{ "0000:09:00.0@4", SPEC(4, NIC), NULL },
		{ "0000:09:00.0@0", SPEC(0, NIC), NULL },
		{ "09:00.0@01F", SPEC(0x1f, NIC), "0000:09:00.0@1f" },
		{ "09:00.0,vslot=10", SPEC(0x10, NIC), "0000:09:00.0@10" },
		{ "bdf=09:00.0", SPEC(-1, NIC), "0000:09:00.0" },
		{ "bdf=09:00.*", SPEC(-1, NIC, .all_funcs = true), "0000:09:00.*" },
		{ "seize=1,bdf=09:00.0", SPEC(-1, NIC, .seize = XLPT_ON), "0000:09:00.0,seize=1" },
		{ "bdf=09:00.0,permissive=1", SPEC(-1, NIC, .permissive = XLPT_ON),
		  "0000:09:00.0,permissive=1" },
		{ "0000:09:00.0,permissive=0", SPEC(-1, NIC, .permissive = XLPT_OFF), NULL },
		{ "0000:09:00.0,msitranslate=1", SPEC(-1, NIC, .msitranslate = XLPT_ON), NULL },
		{ "0000:09:00.0,power_mgmt=0", SPEC(-1, NIC, .power_mgmt = XLPT_OFF), NULL },
		{ "0000:09:00.0,rdm_policy=strict", SPEC(-1, NIC, .rdm_policy = XLPT_RDM_STRICT),
		  NULL },
		{ "0000:09:00.0,rdm_policy=relaxed", SPEC(-1, NIC, .rdm_policy = XLPT_RDM_RELAXED),
		  NULL },
		{ "rdm_policy=strict,power_mgmt=1,seize=0,msitranslate=0,permissive=1,vslot=2,"
		  "bdf=1:2:3.4",
		  { true, { 1, 2, 3, 4 }, false, NULL, NULL, NULL, 2, XLPT_ON, XLPT_OFF, XLPT_OFF, XLPT_ON,
		    XLPT_RDM_STRICT, { 0 } },
		  "0001:02:03.4@2,permissive=1,msitranslate=0,seize=0,power_mgmt=1,"
		  "rdm_policy=strict" },
		{ "name=nic0", SPEC(-1, .name = (char *)"nic0"), NULL },
		{ "name=a=b@09:00.0*", SPEC(-1, .name = (char *)"a=b@09:00.0*"), NULL },
		{ "name=nic0,vslot=1a,seize=1",
		  SPEC(0x1a, .name = (char *)"nic0", .seize = XLPT_ON), NULL },
		{ "name=" NAME64, SPEC(-1, .name = (char *)NAME64), NULL },
		{ "pool:lan", SPEC(-1, .pool = (char *)"lan"), NULL },
		{ "pool:a:b.c_d-e@1f,seize=1",
		  SPEC(0x1f, .pool = (char *)"a:b.c_d-e", .seize = XLPT_ON), NULL },
		{ "pool=lan,bdf=09:00.0,seize=0",
		  SPEC(-1, NIC, .pool = (char *)"lan", .seize = XLPT_OFF),
		  "0000:09:00.0,seize=0,pool=lan" },
		{ "0000:09:00.0@4,pool=lan,vlan=42",
		  SPEC(4, NIC, .pool = (char *)"lan",
		       .vf = { .has_vlan = true, .vlan = { 42, 0, 0x8100 } }), NULL },
		{ "pin:nic0,vslot=4", SPEC(4, .pin = (char *)"nic0"), "pin:nic0@4" },
		{ "pin:" NAME64, SPEC(-1, .pin = (char *)NAME64), NULL },
		{ "09:00.0,mac=52:54:00:6D:90:02",
		  SPEC(-1, NIC, .vf = { .has_mac = true, .mac = { 0x52, 0x54, 0, 0x6d, 0x90, 2 } }),
		  "0000:09:00.0,mac=52:54:00:6d:90:02" },
		{ "0000:09:00.0,vlan=42", SPEC(-1, NIC, .vf = { .has_vlan = true,
								.vlan = { 42, 0, 0x8100 } }), NULL },
		{ "0000:09:00.0,vlan=4094:7", SPEC(-1, NIC, .vf = { .has_vlan = true,
								    .vlan = { 4094, 7, 0x8100 } }),
		  NULL },
		{ "09:00.0,vlan=0:0:802.1q", SPEC(-1, NIC, .vf = { .has_vlan = true,
								   .vlan = { 0, 0, 0x8100 } }),
		  "0000:09:00.0,vlan=0" },
		{ "0000:09:00.0,vlan=5:0:802.1ad", SPEC(-1, NIC, .vf = { .has_vlan = true,
									 .vlan = { 5, 0, 0x88a8 } }),
		  NULL },
		{ "link=enable,max_rate=100,min_rate=0,spoofchk=1,trust=off,bdf=09:00.0",
		  SPEC(-1, NIC, .vf = { .link = XLPT_LINK_ENABLE, .has_max_rate = true,
					.max_rate = 100, .has_min_rate = true,
					.spoofchk = XLPT_ON, .trust = XLPT_OFF }),
		  "0000:09:00.0,trust=off,spoofchk=on,link=enable,min_rate=0,max_rate=100" },
		{ "pool:lan,virtualport=802.1Qbh,profileid=a b",
		  SPEC(-1, .pool = (char *)"lan", .vf = { .port = XLPT_PORT_QBH, .profileid = "a b" }),
		  NULL },
		{ "pool:lan,virtualport=802.1Qbg,instanceid=00112233-4455-6677-8899-aabbccddeeff,"
		  "managerid=255,typeid=16777215,typeidversion=0",
		  SPEC(-1, .pool = (char *)"lan",
		       .vf = { .port = XLPT_PORT_QBG, .has_managerid = true, .managerid = 255,
			       .has_typeid = true, .typeid = 0xffffff, .has_typeidversion = true,
			       .has_instanceid = true,
			       .instanceid = { 0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99,
					       0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff } }), NULL },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		_cleanup_spec_ struct xlpt_spec spec, copy;
		_cleanup_free_ char *text = NULL;

		if (xlpt_spec_parse(cases[i].text, &spec, &diag))
			fail_msg("%s", diag.message);
		assert_null(diag.message);
		assert_same(&spec, &cases[i].want, cases[i].text);
		text = xlpt_spec_format(&spec);
		assert_string_equal(text, cases[i].canonical ? cases[i].canonical : cases[i].text);
		xlpt_spec_copy(&copy, &spec);
		assert_same(&copy, &spec, cases[i].text);
		assert_true(!copy.name || copy.name != spec.name);
		assert_true(!copy.pool || copy.pool != spec.pool);
		assert_true(!copy.pin || copy.pin != spec.pin);
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *text;
		unsigned column;
		const char *message;
	} cases[] = {
		{ "", 1, "empty" },
		{ "nic0", 1, "no bus number" },
		{ ",", 1, "no bus number" },
		{ "@4", 1, "no bus number" },
		{ "*", 1, "no bus number" },
		{ "01:00", 6, "expected '.' and the function" },
		{ "bdf=01:00", 10, "expected '.' and the function" },
		{ "seize=1,bdf=01:00", 18, "expected '.' and the function" },
		{ "bdf=", 5, "no bus number" },
		{ " 09:00.0", 1, "expected the bus" },
		{ "09:00.0 ", 8, "unexpected text" },
		{ "0x9:0.0", 2, "expected ':' after the bus" },
		{ "10000:09:00.0", 1, "segment 10000 is above ffff" },
		{ "bdf=10000:09:00.0", 5, "segment 10000 is above ffff" },
		{ "09:00.8", 7, "function 8 is out of range (0-7)" },
		{ "09:00.1*", 8, "unexpected text" },
		{ "09:00.**", 7, "expected the function" },
		{ "09:0*", 5, "expected '.' and the function" },
		{ "09:*.0", 4, "expected the device" },
		{ "09:00.*.0", 7, "expected the function" },
		{ "bdf=09:00.0@4", 12, "unexpected text" },
		/* the slot is hexadecimal; the second one is the manual page's own example */
		{ "09:00.0@", 9, "guest slot \"\" is not" },
		{ "09:00.0@20", 9, "guest slot 0x20 is out of range (0-1f)" },
		{ "09:00.0,vslot=20", 15, "guest slot 0x20 is out of range" },
		{ "09:00.0,vslot=", 15, "guest slot \"\" is not" },
		{ "09:00.0@0x4", 9, "without 0x" },
		{ "09:00.0@0X4", 9, "without 0x" },
		{ "09:00.0@g", 9, "guest slot \"g\" is not" },
		{ "09:00.0@-1", 9, "guest slot \"-1\" is not" },
		{ "09:00.0@4@5", 9, "guest slot \"4@5\" is not" },
		{ "09:00.0@ffffffffffffffffff", 9, "is not a hexadecimal number" },
		{ "09:00.0@auto", 9, "guest slot \"auto\" is not" },
		/* booleans are 0 or 1 */
		{ "09:00.0,permissive=yes", 20, "permissive must be 0 or 1, not \"yes\"" },
		{ "09:00.0,permissive=", 20, "permissive must be 0 or 1, not \"\"" },
		{ "09:00.0,msitranslate=2", 22, "msitranslate must be 0 or 1" },
		{ "09:00.0,seize=01", 15, "seize must be 0 or 1" },
		{ "09:00.0,seize= 1", 15, "seize must be 0 or 1" },
		{ "09:00.0,power_mgmt=true", 20, "power_mgmt must be 0 or 1" },
		{ "09:00.0,rdm_policy=none", 20,
		  "rdm_policy must be strict or relaxed, not \"none\"" },
		{ "09:00.0,rdm_policy=STRICT", 20, "rdm_policy must be strict or relaxed" },
		{ "09:00.0,rdm_policy=strictly", 20, "rdm_policy must be strict or relaxed" },
		{ "09:00.0,rdm_policy=", 20, "rdm_policy must be strict or relaxed" },
		/* items */
		{ "09:00.0,permissive", 9, "\"permissive\" is not key=value" },
		{ "09:00.0,", 9, "expected key=value" },
		{ "09:00.0,,seize=1", 9, "expected key=value" },
		{ "09:00.0,seize=1,", 17, "expected key=value" },
		{ "09:00.0, seize=1", 9, "unknown key \" seize\"" },
		{ "09:00.0,bogus=1", 9, "unknown key \"bogus\"" },
		{ "09:00.0,Seize=1", 9, "unknown key \"Seize\"" },
		{ "09:00.0,seiz=1", 9, "unknown key \"seiz\"" },
		{ "09:00.0,=1", 9, "unknown key \"\"" },
		{ "09:00.0@4=1", 1, "unknown key \"09:00.0@4\"" },
		{ "pool:a=1", 1, "unknown key \"pool:a\"" },
		{ "seize=1,09:00.0", 9, "\"09:00.0\" is not key=value" },
		{ "09:00.0,0a:00.0", 9, "\"0a:00.0\" is not key=value" },
		/* once each */
		{ "09:00.0,bdf=0a:00.0", 9, "bdf is given twice" },
		{ "09:00.0@4,vslot=4", 11, "vslot is given twice" },
		{ "09:00.0,seize=1,seize=0", 17, "seize is given twice" },
		{ "09:00.0,rdm_policy=strict,rdm_policy=strict", 27, "rdm_policy is given twice" },
		{ "name=a,name=b", 8, "name is given twice" },
		{ "09:00.0,name=nic0", 9, "bdf and name exclude each other" },
		{ "name=nic0,bdf=09:00.0", 11, "bdf and name exclude each other" },
		{ "seize=1", 1, "neither an address nor a name" },
		{ "name=", 6, "a name has 1 to 64 characters" },
		{ "name=" NAME64 "x", 6, "a name has 1 to 64 characters" },
		{ "name=nic 0", 9, "printable" },
		{ "name=nic\t", 9, "printable" },
		{ "name=n\303\251", 7, "printable" },
		/* pools and pins */
		{ "pool:", 6, "a name has 1 to 64 characters" },
		{ "pin:@4", 5, "a name has 1 to 64 characters" },
		{ "pin:" NAME64 "x", 5, "a name has 1 to 64 characters" },
		{ "pool:../lease", 6, "a pool's name has printable characters without '/'" },
		{ "pin:a/b", 6, "a pin's name has printable characters without '/'" },
		{ "pin:a b", 6, "printable" },
		{ "pool:09:00.0", 6, "09:00.0 is an address, never a name" },
		{ "pool:lan,bdf=09:00.0", 10, "bdf excludes pool:" },
		{ "pool:lan,pool=lan", 10, "pool excludes pool:" },
		{ "pin:nic,pool=lan", 9, "pool excludes pin:" },
		{ "09:00.0,pool=lan,pool=san", 18, "pool is given twice" },
		{ "name=nic0,pool=lan", 11, "pool and name exclude each other" },
		{ "pool=lan,name=nic0", 10, "pool and name exclude each other" },
		{ "pool=lan", 1, "neither an address nor a name" },
		{ "09:00.*,pool=lan", 1, "a pool gives out single functions" },
		{ "09:00.0,pool=", 14, "a name has 1 to 64 characters" },
		{ "09:00.0,pool=../x", 14, "a pool's name has printable characters without '/'" },
		{ "09:00.0,pool=03:00.0", 14, "03:00.0 is an address, never a name" },
		{ "pin:lan,name=nic0", 9, "name excludes pin:" },
		{ "pool:lan,pin:lan", 10, "\"pin:lan\" is not key=value" },
		{ "Pool:lan", 1, "expected the bus" },
		{ "pool:lan@20", 10, "guest slot 0x20 is out of range" },
		/* the identity of a VF */
		{ "09:00.0,mac=52:54:00:6d:90", 27, "expected ':'" },
		{ "09:00.0,mac=52:54:00:6d:90:0", 29, "expected a hexadecimal digit" },
		{ "09:00.0,mac=52:54:00:6d:90:02:03", 30, "unexpected text" },
		{ "09:00.0,mac=52-54-00-6d-90-02", 15, "expected ':'" },
		{ "09:00.0,mac=", 13, "expected a hexadecimal digit" },
		{ "09:00.0,mac=00:00:00:00:00:00", 13, "all zero" },
		{ "09:00.0,mac=01:00:5e:00:00:01", 13, "01:00:5e:00:00:01 is a multicast address" },
		{ "09:00.0,mac=ff:ff:ff:ff:ff:ff", 13, "ff:ff:ff:ff:ff:ff is a multicast address" },
		{ "09:00.0,vlan=4095", 14, "VLAN 4095 is over 4094" },
		{ "09:00.0,vlan=65578", 14, "VLAN 65578 is over 4094" },
		{ "09:00.0,vlan=", 14, "VLAN \"\" is not a decimal number" },
		{ "09:00.0,vlan=0x2a", 14, "VLAN \"0x2a\" is not a decimal number" },
		{ "09:00.0,vlan=-1", 14, "is not a decimal number" },
		{ "09:00.0,vlan=42:8", 17, "QoS \"8\" is not a number from 0 to 7" },
		{ "09:00.0,vlan=42:", 17, "QoS \"\" is not a number" },
		{ "09:00.0,vlan=42:1:802.1x", 19, "is neither 802.1Q nor 802.1ad" },
		{ "09:00.0,vlan=42:1:802.1Q:1", 19, "is neither 802.1Q nor 802.1ad" },
		{ "09:00.0,trust=yes", 15, "trust must be on or off, not \"yes\"" },
		{ "09:00.0,spoofchk=", 18, "spoofchk must be on or off" },
		{ "09:00.0,link=up", 14, "link must be auto, enable or disable, not \"up\"" },
		{ "09:00.0,max_rate=1.5", 18, "max_rate \"1.5\" is not a number" },
		{ "09:00.0,min_rate=99999999999", 18, "is not a number from 0 to 10000000" },
		{ "09:00.0,min_rate=20,max_rate=10", 9, "min_rate is above max_rate" },
		{ "09:00.0,mac=52:54:00:6d:90:02,mac=52:54:00:6d:90:02", 31, "mac is given twice" },
		{ "09:00.0,virtualport=802.1qbh", 21, "is neither 802.1Qbh nor 802.1Qbg" },
		{ "09:00.0,virtualport=802.1Qbh", 9, "needs profileid" },
		{ "09:00.0,profileid=a", 9, "without virtualport" },
		{ "09:00.0,virtualport=802.1Qbh,profileid=", 40, "1 to 39 characters" },
		{ "09:00.0,virtualport=802.1Qbh,profileid=a\tb", 41, "printable characters" },
		{ "09:00.0,virtualport=802.1Qbh,profileid=a,typeid=1", 9, "belong to 802.1Qbg" },
		{ "09:00.0,virtualport=802.1Qbg,managerid=1", 9, "needs managerid, typeid and" },
		{ "09:00.0,virtualport=802.1Qbg,profileid=1", 9, "belongs to 802.1Qbh" },
		{ "09:00.0,managerid=256", 19, "managerid \"256\" is not a number from 0 to 255" },
		{ "09:00.0,typeid=16777216", 16, "from 0 to 16777215" },
		{ "09:00.0,instanceid=1", 20, "instanceid \"1\" is not a UUID" },
		{ "09:00.0,hostid=00112233-4455-6677-8899-aabbccddeef", 16, "is not a UUID" },
		{ "09:00.*,vlan=1", 1, "one identity is given for every function" },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		_cleanup_free_ char *where = xlpt_xasprintf("%s: column %u: ", cases[i].text,
							    cases[i].column);
		struct xlpt_spec spec, empty;

		xlpt_spec_init(&empty);
		assert_int_equal(xlpt_spec_parse(cases[i].text, &spec, &diag), XLPT_ERR_SYNTAX);
		assert_int_equal(diag.code, XLPT_ERR_SYNTAX);
		if (diag.column != cases[i].column || !strstr(diag.message, cases[i].message))
			fail_msg("\"%s\" gives: column %u: %s", cases[i].text, diag.column,
				 diag.message);
		assert_true(xlpt_starts(diag.message, where));
		assert_non_null(diag.hint);
		assert_same(&spec, &empty, cases[i].text);
		assert_int_equal(xlpt_spec_parse(cases[i].text, &spec, NULL), XLPT_ERR_SYNTAX);
	}
}

/* What helps on the way out of the traps. */
static void test_hints(void **state)
{
	static const struct {
		const char *text, *fact, *hint;
	} cases[] = {
		{ "09:00.0,permissive=yes", "\"yes\" means 0", "permissive=1 or permissive=0" },
		{ "09:00.0,bogus=1", NULL, "rdm_policy (xl-pci-configuration(5))" },
		{ "10000:09:00.0", "16 bits of segment", "VMD" },
		{ "bdf=01:00", NULL, "[SSSS:]BB:DD.F" },
		{ "09:00.0@20", NULL, "0 to 1f in hexadecimal" },
		{ "09:00.0,bogus=1", NULL, "mac, vlan, trust" },
		{ "09:00.0,vlan=4095", NULL, "1 to 4094, 0 means none" },
		{ "09:00.0,mac=ff:ff:ff:ff:ff:ff", NULL, "make the first octet even" },
		{ "09:00.0,virtualport=802.1Qbh", NULL, "add profileid=NAME" },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		struct xlpt_spec spec;

		assert_int_equal(xlpt_spec_parse(cases[i].text, &spec, &diag), XLPT_ERR_SYNTAX);
		assert_true(cases[i].fact ? diag.fact && strstr(diag.fact, cases[i].fact)
					  : !diag.fact);
		assert_true(diag.hint && strstr(diag.hint, cases[i].hint));
	}
}

/* ---- generated specs ---- */

static uint32_t seed;

static uint32_t rnd(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return (seed >> 7) % n;
}

static void random_spec(struct xlpt_spec *spec)
{
	xlpt_spec_init(spec);
	if (rnd(8)) {
		spec->has_bdf = true;
		spec->all_funcs = rnd(4) == 0;
		spec->bdf = (struct xlpt_bdf){ .seg = (uint16_t)rnd(0x10000),
					       .bus = rnd(0x100) & 0xff,
					       .dev = rnd(0x20) & 0x1f,
					       .func = spec->all_funcs ? 0 : rnd(8) & 7 };
	} else {
		size_t n = 1 + rnd(64);

		spec->name = xlpt_xcalloc(n + 1, 1);
		for (size_t i = 0; i < n; i++)
			do {
				spec->name[i] = (char)('!' + rnd('~' - '!' + 1));
			} while (spec->name[i] == ',');
	}
	spec->vslot = (int)rnd(33) - 1;
	spec->permissive = (enum xlpt_tri)rnd(3);
	spec->msitranslate = (enum xlpt_tri)rnd(3);
	spec->seize = (enum xlpt_tri)rnd(3);
	spec->power_mgmt = (enum xlpt_tri)rnd(3);
	spec->rdm_policy = (enum xlpt_rdm)rnd(3);
}

static void random_name(char **out)
{
	size_t n = 1 + rnd(64);

	do {
		free(*out);
		*out = xlpt_xcalloc(n + 1, 1);
		for (size_t i = 0; i < n; i++)
			do {
				(*out)[i] = (char)('!' + rnd('~' - '!' + 1));
			} while (strchr(",=@/", (*out)[i]) || ((*out)[0] == '.'));
	} while (xlpt_bdf_shaped(*out));
}

/* What xl does not know: a pool or a pin instead of the address, a VF's identity. */
static void random_ours(struct xlpt_spec *spec)
{
	struct xlpt_vf_identity *vf = &spec->vf;

	if (rnd(3) == 0) {
		free(spec->name);
		spec->name = NULL;
		spec->has_bdf = spec->all_funcs = false;
		spec->bdf = (struct xlpt_bdf){ 0 };
		random_name(rnd(2) ? &spec->pool : &spec->pin);
	} else if (spec->has_bdf && !spec->all_funcs && rnd(3) == 0) {
		random_name(&spec->pool);
	}
	if (spec->all_funcs)
		return;
	vf->has_mac = rnd(2);
	for (size_t i = 0; vf->has_mac && i < 6; i++)
		vf->mac[i] = (uint8_t)(rnd(256) | 2) & (i ? 0xff : 0xfe);
	vf->has_vlan = rnd(2);
	if (vf->has_vlan)
		vf->vlan = (struct xlpt_vf_vlan){ (uint16_t)rnd(4095), rnd(8) & 7,
						  rnd(2) ? 0x8100 : 0x88a8 };
	vf->trust = (enum xlpt_tri)rnd(3);
	vf->spoofchk = (enum xlpt_tri)rnd(3);
	vf->link = (enum xlpt_vf_link)rnd(4);
	vf->has_min_rate = rnd(2);
	vf->min_rate = vf->has_min_rate ? rnd(1000) : 0;
	vf->has_max_rate = rnd(2);
	vf->max_rate = vf->has_max_rate ? 1000 + rnd(1000) : 0;
	vf->port = (enum xlpt_vf_port)rnd(3);
	if (vf->port == XLPT_PORT_QBH)
		snprintf(vf->profileid, sizeof(vf->profileid), "finance %u=", rnd(100));
	vf->has_managerid = vf->has_typeid = vf->has_typeidversion = vf->port == XLPT_PORT_QBG;
	vf->managerid = vf->has_managerid ? (uint8_t)rnd(256) : 0;
	vf->typeid = vf->has_typeid ? rnd(0x1000000) : 0;
	vf->has_instanceid = vf->port && rnd(2);
	vf->has_hostid = vf->port && rnd(2);
	for (size_t i = 0; i < 16; i++) {
		vf->instanceid[i] = vf->has_instanceid ? (uint8_t)rnd(256) : 0;
		vf->hostid[i] = vf->has_hostid ? (uint8_t)rnd(256) : 0;
	}
}

static void test_round_trip(void **state)
{
	(void)state;
	seed = 20240229;
	for (int i = 0; i < 20000; i++) {
		_cleanup_spec_ struct xlpt_spec spec, back;
		_cleanup_free_ char *text = NULL, *again = NULL;
		_cleanup_diag_ struct xlpt_diag diag = { 0 };

		random_spec(&spec);
		if (i % 2)
			random_ours(&spec);
		text = xlpt_spec_format(&spec);
		if (xlpt_spec_parse(text, &back, &diag))
			fail_msg("%s", diag.message);
		assert_same(&spec, &back, text);
		again = xlpt_spec_format(&back);
		assert_string_equal(text, again);
	}
}

/* xl's own grammar knows neither pools nor identities: to it they are what they were. */
static void test_xl_only(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "pool:lan", "expected the bus" },
		{ "pin:nic0", "expected the bus" },
		{ "09:00.0,mac=52:54:00:6d:90:02", "unknown key \"mac\"" },
		{ "vlan=3,bdf=09:00.0", "unknown key \"vlan\"" },
		{ "09:00.0,pool=lan", "unknown key \"pool\"" },
	};
	struct xlpt_spec spec;

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_diag_ struct xlpt_diag diag = { 0 };

		assert_int_equal(xlpt_spec_parse_xl(cases[i].text, &spec, &diag), XLPT_ERR_SYNTAX);
		assert_non_null(strstr(diag.message, cases[i].message));
		assert_null(strstr(diag.hint, "xlpt-vf"));
	}
}

/*
 * ---- against libxl's own reader ----
 *
 * What we accept, xlu_pci_parse_spec_string must accept with the same meaning. Never
 * give it a text that it might take for "BB:DD" without a function: there it uses an
 * uninitialised length. What we accept always has one.
 */
#ifdef LIBXL_HAVE_DEVICE_PCI_NAME	/* Xen 4.15: the grammar with keys and names */

static int xlu_parse(const char *text, libxl_device_pci *pci)
{
	static FILE *sink;
	XLU_Config *cfg;
	int xrc;

	if (!sink)
		sink = fopen("/dev/null", "w");
	cfg = xlu_cfg_init(sink, "test");
	assert_non_null(cfg);
	libxl_device_pci_init(pci);
	xrc = xlu_pci_parse_spec_string(cfg, pci, text);
	xlu_cfg_destroy(cfg);
	return xrc;
}

static void assert_agrees(const char *text, const struct xlpt_spec *spec)
{
	libxl_device_pci pci, plain;
	libxl_rdm_reserve_policy rdm;

	libxl_device_pci_init(&plain);
	rdm = plain.rdm_policy;
	if (spec->rdm_policy != XLPT_RDM_UNSET)
		rdm = spec->rdm_policy == XLPT_RDM_STRICT ? LIBXL_RDM_RESERVE_POLICY_STRICT
							  : LIBXL_RDM_RESERVE_POLICY_RELAXED;
	if (xlu_parse(text, &pci))
		fail_msg("we accept \"%s\" and libxl refuses it", text);
	if (spec->has_bdf != !pci.name || !xlpt_streq(spec->name, pci.name) ||
	    (spec->has_bdf &&
	     (pci.domain != spec->bdf.seg || pci.bus != spec->bdf.bus || pci.dev != spec->bdf.dev ||
	      pci.func != spec->bdf.func || pci.vfunc_mask != (spec->all_funcs ? ALL : 1))) ||
	    pci.vdevfn != (spec->vslot < 0 ? plain.vdevfn : (uint32_t)spec->vslot << 3) ||
	    pci.permissive != (spec->permissive == XLPT_ON) ||
	    pci.msitranslate != (spec->msitranslate == XLPT_ON) ||
	    pci.seize != (spec->seize == XLPT_ON) ||
	    pci.power_mgmt != (spec->power_mgmt == XLPT_ON) || pci.rdm_policy != rdm)
		fail_msg("libxl understands \"%s\" otherwise", text);
	libxl_device_pci_dispose(&pci);
	libxl_device_pci_dispose(&plain);
}

static void test_libxl_generated(void **state)
{
	(void)state;
	seed = 4150;
	for (int i = 0; i < 5000; i++) {
		_cleanup_spec_ struct xlpt_spec spec;
		_cleanup_free_ char *text = NULL;

		random_spec(&spec);
		text = xlpt_spec_format(&spec);
		assert_agrees(text, &spec);
	}
}

/* Texts near the grammar, not from our own formatter: short fields, other orders, single edits. */
static void test_libxl_mutated(void **state)
{
	static const char *const seeds[] = {
		"09:00.0", "9:0.*@1f", "1:2:3.4@0,seize=1", "0000:09:00.7,vslot=1e,permissive=0",
		"bdf=a:b.1,rdm_policy=strict", "power_mgmt=1,bdf=ffff:ff:1f.7,msitranslate=1",
		"name=nic0,seize=1", "seize=0,name=a=b",
	};
	static const char chars[] = "0123456789abcdefABCDEF:.,@=*xX-+ _\n\377rstz";
	unsigned accepted = 0;

	(void)state;
	seed = 417;
	for (int i = 0; i < 50000; i++) {
		_cleanup_spec_ struct xlpt_spec spec;
		char text[80];
		size_t n;

		snprintf(text, sizeof(text), "%s", seeds[rnd(XLPT_ARRAY_SIZE(seeds))]);
		for (uint32_t edits = 1 + rnd(2); edits; edits--) {
			size_t at = rnd((uint32_t)(n = strlen(text)) + 1);
			char c = chars[rnd(sizeof(chars) - 1)];

			switch (rnd(3)) {
			case 0:	/* insert */
				memmove(text + at + 1, text + at, n - at + 1);
				text[at] = c;
				break;
			case 1:	/* change */
				if (at < n)
					text[at] = c;
				break;
			default:/* drop */
				if (at < n)
					memmove(text + at, text + at + 1, n - at);
			}
		}
		if (xlpt_spec_parse_xl(text, &spec, NULL))
			continue;
		accepted++;
		assert_agrees(text, &spec);
	}
	/* The test is about something. */
	assert_in_range(accepted, 2000, 40000);
}

/*
 * What libxl accepts and we refuse, with what it makes of it (Xen 4.17). Should one
 * of these come to be refused there, so much the better: then it goes from the list.
 */
static void test_libxl_laxer(void **state)
{
	static const struct {
		const char *text;
		unsigned bus, func, vdevfn, permissive;
	} cases[] = {
		/* atoi: anything but a number is 0, any other number is on */
		{ "09:00.0,permissive=yes", 9, 0, 0, 0 },
		{ "09:00.0,permissive=true", 9, 0, 0, 0 },
		{ "09:00.0,permissive=", 9, 0, 0, 0 },
		{ "09:00.0,permissive=2", 9, 0, 0, 1 },
		{ "09:00.0,permissive=01", 9, 0, 0, 1 },
		{ "09:00.0,permissive= 1", 9, 0, 0, 1 },
		{ "09:00.0,permissive=1x", 9, 0, 0, 1 },
		/* scanf's %x: any number of digits, 0x, signs, blanks before it */
		{ "009:00.0", 9, 0, 0, 0 },
		{ "00000:09:00.0", 9, 0, 0, 0 },
		{ "09:00.00", 9, 0, 0, 0 },
		{ "09: 00. 1", 9, 1, 0, 0 },
		{ "09:00.0x1", 9, 1, 0, 0 },
		{ "09:0x0.1", 9, 1, 0, 0 },
		{ "09:00.-0", 9, 0, 0, 0 },
		{ "09:00.+1", 9, 1, 0, 0 },
		{ "09:00.0@0x4", 9, 0, 0x20, 0 },
		{ "09:00.0@ 4", 9, 0, 0x20, 0 },
		{ "09:00.0,vslot=0x1f", 9, 0, 0xf8, 0 },
		/* nothing looks at what stands behind the value of bdf= and vslot= */
		{ "bdf=09:00.1@4", 9, 1, 0, 0 },
		{ "bdf=09:00.1garbage", 9, 1, 0, 0 },
		{ "bdf=09:00.*.1", 9, 0, 0, 0 },
		{ "09:00.0,vslot=4garbage", 9, 0, 0x20, 0 },
		/* a comma at the end */
		{ "09:00.0,", 9, 0, 0, 0 },
		{ "bdf=09:00.0,", 9, 0, 0, 0 },
		/* given twice: the later one counts */
		{ "09:00.0,bdf=0a:00.0", 10, 0, 0, 0 },
		{ "09:00.0@4,vslot=5", 9, 0, 0x28, 0 },
		{ "09:00.0,permissive=1,permissive=0", 9, 0, 0, 0 },
		/* enumerations without regard to case, and the one that means "none" */
		{ "09:00.0,rdm_policy=STRICT", 9, 0, 0, 0 },
		{ "09:00.0,rdm_policy=invalid", 9, 0, 0, 0 },
		/* names: empty, any length, any character */
		{ "name=", 0, 0, 0, 0 },
		{ "name=nic 0", 0, 0, 0, 0 },
		{ "name=" NAME64 "x", 0, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		const char *text = cases[i].text;
		struct xlpt_spec spec;
		libxl_device_pci pci;

		assert_int_equal(xlpt_spec_parse(text, &spec, NULL), XLPT_ERR_SYNTAX);
		if (xlu_parse(text, &pci) || pci.bus != cases[i].bus || pci.func != cases[i].func ||
		    pci.vdevfn != cases[i].vdevfn || pci.permissive != cases[i].permissive)
			fail_msg("libxl no longer reads \"%s\" as it did", text);
		libxl_device_pci_dispose(&pci);
	}
}

/* The rest of the table: refused by both. */
static void test_libxl_refuses(void **state)
{
	static const char *const cases[] = {
		"09:00.0@20", "09:00.0,vslot=20", "09:00.0,permissive", "09:00.0,bogus=1",
		"09:00.0,,seize=1", "09:00.0, seize=1", "seize=1,09:00.0", " 09:00.0", "0x9:0.0",
		"09:00.0,rdm_policy=none", "name=a,bdf=09:00.0", "seize=1", "09:00.8", "09:20.0",
		"100:00.0", "10000:09:00.0", "09:00.1*", "09:00.0@", "",
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		struct xlpt_spec spec;
		libxl_device_pci pci;

		assert_int_equal(xlpt_spec_parse(cases[i], &spec, NULL), XLPT_ERR_SYNTAX);
		if (!xlu_parse(cases[i], &pci))
			fail_msg("libxl accepts \"%s\"", cases[i]);
		libxl_device_pci_dispose(&pci);
	}
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_hints),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_xl_only),
#ifdef LIBXL_HAVE_DEVICE_PCI_NAME
		cmocka_unit_test(test_libxl_generated),
		cmocka_unit_test(test_libxl_mutated),
		cmocka_unit_test(test_libxl_laxer),
		cmocka_unit_test(test_libxl_refuses),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
