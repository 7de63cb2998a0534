/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xlpt monitor: what happens to devices and leases, as it happens. state.c reads what there is,
 * events.c tells what is different from what there was, wait.c waits for a sign that something is.
 * A sign is never believed: what is told is what was read. So a sign that is lost, or made up by a
 * guest, tells nothing wrong, and what was told leads from the first state to the last.
 *
 * What is kept is one state: as much as this host has of hidden devices, devices with guests, and
 * leases.
 */
#ifndef XLPT_MONITOR_H
#define XLPT_MONITOR_H

#include "xl-plugin/hotplug/place.h"
#include "xl-plugin/kept/leases.h"

struct xlpt_seen_device {
	struct xlpt_bdf bdf;
	bool hidden; /* pciback has it, or: */
	bool moving; /* it had it at the look before, and now no driver has it: one may be about to take it */
	/* What is read once pciback has let go of it: whether it is in this host, and who has it. */
	bool absent;
	char *driver;
	/* A guest has it, from when that was complete until its backend does not name it any more. */
	bool attached;
	uint32_t domid;
	char *guest, *through;
};

/* A guest that has a device, or had one while it was looked at. */
struct xlpt_seen_guest {
	uint32_t domid;
	char *name;
};

struct xlpt_seen {
	struct xlpt_seen_device *devs; /* sorted by address */
	size_t n_devs, alloc_devs;
	struct xlpt_lease *leases; /* sorted by address */
	size_t n_leases, alloc_leases;
	struct xlpt_seen_guest *guests;
	size_t n_guests, alloc_guests;
	/* A device is on its way, to or from a guest or between drivers: there may be no other sign of its end. */
	bool pending;
};

void xlpt_seen_dispose(struct xlpt_seen *s);
#define _cleanup_seen_ XLPT_CLEANUP(xlpt_seen_dispose)
/* NULL: nothing is seen of it. */
const struct xlpt_seen_device *xlpt_seen_find(const struct xlpt_seen *s, struct xlpt_bdf bdf);

/* What there is now. before: what was seen last; all-zero at the beginning. */
int xlpt_seen_read(struct xlpt_env *env, const struct xlpt_seen *before, struct xlpt_seen *out,
		   struct xlpt_diag *diag);

enum xlpt_event_kind {
	XLPT_EVENT_DETACHED,
	XLPT_EVENT_RETURNED, /* a lease */
	XLPT_EVENT_UNHIDDEN,
	XLPT_EVENT_LOST, /* it was hidden and is not in this host, or a guest has it and pciback not */
	XLPT_EVENT_HIDDEN,
	XLPT_EVENT_LEASED,
	XLPT_EVENT_ATTACHED,
	XLPT_EVENT_GUEST_GONE,
};
const char *xlpt_event_word(enum xlpt_event_kind kind); /* "detached" ... "guest-gone" */

struct xlpt_event {
	enum xlpt_event_kind kind;
	const struct xlpt_seen_device *dev; /* DETACHED: as it was; else as it is */
	const struct xlpt_lease *lease;
	const struct xlpt_seen_guest *guest;
};

/*
 * Calls fn for each difference, in an order in which nothing is given that was not taken before:
 * that of enum xlpt_event_kind, and in each by address.
 */
void xlpt_seen_diff(const struct xlpt_seen *before, const struct xlpt_seen *now,
		    void (*fn)(void *ctx, const struct xlpt_event *event), void *ctx);

/* report.c: one line each, text or JSON. */
void xlpt_monitor_print_state(struct xlpt_env *env, const struct xlpt_seen *s);
void xlpt_monitor_print_event(struct xlpt_env *env, const struct xlpt_event *event);

/* ---- wait.c ---- */

struct xlpt_signs {
	struct xlpt_env *env;
	int uevents, files; /* -1: there are none to wait for */
};

/* From here on changes are seen. Where there is no descriptor to wait for, xenstore's wait alone is used. */
int xlpt_signs_open(struct xlpt_env *env, struct xlpt_signs *out, struct xlpt_diag *diag);
void xlpt_signs_close(struct xlpt_signs *signs);
#define _cleanup_signs_ XLPT_CLEANUP(xlpt_signs_close)

enum xlpt_sign {
	XLPT_SIGN_NONE,
	XLPT_SIGN_CHANGE,
	XLPT_SIGN_NOBODY, /* nobody reads what is printed any more */
};

/* Waits that long for a sign, or a signal that asks to stop. Returns enum xlpt_sign or an error. */
int xlpt_signs_wait(struct xlpt_signs *signs, int64_t ms, struct xlpt_diag *diag);
/* Only lets time go by; signs are kept for the next wait. */
int xlpt_signs_rest(struct xlpt_signs *signs, int64_t ms, struct xlpt_diag *diag);

/* ---- watch.c ---- */

/*
 * Prints the state and then every event. 0 after a signal, and when nobody reads the output any
 * more; else the error of a look that failed several times. Needs Xen.
 */
int xlpt_monitor_watch(struct xlpt_env *env, struct xlpt_diag *diag);

#endif
