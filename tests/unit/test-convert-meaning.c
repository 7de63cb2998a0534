/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Configurations as people have them, and what libvirt must be told so that the guest stays the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "converters/convert.h"

#define PV  "name = 'g'\nmemory = 64\nkernel = '/k'\n"
#define HVM "name = 'g'\nmemory = 512\ntype = 'hvm'\n"

static struct xlpt_str out;
static struct xlpt_losses losses;
static struct xlpt_diag diag;

static void forget(void)
{
	xlpt_str_dispose(&out);
	xlpt_losses_dispose(&losses);
	xlpt_diag_dispose(&diag);
}

static int to_libvirt(const char *cfg)
{
	struct xlpt_convert how = { .to = XLPT_FORMAT_LIBVIRT };

	forget();
	return xlpt_convert(cfg, strlen(cfg), "t.cfg", &how, &out, NULL, &losses, &diag);
}

static void says(const char *cfg, const char *part)
{
	if (to_libvirt(cfg))
		fail_msg("%s: %s", cfg, diag.message);
	if (!strstr(out.s, part))
		fail_msg("%s has no %s:\n%s", cfg, part, out.s);
}

static void says_not(const char *cfg, const char *part)
{
	if (to_libvirt(cfg))
		fail_msg("%s: %s", cfg, diag.message);
	if (strstr(out.s, part))
		fail_msg("%s has %s:\n%s", cfg, part, out.s);
}

static const struct xlpt_loss *loss_of(const char *what)
{
	for (size_t i = 0; i < losses.n; i++)
		if (!strcmp(losses.items[i].what, what))
			return &losses.items[i];
	return NULL;
}

static void is_lost(const char *cfg, const char *what, enum xlpt_severity severity)
{
	const struct xlpt_loss *l;

	if (to_libvirt(cfg))
		fail_msg("%s: %s", cfg, diag.message);
	l = loss_of(what);
	if (!l || l->severity != severity)
		fail_msg("%s: %s is %s", cfg, what,
			 l ? xlpt_severity_word(l->severity) : "not told");
}

static size_t differences(const char *a, const char *b, bool devices_only)
{
	_cleanup_deltas_ struct xlpt_deltas deltas = { 0 };
	_cleanup_dom_ struct xlpt_dom x, y;
	size_t n;

	assert_int_equal(xlpt_convert_said(a, strlen(a), "a", devices_only, &x, NULL), 0);
	assert_int_equal(xlpt_convert_said(b, strlen(b), "b", devices_only, &y, NULL), 0);
	n = xlpt_dom_diff(&x, &y, &deltas);
	for (size_t i = 0; i < deltas.n; i++)
		print_message("%s: %s -> %s\n", deltas.items[i].path, deltas.items[i].a,
			      deltas.items[i].b);
	return n;
}

/* Every form that libxlutil takes arrives as libxlutil takes it. */
static void test_disks(void **st)
{
	/* clang-format off */
	static const struct { const char *disk, *xml[3]; } cases[] = {
		{ "phy:/dev/vg/g,ioemu:hda,w",
		  { "<source dev='/dev/vg/g'/>", "<target dev='hda' bus='xen'/>" } },
		{ "file:/a.iso,ioemu:hdc:cdrom,r",
		  { "<disk type='file' device='cdrom'>", "<source file='/a.iso'/>", "dev='hdc'" } },
		{ "backend=d,phy:/dev/x,hdb,r",
		  { "<source dev='/dev/x'/>", "<backenddomain name='d'/>", "<readonly/>" } },
		{ "vdev=xvdb, tap:qcow2:/a.q,w", { "<source file='/a.q'/>", "type='qcow2'", "'xvdb'" } },
		{ "access=ro,phy:/dev/x,xvda", { "<source dev='/dev/x'/>", "<readonly/>", "'xvda'" } },
		{ "phy:vg/g,xvda,w", { "<source dev='/dev/vg/g'/>", "type='block'" } },
		{ "format=raw,vdev=xvda,target=vg/g", { "<source dev='/dev/vg/g'/>", "type='raw'" } },
		{ "/a,,d0", { "<target dev='xvda' bus='xen'/>" } },
		{ "/a,,51713", { "<target dev='xvda1' bus='xen'/>" } },
		{ "/a,,0x300", { "<target dev='hda' bus='xen'/>" } },
		{ "/a,,5697", { "<target dev='hdd1' bus='xen'/>" } },
		{ "/a,,2064", { "<target dev='sdb' bus='xen'/>" } },
		{ "/a,,268439553", { "<target dev='xvdq1' bus='xen'/>" } },
		{ "/a,,d27p3", { "<target dev='xvdab3' bus='xen'/>" } },
		{ "/a,,xvda", { "<source file='/a'/>", "<target dev='xvda'" } },
	};
	/* clang-format on */

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *cfg = xlpt_xasprintf(PV "disk = [ '%s' ]\n", cases[i].disk);

		for (int k = 0; k < 3 && cases[i].xml[k]; k++)
			says(cfg, cases[i].xml[k]);
		/* Of a relative path more below. */
		for (size_t k = 0; k < losses.n; k++)
			assert_non_null(strstr(losses.items[k].reason, "a relative path"));
	}
	/* Two numbers of a disk, and one that has no name. */
	is_lost(PV "disk = [ '/a,,268435456' ]\n", "disk[268435456]", XLPT_LOSS_CHANGED);
	is_lost(PV "disk = [ '/a,,99' ]\n", "disk[99]", XLPT_LOSS_CHANGED);
	/* QEMU shows no disk to an HVM guest that has a number for a name. */
	is_lost(HVM "disk = [ '/a,,0x300' ]\n", "disk[0x300]", XLPT_LOSS_CHANGED);
	assert_non_null(strstr(loss_of("disk[0x300]")->reason, "libvirt has no such name"));
	/* One that is left out does not hide what the others lose. */
	is_lost(PV "disk = [ '/a,,99', 'drbd:r0,xvda,w' ]\n", "disk[xvda].script",
		XLPT_LOSS_CHANGED);
	is_lost(PV "pci = [ '1:0.*', '2:0.0,rdm_policy=relaxed' ]\n",
		"pci[0000:02:00.0].rdm_policy", XLPT_LOSS_CHANGED);
	/* What libvirt cannot say of a disk is no mild word. */
	is_lost(PV "disk = [ 'drbd:r0,xvda,w' ]\n", "disk[xvda].script", XLPT_LOSS_CHANGED);
	is_lost(PV "disk = [ 'drbd:r0,xvda,w' ]\n", "disk[xvda].target", XLPT_LOSS_CHANGED);
	is_lost(PV "disk = [ 'format=qcow2,vdev=xvda,target=nbd:h:1' ]\n", "disk[xvda].target",
		XLPT_LOSS_CHANGED);
	/* The manual has it below /dev, libxl does not: no harm for a device, another file for an image. */
	is_lost(PV "disk = [ 'phy:vg/g,xvda,w' ]\n", "disk[xvda].target", XLPT_LOSS_NOTE);
	is_lost(PV "disk = [ 'file:disk.img,xvda,w' ]\n", "disk[xvda].target", XLPT_LOSS_CHANGED);
	is_lost(PV "disk = [ 'images/a,qcow2,xvda,w' ]\n", "disk[xvda].target", XLPT_LOSS_CHANGED);
	is_lost(HVM "disk = [ 'cd,raw,hdc,cdrom' ]\n", "disk[hdc].target", XLPT_LOSS_CHANGED);
}

/* xl takes ranges out of a set of CPUs, libvirt single ones. */
static void test_cpus(void **st)
{
	(void)st;
	says(PV "cpus = '0-7,^2-3'\n", "<vcpu cpuset='0-1,4-7'>1</vcpu>");
	assert_int_equal(loss_of("cpuset")->severity, XLPT_LOSS_NOTE);
	says(PV "vcpus = 2\ncpus = [ '0-3,!1', '2,^1' ]\n", "<vcpupin vcpu='0' cpuset='0,2-3'/>");
	says(PV "cpus = '0-7,^2'\n", "<vcpu cpuset='0-7,^2'>1</vcpu>");
	assert_int_equal(losses.n, 0);
	says_not(PV "cpus = '0-7,^0-7'\n", "<vcpu");
	is_lost(PV "cpus = 'all,^0'\n", "cpuset", XLPT_LOSS_CHANGED);
	is_lost(PV "vcpus = 2\ncpus = [ 'all', '1' ]\n", "vcpupin[0]", XLPT_LOSS_NOTE);
	assert_null(xlpt_losses_strict(&losses));
	is_lost(PV "vcpus = 2\ncpus = [ 'all,^0', '1' ]\n", "vcpupin[0]", XLPT_LOSS_CHANGED);
	assert_int_equal(differences(PV "cpus = '0-3,^1'\n", PV "cpus = '0,2-3'\n", false), 0);
	assert_true(differences(PV "cpus = '0-3'\n", PV "cpus = '0,2-3'\n", false) > 0);
}

/* Without auth_supported=none QEMU logs in as ceph.conf says, which libvirt's Xen driver never does. */
static void test_rbd(void **st)
{
#define RBD(target) HVM "disk = [ 'vdev=xvda,backendtype=qdisk,target=" target "' ]\n"
	(void)st;
	is_lost(RBD("rbd:p/i"), "disk[xvda].target", XLPT_LOSS_CHANGED);
	assert_non_null(strstr(loss_of("disk[xvda].target")->reason, "<auth>"));
	is_lost(RBD("rbd:p/i:id=admin"), "disk[xvda].target", XLPT_LOSS_CHANGED);
	assert_non_null(strstr(loss_of("disk[xvda].target")->reason, "<auth>"));
	is_lost(RBD("rbd:p/i:mon_host=h:auth_supported=none"), "disk[xvda].target",
		XLPT_LOSS_CHANGED);
	assert_non_null(strstr(loss_of("disk[xvda].target")->reason, "mon_host="));
	says(RBD("rbd:p/i:auth_supported=none"), "<source protocol='rbd' name='p/i'/>");
	assert_null(xlpt_losses_strict(&losses));
}

static void test_kernels(void **st)
{
	(void)st;
	/* xl ignores it, whatever directory it is in. */
	says_not(HVM "kernel = '/usr/lib/xen/boot/hvmloader'\n", "<kernel>");
	assert_int_equal(loss_of("kernel")->severity, XLPT_LOSS_NOTE);
	assert_int_equal(loss_of("kernel")->line, 4);
	says_not("builder = 'hvm'\nname = 'g'\nmemory = 4\nkernel = 'hvmloader'\n", "<kernel>");
	says(HVM "kernel = '/boot/vmlinuz'\n", "<kernel>/boot/vmlinuz</kernel>");
	says("name = 'g'\nmemory = 4\nkernel = '/x/hvmloader'\n", "<kernel>/x/hvmloader</kernel>");
	is_lost("name = 'g'\nmemory = 4\nkernel = 'mini-os.gz'\n", "kernel", XLPT_LOSS_CHANGED);
	assert_int_equal(losses.n, 1); /* nothing of a bootloader */
	is_lost(PV "ramdisk = 'initrd'\n", "ramdisk", XLPT_LOSS_CHANGED);
}

/* What xl does not read of such a guest is no loss, and no device of the XML. */
static void test_ignored(void **st)
{
	static const char *const keys[] = {
		"boot = 'c'",	    "usbdevice = 'tablet'",
		"soundhw = 'hda'",  "vga = 'qxl'",
		"serial = 'pty'",   "viridian = 1",
		"apic = 0",	    "spice = 1",
		"gfx_passthru = 1", "ms_vm_genid = 'generate'",
		"bios = 'ovmf'",    "hpet = 0",
		"nographic = 1",    "vfb = [ 'vnc=1' ]\nvnc = 1",
	};
	static const char pvh[] = "name = 'g'\nmemory = 64\ntype = 'pvh'\nkernel = '/k'\n";

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(keys); i++) {
		_cleanup_free_ char *cfg = xlpt_xasprintf(PV "%s\n", keys[i]);

		assert_int_equal(to_libvirt(cfg), 0);
		assert_int_equal(losses.n, 1);
		assert_int_equal(losses.items[0].severity, XLPT_LOSS_NOTE);
		assert_null(strstr(out.s, "<boot "));
		assert_null(strstr(out.s, "<input "));
		assert_null(strstr(out.s, "<sound "));
		assert_null(strstr(out.s, "<video>"));
		assert_null(strstr(out.s, "<serial "));
		assert_null(strstr(out.s, "<graphics type='spice'"));
	}
	/* What is ignored is no difference either. */
	assert_int_equal(differences(PV, PV "boot = 'c'\nusb = 1\n", false), 0);
	/* A PV guest has the display of the domain-wide keys, but beside vfb=, and a PVH guest never. */
	says(PV "vnc = 1\n", "<graphics type='vnc'/>");
	assert_int_equal(to_libvirt(pvh), 0);
	{
		_cleanup_free_ char *cfg = xlpt_xasprintf("%svnc = 1\n", pvh);

		says_not(cfg, "<graphics");
		assert_int_equal(loss_of("vnc")->severity, XLPT_LOSS_NOTE);
	}
	/* xl wants lists, and ignores what is none. */
	says_not(HVM "vif = ''\ndisk = '/a,raw,hda,w'\n", "<interface");
	assert_null(strstr(out.s, "<disk"));
	assert_int_equal(loss_of("vif")->severity, XLPT_LOSS_NOTE);
	assert_int_equal(loss_of("disk")->severity, XLPT_LOSS_NOTE);
	/* But the arguments of a boot loader may be a text, which is split. */
	says(PV "bootloader = 'pygrub'\nbootloader_args = '-q  --entry=1'\n", ">-q --entry=1<");
	is_lost(PV "bootloader = 'pygrub'\nbootloader_args = [ '-q', '--entry=1' ]\n",
		"bootloader_args", XLPT_LOSS_CHANGED);
	assert_int_equal(differences(PV "bootloader_args = '-q  -v'\n",
				     PV "bootloader_args = [ '-q', '-v' ]\n", false),
			 0);
}

static void test_memory(void **st)
{
	static const char *const bad[] = { "memory = '512M'\n", "memory = 'x'\n",
					   "memory = 512\nmaxmem = '1G'\n" };

	(void)st;
	says("name = 'g'\n", "<memory unit='KiB'>32768</memory>");
	assert_int_equal(loss_of("memory")->severity, XLPT_LOSS_NOTE);
	says("name = 'g'\nmaxmem = 64\n", "<memory unit='KiB'>65536</memory>");
	/* To xl memory= counts, and libvirt takes no more than the limit. */
	says("name = 'g'\nmemory = 512\nmaxmem = 64\n", "<memory unit='KiB'>524288</memory>");
	assert_int_equal(loss_of("maxmem")->severity, XLPT_LOSS_NOTE);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(bad); i++) {
		_cleanup_free_ char *cfg = xlpt_xasprintf("name = 'g'\n%s", bad[i]);

		assert_int_equal(to_libvirt(cfg), XLPT_ERR_SYNTAX);
		assert_non_null(strstr(diag.message, "MiB"));
		assert_true(diag.line >= 2);
		assert_non_null(strstr(diag.hint, "mem"));
	}
}

static void because(const char *cfg, const char *what, enum xlpt_severity severity,
		    const char *word)
{
	is_lost(cfg, what, severity);
	if (!strstr(loss_of(what)->reason, word))
		fail_msg("%s: %s", what, loss_of(what)->reason);
}

/* The reason is that of the case at hand. */
static void test_reasons(void **st)
{
	(void)st;
	because("name = 'g'\nkernel = '/k'\nmaxmem = 512\n", "memory", XLPT_LOSS_NOTE, "maxmem=");
	assert_non_null(strstr(out.s, "<memory unit='KiB'>524288</memory>"));
	because("name = 'g'\nkernel = '/k'\n", "memory", XLPT_LOSS_NOTE, "32 MiB");
	because(HVM "device_model_stubdomain_override = 1\n", "device_model_stubdomain_override",
		XLPT_LOSS_CHANGED, "in dom0");
	because(HVM "device_model_stubdomain_override = 0\nmsr_relaxed = 0\n", "msr_relaxed",
		XLPT_LOSS_NOTE, "as well");
	because(HVM "pae = 0\n", "pae", XLPT_LOSS_CHANGED, "every HVM guest");
	because(PV "vcpus = 4\nmaxvcpus = 2\n", "vcpus", XLPT_LOSS_CHANGED, "maxvcpus=");
}

#define VNC "<graphics type='vnc' autoport='yes' listen='127.0.0.1'/>"

static void test_display(void **st)
{
	(void)st;
	says(HVM, VNC);
	says(HVM, "<model type='cirrus'/>");
	says(HVM "vga = 'stdvga'\n", VNC);
	says_not(HVM "vga = 'stdvga'\n", "cirrus");
	says(HVM "spice = 1\nspicehost = '::'\n", VNC);
	says(HVM "sdl = 1\n", VNC);
	says(HVM "vnclisten = '0.0.0.0'\n",
	     "<graphics type='vnc' autoport='yes' listen='0.0.0.0'/>");
	says_not(HVM "vnc = 0\n", "<graphics");
	assert_int_equal(losses.n, 0);
	says_not(PV, "<graphics");
	/* Without a display it has its card all the same, of the size that is said. */
	says(HVM "vnc = 0\n", "<model type='cirrus'/>");
	says(HVM "vnc = 0\nnographic = 1\n", "<model type='cirrus'/>");
	says(HVM "vnc = 0\nvideoram = 16\n", "<model type='cirrus' vram='16384'/>");
	says(HVM "vnc = 1\nvideoram = 16\n", "<model type='cirrus' vram='16384'/>");
	assert_int_equal(losses.n, 0);
	says(HVM "vnc = 0\nvga = 'none'\n", "<model type='none'/>");
	/* Without an emulated card there is no model; with the word for that, libvirt has none either. */
	says(HVM "vif = [ 'type=vif,model=e1000' ]\n", "<model type='netfront'/>");
	says_not(HVM "vif = [ 'type=vif,model=e1000' ]\n", "type='e1000'");
	is_lost(HVM "vif = [ 'bridge=b,type=vif,model=netfront' ]\n", "net[#0]/model",
		XLPT_LOSS_NOTE);
	/* An empty password is none; to QEMU under KVM it would be one. */
	says(HVM "vnc = 1\nvncpasswd = ''\n", "<graphics type='vnc'/>");
	assert_int_equal(losses.n, 0);
	/* An empty address is every address: so it is under libvirt, and not closed in silence. */
	says(HVM "vnc = 1\nvnclisten = ''\n", "<graphics type='vnc' listen='0.0.0.0'/>");
	is_lost(HVM "vnc = 1\nvnclisten = ''\n", "vnclisten", XLPT_LOSS_NOTE);
	says(PV "vfb = [ 'vnc=1,vncpasswd=,vnclisten=' ]\n",
	     "<graphics type='vnc' listen='0.0.0.0'/>");
	assert_int_equal(differences(HVM "vnc = 1\n", HVM "vnc = 1\nvnclisten = ''\n", false), 1);
	assert_int_equal(differences(HVM "vnc = 1\n", HVM "vnc = 1\nvncpasswd = ''\n", false), 0);
	is_lost(HVM "nographic = 1\n", "nographic", XLPT_LOSS_NOTE);
	/* Words with which xl starts no guest are no notes. */
	is_lost(HVM "uuid = 'xyz'\n", "uuid", XLPT_LOSS_CHANGED);
	is_lost(PV "type = 'hvmm'\n", "type", XLPT_LOSS_CHANGED);
	assert_non_null(strstr(losses.items[0].reason, "pv, pvh or hvm"));
	/* There and back again, it has none. */
	{
		_cleanup_str_ struct xlpt_str back = { 0 };
		struct xlpt_convert how = { .to = XLPT_FORMAT_XL };

		assert_int_equal(to_libvirt(HVM "vnc = 0\n"), 0);
		assert_int_equal(xlpt_convert(out.s, out.len, "x", &how, &back, NULL, NULL, NULL),
				 0);
		assert_non_null(strstr(back.s, "\nvnc = 0\n"));
		assert_null(strstr(back.s, "vga"));
		assert_null(strstr(back.s, "nographic"));
	}
	assert_int_equal(differences(HVM "vnc = 0\n", HVM "vnc = 0\nvga = 'cirrus'\n", false), 0);
	assert_true(differences(HVM "vnc = 0\n", HVM "vnc = 0\nvga = 'none'\n", false) > 0);
	assert_int_equal(differences(HVM, HVM "vnc = 1\n", false), 0);
	assert_true(differences(HVM, HVM "vnc = 0\n", false) > 0);
}

/* xl gives PV guests with devices the host's memory map, whatever e820_host= says. */
static void test_memory_map(void **st)
{
	(void)st;
	says(PV "pci = [ '01:00.0' ]\n", "<e820_host state='on'/>");
	says(PV "e820_host = 0\npci = [ '01:00.0' ]\n", "<e820_host state='on'/>");
	says_not(PV, "e820_host");
	says_not(HVM "pci = [ '01:00.0' ]\n", "e820_host");
}

/* What xl does anyway is no loss when it is said. */
static void test_defaults(void **st)
{
	static const char *const said[] = {
		HVM
		"vnc = 1\nsdl = 0\nspice = 0\nnomigrate = 0\ngfx_passthru = 0\ncap = 0\nacpi_s3 = 1\nacpi_s4 = 1\n"
		"bios = 'seabios'\nhpet = 1\nusb = 0\nviridian = 0\nxen_platform_pci = 1\n"
		"timer_mode = 'no_delay_for_missed_ticks'\nvif = [ 'type=ioemu,bridge=br0' ]\n",
		HVM "usb = 1\nusbdevice = 'tablet'\n",
		HVM "pci = [ '01:00.0,rdm_policy=strict' ]\n",
		PV
		"sdl = 0\nvnc = 0\non_watchdog = 'destroy'\non_soft_reset = 'soft-reset'\n"
		"vif = [ 'type=vif,bridge=br0' ]\npci_permissive = 0\npci_seize = 0\npci_msitranslate = 0\n",
	};
	static const char *const silent[] = {
		HVM "vif = [ 'bridge=br0' ]\n",
		HVM "usbdevice = 'tablet'\n",
		HVM "pci = [ '01:00.0' ]\n",
		PV "vif = [ 'bridge=br0' ]\n",
	};

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(said); i++) {
		assert_int_equal(to_libvirt(said[i]), 0);
		for (size_t k = 0; k < losses.n; k++)
			fail_msg("%s is told", losses.items[k].what);
		assert_int_equal(differences(said[i], silent[i], false), 0);
	}
	/* The contrary still is. */
	is_lost(HVM "pci = [ '01:00.0,rdm_policy=relaxed' ]\n", "pci[0000:01:00.0].rdm_policy",
		XLPT_LOSS_CHANGED);
	is_lost(HVM "usb = 1\n", "usb", XLPT_LOSS_CHANGED);
	is_lost(HVM "gfx_passthru = 1\n", "gfx_passthru", XLPT_LOSS_CHANGED);
	assert_true(differences(HVM "acpi_s3 = 0\n", HVM, false) > 0);
}

/* Each key that libvirt has no word for weighs what the guest loses by it. */
static void test_weights(void **st)
{
	/* clang-format off */
	static const struct { const char *cfg, *what; enum xlpt_severity severity; } cases[] = {
		{ PV "ioports = [ '2f8-2ff' ]\n", "ioports", XLPT_LOSS_CHANGED },
		{ PV "vtpm = [ 'backend=d' ]\n", "vtpm", XLPT_LOSS_CHANGED },
		{ HVM "hdtype = 'ahci'\n", "hdtype", XLPT_LOSS_CHANGED },
		{ HVM "hdtype = 'ide'\n", "hdtype", XLPT_LOSS_NOTE },
		{ HVM "altp2m = 'mixed'\n", "altp2m", XLPT_LOSS_CHANGED },
		{ HVM "altp2m = 'external'\n", "altp2m", XLPT_LOSS_KEPT },
		{ HVM "shadow_memory = 8\n", "shadow_memory", XLPT_LOSS_KEPT },
		{ PV "seclabel = 'system_u:system_r:domU_t'\n", "seclabel", XLPT_LOSS_CHANGED },
		{ PV "pool = 'fast'\n", "cpupool", XLPT_LOSS_CHANGED },
		{ HVM "acpi_s3 = 0\n", "acpi_s3", XLPT_LOSS_CHANGED },
		{ HVM "serial = 'weird:1'\n", "serial", XLPT_LOSS_CHANGED },
		{ PV "vif = [ 'bridge=b,forwarddev=e' ]\n", "net[#0]/forwarddev", XLPT_LOSS_CHANGED },
		{ PV "vif = [ '' ]\n", "net[#0].kind", XLPT_LOSS_NOTE },
		{ PV "arch = 'x86_64'\n", "arch", XLPT_LOSS_NOTE },
		{ PV "# mine\n", "comments", XLPT_LOSS_NOTE },
		{ PV "cmdline = 'a'\nextra = 'b'\n", "extra", XLPT_LOSS_NOTE },
		{ PV "cmdline = 'a'\nroot = '/dev/xvda'\n", "root", XLPT_LOSS_NOTE },
		{ PV "vnclisten = '::'\n", "vnclisten", XLPT_LOSS_NOTE },
		{ HVM "usbctrl = [ 'type=auto,version=2' ]\n", "usbctrl[#0].type", XLPT_LOSS_NOTE },
		{ HVM "usbctrl = [ 'type=pv' ]\n", "usbctrl[#0].type", XLPT_LOSS_CHANGED },
		{ PV "cpus = 'all'\n", "cpuset", XLPT_LOSS_NOTE },
		{ PV "cpus = 'nodes:0'\n", "cpuset", XLPT_LOSS_CHANGED },
		/* xl takes the last. */
		{ PV "memory = 128\n", "memory", XLPT_LOSS_NOTE },
		{ PV "disk = [ '/a,,xvda' ]\ndisk = []\n", "disk", XLPT_LOSS_NOTE },
	};
	/* clang-format on */

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++)
		is_lost(cases[i].cfg, cases[i].what, cases[i].severity);
	is_lost(PV "arch = 'x86_64'\n", "arch", XLPT_LOSS_NOTE);
	assert_non_null(strstr(loss_of("arch")->reason, "unknown"));
	is_lost(PV "memory = 128\n", "memory", XLPT_LOSS_NOTE);
	assert_int_equal(loss_of("memory")->line, 2);
	assert_non_null(strstr(loss_of("memory")->reason, "again in line 4"));
	assert_int_equal(to_libvirt(PV "disk = [ '/a,,xvda' ]\ndisk += [ '/b,,xvdb' ]\n"), 0);
	assert_int_equal(losses.n, 0);
}

/* xl_parse.c copies pci_permissive and the like into each device before it reads its options. */
static void test_globals(void **st)
{
	static const char all[] =
		HVM "pci = [ '01:00.0', '02:00.0' ]\npci_permissive = 1\npci_seize = 1\n";
	static const char each[] =
		HVM "pci = [ '02:00.0,permissive=1,seize=1', '01:00.0,seize=1,permissive=1' ]\n";
	static const char one[] = HVM "pci = [ '01:00.0' ]\npci_permissive = 1\n";

	(void)st;
	assert_int_equal(differences(all, each, true), 0);
	assert_int_equal(differences(one, HVM "pci = [ '01:00.0,permissive=1' ]\n", false), 0);
	assert_int_equal(differences(one, HVM "pci = [ '01:00.0,permissive=1' ]\n", true), 0);
	assert_int_equal(differences(HVM "pci = [ '01:00.0,permissive=0' ]\n",
				     HVM "pci = [ '01:00.0' ]\n", true),
			 0);
	assert_true(differences(one, HVM "pci = [ '01:00.0' ]\n", true) > 0);
	assert_true(differences(one, HVM "pci = [ '01:00.0,permissive=0' ]\npci_permissive = 1\n",
				true) > 0);
	assert_int_equal(
		differences("<devices><hostdev mode='subsystem' type='pci'><source "
			    "writeFiltering='yes'><address bus='1'/></source></hostdev></devices>",
			    HVM "pci = [ '01:00.0' ]\n", true),
		0);
}

#define CELL(n, row) "['size=256', 'vcpus=" n "', 'vdistances=" row "']"

/* What xl_parse.c makes of firmware=, of a kernel beside a boot loader, and of cells. */
static void test_derived(void **st)
{
	(void)st;
	says("name = 'g'\nmemory = 64\ntype = 'pvh'\nfirmware = 'pvgrub64'\n",
	     "<kernel>/usr/lib/xen/boot/pvgrub64.bin</kernel>");
	is_lost("name = 'g'\nmemory = 64\ntype = 'pvh'\nfirmware = 'pvgrub64'\n", "firmware",
		XLPT_LOSS_NOTE);
	assert_null(loss_of("kernel"));
	is_lost("name = 'g'\nmemory = 64\ntype = 'pvh'\nfirmware = 'other'\nkernel = '/k'\n",
		"firmware", XLPT_LOSS_CHANGED);
	is_lost("name = 'g'\nmemory = 64\nkernel = ''\nbootloader = 'pygrub'\n", "kernel",
		XLPT_LOSS_NOTE);
	is_lost("name = 'g'\nmemory = 64\nkernel = 'k'\n", "kernel", XLPT_LOSS_CHANGED);
	says("name = 'g'\ntype = 'hvm'\nvcpus = 2\nvnuma = [ " CELL("0", "10,20") ", " CELL(
		     "1", "20,10") " ]\n",
	     "<memory unit='KiB'>524288</memory>");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_disks),	   cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_cpus),	   cmocka_unit_test(test_kernels),
		cmocka_unit_test(test_rbd),	   cmocka_unit_test(test_ignored),
		cmocka_unit_test(test_memory),	   cmocka_unit_test(test_display),
		cmocka_unit_test(test_memory_map), cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_weights),	   cmocka_unit_test(test_globals),
		cmocka_unit_test(test_derived),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	forget();
	return failed;
}
