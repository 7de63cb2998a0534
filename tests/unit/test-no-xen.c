/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A host without Xen, or with one that cannot be asked: said, and never taken for "no guest has it". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/fake/world.h"

struct said {
	char *out, *err;
};

/* Without the toolstack and the xenstore that the world would give. */
static int run_on(struct world *w, const char *line, struct said *said)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(line);
	char *argv[16] = { (char[]){ "xlpt" } }, *save = NULL;
	struct xlpt_env env = { .clock = &w->clock.clock, .host = fake_bus_host(w->bus) };
	int argc = 1, status;
	size_t n[2];

	free(said->out);
	free(said->err);
	env.out = open_memstream(&said->out, &n[0]);
	env.err = open_memstream(&said->err, &n[1]);
	for (char *s = strtok_r(copy, " ", &save); s; s = strtok_r(NULL, " ", &save))
		argv[argc++] = s;
	argv[argc] = NULL;
	status = xlpt_run(argc, argv, &env);
	fclose(env.out);
	fclose(env.err);
	return status;
}

static unsigned times(const char *text, const char *word)
{
	unsigned n = 0;

	for (const char *p = text; (p = strstr(p, word)); p += strlen(word))
		n++;
	return n;
}

static int setup(void **state)
{
	*state = world_new();
	return 0;
}

static int teardown(void **state)
{
	world_free(*state);
	return 0;
}

#define NONE "there is no Xen on this host"
#define MUTE "Xen cannot be asked who has which device: /proc/xen/capabilities is not there"

/* The kernel makes that folder, and without Xen no file in it that says so. */
static void test_no_xen(void **state)
{
	static const char *const reading[] = { "list",	     "show 02:00.0", "topology",
					       "list --xml", "--json list",  "list --state host" };
	struct world *w = *state;
	struct said s = { 0 };

	fake_bus_put(w->bus, "/sys/hypervisor/uevent", "");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(reading); i++) {
		assert_int_equal(run_on(w, reading[i], &s), 0);
		assert_int_equal(times(s.err, NONE), 1);
		assert_null(strstr(s.out, "dom0"));
		assert_true(strstr(s.out, "0000:02:00.0") || strstr(s.out, "0000_02_00_0"));
	}
	assert_int_equal(run_on(w, "status", &s), 1);
	assert_int_equal(
		times(s.err, "xlpt: " NONE "\n  because: its kernel has no /sys/hypervisor/type"),
		1);
	assert_non_null(strstr(s.err, "to mend: boot the boot loader's entry that starts Xen"));
	/* What a command left is shown all the same: vf create needs no Xen. */
	fake_bus_put(w->bus, "/run/xlpt/journal/1-1",
		     "xlpt 1\nop vf-create\nat set the number of VFs\n");
	assert_int_equal(run_on(w, "status", &s), 1);
	assert_non_null(strstr(s.out, "interrupted vf-create"));
	assert_int_equal(run_on(w, "--json status", &s), 1);
	assert_non_null(strstr(s.out, "\"xen\": false"));
	assert_non_null(strstr(s.out, "\"message\": \"" NONE "\""));
	assert_non_null(
		strstr(s.out, "\"hint\": \"boot the boot loader's entry that starts Xen\""));
	assert_int_equal(times(s.out, "\n}"), 1);
	assert_int_equal(run_on(w, "status web1", &s), 1);
	free(s.out);
	free(s.err);
}

/* Debian mounts xenfs late. */
static void test_not_mounted(void **state)
{
	struct world *w = *state;
	struct said s = { 0 };

	fake_bus_put(w->bus, "/sys/hypervisor/type", "xen\n");
	assert_int_equal(run_on(w, "list", &s), 0);
	assert_int_equal(times(s.err, MUTE), 1);
	assert_int_equal(run_on(w, "status", &s), 1);
	assert_non_null(strstr(s.err, "to mend: mount -t xenfs xenfs /proc/xen"));
	/* It is a dom0 all the same. */
	assert_int_equal(run_on(w, "list --state dom0", &s), 0);
	assert_non_null(strstr(s.out, "0000:02:00.0"));
	free(s.out);
	free(s.err);
}

/* What a killed xlpt had not finished writing goes without Xen, too; the rest of repair needs it. */
static void test_repair_sweeps(void **state)
{
	static const char left[] = "/var/lib/xlpt/pools/.xlpt-0123456789abcdef~";
	struct world *w = *state;
	struct said s = { 0 };

	fake_bus_put(w->bus, left, "x");
	assert_int_equal(run_on(w, "repair", &s), 1);
	assert_non_null(strstr(s.out, "took away 1 file that a killed xlpt"));
	assert_false(xlpt_host_has(fake_bus_host(w->bus), "%s", left));
	free(s.out);
	free(s.err);
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_no_xen, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_mounted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_repair_sweeps, setup, teardown),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
