/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libFuzzer: what a host says of its mounts, routes, disks and input devices, and what is asked for
 * by name. The sanitizers watch; no mount and no name leads round in a circle, and what is found
 * has a function and a sentence.
 */
#include "core/text.h"
#include "pciback/needs/needs.h"
#include "pciback/needs/things.h"
#include "tests/fuzz/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const paths[] = {
	"proc/1/mountinfo",
	"proc/self/mountinfo",
	"proc/swaps",
	"proc/net/route",
	"proc/net/ipv6_route",
	"proc/net/vlan/xenbr0",
	"proc/bus/input/devices",
	"proc/asound/cards",
	"sys/class/tty/console/active",
	"sys/class/net/xenbr0/address",
	"sys/class/net/xenbr0/ifindex",
	"sys/devices/pci0000:00/0000:00:02.0/net/eth0/address",
	"sys/devices/pci0000:00/0000:00:02.0/block/sda/dev",
	"sys/devices/pci0000:00/0000:00:02.0/class",
	"sys/devices/pci0000:00/0000:00:02.0/boot_vga",
	"run/udev/data/n2",
	"name", /* what is asked for */
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void link_to(const char *target, const char *path)
{
	tree_folders(path);
	if (symlinkat(target, tree_root, path))
		abort();
}

static void make_tree(void)
{
	tree_open();
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(paths); i++)
		tree_folders(paths[i]);
	link_to("../../../devices/pci0000:00/0000:00:02.0", "sys/bus/pci/devices/0000:00:02.0");
	link_to("../../devices/pci0000:00/0000:00:02.0/net/eth0", "sys/class/net/eth0");
	link_to("../../../../../devices/pci0000:00/0000:00:02.0/",
		"sys/devices/pci0000:00/0000:00:02.0/net/eth0/device");
	link_to("../../devices/pci0000:00/0000:00:02.0/block/sda", "sys/class/block/sda");
	link_to("../../devices/pci0000:00/0000:00:02.0/block/sda", "sys/dev/block/8:0");
	link_to("../../../class/net/eth0", "sys/class/net/xenbr0/lower_eth0");
	/* Round in a circle: the bridge is below itself. */
	link_to("../../../class/net/xenbr0", "sys/class/net/xenbr0/lower_xenbr0");
	tree_put("sys/devices/pci0000:00/0000:00:02.0/vendor", "0x8086\n", 7);
	tree_put("sys/devices/pci0000:00/0000:00:02.0/device", "0x10d3\n", 7);
}

static void all_sound(const struct xlpt_things *things)
{
	for (size_t i = 0; i < things->n; i++)
		must(things->items[i].name && things->items[i].what &&
		     things->items[i].bdf.dev <= 0x1f && things->items[i].bdf.func <= 7);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xlpt_bdf bdf = { .dev = 2 }, found = { 0 };
	_cleanup_things_ struct xlpt_things on = { 0 }, any = { 0 }, named = { 0 };
	_cleanup_needs_ struct xlpt_needs needs = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_free_ char *name = NULL;
	const char *rest;
	uint64_t written;
	unsigned kinds;

	if (!size || size > 1 << 15)
		return 0;
	if (tree_root < 0)
		make_tree();
	written = tree_parts(paths, XLPT_ARRAY_SIZE(paths), data, size);
	if (xlpt_needs_read(&tree_host, &needs, &diag))
		must(diag.message != NULL);
	for (size_t i = 0; i < needs.n; i++)
		must(needs.items[i].what && *needs.items[i].what);
	xlpt_things_on(&tree_host, &bdf, &on);
	xlpt_things_on(&tree_host, NULL, &any);
	if (xlpt_host_read_text(&tree_host, &name, "/name") == 0) {
		kinds = xlpt_thing_prefix(name, &rest);
		xlpt_things_find(&tree_host, kinds ? kinds : XLPT_THING_ANY, rest, &named);
		xlpt_thing_by_path_name(&tree_host, rest, &found);
		must(found.dev <= 0x1f && found.func <= 7);
	}
	all_sound(&on);
	all_sound(&any);
	all_sound(&named);
	tree_take_away(paths, XLPT_ARRAY_SIZE(paths), written);
	return 0;
}
