/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt XML to xl: devices as libxl takes them; what libvirt is silent about is said. */
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

/* An order that boot= has as well is no change, unless it means a device that is not the first of its class. */
static void test_boot_order(void **st)
{
#define ORDERED(dev, n)                                                              \
	"<disk type='file' device='disk'><source file='/" dev "'/><target dev='" dev \
	"' bus='virtio'/><boot order='" n "'/></disk>"
	static const char nic[] = "<interface type='bridge'><source bridge='b'/><boot order='1'/>"
				  "</interface>";
	_cleanup_free_ char *first = xlpt_xasprintf("%s%s", ORDERED("vda", "2"), nic);
	_cleanup_free_ char *second = xlpt_xasprintf(
		"<disk type='file' device='disk'><source file='/a'/><target dev='vda' bus='virtio'/>"
		"</disk>%s%s",
		ORDERED("vdb", "2"), nic);
	_cleanup_free_ char *listed = xlpt_xasprintf(
		"%s%s<disk type='file' device='disk'><source file='/a'/><target dev='vda' "
		"bus='virtio'/></disk>",
		ORDERED("vdb", "2"), nic);
	struct result r;

	(void)st;
	to_xl(&r, "kvm", "<os><type>hvm</type></os>", "", first);
	has(&r, "\nboot = \"nc\"\n");
	tells(&r, XLPT_LOSS_NOTE, "disk[xvda].boot_order");
	tells(&r, XLPT_LOSS_NOTE, "net[#0].boot_order");
	dispose(&r);
	to_xl(&r, "kvm", "<os><type>hvm</type></os>", "", second);
	tells(&r, XLPT_LOSS_CHANGED, "disk[xvdb].boot_order");
	dispose(&r);
	to_xl(&r, "kvm", "<os><type>hvm</type></os>", "", listed);
	tells(&r, XLPT_LOSS_CHANGED, "disk[xvdb].boot_order");
	dispose(&r);
}

/* libvirt's Xen driver does not read the orders; xl's boot= has what they mean, whatever numbers they have. */
static void test_boot_order_of_xen(void **st)
{
#define IDE(dev, device, n)                                                                \
	"<disk type='file' device='" device "'><source file='/" dev "'/><target dev='" dev \
	"' bus='" BUS "'/><boot order='" n "'/></disk>"
#define BUS	  "ide"
#define NET_AT(n) "<interface type='bridge'><source bridge='b'/><boot order='" n "'/></interface>"
	static const struct {
		const char *devices, *boot, *changed;
	} cases[] = {
		{ IDE("hda", "disk", "2") NET_AT("1"), "\nboot = \"nc\"\n", "boot" },
		{ IDE("hda", "disk", "300") NET_AT("200"), "\nboot = \"nc\"\n", "boot" },
		{ IDE("hda", "disk", "2") IDE("hdc", "cdrom", "1"), "\nboot = \"dc\"\n", "boot" },
		{ IDE("hda", "disk", "1") NET_AT("2"), "\nboot = \"cn\"\n", NULL },
		{ IDE("hdb", "disk", "1") NET_AT("2"), "\nboot = \"cn\"\n",
		  "disk[hdb].boot_order" },
		{ NET_AT("3") NET_AT("1"), "\nboot = \"n\"\n", "net[#1].boot_order" },
	};
	struct result r;

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		to_xl(&r, "xen", "<os><type>hvm</type></os>", "", cases[i].devices);
		has(&r, cases[i].boot);
		if (cases[i].changed)
			tells(&r, XLPT_LOSS_CHANGED, cases[i].changed);
		else
			assert_null(xlpt_losses_strict(&r.losses));
		dispose(&r);
	}
#undef BUS
#define BUS "fdc"
	/* xl has no floppy drive, but the word stays in its place. */
	to_xl(&r, "xen", "<os><type>hvm</type></os>", "", IDE("fda", "floppy", "1") NET_AT("2"));
	has(&r, "\nboot = \"an\"\n");
	dispose(&r);
	to_xl(&r, "xen", PV, "", NET_AT("1"));
	has_not(&r, "boot =");
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
	tells(&r, XLPT_LOSS_CHANGED, "disk[sda]");
	convert(r.xl.s, XLPT_FORMAT_LIBVIRT, &xml, &losses);
	assert_non_null(strstr(xml.s, "<source file='[store] a/b.vmdk'/>"));
	assert_non_null(strstr(xml.s, "<disk type='volume' device='cdrom'>"));
	dispose(&r);
}

#define VLANS(attr, tags)                                                            \
	"<interface type='bridge'><source bridge='b'/><vlan" attr ">" tags "</vlan>" \
	"<virtualport type='openvswitch'/></interface>"

/* What libvirt closes is not open under xl. */
static void test_closed(void **st)
{
	struct result r;

	(void)st;
	/* An empty password lets nobody in, and is none to libxl; as libvirt's Xen driver has it. */
	to_xl(&r, "kvm", HVM, "", "<graphics type='vnc' listen='0.0.0.0' passwd=''/>");
	has(&r, "\nvnc = 0\n");
	has_not(&r, "vnclisten");
	has_not(&r, "vga");
	tells(&r, XLPT_LOSS_CHANGED, "gfx");
	dispose(&r);
	to_xl(&r, "kvm", HVM, "", "<graphics type='spice' port='5900' passwd=''/>");
	has_not(&r, "spice");
	dispose(&r);
	to_xl(&r, "xen", HVM, "", "<graphics type='vnc' passwd=''/>");
	has(&r, "\nvnc = 1\n");
	tells(&r, XLPT_LOSS_NOTE, "gfx[#0].passwd");
	dispose(&r);
	/* Without a VLAN the guest would have all that the bridge has. */
	to_xl(&r, "kvm", HVM, "",
	      VLANS(" trunk='yes'", "<tag id='10'/><tag id='20' nativeMode='untagged'/>"));
	has(&r, "bridge=b:10:20,script=vif-openvswitch");
	tells(&r, XLPT_LOSS_CHANGED, "net[#0].id.vlan[#1].native");
	dispose(&r);
	to_xl(&r, "kvm", HVM, "", VLANS("", "<tag id='10'/><tag id='20'/>"));
	has(&r, "bridge=b:10:20,script=vif-openvswitch");
	tells(&r, XLPT_LOSS_NOTE, "net[#0].id.vlan_trunk");
	dispose(&r);
	to_xl(&r, "kvm", HVM, "",
	      "<hostdev mode='subsystem' type='pci'><source><address bus='6'/></source>"
	      "<address type='unassigned'/></hostdev>"
	      "<hostdev mode='subsystem' type='pci'><source><address bus='7'/></source>"
	      "<rom bar='on'/></hostdev>");
	has_not(&r, "06:00.0");
	has(&r, "0000:07:00.0");
	tells(&r, XLPT_LOSS_CHANGED, "pci[0000:06:00.0]");
	tells(&r, XLPT_LOSS_NOTE, "pci[0000:07:00.0].rom_bar");
	dispose(&r);
}

#define IMAGE(type, file)                                                                       \
	"<disk type='file' device='disk'>" type "<source file='" file "'/><target dev='xvda'/>" \
	"</disk>"
#define TYPE(word) "<driver name='qemu' type='" word "'/>"
#define LUKS	   "<encryption format='luks'><secret type='passphrase' usage='x'/></encryption>"

/* xl takes what it does not know for raw: it is given an image that has to be made first. */
static void test_images(void **st)
{
	static const struct {
		const char *type, *device, *disk, *member;
	} cases[] = {
		{ "kvm", IMAGE(TYPE("vmdk"), "/a b"), "format=qcow2,", "target" },
		{ "xen", IMAGE(TYPE("vdi"), "/a"), "target=/a.qcow2", "target" },
		{ "kvm", IMAGE(TYPE("auto"), "/a"), "target=/a.qcow2", "target" },
		{ "kvm", IMAGE("", "/a.VHDX"), "target=/a.VHDX.qcow2", "target" },
		{ "kvm", IMAGE(LUKS TYPE("raw"), "/a"), "target=/a.qcow2", "target" },
		{ "kvm", IMAGE("", "/a.qcow2"), "format=qcow2,", "format" },
		{ "kvm", IMAGE("", "/a.vpc"), "format=vhd,", "format" },
		{ "kvm", IMAGE(TYPE("raw"), "/a.vmdk"), "format=raw,", NULL },
		{ "kvm", IMAGE(TYPE("iso"), "/a.vmdk"), "target=/a.vmdk\"", NULL },
		{ "kvm", IMAGE(LUKS TYPE("qcow2"), "/a"), "target=/a\"", NULL },
		{ "kvm", IMAGE("", "/a.img"), "vdev=xvda", NULL },
		{ "xen", IMAGE("", "/a.vmdk"), "target=/a.vmdk\"", NULL },
	};
	struct result r;

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *what = xlpt_xasprintf("disk[xvda].%s", cases[i].member);

		to_xl(&r, cases[i].type, HVM, "", cases[i].device);
		has(&r, cases[i].disk);
		if (cases[i].member)
			tells(&r, XLPT_LOSS_CHANGED, what);
		else
			has_not(&r, ".qcow2");
		dispose(&r);
	}
	to_xl(&r, "kvm", HVM, "", cases[0].device);
	has(&r, "qemu-img convert -f vmdk -O qcow2 '/a b' '/a b.qcow2'\n");
	dispose(&r);
	/* Nobody can say where the image of a device would be. */
	to_xl(&r, "kvm", HVM, "",
	      "<disk type='block' device='disk'>" TYPE(
		      "vmdk") "<source dev='/dev/v/a'/>"
			      "<target dev='vda' bus='virtio'/></disk>");
	has_not(&r, "/dev/v/a");
	tells(&r, XLPT_LOSS_CHANGED, "disk[vda]");
	has(&r, "#xlpt-note: - host: disk vda: xl has no images of type vmdk, and");
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
	assert_null(xlpt_losses_strict(&home));
	/* xl does not read it for a PV guest. */
	convert("name='g'\nmemory=9\nkernel='/k'\nusbdevice='host:1.30'\n", XLPT_FORMAT_LIBVIRT,
		&pv, NULL);
	assert_null(strstr(pv.s, "<hostdev"));
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

/* Backends that Xen does not have, and a bridge that only its own script can add to. */
static void test_backends(void **st)
{
	struct result r;

	(void)st;
	to_xl(&r, "xen", PV, "",
	      "<disk type='file'><driver name='tap' type='aio'/><source file='/a'/>"
	      "<target dev='xvda'/></disk>");
	has(&r, "\"format=raw,vdev=xvda,target=/a\"");
	tells(&r, XLPT_LOSS_NOTE, "disk[xvda].driver");
	dispose(&r);
	to_xl(&r, "kvm", HVM, "",
	      "<interface type='bridge'><source bridge='ovs'/><vlan trunk='yes'>"
	      "<tag id='42' nativeMode='untagged'/><tag id='47'/></vlan>"
	      "<virtualport type='openvswitch'><parameters "
	      "interfaceid='43dc0cf8-809b-4adb-9bea-a9abb5f3d90e'/></virtualport></interface>");
	has(&r, "\"bridge=ovs:42:47,script=vif-openvswitch\"");
	tells(&r, XLPT_LOSS_CHANGED, "net[#0].id.vlan[#0].native");
	tells(&r, XLPT_LOSS_CHANGED, "net[#0].id.interfaceid");
	dispose(&r);
}

/* What "virsh dumpxml" adds of a domain that runs. */
static void test_running(void **st)
{
	struct result r;

	(void)st;
	to_xl(&r, "xen", HVM, "",
	      "<interface type='bridge'><source bridge='b'/><target dev='vif7.0-emu'/></interface>"
	      "<interface type='bridge'><source bridge='b'/><target dev='vnet12'/></interface>"
	      "<interface type='bridge'><source bridge='b'/><target dev='vifweb'/></interface>"
	      "<interface type='ethernet'><script path='vif-route'/></interface>"
	      "<disk type='network'><source protocol='rbd' name='p/i' index='3'><host name='h'/></source>"
	      "<target dev='xvda'/></disk>"
	      "<graphics type='vnc' listen='10.0.0.1'><listen type='network' address='10.0.0.1' "
	      "network='n'/></graphics>");
	has(&r, "\t\"bridge=b\",\n\t\"bridge=b\",\n\t\"bridge=b,vifname=vifweb\",\n");
	tells(&r, XLPT_LOSS_NOTE, "net[#0].vifname");
	tells(&r, XLPT_LOSS_NOTE, "net[#1].vifname");
	tells(&r, XLPT_LOSS_NOTE, "net[#3].kind");
	has(&r, "target=rbd:p/i:auth_supported=none:mon_host=h\"");
	tells(&r, XLPT_LOSS_NOTE, "disk[xvda]/source/@index");
	tells(&r, XLPT_LOSS_NOTE, "gfx[#0]/listen");
	dispose(&r);
	to_xl(&r, "xen", PV, "",
	      "<graphics type='vnc'/><video><model type='xen' vram='4096' heads='1' primary='yes'/>"
	      "</video>");
	tells(&r, XLPT_LOSS_NOTE, "video");
	dispose(&r);
	to_xl(&r, "kvm", HVM, "", "<interface type='ethernet'/>");
	tells(&r, XLPT_LOSS_CHANGED, "net[#0].kind");
	dispose(&r);
}

/* libvirt takes down what is more than <memory>. */
static void test_memory(void **st)
{
	struct result r;

	(void)st;
	to_xl(&r, "xen", PV, "<currentMemory unit='GiB'>1</currentMemory>", "");
	has(&r, "\nmemory = 512\n");
	tells(&r, XLPT_LOSS_NOTE, "memory");
	dispose(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_display),   cmocka_unit_test(test_spice),
		cmocka_unit_test(test_boot_order),   cmocka_unit_test(test_boot_order_of_xen),
		cmocka_unit_test(test_disk_sources), cmocka_unit_test(test_closed),
		cmocka_unit_test(test_images),	     cmocka_unit_test(test_disk_names),
		cmocka_unit_test(test_usb),	     cmocka_unit_test(test_cards),
		cmocka_unit_test(test_video_memory), cmocka_unit_test(test_listen),
		cmocka_unit_test(test_usbdevice),    cmocka_unit_test(test_usbdevice_host),
		cmocka_unit_test(test_console),	     cmocka_unit_test(test_two_displays),
		cmocka_unit_test(test_backends),     cmocka_unit_test(test_memory),
		cmocka_unit_test(test_running),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
