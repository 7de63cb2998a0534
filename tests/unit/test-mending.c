/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a refusal says "to mend" is not refused in turn: each command of that line
 * is run, and each set of options is tried with the command that was refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/commands.h"

struct refused_case {
	const char *before[4]; /* commands that lead there */
	void (*change)(struct world *w);
	const char *line; /* what is refused */
	const char *says;
	const char
		*mends[3]; /* commands and options that the line must have, beside being obeyed */
};

/* The console's card and a USB controller in one slot, as on AMD's processors. */
static void apu(struct world *w)
{
	struct fake_dev gpu = { .vendor = 0x1002,
				.device = 0x1636,
				.class_code = 0x030000,
				.parent = "0000:00:01.0",
				.driver = "amdgpu",
				.multifunction = true,
				.boot_vga = true },
			usb = { .vendor = 0x1022,
				.device = 0x1639,
				.class_code = 0x0c0330,
				.parent = "0000:00:01.0",
				.driver = "xhci_hcd" };

	fake_bus_driver(w->bus, "amdgpu", "1002:*");
	fake_bus_driver(w->bus, "xhci_hcd", "1022:*");
	fake_bus_add(w->bus, "0000:06:00.0", &gpu);
	fake_bus_add(w->bus, "0000:06:00.3", &usb);
}

/* A PF in one slot with another card's function, and one VF that web1 has. */
static void pf_in_slot(struct world *w)
{
	struct fake_dev pf = { .vendor = 0x8086,
			       .device = 0x1572,
			       .class_code = 0x020000,
			       .vfs = 4,
			       .parent = "0000:00:01.0",
			       .driver = "i40e",
			       .multifunction = true },
			other = { .vendor = 0x8086,
				  .device = 0x1573,
				  .class_code = 0x020000,
				  .parent = "0000:00:01.0" },
			vf = { .vendor = 0x8086,
			       .device = 0x154c,
			       .class_code = 0x020000,
			       .parent = "0000:00:01.0",
			       .pf = "0000:06:00.0" };

	fake_bus_driver(w->bus, "i40e", "8086:1572");
	fake_bus_add(w->bus, "0000:06:00.0", &pf);
	fake_bus_add(w->bus, "0000:06:00.1", &other);
	fake_bus_add(w->bus, "0000:06:02.0", &vf);
}

/* clang-format off */
static const struct refused_case cases[] = {
	/* not hidden */
	{ .line = "attach web1 02:00.0", .says = "is not hidden", .mends = { "xlpt hide", "--hide" } },
	{ .line = "attach web1 04:00.0", .says = "is not hidden", .mends = { "xlpt hide" } },
	/* in use */
	{ .before = { "attach db1 05:00.0" }, .line = "attach web1 05:00.0", .says = "in use by db1",
	  .mends = { "xlpt detach db1" } },
	{ .before = { "attach db1 05:00.0" }, .line = "hide 05:00.0", .says = "in use by db1",
	  .mends = { "xlpt detach db1" } },
	{ .before = { "attach db1 05:00.0" }, .line = "unhide 05:00.0", .says = "in use by db1",
	  .mends = { "xlpt detach db1" } },
	{ .before = { "attach db1 05:00.0" }, .line = "reset 05:00.0", .says = "in use by db1",
	  .mends = { "xlpt detach db1", "--force" } },
	{ .line = "reset 02:00.0", .says = "in use by dom0's driver", .mends = { "xlpt hide", "--force" } },
	/* needed */
	{ .line = "hide 00:1f.2", .says = "this host needs", .mends = { "--force-host-device" } },
	{ .line = "attach web1 00:1f.2", .says = "this host needs",
	  .mends = { "--force-host-device 0000:00:1f.2 --hide" } },
	{ .line = "attach --hide web1 00:1f.2", .says = "this host needs",
	  .mends = { "--force-host-device 0000:00:1f.2" } },
	{ .change = apu, .line = "attach win1 06:00.0", .says = "this host needs",
	  .mends = { "--force-host-device 0000:06:00.0 --hide --allow-split 0000:06:00.0" } },
	{ .line = "reset 00:1f.2", .says = "this host needs", .mends = { "--force-host-device" } },
	/* one isolation set */
	{ .line = "attach --hide web1 04:00.0", .says = "while dom0 uses 0000:04:00.1",
	  .mends = { "xlpt hide 0000:04:00.1", "--allow-split" } },
	{ .change = apu, .line = "attach --hide win1 06:00.3", .says = "while dom0 uses 0000:06:00.0",
	  .mends = { "--allow-split 0000:06:00.3" } },
	{ .before = { "hide 04:00.0 04:00.1", "attach web1 04:00.0" }, .line = "attach db1 04:00.1",
	  .says = "is with web1", .mends = { "xlpt detach web1 0000:04:00.0", "--allow-split" } },
	{ .before = { "hide 04:00.0 04:00.1", "attach web1 04:00.0" }, .line = "unhide 04:00.1",
	  .says = "is with web1", .mends = { "xlpt detach web1 0000:04:00.0", "--allow-split" } },
	{ .before = { "hide 04:00.0 04:00.1", "attach web1 04:00.0 --allow-split 04:00.0",
		      "attach db1 04:00.1 --allow-split 04:00.1" },
	  .line = "detach --to-host db1 04:00.1", .says = "is with web1",
	  .mends = { "xlpt detach web1 0000:04:00.0", "--allow-split" } },
	{ .change = pf_in_slot, .before = { "attach --hide web1 06:02.0" },
	  .line = "attach --hide db1 06:00.1", .says = "while dom0 uses 0000:06:00.0",
	  .mends = { "xlpt detach --to-host web1 0000:06:02.0", "xlpt vf remove 0000:06:00.0",
		     "xlpt hide 0000:06:00.0" } },
	/* virtual functions that would go */
	{ .change = pf_in_slot, .line = "hide 06:00.0", .says = "virtual function",
	  .mends = { "xlpt vf remove 0000:06:00.0" } },
	{ .change = pf_in_slot, .before = { "hide 06:02.0" }, .line = "hide 06:00.0",
	  .says = "virtual function", .mends = { "xlpt unhide 0000:06:02.0", "xlpt vf remove" } },
	{ .change = pf_in_slot, .before = { "attach --hide web1 06:02.0" }, .line = "attach db1 06:00.0",
	  .says = "virtual function", .mends = { "xlpt detach --to-host web1", "xlpt vf remove" } },
	{ .change = pf_in_slot, .line = "reset 06:00.0", .says = "in use by dom0's driver",
	  .mends = { "xlpt vf remove", "--force" } },
};
/* clang-format on */

/* Where a command or a run of options in a hint ends. */
static size_t until_end(const char *s)
{
	static const char *const ends[] = { ";", ",",  " first",     " or ", "\"",
					    ")", ": ", " resets it", "\n" };
	size_t best = strlen(s);

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(ends); i++) {
		const char *end = strstr(s, ends[i]);

		if (end && (size_t)(end - s) < best)
			best = (size_t)(end - s);
	}
	return best;
}

static void lead_there(struct world *w, const struct refused_case *c)
{
	if (c->change)
		c->change(w);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(c->before) && c->before[i]; i++)
		ok(w, c->before[i]);
}

static char *hint_of(struct world *w, const struct refused_case *c)
{
	int status = world_run(w, "%s", c->line);
	const char *hint = strstr(w->err, "to mend: ");

	if (status == 0 || !hint || !strstr(w->err, c->says))
		fail_msg("xlpt %s: exit %d, want a refusal and \"%s\"\n%s%s", c->line, status,
			 c->says, w->out, w->err);
	hint += strlen("to mend: ");
	return xlpt_xstrndup(hint, strcspn(hint, "\n"));
}

static bool is_refused(int status)
{
	return status == 2 || status == 3;
}

/* All commands of the line, one after the other; then what was refused is done. */
static void run_commands(const struct refused_case *c, const char *hint)
{
	struct world *w = world_new();
	size_t n = 0;

	lead_there(w, c);
	for (const char *p = strstr(hint, "xlpt "); p; p = strstr(p + 1, "xlpt ")) {
		_cleanup_free_ char *line = xlpt_xstrndup(p + 5, until_end(p + 5));

		/* xlpt.conf, and a command that only shows, are no steps. */
		if (strstr(line, "xlpt.conf") || strstr(line, " shows") ||
		    xlpt_starts(p, "xlpt show") || !*line)
			continue;
		n++;
		if (is_refused(world_run(w, "%s", line)))
			fail_msg("xlpt %s: \"%s\" is refused in turn: xlpt %s\n%s", c->line, hint,
				 line, w->err);
	}
	if (n && is_refused(world_run(w, "%s", c->line)) && strstr(w->err, c->says))
		fail_msg("xlpt %s: \"%s\" mends nothing:\n%s", c->line, hint, w->err);
	world_free(w);
}

/* Each run of options, added to what was refused. */
static void try_options(const struct refused_case *c, const char *hint)
{
	for (const char *p = strstr(hint, "--"); p; p = strstr(p, "--")) {
		_cleanup_free_ char *options = xlpt_xstrndup(p, until_end(p)), *line = NULL;
		struct world *w;

		/* Those of a command are that command's. */
		for (const char *q = strstr(hint, "xlpt "); q && q < p; q = strstr(q + 1, "xlpt "))
			if (q + 5 + until_end(q + 5) > p)
				goto next;
		w = world_new();
		lead_there(w, c);
		line = xlpt_xasprintf("%s %s", c->line, options);
		if (is_refused(world_run(w, "%s", line)))
			fail_msg("xlpt %s: \"%s\" is refused in turn: xlpt %s\n%s", c->line, hint,
				 line, w->err);
		world_free(w);
	next:
		p += strlen(options);
	}
}

static void test_mending_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		const struct refused_case *c = &cases[i];
		struct world *w = world_new();
		_cleanup_free_ char *hint = NULL;

		lead_there(w, c);
		hint = hint_of(w, c);
		world_free(w);
		for (size_t k = 0; k < XLPT_ARRAY_SIZE(c->mends) && c->mends[k]; k++)
			if (!strstr(hint, c->mends[k]))
				fail_msg("xlpt %s: not said: %s\n%s", c->line, c->mends[k], hint);
		run_commands(c, hint);
		try_options(c, hint);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mending_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
