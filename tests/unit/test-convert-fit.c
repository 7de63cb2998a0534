/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt XML to xl: what the guest is, its CPU and its firmware, as libxl takes it. */
#include "tests/unit/fitting.h"

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
	/* xl counts cells in whole MiB, and all the guest's memory is there from the start. */
	to_xl(&r, "xen", HVM,
	      "<currentMemory unit='MiB'>512</currentMemory>" NUMA(
		      "<cell id='0' cpus='0' memory='262145'/><cell id='1' cpus='1' memory='262143'/>"),
	      "");
	has(&r, "\nmemory = 513\nmaxmem = 513\n");
	tells(&r, XLPT_LOSS_NOTE, "memory");
	assert_null(xlpt_losses_strict(&r.losses));
	dispose(&r);
	to_xl(&r, "xen", HVM,
	      "<currentMemory unit='MiB'>400</currentMemory>" NUMA(CELL("0", "/>") CELL("1", "/>")),
	      "");
	has(&r, "\nmemory = 512\nmaxmem = 512\n");
	tells(&r, XLPT_LOSS_CHANGED, "memory");
	dispose(&r);
	to_xl(&r, "xen", HVM, NUMA(CELL("1", "/>") CELL("0", "/>")), "");
	has(&r, "vnuma = [\n\t[ \"size=256\", \"vcpus=0\"");
	dispose(&r);
	twice = "<domain type='xen'><name>g</name><os><type>hvm</type></os>" NUMA(
		CELL("1", "/>") CELL("1", "/>")) "</domain>";
	assert_int_equal(xlpt_convert(twice, strlen(twice), "in", &how, &out, NULL, NULL, NULL),
			 XLPT_ERR_SYNTAX);
}

#define PINS(cpus, pins)                                                     \
	"<domain type='xen'><name>g</name><memory>524288</memory><vcpu" cpus \
	"</vcpu><cputune>" pins "</cputune>" HVM "</domain>"

/* libvirt takes CPUs out of every set, and has blanks in it. */
static void test_cpus(void **st)
{
	static const struct {
		const char *xml, *cpus, *what;
	} pins[] = {
		{ PINS(" cpuset='0-7, ^3'>2", ""), "cpus = \"0-2,4-7\"", "cpuset" },
		{ PINS(" cpuset='0-7,^3'>2", ""), "cpus = \"0-7,^3\"", NULL },
		{ PINS(">3", "<vcpupin vcpu='2' cpuset='5'/><vcpupin vcpu='1' cpuset='4-6,^5'/>"),
		  "cpus = [ \"all\", \"4-6,^5\", \"5\" ]", "vcpupin" },
		{ PINS(" cpuset='0-3'>2", "<vcpupin vcpu='0' cpuset='1'/>"),
		  "cpus = [ \"1\", \"0-3\" ]", "cpuset" },
		{ PINS(">1", "<vcpupin vcpu='0' cpuset='1'/><vcpupin vcpu='1' cpuset='2'/>"),
		  "cpus = [ \"1\" ]", "vcpupin[1]" },
	};
	struct result r;

	(void)st;
	to_xl(&r, "xen", HVM,
	      NUMA("<cell id='0' cpus='0-1,^1' memory='256' unit='MiB'/>"
		   "<cell id='1' cpus=' 1' memory='256' unit='MiB'/>"),
	      "");
	has(&r, "\"vcpus=0\"");
	has(&r, "\"vcpus=1\"");
	tells(&r, XLPT_LOSS_NOTE, "numa[#0].vcpus");
	for (size_t i = 0; i < r.losses.n; i++)
		if (r.losses.items[i].severity != XLPT_LOSS_NOTE)
			fail_msg("%s: %s", r.losses.items[i].what, r.losses.items[i].reason);
	dispose(&r);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(pins); i++) {
		r = (struct result){ .xml = xlpt_xstrdup(pins[i].xml) };
		convert(r.xml, XLPT_FORMAT_XL, &r.xl, &r.losses);
		has(&r, pins[i].cpus);
		if (pins[i].what)
			tells(&r, XLPT_LOSS_NOTE, pins[i].what);
		dispose(&r);
	}
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
	tells(&r, XLPT_LOSS_NOTE, "features/hyperv/spinlocks");
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

/* More than a mode is carried, and the mode is said all the same. */
static void test_timers(void **st)
{
	_cleanup_str_ struct xlpt_str back = { 0 };
	_cleanup_free_ char *edited = NULL;
	struct result r;

	(void)st;
	to_xl(&r, "xen", HVM,
	      "<clock offset='utc'><timer name='tsc' frequency='3504000000' mode='native'/>"
	      "<timer name='hpet' present='no' tickpolicy='delay'/></clock>",
	      "");
	has(&r, "\ntsc_mode = \"native\"\n");
	has(&r, "\nhpet = 0\n");
	tells(&r, XLPT_LOSS_CHANGED, "clock/timer");
	dispose(&r);
	/* Neither is a word that nobody said. */
	to_xl(&r, "xen", HVM,
	      "<clock offset='utc'><timer name='hpet' tickpolicy='delay'/>"
	      "<timer name='tsc' mode='native'/><timer name='tsc' mode='paravirt' frequency='1'/></clock>",
	      "");
	has(&r, "\nhpet = 1\n");
	has(&r, "\ntsc_mode = \"native\"\n");
	dispose(&r);
	to_xl(&r, "xen", HVM,
	      "<clock offset='utc'><timer name='tsc' frequency='3504000000' mode='native'/></clock>",
	      "");
	/* What was changed in between counts, and there is one timer of a name. */
	*strstr(r.xl.s, "tsc_mode") = '\0';
	edited = xlpt_xasprintf("%stsc_mode = 'always_emulate'\n%s", r.xl.s,
				r.xl.s + strlen(r.xl.s) + strlen("tsc_mode = \"native\""));
	convert(edited, XLPT_FORMAT_LIBVIRT, &back, NULL);
	assert_non_null(
		strstr(back.s, "<timer name='tsc' frequency='3504000000' mode='emulate'/>"));
	assert_null(strstr(strstr(back.s, "name='tsc'") + 1, "name='tsc'"));
	dispose(&r);
}

/* xl only warns of a flag that libxl does not know: it is not written. */
static void test_flags(void **st)
{
	struct result r;

	(void)st;
	to_xl(&r, "xen", HVM,
	      "<cpu mode='host-passthrough'><feature policy='disable' name='pdpe1gb'/>"
	      "<feature policy='disable' name='npt'/><feature policy='require' name='no-such'/></cpu>",
	      "");
	has(&r, "\ncpuid = \"host,page1gb=0,svm_npt=0\"\n");
	tells(&r, XLPT_LOSS_CHANGED, "cpu[no-such]");
	dispose(&r);
}

static void because(const struct result *r, const char *what, const char *word)
{
	for (size_t i = 0; i < r->losses.n; i++)
		if (!strcmp(r->losses.items[i].what, what) &&
		    strstr(r->losses.items[i].reason, word))
			return;
	for (size_t i = 0; i < r->losses.n; i++)
		print_message("%s: %s\n", r->losses.items[i].what, r->losses.items[i].reason);
	fail_msg("%s: nothing of %s\n%s", what, word, r->xml);
}

#define CARD "<hostdev mode='subsystem' type='pci'><source><address bus='3'/></source></hostdev>"

/* The reason is that of the case at hand. */
static void test_reasons(void **st)
{
	struct result r;

	(void)st;
	to_xl(&r, "xen", HVM, "", "<graphics type='vnc'/><video><model type='xen'/></video>");
	has(&r, "\nvga = \"stdvga\"\n");
	tells(&r, XLPT_LOSS_NOTE, "video[#0].model");
	dispose(&r);
	to_xl(&r, "xen", PV, "", "<graphics type='vnc'/><video><model type='xen'/></video>");
	because(&r, "video", "vfb=");
	dispose(&r);
	to_xl(&r, "xen", PV, "<features><xen><e820_host state='off'/></xen></features>", CARD);
	because(&r, "e820_host", "the host's memory map");
	tells(&r, XLPT_LOSS_CHANGED, "e820_host");
	dispose(&r);
	to_xl(&r, "xen", PV, "", CARD);
	because(&r, "e820_host", "without being told");
	tells(&r, XLPT_LOSS_NOTE, "e820_host");
	dispose(&r);
	to_xl(&r, "kvm", HVM, "",
	      "<interface type='direct'><source dev='eno1' mode='bridge'/></interface>"
	      "<interface type='network'><source network='n'/></interface>"
	      "<interface type='ethernet'><target dev='tap1'/></interface>");
	because(&r, "net[#0].kind", "macvtap");
	because(&r, "net[#1].kind", "networks");
	assert_int_equal(times_told(&r, "net[#0].source") + times_told(&r, "net[#1].source"), 0);
	because(&r, "net[#2].kind", "script=");
	has(&r, "in vif[2] (xl would take xenbr0)");
	dispose(&r);
}

/* One fact is told once, of a disk by the name that the XML has. */
static void test_told_once(void **st)
{
	struct result r;

	(void)st;
	to_xl(&r, "kvm", HVM, "",
	      "<disk type='network'><driver name='qemu' type='raw' cache='none'/>"
	      "<source protocol='iscsi' name='i/1'><host name='h'/></source>"
	      "<target dev='vda' bus='virtio'/><serial>S</serial></disk>"
	      "<disk type='file'><driver name='qemu' type='vmdk'/><source file='/b'/>"
	      "<target dev='vdb' bus='virtio'/></disk>"
	      "<disk type='file' device='floppy'><source file='/f'/><target dev='fda'/></disk>"
	      "<disk type='block'><source dev='/l'><encryption format='luks'/></source>"
	      "<target dev='vde' bus='virtio'/></disk>"
	      "<disk type='file'><source file='/g'/><target dev='sdg' bus='sata'/>"
	      "<serial>S</serial></disk>");
	because(&r, "disk[vda]", "cannot reach its source");
	assert_int_equal(times_told(&r, "disk[vda]"), 1);
	because(&r, "disk[vdb].target", "qemu-img");
	assert_int_equal(times_told(&r, "disk[vdb]"), 2); /* and its name */
	because(&r, "disk[fda]", "no floppy drives");
	because(&r, "disk[vde]", "cannot read its image");
	assert_int_equal(times_told(&r, "disk[vde]"), 1);
	because(&r, "disk[sdg]/serial", "by-id");
	assert_int_equal(times_told(&r, "disk[xvd"), 0);
	dispose(&r);
	to_xl(&r, "kvm", HVM, "",
	      "<interface type='bridge'><source bridge='b'/><virtualport type='802.1Qbg'>"
	      "<parameters managerid='11' typeid='1193047' typeidversion='2' "
	      "instanceid='09b11c53-8b5c-4eeb-8f00-d84eaa0aaa4f'/></virtualport></interface>");
	tells(&r, XLPT_LOSS_CHANGED, "net[#0].id.vport");
	assert_int_equal(times_told(&r, "net[#0].id"), 1);
	dispose(&r);
}

/* <interface type='ethernet'>: KVM's script is none of xl's, and a tap that is there is in xl's way. */
static void test_taps(void **st)
{
#define TAP(managed)                                                 \
	"<interface type='ethernet'><target dev='tap1'" managed "/>" \
	"<script path='/etc/qemu-ifup'/></interface>"
	struct result r;

	(void)st;
	to_xl(&r, "kvm", HVM, "", TAP(" managed='no'"));
	has_not(&r, "script=");
	has_not(&r, "vifname=");
	because(&r, "net[#0].script", "a script of KVM's");
	assert_int_equal(times_told(&r, "net[#0].vifname"), 0);
	because(&r, "net[#0]/target/@managed", "another name");
	dispose(&r);
	to_xl(&r, "kvm", HVM, "", TAP(""));
	has(&r, "vifname=tap1");
	dispose(&r);
	to_xl(&r, "xen", HVM, "", TAP(""));
	has(&r, "script=/etc/qemu-ifup");
	dispose(&r);
}

/* libxl's QEMU starts a kernel by SeaBIOS alone. */
static void test_kernel_on_uefi(void **st)
{
#define OVMF "<loader readonly='yes' type='pflash'>/OVMF_CODE.fd</loader>"
	struct result r;

	(void)st;
	to_xl(&r, "kvm", "<os firmware='efi'><type>hvm</type><kernel>/k</kernel></os>", "", "");
	has_not(&r, "bios");
	because(&r, "os/@firmware", "SeaBIOS alone");
	assert_int_equal(times_told(&r, "firmware"), 0);
	dispose(&r);
	to_xl(&r, "kvm", "<os><type>hvm</type>" OVMF "<kernel>/k</kernel></os>", "", "");
	has_not(&r, "bios");
	because(&r, "firmware_path", "SeaBIOS alone");
	assert_int_equal(times_told(&r, "firmware"), 1);
	dispose(&r);
	/* Not a word of an empty UUID, which is none. */
	to_xl(&r, "kvm", "<uuid></uuid><os><type>hvm</type>" OVMF "</os>", "", "");
	has_not(&r, "uuid");
	has(&r, "\nbios = \"ovmf\"\n");
	dispose(&r);
}

/* libvirt's one text becomes the words that a boot loader can read. */
static void test_bootloader(void **st)
{
	struct result r;

	(void)st;
	to_xl(&r, "xen",
	      "<bootloader>pygrub</bootloader><bootloader_args>-q  --entry=1</bootloader_args>", "",
	      "");
	has(&r, "\nbootloader_args = [ \"-q\", \"--entry=1\" ]\n");
	tells(&r, XLPT_LOSS_NOTE, "bootloader_args");
	dispose(&r);
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
	assert_int_equal(times_told(&r, "firmware_bare"), 0);
	convert(r.xl.s, XLPT_FORMAT_LIBVIRT, &back, NULL);
	assert_non_null(
		strstr(back.s, "<loader readonly='yes' type='pflash'>/fw/CODE.fd</loader>"));
	assert_non_null(strstr(back.s, "<os firmware='efi'>"));
	dispose(&r);
	to_xl(&r, "xen", "<os><type>hvm</type><loader type='pflash'>/x/ovmf.bin</loader></os>", "",
	      "<emulator>/usr/lib/xen/bin/qemu-dm</emulator>");
	has(&r, "\nbios_path_override = \"/x/ovmf.bin\"\n");
	has(&r, "\ndevice_model_override = \"/usr/lib/xen/bin/qemu-dm\"\n");
	/* KVM's QEMU writes into an image that is not readonly. */
	convert(r.xl.s, XLPT_FORMAT_LIBVIRT, &back, NULL);
	assert_non_null(strstr(back.s, "<loader type='pflash'>/x/ovmf.bin</loader>"));
	dispose(&r);
	to_xl(&r, "xen",
	      "<os><type>hvm</type><loader type='pflash'>/x/OVMF_CODE_4M.fd</loader></os>", "", "");
	has_not(&r, "bios_path_override");
	dispose(&r);
}

#define LOADER(path) "<os><type>hvm</type><loader" path "</loader></os>"

/* An image of UEFI without type='pflash', as old XML and other tools' has it. */
static void test_uefi(void **st)
{
	static const char *const images[] = {
		LOADER(">/usr/share/OVMF/OVMF_CODE.fd"),
		LOADER(" type='rom'>/usr/share/qemu/ovmf-x86_64-ms.bin"),
		LOADER(" readonly='yes' secure='no'>/usr/share/edk2/x64/CODE.4m.qcow2"),
		LOADER(" readonly='yes'>/fw/BHYVE_UEFI.bin"),
		"<os firmware='efi'><type>hvm</type><loader>/fw/x.fd</loader></os>",
	};
	struct result r;

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(images); i++) {
		to_xl(&r, "kvm", images[i], "", "");
		has(&r, "\nbios = \"ovmf\"\n");
		has_not(&r, "firmware_override");
		tells(&r, XLPT_LOSS_CHANGED, "loader");
		has(&r, "#xlpt-note: - UEFI: ");
		dispose(&r);
	}
	to_xl(&r, "kvm", "<os firmware='efi'><type>hvm</type></os>", "", "");
	has(&r, "\nbios = \"ovmf\"\n");
	tells(&r, XLPT_LOSS_CHANGED, "os/@firmware");
	dispose(&r);
	to_xl(&r, "kvm", LOADER(">/usr/share/seabios/bios.bin"), "", "");
	has_not(&r, "bios");
	tells(&r, XLPT_LOSS_NOTE, "loader");
	dispose(&r);
	/* libvirt's Xen driver ignores it; xl would load it in place of hvmloader. */
	to_xl(&r, "xen", images[0], "", "");
	has_not(&r, "OVMF_CODE");
	has_not(&r, "bios");
	tells(&r, XLPT_LOSS_CHANGED, "loader");
	dispose(&r);
	to_xl(&r, "xen", LOADER(">/usr/lib/xen/boot/hvmloader"), "", "");
	has(&r, "firmware_override = \"/usr/lib/xen/boot/hvmloader\"");
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

#define PLACED(bus, function)                                                                   \
	"<hostdev mode='subsystem' type='pci'><source><address bus='3' function='1'/></source>" \
	"<address type='pci' bus='" bus "' slot='5' function='" function "'/></hostdev>"

/* Why a device's place in the guest cannot be said. */
static void test_places_of_devices(void **st)
{
	struct result r;

	(void)st;
	to_xl(&r, "xen", HVM, "", PLACED("0", "1"));
	because(&r, "pci[0000:03:00.1].guest", "the number 0 in a slot");
	dispose(&r);
	to_xl(&r, "xen", HVM, "", PLACED("1", "0"));
	because(&r, "pci[0000:03:00.1].guest", "nothing behind bridges");
	dispose(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numa),
		cmocka_unit_test(test_hyperv),
		cmocka_unit_test(test_bootloader),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_uefi),
		cmocka_unit_test(test_cpus),
		cmocka_unit_test(test_timers),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_told_once),
		cmocka_unit_test(test_taps),
		cmocka_unit_test(test_kernel_on_uefi),
		cmocka_unit_test(test_hyperv_back),
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_places_of_devices),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_builder),
		cmocka_unit_test(test_acpi_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
