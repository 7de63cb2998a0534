/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pools of VFs: network XML, xlpt's own definition, and back; addresses in every spelling. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "converters/libvirt/libvirt.h"
#include "converters/libvirt/pool-def.h"

static const char network[] = "<network connections='2'>\n"
			      "  <name>vf list</name>\n"
			      "  <uuid>81ff0d90-c91e-6742-64da-4a736edb9a9b</uuid>\n"
			      "  <forward mode='hostdev' managed='yes'>\n"
			      "    <driver name='vfio'/>\n"
			      "    <pf dev='enp3s0f0'/>\n"
			      "    <address type='pci' domain='0' bus='4' slot='0' function='1'/>\n"
			      "    <address type='pci' bus='0x04' slot='020' function='0x2'/>\n"
			      "  </forward>\n"
			      "  <vlan trunk='yes'>\n"
			      "    <tag id='42'/>\n"
			      "    <tag id='47' nativeMode='untagged'/>\n"
			      "  </vlan>\n"
			      "  <virtualport type='802.1Qbg'>\n"
			      "    <parameters managerid='11' typeid='0x1193' typeidversion='2' "
			      "instanceid='09b11c53-8b5c-4eeb-8f00-d84eaa0aaa3b'/>\n"
			      "  </virtualport>\n"
			      "  <portgroup name='engineering' default='yes'>\n"
			      "    <vlan>\n"
			      "      <tag id='42'/>\n"
			      "    </vlan>\n"
			      "    <virtualport type='802.1Qbh'>\n"
			      "      <parameters profileid='two # words \"q\"'/>\n"
			      "    </virtualport>\n"
			      "  </portgroup>\n"
			      "  <portgroup name='slow'>\n"
			      "    <bandwidth>\n"
			      "      <inbound average='1000'/>\n"
			      "    </bandwidth>\n"
			      "  </portgroup>\n"
			      "</network>\n";

static const char definition[] =
	"name = \"vf list\"\n"
	"uuid = 81ff0d90-c91e-6742-64da-4a736edb9a9b\n"
	"pf = enp3s0f0\n"
	"device = 0000:04:00.1\n"
	"device = 0000:04:10.2\n"
	"managed = yes\n"
	"driver = vfio\n"
	"vlan = 42,47/untagged trunk\n"
	"virtualport = 802.1Qbg managerid=11 typeid=4499 typeidversion=2 "
	"instanceid=09b11c53-8b5c-4eeb-8f00-d84eaa0aaa3b\n"
	"\n"
	"[portgroup engineering default]\n"
	"vlan = 42\n"
	"virtualport = 802.1Qbh profileid=\"two # words \\\"q\\\"\"\n"
	"#: libvirt = portgroup 27 =<portgroup%20name='slow'><bandwidth><inbound%20average='1000'/>"
	"</bandwidth></portgroup>\n";

static void test_network(void **state)
{
	_cleanup_pool_def_ struct xlpt_pool_def def = { 0 }, back = { 0 };
	_cleanup_str_ struct xlpt_str text = { 0 }, again = { 0 }, xml = { 0 }, xml2 = { 0 };

	(void)state;
	assert_int_equal(xlpt_libvirt_network_read(network, strlen(network), "n", &def.pool, NULL),
			 0);
	assert_int_equal(def.pool.n_addr, 2);
	assert_string_equal(XLPT_BDF_STR(def.pool.addr[1]), "0000:04:10.2");
	xlpt_pool_def_format(&def, &text);
	/* The line of the port group in the input is 28: the head has no newline of its own. */
	assert_int_equal(xlpt_pool_def_parse(text.s, text.len, "p", &back, NULL), 0);
	xlpt_pool_def_format(&back, &again);
	assert_non_null(
		strstr(text.s, "virtualport = 802.1Qbh profileid=\"two # words \\\"q\\\"\"\n"));
	assert_memory_equal(text.s, definition, strstr(definition, "#: ") - definition);
	assert_non_null(strstr(text.s, "name='slow'"));

	/* And to network XML again, from either. */
	assert_int_equal(xlpt_libvirt_network_write(&def.pool, &xml, NULL), 0);
	assert_int_equal(xlpt_libvirt_network_write(&back.pool, &xml2, NULL), 0);
	assert_string_equal(xml.s, xml2.s);
	assert_non_null(strstr(xml.s, "<inbound average='1000'/>"));
	assert_non_null(strstr(xml.s, "<tag id='47' nativeMode='untagged'/>"));
	assert_null(strstr(xml.s, "connections"));
}

static void test_definition(void **state)
{
	static const char text[] =
		"# a comment\n  name=pool1 # behind\n\tpf = 0000:03:00.0\npf=eth0\n"
		"policy = spread\nmanaged = no\n[portgroup x plain]\nvlan = 0\n"
		"virtualport = openvswitch";
	static const char want[] = "name = pool1\npf = 0000:03:00.0\npf = eth0\npolicy = spread\n"
				   "managed = no\n\n[portgroup x plain]\nvlan = 0\n"
				   "virtualport = openvswitch\n";
	_cleanup_pool_def_ struct xlpt_pool_def def = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_str_ struct xlpt_str out = { 0 }, xml = { 0 };

	(void)state;
	assert_int_equal(xlpt_pool_def_parse(text, strlen(text), NULL, &def, NULL), 0);
	assert_int_equal(xlpt_pool_def_policy(&def), XLPT_POOL_SPREAD);
	xlpt_pool_def_format(&def, &out);
	assert_string_equal(out.s, want);
	/* libvirt's network has room for one physical function. */
	assert_int_equal(xlpt_libvirt_network_write(&def.pool, &xml, &diag), XLPT_ERR_SYNTAX);
	assert_non_null(strstr(diag.message, "this pool has 2"));
}

/* libvirt has no word for the policy; it comes back all the same. */
static void test_policy(void **state)
{
	static const char text[] = "name = p\npf = eth0\npolicy = numa\n";
	_cleanup_pool_def_ struct xlpt_pool_def def = { 0 }, back = { 0 };
	_cleanup_str_ struct xlpt_str xml = { 0 }, out = { 0 };

	(void)state;
	assert_int_equal(xlpt_pool_def_parse(text, strlen(text), NULL, &def, NULL), 0);
	assert_int_equal(xlpt_libvirt_network_write(&def.pool, &xml, NULL), 0);
	assert_int_equal(xlpt_libvirt_network_read(xml.s, xml.len, NULL, &back.pool, NULL), 0);
	assert_int_equal(xlpt_pool_def_policy(&back), XLPT_POOL_NUMA);
	xlpt_pool_def_format(&back, &out);
	assert_string_equal(out.s, text);
	xlpt_pool_def_set_policy(&back, XLPT_POOL_FIRST);
	assert_int_equal(xlpt_pool_def_policy(&back), XLPT_POOL_FIRST);
}

static void test_bad_definitions(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column;
	} cases[] = {
		{ "", 0, 1 },
		{ "name = x\n", 1, 1 },
		{ "pf = eth0\n", 1, 1 },
		{ "name = x\npf = a b\n", 2, 8 },
		{ "name = x\npf = 09:00\n", 2, 6 },
		{ "name = x\npf = e\npf = e\n", 3, 6 },
		{ "name = x\nname = y\n", 2, 1 },
		{ "name = \"x\n", 1, 8 },
		{ "name = x\ndevice = 09:00.8\n", 2, 16 },
		{ "name = x\ndevice = 09:00.1\ndevice = 0000:09:00.1\n", 3, 10 },
		{ "name = x\ncolour = red\n", 2, 1 },
		{ "name = x\nname\n", 2, 5 },
		{ "name = x\npf =\n", 2, 5 },
		{ "name = x\nvlan = 4096\n", 2, 8 },
		{ "name = x\nvlan = 1,\n", 2, 10 },
		{ "name = x\nvlan = 1/maybe\n", 2, 10 },
		{ "name = x\nvirtualport = 802.1Qbz\n", 2, 15 },
		{ "name = x\nvirtualport = 802.1Qbh typeid=1\n", 2, 24 },
		{ "name = x\nvirtualport = 802.1Qbg managerid=256\n", 2, 24 },
		{ "name = x\nvirtualport = 802.1Qbg instanceid=1\n", 2, 24 },
		{ "name = x\n[portgroup]\n", 2, 1 },
		{ "name = x\n[portgroup a]\n[portgroup a]\n", 3, 1 },
		{ "name = x\n[portgroup a]\npolicy = first\n", 3, 1 },
		{ "name = x\n[portgroup a]\npf = eth0\n", 3, 1 },
		{ "name = x\n#: libvirt what\n", 2, 1 },
		{ "name = \x01\n", 1, 8 },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		struct xlpt_pool_def def;

		assert_int_equal(
			xlpt_pool_def_parse(cases[i].text, strlen(cases[i].text), "p", &def, &diag),
			XLPT_ERR_SYNTAX);
		assert_null(def.pool.name);
		if (diag.line != cases[i].line || diag.column != cases[i].column)
			print_message("case %zu: %u:%u %s\n", i, diag.line, diag.column,
				      diag.message);
		assert_int_equal(diag.line, cases[i].line);
		assert_int_equal(diag.column, cases[i].column);
		assert_string_equal(diag.file, "p");
	}
}

static void test_bad_networks(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
		const char *what;
	} cases[] = {
		{ "<network><name>n</name><forward mode='hostdev'>\n<pf dev='0000:03:00.0'/></forward>"
		  "</network>",
		  2, "no interface's name" },
		{ "<network><name>n</name><forward mode='hostdev'><pf dev='e'/></forward>\n"
		  "<portgroup name='a'/>\n<portgroup name='a'/></network>",
		  3, "twice" },
		{ "<domain/>", 1, "not a network" },
		{ "<network><forward mode='hostdev'/></network>", 1, "no name" },
		{ "<network><name>n</name>\n<forward mode='nat'/></network>", 2,
		  "forward mode is nat" },
		{ "<network><name>n</name></network>", 1, "not set" },
		{ "<network><name>n</name>\n<forward mode='hostdev'/></network>", 2, "neither" },
		{ "<network><name>n</name><forward mode='hostdev'>\n<address type='pci' bus='256'/>"
		  "</forward></network>",
		  2, "bus='256'" },
		{ "<network><name>n</name><forward mode='hostdev'><address type='pci' bus='1'/>\n"
		  "<address type='pci' bus='0x1'/></forward></network>",
		  2, "twice" },
		{ "<network><name>n</name><forward mode='hostdev'><pf dev='e'/></forward>\n"
		  "<virtualport type='802.1Qbh'>\n<parameters typeid='1'/></virtualport></network>",
		  3, "has no typeid" },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		struct xlpt_netpool pool;

		assert_int_equal(xlpt_libvirt_network_read(cases[i].text, strlen(cases[i].text),
							   "n", &pool, &diag),
				 XLPT_ERR_SYNTAX);
		assert_int_equal(diag.line, cases[i].line);
		assert_true(diag.column > 0);
		assert_non_null(strstr(diag.message, cases[i].what));
	}
}

/* Each address is compared with all before it: without an end a file of 8 MiB took minutes. */
static void test_no_end(void **state)
{
	_cleanup_str_ struct xlpt_str xml = { 0 }, def = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 }, other = { 0 };
	struct xlpt_pool_def pool;
	struct xlpt_netpool net;

	(void)state;
	xlpt_str_add(&xml, "<network><name>n</name><forward mode='hostdev'>\n");
	xlpt_str_add(&def, "name = n\n");
	for (unsigned i = 0; i <= XLPT_NETPOOL_MAX; i++) {
		xlpt_str_addf(&xml, "<address type='pci' bus='%u' slot='%u' function='%u'/>\n",
			      i >> 8, i >> 3 & 31, i & 7);
		xlpt_str_addf(&def, "device = %02x:%02x.%u\n", i >> 8, i >> 3 & 31, i & 7);
	}
	xlpt_str_add(&xml, "</forward></network>");
	assert_int_equal(xlpt_libvirt_network_read(xml.s, xml.len, "n", &net, &diag),
			 XLPT_ERR_SYNTAX);
	assert_non_null(strstr(diag.message, "more than 4096 addresses"));
	assert_int_equal(xlpt_pool_def_parse(def.s, def.len, "n", &pool, &other), XLPT_ERR_SYNTAX);
	assert_non_null(strstr(other.message, "more than 4096 devices"));
}

static void test_resolve(void **state)
{
	static const char text[] =
		"<domain type='xen'><name>d</name><os><type>xen</type></os><devices>"
		"<interface type='network'><mac address='52:54:00:21:08:44'/>"
		"<source network='passthrough' portgroup='engineering'/><vlan><tag id='7'/></vlan>"
		"<link state='down'/><target dev='vif7'/></interface>"
		"<interface type='network'><source network='default'/></interface>"
		"</devices></domain>";
	static const char pool_text[] = "name = passthrough\npf = enp3s0f0\n";
	_cleanup_pool_def_ struct xlpt_pool_def def = { 0 };
	_cleanup_dom_ struct xlpt_dom dom = { 0 };
	_cleanup_str_ struct xlpt_str out = { 0 };

	(void)state;
	assert_int_equal(xlpt_pool_def_parse(pool_text, strlen(pool_text), NULL, &def, NULL), 0);
	assert_int_equal(xlpt_libvirt_read(text, strlen(text), NULL, &dom, NULL, NULL, NULL), 0);
	assert_int_equal(dom.n_net, 2);
	assert_int_equal(xlpt_libvirt_resolve_pool(&dom, &def.pool), 1);
	assert_int_equal(dom.n_net, 1);
	assert_string_equal(dom.net[0].source, "default");
	assert_int_equal(dom.n_pci, 1);
	assert_true(dom.pci[0].interface);
	assert_false(dom.pci[0].spec.has_bdf);
	assert_string_equal(dom.pci[0].network, "passthrough");
	assert_string_equal(dom.pci[0].portgroup, "engineering");
	assert_string_equal(dom.pci[0].id.mac, "52:54:00:21:08:44");
	assert_int_equal(dom.pci[0].id.vlan[0].id.v, 7);
	/* And as libvirt said it. */
	assert_int_equal(xlpt_libvirt_write(&dom, NULL, 0, &out, NULL, NULL), 0);
	assert_non_null(strstr(out.s, "<source network='passthrough' portgroup='engineering'/>"));
	assert_non_null(strstr(out.s, "<target dev='vif7'/>"));
	assert_non_null(strstr(out.s, "<link state='down'/>"));
}

static void test_addresses(void **state)
{
	static const struct {
		const char *text, *want; /* NULL = refused */
	} cases[] = {
		{ "pci_0000_09_00_0", "0000:09:00.0" },
		{ "pci_0001_0a_1f_7", "0001:0a:1f.7" },
		{ "0000:09:00.0", "0000:09:00.0" },
		{ "09:00.0", "0000:09:00.0" },
		{ "0:9:0.0", "0000:09:00.0" },
		{ "0000:0009:00.00", "0000:09:00.0" },
		{ "00000000:09:00.0", "0000:09:00.0" },
		{ "--host-device=pci_0000_00_19_0", "0000:00:19.0" },
		{ "--host-device pci_0000_00_19_0", "0000:00:19.0" },
		{ "--hostdev=0000:00:19.0,driver_name=vfio,address.type=pci", "0000:00:19.0" },
		{ "--hostdev  1:00.0", "0000:01:00.0" },
		{ "pci_0000_00_19_0,managed=yes", "0000:00:19.0" },
		{ "0000-09-00-0", "0000:09:00.0" },
		{ "001.003", NULL },
		{ "0x1234:0x5678", NULL },
		{ "usb_1_4", NULL },
		{ "pci_0000_00_20_0", NULL },
		{ "pci_8086_10c9", NULL },
		{ "net_eth0_00_11", NULL },
		{ "", NULL },
		{ "--hostdev=", NULL },
		{ "09:00", NULL },
		{ "1:2:3:4.0", NULL },
		{ "09:00.8", NULL },
		{ "10000:09:00.0", NULL },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		struct xlpt_bdf bdf;
		int rc = xlpt_libvirt_address_parse(cases[i].text, &bdf, &diag);

		assert_int_equal(rc, cases[i].want ? 0 : XLPT_ERR_SYNTAX);
		if (cases[i].want)
			assert_string_equal(XLPT_BDF_STR(bdf), cases[i].want);
		else
			assert_non_null(diag.message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_network),		cmocka_unit_test(test_definition),
		cmocka_unit_test(test_bad_definitions), cmocka_unit_test(test_bad_networks),
		cmocka_unit_test(test_no_end),		cmocka_unit_test(test_resolve),
		cmocka_unit_test(test_addresses),	cmocka_unit_test(test_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
