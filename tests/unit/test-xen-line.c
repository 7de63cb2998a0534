/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Xen's own command line, and what Xen hands of it to dom0's kernel; and what is not read of that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/policy-together.h"
#include "core/xen-line.h"
#include "tests/unit/booting.h"

#define WORD "xen-pciback.hide=(05:00.0)"

static void value(const char *line, const char *name, bool all, const char *want)
{
	_cleanup_free_ char *got = xlpt_xen_value(line, name, all);

	if (!want)
		assert_null(got);
	else
		assert_string_equal(got ? got : "(none)", want);
}

static void test_words(void **state)
{
	(void)state;
	value("iommu=force ats", "iommu", false, "force");
	value("iommu=force ats", "ats", false, "");
	value("iommu=force,verbose iommu=off\r\n", "iommu", false, "off");
	value("iommu=force,verbose iommu=off\n", "iommu", true, "force,verbose,off");
	value("dom0=pvh -- iommu=off", "iommu", false, NULL);
	value("iommux=1 --iommu=2", "iommu", false, NULL);
	value(NULL, "iommu", true, NULL);
	/* A quote is a sign like others, and so is a tab. */
	value("a=\"x iommu=off\"", "iommu", false, "off\"");
	value("a=x\tiommu=off", "iommu", false, NULL);
	assert_string_equal(xlpt_xen_behind("a=b --  c d"), " c d");
	assert_string_equal(xlpt_xen_behind("-- c d"), "");
	assert_string_equal(xlpt_xen_behind("a --c -- "), "");
	assert_string_equal(xlpt_xen_behind(NULL), "");
}

/* All that asks for Xen's words leaves out those that are not Xen's. */
static void test_readers(void **state)
{
	struct fake_bus *bus = *state;
	struct xlpt_iommu_notes notes;
	bool known;

	assert_int_equal(xlpt_xen_guest_vectors("x -- extra_guest_irqs=64", &known), 32);
	assert_int_equal(xlpt_boot_judge_dom0(fake_bus_host(bus), "x -- dom0=pvh", NULL), 0);
	assert_int_equal(xlpt_boot_judge_dom0(fake_bus_host(bus), "dom0=pvh -- x", NULL),
			 XLPT_ERR_RULE);
	for (unsigned xens = 0; xens < 2; xens++) {
		bool off = false;

		xlpt_boot_iommu(fake_bus_host(bus), xens ? "iommu=off -- x" : "x -- iommu=off",
				NULL, XLPT_UNSET, &notes);
		for (size_t i = 0; i < notes.n; i++)
			off |= strstr(notes.items[i].text, "turns the IOMMU off") != NULL;
		assert_int_equal(off, xens);
		xlpt_iommu_notes_dispose(&notes);
	}
}

/* A list behind " -- " on Xen's line gets to dom0's kernel, wherever Xen's line stands. */
static void test_handed_on(void **state)
{
	static const struct {
		const char *path, *text, *place;
	} files[] = {
		{ "/etc/default/grub",
		  "GRUB_CMDLINE_LINUX=ro\nGRUB_CMDLINE_XEN=\"x -- " WORD "\"\n",
		  "/etc/default/grub:2" },
		{ "/boot/grub/grub.cfg",
		  "menuentry x {\nmultiboot2 /xen.gz placeholder x -- " WORD
		  "\nmodule2 /vmlinuz placeholder ro\n}\n",
		  "/boot/grub/grub.cfg" },
		{ "/boot/extlinux.conf",
		  "LABEL x\nKERNEL mboot.c32\nAPPEND /xen.gz x -- " WORD " --- /vmlinuz ro\n",
		  "/boot/extlinux.conf:3" },
		{ "/boot/efi/EFI/xen/xen.cfg",
		  "[global]\ndefault=x\n[x]\noptions=x -- " WORD "\nkernel=vmlinuz ro\n",
		  "/boot/efi/EFI/xen/xen.cfg" },
	};
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(files); i++) {
		if (i == 1)
			h->ops->unlink(h, "/usr/sbin/grub-mkconfig");
		fake_bus_put(bus, files[i].path, files[i].text);
		/* At the next boot. */
		fake_bus_put(bus, "/proc/cmdline", "ro quiet\n");
		assert_run(bus, 1, "verify", files[i].place);
		assert_null(strstr(said, "does not hand it to dom0"));
		assert_non_null(strstr(said, "the command line of this boot has not"));
		/* At this one: it is the list that counts. */
		fake_bus_put(bus, "/proc/cmdline", "ro " WORD "\n");
		assert_run(bus, 1, "verify", FREE);
		assert_null(strstr(said, files[i].place));
		assert_null(strstr(said, "nothing is hidden"));
		h->ops->unlink(h, files[i].path);
	}
}

/* The kernel's own "--": what follows is init's. modprobe reads on. */
static void test_inits(void **state)
{
	struct fake_bus *bus = *state;

	fake_bus_put(bus, "/proc/cmdline", "ro quiet -- " WORD "\n");
	assert_run(bus, 1, "verify", "xen-pciback is not loaded");
	assert_null(strstr(said, "init"));
	fake_bus_put(bus, "/lib/modules/" REL "/modules.dep", "");
	fake_bus_put(bus, "/lib/modules/" REL "/modules.builtin",
		     "kernel/drivers/xen/xen-pciback/xen-pciback.ko\n");
	assert_run(bus, 1, "verify",
		   "the kernel's command line has " WORD " behind \"--\"; the kernel leaves what "
		   "stands there to init, and pciback is built into it");
	assert_non_null(strstr(said, "move the word to before the \"--\"; reboot"));
	fake_bus_put(bus, "/proc/cmdline", "ro \"a -- b\" --x " WORD " --\n");
	assert_run(bus, 1, "verify", FREE);
	assert_null(strstr(said, "init"));
}

/* An entry for systemd-boot that starts Xen: its options are Xen's, or for the program, and no kernel's. */
static void test_efi_entry(void **state)
{
	static const char entry[] = "/boot/efi/loader/entries/xen.conf";
	static const char *const options[] = { "xen -- dom0_mem=2G " WORD, "xen -- " WORD, WORD };
	struct fake_bus *bus = *state;

	fake_bus_put(bus, "/boot/efi/EFI/xen/xen.cfg", "[xen]\noptions=x\nkernel=vmlinuz ro\n");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(options); i++) {
		_cleanup_free_ char *text = xlpt_xasprintf(
			"title x\nefi \\EFI\\xen\\XEN-4.17.efi\noptions %s\n", options[i]);

		fake_bus_put(bus, entry, text);
		assert_run(bus, 1, "verify",
			   "Xen's own command line has " WORD
			   " (/boot/efi/loader/entries/xen.conf:3); Xen does not hand it");
		assert_non_null(strstr(said, "to the line of dom0's kernel"));
	}
	fake_bus_put(bus, entry, "title x\nefi /EFI/shell.efi\noptions " WORD "\n");
	assert_run(bus, 0, "verify", "nothing is to be hidden");
}

/* A line of modprobe.d without its verb. */
static void test_no_verb(void **state)
{
	fake_bus_put(*state, "/etc/modprobe.d/a.conf", "x\nxen-pciback x=1 hide=(05:00.0)\n");
	assert_run(*state, 1, "verify",
		   "/etc/modprobe.d/a.conf:2 has hide=(05:00.0); modprobe does not read it so; it "
		   "is written: options xen-pciback hide=(05:00.0)");
	fake_bus_put(*state, "/etc/modprobe.d/a.conf",
		     "# xen-pciback hide=(05:00.0)\nxen-pciback\n");
	assert_run(*state, 0, "verify", "nothing is to be hidden");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		T(test_readers),
		T(test_handed_on),
		T(test_inits),
		T(test_efi_entry),
		T(test_no_verb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
