/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pciback/reset/registers.h"

#include <string.h>

#include "pciback/device/config.h"

enum {
	COMMAND = 0x04,
	CACHE_LINE = 0x0c, /* and the latency timer; BIST behind them would begin a test */
	BARS = 0x10,
	BARS_END = 0x28,
	ROM = 0x30,
	IRQ_LINE = 0x3c,
	HEADER_END = 0x40,

	CAP_PCIX = 0x07,
	CAP_PCIE = 0x10,
	EXT_AER = 0x01,
	EXT_VC = 0x02,
	EXT_ACS = 0x0d,
	EXT_ATS = 0x0f,
	EXT_SRIOV = 0x10,
	EXT_REBAR = 0x15,
	EXT_LTR = 0x18,
};

/* A part of a capability: where it begins, how many registers of which size follow. */
struct part {
	uint8_t at, size, count;
};

static void add(struct xlpt_registers *out, const uint8_t *cfg, size_t len, unsigned at,
		unsigned size)
{
	if (at + size > len || out->n == XLPT_REGISTERS_MAX)
		return;
	out->items[out->n++] = (struct xlpt_register){ .at = (uint16_t)at,
						       .size = (uint8_t)size,
						       .value = xlpt_reset_get(cfg, at, size) };
}

static void add_parts(struct xlpt_registers *out, const uint8_t *cfg, size_t len, unsigned pos,
		      const struct part *parts, size_t n)
{
	for (size_t i = 0; pos && i < n; i++)
		for (unsigned k = 0; k < parts[i].count; k++)
			add(out, cfg, len, pos + parts[i].at + k * parts[i].size, parts[i].size);
}

/* How large a BAR is must be known before its address is written. */
static void add_rebar(struct xlpt_registers *out, const uint8_t *cfg, size_t len)
{
	unsigned pos = xlpt_config_find_ext(cfg, len, EXT_REBAR), n;

	if (!pos || pos + 12 > len)
		return;
	n = xlpt_reset_get(cfg, pos + 8, 4) >> 5 & 7;
	for (unsigned i = 0; i < n && i < 6; i++)
		add(out, cfg, len, pos + 8 + 8 * i, 4);
}

static void add_extended(struct xlpt_registers *out, const uint8_t *cfg, size_t len)
{
	/* clang-format off */
	static const struct { uint16_t id; struct part parts[3]; } caps[] = {
		{ EXT_LTR, { { 4, 4, 1 } } },
		{ EXT_ATS, { { 6, 2, 1 } } },
		/* which traffic goes over channel 0 */
		{ EXT_VC, { { 0x14, 4, 1 } } },
		/* masks and severities, and whether there are checksums */
		{ EXT_AER, { { 8, 4, 2 }, { 0x14, 4, 2 } } },
		{ EXT_ACS, { { 6, 2, 1 } } },
		/* control, page size, and where the virtual functions' memory is to be */
		{ EXT_SRIOV, { { 8, 2, 1 }, { 0x20, 4, 7 } } },
	};
	/* clang-format on */

	if (len <= 0x100)
		return;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(caps); i++)
		add_parts(out, cfg, len, xlpt_config_find_ext(cfg, len, caps[i].id), caps[i].parts,
			  XLPT_ARRAY_SIZE(caps[i].parts));
	add_rebar(out, cfg, len);
}

void xlpt_registers_take(const uint8_t *cfg, size_t len, struct xlpt_registers *out)
{
	static const struct part pcie[] = { { 0x08, 2, 1 }, { 0x10, 2, 1 } },
				 pcie_2[] = { { 0x28, 2, 1 }, { 0x30, 2, 1 } },
				 pcix[] = { { 2, 2, 1 } };
	unsigned pos = xlpt_config_find(cfg, len, CAP_PCIE);

	*out = (struct xlpt_registers){ 0 };
	add_parts(out, cfg, len, pos, pcie, XLPT_ARRAY_SIZE(pcie));
	/* The registers of the second kind are not there in a capability of version 1. */
	if (pos && pos + 4 <= len && (cfg[pos + 2] & 0xf) >= 2)
		add_parts(out, cfg, len, pos, pcie_2, XLPT_ARRAY_SIZE(pcie_2));
	add_parts(out, cfg, len, xlpt_config_find(cfg, len, CAP_PCIX), pcix, XLPT_ARRAY_SIZE(pcix));
	add_extended(out, cfg, len);
	for (unsigned at = BARS; at < BARS_END; at += 4)
		add(out, cfg, len, at, 4);
	add(out, cfg, len, ROM, 4);
	add(out, cfg, len, CACHE_LINE, 2);
	add(out, cfg, len, IRQ_LINE, 1);
	add(out, cfg, len, COMMAND, 2);
}

int xlpt_registers_put(struct xlpt_host *h, struct xlpt_bdf bdf, const struct xlpt_registers *regs)
{
	_cleanup_free_ char *path =
		xlpt_xasprintf("/sys/bus/pci/devices/%s/config", XLPT_BDF_STR(bdf));

	for (size_t i = 0; i < regs->n; i++) {
		const struct xlpt_register *reg = &regs->items[i];
		uint8_t bytes[4] = { (uint8_t)reg->value, (uint8_t)(reg->value >> 8),
				     (uint8_t)(reg->value >> 16), (uint8_t)(reg->value >> 24) };
		int r = h->ops->write_at(h, path, bytes, reg->size, reg->at);

		if (r < 0)
			return r;
	}
	return 0;
}

bool xlpt_registers_hold(struct xlpt_host *h, struct xlpt_bdf bdf,
			 const struct xlpt_registers *regs)
{
	_cleanup_free_ char *path =
		xlpt_xasprintf("/sys/bus/pci/devices/%s/config", XLPT_BDF_STR(bdf));
	uint8_t cfg[HEADER_END];

	if (h->ops->read(h, path, cfg, sizeof(cfg)) != (ssize_t)sizeof(cfg))
		return false;
	for (size_t i = 0; i < regs->n; i++) {
		const struct xlpt_register *reg = &regs->items[i];
		bool looked = reg->at == COMMAND || (reg->at >= BARS && reg->at < BARS_END);

		if (looked && xlpt_reset_get(cfg, reg->at, reg->size) != reg->value)
			return false;
	}
	return true;
}

char *xlpt_registers_text(const struct xlpt_registers *regs)
{
	struct xlpt_str s = { 0 };

	for (size_t i = 0; i < regs->n; i++)
		xlpt_str_addf(&s, "%s%x:%0*x", i ? " " : "", regs->items[i].at,
			      2 * regs->items[i].size, regs->items[i].value);
	return xlpt_str_take(&s);
}

static bool parse_one(const char *s, size_t len, struct xlpt_register *out)
{
	const char *colon = memchr(s, ':', len);
	size_t digits = colon ? (size_t)(s + len - colon - 1) : 0;
	uint64_t at, value;

	if ((digits != 2 && digits != 4 && digits != 8) ||
	    !xlpt_parse_uint(s, (size_t)(colon - s), 16, XLPT_CONFIG_SIZE - digits / 2, &at) ||
	    !xlpt_parse_uint(colon + 1, digits, 16, UINT32_MAX, &value))
		return false;
	*out = (struct xlpt_register){ .at = (uint16_t)at,
				       .size = (uint8_t)(digits / 2),
				       .value = (uint32_t)value };
	return true;
}

bool xlpt_registers_parse(const char *text, struct xlpt_registers *out)
{
	*out = (struct xlpt_registers){ 0 };
	while (*text) {
		size_t len = strcspn(text, " ");

		if (out->n == XLPT_REGISTERS_MAX || !parse_one(text, len, &out->items[out->n]))
			return false;
		out->n++;
		text += len + (text[len] == ' ');
	}
	return out->n > 0;
}
