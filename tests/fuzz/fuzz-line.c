/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libFuzzer: lines that shells and programs send. The first byte chooses: the words of a command
 * line for completion (each ended by a line break), or a request of a batch, which is JSON. What is
 * offered is plain and begins a new line; each request has one answer, with its id. Only commands
 * that look are let through: the world is a fake, the files that a command may write are not.
 */
#include <json-c/json.h>
#include <string.h>

#include "core/text.h"
#include "tests/fake/world.h"
#include "xl-plugin/cli/output.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct world *world;

static int run(int argc, char **argv, FILE *in, char **out)
{
	char *err = NULL;
	size_t out_len, err_len;
	struct xlpt_env env = {
		.clock = &world->clock.clock,
		.host = fake_bus_host(world->bus),
		.store = fake_store_get(world->store),
		.ts = fake_ts_get(world->ts),
		.rtnl = fake_rtnl_get(world->rtnl),
		.pci_ids = "tests/data/pci.ids",
		.in = in,
	};
	int status;

	env.out = open_memstream(out, &out_len);
	env.err = open_memstream(&err, &err_len);
	status = xlpt_run(argc, argv, &env);
	fclose(env.out);
	fclose(env.err);
	free(err);
	return status;
}

static void complete(char *text)
{
	char *argv[64] = { (char[]){ "xlpt" }, (char[]){ "__complete" }, (char[]){ "line" },
			   (char[]){ "--" } },
	     *out = NULL;
	int argc = 4;

	for (char *s = text, *next; s && argc < 60; s = next) {
		next = strchr(s, '\n');
		if (next)
			*next++ = '\0';
		argv[argc++] = s;
	}
	run(argc, argv, NULL, &out);
	for (char *s = out, *end; *s; s = end + 1) {
		end = strchr(s, '\n');
		if (!end || end == s)
			abort();
		*end = '\0';
		/* A word, and behind a tabulator its help. */
		if (strchr(s, '\t'))
			*strchr(s, '\t') = ' ';
		if (!xlpt_text_is_plain(s))
			abort();
	}
	free(out);
}

/* Whether the request is one that this target may run: it cannot be read, or it only looks. */
static bool harmless(const char *text)
{
	static const char *const looks[] = { "list", "status",	"__complete",
					     "find", "version", "topology" };
	struct json_tokener *tok = json_tokener_new();
	struct json_object *root = json_tokener_parse_ex(tok, text, -1), *words = NULL, *first;
	bool ok = !root;

	json_tokener_free(tok);
	if (json_object_is_type(root, json_type_object) &&
	    json_object_object_get_ex(root, "argv", &words) &&
	    json_object_is_type(words, json_type_array) && json_object_array_length(words)) {
		first = json_object_array_get_idx(words, 0);
		for (size_t i = 0;
		     i < XLPT_ARRAY_SIZE(looks) && json_object_is_type(first, json_type_string);
		     i++)
			ok |= !strcmp(json_object_get_string(first), looks[i]);
	} else {
		ok = true;
	}
	json_object_put(root);
	return ok;
}

static void request(const char *text, size_t len)
{
	char *argv[] = { (char[]){ "xlpt" }, (char[]){ "batch" }, NULL }, *out = NULL;
	size_t lines = 0, answers = 0;
	FILE *in;

	if (!len || strlen(text) != len || !harmless(text))
		return;
	for (const char *s = text; *s; s++)
		if (*s == '\n')
			return;
	lines = 1;
	in = fmemopen((void *)text, len, "r");
	if (!in)
		abort();
	run(2, argv, in, &out);
	fclose(in);
	for (char *s = out, *end; *s; s = end + 1) {
		struct json_object *o;

		end = strchr(s, '\n');
		if (!end)
			abort();
		*end = '\0';
		o = json_tokener_parse(s);
		if (!json_object_is_type(o, json_type_object) ||
		    !json_object_object_get_ex(o, "exit", NULL) ||
		    !json_object_object_get_ex(o, "id", NULL))
			abort();
		json_object_put(o);
		answers++;
	}
	if (answers != lines)
		abort();
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = NULL;

	if (size < 2 || size > 4096)
		return 0;
	world = world ? world : world_new();
	text = xlpt_xstrndup((const char *)data + 1, size - 1);
	if (data[0] & 1)
		complete(text);
	else
		request(text, size - 1);
	return 0;
}
