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

int main(void)
{
	const struct CMUnitTest tests[] = {
		sound_test(test_without_passthrough),
		sound_test(test_creation),
		sound_test(test_absent),
		sound_test(test_vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
