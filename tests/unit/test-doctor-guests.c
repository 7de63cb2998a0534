/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xlpt doctor on guests and their configurations: what their devices need, and whether they get it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

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

static void says(struct world *w, int want, const char *fact, const char *mend)
{
	int status = world_run(w, "doctor");

	if (status != want || !strstr(w->out, fact) || (mend && !strstr(w->out, mend)))
		fail_msg("doctor: exit %d, want %d, \"%s\" and \"%s\"\n%s%s", status, want, fact,
			 mend ? mend : "", w->out, w->err);
}

/* What is to be written must not be what xl create refuses next. */
static void test_without_passthrough(void **state)
{
	struct world *w = *state;
	struct xlpt_guest *g = fake_ts_guest(w->ts, 7, "app1", XLPT_GUEST_PV);

	g->passthrough = XLPT_OFF;
	fake_bus_put(w->bus, "/etc/xen/app1.cfg", "name = \"app1\"\npci = [ '02:00.0' ]\n");
	says(w, 1, "app1 runs without passthrough",
	     "write passthrough=\"enabled\" and e820_host=1 into its configuration and create it "
	     "again\n");
	g->type = XLPT_GUEST_HVM;
	says(w, 1, "app1 runs without passthrough",
	     "write passthrough=\"enabled\" into its configuration and create it again; its "
	     "maxmem may then be no more than its memory\n");
}

/* xl create makes none of them, whatever their devices are. */
static void test_creation(void **state)
{
	static const struct {
		const char *lines, *fact, *mend;
	} cases[] = {
		{ "type = \"hvm\"\nmemory = 1024\nmaxmem = 2048\n",
		  "an HVM guest with devices cannot have maxmem above memory: xl create refuses it",
		  "write maxmem = 1024, or memory = 2048" },
		{ "type = \"pvh\"\n", "a PVH guest cannot have devices: xl create refuses it",
		  "write type=\"hvm\" or type=\"pv\"" },
		{ "type = \"pv\"\npassthrough = \"disabled\"\n",
		  "a guest without passthrough cannot have devices: xl create refuses it",
		  "leave passthrough out" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text =
			xlpt_xasprintf("name = \"app1\"\n%spci = [ '02:00.0' ]\n", cases[i].lines);
		_cleanup_free_ char *fact =
			xlpt_xasprintf("warning  /etc/xen/app1.cfg: %s", cases[i].fact);

		fake_bus_put(w->bus, "/etc/xen/app1.cfg", text);
		says(w, 0, fact, cases[i].mend);
	}
	/* A PV guest's memory comes when it is asked for, and the IOMMU is told then. */
	fake_bus_put(w->bus, "/etc/xen/app1.cfg",
		     "name = \"app1\"\nmemory = 1024\nmaxmem = 2048\npci = [ '02:00.0' ]\n");
	says(w, 0, "and all are there", NULL);
	/* Without devices it is well, too. */
	fake_bus_put(w->bus, "/etc/xen/app1.cfg",
		     "name = \"app1\"\ntype = \"hvm\"\nmemory = 1024\nmaxmem = 2048\n");
	says(w, 0, "and all are there", NULL);
}

/* Of a guest that runs, the configuration that it was started with counts; and its file. */
static void test_absent(void **state)
{
	struct world *w = *state;
	_cleanup_spec_ struct xlpt_spec spec;

	assert_int_equal(xlpt_spec_parse("0001:3f:00.1", &spec, NULL), 0);
	fake_ts_configure(w->ts, 5, &spec);
	says(w, 0,
	     "win1 was started with a configuration that names 0001:3f:00.1, and this host has no "
	     "such device: the next start fails",
	     "to mend: xlpt convert --edit FILE --remove 0001:3f:00.1");
	fake_bus_put(w->bus, "/etc/xen/win 1.cfg", "name = \"win1\"\npci = [ '3f:00.1' ]\n");
	says(w, 0, "win1 was started with a configuration that names 0001:3f:00.1",
	     "to mend: xlpt convert --edit '/etc/xen/win 1.cfg' --remove 0001:3f:00.1");
	says(w, 0, "/etc/xen/win 1.cfg:2: names 0000:3f:00.1, and this host has no such device",
	     "if it does not come back: xlpt convert --edit '/etc/xen/win 1.cfg' --remove "
	     "0000:3f:00.1");
}

#define XML "/etc/libvirt/libxl/app 1.xml"

static void domain(struct world *w, const char *type, const char *features, const char *bus)
{
	_cleanup_free_ char *text = xlpt_xasprintf(
		"<domain type='xen'>\n<name>app 1</name>\n<memory unit='MiB'>2048</memory>\n%s\n"
		"<devices>\n<interface type='network'><source network='lan'/></interface>\n"
		"<hostdev mode='subsystem' type='pci' managed='yes'><source>\n<address "
		"domain='0x0000' bus='%s' slot='0x00' function='0x0'/></source></hostdev>\n"
		"</devices>\n<os><type arch='x86_64' machine='%s</type></os></domain>\n",
		features, bus, type);

	fake_bus_put(w->bus, XML, text);
}

/* libvirt's guests that do not run: what mends them is virsh edit, never xl's words. */
static void test_libvirt(void **state)
{
	static const char hvm[] = "xenfv'>hvm";
	static const char edit[] = "to mend: virsh edit 'app 1': write ";
	struct world *w = *state;

	domain(w, hvm, "", "0x02");
	says(w, 0,
	     "files that were read in /etc/xen and /etc/libvirt/libxl: 1, devices that they "
	     "name: 1, and all are there",
	     NULL);
	domain(w, hvm, "", "0x3f");
	says(w, 0, XML ":7: names 0000:3f:00.0, and this host has no such device",
	     "correct it (virsh edit 'app 1'), or put the card back\n");
	assert_null(strstr(w->out, "convert --edit"));
	domain(w, "xenpvh'>xenpvh", "", "0x02");
	says(w, 0, XML ": a PVH guest cannot have devices: libxl refuses it", edit);
	domain(w, hvm, "<features><xen><passthrough state='off'/></xen></features>", "0x02");
	says(w, 0, XML ": a guest without passthrough cannot have devices: libxl refuses it", edit);
	domain(w, hvm, "<currentMemory unit='MiB'>1024</currentMemory>", "0x02");
	says(w, 0, XML ": an HVM guest with devices cannot have memory above currentMemory: libxl",
	     edit);
	assert_null(strstr(w->out, "xl create"));
	/* Its link in autostart is no second guest. */
	fake_bus_link(w->bus, "/etc/libvirt/libxl/autostart/app 1.xml", "../app 1.xml");
	fake_bus_link(w->bus, "/etc/libvirt/libxl/other.xml", "app 1.xml");
	domain(w, hvm, "", "0x02");
	says(w, 0, "/etc/libvirt/libxl: 1, devices that they name: 1,", NULL);
}

/* A guest that runs without passthrough, and is to have devices by that file alone. */
static void test_libvirt_runs(void **state)
{
	struct world *w = *state;
	struct xlpt_guest *g = fake_ts_guest(w->ts, 7, "app 1", XLPT_GUEST_HVM);

	g->passthrough = XLPT_OFF;
	domain(w, "xenfv'>hvm", "", "0x02");
	says(w, 1, "app 1 runs without passthrough, so it can have no device, and " XML " gives it",
	     NULL);
}

/* Whoever wrote them: nothing is read elsewhere, and nothing takes long. */
static void test_libvirt_hostile(void **state)
{
	static const struct {
		const char *text, *fact;
	} cases[] = {
		{ "<!DOCTYPE d [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>\n<domain "
		  "type='xen'><name>&e;</name></domain>\n",
		  XML ":1" },
		{ "<domain type='xen'><name>a</name>", XML ":1" },
		{ "", XML },
		{ "\x01\x1b[2J", XML },
	};
	struct world *w = *state;
	_cleanup_str_ struct xlpt_str big = { 0 };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		fake_bus_put(w->bus, XML, cases[i].text);
		says(w, 0, cases[i].fact, NULL);
		assert_null(strstr(w->out, "root:"));
		assert_null(strchr(w->out, '\x1b'));
	}
	xlpt_str_add(&big, "<domain type='xen'><!--");
	while (big.len < (2u << 20))
		xlpt_str_add(&big,
			     "................................................................");
	fake_bus_put(w->bus, XML, xlpt_str_get(&big));
	says(w, 0, XML " cannot be read: ", NULL);
	/* What is no file, or no guest's, is not opened. */
	fake_bus_host(w->bus)->ops->unlink(fake_bus_host(w->bus), XML);
	fake_bus_put(w->bus, XML "/x", "");
	fake_bus_put(w->bus, "/etc/libvirt/libxl/.app.xml", "<");
	fake_bus_put(w->bus, "/etc/libvirt/libxl/app.xml~", "<");
	says(w, 0, "no guest's configuration is in /etc/xen and /etc/libvirt/libxl", NULL);
}

static void test_vectors(void **state)
{
	static const uint8_t cfg[256] = {
		0x4d, 0x14, 0x0a,	   0xa8,	  6, 0,	 0x10, 0, 1, 2,
		8,    1,    [0x34] = 0x40, [0x40] = 0x11, 0, 32,
	};
	struct world *w = *state;

	fake_bus_add(w->bus, "0000:07:00.0",
		     &(struct fake_dev){ .vendor = 0x144d,
					 .device = 0xa80a,
					 .class_code = 0x010802,
					 .config = cfg,
					 .config_len = sizeof(cfg) });
	ok(w, "attach win1 --hide 07:00.0");
	says(w, 0,
	     "warning  win1's devices ask for up to 33 interrupt vectors, Xen lets it have 32",
	     "to mend: write extra_guest_irqs=33 on Xen's command line, and boot again");
	fake_ts_cmdline(w->ts, "extra_guest_irqs=33");
	ok(w, "doctor");
	assert_null(strstr(w->out, "interrupt vectors"));
}

/* A guest that starts at boot finds its device hidden, and is the only one that gets it. */
static void test_autostart(void **state)
{
	struct world *w = *state;

	fake_bus_put(w->bus, "/etc/xen/app1.cfg",
		     "name = \"app1\"\npci = [ '02:00.0', '05:00.0' ]\n");
	fake_bus_put(w->bus, "/etc/xen/app2.cfg", "name = \"app2\"\npci = [ '05:00.0' ]\n");
	ok(w, "doctor");
	assert_null(strstr(w->out, "/etc/xen/app"));
	fake_bus_link(w->bus, "/etc/xen/auto/app1", "../app1.cfg");
	says(w, 0,
	     "/etc/xen/app1.cfg:2: names 0000:02:00.0, which nothing hides from dom0 (driver "
	     "e1000e): at boot its guest does not start",
	     "to mend: xlpt boot write 0000:02:00.0; or write \"0000:02:00.0,seize=1\" there");
	assert_null(strstr(w->out, "names 0000:05:00.0"));
	fake_bus_link(w->bus, "/etc/xen/auto/app2", "../app2.cfg");
	says(w, 0,
	     "/etc/xen/app1.cfg:2 and /etc/xen/app2.cfg:2 name 0000:05:00.0, and both guests "
	     "start at boot: the second one fails",
	     "to mend: take it out of one: xlpt convert --edit /etc/xen/app2.cfg --remove "
	     "0000:05:00.0");
	assert_int_equal(world_run(w, "--json doctor"), 0);
	assert_non_null(strstr(w->out, "\"check\": \"double-device\""));
	assert_non_null(strstr(w->out, "\"check\": \"not-hidden\""));
	/* libxl takes it from dom0 itself; or a list does at the next boot. */
	fake_bus_put(w->bus, "/etc/xen/app1.cfg", "name = \"app1\"\npci = [ '02:00.*,seize=1' ]\n");
	ok(w, "doctor");
	assert_null(strstr(w->out, "nothing hides"));
	fake_bus_put(w->bus, "/etc/xen/app1.cfg",
		     "name = \"app1\"\npci_seize = 1\npci = [ '02:00.0' ]\n");
	ok(w, "doctor");
	assert_null(strstr(w->out, "nothing hides"));
	/* What is switched off, or a comment, takes nothing. */
	fake_bus_put(w->bus, "/etc/xen/app1.cfg",
		     "name = \"app1\"\npci_seize = 0 # not pci_seize = 1\npci = [ '02:00.0' ]\n");
	ok(w, "doctor");
	assert_non_null(strstr(w->out, "nothing hides"));
	fake_bus_put(w->bus, "/etc/xen/app1.cfg", "name = \"app1\"\npci = [ '02:00.0' ]\n");
	fake_bus_put(w->bus, "/etc/modprobe.d/a.conf", "options xen-pciback hide=(02:00.0)\n");
	world_run(w, "doctor");
	assert_null(strstr(w->out, "nothing hides"));
}

static void test_bridge(void **state)
{
	struct world *w = *state;

	fake_bus_add(w->bus, "0000:00:1c.0",
		     &(struct fake_dev){ .vendor = 0x8086, .device = 1, .class_code = 0x060400 });
	fake_bus_put(w->bus, "/etc/xen/app1.cfg", "name = \"app1\"\npci = [ '00:1c.0' ]\n");
	says(w, 0,
	     "/etc/xen/app1.cfg:2: names 0000:00:1c.0, which is a bridge: no guest can have it",
	     "to mend: name the functions behind it; xlpt topology shows them");
}

/* What Xen said of devices that guests have or may get; what a guest says on its console is not Xen's. */
static void test_messages(void **state)
{
	struct world *w = *state;

	ok(w, "attach web1 05:00.0");
	fake_ts_messages(
		w->ts,
		"(XEN) [VT-D]DMAR:[DMA Write] Request device [0000:05:00.0] fault addr 1000\n"
		"(XEN) [VT-D]DMAR:[DMA Read] Request device [0000:02:00.0] fault addr 2000\n"
		"(d1) (XEN) AMD-Vi: IO_PAGE_FAULT: 0000:05:00.0 d1 addr 3000\n"
		"(XEN) AMD-Vi: IO_PAGE_FAULT: 0000:05:00.0 d1 addr 4000 flags 0 PR\n"
		"(XEN) d9: assign (0000:05:00.0) failed (-22)\n"
		"(XEN) d9: assign (0000:02:00.0) failed (-16)\n");
	says(w, 0,
	     "warning  the IOMMU stopped what 0000:05:00.0 did, 2 times since Xen's messages "
	     "begin; the last (xl dmesg): \"AMD-Vi: IO_PAGE_FAULT: 0000:05:00.0 d1 addr 4000",
	     "to mend: look into the guest's log");
	says(w, 0,
	     "warning  Xen did not give 0000:02:00.0 to a guest (xl dmesg): \"d9: assign "
	     "(0000:02:00.0) failed (-16)\"; Xen has the device with another domain",
	     "to mend: xlpt status shows which guest");
	/* dom0's own devices; and one that a guest has got since. */
	assert_null(strstr(w->out, "what 0000:02:00.0 did"));
	assert_null(strstr(w->out, "did not give 0000:05:00.0"));
	fake_ts_messages(w->ts, "(XEN) d9: assign (0000:05:00.0) failed (-)\n"
				"(XEN) Request device [zz\n(XEN) : assign ) failed (-5)\n(XEN) "
				"d9: assign (\n(XEN) IO_PAGE_FAULT: ");
	ok(w, "doctor");
	assert_null(strstr(w->out, "xl dmesg): "));
}

/* pciback keeps permissive from guest to guest; and what libxl was asked for may not have come there. */
static void test_permissive(void **state)
{
	struct world *w = *state;
	struct xlpt_host *h = fake_bus_host(w->bus);
	static const char list[] = "/sys/bus/pci/drivers/pciback/permissive";

	ok(w, "attach web1 05:00.0,permissive=1");
	ok(w, "doctor");
	assert_null(strstr(w->out, "permissive"));
	ok(w, "detach web1 05:00.0");
	says(w, 0, "0000:05:00.0 is hidden and still permissive from a guest before",
	     "to mend: echo 0000:05:00.0 >/sys/bus/pci/drivers/pciback/unbind; ");
	ok(w, "attach web1 05:00.0");
	ok(w, "doctor");
	assert_null(strstr(w->out, "permissive"));
	assert_true(h->ops->write(h, list, "0000:05:00.0", 12) >= 0);
	says(w, 0, "0000:05:00.0 is permissive, and web1 was given it without that",
	     "to mend: xlpt detach web1 0000:05:00.0; xlpt attach web1 0000:05:00.0\n");
	ok_lines(w, "detach web1 0000:05:00.0;attach web1 0000:05:00.0;doctor");
	assert_null(strstr(w->out, "permissive"));
	ok_lines(w, "detach web1 05:00.0;attach web1 05:00.0,permissive=1");
	assert_true(h->ops->write(h, "/sys/bus/pci/drivers/pciback/unbind", "0000:05:00.0", 12) >=
		    0);
	assert_true(h->ops->write(h, "/sys/bus/pci/drivers/pciback/bind", "0000:05:00.0", 12) >= 0);
	world_run(w, "doctor");
	assert_non_null(strstr(w->out, "web1 was given 0000:05:00.0 with permissive=1, and "
				       "pciback's list does not have it"));
	assert_non_null(strstr(w->out, "xlpt attach web1 0000:05:00.0,permissive=1\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		sound_test(test_without_passthrough),
		sound_test(test_creation),
		sound_test(test_absent),
		sound_test(test_libvirt),
		sound_test(test_libvirt_runs),
		sound_test(test_libvirt_hostile),
		sound_test(test_vectors),
		sound_test(test_autostart),
		sound_test(test_bridge),
		sound_test(test_messages),
		sound_test(test_permissive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
