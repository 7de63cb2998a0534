/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What xl and libxl refuse in a configuration is told, whoever wrote it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
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
		{ H "memory=64\nmaxmem=128\npci=['03:00.0']\n", "memory" },
		{ H "memory=64\nmaxmem=128\n", NULL },
		{ "memory=64\n", "kernel" },
		{ "type='pvh'\n", "kernel" },
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

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_limits),
					    cmocka_unit_test(test_xml) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
