/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xlpt batch: requests as JSON lines, answers as JSON lines. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <json-c/json.h>

#include "tests/unit/commands.h"
#include "xl-plugin/cli/output.h"

struct answers {
	int status;
	struct json_object *of[8];
	size_t n;
	char *err;
};

static void answers_dispose(struct answers *a)
{
	for (size_t i = 0; i < a->n; i++)
		json_object_put(a->of[i]);
	free(a->err);
}

/* Runs "xlpt batch" on the world with these requests. */
static struct answers batch(struct world *w, const char *requests, size_t len)
{
	char *argv[] = { (char[]){ "xlpt" }, (char[]){ "batch" }, NULL }, *out = NULL, *save = NULL;
	struct answers a = { 0 };
	struct xlpt_env env = world_env(w);
	size_t out_len, err_len;

	env.in = fmemopen((void *)requests, len, "r");
	env.out = open_memstream(&out, &out_len);
	env.err = open_memstream(&a.err, &err_len);
	a.status = xlpt_run(2, argv, &env);
	fclose(env.out);
	fclose(env.err);
	fclose(env.in);
	for (char *s = strtok_r(out, "\n", &save); s; s = strtok_r(NULL, "\n", &save)) {
		assert_true(a.n < XLPT_ARRAY_SIZE(a.of));
		a.of[a.n] = json_tokener_parse(s);
		assert_true(json_object_is_type(a.of[a.n++], json_type_object));
	}
	free(out);
	return a;
}

static struct json_object *member(struct json_object *o, const char *key)
{
	struct json_object *v = NULL;

	if (!json_object_object_get_ex(o, key, &v))
		fail_msg("no %s in %s", key, json_object_to_json_string(o));
	return v;
}

static void is(struct json_object *o, const char *id, int status, const char *says)
{
	assert_int_equal(json_object_get_int(member(o, "schema")), XLPT_JSON_SCHEMA);
	assert_string_equal(json_object_to_json_string(member(o, "id")), id);
	assert_int_equal(json_object_get_int(member(o, "exit")), status);
	if (!strstr(json_object_to_json_string(o), says))
		fail_msg("no \"%s\" in %s", says, json_object_to_json_string(o));
}

/* Of all kinds, one after the other: none leaves anything for the next. */
static void test_many(void **state)
{
	static const char requests[] =
		"{\"id\": 1, \"argv\": [\"list\", \"03:00.0\"]}\n"
		"\n"
		"{\"id\": \"two\", \"argv\": [\"attach\", \"web1\", \"03:00.0\"]}\n"
		"{\"id\": 3, \"argv\": [\"attach\", \"--hide\", \"web1\", \"03:00.0\"]}\n"
		"{\"id\": 4, \"argv\": [\"detach\", \"web1\", \"03:00.0\"]}\n"
		"{\"id\": 5, \"argv\": [\"attach\", \"db1\", \"03:00.0\"]}\n"
		"{\"id\": 6, \"argv\": [\"frobnicate\"]}\n"
		"{\"id\": 7, \"argv\": [\"list\", \"--help\"]}\n"
		"{\"id\": 8, \"argv\": [\"status\", \"db1\"]}"; /* no line break at the end */
	struct answers a = batch(*state, requests, strlen(requests));

	assert_int_equal(a.status, 0);
	assert_int_equal(a.n, 8);
	is(a.of[0], "1", 0, "\"bdf\": \"0000:03:00.0\"");
	is(a.of[1], "\"two\"", 1, "\"code\": \"not-hidden\"");
	is(a.of[2], "3", 0, "\"attached\"");
	is(a.of[3], "4", 0, "\"detached\"");
	is(a.of[4], "5", 0, "\"attached\"");
	is(a.of[5], "6", 2, "there is no command");
	is(a.of[6], "7", 0, "Usage: xlpt list");
	is(a.of[7], "8", 0, "\"assigned\"");
	assert_int_equal(json_object_array_length(member(a.of[6], "answers")), 0);
	assert_int_equal(json_object_array_length(member(a.of[7], "answers")), 1);
	answers_dispose(&a);
}

/* Whatever comes, it has an answer that says where it stood, and the next one is read. */
static void test_hostile(void **state)
{
	static const struct {
		const char *line;
		size_t len; /* 0: the string's */
		const char *says;
	} cases[] = {
		{ "[]", 0, "it is JSON, and no object" },
		{ "{", 0, "unexpected end" },
		{ "\xff\xfe", 0, "at byte 1" },
		{ "{}", 0, "it has no id" },
		{ "{\"id\": 1}", 0, "argv is no list" },
		{ "{\"id\": 1, \"argv\": []}", 0, "argv is no list" },
		{ "{\"id\": 1, \"argv\": \"list\"}", 0, "argv is no list" },
		{ "{\"id\": 1, \"argv\": [1]}", 0, "a word of argv is no string" },
		{ "{\"id\": 1, \"argv\": [\"a\\u0000b\"]}", 0, "has a NUL in it" },
		{ "{\"id\": 1.5, \"argv\": [\"list\"]}", 0, "id is no whole number" },
		{ "{\"id\": [1], \"argv\": [\"list\"]}", 0, "id is no whole number" },
		{ "{\"id\": 123456789012345678901, \"argv\": [\"list\"]}", 0, "64 bits" },
		{ "{\"id\": -123456789012345678901, \"argv\": [\"list\"]}", 0, "64 bits" },
		{ "{\"id\": 1, \"argv\": [\"list\"], \"more\": 1}", 0, "neither id nor argv" },
		{ "{\"id\": 1, \"argv\": [\"--json\", \"batch\"]}", 0, "a batch in a batch" },
		{ "{\"id\": 1, \"argv\": [\"list\"]} {}", 0, "unexpected character" },
		{ "{\"id\": 1,\0\"argv\": []}", 19, "it has a NUL in it" },
	};

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_str_ struct xlpt_str s = { 0 };
		struct answers a;

		xlpt_str_add(&s, "\n");
		xlpt_str_addn(&s, cases[i].line,
			      cases[i].len ? cases[i].len : strlen(cases[i].line));
		xlpt_str_add(&s, "\n{\"id\": 9, \"argv\": [\"--version\"]}\n");
		a = batch(*state, s.s, s.len);
		assert_int_equal(a.status, 0);
		assert_int_equal(a.n, 2);
		assert_int_equal(json_object_get_int(member(a.of[0], "exit")), 2);
		is(a.of[0], json_object_to_json_string(member(a.of[0], "id")), 2, cases[i].says);
		is(a.of[0], json_object_to_json_string(member(a.of[0], "id")), 2, "\"line\": 2");
		is(a.of[1], "9", 0, "\"version\"");
		answers_dispose(&a);
	}
}

/* What never ends would keep all the others waiting. */
static void test_monitor(void **state)
{
	static const char requests[] = "{\"id\": 1, \"argv\": [\"monitor\"]}\n"
				       "{\"id\": 2, \"argv\": [\"--version\"]}\n";
	struct answers a = batch(*state, requests, strlen(requests));

	assert_int_equal(a.n, 2);
	is(a.of[0], "1", 2, "cannot be a request of batch");
	is(a.of[1], "2", 0, "\"version\"");
	answers_dispose(&a);
}

/* A line without end is not kept, and the one behind it is read. */
static void test_long(void **state)
{
	_cleanup_str_ struct xlpt_str s = { 0 };
	struct answers a;

	xlpt_str_add(&s, "{\"id\": 1, \"argv\": [\"");
	for (int i = 0; i < 20000; i++)
		xlpt_str_add(&s, "xxxxxxxxxx");
	xlpt_str_add(&s, "\"]}\n{\"id\": 2, \"argv\": [\"--version\"]}\n");
	a = batch(*state, s.s, s.len);
	assert_int_equal(a.n, 2);
	is(a.of[0], "null", 2, "more than 65536 bytes");
	is(a.of[1], "2", 0, "\"version\"");
	answers_dispose(&a);
}

/* The signal undoes the attach that runs; that is answered, and nothing after it is begun. */
static void test_signal(void **state)
{
	static const char requests[] = "{\"id\": 1, \"argv\": [\"list\"]}\n"
				       "{\"id\": 2, \"argv\": [\"hide\", \"03:00.0\"]}\n"
				       "{\"id\": 3, \"argv\": [\"hide\", \"02:00.0\"]}\n";
	struct world *w = *state;
	_cleanup_free_ char *before = w->snapshot(w), *after = NULL;
	struct answers a;

	w->stop_at = 1;
	a = batch(w, requests, strlen(requests));
	assert_int_equal(a.status, 1);
	assert_int_equal(a.n, 2);
	is(a.of[0], "1", 0, "\"devices\"");
	is(a.of[1], "2", 1, "\"stopped\"");
	assert_non_null(strstr(a.err, "stopped by SIGTERM"));
	after = w->snapshot(w);
	assert_string_equal(before, after);
	answers_dispose(&a);
}

/* What a request has changed stays changed when nobody can be told: that is not "nothing was done". */
static void test_full(void **state)
{
	static const char *const requests[] = {
		"{\"id\": 1, \"argv\": [\"list\"]}\n",
		"{\"id\": 1, \"argv\": [\"hide\", \"03:00.0\"]}\n"
	};
	struct world *w = *state;

	for (int i = 0; i < 2; i++) {
		char *argv[] = { (char[]){ "xlpt" }, (char[]){ "batch" }, NULL };
		_cleanup_free_ char *err = NULL;
		struct xlpt_env env = world_env(w);
		size_t size;

		env.in = fmemopen((void *)(uintptr_t)requests[i], strlen(requests[i]), "r");
		env.out = fopen("/dev/full", "w");
		env.err = open_memstream(&err, &size);
		assert_int_equal(xlpt_run(2, argv, &env), i ? 5 : 1);
		fclose(env.out);
		fclose(env.err);
		fclose(env.in);
		assert_non_null(strstr(err, i ? "everything was done" : "cannot write the output"));
	}
}

/* As main leaves a closed stream: open, and the other way round. Nothing is run, and nothing else is blamed. */
static void test_closed_streams(void **state)
{
	static const struct {
		const char *command, *word, *want;
		int fd, flags;
	} cases[] = {
		{ "batch", NULL, "standard input is closed", 0, O_WRONLY },
		{ "batch", NULL, "standard output is closed", 1, O_RDONLY },
		{ "convert", "-", "cannot read standard input: it is closed", 0, O_WRONLY },
	};

	(void)state;
	for (size_t k = 0; k < XLPT_ARRAY_SIZE(cases); k++) {
		int i = cases[k].fd, kept = dup(i), null = open("/dev/null", cases[k].flags);
		char *argv[] = { (char *)"xlpt", (char *)cases[k].command, (char *)cases[k].word,
				 NULL };
		_cleanup_free_ char *out = NULL, *err = NULL;
		struct xlpt_env env = { .clock = &xlpt_clock_real };
		size_t out_len, err_len;
		int status;

		env.out = open_memstream(&out, &out_len);
		env.err = open_memstream(&err, &err_len);
		dup2(null, i);
		status = xlpt_run(cases[k].word ? 3 : 2, argv, &env);
		dup2(kept, i);
		close(kept);
		close(null);
		fclose(env.out);
		fclose(env.err);
		assert_int_equal(status, 1);
		assert_non_null(strstr(err, cases[k].want));
		assert_non_null(strstr(err, "  to mend: "));
		assert_null(strstr(err, "used up"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { world_test(test_many),
					    world_test(test_hostile),
					    world_test(test_long),
					    world_test(test_monitor),
					    world_test(test_signal),
					    world_test(test_full),
					    cmocka_unit_test(test_closed_streams) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
