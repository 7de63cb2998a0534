/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/hole.h"

#include <string.h>

#define KIB 1024ull
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#define HOLE_START  0xf0000000ull /* HVM_BELOW_4G_MMIO_START (xen/include/public/hvm/e820.h) */
#define HOLE_END    0xfc000000ull /* RESERVED_MEMBASE (hvmloader/config.h) */
#define ALWAYS_HIGH (1 * GIB)	  /* a 64-bit BAR above this size: BAR_RELOC_THRESH */

/* Nothing real is larger; sums of what is capped do not overflow. */
#define SIZE_MOST (1ull << 52)

/* sysfs "resource" (include/linux/ioport.h) */
#define IS_MEMORY 0x00000200u
#define IS_64BIT  0x00100000u

/* QEMU: XEN_PLATFORM's second BAR; the registers of a display, ROMs, and what a network card, USB have. */
#define PLATFORM (16 * MIB)
#define CIRRUS	 (32 * MIB) /* whatever its memory (hw/display/cirrus_vga.c) */
static const uint64_t small[] = { 256 * KIB, 128 * KIB, 64 * KIB, 4 * KIB, 4 * KIB, 4 * KIB };

void xlpt_hole_bars_dispose(struct xlpt_hole_bars *bars)
{
	free(bars->items);
	*bars = (struct xlpt_hole_bars){ 0 };
}

static uint64_t power_of_two(uint64_t size)
{
	uint64_t p = 1;

	while (p < size && p < SIZE_MOST)
		p <<= 1;
	return p;
}

void xlpt_hole_add(struct xlpt_hole_bars *bars, uint64_t size, bool wide, size_t owner)
{
	XLPT_GROW(bars->items, bars->n, bars->alloc);
	bars->items[bars->n++] =
		(struct xlpt_hole_bar){ .size = power_of_two(size), .wide = wide, .owner = owner };
}

void xlpt_hole_add_device(struct xlpt_hole_bars *bars, const struct xlpt_device *dev, size_t owner)
{
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(dev->bars); i++) {
		const struct xlpt_bar *bar = &dev->bars[i];

		if (bar->flags & IS_MEMORY && bar->end > bar->start)
			xlpt_hole_add(bars, bar->end - bar->start + 1, bar->flags & IS_64BIT,
				      owner);
	}
}

void xlpt_hole_add_emulated(struct xlpt_hole_bars *bars, uint64_t videoram, size_t owner)
{
	xlpt_hole_add(bars, PLATFORM, false, owner);
	/* Less than a standard card's least memory: it is a Cirrus. */
	if (videoram)
		xlpt_hole_add(bars, videoram < 16 * MIB ? CIRRUS : videoram, false, owner);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(small); i++)
		xlpt_hole_add(bars, small[i], false, owner);
}

/* What is equally large stays in its order. */
static void sort(struct xlpt_hole_bars *bars)
{
	for (size_t i = 1; i < bars->n; i++) {
		struct xlpt_hole_bar bar = bars->items[i];
		size_t at = i;

		while (at && bars->items[at - 1].size < bar.size) {
			bars->items[at] = bars->items[at - 1];
			at--;
		}
		bars->items[at] = bar;
	}
}

static uint64_t align(uint64_t at, uint64_t size)
{
	return (at + size - 1) & ~(size - 1);
}

/* Where the hole begins, when so much is to be in it, and where the memory below it ends. */
static uint64_t begin(struct xlpt_hole *hole, uint64_t total)
{
	bool says = hole->asked >= 4 * GIB - HOLE_START && hole->asked <= HOLE_START;
	/* libxl__build_hvm lays out the memory before hvmloader runs. */
	uint64_t start = says ? 4 * GIB - hole->asked : HOLE_START,
		 low = hole->memory < start ? hole->memory : start;

	hole->end = HOLE_END;
	/* 0xf0000000, 0xe0000000, 0xc0000000, 0x80000000: its 32-bit variable is shifted. */
	while (!says && total > hole->end - start && (start << 1 & UINT32_MAX) &&
	       (hole->moves_memory || (start << 1 & UINT32_MAX) >= low))
		start = start << 1 & UINT32_MAX;
	hole->start = hole->next = start;
	return low < start ? low : start;
}

void xlpt_hole_boot(struct xlpt_hole *hole, struct xlpt_hole_bars *bars)
{
	uint64_t total = 0, low;
	bool high = false;

	sort(bars);
	for (size_t i = 0; i < bars->n; i++) {
		bool always = bars->items[i].wide && bars->items[i].size > ALWAYS_HIGH;

		high |= always;
		total += always ? 0 : bars->items[i].size;
	}
	low = begin(hole, total);
	high |= total > hole->end - hole->start;
	hole->high_start = hole->high_end = 0;
	hole->high_next = 4 * GIB + (hole->memory - low);
	for (size_t i = 0; i < bars->n; i++) {
		struct xlpt_hole_bar *bar = &bars->items[i];
		bool above = bar->wide && high &&
			     (total > hole->end - hole->next || bar->size > ALWAYS_HIGH);
		uint64_t *next = above ? &hole->high_next : &hole->next,
			 at = align(*next, bar->size);

		total -= bar->size <= ALWAYS_HIGH ? bar->size : 0;
		bar->place = XLPT_HOLE_NOWHERE;
		if (!above && at + bar->size > hole->end)
			continue;
		if (above && !hole->high_start)
			hole->high_start = at;
		bar->place = above ? XLPT_HOLE_ABOVE : XLPT_HOLE_BELOW;
		bar->at = at;
		*next = at + bar->size;
	}
	/* The end is aligned as the start is (pci_hi_mem_end). */
	if (hole->high_start)
		hole->high_end =
			((hole->high_next - 1) | ((hole->high_start & -hole->high_start) - 1)) + 1;
}

/* Where a BAR has a place in what is left; 0 = nowhere. */
static uint64_t place_for(const struct xlpt_hole *hole, uint64_t size, bool high)
{
	uint64_t at = align(high ? hole->high_next : hole->next, size);

	if (high && !hole->high_start)
		return 0;
	return at + size <= (high ? hole->high_end : hole->end) ? at : 0;
}

uint64_t xlpt_hole_most(const struct xlpt_hole *hole)
{
	uint64_t size = SIZE_MOST;

	while (size && !place_for(hole, size, false) && !place_for(hole, size, true))
		size >>= 1;
	return size;
}

void xlpt_hole_later(struct xlpt_hole *hole, struct xlpt_hole_bars *bars)
{
	sort(bars);
	for (size_t i = 0; i < bars->n; i++) {
		struct xlpt_hole_bar *bar = &bars->items[i];
		bool high = bar->wide && place_for(hole, bar->size, true);

		bar->at = place_for(hole, bar->size, high);
		bar->place = !bar->at ? XLPT_HOLE_NOWHERE
			     : high   ? XLPT_HOLE_ABOVE
				      : XLPT_HOLE_BELOW;
		if (bar->at)
			*(high ? &hole->high_next : &hole->next) = bar->at + bar->size;
	}
}

uint64_t xlpt_hole_sum(const struct xlpt_hole_bars *bars, size_t owner, enum xlpt_hole_place place)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < bars->n; i++)
		if (bars->items[i].owner == owner && bars->items[i].place == place)
			sum += bars->items[i].size;
	return sum;
}

static bool all_placed(const struct xlpt_hole_bars *bars)
{
	for (size_t i = 0; i < bars->n; i++)
		if (bars->items[i].place == XLPT_HOLE_NOWHERE)
			return false;
	return true;
}

unsigned xlpt_hole_wanted(const struct xlpt_hole *hole, const struct xlpt_hole_bars *bars)
{
	/* xl takes 256 to 3840 (xl_parse.c). */
	static const unsigned mib[] = { 256, 512, 1024, 2048, 3072, 3840 };
	struct xlpt_hole_bars copy = { .n = bars->n };
	unsigned wanted = 0;

	copy.items = xlpt_xcalloc(bars->n + 1, sizeof(*copy.items));
	for (size_t i = 0; !wanted && i < XLPT_ARRAY_SIZE(mib); i++) {
		struct xlpt_hole h = { .memory = hole->memory, .asked = mib[i] * MIB };

		memcpy(copy.items, bars->items, bars->n * sizeof(*copy.items));
		xlpt_hole_boot(&h, &copy);
		if (all_placed(&copy))
			wanted = mib[i];
	}
	xlpt_hole_bars_dispose(&copy);
	return wanted;
}
