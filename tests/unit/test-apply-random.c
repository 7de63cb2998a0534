/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random hosts and files: what was applied is what the file says, so that a second apply and --check
 * find nothing to do, and what is exported then applies to nothing; what was refused has changed
 * nothing. The numbers are the same at each run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/applying.h"

#define ROUNDS 60

static uint32_t seed;

static unsigned pick(unsigned n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

#define ONE_OF(list) ((list)[pick(XLPT_ARRAY_SIZE(list))])

/* What somebody did on the host before. */
static void random_host(struct world *w)
{
	static const char *const commands[] = {
		"pin nic0 02:00.0",
		"pin other 04:00.0",
		"hide 03:00.0",
		"boot write 04:00.0",
		"vf remove enp1s0",
		"vf create enp1s0 2",
		"pool define lan pf=enp1s0",
		"guard install",
		"guard install xendomains",
		"boot write --cmdline 02:00.0",
		"attach --hide web1 02:00.0",
		"hide 04:00.1",
	};

	for (unsigned n = pick(4); n; n--)
		world_run(w, "%s", ONE_OF(commands));
}

static void random_conf(struct xlpt_str *out)
{
	static const char *const devices[] = { "02:00.0",      "03:00.0", "04:00.0", "04:00.1",
					       "0000:05:00.0", "enp1s0",  "nic0",    "pin:other",
					       "00:1f.2",      "09:00.0" },
				 *const at[] = { "boot", "now", "boot, now" },
				 *const match[] = { "match = 8086:10d3\ncount = 4",
						    "match = 1b36:*", "class = 0108",
						    "class = 02\nmatch = 8086:10c9",
						    "interface = enp1s0" },
				 *const yes[] = { "yes", "no" };

	if (!pick(2))
		xlpt_str_addf(out, "[pin nic0]\ndevice = %s\n", ONE_OF(devices));
	for (unsigned n = pick(3); n; n--)
		xlpt_str_addf(out, "[hide %s]\nat = %s\n%s", ONE_OF(devices), ONE_OF(at),
			      pick(3) ? "" : "force-host-device = yes\n");
	if (!pick(3))
		xlpt_str_addf(out, "[hide like]\n%s\nat = %s\n", ONE_OF(match), ONE_OF(at));
	if (!pick(2))
		xlpt_str_addf(out, "[vfs enp1s0]\ncount = %u\n", pick(9));
	if (!pick(3))
		xlpt_str_addf(out, "[pool %s]\npf = enp1s0\nvlan = %u\n", pick(2) ? "lan" : "wan",
			      1 + pick(3));
	if (!pick(3))
		xlpt_str_addf(out, "[guard]\nxl = %s\nxendomains = %s\n", ONE_OF(yes), ONE_OF(yes));
	if (!pick(3))
		xlpt_str_addf(out, "[settings]\nlimit = %u\nreset = %s\n", 1 + pick(9),
			      pick(2) ? "warn" : "required");
	if (!pick(4))
		xlpt_str_addf(out, "[allow-split %s]\n", ONE_OF(devices));
}

static void same(const char *what, const char *a, const char *b, const struct world *w)
{
	if (strcmp(a, b) != 0)
		fail_msg("%s\nBEFORE\n%s\nAFTER\n%s\n%s%s", what, a, b, w->out, w->err);
}

static void unchanged(struct world *w, const char *line, const char *text)
{
	_cleanup_free_ char *before = host_text(w), *after = NULL;

	if (world_run(w, "%s", line) || !strstr(w->out, "unchanged"))
		fail_msg("xlpt %s: not unchanged\n%s\n%s%s", line, text, w->out, w->err);
	after = host_text(w);
	same(text, before, after, w);
}

/* Returns whether it was done. */
static bool one(unsigned round)
{
	struct world *w = apply_world();
	_cleanup_str_ struct xlpt_str text = { 0 };
	_cleanup_free_ char *before = NULL, *after = NULL, *exported = NULL;
	int status, check;

	seed = round;
	random_host(w);
	random_conf(&text);
	conf(w, xlpt_str_get(&text));
	before = host_text(w);
	check = world_run(w, "apply --check");
	after = host_text(w);
	same("check", before, after, w);
	status = world_run(w, pick(2) ? "apply" : "apply --prune");
	if (status != check || status == 5)
		fail_msg("%s\ncheck says %d, apply %d\n%s%s", xlpt_str_get(&text), check, status,
			 w->out, w->err);
	if (status) {
		_cleanup_free_ char *now = host_text(w);

		same(xlpt_str_get(&text), before, now, w);
	} else {
		unchanged(w, "apply --check", xlpt_str_get(&text));
		unchanged(w, "apply", xlpt_str_get(&text));
		ok(w, "apply --export");
		exported = xlpt_xstrdup(w->out);
		conf(w, exported);
		unchanged(w, "apply --check", exported);
	}
	if (world_journals(w))
		fail_msg("a journal is left");
	world_free(w);
	return status == 0;
}

static void test_random(void **state)
{
	unsigned done = 0;

	(void)state;
	for (unsigned i = 1; i <= ROUNDS / world_stride(); i++)
		done += one(i * 7919);
	print_message("%u of %u files could be applied\n", done, ROUNDS);
	assert_true(world_stride() > 1 || (done > ROUNDS / 6 && done < ROUNDS));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_random) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
