/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists on the command line of dom0's kernel: read as the kernel and GRUB's shell read them, taken over, written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/booting.h"

static void test_cmdline_text(void **state)
{
	static const struct {
		const char *line, *want;
	} cases[] = {
		{ "", NULL },
		{ "xen-pciback.hide=(1:0.0)", "(1:0.0)" },
		{ "a xen_pciback.hide=(1:0.0) b xen-pciback.hide=(2:0.0)\n", "(2:0.0)" },
		{ "xen-pciback.hide=\"(1:0.0) (2:0.0)\" ro", "(1:0.0) (2:0.0)" },
		{ "\"xen-pciback.hide=(1:0.0) (2:0.0)\" ro", "(1:0.0) (2:0.0)" },
		{ "pciback.hide=(1:0.0) x.hide=(2:0.0) xen-pciback.hidden=1", NULL },
		{ "xen-pciback.hide=", "" },
		{ "xen-pciback.permissive=1 .hide=x =", NULL },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *got = xlpt_cmdline_hide(cases[i].line, "xen-pciback");

		if (!xlpt_streq(got, cases[i].want))
			fail_msg("\"%s\": \"%s\"", cases[i].line, got ? got : "none");
	}
}

/* Lines that go on behind a backslash, in modprobe.d and in GRUB's settings; "export". */
static void test_long_lines(void **state)
{
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);

	fake_bus_put(bus, "/etc/modprobe.d/a.conf",
		     "# x\noptions xen-pciback \\\n  hide=(05:00.0)\n");
	assert_run(bus, 0, "plan", "hidden now   (05:00.0) (/etc/modprobe.d/a.conf:2)");
	assert_run(bus, 0, "plan 02:00.0",
		   "the list of /etc/modprobe.d/a.conf:2 is taken over: (05:00.0)");
	fake_bus_put(bus, "/etc/modprobe.d/a.conf", "install xen-pciback \\\n /bin/true\n");
	assert_run(bus, 1, "write 02:00.0", "/etc/modprobe.d/a.conf:1 has modprobe run /bin/true");
	assert_int_equal(h->ops->unlink(h, "/etc/modprobe.d/a.conf"), 0);
	fake_bus_put(bus, "/etc/default/grub",
		     "A=\nGRUB_CMDLINE_LINUX=\"quiet \\\n xen-pciback.hide=(05:00.0)\"\n");
	assert_run(bus, 0, "plan", "the list of /etc/default/grub:2 is taken over: (05:00.0)");
	fake_bus_put(bus, "/etc/default/grub",
		     "export GRUB_CMDLINE_LINUX=\"xen-pciback.hide=(05:00.0)\"\n");
	assert_run(bus, 0, "plan", "the list of /etc/default/grub:1 is taken over: (05:00.0)");
}

/* As the shell reads them: quotes in the middle, quotes in quotes, a comment behind. */
static void test_quotes(void **state)
{
	static const char *const lines[] = {
		"GRUB_CMDLINE_LINUX=$GRUB_CMDLINE_LINUX' xen-pciback.hide=(05:00.0)'\n",
		"GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX\"' xen-pciback.hide='\"(05:00.0)\"\n",
		"GRUB_CMDLINE_LINUX=\"quiet xen-pciback.hide=\\\"(05:00.0)\\\"\"\n",
		"GRUB_CMDLINE_LINUX=\"xen-pciback.hide=(05:00.0)\" # \"quiet\"\n",
		"GRUB_CMDLINE_LINUX=xen-pciback.hide=\\(05:00.0\\) # x\n",
	};
	struct fake_bus *bus = *state;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(lines); i++) {
		fake_bus_put(bus, "/etc/default/grub", lines[i]);
		assert_run(bus, 0, "plan 02:00.0",
			   "the list of /etc/default/grub:1 is taken over: (05:00.0)");
	}
	fake_bus_put(bus, "/etc/default/grub",
		     "GRUB_CMDLINE_LINUX=\"quiet\" # xen-pciback.hide=(05:00.0)\n");
	assert_run(bus, 0, "plan 02:00.0", "route        modprobe.d");
	assert_null(strstr(said, "is taken over"));
}

static void test_cmdline(void **state)
{
	struct fake_bus *bus = *state;

	/* One is there: it would replace ours, so ours goes there, too, with its devices. */
	fake_bus_put(bus, "/proc/cmdline", "ro xen-pciback.hide=(" FREE ") quiet\n");
	assert_run(bus, 0, "write " NIC, "/proc/cmdline is taken over");
	assert_text(bus, XLPT_GRUB_CFG,
		    HEAD "GRUB_CMDLINE_LINUX_XEN_REPLACE=\"${GRUB_CMDLINE_LINUX_XEN_REPLACE:-"
			 "$GRUB_CMDLINE_LINUX} xen-pciback.hide=(" FREE ")(" NIC ")\"");
	assert_text(bus, XLPT_MODPROBE_CONF, HEAD "softdep e1000e pre: xen-pciback");
	/* Ours was on this boot's line; taken out, it does not come back by itself. */
	fake_bus_put(bus, "/proc/cmdline", "xen-pciback.hide=(" FREE ")(" NIC ")");
	assert_run(bus, 0, "remove", NULL);
	assert_text(bus, XLPT_GRUB_CFG, NULL);
	assert_run(bus, 0, "write " NIC, NULL);
	assert_text(bus, XLPT_MODPROBE_CONF, DROPIN("(" NIC ")"));
	assert_text(bus, XLPT_GRUB_CFG, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_cmdline_text),
		T(test_long_lines),
		T(test_quotes),
		T(test_cmdline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
