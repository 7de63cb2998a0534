/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Entries of host.conf that cannot all be true, and files of it that cannot be read. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/applying.h"

#define apply_test(f) cmocka_unit_test_setup_teardown(f, apply_setup, world_teardown)

/* Says no to --check and to apply with the same words, and the host is as it was. */
static void contradicts(struct world *w, int status, const char *text, const char *words)
{
	_cleanup_free_ char *before = NULL, *after = NULL;

	conf(w, text);
	before = host_text(w);
	answers(w, status, "apply --check", words);
	answers(w, status, "apply", words);
	after = host_text(w);
	assert_string_equal(before, after);
	assert_false(world_journals(w));
}

static void test_one_device(void **state)
{
	struct world *w = *state;

	contradicts(w, 2, "[vfs 01:00.0]\ncount = 3\n[vfs enp1s0]\ncount = 4\n",
		    "host.conf:3:1: two sections say how many virtual functions there are of "
		    "0000:01:00.0");
	contradicts(w, 2, "[vfs 01:00.0]\ncount = 3\n[vfs enp1s0]\ncount = 3\n", "two sections");
	contradicts(w, 2,
		    "[allow-split 02:00.0]\n[allow-split all]\nmatch = 8086:10d3\ncount = 4\n"
		    "reason = they are mine\n",
		    "host.conf:2:1: two sections allow to split 0000:02:00.0");
	contradicts(w, 2,
		    "[hide 02:00.0]\nat = now\n[hide all]\nmatch = 8086:10d3\ncount = 4\n"
		    "at = boot\n",
		    "host.conf:3:1: two sections hide 0000:02:00.0");
}

/* Hidden, and the maker of virtual functions; or one of those that go. */
static void test_hidden(void **state)
{
	static const char *const at[] = { "now", "boot", "boot, now" };
	struct world *w = *state;

	ok(w, "vf remove 01:00.0");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(at); i++) {
		_cleanup_free_ char *text =
			xlpt_xasprintf("[vfs enp1s0]\ncount = 2\n[hide 01:00.0]\nat = %s\n"
				       "force-host-device = yes\n",
				       at[i]);

		contradicts(w, 2, text,
			    "host.conf:3:1: 0000:01:00.0 is to be hidden, and is to have virtual "
			    "functions");
	}
	ok(w, "vf create 01:00.0 4");
	contradicts(w, 3, "[vfs enp1s0]\ncount = 1\n[hide 01:10.6]\nat = now\n",
		    "host.conf:3:1: 0000:01:10.6 cannot be hidden");
	contradicts(w, 3, "[hide 01:10.6]\nat = now\n[vfs enp1s0]\ncount = 7\n",
		    "there are 4 now, and /etc/xlpt/host.conf, line 3, says 7");
	conf(w, "[hide 01:10.6]\nat = now\n[vfs enp1s0]\ncount = 4\n");
	ok(w, "apply");
	ok(w, "unhide 01:10.6");
	ok(w, "vf remove 01:00.0");
	conf(w, "[hide 01:00.0]\nat = now\nforce-host-device = yes\n[vfs enp1s0]\ncount = 0\n");
	ok(w, "apply");
}

/* What a link into a file system that is not mounted says is not "nothing". */
static void test_links(void **state)
{
	static const struct {
		const char *path, *words;
	} all[] = {
		{ CONF, "cannot read /etc/xlpt/host.conf: No such file" },
		{ "/etc/xlpt/host.conf.d", "cannot read /etc/xlpt/host.conf.d: No such file" },
		{ "/etc/xlpt/host.conf.d/site.conf",
		  "cannot read /etc/xlpt/host.conf.d/site.conf: No such file" },
		{ "/etc/xlpt/xlpt.conf", "cannot read /etc/xlpt/xlpt.conf: No such file" },
		{ "/etc/xlpt/xlpt.conf.d/site.conf",
		  "cannot read /etc/xlpt/xlpt.conf.d/site.conf: No such file" },
	};
	struct world *w = *state;

	fake_bus_put(w->bus, "/etc/xlpt/rack.conf", "[pin nic0]\ndevice = 02:00.0\n");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(all); i++) {
		bool settings = strstr(all[i].path, "xlpt.conf") != NULL;

		fake_bus_link(w->bus, all[i].path, "/srv/not-mounted");
		answers(w, 1, settings ? "attach web1 05:00.0" : "apply --prune", all[i].words);
		assert_non_null(strstr(w->err, "a link to something that is not there"));
		assert_int_equal(
			fake_bus_host(w->bus)->ops->unlink(fake_bus_host(w->bus), all[i].path), 0);
	}
	assert_int_equal(
		fake_bus_host(w->bus)->ops->rmdir(fake_bus_host(w->bus), "/etc/xlpt/host.conf.d"),
		0);
	fake_bus_put(w->bus, "/etc/xlpt/host.conf.d", "a file");
	answers(w, 1, "apply --prune", "cannot read /etc/xlpt/host.conf.d: Not a directory");
}

/* curl ... | xlpt apply --prune -, and curl has failed: nothing is taken back. */
static void test_empty_input(void **state)
{
	struct world *w = *state;
	int before = dup(STDIN_FILENO), empty = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(before >= 0 && empty >= 0 && dup2(empty, STDIN_FILENO) == STDIN_FILENO);
	answers(w, 2, "apply --prune -", "nothing came on standard input");
	assert_int_equal(lseek(empty, 0, SEEK_SET), 0);
	answers(w, 2, "apply -", "nothing came on standard input");
	assert_int_equal(dup2(before, STDIN_FILENO), STDIN_FILENO);
	close(before);
	close(empty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		apply_test(test_one_device),
		apply_test(test_hidden),
		apply_test(test_links),
		apply_test(test_empty_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
