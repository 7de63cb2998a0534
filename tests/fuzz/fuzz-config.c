/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What cards and firmware say: the first byte chooses configuration space, the
 * DMAR table, Vital Product Data, or a list of functions whose sets are made.
 */
#include <assert.h>
#include <string.h>

#include "pciback/device/config.h"
#include "pciback/device/firmware.h"
#include "pciback/device/vpd.h"
#include "pciback/isolate/isolate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void config(const uint8_t *data, size_t size)
{
	struct xlpt_device dev = { .header = XLPT_HEADER_BRIDGE };

	xlpt_config_caps(data, size, &dev.caps);
	assert(xlpt_acs_word(&dev) && xlpt_port_word(&dev));
	for (unsigned id = 0; id < 0x30; id++) {
		unsigned std = xlpt_config_find(data, size, (uint8_t)id);
		unsigned ext = xlpt_config_find_ext(data, size, (uint16_t)id);

		assert(std < size || !std);
		assert(ext < size || !ext);
	}
}

/* Eight bytes for a function: address, parent, kind. Anything but two of one address. */
static void sets(const uint8_t *data, size_t size)
{
	_cleanup_devices_ struct xlpt_devices devs = { 0 };
	_cleanup_sets_ struct xlpt_sets s = { 0 };
	size_t members = 0;

	for (; size >= 8 && devs.n < 4096; data += 8, size -= 8) {
		/* clang-format off */
		struct xlpt_device d = {
			.bdf = { .bus = data[0], .dev = data[1] & 0x1f, .func = data[1] >> 5 },
			.has_parent = data[4] & 1, .place_known = data[4] & 2, .is_vf = data[4] & 4,
			.multifunction = data[4] & 8, .header = data[4] >> 4 & 1,
			.parent = { .bus = data[2], .dev = data[3] & 0x1f, .func = data[3] >> 5 },
			.secondary_bus = data[6], .vendor = data[4] & 0x80 ? 0x1b4b : 0x8086,
			.device = 0x9120, .class_code = (uint32_t)data[7] << 16,
			.caps = { .config_read = data[5] & 1, .pcie = data[5] & 2, .acs = data[5] & 4,
				  .acs_cap = 0x1d, .acs_ctrl = data[5] & 8 ? 0x1d : 1,
				  .pcie_type = data[5] >> 4 },
		};
		/* clang-format on */

		if (devs.n && xlpt_bdf_cmp(devs.items[devs.n - 1].bdf, d.bdf) >= 0)
			continue;
		XLPT_GROW(devs.items, devs.n, devs.alloc);
		devs.items[devs.n++] = d;
	}
	xlpt_sets_make(&devs, &s);
	for (size_t k = 0; k < s.n; k++)
		for (size_t m = s.start[k]; m < s.start[k + 1]; m++, members++) {
			size_t i = s.member[m];
			char *why = xlpt_sets_reason(&s, &devs, i);

			assert(i < devs.n && s.of[i] == k);
			/* Who is not alone has a reason, and only he. */
			assert(!why == (s.start[k + 1] - s.start[k] == 1));
			free(why);
		}
	assert(members == devs.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xlpt_device bridge = { .header = XLPT_HEADER_BRIDGE, .secondary_bus = 1 };
	struct xlpt_devices devs = { .items = &bridge, .n = 1 };
	_cleanup_rmrrs_ struct xlpt_rmrrs rmrrs = { 0 };
	_cleanup_vpd_ struct xlpt_vpd vpd = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	int rc = 0;

	if (!size)
		return 0;
	switch (data[0] & 3) {
	case 0:
		config(data + 1, size - 1);
		break;
	case 1:
		rc = xlpt_dmar_parse(data + 1, size - 1, &devs, &rmrrs, &diag);
		break;
	case 2:
		rc = xlpt_vpd_parse(data + 1, size - 1, &vpd, &diag);
		break;
	default:
		sets(data + 1, size - 1);
	}
	/* An error says what it rests on. */
	assert(!rc || (rc == diag.code && diag.message && diag.fact));
	return 0;
}
