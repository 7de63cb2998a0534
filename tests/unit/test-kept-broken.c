/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Something that is no pin, pool or lease stands where one should: told by its name, and no more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "tests/unit/applying.h"

#define kept_test(f) cmocka_unit_test_setup_teardown(f, apply_setup, world_teardown)

static void fifo(struct world *w, const char *path)
{
	_cleanup_free_ char *full = xlpt_xasprintf("%s%s", fake_bus_host(w->bus)->root, path);

	assert_int_equal(mkfifo(full, 0600), 0);
}

static void told(struct world *w, const char *words)
{
	if (!strstr(w->err, words))
		fail_msg("no \"%s\" in\n%s", words, w->err);
}

static void printed(struct world *w, const char *words)
{
	if (!strstr(w->out, words))
		fail_msg("no \"%s\" in\n%s", words, w->out);
}

static void test_pins(void **state)
{
	struct world *w = *state;

	ok(w, "pin a 02:00.0");
	ok(w, "pin z 03:00.0");
	fifo(w, "/var/lib/xlpt/pins/m");
	fake_bus_put(w->bus, "/var/lib/xlpt/pins/n", "\033[2J");
	answers(w, 1, "pin list", "0000:03:00.0");
	told(w, "cannot read the pin \"m\"");
	told(w, "rm -r /var/lib/xlpt/pins/m");
	told(w, "xlpt pin remove n");
	answers(w, 1, "attach web1 pin:m", "rm -r /var/lib/xlpt/pins/m");
}

static void test_pools(void **state)
{
	struct world *w = *state;

	ok(w, "pool define lan pf=enp1s0");
	fake_bus_put(w->bus, "/var/lib/xlpt/pools/bad", "pf = enp1s0\n\033[2J = 3\n");
	fake_bus_put(w->bus, "/var/lib/xlpt/pools/other", "name = \"bad\"\npf = enp1s0\n");
	answers(w, 1, "pool list", "lan ");
	told(w, "/var/lib/xlpt/pools/bad:2:");
	told(w, "mend the file, or xlpt pool undefine bad");
	told(w, "/var/lib/xlpt/pools/other defines a pool \"bad\"");
	assert_int_equal(world_run(w, "pool list --json"), 1);
	told(w, "/var/lib/xlpt/pools/bad, line 2: ");
	told(w, "/var/lib/xlpt/pools/other defines a pool \"bad\"");
	printed(w, "\"name\": \"lan\"");
	printed(w, "\"damaged\": [");
	printed(w, "\"file\": \"/var/lib/xlpt/pools/bad\"");
	printed(w, "\"hint\": \"mend the file, or xlpt pool undefine bad\"");
	assert_null(strstr(w->out, "\"error\""));
	/* None but these: no word that there are no pools. */
	ok(w, "pool undefine lan");
	answers(w, 1, "pool list", "/var/lib/xlpt/pools/bad:2:");
	assert_null(strstr(w->err, "no pools are defined"));
	ok(w, "pool undefine bad");
	ok(w, "pool undefine other");
	ok(w, "pool list --json");
	printed(w, "\"damaged\": []");
}

/* A VF that such a thing stands for is not given out; every other one is, and comes back. */
static void test_leases(void **state)
{
	struct world *w = *state;

	ok(w, "vf create 01:00.0 2");
	ok(w, "pool define lan pf=enp1s0");
	ok(w, "attach web1 pool:lan");
	fifo(w, "/var/lib/xlpt/leases/0000:01:10.2");
	ok(w, "pool show lan");
	told(w, "/var/lib/xlpt/leases/0000:01:10.2 is not a lease");
	told(w, "until rm -r /var/lib/xlpt/leases/0000:01:10.2");
	ok(w, "detach web1 01:10.0");
	ok(w, "attach web1 pool:lan");
	assert_non_null(strstr(w->out, "0000:01:10.0"));
	assert_int_not_equal(world_run(w, "attach db1 pool:lan"), 0);
	answers(w, 1, "pool release 01:10.2", "rm -r /var/lib/xlpt/leases/0000:01:10.2");
	ok(w, "detach web1 01:10.0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		kept_test(test_pins),
		kept_test(test_pools),
		kept_test(test_leases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
