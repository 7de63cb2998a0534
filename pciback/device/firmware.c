/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pciback/device/firmware.h"

#include <errno.h>
#include <string.h>

#include "core/file.h"
#include "pciback/device/acpi.h"

enum { ACPI_HEADER = 36, DMAR_HEADER = 48, DMAR_RMRR = 1, RMRR_HEADER = 24, SCOPE_HEADER = 6 };
enum { SCOPE_ENDPOINT = 1, SCOPE_BRIDGE = 2 };

void xlpt_rmrrs_dispose(struct xlpt_rmrrs *r)
{
	free(r->items);
	*r = (struct xlpt_rmrrs){ 0 };
}

uint64_t xlpt_acpi_number(const uint8_t *p, unsigned bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | p[bytes];
	return v;
}

int xlpt_acpi_broken(struct xlpt_diag *diag, const char *table, size_t at, const char *fact)
{
	xlpt_diag_set(diag, XLPT_ERR_DATA, "%s cannot be read to its end", table);
	xlpt_diag_fact(diag, "at byte %zu: %s", at, fact);
	xlpt_diag_hint(diag, "what stands before it is used; a newer firmware may mend the rest");
	return XLPT_ERR_DATA;
}

int xlpt_acpi_read(struct xlpt_host *h, const char *path, const char *table, struct xlpt_str *out,
		   struct xlpt_diag *diag)
{
	int r = xlpt_file_read(h, path, XLPT_ACPI_MAX, out);

	if (r == -ENOENT || r == -ENOTDIR)
		return -ENOENT;
	if (r == -EFBIG) {
		xlpt_diag_set(diag, XLPT_ERR_DATA, "%s is not read", table);
		xlpt_diag_fact(diag, "%s has more than %u KiB", path, XLPT_ACPI_MAX >> 10);
		xlpt_diag_hint(diag, "xlpt does not know which memory it reserves; a table of that "
				     "size is a fault of the firmware");
		return XLPT_ERR_DATA;
	}
	return r < 0 ? xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "cannot read %s", table) : 0;
}

/* A path names the device on each bus on the way down; bridges tell the next bus. */
static bool resolve(const uint8_t *scope, size_t len, uint16_t seg, const struct xlpt_devices *devs,
		    struct xlpt_bdf *out)
{
	struct xlpt_bdf bdf = { .seg = seg, .bus = scope[5] };

	for (size_t at = SCOPE_HEADER; at + 2 <= len; at += 2) {
		const struct xlpt_device *bridge;

		if (scope[at] > 0x1f || scope[at + 1] > 7)
			return false;
		bdf.dev = scope[at];
		bdf.func = scope[at + 1];
		if (at + 4 > len) {
			*out = bdf;
			return true;
		}
		bridge = xlpt_devices_find(devs, bdf);
		if (!bridge || !bridge->secondary_bus)
			return false;
		bdf.bus = bridge->secondary_bus;
	}
	return false;
}

static int parse_rmrr(const uint8_t *r, size_t len, size_t where, const struct xlpt_devices *devs,
		      struct xlpt_rmrrs *out, struct xlpt_diag *diag)
{
	struct xlpt_rmrr region = { .structure = (unsigned)where };
	size_t first = out->n;
	int rc = 0;

	if (len < RMRR_HEADER)
		return xlpt_acpi_broken(diag, "the DMAR table", where,
					"a reserved region is cut short");
	region.base = xlpt_acpi_number(r + 8, 8);
	region.limit = xlpt_acpi_number(r + 16, 8);
	if (region.limit < region.base)
		return xlpt_acpi_broken(diag, "the DMAR table", where,
					"a reserved region ends before it begins");
	for (size_t at = RMRR_HEADER; at < len;) {
		size_t scope = len - at < 2 ? 0 : r[at + 1];

		if (scope < SCOPE_HEADER || scope > len - at) {
			rc = xlpt_acpi_broken(diag, "the DMAR table", where + at,
					      "a device scope of impossible length");
			break;
		}
		region.sharers++;
		if ((r[at] == SCOPE_ENDPOINT || r[at] == SCOPE_BRIDGE) &&
		    resolve(r + at, scope, (uint16_t)xlpt_acpi_number(r + 6, 2), devs,
			    &region.bdf)) {
			XLPT_GROW(out->items, out->n, out->alloc);
			out->items[out->n++] = region;
		}
		at += scope;
	}
	/* Also of a list that breaks off: the functions before the break share the region. */
	for (size_t i = first; i < out->n; i++)
		out->items[i].sharers = region.sharers;
	return rc;
}

char *xlpt_rmrr_sharers(const struct xlpt_rmrrs *r, size_t i)
{
	const struct xlpt_rmrr *own = &r->items[i];
	struct xlpt_str text = { 0 };

	if (own->sharers < 2)
		return NULL;
	for (size_t k = 0; k < r->n; k++)
		if (r->items[k].structure == own->structure && k != i)
			xlpt_str_addf(&text, "%s%s", text.len ? ", " : "",
				      XLPT_BDF_STR(r->items[k].bdf));
	if (!text.len)
		xlpt_str_add(&text, "a function that is not here");
	return xlpt_str_take(&text);
}

int xlpt_dmar_parse(const uint8_t *table, size_t len, const struct xlpt_devices *devs,
		    struct xlpt_rmrrs *out, struct xlpt_diag *diag)
{
	size_t total;
	int rc = 0;

	*out = (struct xlpt_rmrrs){ .there = true };
	if (len < DMAR_HEADER || (memcmp(table, "DMAR", 4) && memcmp(table, "XMAR", 4)))
		return xlpt_acpi_broken(diag, "the DMAR table", 0, "it has no such header");
	total = xlpt_acpi_number(table + 4, 4);
	if (total < DMAR_HEADER || total > len)
		return xlpt_acpi_broken(diag, "the DMAR table", 4, "its length is not the file's");
	for (size_t at = DMAR_HEADER; rc == 0 && at < total;) {
		size_t size = total - at < 4 ? 0 : xlpt_acpi_number(table + at + 2, 2);

		if (size < 4 || size > total - at)
			return xlpt_acpi_broken(diag, "the DMAR table", at,
						"a structure of impossible length");
		if (xlpt_acpi_number(table + at, 2) == DMAR_RMRR)
			rc = parse_rmrr(table + at, size, at, devs, out, diag);
		at += size;
	}
	return rc;
}

static const char *const paths[] = { "/sys/firmware/acpi/tables/DMAR",
				     "/sys/firmware/acpi/tables/XMAR" };

bool xlpt_dmar_there(struct xlpt_host *h)
{
	return xlpt_host_has(h, "%s", paths[0]) || xlpt_host_has(h, "%s", paths[1]);
}

int xlpt_dmar_read(struct xlpt_host *h, const struct xlpt_devices *devs, struct xlpt_rmrrs *out,
		   struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str buf = { 0 };
	int rc = -ENOENT;

	*out = (struct xlpt_rmrrs){ 0 };
	for (size_t i = 0; rc == -ENOENT && i < XLPT_ARRAY_SIZE(paths); i++)
		rc = xlpt_acpi_read(h, paths[i], "the DMAR table", &buf, diag);
	out->there = rc != -ENOENT;
	if (rc)
		return rc == -ENOENT ? 0 : rc;
	return xlpt_dmar_parse((const uint8_t *)xlpt_str_get(&buf), buf.len, devs, out, diag);
}
