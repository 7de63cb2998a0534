/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What fits at the end of a command line: every command's arguments, verbs and options. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/pooling.h"

/* As world_run, with words that may be empty. */
static void run(struct world *w, int argc, char **argv)
{
	size_t n;
	struct xlpt_env env = {
		.clock = &w->clock.clock,
		.host = fake_bus_host(w->bus),
		.store = fake_store_get(w->store),
		.ts = fake_ts_get(w->ts),
		.pci_ids = "tests/data/pci.ids",
	};

	free(XLPT_TAKE(w->out));
	env.out = open_memstream(&w->out, &n);
	env.err = stderr;
	assert_int_equal(xlpt_run(argc, argv, &env), 0);
	fclose(env.out);
}

static void test_lines(void **state)
{
	/* The words behind "--"; "E" is an empty one. has: lines of the answer; hasnt: none of them. */
	static const struct {
		const char *line, *first, *has, *hasnt;
	} rows[] = {
		{ "E", ":words", "attach\tGive devices to a running guest", "__complete" },
		{ "--", ":words", "--json\tprint one JSON object instead of text", "--hide" },
		{ "--sysroot E", ":folders", NULL, NULL },
		{ "--sysroot /x show E", ":words", "0000:01:00.0", "web1" },
		{ "attach E", ":words", "web1", "0000:01:00.0" },
		{ "attach --timeout 5 E", ":words", "web1", "0000:01:00.0" },
		{ "attach -t 5 -w E", ":words", "web1", "0000:01:00.0" },
		{ "attach --timeout E", ":words", NULL, "web1" },
		{ "attach --timeout=5 E", ":words", "web1", "0000:01:00.0" },
		{ "attach web1 E", ":words", "pool:lan", "web1" },
		{ "attach web1 02:00.0 E", ":words", "0000:01:00.0", "web1" },
		{ "attach -- E", ":words", "web1", NULL },
		{ "attach -- --", ":words", "web1", "--hide" },
		{ "attach web1 --", ":words", "--hide", "--gone" },
		{ "attach --force-host-device E", ":words", "0000:01:00.0", "web1" },
		{ "attach --force-host-device=E", ":words", "--force-host-device=0000:01:00.0",
		  "web1" },
		{ "attach --config=E", ":words", NULL, NULL },
		{ "attach --config E", ":files", NULL, NULL },
		{ "detach web1 E", ":words", "0000:01:00.0", "pool:lan" },
		{ "status E", ":words", "web1", NULL },
		{ "show 01:00.0 E", ":words", NULL, "0000:01:00.0" },
		{ "hide 01:00.0 E", ":words", "0000:02:00.0", NULL },
		{ "list --guest E", ":words", "web1", NULL },
		{ "list -o E", ":words", "driver", "0000:01:00.0" },
		{ "list --state=E", ":words", "--state=hidden", NULL },
		{ "reset --method E", ":words", "flr", NULL },
		{ "convert E", ":files", NULL, NULL },
		{ "convert a b E", ":files", NULL, NULL },
		{ "convert --to E", ":words", "libvirt", NULL },
		{ "start E", ":files", NULL, NULL },
		{ "save E", ":words", "web1", NULL },
		{ "save web1 E", ":files", NULL, NULL },
		{ "restore E", ":files", NULL, NULL },
		{ "migrate web1 E", ":words", NULL, "web1" },
		{ "boot E", ":words", "write", "0000:01:00.0" },
		{ "boot write 01:00.0 E", ":words", "0000:01:00.0", "write" },
		{ "pin E", ":words", "remove", "BDF" },
		{ "pin show E", ":words", "nic", "0000:01:00.0" },
		{ "pin new E", ":words", "0000:01:00.0", "nic" },
		{ "pool E", ":words", "define", "lan" },
		{ "pool show E", ":words", "lan", "define" },
		{ "pool import E", ":files", NULL, NULL },
		{ "pool release E", ":words", "0000:01:10.0", "lan" },
		{ "pool define lan E", ":words", "policy=spread", "lan" },
		{ "vf E", ":words", "persist", "..." },
		{ "vf create E", ":words", "enp1s0", "0000:01:10.0" },
		{ "vf create enp1s0 E", ":words", NULL, "enp1s0" },
		{ "vf set E", ":words", "0000:01:10.0", "enp1s0" },
		{ "vf set 01:10.0 E", ":words", "vlan=", "0000:01:10.0" },
		{ "guard E", ":words", "install", "xendomains" },
		{ "guard install E", ":words", "xendomains", "web1" },
		{ "guard check E", ":words", "web1", "xendomains" },
		{ "guard check --for E", ":words", "remus", NULL },
		{ "find E", ":words", "mac:", "web1" },
		{ "find x E", ":words", "0000:01:00.0", "web1" },
		{ "nonsense E", ":words", NULL, "attach" },
		{ "--json E", ":words", "attach", "0000:01:00.0" },
		{ "attach - E", ":words", "0000:01:00.0", NULL },
		{ "attach --nonsense=E", ":words", NULL, "web1" },
	};
	struct world *w = *state;

	ok(w, "pool define lan pf=enp1s0");
	ok(w, "pin nic 02:00.0");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(rows); i++) {
		char line[256], *argv[12] = { (char[]){ "xlpt" }, (char[]){ "__complete" },
					      (char[]){ "line" }, (char[]){ "--" } };
		_cleanup_free_ char *has = xlpt_xasprintf("\n%s", rows[i].has ? rows[i].has : "");
		_cleanup_free_ char *hasnt =
			xlpt_xasprintf("\n%s", rows[i].hasnt ? rows[i].hasnt : "");
		size_t n = 4;
		char *save = NULL, *e;

		snprintf(line, sizeof(line), "%s", rows[i].line);
		for (char *word = strtok_r(line, " ", &save); word;
		     word = strtok_r(NULL, " ", &save)) {
			e = word + strlen(word) - 1;
			if (*e == 'E' && (e == word || e[-1] == '='))
				*e = '\0';
			argv[n++] = word;
		}
		run(w, (int)n, argv);
		if (!xlpt_starts(w->out, rows[i].first) || !strstr(w->out, has) ||
		    (rows[i].hasnt && strstr(w->out, hasnt)))
			fail_msg("%s: answered\n%s", rows[i].line, w->out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lines, setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
