/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "pciback/device/config.h"

static void put32(uint8_t *cfg, unsigned at, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		cfg[at + i] = (uint8_t)(v >> 8 * i);
}

/* A network card as they are: PM, MSI, PCIe with FLR, MSI-X; AER, DSN, ARI, SR-IOV, ACS, ATS. */
static void healthy(uint8_t cfg[4096])
{
	memset(cfg, 0, 4096);
	put32(cfg, 0x00, 0x10fb8086);
	put32(cfg, 0x04, 0x00100000); /* status: has a list */
	cfg[0x34] = 0x40;
	put32(cfg, 0x40, 0x48235001);  /* PM -> 0x50 */
	put32(cfg, 0x44, 0x00002008);  /* No_Soft_Reset */
	put32(cfg, 0x50, 0x018a7005);  /* MSI -> 0x70, MMC = 5: 32 vectors */
	put32(cfg, 0x70, 0x0002a010);  /* PCIe endpoint -> 0xa0 */
	put32(cfg, 0x74, 0x10008cc2);  /* FLR */
	put32(cfg, 0xa0, 0x803f0011);  /* MSI-X, end, 64 entries */
	put32(cfg, 0x100, 0x14010001); /* AER -> 0x140 */
	put32(cfg, 0x140, 0x15010003); /* DSN -> 0x150 */
	put32(cfg, 0x144, 0xff345678);
	put32(cfg, 0x148, 0xa0369fff);
	put32(cfg, 0x150, 0x1601000e); /* ARI -> 0x160 */
	put32(cfg, 0x160, 0x1d010010); /* SR-IOV -> 0x1d0 */
	put32(cfg, 0x1d0, 0x1e01000d); /* ACS -> 0x1e0 */
	put32(cfg, 0x1d4, 0x001d001f);
	put32(cfg, 0x1e0, 0x0001000f); /* ATS, end */
}

static void test_healthy(void **state)
{
	uint8_t cfg[4096];
	struct xlpt_caps caps;

	(void)state;
	healthy(cfg);
	xlpt_config_caps(cfg, sizeof(cfg), &caps);
	assert_true(caps.config_read && caps.pcie && caps.flr && caps.pm);
	assert_false(caps.pm_reset);
	assert_false(caps.af_flr);
	assert_true(caps.acs && caps.ari && caps.sriov && caps.ats);
	assert_int_equal(caps.pcie_type, 0);
	assert_int_equal(caps.msi_vectors, 32);
	assert_int_equal(caps.msix_vectors, 64);
	assert_int_equal(caps.acs_ctrl, 0x1d);
	assert_true(caps.has_serial);
	assert_true(caps.serial == 0xa0369fffff345678ull);
	assert_int_equal(xlpt_config_find(cfg, sizeof(cfg), 0x10), 0x70);
	assert_int_equal(xlpt_config_find_ext(cfg, sizeof(cfg), 0x10), 0x160);
	assert_int_equal(xlpt_config_find_ext(cfg, sizeof(cfg), 0x1234), 0);
}

static void test_flags(void **state)
{
	uint8_t cfg[4096];
	struct xlpt_caps caps;

	(void)state;
	healthy(cfg);
	put32(cfg, 0x44, 0);	      /* No_Soft_Reset clear */
	put32(cfg, 0x74, 0);	      /* no FLR */
	put32(cfg, 0x50, 0x018e7005); /* MMC = 7, reserved */
	put32(cfg, 0xa0, 0x0306c013); /* AF with TP and FLR instead of MSI-X */
	cfg[0xa1] = 0;
	xlpt_config_caps(cfg, sizeof(cfg), &caps);
	assert_true(caps.pm_reset);
	assert_false(caps.flr);
	assert_true(caps.af_flr);
	assert_int_equal(caps.msi_vectors, 32);
	assert_int_equal(caps.msix_vectors, 0);
	cfg[0xa3] = 0x02; /* FLR without TP */
	xlpt_config_caps(cfg, sizeof(cfg), &caps);
	assert_false(caps.af_flr);
	put32(cfg, 0x70, 0x0162a010); /* downstream port */
	xlpt_config_caps(cfg, sizeof(cfg), &caps);
	assert_int_equal(caps.pcie_type, 6);
}

static void test_short(void **state)
{
	uint8_t cfg[4096], *exact;
	struct xlpt_caps caps;

	(void)state;
	healthy(cfg);
	/* Every length, in a block of just that size, so that the sanitizer sees a step too far. */
	for (size_t len = 0; len <= 0x1f0; len++) {
		exact = xlpt_xcalloc(1, len);
		memcpy(exact, cfg, len);
		xlpt_config_caps(exact, len, &caps);
		xlpt_config_find(exact, len, 0x11);
		xlpt_config_find_ext(exact, len, 0x0f);
		assert_int_equal(caps.config_read, len >= 256);
		assert_int_equal(caps.ats, len >= 0x1e4);
		assert_int_equal(caps.has_serial, len >= 0x14c);
		free(exact);
	}
	xlpt_config_caps(cfg, 256, &caps);
	assert_true(caps.flr && caps.msix_vectors == 64 && !caps.sriov);
}

static void test_hostile(void **state)
{
	uint8_t cfg[4096];
	struct xlpt_caps caps;

	(void)state;
	healthy(cfg);
	cfg[0x71] = 0x40; /* the list bites its tail */
	put32(cfg, 0x160, 0x14010010);
	assert_int_equal(xlpt_config_find(cfg, sizeof(cfg), 0x11), 0);
	assert_int_equal(xlpt_config_find_ext(cfg, sizeof(cfg), 0x0d), 0);
	cfg[0x71] = 0x3c; /* into the header */
	assert_int_equal(xlpt_config_find(cfg, sizeof(cfg), 0x11), 0);
	cfg[0x34] = 0x41; /* reserved low bits are ignored */
	assert_int_equal(xlpt_config_find(cfg, sizeof(cfg), 0x01), 0x40);
	cfg[0x06] = 0; /* no list after all */
	assert_int_equal(xlpt_config_find(cfg, sizeof(cfg), 0x01), 0);
	put32(cfg, 0x100, 0xffffffff);
	assert_int_equal(xlpt_config_find_ext(cfg, sizeof(cfg), 0x01), 0);
	memset(cfg, 0xff, sizeof(cfg)); /* off the bus */
	xlpt_config_caps(cfg, sizeof(cfg), &caps);
	assert_false(caps.config_read);
	assert_false(caps.pcie);

	/* A virtual function has ones in the vendor and device fields and is healthy. */
	healthy(cfg);
	put32(cfg, 0, 0xffffffff);
	xlpt_config_caps(cfg, sizeof(cfg), &caps);
	assert_true(caps.config_read && caps.flr);

	/* CardBus bridges keep the pointer elsewhere. */
	memset(cfg, 0, sizeof(cfg));
	cfg[0x06] = 0x10;
	cfg[0x0e] = 2;
	cfg[0x14] = 0xa0;
	cfg[0xa0] = 0x01;
	assert_int_equal(xlpt_config_find(cfg, sizeof(cfg), 0x01), 0xa0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_healthy),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
