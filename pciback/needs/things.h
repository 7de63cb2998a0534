/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Things of this host that hang on PCI functions, under the names that people know them by:
 * network interfaces, disks, mount points, USB devices, displays, sound cards, serial ports,
 * input devices, slots. From such a name to the functions behind it, and from a function to
 * all that this host would lose with it. What the host cannot do without is needs.h.
 *
 * Names come from others (an interface, a mount point, a USB device): they are kept as they are.
 */
#ifndef XLPT_PCIBACK_THINGS_H
#define XLPT_PCIBACK_THINGS_H

#include "core/device.h"
#include "core/host.h"

/* Bits, in the order in which they are told. */
enum xlpt_thing_kind {
	XLPT_THING_MOUNT = 1 << 0,
	XLPT_THING_SWAP = 1 << 1,
	XLPT_THING_NET = 1 << 2,
	XLPT_THING_MAC = 1 << 3,
	XLPT_THING_DISK = 1 << 4,
	XLPT_THING_INPUT = 1 << 5,
	XLPT_THING_USB = 1 << 6,
	XLPT_THING_DISPLAY = 1 << 7,
	XLPT_THING_SOUND = 1 << 8,
	XLPT_THING_TTY = 1 << 9,
	XLPT_THING_SLOT = 1 << 10,
};
#define XLPT_THING_ANY ((1u << 11) - 1)

struct xlpt_thing {
	enum xlpt_thing_kind kind;
	struct xlpt_bdf bdf;
	char *name; /* "eth0", "sda1", "/home", "1-2" */
	char *what; /* "network interface xenbr0 over eth0", "/home is on dm-0 over sda2" */
};

struct xlpt_things {
	struct xlpt_thing *items;
	size_t n, alloc;
	char *hollow; /* there is such a thing, and no function is behind it: "network interface lo" */
	int unread; /* -errno of mounts that could not be read */
};

void xlpt_things_dispose(struct xlpt_things *things);
#define _cleanup_things_ XLPT_CLEANUP(xlpt_things_dispose)

/*
 * A word's prefix: "usb:1-2" is of XLPT_THING_USB, and *name is "1-2". 0: it has none, and *name
 * is the word.
 */
unsigned xlpt_thing_prefix(const char *word, const char **name);
const char *xlpt_thing_word(enum xlpt_thing_kind kind); /* "usb", as in "usb:1-2" */
/* "network interfaces (/sys/class/net), mounts (/proc/1/mountinfo)". Caller frees. */
char *xlpt_things_places(unsigned which);

/* Six pairs of hexadecimal digits. */
bool xlpt_thing_is_mac(const char *word);
/* What the kernel takes as an interface's name (dev_valid_name, net/core/dev.c). */
bool xlpt_thing_is_ifname(const char *word);

/* What is called name, of these kinds (without a prefix); one entry for each function behind it. */
void xlpt_things_find(struct xlpt_host *h, unsigned which, const char *name,
		      struct xlpt_things *out);
/*
 * What hangs on a function, or with NULL on any. Parts of what is told whole are left out: partitions, hubs, outputs
 * to which nothing is connected, consoles of the kernel's own.
 */
void xlpt_things_on(struct xlpt_host *h, const struct xlpt_bdf *bdf, struct xlpt_things *out);

/* The functions of a list, each once, in order. Caller frees. */
struct xlpt_bdf *xlpt_things_functions(const struct xlpt_things *things, size_t *n);

/*
 * The function that udev made an interface's name of ("enp9s0f1": bus 9, slot 0, function 1), if
 * there is one: a hidden card has no interface, but its name tells where it was.
 */
bool xlpt_thing_by_path_name(struct xlpt_host *h, const char *ifname, struct xlpt_bdf *bdf);

#endif
