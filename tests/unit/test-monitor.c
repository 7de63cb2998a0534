/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xlpt monitor: what it told, played back from its first line on, is the host as it is at the end, for
 * random walks over a host; each event once, and never one that contradicts what was told before.
 *
 * The walk happens in timers of the fake clock while the monitor waits. XLPT_SEED=N runs one walk,
 * XLPT_SEEDS=N as many, XLPT_TRACE=1 prints what was done and told.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/file.h"
#include "core/notice.h"
#include "core/tempdir.h"
#include "pciback/device/uevent.h"
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

static void step_now(void *arg)
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

static int monitor(struct scene *s)
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

static void scene_dispose(struct scene *s)
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

static void played_dispose(struct played *p)
{
	json_object_put(p->hidden);
	json_object_put(p->attached);
	json_object_put(p->leases);
	json_object_put(p->gone);
}

static struct json_object *member(struct json_object *o, const char *key)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(o, key, &value))
		fail_msg("no \"%s\" in %s", key, json_object_to_json_string(o));
	return value;
}

static const char *word(struct json_object *o, const char *key)
{
	return json_object_get_string(member(o, key));
}

static struct json_object *domid_of(struct json_object *o)
{
	return json_object_get(member(member(o, "guest"), "domid"));
}

static void put(struct json_object *set, const char *key, struct json_object *value,
		const char *line)
{
	if (json_object_object_get_ex(set, key, NULL))
		fail_msg("told twice: %s", line);
	json_object_object_add(set, key, value);
}

static void take(struct json_object *set, const char *key, const char *line)
{
	if (!json_object_object_get_ex(set, key, NULL))
		fail_msg("told of what was not there: %s", line);
	json_object_object_del(set, key);
}

static void play_state(struct played *p, struct json_object *o, const char *line)
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

static void play_event(struct played *p, struct json_object *o, const char *line)
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
static void play(const char *text, struct played *p)
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
static bool told_of(const struct played *told, struct json_object *d)
{
	struct json_object *was, *guest = member(d, "guest");

	return guest && !strcmp(word(d, "state"), "partial") &&
	       json_object_object_get_ex(told->attached, word(d, "bdf"), &was) &&
	       json_object_get_int64(was) == json_object_get_int64(member(guest, "domid"));
}

static void add_by_list(struct played *p, const struct played *told, struct world *w)
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
static void add_absent(struct played *p, struct world *w)
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
static void add_leases(struct played *p, struct world *w)
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
static void add_sorted(struct xlpt_str *out, struct json_object *set)
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

static char *as_text(const struct played *p)
{
	struct xlpt_str out = { 0 };

	add_sorted(&out, p->hidden);
	add_sorted(&out, p->attached);
	add_sorted(&out, p->leases);
	return xlpt_str_take(&out);
}

/* What the monitor told leads to what is there. Returns how many events there were. */
static unsigned assert_replays(struct scene *s)
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

/* ---- single events ---- */

/* Text: the lines without their time. Caller frees. */
static char *without_time(const char *text)
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

static void story(struct scene *s, unsigned step)
{
	static const char *const lines[] = {
		"attach web1 05:00.0",	"attach db1 --hide 02:00.0",
		"attach web1 pool:lan", "detach db1 02:00.0",
		"hide 03:00.0",		"unhide 02:00.0",
		"detach web1 05:00.0",
	};

	if (step < XLPT_ARRAY_SIZE(lines))
		ok(s->w, lines[step]);
	else if (step == XLPT_ARRAY_SIZE(lines))
		fake_bus_remove(s->w->bus, "0000:04:00.1");
	else
		fake_ts_kill(s->w->ts, 3);
}

static void test_story(void **state)
{
	struct world *w = *state;
	struct scene s = { .w = w, .act = story, .steps = 9 };
	_cleanup_free_ char *told = NULL;

	ok(w, "pool define lan pf=enp1s0");
	ok(w, "hide 04:00.1");
	assert_int_equal(monitor(&s), 0);
	assert_string_equal(s.err, "");
	told = without_time(s.out);
	assert_string_equal(told, "now: 0000:04:00.1 is hidden\n"
				  "now: 0000:05:00.0 is hidden\n"
				  "attached 0000:05:00.0 to web1 (domain 3)\n"
				  "hidden 0000:02:00.0\n"
				  "attached 0000:02:00.0 to db1 (domain 4)\n"
				  "hidden 0000:01:10.0\n"
				  "leased 0000:01:10.0 of pool lan: web1 (domain 3)\n"
				  "attached 0000:01:10.0 to web1 (domain 3)\n"
				  "detached 0000:02:00.0 from db1 (domain 4)\n"
				  "hidden 0000:03:00.0\n"
				  "unhidden 0000:02:00.0: driver e1000e has it\n"
				  "detached 0000:05:00.0 from web1 (domain 3)\n"
				  "lost 0000:04:00.1: it is not in this host any more\n"
				  "detached 0000:01:10.0 from web1 (domain 3)\n"
				  "guest-gone web1 (domain 3)\n");
	scene_dispose(&s);
}

/* ---- random walks ---- */

static unsigned next(struct scene *s, unsigned below)
{
	s->state = s->state * 1103515245 + 12345;
	return (s->state >> 16) % below;
}

/* Somebody else's tool: by hand in sysfs. */
static void by_hand(struct world *w, const char *bdf)
{
	struct xlpt_host *h = fake_bus_host(w->bus);
	_cleanup_free_ char *path = xlpt_xasprintf("/sys/bus/pci/devices/%s/driver/unbind", bdf);

	h->ops->write(h, path, bdf, strlen(bdf));
}

static void unplug(struct world *w, const char *bdf)
{
	if (xlpt_host_has(fake_bus_host(w->bus), "/sys/bus/pci/devices/%s", bdf))
		fake_bus_remove(w->bus, bdf);
}

/* 0: it is gone. */
static uint32_t number_of(struct world *w, const char *name)
{
	_cleanup_guest_ struct xlpt_guest g = { 0 };
	struct xlpt_toolstack *ts = fake_ts_get(w->ts);

	return ts->ops->guest_find(ts, name, &g, NULL) ? 0 : g.domid;
}

/* What a step does may fail, by rules, by what was done before: the monitor tells what is. */
static void wander(struct scene *s, unsigned step)
{
	static const char *const lines[] = {
		"attach web1 05:00.0",
		"attach web1 pool:lan",
		"attach db1 pool:lan",
		"attach --hide db1 02:00.0",
		"attach --hide win1 04:00.0 04:00.1",
		"attach win1 pool:lan",
		"detach web1 05:00.0",
		"detach web1 --all",
		"detach db1 02:00.0",
		"detach db1 --all",
		"detach win1 --all",
		"hide 02:00.0",
		"hide 03:00.0",
		"hide 01:10.2",
		"unhide 02:00.0",
		"unhide 03:00.0",
		"unhide 01:10.2",
		"unhide 05:00.0",
		"pool release --gone",
		"repair",
	};
	unsigned n = next(s, XLPT_ARRAY_SIZE(lines) + 6);

	(void)step;
	switch (n < XLPT_ARRAY_SIZE(lines) ? 0 : n - XLPT_ARRAY_SIZE(lines) + 1) {
	case 0:
		world_run(s->w, "%s", lines[n]);
		break;
	case 1:
		by_hand(s->w, "0000:02:00.0");
		break;
	case 2:
		by_hand(s->w, "0000:05:00.0");
		break;
	case 3:
		if (number_of(s->w, "web1"))
			fake_ts_restarted(s->w->ts, number_of(s->w, "web1"));
		break;
	case 4:
		if (!next(s, 4) && number_of(s->w, "db1"))
			fake_ts_kill(s->w->ts, 4);
		break;
	case 5:
		if (!next(s, 4) && number_of(s->w, "win1"))
			fake_ts_ended(s->w->ts, 5);
		break;
	case 6:
		if (!next(s, 4))
			unplug(s->w, next(s, 2) ? "0000:03:00.0" : "0000:04:00.0");
		break;
	}
	if (getenv("XLPT_TRACE"))
		print_message("%u: %s\n", n, n < XLPT_ARRAY_SIZE(lines) ? lines[n] : "by others");
}

static void test_walks(void **state)
{
	const char *one = getenv("XLPT_SEED"), *many = getenv("XLPT_SEEDS");
	unsigned first = one ? (unsigned)atoi(one) : 1,
		 n = one		  ? 1
		     : many		  ? (unsigned)atoi(many)
		     : world_stride() > 1 ? 2
					  : 25,
		 events = 0;

	(void)state;
	for (unsigned seed = first; seed < first + n; seed++) {
		struct scene s = { .w = pools_world(), .act = wander, .steps = 60, .json = true };

		ok(s.w, "pool define lan pf=enp1s0");
		s.state = seed;
		/* Some follow each other faster than is looked, and tell less. */
		s.every_ms = seed % 3 ? 15000 : 100;
		assert_int_equal(monitor(&s), 0);
		if (getenv("XLPT_TRACE"))
			print_message("%s", s.out);
		s.state = seed;
		events += assert_replays(&s);
		scene_dispose(&s);
		world_free(s.w);
	}
	/* A monitor that says nothing would play back to what it began with. */
	assert_true(events > 10 * n);
}

/* ---- how it ends ---- */

static void nothing(struct scene *s, unsigned step)
{
	(void)s;
	(void)step;
}

static void test_signals(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(signals); i++) {
		struct scene s = { .w = *state, .act = nothing, .steps = 1, .sig = signals[i] };

		assert_int_equal(monitor(&s), 0);
		assert_string_equal(s.err, "");
		scene_dispose(&s);
	}
}

static void attach_once(struct scene *s, unsigned step)
{
	if (step == 0)
		ok(s->w, "attach web1 05:00.0");
}

static int into(struct scene *s, int fd, char **err)
{
	char *argv[] = { (char[]){ "xlpt" }, (char[]){ "monitor" }, NULL };
	struct xlpt_env env = world_env(s->w);
	size_t n;
	int status;

	env.out = fdopen(fd, "w");
	env.err = open_memstream(err, &n);
	fake_clock_in(&s->w->clock, s->every_ms, step_now, s);
	status = xlpt_run(2, argv, &env);
	fclose(env.out);
	fclose(env.err);
	fake_clock_cancel(&s->w->clock, s);
	return status;
}

/* Who reads no more has seen enough; a disk that is full is a failure. */
static void test_output_ends(void **state)
{
	struct scene s = { .w = *state, .act = attach_once, .steps = 100, .every_ms = 1000 };
	char *err = NULL;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	close(ends[0]);
	assert_int_equal(into(&s, ends[1], &err), 0);
	assert_string_equal(err, "");
	/* It did not wait for the hundred steps. */
	assert_true(s.step < 3);
	free(XLPT_TAKE(err));
	assert_int_equal(into(&s, open("/dev/full", O_WRONLY | O_CLOEXEC), &err), 1);
	assert_non_null(strstr(err, "cannot write the output: No space left"));
	free(err);
}

static void test_refused(void **state)
{
	struct world *w = *state;

	refused(w, 2, "monitor --sysroot /nowhere", "nothing happens in a captured tree");
	refused(w, 2, "monitor web1", "too many arguments");
}

/* ---- what goes wrong meanwhile ---- */

static void fail_once(struct scene *s, unsigned step)
{
	if (step == 0)
		ok(s->w, "attach web1 05:00.0");
	if (step == 1)
		fake_store_fail(s->w->store, FAKE_STORE_LIST, 1, EIO);
	if (step == 1)
		fake_store_set(s->w->store, "4", "/local/domain/0/backend/pci/3/0/state");
}

/* Each look. */
static void fail_for_good(struct scene *s, unsigned step)
{
	(void)step;
	fake_store_fail(s->w->store, FAKE_STORE_LIST, 1, EIO);
	fake_store_set(s->w->store, "4", "/local/domain/0/backend/pci/3/0/state");
}

static void xenstored_gone(struct scene *s, unsigned step)
{
	(void)step;
	fake_store_fail(s->w->store, FAKE_STORE_WAIT, 1, EPIPE);
	fake_store_set(s->w->store, "4", "/local/domain/0/backend/pci/3/0/state");
}

static void test_errors(void **state)
{
	struct scene s = { .w = *state, .act = fail_once, .steps = 3, .json = true };

	assert_int_equal(monitor(&s), 0);
	assert_int_equal(assert_replays(&s), 1);
	s.act = fail_for_good;
	s.steps = 100;
	s.every_ms = 100;
	assert_int_equal(monitor(&s), 1);
	assert_non_null(strstr(s.out, "\"error\""));
	assert_true(s.step < 50);
	fake_store_fail(s.w->store, FAKE_STORE_LIST, 0, 0);
	s.act = xenstored_gone;
	s.json = false;
	assert_int_equal(monitor(&s), 1);
	assert_non_null(strstr(s.err, "xenstore"));
	scene_dispose(&s);
}

/* ---- guests that mean harm ---- */

/* As fast as the guest can: of this xenstore each step is a sign. */
static void flip(struct scene *s, unsigned step)
{
	fake_store_set(s->w->store, step % 2 ? "4" : "7", "/local/domain/0/backend/pci/3/0/state");
}

/* It looks four times a second at most, and keeps nothing of what it did not look at. */
static void test_flood(void **state)
{
	struct world *w = *state;
	struct scene s = { .w = w, .act = flip, .steps = 20000, .every_ms = 1, .json = true };
	unsigned before;

	ok(w, "attach web1 05:00.0");
	before = fake_store_calls(w->store, FAKE_STORE_LIST);
	assert_int_equal(monitor(&s), 0);
	/* 50 s: 200 looks and some; a look lists a few folders. */
	assert_true(fake_store_calls(w->store, FAKE_STORE_LIST) - before < 2000);
	/* The device was with the guest all the time. */
	assert_ptr_equal(strchr(s.out, '\n') + 1, s.out + strlen(s.out));
	scene_dispose(&s);
}

static void never_connects(struct scene *s, unsigned step)
{
	if (step == 0)
		fake_libxl_pci_start(s->w->store, 3, B("05:00.0"));
}

/* What does not become complete is no event, and is looked at less and less often. */
static void test_pending(void **state)
{
	struct world *w = *state;
	struct scene s = { .w = w, .act = never_connects, .steps = 2, .json = true };
	unsigned before;

	world_frontend(w, &(struct fake_pcifront_opts){ .step_ms = 10, .absent = true });
	s.every_ms = 600000;
	before = fake_store_calls(w->store, FAKE_STORE_LIST);
	assert_int_equal(monitor(&s), 0);
	assert_null(strstr(s.out, "\"attached\",\"time"));
	assert_true(fake_store_calls(w->store, FAKE_STORE_LIST) - before < 1000);
	scene_dispose(&s);
}

static struct fake_pcifront *evil_front;

static void evil_guest(struct scene *s, unsigned step)
{
	static const char name[] = "a\x1b[2J\nunhidden 0000:00:00.0: no";

	if (step == 0) {
		fake_ts_guest(s->w->ts, 9, name, XLPT_GUEST_PV);
		fake_store_set(s->w->store, name, "/local/domain/9/name");
		fake_store_set(s->w->store, "", "/local/domain/9/device");
		evil_front = fake_pcifront_start(s->w->store, 9,
						 &(struct fake_pcifront_opts){ .step_ms = 10 });
		world_run(s->w, "attach 9 05:00.0");
	}
}

static void test_evil_name(void **state)
{
	struct scene s = { .w = *state, .act = evil_guest, .steps = 2 };
	_cleanup_free_ char *told = NULL;

	assert_int_equal(monitor(&s), 0);
	told = without_time(s.out);
	assert_string_equal(told, "now: 0000:05:00.0 is hidden\n"
				  "attached 0000:05:00.0 to a\\x1b[2J\\nunhidden 0000:00:00.0: no "
				  "(domain 9)\n");
	fake_pcifront_stop(evil_front);
	scene_dispose(&s);
}

/* ---- signs of the running system ---- */

static void test_uevents(void **state)
{
	static const char pci[] = "bind@/devices/pci0000:00/0000:00:03.0\0ACTION=bind\0"
				  "SUBSYSTEM=pci\0DRIVER=pciback",
			  usb[] = "add@/devices/SUBSYSTEM=pci\0SUBSYSTEM=pciehp\0X=SUBSYSTEM=pci";
	int fd = xlpt_uevent_open(), ends[2];

	(void)state;
	assert_true(xlpt_uevent_is_pci(pci, sizeof(pci)));
	assert_true(xlpt_uevent_is_pci(pci, sizeof(pci) - 1));
	assert_false(xlpt_uevent_is_pci(pci, strlen(pci) + 5));
	assert_false(xlpt_uevent_is_pci(usb, sizeof(usb)));
	assert_false(xlpt_uevent_is_pci("", 0));
	/* Not everywhere a test runs may it listen; where it may, nothing was sent. */
	if (fd >= 0)
		assert_in_range(xlpt_uevent_drain(fd), 0, 1);
	if (fd >= 0)
		close(fd);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends),
			 0);
	assert_int_equal(write(ends[1], usb, sizeof(usb)), sizeof(usb));
	assert_int_equal(xlpt_uevent_drain(ends[0]), 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(write(ends[1], i ? usb : pci, i ? sizeof(usb) : sizeof(pci)),
				 i ? sizeof(usb) : sizeof(pci));
	assert_int_equal(xlpt_uevent_drain(ends[0]), 1);
	assert_int_equal(xlpt_uevent_drain(ends[0]), 0);
	close(ends[0]);
	close(ends[1]);
}

static void test_folders(void **state)
{
	_cleanup_tempdir_ struct xlpt_tempdir dir = { .fd = -1 };
	_cleanup_free_ char *file = NULL, *below = NULL;
	int fd = xlpt_notice_open();

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(xlpt_tempdir_make(&dir, "xlpt-test-notice-", NULL), 0);
	file = xlpt_xasprintf("%s/0000:01:10.0", dir.path);
	below = xlpt_xasprintf("%s/none", dir.path);
	assert_int_equal(xlpt_notice_add(fd, below), -ENOENT);
	assert_int_equal(xlpt_notice_add(fd, dir.path), 0);
	assert_int_equal(xlpt_notice_add(fd, dir.path), 0);
	assert_int_equal(xlpt_notice_drain(fd), 0);
	assert_int_equal(xlpt_file_replace(NULL, file, "x", 1,
					   &(struct xlpt_file_how){ .mode = 0600, .lazy = true }),
			 0);
	assert_int_equal(xlpt_notice_drain(fd), 1);
	assert_int_equal(xlpt_notice_drain(fd), 0);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(xlpt_notice_drain(fd), 1);
	assert_int_equal(xlpt_notice_add(fd, file), -ENOENT);
	close(fd);
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_story, setup, world_teardown),
		cmocka_unit_test(test_walks),
		world_test(test_signals),
		world_test(test_output_ends),
		world_test(test_refused),
		world_test(test_errors),
		world_test(test_flood),
		world_test(test_pending),
		world_test(test_evil_name),
		cmocka_unit_test(test_uevents),
		cmocka_unit_test(test_folders),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
