/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A save, restore or migration that was cut short. Its xl, if one ran, has ended, because it held
 * the journal's lock. What is done depends on where the guest is now, and on the one decision that
 * the journal may have: "state saved" (the image is complete and has its name) or "state arrived"
 * (the other host has the guest, paused). With it the operation is finished, without it it is
 * taken back.
 */
#include <string.h>
#include <unistd.h>

#include "core/text.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/mend.h"
#include "xl-plugin/kept/locks.h"
#include "xl-plugin/leave/leave.h"
#include "xl-plugin/pool/pools.h"

/* The last decision in the journal is this one. */
static bool decided(const struct xlpt_journal *j, const char *state)
{
	const char *last = NULL, *s;

	for (size_t i = 0; (s = xlpt_journal_get(j, "state", i)); i++)
		last = s;
	return xlpt_streq(last, state);
}

/*
 * The VF of a pool may be another guest's by now: then another VF of that pool takes its place.
 * When there is no such pool any more, the address is used.
 */
static int attach_one(struct xlpt_env *env, const struct xlpt_guest *guest,
		      const struct xlpt_spec *spec, const struct xlpt_leave_how *how,
		      struct xlpt_diag *diag)
{
	_cleanup_pool_def_ struct xlpt_pool_def def = { 0 };
	struct xlpt_spec other = *spec;
	int rc = xlpt_leave_attach(env, guest, spec, how, diag);

	if (rc == 0)
		xlpt_say(env, "%s is attached to %s", XLPT_BDF_STR(spec->bdf), guest->name);
	if (!spec->pool || (rc != XLPT_ERR_FULL && rc != XLPT_ERR_NOT_FOUND))
		return rc;
	if (diag)
		xlpt_diag_dispose(diag);
	if (xlpt_pool_load(env, spec->pool, &def, NULL))
		other.pool = NULL;
	else
		other.has_bdf = false;
	rc = xlpt_leave_attach(env, guest, &other, how, diag);
	if (rc == 0 && other.pool)
		xlpt_say(env, "%s has another function of pool %s in the place of %s", guest->name,
			 spec->pool, XLPT_BDF_STR(spec->bdf));
	else if (rc == 0)
		xlpt_say(env, "%s is attached to %s; there is no pool %s any more",
			 XLPT_BDF_STR(spec->bdf), guest->name, spec->pool);
	return rc;
}

/*
 * Each device is attached or named: one that the guest cannot have does not stop the repair of the
 * others.
 */
static void attach_all(struct xlpt_env *env, const struct xlpt_guest *known, struct xlpt_journal *j,
		       bool had)
{
	struct xlpt_leave_how how = { .journal = j,
				      .timeout_ms = XLPT_GUEST_TIMEOUT_MS,
				      .had = had };
	_cleanup_guest_ struct xlpt_guest now = { 0 };
	const struct xlpt_guest *guest = &now;
	const char *text;

	/* The guest as it is now: the journal does not tell whether it runs, nor its type. */
	if (xlpt_leave_alive(env, known, &now, NULL) <= 0)
		return;
	xlpt_leave_settle(env, guest);
	for (size_t i = 0; (text = xlpt_journal_get(j, "spec", i)); i++) {
		_cleanup_diag_ struct xlpt_diag d = { 0 };
		_cleanup_spec_ struct xlpt_spec spec;

		if (xlpt_spec_parse(text, &spec, &d) || attach_one(env, guest, &spec, &how, &d))
			xlpt_warn(env, "%s runs without %s: %s", guest->name, text,
				  d.message ? d.message : "it cannot be attached");
	}
}

static void remove_files(struct xlpt_env *env, const struct xlpt_journal *j)
{
	const char *part = xlpt_journal_get(j, "part", 0), *image = xlpt_journal_get(j, "image", 0);

	if (part)
		xlpt_file_remove(NULL, part);
	if (image)
		xlpt_file_remove(env->host, image);
}

/* ---- save ---- */

static int finish_save(struct xlpt_env *env, struct xlpt_journal *j, const struct xlpt_guest *now,
		       struct xlpt_diag *diag)
{
	const char *file = xlpt_journal_get(j, "file", 0);
	int rc = 0;

	if (now && !now->dying)
		rc = env->ts->ops->guest_destroy(env->ts, now->domid, diag);
	if (rc == 0 && now)
		rc = xlpt_leave_wait_gone(env, now, diag);
	if (rc == 0)
		xlpt_say(env, "%s is saved in %s: xlpt restore %s", j->guest.name, file,
			 XLPT_WORD(file));
	return rc;
}

static int repair_save(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag)
{
	_cleanup_guest_ struct xlpt_guest now = { 0 };
	const char *file = xlpt_journal_get(j, "file", 0);
	bool saved = decided(j, "saved"), paused = xlpt_journal_get(j, "paused", 0);
	int rc = xlpt_leave_alive(env, &j->guest, &now, diag);

	if (rc < 0)
		return rc;
	if (saved && (rc == 0 || now.paused || xlpt_guest_leaves(&now)))
		return finish_save(env, j, rc ? &now : NULL, diag);
	if (rc == 0) {
		const char *part = xlpt_journal_get(j, "part", 0);

		xlpt_warn(env, "%s is gone, and was not saved; %s may be left of it", j->guest.name,
			  part ? part : "a file");
		return 0;
	}
	if (saved)
		xlpt_warn(env, "%s runs on: %s is older than the guest now, do not restore it",
			  j->guest.name, file);
	rc = xlpt_leave_go_on(env, &j->guest, paused, diag);
	if (rc)
		return rc;
	remove_files(env, j);
	xlpt_say(env, "%s goes on: the save is taken back", j->guest.name);
	attach_all(env, &j->guest, j, true);
	return 0;
}

/* ---- sleep ---- */

/* The guest was never stopped: it only lacks what was taken out. */
static int repair_sleep(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag)
{
	_cleanup_guest_ struct xlpt_guest now = { 0 };
	int rc = xlpt_leave_alive(env, &j->guest, &now, diag);

	if (rc < 0)
		return rc;
	if (rc == 0)
		xlpt_say(env, "%s is gone: it gets nothing back", j->guest.name);
	else
		attach_all(env, &j->guest, j, true);
	return 0;
}

/* ---- restore ---- */

static int repair_restore(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_locks *locks,
			  struct xlpt_diag *diag)
{
	const char *uuid = xlpt_journal_get(j, "uuid", 0), *name = xlpt_journal_get(j, "name", 0);
	int64_t deadline = xlpt_now(env->clock) + XLPT_LEAVE_TIMEOUT_MS;
	_cleanup_guest_ struct xlpt_guest now = { 0 };
	int rc;

	/*
	 * When its image was cut off, xl removes the domain that it was making; when it got all of
	 * it, it unpauses the domain.
	 */
	while ((rc = uuid ? xlpt_guest_by_uuid(env->ts, uuid, &now, diag) : 0) > 0 &&
	       (now.paused || now.dying) && xlpt_now(env->clock) < deadline) {
		xlpt_guest_dispose(&now);
		env->clock->sleep_ms(env->clock, 200);
	}
	if (rc < 0)
		return rc;
	if (rc == 0) {
		xlpt_say(env, "%s was not restored; its image is as it was",
			 name ? name : "the guest");
		return 0;
	}
	if (now.paused || now.dying) {
		xlpt_diag_set(diag, XLPT_ERR_LEFT, "%s (domain %u) is %s after its restore",
			      now.name, now.domid, now.dying ? "shutting down" : "paused");
		/*
		 * It was not unpaused: its xl ended before the domain was complete, or before it
		 * could say so.
		 */
		xlpt_diag_hint(diag, "xl destroy %u, then xlpt repair; the image is as it was",
			       now.domid);
		return XLPT_ERR_LEFT;
	}
	rc = xlpt_lock_guest(env, locks, now.domid, xlpt_now(env->clock) + XLPT_LOCK_TIMEOUT_MS,
			     diag);
	if (rc)
		return rc;
	xlpt_say(env, "%s is restored as domain %u", now.name, now.domid);
	attach_all(env, &now, j, false);
	return 0;
}

/* ---- migrate ---- */

/* 1: the guest there has devices, and all of them are complete. 0: not so. Negative: an error. */
static int has_there(struct xlpt_env *env, const struct xlpt_journal *j, const char *transport,
		     const char *host, struct xlpt_diag *diag)
{
	_cleanup_free_ char *words = xlpt_xasprintf("status %s", j->guest.name);
	struct json_object *root = xlpt_leave_ask(env, transport, host, words, diag), *devs = NULL,
			   *v;
	size_t n, whole = 0;

	if (!root)
		return diag ? xlpt_diag_recode(diag, XLPT_ERR_LEFT) : XLPT_ERR_LEFT;
	json_object_object_get_ex(root, "devices", &devs);
	n = json_object_is_type(devs, json_type_array) ? json_object_array_length(devs) : 0;
	for (size_t i = 0; i < n; i++)
		whole += json_object_object_get_ex(json_object_array_get_idx(devs, i), "state",
						   &v) &&
			 xlpt_streq(json_object_get_string(v), "assigned");
	json_object_put(root);
	return n && whole == n;
}

/*
 * xlpt attach on the other host gives all devices or none. When one is still running there, this
 * one waits for it.
 */
static int attach_there(struct xlpt_env *env, const struct xlpt_journal *j, const char *transport,
			const char *host, struct xlpt_diag *diag)
{
	const char *targets = xlpt_journal_get(j, "targets", 0);
	int rc;

	if (!targets)
		return 0;
	rc = has_there(env, j, transport, host, diag);
	if (rc == 0) {
		rc = xlpt_leave_remote_attach(env, transport, host, j->guest.name, targets, diag);
		if (rc && has_there(env, j, transport, host, NULL) > 0)
			rc = 0;
	}
	if (rc < 0)
		return rc;
	xlpt_say(env, "%s has its devices on %s", j->guest.name, host);
	return 0;
}

static int finish_migrate(struct xlpt_env *env, struct xlpt_journal *j, const char *transport,
			  const char *host, struct xlpt_diag *diag)
{
	bool there = false, paused = false;
	int rc = xlpt_leave_remote_state(env, transport, host, &j->guest, &there, &paused, diag);

	if (rc)
		return xlpt_diag_recode(diag, XLPT_ERR_LEFT);
	if (!there) {
		const char *image = xlpt_journal_get(j, "image", 0);

		xlpt_diag_set(diag, XLPT_ERR_LEFT, "%s is neither here nor on %s", j->guest.name,
			      host);
		if (image && xlpt_host_has(env->host, "%s", image))
			xlpt_diag_hint(diag, "its image is kept: xlpt restore %s",
				       XLPT_WORD(image));
		else
			xlpt_diag_hint(
				diag,
				"look with xl list on both hosts; if it is on neither, create it "
				"again from its configuration");
		return XLPT_ERR_LEFT;
	}
	if (paused && decided(j, "arrived") && !xlpt_journal_get(j, "paused", 0))
		rc = xlpt_leave_remote_unpause(env, transport, host, j->guest.name, diag);
	if (rc)
		return rc;
	xlpt_say(env, "%s is on %s", j->guest.name, host);
	remove_files(env, j);
	return attach_there(env, j, transport, host, diag);
}

static int repair_migrate(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_locks *locks,
			  struct xlpt_diag *diag)
{
	const char *transport = xlpt_journal_get(j, "transport", 0),
		   *host = xlpt_journal_get(j, "host", 0);
	bool offline = xlpt_journal_get(j, "image", 0), renamed;
	_cleanup_guest_ struct xlpt_guest now = { 0 };
	int rc = xlpt_leave_alive(env, &j->guest, &now, diag);

	if (rc < 0)
		return rc;
	if (!transport || !host) {
		xlpt_diag_set(diag, XLPT_ERR_DATA, "the journal does not name the other host");
		xlpt_diag_fact(diag, "%s was not written by this xlpt, or is damaged", j->path);
		xlpt_diag_hint(diag,
			       "see with xl list on both hosts where the guest is, and remove "
			       "that file");
		return XLPT_ERR_DATA;
	}
	if (rc > 0 && decided(j, "arrived") && (now.paused || now.dying)) {
		rc = now.dying ? 0 : env->ts->ops->guest_destroy(env->ts, now.domid, diag);
		if (rc == 0)
			rc = xlpt_leave_wait_gone(env, &now, diag);
		if (rc)
			return rc;
	}
	if (rc == 0) {
		/*
		 * The guest has left this host: its locks are released while the other host works.
		 */
		xlpt_locks_release(locks);
		return finish_migrate(env, j, transport, host, diag);
	}
	/* Only when xl has renamed the guest, something can have been sent. */
	renamed = !xlpt_streq(now.name, j->guest.name);
	if (offline && renamed)
		rc = xlpt_leave_remote_destroy(env, transport, host, &j->guest, diag);
	else
		rc = offline ? 0
			     : xlpt_leave_remote_incoming(env, transport, host, &j->guest, diag);
	if (rc == 0)
		rc = xlpt_leave_take_back(env, &j->guest, transport, host,
					  xlpt_journal_get(j, "paused", 0), diag);
	if (rc)
		return rc;
	remove_files(env, j);
	xlpt_say(env, "%s goes on here: the migration is taken back", j->guest.name);
	attach_all(env, &j->guest, j, true);
	return 0;
}

static int leave_repair(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag)
{
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	_cleanup_free_ struct xlpt_bdf *bdfs = xlpt_xcalloc(j->n + 1, sizeof(*bdfs));
	int rc;

	for (size_t i = 0; i < j->n; i++)
		bdfs[i] = j->devs[i].bdf;
	rc = xlpt_lock_all(env, &locks, j->guest.name ? &j->guest.domid : NULL, bdfs, j->n, diag);
	if (rc == 0)
		rc = xlpt_journal_adopt(env, j, diag);
	if (rc <= 0)
		return rc;
	xlpt_say(env, "mending an interrupted %s%s%s, left at: %s", j->op,
		 j->guest.name ? " of guest " : "", j->guest.name ? j->guest.name : "",
		 j->last ? j->last : "its beginning");
	if (!strcmp(j->op, "save"))
		rc = repair_save(env, j, diag);
	else if (!strcmp(j->op, "sleep"))
		rc = repair_sleep(env, j, diag);
	else if (!strcmp(j->op, "restore"))
		rc = repair_restore(env, j, &locks, diag);
	else
		rc = repair_migrate(env, j, &locks, diag);
	if (rc) {
		xlpt_diag_wrap(diag, "cannot mend the interrupted %s", j->op);
		return xlpt_diag_recode(diag, XLPT_ERR_LEFT);
	}
	xlpt_mend_overrides(env, j);
	xlpt_journal_end(env, j);
	return 0;
}

const struct xlpt_mender xlpt_mender_leave = { .is = xlpt_journal_moves, .whole = leave_repair };
