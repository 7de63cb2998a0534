/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is installed is in effect, or xlpt guard says that it is not: who runs
 * libvirt's daemon, what follows the lines for xendomains, where the guard's
 * program is, and what is a copy of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/guarding.h"
#include "xl-plugin/sentry/xl/words.h"

/* Anybody may call a process libvirtd; a user's own libvirtd saves none of Xen's guests. */
static void test_whose_daemon(void **st)
{
	(void)st;
	process(70, "libvirtd", "/home/u/libvirtd-not", 1000);
	put("/proc/70/environ", "A=1");
	process(71, "libvirtd", "/usr/bin/sleep", 0);
	put("/proc/71/environ", "A=1");
	process(72, "libvirtd", "/usr/sbin/libvirtd", 1000);
	put("/proc/72/environ", "A=1");
	expect(0, "install");
	assert_null(strstr(said, "(process 7"));
	expect(0, "status");
	assert_null(strstr(said, "(process 7"));
	assert_null(strstr(said, "not in effect"));
	/* The daemon, whatever it calls itself, also after its file was replaced. */
	process(73, "rpc-worker", "/usr/sbin/libvirtd (deleted)", 0);
	put("/proc/73/environ", "A=1");
	process(74, "virtxend", "/usr/sbin/virtxend", 0);
	put("/proc/74/environ", "LIBXL_SAVE_HELPER=/usr/local/lib/xlpt/guard/libxl-save-helper");
	expect(0, "status");
	says("libvirtd (process 73) runs without the guard");
	assert_null(strstr(said, "process 74"));
	says("not in effect");
	expect(0, "status --json");
	says("\"state\": \"not in effect\"");
	put("/proc/73/environ", "LIBXL_SAVE_HELPER=/usr/local/lib/xlpt/guard/libxl-save-helper");
	expect(0, "status");
	assert_null(strstr(said, "not in effect"));
	assert_null(strstr(said, "(process 7"));
}

/* The shell takes the last word: what stands behind the lines can undo them. */
static void test_lines_behind(void **st)
{
	static const struct {
		const char *line;
		bool undoes;
	} lines[] = {
		{ "CMD=/usr/sbin/xl", true },
		{ "\texport CMD=xl", true },
		{ "PATH=/usr/sbin:/bin", true },
		{ "export PATH=\"/opt/bin:$PATH\"", true },
		{ "PATH=$PATH:/opt/bin", false },
		{ "export PATH=\"${PATH}:/opt/bin\"", false },
		{ "CMD=/usr/local/lib/xlpt/guard/xl", false },
		{ "# CMD=/usr/sbin/xl", false },
		{ "XCMD=/usr/sbin/xl", false },
	};
	_cleanup_free_ char *with = NULL;

	(void)st;
	expect(0, "install");
	with = text_of(XENDOM);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(lines); i++) {
		_cleanup_free_ char *text = xlpt_xasprintf("%s%s\n", with, lines[i].line);

		put(XENDOM, text);
		expect(0, "status");
		if ((strstr(said, "not in effect") != NULL) != lines[i].undoes)
			fail_msg("\"%s\": %s", lines[i].line, said);
		if (lines[i].undoes)
			says("behind the guard's lines, which undoes them");
		/* Before them it does no harm. */
		free(XLPT_TAKE(text));
		text = xlpt_xasprintf("%s\n%s", lines[i].line, with);
		put(XENDOM, text);
		expect(0, "status");
		assert_null(strstr(said, "not in effect"));
	}
}

/* Files of a shell, of systemd and of AppArmor name the guard's program. */
static void test_odd_prefix(void **st)
{
	static const char *const odd[] = { "/opt/my xen", "/opt/a$b",	 "/opt/a:b", "/opt/a\"b",
					   "/opt/a'b",	  "/opt/a`id`b", "/opt/a*b", "/opt/a\nb",
					   "/opt/a%b",	  "/opt/a\\b",	 "/opt/a;b", "/opt/a{b" };
	static const char *const plain[] = { "/usr/local", "/opt/xen-4.20", "/opt/xlpt_1.0+x",
					     "/opt/b\xc3\xbcro" };
	bool all[XLPT_SENTRY_PARTS] = { true, true, true }, link_only[XLPT_SENTRY_PARTS] = { true };

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(odd) + XLPT_ARRAY_SIZE(plain); i++) {
		bool is_odd = i < XLPT_ARRAY_SIZE(odd);
		const char *prefix = is_odd ? odd[i] : plain[i - XLPT_ARRAY_SIZE(odd)];
		_cleanup_sentry_ struct xlpt_sentry g = { 0 };
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		struct xlpt_sentry_file *f;

		g.program = xlpt_xasprintf("%s/lib/xlpt/guard/xl", prefix);
		g.program_there = g.applies[XLPT_SENTRY_XENDOMAINS] = true;
		assert_int_equal(xlpt_sentry_judge_path(&g, all, &diag),
				 is_odd ? XLPT_ERR_CONFLICT : 0);
		assert_true(!is_odd || (diag.fact && diag.hint));
		assert_int_equal(xlpt_sentry_judge_path(&g, link_only, NULL), 0);
		/* Lines that an earlier xlpt wrote there are not in effect. */
		XLPT_GROW(g.files, g.n, g.alloc);
		f = &g.files[g.n++];
		*f = (struct xlpt_sentry_file){ .part = XLPT_SENTRY_XENDOMAINS,
						.kind = XLPT_SENTRY_BLOCK,
						.state = XLPT_SENTRY_CURRENT };
		assert_string_equal(xlpt_sentry_part_state(&g, XLPT_SENTRY_XENDOMAINS),
				    is_odd ? "broken" : "installed");
	}
}

/* A copy of the guard's program in PATH is a guard, and not what is behind it. */
static void test_copy(void **st)
{
	(void)st;
	put("/usr/bin/.keep", "");
	put("/opt/copy/xl", "ELF" XLPT_GUARD_MARK "...");
	mode("/opt/copy/xl", 0755);
	put("/etc/login.defs", "ENV_SUPATH PATH=/opt/copy:/usr/sbin\n");
	expect(0, "status");
	says("runs /opt/copy/xl, the guard");
	says("behind the guard: /usr/sbin/xl");
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_whose_daemon, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lines_behind, setup, teardown),
		cmocka_unit_test(test_odd_prefix),
		cmocka_unit_test_setup_teardown(test_copy, setup, teardown),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
