/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/fake/toolstack.h"

#define FIRST_DOMID 60

struct fake_move {
	uint32_t next;
	struct fake_pcifront **fronts;
	size_t n, alloc;
	int (*remote)(void *arg, const char *line, char **out);
	void *arg;
};

static struct fake_ts *fake(struct xlpt_toolstack *ts)
{
	return ts->priv;
}

static struct fake_move *move_of(struct fake_ts *f)
{
	struct fake_move **m = fake_ts_move(f);

	if (!*m) {
		*m = xlpt_xcalloc(1, sizeof(**m));
		(*m)->next = FIRST_DOMID;
	}
	return *m;
}

void fake_move_free(struct fake_move *m)
{
	for (size_t i = 0; m && i < m->n; i++)
		fake_pcifront_stop(m->fronts[i]);
	if (m)
		free(m->fronts);
	free(m);
}

void fake_ts_on_remote(struct fake_ts *f, int (*fn)(void *arg, const char *line, char **out),
		       void *arg)
{
	move_of(f)->remote = fn;
	move_of(f)->arg = arg;
}

static int failed(struct xlpt_diag *diag, const char *what)
{
	xlpt_diag_set(diag, XLPT_ERR_TOOLSTACK, "cannot %s: xl ended with status 1", what);
	xlpt_diag_hint(diag, "mend what xl names");
	return XLPT_ERR_TOOLSTACK;
}

/* A guest of which this is all that is known; its kernel's frontend starts with it. */
static struct xlpt_guest *appear(struct fake_ts *f, const struct xlpt_guest *like, bool paused)
{
	struct fake_move *m = move_of(f);
	struct fake_store *store = fake_ts_store(f);
	struct xlpt_guest *g = fake_ts_guest(f, m->next, like->name, like->type);
	uint32_t domid = m->next++;

	memcpy(g->uuid, like->uuid, sizeof(g->uuid));
	g->paused = paused;
	fake_store_set(store, like->name, "/local/domain/%u/name", domid);
	fake_store_set(store, "", "/local/domain/%u/device", domid);
	if (like->type == XLPT_GUEST_PV) {
		XLPT_GROW(m->fronts, m->n, m->alloc);
		m->fronts[m->n] = fake_pcifront_start(
			store, domid, &(struct fake_pcifront_opts){ .step_ms = 10 });
		fake_ts_frontend(f, domid, m->fronts[m->n++]);
	}
	return fake_ts_find(f, domid, NULL);
}

static void put_image(struct fake_ts *f, FILE *out, const struct xlpt_guest *g, bool cut)
{
	static const struct {
		char ident[8];
		uint32_t head[2], context[2];
		uint64_t marker;
		uint32_t id, version, options[2], domain[4], data[4], end[2], end_all[2];
	} stream = { .ident = { 'L', 'i', 'b', 'x', 'l', 'F', 'm', 't' },
		     .head = { 0x02000000 },
		     .context = { 1 },
		     .marker = UINT64_MAX,
		     .id = 0x464e4558,
		     .version = 0x03000000,
		     .data = { 1, 5 } };
	struct xlpt_toolstack *ts = fake_ts_get(f);
	struct xlpt_str json = { 0 };
	struct xlpt_spec *specs = NULL;
	uint32_t words[4] = { 0x01020304, 3, 0, 0 }, len;
	size_t n = 0;

	xlpt_str_addf(&json,
		      "{\"c_info\":{\"type\":\"%s\",\"name\":\"%s\",\"uuid\":\"%s\","
		      "\"passthrough\":\"enabled\"},\"b_info\":{\"max_memkb\":4096}",
		      xlpt_guest_type_word(g->type), g->name, g->uuid);
	ts->ops->guest_config_pci(ts, g->domid, &specs, &n, NULL);
	for (size_t i = 0; i < n; i++) {
		xlpt_str_addf(
			&json,
			"%s{\"func\":%u,\"dev\":%u,\"bus\":%u,\"domain\":%u,\"power_mgmt\":%s}",
			i ? "," : ",\"pcidevs\":[", specs[i].bdf.func, specs[i].bdf.dev,
			specs[i].bdf.bus, specs[i].bdf.seg,
			specs[i].power_mgmt == XLPT_ON ? "true" : "false");
		xlpt_spec_dispose(&specs[i]);
	}
	free(specs);
	xlpt_str_add(&json, n ? "]}" : "}");
	len = (uint32_t)json.len + 1;
	words[3] = len + 4;
	fwrite("Xen saved domain, xl format\n \0 \r", 32, 1, out);
	fwrite(words, sizeof(words), 1, out);
	fwrite(&len, sizeof(len), 1, out);
	fwrite(json.s, len, 1, out);
	fwrite(&stream, sizeof(stream) - (cut ? 8 : 0), 1, out);
	xlpt_str_dispose(&json);
}

static int ts_save(struct xlpt_toolstack *ts, uint32_t domid, const char *path, const int keep[2],
		   struct xlpt_diag *diag)
{
	struct fake_ts *f = fake(ts);
	struct xlpt_guest *g = fake_ts_find(f, domid, NULL);
	enum fake_ts_depth depth;
	bool fails = fake_ts_fails(f, FAKE_TS_SAVE, &depth);
	FILE *out;

	/* xl holds them while it works. */
	if (keep[0] < 0 || keep[1] < 0 || !g || (fails && depth == FAKE_TS_AT_ONCE))
		return failed(diag, "save the guest");
	out = fopen(path, "w");
	if (!out)
		return failed(diag, "save the guest");
	put_image(f, out, g, fails);
	fclose(out);
	if (fails && depth == FAKE_TS_AFTER_NOTE) {
		g->suspended = g->dying = true;
		return failed(diag, "save the guest");
	}
	g->paused = true;
	return fails && depth == FAKE_TS_AFTER_NODES ? failed(diag, "save the guest") : 0;
}

static int restore(struct fake_ts *f, const struct xlpt_image *image, bool paused,
		   struct xlpt_diag *diag)
{
	_cleanup_free_ char *head = NULL;
	size_t len;
	enum fake_ts_depth depth;
	bool fails = fake_ts_fails(f, FAKE_TS_RESTORE, &depth);
	struct xlpt_guest *g;

	head = xlpt_image_head_without_devices(image, &len);
	if (memmem(head, len, "pcidevs", 7) || (fails && depth == FAKE_TS_AT_ONCE) ||
	    fake_ts_find(f, 0, image->guest.name))
		return failed(diag, "restore the guest");
	g = appear(f, &image->guest, paused || (fails && depth == FAKE_TS_AFTER_NOTE));
	g->dying = fails && depth == FAKE_TS_AFTER_GRANTS;
	return fails ? failed(diag, "restore the guest") : 0;
}

static int ts_restore(struct xlpt_toolstack *ts, const struct xlpt_image *image, bool paused,
		      struct xlpt_diag *diag)
{
	return restore(fake(ts), image, paused, diag);
}

static int ts_rename(struct xlpt_toolstack *ts, uint32_t domid, const char *name,
		     struct xlpt_diag *diag)
{
	struct xlpt_guest *g = fake_ts_find(fake(ts), domid, NULL);

	if (!g || fake_ts_find(fake(ts), 0, name))
		return failed(diag, "rename the guest");
	free(g->name);
	g->name = xlpt_xstrdup(name);
	return 0;
}

static int ts_migrate(struct xlpt_toolstack *ts, uint32_t domid, const char *transport,
		      const char *host, const int keep[2], struct xlpt_diag *diag)
{
	struct fake_ts *f = fake(ts);
	struct xlpt_guest *g = fake_ts_find(f, domid, NULL), like = { 0 };
	enum fake_ts_depth depth;
	bool fails = fake_ts_fails(f, FAKE_TS_MIGRATE, &depth);

	if (keep[0] < 0 || keep[1] < 0 || !g || !*transport || !*host ||
	    (fails && depth == FAKE_TS_AT_ONCE))
		return failed(diag, "migrate the guest");
	xlpt_guest_copy(&like, g);
	if (fails && depth == FAKE_TS_AFTER_NOTE) {
		_cleanup_free_ char *away = xlpt_xasprintf("%s--migratedaway", like.name);

		ts_rename(ts, domid, away, NULL);
		g->suspended = g->dying = true;
		xlpt_guest_dispose(&like);
		return failed(diag, "migrate the guest");
	}
	if (fails && depth == FAKE_TS_AFTER_GRANTS) {
		free(like.name);
		like.name = xlpt_xasprintf("%s--incoming", g->name);
		appear(f, &like, true);
		xlpt_guest_dispose(&like);
		return failed(diag, "migrate the guest");
	}
	fake_ts_kill(f, domid);
	appear(f, &like, false);
	xlpt_guest_dispose(&like);
	return fails ? failed(diag, "migrate the guest") : 0;
}

static char *list(struct fake_ts *f, bool verbose)
{
	struct xlpt_toolstack *ts = fake_ts_get(f);
	struct xlpt_str s = { 0 };
	struct xlpt_guest *all;
	size_t n;

	xlpt_str_add(
		&s,
		"Name                                        ID   Mem VCPUs\tState\tTime(s)\n"
		"Domain-0                                     0  1536     1     r-----      87.1\n");
	ts->ops->guest_list(ts, &all, &n, NULL);
	for (size_t i = 0; i < n; i++) {
		xlpt_str_addf(&s, "%-40s %5u   256     1     -b%c%c--       1.0", all[i].name,
			      all[i].domid, all[i].paused ? 'p' : '-',
			      all[i].suspended ? 's' : '-');
		if (verbose)
			xlpt_str_addf(&s, " %s        -                -", all[i].uuid);
		xlpt_str_add(&s, "\n");
		xlpt_guest_dispose(&all[i]);
	}
	free(all);
	return xlpt_str_take(&s);
}

static int ts_remote(struct xlpt_toolstack *ts, const char *transport, const char *host,
		     const char *command, const struct xlpt_image *image, int64_t timeout_ms,
		     int *status, char **out, struct xlpt_diag *diag)
{
	struct fake_ts *f = fake(ts);
	struct xlpt_guest *g;
	enum fake_ts_depth depth;
	bool fails = fake_ts_fails(f, FAKE_TS_REMOTE, &depth);

	(void)diag;
	(void)timeout_ms;
	*status = 0;
	*out = NULL;
	if (!*transport || !*host || (fails && depth == FAKE_TS_AT_ONCE)) {
		*status = 255;
		*out = xlpt_xstrdup("ssh: connect to host: No route to host");
		return 0;
	}
	if (xlpt_starts(command, "xlpt ")) {
		*status = move_of(f)->remote(move_of(f)->arg, command + 5, out);
	} else if (!strcmp(command, "xl list") || !strcmp(command, "xl list -v")) {
		*out = list(f, command[7]);
	} else if (image && !strcmp(command, "xl restore -p /dev/stdin")) {
		*status = restore(f, image, true, NULL) ? 1 : 0;
	} else if (xlpt_starts(command, "xl unpause ") && (g = fake_ts_find(f, 0, command + 11))) {
		g->paused = false;
	} else if (xlpt_starts(command, "xl destroy ") && (g = fake_ts_find(f, 0, command + 11))) {
		fake_ts_kill(f, g->domid);
	} else {
		*status = 1;
	}
	/* Done, but the connection broke before its status was known. */
	if (fails)
		*status = 255;
	return 0;
}

static int ts_pause(struct xlpt_toolstack *ts, uint32_t domid, bool pause, struct xlpt_diag *diag)
{
	struct xlpt_guest *g = fake_ts_find(fake(ts), domid, NULL);

	if (!g)
		return failed(diag, "pause the guest");
	g->paused = pause;
	return 0;
}

static int ts_resume(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_diag *diag)
{
	struct xlpt_guest *g = fake_ts_find(fake(ts), domid, NULL);

	if (!g || !g->suspended)
		return failed(diag, "resume the guest");
	g->suspended = g->dying = false;
	return 0;
}

const struct xlpt_toolstack_ops fake_move_ops = {
	.guest_save = ts_save,
	.guest_restore = ts_restore,
	.guest_migrate = ts_migrate,
	.remote = ts_remote,
	.guest_pause = ts_pause,
	.guest_resume = ts_resume,
	.guest_rename = ts_rename,
};
