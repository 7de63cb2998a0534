/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Real machines (tests/data/machines): the isolation sets are the groups that
 * Linux made there, also when the tree has no groups, as under Xen, and nothing is
 * warned of. XLPT_MACHINES=dir: other machines than these.
 */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "pciback/isolate/isolate.h"
#include "pciback/device/scan.h"
#include "tests/fake/machine.h"
#include "tests/fake/world.h"

#define MACHINES "tests/data/machines"

static size_t set_of(const struct xlpt_devices *devs, const struct xlpt_sets *sets,
		     struct xlpt_bdf bdf)
{
	const struct xlpt_device *d = xlpt_devices_find(devs, bdf);

	if (!d)
		fail_msg("%s is not found", XLPT_BDF_STR(bdf));
	return sets->of[d - devs->items];
}

/* Two functions are in one set exactly when they are in one group. */
static void compare(const char *name, const struct fake_machine *m, const struct xlpt_devices *devs,
		    const struct xlpt_sets *sets)
{
	for (size_t i = 0; i < m->n_groups; i++)
		for (size_t k = 0; k < i; k++) {
			const struct fake_group *a = &m->groups[i], *b = &m->groups[k];
			bool one_group = !strcmp(a->number, b->number);

			if (!strcmp(a->number, "none") || !strcmp(b->number, "none"))
				continue;
			if (one_group != (set_of(devs, sets, a->bdf) == set_of(devs, sets, b->bdf)))
				fail_msg("%s: %s and %s are %sin one group", name,
					 XLPT_BDF_STR(b->bdf), XLPT_BDF_STR(a->bdf),
					 one_group ? "" : "not ");
		}
}

static void check_sets(const char *name, const struct fake_machine *m, unsigned flags, bool groups)
{
	_cleanup_devices_ struct xlpt_devices devs = { 0 };
	_cleanup_sets_ struct xlpt_sets sets = { 0 };

	assert_int_equal(xlpt_scan_all(fake_bus_host(m->bus), flags, NULL, &devs, NULL), 0);
	assert_int_equal(devs.n, m->n_functions);
	xlpt_sets_make(&devs, &sets);
	compare(name, m, &devs, &sets);
	if (sets.unread || sets.has_groups != groups || sets.agree != groups)
		fail_msg("%s: %zu unread, has groups %d, agree %d", name, sets.unread,
			 sets.has_groups, sets.agree);
	for (size_t i = 0; groups && i < m->n_groups; i++)
		if (strcmp(m->groups[i].number, "none") != 0)
			assert_int_equal(sets.number[set_of(&devs, &sets, m->groups[i].bdf)],
					 strtoul(m->groups[i].number, NULL, 10));
}

static ssize_t no_link(struct xlpt_host *h, const char *path, char *buf, size_t len)
{
	(void)h;
	(void)path;
	(void)buf;
	(void)len;
	return -EINVAL;
}

/*
 * A tree that was copied without its links: the bridges' bus numbers say what is above. No set is smaller than a
 * group; of a domain behind a VMD controller nothing is known then.
 */
static void check_no_links(const char *name, const struct fake_machine *m)
{
	struct xlpt_host *h = fake_bus_host(m->bus);
	struct xlpt_host_ops ops = *h->ops;
	_cleanup_devices_ struct xlpt_devices devs = { 0 };
	_cleanup_sets_ struct xlpt_sets sets = { 0 };
	const struct xlpt_host_ops *old = h->ops;

	ops.readlink = no_link;
	h->ops = &ops;
	assert_int_equal(xlpt_scan_all(h, XLPT_SCAN_CAPS, NULL, &devs, NULL), 0);
	h->ops = old;
	xlpt_sets_make(&devs, &sets);
	for (size_t i = 0; i < m->n_groups; i++)
		for (size_t k = 0; k < i; k++) {
			const struct fake_group *a = &m->groups[i], *b = &m->groups[k];

			if (!strcmp(a->number, b->number) && strcmp(a->number, "none") != 0 &&
			    a->bdf.seg <= UINT16_MAX && b->bdf.seg <= UINT16_MAX &&
			    set_of(&devs, &sets, a->bdf) != set_of(&devs, &sets, b->bdf))
				fail_msg("%s without links: %s and %s are not in one set", name,
					 XLPT_BDF_STR(b->bdf), XLPT_BDF_STR(a->bdf));
		}
}

/* A scan of one function says the same of it as one of all. */
static void check_each(const char *name, const struct fake_machine *m)
{
	_cleanup_devices_ struct xlpt_devices devs = { 0 };

	assert_int_equal(xlpt_scan_all(fake_bus_host(m->bus), XLPT_SCAN_CAPS, NULL, &devs, NULL),
			 0);
	for (size_t i = 0; i < devs.n; i++) {
		_cleanup_device_ struct xlpt_device one = { 0 };

		assert_int_equal(xlpt_scan_one(fake_bus_host(m->bus), devs.items[i].bdf,
					       XLPT_SCAN_CAPS, NULL, &one, NULL),
				 0);
		if (strcmp(xlpt_port_word(&one), xlpt_port_word(&devs.items[i])) != 0 ||
		    xlpt_acs_state(&one) != xlpt_acs_state(&devs.items[i]))
			fail_msg("%s: %s alone is another one", name, XLPT_BDF_STR(one.bdf));
	}
}

/* The program on it: every function is listed, and nothing is said on stderr. */
static void check_list(const char *name, const struct fake_machine *m)
{
	_cleanup_free_ char *root = xlpt_xstrdup(fake_bus_host(m->bus)->root), *out = NULL,
			    *err = NULL;
	char *argv[] = { (char *)"xlpt",   (char *)"list",	(char *)"-a", (char *)"-o",
			 (char *)"device", (char *)"--sysroot", root,	      NULL };
	struct xlpt_env env = { .pci_ids = "tests/data/pci.ids" };
	size_t len, lines = 0;

	env.out = open_memstream(&out, &len);
	env.err = open_memstream(&err, &len);
	assert_int_equal(xlpt_run(7, argv, &env), 0);
	fclose(env.out);
	fclose(env.err);
	if (*err)
		fail_msg("%s: %s", name, err);
	for (const char *p = out; *p; p++)
		lines += *p == '\n';
	assert_int_equal(lines, m->n_functions + 1);
}

static void check_machine(const char *machines, const char *name, bool groups)
{
	_cleanup_free_ char *dir = xlpt_xasprintf("%s/%s", machines, name);
	struct fake_machine *m = fake_machine_load(dir, groups);

	check_sets(name, m, XLPT_SCAN_SETS | XLPT_SCAN_BRIEF, groups);
	check_sets(name, m, XLPT_SCAN_CAPS, groups);
	check_each(name, m);
	check_no_links(name, m);
	check_list(name, m);
	fake_machine_free(m);
}

static void test_machines(void **state)
{
	const char *other = getenv("XLPT_MACHINES"), *machines = other ? other : MACHINES;
	struct dirent **names = NULL;
	int n = scandir(machines, &names, NULL, alphasort), done = 0;

	(void)state;
	if (n < 0)
		fail_msg("no %s: run the tests in the top folder", machines);
	for (int i = 0; i < n; i++) {
		const char *name = names[i]->d_name;

		if (name[0] != '.' && strcmp(name, "README") != 0) {
			check_machine(machines, name, true);
			check_machine(machines, name, false);
			done++;
		}
		free(names[i]);
	}
	free(names);
	assert_true(done >= (other ? 1 : 18));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_machines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
