/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guests that leave their domain: save, restore and migrate; and sleep, which takes devices out
 * and puts them back. Before a guest leaves, its devices are detached and each detach is verified;
 * where it goes on they are attached again. Whatever fails, the guest runs on exactly one host,
 * with its devices or with a message that names those that are missing.
 *
 * Times are milliseconds. What struct xlpt_leave points to is its own unless a comment says "not
 * owned".
 */
#ifndef XLPT_LEAVE_H
#define XLPT_LEAVE_H

#include "core/file.h"
#include "xl-plugin/backend/image.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/kept/mender.h"

/* how long to wait for a domain to be gone, or for an interrupted xl to end */
#define XLPT_LEAVE_TIMEOUT_MS 60000

/* --map FROM=TO: which device takes the place of which. */
struct xlpt_map {
	struct xlpt_bdf from;
	struct xlpt_spec to;
	bool alone; /* TO is an address alone, without options */
	bool used;  /* the guest has FROM */
};

struct xlpt_leave {
	struct xlpt_op op; /* must be the first member: the steps of its plan get a pointer to it */
	/* --detach-first and --force of the command */
	bool detach_first, force;
	bool out;	 /* sleep: its devices are taken out, or that was begun */
	bool was_paused; /* it was paused before the operation: after a failure it stays so */
	/* save, restore */
	char *file, *part; /* absolute paths: the image, and its name while it is written */
	/* part is below this; NULL = the file system of this process; not owned */
	struct xlpt_host *part_in;
	struct xlpt_file at; /* the directory of both, held open, and what had the name before */
	bool naming;	     /* the image gets its name, or its record was written */
	bool without_devices;
	struct xlpt_image image;
	/* restore, migrate */
	struct xlpt_map *maps;
	size_t n_maps, alloc_maps;
	/* migrate */
	bool offline;		      /* by an image that is sent, not live */
	const char *transport, *host; /* not owned */
	char *targets; /* what is attached on the other host: the words behind the guest's name */
	/* devices that could not be attached where the guest is now, for messages */
	struct xlpt_str missing;
	struct xlpt_diag missing_diag; /* the reason for the first of them */
};

void xlpt_leave_init(struct xlpt_leave *l, struct xlpt_env *env);
void xlpt_leave_dispose(struct xlpt_leave *l);
#define _cleanup_leave_ XLPT_CLEANUP(xlpt_leave_dispose)

/*
 * Each does the whole operation. For save and migrate op.guest must be found, for restore image
 * must be open. 0: done and verified. LEFT: something is left to do, which the journal has for
 * xlpt repair. Any other code: it was undone.
 */
int xlpt_op_save(struct xlpt_leave *l, struct xlpt_diag *diag);
int xlpt_op_restore(struct xlpt_leave *l, struct xlpt_diag *diag);
int xlpt_op_migrate(struct xlpt_leave *l, struct xlpt_diag *diag);

/* The mender of a save, restore, migration or sleep that was cut short (mend.c). */
extern const struct xlpt_mender xlpt_mender_leave;

/* What the commands print at the end (report.c). file: the name that the operator gave. */
void xlpt_leave_report_saved(const struct xlpt_leave *l, const char *file);
void xlpt_leave_report_restored(const struct xlpt_leave *l);
void xlpt_leave_report_migrated(const struct xlpt_leave *l);

/* ---- pieces (leave.c) ---- */

/*
 * The absolute path of FILE, with no symbolic link in it; caller frees. A link is followed as
 * core/file does: a link of another user only to what belongs to that user. SYNTAX for what cannot
 * be the name of an image, NOT_FOUND, IO.
 */
int xlpt_leave_path(const char *file, char **out, struct xlpt_diag *diag);

/*
 * Makes the guest's devices the items of l->op, takes the locks and looks at the devices again
 * under them. RULE when the guest has devices and detach_first is not set. what: "saved" or
 * "migrated", for messages.
 */
int xlpt_leave_begin(struct xlpt_leave *l, const char *what, struct xlpt_diag *diag);
/* Ends the leases of a guest that has left. What goes wrong is only warned of. */
void xlpt_leave_give_back(struct xlpt_op *op);
/*
 * RULE when libvirt manages the guest: it would not notice that the guest has left. verb: the
 * command of virsh that does it.
 */
int xlpt_leave_judge_libvirt(struct xlpt_leave *l, const char *what, const char *verb,
			     struct xlpt_diag *diag);
/* Adds one --map FROM=TO (map.c). SYNTAX, USAGE when FROM is mapped already. */
int xlpt_leave_add_map(struct xlpt_leave *l, const char *text, struct xlpt_diag *diag);
/*
 * The map for this device, which counts as used from then on; NULL = there is none. Belongs to l.
 */
struct xlpt_map *xlpt_leave_map(const struct xlpt_leave *l, struct xlpt_bdf bdf);
/*
 * Sets *out to what is to be attached in place of *own, and returns true when a map says so; else
 * a copy of *own, and false. When TO is an address alone, it gets all options of *own; when it is
 * a pool alone, the network identity of *own. The caller disposes of *out.
 */
bool xlpt_leave_mapped(const struct xlpt_leave *l, const struct xlpt_spec *own,
		       struct xlpt_spec *out);
/* USAGE when a map names a device that the guest does not have. */
int xlpt_leave_maps_used(const struct xlpt_leave *l, const char *guest, struct xlpt_diag *diag);
/*
 * Removes options that libxl writes as its defaults into every configuration and that are refused
 * for a guest of this type.
 */
void xlpt_leave_fit(enum xlpt_guest_type type, struct xlpt_spec *spec);
/* Adds a line "key value" for the journal. */
void xlpt_leave_note(struct xlpt_op *op, const char *fmt, ...) XLPT_PRINTF(2, 3);
/* Adds a note "spec SPEC" for every item. */
void xlpt_leave_note_specs(struct xlpt_op *op);

/* Adds the steps that detach every item; attaching it again is their undo. */
void xlpt_leave_plan_detach(struct xlpt_leave *l, struct xlpt_plan *plan);

/*
 * 1: the same guest (domid and uuid) is still there, and *now is how it is now. 0: it is gone.
 * Negative: an error.
 */
int xlpt_leave_alive(struct xlpt_env *env, const struct xlpt_guest *want, struct xlpt_guest *now,
		     struct xlpt_diag *diag);
/* Attaches item i again, which the guest had a moment ago. 0 also when the guest is gone. */
int xlpt_leave_attach_again(struct xlpt_leave *l, size_t i, struct xlpt_diag *diag);
/* Waits up to XLPT_LEAVE_TIMEOUT_MS until the guest is gone; LEFT when it is not. */
int xlpt_leave_wait_gone(struct xlpt_env *env, const struct xlpt_guest *guest,
			 struct xlpt_diag *diag);
/* How a device is attached within an operation that has the locks. */
struct xlpt_leave_how {
	struct xlpt_journal *journal; /* the attach writes its steps into this journal; not owned */
	/* a lease of the device moves from here to the attach; NULL = none; not owned */
	struct xlpt_leases *leases;
	int64_t timeout_ms;
	/* the guest had it a moment ago: what was consented to then is consented to again */
	bool had;
};

/*
 * Attaches a device, unless the guest has it already. spec: an address, also with a pool, or a
 * pool alone.
 */
int xlpt_leave_attach(struct xlpt_env *env, const struct xlpt_guest *guest,
		      const struct xlpt_spec *spec, const struct xlpt_leave_how *how,
		      struct xlpt_diag *diag);
/*
 * After a detach whose end was not seen. When the last device of a PV guest was removed, the guest
 * may still be closing its frontend; nothing in xenstore shows that, and an attach at that moment
 * would be taken for the old one. Waits 2 s for a PV guest without a backend.
 */
void xlpt_leave_settle(struct xlpt_env *env, const struct xlpt_guest *guest);
/*
 * Lets a guest that a save or migration has stopped go on, under its own name. stay_paused: it
 * stays paused. LEFT.
 */
int xlpt_leave_go_on(struct xlpt_env *env, const struct xlpt_guest *guest, bool stay_paused,
		     struct xlpt_diag *diag);

/*
 * xlpt_leave_plan_image adds the steps that write l->part, leave the guest paused and read the
 * image through. xlpt_leave_drop_part removes l->part. xlpt_leave_destroy is the step that ends
 * the guest on this host.
 */
void xlpt_leave_plan_image(struct xlpt_leave *l, struct xlpt_plan *plan);
void xlpt_leave_drop_part(const struct xlpt_leave *l);
int xlpt_leave_destroy(void *ctx, size_t i, struct xlpt_diag *diag);

/* ---- what a restored guest is to have (restore-devices.c) ---- */

/*
 * Makes the devices that the guest is to have the items of l->op, and leases the VFs that come out
 * of pools. RULE when a pool has none to give.
 */
int xlpt_restore_devices(struct xlpt_leave *l, struct xlpt_diag *diag);
/* RULE with every device that is not free. Called again under the locks. */
int xlpt_restore_judge(struct xlpt_leave *l, struct xlpt_diag *diag);
/* RULE for a device that would divide an isolation set. Its mates have been found and locked. */
int xlpt_restore_judge_split(struct xlpt_leave *l, struct xlpt_diag *diag);

/* ---- what a migrated one is to have (targets.c) ---- */

/*
 * Fills l->targets from the items, from what the other host says of its devices, and from the
 * maps.
 */
int xlpt_migrate_targets(struct xlpt_leave *l, struct xlpt_diag *diag);

/* ---- the other host (remote.c) ---- */

/*
 * SYNTAX for a word that a shell on the way could change. what: "host", "guest" or "device", for
 * the message.
 */
int xlpt_leave_plain(const char *what, const char *text, struct xlpt_diag *diag);
/* SYNTAX when the transport is more than words. */
int xlpt_leave_transport(const char *text, struct xlpt_diag *diag);
/* Sends the image to "xl restore -p" on the other host. NOT_FOUND when that does not end with 0. */
int xlpt_leave_send(struct xlpt_env *env, const char *transport, const char *host,
		    const struct xlpt_image *image, struct xlpt_diag *diag);
/*
 * Asks xl list on the other host for the guest: *there when it has a domain with the guest's name,
 * unless its UUID is another one; *paused.
 */
int xlpt_leave_remote_state(struct xlpt_env *env, const char *transport, const char *host,
			    const struct xlpt_guest *guest, bool *there, bool *paused,
			    struct xlpt_diag *diag);
/*
 * Destroys the guest's copy on the other host, which has never run. 0 also when there is none.
 * LEFT when it runs there: then nobody here knows which of the two has to go.
 */
int xlpt_leave_remote_destroy(struct xlpt_env *env, const char *transport, const char *host,
			      const struct xlpt_guest *guest, struct xlpt_diag *diag);
/*
 * The same for the domain into which a live migration was being received: an xl on the other host
 * that lost its connection or was killed leaves it, paused and named GUEST--incoming. Call it
 * before the guest goes on here. When the other host does not answer, that is only warned of, and
 * 0 comes back.
 */
int xlpt_leave_remote_incoming(struct xlpt_env *env, const char *transport, const char *host,
			       const struct xlpt_guest *guest, struct xlpt_diag *diag);
/* Unpauses the guest on the other host. LEFT. */
int xlpt_leave_remote_unpause(struct xlpt_env *env, const char *transport, const char *host,
			      const char *guest, struct xlpt_diag *diag);
/* Lets a guest whose migration failed go on here, unless it runs on the other host (migrate.c). */
int xlpt_leave_take_back(struct xlpt_env *env, const struct xlpt_guest *guest,
			 const char *transport, const char *host, bool stay_paused,
			 struct xlpt_diag *diag);
/* Runs xlpt attach on the other host. LEFT when it fails. */
int xlpt_leave_remote_attach(struct xlpt_env *env, const char *transport, const char *host,
			     const char *guest, const char *targets, struct xlpt_diag *diag);
/*
 * Asks the other host "xlpt --json WORDS" and returns the object that it answers, which the caller
 * puts (json_object_put), or NULL with the error in diag.
 */
struct json_object *xlpt_leave_ask(struct xlpt_env *env, const char *transport, const char *host,
				   const char *words, struct xlpt_diag *diag);

#endif
