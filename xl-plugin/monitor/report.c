/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A state and an event as lines: for people, or one JSON object each. */
#include <string.h>
#include <time.h>

#include "xl-plugin/cli/output.h"
#include "xl-plugin/monitor/monitor.h"

#define TIME_LEN 32

static const char *now_text(struct xlpt_env *env, char buf[TIME_LEN])
{
	time_t t = (time_t)env->clock->wall_s(env->clock);
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(buf, TIME_LEN, "%Y-%m-%dT%H:%M:%SZ", &tm))
		*buf = '\0';
	return buf;
}

/* ---- JSON ---- */

static struct json_object *begin(struct xlpt_env *env, const char *word)
{
	struct json_object *o = json_object_new_object();
	char buf[TIME_LEN];

	xlpt_json_add(o, "event", xlpt_json_str(word));
	xlpt_json_add(o, "time", xlpt_json_str(now_text(env, buf)));
	return o;
}

static void print(struct xlpt_env *env, struct json_object *o)
{
	bool compact = env->compact;

	env->compact = true;
	xlpt_print_json(env, o);
	env->compact = compact;
}

static void add_owner(struct json_object *o, const struct xlpt_seen_device *d)
{
	struct json_object *guest = xlpt_json_guest_named(d->guest, d->domid);

	if (d->through)
		xlpt_json_add(guest, "through", xlpt_json_str(d->through));
	xlpt_json_add(o, "bdf", xlpt_json_bdf(d->bdf));
	xlpt_json_add(o, "guest", guest);
}

static void add_lease(struct json_object *o, const struct xlpt_lease *l)
{
	struct json_object *guest = xlpt_json_guest_named(l->guest, l->domid);

	xlpt_json_add(guest, "uuid", xlpt_json_str(*l->uuid ? l->uuid : NULL));
	xlpt_json_add(o, "bdf", xlpt_json_bdf(l->bdf));
	xlpt_json_add(o, "pool", xlpt_json_str(l->pool));
	xlpt_json_add(o, "guest", guest);
}

static void state_json(struct xlpt_env *env, const struct xlpt_seen *s)
{
	struct json_object *root = begin(env, "state"), *hidden = json_object_new_array(),
			   *attached = json_object_new_array(), *leases = json_object_new_array();

	for (size_t i = 0; i < s->n_devs; i++) {
		const struct xlpt_seen_device *d = &s->devs[i];

		if (d->hidden)
			json_object_array_add(hidden, xlpt_json_bdf(d->bdf));
		if (d->attached) {
			struct json_object *o = json_object_new_object();

			add_owner(o, d);
			json_object_array_add(attached, o);
		}
	}
	for (size_t i = 0; i < s->n_leases; i++) {
		struct json_object *o = json_object_new_object();

		add_lease(o, &s->leases[i]);
		json_object_array_add(leases, o);
	}
	xlpt_json_add(root, "hidden", hidden);
	xlpt_json_add(root, "attached", attached);
	xlpt_json_add(root, "leases", leases);
	print(env, root);
}

static void event_json(struct xlpt_env *env, const struct xlpt_event *e)
{
	struct json_object *o = begin(env, xlpt_event_word(e->kind));

	switch (e->kind) {
	case XLPT_EVENT_ATTACHED:
	case XLPT_EVENT_DETACHED:
		add_owner(o, e->dev);
		break;
	case XLPT_EVENT_LEASED:
	case XLPT_EVENT_RETURNED:
		add_lease(o, e->lease);
		break;
	case XLPT_EVENT_GUEST_GONE:
		xlpt_json_add(o, "guest", xlpt_json_guest_named(e->guest->name, e->guest->domid));
		break;
	case XLPT_EVENT_HIDDEN:
		xlpt_json_add(o, "bdf", xlpt_json_bdf(e->dev->bdf));
		break;
	case XLPT_EVENT_LOST:
		xlpt_json_add(o, "reason", xlpt_json_str(e->dev->absent ? "absent" : "driver"));
		/* fallthrough */
	case XLPT_EVENT_UNHIDDEN:
		xlpt_json_add(o, "bdf", xlpt_json_bdf(e->dev->bdf));
		xlpt_json_add(o, "driver", xlpt_json_str(e->dev->driver));
		break;
	}
	print(env, o);
}

/* ---- text ---- */

/* "web1 (domain 3)", "web1 (domain 3) through web1-dm". Caller frees. */
static char *owner_text(const struct xlpt_seen_device *d)
{
	return xlpt_xasprintf("%s (domain %u)%s%s", d->guest, d->domid,
			      d->through ? " through " : "", d->through ? d->through : "");
}

static char *driver_text(const struct xlpt_seen_device *d)
{
	return d->driver ? xlpt_xasprintf("driver %s has it", d->driver)
			 : xlpt_xstrdup("no driver has it");
}

static char *lost_text(const struct xlpt_seen_device *d)
{
	_cleanup_free_ char *who = d->attached ? owner_text(d) : NULL, *driver = driver_text(d);

	return xlpt_xasprintf("%s%s%s%s", d->absent ? "it is not in this host any more" : driver,
			      who ? ", and " : "", who ? who : "", who ? " is to have it" : "");
}

static void event_text(struct xlpt_env *env, const struct xlpt_event *e)
{
	const char *word = xlpt_event_word(e->kind);
	_cleanup_free_ char *more = NULL;
	char when[TIME_LEN];

	now_text(env, when);
	switch (e->kind) {
	case XLPT_EVENT_HIDDEN:
		xlpt_say(env, "%s %s %s", when, word, XLPT_BDF_STR(e->dev->bdf));
		break;
	case XLPT_EVENT_ATTACHED:
	case XLPT_EVENT_DETACHED:
		more = owner_text(e->dev);
		xlpt_say(env, "%s %s %s %s %s", when, word, XLPT_BDF_STR(e->dev->bdf),
			 e->kind == XLPT_EVENT_ATTACHED ? "to" : "from", more);
		break;
	case XLPT_EVENT_UNHIDDEN:
	case XLPT_EVENT_LOST:
		more = e->kind == XLPT_EVENT_LOST ? lost_text(e->dev) : driver_text(e->dev);
		xlpt_say(env, "%s %s %s: %s", when, word, XLPT_BDF_STR(e->dev->bdf), more);
		break;
	case XLPT_EVENT_LEASED:
	case XLPT_EVENT_RETURNED:
		more = xlpt_lease_holder(e->lease);
		xlpt_say(env, "%s %s %s of pool %s: %s", when, word, XLPT_BDF_STR(e->lease->bdf),
			 e->lease->pool, more);
		break;
	case XLPT_EVENT_GUEST_GONE:
		xlpt_say(env, "%s %s %s (domain %u)", when, word, e->guest->name, e->guest->domid);
		break;
	}
}

static void state_text(struct xlpt_env *env, const struct xlpt_seen *s)
{
	char when[TIME_LEN];

	now_text(env, when);
	for (size_t i = 0; i < s->n_devs; i++) {
		const struct xlpt_seen_device *d = &s->devs[i];
		_cleanup_free_ char *who = d->attached ? owner_text(d) : NULL;

		if (d->hidden || who)
			xlpt_say(env, "%s now: %s is %s%s", when, XLPT_BDF_STR(d->bdf),
				 who ? "attached to " : "hidden", who ? who : "");
	}
	for (size_t i = 0; i < s->n_leases; i++) {
		_cleanup_free_ char *who = xlpt_lease_holder(&s->leases[i]);

		xlpt_say(env, "%s now: %s of pool %s is leased to %s", when,
			 XLPT_BDF_STR(s->leases[i].bdf), s->leases[i].pool, who);
	}
	if (!s->n_devs && !s->n_leases)
		xlpt_say(env, "%s now: no device is hidden or attached, and none is leased", when);
}

void xlpt_monitor_print_state(struct xlpt_env *env, const struct xlpt_seen *s)
{
	if (env->json)
		state_json(env, s);
	else
		state_text(env, s);
}

void xlpt_monitor_print_event(struct xlpt_env *env, const struct xlpt_event *event)
{
	if (env->json)
		event_json(env, event);
	else
		event_text(env, event);
}
