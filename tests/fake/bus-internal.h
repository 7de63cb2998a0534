/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bus.c has the verbs of bus.h, bus-kernel.c decides what a write does,
 * bus-tree.c makes the files say so.
 */
#ifndef XLPT_TESTS_FAKE_BUS_INTERNAL_H
#define XLPT_TESTS_FAKE_BUS_INTERNAL_H

#include "core/bdf.h"
#include "tests/fake/bus.h"

struct driver {
	char *name, *ids;
	int probe_err;
};

struct device {
	struct xlpt_bdf bdf;
	char name[XLPT_BDF_LEN];
	char *path; /* below the root, "/sys/devices/..." */
	char *driver, *override, *net, *pf;
	uint16_t vendor, device;
	uint8_t header;
	bool permissive, reset_lies, reset_kills;
	int reset_err;
	char *reset_method; /* what the kernel lists by default; NULL: before 5.15 */
	unsigned resets;
	bool in_reset; /* its bus is: it answers nothing */
	uint8_t *kept; /* then: its configuration space, of kept_len */
	size_t kept_len;
	int vfs;	   /* sriov_totalvfs */
	bool no_autoprobe; /* sriov_drivers_autoprobe is 0 */
};

struct fake_bus {
	struct xlpt_host host;
	struct xlpt_host_ops ops;
	char *dir; /* real path of the root */
	struct driver *drivers;
	size_t n_drivers, alloc_drivers;
	struct device *devices; /* in the order they were added */
	size_t n_devices, alloc_devices;
	struct xlpt_bdf *slots; /* pciback's, in the order they were added */
	size_t n_slots, alloc_slots;
	bool no_override;
	bool unloaded;	/* the module xen-pciback is there to be loaded */
	int module_err; /* ... and its loading fails with this */
	unsigned writes, fail_in;
	int fail_err;
	struct xlpt_str log;
	void (*on_read)(struct fake_bus *, const char *, void *);
	int (*on_write)(struct fake_bus *, const char *, const char *, void *);
	void *on_read_arg, *on_write_arg;
};

struct device *fake_find(struct fake_bus *bus, const char *name);
struct driver *fake_find_driver(struct fake_bus *bus, const char *name);

/* bus-kernel.c: 0 or a negative errno. path is real, that is, below no link. */
int fake_store(struct fake_bus *bus, const char *path, const char *text);
/* The 82576's first VF offset and stride. */
#define FAKE_VF_OFFSET 0x80
#define FAKE_VF_STRIDE 2

int fake_sriov_store(struct fake_bus *bus, struct device *d, const char *text);
/* device_attach(): to every driver that knows it, in turn. */
void fake_offer(struct fake_bus *bus, struct device *d);
bool fake_matches(const struct driver *drv, const struct device *d);
int fake_probe(struct fake_bus *bus, struct driver *drv, struct device *d);
void fake_release(struct fake_bus *bus, struct device *d);
void fake_slot_add(struct fake_bus *bus, struct xlpt_bdf bdf);

/* The files of a device, a driver, a binding; lists of pciback. */
void fake_tree_device(struct fake_bus *bus, struct device *d, const struct fake_dev *facts);
void fake_tree_device_gone(struct fake_bus *bus, struct device *d);
void fake_tree_driver(struct fake_bus *bus, const char *name);
void fake_tree_driver_gone(struct fake_bus *bus, const char *name);
void fake_tree_bound(struct fake_bus *bus, struct device *d);
void fake_tree_unbound(struct fake_bus *bus, struct device *d);
void fake_tree_lists(struct fake_bus *bus);
void fake_tree_override(struct fake_bus *bus, struct device *d);
void fake_tree_remove(struct fake_bus *bus, const char *path); /* recursively */
void fake_tree_reset_method(struct fake_bus *bus, struct device *d, const char *words);
/* What a reset makes of its configuration space. */
void fake_tree_reset(struct fake_bus *bus, struct device *d);
/* bus-reset.c */
int fake_subordinate_store(struct fake_bus *bus, struct device *bridge, const char *text);
void fake_config_written(struct fake_bus *bus, const char *path, off_t at, size_t len);
void fake_tree_put_config(struct fake_bus *bus, struct device *d, const void *cfg, size_t len);
void fake_tree_autoprobe(struct fake_bus *bus, struct device *d);
void fake_tree_numvfs(struct fake_bus *bus, const char *pf);

#endif
