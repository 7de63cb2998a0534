/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xlpt doctor: whether this host is ready for passthrough, and sound. doctor.c reads what all parts
 * need and asks each part; a part adds lines. Nothing is changed.
 *
 * A part reads as much as a captured tree has. What it cannot know there it says (UNKNOWN), and it
 * never takes what it could not read for good news.
 */
#ifndef XLPT_DOCTOR_H
#define XLPT_DOCTOR_H

#include "pciback/boot/boot.h"
#include "pciback/device/firmware.h"
#include "pciback/device/ivrs.h"
#include "pciback/device/scan.h"
#include "pciback/sriov/vf.h"
#include "core/pool.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/kept/pins.h"

/* The worst last, but for what is not known, which comes before what is well. */
enum xlpt_health {
	XLPT_HEALTH_OK,
	XLPT_HEALTH_UNKNOWN,
	XLPT_HEALTH_WARNING,
	XLPT_HEALTH_BAD,
	XLPT_N_HEALTHS,
};
const char *xlpt_health_word(enum xlpt_health health); /* "ok" "unknown" "warning" "bad" */

enum xlpt_doctor_group {
	XLPT_DOCTOR_XEN,
	XLPT_DOCTOR_IOMMU,
	XLPT_DOCTOR_PCIBACK,
	XLPT_DOCTOR_GUESTS,
	XLPT_DOCTOR_CONFIGURATIONS,
	XLPT_DOCTOR_BOOT,
	XLPT_DOCTOR_GUARD,
	XLPT_DOCTOR_POOLS,
	XLPT_DOCTOR_STATE,
	XLPT_DOCTOR_BUDGET,
	XLPT_DOCTOR_DEFECTS,
	XLPT_DOCTOR_N_GROUPS,
};
const char *xlpt_doctor_group_word(enum xlpt_doctor_group group); /* "xen" "iommu" ... */

struct xlpt_doctor_line {
	enum xlpt_doctor_group group;
	enum xlpt_health health;
	const char *check; /* a stable word for scripts, "interrupt-remapping"; not owned */
	char *fact;
	char *mend; /* the line that mends it, or NULL */
	bool has_bdf;
	struct xlpt_bdf bdf;
	char *guest; /* or NULL */
};

enum { XLPT_HOLDER_DOM0 = -1, XLPT_HOLDER_PCIBACK = -2 };

/* Major, minor and point of Xen's version; -1 = not known. */
struct xlpt_xen_version {
	int major, minor, point;
};

/* A guest's configuration file that asks for devices. */
struct xlpt_doctor_config {
	char *path, *guest;
	bool libvirt; /* its XML, which virsh edit changes */
};

/* An entry of the pci list of a guest that starts at boot. */
struct xlpt_doctor_entry {
	char *path;
	unsigned line;
	struct xlpt_bdf bdf;
	bool all_funcs, seize;
};

/* A pool that can be read: how many of its VFs are in each state. */
struct xlpt_doctor_pool {
	char *name;
	size_t vfs[XLPT_N_VF_STATES];
};

struct xlpt_doctor {
	struct xlpt_env *env;
	struct xlpt_doctor_line *lines;
	size_t n, alloc;
	/* read once */
	enum xlpt_boot_xen xen;
	bool caps_known, guests_known, scanned;
	bool pvh_dom0;
	struct xlpt_xen_caps caps;
	char *xen_version; /* "4.17.5", "4.20-rc2"; or NULL */
	struct xlpt_xen_version version;
	char *xen_cmdline, *xen_log;
	struct xlpt_devices devs;
	struct xlpt_pin_set pin_set; /* the same, when a configuration names a pin */
	struct xlpt_vf_places places;
	struct xlpt_owners owners;
	int64_t *holders; /* of each of devs: its guest's domid, or XLPT_HOLDER_... */
	struct xlpt_guest *guests;
	size_t n_guests;
	struct xlpt_rmrrs rmrrs;
	struct xlpt_ivmds ivmds;
	struct xlpt_boot boot;
	struct xlpt_doctor_config *configs;
	size_t n_configs, alloc_configs;
	struct xlpt_doctor_entry *entries;
	size_t n_entries, alloc_entries;
	struct xlpt_doctor_pool *pools;
	size_t n_pools, alloc_pools;
	struct xlpt_budget_answer budget;
	bool budget_known;
};

void xlpt_doctor_dispose(struct xlpt_doctor *d);
#define _cleanup_doctor_ XLPT_CLEANUP(xlpt_doctor_dispose)

/* Everything, sorted: by group, and within one the worst first. Needs env's host. */
int xlpt_doctor_examine(struct xlpt_env *env, struct xlpt_doctor *out, struct xlpt_diag *diag);
size_t xlpt_doctor_count(const struct xlpt_doctor *d, enum xlpt_health health);

/* ---- for the parts ---- */

void xlpt_doctor_add(struct xlpt_doctor *d, enum xlpt_doctor_group group, enum xlpt_health health,
		     const char *check, const char *fmt, ...) XLPT_PRINTF(5, 6);
/* Of the line added last. */
void xlpt_doctor_mend(struct xlpt_doctor *d, const char *fmt, ...) XLPT_PRINTF(2, 3);
void xlpt_doctor_device(struct xlpt_doctor *d, struct xlpt_bdf bdf);
void xlpt_doctor_guest(struct xlpt_doctor *d, const char *name);
/* An error: its message and fact, and its hint as what mends it. */
void xlpt_doctor_failed(struct xlpt_doctor *d, enum xlpt_doctor_group group,
			enum xlpt_health health, const char *check, const struct xlpt_diag *diag);

/* Whether the group has a line that is not ok. */
bool xlpt_doctor_has_trouble(const struct xlpt_doctor *d, enum xlpt_doctor_group group);
/* Of one of d->devs: who has it, and whether that is a guest or will be one. */
int64_t xlpt_doctor_holder(const struct xlpt_doctor *d, const struct xlpt_device *dev);
static inline bool xlpt_doctor_given(const struct xlpt_doctor *d, const struct xlpt_device *dev)
{
	return xlpt_doctor_holder(d, dev) != XLPT_HOLDER_DOM0;
}

void xlpt_doctor_xen(struct xlpt_doctor *d);		/* doctor-xen.c */
void xlpt_doctor_iommu(struct xlpt_doctor *d);		/* doctor-iommu.c */
void xlpt_doctor_log(struct xlpt_doctor *d);		/* doctor-log.c */
void xlpt_doctor_pciback(struct xlpt_doctor *d);	/* doctor-pciback.c */
void xlpt_doctor_permissive(struct xlpt_doctor *d);	/* doctor-permissive.c */
void xlpt_doctor_configurations(struct xlpt_doctor *d); /* doctor-configs.c */
void xlpt_doctor_autostart(struct xlpt_doctor *d);	/* doctor-autostart.c */
void xlpt_doctor_guests(struct xlpt_doctor *d);		/* doctor-guests.c; after configurations */
void xlpt_doctor_boot(struct xlpt_doctor *d);		/* doctor-boot.c */
void xlpt_doctor_guard(struct xlpt_doctor *d);		/* doctor-boot.c */
void xlpt_doctor_pools(struct xlpt_doctor *d);		/* doctor-pools.c */
void xlpt_doctor_state(struct xlpt_doctor *d);		/* doctor-state.c */
void xlpt_doctor_budget(struct xlpt_doctor *d);		/* doctor-state.c */
void xlpt_doctor_defects(struct xlpt_doctor *d);	/* defects.c */

/* ---- how it is told (doctor-print.c, metrics.c) ---- */

void xlpt_doctor_print(const struct xlpt_doctor *d);
void xlpt_doctor_print_json(const struct xlpt_doctor *d);
/* Prometheus' text format, 0.0.4, added to out. */
void xlpt_doctor_metrics(const struct xlpt_doctor *d, struct xlpt_str *out);

#endif
