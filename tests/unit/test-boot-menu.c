/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which entry of GRUB the next boot takes: the variable "default", and what the environment block has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "pciback/boot/homes.h"
#include "tests/unit/booting.h"

#define CFG "/boot/grub2/grub.cfg"
#define ENV "/boot/grub2/grubenv"

/* As grub-mkconfig makes it: line 10 is the first of the entries, each has 4, a submenu begins with one. */
#define HEADER(value)                                                                        \
	"if [ -s $prefix/grubenv ]; then\n  load_env\nfi\nif [ \"${next_entry}\" ] ; then\n" \
	"   set default=\"${next_entry}\"\nelse\n   set default=\"" value                    \
	"\"\nfi\nfunction x {\n}\n"
#define ENTRY(words, name) \
	"menuentry " words " {\n multiboot2 /xen.gz\n module2 /vmlinuz-" name " " name "\n}\n"
#define ENTRIES                                                                                                                 \
	"menuentry 'Linux' --class debian $menuentry_id_option 'linux-1' {\n linux /vmlinuz-a a\n\n}\n" ENTRY(                  \
		"'Xen' --id xen-1",                                                                                             \
		"b") "submenu 'Advanced > other' $menuentry_id_option 'advanced' {\n" ENTRY("\"Xen old\" --class x --id=xen-2", \
											    "c")                                \
		ENTRY("'Xen older' --unrestricted $menuentry_id_option 'xen>3'",                                                \
		      "d") "}\n" ENTRY("'last'", "e")

/* want: the program of the line of dom0's kernel that is taken, or NULL: no entry with Xen is. */
static void taken(struct fake_bus *bus, const char *cfg, const char *env, const char *want)
{
	_cleanup_texts_ struct xlpt_texts texts = { .h = fake_bus_host(bus) };
	_cleanup_home_lines_ struct xlpt_home_lines lines;
	const char *got = NULL;

	fake_bus_put(bus, CFG, cfg);
	fake_bus_put(bus, ENV, env);
	xlpt_home_lines_read(&texts, NULL, &lines);
	for (size_t i = 0; i < lines.n; i++)
		if (lines.items[i].chosen && lines.items[i].whose == XLPT_HOME_DOM0) {
			assert_null(got);
			got = lines.items[i].program;
		}
	if (!xlpt_streq(got, want))
		fail_msg("%s is taken, not %s:\n%s%s", got ? got : "none", want ? want : "none",
			 env, cfg);
	if (want)
		assert_string_equal(xlpt_home_next(&lines, XLPT_LOADER_GRUB_CFG)->program, want);
}

static void test_default(void **state)
{
	static const struct {
		const char *value, *want;
	} cases[] = {
		{ "0", NULL },
		{ "1", "/vmlinuz-b" },
		{ "2", "/vmlinuz-c" },
		{ "2>1", "/vmlinuz-d" },
		{ "2>9", "/vmlinuz-c" },
		{ "3", "/vmlinuz-e" },
		{ "0x1", "/vmlinuz-b" },
		{ "4", NULL },
		{ "Xen", "/vmlinuz-b" },
		{ "xen-1", "/vmlinuz-b" },
		{ "Xe", NULL },
		{ "Xen older", NULL },
		{ "advanced", "/vmlinuz-c" },
		{ "advanced>Xen older", "/vmlinuz-d" },
		{ "advanced>xen>>3", "/vmlinuz-d" },
		{ "Advanced >> other>xen-2", "/vmlinuz-c" },
		{ "Advanced >> other>1", "/vmlinuz-d" },
		{ "last", "/vmlinuz-e" },
		{ ">", NULL },
		{ "", NULL },
	};

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *saved = xlpt_xasprintf("saved_entry=%s\n", cases[i].value);
		_cleanup_free_ char *once =
			xlpt_xasprintf("next_entry=%s\nsaved_entry=last\n", cases[i].value);
		_cleanup_free_ char *set =
			xlpt_xasprintf("set default='%s'\n" ENTRIES, cases[i].value);

		taken(*state, set, "", cases[i].want);
		taken(*state, HEADER("${saved_entry}") ENTRIES, saved, cases[i].want);
		/* Once, before what is saved; nothing there is as if it were not set. */
		taken(*state, HEADER("${saved_entry}") ENTRIES, once,
		      *cases[i].value ? cases[i].want : "/vmlinuz-e");
		/* What the block has counts only for a file that asks for it. */
		taken(*state, HEADER("1") ENTRIES, saved, "/vmlinuz-b");
	}
	/* Nothing says which: none is known to be taken. */
	taken(*state, ENTRIES, "saved_entry=1\n", NULL);
	/* The entries of custom.cfg come behind. */
	fake_bus_put(*state, "/boot/grub2/custom.cfg", ENTRY("mine", "f"));
	taken(*state, HEADER("4") ENTRIES, "", "/vmlinuz-f");
	taken(*state, HEADER("mine") ENTRIES, "", "/vmlinuz-f");
}

static void test_hostile(void **state)
{
	struct xlpt_str text = { 0 };

	taken(*state, "set default=0\nsubmenu {\nsubmenu {\nsubmenu {\n}\n}\n}\n}\n}\n", "", NULL);
	taken(*state,
	      "set default=a>>>b>\nmenuentry\nmenuentry 'x\nmenuentry --id\nmenuentry --class {\n",
	      "saved_entry", NULL);
	taken(*state, "set default=99999999999999999999999\n" ENTRIES, "", NULL);
	xlpt_str_add(&text, "set default=\"0");
	for (unsigned i = 0; i < 3000; i++)
		xlpt_str_add(&text, ">0");
	xlpt_str_add(&text, "\"\n");
	for (unsigned i = 0; i < 6000; i++)
		xlpt_str_add(&text, "submenu x {\n");
	xlpt_str_add(&text, ENTRY("y", "z"));
	taken(*state, text.s, "", NULL);
	xlpt_str_dispose(&text);
}

/* GRUB legacy keeps the number of a saved entry in a file. */
static void test_legacy(void **state)
{
	static const char list[] =
		"title a\nkernel /xen.gz\nmodule /a ro\ntitle b\nkernel /xen.gz\n"
		"module /b ro\n";
	struct fake_bus *bus = *state;

	for (unsigned saved = 0; saved < 3; saved++) {
		_cleanup_texts_ struct xlpt_texts texts = { .h = fake_bus_host(bus) };
		_cleanup_home_lines_ struct xlpt_home_lines lines;
		_cleanup_free_ char *text =
			xlpt_xasprintf("default %s\n%s", saved ? "saved" : "1", list);

		fake_bus_put(bus, "/boot/grub/menu.lst", text);
		if (saved)
			fake_bus_put(bus, "/boot/grub/default", saved == 1 ? "1\n#\n" : "0\n#\n");
		xlpt_home_lines_read(&texts, NULL, &lines);
		assert_string_equal(xlpt_home_next(&lines, XLPT_LOADER_GRUB_LEGACY)->program,
				    saved == 2 ? "/a" : "/b");
	}
}

/* The kernel of that entry needs its own initramfs, and its line is the one to be changed. */
static void test_next(void **state)
{
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);

	fake_bus_put(bus, "/lib/modules/5.10-x/modules.dep", "xen-pciback.ko:\n");
	fake_bus_put(bus, CFG, HEADER("${saved_entry}") ENTRY("a", REL) ENTRY("b", "5.10-x"));
	fake_bus_put(bus, ENV, "saved_entry=a\n");
	assert_run(bus, 0, "plan " NIC, "update-initramfs -u -k " REL "\n  reboot\n");
	fake_bus_put(bus, ENV, "saved_entry=b\n");
	assert_run(bus, 0, "plan " NIC, "-k " REL "\n  update-initramfs -u -k 5.10-x\n  reboot\n");
	fake_bus_put(bus, "/lib/modules/5.10-x/modules.dep", "x.ko:\n");
	assert_run(
		bus, 0, "plan " NIC,
		"kernel 5.10-x is that of the entry that GRUB takes by itself, and has no pciback");
	h->ops->unlink(h, "/usr/sbin/grub-mkconfig");
	fake_bus_put(bus, "/proc/cmdline", REL "\n");
	assert_run(bus, 1, "write --cmdline " NIC, "dom0's kernel (" CFG ":17)");
	fake_bus_put(bus, ENV, "saved_entry=a\n");
	assert_run(bus, 1, "write --cmdline " NIC, "dom0's kernel (" CFG ":13)");
}

int main(void)
{
	const struct CMUnitTest tests[] = { T(test_default), T(test_hostile), T(test_legacy),
					    T(test_next) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
