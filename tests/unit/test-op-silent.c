/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A device that does not answer: its whole configuration space reads as ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/commands.h"

/* From now on every read of it gives ones. */
static void silence(struct world *w, const char *bdf)
{
	_cleanup_free_ char *dir = fake_bus_devpath(w->bus, bdf),
			    *path = xlpt_xasprintf("%s/config", dir);
	char ones[257];

	memset(ones, 0xff, sizeof(ones) - 1);
	ones[256] = '\0';
	fake_bus_put(w->bus, path, ones);
}

static void put_power(struct world *w, const char *bdf, const char *text)
{
	_cleanup_free_ char *dir = fake_bus_devpath(w->bus, bdf),
			    *path = xlpt_xasprintf("%s/power_state", dir);

	fake_bus_put(w->bus, path, text);
}

static void test_hidden(void **state)
{
	struct world *w = *state;

	ok(w, "hide 03:00.0");
	silence(w, "0000:03:00.0");
	ok(w, "list");
	assert_non_null(strstr(w->out, "hidden, does not answer"));
	ok(w, "--json list --driver pciback");
	assert_non_null(strstr(w->out, "\"answers\": false"));
	assert_non_null(strstr(w->out, "\"state\": \"hidden\""));
	assert_non_null(strstr(w->out, "\"assignable\": false"));
	ok(w, "show 03:00.0");
	assert_non_null(strstr(w->out, "hidden, does not answer"));
	assert_non_null(strstr(w->out, "all ones"));
	assert_null(strstr(w->out, "power state"));
	changes_nothing(w, 1, "attach win1 03:00.0", "0000:03:00.0 does not answer");
	assert_non_null(strstr(w->err, "off the bus"));
	assert_non_null(strstr(
		w->err, "/sys/bus/pci/devices/0000:03:00.0/remove; echo 1 >/sys/bus/pci/rescan"));
	put_power(w, "0000:03:00.0", "D3cold\n");
	ok(w, "show 03:00.0");
	assert_non_null(strstr(w->out, "D3cold"));
	changes_nothing(w, 1, "attach web1 03:00.0", "power state is D3cold");
	assert_non_null(strstr(w->err, "d3cold_allowed"));
	ok(w, "status");
	assert_non_null(strstr(w->out, "not free for a guest; it does not answer: xlpt doctor"));
	/* A script gets it, too. */
	ok(w, "--json status");
	assert_non_null(strstr(w->out, "\"answers\": false,\n      \"free\": false,\n"));
	assert_non_null(strstr(w->out, "\"hint\": \"xlpt doctor says what helps\""));
	refused(w, 1, "doctor", "not sound");
	assert_non_null(strstr(w->out, "0000:03:00.0 does not answer: its configuration space"));
	assert_non_null(strstr(
		w->out, "/sys/bus/pci/devices/0000:03:00.0/remove; echo 1 >/sys/bus/pci/rescan"));
	/* These words say nothing of the cause. */
	put_power(w, "0000:03:00.0", "unknown\n");
	changes_nothing(w, 1, "attach web1 03:00.0", "it has no power, or is off the bus");
	put_power(w, "0000:03:00.0", "D0\n");
	changes_nothing(w, 1, "attach web1 03:00.0", "it has no power, or is off the bus");
	/* It can be given back all the same. */
	ok(w, "unhide 03:00.0");
}

/* What a rescan would not find again: a VF, and what is below a bridge that is silent, too. */
static void test_what_brings_back(void **state)
{
	struct world *w = *state;

	silence(w, "0000:01:10.0");
	changes_nothing(w, 1, "attach win1 --hide 01:10.0", "0000:01:10.0 does not answer");
	assert_non_null(strstr(w->err, "see whether its PF answers: xlpt show 0000:01:00.0; if"));
	assert_null(strstr(w->err, "rescan"));
	silence(w, "0000:03:00.0");
	silence(w, "0000:00:01.0");
	changes_nothing(w, 1, "attach win1 --hide 03:00.0", "so does that of bridge 0000:00:01.0");
	assert_non_null(strstr(
		w->err, "/sys/bus/pci/devices/0000:00:01.0/remove; echo 1 >/sys/bus/pci/rescan\n"));
	ok(w, "list");
	assert_non_null(strstr(w->err, "functions cannot be read: they do not answer"));
}

static void test_with_dom0(void **state)
{
	struct world *w = *state;

	silence(w, "0000:03:00.0");
	ok(w, "list");
	assert_non_null(strstr(w->out, "dom0, does not answer"));
	assert_non_null(strstr(w->err, "1 function cannot be read: it does not answer"));
	changes_nothing(w, 1, "hide 03:00.0", "0000:03:00.0 does not answer");
	changes_nothing(w, 1, "attach win1 --hide 03:00.0", "0000:03:00.0 does not answer");
	/* One that answers beside it is not meant. */
	ok(w, "attach win1 --hide 02:00.0");
}

/* What a reset would write back is what it reads now: ones. */
static void test_reset(void **state)
{
	struct world *w = *state;

	ok(w, "hide 03:00.0");
	silence(w, "0000:03:00.0");
	refused(w, 1, "reset 03:00.0", "0000:03:00.0 does not answer");
	refused(w, 1, "reset --force --method flr 03:00.0", "0000:03:00.0 does not answer");
	ok(w, "reset --list 03:00.0");
	assert_null(strstr(w->out, "yes"));
	assert_non_null(strstr(w->out, "it does not answer"));
}

/* A guest has it: it is taken back, and nothing is said to have been reset. */
static void test_with_guest(void **state)
{
	struct world *w = *state;

	ok(w, "attach win1 --hide 03:00.0");
	silence(w, "0000:03:00.0");
	ok(w, "status win1");
	assert_non_null(strstr(w->out, "attached; it does not answer: xlpt doctor"));
	ok(w, "--json status win1");
	assert_non_null(strstr(w->out, "\"answers\": false"));
	refused(w, 1, "doctor", "not sound");
	assert_non_null(strstr(w->out, "to mend: xlpt detach win1 0000:03:00.0; echo 1 >"));
	ok(w, "detach win1 03:00.0");
	assert_non_null(strstr(w->err, "has not been reset"));
	assert_non_null(strstr(w->err, "it does not answer"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_hidden),     world_test(test_what_brings_back),
		world_test(test_with_dom0),  world_test(test_reset),
		world_test(test_with_guest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
