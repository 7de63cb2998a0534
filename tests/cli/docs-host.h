/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host that the documents' examples are of: the fake host with pools (tests/fake/pools.h), and
 *
 *	0000:02:00.0	a USB controller's and a sound card's things hang on it, too
 *	0000:03:00.0	nvme, /dev/nvme0n1, /home
 *	0000:08:00.0	e1000e, interface eth4, which has the default route
 *	0000:09:00.0	e1000e, interface eth1
 *	0000:0a:00.0/1	e1000e, two functions of one slot
 *	0000:0e:00.0	e1000e, interface eth0
 *	0000:2a:00.0/1	e1000e, two functions behind a bridge of their own, which a bus reset resets
 *	0000:2b:00.0	e1000e with a serial number, alone behind its bridge; docs_move_card() moves it
 *	0000:41:00.0	e1000e: what the other host of a migration has
 *
 * It has an initramfs of initramfs-tools, GRUB, the guard's program, and systemd. After cmocka.h.
 */
#ifndef XLPT_TESTS_CLI_DOCS_HOST_H
#define XLPT_TESTS_CLI_DOCS_HOST_H

#include <string.h>

#include "tests/fake/pools.h"
#include "tests/fake/system.h"

#define DOCS_KERNEL "6.12.0-amd64"

/* A directory with one file below the function, and the link of its class to it. */
static inline void docs_hang(struct world *w, const char *bdf, const char *below, const char *link,
			     const char *file, const char *text)
{
	_cleanup_free_ char *dev = fake_bus_devpath(w->bus, bdf),
			    *dir = xlpt_xasprintf("%s/%s", dev, below),
			    *path = xlpt_xasprintf("%s/%s", dir, file);

	fake_bus_put(w->bus, path, text);
	if (!xlpt_host_has(fake_bus_host(w->bus), "%s", link))
		fake_bus_link(w->bus, link, dir);
}

static inline void docs_things(struct world *w)
{
	docs_hang(w, "0000:03:00.0", "nvme/nvme0/nvme0n1", "/sys/class/block/nvme0n1", "dev",
		  "259:0\n");
	docs_hang(w, "0000:03:00.0", "nvme/nvme0", "/sys/class/nvme/nvme0", "model", "m\n");
	docs_hang(w, "0000:03:00.0", "nvme/nvme0/nvme0n1/nvme0n1p1", "/sys/class/block/nvme0n1p1",
		  "dev", "259:1\n");
	docs_hang(w, "0000:03:00.0", "nvme/nvme0/nvme0n1/nvme0n1p1", "/sys/dev/block/259:1",
		  "partition", "1\n");
	fake_bus_put(w->bus, "/proc/1/mountinfo",
		     "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
		     "21 1 259:1 / /home rw - ext4 /dev/nvme0n1p1 rw\n");
	docs_hang(w, "0000:02:00.0", "usb1", "/sys/bus/usb/devices/usb1", "bDeviceClass", "09\n");
	docs_hang(w, "0000:02:00.0", "usb1/1-2", "/sys/bus/usb/devices/1-2", "idVendor", "046d\n");
	docs_hang(w, "0000:02:00.0", "usb1/1-2", "/sys/bus/usb/devices/1-2", "idProduct", "c31c\n");
	docs_hang(w, "0000:02:00.0", "sound/card0", "/sys/class/sound/card0", "id", "PCH\n");
}

static inline void docs_system(struct world *w)
{
	world_system(w, DOCS_KERNEL);
	fake_bus_put(w->bus, "/proc/net/route",
		     "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n"
		     "eth4\t00000000\t0202000A\t0003\t0\t0\t0\t00000000\n");
	fake_bus_put(w->bus, "/etc/xen/.keep", "");
	fake_bus_put(w->bus, "/srv/.keep", "");
	fake_bus_put(w->bus, "/root/.keep", "");
	fake_bus_put(w->bus, "/var/lib/xen/save/.keep", "");
}

/* An endpoint with MSI-X, power management and a serial number. */
static inline void docs_config(uint8_t cfg[512])
{
	enum { MSIX = 0x50, PM = 0x70, PCIE = 0x80, DSN = 0x100 };

	memset(cfg, 0, 512);
	cfg[0] = 0x86, cfg[1] = 0x80, cfg[2] = 0xd3, cfg[3] = 0x10, cfg[4] = 0x02;
	cfg[6] = 0x10; /* capability list */
	cfg[0x0b] = 0x02, cfg[0x13] = 0xfe;
	cfg[0x34] = MSIX, cfg[MSIX] = 0x11, cfg[MSIX + 1] = PM, cfg[MSIX + 2] = 4;
	cfg[PM] = 0x01, cfg[PM + 1] = PCIE;
	cfg[PCIE] = 0x10, cfg[PCIE + 2] = 2;
	cfg[DSN] = 0x03, cfg[DSN + 2] = 0x01;
	memcpy(cfg + DSN + 4, "\x20\x00\x00\xff\xff\x00\x54\x52", 8);
}

/* The card with a serial number, at that address behind that port. */
static inline void docs_card(struct world *w, const char *port, const char *bdf)
{
	uint8_t cfg[512];

	docs_config(cfg);
	fake_bus_add(
		w->bus, port,
		&(struct fake_dev){ .vendor = 0x1b36, .device = 0x000c, .class_code = 0x060400 });
	fake_bus_add(w->bus, bdf,
		     &(struct fake_dev){ .vendor = 0x8086,
					 .device = 0x10d3,
					 .class_code = 0x020000,
					 .driver = "e1000e",
					 .parent = port,
					 .reset_method = "pm bus",
					 .config = cfg,
					 .config_len = sizeof(cfg) });
}

/* Its bus got another number. */
static inline void docs_move_card(struct world *w)
{
	fake_bus_remove(w->bus, "0000:00:03.0");
	docs_card(w, "0000:00:03.0", "0000:2c:00.0");
}

static inline void docs_pair(struct world *w)
{
	uint8_t cfg[512];

	docs_config(cfg);
	fake_bus_add(
		w->bus, "0000:00:02.0",
		&(struct fake_dev){ .vendor = 0x1b36, .device = 0x000c, .class_code = 0x060400 });
	for (unsigned i = 0; i < 2; i++) {
		cfg[0x0e] = i ? 0 : 0x80;
		fake_bus_add(w->bus, i ? "0000:2a:00.1" : "0000:2a:00.0",
			     &(struct fake_dev){ .vendor = 0x8086,
						 .device = 0x10d3,
						 .class_code = 0x020000,
						 .driver = "e1000e",
						 .parent = "0000:00:02.0",
						 .reset_method = "bus",
						 .config = cfg,
						 .config_len = sizeof(cfg) });
	}
}

static inline struct world *docs_world(void)
{
	static const struct {
		const char *bdf, *net;
		bool multifunction;
	} cards[] = {
		{ "0000:08:00.0", "eth4", false }, { "0000:09:00.0", "eth1", false },
		{ "0000:0a:00.0", NULL, true },	   { "0000:0a:00.1", NULL, false },
		{ "0000:41:00.0", NULL, false },
	};
	struct world *w = pools_world();

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cards); i++)
		fake_bus_add(w->bus, cards[i].bdf,
			     &(struct fake_dev){ .vendor = 0x8086,
						 .device = 0x10d3,
						 .class_code = 0x020000,
						 .driver = "e1000e",
						 .parent = "0000:00:01.0",
						 .net = cards[i].net,
						 .multifunction = cards[i].multifunction });
	docs_pair(w);
	docs_card(w, "0000:00:03.0", "0000:2b:00.0");
	docs_things(w);
	docs_system(w);
	return w;
}

#endif
