/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pins: what they remember, how they find, what they refuse, and their files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "core/pin.h"
#include "tests/fake/system.h"
#include "tests/unit/commands.h"

/* ---- the pure part ---- */

/* Two root ports with a card each, an igb with two functions of it, a bridge in between. */
/* clang-format off */
static struct xlpt_device machine[] = {
	{.bdf = {.dev = 0x10}, .header = XLPT_HEADER_BRIDGE},
	{.bdf = {.dev = 0x11}, .header = XLPT_HEADER_BRIDGE},
	{.bdf = {.dev = 0x12}, .header = XLPT_HEADER_BRIDGE},
	{.bdf = {.bus = 1},
	 .has_parent = true,
	 .parent = {.dev = 0x10},
	 .vendor = 0x8086,
	 .device = 0x10d3,
	 .class_code = 0x020000,
	 .caps = {.has_serial = true, .serial = 0x1020},
	 .bars = {{.start = 0x1000, .end = 0x1fff, .flags = 0x40200}}},
	{.bdf = {.bus = 2},
	 .has_parent = true,
	 .parent = {.dev = 0x11},
	 .vendor = 0x8086,
	 .device = 0x10d3,
	 .class_code = 0x020000,
	 .caps = {.has_serial = true, .serial = 0x1030},
	 .bars = {{.start = 0x2000, .end = 0x2fff, .flags = 0x40200}}},
	{.bdf = {.bus = 3},
	 .has_parent = true,
	 .parent = {.dev = 0x12},
	 .vendor = 0x8086,
	 .device = 0x10c9,
	 .class_code = 0x020000,
	 .caps = {.has_serial = true, .serial = 0x1040}},
	{.bdf = {.bus = 3, .dev = 0x10},
	 .has_parent = true,
	 .parent = {.dev = 0x12},
	 .is_vf = true,
	 .pf = {.bus = 3},
	 .vendor = 0x8086,
	 .device = 0x10ca,
	 .class_code = 0x020000},
	{.bdf = {.bus = 3, .dev = 0x10, .func = 2},
	 .has_parent = true,
	 .parent = {.dev = 0x12},
	 .is_vf = true,
	 .pf = {.bus = 3},
	 .vendor = 0x8086,
	 .device = 0x10ca,
	 .class_code = 0x020000},
};
/* clang-format on */
#define N XLPT_ARRAY_SIZE(machine)

struct set {
	struct xlpt_device devs[N];
	struct xlpt_pin pins[N];
	size_t n;
};

static void set_of(struct set *s, unsigned shift)
{
	memcpy(s->devs, machine, sizeof(machine));
	s->n = N;
	for (size_t i = 0; i < N; i++) {
		s->devs[i].bdf.bus = (uint8_t)(s->devs[i].bdf.bus ? s->devs[i].bdf.bus + shift : 0);
		if (s->devs[i].is_vf)
			s->devs[i].pf.bus = (uint8_t)(s->devs[i].pf.bus + shift);
	}
}

static void pins_of(struct set *s)
{
	struct xlpt_devices all = { .items = s->devs, .n = s->n };

	for (size_t i = 0; i < s->n; i++)
		xlpt_pin_of(&all, &s->devs[i], NULL, &s->pins[i]);
}

static void drop(struct set *s)
{
	for (size_t i = 0; i < s->n; i++)
		xlpt_pin_dispose(&s->pins[i]);
}

static void test_place_and_text(void **state)
{
	struct set s;

	(void)state;
	set_of(&s, 0);
	pins_of(&s);
	assert_string_equal(s.pins[3].path, "pci0000:00/10.0/00.0");
	assert_string_equal(s.pins[3].serial, "dsn:00-00-00-00-00-00-10-20");
	assert_int_equal(s.pins[7].vf, 1);
	assert_string_equal(s.pins[7].path, "pci0000:00/12.0/00.0");
	assert_string_equal(s.pins[7].serial, "dsn:00-00-00-00-00-00-10-40");
	for (size_t i = 0; i < s.n; i++) {
		_cleanup_free_ char *text = NULL, *again = NULL;
		_cleanup_pin_ struct xlpt_pin back = { .vf = -1 };
		struct xlpt_pin_match match;

		s.pins[i].at_boot = i & 1;
		s.pins[i].boot = s.pins[i].address;
		text = xlpt_pin_format(&s.pins[i]);
		assert_int_equal(xlpt_pin_parse(text, &back, NULL), 0);
		again = xlpt_pin_format(&back);
		assert_string_equal(text, again);
		/* It is found again by what was read back. */
		assert_int_equal(xlpt_pin_find(&back, "p", s.pins, s.n, &match, NULL), 0);
		assert_true(xlpt_bdf_eq(match.bdf, s.pins[i].address));
	}
	drop(&s);
}

static void test_renumbered(void **state)
{
	struct set old, now;

	(void)state;
	set_of(&old, 0);
	pins_of(&old);
	set_of(&now, 4);
	pins_of(&now);
	for (size_t i = 3; i < N; i++) {
		struct xlpt_pin_match m;

		assert_int_equal(xlpt_pin_find(&old.pins[i], "p", now.pins, now.n, &m, NULL), 0);
		assert_true(m.moved);
		assert_false(m.other_slot);
		assert_true(xlpt_bdf_eq(m.bdf, now.devs[i].bdf));
	}
	drop(&old);
	drop(&now);
}

static int find(const struct xlpt_pin *pin, struct set *s, struct xlpt_pin_match *m,
		const char *says)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	int rc = xlpt_pin_find(pin, "p", s->pins, s->n, m, &diag);

	if (rc && (!diag.hint || (!strstr(diag.message, says) && !strstr(diag.fact, says))))
		fail_msg("\"%s\", \"%s\": want \"%s\"", diag.message, diag.fact, says);
	return rc;
}

static void test_swapped(void **state)
{
	struct set old, now;
	struct xlpt_pin_match m;

	(void)state;
	set_of(&old, 0);
	pins_of(&old);
	/* The two cards changed places: their numbers tell. */
	set_of(&now, 0);
	now.devs[3].caps.serial = 0x1030;
	now.devs[4].caps.serial = 0x1020;
	pins_of(&now);
	assert_int_equal(find(&old.pins[3], &now, &m, ""), 0);
	assert_true(m.other_slot);
	assert_int_equal(m.bdf.bus, 2);
	drop(&now);
	/* Another card of the same kind. */
	set_of(&now, 0);
	now.devs[3].caps.serial = 0x9999;
	pins_of(&now);
	assert_int_equal(
		find(&old.pins[3], &now, &m, "serial number is dsn:00-00-00-00-00-00-99-99"),
		XLPT_ERR_RULE);
	drop(&now);
	/* Another kind. */
	set_of(&now, 0);
	now.devs[3].device = 0x1234;
	now.devs[3].caps.has_serial = false;
	pins_of(&now);
	assert_int_equal(find(&old.pins[3], &now, &m, "its id is 8086:1234, and was 8086:10d3"),
			 XLPT_ERR_RULE);
	drop(&now);
	/* The slot is empty, and the buses behind it moved down by one. */
	set_of(&now, 0);
	now.devs[3] = now.devs[4];
	now.devs[3].bdf.bus = 1;
	now.devs[4] = now.devs[5];
	now.devs[4].bdf.bus = 2;
	now.n = 5;
	pins_of(&now);
	assert_int_equal(find(&old.pins[3], &now, &m, "at its old address: its serial"),
			 XLPT_ERR_RULE);
	assert_int_equal(find(&old.pins[7], &now, &m, "nothing is at pci0000:00/12.0/00.0/vf1"),
			 XLPT_ERR_NO_DEVICE);
	drop(&now);
	drop(&old);
}

/* Without serial numbers place is all there is; where it does not tell, that is said. */
static void test_alike(void **state)
{
	struct set old, now;
	struct xlpt_pin_match m;
	_cleanup_free_ char *others = NULL, *many = NULL;
	struct xlpt_pin crowd[100];

	(void)state;
	set_of(&old, 0);
	old.devs[3].caps.has_serial = old.devs[4].caps.has_serial = false;
	pins_of(&old);
	others = xlpt_pin_alike(&old.pins[3], old.pins, old.n);
	assert_string_equal(others, "0000:02:00.0");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(crowd); i++) {
		crowd[i] = old.pins[4];
		crowd[i].address.bus = (uint8_t)i;
	}
	many = xlpt_pin_alike(&old.pins[3], crowd, XLPT_ARRAY_SIZE(crowd));
	assert_true(xlpt_starts(many, "0000:00:00.0, 0000:01:00.0, "));
	assert_non_null(strstr(many, ", 0000:0f:00.0 and 84 more"));
	set_of(&now, 0);
	now.devs[3].caps.has_serial = now.devs[4].caps.has_serial = false;
	now.devs[3].parent.dev = 0x13;
	pins_of(&now);
	assert_int_equal(find(&old.pins[3], &now, &m,
			      "these are alike and have no serial number: 0000:01:00.0, "
			      "0000:02:00.0"),
			 XLPT_ERR_RULE);
	drop(&now);
	/* Its shape is looked at, too. */
	set_of(&now, 0);
	now.devs[3].caps.has_serial = false;
	now.devs[3].bars[0].end = 0x4fff;
	pins_of(&now);
	assert_int_equal(find(&old.pins[3], &now, &m, "its BAR 0 has 0x4000 bytes"), XLPT_ERR_RULE);
	drop(&now);
	drop(&old);
}

/* Two functions of one card have one number. */
static void test_two_functions(void **state)
{
	struct set old, now;
	struct xlpt_pin_match m;

	(void)state;
	set_of(&old, 0);
	old.devs[4] = old.devs[3];
	old.devs[4].bdf.func = 1;
	pins_of(&old);
	set_of(&now, 0);
	now.devs[4] = now.devs[3];
	now.devs[4].bdf.func = 1;
	now.devs[3].parent.dev = now.devs[4].parent.dev = 0x11;
	pins_of(&now);
	assert_int_equal(find(&old.pins[4], &now, &m, ""), 0);
	assert_true(m.other_slot);
	assert_int_equal(m.bdf.func, 1);
	drop(&now);
	drop(&old);
}

static void test_bad_files(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
	} bad[] = {
		{ "", 0 },
		{ "xlpt-pin 2\n", 1 },
		{ "xlpt-pin 1\npath pci0000:00/10.0\n", 2 },
		{ "xlpt-pin 1\npath /etc/passwd\n", 2 },
		{ "xlpt-pin 1\npath pci0000:00/10.8\n", 2 },
		{ "xlpt-pin 1\npath pci0000:00/10.0\npath pci0000:00/10.0\n", 3 },
		{ "xlpt-pin 1\nid 8086:10d3\n", 2 },
		{ "xlpt-pin 1\nbar 6 1 00000200\n", 2 },
		{ "xlpt-pin 1\nbar 0 1\n", 2 },
		{ "xlpt-pin 1\nvf -1\n", 2 },
		{ "xlpt-pin 1\nserial dsn:\x01\n", 2 },
		{ "xlpt-pin 1\nserial 12\n", 2 },
		{ "xlpt-pin 1\naddress 02:00.0\n", 2 },
		{ "xlpt-pin 1\nnonsense\n", 2 },
		{ "xlpt-pin 1\nnonsense 1\n", 2 },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(bad); i++) {
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		struct xlpt_pin pin;

		assert_int_equal(xlpt_pin_parse(bad[i].text, &pin, &diag), XLPT_ERR_DATA);
		assert_int_equal(diag.line, bad[i].line);
	}
}

/* ---- on a host ---- */

static void test_commands(void **state)
{
	struct world *w = *state;

	answers(w, 0, "pin nic0 05:00.0", "pin:nic0 is 0000:05:00.0");
	answers(w, 0, "hide pin:nic0", "hidden already");
	answers(w, 0, "attach web1 pin:nic0", "0000:05:00.0 is attached");
	answers(w, 0, "detach web1 pin:nic0", "detached");
	answers(w, 0, "show pin:nic0", "0000:05:00.0");
	answers(w, 0, "reset pin:nic0", "0000:05:00.0 is reset");
	answers(w, 0, "pin disk 00:1f.2", "pin:disk");
	answers(w, 3, "hide pin:disk", "this host needs");
	answers(w, 0, "hide --force-host-device pin:disk pin:disk", "hidden");
	answers(w, 0, "unhide pin:disk", "is back");
	answers(w, 0, "pin remove disk", "no more");
	answers(w, 1, "pin nic0 03:00.0", "already");
	answers(w, 0, "pin --replace nic0 pin:nic0", "0000:05:00.0");
	answers(w, 1, "attach web1 pin:nic1", "the pins of this host are nic0");
	answers(w, 1, "pin br 00:01.0", "bridge");
	answers(w, 1, "pin x 0e:00.0", "no PCI device");
	answers(w, 2, "pin list x", "xlpt pin NAME BDF");
	/* A verb with a mistake in it is no name for what a pin is called. */
	answers(w, 2, "pin remov nic0", "there is no \"pin remov\"; did you mean \"pin remove\"?");
	answers(w, 2, "pin delete nic0", "did you mean \"pin remove\"?");
	answers(w, 0, "pin remov 04:00.0", "pin:remov is 0000:04:00.0");
	answers(w, 0, "pin remove remov", "no more");
	answers(w, 2, "pin show", "xlpt pin NAME BDF");
	answers(w, 2, "pin 02:00.0 02:00.0", "never a name");
	answers(w, 2, "pin ../x 02:00.0", "without '/'");
	answers(w, 2, "pin x.tmp 02:00.0", "cannot be the name");
	answers(w, 2, "pin pool:x 02:00.0", "cannot be the name");
	answers(w, 2, "pin x banana", "");
	answers(w, 2, "pin --replace list", "for making");
	answers(w, 2, "pin -n list", "changes nothing");
	answers(w, 0, "pin -n disk0 03:00.0", "would write");
	answers(w, 1, "pin show disk0", "no pin is called");
	answers(w, 0, "pin remove pin:nic0", "no more");
	answers(w, 0, "pin list", "");
}

/* A second root port, and disks behind either: 00:01.0 is the world's own. */
static void add_bridge(struct world *w)
{
	fake_bus_add(
		w->bus, "0000:00:02.0",
		&(struct fake_dev){ .vendor = 0x1b36, .device = 0x000c, .class_code = 0x060400 });
}

static void add_disk(struct world *w, const char *bdf, uint16_t vendor, const char *parent)
{
	fake_bus_add(w->bus, bdf,
		     &(struct fake_dev){ .vendor = vendor,
					 .device = 0x0011,
					 .class_code = 0x010802,
					 .parent = parent });
}

static void test_moved(void **state)
{
	struct world *w = *state;

	add_bridge(w);
	add_disk(w, "0000:23:00.0", 0x1b36, "0000:00:02.0");
	answers(w, 0, "pin disk1 23:00.0", "pin:disk1");
	fake_bus_remove(w->bus, "0000:23:00.0");
	answers(w, 1, "hide pin:disk1", "is not there");
	/* One just like it, elsewhere, and nothing that would tell which it is. */
	add_disk(w, "0000:23:00.0", 0x1b36, "0000:00:01.0");
	answers(w, 3, "hide pin:disk1", "have no serial number: 0000:23:00.0");
}

/* Of sysfs only the link is there: which one is said, and the other pins are found. */
static void test_link_to_nothing(void **state)
{
	static const char link[] = "/sys/bus/pci/devices/0000:23:00.0";
	struct world *w = *state;

	add_bridge(w);
	add_disk(w, "0000:23:00.0", 0x1b36, "0000:00:02.0");
	answers(w, 0, "pin disk1 23:00.0", "pin:disk1");
	answers(w, 0, "pin nic0 02:00.0", "pin:nic0");
	fake_bus_remove(w->bus, "0000:23:00.0");
	answers(w, 1, "hide pin:disk1",
		"nothing is at pci0000:00/02.0/00.0 (it was 0000:23:00.0 when it was pinned), and "
		"it has no serial number by which it could be found elsewhere\n");
	fake_bus_link(w->bus, link, "../../../devices/pci0000:00/0000:00:02.0/0000:23:00.0");
	answers(w, 1, "hide pin:disk1", "; /sys/bus/pci/devices lists 0000:23:00.0, which is not");
	answers(w, 0, "pin show disk1", "lists 0000:23:00.0, which is not there");
	answers(w, 0, "pin list", "nic0  0000:02:00.0 in place");
	assert_non_null(strstr(w->out, "disk1 -            absent"));
	answers(w, 1, "pin disk2 23:00.0", "/0000:23:00.0 is a link, and what it leads to (../../");
	answers(w, 1, "show 23:00.0", "/0000:23:00.0 is a link, and what it leads to (../../");
	answers(w, 1, "show 24:00.0", "/sys/bus/pci/devices/0000:24:00.0 is not there");
	/* One that cannot be read at all is the error, told once. */
	fake_bus_link(w->bus, "/sys/bus/pci/devices/0000:24:00.0", "0000:24:00.0");
	answers(w, 1, "pin list", "cannot read PCI device 0000:24:00.0");
	assert_null(strstr(strstr(w->err, "cannot read PCI") + 1, "cannot read PCI"));
}

static void count_class(struct fake_bus *bus, const char *path, void *arg)
{
	const char *name = strrchr(path, '/');

	(void)bus;
	*(unsigned *)arg += name && !strcmp(name, "/class") && strstr(path, "0000:02:00.0");
}

/* All pins are looked for in one reading of this host. */
static void test_one_scan(void **state)
{
	static const char *const commands[] = { "pin list", "boot verify", "apply --export" };
	struct world *w = *state;
	unsigned one, all;

	world_system(w, SYSTEM_KERNEL);
	ok_lines(w, "pin p0 02:00.0;boot write pin:p0");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(commands); i++) {
		ok_lines(w, "pin --replace p1 03:00.0;pin --replace p2 04:00.0;boot write pin:p1");
		all = 0;
		fake_bus_on_read(w->bus, count_class, &all);
		world_run(w, "%s", commands[i]);
		fake_bus_on_read(w->bus, NULL, NULL);
		ok_lines(w, "boot remove pin:p1;pin remove p1;pin remove p2");
		one = 0;
		fake_bus_on_read(w->bus, count_class, &one);
		world_run(w, "%s", commands[i]);
		fake_bus_on_read(w->bus, NULL, NULL);
		if (all > one || !one)
			fail_msg("%s: %u scans for one pin, %u for three", commands[i], one, all);
	}
}

static void test_swapped_on_host(void **state)
{
	struct world *w = *state;

	add_bridge(w);
	add_disk(w, "0000:23:00.0", 0x1b36, "0000:00:02.0");
	answers(w, 0, "pin disk1 23:00.0", "pin:disk1");
	fake_bus_remove(w->bus, "0000:23:00.0");
	add_disk(w, "0000:29:00.0", 0x1b36, "0000:00:02.0");
	answers(w, 0, "hide pin:disk1", "pin:disk1 is 0000:29:00.0 now; it was 0000:23:00.0");
	answers(w, 0, "pin list", "moved");
	fake_bus_remove(w->bus, "0000:29:00.0");
	add_disk(w, "0000:29:00.0", 0x8086, "0000:00:02.0");
	answers(w, 3, "hide pin:disk1", "its id is 8086:0011, and was 1b36:0011");
	answers(w, 0, "--json pin show disk1", "\"state\": \"refused\"");
	answers(w, 0, "pin --replace disk1 29:00.0", "pin:disk1 is 0000:29:00.0");
	answers(w, 0, "hide pin:disk1", "hidden");
	fake_bus_put(w->bus, "/var/lib/xlpt/pins/disk1", "rubbish\n");
	answers(w, 1, "hide pin:disk1", "/var/lib/xlpt/pins/disk1:1");
	answers(w, 0, "pin nic0 02:00.0", "");
	answers(w, 1, "pin list", "/var/lib/xlpt/pins/disk1:1");
	assert_non_null(strstr(w->out, "nic0"));
	answers(w, 1, "--json pin list", "\"name\": \"nic0\"");
	assert_non_null(strstr(strstr(w->out, "\"damaged\": ["), "\"name\": \"disk1\""));
	answers(w, 0, "pin remove disk1", "no more");
}

/* What stands below /var/lib/xlpt/pins and is no pin: named with what takes it away. */
static void test_no_pins(void **state)
{
	struct world *w = *state;
	struct xlpt_host *h = fake_bus_host(w->bus);

	ok(w, "pin nic0 02:00.0");
	fake_bus_link(w->bus, "/var/lib/xlpt/pins/away", "/nowhere");
	fake_bus_put(w->bus, "/var/lib/xlpt/pins/empty", "");
	fake_bus_put(w->bus, "/var/lib/xlpt/pins/folder/x", "");
	answers(w, 1, "pin list",
		"cannot read the pin \"away\": its file is a link that leads nowhere\n");
	assert_non_null(strstr(w->err, "/var/lib/xlpt/pins/empty: this is not a pin's file\n"));
	assert_null(strstr(w->err, "line 0"));
	assert_non_null(strstr(w->err, "to mend: rm -r /var/lib/xlpt/pins/folder; xlpt pin"));
	answers(w, 1, "--json pin list", "\"line\": null");
	assert_null(strstr(w->out, "\"line\": 0"));
	answers(w, 1, "hide pin:away", "a link that leads nowhere\n");
	answers(w, 1, "pin away 02:00.0", "there is a pin \"away\" already");
	assert_int_equal(h->ops->unlink(h, "/var/lib/xlpt/pins/away"), 0);
	ok(w, "pin away 02:00.0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_place_and_text),
		cmocka_unit_test(test_renumbered),
		cmocka_unit_test(test_swapped),
		cmocka_unit_test(test_alike),
		cmocka_unit_test(test_two_functions),
		cmocka_unit_test(test_bad_files),
		world_test(test_commands),
		world_test(test_moved),
		world_test(test_link_to_nothing),
		world_test(test_one_scan),
		world_test(test_swapped_on_host),
		world_test(test_no_pins),
	};

	B("00:00.0");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
