/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guests of KVM: what they need to start under Xen is done, the rest comes out as a check list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "converters/convert.h"
#include "tests/unit/domains.h"

static const char kvm[] =
	"<domain type='kvm'><name>g</name><memory unit='MiB'>1024</memory>"
	"<currentMemory unit='MiB'>512</currentMemory><vcpu>2</vcpu>"
	"<os firmware='efi'><type arch='x86_64' machine='pc-q35-8.2'>hvm</type>"
	"<kernel>/k</kernel><cmdline>root=/dev/vda1 resume=/dev/vdab swap=/dev/sda</cmdline></os>"
	"<features><acpi/><hyperv><vapic state='on'/></hyperv></features>"
	"<cpu mode='host-passthrough'><feature policy='require' name='topoext'/></cpu>"
	"<clock offset='utc'><timer name='hypervclock' present='yes'/></clock><devices>"
	"<disk type='file' device='disk'><source file='/a'/><target dev='vda' bus='virtio'/>"
	"<boot order='2'/></disk>"
	"<disk type='file' device='disk'><source file='/b'/><target dev='sdb' bus='sata'/></disk>"
	"<disk type='file' device='cdrom'><target dev='sda' bus='sata'/><boot order='3'/></disk>"
	"<interface type='network'><source network='lan\nx' bridge='virbr7'/><model type='virtio'/><boot order='1'/>"
	"</interface>"
	"<interface type='direct'><source dev='eno1' mode='bridge'/></interface>"
	"<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
	"<graphics type='vnc'/><video><model type='virtio'/></video>"
	"<filesystem type='mount'><source dir='/s'/><target dir='t'/></filesystem>"
	"<hostdev mode='subsystem' type='pci'><source><address bus='3' slot='0' function='0'/></source>"
	"<address type='pci' domain='0' bus='0' slot='5' function='0'/></hostdev>"
	"<hostdev mode='subsystem' type='usb'><source><vendor id='0x1234'/><product id='0xbeef'/></source>"
	"</hostdev></devices></domain>";

struct result {
	struct xlpt_str xl, back;
	struct xlpt_losses losses;
};

static void dispose(struct result *r)
{
	xlpt_str_dispose(&r->xl);
	xlpt_str_dispose(&r->back);
	xlpt_losses_dispose(&r->losses);
}

static void convert(struct result *r, const char *xml, enum xlpt_tri for_xen)
{
	struct xlpt_convert how = { .to = XLPT_FORMAT_XL, .for_xen = for_xen };
	struct xlpt_convert home = { .to = XLPT_FORMAT_LIBVIRT };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_dom_ struct xlpt_dom a, b;
	_cleanup_deltas_ struct xlpt_deltas deltas = { 0 };
	_cleanup_free_ char *text = NULL;

	*r = (struct result){ 0 };
	if (xlpt_convert(xml, strlen(xml), "in", &how, &r->xl, NULL, &r->losses, &diag))
		fail_msg("%s", diag.message);
	/* Whatever was done for Xen, KVM gets its guest back. */
	assert_int_equal(xlpt_convert(r->xl.s, r->xl.len, "xl", &home, &r->back, NULL, NULL, NULL),
			 0);
	assert_int_equal(read_domain(XLPT_FORMAT_LIBVIRT, xml, strlen(xml), "a", &a, NULL, NULL),
			 0);
	assert_int_equal(
		read_domain(XLPT_FORMAT_LIBVIRT, r->back.s, r->back.len, "b", &b, NULL, NULL), 0);
	xlpt_dom_diff(&a, &b, &deltas);
	text = deltas_text(&deltas);
	if (deltas.n)
		fail_msg("not the same on the way back:\n%s\n%s", text, r->xl.s);
}

static bool says(const struct result *r, const char *want)
{
	return strstr(r->xl.s, want);
}

static void has(const struct result *r, const char *want)
{
	if (!says(r, want))
		fail_msg("no %s in\n%s", want, r->xl.s);
}

static void listed(const struct result *r, const char *want)
{
	for (size_t i = 0; i < r->losses.n_todo; i++)
		if (strstr(r->losses.todo[i], want))
			return;
	fail_msg("the check list has no %s", want);
}

static void unlisted(const struct result *r, const char *word)
{
	for (size_t i = 0; i < r->losses.n_todo; i++)
		if (strstr(r->losses.todo[i], word))
			fail_msg("%s", r->losses.todo[i]);
}

static void test_hardware(void **st)
{
	struct result r;

	(void)st;
	convert(&r, kvm, XLPT_UNSET);
	has(&r, "vdev=xvda,");
	has(&r, "vdev=xvdb,");
	has(&r, "vdev=hdc,");
	has(&r, "\nboot = \"ncd\"\n");
	has(&r, "\ncmdline = \"root=/dev/xvda1 resume=/dev/vdab swap=/dev/xvdb\"\n");
	has(&r, "\nmemory = 1024\n");
	has(&r, "\napic = 1\n");
	has(&r, "\nvga = \"stdvga\"\n");
	has(&r, "\t\"0000:03:00.0\",\n");
	has(&r, "\"time_ref_count\", \"reference_tsc\" ]");
	assert_false(says(&r, "\nnestedhvm"));
	assert_false(says(&r, "\ncpuid"));
	for (size_t i = 0; i < r.losses.n; i++)
		if (strstr(r.losses.items[i].reason, "does not start"))
			fail_msg("%s: %s", r.losses.items[i].what, r.losses.items[i].reason);
	dispose(&r);
}

static void test_check_list(void **st)
{
	struct result r;
	size_t lines = 0;

	(void)st;
	convert(&r, kvm, XLPT_UNSET);
	listed(&r, "xen-blkfront");
	listed(&r, "vda is xvda, sda is xvdb");
	listed(&r, "interfaces get other names");
	listed(&r, "libvirt's network \"lan");
	listed(&r, "where the guest ran it was virbr7)");
	listed(&r, "a bridge over eno1");
	unlisted(&r, "UEFI"); /* its kernel is started by SeaBIOS */
	listed(&r, "9p");
	listed(&r, "qemu-guest-agent");
	listed(&r, "1234:beef");
	/* In the configuration, too, and every line of it is a comment. */
	has(&r, "\n#xlpt-note: - drivers: ");
	for (const char *s = strstr(r.xl.s, "#xlpt-note: a guest of KVM"); s && *s; lines++) {
		assert_int_equal(*s, '#');
		s = strchr(s, '\n');
		s += !!s;
	}
	assert_int_equal(lines, r.losses.n_todo + 1);
	dispose(&r);
}

static void test_missing_disks(void **st)
{
	struct result r;

	(void)st;
	convert(&r,
		"<domain type='kvm'><name>g</name><memory>65536</memory><os><type>hvm</type></os>"
		"<devices><disk type='file' device='disk'><driver name='qemu' type='vmdk'/>"
		"<source file='/v'/><target dev='vda'/></disk>"
		"<disk type='network' device='disk'><source protocol='iscsi' name='iqn.x/1'>"
		"<host name='h'/></source><target dev='vdb'/></disk>"
		"<disk type='file' device='floppy'><source file='/f'/><target dev='fda'/></disk>"
		"<disk type='file' device='cdrom'><target dev='sda' bus='sata'/></disk>"
		"</devices></domain>",
		XLPT_UNSET);
	listed(&r, "disk vda: xl has no images of type vmdk");
	listed(&r, "disk vdb is not in the configuration");
	listed(&r, "floppy drive fda");
	listed(&r, "(vda is xvda)");
	dispose(&r);
}

/* libvirt knows where a volume is, and the disk keeps its name. */
static void test_volumes(void **st)
{
	struct result r;

	(void)st;
	convert(&r,
		"<domain type='kvm'><name>g</name><memory>65536</memory><os><type>hvm</type></os><devices>"
		"<disk type='volume'><source pool='a b' volume='x.qcow2'/><target dev='vda' bus='virtio'/></disk>"
		"<disk type='volume' device='cdrom'><source pool='iso' volume='c.iso'/><target dev='sda' bus='sata'/>"
		"</disk><disk type='network'><source protocol='nbd' name='n'><host name='h'/></source>"
		"<target dev='vdb' bus='virtio'/></disk></devices></domain>",
		XLPT_UNSET);
	listed(&r, "virsh vol-path --pool 'a b' x.qcow2 prints in disk=, as xvda");
	listed(&r,
	       "CD-ROM sda is a volume of libvirt's: name what virsh vol-path --pool iso c.iso");
	listed(&r, "add it to disk= as xvdb");
	dispose(&r);
}

/* On virtio the name in the XML is a hint to libvirt alone. */
static void test_names_on_virtio(void **st)
{
	struct result r;

	(void)st;
	convert(&r,
		"<domain type='kvm'><name>g</name><memory>65536</memory><os><type>hvm</type></os>"
		"<devices><disk type='file'><source file='/a'/><target dev='hdc' bus='virtio'/></disk>"
		"<disk type='file'><source file='/b'/><target dev='hdd' bus='ide'/></disk>"
		"<disk type='file'><source file='/c'/><target dev='sdf' bus='virtio'/></disk>"
		"</devices></domain>",
		XLPT_UNSET);
	listed(&r, "(vda is xvdc, sda is xvdd, vdb is xvdf)");
	dispose(&r);
	/* The kernel counts: no CD-ROM, no gap, bus after bus. Its command line has the kernel's names. */
	convert(&r,
		"<domain type='kvm'><name>g</name><memory>65536</memory><os><type>hvm</type>"
		"<kernel>/k</kernel><cmdline>root=/dev/vdb2 swap=/dev/sda</cmdline></os><devices>"
		"<disk type='file' device='cdrom'><source file='/c'/><target dev='sdb' bus='sata'/></disk>"
		"<disk type='file'><source file='/a'/><target dev='sda' bus='scsi'/></disk>"
		"<disk type='file'><source file='/b'/><target dev='sdc' bus='sata'/></disk>"
		"<disk type='file'><source file='/d'/><target dev='vdd' bus='virtio'/></disk>"
		"<disk type='file'><source file='/e'/><target dev='vdb' bus='virtio'/></disk></devices></domain>",
		XLPT_UNSET);
	listed(&r, "(sdb is xvda, sda is xvde, vdb is xvdd, vda is xvdb)");
	has(&r, "\ncmdline = \"root=/dev/xvdd2 swap=/dev/xvde\"\n");
	dispose(&r);
}

/* What KVM has by default, or calls otherwise. */
static void test_spelt_otherwise(void **st)
{
#define GUEST(type, devices)                                                                    \
	"<domain type='" type "'><name>g</name><memory>65536</memory><os><type>hvm</type></os>" \
	"<devices>" devices "</devices></domain>"
#define SPICE "<graphics type='spice' autoport='yes'><listen type='address'/></graphics>"
	struct result r;

	(void)st;
	/* libxl's SPICE without an address lets everybody in; without a password, as here. */
	convert(&r, GUEST("kvm", SPICE), XLPT_UNSET);
	has(&r, "\nspicehost = \"127.0.0.1\"\n");
	dispose(&r);
	convert(&r, GUEST("kvm", "<graphics type='spice' listen='0.0.0.0'/>"), XLPT_UNSET);
	has(&r, "\nspicehost = \"0.0.0.0\"\n");
	dispose(&r);
	/* libvirt's Xen driver says no address either. */
	convert(&r, GUEST("xen", SPICE), XLPT_UNSET);
	assert_false(says(&r, "spicehost"));
	dispose(&r);
	/* A USB device stays on its controller, whatever number that has. */
	convert(&r,
		GUEST("kvm",
		      "<controller type='usb' index='1' model='nec-xhci' ports='8'/>"
		      "<controller type='usb' index='0' model='piix3-uhci'/>"
		      "<hostdev mode='subsystem' type='usb'><source><address bus='1' "
		      "device='4'/></source><address type='usb' bus='1' port='7'/></hostdev>"),
		XLPT_UNSET);
	has(&r, "controller=0,port=7");
	dispose(&r);
	/* VHD is called vpc there; on the way back it is again. */
	convert(&r,
		GUEST("kvm", "<disk type='file'><driver name='qemu' type='vpc'/><source file='/a'/>"
			     "<target dev='hda' bus='ide'/></disk>"),
		XLPT_UNSET);
	has(&r, "\"format=vhd,vdev=hda,");
	assert_non_null(strstr(r.back.s, "type='vpc'"));
	dispose(&r);
}

static void test_plain(void **st)
{
	struct result r;

	(void)st;
	convert(&r, kvm, XLPT_OFF);
	assert_int_equal(r.losses.n_todo, 0);
	assert_false(says(&r, "#xlpt-note: - "));
	has(&r, "vdev=sdb,");
	has(&r, "\nnestedhvm = 1\n");
	has(&r, "\t\"0000:03:00.0@5\",\n");
	dispose(&r);
	/* A guest of Xen's is only translated, unless asked for. */
	convert(&r,
		"<domain type='xen'><name>g</name><memory>65536</memory><os><type>hvm</type></os>"
		"</domain>",
		XLPT_UNSET);
	assert_int_equal(r.losses.n_todo, 0);
	dispose(&r);
	convert(&r,
		"<domain type='xen'><name>g</name><memory>65536</memory><os><type>hvm</type></os>"
		"</domain>",
		XLPT_ON);
	assert_true(r.losses.n_todo > 0);
	dispose(&r);
	convert(&r,
		"<domain type='qemu'><name>g</name><memory>65536</memory><os><type>hvm</type></os>"
		"</domain>",
		XLPT_UNSET);
	assert_true(r.losses.n_todo > 0);
	dispose(&r);
}

static void test_misplaced(void **st)
{
	static const struct {
		const char *text;
		struct xlpt_convert how;
	} wrong[] = {
		{ "name='g'\n", { .for_xen = XLPT_ON } },
		{ kvm, { .for_xen = XLPT_ON, .to = XLPT_FORMAT_LIBVIRT } },
		{ kvm, { .for_xen = XLPT_ON, .devices_only = true } },
	};

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(wrong); i++) {
		_cleanup_str_ struct xlpt_str out = { 0 };
		_cleanup_diag_ struct xlpt_diag diag = { 0 };

		assert_int_equal(xlpt_convert(wrong[i].text, strlen(wrong[i].text), "in",
					      &wrong[i].how, &out, NULL, NULL, &diag),
				 XLPT_ERR_USAGE);
		assert_non_null(diag.hint);
		assert_int_equal(out.len, 0);
	}
}

/* The disk that starts the guest is not the first one: the list says so, where the BIOS decides. */
static void test_boot_disk(void **st)
{
#define OS(inside) "<domain type='kvm'><name>g</name><memory>65536</memory><os>" inside
#define DISK(dev, order) \
	"<disk type='file'><source file='/" dev "'/><target dev='" dev "'/>" order "</disk>"
#define BIOS  OS("<type>hvm</type></os><devices>")
#define END   "</devices></domain>"
#define FIRST "<boot order='1'/>"
	static const struct {
		const char *xml, *words; /* NULL = nothing of it is listed */
	} rows[] = {
		{ BIOS DISK("vda", "") DISK("vdb", FIRST) END,
		  "xvdb now: let it and the first one" },
		{ BIOS DISK("vda", "<boot order='2'/>") DISK("sdc", FIRST) END,
		  "xvdc now: let it" },
		{ BIOS DISK("vdb", FIRST) END, "xvdb now: name it xvda" },
		{ BIOS DISK("vdb", "") DISK("vda", FIRST) END, NULL },
		{ BIOS DISK("vdb", "") DISK("vda", "") END, NULL },
		{ BIOS DISK("vdb", "<boot order='3'/>") DISK("vda", FIRST) END, NULL },
		{ OS("<type>hvm</type><kernel>/k</kernel></os><devices>") DISK("vdb", FIRST) END,
		  NULL },
		{ OS("<type>hvm</type><loader type='pflash'>/OVMF.fd</loader></os><devices>")
			  DISK("vdb", FIRST) END,
		  NULL },
	};

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(rows); i++) {
		struct result r;
		const char *found = NULL;

		convert(&r, rows[i].xml, XLPT_UNSET);
		for (size_t j = 0; j < r.losses.n_todo; j++)
			if (xlpt_starts(r.losses.todo[j], "boot: "))
				found = r.losses.todo[j];
		if (!found != !rows[i].words || (found && !strstr(found, rows[i].words)))
			fail_msg("%s: %s", rows[i].xml, found ? found : "not listed");
		dispose(&r);
	}
}

/* Disks that xlpt has no model of are missed, and counted where the guest's kernel counts them. */
static void test_other_disks(void **st)
{
	struct result r;

	(void)st;
	convert(&r,
		BIOS
		"<disk type='nvme'><source type='pci' namespace='1'><address domain='0x0000' bus='0x0a' "
		"slot='0x00' function='0x1'/></source><target dev='vda' bus='virtio'/></disk>"
		"<disk type='vhostuser'><source type='unix' path='/s'/><target dev='vdd' bus='virtio'/></disk>"
		"<disk type='network'><auth username='u'><secret type='ceph' usage='s'/></auth>"
		"<source protocol='rbd' name='p/i'><host name='h'/></source><target dev='vdb'/></disk>"
		"<disk type='block'><source dev='/l'><encryption format='luks'/></source>"
		"<target dev='vdc'/></disk>"
		"<disk type='network' device='cdrom'><source protocol='http' name='i'><host name='h'/>"
		"</source><target dev='sda' bus='sata'/></disk>"
		"<disk type='file'><source file='/e'/><target dev='vde'/></disk>" END,
		XLPT_UNSET);
	listed(&r,
	       "host: disk vda is an NVMe drive that KVM's QEMU uses by itself: pass it on, with "
	       "\"0000:0a:00.1\" in pci=");
	listed(&r, "host: disk vdd is not in the configuration");
	listed(&r, "host: disk vdb: xl has no secret for its server");
	listed(&r, "host: disk vdc is encrypted");
	unlisted(&r, "images of type luks");
	listed(&r, "host: CD-ROM sda is empty");
	listed(&r, "(vdb is xvdb, vde is xvde)");
	dispose(&r);
}

/* Other devices that the configuration does not have, or not whole. */
static void test_other_devices(void **st)
{
#define HOSTDEV(type, source) \
	"<hostdev mode='subsystem' type='" type "'><source>" source "</source></hostdev>"
	struct result r;

	(void)st;
	convert(&r,
		BIOS HOSTDEV("scsi",
			     "<adapter name='scsi_host0'/><address bus='0' target='0' unit='0'/>")
			HOSTDEV("mdev", "<address uuid='c2177883-f1bb-47f0-914d-32a22e3a8804'/>")
				HOSTDEV("scsi_host",
					"") "<interface type='user'><mac "
					    "address='52:54:00:00:00:01'/></interface>"
					    "<interface type='hostdev'><mac "
					    "address='52:54:00:00:00:02'/><source><address "
					    "type='pci' bus='7' slot='0x10' function='1'/>"
					    "</source></interface>" END,
		XLPT_UNSET);
	listed(&r, "host: a SCSI device is not in the configuration");
	listed(&r, "host: mediated device c2177883-");
	listed(&r, "host: a passed-through device of type scsi_host");
	listed(&r, "add them to vif= with a bridge (mac=52:54:00:00:00:01)");
	listed(&r, "the #xlpt-run: lines");
	has(&r, "\n#xlpt-run: xlpt vf set 0000:07:10.1");
	dispose(&r);
}

/* A drive or card that boot= cannot name, where the XML starts from it. */
static void test_boot_device(void **st)
{
#define PCI(order)                                                                              \
	"<hostdev mode='subsystem' type='pci'><source><address bus='4' slot='0' function='0'/>" \
	"</source>" order "</hostdev>"
	struct result r;

	(void)st;
	convert(&r, BIOS PCI(FIRST) DISK("vdb", "<boot order='2'/>") END, XLPT_UNSET);
	listed(&r,
	       "boot: the XML starts from PCI device 0000:04:00.0, which boot= cannot name: see that "
	       "the BIOS");
	unlisted(&r, "boot: the BIOS starts from the first disk");
	dispose(&r);
	convert(&r,
		OS("<type>hvm</type><loader type='pflash'>/OVMF.fd</loader></os><devices>")
			PCI("<boot order='2'/>") END,
		XLPT_UNSET);
	listed(&r, "see that the UEFI finds it");
	listed(&r, "EFI/BOOT/BOOTX64.EFI");
	dispose(&r);
	convert(&r, BIOS PCI("<boot order='2'/>") DISK("vda", FIRST) END, XLPT_UNSET);
	unlisted(&r, "boot: ");
	dispose(&r);
}

/* A card of a model that xlpt does not know, and paths that are not absolute, come back. */
static void test_comes_back(void **st)
{
	struct result r;

	(void)st;
	convert(&r,
		OS("<type>hvm</type><loader type='pflash'>CODE.fd</loader></os><devices>"
		   "<emulator>qemu</emulator>") "<sound model='virtio' streams='4'/>" END,
		XLPT_UNSET);
	listed(&r, "sound: the card is left out");
	assert_false(says(&r, "\npae")); /* KVM has it without a word, and so has xl */
	assert_null(strstr(r.back.s, "<pae"));
	assert_non_null(strstr(r.back.s, "<sound model='virtio' streams='4'/>"));
	assert_non_null(strstr(r.back.s, ">CODE.fd</loader>"));
	assert_non_null(strstr(r.back.s, "<emulator>qemu</emulator>"));
	dispose(&r);
}

/* What is to be done in the guest, while it still runs under KVM, stands before what is for the host. */
static void test_order(void **st)
{
	struct result r;
	bool host = false;

	(void)st;
	convert(&r, kvm, XLPT_UNSET);
	for (size_t i = 0; i < r.losses.n_todo; i++) {
		bool now = xlpt_starts(r.losses.todo[i], "host: ");

		if (host && !now)
			fail_msg("%s", r.losses.todo[i]);
		host = now;
	}
	assert_true(host);
	dispose(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_boot_disk),	cmocka_unit_test(test_hardware),
		cmocka_unit_test(test_check_list),	cmocka_unit_test(test_plain),
		cmocka_unit_test(test_spelt_otherwise), cmocka_unit_test(test_misplaced),
		cmocka_unit_test(test_missing_disks),	cmocka_unit_test(test_names_on_virtio),
		cmocka_unit_test(test_volumes),		cmocka_unit_test(test_other_disks),
		cmocka_unit_test(test_other_devices),	cmocka_unit_test(test_boot_device),
		cmocka_unit_test(test_order),		cmocka_unit_test(test_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
