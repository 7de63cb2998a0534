/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Known defects: versions, the table, and that a row speaks only when this host's devices or guests
 * are of the kind that it is about. XLPT_UPDATE_GOLDEN=1 writes docs/DEFECTS.md anew.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "pciback/device/config.h"
#include "pciback/device/ivrs.h"
#include "tests/unit/commands.h"
#include "xl-plugin/check/defects.h"

#define DOCUMENT "docs/DEFECTS.md"

static const struct xlpt_defect *row(const char *id)
{
	for (size_t i = 0; i < xlpt_n_defects; i++)
		if (!strcmp(xlpt_defects[i].id, id))
			return &xlpt_defects[i];
	fail_msg("no row %s", id);
	return NULL;
}

static void test_versions(void **state)
{
	static const struct {
		const char *id;
		struct xlpt_xen_version v;
		enum xlpt_fix_state want;
		int point;
	} cases[] = {
		{ "XSA-476", { 4, 17, 5 }, XLPT_FIX_LATER, 6 },
		{ "XSA-476", { 4, 17, 6 }, XLPT_FIX_THERE, 6 },
		{ "XSA-476", { 4, 17, 7 }, XLPT_FIX_THERE, 6 },
		{ "XSA-476", { 4, 17, -1 }, XLPT_FIX_UNKNOWN, 6 },
		{ "XSA-476", { 4, 16, 7 }, XLPT_FIX_NONE, 0 },
		{ "XSA-476", { 4, 21, -1 }, XLPT_FIX_THERE, 0 },
		{ "XSA-476", { 4, 22, 0 }, XLPT_FIX_THERE, 0 },
		{ "XSA-476", { 4, 12, 4 }, XLPT_FIX_UNKNOWN, 0 },
		{ "XSA-476", { -1, -1, -1 }, XLPT_FIX_UNKNOWN, 0 },
		{ "XSA-476", { 5, 0, 0 }, XLPT_FIX_THERE, 0 },
		{ "XSA-461", { 4, 22, 0 }, XLPT_FIX_NONE, 0 },
		{ "no interrupt line", { 4, 20, 5 }, XLPT_FIX_NONE, 0 },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		int point = -1;
		enum xlpt_fix_state got = xlpt_defect_fix(row(cases[i].id), cases[i].v, &point);

		if (got != cases[i].want || point != cases[i].point)
			fail_msg("%s, 4.%d.%d: %d %d", cases[i].id, cases[i].v.minor,
				 cases[i].v.point, (int)got, point);
	}
}

/* Each row has a source, releases in order, and a line for people. */
static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < xlpt_n_defects; i++) {
		const struct xlpt_defect *d = &xlpt_defects[i];
		int last = 0;

		assert_true(d->id && d->what && d->touches && d->joins && d->subject);
		if (d->commit) {
			assert_int_equal(strlen(d->commit), 10);
			assert_int_equal(strspn(d->commit, "0123456789abcdef"), 10);
		}
		if (d->part == XLPT_DEFECT_KERNEL)
			assert_true(d->linux_major > 0 && !d->fixed[0].minor);
		else
			assert_true(d->never ? !d->fixed[0].minor && d->mend
					     : d->fixed[0].minor > 0);
		for (const struct xlpt_fix *f = d->fixed; f->minor; f++) {
			assert_true(f->minor > last && f < d->fixed + XLPT_FIXES_MAX - 1);
			last = f->minor;
		}
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(d->id, xlpt_defects[k].id);
	}
}

static void test_document(void **state)
{
	_cleanup_free_ char *now = xlpt_defects_document(), *there = xlpt_xcalloc(1, 1 << 20);
	FILE *f;

	(void)state;
	if (getenv("XLPT_UPDATE_GOLDEN")) {
		f = fopen(DOCUMENT, "we");
		assert_non_null(f);
		fputs(now, f);
		fclose(f);
	}
	f = fopen(DOCUMENT, "re");
	assert_non_null(f);
	assert_true(fread(there, 1, (1 << 20) - 1, f) > 0);
	fclose(f);
	if (strcmp(now, there) != 0)
		fail_msg(DOCUMENT " is not what xlpt doctor --defects prints: XLPT_UPDATE_GOLDEN=1 "
				  "writes it anew");
}

/* ---- joined with a host ---- */

/* The fake host's devices have one address; the one that is held gets its own. */
static void own_bar(struct world *w)
{
	_cleanup_free_ char *dev = fake_bus_devpath(w->bus, "0000:05:00.0"),
			    *path = xlpt_xasprintf("%s/resource", dev);

	fake_bus_put(w->bus, path, "0x00000000e0000000 0x00000000e000ffff 0x0000000000040200\n");
}

static void version(struct world *w, const char *minor, const char *extra)
{
	fake_bus_put(w->bus, "/sys/hypervisor/type", "xen\n");
	fake_bus_put(w->bus, "/sys/hypervisor/version/major", "4\n");
	fake_bus_put(w->bus, "/sys/hypervisor/version/minor", minor);
	fake_bus_put(w->bus, "/sys/hypervisor/version/extra", extra);
}

static void speaks(struct world *w, const char *words)
{
	ok(w, "doctor");
	if (!strstr(w->out, words))
		fail_msg("no \"%s\" in\n%s", words, w->out);
}

static void silent(struct world *w, const char *id)
{
	ok(w, "doctor");
	if (strstr(w->out, id))
		fail_msg("\"%s\" in\n%s", id, w->out);
}

static const char high[] = "0x0000006000000000 0x00000060000fffff 0x000000000014220c\n";

static void add_held(struct world *w, const char *bdf, const struct fake_dev *dev)
{
	struct xlpt_host *h = fake_bus_host(w->bus);

	fake_bus_add(w->bus, bdf, dev);
	h->ops->write(h, "/sys/bus/pci/drivers/pciback/new_slot", bdf, strlen(bdf));
	h->ops->write(h, "/sys/bus/pci/drivers/pciback/bind", bdf, strlen(bdf));
}

/* A BAR above 4 GiB, and only of a device that goes to guests. */
static void test_high_bar(void **state)
{
	struct world *w = *state;
	struct fake_dev dev = { .vendor = 0x10de,
				.device = 0x2204,
				.class_code = 0x030000,
				.parent = "0000:00:01.0",
				.resource = high };

	version(w, "17\n", ".5\n");
	fake_bus_add(w->bus, "0000:08:00.0", &dev);
	silent(w, "XSA-476");
	add_held(w, "0000:09:00.0", &dev);
	speaks(w, "XSA-476: 0000:09:00.0 with a memory BAR above 4 GiB, libxl of Xen 4.17.5: ");
	assert_non_null(strstr(w->out, "fixed in 4.17.6"));
	assert_non_null(strstr(w->out, "ask your distribution"));
	assert_null(strstr(w->out, "0000:08:00.0"));
	version(w, "17\n", ".6-pre\n");
	speaks(w, "XSA-476");
	version(w, "17\n", ".6\n");
	silent(w, "XSA-476");
	version(w, "17\n", "-unstable\n");
	speaks(w, "that a later release mends: ");
	version(w, "11\n", ".4\n");
	speaks(w, "Xen 4.11.4 is older than the table");
}

static void test_shared(void **state)
{
	struct world *w = *state;
	static const char page[] = "0x00000000f0000000 0x00000000f00000ff 0x0000000000040200\n",
			  next[] = "0x00000000f0000800 0x00000000f00008ff 0x0000000000040200\n";

	version(w, "22\n", ".0\n");
	own_bar(w);
	silent(w, "XSA-461");
	assert_non_null(strstr(w->out, "none of the "));
	fake_bus_add(w->bus, "0000:08:00.0",
		     &(struct fake_dev){ .vendor = 0x8086,
					 .device = 1,
					 .class_code = 0x0c0320,
					 .parent = "0000:00:01.0",
					 .resource = page });
	add_held(w, "0000:09:00.0",
		 &(struct fake_dev){ .vendor = 0x8086,
				     .device = 1,
				     .class_code = 0x0c0320,
				     .parent = "0000:00:01.0",
				     .resource = next });
	speaks(w, "XSA-461: 0000:09:00.0 and 0000:08:00.0 share a page of memory and are not with "
		  "the same guest");
	assert_non_null(strstr(w->out, "no release mends it"));
}

/* A device without an interrupt line, which libxl refuses as a whole. */
static void test_no_line(void **state)
{
	struct world *w = *state;

	version(w, "20\n", ".2\n");
	silent(w, "no interrupt line");
	add_held(w, "0000:09:00.0",
		 &(struct fake_dev){ .vendor = 0x8086,
				     .device = 1,
				     .class_code = 0x020000,
				     .parent = "0000:00:01.0",
				     .irq = 255 });
	speaks(w, "no interrupt line: 0000:09:00.0 without an interrupt line, libxl of Xen 4.20.2");
	assert_non_null(strstr(w->out, "no release of 4.20 has the fix"));
}

static void test_stubdom(void **state)
{
	struct world *w = *state;

	version(w, "20\n", ".2\n");
	silent(w, "XSA-491");
	fake_ts_guest(w->ts, 8, "app8", XLPT_GUEST_HVM)->has_stubdom = true;
	speaks(w, "XSA-491: app8 with a device model in a stub domain");
}

/* Intel's and AMD's rows go by the firmware's tables. */
static void test_vendor(void **state)
{
	struct world *w = *state;
	uint8_t table[48 + 32] = "IVRS";
	char root[4096];
	FILE *f;

	version(w, "15\n", ".0\n");
	silent(w, "XSA-442");
	assert_null(strstr(w->out, "XSA-399"));
	fake_bus_put(w->bus, "/sys/firmware/acpi/tables/IVRS", "");
	snprintf(root, sizeof(root), "%s/sys/firmware/acpi/tables/IVRS",
		 fake_bus_host(w->bus)->root);
	table[4] = sizeof(table);
	table[48] = 0x21;
	table[50] = 32;
	table[53] = 5; /* 05:00.0 */
	f = fopen(root, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(table, sizeof(table), 1, f), 1);
	fclose(f);
	speaks(w, "XSA-442: 0000:05:00.0 given to guests or held for them behind AMD's IOMMU");
	assert_non_null(strstr(w->out, "XSA-378: 0000:05:00.0 with memory that an IVMD block"));
	assert_null(strstr(w->out, "XSA-399"));
	assert_null(strstr(w->out, "XSA-386"));
}

/* dom0's kernel counts for what is in it, whichever Xen runs. */
static void test_kernel(void **state)
{
	struct world *w = *state;

	version(w, "11\n", ".4\n");
	fake_bus_put(w->bus, "/proc/sys/kernel/osrelease", "5.4.0-1-amd64\n");
	silent(w, "XSA-332");
	ok(w, "attach web1 05:00.0");
	speaks(w, "XSA-332: 0000:05:00.0 with a PV guest, Linux 5.4.0-1-amd64: ");
	assert_non_null(strstr(w->out, "fixed in Linux 5.10 and in stable releases"));
	assert_null(strstr(w->out, "XSA-120"));
	fake_bus_put(w->bus, "/proc/sys/kernel/osrelease", "5.10.0\n");
	silent(w, "XSA-332");
	fake_bus_put(w->bus, "/proc/sys/kernel/osrelease", "4.3.0\n");
	speaks(w, "XSA-332");
	fake_bus_put(w->bus, "/proc/sys/kernel/osrelease", "six\n");
	speaks(w, "that a later release mends: ");
}

/* ---- what rows rest on ---- */

static void test_ivrs(void **state)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	uint8_t t[48 + 16 + 32 + 32] = "IVRS";
	struct xlpt_ivmds r;

	(void)state;
	t[4] = sizeof(t);
	t[48] = 0x10; /* IVHD */
	t[50] = 16;
	t[64] = 0x22; /* 02:00.0 to 02:1f.7 */
	t[66] = 32;
	t[69] = 2;
	t[70] = 0xff;
	t[71] = 2;
	t[82] = 1; /* at 64 KiB */
	t[96] = 0x21;
	t[98] = 32;
	t[101] = 5;
	assert_int_equal(xlpt_ivrs_parse(t, sizeof(t), &r, &diag), 0);
	assert_int_equal(r.n, 2);
	assert_int_equal(r.items[0].base, 0x10000);
	assert_ptr_equal(xlpt_ivmds_find(&r, B("02:1f.7")), &r.items[0]);
	assert_ptr_equal(xlpt_ivmds_find(&r, B("05:00.0")), &r.items[1]);
	assert_null(xlpt_ivmds_find(&r, B("05:00.1")));
	assert_null(xlpt_ivmds_find(&r, B("0001:05:00.0")));
	xlpt_ivmds_dispose(&r);
	/* Cut at each byte, also between two blocks: an error and fewer blocks, and nothing beyond the end is read. */
	for (size_t len = 0; len < sizeof(t); len++) {
		_cleanup_free_ uint8_t *copy = xlpt_xcalloc(1, len ? len : 1);

		memcpy(copy, t, len);
		assert_int_equal(xlpt_ivrs_parse(copy, len, &r, &diag), XLPT_ERR_DATA);
		assert_true(r.n < 2);
		xlpt_ivmds_dispose(&r);
		xlpt_diag_dispose(&diag);
	}
	t[66] = 3; /* shorter than its own head */
	assert_int_equal(xlpt_ivrs_parse(t, sizeof(t), &r, &diag), XLPT_ERR_DATA);
	xlpt_ivmds_dispose(&r);
}

static void test_caps(void **state)
{
	uint8_t cfg[4096] = { 0x86,	     0x80,	    0x34,	   0x12,	 [6] = 0x10,
			      [0x34] = 0x40, [0x40] = 0x10, [0x42] = 0x02, [0x44] = 0x10 };
	struct xlpt_caps caps;

	(void)state;
	cfg[0x100] = 0x10; /* SR-IOV */
	cfg[0x102] = 1;
	cfg[0x124] = 0x01;
	xlpt_config_caps(cfg, sizeof(cfg), &caps);
	assert_int_equal(caps.phantom_bits, 2);
	assert_true(caps.vf_io_bar);
	cfg[0x124] = 0x04;
	cfg[0x44] = 0;
	xlpt_config_caps(cfg, sizeof(cfg), &caps);
	assert_int_equal(caps.phantom_bits, 0);
	assert_false(caps.vf_io_bar);
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_document),
		world_test(test_high_bar),
		world_test(test_shared),
		world_test(test_no_line),
		world_test(test_stubdom),
		world_test(test_vendor),
		world_test(test_kernel),
		cmocka_unit_test(test_ivrs),
		cmocka_unit_test(test_caps),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
