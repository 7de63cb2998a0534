/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A card whose functions only a reset of their bus resets: by the kernel's reset_subordinate, by
 * xlpt in the bridge's register, not at all; around attach and detach; killed and failing in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "pciback/reset/registers.h"
#include "tests/fake/bus-internal.h"
#include "tests/unit/commands.h"

#define PORT  "0000:00:03.1"
#define CARD  "0000:2a:00.0"
#define SOUND "0000:2a:00.1"

enum { MSIX = 0x50, PCIE = 0x80, BRIDGE_CONTROL = 0x3e };

/* A graphics card and its sound: PCI Express, MSI-X, no reset of their own. */
static void card_config(uint8_t cfg[256], uint8_t func)
{
	memset(cfg, 0, 256);
	cfg[0] = 0x02, cfg[1] = 0x10, cfg[2] = 0xdf, cfg[3] = 0x67;
	cfg[4] = 0x06;
	cfg[6] = 0x10; /* capability list */
	cfg[0x0b] = 0x03;
	cfg[0x0c] = 0x10;
	cfg[0x0e] = 0x80;
	cfg[0x10] = 0x0c, cfg[0x13] = 0xe0 + func;
	cfg[0x34] = MSIX, cfg[MSIX] = 0x11, cfg[MSIX + 1] = PCIE, cfg[MSIX + 2] = 4;
	cfg[0x3c] = 11, cfg[0x3d] = 1;
	cfg[PCIE] = 0x10, cfg[PCIE + 2] = 2;
	cfg[PCIE + 8] = 0x10, cfg[PCIE + 9] = 0x28; /* device control: sizes of requests */
}

static void add_port(struct world *w, struct fake_dev port)
{
	port.vendor = 0x1022;
	port.device = 0x1453;
	port.class_code = 0x060400;
	fake_bus_add(w->bus, PORT, &port);
}

static void add_card(struct world *w, const char *sound_driver)
{
	uint8_t cfg[256];
	struct fake_dev dev = { .vendor = 0x1002,
				.device = 0x67df,
				.class_code = 0x030000,
				.parent = PORT,
				.no_reset = true,
				.config = cfg,
				.config_len = sizeof(cfg),
				.multifunction = true };

	card_config(cfg, 0);
	fake_bus_add(w->bus, CARD, &dev);
	card_config(cfg, 1);
	dev.device = 0xaaf0;
	dev.class_code = 0x040300;
	dev.driver = sound_driver;
	fake_bus_add(w->bus, SOUND, &dev);
}

static struct world *card_world(struct fake_dev port)
{
	struct world *w = world_new();

	fake_bus_driver(w->bus, "snd_hda_intel", "1002:aaf0");
	add_port(w, port);
	add_card(w, "snd_hda_intel");
	ok(w, "hide " CARD " " SOUND);
	return w;
}

static int setup(void **state)
{
	*state = card_world((struct fake_dev){ 0 });
	return 0;
}

static int setup_kernel(void **state)
{
	*state = card_world((struct fake_dev){ .resets_below = true });
	return 0;
}

static uint8_t *config_of(struct world *w, const char *bdf)
{
	struct xlpt_host *h = fake_bus_host(w->bus);
	_cleanup_free_ char *path = xlpt_xasprintf("/sys/bus/pci/devices/%s/config", bdf);
	uint8_t *cfg = xlpt_xcalloc(1, 4096);

	assert_true(h->ops->read(h, path, cfg, 4096) >= 256);
	return cfg;
}

/* Nothing of the card is otherwise than it was, but for these bits; its bus is not in reset. */
static void assert_whole_but(struct world *w, uint8_t msix_bits)
{
	_cleanup_free_ uint8_t *port = config_of(w, PORT);
	uint8_t want[256];

	assert_int_equal(port[BRIDGE_CONTROL] & 0x40, 0);
	for (uint8_t func = 0; func < 2; func++) {
		_cleanup_free_ uint8_t *cfg = config_of(w, func ? SOUND : CARD);

		card_config(want, func);
		cfg[MSIX + 3] &= (uint8_t)~msix_bits;
		assert_memory_equal(cfg, want, sizeof(want));
	}
}

static void assert_whole(struct world *w)
{
	assert_whole_but(w, 0);
}

static void assert_resets(struct world *w, unsigned n)
{
	assert_int_equal(fake_bus_resets(w->bus, CARD), n);
	assert_int_equal(fake_bus_resets(w->bus, SOUND), n);
	assert_whole(w);
}

static void test_together(void **state)
{
	struct world *w = *state;

	answers(w, 0, "--dry-run reset 2a:00.0 2a:00.1",
		"by bus, and with it " SOUND ", in the register of bridge " PORT);
	answers(w, 0, "reset 2a:00.0 2a:00.1", CARD " is reset by bus, proven: ");
	assert_non_null(strstr(w->out, SOUND " is reset by bus, proven: "));
	assert_resets(w, 1);
	answers(w, 0, "--json reset --method bus 2a:00.0 2a:00.1", "\"reset\": \"done\"");
	assert_resets(w, 2);
}

static void test_by_kernel(void **state)
{
	struct world *w = *state;

	answers(w, 0, "reset 2a:00.0 2a:00.1", "is reset by bus, proven");
	assert_non_null(strstr(fake_bus_log(w->bus), PORT "/reset_subordinate <- 1"));
	assert_null(strstr(fake_bus_log(w->bus), "at 0x3e"));
	assert_resets(w, 1);
	/* Some function of the bus is locked: pci_bus_trylock(). */
	fake_find(w->bus, PORT)->reset_err = EAGAIN;
	answers(w, 1, "reset 2a:00.0 2a:00.1", "the kernel did not reset the bus of " CARD);
	assert_non_null(strstr(w->err, "to mend: run the command again"));
	assert_resets(w, 1);
}

static void test_not_all_named(void **state)
{
	struct world *w = *state;

	answers(w, 1, "reset 2a:00.0", "nothing can reset " CARD);
	assert_non_null(strstr(w->err, "to mend: xlpt reset " CARD " " SOUND "\n"));
	answers(w, 1, "reset --method bus 2a:00.1", "nothing can reset " SOUND);
	ok(w, "unhide 2a:00.1");
	answers(w, 1, "reset 2a:00.0", "to mend: xlpt hide " SOUND "; xlpt reset " CARD " " SOUND);
	answers(w, 3, "reset 2a:00.0 2a:00.1", "to mend: xlpt hide " SOUND "\n");
	/* Whoever insists on a device in use does not insist on what is hit with it. */
	answers(w, 3, "reset --force 2a:00.0 2a:00.1", "would hit " SOUND " as well");
	assert_resets(w, 0);
}

static void test_list(void **state)
{
	struct world *w = *state;

	answers(w, 0, "reset --list 2a:00.0 2a:00.1",
		"together with " SOUND ": xlpt resets the bus behind " PORT);
	answers(w, 0, "reset --list 2a:00.0", "try: xlpt reset " CARD " " SOUND);
	answers(w, 0, "--json reset --list 2a:00.0 2a:00.1", "\"by\": \"xlpt\"");
	ok(w, "unhide 2a:00.1");
	answers(w, 0, "reset --list 2a:00.0 2a:00.1",
		SOUND " is in use by dom0's driver snd_hda_intel; try: xlpt hide " SOUND);
	ok(w, "hide 2a:00.1");
	ok(w, "attach web1 2a:00.*");
	answers(w, 0, "reset --list 2a:00.0 2a:00.1", "try: xlpt detach web1 " CARD);
}

/* A line that the next rule refuses is none: this host never gives up what it needs. */
static void test_needed(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *dir = fake_bus_devpath(w->bus, CARD),
			    *vga = xlpt_xasprintf("%s/boot_vga", dir);

	ok(w, "unhide " CARD);
	fake_bus_driver(w->bus, "amdgpu", "1002:67df");
	assert_string_equal(fake_bus_driver_of(w->bus, CARD), "amdgpu");
	answers(w, 1, "reset " SOUND, "to mend: xlpt hide " CARD "; xlpt reset " SOUND " " CARD);
	answers(w, 0, "reset --list " SOUND, "try: xlpt hide " CARD "; xlpt reset " SOUND);
	fake_bus_put(w->bus, vga, "1\n");
	answers(w, 1, "reset " SOUND, "and this host needs " CARD ": it is the display");
	assert_null(strstr(w->err, "xlpt reset"));
	answers(w, 0, "reset --list " SOUND, "and this host needs " CARD ": it is the display");
	assert_null(strstr(w->out, "xlpt reset"));
	answers(w, 3, "check web1 " SOUND, "would fail");
	assert_null(strstr(w->out, "xlpt reset"));
	answers(w, 3, "reset " SOUND " " CARD, "would hit " CARD " as well");
	assert_resets(w, 0);
}

/* One that reads as ones would be given them back afterwards, by the kernel, too. */
static void test_silent(void **state)
{
	struct world *w = *state;
	uint8_t ones[256];

	memset(ones, 0xff, sizeof(ones));
	fake_bus_remove(w->bus, SOUND);
	fake_bus_add(w->bus, SOUND,
		     &(struct fake_dev){ .vendor = 0x1002,
					 .device = 0xaaf0,
					 .class_code = 0x040300,
					 .parent = PORT,
					 .no_reset = true,
					 .config = ones,
					 .config_len = sizeof(ones) });
	answers(w, 1, "reset 2a:00.0", SOUND " on it does not answer");
	assert_non_null(strstr(w->err, "to mend: echo 1 >/sys/bus/pci/devices/" SOUND "/remove"));
	answers(w, 0, "reset --list 2a:00.0", "try: echo 1 >/sys/bus/pci/devices/" SOUND "/remove");
	assert_null(strstr(fake_bus_log(w->bus), "at 0x3e"));
}

/* Its link goes down with the reset, and pciehp would take the card for unplugged. */
static void test_hotplug_port(void **state)
{
	struct world *w = *state =
		card_world((struct fake_dev){ .pciehp = true, .resets_below = true });

	answers(w, 1, "reset 2a:00.0 2a:00.1", "the hot-plug driver pciehp watches " PORT);
	assert_non_null(strstr(w->err, "echo " PORT ":pcie004 >/sys/bus/pci_express/drivers/"
				       "pciehp/unbind"));
	assert_resets(w, 0);
	fake_tree_remove(w->bus, "/sys/devices/pci0000:00/" PORT "/" PORT ":pcie004");
	ok(w, "reset 2a:00.0 2a:00.1");
	assert_resets(w, 1);
}

static void test_beyond_xlpt(void **state)
{
	struct world *w = *state;

	/* A bridge on the bus: only the kernel can bring back what is behind it. */
	fake_bus_add(
		w->bus, "0000:2a:00.2",
		&(struct fake_dev){
			.vendor = 0x1022, .device = 1, .class_code = 0x060400, .parent = PORT });
	answers(w, 1, "reset 2a:00.0 2a:00.1", "0000:2a:00.2 on it is no plain function");
	assert_non_null(strstr(w->err, "to mend: use Linux 6.13 or later"));
	fake_bus_remove(w->bus, "0000:2a:00.2");
	/* One that does not come back from it, as the kernel knows. */
	fake_bus_add(w->bus, "0000:2a:00.2",
		     &(struct fake_dev){ .vendor = 0x168c,
					 .device = 0x003c,
					 .class_code = 0x028000,
					 .parent = PORT });
	answers(w, 1, "reset 2a:00.0 2a:00.1 2a:00.2", "0000:2a:00.2 does not come back");
	fake_bus_remove(w->bus, "0000:2a:00.2");
	fake_bus_put(w->bus, "/sys/hypervisor/guest_type", "PVH\n");
	answers(w, 1, "reset 2a:00.0 2a:00.1", "dom0 is of type PVH");
	assert_resets(w, 0);
}

static void test_attach_detach(void **state)
{
	struct world *w = *state;

	answers(w, 0, "--json attach web1 2a:00.*", "\"reset\": \"done\"");
	assert_null(strstr(w->out, "\"reset\": \"none\""));
	assert_resets(w, 1);
	answers(w, 0, "--json detach web1 2a:00.*", "\"reset\": \"done\"");
	assert_null(strstr(w->out, "\"reset\": \"none\""));
	assert_resets(w, 2);
	/* The one alone cannot be reset: that is told, and it goes on. */
	answers(w, 0, "attach web1 2a:00.0", "has not been reset: nothing can reset it");
	assert_resets(w, 2);
	answers(w, 0, "attach web1 2a:00.1", "has not been reset: nothing can reset it");
	ok(w, "detach --to-host web1 2a:00.0 2a:00.1");
	assert_string_equal(fake_bus_driver_of(w->bus, SOUND), "snd_hda_intel");
	assert_resets(w, 3);
	/* Out of dom0: both are hidden before the bus is reset. */
	ok(w, "unhide 2a:00.0");
	answers(w, 0, "--json attach --hide web1 2a:00.0 2a:00.1", "\"reset\": \"done\"");
	assert_resets(w, 4);
}

/* check knows that attach hides all its devices before it resets the first. */
static void test_check_hides_first(void **state)
{
	struct world *w = *state;

	ok(w, "unhide " CARD " " SOUND);
	fake_bus_driver(w->bus, "amdgpu", "1002:67df");
	assert_string_equal(fake_bus_driver_of(w->bus, CARD), "amdgpu");
	answers(w, 0, "check --hide web1 2a:00.*", "ok: reset: " CARD " is reset by bus");
	assert_null(strstr(w->out, "would hit"));
	fake_bus_put(w->bus, "/etc/xlpt/xlpt.conf", "reset = required\n");
	answers(w, 0, "check --hide web1 2a:00.*", "ok: reset: " SOUND " is reset by bus");
	answers(w, 0, "--json attach --hide web1 2a:00.*", "\"reset\": \"done\"");
	ok(w, "detach --to-host web1 2a:00.0 2a:00.1");
	/* The line that mends resets this device as well: it must not be dom0's then. */
	answers(w, 0, "reset --list 2a:00.0",
		"try: xlpt hide " CARD " " SOUND "; xlpt reset " CARD " " SOUND);
	ok_lines(w, "hide " CARD " " SOUND ";reset " CARD " " SOUND);
}

/* The kernel's own method does nothing: then it is the bus, here as in the command. */
static void test_after_a_lie(void **state)
{
	struct world *w = world_new();
	uint8_t cfg[256];
	struct fake_dev dev = { .vendor = 0x1002,
				.device = 0x67df,
				.class_code = 0x030000,
				.parent = PORT,
				.config = cfg,
				.config_len = sizeof(cfg),
				.reset_method = "pm",
				.reset_lies = true };

	*state = w;
	add_port(w, (struct fake_dev){ 0 });
	card_config(cfg, 0);
	cfg[PCIE + 1] = 0xa0, cfg[0xa0] = 0x01; /* power management */
	fake_bus_add(w->bus, CARD, &dev);
	fake_bus_add(w->bus, SOUND, &dev);
	ok(w, "hide 2a:00.0 2a:00.1");
	answers(w, 1, "reset 2a:00.0", "was not reset, though the kernel says so");
	answers(w, 1, "reset 2a:00.0 2a:00.1", "now by bus");
	assert_non_null(strstr(w->err, "was not reset, though its bus was"));
	fake_find(w->bus, CARD)->reset_lies = fake_find(w->bus, SOUND)->reset_lies = false;
	answers(w, 0, "-v attach web1 2a:00.*", "is reset by pm, proven");
}

static void test_required(void **state)
{
	struct world *w = *state;

	fake_bus_put(w->bus, "/etc/xlpt/xlpt.conf", "reset = required\n");
	changes_nothing(w, 3, "attach web1 2a:00.0", "reset = required: nothing can reset " CARD);
	assert_non_null(strstr(w->err, "give the guest all functions of the card"));
	ok(w, "attach web1 2a:00.*");
	assert_resets(w, 1);
	/* To take it away is always right. */
	ok(w, "detach web1 2a:00.0");
	ok(w, "detach web1 2a:00.1");
	fake_bus_put(
		w->bus, "/etc/xlpt/xlpt.conf",
		"reset = required\nreset-exempt = 2a:00.0 # the only guest that ever has it\n");
	ok(w, "attach web1 2a:00.0");
	assert_resets(w, 1);
	/* It can be reset, as far as one could tell, and is not. */
	fake_find(w->bus, CARD)->reset_lies = true;
	ok(w, "detach web1 2a:00.0");
	fake_bus_put(w->bus, "/etc/xlpt/xlpt.conf", "reset = required\n");
	changes_nothing(w, 1, "attach web1 2a:00.*", "was not reset, though its bus was");
	fake_bus_put(w->bus, "/etc/xlpt/xlpt.conf", "reset = warn\n");
	answers(w, 0, "attach web1 2a:00.*", "was not reset, though its bus was");
}

/* Every single write fails once: the card is whole at once, or after a repair. */
static void test_every_failure(void **state)
{
	struct world *w = *state;
	const unsigned step = world_stride() > 1 ? 2 : 1;
	unsigned left = 0, failed = 0;

	for (unsigned nth = 1; nth < 60; nth += step) {
		int status;

		fake_bus_fail_write(w->bus, nth, EIO);
		status = world_run(w, "reset 2a:00.0 2a:00.1");
		fake_bus_fail_write(w->bus, 0, 0);
		if (status == 5) {
			ok(w, "repair");
			left++;
		}
		failed += status == 1;
		assert_whole(w);
		answers(w, 0, "repair", "nothing to mend");
	}
	assert_true(left > 10 / step);
	assert_true(failed > 0);
}

/* ---- killed ---- */

static sigjmp_buf killed;
static unsigned stop_at;
static struct xlpt_host_ops bus_ops;

static void point(void)
{
	if (stop_at && --stop_at == 0)
		siglongjmp(killed, 1);
}

/* The journal's. */
int fdatasync(int fd)
{
	(void)fd;
	point();
	return 0;
}

static int k_write_at(struct xlpt_host *h, const char *path, const void *buf, size_t len, off_t at)
{
	int r;

	point();
	r = bus_ops.write_at(h, path, buf, len, at);
	point();
	return r;
}

/* In a process of its own, whose locks go with its descriptors. Whether it came to be killed. */
static bool kill_at(unsigned nth)
{
	int status, said[2];
	char met_it = 0;
	pid_t pid;

	assert_int_equal(pipe2(said, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct world *volatile w = card_world((struct fake_dev){ 0 });
		int first = dup(0);
		volatile bool met = false;

		bus_ops = w->bus->ops;
		w->bus->ops.write_at = k_write_at;
		stop_at = nth;
		if (sigsetjmp(killed, 0)) {
			met = true;
			w->out = w->err = NULL;
			for (int fd = first + 1; fd < 256; fd++)
				close(fd);
			ok(w, "repair");
		} else {
			ok(w, "reset 2a:00.0 2a:00.1");
			stop_at = 0;
		}
		/* The mark of a reset to come does nothing, and the next reset takes it away. */
		assert_whole_but(w, 0x40);
		answers(w, 0, "repair", "nothing to mend");
		ok(w, "reset 2a:00.0 2a:00.1");
		assert_whole(w);
		fake_tree_remove(w->bus, "");
		met_it = met ? 'y' : 'n';
		if (write(said[1], &met_it, 1) != 1)
			_exit(1);
		/* What a killed command had in memory is lost: no end at which valgrind counts it. */
		kill(getpid(), SIGKILL);
	}
	close(said[1]);
	if (read(said[0], &met_it, 1) != 1)
		met_it = 0;
	close(said[0]);
	waitpid(pid, &status, 0);
	if (!met_it)
		fail_msg("killed at %u: see above", nth);
	return met_it == 'y';
}

static void test_killed(void **state)
{
	unsigned n = 1;

	(void)state;
	while (n < 200 && kill_at(n))
		n += world_stride() > 1 ? 4 : 1;
	assert_true(n > 30 && n < 200);
}

/* ---- the registers ---- */

static void test_registers(void **state)
{
	struct xlpt_registers regs, again;
	_cleanup_free_ char *text = NULL, *twice = NULL;
	uint8_t cfg[4096] = { 0 };

	(void)state;
	card_config(cfg, 0);
	cfg[0x103] = 0x00, cfg[0x100] = 0x15, cfg[0x102] = 0x01; /* resizable BARs, two of them */
	cfg[0x108] = 0x42;
	xlpt_registers_take(cfg, sizeof(cfg), &regs);
	assert_int_equal(regs.items[regs.n - 1].at, 0x04);
	text = xlpt_registers_text(&regs);
	assert_non_null(strstr(text, "88:2810 "));
	assert_non_null(strstr(text, "108:00000042 110:00000000 10:e000000c "));
	assert_true(xlpt_registers_parse(text, &again));
	twice = xlpt_registers_text(&again);
	assert_string_equal(text, twice);
	assert_false(xlpt_registers_parse("", &again));
	assert_false(xlpt_registers_parse("10:e0", &again) && again.items[0].size != 1);
	assert_false(xlpt_registers_parse("10:e000000", &again));
	assert_false(xlpt_registers_parse("10", &again));
	assert_false(xlpt_registers_parse("1000:0000", &again));
	assert_false(xlpt_registers_parse("fff:0000", &again));
	assert_false(xlpt_registers_parse("10:zz", &again));
	/* Cut short, or nonsense: what is there. */
	xlpt_registers_take(cfg, 64, &regs);
	memset(cfg, 0xff, sizeof(cfg));
	xlpt_registers_take(cfg, sizeof(cfg), &regs);
	assert_true(regs.n <= XLPT_REGISTERS_MAX);
}

#define bus_test(f, s) cmocka_unit_test_setup_teardown(f, s, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		bus_test(test_together, setup),
		bus_test(test_by_kernel, setup_kernel),
		bus_test(test_not_all_named, setup),
		bus_test(test_list, setup),
		bus_test(test_hotplug_port, NULL),
		bus_test(test_beyond_xlpt, setup),
		bus_test(test_silent, setup),
		bus_test(test_needed, setup),
		bus_test(test_attach_detach, setup),
		bus_test(test_after_a_lie, NULL),
		bus_test(test_required, setup),
		bus_test(test_every_failure, setup),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_registers),
		bus_test(test_check_hides_first, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
