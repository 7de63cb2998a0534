/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* USB controllers and devices, on the way to xl and back. */
#include "tests/unit/fitting.h"

static void test_usb(void **st)
{
#define CTRL(model, rest) "<controller type='usb' index='0' model='" model "'" rest
	struct result r;

	(void)st;
	to_xl(&r, "kvm", HVM, "", CTRL("qemu-xhci", " ports='15'/>"));
	has(&r, "\t\"version=3,ports=15\"");
	dispose(&r);
	to_xl(&r, "kvm", HVM, "", CTRL("nec-xhci", " ports='20'/>"));
	has(&r, "\t\"version=3,ports=15\"");
	tells(&r, XLPT_LOSS_CHANGED, "usbctrl[#0].ports");
	dispose(&r);
	to_xl(&r, "kvm", HVM, "", CTRL("piix3-uhci", "/>"));
	has(&r, "\t\"version=1\"");
	dispose(&r);
	to_xl(&r, "kvm", HVM, "", CTRL("ehci", " ports='8'/>"));
	has(&r, "\t\"version=2\"");
	tells(&r, XLPT_LOSS_CHANGED, "usbctrl[#0].ports");
	dispose(&r);
	to_xl(&r, "kvm", HVM, "", CTRL("none", "/>"));
	has_not(&r, "usbctrl");
	tells(&r, XLPT_LOSS_NOTE, "devices/controller");
	dispose(&r);
	to_xl(&r, "kvm", HVM, "",
	      CTRL("ich9-ehci1", "/>") CTRL("ich9-uhci1", "><master startport='0'/></controller>")
		      CTRL("ich9-uhci2", "><master startport='2'/></controller>"));
	has(&r, "usbctrl = [\n\t\"version=2\",\n]");
	dispose(&r);
	to_xl(&r, "xen", PV, "", CTRL("qemu-xhci", " ports='4'/>"));
	has(&r, "\t\"version=2,ports=4\"");
	tells(&r, XLPT_LOSS_CHANGED, "usbctrl[#0].version");
	dispose(&r);
}

/* An input device beside others: both are there, and the way back has one list. */
static void test_usbdevice(void **st)
{
	_cleanup_str_ struct xlpt_str xml = { 0 }, back = { 0 };
	const char *first;

	(void)st;
	convert("name='g'\ntype='hvm'\nmemory=9\nusb=1\nusbdevice=['braille', 'tablet', 'host:auto:1']\n",
		XLPT_FORMAT_LIBVIRT, &xml, NULL);
	assert_non_null(strstr(xml.s, "<input type='tablet' bus='usb'/>"));
	convert(xml.s, XLPT_FORMAT_XL, &back, NULL);
	first = strstr(back.s, "\nusbdevice = [\n\t\"tablet\",\n\t'braille', 'host:auto:1',\n]\n");
	if (!first)
		fail_msg("%s", back.s);
	assert_null(strstr(first + 1, "\nusbdevice"));
}

/* A device of the host in usbdevice= is one in libvirt, and comes home as xl can have it. */
static void test_usbdevice_host(void **st)
{
	_cleanup_str_ struct xlpt_str xml = { 0 }, back = { 0 }, pv = { 0 };
	_cleanup_losses_ struct xlpt_losses over = { 0 }, home = { 0 };

	(void)st;
	convert("name='g'\ntype='hvm'\nmemory=9\nusbdevice=['host:046D:c52b', 'tablet', 'host:1.30', "
		"'braille']\n",
		XLPT_FORMAT_LIBVIRT, &xml, &over);
	assert_non_null(strstr(xml.s, "<address bus='1' device='30'/>"));
	assert_non_null(strstr(xml.s, "<vendor id='0x046d'/>"));
	assert_non_null(strstr(xml.s, "<product id='0xc52b'/>"));
	for (size_t i = 0; i < over.n; i++)
		assert_true(over.items[i].severity == XLPT_LOSS_NOTE ||
			    !strcmp(over.items[i].what, "usbdevice")); /* braille */
	convert(xml.s, XLPT_FORMAT_XL, &back, &home);
	if (!strstr(back.s, "usbdev = [\n\t\"type=hostdev,hostbus=1,hostaddr=30\",\n]\n") ||
	    !strstr(back.s,
		    "usbdevice = [\n\t\"tablet\",\n\t\"host:046d:c52b\",\n\t'braille',\n]\n"))
		fail_msg("%s", back.s);
	assert_null(xlpt_losses_strict(&home));
	/* xl does not read it for a PV guest. */
	convert("name='g'\nmemory=9\nkernel='/k'\nusbdevice='host:1.30'\n", XLPT_FORMAT_LIBVIRT,
		&pv, NULL);
	assert_null(strstr(pv.s, "<hostdev"));
}

#define SPICE	       "<graphics type='spice' port='5900'/>"
#define REDIRECTED     "<redirdev bus='usb' type='spicevmc'/>"
#define TABLET(before) "<input " before "type='tablet'/>"

/* Each is a channel of SPICE's, and they do not go with xl's tablet. */
static void test_redirected(void **st)
{
	struct result r;

	(void)st;
	to_xl(&r, "kvm", HVM, "", SPICE REDIRECTED "<redirdev type='spicevmc' bus='usb'/>");
	has(&r, "\nspiceusbredirection = 2\n");
	tells(&r, XLPT_LOSS_NOTE, "devices/redirdev");
	assert_null(xlpt_losses_strict(&r.losses));
	dispose(&r);
	to_xl(&r, "kvm", HVM, "", SPICE TABLET("bus='usb' ") REDIRECTED);
	has_not(&r, "spiceusbredirection");
	tells(&r, XLPT_LOSS_CHANGED, "devices/redirdev");
	dispose(&r);
	/* xl's tablet takes the place of one on virtio. */
	to_xl(&r, "kvm", HVM, "", SPICE TABLET("bus='virtio' ") REDIRECTED);
	has_not(&r, "spiceusbredirection");
	dispose(&r);
	to_xl(&r, "kvm", HVM, "", SPICE REDIRECTED REDIRECTED REDIRECTED REDIRECTED REDIRECTED);
	has(&r, "\nspiceusbredirection = 4\n");
	assert_string_equal(xlpt_losses_strict(&r.losses)->what, "devices/redirdev");
	assert_int_equal(times_told(&r, "devices/redirdev"), 5);
	dispose(&r);
	/* From another host, and of a guest without SPICE. */
	to_xl(&r, "kvm", HVM, "",
	      SPICE "<redirdev bus='usb' type='tcp'><source mode='connect' host='h' "
		    "service='4000'/></redirdev>");
	has_not(&r, "spiceusbredirection");
	dispose(&r);
	to_xl(&r, "kvm", HVM, "", "<graphics type='vnc'/>" REDIRECTED);
	has_not(&r, "spiceusbredirection");
	tells(&r, XLPT_LOSS_CHANGED, "devices/redirdev");
	dispose(&r);
}

/* libvirt puts a tablet without a bus on USB, and mouse and keyboard on PS/2. */
static void test_tablet(void **st)
{
	struct result r;

	(void)st;
	to_xl(&r, "xen", HVM, "", TABLET("") "<input type='mouse'/><graphics type='vnc'/>");
	has(&r, "\nusb = 1\n");
	has(&r, "\nusbdevice = \"tablet\"\n");
	dispose(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usb),
		cmocka_unit_test(test_usbdevice),
		cmocka_unit_test(test_usbdevice_host),
		cmocka_unit_test(test_redirected),
		cmocka_unit_test(test_tablet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
