/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The units for systemd, as they are shipped and as vf create --persist writes them: what they
 * wait for and what waits for them, and that systemd can read them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "tests/fake/bus.h"
#include "xl-plugin/vf/vf.h"

#define VERIFY "docs/systemd/xlpt-boot-verify.service"
#define APPLY  "docs/systemd/xlpt-apply.service"

static char *slurp(const char *path)
{
	struct xlpt_str out = { 0 };
	FILE *f = fopen(path, "r");
	char buf[4096];
	size_t n;

	assert_non_null(f);
	while ((n = fread(buf, 1, sizeof(buf), f)))
		xlpt_str_addn(&out, buf, n);
	fclose(f);
	return xlpt_str_take(&out);
}

/* Whether one of the lines "KEY=..." of the unit names the word. */
static bool names(const char *unit, const char *key, const char *word)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(unit);
	size_t len = strlen(key);
	char *lines = NULL;

	for (char *l = strtok_r(copy, "\n", &lines); l; l = strtok_r(NULL, "\n", &lines)) {
		char *words = NULL;

		if (strncmp(l, key, len) || l[len] != '=')
			continue;
		for (char *w = strtok_r(l + len + 1, " ", &words); w;
		     w = strtok_r(NULL, " ", &words))
			if (!strcmp(w, word))
				return true;
	}
	return false;
}

/* Debian's, Xen's own and the sysvinit generator's names for what starts Xen; nothing else is. */
static void assert_order(const char *unit)
{
	static const char *const after[] = { "xen.service", "xenstored.service",
					     "xen-init-dom0.service", "proc-xen.mount",
					     "local-fs.target" };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(after); i++)
		if (!names(unit, "After", after[i]))
			fail_msg("it is not ordered after %s:\n%s", after[i], unit);
	assert_true(names(unit, "Before", "xendomains.service"));
	assert_true(names(unit, "WantedBy", "multi-user.target"));
	/* It is deprecated, and costs tens of seconds of a boot. */
	assert_null(strstr(unit, "systemd-udev-settle"));
}

static void test_verify(void **state)
{
	_cleanup_free_ char *unit = slurp(VERIFY);

	(void)state;
	assert_order(unit);
	/* Mounted by /etc/init.d/xen on Debian, in the course of xen.service. */
	assert_null(strstr(unit, "=/proc/xen"));
	assert_true(names(unit, "ConditionPathExists", "/sys/hypervisor/properties/features"));
	assert_non_null(strstr(unit, "\nExecStart=/usr/local/sbin/xlpt boot verify\n"));
}

static void test_apply(void **state)
{
	_cleanup_free_ char *unit = slurp(APPLY), *preset = slurp("docs/systemd/80-xlpt.preset");

	(void)state;
	assert_order(unit);
	assert_true(names(unit, "Before", "xlpt-boot-verify.service"));
	assert_true(names(unit, "Before", "libvirt-guests.service"));
	/* libvirtd starts guests with autostart as soon as it runs. */
	assert_true(names(unit, "Before", "libvirtd.service"));
	assert_true(names(unit, "Before", "virtxend.service"));
	assert_true(names(unit, "ConditionPathExists", "/sys/hypervisor/properties/features"));
	/* One of the two is enough. */
	assert_true(names(unit, "ConditionPathExists", "|/etc/xlpt/host.conf"));
	assert_true(names(unit, "ConditionDirectoryNotEmpty", "|/etc/xlpt/host.conf.d"));
	assert_non_null(strstr(unit, "\nExecStart=/usr/local/sbin/xlpt apply\n"));
	assert_non_null(strstr(preset, "\ndisable xlpt-apply.service\n"));
}

static void test_vf(void **state)
{
	static const struct {
		const char *pf, *device, *wait;
	} cases[] = {
		{ "enp1s0", "sys-subsystem-net-devices-enp1s0.device", NULL },
		/* systemd.unit(5), "string escaping for inclusion in unit names" */
		{ "lan-0.7", "sys-subsystem-net-devices-lan\\x2d0.7.device", NULL },
		{ "0000:01:00.0", NULL,
		  "--exit-if-exists=/sys/bus/pci/devices/0000:01:00.0/driver" },
		{ "pin:nic0", NULL, "--timeout=30" },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *unit =
			xlpt_vf_unit_text("/usr/sbin/xlpt", cases[i].pf, 4, XLPT_UNSET);
		_cleanup_free_ char *run =
			xlpt_xasprintf("\nExecStart=/usr/sbin/xlpt vf create %s 4\n", cases[i].pf);

		assert_order(unit);
		assert_true(names(unit, "Before", "xlpt-boot-verify.service"));
		assert_non_null(strstr(unit, run));
		/* Where xlpt was removed, it is skipped and has not failed. */
		assert_true(names(unit, "ConditionFileIsExecutable", "/usr/sbin/xlpt"));
		assert_int_equal(strstr(unit, ".device") != NULL, cases[i].device != NULL);
		if (cases[i].device) {
			assert_true(names(unit, "After", cases[i].device));
			assert_true(names(unit, "Wants", cases[i].device));
		}
		if (cases[i].wait)
			assert_true(names(unit, "ExecStartPre", cases[i].wait));
	}
}

/* Debian's packages have a program for each Xen: the unit names what runs the right one. */
static void test_program_of_a_package(void **state)
{
	struct fake_bus *bus = fake_bus_new();
	struct xlpt_host *h = fake_bus_host(bus);
	static const char *const cases[][2] = {
		{ "/usr/lib/xen-4.17/bin/xlpt", "/usr/sbin/xlpt" },
		{ "/usr/local/sbin/xlpt", "/usr/local/sbin/xlpt" },
		{ "/usr/lib/xen-4.17/bin/other/xlpt", "/usr/lib/xen-4.17/bin/other/xlpt" },
		/* There is nothing that would run this one. */
		{ "/opt/lib/xen-4.20/bin/xlpt", "/opt/lib/xen-4.20/bin/xlpt" },
	};

	(void)state;
	fake_bus_put(bus, "/usr/sbin/xlpt", "#!/bin/sh\n");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *program = xlpt_vf_unit_program(h, cases[i][0]);

		assert_string_equal(program, cases[i][1]);
	}
	fake_bus_free(bus);
}

/* Where systemd is at hand it reads them itself; the program they start need not be there. */
static void test_systemd_reads_them(void **state)
{
	char dir[] = "/tmp/xlpt-units-XXXXXX";
	_cleanup_free_ char *verify = slurp(VERIFY), *apply = slurp(APPLY), *said = NULL,
			    *command = NULL;
	_cleanup_free_ char *by_name = xlpt_vf_unit_text("/bin/true", "lan-0", 4, XLPT_UNSET);
	_cleanup_free_ char *by_address =
		xlpt_vf_unit_text("/bin/true", "0000:01:00.0", 4, XLPT_UNSET);
	/* systemd-analyze takes what follows a ":" for an alias. */
	const char *const units[][2] = { { "xlpt-boot-verify.service", verify },
					 { "xlpt-apply.service", apply },
					 { "xlpt-vf-lan-0.service", by_name },
					 { "xlpt-vf-address.service", by_address } };

	(void)state;
	if (system("systemd-analyze --version >/dev/null 2>&1"))
		skip();
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(units); i++) {
		_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", dir, units[i][0]);
		FILE *f = fopen(path, "w");

		assert_non_null(f);
		fputs(units[i][1], f);
		fclose(f);
	}
	command =
		xlpt_xasprintf("cd %s && sed -i 's,/usr/local/sbin/xlpt,/bin/true,;s,/bin/udevadm,"
			       "/bin/true,' *.service && systemd-analyze verify --man=no "
			       "./*.service >said 2>&1",
			       dir);
	assert_int_equal(system(command), 0);
	free(command);
	command = xlpt_xasprintf("%s/said", dir);
	said = slurp(command);
	free(command);
	command = xlpt_xasprintf("rm -r %s", dir);
	assert_int_equal(system(command), 0);
	/* What it cannot read it ignores with a message. */
	assert_string_equal(said, "");
}

/* What systemd says of how far each of them is confined: 100 is not at all. */
static void test_confined(void **state)
{
	static const char *const units[] = { VERIFY, APPLY };

	(void)state;
	if (system("systemd-analyze security --offline=yes --version >/dev/null 2>&1"))
		skip();
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(units); i++) {
		_cleanup_free_ char *command =
			xlpt_xasprintf("systemd-analyze security --offline=yes --threshold=70 %s "
				       ">/dev/null 2>&1",
				       units[i]);

		if (system(command))
			fail_msg("it is confined less than it was: systemd-analyze security "
				 "--offline=yes %s",
				 units[i]);
	}
}

/* A unit's name and its ExecStart= line: what systemd would expand or take apart is refused. */
static void test_odd_names(void **state)
{
	static const char *const odd[] = { "a%n",	"$HOME",   "a\"b",	"a'b", "a\\x20",
					   "a;b",	"a b",	   "-rf",	"a@b", "a\033[1m",
					   "b\xc3\xbc", "pin:a%n", "pin:$(id)", "a#b" };
	static const char *const plain[] = { "enp1s0", "lan-0.7", "0000:01:00.0", "pin:nic_0" };
	struct xlpt_bdf bdf;

	(void)state;
	assert_true(xlpt_bdf_from_sysfs_name("0000:01:00.0", &bdf));
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(odd); i++) {
		_cleanup_diag_ struct xlpt_diag diag = { 0 };

		assert_int_equal(xlpt_vf_unit_judge(odd[i], bdf, &diag), XLPT_ERR_CONFLICT);
		assert_string_equal(diag.hint, "name it by its address: 0000:01:00.0");
	}
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(plain); i++)
		assert_int_equal(xlpt_vf_unit_judge(plain[i], bdf, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_odd_names),
		cmocka_unit_test(test_verify),
		cmocka_unit_test(test_apply),
		cmocka_unit_test(test_vf),
		cmocka_unit_test(test_program_of_a_package),
		cmocka_unit_test(test_systemd_reads_them),
		cmocka_unit_test(test_confined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
