/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libFuzzer: what a dom0 boots with, as anybody may have written it: command lines, GRUB's and
 * Xen's files, modprobe's, the kernel's lists of modules. The sanitizers watch; what is found
 * says where, what is not hidden says why, and a list that is ours is written and read again as
 * the same.
 */
#include "core/spec.h"
#include "core/text.h"
#include "pciback/boot/boot.h"
#include "tests/fuzz/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const paths[] = {
	"proc/cmdline",
	"proc/modules",
	"etc/default/grub",
	"etc/default/grub.d/a.cfg",
	"etc/default/grub.d/xlpt.cfg",
	"boot/grub/menu.lst",
	"boot/efi/EFI/xen/xen.cfg",
	"etc/modprobe.d/a.conf",
	"etc/modprobe.d/xlpt.conf",
	"etc/modprobe.conf",
	"boot/config-6.1.0",
	"lib/modules/6.1.0/modules.alias",
	"lib/modules/6.1.0/modules.builtin",
	"lib/modules/6.1.0/modules.builtin.modinfo",
	"sys/module/xen_pciback/parameters/hide",
	"proc/cpuinfo",
	"usr/sbin/grub-mkconfig",
	"etc/driverctl.d/0000:02:00.0",
	"sys/bus/pci/devices/0000:02:00.0/modalias",
	"etc/dracut.conf.d/a.conf",
	"boot/grub/grub.cfg",
	"boot/grub/grubenv",
	"boot/loader/entries/a.conf",
	"boot/extlinux.conf",
	"etc/update-extlinux.conf",
	"nix/var/nix/profiles/system/kernel-params",
	"etc/modules",
	"usr/lib/dracut/modules.d/90qubes-pciback",
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void make_tree(void)
{
	tree_open();
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(paths); i++)
		tree_folders(paths[i]);
	tree_put("proc/sys/kernel/osrelease", "6.1.0\n", 6);
	tree_put("sys/bus/pci/devices/0000:02:00.0/class", "0x020000\n", 9);
	tree_put("usr/sbin/update-grub", "", 0);
	tree_put("usr/sbin/update-initramfs", "", 0);
}

static void look_around(const struct xlpt_boot *boot, const char *xen_log)
{
	_cleanup_iommu_notes_ struct xlpt_iommu_notes notes = { 0 };
	_cleanup_strays_ struct xlpt_strays strays = { 0 };
	_cleanup_effective_ struct xlpt_effective eff = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_free_ char *value = NULL, *file = NULL;
	unsigned line = 0;

	if (xlpt_effective_read(&tree_host, boot, NULL, NULL, &eff, &diag) == 0)
		xlpt_boot_strays(&tree_host, boot, &eff, &strays);
	for (size_t i = 0; i < strays.n; i++)
		must(strays.items[i].word && strays.items[i].fact &&
		     (!strays.items[i].file || strays.items[i].line));
	xlpt_boot_foreign(boot, &value, &file, &line);
	must(!value || (file && line));
	xlpt_boot_iommu(&tree_host, boot->cmdline, xen_log, XLPT_UNSET, &notes);
	for (size_t i = 0; i < notes.n; i++)
		must(notes.items[i].text && *notes.items[i].text);
}

static void judge(const struct xlpt_boot *boot)
{
	_cleanup_verdicts_ struct xlpt_verdicts verdicts = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	if (xlpt_boot_verify(&tree_host, boot, NULL, &verdicts, &diag))
		must(diag.message != NULL);
	for (size_t i = 0; i < verdicts.n; i++)
		must(*verdicts.items[i].bdf &&
		     (verdicts.items[i].state == XLPT_HIDDEN_YES || verdicts.items[i].fact));
}

/* Our own files, with any text in them: refused with a reason, or a list that comes back. */
static void own(const struct xlpt_boot *boot)
{
	_cleanup_boot_owned_ struct xlpt_boot_owned owned = { 0 };
	_cleanup_boot_files_ struct xlpt_boot_files files = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	if (xlpt_boot_owned_read(&tree_host, boot, &owned, &diag)) {
		must(diag.message && diag.hint);
		return;
	}
	if (xlpt_boot_files_make(&tree_host, boot, &owned.list, owned.early, owned.by_cmdline,
				 &files, &diag))
		must(diag.message != NULL);
	for (size_t i = 0; i < files.n; i++)
		must(files.items[i].path && (files.items[i].text || files.items[i].old ||
					     xlpt_boot_file_same(&files.items[i])));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_boot_ struct xlpt_boot boot = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_free_ char *all = NULL;
	uint64_t written;

	if (!size || size > 1 << 15)
		return 0;
	if (tree_root < 0)
		make_tree();
	all = xlpt_xstrndup((const char *)data, size);
	written = tree_parts(paths, XLPT_ARRAY_SIZE(paths), data, size);
	if (xlpt_boot_detect(&tree_host, XLPT_ERA_UNKNOWN, NULL, &boot, &diag) == 0) {
		boot.xen_cmdline = xlpt_xstrdup(all);
		look_around(&boot, all);
		judge(&boot);
		own(&boot);
	}
	tree_take_away(paths, XLPT_ARRAY_SIZE(paths), written);
	return 0;
}
