/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* status of devices that a guest's configuration names, and that this host does not have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/pooling.h"

static void configure(struct world *w, uint32_t domid, const char *text)
{
	_cleanup_spec_ struct xlpt_spec spec;

	assert_int_equal(xlpt_spec_parse(text, &spec, NULL), 0);
	fake_ts_configure(w->ts, domid, &spec);
}

static void test_absent(void **state)
{
	struct world *w = *state;

	ok(w, "attach win1 --hide 02:00.0");
	configure(w, 5, "3f:00.0");
	configure(w, 4, "02:00.1");
	ok(w, "status");
	assert_non_null(strstr(
		w->out, "0000:3f:00.0 absent   win1  -            its configuration names it; no "
			"such device: the next start fails: xlpt convert --edit FILE --remove "
			"0000:3f:00.0\n"));
	assert_non_null(strstr(w->out, "0000:02:00.1 absent   db1"));
	assert_non_null(strstr(w->out, "0000:02:00.0 assigned win1"));
	ok(w, "status win1");
	assert_non_null(strstr(w->out, "0000:3f:00.0 absent "));
	assert_null(strstr(w->out, "0000:02:00.1"));
	ok(w, "status web1");
	assert_null(strstr(w->out, "absent"));
	ok(w, "status --json win1");
	assert_non_null(strstr(w->out, "\"state\": \"absent\","));
}

static unsigned n_stride;
static const struct xlpt_host_ops *plain;

static ssize_t counting(struct xlpt_host *h, const char *path, void *buf, size_t size)
{
	n_stride += strstr(path, "/sriov_stride") != NULL;
	return plain->read(h, path, buf, size);
}

/* What a PF says of its VFs' places is read once for all of them, and not for each of its VFs again. */
static void test_many(void **state)
{
	struct world *w = *state;
	struct xlpt_host *h = fake_bus_host(w->bus);
	struct xlpt_host_ops ops = *h->ops;
	_cleanup_str_ struct xlpt_str list = { 0 };

	xlpt_str_add(&list, "options xen-pciback hide=");
	for (unsigned i = 0; i < 56; i++) {
		_cleanup_free_ char *vf = xlpt_xasprintf("01:%02x.%x", 0x12 + i / 4, i % 4 * 2);

		configure(w, 5, vf);
		xlpt_str_addf(&list, "(0000:%s)", vf);
	}
	xlpt_str_add(&list, "\n");
	fake_bus_put(w->bus, "/sys/bus/pci/devices/0000:01:00.0/sriov_totalvfs", "2147483647\n");
	plain = h->ops;
	ops.read = counting;
	h->ops = &ops;
	n_stride = 0;
	ok(w, "status win1");
	assert_non_null(strstr(w->out, "is virtual function 8 of 0000:01:00.0"));
	assert_true(n_stride > 0 && n_stride < 5);
	fake_bus_put(w->bus, "/etc/modprobe.d/xlpt.conf", list.s);
	n_stride = 0;
	world_run(w, "boot verify");
	h->ops = plain;
	assert_true(n_stride > 0 && n_stride < 3 * 56);
}

static void test_there(void **state)
{
	struct world *w = *state;

	/* It is in this host; who has it is told elsewhere. */
	configure(w, 5, "02:00.0");
	ok(w, "status win1");
	assert_null(strstr(w->out, "absent"));
	/* The guest has it, and the host has lost it: that is told, and once. */
	ok(w, "attach win1 --hide 02:00.0");
	fake_bus_remove(w->bus, "0000:02:00.0");
	ok(w, "status win1");
	assert_non_null(strstr(w->out, "this host has it no more"));
	assert_null(strstr(w->out, "absent"));
	/* A guest that ends is not asked. */
	configure(w, 3, "3f:00.0");
	fake_ts_down(w->ts, 3);
	ok(w, "status web1");
	assert_null(strstr(w->out, "absent"));
}

/* As a card that is pulled and put in again: Xen has forgotten it, pciback has not seen it come. */
static void replug(struct world *w, const char *driver)
{
	fake_bus_remove(w->bus, "0000:02:00.0");
	fake_pciback_unseize(w->pciback, B("02:00.0"));
	fake_ts_gone(w->ts, B("02:00.0"));
	fake_bus_add(w->bus, "0000:02:00.0",
		     &(struct fake_dev){ .vendor = 0x8086,
					 .device = 0x10d3,
					 .class_code = 0x020000,
					 .driver = driver,
					 .parent = "0000:00:01.0",
					 .irq = 11 });
}

/* The guest's backend names what the host has anew: told, and taken out without a round that cannot end. */
static void test_anew(void **state)
{
	static const struct {
		const char *guest, *driver, *by;
	} cases[] = {
		{ "web1", "e1000e", "detach web1 02:00.0" },
		{ "web1", NULL, "detach web1 02:00.0" },
		{ "win1", "e1000e", "detach --to-host win1 02:00.0" },
		{ "web1", "e1000e", "detach --force web1 02:00.0" },
		{ "web1", "e1000e", "repair" },
		{ "win1", "e1000e", "repair" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		const char *driver = cases[i].driver ? cases[i].driver : "none";
		_cleanup_free_ char *attach = xlpt_xasprintf("attach --hide %s 02:00.0",
							     cases[i].guest),
				    *says = xlpt_xasprintf(
					    "this host has it again, driver %s: xlpt "
					    "detach %s 0000:02:00.0",
					    driver, cases[i].guest);
		unsigned resets;

		ok(w, attach);
		replug(w, cases[i].driver);
		resets = fake_bus_resets(w->bus, "0000:02:00.0");
		answers(w, 0, "status", says);
		assert_non_null(strstr(w->out, "partial"));
		answers(w, 1, "attach --hide db1 02:00.0", "in use by");
		ok(w, cases[i].by);
		if (!xlpt_streq(cases[i].by, "repair"))
			assert_non_null(strstr(w->out, "this host has it again, with"));
		/* Whoever has it in dom0 by now has not noticed anything. */
		if (fake_bus_resets(w->bus, "0000:02:00.0") != resets)
			fail_msg("%s: it was reset", cases[i].by);
		if (!xlpt_streq(fake_bus_driver_of(w->bus, "0000:02:00.0"), cases[i].driver))
			fail_msg("%s: it is with %s", cases[i].by,
				 fake_bus_driver_of(w->bus, "0000:02:00.0"));
		ok(w, "repair");
		assert_non_null(strstr(w->out, "nothing to mend"));
		/* The guest's hotplug works on. */
		ok(w, attach);
		replug(w, "e1000e");
		ok(w, "repair");
	}
}

static char *content(const char *path)
{
	char *text = xlpt_xcalloc(1, 4096);
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	assert_true(fread(text, 1, 4095, f) > 0);
	fclose(f);
	return text;
}

/* What a configuration names and this host lacks: the line that takes it out is told, and is enough. */
static void test_in_file(void **state)
{
	static const struct {
		const char *list, *remove, *left;
	} cases[] = {
		{ "[ '3f:00.0' ]", "0000:3f:00.0", "pci = [ ]\n" },
		{ "[ \"3f:00.0,permissive=1,msitranslate=0\" ]", "0000:3f:00.0", "pci = [ ]\n" },
		{ "[ '0000:3f:00.0@5' ]", "0000:3f:00.0", "pci = [ ]\n" },
		{ "[ '3f:00.*' ]", "'0000:3f:00.*'", "pci = [ ]\n" },
		{ "[ '05:00.0', # net\n\t'3f:00.1', # sound\n]", "0000:3f:00.1",
		  "pci = [ '05:00.0', # net\n]\n" },
		{ "[ '3f:00.*', '05:00.0' ]", "'0000:3f:00.*'", "pci = [ '05:00.0' ]\n" },
		{ "[ 'pool:lan', '3f:00.0', 'pool:lan,power_mgmt=0' ]", "0000:3f:00.0",
		  "pci = [ 'pool:lan', 'pool:lan,power_mgmt=0' ]\n" },
	};
	struct world *w = *state;

	ok(w, "pool define lan pf=01:00.0");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text =
			xlpt_xasprintf("name = 'app1'\nmemory = 256\npci = %s\n", cases[i].list);
		_cleanup_free_ char *file = xlpt_xstrdup(pools_config(text)),
				    *start = xlpt_xasprintf("start --hide %s", file),
				    *dry = xlpt_xasprintf("start --hide --dry-run %s", file),
				    *check = xlpt_xasprintf("check --hide %s", file),
				    *line = xlpt_xasprintf("xlpt convert --edit %s --remove %s\n",
							   file, cases[i].remove),
				    *quoted = xlpt_xstrdup(cases[i].remove), *result = NULL;
		char *bare = strtok(quoted, "'");

		changes_nothing(w, 1, start, line);
		changes_nothing(w, 1, dry, line);
		answers(w, 1, check, line);
		if (strstr(cases[i].list, "05:00.0") && !strstr(w->out, "0000:05:00.0"))
			fail_msg("%s: the other device is not judged\n%s", cases[i].list, w->out);
		/* A slot is told once, and not its first function as well. */
		if (strchr(cases[i].remove, '*') && strstr(w->out, "--remove 0000:3f:00.0\n"))
			fail_msg("%s: told twice\n%s", cases[i].list, w->out);
		if (world_run(w, "convert --edit %s --remove %s", file, bare))
			fail_msg("%s", w->err);
		result = content(file);
		if (!strstr(result, cases[i].left))
			fail_msg("%s: not %s but\n%s", cases[i].list, cases[i].left, result);
		ok(w, dry);
	}
	/* A guest that runs has no file, and libvirt's XML is none of xl's. */
	answers(w, 1, "attach web1 3f:00.0", "xlpt list");
	assert_null(strstr(w->err, "--edit"));
	answers(w, 1, "check web1 3f:00.0", "xlpt list");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_absent),
		world_test(test_many),
		world_test(test_there),
		world_test(test_anew),
		cmocka_unit_test_setup_teardown(test_in_file, setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
