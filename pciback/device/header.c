/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pciback/device/header.h"

#include "pciback/device/config.h"
#include "pciback/device/scan.h"

enum { PRIMARY_BUS = 0x18, SECONDARY_BUS, SUBORDINATE_BUS };

/* Base and sub class of the functions that have a bridge's or a CardBus header. */
static enum xlpt_header header_of_class(uint32_t class_code)
{
	switch (class_code >> 8) {
	case 0x0604: /* PCI bridge */
	case 0x0609: /* semi-transparent PCI bridge */
		return XLPT_HEADER_BRIDGE;
	case 0x0607:
		return XLPT_HEADER_CARDBUS;
	default:
		return XLPT_HEADER_ENDPOINT;
	}
}

/* pciback/device/quirks.c tells cards apart by it. The header has it as well, where there is one to read. */
static void brief_subsystem(struct xlpt_attrs *rd, const uint8_t *cfg, struct xlpt_device *dev)
{
	long long v;

	if (!dev->no_header && dev->header == XLPT_HEADER_ENDPOINT) {
		dev->subvendor = (uint16_t)(cfg[0x2c] | cfg[0x2d] << 8);
		dev->subdevice = (uint16_t)(cfg[0x2e] | cfg[0x2f] << 8);
	} else if (dev->no_header) {
		if (!xlpt_attr_id(rd, "subsystem_vendor", 0xffff, &v))
			dev->subvendor = (uint16_t)v;
		if (!xlpt_attr_id(rd, "subsystem_device", 0xffff, &v))
			dev->subdevice = (uint16_t)v;
	}
}

static void read_fields(const uint8_t *cfg, struct xlpt_device *dev)
{
	unsigned type = cfg[0x0e] & 0x7f;

	dev->header = type <= XLPT_HEADER_CARDBUS ? (enum xlpt_header)type : XLPT_HEADER_UNKNOWN;
	dev->multifunction = cfg[0x0e] & 0x80;
	if (type == XLPT_HEADER_BRIDGE || type == XLPT_HEADER_CARDBUS) {
		dev->secondary_bus = cfg[SECONDARY_BUS];
		dev->subordinate_bus = cfg[SUBORDINATE_BUS];
	}
	if (cfg[0x3d] <= 4)
		dev->intx_pin = cfg[0x3d];
}

void xlpt_header_read(struct xlpt_attrs *rd, unsigned flags, struct xlpt_device *dev)
{
	/* Reading beyond the header can wake a sleeping function: only when asked for. */
	bool bridge = header_of_class(dev->class_code) == XLPT_HEADER_BRIDGE;
	bool deep = flags & XLPT_SCAN_CAPS ||
		    (flags & XLPT_SCAN_SETS && !dev->is_vf && (dev->bdf.func || bridge));
	uint8_t cfg[4096];
	ssize_t r =
		rd->h->ops->read(rd->h, xlpt_attr_path(rd, "config"), cfg, deep ? sizeof(cfg) : 64);

	dev->header = header_of_class(dev->class_code);
	dev->no_answer = r >= 64 && !xlpt_config_answers(cfg);
	if (dev->no_answer)
		xlpt_attr_silent(rd, dev);
	dev->no_header = r < 64 || cfg[0x0e] == 0xff;
	if (!dev->no_header)
		read_fields(cfg, dev);
	if (flags & XLPT_SCAN_BRIEF)
		brief_subsystem(rd, cfg, dev);
	if (!deep && (flags & XLPT_SCAN_SETS) && !dev->is_vf &&
	    (dev->header != XLPT_HEADER_ENDPOINT || dev->multifunction || dev->bdf.func ||
	     (dev->bdf.dev && dev->has_parent))) { /* ARI may have made it function 8 or higher */
		deep = true;
		r = rd->h->ops->read(rd->h, xlpt_attr_path(rd, "config"), cfg, sizeof(cfg));
	}
	if (deep)
		xlpt_config_caps(cfg, r < 0 ? 0 : (size_t)r, &dev->caps);
}
