/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Resets on a fake host: the ways, the proof, the refusals, what a killed one leaves.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "pciback/reset/reset.h"
#include "pciback/device/scan.h"
#include "tests/unit/commands.h"
#include "xl-plugin/hotplug/gone.h"

enum { MSIX = 0x50, MSI = 0x60, PM = 0x70, PCIE = 0x80 };

/* An endpoint with the capabilities whose first bytes are given. */
static void config(uint8_t cfg[256], bool msix, bool msi, bool pcie_flr)
{
	unsigned at = 0x34;

	memset(cfg, 0, 256);
	cfg[0] = 0x86, cfg[1] = 0x80, cfg[2] = 0xd3, cfg[3] = 0x10;
	cfg[4] = 0x02;
	cfg[6] = 0x10; /* capability list */
	cfg[0x0b] = 0x02;
	cfg[0x10] = 0x00, cfg[0x13] = 0xfe;
	if (msix) {
		cfg[at] = MSIX, cfg[MSIX] = 0x11, cfg[MSIX + 2] = 4;
		at = MSIX + 1;
	}
	if (msi) {
		cfg[at] = MSI, cfg[MSI] = 0x05, cfg[MSI + 2] = 0x80;
		at = MSI + 1;
	}
	cfg[at] = PM, cfg[PM] = 0x01;
	at = PM + 1;
	cfg[at] = PCIE, cfg[PCIE] = 0x10, cfg[PCIE + 2] = 2;
	cfg[PCIE + 7] = pcie_flr ? 0x10 : 0;
}

/* A device on pciback, as the kernel and the fake's export of it see that. */
static void add_hidden(struct world *w, const char *bdf, struct fake_dev *dev)
{
	struct xlpt_host *h = fake_bus_host(w->bus);

	fake_bus_add(w->bus, bdf, dev);
	assert_int_equal(h->ops->write(h, "/sys/bus/pci/drivers/pciback/new_slot", bdf, 12), 0);
	assert_int_equal(h->ops->write(h, "/sys/bus/pci/drivers/pciback/bind", bdf, 12), 0);
}

/* Behind a root port of its own. */
static void add_alone(struct world *w, const char *bdf, struct fake_dev *dev)
{
	_cleanup_free_ char *port = xlpt_xasprintf("0000:00:%.2s.0", bdf + 5);

	fake_bus_add(
		w->bus, port,
		&(struct fake_dev){ .vendor = 0x1b36, .device = 0x000c, .class_code = 0x060400 });
	dev->parent = port;
	add_hidden(w, bdf, dev);
}

static int setup(void **state)
{
	struct world *w = world_new();
	uint8_t cfg[256];
	struct fake_dev dev = { .vendor = 0x8086,
				.device = 0x10d3,
				.class_code = 0x020000,
				.config = cfg,
				.config_len = sizeof(cfg),
				.reset_method = "flr pm" };

	config(cfg, true, true, true);
	add_alone(w, "0000:09:00.0", &dev);
	config(cfg, false, true, false);
	dev.reset_method = "pm bus";
	add_alone(w, "0000:0a:00.0", &dev);
	config(cfg, true, false, false);
	dev.reset_lies = true;
	dev.reset_method = "pm";
	add_alone(w, "0000:0b:00.0", &dev);
	dev.reset_method = "pm bus";
	add_alone(w, "0000:13:00.0", &dev);
	dev.reset_lies = false;
	dev.reset_err = ENOTTY;
	dev.reset_method = "bus";
	add_alone(w, "0000:0c:00.0", &dev);
	dev.reset_err = 0;
	dev.reset_kills = true;
	add_alone(w, "0000:0d:00.0", &dev);
	*state = w;
	return 0;
}

static unsigned config_byte(struct world *w, const char *bdf, unsigned at)
{
	struct xlpt_host *h = fake_bus_host(w->bus);
	_cleanup_free_ char *path = xlpt_xasprintf("/sys/bus/pci/devices/%s/config", bdf);
	uint8_t cfg[256];

	assert_int_equal(h->ops->read(h, path, cfg, sizeof(cfg)), sizeof(cfg));
	return cfg[at];
}

static char *methods(struct world *w, const char *bdf)
{
	char *text = NULL;

	xlpt_host_read_text(fake_bus_host(w->bus), &text, "/sys/bus/pci/devices/%s/reset_method",
			    bdf);
	return text;
}

static void test_proof(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *list = NULL;

	answers(w, 0, "reset 09:00.0", "0000:09:00.0 is reset by flr, proven: the function mask");
	assert_int_equal(fake_bus_resets(w->bus, "0000:09:00.0"), 1);
	assert_int_equal(config_byte(w, "0000:09:00.0", MSIX + 3), 0);
	answers(w, 0, "reset --method pm 09:00.0", "is reset by pm, proven");
	list = methods(w, "0000:09:00.0");
	assert_string_equal(list, "flr pm");
	assert_non_null(strstr(fake_bus_log(w->bus), "reset_method <- pm\n"));
	answers(w, 0, "reset 0a:00.0", "proven: the message address");
	/* No capabilities at all: done, and nothing shows it. */
	answers(w, 0, "reset 05:00.0", "not proven: it answers, and it has no register");
	answers(w, 0, "--json reset 09:00.0", "\"reset\": \"done\"");
}

static void test_lies(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = world_snapshot(w), *after = NULL;

	answers(w, 1, "reset 0b:00.0", "was not reset, though the kernel says so");
	assert_int_equal(config_byte(w, "0000:0b:00.0", MSIX + 3), 0);
	/* Then the next one is tried, by name, where there is one. */
	answers(w, 0, "reset 0a:00.0", "is reset by pm");
	answers(w, 1, "reset 13:00.0",
		"was not reset, though the kernel says so by pm; now by bus");
	assert_non_null(strstr(fake_bus_log(w->bus), "0000:13:00.0/reset_method <- bus"));
	/* The kernel says no, and it happened: seen with a root port that does not tell of its
	 * link. */
	answers(w, 0, "reset 0c:00.0", "although the kernel says \"Inappropriate ioctl");
	answers(w, 5, "reset 0d:00.0", "does not answer");
	after = world_snapshot(w);
	assert_string_equal(before, after);
}

static void test_refusals(void **state)
{
	struct world *w = *state;

	answers(w, 3, "reset 02:00.0", "in use by dom0's driver e1000e");
	answers(w, 0, "reset --force 02:00.0", "is reset");
	answers(w, 3, "reset --force 00:1f.2", "this host needs");
	answers(w, 1, "reset 00:01.0", "bridge");
	answers(w, 1, "reset 0e:00.0", "no PCI device");
	answers(w, 2, "reset 01:00", "expected '.'");
	answers(w, 2, "reset --method quick 09:00.0", "no reset method");
	answers(w, 2, "reset --list --force 09:00.0", "no other option");
	answers(w, 1, "reset --method af_flr 09:00.0", "cannot be reset by af_flr");
	answers(w, 2, "reset 09:00.0 0000:09:00.0", "named twice");
	assert_int_equal(world_run(w, "attach web1 09:00.0"), 0);
	answers(w, 3, "reset 09:00.0", "in use by web1");
	answers(w, 0, "reset --force 09:00.0", "is reset");
	assert_int_equal(world_run(w, "detach web1 09:00.0"), 0);
	/* The physical function's reset takes 01:10.0 along. */
	assert_int_equal(world_run(w, "hide 01:10.0"), 0);
	answers(w, 0, "reset --force --force-host-device 01:00.0 01:00.0", "is reset by flr");
	assert_int_equal(world_run(w, "attach web1 01:10.0"), 0);
	answers(w, 3, "reset --force --force-host-device 01:00.0 01:00.0",
		"would hit 0000:01:10.0 as well");
	assert_non_null(strstr(w->err, "is with web1"));
}

static void test_bus_neighbours(void **state)
{
	struct world *w = *state;
	uint8_t cfg[256];
	struct fake_dev dev = { .vendor = 0x8086,
				.device = 0x100e,
				.class_code = 0x020000,
				.config = cfg,
				.config_len = sizeof(cfg),
				.reset_method = "bus",
				.parent = "0000:11:00.0" };

	config(cfg, false, false, false);
	fake_bus_add(w->bus, "0000:11:00.0",
		     &(struct fake_dev){ .vendor = 0x1b36,
					 .device = 0x000e,
					 .class_code = 0x060400,
					 .parent = "0000:00:01.0" });
	add_hidden(w, "0000:12:01.0", &dev);
	dev.no_reset = true;
	add_hidden(w, "0000:12:02.0", &dev);
	answers(w, 1, "reset 12:01.0", "nothing can reset 0000:12:01.0");
	assert_non_null(strstr(
		w->err, "not alone on its bus: bridge 0000:11:00.0 would reset 0000:12:02.0"));
	answers(w, 1, "reset 12:02.0", "nothing can reset");
	assert_int_equal(world_run(w, "attach web1 12:02.0"), 0);
	assert_non_null(strstr(w->err, "0000:12:02.0 has not been reset: nothing can reset it: "));
	assert_null(strstr(w->err, "0 more"));
	answers(w, 3, "reset --method bus 12:01.0", "would hit 0000:12:02.0 as well");
	answers(w, 0, "reset --list 12:01.0", "0000:12:02.0");
}

static void test_dry_run(void **state)
{
	struct world *w = *state;
	unsigned writes = fake_bus_writes(w->bus);

	answers(w, 0, "--dry-run reset 09:00.0", "would reset 0000:09:00.0 by flr");
	answers(w, 0, "--dry-run reset --force --force-host-device 01:00.0 01:00.0",
		"by flr, and with it 0000:01:10.0");
	answers(w, 0, "reset --list 09:00.0", "af_flr");
	assert_int_equal(fake_bus_writes(w->bus), writes);
}

/* Every single write fails once: nothing is left set but what is told. */
static void test_every_failure(void **state)
{
	struct world *w = *state;

	for (unsigned nth = 1; nth < 8; nth++) {
		_cleanup_free_ char *list = NULL;
		int status;

		fake_bus_fail_write(w->bus, nth, EIO);
		status = world_run(w, "reset --method pm 09:00.0");
		fake_bus_fail_write(w->bus, 0, 0);
		list = methods(w, "0000:09:00.0");
		if (status != 5 && strcmp(list, "flr pm") != 0)
			fail_msg("write %u: exit %d, reset_method is %s\n%s", nth, status, list,
				 w->err);
		if (status == 5) {
			assert_int_equal(world_run(w, "repair"), 0);
			free(XLPT_TAKE(list));
			list = methods(w, "0000:09:00.0");
			assert_string_equal(list, "flr pm");
		}
		assert_int_equal(world_run(w, "reset 09:00.0"), 0);
		assert_int_equal(config_byte(w, "0000:09:00.0", MSIX + 3), 0);
	}
}

static void test_repair(void **state)
{
	struct world *w = *state;
	struct xlpt_host *h = fake_bus_host(w->bus);
	_cleanup_free_ char *list = NULL;

	h->ops->write(h, "/sys/bus/pci/devices/0000:09:00.0/reset_method", "pm", 2);
	fake_bus_put(w->bus, "/run/xlpt/journal/1-1",
		     "xlpt 1\nop reset\n"
		     "device 0000:09:00.0 keep flr,pm\nbegin reset 0000:09:00.0 by pm\n");
	answers(w, 0, "repair", "has its reset methods back: flr pm");
	list = methods(w, "0000:09:00.0");
	assert_string_equal(list, "flr pm");
}

static void test_attach_detach(void **state)
{
	struct world *w = *state;

	answers(w, 0, "--json attach web1 09:00.0", "\"reset\": \"done\"");
	answers(w, 0, "--json detach web1 09:00.0", "\"reset\": \"done\"");
	answers(w, 0, "-v attach web1 09:00.0", "0000:09:00.0 is reset by flr, proven");
	answers(w, 0, "-v detach web1 09:00.0", "0000:09:00.0 is reset by flr, proven");
	answers(w, 0, "attach web1 0b:00.0",
		"xlpt: 0000:0b:00.0 was not reset, though the kernel says so: ");
	assert_null(strstr(w->err, "has not been reset"));
	answers(w, 0, "--json detach web1 0b:00.0", "\"reset\": \"failed\"");
	/* Lost by its reset: no guest gets it. */
	assert_int_equal(world_run(w, "attach web1 0d:00.0"), 5);
	assert_non_null(strstr(w->err, "does not answer"));
}

/* ---- while xen-pciback takes a device back ---- */

struct export
{
	struct world *w;
	char *dir;
	unsigned early; /* writes of ours while it worked: a reset, taking the device away */
};

static void export_ends(void *arg)
{
	struct export *e = arg;
	struct xlpt_host *h = fake_bus_host(e->w->bus);
	_cleanup_free_ char *file = xlpt_xasprintf("%s/nodename", e->dir);

	h->ops->unlink(h, file);
	assert_int_equal(h->ops->rmdir(h, e->dir), 0);
}

static int look_at_export(struct fake_bus *bus, const char *path, const char *text, void *arg)
{
	struct export *e = arg;

	(void)text;
	if (!strcmp(path + strlen(path) - 6, "/reset") &&
	    xlpt_host_has(fake_bus_host(bus), "%s", e->dir))
		e->early++;
	return 0;
}

/* Its backend is there, and is gone ms from now. */
static struct export exported(struct world *w, unsigned domid)
{
	struct export e = { .w = w, .dir = xlpt_xasprintf("/sys/devices/pci-%u-0", domid) };
	_cleanup_free_ char *file = xlpt_xasprintf("%s/nodename", e.dir);

	fake_bus_put(w->bus, file, "");
	return e;
}

/*
 * When the backend is gone from xenstore, the kernel still resets the devices and gives them their
 * old registers. A reset of ours at that time would find that the command register has changed.
 */
static void test_pciback_works(void **state)
{
	static const char *const lines[] = { "detach win1 09:00.0", "reset 09:00.0",
					     "unhide 09:00.0", "attach win1 --hide 09:00.0" };
	struct world *w = *state;

	ok(w, "attach win1 09:00.0");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(lines); i++) {
		struct export e = exported(w, i ? 77 : 5);
		unsigned resets = fake_bus_resets(w->bus, "0000:09:00.0");

		fake_bus_on_write(w->bus, look_at_export, &e);
		fake_clock_in(&w->clock, i ? 500 : 1500, export_ends, &e);
		ok(w, lines[i]);
		fake_bus_on_write(w->bus, NULL, NULL);
		if (e.early || (i != 2 && fake_bus_resets(w->bus, "0000:09:00.0") == resets))
			fail_msg("%s: %u writes too early", lines[i], e.early);
		free(e.dir);
	}
}

/* One that hangs is not waited for for ever, and one that a guest has not at all. */
static void test_pciback_hangs(void **state)
{
	struct world *w = *state;
	struct xlpt_env env = world_env(w);
	struct export e = exported(w, 5);
	int64_t start = w->clock.now;

	assert_false(xlpt_gone_kernel_idle(&env));
	assert_in_range(w->clock.now, start + 10000, start + 10100);
	start = w->clock.now;
	fake_store_set(w->store, "7", "/local/domain/0/backend/pci/5/0/state");
	assert_true(xlpt_gone_kernel_idle(&env));
	assert_int_equal(w->clock.now, start);
	export_ends(&e);
	free(e.dir);
}

/* Older than 5.15: the order is the kernel's, what is possible follows from configuration space. */
static void test_old_kernel(void **state)
{
	/* clang-format off */
	struct xlpt_device items[] = {
		{.bdf = {.bus = 0x02},
		 .has_reset = true,
		 .has_parent = true,
		 .parent = {.dev = 1},
		 .caps = {.config_read = true, .pm = true, .pm_reset = true, .pcie = true}},
		{.bdf = {.bus = 0x03},
		 .has_parent = true,
		 .parent = {.dev = 2},
		 .caps = {.config_read = true}},
	};
	/* clang-format on */
	struct xlpt_devices all = { .items = items, .n = 2 };
	_cleanup_reset_ways_ struct xlpt_reset_ways ways = { 0 }, none = { 0 };

	(void)state;
	xlpt_reset_ways(&all, &items[0], &ways);
	assert_false(ways.from_kernel);
	assert_int_equal(ways.n, 4);
	assert_false(xlpt_reset_find(&ways, XLPT_RESET_FLR)->usable);
	assert_int_equal(xlpt_reset_first(&ways)->how, XLPT_RESET_PM);
	assert_true(xlpt_reset_find(&ways, XLPT_RESET_BUS)->usable);
	xlpt_reset_ways(&all, &items[1], &none);
	assert_null(xlpt_reset_first(&none));
	assert_string_equal(xlpt_reset_find(&none, XLPT_RESET_BUS)->why_not,
			    "the kernel does not offer it");
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_proof, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_lies, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_bus_neighbours, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_dry_run, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_every_failure, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_repair, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_attach_detach, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_pciback_works, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_pciback_hangs, setup, world_teardown),
		cmocka_unit_test(test_old_kernel),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
