/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GRUB's settings as the shell reads them: of several assignments, the one that counts at the next boot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/booting.h"

#define GRUB  "/etc/default/grub"
#define LIST  "xen-pciback.hide=(05:00.0)"
#define OTHER "xen-pciback.hide=(02:00.1)"
#define BOTH  "xen-pciback.hide=(0000:02:00.1)(" NIC ")"
#define BEHIND(end, word)                                                              \
	"GRUB_CMDLINE_LINUX_XEN_REPLACE" end "=\"${GRUB_CMDLINE_LINUX_XEN_REPLACE" end \
	":-$GRUB_CMDLINE_LINUX" end "} " word "\""

/* Which list the next boot's command line has, and where it stands; NULL: none. */
static void test_effective(void **state)
{
	static const struct {
		const char *text, *place;
	} cases[] = {
		{ "GRUB_CMDLINE_LINUX=\"" LIST "\"\n", ":1" },
		{ "GRUB_CMDLINE_LINUX=\"" LIST "\"\nGRUB_CMDLINE_LINUX=\"quiet\"\n", NULL },
		{ "GRUB_CMDLINE_LINUX=\"quiet\"\nGRUB_CMDLINE_LINUX=\"" LIST "\"\n", ":2" },
		{ "GRUB_CMDLINE_LINUX=\"" LIST "\"\nGRUB_CMDLINE_LINUX+=\" quiet\"\n", ":1" },
		{ "GRUB_CMDLINE_LINUX=\"" LIST
		  "\"\nGRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX quiet\"\n",
		  ":1" },
		{ "GRUB_CMDLINE_LINUX=\"" LIST
		  "\"\nGRUB_CMDLINE_LINUX=\"${GRUB_CMDLINE_LINUX:+x ${GRUB_CMDLINE_LINUX}} quiet\"\n",
		  ":1" },
		{ "GRUB_CMDLINE_LINUX=\"" LIST "\"\nGRUB_CMDLINE_LINUX='$GRUB_CMDLINE_LINUX'\n",
		  NULL },
		{ "GRUB_CMDLINE_LINUX=" LIST "; GRUB_CMDLINE_LINUX=quiet\n", NULL },
		{ "GRUB_CMDLINE_LINUX_DEFAULT=" LIST "\nGRUB_CMDLINE_LINUX_DEFAULT=\n", NULL },
		{ "GRUB_CMDLINE_LINUX=\"quiet\n\n" LIST "\"\nGRUB_TIMEOUT=5\n", ":1" },
		{ "L='(05:00.0)'\n\nGRUB_CMDLINE_LINUX=\"xen-pciback.hide=$L\"\nexport "
		  "GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX quiet\"\n",
		  ":3" },
		{ "GRUB_CMDLINE_LINUX=\"" LIST
		  "\"\nGRUB_CMDLINE_LINUX=\"${GRUB_CMDLINE_LINUX:+x}\"\n",
		  NULL },
		{ "X='a\\'\nGRUB_CMDLINE_LINUX=\"" LIST "\"\n", ":2" },
		{ "GRUB_CMDLINE_LINUX=\"${NONE:-" LIST "}\"\n", ":1" },
		{ "X=1\nGRUB_CMDLINE_LINUX=\"${X:-" LIST "}\"\n", NULL },
		{ "GRUB_CMDLINE_LINUX=\"$(echo '" LIST "') `echo " LIST "`\"\n", NULL },
		{ "# GRUB_CMDLINE_LINUX=" LIST "\necho GRUB_CMDLINE_LINUX=" LIST "\n", NULL },
		{ "GRUB_CMDLINE_LINUX_RECOVERY=\"" LIST "\"\n", NULL },
		{ "GRUB_CMDLINE_LINUX_XEN_REPLACE=\"" LIST "\"\nGRUB_CMDLINE_LINUX=\"\"\n", ":1" },
		{ "GRUB_CMDLINE_LINUX=\"" LIST "\"\nGRUB_CMDLINE_LINUX_XEN_REPLACE=\"quiet\"\n",
		  NULL },
		{ "GRUB_CMDLINE_LINUX=\"" LIST "\"\nGRUB_CMDLINE_LINUX_XEN_REPLACE=\"\"\n", ":1" },
		/* Which line is named: the last one that has it in its own words and is read. */
		{ "GRUB_CMDLINE_LINUX=\"" LIST "\"\nGRUB_CMDLINE_LINUX=\"" LIST " quiet\"\n",
		  ":2" },
		{ "A=\"" LIST "\"\nGRUB_CMDLINE_LINUX=\"$A\"\nGRUB_CMDLINE_LINUX=\"$A x\"\n",
		  ":1" },
		{ "GRUB_CMDLINE_LINUX=\"" LIST "\"\nGRUB_CMDLINE_XEN=\"" LIST "\"\n", ":1" },
		{ "GRUB_CMDLINE_LINUX=\"" LIST "\"\nGRUB_CMDLINE_LINUX_RECOVERY=\"" LIST "\"\n",
		  ":1" },
		/* As deep as it is followed, and one deeper. */
		{ "GRUB_CMDLINE_LINUX=\"${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-" LIST
		  "}}}}}}}}\"\n",
		  ":1" },
		{ "GRUB_CMDLINE_LINUX=\"${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-" LIST
		  "}}}}}}}}}\"\n",
		  NULL },
		/* Whether that is run is not known: the list is kept. */
		{ "GRUB_CMDLINE_LINUX=\"" LIST
		  "\"\nif [ -e /x ]; then\n\tGRUB_CMDLINE_LINUX=\"quiet\"\nfi\n",
		  ":1" },
		{ "GRUB_CMDLINE_LINUX=\"" LIST "\"\n[ -e /x ] && GRUB_CMDLINE_LINUX=\"quiet\"\n",
		  ":1" },
		{ "GRUB_CMDLINE_LINUX=\"" LIST
		  "\"\nif [ -e /x ]; then X=1; fi\nGRUB_CMDLINE_LINUX=\"quiet\"\n",
		  NULL },
	};
	struct fake_bus *bus = *state;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *want = xlpt_xasprintf(
			"the list of " GRUB "%s is taken over: (05:00.0)\n", cases[i].place);

		fake_bus_put(bus, GRUB, cases[i].text);
		assert_run(bus, 0, "plan 02:00.0",
			   cases[i].place ? want : "route        modprobe.d");
		if (!cases[i].place && strstr(said, "taken over"))
			fail_msg("%s:\n%s", cases[i].text, said);
	}
}

/* The files of grub.d come behind, in their order; one that does not end in .cfg is none. */
static void test_files(void **state)
{
	struct fake_bus *bus = *state;

	fake_bus_put(bus, GRUB, "GRUB_CMDLINE_LINUX=\"" LIST "\"\n");
	fake_bus_put(bus, GRUB ".d/old", "GRUB_CMDLINE_LINUX=\"quiet\"\n");
	assert_run(bus, 0, "plan 02:00.0", "the list of " GRUB ":1 is taken over");
	fake_bus_put(bus, GRUB ".d/old", "GRUB_CMDLINE_LINUX=\"" LIST "\"\n");
	assert_run(bus, 0, "plan 02:00.0", "the list of " GRUB ":1 is taken over");
	fake_bus_put(bus, GRUB ".d/old", "");
	fake_bus_put(bus, GRUB ".d/50-x.cfg", "\nGRUB_CMDLINE_LINUX=\"quiet\"\n");
	assert_run(bus, 0, "plan 02:00.0", "route        modprobe.d");
	assert_non_null(strstr(said, "read by nobody: " GRUB ":1 has " LIST "; " GRUB
				     ".d/50-x.cfg:2 sets GRUB_CMDLINE_LINUX anew, without it\n"));
	assert_run(bus, 1, "verify",
		   "0000:05:00.0: move the word to GRUB_CMDLINE_LINUX (" GRUB ".d/50-x.cfg:2); ");
	/* The same in an image, which has no command line. */
	assert_int_equal(fake_bus_host(bus)->ops->unlink(fake_bus_host(bus), "/proc/cmdline"), 0);
	assert_run(bus, 0, "plan 02:00.0", "50-x.cfg:2 sets GRUB_CMDLINE_LINUX anew");
	fake_bus_put(bus, GRUB ".d/50-x.cfg", "GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX quiet\"\n");
	assert_run(bus, 0, "plan 02:00.0", "the list of " GRUB ":1 is taken over");
	assert_null(strstr(said, "read by nobody"));
	/* Fedora's grub2-mkconfig reads none of them. */
	fake_bus_put(bus, GRUB ".d/50-x.cfg", "GRUB_CMDLINE_LINUX=\"quiet\"\n");
	fake_bus_put(bus, "/usr/sbin/grub-mkconfig", "");
	assert_run(bus, 0, "plan", "the list of " GRUB ":1 is taken over");
}

/* It is for the entries of a rescue. */
static void test_recovery(void **state)
{
	struct fake_bus *bus = *state;

	fake_bus_put(bus, "/usr/sbin/update-grub", "");
	fake_bus_put(bus, GRUB, "GRUB_CMDLINE_LINUX_RECOVERY=\"" LIST "\"\n");
	assert_run(bus, 1, "verify",
		   GRUB ":1 has " LIST "; GRUB_CMDLINE_LINUX_RECOVERY is not for the entry that "
			"starts Xen with dom0's kernel");
	assert_non_null(strstr(said, "move the word to GRUB_CMDLINE_LINUX; update-grub; reboot"));
}

/* All is hidden in this boot, and a later one would not have the list: exit status 0 would be too much. */
static void test_hidden_for_now(void **state)
{
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);

	fake_bus_driver(bus, "pciback", NULL);
	assert_int_equal(xlpt_host_write_text(h, FREE, "/sys/bus/pci/drivers/e1000e/unbind"), 0);
	assert_int_equal(xlpt_host_write_text(h, FREE, "/sys/bus/pci/drivers/pciback/new_slot"), 0);
	assert_int_equal(xlpt_host_write_text(h, FREE, "/sys/bus/pci/drivers/pciback/bind"), 0);
	fake_bus_put(bus, "/usr/sbin/update-grub", "");
	fake_bus_put(bus, "/proc/cmdline", "ro " LIST "\n");
	fake_bus_put(bus, GRUB, "GRUB_CMDLINE_LINUX=\"" LIST "\"\n");
	assert_run(bus, 0, "verify", "hidden");
	fake_bus_put(bus, GRUB, "GRUB_CMDLINE_LINUX=\"" LIST "\"\nGRUB_CMDLINE_LINUX=quiet\n");
	assert_run(bus, 1, "verify",
		   "what is hidden in this boot will not be hidden in a later one");
	assert_non_null(strstr(said, "sets GRUB_CMDLINE_LINUX anew"));
	assert_non_null(strstr(said, "to mend: xlpt boot write\n"));
	assert_run(bus, 1, "verify --json",
		   "\"lost_later\": \"this boot has the list of " GRUB ":1");
	assert_run(bus, 0, "write", NULL);
	assert_run(bus, 0, "verify --json", "\"lost_later\": null");
}

/* This boot has it, and the next one would not: verify warns, write keeps it. */
static void test_lost_next_time(void **state)
{
	struct fake_bus *bus = *state;

	fake_bus_put(bus, "/usr/sbin/update-grub", "");
	fake_bus_put(bus, "/proc/cmdline", "ro " LIST "\n");
	fake_bus_put(bus, GRUB, "GRUB_CMDLINE_LINUX=\"" LIST "\"\nGRUB_CMDLINE_LINUX=\"quiet\"\n");
	assert_run(bus, 1, "verify",
		   "this boot has the list of " GRUB ":1, and " GRUB ":2 sets GRUB_CMDLINE_LINUX "
		   "anew, without it: after the next update-grub nothing is hidden; to keep it: "
		   "xlpt boot write\n");
	assert_run(bus, 0, "write", "wrote " XLPT_GRUB_CFG);
	assert_run(bus, 1, "verify", NULL);
	assert_null(strstr(said, "nothing is hidden"));
	assert_run(bus, 0, "remove", NULL);
	fake_bus_put(bus, GRUB, "GRUB_CMDLINE_LINUX=\"" LIST "\"\nGRUB_CMDLINE_LINUX+=\" x\"\n");
	assert_run(bus, 1, "verify", NULL);
	assert_null(strstr(said, "nothing is hidden"));
}

/* Our own file is no list of others, and is thought of before it is there. */
static void test_own_file(void **state)
{
	struct fake_bus *bus = *state;

	/* A value of others for the variable that ours has, before ours is on the disk. */
	fake_bus_put(bus, GRUB, "GRUB_CMDLINE_LINUX_XEN_REPLACE=\"console=hvc0\"\n");
	assert_run(bus, 0, "write --cmdline 02:00.0", "wrote " XLPT_GRUB_CFG);
	assert_run(bus, 0, "plan 05:00.0", NULL);
	assert_null(strstr(said, "taken over"));
	assert_run(bus, 0, "remove", "removed " XLPT_GRUB_CFG);
	assert_null(strstr(said, "effective again"));
	fake_bus_put(bus, GRUB, "GRUB_CMDLINE_LINUX=\"" OTHER "\"\n");
	assert_run(bus, 0, "write 02:00.0", "wrote " XLPT_GRUB_CFG);
	assert_run(bus, 0, "remove", GRUB ":1 is effective again and hides (02:00.1)");
}

/* An empty list is one: it takes the place of modprobe.d's, and names nothing by itself. */
static void test_empty(void **state)
{
	struct fake_bus *bus = *state;

	fake_bus_put(bus, "/etc/modprobe.d/a.conf", "options xen-pciback hide=(05:00.0)\n");
	fake_bus_put(bus, "/proc/cmdline", "ro xen-pciback.hide=\n");
	assert_run(bus, 0, "plan", "hidden now   nothing, by an empty list (command line)\n");
	assert_run(bus, 1, "verify", "the command line's xen-pciback.hide= replaces the list of");
	fake_bus_put(bus, "/etc/modprobe.d/a.conf", "");
	assert_run(bus, 0, "verify", "nothing is to be hidden at boot");
	/* The line itself has none, its variable does. */
	fake_bus_put(bus, "/proc/cmdline", "ro\n");
	fake_bus_put(bus, GRUB, "L='(05:00.0)'\nGRUB_CMDLINE_LINUX=\"xen-pciback.hide=$L\"\n");
	assert_run(bus, 1, "verify", GRUB ":2 has xen-pciback.hide=(05:00.0), and the command");
	assert_null(strstr(said, "hide=;"));
	assert_null(strstr(said, "hide=,"));
}

/* This boot has a list, and what the next one takes has none. */
static void test_lost_elsewhere(void **state)
{
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);
	const char *cfg = "/boot/grub/grub.cfg";

	fake_bus_put(bus, "/usr/sbin/update-grub", "");
	fake_bus_put(bus, "/proc/cmdline", "placeholder ro " LIST "\n");
	/* Nothing tells of the next boot. */
	assert_run(bus, 1, "verify --json", "\"lost_later\": null");
	fake_bus_put(bus, GRUB,
		     "GRUB_CMDLINE_LINUX=\"" LIST "\"\nGRUB_CMDLINE_LINUX_XEN_REPLACE=quiet\n");
	assert_run(bus, 1, "verify",
		   "this boot has the list of " GRUB ":1, and " GRUB ":2 sets "
		   "GRUB_CMDLINE_LINUX_XEN_REPLACE, which takes the place of GRUB_CMDLINE_LINUX "
		   "for Xen: after the next update-grub nothing is hidden");
	fake_bus_put(bus, GRUB, "");
	fake_bus_put(bus, cfg, "multiboot2 /xen.gz\nmodule2 /vmlinuz placeholder ro " LIST "\n");
	assert_run(bus, 1, "verify",
		   "this boot has the list of /boot/grub/grub.cfg:2, and GRUB's settings do not "
		   "have it: after the next update-grub nothing is hidden");
	fake_bus_put(bus, "/etc/grub.d/40_custom", "module2 /vmlinuz ro " LIST "\n");
	assert_run(bus, 1, "verify --json", "\"lost_later\": null");
	fake_bus_put(bus, cfg, "multiboot2 /xen.gz\nmodule2 /vmlinuz placeholder ro\n");
	assert_run(bus, 1, "verify",
		   "no entry of GRUB and none of its settings has it: at the next");
	/* Another boot loader's line. */
	assert_int_equal(h->ops->unlink(h, "/usr/sbin/grub-mkconfig"), 0);
	assert_run(bus, 1, "verify",
		   "this boot has " LIST ", and /boot/grub/grub.cfg:2, which the next one takes, "
		   "has it not: then nothing is hidden");
	fake_bus_put(bus, cfg,
		     "multiboot2 /xen.gz\nmodule2 /vmlinuz ro xen-pciback.hide=(2:0.0)\n");
	assert_run(bus, 1, "verify --json", "\"lost_later\": null");
}

/* Another line would take the place of xlpt's own list: it is not written, and verify says why. */
static void test_last_word(void **state)
{
	struct fake_bus *bus = *state;

	fake_bus_put(bus, "/usr/sbin/update-grub", "");
	/* A list that comes behind GRUB_CMDLINE_LINUX on the line: ours goes behind it, too. */
	fake_bus_put(bus, GRUB, "GRUB_TIMEOUT=5\nGRUB_CMDLINE_LINUX_DEFAULT=\"" OTHER "\"\n");
	assert_run(bus, 0, "write 02:00.0", "the list of " GRUB ":2 is taken over: (02:00.1)");
	assert_text(bus, XLPT_GRUB_CFG, HEAD BEHIND("", BOTH) "\n" BEHIND("_DEFAULT", BOTH));
	assert_run(bus, 0, "write", "nothing to change");
	fake_bus_put(bus, GRUB, "GRUB_CMDLINE_LINUX_XEN_REPLACE_DEFAULT=\"" OTHER "\"\n");
	assert_run(bus, 0, "write", "nothing to change");
	/* Not when a later file sets it. */
	fake_bus_put(bus, GRUB ".d/zz.cfg",
		     "\nGRUB_CMDLINE_LINUX_XEN_REPLACE_DEFAULT=\"" OTHER "\"\n");
	assert_run(bus, 1, "write 05:00.0", "another line of GRUB's settings has the last word");
	assert_non_null(strstr(said, GRUB ".d/zz.cfg:2 has xen-pciback.hide=(02:00.1), which comes "
					  "behind the list of " XLPT_GRUB_CFG));
	assert_non_null(strstr(said, "take that word out of " GRUB ".d/zz.cfg:2, and run: xlpt "
				     "boot write '(0000:02:00.1)(" NIC ")(" FREE ")'"));
	assert_text(bus, XLPT_GRUB_CFG, HEAD BEHIND("", BOTH) "\n" BEHIND("_DEFAULT", BOTH));
	fake_bus_put(bus, GRUB ".d/zz.cfg", "");
	fake_bus_put(bus, GRUB, "");
	assert_run(bus, 0, "write", "wrote " XLPT_GRUB_CFG);
	assert_text(bus, XLPT_GRUB_CFG, HEAD BEHIND("", BOTH));
	/* In a variable that xlpt's line has in its own, it is no trouble. */
	fake_bus_put(bus, GRUB, "GRUB_CMDLINE_LINUX=\"" OTHER "\"\n");
	assert_run(bus, 0, "write 05:00.0", "wrote " XLPT_GRUB_CFG);
	fake_bus_put(bus, GRUB ".d/zz.cfg", "GRUB_CMDLINE_LINUX_XEN_REPLACE=\"console=hvc0\"\n");
	assert_run(bus, 1, "write",
		   GRUB ".d/zz.cfg:1 sets GRUB_CMDLINE_LINUX_XEN_REPLACE anew, without the list");
	assert_non_null(strstr(said, "to mend: write $GRUB_CMDLINE_LINUX_XEN_REPLACE at the "
				     "beginning of the value there, then: update-grub\n"));
	assert_run(bus, 0, "remove", NULL);
}

static void test_last_word_verify(void **state)
{
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);

	assert_run(bus, 0, "write --cmdline 02:00.0", "wrote " XLPT_GRUB_CFG);
	fake_bus_put(bus, GRUB ".d/zz.cfg", "GRUB_CMDLINE_LINUX_XEN_REPLACE=\"console=hvc0\"\n");
	assert_int_equal(h->ops->unlink(h, XLPT_BOOT_STAMP), 0);
	fake_bus_driver(bus, "pciback", NULL);
	fake_bus_put(bus, "/sys/module/xen_pciback/parameters/hide", "(null)\n");
	assert_run(bus, 1, "verify",
		   GRUB ".d/zz.cfg:1 sets GRUB_CMDLINE_LINUX_XEN_REPLACE anew, without the list");
	fake_bus_put(bus, GRUB ".d/zz.cfg",
		     "GRUB_CMDLINE_LINUX_XEN_REPLACE=\"$GRUB_CMDLINE_LINUX_XEN_REPLACE quiet\"\n");
	assert_run(bus, 1, "verify", "the kernel was started without xen-pciback.hide=");
}

/* Where grub-mkconfig reads no grub.d: what is there already is named, with its line. */
static void test_by_hand(void **state)
{
	struct fake_bus *bus = *state;

	fake_bus_put(bus, "/usr/sbin/grub-mkconfig", "");
	fake_bus_put(bus, GRUB, "A=1\nGRUB_CMDLINE_LINUX_DEFAULT=\"quiet " LIST "\"\n");
	fake_bus_put(bus, "/lib/modules/" REL "/modules.dep", "");
	fake_bus_put(bus, "/lib/modules/" REL "/modules.builtin", "xen-pciback.ko\n");
	assert_run(bus, 1, "write 05:00.0",
		   "to mend: grub-mkconfig -o /boot/grub/grub.cfg; reboot: " GRUB
		   ":2 has the list already\n");
	fake_bus_put(bus, "/lib/modules/" REL "/modules.dep", "xen-pciback.ko:\n");
	/* A module has to be loaded first, besides: with such a list that is all there is to write. */
	assert_run(bus, 0, "write 05:00.0", "grub-mkconfig -o /boot/grub/grub.cfg\n  reboot\n");
	assert_text(bus, XLPT_MODPROBE_CONF, HEAD "softdep e1000e pre: xen-pciback");
	assert_text(bus, XLPT_GRUB_CFG, NULL);
	assert_run(bus, 0, "remove", NULL);
	assert_int_equal(fake_bus_host(bus)->ops->unlink(fake_bus_host(bus), XLPT_BOOT_STAMP), 0);
	assert_run(bus, 1, "verify 05:00.0", "reboot, or: xlpt boot write 0000:05:00.0\n");
	assert_run(bus, 1, "verify 02:00.0", "in the place of the list that is there");
	assert_run(bus, 1, "write 02:00.0",
		   "to mend: in " GRUB ":2, write xen-pciback.hide=(" FREE ")(" NIC
		   ") in the place "
		   "of the list that is there, then: grub-mkconfig -o /boot/grub/grub.cfg\n");
	fake_bus_put(bus, GRUB, "");
	assert_run(bus, 1, "write --cmdline 02:00.0",
		   "to mend: add xen-pciback.hide=(" NIC ") to GRUB_CMDLINE_LINUX in " GRUB
		   ", then: grub-mkconfig -o /boot/grub/grub.cfg\n");
	/* The variable that stands in for it, when there is one; and the file that has entries of Xen. */
	fake_bus_put(bus, GRUB,
		     "GRUB_CMDLINE_LINUX=a\n\nGRUB_CMDLINE_LINUX_XEN_REPLACE=\"console=hvc0\"\n");
	fake_bus_put(bus, "/boot/efi/EFI/fedora/grub.cfg",
		     "multiboot2 /xen.gz\nmodule2 /vmlinuz ro\n");
	assert_run(bus, 1, "write --cmdline 02:00.0",
		   ") to GRUB_CMDLINE_LINUX_XEN_REPLACE in " GRUB
		   ":3, then: grub-mkconfig -o /boot/efi/EFI/fedora/grub.cfg\n");
}

/* A file that makes itself larger and larger has an end. */
static void test_endless(void **state)
{
	struct fake_bus *bus = *state;
	_cleanup_str_ struct xlpt_str text = { 0 };

	xlpt_str_add(&text, "A=xxxxxxxxxxxxxxxx\n");
	for (unsigned i = 0; i < 3000; i++)
		xlpt_str_add(&text, "A=\"$A$A\"\n");
	xlpt_str_add(&text, "B=${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-$\\\n");
	fake_bus_put(bus, GRUB, text.s);
	assert_run(bus, 0, "plan 02:00.0", "route        modprobe.d");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_effective),	  T(test_files),	  T(test_recovery),
		T(test_hidden_for_now),	  T(test_lost_next_time), T(test_last_word),
		T(test_last_word_verify), T(test_own_file),	  T(test_empty),
		T(test_lost_elsewhere),	  T(test_endless),	  T(test_by_hand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
