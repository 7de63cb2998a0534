/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands for what across the sides, and what is kept: restored, unless it was edited. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "converters/convert.h"

static void convert(const char *text, enum xlpt_format to, struct xlpt_str *out,
		    struct xlpt_losses *losses)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	struct xlpt_convert how = { .to = to };

	if (xlpt_convert(text, strlen(text), "in", &how, out, NULL, losses, &diag))
		fail_msg("%s", diag.message);
}

static void says(const char *text, enum xlpt_format to, const char *want)
{
	_cleanup_str_ struct xlpt_str out = { 0 };

	convert(text, to, &out, NULL);
	if (!strstr(out.s, want))
		fail_msg("no %s in\n%s", want, out.s);
}

#define HOSTDEV(attrs, rest)                                                               \
	"<hostdev mode='subsystem' type='pci'" attrs "><source><address bus='9' slot='0' " \
	"function='1'/></source>" rest "</hostdev>"
#define IFACE(rest)                                                                     \
	"<interface type='hostdev'><source><address type='pci' bus='0x0b' slot='0x10' " \
	"function='0'/></source>" rest "</interface>"

static void test_counterparts(void **st)
{
	(void)st;
	says(HOSTDEV(" managed='yes'", ""), XLPT_FORMAT_XL, "\"0000:09:00.1,seize=1\"");
	says(HOSTDEV(" managed='no'", ""), XLPT_FORMAT_XL, "\"0000:09:00.1,seize=0\"");
	says(HOSTDEV("", "<address type='pci' slot='7'/>"), XLPT_FORMAT_XL, "\"0000:09:00.1@7\"");
	says("name='a'\npci=['09:00.1,seize=1']\n", XLPT_FORMAT_LIBVIRT, "managed='yes'");
	says("name='a'\npci=['09:00.1,permissive=1']\n", XLPT_FORMAT_LIBVIRT,
	     "writeFiltering='no'");
	says("name='a'\npci_permissive=1\npci=['09:00.1']\n", XLPT_FORMAT_LIBVIRT,
	     "writeFiltering='no'");
	says("name='a'\npci_permissive=1\npci=['09:00.1,permissive=0']\n", XLPT_FORMAT_LIBVIRT,
	     "writeFiltering='yes'");
}

static void test_commands(void **st)
{
	(void)st;
	says(IFACE("<mac address='52:54:00:6D:90:02'/><vlan><tag id='42'/></vlan>"), XLPT_FORMAT_XL,
	     "\n#xlpt-run: xlpt vf set 0000:0b:10.0 mac=52:54:00:6d:90:02 vlan=42\n");
	says(IFACE("<virtualport type='802.1Qbh'><parameters profileid='a b'/></virtualport>"),
	     XLPT_FORMAT_XL, "xlpt vf set 0000:0b:10.0 virtualport=802.1Qbh 'profileid=a b'\n");
}

static void replace(struct xlpt_str *s, const char *what, const char *with)
{
	char *at = strstr(s->s, what);
	_cleanup_free_ char *tail = NULL;

	assert_non_null(at);
	tail = xlpt_xstrdup(at + strlen(what));
	s->len = (size_t)(at - s->s);
	xlpt_str_addf(s, "%s%s", with, tail);
}

/* Memory that xl can only round: the exact value comes back, but not over an edit. */
static void test_edits_hold(void **st)
{
	static const char xml[] =
		"<domain type='xen'><name>a</name><memory unit='KiB'>1000001</memory>"
		"<os><type>xen</type><kernel>/k</kernel></os></domain>";
	_cleanup_str_ struct xlpt_str cfg = { 0 }, back = { 0 }, edited = { 0 };
	_cleanup_losses_ struct xlpt_losses losses = { 0 };

	(void)st;
	convert(xml, XLPT_FORMAT_XL, &cfg, NULL);
	assert_non_null(strstr(cfg.s, "977"));
	convert(cfg.s, XLPT_FORMAT_LIBVIRT, &back, &losses);
	assert_non_null(strstr(back.s, ">1000001<"));
	assert_int_equal(losses.n, 0);
	replace(&cfg, "= 977", "= 512");
	convert(cfg.s, XLPT_FORMAT_LIBVIRT, &edited, &losses);
	assert_non_null(strstr(edited.s, ">524288<"));
	assert_null(strstr(edited.s, "1000001"));
	assert_int_equal(losses.items[0].severity, XLPT_LOSS_NOTE);
}

/* A device taken out of the result takes along what was kept for it, and that is told. */
static void test_gone(void **st)
{
	_cleanup_str_ struct xlpt_str xml = { 0 }, cfg = { 0 };
	_cleanup_losses_ struct xlpt_losses losses = { 0 };

	(void)st;
	convert("name='a'\nvif=['bridge=b,forwarddev=c']\n", XLPT_FORMAT_LIBVIRT, &xml, NULL);
	replace(&xml, "<interface", "<!--");
	replace(&xml, "</interface>", "-->");
	convert(xml.s, XLPT_FORMAT_XL, &cfg, &losses);
	assert_int_equal(losses.items[0].severity, XLPT_LOSS_DROPPED);
	assert_non_null(xlpt_losses_strict(&losses));
}

/* What is kept in XML is XML; what was written as lines before is still read. */
static void test_elements(void **st)
{
	static const char cfg[] = "name='a'\nkernel='k'\nseclabel='a -- b%20c'\nioports=[ '1' ]\n"
				  "vif=['bridge=b,forwarddev=--c']\n";
	static const char old[] =
		"<domain type='xen'><name>a</name><metadata><x:kept xmlns:x='urn:xlpt:kept:1'>"
		"<x:line>set kernel =k</x:line><x:line>set bootloader - was =pygrub</x:line>"
		"<x:line>xl = ioports 4 =[%20'1'%20]</x:line></x:kept></metadata>"
		"<memory unit='KiB'>32768</memory><os><type>xen</type></os></domain>";
	static const char *const bad[] = { "<x:value/>", "<x:xl line='3'>1</x:xl>",
					   "<x:frob path='a'/>", "<x:xl key='a' line='x'>1</x:xl>",
					   "<value path='a'/>" };
	_cleanup_str_ struct xlpt_str xml = { 0 }, back = { 0 }, list = { 0 }, home = { 0 };

	(void)st;
	convert(cfg, XLPT_FORMAT_LIBVIRT, &xml, NULL);
	assert_non_null(strstr(xml.s, "<xlpt:value path='kernel'>k</xlpt:value>"));
	assert_non_null(strstr(xml.s, "<xlpt:value path='bootloader' was='pygrub'/>"));
	assert_non_null(strstr(xml.s, "<xlpt:xl key='ioports' line='4'>[ '1' ]</xlpt:xl>"));
	assert_non_null(strstr(xml.s, "<xlpt:xl key='seclabel' line='3'>'a -- b%20c'</xlpt:xl>"));
	assert_non_null(
		strstr(xml.s, "<xlpt:xl at='net[#0]' key='forwarddev' line='5'>=--c</xlpt:xl>"));
	assert_null(strstr(xml.s, "xlpt:line"));
	convert(xml.s, XLPT_FORMAT_XL, &back, NULL);
	assert_non_null(strstr(back.s, "kernel = \"k\"\n"));
	assert_non_null(strstr(back.s, "seclabel = 'a -- b%20c'\n"));
	assert_non_null(strstr(back.s, "forwarddev=--c"));
	assert_null(strstr(back.s, "pygrub"));
	says(old, XLPT_FORMAT_XL, "kernel = \"k\"\n");
	says(old, XLPT_FORMAT_XL, "ioports = [ '1' ]\n");
	/* In a list of devices they are comments, of the same elements. */
	convert("<devices><hostdev mode='subsystem' type='pci'><source><address bus='9'/></source>"
		"<address type='pci' bus='1' slot='2'/></hostdev></devices>",
		XLPT_FORMAT_XL, &list, NULL);
	convert(list.s, XLPT_FORMAT_LIBVIRT, &home, NULL);
	assert_non_null(strstr(home.s, "bus='0x01' slot='0x02'"));
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(bad); i++) {
		_cleanup_free_ char *text = xlpt_xasprintf(
			"<domain type='xen'><name>a</name><metadata><x:kept xmlns:x='urn:xlpt:kept:1'>"
			"%s</x:kept></metadata></domain>",
			bad[i]);
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		_cleanup_str_ struct xlpt_str out = { 0 };
		struct xlpt_convert how = { .to = XLPT_FORMAT_XL };

		assert_int_equal(
			xlpt_convert(text, strlen(text), "in", &how, &out, NULL, NULL, &diag),
			XLPT_ERR_SYNTAX);
		assert_non_null(strstr(diag.message, "damaged"));
	}
}

/* A list of devices has no place for elements of others: there they stand in comments. */
static void test_comments(void **st)
{
	struct xlpt_convert how = { .to = XLPT_FORMAT_LIBVIRT, .devices_only = true };
	static const char cfg[] = "pci=['09:00.0,rdm_policy=relaxed','name=a--b']\n";
	_cleanup_str_ struct xlpt_str xml = { 0 }, back = { 0 };
	static const char old[] =
		"<devices><!-- xlpt: set pci[0000:09:00.0].rdm_policy =relaxed -->"
		"<hostdev mode='subsystem' type='pci'><source><address bus='9'/></source>"
		"</hostdev></devices>";

	(void)st;
	assert_int_equal(xlpt_convert(cfg, strlen(cfg), "c", &how, &xml, NULL, NULL, NULL), 0);
	assert_non_null(strstr(xml.s, "<!-- xlpt: <value path='"));
	assert_non_null(strstr(xml.s, "a-&#45;b"));
	convert(xml.s, XLPT_FORMAT_XL, &back, NULL);
	assert_non_null(strstr(back.s, "rdm_policy=relaxed"));
	assert_non_null(strstr(back.s, "name=a--b"));
	says(old, XLPT_FORMAT_XL, "rdm_policy=relaxed");
}

static void test_lines(void **st)
{
	static const char *const bad[] = { "",
					   "set",
					   "set a",
					   "set a b",
					   "set a = was",
					   "set a =b is =c",
					   "xl a b 1 =c",
					   "xl =a b x =c",
					   "xl =a b 1 =c d",
					   "set a =%0",
					   "set a =%zz",
					   "libvirt =a",
					   "frob =a" };
	struct xlpt_kepts kept = { 0 };

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(bad); i++)
		if (xlpt_kept_parse(bad[i], &kept))
			fail_msg("\"%s\" is taken", bad[i]);
	assert_true(xlpt_kept_parse("set a =b%20c was =", &kept));
	assert_string_equal(kept.items[0].value, "b c");
	assert_string_equal(kept.items[0].was, "");
	xlpt_kepts_dispose(&kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counterparts), cmocka_unit_test(test_commands),
		cmocka_unit_test(test_edits_hold),   cmocka_unit_test(test_gone),
		cmocka_unit_test(test_elements),     cmocka_unit_test(test_comments),
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
