/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest with a pool's VF that restarts: what the tests of that share. */
#ifndef XLPT_TEST_RESTARTING_H
#define XLPT_TEST_RESTARTING_H

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/pooling.h"
#include "xl-plugin/kept/leases.h"
#include "xl-plugin/kept/monitor.h"

#define VF "0000:01:10.0"

static inline void has_identity(struct world *w, bool has)
{
	_cleanup_free_ char *net = fake_rtnl_snapshot(w->rtnl);

	if (!!strstr(net, MAC) != has)
		fail_msg("the VF has %s address:\n%s", has ? "lost its" : "kept its", net);
}

static inline bool leased(struct world *w)
{
	return xlpt_host_has(fake_bus_host(w->bus), XLPT_LEASES_DIR "/" VF);
}

static inline const char *config(void)
{
	return pools_config("name = 'app1'\nmemory = 256\npci = [ 'pool:lan,mac=" MAC
			    ",vlan=42' ]\n");
}

/* app1 runs as domain 20. */
static inline struct world *started(void **state)
{
	struct world *w = *state;

	ok(w, "pool define lan pf=01:00.0");
	if (world_run(w, "start %s", config()))
		fail_msg("start: %s", w->err);
	has_identity(w, true);
	return w;
}

static inline void look(struct world *w)
{
	static const char *const lines[] = { "pool show lan",
					     "pool list",
					     "pool release --gone --timeout 1",
					     "repair",
					     "hide 05:00.0",
					     "list",
					     "status",
					     "attach --dry-run db1 pool:lan",
					     "attach web1 pool:lan",
					     "detach web1 01:10.2" };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(lines); i++) {
		ok(w, lines[i]);
		if (!leased(w))
			fail_msg("xlpt %s gave the lease back", lines[i]);
		has_identity(w, true);
	}
}

static inline void said_show(struct world *w, const char *text)
{
	ok(w, "pool show lan");
	said(w, text);
}

static inline void refuses(struct world *w, const char *line, const char *what)
{
	answers(w, 1, line, what);
	said(w, "to mend: ");
}

/* Since its VLAN was set, nothing took it off, not even for a moment. */
static inline void untagged_never(struct world *w)
{
	const char *log = strstr(fake_rtnl_log(w->rtnl), "vlan 42");

	assert_non_null(log);
	if (strstr(log + 7, "vlan"))
		fail_msg("the VLAN was changed:\n%s", log);
}

/* How a domain may have ended, and whether app1 comes again then. */
static const struct restart_end {
	enum xlpt_guest_end end;
	bool again;
} restart_ends[] = { { XLPT_END_POWEROFF, false },
		     { XLPT_END_REBOOT, true },
		     { XLPT_END_CRASH, false },
		     { XLPT_END_UNKNOWN, true } };

#define restart_test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)

#endif
