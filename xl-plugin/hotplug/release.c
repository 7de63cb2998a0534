/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Taking a device away from a guest when the usual way did not work or cannot: after an attach
 * that failed or was killed, with detach --force, from a guest that hangs. It looks at each place
 * where the guest may still have the device, in the order in which libxl puts it there
 * (libxl_pci.c: note, device model, access, assignment, xenstore), and asks the hypervisor at the
 * end.
 */
#include "xl-plugin/hotplug/release.h"

#include "core/text.h"
#include "pciback/device/bind.h"
#include "pciback/device/scan.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/libvirt.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/kept/had-line.h"

/* A connected guest answers within this time, or the device is taken by force. */
#define POLITE_MS 15000

struct look {
	bool listed;  /* the backend names the device */
	bool leaving; /* ... and the guest was already asked to give it back */
	bool connected;
	bool engaged;  /* the frontend has begun: a driver may be using the device or about to */
	unsigned port; /* number of the frontend's event channel, when this is its last device */
};

static int look(struct xlpt_env *env, uint32_t domid, struct xlpt_bdf bdf, struct look *l,
		struct xlpt_diag *diag)
{
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };
	const struct xlpt_pcidev *d;
	int rc = xlpt_pcibe_read(env->store, domid, &be, diag);

	if (rc)
		return rc;
	d = xlpt_pcibe_find(&be, bdf);
	l->listed = d != NULL;
	l->leaving = d && d->state == XLPT_XBS_CLOSING;
	l->connected = be.be_state == XLPT_XBS_CONNECTED && be.fe_state == XLPT_XBS_CONNECTED;
	l->engaged = be.fe_state == XLPT_XBS_INITIALISED || be.fe_state == XLPT_XBS_CONNECTED ||
		     be.fe_state == XLPT_XBS_RECONFIGURING;
	/* With the last device the whole backend goes, and the guest has to notice that. */
	if (be.n == 1)
		l->port = be.evtchn;
	return 0;
}

/* The error when the guest was asked and did not let go, and force is not allowed. */
static int still_held(const struct xlpt_guest *guest, struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_LEFT, "%s does not let go of %s", guest->name,
		      XLPT_BDF_STR(bdf));
	if (guest->type == XLPT_GUEST_PV)
		xlpt_diag_fact(diag,
			       "a change of its PCI devices is still going on; taking the device "
			       "away now would end its PCI hotplug");
	else
		xlpt_diag_fact(diag, "its device model still has the device, and the guest did not "
				     "answer the eject request");
	xlpt_diag_hint(diag,
		       "xlpt repair once the guest answers; xlpt detach --force %s %s takes it "
		       "anyway, and the guest must be restarted then",
		       XLPT_WORD(guest->name), XLPT_BDF_STR(bdf));
	return XLPT_ERR_LEFT;
}

/* QEMU has the device; or QEMU cannot be asked and the hypervisor still has it with a guest. */
static bool dm_holds(struct xlpt_env *env, uint32_t domid, struct xlpt_bdf bdf)
{
	bool has = false, assigned = true;

	if (env->ts->ops->dm_has(env->ts, domid, bdf, &has, NULL) == 0)
		return has;
	return env->ts->ops->hyp_assigned(env->ts, bdf, &assigned, NULL) || assigned;
}

static int leave_dm(struct xlpt_env *env, uint32_t domid, struct xlpt_bdf bdf, int64_t timeout_ms,
		    struct xlpt_diag *diag)
{
	int64_t deadline = xlpt_now(env->clock) + timeout_ms;
	_cleanup_free_ char *what = xlpt_xasprintf("the device model of domain %u", domid);
	_cleanup_waiting_ struct xlpt_waiting waiting = xlpt_waiting_for(env, what);
	bool has = false;
	int rc;

	/* A domain without a device model, or whose device model is gone, has nothing there. */
	if (env->ts->ops->dm_has(env->ts, domid, bdf, &has, NULL) || !has)
		return 0;
	rc = env->ts->ops->dm_del(env->ts, domid, bdf, diag);
	while (rc == 0 && has && xlpt_now(env->clock) < deadline) {
		env->clock->sleep_ms(env->clock, 100); /* QEMU's monitor has no event to wait for */
		xlpt_waiting_look(&waiting);
		if (env->ts->ops->dm_has(env->ts, domid, bdf, &has, NULL))
			break;
	}
	if (rc == 0 && has) {
		rc = xlpt_diag_set(diag, XLPT_ERR_TIMEOUT,
				   "the device model of domain %u still holds %s", domid,
				   XLPT_BDF_STR(bdf));
		xlpt_diag_fact(diag, "the guest did not answer the eject request");
		xlpt_diag_hint(diag, "xlpt repair once the guest runs, or xl destroy %u", domid);
	}
	return rc;
}

/*
 * Asks libvirt or libxl to remove the device; their answer is not relied on, the caller looks.
 * LEFT: libvirt would have to be asked and does not answer. With force, only libxl is asked for an
 * HVM guest: a removal that fails because the guest does not answer leaves libvirt with a list
 * that it can no longer use.
 */
static int ask_remove(struct xlpt_env *env, const struct xlpt_guest *guest, struct xlpt_bdf bdf,
		      bool force, int64_t timeout_ms, struct xlpt_diag *diag)
{
	_cleanup_diag_ struct xlpt_diag own = { 0 };
	int rc = 0;

	if (guest->type == XLPT_GUEST_PV || !force)
		rc = xlpt_libvirt_remove(env, guest, bdf, timeout_ms, &own);
	if (rc == 0)
		env->ts->ops->device_remove(env->ts, guest->domid, bdf, false, NULL);
	if (rc != XLPT_ERR_RULE)
		return 0;
	xlpt_diag_move(diag, &own);
	return xlpt_diag_recode(diag, XLPT_ERR_LEFT);
}

/*
 * Does what libxl does for an HVM guest, except for the interrupt line. 1: the device model keeps
 * the device.
 */
static int leave_line(struct xlpt_env *env, const struct xlpt_guest *guest, struct xlpt_bdf bdf,
		      bool force, int64_t timeout_ms, struct look *l, struct xlpt_diag *diag)
{
	int rc = leave_dm(env, guest->domid, bdf, timeout_ms, diag);

	if (rc == XLPT_ERR_TIMEOUT && force)
		xlpt_diag_dispose(diag);
	if (rc == XLPT_ERR_TIMEOUT)
		return force ? 1 : still_held(guest, bdf, diag);
	l->listed = false;
	return rc ? rc : xlpt_pcibe_drop(env->store, guest->domid, bdf, XLPT_XBS_NONE, diag);
}

static int leave_backend(struct xlpt_env *env, const struct xlpt_guest *guest, bool alive,
			 uint32_t domid, struct xlpt_bdf bdf, bool force, int64_t timeout_ms,
			 struct look *l, struct xlpt_diag *diag)
{
	bool pv = guest->type == XLPT_GUEST_PV;
	int rc = 1;

	if (alive && xlpt_line_kept(env, guest, bdf))
		rc = leave_line(env, guest, bdf, force, timeout_ms, l, diag);
	if (rc <= 0)
		return rc;
	/*
	 * A connect that is under way is allowed to end, whatever the reason to take the device
	 * back.
	 */
	if (alive && pv && l->engaged && !l->connected && !l->leaving) {
		xlpt_wait_settled(env, guest, timeout_ms, NULL);
		rc = look(env, domid, bdf, l, diag);
		if (rc || !l->listed)
			return rc;
	}
	/*
	 * Asking a PV guest twice for the same device ends its hotplug: pciback has released the
	 * device, answers the second round with EINVAL and stays in Reconfiguring (xenbus.c,
	 * xen_pcibk_remove_device).
	 */
	if (alive && (pv ? l->connected && !l->leaving : true))
		rc = ask_remove(env, guest, bdf, force, timeout_ms, diag);
	if (rc < 0)
		return rc;
	/*
	 * libxl's own removal waits 10 s for a guest, and reports success whatever the guest did.
	 */
	if (alive && pv && (l->connected || l->leaving))
		xlpt_wait_gone(env, guest, bdf, timeout_ms < POLITE_MS ? timeout_ms : POLITE_MS,
			       NULL);
	rc = look(env, domid, bdf, l, diag);
	if (rc == 0 && alive && l->listed && !force &&
	    (pv ? l->engaged : dm_holds(env, domid, bdf)))
		return still_held(guest, bdf, diag);
	/*
	 * For libxl a PV guest need not answer: it takes the device, and through libvirt its list
	 * is right, too.
	 */
	if (rc == 0 && alive && l->listed && pv)
		xlpt_libvirt_remove(env, guest, bdf, timeout_ms, NULL);
	if (rc == 0 && alive && l->listed) {
		env->ts->ops->device_remove(env->ts, domid, bdf, true, NULL);
		rc = look(env, domid, bdf, l, diag);
	}
	if (rc == 0 && l->listed)
		rc = xlpt_pcibe_drop(env->store, domid, bdf, XLPT_XBS_NONE, diag);
	if (rc == 0 && alive)
		xlpt_libvirt_tell_left(env, guest, bdf);
	return rc;
}

int xlpt_clear_empty(struct xlpt_env *env, uint32_t domid, bool *cleared, struct xlpt_diag *diag)
{
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };
	int rc = xlpt_pcibe_read(env->store, domid, &be, diag);

	*cleared = false;
	if (rc == 0 && be.exists)
		rc = xlpt_pcibe_remove_empty(env->store, domid, cleared, diag);
	if (rc == 0 && *cleared)
		xlpt_wait_port_closed(env, domid, be.evtchn, XLPT_PORT_TIMEOUT_MS);
	return rc;
}

int xlpt_release_absent(struct xlpt_env *env, const struct xlpt_guest *guest, struct xlpt_bdf bdf,
			int64_t timeout_ms, struct xlpt_diag *diag)
{
	_cleanup_pcinote_ struct xlpt_pcinote note = { 0 };
	uint32_t domid = guest->domid;
	struct look l = { 0 };
	bool cleared;
	int rc = look(env, domid, bdf, &l, diag);

	if (rc == 0 && guest->type == XLPT_GUEST_HVM)
		rc = leave_dm(env, domid, bdf, timeout_ms, diag);
	/*
	 * The guest is not asked: xen-pciback let go of the device when the host lost it. It would
	 * answer such a round with EINVAL and stay in Reconfiguring (xenbus.c,
	 * xen_pcibk_remove_device).
	 */
	if (rc == 0 && l.listed)
		rc = xlpt_pcibe_drop(env->store, domid, bdf, XLPT_XBS_NONE, diag);
	if (rc == 0)
		rc = xlpt_clear_empty(env, domid, &cleared, diag);
	if (rc == 0)
		rc = env->ts->ops->revoke(env->ts, domid, bdf, NULL, 0, 0, diag);
	if (rc == 0)
		rc = xlpt_pcinote_read(env->store, bdf, &note, diag);
	if (rc == 0 && note.domid == (int64_t)domid)
		rc = xlpt_pcinote_clear_domid(env->store, bdf, diag);
	return rc;
}

/*
 * False when the device was unplugged and came again, or was taken from pciback by hand: then no
 * round with the backend can end.
 */
static bool on_pciback(struct xlpt_env *env, struct xlpt_bdf bdf)
{
	_cleanup_free_ char *driver = NULL;

	return xlpt_bind_driver(env->host, bdf, &driver, NULL) ||
	       xlpt_streq(driver, XLPT_PCIBACK_DRIVER);
}

/* Whoever gave the device: a guest that lives is noted to have had it. */
static int leave_listed(struct xlpt_env *env, const struct xlpt_guest *guest, bool alive,
			uint32_t domid, struct xlpt_bdf bdf, bool force, int64_t timeout_ms,
			struct look *l, struct xlpt_diag *diag)
{
	int rc = alive ? xlpt_had_line_note(env, guest, bdf, NULL, diag) : 0;

	if (rc)
		return rc;
	if (alive && !on_pciback(env, bdf))
		return xlpt_release_absent(env, guest, bdf, timeout_ms, diag);
	return leave_backend(env, guest, alive, domid, bdf, force, timeout_ms, l, diag);
}

int xlpt_release(struct xlpt_env *env, uint32_t domid, struct xlpt_bdf bdf, bool force,
		 int64_t timeout_ms, struct xlpt_diag *diag)
{
	_cleanup_guest_ struct xlpt_guest guest = { 0 };
	_cleanup_pcinote_ struct xlpt_pcinote note = { 0 };
	bool alive = env->ts->ops->guest_by_id(env->ts, domid, &guest, NULL) == 0;
	struct look l = { 0 };
	bool assigned = false, cleared;
	uint32_t other;
	int rc;

	rc = look(env, domid, bdf, &l, diag);
	if (rc == 0 && l.listed)
		rc = leave_listed(env, &guest, alive, domid, bdf, force, timeout_ms, &l, diag);
	if (rc == 0)
		rc = xlpt_clear_empty(env, domid, &cleared, diag);
	if (rc)
		return rc;
	if (alive && guest.type == XLPT_GUEST_HVM) {
		rc = leave_dm(env, domid, bdf, timeout_ms, diag);
		if (rc)
			return rc;
	}
	/*
	 * Also when Xen has the device with nobody: the guest may have access without the
	 * assignment.
	 */
	if (alive) {
		rc = xlpt_revoke(env, domid, bdf, diag);
		if (rc)
			return rc;
	}
	rc = env->ts->ops->hyp_assigned(env->ts, bdf, &assigned, diag);
	/*
	 * A domain that is gone has nothing. If the device is assigned now, it is to a guest that
	 * lives.
	 */
	if (rc == 0 && assigned && !alive && xlpt_owner_now(env, bdf, &other, NULL) > 0)
		assigned = false;
	if (rc == 0 && assigned) {
		rc = xlpt_diag_set(diag, XLPT_ERR_CONFLICT,
				   "the hypervisor still has %s assigned to a guest",
				   XLPT_BDF_STR(bdf));
		xlpt_diag_fact(
			diag,
			"it is not domain %u's; to see whose it is: xl debug-keys Q; xl dmesg",
			domid);
		xlpt_diag_hint(diag, "shut that guest down");
	}
	if (rc)
		return rc;
	if (alive)
		xlpt_wait_port_closed(env, domid, l.port, XLPT_PORT_TIMEOUT_MS);
	rc = xlpt_pcinote_read(env->store, bdf, &note, diag);
	if (rc == 0 && note.domid == (int64_t)domid)
		rc = xlpt_pcinote_clear_domid(env->store, bdf, diag);
	return rc;
}
