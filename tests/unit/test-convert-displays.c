/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Displays and video cards of libvirt XML under xl. */
#include "tests/unit/fitting.h"

static void test_no_display(void **st)
{
	struct result r;

	(void)st;
	to_xl(&r, "xen", HVM, "", "");
	has(&r, "\nvnc = 0\n");
	has(&r, "\nvga = \"none\"\n");
	has(&r, "\nnographic = 1\n");
	dispose(&r);
	/* A card without a display is a card. */
	to_xl(&r, "xen", HVM, "", "<video><model type='vga' vram='16384'/></video>");
	has(&r, "\nvnc = 0\n");
	has(&r, "\nvga = \"stdvga\"\n");
	has_not(&r, "nographic");
	dispose(&r);
	to_xl(&r, "xen", HVM, "", "<graphics type='sdl'/>");
	has(&r, "\nvnc = 0\n");
	has(&r, "\nsdl = 1\n");
	has_not(&r, "vga");
	dispose(&r);
	to_xl(&r, "xen", HVM, "", "<graphics type='vnc'/>");
	has(&r, "\nvnc = 1\n");
	has_not(&r, "vga");
	dispose(&r);
	/* A PV guest has no display unless it is given one. */
	to_xl(&r, "xen", PV, "", "");
	has_not(&r, "vnc");
	has_not(&r, "vga");
	dispose(&r);
}

static void test_spice(void **st)
{
	struct result r, again;

	(void)st;
	to_xl(&r, "xen", HVM, "", "<graphics type='spice' autoport='yes'/>");
	has(&r, "\nvnc = 0\n");
	has(&r, "\nspiceport = 61");
	has(&r, "\nspicedisable_ticketing = 1\n");
	tells(&r, XLPT_LOSS_CHANGED, "gfx[#0].autoport");
	/* The same guest, the same port. */
	to_xl(&again, "xen", HVM, "", "<graphics type='spice' autoport='yes'/>");
	assert_string_equal(r.xl.s, again.xl.s);
	dispose(&again);
	dispose(&r);
	to_xl(&r, "xen", HVM, "", "<graphics type='spice' tlsPort='5901' passwd=''/>");
	/* libxl starts no guest with it, so nobody got in; without a password everybody would. */
	tells(&r, XLPT_LOSS_CHANGED, "gfx");
	has_not(&r, "spice");
	has(&r, "\nvnc = 0\n");
	dispose(&r);
	to_xl(&r, "xen", PV, "", "<graphics type='spice' port='5901'/>");
	has_not(&r, "spice");
	tells(&r, XLPT_LOSS_CHANGED, "gfx");
	dispose(&r);
}

/* libxl takes what stands behind the last colon of vnclisten= for the display. */
static void test_listen(void **st)
{
	static const struct {
		const char *key, *xml;
	} both[] = {
		{ "vnclisten='0.0.0.0:2'", " port='5902' listen='0.0.0.0'" },
		{ "vnclisten='[::1]:3'", " port='5903' listen='::1'" },
	};
	struct result r;

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(both); i++) {
		_cleanup_free_ char *hvm =
			xlpt_xasprintf("name='g'\ntype='hvm'\nmemory=9\nvnc=1\n%s\n", both[i].key);
		_cleanup_free_ char *bare =
			xlpt_xstrndup(both[i].key + 11, strlen(both[i].key) - 12);
		_cleanup_free_ char *pv = xlpt_xasprintf("name='g'\nmemory=9\nkernel='/k'\n"
							 "vfb=['vnc=1,vnclisten=%s']\n",
							 bare);
		_cleanup_str_ struct xlpt_str x = { 0 }, y = { 0 };

		convert(hvm, XLPT_FORMAT_LIBVIRT, &x, NULL);
		convert(pv, XLPT_FORMAT_LIBVIRT, &y, NULL);
		if (!strstr(x.s, both[i].xml) || !strstr(y.s, both[i].xml))
			fail_msg("no %s in\n%s%s", both[i].xml, x.s, y.s);
	}
	to_xl(&r, "xen", HVM, "", "<graphics type='vnc' listen='::1' port='5907'/>");
	has(&r, "\nvnclisten = \"[::1]:7\"\n");
	has_not(&r, "vncdisplay");
	dispose(&r);
	to_xl(&r, "xen", HVM, "", "<graphics type='vnc' listen='10.0.0.1' port='5907'/>");
	has(&r, "\nvnclisten = \"10.0.0.1\"\nvncdisplay = 7\n");
	dispose(&r);
}

/* In any order; each is what it was. */
static void test_two_displays(void **st)
{
	_cleanup_str_ struct xlpt_str xml = { 0 };
	struct result r;

	(void)st;
	to_xl(&r, "xen", HVM, "",
	      "<graphics type='spice' port='5900'/><graphics type='vnc' port='5905' listen='0.0.0.0' "
	      "keymap='de'/>");
	has(&r, "\nspiceport = 5900\n");
	has(&r, "\nvncdisplay = 5\n");
	for (size_t i = 0; i < r.losses.n; i++)
		assert_string_not_equal(r.losses.items[i].what, "gfx[#0].type");
	tells(&r, XLPT_LOSS_CHANGED, "gfx[#1].keymap");
	dispose(&r);
	convert("name='g'\ntype='hvm'\nspice=1\nspiceport=5900\nvnc=1\nkeymap='de'\n",
		XLPT_FORMAT_LIBVIRT, &xml, NULL);
	assert_non_null(strstr(xml.s, "<graphics type='spice' port='5900' keymap='de'"));
	assert_true(strstr(xml.s, "'spice'") < strstr(xml.s, "'vnc'"));
}

static void test_video_memory(void **st)
{
#define VIDEO(type, vram) \
	"<graphics type='vnc'/><video><model type='" type "' vram='" vram "'/></video>"
	struct result r;

	(void)st;
	to_xl(&r, "kvm", HVM, "", VIDEO("qxl", "65536"));
	has(&r, "\nvideoram = 128\n");
	tells(&r, XLPT_LOSS_CHANGED, "video[#0].vram");
	dispose(&r);
	to_xl(&r, "kvm", HVM, "", VIDEO("vga", "9216"));
	has(&r, "\nvideoram = 16\n");
	tells(&r, XLPT_LOSS_CHANGED, "video[#0].vram");
	dispose(&r);
	to_xl(&r, "kvm", HVM, "", VIDEO("cirrus", "4096"));
	has(&r, "\nvideoram = 8\n");
	dispose(&r);
	/* Only rounded. */
	to_xl(&r, "kvm", HVM, "", VIDEO("vga", "17000"));
	has(&r, "\nvideoram = 17\n");
	tells(&r, XLPT_LOSS_NOTE, "video[#0].vram");
	dispose(&r);
	to_xl(&r, "xen", HVM, "", "<graphics type='vnc'/><video><model type='virtio'/></video>");
	has_not(&r, "vga");
	tells(&r, XLPT_LOSS_CHANGED, "devices/video");
	dispose(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_display),   cmocka_unit_test(test_spice),
		cmocka_unit_test(test_listen),	     cmocka_unit_test(test_two_displays),
		cmocka_unit_test(test_video_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
