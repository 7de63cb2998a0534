/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xlpt doctor: a sound host has nothing bad, and what is wrong is named with its fact. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/file.h"
#include "tests/fake/broken.h"
#include "tests/fake/system.h"
#include "tests/unit/commands.h"

static int sound_setup(void **state)
{
	struct world *w = world_new();

	world_sound(w);
	*state = w;
	return 0;
}

#define sound_test(f) cmocka_unit_test_setup_teardown(f, sound_setup, world_teardown)

/* Every line that is bad or a warning is followed by what mends it. */
static void mends(const char *text)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(text);
	char *cursor = copy, *line, *trouble = NULL;

	while ((line = xlpt_file_line(&cursor))) {
		if (trouble && !xlpt_starts(line, "           to mend: "))
			fail_msg("nothing mends: %s", trouble);
		trouble = xlpt_starts(line, "  bad ") || xlpt_starts(line, "  warning ") ? line
											 : NULL;
	}
}

/* Exit status, and a line that begins with the state and has the words. */
static void says(struct world *w, int want, const char *state, const char *words)
{
	_cleanup_free_ char *out = NULL, *start = xlpt_xasprintf("  %-8s ", state);
	int status = world_run(w, "doctor");
	char *cursor, *line;

	out = xlpt_xstrdup(w->out);
	cursor = out;
	while ((line = xlpt_file_line(&cursor)))
		if (xlpt_starts(line, start) && strstr(line, words))
			break;
	if (status != want || !line)
		fail_msg("doctor: exit %d, want %d and \"%s%s\"\n%s%s", status, want, start, words,
			 w->out, w->err);
	mends(w->out);
}

static void test_sound(void **state)
{
	struct world *w = *state;

	says(w, 0, "ok", "Xen 4.17 runs, and this is its dom0");
	assert_non_null(strstr(w->out, "xen-pciback is loaded, mode vpci"));
	assert_null(strstr(w->out, "  bad "));
	assert_non_null(strstr(w->out, "bad: 0, "));
	ok(w, "attach web1 05:00.0");
	says(w, 0, "ok", "guests that run: 4, devices that they have: 1");
	says(w, 0, "warning", "the guard is not installed");
}

static void test_xen(void **state)
{
	struct world *w = *state;

	fake_bus_put(w->bus, "/sys/hypervisor/version/major", "4\n");
	fake_bus_put(w->bus, "/sys/hypervisor/version/minor", "17\n");
	fake_bus_put(w->bus, "/sys/hypervisor/version/extra", ".5\n");
	says(w, 0, "ok", "Xen 4.17.5 runs");
	fake_bus_put(w->bus, "/proc/77/exe", "");
	fake_bus_put(w->bus, "/proc/self/maps",
		     "7f00 r-xp 0 08:01 1 /usr/lib/x86_64-linux-gnu/libxenlight.so.4.20\n");
	says(w, 1, "bad", "libxl of Xen 4.20, and Xen 4.17.5 runs");
	fake_bus_put(w->bus, "/proc/self/maps", "");
	fake_bus_put(w->bus, "/sys/hypervisor/guest_type", "PVH\n");
	says(w, 0, "warning", "dom0 is a PVH domain");
}

static void test_xenstored(void **state)
{
	struct world *w = *state;

	says(w, 0, "unknown", "no process here is oxenstored or xenstored");
	fake_bus_link(w->bus, "/proc/77/exe", "/usr/lib/xen-4.17/bin/oxenstored (deleted)");
	says(w, 0, "ok", "oxenstored runs, process 77");
}

static void test_iommu_off(void **state)
{
	struct world *w = *state;

	fake_ts_iommu(w->ts, false);
	says(w, 1, "bad", "Xen runs without an IOMMU");
	assert_non_null(strstr(w->out, "to mend: reboot; xl dmesg | grep"));
}

static void test_pciback(void **state)
{
	struct world *w = *state;

	fake_bus_rmmod(w->bus, "pciback");
	says(w, 0, "warning", "xen-pciback is not loaded");
	assert_non_null(strstr(w->out, "to mend: modprobe xen-pciback"));
	fake_bus_put(w->bus, "/boot/config-" SYSTEM_KERNEL,
		     "# CONFIG_XEN_PCIDEV_BACKEND is not set\n");
	fake_bus_put(w->bus, "/lib/modules/" SYSTEM_KERNEL "/modules.dep", "");
	says(w, 1, "bad", "this kernel has no pciback");
}

static void test_configurations(void **state)
{
	struct world *w = *state;

	fake_bus_put(w->bus, "/etc/xen/web9.cfg",
		     "name = \"web9\"\npci = [ '02:00.0',\n '77:00.0', '06:00.*' ]\n");
	fake_bus_put(w->bus, "/etc/xen/xl.conf", "pci = [ '78:00.0' ]\n");
	fake_bus_link(w->bus, "/etc/xen/auto/web9", "../web9.cfg");
	says(w, 0, "warning", "/etc/xen/web9.cfg:3: names 0000:77:00.0");
	says(w, 0, "warning", "/etc/xen/web9.cfg:3: names 0000:06:00.*");
	assert_null(strstr(w->out, "0000:78"));
	assert_null(strstr(w->out, "/auto/"));
	fake_bus_put(w->bus, "/etc/xen/web9.cfg", "name = \"web9\"\npci = [ 'pool:none' ]\n");
	says(w, 0, "warning", "/etc/xen/web9.cfg:2: no pool is called");
	fake_bus_put(w->bus, "/etc/xen/web9.cfg", "name = \"web9\"\npci = [ 'pin:none' ]\n");
	says(w, 0, "warning", "/etc/xen/web9.cfg:2: ");
	fake_bus_put(w->bus, "/etc/xen/web9.cfg", "name = \"web9\"\npci = [ '02:00.0x' ]\n");
	says(w, 0, "warning", "/etc/xen/web9.cfg:2: ");
	fake_bus_put(w->bus, "/etc/xen/web9.cfg", "name = \"web9\npci = [\n");
	says(w, 0, "unknown", "/etc/xen/web9.cfg:");
}

/* It runs without, and a file says that it is to have a device. */
static void test_without_passthrough(void **state)
{
	struct world *w = *state;
	struct xlpt_guest *g = fake_ts_guest(w->ts, 7, "app1", XLPT_GUEST_PV);

	g->passthrough = XLPT_OFF;
	says(w, 0, "ok", "guests that run: 5");
	fake_bus_put(w->bus, "/etc/xen/app1.cfg", "name = \"app1\"\npci = [ '02:00.0' ]\n");
	says(w, 1, "bad",
	     "app1 runs without passthrough, so it can have no device, and "
	     "/etc/xen/app1.cfg gives it one");
}

static void test_device_model(void **state)
{
	struct world *w = *state;

	fake_store_set(w->store, "4711", "/local/domain/5/image/device-model-pid");
	fake_bus_put(w->bus, "/proc/4711/maps",
		     "7f00 r-xp 0 08:01 1 /usr/lib/x86_64-linux-gnu/libxenctrl.so.4.20\n");
	says(w, 0, "warning", "the device model of win1 has loaded libxenctrl of Xen 4.20");
}

static void test_boot(void **state)
{
	struct world *w = *state;

	says(w, 0, "ok", "nothing is to be hidden at boot");
	fake_bus_put(w->bus, "/etc/modprobe.d/hand.conf",
		     "options xen-pciback hide=(0000:02:00.0)\n");
	fake_bus_put(w->bus, "/run/systemd/system/x", "");
	says(w, 1, "bad", "0000:02:00.0 is to be hidden at boot: it is not");
	says(w, 1, "warning", "xlpt-boot-verify.service is not enabled");
	fake_bus_put(w->bus, "/etc/modprobe.d/hand.conf",
		     "options xen-pciback hide=(0000:02:00.0)(0b::00.1)\n");
	says(w, 1, "bad", "0b::00.1");
	assert_non_null(strstr(w->out, "/etc/modprobe.d/hand.conf"));
	fake_bus_put(w->bus, "/etc/modprobe.d/hand.conf", "options pciback hide=(0000:02:00.0)\n");
	says(w, 1, "bad", "0000:02:00.0 is to be hidden at boot: it is not: ");
	assert_non_null(strstr(w->out, "/etc/modprobe.d/hand.conf"));
}

static void test_budget(void **state)
{
	struct world *w = *state;

	fake_bus_put(w->bus, "/etc/xlpt/xlpt.conf", "hotplug-limit = 2\n");
	ok(w, "attach web1 05:00.0");
	ok(w, "detach web1 05:00.0");
	says(w, 0, "warning", "2 attaches and detaches are used, the limit is 2");
	fake_bus_put(w->bus, "/etc/xlpt/xlpt.conf", "hotplug-limit = none\n");
	says(w, 1, "bad", "/etc/xlpt/xlpt.conf:1: ");
}

/* ---- what was left half-done: doctor names it, repair clears it, an attach works ---- */

static void break_half_out(struct world *w)
{
	ok(w, "attach web1 05:00.0");
	fake_libxl_pci_ask_remove(w->store, 3, 0);
	w->clock.clock.sleep_ms(&w->clock.clock, 1000);
}

static void break_num_devs(struct world *w)
{
	ok(w, "attach --hide db1 03:00.0");
	fake_store_set(w->store, "0", "/local/domain/0/backend/pci/4/0/num_devs");
}

static void break_override(struct world *w)
{
	_cleanup_free_ char *dev = fake_bus_devpath(w->bus, "0000:02:00.0"),
			    *path = xlpt_xasprintf("%s/driver_override", dev);

	fake_bus_put(w->bus, path, "pciback\n");
}

static void break_gone(struct world *w)
{
	fake_libxl_pci_start(w->store, 44, B("05:00.0"));
}

static void break_files(struct world *w)
{
	fake_bus_put(w->bus, "/var/lib/xlpt/pools/.xlpt-0123456789abcdef~", "x");
}

static void test_left(void **state)
{
	static const struct {
		void (*breaks)(struct world *w);
		int status;
		const char *health, *words;
	} cases[] = {
		{ broken_journal, 1, "bad", "interrupted attach of 0000:05:00.0" },
		{ broken_mark, 1, "bad", "libxl notes domain 77 as the owner of 0000:05:00.0" },
		{ break_half_out, 1, "bad", "0000:05:00.0 is half-way out of web1" },
		{ break_num_devs, 1, "bad", "the PCI backend of domain 4 has 1 device, and" },
		{ break_override, 1, "bad", "0000:02:00.0 is kept for pciback, and e1000e has it" },
		{ break_gone, 1, "bad", "0000:05:00.0 is in the PCI backend of domain 44" },
		{ break_files, 0, "warning", "1 file that a killed xlpt had not finished" },
	};

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		struct world *w;

		assert_int_equal(sound_setup((void **)&w), 0);
		cases[i].breaks(w);
		says(w, cases[i].status, cases[i].health, cases[i].words);
		assert_non_null(strstr(w->out, "to mend: xlpt repair"));
		ok(w, "repair");
		says(w, 0, "ok", "nothing was left half-done");
		ok(w, "attach --hide web1 02:00.0");
		world_free(w);
	}
	(void)state;
}

/* ---- formats ---- */

static void test_json(void **state)
{
	struct world *w = *state;

	ok(w, "--json doctor");
	assert_non_null(strstr(w->out, "\"sound\": true"));
	assert_non_null(strstr(w->out, "\"check\": \"xenstored\""));
	fake_ts_iommu(w->ts, false);
	assert_int_equal(world_run(w, "--json doctor"), 1);
	assert_non_null(strstr(w->out, "\"sound\": false"));
	assert_null(strstr(w->out, "\"error\""));
	assert_int_equal(world_run(w, "--json doctor --metrics"), 2);
	assert_int_equal(world_run(w, "--json doctor --defects"), 2);
	ok(w, "doctor --defects");
	assert_non_null(strstr(w->out, "| XSA-476, CVE-2025-58149 | libxl: "));
}

/* ---- where there is less ---- */

static int run_without(struct world *w, const char *line, const char *sysroot, char **out,
		       char **err)
{
	struct xlpt_env env = { .clock = &w->clock.clock };
	_cleanup_free_ char *copy = xlpt_xstrdup(line);
	char *argv[16] = { (char[]){ "xlpt" } }, *save = NULL;
	int argc = 1, status;
	size_t n[2];

	if (!sysroot)
		env.host = fake_bus_host(w->bus);
	else
		argv[argc++] = xlpt_xasprintf("--sysroot=%s", sysroot);
	env.out = open_memstream(out, &n[0]);
	env.err = open_memstream(err, &n[1]);
	for (char *s = strtok_r(copy, " ", &save); s; s = strtok_r(NULL, " ", &save))
		argv[argc++] = s;
	status = xlpt_run(argc, argv, &env);
	fclose(env.out);
	fclose(env.err);
	if (sysroot)
		free(argv[1]);
	return status;
}

static void test_no_xen(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *out = NULL, *err = NULL;

	fake_bus_put(w->bus, "/sys/hypervisor/type", "kvm\n");
	fake_bus_put(w->bus, "/etc/xen/web9.cfg", "name = \"web9\"\npci = [ '77:00.0' ]\n");
	assert_int_equal(run_without(w, "doctor", NULL, &out, &err), 1);
	assert_true(xlpt_starts(out, "Xen\n  bad      there is no Xen on this host"));
	assert_non_null(strstr(out, "names 0000:77:00.0"));
	assert_non_null(strstr(out, "no operation was cut short"));
	assert_null(strstr(out, "IOMMU"));
}

/* A tree of files alone: nothing is taken for well that is not there. */
static void test_tree(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *out = NULL, *err = NULL;

	assert_int_equal(run_without(w, "doctor", fake_bus_host(w->bus)->root, &out, &err), 0);
	assert_non_null(strstr(out, "  unknown  this tree does not tell what Xen"));
	assert_non_null(strstr(out, "  unknown  guests' configurations are not in this tree"));
	assert_non_null(strstr(out, "  unknown  whether Xen runs with an IOMMU is not known"));
	assert_null(strstr(out, "  ok       guests that"));
	assert_null(strstr(out, "  ok       nothing was left"));
	assert_null(strstr(out, "  ok       the guard"));
	assert_null(strstr(out, " attaches and detaches are used"));
}

/* What was captured of Xen: its own line says why it has no IOMMU. */
static void test_captured(void **state)
{
	static const char erratum[] = "(XEN) 5500/5520/X58 Chipset Interrupt Remapping has an "
				      "erratum, disabling IOMMU\n"
				      "(XEN) I/O virtualisation disabled\n";
	struct world *w = *state;
	const char *root = fake_bus_host(w->bus)->root;
	char *out = NULL, *err = NULL;

	fake_bus_put(w->bus, "/xlpt-capture/toolstack",
		     "xlpt-capture 1\nversion 4.17\niommu 0 0\n");
	fake_bus_put(w->bus, "/xlpt-capture/xenstore", "");
	fake_bus_put(w->bus, "/xlpt-capture/xen-cmdline", "dom0=pvh iommu=quarantine=off\n");
	fake_bus_put(w->bus, "/xlpt-capture/xl-dmesg", erratum);
	assert_int_equal(run_without(w, "doctor", root, &out, &err), 1);
	assert_non_null(strstr(out, "  bad      Xen runs without an IOMMU"));
	assert_non_null(strstr(out, "\"5500/5520/X58 Chipset Interrupt Remapping has an erratum, "
				    "disabling IOMMU\""));
	assert_non_null(strstr(out, "to mend: interrupt remapping of this chipset is broken"));
	assert_non_null(strstr(out, "  warning  dom0 is a PVH domain"));
	free(XLPT_TAKE(out));
	free(XLPT_TAKE(err));
	fake_bus_put(w->bus, "/xlpt-capture/toolstack",
		     "xlpt-capture 1\nversion 4.17\niommu 1 1\n");
	fake_bus_put(w->bus, "/xlpt-capture/xl-dmesg", "(XEN) Interrupt remapping disabled\n");
	assert_int_equal(run_without(w, "doctor", root, &out, &err), 0);
	assert_non_null(strstr(out, "  warning  interrupt remapping is off"));
	assert_non_null(strstr(out, "  warning  Xen's command line turns quarantine off"));
	assert_non_null(strstr(out, "to mend: take the word quarantine out"));
	free(XLPT_TAKE(out));
	free(XLPT_TAKE(err));
	/* A capture that is damaged is no good news. */
	fake_bus_put(w->bus, "/xlpt-capture/toolstack", "xlpt-capture 1\nguest\n");
	assert_int_equal(run_without(w, "doctor", root, &out, &err), 0);
	assert_true(xlpt_starts(out, "Xen\n  unknown  "));
	assert_null(strstr(out, "  ok       Xen "));
	free(out);
	free(err);
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		sound_test(test_sound),
		sound_test(test_xen),
		sound_test(test_xenstored),
		sound_test(test_iommu_off),
		sound_test(test_pciback),
		sound_test(test_configurations),
		sound_test(test_without_passthrough),
		sound_test(test_device_model),
		sound_test(test_boot),
		sound_test(test_budget),
		cmocka_unit_test(test_left),
		sound_test(test_json),
		sound_test(test_no_xen),
		sound_test(test_tree),
		sound_test(test_captured),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
