/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The configuration space of a function, from what its line says. */
#include "tests/fake/machine-internal.h"

#include <string.h>

struct space {
	uint8_t *cfg;
	unsigned at, last; /* where the next capability goes, and the one before */
};

static void put(uint8_t *at, unsigned bytes, uint64_t v)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(v >> 8 * i);
}

/* A capability of that size, linked to the one before; returns where it is. */
static uint8_t *capability(struct space *s, unsigned id, unsigned size)
{
	uint8_t *cap = s->cfg + s->at;

	s->cfg[s->last] = (uint8_t)s->at;
	cap[0] = (uint8_t)id;
	s->last = s->at + 1;
	s->at += (size + 3) & ~3u;
	return cap;
}

static uint8_t *extended(struct space *s, unsigned id, unsigned size)
{
	uint8_t *cap = s->cfg + s->at;

	if (s->last)
		put(s->cfg + s->last + 2, 2, s->at << 4 | 1);
	put(cap, 4, id | 1 << 16);
	s->last = s->at;
	s->at += (size + 3) & ~3u;
	return cap;
}

static unsigned pcie_type(const struct machine_fn *f)
{
	static const char *const words[] = { "ep",   "legacy",	 "",	     "",     "rp",  "up",
					     "down", "pcie2pci", "pci2pcie", "rcep", "rcec" };
	const char *word = machine_word(f, "pcie");

	for (unsigned i = 0; i < XLPT_ARRAY_SIZE(words); i++)
		if (!strcmp(word, words[i]))
			return i;
	machine_bad(f, word);
}

static void standard(const struct machine_fn *f, struct space *s)
{
	const char *pm = machine_word(f, "pm");
	unsigned long msi = machine_number(f, "msi", 10), msix = machine_number(f, "msix", 10);

	if (pm) {
		uint8_t *cap = capability(s, 0x01, 8);

		put(cap + 2, 2, 3);
		put(cap + 4, 2, strcmp(pm, "nosoft") ? 0 : 8);
	}
	if (msi)
		put(capability(s, 0x05, 24) + 2, 2, 0x80 | (unsigned)(__builtin_ctzl(msi) << 1));
	if (machine_word(f, "pcie")) {
		unsigned type = pcie_type(f);
		uint8_t *cap = capability(s, 0x10, 0x3c);

		put(cap + 2, 2, 2 | type << 4 | (type == 4 || type == 6 ? 0x100 : 0));
		put(cap + 4, 4, machine_has(f, "flr") ? 1 << 28 : 0);
	}
	if (msix) {
		const char *table = machine_word(f, "table");
		unsigned bar[2] = { 0, 0 }, offset[2] = { 0, 0x800 };
		uint8_t *cap = capability(s, 0x11, 12);

		if (table &&
		    sscanf(table, "%u@%x+%u@%x", &bar[0], &offset[0], &bar[1], &offset[1]) == 2)
			bar[1] = bar[0];
		put(cap + 2, 2, msix - 1);
		put(cap + 4, 4, offset[0] | bar[0]);
		put(cap + 8, 4, offset[1] | bar[1]);
	}
	if (machine_has(f, "af")) {
		uint8_t *cap = capability(s, 0x13, 6);

		cap[2] = 6;
		cap[3] = 3;
	}
}

/* Ports of Intel's 100 and 200 series; machine specs have the ids that such chips have. */
static bool wide_acs(const struct machine_fn *f)
{
	unsigned d = f->device;

	return f->vendor == 0x8086 && pcie_type(f) == 4 &&
	       ((d >= 0xa110 && d <= 0xa11f) || (d >= 0xa167 && d <= 0xa16a) ||
		(d >= 0xa290 && d <= 0xa29f) || (d >= 0xa2e7 && d <= 0xa2ee) ||
		(d >= 0x9d10 && d <= 0x9d1b));
}

static void acs(const struct machine_fn *f, struct space *s, const char *word)
{
	unsigned cap, ctrl;
	uint8_t *at;

	if (sscanf(word, "%x/%x", &cap, &ctrl) != 2)
		machine_bad(f, word);
	if (wide_acs(f)) {
		at = extended(s, 0x0d, 14);
		put(at + 4, 4, cap);
		put(at + 8, 4,
		    machine_word(f, "wctl") ? machine_number(f, "wctl", 16) : cap & 0x1d);
	} else {
		at = extended(s, 0x0d, 8);
		put(at + 4, 2, cap);
		put(at + 6, 2, ctrl);
	}
}

static void all_extended(const struct machine_fn *f, struct space *s)
{
	const char *word = machine_word(f, "acs");

	if (word)
		acs(f, s, word);
	if (machine_has(f, "ari"))
		extended(s, 0x0e, 8);
	if (machine_has(f, "ats"))
		extended(s, 0x0f, 8);
	word = machine_word(f, "sriov");
	if (word) {
		unsigned total, num, offset, stride, device;
		uint8_t *cap = extended(s, 0x10, 0x40);

		if (sscanf(word, "%u/%u/%u/%u/%x", &total, &num, &offset, &stride, &device) != 5)
			machine_bad(f, word);
		put(cap + 0x08, 2, num != 0);
		put(cap + 0x0c, 2, total);
		put(cap + 0x0e, 2, total);
		put(cap + 0x10, 2, num);
		put(cap + 0x14, 2, offset);
		put(cap + 0x16, 2, stride);
		put(cap + 0x1a, 2, device);
	}
}

static void header(const struct machine_fn *f, bool multifunction, uint8_t *cfg)
{
	const char *sub = machine_word(f, "sub"), *bus = machine_word(f, "bus");
	unsigned type = f->class_code >> 8 == 0x0607 ? 2 : bus ? 1 : 0, a = 0, b = 0;

	put(cfg, 2, f->vendor);
	put(cfg + 2, 2, f->device);
	put(cfg + 4, 2, 0x0406);
	put(cfg + 8, 4, f->class_code << 8 | (unsigned)machine_number(f, "rev", 16));
	cfg[0x0e] = (uint8_t)(type | (multifunction ? 0x80 : 0));
	if (!type && sub && sscanf(sub, "%x:%x", &a, &b) == 2) {
		put(cfg + 0x2c, 2, a);
		put(cfg + 0x2e, 2, b);
	}
	if (type && bus && sscanf(bus, "%x-%x", &a, &b) == 2) {
		cfg[0x18] = f->bdf.bus;
		cfg[0x19] = (uint8_t)a;
		cfg[0x1a] = (uint8_t)b;
	}
	cfg[0x3d] = (uint8_t)machine_number(f, "pin", 10);
}

size_t machine_config(const struct machine_fn *f, bool multifunction, uint8_t cfg[4096])
{
	struct space s = { .cfg = cfg, .at = 0x40 };
	unsigned first;

	memset(cfg, 0, 4096);
	header(f, multifunction, cfg);
	s.last = first = (cfg[0x0e] & 0x7f) == 2 ? 0x14 : 0x34;
	standard(f, &s);
	if (cfg[first])
		cfg[6] |= 0x10;
	s = (struct space){ .cfg = cfg, .at = 0x100 };
	all_extended(f, &s);
	return machine_has(f, "denied") ? 64 : machine_word(f, "pcie") ? 4096 : 256;
}
