/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt XML to xl: cards, consoles and backends as libxl takes them; what libvirt is silent about is said. */
#include "tests/unit/fitting.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_closed),	cmocka_unit_test(test_cards),
		cmocka_unit_test(test_console), cmocka_unit_test(test_backends),
		cmocka_unit_test(test_memory),	cmocka_unit_test(test_running),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
