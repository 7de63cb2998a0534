/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pciback/device/ivrs.h"

#include <errno.h>
#include <string.h>

#include "pciback/device/acpi.h"

enum { IVRS_HEADER = 48, BLOCK_HEADER = 4, IVMD_SIZE = 32 };
enum { IVMD_ALL = 0x20, IVMD_ONE = 0x21, IVMD_RANGE = 0x22 };

void xlpt_ivmds_dispose(struct xlpt_ivmds *r)
{
	free(r->items);
	*r = (struct xlpt_ivmds){ 0 };
}

static const char table_name[] = "the ACPI table IVRS";

static void add(struct xlpt_ivmds *out, const uint8_t *block)
{
	struct xlpt_ivmd m = { .first = (uint16_t)xlpt_acpi_number(block + 4, 2),
			       .base = xlpt_acpi_number(block + 16, 8),
			       .len = xlpt_acpi_number(block + 24, 8) };

	m.last = block[0] == IVMD_RANGE ? (uint16_t)xlpt_acpi_number(block + 6, 2) : m.first;
	if (block[0] == IVMD_ALL) {
		m.first = 0;
		m.last = UINT16_MAX;
	}
	XLPT_GROW(out->items, out->n, out->alloc);
	out->items[out->n++] = m;
}

int xlpt_ivrs_parse(const uint8_t *table, size_t len, struct xlpt_ivmds *out,
		    struct xlpt_diag *diag)
{
	size_t end, total;

	*out = (struct xlpt_ivmds){ .there = true };
	if (len < IVRS_HEADER || memcmp(table, "IVRS", 4) != 0)
		return xlpt_acpi_broken(diag, table_name, 0, "it has no header");
	total = (size_t)xlpt_acpi_number(table + 4, 4);
	end = total < len ? total : len;
	for (size_t at = IVRS_HEADER; at < end;) {
		size_t size;

		if (end - at < BLOCK_HEADER)
			return xlpt_acpi_broken(diag, table_name, at, "a block is cut short");
		size = (size_t)xlpt_acpi_number(table + at + 2, 2);
		if (size < BLOCK_HEADER || size > end - at)
			return xlpt_acpi_broken(diag, table_name, at,
						"a block has a length that cannot be");
		if (table[at] >= IVMD_ALL && table[at] <= IVMD_RANGE) {
			if (size < IVMD_SIZE)
				return xlpt_acpi_broken(diag, table_name, at,
							"a memory block is too short");
			add(out, table + at);
		}
		at += size;
	}
	if (total > len)
		return xlpt_acpi_broken(diag, table_name, len, "its length is not the file's");
	return 0;
}

int xlpt_ivrs_read(struct xlpt_host *h, struct xlpt_ivmds *out, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str buf = { 0 };
	int rc = xlpt_acpi_read(h, "/sys/firmware/acpi/tables/IVRS", table_name, &buf, diag);

	*out = (struct xlpt_ivmds){ .there = rc != -ENOENT };
	if (rc)
		return rc == -ENOENT ? 0 : rc;
	return xlpt_ivrs_parse((const uint8_t *)xlpt_str_get(&buf), buf.len, out, diag);
}

bool xlpt_ivmd_names(const struct xlpt_ivmd *m, struct xlpt_bdf bdf)
{
	unsigned id = (unsigned)bdf.bus << 8 | (unsigned)bdf.dev << 3 | bdf.func;

	return bdf.seg == 0 && id >= m->first && id <= m->last;
}

const struct xlpt_ivmd *xlpt_ivmds_find(const struct xlpt_ivmds *r, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < r->n; i++)
		if (xlpt_ivmd_names(&r->items[i], bdf))
			return &r->items[i];
	return NULL;
}
