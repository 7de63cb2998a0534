/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt XML to xl: what is written is what libxl takes, what it is silent about is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "converters/convert.h"
#include "tests/unit/domains.h"

struct result {
	struct xlpt_str xl;
	struct xlpt_losses losses;
	char *xml;
};

static void convert(const char *text, enum xlpt_format to, struct xlpt_str *out,
		    struct xlpt_losses *losses)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	struct xlpt_convert how = { .to = to };

	if (xlpt_convert(text, strlen(text), "in", &how, out, NULL, losses, &diag))
		fail_msg("%s\n%s", diag.message, text);
}

/* A domain to xl, and that it comes back as it was. */
static void to_xl(struct result *r, const char *type, const char *os, const char *parts,
		  const char *devices)
{
	_cleanup_str_ struct xlpt_str back = { 0 };
	_cleanup_dom_ struct xlpt_dom a, b;
	_cleanup_deltas_ struct xlpt_deltas deltas = { 0 };
	_cleanup_free_ char *text = NULL;

	*r = (struct result){ 0 };
	r->xml = xlpt_xasprintf("<domain type='%s'><name>g</name><memory unit='MiB'>512</memory>"
				"<vcpu>2</vcpu>%s%s<devices>%s</devices></domain>",
				type, os, parts, devices);
	convert(r->xml, XLPT_FORMAT_XL, &r->xl, &r->losses);
	convert(r->xl.s, XLPT_FORMAT_LIBVIRT, &back, NULL);
	assert_int_equal(
		read_domain(XLPT_FORMAT_LIBVIRT, r->xml, strlen(r->xml), "a", &a, NULL, NULL), 0);
	assert_int_equal(read_domain(XLPT_FORMAT_LIBVIRT, back.s, back.len, "b", &b, NULL, NULL),
			 0);
	xlpt_dom_diff(&a, &b, &deltas);
	text = deltas_text(&deltas);
	if (deltas.n)
		fail_msg("not the same on the way back:\n%s\n%s", text, r->xl.s);
}

#define HVM "<os><type>hvm</type><boot dev='hd'/></os>"
#define PV  "<os><type>xen</type><kernel>/k</kernel><cmdline>root=/dev/vda1 ro</cmdline></os>"

static void dispose(struct result *r)
{
	xlpt_str_dispose(&r->xl);
	xlpt_losses_dispose(&r->losses);
	free(r->xml);
}

static void has(const struct result *r, const char *want)
{
	if (!strstr(r->xl.s, want))
		fail_msg("no %s in\n%s", want, r->xl.s);
}

static void has_not(const struct result *r, const char *what)
{
	_cleanup_free_ char *plain = xlpt_xstrndup(r->xl.s, strcspn(r->xl.s, "#"));

	if (strstr(plain, what))
		fail_msg("%s in\n%s", what, plain);
}

static void tells(const struct result *r, enum xlpt_severity severity, const char *what)
{
	for (size_t i = 0; i < r->losses.n; i++)
		if (!strcmp(r->losses.items[i].what, what)) {
			assert_int_equal(r->losses.items[i].severity, severity);
			return;
		}
	for (size_t i = 0; i < r->losses.n; i++)
		print_message("%s: %s\n", r->losses.items[i].what, r->losses.items[i].reason);
	fail_msg("nothing is said of %s", what);
}

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
	has_not(&r, "spiceport");
	has_not(&r, "spicepasswd");
	has(&r, "\nspicedisable_ticketing = 1\n");
	dispose(&r);
	to_xl(&r, "xen", PV, "", "<graphics type='spice' port='5901'/>");
	has_not(&r, "spice");
	tells(&r, XLPT_LOSS_CHANGED, "gfx");
	dispose(&r);
}

#define DISK(dev, device) \
	"<disk type='file' device='" device "'><source file='/i'/><target dev='" dev "'/></disk>"

/* The way back says it to libvirt again, and not only in what is kept. */
static void test_disk_sources(void **st)
{
	_cleanup_str_ struct xlpt_str xml = { 0 };
	_cleanup_losses_ struct xlpt_losses losses = { 0 };
	struct result r;

	(void)st;
	to_xl(&r, "vmware", HVM, "",
	      "<disk type='file' device='disk'><source file='[store] a/b.vmdk'/>"
	      "<target dev='sda' bus='scsi'/></disk>"
	      "<disk type='volume' device='cdrom'><target dev='hdc' bus='ide'/></disk>");
	tells(&r, XLPT_LOSS_CHANGED, "disk[sda].target");
	convert(r.xl.s, XLPT_FORMAT_LIBVIRT, &xml, &losses);
	assert_non_null(strstr(xml.s, "<source file='[store] a/b.vmdk'/>"));
	assert_non_null(strstr(xml.s, "<disk type='volume' device='cdrom'>"));
	dispose(&r);
}

static void test_disk_names(void **st)
{
	struct result r;

	(void)st;
	to_xl(&r, "kvm", HVM, "",
	      DISK("vda", "disk") DISK("vdb", "disk") DISK("sda", "cdrom") DISK("fda", "floppy"));
	has(&r, "vdev=xvda,");
	has(&r, "vdev=xvdb,");
	/* The first place of IDE is the first disk's. */
	has(&r, "vdev=hdc,devtype=cdrom");
	has_not(&r, "fda");
	tells(&r, XLPT_LOSS_CHANGED, "disk[vda]");
	tells(&r, XLPT_LOSS_CHANGED, "disk[vdb]");
	tells(&r, XLPT_LOSS_CHANGED, "disk[fda]");
	dispose(&r);
	to_xl(&r, "xen", HVM, "",
	      DISK("xvda", "disk") DISK("vda", "disk") DISK("hdc", "cdrom") DISK("hde", "disk")
		      DISK("sdq", "disk"));
	has(&r, "vdev=xvda,");
	has(&r, "vdev=xvdb,");
	has(&r, "vdev=hdc,");
	has(&r, "vdev=xvde,");
	has(&r, "vdev=xvdq,");
	dispose(&r);
	to_xl(&r, "xen", HVM, "", DISK("hda", "disk") DISK("sda", "cdrom") DISK("xvdd", "disk"));
	has(&r, "vdev=hdc,devtype=cdrom");
	dispose(&r);
	/* Nobody's way is in, so it stays. */
	to_xl(&r, "xen", HVM, "", DISK("sdb", "cdrom") DISK("hda", "disk"));
	has(&r, "vdev=sdb,devtype=cdrom");
	dispose(&r);
}

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

static void test_cards(void **st)
{
#define NIC(model) \
	"<interface type='bridge'><source bridge='b'/><model type='" model "'/></interface>"
	struct result r;

	(void)st;
	to_xl(&r, "kvm", HVM, "", NIC("virtio"));
	has(&r, "model=virtio-net\"");
	dispose(&r);
	to_xl(&r, "kvm", HVM, "", NIC("virtio-non-transitional"));
	has(&r, "model=virtio-net-pci-non-transitional\"");
	dispose(&r);
	to_xl(&r, "kvm", HVM, "", NIC("lan9118"));
	has_not(&r, "model");
	tells(&r, XLPT_LOSS_CHANGED, "net[#0].model");
	dispose(&r);
	to_xl(&r, "xen", HVM, "", "<sound model='ich9'/><sound model='ac97'/>");
	has(&r, "\nsoundhw = \"hda\"\n");
	tells(&r, XLPT_LOSS_CHANGED, "sound");
	dispose(&r);
	to_xl(&r, "xen", HVM, "", "<sound model='usb'/>");
	has_not(&r, "soundhw");
	tells(&r, XLPT_LOSS_CHANGED, "sound");
	dispose(&r);
	/* QEMU since 8.2 does not start with it (seen in the lab), so it is not made for Xen. */
	to_xl(&r, "kvm", HVM, "", "<sound model='ac97'/>");
	has_not(&r, "soundhw");
	tells(&r, XLPT_LOSS_CHANGED, "sound");
	dispose(&r);
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

#define CELL(id, rest) "<cell id='" id "' cpus='" id "' memory='256' unit='MiB'" rest
#define NUMA(cells)    "<cpu><numa>" cells "</numa></cpu>"

static void test_numa(void **st)
{
	_cleanup_str_ struct xlpt_str out = { 0 };
	struct xlpt_convert how = { .to = XLPT_FORMAT_XL };
	struct result r;
	char *twice;

	(void)st;
	to_xl(&r, "xen", HVM, NUMA(CELL("0", "/>") CELL("1", "/>")), "");
	has(&r, "\"vcpus=0\", \"vdistances=10,20\"");
	has(&r, "\"vcpus=1\", \"vdistances=20,10\"");
	dispose(&r);
	/* What one cell says holds for the other, too. */
	to_xl(&r, "xen", HVM,
	      NUMA(CELL("0", "><distances><sibling id='1' value='31'/></distances></cell>")
			   CELL("1", "/>")),
	      "");
	has(&r, "\"vcpus=0\", \"vdistances=10,31\"");
	has(&r, "\"vcpus=1\", \"vdistances=31,10\"");
	dispose(&r);
	to_xl(&r, "xen", HVM, NUMA(CELL("1", "/>") CELL("0", "/>")), "");
	has(&r, "vnuma = [\n\t[ \"size=256\", \"vcpus=0\"");
	dispose(&r);
	twice = "<domain type='xen'><name>g</name><os><type>hvm</type></os>" NUMA(
		CELL("1", "/>") CELL("1", "/>")) "</domain>";
	assert_int_equal(xlpt_convert(twice, strlen(twice), "in", &how, &out, NULL, NULL, NULL),
			 XLPT_ERR_SYNTAX);
}

static void test_hyperv(void **st)
{
#define FEATURES(words) "<features><acpi/>" words "</features>"
	_cleanup_str_ struct xlpt_str xml = { 0 };
	_cleanup_losses_ struct xlpt_losses losses = { 0 };
	struct result r;

	(void)st;
	to_xl(&r, "xen", HVM,
	      FEATURES("<hyperv mode='custom'><vapic state='on'/>"
		       "<frequencies state='on'/></hyperv>"),
	      "");
	has(&r, "\nviridian = [ \"base\", \"crash_ctl\", \"apic_assist\", \"freq\" ]\n");
	dispose(&r);
	to_xl(&r, "kvm", HVM,
	      FEATURES("<hyperv><relaxed state='on'/><spinlocks state='on' retries='8191'/>"
		       "<stimer state='on'><direct state='on'/></stimer>"
		       "<reset state='off'/></hyperv>"),
	      "");
	has(&r, "\nviridian = [ \"base\", \"crash_ctl\", \"stimer\" ]\n");
	tells(&r, XLPT_LOSS_NOTE, "features/hyperv/relaxed");
	tells(&r, XLPT_LOSS_CHANGED, "features/hyperv/spinlocks");
	tells(&r, XLPT_LOSS_CHANGED, "features/hyperv/stimer/direct");
	tells(&r, XLPT_LOSS_NOTE, "features/hyperv/reset");
	dispose(&r);
	to_xl(&r, "kvm", HVM, FEATURES("<hyperv><vapic state='off'/></hyperv>"), "");
	has_not(&r, "viridian");
	dispose(&r);
	to_xl(&r, "xen", HVM, FEATURES("<hyperv mode='passthrough'/>"), "");
	has(&r, "\nviridian = [ \"all\" ]\n");
	dispose(&r);
	to_xl(&r, "xen", HVM, FEATURES("<viridian/><hyperv><synic state='on'/></hyperv>"), "");
	has(&r, "\nviridian = [ \"base\", \"crash_ctl\", \"synic\", \"time_ref_count\", "
		"\"reference_tsc\", \"defaults\" ]\n");
	dispose(&r);
	convert("name='g'\ntype='hvm'\nmemory=512\nviridian=['defaults','stimer']\n",
		XLPT_FORMAT_LIBVIRT, &xml, &losses);
	assert_non_null(strstr(xml.s, "<viridian/>"));
	assert_non_null(strstr(xml.s, "<stimer state='on'/>"));
}

static void test_hyperv_back(void **st)
{
	_cleanup_str_ struct xlpt_str xml = { 0 };
	_cleanup_losses_ struct xlpt_losses losses = { 0 };

	(void)st;
	/* In any order; nothing to tell. */
	convert("name='g'\ntype='hvm'\nmemory=512\nboot='c'\nvnc=0\nvga='none'\n"
		"viridian=['hcall_ipi','crash_ctl','base']\n",
		XLPT_FORMAT_LIBVIRT, &xml, &losses);
	assert_non_null(strstr(xml.s, "<hyperv>"));
	assert_non_null(strstr(xml.s, "<ipi state='on'/>"));
	for (size_t i = 0; i < losses.n; i++)
		if (strstr(losses.items[i].what, "viridian"))
			fail_msg("%s", losses.items[i].reason);
}

static void test_shares(void **st)
{
	_cleanup_str_ struct xlpt_str xml = { 0 };
	struct result r;

	(void)st;
	to_xl(&r, "xen", HVM, "<cputune><shares>512</shares></cputune>", "");
	has(&r, "\ncpu_weight = 512\n");
	dispose(&r);
	to_xl(&r, "xen", HVM, "<cputune><shares>262144</shares></cputune>", "");
	has_not(&r, "cpu_weight");
	tells(&r, XLPT_LOSS_CHANGED, "cpu_weight");
	dispose(&r);
	convert("name='g'\nmemory=512\ncpu_weight=300\n", XLPT_FORMAT_LIBVIRT, &xml, NULL);
	assert_non_null(strstr(xml.s, "<shares>300</shares>"));
}

static void test_programs(void **st)
{
#define EFI                                                                        \
	"<os firmware='efi'><type>hvm</type><loader readonly='yes' type='pflash'>" \
	"/fw/CODE.fd</loader></os>"
	_cleanup_str_ struct xlpt_str back = { 0 };
	struct result r;

	(void)st;
	to_xl(&r, "kvm", EFI, "", "<emulator>/usr/bin/qemu-system-x86_64</emulator>");
	has(&r, "\nbios = \"ovmf\"\n");
	has_not(&r, "bios_path_override");
	has_not(&r, "device_model_override");
	tells(&r, XLPT_LOSS_CHANGED, "firmware_path");
	convert(r.xl.s, XLPT_FORMAT_LIBVIRT, &back, NULL);
	assert_non_null(
		strstr(back.s, "<loader readonly='yes' type='pflash'>/fw/CODE.fd</loader>"));
	assert_non_null(strstr(back.s, "<os firmware='efi'>"));
	dispose(&r);
	to_xl(&r, "xen", "<os><type>hvm</type><loader type='pflash'>/x/ovmf.bin</loader></os>", "",
	      "<emulator>/usr/lib/xen/bin/qemu-dm</emulator>");
	has(&r, "\nbios_path_override = \"/x/ovmf.bin\"\n");
	has(&r, "\ndevice_model_override = \"/usr/lib/xen/bin/qemu-dm\"\n");
	dispose(&r);
	to_xl(&r, "xen",
	      "<os><type>hvm</type><loader type='pflash'>/x/OVMF_CODE_4M.fd</loader></os>", "", "");
	has_not(&r, "bios_path_override");
	dispose(&r);
}

/* libvirt's schema wants some children of a device before <alias>, <boot> and <address>. */
static void test_order(void **st)
{
	_cleanup_str_ struct xlpt_str back = { 0 };
	struct result r;
	const char *teaming, *driver, *address;

	(void)st;
	to_xl(&r, "kvm", HVM, "",
	      "<hostdev mode='subsystem' type='pci' managed='yes'><driver name='vfio' model='m'/>"
	      "<source><address domain='0' bus='3' slot='7' function='1'/></source>"
	      "<teaming type='transient' persistent='ua-nic0'/>"
	      "<address type='pci' domain='0' bus='0' slot='5' function='0'/></hostdev>");
	convert(r.xl.s, XLPT_FORMAT_LIBVIRT, &back, NULL);
	teaming = strstr(back.s, "<teaming");
	driver = strstr(back.s, "<driver");
	address = strstr(back.s, "<address type=");
	assert_non_null(teaming);
	assert_non_null(driver);
	assert_true(teaming < address && driver < address);
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
	assert_false(xlpt_losses_strict(&home));
	/* xl does not read it for a PV guest. */
	convert("name='g'\nmemory=9\nkernel='/k'\nusbdevice='host:1.30'\n", XLPT_FORMAT_LIBVIRT,
		&pv, NULL);
	assert_null(strstr(pv.s, "<hostdev"));
}

/* Words of xm: the guest is the one that was meant, and what comes home xl takes. */
static void test_builder(void **st)
{
	_cleanup_str_ struct xlpt_str xml = { 0 }, back = { 0 };
	_cleanup_losses_ struct xlpt_losses over = { 0 };

	(void)st;
	convert("builder='linux'\nname='g'\nmemory=9\nkernel='/k'\n", XLPT_FORMAT_LIBVIRT, &xml,
		&over);
	assert_non_null(strstr(xml.s, "<type>xen</type>"));
	assert_int_equal(over.n, 1);
	assert_string_equal(over.items[0].what, "builder");
	assert_int_equal(over.items[0].severity, XLPT_LOSS_NOTE);
	convert(xml.s, XLPT_FORMAT_XL, &back, NULL);
	assert_non_null(strstr(back.s, "type = \"pv\"\n"));
	assert_null(strstr(back.s, "builder"));
}

/* libvirt makes a serial port of a first console that is not Xen's. */
static void test_console(void **st)
{
	struct result r;

	(void)st;
	to_xl(&r, "kvm", HVM, "", "<console type='pty'/>");
	has(&r, "\nserial = \"pty\"\n");
	tells(&r, XLPT_LOSS_NOTE, "serial");
	dispose(&r);
	to_xl(&r, "kvm", HVM, "",
	      "<console type='tcp'><source mode='bind' host='h' service='7'/>"
	      "<target type='serial' port='0'/></console>");
	has(&r, "\nserial = \"tcp:h:7,server,nowait\"\n");
	dispose(&r);
	to_xl(&r, "xen", HVM, "", "<console type='pty'><target type='xen'/></console>");
	has_not(&r, "serial");
	dispose(&r);
	to_xl(&r, "xen", HVM, "", "<serial type='null'/><console type='pty'/>");
	has(&r, "\nserial = \"null\"\n");
	dispose(&r);
	to_xl(&r, "xen", PV, "", "<console type='pty'/>");
	has_not(&r, "serial");
	dispose(&r);
}

static void test_acpi_tables(void **st)
{
#define ACPI(type) "<os><type>hvm</type><acpi><table type='" type "'>/t</table></acpi></os>"
	struct result r;

	(void)st;
	to_xl(&r, "xen", ACPI("rawset"), "", "");
	has(&r, "\nacpi_firmware = \"/t\"\n");
	tells(&r, XLPT_LOSS_NOTE, "os/acpi/table/@type");
	dispose(&r);
	to_xl(&r, "xen", ACPI("slic"), "", "");
	has(&r, "\nacpi_firmware = \"/t\"\n");
	dispose(&r);
	to_xl(&r, "xen", ACPI("raw"), "", "");
	has_not(&r, "acpi_firmware");
	dispose(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_display),
		cmocka_unit_test(test_spice),
		cmocka_unit_test(test_disk_sources),
		cmocka_unit_test(test_disk_names),
		cmocka_unit_test(test_usb),
		cmocka_unit_test(test_cards),
		cmocka_unit_test(test_video_memory),
		cmocka_unit_test(test_numa),
		cmocka_unit_test(test_hyperv),
		cmocka_unit_test(test_hyperv_back),
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_listen),
		cmocka_unit_test(test_acpi_tables),
		cmocka_unit_test(test_usbdevice),
		cmocka_unit_test(test_usbdevice_host),
		cmocka_unit_test(test_builder),
		cmocka_unit_test(test_console),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
