/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xlpt guard install and remove on a tree: what they write, that every byte
 * comes back, what they refuse to touch, and what is left when any one
 * operation on the way fails: nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "core/file.h"
#include "tests/unit/guarding.h"

static void walk(struct xlpt_str *out, const char *path)
{
	char **names, link[512];
	_cleanup_free_ char *text = NULL;
	struct stat st;
	int fd;

	if (host->ops->readlink(host, path, link, sizeof(link)) >= 0) {
		xlpt_str_addf(out, "%s -> %s\n", path, link);
		return;
	}
	fd = host->ops->open(host, path, O_RDONLY, 0);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	close(fd);
	xlpt_str_addf(out, "%s %o\n", path, st.st_mode);
	if (S_ISREG(st.st_mode)) {
		assert_int_equal(xlpt_sentry_slurp(host, path, &text), 0);
		xlpt_str_addf(out, "<<%s>>\n", text);
		return;
	}
	assert_int_equal(host->ops->list(host, path, &names), 0);
	for (char **n = names; *n; n++) {
		_cleanup_free_ char *below =
			xlpt_xasprintf("%s/%s", strcmp(path, "/") ? path : "", *n);

		walk(out, below);
	}
	xlpt_strv_free(names);
}

static char *snapshot(void)
{
	struct xlpt_str s = { 0 };

	walk(&s, "/etc");
	walk(&s, "/usr");
	return xlpt_str_take(&s);
}

static const char *state(enum xlpt_sentry_part part)
{
	_cleanup_sentry_ struct xlpt_sentry g = { 0 };
	struct xlpt_env env = { .host = host };

	assert_int_equal(xlpt_sentry_look(&env, NULL, &g, NULL), 0);
	return xlpt_sentry_part_state(&g, part);
}

static void all_are(const char *want)
{
	for (enum xlpt_sentry_part part = 0; part < XLPT_SENTRY_PARTS; part++)
		assert_string_equal(state(part), want);
}

static void same(const char *before)
{
	_cleanup_free_ char *now = snapshot();

	assert_string_equal(now, before);
}

/* ---- tests ---- */

static void test_blocks(void **st)
{
	static const char *const texts[] = { NULL,   "",	   "\n",
					     "a",    "a\n",	   "a\n\n",
					     "a\nb", "a\r\nb\r\n", "# >>> not a guard\n" };

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(texts); i++) {
		_cleanup_free_ char *with = xlpt_sentry_block_add(texts[i], "x\n"), *body = NULL,
				    *back = NULL;
		_cleanup_free_ char *more = xlpt_xasprintf("%safter", with), *rest = NULL,
				    *body2 = NULL;
		bool same_version = false;

		assert_int_equal(xlpt_sentry_block_split(with, &back, &body, &same_version), 1);
		assert_true(xlpt_streq(back, texts[i]));
		assert_string_equal(body, "x\n");
		assert_true(same_version);
		/* What came behind it stays. */
		assert_int_equal(xlpt_sentry_block_split(more, &rest, &body2, &same_version), 1);
		assert_null(strstr(rest, "guard 0"));
		assert_true(
			!strncmp(rest, texts[i] ? texts[i] : "", texts[i] ? strlen(texts[i]) : 0));
		assert_true(!strcmp(rest, "after") ||
			    xlpt_starts(strstr(rest, "after") - 1, "\nafter"));
	}
}

static void test_bad_blocks(void **st)
{
	static const char *const texts[] = {
		"# >>> xlpt guard 1",
		"# >>> xlpt guard 1\nx\n",
		"x\n# <<< xlpt guard\n",
		"# >>> xlpt guard 1\n# <<< xlpt guard\n# >>> xlpt guard 1\n# <<< xlpt guard\n",
		"# >>> xlpt guard 1\n# <<< xlpt guard\n# <<< xlpt guard\n",
		"# >>> xlpt guard 1\n# <<< xlpt guard",
	};

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(texts); i++) {
		char *back, *body;
		bool version;

		if (xlpt_sentry_block_split(texts[i], &back, &body, &version) != -1)
			fail_msg("taken for a block: %s", texts[i]);
	}
}

static void test_there_and_back(void **st)
{
	_cleanup_free_ char *before = snapshot(), *between = NULL, *xendomains = NULL;
	struct stat s;
	int fd;

	(void)st;
	all_are("not installed");
	expect(0, "install -n");
	says("would link " LINK " to " PROGRAM);
	same(before);
	expect(0, "install");
	says("systemctl try-restart libvirtd.service");
	says("apparmor_parser -r /etc/apparmor.d/usr.sbin.libvirtd");
	says("xendomains waits for them: at most XENDOMAINS_STOP_MAXWAIT seconds");
	all_are("installed");
	xendomains = text_of(XENDOM);
	assert_true(xlpt_starts(xendomains,
				"# mine\nXENDOMAINS_SAVE=/var/lib/xen/save\n# >>> xlpt guard "));
	fd = host->ops->open(host, XENDOM, O_RDONLY, 0);
	assert_int_equal(fstat(fd, &s), 0);
	close(fd);
	assert_int_equal(s.st_mode & 07777, 0640);
	between = snapshot();
	expect(0, "install");
	says("nothing to change");
	same(between);
	expect(0, "remove --dry-run");
	same(between);
	expect(0, "remove");
	all_are("not installed");
	same(before);
	expect(0, "remove");
	says("nothing to change");
}

static void test_single_parts(void **st)
{
	static const char *const parts[] = { "xl", "libvirt", "xendomains", "sleep" };
	_cleanup_free_ char *before = snapshot();

	(void)st;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(parts); i++) {
		_cleanup_free_ char *in = xlpt_xasprintf("install %s", parts[i]);
		_cleanup_free_ char *out = xlpt_xasprintf("remove %s", parts[i]);

		expect(0, in);
		assert_true(!strstr(said, "hash -r") == (i != 0));
		for (enum xlpt_sentry_part p = 0; p < XLPT_SENTRY_PARTS; p++)
			assert_string_equal(state(p), p == i ? "installed" : "not installed");
		expect(0, out);
		/* Of xl alone shells remember a path. */
		assert_true(!strstr(said, "hash -r") == (i != 0));
		same(before);
	}
	expect(0, "install xendomains xl");
	assert_string_equal(state(XLPT_SENTRY_LIBVIRT), "not installed");
	expect(0, "remove");
	same(before);
}

/* systemd runs xlpt with what its own unit runs; each unit that is there has a drop-in. */
static void test_sleep(void **st)
{
	_cleanup_free_ char *before = NULL, *text = NULL, *other = NULL;

	(void)st;
	put("/lib/systemd/system/systemd-hybrid-sleep.service",
	    "[Service]\nExecStart=/lib/systemd/systemd-sleep hybrid-sleep\n");
	/* Masked, or one that systemd cannot start. */
	put("/usr/lib/systemd/system/systemd-hibernate.service", "");
	before = snapshot();
	expect(0, "install sleep");
	says("wrote " SLEEP);
	says("host-sleep = reattach");
	says("systemctl daemon-reload");
	text = text_of(SLEEP);
	assert_non_null(strstr(text,
			       "\n[Service]\nExecStart=\nExecStart=/usr/local/sbin/xlpt sleep "
			       "-- /usr/lib/systemd/systemd-sleep suspend\n"));
	other = text_of("/etc/systemd/system/systemd-hybrid-sleep.service.d/xlpt-guard.conf");
	assert_non_null(strstr(other, "-- /lib/systemd/systemd-sleep hybrid-sleep\n"));
	assert_false(xlpt_host_has(host, "/etc/systemd/system/systemd-hibernate.service.d"));
	assert_string_equal(state(XLPT_SENTRY_SLEEP), "installed");
	/* An upgrade of systemd moves its program. */
	put("/usr/lib/systemd/system/systemd-suspend.service",
	    "[Service]\nExecStart=/usr/libexec/systemd-sleep suspend\n");
	assert_string_equal(state(XLPT_SENTRY_SLEEP), "of another xlpt");
	expect(0, "install sleep");
	free(XLPT_TAKE(text));
	text = text_of(SLEEP);
	assert_non_null(strstr(text, "sleep -- /usr/libexec/systemd-sleep suspend\n"));
	put("/usr/lib/systemd/system/systemd-suspend.service",
	    "[Service]\nType=oneshot\nExecStart=/usr/lib/systemd/systemd-sleep suspend\n");
	expect(0, "remove sleep");
	same(before);
}

/* What the shell makes of the file: only our words are added to what the admin's file says. */
static void test_xendomains_block(void **st)
{
	_cleanup_free_ char *body = xlpt_sentry_xendomains_body("/tmp/nowhere/lib/xlpt/guard",
								NULL),
			    *command = NULL;

	(void)st;
	command = xlpt_xasprintf("bash -uc 'XENDOMAINS_SAVE=; XENDOMAINS_MIGRATE=; p=$PATH\n%s"
				 "[ \"$p\" = \"$PATH\" ] && [ -z \"${CMD:-}\" ]'",
				 body);
	assert_int_equal(system(command), 0);
}

static void refuses(const char *args, const char *why)
{
	_cleanup_free_ char *before = snapshot();

	expect(1, args);
	says(why);
	says("to mend: ");
	same(before);
}

static void test_foreign(void **st)
{
	(void)st;
	put(LINK, "#!/bin/sh\n");
	refuses("install", LINK " is not changed: xlpt did not write it");
	assert_string_equal(state(XLPT_SENTRY_XL), "not xlpt's");
	expect(0, "install xendomains");
	expect(0, "remove");
	assert_int_equal(host->ops->unlink(host, LINK), 0);
	assert_int_equal(host->ops->symlink(host, "/usr/sbin/xl", LINK), 0);
	refuses("install xl", LINK " is not changed: xlpt did not write it");
	expect(0, "remove");
	assert_int_equal(host->ops->unlink(host, LINK), 0);

	put(DROPIN, "[Service]\nEnvironment=MINE=1\n");
	refuses("install", "xlpt did not write it");
	refuses("install libvirt --force", "xlpt did not write it");
	expect(0, "remove");
	says("nothing to change");
	assert_int_equal(host->ops->unlink(host, DROPIN), 0);

	put(XENDOM, "# >>> xlpt guard 0.1.0\nmine\n");
	refuses("install xendomains", "lost their first or last line");
	refuses("remove", "lost their first or last line");
	assert_int_equal(host->ops->unlink(host, XENDOM), 0);
	put("/etc/real", "x\n");
	assert_int_equal(host->ops->symlink(host, "../real", XENDOM), 0);
	refuses("install xendomains", "a link");
}

static void test_changed(void **st)
{
	_cleanup_free_ char *before = snapshot(), *text = NULL, *edited = NULL, *drop = NULL;

	(void)st;
	expect(0, "install");
	text = text_of(XENDOM);
	edited = xlpt_xasprintf("%.*s# my own\n# <<< xlpt guard\nLATER=1\n",
				(int)(strstr(text, "# <<<") - text), text);
	put(XENDOM, edited);
	assert_string_equal(state(XLPT_SENTRY_XENDOMAINS), "changed by hand");
	refuses("install", "changed by hand");
	refuses("remove xendomains", "changed by hand");
	expect(0, "install --force");
	assert_string_equal(state(XLPT_SENTRY_XENDOMAINS), "installed");
	expect(0, "remove xendomains");
	free(XLPT_TAKE(text));
	text = text_of(XENDOM);
	assert_string_equal(text, "# mine\nXENDOMAINS_SAVE=/var/lib/xen/save\nLATER=1\n");

	drop = text_of(DROPIN);
	free(XLPT_TAKE(edited));
	edited = xlpt_xasprintf("%sEnvironment=MINE=1\n", drop);
	put(DROPIN, edited);
	assert_string_equal(state(XLPT_SENTRY_LIBVIRT), "changed by hand");
	refuses("remove", "changed by hand");
	expect(0, "remove --force");
	put(XENDOM, "# mine\nXENDOMAINS_SAVE=/var/lib/xen/save");
	mode(XENDOM, 0640);
	same(before);
}

/* In place of one word another, in a file. */
static void replace(const char *path, const char *from, const char *to)
{
	_cleanup_free_ char *text = text_of(path);
	_cleanup_str_ struct xlpt_str s = { 0 };
	char *at = text, *next;

	while ((next = strstr(at, from))) {
		xlpt_str_addn(&s, at, (size_t)(next - at));
		xlpt_str_add(&s, to);
		at = next + strlen(from);
	}
	xlpt_str_add(&s, at);
	put(path, xlpt_str_get(&s));
}

static void test_another_xlpt(void **st)
{
	_cleanup_free_ char *installed = NULL;

	(void)st;
	expect(0, "install");
	installed = snapshot();
	replace(XENDOM, XLPT_VERSION, "0.0.1");
	replace(XENDOM, "shut down", "switched off");
	mode(XENDOM, 0640);
	replace(DROPIN, XLPT_VERSION, "0.0.1");
	assert_string_equal(state(XLPT_SENTRY_XENDOMAINS), "of another xlpt");
	assert_string_equal(state(XLPT_SENTRY_LIBVIRT), "of another xlpt");
	expect(0, "install");
	all_are("installed");
	same(installed);
	/* The same version in another prefix: the old one's files are not called changed. */
	put("/usr/lib/xlpt/guard/xl", "ELF");
	mode("/usr/lib/xlpt/guard/xl", 0755);
	assert_int_equal(host->ops->unlink(host, PROGRAM), 0);
	assert_string_equal(state(XLPT_SENTRY_XL), "broken");
	assert_string_equal(state(XLPT_SENTRY_XENDOMAINS), "of another xlpt");
	assert_string_equal(state(XLPT_SENTRY_LIBVIRT), "of another xlpt");
	expect(0, "status");
	says("it leads to " PROGRAM ", which is not there");
	expect(0, "install");
	all_are("installed");
}

static void test_no_program(void **st)
{
	(void)st;
	assert_int_equal(host->ops->unlink(host, PROGRAM), 0);
	refuses("install", "the guard's program is not installed");
}

static void test_folder(void **st)
{
	_cleanup_free_ char *before = snapshot();

	(void)st;
	/* An xl that was built from source is where the link would go. */
	assert_int_equal(host->ops->rename(host, "/usr/sbin/xl", LINK), 0);
	refuses("install xl", "comes before it in root's PATH");
	put("/opt/first/.keep", "");
	put("/etc/login.defs", "ENV_SUPATH PATH=/opt/first:/usr/local/sbin:/usr/sbin\n");
	expect(0, "install xl --dir /opt/first");
	assert_string_equal(state(XLPT_SENTRY_XL), "installed");
	expect(0, "status");
	says("runs /opt/first/xl, the guard");
	says("behind the guard: " LINK);
	expect(0, "remove");
	assert_false(xlpt_host_has(host, "/opt/first/xl"));
	assert_int_equal(host->ops->rename(host, LINK, "/usr/sbin/xl"), 0);
	put("/etc/login.defs",
	    "#ENV_SUPATH no\nENV_SUPATH\tPATH=/usr/local/sbin:/usr/sbin:/sbin\n");
	same(before);
}

static void test_notes(void **st)
{
	(void)st;
	put("/etc/sudoers",
	    "#Defaults secure_path=/x\nDefaults\tsecure_path=\"/usr/sbin:/usr/local/sbin\"\n");
	put("/etc/sudoers.d/old.bak", "Defaults secure_path=/usr/sbin\n");
	put("/etc/crontab", "XPATH=/x\nPATH=/usr/local/sbin:/usr/sbin\n");
	process(77, "libvirtd", "/usr/sbin/libvirtd", 0);
	put("/proc/77/environ", "A=1");
	put("/etc/default/libvirt-guests", "#ON_SHUTDOWN=suspend\nON_SHUTDOWN=suspend\n");
	expect(0, "install");
	says("sudo (secure_path in /etc/sudoers) finds /usr/sbin/xl first, not the guard");
	says("libvirtd (process 77) runs without the guard");
	says("write ON_SHUTDOWN=shutdown into /etc/default/libvirt-guests");
	assert_null(strstr(said, "old.bak"));
	assert_null(strstr(said, "cron"));
	expect(0, "status");
	says("cron (PATH in /etc/crontab) runs " LINK ", the guard");
	put("/proc/77/environ", "LIBXL_SAVE_HELPER=/usr/local/lib/xlpt/guard/libxl-save-helper");
	expect(0, "status --json");
	assert_null(strstr(said, "process 77"));
	expect(0, "remove");
	says("libvirtd (process 77) runs with the guard");
	/* A login that does not find it. */
	put("/etc/login.defs", "ENV_SUPATH PATH=/usr/sbin:/usr/local/sbin\n");
	expect(0, "install xl");
	assert_string_equal(state(XLPT_SENTRY_XL), "shadowed");
}

/* ---- every operation fails once ---- */

static struct xlpt_host_ops failing;
static int fail_in;

static bool fails(void)
{
	return fail_in && --fail_in == 0;
}

static int f_open(struct xlpt_host *h, const char *path, int flags, mode_t m)
{
	return flags & O_CREAT && fails() ? -ENOSPC : xlpt_host_real_ops.open(h, path, flags, m);
}

static int f_mkdir(struct xlpt_host *h, const char *path, mode_t m)
{
	return fails() ? -EROFS : xlpt_host_real_ops.mkdir(h, path, m);
}

static int f_unlink(struct xlpt_host *h, const char *path)
{
	/* Not the temporary file of a failed write, nor a journal whose operation is over. */
	bool after = xlpt_file_is_unfinished(path + 1) || xlpt_starts(path, "/run/xlpt/journal/");

	return !after && fails() ? -EROFS : xlpt_host_real_ops.unlink(h, path);
}

static int f_rename(struct xlpt_host *h, const char *from, const char *to)
{
	return fails() ? -EIO : xlpt_host_real_ops.rename(h, from, to);
}

static int f_symlink(struct xlpt_host *h, const char *target, const char *path)
{
	return fails() ? -EPERM : xlpt_host_real_ops.symlink(h, target, path);
}

/* Returns how many operations it has; after each failure all is as it was. */
static int fail_each(const char *args)
{
	_cleanup_free_ char *before = snapshot();
	const struct xlpt_host_ops *ops = host->ops;

	failing = *ops;
	failing.open = f_open;
	failing.mkdir = f_mkdir;
	failing.unlink = f_unlink;
	failing.rename = f_rename;
	failing.symlink = f_symlink;
	host->ops = &failing;
	for (int n = 1;; n++) {
		int status;

		fail_in = n;
		status = run(args);
		if (fail_in) {
			assert_int_equal(status, 0);
			fail_in = 0;
			host->ops = ops;
			return n - 1;
		}
		if (status != 1)
			fail_msg("operation %d of guard %s fails: exit %d: %s", n, args, status,
				 said);
		fail_in = 0;
		same(before);
	}
}

static void test_failures(void **st)
{
	_cleanup_free_ char *before = snapshot();

	(void)st;
	assert_true(fail_each("install") > 5);
	all_are("installed");
	assert_true(fail_each("remove") > 3);
	same(before);
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_bad_blocks),
		cmocka_unit_test_setup_teardown(test_there_and_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_single_parts, setup, teardown),
		cmocka_unit_test(test_xendomains_block),
		cmocka_unit_test_setup_teardown(test_sleep, setup, teardown),
		cmocka_unit_test_setup_teardown(test_foreign, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_another_xlpt, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_program, setup, teardown),
		cmocka_unit_test_setup_teardown(test_folder, setup, teardown),
		cmocka_unit_test_setup_teardown(test_notes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failures, setup, teardown),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
