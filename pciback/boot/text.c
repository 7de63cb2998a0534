/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lines that are written, and which command makes them count.
 */
#include "pciback/boot/internal.h"

#include <string.h>

/*
 * softdep came with module-init-tools 3.13; a classic system may have an older
 * one, whose "install" runs a command in the module's place.
 */
static void early_line(const struct xlpt_boot *boot, const char *driver, struct xlpt_str *out)
{
	if (boot->era == XLPT_ERA_CLASSIC)
		xlpt_str_addf(out,
			      "install %s /sbin/modprobe %s; "
			      "/sbin/modprobe --first-time --ignore-install %s\n",
			      driver, boot->module, driver);
	else
		xlpt_str_addf(out, "softdep %s pre: %s\n", driver, boot->module);
}

char *xlpt_boot_modprobe_text(const struct xlpt_boot *boot, const struct xlpt_hide_list *list,
			      char **early)
{
	struct xlpt_str out = { 0 };

	if (list && list->n) {
		_cleanup_free_ char *hide = xlpt_hide_format(list);

		xlpt_str_addf(&out, "options %s hide=%s\n", boot->module, hide);
	}
	for (char **d = early; d && *d; d++)
		early_line(boot, *d, &out);
	return xlpt_str_take(&out);
}

char *xlpt_boot_cmdline_word(const struct xlpt_boot *boot, const struct xlpt_hide_list *list)
{
	_cleanup_free_ char *hide = xlpt_hide_format(list);

	return xlpt_xasprintf("%s.hide=%s", boot->module, hide);
}

/*
 * Only for the entries that start Xen (20_linux_xen): on the bare kernel a
 * built-in pciback would seize the devices as well. The REPLACE variable stands
 * in for GRUB_CMDLINE_LINUX there, so that one goes into it. What GRUB_CMDLINE_LINUX_DEFAULT
 * or its REPLACE have comes behind on the line: where others have a list there, ours goes
 * behind that, too. It alone would not do, for the entries of a rescue do not have it.
 */
char *xlpt_boot_grub_text(const struct xlpt_boot *boot, const struct xlpt_hide_list *list)
{
	static const char *const names[] = { "", "_DEFAULT" };
	_cleanup_free_ char *word = xlpt_boot_cmdline_word(boot, list);
	struct xlpt_str out = { 0 };

	for (size_t i = 0; i < (xlpt_boot_grub_behind(boot) ? 2 : 1); i++)
		xlpt_str_addf(&out,
			      "GRUB_CMDLINE_LINUX_XEN_REPLACE%s=\"${GRUB_CMDLINE_LINUX_XEN_"
			      "REPLACE%s:-$GRUB_CMDLINE_LINUX%s} %s\"\n",
			      names[i], names[i], names[i], word);
	return xlpt_str_take(&out);
}

char *xlpt_boot_initramfs_command(const struct xlpt_boot *boot)
{
	const char *release = boot->release ? boot->release : "$(uname -r)";

	if (boot->mode == XLPT_PB_BUILTIN)
		return NULL;
	switch (boot->initramfs) {
	case XLPT_INITRAMFS_TOOLS:
		return xlpt_xasprintf("update-initramfs -u -k %s", release);
	case XLPT_INITRAMFS_DRACUT:
		return boot->initrd ? xlpt_xasprintf("dracut --force %s %s", boot->initrd, release)
				    : xlpt_xasprintf("dracut --force --kver %s", release);
	case XLPT_INITRAMFS_MKINITCPIO:
		return xlpt_xstrdup("mkinitcpio -P");
	case XLPT_INITRAMFS_MKINITFS:
		return xlpt_xasprintf("mkinitfs %s", release);
	case XLPT_INITRAMFS_BOOSTER:
		return xlpt_xasprintf("booster build --force --kernel-version %s %s", release,
				      boot->initrd ? boot->initrd : "/boot/booster-linux.img");
	case XLPT_INITRAMFS_MKINITRD:
		return xlpt_xasprintf("mkinitrd -f --preload=%s /boot/initrd-%s.img %s",
				      boot->module, release, release);
	case XLPT_INITRAMFS_NONE:
		break;
	}
	return NULL;
}

/* Whether a line of the file that is no comment has the key, and behind it the word. */
static bool line_has(struct xlpt_host *h, const char *path, const char *key, const char *word)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	char *cursor, *l;

	if (xlpt_boot_slurp(h, path, &text) < 0)
		return false;
	cursor = text.s;
	while ((l = xlpt_boot_line(&cursor))) {
		l += strspn(l, " \t");
		if (xlpt_starts(l, key) && strstr(l, word))
			return true;
	}
	return false;
}

char *xlpt_boot_initramfs_by_hand(struct xlpt_host *h, const struct xlpt_boot *boot)
{
	const char *mkinitfs = "/etc/mkinitfs/mkinitfs.conf", *booster = "/etc/booster.yaml";

	if (boot->mode == XLPT_PB_BUILTIN)
		return NULL;
	/* Alpine's features.d/xenpci.modules names xen-pciback; base.files has modprobe.d. */
	if (boot->initramfs == XLPT_INITRAMFS_MKINITFS &&
	    !line_has(h, mkinitfs, "features=", "xenpci"))
		return xlpt_xasprintf("add xenpci to features= in %s first: it brings %s into the "
				      "initramfs",
				      mkinitfs, boot->module);
	if (boot->initramfs == XLPT_INITRAMFS_BOOSTER &&
	    !line_has(h, booster, "modules_force_load:", "pciback"))
		return xlpt_xasprintf("add xen_pciback to modules_force_load: in %s first",
				      booster);
	return NULL;
}
