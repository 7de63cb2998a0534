/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The domain itself, and how one of its values is reached by a path. */
#ifndef XLPT_CONVERTERS_MODEL_DOM_H
#define XLPT_CONVERTERS_MODEL_DOM_H

#include <string.h>

#include "converters/model/devices.h"
#include "converters/model/shape.h"

/* No list is longer: elements are looked for by name, each among all. Real guests have tens. */
#define XLPT_DOM_MOST 1024

struct xlpt_dom {
	char *file; /* where it was read from, for messages */
	char *name, *uuid, *title, *description;
	bool devices_only; /* read from a list of devices, not from a whole domain */

	struct xlpt_num memory, maxmem; /* KiB */
	struct xlpt_num vcpus, maxvcpus;
	char *cpuset; /* all vCPUs; xl cpus=, "all" is kept as said */
	struct xlpt_vcpupin *vcpupin;
	size_t n_vcpupin, alloc_vcpupin;
	char *cpuset_soft;
	struct xlpt_num cpu_weight, cpu_cap;
	char *cpupool;

	/* os */
	int type; /* enum xlpt_dom_type */
	char *kernel, *ramdisk, *cmdline;
	char *bootloader;
	char **bootloader_args;
	char *loader;		     /* libvirt: hvmloader or a firmware image */
	int firmware;		     /* enum xlpt_fw */
	char *firmware_path;	     /* bios_path_override= and the like; libvirt <loader> */
	enum xlpt_tri firmware_bare; /* libvirt's: <loader type='pflash'> without readonly= */
	char *boot;		     /* "cdn": letters in order */
	char *emulator;		     /* device_model_override */
	char **dm_args;		     /* device_model_args and libvirt's xen:commandline */
	char *acpi_firmware;

	/* features */
	enum xlpt_tri pae, acpi, apic, hap, nestedhvm, acpi_s3, acpi_s4;
	enum xlpt_tri viridian;
	char **viridian_groups; /* as xl spells them, "!x" included; viridian is on too */
	enum xlpt_tri xen_platform_pci;
	enum xlpt_tri nomigrate;

	/* time */
	int clock;		      /* enum xlpt_clock_offset */
	struct xlpt_num clock_adjust; /* rtc_timeoffset, seconds, two's complement */
	enum xlpt_tri hpet;
	int tsc;	  /* enum xlpt_tsc */
	int missed_ticks; /* enum xlpt_missed: timer_mode= */

	int on_poweroff, on_reboot, on_crash, on_watchdog, on_soft_reset; /* enum xlpt_action */

	/* passthrough, whole domain */
	enum xlpt_tri pci_permissive, pci_msitranslate, pci_seize, pci_power_mgmt;
	int rdm_strategy;		  /* enum xlpt_rdm_strategy */
	int rdm_policy;			  /* enum xlpt_rdm */
	struct xlpt_num rdm_mem_boundary; /* MiB */
	char *gfx_passthru;		  /* "0", "1" or a card's name */
	int passthrough;		  /* enum xlpt_passthrough */
	enum xlpt_tri e820_host;
	struct xlpt_num max_grant_frames, max_event_channels;

	/* devices, in the order they were said */
	struct xlpt_disk *disk;
	size_t n_disk, alloc_disk;
	struct xlpt_net *net;
	size_t n_net, alloc_net;
	struct xlpt_pci *pci;
	size_t n_pci, alloc_pci;
	struct xlpt_gfx *gfx;
	size_t n_gfx, alloc_gfx;
	struct xlpt_chr *serial;
	size_t n_serial, alloc_serial;
	struct xlpt_chr *parallel;
	size_t n_parallel, alloc_parallel;
	struct xlpt_chr *console;
	size_t n_console, alloc_console;
	struct xlpt_chr *channel;
	size_t n_channel, alloc_channel;
	enum xlpt_tri usb;	 /* xl usb= */
	enum xlpt_tri nographic; /* xl's; libvirt says it by silence */
	/* xl's: nothing was said of VNC, or the card; gfx and video have what xl gives then. */
	enum xlpt_tri vnc_unsaid, card_unsaid;
	struct xlpt_input *input;
	size_t n_input, alloc_input;
	struct xlpt_usbctrl *usbctrl;
	size_t n_usbctrl, alloc_usbctrl;
	struct xlpt_usbdev *usbdev;
	size_t n_usbdev, alloc_usbdev;
	struct xlpt_sound *sound;
	size_t n_sound, alloc_sound;
	struct xlpt_video *video;
	size_t n_video, alloc_video;
	enum xlpt_tri cpu_host; /* cpuid "host" base; <cpu mode='host-passthrough'> */
	struct xlpt_cpu_feature *cpu;
	size_t n_cpu, alloc_cpu;
	struct xlpt_numa *numa;
	size_t n_numa, alloc_numa;

	struct xlpt_carries extra; /* domain-wide, in order */

	/* Lines of single values, keyed by their place in the structure; see xlpt_dom_mark. */
	struct xlpt_mark {
		size_t off;
		unsigned line;
	} * marks;
	size_t n_marks, alloc_marks;
};

void xlpt_dom_init(struct xlpt_dom *dom);
void xlpt_dom_dispose(struct xlpt_dom *dom);
#define _cleanup_dom_ XLPT_CLEANUP(xlpt_dom_dispose)
void xlpt_dom_copy(struct xlpt_dom *dst, const struct xlpt_dom *src);

/* Remembers the input line of one member: xlpt_dom_mark(dom, &dom->memory, 12). */
void xlpt_dom_mark(struct xlpt_dom *dom, const void *member, unsigned line);
unsigned xlpt_dom_line(const struct xlpt_dom *dom, const void *member); /* 0 = not known */

/*
 * A new last element of a list, initialised: struct xlpt_disk *d = XLPT_DOM_ADD(dom, disk);
 * Pointers to earlier elements become invalid.
 */
#define XLPT_DOM_ADD(dom, list)                                                 \
	({                                                                      \
		XLPT_GROW((dom)->list, (dom)->n_##list, (dom)->alloc_##list);   \
		memset(&(dom)->list[(dom)->n_##list], 0, sizeof(*(dom)->list)); \
		xlpt_init_##list(&(dom)->list[(dom)->n_##list]);                \
		&(dom)->list[(dom)->n_##list++];                                \
	})
#define xlpt_init_disk(p)     ((void)(p))
#define xlpt_init_net(p)      ((void)(p))
#define xlpt_init_pci(p)      ((p)->spec.vslot = -1)
#define xlpt_init_gfx(p)      ((void)(p))
#define xlpt_init_serial(p)   ((void)(p))
#define xlpt_init_parallel(p) ((void)(p))
#define xlpt_init_console(p)  ((void)(p))
#define xlpt_init_channel(p)  ((void)(p))
#define xlpt_init_input(p)    ((void)(p))
#define xlpt_init_usbctrl(p)  ((void)(p))
#define xlpt_init_usbdev(p)   ((void)(p))
#define xlpt_init_sound(p)    ((void)(p))
#define xlpt_init_video(p)    ((void)(p))
#define xlpt_init_cpu(p)      ((void)(p))
#define xlpt_init_numa(p)     ((void)(p))
#define xlpt_init_vcpupin(p)  ((void)(p))
struct xlpt_vlan_tag *xlpt_netid_add_tag(struct xlpt_netid *id, uint64_t tag);

extern const struct xlpt_shape xlpt_dom_shape;

/* ---- one value by its path: "memory", "disk[xvda].backend", "pci[0000:03:00.0].managed",
 *      "net[#1].rate". An element is named by its key, or, when it has none or shares it, by its
 *      position behind '#'. A list or part is one value, too: [(vdev=xvda,target=/a),...] ---- */

/* The value as text, NULL = not said. Caller frees. False: there is no such path. */
bool xlpt_dom_get(const struct xlpt_dom *dom, const char *path, char **value);
/* The input line of such a value of the domain itself, or of a device; 0 = not known. */
unsigned xlpt_dom_path_line(const struct xlpt_dom *dom, const char *path);
/* value NULL = as if nobody had said it. False: no such element, or not a value of this type. */
bool xlpt_dom_set(struct xlpt_dom *dom, const char *path, const char *value);

/*
 * Carries are kept with their element and found again by it: "" for the domain,
 * "disk[xvda]" for a device. Calls fn for each, in order.
 */
typedef void xlpt_carry_fn(void *ctx, const char *at, const struct xlpt_carry *c);
void xlpt_dom_carries(const struct xlpt_dom *dom, enum xlpt_side side, xlpt_carry_fn *fn,
		      void *ctx);

/* True when the domain itself carries something of that side under this path. */
bool xlpt_dom_carried(const struct xlpt_dom *dom, enum xlpt_side side, const char *path);
/*
 * The same of libvirt's XML, with this word in it (NULL: any); attributes are in the order of their names.
 */
bool xlpt_dom_says(const struct xlpt_dom *dom, const char *path, const char *word);
/* Refuses a domain with a list of more than XLPT_DOM_MOST elements; its readers ask. */
int xlpt_dom_check_lists(const struct xlpt_dom *dom, struct xlpt_diag *diag);
/* True for a domain of another hypervisor than Xen. */
bool xlpt_dom_is_foreign(const struct xlpt_dom *dom);
/* True for one of KVM, or of QEMU alone. */
bool xlpt_dom_is_kvm(const struct xlpt_dom *dom);

/* A disk, interface or PCI device has its own place in the order of boot devices. */
bool xlpt_dom_boots_by_device(const struct xlpt_dom *dom);

/*
 * A set of CPUs as numbers and ranges, "0-3,^2" as "0-1,3". NULL where it has none, or other words
 * ("all", "node:0"). Caller frees.
 */
char *xlpt_cpuset_plain(const char *s);
/* Both are such sets, of the same CPUs. */
bool xlpt_cpuset_same(const char *a, const char *b);
void xlpt_cpuset_make_plain(char **s); /* other words stay as they are */

/* Flags of the writers. */
#define XLPT_WRITE_DEVICES_ONLY 1u
#define XLPT_WRITE_BODY		2u /* xl: without the block of what is kept */

#endif
