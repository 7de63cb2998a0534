/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What repair would do, whatever xenstore says: lines "WDNODE VALUE" on top of what the store of a sound
 * host has; no value: the node is not there. W is the place ('b' backend, 'f' frontend, 'e' and 'E' error
 * nodes, 'd' the domain's, 'n' libxl's notes), D the last digit of the domain's number. Planning ends,
 * changes nothing, says the same when it is asked again, and each contradiction has its sentence and its
 * command. The host is made once; fuzz-repair carries plans out, and makes a host for each input.
 */
#include <ctype.h>
#include <string.h>

#include "tests/fake/world.h"
#include "xl-plugin/repair/contradictions.h"

#define NEED(cond)               \
	do {                     \
		if (!(cond))     \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct world *w;
static char *sound;

static void make_host(void)
{
	_cleanup_free_ char *local = NULL, *libxl = NULL;

	w = world_new();
	NEED(world_run(w, "attach web1 05:00.0") == 0);
	NEED(world_run(w, "attach db1 --hide 03:00.0") == 0);
	local = fake_store_dump(w->store, "/local");
	libxl = fake_store_dump(w->store, "/libxl");
	sound = xlpt_xasprintf("%s%s", local, libxl);
}

static char *path_of(const char *node)
{
	char d = *node && isdigit((unsigned char)node[1]) ? node[1] : '3';
	const char *rest = *node && node[1] ? node + 2 : "";

	switch (*node) {
	case 'b':
		return xlpt_xasprintf("/local/domain/0/backend/pci/%c/0/%s", d, rest);
	case 'f':
		return xlpt_xasprintf("/local/domain/%c/device/pci/0/%s", d, rest);
	case 'e':
		return xlpt_xasprintf("/local/domain/%c/error/device/pci/0/%s", d, rest);
	case 'E':
		return xlpt_xasprintf("/local/domain/0/error/backend/pci/%c/0/%s", d, rest);
	case 'd':
		return xlpt_xasprintf("/local/domain/%c/%s", d, rest);
	default:
		return xlpt_xasprintf("/libxl/pci/%s", rest);
	}
}

static void fill(struct fake_store *f, char *text)
{
	char *save = NULL;
	int lines = 0;

	fake_store_load(f, sound);
	for (char *l = strtok_r(text, "\n", &save); l && lines < 50;
	     l = strtok_r(NULL, "\n", &save), lines++) {
		char *value = strchr(l, ' ');
		_cleanup_free_ char *path = NULL;

		if (value)
			*value++ = '\0';
		for (char *p = l; *p; p++)
			if (!isalnum((unsigned char)*p) && !strchr("-/_@", *p))
				*p = '_';
		path = path_of(l);
		if (!strstr(path, "//") && path[strlen(path) - 1] != '/')
			fake_store_set(f, value, "%s", path);
	}
}

/* Everything that is said, in its order. Caller frees. */
static char *plan(struct fake_store *f, unsigned flags)
{
	struct xlpt_env env = { .clock = &w->clock.clock,
				.host = fake_bus_host(w->bus),
				.store = fake_store_get(f),
				.ts = fake_ts_get(w->ts),
				.rtnl = fake_rtnl_get(w->rtnl),
				.err = stderr };
	_cleanup_contradictions_ struct xlpt_contradictions list = { 0 };
	struct xlpt_str out = { 0 };
	int rc = xlpt_contradictions_find(&env, flags, &list, NULL);

	NEED(rc == 0 || list.n == 0);
	for (size_t i = 0; i < list.n; i++) {
		const struct xlpt_contradiction *c = &list.items[i];

		NEED(c->what && *c->what && c->command && *c->command);
		NEED(!strchr(c->command, '\n') && xlpt_contradiction_cause(c));
		NEED(c->domid >= -1);
		xlpt_str_addf(&out, "%s %s %s %s\n", xlpt_contradiction_name(c), c->what,
			      c->does ? c->does : "-", c->command);
	}
	return xlpt_str_take(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = xlpt_xstrndup((const char *)data, size), *before = NULL,
			    *after = NULL, *first = NULL, *again = NULL;
	struct fake_clock clock;
	struct fake_store *f;

	if (!w)
		make_host();
	fake_clock_init(&clock);
	f = fake_store_new(&clock);
	fill(f, text);
	before = fake_store_dump(f, "/");
	first = plan(f, 0);
	/* It costs as much as the first time. */
	again = size % 8 ? NULL : plan(f, 0);
	NEED(!again || xlpt_streq(first, again));
	after = fake_store_dump(f, "/");
	NEED(xlpt_streq(before, after) && fake_store_transactions(f) == 0);
	fake_store_free(f);
	fake_clock_dispose(&clock);
	return 0;
}

/* Who allocated it matters only once something was found: then run it again without this. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "malloc_context_size=2";
}
