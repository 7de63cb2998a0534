/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The xl side: what is read from which spelling, what is written, and how errors are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "converters/xl/scan.h"
#include "converters/xl/xl.h"

static void read_ok(const char *text, struct xlpt_dom *dom)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_kepts_ struct xlpt_kepts kept = { 0 };

	if (xlpt_xl_read(text, strlen(text), "t.cfg", dom, &kept, NULL, &diag))
		fail_msg("%s:%u:%u: %s", diag.file, diag.line, diag.column, diag.message);
	assert_int_equal(kept.n, 0);
}

static void check_value(const char *text, const char *path, const char *want)
{
	_cleanup_dom_ struct xlpt_dom dom;
	_cleanup_free_ char *value = NULL;

	read_ok(text, &dom);
	assert_true(xlpt_dom_get(&dom, path, &value));
	if (!xlpt_streq(value, want))
		fail_msg("%s\n%s is %s, not %s", text, path, value ? value : "(not said)",
			 want ? want : "(not said)");
}

static void test_values(void **st)
{
	/* clang-format off */
	static const struct { const char *text, *path, *want; } cases[] = {
		{ "name='a'\n", "name", "a" },
		{ "name=\"a\\\"b\\\\\"\n", "name", "a\"b\\5c" },
		{ "memory=512\n", "memory", "524288" },
		{ "memory=0x200;vcpus=010", "vcpus", "8" },
		{ "builder='hvm'\n", "type", "hvm" },
		{ "type='pvh'\n", "type", "pvh" },
		{ "root='/dev/xvda'\nextra='ro'\n", "cmdline", "root\\3d/dev/xvda ro" },
		{ "cmdline='x'\nextra='y'\n", "cmdline", "x" },
		{ "tsc_mode=2\n", "tsc", "native" },
		{ "tsc_mode='native_paravirt'\n", "tsc", "paravirt" },
		{ "type='hvm'\nviridian=['base','!freq']\n", "viridian_groups", "[base,!freq]" },
		{ "type='hvm'\nviridian=1\n", "viridian", "on" },
		{ "cpus='0-3'\n", "cpuset", "0-3" },
		{ "cpus=['1','2']\n", "vcpupin[1].cpuset", "2" },
		{ "cpuid='host,sse3=0'\n", "cpu[pni].policy", "disable" },
		{ "rtc_timeoffset='-60'\n", "clock_adjust", "18446744073709551556" },
		{ "pci=['09:00.0@1f,permissive=1']\n", "pci[0000:09:00.0].vslot", "31" },
		{ "pci=['09:00.*,seize=0']\n", "pci[0000:09:00.*].seize", "off" },
		{ "pci=['09:00.0']\npci+=['0a:00.0']\n", "pci[0000:0a:00.0].permissive", NULL },
		{ "pci=['09:00.0']\npci=['0a:00.0']\n", "pci[#0].address", "0000:0a:00.0" },
		{ "rdm='strategy=host,policy=relaxed'\n", "rdm_policy", "relaxed" },
		{ "disk=['phy:/dev/a,xvda,w']\n", "disk[xvda].target", "/dev/a" },
		{ "disk=['tap:qcow2:/a,xvda,r']\n", "disk[xvda].format", "qcow2" },
		{ "disk=['/a,raw,hdc,ro']\n", "disk[hdc].readonly", "on" },
		{ "disk=[',hdc:cdrom,r']\n", "disk[hdc].dev", "cdrom" },
		{ "disk=['vdev=hda,target=/a,b=c']\n", "disk[hda].target", "/a\\2cb\\3dc" },
		{ "disk=['tap:aio:/a,xvda,r=']\n", "disk[xvda].readonly", "on" },
		{ "disk=['/a,raw,xvda=']\n", "disk[xvda].target", "/a" },
		{ "vif=['bridge=ovs0.7,script=vif-openvswitch']\n", "net[#0].source", "ovs0" },
		{ "vif=['bridge=ovs0:7:9,script=vif-openvswitch']\n", "net[#0].id.vlan", "[(id=7),(id=9)]" },
		{ "vif=['bridge=ovs0.7:9,script=vif-openvswitch']\n", "net[#0].source", "ovs0.7:9" },
		{ "vif=['bridge=br0.7,script=vif-bridge']\n", "net[#0].source", "br0.7" },
		{ "channel=['connection=socket,path=/s,name=a']\n", "channel[#0].listen", "on" },
		{ "disk=['/a,,xvdb,backend=d']\n", "disk[xvdb].backend", "d" },
		{ "vif=['mac=00:16:3E:0:0:1,bridge=b']\n", "net[#0].source", "b" },
		{ "vif=['rate=10Mb/s@50ms']\n", "net[#0].rate", "1250000" },
		{ "vif=['rate=10Mb/s@50ms']\n", "net[#0].rate_us", "50000" },
		{ "vif=['ip=10.0.0.1 10.0.0.2']\n", "net[#0].ips", "[10.0.0.1,10.0.0.2]" },
		{ "vfb=['vnc=1,vncdisplay=3']\n", "gfx[#0].port", "5903" },
		{ "type='hvm'\nvnc=0\nspice=1\nspicedisable_ticketing=1\n", "gfx[#0].ticketing", "off" },
		{ "type='hvm'\nserial='tcp:localhost:99,server,nowait'\n", "serial[#0].listen", "on" },
		{ "type='hvm'\nserial=['pty','file:/x']\n", "serial[#1].path", "/x" },
		{ "channel=['connection=socket,path=/a,name=n']\n", "channel[#0].kind", "unix" },
		{ "usbdev=['hostbus=1,hostaddr=2']\n", "usbdev[#0].addr", "2" },
		{ "type='hvm'\nusbdevice=['tablet','mouse']\n", "input[#1].type", "mouse" },
		{ "type='hvm'\nsoundhw='ac97,es1370'\n", "sound[#1].model", "es1370" },
		{ "type='hvm'\nstdvga=1\nvideoram=16\n", "video[#0].model", "std" },
		{ "vnuma=[['size=1','vcpus=0-1']]\n", "numa[#0].size", "1024" },
	};
	/* clang-format on */

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++)
		check_value(cases[i].text, cases[i].path, cases[i].want);
}

static void test_carries(void **st)
{
	_cleanup_dom_ struct xlpt_dom dom;
	_cleanup_str_ struct xlpt_str out = { 0 };

	(void)st;
	read_ok("# hello\naltp2m = 'mixed'\niomem=['a',# in\n'b']\niomem+=[\"c\"]\nserial='weird:1'\n"
		"vif=['forwarddev=eth9']\n",
		&dom);
	assert_int_equal(xlpt_xl_write(&dom, NULL, 0, &out, NULL, NULL), 0);
	assert_non_null(strstr(out.s, "# hello\n# in\n"));
	assert_non_null(strstr(out.s, "altp2m = 'mixed'\n"));
	assert_non_null(strstr(out.s, "iomem = [ 'a', 'b', \"c\" ]\n"));
	assert_non_null(strstr(out.s, "serial = 'weird:1'\n"));
	assert_non_null(strstr(out.s, "forwarddev=eth9"));
	assert_int_equal(xlpt_xl_check(out.s, out.len, "out", NULL), 0);
}

static void test_errors(void **st)
{
	/* clang-format off */
	static const struct { const char *text; size_t len; unsigned line, column; } cases[] = {
		{ "a = 1\nb = -1\n", 0, 2, 5 },
		{ "name = \"x\n", 0, 1, 8 },
		{ "a = [ 1, [ 2 ]\n", 0, 1, 5 },
		{ "a = 1\r\n", 0, 1, 6 },
		{ "a = 1 # end", 0, 1, 7 },
		{ "A = 1\n", 0, 1, 1 },
		{ "a = \"\\x41\"\n", 0, 1, 5 },
		{ "a = 1\n\nb 2\n", 0, 3, 3 },
		{ "a = [[[[[[[[[1]]]]]]]]]\n", 0, 1, 13 },
		{ "a = 1\nb\0=2\n", 11, 2, 2 },
		{ "\xff\xfe", 0, 1, 1 },
		{ "\xff\xfe\x6e\0=\0\x31\0", 8, 1, 1 },
		{ "pci = [ '0000:09:00.9' ]\n", 0, 1, 21 },
		{ "pci = [ '09:00.0',\n  '0a:00.0,permissive=yes' ]\n", 0, 2, 23 },
		{ "pci = '09:00.0'\n", 0, 1, 7 },
		{ "pci = [ '09:00.0', '' ]\n", 0, 1, 20 },
		{ "disk = [ 'x' ]\n", 0, 1, 10 },
		{ "vif = [ 'mac=zz' ]\n", 0, 1, 9 },
		{ "vif = [ 'mac=00:16:3e:00:-1:02' ]\n", 0, 1, 9 },
		{ "vif = [ 'mac=00:16:3e:00:01' ]\n", 0, 1, 9 },
		{ "vif = [ 'mac=00:16:3e:00:01:02:03' ]\n", 0, 1, 9 },
		{ "a = 'x'\na += [ 1 ]\n", 0, 2, 1 },
	};
	/* clang-format on */

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_dom_ struct xlpt_dom dom;
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		_cleanup_kepts_ struct xlpt_kepts kept = { 0 };
		size_t len = cases[i].len ? cases[i].len : strlen(cases[i].text);
		int rc = xlpt_xl_read(cases[i].text, len, "t.cfg", &dom, &kept, NULL, &diag);

		if (rc != XLPT_ERR_SYNTAX || diag.line != cases[i].line ||
		    diag.column != cases[i].column)
			fail_msg("%s: rc %d at %u:%u (%s), not %u:%u", cases[i].text, rc, diag.line,
				 diag.column, diag.message ? diag.message : "", cases[i].line,
				 cases[i].column);
		assert_string_equal(diag.file, "t.cfg");
	}
}

/* xm ran its configurations as Python. Whoever has one is told so, with the line. */
static void test_python(void **st)
{
	/* clang-format off */
	static const struct { const char *text; unsigned line; } python[] = {
		{ "import os\n", 1 },
		{ "lambda x: 3\n", 1 },
		{ "memory=1\nsys.path\n", 2 },
		{ "from os import path\n", 1 },
		{ "name='a'\nimport os, re\n", 2 },
		{ "def f(x):\n    return x\n", 1 },
		{ "memory=1\nif memory:\n", 2 },
		{ "for x in [ 1 ]:\n", 1 },
		{ "print 'x'\n", 1 },
		{ "disk = [ 'file:/srv/%s.img,hda,w' % name ]\n", 1 },
		{ "name = 'a' % b\n", 1 },
		{ "name = 'a' + 'b'\n", 1 },
		{ "disk = [ 'a' + 'b' ]\n", 1 },
		{ "memory = 512 * 2\n", 1 },
		{ "memory = 1024 / 2\n", 1 },
		{ "extra = \"\"\"a\nb\"\"\"\n", 1 },
		{ "extra = '''a'''\n", 1 },
		{ "vnc = True\n", 1 },
		{ "x = None\n", 1 },
		{ "x = dict(a=1)\n", 1 },
		{ "x = { 'a': 1 }\n", 1 },
		{ "x = ( 'a', 'b' )\n", 1 },
		{ "x = 'a', 'b'\n", 1 },
		{ "name = hostname\n", 1 },
		{ "disk = [ x ]\n", 1 },
		{ "disk.append('x')\n", 1 },
		{ "config['a'] = 1\n", 1 },
		{ "VmName = 'x'\n", 1 },
		{ "vmName = 'x'\n", 1 },
		{ "name = 'a' \\\n 'b'\n", 1 },
		{ "name = str(1)\n", 1 },
		{ "name = 'abc'.upper()\n", 1 },
	};
	/* clang-format on */
	static const char *const none[] = {
		"b 2\n",     "memory = 512M\n", "x = -1\n", "a = 1\r\n", "name = 'x\n",
		"a = [ 1\n", "a = 1 # c",	"\xff\n",   "1\n",	 "\xef\xbb\xbfname='x'\n"
	};

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(python) + XLPT_ARRAY_SIZE(none); i++) {
		bool is = i < XLPT_ARRAY_SIZE(python);
		const char *text = is ? python[i].text : none[i - XLPT_ARRAY_SIZE(python)];
		_cleanup_diag_ struct xlpt_diag diag = { 0 };

		assert_int_equal(xlpt_xl_check(text, strlen(text), "t", &diag), XLPT_ERR_SYNTAX);
		if (is != (diag.fact && strstr(diag.fact, "Python")))
			fail_msg("%s: %s: %s", text, diag.message, diag.fact ? diag.fact : "");
		if (is)
			assert_int_equal(diag.line, python[i].line);
		/* An import is no value that could be written in its place. */
		if (is && xlpt_starts(text, "import"))
			assert_non_null(strstr(diag.hint, "take it out"));
	}
}

/* What does not end is told where it begins, with what mends it; what follows it is not blamed. */
static void test_not_ended(void **st)
{
	static const struct {
		const char *text;
		unsigned line, column;
		const char *fact, *hint;
	} cases[] = {
		{ "name = 'w\nmemory = 5\n", 1, 8, "no other '", "end it with '" },
		{ "name = \"w'\n", 1, 8, "no other \"", "end it with \"" },
		{ "a = 1\nextra = \"c:\\\"\n", 2, 9, "not its end", "write \\\\" },
		{ "pci = [\n '01:00.0',\n '02:00.0\n]\n", 3, 2, "no other '", "end it with '" },
		{ "a = 1\ndisk = [ 'x',\nvif = [ 'y' ]\n", 2, 8, "\"vif =\" in line 3", "write ]" },
		{ "disk = [ 'x'\n\n  memory += 5\n", 1, 8, "\"memory =\" in line 3", "write ]" },
		{ "disk = [ 'x' # y\nvif=[]\n", 1, 8, "\"vif =\" in line 2", "write ]" },
		{ "vnuma = [ [ 'x', 'y'\n, [ 'z' ]\n]\nmemory = 5\n", 1, 9, "in line 4",
		  "write ]" },
		{ "vnuma = [ [ 'x', 'y' ]\n", 1, 9, "the file ends", "write ]" },
		{ "pci = [ '01:00.0',\n", 1, 7, "the file ends", "write ]" },
		{ "pci = [ '01:00.0' '02:00.0' ]\n", 1, 19, "nothing between", "a comma" },
		{ "pci = [ '01:00.0'\n\t'02:00.0' ]\n", 2, 2, "nothing between", "a comma" },
		{ "pci = [ 01:00.0,permissive=1 ]\n", 1, 11, "without quotes", "\"01:00.0\"" },
		{ "vnclisten = 0.0.0.0\n", 1, 14, "without quotes", "\"0.0.0.0\"" },
		{ "pci = [ '01:00.0',, '02:00.0' ]\n", 1, 19, "in front of this comma",
		  "take this comma out" },
		{ "pci = [ '01:00.0',\n\t,\n]\n", 2, 2, "in front of this comma", "comma" },
		{ "pci = [ , '01:00.0' ]\n", 1, 9, "in front of this comma", "comma" },
		{ "memory = 1.5\n", 1, 11, "whole numbers", "in quotes" },
		{ "a = 1\n PCI = [ '01:00.0' ]\n", 2, 2, "small letters", "write \"pci\" if" },
		{ "Name='x'\n", 1, 1, "small letters", "write \"name\" if" },
		{ "\n<domain type='xen'/>\n", 2, 1, "begins with '<'", "xlpt convert 'a b'" },
	};

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		_cleanup_xl_scan_ struct xlpt_xl_scan scan = { 0 };
		const char *text = cases[i].text;

		assert_int_equal(xlpt_xl_scan(text, strlen(text), "a b", &scan, &diag),
				 XLPT_ERR_SYNTAX);
		if (diag.line != cases[i].line || diag.column != cases[i].column || !diag.fact ||
		    !strstr(diag.fact, cases[i].fact) || !diag.hint ||
		    !strstr(diag.hint, cases[i].hint))
			fail_msg("%s%u:%u: %s\n%s\n%s", text, diag.line, diag.column, diag.message,
				 diag.fact, diag.hint);
	}
}

static void test_limits(void **st)
{
	_cleanup_dom_ struct xlpt_dom dom;
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_kepts_ struct xlpt_kepts kept = { 0 };
	_cleanup_str_ struct xlpt_str many = { 0 };

	(void)st;
	for (int i = 0; i < 5000; i++)
		xlpt_str_add(&many, "a+=\"0123456789\"\n");
	assert_int_equal(xlpt_xl_read(many.s, many.len, "t", &dom, &kept, NULL, &diag),
			 XLPT_ERR_SYNTAX);
	assert_int_equal(diag.line, 4097);
	while (many.len <= XLPT_XL_MAX)
		xlpt_str_add(&many, "##############################################\n");
	assert_int_equal(xlpt_xl_read(many.s, many.len, "t", &dom, &kept, NULL, &diag),
			 XLPT_ERR_SYNTAX);
	assert_int_equal(diag.line, 1);
}

static void test_quotes(void **st)
{
	static const char *const texts[] = {
		"", "a", "\"", "'", "\\", "a\nb\tc", "\x01\x7f\xc3\xa9", "#"
	};

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(texts); i++) {
		_cleanup_str_ struct xlpt_str s = { 0 }, line = { 0 };
		_cleanup_free_ char *back = NULL;

		xlpt_xl_quote(&s, texts[i]);
		back = xlpt_xl_unquote(s.s, s.len);
		assert_string_equal(back, texts[i]);
		xlpt_str_addf(&line, "name = %s\n", s.s);
		assert_int_equal(xlpt_xl_check(line.s, line.len, "q", NULL), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),	  cmocka_unit_test(test_carries),
		cmocka_unit_test(test_errors),	  cmocka_unit_test(test_python),
		cmocka_unit_test(test_not_ended), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_quotes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
