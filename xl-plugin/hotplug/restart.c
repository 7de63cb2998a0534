/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/hotplug/restart.h"

#include <string.h>

#include "core/text.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/lease.h"
#include "xl-plugin/hotplug/libvirt.h"

static int64_t grace_ms(struct xlpt_env *env)
{
	_cleanup_settings_ struct xlpt_settings s;

	/*
	 * An error in the settings is told by commands that act on them. To keep devices longer is
	 * never wrong.
	 */
	return xlpt_settings_read(env->host, &s, NULL) ? XLPT_RESTART_GRACE_MS : s.restart_grace_ms;
}

/*
 * The toolstack has made the new domain and is not done with it: it unpauses it when it has its
 * devices.
 */
static bool being_made(const struct xlpt_known *k, const struct xlpt_guest *now)
{
	return now->domid != k->domid && now->paused && !now->dying;
}

/*
 * Its domain has ended and is there still. libxl takes the devices from it, one after the other,
 * before it destroys it: from an HVM guest, whose device model waits 10 s for an answer to each.
 */
static bool has_ended(const struct xlpt_guest *now)
{
	return now && xlpt_guest_leaves(now);
}

static bool may_come_again(struct xlpt_env *env, const struct xlpt_known *k,
			   const struct xlpt_guest *now, enum xlpt_guest_end end)
{
	int64_t since = has_ended(now) ? k->dying : k->gone;

	/* A domain that Xen never gets rid of keeps nothing for ever. */
	if (since && xlpt_now(env->clock) - since >= grace_ms(env))
		return false;
	if (now && !has_ended(now))
		return true;
	if (k->again_known && (!k->again || (end && !(k->again & 1U << end))))
		return false;
	return !k->monitor.pid || xlpt_monitor_lives(env->host, &k->monitor);
}

static void judge(struct xlpt_env *env, struct xlpt_known *k, const struct xlpt_guest *guests,
		  size_t n)
{
	const struct xlpt_guest *now = xlpt_guests_find(guests, n, k->uuid);
	enum xlpt_guest_end end = has_ended(now) && now->end ? now->end : k->end;

	k->restarts =
		(!now || has_ended(now) || being_made(k, now)) && may_come_again(env, k, now, end);
	k->coming = k->restarts && now && !now->dying;
	k->ended = k->restarts && has_ended(now);
	k->decided = k->coming || (k->ended && end && k->again_known);
}

/*
 * Adds the guest of a lease that had a domain in this boot, has none now, and was never seen
 * running.
 */
static void add_of_lease(struct xlpt_env *env, const struct xlpt_lease *l, const char *boot,
			 struct xlpt_knowns *out)
{
	struct xlpt_known *k;
	uint8_t uuid[16];

	if (l->domid < 0 || strcmp(l->boot, boot) != 0 ||
	    !xlpt_uuid_parse(l->uuid, strlen(l->uuid), uuid) || xlpt_knowns_find(out, l->uuid))
		return;
	XLPT_GROW(out->items, out->n, out->alloc);
	k = &out->items[out->n++];
	*k = (struct xlpt_known){ .name = xlpt_xstrdup(l->guest),
				  .domid = (uint32_t)l->domid,
				  .monitor = xlpt_monitor_find(env->host, l->guest) };
	snprintf(k->uuid, sizeof(k->uuid), "%s", l->uuid);
}

static void read_all(struct xlpt_env *env, const struct xlpt_leases *leases,
		     const struct xlpt_guest *guests, size_t n, struct xlpt_knowns *out)
{
	char boot[40];

	xlpt_knowns_read(env, out);
	if (leases && leases->n)
		xlpt_lease_boot(env, boot);
	for (size_t i = 0; leases && i < leases->n; i++)
		if (!xlpt_guests_find(guests, n, leases->items[i].uuid))
			add_of_lease(env, &leases->items[i], boot, out);
	for (size_t i = 0; i < out->n; i++)
		judge(env, &out->items[i], guests, n);
}

int xlpt_restarts_read(struct xlpt_env *env, const struct xlpt_leases *leases,
		       struct xlpt_knowns *out, struct xlpt_diag *diag)
{
	struct xlpt_guest *guests = NULL;
	size_t n = 0;
	int rc;

	*out = (struct xlpt_knowns){ 0 };
	if (!env->ts || env->sysroot)
		return 0;
	rc = env->ts->ops->guest_list(env->ts, &guests, &n, diag);
	if (rc == 0)
		read_all(env, leases, guests, n, out);
	xlpt_guests_free(guests, n);
	return rc;
}

/* ---- what is remembered ---- */

struct seen {
	struct xlpt_owners owners;
	struct xlpt_guest *guests;
	size_t n;
	struct xlpt_leases leases;
	struct xlpt_knowns known;
};

static void seen_dispose(struct seen *s)
{
	xlpt_owners_dispose(&s->owners);
	xlpt_guests_free(s->guests, s->n);
	xlpt_leases_dispose(&s->leases);
	xlpt_knowns_dispose(&s->known);
}

static void devices_of(const struct seen *s, uint32_t domid, struct xlpt_known *k)
{
	k->n = 0;
	for (size_t i = 0; i < s->owners.n; i++) {
		if (!s->owners.items[i].guest || s->owners.items[i].domid != domid)
			continue;
		XLPT_GROW(k->devs, k->n, k->alloc);
		k->devs[k->n++] = s->owners.items[i].bdf;
	}
}

/* A domain that was not seen before: reads its configuration, and finds who watches it. */
static void learn(struct xlpt_env *env, const struct xlpt_guest *g, struct xlpt_known *k)
{
	_cleanup_guest_ struct xlpt_guest config = { 0 };

	xlpt_guest_copy(&config, g);
	env->ts->ops->guest_config(env->ts, &config);
	k->domid = g->domid;
	k->gone = k->dying = 0;
	k->end = XLPT_END_UNKNOWN;
	k->again_known = config.again_known;
	k->again = config.again;
	/* A restart keeps the same process, whose log has the guest's first name. */
	if (!xlpt_monitor_lives(env->host, &k->monitor))
		k->monitor = xlpt_monitor_find(env->host, g->name);
}

static void see_guest(struct xlpt_env *env, const struct seen *s, const struct xlpt_guest *g,
		      struct xlpt_known *k)
{
	if (g->dying) {
		k->end = k->domid == g->domid && g->end ? g->end : k->end;
		return;
	}
	if (being_made(k, g))
		return;
	if (!k->name || k->domid != g->domid)
		learn(env, g, k);
	else if (!k->monitor.pid && !(k->again_known && !k->again) && !xlpt_libvirt_made(env, g))
		/*
		 * xl leaves its process when the guest runs already, so an earlier look may have
		 * come too early.
		 */
		k->monitor = xlpt_monitor_find(env->host, k->name);
	if (!xlpt_streq(k->name, g->name)) {
		free(k->name);
		k->name = xlpt_xstrdup(g->name);
	}
	k->gone = k->dying = 0;
	devices_of(s, g->domid, k);
}

static bool leased_to(const struct seen *s, const char *uuid)
{
	for (size_t i = 0; i < s->leases.n; i++)
		if (!strcmp(s->leases.items[i].uuid, uuid))
			return true;
	return false;
}

static void remember(struct xlpt_env *env, const struct seen *s, struct xlpt_known *k)
{
	const struct xlpt_guest *g = xlpt_guests_find(s->guests, s->n, k->uuid);
	_cleanup_str_ struct xlpt_str before = { 0 }, after = { 0 };

	if (k->name)
		xlpt_known_format(k, &before);
	if (g)
		see_guest(env, s, g, k);
	if ((!g || being_made(k, g)) && !k->gone)
		k->gone = xlpt_now(env->clock);
	if (has_ended(g) && !g->shut_down && !k->dying)
		k->dying = xlpt_now(env->clock);
	/*
	 * A guest with a lease stays remembered: whoever gives the lease back reads here why it is
	 * over.
	 */
	if ((g ? !k->n && !g->dying && !k->restarts : !k->restarts) && !leased_to(s, k->uuid)) {
		xlpt_known_forget(env, k->uuid);
		return;
	}
	xlpt_known_format(k, &after);
	if (!before.len || strcmp(before.s, after.s) != 0 || !k->stored)
		xlpt_known_write(env, k);
}

static bool has_any(const struct seen *s, uint32_t domid)
{
	for (size_t i = 0; i < s->owners.n; i++)
		if (s->owners.items[i].guest && s->owners.items[i].domid == domid)
			return true;
	return false;
}

int xlpt_restarts_look(struct xlpt_env *env, struct xlpt_diag *diag)
{
	XLPT_CLEANUP(seen_dispose) struct seen s = { 0 };
	int rc;

	if (env->dry_run || env->sysroot || !env->ts || !env->store)
		return 0;
	rc = xlpt_owners_read(env, &s.owners, diag);
	if (rc == 0)
		rc = env->ts->ops->guest_list(env->ts, &s.guests, &s.n, diag);
	if (rc == 0)
		rc = xlpt_leases_read(env, &s.leases, diag);
	if (rc)
		return rc;
	read_all(env, &s.leases, s.guests, s.n, &s.known);
	for (size_t i = 0; i < s.n; i++) {
		const struct xlpt_guest *g = &s.guests[i];

		if (!*g->uuid || g->dying || !has_any(&s, g->domid) ||
		    xlpt_knowns_find(&s.known, g->uuid))
			continue;
		XLPT_GROW(s.known.items, s.known.n, s.known.alloc);
		s.known.items[s.known.n] = (struct xlpt_known){ .domid = g->domid };
		snprintf(s.known.items[s.known.n++].uuid, sizeof(g->uuid), "%s", g->uuid);
	}
	for (size_t i = 0; i < s.known.n; i++)
		remember(env, &s, &s.known.items[i]);
	return 0;
}

void xlpt_restarts_watched(struct xlpt_env *env, const struct xlpt_guest *guest, long long pid)
{
	XLPT_CLEANUP(seen_dispose) struct seen s = { 0 };
	_cleanup_known_ struct xlpt_known k = { 0 };

	if (env->dry_run || !*guest->uuid || xlpt_owners_read(env, &s.owners, NULL))
		return;
	snprintf(k.uuid, sizeof(k.uuid), "%s", guest->uuid);
	k.name = xlpt_xstrdup(guest->name);
	learn(env, guest, &k);
	devices_of(&s, guest->domid, &k);
	k.monitor = pid ? xlpt_monitor_of(env->host, pid) : (struct xlpt_monitor){ 0 };
	/*
	 * Also when the process has ended already: xl create -F ends when its guest was destroyed
	 * at once.
	 */
	if (!k.monitor.pid)
		k.again_known = true, k.again = 0;
	xlpt_known_write(env, &k);
}
