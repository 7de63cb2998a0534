/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The homes of a boot list: where the command line of dom0's kernel comes from, one row for each kind of
 * boot loader (homes.c), and the lines that stand in the loaders' own files. Of this folder alone.
 */
#ifndef XLPT_BOOT_HOMES_H
#define XLPT_BOOT_HOMES_H

#include "pciback/boot/internal.h"

enum xlpt_home_whose {
	XLPT_HOME_DOM0, /* words of dom0's kernel, which Xen starts */
	XLPT_HOME_XEN,	/* Xen's own words */
	XLPT_HOME_BARE, /* words of a kernel that is started without Xen */
};

/* One command line in a file that a boot loader reads, or that is made into such a file. */
struct xlpt_home_line {
	enum xlpt_loader loader; /* XLPT_LOADER_GRUB_CFG for all of GRUB 2 */
	enum xlpt_home_whose whose;
	char *file;
	unsigned line;
	char *program; /* the file of dom0's kernel, or NULL: not known */
	char *name;    /* what the line begins with, as the file has it: "module2", "append" */
	char *words;   /* without the program's own file name */
	bool chosen;   /* the entry that the loader starts by itself */
	bool settings; /* a tool makes the loader's file from it */
	bool started;  /* the running kernel has exactly these words */
};

struct xlpt_home_lines {
	struct xlpt_home_line *items;
	size_t n, alloc;
};

void xlpt_home_lines_dispose(struct xlpt_home_lines *l);
#define _cleanup_home_lines_ XLPT_CLEANUP(xlpt_home_lines_dispose)
/* Of all boot loaders that have files here. cmdline: of the running kernel, or NULL. */
void xlpt_home_lines_read(struct xlpt_texts *texts, const char *cmdline,
			  struct xlpt_home_lines *out);
/* The same, as it was when the boot was looked at. (loaders.c) */
const struct xlpt_home_lines *xlpt_boot_lines(const struct xlpt_boot *boot);
/*
 * The line that dom0's kernel gets at the next boot, as far as can be told, or NULL: the settings of a
 * tool first, then the entry that the loader chooses, then the one that was started, then the first.
 */
const struct xlpt_home_line *xlpt_home_next(const struct xlpt_home_lines *l,
					    enum xlpt_loader loader);

/* The release of the kernel of the entry that GRUB takes by itself, if it is installed; or NULL. Caller frees. */
char *xlpt_home_kernel(struct xlpt_host *h, const struct xlpt_boot *boot);

/* For the readers; words is taken over. */
struct xlpt_home_line *xlpt_home_add(struct xlpt_home_lines *l, enum xlpt_loader loader,
				     enum xlpt_home_whose whose, const char *file, unsigned line,
				     const char *name, char *words);
/* The words and those that Xen's line has for dom0's kernel (core/xen-line.h); words is taken over. Caller frees. */
char *xlpt_home_with(char *words, const char *behind);
void xlpt_home_read_grub(struct xlpt_texts *texts, struct xlpt_home_lines *out); /* grub-cfg.c */
void xlpt_home_read_bls(struct xlpt_texts *texts, struct xlpt_home_lines *out);	 /* bls.c */
void xlpt_home_read_extlinux(struct xlpt_texts *texts,
			     struct xlpt_home_lines *out);			  /* extlinux.c */
void xlpt_home_read_nixos(struct xlpt_texts *texts, struct xlpt_home_lines *out); /* nixos.c */

/*
 * GRUB's environment block (grubenv), and what a grub.cfg sets: variables that stand in lines of entries.
 * (grub-env.c)
 */
void xlpt_grub_env_read(struct xlpt_texts *texts, struct xlpt_grub *env);
void xlpt_grub_env_set(struct xlpt_grub *env, const char *name, const char *value, const char *file,
		       unsigned line);
/*
 * A line's words with its variables' values; quotes: and without the quotes of GRUB's script. *from: the
 * variable that a list of devices came out of, or NULL. Caller frees.
 */
char *xlpt_grub_env_expand(const struct xlpt_grub *env, const char *text, bool quotes,
			   const struct xlpt_grub_set **from);

/* ---- the menu of a grub.cfg (grub-menu.c) ---- */

struct xlpt_grub_entry {
	char *title, *id; /* or NULL */
	size_t menu;	  /* the submenu that it is in, or SIZE_MAX */
	bool submenu;
};
struct xlpt_grub_menu_line {
	size_t line, entry;
};
struct xlpt_grub_menu {
	struct xlpt_grub_entry *items;
	size_t n, alloc;
	struct xlpt_grub_menu_line *lines;
	size_t n_lines, alloc_lines;
	size_t open[16]; /* what the open braces are: entries, or SIZE_MAX */
	size_t depth;
	char *preferred;
	bool once; /* ... by next_entry */
};

void xlpt_grub_menu_dispose(struct xlpt_grub_menu *m);
#define _cleanup_grub_menu_ XLPT_CLEANUP(xlpt_grub_menu_dispose)
/* Each line of the file, without blanks before it. */
void xlpt_grub_menu_line(struct xlpt_grub_menu *m, const char *line);
/* The home line of that index is in the entry that is open. */
void xlpt_grub_menu_has(struct xlpt_grub_menu *m, size_t home_line);
/* "set default=": as it stands there, and with its variables' values. */
void xlpt_grub_menu_default(struct xlpt_grub_menu *m, const char *text, const char *value);
/* At the end: notes which lines are of the entry that is started. */
void xlpt_grub_menu_choose(const struct xlpt_grub_menu *m, struct xlpt_home_lines *lines);

/* Whether the words are those of the running kernel; a first word "placeholder" is GRUB's own. */
bool xlpt_home_started(const char *words, const char *cmdline);

/* ---- NixOS (nixos.c) ---- */

/* Whether the files of /etc are links into a store, which are made anew from a description. */
bool xlpt_boot_is_nixos(struct xlpt_host *h);
/* What has to be written into that description for the list to be read. Caller frees. */
char *xlpt_boot_nixos_way(const struct xlpt_boot *boot, const char *word, char **early,
			  bool by_cmdline);

#endif
