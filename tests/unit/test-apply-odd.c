/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xlpt apply: odd and damaged files of host.conf. Nothing is done, and each place is told once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tests/unit/applying.h"

#define apply_test(f) cmocka_unit_test_setup_teardown(f, apply_setup, world_teardown)
#define PART	      "/etc/xlpt/host.conf.d/10-a.conf"

/* A section ends with its file. */
static void test_next_file(void **state)
{
	struct world *w = *state;

	conf(w, "[hide 02:00.0]\nat = boot\n[pool lan]\npf = enp1s0\n");
	fake_bus_put(w->bus, PART, "\nforce-host-device = yes\n");
	answers(w, 2, "apply", PART ":2:1: this line stands before the first section");
	fake_bus_put(w->bus, PART, "[portgroup a]\nvlan = 1\n");
	answers(w, 2, "apply", PART ":1:1: there is no section \"portgroup a\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		apply_test(test_next_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
