/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xlpt check: what it finds, and that attach and start come to the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/pooling.h"

/* Of one line of what check printed. */
static bool has_line(const char *out, const char *begins, const char *says)
{
	for (const char *l = out; l; l = strchr(l, '\n')) {
		const char *end;

		l += *l == '\n';
		end = strchr(l, '\n');
		if (!end)
			break;
		if (!strncmp(l, begins, strlen(begins)) &&
		    memmem(l, (size_t)(end - l), says, strlen(says)))
			return true;
	}
	return false;
}

static void finds(struct world *w, const char *begins, const char *says)
{
	if (!has_line(w->out, begins, says))
		fail_msg("no line \"%s...%s\" in\n%s%s", begins, says, w->out, w->err);
}

static void mends(struct world *w, const char *says)
{
	finds(w, "  to mend: ", says);
}

static void finds_not(struct world *w, const char *begins, const char *says)
{
	if (has_line(w->out, begins, says))
		fail_msg("a line \"%s...%s\" in\n%s%s", begins, says, w->out, w->err);
}

/* check exits so and changes nothing; attach with the same words comes to the same. */
static void both(struct world *w, int want, const char *words)
{
	_cleanup_free_ char *before = pools_snapshot(w), *after = NULL, *checked = NULL,
			    *checked_err = NULL;
	int status = world_run(w, "check %s", words);

	after = pools_snapshot(w);
	assert_string_equal(before, after);
	checked = XLPT_TAKE(w->out);
	checked_err = XLPT_TAKE(w->err);
	if (status != want)
		fail_msg("xlpt check %s: exit %d, want %d\n%s%s", words, status, want, checked,
			 checked_err);
	status = world_run(w, "attach %s", words);
	if (status != want)
		fail_msg("xlpt attach %s: exit %d, check says %d\n%s%s\n%s", words, status, want,
			 w->out, w->err, checked);
	free(w->out);
	free(w->err);
	w->out = XLPT_TAKE(checked);
	w->err = XLPT_TAKE(checked_err);
}

static void test_works(void **state)
{
	struct world *w = *state;

	both(w, 0, "web1 05:00.0");
	finds(w, "ok: endpoint: ", "0000:05:00.0 is an endpoint");
	finds(w, "ok: in use: ", "no guest has 0000:05:00.0, in xenstore and in the hypervisor");
	finds(w, "ok: hidden: ", "pciback has it");
	finds(w, "ok: guest type: ", "web1 is a PV guest");
	finds(w, "xlpt attach would work", "");
	finds_not(w, "fails", "");
	ok(w, "detach web1 05:00.0");
	both(w, 0, "web1 --hide 02:00.0 03:00.0");
	finds(w, "ok: hidden: ", "0000:02:00.0 is taken from its driver e1000e first");
	assert_null(strstr(w->out, "would move"));
}

/* Not the first refusal alone, and the worst first. */
static void test_all_at_once(void **state)
{
	struct world *w = *state;

	both(w, 1, "pvh1 02:00.0 00:01.0 7f:00.0 00:1f.2");
	finds(w, "fails: there: no PCI device 0000:7f:00.0", "");
	finds(w, "fails: guest type: pvh1 is a PVH guest", "");
	finds(w, "fails: hidden: 0000:02:00.0 is not hidden", "its driver is e1000e");
	mends(w, "add --hide, or run xlpt hide 0000:02:00.0 first");
	finds(w, "fails: endpoint: 0000:00:01.0 is a bridge", "");
	finds(w, "fails: host needs: this host needs 0000:00:1f.2", "sda1");
	finds(w, "ok: answers: 0000:02:00.0", "");
	assert_true(strstr(w->out, "\nok: ") > strstr(w->out, "fails: host needs"));
	assert_true(!strncmp(w->out, "fails: ", 7));
	assert_non_null(strstr(w->err, "xlpt attach would fail: "));
	/* Once for all devices. */
	assert_null(strstr(strstr(w->out, "is a PVH guest") + 1, "is a PVH guest"));
	/* Of rule and syntax: the same status. */
	both(w, 3, "web1 --hide 00:1f.2");
	both(w, 3, "web1 --hide 04:00.1");
	finds(w, "fails: isolation set: 0000:04:00.1 cannot go to web1 while dom0 uses", "");
	both(w, 2, "web1 02:00");
	both(w, 2, "web1 02:00.0 --allow-split 03:00.0");
	both(w, 1, "nobody 05:00.0");
	finds(w, "fails: guest: ", "no running guest");
}

static void test_same_words(void **state)
{
	struct world *w = *state;

	fake_ts_find(w->ts, 3, NULL)->e820_host = XLPT_OFF;
	both(w, 1, "web1 05:00.0");
	finds(w, "fails: e820_host: ", "");
	both(w, 0, "web1 05:00.0 --without-e820");
	finds(w, "ok: e820_host: ", "although it was created without e820_host");
	both(w, 1, "web1 05:00.0");
	finds(w, "fails: in use: 0000:05:00.0 is already with web1", "");
	both(w, 0, "win1 04:00.1 --hide --allow-split 04:00.1");
	finds(w, "warning: isolation set: ", "is divided");
	answers(w, 2, "check /etc/xen/a.cfg --without-e820", "is for a guest that runs");
}

static void test_json(void **state)
{
	struct world *w = *state;

	assert_int_equal(world_run(w, "check --json web1 02:00.0"), 1);
	assert_non_null(strstr(w->out, "\"works\": false"));
	assert_non_null(strstr(w->out, "\"exit\": 1"));
	assert_non_null(strstr(w->out, "\"state\": \"fails\""));
	assert_non_null(strstr(w->out, "\"code\": \"not-hidden\""));
	assert_null(strstr(w->out, "\"error\""));
	assert_string_equal(w->err, "");
	assert_int_equal(world_run(w, "check --json web1 05:00.0"), 0);
	assert_non_null(strstr(w->out, "\"works\": true"));
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_works, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_all_at_once, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_same_words, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_json, setup, world_teardown),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
