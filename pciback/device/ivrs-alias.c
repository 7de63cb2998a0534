/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requester ids that functions share by the word of AMD's firmware. */
#include <string.h>

#include "pciback/device/acpi.h"
#include "pciback/device/ivrs.h"

enum { IVRS_HEADER = 48, BLOCK_HEADER = 4, IVHD_HEADER = 24, IVHD_HEADER_LONG = 40 };
enum { IVHD = 0x10, IVHD_EFR = 0x11, IVHD_ACPI = 0x40 };
enum {
	RANGE_START = 0x03,
	RANGE_END = 0x04,
	ALIAS_ONE = 0x42,
	ALIAS_START = 0x43,
	EXT_START = 0x47,
	ACPI_HID = 0xf0,
	ACPI_HID_SIZE = 22, /* its last byte is the length of what follows */
};

static unsigned id_of(struct xlpt_bdf bdf)
{
	return (unsigned)bdf.bus << 8 | (unsigned)bdf.dev << 3 | bdf.func;
}

static void note(struct xlpt_devices *devs, unsigned seg, unsigned first, unsigned last,
		 unsigned alias)
{
	for (size_t i = 0; i < devs->n; i++) {
		struct xlpt_device *d = &devs->items[i];
		unsigned id = id_of(d->bdf);

		if (d->bdf.seg != seg || id < first || id > last)
			continue;
		d->has_alias = id != alias;
		d->alias = (struct xlpt_bdf){ .seg = d->bdf.seg,
					      .bus = (uint8_t)(alias >> 8),
					      .dev = (uint8_t)(alias >> 3 & 0x1f),
					      .func = (uint8_t)(alias & 7) };
	}
}

/* Its bytes, or 0 when it does not fit into those that are left, or when nobody knows its length. */
static size_t entry_size(const uint8_t *entry, size_t left)
{
	size_t size = 0;

	if (entry[0] < 0x80)
		size = (size_t)4 << (entry[0] >> 6);
	else if (entry[0] == ACPI_HID && left >= ACPI_HID_SIZE)
		size = ACPI_HID_SIZE + (size_t)entry[ACPI_HID_SIZE - 1];
	return size <= left ? size : 0;
}

static void read_block(const uint8_t *block, size_t size, struct xlpt_devices *devs)
{
	size_t at = block[0] == IVHD ? IVHD_HEADER : IVHD_HEADER_LONG, step;
	unsigned seg = size < IVHD_HEADER ? 0 : (unsigned)xlpt_acpi_number(block + 16, 2);
	unsigned first = 0, alias = 0;
	bool aliased = false;

	for (; at < size; at += step) {
		const uint8_t *e = block + at;
		unsigned id;

		step = entry_size(e, size - at);
		if (!step)
			return;
		id = (unsigned)xlpt_acpi_number(e + 1, 2);
		switch (e[0]) {
		case ALIAS_ONE:
			note(devs, seg, id, id, (unsigned)xlpt_acpi_number(e + 5, 2));
			break;
		case ALIAS_START:
			first = id;
			alias = (unsigned)xlpt_acpi_number(e + 5, 2);
			aliased = true;
			break;
		case RANGE_START:
		case EXT_START:
			aliased = false;
			break;
		case RANGE_END:
			if (aliased)
				note(devs, seg, first, id, alias);
			aliased = false;
			break;
		}
	}
}

void xlpt_ivrs_aliases_parse(const uint8_t *table, size_t len, struct xlpt_devices *devs)
{
	size_t total, end;

	if (len < IVRS_HEADER || memcmp(table, "IVRS", 4) != 0)
		return;
	total = (size_t)xlpt_acpi_number(table + 4, 4);
	end = total < len ? total : len;
	for (size_t at = IVRS_HEADER, size; at < end && end - at >= BLOCK_HEADER; at += size) {
		size = (size_t)xlpt_acpi_number(table + at + 2, 2);
		if (size < BLOCK_HEADER || size > end - at)
			return;
		if (table[at] == IVHD || table[at] == IVHD_EFR || table[at] == IVHD_ACPI)
			read_block(table + at, size, devs);
	}
}

void xlpt_ivrs_aliases(struct xlpt_host *h, struct xlpt_devices *devs)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_str_ struct xlpt_str buf = { 0 };

	/* Who wants to know of a table that cannot be read asks for its memory blocks (ivrs.c). */
	if (xlpt_acpi_read(h, "/sys/firmware/acpi/tables/IVRS", "the ACPI table IVRS", &buf, &diag))
		return;
	xlpt_ivrs_aliases_parse((const uint8_t *)xlpt_str_get(&buf), buf.len, devs);
}
