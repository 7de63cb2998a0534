/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The files that belong to xlpt. Each is replaced or removed as a whole, and its
 * last text is kept. The copies are not kept beside them: old modprobes read every
 * file of modprobe.d, and initramfs-tools runs every file among its hooks.
 */
#include "pciback/boot/homes.h"

#include <errno.h>
#include <string.h>

#include "core/file.h"

#define HEADING \
	"# Written by \"xlpt boot write\". xlpt owns this file whole; change it with xlpt boot.\n"
#define HOOK	   "/etc/initramfs-tools/hooks/xlpt"
#define DRACUT	   "/etc/dracut.conf.d/xlpt.conf"
#define MKINITCPIO "/etc/mkinitcpio.conf.d/xlpt.conf"

static int add(struct xlpt_host *h, struct xlpt_boot_files *out, const char *path, char *text,
	       mode_t mode, const char *why, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str old = { 0 };
	struct xlpt_boot_file *f;
	int r = xlpt_boot_slurp(h, path, &old);

	if (r < 0 && r != -ENOENT && r != -ENOTDIR) {
		free(text);
		return xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "cannot read %s", path);
	}
	if (r < 0 && !text)
		return 0;
	/* Our two configuration files are judged line by line (owned.c), the others here. */
	if (r >= 0 && strcmp(path, XLPT_MODPROBE_CONF) && strcmp(path, XLPT_GRUB_CFG) &&
	    !strstr(xlpt_str_get(&old), HEADING)) {
		free(text);
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "%s is there, and xlpt did not write it",
			      path);
		xlpt_diag_hint(diag, "give that file another name");
		return XLPT_ERR_CONFLICT;
	}
	XLPT_GROW(out->items, out->n, out->alloc);
	f = &out->items[out->n++];
	*f = (struct xlpt_boot_file){
		.path = xlpt_xstrdup(path), .text = text, .mode = mode, .why = xlpt_xstrdup(why)
	};
	if (r >= 0)
		f->old = xlpt_str_take(&old);
	return 0;
}

/* What PV dom0 gets: start_info has 1024 bytes for it (xen/include/public/xen.h). */
#define CMDLINE_MAX 1023

static int check_cmdline(const struct xlpt_boot *boot, const struct xlpt_hide_list *list,
			 struct xlpt_diag *diag)
{
	_cleanup_free_ char *word = xlpt_boot_cmdline_word(boot, list), *now = NULL;
	size_t len = strlen(word);

	if (boot->loader == XLPT_LOADER_GRUB && xlpt_boot_grub_behind(boot))
		len += strlen(word) + 1;
	if (boot->cmdline) {
		len += strlen(boot->cmdline) + 1;
		now = xlpt_cmdline_hide(boot->cmdline, boot->module);
		if (now)
			len -= strlen(now) + strlen(boot->module) + strlen(".hide=") + 1;
	}
	if (len <= CMDLINE_MAX)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_SYNTAX,
		      "the command line would have %zu characters, and dom0's kernel gets %d", len,
		      CMDLINE_MAX);
	xlpt_diag_fact(diag,
		       "Xen hands a PV dom0 its command line in 1024 bytes and cuts the rest");
	xlpt_diag_hint(diag,
		       "name whole slots as (SSSS:BB:DD.*), or a bridge: everything behind it "
		       "is hidden with it");
	return XLPT_ERR_SYNTAX;
}

/* What a system is made from is not xlpt's, and what is written beside that is lost. */
static int need_own_etc(const struct xlpt_boot *boot, const struct xlpt_hide_list *list,
			char **early, bool by_cmdline, struct xlpt_diag *diag)
{
	_cleanup_free_ char *word = xlpt_boot_cmdline_word(boot, list), *way = NULL;

	if (boot->loader != XLPT_LOADER_NIXOS)
		return 0;
	way = xlpt_boot_nixos_way(boot, word, early, by_cmdline);
	xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "xlpt cannot write the configuration of NixOS");
	xlpt_diag_fact(diag, "the initramfs, /etc/modprobe.d and the kernel's command line are "
			     "made from configuration.nix");
	xlpt_diag_hint(diag, "%s", way);
	return XLPT_ERR_NOT_FOUND;
}

static int need_grub(struct xlpt_host *h, const struct xlpt_boot *boot,
		     const struct xlpt_hide_list *list, struct xlpt_diag *diag)
{
	_cleanup_free_ char *word = xlpt_boot_cmdline_word(boot, list);
	_cleanup_free_ char *way = NULL;

	/* A module needs more than its list on that line: lines of modprobe.d that load it first. */
	if (boot->loader == XLPT_LOADER_GRUB ||
	    (boot->mode == XLPT_PB_MODULE && xlpt_boot_line_has(boot, list)))
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND,
		      "xlpt cannot write the command line of this boot loader");
	way = xlpt_boot_by_hand(h, boot, word);
	if (boot->loader == XLPT_LOADER_UNKNOWN)
		xlpt_diag_fact(diag, "no boot loader that xlpt knows is in this tree");
	else if (boot->loader == XLPT_LOADER_GRUB_PLAIN)
		xlpt_diag_fact(diag, "%s does not read /etc/default/grub.d", boot->loader_fact);
	else
		xlpt_diag_fact(diag, "%s holds lines of others only", boot->loader_fact);
	xlpt_diag_hint(diag, "%s", way);
	return XLPT_ERR_NOT_FOUND;
}

/* mkinitcpio before version 38 reads no mkinitcpio.conf.d: its script shows whether it does. */
static bool mkinitcpio_reads_dir(struct xlpt_host *h)
{
	_cleanup_str_ struct xlpt_str text = { 0 };

	return xlpt_boot_slurp(h, "/usr/bin/mkinitcpio", &text) >= 0 &&
	       strstr(xlpt_str_get(&text), "conf.d");
}

static int initramfs_file(struct xlpt_host *h, const struct xlpt_boot *boot, bool on,
			  struct xlpt_boot_files *out, struct xlpt_diag *diag)
{
	const char *m = boot->module, *why = "pciback and its list go into the initramfs, where a "
					     "driver may be that comes first";
	char *text = NULL;

	switch (boot->initramfs) {
	case XLPT_INITRAMFS_TOOLS:
		if (on)
			text = xlpt_xasprintf("#!/bin/sh\n" HEADING
					      "[ \"$1\" = prereqs ] && exit 0\n"
					      ". /usr/share/initramfs-tools/hook-functions\n"
					      "force_load %s\n",
					      m);
		return add(h, out, HOOK, text, 0755, why, diag);
	case XLPT_INITRAMFS_DRACUT:
		if (on)
			text = xlpt_xasprintf(HEADING "force_drivers+=\" %s \"\n"
						      "install_items+=\" " XLPT_MODPROBE_CONF
						      " \"\n",
					      m);
		return add(h, out, DRACUT, text, 0644, why, diag);
	case XLPT_INITRAMFS_MKINITCPIO:
		if (on && !mkinitcpio_reads_dir(h)) {
			xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND,
				      "this mkinitcpio reads no mkinitcpio.conf.d");
			xlpt_diag_fact(diag, "/usr/bin/mkinitcpio does not name that directory");
			xlpt_diag_hint(diag, "update mkinitcpio (38 or later)");
			return XLPT_ERR_NOT_FOUND;
		}
		if (on)
			text = xlpt_xasprintf(HEADING "MODULES=(%s \"${MODULES[@]}\")\n"
						      "FILES+=(" XLPT_MODPROBE_CONF ")\n",
					      m);
		return add(h, out, MKINITCPIO, text, 0644, why, diag);
	case XLPT_INITRAMFS_MKINITRD: /* takes it as an option */
	case XLPT_INITRAMFS_MKINITFS: /* these two have one file, which is somebody else's */
	case XLPT_INITRAMFS_BOOSTER:
	case XLPT_INITRAMFS_NONE:
		break;
	}
	return 0;
}

int xlpt_boot_files_make(struct xlpt_host *h, const struct xlpt_boot *boot,
			 const struct xlpt_hide_list *list, char **early, bool by_cmdline,
			 struct xlpt_boot_files *out, struct xlpt_diag *diag)
{
	bool on = list->n > 0, module = boot->mode != XLPT_PB_BUILTIN;
	char *text = NULL;
	int rc = 0;

	*out = (struct xlpt_boot_files){ 0 };
	if (on)
		rc = need_own_etc(boot, list, early, by_cmdline, diag);
	if (rc == 0 && on && by_cmdline) {
		rc = check_cmdline(boot, list, diag);
		if (rc == 0)
			rc = need_grub(h, boot, list, diag);
	}
	if (rc == 0 && on && module) {
		_cleanup_free_ char *lines = NULL;

		lines = xlpt_boot_modprobe_text(boot, by_cmdline ? NULL : list, early);
		if (*lines)
			text = xlpt_xasprintf(HEADING "%s", lines);
	}
	if (rc == 0)
		rc = add(h, out, XLPT_MODPROBE_CONF, text, 0644,
			 by_cmdline
				 ? "pciback is loaded before the drivers that claim the devices"
				 : "pciback is a module: modprobe gives it the list, and loads it "
				   "before the drivers that claim the devices",
			 diag);
	if (rc == 0) {
		_cleanup_free_ char *line = xlpt_boot_grub_text(boot, list);

		rc = add(h, out, XLPT_GRUB_CFG,
			 on && by_cmdline && boot->loader == XLPT_LOADER_GRUB
				 ? xlpt_xasprintf(HEADING "%s", line)
				 : NULL,
			 0644,
			 module ? "a list on the command line replaces the one of modprobe.d"
				: "pciback is built in: it reads nothing but the command line",
			 diag);
	}
	if (rc == 0)
		rc = initramfs_file(h, boot, on && module, out, diag);
	if (rc)
		xlpt_boot_files_dispose(out);
	return rc;
}

bool xlpt_boot_file_same(const struct xlpt_boot_file *file)
{
	return xlpt_streq(file->text, file->old);
}

static char *folder_of(const char *path)
{
	return xlpt_xstrndup(path, (size_t)(strrchr(path, '/') - path));
}

static int make_parent(struct xlpt_host *h, const char *path)
{
	_cleanup_free_ char *dir = folder_of(path);

	return xlpt_starts(path, XLPT_BACKUP_DIR) ? xlpt_file_private_dir(h, dir)
						  : xlpt_host_mkdirs(h, dir, 0755);
}

static int put(struct xlpt_host *h, const char *path, const char *text, mode_t mode,
	       struct xlpt_diag *diag)
{
	int r;

	if (text) {
		r = make_parent(h, path);
		if (r >= 0)
			r = xlpt_file_replace(h, path, text, strlen(text),
					      &(struct xlpt_file_how){ .mode = mode });
	} else {
		r = h->ops->unlink(h, path);
		if (r == -ENOENT)
			r = 0;
	}
	if (r < 0)
		return xlpt_diag_file(diag, XLPT_ERR_IO, -r, "cannot %s %s",
				      text ? "write" : "remove", path);
	return 0;
}

int xlpt_boot_file_put(struct xlpt_host *h, const struct xlpt_boot_file *file,
		       struct xlpt_diag *diag)
{
	int rc = 0;

	if (xlpt_boot_file_same(file))
		return 0;
	if (file->old) {
		_cleanup_free_ char *backup = xlpt_xasprintf(XLPT_BACKUP_DIR "%s", file->path);

		rc = put(h, backup, file->old, 0600, diag);
	}
	return rc ? rc : put(h, file->path, file->text, file->mode, diag);
}

int xlpt_boot_sweep(struct xlpt_host *h, bool only_count)
{
	static const char *const paths[] = { XLPT_MODPROBE_CONF, XLPT_GRUB_CFG, HOOK, DRACUT,
					     MKINITCPIO };
	int gone = 0;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(paths); i++) {
		_cleanup_free_ char *dir = folder_of(paths[i]),
				    *backup = xlpt_xasprintf(XLPT_BACKUP_DIR "%s", dir);
		int r = xlpt_file_sweep(h, dir, "xlpt", only_count);

		gone += r > 0 ? r : 0;
		r = xlpt_file_sweep(h, backup, "", only_count);
		gone += r > 0 ? r : 0;
	}
	return gone;
}

void xlpt_boot_files_dispose(struct xlpt_boot_files *files)
{
	for (size_t i = 0; i < files->n; i++) {
		free(files->items[i].path);
		free(files->items[i].text);
		free(files->items[i].old);
		free(files->items[i].why);
	}
	free(files->items);
	*files = (struct xlpt_boot_files){ 0 };
}
