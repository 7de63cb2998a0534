/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One request of batch: a line is read, its command runs, and what it printed is the answer. */
#include "xl-plugin/cli/batch.h"

#include <string.h>

#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"

#define MAX_WORDS 256
#define MAX_ID	  256

struct request {
	struct json_object *root; /* holds id and the words */
	struct json_object *id;	  /* NULL: none was read */
	char *argv[MAX_WORDS + 2];
	int argc;
};

static int wrong(struct xlpt_diag *diag, unsigned line, const char *why)
{
	xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "this is no request");
	xlpt_diag_fact(diag, "%s", why);
	xlpt_diag_hint(diag, "{\"id\": 1, \"argv\": [\"list\"]}");
	xlpt_diag_at(diag, "standard input", line, 0);
	return XLPT_ERR_SYNTAX;
}

/* argv, as main gets it; the words stay root's. */
static const char *take_words(struct request *r, struct json_object *words)
{
	size_t n =
		json_object_is_type(words, json_type_array) ? json_object_array_length(words) : 0;

	if (!n || n > MAX_WORDS)
		return "argv is no list of 1 to 256 words";
	r->argv[r->argc++] = (char *)"xlpt";
	for (size_t i = 0; i < n; i++) {
		struct json_object *word = json_object_array_get_idx(words, i);
		const char *s = json_object_get_string(word);

		if (!json_object_is_type(word, json_type_string) ||
		    strlen(s) != (size_t)json_object_get_string_len(word))
			return "a word of argv is no string, or has a NUL in it";
		if (!strcmp(s, "batch"))
			return "a batch in a batch is not run";
		r->argv[r->argc++] = (char *)s;
	}
	return NULL;
}

static bool too_large(struct json_object *number)
{
	const char *text = json_object_get_string(number);

	return !strcmp(text, "18446744073709551615") || !strcmp(text, "-9223372036854775808");
}

static int parse(struct request *r, const char *text, size_t len, unsigned line,
		 struct xlpt_diag *diag)
{
	_cleanup_free_ char *why = NULL;
	struct json_object *words = NULL;
	const char *bad = NULL;

	if (len > XLPT_BATCH_LINE || strlen(text) != len)
		return wrong(diag, line,
			     len > XLPT_BATCH_LINE ? "it has more than 65536 bytes"
						   : "it has a NUL in it");
	r->root = xlpt_json_object_parse(text, &why);
	if (!r->root)
		return wrong(diag, line, why ? why : "it cannot be read");
	json_object_object_foreach(r->root, key, value)
	{
		if (!strcmp(key, "argv"))
			words = value;
		else if (strcmp(key, "id") != 0)
			bad = "it has a member that is neither id nor argv";
		else if ((json_object_is_type(value, json_type_string) ||
			  json_object_is_type(value, json_type_int)) &&
			 strlen(json_object_get_string(value)) <= MAX_ID)
			r->id = value;
		else
			bad = "id is no whole number and no string of at most 256 bytes";
	}
	/* json-c makes the next one that it can hold of a larger number: no id that came. */
	if (!bad && json_object_is_type(r->id, json_type_int) && too_large(r->id)) {
		bad = "id is a larger number than 64 bits can hold";
		r->id = NULL;
	}
	bad = bad ? bad : r->id ? take_words(r, words) : "it has no id";
	return bad ? wrong(diag, line, bad) : 0;
}

/* The seams that a test has filled; its own ones each command opens anew. */
static struct xlpt_env env_for(struct xlpt_env *env)
{
	return (struct xlpt_env){
		.clock = env->clock,
		.host = env->host == &env->own_host ? NULL : env->host,
		.store = env->store == &env->own_store ? NULL : env->store,
		.ts = env->ts == &env->own_ts ? NULL : env->ts,
		.rtnl = env->rtnl == &env->own_rtnl ? NULL : env->rtnl,
		.pci_ids = env->pci_ids,
		.sysroot = env->sysroot,
		.json = true,
		.in_batch = true,
	};
}

/* What was printed: objects into answers; what is none is text. */
static void take_output(struct json_object *root, const char *out, size_t len)
{
	struct json_object *answers = json_object_new_array(), *one;
	struct json_tokener *tok = json_tokener_new();
	size_t at = 0;

	while (tok && at < len && (one = json_tokener_parse_ex(tok, out + at, (int)(len - at)))) {
		json_object_array_add(answers, one);
		at += json_tokener_get_parse_end(tok);
		at += strspn(out + at, " \n");
	}
	if (tok)
		json_tokener_free(tok);
	xlpt_json_add(root, "answers", answers);
	xlpt_json_add(root, "text", at < len ? xlpt_json_str(out + at) : NULL);
}

static struct json_object *lines(const char *text)
{
	struct json_object *a = json_object_new_array();

	while (*text) {
		size_t n = strcspn(text, "\n");

		json_object_array_add(a, json_object_new_string_len(text, (int)n));
		text += n + (text[n] == '\n');
	}
	return a;
}

void xlpt_batch_answer(struct xlpt_env *env, const char *text, size_t len, unsigned line)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_free_ char *out = NULL, *err = NULL;
	struct json_object *root = json_object_new_object();
	struct xlpt_env sub = env_for(env);
	struct request r = { 0 };
	size_t out_len, err_len;
	int status;

	sub.out = open_memstream(&out, &out_len);
	sub.err = open_memstream(&err, &err_len);
	status = parse(&r, text, len, line, &diag);
	if (status) {
		status = xlpt_err_exit(status);
		xlpt_print_diag(&sub, &diag);
	} else {
		status = xlpt_run(r.argc, r.argv, &sub);
		env->done |= sub.done;
	}
	fclose(sub.out);
	fclose(sub.err);
	xlpt_json_add(root, "id", json_object_get(r.id));
	xlpt_json_add(root, "exit", json_object_new_int(status));
	take_output(root, out, out_len);
	xlpt_json_add(root, "diagnoses", lines(err));
	json_object_put(r.root);
	env->compact = true;
	xlpt_print_json(env, root);
	xlpt_out_flush(env);
}
