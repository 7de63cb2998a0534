/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What xl and libxl refuse in a configuration is told, whoever wrote it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "converters/convert.h"

static const struct xlpt_loss *refused(const struct xlpt_losses *losses, const char *what)
{
	for (size_t i = 0; i < losses->n; i++)
		if (!strcmp(losses->items[i].what, what) &&
		    xlpt_starts(losses->items[i].reason, "the guest does not start under xl: "))
			return &losses->items[i];
	return NULL;
}

static void test_limits(void **st)
{
#define H  "type='hvm'\n"
#define V2 "vcpus=2\n"
	static const struct {
		const char *text, *what; /* what NULL = nothing is refused */
	} rules[] = {
		{ H "disk=['/i,raw,hda,w','/j,raw,xvdb,w','/k,raw,sda,w','/l,raw,xvdq,r']\n",
		  NULL },
		{ H "disk=['/i,raw,hda,w','/j,raw,xvda,w']\n", "disk[xvda]" },
		{ H "disk=['/i,raw,hda,w','/j,raw,sda,cdrom']\n", "disk[sda]" },
		{ H "disk=['/i,raw,hda,r']\n", "disk[hda]" },
		{ H "disk=['/i,raw,xvde,cdrom']\n", "disk[xvde]" },
		{ "kernel='/k'\ndisk=['/i,raw,hda,r','/j,raw,xvda,w']\n", NULL },
		{ H "disk=['vdev=xvda,format=qcow2,backendtype=phy,target=/i']\n", "disk[xvda]" },
		{ H "vif=['model=nosuch']\n", "net[#0]" },
		{ H "vif=['model=nosuch,type=vif','model=e1000e']\n", NULL },
		{ "kernel='/k'\nvif=['type=ioemu']\n", "net[#0]" },
		{ H "vnc=0\nspice=1\nspicedisable_ticketing=1\n", "gfx[#0]" },
		{ H "vnc=0\nspice=1\nspiceport=6000\n", "gfx[#0]" },
		{ H "vnc=0\nspice=1\nspiceport=6000\nspicepasswd='x'\n", NULL },
		{ H "vnc=0\nspice=1\nspiceport=6000\nspicepasswd='x'\nspiceusbredirection=5\n",
		  "gfx[#0]" },
		{ H
		  "vnc=0\nspice=1\nspiceport=6000\nspicepasswd='x'\nspiceusbredirection=2\nusb=1\n",
		  "gfx[#0]" },
		{ H "vga='qxl'\nvideoram=64\n", "video[#0]" },
		{ H "vga='stdvga'\nvideoram=8\n", "video[#0]" },
		{ H "vga='none'\nvideoram=0\n", NULL },
		{ H "usbctrl=['ports=15']\n", "usbctrl[#0]" },
		{ H "usbctrl=['version=3,ports=15','version=1,ports=2','']\n", NULL },
		{ H "usbctrl=['version=4']\n", "usbctrl[#0]" },
		{ "kernel='/k'\nusbctrl=['version=3']\n", "usbctrl[#0]" },
		{ "kernel='/k'\nusbctrl=['ports=15']\n", NULL },
		{ H "usbctrl=['version=2']\nusbdev=['hostbus=1,hostaddr=2,controller=1']\n",
		  "usbdev[#0]" },
		{ H "soundhw='ac97,es1370'\n", "sound" },
		{ H "soundhw='pcspk'\n", "sound[#0]" },
		{ H "vcpus=4\nmaxvcpus=2\n", "vcpus" },
		{ H "vcpus=129\n", "maxvcpus" },
		{ H "cpu_weight=100000\n", "cpu_weight" },
		{ H V2 "vnuma=[['size=1','vcpus=0','vdistances=10,20'],['size=1','vcpus=1',"
		       "'vdistances=20,10']]\n",
		  NULL },
		{ H V2 "vnuma=[['size=1','vcpus=0'],['size=1','vcpus=1']]\n", "numa[#0]" },
		{ H V2 "vnuma=[['size=1','vcpus=0','vdistances=10,9'],['size=1','vcpus=1',"
		       "'vdistances=20,10']]\n",
		  "numa[#0]" },
		{ H V2 "vnuma=[['size=1','vcpus=0','vdistances=10']]\n", "numa" },
		{ H V2 "vnuma=[['size=1','vcpus=0-1','vdistances=10,20'],['size=1','vcpus=1',"
		       "'vdistances=20,10']]\n",
		  "numa" },
		{ H V2 "maxmem=9\nvnuma=[['size=1','vcpus=0-1','vdistances=10']]\n", "numa" },
		{ H V2 "memory=1\nvnuma=[['size=2','vcpus=0-1','vdistances=10']]\n", "memory" },
		{ H V2 "memory=2\nvnuma=[['size=2','vcpus=0-1','vdistances=10']]\n", NULL },
		{ V2 "kernel='/k'\nvnuma=[['size=2','vcpus=0-1','vdistances=10']]\n", "numa" },
		{ H "pci=['03:00.*']\n", "pci[#0]" },
		{ H "pci=['03:00.*@0']\n", "pci[#0]" },
		{ H "pci=['03:00.*@7']\n", NULL },
		{ H "memory=64\nmaxmem=128\npci=['03:00.0']\n", "memory" },
		{ H "memory=64\nmaxmem=128\n", NULL },
		{ "memory=64\n", "kernel" },
		{ "type='pvh'\n", "kernel" },
		{ "type='pvh'\nfirmware='pvgrub32'\n", NULL },
		{ "type='pv'\nfirmware='pvgrub64'\n", NULL },
		{ "type='pvh'\nfirmware='uefi'\n", "kernel" },
		{ "type='pvh'\nfirmware='pvgrub64'\nkernel='/k'\n", "kernel" },
		{ H "name='a/b'\n", "name" },
		{ "type='pvh'\nkernel='/k'\npci=['03:00.0']\n", "pci" },
		{ H "pci=['03:00.0','0000:03:00.0@5']\n", "pci[#1]" },
		{ H "pci=['03:00.0','03:00.1','04:00.0','0001:03:00.0']\n", NULL },
		{ H "memory=0\n", "memory" },
		{ H "memory=0\nmaxmem=64\n", NULL },
		{ H "ramdisk='/r'\n", "ramdisk" },
		{ H "bios='rombios'\n", "firmware" },
		{ H "viridian=['base','nosuch']\n", "viridian_groups" },
		{ H "viridian=['all','!freq']\n", NULL },
	};
	struct xlpt_convert how = { .to = XLPT_FORMAT_XL };

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(rules); i++) {
		_cleanup_free_ char *text = xlpt_xasprintf("name='g'\n%s", rules[i].text);
		_cleanup_str_ struct xlpt_str out = { 0 };
		_cleanup_losses_ struct xlpt_losses losses = { 0 };
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		size_t n = 0;

		if (xlpt_convert(text, strlen(text), "in", &how, &out, NULL, &losses, &diag))
			fail_msg("%s: %s", text, diag.message);
		for (size_t j = 0; j < losses.n; j++)
			n += !!strstr(losses.items[j].reason, "does not start");
		if (rules[i].what ? !refused(&losses, rules[i].what) : n)
			fail_msg("%s: %s", rules[i].what ? "not refused" : "refused", text);
		if (rules[i].what) {
			assert_int_equal(refused(&losses, rules[i].what)->severity,
					 XLPT_LOSS_CHANGED);
			assert_non_null(xlpt_losses_strict(&losses));
		}
	}
}

static void xml_losses(const char *type, const char *os, const char *disk,
		       struct xlpt_losses *losses)
{
	struct xlpt_convert how = { .to = XLPT_FORMAT_XL };
	_cleanup_str_ struct xlpt_str out = { 0 };
	_cleanup_free_ char *xml = xlpt_xasprintf(
		"<domain type='%s'><name>g</name><memory>65536</memory><os>%s</os><devices><disk "
		"type='file'><source file='/i'/>%s</disk></devices></domain>",
		type, os, disk);

	assert_int_equal(xlpt_convert(xml, strlen(xml), "in", &how, &out, NULL, losses, NULL), 0);
}

/* What cannot be made to fit is told; as is a command line that names a disk as it was. */
static void test_xml(void **st)
{
#define PV "<type>xen</type><kernel>/k</kernel><cmdline>root=/dev/vda1 ro</cmdline>"
	struct xlpt_losses losses = { 0 };
	bool told = false;

	(void)st;
	xml_losses("xen", "<type>hvm</type>", "<target dev='hda'/><readonly/>", &losses);
	assert_non_null(refused(&losses, "disk[hda]"));
	xlpt_losses_dispose(&losses);
	xml_losses("xen", PV, "<target dev='vda'/>", &losses);
	for (size_t i = 0; i < losses.n; i++)
		told |= !strcmp(losses.items[i].what, "cmdline");
	assert_true(told);
	xlpt_losses_dispose(&losses);
	xml_losses("xen", PV, "<target dev='xvda'/>", &losses);
	for (size_t i = 0; i < losses.n; i++)
		assert_string_not_equal(losses.items[i].what, "cmdline");
	xlpt_losses_dispose(&losses);
}

/* Devices that are listed twice are told with both places, on the way to either side. */
static void test_twice(void **st)
{
#define XL "name='g'\ntype='hvm'\nmemory=64\n"
#define XML \
	"<domain type='xen'><name>g</name><memory>65536</memory><os><type>hvm</type></os><devices>\n"
#define END	   "</devices></domain>\n"
#define DISK(name) "<disk type='file'><source file='/i" name "'/><target dev='" name "'/></disk>\n"
#define PCI(how)                                                                          \
	"<" how "><source><address type='pci' domain='0' bus='3' slot='0' function='0'/>" \
	"</source></"
#define USB(ids) "<hostdev mode='subsystem' type='usb'><source>" ids "</source></hostdev>\n"
#define AT(bus, slot, function)                                                     \
	"<hostdev mode='subsystem' type='pci'><source><address bus='" bus           \
	"' slot='0' function='0'/></source><address type='pci' bus='0' slot='" slot \
	"' function='" function "'/></hostdev>\n"
#define IDS   USB("<vendor id='0x0bda'/><product id='0x8153'/>")
#define PLACE USB("<address bus='1' device='3'/>")
	static const struct {
		const char *text;
		enum xlpt_format to;
		const char *what, *words; /* NULL = nothing is told */
		int line;		  /* negative: a note */
	} rows[] = {
		{ XL "disk=['/a,raw,xvda,w',\n'/b,raw,xvda,w']\n", XLPT_FORMAT_LIBVIRT,
		  "disk[xvda]",
		  "libvirt refuses this guest: two disks have this name, first in line 4", 5 },
		{ XL "disk=['/a,raw,xvda,w',\n'/b,raw,d0p0,w']\n", XLPT_FORMAT_XL, "disk[xvda]",
		  "the guest does not start under xl: two disks have this name, first in line 4",
		  5 },
		{ XL "disk=['/a,raw,hda,w',\n'/b,raw,768,w']\n", XLPT_FORMAT_XL, "disk[768]",
		  "the guest does not start under xl: two disks have this number, first in line 4",
		  5 },
		{ XL "disk=['/a,raw,sdp,w','/b,raw,sdp1,w','/c,raw,xvdp15,w','/d,raw,xvdq,w']\n",
		  XLPT_FORMAT_XL, NULL, NULL, 0 },
		{ XL "pci=['03:00.0',\n'0000:03:00.0,permissive=1']\n", XLPT_FORMAT_LIBVIRT,
		  "pci[#1]",
		  "libvirt refuses this guest: 0000:03:00.0 is listed twice, first in line 4", 5 },
		{ XL "pci=['03:00.*@5',\n'03:00.1']\n", XLPT_FORMAT_XL, "pci[#1]",
		  "0000:03:00.1 is listed twice, first in line 4", 5 },
		{ XL "pci=['03:00.*@5','03:00.0','03:01.0','0001:03:00.0']\n", XLPT_FORMAT_LIBVIRT,
		  NULL, NULL, 0 },
		{ XL "usbdev=['hostbus=1,hostaddr=3',\n'hostbus=1,hostaddr=3']\n", XLPT_FORMAT_XL,
		  "usbdev[#1]", "listed twice, first in line 4", 5 },
		{ XL "usbdev=['hostbus=1,hostaddr=3','hostbus=2,hostaddr=3']\n",
		  XLPT_FORMAT_LIBVIRT, NULL, NULL, 0 },
		{ XL "pci=['03:00.0@1f','04:00.0',\n'05:00.0@1f']\n", XLPT_FORMAT_XL, "pci[#2]",
		  "the guest does not start under xl: two devices ask for slot 1f of the guest, first "
		  "in line 4",
		  5 },
		{ XL "pci=['03:00.*@5',\n'05:00.0,vslot=5']\n", XLPT_FORMAT_XL, "pci[#1]",
		  "two devices ask for slot 5", 5 },
		{ XL "pci=['03:00.0@5',\n'05:00.0@5']\n", XLPT_FORMAT_LIBVIRT, "pci[#1]",
		  "xl does not start this guest, libvirt does: two devices ask for slot 5 of the guest, "
		  "first in line 4",
		  -5 },
		{ XL "pci=['03:00.0@0','04:00.0@0','05:00.0@6']\n", XLPT_FORMAT_XL, NULL, NULL, 0 },
		{ "name='g'\nkernel='/k'\nmemory=64\npci=['03:00.0@5','04:00.0@5']\n",
		  XLPT_FORMAT_XL, NULL, NULL, 0 },
		{ XML AT("3", "5", "0") AT("4", "6", "0") AT("5", "5", "0") END, XLPT_FORMAT_XL,
		  "pci[#2]", "two devices ask for slot 5 of the guest, first in line 2", 4 },
		{ XML AT("3", "5", "0") AT("4", "5", "1") END, XLPT_FORMAT_XL, NULL, NULL, 0 },
		{ XML DISK("xvda") DISK("xvda") END, XLPT_FORMAT_XL, "disk[xvda]",
		  "the guest does not start under xl: two disks have this name, first in line 2",
		  3 },
		{ XML DISK("sda") DISK("sdb") DISK("sda") END, XLPT_FORMAT_LIBVIRT, "disk[sda]",
		  "libvirt refuses this guest: two disks have this name, first in line 2", 4 },
		{ XML PCI("hostdev mode='subsystem' type='pci'") "hostdev>\n" PCI(
			  "interface type='hostdev'") "interface>" END,
		  XLPT_FORMAT_XL, "pci[#1]", "0000:03:00.0 is listed twice, first in line 2", 3 },
		{ XML PLACE PLACE END, XLPT_FORMAT_LIBVIRT, "usbdev[#1]",
		  "libvirt refuses this guest: this USB device is listed twice, first in line 2",
		  3 },
		{ XML IDS IDS END, XLPT_FORMAT_LIBVIRT, "usbdev[#1]", "listed twice", 3 },
		{ XML IDS PLACE END, XLPT_FORMAT_LIBVIRT, NULL, NULL, 0 },
	};

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(rows); i++) {
		struct xlpt_convert how = { .to = rows[i].to };
		_cleanup_str_ struct xlpt_str out = { 0 };
		_cleanup_losses_ struct xlpt_losses losses = { 0 };
		const struct xlpt_loss *told = NULL;

		assert_int_equal(xlpt_convert(rows[i].text, strlen(rows[i].text), "in", &how, &out,
					      NULL, &losses, NULL),
				 0);
		for (size_t j = 0; j < losses.n; j++)
			if (strstr(losses.items[j].reason, "listed twice") ||
			    strstr(losses.items[j].reason, "two disks") ||
			    strstr(losses.items[j].reason, "two devices")) {
				assert_null(told);
				told = &losses.items[j];
			}
		if (!told != !rows[i].what)
			fail_msg("%s: %s", told ? told->reason : "not told", rows[i].text);
		if (!told)
			continue;
		assert_string_equal(told->what, rows[i].what);
		if (!strstr(told->reason, rows[i].words))
			fail_msg("%s: %s", told->reason, rows[i].text);
		assert_int_equal(told->line, abs(rows[i].line));
		assert_int_equal(told->severity,
				 rows[i].line < 0 ? XLPT_LOSS_NOTE : XLPT_LOSS_CHANGED);
	}
}

/* What xl refuses has the place of what it is about. */
static void test_places(void **st)
{
	static const struct {
		const char *text, *what;
		unsigned line;
	} rows[] = {
		{ "name='g'\ntype='hvm'\n\nvcpus=4\nmaxvcpus=2\n", "vcpus", 4 },
		{ "name='g'\ntype='hvm'\ndisk=[\n'/i,raw,xvdb,w',\n'/i,raw,hda,r']\n", "disk[hda]",
		  5 },
		{ "name='g'\ntype='hvm'\nvif=['',\n'model=nosuch']\n", "net[#1]", 4 },
		{ "name='g'\ntype='pvh'\nkernel='/k'\npci=['03:00.0']\n", "pci", 4 },
		{ "name='g'\ntype='hvm'\nvnc=1\nspice=1\nspicedisable_ticketing=1\n", "gfx[#1]",
		  4 },
		{ "<domain type='xen'><name>g</name>\n<memory>65536</memory>\n"
		  "<currentMemory>32768</currentMemory><os><type>hvm</type></os><devices><hostdev "
		  "type='pci'><source><address bus='3' slot='0'/></source></hostdev></devices></domain>",
		  "memory", 3 },
	};

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(rows); i++) {
		struct xlpt_convert how = { .to = XLPT_FORMAT_XL };
		_cleanup_str_ struct xlpt_str out = { 0 };
		_cleanup_losses_ struct xlpt_losses losses = { 0 };

		assert_int_equal(xlpt_convert(rows[i].text, strlen(rows[i].text), "in", &how, &out,
					      NULL, &losses, NULL),
				 0);
		assert_non_null(refused(&losses, rows[i].what));
		assert_int_equal(refused(&losses, rows[i].what)->line, rows[i].line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_limits),
					    cmocka_unit_test(test_twice),
					    cmocka_unit_test(test_places),
					    cmocka_unit_test(test_xml) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
