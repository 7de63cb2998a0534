/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fake/pools.h"

#include <string.h>
#include <unistd.h>

#include "xl-plugin/kept/leases.h"
#include "xl-plugin/pool/pools.h"

static void add_vf(struct world *w, const char *bdf, const char *pf)
{
	fake_bus_add(w->bus, bdf,
		     &(struct fake_dev){ .vendor = 0x8086,
					 .device = 0x10ca,
					 .class_code = 0x020000,
					 .pf = pf,
					 .parent = "0000:00:01.0" });
}

struct world *pools_world(void)
{
	struct world *w = world_new();

	for (unsigned i = 1; i < 7; i++) {
		_cleanup_free_ char *bdf =
			xlpt_xasprintf("0000:01:%02x.%u", 0x10 + i / 4, i % 4 * 2);

		add_vf(w, bdf, "0000:01:00.0");
	}
	fake_rtnl_vfs(w->rtnl, "enp1s0", 7);
	/* Another interface, so that a VF's is not the only one this host has. */
	fake_bus_add(w->bus, "0000:0e:00.0",
		     &(struct fake_dev){ .vendor = 0x8086,
					 .device = 0x10d3,
					 .class_code = 0x020000,
					 .driver = "e1000e",
					 .parent = "0000:00:01.0",
					 .net = "eth0" });
	fake_bus_put(w->bus, "/proc/sys/kernel/random/boot_id", POOLS_BOOT "\n");
	fake_bus_put(w->bus, "/proc/sys/kernel/random/uuid", POOLS_UUID "\n");
	w->snapshot = pools_snapshot;
	return w;
}

static void on_node(struct world *w, const char *bdf, const char *node)
{
	_cleanup_free_ char *dev = fake_bus_devpath(w->bus, bdf),
			    *path = xlpt_xasprintf("%s/numa_node", dev);

	fake_bus_put(w->bus, path, node);
}

void pools_second_pf(struct world *w)
{
	fake_bus_add(w->bus, "0000:0a:00.0",
		     &(struct fake_dev){ .vendor = 0x8086,
					 .device = 0x10c9,
					 .class_code = 0x020000,
					 .driver = "igb",
					 .vfs = 7,
					 .parent = "0000:00:01.0" });
	add_vf(w, "0000:0a:10.0", "0000:0a:00.0");
	add_vf(w, "0000:0a:10.2", "0000:0a:00.0");
	on_node(w, "0000:01:00.0", "0\n");
	on_node(w, "0000:0a:00.0", "1\n");
}

void pools_iface(struct world *w, const char *bdf, const char *net, bool up)
{
	_cleanup_free_ char *dev = fake_bus_devpath(w->bus, bdf),
			    *path = xlpt_xasprintf("%s/net/%s/flags", dev, net),
			    *state = xlpt_xasprintf("%s/net/%s/operstate", dev, net);

	fake_bus_put(w->bus, path, up ? "0x1003\n" : "0x1002\n");
	fake_bus_put(w->bus, state, up ? "up\n" : "down\n");
}

void pools_dom0_uses(struct world *w, const char *bdf, const char *net, bool up)
{
	struct xlpt_host *h = fake_bus_host(w->bus);

	if (!xlpt_host_has(h, "/sys/bus/pci/drivers/igbvf"))
		fake_bus_driver(w->bus, "igbvf", "8086:1520");
	fake_bus_remove(w->bus, bdf);
	fake_bus_add(w->bus, bdf,
		     &(struct fake_dev){ .vendor = 0x8086,
					 .device = 0x1520,
					 .class_code = 0x020000,
					 .pf = "0000:01:00.0",
					 .parent = "0000:00:01.0",
					 .driver = "igbvf",
					 .net = net });
	pools_iface(w, bdf, net, up);
}

void pools_list_pool(struct world *w, const char *name, unsigned slot, unsigned n)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	_cleanup_free_ char *path = xlpt_xasprintf(XLPT_POOLS_DIR "/%s", name);

	xlpt_str_addf(&text, "name = %s\n", name);
	for (unsigned i = 0; i < n; i++)
		xlpt_str_addf(&text, "device = 0000:01:%02x.%u\n", slot + i / 8, i % 8);
	fake_bus_put(w->bus, path, text.s);
}

static char *files[1024];
static size_t n_files;

static void remove_files(void)
{
	while (n_files) {
		unlink(files[--n_files]);
		free(files[n_files]);
	}
}

const char *pools_config(const char *text)
{
	char *path = xlpt_xstrdup("/tmp/xlpt-test-XXXXXX");
	int fd = mkstemp(path);

	if (fd < 0 || n_files == XLPT_ARRAY_SIZE(files) ||
	    write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
		perror(path);
		exit(1);
	}
	close(fd);
	if (!n_files)
		atexit(remove_files);
	files[n_files++] = path;
	return path;
}

char *pools_snapshot(struct world *w)
{
	_cleanup_free_ char *world = world_snapshot(w);
	struct xlpt_host *h = fake_bus_host(w->bus);
	_cleanup_strv_ char **names = NULL;
	struct xlpt_str s = { 0 };

	xlpt_str_add(&s, world);
	xlpt_host_list(h, &names, XLPT_LEASES_DIR);
	for (char **p = names; p && *p; p++) {
		_cleanup_free_ char *text = NULL;

		xlpt_host_read_text(h, &text, XLPT_LEASES_DIR "/%s", *p);
		xlpt_str_addf(&s, "lease %s\n%s\n", *p, text ? text : "");
	}
	return xlpt_str_take(&s);
}
