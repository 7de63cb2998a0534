/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is refused of a guest that is still to be created, before a device is touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/policy-create.h"
#include "tests/fake/pools.h"
#include "tests/unit/commands.h"

static void test_whole_memory(void **state)
{
	static const struct {
		enum xlpt_guest_type type;
		size_t devices;
		enum xlpt_tri passthrough;
		uint64_t memory, maxmem;
		bool refused;
	} cases[] = {
		{ XLPT_GUEST_HVM, 1, XLPT_UNSET, 2048, 8192, true },
		{ XLPT_GUEST_HVM, 0, XLPT_ON, 2048, 8192, true },
		{ XLPT_GUEST_HVM, 1, XLPT_ON, 2048, 2049, true },
		{ XLPT_GUEST_HVM, 1, XLPT_UNSET, 2048, 2048, false },
		{ XLPT_GUEST_HVM, 1, XLPT_UNSET, 2048, 0, false },
		{ XLPT_GUEST_HVM, 1, XLPT_UNSET, 0, 8192, false },
		{ XLPT_GUEST_HVM, 0, XLPT_UNSET, 2048, 8192, false },
		{ XLPT_GUEST_HVM, 1, XLPT_OFF, 2048, 8192, false },
		{ XLPT_GUEST_PV, 1, XLPT_UNSET, 2048, 8192, false },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		struct xlpt_create_facts f = { .type = cases[i].type,
					       .devices = cases[i].devices,
					       .passthrough = cases[i].passthrough,
					       .memory = cases[i].memory * 1024,
					       .maxmem = cases[i].maxmem * 1024 };
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		int rc = xlpt_policy_whole_memory(&f, &diag);

		if ((rc == XLPT_ERR_GUEST_TYPE) != cases[i].refused)
			fail_msg("case %zu: %d", i, rc);
		if (rc)
			assert_true(diag.message && diag.fact && diag.hint);
	}
}

static int setup(void **state)
{
	struct world *w = world_new();

	fake_bus_put(w->bus, "/proc/sys/kernel/random/uuid",
		     "5b8f4a0e-4b3c-4d56-9d8e-0a1b2c3d4e5f\n");
	*state = w;
	return 0;
}

static void start(struct world *w, int want, const char *cfg, const char *says)
{
	_cleanup_free_ char *line = xlpt_xasprintf("start --hide %s", pools_config(cfg));

	if (want)
		refused(w, want, line, says);
	else
		answers(w, want, line, says);
}

static void test_start(void **state)
{
	struct world *w = *state;

	start(w, 1, "name='app1'\ntype='hvm'\nmemory=2048\nmaxmem=8192\npci=['02:00.0']\n",
	      "an HVM guest with devices cannot have maxmem above memory: xl create refuses it");
	assert_non_null(strstr(w->err, "app1 has memory = 2048 and maxmem = 8192;"));
	assert_non_null(strstr(w->err, "to mend: write maxmem = 2048, or memory = 8192"));
	/* Also without a device, once passthrough is on. */
	start(w, 1, "name='app1'\ntype='hvm'\nmemory=2048\nmaxmem=8192\npassthrough='enabled'\n",
	      "an HVM guest with passthrough cannot have maxmem above memory");
	start(w, 0, "name='app1'\ntype='hvm'\nmemory=2048\nmaxmem=2048\npci=['02:00.0']\n",
	      "0000:02:00.0 is attached to app1");
	start(w, 0,
	      "name='app2'\nuuid='5b8f4a0e-4b3c-4d56-9d8e-0a1b2c3d4e60'\ntype='pv'\nmemory=2048\nmaxmem=8192\npci=['03:00.0']\n",
	      "0000:03:00.0 is attached to app2");
}

static void test_pvh(void **state)
{
	struct world *w = *state;

	start(w, 1, "name='app1'\ntype='pvh'\nmemory=2048\npassthrough='enabled'\n",
	      "a PVH guest cannot have passthrough: xl create refuses it");
	assert_non_null(strstr(w->err, "to mend: leave passthrough out, or write type="));
	start(w, 1, "name='app1'\ntype='pvh'\nmemory=2048\npci=['02:00.0']\n",
	      "app1 is a PVH guest");
	start(w, 0, "name='app1'\ntype='pvh'\nmemory=2048\n", "");
}

/* What the guest has through its stub domain cannot be seen to its end: told before it is made. */
static void test_stubdom(void **state)
{
#define GUEST "name='app1'\ntype='hvm'\nmemory=2048\n"
	struct world *w = *state;

	start(w, 1, GUEST "device_model_stubdomain_override=1\npci=['02:00.0']\n",
	      "the device model of app1 runs in a domain of its own");
	assert_non_null(strstr(w->err, "to mend: leave device_model_stubdomain_override out"));
	start(w, 1, GUEST "pci=['02:00.0']\ndevice_model_stubdomain_override='1'\n",
	      "runs in a domain of its own");
	/* The last word counts. */
	start(w, 0,
	      GUEST "device_model_stubdomain_override=1\npci=['02:00.0']\n"
		    "device_model_stubdomain_override=0\n",
	      "0000:02:00.0 is attached to app1");
	start(w, 0,
	      "name='app2'\nuuid='5b8f4a0e-4b3c-4d56-9d8e-0a1b2c3d4e60'\ntype='hvm'\n"
	      "memory=2048\ndevice_model_stubdomain_override=1\n",
	      "app2 (domain 21) is created");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_memory),
		cmocka_unit_test_setup_teardown(test_start, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_pvh, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_stubdom, setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
