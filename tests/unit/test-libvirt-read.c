/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libvirt's words mean in the model, what absence means, and where errors point. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "converters/libvirt/libvirt.h"

static void read_ok(const char *text, struct xlpt_dom *dom)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	int rc = xlpt_libvirt_read(text, strlen(text), "in.xml", dom, NULL, NULL, &diag);

	if (rc)
		print_message("%u:%u %s\n", diag.line, diag.column, diag.message);
	assert_int_equal(rc, 0);
}

#define HVM(features, devices)                                                                    \
	"<domain type='xen'><name>d</name><os><type>hvm</type></os>" features "<devices>" devices \
	"</devices></domain>"

static void value(const struct xlpt_dom *dom, const char *path, const char *want)
{
	_cleanup_free_ char *got = NULL;

	assert_true(xlpt_dom_get(dom, path, &got));
	if (!xlpt_streq(got, want))
		print_message("%s is %s\n", path, got ? got : "not said");
	if (want)
		assert_string_equal(got, want);
	else
		assert_null(got);
}

/* Where leaving something out is libvirt's way of saying it. */
static void test_absence(void **state)
{
	_cleanup_dom_ struct xlpt_dom a, b, c, e;

	(void)state;
	read_ok(HVM("<features><acpi/></features><cpu mode='host-passthrough'/>",
		    "<graphics type='spice'><mouse mode='client'/></graphics>"
		    "<input type='tablet' bus='usb'/>"
		    "<serial type='unix'><source mode='bind' path='/s'/></serial>"),
		&a);
	value(&a, "acpi", "on");
	value(&a, "apic", "off");
	value(&a, "pae", "on");
	value(&a, "boot", "c");
	value(&a, "hap", NULL);
	value(&a, "nestedhvm", "on");
	value(&a, "usb", "on");
	value(&a, "gfx[#0].ticketing", "off");
	value(&a, "gfx[#0].vdagent", "on");
	value(&a, "serial[#0].wait", "off");

	read_ok("<domain type='xen'><name>d</name><os><type>linux</type></os></domain>", &b);
	value(&b, "type", "pv");
	value(&b, "acpi", NULL);
	value(&b, "bootloader", "pygrub");
	assert_int_equal(b.extra.n, 0);

	read_ok(HVM("<cpu mode='host-passthrough'><feature policy='disable' name='vmx'/></cpu>",
		    "<graphics type='spice' passwd='x' port='-1'/>"),
		&c);
	value(&c, "nestedhvm", "off");
	assert_int_equal(c.n_cpu, 0);
	value(&c, "gfx[#0].ticketing", NULL);
	value(&c, "gfx[#0].autoport", "on");
	value(&c, "acpi", "off");

	/* What libvirt adds by itself: ACPI for cells, PAE for 64 bits, no order beside one by device. */
	read_ok("<domain type='xen'><name>d</name><os><type arch='i686'>hvm</type></os>"
		"<cpu><numa><cell cpus='0' memory='1024'/></numa></cpu>"
		"<clock offset='utc'><timer name='tsc' present='yes' mode='native'/></clock>"
		"<devices><disk type='file' device='disk'><source file='/a'/><target dev='xvda'/>"
		"<boot order='1'/></disk></devices></domain>",
		&e);
	value(&e, "acpi", "on");
	value(&e, "pae", "off");
	value(&e, "boot", NULL);
	value(&e, "tsc", "native");
}

static void test_memory(void **state)
{
	static const struct {
		const char *unit, *text, *want;
	} cases[] = {
		{ "", "1048576", "1048576" },	   { " unit='KiB'", "5", "5" },
		{ " unit='k'", "5", "5" },	   { " unit='KB'", "1000", "977" },
		{ " unit='M'", "1", "1024" },	   { " unit='MiB'", "512", "524288" },
		{ " unit='GiB'", "2", "2097152" }, { " unit='b'", "1025", "2" },
		{ " unit='bytes'", "1024", "1" },  { " unit='TiB'", "1", "1073741824" },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_dom_ struct xlpt_dom one, two;
		_cleanup_free_ char *text = xlpt_xasprintf(
			"<domain type='xen'><name>d</name><memory%s> %s </memory></domain>",
			cases[i].unit, cases[i].text);
		_cleanup_free_ char *both = xlpt_xasprintf(
			"<domain type='xen'><name>d</name><memory unit='PiB'>1</memory>"
			"<currentMemory%s>%s</currentMemory></domain>",
			cases[i].unit, cases[i].text);

		read_ok(text, &one);
		value(&one, "memory", cases[i].want);
		value(&one, "maxmem", NULL);
		read_ok(both, &two);
		value(&two, "memory", cases[i].want);
		value(&two, "maxmem", "1099511627776");
	}
}

/* The host's address in every spelling; decimal, 0x, octal, with parts missing. */
static void test_pci_spellings(void **state)
{
	static const struct {
		const char *attrs, *want;
	} cases[] = {
		{ "domain='0' bus='0' slot='25' function='0'", "0000:00:19.0" },
		{ "domain='0x0000' bus='0x00' slot='0x19' function='0x0'", "0000:00:19.0" },
		{ "bus='0' slot='26' function='7'", "0000:00:1a.7" },
		{ "slot='2'", "0000:00:02.0" },
		{ "bus='3'", "0000:03:00.0" },
		{ "bus='017' slot='020'", "0000:0f:10.0" },
		{ "bus='0XfF' slot='0x1F'", "0000:ff:1f.0" },
		{ "domain='65535' bus='255' slot='31' function='7'", "ffff:ff:1f.7" },
		{ "type='pci' domain='0x1' bus='1'", "0001:01:00.0" },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_dom_ struct xlpt_dom dom;
		_cleanup_free_ char *text = xlpt_xasprintf(
			"<hostdev type='pci'><source><address %s/></source></hostdev>",
			cases[i].attrs);

		read_ok(text, &dom);
		assert_true(dom.devices_only);
		assert_int_equal(dom.n_pci, 1);
		assert_string_equal(XLPT_BDF_STR(dom.pci[0].spec.bdf), cases[i].want);
		assert_int_equal(dom.pci[0].managed, XLPT_UNSET);
		assert_int_equal(dom.pci[0].at.extra.n, 0);
	}
}

static void test_device(void **state)
{
	static const char text[] =
		"<devices>\n"
		" <hostdev mode='subsystem' type='pci' managed='yes'>\n"
		"  <driver name='xen'/>\n"
		"  <source writeFiltering='no' startupPolicy='optional'>\n"
		"   <address bus='9'/></source>\n"
		"  <boot order='2'/><rom bar='off' file='/r'/><alias name='ua-x'/>\n"
		"  <address type='pci' bus='5' slot='3' multifunction='on'>\n"
		"   <zpci uid='0x19' fid='31'/></address>\n"
		" </hostdev>\n"
		" <interface type='hostdev' managed='no'>\n"
		"  <mac address='52:54:00:AA:BB:CC'/>\n"
		"  <source><address type='pci' bus='3' slot='16'/></source>\n"
		"  <vlan trunk='yes'><tag id='42'/><tag id='0x2f' nativeMode='untagged'/></vlan>\n"
		"  <virtualport type='802.1Qbg'><parameters managerid='0xb' typeid='1193047'\n"
		"   typeidversion='2' "
		"instanceid='09b11c538b5c4eeb8f00d84eaa0aaa3b'/></virtualport>\n"
		"  <link state='down'/>\n"
		" </interface>\n"
		"</devices>\n";
	_cleanup_dom_ struct xlpt_dom dom;
	const struct xlpt_pci *p;

	(void)state;
	read_ok(text, &dom);
	assert_int_equal(dom.n_pci, 2);
	p = &dom.pci[0];
	assert_int_equal(p->managed, XLPT_ON);
	assert_int_equal(p->filtering, XLPT_OFF);
	assert_int_equal(p->spec.permissive, XLPT_UNSET);
	assert_string_equal(p->driver, "xen");
	assert_int_equal(p->boot_order.v, 2);
	assert_int_equal(p->rom_bar, XLPT_OFF);
	assert_string_equal(p->rom_file, "/r");
	assert_string_equal(p->alias, "ua-x");
	assert_string_equal(XLPT_BDF_STR(p->guest.v), "0000:05:03.0");
	assert_int_equal(p->multifunction, XLPT_ON);
	assert_int_equal(p->zpci_uid.v, 0x19);
	assert_int_equal(p->zpci_fid.v, 31);
	assert_int_equal(p->at.line, 2);
	assert_int_equal(p->at.extra.n, 1);
	assert_string_equal(p->at.extra.items[0].path, "source/@startupPolicy");
	assert_string_equal(p->at.extra.items[0].text, "optional");
	assert_int_equal(p->at.extra.items[0].line, 4);
	assert_int_equal(p->at.extra.items[0].column, 31);
	p = &dom.pci[1];
	assert_true(p->interface);
	assert_int_equal(p->managed, XLPT_OFF);
	assert_string_equal(p->id.mac, "52:54:00:aa:bb:cc");
	assert_int_equal(p->id.vlan_trunk, XLPT_ON);
	assert_int_equal(p->id.n_vlan, 2);
	assert_int_equal(p->id.vlan[1].id.v, 47);
	assert_int_equal(p->id.vlan[1].native, XLPT_VLAN_UNTAGGED);
	assert_int_equal(p->id.vport, XLPT_VPORT_QBG);
	assert_int_equal(p->id.managerid.v, 11);
	assert_int_equal(p->id.typeid.v, 1193047);
	assert_string_equal(p->id.instanceid, "09b11c538b5c4eeb8f00d84eaa0aaa3b");
	assert_int_equal(p->at.extra.n, 1);
	assert_string_equal(p->at.extra.items[0].text, "<link state='down'/>");
}

static void test_errors(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column;
		const char *what;
	} cases[] = {
		{ "<domain><name>n</name>\n<memory>1</memory>\n<memory>2</memory></domain>", 3, 1,
		  "<memory> stands twice" },
		{ "<interface type='bridge'>\n<vlan/>\n <vlan/></interface>", 3, 2,
		  "<vlan> stands twice" },
		{ "<domain type='xen'/>", 1, 1, "no name" },
		{ "<domain>\n <name> </name>\n<uuid>x</uuid></domain>", 3, 1, "not a UUID" },
		{ "<domain><name>n</name>\n<os><type>exe</type></os></domain>", 2, 5, "\"exe\"" },
		{ "<domain><name>n</name>\n<memory unit='parsec'>1</memory></domain>", 2, 9,
		  "parsec" },
		{ "<domain><name>n</name>\n<memory>-1</memory></domain>", 2, 1, "amount" },
		{ "<domain><name>n</name><memory unit='EiB'>18446744073709551615</memory></domain>",
		  1, 23, "too much" },
		{ "<domain><name>n</name>\n<vcpu>many</vcpu></domain>", 2, 1, "\"many\"" },
		{ "<domain><name>n</name>\n<clock offset='utc' adjustment='soon'/></domain>", 2, 21,
		  "soon" },
		{ "<hostdev type='pci'>\n<source><address bus='256'/></source></hostdev>", 2, 18,
		  "bus='256'" },
		{ "<hostdev type='pci'><source>\n<address slot='0x20'/></source></hostdev>", 2, 10,
		  "slot" },
		{ "<hostdev type='pci'><source>\n<address function='8'/></source></hostdev>", 2, 10,
		  "function" },
		{ "<hostdev type='pci'><source>\n<address bus='1f'/></source></hostdev>", 2, 10,
		  "bus" },
		{ "<hostdev type='pci'><source>\n<address bus='08'/></source></hostdev>", 2, 10,
		  "bus" },
		{ "<hostdev type='pci'><source>\n<address domain='0x10000'/></source></hostdev>", 2,
		  10, "above 0xffff" },
		{ "<hostdev type='pci'>\n<source/></hostdev>", 2, 1, "no source address" },
		{ "<hostdev type='pci'/>", 1, 1, "no source address" },
		{ "<hostdev type='pci'><source><address bus='1'/></source>\n<address type='pci' "
		  "slot='3'>\n"
		  "<zpci uid='0'/></address></hostdev>",
		  3, 7, "uid" },
		{ "<hostdev type='usb'><source/></hostdev>", 1, 1, "neither by address" },
		{ "<interface type='bridge'>\n<mac address='01:00:00:00:00:00'/></interface>", 2, 6,
		  "MAC address" },
		{ "<interface type='bridge'><vlan>\n<tag id='4096'/></vlan></interface>", 2, 6,
		  "4096" },
		{ "<interface type='bridge'>\n<virtualport type='802.1Qbz'/></interface>", 2, 14,
		  "Qbz" },
		{ "<interface type='bridge'><virtualport type='802.1Qbh'>\n<parameters typeid='1'/>"
		  "</virtualport></interface>",
		  2, 13, "has no typeid" },
		{ "<interface type='bridge'><virtualport type='802.1Qbg'>\n<parameters "
		  "typeid='0x1000000'/>"
		  "</virtualport></interface>",
		  2, 13, "typeid" },
		{ "<interface type='bridge'><virtualport type='802.1Qbh'>\n<parameters "
		  "profileid='0123456789012345678901234567890123456789'/></virtualport></interface>",
		  2, 13, "39 characters" },
		{ "<network/>", 1, 1, "neither a domain nor a device" },
		{ "<html/>", 1, 1, "<html>" },
		{ "<domainsnapshot/>", 1, 1, "not a domain's description" },
		{ "<domain><name>n</name><metadata>\n<x:kept "
		  "xmlns:x='urn:xlpt:kept:1'>\n<x:line>set</x:line>"
		  "</x:kept></metadata></domain>",
		  3, 1, "damaged" },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		struct xlpt_dom dom;
		int rc = xlpt_libvirt_read(cases[i].text, strlen(cases[i].text), "in.xml", &dom,
					   NULL, NULL, &diag);

		assert_int_equal(rc, XLPT_ERR_SYNTAX);
		assert_null(dom.name);
		assert_int_equal(dom.n_pci, 0);
		if (diag.line != cases[i].line || diag.column != cases[i].column)
			print_message("case %zu: %u:%u %s\n", i, diag.line, diag.column,
				      diag.message);
		assert_int_equal(diag.line, cases[i].line);
		assert_int_equal(diag.column, cases[i].column);
		assert_non_null(strstr(diag.message, cases[i].what));
		assert_string_equal(diag.file, "in.xml");
	}
}

/* Anything at all that is not understood comes back where it was. */
static void test_carried(void **state)
{
	static const char text[] =
		"<domain type='kvm' xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'>\n"
		"  <name>n</name>\n"
		"  <memory unit='KiB' dumpCore='off'>1</memory>\n"
		"  <metadata><a:b xmlns:a='urn:a'>x <a:c/> y</a:b></metadata>\n"
		"  <os firmware='efi'><type arch='i686'>hvm</type><bios useserial='yes'/></os>\n"
		"  <clock offset='timezone' timezone='Europe/Berlin'/>\n"
		"  <devices><rng model='virtio'/><disk type='dir'/><controller "
		"type='pci'/></devices>\n"
		"  <q:commandline><q:arg value='-x'/></q:commandline>\n"
		"</domain>\n";
	/* clang-format off */
	static const char *const want[] = {
		"<domain type='kvm'>", "dumpCore='off'", "<a:b xmlns:a='urn:a'>x <a:c/> y</a:b>",
		"<os firmware='efi'>", "arch='i686'", "<bios useserial='yes'/>",
		"<clock offset='timezone' timezone='Europe/Berlin'/>", "<rng model='virtio'/>",
		"<disk type='dir'/>", "<controller type='pci'/>", "<q:arg value='-x'/>",
	};
	/* clang-format on */
	_cleanup_dom_ struct xlpt_dom dom;
	_cleanup_str_ struct xlpt_str out = { 0 };

	(void)state;
	read_ok(text, &dom);
	assert_int_equal(xlpt_libvirt_write(&dom, NULL, 0, &out, NULL, NULL), 0);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(want); i++) {
		if (!strstr(out.s, want[i]))
			print_message("%s is missing in\n%s", want[i], out.s);
		assert_non_null(strstr(out.s, want[i]));
	}
	assert_null(strstr(out.s, "pflash"));
}

/* A list of one device becomes that device; one that is only carried stays in its list. */
static void test_lists(void **state)
{
	static const char pci[] = "<devices><hostdev type='pci'><source><address bus='9'/></source>"
				  "</hostdev></devices>";
	static const char other[] = "<devices><rng model='virtio'/></devices>";
	_cleanup_dom_ struct xlpt_dom a, b;
	_cleanup_str_ struct xlpt_str x = { 0 }, y = { 0 };

	(void)state;
	read_ok(pci, &a);
	assert_int_equal(xlpt_libvirt_write(&a, NULL, 0, &x, NULL, NULL), 0);
	assert_true(xlpt_starts(x.s, "<hostdev mode='subsystem' type='pci'>"));
	read_ok(other, &b);
	assert_int_equal(xlpt_libvirt_write(&b, NULL, 0, &y, NULL, NULL), 0);
	assert_string_equal(y.s, "<devices>\n  <rng model='virtio'/>\n</devices>\n");
}

static void test_is_xml(void **state)
{
	(void)state;
	assert_true(xlpt_libvirt_is_xml("\xef\xbb\xbf \n<a/>", 9));
	assert_true(xlpt_libvirt_is_xml("\xff\xfe<\0", 4));
	assert_false(xlpt_libvirt_is_xml("name = \"<\"", 10));
	assert_false(xlpt_libvirt_is_xml("", 0));
}

/* A file that is no guest's: what helps is said. */
static void test_other_files(void **state)
{
	static const struct {
		const char *text, *hint;
		unsigned line;
	} cases[] = {
		{ "<html/>", "virsh dumpxml", 1 },
		{ "<DOMAIN/>", "begins with <domain", 1 },
		{ "<network/>", "--network", 1 },
		{ "<domain><name>a</name></domain>\n<domain><name>b</name></domain>\n", "one guest",
		  2 },
		{ "<domain><name>a</name><uuid>XXXX</uuid></domain>", "take the line out", 1 },
		{ "<domain><name/></domain>", "<name>web1</name>", 1 },
		{ "<domain><name>a</name><memory unit='GiB'>2.5</memory></domain>", "whole number",
		  1 },
		{ "<domain><name>a</name><memory unit='Q'>2</memory></domain>", "units are KiB",
		  1 },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		struct xlpt_dom dom;

		assert_int_equal(xlpt_libvirt_read(cases[i].text, strlen(cases[i].text), "in.xml",
						   &dom, NULL, NULL, &diag),
				 XLPT_ERR_SYNTAX);
		assert_int_equal(diag.line, cases[i].line);
		if (!diag.hint || !strstr(diag.hint, cases[i].hint))
			fail_msg("%s: %s", cases[i].text, diag.hint ? diag.hint : "no hint");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_absence),	      cmocka_unit_test(test_memory),
		cmocka_unit_test(test_pci_spellings), cmocka_unit_test(test_device),
		cmocka_unit_test(test_errors),	      cmocka_unit_test(test_other_files),
		cmocka_unit_test(test_carried),	      cmocka_unit_test(test_lists),
		cmocka_unit_test(test_is_xml),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
