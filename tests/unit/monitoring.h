/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For tests of xlpt monitor, after cmocka.h: a monitor while something happens in timers of the fake clock;
 * and what it told played back, which has to lead to the host as it is.
 */
#ifndef XLPT_TESTS_UNIT_MONITORING_H
#define XLPT_TESTS_UNIT_MONITORING_H

#include <signal.h>
#include <string.h>

#include "core/file.h"
#include "tests/unit/pooling.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/place.h"
#include "xl-plugin/kept/leases.h"

/* ---- a monitor with something that happens meanwhile ---- */

struct scene {
	struct world *w;
	void (*act)(struct scene *s, unsigned step); /* called every so often */
	unsigned steps, step, every_ms;
	int sig;	/* ends it after the last step */
	unsigned state; /* of the random numbers */
	bool json;
	char *out, *err; /* the monitor's */
};

static inline void step_now(void *arg)
{
	struct scene *s = arg;

	if (s->step < s->steps)
		s->act(s, s->step);
	s->step++;
	/* After the last the monitor has the time to see it. */
	if (s->step == s->steps)
		fake_clock_in(&s->w->clock, 30000, step_now, s);
	else if (s->step < s->steps)
		fake_clock_in(&s->w->clock, s->every_ms, step_now, s);
	else
		raise(s->sig ? s->sig : SIGTERM);
}

static inline int monitor(struct scene *s)
{
	char *argv[] = { (char[]){ "xlpt" }, (char[]){ "monitor" }, (char[]){ "--json" }, NULL };
	struct xlpt_env env = world_env(s->w);
	size_t n[2];
	int status;

	free(XLPT_TAKE(s->out));
	free(XLPT_TAKE(s->err));
	s->step = 0;
	if (!s->every_ms)
		s->every_ms = 15000;
	env.out = open_memstream(&s->out, &n[0]);
	env.err = open_memstream(&s->err, &n[1]);
	fake_clock_in(&s->w->clock, s->steps ? s->every_ms : 1000, step_now, s);
	status = xlpt_run(s->json ? 3 : 2, argv, &env);
	fclose(env.out);
	fclose(env.err);
	fake_clock_cancel(&s->w->clock, s);
	assert_int_equal(fake_store_watches(s->w->store), 0);
	return status;
}

static inline void scene_dispose(struct scene *s)
{
	free(s->out);
	free(s->err);
}

/* ---- playing back ---- */

/* hidden: address -> true; attached: address -> domid; leases: address -> pool. */
struct played {
	struct json_object *hidden, *attached, *leases, *gone;
	unsigned events;
};

static inline void played_dispose(struct played *p)
{
	json_object_put(p->hidden);
	json_object_put(p->attached);
	json_object_put(p->leases);
	json_object_put(p->gone);
}

static inline struct json_object *member(struct json_object *o, const char *key)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(o, key, &value))
		fail_msg("no \"%s\" in %s", key, json_object_to_json_string(o));
	return value;
}

static inline const char *word(struct json_object *o, const char *key)
{
	return json_object_get_string(member(o, key));
}

static inline struct json_object *domid_of(struct json_object *o)
{
	return json_object_get(member(member(o, "guest"), "domid"));
}

static inline void put(struct json_object *set, const char *key, struct json_object *value,
		       const char *line)
{
	if (json_object_object_get_ex(set, key, NULL))
		fail_msg("told twice: %s", line);
	json_object_object_add(set, key, value);
}

static inline void take(struct json_object *set, const char *key, const char *line)
{
	if (!json_object_object_get_ex(set, key, NULL))
		fail_msg("told of what was not there: %s", line);
	json_object_object_del(set, key);
}

static inline void play_state(struct played *p, struct json_object *o, const char *line)
{
	struct json_object *hidden = member(o, "hidden"), *attached = member(o, "attached"),
			   *leases = member(o, "leases");

	*p = (struct played){ json_object_new_object(), json_object_new_object(),
			      json_object_new_object(), json_object_new_object(), 0 };
	for (size_t i = 0; i < json_object_array_length(hidden); i++)
		put(p->hidden, json_object_get_string(json_object_array_get_idx(hidden, i)),
		    json_object_new_boolean(true), line);
	for (size_t i = 0; i < json_object_array_length(attached); i++) {
		struct json_object *one = json_object_array_get_idx(attached, i);

		put(p->attached, word(one, "bdf"), domid_of(one), line);
	}
	for (size_t i = 0; i < json_object_array_length(leases); i++) {
		struct json_object *one = json_object_array_get_idx(leases, i);

		put(p->leases, word(one, "bdf"), json_object_get(member(one, "pool")), line);
	}
}

static inline void play_event(struct played *p, struct json_object *o, const char *line)
{
	const char *event = word(o, "event");
	_cleanup_free_ char *domid = NULL;

	p->events++;
	if (!strcmp(event, "hidden")) {
		put(p->hidden, word(o, "bdf"), json_object_new_boolean(true), line);
	} else if (!strcmp(event, "unhidden") || !strcmp(event, "lost")) {
		take(p->hidden, word(o, "bdf"), line);
	} else if (!strcmp(event, "attached")) {
		put(p->attached, word(o, "bdf"), domid_of(o), line);
		domid = xlpt_xstrdup(json_object_get_string(member(member(o, "guest"), "domid")));
		if (json_object_object_get_ex(p->gone, domid, NULL))
			fail_msg("a guest that is gone gets a device: %s", line);
	} else if (!strcmp(event, "detached")) {
		take(p->attached, word(o, "bdf"), line);
	} else if (!strcmp(event, "leased")) {
		put(p->leases, word(o, "bdf"), json_object_get(member(o, "pool")), line);
	} else if (!strcmp(event, "returned")) {
		take(p->leases, word(o, "bdf"), line);
	} else if (!strcmp(event, "guest-gone")) {
		domid = xlpt_xstrdup(json_object_get_string(member(member(o, "guest"), "domid")));
		put(p->gone, domid, json_object_new_boolean(true), line);
		json_object_object_foreach(p->attached, bdf,
					   who) if (!strcmp(json_object_get_string(who), domid))
			fail_msg("it is gone and has %s: %s", bdf, line);
	} else {
		fail_msg("what event is this: %s", line);
	}
}

/* Every line is an object of its own. */
static inline void play(const char *text, struct played *p)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(text);
	char *cursor = copy, *line;

	*p = (struct played){ 0 };
	while ((line = xlpt_file_line(&cursor))) {
		_cleanup_free_ char *why = NULL;
		struct json_object *o = xlpt_json_object_parse(line, &why);

		if (!o)
			fail_msg("no object: %s (%s)", line, why);
		assert_int_equal(json_object_get_int(member(o, "schema")), XLPT_JSON_SCHEMA);
		if (!p->hidden)
			play_state(p, o, line);
		else
			play_event(p, o, line);
		json_object_put(o);
	}
	assert_non_null(p->hidden);
}

/* ---- the host as others see it ---- */

/* On its way out, or stuck there, it is still the guest's: so it counts where it was told of. */
static inline bool told_of(const struct played *told, struct json_object *d)
{
	struct json_object *was, *guest = member(d, "guest");

	return guest && !strcmp(word(d, "state"), "partial") &&
	       json_object_object_get_ex(told->attached, word(d, "bdf"), &was) &&
	       json_object_get_int64(was) == json_object_get_int64(member(guest, "domid"));
}

static inline void add_by_list(struct played *p, const struct played *told, struct world *w)
{
	_cleanup_free_ char *why = NULL;
	struct json_object *root, *devs;

	ok(w, "--json list --all");
	root = xlpt_json_object_parse(w->out, &why);
	devs = member(root, "devices");
	for (size_t i = 0; i < json_object_array_length(devs); i++) {
		struct json_object *d = json_object_array_get_idx(devs, i);
		const char *driver = word(d, "driver");

		if (driver && !strcmp(driver, "pciback"))
			json_object_object_add(p->hidden, word(d, "bdf"),
					       json_object_new_boolean(true));
		if (!strcmp(word(d, "state"), "assigned") || told_of(told, d))
			json_object_object_add(p->attached, word(d, "bdf"), domid_of(d));
	}
	json_object_put(root);
}

/* What is not in this host any more is with its guest until that is told: list has no line for it. */
static inline void add_absent(struct played *p, struct world *w)
{
	_cleanup_owners_ struct xlpt_owners owners = { 0 };
	struct xlpt_env env = world_env(w);

	assert_int_equal(xlpt_owners_read(&env, &owners, NULL), 0);
	for (size_t i = 0; i < owners.n; i++) {
		const struct xlpt_owner *o = &owners.items[i];

		if (o->guest && xlpt_owner_complete(o) &&
		    !xlpt_host_has(env.host, "/sys/bus/pci/devices/%s", XLPT_BDF_STR(o->bdf)))
			json_object_object_add(p->attached, XLPT_BDF_STR(o->bdf),
					       json_object_new_int64(o->domid));
	}
}

/* By files and not by a command: commands give back what is over. */
static inline void add_leases(struct played *p, struct world *w)
{
	_cleanup_strv_ char **names = NULL;

	xlpt_host_list(fake_bus_host(w->bus), &names, XLPT_LEASES_DIR);
	for (char **n = names; n && *n; n++) {
		_cleanup_free_ char *text = NULL;
		char *pool, *save = NULL;

		assert_true(xlpt_host_read_text(fake_bus_host(w->bus), &text, XLPT_LEASES_DIR "/%s",
						*n) >= 0);
		pool = strstr(text, "\npool ");
		assert_non_null(pool);
		json_object_object_add(
			p->leases, *n,
			json_object_new_string(strtok_r(pool + strlen("\npool "), "\n", &save)));
	}
}

/* As text, sorted by the keys. */
static inline void add_sorted(struct xlpt_str *out, struct json_object *set)
{
	_cleanup_strv_ char **keys = NULL;

	json_object_object_foreach(set, key, value)
	{
		_cleanup_free_ char *one =
			xlpt_xasprintf("%s %s", key, json_object_get_string(value));

		xlpt_strv_add(&keys, one);
	}
	for (size_t i = 0, n = xlpt_strv_len(keys); i < n; i++)
		for (size_t k = i + 1; k < n; k++)
			if (strcmp(keys[k], keys[i]) < 0) {
				char *swap = keys[i];

				keys[i] = keys[k];
				keys[k] = swap;
			}
	for (char **k = keys; k && *k; k++)
		xlpt_str_addf(out, "%s\n", *k);
	xlpt_str_add(out, "--\n");
}

static inline char *as_text(const struct played *p)
{
	struct xlpt_str out = { 0 };

	add_sorted(&out, p->hidden);
	add_sorted(&out, p->attached);
	add_sorted(&out, p->leases);
	return xlpt_str_take(&out);
}

/* What the monitor told leads to what is there. Returns how many events there were. */
static inline unsigned assert_replays(struct scene *s)
{
	struct played told, is = { json_object_new_object(), json_object_new_object(),
				   json_object_new_object(), json_object_new_object(), 0 };
	_cleanup_free_ char *a = NULL, *b = NULL;
	unsigned events;

	play(s->out, &told);
	/* Before list: a look of a command may mend. */
	add_leases(&is, s->w);
	add_by_list(&is, &told, s->w);
	add_absent(&is, s->w);
	a = as_text(&told);
	b = as_text(&is);
	if (strcmp(a, b) != 0)
		fail_msg("seed %u: played back:\n%sand there is:\n%stold:\n%s", s->state, a, b,
			 s->out);
	events = told.events;
	played_dispose(&told);
	played_dispose(&is);
	return events;
}

/* Text: the lines without their time. Caller frees. */
static inline char *without_time(const char *text)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(text);
	struct xlpt_str out = { 0 };
	char *cursor = copy, *line;

	while ((line = xlpt_file_line(&cursor))) {
		assert_true(strlen(line) > 21 && line[4] == '-' && line[19] == 'Z');
		xlpt_str_addf(&out, "%s\n", line + 21);
	}
	return xlpt_str_take(&out);
}

#endif
