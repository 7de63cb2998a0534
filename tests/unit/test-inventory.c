/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * list, show and topology on hosts that are not as they should be, the XML
 * against libvirt's schema, the picture with and without graphviz.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <libxml/relaxng.h>
#include <cmocka.h>

#include "tests/fake/pools.h"
#include "tests/unit/commands.h"

#define SCHEMA "/usr/share/libvirt/schemas/nodedev.rng"

static void run(struct world *w, int want, const char *line, const char *says)
{
	int status = world_run(w, "%s", line);

	if (status != want || !strstr(w->out, says))
		fail_msg("xlpt %s: exit %d, want %d and \"%s\"\n%s%s", line, status, want, says,
			 w->out, w->err);
}

static void validate(xmlRelaxNG *rng, const char *text)
{
	xmlRelaxNGValidCtxt *ctxt = xmlRelaxNGNewValidCtxt(rng);
	xmlDoc *doc = xmlReadMemory(text, (int)strlen(text), "xml", NULL, XML_PARSE_NONET);
	int bad;

	assert_non_null(doc);
	bad = xmlRelaxNGValidateDoc(ctxt, doc);
	xmlRelaxNGFreeValidCtxt(ctxt);
	xmlFreeDoc(doc);
	if (bad)
		fail_msg("libvirt's schema does not take\n%s", text);
}

static void test_xml_schema(void **state)
{
	static const char *const devices[] = { "00:01.0", "00:1f.2", "01:00.0",
					       "01:10.0", "02:00.0", "03:00.0",
					       "04:00.1", "05:00.0", "07:00.0" };
	struct world *w = *state;
	xmlRelaxNGParserCtxt *parser;
	xmlRelaxNG *rng;

	if (access(SCHEMA, R_OK))
		skip();
	/* Names that XML has its own ideas about. */
	fake_bus_driver(w->bus, "a<b>&'\"c", NULL);
	fake_bus_add(w->bus, "0000:07:00.0",
		     &(struct fake_dev){ .vendor = 0x1234,
					 .device = 0x11,
					 .class_code = 0xff0000,
					 .driver = "a<b>&'\"c",
					 .parent = "0000:00:01.0" });
	fake_bus_put(w->bus, "/sys/devices/pci0000:00/0000:00:01.0/0000:07:00.0/numa_node", "1\n");
	parser = xmlRelaxNGNewParserCtxt(SCHEMA);
	rng = xmlRelaxNGParse(parser);
	assert_non_null(rng);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(devices); i++) {
		assert_int_equal(world_run(w, "show --xml %s", devices[i]), 0);
		validate(rng, w->out);
	}
	run(w, 0, "show --xml 07:00.0", "<name>a&lt;b&gt;&amp;");
	run(w, 0, "show --xml 07:00.0", "<numa node='1'/>");
	run(w, 0, "list --xml --all", "<name>pci_0000_00_01_0</name>");
	xmlRelaxNGFree(rng);
	xmlRelaxNGFreeParserCtxt(parser);
}

/* Where the kernel has groups, a function without one has none in XML either, as libvirt has it. */
static void test_no_group(void **state)
{
	struct world *w = *state;

	run(w, 0, "show --xml 02:00.0", "<iommuGroup");
	fake_bus_put(w->bus, "/sys/kernel/iommu_groups/7/type", "DMA\n");
	fake_bus_link(w->bus, "/sys/devices/pci0000:00/0000:00:1f.2/iommu_group",
		      "../../../kernel/iommu_groups/7");
	run(w, 0, "show --xml 00:1f.2", "<iommuGroup");
	assert_null(strstr(w->out, "slot='0x1f' function='0x0'"));
	assert_int_equal(world_run(w, "show --xml 02:00.0"), 0);
	assert_null(strstr(w->out, "iommuGroup"));
}

/* Everything that reads must end with an answer, whatever the tree looks like. */
static void try_these(struct world *w, const char *const *lines)
{
	for (; *lines; lines++) {
		int status = world_run(w, "%s", *lines);

		if (status > 1 || (status == 1 && !strstr(w->err, "because: ") &&
				   !strstr(w->out, "\"fact\": \"")))
			fail_msg("xlpt %s: exit %d\n%s%s", *lines, status, w->out, w->err);
	}
}

static void try_all(struct world *w)
{
	static const char *const lines[] = { "list",
					     "list --all --json",
					     "list --xml",
					     "topology",
					     "topology --dot",
					     "topology --json",
					     "show 02:00.0",
					     "show --json 00:01.0",
					     "show --xml 02:00.0",
					     NULL };

	try_these(w, lines);
}

#define NIC  "/sys/devices/pci0000:00/0000:00:01.0/0000:02:00.0"
#define PORT "/sys/devices/pci0000:00/0000:00:01.0"

static void unlink_in(struct world *w, const char *path)
{
	_cleanup_free_ char *full = xlpt_xasprintf("%s%s", fake_bus_host(w->bus)->root, path);

	assert_int_equal(unlink(full), 0);
}

static void put_config(struct world *w, const char *dir, const void *data, size_t len)
{
	_cleanup_free_ char *full = xlpt_xasprintf("%s%s/config", fake_bus_host(w->bus)->root, dir);
	FILE *f = fopen(full, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void test_bad_config(void **state)
{
	struct world *w = *state;
	uint8_t cfg[4096];
	static const size_t sizes[] = { 0, 1, 13, 15, 63, 64, 65, 255, 256, 257, 4095 };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(sizes); i++) {
		memset(cfg, (int)i & 1 ? 0xff : 0x41, sizeof(cfg));
		put_config(w, NIC, cfg, sizes[i]);
		put_config(w, PORT, cfg, sizes[i]);
		try_all(w);
	}
	/* A list of capabilities, and one of extended ones, that go round. */
	memset(cfg, 0, sizeof(cfg));
	cfg[6] = 0x10;
	cfg[0x0e] = 1;
	cfg[0x34] = 0x40;
	memcpy(cfg + 0x40, "\x10\x40\x42\x00", 4);
	memcpy(cfg + 0x100, "\x07\x00\x01\x10", 4);
	put_config(w, PORT, cfg, sizeof(cfg));
	try_all(w);
	run(w, 0, "topology", "0000:00:01.0  set 0  root port, ACS none");
	/* Not readable at all: said, and taken for not isolated. */
	put_config(w, PORT, cfg, 64);
	run(w, 0, "list --all", "0000:00:01.0");
	assert_non_null(strstr(w->err, "sets are wider than they may be"));
	unlink_in(w, PORT "/config");
	run(w, 0, "show 02:00.0", "configuration space not readable");
	try_all(w);
}

static void test_bad_tree(void **state)
{
	struct world *w = *state;

	/* Links that lead to themselves, to nowhere, out of the root. */
	unlink_in(w, "/sys/bus/pci/devices/0000:03:00.0");
	fake_bus_link(w->bus, "/sys/bus/pci/devices/0000:03:00.0", "0000:03:00.0");
	run(w, 1, "show 03:00.0", "");
	assert_non_null(strstr(w->err, "0000:03:00.0"));
	unlink_in(w, "/sys/bus/pci/devices/0000:03:00.0");
	fake_bus_link(w->bus, "/sys/bus/pci/devices/0000:03:00.0", "../../../../../../nowhere");
	try_all(w);
	unlink_in(w, "/sys/bus/pci/devices/0000:03:00.0");
	fake_bus_link(w->bus, "/sys/bus/pci/devices/0000:03:00.0", "/");
	try_all(w);
	unlink_in(w, "/sys/bus/pci/devices/0000:03:00.0");
	/* A function that is said to be behind itself, two behind each other. */
	unlink_in(w, "/sys/bus/pci/devices/0000:02:00.0");
	fake_bus_link(w->bus, "/sys/bus/pci/devices/0000:02:00.0",
		      "../../../devices/pci0000:00/0000:00:01.0/0000:02:00.0/0000:02:00.0");
	fake_bus_link(w->bus, NIC "/0000:02:00.0", ".");
	try_all(w);
	run(w, 0, "topology", "0000:02:00.0  set");
	/* Fields of other kinds than they must be, huge and binary. */
	fake_bus_put(w->bus, NIC "/numa_node", "99999999999999999999\n");
	fake_bus_put(w->bus, NIC "/sriov_totalvfs", "-7\n");
	fake_bus_put(w->bus, NIC "/reset_method", "  \001\002 flr\n");
	fake_bus_put(w->bus, NIC "/resource", "zzz\n0x10 0x5 0x200\n");
	try_all(w);
	run(w, 0, "show 02:00.0", "?? flr");
	assert_null(strchr(w->out, '\001'));
	fake_bus_put(w->bus, NIC "/vendor", "0x12345\n");
	try_all(w);
	run(w, 1, "show 02:00.0", "");
	assert_non_null(strstr(w->err, "because: "));
}

/* Gone in the middle: at every read of its files once. */
static void vanish(struct fake_bus *bus, const char *path, void *arg)
{
	int *left = arg;

	if (strstr(path, "0000:02:00.0") && *left > 0 && --*left == 0)
		fake_bus_remove(bus, "0000:02:00.0");
}

static void test_vanishes(void **state)
{
	(void)state;
	for (int at = 1;; at++) {
		struct world *w = world_new();
		int left = at;
		bool gone;

		fake_bus_on_read(w->bus, vanish, &left);
		/* The one reads the least of it, the other all there is. */
		try_these(w, (const char *const[]){ "list", "show 02:00.0", NULL });
		gone = left == 0;
		world_free(w);
		if (!gone)
			break;
		assert_true(at < 500);
	}
}

static const char *xen_says; /* the one other function that Xen names */

static int device_group(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf,
			struct xlpt_bdf **out, size_t *n, struct xlpt_diag *diag)
{
	(void)ts, (void)bdf, (void)diag;
	*out = xlpt_xcalloc(2, sizeof(**out));
	*n = 0;
	/* Each domain is told of its own devices only. */
	if (domid == 0 && xen_says)
		assert_int_equal(xlpt_bdf_parse(xen_says, strlen(xen_says), &(*out)[(*n)++], NULL),
				 0);
	return 0;
}

static void test_xen_group(void **state)
{
	struct world *w = *state;
	struct xlpt_toolstack *ts = fake_ts_get(w->ts);
	struct xlpt_toolstack_ops ops = *ts->ops;
	const struct xlpt_toolstack_ops *saved = ts->ops;

	ops.device_group = device_group;
	ts->ops = &ops;
	xen_says = "04:00.1";
	run(w, 0, "show --json 04:00.0", "\"xen_agrees\": true");
	run(w, 0, "show 04:00.0", "0000:04:00.1  dom0: same slot");
	assert_null(strstr(w->out, "xen agrees"));
	xen_says = NULL;
	run(w, 0, "show --json 02:00.0", "\"xen_agrees\": true");
	run(w, 0, "show 04:00.0", "  xen agrees         no\n  xen same requester none\n");
	xen_says = "03:00.0";
	run(w, 0, "show 02:00.0", "  xen agrees         no\n  xen same requester 0000:03:00.0\n");
	ts->ops = saved;
}

static void with_dot(const char *script, char dir[64])
{
	char path[96];

	snprintf(dir, 64, "/tmp/xlpt-test-dot-XXXXXX");
	assert_non_null(mkdtemp(dir));
	setenv("PATH", dir, 1);
	if (!script)
		return;
	snprintf(path, sizeof(path), "%s/dot", dir);
	{
		FILE *f = fopen(path, "w");

		fputs(script, f);
		fclose(f);
	}
	assert_int_equal(chmod(path, 0755), 0);
}

static void remove_dot(const char *dir)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/dot", dir);
	unlink(path);
	rmdir(dir);
}

static void test_svg(void **state)
{
	_cleanup_free_ char *path = xlpt_xstrdup(getenv("PATH"));
	struct world *w = *state;
	char dir[64];

	with_dot(NULL, dir);
	run(w, 1, "topology --svg", "");
	assert_non_null(strstr(w->err, "graphviz"));
	assert_non_null(strstr(w->err, "to mend: apt-get install graphviz"));
	remove_dot(dir);
	with_dot("#!/bin/sh\necho \"<svg> $*\"\nwhile read -r line; do echo \"$line\"; done\n",
		 dir);
	run(w, 0, "topology --svg", "</style> -Tsvg\ndigraph xlpt {");
	assert_true(xlpt_starts(w->out, "<svg>\n<style>\n@media (prefers-color-scheme: dark)"));
	remove_dot(dir);
	with_dot("#!/bin/sh\nexit 3\n", dir);
	run(w, 1, "topology --svg", "");
	assert_non_null(strstr(w->err, "status 3"));
	remove_dot(dir);
	setenv("PATH", path, 1);
}

/* Many that are alike are one box, and what has nothing behind it is none; --all draws each. */
static void test_gathered(void **state)
{
	struct world *w = pools_world();
	static const char vf[] = "\"0000:01:10.0\" [label=\"7 times\\n0000:01:10.0\\n"
				 "to 0000:01:11.4\\n82576 Virtual Function\\ndom0\\neach a set of "
				 "its own\", class=\"dom0\"";

	(void)state;
	fake_bus_add(
		w->bus, "0000:00:1c.0",
		&(struct fake_dev){ .vendor = 0x1b36, .device = 0x000c, .class_code = 0x060400 });
	run(w, 0, "topology --dot", vf);
	assert_non_null(strstr(w->out, "peripheries=2"));
	assert_non_null(strstr(w->out, "1 bridges and ports\\nwith nothing behind them"));
	assert_null(strstr(w->out, "0000:01:10.2\""));
	assert_null(strstr(w->out, "0000:00:1c.0"));
	run(w, 0, "topology --dot --all", "\"0000:01:10.2\" [label=\"0000:01:10.2\\n");
	assert_non_null(strstr(w->out, "\"0000:00:1c.0\" [label="));
	assert_null(strstr(w->out, "times"));
	assert_null(strstr(w->out, "not shown"));
	/* Three are no many; one that a guest has is not like the others. */
	ok(w, "attach --hide web1 01:10.2 01:10.4");
	run(w, 0, "topology --dot", "[label=\"5 times\\n0000:01:10.0\\nto 0000:01:11.4\\n");
	assert_non_null(strstr(w->out, "\"0000:01:10.2\" [label=\"0000:01:10.2\\n82576 Virtual "
				       "Function\\nassigned to web1\\nset"));
	ok(w, "hide 01:10.0 01:10.6 01:11.0");
	run(w, 0, "topology --dot", "\"0000:01:10.6\" [label=\"0000:01:10.6\\n");
	/* Ports with one drive each, as many as there are: one port, and one drive behind it. */
	for (unsigned i = 0; i < 6; i++) {
		_cleanup_free_ char *port = xlpt_xasprintf("0000:00:%02x.0", 0x10 + i),
				    *drive = xlpt_xasprintf("0000:%02x:00.0", 0x50 + i);

		fake_bus_add(w->bus, port,
			     &(struct fake_dev){
				     .vendor = 0x1b36, .device = 0x000c, .class_code = 0x060400 });
		fake_bus_add(w->bus, drive,
			     &(struct fake_dev){ .vendor = 0x1b36,
						 .device = 0x0010,
						 .class_code = 0x010802,
						 .driver = "nvme",
						 .parent = port });
	}
	run(w, 0, "topology --dot", "[label=\"6 times\\n0000:50:00.0\\nto 0000:55:00.0\\n");
	assert_non_null(
		strstr(w->out, "[label=\"6 times\\n0000:00:10.0\\nto 0000:00:15.0\\nroot port"));
	assert_non_null(strstr(w->out, "\"0000:00:10.0\" -> \"0000:50:00.0\";\n"));
	assert_null(strstr(w->out, "0000:51:00.0"));
	assert_int_equal(world_run(w, "topology --all"), 2);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_xml_schema),
		world_test(test_no_group),
		world_test(test_bad_config),
		world_test(test_bad_tree),
		cmocka_unit_test(test_vanishes),
		world_test(test_xen_group),
		world_test(test_svg),
		cmocka_unit_test(test_gathered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
