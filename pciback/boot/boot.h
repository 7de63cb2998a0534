/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hiding devices at boot: what this dom0 (or an offline image of one) is made
 * of, what it would do at its next boot, what is written to make it hide a
 * device, and whether it did.
 *
 * pciback must be there before the driver that claims the device; nothing
 * takes a device from a driver that has it. Built into the kernel it reads
 * only the command line. As a module it reads what modprobe gives it, which is
 * modprobe.d first and the command line after, and the last "hide=" wins. And
 * when the device's driver is in the initramfs, pciback and its list must be
 * there too.
 */
#ifndef XLPT_PCIBACK_BOOT_H
#define XLPT_PCIBACK_BOOT_H

#include "core/device.h"
#include "core/host.h"
#include "pciback/boot/hide.h"
#include "pciback/device/xen.h"

enum xlpt_era {
	XLPT_ERA_UNKNOWN,
	XLPT_ERA_CLASSIC, /* XenLinux, RHEL 5, SLES 11: the module is "pciback" */
	XLPT_ERA_PVOPS,	  /* Linux 3.1 and later: "xen-pciback" */
};

enum xlpt_pb_mode { XLPT_PB_ABSENT, XLPT_PB_MODULE, XLPT_PB_BUILTIN };

enum xlpt_initramfs {
	XLPT_INITRAMFS_NONE,
	XLPT_INITRAMFS_TOOLS, /* Debian's initramfs-tools */
	XLPT_INITRAMFS_DRACUT,
	XLPT_INITRAMFS_MKINITCPIO,
	XLPT_INITRAMFS_MKINITRD, /* RHEL 5 */
	XLPT_INITRAMFS_MKINITFS, /* Alpine */
	XLPT_INITRAMFS_BOOSTER,
};

enum xlpt_loader {
	XLPT_LOADER_UNKNOWN,
	XLPT_LOADER_GRUB,	/* grub-mkconfig that reads /etc/default/grub.d */
	XLPT_LOADER_GRUB_PLAIN, /* grub-mkconfig that does not */
	XLPT_LOADER_GRUB_LEGACY,
	XLPT_LOADER_GRUB_CFG, /* a grub.cfg that no grub-mkconfig makes: XCP-ng */
	XLPT_LOADER_XEN_EFI,  /* xen.efi with its xen.cfg */
	XLPT_LOADER_EXTLINUX, /* extlinux, syslinux: Alpine */
	XLPT_LOADER_NIXOS,    /* any: its files are made from the system's description */
};

struct xlpt_loaders; /* loaders.c */

struct xlpt_boot {
	char *release; /* of the kernel that is looked at, or NULL */
	enum xlpt_era era;
	char *era_fact;
	enum xlpt_pb_mode mode;
	char *mode_fact;
	const char *module; /* "pciback" or "xen-pciback" */
	enum xlpt_hide_grammar grammar;
	enum xlpt_initramfs initramfs;
	const char *initramfs_fact;
	char *initrd; /* the image that this kernel boots with, or NULL */
	enum xlpt_loader loader;
	char *loader_fact;	/* the file that tells */
	bool has_sysfs;		/* devices can be looked at */
	bool running;		/* release is the kernel that runs */
	enum xlpt_boot_xen xen; /* of the running kernel */
	char *cmdline;		/* of the running kernel, or NULL */
	char *xen_cmdline;	/* Xen's own, or NULL: filled in by who can ask Xen */
	/* What the boot loaders' files say; of xlpt_boot_detect_kernel NULL. */
	struct xlpt_loaders *loaders;
};

void xlpt_boot_dispose(struct xlpt_boot *boot);
#define _cleanup_boot_ XLPT_CLEANUP(xlpt_boot_dispose)

/*
 * Looks at the tree. era and release (NULL) overrule what is found. Not
 * finding something is no error: the fields say so. A file of a boot loader is
 * read once, here or when it is first asked for: who has changed one detects
 * again. h must outlive what is asked of *out.
 */
int xlpt_boot_detect(struct xlpt_host *h, enum xlpt_era era, const char *release,
		     struct xlpt_boot *out, struct xlpt_diag *diag);
/* The same of another kernel of this host, without the boot loader. */
int xlpt_boot_detect_kernel(struct xlpt_host *h, enum xlpt_era era, const char *release,
			    struct xlpt_boot *out, struct xlpt_diag *diag);
/*
 * Another kernel than the one that runs, which the next boot may start: the one of the entry that GRUB takes by
 * itself (*chosen), else one that is installed and newer. NULL: none. Caller frees.
 */
char *xlpt_boot_next_kernel(struct xlpt_host *h, const struct xlpt_boot *boot, bool *chosen);
const char *xlpt_initramfs_word(enum xlpt_initramfs tool);
const char *xlpt_loader_word(enum xlpt_loader loader);
const char *xlpt_pb_mode_word(enum xlpt_pb_mode mode);

/* ---- drivers (driver.c) ---- */

/*
 * Modules that claim the function: the bound driver's, and all whose aliases in
 * this kernel's modules.alias match. builtin: drivers among them that are part
 * of the kernel. Both NULL-terminated, caller frees; underscores.
 */
void xlpt_boot_drivers(struct xlpt_host *h, const struct xlpt_boot *boot,
		       const struct xlpt_device *dev, char ***modules, char ***builtin);
/* Whether modules.builtin of this kernel names the module. */
bool xlpt_boot_is_builtin(struct xlpt_host *h, const struct xlpt_boot *boot, const char *module);
/* Equal but for '-' and '_', as modprobe and the kernel compare. */
bool xlpt_module_eq(const char *a, const char *b);

/* ---- what is effective (effective.c) ---- */

struct xlpt_effective {
	char *modprobe_hide; /* what modprobe would give, or NULL */
	char *modprobe_file; /* where it stands */
	char *install; /* it is in the command of this module's line "install", behind all others; or NULL */
	unsigned modprobe_line;
	char *cmdline_hide; /* what the running kernel's command line says, or NULL */
	const char *hide;   /* the one of the two that counts, or NULL */
	bool from_cmdline;
	char **early; /* modules that load pciback before themselves; NULL-terminated */
	char *blacklisted; /* what blacklists pciback: a file, or "modprobe.blacklist= on ..."; or NULL */
};

void xlpt_effective_dispose(struct xlpt_effective *eff);
#define _cleanup_effective_ XLPT_CLEANUP(xlpt_effective_dispose)

/*
 * As libkmod sees it. instead: a file's path and the text to take for it (NULL:
 * as if the file were not there), to ask what a change would do; else NULL.
 */
int xlpt_effective_read(struct xlpt_host *h, const struct xlpt_boot *boot, const char *instead,
			const char *text, struct xlpt_effective *out, struct xlpt_diag *diag);
/* The last value of a kernel parameter "MODULE.hide" on a command line, or NULL. Caller frees. (cmdline.c) */
char *xlpt_cmdline_hide(const char *cmdline, const char *module);

/*
 * Whether pciback is never loaded, whatever its list says: module_blacklist= or
 * initcall_blacklist= on the running kernel's command line, or a line "install"
 * of modprobe.d with a command that does nothing. fact: what says so; way: how to take that
 * out. Caller frees both. (refused.c)
 */
bool xlpt_boot_refused(struct xlpt_host *h, const struct xlpt_boot *boot, char **fact, char **way);
/*
 * Whether initramfs-tools loads pciback with a list of its own, which takes the place of all others. The
 * caller frees value and file. (initramfs-list.c)
 */
bool xlpt_boot_initramfs_list(struct xlpt_host *h, const struct xlpt_boot *boot, char **value,
			      char **file, unsigned *line);
/* Whether modprobe.blacklist= on the running kernel's command line names pciback. */
bool xlpt_boot_cmdline_blacklists(const struct xlpt_boot *boot);

/* ---- Xen's own configuration, where no GRUB starts it (xencfg.c) ---- */

#define XLPT_XEN_CFG_STARTED 9 /* a rank: this boot's kernel has the words that stand there */

struct xlpt_xen_cfg {
	char *path;
	char *section; /* the one that is started, or NULL as the next one */
	char *kernel;  /* its kernel=: the file and the words; NULL: this file starts none */
	unsigned line; /* where that stands */
	unsigned rank; /* how well it is known that it is the one */
};

struct xlpt_xen_cfgs {
	struct xlpt_xen_cfg *items;
	size_t n, alloc;
};

void xlpt_xen_cfgs_dispose(struct xlpt_xen_cfgs *c);
#define _cleanup_xen_cfgs_ XLPT_CLEANUP(xlpt_xen_cfgs_dispose)
/* All that are there, the most probable one first. cmdline: of the running kernel, or NULL. */
void xlpt_boot_xen_cfgs(struct xlpt_host *h, const char *cmdline, struct xlpt_xen_cfgs *out);

/*
 * The "hide=" that others wrote for the next boot into the boot loader's settings, or Xen's, with its
 * place; *value NULL: none. The caller frees both. (grub.c)
 */
void xlpt_boot_foreign(const struct xlpt_boot *boot, char **value, char **file, unsigned *line);
/*
 * Whether GRUB's settings give dom0's kernel xlpt's own list. other: xlpt's file has the text "ours" then,
 * whatever the disk says. If not: by which line, and what helps; the caller frees both.
 */
bool xlpt_boot_grub_has(struct xlpt_host *h, const struct xlpt_boot *boot, bool other,
			const char *ours, const struct xlpt_hide_list *list, char **fact,
			char **way);
/* A list of this boot that the boot loader's files do not have for a later one: told in a line, or NULL. Caller frees. */
char *xlpt_boot_lost_later(struct xlpt_host *h, const struct xlpt_boot *boot);

enum xlpt_boot_stub {
	XLPT_STUB_NONE,
	XLPT_STUB_IDS,	    /* it takes all devices of an id: pciback may still come first */
	XLPT_STUB_OVERRIDE, /* the device is kept for it: pciback cannot have it */
};

/*
 * Whether the bound driver is one that takes only what it is told to (vfio-pci,
 * pci-stub). why: what tells it, or that this is not known; way: how to take that
 * out. Caller frees both. (stub.c)
 */
enum xlpt_boot_stub xlpt_boot_stub(struct xlpt_host *h, const struct xlpt_boot *boot,
				   const struct xlpt_device *dev, char **why, char **way);

/*
 * What to do about a list that the kernel cannot read: as it was probably meant,
 * and where it has to be changed. file NULL: on the running kernel's command line.
 * Caller frees. (where.c)
 */
char *xlpt_boot_list_hint(struct xlpt_host *h, const struct xlpt_boot *boot, const char *text,
			  const char *file, unsigned line);
/* Where a list of somebody else's is to be changed, and how: "in FILE:LINE, and run: ...". Caller frees. (where.c) */
char *xlpt_boot_list_place(struct xlpt_host *h, const struct xlpt_boot *boot, const char *text,
			   const char *file, unsigned line);

/*
 * What the initramfs of Qubes OS gives to pciback at this boot, without a list; false: this is not Qubes
 * OS. The caller disposes of *out. (qubes.c)
 */
bool xlpt_boot_qubes(struct xlpt_host *h, const struct xlpt_boot *boot,
		     const struct xlpt_devices *devs, struct xlpt_hide_list *out);

/* ---- lists that nobody reads (stray.c) ---- */

struct xlpt_stray {
	char *word; /* "xen-pciback.hide=(01:00.0)", "hide=(01:00.0)", "rd.qubes.hide_pci=..." */
	char *file; /* where it stands; NULL = on a running command line */
	unsigned line;
	char *fact;		    /* where, and why it is not read */
	char *move;		    /* what makes it count, or NULL: it has to be written anew */
	struct xlpt_hide_list list; /* the groups of it that can be read */
	bool usb;		    /* it means all USB controllers */
	bool first;    /* the move comes before anything else: until then nothing takes effect */
	bool replaced; /* by xlpt's own list: what that one has not is not to be hidden */
};

struct xlpt_strays {
	struct xlpt_stray *items;
	size_t n, alloc;
};

void xlpt_strays_dispose(struct xlpt_strays *s);
#define _cleanup_strays_ XLPT_CLEANUP(xlpt_strays_dispose)
/* Of boot->xen_cmdline, the running kernel's, the boot loaders' settings and modprobe.d. */
void xlpt_boot_strays(struct xlpt_host *h, const struct xlpt_boot *boot,
		      const struct xlpt_effective *eff, struct xlpt_strays *out);

/* ---- the initramfs (initrd.c) ---- */

struct xlpt_initrd {
	char **modules; /* names with underscores, NULL-terminated */
	size_t n, alloc;
	char *dropin;  /* text of etc/modprobe.d/xlpt.conf inside, or NULL */
	bool has_hide; /* some modprobe.d file inside sets pciback's hide= */
	bool qubes;    /* the part of Qubes OS that hides devices is in it */
};

void xlpt_initrd_dispose(struct xlpt_initrd *rd);
#define _cleanup_initrd_ XLPT_CLEANUP(xlpt_initrd_dispose)
/* XLPT_ERR_NOT_FOUND without an image; XLPT_ERR_DATA when it cannot be read, with the reason. */
int xlpt_initrd_read(struct xlpt_host *h, const struct xlpt_boot *boot, struct xlpt_initrd *out,
		     struct xlpt_diag *diag);
bool xlpt_initrd_has(const struct xlpt_initrd *rd, const char *module);

/* ---- the files xlpt owns (files.c) ---- */

#define XLPT_MODPROBE_CONF "/etc/modprobe.d/xlpt.conf"
#define XLPT_GRUB_CFG	   "/etc/default/grub.d/xlpt.cfg"
#define XLPT_BACKUP_DIR	   "/var/lib/xlpt/backup"

struct xlpt_boot_file {
	char *path;
	char *text; /* as it shall be; NULL = shall not be there */
	char *old;  /* as it is; NULL = is not there */
	mode_t mode;
	char *why;
};

struct xlpt_boot_files {
	struct xlpt_boot_file *items;
	size_t n, alloc;
};

void xlpt_boot_files_dispose(struct xlpt_boot_files *files);
#define _cleanup_boot_files_ XLPT_CLEANUP(xlpt_boot_files_dispose)

/* What our two files say now; XLPT_ERR_CONFLICT names a line in them that is not ours. */
struct xlpt_boot_owned {
	struct xlpt_hide_list list;
	char **early;	 /* modules of the softdep or install lines */
	bool by_cmdline; /* the list is in the boot loader's drop-in */
	bool any;	 /* one of the files is there */
};

void xlpt_boot_owned_dispose(struct xlpt_boot_owned *owned);
#define _cleanup_boot_owned_ XLPT_CLEANUP(xlpt_boot_owned_dispose)
int xlpt_boot_owned_read(struct xlpt_host *h, const struct xlpt_boot *boot,
			 struct xlpt_boot_owned *out, struct xlpt_diag *diag);

/* The lines themselves, without a heading: what --stdout prints. Caller frees. */
char *xlpt_boot_modprobe_text(const struct xlpt_boot *boot, const struct xlpt_hide_list *list,
			      char **early);
char *xlpt_boot_grub_text(const struct xlpt_boot *boot, const struct xlpt_hide_list *list);
/* "xen-pciback.hide=(...)": the word for the dom0 kernel's command line. Caller frees. */
char *xlpt_boot_cmdline_word(const struct xlpt_boot *boot, const struct xlpt_hide_list *list);

/* All files as they are and as they shall be for this list; an empty list: none of them. */
int xlpt_boot_files_make(struct xlpt_host *h, const struct xlpt_boot *boot,
			 const struct xlpt_hide_list *list, char **early, bool by_cmdline,
			 struct xlpt_boot_files *out, struct xlpt_diag *diag);
/*
 * Takes away what killed xlpts have left beside these files: initramfs-tools would go on
 * running a hook of an old version's. Returns how many there were.
 */
int xlpt_boot_sweep(struct xlpt_host *h, bool only_count);
/* Brings one file there, the old text kept below XLPT_BACKUP_DIR; nothing to do is success. */
int xlpt_boot_file_put(struct xlpt_host *h, const struct xlpt_boot_file *file,
		       struct xlpt_diag *diag);
bool xlpt_boot_file_same(const struct xlpt_boot_file *file);
/* The command that makes the change part of the next boot, or NULL. Caller frees. */
char *xlpt_boot_initramfs_command(const struct xlpt_boot *boot);
/* What has to be written by hand before it, because that file is not xlpt's; or NULL. Caller frees. */
char *xlpt_boot_initramfs_by_hand(struct xlpt_host *h, const struct xlpt_boot *boot);
char *xlpt_boot_loader_command(struct xlpt_host *h, const struct xlpt_boot *boot);

/* ---- after the reboot (verify.c) ---- */

enum xlpt_hidden {
	XLPT_HIDDEN_YES,
	XLPT_HIDDEN_WAITING, /* for a reboot */
	XLPT_HIDDEN_LOST,    /* another driver has it, or none took it */
	XLPT_HIDDEN_ABSENT,
	XLPT_HIDDEN_REJECTED, /* the kernel refused the list */
	XLPT_HIDDEN_MOVED,    /* a pin's device, which has another address than the list says */
	XLPT_HIDDEN_OTHER,    /* a pin's place has another device, or none */
};

struct xlpt_verdict {
	char bdf[XLPT_HIDE_LEN]; /* a function, or a group that names none */
	enum xlpt_hidden state;
	char *driver; /* XLPT_HIDDEN_LOST: who has it, or NULL */
	char *fact;
	char *hint; /* or NULL */
	bool gone;  /* a list that is read has it, and nothing is at that address */
};

struct xlpt_verdicts {
	struct xlpt_verdict *items;
	size_t n, alloc;
};

void xlpt_verdicts_dispose(struct xlpt_verdicts *v);
#define _cleanup_verdicts_ XLPT_CLEANUP(xlpt_verdicts_dispose)
/* wanted: what to look for besides what is configured, or NULL. */
int xlpt_boot_verify(struct xlpt_host *h, const struct xlpt_boot *boot,
		     const struct xlpt_hide_list *wanted, struct xlpt_verdicts *out,
		     struct xlpt_diag *diag);
/* "hidden" "waiting" "lost" "absent" "rejected" "moved" "other" */
const char *xlpt_hidden_word(enum xlpt_hidden state);

/* Notes that the configuration was changed in this boot; it is forgotten with /run. */
#define XLPT_BOOT_STAMP "/run/xlpt/boot-changed"

/* ---- Xen (iommu.c) ---- */

struct xlpt_iommu_note {
	bool good;
	bool unknown; /* and then good, too: nobody was there to be asked */
	bool remaps;  /* it is about interrupt remapping */
	bool is_way;  /* how to get out of what the note before it says */
	bool unread;  /* it is about a word that Xen did not take from its command line */
	char *text;
	char *way; /* the same as a line of its own, where text has it in its sentence; or NULL */
};

struct xlpt_iommu_notes {
	struct xlpt_iommu_note *items;
	size_t n, alloc;
};

void xlpt_iommu_notes_dispose(struct xlpt_iommu_notes *notes);
#define _cleanup_iommu_notes_ XLPT_CLEANUP(xlpt_iommu_notes_dispose)
/*
 * RULE when dom0 is a PVH domain, by its kernel or by dom0= on Xen's command line (may be NULL): Xen does not
 * support passthrough there (SUPPORT.md of Xen 4.20). It is a warning.
 */
int xlpt_boot_judge_dom0(struct xlpt_host *h, const char *xen_cmdline, struct xlpt_diag *diag);

/*
 * What stands between this host and passthrough. xen_cmdline and xen_log may be
 * NULL; works: XLPT_UNSET when Xen was not asked.
 */
void xlpt_boot_iommu(struct xlpt_host *h, const char *xen_cmdline, const char *xen_log, int works,
		     struct xlpt_iommu_notes *out);

#endif
