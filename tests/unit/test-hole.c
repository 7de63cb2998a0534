/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where hvmloader puts the registers of a guest's devices. The addresses are what its rule gives when it
 * is followed by hand (tools/firmware/hvmloader/pci.c of Xen 4.17 and 4.20).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/hole.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)
#define YES true
#define NO  false

struct want {
	uint64_t size;
	bool wide;
	uint64_t at; /* 0: nowhere */
};

static void same(const struct want *want, size_t n, const struct xlpt_hole_bars *bars)
{
	assert_int_equal(bars->n, n);
	for (size_t i = 0; i < n; i++) {
		const struct xlpt_hole_bar *b = &bars->items[i];

		assert_int_equal(b->size, want[i].size);
		assert_int_equal(b->place, !want[i].at		  ? XLPT_HOLE_NOWHERE
					   : want[i].at < 4 * GIB ? XLPT_HOLE_BELOW
								  : XLPT_HOLE_ABOVE);
		if (want[i].at && b->at != want[i].at)
			fail_msg("%zu of %#llx: at %#llx, want %#llx", i,
				 (unsigned long long)b->size, (unsigned long long)b->at,
				 (unsigned long long)want[i].at);
	}
}

/* The bars are wanted in the order in which they are placed, and given the other way round. */
static void boots(struct xlpt_hole *hole, uint64_t start, const struct want *want, size_t n)
{
	_cleanup_hole_bars_ struct xlpt_hole_bars bars = { 0 };

	for (size_t i = n; i--;)
		xlpt_hole_add(&bars, want[i].size, want[i].wide, 0);
	xlpt_hole_boot(hole, &bars);
	assert_int_equal(hole->start, start);
	same(want, n, &bars);
}
#define BOOTS(hole, start, ...)                                  \
	boots(hole, start, (const struct want[]){ __VA_ARGS__ }, \
	      sizeof((const struct want[]){ __VA_ARGS__ }) / sizeof(struct want))

/* The hole grows by doubling, and not into the guest's memory. */
static void test_grows(void **state)
{
	struct xlpt_hole h = { .memory = 1 * GIB };

	(void)state;
	BOOTS(&h, 0xf0000000, { 16 * MIB, NO, 0xf0000000 }, { 4096, NO, 0xf1000000 });
	assert_int_equal(h.next, 0xf1001000);
	assert_int_equal(h.high_start, 0);
	/* 192 MiB are there: 128 and 64 fit, and one page more does not. */
	BOOTS(&h, 0xf0000000, { 128 * MIB, NO, 0xf0000000 }, { 64 * MIB, NO, 0xf8000000 });
	BOOTS(&h, 0xe0000000, { 128 * MIB, NO, 0xe0000000 }, { 64 * MIB, NO, 0xe8000000 },
	      { 4096, NO, 0xec000000 });
	BOOTS(&h, 0xc0000000, { 512 * MIB, NO, 0xc0000000 }, { 16 * MIB, NO, 0xe0000000 });
	BOOTS(&h, 0x80000000, { 1 * GIB, NO, 0x80000000 }, { 512 * MIB, NO, 0xc0000000 });
	/* 3072 MiB of memory end at 0xc0000000, and it may begin there; a page more, and not. */
	h.memory = 3 * GIB;
	BOOTS(&h, 0xc0000000, { 512 * MIB, NO, 0xc0000000 });
	h.memory += 4096;
	BOOTS(&h, 0xe0000000, { 512 * MIB, NO, 0 });
	h.memory = 8 * GIB;
	BOOTS(&h, 0xf0000000, { 256 * MIB, NO, 0 }, { 16 * MIB, NO, 0xf0000000 });
	/* An old device model lets it take the guest's memory. */
	h.moves_memory = true;
	BOOTS(&h, 0xc0000000, { 512 * MIB, NO, 0xc0000000 }, { 16 * MIB, NO, 0xe0000000 });
	assert_int_equal(h.high_next, 4 * GIB + 5 * GIB);
}

/* 64-bit ones go above when not all fit: the largest first, until the rest fits. */
static void test_above(void **state)
{
	struct xlpt_hole h = { .memory = 8 * GIB };

	(void)state;
	/* Memory ends at 4 GiB and what does not fit below 0xf0000000: 8448 MiB. */
	BOOTS(&h, 0xf0000000, { 256 * MIB, YES, 0x210000000 }, { 16 * MIB, YES, 0xf0000000 });
	assert_int_equal(h.high_start, 0x210000000);
	assert_int_equal(h.high_end, 0x220000000);
	/* Alone above: its alignment. */
	BOOTS(&h, 0xf0000000, { 8 * GIB, YES, 0x400000000 }, { 64 * MIB, YES, 0xf0000000 });
	assert_int_equal(h.high_end, 0x800000000);
	/* A BAR of more than 1 GiB is not counted for the hole, one of 1 GiB is. */
	h.memory = 1 * GIB;
	BOOTS(&h, 0xf0000000, { 2 * GIB, YES, 0x100000000 }, { 128 * MIB, NO, 0xf0000000 });
	BOOTS(&h, 0x80000000, { 1 * GIB, YES, 0x80000000 }, { 128 * MIB, NO, 0xc0000000 });
	h.memory = 0;
	BOOTS(&h, 0x80000000, { 1 * GIB, YES, 0x100000000 }, { 1 * GIB, YES, 0x80000000 });
	/* What cannot go above comes after what can, and has the room. */
	h.memory = 8 * GIB;
	BOOTS(&h, 0xf0000000, { 128 * MIB, YES, 0x210000000 }, { 64 * MIB, NO, 0xf0000000 },
	      { 32 * MIB, NO, 0xf4000000 });
}

/* mmio_hole= says where it begins, and then it does not grow. */
static void test_asked(void **state)
{
	struct xlpt_hole h = { .memory = 8 * GIB, .asked = 1 * GIB };

	(void)state;
	BOOTS(&h, 0xc0000000, { 256 * MIB, NO, 0xc0000000 }, { 16 * MIB, NO, 0xd0000000 });
	assert_int_equal(h.high_next, 0x240000000);
	h.asked = 512 * MIB;
	h.memory = 1 * GIB;
	BOOTS(&h, 0xe0000000, { 512 * MIB, NO, 0 }, { 16 * MIB, NO, 0xe0000000 });
	/* Less than there is, or more than xl takes, is left aside (libxl_create.c). */
	h.asked = 128 * MIB;
	BOOTS(&h, 0xe0000000, { 256 * MIB, NO, 0xe0000000 });
	h.asked = 3841 * MIB;
	BOOTS(&h, 0xe0000000, { 256 * MIB, NO, 0xe0000000 });
}

/* What comes later has what boot has left: nothing above, unless something is there. */
static void test_later(void **state)
{
	_cleanup_hole_bars_ struct xlpt_hole_bars first = { 0 }, later = { 0 };
	struct xlpt_hole h = { .memory = 1 * GIB };

	(void)state;
	xlpt_hole_add_emulated(&first, 16 * MIB, 0);
	xlpt_hole_boot(&h, &first);
	assert_int_equal(h.start, 0xf0000000);
	assert_int_equal(xlpt_hole_most(&h), 64 * MIB);
	xlpt_hole_add(&later, 4096, NO, 1);
	xlpt_hole_add(&later, 256 * MIB, YES, 1);
	xlpt_hole_add(&later, 128 * MIB, YES, 2);
	xlpt_hole_add(&later, 64 * MIB, YES, 3);
	xlpt_hole_later(&h, &later);
	assert_int_equal(xlpt_hole_sum(&later, 1, XLPT_HOLE_NOWHERE), 256 * MIB);
	assert_int_equal(xlpt_hole_sum(&later, 1, XLPT_HOLE_BELOW), 4096);
	/* The first 32 MiB are taken, so that none of the two places for 128 MiB is whole. */
	assert_int_equal(xlpt_hole_sum(&later, 2, XLPT_HOLE_NOWHERE), 128 * MIB);
	assert_int_equal(xlpt_hole_sum(&later, 3, XLPT_HOLE_BELOW), 64 * MIB);
	assert_int_equal(later.items[2].at, 0xf4000000);
	/* With a window above: its end is aligned as its start is. */
	xlpt_hole_add(&first, 8 * GIB, YES, 0);
	xlpt_hole_boot(&h, &first);
	assert_int_equal(h.high_start, 8 * GIB);
	later.n = 0;
	xlpt_hole_add(&later, 256 * MIB, YES, 1);
	xlpt_hole_later(&h, &later);
	assert_int_equal(later.items[0].place, XLPT_HOLE_NOWHERE);
}

static void test_wanted(void **state)
{
	_cleanup_hole_bars_ struct xlpt_hole_bars bars = { 0 };
	struct xlpt_hole h = { .memory = 8 * GIB };

	(void)state;
	xlpt_hole_add_emulated(&bars, 8 * MIB, 0);
	assert_int_equal(xlpt_hole_wanted(&h, &bars), 256);
	xlpt_hole_add(&bars, 256 * MIB, NO, 1);
	assert_int_equal(xlpt_hole_wanted(&h, &bars), 512);
	xlpt_hole_add(&bars, 1 * GIB, NO, 1);
	assert_int_equal(xlpt_hole_wanted(&h, &bars), 2048);
	xlpt_hole_add(&bars, 1 * GIB, NO, 1);
	assert_int_equal(xlpt_hole_wanted(&h, &bars), 3072);
	xlpt_hole_add(&bars, 1 * GIB, NO, 1);
	assert_int_equal(xlpt_hole_wanted(&h, &bars), 0);
	/* The bars that were asked about are as they were. */
	assert_int_equal(bars.items[bars.n - 1].owner, 1);
}

/* The lines of sysfs: ports are left out, a ROM counts, and what a hostile tree says is bounded. */
static void test_device(void **state)
{
	_cleanup_hole_bars_ struct xlpt_hole_bars bars = { 0 };
	struct xlpt_hole h = { .memory = 1 * GIB };
	struct xlpt_device d = { .bars = { { 0x383000000000, 0x38300fffffff, 0x14220c },
					   { 0xf7d00000, 0xf7d0ffff, 0x40200 },
					   { 0xe000, 0xe01f, 0x40101 },
					   [6] = { 0xf7c00000, 0xf7c3ffff, 0x46200 } } };

	(void)state;
	xlpt_hole_add_device(&bars, &d, 7);
	assert_int_equal(bars.n, 3);
	assert_int_equal(bars.items[0].size, 256 * MIB);
	assert_true(bars.items[0].wide && !bars.items[1].wide && !bars.items[2].wide);
	assert_int_equal(bars.items[2].size, 256 * 1024);
	d.bars[3] = (struct xlpt_bar){ 0, UINT64_MAX, 0x200 };
	d.bars[4] = (struct xlpt_bar){ 1, UINT64_MAX, 0x100200 };
	xlpt_hole_add_device(&bars, &d, 7);
	xlpt_hole_boot(&h, &bars);
	assert_true(xlpt_hole_sum(&bars, 7, XLPT_HOLE_NOWHERE) > 0 ||
		    xlpt_hole_sum(&bars, 7, XLPT_HOLE_ABOVE) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grows),  cmocka_unit_test(test_above),
		cmocka_unit_test(test_asked),  cmocka_unit_test(test_later),
		cmocka_unit_test(test_wanted), cmocka_unit_test(test_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
