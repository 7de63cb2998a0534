/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vf create, remove and set, killed at every line of the journal and before and
 * after every write to sysfs, to xenstore, to the kernel's link settings and to
 * files: the next command names what was cut short, and repair, which is killed once
 * as well, makes all as it was or as it was wanted, every identity included.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "core/file.h"
#include "tests/unit/killing.h"

struct scene {
	const char *prepare, *command;
	bool noted;    /* a guest that was destroyed left a note about 01:10.0 */
	bool driven;   /* igbvf is loaded and takes the VFs */
	unsigned fail; /* this write to sysfs fails: the kill comes into the undo, too */
};

#define TWO                                                                                \
	"vf remove enp1s0;vf create enp1s0 2;vf set 01:10.0 mac=52:54:00:6d:90:07 vlan=9;" \
	"vf set 01:10.2 vlan=43:3 trust=on spoofchk=off max_rate=100"

/* clang-format off */
static const struct scene scenes[] = {
	{ "vf remove enp1s0", "vf create enp1s0 4", .fail = 0 },
	{ TWO, "vf create enp1s0 5", .fail = 0 },
	{ TWO, "vf create enp1s0 1", .noted = true },
	{ TWO ";vf create --persist 01:00.0 2", "vf create --persist enp1s0 5", .fail = 0 },
	{ TWO, "vf create --persist enp1s0 2", .fail = 0 },
	{ TWO ";vf create --persist enp1s0 2", "vf remove enp1s0", .noted = true },
	{ TWO ";vf create --persist enp1s0 2", "vf remove --persist enp1s0", .fail = 0 },
	{ TWO, "vf create --no-driver enp1s0 5", .driven = true },
	{ TWO, "vf create --no-driver --persist enp1s0 2", .driven = true },
	{ TWO ";vf create --no-driver enp1s0 2", "vf create --driver enp1s0 3", .driven = true, .fail = 3 },
	{ TWO, "vf create enp1s0 5", .fail = 2 },
	{ TWO ";vf create --persist enp1s0 2", "vf create --persist enp1s0 5", .fail = 2 },
	{ TWO, "vf set 01:10.0 mac=52:54:00:6d:90:08 vlan=10 spoofchk=off trust=on", .fail = 0 },
};
/* clang-format on */

/* ---- what there is ---- */

static const char *const units[] = { "/etc/systemd/system/xlpt-vf-enp1s0.service",
				     "/etc/systemd/system/xlpt-vf-0000:01:00.0.service" };

static void add_file(struct world *w, struct xlpt_str *s, const char *path)
{
	struct xlpt_host *h = fake_bus_host(w->bus);
	_cleanup_free_ char *text = NULL, *rights = NULL;

	if (xlpt_host_read_text(h, &text, "%s", path) == 0 &&
	    xlpt_file_rights(h, path, &rights) == 0)
		xlpt_str_addf(s, "%s %s:\n%s\n", path, rights, text);
}

/* Everything that counts, as text; caller frees. */
static char *all(struct world *w)
{
	static const char wants[] = "/etc/systemd/system/multi-user.target.wants";
	_cleanup_free_ char *world = world_snapshot(w);
	struct xlpt_str s = { 0 };

	xlpt_str_add(&s, world);
	add_file(w, &s, "/sys/bus/pci/devices/0000:01:00.0/sriov_drivers_autoprobe");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(units); i++) {
		add_file(w, &s, units[i]);
		xlpt_str_addf(&s, "%s at boot: %d\n", units[i],
			      xlpt_host_has(fake_bus_host(w->bus), "%s%s", wants,
					    strrchr(units[i], '/')));
	}
	return xlpt_str_take(&s);
}

static struct world *prepared(const void *scene)
{
	const struct scene *s = scene;
	struct world *w = world_new();

	if (s->driven)
		fake_bus_driver(w->bus, "igbvf", "8086:10ca");
	ok_lines(w, s->prepare);
	/* Units that root alone may read: they come back as such. */
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(units); i++) {
		_cleanup_close_ int fd = fake_bus_host(w->bus)->ops->open(fake_bus_host(w->bus),
									  units[i], O_RDONLY, 0);

		assert_true(fd == -ENOENT || fchmod(fd, 0600) == 0);
	}
	if (s->noted)
		fake_store_set(w->store, "\tmac=52:54:00:00:00:99\tvlan=0",
			       "/libxl/pci/0000-01-10-0/xlpt-vf");
	fake_bus_fail_write(w->bus, s->fail, EIO);
	return w;
}

/* Before the command or after it, when repair has looked at it; caller frees. */
static char *reference(const struct scene *s, bool after)
{
	struct world *w;
	char *text;

	world_hold_signals(true);
	w = prepared(s);
	if (after && world_run(w, "%s", s->command) != (s->fail ? 1 : 0))
		fail_msg("%s: %s%s", s->command, w->out, w->err);
	fake_bus_fail_write(w->bus, 0, 0);
	ok(w, "repair");
	text = all(w);
	world_free(w);
	world_hold_signals(false);
	return text;
}

/* ---- a kill ---- */

static void after_kill(struct world *w, const struct killing *k, unsigned nth)
{
	bool left = world_journals(w);
	int status;

	fake_bus_fail_write(w->bus, 0, 0);
	if (world_run(w, "list") || (left && !strstr(w->err, "xlpt repair mends it")))
		die("%s, killed at %u: nobody names it: %s", k->command, nth, w->err);
	/* Repair is killed, too, somewhere. */
	cutting_kill(w, "repair", left ? 1 + nth % 11 : 0, &status);
	if (world_run(w, "repair"))
		die("%s, killed at %u: repair: %s%s", k->command, nth, w->out, w->err);
	cutting_is(w, k, nth, "killed at", k->before, k->after);
	if (world_journals(w) || world_run(w, "repair") || !strstr(w->out, "nothing to mend"))
		die("%s, killed at %u: still to mend: %s", k->command, nth, w->out);
}

static void test_killed(void **state)
{
	unsigned kills = 0;

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(scenes); i++) {
		_cleanup_free_ char *before = reference(&scenes[i], false),
				    *after = reference(&scenes[i], true);

		kills += cutting_each((struct killing){ .cut = CUT_KILL,
							.command = scenes[i].command,
							.status = scenes[i].fail ? 1 : 0,
							.scene = &scenes[i],
							.prepared = prepared,
							.text = all,
							.before = before,
							.after = after,
							.killed = after_kill });
	}
	print_message("%u kills\n", kills);
	assert_true(kills > (world_stride() > 1 ? 10 : 150));
}

/* What was cut short on the PF is ended by the next change of it; others are told to repair. */
static void test_next_command(void **state)
{
	struct world *w = *state;

	ok(w, "vf create enp1s0 2");
	ok(w, "vf set 01:10.0 mac=52:54:00:6d:90:07 vlan=9");
	ok(w, "vf remove enp1s0");
	fake_bus_put(
		w->bus, "/run/xlpt/journal/1-1",
		"xlpt 1\nop vf-create\ndevice 0000:01:00.0 keep igb\ndevice 0000:01:10.0 keep -\n"
		"identity \tmac=52:54:00:6d:90:07\tvlan=9\tspoofchk=on\ndevice 0000:01:10.2 keep -\n"
		"note want 4\nbegin remove 2 virtual functions of 0000:01:00.0\n");
	ok(w, "vf create enp1s0 3");
	assert_non_null(strstr(w->out, "0000:01:00.0 has 2 virtual functions again"));
	assert_false(world_journals(w));
	{
		_cleanup_free_ char *now = fake_rtnl_snapshot(w->rtnl);

		assert_non_null(strstr(now, "vf 0 mac 52:54:00:6d:90:07 vlan 9:0:8100"));
		assert_non_null(strstr(now, "vf 2 mac 00:00:00:00:00:00"));
	}
	fake_bus_put(w->bus, "/run/xlpt/journal/1-1",
		     "xlpt 1\nop vf-create\ndevice 0000:01:00.0 keep igb\nnote want 3\n"
		     "begin create 3 virtual functions of 0000:01:00.0\n");
	changes_nothing(w, 1, "hide 01:10.4", "an interrupted vf-create has to be mended first");
	assert_non_null(strstr(w->err, "to mend: xlpt repair"));
	ok(w, "repair");
	ok(w, "hide 01:10.4");
}

/* By now somebody has made another number of them, or the card is gone: that stays. */
static void test_overtaken(void **state)
{
	static const char left[] =
		"xlpt 1\nop vf-remove\ndevice 0000:01:00.0 keep igb\ndevice 0000:01:10.0 keep -\n"
		"identity \tmac=52:54:00:6d:90:07\nnote want 0\nbegin remove 1 virtual function\n";
	struct world *w = *state;

	ok(w, "vf create enp1s0 3");
	fake_bus_put(w->bus, "/run/xlpt/journal/1-1", left);
	ok(w, "repair");
	assert_non_null(strstr(w->out, "has 3 virtual functions by now: left so"));
	fake_bus_put(w->bus, "/run/xlpt/journal/1-1",
		     "xlpt 1\nop vf-set\ndevice 0000:01:11.0 keep -\n"
		     "identity \tvlan=0\nbegin set vlan=5 on 0000:01:11.0\n");
	ok(w, "repair");
	assert_non_null(strstr(w->out, "0000:01:11.0 is not there any more"));
	fake_bus_put(w->bus, "/run/xlpt/journal/1-1", left);
	fake_bus_remove(w->bus, "0000:01:00.0");
	ok(w, "repair");
	assert_non_null(strstr(w->out, "0000:01:00.0 is not there any more"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed),
		world_test(test_next_command),
		world_test(test_overtaken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
