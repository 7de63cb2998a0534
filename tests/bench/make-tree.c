/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * make-tree DIR FUNCTIONS - a sysfs tree of that many network functions, eight
 * behind each root port, 128 ports to a segment, as a large host's would look.
 */
#include <err.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PER_BRIDGE = 8, PER_SEGMENT = 128 };

static void __attribute__((format(printf, 1, 2))) make_dir(const char *fmt, ...)
{
	char path[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	if (mkdir(path, 0755) && errno != EEXIST)
		err(1, "%s", path);
}

static const char *top;

/* Files of the same contents are one file with many names: a tree in seconds and without a gigabyte. */
static void put(const char *name, const void *data, size_t len)
{
	uint64_t hash = 14695981039346656037u;
	char pool[256];
	FILE *f;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ ((const uint8_t *)data)[i]) * 1099511628211u;
	snprintf(pool, sizeof(pool), "%s/pool/%016llx", top, (unsigned long long)hash);
	if (link(pool, name) == 0)
		return;
	f = fopen(pool, "w");
	if (!f || fwrite(data, 1, len, f) != len || fclose(f) || link(pool, name))
		err(1, "%s", name);
}

static void __attribute__((format(printf, 2, 3))) attr(const char *name, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put(name, text, (size_t)n);
}

static void put16(uint8_t *cfg, unsigned at, unsigned v)
{
	cfg[at] = (uint8_t)v;
	cfg[at + 1] = (uint8_t)(v >> 8);
}

/* In the current directory: the files that the kernel gives each function. */
static void function(int bridge, unsigned device, unsigned bus, unsigned func)
{
	uint8_t cfg[4096] = { 0 };
	unsigned class_code = bridge ? 0x060400 : 0x020000;

	put16(cfg, 0, 0x8086);
	put16(cfg, 2, device);
	put16(cfg, 6, 0x10);
	put16(cfg, 10, class_code >> 8);
	cfg[0x0e] = (uint8_t)(bridge | 0x80);
	cfg[0x19] = cfg[0x1a] = (uint8_t)(bridge ? bus : 0);
	cfg[0x34] = 0x40;
	put16(cfg, 0x40, 0x0010);
	put16(cfg, 0x42, bridge ? 0x0042 : 0x0002);
	put16(cfg, 0x100, 0x000d);
	put16(cfg, 0x102, 0x0001);
	put16(cfg, 0x104, 0x001d);
	put16(cfg, 0x106, bridge ? 0x001d : func & 1 ? 0x0000 : 0x001d);
	put("config", cfg, sizeof(cfg));
	attr("vendor", "0x8086\n");
	attr("device", "0x%04x\n", device);
	attr("class", "0x%06x\n", class_code);
	attr("revision", "0x01\n");
	attr("subsystem_vendor", "0x8086\n");
	attr("subsystem_device", "0x%04x\n", func);
	attr("irq", "%u\n", 16 + func % 8);
	attr("numa_node", "%u\n", bus & 1);
	attr("reset_method", "flr bus\n");
	attr("reset", "%s", "");
	attr("modalias", "pci:v00008086d%08Xsv00008086sd%08Xbc%02Xsc%02Xi00\n", device, func,
	     class_code >> 16, class_code >> 8 & 0xff);
	attr("resource", "0x00000000f7d00000 0x00000000f7d0ffff 0x0000000000040200\n"
			 "0x0000000000000000 0x0000000000000000 0x0000000000000000\n");
	if (symlink(bridge ? "../../../bus/pci/drivers/pcieport"
			   : "../../../../bus/pci/drivers/ixgbe",
		    "driver"))
		err(1, "driver");
}

static void enter(const char *path)
{
	char link[256], target[300], dir[300];

	snprintf(dir, sizeof(dir), "%s/sys/%s", top, path);
	make_dir("%s", dir);
	snprintf(link, sizeof(link), "%s/sys/bus/pci/devices/%s", top, strrchr(path, '/') + 1);
	snprintf(target, sizeof(target), "../../../%s", path);
	if (symlink(target, link) || chdir(dir))
		err(1, "%s", link);
}

int main(int argc, char **argv)
{
	/* Real ids, so that names are looked up: 82599, X540, I350, 82576. */
	static const unsigned ids[] = { 0x10fb, 0x1528, 0x1521, 0x10c9 };
	unsigned n = argc == 3 ? (unsigned)atoi(argv[2]) : 0,
		 bridges = (n + PER_BRIDGE - 1) / PER_BRIDGE;

	top = argc == 3 ? argv[1] : "";
	if (!n || *top != '/')
		errx(2, "usage: make-tree /DIR FUNCTIONS");
	make_dir("%s", top);
	make_dir("%s/pool", top);
	for (const char *const *d =
		     (const char *const[]){ "", "/bus", "/bus/pci", "/bus/pci/devices",
					    "/bus/pci/drivers", "/bus/pci/drivers/pcieport",
					    "/bus/pci/drivers/ixgbe", "/devices", NULL };
	     *d; d++)
		make_dir("%s/sys%s", top, *d);
	for (unsigned b = 0; b < bridges; b++) {
		unsigned seg = b / PER_SEGMENT, slot = b % PER_SEGMENT, bus = slot + 1;
		char path[128];

		make_dir("%s/sys/devices/pci%04x:00", top, seg);
		snprintf(path, sizeof(path), "devices/pci%04x:00/%04x:00:%02x.%u", seg, seg,
			 slot / 8 + 1, slot % 8);
		enter(path);
		function(1, 0x3c02, bus, slot % 8);
		for (unsigned f = 0; f < PER_BRIDGE && b * PER_BRIDGE + f < n; f++) {
			snprintf(path, sizeof(path),
				 "devices/pci%04x:00/%04x:00:%02x.%u/%04x:%02x:00.%u", seg, seg,
				 slot / 8 + 1, slot % 8, seg, bus, f);
			enter(path);
			function(0, ids[b % 4], bus, f);
		}
	}
	return 0;
}
