/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What firmware and cards say in tables of their own. The first byte chooses the
 * DMAR table, the IVRS table or Vital Product Data, and where the bridges are; the
 * rest is the table, in memory that ends where it ends.
 */
#include <string.h>

#include "core/text.h"
#include "pciback/device/firmware.h"
#include "pciback/device/ivrs.h"
#include "pciback/device/vpd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* An error is one of data, and says where, and what is to be done. */
static void judge(int rc, const struct xlpt_diag *diag)
{
	must(rc == 0 || (rc == XLPT_ERR_DATA && rc == (int)diag->code && diag->message &&
			 diag->fact && diag->hint));
	must(!diag->message ||
	     (xlpt_text_is_plain(diag->message) && xlpt_text_is_plain(diag->fact)));
}

static void same_regions(const struct xlpt_rmrrs *a, const struct xlpt_rmrrs *b)
{
	must(a->n == b->n && a->there == b->there);
	for (size_t i = 0; i < a->n; i++) {
		const struct xlpt_rmrr *p = &a->items[i], *q = &b->items[i];

		must(xlpt_bdf_cmp(p->bdf, q->bdf) == 0 && p->base == q->base &&
		     p->limit == q->limit && p->structure == q->structure &&
		     p->sharers == q->sharers);
	}
}

static void regions(const struct xlpt_rmrrs *r, size_t len)
{
	must(r->there && r->n <= len / 8);
	for (size_t i = 0; i < r->n; i++) {
		const struct xlpt_rmrr *own = &r->items[i];
		_cleanup_free_ char *with = xlpt_rmrr_sharers(r, i);
		unsigned here = 0;

		for (size_t k = 0; k < r->n; k++)
			here += r->items[k].structure == own->structure;
		must(own->base <= own->limit && own->structure < len);
		must(own->bdf.dev <= 0x1f && own->bdf.func <= 7);
		/* Who is named beside another is never taken for the only one. */
		must(own->sharers >= here && !with == (own->sharers < 2));
		must(!with || (*with && xlpt_text_is_plain(with)));
	}
}

/* 00:01.0 to 00:03.0 lead to other buses, or round in a circle. */
static void dmar(uint8_t *table, size_t len, unsigned where)
{
	struct xlpt_device items[3] = { 0 };
	const struct xlpt_devices devs = { .items = items, .n = XLPT_ARRAY_SIZE(items) };
	_cleanup_rmrrs_ struct xlpt_rmrrs one = { 0 }, two = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 }, again = { 0 };
	int rc;

	for (unsigned i = 0; i < devs.n; i++) {
		items[i].bdf.dev = (uint8_t)(i + 1);
		items[i].header = XLPT_HEADER_BRIDGE;
		items[i].secondary_bus = (uint8_t)(where >> i & 1 ? 0 : i + 1);
	}
	rc = xlpt_dmar_parse(table, len, &devs, &one, &diag);
	judge(rc, &diag);
	regions(&one, len);
	/* Under the name that Xen gives it, it says the same. */
	if (len && (table[0] == 'D' || table[0] == 'X'))
		table[0] ^= 'D' ^ 'X';
	must(xlpt_dmar_parse(table, len, &devs, &two, &again) == rc);
	same_regions(&one, &two);
}

/* Of four functions; nobody is its own alias, nor that of another PCI domain. */
static void aliases(const uint8_t *table, size_t len)
{
	struct xlpt_device items[4] = { 0 };
	struct xlpt_devices devs = { .items = items, .n = XLPT_ARRAY_SIZE(items) };

	for (unsigned i = 0; i < devs.n; i++) {
		items[i].bdf.seg = i / 2;
		items[i].bdf.bus = (uint8_t)(i & 1);
		items[i].bdf.dev = 2;
	}
	xlpt_ivrs_aliases_parse(table, len, &devs);
	for (unsigned i = 0; i < devs.n; i++)
		must(!items[i].has_alias || (items[i].alias.seg == items[i].bdf.seg &&
					     !xlpt_bdf_eq(items[i].alias, items[i].bdf)));
}

static void ivrs(const uint8_t *table, size_t len)
{
	_cleanup_ivmds_ struct xlpt_ivmds one = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	judge(xlpt_ivrs_parse(table, len, &one, &diag), &diag);
	must(one.there && one.n <= len / 32);
	for (size_t i = 0; i < one.n; i++) {
		struct xlpt_bdf bdf = { .bus = (uint8_t)(one.items[i].first >> 8),
					.dev = one.items[i].first >> 3 & 0x1f,
					.func = one.items[i].first & 7 };

		/* Who is named has a block: this one, or one before it. */
		must(one.items[i].first > one.items[i].last || xlpt_ivmds_find(&one, bdf));
	}
	aliases(table, len);
}

static void printable(const char *s)
{
	must(!s || (*s && *s != ' ' && s[strlen(s) - 1] != ' '));
	for (; s && *s; s++)
		must(*s >= ' ' && *s <= '~');
}

static void vpd(const uint8_t *data, size_t len)
{
	_cleanup_vpd_ struct xlpt_vpd one = { 0 }, two = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	int rc = xlpt_vpd_parse(data, len, &one, &diag);

	judge(rc, &diag);
	printable(one.product);
	printable(one.part);
	printable(one.serial);
	must(xlpt_vpd_parse(data, len, &two, NULL) == rc);
	must(xlpt_streq(one.product, two.product) && xlpt_streq(one.part, two.part) &&
	     xlpt_streq(one.serial, two.serial));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *table;

	if (size < 2)
		return 0;
	table = xlpt_xcalloc(1, size - 1);
	memcpy(table, data + 1, size - 1);
	if (data[0] & 1)
		vpd(table, size - 1);
	else if (data[0] & 0x80)
		ivrs(table, size - 1);
	else
		dmar(table, size - 1, data[0] >> 1);
	free(table);
	return 0;
}
