/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disks of libvirt XML under xl: their images, names and sources, and which the guest starts from. */
#include "tests/unit/fitting.h"

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
	tells(&r, XLPT_LOSS_NOTE, "disk[vda].boot_order");
	tells(&r, XLPT_LOSS_NOTE, "net[#0].boot_order");
	dispose(&r);
	to_xl(&r, "kvm", "<os><type>hvm</type></os>", "", second);
	tells(&r, XLPT_LOSS_CHANGED, "disk[vdb].boot_order");
	dispose(&r);
	to_xl(&r, "kvm", "<os><type>hvm</type></os>", "", listed);
	tells(&r, XLPT_LOSS_CHANGED, "disk[vdb].boot_order");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_images),
		cmocka_unit_test(test_disk_sources),
		cmocka_unit_test(test_disk_names),
		cmocka_unit_test(test_boot_order),
		cmocka_unit_test(test_boot_order_of_xen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
