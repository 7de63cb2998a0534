/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guests whose device model runs in a domain of its own: the PCI backend is that domain's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/commands.h"

/* web1, which has the device, becomes the stub domain of win1. */
static struct world *with_stubdom(void **state)
{
	struct world *w = *state;

	ok(w, "attach web1 --hide 02:00.0");
	fake_store_set(w->store, "5", "/local/domain/3/target");
	fake_ts_find(w->ts, 5, NULL)->has_stubdom = true;
	return w;
}

static void shows(struct world *w, const char *line, const char *what)
{
	ok(w, line);
	if (!strstr(w->out, what))
		fail_msg("xlpt %s: not \"%s\"\n%s", line, what, w->out);
}

static void test_seen(void **state)
{
	struct world *w = with_stubdom(state);
	const char *first;

	shows(w, "status win1", "0000:02:00.0 assigned win1  -  through web1, connected");
	shows(w, "status web1", "0000:02:00.0 assigned win1  -  through web1, connected");
	shows(w, "status", "through web1, connected");
	first = strstr(w->out, "0000:02:00.0");
	assert_null(strstr(first + 1, "0000:02:00.0"));
	shows(w, "list --guest win1", "assigned to win1 through web1");
	shows(w, "list --guest web1", "assigned to win1 through web1");
	shows(w, "list --guest 5 --json", "\"name\": \"win1\",");
	assert_non_null(strstr(w->out, "\"through\": \"web1\""));
	shows(w, "show 02:00.0", "through            web1");
}

static void test_kept(void **state)
{
	struct world *w = with_stubdom(state);

	refused(w, 1, "detach win1 02:00.0",
		"win1 has 0000:02:00.0 through web1, and keeps it while it runs");
	assert_non_null(strstr(w->err, "to mend: xl shutdown win1;"));
	refused(w, 1, "detach --force win1 02:00.0", "keeps it while it runs");
	refused(w, 1, "detach web1 02:00.0", "web1 does not have 0000:02:00.0");
	assert_non_null(strstr(w->err, "win1 (domain 5) has it, through web1"));
	refused(w, 1, "detach --all web1", "web1 is the stub domain of win1, and has no device\n");
	assert_non_null(strstr(w->err, "win1 (domain 5) has 0000:02:00.0 through it"));
	assert_non_null(strstr(w->err, "to mend: xl shutdown win1"));
	refused(w, 1, "detach --all --force --dry-run web1", "web1 is the stub domain of win1");
	refused(w, 1, "attach db1 02:00.0", "0000:02:00.0 is in use by win1 (domain 5)");
	assert_non_null(strstr(w->err, "backend/pci/3/0 names it, that of its stub domain web1"));
	assert_non_null(strstr(w->err, "to mend: xl shutdown win1"));
	refused(w, 1, "unhide 02:00.0", "0000:02:00.0 is in use by win1 (domain 5)");
	refused(w, 1, "attach win1 05:00.0",
		"the device model of win1 runs in a domain of its own");
	ok(w, "repair");
	shows(w, "status win1", "through web1, connected");
}

/* What is told to mend it is nothing that the next rule refuses; a dry run says what is done. */
static void test_lines(void **state)
{
	static const char mends[] = "to mend: xl shutdown win1";
	struct world *w = with_stubdom(state);
	struct xlpt_spec spec;

	assert_int_equal(xlpt_spec_parse("02:00.0", &spec, NULL), 0);
	fake_ts_configure(w->ts, 5, &spec);
	changes_nothing(w, 3, "reset 02:00.0", mends);
	changes_nothing(w, 3, "sleep true", mends);
	changes_nothing(w, 1, "sleep --dry-run --with reattach true", mends);
	changes_nothing(w, 1, "save --detach-first win1 /tmp/xlpt-image", mends);
	changes_nothing(w, 1, "save --dry-run --detach-first win1 /tmp/xlpt-image", mends);
	fake_bus_remove(w->bus, "0000:02:00.0");
	shows(w, "status win1", "this host has it no more: xl shutdown win1");
	shows(w, "repair --dry-run absent-device", mends);
	changes_nothing(w, 1, "show 02:00.0", mends);
	xlpt_spec_dispose(&spec);
}

/* libxl before 4.15 makes a backend for the guest as well. */
static void test_two_backends(void **state)
{
	struct world *w = *state;
	const char *first;

	ok(w, "attach win1 --hide 02:00.0");
	ok(w, "attach web1 --hide 03:00.0");
	fake_store_set(w->store, "0000:02:00.0", "/local/domain/0/backend/pci/3/0/dev-0");
	fake_store_set(w->store, "5", "/local/domain/3/target");
	shows(w, "status win1", "0000:02:00.0 assigned win1");
	first = strstr(w->out, "0000:02:00.0");
	assert_null(strstr(first + 1, "0000:02:00.0"));
	assert_null(strstr(w->out, "through"));
}

/* A captured tree has the names alone; a name that only looks so tells nothing. */
static void test_names(void **state)
{
	struct world *w = *state;
	struct xlpt_guest *db1;

	ok(w, "attach db1 --hide 02:00.0");
	db1 = fake_ts_find(w->ts, 4, NULL);
	free(db1->name);
	db1->name = xlpt_xstrdup("win1-dm");
	shows(w, "status win1-dm", "0000:02:00.0 assigned win1-dm");
	assert_null(strstr(w->out, "through"));
	fake_ts_find(w->ts, 5, NULL)->has_stubdom = true;
	shows(w, "status win1", "0000:02:00.0 assigned win1  -  through win1-dm");
	/* What xenstore says of it comes first, also what cannot be read. */
	fake_store_set(w->store, "nobody", "/local/domain/4/target");
	shows(w, "status win1-dm", "0000:02:00.0 assigned win1-dm");
	assert_null(strstr(w->out, "through"));
}

/* list of a guest that has nothing, and of one that does not run. */
static void test_no_guest(void **state)
{
	struct world *w = *state;

	answers(w, 0, "list --guest web1", "that guest has no such device");
	answers(w, 0, "list --guest 99", "no guest of that name runs");
	answers(w, 0, "list --guest nobody", "no guest of that name runs");
	assert_null(strstr(w->err, "xlpt attach"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_seen),	       world_test(test_kept),  world_test(test_lines),
		world_test(test_two_backends), world_test(test_names), world_test(test_no_guest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
