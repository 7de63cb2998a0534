/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* attach and detach of a guest that libvirt manages: what libvirt lists, the guest has, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/fake/libvirt.h"
#include "tests/unit/commands.h"

#define MAC "52:54:00:6d:90:02"
#define HAS "enp1s0 vf 0 mac " MAC " vlan 42:0:8100"
#define HAD "enp1s0 vf 0 mac 00:00:00:00:00:00 vlan 0:0:8100"
#define HOSTDEV(managed, bus)                                                   \
	"<hostdev mode='subsystem' type='pci' managed='" managed "'><source>"   \
	"<address domain='0x0000' bus='0x" bus "' slot='0x00' function='0x0'/>" \
	"</source></hostdev>"
#define INTERFACE                                                                     \
	"<interface type='hostdev' managed='yes'><mac address='" MAC "'/><source>"    \
	"<address type='pci' domain='0x0000' bus='0x01' slot='0x10' function='0x0'/>" \
	"</source><vlan><tag id='42'/></vlan></interface>"

struct host {
	struct world *w;
	struct fake_libvirt *l;
};

/* web1 (PV, 3) and win1 (HVM, 5) are libvirt's; db1 is xl's. */
static int setup(void **state)
{
	struct host *h = xlpt_xcalloc(1, sizeof(*h));

	h->w = world_new();
	h->l = fake_libvirt_new(h->w);
	fake_libvirt_made(h->l, 3);
	fake_libvirt_made(h->l, 5);
	*state = h;
	return 0;
}

static int teardown(void **state)
{
	struct host *h = *state;

	fake_libvirt_free(h->l);
	world_free(h->w);
	free(h);
	return 0;
}

static void lists(struct host *h, const char *want)
{
	_cleanup_free_ char *now = fake_libvirt_list(h->l);

	assert_string_equal(now, want);
}

static void vf_is(struct host *h, const char *want)
{
	_cleanup_free_ char *now = fake_rtnl_snapshot(h->w->rtnl);

	if (!strstr(now, want))
		fail_msg("not \"%s\" but %s", want, now);
}

static void test_attach_detach(void **state)
{
	struct host *h = *state;
	_cleanup_free_ char *before = NULL, *after = NULL;

	ok(h->w, "hide 02:00.0");
	before = world_snapshot(h->w);
	answers(h->w, 0, "attach --dry-run web1 02:00.0",
		"add 0000:02:00.0 to web1, through libvirt");
	lists(h, "");
	ok(h->w, "attach web1 02:00.0");
	lists(h, "3 0000:02:00.0\n");
	assert_int_equal(fake_ts_owner(h->w->ts, B("02:00.0")), 3);
	answers(h->w, 0, "detach --dry-run web1 02:00.0",
		"take 0000:02:00.0 from web1, through libvirt");
	ok(h->w, "detach web1 02:00.0");
	lists(h, "");
	ok(h->w, "attach web1 02:00.0");
	ok(h->w, "detach web1 02:00.0");
	after = world_snapshot(h->w);
	assert_string_equal(before, after);
	ok(h->w, "attach --hide win1 03:00.0,permissive=1");
	lists(h, "5 0000:03:00.0\n");
	ok(h->w, "detach --to-host win1 03:00.0");
	lists(h, "");
	/* A guest of xl's on the same host. */
	ok(h->w, "attach db1 02:00.0");
	lists(h, "");
	ok(h->w, "detach db1 02:00.0");
}

/* It becomes an interface, with the VLAN that the VF has, whoever gave it that. */
static void test_identity(void **state)
{
	struct host *h = *state;

	ok(h->w, "attach --hide web1 01:10.0,mac=" MAC ",vlan=42");
	lists(h, "3 0000:01:10.0 " MAC " vlan 42\n");
	vf_is(h, HAS);
	ok(h->w, "detach web1 01:10.0");
	lists(h, "");
	vf_is(h, HAD);
	ok(h->w, "vf set 01:10.0 vlan=42");
	ok(h->w, "attach web1 01:10.0,mac=" MAC);
	lists(h, "3 0000:01:10.0 " MAC " vlan 42\n");
	vf_is(h, HAS);
	ok(h->w, "detach web1 01:10.0");
	vf_is(h, "enp1s0 vf 0 mac 00:00:00:00:00:00 vlan 42:0:8100");
	/* What libvirt has no words for is xlpt's alone. */
	ok(h->w, "attach web1 01:10.0,mac=" MAC ",vlan=42:3");
	lists(h, "3 0000:01:10.0\n");
	vf_is(h, "enp1s0 vf 0 mac " MAC " vlan 42:3:8100");
	ok(h->w, "detach web1 01:10.0");
	ok(h->w, "attach web1 01:10.0,mac=" MAC ",trust=on,spoofchk=off");
	lists(h, "3 0000:01:10.0 " MAC " vlan 42\n");
	vf_is(h, HAS " spoofchk 0 trust 1");
	ok(h->w, "detach --to-host web1 01:10.0");
}

static void test_pool(void **state)
{
	struct host *h = *state;

	ok(h->w, "pool define lan pf=01:00.0");
	ok(h->w, "attach --hide web1 pool:lan,mac=" MAC ",vlan=42");
	lists(h, "3 0000:01:10.0 " MAC " vlan 42\n");
	answers(h->w, 0, "pool show lan", "web1");
	answers(h->w, 1, "attach --hide db1 pool:lan", "has no free VF");
	ok(h->w, "detach web1 01:10.0");
	lists(h, "");
	vf_is(h, HAD);
	answers(h->w, 0, "pool show lan", "1 of 1 VFs free");
	/* One that virsh has taken is no free one. */
	assert_int_equal(fake_virsh(h->l, "attach-device", 3, INTERFACE), 0);
	answers(h->w, 1, "attach --hide db1 pool:lan", "has no free VF");
}

static void anew(struct fake_libvirt *l)
{
	fake_libvirt_state(l, FAKE_LIBVIRT_STOPPED);
	fake_libvirt_state(l, FAKE_LIBVIRT_RUNS);
}

/* libvirt's own: managed, which means that it gives the device back to dom0. */
static void test_of_virsh(void **state)
{
	struct host *h = *state;

	assert_int_equal(fake_virsh(h->l, "attach-device", 3, HOSTDEV("yes", "02")), 0);
	answers(h->w, 1, "attach web1 02:00.0", "is already with web1");
	ok(h->w, "detach web1 02:00.0");
	lists(h, "");
	assert_string_equal(fake_bus_driver_of(h->w->bus, "0000:02:00.0"), "pciback");
	assert_int_equal(fake_virsh(h->l, "detach-device", 3, HOSTDEV("yes", "02")), 1);
	/* Without a word for the driver it is in use to libvirt until that starts anew. */
	assert_int_equal(fake_virsh(h->l, "attach-device", 5, HOSTDEV("yes", "02")), 1);
	answers(h->w, 1, "attach win1 02:00.0", "in use by driver xenlight");
	anew(h->l);
	assert_int_equal(fake_virsh(h->l, "attach-device", 5, HOSTDEV("yes", "02")), 0);
	ok(h->w, "detach win1 --to-host 02:00.0");
	lists(h, "");
	assert_string_equal(fake_bus_driver_of(h->w->bus, "0000:02:00.0"), "e1000e");
	assert_int_equal(fake_virsh(h->l, "attach-device", 3, INTERFACE), 0);
	vf_is(h, HAS);
	ok(h->w, "detach web1 01:10.0");
	lists(h, "");
	vf_is(h, HAD);
	assert_string_equal(fake_bus_driver_of(h->w->bus, "0000:01:10.0"), "pciback");
	answers(h->w, 1, "attach web1 01:10.0", "in use by driver xenlight");
	anew(h->l);
	/* And the other way: what xlpt has attached goes by virsh. */
	ok(h->w, "attach web1 01:10.0,mac=" MAC ",vlan=42");
	assert_int_equal(fake_virsh(h->l, "detach-device", 3, INTERFACE), 0);
	lists(h, "");
	/* The guest closes its frontend, and virsh waits for nobody. */
	fake_clock_run(&h->w->clock, h->w->clock.now + 5000, NULL);
	ok(h->w, "attach web1 --hide 02:00.0");
	assert_int_equal(fake_virsh(h->l, "detach-device", 3, HOSTDEV("yes", "02")), 0);
	/* What was attached counts, not the words of what virsh is given now. */
	assert_string_equal(fake_bus_driver_of(h->w->bus, "0000:02:00.0"), "pciback");
	answers(h->w, 1, "detach web1 02:00.0", "web1 does not have 0000:02:00.0");
}

/* What its configuration lacks is said in libvirt's words. */
static void test_made_without(void **state)
{
	struct host *h = *state;
	struct world *w = h->w;
	struct xlpt_guest *g = fake_ts_find(w->ts, 5, NULL);

	g->passthrough = XLPT_OFF;
	refused(w, 1, "attach win1 --hide 02:00.0", "win1 was created without passthrough");
	assert_non_null(strstr(
		w->err, "to mend: write <passthrough state='on'/> into <features><xen> of its XML "
			"(virsh edit win1), shut it down and start it anew; its currentMemory may "
			"then be no less than its memory\n"));
	g = fake_ts_find(w->ts, 3, NULL);
	g->passthrough = XLPT_OFF;
	refused(w, 1, "attach web1 --hide 02:00.0", "web1 was created without passthrough");
	assert_non_null(
		strstr(w->err, "<passthrough state='on'/> and <e820_host state='on'/> into"));
	g->passthrough = XLPT_ON;
	g->e820_host = XLPT_OFF;
	refused(w, 1, "attach web1 --hide 02:00.0", "web1 was created without e820_host");
	assert_non_null(strstr(w->err, "to mend: write <e820_host state='on'/> into <features>"));
}

static void test_silent(void **state)
{
	static const struct {
		enum fake_libvirt_state state;
		const char *says, *mends;
	} cases[] = {
		{ FAKE_LIBVIRT_STOPPED, "virsh says: error: failed to connect",
		  "systemctl start libvirtd" },
		{ FAKE_LIBVIRT_HANGS, "virsh did not end within 30 s", "systemctl start libvirtd" },
		{ FAKE_LIBVIRT_NO_VIRSH, "there is no virsh", "libvirt-clients" },
	};
	struct host *h = *state;
	struct xlpt_host *host = fake_bus_host(h->w->bus);
	_cleanup_free_ char *note = NULL;

	ok(h->w, "hide 02:00.0 05:00.0");
	ok(h->w, "attach web1 05:00.0");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		fake_libvirt_state(h->l, cases[i].state);
		refused(h->w, 3, "attach web1 02:00.0", "libvirt manages web1 and does not answer");
		assert_non_null(strstr(h->w->err, cases[i].says));
		assert_non_null(strstr(h->w->err, cases[i].mends));
		assert_non_null(strstr(h->w->err, "--around-libvirt"));
		refused(h->w, 3, "detach web1 05:00.0", cases[i].says);
		refused(h->w, 3, "detach --force web1 05:00.0", cases[i].says);
		answers(h->w, 3, "check web1 02:00.0", "libvirt manages web1");
		/* Nobody else is held up. */
		ok(h->w, "attach db1 02:00.0");
		ok(h->w, "detach db1 02:00.0");
	}
	/* Around it: said, done, and undone the same way. */
	fake_libvirt_state(h->l, FAKE_LIBVIRT_STOPPED);
	answers(h->w, 0, "attach --around-libvirt web1 02:00.0", "virsh dumpxml web1 is wrong");
	fake_libvirt_state(h->l, FAKE_LIBVIRT_RUNS);
	lists(h, "3 0000:05:00.0\n");
	answers(h->w, 0, "status", "web1 has 0000:02:00.0, and libvirt does not list it");
	ok(h->w, "detach web1 02:00.0");
	ok(h->w, "detach --around-libvirt web1 05:00.0");
	lists(h, "3 0000:05:00.0\n");
	answers(h->w, 0, "status",
		"libvirt lists 0000:05:00.0 for web1, and the guest does not have it");
	assert_non_null(strstr(h->w->out, "xlpt attach --around-libvirt web1 0000:05:00.0, and "
					  "then: xlpt detach web1 0000:05:00.0"));
	assert_int_equal(fake_virsh(h->l, "detach-device", 3, HOSTDEV("no", "05")), 1);
	/* Put back around it as well, the two agree again. */
	ok(h->w, "attach --around-libvirt web1 05:00.0");
	assert_int_equal(xlpt_host_read_text(host, &note, "/run/libvirt/libxl/web1.xml"), 0);
	ok(h->w, "detach web1 05:00.0");
	lists(h, "");
	ok(h->w, "status");
	assert_null(strstr(h->w->out, "libvirt"));
	/* A note that is older than what the daemon says: that counts, where it answers. */
	fake_bus_put(h->w->bus, "/run/libvirt/libxl/web1.xml", note);
	ok(h->w, "status");
	assert_null(strstr(h->w->out, "libvirt"));
	fake_libvirt_state(h->l, FAKE_LIBVIRT_STOPPED);
	answers(h->w, 0, "status", "libvirt lists 0000:05:00.0 for web1");
	fake_libvirt_state(h->l, FAKE_LIBVIRT_RUNS);
	/* A daemon that has forgotten the guest manages it no more. */
	fake_libvirt_forgets(h->l);
	ok(h->w, "attach web1 05:00.0");
	ok(h->w, "detach web1 05:00.0");
}

/* A daemon that hangs is waited for once, however many guests its notes are wrong about. */
static void test_silent_once(void **state)
{
	struct host *h = *state;
	int64_t before;

	ok(h->w, "hide 02:00.0 05:00.0");
	ok(h->w, "attach --around-libvirt web1 02:00.0");
	ok(h->w, "attach --around-libvirt win1 05:00.0");
	fake_libvirt_state(h->l, FAKE_LIBVIRT_HANGS);
	before = h->w->clock.now;
	answers(h->w, 0, "status", "web1 has 0000:02:00.0, and libvirt does not list it");
	assert_non_null(strstr(h->w->out, "win1 has 0000:05:00.0, and libvirt does not list it"));
	assert_in_range(h->w->clock.now - before, 30000, 35000);
}

static void test_no_words(void **state)
{
	struct host *h = *state;

	ok(h->w, "hide 02:00.0");
	refused(h->w, 3, "attach web1 02:00.0,rdm_policy=relaxed", "no word for rdm_policy");
	refused(h->w, 3, "attach win1 02:00.0@9", "no word for a slot of the guest");
	refused(h->w, 3, "attach win1 02:00.0,power_mgmt=1", "no word for power_mgmt");
	ok(h->w, "attach --around-libvirt win1 02:00.0@9");
	/* Of a slot that libvirt does not know of, the detach is xlpt's. */
	ok(h->w, "detach win1 02:00.0");
}

/*
 * Two devices of an HVM guest with one interrupt line: told when it gets the second, and libvirt is
 * not asked to take one of them.
 */
static void test_line(void **state)
{
	static const struct fake_dev nic = {
		.vendor = 0x8086, .device = 0x10d3, .class_code = 0x020000, .irq = 11
	};
	struct host *h = *state;
	const char *says = "its interrupt line together with another device of win1";

	fake_bus_add(h->w->bus, "0000:09:00.0", &nic);
	ok(h->w, "attach --hide web1 02:00.0 09:00.0");
	assert_null(strstr(h->w->err, "interrupt line"));
	ok(h->w, "detach web1 02:00.0 09:00.0");
	answers(h->w, 0, "attach win1 02:00.0 09:00.0", says);
	changes_nothing(h->w, 3, "detach win1 09:00.0", "libvirt would take the line from both");
	ok(h->w, "detach --around-libvirt win1 09:00.0");
	ok(h->w, "detach win1 02:00.0");
	ok(h->w, "attach win1 02:00.0 05:00.0");
	assert_null(strstr(h->w->err, "interrupt line"));
	/* The first one is there before. */
	fake_virsh(h->l, "detach-device", 5, HOSTDEV("no", "09"));
	answers(h->w, 0, "check win1 09:00.0", says);
}

/* libxl fails under libvirt, at every depth: nothing stays, on either side. */
static void test_libxl_fails(void **state)
{
	static const char *const lines[] = { "attach --hide web1 02:00.0",
					     "attach --hide win1 02:00.0",
					     "attach --hide web1 01:10.0,mac=" MAC ",vlan=42" };
	struct host *h = *state;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(lines); i++)
		for (int depth = FAKE_TS_AT_ONCE; depth <= FAKE_TS_AFTER_NODES; depth++) {
			fake_ts_fail(h->w->ts, FAKE_TS_ADD, 1, (enum fake_ts_depth)depth);
			changes_nothing(h->w, 1, lines[i], "libxenlight failed to attach");
			lists(h, "");
		}
}

/* Behind a bridge libvirt wants to be told of the neighbours, too; its line names one. */
static void test_neighbour(void **state)
{
	struct host *h = *state;

	fake_libvirt_neighbour(h->l, "0000:02:00.0", "0000:02:03.0");
	changes_nothing(h->w, 1, "attach --hide web1 02:00.0",
			"nodedev-detach pci_0000_02_03_0 --driver xen");
	lists(h, "");
	fake_libvirt_neighbour(h->l, NULL, NULL);
	ok(h->w, "attach --hide web1 02:00.0");
}

/* A guest that does not take the device: taken back through libvirt, which lists it no more. */
static void test_guest_fails(void **state)
{
	struct host *h = *state;

	world_frontend(h->w, &(struct fake_pcifront_opts){ .absent = true });
	assert_int_equal(world_run(h->w, "attach --hide --timeout 5 web1 02:00.0"), 1);
	lists(h, "");
	assert_string_equal(fake_bus_driver_of(h->w->bus, "0000:02:00.0"), "e1000e");
	assert_int_not_equal(fake_ts_owner(h->w->ts, B("02:00.0")), 3);
}

/* An HVM guest that does not answer: by force without libvirt, which is told to whoever looks. */
static void test_deaf(void **state)
{
	struct host *h = *state;

	ok(h->w, "attach --hide win1 02:00.0");
	fake_ts_deaf(h->w->ts, 5, true);
	assert_int_equal(world_run(h->w, "detach win1 02:00.0"), 5);
	lists(h, "5 0000:02:00.0\n");
	fake_ts_deaf(h->w->ts, 5, false);
	ok(h->w, "repair");
	lists(h, "");
}

/* The daemon ends at any question: what cannot be ended then is ended by repair, once it runs again. */
static void test_dies(void **state)
{
	static const char *const lines[] = { "attach web1 02:00.0", "attach win1 02:00.0",
					     "attach web1 01:10.0,mac=" MAC ",vlan=42",
					     "detach web1 05:00.0", "detach win1 03:00.0" };
	struct host *h = *state;

	ok(h->w, "hide 02:00.0 01:10.0");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(lines); i++)
		for (unsigned n = 1;; n++) {
			_cleanup_free_ char *list = NULL;
			int status, owner;

			world_run(h->w, "attach --hide web1 05:00.0");
			world_run(h->w, "attach --hide win1 03:00.0");
			fake_libvirt_dies_in(h->l, n);
			status = world_run(h->w, "%s", lines[i]);
			fake_libvirt_dies_in(h->l, 0);
			fake_libvirt_state(h->l, FAKE_LIBVIRT_RUNS);
			if (status == 5)
				ok(h->w, "repair");
			list = fake_libvirt_list(h->l);
			for (const char *c = "02:00.0\00001:10.0\00005:00.0\00003:00.0\0"; *c;
			     c += strlen(c) + 1) {
				owner = (int)fake_ts_owner(h->w->ts, B(c));
				if ((strstr(list, c) != NULL) != (owner > 0))
					fail_msg("%s, %u: %s is domain %d's, and listed: %s\n%s%s",
						 lines[i], n, c, owner, list, h->w->out, h->w->err);
			}
			for (const char *c = "web1 02:00.0\0win1 02:00.0\0web1 01:10.0\0"; *c;
			     c += strlen(c) + 1)
				world_run(h->w, "detach %s", c);
			if (status == 0)
				break;
			assert_true(n < 20);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_attach_detach, setup, teardown),
		cmocka_unit_test_setup_teardown(test_identity, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pool, setup, teardown),
		cmocka_unit_test_setup_teardown(test_of_virsh, setup, teardown),
		cmocka_unit_test_setup_teardown(test_made_without, setup, teardown),
		cmocka_unit_test_setup_teardown(test_silent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_silent_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_words, setup, teardown),
		cmocka_unit_test_setup_teardown(test_libxl_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(test_neighbour, setup, teardown),
		cmocka_unit_test_setup_teardown(test_line, setup, teardown),
		cmocka_unit_test_setup_teardown(test_guest_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deaf, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dies, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
