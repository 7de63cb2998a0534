/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The fake Xen host of the tests as a process: it prints the folder that is its root, and is then
 * "xlpt batch" on that host. tests/ansible/check puts it behind a program called xlpt, so that the
 * modules of docs/ansible run against the real commands, and what one changes the next one sees.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "tests/fake/pools.h"
#include "tests/unit/applying.h"

int main(void)
{
	char *argv[] = { (char[]){ "xlpt" }, (char[]){ "batch" }, NULL };
	struct world *w = apply_world();
	struct xlpt_env env = world_env(w);
	int status;

	env.in = stdin;
	env.out = stdout;
	env.err = stderr;
	fake_bus_put(w->bus, "/proc/sys/kernel/random/boot_id", POOLS_BOOT "\n");
	fake_bus_put(w->bus, "/proc/sys/kernel/random/uuid", POOLS_UUID "\n");
	printf("%s\n", env.host->root);
	fflush(stdout);
	status = xlpt_run(2, argv, &env);
	world_free(w);
	return status;
}
