/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The domain in the middle: what both an xl configuration and a libvirt domain
 * can mean, in words of neither. Readers fill it, writers take from it, and
 * what neither has a word for travels as a carry.
 *
 * Presence is explicit everywhere: a NULL string, an unset enum xlpt_tri, a
 * number without .has and word 0 all mean "was not said". A reader never fills
 * in a default, a writer never says what was not said. (What libxl or libvirt
 * would take for it is the business of xlpt_dom_normalise, for comparing.)
 *
 * The structures are described by tables (struct xlpt_shape), and disposing,
 * copying, comparing, and getting or setting one value by its path
 * ("disk[xvda].backend") are written once, over the tables. A new member needs
 * a line there and nothing else.
 *
 * Strings are owned by the structure that holds them.
 */
#ifndef XLPT_CONVERTERS_MODEL_H
#define XLPT_CONVERTERS_MODEL_H

#include <string.h>

#include "core/spec.h"

/* A number that may be absent. */
struct xlpt_num {
	bool has;
	uint64_t v;
};

struct xlpt_opt_bdf {
	bool has;
	struct xlpt_bdf v;
};

/* ---- what the model has no word for ---- */

enum xlpt_side { XLPT_SIDE_XL = 1, XLPT_SIDE_LIBVIRT };

/*
 * One thing said by one side, kept verbatim and put back when that side is
 * written again.
 *   xl:      path is the key, text the raw value as it stood in the file
 *            ("1", "\"a b\"", "[ \"x\", \"y\" ]"), += already applied
 *   libvirt: path is relative to the element the carry belongs to, "memtune",
 *            "driver/@cache"; text is the serialised element or attribute value
 */
struct xlpt_carry {
	enum xlpt_side side;
	char *path;
	char *text;
	unsigned line, column; /* where it stood; 0 = not known */
};

struct xlpt_carries {
	struct xlpt_carry *items;
	size_t n, alloc;
};

struct xlpt_carry *xlpt_carry_add(struct xlpt_carries *list, enum xlpt_side side, const char *path,
				  const char *text, unsigned line, unsigned column);

/* Every device begins with this: where it stood, and what belongs to it but has no word here. */
struct xlpt_at {
	unsigned line, column;
	struct xlpt_carries extra;
};

/* ---- words; 0 is always "not said" ---- */

enum xlpt_dom_type { XLPT_DOM_PV = 1, XLPT_DOM_HVM, XLPT_DOM_PVH };
enum xlpt_action {
	XLPT_ACT_DESTROY = 1,
	XLPT_ACT_RESTART,
	XLPT_ACT_RENAME_RESTART,
	XLPT_ACT_PRESERVE,
	XLPT_ACT_COREDUMP_DESTROY,
	XLPT_ACT_COREDUMP_RESTART,
	XLPT_ACT_SOFT_RESET
};
enum xlpt_fw { XLPT_FW_BIOS = 1, XLPT_FW_UEFI, XLPT_FW_ROMBIOS }; /* seabios, ovmf, rombios */
enum xlpt_clock_offset { XLPT_CLOCK_UTC = 1, XLPT_CLOCK_LOCALTIME };
enum xlpt_tsc { XLPT_TSC_DEFAULT = 1, XLPT_TSC_EMULATE, XLPT_TSC_NATIVE, XLPT_TSC_PARAVIRT };
enum xlpt_missed {
	XLPT_MISSED_DELAY = 1, /* delay_for_missed_ticks */
	XLPT_MISSED_NO_DELAY,
	XLPT_MISSED_NO_PENDING,
	XLPT_MISSED_ONE_PENDING
};
enum xlpt_passthrough { XLPT_PT_DISABLED = 1, XLPT_PT_ENABLED, XLPT_PT_SYNC, XLPT_PT_SHARE };
enum xlpt_cpu_policy {
	XLPT_CPU_DISABLE = 1,
	XLPT_CPU_FORCE,
	XLPT_CPU_OPTIONAL,
	XLPT_CPU_REQUIRE,
	XLPT_CPU_FORBID
};

/* file, block and network are libvirt's; xl does not say, libxl looks. */
enum xlpt_disk_kind { XLPT_DISK_FILE = 1, XLPT_DISK_BLOCK, XLPT_DISK_NETWORK, XLPT_DISK_VOLUME };
enum xlpt_disk_format {
	XLPT_FMT_RAW = 1,
	XLPT_FMT_QCOW,
	XLPT_FMT_QCOW2,
	XLPT_FMT_VHD,
	XLPT_FMT_QED,
	XLPT_FMT_EMPTY
};
enum xlpt_disk_driver { XLPT_DRV_PHY = 1, XLPT_DRV_TAP, XLPT_DRV_QDISK };
enum xlpt_disk_dev {
	XLPT_DISKDEV_DISK = 1,
	XLPT_DISKDEV_CDROM,
	XLPT_DISKDEV_FLOPPY,
	XLPT_DISKDEV_LUN
};

enum xlpt_net_kind {
	XLPT_NET_BRIDGE = 1,
	XLPT_NET_NETWORK,
	XLPT_NET_ROUTED, /* libvirt: ethernet */
	XLPT_NET_NETDEV
};
enum xlpt_net_type { XLPT_NET_IOEMU = 1, XLPT_NET_VIF };
enum xlpt_gfx_type { XLPT_GFX_VNC = 1, XLPT_GFX_SPICE, XLPT_GFX_SDL };
/* vfb: listed in vfb= (PV); the domain-wide vnc=, sdl=, spice= keys otherwise. */
enum xlpt_chr_kind {
	XLPT_CHR_PTY = 1,
	XLPT_CHR_NULL,
	XLPT_CHR_VC,
	XLPT_CHR_STDIO,
	XLPT_CHR_FILE,
	XLPT_CHR_PIPE,
	XLPT_CHR_DEV,
	XLPT_CHR_TCP,
	XLPT_CHR_TELNET,
	XLPT_CHR_UDP,
	XLPT_CHR_UNIX
};
enum xlpt_con_target { XLPT_CON_XEN = 1, XLPT_CON_SERIAL };
enum xlpt_input_type { XLPT_INPUT_TABLET = 1, XLPT_INPUT_MOUSE, XLPT_INPUT_KEYBOARD };
enum xlpt_bus { XLPT_BUS_USB = 1, XLPT_BUS_PS2, XLPT_BUS_XEN };
enum xlpt_usbctrl_type { XLPT_USBC_AUTO = 1, XLPT_USBC_PV, XLPT_USBC_DEVICEMODEL, XLPT_USBC_QUSB };
enum xlpt_vga { XLPT_VGA_STD = 1, XLPT_VGA_CIRRUS, XLPT_VGA_QXL, XLPT_VGA_NONE, XLPT_VGA_XEN };
enum xlpt_vport { XLPT_VPORT_QBH = 1, XLPT_VPORT_QBG, XLPT_VPORT_OVS, XLPT_VPORT_MIDONET };
enum xlpt_vlan_native { XLPT_VLAN_TAGGED = 1, XLPT_VLAN_UNTAGGED };
enum xlpt_rdm_strategy { XLPT_RDM_IGNORE = 1, XLPT_RDM_HOST };

/* ---- parts ---- */

struct xlpt_vlan_tag {
	struct xlpt_num id; /* 0..4095 */
	int native;	    /* enum xlpt_vlan_native */
};

/* Identity of a network port: for VFs given as interfaces, and for virtual ones. */
struct xlpt_netid {
	char *mac; /* lower case, colons; NULL = not said */
	enum xlpt_tri vlan_trunk;
	struct xlpt_vlan_tag *vlan;
	size_t n_vlan, alloc_vlan;
	int vport;					  /* enum xlpt_vport */
	char *profileid;				  /* Qbh, OVS */
	char *interfaceid;				  /* OVS, midonet */
	char *instanceid;				  /* Qbg */
	struct xlpt_num managerid, typeid, typeidversion; /* Qbg */
};

struct xlpt_disk {
	struct xlpt_at at;
	char *target; /* path, as libxl gets it; NULL or "" = empty drive */
	char *vdev;   /* "xvda", "hdc", "sda", "d1p0" */
	int kind;     /* enum xlpt_disk_kind */
	int format;   /* enum xlpt_disk_format */
	int driver;   /* enum xlpt_disk_driver: backendtype= */
	int dev;      /* enum xlpt_disk_dev */
	char *name;   /* libvirt's target, where libxl knows no disk of that name; NULL = vdev */
	char *bus;    /* libvirt's target bus; NULL = follows from the name */
	enum xlpt_tri readonly, shareable, removable, discard, direct_io_safe;
	char *backend; /* domain that serves it */
	char *script;
	/* network disks: libvirt says parts, xl one string in target ("rbd:pool/image:...") */
	struct xlpt_num boot_order;
};

struct xlpt_net {
	struct xlpt_at at;
	int kind;     /* enum xlpt_net_kind */
	char *source; /* bridge, network or device name */
	struct xlpt_netid id;
	int type;    /* enum xlpt_net_type; NULL model follows */
	char *model; /* "e1000" */
	char *vifname;
	char *script; /* as said: with or without directory */
	char *gatewaydev;
	char **ips; /* addresses, with /prefix when said */
	char *backend;
	struct xlpt_num rate;	 /* bytes per second, guest's transmission */
	struct xlpt_num rate_us; /* interval, microseconds */
	struct xlpt_num mtu;
	enum xlpt_tri trusted;
	struct xlpt_num devid;
	struct xlpt_num boot_order;
};

struct xlpt_gfx {
	struct xlpt_at at;
	int type;	   /* enum xlpt_gfx_type */
	enum xlpt_tri vfb; /* on: an entry of vfb= */
	char *listen;
	struct xlpt_num port;	/* TCP port (vnc: 5900 + display) */
	enum xlpt_tri autoport; /* vncunused; libvirt's autoport */
	struct xlpt_num tls_port;
	char *passwd;
	char *keymap;
	char *display, *xauthority;		       /* sdl */
	enum xlpt_tri opengl;			       /* sdl */
	enum xlpt_tri ticketing;		       /* spice; xl says disable_ticketing */
	enum xlpt_tri agent_mouse, vdagent, clipboard; /* spice */
	struct xlpt_num usb_redir;		       /* spice: number of channels */
	char *image_compression, *streaming;	       /* spice: words are the same on both sides */
};

/* serial, parallel, console, channel */
struct xlpt_chr {
	struct xlpt_at at;
	int kind;			/* enum xlpt_chr_kind */
	char *path;			/* file, pipe, dev, unix */
	char *host, *service;		/* tcp, telnet, udp; unix has path */
	char *bind_host, *bind_service; /* udp */
	enum xlpt_tri listen;		/* server side (libvirt mode='bind') */
	enum xlpt_tri wait;   /* tcp, unix: start only with a peer; xl: ",nowait" is off */
	int target;	      /* consoles: enum xlpt_con_target */
	char *name;	      /* channels: name in the guest */
	char *backend;	      /* channels */
	struct xlpt_num port; /* libvirt's target port */
};

struct xlpt_input {
	struct xlpt_at at;
	int type; /* enum xlpt_input_type */
	int bus;  /* enum xlpt_bus */
};

struct xlpt_usbctrl {
	struct xlpt_at at;
	struct xlpt_num index;
	int type; /* enum xlpt_usbctrl_type */
	struct xlpt_num version, ports;
	char *model; /* libvirt's model where type and version do not say it ("nec-xhci") */
	char *backend;
};

struct xlpt_usbdev {
	struct xlpt_at at;
	struct xlpt_num bus, addr;	 /* host side */
	struct xlpt_num vendor, product; /* libvirt's alternative; xl: usbdevice="host:VVVV:PPPP" */
	struct xlpt_num ctrl, port;	 /* guest side */
	enum xlpt_tri managed;
};

struct xlpt_sound {
	struct xlpt_at at;
	char *model; /* "ac97" "es1370" "sb16" "hda" ("ich6" in libvirt) */
};

struct xlpt_video {
	struct xlpt_at at;
	int model;	      /* enum xlpt_vga */
	struct xlpt_num vram; /* KiB */
	struct xlpt_num heads;
	enum xlpt_tri primary;
};

struct xlpt_cpu_feature {
	struct xlpt_at at;
	char *name; /* libvirt's (Linux') spelling */
	int policy; /* enum xlpt_cpu_policy */
};

struct xlpt_numa {
	struct xlpt_at at;
	struct xlpt_num pnode; /* xl only */
	struct xlpt_num size;  /* KiB */
	char *vcpus;	       /* "0-3,6" */
	char *distances;       /* "10,20", one per cell in order */
};

struct xlpt_vcpupin {
	struct xlpt_at at;
	struct xlpt_num vcpu;
	char *cpuset;
};

/* One PCI function: <hostdev>, <interface type='hostdev'>, or an entry of pci = [ ]. */
struct xlpt_pci {
	struct xlpt_at at;
	struct xlpt_spec spec;	 /* address and xl's options */
	enum xlpt_tri managed;	 /* libvirt's; seize is in spec, neither stands for the other */
	char *driver;		 /* <driver name=> */
	enum xlpt_tri filtering; /* writeFiltering, as said; spec.permissive is xl's. on = 'yes' */
	struct xlpt_opt_bdf guest; /* <address type='pci'>, whole; spec.vslot is xl's */
	enum xlpt_tri multifunction;
	struct xlpt_num zpci_uid, zpci_fid;
	char *alias;
	struct xlpt_num boot_order;
	enum xlpt_tri rom_bar, rom_enabled;
	char *rom_file;
	/* a VF that is a network interface to libvirt */
	bool interface;
	struct xlpt_netid id;
	char *network, *portgroup; /* <interface type='network'>: a pool, spec may be empty */
	char *model;		   /* <model type=> of the interface */
};

/* ---- the domain ---- */

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
	char *loader;	     /* libvirt: hvmloader or a firmware image */
	int firmware;	     /* enum xlpt_fw */
	char *firmware_path; /* bios_path_override= and the like; libvirt <loader> */
	char *boot;	     /* "cdn": letters in order */
	char *emulator;	     /* device_model_override */
	char **dm_args;	     /* device_model_args and libvirt's xen:commandline */
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

/* ---- tables ---- */

enum xlpt_field_type {
	XLPT_F_STR,
	XLPT_F_NUM,
	XLPT_F_TRI,
	XLPT_F_WORD,
	XLPT_F_STRV,
	XLPT_F_BDF,
	XLPT_F_FLAG, /* plain bool */
	XLPT_F_SLOT, /* int, -1 = not said */
	XLPT_F_ADDR, /* struct xlpt_spec's address, '*' included */
	XLPT_F_LIST, /* pointer, then size_t n, then size_t alloc */
	XLPT_F_PART, /* embedded structure */
	XLPT_F_CARRIES
};

struct xlpt_shape;
struct xlpt_field {
	const char *name;
	enum xlpt_field_type type;
	size_t off;
	const struct xlpt_shape *shape; /* LIST, PART */
	const char *const *words;	/* WORD: [0] is NULL, ends with NULL */
};

struct xlpt_shape {
	size_t size;
	const struct xlpt_field *fields; /* ends with a NULL name */
	int key; /* lists: index of the field that names an element, or -1 */
};

extern const struct xlpt_shape xlpt_dom_shape;

/* ---- one value by its path: "memory", "disk[xvda].backend", "pci[0000:03:00.0].managed",
 *      "net[#1].rate". An element is named by its key, or, when it has none or shares it, by its
 *      position behind '#'. A list or part is one value, too: [(vdev=xvda,target=/a),...] ---- */

/* The value as text, NULL = not said. Caller frees. False: there is no such path. */
bool xlpt_dom_get(const struct xlpt_dom *dom, const char *path, char **value);
/* value NULL = make it unsaid. False: no such element, or not a value of this type. */
bool xlpt_dom_set(struct xlpt_dom *dom, const char *path, const char *value);

/*
 * Carries are kept with their element and found again by it: "" for the domain,
 * "disk[xvda]" for a device. Calls fn for each, in order.
 */
typedef void xlpt_carry_fn(void *ctx, const char *at, const struct xlpt_carry *c);
void xlpt_dom_carries(const struct xlpt_dom *dom, enum xlpt_side side, xlpt_carry_fn *fn,
		      void *ctx);
/* The list of carries of the element named so, NULL when there is none. */
struct xlpt_carries *xlpt_dom_carries_at(struct xlpt_dom *dom, const char *at);

/* True when the domain itself carries something of that side under this path. */
bool xlpt_dom_carried(const struct xlpt_dom *dom, enum xlpt_side side, const char *path);
/* True for a domain of another hypervisor than Xen. */
bool xlpt_dom_is_foreign(const struct xlpt_dom *dom);
/* True for one of KVM, or of QEMU alone. */
bool xlpt_dom_is_kvm(const struct xlpt_dom *dom);

/* A disk, interface or PCI device has its own place in the order of boot devices. */
bool xlpt_dom_boots_by_device(const struct xlpt_dom *dom);

/* The guest bus that a virtual disk name stands for: "xen", "ide", ... (xen-vbd-interface(7)). */
const char *xlpt_disk_bus(const char *vdev);

/* ---- comparing ---- */

struct xlpt_delta {
	char *path;
	char *a, *b;   /* NULL = not said */
	unsigned line; /* in a's source, 0 = not known */
};

struct xlpt_deltas {
	struct xlpt_delta *items;
	size_t n, alloc;
};

void xlpt_deltas_dispose(struct xlpt_deltas *d);
#define _cleanup_deltas_ XLPT_CLEANUP(xlpt_deltas_dispose)
/*
 * Everything in which b differs from a, lines not. Lists of other elements, or in another order, are
 * one difference. Returns the count.
 */
size_t xlpt_dom_diff(const struct xlpt_dom *a, const struct xlpt_dom *b, struct xlpt_deltas *out);
/* The same without carries. */
size_t xlpt_dom_diff_values(const struct xlpt_dom *a, const struct xlpt_dom *b,
			    struct xlpt_deltas *out);
/* "path: A -> B" lines, for tests and --explain. Caller frees. */
char *xlpt_deltas_text(const struct xlpt_deltas *d);

/*
 * Brings spellings that mean the same to one: derived disk kinds and buses, MAC
 * case, PCI lists' defaults. Only for comparing and in place.
 */
void xlpt_dom_normalise(struct xlpt_dom *dom);
/*
 * The same, and what xl and libvirt both take for what is not said. For comparing what two hands
 * wrote; a conversion keeps also what was said without need.
 */
void xlpt_dom_assume(struct xlpt_dom *dom);

/* ---- the loss report: converters/model/loss.h ---- */
struct xlpt_losses;

/* ---- values kept for the other side ---- */

/*
 * What the target has no word for, as it travels in the target: in comments of
 * an xl configuration, in <metadata> of libvirt's XML. Either a value of the
 * model (path, value, was), or a carry of the other side (carry.side is set and
 * path names its element, "" is the domain).
 *
 * was is what the target's own text reads as; on the way back value is set only
 * while that is still so: who edits the target means it.
 */
struct xlpt_kept {
	char *path;
	char *value, *was; /* NULL = not said */
	struct xlpt_carry carry;
};

struct xlpt_kepts {
	struct xlpt_kept *items;
	size_t n, alloc;
};

void xlpt_kepts_dispose(struct xlpt_kepts *k);
#define _cleanup_kepts_ XLPT_CLEANUP(xlpt_kepts_dispose)
void xlpt_kept_add(struct xlpt_kepts *k, const char *path, const char *value, const char *was);
void xlpt_kept_add_carry(struct xlpt_kepts *k, const char *at, const struct xlpt_carry *c);
/*
 * Puts values and carries back into the model. What cannot be put back is told
 * in losses (may be NULL): the element is gone, or its value was edited.
 */
void xlpt_kepts_apply(const struct xlpt_kepts *k, struct xlpt_dom *dom, const char *file,
		      struct xlpt_losses *losses);
/* One line of printable ASCII; caller frees. Parsing it gives the same; false: malformed. */
char *xlpt_kept_format(const struct xlpt_kept *k);
bool xlpt_kept_parse(const char *line, struct xlpt_kepts *out);

/* Flags of the writers. */
#define XLPT_WRITE_DEVICES_ONLY 1u
#define XLPT_WRITE_BODY		2u /* xl: without the block of what is kept */

/* ---- a pool of VFs, as network XML and xlpt's own definition say it ---- */

struct xlpt_portgroup {
	char *name;
	enum xlpt_tri is_default;
	struct xlpt_netid id; /* vlan and virtualport; no mac */
};

/* As many functions, or port groups, no pool has; each is compared with those before it. */
#define XLPT_NETPOOL_MAX 4096

struct xlpt_netpool {
	char *name, *uuid;
	char **pf;	       /* <pf dev=>: interface names, or addresses as text */
	struct xlpt_bdf *addr; /* <address>: VFs listed one by one */
	size_t n_addr, alloc_addr;
	enum xlpt_tri managed;
	char *driver;
	struct xlpt_netid id;
	struct xlpt_portgroup *group;
	size_t n_group, alloc_group;
	struct xlpt_carries extra;
};

void xlpt_netpool_dispose(struct xlpt_netpool *pool);

#endif
