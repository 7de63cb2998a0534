/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Consent to a divided isolation set, given once (--allow-split) or for good
 * (allow-split in xlpt.conf): 04:00.0 and 04:00.1 are in one set.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/fake/pools.h"
#include "tests/unit/commands.h"
#include "xl-plugin/kept/settings.h"

static void says(struct world *w, const char *text)
{
	if (!strstr(w->err, text))
		fail_msg("not said: %s\n%s", text, w->err);
}

static void test_lasting_consent(void **state)
{
	struct world *w = *state;

	refused(w, 3, "attach --hide web1 04:00.0", "while dom0 uses 0000:04:00.1");
	says(w, "or for good \"allow-split = 0000:04:00.0\" in " XLPT_SETTINGS_PATH);
	/* Whichever member of the set is named there. */
	fake_bus_put(w->bus, XLPT_SETTINGS_PATH,
		     "allow-split = 0000:02:00.0\nallow-split = 04:00.1\n");
	ok(w, "attach --hide web1 04:00.0");
	says(w,
	     "the isolation set of 0000:04:00.0 is divided: it goes to web1 while dom0 uses 0000:04:00.1, and "
	     "each side can reach what the other's devices do, past the IOMMU");
	ok(w, "hide 04:00.1");
	ok(w, "attach db1 04:00.1");
	says(w, "it goes to db1 while 0000:04:00.0 is with web1");
	ok(w, "detach --to-host db1 04:00.1");
	says(w, "it goes to dom0 while 0000:04:00.0 is with web1");
	ok(w, "hide 04:00.1");
	ok(w, "unhide 04:00.1");
	says(w, "it goes to dom0 while 0000:04:00.0 is with web1");
	/* Without it, and the sets of other devices: as before. */
	fake_bus_put(w->bus, XLPT_SETTINGS_PATH, "allow-split = 0000:02:00.0\n");
	ok(w, "hide 04:00.1");
	refused(w, 3, "unhide 04:00.1", "while 0000:04:00.0 is with web1");
	refused(w, 3, "attach db1 04:00.1", "while 0000:04:00.0 is with web1");
}

static void test_consent_at_start(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *line = xlpt_xasprintf(
		"start --hide %s", pools_config("name=\"app1\"\nmemory=256\npci=[\"04:00.0\"]\n"));

	fake_bus_put(w->bus, "/proc/sys/kernel/random/uuid",
		     "5b8f4a0e-4b3c-4d56-9d8e-0a1b2c3d4e5f\n");
	refused(w, 3, line, "while dom0 uses 0000:04:00.1");
	fake_bus_put(w->bus, XLPT_SETTINGS_PATH, "allow-split = 0000:04:00.0\n");
	ok(w, line);
	says(w, "it goes to app1 while dom0 uses 0000:04:00.1");
}

static void test_consent_is_told_once_needed(void **state)
{
	struct world *w = *state;

	/* The other one is hidden: nothing is divided, and nothing is said. */
	fake_bus_put(w->bus, XLPT_SETTINGS_PATH, "allow-split = 0000:04:00.0\n");
	ok(w, "hide 04:00.1");
	ok(w, "attach --hide web1 04:00.0");
	assert_null(strstr(w->err, "is divided"));
	/* For one command only, it is told as well. */
	fake_bus_put(w->bus, XLPT_SETTINGS_PATH, "");
	ok(w, "attach db1 04:00.1 --allow-split 04:00.1");
	says(w, "it goes to db1 while 0000:04:00.0 is with web1");
}

static void test_wrong_line(void **state)
{
	struct world *w = *state;

	ok(w, "hide 04:00.1");
	ok(w, "attach --hide web1 04:00.0");
	fake_bus_put(w->bus, XLPT_SETTINGS_PATH, "allow-split = both\n");
	refused(w, 2, "attach db1 04:00.1", "allow-split wants the address of one device");
	refused(w, 2, "unhide 04:00.1", "allow-split wants the address of one device");
	/* A guest that hangs can be freed whatever somebody wrote into a file. */
	fake_bus_put(w->bus, XLPT_SETTINGS_PATH, "allow-split = pin:not-there\n");
	refused(w, 3, "unhide 04:00.1", "while 0000:04:00.0 is with web1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_lasting_consent),
		world_test(test_consent_at_start),
		world_test(test_consent_is_told_once_needed),
		world_test(test_wrong_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
