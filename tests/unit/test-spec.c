/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tests/unit/specs.h"

/* clang-format off */
#define SPEC(slot, ...) { .vslot = (slot), __VA_ARGS__ }
/* clang-format on */
#define NIC .has_bdf = true, .bdf = { .bus = 9 }

static void test_good(void **state)
{
	static const struct {
		const char *text;
		struct xlpt_spec want;
		const char *canonical; /* NULL = the text itself */
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
		  { true,
		    { 1, 2, 3, 4 },
		    false,
		    NULL,
		    NULL,
		    NULL,
		    2,
		    XLPT_ON,
		    XLPT_OFF,
		    XLPT_OFF,
		    XLPT_ON,
		    XLPT_RDM_STRICT,
		    { 0 } },
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
		       .vf = { .has_vlan = true, .vlan = { 42, 0, 0x8100 } }),
		  NULL },
		{ "pin:nic0,vslot=4", SPEC(4, .pin = (char *)"nic0"), "pin:nic0@4" },
		{ "pin:" NAME64, SPEC(-1, .pin = (char *)NAME64), NULL },
		{ "09:00.0,mac=52:54:00:6D:90:02",
		  SPEC(-1, NIC, .vf = { .has_mac = true, .mac = { 0x52, 0x54, 0, 0x6d, 0x90, 2 } }),
		  "0000:09:00.0,mac=52:54:00:6d:90:02" },
		{ "0000:09:00.0,vlan=42",
		  SPEC(-1, NIC, .vf = { .has_vlan = true, .vlan = { 42, 0, 0x8100 } }), NULL },
		{ "0000:09:00.0,vlan=4094:7",
		  SPEC(-1, NIC, .vf = { .has_vlan = true, .vlan = { 4094, 7, 0x8100 } }), NULL },
		{ "09:00.0,vlan=0:0:802.1q",
		  SPEC(-1, NIC, .vf = { .has_vlan = true, .vlan = { 0, 0, 0x8100 } }),
		  "0000:09:00.0,vlan=0" },
		{ "0000:09:00.0,vlan=5:0:802.1ad",
		  SPEC(-1, NIC, .vf = { .has_vlan = true, .vlan = { 5, 0, 0x88a8 } }), NULL },
		{ "link=enable,max_rate=100,min_rate=0,spoofchk=1,trust=off,bdf=09:00.0",
		  SPEC(-1, NIC,
		       .vf = { .link = XLPT_LINK_ENABLE,
			       .has_max_rate = true,
			       .max_rate = 100,
			       .has_min_rate = true,
			       .spoofchk = XLPT_ON,
			       .trust = XLPT_OFF }),
		  "0000:09:00.0,trust=off,spoofchk=on,link=enable,min_rate=0,max_rate=100" },
		{ "pool:lan,virtualport=802.1Qbh,profileid=a b",
		  SPEC(-1, .pool = (char *)"lan",
		       .vf = { .port = XLPT_PORT_QBH, .profileid = "a b" }),
		  NULL },
		{ "pool:lan,virtualport=802.1Qbg,instanceid=00112233-4455-6677-8899-aabbccddeeff,"
		  "managerid=255,typeid=16777215,typeidversion=0",
		  SPEC(-1, .pool = (char *)"lan",
		       .vf = { .port = XLPT_PORT_QBG,
			       .has_managerid = true,
			       .managerid = 255,
			       .has_typeid = true,
			       .typeid = 0xffffff,
			       .has_typeidversion = true,
			       .has_instanceid = true,
			       .instanceid = { 0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88,
					       0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff } }),
		  NULL },
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
		_cleanup_free_ char *where =
			xlpt_xasprintf("%s: column %u: ", cases[i].text, cases[i].column);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_hints),
		cmocka_unit_test(test_xl_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
