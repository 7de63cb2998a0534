/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guests that leave their domain: save, restore and migrate. A guest's devices
 * are detached, each verified, before it leaves, and attached again where it
 * goes on. Whatever fails, it runs on exactly one host, with its devices or with
 * their names told.
 */
#ifndef XLPT_LEAVE_H
#define XLPT_LEAVE_H

#include "core/file.h"
#include "xl-plugin/backend/image.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/kept/mender.h"

#define XLPT_LEAVE_TIMEOUT_MS 60000 /* for a domain to be gone, or an interrupted xl to end */

struct xlpt_map {
	struct xlpt_bdf from;
	struct xlpt_spec to;
	bool alone; /* nothing but an address */
	bool used;
};

struct xlpt_leave {
	struct xlpt_op op; /* first: the steps of its plan get this */
	bool detach_first, force;
	bool out;	 /* sleep: devices are taken out, or were about to be */
	bool was_paused; /* by the operator: stays so after a failure */
	/* save, restore */
	char *file, *part;	   /* absolute; the image under its name, and while it is written */
	struct xlpt_host *part_in; /* part is below it; NULL = where the process is */
	struct xlpt_file at;	   /* the directory of both, held open */
	bool without_devices;
	struct xlpt_image image;
	/* restore, migrate */
	struct xlpt_map *maps;
	size_t n_maps, alloc_maps;
	/* migrate */
	bool offline; /* by an image, not live */
	const char *transport, *host;
	char *targets; /* what xlpt attach on the other host gets after the guest's name */
	/* devices that could not be attached where the guest is now */
	struct xlpt_str missing;
	struct xlpt_diag missing_diag; /* the first one's reason */
};

void xlpt_leave_init(struct xlpt_leave *l, struct xlpt_env *env);
void xlpt_leave_dispose(struct xlpt_leave *l);
#define _cleanup_leave_ XLPT_CLEANUP(xlpt_leave_dispose)

/* The workflows. op.guest is found (save, migrate), or image opened (restore). */
int xlpt_op_save(struct xlpt_leave *l, struct xlpt_diag *diag);
int xlpt_op_restore(struct xlpt_leave *l, struct xlpt_diag *diag);
int xlpt_op_migrate(struct xlpt_leave *l, struct xlpt_diag *diag);

/* Ends a save, restore or migration that was cut short. */
extern const struct xlpt_mender xlpt_mender_leave;

/* report.c; file: as the operator named it. */
void xlpt_leave_report_saved(const struct xlpt_leave *l, const char *file);
void xlpt_leave_report_restored(const struct xlpt_leave *l);
void xlpt_leave_report_migrated(const struct xlpt_leave *l);

/* ---- pieces (leave.c) ---- */

/*
 * FILE as an absolute path without a symbolic link in it; caller frees. A link is
 * followed by the rule of core/file: none of another user, but to what is his.
 */
int xlpt_leave_path(const char *file, char **out, struct xlpt_diag *diag);

/*
 * Makes the guest's devices the op's items, or refuses by the rule without
 * detach_first; takes the locks and looks again. what: "saved" or "migrated".
 */
int xlpt_leave_begin(struct xlpt_leave *l, const char *what, struct xlpt_diag *diag);
/* The guest has left: its leases end. What goes wrong is warned of. */
void xlpt_leave_give_back(struct xlpt_op *op);
/* RULE for a guest that libvirt manages: it would not know that the guest has left. verb: virsh's. */
int xlpt_leave_judge_libvirt(struct xlpt_leave *l, const char *what, const char *verb,
			     struct xlpt_diag *diag);
/* map.c: adds one --map FROM=TO. */
int xlpt_leave_add_map(struct xlpt_leave *l, const char *text, struct xlpt_diag *diag);
/* What takes the place of bdf, which counts as used then; NULL = itself. */
struct xlpt_map *xlpt_leave_map(const struct xlpt_leave *l, struct xlpt_bdf bdf);
/*
 * What is to be attached for *own: true when a map says so, false when it is *own.
 * An address alone takes over all options *own has, a pool alone its network
 * identity, anything else nothing. The caller disposes *out.
 */
bool xlpt_leave_mapped(const struct xlpt_leave *l, const struct xlpt_spec *own,
		       struct xlpt_spec *out);
/* XLPT_ERR_USAGE when one was not. */
int xlpt_leave_maps_used(const struct xlpt_leave *l, const char *guest, struct xlpt_diag *diag);
/* libxl writes its defaults into every configuration; some are refused for a PV guest. */
void xlpt_leave_fit(enum xlpt_guest_type type, struct xlpt_spec *spec);
void xlpt_leave_note(struct xlpt_op *op, const char *fmt, ...) XLPT_PRINTF(2, 3);
/* A note for every item: "spec SPEC". */
void xlpt_leave_note_specs(struct xlpt_op *op);

/* Steps that detach every item, with the attach as their undo. */
void xlpt_leave_plan_detach(struct xlpt_leave *l, struct xlpt_plan *plan);

/* 1 and *now when it is the same guest (domid and uuid), 0 when that is gone, or an error. */
int xlpt_leave_alive(struct xlpt_env *env, const struct xlpt_guest *want, struct xlpt_guest *now,
		     struct xlpt_diag *diag);
/* Item i, which the guest had a moment ago; one that is gone gets nothing, and that is no error. */
int xlpt_leave_attach_again(struct xlpt_leave *l, size_t i, struct xlpt_diag *diag);
/* Waits until it is gone; XLPT_ERR_LEFT when it is not. */
int xlpt_leave_wait_gone(struct xlpt_env *env, const struct xlpt_guest *guest,
			 struct xlpt_diag *diag);
/* An attach within an operation that has the locks. */
struct xlpt_leave_how {
	struct xlpt_journal *journal; /* its steps go there */
	struct xlpt_leases *leases; /* the device's among them, if any, goes over to it; or NULL */
	int64_t timeout_ms;
	bool had; /* the guest had it a moment ago: what was allowed for it then is allowed again */
};

/* Unless the guest has it already. spec: an address, also with a pool, or a pool alone. */
int xlpt_leave_attach(struct xlpt_env *env, const struct xlpt_guest *guest,
		      const struct xlpt_spec *spec, const struct xlpt_leave_how *how,
		      struct xlpt_diag *diag);
/*
 * After a detach that was not seen to its end: a PV guest whose last device went
 * may still be closing its frontend, nothing in xenstore tells, and an attach in
 * that moment would be taken for the old one.
 */
void xlpt_leave_settle(struct xlpt_env *env, const struct xlpt_guest *guest);
/* A guest that a save or migration has stopped goes on under its own name. */
int xlpt_leave_go_on(struct xlpt_env *env, const struct xlpt_guest *guest, bool stay_paused,
		     struct xlpt_diag *diag);

/*
 * Steps that write l->part, leave the guest paused and read the image through;
 * and the one that ends the guest here.
 */
void xlpt_leave_plan_image(struct xlpt_leave *l, struct xlpt_plan *plan);
void xlpt_leave_drop_part(const struct xlpt_leave *l);
int xlpt_leave_destroy(void *ctx, size_t i, struct xlpt_diag *diag);

/* ---- what a restored guest is to have (restore-devices.c) ---- */

/* Makes them op.items, in op.leases what a pool gave for it. RULE when a pool cannot. */
int xlpt_restore_devices(struct xlpt_leave *l, struct xlpt_diag *diag);
/* RULE with every one that is not free; again when the locks are had. */
int xlpt_restore_judge(struct xlpt_leave *l, struct xlpt_diag *diag);
/* RULE for a device that would divide an isolation set; its mates were found and locked. */
int xlpt_restore_judge_split(struct xlpt_leave *l, struct xlpt_diag *diag);

/* ---- what a migrated one is to have (targets.c) ---- */

/* Makes l->targets out of op.items, what the other host says of them, and the maps. */
int xlpt_migrate_targets(struct xlpt_leave *l, struct xlpt_diag *diag);

/* ---- the other host (remote.c) ---- */

/* SYNTAX for a word (what: "host", "guest", "device") that would need quoting on its way. */
int xlpt_leave_plain(const char *what, const char *text, struct xlpt_diag *diag);
int xlpt_leave_transport(const char *text, struct xlpt_diag *diag); /* it is words alone */
/* Gives the image to xl restore -p there. XLPT_ERR_NOT_FOUND unless that ends with 0. */
int xlpt_leave_send(struct xlpt_env *env, const char *transport, const char *host,
		    const struct xlpt_image *image, struct xlpt_diag *diag);
/* Whether xl list there shows the guest: by its name, and not another one with that name. */
int xlpt_leave_remote_state(struct xlpt_env *env, const char *transport, const char *host,
			    const struct xlpt_guest *guest, bool *there, bool *paused,
			    struct xlpt_diag *diag);
/* Removes a copy that has never run; nothing there is success, one that runs is XLPT_ERR_LEFT. */
int xlpt_leave_remote_destroy(struct xlpt_env *env, const char *transport, const char *host,
			      const struct xlpt_guest *guest, struct xlpt_diag *diag);
/*
 * The same for the domain that a live migration was being received into: an xl there that lost
 * its connection or was killed leaves it, paused and under another name. Before the guest goes on
 * here. A host that does not answer is only warned of.
 */
int xlpt_leave_remote_incoming(struct xlpt_env *env, const char *transport, const char *host,
			       const struct xlpt_guest *guest, struct xlpt_diag *diag);
int xlpt_leave_remote_unpause(struct xlpt_env *env, const char *transport, const char *host,
			      const char *guest, struct xlpt_diag *diag);
/* A guest whose migration failed goes on here, unless it runs there (migrate.c). */
int xlpt_leave_take_back(struct xlpt_env *env, const struct xlpt_guest *guest,
			 const char *transport, const char *host, bool stay_paused,
			 struct xlpt_diag *diag);
/* xlpt attach on the other host; XLPT_ERR_LEFT. */
int xlpt_leave_remote_attach(struct xlpt_env *env, const char *transport, const char *host,
			     const char *guest, const char *targets, struct xlpt_diag *diag);
/* The object that the other host answers to "xlpt --json WORDS", or NULL; json_object of output.h. */
struct json_object *xlpt_leave_ask(struct xlpt_env *env, const char *transport, const char *host,
				   const char *words, struct xlpt_diag *diag);

#endif
