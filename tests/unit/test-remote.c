/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Questions to another host: its answers as they come, long, cut and with something beside them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/commands.h"
#include "xl-plugin/leave/leave.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/backend/real-xl.h"

/* ---- the transport is run ---- */

static char transport[] = "/tmp/xlpt-transport-XXXXXX";

static void transport_is(const char *script)
{
	FILE *f = fopen(transport, "w");

	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n%s\n", script);
	fclose(f);
	assert_int_equal(chmod(transport, 0755), 0);
}

static int ask(int64_t timeout_ms, char **out, int *status, struct xlpt_diag *diag)
{
	return xlpt_xl_remote(NULL, transport, "other", "xlpt --json=compact list", NULL,
			      timeout_ms, status, out, diag);
}

static void test_long_answer(void **state)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_free_ char *out = NULL, *nul = NULL;
	int status;

	(void)state;
	transport_is(
		"printf '{\"devices\":[\"'; head -c 300000 /dev/zero | tr '\\0' x; printf '\"]}\\n'");
	assert_int_equal(ask(10000, &out, &status, NULL), 0);
	assert_int_equal(status, 0);
	assert_int_equal(strlen(out), 300016);
	assert_true(xlpt_starts(out, "{\"devices\""));
	transport_is("printf '{}\\0'");
	assert_int_equal(ask(10000, &nul, &status, &diag), XLPT_ERR_DATA);
	assert_non_null(strstr(diag.message, "no text"));
}

static void test_no_answer(void **state)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_free_ char *out = NULL, *said = NULL;
	int status;

	(void)state;
	transport_is("exec sleep 60");
	assert_int_equal(ask(300, &out, &status, &diag), XLPT_ERR_TIMEOUT);
	assert_non_null(strstr(diag.message, "other does not answer"));
	assert_null(out);
	transport_is("echo $*; echo no route >&2; exit 255");
	assert_int_equal(ask(10000, &said, &status, NULL), 0);
	assert_int_equal(status, 255);
	assert_string_equal(said, "other xlpt --json=compact list\nno route");
}

/* No shell: words go as they are, and what only a shell could do is not done. */
static void test_no_shell(void **state)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_free_ char *out = NULL, *line = NULL, *unsaid = NULL;
	int status;

	(void)state;
	transport_is("for w; do echo \"<$w>\"; done");
	line = xlpt_xasprintf("%s -o 'a b' \\$HOME \"c;d\"", transport);
	assert_int_equal(
		xlpt_xl_remote(NULL, line, "other", "xl list -v", NULL, 10000, &status, &out, NULL),
		0);
	assert_string_equal(out, "<-o>\n<a b>\n<$HOME>\n<c;d>\n<other>\n<xl>\n<list>\n<-v>");
	free(line);
	line = xlpt_xasprintf("%s; touch /tmp/x", transport);
	assert_int_equal(xlpt_xl_remote(NULL, line, "other", "xl list", NULL, 10000, &status,
					&unsaid, &diag),
			 XLPT_ERR_SYNTAX);
	assert_null(unsaid);
}

/* ---- what counts as an answer ---- */

static const char *answer;

static int answers_so(struct xlpt_toolstack *ts, const char *t, const char *host,
		      const char *command, const struct xlpt_image *image, int64_t timeout_ms,
		      int *status, char **out, struct xlpt_diag *diag)
{
	(void)ts, (void)t, (void)host, (void)command, (void)image, (void)diag;
	assert_true(timeout_ms > 0);
	*status = 0;
	*out = xlpt_xstrdup(answer);
	return 0;
}

static const struct xlpt_toolstack_ops stub_ops = { .remote = answers_so };

static void test_strict(void **state)
{
	static const struct {
		const char *text, *why; /* NULL = it is an answer */
	} texts[] = {
		{ "{}", NULL },
		{ " {\"a\": [1, null]}\n\n", NULL },
		{ "", "byte" },
		{ "flr", "byte" },
		{ "\"flr\"", "no object" },
		{ "null", "no object" },
		{ "[{}]", "no object" },
		{ "{\"devices\": [", "byte" },
		{ "{\"devices\": []", "byte" },
		{ "{}{}", "byte" },
		{ "{} Welcome!", "byte" },
		{ "Welcome!\n{}", "byte" },
		{ "{\"a\": 1,}", "byte" },
		{ "{\"a\": \"\xff\"}", "byte" },
	};
	struct xlpt_toolstack ts = { .ops = &stub_ops };
	struct xlpt_env env = { .ts = &ts, .clock = &xlpt_clock_real };

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(texts); i++) {
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		struct json_object *root;

		answer = texts[i].text;
		root = xlpt_leave_ask(&env, "ssh", "other", "list", &diag);
		if (!root != !!texts[i].why || (texts[i].why && !strstr(diag.fact, texts[i].why)))
			fail_msg("\"%s\": %s", texts[i].text, root ? "an answer" : diag.fact);
		json_object_put(root);
	}
}

/* ---- which guest is meant ---- */

#define HEAD "Name                                        ID   Mem VCPUs\tState\tTime(s)   UUID\n"
#define ROW(state, uuid) \
	"web1                      7   256     1     " state "       1.0 " uuid " - -\n"
#define OURS  "3fb64a6b-5a4a-4e60-9a5f-000000000001"
#define OTHER "3fb64a6b-5a4a-4e60-9a5f-000000000002"

static void test_same_name(void **state)
{
	static const struct {
		const char *list;
		bool there, paused;
	} lists[] = {
		{ HEAD, false, false },
		{ HEAD ROW("--p---", OURS), true, true },
		{ HEAD ROW("-b----", OURS), true, false },
		/* Paused by somebody, and nothing of ours: it would be destroyed. */
		{ HEAD ROW("--p---", OTHER), false, false },
		/* A list without UUIDs. */
		{ "web1 7 256 1 --p--- 1.0\n", true, true },
	};
	struct xlpt_guest guest = { .name = (char[]){ "web1" }, .uuid = OURS };
	struct xlpt_toolstack ts = { .ops = &stub_ops };
	struct xlpt_env env = { .ts = &ts, .clock = &xlpt_clock_real };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	bool there, paused;

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(lists); i++) {
		answer = lists[i].list;
		assert_int_equal(xlpt_leave_remote_state(&env, "ssh", "other", &guest, &there,
							 &paused, NULL),
				 0);
		assert_int_equal(there, lists[i].there);
		assert_int_equal(paused, lists[i].paused);
	}
	/* One that runs there is told, not passed over. */
	answer = lists[2].list;
	assert_int_equal(xlpt_leave_remote_destroy(&env, "ssh", "other", &guest, &diag),
			 XLPT_ERR_LEFT);
	assert_non_null(strstr(diag.message, "web1 is on other, too"));
}

static int group_setup(void **state)
{
	int fd = mkstemp(transport);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int group_teardown(void **state)
{
	(void)state;
	return unlink(transport);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_long_answer), cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_no_shell),    cmocka_unit_test(test_strict),
		cmocka_unit_test(test_same_name),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
