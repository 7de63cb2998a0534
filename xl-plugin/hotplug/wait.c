/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Waiting for a guest. Every wait looks at the facts, is woken by xenstore's
 * watches, and has a deadline. The states are those of
 * drivers/xen/xen-pciback/xenbus.c and drivers/pci/xen-pcifront.c.
 */
#include <errno.h>
#include <string.h>

#include "core/text.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/operation.h"

/* Both ends are watched. This is for a guest that dies without any change in xenstore. */
#define LOOK_AGAIN_MS 1000
/* An event channel changes without any event that could be waited for. */
#define PORT_POLL_MS 10
/*
 * A frontend that gave up earlier begins again within this time when a new device comes, or never.
 */
#define BEGIN_ANEW_MS 3000

struct look {
	struct xlpt_env *env;
	const struct xlpt_guest *guest;
	struct xlpt_bdf bdf;
	int (*check)(struct xlpt_store *s, void *arg);
	struct xlpt_waiting waiting;
	struct xlpt_pcibe be; /* as last seen */
	struct xlpt_diag diag;
	const char *gave_up_before;
	int64_t begin_by;     /* until when a frontend that gave up before may begin again */
	char *gave_up;	      /* what it says now about giving up */
	int64_t ask_guest_at; /* when to look next whether the guest is there */
};

static void look_dispose(struct look *l)
{
	xlpt_pcibe_dispose(&l->be);
	xlpt_diag_dispose(&l->diag);
	free(l->gave_up);
}
#define _cleanup_look_ XLPT_CLEANUP(look_dispose)

int xlpt_guest_still_there(struct xlpt_env *env, const struct xlpt_guest *guest,
			   struct xlpt_diag *diag)
{
	_cleanup_guest_ struct xlpt_guest now = { 0 };
	int rc = env->ts->ops->guest_by_id(env->ts, guest->domid, &now, NULL);
	_cleanup_free_ char *destroy = NULL;
	bool gone = rc == XLPT_ERR_NO_GUEST || (rc == 0 && strcmp(now.uuid, guest->uuid) != 0);

	if (!gone && (rc || !now.dying || now.suspended))
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_NO_GUEST, gone ? "%s is gone" : "%s is shutting down",
		      guest->name);
	xlpt_diag_fact(diag,
		       gone ? "domain %u ended while this command ran"
			    : "domain %u stopped while this command ran",
		       guest->domid);
	if (now.shut_down && !gone)
		destroy = xlpt_xasprintf("xl destroy %s", XLPT_WORD(guest->name));
	if (gone)
		xlpt_diag_hint(diag, "xl list shows the guests that run");
	else
		xlpt_policy_ends_hint(guest, destroy, diag);
	return XLPT_ERR_NO_GUEST;
}

static int read_again(struct xlpt_store *s, struct look *l)
{
	int rc;

	xlpt_pcibe_dispose(&l->be);
	rc = xlpt_pcibe_read(s, l->guest->domid, &l->be, &l->diag);
	return rc ? -EIO : 0;
}

static int check_aloud(struct xlpt_store *s, void *arg)
{
	struct look *l = arg;
	int r = l->check(s, l);

	if (!r)
		xlpt_waiting_look(&l->waiting);
	return r;
}

static int wait_for(struct xlpt_env *env, struct look *l, int64_t timeout_ms,
		    int (*check)(struct xlpt_store *s, void *arg))
{
	_cleanup_free_ char *back = xlpt_xasprintf("/local/domain/0/backend/pci/%u",
						   l->guest->domid),
			    *front = xlpt_xasprintf("/local/domain/%u/device/pci", l->guest->domid),
			    *what = xlpt_xasprintf("%s's PCI frontend, at most %lld s",
						   l->guest->name, (long long)(timeout_ms / 1000));
	int r = env->store->ops->watch(env->store, front);

	if (r < 0)
		return r;
	l->ask_guest_at = xlpt_now(env->clock) + LOOK_AGAIN_MS;
	l->check = check;
	l->waiting = xlpt_waiting_for(env, what);
	r = xlpt_store_wait_until(env->store, back, xlpt_now(env->clock) + timeout_ms,
				  LOOK_AGAIN_MS, check_aloud, l);
	xlpt_waiting_end(&l->waiting);
	env->store->ops->unwatch(env->store, front);
	return r;
}

/*
 * Two reads that show whether it is worth reading everything, in a transaction of some twenty
 * reads. It is not while one side still works on its part, and on a small dom0 every look takes
 * time from the guest that is waited for.
 */
static bool under_way(struct xlpt_store *s, const struct look *l)
{
	unsigned be = 0, fe = 0;

	return xlpt_store_read_uint(s, 0, &be, "/local/domain/0/backend/pci/%u/0/state",
				    l->guest->domid) == 0 &&
	       xlpt_store_read_uint(s, 0, &fe, "/local/domain/%u/device/pci/0/state",
				    l->guest->domid) == 0 &&
	       be != XLPT_XBS_CLOSING && be != XLPT_XBS_CLOSED &&
	       (be != XLPT_XBS_CONNECTED || fe != XLPT_XBS_CONNECTED);
}

/* Adds to the message what both ends say. */
static void say_states(struct xlpt_env *env, struct xlpt_diag *diag, struct look *l)
{
	_cleanup_free_ char *words = xlpt_pcibe_gave_up(env->store, l->guest->domid);
	const struct xlpt_pcidev *d;

	/* The last look may have been the short one, so read everything. */
	read_again(env->store, l);
	d = xlpt_pcibe_find(&l->be, l->bdf);
	if (words && l->be.fe_state != XLPT_XBS_CONNECTED)
		xlpt_diag_fact(diag, "its PCI frontend says: %s", words);
	else if (l->be.error)
		xlpt_diag_fact(diag, "xen-pciback says: %s", l->be.error);
	else if (!l->be.exists)
		xlpt_diag_fact(diag, "there is no PCI backend for domain %u", l->guest->domid);
	else
		xlpt_diag_fact(diag, "backend is %s, frontend is %s, the device's state is %d",
			       xlpt_xbs_word(l->be.be_state), xlpt_xbs_word(l->be.fe_state),
			       d ? d->state : -1);
}

/* The frontend says so now; or it said so earlier and does not begin again. */
static bool gave_up(struct xlpt_store *s, struct look *l)
{
	unsigned fe = 0;

	free(l->gave_up);
	l->gave_up = xlpt_pcibe_gave_up(s, l->guest->domid);
	if (l->gave_up || !l->gave_up_before)
		return l->gave_up != NULL;
	xlpt_store_read_uint(s, 0, &fe, "/local/domain/%u/device/pci/0/state", l->guest->domid);
	if (fe > XLPT_XBS_INITIALISING)
		l->gave_up_before = NULL;
	else if (xlpt_now(l->env->clock) >= l->begin_by)
		l->gave_up = xlpt_xstrdup(l->gave_up_before);
	return l->gave_up != NULL;
}

/* A guest that crashes or is destroyed need not change a node that is watched. */
static bool guest_left(struct look *l)
{
	int64_t now = xlpt_now(l->env->clock);

	if (now < l->ask_guest_at)
		return false;
	l->ask_guest_at = now + LOOK_AGAIN_MS;
	return xlpt_guest_still_there(l->env, l->guest, NULL) != 0;
}

static int check_connected(struct xlpt_store *s, void *arg)
{
	struct look *l = arg;
	const struct xlpt_pcidev *d;
	int r;

	if (xlpt_interrupted)
		return -EINTR;
	if (gave_up(s, l))
		return -ECONNREFUSED;
	if (guest_left(l))
		return -ESRCH;
	if (under_way(s, l))
		return 0;
	r = read_again(s, l);
	if (r)
		return r;
	if (l->be.be_state == XLPT_XBS_CLOSING || l->be.be_state == XLPT_XBS_CLOSED)
		return -ECONNRESET;
	d = xlpt_pcibe_find(&l->be, l->bdf);
	if (!d)
		return -ENODEV;
	return d->state == XLPT_XBS_INITIALISED && d->vdev_ok &&
	       l->be.be_state == XLPT_XBS_CONNECTED && l->be.fe_state == XLPT_XBS_CONNECTED;
}

static int say_gave_up(struct xlpt_env *env, struct look *l, struct xlpt_diag *diag)
{
	bool no_dma = xlpt_pcibe_no_dma(l->gave_up);

	xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "%s's PCI frontend gave up: %s", l->guest->name,
		      l->gave_up);
	if (no_dma)
		xlpt_diag_fact(diag, "its kernel found no memory for DMA");
	else if (xlpt_pcibe_errno(l->gave_up) == ENOMEM)
		xlpt_diag_fact(diag, "its kernel had no memory for that");
	else
		say_states(env, diag, l);
	if (no_dma)
		xlpt_diag_hint(diag,
			       "boot the guest with swiotlb=SMALLER, or start it earlier after "
			       "the host's boot");
	else
		xlpt_diag_hint(diag, "xl console %s shows what its kernel said",
			       XLPT_WORD(l->guest->name));
	return XLPT_ERR_CONFLICT;
}

static int look_failed(struct xlpt_env *env, struct look *l, int r, int64_t timeout_ms,
		       struct xlpt_diag *diag, const char *what)
{
	const char *bdf = XLPT_BDF_STR(l->bdf);

	if (r == -EINTR)
		return xlpt_check_interrupted(diag);
	if (r == -EIO) {
		xlpt_diag_move(diag, &l->diag);
		return diag ? (int)diag->code : XLPT_ERR_IO;
	}
	if (r == -ECONNREFUSED && l->gave_up)
		return say_gave_up(env, l, diag);
	if (xlpt_guest_still_there(env, l->guest, diag))
		return XLPT_ERR_NO_GUEST;
	if (r == -ETIMEDOUT) {
		xlpt_diag_set(diag, XLPT_ERR_TIMEOUT, "%s did not %s %s within %lld s",
			      l->guest->name, what, bdf, (long long)(timeout_ms / 1000));
		say_states(env, diag, l);
		xlpt_diag_hint(diag,
			       l->be.error && l->be.fe_state != XLPT_XBS_CONNECTED
				       ? "dmesg in dom0 shows what xen-pciback said; see whether "
					 "the guest's kernel has xen-pcifront loaded: xl console %s"
				       : "see whether the guest's kernel has xen-pcifront loaded: "
					 "xl console %s",
			       XLPT_WORD(l->guest->name));
		return XLPT_ERR_TIMEOUT;
	}
	if (r == -ECONNRESET || r == -ENODEV) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "%s could not %s %s", l->guest->name, what,
			      bdf);
		say_states(env, diag, l);
		xlpt_diag_hint(diag,
			       "dmesg in dom0 and xl console %s show what xen-pciback and "
			       "xen-pcifront said",
			       XLPT_WORD(l->guest->name));
		return XLPT_ERR_CONFLICT;
	}
	xlpt_diag_errno(diag, XLPT_ERR_IO, r, "cannot watch %s's PCI frontend in xenstore",
			l->guest->name);
	xlpt_diag_hint(diag, "see whether xenstored answers: xenstore-ls /local/domain/%u/device",
		       l->guest->domid);
	return XLPT_ERR_IO;
}

int xlpt_wait_connected(struct xlpt_env *env, const struct xlpt_guest *guest, struct xlpt_bdf bdf,
			const char *gave_up_before, int64_t timeout_ms, struct xlpt_bdf *vdev,
			struct xlpt_diag *diag)
{
	_cleanup_look_ struct look l = { .env = env,
					 .guest = guest,
					 .bdf = bdf,
					 .gave_up_before = gave_up_before,
					 .begin_by = xlpt_now(env->clock) + BEGIN_ANEW_MS };
	int r, rc = 0;

	r = wait_for(env, &l, timeout_ms, check_connected);
	if (r < 0)
		rc = look_failed(env, &l, r, timeout_ms, diag, "connect to");
	else
		*vdev = xlpt_pcibe_find(&l.be, bdf)->vdev;
	return rc;
}

static int check_settled(struct xlpt_store *s, void *arg)
{
	struct look *l = arg;
	int r;

	if (xlpt_interrupted)
		return -EINTR;
	if (guest_left(l))
		return -ESRCH;
	if (under_way(s, l))
		return 0;
	r = read_again(s, l);
	if (r)
		return r;
	if (!l->be.exists)
		return 1;
	if (l->be.be_state == XLPT_XBS_CLOSING || l->be.be_state == XLPT_XBS_CLOSED)
		return -ECONNRESET;
	return l->be.be_state == XLPT_XBS_CONNECTED && l->be.fe_state == XLPT_XBS_CONNECTED;
}

int xlpt_wait_settled(struct xlpt_env *env, const struct xlpt_guest *guest, int64_t timeout_ms,
		      struct xlpt_diag *diag)
{
	_cleanup_look_ struct look l = { .env = env, .guest = guest };
	int r, rc = 0;

	r = wait_for(env, &l, timeout_ms, check_settled);
	if (r < 0) {
		rc = look_failed(env, &l, r, timeout_ms, diag, "settle");
		if (rc == XLPT_ERR_TIMEOUT || rc == XLPT_ERR_CONFLICT) {
			xlpt_diag_set(
				diag, rc,
				"%s has begun a change of its PCI devices and does not finish it",
				guest->name);
			say_states(env, diag, &l);
			xlpt_diag_hint(diag,
				       "xlpt detach --force takes devices away without the "
				       "guest's help; after that the guest must be restarted");
		}
	}
	return rc;
}

static int check_gone(struct xlpt_store *s, void *arg)
{
	struct look *l = arg;
	const struct xlpt_pcidev *d;
	int r;

	if (xlpt_interrupted)
		return -EINTR;
	r = read_again(s, l);
	if (r)
		return r;
	d = xlpt_pcibe_find(&l->be, l->bdf);
	if (!d)
		return 1;
	if (guest_left(l))
		return -ESRCH;
	/*
	 * libxl gives up after 10 s and still reports success. A guest that answers later ends its
	 * round as it should; only the nodes are left. They would break every later round (state 5
	 * of a device that pciback no longer has).
	 */
	if (l->guest->type == XLPT_GUEST_PV && d->state == XLPT_XBS_CLOSING &&
	    l->be.be_state == XLPT_XBS_CONNECTED && l->be.fe_state == XLPT_XBS_CONNECTED)
		return xlpt_pcibe_drop(s, l->guest->domid, l->bdf, XLPT_XBS_NONE, &l->diag) ? -EIO
											    : 1;
	return 0;
}

int xlpt_wait_gone(struct xlpt_env *env, const struct xlpt_guest *guest, struct xlpt_bdf bdf,
		   int64_t timeout_ms, struct xlpt_diag *diag)
{
	_cleanup_look_ struct look l = { .env = env, .guest = guest, .bdf = bdf };
	int r, rc = 0;

	r = wait_for(env, &l, timeout_ms, check_gone);
	if (r < 0)
		rc = look_failed(env, &l, r, timeout_ms, diag, "let go of");
	return rc;
}

bool xlpt_wait_port_closed(struct xlpt_env *env, uint32_t domid, unsigned port, int64_t timeout_ms)
{
	int64_t deadline = xlpt_now(env->clock) + timeout_ms;

	if (!port)
		return true;
	while (env->ts->ops->port_open(env->ts, domid, port)) {
		if (xlpt_now(env->clock) >= deadline)
			return false;
		env->clock->sleep_ms(env->clock, PORT_POLL_MS);
	}
	return true;
}
