/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xlpt boot on captured trees (tests/data/boot/TREE), whole: what it prints and
 * what it writes, against TREE.golden; and whether modprobe agrees with it.
 * XLPT_UPDATE_GOLDEN=1 writes the golden files anew, for git diff to judge.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pciback/boot/boot.h"
#include "xl-plugin/cli/env.h"

#define DATA "tests/data/boot/"

static char tree[64]; /* the copy that is worked on */

static int XLPT_PRINTF(1, 2) shell(const char *fmt, ...)
{
	_cleanup_free_ char *command = NULL;
	va_list ap;

	va_start(ap, fmt);
	command = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	return system(command);
}

static char *output(const char *command)
{
	FILE *f = popen(command, "r");
	struct xlpt_str out = { 0 };
	char buf[4096];
	size_t n;

	assert_non_null(f);
	while ((n = fread(buf, 1, sizeof(buf), f)))
		xlpt_str_addn(&out, buf, n);
	pclose(f);
	return xlpt_str_take(&out);
}

static void begin(const char *name)
{
	snprintf(tree, sizeof(tree), "/tmp/xlpt-boot-XXXXXX");
	assert_non_null(mkdtemp(tree));
	assert_int_equal(shell("cp -a " DATA "%s/. %s/ && touch %s.mark", name, tree, tree), 0);
}

static int end(void **state)
{
	(void)state;
	return shell("rm -rf %s %s.mark", tree, tree);
}

/* Runs "xlpt --sysroot TREE boot ARGS", the output appended with the arguments and the status. */
static int run(struct xlpt_str *log, const char *args)
{
	_cleanup_free_ char *words = xlpt_xasprintf("xlpt --sysroot %s boot %s", tree, args);
	char *argv[32] = { 0 }, *save = NULL, *text = NULL;
	struct xlpt_env env = { .clock = &xlpt_clock_real };
	size_t size;
	int argc = 0, status;

	for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	env.out = env.err = open_memstream(&text, &size);
	status = xlpt_run(argc, argv, &env);
	fclose(env.out);
	xlpt_str_addf(log, "$ xlpt boot %s\n%sexit %d\n\n", args, text, status);
	free(text);
	return status;
}

static struct xlpt_str *files_log;

static int one_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	_cleanup_free_ char *command = xlpt_xasprintf("cat %s", path), *text = NULL;

	(void)ftw;
	if (type != FTW_F)
		return 0;
	text = output(command);
	xlpt_str_addf(files_log, "== %s %o\n%s", path + strlen(tree), st->st_mode & 0777, text);
	return 0;
}

/* The files that are newer than the tree. */
static void add_files(struct xlpt_str *log)
{
	_cleanup_free_ char *command = NULL, *list = NULL;
	char *save = NULL;

	command = xlpt_xasprintf(
		"cd %s && find etc var -newer %s.mark -type f 2>/dev/null | LC_ALL=C sort", tree,
		tree);
	list = output(command);
	files_log = log;
	for (char *name = strtok_r(list, "\n", &save); name; name = strtok_r(NULL, "\n", &save)) {
		_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", tree, name);

		nftw(path, one_file, 4, FTW_PHYS);
	}
	xlpt_str_add(log, "\n");
}

static void compare(const char *name, const struct xlpt_str *log)
{
	_cleanup_free_ char *path = xlpt_xasprintf(DATA "%s.golden", name), *want = NULL;
	_cleanup_free_ char *command = xlpt_xasprintf("cat %s", path);

	if (getenv("XLPT_UPDATE_GOLDEN")) {
		FILE *f = fopen(path, "w");

		assert_non_null(f);
		fputs(xlpt_str_get(log), f);
		fclose(f);
	}
	want = output(command);
	assert_string_equal(xlpt_str_get(log), want);
}

/*
 * modprobe on the written files: the option that it would give to pciback, and
 * that loading DRIVER loads pciback with it first.
 */
static void modprobe_agrees(const char *release, const char *module, const char *driver,
			    const char *hide)
{
	_cleanup_free_ char *shown = NULL, *steps = NULL, *want = NULL, *command = NULL;
	_cleanup_effective_ struct xlpt_effective eff = { 0 };
	_cleanup_boot_ struct xlpt_boot boot = { 0 };
	struct xlpt_host h;
	const char *first, *then;

	/* Modules that modprobe believes in: empty object files. */
	assert_int_equal(
		shell("mkdir -p %s/lib/modules/%s/kernel && cd %s/lib/modules/%s && "
		      "for m in %s %s; do echo | gcc -c -x c -o kernel/$m.ko - || exit 1; done && "
		      "mkdir -p .kept && cp modules.* .kept && depmod -b %s %s 2>/dev/null",
		      tree, release, tree, release, module, driver, tree, release),
		0);
	command = xlpt_xasprintf("modprobe -C %s/etc/modprobe.d --showconfig | "
				 "grep '^options %s ' | tail -n 1",
				 tree, strcmp(module, "pciback") ? "xen_pciback" : module);
	shown = output(command);
	want = xlpt_xasprintf("options %s hide=%s\n",
			      strcmp(module, "pciback") ? "xen_pciback" : module, hide);
	assert_string_equal(shown, want);
	free(command);
	command = xlpt_xasprintf("modprobe -n -v -d %s -S %s -C %s/etc/modprobe.d %s 2>&1", tree,
				 release, tree, driver);
	steps = output(command);
	if (strcmp(module, "pciback") != 0) {
		free(want);
		want = xlpt_xasprintf("/%s.ko ", module);
		first = strstr(steps, want);
		free(want);
		want = xlpt_xasprintf("hide=%s", hide);
		then = first ? strstr(first, want) : NULL;
		free(want);
		want = xlpt_xasprintf("/%s.ko", driver);
		then = then ? strstr(then, want) : NULL;
	} else {
		free(want);
		want = xlpt_xasprintf("install /sbin/modprobe pciback; "
				      "/sbin/modprobe --first-time --ignore-install %s",
				      driver);
		then = strstr(steps, want);
	}
	if (!then)
		fail_msg("modprobe %s would do: %s", driver, steps);

	/* And xlpt says the same of it. */
	assert_int_equal(shell("cd %s/lib/modules/%s && cp .kept/* .", tree, release), 0);
	assert_int_equal(xlpt_host_open(&h, tree), 0);
	assert_int_equal(xlpt_boot_detect(&h, XLPT_ERA_UNKNOWN, NULL, &boot, NULL), 0);
	assert_int_equal(xlpt_effective_read(&h, &boot, NULL, NULL, &eff, NULL), 0);
	assert_string_equal(eff.hide, hide);
	assert_string_equal(eff.modprobe_file, XLPT_MODPROBE_CONF);
	assert_string_equal(eff.early[0], driver);
	xlpt_host_close(&h);
}

static void test_rhel5(void **state)
{
	_cleanup_str_ struct xlpt_str log = { 0 };

	(void)state;
	begin("rhel5");
	run(&log, "plan 0000:09:00.0 0000:0a:04.1");
	run(&log, "write --stdout 09:00.0 0a:04.1");
	assert_non_null(strstr(log.s, "$ xlpt boot write --stdout 09:00.0 0a:04.1\n"
				      "options pciback hide=(0000:09:00.0)(0000:0a:04.1)\n"
				      "install bnx2 /sbin/modprobe pciback; "
				      "/sbin/modprobe --first-time --ignore-install bnx2\n"));
	run(&log, "write 09:00.*");
	run(&log, "write --cmdline 09:00.0");
	run(&log, "write 0000:09:00.0 0000:0a:04.1");
	add_files(&log);
	modprobe_agrees("2.6.18-398.el5xen", "pciback", "bnx2", "(0000:09:00.0)(0000:0a:04.1)");
	run(&log, "remove 0a:04.1");
	add_files(&log);
	compare("rhel5", &log);
}

static void test_bookworm(void **state)
{
	_cleanup_str_ struct xlpt_str log = { 0 };

	(void)state;
	begin("bookworm");
	run(&log, "plan 02:00.0");
	run(&log, "write 00:1f.2");
	run(&log, "write 02:00.*");
	add_files(&log);
	modprobe_agrees("6.1.0-50-amd64", "xen-pciback", "e1000e", "(0000:05:00.0)(0000:02:00.*)");
	run(&log, "write 02:00.*");
	run(&log, "verify");
	run(&log, "remove 05:00.0");
	run(&log, "remove 07:00.0");
	run(&log, "remove");
	add_files(&log);
	compare("bookworm", &log);
}

static void test_trixie(void **state)
{
	_cleanup_str_ struct xlpt_str log = { 0 };

	(void)state;
	begin("trixie");
	run(&log, "plan 01:00.0 04:00.1");
	run(&log, "write --dry-run --json 04:00.1");
	run(&log, "write 04:00.1");
	add_files(&log);
	run(&log, "write 01:00.0 --kernel 6.12.9+deb13-amd64");
	run(&log, "write 01:00.0 --kernel 6.1");
	run(&log, "remove");
	compare("trixie", &log);
}

static void test_fedora(void **state)
{
	_cleanup_str_ struct xlpt_str log = { 0 };

	(void)state;
	begin("fedora");
	run(&log, "plan 02:00.0 03:00.0");
	run(&log, "write --cmdline 02:00.0");
	run(&log, "write 03:00.0 02:00.0");
	add_files(&log);
	modprobe_agrees("6.16.4-200.fc42.x86_64", "xen-pciback", "xhci_pci",
			"(0000:03:00.0)(0000:02:00.0)");
	compare("fedora", &log);
}

static void test_builtin(void **state)
{
	_cleanup_str_ struct xlpt_str log = { 0 };

	(void)state;
	begin("builtin");
	run(&log, "plan 02:00.0");
	run(&log, "write --stdout 02:00.0");
	run(&log, "write 02:00.0");
	add_files(&log);
	run(&log, "verify --json");
	run(&log, "remove");
	add_files(&log);
	compare("builtin", &log);
}

static void test_arch(void **state)
{
	_cleanup_str_ struct xlpt_str log = { 0 };

	(void)state;
	begin("arch");
	run(&log, "write 02:00.0");
	add_files(&log);
	modprobe_agrees("6.16.3-arch1-1", "xen-pciback", "e1000e", "(0000:02:00.0)");
	compare("arch", &log);
}

#define T(name) cmocka_unit_test_teardown(name, end)

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		T(test_rhel5),	T(test_bookworm), T(test_trixie),
		T(test_fedora), T(test_builtin),  T(test_arch),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
