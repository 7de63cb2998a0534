/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of pciback/boot share; private to them. */
#ifndef XLPT_PCIBACK_BOOT_INTERNAL_H
#define XLPT_PCIBACK_BOOT_INTERNAL_H

#include "pciback/boot/boot.h"

/* The whole of a file of up to 32 MiB. Returns 0 or a negative errno. */
int xlpt_boot_slurp(struct xlpt_host *h, const char *path, struct xlpt_str *out);

/* Texts of files that were read once. (loaders.c) */
struct xlpt_text {
	char *path;
	struct xlpt_str text;
	int r; /* negative: it could not be read */
};
struct xlpt_texts {
	struct xlpt_host *h; /* not owned */
	struct xlpt_text *items;
	size_t n, alloc, size;
};
/* As xlpt_boot_slurp, and the file is read once. What comes out is a copy, the caller's. */
int xlpt_boot_text(struct xlpt_texts *t, const char *path, struct xlpt_str *out);
void xlpt_texts_dispose(struct xlpt_texts *t);
#define _cleanup_texts_ XLPT_CLEANUP(xlpt_texts_dispose)

/* boot->loaders; the rest of it must be known. (loaders.c) */
void xlpt_loaders_read(struct xlpt_host *h, struct xlpt_boot *boot);
void xlpt_loaders_free(struct xlpt_loaders *l);
struct xlpt_texts *xlpt_boot_texts(const struct xlpt_boot *boot);

/* Walks a text in place: the next line without its newline, NULL at the end. */
char *xlpt_boot_line(char **cursor);
/*
 * The same, with those lines that a backslash at the end puts behind it, as the shell and libkmod do
 * (freadline_wrapped). *lines: how many there were.
 */
char *xlpt_boot_whole_line(char **cursor, unsigned *lines);
/* Appends to a NULL-terminated vector unless it is in it (as module names compare). */
void xlpt_boot_strv_add(char ***v, const char *s);
bool xlpt_boot_strv_has(char **v, const char *s);
/* "kernel/drivers/net/e1000e/e1000e.ko.xz" -> "e1000e"; NULL when it is no module. Caller frees. */
char *xlpt_boot_module_name(const char *path, size_t len);
/* Where this kernel's modules.dep and the like are; file "": the directory. Caller frees. (detect.c) */
char *xlpt_boot_module_file(struct xlpt_host *h, const char *release, const char *file);
/* Files of modprobe.d. */
struct xlpt_conf {
	char *path, *name, *text;
};
struct xlpt_confs {
	struct xlpt_conf *items;
	size_t n, alloc;
};
/* Those that count, in the order in which modprobe reads them; instead, with: xlpt_effective_read. */
void xlpt_boot_confs_read(struct xlpt_host *h, const struct xlpt_boot *boot, const char *instead,
			  const char *with, struct xlpt_confs *out);
/* All that are there, and as they were when one of them was first asked for (loaders.c). */
void xlpt_boot_confs_find(struct xlpt_texts *texts, struct xlpt_confs *out);
const struct xlpt_confs *xlpt_boot_confs(const struct xlpt_boot *boot);
void xlpt_boot_confs_dispose(struct xlpt_confs *c);
#define _cleanup_confs_ XLPT_CLEANUP(xlpt_boot_confs_dispose)
/*
 * Walks a command line in place: the next word as the kernel splits them (lib/cmdline.c, next_arg), without its
 * double quotes, inside which blanks are part of it. NULL at the end. (cmdline.c)
 */
char *xlpt_cmdline_word(char **cursor);
/* The part of a command line that the kernel itself reads: up to the word "--". Caller frees. (cmdline.c) */
char *xlpt_cmdline_own(const char *cmdline);
/* The last "hide=" among the words of an options line, or NULL. Caller frees. */
char *xlpt_boot_hide_of(const char *options);
/* Whether the list names the function or a bridge above it. */
bool xlpt_boot_covers(const struct xlpt_devices *devs, const struct xlpt_hide_list *list,
		      const struct xlpt_device *dev);
/*
 * Adds to the verdicts what lists that nobody reads mean; named: only what is among
 * them already. known: what is configured; running: what pciback was started with.
 */
void xlpt_boot_verify_strays(struct xlpt_host *h, const struct xlpt_boot *boot,
			     const struct xlpt_effective *eff, const struct xlpt_devices *devs,
			     const struct xlpt_hide_list *known,
			     const struct xlpt_hide_list *running, bool named,
			     struct xlpt_verdicts *out);
/*
 * Whether it is a VF that the kernel offers to no driver, so that pciback cannot take it either.
 * fact, hint: as in a verdict; the caller frees both. (driver.c)
 */
bool xlpt_boot_not_offered(struct xlpt_host *h, const struct xlpt_devices *devs,
			   const struct xlpt_device *dev, char **fact, char **hint);
/* ---- Qubes OS (qubes.c) ---- */

/* Whether its part of the initramfs is installed, which reads words of its own on the command line. */
bool xlpt_boot_is_qubes(struct xlpt_host *h);
/* Whether the line hides all USB controllers: rd.qubes.hide_all_usb, unless with =0, =no or =off. */
bool xlpt_boot_qubes_usb(const char *cmdline);
/* Appends what the value of rd.qubes.hide_pci= names. */
void xlpt_boot_qubes_addresses(struct xlpt_host *h, const char *value, struct xlpt_hide_list *out);

/* ---- GRUB's settings (grub-read.c) ---- */

/* One assignment, in the order in which grub-mkconfig has the shell read them. */
struct xlpt_grub_set {
	char *name;
	char *own;   /* what the line itself says: variables in it are left out */
	char *value; /* what the variable has from then on */
	char *file;
	unsigned line;
	char *unread;  /* why grub-mkconfig does not read the file, or NULL */
	bool unquoted; /* that is for want of quotes in this line */
};
struct xlpt_grub {
	struct xlpt_grub_set *items;
	size_t n, alloc;
};
/* other: xlpt's own file has this text (NULL: is not there), whatever the disk says. */
void xlpt_grub_read(struct xlpt_texts *texts, const struct xlpt_boot *boot, bool other,
		    const char *ours, struct xlpt_grub *out);
/* The same, as it was when it was first asked for; without_ours: xlpt's own file left out. (loaders.c) */
const struct xlpt_grub *xlpt_boot_settings(const struct xlpt_boot *boot, bool without_ours);
void xlpt_grub_dispose(struct xlpt_grub *g);
#define _cleanup_grub_ XLPT_CLEANUP(xlpt_grub_dispose)
/* The same of one file that a shell reads. */
void xlpt_shell_read(struct xlpt_texts *texts, const char *path, struct xlpt_grub *out);
/* The last assignment of the variable that is read, or NULL. */
const struct xlpt_grub_set *xlpt_grub_last(const struct xlpt_grub *g, const char *name);
/* What the variable has in the end, or NULL. */
const char *xlpt_grub_value(const struct xlpt_grub *g, const char *name);
/* Whether others have a list in what stands behind GRUB_CMDLINE_LINUX on that line. (grub.c) */
bool xlpt_boot_grub_behind(const struct xlpt_boot *boot);
/*
 * Whether the word, which is in this file of GRUB's, stays there: a file of grub.d has it, so that
 * grub-mkconfig writes it each time, or GRUB alone reads the file. (grub.c)
 */
bool xlpt_boot_grub_stays(const struct xlpt_boot *boot, const char *file, const char *word);
/* The command line that dom0's kernel gets. Caller frees. */
char *xlpt_grub_line(const struct xlpt_grub *g);

/* xlpt_boot_xen_cfgs of these texts, and as it was when the boot was looked at (loaders.c). */
void xlpt_xen_cfgs_read(struct xlpt_texts *texts, const char *cmdline, struct xlpt_xen_cfgs *out);
const struct xlpt_xen_cfgs *xlpt_boot_cfgs(const struct xlpt_boot *boot);

/* Walks the text of a xen.cfg: section, key and value of the next line that has them. (xencfg.c) */
struct xlpt_xen_cfg_text {
	char *cursor; /* the text, which is changed */
	char *rest, *section, *key, *value;
	unsigned line;
};
bool xlpt_xen_cfg_next(struct xlpt_xen_cfg_text *t);
/* The line of the kernel, in words, where Xen's own file has it. Caller frees. */
char *xlpt_boot_xen_cfg_place(struct xlpt_host *h, const struct xlpt_boot *boot);
/* Where a word for dom0's kernel is to be added by hand: "LINE in FILE". Caller frees. (homes.c) */
char *xlpt_boot_loader_place(struct xlpt_host *h, const struct xlpt_boot *boot);
/* How the word gets onto the command line where xlpt cannot write that. Caller frees. (where.c) */
char *xlpt_boot_by_hand(struct xlpt_host *h, const struct xlpt_boot *boot, const char *word);
/* Whether the command line of the next boot has just this list, by others. (where.c) */
bool xlpt_boot_line_has(const struct xlpt_boot *boot, const struct xlpt_hide_list *list);
/*
 * "xlpt boot write ARGS", or what is to be done by hand where that is refused, because the list has to be
 * on a command line that xlpt cannot write. more: what is to be hidden besides. Caller frees.
 */
char *xlpt_boot_write_way(struct xlpt_host *h, const struct xlpt_boot *boot,
			  const struct xlpt_effective *eff, const struct xlpt_hide_list *more,
			  const char *args);

/* ---- what Xen's messages say of its IOMMU (iommu-log.c); what is returned the caller frees, NULL = none ---- */

/* The first line that has these words, in any case, without what comes before Xen's own text. */
char *xlpt_iommu_line(const char *log, const char *words);
/* The line that says why Xen does without an IOMMU; *way: what is known to help, or NULL. */
char *xlpt_iommu_reason(const char *log, const char **way);
/* A line of trouble with it that is none of those. */
char *xlpt_iommu_trouble(const char *log);
/*
 * The next line, from *log on, in which Xen says that it did not take a word of its command line that is about
 * passthrough: "parameter ... unknown!". *log is moved behind it.
 */
char *xlpt_iommu_unread(const char **log);

/* Fill the fields of that name. */
void xlpt_boot_find_initramfs(struct xlpt_host *h, struct xlpt_boot *b);
void xlpt_boot_find_loader(struct xlpt_host *h, struct xlpt_boot *b);

#endif
