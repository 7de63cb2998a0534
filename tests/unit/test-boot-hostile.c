/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of boot loaders that somebody wrote to keep their reader busy: what is made of them has an end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <time.h>

#include "pciback/boot/homes.h"
#include "tests/unit/booting.h"
#include "tests/unit/lasting.h"

#define GRUB	 "/etc/default/grub"
#define GRUB_CFG "/boot/grub/grub.cfg"
#define LONGEST	 (2 * 16384)

/* NAME=xxx..., almost as long as a value may be. */
static void add_long(struct xlpt_str *text, const char *name)
{
	_cleanup_free_ char *value = xlpt_xcalloc(16384, 1);

	memset(value, 'x', 16383);
	xlpt_str_addf(text, "%s=%s\n", name, value);
}

static void test_settings(void **state)
{
	_cleanup_grub_ struct xlpt_grub grub = { 0 };
	_cleanup_str_ struct xlpt_str text = { 0 };
	struct xlpt_boot boot = { 0 };
	struct fake_bus *bus = *state;
	_cleanup_texts_ struct xlpt_texts texts = { .h = fake_bus_host(bus) };

	add_long(&text, "B");
	for (unsigned i = 0; i < 100; i++)
		xlpt_str_add(&text, i % 2 ? "A=\"$B$A\"\n" : "A=\"$B${A:-$A}\"\n");
	fake_bus_put(bus, GRUB, text.s);
	xlpt_grub_read(&texts, &boot, false, NULL, &grub);
	assert_int_equal(grub.n, 101);
	for (size_t i = 0; i < grub.n; i++)
		assert_true(strlen(grub.items[i].value) < LONGEST);
}

/* Each variable is looked for among all that were set: very many of both must not take minutes. */
static void test_many_variables(void **state)
{
	_cleanup_grub_ struct xlpt_grub grub = { 0 };
	_cleanup_str_ struct xlpt_str text = { 0 };
	struct xlpt_boot boot = { 0 };
	struct fake_bus *bus = *state;
	_cleanup_texts_ struct xlpt_texts texts = { .h = fake_bus_host(bus) };
	clock_t begin;

	for (unsigned i = 0; i < 2000; i++)
		xlpt_str_addf(&text, "variable%u=\n", i);
	xlpt_str_add(&text, "A=$variable1999");
	for (unsigned i = 0; i < 1000000; i++)
		xlpt_str_add(&text, "$variable");
	fake_bus_put(bus, GRUB, text.s);
	begin = clock();
	xlpt_grub_read(&texts, &boot, false, NULL, &grub);
	assert_int_equal(grub.n, 2001);
	assert_true((double)(clock() - begin) / CLOCKS_PER_SEC < lasting_at_most(3));
}

static void test_variables(void **state)
{
	_cleanup_home_lines_ struct xlpt_home_lines lines = { 0 };
	_cleanup_str_ struct xlpt_str text = { 0 };
	struct fake_bus *bus = *state;
	_cleanup_texts_ struct xlpt_texts texts = { .h = fake_bus_host(bus) };

	add_long(&text, "set b");
	xlpt_str_add(&text, "set a0=y\n");
	for (unsigned i = 0; i < 100; i++)
		xlpt_str_addf(&text, "set a%u=\"$b$a%u\"\n", i + 1, i);
	xlpt_str_add(&text, "multiboot2 /xen.gz\nmodule2 /vmlinuz $a100\n");
	fake_bus_put(bus, GRUB_CFG, text.s);
	xlpt_home_lines_read(&texts, NULL, &lines);
	assert_int_equal(lines.n, 2);
	assert_true(strlen(lines.items[1].words) < LONGEST);
}

/* One more line of output for each list that nobody reads, and one more look into all files. */
static void test_lists(void **state)
{
	_cleanup_effective_ struct xlpt_effective eff = { 0 };
	_cleanup_strays_ struct xlpt_strays strays = { 0 };
	_cleanup_boot_ struct xlpt_boot boot = { 0 };
	_cleanup_str_ struct xlpt_str grub = { 0 }, modprobe = { 0 };
	struct xlpt_host *h = fake_bus_host(*state);

	for (unsigned i = 0; i < 2000; i++) {
		xlpt_str_addf(&grub, "GRUB_CMDLINE_XEN=\"pciback.hide=(05:00.0)%u\"\n", i);
		xlpt_str_addf(&modprobe, "options pciback hide=(05:00.0)%u\n", i);
	}
	fake_bus_put(*state, GRUB, grub.s);
	fake_bus_put(*state, "/etc/modprobe.d/a.conf", modprobe.s);
	fake_bus_put(*state, "/etc/modules", modprobe.s + strlen("options "));
	assert_int_equal(xlpt_boot_detect(h, XLPT_ERA_UNKNOWN, NULL, &boot, NULL), 0);
	assert_int_equal(xlpt_effective_read(h, &boot, NULL, NULL, &eff, NULL), 0);
	xlpt_boot_strays(h, &boot, &eff, &strays);
	assert_true(strays.n > 100);
	assert_true(strays.n < 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = { T(test_settings), T(test_many_variables),
					    T(test_variables), T(test_lists) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
