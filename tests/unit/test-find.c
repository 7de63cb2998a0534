/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the names that people know to the functions behind them, and back: on a host with a bond
 * below a VLAN and a bridge, LVM over a mirror, USB, a display, sound, a serial card and slots.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/commands.h"

#define AHCI "0000:00:1f.2"
#define IGB  "0000:01:00.0"
#define E1K  "0000:02:00.0"
#define NVME "0000:03:00.0"

/* A link of a class as the kernel makes it: "../../devices/...". */
static void link_to(struct world *w, const char *link, const char *dir)
{
	struct xlpt_str text = { 0 };

	assert_true(xlpt_starts(link, "/sys/") && xlpt_starts(dir, "/sys/"));
	if (xlpt_host_has(fake_bus_host(w->bus), "%s", link))
		return;
	for (const char *p = link + strlen("/sys/"); *p; p++)
		xlpt_str_add(&text, *p == '/' ? "../" : "");
	xlpt_str_add(&text, dir + strlen("/sys/"));
	fake_bus_link(w->bus, link, text.s);
	xlpt_str_dispose(&text);
}

/* A directory below the function, and the link of a class that leads to it. */
static char *hang(struct world *w, const char *bdf, const char *below, const char *link)
{
	_cleanup_free_ char *dev = fake_bus_devpath(w->bus, bdf);
	char *dir = xlpt_xasprintf("%s/%s", dev, below);

	link_to(w, link, dir);
	return dir;
}

static void put_in(struct world *w, const char *dir, const char *name, const char *text)
{
	_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", dir, name);

	fake_bus_put(w->bus, path, text);
}

static void on(struct world *w, const char *bdf, const char *below, const char *link,
	       const char *file, const char *text)
{
	_cleanup_free_ char *dir = hang(w, bdf, below, link);

	put_in(w, dir, file, text);
}

static void virtual_net(struct world *w, const char *name, const char *mac, const char *lower)
{
	_cleanup_free_ char *dir = xlpt_xasprintf("/sys/devices/virtual/net/%s", name),
			    *link = xlpt_xasprintf("/sys/class/net/%s", name),
			    *below = xlpt_xasprintf("%s/lower_%s", dir, lower ? lower : "");

	put_in(w, dir, "address", mac);
	link_to(w, link, dir);
	if (lower)
		fake_bus_link(w->bus, below, "/nowhere");
}

static void put_nets(struct world *w)
{
	on(w, E1K, "net/eth1", "/sys/class/net/eth1", "address", "52:54:00:00:00:01\n");
	on(w, "0000:04:00.0", "net/eth2", "/sys/class/net/eth2", "address", "52:54:00:00:00:01\n");
	on(w, E1K, "net/eth1", "/sys/class/net/eth1", "bonding_slave/perm_hwaddr",
	   "52:54:00:00:00:01\n");
	on(w, "0000:04:00.0", "net/eth2", "/sys/class/net/eth2", "bonding_slave/perm_hwaddr",
	   "52:54:00:00:00:02\n");
	virtual_net(w, "bond0", "52:54:00:00:00:01\n", "eth1");
	fake_bus_link(w->bus, "/sys/devices/virtual/net/bond0/lower_eth2", "/nowhere");
	virtual_net(w, "bond0.7", "52:54:00:00:00:01\n", "bond0");
	virtual_net(w, "xenbr0", "fe:ff:ff:ff:ff:ff\n", "enp1s0");
	virtual_net(w, "macvtap0", "52:54:00:aa:bb:cc\n", "enp1s0");
	virtual_net(w, "lo", "00:00:00:00:00:00\n", NULL);
}

static void put_disks(struct world *w)
{
	_cleanup_free_ char *sda = hang(w, AHCI, "ata1/block/sda", "/sys/class/block/sda"),
			    *nvme = hang(w, NVME, "nvme/nvme0/nvme0n1", "/sys/class/block/nvme0n1"),
			    *ctrl = hang(w, NVME, "nvme/nvme0", "/sys/class/nvme/nvme0"),
			    *part = hang(w, NVME, "nvme/nvme0/nvme0n1/nvme0n1p1",
					 "/sys/class/block/nvme0n1p1");

	put_in(w, sda, "dev", "8:0\n");
	put_in(w, nvme, "dev", "259:0\n");
	put_in(w, part, "partition", "1\n");
	put_in(w, ctrl, "model", "m\n");
	link_to(w, "/sys/class/block/md0", "/sys/devices/virtual/block/md0");
	link_to(w, "/sys/devices/virtual/block/md0/slaves/sda", sda);
	link_to(w, "/sys/devices/virtual/block/md0/slaves/nvme0n1p1", part);
	link_to(w, "/sys/class/block/dm-0", "/sys/devices/virtual/block/dm-0");
	fake_bus_put(w->bus, "/sys/devices/virtual/block/dm-0/dm/name", "vg0-my--home\n");
	link_to(w, "/sys/devices/virtual/block/dm-0/slaves/md0", "/sys/devices/virtual/block/md0");
	link_to(w, "/sys/dev/block/253:0", "/sys/devices/virtual/block/dm-0");
	link_to(w, "/sys/class/block/loop0", "/sys/devices/virtual/block/loop0");
	fake_bus_put(w->bus, "/sys/devices/virtual/block/loop0/dev", "7:0\n");
	fake_bus_link(w->bus, "/dev/disk/by-id/nvme-x", "../../nvme0n1");
	fake_bus_put(w->bus, "/proc/1/mountinfo",
		     "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
		     "21 1 253:0 / /home rw - ext4 /dev/mapper/vg0-my--home rw\n"
		     "22 1 8:1 / /mnt/a\\040b\\012c\\134 rw - ext4 /dev/sda1 rw\n"
		     "23 1 0:20 / /proc rw - proc proc rw\n");
	fake_bus_put(w->bus, "/proc/swaps", "Filename Type\n/dev/nvme0n1p1 partition\n");
}

static void put_rest(struct world *w)
{
	on(w, E1K, "usb1", "/sys/bus/usb/devices/usb1", "bDeviceClass", "09\n");
	on(w, E1K, "usb1/1-2", "/sys/bus/usb/devices/1-2", "idVendor", "046d\n");
	on(w, E1K, "usb1/1-2", "/sys/bus/usb/devices/1-2", "idProduct", "c31c\n");
	on(w, E1K, "usb1/1-2", "/sys/bus/usb/devices/1-2", "product", "USB \033[31mKeyboard\n");
	on(w, E1K, "usb1/1-2/1-2:1.0", "/sys/bus/usb/devices/1-2:1.0", "x", "\n");
	on(w, "0000:04:00.1", "drm/card0", "/sys/class/drm/card0", "dev", "226:0\n");
	on(w, "0000:04:00.1", "drm/card0/card0-HDMI-A-1", "/sys/class/drm/card0-HDMI-A-1", "status",
	   "connected\n");
	on(w, "0000:04:00.1", "drm/card0/card0-DP-1", "/sys/class/drm/card0-DP-1", "status",
	   "disconnected\n");
	on(w, "0000:02:00.0", "sound/card0", "/sys/class/sound/card0", "id", "PCH\n");
	fake_bus_put(
		w->bus, "/proc/asound/cards",
		" 0 [PCH            ]: HDA-Intel - HDA Intel PCH\n                 at irq 1\n");
	on(w, "0000:04:00.0", "tty/ttyS4", "/sys/class/tty/ttyS4", "line", "4\n");
	link_to(w, "/sys/class/tty/tty0", "/sys/devices/virtual/tty/tty0");
	fake_bus_put(w->bus, "/sys/bus/pci/slots/5-1/address", "0000:04:00\n");
	fake_bus_put(w->bus, "/sys/bus/pci/slots/9/address", "0000:09:00\n");
	{
		_cleanup_free_ char *dev = fake_bus_devpath(w->bus, IGB);

		put_in(w, dev, "label", "Onboard LAN 1\n");
	}
	fake_bus_put(
		w->bus, "/proc/bus/input/devices",
		"I: Bus=0003\nN: Name=\"My Keyboard\"\n"
		"S: Sysfs=/devices/pci0000:00/0000:00:01.0/0000:02:00.0/usb1/1-2/input/input3\n"
		"B: EV=120013\n\n"
		"I: Bus=0019\nN: Name=\"Power Button\"\nS: Sysfs=/devices/LNXSYSTM:00/input0\n"
		"B: EV=3\n");
}

static int setup_host(void **state)
{
	world_setup(state);
	put_nets(*state);
	put_disks(*state);
	put_rest(*state);
	return 0;
}

#define host_test(f) cmocka_unit_test_setup_teardown(f, setup_host, world_teardown)

/* argv as it is: mount points have blanks. */
static int run_words(struct world *w, size_t n, const char *const *words)
{
	char *argv[32] = { (char[]){ "xlpt" }, (char[]){ "find" } };
	size_t out_len, err_len;
	struct xlpt_env env = { .clock = &w->clock.clock, .pci_ids = "tests/data/pci.ids" };
	int status;

	if (strcmp(words[0], "--sysroot") != 0)
		env.host = fake_bus_host(w->bus);
	free(w->out);
	free(w->err);
	env.out = open_memstream(&w->out, &out_len);
	env.err = open_memstream(&w->err, &err_len);
	for (size_t i = 0; i < n; i++)
		argv[2 + i] = xlpt_xstrdup(words[i]);
	status = xlpt_run((int)n + 2, argv, &env);
	fclose(env.out);
	fclose(env.err);
	for (size_t i = 0; i < n; i++)
		free(argv[2 + i]);
	return status;
}

/* "BDF TEXT;" for each line of xlpt find --json WORD. */
static char *found(struct world *w, const char *word, int want)
{
	struct xlpt_str text = { 0 };
	struct json_object *root, *list, *v;
	int status = run_words(w, 2, (const char *const[]){ "--json", word });

	if (status != want)
		fail_msg("xlpt find %s: exit %d, want %d\n%s%s", word, status, want, w->out,
			 w->err);
	root = json_tokener_parse(w->out);
	assert_true(json_object_object_get_ex(root, "found", &list));
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);

		assert_true(json_object_object_get_ex(o, "bdf", &v));
		xlpt_str_addf(&text, "%s ", json_object_get_string(v));
		assert_true(json_object_object_get_ex(o, "what", &v));
		xlpt_str_addf(&text, "%s;", json_object_get_string(v));
	}
	assert_true(json_object_object_get_ex(root, "missing", &list));
	assert_int_equal(json_object_array_length(list), status == 1);
	json_object_put(root);
	return xlpt_str_take(&text);
}

static void finds(struct world *w, const char *word, const char *want)
{
	_cleanup_free_ char *text = found(w, word, *want ? 0 : 1);

	if (strcmp(xlpt_streq(text, NULL) ? "" : text, want) != 0)
		fail_msg("xlpt find %s:\n%s\nwant\n%s", word, text, want);
}

static void test_net(void **state)
{
	struct world *w = *state;

	finds(w, "enp1s0", IGB " network interface enp1s0;");
	finds(w, "net:enp1s0", IGB " network interface enp1s0;");
	finds(w, "xenbr0", IGB " network interface xenbr0 over enp1s0;");
	finds(w, "macvtap0", IGB " network interface macvtap0 over enp1s0;");
	finds(w, "bond0.7",
	      E1K " network interface bond0.7 over eth1;"
		  "0000:04:00.0 network interface bond0.7 over eth2;");
	/* A card's own address, not the one that the bond gave it. */
	finds(w, "52:54:00:00:00:01", E1K " network interface eth1;");
	finds(w, "mac:52:54:00:00:00:02", "0000:04:00.0 network interface eth2;");
	finds(w, "00:16:3E:00:00:01", IGB " network interface enp1s0;");
	finds(w, "52:54:00:aa:bb:cc", IGB " network interface macvtap0 over enp1s0;");
	finds(w, "52:54:00:aa:bb:cd", "");
	finds(w, "lo", "");
	finds(w, "../net/enp1s0", "");
	finds(w, "disk:enp1s0", "");
}

static void test_openvswitch(void **state)
{
	struct world *w = *state;

	virtual_net(w, "ovs-system", "aa:00:00:00:00:00\n", "enp1s0");
	fake_bus_link(w->bus, "/sys/devices/virtual/net/ovs-system/lower_eth1", "/nowhere");
	virtual_net(w, "ovsbr0", "00:16:3e:00:00:01\n", NULL);
	finds(w, "ovsbr0", IGB " network interface ovsbr0 over enp1s0;");
	finds(w, "lo", "");
}

static void test_disk(void **state)
{
	struct world *w = *state;

	finds(w, "/dev/nvme0n1", NVME " block device nvme0n1;");
	finds(w, "nvme0n1p1", NVME " block device nvme0n1p1;");
	finds(w, "nvme0", NVME " NVMe controller nvme0;");
	finds(w, "/dev/disk/by-id/nvme-x", NVME " block device nvme0n1;");
	finds(w, "sda", AHCI " block device sda;");
	finds(w, "md0",
	      NVME " block device md0 over nvme0n1p1;" AHCI " block device md0 over sda;");
	finds(w, "/dev/mapper/vg0-my--home",
	      NVME " block device dm-0 (vg0-my--home) over nvme0n1p1;" AHCI
		   " block device dm-0 (vg0-my--home) over sda;");
	finds(w, "/dev/vg0/my-home",
	      NVME " block device dm-0 (vg0-my--home) over nvme0n1p1;" AHCI
		   " block device dm-0 (vg0-my--home) over sda;");
	finds(w, "/dev/loop0", "");
	finds(w, "/dev/../sys", "");
	finds(w, "swap", NVME " swap is on nvme0n1p1;");
}

static void test_mount(void **state)
{
	struct world *w = *state;

	finds(w, "/", AHCI " / is on sda1;");
	finds(w, "mount:/home",
	      NVME " /home is on dm-0 over nvme0n1p1;" AHCI " /home is on dm-0 over sda;");
	finds(w, "/mnt/a b\nc\\", AHCI " /mnt/a b\nc\\ is on sda1;");
	/* Shown, it is one line. */
	assert_int_equal(run_words(w, 1, (const char *const[]){ "/mnt/a b\nc\\" }), 0);
	assert_null(strstr(w->out, "b\nc"));
	finds(w, "/hom", "");
	finds(w, "/proc", "");
	answers(w, 1, "find /hom", "looked at mount points (/proc/1/mountinfo)");
	answers(w, 1, "find /hom", "findmnt -T");
	answers(w, 1, "find /proc", "/proc is on proc: neither it nor");
}

static void test_rest(void **state)
{
	struct world *w = *state;

	finds(w, "1-2", E1K " USB device 1-2 (USB \033[31mKeyboard);");
	finds(w, "usb:046D:c31c", E1K " USB device 1-2 (USB \033[31mKeyboard);");
	finds(w, "046d:c31c", E1K " USB device 1-2 (USB \033[31mKeyboard);");
	ok(w, "find 1-2");
	assert_null(strchr(w->out, '\033'));
	finds(w, "usb1", E1K " USB device usb1;");
	finds(w, "1-2:1.0", "");
	finds(w, "keyboard", E1K " keyboard My Keyboard;");
	finds(w, "Power Button", "");
	finds(w, "card0-HDMI-A-1", "0000:04:00.1 display output card0-HDMI-A-1 (connected);");
	finds(w, "HDMI-A-1", "0000:04:00.1 display output card0-HDMI-A-1 (connected);");
	finds(w, "display:DP-1", "0000:04:00.1 display output card0-DP-1 (disconnected);");
	/* Graphics and sound both call theirs so. */
	finds(w, "card0",
	      "0000:04:00.1 graphics card card0;" E1K " sound card card0 (HDA Intel PCH);");
	finds(w, "sound:card0", E1K " sound card card0 (HDA Intel PCH);");
	finds(w, "PCH", E1K " sound card card0 (HDA Intel PCH);");
	finds(w, "HDA Intel PCH", E1K " sound card card0 (HDA Intel PCH);");
	finds(w, "/dev/ttyS4", "0000:04:00.0 serial port ttyS4;");
	finds(w, "tty0", "");
	finds(w, "5-1", "0000:04:00.0 slot 5-1;0000:04:00.1 slot 5-1;");
	finds(w, "slot:9", "");
	finds(w, "Onboard LAN 1", IGB " label Onboard LAN 1 of the firmware;");
}

static void test_address(void **state)
{
	struct world *w = *state;

	finds(w, "01:00.0", IGB " address;");
	finds(w, "pci_0000_01_00_0", IGB " address;");
	answers(w, 1, "find 09:00.0", "no PCI device 0000:09:00.0");
	ok(w, "pin nic0 01:00.0");
	finds(w, "pin:nic0", IGB " pin;");
	answers(w, 1, "find pin:nic1", "no pin is called");
}

/* "xlpt LINE" exits 0 and is about this function. */
static void is_about(struct world *w, const char *line, const char *bdf)
{
	ok(w, line);
	if (!strstr(w->out, bdf))
		fail_msg("xlpt %s is not about %s\n%s%s", line, bdf, w->out, w->err);
}

/* Wherever a device is named. */
static void test_named(void **state)
{
	struct world *w = *state;

	is_about(w, "show eth2", "0000:04:00.0");
	is_about(w, "show /dev/nvme0n1p1", NVME);
	is_about(w, "show nvme0n1", NVME);
	is_about(w, "show 52:54:00:00:00:02", "0000:04:00.0");
	is_about(w, "show usb:1-2", E1K);
	is_about(w, "show mount:/", AHCI);
	is_about(w, "hide --dry-run eth2", "0000:04:00.0");
	is_about(w, "attach --hide -n web1 eth1,permissive=1 --force-host-device usb:1-2", E1K);
	is_about(w, "attach --hide -n web1 pci_0000_05_00_0", "0000:05:00.0");
	answers(w, 1, "boot plan --force-host-device nvme0n1 disk:nvme0n1", "hide=(" NVME ")");
	is_about(w, "reset --list eth1", E1K);
	is_about(w, "pin usbcard usb:1-2", E1K);
	is_about(w, "vf list mac:00:16:3e:00:00:01", "0000:01:10.0");
	is_about(w, "list --vf-of enp1s0", "0000:01:10.0");
	/* Not one device: none is taken. */
	refused(w, 2, "hide bond0", "\"bond0\" is on 2 devices");
	refused(w, 2, "attach web1 /dev/md0,permissive=1",
		NVME " (block device md0 over nvme0n1p1)");
	refused(w, 2, "hide slot:5-1", "is on 2 devices");
	refused(w, 2, "attach web1 02:00.0 --allow-split bond0",
		"--allow-split: \"bond0\" is on 2");
	/* Not without saying what it is. */
	refused(w, 2, "hide 1-2", "usb:1-2");
	refused(w, 2, "hide /", "mount:/");
	refused(w, 2, "hide card0-HDMI-A-1", "display:card0-HDMI-A-1");
	/* Nothing is proposed that would be refused next. */
	refused(w, 2, "hide card0", "\"card0\" is on 2 devices");
	refused(w, 2, "hide /home", "\"/home\" is on 2 devices");
	/* Nothing, or nothing behind it. */
	refused(w, 1, "hide lo", "no PCI device is behind \"lo\"");
	refused(w, 2, "attach web1 eth7", "\"eth7\" is neither an address nor an interface");
	refused(w, 1, "attach web1 52:54:00:00:00:77", "no device is known as");
	refused(w, 2, "attach web1 02:00", "column 6: expected '.'");
	refused(w, 2, "hide pool:lan", "");
	refused(w, 2, "attach 02:00.0 web1", "the guest comes first");
}

/* An interface with the name of an address, or of another thing, is no way to another device. */
static void test_hostile(void **state)
{
	struct world *w = *state;

	on(w, NVME, "net/0000-02-00-0", "/sys/class/net/0000-02-00-0", "address", "x\n");
	is_about(w, "show 0000-02-00-0", E1K);
	on(w, "0000:04:00.0", "net/sda", "/sys/class/net/sda", "address", "x\n");
	refused(w, 2, "hide sda", "\"sda\" is on 2 devices");
	is_about(w, "show net:sda", "0000:04:00.0");
	is_about(w, "show disk:sda", AHCI);
	on(w, "0000:04:00.0", "net/\033]0;x", "/sys/class/net/\033]0;x", "address", "x\n");
	is_about(w, "show \033]0;x", "0000:04:00.0");
	assert_null(strchr(w->out, '\033'));
	refused(w, 2, "hide \033]0;y", "is neither an address nor");
	assert_null(strchr(w->err, '\033'));
}

/* A hidden device has no interface; a name that udev made still says which it was. */
static void test_hidden(void **state)
{
	struct world *w = *state;

	refused(w, 2, "hide enp2s0", "would be the one of " E1K ", whose driver is e1000e");
	ok(w, "hide 02:00.0 --force-host-device 02:00.0");
	refused(w, 2, "attach web1 enp2s0", "by its name it was the one of " E1K);
	assert_non_null(strstr(w->err, "name it by its address: " E1K));
	answers(w, 1, "find enp2s0f0np1", "by its name it was the one of " E1K);
	answers(w, 1, "find enP9p2s0", "looked at");
	answers(w, 1, "find enp999s0", "looked at");
}

/* A VF without an interface: its PF's driver knows its address. */
static void test_vf_mac(void **state)
{
	struct world *w = *state;

	ok(w, "vf set 01:10.0 mac=52:54:00:6d:90:02");
	is_about(w, "find 52:54:00:6D:90:02", "virtual function 0 of enp1s0");
	is_about(w, "find mac:52:54:00:6d:90:02", "0000:01:10.0");
	is_about(w, "attach -n --hide web1 52:54:00:6d:90:02,vlan=7", "0000:01:10.0");
	answers(w, 1, "find 52:54:00:6d:90:03", "their MAC addresses");
}

/* A pin made while it was dom0's remembers its interface, whatever that is called. */
static void test_pin_remembers(void **state)
{
	struct world *w = *state;

	on(w, "0000:04:00.1", "net/my\\nic", "/sys/class/net/my\\nic", "address", "x\n");
	ok(w, "pin card 04:00.1");
	ok(w, "show my\\nic");
	{
		_cleanup_free_ char *link =
			xlpt_xasprintf("%s/sys/class/net/my\\nic", fake_bus_host(w->bus)->root);

		assert_int_equal(unlink(link), 0);
	}
	refused(w, 2, "hide my\\nic", "pin:card had this interface when it was pinned");
	assert_non_null(strstr(w->err, "if that one is meant: pin:card\n"));
	answers(w, 1, "find net:my\\nic", "pin:card had this interface");
	ok(w, "pin card2 04:00.1");
	answers(w, 1, "find my\\nic", "looked at");
}

static void test_show(void **state)
{
	struct world *w = *state;

	ok(w, "show 03:00.0");
	assert_non_null(strstr(w->out, "host\n"
				       "  would lose         /home is on dm-0 over nvme0n1p1\n"
				       "                     swap is on nvme0n1p1\n"));
	assert_null(strstr(w->out, "block device nvme0n1p1\n"));
	ok(w, "show 02:00.0");
	assert_non_null(strstr(w->out, "keyboard My Keyboard\n"));
	assert_non_null(strstr(w->out, "network interface bond0.7 over eth1\n"));
	assert_non_null(strstr(w->out, "USB device 1-2 (USB \\x1b[31mKeyboard)\n"));
	assert_null(strstr(w->out, "usb1"));
	ok(w, "show 04:00.1");
	assert_non_null(strstr(w->out, "display output card0-HDMI-A-1 (connected)\n"));
	assert_null(strstr(w->out, "card0-DP-1"));
	ok(w, "show 05:00.0");
	assert_non_null(strstr(w->out, "  would lose         none\n"));
	ok(w, "show --json 03:00.0");
	assert_non_null(strstr(w->out, "\"name\": \"/home\""));
}

/* All words are looked for, each that is missing is told, and the exit status says so. */
static void test_several(void **state)
{
	struct world *w = *state;

	answers(w, 1, "find enp1s0 nic7 / nic8", "no device is known as \"nic7\"");
	assert_non_null(strstr(w->err, "no device is known as \"nic8\""));
	assert_non_null(strstr(w->err, "looked at mount points"));
	assert_non_null(strstr(w->out, IGB " enp1s0 network interface enp1s0"));
	assert_non_null(strstr(w->out, AHCI " /      / is on sda1"));
	ok(w, "find enp1s0 /");
	ok(w, "__complete things");
	assert_non_null(strstr(w->out, "\nenp1s0\n"));
	assert_non_null(strstr(w->out, "\n/dev/nvme0n1\n"));
	assert_non_null(strstr(w->out, "\n/home\n"));
	assert_null(strstr(w->out, "lo\n"));
	ok(w, "__complete devices");
	assert_non_null(strstr(w->out, "\nenp1s0\n"));
	assert_null(strstr(w->out, "/home"));
	answers(w, 2, "find", "find: too few arguments");
}

/* A capture has what find wants. */
static void test_captured(void **state)
{
	const char *words[] = { "--sysroot",	 "",	  "enp1s0", "52:54:00:00:00:02",
				"bond0.7",	 "/home", "sda",    "/dev/mapper/vg0-my--home",
				"nvme0n1",	 "/",	  "swap",   "1-2",
				"046d:c31c",	 "PCH",	  "ttyS4",  "card0-HDMI-A-1",
				"Onboard LAN 1", "5-1",	  "card0",  "keyboard" };
	char dir[] = "/tmp/xlpt-test-find-XXXXXX";
	_cleanup_free_ char *live = NULL, *line = NULL, *tree = NULL;
	struct world *w = *state;

	assert_int_equal(run_words(w, XLPT_ARRAY_SIZE(words) - 2, words + 2), 0);
	live = xlpt_xstrdup(w->out);
	assert_non_null(mkdtemp(dir));
	setenv("TMPDIR", dir, 1);
	/* As the kernel has it: a link, and its directory is nothing that find looks at. */
	fake_bus_put(w->bus, "/sys/devices/virtual/tty/console/active", "hvc0\n");
	fake_bus_link(w->bus, "/sys/class/tty/console", "../../devices/virtual/tty/console");
	assert_int_equal(world_run(w, "capture -o %s/c.tar.gz", dir), 0);
	unsetenv("TMPDIR");
	line = xlpt_xasprintf(
		"cd %s && mkdir tree && tar -C tree --strip-components=1 -xzf c.tar.gz", dir);
	assert_int_equal(system(line), 0);
	tree = xlpt_xasprintf("%s/tree", dir);
	words[1] = tree;
	if (run_words(w, XLPT_ARRAY_SIZE(words), words))
		fail_msg("%s", w->err);
	assert_string_equal(w->out, live);
	free(line);
	line = xlpt_xasprintf("rm -rf %s", dir);
	assert_int_equal(system(line), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		host_test(test_net),	 host_test(test_openvswitch),	host_test(test_disk),
		host_test(test_mount),	 host_test(test_rest),		host_test(test_address),
		host_test(test_several), host_test(test_named),		host_test(test_hostile),
		host_test(test_hidden),	 host_test(test_pin_remembers), host_test(test_vf_mac),
		host_test(test_show),	 host_test(test_captured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
