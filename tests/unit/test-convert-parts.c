/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Parts of libvirt's XML that xl has no word for: what decides how the guest runs is "changed", never
 * told under a mild word, and what has no effect under Xen does not alarm anybody.
 */
#include "tests/unit/fitting.h"

#define C   XLPT_LOSS_CHANGED
#define K   XLPT_LOSS_KEPT
#define N   XLPT_LOSS_NOTE
#define HVM "<os><type>hvm</type><boot dev='hd'/></os>"

struct want {
	enum xlpt_severity severity;
	const char *what, *xml;
};

static void check_parts(const struct want *wants, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct result r;

		to_xl(&r, "kvm", HVM, wants[i].xml, "");
		tells(&r, wants[i].severity, wants[i].what);
		dispose(&r);
	}
}

static void check_devices(const struct want *wants, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct result r;

		to_xl(&r, "kvm", HVM, "", wants[i].xml);
		tells(&r, wants[i].severity, wants[i].what);
		dispose(&r);
	}
}

static void test_domain(void **st)
{
	static const struct want wants[] = {
		{ N, "metadata/os", "<metadata><x:os xmlns:x='urn:x'/></metadata>" },
		{ C, "genid", "<genid>43dc0cf8-809b-4adb-9bea-a9abb5f3d90e</genid>" },
		{ C, "sysinfo", "<sysinfo type='smbios'><system/></sysinfo>" },
		{ C, "cputune/quota", "<cputune><quota>50000</quota></cputune>" },
		{ N, "cputune/quota", "<cputune><quota>-1</quota></cputune>" },
		{ N, "cputune/period", "<cputune><period>100000</period></cputune>" },
		{ K, "cputune/emulatorpin", "<cputune><emulatorpin cpuset='1'/></cputune>" },
		{ C, "vcpus", "<vcpus><vcpu id='1' enabled='no'/></vcpus>" },
		{ K, "memoryBacking", "<memoryBacking><hugepages/></memoryBacking>" },
		{ C, "cpu/topology",
		  "<cpu mode='host-model'><topology sockets='1' cores='2'/></cpu>" },
		{ C, "cpu/model", "<cpu mode='custom'><model>Nehalem</model></cpu>" },
		{ N, "cpu/@mode", "<cpu mode='host-model'/>" },
		{ C, "cpu/feature",
		  "<cpu mode='host-model'><feature policy='require' name='vmx'/></cpu>" },
		{ C, "clock/@offset", "<clock offset='timezone' timezone='Europe/Paris'/>" },
		{ N, "clock/timer",
		  "<clock offset='utc'><timer name='rtc' tickpolicy='catchup'/></clock>" },
		{ C, "clock/timer",
		  "<clock offset='utc'><timer name='tsc' frequency='1'/></clock>" },
		{ C, "features/kvm", "<features><kvm><hidden state='on'/></kvm></features>" },
		{ N, "features/kvm", "<features><kvm><hidden state='off'/></kvm></features>" },
		{ C, "features/smm", "<features><smm state='on'/></features>" },
		{ N, "features/smm", "<features><smm state='off'/></features>" },
		{ C, "features/ps2", "<features><ps2 state='off'/></features>" },
		{ C, "features/later", "<features><later state='on'/></features>" },
		{ C, "launchSecurity",
		  "<launchSecurity type='sev'><policy>3</policy></launchSecurity>" },
		{ C, "commandline",
		  "<q:commandline xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'>"
		  "<q:arg value='-x'/></q:commandline>" },
		/* What nobody has heard of may be anything. */
		{ C, "future", "<future state='off'/>" },
	};

	(void)st;
	check_parts(wants, XLPT_ARRAY_SIZE(wants));
}

static void test_devices(void **st)
{
	static const struct want wants[] = {
		{ C, "devices/rng", "<rng model='virtio'><backend model='random'/></rng>" },
		{ C, "devices/panic", "<panic model='isa'/>" },
		{ C, "devices/iommu", "<iommu model='intel'/>" },
		{ C, "devices/memory",
		  "<memory model='dimm'><target><size>1</size></target></memory>" },
		{ C, "devices/redirdev", "<redirdev bus='usb' type='spicevmc'/>" },
		{ C, "devices/smartcard", "<smartcard mode='host'/>" },
		{ C, "devices/vsock", "<vsock model='virtio'/>" },
		{ C, "devices/shmem", "<shmem name='a'/>" },
		{ C, "devices/later", "<later/>" },
		{ C, "devices/channel",
		  "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>" },
		{ C, "devices/input", "<input type='evdev'><source dev='/dev/input/e1'/></input>" },
		{ C, "devices/input",
		  "<input type='passthrough' bus='virtio'><source evdev='/dev/input/e1'/></input>" },
		{ N, "devices/input", "<input type='keyboard' bus='virtio'/>" },
		{ N, "devices/memballoon", "<memballoon model='none'/>" },
		{ N, "devices/audio", "<audio id='1' type='spice'/>" },
		{ C, "video",
		  "<video><model type='vga'/></video><video><model type='qxl'/></video>" },
		{ C, "gfx[#0]/listen",
		  "<graphics type='vnc'><listen type='socket' socket='/s'/></graphics>" },
		{ C, "gfx[#0]/@passwdValidTo",
		  "<graphics type='vnc' passwd='a' passwdValidTo='2010-04-09T15:51:00'/>" },
		{ C, "gfx", "<graphics type='vnc'/><graphics type='vnc' port='5901'/>" },
		{ N, "serial[#0]/source/@path",
		  "<serial type='pty'><source path='/dev/pts/3'/></serial>" },
		{ N, "serial[#0]/@tty", "<serial type='pty' tty='/dev/pts/3'/>" },
		{ N, "channel[#0]/source/@path",
		  "<channel type='pty'><source path='/dev/pts/3'/><target type='xen' name='a'/></channel>" },
		{ N, "channel[#0]/target/@state",
		  "<channel type='pty'><target type='xen' name='a' state='connected'/></channel>" },
		{ C, "devices/serial", "<serial type='spiceport'><source channel='a'/></serial>" },
		{ N, "serial[#0]/target/@type",
		  "<serial type='pty'><target type='isa-serial'/></serial>" },
		{ C, "serial[#0]/target/@type",
		  "<serial type='pty'><target type='pci-serial'/></serial>" },
	};

	(void)st;
	check_devices(wants, XLPT_ARRAY_SIZE(wants));
}

#define DISK(x)                                                                                  \
	"<disk type='file' device='disk'>" x "<source file='/a'/><target dev='xvda' bus='xen'/>" \
	"</disk>"

static void test_disks(void **st)
{
	static const struct want wants[] = {
		{ C, "disk[xvda]/encryption", DISK("<encryption format='luks'/>") },
		{ C, "disk[xvda]/transient", DISK("<transient/>") },
		{ C, "disk[xvda]/iotune",
		  DISK("<iotune><read_iops_sec>9</read_iops_sec></iotune>") },
		{ C, "disk[xvda]/serial", DISK("<serial>A1</serial>") },
		{ C, "disk[xvda]/blockio", DISK("<blockio logical_block_size='4096'/>") },
		{ N, "disk[xvda]/blockio", DISK("<blockio logical_block_size='512'/>") },
		{ C, "disk[xvda]/auth", DISK("<auth username='a'/>") },
		{ C, "disk[xvda]/driver/@error_policy", DISK("<driver error_policy='enospace'/>") },
		{ N, "disk[xvda]/driver/@error_policy", DISK("<driver error_policy='report'/>") },
		{ K, "disk[xvda]/driver/@cache", DISK("<driver cache='none'/>") },
		{ N, "disk[xvda]/backingStore", DISK("<backingStore/>") },
		{ N, "disk[xvda]/alias", DISK("<alias name='a'/>") },
		{ C, "disk[xvda]/later", DISK("<later/>") },
		{ C, "disk[vda]",
		  "<disk type='network'><source protocol='nbd' name='a'><host name='h'/></source>"
		  "<target dev='vda'/></disk>" },
	};

	(void)st;
	check_devices(wants, XLPT_ARRAY_SIZE(wants));
}

#define NET(x) "<interface type='bridge'><source bridge='b'/>" x "</interface>"

static void test_nets(void **st)
{
	static const struct want wants[] = {
		{ C, "net[#0]/link", NET("<link state='down'/>") },
		{ N, "net[#0]/link", NET("<link state='up'/>") },
		{ C, "net[#0]/filterref", NET("<filterref filter='clean-traffic'/>") },
		{ C, "net[#0]/port", NET("<port isolated='yes'/>") },
		{ C, "net[#0]/bandwidth/inbound",
		  NET("<bandwidth><inbound average='9'/></bandwidth>") },
		{ K, "net[#0]/driver", NET("<driver name='vhost' queues='4'/>") },
		{ N, "net[#0]/address", NET("<address type='pci' slot='3'/>") },
		{ C, "net[#0]/source/@portgroup",
		  "<interface type='network'><source network='n' portgroup='p'/></interface>" },
		{ C, "devices/interface",
		  "<interface type='user'><model type='virtio'/></interface>" },
	};

	(void)st;
	check_devices(wants, XLPT_ARRAY_SIZE(wants));
}

#define PCI(x)                                                                                  \
	"<hostdev mode='subsystem' type='pci'><source><address bus='3' slot='0' function='0'/>" \
	"</source>" x "</hostdev>"
#define VF(x)                                                                                    \
	"<interface type='hostdev'><source><address type='pci' bus='3' slot='16' function='0'/>" \
	"</source>" x "</interface>"

static void test_passed(void **st)
{
	static const struct want wants[] = {
		{ C, "pci[0000:03:00.0]/address", PCI("<address type='unassigned'/>") },
		{ N, "pci[0000:03:00.0]/address", PCI("<address type='pci'/>") },
		{ C, "pci[0000:03:00.0]/acpi", PCI("<acpi index='3'/>") },
		{ C, "pci[0000:03:00.0].rom_file", PCI("<rom file='/r'/>") },
		{ C, "pci[0000:03:00.0].rom_bar", PCI("<rom bar='off'/>") },
		{ C, "pci[0000:03:00.0].boot_order", PCI("<boot order='1'/>") },
		{ N, "pci[0000:03:00.0].alias", PCI("<alias name='ua-a'/>") },
		{ C, "pci[0000:03:10.0]/teaming",
		  VF("<teaming type='transient' persistent='ua'/>") },
		{ C, "pci[0000:03:10.0]/link", VF("<link state='down'/>") },
		{ C, "pci[0000:03:10.0]/bandwidth",
		  VF("<bandwidth><inbound average='9'/></bandwidth>") },
		{ N, "pci[0000:03:10.0].model", VF("<model type='virtio'/>") },
		{ C, "pci[0000:03:10.0].id.vlan", VF("<vlan><tag id='42'/></vlan>") },
		{ C, "devices/hostdev",
		  "<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source>"
		  "<address uuid='c2177883-f1bb-47f0-914d-32a22e3a8804'/></source></hostdev>" },
		{ N, "usbdev[#0].managed",
		  "<hostdev mode='subsystem' type='usb' managed='no'><source>"
		  "<address bus='1' device='4'/></source></hostdev>" },
	};

	(void)st;
	check_devices(wants, XLPT_ARRAY_SIZE(wants));
}

/* xl has the words, so they are used: <pm>, a tablet on virtio, SPICE's channel. */
static void test_words(void **st)
{
	static const char pm[] =
		"<pm><suspend-to-mem enabled='no'/><suspend-to-disk enabled='yes'/></pm>";
	static const char channel[] =
		"<channel type='spicevmc'><target type='virtio' name='com.redhat.spice.0'/></channel>";
	_cleanup_free_ char *spice =
		xlpt_xasprintf("<graphics type='spice' port='5900'/>%s", channel);
	struct result r;

	(void)st;
	to_xl(&r, "kvm", HVM, pm, "<graphics type='vnc'/><input type='tablet' bus='virtio'/>");
	has(&r, "\nacpi_s3 = 0\n");
	has_not(&r, "acpi_s4");
	has(&r, "\nusbdevice = \"tablet\"\n");
	tells(&r, N, "pm");
	dispose(&r);
	/* libvirt's Xen driver does not read <pm>, and without a display nobody points. */
	to_xl(&r, "xen", HVM, pm, "<input type='tablet' bus='virtio'/>");
	has_not(&r, "acpi_s3");
	has_not(&r, "usbdevice");
	dispose(&r);
	to_xl(&r, "kvm", HVM, "", spice);
	has(&r, "\nspicevdagent = 1\n");
	dispose(&r);
}

#define VD(name, more) \
	"<disk type='file' device='disk'><source file='/i'/><target dev='" name "'/>" more "</disk>"

/* A function out of a pool: the command that takes it says what libvirt would set. */
static void test_pool(void **st)
{
	static const char net[] =
		"<network><name>lan</name><forward mode='hostdev'><pf dev='eth3'/></forward></network>";
	static const char xml[] =
		"<domain type='xen'><name>g</name><memory>65536</memory><os><type>hvm</type></os><devices>"
		"<interface type='network'><mac address='52:54:00:6d:90:02'/><source network='lan'/>"
		"<vlan><tag id='9'/></vlan><bandwidth><inbound average='9'/></bandwidth></interface>"
		"</devices></domain>";
	struct xlpt_netpool pool;
	struct xlpt_convert how = { .to = XLPT_FORMAT_XL, .pools = &pool, .n_pools = 1 };
	struct result r = { 0 };

	(void)st;
	assert_int_equal(xlpt_libvirt_network_read(net, strlen(net), "net", &pool, NULL), 0);
	assert_int_equal(xlpt_convert(xml, strlen(xml), "in", &how, &r.xl, NULL, &r.losses, NULL),
			 0);
	has(&r, "#xlpt-run: xlpt attach g pool:lan,mac=52:54:00:6d:90:02,vlan=9\n");
	tells(&r, C, "pci[#0]");
	tells(&r, C, "pci[#0]/bandwidth/inbound");
	dispose(&r);
	xlpt_netpool_dispose(&pool);
}

/* What a PV guest does not have under libvirt either. */
static void test_hvm_only(void **st)
{
	_cleanup_str_ struct xlpt_str back = { 0 };
	struct result r;

	(void)st;
	to_xl(&r, "xen",
	      "<os><type>xen</type><kernel>/k</kernel><loader>/l</loader><boot dev='hd'/></os>", "",
	      "<disk type='file'><source file='/i'/><target dev='xvda'/><boot order='2'/></disk>"
	      "<sound model='ac97'/><serial type='pty'/>");
	has_not(&r, "boot");
	has_not(&r, "soundhw");
	has_not(&r, "serial");
	tells(&r, N, "os/boot");
	tells(&r, N, "os/loader");
	assert_int_equal(times_told(&r, "disk"), 1);
	tells(&r, N, "disk[xvda].boot_order");
	tells(&r, N, "sound");
	tells(&r, N, "serial");
	convert(r.xl.s, XLPT_FORMAT_LIBVIRT, &back, NULL);
	assert_non_null(strstr(back.s, "<boot dev='hd'/>"));
	assert_non_null(strstr(back.s, "<loader>/l</loader>"));
	assert_non_null(strstr(back.s, "<boot order='2'/>"));
	dispose(&r);
}

/* Every disk of a guest of KVM finds a place that QEMU has. */
static void test_places(void **st)
{
	static const char cdrom[] =
		"<disk type='file' device='cdrom'><target dev='sda' bus='sata'/></disk>";
	_cleanup_free_ char *four = xlpt_xasprintf(
		"%s%s", VD("vda", "") VD("vdb", "") VD("vdc", "") VD("vdd", ""), cdrom);
	struct result r;

	(void)st;
	to_xl(&r, "kvm", HVM, "", four);
	has(&r, "vdev=xvda,");
	has(&r, "vdev=xvdc,");
	has(&r, "vdev=xvde,");
	has(&r, "vdev=hdd,devtype=cdrom");
	dispose(&r);
	/* The disk that the guest may start from keeps its place, whatever a CD-ROM is called. */
	to_xl(&r, "kvm", HVM, "",
	      "<disk type='file' device='cdrom'><source file='/c.iso'/><target dev='hda' bus='ide'/>"
	      "</disk>" VD("vda", ""));
	has(&r, "vdev=xvda,");
	has(&r, "vdev=hdc,devtype=cdrom");
	tells(&r, C, "disk[hda]");
	dispose(&r);
	to_xl(&r, "kvm", HVM, "", VD("hda", "") VD("vda", "") VD("vdb", "<readonly/>"));
	has(&r, "vdev=hda,");
	has(&r, "vdev=xvdb,");
	has(&r, "vdev=xvde,access=ro");
	for (size_t i = 0; i < r.losses.n; i++)
		if (strstr(r.losses.items[i].reason, "does not start"))
			fail_msg("%s: %s", r.losses.items[i].what, r.losses.items[i].reason);
	dispose(&r);
}

/* Attributes stand in any order. */
static void test_order(void **st)
{
	static const struct want parts[] = {
		{ C, "os/firmware",
		  "<os><firmware><feature name='secure-boot' enabled='yes'/></firmware></os>" },
		{ N, "os/firmware",
		  "<os><firmware><feature enabled='yes' name='enrolled-keys'/>"
		  "<feature enabled='no' name='secure-boot'/></firmware></os>" },
	};
	static const struct want devices[] = {
		{ N, "devices/controller", "<controller model='none' type='usb' index='0'/>" },
		{ N, "devices/controller", "<controller type='usb' index='0' model='none'/>" },
		{ N, "devices/input", "<input bus='virtio' type='tablet'/>" },
		{ C, "devices/input", "<input bus='virtio' model='later' type='passthrough'/>" },
		{ N, "gfx[#0]/listen",
		  "<graphics type='vnc' listen='10.0.0.1'><listen address='10.0.0.1' network='n' "
		  "type='network'/></graphics>" },
	};
	struct result r;

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(parts); i++) {
		_cleanup_free_ char *os =
			xlpt_xasprintf("<os><type>hvm</type>%s", parts[i].xml + strlen("<os>"));

		to_xl(&r, "kvm", os, "", "");
		tells(&r, parts[i].severity, parts[i].what);
		dispose(&r);
	}
	check_devices(devices, XLPT_ARRAY_SIZE(devices));
}

/* A kernel that is started directly has no UEFI, and so nothing of it: that is told once. */
static void test_kernel_without_uefi(void **st)
{
	struct result r;

	(void)st;
	to_xl(&r, "kvm",
	      "<os><type>hvm</type><loader readonly='yes' secure='yes' type='pflash'>/a.fd</loader>"
	      "<nvram>/v.fd</nvram><kernel>/k</kernel></os>",
	      "", "");
	tells(&r, C, "firmware_path");
	tells(&r, N, "os/nvram");
	tells(&r, N, "os/loader/@secure");
	dispose(&r);
	to_xl(&r, "kvm",
	      "<os><type>hvm</type><loader readonly='yes' secure='yes' type='pflash'>/a.fd</loader>"
	      "<nvram>/v.fd</nvram></os>",
	      "", "");
	tells(&r, C, "os/nvram");
	tells(&r, C, "os/loader/@secure");
	dispose(&r);
}

/* What Xen's guests have anyway is no loss, and what they cannot have is said as it is. */
static void test_cpu(void **st)
{
	struct result r;

	(void)st;
	to_xl(&r, "kvm", HVM,
	      "<features><hyperv mode='passthrough'><vapic state='on'/><spinlocks state='on' "
	      "retries='8191'/><reset state='on'/></hyperv></features>"
	      "<cpu mode='host-passthrough'><feature policy='disable' name='svm'/>"
	      "<feature policy='disable' name='hypervisor'/></cpu>",
	      "");
	tells(&r, N, "features/hyperv/vapic");
	tells(&r, N, "features/hyperv/spinlocks");
	tells(&r, C, "features/hyperv/reset");
	tells(&r, N, "nestedhvm");
	tells(&r, N, "cpu[svm]");
	tells(&r, C, "cpu[hypervisor]");
	dispose(&r);
	to_xl(&r, "kvm", HVM, "<cpu mode='host-passthrough'/>", "");
	tells(&r, C, "nestedhvm");
	dispose(&r);
}

/* One fact is told once. */
static void test_once(void **st)
{
	struct result r;

	(void)st;
	to_xl(&r, "kvm", HVM, "",
	      "<hostdev mode='subsystem' type='usb'><source><vendor id='0x1234'/>"
	      "<product id='0xbeef'/><address bus='1' device='5'/></source></hostdev>"
	      "<interface type='bridge'><source bridge='br0'/><vlan trunk='yes'><tag id='1'/>"
	      "<tag id='2'/></vlan></interface>");
	assert_int_equal(times_told(&r, "usbdev[#0]"), 1);
	tells(&r, C, "net[#0].id.vlan");
	assert_int_equal(times_told(&r, "net[#0].id"), 1);
	dispose(&r);
}

/* To libvirt an element without a text says nothing (virXPathString). */
static void test_empty(void **st)
{
	struct result r;

	(void)st;
	to_xl(&r, "kvm",
	      "<os firmware='efi'><type>hvm</type><kernel></kernel><initrd/><cmdline/></os>",
	      "<title></title><description/><bootloader_args/>", "");
	has(&r, "\nbios = \"ovmf\"\n");
	has_not(&r, "kernel");
	has_not(&r, "ramdisk");
	has_not(&r, "cmdline");
	has_not(&r, "bootloader_args");
	assert_int_equal(times_told(&r, "title"), 0);
	dispose(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_domain),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_disks),
		cmocka_unit_test(test_nets),
		cmocka_unit_test(test_passed),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_hvm_only),
		cmocka_unit_test(test_pool),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_kernel_without_uefi),
		cmocka_unit_test(test_cpu),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
