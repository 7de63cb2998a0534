/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices whose reserved memory others share (RMRR): who gets one, and on which word. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/fake/libvirt.h"
#include "tests/unit/commands.h"

static void put_table(struct world *w, const char *path, const uint8_t *t, size_t n)
{
	int fd;

	fake_bus_put(w->bus, path, "");
	fd = openat(fake_bus_host(w->bus)->rootfd, path + 1, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, t, n), (ssize_t)n);
	close(fd);
}

/* A DMAR table with one reserved region for 02:00.0 and 05:00.0, behind the root port 00:01.0. */
static void put_dmar(struct world *w)
{
	static const uint8_t scopes[2][10] = { { 1, 10, 0, 0, 0, 2, 0, 0, 0, 0 },
					       { 1, 10, 0, 0, 0, 5, 0, 0, 0, 0 } };
	uint8_t t[88] = "DMAR";

	t[4] = 88;
	t[48] = 1; /* RMRR */
	t[50] = 40;
	memcpy(t + 56, (uint8_t[]){ 0, 0x50, 0x1e, 0xdc }, 4);
	memcpy(t + 64, (uint8_t[]){ 0xff, 0x4f, 0x1f, 0xdc }, 4);
	for (int i = 0; i < 2; i++) {
		memcpy(t + 72 + 8 * i, scopes[i], 8);
		t[73 + 8 * i] = 8;
	}
	put_table(w, "/sys/firmware/acpi/tables/DMAR", t, sizeof(t));
	fake_ts_shares_reserved(w->ts, B("02:00.0"));
	fake_ts_shares_reserved(w->ts, B("05:00.0"));
}

static void test_shared(void **state)
{
	struct world *w = *state;

	put_dmar(w);
	ok(w, "show 02:00.0");
	assert_non_null(strstr(w->out, "0xdc1e5000-0xdc1f4fff, shared with 0000:05:00.0"));
	changes_nothing(w, 3, "attach win1 --hide 02:00.0",
			"Xen does not give away a device whose reserved memory another one shares");
	assert_non_null(strstr(w->err, "0xdc1e5000-0xdc1f4fff for it and for 0000:05:00.0"));
	assert_non_null(strstr(w->err, "to mend: add rdm_policy=relaxed (both to one guest)"));
	/* Not "add --hide" first, which this would refuse then. */
	changes_nothing(w, 3, "attach web1 02:00.0", "does not give away");
	changes_nothing(w, 3, "attach web1 --hide 02:00.0,rdm_policy=strict", "does not give away");
	changes_nothing(w, 3, "--dry-run attach web1 --hide 02:00.0", "does not give away");
	/* PV guests, too: libxl asks Xen the same for every type. */
	ok(w, "attach web1 --hide 02:00.0,rdm_policy=relaxed 05:00.0,rdm_policy=relaxed");
	assert_null(strstr(w->err, "shares memory"));
	ok(w, "detach web1 02:00.0");
	/* 05:00.0 is with web1 already, and not with win1. */
	ok(w, "attach web1 02:00.0,rdm_policy=relaxed");
	assert_null(strstr(w->err, "shares memory"));
	ok(w, "detach web1 02:00.0");
	ok(w, "attach win1 02:00.0,rdm_policy=relaxed");
	assert_non_null(strstr(w->err, "0000:02:00.0 shares memory that firmware has reserved with "
				       "0000:05:00.0, which is not with win1"));
	ok(w, "attach web1 --hide 03:00.0,rdm_policy=relaxed");
}

/* libvirt has no word for it: what mends it is no line that the next rule refuses. */
static void test_libvirt(void **state)
{
	struct world *w = *state;
	struct fake_libvirt *l = fake_libvirt_new(w);

	fake_libvirt_made(l, 3);
	put_dmar(w);
	changes_nothing(w, 3, "attach web1 --hide 02:00.0",
			"to mend: add rdm_policy=relaxed (both to one guest) and --around-libvirt");
	changes_nothing(w, 3, "attach web1 --hide 02:00.0,rdm_policy=relaxed",
			"to mend: --around-libvirt leaves libvirt out");
	changes_nothing(w, 3, "attach db1 --hide 02:00.0",
			"to mend: add rdm_policy=relaxed (both to one guest)\n");
	changes_nothing(w, 3, "attach web1 --around-libvirt --hide 02:00.0",
			"to mend: add rdm_policy=relaxed (both to one guest)\n");
	ok(w, "attach web1 --around-libvirt --hide 02:00.0,rdm_policy=relaxed");
	fake_libvirt_free(l);
}

/* A save detaches and attaches again: with the word with which the guest got the device. */
static void test_saved(void **state)
{
	char dir[] = "/tmp/xlpt-test-reserved-XXXXXX";
	_cleanup_free_ char *line = NULL, *file = NULL;
	struct world *w = *state;

	assert_non_null(mkdtemp(dir));
	file = xlpt_xasprintf("%s/image", dir);
	line = xlpt_xasprintf("save --detach-first --force web1 %s", file);
	put_dmar(w);
	ok(w, "attach web1 --hide 02:00.0,rdm_policy=relaxed 05:00.0,rdm_policy=relaxed");
	fake_ts_fail(w->ts, FAKE_TS_SAVE, 1, FAKE_TS_AT_ONCE);
	answers(w, 1, line, "cannot save the guest: xl ended with status 1");
	assert_int_equal(fake_ts_owner(w->ts, B("02:00.0")), 3);
	assert_int_equal(fake_ts_owner(w->ts, B("05:00.0")), 3);
	ok(w, line);
	free(XLPT_TAKE(line));
	line = xlpt_xasprintf("restore %s", file);
	ok(w, line);
	assert_true(fake_ts_owner(w->ts, B("02:00.0")) > 3);
	free(XLPT_TAKE(line));
	line = xlpt_xasprintf("rm -r %s", dir);
	assert_int_equal(system(line), 0);
}

static void put_ivmd(uint8_t *block, uint8_t type, const uint8_t ids[4], uint64_t base,
		     uint64_t len)
{
	block[0] = type;
	block[2] = 32;
	memcpy(block + 4, ids, 4);
	for (unsigned i = 0; i < 8; i++) {
		block[16 + i] = (uint8_t)(base >> 8 * i);
		block[24 + i] = (uint8_t)(len >> 8 * i);
	}
}

/*
 * AMD's table: a block for one function, one for a range, one for all, one without a byte, one that ends
 * behind all memory, and a range with functions that are not here.
 */
static void test_amd(void **state)
{
	static const uint8_t one[] = { 0, 2, 0, 0 }, range[] = { 0, 2, 0xff, 5 },
			     absent[] = { 0, 2, 1, 2 };
	struct world *w = *state;
	uint8_t t[48 + 6 * 32] = "IVRS";

	t[4] = sizeof(t);
	put_ivmd(t + 48, 0x21, one, 0x10000, 0x1000);
	put_ivmd(t + 80, 0x22, range, 0x20000, 0x1000);
	put_ivmd(t + 112, 0x20, range, 0x30000, 0x1000);
	put_ivmd(t + 144, 0x21, one, 0, 0);
	put_ivmd(t + 176, 0x21, one, UINT64_MAX - 0xfff, 0x2000);
	put_ivmd(t + 208, 0x22, absent, 0x60000, 0x1000);
	put_table(w, "/sys/firmware/acpi/tables/IVRS", t, sizeof(t));
	ok(w, "show 02:00.0");
	assert_non_null(strstr(w->out, "0x10000-0x10fff"));
	assert_non_null(strstr(w->out, "0x20000-0x20fff, shared with 0000:03:00.0, "));
	assert_non_null(strstr(w->out, "0x30000-0x30fff, for every function"));
	assert_non_null(strstr(w->out, "0x60000-0x60fff, shared with a function that is not here"));
	assert_null(strstr(w->out, "0x0-"));
	assert_null(strstr(w->out, "0xffff"));
	ok(w, "show 05:00.0");
	assert_null(strstr(w->out, "0x10000-"));
	assert_non_null(strstr(w->out, "0x20000-0x20fff, shared with 0000:02:00.0, "));
	ok(w, "show --json 02:00.0");
	assert_non_null(strstr(w->out, "\"reserved_by_firmware\""));
	assert_non_null(strstr(w->out, "\"start\": 65536"));
	assert_non_null(strstr(w->out, "\"end\": 69631"));
	assert_non_null(strstr(w->out, "\"shared\": true"));
	assert_non_null(strstr(w->out, "\"shared\": false"));
	assert_non_null(strstr(w->out, "\"shared_with\""));
	/* What stands before the damage is shown. */
	t[48 + 64 + 2] = 3;
	put_table(w, "/sys/firmware/acpi/tables/IVRS", t, sizeof(t));
	ok(w, "show 02:00.0");
	assert_non_null(strstr(w->out, "0x10000-0x10fff"));
	assert_non_null(strstr(w->err, "IVRS cannot be read to its end"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_shared),
		world_test(test_libvirt),
		world_test(test_amd),
		world_test(test_saved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
