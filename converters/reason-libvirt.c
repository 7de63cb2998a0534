/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Parts of libvirt's XML that are not in the model, and what a guest of xl's is without them: "changed"
 * is what the guest, its users or its host would miss, "kept" what the guest is the same without, and
 * "note" what has no effect under Xen or is so there anyway. What is not listed is unknown, and may be
 * anything: changed.
 */
#include <fnmatch.h>
#include <string.h>

#include "converters/convert.h"
#include "converters/reason.h"

#define CHANGED XLPT_LOSS_CHANGED
#define KEPT	XLPT_LOSS_KEPT
#define NOTE	XLPT_LOSS_NOTE

static const char kvm[] = "of KVM alone";
static const char qemu[] = "of QEMU under KVM alone";
static const char place[] = "under xl devices have places of their own";
static const char alias[] = "a name of libvirt's that the guest does not see";
static const char host[] =
	"what the host gives of its processors, memory and disks; the guest is the same";
static const char backend[] =
	"how the host's QEMU reads and writes; Xen's backend has its own way, the guest's disk is the same";
static const char clock[] = "Xen has timers of its own";
static const char enlightenment[] = "Xen has no such enlightenment";
static const char cpu[] = "xl gives the guest the host's CPU";
static const char smbios[] =
	"the guest sees Xen's own SMBIOS data: smbios_firmware= takes a file, smbios= (4.18) single values";
static const char optional[] = "xl does not start a guest whose device or medium is missing";
static const char rate[] = "xl has one rate for what the guest sends (rate=)";
static const char by_id[] =
	"disks have no such number under Xen: names below /dev/disk/by-id change in the guest";

/*
 * fnmatch, "PATH=TEXT" below <domain>, "KIND|PATH=TEXT" below a device, with attributes in the order of
 * their names; the first that matches counts, so the special ones come first.
 */
/* clang-format off */
static const struct {
	const char *pattern;
	enum xlpt_severity severity;
	const char *text;
} parts[] = {
	/* the domain */
	{ "@type=*", NOTE, "under xl the guest is one of Xen's" },
	{ "metadata/*", NOTE, "of another program, which alone reads it" },
	{ "genid=*", CHANGED, "xl has ms_vm_genid=\"generate\" alone: another number at each start" },
	{ "maxMemory=*", KEPT, "xl adds no memory modules: maxmem= is the most a guest can have" },
	{ "memory/@dumpCore=*", NOTE, "what a core dump has" },
	{ "idmap=*", NOTE, "of containers alone" }, { "datacenterpath=*", NOTE, "of VMware" },
	{ "memoryBacking=*", KEPT, "Xen chooses the size of pages itself, and shares none" },
	{ "memtune=*", KEPT, host }, { "blkiotune=*", KEPT, host }, { "resource=*", KEPT, host },
	{ "numatune=*", KEPT, "Xen places the guest's memory itself, near to the CPUs of cpus=" },
	{ "iothreads=*", KEPT, host }, { "iothreadids=*", KEPT, host },
	{ "defaultiothread=*", KEPT, host },
	{ "vcpu/@placement=*", KEPT, "Xen places vCPUs itself where cpus= is silent" },
	{ "vcpu/@cpuset=*", CHANGED, "no set of CPUs that xl could read" },
	{ "vcpus=*", CHANGED, "xl brings up the first vCPUs, not chosen ones" },
	{ "cputune/*quota=*>-*", NOTE, "no limit" },
	{ "cputune/*quota=*", CHANGED,
	  "xl limits a guest with cap=: percent of one CPU, for all its vCPUs together" },
	{ "cputune/*period=*", NOTE, "of the quota beside it" },
	{ "cputune/emulator*", KEPT, host }, { "cputune/iothread*", KEPT, host },
	{ "cputune/*", CHANGED, "xl has no word for this share of the host's processors" },
	{ "sysinfo=*", CHANGED, smbios }, { "os/smbios=*mode='emulate'*", NOTE, smbios },
	{ "os/smbios=*", CHANGED, smbios },
	{ "os/type/@arch=x86_64", NOTE, "xl's guests have the host's architecture" },
	{ "os/type/@arch=i686", NOTE, "xl's guests have the host's architecture" },
	{ "os/type/@arch=*", CHANGED,
	  "xl's guests have the host's architecture: this one's system does not start on x86" },
	{ "os/type/@machine=*", NOTE, "xl has one machine for each type of guest" },
	{ "os/@firmware=*", NOTE, "said by bios=" },
	{ "os/dtb=*", CHANGED, "xl has device_tree= for guests on Arm" },
	{ "os/firmware=*enabled='yes' name='secure-boot'*", CHANGED, "Xen's OVMF checks no signatures" },
	{ "os/firmware=*", NOTE, "chooses a firmware of KVM's; libxl has its own" },
	{ "os/firmwareInfo=*", NOTE, "chooses a firmware of KVM's; libxl has its own" },
	{ "os/loader/@secure=yes", CHANGED, "Xen's OVMF checks no signatures" },
	{ "os/loader/*", NOTE, "of another hypervisor's firmware" },
	{ "os/loader=*", NOTE, "of another hypervisor's firmware" },
	{ "os/nvram*", CHANGED,
	  "Xen's OVMF keeps its variables for itself: boot entries and keys start anew" },
	{ "os/varstore*", CHANGED,
	  "Xen's OVMF keeps its variables for itself: boot entries and keys start anew" },
	{ "os/bootmenu=*", KEPT, "Xen's BIOS has its own menu" },
	{ "os/bios/*", KEPT, "Xen's BIOS has no such setting" },
	{ "os/bios=*", KEPT, "Xen's BIOS has no such setting" },
	{ "os/acpi/table/@type=rawset", NOTE, "said by acpi_firmware=" },
	{ "os/acpi*", CHANGED, "xl takes one file of ACPI tables (acpi_firmware=)" },
	/* features, CPU, time */
	{ "features/hyperv/relaxed=*", NOTE, "a part of viridian's base group" },
	{ "features/hyperv/vpindex=*", NOTE, "a part of viridian's base group" },
	{ "features/hyperv*=*state='off'*", NOTE, enlightenment },
	{ "features/hyperv/spinlocks=*", NOTE, "a part of viridian's base group, with Xen's own number of retries" },
	{ "features/hyperv*", CHANGED, enlightenment },
	{ "features/kvm=*<hidden state='on'*", CHANGED, xlpt_reason_hidden },
	{ "features/kvm=*", NOTE, kvm }, { "features/pvspinlock=*", NOTE, kvm },
	{ "features/vmport=*", NOTE, "Xen has its own switch for it" },
	{ "features/vmcoreinfo=*", NOTE, qemu }, { "features/tcg=*", NOTE, qemu },
	{ "features/ioapic=*", NOTE, kvm }, { "features/apic/*", NOTE, kvm },
	{ "features/async-teardown=*", NOTE, qemu }, { "features/privnet=*", NOTE, "of containers alone" },
	{ "features/capabilities=*", NOTE, "of containers alone" },
	{ "features/ps2=*state='off'*", CHANGED, "every HVM guest of xl's has PS/2 devices" },
	{ "features/*=*state='off'*", NOTE, "a guest of xl's does not have it either" },
	{ "features/smm=*", CHANGED, "Xen has no system management mode, which Secure Boot wants" },
	{ "features/pmu=*", CHANGED, "xl has vpmu=1, if Xen was started with vpmu" },
	{ "features/msrs=*'ignore'*", CHANGED, "xl has msr_relaxed=1 for unknown registers" },
	{ "features/msrs=*", NOTE, "what Xen does anyway" },
	{ "features/*", CHANGED, "Xen has no such feature" },
	{ "cpu/@mode=*", NOTE, cpu }, { "cpu/@match=*", NOTE, cpu }, { "cpu/@check=*", NOTE, cpu },
	{ "cpu/@migratable=*", NOTE, cpu }, { "cpu/@deprecated_features=*", NOTE, cpu },
	{ "cpu/model*", CHANGED, "xl gives the guest the host's CPU: it sees another model" },
	{ "cpu/vendor=*", NOTE, cpu },
	{ "cpu/topology=*", CHANGED,
	  "Xen shows its vCPUs without the sockets and cores said here: mind licences that count them" },
	{ "cpu/cache=*", KEPT, "the guest sees the host's caches" },
	{ "cpu/maxphysaddr=*", KEPT, "Xen chooses the width of addresses" },
	{ "cpu/feature=*", CHANGED, "xl has cpuid= for flags of the host's CPU" },
	{ "cpu/numa/*", KEPT, "xl says memory, vCPUs and distances of a cell alone" },
	{ "clock/@offset=*", CHANGED, "xl has UTC, and localtime=1 for the host's time zone" },
	{ "clock/@adjustment=reset", NOTE, "the clock starts without an adjustment" },
	{ "clock/@*", NOTE, "of the offset beside it" },
	{ "clock/timer=*name='kvmclock'*", NOTE, kvm }, { "clock/timer=*name='rtc'*", NOTE, clock },
	{ "clock/timer=*name='pit'*", NOTE, clock }, { "clock/timer=*name='platform'*", NOTE, clock },
	{ "clock/timer=*name='hypervclock'*", NOTE, "of viridian=" },
	{ "clock/timer=*name='armvtimer'*", NOTE, clock }, { "clock/timer=*name='hpet'*", NOTE, clock },
	{ "clock/timer=*name='tsc'*", CHANGED,
	  "xl has tsc_mode= alone: the guest sees the frequency that Xen chooses" },
	{ "clock/timer=*", CHANGED, "xl has no word for such a timer" },
	{ "clock/*", CHANGED, "xl has no word for this clock" },
	{ "on_lockfailure=*", KEPT, "of libvirt's lock manager" },
	{ "on_*=*", CHANGED, "xl knows no such action" },
	{ "pm=*", NOTE, "of a guest of KVM, said by acpi_s3= and acpi_s4=; no other is told" },
	{ "perf=*", KEPT, "libvirt counts events of the host" },
	{ "seclabel=*", KEPT, "a label of the host's for KVM's QEMU" },
	{ "keywrap=*", NOTE, "of s390, where Xen does not run" },
	{ "launchSecurity=*", CHANGED, "Xen does not encrypt or seal this guest's memory" },
	{ "commandline=*", CHANGED,
	  "arguments for another hypervisor's QEMU: device_model_args= has those of xl" },
	{ "override=*", CHANGED, "for another hypervisor's QEMU" },
	{ "capabilities=*", CHANGED, "for another hypervisor's QEMU" }, { "deprecation=*", NOTE, qemu },
	/* devices that are not in the model */
	{ "devices/memballoon=*", NOTE, "every guest of Xen has its balloon" },
	{ "devices/controller=*model='none'*type='usb'*", NOTE,
	  "xl gives no USB controller without being told" },
	{ "devices/controller=*<master *", NOTE, "a part of the controller for USB 2" },
	{ "devices/controller=*type='usb'*", CHANGED, "xl has no such USB controller" },
	{ "devices/controller=*", NOTE, "xl's guests have controllers of their own" },
	{ "devices/disk=<disk *type='nvme'*", CHANGED,
	  "KVM's QEMU uses this drive by itself: to xl it is a PCI device for pci=" },
	{ "devices/disk=*", CHANGED, "xl has no such disk" },
	{ "devices/interface=*", CHANGED, "xl has no such network interface" },
	{ "devices/hostdev=*", CHANGED, "xl passes on PCI and USB devices alone" },
	{ "devices/video=*", CHANGED, "xl has no such card: the guest gets one of xl's" },
	{ "devices/graphics=*", CHANGED, "xl has VNC, SDL and SPICE" },
	{ "devices/audio=*", NOTE, "where the host plays a sound card of KVM's" },
	{ "devices/sound=*", CHANGED, "xl has no such sound card" },
	{ "devices/filesystem=*", CHANGED, "xl shares no directories this way" },
	{ "devices/tpm=*", CHANGED, "xl has no such TPM" },
	{ "devices/watchdog=*", CHANGED, "xl has no such watchdog" },
	{ "devices/lease=*", KEPT, "a lock of the host's" }, { "devices/hub=*", NOTE, place },
	{ "devices/redirfilter=*", NOTE, "of the redirected USB devices" },
	{ "devices/redirdev=*", CHANGED, "xl has spiceusbredirection= for SPICE, and no other redirection" },
	{ "devices/rng=*", CHANGED, "xl has no source of random numbers for guests" },
	{ "devices/panic=*", CHANGED, "xl has no panic device: on_crash= wants Xen's drivers in the guest" },
	{ "devices/iommu=*", CHANGED, "Xen gives guests no IOMMU of their own" },
	{ "devices/memory=*", CHANGED, "xl has no memory modules: memory= is all the guest has" },
	{ "devices/input=*type='passthrough'*", CHANGED, "xl has no such input device" },
	{ "devices/input=*bus='virtio'*type='tablet'*", NOTE, "a guest of KVM gets one on USB instead, where it has a display" },
	{ "devices/input=*bus='virtio'*", NOTE, "PS/2 input devices are there without being told" },
	{ "devices/input=*", CHANGED, "xl has no such input device" },
	{ "devices/channel=*com.redhat.spice.*", NOTE, "spicevdagent= is xl's word for it" },
	{ "devices/channel=*", CHANGED, "xl's channels are Xen consoles: the guest's program does not find them" },
	{ "devices/console=*", NOTE, "Xen gives every guest its console without being told" },
	{ "devices/serial=*", CHANGED, "xl has no serial port of this kind" },
	{ "devices/parallel=*", CHANGED, "xl has no parallel ports" },
	{ "devices/*", CHANGED, "xl has no such device" },
	/* disks */
	{ "disk|driver/@type=iso", NOTE, "to xl it is raw" },
	{ "disk|driver/@type=*", CHANGED,
	  "xl knows images of type raw, qcow, qcow2, vhd and qed: qemu-img convert this one" },
	{ "disk|driver/@error_policy=report", NOTE, "what Xen's backend does anyway" },
	{ "disk|driver/@*error_policy=*", CHANGED, "Xen's backend gives errors to the guest, it does not stop it" },
	{ "disk|driver/@name=*", KEPT, backend }, { "disk|driver*", KEPT, backend },
	{ "disk|auth=*", CHANGED, "xl has no secrets: the server refuses the guest" },
	{ "disk|source/@startupPolicy=mandatory", NOTE, optional },
	{ "disk|source/@startupPolicy=*", CHANGED, optional },
	{ "disk|source/@index=*", NOTE, "a number of libvirt's" }, { "disk|source/seclabel*", KEPT, host },
	{ "disk|source/encryption=*", CHANGED, "xl has no key for it: the guest would see the encrypted image" },
	{ "disk|encryption=*", CHANGED, "xl has no key for it: the guest would see the encrypted image" },
	{ "disk|source/slices=*", CHANGED, "xl gives the whole image, not a part of it" },
	{ "disk|source/privateData=*", NOTE, "of the running domain" },
	{ "disk|source*", CHANGED, "xl cannot reach this source" },
	{ "disk|backingStore*", NOTE, "the image itself says what it stands on" },
	{ "disk|mirror=*", NOTE, "of the running domain" },
	{ "disk|iotune=*", CHANGED, "xl does not limit disks" }, { "disk|throttlefilters=*", CHANGED, "xl does not limit disks" },
	{ "disk|blockio=*logical_block_size='512'*", NOTE, "what Xen's disks have" },
	{ "disk|blockio=*logical_block_size=*", CHANGED,
	  "Xen's disks have sectors of 512 bytes: a table of partitions for others is not read" },
	{ "disk|blockio=*", NOTE, "how the guest would best read and write" },
	{ "disk|geometry=*", CHANGED, "Xen's disks have a geometry of their own" },
	{ "disk|serial=*", CHANGED, by_id }, { "disk|wwn=*", CHANGED, by_id },
	{ "disk|vendor=*", CHANGED, by_id }, { "disk|product=*", CHANGED, by_id },
	{ "disk|transient*", CHANGED, "xl writes to the image: what the guest changes stays" },
	{ "disk|boot/@loadparm=*", NOTE, "of s390, where Xen does not run" },
	{ "disk|target/@tray=*", NOTE, "of the running domain" },
	{ "disk|target/@rotation_rate=*", NOTE, "Xen's disks say nothing of it" },
	{ "disk|target/@dpofua=*", NOTE, backend },
	{ "disk|@snapshot=*", NOTE, "for snapshots of libvirt's" }, { "disk|@model=*", NOTE, "the guest's disk is Xen's" },
	{ "disk|@*", KEPT, "of SCSI devices; Xen's disks take no SCSI commands" },
	/* network interfaces */
	{ "net|mac/@currentAddress=*", NOTE, "of the running domain" },
	{ "net|mac/@*", NOTE, "of VMware" }, { "net|downscript=*", KEPT, "xl calls script= for both" },
	{ "net|@trustGuestRxFilters=*", KEPT, "of macvtap" },
	{ "net|source/@portgroup=*", CHANGED, "xl knows no port groups: their VLAN and limits do not hold" },
	{ "net|source/@portid=*", NOTE, "of the running domain" }, { "net|source/@bridge=*", NOTE, "of the running domain" },
	{ "net|source/@mode=*", NOTE, "of macvtap, which xl does not have" },
	{ "net|target/@managed=*", NOTE, "xl makes the interface in dom0 itself, under another name" },
	{ "net|link=*state='down'*", CHANGED, "xl starts the guest with the link up" },
	{ "net|link=*", NOTE, "up, as under xl" },
	{ "net|filterref=*", CHANGED, "xl filters nothing: the guest may send with any address" },
	{ "net|port=*isolated='yes'*", CHANGED, "xl does not isolate ports: guests on the bridge see each other" },
	{ "net|port=*", NOTE, "not isolated, as under xl" },
	{ "net|bandwidth*", CHANGED, rate },
	{ "net|driver*", KEPT, "of virtio; Xen's backend has its own way" },
	{ "net|tune=*", KEPT, "of the host's end" }, { "net|coalesce=*", KEPT, "of the host's end" },
	{ "net|backend*", KEPT, "of the host's end" }, { "net|guest*", NOTE, "of containers alone" },
	{ "net|route=*", NOTE, "of containers alone" },
	{ "net|rom=*enabled='no'*", KEPT, "the card of xl has a ROM to boot from" },
	{ "net|rom=*", KEPT, "the card of xl has its own ROM" },
	{ "net|acpi=*", CHANGED, "interfaces of a guest of xl's get other names" },
	{ "net|teaming=*", CHANGED, "xl joins no virtual function with a virtual interface" },
	{ "net|virtualport*", CHANGED, "xl leaves VLANs and virtual ports to the vif script" },
	{ "net|vlan*", CHANGED, "xl leaves VLANs and virtual ports to the vif script" },
	{ "net|ip=*", CHANGED, "xl tells its vif script addresses alone" },
	{ "net|ip/*", CHANGED, "xl tells its vif script addresses alone" },
	/* passed-through devices */
	{ "pci|address=*type='unassigned'*", CHANGED, "libvirt keeps this device from the guest, and it is not in pci=" },
	{ "usbdev|address*", KEPT, "xl chooses the port" },
	{ "pci|acpi=*", CHANGED, "systemd in the guest names interfaces by it" },
	{ "*|source/@startupPolicy=mandatory", NOTE, optional },
	{ "*|source/@startupPolicy=*", CHANGED, optional },
	{ "usbdev|source/@guestReset=*", KEPT, "xl lets the guest reset its USB devices" },
	{ "pci|driver*", NOTE, "xl always uses xen-pciback" },
	{ "pci|teaming=*", CHANGED, "xl joins no virtual function with a virtual interface" },
	{ "pci|bandwidth*", CHANGED, "xl does not limit virtual functions" },
	{ "usbdev|boot*", CHANGED, "xl cannot boot from a chosen USB device" },
	{ "pci|filterref=*", CHANGED, "nothing filters a passed-through card" },
	{ "pci|backend*", KEPT, "of the host's end" },
	{ "pci|link=*state='down'*", CHANGED, "xl does not set a VF's link state" },
	{ "pci|link=*", NOTE, "up, as without a word" },
	{ "pci|target*", NOTE, "of the host's end, which a passed-through card has not" },
	{ "pci|script*", NOTE, "of the host's end, which a passed-through card has not" },
	{ "pci|mtu*", NOTE, "of the host's end, which a passed-through card has not" },
	{ "pci|@trustGuestRxFilters=*", CHANGED, "xl does not make a VF trusted" },
	/* displays, cards, character devices */
	{ "gfx|listen=<listen type='address'/>", NOTE, "it says no address" },
	{ "gfx|listen=*type='address'*", NOTE, "libvirt says the address twice" },
	{ "gfx|listen=*address='*type='network'*", NOTE, "the network's address is said beside it" },
	{ "gfx|listen=*", CHANGED, "xl listens on an address: 127.0.0.1 where nothing else is said" },
	{ "gfx|@socket=*", CHANGED, "xl listens on an address: 127.0.0.1 where nothing else is said" },
	{ "gfx|audio=*", NOTE, "where the host plays a sound card of KVM's" },
	{ "gfx|gl=*enable='yes'*", CHANGED, "xl's displays draw no 3D" }, { "gfx|gl=*", NOTE, "off, as under xl" },
	{ "gfx|filetransfer=*'no'*", CHANGED, "xl's SPICE lets files in" }, { "gfx|filetransfer=*", NOTE, "as under xl" },
	{ "gfx|jpeg=*", KEPT, "how SPICE compresses" }, { "gfx|zlib=*", KEPT, "how SPICE compresses" },
	{ "gfx|playback=*", KEPT, "how SPICE compresses" },
	{ "gfx|*", CHANGED, "xl cannot say this of a display" },
	{ "video|driver=*", KEPT, qemu }, { "video|model/@ram=*", KEPT, "xl says a card's memory as one number" },
	{ "video|model/@vgamem=*", KEPT, "xl says a card's memory as one number" },
	{ "video|model/@vram64=*", KEPT, "xl says a card's memory as one number" },
	{ "video|model/acceleration=*'yes'*", CHANGED, "xl's cards draw no 3D" },
	{ "video|model/acceleration=*", NOTE, "none, as under xl" },
	{ "video|model/resolution=*", KEPT, "the guest chooses" },
	{ "sound|audio=*", NOTE, "where the host plays it" },
	{ "sound|codec=*", KEPT, "xl's card has its own codec" },
	{ "serial|target/@type=isa-serial", NOTE, "what xl's serial ports are" },
	{ "serial|target/model=*'isa-serial'*", NOTE, "what xl's serial ports are" },
	{ "serial|target/*", CHANGED, "xl's serial ports are those of a PC" },
	{ "*|source/@path=/dev/pts/*", NOTE, "of the running domain" },
	{ "*|target/@state=*", NOTE, "of the running domain" }, { "*|@tty=*", NOTE, "of the running domain" },
	{ "*|source/@append=on", CHANGED, "xl's QEMU begins the file anew" },
	{ "*|source/@append=off", NOTE, "what xl's QEMU does" },
	{ "*|source/@tls=yes", CHANGED, "xl's QEMU does not encrypt it" },
	{ "*|source/@tls=no", NOTE, "not encrypted, as under xl" },
	{ "*|source/reconnect*", KEPT, "xl's QEMU does not try again" },
	{ "*|protocol*", CHANGED, "QEMU's -serial has no word for this" },
	{ "*|source/seclabel*", KEPT, host }, { "*|log*", KEPT, "xl writes no log of it" },
	{ "input|driver*", NOTE, qemu }, { "usbctrl|driver*", KEPT, qemu },
	{ "numa|*", KEPT, "xl says memory, vCPUs and distances of a cell alone" },
	{ "console|*", NOTE, "Xen gives every guest its console without being told" },
	{ "*|alias*", NOTE, alias }, { "*|acpi*", NOTE, place }, { "*|address*", NOTE, place },
	{ NULL, 0, NULL },
};
/* clang-format on */

/* Up to the first wildcard a pattern is plain text, and comparing that is cheap. */
static bool begins(const char *pattern, const char *s)
{
	for (; *pattern && *pattern != '*' && *pattern != '?' && *pattern != '['; pattern++, s++)
		if (*pattern != *s)
			return false;
	return *pattern || !*s;
}

enum xlpt_severity xlpt_lv_carry_reason(const char *at, const struct xlpt_carry *c,
					const char **reason)
{
	_cleanup_free_ char *text =
		*c->text == '<' ? xlpt_carry_sorted(c->text) : xlpt_xstrdup(c->text);
	_cleanup_free_ char *said = xlpt_xasprintf("%.*s%s%s=%s", (int)strcspn(at, "["), at,
						   *at ? "|" : "", c->path, text);

	for (size_t i = 0; parts[i].pattern; i++)
		if (begins(parts[i].pattern, said) &&
		    fnmatch(parts[i].pattern, said, FNM_NOESCAPE) == 0) {
			*reason = parts[i].text;
			return parts[i].severity;
		}
	*reason = "xlpt does not know this part of the XML: see whether the guest needs it";
	return CHANGED;
}
