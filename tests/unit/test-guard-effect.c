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
#include <errno.h>

#include "tests/unit/acls.h"
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

static void own(const char *path, uid_t uid, mode_t m)
{
	_cleanup_free_ char *full = xlpt_xasprintf("%s%s", host->root, path);

	if (mkdir(full, m))
		assert_int_equal(errno, EEXIST);
	assert_int_equal(lchown(full, uid, 0), 0);
	assert_int_equal(chmod(full, m), 0);
}

/* Root runs what is called xl there: nobody else may put something in its place. */
static void test_exposed(void **st)
{
	static const struct {
		const char *dir, *says; /* NULL: it is linked */
	} cases[] = {
		{ "/opt/roots", NULL },
		{ "/opt/roots/new/er", NULL },
		{ "/opt/users", "belongs to another user" },
		{ "/opt/users/new", "belongs to another user" },
		{ "/opt/users/roots", "belongs to another user" },
		{ "/opt/open", "can be written by everybody" },
		{ "/opt/open/new", "can be written by everybody" },
		{ "/opt/sticky", "can be written by everybody" },
		{ "/opt/sticky/link", "a symbolic link of another user" },
		{ "/opt/sticky/link/new", "a symbolic link of another user" },
		{ "/opt/mine/sbin", NULL },
		{ "/opt/theirs", "belongs to another user" },
		{ "/opt/file/sbin", "cannot be found out who may write into /opt/file/sbin" },
	};

	(void)st;
	if (geteuid() != 0)
		skip();
	own("/opt", 0, 0755);
	own("/opt/roots", 0, 0755);
	own("/opt/other", 0, 0755);
	own("/opt/users", 65534, 0755);
	own("/opt/users/roots", 0, 0755);
	own("/opt/open", 0, 0777);
	own("/opt/sticky", 0, 01777);
	fake_bus_put(bus, "/opt/file", "no folder\n");
	/* Links: of another user to root's folder, and of root's to either. */
	fake_bus_link(bus, "/opt/sticky/link", "/opt/other");
	fake_bus_link(bus, "/opt/mine", "/usr/local");
	fake_bus_link(bus, "/opt/theirs", "/opt/users");
	{
		_cleanup_free_ char *full = xlpt_xasprintf("%s/opt/sticky/link", host->root);

		assert_int_equal(lchown(full, 65534, 65534), 0);
	}
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *words = xlpt_xasprintf("install xl --dir %s", cases[i].dir),
				    *link = xlpt_xasprintf("%s/xl", cases[i].dir);

		expect(cases[i].says ? 1 : 0, words);
		says(cases[i].says ? cases[i].says : "linked");
		assert_int_equal(xlpt_host_has(host, "%s", link), !cases[i].says);
	}
	/* Nothing was made on the way to what was refused. */
	assert_false(xlpt_host_has(host, "/opt/other/new"));
	assert_false(xlpt_host_has(host, "/opt/users/new"));
	assert_false(xlpt_host_has(host, "/opt/open/new"));
}

/* One that stands there already: status tells it, and install does not say that all is well. */
static void test_exposed_later(void **st)
{
	(void)st;
	if (geteuid() != 0)
		skip();
	expect(0, "install xl");
	own("/usr/local/sbin", 0, 0775);
	expect(0, "status");
	says("installed");
	own("/usr/local/sbin", 0, 0777);
	expect(0, "status");
	says("broken");
	says("can be written by everybody");
	expect(1, "install xl");
	says("xlpt guard remove xl");
	expect(0, "remove xl");
	own("/usr/local", 65534, 0755);
	own("/usr/local/sbin", 0, 0755);
	expect(1, "install");
	says("belongs to another user");
	assert_false(xlpt_host_has(host, LINK));
	/* A group of the administrator's is told, and is no refusal (Debian's "staff"). */
	own("/usr/local", 0, 0755);
	{
		_cleanup_free_ char *full = xlpt_xasprintf("%s/usr/local/sbin", host->root);

		assert_int_equal(chown(full, 0, 50), 0);
		assert_int_equal(chmod(full, 02775), 0);
	}
	expect(0, "install xl");
	says("a group may write");
	expect(0, "status");
	says("a group may write");
	says("installed");
}

/* A user whom only the access list of the folder names: the mode says that root's group may write. */
static void test_exposed_by_list(void **st)
{
	struct acl_entry user[] = {
		ACL_OWNER(7), { 2, 7, 1000 }, ACL_OWN_GROUP(5), ACL_LIMIT(7), ACL_REST(5),
	};
	_cleanup_free_ char *full = xlpt_xasprintf("%s/usr/local/sbin", host->root);

	(void)st;
	own("/usr/local/sbin", 0, 0755);
	if (geteuid() != 0 || !acl_there(full))
		skip();
	assert_true(acl_give(full, user, XLPT_ARRAY_SIZE(user)));
	expect(1, "install xl");
	says("by another user (see getfacl)");
	assert_int_equal(chmod(full, 01775), 0);
	expect(1, "install xl");
	says("by another user (see getfacl)");
	/* The mask takes it away; then a group. */
	assert_int_equal(chmod(full, 0755), 0);
	expect(0, "install xl");
	says("linked");
	user[1] = (struct acl_entry){ 2, 5, 1000 };
	assert_true(acl_give(full, user, XLPT_ARRAY_SIZE(user)));
	expect(0, "status");
	says("installed");
	assert_null(strstr(said, "may write"));
}

/* The same of the program that all parts lead to. */
static void test_exposed_program(void **st)
{
	(void)st;
	if (geteuid() != 0)
		skip();
	own("/usr/local/lib", 65534, 0755);
	expect(1, "install");
	says("the guard cannot be installed from " PROGRAM);
	says("belongs to another user");
	says("PREFIX=/usr/local");
	assert_false(xlpt_host_has(host, LINK) || xlpt_host_has(host, DROPIN));
	own("/usr/local/lib", 0, 0755);
	expect(0, "install");
	own("/usr/local/lib/xlpt", 0, 0777);
	expect(0, "status");
	says("broken");
	says("can be written by everybody");
	expect(1, "install xendomains");
	expect(0, "remove");
	assert_false(xlpt_host_has(host, LINK) || xlpt_host_has(host, DROPIN));
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_whose_daemon, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lines_behind, setup, teardown),
		cmocka_unit_test(test_odd_prefix),
		cmocka_unit_test_setup_teardown(test_copy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exposed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exposed_later, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exposed_by_list, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exposed_program, setup, teardown),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
